//! `diff`: what was planned against what was done, or an earlier plan against a later one; needs no sign-in and no
//! server.
//!
//! Exit codes: 0 everything as planned or nothing changed, 1 something differs, 2 not read.

use std::collections::BTreeSet;

use care_model::ServiceMonth;
use care_reading::{Comparison, Reading, RecipientComparison, ServiceComparison, Side, Sum, compare};
use desk::reading::{
    services::{change, service_name, side, signed, sum},
    values::{day, month, office},
};
use messages::{diff as words, reading};
use serde::Serialize;

use crate::{
    arguments::Diff,
    output::{Failure, Output},
    show::{self, Column, Page},
    versions,
};

/// What is printed for programs, one object a line.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum DiffLine<'a> {
    /// One care recipient.
    Recipient {
        differences: usize,
        #[serde(flatten)]
        recipient: &'a RecipientComparison,
    },
    /// The last line.
    Summary {
        recipients: usize,
        recipients_with_differences: usize,
        differences: usize,
        planned_months: Vec<String>,
        actual_months: Vec<String>,
        differs: bool,
    },
}

/// Compares a plan with its actuals; or, where neither of both has any, with a later version of it.
pub(crate) fn diff(given: &Diff, output: &Output) -> Result<(), Failure> {
    let plan = show::read(std::slice::from_ref(&given.plan), output)?;
    let other = show::read(std::slice::from_ref(&given.other), output)?;
    let has_actuals = |reading: &Reading| has(reading, |recipient| !recipient.actuals.is_empty());
    match has_actuals(&plan) || has_actuals(&other) {
        true => of_services(&plan, &other, output),
        false => versions::of_plans(&plan, &other, output),
    }
}

/// Prints every care recipient's services as planned and as done.
fn of_services(plan: &Reading, actual: &Reading, output: &Output) -> Result<(), Failure> {
    if !has(plan, |recipient| !recipient.use_slips.is_empty()) {
        return Err(Failure::Unread(words::plan_missing()));
    }
    if !has(actual, |recipient| !recipient.actuals.is_empty()) {
        return Err(Failure::Unread(words::actual_missing()));
    }
    let comparison = compare(plan, actual);
    // With one month the heading says it; with several each office does.
    let with_months = comparison.planned_months.union(&comparison.actual_months).count() > 1;
    output.words(|| heading(&comparison));
    for recipient in &comparison.recipients {
        let line = DiffLine::Recipient {
            differences: differences(recipient),
            recipient,
        };
        output.say(&line, || of_recipient(recipient, with_months));
    }
    let counts: Vec<usize> = comparison.recipients.iter().map(differences).collect();
    let (people, all) = (counts.len(), counts.iter().sum());
    let changed = counts.iter().filter(|count| **count > 0).count();
    let texts = |months: &BTreeSet<ServiceMonth>| {
        months
            .iter()
            .map(|month| format!("{:04}-{:02}", month.year(), month.month()))
            .collect()
    };
    let summary = DiffLine::Summary {
        recipients: people,
        recipients_with_differences: changed,
        differences: all,
        planned_months: texts(&comparison.planned_months),
        actual_months: texts(&comparison.actual_months),
        differs: comparison.differs(),
    };
    output.say(&summary, || {
        vec![if comparison.differs() {
            words::done(people, changed, all)
        } else {
            words::done_clean(people)
        }]
    });
    if comparison.differs() {
        Err(Failure::Told)
    } else {
        Ok(())
    }
}

fn has(reading: &Reading, what: impl Fn(&care_reading::Recipient) -> bool) -> bool {
    reading.recipients.iter().any(what)
}

fn differences(recipient: &RecipientComparison) -> usize {
    recipient.services.iter().map(|service| service.differences.len()).sum()
}

fn heading(comparison: &Comparison) -> Vec<String> {
    let months = |months: &BTreeSet<ServiceMonth>| {
        let each: Vec<String> = months.iter().map(|of| reading::of_month(month(*of))).collect();
        if each.is_empty() {
            words::no_month()
        } else {
            each.join(&reading::list_separator())
        }
    };
    let mut page = Page::default();
    let (planned, actual) = (&comparison.planned_months, &comparison.actual_months);
    page.text(0, &words::title(months(planned), months(actual)));
    if planned != actual {
        page.text(0, &words::months_differ());
    }
    page.into_lines()
}

