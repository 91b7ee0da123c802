//! Records made right: line ends, quotes, columns beyond the layout.

use care_layout::{Kind, Layout};
use care_model::{Edition, ExchangeFileName};

use super::{Change, ChangeKind};
use crate::record::{bare, fields, without_line_end};
use crate::table::push_quoted;

/// What was seen of all records, so that each repair is only made where it is safe.
pub(super) struct Rows {
    layout: Option<&'static Layout>,
    edition: Edition,
    /// A quote stands where none may: where a record ends is not certain.
    misquoted: bool,
    crlf: u32,
    lf: u32,
    cr: u32,
    /// Records whose number of fields is not the layout's, and cannot be made so.
    uneven: u32,
    /// Whether the last record has a line end, and if not, whether it is whole.
    last: LastLine,
    mendable: bool,
    /// Bytes of all records with their line ends.
    bytes: usize,
    /// Fields that lack their quotes.
    unquoted: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LastLine {
    Ended,
    Whole,
    Broken,
}

/// Which repairs are safe and needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fixes {
    line_ends: bool,
    final_line_end: bool,
    fields: bool,
}

impl Rows {
    pub(super) fn new(name: &ExchangeFileName) -> Self {
        Self {
            layout: Layout::of(name.edition(), name.kind),
            edition: name.edition(),
            misquoted: false,
            crlf: 0,
            lf: 0,
            cr: 0,
            uneven: 0,
            last: LastLine::Ended,
            mendable: false,
            bytes: 0,
            unquoted: 0,
        }
    }

    /// Looks at one record with its line end.
    pub(super) fn look(&mut self, record: &[u8]) {
        let body = without_line_end(record);
        let shape = self.shape(body);
        self.bytes += record.len();
        self.unquoted += usize::try_from(shape.unquoted).unwrap_or(usize::MAX);
        self.misquoted |= shape.misquoted;
        self.uneven += u32::from(!body.is_empty() && !shape.whole && shape.cut_at.is_none());
        self.mendable |= shape.cut_at.is_some() || shape.unquoted > 0;
        self.last = match record.get(body.len()..).unwrap_or_default() {
            b"\r\n" => {
                self.crlf += 1;
                LastLine::Ended
            }
            b"\n" => {
                self.lf += 1;
                LastLine::Ended
            }
            b"\r" => {
                self.cr += 1;
                LastLine::Ended
            }
            _ if shape.whole || shape.cut_at.is_some() => LastLine::Whole,
            _ => LastLine::Broken,
        };
    }

    /// What may be repaired.
    pub(super) fn fixes(&self) -> Fixes {
        if self.misquoted {
            return Fixes::default();
        }
        // One kind of line end throughout is what separates the records. Two kinds in a file with broken records may
        // be a line end inside free text that lost its quotes.
        let kinds = [self.crlf, self.lf, self.cr].iter().filter(|count| **count > 0).count();
        Fixes {
            line_ends: self.lf + self.cr > 0 && (kinds == 1 || self.uneven == 0),
            // A record that breaks off is no less broken with a line end, only harder to notice.
            final_line_end: self.last == LastLine::Whole,
            fields: self.mendable,
        }
    }

    /// The most bytes that are written with these repairs.
    pub(super) fn bytes_written(&self, fixes: Fixes) -> usize {
        let quotes = if fixes.fields { self.unquoted * 2 } else { 0 };
        let lone = usize::try_from(self.lf.saturating_add(self.cr)).unwrap_or(usize::MAX);
        let line_ends = if fixes.line_ends { lone } else { 0 };
        self.bytes + quotes + line_ends + 2
    }

    /// Begins to write with these repairs.
    pub(super) fn writing(&self, fixes: Fixes) -> Writing<'_> {
        Writing {
            rows: self,
            fixes,
            row: 0,
            line_ends: Tally::default(),
            final_line_end: Tally::default(),
            quotes: Tally::default(),
            columns: Tally::default(),
        }
    }

    /// What one record without its line end is like, compared with the layout.
    fn shape(&self, body: &[u8]) -> Shape {
        let mut shape = Shape::default();
        let Some(layout) = self.layout else { return shape };
        let known_version = fields(body)
            .next()
            .is_some_and(|version| self.is_version(bare(version)));
        let (mut count, mut filled_beyond, mut end, mut unquoted, mut first) = (0, false, 0, 0, None);
        for field in fields(body) {
            shape.misquoted |= is_misquoted(field);
            match layout.fields.get(count) {
                Some(known) if wants_quotes(known) && is_unquoted_text(field) => {
                    unquoted += 1;
                    first = first.or(Some(u32::from(known.number)));
                }
                Some(_) => {}
                None => filled_beyond |= !bare(field).is_empty(),
            }
            // With the comma before it, but for the first.
            end += field.len() + usize::from(count > 0);
            count += 1;
            if count == layout.fields.len() {
                shape.cut_at = Some(end);
            }
        }
        shape.whole = count == layout.fields.len();
        let beyond = count > layout.fields.len();
        // Free text without quotes may be what has the commas too many.
        if !(known_version && beyond && !filled_beyond && unquoted == 0) {
            shape.cut_at = None;
        }
        if known_version && shape.whole {
            shape.unquoted = unquoted;
            shape.first_unquoted = first;
        }
        shape
    }

    /// Whether a record of this CSV version has the layout of the name's edition. Those of other and unknown versions
    /// are left as they are.
    fn is_version(&self, version: &[u8]) -> bool {
        match self.edition {
            Edition::V4 => matches!(version, b"202407" | b"202410" | b"202504"),
            Edition::V3 => version == b"202208",
        }
    }
}

