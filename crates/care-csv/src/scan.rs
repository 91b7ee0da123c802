//! One pass over the raw bytes: characters are checked, quotes followed, records cut.

use care_model::limits::CSV_RECORD_BYTES_MAX;

use crate::ms932::{Lead, Pair, Pairs, lead_of};

/// A place in a file: record and byte within the record, both from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) row: u32,
    pub(crate) column: u32,
}

/// What was seen, each with its first place.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) invalid: Option<Place>,
    pub(crate) gaiji: Option<Place>,
    pub(crate) nul: Option<Place>,
    pub(crate) line_too_long: Option<u32>,
    pub(crate) lone_line_end: bool,
    pub(crate) records_cut: u32,
    pub(crate) last_ended: bool,
    pub(crate) quote_open: bool,
}

/// The scanner's state between two pieces of a file.
pub(crate) struct Scanner {
    pairs: Pairs,
    quoted: bool,
    /// The first half of a character whose second half comes with the next piece.
    half: Option<u8>,
    /// A CR whose LF may come with the next piece.
    after_cr: bool,
    /// The beginning of a record that goes on in the next piece.
    carry: Vec<u8>,
    /// The record is above the limit: its bytes are not kept any more.
    overlong: bool,
    pub(crate) seen: Seen,
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

impl Scanner {
    pub(crate) fn new() -> Self {
        Self {
            pairs: Pairs::new(),
            quoted: false,
            half: None,
            after_cr: false,
            carry: Vec::new(),
            overlong: false,
            seen: Seen::default(),
        }
    }

    /// Takes the next piece; `record` gets every record that ends in it, with its line end.
    pub(crate) fn push(&mut self, bytes: &[u8], mut record: impl FnMut(&[u8])) {
        let mut start = 0;
        let mut place = 0;
        while let Some(&byte) = bytes.get(place) {
            if self.half.is_none() && !self.after_cr {
                // Eight bytes of digits, letters and commas at once.
                while let Some(word) = bytes.get(place..place + 8) {
                    if !plain(u64::from_le_bytes(word.try_into().unwrap_or_default())) {
                        break;
                    }
                    place += 8;
                }
                let Some(&byte) = bytes.get(place) else { break };
                self.byte(bytes, &mut start, &mut place, byte, &mut record);
            } else {
                self.first_byte(bytes, &mut start, &mut place, byte, &mut record);
            }
        }
        self.keep(bytes.get(start..).unwrap_or_default());
    }

    /// The byte after a half character or a CR at the end of the last piece.
    fn first_byte(
        &mut self,
        bytes: &[u8],
        start: &mut usize,
        place: &mut usize,
        byte: u8,
        record: &mut impl FnMut(&[u8]),
    ) {
        if self.after_cr {
            self.after_cr = false;
            if byte == b'\n' {
                *place += 1;
            } else {
                self.seen.lone_line_end = true;
            }
            self.cut(bytes, start, *place, record);
        } else if let Some(lead) = self.half.take()
            && self.pair(bytes, *start, *place, lead, byte)
        {
            *place += 1;
        }
    }

    #[inline]
    fn byte(&mut self, bytes: &[u8], start: &mut usize, place: &mut usize, byte: u8, record: &mut impl FnMut(&[u8])) {
        match byte {
            b'"' => {
                self.quoted = !self.quoted;
                *place += 1;
            }
            b'\r' if !self.quoted => match bytes.get(*place + 1) {
                Some(b'\n') => {
                    *place += 2;
                    self.cut(bytes, start, *place, record);
                }
                Some(_) => {
                    *place += 1;
                    self.seen.lone_line_end = true;
                    self.cut(bytes, start, *place, record);
                }
                None => {
                    *place += 1;
                    self.after_cr = true;
                }
            },
            b'\n' if !self.quoted => {
                *place += 1;
                self.seen.lone_line_end = true;
                self.cut(bytes, start, *place, record);
            }
            0 => {
                if self.seen.nul.is_none() {
                    self.seen.nul = Some(self.place(bytes, *start, *place));
                }
                *place += 1;
            }
            0x01..=0x7F => *place += 1,
            _ => self.beyond_ascii(bytes, *start, place, byte),
        }
    }

    /// A run of Japanese characters.
    #[inline]
    fn beyond_ascii(&mut self, bytes: &[u8], start: usize, place: &mut usize, first: u8) {
        let mut byte = first;
        loop {
            match lead_of(byte) {
                Lead::Single => *place += 1,
                Lead::Double => match bytes.get(*place + 1) {
                    Some(&trail) => {
                        *place += 1;
                        if self.pair(bytes, start, *place, byte, trail) {
                            *place += 1;
                        }
                    }
                    None => {
                        *place += 1;
                        self.half = Some(byte);
                    }
                },
                Lead::None => {
                    self.invalid(bytes, start, *place);
                    *place += 1;
                }
            }
            match bytes.get(*place) {
                Some(&next) if next >= 0x80 => byte = next,
                _ => return,
            }
        }
    }

    /// Judges two bytes; says whether the second belongs to the first. `place` is that of the second.
    #[inline]
    fn pair(&mut self, bytes: &[u8], start: usize, place: usize, lead: u8, trail: u8) -> bool {
        match self.pairs.of(lead, trail) {
            Pair::Character => true,
            Pair::Gaiji => {
                if self.seen.gaiji.is_none() {
                    self.seen.gaiji = Some(self.place(bytes, start, place));
                }
                true
            }
            Pair::Invalid => {
                self.invalid(bytes, start, place);
                // An ASCII byte after a broken half stands for itself: a quote or line end must not be lost.
                trail >= 0x80
            }
        }
    }

