//! Each document as a section of the page.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use care_model::{FileKind, OfficeRole};
use care_reading::{
    CarePlan, Deletion, Form, PlanSheet2, PreventionPlan, Profile, Rest, Sheet, Supplement, Value, WeeklyPlan,
};
use desk::reading::values::{date, field, label, month, plain, span};
use messages::reading as words;

use super::{
    rest::{pairs_of, print_common, print_own},
    text::{Column, Page},
};

/// By which side the documents are named: one side, or that of whoever each file goes to (D22).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Naming(pub(crate) Option<OfficeRole>);

impl Naming {
    /// The printed name of a file's kind.
    pub(crate) fn of(self, sheet: &Sheet) -> String {
        self.name(sheet, sheet.kind())
    }

    fn name(self, sheet: &Sheet, kind: FileKind) -> String {
        let name = &sheet.file.name;
        // Names of edition 3 say no kind of office; only results and their deletion go to the care manager.
        let addressee = name.to.kind.map(|kind| kind.role()).unwrap_or(match name.kind {
            FileKind::Actuals | FileKind::ActualsDeletion => OfficeRole::CareManagement,
            _ => OfficeRole::Service,
        });
        let key = kind.name_key(self.0.unwrap_or(addressee));
        messages::names::file_kind(key).unwrap_or(kind.prefix()).to_owned()
    }
}

/// How a care recipient's documents are printed, and which were printed already.
pub(crate) struct Printing<'a> {
    naming: Naming,
    /// Documents by a hash of what they say.
    printed: HashMap<u64, &'a Sheet>,
}

impl<'a> Printing<'a> {
    pub(crate) fn new(naming: Naming) -> Self {
        Self {
            naming,
            printed: HashMap::new(),
        }
    }

    /// The document that said the same, if there was one: the same plan goes to every office of a care recipient.
    fn same_as(&mut self, sheet: &'a Sheet) -> Option<&'a Sheet> {
        let mut hasher = DefaultHasher::new();
        sheet.kind().hash(&mut hasher);
        for form in &sheet.rows {
            for (field, value) in form.entries() {
                (field.number, value).hash(&mut hasher);
            }
        }
        match self.printed.entry(hasher.finish()) {
            Entry::Occupied(known) => Some(*known.get()).filter(|known| says_the_same(known, sheet)),
            Entry::Vacant(place) => {
                place.insert(sheet);
                None
            }
        }
    }
}

/// Whether two documents of one care recipient have the same records.
fn says_the_same(a: &Sheet, b: &Sheet) -> bool {
    fn said(form: &Form) -> impl Iterator<Item = (u16, &Value)> {
        form.entries().map(|(field, value)| (field.number, value))
    }
    let same = |(a, b): (&Form, &Form)| {
        std::ptr::eq(a.layout(), b.layout()) && a.surplus() == b.surplus() && said(a).eq(said(b))
    };
    a.kind() == b.kind() && a.rows.len() == b.rows.len() && a.rows.iter().zip(&b.rows).all(same)
}

/// Prints the heading of a document: its name and what it is about. Tells whether its content is to follow, or was printed
/// before.
#[must_use]
pub(crate) fn heading<'a>(page: &mut Page, printing: &mut Printing<'a>, sheet: &'a Sheet) -> bool {
    let about = match (sheet.month(), sheet.linked_on()) {
        (Some(of), _) => Some(words::of_month(month(of))),
        (None, Some(on)) if is_of_consultation(sheet.kind()) => Some(words::consulted_on(date(on))),
        (None, Some(on)) => Some(words::planned_on(date(on))),
        (None, None) => None,
    };
    let name = printing.naming.of(sheet);
    page.blank();
    page.text(
        0,
        &match about {
            Some(about) => words::title_with(name, about),
            None => words::title(name),
        },
    );
    of_file(page, sheet);
    match printing.same_as(sheet) {
        Some(known) => {
            page.text(2, &words::same_as_file(plain(known.file.name.as_str())));
            false
        }
        None => true,
    }
}

fn is_of_consultation(kind: FileKind) -> bool {
    matches!(
        kind,
        FileKind::RecipientProfile | FileKind::ProfileDay | FileKind::ProfileMedicalHistory | FileKind::ProfileDeletion
    )
}

/// Versions that one document lists; more than one is a fault, and many are no better.
const VERSIONS_MAX: usize = 10;

