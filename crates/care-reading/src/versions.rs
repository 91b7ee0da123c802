//! Two versions of a document: what the later one says otherwise, record by record and field by field.
//!
//! Nothing that differs is left out, but for the version of the layout, which says nothing of anybody. Records are
//! known by what they say, never by their places: another order is no change.

use std::collections::HashMap;

use care_layout::Field;
use care_model::{FileKind, ServiceMonth};
use serde::{Serialize, Serializer};

use crate::{Form, Recipient, Sheet, Value};

/// The forms that make a plan together, the one that leads its unit first.
pub const PLANS: &[&[FileKind]] = &[
    &[
        FileKind::PlanSheet1,
        FileKind::PlanSheet2,
        FileKind::WeeklyPlan,
        FileKind::RecipientSupplement,
    ],
    &[FileKind::PreventionPlan, FileKind::PreventionPlanSupport],
    &[FileKind::UseSlip, FileKind::UseSlipAnnex, FileKind::RecipientSupplement],
];

/// What a later version says otherwise.
#[derive(Debug, Clone, Serialize)]
pub struct Changes<'a> {
    /// What all records of each version say alike and the versions do not, such as the day on which the plan was made.
    pub throughout: Vec<FieldChange<'a>>,
    /// The records that are not the same: those of the later version in its order, then those that are gone.
    pub records: Vec<RecordChange<'a>>,
}

/// A record that is not the same in both versions.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordChange<'a> {
    /// It is in the later version alone.
    Added(&'a Form),
    /// It is in the earlier version alone.
    Removed(&'a Form),
    /// It is in both, and says something else.
    Changed {
        /// As it was.
        #[serde(rename = "row_before", serialize_with = "row")]
        before: &'a Form,
        /// As it is.
        #[serde(rename = "row_after", serialize_with = "row")]
        after: &'a Form,
        /// The fields that differ, in the order of the later layout; those that only the earlier one has come last.
        fields: Vec<FieldChange<'a>>,
        /// What stands beyond the last field, where that differs: before and after.
        surplus: Option<(&'a str, &'a str)>,
    },
}

/// A field that says something else.
#[derive(Debug, Clone, Serialize)]
pub struct FieldChange<'a> {
    /// Which.
    #[serde(serialize_with = "name")]
    pub field: &'static Field,
    /// What it said; none where it was empty.
    pub before: Option<&'a Value>,
    /// What it says.
    pub after: Option<&'a Value>,
}

fn row<S: Serializer>(form: &Form, serializer: S) -> Result<S::Ok, S::Error> {
    form.row().serialize(serializer)
}

fn name<S: Serializer>(field: &Field, serializer: S) -> Result<S::Ok, S::Error> {
    field.name.serialize(serializer)
}

impl Changes<'_> {
    /// Fields and records that differ.
    pub fn count(&self) -> usize {
        let of_record = |change: &RecordChange<'_>| match change {
            RecordChange::Added(_) | RecordChange::Removed(_) => 1,
            RecordChange::Changed { fields, surplus, .. } => fields.len() + usize::from(surplus.is_some()),
        };
        self.throughout.len() + self.records.iter().map(of_record).sum::<usize>()
    }
}

/// The document of a kind, and of a month where its file's name has one; the last where there are several.
pub fn last_sheet(
    recipient: &Recipient,
    kind: FileKind,
    month: Option<ServiceMonth>,
    counts: impl Fn(&Sheet) -> bool,
) -> Option<&Sheet> {
    let meant = |sheet: &&Sheet| sheet.kind() == kind && sheet.file.name.service_month() == month && counts(sheet);
    recipient.sheets().filter(meant).last()
}

/// What a later version of a document says otherwise.
pub fn changes<'a>(before: &'a Sheet, after: &'a Sheet) -> Changes<'a> {
    let alike = |name: &&str| says_alike(before, name) && says_alike(after, name);
    let alike: Vec<&str> = OF_DOCUMENT.iter().copied().filter(alike).collect();
    let compared = |field: &Field| is_compared(field) && !alike.contains(&field.name);
    let throughout = match (before.rows.first(), after.rows.first()) {
        (Some(before), Some(after)) => differing(before, after, |field| alike.contains(&field.name)),
        _ => Vec::new(),
    };

    let mut old: Vec<Option<&Form>> = before.rows.iter().map(Some).collect();
    let mut new: Vec<Option<&Form>> = after.rows.iter().map(Some).collect();
    let whole = |form: &'a Form| (said(form, compared), form.surplus());
    pair(&mut old, &mut new, whole, |_, _, _| {});
    let mut changed: Vec<(usize, RecordChange<'a>)> = Vec::new();
    for likeness in likenesses(after.kind()) {
        let key = |form: &'a Form| (said(form, |field| likeness.asks(field) && compared(field)), None);
        pair(&mut old, &mut new, key, |place, before, after| {
            let surplus = [before, after].map(|form| form.surplus().unwrap_or_default());
            let change = RecordChange::Changed {
                before,
                after,
                fields: differing(before, after, compared),
                surplus: (surplus[0] != surplus[1]).then_some((surplus[0], surplus[1])),
            };
            changed.push((place, change));
        });
    }
    let added = new.iter().enumerate();
    changed.extend(added.filter_map(|(place, form)| Some((place, RecordChange::Added((*form)?)))));
    changed.sort_by_key(|(place, _)| *place);
    let removed = old.into_iter().flatten().map(RecordChange::Removed);
    Changes {
        throughout,
        records: changed.into_iter().map(|(_, change)| change).chain(removed).collect(),
    }
}

/// What usually stands in every record of a document and says something of the document.
pub const OF_DOCUMENT: &[&str] = &[
    "document_created_on",
    "weekly_plan_created_on",
    "plan_created_or_changed_on",
    "target_month",
    "planning_office_number",
    "planning_care_manager_name",
    "short_stay_days_to_last_month",
    "updating_office",
    "office_code_fixed",
    "input_person_code",
    "identifier_unused",
];

/// What two records say alike that are the same one, changed.
enum Likeness {
    /// These fields.
    These(&'static [&'static str]),
    /// All but these.
    AllBut(&'static [&'static str]),
}

