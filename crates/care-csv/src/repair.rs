//! Repairs that guess nothing: a new file beside the original, with a list of what changed.
//!
//! What is repaired is what has one right answer: the encoding, a byte order mark, line ends between records, quotes
//! around free text, empty columns beyond the layout, the spelling of a name, and characters that MS932 lacks where
//! there is a substitute that people write themselves (shown before anything is used). Never touched: user-defined
//! characters, line ends inside free text, values, and every byte of a field, record or file that was valid.
//!
//! A repair is examined before it is offered: it must have less wrong with it than the original, and nothing new.
//! Memory: one copy of the file beside the original (at most [`care_model::limits::REPAIR_BYTES_MAX`]) and one
//! record (at most [`CSV_RECORD_BYTES_MAX`]).

mod cluster;
mod name;
mod rows;
mod source;
mod substitute;

use std::collections::BTreeMap;

use care_layout::Layout;
use care_model::limits::{CSV_RECORD_BYTES_MAX, FINDINGS_PER_FIELD_MAX, REPAIR_BYTES_MAX};
use care_model::{ExchangeFileName, Finding, FindingCode, FindingRule};

use crate::examine::{FileFacts, examine};
use rows::{Fixes, Rows};
use source::{Encoding, Lost, Source};

/// What kind of change a repair makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeKind {
    /// UTF-8 was rewritten as MS932.
    Utf8ToMs932,
    /// UTF-16 was rewritten as MS932.
    Utf16ToMs932,
    /// The byte order mark was taken off.
    BomRemoved,
    /// A character that MS932 lacks was replaced by the one that is shown.
    Substitute,
    /// Records end with CRLF instead of LF or CR.
    LineEnds,
    /// The last record got its line end.
    FinalLineEnd,
    /// Free text got its double quotes.
    Quotes,
    /// Empty columns beyond the layout were taken off.
    TrailingColumns,
    /// The extension is spelt as in the standard.
    Extension,
    /// The name is spelt as in the standard.
    Name,
}

impl ChangeKind {
    /// Every kind, in the order in which changes are listed.
    pub const ALL: &'static [Self] = &[
        Self::Utf8ToMs932,
        Self::Utf16ToMs932,
        Self::BomRemoved,
        Self::Substitute,
        Self::LineEnds,
        Self::FinalLineEnd,
        Self::Quotes,
        Self::TrailingColumns,
        Self::Extension,
        Self::Name,
    ];

    /// The stable text; the key of its words in the catalogue group `change`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Utf8ToMs932 => "utf8_to_ms932",
            Self::Utf16ToMs932 => "utf16_to_ms932",
            Self::BomRemoved => "bom_removed",
            Self::Substitute => "substitute",
            Self::LineEnds => "line_ends",
            Self::FinalLineEnd => "final_line_end",
            Self::Quotes => "quotes",
            Self::TrailingColumns => "trailing_columns",
            Self::Extension => "extension",
            Self::Name => "name",
        }
    }

    /// The kind of change that makes a finding go away, if there is one.
    ///
    /// From the finding alone, so it says what is likely: only [`repair`] knows whether the whole file allows it.
    pub fn mending(finding: &Finding) -> Option<Self> {
        match (finding.code, finding.rule) {
            (FindingCode::Encoding, Some(FindingRule::Utf8)) => Some(Self::Utf8ToMs932),
            (FindingCode::Encoding, Some(FindingRule::Utf16)) => Some(Self::Utf16ToMs932),
            (FindingCode::Bom, _) => Some(Self::BomRemoved),
            (FindingCode::LineEnd, _) => Some(Self::LineEnds),
            (FindingCode::NoFinalLineEnd, _) => Some(Self::FinalLineEnd),
            (FindingCode::Quoting, Some(FindingRule::Unquoted)) => Some(Self::Quotes),
            (FindingCode::Columns, _) if finding.params.contains_key("beyond") => Some(Self::TrailingColumns),
            (FindingCode::Extension, _) => Some(Self::Extension),
            (FindingCode::Name, Some(rule)) if name::is_certain(rule) => Some(Self::Name),
            _ => None,
        }
    }
}

