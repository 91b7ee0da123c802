//! What a file says about itself, and what is wrong with it so far.

use std::collections::HashSet;
use std::io;

use care_model::{
    Digest, Edition, ExchangeFileName, FileKind, Finding, FindingCode, FindingRule, NameMonth, ServiceMonth,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::keys::Keys;
use crate::record::{bare, fields, without_line_end};
use crate::scan::{Place, Scanner};
use crate::utf8::Utf8Watch;

/// What one file says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FileFacts {
    /// What was found; without the file's number, which the caller knows. At most one for each code.
    pub findings: Vec<Finding>,
    /// The CSV version of its first record.
    pub csv_version: Option<String>,
    /// Its records.
    pub records: u32,
    /// Its care recipients: distinct pairs of insurer and insured number.
    pub recipients: u32,
    /// The month of its records, if all have the same.
    pub month: Option<ServiceMonth>,
    /// Its records' keys, each once, at most [`care_model::limits::RECORD_KEYS_MAX`]; by them mates are compared.
    #[serde(default)]
    pub keys: Vec<RecordKey>,
    /// Whether there were more keys than are kept.
    #[serde(default)]
    pub keys_cut: bool,
    /// The images that its records name.
    #[serde(default)]
    pub images: Vec<NamedImage>,
}

/// The key of a record, as hashes: enough to compare mates, and no insured number is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordKey {
    /// Of insurer and insured number.
    pub person: u64,
    /// Of the plan date, the consultation date or the month that links the files of a unit.
    pub link: u64,
    /// The first record that has it, from 1.
    pub row: u32,
}

/// An image that a record of the basic information names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedImage {
    /// Its name.
    pub name: String,
    /// The record, from 1.
    pub row: u32,
}

/// A file read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRead {
    /// Its bytes.
    pub size_bytes: u64,
    /// Their digest.
    pub digest: Digest,
    /// What they say.
    pub facts: FileFacts,
}

/// Examines a file that is in memory.
pub fn examine(name: &ExchangeFileName, bytes: &[u8]) -> FileFacts {
    let mut examiner = Examiner::new(name);
    examiner.push(bytes);
    examiner.finish()
}

/// Reads a file once: size, digest and facts. Takes little memory however large the file is.
pub fn read(name: &ExchangeFileName, mut source: impl io::Read) -> io::Result<FileRead> {
    let mut examiner = Examiner::new(name);
    let mut sha = Sha256::new();
    let mut size_bytes = 0;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = match source.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = piece.get(..count).unwrap_or_default();
        size_bytes += bytes.len() as u64;
        sha.update(bytes);
        examiner.push(bytes);
    }
    Ok(FileRead {
        size_bytes,
        digest: Digest::from_bytes(sha.finalize().into()),
        facts: examiner.finish(),
    })
}

/// Bytes read at once: small enough to stay in the processor's cache and in memory that is used again.
const PIECE_BYTES: usize = 64 * 1_024;

/// Examines a file that comes in pieces of any size.
pub struct Examiner {
    kind: FileKind,
    edition: Edition,
    name_month: NameMonth,
    head: Vec<u8>,
    started: bool,
    bom: bool,
    utf16: bool,
    any_bytes: bool,
    scanner: Scanner,
    utf8: Utf8Watch,
    records: Records,
}

/// What the records say, gathered one by one.
struct Records {
    month_column: Option<usize>,
    supplement: bool,
    /// The beginning of the last record, up to the last field that is looked at: mostly the next begins alike.
    last_head: Vec<u8>,
    lines: u32,
    count: u32,
    header: bool,
    version: Option<Vec<u8>>,
    version_mixed: Option<u32>,
    recipients: HashSet<[u8; 16]>,
    month: Option<Vec<u8>>,
    months_mixed: Option<u32>,
    keys: Keys,
}

impl Examiner {
    /// Begins with a file of this name.
    pub fn new(name: &ExchangeFileName) -> Self {
        Self {
            kind: name.kind,
            edition: name.edition(),
            name_month: name.month,
            head: Vec::new(),
            started: false,
            bom: false,
            utf16: false,
            any_bytes: false,
            scanner: Scanner::new(),
            utf8: Utf8Watch::default(),
            records: Records {
                month_column: name.kind.month_column(),
                supplement: name.kind == FileKind::RecipientSupplement,
                last_head: Vec::new(),
                lines: 0,
                count: 0,
                header: false,
                version: None,
                version_mixed: None,
                recipients: HashSet::new(),
                month: None,
                months_mixed: None,
                keys: Keys::of(name),
            },
        }
    }

