//! Sizes of segmented objects, and parts small enough to be held in memory.

use crate::{
    OpenError,
    key::Key,
    segment::{SEALED_SEGMENT_BYTES, SEGMENT_BYTES, TAG_BYTES, open_segment_in_place, seal_segment_onto},
};

/// The number of segments of a part of this many bytes. An empty part has one, so that cutting it is noticed.
pub fn segment_count(plain_bytes: u64) -> u64 {
    plain_bytes.div_ceil(SEGMENT_BYTES as u64).max(1)
}

/// The size of a part once sealed.
pub fn sealed_bytes(plain_bytes: u64) -> u64 {
    plain_bytes.saturating_add(segment_count(plain_bytes).saturating_mul(TAG_BYTES as u64))
}

/// The size of the part in a sealed object of this size; none if no part has it.
pub fn plain_bytes(sealed_bytes: u64) -> Option<u64> {
    let segments = sealed_bytes.div_ceil(SEALED_SEGMENT_BYTES as u64);
    let plain = sealed_bytes.checked_sub(segments.checked_mul(TAG_BYTES as u64)?)?;
    (segment_count(plain) == segments).then_some(plain)
}

/// Seals a whole part.
pub fn seal_part(key: &Key, part: u32, plain: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(plain.len() + plain.len().div_ceil(SEGMENT_BYTES).max(1) * TAG_BYTES);
    let mut rest = plain;
    let mut index = 0;
    loop {
        let (segment, after) = rest.split_at(rest.len().min(SEGMENT_BYTES));
        seal_segment_onto(key, part, index, after.is_empty(), segment, &mut sealed);
        if after.is_empty() {
            return sealed;
        }
        rest = after;
        index += 1;
    }
}

/// Opens a whole part.
pub fn open_part(key: &Key, part: u32, mut sealed: Vec<u8>) -> Result<Vec<u8>, OpenError> {
    let plain_bytes = plain_bytes(sealed.len() as u64).ok_or(OpenError)?;
    let last = segment_count(plain_bytes) - 1;
    let mut opened = 0;
    for index in 0..=last {
        let start = opened + (index as usize) * TAG_BYTES;
        let end = sealed.len().min(start + SEALED_SEGMENT_BYTES);
        let bytes = open_segment_in_place(key, part, index, index == last, &mut sealed[start..end])?.len();
        // Segments close up over the tags before them; the first one is where it belongs already.
        sealed.copy_within(start..start + bytes, opened);
        opened += bytes;
    }
    sealed.truncate(opened);
    Ok(sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_go_there_and_back() {
        let segment = SEGMENT_BYTES as u64;
        for plain in [0, 1, segment - 1, segment, segment + 1, 7 * segment, 7 * segment + 5] {
            assert_eq!(plain_bytes(sealed_bytes(plain)), Some(plain), "{plain}");
        }
        assert_eq!(plain_bytes(0), None);
        assert_eq!(plain_bytes(15), None);
        // One whole segment and a second one of nothing but its tag: never made.
        assert_eq!(plain_bytes(SEALED_SEGMENT_BYTES as u64 + 16), None);
    }
}
