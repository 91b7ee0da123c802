//! 前回との違い: a plan of a care recipient beside the last one between the same two offices (ADR 60).
//!
//! It is worked out from the sealed copies when somebody asks, and kept nowhere. What was looked for and is not here is
//! said, and nothing is called new because of it.

use std::sync::Arc;

use care_layout::Field;
use care_model::{DeliveryId, FileKind, OfficeNumber, OfficeRole, ProblemCode, SendUnit, ServiceMonth, limits};
use care_reading::{
    Changes, FieldChange, Form, OF_DOCUMENT, PLANS, Reading, Recipient, RecordChange, Sheet, Value, changes, last_sheet,
};
use chrono::{DateTime, Utc};
use desk_ipc::{ChangeKind, ChangeLine, ChangesRequest, CommandError, FormChanges, PlanChanges, ReadingSource};
use exchange_flow::outbox::OutboxState;
use messages::{changes as says, reading as words};

use super::{Bundle, forms, services::service_name, values};
use crate::{core::Core, received::Received, store::ListName, words::unit};

/// A plan of a care recipient: its forms between this office and another, of one month where they have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    forms: &'static [FileKind],
    office: OfficeNumber,
    month: Option<ServiceMonth>,
    way: Way,
}

/// Which way plans are looked at: those that this office sent, or those that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Out,
    In,
}

/// Who is looked for.
#[derive(Clone)]
struct Person {
    insurer_number: String,
    insured_number: String,
}

/// A bundle with what it says.
struct Version {
    bundle: Bundle,
    reading: Reading,
}

/// What the search for an earlier version came to.
#[derive(Default)]
struct Search {
    found: Option<(DateTime<Utc>, Version)>,
    /// Deliveries with a copy in which the care recipient has no such plan.
    without: usize,
    /// Deliveries of which no copy is here, newer than the one that was found.
    not_here: usize,
    /// Whether there are older deliveries, into which nobody looked.
    older: bool,
}

impl Core {
    /// What changed in the plans of a care recipient.
    pub(crate) async fn read_changes(&self, request: ChangesRequest) -> Result<Vec<PlanChanges>, CommandError> {
        let (way, before) = match &request.source {
            ReadingSource::Sent { delivery } => (Way::Out, Some(*delivery)),
            ReadingSource::Received { delivery } => (Way::In, Some(*delivery)),
            ReadingSource::Composition { .. } | ReadingSource::Draft { .. } => (Way::Out, None),
        };
        let bundle = self.bundle(&request.source).await?;
        let now = Arc::new(self.blocking(move |_| Ok(Version::of(bundle))).await?);
        let place = usize::try_from(request.recipient).unwrap_or(usize::MAX);
        // The records that name nobody have no earlier version.
        let Some(recipient) = now.reading.recipients.get(place) else {
            return Ok(Vec::new());
        };
        let person = Person {
            insurer_number: recipient.insurer_number.clone(),
            insured_number: recipient.insured_number.clone(),
        };
        let mut compared = Vec::new();
        for plan in plans_of(recipient, way) {
            let search = self.last_version(&person, plan, before).await?;
            let (now, person) = (Arc::clone(&now), person.clone());
            let beside = self.blocking(move |_| Ok(plan.beside(&search, &now, &person))).await?;
            compared.push(beside);
        }
        Ok(compared)
    }

    /// The newest delivery between the same offices in which a care recipient has the same plan and of which a copy is
    /// here; before a delivery, where that is one.
    async fn last_version(
        &self,
        person: &Person,
        plan: Plan,
        before: Option<DeliveryId>,
    ) -> Result<Search, CommandError> {
        let list = match plan.way {
            Way::Out => ListName::Outbox,
            Way::In => ListName::Inbox,
        };
        let of_plan = |unit: &str| SendUnit::of_id(unit).is_some_and(|unit| unit.has(plan.forms[0]));
        let mut fresh = self.list_rows(list).await?;
        let newest = fresh
            .rows()
            .newest(before, limits::VERSIONS_LOOKED_INTO_MAX + 1, |row| {
                row.other.number == plan.office && row.month == plan.month && row.unit.is_some_and(of_plan)
            });
        drop(fresh);
        let (newest, older) = at_most(newest, limits::VERSIONS_LOOKED_INTO_MAX);
        let mut search = Search {
            older,
            ..Search::default()
        };
        for (delivery, at) in newest {
            let Some((copy, viewer)) = self.copy_of(delivery, plan.way).await? else {
                search.not_here += 1;
                continue;
            };
            let bundle = self
                .kept_bundle(copy, viewer, |kind| plan.forms.contains(&kind))
                .await?;
            let person = person.clone();
            let version = self
                .blocking(move |_| {
                    let version = Version::of(bundle);
                    let lead = version
                        .recipient(&person)
                        .and_then(|recipient| last_sheet(recipient, plan.forms[0], plan.month, |_| true));
                    Ok(lead.is_some().then_some(version))
                })
                .await?;
            match version {
                Some(version) => {
                    search.found = Some((at, version));
                    break;
                }
                None => search.without += 1,
            }
        }
        Ok(search)
    }

