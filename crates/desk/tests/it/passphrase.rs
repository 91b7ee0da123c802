//! A profile behind a passphrase (D14).

use std::path::Path;

use anyhow::Result;
use care_model::ProblemCode;
use desk::ports::KeySource;
use desk_ipc::{CompositionMode, DeskCommands, PassphraseStart, Stage};
use test_support::{ExampleExchange, OpenDesk};

use crate::support::{assert_refused, database, unit};

const PASSPHRASE: &str = "ひとつだけの合言葉です2026";

async fn open(profile: &Path) -> Result<OpenDesk> {
    OpenDesk::open_with(profile, |settings| settings.key = KeySource::Passphrase).await
}

fn typed(passphrase: &str) -> PassphraseStart {
    PassphraseStart {
        passphrase: passphrase.to_owned(),
    }
}

async fn assert_asks(desk: &OpenDesk, first: bool) -> Result<()> {
    let stage = desk.desk.start(()).await?.stage;
    assert!(
        matches!(stage, Stage::Passphrase { first: told } if told == first),
        "{stage:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_set_once_and_opens_nothing_when_it_is_wrong() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let profile = exchange.profile(at, "behind");
    // Closed before one was set: the next start asks for the first one again.
    let closed = open(&profile).await?;
    assert_asks(&closed, true).await?;
    closed.desk.shutdown().await;

    let desk = open(&profile).await?;
    assert_asks(&desk, true).await?;
    assert_refused(desk.desk.home(()).await, ProblemCode::PassphraseRequired);
    let short = desk.desk.unlock_profile(typed("short")).await;
    assert_refused(short, ProblemCode::PasswordLength);
    let stage = desk.desk.unlock_profile(typed(PASSPHRASE)).await?.stage;
    assert!(matches!(stage, Stage::SetUp { .. }), "{stage:?}");
    let issued = exchange.issue_password(at.office).await?;
    desk.set_up(&exchange.connection_file(), &at.accounts, &issued, "受付")
        .await?;
    desk.sign_in(at.office, &at.accounts).await?;
    assert!(desk.desk.settings(()).await?.asks_passphrase);
    desk.desk.shutdown().await;

    let desk = open(&profile).await?;
    assert_asks(&desk, false).await?;
    let wrong = desk.desk.unlock_profile(typed("ひとつだけの合言葉です2025")).await;
    assert_refused(wrong, ProblemCode::PassphraseRefused);
    assert_asks(&desk, false).await?;
    assert_refused(desk.desk.drafts(()).await, ProblemCode::PassphraseRequired);
    let stage = desk.desk.unlock_profile(typed(PASSPHRASE)).await?.stage;
    assert!(
        matches!(stage, Stage::Person { .. }),
        "the certificate is there again: {stage:?}"
    );
    desk.desk.shutdown().await;
    assert!(!profile.join("profile.key").exists());
    for entry in std::fs::read_dir(&profile)? {
        let path = entry?.path();
        let bytes = if path.is_file() {
            std::fs::read(&path)?
        } else {
            Vec::new()
        };
        for clear in ["PRIVATE KEY", PASSPHRASE, "見本居宅介護支援事業所"] {
            let found = bytes.windows(clear.len()).any(|window| window == clear.as_bytes());
            assert!(!found, "{clear} in {path:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_failed_half_way_is_made_up_for_by_the_next() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let profile = exchange.profile(at, "behind");
    let desk = open(&profile).await?;
    desk.desk.unlock_profile(typed(PASSPHRASE)).await?;
    let issued = exchange.issue_password(at.office).await?;
    desk.set_up(&exchange.connection_file(), &at.accounts, &issued, "受付")
        .await?;
    desk.desk.shutdown().await;

    // Something that nobody can delete in the place of a copy stops nothing.
    std::fs::create_dir(profile.join("spool/01980000-0000-7000-8000-000000000000.sealed"))?;
    let desk = open(&profile).await?;
    let beside = database(&profile).await?;
    sqlx::raw_sql("UPDATE value SET name = 'kept', sealed = sealed WHERE name = 'identity'")
        .execute(&beside)
        .await?;
    sqlx::raw_sql("INSERT INTO value (name, sealed) VALUES ('identity', x'00')")
        .execute(&beside)
        .await?;
    assert_refused(
        desk.desk.unlock_profile(typed(PASSPHRASE)).await,
        ProblemCode::ProfileUnusable,
    );
    // It says nothing of an empty profile, and nothing is written over what could not be read.
    assert_asks(&desk, false).await?;
    let again = exchange.issue_password(at.office).await?;
    let over = desk
        .set_up(&exchange.connection_file(), &at.accounts, &again, "受付")
        .await;
    let over = over.map_err(|error| error.downcast::<desk_ipc::CommandError>().expect("a refusal"));
    assert_refused(over, ProblemCode::PassphraseRequired);
    let enrol = desk_ipc::EnrolStart {
        office_id: at.accounts.office.to_string(),
        issue_password: again,
        terminal_name: "受付".to_owned(),
    };
    assert_refused(desk.desk.enrol(enrol).await, ProblemCode::PassphraseRequired);
    sqlx::raw_sql("DELETE FROM value WHERE name = 'identity'; UPDATE value SET name = 'identity' WHERE name = 'kept'")
        .execute(&beside)
        .await?;
    beside.close().await;
    let stage = desk.desk.unlock_profile(typed(PASSPHRASE)).await?.stage;
    assert!(matches!(stage, Stage::Person { .. }), "{stage:?}");
    desk.sign_in(at.office, &at.accounts).await?;
    // The queue runs: it answers, and it sends.
    let (_, paths) = unit(&exchange.folder("files")?, 60, "home_plan")?;
    assert_eq!(desk.send_files(CompositionMode::Compose, paths).await?.sent, 1);
    Ok(())
}
