//! Figures by month: kept with each delivery, the same as if they were counted, and read without counting.

use care_model::{DeliveryId, OfficeNumber};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_store::{ByteRange, Store, UsageMonth};
use sqlx::Connection as _;

use crate::{HELPER, Opened, PLANNER, actor, delivery};

fn number(text: &str) -> OfficeNumber {
    OfficeNumber::parse(text).unwrap()
}

/// The last second of March 2026 in Japan.
fn end_of_march() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-03-31T23:59:59+09:00")
        .unwrap()
        .to_utc()
}

async fn accept(opened: &Opened, at: DateTime<Utc>) -> DeliveryId {
    let sent = delivery(&[b"text"]);
    let accepted = opened.store.accept(sent.clone(), actor(PLANNER, 1), at).await;
    accepted.unwrap().unwrap();
    sent.header.id
}

/// Deliveries around the turn of a month: fetched, taken back, waiting, and one that nobody fetched in time.
async fn traffic(opened: &Opened) {
    let before = end_of_march();
    let after = before + TimeDelta::seconds(1);
    let fetched = accept(opened, before).await;
    accept(opened, before).await;
    let recalled = accept(opened, after).await;
    let store = &opened.store;
    let there = actor(HELPER, 2);
    let claim = store.claim(fetched, there.clone(), None, after).await.unwrap().unwrap();
    store
        .serve(fetched, 0, there.clone(), claim.fence, ByteRange::Whole, after)
        .await
        .unwrap()
        .unwrap();
    store
        .confirm(fetched, there, claim.fence, after)
        .await
        .unwrap()
        .unwrap();
    store.recall(recalled, actor(PLANNER, 1), after).await.unwrap().unwrap();
    accept(opened, after + TimeDelta::days(1)).await;
}

async fn months(store: &Store, office: &str) -> Vec<UsageMonth> {
    store.usage(number(office), (2025, 4)).await.unwrap()
}

fn month(month: u32, counts: [u64; 5]) -> UsageMonth {
    let [sent, sent_waiting, arrived, arrived_waiting, arrived_fetched] = counts;
    UsageMonth {
        year: 2026,
        month,
        sent,
        sent_waiting,
        arrived,
        arrived_waiting,
        arrived_fetched,
    }
}

#[tokio::test]
async fn a_delivery_counts_in_the_month_of_japan_in_which_it_was_accepted() {
    let opened = Opened::new().await;
    traffic(&opened).await;
    assert_eq!(
        months(&opened.store, PLANNER).await,
        [month(3, [2, 1, 0, 0, 0]), month(4, [2, 1, 0, 0, 0])]
    );
    assert_eq!(
        months(&opened.store, HELPER).await,
        [month(3, [0, 0, 2, 1, 1]), month(4, [0, 0, 2, 1, 0])]
    );
    assert_eq!(opened.store.usage(number(PLANNER), (2026, 4)).await.unwrap().len(), 1);
}

/// What a server of before had is counted when its database is brought up to date, and comes to the same.
#[tokio::test]
async fn deliveries_from_before_the_figures_are_counted() {
    let opened = Opened::embedded().await;
    traffic(&opened).await;
    let kept = (
        months(&opened.store, PLANNER).await,
        months(&opened.store, HELPER).await,
    );
    let path = opened.folder.path().join("exchange.db");
    let Opened {
        folder: _folder,
        engine,
        master,
        store,
    } = opened;
    store.close().await;
    let address = format!("sqlite://{}", path.display());
    let mut connection = sqlx::SqliteConnection::connect(&address).await.unwrap();
    let undo = "DROP TRIGGER usage_accepted; DROP TRIGGER usage_ended; DROP TABLE usage_month; \
                DROP TABLE portal_session; DROP TABLE first_password; DROP TABLE licence_request; \
                DROP INDEX account_office; ALTER TABLE account DROP COLUMN stopped_at; \
                ALTER TABLE terminal DROP COLUMN signed_in_at; DELETE FROM _sqlx_migrations WHERE version = 4;";
    sqlx::raw_sql(undo).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let store = Store::open(engine, master).await.unwrap();
    assert_eq!((months(&store, PLANNER).await, months(&store, HELPER).await), kept);
    store.close().await;
}

/// However many deliveries there are: the page's rows are found by their key, and no delivery is looked at.
#[tokio::test]
async fn the_figures_are_read_by_their_key() {
    let opened = Opened::embedded().await;
    let path = opened.folder.path().join("exchange.db");
    opened.store.close().await;
    let address = format!("sqlite://{}", path.display());
    let mut connection = sqlx::SqliteConnection::connect(&address).await.unwrap();
    let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(
        "EXPLAIN QUERY PLAN SELECT month, sent FROM usage_month WHERE office = ? AND month >= ? ORDER BY month",
    )
    .bind(PLANNER)
    .bind(202_504)
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let steps: Vec<_> = plan.into_iter().map(|(_, _, _, step)| step).collect();
    assert_eq!(steps, ["SEARCH usage_month USING PRIMARY KEY (office=? AND month>?)"]);
}