    /// Takes the next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        self.any_bytes |= !bytes.is_empty();
        if self.started {
            self.take(bytes);
            return;
        }
        // The first three bytes tell a byte order mark or an image.
        if self.head.is_empty() && bytes.len() >= 3 {
            self.start(bytes);
            return;
        }
        self.head.extend_from_slice(bytes);
        if self.head.len() >= 3 {
            let head = std::mem::take(&mut self.head);
            self.start(&head);
        }
    }

    fn start(&mut self, bytes: &[u8]) {
        self.started = true;
        if self.kind.is_image() {
            self.head = bytes.iter().take(3).copied().collect();
            return;
        }
        self.utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
        let text = bytes.strip_prefix(b"\xef\xbb\xbf");
        self.bom = text.is_some();
        self.take(text.unwrap_or(bytes));
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.kind.is_image() {
            return;
        }
        self.utf8.push(bytes);
        let records = &mut self.records;
        self.scanner.push(bytes, |record| records.take(record));
    }

    /// Ends the file.
    pub fn finish(mut self) -> FileFacts {
        if !self.started {
            let head = std::mem::take(&mut self.head);
            self.start(&head);
        }
        let mut findings = Vec::new();
        if self.kind.is_image() {
            if !self.any_bytes {
                findings.push(Finding::blocks(FindingCode::Empty));
            } else if self.head != b"\xff\xd8\xff" {
                findings.push(Finding::warns(FindingCode::ImageFormat));
            }
            return FileFacts {
                findings,
                ..FileFacts::default()
            };
        }
        let mut records = self.records;
        let seen = self.scanner.finish(|record| records.take(record));
        if self.utf16 {
            findings.push(Finding::blocks(FindingCode::Encoding).rule(FindingRule::Utf16));
            return FileFacts {
                findings,
                ..FileFacts::default()
            };
        }
        if records.count == 0 {
            findings.push(Finding::blocks(FindingCode::Empty));
        }
        if self.bom {
            findings.push(Finding::blocks(FindingCode::Bom));
        }
        let utf8 = self.utf8.is_utf8() && (self.utf8.has_wide || seen.invalid.is_some());
        if utf8 {
            findings.push(Finding::blocks(FindingCode::Encoding).rule(FindingRule::Utf8));
        } else {
            if let Some(place) = seen.invalid {
                findings.push(at(Finding::blocks(FindingCode::Encoding), place));
            }
            if let Some(place) = seen.gaiji {
                findings.push(at(Finding::warns(FindingCode::Gaiji), place));
            }
        }
        if let Some(place) = seen.nul {
            findings.push(at(Finding::warns(FindingCode::Nul), place));
        }
        if let Some(row) = seen.line_too_long {
            findings.push(at_row(Finding::blocks(FindingCode::LineTooLong), row).param("max_kb", RECORD_KB_MAX));
        }
        if seen.quote_open {
            findings.push(at_row(Finding::warns(FindingCode::Quoting), records.lines));
        } else if seen.lone_line_end {
            findings.push(Finding::notes(FindingCode::LineEnd));
        } else if !seen.last_ended && records.count > 0 {
            findings.push(Finding::notes(FindingCode::NoFinalLineEnd));
        }
        if records.header {
            findings.push(at_row(Finding::warns(FindingCode::Header), 1));
        }
        let (keys, keys_cut, images) = std::mem::take(&mut records.keys).finish(utf8);
        records.judge_version(self.edition, &mut findings);
        let month = records.judge_month(self.name_month, &mut findings);
        FileFacts {
            findings,
            csv_version: records.version.as_deref().and_then(digits_of_six),
            records: records.count,
            recipients: u32::try_from(records.recipients.len()).unwrap_or(u32::MAX),
            month,
            keys,
            keys_cut,
            images,
        }
    }
}

const RECORD_KB_MAX: usize = care_model::limits::CSV_RECORD_BYTES_MAX / 1_024;

