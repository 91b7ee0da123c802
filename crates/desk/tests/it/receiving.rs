//! Into which folder, under which name (D5, D20).

use anyhow::{Context, Result};
use care_model::{DeliveryId, ProblemCode, limits};
use desk_ipc::{CommandError, DeskCommands, InboxStatus, Naming, PickupStart, ReceiveInto, SettingsEdit};
use test_support::{CARE_MANAGEMENT, OpenDesk};

use crate::support::{Offices, assert_refused, edit, names_in, pdf, pick_up};

async fn set(desk: &OpenDesk, change: impl FnOnce(&mut SettingsEdit)) -> Result<()> {
    let mut edit = edit(&desk.desk.settings(()).await?);
    change(&mut edit);
    desk.desk.change_settings(edit).await?;
    Ok(())
}

/// データ取得 without a dialog.
async fn fetch(desk: &OpenDesk, deliveries: &[DeliveryId]) -> Result<(), CommandError> {
    desk.desk
        .pick_up(PickupStart {
            deliveries: deliveries.to_vec(),
            folder: None,
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_goes_is_asked_remembered_or_fixed() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.service;
    let (_, first) = offices.send_plan(70, Vec::new()).await?;
    let (_, second) = offices.send_plan(71, Vec::new()).await?;
    let (_, third) = offices.send_plan(72, Vec::new()).await?;
    assert_refused(fetch(desk, &[first.delivery]).await, ProblemCode::FolderMissing);
    set(desk, |edit| edit.receive_into = ReceiveInto::PerOffice).await?;
    assert_refused(fetch(desk, &[first.delivery]).await, ProblemCode::FolderMissing);
    let chosen = offices.exchange.folder("chosen")?;
    pick_up(desk, first.delivery, &chosen).await??;
    fetch(desk, &[second.delivery]).await?;
    assert_eq!(names_in(&chosen)?.len(), 2, "the folder remembered for the office");
    let fixed = offices.exchange.folder("fixed")?;
    desk.surface.answer_folder(&fixed);
    desk.desk.choose_receive_folder(()).await?.context("a folder")?;
    fetch(desk, &[third.delivery]).await?;
    assert_eq!((names_in(&chosen)?.len(), names_in(&fixed)?.len()), (2, 1));
    let too_many: Vec<DeliveryId> = (0..=limits::SELECTED_ROWS_MAX)
        .map(|_| DeliveryId::generate())
        .collect();
    assert_refused(fetch(desk, &too_many).await, ProblemCode::SelectionTooLarge);
    std::fs::remove_dir_all(&fixed)?;
    let (_, fourth) = offices.send_plan(73, Vec::new()).await?;
    assert_refused(fetch(desk, &[fourth.delivery]).await, ProblemCode::FolderMissing);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_named_as_set() -> Result<()> {
    let offices = Offices::open().await?;
    let (desk, number) = (&offices.service, CARE_MANAGEMENT.number);
    let target = offices.exchange.folder("received")?;
    for (seed, naming) in [
        (80, Naming::OfficeTimeSerial),
        (81, Naming::MonthOfficeSerial),
        (82, Naming::OfficeFolder),
        (83, Naming::OfficeFolder),
    ] {
        set(desk, |edit| edit.naming = naming).await?;
        let (_, row) = offices.send_plan(seed, Vec::new()).await?;
        pick_up(desk, row.delivery, &target).await??;
    }
    let names = names_in(&target)?;
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(
        names.iter().any(|name| name.starts_with(&format!("{number}_20"))),
        "{names:?}"
    );
    assert!(
        // A plan declares no month: the date stands for it.
        names.iter().any(|name| name
            .get(8..)
            .is_some_and(|rest| rest.starts_with(&format!("_{number}_")))),
        "{names:?}"
    );
    let inside = names_in(&target.join(number))?;
    assert!(
        inside.len() == 2 && inside.iter().all(|name| !name.contains(number)),
        "{inside:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn flat_files_lie_side_by_side_until_a_name_is_taken() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.service;
    set(desk, |edit| edit.flat = true).await?;
    let target = offices.exchange.folder("受信")?;
    let (made, first) = offices.send_plan(90, Vec::new()).await?;
    let (other, second) = offices.send_plan(91, Vec::new()).await?;
    let taken = target.join(other.files[0].name.as_str());
    std::fs::write(&taken, b"somebody's own")?;
    pick_up(desk, first.delivery, &target).await??;
    for file in &made.files {
        assert_eq!(std::fs::read(target.join(file.name.as_str()))?, file.bytes);
    }
    let before = names_in(&target)?;
    assert_eq!(before.len(), made.files.len() + 1);
    pick_up(desk, second.delivery, &target).await??;
    assert_eq!(std::fs::read(&taken)?, b"somebody's own");
    let rows = desk.arrived(&[first.delivery, second.delivery]).await?;
    let folder = |row: &desk_ipc::InboxRow| match &row.status {
        InboxStatus::Received { folder_name, .. } => folder_name.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(folder(&rows[0]).as_deref(), Some("受信"));
    let own = folder(&rows[1]).context("a folder")?;
    assert!(own.contains(CARE_MANAGEMENT.number), "{own}");
    for file in &other.files {
        assert_eq!(std::fs::read(target.join(&own).join(file.name.as_str()))?, file.bytes);
    }
    assert_eq!(names_in(&target)?.len(), before.len() + 1, "nothing hidden is left");
    Ok(())
}

/// Three deliveries large enough that something can happen between them, and the folder for them.
async fn three_large(offices: &Offices) -> Result<Vec<DeliveryId>> {
    let target = offices.exchange.folder("received")?;
    let mut wanted = Vec::new();
    for seed in [92, 93, 94] {
        let large = pdf(&target, &format!("資料{seed}.pdf"), 3_000_000)?;
        wanted.push(offices.send_plan(seed, vec![large]).await?.1.delivery);
    }
    offices.service.surface.answer_folder(&target);
    let folder = offices.service.desk.choose_receive_folder(()).await?;
    folder.context("a folder")?;
    Ok(wanted)
}

/// Waits until bytes of a pickup move.
async fn moves(events: &mut tokio::sync::broadcast::Receiver<desk_ipc::DeskEvent>) -> Result<()> {
    while !matches!(events.recv().await?, desk_ipc::DeskEvent::Progress { .. }) {}
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_between_two_deliveries_is_told() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.service;
    let wanted = three_large(&offices).await?;
    let mut events = desk.desk.events();
    let leaving = async {
        moves(&mut events).await?;
        desk.desk.sign_out(()).await?;
        anyhow::Ok(())
    };
    let (refused, left) = tokio::join!(fetch(desk, &wanted), leaving);
    left?;
    assert_refused(refused, ProblemCode::SignInRequired);
    desk.sign_in(offices.exchange.service.office, &offices.exchange.service.accounts)
        .await?;
    let rows = desk.arrived(&wanted).await?;
    let waiting = |row: &&desk_ipc::InboxRow| row.status == InboxStatus::Waiting { problem: None };
    assert_eq!(rows.iter().filter(waiting).count(), 2, "{rows:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_between_two_deliveries_ends_nothing() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.service;
    let wanted = three_large(&offices).await?;
    let mut events = desk.desk.events();
    let locking = async {
        moves(&mut events).await?;
        desk.desk.lock(()).await?;
        anyhow::Ok(())
    };
    let (fetched, locked) = tokio::join!(fetch(desk, &wanted), locking);
    locked?;
    fetched?;
    assert_refused(
        desk.desk.inbox(desk_ipc::ListRequest::first()).await,
        ProblemCode::SignInRequired,
    );
    desk.sign_in(offices.exchange.service.office, &offices.exchange.service.accounts)
        .await?;
    let rows = desk.arrived(&wanted).await?;
    let received = |row: &desk_ipc::InboxRow| matches!(row.status, InboxStatus::Received { here: true, .. });
    assert!(rows.iter().all(received), "{rows:?}");
    Ok(())
}
