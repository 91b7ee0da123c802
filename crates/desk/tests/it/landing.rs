//! Folders that cannot take a delivery, and names that must not be followed.

use std::path::Path;

use anyhow::Result;
use care_model::ProblemCode;
use desk_ipc::{DeskCommands, InboxStatus};

use crate::support::{Offices, SmallDisk, assert_refused, names_in, pdf, pick_up};

/// Root may write anywhere, so a folder is taken from it by the system's own flag, if that is possible here.
fn read_only(folder: &Path) -> bool {
    let flagged = std::process::Command::new("chattr").arg("+i").arg(folder).status();
    let mut permissions = std::fs::metadata(folder).expect("the folder").permissions();
    permissions.set_readonly(true);
    let _ = std::fs::set_permissions(folder, permissions);
    flagged.is_ok_and(|status| status.success()) || std::fs::write(folder.join("probe"), b"").is_err()
}

fn writable(folder: &Path) {
    let _ = std::process::Command::new("chattr").arg("-i").arg(folder).status();
    #[cfg(unix)]
    let _ = std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_take_it_changes_nothing() -> Result<()> {
    let offices = Offices::open().await?;
    let (_, row) = offices.send_plan(10, Vec::new()).await?;
    let gone = offices.exchange.folder("gone")?;
    std::fs::remove_dir(&gone)?;
    let refused = pick_up(&offices.service, row.delivery, &gone).await?;
    assert_refused(refused, ProblemCode::FolderMissing);

    let locked = offices.exchange.folder("locked")?;
    if read_only(&locked) {
        let refused = pick_up(&offices.service, row.delivery, &locked).await?;
        writable(&locked);
        assert_refused(refused, ProblemCode::FolderReadOnly);
        assert!(names_in(&locked)?.is_empty());
    }
    writable(&locked);
    let rows = offices.service.arrived(&[row.delivery]).await?;
    assert!(
        matches!(rows[0].status, InboxStatus::Waiting { problem: None }),
        "{rows:?}"
    );
    // Nothing was claimed: it is there for whoever has a folder.
    let good = offices.exchange.folder("good")?;
    pick_up(&offices.service, row.delivery, &good).await??;
    assert_eq!(names_in(&good)?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_before_the_claim() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let large = pdf(&files, "資料.pdf", 600_000)?;
    let (_, row) = offices.send_plan(11, vec![large]).await?;
    // Without the right to mount, the same check is held by the unit test of `landing::check_folder`.
    if let Some(disk) = SmallDisk::mount(offices.exchange.folder("small")?, "256k") {
        let refused = pick_up(&offices.service, row.delivery, &disk.0).await?;
        assert_refused(refused, ProblemCode::FolderFull);
        assert!(names_in(&disk.0)?.is_empty());
    }
    let rows = offices.service.arrived(&[row.delivery]).await?;
    assert!(
        matches!(rows[0].status, InboxStatus::Waiting { problem: None }),
        "{rows:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_never_overwritten_and_odd_names_are_made_safe() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let odd = ["CON.pdf", "a:b?.pdf", "..\u{202e}fdp.pdf"]
        .into_iter()
        .map(|name| pdf(&files, name, 10))
        .collect::<Result<Vec<_>>>()?;
    let (_, row) = offices.send_plan(12, odd).await?;
    let target = offices.exchange.folder("received")?;
    let at = row.at + chrono::TimeDelta::hours(9);
    let taken = format!("{}_9970100013", at.format("%Y%m%d%H%M%S"));
    let row = offices.service.receive(&[row.delivery], &target).await?.remove(0);
    let InboxStatus::Received {
        folder_name: Some(folder),
        ..
    } = row.status
    else {
        panic!("{row:?}")
    };
    assert!(folder.starts_with(&taken), "{folder} {taken}");
    let landed = names_in(&target.join(folder))?;
    for name in ["_CON.pdf", "a_b_.pdf", "_.fdp.pdf"] {
        assert!(landed.iter().any(|landed| landed == name), "{name} in {landed:?}");
    }
    assert_eq!(names_in(&target)?.len(), 1);
    offices.service.desk.inbox(desk_ipc::ListRequest::first()).await?;
    Ok(())
}