impl Likeness {
    fn asks(&self, field: &Field) -> bool {
        match self {
            Self::These(names) => names.contains(&field.name),
            Self::AllBut(names) => !names.contains(&field.name),
        }
    }
}

/// How alike records of a kind must be, the strictest first. A document of one record is one, whatever it says.
fn likenesses(kind: FileKind) -> &'static [Likeness] {
    use Likeness::{AllBut, These};
    match kind {
        // An entry that was put in between numbers those behind it anew.
        FileKind::PlanSheet2 => &[
            AllBut(&["need_no", "goal_no", "service_no"]),
            These(&["need_no", "goal_no", "service_no"]),
        ],
        FileKind::PreventionPlanSupport => &[
            AllBut(&["issue_no", "support_plan_no", "service_no"]),
            These(&["issue_no", "support_plan_no", "service_no"]),
        ],
        FileKind::WeeklyPlan => &[
            These(&["weekday", "service_start_time", "activity_start_time"]),
            These(&["weekday", "care_service_content", "daily_activity"]),
            AllBut(&["weekday"]),
        ],
        // Another time, another service at the same time, another office, another day.
        FileKind::UseSlip => &[
            These(&[
                "service_date",
                "start_time",
                "end_time",
                "service_code",
                "service_office_number",
                "tais_code",
                "equipment_notification_code",
            ]),
            These(&["service_date", "service_code", "service_office_number"]),
            These(&["service_date", "start_time", "end_time", "service_office_number"]),
            These(&["service_date", "start_time", "end_time", "service_code"]),
            AllBut(&["service_date"]),
        ],
        FileKind::UseSlipAnnex => &[
            These(&[
                "service_office_number",
                "service_code",
                "tais_code",
                "equipment_notification_code",
            ]),
            These(&["service_office_number", "service_code"]),
            AllBut(&["service_office_number"]),
            AllBut(&["service_code"]),
        ],
        _ => &[These(&[])],
    }
}

/// What a record is known by: some of its fields, in an order that no layout changes.
type Identity<'a> = (Vec<(&'static str, &'a Value)>, Option<&'a str>);

/// Takes out of both what is known by the same, first with first; tells the place in the later one.
fn pair<'a>(
    old: &mut [Option<&'a Form>],
    new: &mut [Option<&'a Form>],
    key: impl Fn(&'a Form) -> Identity<'a>,
    mut found: impl FnMut(usize, &'a Form, &'a Form),
) {
    let mut places: HashMap<Identity<'a>, Vec<usize>> = HashMap::new();
    // The last first, so that the first is taken first.
    for (place, slot) in old.iter().enumerate().rev() {
        if let Some(form) = slot {
            places.entry(key(form)).or_default().push(place);
        }
    }
    for (place, slot) in new.iter_mut().enumerate() {
        let Some(after) = *slot else { continue };
        let known = places.get_mut(&key(after)).and_then(Vec::pop);
        if let Some(before) = known.and_then(|place| old.get_mut(place)?.take()) {
            *slot = None;
            found(place, before, after);
        }
    }
}

/// The version of the layout says nothing of anybody.
fn is_compared(field: &Field) -> bool {
    field.name != "csv_version"
}

/// Whether all records of a version say the same in a field.
fn says_alike(sheet: &Sheet, name: &str) -> bool {
    let first = sheet.rows.first().and_then(|form| form.get(name));
    sheet.rows.iter().all(|form| form.get(name) == first)
}

fn said(form: &Form, wanted: impl Fn(&Field) -> bool) -> Vec<(&'static str, &Value)> {
    let filled = form.entries().filter(|(field, _)| wanted(field));
    let mut said: Vec<_> = filled.map(|(field, value)| (field.name, value)).collect();
    said.sort_unstable_by_key(|(name, _)| *name);
    said
}

/// The fields among those that are asked for in which two records differ.
fn differing<'a>(before: &'a Form, after: &'a Form, asked: impl Fn(&Field) -> bool) -> Vec<FieldChange<'a>> {
    let (old, new) = (before.layout(), after.layout());
    let gone = old.fields.iter().filter(|field| new.find(field.name).is_none());
    let fields = new.fields.iter().chain(gone).filter(|field| asked(field));
    let changes = fields.map(|field| FieldChange {
        field,
        before: before.get(field.name),
        after: after.get(field.name),
    });
    changes.filter(|change| change.before != change.after).collect()
}
