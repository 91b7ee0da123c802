//! Folders that cannot take a delivery, and names that must not be followed.

use std::path::Path;

use anyhow::Result;
use care_model::ProblemCode;
use desk_ipc::{DeskCommands, InboxStatus};
use exchange_protocol::PartRole;
use test_support::HOME_HELP;

use crate::support::{Offices, SmallDisk, assert_refused, names_in, pdf, pick_up, send_raw};

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

/// A text is all that the exchange sees, and a double click on its name would run it.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_program_sends_never_runs_by_its_name() -> Result<()> {
    let offices = Offices::open().await?;
    let rogue = offices.exchange.terminal(&offices.exchange.manager, "rogue").await?;
    let sent = ["請求書.bat", "請求書.pdf.lnk", "../../.bashrc", "写真.JPG"];
    let cover = serde_json::to_vec(&serde_json::json!({ "note": "", "attachments": sent }))?;
    let mut parts: Vec<(PartRole, Option<&str>, &[u8])> = vec![(PartRole::Cover, None, &cover)];
    parts.extend(
        sent.iter()
            .map(|_| (PartRole::Attachment, None, b"start calc.exe\r\n".as_slice())),
    );
    let delivery = send_raw(&rogue, HOME_HELP.party()?, None, &parts)
        .await?
        .expect("it is accepted");
    offices.service.arrived(&[delivery]).await?;
    let target = offices.exchange.folder("received")?;
    offices.service.receive(&[delivery], &target).await?;
    let folder = names_in(&target)?;
    assert_eq!(folder.len(), 1, "{folder:?}");
    let landed = names_in(&target.join(&folder[0]))?;
    let mut expected = ["請求書.bat.txt", "請求書.pdf.lnk.txt", "_._.._.bashrc.txt", "写真.JPG"];
    expected.sort_unstable();
    assert_eq!(landed, expected);

    // A name that is none of the standard's is no standard file, and nothing of it lands.
    let parts: [(PartRole, Option<&str>, &[u8]); 1] = [(PartRole::StandardFile, Some("setup.bat"), b"start calc.exe")];
    let delivery = send_raw(&rogue, HOME_HELP.party()?, None, &parts)
        .await?
        .expect("it is accepted");
    offices.service.arrived(&[delivery]).await?;
    let elsewhere = offices.exchange.folder("elsewhere")?;
    let refused = pick_up(&offices.service, delivery, &elsewhere).await?;
    assert_refused(refused, ProblemCode::HeaderMismatch);
    assert_eq!(names_in(&elsewhere)?, Vec::<String>::new());
    Ok(())
}
