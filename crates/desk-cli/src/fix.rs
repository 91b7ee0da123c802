//! `check --fix DIR`: repaired copies as new files in a folder.
//!
//! Only what [`care_csv::repair`] knows one right answer for. The files that were given stay as they are, a file that
//! needs nothing is not copied, and nothing in the folder is ever replaced: running it again writes nothing new.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use care_csv::{Change, Repair, is_repairable, repair, unrepairable};
use care_model::{ExchangeFileName, Finding, FindingCode, limits::REPAIR_BYTES_MAX};
use serde::Serialize;

use crate::{
    check::{Planned, tally},
    files,
    output::{Failure, Output},
};

/// What `--fix` did, for programs; beside the lines of findings, which have no `type`.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FixLine<'a> {
    /// One change in a repaired copy.
    Change {
        /// The file that was given.
        file: &'a str,
        /// The copy in the folder.
        copy: &'a str,
        kind: &'static str,
        count: u32,
        row: Option<u32>,
        column: Option<u32>,
        before: Option<&'a str>,
        after: Option<&'a str>,
        message: String,
    },
    /// A repaired copy and what is still wrong with it alone; after its changes.
    Copy {
        file: &'a str,
        copy: &'a str,
        blocks: usize,
        warns: usize,
        notes: usize,
    },
}

/// Writes a repaired copy of every file for which there is one, and prints what changed.
pub(crate) fn fix(planned: &Planned, findings: &[Finding], folder: &Path, output: &Output) -> Result<(), Failure> {
    let mut copies = 0_usize;
    let mut unwritten = Vec::new();
    let mut by_file: BTreeMap<u32, Vec<Finding>> = BTreeMap::new();
    for finding in findings {
        if let Some(number) = finding.file {
            by_file.entry(number).or_default().push(finding.clone());
        }
    }
    for ((number, name), path) in (0..).zip(&planned.names).zip(&planned.paths) {
        let own = by_file.remove(&number).unwrap_or_default();
        // Nobody can tell which of two is meant; and of two that are the same one is enough.
        let doubled = own.iter().any(|finding| finding.code == FindingCode::Duplicate);
        if doubled || !is_repairable(&own, name) {
            continue;
        }
        let Some(bytes) = bytes_of(path)? else { continue };
        let Some(repaired) = repair(name, &bytes) else {
            for finding in unrepairable(name, &bytes) {
                planned.say(&finding.in_file(number), output);
            }
            continue;
        };
        if is_of_another(&repaired.name, number, &planned.names) {
            continue;
        }
        match write(folder, &repaired) {
            Ok(copy) => {
                copies += 1;
                tell(name, &copy, &repaired, output);
            }
            Err(why) => unwritten.push(why),
        }
    }
    if !unwritten.is_empty() {
        return Err(Failure::Unread(unwritten.join("\n")));
    }
    output.hint(&match copies {
        0 => messages::cli::fix_nothing(),
        _ => messages::cli::fix_done(copies, folder.display()),
    });
    Ok(())
}

/// A whole file; none if it is larger than what is repaired.
fn bytes_of(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(REPAIR_BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|_| files::unreadable(path))?;
    Ok(u64::try_from(bytes.len())
        .is_ok_and(|size| size <= REPAIR_BYTES_MAX)
        .then_some(bytes))
}

/// Whether another of the given files has the name already: the copy of a file must not pass for another.
fn is_of_another(name: &str, number: u32, names: &[String]) -> bool {
    (0..)
        .zip(names)
        .any(|(other, taken)| other != number && taken.eq_ignore_ascii_case(name))
}

/// Writes the copy; says why not.
fn write(folder: &Path, repaired: &Repair) -> Result<String, String> {
    let shown = &folder.display();
    fs::create_dir_all(folder).map_err(|_| messages::cli::fix_folder_unusable(shown))?;
    match desk::write_new(folder, &repaired.name, &repaired.bytes) {
        Ok(Some(copy)) => Ok(copy),
        Ok(None) => Err(messages::cli::fix_taken(&repaired.name, shown)),
        Err(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            Err(messages::cli::fix_full(shown, &repaired.name))
        }
        Err(_) => Err(messages::cli::fix_unwritten(&repaired.name, shown)),
    }
}

fn tell(file: &str, copy: &str, repaired: &Repair, output: &Output) {
    let [blocks, warns, notes] = match ExchangeFileName::parse(&repaired.name) {
        Ok(name) => tally(&care_csv::examine(&name, &repaired.bytes).findings),
        Err(_) => [0; 3],
    };
    output.words(|| vec![messages::cli::fix_file(copy)]);
    for change in &repaired.changes {
        let message = desk::change(change).message;
        let Change {
            kind,
            count,
            row,
            column,
            ref before,
            ref after,
        } = *change;
        let line = FixLine::Change {
            file,
            copy,
            kind: kind.as_str(),
            count,
            row,
            column,
            before: before.as_deref(),
            after: after.as_deref(),
            message: message.clone(),
        };
        output.say(&line, || vec![messages::cli::fix_change(message)]);
    }
    let line = FixLine::Copy {
        file,
        copy,
        blocks,
        warns,
        notes,
    };
    output.say(&line, || match blocks + warns + notes {
        0 => Vec::new(),
        _ => vec![messages::cli::fix_remaining(blocks, warns, notes)],
    });
}
