//! 居宅サービス計画書 第1表 and 第2表, 週間サービス計画表 第3表.

use care_reading::{CarePlan, Carried, Form, Need, PlanSheet2, Recipient, WeeklyPlan};
use desk_ipc::{CellView, FormPart};
use messages::{paper as words, reading};

use super::{
    paper::{BOXES, Lies as _, Paper, boxes, head, is_odd, number, table, text, written},
    values::{self, plain},
};

/// 第1表.
pub(super) fn sheet_1(plan: &CarePlan, recipient: &Recipient) -> Vec<FormPart> {
    let sheet = &plan.sheet;
    let mut paper = Paper::of(sheet);
    let about = supplement_of(recipient, |form| {
        form.date("plan_created_or_changed_on") == plan.planned_on()
    });
    for form in &sheet.rows {
        let of_person = |name: &str| about.map_or_else(|| text(""), |form| written(form, name));
        let rows = vec![
            vec![
                paper.choice(form, "plan_type").cols(3),
                paper.choice(form, "certification_status").cols(3),
                paper.label("document_created_on").cols(2),
                paper.value(form, "document_created_on").cols(4),
            ],
            vec![
                head(words::person()).cols(2),
                person(recipient).cols(2),
                head(words::birth_date()).cols(1),
                of_person("recipient_birth_date").cols(3),
                head(words::address()).cols(1),
                paper
                    .lines(
                        form,
                        &["recipient_postal_code", "recipient_address_1", "recipient_address_2"],
                    )
                    .cols(3),
            ],
            vec![
                head(words::planner()).cols(3),
                paper.value(form, "care_manager_name").cols(9),
            ],
            vec![
                head(words::office_and_address()).cols(3),
                paper
                    .lines(
                        form,
                        &[
                            "care_management_office_name",
                            "care_management_office_number",
                            "care_management_office_postal_code",
                            "care_management_office_address_1",
                            "care_management_office_address_2",
                        ],
                    )
                    .cols(9),
            ],
            vec![
                paper.label("plan_created_or_changed_on").cols(3),
                paper.value(form, "plan_created_or_changed_on").cols(3),
                paper.label("plan_first_created_on").cols(3),
                paper.value(form, "plan_first_created_on").cols(3),
            ],
            vec![
                paper.label("certified_on").cols(1),
                paper.value(form, "certified_on").cols(4),
                head(words::certification_period()).cols(2),
                paper.span(form, "certification_from", "certification_to").cols(5),
            ],
            vec![
                paper.label("care_level").cols(2),
                paper.choice(form, "care_level").cols(10),
            ],
            long(&mut paper, form, "needs_analysis_with_wishes", words::analysis()),
            long(&mut paper, form, "review_board_opinion", String::new()),
            long(&mut paper, form, "overall_support_policy", String::new()),
            vec![
                paper.label("housework_support_reason").cols(2),
                paper.choice(form, "housework_support_reason").cols(5),
                paper.label("housework_support_other_reason").cols(2),
                paper.value(form, "housework_support_other_reason").cols(3),
            ],
        ];
        paper.add(boxes("", rows));
    }
    paper.finish()
}

/// A field that a form gives much room, under its own label or another.
fn long(paper: &mut Paper<'_>, form: &Form, name: &'static str, label: String) -> Vec<CellView> {
    let label = if label.is_empty() {
        paper.label(name)
    } else {
        head(label)
    };
    vec![label.cols(2), paper.value(form, name).cols(BOXES - 2)]
}

/// The care recipient as forms name them.
pub(super) fn person(recipient: &Recipient) -> CellView {
    text(match &recipient.name {
        Some(name) => words::person_of(plain(name)),
        None => reading::person_unnamed(),
    })
}

/// What the supplement that belongs to a form says.
pub(super) fn supplement_of(recipient: &Recipient, belongs: impl Fn(&Form) -> bool) -> Option<&Form> {
    let mut rows = recipient.supplements.iter().flat_map(|document| &document.sheet.rows);
    rows.find(|form| belongs(form))
}

