//! The records of a file as MS932, whatever its encoding.

use std::collections::HashMap;
use std::iter::Peekable;

use care_model::limits::REPAIR_SUBSTITUTES_MAX;
use care_model::{Finding, FindingCode, FindingRule};

use super::cluster::{Cluster, next_cluster};
use super::{Change, ChangeKind, RECORD_BYTES_MAX};
use crate::table::{BOM, lines};
use crate::text;

/// How a file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As it should be.
    Ms932,
    /// UTF-8.
    Utf8,
    /// UTF-16 with a byte order mark.
    Utf16 {
        /// Whether the high byte comes first.
        big: bool,
    },
}

/// A file that can be read as records of MS932.
pub(super) struct Source<'a> {
    pub(super) encoding: Encoding,
    pub(super) bom: bool,
    text: &'a [u8],
}

/// A character that MS932 lacks and for which there is no substitute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) character: char,
    pub(super) row: u32,
    pub(super) column: u32,
}

/// The file is left alone: a character has no substitute, too many have one, or a record is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stopped;

impl<'a> Source<'a> {
    /// Tells the encoding, in agreement with what was found; none if the bytes are not all of it.
    pub(super) fn of(findings: &[Finding], bytes: &'a [u8]) -> Option<Self> {
        for (mark, big) in [(b"\xff\xfe", false), (b"\xfe\xff", true)] {
            if let Some(text) = bytes.strip_prefix(mark) {
                return (text.len() % 2 == 0).then_some(Self {
                    encoding: Encoding::Utf16 { big },
                    bom: true,
                    text,
                });
            }
        }
        let utf8 = findings
            .iter()
            .any(|finding| finding.code == FindingCode::Encoding && finding.rule == Some(FindingRule::Utf8));
        let text = bytes.strip_prefix(BOM);
        Some(Self {
            encoding: if utf8 { Encoding::Utf8 } else { Encoding::Ms932 },
            bom: text.is_some(),
            text: text.unwrap_or(bytes),
        })
    }

    /// Gives every record with its line end, as MS932; then the characters that were replaced.
    pub(super) fn records(&self, record: &mut impl FnMut(&[u8])) -> Result<Vec<Change>, Stopped> {
        match self.encoding {
            Encoding::Ms932 => {
                lines(self.text).for_each(record);
                Ok(Vec::new())
            }
            _ => self.walk(record, &mut |_| Err(Stopped)),
        }
    }

    /// The characters without substitute, at most `max`.
    pub(super) fn lost(&self, max: usize) -> Vec<Lost> {
        let mut all = Vec::new();
        if self.encoding != Encoding::Ms932 {
            let _ = self.walk(&mut |_| {}, &mut |lost| {
                all.push(lost);
                if all.len() < max { Ok(()) } else { Err(Stopped) }
            });
        }
        all
    }

    fn walk(
        &self,
        record: &mut impl FnMut(&[u8]),
        lost: &mut impl FnMut(Lost) -> Result<(), Stopped>,
    ) -> Result<Vec<Change>, Stopped> {
        match self.encoding {
            Encoding::Utf16 { big } => {
                let units = self.text.chunks_exact(2).map(|pair| match *pair {
                    [high, low] if big => u16::from_be_bytes([high, low]),
                    [low, high] => u16::from_le_bytes([low, high]),
                    _ => 0,
                });
                // What is no character has no substitute either.
                walk(
                    char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')),
                    record,
                    lost,
                )
            }
            _ => walk(
                std::str::from_utf8(self.text).map_err(|_| Stopped)?.chars(),
                record,
                lost,
            ),
        }
    }
}

/// Where the walk is.
struct Place {
    row: u32,
    column: u32,
    quoted: bool,
}

/// Rewrites characters as MS932, record by record.
fn walk(
    characters: impl Iterator<Item = char>,
    record: &mut impl FnMut(&[u8]),
    lost: &mut impl FnMut(Lost) -> Result<(), Stopped>,
) -> Result<Vec<Change>, Stopped> {
    let mut characters = characters.peekable();
    let mut place = Place {
        row: 1,
        column: 1,
        quoted: false,
    };
    let mut replaced = Replaced::default();
    let mut bytes = Vec::new();
    while let Some(cluster) = next_cluster(&mut characters) {
        match cluster {
            Cluster::Plain(character) => {
                text::push(&mut bytes, character);
                if ends_record(character, &mut characters, &mut place, &mut bytes) {
                    record(&bytes);
                    bytes.clear();
                }
            }
            Cluster::Replaced { before, after } => {
                for character in after.chars() {
                    text::push(&mut bytes, character);
                }
                replaced.add(before, after, &place)?;
            }
            Cluster::Lost(character) => lost(Lost {
                character,
                row: place.row,
                column: place.column,
            })?,
        }
        if bytes.len() > RECORD_BYTES_MAX {
            return Err(Stopped);
        }
    }
    if !bytes.is_empty() {
        record(&bytes);
    }
    Ok(replaced.changes)
}

/// Follows quotes, fields and line ends; true at the end of a record.
fn ends_record(
    character: char,
    rest: &mut Peekable<impl Iterator<Item = char>>,
    place: &mut Place,
    bytes: &mut Vec<u8>,
) -> bool {
    match character {
        '"' => place.quoted = !place.quoted,
        ',' if !place.quoted => place.column = place.column.saturating_add(1),
        '\r' | '\n' if !place.quoted => {
            if character == '\r' && rest.next_if_eq(&'\n').is_some() {
                bytes.push(b'\n');
            }
            place.row = place.row.saturating_add(1);
            place.column = 1;
            return true;
        }
        _ => {}
    }
    false
}

/// The characters that were replaced, each once.
#[derive(Default)]
struct Replaced {
    changes: Vec<Change>,
    known: HashMap<String, usize>,
}

impl Replaced {
    fn add(&mut self, before: String, after: String, place: &Place) -> Result<(), Stopped> {
        if let Some(change) = self.known.get(&before).and_then(|index| self.changes.get_mut(*index)) {
            change.count = change.count.saturating_add(1);
            return Ok(());
        }
        // More than anybody would look through.
        if self.changes.len() >= REPAIR_SUBSTITUTES_MAX {
            return Err(Stopped);
        }
        self.known.insert(before.clone(), self.changes.len());
        self.changes.push(Change {
            row: Some(place.row),
            column: Some(place.column),
            before: Some(before),
            after: Some(after),
            ..Change::of(ChangeKind::Substitute)
        });
        Ok(())
    }
}
