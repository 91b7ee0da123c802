//! `check_1m`: a file of a million records, checked against its layout; how fast, and in how much memory.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use care_model::{Edition, ExchangeFileName, ServiceMonth};
use care_samples::{Samples, Size, UnitRequest};
use test_support::{CARE_MANAGEMENT, HOME_HELP};

use crate::figures::Figure;

const RECORDS: u32 = 1_000_000;
/// Recipients made at once: the file is never in memory as a whole, or its room would hide what the check takes.
const RECIPIENTS_AT_ONCE: u32 = 500;
const RUNS: usize = 5;

/// Records a second of the middle of several runs, and what the first takes of memory above what is there already.
pub(crate) fn check_1m(scratch: &Path) -> Result<[Figure; 2]> {
    fs::create_dir_all(scratch)?;
    let folder = tempfile::tempdir_in(scratch)?;
    let (name, path) = write_actuals(folder.path())?;
    let before = memory("VmRSS:")?;
    // The peak counts from here on.
    fs::write("/proc/self/clear_refs", "5")?;
    let mut rates = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        let read = care_csv::read(&name, File::open(&path)?)?;
        rates.push(f64::from(read.facts.records) / start.elapsed().as_secs_f64());
        ensure!(read.facts.records == RECORDS, "{} records", read.facts.records);
        ensure!(read.facts.findings.is_empty(), "{:?}", read.facts.findings);
    }
    let peak = memory("VmHWM:")?;
    rates.sort_unstable_by(f64::total_cmp);
    Ok([
        Figure::new("check_1m", rates[RUNS / 2]),
        Figure::new("check_1m_peak", (peak - before).max(0.0)),
    ])
}

/// One file of actuals, of other people in every part.
fn write_actuals(folder: &Path) -> Result<(ExchangeFileName, PathBuf)> {
    let mut written = 0;
    let mut target: Option<(ExchangeFileName, PathBuf, File)> = None;
    for seed in 1.. {
        let unit = Samples::new(seed).unit(&UnitRequest {
            unit: "home_actual",
            edition: Edition::V4,
            from: HOME_HELP.party()?,
            to: CARE_MANAGEMENT.party()?,
            month: ServiceMonth::parse("202604")?,
            size: Size::Recipients(RECIPIENTS_AT_ONCE),
        })?;
        let file = unit.files.first().context("actuals have one file")?;
        let (_, _, target) = match &mut target {
            Some(target) => target,
            None => {
                let path = folder.join(file.name.as_str());
                let made = File::create_new(&path)?;
                target.insert((file.name.clone(), path, made))
            }
        };
        // Actuals have no line end inside their text.
        let mut part = Vec::with_capacity(file.bytes.len());
        for record in file.bytes.split_inclusive(|byte| *byte == b'\n') {
            if written < RECORDS {
                part.extend_from_slice(record);
                written += 1;
            }
        }
        target.write_all(&part)?;
        if written == RECORDS {
            break;
        }
    }
    let (name, path, _) = target.context("nothing was made")?;
    Ok((name, path))
}

/// Memory of this process in megabytes. Linux only: it is read from the process table.
fn memory(what: &str) -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let kilobytes: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix(what))
        .and_then(|value| value.trim().strip_suffix(" kB"))
        .and_then(|value| value.parse().ok())
        .with_context(|| format!("no {what}"))?;
    Ok(kilobytes * 1_024.0 / 1_000_000.0)
}
