//! Row 12 of the faults table: a large file over a line that breaks at every chunk.

use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::Result;
use bytes::Bytes;
use care_model::{DeliveryId, Digest, limits::CHUNK_BYTES_MAX};
use exchange_client::ClientError;
use exchange_protocol::{DeliveryHeader, Part, PartRole, Sealing};
use fault_row::{Breaches, Row};
use test_support::{CARE_MANAGEMENT, ExampleExchange, HOME_HELP};

/// Memory that both sides, which are one process here, may take besides, in MB: 16 each.
const EXTRA_MB_MAX: f64 = 32.0;

/// A file that is nowhere whole: what it has at each place follows from the place and the seed.
#[derive(Clone, Copy)]
struct Made {
    seed: u64,
}

impl Made {
    fn read(self, offset: u64, length: usize) -> Vec<u8> {
        let byte = |place: u64| {
            let mixed = (place ^ self.seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            // Plain text is an attachment that both sides allow.
            b'a' + ((mixed >> 40) % 26) as u8
        };
        (offset..offset + length as u64).map(byte).collect()
    }

    fn digest(self, size: u64) -> Digest {
        use sha2::{Digest as _, Sha256};
        let mut digest = Sha256::new();
        let mut offset = 0;
        while offset < size {
            let length = (size - offset).min(65_536);
            digest.update(self.read(offset, length as usize));
            offset += length;
        }
        Digest::from_bytes(digest.finalize().into())
    }
}

/// Largest memory of this process so far, in MB; none where the system does not say.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kb: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kb / 1_024.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn row_12_a_large_file_goes_on_at_every_chunk_and_only_the_broken_one_travels_again() -> Result<()> {
    let mut row = Row::open(12, "the line breaks within every chunk, up and down");
    let size = row.times(21_000_000, 100_000_000);
    let mut random = fastrand::Rng::with_seed(row.seed());
    let made = Made { seed: row.seed() };
    let exchange = ExampleExchange::start().await?;
    let sender = exchange.terminal(&exchange.manager, "送信").await?;
    let receiver = exchange.terminal(&exchange.service, "受信").await?;
    let header = DeliveryHeader {
        id: DeliveryId::generate(),
        from: CARE_MANAGEMENT.party()?,
        to: HOME_HELP.party()?,
        serial: None,
        unit: None,
        declared_month: None,
        declared_recipients: None,
        parts: vec![Part {
            role: PartRole::Attachment,
            name: None,
            size_bytes: size,
            digest: made.digest(size),
        }],
        sealing: Sealing::None,
    };
    let header_json = Bytes::from(serde_json::to_vec(&header)?);
    let read = std::sync::Arc::new(AtomicU64::new(0));
    let source = {
        let read = std::sync::Arc::clone(&read);
        move |_: usize, offset: u64, length: usize| -> io::Result<Bytes> {
            read.fetch_add(length as u64, Ordering::SeqCst);
            Ok(made.read(offset, length).into())
        }
    };
    let before = peak_mb();
    let mut breaches = Breaches::default();
    // Each try gets one chunk through and breaks within the next.
    let (chunks, furthest) = (size.div_ceil(CHUNK_BYTES_MAX), AtomicU64::new(0));
    for chunk in 0..chunks {
        let whole = if chunk == 0 { 0 } else { CHUNK_BYTES_MAX };
        exchange
            .line
            .cut_after_sent(whole + random.u64(10_000..CHUNK_BYTES_MAX / 2));
        let broken = sender
            .send(header_json.clone(), &source, |stored| {
                furthest.fetch_max(stored, Ordering::SeqCst);
            })
            .await;
        let is_last = chunk + 1 == chunks;
        assert!(
            matches!(broken, Err(ClientError::Interrupted(_) | ClientError::Unreachable(_))) || is_last,
            "{broken:?}"
        );
        breaches.half += receiver.inbox(0, 10).await?.rows.len() as u64 * u64::from(broken.is_err());
    }
    exchange.line.cut_after_sent(1 << 60);
    sender.send(header_json, &source, |_| {}).await?;
    assert!(
        furthest.load(Ordering::SeqCst) >= (chunks - 2) * CHUNK_BYTES_MAX,
        "chunks were kept"
    );
    // Whatever broke off was a part of one chunk: of each at most one more went.
    let read_again = read.load(Ordering::SeqCst) - size;
    assert!(
        read_again <= (chunks + 1) * CHUNK_BYTES_MAX,
        "{read_again} bytes were read again"
    );

    let listed = receiver.inbox(0, 10).await?.rows;
    breaches.lost += u64::from(listed.is_empty());
    breaches.doubled += (listed.len() as u64).saturating_sub(1);
    let claim = receiver.claim(header.id, None).await?;
    let (mut arrived, mut cuts) = (0, 0);
    while arrived < size {
        exchange.line.cut_after_received(random.u64(1_000..CHUNK_BYTES_MAX));
        cuts += 1;
        let mut stream = receiver.fetch_part(&claim, 0, arrived)?;
        // The stream goes on by itself where it can; what it gives up is asked for from where it ended.
        while let Ok(Some(piece)) = stream.next().await {
            if made.read(arrived, piece.len()) != piece[..] {
                breaches.half += 1;
            }
            arrived += piece.len() as u64;
            if arrived / CHUNK_BYTES_MAX >= cuts {
                break;
            }
        }
    }
    exchange.line.cut_after_received(1 << 60);
    receiver.confirm(header.id, claim.fence).await?;
    if let (Some(before), Some(after)) = (before, peak_mb()) {
        row.figure("both_sides_extra_mb", after - before);
        assert!(after - before <= EXTRA_MB_MAX, "{:.1} MB", after - before);
    }
    row.figure("file_mb", size as f64 / 1e6);
    row.figure("read_again_mb", read_again as f64 / 1e6);
    row.close(chunks + cuts, breaches);
    Ok(())
}
