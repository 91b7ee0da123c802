//! An office whose licence ended may fetch and read, but not send (D15).

use anyhow::Result;
use care_model::ProblemCode;
use chrono::TimeDelta;
use desk_ipc::{CompositionMode, DeskCommands, InboxStatus, SendStateView};
use test_support::{CARE_MANAGEMENT, ExampleExchange, HOME_HELP};

use crate::material::{accepted, all_units, contents, landed, written};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_licence_receiving_goes_on_and_sending_is_refused() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    exchange.set_licence(&HOME_HELP, TimeDelta::days(-1)).await?;
    let manager = exchange.desk(&exchange.manager, "支援").await?;
    let service = exchange.desk(&exchange.service, "訪問").await?;
    let (from_manager, from_service): (Vec<_>, Vec<_>) = all_units()?
        .into_iter()
        .partition(|unit| unit.from.office.as_str() == CARE_MANAGEMENT.number);

    let files = written(&from_manager[..1], &exchange.folder("files")?)?;
    let sent = accepted(&manager.send_files(CompositionMode::Compose, files.clone()).await?)?;
    service.arrived(&sent).await?;
    let target = exchange.folder("landed")?;
    let rows = service.receive(&sent, &target).await?;
    assert!(matches!(rows[0].status, InboxStatus::Received { .. }), "{:?}", rows[0]);
    assert!(contents(&files)? == landed(&target)?);

    let files = written(&from_service[..1], &exchange.folder("back")?)?;
    let composition = service.compose(CompositionMode::Compose, files).await?;
    match service.start_sending(composition.id).await {
        // The desk knows already, and says so before anything is a row.
        Err(error) => {
            let refusal = error.downcast::<desk_ipc::CommandError>()?;
            assert_eq!(refusal.code, ProblemCode::LicenceExpired);
        }
        Ok(_) => {
            let view = service.sent(composition.id).await?;
            assert!(
                matches!(&view.deliveries[0].state, SendStateView::Held { problem } if problem.code == ProblemCode::LicenceExpired),
                "{view:?}"
            );
        }
    }
    manager.desk.refresh(()).await?;
    assert!(manager.desk.inbox(()).await?.rows.is_empty());
    Ok(())
}
