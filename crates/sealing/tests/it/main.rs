//! Properties of sealing: everything comes back, nothing else opens.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed; helpers outside of test functions too"
)]

use std::io::{Cursor, Read, Seek, SeekFrom, Write};

use proptest::prelude::*;
use sealing::{
    Key, SEALED_SEGMENT_BYTES, SEGMENT_BYTES, SealedReader, SealedWriter, open, open_part, plain_bytes, seal,
    seal_part, sealed_bytes,
};

/// Bytes that differ from place to place, so that swapped segments would show.
fn content(length: usize) -> Vec<u8> {
    (0..length)
        .map(|place| (place ^ (place >> 8) ^ (place >> 16)) as u8)
        .collect()
}

/// Sizes around segment borders more often than elsewhere.
fn size() -> impl Strategy<Value = usize> {
    let border =
        (0_usize..4, -2_isize..3).prop_map(|(segments, off)| (segments * SEGMENT_BYTES).saturating_add_signed(off));
    prop_oneof![border, 0..4 * SEGMENT_BYTES]
}

fn written(key: &Key, part: u32, plain: &[u8], pieces: &[usize]) -> Vec<u8> {
    let mut writer = SealedWriter::new(Vec::new(), key, part);
    let mut rest = plain;
    let mut pieces = pieces.iter().cycle();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min(*pieces.next().unwrap()));
        writer.write_all(piece).unwrap();
        rest = after;
    }
    writer.finish().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn small_values_come_back_and_any_change_is_refused(
        plain in proptest::collection::vec(any::<u8>(), 0..300), context in "[a-z]{0,9}", at in any::<prop::sample::Index>(), bit in 0..8_u8,
    ) {
        let key = Key::generate();
        let sealed = seal(&key, context.as_bytes(), &plain);
        prop_assert_eq!(&open(&key, context.as_bytes(), &sealed).unwrap(), &plain);
        let mut flipped = sealed.clone();
        flipped[at.index(sealed.len())] ^= 1 << bit;
        prop_assert!(open(&key, context.as_bytes(), &flipped).is_err());
        prop_assert!(open(&key, context.as_bytes(), &sealed[..at.index(sealed.len())]).is_err());
        prop_assert!(open(&key, context.as_bytes(), &[&sealed[..], &[0]].concat()).is_err());
    }

    #[test]
    fn parts_come_back_however_they_were_written(
        length in size(), part in any::<u32>(), pieces in proptest::collection::vec(1..100_000_usize, 1..5),
    ) {
        let key = Key::generate();
        let plain = content(length);
        let sealed = written(&key, part, &plain, &pieces);
        prop_assert_eq!(sealed.len() as u64, sealed_bytes(length as u64));
        prop_assert_eq!(plain_bytes(sealed.len() as u64), Some(length as u64));
        prop_assert!(sealed == seal_part(&key, part, &plain));
        prop_assert!(open_part(&key, part, sealed.clone()).unwrap() == plain);
        let mut read = Vec::new();
        SealedReader::new(Cursor::new(sealed), &key, part).unwrap().read_to_end(&mut read).unwrap();
        prop_assert!(read == plain);
    }

    #[test]
    fn any_flipped_bit_and_any_cut_is_noticed(length in size(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let key = Key::generate();
        let sealed = seal_part(&key, 7, &content(length));
        let place = at.index(sealed.len());
        let mut flipped = sealed.clone();
        flipped[place] ^= 1 << bit;
        prop_assert!(open_part(&key, 7, flipped.clone()).is_err());
        let read = SealedReader::new(Cursor::new(flipped), &key, 7).and_then(|mut reader| reader.read_to_end(&mut Vec::new()));
        prop_assert!(read.is_err());
        // A cut is noticed by opening alone, before a byte is read.
        prop_assert!(SealedReader::new(Cursor::new(sealed[..place].to_vec()), &key, 7).is_err());
        let border = place / SEALED_SEGMENT_BYTES * SEALED_SEGMENT_BYTES;
        prop_assert!(SealedReader::new(Cursor::new(sealed[..border].to_vec()), &key, 7).is_err());
    }

    #[test]
    fn ranges_equal_slices(length in size(), ranges in proptest::collection::vec((any::<prop::sample::Index>(), 0..200_000_usize), 1..6)) {
        let key = Key::generate();
        let plain = content(length);
        let mut reader = SealedReader::new(Cursor::new(seal_part(&key, 0, &plain)), &key, 0).unwrap();
        prop_assert_eq!(reader.size_bytes(), length as u64);
        for (start, count) in ranges {
            let start = start.index(length + 1);
            let end = length.min(start + count);
            prop_assert!(reader.read_range(start as u64, count).unwrap() == plain[start..end]);
            reader.seek(SeekFrom::Start(start as u64)).unwrap();
            let mut read = Vec::new();
            Read::by_ref(&mut reader).take(count as u64).read_to_end(&mut read).unwrap();
            prop_assert!(read == plain[start..end]);
        }
    }

    #[test]
    fn resuming_at_a_segment_gives_the_same_object(segments in 0..3_usize, rest in 1..100_000_usize) {
        let key = Key::generate();
        let plain = content(segments * SEGMENT_BYTES + rest);
        let whole = seal_part(&key, 1, &plain);
        let begun = whole[..segments * SEALED_SEGMENT_BYTES].to_vec();
        let mut writer = SealedWriter::resume(begun, &key, 1, segments as u64);
        writer.write_all(&plain[segments * SEGMENT_BYTES..]).unwrap();
        prop_assert!(writer.finish().unwrap() == whole);
    }
}

#[test]
fn swapped_doubled_and_foreign_segments_are_refused() {
    let key = Key::generate();
    let sealed = seal_part(&key, 0, &content(3 * SEGMENT_BYTES));
    let segment = |index: usize| &sealed[index * SEALED_SEGMENT_BYTES..(index + 1) * SEALED_SEGMENT_BYTES];
    for changed in [
        [segment(1), segment(0), segment(2)].concat(),
        [segment(0), segment(0), segment(2)].concat(),
        [segment(0), segment(2)].concat(),
        [segment(0), segment(1)].concat(),
        [segment(0), segment(1), segment(2), segment(2)].concat(),
    ] {
        assert!(open_part(&key, 0, changed).is_err());
    }
    assert!(open_part(&key, 1, sealed.clone()).is_err(), "another part");
    assert!(open_part(&Key::generate(), 0, sealed).is_err(), "another key");
}

#[test]
fn a_writer_that_was_not_finished_leaves_nothing_that_opens() {
    let key = Key::generate();
    let mut file = tempfile::tempfile().unwrap();
    let mut writer = SealedWriter::new(&mut file, &key, 0);
    writer.write_all(&content(3 * SEGMENT_BYTES)).unwrap();
    drop(writer);
    assert!(SealedReader::new(file, &key, 0).is_err());
}
