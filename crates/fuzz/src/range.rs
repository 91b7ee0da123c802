//! Ranges of a part: the one that a terminal asks the server for, and the one that an answer says it holds.

use exchange_protocol::{ByteRange, ContentRange};

/// Parts of both headers, and numbers at the edges of what a number can be.
pub(crate) const WORDS: &[&[u8]] = &[
    b"bytes=",
    b"bytes ",
    b"-",
    b"/",
    b"*",
    b",",
    b"+",
    b" ",
    b"0",
    b"1",
    b"00",
    b"4095",
    b"4194304",
    b"18446744073709551614",
    b"18446744073709551615",
    b"18446744073709551616",
    b"99999999999999999999",
    "１".as_bytes(),
];

/// Sizes that a part is tried with, besides those near the numbers that were read.
const SIZES: &[u64] = &[0, 1, 2, 10, 4_095, 4_194_304, u64::MAX - 1, u64::MAX];

/// What stands in a `Range` or a `Content-Range`: one that was read lies within the part, and is read again from what
/// would be written of it.
pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(range) = ByteRange::read(text) {
        asked_for(range);
    }
    if let Some(held) = ContentRange::read(text) {
        answered(held);
        let whole = ByteRange::Between(held.first, held.last).within(held.size_bytes);
        assert_eq!(whole, Some((held.first, held.last + 1)), "{text:?}");
    }
}

fn asked_for(range: ByteRange) {
    let said = range.said().unwrap_or_default();
    assert_eq!(ByteRange::read(&said), Some(range), "{said:?}");
    let (ByteRange::From(near) | ByteRange::Between(near, _) | ByteRange::Last(near)) = range else {
        panic!("no range is no range that was read");
    };
    let sizes = [near.saturating_sub(1), near, near.saturating_add(1)];
    for size_bytes in sizes.iter().chain(SIZES).copied() {
        let within = range.within(size_bytes);
        let Some((start, end)) = within else {
            assert!(is_out_of(range, size_bytes), "{said:?} of {size_bytes} is refused");
            continue;
        };
        assert!(!is_out_of(range, size_bytes), "{said:?} of {size_bytes} is served");
        assert!(start < end && end <= size_bytes, "{said:?} of {size_bytes}: {within:?}");
        match range {
            ByteRange::Whole => {}
            ByteRange::From(first) => assert_eq!(within, Some((first, size_bytes))),
            ByteRange::Between(first, last) => assert!(start == first && end - 1 <= last),
            ByteRange::Last(count) => assert!(end == size_bytes && end - start <= count),
        }
        answered(ContentRange {
            first: start,
            last: end - 1,
            size_bytes,
        });
    }
}

/// Whether a part of this size has nothing of a range.
fn is_out_of(range: ByteRange, size_bytes: u64) -> bool {
    match range {
        ByteRange::Whole => false,
        ByteRange::From(first) => first >= size_bytes,
        ByteRange::Between(first, last) => first > last || first >= size_bytes,
        ByteRange::Last(count) => count == 0 || size_bytes == 0,
    }
}

/// What the server says of the bytes that it sends, the terminal reads as the same bytes.
fn answered(held: ContentRange) {
    assert!(
        held.first <= held.last && held.last < held.size_bytes,
        "{held} is of no part"
    );
    assert_eq!(ContentRange::read(&held.to_string()), Some(held));
}
