//! One pass over the raw bytes: records are cut, fields split off, characters checked.
//!
//! Consecutive records of a slip are alike but for a few fields. So a record is compared with the one before it first:
//! what begins at the same field and has the same bytes needs no second look, since the splitting depends on nothing else.

use crate::ms932::{Lead, Pair, Pairs, lead_of};

/// Fields of a record that are told apart; the longest layout has 71. All beyond share the last place.
pub(crate) const FIELDS_KEPT: usize = 128;

/// A set of fields, one bit each.
pub(crate) type FieldSet = u128;

/// The set of one field, from 0.
#[inline]
pub(crate) fn one(field: usize) -> FieldSet {
    1 << field.min(FIELDS_KEPT - 1)
}

/// The fields of a set, in order, from 0.
pub(crate) fn each(mut set: FieldSet) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        if set == 0 {
            return None;
        }
        let field = set.trailing_zeros();
        set &= set - 1;
        Some(field as usize)
    })
}

/// How a record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum LineEnd {
    #[default]
    None,
    CrLf,
    Lf,
    Cr,
}

/// Fields in which something is wrong with the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Marks {
    /// Bytes that are no MS932.
    pub(crate) invalid: FieldSet,
    /// User-defined characters.
    pub(crate) gaiji: FieldSet,
    /// NUL bytes.
    pub(crate) nul: FieldSet,
    /// A double quote where none may stand.
    pub(crate) quote: FieldSet,
}

impl Marks {
    /// Fields with anything wrong.
    pub(crate) fn any(&self) -> FieldSet {
        self.invalid | self.gaiji | self.nul | self.quote
    }
}

/// A record split into its fields. All places count from its first byte.
#[derive(Debug, Clone)]
pub(crate) struct Split {
    /// Where fields begin, at most [`FIELDS_KEPT`] of them, and where the one after would.
    starts: Vec<u32>,
    /// The fields.
    pub(crate) fields: usize,
    /// Where the last field ends.
    end: u32,
    /// All its bytes, with the line end.
    pub(crate) bytes: usize,
    /// How it ends.
    pub(crate) line_end: LineEnd,
    /// Fields that are not the same as in the record before.
    pub(crate) changed: FieldSet,
    /// What is wrong with the text, among the changed fields.
    pub(crate) marks: Marks,
    /// Whether the file ends inside quotes.
    pub(crate) quote_open: bool,
}

impl Default for Split {
    fn default() -> Self {
        Self {
            starts: vec![0; FIELDS_KEPT + 1],
            fields: 0,
            end: 0,
            bytes: 0,
            line_end: LineEnd::None,
            changed: 0,
            marks: Marks::default(),
            quote_open: false,
        }
    }
}

impl Split {
    /// Where a field begins.
    #[inline]
    fn start(&self, field: usize) -> usize {
        self.starts.get(field).map_or(0, |start| *start as usize)
    }

    #[inline]
    fn set_start(&mut self, field: usize, start: usize) {
        if let Some(place) = self.starts.get_mut(field) {
            *place = start as u32;
        }
    }

    /// Whether it ends with CRLF or LF: with CR alone the next byte would have a say.
    pub(crate) fn is_ended(&self) -> bool {
        matches!(self.line_end, LineEnd::CrLf | LineEnd::Lf)
    }

    /// A field with its quotes, from 0; empty if there is none or if it is not kept.
    #[inline]
    pub(crate) fn field<'a>(&self, record: &'a [u8], field: usize) -> &'a [u8] {
        if field >= self.fields || field >= FIELDS_KEPT {
            return &[];
        }
        let end = if field + 1 == self.fields {
            self.end as usize
        } else {
            self.start(field + 1).saturating_sub(1)
        };
        record.get(self.start(field)..end).unwrap_or_default()
    }
}

/// The record before, which nothing is wrong with and which is ended.
#[derive(Clone, Copy)]
pub(crate) struct Before<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) split: &'a Split,
}

/// Splits the record at the beginning of `bytes`; false if its end is not among them.
///
/// `last` says that no more bytes come, so that what is there is the record.
pub(crate) fn split(bytes: &[u8], last: bool, before: Option<Before<'_>>, pairs: Pairs, out: &mut Split) -> bool {
    out.changed = 0;
    out.marks = Marks::default();
    out.quote_open = false;
    out.set_start(0, 0);
    let before = before.filter(|before| before.split.fields <= FIELDS_KEPT);
    let mut at = 0;
    let mut field = 0;
    loop {
        if let Some(before) = before
            && field < before.split.fields
        {
            match out.follow(bytes, at, field, before) {
                Followed::ToTheEnd => return true,
                Followed::To { at: place, field: next } => (at, field) = (place, next),
            }
        }
        let Some(stop) = out.scan(bytes, at, one(field), last, pairs) else {
            return false;
        };
        out.changed |= one(field);
        field += 1;
        at = stop.next;
        if stop.comma {
            out.set_start(field, at);
            continue;
        }
        out.fields = field;
        out.end = stop.end as u32;
        out.bytes = at;
        out.line_end = stop.line_end;
        return true;
    }
}

