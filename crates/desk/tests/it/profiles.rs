//! Several offices' profiles on one PC (D14).

use std::path::Path;

use anyhow::{Context, Result};
use care_model::ProblemCode;
use desk_ipc::{CompositionMode, DeskCommands, ProfileId, ProfileRow, Stage};
use test_support::{CARE_MANAGEMENT, ExampleAccounts, ExampleExchange, HOME_HELP, OpenDesk};

use crate::support::{assert_refused, unit};

async fn open(folder: &Path) -> Result<OpenDesk> {
    let further = folder.join("profiles");
    OpenDesk::open_with(&folder.join("profile"), |settings| {
        settings.profiles_dir = Some(further)
    })
    .await
}

fn of_office(rows: &[ProfileRow], number: &str) -> Result<ProfileRow> {
    let is = |row: &&ProfileRow| {
        row.office
            .as_ref()
            .is_some_and(|office| office.number.as_str() == number)
    };
    rows.iter().find(is).cloned().context("no profile of the office")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_offices_work_on_one_pc_and_the_last_one_opens_again() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let folder = exchange.folder("pc")?;
    let (manager, service) = (&exchange.manager, &exchange.service);
    let desk = open(&folder).await?;
    assert!(!desk.desk.start(()).await?.other_profiles);
    let issue = exchange.issue_password(manager.office).await?;
    desk.set_up(&exchange.connection_file(), &manager.accounts, &issue, "front")
        .await?;
    desk.sign_in(manager.office, &manager.accounts).await?;
    let mut events = desk.desk.events();

    let added = desk.desk.add_profile(()).await?;
    assert!(matches!(added.stage, Stage::SetUp { connection: None, .. }) && added.other_profiles);
    // Nothing of the other office is answered here.
    assert_refused(desk.desk.home(()).await, ProblemCode::SignInRequired);
    let issue = exchange.issue_password(service.office).await?;
    desk.set_up(&exchange.connection_file(), &service.accounts, &issue, "front")
        .await?;
    desk.sign_in(service.office, &service.accounts).await?;
    let rows = desk.desk.profiles(()).await?;
    assert_eq!(rows.len(), 2);
    let (first, second) = (
        of_office(&rows, CARE_MANAGEMENT.number)?,
        of_office(&rows, HOME_HELP.number)?,
    );
    assert!(second.open && !first.open);
    // Number and name of the office are all that stands in clear of it.
    let noted: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("profile/office.json"))?)?;
    let expected = serde_json::json!({ "number": CARE_MANAGEMENT.number, "name": CARE_MANAGEMENT.name });
    assert_eq!(noted, expected);
    assert_eq!(
        first.office.map(|office| office.name).as_deref(),
        Some(CARE_MANAGEMENT.name)
    );
    // Events of the profile that is open now come by the same channel.
    desk.desk.drag_over(true);
    while events.recv().await? != (desk_ipc::DeskEvent::DragOver { over: true }) {}

    let back = desk.desk.open_profile(first.id).await?;
    assert!(matches!(back.stage, Stage::Person { .. }), "{:?}", back.stage);
    desk.sign_in(manager.office, &manager.accounts).await?;
    assert_refused(
        desk.desk.open_profile(ProfileId::generate()).await,
        ProblemCode::ProfileUnknown,
    );
    assert!(matches!(desk.desk.start(()).await?.stage, Stage::Open { .. }));
    desk.desk.open_profile(second.id).await?;
    desk.desk.shutdown().await;

    let again = open(&folder).await?;
    let Stage::Person { office, .. } = again.desk.start(()).await?.stage else {
        panic!("the profile that was open last")
    };
    assert_eq!(office.number.as_str(), HOME_HELP.number);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_another_process_has_leaves_the_present_one_open() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let folder = exchange.folder("pc")?;
    let manager = &exchange.manager;
    let desk = open(&folder).await?;
    let issue = exchange.issue_password(manager.office).await?;
    desk.set_up(&exchange.connection_file(), &manager.accounts, &issue, "front")
        .await?;
    desk.desk.add_profile(()).await?;
    let rows = desk.desk.profiles(()).await?;
    let first = of_office(&rows, CARE_MANAGEMENT.number)?;
    let other = OpenDesk::open(&folder.join("profile")).await?;
    assert_refused(desk.desk.open_profile(first.id).await, ProblemCode::ProfileBusy);
    let rows = desk.desk.profiles(()).await?;
    assert!(rows.iter().any(|row| row.open && row.office.is_none()), "{rows:?}");
    assert!(matches!(desk.desk.start(()).await?.stage, Stage::SetUp { .. }));
    other.desk.shutdown().await;
    desk.desk.open_profile(first.id).await?;
    // The empty profile is used, no third one is made.
    desk.desk.add_profile(()).await?;
    assert_eq!(desk.desk.profiles(()).await?.len(), 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_one_profile_says_so() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let desk = OpenDesk::open(dir.path()).await?;
    let rows = desk.desk.profiles(()).await?;
    assert!(rows.len() == 1 && rows[0].open && rows[0].office.is_none());
    assert_refused(desk.desk.add_profile(()).await, ProblemCode::ProfilesTooMany);
    assert_refused(
        desk.desk.open_profile(ProfileId::generate()).await,
        ProblemCode::ProfileUnknown,
    );
    assert!(matches!(
        desk.desk.open_profile(rows[0].id).await?.stage,
        Stage::SetUp { .. }
    ));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_has_one_profile_on_a_pc() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let (manager, service) = (&exchange.manager, &exchange.service);
    let desk = open(&exchange.folder("pc")?).await?;
    let set_up = async |at: &ExampleAccounts| -> Result<()> {
        let issue = exchange.issue_password(at.office).await?;
        desk.set_up(&exchange.connection_file(), &at.accounts, &issue, "front")
            .await
    };
    set_up(manager).await?;
    desk.desk.add_profile(()).await?;
    let refused = set_up(manager).await.expect_err("a second profile of the office");
    assert_refused::<()>(Err(refused.downcast()?), ProblemCode::ProfileTwice);
    let stage = desk.desk.start(()).await?.stage;
    assert!(matches!(stage, Stage::SetUp { .. }), "{stage:?}");
    set_up(service).await?;
    of_office(&desk.desk.profiles(()).await?, HOME_HELP.number)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_waits_for_what_is_on_its_way() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let manager = &exchange.manager;
    let desk = open(&exchange.folder("pc")?).await?;
    let issue = exchange.issue_password(manager.office).await?;
    desk.set_up(&exchange.connection_file(), &manager.accounts, &issue, "front")
        .await?;
    desk.sign_in(manager.office, &manager.accounts).await?;
    // Slow enough that the send is under way for as long as is looked.
    exchange.line.delay(std::time::Duration::from_millis(400));
    let (_, paths) = unit(&exchange.folder("files")?, 61, "home_plan")?;
    let view = desk.compose(CompositionMode::Compose, paths).await?;
    desk.start_sending(view.id).await?;
    desk.is_transferring(true).await;
    assert_refused(desk.desk.add_profile(()).await, ProblemCode::ProfileTransferring);
    assert!(matches!(desk.desk.start(()).await?.stage, Stage::Open { .. }));
    exchange.line.delay(std::time::Duration::ZERO);
    assert_eq!(desk.sent(view.id).await?.sent, 1);
    // The last word of a transfer comes a moment before its end.
    desk.is_transferring(false).await;
    desk.desk.add_profile(()).await?;
    Ok(())
}
