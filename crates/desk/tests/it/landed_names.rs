//! Row 14 of the faults table, at the desk: what lands stays in the chosen folder, over nothing, whatever its name is and
//! whatever lies there.
#![cfg(unix)]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use desk_ipc::{DeskCommands, InboxStatus, Naming};
use fault_row::{Breaches, Row};
use test_support::CARE_MANAGEMENT;

use crate::support::{Offices, edit, pdf, pick_up};

/// Names that a file of a Unix desk may have, and a file of another system may not, or not beside the others.
const NAMES: &[&str] = &[
    "..\\..\\逃げる.pdf",
    "CON.pdf",
    "lpt1.pdf",
    "x\u{202e}fdp.pdf",
    "か\u{3099}.pdf",
    "が.pdf",
    "Ａ.pdf",
    "a.PDF",
    "A.pdf",
    "行\n末.pdf",
    "C:隠す.pdf",
    "desktop.ini.pdf",
    "長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長長.pdf",
];

/// Every file below a folder, no link followed, with its bytes.
fn below(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()? {
            kind if kind.is_dir() => found.extend(below(&entry.path())?),
            kind if kind.is_file() => drop(found.insert(entry.path(), fs::read(entry.path())?)),
            _ => {}
        }
    }
    Ok(found)
}

#[tokio::test(flavor = "multi_thread")]
async fn row_14_what_lands_follows_no_link_and_covers_nothing() -> Result<()> {
    let row = Row::open(14, "bad names received into a folder with links and namesakes in it");
    let offices = Offices::open().await?;
    let (desk, mut tried, mut breaches) = (&offices.service, 0, Breaches::default());
    let outside = offices.exchange.folder("outside")?;
    fs::write(outside.join("precious"), b"precious")?;
    for (number, (naming, flat)) in [
        (Naming::OfficeFolder, false),
        (Naming::TimeOfficeSerial, false),
        (Naming::TimeOfficeSerial, true),
        (Naming::OfficeFolder, true),
    ]
    .into_iter()
    .enumerate()
    {
        let mut settings = edit(&desk.desk.settings(()).await?);
        (settings.naming, settings.flat) = (naming, flat);
        desk.desk.change_settings(settings).await?;
        let from = offices.exchange.folder(&format!("from-{number}"))?;
        let mut files = Vec::new();
        for (place, name) in NAMES.iter().enumerate() {
            files.push(pdf(&from, name, 100 + place)?);
        }
        let wanted: Vec<Vec<u8>> = files.iter().map(fs::read).collect::<std::io::Result<_>>()?;
        let (made, sent) = offices.send_plan(140 + number as u64, files).await?;

        // In the folder lie: a link with the name of the office's folder, one with the name of a file, and namesakes.
        let target = offices.exchange.folder(&format!("target-{number}"))?;
        symlink(&outside, target.join(CARE_MANAGEMENT.number))?;
        symlink(outside.join("precious"), target.join(made.files[0].name.as_str()))?;
        fs::write(target.join("_CON.pdf"), b"somebody's own")?;
        pick_up(desk, sent.delivery, &target).await??;

        let there = below(&target)?;
        for bytes in wanted.iter().chain(made.files.iter().map(|file| &file.bytes)) {
            tried += 1;
            breaches.lost += u64::from(!there.values().any(|found| found == bytes));
        }
        breaches.lost += u64::from(fs::read(target.join("_CON.pdf"))? != b"somebody's own");
        breaches.doubled += (there.len() as u64).saturating_sub(1 + wanted.len() as u64 + made.files.len() as u64);
        // Nothing went along a link, nor beside the folder.
        let outside = below(&outside)?;
        breaches.leaked += u64::from(outside.len() != 1 || outside.values().next().context("it")? != b"precious");
        let rows = desk.arrived(&[sent.delivery]).await?;
        breaches.half += u64::from(!matches!(rows[0].status, InboxStatus::Received { here: true, .. }));
    }
    row.close(tried, breaches);
    Ok(())
}