fn at(finding: Finding, place: Place) -> Finding {
    at_row(finding, place.row)
        .at_column(place.column)
        .param("column", place.column)
}

fn at_row(finding: Finding, row: u32) -> Finding {
    finding.at_row(row).param("row", row)
}

fn digits_of_six(bytes: &[u8]) -> Option<String> {
    (bytes.len() == 6 && bytes.iter().all(u8::is_ascii_digit)).then(|| String::from_utf8_lossy(bytes).into_owned())
}

impl Records {
    /// Takes one record with its line end.
    #[inline]
    fn take(&mut self, record: &[u8]) {
        self.lines = self.lines.saturating_add(1);
        if !self.last_head.is_empty() && record.starts_with(&self.last_head) {
            self.count = self.count.saturating_add(1);
            return;
        }
        self.take_new(without_line_end(record));
    }

    fn take_new(&mut self, record: &[u8]) {
        if record.is_empty() {
            return;
        }
        let last_column = self.month_column.unwrap_or(3).max(3).max(self.keys.last_column());
        let mut version = None;
        let mut person = [0; 16];
        let mut month = None;
        let mut link = None;
        let mut image = None;
        let mut head_bytes = 0;
        for (place, field) in fields(record).enumerate().take(last_column) {
            head_bytes += field.len() + 1;
            match place + 1 {
                1 => version = Some(bare(field)),
                2 => put(&mut person[..6], bare(field)),
                3 => put(&mut person[6..], bare(field)),
                _ => {}
            }
            if Some(place + 1) == self.month_column {
                month = Some(bare(field));
            }
            if Some(place) == self.keys.link_index {
                link = Some(bare(field));
            }
            if Some(place) == self.keys.image_index {
                image = Some(bare(field));
            }
        }
        let Some(version) = version else { return };
        if self.count == 0 && !self.header && version.first().is_some_and(|byte| !byte.is_ascii_digit()) {
            self.header = true;
            return;
        }
        self.count = self.count.saturating_add(1);
        self.recipients.insert(person);
        self.keys.note(&person, link.unwrap_or_default(), self.lines);
        self.keys.note_image(image.unwrap_or_default(), self.lines);
        note_change(&mut self.version, &mut self.version_mixed, version, self.lines);
        if let Some(month) = month {
            note_change(&mut self.month, &mut self.months_mixed, month, self.lines);
        }
        self.last_head.clear();
        // The supplement's month stands at the end of its record, so every record is looked at.
        if !self.supplement && head_bytes <= record.len() {
            self.last_head
                .extend_from_slice(record.get(..head_bytes).unwrap_or_default());
        }
    }

    fn judge_version(&self, edition: Edition, findings: &mut Vec<Finding>) {
        if let Some(row) = self.version_mixed {
            findings.push(at_row(Finding::warns(FindingCode::VersionMixed), row));
        }
        let Some(version) = &self.version else { return };
        let version = version.as_slice();
        let old = matches!(version, b"202208" | b"202003" | b"201910");
        let finding = match edition {
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
        findings.push(finding.at_column(1).param("found", shown));
    }

    /// The month of all records, if it is one.
    fn judge_month(&self, name_month: NameMonth, findings: &mut Vec<Finding>) -> Option<ServiceMonth> {
        if let Some(row) = self.months_mixed {
            findings.push(at_row(Finding::warns(FindingCode::MonthsMixed), row));
            return None;
        }
        let month = ServiceMonth::parse(&digits_of_six(self.month.as_deref()?)?).ok()?;
        if let NameMonth::Of(named) = name_month
            && named != month
        {
            let finding = Finding::warns(FindingCode::MonthMismatch);
            findings.push(finding.param("named", named).param("found", month));
        }
        Some(month)
    }
}

/// Copies what fits.
fn put(room: &mut [u8], bytes: &[u8]) {
    for (to, from) in room.iter_mut().zip(bytes) {
        *to = *from;
    }
}

/// Remembers the first value and the line of the first other one.
fn note_change(first: &mut Option<Vec<u8>>, changed: &mut Option<u32>, value: &[u8], line: u32) {
    match first {
        None => *first = Some(value.to_vec()),
        Some(known) if known != value && changed.is_none() => *changed = Some(line),
        Some(_) => {}
    }
}

#[cfg(test)]
mod tests;
