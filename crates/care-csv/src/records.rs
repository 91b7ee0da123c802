//! What the records of a file say, gathered one by one.

use care_layout::Layout;
use care_model::{
    Edition, ExchangeFileName, FileKind, Finding, FindingCode, FindingRule, NameMonth, ServiceMonth, Severity,
    check_digit_fits,
};

use crate::field_check::{FieldCheck, checks_of};
use crate::findings_list::{FindingsList, Found};
use crate::keys::Keys;
use crate::record::{bare, fields, without_line_end};
use crate::rules::Rules;
use crate::scan::{FieldSet, LineEnd, Split, each, one};
use crate::sums::Sums;

/// The records so far.
pub(crate) struct Records {
    name: ExchangeFileName,
    /// All records, with blank ones and a header: by them places are told.
    pub(crate) lines: u32,
    /// Records that say something.
    pub(crate) count: u32,
    header: bool,
    version: Option<Vec<u8>>,
    version_mixed: Option<u32>,
    month_field: Option<usize>,
    month: Option<Vec<u8>>,
    months_mixed: Option<u32>,
    insurer_row: Option<u32>,
    pub(crate) keys: Keys,
    checks: Option<Checks>,
    /// Gives fields their names where there is no layout to check by.
    names: Option<&'static Layout>,
    pub(crate) list: FindingsList,
    pub(crate) ends: Ends,
}

/// How the records end.
#[derive(Default)]
pub(crate) struct Ends {
    pub(crate) lone: bool,
    pub(crate) last: bool,
    pub(crate) quote_open: bool,
    /// Bytes that are no MS932 were seen.
    pub(crate) invalid: bool,
    pub(crate) too_long: Option<u32>,
}

/// The layout of the file, made ready.
struct Checks {
    edition: Edition,
    layout: &'static Layout,
    fields: Vec<FieldCheck>,
    rules: Rules,
    sums: Option<Sums>,
}

/// The edition whose layouts a CSV version has: 202208 is 3.0 to 3.2, 202407 is 4.1. The other two are 4.0 and its month
/// of issue, which some programs write into files of 4.1. What the versions before 202208 look like is not known here.
fn edition_of(version: &[u8]) -> Option<Edition> {
    match version {
        b"202208" => Some(Edition::V3),
        b"202407" | b"202410" | b"202504" => Some(Edition::V4),
        _ => None,
    }
}

impl Records {
    pub(crate) fn of(name: &ExchangeFileName) -> Self {
        let names = Layout::of(name.edition(), name.kind);
        let month = |field| names.and_then(|layout| layout.index(field));
        Self {
            lines: 0,
            count: 0,
            header: false,
            version: None,
            version_mixed: None,
            month_field: month("target_month").or_else(|| month("delete_month")),
            month: None,
            months_mixed: None,
            insurer_row: None,
            keys: Keys::of(name, names),
            checks: None,
            names,
            list: FindingsList::default(),
            ends: Ends::default(),
            name: name.clone(),
        }
    }

    /// Notes how a record ends.
    pub(crate) fn end(&mut self, line_end: LineEnd) {
        self.ends.last = line_end != LineEnd::None;
        self.ends.lone |= matches!(line_end, LineEnd::Lf | LineEnd::Cr);
    }

    /// Takes a record. True if nothing at all is wrong with it, so that the next may be compared with it.
    #[inline]
    pub(crate) fn take(&mut self, record: &[u8], split: &Split) -> bool {
        self.lines = self.lines.saturating_add(1);
        self.end(split.line_end);
        if split.changed == 0 {
            self.count = self.count.saturating_add(1);
            if let Some(sums) = self.checks.as_mut().and_then(|checks| checks.sums.as_mut()) {
                sums.take(record, split, self.lines);
            }
            return true;
        }
        if split.fields == 1 && split.field(record, 0).is_empty() {
            return false;
        }
        if self.is_header(record, split) {
            return false;
        }
        let good = split.marks == Default::default() && !split.quote_open && split.is_ended();
        let same = self.note(record, split);
        if !good {
            self.tell_marks(record, split);
        }
        self.check(record, split) && good && same
    }

    /// Takes what the beginning of a record above the limit says.
    pub(crate) fn take_overlong(&mut self, head: &[u8], split: &Split) {
        self.lines = self.lines.saturating_add(1);
        if self.ends.too_long.is_none() {
            self.ends.too_long = Some(self.lines);
        }
        if !self.is_header(head, split) {
            self.note(head, split);
        }
        if let Some(sums) = self.checks.as_mut().and_then(|checks| checks.sums.as_mut()) {
            sums.spoil();
        }
    }

    /// Whether the first record holds the names of fields: the CSV version begins with a digit.
    fn is_header(&mut self, record: &[u8], split: &Split) -> bool {
        if self.count > 0 || self.header {
            return false;
        }
        let first = bare(split.field(record, 0)).first();
        self.header = first.is_some_and(|byte| !byte.is_ascii_digit());
        self.header
    }

