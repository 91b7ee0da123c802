//! An exchange that comes back from a backup has forgotten; the desks have not (D8).

use anyhow::{Context, Result, bail};
use care_model::ProblemCode;
use desk_ipc::{CompositionMode, DeliveryRequest, DeskCommands, InboxStatus, OutboxStatus};
use test_support::{ExampleAccounts, OpenDesk};

use crate::support::{Offices, assert_refused, names_in, only, pdf, pick_up, unit};

/// Tries until a desk has noticed that its exchange is another one.
const TRIES_MAX: usize = 50;

/// Signs in again, for a restored exchange knows nobody's session; the desk then tells it what it forgot.
async fn comes_back(desk: &OpenDesk, at: &ExampleAccounts) -> Result<()> {
    for _ in 0..TRIES_MAX {
        if desk.sign_in(at.office, &at.accounts).await.is_ok() && desk.desk.refresh(()).await.is_ok() {
            return Ok(());
        }
        // The old line may be found to be broken by the first tries.
        tokio::task::yield_now().await;
    }
    bail!("the desk does not come back")
}

/// Sends one delivery that is fetched and one that is not, all of it after the backup; then the backup comes back and
/// the desks hear of it one after the other.
async fn forgotten_and_told_again(sender_first: bool) -> Result<()> {
    let mut offices = Offices::open().await?;
    for desk in [&offices.manager, &offices.service] {
        desk.desk.refresh(()).await?;
    }
    let backups = tempfile::tempdir()?;
    let backup = backups.path().join("backup");
    offices.exchange.back_up(&backup).await?;
    let (_, fetched) = offices.send_plan(80, Vec::new()).await?;
    let target = offices.exchange.folder("received")?;
    pick_up(&offices.service, fetched.delivery, &target).await??;
    let landed = names_in(&target)?;
    let (_, waiting) = offices.send_plan(81, Vec::new()).await?;

    // The second desk is closed while the first is told.
    let later = match sender_first {
        true => &offices.exchange.service,
        false => &offices.exchange.manager,
    };
    let (profile, office, accounts) = (
        offices.exchange.profile(later, "front"),
        later.office,
        later.accounts.clone(),
    );
    let second = match sender_first {
        true => &offices.service,
        false => &offices.manager,
    };
    second.desk.shutdown().await;
    offices.exchange.lose_and_restore(&backup).await?;
    match sender_first {
        true => comes_back(&offices.manager, &offices.exchange.manager).await?,
        false => comes_back(&offices.service, &offices.exchange.service).await?,
    }
    let second = OpenDesk::open(&profile).await?;
    second.sign_in(office, &accounts).await?;
    second.desk.refresh(()).await?;
    match sender_first {
        true => offices.service = second,
        false => offices.manager = second,
    }

    // The sender sees again that the one was downloaded, and that the other waits.
    offices
        .manager
        .outbox_row(fetched.delivery, |row| {
            matches!(row.status, OutboxStatus::Downloaded { .. })
        })
        .await?;
    offices
        .manager
        .outbox_row(waiting.delivery, |row| matches!(row.status, OutboxStatus::Waiting))
        .await?;
    let rows = offices.service.arrived(&[fetched.delivery, waiting.delivery]).await?;
    let status = |delivery| {
        let row = rows.iter().find(|row| row.delivery == delivery);
        row.map(|row| row.status.clone()).context("no row")
    };
    assert!(matches!(
        status(fetched.delivery)?,
        InboxStatus::Received { here: true, .. }
    ));
    assert_eq!(
        status(waiting.delivery)?,
        InboxStatus::Waiting { problem: None },
        "nobody has fetched it"
    );
    assert_eq!(names_in(&target)?, landed, "nothing landed twice");
    pick_up(&offices.service, waiting.delivery, &target).await??;
    assert_eq!(names_in(&target)?.len(), 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_exchange_is_told_by_the_sender_and_then_by_the_receiver() -> Result<()> {
    forgotten_and_told_again(true).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_exchange_is_told_by_the_receiver_before_the_sender() -> Result<()> {
    forgotten_and_told_again(false).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_terminal_offers_again_is_taken_back_again() -> Result<()> {
    let mut offices = Offices::open().await?;
    let office = &offices.exchange.manager;
    let back = offices.exchange.desk(office, "back").await?;
    for desk in [&offices.manager, &offices.service, &back] {
        desk.desk.refresh(()).await?;
    }
    let backups = tempfile::tempdir()?;
    let backup = backups.path().join("backup");
    offices.exchange.back_up(&backup).await?;
    // One terminal sends and closes; the other takes it back.
    let (_, paths) = unit(&offices.exchange.folder("files")?, 82, "home_plan")?;
    let sent = back.send_files(CompositionMode::Compose, paths).await?;
    let delivery = only(&sent.deliveries)?.delivery;
    back.desk.shutdown().await;
    let manager = &offices.manager;
    manager.when(async || Ok(manager.desk.refresh(()).await.ok())).await?;
    manager.desk.recall_send(DeliveryRequest { delivery }).await?;

    offices.exchange.lose_and_restore(&backup).await?;
    // The one that took it back is told first, when the exchange knows of no such delivery.
    let manager = &offices.manager;
    comes_back(manager, &offices.exchange.manager).await?;
    let profile = offices.exchange.profile(&offices.exchange.manager, "back");
    let back = OpenDesk::open(&profile).await?;
    back.sign_in(offices.exchange.manager.office, &offices.exchange.manager.accounts)
        .await?;
    back.desk.refresh(()).await?;
    manager.desk.refresh(()).await?;
    let recalled = |row: &desk_ipc::OutboxRow| matches!(row.status, OutboxStatus::Recalled { .. });
    manager.outbox_row(delivery, recalled).await?;
    let service = &offices.service;
    comes_back(service, &offices.exchange.service).await?;
    let target = offices.exchange.folder("received")?;
    assert_refused(
        pick_up(service, delivery, &target).await?,
        ProblemCode::DeliveryRecalled,
    );
    assert!(names_in(&target)?.is_empty());
    Ok(())
}

/// The drill of `docs/OPERATIONS.md`: what was sent, fetched and taken back before the backup and after it.
#[tokio::test(flavor = "multi_thread")]
async fn after_the_drill_nothing_is_lost_doubled_or_fetched_twice() -> Result<()> {
    let mut offices = Offices::open().await?;
    for desk in [&offices.manager, &offices.service] {
        desk.desk.refresh(()).await?;
    }
    let target = offices.exchange.folder("received")?;
    let files = offices.exchange.folder("attached")?;
    let fetched = offices.send_plan(90, Vec::new()).await?.1.delivery;
    pick_up(&offices.service, fetched, &target).await??;
    let fetched_later = offices
        .send_plan(91, vec![pdf(&files, "資料.pdf", 600_000)?])
        .await?
        .1
        .delivery;
    let recalled_later = offices
        .send_plan(92, vec![pdf(&files, "別紙.pdf", 500_000)?])
        .await?
        .1
        .delivery;
    let waiting = offices
        .send_plan(93, vec![pdf(&files, "写し.pdf", 400_000)?])
        .await?
        .1
        .delivery;

    let backups = tempfile::tempdir()?;
    let backup = backups.path().join("backup");
    offices.exchange.back_up(&backup).await?;
    pick_up(&offices.service, fetched_later, &target).await??;
    let recall = async |delivery| offices.manager.desk.recall_send(DeliveryRequest { delivery }).await;
    recall(recalled_later).await?;
    let all_later = offices.send_plan(94, Vec::new()).await?.1.delivery;
    pick_up(&offices.service, all_later, &target).await??;
    let waiting_later = offices.send_plan(95, Vec::new()).await?.1.delivery;
    let recalled_new = offices.send_plan(96, Vec::new()).await?.1.delivery;
    recall(recalled_new).await?;
    let landed = names_in(&target)?;
    assert_eq!(landed.len(), 3);

    offices.exchange.lose_and_restore(&backup).await?;
    let (manager, service) = (&offices.manager, &offices.service);
    tokio::try_join!(
        comes_back(manager, &offices.exchange.manager),
        comes_back(service, &offices.exchange.service)
    )?;
    let rows = service
        .arrived(&[fetched, fetched_later, all_later, waiting, waiting_later])
        .await?;
    for (delivery, is_wanted) in [
        (fetched, true),
        (fetched_later, true),
        (all_later, true),
        (waiting, false),
        (waiting_later, false),
    ] {
        let downloaded = |row: &desk_ipc::OutboxRow| matches!(row.status, OutboxStatus::Downloaded { .. }) == is_wanted;
        manager.outbox_row(delivery, downloaded).await?;
        let row = rows.iter().find(|row| row.delivery == delivery).context("no row")?;
        assert_eq!(
            matches!(row.status, InboxStatus::Received { here: true, .. }),
            is_wanted,
            "{row:?}"
        );
    }
    // Of the one the exchange knows again that it was taken back; the other it never hears of again.
    for (delivery, code) in [
        (recalled_later, ProblemCode::DeliveryRecalled),
        (recalled_new, ProblemCode::DeliveryUnknown),
    ] {
        let recalled = |row: &desk_ipc::OutboxRow| matches!(row.status, OutboxStatus::Recalled { .. });
        manager.outbox_row(delivery, recalled).await?;
        assert_refused(pick_up(service, delivery, &target).await?, code);
    }
    assert_eq!(names_in(&target)?, landed, "nothing landed twice");
    pick_up(service, waiting, &target).await??;
    pick_up(service, waiting_later, &target).await??;
    assert_eq!(names_in(&target)?.len(), 5);
    // Nothing of it is left to be fetched by anybody.
    for delivery in [fetched, fetched_later, all_later, waiting, waiting_later] {
        let refused = pick_up(service, delivery, &target).await?.expect_err("a refusal");
        // The exchange never hears again of what was sent and fetched after the backup; both desks know how it ended.
        let code = match delivery == all_later {
            true => ProblemCode::DeliveryUnknown,
            false => ProblemCode::AlreadyReceived,
        };
        assert_eq!(refused.code, code);
    }
    assert_eq!(names_in(&target)?.len(), 5);
    Ok(())
}
