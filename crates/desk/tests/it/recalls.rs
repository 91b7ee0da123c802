//! 送信取消: what nobody has fetched is taken back, and nothing is claimed that the exchange has not confirmed.

use std::path::Path;

use anyhow::Result;
use care_model::{DeliveryId, ProblemCode};
use chrono::TimeDelta;
use desk_ipc::{
    CommandError, CompositionMode, DeliveryRequest, DeskCommands, InboxRow, InboxStatus, ListRequest, OutboxStatus,
    OutboxView, SendStateView,
};
use test_support::OpenDesk;

use crate::support::{Offices, assert_refused, database, names_in, only, pick_up, unit};

/// Takes it back, and gives the list as it stands then.
async fn recall(desk: &OpenDesk, delivery: DeliveryId) -> Result<OutboxView, CommandError> {
    desk.desk.recall_send(DeliveryRequest { delivery }).await?;
    desk.desk.outbox(ListRequest::first()).await
}

fn status(view: &OutboxView, delivery: DeliveryId) -> &OutboxStatus {
    let row = view.rows.iter().find(|row| row.delivery == delivery);
    &row.expect("the row").status
}

/// Waits until 受信一覧 shows it as taken back.
async fn seen_as_recalled(desk: &OpenDesk, delivery: DeliveryId) -> Result<()> {
    desk.when(async || {
        let rows = desk.desk.inbox(ListRequest::first()).await?.rows;
        let row = rows.into_iter().find(|row| row.delivery == delivery);
        Ok(row
            .is_some_and(|row| matches!(row.status, InboxStatus::Recalled { .. }))
            .then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_fetched_is_taken_back_and_cannot_be_fetched() -> Result<()> {
    let offices = Offices::open().await?;
    let memo = crate::support::pdf(&offices.exchange.folder("files")?, "宛先違い.pdf", 100)?;
    let (_, row) = offices.send_plan(40, vec![memo]).await?;
    let inbox_row = async || -> Result<Option<InboxRow>> {
        let rows = offices.service.desk.inbox(ListRequest::first()).await?.rows;
        Ok(rows.into_iter().find(|found| found.delivery == row.delivery))
    };
    offices
        .service
        .when(async || Ok(inbox_row().await?.filter(|row| !row.attachments.is_empty())))
        .await?;
    let view = recall(&offices.manager, row.delivery).await?;
    let OutboxStatus::Recalled { at } = *status(&view, row.delivery) else {
        panic!("{view:?}")
    };
    seen_as_recalled(&offices.service, row.delivery).await?;
    let left = inbox_row().await?.expect("the row");
    assert!(left.note.is_none() && left.attachments.is_empty(), "{left:?}");
    let target = offices.exchange.folder("received")?;
    let refused = pick_up(&offices.service, row.delivery, &target).await?;
    assert_refused(refused, ProblemCode::DeliveryRecalled);
    assert!(names_in(&target)?.is_empty(), "nothing of it is here");
    seen_as_recalled(&offices.service, row.delivery).await?;
    // A second click gets the first answer, and the figures count it no more.
    let again = recall(&offices.manager, row.delivery).await?;
    assert_eq!(status(&again, row.delivery), &OutboxStatus::Recalled { at });
    assert_eq!(offices.manager.desk.home(()).await?.figures.not_downloaded, 0);
    assert_eq!(offices.service.desk.home(()).await?.figures.waiting, 0);
    assert!(offices.manager.surface.notices().is_empty(), "nobody has downloaded it");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_fetched_meanwhile_is_told_with_its_time() -> Result<()> {
    let offices = Offices::open().await?;
    let (_, row) = offices.send_plan(41, Vec::new()).await?;
    let target = offices.exchange.folder("received")?;
    pick_up(&offices.service, row.delivery, &target).await??;
    let error = recall(&offices.manager, row.delivery).await.expect_err("a refusal");
    assert!(error.params.contains_key("received_at"), "{error:?}");
    assert_refused::<()>(Err(error), ProblemCode::RecallTooLate);
    // The list was read again with the refusal.
    let view = offices.manager.desk.outbox(ListRequest::first()).await?;
    assert!(matches!(status(&view, row.delivery), OutboxStatus::Downloaded { .. }));
    assert_eq!(names_in(&target)?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_nothing_is_changed_and_the_refusal_says_so() -> Result<()> {
    let offices = Offices::open().await?;
    let (_, row) = offices.send_plan(42, Vec::new()).await?;
    let waits = |row: &desk_ipc::OutboxRow| row.status == OutboxStatus::Waiting;
    offices.manager.outbox_row(row.delivery, waits).await?;
    offices.exchange.line.set_away(true);
    // The broken connections are noticed first: what is asked on a new one cannot have left.
    let manager = &offices.manager;
    manager
        .when(async || Ok((!manager.desk.outbox(ListRequest::first()).await?.online).then_some(())))
        .await?;
    let refused = recall(manager, row.delivery).await;
    assert_refused(refused, ProblemCode::RecallUnreachable);
    assert_eq!(
        status(&manager.desk.outbox(ListRequest::first()).await?, row.delivery),
        &OutboxStatus::Waiting
    );
    offices.exchange.line.set_away(false);
    let target = offices.exchange.folder("received")?;
    offices.service.receive(&[row.delivery], &target).await?;
    assert_eq!(names_in(&target)?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_asked_for_again() -> Result<()> {
    let offices = Offices::open().await?;
    let (_, row) = offices.send_plan(43, Vec::new()).await?;
    let waits = |row: &desk_ipc::OutboxRow| row.status == OutboxStatus::Waiting;
    offices.manager.outbox_row(row.delivery, waits).await?;
    offices.exchange.line.lose_answer_to(1);
    let answer = recall(&offices.manager, row.delivery).await;
    offices.exchange.line.faults_happened(1).await;
    // What is shown is the exchange's word, heard the second time.
    let view = answer?;
    assert!(matches!(status(&view, row.delivery), OutboxStatus::Recalled { .. }));
    seen_as_recalled(&offices.service, row.delivery).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_to_have_arrived_is_not_taken_back() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let (_, paths) = unit(&files, 44, "home_plan")?;
    let manager = &offices.manager;
    let view = manager.compose(CompositionMode::Compose, paths).await?;
    offices.exchange.line.set_away(true);
    manager.start_sending(view.id).await?;
    let sending = manager
        .when(async || {
            let sending = manager.desk.sending(view.id).await?;
            let queued = matches!(only(&sending.deliveries)?.state, SendStateView::Queued { .. });
            Ok(queued.then_some(sending))
        })
        .await?;
    let delivery = only(&sending.deliveries)?.delivery;
    assert_refused(recall(manager, delivery).await, ProblemCode::SendUnsettled);
    offices.exchange.line.set_away(false);
    assert_eq!(manager.sent(view.id).await?.sent, 1);
    // Its acceptance is known now, whether or not the list was read since.
    let view = recall(manager, delivery).await?;
    assert!(matches!(status(&view, delivery), OutboxStatus::Recalled { .. }));
    assert_refused(
        recall(manager, DeliveryId::generate()).await,
        ProblemCode::DeliveryUnknown,
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_under_way_wins_and_ends_in_one_copy() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let large = crate::support::pdf(&files, "資料.pdf", 9_000_000)?;
    let (_, row) = offices.send_plan(45, vec![large]).await?;
    let target = offices.exchange.folder("received")?;
    // The fetch breaks off in its middle; its claim still holds for two minutes.
    offices.exchange.line.cut_after_received(5_000_000);
    let cutting = async {
        offices.exchange.line.faults_happened(1).await;
        offices.exchange.line.set_away(true);
    };
    let (refused, ()) = tokio::join!(pick_up(&offices.service, row.delivery, &target), cutting);
    assert_refused(refused?, ProblemCode::ServerInterrupted);
    let office = &offices.exchange.manager;
    let colleague = offices.exchange.terminal(office, "colleague");
    offices.service.desk.shutdown().await;
    offices.exchange.line.set_away(false);
    let colleague = colleague.await?;
    let error = colleague.recall(row.delivery).await.expect_err("a refusal");
    assert_eq!(error.code(), ProblemCode::RecallTooLate);
    // When it has lapsed the sender may; the half that was fetched is thrown away when that desk comes back.
    offices.exchange.move_clock(TimeDelta::minutes(3));
    colleague.recall(row.delivery).await?;
    let profile = offices.exchange.profile(&offices.exchange.service, "front");
    let reopened = OpenDesk::open(&profile).await?;
    reopened
        .sign_in(offices.exchange.service.office, &offices.exchange.service.accounts)
        .await?;
    seen_as_recalled(&reopened, row.delivery).await?;
    reopened
        .when(async || Ok(names_in(&target)?.is_empty().then_some(())))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_back_was_not_sent() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let (_, paths) = unit(&files, 46, "home_plan")?;
    let manager = &offices.manager;
    let asks = async || -> Result<bool> {
        let view = manager.compose(CompositionMode::Compose, paths.clone()).await?;
        Ok(view.deliveries[0].sent_before.is_some())
    };
    let send = async || -> Result<DeliveryId> {
        let sent = manager.send_files(CompositionMode::Compose, paths.clone()).await?;
        Ok(only(&sent.deliveries)?.delivery)
    };
    let first = send().await?;
    assert!(asks().await?);
    recall(manager, first).await?;
    assert!(!asks().await?, "nobody got it");
    let second = send().await?;
    let third = send().await?;
    recall(manager, third).await?;
    assert!(asks().await?, "the second stands");
    recall(manager, second).await?;
    assert!(!asks().await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recall_by_another_terminal_was_not_sent_either() -> Result<()> {
    let offices = Offices::open().await?;
    let (exchange, manager) = (&offices.exchange, &offices.manager);
    let (_, paths) = unit(&exchange.folder("files")?, 49, "home_plan")?;
    let asks = async || -> Result<bool> {
        let view = manager.compose(CompositionMode::Compose, paths.clone()).await?;
        Ok(view.deliveries[0].sent_before.is_some())
    };
    let send = async || -> Result<DeliveryId> {
        let sent = manager.send_files(CompositionMode::Compose, paths.clone()).await?;
        Ok(only(&sent.deliveries)?.delivery)
    };
    let colleague = exchange.terminal(&exchange.manager, "colleague").await?;
    let first = send().await?;
    assert!(asks().await?);
    colleague.recall(first).await?;
    let recalled = |row: &desk_ipc::OutboxRow| matches!(row.status, OutboxStatus::Recalled { .. });
    manager.outbox_row(first, recalled).await?;
    assert!(!asks().await?, "nobody got it");

    // Of the one that stands nothing but its time is left on this desk.
    let second = send().await?;
    let third = send().await?;
    let beside = database(&exchange.profile(&exchange.manager, "front")).await?;
    let forgotten = sqlx::query("DELETE FROM outgoing WHERE delivery = ?")
        .bind(third.as_bytes().as_slice())
        .execute(&beside)
        .await?;
    assert_eq!(forgotten.rows_affected(), 1);
    beside.close().await;
    recall(manager, second).await?;
    assert!(asks().await?, "the third stands");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_after_a_lost_try_says_that_it_is_not_known() -> Result<()> {
    let offices = Offices::open().await?;
    let (_, row) = offices.send_plan(50, Vec::new()).await?;
    let waits = |row: &desk_ipc::OutboxRow| row.status == OutboxStatus::Waiting;
    offices.manager.outbox_row(row.delivery, waits).await?;
    let data = offices.exchange.folder("exchange")?;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(data.join("exchange.db"));
    let beside = sqlx::SqlitePool::connect_with(options).await?;
    // The exchange can't take anything back for now, which is no word about this delivery.
    sqlx::raw_sql("CREATE TRIGGER broken BEFORE UPDATE ON delivery BEGIN SELECT RAISE(ABORT, 'broken'); END")
        .execute(&beside)
        .await?;
    offices.exchange.line.lose_answer_to(1);
    let refused = recall(&offices.manager, row.delivery).await;
    offices.exchange.line.faults_happened(1).await;
    assert_refused(refused, ProblemCode::RecallUnconfirmed);
    // Without a lost answer the refusal is what it says.
    let refused = recall(&offices.manager, row.delivery).await.expect_err("a refusal");
    assert_ne!(refused.code, ProblemCode::RecallUnconfirmed, "{refused:?}");
    sqlx::raw_sql("DROP TRIGGER broken").execute(&beside).await?;
    beside.close().await;
    let view = recall(&offices.manager, row.delivery).await?;
    assert!(matches!(status(&view, row.delivery), OutboxStatus::Recalled { .. }));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_here_whole_is_held_even_if_it_came_in_two_goes() -> Result<()> {
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let files = exchange.folder("files")?;
    let large = crate::support::pdf(&files, "資料.pdf", 9_000_000)?;
    let (_, row) = offices.send_plan(47, vec![large]).await?;
    // The exchange's own word that every part was served: from then on no recall is let through.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(exchange.folder("exchange")?.join("exchange.db"));
    let beside = sqlx::SqlitePool::connect_with(options).await?;
    sqlx::raw_sql(
        "CREATE TABLE held (fence INTEGER);
         CREATE TRIGGER hold AFTER UPDATE ON delivery WHEN NEW.all_served = 1 BEGIN
             INSERT INTO held VALUES (NEW.fence);
         END;",
    )
    .execute(&beside)
    .await?;
    let target = exchange.folder("received")?;
    // The standard files are here whole when the line breaks in the middle of the attachment.
    exchange.line.cut_after_received(5_000_000);
    let cutting = async {
        exchange.line.faults_happened(1).await;
        exchange.line.set_away(true);
    };
    let (refused, ()) = tokio::join!(pick_up(&offices.service, row.delivery, &target), cutting);
    assert_refused(refused?, ProblemCode::ServerInterrupted);
    exchange.line.set_away(false);
    offices
        .service
        .when(async || {
            let rows = offices.service.desk.inbox(ListRequest::first()).await?.rows;
            let received = |row: &desk_ipc::InboxRow| matches!(row.status, InboxStatus::Received { here: true, .. });
            Ok(rows.iter().any(received).then_some(()))
        })
        .await?;
    let held: Vec<(i64,)> = sqlx::query_as("SELECT DISTINCT fence FROM held")
        .fetch_all(&beside)
        .await?;
    assert_eq!(held, [(2,)], "under the second claim");
    beside.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_both_buttons_pressed_at_once_exactly_one_does_its_work() -> Result<()> {
    let offices = Offices::open().await?;
    for turn in 0..8 {
        let (_, row) = offices.send_plan(60 + turn, Vec::new()).await?;
        let target = offices.exchange.folder(&format!("received-{turn}"))?;
        let (recalled, fetched) = tokio::join!(
            recall(&offices.manager, row.delivery),
            pick_up(&offices.service, row.delivery, &target)
        );
        match (recalled, fetched?) {
            (Ok(view), Err(refusal)) => {
                assert!(matches!(status(&view, row.delivery), OutboxStatus::Recalled { .. }));
                assert_eq!(refusal.code, ProblemCode::DeliveryRecalled);
                seen_as_recalled(&offices.service, row.delivery).await?;
                assert!(names_in(&target)?.is_empty(), "turn {turn}");
            }
            (Err(refusal), Ok(())) => {
                assert_eq!(refusal.code, ProblemCode::RecallTooLate);
                let downloaded = |row: &desk_ipc::OutboxRow| matches!(row.status, OutboxStatus::Downloaded { .. });
                offices.manager.outbox_row(row.delivery, downloaded).await?;
                assert_eq!(names_in(&target)?.len(), 1, "turn {turn}");
            }
            (recalled, fetched) => panic!("turn {turn}: both or neither: {recalled:?}, {fetched:?}"),
        }
    }
    Ok(())
}

/// Copies a folder with everything in it.
fn copy_all(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_all(&entry.path(), &target)?,
            false => std::fs::copy(entry.path(), target).map(drop)?,
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_exchange_is_told_again_of_what_was_taken_back() -> Result<()> {
    let mut offices = Offices::open().await?;
    let (_, row) = offices.send_plan(48, Vec::new()).await?;
    let waits = |row: &desk_ipc::OutboxRow| row.status == OutboxStatus::Waiting;
    offices.manager.outbox_row(row.delivery, waits).await?;
    let data = offices.exchange.folder("exchange")?;
    let backup = offices.exchange.folder("backup")?;
    offices.exchange.stop().await;
    copy_all(&data, &backup)?;
    offices.exchange.restart().await?;
    while let Err(error) = recall(&offices.manager, row.delivery).await {
        let broken = [ProblemCode::RecallUnreachable, ProblemCode::RecallUnconfirmed];
        assert!(broken.contains(&error.code), "{error:?}");
    }
    // The backup of before is put back; a restore raises the epoch.
    offices.exchange.stop().await;
    std::fs::remove_dir_all(&data)?;
    copy_all(&backup, &data)?;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(data.join("exchange.db"));
    let restored = sqlx::SqlitePool::connect_with(options).await?;
    sqlx::query("UPDATE setting SET value = '2' WHERE name = 'epoch'")
        .execute(&restored)
        .await?;
    let (state,): (i64,) = sqlx::query_as("SELECT state FROM delivery")
        .fetch_one(&restored)
        .await?;
    assert_eq!(state, 0, "it waits again");
    restored.close().await;
    offices.exchange.restart().await?;
    // The first reading hears of the epoch, the next acts on it.
    for _ in 0..2 {
        while offices.manager.desk.refresh(()).await.is_err() {}
    }
    while offices.service.desk.refresh(()).await.is_err() {}
    let target = offices.exchange.folder("received")?;
    let refused = pick_up(&offices.service, row.delivery, &target).await?;
    assert_refused(refused, ProblemCode::DeliveryRecalled);
    assert!(names_in(&target)?.is_empty());
    let view = offices.manager.desk.outbox(ListRequest::first()).await?;
    assert!(matches!(status(&view, row.delivery), OutboxStatus::Recalled { .. }));
    Ok(())
}