enum Followed {
    /// The record ends as the one before.
    ToTheEnd,
    /// This field is the first that may differ.
    To { at: usize, field: usize },
}

/// Where a field ends and why.
struct Stop {
    end: usize,
    next: usize,
    comma: bool,
    line_end: LineEnd,
}

impl Split {
    /// Passes over what is the same as in the record before, from the beginning of one field to that of another.
    #[inline]
    fn follow(&mut self, bytes: &[u8], at: usize, first: usize, before: Before<'_>) -> Followed {
        let base = before.split.start(first);
        let known = before.bytes.get(base..).unwrap_or_default();
        let same = common(bytes.get(at..).unwrap_or_default(), known);
        let mut field = first;
        while field + 1 < before.split.fields {
            let next = before.split.start(field + 1) - base;
            if next > same {
                break;
            }
            field += 1;
            self.set_start(field, at + next);
        }
        if same == known.len() {
            self.fields = before.split.fields;
            self.end = (at + before.split.end as usize - base) as u32;
            self.bytes = at + known.len();
            self.line_end = before.split.line_end;
            return Followed::ToTheEnd;
        }
        Followed::To {
            at: at + before.split.start(field) - base,
            field,
        }
    }

    /// Looks at one field byte by byte; none if it does not end here.
    #[inline]
    fn scan(&mut self, bytes: &[u8], at: usize, this: FieldSet, last: bool, pairs: Pairs) -> Option<Stop> {
        let mut place = at;
        let mut quoted = false;
        let begins_quoted = bytes.get(at) == Some(&b'"');
        let stop = |end: usize, next: usize, line_end: LineEnd| Stop {
            end,
            next,
            comma: false,
            line_end,
        };
        let stop = loop {
            if quoted {
                // Eight bytes of plain text at once.
                while let Some(word) = bytes.get(place..place + 8) {
                    if !plain(u64::from_le_bytes(word.try_into().unwrap_or_default())) {
                        break;
                    }
                    place += 8;
                }
            }
            let Some(&byte) = bytes.get(place) else {
                if !last {
                    return None;
                }
                self.quote_open = quoted;
                break stop(place, place, LineEnd::None);
            };
            match byte {
                b',' if !quoted => {
                    break Stop {
                        end: place,
                        next: place + 1,
                        comma: true,
                        line_end: LineEnd::None,
                    };
                }
                b'\r' if !quoted => match bytes.get(place + 1) {
                    Some(b'\n') => break stop(place, place + 2, LineEnd::CrLf),
                    None if !last => return None,
                    _ => break stop(place, place + 1, LineEnd::Cr),
                },
                b'\n' if !quoted => break stop(place, place + 1, LineEnd::Lf),
                b'"' => {
                    // Quotes open at the beginning, and again only where one is doubled.
                    let doubled = begins_quoted && bytes.get(place.wrapping_sub(1)) == Some(&b'"');
                    if !quoted && place != at && !doubled {
                        self.marks.quote |= this;
                    }
                    quoted = !quoted;
                    place += 1;
                }
                0 => {
                    self.marks.nul |= this;
                    place += 1;
                }
                0x01..=0x7F => place += 1,
                _ => {
                    if !self.wide(bytes, &mut place, this, pairs) {
                        if !last {
                            return None;
                        }
                        self.marks.invalid |= this;
                    }
                }
            }
        };
        if begins_quoted && !self.quote_open && bytes.get(..stop.end).and_then(<[u8]>::last) != Some(&b'"') {
            self.marks.quote |= this;
        }
        Some(stop)
    }