    /// The copy of a delivery and by which side its forms are named; none where no copy is here.
    async fn copy_of(&self, delivery: DeliveryId, way: Way) -> Result<Option<(Received, OfficeRole)>, CommandError> {
        if way == Way::In {
            return match self.received(delivery).await {
                Ok(copy) => {
                    let viewer = copy.header.to.kind.role();
                    Ok(Some((copy, viewer)))
                }
                Err(refused) if refused.code == ProblemCode::ReceivedCopyGone => Ok(None),
                Err(refused) => Err(refused),
            };
        }
        let row = self.store.outgoing(delivery).await?;
        let Some(row) = row.filter(|row| matches!(row.state, OutboxState::Sent { .. })) else {
            return Ok(None);
        };
        let header = row.content.header()?;
        let viewer = header.from.kind.role();
        let copy = self.kept_sent(header, row.content.parts).await?;
        Ok(copy.map(|copy| (copy, viewer)))
    }
}

impl Version {
    fn of(bundle: Bundle) -> Self {
        let reading = bundle.reading();
        Self { bundle, reading }
    }

    fn recipient(&self, person: &Person) -> Option<&Recipient> {
        let mut recipients = self.reading.recipients.iter();
        recipients
            .find(|one| one.insurer_number == person.insurer_number && one.insured_number == person.insured_number)
    }

    fn holds_whole(&self, plan: Plan) -> bool {
        self.bundle.holds_whole(&self.reading, plan.forms)
    }
}

/// The plans of a care recipient, each once.
fn plans_of(recipient: &Recipient, way: Way) -> Vec<Plan> {
    let mut plans: Vec<Plan> = Vec::new();
    for forms in PLANS {
        for sheet in recipient.sheets().filter(|sheet| sheet.kind() == forms[0]) {
            let plan = Plan {
                forms,
                office: way.other(sheet),
                month: sheet.file.name.service_month(),
                way,
            };
            if !plans.contains(&plan) {
                plans.push(plan);
            }
        }
    }
    plans
}

impl Way {
    /// The office on the other side of a document.
    fn other(self, sheet: &Sheet) -> OfficeNumber {
        match self {
            Self::Out => sheet.file.name.to.office,
            Self::In => sheet.file.name.from.office,
        }
    }
}

impl Plan {
    fn beside(self, search: &Search, now: &Version, person: &Person) -> PlanChanges {
        let mut remarks = search.remarks(self.way);
        let mut forms = Vec::new();
        let after = now.recipient(person);
        let earlier = search.found.as_ref();
        let before = earlier.and_then(|(_, version)| version.recipient(person).map(|before| (version, before)));
        if let (Some((version, before)), Some(after)) = (before, after) {
            if !version.holds_whole(self) {
                remarks.push(says::earlier_not_whole());
            }
            if !now.holds_whole(self) {
                remarks.push(says::this_not_whole());
            }
            let kinds = self.forms.iter();
            forms.extend(kinds.filter_map(|kind| self.form(*kind, before, after, &now.bundle)));
        }
        PlanChanges {
            title: after.map_or_else(String::new, |after| self.title(after, &now.bundle)),
            office: self.office,
            earlier_at: earlier.map(|(at, _)| *at),
            remarks,
            forms,
        }
    }

