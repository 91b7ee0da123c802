//! Times what a drop costs: `cargo run --release -p care-route --example analyse` reads, digests, examines and plans a
//! hundred files of about 200 KB, several times, and prints the best and the middle time.

use std::error::Error;
use std::io::Write as _;
use std::time::Instant;

use care_model::{Edition, NameReading, ServiceMonth};
use care_route::{SourceFile, plan};
use care_samples::{ExampleOffices, Samples, Size, UnitRequest};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let offices = ExampleOffices::new()?;
    let mut samples = Samples::new(1);
    for _ in 0..100 {
        let unit = samples.unit(&UnitRequest {
            unit: "home_actual",
            edition: Edition::V4,
            from: offices.home_help,
            to: offices.care_management,
            month: ServiceMonth::parse("202604")?,
            size: Size::Bytes(200_000),
        })?;
        unit.write_into(folder.path())?;
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder.path())? {
        paths.push(entry?.path());
    }
    let mut times = Vec::new();
    let mut bytes = 0;
    for _ in 0..21 {
        let start = Instant::now();
        let mut files = Vec::with_capacity(paths.len());
        bytes = 0;
        for (number, path) in (1..).zip(&paths) {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            let reading = NameReading::of(&name);
            let standard = reading.standard().ok_or("not a standard name")?;
            let read = care_csv::read(standard, std::fs::File::open(path)?)?;
            bytes += read.size_bytes;
            files.push(SourceFile {
                number,
                name,
                size_bytes: read.size_bytes,
                digest: read.digest,
                facts: Some(read.facts),
            });
        }
        let plan = plan(offices.home_help.office, &[offices.home_help.kind], &files);
        times.push(start.elapsed());
        if plan.deliveries.len() != 100 || plan.deliveries.iter().any(|delivery| delivery.blocked) {
            return Err("the samples did not plan as a hundred deliveries".into());
        }
    }
    times.sort_unstable();
    let middle = times[times.len() / 2];
    writeln!(
        std::io::stdout(),
        "{bytes} bytes in 100 files: best {:.1} ms, middle {:.1} ms",
        times[0].as_secs_f64() * 1e3,
        middle.as_secs_f64() * 1e3
    )?;
    Ok(())
}
