//! Two terminals of one office, and two processes on one profile.

use std::path::Path;

use anyhow::Result;
use care_model::{DeliveryId, ProblemCode};
use desk_ipc::{DeskCommands, InboxStatus, TakeOverStart};
use test_support::OpenDesk;

use crate::support::{Offices, assert_refused, database, names_in, pdf, pick_up};

#[tokio::test(flavor = "multi_thread")]
async fn the_second_terminal_is_told_who_has_it_and_may_take_it_over() -> Result<()> {
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let files = exchange.folder("files")?;
    let large = pdf(&files, "資料.pdf", 9_000_000)?;
    let (_, row) = offices.send_plan(40, vec![large]).await?;
    let second = exchange.terminal(&exchange.service, "奥の部屋のPC").await?;
    // The second terminal claims and serves itself everything: the claim stays with it until it confirms.
    let claim = second.claim(row.delivery, None).await?;
    for part in 0..claim.header.parts.len() {
        let mut stream = second.fetch_part(&claim, part, 0)?;
        while stream.next().await?.is_some() {}
    }
    let target = exchange.folder("received")?;
    let refused = pick_up(&offices.service, row.delivery, &target).await?;
    let told = refused.as_ref().expect_err("a refusal").params.get("terminal").cloned();
    assert_eq!(told.as_deref(), Some("奥の部屋のPC"));
    assert_refused(refused, ProblemCode::ClaimedElsewhere);
    assert!(names_in(&target)?.is_empty());
    let shown = offices.service.arrived(&[row.delivery]).await?.remove(0);
    let InboxStatus::Elsewhere {
        terminal_name, fence, ..
    } = shown.status
    else {
        panic!("{shown:?}")
    };
    assert_eq!(terminal_name, "奥の部屋のPC");
    let folder = offices
        .service
        .desk
        .inbox(desk_ipc::ListRequest::first())
        .await?
        .last_folder
        .expect("the folder last used")
        .id;
    let start = TakeOverStart {
        delivery: row.delivery,
        fence,
        folder: Some(folder),
    };
    offices.service.desk.take_over(start).await?;
    let taken = offices.service.arrived(&[row.delivery]).await?.remove(0);
    assert!(
        matches!(taken.status, InboxStatus::Received { here: true, .. }),
        "{taken:?}"
    );
    let late = second.confirm(row.delivery, claim.fence).await;
    assert!(late.is_err());
    Ok(())
}

