//! 初期設定 with a certificate file, and every reason for which one is refused.

use std::path::Path;

use anyhow::Result;
use care_model::ProblemCode;
use chrono::TimeDelta;
use desk_ipc::{CertificateImport, CommandError, DeskCommands, Stage, StartView};
use test_support::{ExampleExchange, OpenDesk};

use crate::support::assert_refused;

const PASSWORD: &str = "mihon no kotoba";

/// A desk with the connection file, and nothing else yet.
async fn connected(exchange: &ExampleExchange, name: &str) -> Result<OpenDesk> {
    let desk = OpenDesk::open(&exchange.profile(&exchange.manager, name)).await?;
    desk.surface.answer_connection_file(&exchange.connection_file());
    desk.desk.choose_connection_file(()).await?;
    Ok(desk)
}

/// Chooses a certificate file in the dialog and types a password.
async fn import(desk: &OpenDesk, file: &Path, password: &str) -> Result<StartView, CommandError> {
    desk.surface.answer_certificate_file(file);
    let chosen = desk.desk.choose_certificate_file(()).await?.expect("a file");
    desk.desk
        .import_certificate(CertificateImport {
            file: chosen.id,
            password: password.to_owned(),
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_begins_with_a_certificate_file_and_renews_it_later() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let (file, terminal) = exchange.certificate_file(at.office, "相談室のPC", PASSWORD, 40).await?;
    let desk = connected(&exchange, "file").await?;
    let started = import(&desk, &file, PASSWORD).await?;
    let Stage::Person { office, .. } = started.stage else {
        panic!("{:?}", started.stage)
    };
    assert_eq!(
        (office.number, office.name.as_str()),
        (at.office.number()?, at.office.name)
    );
    desk.sign_in(at.office, &at.accounts).await?;
    // From then on it is a terminal like any other: its key is replaced by one that was never outside.
    desk.when(async || Ok((!desk.desk.home(()).await?.certificate.warns).then_some(())))
        .await?;
    let terminals = desk.desk.terminals(()).await?;
    assert!(
        terminals.len() == 1 && terminals[0].here && terminals[0].name == "相談室のPC",
        "{terminals:?}"
    );
    let again = connected(&exchange, "second").await?;
    let admin = exchange.admin().await?;
    admin.revoke_terminal(terminal).await?;
    admin.close().await;
    let refused = again
        .when(async || match import(&again, &file, PASSWORD).await {
            Err(error) if error.code == ProblemCode::CertificateRevoked => Ok(Some(error)),
            other => anyhow::bail!("{other:?}"),
        })
        .await;
    assert!(refused.is_ok(), "{refused:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_certificate_file_that_is_wrong_says_why_and_changes_nothing() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let elsewhere = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let (good, _) = exchange.certificate_file(at.office, "受付", PASSWORD, 700).await?;
    let (ended, _) = exchange.certificate_file(at.office, "受付", PASSWORD, -1).await?;
    let (foreign, _) = elsewhere.certificate_file(at.office, "受付", PASSWORD, 700).await?;
    let others = exchange.service.office;
    let (other_office, _) = exchange.certificate_file(others, "受付", PASSWORD, 700).await?;
    exchange.move_clock(TimeDelta::days(30));
    let (early, _) = exchange.certificate_file(at.office, "受付", PASSWORD, 700).await?;
    exchange.move_clock(TimeDelta::days(-30));
    let folder = exchange.folder("wrong")?;
    let (text, huge) = (folder.join("text.p12"), folder.join("huge.p12"));
    std::fs::write(&text, "証明書ではありません")?;
    let mut bytes = std::fs::read(&good)?;
    bytes.resize(64 * 1_024 + 1, 0);
    std::fs::write(&huge, bytes)?;

    let desk = connected(&exchange, "file").await?;
    for (file, password, code) in [
        (&text, PASSWORD, ProblemCode::CertificateFileUnreadable),
        (&huge, PASSWORD, ProblemCode::CertificateFileUnreadable),
        (&folder, PASSWORD, ProblemCode::CertificateFileUnreadable),
        (
            &folder.join("none.p12"),
            PASSWORD,
            ProblemCode::CertificateFileUnreadable,
        ),
        (&good, "another password", ProblemCode::CertificateFilePassword),
        (&foreign, PASSWORD, ProblemCode::CertificateFileForeign),
        (&ended, PASSWORD, ProblemCode::CertificateFileExpired),
        (&early, PASSWORD, ProblemCode::CertificateFileEarly),
    ] {
        assert_refused(import(&desk, file, password).await, code);
        let stage = desk.desk.start(()).await?.stage;
        assert!(
            matches!(
                stage,
                Stage::SetUp {
                    connection: Some(_),
                    ..
                }
            ),
            "{stage:?}"
        );
    }
    import(&desk, &good, PASSWORD).await?;
    // The profile has its office now, and keeps it.
    assert_refused(
        import(&desk, &other_office, PASSWORD).await,
        ProblemCode::CertificateFileOffice,
    );
    desk.sign_in(at.office, &at.accounts).await?;
    Ok(())
}
