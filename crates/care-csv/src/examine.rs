//! What a file says about itself, and what is wrong with it.

use std::io;

use care_model::limits::CSV_RECORD_BYTES_MAX;
use care_model::{Digest, ExchangeFileName, Finding, FindingCode, FindingRule, ServiceMonth};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::ms932::Pairs;
use crate::records::Records;
use crate::scan::{Before, FIELDS_KEPT, Skip, Split, split};
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
    /// The offices that its records name as those that give the services; the first few.
    #[serde(default)]
    pub offices: Vec<NamedOffice>,
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

/// An office that a record names as the one that gives the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedOffice {
    /// Its number as written.
    pub number: String,
    /// Its name as written; empty if there is none.
    pub name: String,
    /// The first record, from 1.
    pub row: u32,
    /// The field of the number, from 1.
    pub column: u32,
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
    loop {
        let room = examiner.room();
        let count = match source.read(room) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        sha.update(room.get(..count).unwrap_or_default());
        size_bytes += count as u64;
        examiner.filled(count);
    }
    Ok(FileRead {
        size_bytes,
        digest: Digest::from_bytes(sha.finalize().into()),
        facts: examiner.finish(),
    })
}

/// Bytes read at once: small enough to stay in the processor's cache and in memory that is used again.
const PIECE_BYTES: usize = 64 * 1_024;

/// Bytes that are looked at of a record above the limit: what is needed of a record stands at its beginning.
const OVERLONG_HEAD_BYTES: usize = 4_096;

/// The largest record in units of the message.
const RECORD_KB_MAX: usize = CSV_RECORD_BYTES_MAX / 1_024;

/// Examines a file that comes in pieces of any size.
///
/// It keeps the record before, the record that is not finished yet and what came after it: at most a few megabytes, since
/// a record above the limit is passed over.
pub struct Examiner {
    is_image: bool,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are filled.
    filled: usize,
    /// Where the next record begins.
    at: usize,
    /// Where the record before stands, if nothing is wrong with it.
    before: Option<(usize, usize)>,
    /// Unread bytes from which looking for a record's end is worth it.
    wait_for: usize,
    skip: Option<Skip>,
    /// The splitting of the current record and of the one before.
    current: Split,
    previous: Split,
    pairs: Pairs,
    begun: bool,
    bom: bool,
    utf16: bool,
    utf8: Utf8Watch,
    /// Bytes of the buffer that the watch has seen.
    watched: usize,
    records: Records,
}

impl Examiner {
    /// Begins with a file of this name.
    pub fn new(name: &ExchangeFileName) -> Self {
        Self {
            is_image: name.kind.is_image(),
            buffer: Vec::new(),
            filled: 0,
            at: 0,
            before: None,
            wait_for: PIECE_BYTES,
            skip: None,
            current: Split::default(),
            previous: Split::default(),
            pairs: Pairs::new(),
            begun: false,
            bom: false,
            utf16: false,
            utf8: Utf8Watch::default(),
            watched: 0,
            records: Records::of(name),
        }
    }

