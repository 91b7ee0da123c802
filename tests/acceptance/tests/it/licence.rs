//! An office whose licence ended may fetch and read, but not send (D15).

use anyhow::Result;
use care_model::ProblemCode;
use chrono::TimeDelta;
use desk_ipc::{CompositionMode, DeskCommands, InboxStatus};
use test_support::{CARE_MANAGEMENT, ExampleExchange, HOME_HELP};

use crate::material::{accepted, all_units, contents, landed, wired, written};

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
    // The desk says so before anybody tries ...
    let composition = service.compose(CompositionMode::Compose, files).await?;
    assert!(!composition.can_send);
    let codes: Vec<_> = composition
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect();
    assert_eq!(codes, [ProblemCode::LicenceExpired.as_str()]);
    assert!(service.start_sending(composition.id).await.is_err());
    // ... and the server refuses whoever tries all the same.
    let terminal = exchange.terminal(&exchange.service, "端末").await?;
    let delivery = wired(HOME_HELP.party()?, CARE_MANAGEMENT.party()?, &[10])?;
    for _ in 0..2 {
        let answer = terminal
            .send(delivery.header_json.clone(), &delivery.parts, |_| {})
            .await;
        assert_eq!(answer.map_err(|error| error.code()), Err(ProblemCode::LicenceExpired));
    }
    manager.desk.refresh(()).await?;
    assert!(
        manager
            .desk
            .inbox(desk_ipc::ListRequest::first())
            .await?
            .rows
            .is_empty()
    );
    Ok(())
}
