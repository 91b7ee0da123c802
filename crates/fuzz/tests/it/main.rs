//! The kept inputs, and a short run of changed ones: what `cargo xtask fuzz` does for hours, in seconds.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use fault_row::{Breaches, Form, Row};
use fuzz::{TARGETS, Target, mutate::Mutations};

/// Kilobytes that the kept inputs of all targets may have together.
const CORPUS_KB_MAX: u64 = 1_000;
/// How many times as many changed inputs the long form has.
const LONGER: usize = 40;

fn folder(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name)
}

/// The kept inputs of a target with their file names, in order.
fn corpus(target: &Target) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = fs::read_dir(folder(target))
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    all.sort();
    all
}

/// Runs one input; one that fails is written where it can be kept.
fn run(target: &Target, input: &[u8], what: &str) {
    if catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_err() {
        let found = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{what}", target.name));
        fs::write(&found, input).unwrap();
        panic!(
            "{what} breaks {}; the input is in {}: mend it and keep the input in crates/fuzz/corpus/{}",
            target.name,
            found.display(),
            target.name
        );
    }
}

/// Replays the corpus and `changed` inputs that are made from it; the long form of the row makes more of them.
fn replay(name: &'static str, changed: usize) {
    let row = Row::open(15, name);
    let target = fuzz::target(name).unwrap();
    let kept = corpus(target);
    assert!(!kept.is_empty(), "{name} has no corpus");
    for (file, input) in &kept {
        assert!(input.len() <= target.bytes_max, "{name}/{file} is over the bound");
        run(target, input, file);
    }
    let changed = match row.form() {
        Form::Short => changed,
        Form::Long => changed * LONGER,
    };
    let (seed, count) = (row.seed(), kept.len() + changed);
    let inputs: Vec<Vec<u8>> = kept.into_iter().map(|(_, input)| input).collect();
    for (number, input) in Mutations::new(target, &inputs, seed).take(changed).enumerate() {
        run(target, &input, &format!("seed-{seed}-number-{number}"));
    }
    row.close(count as u64, Breaches::default());
}

#[test]
fn row_15_names() {
    replay("name", 100_000);
}

#[test]
fn row_15_contents() {
    replay("csv", 5_000);
}

#[test]
fn row_15_text_and_records() {
    replay("text", 10_000);
}

#[test]
fn row_15_repairs() {
    replay("repair", 1_500);
}

#[test]
fn row_15_readings() {
    replay("reading", 2_000);
}

#[test]
fn row_15_piles() {
    replay("bundle", 3_000);
}

#[test]
fn row_15_deliveries_in_one_request() {
    replay("envelope", 60_000);
}

#[test]
fn row_15_refusals() {
    replay("problem", 60_000);
}

#[test]
fn row_15_connection_files() {
    replay("connection", 15_000);
}

#[test]
fn row_15_certificate_files() {
    // Each one that is whole costs what its password is made to cost.
    replay("certificate_file", 1_500);
}

#[test]
fn row_15_ranges() {
    replay("range", 60_000);
}

#[test]
fn row_15_settings() {
    // Each one is a file, and is read from it.
    replay("settings", 3_000);
}

#[test]
fn row_15_certificates_that_terminals_show() {
    replay("shown_certificate", 20_000);
}

#[test]
fn row_15_columns_after_damage() {
    replay("stored", 40_000);
}

#[test]
fn a_broken_property_is_noticed() {
    let target = Target {
        name: "noticed",
        run: |bytes| assert!(bytes.is_empty()),
        words: &[],
        bytes_max: 1,
    };
    assert!(catch_unwind(|| run(&target, b"x", "input")).is_err());
    run(&target, b"", "input");
}

#[test]
fn the_corpus_is_small_and_every_folder_is_a_targets() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut bytes = 0;
    for entry in fs::read_dir(root).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert!(fuzz::target(&name).is_some(), "{name} is no target");
        for file in fs::read_dir(entry.path()).unwrap() {
            bytes += file.unwrap().metadata().unwrap().len();
        }
    }
    assert_eq!(
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"))
            .unwrap()
            .count(),
        TARGETS.len()
    );
    assert!(bytes <= CORPUS_KB_MAX * 1_000, "{bytes} bytes");
}
