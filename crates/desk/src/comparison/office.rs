//! The plan of an office against its actuals: how it stands with each care recipient, and what could not be read.

use std::{collections::HashMap, sync::Arc};

use care_model::{OfficeNumber, search_text::fold};
use care_reading::{Reading, Recipient, RecipientComparison, Sum, compare};
use desk_ipc::{ComparisonRow, ComparisonState, FindingView, OfficeView, ReadFileView};
use messages::{compare as states, comparison as says};

use super::gather::{Half, Reporter};
use crate::reading::{Bundle, services, values};

/// What came of an office.
pub(super) struct Outcome {
    pub(super) office: OfficeView,
    pub(super) remarks: Vec<String>,
    pub(super) files: Vec<ReadFileView>,
    pub(super) people: Vec<Person>,
}

/// A care recipient at an office.
pub(super) struct Person {
    pub(super) row: ComparisonRow,
    /// As it is searched.
    pub(super) folded: String,
    /// What was compared: services of the office that reports, and whatever else it reported.
    pub(super) compared: RecipientComparison,
    pub(super) planned: Option<Sum>,
    pub(super) actual: Option<Sum>,
    pub(super) findings: Vec<FindingView>,
}

/// Compares. `kept_days` is for how long copies are kept here.
pub(super) fn compared(office: OfficeView, reporter: Reporter, plan: &Half, actuals: &Half, kept_days: u32) -> Outcome {
    let (planned, done) = (plan.bundle.reading(), actuals.bundle.reading());
    let halves = [OfHalf::of(plan, &planned), OfHalf::of(actuals, &done)];
    let [plan_is_whole, actuals_are_whole] = [&halves[0], &halves[1]].map(|half| half.is_whole);
    let mut remarks = remarks(plan, &planned, &plan_words(), kept_days);
    remarks.extend(self::remarks(actuals, &done, &actuals_words(), kept_days));
    let mut files: Vec<ReadFileView> = plan.bundle.files(&planned);
    files.extend(actuals.bundle.files(&done));
    files.retain(|file| !file.remarks.is_empty() || !file.findings.is_empty());
    let people = compare(&planned, &done).recipients.into_iter().map(|mut recipient| {
        let provider = reporter.provider();
        let is_meant = |number: &str| provider.is_none_or(|office: OfficeNumber| office.as_str() == number);
        recipient.unreported.retain(|service| is_meant(&service.office_number));
        if !has_actual(&recipient) {
            // Nothing was reported: that is one matter, and not one for each day.
            recipient.services.retain(|service| is_meant(&service.office_number));
            recipient
                .services
                .iter_mut()
                .for_each(|service| service.differences.clear());
        }
        let state = state(&recipient, plan_is_whole, actuals_are_whole);
        let findings: Vec<FindingView> = halves.iter().flat_map(|half| half.findings(&recipient)).collect();
        person(&office, reporter, recipient, state, findings)
    });
    Outcome {
        people: people.collect(),
        office: office.clone(),
        remarks,
        files,
    }
}

/// How it stands. What cannot be read may hold what seems to be missing.
fn state(recipient: &RecipientComparison, plan_is_whole: bool, actuals_are_whole: bool) -> ComparisonState {
    let missing = match actuals_are_whole {
        true => ComparisonState::Missing,
        false => ComparisonState::Unclear,
    };
    match (has_plan(recipient), has_actual(recipient)) {
        (true, false) => missing,
        // One kind of service was reported and another was not.
        (true, true) if !recipient.unreported.is_empty() => missing,
        (true, true) if differences(recipient) > 0 => ComparisonState::Differs,
        (true, true) => ComparisonState::AsPlanned,
        (false, true) if plan_is_whole => ComparisonState::Unplanned,
        (false, true) => ComparisonState::Unclear,
        (false, false) => ComparisonState::NotTheirs,
    }
}

fn has_plan(recipient: &RecipientComparison) -> bool {
    !recipient.unreported.is_empty()
        || recipient
            .services
            .iter()
            .any(|service| !service.planned_days.is_empty())
}

fn has_actual(recipient: &RecipientComparison) -> bool {
    recipient.services.iter().any(|service| !service.actual_days.is_empty())
}

fn differences(recipient: &RecipientComparison) -> usize {
    recipient.services.iter().map(|service| service.differences.len()).sum()
}