    fn field(&self, index: usize) -> Option<&'static care_layout::Field> {
        let layout = self.checks.as_ref().map(|checks| checks.layout).or(self.names);
        layout.and_then(|layout| layout.fields.get(index))
    }

    #[cold]
    fn tell_marks(&mut self, record: &[u8], split: &Split) {
        let marks = &split.marks;
        self.ends.invalid |= marks.invalid != 0;
        for (set, severity, code) in [
            (marks.invalid, Severity::Blocks, FindingCode::Encoding),
            (marks.gaiji, Severity::Warns, FindingCode::Gaiji),
            (marks.nul, Severity::Warns, FindingCode::Nul),
            (marks.quote, Severity::Warns, FindingCode::Quoting),
        ] {
            for index in each(set) {
                let found = self.found(severity, code, index);
                self.list.add(found, Some(split.field(record, index)));
            }
        }
        if split.quote_open {
            self.ends.quote_open = true;
            let last = split.fields.saturating_sub(1);
            if marks.quote & one(last) == 0 {
                let found = self.found(Severity::Warns, FindingCode::Quoting, last);
                self.list.add(found, Some(split.field(record, last)));
            }
        }
    }

    /// Something in a field of the current record.
    fn found(&self, severity: Severity, code: FindingCode, index: usize) -> Found {
        Found {
            severity,
            code,
            rule: None,
            row: self.lines,
            column: u32::try_from(index + 1).ok(),
            field: self.field(index),
        }
    }

    /// Whether broken quotes or line ends in text without quotes made a record of what is only a part of one.
    fn is_fragment(&self, record: &[u8], split: &Split) -> bool {
        let Some(checks) = &self.checks else { return false };
        let whole = split.fields == checks.layout.fields.len() && split.marks.quote == 0 && !split.quote_open;
        !whole && self.version.as_deref() != Some(bare(split.field(record, 0)))
    }

    /// Notes version, month and person; false if the version is not that of the first record.
    fn note(&mut self, record: &[u8], split: &Split) -> bool {
        if self.is_fragment(record, split) {
            return false;
        }
        self.count = self.count.saturating_add(1);
        let value = |index: usize| bare(split.field(record, index));
        let mut same = true;
        if split.changed & one(0) != 0 {
            same = note_change(&mut self.version, &mut self.version_mixed, value(0), self.lines);
            if self.checks.is_none() {
                self.checks = Checks::of(&self.name, value(0));
                if let Some(checks) = self.checks.as_mut().filter(|_| self.count > 1) {
                    checks.spoil();
                }
            }
        }
        if let Some(index) = self.month_field
            && split.changed & one(index) != 0
            && index < split.fields
        {
            note_change(&mut self.month, &mut self.months_mixed, value(index), self.lines);
        }
        if split.changed & one(1) != 0 && self.insurer_row.is_none() && fails_check_digit(value(1)) {
            self.insurer_row = Some(self.lines);
        }
        self.keys.take(record, split, self.lines);
        same
    }

    /// Checks a record against the layout; false if something was found.
    fn check(&mut self, record: &[u8], split: &Split) -> bool {
        let row = self.lines;
        let Some(checks) = &mut self.checks else { return true };
        // Where quotes are broken, fields may not be where they seem to be: the quotes are all there is to tell.
        if split.marks.quote != 0 || split.quote_open {
            checks.spoil();
            return false;
        }
        let expected = checks.layout.fields.len();
        if split.fields != expected {
            checks.spoil();
            // Empty columns at the end can be taken off, if the others are where they belong.
            let beyond = split.fields > expected
                && checks.fits(record, split)
                && fields(without_line_end(record))
                    .skip(expected)
                    .all(|field| bare(field).is_empty());
            let found = Found {
                severity: Severity::Warns,
                code: FindingCode::Columns,
                rule: None,
                row,
                column: None,
                field: None,
            };
            self.list.add_with(found, None, || {
                let mut params = vec![("expected", expected.to_string()), ("found", split.fields.to_string())];
                if beyond {
                    params.push(("beyond", "empty".to_owned()));
                }
                params
            });
            return false;
        }
        if split.changed & one(0) != 0 && edition_of(bare(split.field(record, 0))) != Some(checks.edition) {
            checks.spoil();
            return false;
        }
        let mut faulty: FieldSet = split.marks.any();
        // The version is a matter of the whole file.
        for index in each(split.changed & !faulty & !one(0)) {
            let Some(check) = checks.fields.get(index) else { break };
            let raw = split.field(record, index);
            if let Some(fault) = check.fault(raw) {
                faulty |= one(index);
                let found = Found {
                    severity: Severity::Warns,
                    code: fault.code,
                    rule: fault.rule,
                    row,
                    column: u32::try_from(index + 1).ok(),
                    field: Some(check.field),
                };
                self.list
                    .add(found, (fault.code != FindingCode::Required).then_some(raw));
            }
        }
        let good = checks.rules.check(record, split, faulty, row, &mut self.list);
        if let Some(sums) = &mut checks.sums {
            sums.take(record, split, row);
        }
        good && faulty == 0
    }

    /// Ends the records: what they say of the file as a whole.
    pub(crate) fn finish(&mut self, findings: &mut Vec<Finding>) -> (Option<String>, Option<ServiceMonth>) {
        if self.header {
            findings.push(Finding::warns(FindingCode::Header).at_row(1));
        }
        self.judge_version(findings);
        let month = self.judge_month(findings);
        if let Some(row) = self.insurer_row {
            let finding = Finding::notes(FindingCode::CheckDigit).rule(FindingRule::Insurer);
            findings.push(self.at(finding.at_row(row), 1));
        }
        if let Some(sums) = self.checks.as_mut().and_then(|checks| checks.sums.take()) {
            sums.finish(&mut self.list);
        }
        (self.version.as_deref().and_then(digits_of_six), month)
    }

    /// A finding of the whole file with the field that shows it, from 0.
    fn at(&self, finding: Finding, index: usize) -> Finding {
        match self.field(index) {
            Some(field) => finding
                .at_column(u32::from(field.number))
                .in_field(field.name, field.name_ja),
            None => finding,
        }
    }

    fn judge_version(&self, findings: &mut Vec<Finding>) {
        if let Some(row) = self.version_mixed {
            findings.push(self.at(Finding::warns(FindingCode::VersionMixed).at_row(row), 0));
        }
        let Some(version) = &self.version else { return };
        let version = version.as_slice();
        let old = matches!(version, b"202208" | b"202003" | b"201910");
        let finding = match self.name.edition() {
            Edition::V4 if version == b"202407" => return,
            Edition::V3 if old => return,
            // Some programs write the month of issue, or the value of 4.0 (標準仕様の改版履歴).
            Edition::V4 if matches!(version, b"202410" | b"202504") => {
                Finding::notes(FindingCode::Code).rule(FindingRule::CsvVersion)
            }
            Edition::V3 if version == b"202407" => Finding::warns(FindingCode::Name).rule(FindingRule::OldStyle),
            _ => Finding::warns(FindingCode::Code).rule(FindingRule::CsvVersion),
        };
        let shown: String = String::from_utf8_lossy(version)
            .chars()
            .filter(char::is_ascii_digit)
            .take(8)
            .collect();
        findings.push(self.at(finding, 0).param("found", shown));
    }

    /// The month of all records, if it is one.
    fn judge_month(&self, findings: &mut Vec<Finding>) -> Option<ServiceMonth> {
        if let Some(row) = self.months_mixed {
            let finding = Finding::warns(FindingCode::MonthsMixed).at_row(row);
            findings.push(self.at(finding, self.month_field.unwrap_or_default()));
            return None;
        }
        let found = digits_of_six(self.month.as_deref()?)?;
        let month = ServiceMonth::parse(&found).ok();
        // A supplement has 000000 in its name and in its records, or a month in both (利用者補足情報 項番63).
        let named = match self.name.month {
            NameMonth::Of(named) => Some(named.to_string()),
            NameMonth::Zeros if self.name.kind == FileKind::RecipientSupplement => Some(ZEROS.to_owned()),
            NameMonth::Zeros | NameMonth::Absent => None,
        };
        if let Some(named) = named
            && named != found
            && (month.is_some() || found == ZEROS)
        {
            let finding = Finding::warns(FindingCode::MonthMismatch);
            let finding = self.at(finding, self.month_field.unwrap_or_default());
            findings.push(finding.param("named", named).param("found", found));
        }
        month
    }
}

