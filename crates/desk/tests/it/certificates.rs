//! Certificates that cannot be used are told apart, and a new one is got in the same profile.

use std::path::Path;

use anyhow::{Context, Result};
use care_model::{ProblemCode, TerminalId};
use chrono::TimeDelta;
use desk_ipc::{
    CommandError, CompositionMode, DeskCommands, DeskEvent, EnrolStart, PersonSignInStart, Stage, StartView,
};
use sealing::Key;
use serde_json::Value;
use test_support::{ExampleAccounts, ExampleExchange, OpenDesk};

use crate::support::{assert_refused, database, unit};

async fn step_one(desk: &OpenDesk, at: &ExampleAccounts) -> Result<StartView, CommandError> {
    desk.desk
        .sign_in_person(PersonSignInStart {
            person_id: at.accounts.person.to_string(),
            password: at.office.person_password.to_owned(),
            remember: false,
        })
        .await
}

async fn renew(desk: &OpenDesk, at: &ExampleAccounts, issue_password: String) -> Result<StartView, CommandError> {
    desk.desk
        .enrol_again(EnrolStart {
            office_id: at.accounts.office.to_string(),
            issue_password,
            terminal_name: "受付".to_owned(),
        })
        .await
}

/// Reads a closed profile's identity, and writes what `change` makes of it.
async fn change_identity(profile: &Path, change: impl FnOnce(&mut Value)) -> Result<Value> {
    let key = Key::from_slice(&std::fs::read(profile.join("profile.key"))?).context("a key")?;
    let pool = database(profile).await?;
    let (sealed,): (Vec<u8>,) = sqlx::query_as("SELECT sealed FROM value WHERE name = 'identity'")
        .fetch_one(&pool)
        .await?;
    let context = b"value identity";
    let plain = sealing::open(&key, context, &sealed).map_err(|_| anyhow::anyhow!("it does not open"))?;
    let mut identity: Value = serde_json::from_slice(&plain)?;
    change(&mut identity);
    let sealed = sealing::seal(&key, context, &serde_json::to_vec(&identity)?);
    sqlx::query("UPDATE value SET sealed = ? WHERE name = 'identity'")
        .bind(sealed)
        .execute(&pool)
        .await?;
    pool.close().await;
    Ok(identity)
}

