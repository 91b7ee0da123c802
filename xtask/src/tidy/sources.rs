//! Rules that hold for every source file by itself.

use super::{Flaw, Source};
use crate::bindings;

/// Lines of one file.
const LINES_MAX: usize = 600;

/// Words that leave work behind, split so that this file does not find itself.
const LEFT_BEHIND: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];

/// The attribute that skips a test.
const SKIPPED: &str = concat!("#[ign", "ore");

pub(super) fn flaws(source: &Source) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let path = &source.path;
    let generated = bindings::files().iter().any(|(generated, _)| generated == path);
    let code = !path.ends_with(".toml") && !path.ends_with(".yml");
    let lines = source.text.lines().count();
    if code && !generated && lines > LINES_MAX {
        flaws.push(format!("{path}: {lines} lines, {LINES_MAX} at most"));
    }
    for (number, line) in source.text.lines().enumerate() {
        let at = format!("{path}:{}", number + 1);
        if let Some(word) = LEFT_BEHIND.iter().find(|word| line.contains(**word)) {
            flaws.push(format!("{at}: {word} is left behind"));
        }
        if path.ends_with(".rs") && line.contains(SKIPPED) {
            flaws.push(format!("{at}: a test is skipped"));
        }
    }
    if in_library(path) {
        flaws.extend(anyhow_in_public(source));
    }
    flaws
}

/// Whether the file is part of a library that others build on; test-support is for tests, where `anyhow` is welcome.
fn in_library(path: &str) -> bool {
    let ours = path.starts_with("crates/") && path.contains("/src/") && path.ends_with(".rs");
    let binary = path.ends_with("/main.rs") || path.contains("/src/bin/");
    ours && !binary
        && !["test-support", "desk-bridge", "desk-cli", "bench", "load"]
            .iter()
            .any(|name| path.contains(&format!("crates/{name}/")))
}

/// Public functions of a library whose signature names `anyhow`, directly or by an import.
fn anyhow_in_public(source: &Source) -> Vec<Flaw> {
    let imported = source
        .text
        .lines()
        .any(|line| line.starts_with("use anyhow") && line.contains("Result"));
    let mut flaws = Vec::new();
    for (at, _) in source.text.match_indices("pub ") {
        let rest = &source.text[at..];
        let signature = &rest[..rest.find(['{', ';']).unwrap_or(rest.len())];
        let is_function = ["pub fn ", "pub async fn ", "pub const fn "]
            .iter()
            .any(|start| signature.starts_with(start));
        if is_function && (signature.contains("anyhow") || imported && signature.contains("-> Result<")) {
            let line = source.text[..at].lines().count().max(1);
            flaws.push(format!(
                "{}:{line}: anyhow in the public signature of a library",
                source.path
            ));
        }
    }
    flaws
}
