//! New versions of the client: offered by the exchange, believed only with the publisher's signature (ADR 0019).

use std::{io::Cursor, path::PathBuf};

use anyhow::Result;
use care_model::ProblemCode;
use desk::ports::UpdateChannel;
use desk_ipc::{CompositionMode, DeskCommands, UpdateView};
use minisign::KeyPair;
use test_support::{ExampleExchange, OpenDesk, UPDATE_NOTES};

use crate::support::{assert_refused, names_in, unit};

const TARGET: &str = "linux-x86_64-deb";
const INSTALLER: &[u8] = b"an installer";

/// A desk of version 1.0.0 that believes one publisher.
struct Scene {
    exchange: ExampleExchange,
    desk: OpenDesk,
    publisher: KeyPair,
    folder: PathBuf,
}

impl Scene {
    async fn open() -> Result<Self> {
        let exchange = ExampleExchange::start().await?;
        let desk = exchange.desk(&exchange.manager, "front").await?;
        let publisher = KeyPair::generate_unencrypted_keypair()?;
        let folder = exchange.folder("updates-here")?;
        desk.surface.answer_updates(UpdateChannel {
            target: TARGET.to_owned(),
            version: "1.0.0".to_owned(),
            publisher_key: publisher.pk.to_base64(),
            folder: folder.clone(),
            ending: "deb",
        });
        Ok(Self {
            exchange,
            desk,
            publisher,
            folder,
        })
    }

    /// Puts up an installer whose signature says this.
    fn publish(&self, version: &str, installer: &[u8], signature: &str) -> Result<()> {
        self.exchange.publish_update(TARGET, version, installer, signature)
    }

    async fn check(&self) -> Result<UpdateView> {
        Ok(self.desk.desk.check_update(()).await?)
    }

    /// Asserts that the installer is refused as not the publisher's, and that nothing of it stays or runs.
    async fn assert_untrusted(&self) -> Result<()> {
        assert_refused(self.desk.desk.install_update(()).await, ProblemCode::UpdateUntrusted);
        assert_eq!(self.desk.surface.installed(), Vec::<PathBuf>::new());
        assert!(!self.folder.exists(), "{:?}", names_in(&self.folder));
        Ok(())
    }
}

fn signed(by: &KeyPair, installer: &[u8], comment: &str) -> Result<String> {
    let signature = minisign::sign(Some(&by.pk), &by.sk, Cursor::new(installer), Some(comment), None)?;
    Ok(signature.into_string())
}

fn comment(version: &str) -> String {
    format!("careplan-exchange {version} {TARGET}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_publisher_signed_is_offered_in_words_and_handed_over() -> Result<()> {
    let scene = Scene::open().await?;
    assert_eq!(scene.check().await?, UpdateView::Current);
    scene.publish(
        "1.1.0",
        INSTALLER,
        &signed(&scene.publisher, INSTALLER, &comment("1.1.0"))?,
    )?;
    assert_eq!(
        scene.check().await?,
        UpdateView::Available {
            version: "1.1.0".to_owned(),
            notes: UPDATE_NOTES.to_owned(),
            waits: false,
        }
    );
    scene.desk.desk.install_update(()).await?;
    let installer = scene.folder.join("careplan-exchange-1.1.0.deb");
    assert_eq!(scene.desk.surface.installed(), std::slice::from_ref(&installer));
    assert_eq!(std::fs::read(&installer)?, INSTALLER);
    assert_eq!(names_in(&scene.folder)?, ["careplan-exchange-1.1.0.deb"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_changed_byte_is_refused() -> Result<()> {
    let scene = Scene::open().await?;
    let signature = signed(&scene.publisher, INSTALLER, &comment("1.1.0"))?;
    scene.publish("1.1.0", b"an installeR", &signature)?;
    scene.assert_untrusted().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_signed_or_nobody_is_refused() -> Result<()> {
    let scene = Scene::open().await?;
    let stranger = KeyPair::generate_unencrypted_keypair()?;
    for signature in [
        signed(&stranger, INSTALLER, &comment("1.1.0"))?,
        "no signature".to_owned(),
    ] {
        scene.publish("1.1.0", INSTALLER, &signature)?;
        scene.assert_untrusted().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_installer_is_not_taken_for_a_newer_version() -> Result<()> {
    let scene = Scene::open().await?;
    for said in [
        comment("0.9.0"),
        "careplan-exchange 1.1.0 windows-x86_64-msi".to_owned(),
    ] {
        scene.publish("1.1.0", INSTALLER, &signed(&scene.publisher, INSTALLER, &said)?)?;
        scene.assert_untrusted().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_or_an_older_version_is_not_offered() -> Result<()> {
    let scene = Scene::open().await?;
    for version in ["1.0.0", "0.9.0"] {
        scene.publish(
            version,
            INSTALLER,
            &signed(&scene.publisher, INSTALLER, &comment(version))?,
        )?;
        assert_eq!(scene.check().await?, UpdateView::Current, "{version}");
        assert_refused(scene.desk.desk.install_update(()).await, ProblemCode::UpdateUnreachable);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_waits_for_what_is_being_sent() -> Result<()> {
    let scene = Scene::open().await?;
    scene.publish(
        "1.1.0",
        INSTALLER,
        &signed(&scene.publisher, INSTALLER, &comment("1.1.0"))?,
    )?;
    // Slow enough that the send is under way for as long as is looked.
    scene.exchange.line.delay(std::time::Duration::from_millis(400));
    let files = scene.exchange.folder("files")?;
    let (_, paths) = unit(&files, 7, "home_plan")?;
    let view = scene.desk.compose(CompositionMode::Compose, paths).await?;
    scene.desk.start_sending(view.id).await?;
    scene.desk.is_transferring(true).await;
    assert_refused(scene.desk.desk.install_update(()).await, ProblemCode::UpdateWaits);
    assert_eq!(scene.desk.surface.installed(), Vec::<PathBuf>::new());
    scene.exchange.line.delay(std::time::Duration::ZERO);
    scene.desk.sent(view.id).await?;
    // The last word of a transfer comes a moment before its end.
    scene.desk.is_transferring(false).await;
    scene.desk.desk.install_update(()).await?;
    assert_eq!(scene.desk.surface.installed().len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_looks_for_none_and_an_exchange_out_of_reach_say_so() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.exchange.stop().await;
    assert_refused(scene.desk.desk.check_update(()).await, ProblemCode::UpdateUnreachable);
    scene.exchange.restart().await?;
    let off = scene.exchange.desk(&scene.exchange.service, "front").await?;
    assert_eq!(off.desk.check_update(()).await?, UpdateView::Off);
    Ok(())
}