/// What one record is like.
#[derive(Default)]
struct Shape {
    misquoted: bool,
    /// It has as many fields as the layout.
    whole: bool,
    /// Where the layout ends, if only empty columns follow.
    cut_at: Option<usize>,
    /// How many fields lack their quotes.
    unquoted: u32,
    first_unquoted: Option<u32>,
}

/// Whether the standard wants quotes around this field. Numbers that are printed as free text (予防の別表) may go without.
fn wants_quotes(field: &care_layout::Field) -> bool {
    field.quoted && field.kind == Kind::Text
}

/// Whether a value stands there without quotes; an empty field needs none.
fn is_unquoted_text(field: &[u8]) -> bool {
    !field.is_empty() && field.first() != Some(&b'"')
}

/// Whether a field has a quote where none may stand.
fn is_misquoted(field: &[u8]) -> bool {
    let inner = match field {
        [b'"', inner @ .., b'"'] => inner,
        [b'"', ..] => return true,
        plain => return plain.contains(&b'"'),
    };
    let mut quotes = inner.split(|byte| *byte != b'"').filter(|run| !run.is_empty());
    quotes.any(|run| run.len() % 2 == 1)
}

/// How often and where first.
#[derive(Default)]
struct Tally {
    count: u32,
    row: Option<u32>,
    column: Option<u32>,
}

impl Tally {
    fn add(&mut self, count: u32, row: u32, column: Option<u32>) {
        if self.count == 0 {
            self.row = Some(row);
            self.column = column;
        }
        self.count = self.count.saturating_add(count);
    }
}

/// Writes records, repaired where need be.
pub(super) struct Writing<'a> {
    rows: &'a Rows,
    fixes: Fixes,
    row: u32,
    line_ends: Tally,
    final_line_end: Tally,
    quotes: Tally,
    columns: Tally,
}

impl Writing<'_> {
    /// Writes one record with its line end.
    pub(super) fn write(&mut self, record: &[u8], written: &mut Vec<u8>) {
        self.row = self.row.saturating_add(1);
        let row = self.row;
        let body = without_line_end(record);
        let line_end = record.get(body.len()..).unwrap_or_default();
        if self.fixes.fields {
            self.write_fields(body, written);
        } else {
            written.extend_from_slice(body);
        }
        match line_end {
            b"\n" | b"\r" if self.fixes.line_ends => {
                self.line_ends.add(1, row, None);
                written.extend_from_slice(b"\r\n");
            }
            b"" if self.fixes.final_line_end => {
                self.final_line_end.add(1, row, None);
                written.extend_from_slice(b"\r\n");
            }
            kept => written.extend_from_slice(kept),
        }
    }

    fn write_fields(&mut self, body: &[u8], written: &mut Vec<u8>) {
        let mut shape = self.rows.shape(body);
        let mut body = body;
        if let Some(end) = shape.cut_at {
            self.columns.add(1, self.row, None);
            body = body.get(..end).unwrap_or(body);
            shape = self.rows.shape(body);
        }
        let Some(layout) = self.rows.layout.filter(|_| shape.unquoted > 0) else {
            written.extend_from_slice(body);
            return;
        };
        self.quotes.add(shape.unquoted, self.row, shape.first_unquoted);
        for (index, field) in fields(body).enumerate() {
            if index > 0 {
                written.push(b',');
            }
            match layout.fields.get(index) {
                Some(known) if wants_quotes(known) && is_unquoted_text(field) => push_quoted(written, field),
                _ => written.extend_from_slice(field),
            }
        }
    }

    /// What was changed.
    pub(super) fn changes(self) -> impl Iterator<Item = Change> {
        [
            (ChangeKind::LineEnds, self.line_ends),
            (ChangeKind::FinalLineEnd, self.final_line_end),
            (ChangeKind::Quotes, self.quotes),
            (ChangeKind::TrailingColumns, self.columns),
        ]
        .into_iter()
        .filter(|(_, tally)| tally.count > 0)
        .map(|(kind, tally)| Change {
            count: tally.count,
            row: tally.row,
            column: tally.column,
            ..Change::of(kind)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_stand_where_they_may() {
        for field in ["", "a", "\"\"", "\"a\"", "\"a\"\"b\"", "\"\"\"\"", "\"\"\"a\"\"\""] {
            assert!(!is_misquoted(field.as_bytes()), "{field}");
        }
        for field in ["\"", "a\"", "\"a", "\"a\"b\"", "\"a\"b", "\"\"\"", "a\"\"b"] {
            assert!(is_misquoted(field.as_bytes()), "{field}");
        }
    }
}
