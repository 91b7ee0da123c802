//! How long somebody stays signed in: the window asks at every start, the command line does not (D13).

use std::{path::Path, sync::Arc};

use anyhow::Result;
use desk::ports::{SessionKeeping, SystemClock};
use desk_ipc::{DeskCommands, Stage};
use test_support::{ExampleExchange, OpenDesk};

async fn open_as(profile: &Path, session: SessionKeeping) -> Result<OpenDesk> {
    OpenDesk::open_as(profile, Arc::new(SystemClock), session).await
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
