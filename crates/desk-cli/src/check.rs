//! `check` and `plan`: the pure crates over files, without profile, sign-in or server.

use std::{
    fs,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use care_csv::ChangeKind;
use care_model::{Digest, Finding, FindingCode, NameReading, OfficeNumber, OfficeRole, ProblemCode, Severity, limits};
use care_route::{Plan, PlannedDelivery, SourceFile};
use desk_ipc::CommandError;
use serde::Serialize;

use crate::{
    arguments::{Check, CheckAndFix},
    explain, files, fix,
    output::{Failure, Output},
};

/// A finding, for programs (D24).
#[derive(Debug, Serialize)]
pub(crate) struct FindingLine {
    severity: &'static str,
    code: &'static str,
    file: Option<String>,
    row: Option<u32>,
    column: Option<u32>,
    field: Option<String>,
    rule: Option<&'static str>,
    message: String,
    remedy: String,
    /// What would put it right without guessing: the name that the file should have, or the kind of change that
    /// `--fix` makes.
    fix: Option<String>,
}

/// What a plan holds, for programs.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum PlanLine {
    /// One delivery.
    Delivery {
        from: String,
        to: String,
        serial: String,
        unit: Option<&'static str>,
        unit_name: String,
        month: Option<String>,
        recipients: Option<u32>,
        files: Vec<String>,
        blocked: bool,
        findings: Vec<FindingLine>,
    },
    /// A file that goes along as an attachment.
    Attachment { file: String },
    /// A file that is in no delivery.
    Unplaced { file: String, findings: Vec<FindingLine> },
    /// What belongs to no single delivery or file.
    Findings { findings: Vec<FindingLine> },
}

/// Files that were read, and what becomes of them.
pub(crate) struct Planned {
    /// The names of the files by their number.
    pub(crate) names: Vec<String>,
    /// Where they are.
    pub(crate) paths: Vec<PathBuf>,
    plan: Plan,
}

/// Prints every finding, then the tally, then what was repaired; blocked if one of the findings blocks.
pub(crate) fn check(given: &CheckAndFix, output: &Output) -> Result<(), Failure> {
    let planned = read(&given.files)?;
    let findings = planned.findings();
    for finding in &findings {
        planned.say(finding, output);
    }
    let [blocks, warns, notes] = tally(&findings);
    let files = planned.names.len();
    output.hint(&match blocks + warns + notes {
        0 => messages::cli::check_clean(files),
        _ => messages::cli::check_done(files, blocks, warns, notes),
    });
    if let Some(folder) = &given.fix {
        fix::fix(&planned, &findings, folder, output)?;
    }
    // Also with --fix: whoever made the files wants to know what they are like.
    if blocks > 0 { Err(Failure::Told) } else { Ok(()) }
}

/// How many findings block, warn and note.
pub(crate) fn tally(findings: &[Finding]) -> [usize; 3] {
    let mut tally = [0; 3];
    for finding in findings {
        tally[match finding.severity {
            Severity::Blocks => 0,
            Severity::Warns => 1,
            Severity::Notes => 2,
        }] += 1;
    }
    tally
}

/// Prints every delivery that the files would become; blocked if one of them is, or if a file is in none.
pub(crate) fn plan(given: &Check, output: &Output) -> Result<(), Failure> {
    let planned = read(given)?;
    let plan = &planned.plan;
    let deliveries = plan.deliveries.iter().chain(&plan.over_limit);
    for (index, delivery) in deliveries.enumerate() {
        let line = planned.delivery(delivery);
        output.say(&line, || planned.delivery_text(index + 1, delivery));
    }
    for number in &plan.attachments {
        let file = planned.name(*number);
        let text = messages::cli::plan_attachment(&file);
        output.say(&PlanLine::Attachment { file }, || vec![text]);
    }
    for (number, findings) in &plan.unplaced {
        let file = planned.name(*number);
        let line = PlanLine::Unplaced {
            file: file.clone(),
            findings: findings.iter().map(|finding| planned.line(finding)).collect(),
        };
        output.say(&line, || {
            let mut text = vec![messages::cli::plan_unplaced(&file)];
            text.extend(findings.iter().map(|finding| planned.indented(finding)));
            text
        });
    }
    if !plan.findings.is_empty() {
        let findings = plan.findings.iter().map(|finding| planned.line(finding)).collect();
        output.say(&PlanLine::Findings { findings }, || {
            plan.findings.iter().map(|finding| planned.indented(finding)).collect()
        });
    }
    if plan.deliveries.is_empty() && plan.attachments.is_empty() && plan.unplaced.is_empty() {
        output.hint(&messages::cli::plan_nothing());
    }
    let blocked =
        plan.deliveries.iter().any(|delivery| delivery.blocked) || planned.findings().iter().any(Finding::is_blocking);
    if blocked { Err(Failure::Told) } else { Ok(()) }
}

