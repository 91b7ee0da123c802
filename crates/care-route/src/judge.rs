//! Judging one group of files: which unit it is, what it lacks, who it is from and for.

use care_model::{
    Address, Edition, ExchangeFileName, FileKind, Finding, FindingCode, FindingRule, NameMonth, OfficeNumber,
    OfficeRole, SendUnit, Serial, ServiceKind, ServiceMonth, UnitMatch, UnitMonth, limits,
};

use crate::mates;
use crate::plan::{PlannedDelivery, SourceFile};

/// A file with its name.
pub(crate) struct Member<'a> {
    pub(crate) file: &'a SourceFile,
    pub(crate) name: ExchangeFileName,
    pub(crate) findings: Vec<Finding>,
}

impl<'a> Member<'a> {
    pub(crate) fn new(file: &'a SourceFile, name: ExchangeFileName) -> Self {
        Self {
            file,
            name,
            findings: Vec::new(),
        }
    }
}

/// Files with the same sender, destination and serial.
pub(crate) struct Group<'a> {
    from: Address,
    to: Address,
    serial: Serial,
    members: Vec<Member<'a>>,
    nearest: Option<UnitMatch>,
    findings: Vec<Finding>,
}

impl<'a> Group<'a> {
    pub(crate) fn new(from: Address, to: Address, serial: Serial, mut members: Vec<Member<'a>>) -> Self {
        let edition = if from.kind.is_some() { Edition::V4 } else { Edition::V3 };
        let kinds: Vec<_> = members
            .iter()
            .map(|member| (member.name.kind, member.name.month))
            .collect();
        let nearest = SendUnit::nearest(edition, from, to, &kinds);
        members.sort_by_key(|member| {
            let unit = nearest.as_ref().map(|found| found.unit);
            let place = unit.and_then(|unit| unit.members.iter().position(|m| m.kind == member.name.kind));
            (place.unwrap_or(usize::MAX), member.name.branch, member.file.number)
        });
        Self {
            from,
            to,
            serial,
            members,
            nearest,
            findings: Vec::new(),
        }
    }

    fn missing(&self) -> &[FileKind] {
        self.nearest.as_ref().map_or(&[], |found| &found.missing)
    }

    /// Whether all of these files are what another group lacks.
    fn completes(&self, other: &Group<'_>) -> bool {
        let missing = other.missing();
        !missing.is_empty() && self.members.iter().all(|member| missing.contains(&member.name.kind))
    }
}

