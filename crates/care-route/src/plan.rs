//! Grouping files into deliveries.

use std::collections::{BTreeMap, HashMap};

use care_csv::FileFacts;
use care_model::limits::BULK_DELIVERIES_MAX;
use care_model::{
    Address, Digest, ExchangeFileName, Finding, FindingCode, FindingRule, NameReading, OfficeNumber, SendUnit, Serial,
    ServiceKind, ServiceMonth,
};

use crate::judge::{Group, Member, explain_neighbours, judge};
use crate::likely::likely_name;

/// One file to be planned.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// The caller's number for it; each number once.
    pub number: u32,
    /// Its name, without any folder.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// The digest of its bytes.
    pub digest: Digest,
    /// What it says about itself; none for a file that is not one of the standard or could not be read yet.
    pub facts: Option<FileFacts>,
}

/// Where every file goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The deliveries by serial, then destination; at most [`BULK_DELIVERIES_MAX`].
    pub deliveries: Vec<PlannedDelivery>,
    /// The deliveries beyond the hundred, in the same order: the next batch.
    pub over_limit: Vec<PlannedDelivery>,
    /// Files that are not of the standard: attachments, if they may be.
    pub attachments: Vec<u32>,
    /// Files that are in no delivery, each with its reasons.
    pub unplaced: Vec<(u32, Vec<Finding>)>,
    /// Findings that belong to no single delivery or file.
    pub findings: Vec<Finding>,
}

/// One delivery: one destination, one service kind, one serial (D1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedDelivery {
    /// The sender as the names say; without a kind in names of edition 3.
    pub from: Address,
    /// The destination as the names say.
    pub to: Address,
    /// The serial.
    pub serial: Serial,
    /// The unit it is, or the one it is nearest to. Always there for a delivery that is not blocked.
    pub unit: Option<&'static SendUnit>,
    /// Its files, in the order in which the unit lists them.
    pub files: Vec<u32>,
    /// Its month of service, for units that have one.
    pub month: Option<ServiceMonth>,
    /// Its care recipients, as the records say.
    pub recipients: Option<u32>,
    /// Findings of the unit as a whole.
    pub findings: Vec<Finding>,
    /// Findings of its files; each also names its file.
    pub file_findings: Vec<(u32, Finding)>,
    /// Whether anything in it blocks.
    pub blocked: bool,
}

impl PlannedDelivery {
    /// Findings of one of its files.
    pub fn findings_of(&self, file: u32) -> impl Iterator<Item = &Finding> {
        self.file_findings
            .iter()
            .filter(move |(number, _)| *number == file)
            .map(|(_, finding)| finding)
    }

    /// Whether anything in it wants a person's confirmation.
    pub fn warns(&self) -> bool {
        let of_files = self.file_findings.iter().map(|(_, finding)| finding);
        let mut all = self.findings.iter().chain(of_files);
        all.any(|finding| finding.severity == care_model::Severity::Warns)
    }
}