/// Reads the files and plans them.
fn read(given: &Check) -> Result<Planned, Failure> {
    let mut names = Vec::new();
    let mut sources = Vec::new();
    let paths = files::expand(&given.paths)?;
    for (number, path) in (0..).zip(&paths) {
        let source = source(number, path)?;
        names.push(source.name.clone());
        sources.push(source);
    }
    // Without a single standard name there is nothing to plan, and no sender matters.
    let sender = given.office.or_else(|| names.iter().find_map(|name| sender_of(name)));
    let plan = match sender {
        Some(sender) => care_route::plan(sender, &[], &sources),
        None => without_sender(&sources),
    };
    Ok(Planned { names, paths, plan })
}

/// One file with its digest and, if it is of the standard, what it says about itself.
fn source(number: u32, path: &Path) -> Result<SourceFile, Failure> {
    let name = files::name_of(path);
    let unreadable = |_| files::unreadable(path);
    let size_bytes = fs::metadata(path).map_err(unreadable)?.len();
    let reading = NameReading::of(&name);
    let max_mb = |bytes: u64| bytes / (1_024 * 1_024);
    let (digest, facts) = match reading.standard() {
        // It could not be sent either.
        Some(standard) if size_bytes > limits::STANDARD_FILE_BYTES_MAX => {
            let max_mb = max_mb(limits::STANDARD_FILE_BYTES_MAX);
            return Err(Failure::Unread(messages::reading::file_too_large(standard, max_mb)));
        }
        Some(standard) => {
            let file = File::open(path).map_err(unreadable)?;
            let read = care_csv::read(standard, BufReader::new(file)).map_err(unreadable)?;
            (read.digest, Some(read.facts))
        }
        None if size_bytes > limits::ATTACHMENT_BYTES_MAX => {
            return Err(CommandError::new(ProblemCode::AttachmentTooLarge)
                .with("max_mb", max_mb(limits::ATTACHMENT_BYTES_MAX))
                .into());
        }
        None => (Digest::of(&fs::read(path).map_err(unreadable)?), None),
    };
    Ok(SourceFile {
        number,
        name,
        size_bytes,
        digest,
        facts,
    })
}

/// The office that a name says it is from; a name that is nearly right says it too.
fn sender_of(name: &str) -> Option<OfficeNumber> {
    match NameReading::of(name) {
        NameReading::Standard(name) | NameReading::Copy { of: name } => Some(name.from.office),
        NameReading::Near { suggestion, .. } => suggestion.map(|name| name.from.office),
        NameReading::Foreign => None,
    }
}

/// What becomes of files of which none names a sender.
fn without_sender(sources: &[SourceFile]) -> Plan {
    let mut plan = Plan::default();
    for source in sources {
        match NameReading::of(&source.name) {
            NameReading::Near { rule, .. } => {
                let finding = Finding::blocks(FindingCode::Name).rule(rule).in_file(source.number);
                plan.unplaced.push((source.number, vec![finding]));
            }
            _ => plan.attachments.push(source.number),
        }
    }
    plan
}

impl Planned {
    /// Every finding in the order of files; those of no single file last. Each names its file where there is one.
    fn findings(&self) -> Vec<Finding> {
        let mut all = Vec::new();
        let plan = &self.plan;
        for (number, findings) in &plan.unplaced {
            all.extend(findings.iter().map(|finding| finding.clone().in_file(*number)));
        }
        for delivery in plan.deliveries.iter().chain(&plan.over_limit) {
            let of_files = delivery.file_findings.iter();
            all.extend(of_files.map(|(number, finding)| finding.clone().in_file(*number)));
            // A finding of the unit has no place of its own; its first file leads to it.
            all.extend(
                delivery
                    .findings
                    .iter()
                    .map(|finding| match (finding.file, delivery.files.first()) {
                        (None, Some(first)) => finding.clone().in_file(*first),
                        _ => finding.clone(),
                    }),
            );
        }
        all.sort_by_key(|finding| (finding.file, finding.row, finding.column));
        all.extend(plan.findings.iter().cloned());
        all
    }