fn person(
    office: &OfficeView,
    reporter: Reporter,
    recipient: RecipientComparison,
    state: ComparisonState,
    findings: Vec<FindingView>,
) -> Person {
    let ours = matches!(reporter, Reporter::Ours(_));
    let of_services = |of: fn(&care_reading::ServiceComparison) -> Sum| recipient.services.iter().map(of);
    let of_unreported = recipient.unreported.iter().map(|service| service.planned);
    let planned = has_plan(&recipient).then(|| total(of_services(|service| service.planned).chain(of_unreported)));
    let actual = has_actual(&recipient).then(|| total(of_services(|service| service.actual)));
    let in_words = |sum: Option<Sum>| sum.map(services::sum).unwrap_or_default();
    let row = ComparisonRow {
        // Given once all offices are in order.
        number: 0,
        office: office.clone(),
        ours,
        name: recipient.name.as_deref().map(values::plain),
        name_kana: recipient.name_kana.as_deref().map(values::plain),
        insured_number: values::plain(&recipient.insured_number),
        state,
        state_name: state_name(state, ours),
        planned: in_words(planned),
        actual: in_words(actual),
        balance: match (planned, actual) {
            (Some(planned), Some(actual)) => {
                says::balance(services::signed(actual.units.saturating_sub(planned.units)))
            }
            _ => String::new(),
        },
        differences: u32::try_from(differences(&recipient)).unwrap_or(u32::MAX),
        findings: u32::try_from(findings.len()).unwrap_or(u32::MAX),
    };
    let texts = [
        row.name.as_deref().unwrap_or_default(),
        row.name_kana.as_deref().unwrap_or_default(),
        row.insured_number.as_str(),
        office.name.as_str(),
        office.number.as_str(),
        row.state_name.as_str(),
    ];
    Person {
        folded: fold(&texts.join(" ")),
        row,
        compared: recipient,
        planned,
        actual,
        findings,
    }
}

/// A state in words.
fn state_name(state: ComparisonState, ours: bool) -> String {
    match state {
        ComparisonState::Missing if ours => says::missing_ours(),
        ComparisonState::Missing => states::state_missing(),
        ComparisonState::Unclear => states::state_unclear(),
        ComparisonState::Differs => states::state_differs(),
        ComparisonState::Unplanned => states::state_unplanned(),
        ComparisonState::AsPlanned => states::state_as_planned(),
        ComparisonState::NotTheirs => states::state_not_theirs(),
    }
}

/// Times and units of several.
fn total(sums: impl Iterator<Item = Sum>) -> Sum {
    sums.fold(Sum::default(), |all, one| Sum {
        count: all.count.saturating_add(one.count),
        units: all.units.saturating_add(one.units),
    })
}

/// One side while its office is compared.
struct OfHalf<'a> {
    bundle: &'a Bundle,
    people: HashMap<(&'a str, &'a str), &'a Recipient>,
    is_whole: bool,
}

impl<'a> OfHalf<'a> {
    fn of(half: &'a Half, reading: &'a Reading) -> Self {
        let people = reading.recipients.iter();
        let people = people.map(|one| ((one.insurer_number.as_str(), one.insured_number.as_str()), one));
        Self {
            bundle: &half.bundle,
            people: people.collect(),
            is_whole: half.waiting == 0 && half.not_here == 0 && half.too_large == 0 && half.bundle.is_whole(reading),
        }
    }

    /// What was found in the records of a care recipient that were compared.
    fn findings(&self, compared: &RecipientComparison) -> Vec<FindingView> {
        let key = (compared.insurer_number.as_str(), compared.insured_number.as_str());
        let sheets = self
            .people
            .get(&key)
            .into_iter()
            .flat_map(|recipient| recipient.sheets());
        sheets
            .filter(|sheet| compared.files.iter().any(|file| Arc::ptr_eq(file, &sheet.file)))
            .flat_map(|sheet| self.bundle.findings_in(sheet))
            .cloned()
            .collect()
    }
}

/// The words for what one side lacks.
struct Lacks {
    waiting: fn(u32) -> String,
    not_here: fn(u32, u32) -> String,
    too_large: fn(u32) -> String,
    nobody: fn(usize) -> String,
}

