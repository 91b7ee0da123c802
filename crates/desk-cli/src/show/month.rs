//! 第6表 by office and service with its days, and 第7表 as a table.

use care_model::ServiceMonth;
use care_reading::{Annex, AnnexLineKind, MonthSheet, Rest, ServicePattern, Visit};
use desk::reading::values::{day, field, grouped, label, office, plain, service_type, span};
use messages::reading as words;

use super::{
    documents::{Printing, heading},
    rest::{joined, own_pairs, print_common},
    text::{Column, Page},
};

/// Fields that the table of services shows.
const VISIT_FIELDS: &[&str] = &[
    "target_month",
    "service_date",
    "start_time",
    "end_time",
    "service_count",
    "units",
    "service_code",
    "service_office_number",
    "service_office_name",
];

/// 第6表, planned or done.
pub(crate) fn month_sheet<'a>(page: &mut Page, printing: &mut Printing<'a>, document: &'a MonthSheet) {
    let sheet = &document.sheet;
    if !heading(page, printing, sheet) {
        return;
    }
    let rest = Rest::of(&sheet.rows, VISIT_FIELDS);
    print_common(page, 2, &rest);
    let patterns = document.patterns();
    let by_office = patterns
        .chunk_by(|a, b| (a.first.office_number, a.first.office_name) == (b.first.office_number, b.first.office_name));
    let (mut count, mut units) = (0_i64, 0_i64);
    let mut rows = Vec::new();
    for patterns in by_office {
        if let Some(pattern) = patterns.first() {
            rows.push(vec![office(pattern.first.office_name, pattern.first.office_number)]);
        }
        for pattern in patterns {
            rows.push(row(pattern, sheet.month()));
            // What the record has beside goes across, below its service.
            let own = own_pairs(&rest, pattern.first.form, VISIT_FIELDS);
            if !own.is_empty() {
                rows.push(vec![format!("{}{}", " ".repeat(10), joined(&own))]);
            }
            count = count.saturating_add(pattern.count);
            units = units.saturating_add(pattern.units);
        }
    }
    page.blank();
    page.table(2, &columns(), &rows);
    page.blank();
    page.text(2, &words::month_total(grouped(count), grouped(units)));
}

fn columns() -> Vec<Column> {
    vec![
        Column::left(words::column_code()),
        Column::left(words::column_service()),
        Column::left(words::column_time()),
        Column::right(words::column_units()),
        Column::right(words::column_count()),
        Column::right(words::column_total_units()),
        Column::left(words::column_days()),
    ]
}

/// One service and its days.
fn row(pattern: &ServicePattern<'_>, month: Option<ServiceMonth>) -> Vec<String> {
    let form = pattern.first.form;
    let days: Vec<String> = pattern.visits.iter().map(|visit| visit_day(visit, month)).collect();
    vec![
        format!("  {}", field(form, "service_code")),
        service_type(pattern.first.service_code).to_owned(),
        span(form, "start_time", "end_time"),
        field(form, "units"),
        grouped(pattern.count),
        grouped(pattern.units),
        days.join(" "),
    ]
}

/// The day of a visit, with its count unless it is once.
fn visit_day(visit: &Visit<'_>, month: Option<ServiceMonth>) -> String {
    let day = match visit.date {
        Some(date) => day(date, month),
        None => match field(visit.form, "service_date") {
            text if text.is_empty() => words::day_unknown(),
            text => text,
        },
    };
    match visit.count {
        Some(1) => day,
        _ => words::day_times(day, field(visit.form, "service_count")),
    }
}

/// Columns of 第7表 after the office and the code; what a line has beside is written below the table.
const ANNEX_COLUMNS: &[&str] = &[
    "units",
    "count_or_days",
    "service_units_or_amount",
    "benefit_management_units",
    "total_cost_insured",
    "insurer_claim_amount",
    "copay_insured",
    "copay_full",
];

/// 第7表.
pub(crate) fn annex<'a>(page: &mut Page, printing: &mut Printing<'a>, document: &'a Annex) {
    let sheet = &document.sheet;
    if !heading(page, printing, sheet) {
        return;
    }
    let mut shown = vec![
        "target_month",
        "service_office_name",
        "service_office_number",
        "service_code",
    ];
    shown.extend(ANNEX_COLUMNS);
    let rest = Rest::of(&sheet.rows, &shown);
    print_common(page, 2, &rest);
    let Some(first) = sheet.rows.first() else { return };
    let mut columns = vec![Column::left(words::column_code())];
    columns.extend(ANNEX_COLUMNS.iter().map(|name| Column::right(label(first, name))));
    let mut rows = Vec::new();
    let mut below = Vec::new();
    let mut last_office = String::new();
    for line in document.lines() {
        let form = line.form;
        let code = field(form, "service_code");
        let name = match line.line {
            AnnexLineKind::Service => code,
            AnnexLineKind::Subtotal => words::subtotal(code),
            AnnexLineKind::Total => words::total(),
        };
        let text = |name| form.text(name).unwrap_or_default();
        // The total has an office number of its own that is nobody's.
        let of_office = match line.line {
            AnnexLineKind::Total => plain(text("service_office_name")),
            _ => office(text("service_office_name"), text("service_office_number")),
        };
        if of_office != last_office && !of_office.is_empty() {
            rows.push(vec![of_office.clone()]);
            last_office = of_office;
        }
        let indent = if line.line == AnnexLineKind::Total { "" } else { "  " };
        let mut row = vec![format!("{indent}{name}")];
        row.extend(ANNEX_COLUMNS.iter().map(|name| field(form, name)));
        rows.push(row);
        let own = own_pairs(&rest, form, &shown);
        if !own.is_empty() {
            below.push((name, joined(&own)));
        }
    }
    page.blank();
    page.table(2, &columns, &rows);
    if !below.is_empty() {
        page.blank();
        page.pairs(2, &below);
    }
}
