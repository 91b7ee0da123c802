//! What the files of one delivery say about each other: people, keys, images, versions.
//!
//! What the standard makes certain warns: a record that belongs to a parent or a supplement that is not there. What it
//! leaves open, such as a weekly plan without a line for somebody, is only noted. Nothing here blocks (D19).

use std::collections::{BTreeMap, HashMap, HashSet};

use care_csv::{FileFacts, RecordKey};
use care_model::{FileKind as K, Finding, FindingCode, FindingRule, NameMonth, Severity};

use crate::judge::Member;

/// Two kinds of files whose records are linked (標準仕様 4.1 別紙).
struct Pair {
    /// The file that leads: the other's records belong to its records.
    lead: K,
    /// The other.
    mate: K,
    /// What it weighs if the lead lacks somebody of the mate; none if it says nothing.
    lead_lacks: Option<Severity>,
    /// What it weighs if the mate lacks somebody of the lead.
    mate_lacks: Option<Severity>,
    /// Whether a date links them, which must be the same: the plan date or the consultation date.
    dated: bool,
}

const fn pair(lead: K, mate: K, lead_lacks: Option<Severity>, mate_lacks: Option<Severity>, dated: bool) -> Pair {
    Pair {
        lead,
        mate,
        lead_lacks,
        mate_lacks,
        dated,
    }
}

const WARNS: Option<Severity> = Some(Severity::Warns);
const NOTES: Option<Severity> = Some(Severity::Notes);

/// Every recipient has one record in the supplement and one in table 1; lines of the other tables belong to them.
/// The month links tables 6 and 7, and each file is compared with the month of its own name, so that is no key here.
const PAIRS: &[Pair] = &[
    pair(K::PlanSheet1, K::RecipientSupplement, WARNS, WARNS, true),
    pair(K::PlanSheet1, K::PlanSheet2, WARNS, NOTES, true),
    pair(K::PlanSheet1, K::WeeklyPlan, WARNS, NOTES, true),
    pair(K::UseSlip, K::RecipientSupplement, WARNS, WARNS, false),
    pair(K::UseSlip, K::UseSlipAnnex, WARNS, NOTES, false),
    pair(K::UseSlipAnnex, K::RecipientSupplement, None, WARNS, false),
    pair(K::PreventionPlan, K::PreventionPlanSupport, WARNS, None, true),
    pair(K::RecipientProfile, K::ProfileDay, WARNS, None, true),
    pair(K::RecipientProfile, K::ProfileMedicalHistory, WARNS, None, true),
    // Plan and basic information have no date in common.
    pair(K::PreventionPlan, K::RecipientProfile, NOTES, NOTES, false),
];

/// Compares the files of one delivery. Each file has at most one finding of a code and weight; further places are counted.
pub(crate) fn compare(members: &[Member<'_>]) -> Vec<(u32, Finding)> {
    let mut findings = Vec::new();
    compare_versions(members, &mut findings);
    compare_people(members, &mut findings);
    compare_images(members, &mut findings);
    findings
}

/// A file of the delivery whose records can be compared.
struct Side<'a> {
    number: u32,
    kind: K,
    /// The first record of each person.
    people: BTreeMap<u64, u32>,
    keys: &'a [RecordKey],
}

impl<'a> Side<'a> {
    fn of(members: &'a [Member<'_>], kind: K) -> Option<Self> {
        let member = members.iter().find(|member| member.name.kind == kind)?;
        let facts = member.file.facts.as_ref().filter(|facts| is_comparable(facts))?;
        let mut people = BTreeMap::new();
        for key in &facts.keys {
            people.entry(key.person).or_insert(key.row);
        }
        Some(Self {
            number: member.file.number,
            kind,
            people,
            keys: &facts.keys,
        })
    }

    /// The people of the other that are not here, by their record there.
    fn lacks(&self, other: &Self) -> Vec<(u64, u32)> {
        let others = other.people.iter();
        let mut missing: Vec<(u64, u32)> = others
            .filter(|(person, _)| !self.people.contains_key(person))
            .map(|(person, row)| (*person, *row))
            .collect();
        missing.sort_by_key(|(_, row)| *row);
        missing
    }
}

/// Whether the keys are all there and stand in the fields where they belong.
fn is_comparable(facts: &FileFacts) -> bool {
    let shifted = facts.findings.iter().any(|finding| match finding.code {
        FindingCode::Columns | FindingCode::LineTooLong | FindingCode::Empty => true,
        FindingCode::Quoting => finding.rule.is_none(),
        FindingCode::Encoding => finding.rule == Some(FindingRule::Utf16),
        _ => false,
    });
    !shifted && !facts.keys_cut && !facts.keys.is_empty()
}

/// Somebody whom a file lacks.
struct Lack {
    severity: Severity,
    person: u64,
    mate: K,
    row: u32,
}

