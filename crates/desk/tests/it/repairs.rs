//! 修正版: a copy in the file's place and beside the original, which stays as it is.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use care_model::ProblemCode;
use desk_ipc::{CompositionMode, CompositionView, DeskCommands, FileRow, RemoveFile, RepairRequest};
use test_support::OpenDesk;

use crate::support::{Offices, assert_refused, names_in, only, unit};

/// A plan whose first file another program has saved as UTF-8.
fn resaved(folder: &Path, seed: u64) -> Result<Vec<PathBuf>> {
    let (made, paths) = unit(folder, seed, "home_plan")?;
    std::fs::write(&paths[0], care_csv::decode(&made.files[0].bytes).as_bytes())?;
    Ok(paths)
}

fn rows(view: &CompositionView) -> impl Iterator<Item = &FileRow> {
    view.deliveries.iter().flat_map(|planned| &planned.files)
}

fn request(view: &CompositionView, named: &Path) -> Result<RepairRequest> {
    let name = named.file_name().context("a name")?.to_string_lossy();
    let mut all = rows(view).chain(&view.unplaced);
    let row = all.find(|row| row.name == name).context("no such row")?;
    Ok(RepairRequest {
        composition: view.id,
        file: row.file,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repaired_copy_is_sent_and_written_beside_its_original() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.manager.desk;
    let files = offices.exchange.folder("files")?;
    let paths = resaved(&files, 60)?;
    let original = std::fs::read(&paths[0])?;
    let view = offices.manager.compose(CompositionMode::Compose, paths.clone()).await?;
    assert!(!view.can_send);
    let repairable: Vec<bool> = rows(&view).map(|row| row.repairable).collect();
    assert_eq!(
        repairable.iter().filter(|repairable| **repairable).count(),
        1,
        "{view:?}"
    );

    let asked = request(&view, &paths[0])?;
    let preview = desk.preview_repair(asked.clone()).await?;
    assert_eq!(preview.name, preview.new_name);
    assert_eq!(preview.changes.len(), 1, "{preview:?}");
    assert!(preview.changes[0].message.contains("UTF-8") && preview.remaining.is_empty());
    assert_eq!(names_in(&files)?.len(), paths.len(), "a preview changes nothing");
    assert!(!desk.composition(view.id).await?.can_send);

    let repaired = desk.repair(asked.clone()).await?;
    assert!(repaired.composition.can_send, "{repaired:?}");
    let marked: Vec<(bool, bool)> = rows(&repaired.composition)
        .filter(|row| row.file == asked.file)
        .map(|row| (row.repaired, row.repairable))
        .collect();
    assert_eq!(marked, [(true, false)]);
    assert_eq!(repaired.saved_name.as_ref(), Some(&preview.new_name));
    let folder = repaired.saved_folder.context("a folder")?;
    assert!(repaired.saved);
    assert_eq!(names_in(&files.join(&folder))?, std::slice::from_ref(&preview.new_name));
    let copy = std::fs::read(files.join(&folder).join(&preview.new_name))?;
    assert_eq!(care_csv::decode(&copy).as_bytes(), original);
    assert_eq!(std::fs::read(&paths[0])?, original, "the original stays as it is");
    assert_refused(desk.repair(asked).await, ProblemCode::RepairImpossible);

    offices.manager.start_sending(view.id).await?;
    let id = only(&offices.manager.sent(view.id).await?.deliveries)?.delivery;
    offices.service.arrived(&[id]).await?;
    let target = offices.exchange.folder("received")?;
    offices.service.receive(&[id], &target).await?;
    let landed = target.join(&names_in(&target)?[0]).join(&preview.new_name);
    assert_eq!(std::fs::read(landed)?, copy);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_that_is_refused_has_written_nothing() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.manager.desk;
    let files = offices.exchange.folder("files")?;
    let paths = resaved(&files, 64)?;
    let view = offices.manager.compose(CompositionMode::Compose, paths.clone()).await?;
    let asked = request(&view, &paths[0])?;
    let remove = RemoveFile {
        composition: view.id,
        file: asked.file,
    };
    let (first, removed, second) = tokio::join!(
        desk.repair(asked.clone()),
        desk.remove_file(remove),
        desk.repair(asked.clone())
    );
    removed?;
    let made = [first, second].into_iter().filter(Result::is_ok).count();
    assert!(made <= 1);
    // What lies there beside the originals is the folder of the one repair that was told to have worked.
    assert_eq!(names_in(&files)?.len(), paths.len() + made);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_keeps_the_repaired_copy() -> Result<()> {
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let files = exchange.folder("files")?;
    let paths = resaved(&files, 61)?;
    let view = offices.manager.compose(CompositionMode::Compose, paths.clone()).await?;
    offices.manager.desk.repair(request(&view, &paths[0])?).await?;
    offices.manager.desk.save_draft(view.id).await?;
    std::fs::remove_dir_all(&files)?;
    offices.manager.desk.shutdown().await;

    let reopened = OpenDesk::open(&exchange.profile(&exchange.manager, "front")).await?;
    reopened
        .sign_in(exchange.manager.office, &exchange.manager.accounts)
        .await?;
    let opened = reopened.desk.open_draft(view.id).await?;
    assert!(opened.can_send && rows(&opened).any(|row| row.repaired), "{opened:?}");
    reopened.start_sending(view.id).await?;
    assert_eq!(reopened.sent(view.id).await?.sent, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_gone_does_not_keep_a_copy_from_being_sent() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let paths = resaved(&files, 62)?;
    let view = offices.manager.compose(CompositionMode::Compose, paths.clone()).await?;
    std::fs::remove_dir_all(&files)?;
    let repaired = offices.manager.desk.repair(request(&view, &paths[0])?).await?;
    assert_eq!(
        (repaired.saved, repaired.saved_folder, repaired.saved_name),
        (false, None, None)
    );
    assert!(repaired.composition.can_send && !files.exists());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_put_right_and_the_file_finds_its_place() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let (_, mut paths) = unit(&files, 63, "home_plan")?;
    let right = paths[0].clone();
    let name = right.file_name().context("a name")?.to_string_lossy().into_owned();
    let wide: String = name
        .chars()
        .map(|c| match c {
            '0'..='9' => char::from_u32(u32::from(c) - u32::from('0') + u32::from('０')).unwrap_or(c),
            c => c,
        })
        .collect();
    paths[0] = files.join(wide);
    std::fs::rename(&right, &paths[0])?;
    let view = offices.manager.compose(CompositionMode::Compose, paths.clone()).await?;
    assert!(!view.can_send);
    let repaired = offices.manager.desk.repair(request(&view, &paths[0])?).await?;
    assert_eq!(repaired.saved_name, Some(name));
    assert!(repaired.composition.can_send, "{repaired:?}");
    assert!(paths[0].exists() && !right.exists());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_repaired_is_refused_or_says_what_stands_in_the_way() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.manager.desk;
    let files = offices.exchange.folder("files")?;
    let paths = resaved(&files, 64)?;
    let text = std::fs::read_to_string(&paths[0])?;
    // A character of a name that MS932 lacks and that has no substitute.
    std::fs::write(&paths[0], text.replacen("\"", "\"\u{1f600}", 1))?;
    let view = offices.manager.compose(CompositionMode::Compose, paths.clone()).await?;
    let asked = request(&view, &paths[0])?;
    let preview = desk.preview_repair(asked.clone()).await?;
    assert!(preview.changes.is_empty());
    assert!(preview.remaining[0].message.contains("U+1F600"), "{preview:?}");
    assert_refused(desk.repair(asked.clone()).await, ProblemCode::RepairImpossible);
    let good = request(&view, &paths[1])?;
    assert_refused(desk.preview_repair(good.clone()).await, ProblemCode::RepairImpossible);
    assert_refused(desk.repair(good).await, ProblemCode::RepairImpossible);
    let unknown = RepairRequest { file: 999, ..asked };
    assert_refused(desk.repair(unknown.clone()).await, ProblemCode::RepairImpossible);
    desk.discard_composition(view.id).await?;
    assert_refused(desk.preview_repair(unknown).await, ProblemCode::CompositionUnknown);
    assert_eq!(names_in(&files)?.len(), paths.len());
    Ok(())
}