    /// A run of characters beyond ASCII; false if the bytes end in the middle of one.
    #[inline]
    fn wide(&mut self, bytes: &[u8], place: &mut usize, this: FieldSet, pairs: Pairs) -> bool {
        while let Some(&byte) = bytes.get(*place) {
            match lead_of(byte) {
                _ if byte < 0x80 => return true,
                Lead::Single => *place += 1,
                Lead::None => {
                    self.marks.invalid |= this;
                    *place += 1;
                }
                Lead::Double => {
                    let Some(&trail) = bytes.get(*place + 1) else {
                        *place += 1;
                        return false;
                    };
                    *place += 2;
                    match pairs.of(byte, trail) {
                        Pair::Character => {}
                        Pair::Gaiji => self.marks.gaiji |= this,
                        Pair::Invalid => {
                            self.marks.invalid |= this;
                            // An ASCII byte after a broken half stands for itself: a quote or line end must not be lost.
                            if trail < 0x80 {
                                *place -= 1;
                            }
                        }
                    }
                }
            }
        }
        true
    }
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Whether none of the eight bytes is a control character, a double quote or beyond ASCII.
#[inline]
fn plain(word: u64) -> bool {
    let control = word.wrapping_sub(LOW * 0x20);
    let quote = (word ^ (LOW * 0x22)).wrapping_sub(LOW);
    (word | control | quote) & HIGH == 0
}

/// How many bytes are the same from the beginning.
#[inline]
fn common(a: &[u8], b: &[u8]) -> usize {
    let mut same = 0;
    let block = |bytes: &[u8], at: usize| bytes.get(at..).and_then(<[u8]>::first_chunk::<32>).copied();
    while let (Some(x), Some(y)) = (block(a, same), block(b, same)) {
        if x != y {
            break;
        }
        same += 32;
    }
    while let (Some(x), Some(y)) = (a.get(same..same + 8), b.get(same..same + 8)) {
        let x = u64::from_le_bytes(x.try_into().unwrap_or_default());
        let y = u64::from_le_bytes(y.try_into().unwrap_or_default());
        if x != y {
            return same + ((x ^ y).trailing_zeros() / 8) as usize;
        }
        same += 8;
    }
    let rest = a.iter().skip(same).zip(b.iter().skip(same));
    same + rest.take_while(|(x, y)| x == y).count()
}

/// Bytes that are passed over at once where none of them matters.
const SKIPPED_AT_ONCE: usize = 1_024;

/// Passes over a record that is above the limit, however long it is.
#[derive(Default)]
pub(crate) struct Skip {
    quoted: bool,
    after_cr: bool,
}

impl Skip {
    /// The place after the record's end, if it is among the bytes, and how it ends.
    pub(crate) fn end(&mut self, bytes: &[u8]) -> Option<(usize, LineEnd)> {
        let mut at = 0;
        for part in bytes.chunks(SKIPPED_AT_ONCE) {
            // Mostly there is nothing to see.
            let line_end = self.after_cr || (!self.quoted && (part.contains(&b'\r') || part.contains(&b'\n')));
            if (line_end || part.contains(&b'"'))
                && let Some((place, line_end)) = self.end_of_part(part)
            {
                return Some((at + place, line_end));
            }
            at += part.len();
        }
        None
    }

    fn end_of_part(&mut self, part: &[u8]) -> Option<(usize, LineEnd)> {
        for (place, byte) in part.iter().enumerate() {
            if self.after_cr {
                return Some(match byte {
                    b'\n' => (place + 1, LineEnd::CrLf),
                    _ => (place, LineEnd::Cr),
                });
            }
            match byte {
                b'"' => self.quoted = !self.quoted,
                b'\n' if !self.quoted => return Some((place + 1, LineEnd::Lf)),
                b'\r' if !self.quoted => self.after_cr = true,
                _ => {}
            }
        }
        None
    }