/// The month of a supplement that goes with tables 1 to 3.
const ZEROS: &str = "000000";

impl Checks {
    /// The checks for a file of this name whose first record has this version; none for a layout that is not known.
    fn of(name: &ExchangeFileName, version: &[u8]) -> Option<Self> {
        let edition = edition_of(version)?;
        let layout = Layout::of(edition, name.kind)?;
        Some(Self {
            edition,
            layout,
            fields: checks_of(layout),
            rules: Rules::of(name, layout),
            sums: Sums::of(layout),
        })
    }

    /// Whether no field has a fault, as far as there are fields.
    fn fits(&self, record: &[u8], split: &Split) -> bool {
        let mut fields = self.fields.iter().enumerate().skip(1);
        fields.all(|(index, check)| check.fault(split.field(record, index)).is_none())
    }

    /// A record cannot be read: nothing that needs all of them can be judged.
    fn spoil(&mut self) {
        if let Some(sums) = &mut self.sums {
            sums.spoil();
        }
    }
}

fn digits_of_six(bytes: &[u8]) -> Option<String> {
    (bytes.len() == 6 && bytes.iter().all(u8::is_ascii_digit)).then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// Whether an insurer number is certainly not right by its check digit, which the standard does not ask for.
fn fails_check_digit(insurer: &[u8]) -> bool {
    insurer.len() == 6 && insurer.iter().all(u8::is_ascii_digit) && check_digit_fits(insurer) == Some(false)
}

/// Remembers the first value and the line of the first other one; true if the value is the first one.
fn note_change(first: &mut Option<Vec<u8>>, changed: &mut Option<u32>, value: &[u8], line: u32) -> bool {
    match first {
        None => {
            *first = Some(value.to_vec());
            true
        }
        Some(known) => {
            let same = known == value;
            if !same && changed.is_none() {
                *changed = Some(line);
            }
            same
        }
    }
}
