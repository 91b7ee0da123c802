//! `search_100k`: what a person types letter by letter, over a list of 100,000 rows, through the core of the client.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use care_model::{DeliveryId, Digest, Party, Serial, ServiceMonth};
use desk_ipc::{DeskCommands as _, ListQuery, ListRequest};
use exchange_protocol::{DeliveryHeader, Part, PartRole, Sealing};
use futures::future::try_join_all;
use serde_json::json;
use test_support::OpenDesk;

use crate::{exchange::Exchange, figures::Figure, sends::lines};

const ROWS: usize = 100_000;
/// One row in so many has a message; a cover is a request of its own.
const NOTE_EVERY: usize = 4;
/// Rows that a page shows and keeps ready around them.
const WINDOW_ROWS: u32 = 100;
const ROUNDS: usize = 5;

/// What people type.
const TYPED: [&str; 8] = [
    "見本居宅",
    "提供票",
    "2026年12月",
    "202611",
    "よろしくお願い",
    "訪問時間 変更",
    "9970100013",
    "ﾃﾞｲｻｰﾋﾞｽ",
];

const NOTES: [&str; 5] = [
    "いつもお世話になっております。今月分です。よろしくお願いいたします。",
    "訪問時間が変更になりました。ご確認をお願いします。",
    "デイサービスの利用日を１日追加しています。",
    "先日お電話でお話しした件です。火曜日は欠席されます。",
    "福祉用具の単位数を直しました。前回の分は取り込まないでください。",
];

/// The slowest hundredth of all answers.
pub(crate) async fn search_100k(exchange: &Exchange, scratch: &Path) -> Result<Figure> {
    fill(exchange).await?;
    let folder = tempfile::tempdir_in(scratch)?;
    let profile = folder.path().join("profile");
    let receiver = &exchange.service;
    let desk = OpenDesk::open(&profile).await?;
    let issue_password = receiver.office.issue_password;
    desk.set_up(&exchange.connection_file(), &receiver.accounts, issue_password, "計測")
        .await?;
    desk.sign_in(receiver.office, &receiver.accounts).await?;
    desk.desk.refresh(()).await?;
    desk.desk.shutdown().await;
    drop(desk);

    let bytes_before = resident_bytes()?;
    let start = Instant::now();
    let desk = OpenDesk::open(&profile).await?;
    desk.sign_in(receiver.office, &receiver.accounts).await?;
    let view = desk.desk.inbox(window("")).await?;
    let built = start.elapsed();
    ensure!(view.total as usize == ROWS, "{} rows of {ROWS}", view.total);
    let megabytes = resident_bytes()?.saturating_sub(bytes_before) as f64 / (1_024.0 * 1_024.0);
    eprintln!(
        "search_100k: first list after {} ms, {megabytes:.1} MB more",
        built.as_millis()
    );

    let mut times: Vec<Duration> = Vec::new();
    let mut found = 0;
    for _ in 0..ROUNDS {
        for typed in TYPED {
            for end in typed.char_indices().map(|(at, letter)| at + letter.len_utf8()) {
                let request = window(&typed[..end]);
                let start = Instant::now();
                let view = desk.desk.inbox(request).await?;
                times.push(start.elapsed());
                found += usize::from(view.matching > 0);
            }
            // The field is emptied before the next word.
            desk.desk.inbox(window("")).await?;
        }
    }
    ensure!(
        found > times.len() / 2,
        "only {found} of {} found anything",
        times.len()
    );
    desk.desk.shutdown().await;
    times.sort_unstable();
    let slowest = times[(times.len() - 1) * 99 / 100];
    eprintln!(
        "search_100k: median {:.2} ms",
        times[times.len() / 2].as_secs_f64() * 1_000.0
    );
    Ok(Figure::new("search_100k", slowest.as_secs_f64() * 1_000.0))
}

fn window(text: &str) -> ListRequest {
    ListRequest {
        query: ListQuery {
            text: text.to_owned(),
            ..ListQuery::default()
        },
        from: 0,
        count: WINDOW_ROWS,
    }
}

/// Sends everything over many connections.
pub(crate) async fn fill(exchange: &Exchange) -> Result<()> {
    let (from, to) = (exchange.manager.office.party()?, exchange.service.office.party()?);
    let next = Arc::new(AtomicUsize::new(0));
    let senders = lines(exchange, false).await?.into_iter().map(|line| {
        let next = Arc::clone(&next);
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= ROWS {
                    return anyhow::Ok(());
                }
                let (header, parts) = delivery(from, to, number)?;
                let bytes = serde_json::to_vec(&header)?;
                line.send_small(header.id, &bytes, &parts)
                    .await
                    .context("a send failed")?;
            }
        })
    });
    for sender in try_join_all(senders).await? {
        sender?;
    }
    Ok(())
}

fn delivery(from: Party, to: Party, number: usize) -> Result<(DeliveryHeader, Vec<Bytes>)> {
    let (prefix, unit) = match number % 3 {
        0 => ("UPPLAN", "home_schedule"),
        1 => ("UP1KYO", "home_plan"),
        _ => ("UPJISSEKI", "home_actual"),
    };
    let month = ServiceMonth::parse(&format!("2026{:02}", 1 + number % 12))?;
    let serial = Serial::parse(&format!("{:014}", 20_260_101_000_000 + number))?;
    let name = format!(
        "{prefix}_{month}_{}_{}_{}_{}_{serial}.CSV",
        from.office, from.kind, to.office, to.kind
    );
    let file = Bytes::from(format!("{number:08}"));
    let mut bytes = Vec::new();
    if number.is_multiple_of(NOTE_EVERY) {
        let note = NOTES[number / NOTE_EVERY % NOTES.len()];
        bytes.push((
            PartRole::Cover,
            None,
            Bytes::from(json!({"note": note, "attachments": []}).to_string()),
        ));
    }
    bytes.push((PartRole::StandardFile, Some(name), file));
    let parts = bytes.iter().map(|(role, name, bytes)| Part {
        role: *role,
        name: name.clone(),
        size_bytes: bytes.len() as u64,
        digest: Digest::of(bytes),
    });
    let header = DeliveryHeader {
        id: DeliveryId::generate(),
        from,
        to,
        serial: Some(serial),
        unit: Some(unit.to_owned()),
        declared_month: Some(month),
        declared_recipients: Some(u32::try_from(1 + number % 40)?),
        parts: parts.collect(),
        sealing: Sealing::None,
    };
    Ok((header, bytes.into_iter().map(|(_, _, bytes)| bytes).collect()))
}

/// The memory of this process that is in use.
fn resident_bytes() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line
        .and_then(|rest| rest.split_whitespace().next())
        .context("no VmRSS")?;
    Ok(kilobytes.parse::<u64>()? * 1_024)
}