    /// Takes the next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(PIECE_BYTES) {
            for (to, from) in self.room().chunks_mut(piece.len()).zip([piece]) {
                to.copy_from_slice(from);
            }
            self.filled(piece.len());
        }
    }

    /// Room for the next bytes of the file.
    fn room(&mut self) -> &mut [u8] {
        let end = self.filled + PIECE_BYTES;
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        self.buffer.get_mut(self.filled..end).unwrap_or_default()
    }

    /// So many bytes of the room are filled.
    fn filled(&mut self, count: usize) {
        self.filled += count;
        if self.is_image {
            // The first bytes tell whether it is one.
            self.filled = self.filled.min(JPEG.len());
        } else if self.filled - self.at >= self.wait_for {
            self.look(false);
        }
    }

    /// The beginning of the file, which may hold a mark of its encoding.
    fn begin(&mut self) {
        self.begun = true;
        let head = self.buffer.get(..self.filled).unwrap_or_default();
        self.utf16 = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
        self.bom = head.starts_with(BOM);
        if self.bom {
            self.at = BOM.len();
            self.watched = BOM.len();
        }
    }

    /// Takes all records whose end is there; `last` says that no more bytes come.
    fn look(&mut self, last: bool) {
        if !self.begun {
            self.begin();
        }
        let filled = self.buffer.get(..self.filled).unwrap_or_default();
        self.utf8.push(filled.get(self.watched..).unwrap_or_default());
        while self.at < self.filled {
            let bytes = filled.get(self.at..).unwrap_or_default();
            if let Some(skip) = &mut self.skip {
                let Some((end, line_end)) = skip.end(bytes) else {
                    self.at = self.filled;
                    break;
                };
                self.at += end;
                self.records.end(line_end);
                self.skip = None;
                continue;
            }
            let before = self.before.and_then(|(start, end)| {
                Some(Before {
                    bytes: filled.get(start..end)?,
                    split: &self.previous,
                })
            });
            let ended = split(bytes, last, before, self.pairs, &mut self.current);
            let length = if ended { self.current.bytes } else { bytes.len() };
            if length > CSV_RECORD_BYTES_MAX {
                let head = bytes.get(..OVERLONG_HEAD_BYTES).unwrap_or(bytes);
                split(head, true, None, self.pairs, &mut self.current);
                self.records.take_overlong(head, &self.current);
                self.before = None;
                self.skip = Some(Skip::default());
                continue;
            }
            if !ended {
                break;
            }
            let start = self.at;
            self.at += length;
            let record = bytes.get(..length).unwrap_or_default();
            let good = self.records.take(record, &self.current) && self.current.fields <= FIELDS_KEPT;
            self.before = good.then_some((start, self.at));
            if good {
                std::mem::swap(&mut self.current, &mut self.previous);
            }
        }
        self.make_room();
    }

    /// Moves what is still needed to the beginning of the buffer.
    fn make_room(&mut self) {
        let keep = self.before.map_or(self.at, |(start, _)| start);
        self.buffer.copy_within(keep..self.filled, 0);
        self.filled -= keep;
        self.at -= keep;
        self.before = self.before.map(|(start, end)| (start - keep, end - keep));
        self.watched = self.filled;
        // A long record is looked at again only when there is twice as much of it.
        self.wait_for = PIECE_BYTES.max((self.filled - self.at) * 2);
    }

    /// Ends the file.
    pub fn finish(mut self) -> FileFacts {
        if self.is_image {
            let head = self.buffer.get(..self.filled).unwrap_or_default();
            let findings = match head {
                b"" => vec![Finding::blocks(FindingCode::Empty)],
                JPEG => Vec::new(),
                _ => vec![Finding::warns(FindingCode::ImageFormat)],
            };
            return FileFacts {
                findings,
                ..FileFacts::default()
            };
        }
        self.look(true);
        if let Some(skip) = &self.skip {
            match skip.last() {
                Some(line_end) => self.records.end(line_end),
                None => self.records.ends.quote_open = true,
            }
        }
        if self.utf16 {
            return FileFacts {
                findings: vec![Finding::blocks(FindingCode::Encoding).rule(FindingRule::Utf16)],
                ..FileFacts::default()
            };
        }
        self.facts()
    }

    fn facts(self) -> FileFacts {
        let mut records = self.records;
        let mut findings = Vec::new();
        if records.count == 0 {
            findings.push(Finding::blocks(FindingCode::Empty));
        }
        if self.bom {
            findings.push(Finding::blocks(FindingCode::Bom));
        }
        // Two bytes of UTF-8 may be two half-width kana; three are never both.
        let utf8 = self.utf8.is_utf8() && (self.utf8.has_wide || records.ends.invalid);
        if utf8 {
            findings.push(Finding::blocks(FindingCode::Encoding).rule(FindingRule::Utf8));
        }
        if let Some(row) = records.ends.too_long {
            let finding = Finding::blocks(FindingCode::LineTooLong).at_row(row);
            findings.push(finding.param("max_kb", RECORD_KB_MAX));
        }
        if records.ends.lone {
            findings.push(Finding::notes(FindingCode::LineEnd));
        } else if !records.ends.last && !records.ends.quote_open && records.count > 0 {
            findings.push(Finding::notes(FindingCode::NoFinalLineEnd));
        }
        let (csv_version, month) = records.finish(&mut findings);
        findings.extend(records.list.finish(utf8));
        let recipients = records.keys.recipients();
        let (keys, keys_cut, images, offices) = records.keys.finish(utf8);
        FileFacts {
            findings,
            csv_version,
            records: records.count,
            recipients,
            month,
            keys,
            keys_cut,
            images,
            offices,
        }
    }
}

/// How a JPEG begins.
const JPEG: &[u8] = b"\xff\xd8\xff";

/// The mark that some programs write before UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests;
