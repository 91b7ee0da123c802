//! `large_up`, `large_down`, `large_mem`: one attachment of 100 MB there and back.

use std::{io, time::Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use care_model::{DeliveryId, Digest};
use exchange_protocol::{DeliveryHeader, Part, PartRole, Sealing};

use crate::{
    exchange::Exchange,
    figures::Figure,
    memory::{forget_peak, peak_megabytes, resident_megabytes},
};

const SIZE_BYTES: usize = 100_000_000;
const ROUNDS: usize = 5;

/// Up until it is held durably, down until every byte is here, and the most memory that the server took for it.
pub(crate) async fn large(exchange: &Exchange) -> Result<[Figure; 3]> {
    let (sender, receiver) = (
        exchange.sign_in(&exchange.manager).await?,
        exchange.sign_in(&exchange.service).await?,
    );
    // Text, as every attachment of no other kind must be.
    let bytes = Bytes::from(vec![b'x'; SIZE_BYTES]);
    let digest = Digest::of(&bytes);
    let megabytes_before = resident_megabytes(exchange)?;
    forget_peak(exchange)?;
    let (mut up, mut down) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let header = DeliveryHeader {
            id: DeliveryId::generate(),
            from: exchange.manager.office.party()?,
            to: exchange.service.office.party()?,
            serial: None,
            unit: None,
            declared_month: None,
            declared_recipients: None,
            parts: vec![Part {
                role: PartRole::Attachment,
                name: None,
                size_bytes: SIZE_BYTES as u64,
                digest,
            }],
            sealing: Sealing::None,
        };
        let json = Bytes::from(serde_json::to_vec(&header)?);
        let source = bytes.clone();
        let read = move |_: usize, offset: u64, length: usize| {
            let start = usize::try_from(offset).map_err(io::Error::other)?;
            let end = start.checked_add(length).filter(|end| *end <= source.len());
            Ok(source.slice(start..end.ok_or(io::ErrorKind::UnexpectedEof)?))
        };
        let start = Instant::now();
        sender.send(json, &read, |_| {}).await.context("the send failed")?;
        up.push(rate(start));

        let claim = receiver.claim(header.id, None).await?;
        let mut arrived = Vec::with_capacity(SIZE_BYTES);
        let start = Instant::now();
        let mut stream = receiver.fetch_part(&claim, 0, 0)?;
        while let Some(piece) = stream.next().await.context("the fetch failed")? {
            arrived.extend_from_slice(&piece);
        }
        down.push(rate(start));
        ensure!(Digest::of(&arrived) == digest, "what arrived is not what was sent");
        receiver.confirm(claim.id, claim.fence).await?;
    }
    let extra = peak_megabytes(exchange)? - megabytes_before;
    Ok([
        Figure::new("large_up", middle(&mut up)),
        Figure::new("large_down", middle(&mut down)),
        Figure::new("large_mem", extra),
    ])
}

fn rate(start: Instant) -> f64 {
    SIZE_BYTES as f64 / 1_000_000.0 / start.elapsed().as_secs_f64()
}

fn middle(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