/// One change of a repair: one for each kind, and one for each replaced character.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// What kind.
    pub kind: ChangeKind,
    /// At how many places.
    pub count: u32,
    /// The record of the first place, from 1, as in findings.
    pub row: Option<u32>,
    /// The field of the first place, from 1.
    pub column: Option<u32>,
    /// The character or the name before.
    pub before: Option<String>,
    /// The character or the name after; empty if the character is left out.
    pub after: Option<String>,
}

impl Change {
    fn of(kind: ChangeKind) -> Self {
        Self {
            kind,
            count: 1,
            row: None,
            column: None,
            before: None,
            after: None,
        }
    }
}

impl std::fmt::Debug for Change {
    // Without before and after: a character may be of a person's name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Change")
            .field("kind", &self.kind)
            .field("count", &self.count)
            .field("row", &self.row)
            .field("column", &self.column)
            .finish_non_exhaustive()
    }
}

/// A repaired copy of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Repair {
    /// Its name: the original's, or the standard's spelling of it.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What changed, in the order of [`ChangeKind::ALL`].
    pub changes: Vec<Change>,
}

impl std::fmt::Debug for Repair {
    // Without the bytes: they are about people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repair")
            .field("name", &self.name)
            .field("bytes", &self.bytes.len())
            .field("changes", &self.changes)
            .finish()
    }
}

/// Whether a repair is likely: cheap, from the findings and the name alone, so that lists can offer it.
///
/// [`repair`] may still find that nothing can be done, for example because a character has no substitute.
pub fn is_repairable(findings: &[Finding], name: &str) -> bool {
    let Some(named) = name::NamedFile::of(name) else {
        return false;
    };
    // A copy of a file that is there as well needs no other name: one of the two is sent.
    let doubled = findings.iter().any(|finding| finding.code == FindingCode::Duplicate);
    let renamed = named.change.is_some() && !doubled;
    renamed || findings.iter().any(|finding| content_change(finding).is_some())
}

/// The change of the contents that a finding asks for.
fn content_change(finding: &Finding) -> Option<ChangeKind> {
    ChangeKind::mending(finding).filter(|kind| !matches!(kind, ChangeKind::Extension | ChangeKind::Name))
}

/// A repaired copy of the file, or none if there is nothing to repair or nothing that is safe.
pub fn repair(name: &str, bytes: &[u8]) -> Option<Repair> {
    let size_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size_bytes > REPAIR_BYTES_MAX {
        return None;
    }
    let named = name::NamedFile::of(name)?;
    let content = content(&named.right, bytes);
    if content.is_none() && named.change.is_none() {
        return None;
    }
    let (bytes, mut changes) = content.unwrap_or_else(|| (bytes.to_vec(), Vec::new()));
    let name = match named.change {
        Some(change) => {
            changes.push(change);
            named.right.to_string()
        }
        None => name.to_owned(),
    };
    Some(Repair { name, bytes, changes })
}

/// Why a file in another encoding cannot be rewritten as MS932: its characters without substitute, with their places.
///
/// Empty for every other file. At most [`FINDINGS_PER_FIELD_MAX`].
pub fn unrepairable(name: &str, bytes: &[u8]) -> Vec<Finding> {
    let Some(named) = name::NamedFile::of(name) else {
        return Vec::new();
    };
    let Some(source) = Source::of(&examine(&named.right, bytes).findings, bytes) else {
        return Vec::new();
    };
    if source.encoding == Encoding::Ms932 {
        return Vec::new();
    }
    let layout = Layout::of(named.right.edition(), named.right.kind);
    let mut findings = Vec::new();
    for lost in source.lost(FINDINGS_PER_FIELD_MAX) {
        let Lost { character, row, column } = lost;
        let mut finding = Finding::blocks(FindingCode::Encoding)
            .rule(FindingRule::Unmappable)
            .at_row(row)
            .at_column(column)
            .param("row", row)
            .param("column", column)
            .param("character", character)
            .param("code_point", format!("U+{:04X}", u32::from(character)));
        let index = usize::try_from(column).unwrap_or(usize::MAX).wrapping_sub(1);
        if let Some(field) = layout.and_then(|layout| layout.fields.get(index)) {
            finding = finding.in_field(field.name, field.name_ja);
        }
        findings.push(finding);
    }
    findings
}