/// Prints which file a document is from, and the version its records name.
fn of_file(page: &mut Page, sheet: &Sheet) {
    let file = plain(sheet.file.name.as_str());
    let mut versions: Vec<String> = Vec::new();
    for form in &sheet.rows {
        let version = field(form, "csv_version");
        if !version.is_empty() && !versions.contains(&version) && versions.len() < VERSIONS_MAX {
            versions.push(version);
        }
    }
    let version = versions.join(&words::list_separator());
    let line = if version.is_empty() {
        words::of_file_without_version(file)
    } else {
        words::of_file(file, version)
    };
    page.text(2, &line);
}

/// A document of which each record is a list of labels and values.
pub(crate) fn plain_records<'a>(page: &mut Page, printing: &mut Printing<'a>, sheet: &'a Sheet, shown: &[&str]) {
    if !heading(page, printing, sheet) {
        return;
    }
    for (at, form) in sheet.rows.iter().enumerate() {
        if at > 0 {
            page.blank();
        }
        page.pairs(2, &pairs_of(form, shown));
    }
}

/// Records that name no care recipient, with everything that they hold.
pub(crate) fn unassigned<'a>(page: &mut Page, printing: &mut Printing<'a>, sheet: &'a Sheet) {
    if !heading(page, printing, sheet) {
        return;
    }
    for form in &sheet.rows {
        page.text(2, &words::record(form.row()));
        let numbers = ["insurer_number", "insured_number"].map(|name| (label(form, name), field(form, name)));
        let mut pairs = filled(numbers);
        pairs.extend(pairs_of(form, &[]));
        page.pairs(4, &pairs);
    }
}

/// 利用者補足情報.
pub(crate) fn supplement<'a>(page: &mut Page, printing: &mut Printing<'a>, document: &'a Supplement) {
    plain_records(page, printing, &document.sheet, &[]);
}

/// 第1表.
pub(crate) fn care_plan<'a>(page: &mut Page, printing: &mut Printing<'a>, document: &'a CarePlan) {
    plain_records(page, printing, &document.sheet, &[]);
}

/// Fields that the tree of 第2表 shows.
const TREE_FIELDS: &[&str] = &[
    "plan_created_or_changed_on",
    "need_no",
    "need",
    "goal_no",
    "long_term_goal",
    "long_term_period",
    "short_term_goal",
    "short_term_period",
];

/// Fields of a service of 第2表, as columns.
const SERVICE_FIELDS: &[&str] = &[
    "service_no",
    "service_content",
    "insurance_covered",
    "service_kind",
    "service_office_name",
    "service_office_number",
    "frequency",
    "service_period",
];

/// 第2表: needs, goals, services.
pub(crate) fn plan_sheet_2<'a>(page: &mut Page, printing: &mut Printing<'a>, document: &'a PlanSheet2) {
    let sheet = &document.sheet;
    if !heading(page, printing, sheet) {
        return;
    }
    let shown: Vec<&str> = TREE_FIELDS.iter().chain(SERVICE_FIELDS).copied().collect();
    let rest = Rest::of(&sheet.rows, &shown);
    print_common(page, 2, &rest);
    for need in document.needs() {
        let first = need.goals.first().and_then(|goal| goal.services.first());
        let Some(first) = first else { continue };
        page.blank();
        let of = |name: &str| label(first, name);
        page.pairs(
            2,
            &[(words::numbered(of("need"), field(first, "need_no")), plain(need.need))],
        );
        for goal in &need.goals {
            let Some(first) = goal.services.first() else { continue };
            let carried = |text: care_reading::Carried<'_>| match text.from_above {
                true => words::same_as_above(plain(text.text)),
                false => plain(text.text),
            };
            let mut pairs = vec![(of("goal_no"), field(first, "goal_no"))];
            pairs.push((of("long_term_goal"), carried(goal.long_term)));
            pairs.push((of("long_term_period"), carried(goal.long_term_period)));
            pairs.push((of("short_term_goal"), plain(goal.short_term)));
            pairs.push((of("short_term_period"), plain(goal.short_term_period)));
            pairs.retain(|(_, value)| !value.is_empty());
            page.blank();
            page.pairs(4, &pairs);
            let mut columns = vec![Column::left(words::column_number())];
            let titles = SERVICE_FIELDS
                .iter()
                .skip(1)
                .filter(|name| **name != "service_office_number");
            columns.extend(titles.map(|name| Column::left(of(name))));
            let rows: Vec<Vec<String>> = goal.services.iter().map(|form| service(form)).collect();
            page.table(6, &columns, &rows);
            print_own(page, 6, &rest, goal.services.iter().copied(), &shown);
        }
    }
}