fn of_recipient(recipient: &RecipientComparison, with_months: bool) -> Vec<String> {
    let mut page = Page::default();
    page.rule('=');
    show::who(
        &mut page,
        recipient.name.as_deref(),
        None,
        &recipient.insurer_number,
        &recipient.insured_number,
    );
    page.rule('=');
    match recipient.side {
        Side::PlanOnly => page.text(2, &words::plan_only()),
        Side::ActualOnly => page.text(2, &words::actual_only()),
        Side::Both => {}
    }
    if !recipient.services.is_empty() {
        services(&mut page, &recipient.services, with_months);
        if differences(recipient) == 0 {
            page.text(2, &words::as_planned());
        } else {
            days(&mut page, &recipient.services, with_months);
        }
    }
    if !recipient.unreported.is_empty() {
        page.blank();
        page.text(2, &words::unreported());
        let columns = [
            Column::left(words::column_service()),
            Column::right(words::column_planned()),
        ];
        let mut rows = Vec::new();
        for of_office in recipient
            .unreported
            .chunk_by(|a, b| (&a.office_number, a.month) == (&b.office_number, b.month))
        {
            if let Some(first) = of_office.first() {
                rows.push(vec![office_of(
                    first.month.filter(|_| with_months),
                    &first.office_name,
                    &first.office_number,
                )]);
            }
            let services = of_office.iter();
            rows.extend(services.map(|service| {
                vec![
                    format!("  {}", service_name(&service.service_code)),
                    sum(service.planned),
                ]
            }));
        }
        page.table(4, &columns, &rows);
    }
    page.blank();
    page.into_lines()
}

/// The sums of each service and of all.
fn services(page: &mut Page, services: &[ServiceComparison], with_months: bool) {
    let columns = [
        Column::left(words::column_service()),
        Column::right(words::column_planned()),
        Column::right(words::column_actual()),
        Column::right(words::column_balance()),
        Column::right(words::column_as_planned()),
        Column::right(words::column_differences()),
    ];
    let row = |name: String, planned: Sum, actual: Sum, as_planned: u32, differences: usize| {
        let balance = actual.units.saturating_sub(planned.units);
        vec![
            name,
            sum(planned),
            sum(actual),
            words::balance(signed(balance)),
            words::cases(as_planned),
            words::cases(differences),
        ]
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for of_office in services.chunk_by(|a, b| (&a.office_number, a.month) == (&b.office_number, b.month)) {
        if let Some(first) = of_office.first() {
            rows.push(vec![office_of(
                first.month.filter(|_| with_months),
                &first.office_name,
                &first.office_number,
            )]);
        }
        rows.extend(of_office.iter().map(|service| {
            row(
                format!("  {}", service_name(&service.service_code)),
                service.planned,
                service.actual,
                service.as_planned,
                service.differences.len(),
            )
        }));
    }
    if services.len() > 1 {
        let total = |of: fn(&ServiceComparison) -> Sum| {
            services.iter().map(of).fold(Sum::default(), |all, one| Sum {
                count: all.count.saturating_add(one.count),
                units: all.units.saturating_add(one.units),
            })
        };
        rows.push(row(
            words::services_total(),
            total(|service| service.planned),
            total(|service| service.actual),
            services.iter().map(|service| service.as_planned).sum(),
            services.iter().map(|service| service.differences.len()).sum(),
        ));
    }
    page.table(2, &columns, &rows);
}

/// A line for each day that is not as planned, below its service.
fn days(page: &mut Page, services: &[ServiceComparison], with_months: bool) {
    let columns = [
        Column::left(words::column_day()),
        Column::left(words::column_planned()),
        Column::left(words::column_actual()),
        Column::left(words::column_change()),
    ];
    let mut rows = Vec::new();
    for service in services.iter().filter(|service| !service.differences.is_empty()) {
        let month = service.month.filter(|_| with_months);
        let of_office = office_of(month, &service.office_name, &service.office_number);
        rows.push(vec![reading::code_named(
            of_office,
            service_name(&service.service_code),
        )]);
        rows.extend(service.differences.iter().map(|difference| {
            let day = difference.date.map(|date| day(date, service.month));
            vec![
                format!("  {}", day.unwrap_or_else(reading::day_unknown)),
                side(service.month, difference, &difference.planned),
                side(service.month, difference, &difference.actual),
                change(difference.change),
            ]
        }));
    }
    page.blank();
    page.table(2, &columns, &rows);
}

/// An office, and the month if there are several.
fn office_of(of: Option<ServiceMonth>, name: &str, number: &str) -> String {
    match of {
        Some(of) => reading::title_with_month(office(name, number), reading::of_month(month(of))),
        None => office(name, number),
    }
}