impl Plan {
    /// The distinct destinations of all deliveries, in order. 新規作成 sends to one only.
    pub fn destinations(&self) -> Vec<Address> {
        let mut all: Vec<Address> = self.deliveries.iter().chain(&self.over_limit).map(|d| d.to).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Plans the deliveries of these files.
///
/// `sender` is the office that is signed in; `sender_kinds` are its service kinds, or empty if they are not known.
pub fn plan(sender: OfficeNumber, sender_kinds: &[ServiceKind], files: &[SourceFile]) -> Plan {
    let mut plan = Plan::default();
    let sorted = sort_names(files, &mut plan);
    let mut groups: Vec<Group<'_>> = sorted
        .into_iter()
        .map(|((serial, to, from), members)| Group::new(from, to, serial, members))
        .collect();
    explain_neighbours(&mut groups);
    plan.deliveries = groups
        .into_iter()
        .map(|group| judge(sender, sender_kinds, group))
        .collect();
    if plan.deliveries.len() > BULK_DELIVERIES_MAX {
        plan.over_limit = plan.deliveries.split_off(BULK_DELIVERIES_MAX);
        let finding = Finding::notes(FindingCode::OverLimit);
        let finding = finding.param("max", BULK_DELIVERIES_MAX);
        plan.findings.push(finding.param("rest", plan.over_limit.len()));
    }
    plan
}

type Grouped<'a> = BTreeMap<(Serial, Address, Address), Vec<Member<'a>>>;

/// Sorts the files by their names: into groups, attachments and files that have no place.
fn sort_names<'a>(files: &'a [SourceFile], plan: &mut Plan) -> Grouped<'a> {
    let mut grouped = Grouped::new();
    let mut seen: HashMap<String, (u32, Digest)> = HashMap::new();
    let mut strays: Vec<(&SourceFile, Finding)> = Vec::new();
    let mut foreign: Vec<&SourceFile> = Vec::new();
    let mut copies: Vec<(&SourceFile, ExchangeFileName)> = Vec::new();
    let mut differing: Vec<String> = Vec::new();
    // Of two copies the one with the lower number is sent, in whatever order they come.
    let mut files: Vec<&SourceFile> = files.iter().collect();
    files.sort_by_key(|file| file.number);
    for file in files {
        match NameReading::of(&file.name) {
            NameReading::Standard(name) => {
                // Two names that differ in case only are one name for whoever imports them.
                let key = name.canonical();
                match seen.get(&key) {
                    None => {
                        seen.insert(key, (file.number, file.digest));
                        let group = (name.serial, name.to, name.from);
                        grouped.entry(group).or_default().push(Member::new(file, name));
                    }
                    Some((_, digest)) if *digest == file.digest => {
                        strays.push((file, duplicate_of(&name)));
                    }
                    Some(_) => {
                        let finding = Finding::blocks(FindingCode::Duplicate).rule(FindingRule::Differs);
                        strays.push((file, finding.param("name", &name)));
                        differing.push(key);
                    }
                }
            }
            NameReading::Copy { of } => copies.push((file, of)),
            NameReading::Near { rule, suggestion } => {
                let mut finding = Finding::blocks(FindingCode::Name).rule(rule);
                if let Some(name) = suggestion {
                    finding = finding.param("suggestion", name.canonical());
                }
                strays.push((file, finding));
            }
            NameReading::Foreign => foreign.push(file),
        }
    }
    for (file, of) in copies {
        let original = seen.get(&of.canonical());
        let finding = if original.is_some_and(|(_, digest)| *digest == file.digest) {
            duplicate_of(&of)
        } else {
            let finding = Finding::blocks(FindingCode::Name).rule(FindingRule::CopyMark);
            finding.param("suggestion", &of)
        };
        strays.push((file, finding));
    }
    // The same name with two contents: nobody can tell which is meant, so the one in the unit blocks as well.
    for member in grouped.values_mut().flatten() {
        if differing.contains(&member.name.canonical()) {
            let finding = Finding::blocks(FindingCode::Duplicate).rule(FindingRule::Differs);
            member.findings.push(finding.param("name", &member.name));
        }
    }
    let standard: HashMap<Digest, &ExchangeFileName> = grouped
        .values()
        .flatten()
        .filter(|member| !member.name.kind.is_image())
        .map(|member| (member.file.digest, &member.name))
        .collect();
    let mut attached: HashMap<(&str, Digest), u32> = HashMap::new();
    for file in foreign {
        if let Some(name) = standard.get(&file.digest) {
            strays.push((file, duplicate_of(name)));
        } else if attached.insert((&file.name, file.digest), file.number).is_some() {
            strays.push((file, Finding::warns(FindingCode::Duplicate).param("name", &file.name)));
        } else {
            plan.attachments.push(file.number);
        }
    }
    let unexplained = strays
        .iter_mut()
        .filter(|(_, finding)| finding.code == FindingCode::Name && !finding.params.contains_key("suggestion"));
    for (file, finding) in unexplained.take(UNEXPLAINED_MAX) {
        if let Some(name) = likely_name(&file.name, grouped.values().map(Vec::as_slice)) {
            finding.params.insert("suggestion".to_owned(), name.canonical());
        }
    }
    strays.sort_by_key(|(file, _)| file.number);
    plan.unplaced = strays
        .into_iter()
        .map(|(file, finding)| (file.number, vec![finding.in_file(file.number)]))
        .collect();
    grouped
}

/// Names that are compared with the other files to find what they should be.
const UNEXPLAINED_MAX: usize = 200;

fn duplicate_of(name: &ExchangeFileName) -> Finding {
    Finding::warns(FindingCode::Duplicate).param("name", name)
}