/// A service of 第2表; the number of its office stands below the name.
fn service(form: &Form) -> Vec<String> {
    let cell = |name: &&str| match *name {
        "service_office_number" => None,
        "service_office_name" => {
            let (name, number) = (field(form, name), field(form, "service_office_number"));
            Some(if number.is_empty() {
                name
            } else {
                format!("{name}\n{number}").trim().to_owned()
            })
        }
        name => Some(field(form, name)),
    };
    SERVICE_FIELDS.iter().filter_map(cell).collect()
}

/// Fields that 第3表 shows.
const WEEK_FIELDS: &[&str] = &[
    "plan_created_or_changed_on",
    "care_service_content",
    "weekday",
    "service_start_time",
    "service_end_time",
    "daily_activity",
    "activity_start_time",
    "activity_end_time",
    "other_than_weekly_services",
];

/// 第3表: the week, the day, and what is not every week.
pub(crate) fn weekly_plan<'a>(page: &mut Page, printing: &mut Printing<'a>, document: &'a WeeklyPlan) {
    let sheet = &document.sheet;
    if !heading(page, printing, sheet) {
        return;
    }
    let rest = Rest::of(&sheet.rows, WEEK_FIELDS);
    print_common(page, 2, &rest);
    let mut last = None;
    let services: Vec<Vec<String>> = document
        .services()
        .iter()
        .map(|service| {
            let weekday = field(service.form, "weekday");
            let again = last.replace(weekday.clone()).is_some_and(|last| last == weekday);
            let times = span(service.form, "service_start_time", "service_end_time");
            let weekday = if again { String::new() } else { weekday };
            vec![weekday, times, plain(service.content)]
        })
        .collect();
    section(page, &words::weekly_services(), &services, || {
        vec![
            Column::left(words::column_weekday()),
            Column::left(words::column_time()),
            Column::left(label_in(sheet, "care_service_content")),
        ]
    });
    let activities: Vec<Vec<String>> = document
        .activities()
        .iter()
        .map(|activity| {
            let times = span(activity.form, "activity_start_time", "activity_end_time");
            vec![times, plain(activity.activity)]
        })
        .collect();
    section(page, &words::activities(), &activities, || {
        vec![
            Column::left(words::column_time()),
            Column::left(label_in(sheet, "daily_activity")),
        ]
    });
    let others = document.others();
    if !others.is_empty() {
        page.blank();
        page.text(2, &words::others());
        for other in others {
            page.text(4, &plain(other.service));
        }
    }
    print_own(page, 2, &rest, &sheet.rows, WEEK_FIELDS);
}

/// A table below its heading, if it has rows.
fn section(page: &mut Page, heading: &str, rows: &[Vec<String>], columns: impl FnOnce() -> Vec<Column>) {
    if !rows.is_empty() {
        page.blank();
        page.text(2, heading);
        page.table(4, &columns(), rows);
    }
}

/// The printed name of a field of a document.
fn label_in(sheet: &Sheet, name: &str) -> String {
    sheet.rows.first().map(|form| label(form, name)).unwrap_or_default()
}

/// Fields of an issue of the preventive plan.
const ISSUE_FIELDS: &[&str] = &[
    "issue_no",
    "comprehensive_issue",
    "proposed_goal_and_measures",
    "wishes_on_proposal",
    "goal",
];

/// Fields of a support plan of an issue.
const SUPPORT_FIELDS: &[&str] = &[
    "support_plan_no",
    "support_points",
    "self_care_and_informal",
    "insured_or_community_services",
];

/// Fields of a service of a support plan.
const SUPPORT_SERVICE_FIELDS: &[&str] = &["service_no", "service_kind", "service_office", "service_period"];

