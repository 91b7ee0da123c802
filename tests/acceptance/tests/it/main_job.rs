//! The main job: one office drops its files, the other receives them, once.

use anyhow::Result;
use desk_ipc::{CompositionMode, DeskCommands, EditNote, InboxStatus, OutboxStatus};
use test_support::ExampleExchange;

use crate::material::{accepted, all_units, contents, landed, written};

#[tokio::test(flavor = "multi_thread")]
async fn every_unit_arrives_in_both_directions_once() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let manager = exchange.desk(&exchange.manager, "支援").await?;
    let service = exchange.desk(&exchange.service, "訪問").await?;
    let manager_number = exchange.manager.office.number()?;
    for unit in all_units()? {
        let from_manager = unit.from.office == manager_number;
        let (sender, receiver) = if from_manager {
            (&manager, &service)
        } else {
            (&service, &manager)
        };
        let files = written(
            std::slice::from_ref(&unit),
            &exchange.folder(&format!("files-{}", unit.unit))?,
        )?;
        let target = exchange.folder(&format!("landed-{}", unit.unit))?;

        let sent = accepted(&sender.send_files(CompositionMode::Compose, files.clone()).await?)?;
        assert_eq!(sent.len(), 1, "{}", unit.unit);
        let waiting = receiver.arrived(&sent).await?;
        assert!(
            matches!(waiting[0].status, InboxStatus::Waiting { problem: None }),
            "{:?}",
            waiting[0]
        );

        let rows = receiver.receive(&sent, &target).await?;
        assert!(
            matches!(rows[0].status, InboxStatus::Received { here: true, .. }),
            "{:?}",
            rows[0]
        );
        assert!(contents(&files)? == landed(&target)?, "{} is identical", unit.unit);
        sender.desk.refresh(()).await?;
        let downloaded = |row: &desk_ipc::OutboxRow| matches!(row.status, OutboxStatus::Downloaded { .. });
        sender.outbox_row(sent[0], downloaded).await?;

        let again = receiver.start_receiving(&sent, &exchange.folder("again")?).await;
        let rows = receiver.arrived(&sent).await?;
        assert!(
            again.is_err() || matches!(rows[0].status, InboxStatus::Received { .. }),
            "{again:?}"
        );
        assert!(
            landed(&exchange.folder("again")?)?.is_empty(),
            "nothing lands a second time"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_note_is_read_before_the_files_are_fetched() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let manager = exchange.desk(&exchange.manager, "支援").await?;
    let service = exchange.desk(&exchange.service, "訪問").await?;
    let unit = all_units()?.remove(0);
    let mut files = written(std::slice::from_ref(&unit), &exchange.folder("files")?)?;
    let attachment = exchange.folder("files")?.join("ご連絡.txt");
    std::fs::write(&attachment, "四月分をお送りします。")?;
    files.push(attachment);
    let composition = manager.compose(CompositionMode::Compose, files.clone()).await?;
    manager
        .desk
        .edit_note(EditNote {
            composition: composition.id,
            delivery: composition.deliveries.first().map(|delivery| delivery.delivery),
            note: "よろしくお願いします。".to_owned(),
        })
        .await?;
    manager.start_sending(composition.id).await?;
    let sent = accepted(&manager.sent(composition.id).await?)?;
    service.arrived(&sent).await?;
    let row = service
        .when(async || Ok(service.arrived(&sent).await?.pop().filter(|row| row.note.is_some())))
        .await?;
    assert_eq!(row.note.as_deref(), Some("よろしくお願いします。"));
    assert_eq!(row.attachments, ["ご連絡.txt"]);
    assert!(
        matches!(row.status, InboxStatus::Waiting { .. }),
        "reading a note fetches nothing"
    );
    let target = exchange.folder("landed")?;
    service.receive(&sent, &target).await?;
    assert!(contents(&files)? == landed(&target)?);
    Ok(())
}
