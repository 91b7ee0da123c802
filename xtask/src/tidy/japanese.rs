//! Sentences for people stand in the catalogue and nowhere else (comments and tests may hold what they like).

use super::{Flaw, Source};
use crate::bindings;

/// Files that hold Japanese by their nature, each with the reason.
const EXCEPTED: &[&str] = &[
    // Names tables of the national standard, given once where the code itself lives.
    "crates/care-model/src/",
    // The record layouts and the marks of the national format.
    "crates/care-csv/src/",
    // Invented people and offices for tests and the demo.
    "crates/care-samples/src/",
    "crates/test-support/src/",
    "crates/bench/src/",
    // What fuzzing puts into names and records.
    "crates/fuzz/src/",
    // The names of the two invented offices.
    "xtask/src/demo/",
    // Invented compositions and views for tests only.
    "crates/desk/src/compose/trial.rs",
    "ui/src/test-views.ts",
    // The signs that a line of a form does not begin with.
    "crates/desk-cli/src/show/text.rs",
    // The calendar's signs and the ranges of kana, not sentences.
    "ui/src/lib/dates.ts",
    "ui/src/lists/periods.ts",
    // The generator's own tests.
    "crates/messages/src/",
    // The rule's own tests.
    "xtask/src/tidy/",
];

pub(super) fn flaws(source: &Source) -> Vec<Flaw> {
    let path = &source.path;
    let looked_at = path.starts_with("crates/") && path.contains("/src/")
        || path.starts_with("ui/src/")
        || path.starts_with("src-tauri/src/")
        || path.starts_with("xtask/src/");
    let for_tests =
        path.contains(".test.") || path.contains("/tests/") || path.ends_with("tests.rs") || path.contains("/testing/");
    let generated = bindings::files().iter().any(|(generated, _)| generated == path);
    if !looked_at || for_tests || generated || EXCEPTED.iter().any(|prefix| path.starts_with(prefix)) {
        return Vec::new();
    }
    let code = if path.ends_with(".rs") {
        without_rust_comments(without_inline_tests(&source.text))
    } else if [".ts", ".svelte", ".css"].iter().any(|ending| path.ends_with(ending)) {
        without_page_comments(&source.text)
    } else {
        return Vec::new();
    };
    code.lines()
        .enumerate()
        .filter(|(_, line)| line.chars().any(is_japanese))
        .map(|(number, line)| format!("{path}:{}: Japanese outside the catalogue: {}", number + 1, line.trim()))
        .collect()
}

/// Kana and kanji; marks that only separate (、・) are no sentence.
fn is_japanese(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30fa}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// The file up to its inline tests, which end a file.
fn without_inline_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod ").map_or(text, |at| &text[..at])
}

/// The text with comments blanked; lines stay where they are.
fn without_rust_comments(text: &str) -> String {
    blanked(text, &["//"], &[("/*", "*/")], &['"'])
}

/// The same for TypeScript, CSS and markup.
fn without_page_comments(text: &str) -> String {
    blanked(text, &["//"], &[("/*", "*/"), ("<!--", "-->")], &['"', '\'', '`'])
}

/// Blanks comments outside strings. Strings stay, because they are what is looked for.
fn blanked(text: &str, to_line_end: &[&str], pairs: &[(&str, &str)], quotes: &[char]) -> String {
    let mut out = String::new();
    let mut at = 0;
    let mut inside: Option<char> = None;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if let Some(quote) = inside {
            // A quote never runs over a line end here but in raw strings and templates, which close themselves.
            if c == '\\' && quote != '`' {
                out.push(c);
                at += 1;
                if let Some(escaped) = text[at..].chars().next() {
                    out.push(escaped);
                    at += escaped.len_utf8();
                }
                continue;
            }
            if c == quote || (c == '\n' && quote == '\'') {
                inside = None;
            }
        } else if to_line_end.iter().any(|start| rest.starts_with(start)) {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        } else if let Some((start, end)) = pairs.iter().find(|(start, _)| rest.starts_with(start)) {
            let length = rest[start.len()..]
                .find(end)
                .map_or(rest.len(), |found| start.len() + found + end.len());
            out.extend(rest[..length].chars().filter(|c| *c == '\n'));
            at += length;
            continue;
        } else if quotes.contains(&c) && !rest.starts_with("'\"'") {
            inside = Some(c);
        }
        out.push(c);
        at += c.len_utf8();
    }
    out
}
