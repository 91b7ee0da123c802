//! A month: 第6表 サービス利用票／提供票 as planned and as done, and 第7表 its annex.

use care_layout::Layout;
use care_model::{FileKind, ServiceMonth};
use care_reading::{Annex, AnnexLineKind, Form, MonthSheet, Recipient, Rest, ServicePattern, Visit};
use chrono::{Datelike as _, NaiveDate};
use desk_ipc::{CellView, FormPart};
use messages::{paper as words, reading};

use super::{
    paper::{Lies as _, Paper, boxes, head, is_odd, number, table, text, written},
    plans::{person, same_in_all, supplement_of},
    values::{self, field, grouped, plain, service_type},
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
pub(super) fn month_sheet(document: &MonthSheet, recipient: &Recipient) -> Vec<FormPart> {
    let sheet = &document.sheet;
    let month = sheet.month();
    let planned = sheet.kind() == FileKind::UseSlip;
    let mut paper = Paper::of(sheet);
    paper.shows(VISIT_FIELDS);
    if let Some(form) = sheet.rows.first() {
        heading(&mut paper, form, recipient, month);
    }
    for name in [
        "document_created_on",
        "planning_office_number",
        "planning_care_manager_name",
        "short_stay_days_to_last_month",
    ] {
        same_in_all(&mut paper, &sheet.rows, name);
    }
    let days: Vec<NaiveDate> = month.map(days_of).unwrap_or_default();
    let all_have = Rest::of(&sheet.rows, VISIT_FIELDS);
    let patterns = document.patterns();
    let mut rows = Vec::new();
    let (mut count, mut units) = (0_i64, 0_i64);
    for pattern in &patterns {
        count = count.saturating_add(pattern.count);
        units = units.saturating_add(pattern.units);
        rows.extend(service(pattern, &days, month, planned, &all_have));
    }
    let mut widths = vec![13, 17, 17, 6];
    widths.extend(days.iter().map(|_| 3));
    widths.push(5);
    if !rows.is_empty() {
        rows.push(vec![
            head(words::month_sum()).cols(4),
            text(reading::month_total(grouped(count), grouped(units))).cols(days.len() + 1),
        ]);
    }
    let head_days = days.iter().map(|day| head(day.day().to_string()));
    let head_weekdays = days.iter().map(|day| head(values::weekday(*day)));
    let top = [
        head(words::time_band()).rows(2),
        head(words::service_content()).rows(2),
        head(words::service_office()).rows(2),
        head(words::day()),
    ];
    let top: Vec<CellView> = top
        .into_iter()
        .chain(head_days)
        .chain([head(words::total()).rows(2)])
        .collect();
    let below = [head(words::weekday())].into_iter().chain(head_weekdays).collect();
    paper.add(table("", &widths, vec![top, below], rows));
    // What single services have beside stands with them; only what goes on beyond the last field is left to say.
    let names: Vec<&'static str> = sheet
        .rows
        .iter()
        .flat_map(Form::entries)
        .map(|(field, _)| field.name)
        .collect();
    let common: Vec<&str> = all_have.common.iter().map(|(field, _)| field.name).collect();
    let own: Vec<&'static str> = names.into_iter().filter(|name| !common.contains(name)).collect();
    paper.shows(&own);
    paper.finish()
}

/// Whose month it is, and by whom.
fn heading(paper: &mut Paper<'_>, form: &Form, recipient: &Recipient, month: Option<ServiceMonth>) {
    let about = supplement_of(recipient, |supplement| {
        month.is_some() && supplement.month("target_month") == month
    });
    let of_person = |name: &str| about.map_or_else(|| text(""), |supplement| as_text(written(supplement, name)));
    let period = about.map_or_else(
        || text(""),
        |supplement| super::paper::written_span(supplement, "benefit_limit_from", "benefit_limit_to"),
    );
    let rows = vec![
        vec![
            paper.label("target_month").cols(1),
            written(form, "target_month").cols(2),
            paper.label("document_created_on").cols(1),
            written(form, "document_created_on").cols(3),
            paper.label("planning_care_manager_name").cols(1),
            paper_lines(form).cols(4),
        ],
        vec![
            head(words::insurer_number()).cols(1),
            text(plain(&recipient.insurer_number)).cols(2),
            head(words::insured_number()).cols(1),
            text(plain(&recipient.insured_number)).cols(3),
            head(words::person()).cols(1),
            with_kana(recipient).cols(4),
        ],
        vec![
            head(words::birth_date()).cols(1),
            of_person("recipient_birth_date").cols(2),
            head(words::sex()).cols(1),
            of_person("recipient_sex").cols(3),
            label_in_supplement(form, "care_level").cols(1),
            of_person("care_level").cols(4),
        ],
        vec![
            head(words::limit_units()).cols(1),
            of_person("category_benefit_limit_units").cols(2),
            head(words::limit_period()).cols(1),
            period.cols(3),
            paper.label("short_stay_days_to_last_month").cols(1),
            as_text(written(form, "short_stay_days_to_last_month")).cols(4),
        ],
    ];
    paper.add(boxes("", rows));
}

/// Who planned: the care manager and the number of their office.
fn paper_lines(form: &Form) -> CellView {
    let cells = ["planning_care_manager_name", "planning_office_number"].map(|name| written(form, name));
    let odd = cells.iter().any(|cell| cell.marked);
    let lines: Vec<String> = cells
        .into_iter()
        .map(|cell| cell.text)
        .filter(|text| !text.is_empty())
        .collect();
    text(lines.join("　")).marked(odd)
}

fn with_kana(recipient: &Recipient) -> CellView {
    let mut cell = person(recipient);
    if let Some(kana) = &recipient.name_kana {
        cell.text = format!("{}\n{}", plain(kana), cell.text);
    }
    cell
}

/// The printed name of a field of the supplement, which need not be there.
fn label_in_supplement(form: &Form, name: &str) -> CellView {
    let supplement = Layout::of(form.layout().edition, FileKind::RecipientSupplement);
    let found = supplement.and_then(|layout| layout.find(name));
    head(found.map(|(_, field)| plain(field.name_ja)).unwrap_or_default())
}

/// Beside its label a number stands like a text.
fn as_text(mut cell: CellView) -> CellView {
    cell.kind = desk_ipc::CellKind::Text;
    cell
}

/// One service: its days, and on a plan the empty line below for what is done.
fn service(
    pattern: &ServicePattern<'_>,
    days: &[NaiveDate],
    month: Option<ServiceMonth>,
    planned: bool,
    all_have: &Rest<'_>,
) -> Vec<Vec<CellView>> {
    let form = pattern.first.form;
    let height = if planned { 2 } else { 1 };
    let time = super::paper::written_span(form, "start_time", "end_time");
    let mut row = vec![
        time.rows(height),
        content(pattern, days, month, all_have).rows(height),
        office(form).rows(height),
        head(if planned { words::planned() } else { words::actual() }),
    ];
    row.extend(days.iter().map(|day| {
        let mut on_day = pattern
            .visits
            .iter()
            .filter(|visit| visit.date == Some(*day))
            .peekable();
        if on_day.peek().is_none() {
            return number("");
        }
        let visits: Vec<&Visit<'_>> = on_day.collect();
        match visits.iter().map(|visit| visit.count).sum::<Option<i64>>() {
            Some(count) => number(count.to_string()),
            None => {
                let written: Vec<CellView> = visits
                    .iter()
                    .map(|visit| written(visit.form, "service_count"))
                    .collect();
                let lines: Vec<&str> = written.iter().map(|cell| cell.text.as_str()).collect();
                number(lines.join("\n")).marked(written.iter().any(|cell| cell.marked))
            }
        }
    }));
    row.push(number(grouped(pattern.count)));
    let mut rows = vec![row];
    if planned {
        let mut below = vec![head(words::actual())];
        below.extend((0..=days.len()).map(|_| number("")));
        rows.push(below);
    }
    rows
}

/// What is done: kind, code and units, and what the record has beside.
fn content(
    pattern: &ServicePattern<'_>,
    days: &[NaiveDate],
    month: Option<ServiceMonth>,
    all_have: &Rest<'_>,
) -> CellView {
    let form = pattern.first.form;
    let code = written(form, "service_code");
    let units = written(form, "units");
    let mut odd = code.marked || units.marked;
    let mut lines = vec![
        service_type(pattern.first.service_code).to_owned(),
        words::service_units(code.text, units.text),
    ];
    let others: Vec<String> = pattern
        .visits
        .iter()
        .filter(|visit| !visit.date.is_some_and(|date| days.contains(&date)))
        .map(|visit| {
            odd |= visit.form.get("service_date").is_some_and(is_odd);
            let day = match (visit.date, field(visit.form, "service_date")) {
                (Some(date), _) => values::day(date, month),
                (None, text) if text.is_empty() => reading::day_unknown(),
                (None, text) => text,
            };
            match visit.count {
                Some(1) => day,
                _ => reading::day_times(day, field(visit.form, "service_count")),
            }
        })
        .collect();
    if !others.is_empty() {
        let days = others.join(&reading::list_separator());
        lines.push(match month {
            Some(month) => words::other_days(values::month(month), days),
            None => words::other_days_of_unknown_month(days),
        });
    }
    for (field, value) in all_have.own(form, VISIT_FIELDS) {
        odd |= is_odd(value);
        lines.push(reading::labelled(plain(field.name_ja), values::value(field, value)));
    }
    lines.retain(|line| !line.is_empty());
    text(lines.join("\n")).marked(odd)
}

fn office(form: &Form) -> CellView {
    let cells = ["service_office_name", "service_office_number"].map(|name| written(form, name));
    let odd = cells.iter().any(|cell| cell.marked);
    let lines: Vec<String> = cells
        .into_iter()
        .map(|cell| cell.text)
        .filter(|text| !text.is_empty())
        .collect();
    text(lines.join("\n")).marked(odd)
}

/// The days of a month.
fn days_of(month: ServiceMonth) -> Vec<NaiveDate> {
    let day = |day| NaiveDate::from_ymd_opt(i32::from(month.year()), u32::from(month.month()), day);
    (1..=31).filter_map(day).collect()
}

/// Columns of 第7表 after office and service, in the order of the form, and how wide each is.
const ANNEX_COLUMNS: &[(&str, u32)] = &[
    ("units", 5),
    ("discounted_rate", 4),
    ("discounted_units", 5),
    ("count_or_days", 4),
    ("service_units_or_amount", 6),
    ("benefit_management_units", 6),
    ("type_limit_over_units", 6),
    ("type_limit_within_units", 6),
    ("category_limit_over_units", 6),
    ("category_limit_within_units", 6),
    ("unit_price", 5),
    ("total_cost_insured", 7),
    ("benefit_rate", 4),
    ("insurer_claim_amount", 7),
    ("fixed_copay_unit_amount", 6),
    ("copay_insured", 7),
    ("copay_full", 7),
];

/// Fields of the annex beside its columns.
const ANNEX_FIELDS: &[&str] = &[
    "target_month",
    "service_office_name",
    "service_office_number",
    "service_code",
];

/// Fields of the table of short stays.
const SHORT_STAY: &[&str] = &[
    "short_stay_days_to_last_month",
    "short_stay_days_planned_this_month",
    "short_stay_days_cumulative",
];

/// 第7表.
pub(super) fn annex(document: &Annex, recipient: &Recipient) -> Vec<FormPart> {
    let sheet = &document.sheet;
    let month = sheet.month();
    let mut paper = Paper::of(sheet);
    paper.shows(ANNEX_FIELDS);
    let columns: Vec<&'static str> = ANNEX_COLUMNS.iter().map(|(name, _)| *name).collect();
    paper.shows(&columns);
    if let Some(form) = sheet.rows.first() {
        let rows = vec![vec![
            paper.label("target_month").cols(1),
            written(form, "target_month").cols(2),
            head(words::insured_number()).cols(1),
            text(plain(&recipient.insured_number)).cols(2),
            head(words::person()).cols(1),
            person(recipient).cols(2),
            paper.label("document_created_on").cols(1),
            written(form, "document_created_on").cols(2),
        ]];
        paper.add(boxes("", rows));
        same_in_all(&mut paper, &sheet.rows, "document_created_on");
    }
    let mut shown: Vec<&str> = ANNEX_FIELDS.iter().chain(SHORT_STAY).copied().collect();
    shown.extend(&columns);
    let all_have = Rest::of(&sheet.rows, &shown);
    let mut top = vec![
        head(words::service_office()).rows(2),
        head(words::kind_and_code()).rows(2),
    ];
    for name in &columns {
        match *name {
            "discounted_rate" => top.push(head(words::annex_discount()).cols(2)),
            "discounted_units" => {}
            name => top.push(paper.label(name).rows(2)),
        }
    }
    let below = vec![head(words::annex_rate()), head(words::annex_units())];
    let rows = document
        .lines()
        .map(|line| {
            let form = line.form;
            let total = line.line == AnnexLineKind::Total;
            // The total has an office number and a code of its own that are nobody's.
            let mut row = match total {
                true => vec![head(field(form, "service_office_name")), head(reading::total())],
                false => vec![office(form), kind_of(form, line.line, &all_have, &shown)],
            };
            if total && row[0].text.is_empty() {
                row = vec![head(reading::total()).cols(2)];
            }
            row.extend(columns.iter().map(|name| written(form, name)));
            row
        })
        .collect();
    let mut widths = vec![11, 11];
    widths.extend(ANNEX_COLUMNS.iter().map(|(_, width)| *width));
    paper.add(table("", &widths, vec![top, below], rows));
    let limits = limits_by_type(recipient, month);
    paper.add(limits);
    short_stays(&mut paper, &sheet.rows);
    // What single services have beside stands with them; what a total has beside is left to the end.
    let services = document.lines().filter(|line| line.line != AnnexLineKind::Total);
    let own: Vec<&'static str> = services
        .flat_map(|line| all_have.own(line.form, &shown))
        .map(|(field, _)| field.name)
        .filter(|name| {
            let totals = document.lines().filter(|line| line.line == AnnexLineKind::Total);
            !totals.into_iter().any(|line| line.form.get(name).is_some())
        })
        .collect();
    paper.shows(&own);
    paper.finish()
}

/// Kind and code of a line, with what its record has beside.
fn kind_of(form: &Form, line: AnnexLineKind, all_have: &Rest<'_>, shown: &[&str]) -> CellView {
    let code = written(form, "service_code");
    let mut odd = code.marked;
    let mut lines = match line {
        AnnexLineKind::Subtotal => vec![reading::subtotal(code.text)],
        _ => vec![
            service_type(form.text("service_code").unwrap_or_default()).to_owned(),
            code.text,
        ],
    };
    for (field, value) in all_have.own(form, shown) {
        odd |= is_odd(value);
        lines.push(reading::labelled(plain(field.name_ja), values::value(field, value)));
    }
    lines.retain(|line| !line.is_empty());
    text(lines.join("\n")).marked(odd)
}

/// 種類別支給限度管理, which the supplement of the month carries.
fn limits_by_type(recipient: &Recipient, month: Option<ServiceMonth>) -> FormPart {
    /// Blocks of the supplement's layout: service type, limit, total, what is over.
    const BLOCKS: &[[&str; 4]] = &[
        [
            "limit_1_service_type",
            "limit_1_benefit_limit_units",
            "limit_1_total_units",
            "limit_1_over_limit_units",
        ],
        [
            "limit_2_service_type",
            "limit_2_benefit_limit_units",
            "limit_2_total_units",
            "limit_2_over_limit_units",
        ],
        [
            "limit_3_service_type",
            "limit_3_benefit_limit_units",
            "limit_3_total_units",
            "limit_3_over_limit_units",
        ],
        [
            "limit_4_service_type",
            "limit_4_benefit_limit_units",
            "limit_4_total_units",
            "limit_4_over_limit_units",
        ],
        [
            "limit_5_service_type",
            "limit_5_benefit_limit_units",
            "limit_5_total_units",
            "limit_5_over_limit_units",
        ],
        [
            "limit_6_service_type",
            "limit_6_benefit_limit_units",
            "limit_6_total_units",
            "limit_6_over_limit_units",
        ],
        [
            "limit_7_service_type",
            "limit_7_benefit_limit_units",
            "limit_7_total_units",
            "limit_7_over_limit_units",
        ],
        [
            "limit_8_service_type",
            "limit_8_benefit_limit_units",
            "limit_8_total_units",
            "limit_8_over_limit_units",
        ],
        [
            "limit_9_service_type",
            "limit_9_benefit_limit_units",
            "limit_9_total_units",
            "limit_9_over_limit_units",
        ],
    ];
    let about = supplement_of(recipient, |supplement| {
        month.is_some() && supplement.month("target_month") == month
    });
    let rows = about.into_iter().flat_map(|supplement| {
        let filled = BLOCKS
            .iter()
            .filter(|names| names.iter().any(|name| supplement.get(name).is_some()));
        filled.map(|names| names.iter().map(|name| written(supplement, name)).collect())
    });
    let heading = vec![
        head(words::service_type()),
        head(words::limit_of_type()),
        head(words::units_of_type()),
        head(words::over_limit_of_type()),
    ];
    table(words::limits_by_type(), &[1, 1, 1, 1], vec![heading], rows.collect())
}

/// 要介護認定期間中の短期入所利用日数, from every line that has it.
fn short_stays(paper: &mut Paper<'_>, rows: &[Form]) {
    paper.shows(SHORT_STAY);
    let heading = SHORT_STAY.iter().map(|name| paper.label(name)).collect();
    let mut lines: Vec<Vec<CellView>> = Vec::new();
    for form in rows
        .iter()
        .filter(|form| SHORT_STAY.iter().any(|name| form.get(name).is_some()))
    {
        let line: Vec<CellView> = SHORT_STAY.iter().map(|name| written(form, name)).collect();
        // Every line of a recipient says the same, or says it once.
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    paper.add(table(words::short_stay(), &[1, 1, 1], vec![heading], lines));
}