    fn name(&self, number: u32) -> String {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        self.names.get(index).cloned().unwrap_or_default()
    }

    /// Prints a finding.
    pub(crate) fn say(&self, finding: &Finding, output: &Output) {
        let line = self.line(finding);
        output.say(&line, || vec![self.text(finding, &line)]);
    }

    fn line(&self, finding: &Finding) -> FindingLine {
        let words = desk::finding(finding);
        let file = finding.file.map(|number| self.name(number));
        let fix = match finding.code {
            // By the name alone, or by what the other files lack.
            FindingCode::Name | FindingCode::Extension => {
                let by_name = || file.as_deref().and_then(right_name);
                finding.params.get("suggestion").cloned().or_else(by_name)
            }
            _ => ChangeKind::mending(finding).map(|kind| kind.as_str().to_owned()),
        };
        FindingLine {
            severity: finding.severity.as_str(),
            code: finding.code.as_str(),
            row: finding.row,
            column: finding.column,
            field: finding.field.clone(),
            rule: finding.rule.map(|rule| rule.as_str()),
            message: words.message,
            remedy: words.remedy,
            fix,
            file,
        }
    }

    fn text(&self, finding: &Finding, line: &FindingLine) -> String {
        let file = line.file.as_deref().unwrap_or_default();
        let place = explain::place(finding.row, finding.column);
        let weight = explain::severity(finding.severity);
        let separator = if file.is_empty() { "" } else { ": " };
        format!("[{weight}] {file}{separator}{place}{} {}", line.message, line.remedy)
    }

    fn indented(&self, finding: &Finding) -> String {
        format!("   {}", self.text(finding, &self.line(finding)))
    }

    fn delivery(&self, delivery: &PlannedDelivery) -> PlanLine {
        let of_files = delivery.file_findings.iter();
        let mut findings: Vec<FindingLine> = of_files
            .map(|(number, finding)| self.line(&finding.clone().in_file(*number)))
            .collect();
        findings.extend(delivery.findings.iter().map(|finding| self.line(finding)));
        PlanLine::Delivery {
            from: delivery.from.to_string(),
            to: delivery.to.to_string(),
            serial: delivery.serial.to_string(),
            unit: delivery.unit.map(|unit| unit.id),
            unit_name: unit_name(delivery),
            month: delivery.month.map(|month| month.to_string()),
            recipients: delivery.recipients,
            files: delivery.files.iter().map(|number| self.name(*number)).collect(),
            blocked: delivery.blocked,
            findings,
        }
    }

    fn delivery_text(&self, number: usize, delivery: &PlannedDelivery) -> Vec<String> {
        let mut text = vec![messages::cli::plan_delivery(
            number,
            delivery.to,
            unit_name(delivery),
            delivery.serial,
            delivery.files.len(),
        )];
        text.extend(delivery.files.iter().map(|file| format!("   {}", self.name(*file))));
        let of_files = delivery.file_findings.iter();
        text.extend(of_files.map(|(file, finding)| self.indented(&finding.clone().in_file(*file))));
        text.extend(delivery.findings.iter().map(|finding| self.indented(finding)));
        if delivery.blocked {
            text.push(messages::cli::plan_blocked());
        }
        text
    }
}

/// What the sender calls the unit (D22).
fn unit_name(delivery: &PlannedDelivery) -> String {
    let viewer = delivery
        .from
        .party()
        .map_or(OfficeRole::CareManagement, |party| party.role());
    delivery
        .unit
        .and_then(|unit| messages::names::unit(unit.name_key(viewer)))
        .unwrap_or_default()
        .to_owned()
}

/// The name that a file should have, where that is certain.
fn right_name(name: &str) -> Option<String> {
    match NameReading::of(name) {
        NameReading::Copy { of } => Some(of.canonical()),
        NameReading::Near { suggestion, .. } => suggestion.map(|name| name.corrected()),
        NameReading::Standard(name) => Some(name.corrected()).filter(|corrected| corrected != name.as_str()),
        NameReading::Foreign => None,
    }
}