/// Tells groups that would be one if a serial, a destination or the form of a name were the same.
pub(crate) fn explain_neighbours(groups: &mut [Group<'_>]) {
    let incomplete: Vec<usize> = (0..groups.len())
        .filter(|at| !groups[*at].missing().is_empty())
        .collect();
    // Two of a hundred groups are near at most; the square of a few incomplete ones is nothing.
    let incomplete = &incomplete[..incomplete.len().min(NEIGHBOURS_MAX)];
    for (at, &first) in incomplete.iter().enumerate() {
        for &second in &incomplete[at + 1..] {
            let (a, b) = (&groups[first], &groups[second]);
            // One explanation for each group is enough; ten stray files must not explain ten units each.
            if !a.findings.is_empty() || !b.findings.is_empty() || !(a.completes(b) || b.completes(a)) {
                continue;
            }
            // The one with fewer files is the one that went astray.
            let (whole, part) = if a.members.len() >= b.members.len() {
                (a, b)
            } else {
                (b, a)
            };
            if let Some(finding) = difference(whole, part) {
                groups[first].findings.push(finding.clone());
                groups[second].findings.push(finding);
            }
        }
    }
}

/// What keeps two groups apart, if it is one thing.
fn difference(whole: &Group<'_>, part: &Group<'_>) -> Option<Finding> {
    let same_offices = whole.from.office == part.from.office && whole.to.office == part.to.office;
    let same_serial = whole.serial == part.serial;
    if whole.from == part.from && whole.to == part.to {
        let finding = Finding::blocks(FindingCode::SerialMismatch);
        Some(finding.param("serial", whole.serial).param("other", part.serial))
    } else if same_offices && same_serial {
        let same_edition = whole.from.kind.is_some() == part.from.kind.is_some();
        Some(Finding::blocks(FindingCode::Name).rule(if same_edition {
            FindingRule::ServiceKind
        } else {
            FindingRule::OldStyle
        }))
    } else if whole.from == part.from && same_serial {
        let finding = Finding::blocks(FindingCode::OfficeMismatch).rule(FindingRule::Destinations);
        Some(finding.param("office", whole.to).param("other", part.to))
    } else {
        None
    }
}

/// Incomplete groups that are compared with each other.
const NEIGHBOURS_MAX: usize = 200;

/// Makes the planned delivery of a group.
pub(crate) fn judge(sender: OfficeNumber, sender_kinds: &[ServiceKind], group: Group<'_>) -> PlannedDelivery {
    let mut findings = group.findings;
    judge_offices(sender, sender_kinds, group.from, group.to, &mut findings);
    let unit = group.nearest.as_ref().map(|found| found.unit);
    let mut file_findings: Vec<(u32, Finding)> = Vec::new();
    if let Some(nearest) = &group.nearest {
        judge_unit(nearest, group.from, group.to, &mut findings);
    }
    if group.members.len() > limits::STANDARD_FILES_MAX {
        findings.push(Finding::blocks(FindingCode::FilesTooMany).param("max", limits::STANDARD_FILES_MAX));
    }
    let mut kinds: Vec<FileKind> = group.members.iter().map(|member| member.name.kind).collect();
    kinds.sort_unstable();
    for pair in kinds.windows(2) {
        if let [a, b] = pair
            && a == b
            && !a.is_image()
        {
            findings.push(Finding::blocks(FindingCode::MateSurplus).param("surplus", a.prefix()));
        }
    }
    let lead_month = usual_month(&group.members);
    for member in &group.members {
        let number = member.file.number;
        let facts = member
            .file
            .facts
            .iter()
            .flat_map(|facts| facts.findings.iter().cloned());
        let mut all: Vec<Finding> = facts.chain(member.findings.iter().cloned()).collect();
        judge_name(member, unit, lead_month, &mut all);
        all.extend(for_another_office(member, group.to));
        file_findings.extend(all.into_iter().map(|finding| (number, finding.in_file(number))));
    }
    let across = mates::compare(&group.members).into_iter();
    file_findings.extend(across.map(|(number, finding)| (number, finding.in_file(number))));
    // Of one file all findings stand together.
    let place = |number: u32| group.members.iter().position(|member| member.file.number == number);
    file_findings.sort_by_key(|(number, _)| place(*number));
    let facts = group.members.iter().filter_map(|member| member.file.facts.as_ref());
    let blocked = findings.iter().any(Finding::is_blocking) || file_findings.iter().any(|(_, f)| f.is_blocking());
    PlannedDelivery {
        from: group.from,
        to: group.to,
        serial: group.serial,
        unit,
        files: group.members.iter().map(|member| member.file.number).collect(),
        month: lead_month,
        recipients: facts.map(|facts| facts.recipients).max(),
        findings,
        file_findings,
        blocked,
    }
}

/// The month that most names say; of two that are as many, the one of the file that leads.
fn usual_month(members: &[Member<'_>]) -> Option<ServiceMonth> {
    let months: Vec<_> = members
        .iter()
        .filter_map(|member| member.name.service_month())
        .collect();
    let count = |month: &ServiceMonth| months.iter().filter(|found| *found == month).count();
    months.iter().rev().max_by_key(|month| count(month)).copied()
}

fn judge_offices(
    sender: OfficeNumber,
    sender_kinds: &[ServiceKind],
    from: Address,
    to: Address,
    findings: &mut Vec<Finding>,
) {
    if from.office != sender {
        // The standard's own examples of actuals swap the offices and not their kinds.
        let rule = if to.office == sender {
            FindingRule::Swapped
        } else {
            FindingRule::Sender
        };
        let finding = Finding::blocks(FindingCode::OfficeMismatch).rule(rule);
        findings.push(finding.param("office", sender).param("found", from.office));
    } else if let Some(kind) = from.kind
        && !sender_kinds.is_empty()
        && !sender_kinds.contains(&kind)
    {
        let finding = Finding::blocks(FindingCode::OfficeMismatch).rule(FindingRule::SenderKind);
        findings.push(finding.param("kind", kind));
    }
    if from == to {
        findings.push(Finding::blocks(FindingCode::DestinationIsSender));
    }
    // This office's own number is registered; of the other one a slip of the pen may be told.
    if from.office == sender && !to.office.check_digit_fits() {
        let finding = Finding::notes(FindingCode::CheckDigit).rule(FindingRule::OfficeNumber);
        findings.push(finding.param("number", to.office));
    }
    for address in [from, to] {
        if let Some(kind) = address.kind
            && kind.name_ja().is_none()
        {
            findings.push(Finding::warns(FindingCode::ScopeName).param("kind", kind));
        }
    }
}

fn judge_unit(nearest: &UnitMatch, from: Address, to: Address, findings: &mut Vec<Finding>) {
    for kind in &nearest.missing {
        findings.push(Finding::blocks(FindingCode::MateMissing).param("missing", kind.prefix()));
    }
    for kind in &nearest.surplus {
        findings.push(Finding::blocks(FindingCode::MateSurplus).param("surplus", kind.prefix()));
    }
    for kind in &nearest.expected {
        // Images are named one by one in the records; without a name there is none to miss.
        if !kind.is_image() {
            findings.push(Finding::notes(FindingCode::MateExpected).param("missing", kind.prefix()));
        }
    }
    if let (Some(from), Some(to)) = (from.party(), to.party())
        && !nearest.unit.fits_direction(from.role(), to.role())
    {
        findings.push(Finding::warns(FindingCode::Direction));
    }
}

fn judge_name(
    member: &Member<'_>,
    unit: Option<&'static SendUnit>,
    month: Option<ServiceMonth>,
    findings: &mut Vec<Finding>,
) {
    let name = &member.name;
    if !name.extension_as_printed() {
        findings.push(Finding::notes(FindingCode::Extension));
    }
    for (is_so, rule) in [
        (!name.letters_as_printed(), FindingRule::Case),
        (name.has_stray_month(), FindingRule::StrayMonth),
    ] {
        if is_so {
            let finding = Finding::warns(FindingCode::Name).rule(rule);
            findings.push(finding.param("suggestion", name.corrected()));
        }
    }
    if name.kind == FileKind::RecipientSupplement
        && let Some(unit) = unit.filter(|unit| unit.has(name.kind))
        && matches!(name.month, NameMonth::Of(_)) != (unit.month == UnitMonth::Target)
    {
        findings.push(Finding::warns(FindingCode::HosokuMonth));
    } else if let (Some(found), Some(named)) = (name.service_month(), month)
        && found != named
    {
        let finding = Finding::warns(FindingCode::MonthMismatch).rule(FindingRule::Unit);
        findings.push(finding.param("named", named).param("found", found));
    }
}

/// Records that name offices, and the destination not once: by a slip of the hand the file may be for another one.
///
/// A use slip may list all services of a person, so others beside the destination say nothing. Between those who manage
/// care (委託) the records name neither.
fn for_another_office(member: &Member<'_>, to: Address) -> Option<Finding> {
    if to.kind.is_none_or(|kind| kind.role() != OfficeRole::Service) {
        return None;
    }
    let named: Vec<_> = (member.file.facts.iter())
        .flat_map(|facts| &facts.offices)
        .filter_map(|office| Some((OfficeNumber::parse(&office.number).ok()?, office)))
        .collect();
    if named.iter().any(|(number, _)| *number == to.office) {
        return None;
    }
    let (found, first) = named.first()?;
    let finding = Finding::warns(FindingCode::OtherOffice)
        .at_row(first.row)
        .at_column(first.column);
    Some(finding.param("office", to.office).param("found", found))
}
