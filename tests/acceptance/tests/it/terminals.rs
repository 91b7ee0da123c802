//! Two terminals of one office: one gets it, the other is told who has it.

use anyhow::Result;
use desk_ipc::{CompositionMode, InboxStatus};
use test_support::ExampleExchange;

use crate::material::{accepted, landed, schedules, written};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_terminal_is_told_who_has_it() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let manager = exchange.desk(&exchange.manager, "支援").await?;
    let files = written(&schedules(1)?, &exchange.folder("files")?)?;
    let sent = accepted(&manager.send_files(CompositionMode::Compose, files).await?)?;
    // A terminal that claimed and then fell silent.
    let silent = exchange.terminal(&exchange.service, "受付のPC").await?;
    silent.claim(sent[0], None).await?;

    let second = exchange.desk(&exchange.service, "相談室").await?;
    let rows = second.arrived(&sent).await?;
    assert!(
        matches!(&rows[0].status, InboxStatus::Elsewhere { terminal_name, .. } if terminal_name == "受付のPC"),
        "{:?}",
        rows[0]
    );
    let target = exchange.folder("landed")?;
    let _ = second.start_receiving(&sent, &target).await;
    let rows = second.arrived(&sent).await?;
    assert!(!matches!(rows[0].status, InboxStatus::Received { .. }));
    assert!(landed(&target)?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_desks_at_once_get_each_delivery_once() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let manager = exchange.desk(&exchange.manager, "支援").await?;
    let (first, second) = (
        exchange.desk(&exchange.service, "一台目").await?,
        exchange.desk(&exchange.service, "二台目").await?,
    );
    let files = written(&schedules(10)?, &exchange.folder("files")?)?;
    let sent = accepted(&manager.send_files(CompositionMode::Dispatch, files.clone()).await?)?;
    first.arrived(&sent).await?;
    second.arrived(&sent).await?;
    let (one, two) = (exchange.folder("one")?, exchange.folder("two")?);
    let (at_first, at_second) = tokio::join!(first.receive(&sent, &one), second.receive(&sent, &two));
    at_first?;
    at_second?;
    let mut both = landed(&one)?;
    let here = both.len();
    both.extend(landed(&two)?);
    assert_eq!(both.len(), here + landed(&two)?.len(), "nothing landed at both");
    assert!(
        both == crate::material::contents(&files)?,
        "everything landed at one of them"
    );
    Ok(())
}
