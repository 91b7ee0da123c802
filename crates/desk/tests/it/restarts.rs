//! Lines that break and processes that end in the middle: nothing is lost, nothing arrives twice.

use anyhow::Result;
use care_model::ProblemCode;
use desk_ipc::{CompositionMode, DeskCommands, EditNote, InboxStatus, OutboxStatus, SendStateView, Stage, WaitReason};
use test_support::OpenDesk;

use crate::support::{Offices, assert_refused, database, names_in, only, pdf, pick_up, unit};

/// Whether a row waits for this. Whether the line broke before the first byte or after it is a race: either way it waits.
fn waits_for(reason: WaitReason, state: &SendStateView) -> bool {
    matches!(state, SendStateView::Queued { waiting_for: Some(waiting), .. } if *waiting == reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_waits_for_the_server_and_survives_a_restart() -> Result<()> {
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let files = exchange.folder("files")?;
    let (_, paths) = unit(&files, 30, "home_plan")?;
    let view = offices.manager.compose(CompositionMode::Compose, paths).await?;
    exchange.line.set_away(true);
    offices.manager.start_sending(view.id).await?;
    let desk = &offices.manager;
    desk.when(async || {
        let sending = desk.desk.sending(view.id).await?;
        Ok(waits_for(WaitReason::Server, &only(&sending.deliveries)?.state).then_some(()))
    })
    .await?;
    assert!(matches!(
        desk.desk.outbox(desk_ipc::ListRequest::first()).await?.rows[0].status,
        OutboxStatus::Unsent { .. }
    ));
    desk.desk.shutdown().await;
    let reopened = OpenDesk::open(&exchange.profile(&exchange.manager, "front")).await?;
    exchange.line.set_away(false);
    // A new start asks for ログイン, and says that this is what the row waits for.
    assert!(matches!(reopened.desk.start(()).await?.stage, Stage::Person { .. }));
    reopened
        .when(async || {
            let sending = reopened.desk.sending(view.id).await?;
            Ok(waits_for(WaitReason::SignIn, &only(&sending.deliveries)?.state).then_some(()))
        })
        .await?;
    reopened
        .sign_in(exchange.manager.office, &exchange.manager.accounts)
        .await?;
    assert_eq!(reopened.sent(view.id).await?.sent, 1);
    offices.service.desk.refresh(()).await?;
    assert_eq!(
        offices
            .service
            .desk
            .inbox(desk_ipc::ListRequest::first())
            .await?
            .rows
            .len(),
        1
    );
    Ok(())
}

/// A process can end between a page of the list and the covers of its rows.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_not_read_with_its_row_is_read_after_the_next_start() -> Result<()> {
    let offices = Offices::open().await?;
    let (exchange, manager, service) = (&offices.exchange, &offices.manager, &offices.service);
    let (_, paths) = unit(&exchange.folder("files")?, 33, "home_plan")?;
    let view = manager.compose(CompositionMode::Compose, paths).await?;
    let note = EditNote {
        composition: view.id,
        delivery: Some(view.deliveries[0].delivery),
        note: "ご確認ください".to_owned(),
    };
    manager.desk.edit_note(note).await?;
    manager.start_sending(view.id).await?;
    let delivery = only(&manager.sent(view.id).await?.deliveries)?.delivery;
    let arrived = service.arrived(&[delivery]).await?;
    let read = async |desk: &OpenDesk| {
        desk.when(async || {
            let listed = desk.desk.inbox(desk_ipc::ListRequest::first()).await?;
            Ok(listed.rows[0].note.clone())
        })
        .await
    };
    assert_eq!((arrived.len(), read(service).await?.as_str()), (1, "ご確認ください"));
    service.desk.shutdown().await;

    let profile = exchange.profile(&exchange.service, "front");
    let pool = database(&profile).await?;
    let forgotten = sqlx::query("UPDATE inbox SET cover = NULL").execute(&pool).await?;
    assert_eq!(forgotten.rows_affected(), 1);
    pool.close().await;
    let reopened = OpenDesk::open(&profile).await?;
    reopened
        .sign_in(exchange.service.office, &exchange.service.accounts)
        .await?;
    reopened.desk.refresh(()).await?;
    assert_eq!(read(&reopened).await?, "ご確認ください");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_makes_no_second_delivery() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let (_, paths) = unit(&files, 31, "home_plan")?;
    let view = offices.manager.compose(CompositionMode::Compose, paths).await?;
    offices.exchange.line.lose_answer_to(2_000);
    offices.manager.start_sending(view.id).await?;
    offices.exchange.line.faults_happened(1).await;
    assert_eq!(offices.manager.sent(view.id).await?.sent, 1);
    offices.service.desk.refresh(()).await?;
    assert_eq!(
        offices
            .service
            .desk
            .inbox(desk_ipc::ListRequest::first())
            .await?
            .rows
            .len(),
        1
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_out_sends_wait_and_say_so() -> Result<()> {
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let files = exchange.folder("files")?;
    let (_, paths) = unit(&files, 32, "home_plan")?;
    let desk = &offices.manager;
    let view = desk.compose(CompositionMode::Compose, paths).await?;
    exchange.line.set_away(true);
    desk.start_sending(view.id).await?;
    desk.desk.sign_out(()).await?;
    let sending = desk
        .when(async || {
            let sending = desk.desk.sending(view.id).await?;
            let queued = matches!(only(&sending.deliveries)?.state, SendStateView::Queued { .. });
            Ok(queued.then_some(sending))
        })
        .await?;
    assert!(waits_for(WaitReason::SignIn, &only(&sending.deliveries)?.state));
    exchange.line.set_away(false);
    desk.sign_in(exchange.manager.office, &exchange.manager.accounts)
        .await?;
    assert_eq!(desk.sent(view.id).await?.sent, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pickup_goes_on_after_a_restart_in_its_middle() -> Result<()> {
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let files = exchange.folder("files")?;
    let large = pdf(&files, "資料.pdf", 9_000_000)?;
    let (made, row) = offices.send_plan(33, vec![large.clone()]).await?;
    let target = exchange.folder("received")?;
    exchange.line.cut_after_received(5_000_000);
    let cutting = async {
        exchange.line.faults_happened(1).await;
        exchange.line.set_away(true);
    };
    let (refused, ()) = tokio::join!(pick_up(&offices.service, row.delivery, &target), cutting);
    assert_refused(refused?, ProblemCode::ServerInterrupted);
    let hidden = names_in(&target)?;
    assert!(hidden.len() == 1 && hidden[0].starts_with('.'), "{hidden:?}");
    let rows = offices.service.desk.inbox(desk_ipc::ListRequest::first()).await?.rows;
    assert_eq!(
        rows[0].status,
        InboxStatus::Fetching {
            landed: false,
            problem: None
        }
    );
    offices.service.desk.shutdown().await;

    let reopened = OpenDesk::open(&exchange.profile(&exchange.service, "front")).await?;
    exchange.line.set_away(false);
    reopened
        .sign_in(exchange.service.office, &exchange.service.accounts)
        .await?;
    let received = reopened
        .when(async || {
            let rows = reopened.desk.inbox(desk_ipc::ListRequest::first()).await?.rows;
            Ok(rows
                .into_iter()
                .find(|row| matches!(row.status, InboxStatus::Received { here: true, .. })))
        })
        .await?;
    let InboxStatus::Received {
        folder_name: Some(folder),
        ..
    } = received.status
    else {
        panic!("{received:?}")
    };
    assert_eq!(names_in(&target)?, std::slice::from_ref(&folder));
    for file in &made.files {
        assert_eq!(
            std::fs::read(target.join(&folder).join(file.name.as_str()))?,
            file.bytes
        );
    }
    assert_eq!(
        std::fs::read(target.join(&folder).join("資料.pdf"))?,
        std::fs::read(large)?
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_right_after_the_rename_finds_its_folder_again() -> Result<()> {
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let profile = exchange.profile(&exchange.service, "front");
    // The row as it was when the folder was renamed, kept aside by the database itself.
    let beside = database(&profile).await?;
    sqlx::raw_sql(
        "CREATE TABLE kept AS SELECT * FROM pickup WHERE 0;
         CREATE TRIGGER keep AFTER UPDATE ON pickup WHEN NEW.state LIKE '%\"landing\"%' BEGIN
             DELETE FROM kept; INSERT INTO kept SELECT * FROM pickup WHERE delivery = NEW.delivery;
         END;",
    )
    .execute(&beside)
    .await?;
    beside.close().await;
    let (_, row) = offices.send_plan(35, Vec::new()).await?;
    let target = exchange.folder("received")?;
    pick_up(&offices.service, row.delivery, &target).await??;
    let landed = names_in(&target)?;
    assert!(landed.len() == 1 && !landed[0].starts_with('.'), "{landed:?}");
    offices.service.desk.shutdown().await;
    let beside = database(&profile).await?;
    let put_back =
        sqlx::raw_sql("DROP TRIGGER keep; INSERT OR REPLACE INTO pickup SELECT * FROM kept; DROP TABLE kept")
            .execute(&beside)
            .await?;
    assert!(put_back.rows_affected() > 0);
    let (state,): (String,) = sqlx::query_as("SELECT state FROM pickup").fetch_one(&beside).await?;
    assert!(state.contains("landing"), "{state}");
    beside.close().await;

    let reopened = OpenDesk::open(&profile).await?;
    reopened
        .sign_in(exchange.service.office, &exchange.service.accounts)
        .await?;
    let status = reopened
        .when(async || {
            let rows = reopened.desk.inbox(desk_ipc::ListRequest::first()).await?.rows;
            let received = |row: &desk_ipc::InboxRow| matches!(row.status, InboxStatus::Received { here: true, .. });
            Ok(rows.into_iter().find(received).map(|row| row.status))
        })
        .await?;
    let InboxStatus::Received { folder_name, .. } = &status else {
        panic!("{status:?}")
    };
    assert_eq!(folder_name.as_ref(), landed.first());
    assert_eq!(names_in(&target)?, landed, "it landed once");
    let problem = pick_up(&reopened, row.delivery, &target).await?;
    assert_refused(problem, ProblemCode::AlreadyReceived);
    reopened.desk.shutdown().await;
    let beside = database(&profile).await?;
    let (state,): (String,) = sqlx::query_as("SELECT state FROM pickup").fetch_one(&beside).await?;
    beside.close().await;
    assert!(state.contains("confirmed"), "{state}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_that_is_away_refuses_and_changes_nothing() -> Result<()> {
    let offices = Offices::open().await?;
    let (_, row) = offices.send_plan(34, Vec::new()).await?;
    let target = offices.exchange.folder("received")?;
    offices.exchange.line.set_away(true);
    let refused = pick_up(&offices.service, row.delivery, &target).await?;
    let code = refused.as_ref().expect_err("a refusal").code;
    assert!(matches!(
        code,
        ProblemCode::ServerUnreachable | ProblemCode::ServerInterrupted
    ));
    assert!(names_in(&target)?.is_empty());
    assert!(!offices.service.desk.inbox(desk_ipc::ListRequest::first()).await?.online);
    offices.exchange.line.set_away(false);
    pick_up(&offices.service, row.delivery, &target).await??;
    assert_eq!(names_in(&target)?.len(), 1);
    Ok(())
}
