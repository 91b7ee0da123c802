//! `list_100k`, `restart_1m`, `find_290k`: what a server does that holds much already. The rows are put straight into
//! the database of a stopped server.

use std::{path::Path, time::Instant};

use anyhow::{Result, ensure};
use care_model::{DeliveryId, Digest, OfficeNumber, Serial, ServiceMonth};
use chrono::Utc;
use exchange_protocol::{DeliveryHeader, OfficeSearch, Part, PartRole, Sealing};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use crate::{exchange::Exchange, figures::Figure};

const MAILBOX: u64 = 100_000;
const STORED: u64 = 1_000_000;
const PAGE_ROWS: u32 = 100;
const PAGES: u64 = 2_000;
const WARM_UP: u64 = 100;
const OFFICES: u64 = 290_000;
const FOUND_MAX: u32 = 50;
const FIND_ROUNDS: usize = 5;
/// What people type.
const TYPED: [&str; 6] = [
    "さくら 世田谷",
    "ﾃﾞｲｻｰﾋﾞｽ",
    "1300001234",
    "札幌市 居宅介護",
    "ひまわり どこにもない町",
    "福祉用具996 堺",
];
const STARTS: usize = 5;
/// Of so many deliveries one still waits with its content; the others were received.
const WAITING_EVERY: u64 = 10;

/// The identities stored: their last twelve digits count up.
const ID_START: &str = "0199a1b2-0000-7000-8000-";

/// Each page from another place of the mailbox, over one connection.
pub(crate) async fn list_100k(exchange: &mut Exchange) -> Result<Figure> {
    // Enrols the terminal, which a row that was received names.
    exchange.sign_in(&exchange.service).await?;
    exchange.stop();
    fill(exchange, MAILBOX).await?;
    exchange.start_again()?;
    let line = exchange.sign_in(&exchange.service).await?;
    let mut milliseconds = Vec::new();
    for page in 0..WARM_UP + PAGES {
        // A step that is coprime to the number of pages visits them all in no order.
        let after = page * 7_919 % (MAILBOX / u64::from(PAGE_ROWS)) * u64::from(PAGE_ROWS);
        let start = Instant::now();
        let answer = line.inbox(after, PAGE_ROWS).await?;
        let took = start.elapsed();
        ensure!(
            answer.rows.len() == PAGE_ROWS as usize && answer.rows[0].sequence == after + 1,
            "another page than was asked for"
        );
        if page >= WARM_UP {
            milliseconds.push(took.as_secs_f64() * 1_000.0);
        }
    }
    Ok(Figure::new("list_100k", middle(&mut milliseconds)))
}

/// From the start of the process to its first answer.
pub(crate) async fn restart_1m(exchange: &mut Exchange) -> Result<Figure> {
    exchange.sign_in(&exchange.service).await?;
    exchange.stop();
    fill(exchange, STORED).await?;
    let mut milliseconds = Vec::new();
    for _ in 0..STARTS {
        let start = Instant::now();
        exchange.start_again()?;
        exchange.stranger()?.exchange().await?;
        milliseconds.push(start.elapsed().as_secs_f64() * 1_000.0);
        // Killed, as a power cut would: what it finds at its next start is no tidier than in life.
        exchange.stop();
    }
    exchange.start_again()?;
    let line = exchange.sign_in(&exchange.service).await?;
    let last = line.inbox(STORED - 1, PAGE_ROWS).await?;
    ensure!(last.rows.len() == 1 && !last.more, "a delivery was lost");
    Ok(Figure::new("restart_1m", middle(&mut milliseconds)))
}

/// 宛先検索 letter by letter in a directory as long as the country's: the slowest hundredth.
pub(crate) async fn find_290k(exchange: &mut Exchange) -> Result<Figure> {
    exchange.stop();
    register(&exchange.database()).await?;
    exchange.start_again()?;
    let line = exchange.sign_in(&exchange.manager).await?;
    let mut milliseconds = Vec::new();
    let mut found = 0;
    for _ in 0..FIND_ROUNDS {
        for typed in TYPED {
            for end in typed.char_indices().map(|(at, letter)| at + letter.len_utf8()) {
                let search = OfficeSearch {
                    text: typed[..end].to_owned(),
                    kind: None,
                    after: None,
                    limit: FOUND_MAX,
                };
                let start = Instant::now();
                let page = line.search_offices(&search).await?;
                milliseconds.push(start.elapsed().as_secs_f64() * 1_000.0);
                found += usize::from(!page.offices.is_empty());
            }
        }
    }
    ensure!(found > milliseconds.len() / 2, "only {found} searches found anything");
    milliseconds.sort_unstable_by(f64::total_cmp);
    Ok(Figure::new(
        "find_290k",
        milliseconds[(milliseconds.len() - 1) * 99 / 100],
    ))
}

