//! Row 12 of the faults table, at the store: large contents that break off within every chunk.

use bytes::Bytes;
use care_model::{Digest, OfficeNumber, limits::CHUNK_BYTES_MAX};
use exchange_store::{ByteRange, ChunkRefusal, CommitRefusal, PartInspector, ServingSource, Upload, UploadStart};
use fault_row::{Breaches, Row};
use futures::{Stream, StreamExt as _, stream};
use sha2::{Digest as _, Sha256};

use crate::{HELPER, Opened, PLANNER, actor, at, frames, header};

/// Memory that the store may take besides, in MB.
const EXTRA_MB_MAX: f64 = 16.0;
const FRAME_BYTES: usize = 30_000;

fn any() -> PartInspector<()> {
    Box::new(|_, _, _| Ok(()))
}

/// Bytes of the content that a seed makes, from a place on: it is nowhere whole in memory.
fn made(seed: u64, place: u64, length: u64) -> Bytes {
    let byte = |place: u64| ((place ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as u8;
    (place..place + length).map(byte).collect()
}

/// The same as a line brings it.
fn coming(
    seed: u64,
    place: u64,
    length: u64,
) -> impl Stream<Item = Result<Bytes, ChunkRefusal>> + Clone + Send + Unpin + 'static {
    let frames = (place..place + length).step_by(FRAME_BYTES);
    stream::iter(frames.map(move |at| Ok(made(seed, at, (place + length - at).min(FRAME_BYTES as u64)))))
}

/// Largest memory of this process so far, in MB; none where the system does not say.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kb: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kb / 1_024.0)
}

#[tokio::test]
async fn row_12_a_content_that_breaks_off_within_every_chunk_is_stored_whole() {
    let mut row = Row::open(12, "the store: every chunk breaks off once, and comes again by itself");
    let seed = row.seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let size = row.times(16 << 20, 2 << 30) + 1_234;
    let length = |number: u64| CHUNK_BYTES_MAX.min(size - number * CHUNK_BYTES_MAX);
    let chunks = size.div_ceil(CHUNK_BYTES_MAX);
    let mut digest = Sha256::new();
    for place in (0..size).step_by(FRAME_BYTES) {
        digest.update(made(seed, place, (size - place).min(FRAME_BYTES as u64)));
    }
    let mut header = header(&[b""]);
    header.parts[0].size_bytes = size;
    header.parts[0].digest = Digest::from_bytes(digest.finalize().into());
    let header_json = Bytes::from(serde_json::to_vec(&header).unwrap());
    let opened = Opened::new().await;
    let (store, sender, id) = (&opened.store, actor(PLANNER, 1), header.id);
    let before = peak_mb();
    let mut breaches = Breaches::default();
    for number in 0..chunks {
        let begin = Upload {
            header: header.clone(),
            header_json: header_json.clone(),
        };
        let offset = number * CHUNK_BYTES_MAX;
        // Begun again before every chunk, as after a crash: it stands where the last whole one ended.
        match store.begin_upload(begin, sender.clone(), at(1)).await.unwrap() {
            UploadStart::Progress(progress) => assert_eq!(progress.stored_bytes, [offset]),
            UploadStart::Conflict | UploadStart::Refused(_) => panic!("it is the same upload"),
        }
        let some = coming(seed, offset, random.u64(..length(number)));
        let broken = some.chain(stream::iter([Err(ChunkRefusal::BrokenOff)]));
        let refused = store
            .store_chunk(id, sender.office, 0, offset, broken, at(1))
            .await
            .unwrap();
        assert_eq!(refused, Err(ChunkRefusal::BrokenOff));
        let stored = store
            .store_chunk(
                id,
                sender.office,
                0,
                offset,
                coming(seed, offset, length(number)),
                at(1),
            )
            .await
            .unwrap();
        assert_eq!(stored.unwrap().stored_bytes, [offset + length(number)]);
    }
    store.commit_upload(id, sender, any(), at(2)).await.unwrap().unwrap();
    let reader = actor(HELPER, 2);
    store.claim(id, reader.clone(), None, at(3)).await.unwrap().unwrap();
    let served = store
        .serve(id, 0, reader, 1, ByteRange::Whole, at(3))
        .await
        .unwrap()
        .unwrap();
    let ServingSource::File(mut part) = served.source else {
        panic!("a large delivery is in the folder")
    };
    breaches.half += tokio::task::spawn_blocking(move || {
        let places = (0..size).step_by(FRAME_BYTES);
        let differs = |place: &u64| {
            let length = (size - place).min(FRAME_BYTES as u64);
            let read = part.read_range(*place, usize::try_from(length).unwrap());
            read.unwrap() != made(seed, *place, length)
        };
        places.filter(differs).count() as u64
    })
    .await
    .unwrap();
    if let (Some(before), Some(after)) = (before, peak_mb()) {
        row.figure("extra_mb", after - before);
        assert!(after - before <= EXTRA_MB_MAX, "{:.1} MB", after - before);
    }
    row.figure("content_mb", size as f64 / 1e6);
    row.close(chunks, breaches);
}

/// As long as any byte of any part is missing there is no delivery: not for its commit, and in nobody's list.
#[tokio::test]
async fn row_12_a_delivery_is_nobodys_before_its_last_part() {
    let row = Row::open(12, "the store: a commit is asked for after every chunk but the last");
    let mut random = fastrand::Rng::with_seed(row.seed());
    let (uploads, mut tried, mut breaches) = (row.times(10, 500), 0, Breaches::default());
    let opened = Opened::new().await;
    let (store, sender) = (&opened.store, actor(PLANNER, 1));
    let receiver = OfficeNumber::parse(HELPER).unwrap();
    for number in 0..uploads {
        let parts: Vec<Vec<u8>> = (0..random.usize(2..6))
            .map(|_| made(row.seed(), random.u64(..1 << 40), random.u64(1..200_000)).to_vec())
            .collect();
        let slices: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let header = header(&slices);
        let id = header.id;
        let header_json = Bytes::from(serde_json::to_vec(&header).unwrap());
        let upload = Upload { header, header_json };
        store.begin_upload(upload, sender.clone(), at(0)).await.unwrap();
        for (place, part) in parts.iter().enumerate() {
            tried += 1;
            let early = store.commit_upload(id, sender.clone(), any(), at(1)).await;
            if !matches!(early, Ok(Err(CommitRefusal::Incomplete { part, .. })) if part == place) {
                breaches.half += 1;
                eprintln!("with {place} of {} parts: {early:?}", parts.len());
            }
            let seen = store.inbox(receiver, 0, 1_000, at(1)).await.unwrap().rows.len() as u64;
            breaches.half += seen.saturating_sub(number);
            let stored = store
                .store_chunk(id, sender.office, place, 0, frames(Bytes::from(part.clone())), at(1))
                .await;
            breaches.lost += u64::from(!matches!(stored, Ok(Ok(_))));
        }
        if !breaches.none() {
            break;
        }
        store
            .commit_upload(id, sender.clone(), any(), at(2))
            .await
            .unwrap()
            .unwrap();
    }
    row.close(tried, breaches);
}
