//! Ranges of a part's bytes as HTTP has them (RFC 9110): which are asked for, and which an answer holds.

use std::fmt;

/// A single range as asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteRange {
    /// No range: everything.
    Whole,
    /// From here to the end.
    From(u64),
    /// From here to there, both included.
    Between(u64, u64),
    /// So many bytes at the end.
    Last(u64),
}

impl ByteRange {
    /// Reads what a `Range` says: one range of bytes; several at once are none.
    pub fn read(text: &str) -> Option<Self> {
        let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
        match (first, last) {
            ("", last) => number(last).map(Self::Last),
            (first, "") => number(first).map(Self::From),
            (first, last) => Some(Self::Between(number(first)?, number(last)?)),
        }
    }

    /// What a `Range` says of it; of everything there is nothing to say.
    pub fn said(self) -> Option<String> {
        match self {
            Self::Whole => None,
            Self::From(first) => Some(format!("bytes={first}-")),
            Self::Between(first, last) => Some(format!("bytes={first}-{last}")),
            Self::Last(count) => Some(format!("bytes=-{count}")),
        }
    }

    /// The range as start and end (not included) within so many bytes; none if it cannot be satisfied.
    pub fn within(self, size_bytes: u64) -> Option<(u64, u64)> {
        match self {
            Self::Whole => Some((0, size_bytes)),
            Self::From(start) => (start < size_bytes).then_some((start, size_bytes)),
            Self::Between(start, last) => {
                (start <= last && start < size_bytes).then_some((start, last.saturating_add(1).min(size_bytes)))
            }
            Self::Last(count) => {
                (count > 0 && size_bytes > 0).then_some((size_bytes.saturating_sub(count), size_bytes))
            }
        }
    }
}

/// The bytes of a part that an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// The first of them.
    pub first: u64,
    /// The last of them.
    pub last: u64,
    /// How many the part has.
    pub size_bytes: u64,
}

impl ContentRange {
    /// Reads what a `Content-Range` says; one that no part can have is none.
    pub fn read(text: &str) -> Option<Self> {
        let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let read = Self {
            first: number(first)?,
            last: number(last)?,
            size_bytes: number(size)?,
        };
        (read.first <= read.last && read.last < read.size_bytes).then_some(read)
    }
}

/// As a `Content-Range` says it.
impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes {}-{}/{}", self.first, self.last, self.size_bytes)
    }
}

/// Digits alone: a sign, which numbers may have elsewhere, is none of a range's.
fn number(text: &str) -> Option<u64> {
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse().ok(),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_read() {
        for (text, expected) in [
            ("bytes=0-", Some(ByteRange::From(0))),
            ("bytes=5-9", Some(ByteRange::Between(5, 9))),
            ("bytes=-3", Some(ByteRange::Last(3))),
            ("bytes=0-1,3-4", None),
            ("bytes=-", None),
            ("bytes=+1-2", None),
            ("items=0-1", None),
            ("bytes=99999999999999999999-", None),
        ] {
            assert_eq!(ByteRange::read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_an_answer_holds_is_read() {
        let holds = |first, last, size_bytes| {
            Some(ContentRange {
                first,
                last,
                size_bytes,
            })
        };
        for (text, expected) in [
            ("bytes 0-9/10", holds(0, 9, 10)),
            ("bytes 5-9/10", holds(5, 9, 10)),
            ("bytes 5-9/9", None),
            ("bytes 9-5/10", None),
            ("bytes 5-9/*", None),
            ("bytes */10", None),
            ("bytes +5-9/10", None),
            ("bytes 5", None),
            ("5-9/10", None),
        ] {
            assert_eq!(ContentRange::read(text), expected, "{text}");
        }
    }

    #[test]
    fn ranges_within_a_part() {
        for (range, size, expected) in [
            (ByteRange::Whole, 0, Some((0, 0))),
            (ByteRange::Whole, 5, Some((0, 5))),
            (ByteRange::From(4), 5, Some((4, 5))),
            (ByteRange::From(5), 5, None),
            (ByteRange::Between(1, 2), 5, Some((1, 3))),
            (ByteRange::Between(1, u64::MAX), 5, Some((1, 5))),
            (ByteRange::Between(2, 1), 5, None),
            (ByteRange::Last(2), 5, Some((3, 5))),
            (ByteRange::Last(9), 5, Some((0, 5))),
            (ByteRange::Last(0), 5, None),
        ] {
            assert_eq!(range.within(size), expected, "{range:?} of {size}");
        }
    }
}
