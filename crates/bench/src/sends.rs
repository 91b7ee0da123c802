//! `send_1_p50`, `send_1_p99`, `send_16_p99`, `send_64`: durable sends; `server_rss_64`: the memory of the last.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use care_model::{DeliveryId, Digest, Party, limits};
use exchange_client::SignedIn;
use exchange_protocol::{DeliveryHeader, Part, PartRole, Sealing};
use futures::future::try_join_all;

use crate::{
    exchange::Exchange,
    figures::Figure,
    memory::{forget_peak, peak_megabytes},
};

/// Connections that send at the same time.
pub(crate) const CONNECTIONS: usize = 64;
const PAYLOAD_BYTES: usize = 4 * 1_024;
/// The same of an ordinary hour.
const CONNECTIONS_FEW: usize = 16;
const SENDS_OF_FEW: usize = 8_000;
const SENDS_ONE_BY_ONE: usize = 3_000;
const SENDS_TOGETHER: usize = 20_000;
const WARM_UP: usize = 200;

/// A delivery ready to leave.
struct Prepared {
    id: DeliveryId,
    header_json: Vec<u8>,
    part: Bytes,
}

/// One client, one send after the other.
pub(crate) async fn send_1(exchange: &Exchange) -> Result<Vec<Figure>> {
    let line = exchange.sign_in(&exchange.manager).await?;
    let deliveries = prepare(exchange, WARM_UP + SENDS_ONE_BY_ONE)?;
    let mut milliseconds = Vec::with_capacity(SENDS_ONE_BY_ONE);
    for (place, delivery) in deliveries.iter().enumerate() {
        let start = Instant::now();
        send(&line, delivery).await?;
        if place >= WARM_UP {
            milliseconds.push(start.elapsed().as_secs_f64() * 1_000.0);
        }
    }
    verify(exchange, &deliveries).await?;
    milliseconds.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| milliseconds[((milliseconds.len() - 1) as f64 * share) as usize];
    Ok(vec![
        Figure::new("send_1_p50", at(0.50)),
        Figure::new("send_1_p99", at(0.99)),
    ])
}

/// 16 clients at once: the slowest hundredth.
pub(crate) async fn send_16(exchange: &Exchange) -> Result<Figure> {
    let mut lines = Vec::with_capacity(CONNECTIONS_FEW);
    for _ in 0..CONNECTIONS_FEW {
        lines.push(exchange.sign_in(&exchange.manager).await?);
    }
    let deliveries = Arc::new(prepare(exchange, WARM_UP + SENDS_OF_FEW)?);
    let next = Arc::new(AtomicUsize::new(0));
    let senders = lines.into_iter().map(|line| {
        let (deliveries, next) = (Arc::clone(&deliveries), Arc::clone(&next));
        tokio::spawn(async move {
            let mut milliseconds = Vec::new();
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(delivery) = deliveries.get(place) else {
                    return anyhow::Ok(milliseconds);
                };
                let start = Instant::now();
                send(&line, delivery).await?;
                if place >= WARM_UP {
                    milliseconds.push(start.elapsed().as_secs_f64() * 1_000.0);
                }
            }
        })
    });
    let mut milliseconds = Vec::with_capacity(SENDS_OF_FEW);
    for sender in try_join_all(senders).await? {
        milliseconds.extend(sender?);
    }
    verify(exchange, &deliveries).await?;
    milliseconds.sort_unstable_by(f64::total_cmp);
    Ok(Figure::new(
        "send_16_p99",
        milliseconds[(milliseconds.len() - 1) * 99 / 100],
    ))
}

/// 64 connections at once, and the most memory that the server took. Gives back what was sent.
pub(crate) async fn send_64(exchange: &Exchange) -> Result<([Figure; 2], Vec<DeliveryId>)> {
    let lines = lines(exchange, false).await?;
    let deliveries = Arc::new(prepare(exchange, CONNECTIONS + SENDS_TOGETHER)?);
    // Every connection is open and every cache filled before the clock starts.
    try_join_all(
        lines
            .iter()
            .zip(deliveries.iter())
            .map(|(line, delivery)| send(line, delivery)),
    )
    .await?;
    let next = Arc::new(AtomicUsize::new(CONNECTIONS));
    // What hashing the passwords took is not meant.
    forget_peak(exchange)?;
    let start = Instant::now();
    let senders = lines.into_iter().map(|line| {
        let (deliveries, next) = (Arc::clone(&deliveries), Arc::clone(&next));
        tokio::spawn(async move {
            while let Some(delivery) = deliveries.get(next.fetch_add(1, Ordering::Relaxed)) {
                send(&line, delivery).await?;
            }
            anyhow::Ok(())
        })
    });
    for sender in try_join_all(senders).await? {
        sender?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let megabytes = peak_megabytes(exchange)?;
    verify(exchange, &deliveries).await?;
    let ids = deliveries.iter().map(|delivery| delivery.id).collect();
    let figures = [
        Figure::new("send_64", SENDS_TOGETHER as f64 / seconds),
        Figure::new("server_rss_64", megabytes),
    ];
    Ok((figures, ids))
}

/// Lines of one office, each with a connection of its own.
pub(crate) async fn lines(exchange: &Exchange, receiving: bool) -> Result<Vec<SignedIn>> {
    let desk = if receiving {
        &exchange.service
    } else {
        &exchange.manager
    };
    let mut lines = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        lines.push(exchange.sign_in(desk).await?);
    }
    Ok(lines)
}

fn prepare(exchange: &Exchange, count: usize) -> Result<Vec<Prepared>> {
    let (from, to) = (exchange.manager.office.party()?, exchange.service.office.party()?);
    (0..count).map(|number| prepared(from, to, number)).collect()
}

fn prepared(from: Party, to: Party, number: usize) -> Result<Prepared> {
    // Text, as every attachment of no other kind must be; each delivery has its own.
    let mut bytes = format!("{number:08}").into_bytes();
    bytes.resize(PAYLOAD_BYTES, b'x');
    let header = DeliveryHeader {
        id: DeliveryId::generate(),
        from,
        to,
        serial: None,
        unit: None,
        declared_month: None,
        declared_recipients: None,
        parts: vec![Part {
            role: PartRole::Attachment,
            name: None,
            size_bytes: PAYLOAD_BYTES as u64,
            digest: Digest::of(&bytes),
        }],
        sealing: Sealing::None,
    };
    Ok(Prepared {
        id: header.id,
        header_json: serde_json::to_vec(&header)?,
        part: bytes.into(),
    })
}

async fn send(line: &SignedIn, delivery: &Prepared) -> Result<()> {
    let parts = std::slice::from_ref(&delivery.part);
    line.send_small(delivery.id, &delivery.header_json, parts)
        .await
        .context("a send failed")?;
    Ok(())
}

/// Everything arrived, and exactly once.
async fn verify(exchange: &Exchange, sent: &[Prepared]) -> Result<()> {
    let line = exchange.sign_in(&exchange.service).await?;
    let mut arrived = HashSet::new();
    let mut after = 0;
    loop {
        let page = line.inbox(after, limits::PAGE_ROWS_MAX).await?;
        for row in &page.rows {
            ensure!(arrived.insert(row.header.id), "a delivery arrived twice");
        }
        after = page.next;
        if !page.more {
            break;
        }
    }
    ensure!(
        arrived.len() == sent.len(),
        "sent {}, arrived {}",
        sent.len(),
        arrived.len()
    );
    ensure!(
        sent.iter().all(|delivery| arrived.contains(&delivery.id)),
        "a delivery was lost"
    );
    Ok(())
}
