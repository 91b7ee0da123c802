//! `docs/FORMAT.md`, for makers of care software: what the standard's files look like and what `careplan` says of them.
//!
//! The document is made of the same tables that check the files, of the catalogue's sentences, and of what the real
//! `careplan` answers to the examples in `docs/format/examples.toml`, so it cannot promise what the program does not do.
//! Its own prose stands in `docs/format/guide.md`, with a line `{{part}}` for each part that is made here.
//! The test compares; `cargo xtask format` writes.

mod edits;
mod findings;
mod layouts;
mod repairs;
mod units;
mod words;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use edits::Edit;
use words::Words;

/// The variable by which `cargo xtask format` asks for the document to be written.
const WRITE: &str = "CAREPLAN_WRITE_FORMAT";

#[test]
fn the_format_document_says_what_the_program_does() {
    let words = Words::read();
    let guide = read("docs/format/guide.md");
    let parts = BTreeMap::from([
        ("names", units::names(&words)),
        ("units_4", units::units(care_model::Edition::V4, &words)),
        ("units_3", units::units(care_model::Edition::V3, &words)),
        ("layouts", layouts::layouts(&words)),
        ("codes", layouts::codes(&words)),
        ("findings", findings::findings(&words)),
        ("repairs", repairs::repairs(&words)),
        ("show", show()),
        ("diff", diff()),
        ("fix", fix()),
    ]);
    let text = filled(&guide, &parts);
    let path = root().join("docs/FORMAT.md");
    if std::env::var_os(WRITE).is_some() {
        fs::write(path, text).unwrap();
        return;
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    // Not compared by `assert_eq`, which would print both.
    assert!(
        found == text,
        "docs/FORMAT.md is not up to date: run `cargo xtask format`"
    );
}

/// The guide with every line `{{part}}` replaced; a part that is not asked for, or not made, is a mistake.
fn filled(guide: &str, parts: &BTreeMap<&str, String>) -> String {
    let mut text = String::new();
    let mut used = Vec::new();
    for line in guide.lines() {
        match line.strip_prefix("{{").and_then(|line| line.strip_suffix("}}")) {
            Some(name) => {
                text.push_str(
                    parts
                        .get(name)
                        .unwrap_or_else(|| panic!("{name} is no part"))
                        .trim_end(),
                );
                used.push(name);
            }
            None => text.push_str(line),
        }
        text.push('\n');
    }
    for name in parts.keys() {
        assert!(used.contains(name), "docs/format/guide.md has no line {{{{{name}}}}}");
    }
    text
}

/// What a person reads of a good unit.
fn show() -> String {
    let folder = tempfile::tempdir().unwrap();
    write(&edits::sample("home_schedule", "4.1"), folder.path());
    let output = careplan(&["show"], &[folder.path()]);
    assert_eq!(output.status.code(), Some(0), "{}", crate::errors(&output));
    block(&output)
}

/// What a person reads of a plan and actuals, of which one visit was left out and one was at another time.
fn diff() -> String {
    let (plan, actual) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(&edits::sample("home_schedule", "4.1"), plan.path());
    let mut files = edits::sample("home_actual", "4.1");
    for edit in [
        Edit {
            row: Some(2),
            column: Some(13),
            value: Some("1000".to_owned()),
            ..Edit::default()
        },
        Edit {
            row: Some(3),
            record: Some(String::new()),
            ..Edit::default()
        },
    ] {
        edits::apply(&edit, &mut files);
    }
    write(&files, actual.path());
    let output = careplan(&["diff"], &[plan.path(), actual.path()]);
    assert!(
        output.status.code().is_some_and(|code| code < 2),
        "{}",
        crate::errors(&output)
    );
    block(&output)
}

/// What a program reads when one file can be repaired.
fn fix() -> String {
    let (folder, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut files = edits::sample("home_schedule", "4.1");
    let edit = Edit {
        file: "UPPLAN".to_owned(),
        line_end: Some("lf".to_owned()),
        encoding: Some("utf-8".to_owned()),
        ..Edit::default()
    };
    edits::apply(&edit, &mut files);
    write(&files, folder.path());
    let copies = copies.path().to_str().unwrap();
    let output = careplan(&["check", "--json", "--fix", copies], &[folder.path()]);
    assert_eq!(output.status.code(), Some(1), "{}", crate::errors(&output));
    block(&output).replace("```text", "```json")
}

/// What was printed, as a block of the document.
fn block(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    format!("```text\n{}\n```", lines.join("\n").trim_end())
}

fn write(files: &edits::Files, folder: &Path) {
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
    }
}

/// Runs the real program on folders.
fn careplan(words: &[&str], folders: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_careplan"))
        .args(words)
        .args(folders)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The folder of the checkout.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A row of a Markdown table.
fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells
        .iter()
        .map(|cell| cell.replace('|', "\\|").replace('\n', " "))
        .collect();
    format!("| {} |\n", cells.join(" | "))
}

/// The head of a Markdown table.
fn head(cells: &[String]) -> String {
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let rule = vec!["---"; cells.len()];
    row(&cells) + &row(&rule)
}