fn plan_words() -> Lacks {
    Lacks {
        waiting: says::plan_waiting,
        not_here: says::plan_not_here,
        too_large: says::plan_too_large,
        nobody: says::plan_nobody,
    }
}

fn actuals_words() -> Lacks {
    Lacks {
        waiting: says::actuals_waiting,
        not_here: says::actuals_not_here,
        too_large: says::actuals_too_large,
        nobody: says::actuals_nobody,
    }
}

/// What could not be read of one side.
fn remarks(half: &Half, reading: &Reading, words: &Lacks, kept_days: u32) -> Vec<String> {
    let mut said = Vec::new();
    if half.waiting > 0 {
        said.push((words.waiting)(half.waiting));
    }
    if half.not_here > 0 {
        said.push((words.not_here)(half.not_here, kept_days));
    }
    if half.too_large > 0 {
        said.push((words.too_large)(half.too_large));
    }
    let records: usize = reading.unassigned.iter().map(|sheet| sheet.rows.len()).sum();
    if records > 0 {
        said.push((words.nobody)(records));
    }
    said
}

#[cfg(test)]
mod tests {
    use care_reading::{Change, Days, Difference, ServiceComparison, Side, Unreported};

    use super::*;

    /// A care recipient with one service, planned or done or both, and maybe one that its office did not report.
    fn recipient(planned: bool, done: bool, differs: bool, unreported: bool) -> RecipientComparison {
        let days = |there: bool| -> Days { there.then_some((None, 1)).into_iter().collect() };
        let difference = Difference {
            date: None,
            change: Change::Time,
            planned: None,
            actual: None,
        };
        RecipientComparison {
            insurer_number: String::new(),
            insured_number: String::new(),
            name: None,
            name_kana: None,
            side: Side::Both,
            services: vec![ServiceComparison {
                month: None,
                office_number: "9970101003".to_owned(),
                office_name: String::new(),
                service_code: "111111".to_owned(),
                as_planned: 0,
                differences: differs.then_some(difference).into_iter().collect(),
                planned: Sum::default(),
                actual: Sum::default(),
                planned_days: days(planned),
                actual_days: days(done),
            }],
            unreported: unreported
                .then(|| Unreported {
                    month: None,
                    office_number: "9970101003".to_owned(),
                    office_name: String::new(),
                    service_code: "A21111".to_owned(),
                    planned: Sum::default(),
                    planned_days: days(true),
                })
                .into_iter()
                .collect(),
            files: Vec::new(),
        }
    }

    #[test]
    fn what_cannot_be_read_makes_nobody_miss_anything() {
        use ComparisonState::{AsPlanned, Differs, Missing, NotTheirs, Unclear, Unplanned};

        // Planned, done, differs, unreported; whether all plans were read, and all actuals.
        for (there, (plan_is_whole, actuals_are_whole), wanted) in [
            ((true, false, false, false), (true, true), Missing),
            ((true, false, false, false), (false, true), Missing),
            ((true, false, false, false), (true, false), Unclear),
            ((false, false, false, true), (true, true), Missing),
            ((true, true, true, true), (true, true), Missing),
            ((true, true, false, true), (true, false), Unclear),
            ((true, true, true, false), (true, true), Differs),
            ((true, true, false, false), (false, false), AsPlanned),
            ((false, true, true, false), (true, true), Unplanned),
            ((false, true, true, false), (false, true), Unclear),
            ((false, false, false, false), (true, true), NotTheirs),
        ] {
            let (planned, done, differs, unreported) = there;
            let recipient = recipient(planned, done, differs, unreported);
            let found = state(&recipient, plan_is_whole, actuals_are_whole);
            assert_eq!(found, wanted, "{there:?}");
        }
    }

    #[test]
    fn each_state_has_words_and_this_office_is_told_what_it_owes() {
        use ComparisonState::{AsPlanned, Differs, Missing, NotTheirs, Unclear, Unplanned};

        let all = [Missing, Unclear, Differs, Unplanned, AsPlanned, NotTheirs];
        let mut words: Vec<String> = all.into_iter().map(|state| state_name(state, false)).collect();
        words.push(state_name(Missing, true));
        words.sort();
        words.dedup();
        assert_eq!(words.len(), 7);
    }
}
