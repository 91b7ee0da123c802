//! Records and their values, read from a file in memory and written back.
//!
//! Nothing is checked here and nothing is refused: what a record holds comes out as it stands, and what is wrong with it
//! is told by [`crate::examine`]. Nothing is copied either, but for values that are decoded.

use std::borrow::Cow;

use care_layout::Layout;

use crate::record::{Fields, bare, fields, without_line_end};
use crate::text::{Unmappable, decode, encode};

/// The byte order mark that some programs write before UTF-8, and a few before MS932.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

/// The records of a file, in order. A byte order mark and blank lines are passed over; a line end in quotes belongs to
/// its record; CRLF, LF and CR all end one, and the last needs no line end.
pub fn records(bytes: &[u8]) -> Records<'_> {
    Records {
        lines: lines(bytes.strip_prefix(BOM).unwrap_or(bytes)),
        row: 0,
    }
}

/// See [`records`].
#[derive(Debug, Clone)]
pub struct Records<'a> {
    lines: Lines<'a>,
    row: u32,
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        loop {
            let bytes = without_line_end(self.lines.next()?);
            self.row = self.row.saturating_add(1);
            if !bytes.is_empty() {
                return Some(Record { row: self.row, bytes });
            }
        }
    }
}

/// One record.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Which one, from 1; as in findings, blank lines are counted.
    pub row: u32,
    bytes: &'a [u8],
}

impl<'a> Record<'a> {
    /// Its values, in order.
    pub fn fields(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let split: Fields<'a> = fields(self.bytes);
        split.map(Value)
    }

    /// Its bytes, without the line end.
    pub fn raw(&self) -> &'a [u8] {
        self.bytes
    }
}

/// One value of a record.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a>(&'a [u8]);

impl<'a> Value<'a> {
    /// The bytes as they stand in the file, with any quotes.
    pub fn raw(&self) -> &'a [u8] {
        self.0
    }

    /// Whether it stands in double quotes.
    pub fn is_quoted(&self) -> bool {
        bare(self.0).len() != self.0.len()
    }

    /// Its text: without the quotes around it, doubled quotes single, decoded by [`decode`].
    pub fn text(&self) -> Cow<'a, str> {
        let text = decode(bare(self.0));
        if self.is_quoted() && text.contains("\"\"") {
            return Cow::Owned(text.replace("\"\"", "\""));
        }
        text
    }

    /// Whether there is nothing in it, quoted or not.
    pub fn is_empty(&self) -> bool {
        bare(self.0).is_empty()
    }
}

/// Why a record cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwritable {
    /// Not as many values as the layout has fields.
    Columns {
        /// The fields of the layout.
        wanted: usize,
        /// The values given.
        given: usize,
    },
    /// A value has a character that MS932 lacks.
    Character {
        /// The field, from 1.
        column: u32,
        /// The character and its place in the value.
        unmappable: Unmappable,
    },
}

impl std::fmt::Display for Unwritable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Columns { wanted, given } => write!(f, "the record has {given} values instead of {wanted}"),
            Self::Character { column, unmappable } => write!(f, "field {column}: {unmappable}"),
        }
    }
}

impl std::error::Error for Unwritable {}

/// Writes one record as the layout wants it: free text in double quotes, also when empty (標準仕様 フリーテキスト), the
/// others without unless they need them; MS932; CRLF at its end.
pub fn write_record(layout: &Layout, values: &[impl AsRef<str>]) -> Result<Vec<u8>, Unwritable> {
    if values.len() != layout.fields.len() {
        return Err(Unwritable::Columns {
            wanted: layout.fields.len(),
            given: values.len(),
        });
    }
    let mut record = Vec::new();
    for (index, (field, value)) in layout.fields.iter().zip(values).enumerate() {
        if index > 0 {
            record.push(b',');
        }
        let bytes = encode(value.as_ref()).map_err(|unmappable| Unwritable::Character {
            column: u32::from(field.number),
            unmappable,
        })?;
        if field.quoted || bytes.iter().any(|byte| b",\"\r\n".contains(byte)) {
            push_quoted(&mut record, &bytes);
        } else {
            record.extend_from_slice(&bytes);
        }
    }
    record.extend_from_slice(b"\r\n");
    Ok(record)
}

/// Writes a value in quotes, its own quotes doubled.
pub(crate) fn push_quoted(record: &mut Vec<u8>, value: &[u8]) {
    record.push(b'"');
    for byte in value {
        if *byte == b'"' {
            record.push(b'"');
        }
        record.push(*byte);
    }
    record.push(b'"');
}

/// The lines of records with their line ends; a line end in quotes is none.
pub(crate) fn lines(bytes: &[u8]) -> Lines<'_> {
    Lines { rest: bytes }
}