/// 介護予防サービス・支援計画書 with its support rows.
pub(crate) fn prevention_plan<'a>(page: &mut Page, printing: &mut Printing<'a>, document: &'a PreventionPlan) {
    if let Some(sheet) = &document.plan {
        plain_records(page, printing, sheet, &[]);
    }
    let Some(sheet) = &document.support else { return };
    if !heading(page, printing, sheet) {
        return;
    }
    let shown: Vec<&str> = [
        ISSUE_FIELDS,
        SUPPORT_FIELDS,
        SUPPORT_SERVICE_FIELDS,
        &["plan_created_or_changed_on"],
    ]
    .concat();
    let rest = Rest::of(&sheet.rows, &shown);
    print_common(page, 2, &rest);
    for issue in document.issues() {
        let first = issue.plans.first().and_then(|plan| plan.services.first());
        let Some(first) = first else { continue };
        let of = |name: &str| label(first, name);
        let pairs = [
            (of("issue_no"), field(first, "issue_no")),
            (of("comprehensive_issue"), plain(issue.issue)),
            (of("proposed_goal_and_measures"), plain(issue.proposal)),
            (of("wishes_on_proposal"), plain(issue.wishes)),
            (of("goal"), plain(issue.goal)),
        ];
        page.blank();
        page.pairs(2, &filled(pairs));
        for plan in &issue.plans {
            let Some(first) = plan.services.first() else { continue };
            let pairs = [
                (of("support_plan_no"), field(first, "support_plan_no")),
                (of("support_points"), plain(plan.points)),
                (of("self_care_and_informal"), plain(plan.self_care)),
                (of("insured_or_community_services"), plain(plan.insured)),
            ];
            page.blank();
            page.pairs(4, &filled(pairs));
            let mut columns = vec![Column::left(words::column_number())];
            columns.extend(SUPPORT_SERVICE_FIELDS.iter().skip(1).map(|name| Column::left(of(name))));
            let rows: Vec<Vec<String>> = plan
                .services
                .iter()
                .map(|form| SUPPORT_SERVICE_FIELDS.iter().map(|name| field(form, name)).collect())
                .collect();
            if rows.iter().flatten().any(|cell: &String| !cell.is_empty()) {
                page.table(6, &columns, &rows);
            }
            print_own(page, 6, &rest, plan.services.iter().copied(), &shown);
        }
    }
}

fn filled(pairs: impl IntoIterator<Item = (String, String)>) -> Vec<(String, String)> {
    pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// 利用者基本情報 with its sub-tables.
pub(crate) fn profile<'a>(page: &mut Page, printing: &mut Printing<'a>, document: &'a Profile) {
    if let Some(sheet) = &document.profile {
        plain_records(page, printing, sheet, &[]);
        for image in &document.images {
            page.text(2, &words::image_here(plain(image.name.as_str())));
        }
    }
    let tables: [(&'a Option<Sheet>, &[&str]); 2] = [
        (&document.day, &["time_of_day", "recipient_activity", "family_activity"]),
        (
            &document.medical_history,
            &[
                "onset_date_text",
                "disease_name",
                "medical_institution_and_doctor",
                "attending_doctor_flag",
                "medical_institution_phone",
                "course",
                "treatment_details",
            ],
        ),
    ];
    for (sheet, names) in tables {
        let Some(sheet) = sheet else { continue };
        if !heading(page, printing, sheet) {
            continue;
        }
        let shown: Vec<&str> = names.iter().copied().chain(["consulted_on"]).collect();
        let rest = Rest::of(&sheet.rows, &shown);
        print_common(page, 2, &rest);
        let columns: Vec<Column> = names.iter().map(|name| Column::left(label_in(sheet, name))).collect();
        let rows: Vec<Vec<String>> = sheet
            .rows
            .iter()
            .map(|form| names.iter().map(|name| field(form, name)).collect())
            .collect();
        page.table(2, &columns, &rows);
        print_own(page, 2, &rest, &sheet.rows, &shown);
    }
}

/// What is withdrawn.
pub(crate) fn deletion<'a>(page: &mut Page, printing: &mut Printing<'a>, document: &'a Deletion) {
    let sheet = &document.sheet;
    if !heading(page, printing, sheet) {
        return;
    }
    let kinds = document.withdraws().iter();
    let exists = |kind: &&FileKind| kind.exists_in(sheet.file.name.edition());
    let names: Vec<String> = kinds
        .filter(exists)
        .map(|kind| printing.naming.name(sheet, *kind))
        .collect();
    page.text(2, &words::withdraws(names.join(&words::list_separator())));
    for form in &sheet.rows {
        page.pairs(2, &pairs_of(form, &[]));
    }
}