/// The exchange and its service desk with one delivery that landed, of which the desk's database learnt nothing.
async fn landed_unwritten(offices: &Offices, seed: u64, target: &Path) -> Result<(DeliveryId, sqlx::SqlitePool, u64)> {
    let (_, row) = offices.send_plan(seed, Vec::new()).await?;
    let beside = database(&offices.exchange.profile(&offices.exchange.service, "front")).await?;
    sqlx::raw_sql(
        "CREATE TRIGGER full BEFORE UPDATE ON pickup WHEN NEW.state LIKE '%\"landed\"%' BEGIN
             SELECT RAISE(ABORT, 'no room');
         END;",
    )
    .execute(&beside)
    .await?;
    let refused = pick_up(&offices.service, row.delivery, target).await?;
    assert_refused(refused, ProblemCode::ProfileUnusable);
    let (fence,): (i64,) = sqlx::query_as("SELECT json_extract(state, '$.fence') FROM pickup")
        .fetch_one(&beside)
        .await?;
    Ok((row.delivery, beside, u64::try_from(fence)?))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_landed_stays_though_the_database_cannot_say_so_and_is_found_again() -> Result<()> {
    let offices = Offices::open().await?;
    let target = offices.exchange.folder("received")?;
    let (delivery, beside, _) = landed_unwritten(&offices, 41, &target).await?;
    let landed = names_in(&target)?;
    assert!(landed.len() == 1 && !landed[0].starts_with('.'), "{landed:?}");
    sqlx::raw_sql("DROP TRIGGER full").execute(&beside).await?;
    pick_up(&offices.service, delivery, &target).await??;
    assert_eq!(names_in(&target)?, landed, "it landed once");
    let row = offices.service.arrived(&[delivery]).await?.remove(0);
    assert!(
        matches!(row.status, InboxStatus::Received { here: true, .. }),
        "{row:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_landing_waits_for_a_drive_that_is_away() -> Result<()> {
    let offices = Offices::open().await?;
    let drive = offices.exchange.folder("drive")?;
    let (delivery, beside, _) = landed_unwritten(&offices, 43, &drive).await?;
    sqlx::raw_sql("DROP TRIGGER full").execute(&beside).await?;
    let landed = names_in(&drive)?;
    let away = drive.with_extension("away");
    std::fs::rename(&drive, &away)?;
    let other = offices.exchange.folder("other")?;
    let refused = pick_up(&offices.service, delivery, &other).await?;
    assert_refused(refused, ProblemCode::FolderAway);
    assert!(names_in(&other)?.is_empty(), "no second copy");
    let rows = offices.service.desk.inbox(desk_ipc::ListRequest::first()).await?.rows;
    let InboxStatus::Fetching { landed: false, problem } = &rows[0].status else {
        panic!("{rows:?}")
    };
    assert_eq!(
        problem.as_ref().map(|problem| problem.code),
        Some(ProblemCode::FolderAway)
    );
    std::fs::rename(&away, &drive)?;
    pick_up(&offices.service, delivery, &drive).await??;
    assert_eq!(names_in(&drive)?, landed, "it landed once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_over_may_be_taken_back() -> Result<()> {
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let target = exchange.folder("received")?;
    let (delivery, beside, fence) = landed_unwritten(&offices, 42, &target).await?;
    let second = exchange.terminal(&exchange.service, "奥の部屋のPC").await?;
    let claim = second.claim(delivery, Some(fence)).await?;
    sqlx::raw_sql("DROP TRIGGER full").execute(&beside).await?;
    let refused = pick_up(&offices.service, delivery, &target).await?;
    assert!(refused.is_err(), "the claim is the second terminal's");
    let holder = offices
        .service
        .when(async || {
            offices.service.desk.refresh(()).await?;
            let row = offices
                .service
                .desk
                .inbox(desk_ipc::ListRequest::first())
                .await?
                .rows
                .remove(0);
            let InboxStatus::Superseded { holder } = row.status else {
                panic!("{row:?}")
            };
            Ok(holder)
        })
        .await?;
    assert_eq!(
        (holder.terminal_name.as_str(), holder.fence),
        ("奥の部屋のPC", claim.fence)
    );
    // Without being told about a takeover nothing is fetched, and the copy stays the doubtful one.
    let refused = pick_up(&offices.service, delivery, &target).await?;
    assert!(refused.is_err());
    let view = offices.service.desk.inbox(desk_ipc::ListRequest::first()).await?;
    let folder = view.last_folder.expect("the folder last used").id;
    let start = |fence| TakeOverStart {
        delivery,
        fence,
        folder: Some(folder),
    };
    let stale = offices.service.desk.take_over(start(holder.fence + 7)).await;
    assert_refused(stale, ProblemCode::ClaimedElsewhere);
    let rows = offices.service.desk.inbox(desk_ipc::ListRequest::first()).await?.rows;
    assert!(matches!(rows[0].status, InboxStatus::Superseded { .. }), "{rows:?}");
    // A takeover that fails after the claim leaves the copy marked, and where it is known.
    sqlx::raw_sql(
        "CREATE TRIGGER full BEFORE UPDATE ON pickup
         WHEN OLD.state LIKE '%\"landing\"%' AND NEW.state LIKE '%\"landing\"%' BEGIN
             SELECT RAISE(ABORT, 'no room');
         END;",
    )
    .execute(&beside)
    .await?;
    let failed = offices.service.desk.take_over(start(holder.fence)).await;
    assert_refused(failed, ProblemCode::ProfileUnusable);
    sqlx::raw_sql("DROP TRIGGER full").execute(&beside).await?;
    offices.service.desk.refresh(()).await?;
    let rows = offices.service.desk.inbox(desk_ipc::ListRequest::first()).await?.rows;
    assert!(matches!(rows[0].status, InboxStatus::Superseded { .. }), "{rows:?}");
    offices
        .service
        .desk
        .open_landed(desk_ipc::DeliveryRequest { delivery })
        .await?;
    assert_eq!(names_in(&target)?.len(), 1, "nothing of the failed try is left");
    // The claim is this terminal's now: no takeover is needed to go on.
    pick_up(&offices.service, delivery, &target).await??;
    let taken = offices.service.arrived(&[delivery]).await?.remove(0);
    assert!(
        matches!(taken.status, InboxStatus::Received { here: true, .. }),
        "{taken:?}"
    );
    assert_eq!(names_in(&target)?.len(), 2, "the doubtful copy is left alone");
    assert!(second.confirm(delivery, claim.fence).await.is_err());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_came_lately_is_told_of_at_the_others_until_it_is_revoked() -> Result<()> {
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let told = async || -> Result<Vec<String>> {
        let rows = offices.service.desk.home(()).await?.new_terminals;
        Ok(rows.into_iter().map(|row| row.name).collect())
    };
    assert_eq!(told().await?, Vec::<String>::new());
    let second = exchange.terminal(&exchange.service, "奥の部屋のPC").await?;
    assert_eq!(told().await?, ["奥の部屋のPC"]);
    let admin = exchange.admin().await?;
    admin.revoke_terminal(second.me().await?.terminal).await?;
    admin.close().await;
    assert_eq!(told().await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_at_a_time_writes_a_profile() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let first = OpenDesk::open(dir.path()).await?;
    let second = OpenDesk::open(dir.path()).await.map(|_| ());
    let error = second.expect_err("busy");
    let refusal: desk_ipc::CommandError = error.downcast()?;
    assert_refused(Err::<(), _>(refusal), ProblemCode::ProfileBusy);
    first.desk.shutdown().await;
    OpenDesk::open(dir.path()).await?;
    Ok(())
}
