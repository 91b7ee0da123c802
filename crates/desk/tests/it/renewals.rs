//! 証明書の更新: before its end and without the operator, under the same terminal, and nobody is thrown out.

use std::path::Path;

use anyhow::{Context, Result};
use care_model::ProblemCode;
use chrono::{DateTime, TimeDelta, Utc};
use desk_ipc::{CompositionMode, DeskCommands, EnrolStart, HomeView, InboxStatus, PersonSignInStart, Stage};
use test_support::{ExampleAccounts, ExampleExchange, OpenDesk};

use crate::support::{Offices, assert_refused, database, names_in, pick_up, unit};

/// A desk whose certificate holds so many days more, not signed in yet.
async fn desk_for_days(exchange: &ExampleExchange, at: &ExampleAccounts, days: i64) -> Result<OpenDesk> {
    let admin = exchange.admin().await?;
    let made = admin.issue_password(at.office.number()?, None, days).await?;
    admin.close().await;
    let desk = OpenDesk::open(&exchange.profile(at, "front")).await?;
    desk.set_up(&exchange.connection_file(), &at.accounts, &made.issue_password, "front")
        .await?;
    Ok(desk)
}

async fn renewed(desk: &OpenDesk) -> Result<HomeView> {
    desk.when(async || {
        let home = desk.desk.home(()).await?;
        Ok((!home.certificate.warns).then_some(home))
    })
    .await
}

