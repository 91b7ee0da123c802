//! The days of a care recipient: 予定 above 実績 as on 第6表, with a sign at each day that differs, and every difference in
//! words.

use std::collections::{BTreeMap, BTreeSet};

use care_model::ServiceMonth;
use care_reading::{Change, Days, Difference, Sum};
use chrono::{Datelike as _, NaiveDate};
use desk_ipc::{CellView, FormPart, FormView};
use messages::{comparison as says, diff, paper as words, reading};

use super::office::Person;
use crate::reading::{
    paper::{Lies as _, boxes, head, number, table, text},
    services::{change, service_name, side, signed},
    values::{self, grouped},
};

/// The form of one care recipient.
pub(super) fn form(month: ServiceMonth, person: &Person) -> FormView {
    let mut parts = vec![who(person)];
    parts.extend(grid(month, person));
    parts.extend(differences(month, person));
    let files: BTreeSet<String> = person.compared.files.iter().map(|file| file.name.to_string()).collect();
    FormView {
        title: says::form_title(),
        about: reading::of_month(values::month(month)),
        file: files.into_iter().collect::<Vec<_>>().join("\n"),
        landscape: true,
        findings: person.findings.clone(),
        parts,
    }
}

/// Whose days they are, with whom, and how it stands.
fn who(person: &Person) -> FormPart {
    let row = &person.row;
    let name = row
        .name
        .as_ref()
        .map_or_else(reading::person_unnamed, reading::person_without_kana);
    let office = values::office(&row.office.name, row.office.number.as_str());
    boxes(
        "",
        vec![
            vec![
                head(words::person()).cols(1),
                text(name).cols(3),
                head(words::insured_number()).cols(2),
                text(row.insured_number.clone()).cols(2),
                head(says::column_state()).cols(1),
                text(row.state_name.clone()).cols(3),
            ],
            vec![head(says::column_office()).cols(2), text(office).cols(10)],
        ],
    )
}

