//! A draft is what it was when it was saved, whatever becomes of the originals.

use anyhow::Result;
use desk_ipc::{CompositionMode, DeskCommands};
use test_support::{ExampleExchange, OpenDesk};

use crate::material::{accepted, contents, landed, schedules, written};

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_survives_a_restart_and_the_loss_of_its_originals() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let manager = exchange.desk(&exchange.manager, "支援").await?;
    let service = exchange.desk(&exchange.service, "訪問").await?;
    let files = written(&schedules(1)?, &exchange.folder("files")?)?;
    let expected = contents(&files)?;
    let composition = manager.compose(CompositionMode::Compose, files).await?;
    manager.desk.save_draft(composition.id).await?;
    manager.desk.shutdown().await;
    drop(manager);
    std::fs::remove_dir_all(exchange.folder("files")?)?;

    let manager = OpenDesk::open(&exchange.profile(&exchange.manager, "支援")).await?;
    manager
        .sign_in(exchange.manager.office, &exchange.manager.accounts)
        .await?;
    let drafts = manager.desk.drafts(()).await?;
    assert_eq!(
        drafts.iter().map(|draft| draft.id).collect::<Vec<_>>(),
        [composition.id]
    );
    let opened = manager.desk.open_draft(composition.id).await?;
    manager.start_sending(opened.id).await?;
    let sent = accepted(&manager.sent(opened.id).await?)?;
    assert!(manager.desk.drafts(()).await?.is_empty(), "what was sent is no draft");
    service.arrived(&sent).await?;
    let target = exchange.folder("landed")?;
    service.receive(&sent, &target).await?;
    assert!(expected == landed(&target)?);
    Ok(())
}
