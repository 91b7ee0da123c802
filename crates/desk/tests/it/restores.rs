//! An exchange that comes back from a backup has forgotten; the desks have not (D8).

use std::path::Path;

use anyhow::{Context, Result};
use care_model::ProblemCode;
use desk_ipc::{CompositionMode, DeliveryRequest, DeskCommands, InboxStatus, OutboxStatus};
use test_support::OpenDesk;

use crate::support::{Offices, assert_refused, names_in, only, pick_up, unit};

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// What a restore from backup does: the data of then, under a new epoch.
async fn restore(data: &Path, backup: &Path) -> Result<()> {
    std::fs::remove_dir_all(data)?;
    copy_tree(backup, data)?;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(data.join("exchange.db"));
    let database = sqlx::SqlitePool::connect_with(options).await?;
    let raised = sqlx::query("UPDATE setting SET value = value + 1 WHERE name = 'epoch'")
        .execute(&database)
        .await?;
    database.close().await;
    anyhow::ensure!(raised.rows_affected() == 1, "the epoch was raised");
    Ok(())
}

/// Sends one delivery that is fetched and one that is not, all of it after the backup; then the backup comes back and
/// the desks hear of it one after the other.
async fn forgotten_and_told_again(sender_first: bool) -> Result<()> {
    let mut offices = Offices::open().await?;
    for desk in [&offices.manager, &offices.service] {
        desk.desk.refresh(()).await?;
    }
    let backups = tempfile::tempdir()?;
    let (data, backup) = (offices.exchange.folder("exchange")?, backups.path().join("backup"));
    offices.exchange.stop().await;
    copy_tree(&data, &backup)?;
    offices.exchange.restart().await?;
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
    offices.exchange.stop().await;
    restore(&data, &backup).await?;
    offices.exchange.restart().await?;
    let first = match sender_first {
        true => &offices.manager,
        false => &offices.service,
    };
    first.when(async || Ok(first.desk.refresh(()).await.ok())).await?;
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
    let (data, backup) = (offices.exchange.folder("exchange")?, backups.path().join("backup"));
    offices.exchange.stop().await;
    copy_tree(&data, &backup)?;
    offices.exchange.restart().await?;
    // One terminal sends and closes; the other takes it back.
    let (_, paths) = unit(&offices.exchange.folder("files")?, 82, "home_plan")?;
    let sent = back.send_files(CompositionMode::Compose, paths).await?;
    let delivery = only(&sent.deliveries)?.delivery;
    back.desk.shutdown().await;
    let manager = &offices.manager;
    manager.when(async || Ok(manager.desk.refresh(()).await.ok())).await?;
    manager.desk.recall_send(DeliveryRequest { delivery }).await?;

    offices.exchange.stop().await;
    restore(&data, &backup).await?;
    offices.exchange.restart().await?;
    // The one that took it back is told first, when the exchange knows of no such delivery.
    let manager = &offices.manager;
    manager.when(async || Ok(manager.desk.refresh(()).await.ok())).await?;
    let profile = offices.exchange.profile(&offices.exchange.manager, "back");
    let back = OpenDesk::open(&profile).await?;
    back.sign_in(offices.exchange.manager.office, &offices.exchange.manager.accounts)
        .await?;
    back.desk.refresh(()).await?;
    manager.desk.refresh(()).await?;
    let recalled = |row: &desk_ipc::OutboxRow| matches!(row.status, OutboxStatus::Recalled { .. });
    manager.outbox_row(delivery, recalled).await?;
    let service = &offices.service;
    service.when(async || Ok(service.desk.refresh(()).await.ok())).await?;
    let target = offices.exchange.folder("received")?;
    assert_refused(
        pick_up(service, delivery, &target).await?,
        ProblemCode::DeliveryRecalled,
    );
    assert!(names_in(&target)?.is_empty());
    Ok(())
}
