//! `analyse_100`: what happens to a drop of a hundred files before anything is sent.

use std::{fs, path::Path, time::Instant};

use anyhow::{Result, ensure};
use care_model::{Edition, NameReading, ServiceMonth};
use care_route::{SourceFile, plan};
use care_samples::{Samples, Size, UnitRequest};
use test_support::{CARE_MANAGEMENT, HOME_HELP};

use crate::figures::Figure;

/// Units of actuals, which have one file each.
const FILES: usize = 100;
const FILE_BYTES: usize = 200 * 1_024;
const RUNS: usize = 7;

/// Reads, digests, examines and routes 100 files of 200 KB in MS932; the middle of several runs.
pub(crate) fn analyse_100(scratch: &Path) -> Result<Figure> {
    fs::create_dir_all(scratch)?;
    let folder = tempfile::tempdir_in(scratch)?;
    let (from, to) = (HOME_HELP.party()?, CARE_MANAGEMENT.party()?);
    let mut samples = Samples::new(7);
    for _ in 0..FILES {
        let unit = samples.unit(&UnitRequest {
            unit: "home_actual",
            edition: Edition::V4,
            from,
            to,
            month: ServiceMonth::parse("202604")?,
            size: Size::Bytes(FILE_BYTES),
        })?;
        unit.write_into(folder.path())?;
    }
    let mut milliseconds = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        let planned = analyse(folder.path())?;
        milliseconds.push(start.elapsed().as_secs_f64() * 1_000.0);
        ensure!(planned == (FILES, FILES), "planned {planned:?}");
    }
    milliseconds.sort_unstable_by(f64::total_cmp);
    Ok(Figure::new("analyse_100", milliseconds[RUNS / 2]))
}

/// The number of deliveries, and of files in them. One thread for each core, as the desk does.
fn analyse(folder: &Path) -> Result<(usize, usize)> {
    let mut paths: Vec<_> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.sort_unstable();
    let threads = std::thread::available_parallelism()?.get();
    let share = paths.len().div_ceil(threads);
    let read = std::thread::scope(|scope| {
        let workers: Vec<_> = paths
            .chunks(share)
            .enumerate()
            .map(|(worker, paths)| {
                scope.spawn(move || {
                    let numbered = paths.iter().enumerate();
                    numbered
                        .map(|(place, path)| source((worker * share + place) as u32, path))
                        .collect::<Result<Vec<_>>>()
                })
            })
            .collect();
        let mut read = Vec::with_capacity(paths.len());
        for worker in workers {
            read.extend(worker.join().map_err(|_| anyhow::anyhow!("a reader panicked"))??);
        }
        anyhow::Ok(read)
    })?;
    let plan = plan(HOME_HELP.number()?, &[HOME_HELP.kind()?], &read);
    ensure!(
        plan.unplaced.is_empty() && plan.attachments.is_empty(),
        "a file has no place"
    );
    let files = plan.deliveries.iter().map(|delivery| delivery.files.len()).sum();
    Ok((plan.deliveries.len(), files))
}

fn source(number: u32, path: &Path) -> Result<SourceFile> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let NameReading::Standard(parsed) = NameReading::of(&name) else {
        anyhow::bail!("not a name of the standard: {name}");
    };
    let read = care_csv::read(&parsed, fs::File::open(path)?)?;
    Ok(SourceFile {
        number,
        name,
        size_bytes: read.size_bytes,
        digest: read.digest,
        facts: Some(read.facts),
    })
}
