//! Wrong passwords are counted in rows: for every process alike, over a restart, and never without end.

use care_model::AccountId;
use chrono::{DateTime, TimeDelta, Utc};
use exchange_store::{AdmittedTry, Engine, Store, TryDoor};

use crate::{Opened, at};

/// What costs nothing, as ADR 37 has it.
const FREE_OF_ONE: i64 = 5;
const FREE_OF_ALL: i64 = 50;
const MINUTES_MAX_OF_ONE: i64 = 30;
const MINUTES_MAX_OF_ALL: i64 = 5;
const FORGOTTEN_HOURS: i64 = 12;
const REMEMBERED_MAX: i64 = 10_000;

async fn admit(store: &Store, account: &str, place: &str, now: DateTime<Utc>) -> Result<AdmittedTry, i64> {
    let account = AccountId::parse(account).unwrap();
    store.admit_try(TryDoor::Terminal, &account, place, now).await.unwrap()
}

/// Whether a try is let through, and then counts as wrong.
async fn wrong(store: &Store, account: &str, place: &str, now: DateTime<Utc>) -> Result<(), i64> {
    admit(store, account, place, now).await.map(drop)
}

async fn right(store: &Store, account: &str, place: &str, now: DateTime<Utc>) {
    let admitted = admit(store, account, place, now).await.unwrap();
    store.try_was_right(admitted).await.unwrap();
}

#[tokio::test]
async fn waits_grow_and_end() {
    let opened = Opened::new().await;
    let store = &opened.store;
    let now = at(0);
    let later = |minutes| now + TimeDelta::minutes(minutes);
    for _ in 0..=FREE_OF_ONE {
        assert_eq!(wrong(store, "cc1", "here", now).await, Ok(()));
    }
    assert_eq!(wrong(store, "cc1", "here", at(1)).await, Err(1));
    assert_eq!(wrong(store, "cc1", "there", now).await, Ok(()));
    assert_eq!(wrong(store, "cc1", "here", later(1)).await, Ok(()));
    assert_eq!(wrong(store, "cc1", "here", later(2)).await, Err(2));
    let mut next = later(3);
    for _ in 0..20 {
        assert_eq!(wrong(store, "cc1", "here", next).await, Ok(()));
        next += TimeDelta::minutes(MINUTES_MAX_OF_ONE);
    }
    let last = next - TimeDelta::minutes(MINUTES_MAX_OF_ONE);
    assert_eq!(
        wrong(store, "cc1", "here", last + TimeDelta::seconds(1)).await,
        Err(MINUTES_MAX_OF_ONE)
    );
    right(store, "cc1", "here", next).await;
    for _ in 0..=FREE_OF_ONE {
        assert_eq!(wrong(store, "cc1", "here", next).await, Ok(()));
    }
    assert_eq!(wrong(store, "cc1", "here", next).await, Err(2));
}

#[tokio::test]
async fn tries_that_are_free_may_come_in_another_order_than_their_times() {
    let opened = Opened::new().await;
    let now = at(0);
    for number in 0..=FREE_OF_ONE {
        let a_moment_before = now - TimeDelta::milliseconds(number);
        assert_eq!(
            wrong(&opened.store, "cc1", "here", a_moment_before).await,
            Ok(()),
            "{number}"
        );
    }
    assert_eq!(wrong(&opened.store, "cc1", "here", now).await, Err(1));
}

#[tokio::test]
async fn other_accounts_give_a_place_no_fresh_tries() {
    let opened = Opened::new().await;
    let store = &opened.store;
    let now = at(0);
    for number in 0..=FREE_OF_ALL {
        assert_eq!(wrong(store, &format!("cc{number}"), "here", now).await, Ok(()));
    }
    assert_eq!(wrong(store, "cc999", "here", now).await, Err(2));
    assert_eq!(wrong(store, "cc999", "there", now).await, Ok(()));
    // However long it goes on, waits stay short for whoever shares the place.
    let mut next = now;
    for number in 1_000..1_020 {
        next += TimeDelta::minutes(MINUTES_MAX_OF_ALL);
        assert_eq!(wrong(store, &format!("cc{number}"), "here", next).await, Ok(()));
    }
    assert_eq!(
        wrong(store, "cc999", "here", next + TimeDelta::seconds(1)).await,
        Err(MINUTES_MAX_OF_ALL)
    );
    // And the count ends, although somebody never stopped trying.
    let anew = now + TimeDelta::hours(FORGOTTEN_HOURS);
    for number in 0..=FREE_OF_ALL {
        assert_eq!(wrong(store, &format!("cc{number}"), "here", anew).await, Ok(()));
    }
    assert_eq!(wrong(store, "cc999", "here", anew).await, Err(2));
}

#[tokio::test]
async fn a_right_password_makes_up_for_no_wrong_one_of_others() {
    let opened = Opened::new().await;
    let store = &opened.store;
    let now = at(0);
    for number in 0..=FREE_OF_ALL {
        assert_eq!(
            wrong(store, &format!("cc{number}"), "here", now).await,
            Ok(()),
            "{number}"
        );
        if number < FREE_OF_ALL {
            right(store, "cc777", "here", now).await;
        }
    }
    assert_eq!(wrong(store, "cc777", "here", now).await, Err(2));
    // Whoever is right makes the others at the place wait no longer than they had to.
    let later = now + TimeDelta::minutes(1);
    for _ in 0..3 {
        right(store, "cc777", "here", later).await;
    }
    assert_eq!(wrong(store, "cc888", "here", later).await, Ok(()));
    assert_eq!(wrong(store, "cc777", "here", later).await, Err(3));
}