/// A service with its days.
struct Line<'a> {
    code: &'a str,
    office_name: &'a str,
    office_number: &'a str,
    planned: (&'a Days, Sum),
    /// None where its office reported nothing.
    actual: Option<(&'a Days, Sum)>,
    differences: &'a [Difference],
}

/// Every service, day by day.
fn grid(month: ServiceMonth, person: &Person) -> Option<FormPart> {
    let nothing = Days::new();
    let compared = person.compared.services.iter().map(|service| Line {
        code: &service.service_code,
        office_name: &service.office_name,
        office_number: &service.office_number,
        planned: (&service.planned_days, service.planned),
        actual: Some((&service.actual_days, service.actual)),
        differences: &service.differences,
    });
    let unreported = person.compared.unreported.iter().map(|service| Line {
        code: &service.service_code,
        office_name: &service.office_name,
        office_number: &service.office_number,
        planned: (&service.planned_days, service.planned),
        actual: None,
        differences: &[],
    });
    let lines: Vec<Line<'_>> = compared.chain(unreported).collect();
    if lines.is_empty() {
        return None;
    }
    let days = days_of(month);
    let mut rows: Vec<Vec<CellView>> = lines
        .iter()
        .flat_map(|line| of_line(line, month, &days, &nothing))
        .collect();
    rows.extend(totals(person, days.len()));
    if lines.iter().any(|line| !line.differences.is_empty()) {
        rows.push(vec![text(says::signs()).cols(days.len() + 4)]);
    }
    let mut widths = vec![22, 6];
    widths.extend(days.iter().map(|_| 3));
    widths.extend([6, 8]);
    let above = [head(words::service_content()).rows(2), head(words::day())].into_iter();
    let above = above
        .chain(days.iter().map(|day| head(day.day().to_string())))
        .chain([head(says::column_count()).rows(2), head(says::column_units()).rows(2)]);
    let below = [head(words::weekday())].into_iter();
    let below = below.chain(days.iter().map(|day| head(values::weekday(*day))));
    Some(table(
        says::grid_title(),
        &widths,
        vec![above.collect(), below.collect()],
        rows,
    ))
}

fn of_line(line: &Line<'_>, month: ServiceMonth, days: &[NaiveDate], nothing: &Days) -> Vec<Vec<CellView>> {
    let differs = !line.differences.is_empty();
    let signs = signs(line.differences);
    let mut about = vec![service_name(line.code)];
    about.push(values::office(line.office_name, line.office_number));
    for (label, of) in [
        (words::planned(), Some(line.planned.0)),
        (words::actual(), line.actual.map(|(days, _)| days)),
    ] {
        let others = other_days(of.unwrap_or(nothing), month, days);
        if !others.is_empty() {
            about.push(reading::labelled(label, others));
        }
    }
    let of_days = |of: &Days, marks: bool| -> Vec<CellView> {
        let cells = days.iter().map(|day| {
            let times = of.get(&Some(*day)).map(|times| grouped(*times)).unwrap_or_default();
            number(times).marked(marks && signs.contains_key(day))
        });
        cells.collect()
    };
    let mut planned = vec![
        text(about.join("\n")).rows(if differs { 3 } else { 2 }),
        head(words::planned()),
    ];
    planned.extend(of_days(line.planned.0, false));
    planned.extend(sums(line.planned.1));
    let mut actual = vec![head(words::actual())];
    actual.extend(of_days(line.actual.map_or(nothing, |(days, _)| days), true));
    actual.extend(match line.actual {
        Some((days, sum)) if !days.is_empty() => sums(sum),
        _ => [number(""), number("")],
    });
    let mut rows = vec![planned, actual];
    if differs {
        let mut below = vec![head(diff::column_change())];
        below.extend(days.iter().map(|day| {
            let sign = signs.get(day).map(|signs| signs.join("\n")).unwrap_or_default();
            number(sign).marked(signs.contains_key(day))
        }));
        let done = line.actual.map(|(_, sum)| sum).unwrap_or_default();
        below.push(number(signed(done.count.saturating_sub(line.planned.1.count))));
        below.push(number(signed(done.units.saturating_sub(line.planned.1.units))));
        rows.push(below);
    }
    rows
}

fn sums(sum: Sum) -> [CellView; 2] {
    [number(grouped(sum.count)), number(grouped(sum.units))]
}

/// Both sides of all services, and what one is over the other.
fn totals(person: &Person, days: usize) -> Vec<Vec<CellView>> {
    let height = if person.actual.is_some() && person.planned.is_some() {
        3
    } else {
        2
    };
    let of = |sum: Option<Sum>| sum.map_or_else(|| [number(""), number("")], sums);
    let row = |label: String, cells: [CellView; 2]| -> Vec<CellView> {
        [head(label), text("").cols(days)].into_iter().chain(cells).collect()
    };
    let mut first = vec![head(words::month_sum()).rows(height)];
    first.extend(row(words::planned(), of(person.planned)));
    let mut rows = vec![first, row(words::actual(), of(person.actual))];
    if let (Some(planned), Some(actual)) = (person.planned, person.actual) {
        let over = [
            number(signed(actual.count.saturating_sub(planned.count))),
            number(signed(actual.units.saturating_sub(planned.units))),
        ];
        rows.push(row(diff::column_balance(), over));
    }
    rows
}

/// Every difference in words, and what each service came to.
fn differences(month: ServiceMonth, person: &Person) -> Option<FormPart> {
    let mut rows = Vec::new();
    for service in &person.compared.services {
        for difference in &service.differences {
            rows.push(vec![
                text(day_of(difference, month)),
                text(service_name(&service.service_code)),
                text(side(Some(month), difference, &difference.planned)),
                text(side(Some(month), difference, &difference.actual)),
                text(change(difference.change)),
            ]);
        }
    }
    if rows.is_empty() {
        return None;
    }
    let columns = [
        diff::column_day(),
        diff::column_service(),
        diff::column_planned(),
        diff::column_actual(),
        diff::column_change(),
    ];
    Some(table(
        says::differences_title(rows.len()),
        &[7, 11, 10, 10, 10],
        vec![columns.into_iter().map(head).collect()],
        rows,
    ))
}

/// The day of a difference.
pub(super) fn day_of(difference: &Difference, month: ServiceMonth) -> String {
    difference
        .date
        .map_or_else(reading::day_unknown, |date| values::day(date, Some(month)))
}

/// The signs of each day that differs, each once.
fn signs(differences: &[Difference]) -> BTreeMap<NaiveDate, Vec<String>> {
    let mut signs: BTreeMap<NaiveDate, Vec<String>> = BTreeMap::new();
    for difference in differences {
        let sign = sign(difference.change);
        let days = [&difference.planned, &difference.actual].map(|times| times.as_ref().and_then(|times| times.date));
        for day in days.into_iter().flatten() {
            let of_day = signs.entry(day).or_default();
            if !of_day.contains(&sign) {
                of_day.push(sign.clone());
            }
        }
    }
    signs
}

fn sign(change: Change) -> String {
    match change {
        Change::Cancelled => says::sign_cancelled(),
        Change::Added => says::sign_added(),
        Change::Time => says::sign_time(),
        Change::Count => says::sign_count(),
        Change::Units => says::sign_units(),
        Change::Equipment => says::sign_equipment(),
        Change::Day => says::sign_day(),
    }
}

/// Days that are not of the month, or not said.
fn other_days(of: &Days, month: ServiceMonth, days: &[NaiveDate]) -> String {
    let others = of.iter().filter(|(day, _)| !day.is_some_and(|day| days.contains(&day)));
    let texts: Vec<String> = others
        .map(|(day, times)| {
            let day = day.map_or_else(reading::day_unknown, |day| values::day(day, Some(month)));
            reading::day_times(day, grouped(*times))
        })
        .collect();
    texts.join(&reading::list_separator())
}

/// The days of a month.
fn days_of(month: ServiceMonth) -> Vec<NaiveDate> {
    let day = |day| NaiveDate::from_ymd_opt(i32::from(month.year()), u32::from(month.month()), day);
    (1..=31).filter_map(day).collect()
}
