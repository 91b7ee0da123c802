//! Drafts: exactly as they were saved, whatever happens to the originals.

use anyhow::{Context, Result};
use care_model::ProblemCode;
use desk_ipc::{CompositionMode, DeskCommands, EditNote};
use test_support::OpenDesk;

use crate::support::{Offices, assert_refused, pdf, unit};

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_survives_its_originals_and_a_restart() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let (made, mut paths) = unit(&files, 20, "home_plan")?;
    paths.push(pdf(&files, "資料.pdf", 500)?);
    let view = offices.manager.compose(CompositionMode::Compose, paths).await?;
    let note = |note: &str| EditNote {
        composition: view.id,
        delivery: None,
        note: note.to_owned(),
    };
    offices.manager.desk.edit_note(note("保存したメッセージ")).await?;
    offices.manager.desk.save_draft(view.id).await?;
    offices.manager.desk.edit_note(note("保存しなかったメッセージ")).await?;
    std::fs::remove_dir_all(&files)?;
    offices.manager.desk.shutdown().await;

    let exchange = &offices.exchange;
    let reopened = OpenDesk::open(&exchange.profile(&exchange.manager, "front")).await?;
    reopened
        .sign_in(exchange.manager.office, &exchange.manager.accounts)
        .await?;
    let drafts = reopened.desk.drafts(()).await?;
    assert_eq!(drafts.len(), 1);
    assert_eq!((drafts[0].note.as_str(), drafts[0].files), ("保存したメッセージ", 5));
    let view = reopened.desk.open_draft(drafts[0].id).await?;
    assert_eq!(view.deliveries[0].note, "保存しなかったメッセージ");
    reopened.desk.discard_composition(view.id).await?;
    let view = reopened.desk.open_draft(drafts[0].id).await?;
    assert_eq!(view.deliveries[0].note, "保存したメッセージ");
    assert_eq!(view.deliveries[0].files.len(), made.files.len() + 1);
    assert!(view.can_send && view.is_draft, "{view:?}");
    reopened.start_sending(view.id).await?;
    assert_eq!(reopened.sent(view.id).await?.sent, 1);
    // A draft that was sent is used up.
    assert!(reopened.desk.drafts(()).await?.is_empty());
    assert_refused(reopened.desk.open_draft(view.id).await, ProblemCode::CompositionUnknown);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispatch_is_no_draft_and_a_discarded_draft_stays_saved() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let (_, paths) = unit(&files, 21, "home_plan")?;
    let view = offices
        .manager
        .compose(CompositionMode::Dispatch, paths.clone())
        .await?;
    assert!(offices.manager.desk.save_draft(view.id).await.is_err());
    let view = offices.manager.compose(CompositionMode::Compose, paths).await?;
    offices.manager.desk.save_draft(view.id).await?;
    offices.manager.desk.discard_composition(view.id).await?;
    assert_refused(
        offices.manager.desk.composition(view.id).await,
        ProblemCode::CompositionUnknown,
    );
    assert_eq!(offices.manager.desk.home(()).await?.figures.drafts, 1);
    offices.manager.desk.open_draft(view.id).await?;
    offices.manager.desk.discard_composition(view.id).await?;
    offices.manager.desk.delete_drafts(vec![view.id]).await?;
    assert!(offices.manager.desk.drafts(()).await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_cannot_be_read_hides_no_other_draft() -> Result<()> {
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let files = exchange.folder("files")?;
    let profile = exchange.profile(&exchange.manager, "front");
    let (_, good) = unit(&files, 22, "home_plan")?;
    let kept = offices.manager.compose(CompositionMode::Compose, good).await?;
    offices.manager.desk.save_draft(kept.id).await?;
    let before = crate::support::names_in(&profile.join("spool"))?;
    let (_, bad) = unit(&files, 23, "home_plan")?;
    let hurt = offices.manager.compose(CompositionMode::Compose, bad).await?;
    offices.manager.desk.save_draft(hurt.id).await?;
    offices.manager.desk.shutdown().await;
    let after = crate::support::names_in(&profile.join("spool"))?;
    let copy = after.iter().find(|name| !before.contains(name)).context("a copy")?;
    std::fs::write(profile.join("spool").join(copy), b"damaged")?;

    let reopened = OpenDesk::open(&profile).await?;
    reopened
        .sign_in(exchange.manager.office, &exchange.manager.accounts)
        .await?;
    assert_eq!(reopened.desk.drafts(()).await?.len(), 2);
    assert!(reopened.desk.open_draft(kept.id).await?.can_send);
    let opened = reopened.desk.open_draft(hurt.id).await?;
    assert!(!opened.can_send && opened.unplaced.len() == 1, "{opened:?}");
    assert_eq!(opened.unplaced[0].findings[0].code, "drop_unreadable");
    Ok(())
}