async fn in_profile(profile: &Path, statement: &'static str) -> Result<()> {
    let beside = database(profile).await?;
    sqlx::raw_sql(statement).execute(&beside).await?;
    beside.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_renewed_after_sign_in_and_whoever_is_signed_in_goes_on() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let desk = desk_for_days(&exchange, at, 59).await?;
    desk.sign_in(at.office, &at.accounts).await?;
    let home = renewed(&desk).await?;
    assert!(home.certificate.days_left > 300, "{home:?}");
    assert!(
        home.renewal.renewed_at.is_some() && home.renewal.problem.is_none() && !home.renewal.due,
        "{home:?}"
    );
    // The same terminal, the same session, and the old certificate is given up by nobody who still uses it.
    let terminals = desk.desk.terminals(()).await?;
    assert!(
        terminals.len() == 1 && terminals[0].here && terminals[0].certificate.days_left > 300,
        "{terminals:?}"
    );
    let (_, files) = unit(&exchange.folder("files")?, 21, "home_plan")?;
    assert_eq!(desk.send_files(CompositionMode::Compose, files).await?.sent, 1);
    assert_refused(desk.desk.renew_certificate(()).await, ProblemCode::RenewalTooEarly);
    // Also what is opened anew goes by the new one, a year after the old one ended.
    desk.desk.shutdown().await;
    exchange.move_clock(TimeDelta::days(400));
    let again = OpenDesk::open(&exchange.profile(at, "front")).await?;
    again.sign_in(at.office, &at.accounts).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_holds_long_enough_is_left_alone() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let desk = desk_for_days(&exchange, at, 62).await?;
    desk.sign_in(at.office, &at.accounts).await?;
    assert_refused(desk.desk.renew_certificate(()).await, ProblemCode::RenewalTooEarly);
    let home = desk.desk.home(()).await?;
    assert!(!home.renewal.due && home.renewal.renewed_at.is_none(), "{home:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_could_not_be_stored_leaves_the_old_one_working_and_is_asked_for_again() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let profile = exchange.profile(at, "front");
    let desk = desk_for_days(&exchange, at, 30).await?;
    // As if the program died between the answer and the write: the exchange has issued, this PC has nothing of it.
    in_profile(
        &profile,
        "CREATE TRIGGER full BEFORE UPDATE ON value WHEN NEW.name = 'identity' BEGIN SELECT RAISE(ABORT, 'no'); END;",
    )
    .await?;
    desk.sign_in(at.office, &at.accounts).await?;
    let home = desk
        .when(async || {
            let home = desk.desk.home(()).await?;
            Ok(home.renewal.problem.is_some().then_some(home))
        })
        .await?;
    assert!(home.certificate.warns && home.renewal.due, "{home:?}");
    desk.desk.refresh(()).await?;
    desk.desk.shutdown().await;
    in_profile(&profile, "DROP TRIGGER full").await?;

    let again = OpenDesk::open(&profile).await?;
    again.sign_in(at.office, &at.accounts).await?;
    renewed(&again).await?;
    let terminals = again.desk.terminals(()).await?;
    assert_eq!(terminals.len(), 1, "{terminals:?}");
    // The next key is used up, so that the next renewal makes another.
    let beside = database(&profile).await?;
    let (left,): (i64,) = sqlx::query_as("SELECT count(*) FROM value WHERE name = 'next_key'")
        .fetch_one(&beside)
        .await?;
    assert_eq!(left, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_put_back_to_before_the_renewal_is_told_so() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let profile = exchange.profile(at, "front");
    desk_for_days(&exchange, at, 30).await?.desk.shutdown().await;
    let before = exchange.folder("backup")?.join("desk.db");
    std::fs::copy(profile.join("desk.db"), &before)?;
    let desk = OpenDesk::open(&profile).await?;
    desk.sign_in(at.office, &at.accounts).await?;
    renewed(&desk).await?;
    desk.desk.refresh(()).await?;
    desk.desk.shutdown().await;
    for name in ["desk.db", "desk.db-wal", "desk.db-shm"] {
        let _ = std::fs::remove_file(profile.join(name));
    }
    std::fs::copy(&before, profile.join("desk.db"))?;
    let step_one = async |desk: &OpenDesk| {
        let start = PersonSignInStart {
            person_id: at.accounts.person.to_string(),
            password: at.office.person_password.to_owned(),
            remember: false,
        };
        desk.desk.sign_in_person(start).await
    };
    // For a day it is taken as one that is still in use somewhere.
    let back = OpenDesk::open(&profile).await?;
    step_one(&back).await?;
    exchange.move_clock(TimeDelta::hours(25));
    assert_refused(step_one(&back).await, ProblemCode::CertificateReplaced);
    Ok(())
}

/// A delivery that landed here and of which the exchange has not heard so.
async fn landed_unconfirmed(offices: &Offices, seed: u64, target: &Path) -> Result<care_model::DeliveryId> {
    let (_, row) = offices.send_plan(seed, Vec::new()).await?;
    let profile = offices.exchange.profile(&offices.exchange.service, "front");
    // Nothing of the landing is known to the database, so nothing is confirmed; the folder itself is there.
    in_profile(
        &profile,
        "CREATE TRIGGER full BEFORE UPDATE ON pickup WHEN NEW.state LIKE '%\"landed\"%' BEGIN
             SELECT RAISE(ABORT, 'no room');
         END;",
    )
    .await?;
    let refused = pick_up(&offices.service, row.delivery, target).await?;
    assert_refused(refused, ProblemCode::ProfileUnusable);
    Ok(row.delivery)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_landed_is_still_confirmed_after_the_certificate_ended_and_was_made_anew() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let offices = Offices {
        manager: exchange.desk(&exchange.manager, "front").await?,
        service: desk_for_days(&exchange, &exchange.service, 62).await?,
        exchange,
    };
    let exchange = &offices.exchange;
    let at = &exchange.service;
    offices.service.sign_in(at.office, &at.accounts).await?;
    let profile = exchange.profile(at, "front");
    let target = exchange.folder("received")?;
    let delivery = landed_unconfirmed(&offices, 22, &target).await?;
    offices.service.desk.shutdown().await;
    in_profile(&profile, "DROP TRIGGER full").await?;
    let landed = names_in(&target)?;
    exchange.move_clock(TimeDelta::days(63));

    let desk = OpenDesk::open(&profile).await?;
    let started = desk
        .desk
        .enrol_again(EnrolStart {
            office_id: at.accounts.office.to_string(),
            issue_password: exchange.issue_password(at.office).await?,
            terminal_name: "受付".to_owned(),
        })
        .await?;
    assert!(matches!(started.stage, Stage::Person { .. }), "{started:?}");
    desk.sign_in(at.office, &at.accounts).await?;
    let row = desk
        .when(async || {
            let row = desk.desk.inbox(desk_ipc::ListRequest::first()).await?.rows.remove(0);
            Ok(matches!(row.status, InboxStatus::Received { .. }).then_some(row))
        })
        .await?;
    assert!(
        row.delivery == delivery && matches!(row.status, InboxStatus::Received { here: true, .. }),
        "{row:?}"
    );
    assert_eq!(names_in(&target)?, landed, "it landed once");
    let terminals = desk.desk.terminals(()).await?;
    assert!(terminals.len() == 1 && terminals[0].name == "受付", "{terminals:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_renew_once() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let desk = desk_for_days(&exchange, at, 10).await?;
    desk.sign_in(at.office, &at.accounts).await?;
    let (first, second) = tokio::join!(desk.desk.renew_certificate(()), desk.desk.renew_certificate(()));
    // By hand or by itself: whoever came later finds it done.
    let late = [first, second].into_iter().filter_map(Result::err);
    assert!(late.into_iter().all(|error| error.code == ProblemCode::RenewalTooEarly));
    let until: DateTime<Utc> = renewed(&desk).await?.certificate.until;
    let terminals = desk.desk.terminals(()).await?;
    let listed = terminals.first().context("this terminal")?;
    assert_eq!(listed.certificate.until, until);
    Ok(())
}