fn compare_people(members: &[Member<'_>], findings: &mut Vec<(u32, Finding)>) {
    let mut lacking: BTreeMap<u32, Vec<Lack>> = BTreeMap::new();
    for pair in PAIRS {
        let (Some(lead), Some(mate)) = (Side::of(members, pair.lead), Side::of(members, pair.mate)) else {
            continue;
        };
        for (weight, side, other) in [(pair.lead_lacks, &lead, &mate), (pair.mate_lacks, &mate, &lead)] {
            let Some(severity) = weight else { continue };
            let lacks = side.lacks(other).into_iter().map(|(person, row)| Lack {
                severity,
                person,
                mate: other.kind,
                row,
            });
            lacking.entry(side.number).or_default().extend(lacks);
        }
        if pair.dated && by_date(members, pair.mate) {
            findings.extend(compare_keys(&lead, &mate));
        }
    }
    for (number, mut lacks) in lacking {
        // The heaviest first; each person counts once.
        lacks.sort_by_key(|lack| lack.severity);
        let mut told: HashSet<u64> = HashSet::new();
        for severity in [Severity::Warns, Severity::Notes] {
            let mut of_severity = lacks
                .iter()
                .filter(|lack| lack.severity == severity && told.insert(lack.person));
            let Some(first) = of_severity.next() else { continue };
            let mut finding = Finding::new(severity, FindingCode::RecipientsDiffer)
                .param("mate", first.mate.prefix())
                .param("mate_row", first.row);
            finding.more = u32::try_from(of_severity.count()).unwrap_or(u32::MAX);
            findings.push((number, finding));
        }
    }
}

/// Whether the records of a mate are linked by a date: those of a supplement only beside tables 1 to 3, where its name
/// has no month.
fn by_date(members: &[Member<'_>], mate: K) -> bool {
    let mut of_kind = members.iter().filter(|member| member.name.kind == mate);
    mate != K::RecipientSupplement || of_kind.all(|member| member.name.month == NameMonth::Zeros)
}

/// The records of the mate whose person the lead has, but under other dates.
fn compare_keys(lead: &Side<'_>, mate: &Side<'_>) -> Option<(u32, Finding)> {
    let known: HashSet<(u64, u64)> = lead.keys.iter().map(|key| (key.person, key.link)).collect();
    let mut others = mate
        .keys
        .iter()
        .filter(|key| lead.people.contains_key(&key.person) && !known.contains(&(key.person, key.link)));
    let first = others.next()?;
    let mut finding = Finding::warns(FindingCode::KeysDiffer)
        .at_row(first.row)
        .param("mate", lead.kind.prefix());
    finding.more = u32::try_from(others.count()).unwrap_or(u32::MAX);
    Some((mate.number, finding))
}

/// Files with another CSV version than most of their mates.
fn compare_versions(members: &[Member<'_>], findings: &mut Vec<(u32, Finding)>) {
    let versions: Vec<(u32, &str)> = members
        .iter()
        .filter_map(|member| {
            let version = member.file.facts.as_ref()?.csv_version.as_deref()?;
            Some((member.file.number, version))
        })
        .collect();
    let count = |version: &str| versions.iter().filter(|(_, found)| *found == version).count();
    // Of two that are as many, the one of the file that leads.
    let usual = versions.iter().rev().max_by_key(|(_, version)| count(version));
    let Some((_, usual)) = usual else { return };
    for (number, version) in versions.iter().filter(|(_, version)| version != usual) {
        let finding = Finding::warns(FindingCode::VersionMixed).rule(FindingRule::Unit);
        findings.push((*number, finding.param("version", version).param("other", usual)));
    }
}

/// Images that a record names and that are not there, and images that no record names.
fn compare_images(members: &[Member<'_>], findings: &mut Vec<(u32, Finding)>) {
    let Some(profile) = members.iter().find(|member| member.name.kind == K::RecipientProfile) else {
        return;
    };
    let Some(facts) = &profile.file.facts else { return };
    // The standard's rule and its example spell the extension differently, so case does not matter.
    let of_name = |name: &str| name.to_ascii_uppercase();
    let images: HashMap<String, u32> = members
        .iter()
        .filter(|member| member.name.kind.is_image())
        .map(|member| (of_name(member.name.as_str()), member.file.number))
        .collect();
    let mut missing = facts
        .images
        .iter()
        .filter(|image| !images.contains_key(&of_name(&image.name)));
    if let Some(first) = missing.next() {
        let mut finding = Finding::warns(FindingCode::ImageMissing)
            .at_row(first.row)
            .value(&first.name);
        finding.more = u32::try_from(missing.count()).unwrap_or(u32::MAX);
        findings.push((profile.file.number, finding));
    }
    if !is_comparable(facts) {
        return;
    }
    let named: HashSet<String> = facts.images.iter().map(|image| of_name(&image.name)).collect();
    for member in members.iter().filter(|member| member.name.kind.is_image()) {
        if !named.contains(&of_name(member.name.as_str())) {
            let finding = Finding::notes(FindingCode::ImageMissing).rule(FindingRule::Unnamed);
            findings.push((member.file.number, finding));
        }
    }
}