/// Registers offices as they were before they could be searched; the server makes them findable at its start.
async fn register(database: &Path) -> Result<()> {
    let mut connection = SqliteConnectOptions::new().filename(database).connect().await?;
    sqlx::query(
        "WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ?1), \
         part (n, flower, trade, town) AS (SELECT n, \
         substr('さくらひまわりあおぞらけやきつばさなごみいずみ', 1 + n % 19, 3), \
         json_extract('[\"訪問介護事業所\",\"居宅介護支援センター\",\"デイサービス\",\"福祉用具\"]', '$[' || (n % 4) || ']'), \
         json_extract('[\"東京都世田谷区\",\"大阪府堺市北区\",\"北海道札幌市\",\"愛知県豊田市\"]', '$[' || (n / 7 % 4) || ']') \
         FROM counted) \
         INSERT INTO office (number, name, kinds, kana, address, licence_until, registered_at) \
         SELECT printf('13%08d', n * 7), flower || trade || (n % 997), '11', flower || (n % 997), \
         town || (n % 31) || '丁目' || (n % 77) || '番', 4102444800000, 0 FROM part",
    )
    .bind(i64::try_from(OFFICES)?)
    .execute(&mut connection)
    .await?;
    connection.close().await?;
    Ok(())
}

pub(crate) fn middle(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Puts deliveries from the first office to the second into a stopped server's database.
async fn fill(exchange: &Exchange, count: u64) -> Result<()> {
    let (from, to) = (exchange.manager.office.party()?, exchange.service.office.party()?);
    let id = format!("{ID_START}000000000000").parse::<DeliveryId>()?;
    let header = DeliveryHeader {
        id,
        from,
        to,
        serial: Some(Serial::parse("20261201090000")?),
        unit: None,
        declared_month: Some(ServiceMonth::parse("202611")?),
        declared_recipients: Some(12),
        parts: (0..3)
            .map(|place| Part {
                role: PartRole::StandardFile,
                name: Some(format!("UPPLAN_202611_9970100013_9970101003_{place}.CSV")),
                size_bytes: 4_096,
                digest: Digest::of(&[place]),
            })
            .collect(),
        sealing: Sealing::None,
    };
    let json = serde_json::to_string(&header)?;
    let (before, behind) = json.split_once(&id.to_string()).unwrap_or_default();
    ensure!(!behind.is_empty(), "the header does not name its delivery");
    insert(&exchange.database(), count, (before, behind), from.office, to.office).await
}

async fn insert(
    database: &Path,
    count: u64,
    (before, behind): (&str, &str),
    from: OfficeNumber,
    to: OfficeNumber,
) -> Result<()> {
    let mut connection = SqliteConnectOptions::new()
        .filename(database)
        .pragma("cache_size", "-200000")
        .connect()
        .await?;
    let mut act = connection.begin().await?;
    let count = i64::try_from(count)?;
    sqlx::query(
        "WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ?1), \
         named AS (SELECT n, ?2 || printf('%012x', n) AS name, n % ?3 = 0 AS waits FROM counted) \
         INSERT INTO delivery (row, id, digest, from_office, to_office, header, accepted_at, outbox_sequence, \
         inbox_sequence, outbox_change, inbox_change, state, fence, terminal, ended_at) \
         SELECT n, unhex(name, '-'), zeroblob(32), ?4, ?5, CAST(?6 || name || ?7 AS BLOB), ?8, n, n, n, n, \
         iif(waits, 0, 2), iif(waits, 0, 1), iif(waits, NULL, (SELECT id FROM terminal LIMIT 1)), \
         iif(waits, NULL, ?8) FROM named",
    )
    .bind(count)
    .bind(ID_START)
    .bind(i64::try_from(WAITING_EVERY)?)
    .bind(from.as_str())
    .bind(to.as_str())
    .bind(before)
    .bind(behind)
    .bind(Utc::now().timestamp_millis())
    .execute(&mut *act)
    .await?;
    sqlx::query(
        "INSERT INTO content (delivery_row, wrapped_key, sealed) \
         SELECT row, zeroblob(64), zeroblob(512) FROM delivery WHERE state = 0",
    )
    .execute(&mut *act)
    .await?;
    for office in [from, to] {
        sqlx::query(
            "INSERT OR REPLACE INTO mailbox (office, outbox_sequence, inbox_sequence, outbox_change, inbox_change) \
             VALUES (?1, ?2, ?2, ?2, ?2)",
        )
        .bind(office.as_str())
        .bind(count)
        .execute(&mut *act)
        .await?;
    }
    act.commit().await?;
    connection.close().await?;
    Ok(())
}