/// The repaired contents and what changed in them.
fn content(name: &ExchangeFileName, bytes: &[u8]) -> Option<(Vec<u8>, Vec<Change>)> {
    if name.kind.is_image() {
        return None;
    }
    let before = examine(name, bytes);
    let unreadable = |finding: &Finding| match finding.code {
        FindingCode::Encoding => finding.rule.is_none(),
        FindingCode::LineTooLong | FindingCode::Empty => true,
        _ => false,
    };
    if before.findings.iter().any(unreadable) {
        return None;
    }
    let source = Source::of(&before.findings, bytes)?;
    let mut rows = Rows::new(name);
    source.records(&mut |record| rows.look(record)).ok()?;
    let fixes = rows.fixes();
    if source.encoding == Encoding::Ms932 && !source.bom && fixes == Fixes::default() {
        return None;
    }
    // Room for all of it at once: a vector that grows would be there twice for a moment.
    let room = rows.bytes_written(fixes);
    let mut written = Vec::with_capacity(room);
    let mut writing = rows.writing(fixes);
    let substituted = source.records(&mut |record| writing.write(record, &mut written)).ok()?;
    debug_assert!(written.len() <= room, "{} bytes of {room}", written.len());
    // Quotes and line ends may make it larger than what is held.
    if u64::try_from(written.len()).map_or(true, |size| size > REPAIR_BYTES_MAX) {
        return None;
    }
    let mut changes = Vec::new();
    match source.encoding {
        Encoding::Ms932 => {}
        Encoding::Utf8 => changes.push(Change::of(ChangeKind::Utf8ToMs932)),
        Encoding::Utf16 { .. } => changes.push(Change::of(ChangeKind::Utf16ToMs932)),
    }
    // The mark of UTF-16 is part of that encoding.
    if source.bom && !matches!(source.encoding, Encoding::Utf16 { .. }) {
        changes.push(Change::of(ChangeKind::BomRemoved));
    }
    changes.extend(substituted);
    changes.extend(writing.changes());
    let after = examine(name, &written);
    let same_text = source.encoding == Encoding::Ms932;
    (!changes.is_empty() && is_better(&before, &after, same_text)).then_some((written, changes))
}

/// Whether less is wrong than before, and nothing of the text that was not wrong before.
///
/// What the values are could not be seen in a file of another encoding, or in a record of a wrong length; only now
/// it comes to light, so it is not held against the repair.
fn is_better(before: &FileFacts, after: &FileFacts, same_text: bool) -> bool {
    let (old, new) = (faults_of_text(&before.findings), faults_of_text(&after.findings));
    if !same_text {
        let of_encoding = |(code, ..): &Fault| matches!(code, FindingCode::Encoding | FindingCode::Bom);
        return !new.keys().any(of_encoding);
    }
    let none_added = new
        .iter()
        .all(|(fault, count)| old.get(fault).is_some_and(|known| count <= known));
    none_added && new.values().sum::<u64>() < old.values().sum()
}

/// What is wrong in which field.
type Fault = (FindingCode, Option<FindingRule>, Option<u32>);

/// How often each fault of the text itself occurs, those that are only counted included.
fn faults_of_text(findings: &[Finding]) -> BTreeMap<Fault, u64> {
    let mut faults = BTreeMap::new();
    for finding in findings {
        let of_text = matches!(
            finding.code,
            FindingCode::Empty
                | FindingCode::Encoding
                | FindingCode::Bom
                | FindingCode::LineEnd
                | FindingCode::NoFinalLineEnd
                | FindingCode::LineTooLong
                | FindingCode::Quoting
                | FindingCode::Header
                | FindingCode::Columns
        );
        if of_text {
            let fault = (finding.code, finding.rule, finding.column);
            *faults.entry(fault).or_default() += 1 + u64::from(finding.more);
        }
    }
    faults
}

/// The longest record that is rewritten; a longer one makes a file unreadable anyhow.
const RECORD_BYTES_MAX: usize = CSV_RECORD_BYTES_MAX;

#[cfg(test)]
mod tests;