/// See [`lines`].
#[derive(Debug, Clone)]
pub(crate) struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let mut quoted = false;
        let mut end = self.rest.len();
        for (place, byte) in self.rest.iter().enumerate() {
            match byte {
                b'"' => quoted = !quoted,
                b'\r' if !quoted => {
                    end = place + 1 + usize::from(self.rest.get(place + 1) == Some(&b'\n'));
                    break;
                }
                b'\n' if !quoted => {
                    end = place + 1;
                    break;
                }
                _ => {}
            }
        }
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use care_model::{Edition, FileKind};

    use super::*;

    fn read(bytes: &[u8]) -> Vec<(u32, Vec<String>)> {
        records(bytes)
            .map(|record| {
                (
                    record.row,
                    record.fields().map(|value| value.text().into_owned()).collect(),
                )
            })
            .collect()
    }

    fn texts(row: u32, values: &[&str]) -> (u32, Vec<String>) {
        (row, values.iter().map(|value| (*value).to_owned()).collect())
    }

    #[test]
    fn records_have_their_rows_and_values() {
        for (bytes, expected) in [
            (
                b"a,b\r\nc\r\n".as_slice(),
                vec![texts(1, &["a", "b"]), texts(2, &["c"])],
            ),
            (b"a\nb\rc", vec![texts(1, &["a"]), texts(2, &["b"]), texts(3, &["c"])]),
            (b"\r\n\r\na\r\n\r\nb", vec![texts(3, &["a"]), texts(5, &["b"])]),
            (b"\xef\xbb\xbfa", vec![texts(1, &["a"])]),
            (
                b"\"x,\r\n\"\"y\"\"\",\"\x95\x5c\"\r\n",
                vec![texts(1, &["x,\r\n\"y\"", "表"])],
            ),
            (b",\"\",", vec![texts(1, &["", "", ""])]),
            // Quotes that do not pair stay as they are.
            (b"a\"b\"c,\"", vec![texts(1, &["a\"b\"c", "\""])]),
            (b"\"open,\r\nb", vec![texts(1, &["\"open,\r\nb"])]),
            (b"", vec![]),
            (b"\r\n", vec![]),
        ] {
            assert_eq!(read(bytes), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn values_tell_their_quotes() {
        let record = records(b"\"a\",b,\"\",,\"").next().unwrap();
        let found: Vec<(bool, bool)> = record
            .fields()
            .map(|value| (value.is_quoted(), value.is_empty()))
            .collect();
        assert_eq!(
            found,
            [
                (true, false),
                (false, false),
                (true, true),
                (false, true),
                (false, false)
            ]
        );
        assert_eq!(record.fields().next().unwrap().raw(), b"\"a\"");
        assert_eq!(record.raw(), b"\"a\",b,\"\",,\"");
    }

    #[test]
    fn free_text_is_quoted_and_the_rest_only_if_need_be() {
        let layout = Layout::of(Edition::V4, FileKind::ProfileDay).unwrap();
        let written = write_record(layout, &["202407", "a,b", "", "20260401", "", "a \"表\"", "x\r\ny"]).unwrap();
        assert_eq!(
            written,
            b"202407,\"a,b\",,20260401,\"\",\"a \"\"\x95\x5c\"\"\",\"x\r\ny\"\r\n"
        );
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        let layout = Layout::of(Edition::V4, FileKind::ProfileDay).unwrap();
        assert_eq!(
            write_record(layout, &["202407"]),
            Err(Unwritable::Columns { wanted: 7, given: 1 })
        );
        let refused = write_record(layout, &["", "", "", "", "見本", "a𠮷", ""]);
        let unmappable = Unmappable {
            character: '𠮷',
            index: 1,
        };
        assert_eq!(refused, Err(Unwritable::Character { column: 6, unmappable }));
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_again(
            layout in 0..Layout::all().len(),
            text in proptest::collection::vec("[ -~ぁ-んｱ-ﾝ表ソ能髙①～\",\r\n]{0,12}", 80),
        ) {
            let layout = &Layout::all()[layout];
            let values = &text[..layout.fields.len()];
            let written = write_record(layout, values).unwrap();
            let all = read(&written);
            proptest::prop_assert_eq!(all.len(), 1);
            proptest::prop_assert_eq!(&all[0].1, values);
            // And the record that was read is written with the same bytes.
            proptest::prop_assert_eq!(write_record(layout, &all[0].1).unwrap(), written);
        }

        #[test]
        fn lines_join_to_the_file(bytes in proptest::collection::vec(proptest::sample::select(b"a,\"\r\n\x95\x5c".as_slice()), 0..80)) {
            let all: Vec<&[u8]> = lines(&bytes).collect();
            proptest::prop_assert_eq!(all.concat(), bytes.clone());
            proptest::prop_assert!(all.iter().all(|line| !line.is_empty()));
        }
    }
}
