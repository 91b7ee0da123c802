//! Plans each folder of files by itself and prints what becomes of it, one line for each folder:
//! `cargo run -p care-route --example plan_folders -- SENDER FOLDER…` (`-` takes the sender of the first name).

use std::error::Error;
use std::fs;
use std::io::Write as _;

use care_model::{Digest, NameReading, OfficeNumber};
use care_route::{SourceFile, plan};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let sender = arguments.next().ok_or("a sender is needed")?;
    let mut out = std::io::stdout().lock();
    for folder in arguments {
        let mut paths: Vec<_> = fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
        paths.sort_by_key(fs::DirEntry::file_name);
        let mut files = Vec::new();
        for (number, entry) in (1..).zip(paths) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let (size_bytes, digest, facts) = match NameReading::of(&name).standard() {
                Some(standard) => {
                    let read = care_csv::read(standard, fs::File::open(entry.path())?)?;
                    (read.size_bytes, read.digest, Some(read.facts))
                }
                None => {
                    let bytes = fs::read(entry.path())?;
                    (bytes.len() as u64, Digest::of(&bytes), None)
                }
            };
            files.push(SourceFile {
                number,
                name,
                size_bytes,
                digest,
                facts,
            });
        }
        let office = match sender.as_str() {
            "-" => files
                .iter()
                .find_map(|file| Some(NameReading::of(&file.name).standard()?.from.office))
                .ok_or("no name tells a sender")?,
            number => OfficeNumber::parse(number)?,
        };
        let plan = plan(office, &[], &files);
        write!(out, "{folder}:")?;
        for delivery in &plan.deliveries {
            let unit = delivery.unit.map_or("-", |unit| unit.id);
            let state = if delivery.blocked { "blocked" } else { "ready" };
            write!(out, " [{unit} {state} files={}", delivery.files.len())?;
            let of_files = delivery.file_findings.iter().map(|(_, finding)| finding);
            for finding in delivery.findings.iter().chain(of_files) {
                write!(out, " {}={}", finding.severity.as_str(), finding.message_key())?;
            }
            write!(out, "]")?;
        }
        for (_, findings) in &plan.unplaced {
            for finding in findings {
                write!(out, " unplaced:{}={}", finding.severity.as_str(), finding.message_key())?;
            }
        }
        writeln!(out, " attachments={}", plan.attachments.len())?;
    }
    Ok(())
}
