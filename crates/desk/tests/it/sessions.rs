//! How long somebody stays signed in: the window asks at every start, the command line does not (D13).

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use anyhow::Result;
use care_model::ProblemCode;
use chrono::{DateTime, TimeDelta, Utc};
use desk::ports::{Clock, SessionKeeping};
use desk_ipc::{DeskCommands, Stage};
use test_support::{ExampleExchange, OpenDesk};

use crate::support::assert_refused;

/// The machine's clock, moved on by so many minutes.
struct MovedClock(Arc<AtomicI64>);

impl Clock for MovedClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::minutes(self.0.load(Ordering::SeqCst))
    }
}

async fn open_as(profile: &Path, session: SessionKeeping) -> Result<OpenDesk> {
    OpenDesk::open_with(profile, |settings| settings.session = session).await
}

async fn is_open(desk: &OpenDesk) -> Result<bool> {
    Ok(matches!(desk.desk.start(()).await?.stage, Stage::Open { .. }))
}

/// How many sealed sessions the closed profile holds.
async fn stored_sessions(profile: &Path) -> Result<i64> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(profile.join("desk.db"));
    let database = sqlx::SqlitePool::connect_with(options).await?;
    let (count,) = sqlx::query_as("SELECT count(*) FROM value WHERE name = 'session'")
        .fetch_one(&database)
        .await?;
    database.close().await;
    Ok(count)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_outlives_the_run_only_where_the_host_keeps_it() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let profile = exchange.profile(at, "front");
    let window = exchange.desk(at, "front").await?;
    assert!(is_open(&window).await?);
    window.desk.shutdown().await;
    assert_eq!(
        stored_sessions(&profile).await?,
        0,
        "the window stores nothing of a session"
    );

    let command = open_as(&profile, SessionKeeping::BetweenRuns).await?;
    assert!(!is_open(&command).await?);
    command.sign_in(at.office, &at.accounts).await?;
    command.desk.shutdown().await;
    assert_eq!(stored_sessions(&profile).await?, 1);
    let next = open_as(&profile, SessionKeeping::BetweenRuns).await?;
    assert!(is_open(&next).await?);
    next.desk.home(()).await?;
    next.desk.shutdown().await;

    let window = open_as(&profile, SessionKeeping::WhileOpen).await?;
    assert!(matches!(window.desk.start(()).await?.stage, Stage::Person { .. }));
    window.desk.shutdown().await;
    assert_eq!(
        stored_sessions(&profile).await?,
        0,
        "what another host stored is forgotten"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_clock_signs_nobody_out() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let desk = exchange.desk(&exchange.manager, "front").await?;
    exchange.move_clock(TimeDelta::minutes(61));
    // For this PC the right to ask still holds; the exchange refuses it, and the session is renewed behind that.
    if desk.desk.refresh(()).await.is_err() {
        desk.desk.refresh(()).await?;
    }
    assert!(is_open(&desk).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_renewed_until_nobody_uses_it_for_long() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let profile = exchange.profile(at, "front");
    exchange.desk(at, "front").await?.desk.shutdown().await;
    let minutes = Arc::new(AtomicI64::new(0));
    let clock = MovedClock(Arc::clone(&minutes));
    let desk = OpenDesk::open_with(&profile, |settings| settings.clock = Arc::new(clock)).await?;
    desk.sign_in(at.office, &at.accounts).await?;
    let pass = |by: i64| {
        exchange.move_clock(TimeDelta::minutes(by));
        minutes.fetch_add(by, Ordering::SeqCst);
    };
    // The right to ask lasts an hour; what renews it is good for eight.
    for _ in 0..3 {
        pass(61);
        desk.desk.refresh(()).await?;
        assert!(is_open(&desk).await?);
    }
    pass(9 * 60);
    assert_refused(desk.desk.refresh(()).await, ProblemCode::SignInRequired);
    let start = desk.desk.start(()).await?;
    assert!(matches!(start.stage, Stage::Person { .. }), "{start:?}");
    // It ended without a trouble of its own, which is said until somebody begins to sign in, or signs out.
    assert_eq!(start.ended.map(|ended| ended.code), Some(ProblemCode::SignInRequired));
    desk.sign_in(at.office, &at.accounts).await?;
    assert_eq!(desk.desk.sign_out(()).await?.ended, None);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_comes_after_the_sign_out_brings_nobody_back() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let profile = exchange.profile(at, "front");
    exchange.desk(at, "front").await?.desk.shutdown().await;
    let minutes = Arc::new(AtomicI64::new(0));
    let clock = MovedClock(Arc::clone(&minutes));
    let desk = OpenDesk::open_with(&profile, |settings| {
        settings.session = SessionKeeping::BetweenRuns;
        settings.clock = Arc::new(clock);
    })
    .await?;
    desk.sign_in(at.office, &at.accounts).await?;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(exchange.folder("exchange")?.join("exchange.db"));
    let database = sqlx::SqlitePool::connect_with(options).await?;
    // The exchange can't store a renewal until this ends.
    let held = database.begin_with("BEGIN IMMEDIATE").await?;
    exchange.move_clock(TimeDelta::minutes(61));
    minutes.fetch_add(61, Ordering::SeqCst);
    let leaving = async {
        desk.desk.sign_out(()).await?;
        held.rollback().await?;
        anyhow::Ok(())
    };
    // Whatever is asked first wants the session renewed, and waits for that while somebody signs out.
    let (asked, left) = tokio::join!(desk.desk.terminals(()), leaving);
    left?;
    assert_refused(asked, ProblemCode::SignInRequired);
    assert!(!is_open(&desk).await?);
    // The exchange hears of it too: what was renewed is good for longer than any session before.
    while sqlx::query_scalar::<_, i64>("SELECT count(*) FROM session WHERE refresh_until > ?")
        .bind((Utc::now() + TimeDelta::hours(8) + TimeDelta::minutes(30)).timestamp_millis())
        .fetch_one(&database)
        .await?
        > 0
    {}
    database.close().await;
    desk.desk.shutdown().await;
    assert_eq!(stored_sessions(&profile).await?, 0);
    Ok(())
}