    fn form(self, kind: FileKind, before: &Recipient, after: &Recipient, bundle: &Bundle) -> Option<FormChanges> {
        let old = last_sheet(before, kind, self.month, |_| true);
        let new = last_sheet(after, kind, self.month, |sheet| self.way.other(sheet) == self.office);
        let (whole, lines) = match (old, new) {
            (Some(old), Some(new)) => (None, lines(&changes(old, new))),
            (None, Some(_)) => (Some(ChangeKind::Added), Vec::new()),
            (Some(_), None) => (Some(ChangeKind::Removed), Vec::new()),
            (None, None) => return None,
        };
        let (lines, more) = listed(lines);
        Some(FormChanges {
            title: forms::title(new.or(old)?, bundle.side),
            whole,
            lines,
            more,
        })
    }

    /// What its unit is called, by the side of this office, with its month.
    fn title(self, recipient: &Recipient, bundle: &Bundle) -> String {
        let lead = last_sheet(recipient, self.forms[0], self.month, |_| true);
        let viewer = lead.map_or(bundle.side.otherwise, |sheet| bundle.side.of(&sheet.file.name));
        let id = match self.forms[0] {
            FileKind::PlanSheet1 => "home_plan",
            FileKind::PreventionPlan => "preventive_plan",
            _ => "home_schedule",
        };
        let name = unit(Some(id), viewer);
        match self.month {
            Some(month) => words::title_with_month(name, words::of_month(values::month(month))),
            None => name,
        }
    }
}

impl Search {
    /// What it looked for and did not find.
    fn remarks(&self, way: Way) -> Vec<String> {
        let mut remarks = Vec::new();
        let nothing = self.without == 0 && self.not_here == 0;
        match (&self.found, way) {
            (Some(_), _) => {}
            (None, Way::Out) if nothing => remarks.push(says::none_sent()),
            (None, Way::In) if nothing => remarks.push(says::none_received()),
            (None, _) => remarks.push(says::none_here()),
        }
        if self.found.is_none() && self.without > 0 {
            remarks.push(says::without(self.without));
        }
        if self.not_here > 0 {
            remarks.push(match (self.found.is_some(), way) {
                (true, Way::Out) => says::newer_sent_not_here(self.not_here),
                (true, Way::In) => says::newer_received_not_here(self.not_here),
                (false, Way::Out) => says::sent_not_here(self.not_here),
                (false, Way::In) => says::received_not_here(self.not_here),
            });
        }
        if self.found.is_none() && self.older {
            remarks.push(says::older(limits::VERSIONS_LOOKED_INTO_MAX));
        }
        remarks
    }
}

/// The first so many, and whether there are more.
fn at_most<T>(mut all: Vec<T>, max: usize) -> (Vec<T>, bool) {
    let more = all.len() > max;
    all.truncate(max);
    (all, more)
}

/// The changes of a form that are listed, and how many are not.
fn listed(mut lines: Vec<ChangeLine>) -> (Vec<ChangeLine>, u32) {
    let more = lines.len().saturating_sub(limits::CHANGES_PER_FORM_MAX);
    lines.truncate(limits::CHANGES_PER_FORM_MAX);
    (lines, u32::try_from(more).unwrap_or(u32::MAX))
}

/// What changed in a document: a line for each field, and for each record that came or went.
pub fn lines(changes: &Changes<'_>) -> Vec<ChangeLine> {
    let throughout = changes.throughout.iter().map(|change| of_field(String::new(), change));
    let records = changes.records.iter().flat_map(of_record);
    throughout.chain(records).collect()
}

fn of_record(change: &RecordChange<'_>) -> Vec<ChangeLine> {
    let whole = |kind, form: &Form, before: String, after: String| {
        vec![ChangeLine {
            kind,
            record: naming(form),
            field: String::new(),
            before,
            after,
        }]
    };
    match change {
        RecordChange::Added(form) => whole(ChangeKind::Added, form, String::new(), saying(form)),
        RecordChange::Removed(form) => whole(ChangeKind::Removed, form, saying(form), String::new()),
        RecordChange::Changed {
            after, fields, surplus, ..
        } => {
            let record = naming(after);
            let mut lines: Vec<ChangeLine> = fields.iter().map(|change| of_field(record.clone(), change)).collect();
            if let Some((old, new)) = surplus {
                lines.push(ChangeLine {
                    kind: ChangeKind::Changed,
                    record,
                    field: words::surplus_label(),
                    before: values::plain(old),
                    after: values::plain(new),
                });
            }
            lines
        }
    }
}

fn of_field(record: String, change: &FieldChange<'_>) -> ChangeLine {
    let said = |value: Option<&Value>| value.map_or_else(String::new, |value| field_value(change.field, value));
    ChangeLine {
        kind: ChangeKind::Changed,
        record,
        field: values::plain(change.field.name_ja),
        before: said(change.before),
        after: said(change.after),
    }
}