    #[cold]
    fn invalid(&mut self, bytes: &[u8], start: usize, place: usize) {
        if self.seen.invalid.is_none() {
            self.seen.invalid = Some(self.place(bytes, start, place));
        }
    }

    /// Record and field of a byte of this piece, from 1.
    fn place(&self, bytes: &[u8], start: usize, place: usize) -> Place {
        let before = [&self.carry, bytes.get(start..place).unwrap_or_default()];
        let mut quoted = false;
        let mut column = 1;
        for byte in before.into_iter().flatten() {
            match byte {
                b'"' => quoted = !quoted,
                b',' if !quoted => column += 1,
                _ => {}
            }
        }
        Place {
            row: self.seen.records_cut.saturating_add(1),
            column,
        }
    }

    /// Ends the record at `place`.
    #[inline]
    fn cut(&mut self, bytes: &[u8], start: &mut usize, place: usize, record: &mut impl FnMut(&[u8])) {
        let rest = bytes.get(*start..place).unwrap_or_default();
        *start = place;
        if self.carry.is_empty() && !self.overlong && rest.len() <= CSV_RECORD_BYTES_MAX {
            record(rest);
        } else {
            self.keep(rest);
            self.finish_record(record);
        }
        self.seen.records_cut = self.seen.records_cut.saturating_add(1);
        self.seen.last_ended = true;
    }

    /// Keeps the beginning of a record, up to the limit.
    fn keep(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.seen.last_ended = false;
        if self.carry.len() + bytes.len() > CSV_RECORD_BYTES_MAX {
            if !self.overlong && self.seen.line_too_long.is_none() {
                self.seen.line_too_long = Some(self.seen.records_cut.saturating_add(1));
            }
            self.overlong = true;
            // What is needed of a record stands at its beginning.
            let room = HEAD_BYTES_KEPT.saturating_sub(self.carry.len());
            self.carry
                .extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
            self.carry.truncate(HEAD_BYTES_KEPT);
        } else if !self.overlong {
            self.carry.extend_from_slice(bytes);
        }
    }

    fn finish_record(&mut self, record: &mut impl FnMut(&[u8])) {
        if !self.carry.is_empty() {
            record(&self.carry);
        }
        self.carry.clear();
        self.overlong = false;
    }

    /// Ends the file; a last record without a line end is still one.
    pub(crate) fn finish(mut self, mut record: impl FnMut(&[u8])) -> Seen {
        if self.after_cr {
            self.seen.lone_line_end = true;
            self.seen.last_ended = true;
            self.finish_record(&mut record);
        } else {
            if self.half.is_some() {
                self.invalid(&[], 0, 0);
            }
            self.finish_record(&mut record);
        }
        self.seen.quote_open = self.quoted;
        self.seen
    }
}

/// Bytes that are kept of a record above the limit.
const HEAD_BYTES_KEPT: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    fn records(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Seen) {
        let mut found = Vec::new();
        let mut scanner = Scanner::new();
        for piece in pieces {
            scanner.push(piece, |record| found.push(record.to_vec()));
        }
        let seen = scanner.finish(|record| found.push(record.to_vec()));
        (found, seen)
    }

    #[test]
    fn records_keep_quoted_line_ends() {
        let (found, seen) = records(&[b"a,\"x\r\ny\",b\r\nc\r\n"]);
        assert_eq!(found, [b"a,\"x\r\ny\",b\r\n".to_vec(), b"c\r\n".to_vec()]);
        assert!(seen.last_ended && !seen.lone_line_end && !seen.quote_open);
        let (found, seen) = records(&[b"a\nb"]);
        assert_eq!(found.len(), 2);
        assert!(!seen.last_ended && seen.lone_line_end);
        let (found, seen) = records(&[b"a\rb\r"]);
        assert_eq!(found.len(), 2);
        assert!(seen.last_ended && seen.lone_line_end);
        let (found, seen) = records(&[b"a,\"b\r\nc"]);
        assert_eq!(found.len(), 1);
        assert!(seen.quote_open);
    }

    #[test]
    fn cutting_anywhere_gives_the_same_records() {
        let whole = b"1,\"\x95\x5c\x94\x5c\",\xb1\r\n2,\"a\r\n\"\"b\",\x83\x5c\r\n3,\xf0\x40,\x00,\x81\x20,ascii ascii ascii\r\n";
        let (expected, seen) = records(&[whole]);
        assert_eq!(expected.len(), 3);
        for cut in 0..whole.len() {
            let (head, tail) = whole.split_at(cut);
            let (found, other) = records(&[head, tail]);
            assert_eq!(found, expected, "cut at {cut}");
            assert_eq!(format!("{other:?}"), format!("{seen:?}"), "cut at {cut}");
        }
        assert_eq!(seen.gaiji, Some(Place { row: 3, column: 2 }));
        assert_eq!(seen.nul, Some(Place { row: 3, column: 3 }));
        assert_eq!(seen.invalid, Some(Place { row: 3, column: 4 }));
    }

    #[test]
    fn a_record_above_the_limit_is_not_kept() {
        let line = vec![b'a'; CSV_RECORD_BYTES_MAX + 1];
        for size in [1_000, 65_536, usize::MAX] {
            let pieces: Vec<&[u8]> = line
                .chunks(size.min(line.len()))
                .chain([b"\r\nb\r\n".as_slice()])
                .collect();
            let (found, seen) = records(&pieces);
            assert_eq!(seen.line_too_long, Some(1));
            assert_eq!(found.len(), 2);
            assert!(found[0].len() <= HEAD_BYTES_KEPT);
        }
        let mut line = vec![b'a'; CSV_RECORD_BYTES_MAX - 2];
        line.extend_from_slice(b"\r\n");
        assert_eq!(records(&[&line]).1.line_too_long, None);
    }
}