    /// How the record ends if the file ends here; none inside quotes.
    pub(crate) fn last(&self) -> Option<LineEnd> {
        match (self.quoted, self.after_cr) {
            (true, _) => None,
            (false, true) => Some(LineEnd::Cr),
            (false, false) => Some(LineEnd::None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Splits a whole file, each record with the help of the one before.
    fn all(bytes: &[u8], helped: bool) -> Vec<(Vec<Vec<u8>>, Split)> {
        let pairs = Pairs::new();
        let mut found: Vec<(Vec<Vec<u8>>, Split)> = Vec::new();
        let (mut at, mut before_at) = (0, 0);
        while at < bytes.len() {
            let mut out = Split::default();
            let before = found.last().map(|(_, split)| Before {
                bytes: &bytes[before_at..at],
                split,
            });
            let usable =
                before.filter(|before| helped && before.split.is_ended() && before.split.marks == Marks::default());
            assert!(split(&bytes[at..], true, usable, pairs, &mut out));
            let record = &bytes[at..at + out.bytes];
            let fields = (0..out.fields.min(FIELDS_KEPT)).map(|field| out.field(record, field).to_vec());
            let fields = fields.collect();
            before_at = at;
            at += out.bytes;
            found.push((fields, out));
        }
        found
    }

    fn texts(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
        all(bytes, true).into_iter().map(|(fields, _)| fields).collect()
    }

    #[test]
    fn records_and_fields_are_split_outside_quotes() {
        assert_eq!(
            texts(b"a,\"x\r\n,y\",b\r\nc\r\n"),
            vec![
                vec![b"a".to_vec(), b"\"x\r\n,y\"".to_vec(), b"b".to_vec()],
                vec![b"c".to_vec()]
            ]
        );
        assert_eq!(texts(b"a,\n,b"), [[b"a".to_vec(), vec![]], [vec![], b"b".to_vec()]]);
        assert_eq!(all(b"a\rb\r\n", true)[0].1.line_end, LineEnd::Cr);
        assert!(all(b"a,\"b\r\nc", true)[0].1.quote_open);
        // 表 ends in the byte of a backslash, never in that of a comma or quote.
        assert_eq!(
            texts(b"\"\x95\x5c\",\x83\x5c"),
            [[b"\"\x95\x5c\"".to_vec(), b"\x83\x5c".to_vec()]]
        );
    }

    #[test]
    fn marks_stand_at_their_field() {
        let marks = |bytes: &[u8]| all(bytes, true)[0].1.marks;
        assert_eq!(marks(b"a,\"\x81\x20\",c").invalid, one(1));
        assert_eq!(marks(b"a,b,\x81").invalid, one(2));
        assert_eq!(marks(b"\xf0\x40,b").gaiji, one(0));
        assert_eq!(marks(b"a,\x00,").nul, one(1));
        for (text, bad) in [
            ("\"a\"\"b\"", false),
            ("\"\"", false),
            ("\"\"\"\"", false),
            ("\"a\"b\"", true),
            ("a\"b\"", true),
            ("\"a\"b", true),
            (" \"a\"", true),
            ("a\"\"", true),
        ] {
            assert_eq!(
                marks(format!("1,{text},2\r\n").as_bytes()).quote,
                if bad { one(1) } else { 0 },
                "{text}"
            );
        }
    }

    #[test]
    fn only_what_differs_from_the_record_before_is_looked_at() {
        let found = all(
            b"1,ab,\"x, y\",,9\r\n1,ab,\"x, z\",,9\r\n1,ab,\"x, z\",,9\r\n1,a,\"x, z\",,10\r\n",
            true,
        );
        let changed: Vec<Vec<usize>> = found.iter().map(|(_, split)| each(split.changed).collect()).collect();
        assert_eq!(changed, [vec![0, 1, 2, 3, 4], vec![2], vec![], vec![1, 4]]);
    }

    #[test]
    fn an_unfinished_record_waits() {
        let whole = b"1,\"a\r\n\"\"b\",\x95\x5c\r\n";
        for cut in 0..whole.len() {
            let mut out = Split::default();
            assert!(!split(&whole[..cut], false, None, Pairs::new(), &mut out), "{cut}");
        }
        assert!(split(whole, false, None, Pairs::new(), &mut Split::default()));
    }

    #[test]
    fn fields_beyond_those_kept_are_counted() {
        let (fields, split) = &all(",".repeat(100_000).as_bytes(), true)[0];
        assert_eq!((fields.len(), split.fields), (FIELDS_KEPT, 100_001));
    }

    #[test]
    fn skipping_ends_where_splitting_does() {
        let long = [
            &[b'a'; 3 * SKIPPED_AT_ONCE],
            b"\"\r\n\"".as_slice(),
            &[b'b'; SKIPPED_AT_ONCE],
            b"\r\nc",
        ]
        .concat();
        for bytes in [b"a\"\r\n\"b\r\nc".as_slice(), b"a\rc", b"a\nc", b"\x95\x5c\r\nc", &long] {
            let split = all(bytes, false)[0].1.clone();
            for cut in 0..=bytes.len() {
                let (head, tail) = bytes.split_at(cut);
                let mut skip = Skip::default();
                let found = skip
                    .end(head)
                    .or_else(|| skip.end(tail).map(|(place, end)| (place + cut, end)));
                assert_eq!(found, Some((split.bytes, split.line_end)), "{bytes:?} at {cut}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn help_of_the_record_before_changes_nothing(
            bytes in proptest::collection::vec(proptest::sample::select(b"1a,\"\r\n\x95\x5c\xb1\x00\xf0".as_slice()), 0..120)
        ) {
            let (plain, helped) = (all(&bytes, false), all(&bytes, true));
            proptest::prop_assert_eq!(plain.len(), helped.len());
            for ((fields, split), (other_fields, other)) in plain.iter().zip(&helped) {
                proptest::prop_assert_eq!(fields, other_fields);
                proptest::prop_assert_eq!((split.end, split.bytes, split.line_end), (other.end, other.bytes, other.line_end));
                proptest::prop_assert_eq!(split.marks, other.marks);
            }
        }

        #[test]
        fn common_beginnings(a in proptest::collection::vec(0..2_u8, 0..100), b in proptest::collection::vec(0..2_u8, 0..100)) {
            let expected = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
            proptest::prop_assert_eq!(common(&a, &b), expected);
            proptest::prop_assert_eq!(common(&a, &a), a.len());
        }
    }
}
