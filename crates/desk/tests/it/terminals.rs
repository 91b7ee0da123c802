//! Two terminals of one office, and two processes on one profile.

use anyhow::Result;
use care_model::ProblemCode;
use desk_ipc::{DeskCommands, InboxStatus, TakeOverStart};
use test_support::OpenDesk;

use crate::support::{Offices, assert_refused, names_in, pdf, pick_up};

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
        .inbox(())
        .await?
        .last_folder
        .expect("the folder last used")
        .id;
    let start = TakeOverStart {
        delivery: row.delivery,
        fence,
        folder,
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