/// 第2表.
pub(super) fn sheet_2(plan: &PlanSheet2, recipient: &Recipient) -> Vec<FormPart> {
    let sheet = &plan.sheet;
    let mut paper = Paper::of(sheet);
    paper.shows(&[
        "need_no",
        "need",
        "goal_no",
        "long_term_goal",
        "long_term_period",
        "short_term_goal",
        "short_term_period",
        "service_no",
        "service_content",
        "insurance_covered",
        "service_kind",
        "service_office_number",
        "service_office_name",
        "frequency",
        "service_period",
    ]);
    if let Some(form) = sheet.rows.first() {
        let rows = vec![vec![
            head(words::person()).cols(2),
            person(recipient).cols(3),
            paper.label("plan_created_or_changed_on").cols(2),
            written(form, "plan_created_or_changed_on").cols(2),
            paper.label("document_created_on").cols(1),
            written(form, "document_created_on").cols(2),
        ]];
        paper.add(boxes("", rows));
    }
    let heading = vec![
        vec![
            head(words::need()).rows(2),
            head(words::goals()).cols(4),
            head(words::support()).cols(6),
        ],
        vec![
            head(words::long_term()),
            head(words::period()),
            head(words::short_term()),
            head(words::period()),
            paper.label("service_content"),
            head(words::covered()),
            paper.label("service_kind"),
            head(words::office()),
            head(words::frequency()),
            head(words::service_period()),
        ],
    ];
    let rows = plan.needs().iter().flat_map(of_need).collect();
    paper.add(table("", &[16, 12, 9, 12, 9, 15, 7, 9, 13, 8, 8], heading, rows));
    let note = vec![vec![text(words::sheet_2_notes()).cols(BOXES)]];
    paper.add(boxes("", note));
    // Both dates stand above; where records differ in one, each record shows its own below.
    same_in_all(&mut paper, &sheet.rows, "plan_created_or_changed_on");
    same_in_all(&mut paper, &sheet.rows, "document_created_on");
    paper.finish()
}

/// Says that a field of the heading is shown, if all records say the same.
pub(super) fn same_in_all(paper: &mut Paper<'_>, rows: &[Form], name: &'static str) {
    let mut values = rows.iter().map(|form| form.get(name));
    let first = values.next().flatten();
    if values.all(|value| value == first) {
        paper.shows(&[name]);
    }
}

/// A need with its goals and services, a row for each service.
fn of_need(need: &Need<'_>) -> Vec<Vec<CellView>> {
    let all: usize = need.goals.iter().map(|goal| goal.services.len()).sum();
    let mut rows = Vec::with_capacity(all);
    for (at, goal) in need.goals.iter().enumerate() {
        for (nth, form) in goal.services.iter().enumerate() {
            let mut row = Vec::new();
            if at == 0 && nth == 0 {
                row.push(numbered(form, "need_no", need.need).rows(all));
            }
            if nth == 0 {
                let height = goal.services.len();
                let goal_no = form.get("goal_no").is_some_and(is_odd);
                let long_term = carried(goal.long_term);
                row.push(numbered(form, "goal_no", &long_term).marked(goal_no).rows(height));
                row.push(text(carried(goal.long_term_period)).rows(height));
                row.push(text(plain(goal.short_term)).rows(height));
                row.push(text(plain(goal.short_term_period)).rows(height));
            }
            row.push(numbered(
                form,
                "service_no",
                form.text("service_content").unwrap_or_default(),
            ));
            row.push(written(form, "insurance_covered"));
            row.push(written(form, "service_kind"));
            let office = ["service_office_name", "service_office_number"].map(|name| written(form, name));
            let odd = office.iter().any(|cell| cell.marked);
            let lines: Vec<String> = office
                .into_iter()
                .map(|cell| cell.text)
                .filter(|text| !text.is_empty())
                .collect();
            row.push(text(lines.join("\n")).marked(odd));
            row.push(written(form, "frequency"));
            row.push(written(form, "service_period"));
            rows.push(row);
        }
    }
    rows
}

fn carried(text: Carried<'_>) -> String {
    match text.from_above {
        true => reading::same_as_above(plain(text.text)),
        false => plain(text.text),
    }
}

/// A text with the number that its entry has.
pub(super) fn numbered(form: &Form, name: &str, said: &str) -> CellView {
    let odd = form.get(name).is_some_and(is_odd);
    let said = plain(said);
    match values::field(form, name) {
        number if number.is_empty() => text(said),
        number => text(words::numbered(number, said)).marked(odd),
    }
}

