//! One segment of an object.
//!
//! The nonce is the place: four bytes of part number, eight of segment number, whose highest bit says that the
//! segment is the last. The flag is in the nonce rather than beside it so that a place sealed once as last and
//! once as not last never uses a nonce twice; it is in the authenticated context as well.

use crate::{OpenError, key::Key};

/// Bytes of plain text in every segment but the last, which may be shorter or empty.
pub const SEGMENT_BYTES: usize = 64 * 1_024;
/// Bytes of the tag behind every segment.
pub const TAG_BYTES: usize = 16;
/// Bytes of a sealed segment that is not the last.
pub const SEALED_SEGMENT_BYTES: usize = SEGMENT_BYTES + TAG_BYTES;

const LAST: u64 = 1 << 63;
const CONTEXT: &[u8] = b"segment 1";
const CONTEXT_LAST: &[u8] = b"segment 1, the last";

/// Seals one segment: the cipher text followed by the tag.
pub fn seal_segment(key: &Key, part: u32, index: u64, is_last: bool, plain: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(plain.len() + TAG_BYTES);
    seal_segment_onto(key, part, index, is_last, plain, &mut sealed);
    sealed
}

/// The same, appended to `sealed`.
pub fn seal_segment_onto(key: &Key, part: u32, index: u64, is_last: bool, plain: &[u8], sealed: &mut Vec<u8>) {
    debug_assert!(plain.len() <= SEGMENT_BYTES && (is_last || plain.len() == SEGMENT_BYTES));
    let start = sealed.len();
    sealed.extend_from_slice(plain);
    let tag = key.seal_in_place(nonce(part, index, is_last), context(is_last), &mut sealed[start..]);
    sealed.extend_from_slice(&tag);
}

/// Opens one segment.
pub fn open_segment(key: &Key, part: u32, index: u64, is_last: bool, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let mut plain = sealed.to_vec();
    let opened = open_segment_in_place(key, part, index, is_last, &mut plain)?.len();
    plain.truncate(opened);
    Ok(plain)
}

/// Opens one segment where it stands. After an error the bytes mean nothing.
pub fn open_segment_in_place<'a>(
    key: &Key,
    part: u32,
    index: u64,
    is_last: bool,
    sealed: &'a mut [u8],
) -> Result<&'a mut [u8], OpenError> {
    let length_fits = match is_last {
        true => (TAG_BYTES..=SEALED_SEGMENT_BYTES).contains(&sealed.len()),
        false => sealed.len() == SEALED_SEGMENT_BYTES,
    };
    if !length_fits || index >= LAST {
        return Err(OpenError);
    }
    key.open_in_place(nonce(part, index, is_last), context(is_last), sealed)
}

fn context(is_last: bool) -> &'static [u8] {
    if is_last { CONTEXT_LAST } else { CONTEXT }
}

fn nonce(part: u32, index: u64, is_last: bool) -> [u8; 12] {
    debug_assert!(index < LAST);
    let place = if is_last { index | LAST } else { index };
    let mut nonce = [0; 12];
    nonce[..4].copy_from_slice(&part.to_be_bytes());
    nonce[4..].copy_from_slice(&place.to_be_bytes());
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_in_its_place() {
        let key = Key::generate();
        let sealed = seal_segment(&key, 1, 2, true, b"end");
        assert_eq!(open_segment(&key, 1, 2, true, &sealed).unwrap(), b"end");
        for (part, index, is_last) in [(0, 2, true), (1, 1, true), (1, 2, false)] {
            assert_eq!(open_segment(&key, part, index, is_last, &sealed), Err(OpenError));
        }
        assert_eq!(open_segment(&key, 1, 2, true, &[]), Err(OpenError));
        assert_eq!(open_segment(&key, 1, u64::MAX, true, &sealed), Err(OpenError));
    }

    #[test]
    fn no_two_places_share_a_nonce() {
        let places = [(0, 0, false), (0, 0, true), (0, 1, false), (1, 0, false), (1, 0, true)];
        let mut nonces: Vec<_> = places
            .iter()
            .map(|(part, index, last)| nonce(*part, *index, *last))
            .collect();
        nonces.sort_unstable();
        nonces.dedup();
        assert_eq!(nonces.len(), places.len());
    }
}