/// A value, with the kind of service where it is a service's code.
fn field_value(field: &Field, value: &Value) -> String {
    match (field.name, value) {
        ("service_code", Value::Text(code)) => service_name(code),
        _ => values::value(field, value),
    }
}

/// What a record of a form is about: empty where a form has one.
fn naming(form: &Form) -> String {
    let said = |name: &str| values::field(form, name);
    let numbered = |name: &str| match said(name) {
        number if number.is_empty() => number,
        number => words::numbered(values::label(form, name), number),
    };
    let day = || {
        let date = form.date("service_date");
        date.map_or_else(
            || said("service_date"),
            |date| values::day(date, form.month("target_month")),
        )
    };
    let service = || form.text("service_code").map(service_name).unwrap_or_default();
    let parts = match form.layout().kind {
        FileKind::PlanSheet2 => vec![
            numbered("need_no"),
            numbered("goal_no"),
            numbered("service_no"),
            said("service_content"),
        ],
        FileKind::PreventionPlanSupport => vec![
            numbered("issue_no"),
            numbered("support_plan_no"),
            numbered("service_no"),
        ],
        FileKind::WeeklyPlan => vec![
            said("weekday"),
            values::span(form, "service_start_time", "service_end_time"),
            said("care_service_content"),
            values::span(form, "activity_start_time", "activity_end_time"),
            said("daily_activity"),
        ],
        FileKind::UseSlip => vec![
            day(),
            values::span(form, "start_time", "end_time"),
            service(),
            said("service_office_name"),
            said("equipment_name"),
        ],
        FileKind::UseSlipAnnex => vec![service(), said("service_office_name"), said("equipment_name")],
        _ => Vec::new(),
    };
    let said: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    said.join(&words::list_separator())
}

/// Everything that a record says, but for what is said of its whole document.
fn saying(form: &Form) -> String {
    const OF_EVERY_RECORD: &[&str] = &["csv_version", "insurer_number", "insured_number"];
    let of_record = |name: &str| !OF_EVERY_RECORD.contains(&name) && !OF_DOCUMENT.contains(&name);
    let filled = form.entries().filter(|(field, _)| of_record(field.name));
    let said = filled.map(|(field, value)| words::labelled(values::plain(field.name_ja), field_value(field, value)));
    let surplus = form
        .surplus()
        .map(|surplus| words::labelled(words::surplus_label(), values::plain(surplus)));
    said.chain(surplus).collect::<Vec<String>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_delivery_too_many_is_not_looked_into_and_that_is_said() {
        let most = limits::VERSIONS_LOOKED_INTO_MAX;
        assert_eq!(at_most(vec![0; most], most), (vec![0; most], false));
        assert_eq!(at_most(vec![0; most + 1], most), (vec![0; most], true));
        let search = Search {
            without: most,
            older: true,
            ..Search::default()
        };
        let said = search.remarks(Way::Out).concat();
        assert!(said.contains("100件"), "{said}");
    }

    #[test]
    fn one_change_too_many_is_counted() {
        let line = ChangeLine {
            kind: ChangeKind::Changed,
            record: String::new(),
            field: "頻度".to_owned(),
            before: "週1回".to_owned(),
            after: "週2回".to_owned(),
        };
        let most = limits::CHANGES_PER_FORM_MAX;
        for (count, more) in [(most, 0), (most + 1, 1)] {
            let (lines, left) = listed(vec![line.clone(); count]);
            assert_eq!((lines.len(), left), (most, more));
        }
    }

    #[test]
    fn what_is_not_here_is_said_and_nothing_is_called_new() {
        let said = |without, not_here, way| {
            let search = Search {
                without,
                not_here,
                ..Search::default()
            };
            search.remarks(way)
        };
        assert_eq!(said(0, 0, Way::Out), [says::none_sent()]);
        assert_eq!(said(0, 0, Way::In), [says::none_received()]);
        assert_eq!(said(2, 0, Way::In), [says::none_here(), says::without(2)]);
        assert_eq!(said(0, 3, Way::Out), [says::none_here(), says::sent_not_here(3)]);
        assert_eq!(
            said(1, 3, Way::In),
            [says::none_here(), says::without(1), says::received_not_here(3)]
        );
    }
}