/// 第3表.
pub(super) fn weekly(plan: &WeeklyPlan, recipient: &Recipient) -> Vec<FormPart> {
    let sheet = &plan.sheet;
    let mut paper = Paper::of(sheet);
    paper.shows(&[
        "care_service_content",
        "weekday",
        "service_start_time",
        "service_end_time",
        "daily_activity",
        "activity_start_time",
        "activity_end_time",
        "other_than_weekly_services",
    ]);
    if let Some(form) = sheet.rows.first() {
        let rows = vec![vec![
            head(words::person()).cols(1),
            person(recipient).cols(3),
            paper.label("plan_created_or_changed_on").cols(2),
            written(form, "plan_created_or_changed_on").cols(2),
            paper.label("weekly_plan_created_on").cols(2),
            written(form, "weekly_plan_created_on").cols(2),
        ]];
        paper.add(boxes("", rows));
    }
    let mut columns: Vec<Vec<Entry>> = vec![Vec::new(); 8];
    let mut loose = Vec::new();
    for service in plan.services() {
        let entry = Entry::of(service.form, "service_start_time", "service_end_time", service.content);
        let day = service.weekday.map(|day| day.num_days_from_monday() as usize);
        match (day.and_then(|day| columns.get_mut(day)), entry.hours) {
            (Some(column), Some(_)) => column.push(entry),
            _ => {
                let weekday = values::field(service.form, "weekday");
                let odd = service.form.get("weekday").is_some_and(is_odd);
                loose.push(vec![
                    text(format!("{weekday} {}", entry.text).trim()).marked(entry.odd || odd),
                ]);
            }
        }
    }
    for activity in plan.activities() {
        let entry = Entry::of(
            activity.form,
            "activity_start_time",
            "activity_end_time",
            activity.activity,
        );
        match entry.hours {
            Some(_) => columns[7].push(entry),
            None => loose.push(vec![text(entry.text).marked(entry.odd)]),
        }
    }
    let mut heading = vec![head(words::time_of_day()).cols(2)];
    let weekdays = [
        reading::weekday_0(),
        reading::weekday_1(),
        reading::weekday_2(),
        reading::weekday_3(),
        reading::weekday_4(),
        reading::weekday_5(),
        reading::weekday_6(),
    ];
    heading.extend(weekdays.map(head));
    heading.push(head(reading::activities()));
    paper.add(table(
        "",
        &[4, 7, 11, 11, 11, 11, 11, 11, 11, 14],
        vec![heading],
        week(&columns),
    ));
    paper.add(table("", &[1], vec![vec![head(words::without_day())]], loose));
    let others: Vec<Vec<CellView>> = plan
        .others()
        .iter()
        .map(|other| vec![text(plain(other.service))])
        .collect();
    paper.add(table("", &[1], vec![vec![head(reading::others())]], others));
    same_in_all(&mut paper, &sheet.rows, "plan_created_or_changed_on");
    same_in_all(&mut paper, &sheet.rows, "weekly_plan_created_on");
    paper.finish()
}

/// A service or an activity of the week.
#[derive(Clone)]
struct Entry {
    /// The hours of the day that it touches; none where its beginning is not known.
    hours: Option<(usize, usize)>,
    text: String,
    odd: bool,
}

impl Entry {
    fn of(form: &Form, from: &str, until: &str, said: &str) -> Self {
        let odd = [from, until].iter().filter_map(|name| form.get(name)).any(is_odd);
        let span = values::span(form, from, until);
        let start = form.time(from).map(|time| usize::from(time.minutes()));
        let end = form.time(until).map(|time| usize::from(time.minutes()));
        let hours = start.map(|start| {
            let first = (start / 60).min(23);
            // Over midnight it is drawn to the end of the day; its words say the rest.
            let last = match end {
                Some(end) if end > start => end.div_ceil(60).clamp(first + 1, 24),
                Some(end) if end < start => 24,
                _ => first + 1,
            };
            (first, last)
        });
        let text = match (span.as_str(), said) {
            ("", said) => plain(said),
            (_, "") => span,
            (_, said) => words::at(&span, plain(said)),
        };
        Self { hours, text, odd }
    }
}

/// The hours of a day by which the form calls it.
const BANDS: &[(usize, usize, fn() -> String)] = &[
    (0, 6, words::midnight),
    (6, 8, words::early),
    (8, 12, words::morning),
    (12, 18, words::afternoon),
    (18, 22, words::evening),
    (22, 24, words::midnight),
];

/// A row for each hour of the day; what lasts longer goes over several, and what overlaps shares a cell.
fn week(columns: &[Vec<Entry>]) -> Vec<Vec<CellView>> {
    let blocks: Vec<Vec<Block>> = columns.iter().map(|entries| blocks(entries)).collect();
    (0..24)
        .map(|hour| {
            let mut row = Vec::new();
            if let Some((_, end, band)) = BANDS.iter().find(|(start, ..)| *start == hour) {
                row.push(head(band()).rows(end - hour));
            }
            row.push(head(words::hour(hour)));
            for column in &blocks {
                match column.iter().find(|block| block.first <= hour && hour < block.last) {
                    None => row.push(number("")),
                    Some(block) if block.first == hour => {
                        row.push(
                            text(block.lines.join("\n"))
                                .marked(block.odd)
                                .rows(block.last - block.first),
                        );
                    }
                    Some(_) => {}
                }
            }
            row
        })
        .collect()
}

/// Entries of one day that touch the same hours.
struct Block {
    first: usize,
    last: usize,
    lines: Vec<String>,
    odd: bool,
}

fn blocks(entries: &[Entry]) -> Vec<Block> {
    let mut sorted: Vec<((usize, usize), &Entry)> =
        entries.iter().filter_map(|entry| Some((entry.hours?, entry))).collect();
    sorted.sort_by_key(|(hours, _)| *hours);
    let mut blocks: Vec<Block> = Vec::new();
    for ((first, last), entry) in sorted {
        match blocks.last_mut() {
            Some(block) if first < block.last => {
                block.last = block.last.max(last);
                block.lines.push(entry.text.clone());
                block.odd |= entry.odd;
            }
            _ => blocks.push(Block {
                first,
                last,
                lines: vec![entry.text.clone()],
                odd: entry.odd,
            }),
        }
    }
    blocks
}