#[tokio::test]
async fn what_was_not_tried_or_had_to_wait_counts_for_nobody() {
    let opened = Opened::new().await;
    let store = &opened.store;
    let now = at(0);
    for _ in 0..60 {
        let admitted = admit(store, "cc1", "here", now).await.unwrap();
        store.try_was_not_made(admitted).await.unwrap();
    }
    for _ in 0..=FREE_OF_ONE {
        assert_eq!(wrong(store, "cc1", "here", now).await, Ok(()));
    }
    for _ in 0..100 {
        assert_eq!(wrong(store, "cc1", "here", now).await, Err(2));
    }
    assert_eq!(wrong(store, "cc2", "here", now).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tries_at_once_at_two_nodes_get_no_further() {
    let opened = Opened::new().await;
    let other = opened.beside().await;
    let tries: Vec<_> = (0..64)
        .map(|number| {
            let store = if number % 2 == 0 { &opened.store } else { &other }.clone();
            tokio::spawn(async move { wrong(&store, "cc1", "here", at(0)).await.is_ok() })
        })
        .collect();
    let mut admitted = 0;
    for each in tries {
        admitted += i64::from(each.await.unwrap());
    }
    assert_eq!(admitted, FREE_OF_ONE + 1);
}

#[tokio::test]
async fn a_restart_forgets_no_try_and_another_door_counts_for_itself() {
    let opened = Opened::new().await;
    for _ in 0..=FREE_OF_ONE {
        assert_eq!(wrong(&opened.store, "cc1", "here", at(0)).await, Ok(()));
    }
    let opened = opened.reopen().await;
    assert_eq!(wrong(&opened.store, "cc1", "here", at(1)).await, Err(1));
    let account = AccountId::parse("cc1").unwrap();
    for door in [TryDoor::Enrolment, TryDoor::Portal] {
        let elsewhere = opened.store.admit_try(door, &account, "here", at(1)).await.unwrap();
        assert!(elsewhere.is_ok(), "{door:?}");
    }
}

/// Rows as a flood of strangers leaves them, each a millisecond after the one before.
async fn flood(opened: &Opened, count: i64) {
    let (numbers, key) = match &opened.engine {
        Engine::Embedded(_) => (
            format!(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
                 INSERT INTO password_try SELECT"
            ),
            "CAST('stranger ' || i AS BLOB)",
        ),
        Engine::Shared(_) => (
            format!("WITH n(i) AS (SELECT generate_series(1, {count})) INSERT INTO password_try SELECT"),
            "convert_to('stranger ' || i, 'UTF8')",
        ),
    };
    let first = at(0).timestamp_millis();
    let row = format!("{numbers} {key}, 12, 1, {first} + i, {first} + i FROM n");
    opened.execute(row).await;
}

async fn kept(opened: &Opened, rule: i64) -> (i64, bool) {
    match &opened.engine {
        Engine::Embedded(data) => {
            let url = format!("sqlite://{}", data.join("exchange.db").display());
            let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url)
                .await
                .unwrap();
            sqlx::query_as("SELECT count(*), count(*) FILTER (WHERE key = CAST('stranger 1' AS BLOB)) > 0 FROM password_try WHERE counted = ?")
                .bind(rule)
                .fetch_one(&mut connection)
                .await
                .unwrap()
        }
        Engine::Shared(shared) => {
            let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&shared.database)
                .await
                .unwrap();
            sqlx::query_as("SELECT count(*), count(*) FILTER (WHERE key = convert_to('stranger 1', 'UTF8')) > 0 FROM password_try WHERE counted = $1")
                .bind(rule)
                .fetch_one(&mut connection)
                .await
                .unwrap()
        }
    }
}

#[tokio::test]
async fn what_is_remembered_is_bounded_and_the_oldest_goes() {
    let opened = Opened::new().await;
    flood(&opened, REMEMBERED_MAX).await;
    assert_eq!(kept(&opened, 12).await, (REMEMBERED_MAX, true));
    assert_eq!(wrong(&opened.store, "cc1", "here", at(60)).await, Ok(()));
    assert_eq!(kept(&opened, 12).await, (REMEMBERED_MAX, false));
    // What would start anew goes all together, and no newer one with it.
    let anew = at(60) + TimeDelta::hours(FORGOTTEN_HOURS) - TimeDelta::seconds(1);
    assert_eq!(wrong(&opened.store, "cc1", "there", anew).await, Ok(()));
    assert_eq!(kept(&opened, 12).await, (2, false));
}

#[tokio::test]
async fn the_sweep_drops_what_would_start_anew() {
    let opened = Opened::new().await;
    assert_eq!(wrong(&opened.store, "cc1", "here", at(0)).await, Ok(()));
    assert_eq!(wrong(&opened.store, "cc1", "there", at(3_600)).await, Ok(()));
    let then = at(1) + TimeDelta::hours(FORGOTTEN_HOURS);
    opened.store.drop_forgotten_tries(then).await.unwrap();
    assert_eq!(kept(&opened, 11).await.0, 1);
    assert_eq!(kept(&opened, 12).await.0, 1);
}
