//! Row 11: thousands of terminals that are connected and ask for nothing, others that read or write slowly or stop in the
//! middle. Everybody else is served as before.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use care_model::{DeliveryId, Digest};
use exchange_protocol::{DeliveryHeader, Part, PartRole, Sealing, envelope};
use fault_row::Row;
use futures::{StreamExt as _, stream};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinHandle};

use crate::{
    bare::{Door, Line},
    exchange::{Exchange, Taken},
    timings_are_judged,
};

const OFFICES: usize = 8;
/// Handshakes at the same time while the crowd comes.
const COMING_AT_ONCE: usize = 32;
const IDLE_BYTES_MAX: f64 = 40.0 * 1_024.0;
const P99_TIMES_MAX: f64 = 2.0;
/// A content that no socket takes at once.
const LARGE_BYTES: usize = 24 * 1_024 * 1_024;
/// Of the idle connections so many are asked in the end.
const ASKED_IN_THE_END: usize = 50;
const WATCH: &str = "careplan_connections{listener=\"exchange\"}";

/// What others do meanwhile: small sends one after the other, each timed.
async fn others(exchange: &Arc<Exchange>, doors: &[Door], lasting: Duration) -> (Taken, HashSet<DeliveryId>) {
    let end = Instant::now() + lasting;
    let lanes = (0..OFFICES / 2).map(|place| {
        let (exchange, door) = (Arc::clone(exchange), doors[place].clone());
        let to = (place + 1) % 2 + 2;
        tokio::spawn(async move {
            let (mut taken, mut sent) = (Taken::default(), HashSet::new());
            let mut line = door.open().await;
            while Instant::now() < end {
                let unit = exchange.unit(sent.len() as u64, place, to);
                let body = envelope::write(&unit.header_json, &unit.parts);
                let request = door.request(&format!("PUT /v1/deliveries/{}", unit.id), envelope::MEDIA_TYPE, &body);
                let begun = Instant::now();
                assert_eq!(line.ask(&request).await.unwrap().status, 200);
                taken.add(begun.elapsed());
                sent.insert(unit.id);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            (taken, sent)
        })
    });
    let lanes: Vec<JoinHandle<_>> = lanes.collect();
    let (mut taken, mut sent) = (Taken::default(), HashSet::new());
    for lane in lanes {
        let (lane_taken, lane_sent) = lane.await.unwrap();
        taken.extend(lane_taken);
        sent.extend(lane_sent);
    }
    (taken, sent)
}

/// Waits until the server has seen so many connections.
async fn connected(exchange: &Exchange, count: usize) {
    while (exchange.node.metric(WATCH).unwrap() as usize) < count {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Connections that have asked for something once, and then for nothing.
async fn idle(door: &Door, count: usize) -> Vec<Line> {
    let hello = door.request("GET /v1/me", "application/json", b"");
    stream::iter(0..count)
        .map(|_| {
            let (door, hello) = (door.clone(), hello.clone());
            tokio::spawn(async move {
                let mut line = door.open().await;
                assert_eq!(line.ask(&hello).await.unwrap().status, 200);
                line
            })
        })
        .buffer_unordered(COMING_AT_ONCE)
        .map(Result::unwrap)
        .collect()
        .await
}

/// A large delivery to the second office, claimed by it; gives what asks for its content.
async fn large(exchange: &Exchange, door: &Door) -> (DeliveryId, Vec<u8>) {
    let mut content = b"%PDF-1.7\n".to_vec();
    content.resize(LARGE_BYTES, b'x');
    let parts = [
        (PartRole::Cover, None, b"{}".to_vec()),
        (PartRole::Attachment, None, content),
    ];
    let header = DeliveryHeader {
        id: DeliveryId::generate(),
        from: exchange.offices[0].party,
        to: exchange.offices[1].party,
        serial: None,
        unit: None,
        declared_month: None,
        declared_recipients: None,
        parts: parts
            .iter()
            .map(|(role, name, bytes)| Part {
                role: *role,
                name: name.clone(),
                size_bytes: bytes.len() as u64,
                digest: Digest::of(bytes),
            })
            .collect(),
        sealing: Sealing::None,
    };
    let source: Arc<Vec<Bytes>> = Arc::new(parts.into_iter().map(|(_, _, bytes)| bytes.into()).collect());
    let json = Bytes::from(serde_json::to_vec(&header).unwrap());
    exchange.offices[0].line.send(json, &source, |_| {}).await.unwrap();
    let claim = exchange.offices[1].line.claim(header.id, None).await.unwrap();
    let line = format!("GET /v1/inbox/{}/parts/1?fence={}", header.id, claim.fence);
    (header.id, door.request(&line, "application/octet-stream", b""))
}

/// Connections that never come on: each asks for a large content and reads none of it, or writes half of a send, or half
/// of a head, or nothing at all, and then says no more.
async fn stuck(doors: &[Door], fetch: &[u8], count: usize) -> (Vec<Line>, Vec<TcpStream>) {
    let mut lines = Vec::new();
    let mut half_open = Vec::new();
    for place in 0..count {
        let door = &doors[1];
        if place % 4 == 3 {
            half_open.push(TcpStream::connect(&door.address).await.unwrap());
            continue;
        }
        let mut line = door.open().await;
        let id = DeliveryId::generate();
        let send = door.request(&format!("PUT /v1/deliveries/{id}"), envelope::MEDIA_TYPE, &[0; 100_000]);
        let said = match place % 4 {
            0 => fetch,
            1 => &send[..send.len() / 2],
            _ => &send[..60],
        };
        line.stream.write_all(said).await.unwrap();
        line.stream.flush().await.unwrap();
        lines.push(line);
    }
    (lines, half_open)
}

#[tokio::test(flavor = "multi_thread")]
async fn row_11_thousands_who_are_idle_slow_or_half_there_hinder_nobody() {
    let mut row = Row::open(11, "a crowd that is idle, slow or half open");
    let (idle_count, stuck_count) = (row.times(300, 10_000) as usize, row.times(20, 200) as usize);
    let lasting = Duration::from_secs(row.times(1, 12));
    // All of the crowd shows one terminal's certificate here.
    let exchange = Arc::new(Exchange::start(OFFICES, row.seed(), &["--requests-a-minute-terminal", "0"]).await);
    let door = |place: usize| {
        Door::of(
            &exchange.offices[place],
            &exchange.authority_pem,
            &exchange.node.exchange_url,
        )
    };
    let doors: Vec<Door> = (0..OFFICES).map(door).collect();

    // What is remembered of the first requests, and the threads that they begin, are of nobody's connection.
    let (_, mut accepted) = others(&exchange, &doors, lasting).await;
    let (calm, sent) = others(&exchange, &doors, lasting).await;
    accepted.extend(sent);

    let before = exchange.node.resident_bytes().unwrap();
    let mut crowd = idle(&doors[0], idle_count).await;
    connected(&exchange, idle_count).await;
    let each = (exchange.node.resident_bytes().unwrap() - before) / idle_count as f64;
    let (beside_idle, sent) = others(&exchange, &doors, lasting).await;
    accepted.extend(sent);

    let (large, fetch) = large(&exchange, &doors[1]).await;
    let held = stuck(&doors, &fetch, stuck_count).await;
    let (beside_all, sent) = others(&exchange, &doors, lasting).await;
    accepted.extend(sent);

    // Who was idle is served as ever, and who is stuck is still there.
    let hello = doors[0].request("GET /v1/me", "application/json", b"");
    let step = idle_count / ASKED_IN_THE_END;
    for line in crowd.iter_mut().step_by(step) {
        assert_eq!(line.ask(&hello).await.unwrap().status, 200);
    }
    drop((crowd, held));

    let (calm, idle, all) = (
        calm.percentile_ms(99),
        beside_idle.percentile_ms(99),
        beside_all.percentile_ms(99),
    );
    row.figure("idle_connection_kb", each / 1_024.0);
    row.figure("others_alone_p99_ms", calm);
    row.figure("others_beside_idle_p99_ms", idle);
    row.figure("others_beside_all_p99_ms", all);
    accepted.insert(large);
    let breaches = exchange.breaches(&accepted, &HashSet::new()).await;
    let judged = timings_are_judged(row.form());
    row.close((idle_count + stuck_count) as u64, breaches);
    if judged {
        assert!(each <= IDLE_BYTES_MAX, "{each} bytes for a connection");
        assert!(
            idle <= calm * P99_TIMES_MAX,
            "{idle} ms beside the idle, {calm} ms before"
        );
        assert!(all <= calm * P99_TIMES_MAX, "{all} ms beside all, {calm} ms before");
    }
}
