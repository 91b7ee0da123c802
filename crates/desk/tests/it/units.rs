//! 送信できる組み合わせ: by the side of the office that is signed in, and how many files one may have.

use anyhow::{Context, Result};
use care_model::{OfficeNumber, Party, ProblemCode, ServiceKind, limits};
use care_samples::Samples;
use desk_ipc::{CompositionMode, DeskCommands};
use test_support::ExampleExchange;

use crate::support::{Offices, assert_refused, codes, unit_to};

#[tokio::test(flavor = "multi_thread")]
async fn each_office_is_shown_what_it_may_send() -> Result<()> {
    let offices = Offices::open().await?;
    let manager = offices.manager.desk.list_units(()).await?;
    let schedule = manager.iter().find(|unit| unit.id == "home_schedule");
    assert_eq!(schedule.map(|unit| unit.name.as_str()), Some("サービス利用票・別表"));
    assert!(manager.iter().any(|unit| unit.id == "preventive_plan"));
    assert!(manager.iter().all(|unit| unit.id != "home_actual"));
    let service = offices.service.desk.list_units(()).await?;
    let ids: Vec<&str> = service.iter().map(|unit| unit.id.as_str()).collect();
    assert!(
        ids.contains(&"home_actual") && ids.contains(&"preventive_actual"),
        "{ids:?}"
    );
    assert!(!ids.contains(&"home_plan"), "{ids:?}");
    offices.service.desk.sign_out(()).await?;
    assert_refused(offices.service.desk.list_units(()).await, ProblemCode::SignInRequired);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_has_as_many_files_as_are_allowed_and_not_one_more() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let centre = Party::new(OfficeNumber::parse("9900100018")?, ServiceKind::parse("46")?);
    exchange.register_office(centre, "例示地域包括支援センター").await?;
    let desk = exchange.desk(&exchange.manager, "front").await?;
    let folder = exchange.folder("files")?;
    let (_, mut paths) = unit_to(&folder, &mut Samples::new(80), "preventive_basic", centre)?;
    // As if every recipient had an image of the family: the standard numbers them.
    let image = paths.last().context("an image")?.clone();
    let name = image.file_name().and_then(|name| name.to_str()).context("a name")?;
    let (begin, _) = name.rsplit_once('_').context("a numbered name")?;
    let mut number = 1_000;
    let mut another = || {
        number += 1;
        let path = folder.join(format!("{begin}_{number}.jpg"));
        std::fs::copy(&image, &path).map(|_| path)
    };
    while paths.len() < limits::STANDARD_FILES_MAX {
        paths.push(another()?);
    }
    let all = desk.compose(CompositionMode::Compose, paths.clone()).await?;
    assert!(
        all.can_send && !codes(&all).iter().any(|code| code == "files_too_many"),
        "{:?}",
        codes(&all)
    );
    paths.push(another()?);
    let more = desk.compose(CompositionMode::Compose, paths).await?;
    let findings = &more.deliveries[0].findings;
    let found = findings.iter().find(|finding| finding.code == "files_too_many");
    let found = found.with_context(|| format!("{findings:?}"))?;
    assert!(found.message.contains("500個") && !more.can_send, "{found:?}");
    assert!(desk.start_sending(more.id).await.is_err());
    // What is allowed is no promise: it goes.
    desk.start_sending(all.id).await?;
    let sent = desk.sent(all.id).await?;
    assert_eq!(sent.sent, 1, "{sent:?}");
    Ok(())
}