async fn read_identity(profile: &Path) -> Result<Value> {
    change_identity(profile, |_| {}).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_a_certificate_has_its_own_words() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let profile = exchange.profile(at, "front");
    exchange.desk(at, "front").await?.desk.shutdown().await;

    let own = change_identity(&profile, |identity| {
        identity["certificate_pem"] = "".into();
    })
    .await?;
    let missing = OpenDesk::open(&profile).await?;
    assert_refused(step_one(&missing, at).await, ProblemCode::CertificateMissing);
    missing.desk.shutdown().await;

    let elsewhere = ExampleExchange::start().await?;
    elsewhere.desk(&elsewhere.manager, "front").await?.desk.shutdown().await;
    let other = read_identity(&elsewhere.profile(&elsewhere.manager, "front")).await?;
    change_identity(&profile, |identity| {
        for part in ["certificate_pem", "key_pem"] {
            identity[part] = other[part].clone();
        }
    })
    .await?;
    let foreign = OpenDesk::open(&profile).await?;
    assert_refused(step_one(&foreign, at).await, ProblemCode::CertificateForeign);
    // It can be renewed on the spot.
    renew(&foreign, at, exchange.issue_password(at.office).await?).await?;
    foreign.sign_in(at.office, &at.accounts).await?;
    foreign.desk.shutdown().await;
    assert_ne!(own["terminal"], read_identity(&profile).await?["terminal"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_certificate_is_renewed_and_the_profile_keeps_its_work() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let profile = exchange.profile(at, "front");
    let desk = exchange.desk(at, "front").await?;
    let (_, files) = unit(&exchange.folder("files")?, 75, "home_plan")?;
    let composition = desk.compose(CompositionMode::Compose, files).await?.id;
    desk.desk.save_draft(composition).await?;
    desk.desk.shutdown().await;
    let terminal: TerminalId = serde_json::from_value(read_identity(&profile).await?["terminal"].clone())?;
    let admin = exchange.admin().await?;
    admin.revoke_terminal(terminal).await?;
    admin.close().await;

    let desk = OpenDesk::open(&profile).await?;
    // The operator is another process: the server sees what it wrote a moment later.
    while step_one(&desk, at).await.is_ok() {}
    assert_refused(step_one(&desk, at).await, ProblemCode::CertificateRevoked);
    let service = &exchange.service;
    let others = exchange.issue_password(service.office).await?;
    assert_refused(renew(&desk, service, others).await, ProblemCode::CertificateOtherOffice);
    assert_refused(step_one(&desk, at).await, ProblemCode::CertificateRevoked);
    assert_refused(
        renew(&desk, at, "wrong-password".to_owned()).await,
        ProblemCode::EnrolmentPasswordRefused,
    );
    let renewed = renew(&desk, at, exchange.issue_password(at.office).await?).await?;
    let Stage::Person { certificate, .. } = renewed.stage else {
        panic!("{:?}", renewed.stage)
    };
    assert!(certificate.days_left > 300, "{certificate:?}");
    desk.sign_in(at.office, &at.accounts).await?;
    assert_eq!(desk.desk.drafts(()).await?.len(), 1);
    // Also while somebody is signed in; a session belongs to its certificate.
    let again = renew(&desk, at, exchange.issue_password(at.office).await?).await?;
    assert!(matches!(again.stage, Stage::Person { .. }));
    desk.sign_in(at.office, &at.accounts).await?;
    let terminals = desk.desk.terminals(()).await?;
    // The revoked one, and the one after it, which stayed the same terminal under its next certificate.
    assert_eq!(terminals.len(), 2, "{terminals:?}");
    assert_eq!(terminals.iter().filter(|row| row.here).count(), 1);
    assert_eq!(terminals.iter().filter(|row| row.revoked_at.is_some()).count(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_stands_open_is_told_at_once_that_its_terminal_was_revoked() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let desk = exchange.desk(at, "front").await?;
    assert_eq!(desk.desk.start(()).await?.ended, None);
    let mut events = desk.desk.events();
    let terminal: TerminalId =
        serde_json::from_value(read_identity(&exchange.profile(at, "front")).await?["terminal"].clone())?;
    let admin = exchange.admin().await?;
    admin.revoke_terminal(terminal).await?;
    admin.close().await;
    while events.recv().await? != DeskEvent::SignedOut {}
    let start = desk.desk.start(()).await?;
    assert!(matches!(start.stage, Stage::Person { .. }), "{:?}", start.stage);
    let ended = start.ended.context("a reason")?;
    assert_eq!(ended.code, ProblemCode::CertificateRevoked);
    // Whoever tries all the same hears the same, and it is over with the next certificate.
    assert_refused(step_one(&desk, at).await, ProblemCode::CertificateRevoked);
    let renewed = renew(&desk, at, exchange.issue_password(at.office).await?).await?;
    assert_eq!(renewed.ended, None);
    desk.sign_in(at.office, &at.accounts).await?;
    desk.desk.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_certificate_is_told_at_sign_in() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let desk = exchange.desk(at, "front").await?;
    desk.desk.sign_out(()).await?;
    exchange.move_clock(TimeDelta::days(4_000));
    assert_refused(step_one(&desk, at).await, ProblemCode::CertificateExpired);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_does_not_hold_yet_is_told_at_sign_in_and_can_be_got_anew() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let desk = exchange.desk(at, "front").await?;
    desk.desk.sign_out(()).await?;
    // The exchange's clock was ahead when the certificate was issued, and was put right since.
    exchange.move_clock(TimeDelta::hours(-25));
    assert_refused(step_one(&desk, at).await, ProblemCode::CertificateEarly);
    renew(&desk, at, exchange.issue_password(at.office).await?).await?;
    desk.sign_in(at.office, &at.accounts).await?;
    Ok(())
}
