//! The line fails, the server goes: nothing is lost, nothing comes twice, nothing false is shown.

use anyhow::Result;
use desk_ipc::{CompositionMode, DeskCommands, InboxStatus, OutboxStatus, SendStateView};
use test_support::{ExampleExchange, OpenDesk};

use crate::material::{accepted, contents, landed, noise, schedules, written};

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_after_the_commit_makes_no_second_delivery() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let manager = exchange.desk(&exchange.manager, "支援").await?;
    let receiver = exchange.terminal(&exchange.service, "受信").await?;
    let mut files = written(&schedules(1)?, &exchange.folder("files")?)?;
    let attachment = exchange.folder("files")?.join("表.txt");
    std::fs::write(&attachment, "表".repeat(20_000))?;
    files.push(attachment);
    let composition = manager.compose(CompositionMode::Compose, files).await?;
    exchange.line.lose_answer_to(50_000);
    manager.start_sending(composition.id).await?;
    exchange.line.faults_happened(1).await;
    accepted(&manager.sent(composition.id).await?)?;
    assert_eq!(receiver.inbox(0, 200).await?.rows.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_restarted_amid_a_hundred_loses_and_doubles_none() -> Result<()> {
    let mut exchange = ExampleExchange::start().await?;
    let manager = exchange.desk(&exchange.manager, "支援").await?;
    let service = exchange.desk(&exchange.service, "訪問").await?;
    let units = schedules(100)?;
    let files = written(&units, &exchange.folder("files")?)?;
    let composition = manager.compose(CompositionMode::Dispatch, files.clone()).await?;
    assert_eq!(composition.deliveries.len(), 100);
    // After some have gone, the line breaks; while it is broken, the server restarts.
    exchange.line.cut_after_sent(100_000);
    manager.start_sending(composition.id).await?;
    exchange.line.faults_happened(1).await;
    exchange.restart().await?;
    let sent = accepted(&manager.sent(composition.id).await?)?;
    assert_eq!(sent.len(), 100);

    service.arrived(&sent).await?;
    let rows = service.desk.inbox(desk_ipc::ListRequest::first()).await?.rows;
    assert_eq!(rows.len(), 100, "nothing came twice");
    let target = exchange.folder("landed")?;
    let rows = service.receive(&sent, &target).await?;
    assert!(
        rows.iter()
            .all(|row| matches!(row.status, InboxStatus::Received { .. }))
    );
    assert!(contents(&files)? == landed(&target)?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_offline_waits_and_goes_by_itself() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let manager = exchange.desk(&exchange.manager, "支援").await?;
    let receiver = exchange.terminal(&exchange.service, "受信").await?;
    let files = written(&schedules(1)?, &exchange.folder("files")?)?;
    let composition = manager.compose(CompositionMode::Compose, files).await?;
    exchange.line.set_away(true);
    manager.start_sending(composition.id).await?;
    let delivery = composition.deliveries[0].delivery;
    let waits = |row: &desk_ipc::OutboxRow| {
        matches!(
            row.status,
            OutboxStatus::Unsent {
                sending: SendStateView::Queued {
                    waiting_for: Some(_),
                    ..
                }
            }
        )
    };
    manager.outbox_row(delivery, waits).await?;
    exchange.line.set_away(false);
    accepted(&manager.sent(composition.id).await?)?;
    assert_eq!(receiver.inbox(0, 200).await?.rows.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_closed_while_offline_sends_after_it_is_opened_again() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let manager = exchange.desk(&exchange.manager, "支援").await?;
    let receiver = exchange.terminal(&exchange.service, "受信").await?;
    let files = written(&schedules(3)?, &exchange.folder("files")?)?;
    let composition = manager.compose(CompositionMode::Dispatch, files).await?;
    exchange.line.set_away(true);
    manager.start_sending(composition.id).await?;
    manager.desk.shutdown().await;
    drop(manager);
    exchange.line.set_away(false);

    let manager = OpenDesk::open(&exchange.profile(&exchange.manager, "支援")).await?;
    manager
        .sign_in(exchange.manager.office, &exchange.manager.accounts)
        .await?;
    for planned in &composition.deliveries {
        let waiting = |row: &desk_ipc::OutboxRow| matches!(row.status, OutboxStatus::Waiting);
        manager.outbox_row(planned.delivery, waiting).await?;
    }
    assert_eq!(receiver.inbox(0, 200).await?.rows.len(), 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_megabytes_come_whole_over_a_line_that_breaks() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let manager = exchange.desk(&exchange.manager, "支援").await?;
    let service = exchange.desk(&exchange.service, "訪問").await?;
    let mut files = written(&schedules(1)?, &exchange.folder("files")?)?;
    let attachment = exchange.folder("files")?.join("大きな記録.pdf");
    std::fs::write(&attachment, [b"%PDF-1.7\n".as_slice(), &noise(50_000_000)].concat())?;
    files.push(attachment);
    let composition = manager.compose(CompositionMode::Compose, files.clone()).await?;
    exchange.line.cut_after_sent(23_000_000);
    manager.start_sending(composition.id).await?;
    exchange.line.faults_happened(1).await;
    let sent = accepted(&manager.sent(composition.id).await?)?;

    service.arrived(&sent).await?;
    exchange.line.cut_after_received(31_000_000);
    let target = exchange.folder("landed")?;
    let rows = service.receive(&sent, &target).await?;
    assert!(matches!(rows[0].status, InboxStatus::Received { .. }), "{:?}", rows[0]);
    exchange.line.faults_happened(2).await;
    assert!(contents(&files)? == landed(&target)?);
    Ok(())
}
