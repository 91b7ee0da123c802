//! The tests that the documents on security name: each has to be there, so that no table goes on promising what nobody
//! proves any more.
//!
//! A Rust test is written `` `place::name` ``, where place is its file, its folder or its crate; a test of a page is
//! written `` `file.test.mjs: its sentence` ``. Paths in these documents have to be there too.

use super::{Flaw, Source};

/// Which documents name tests.
pub(super) const DOCUMENTS: &[&str] = &["docs/SECURITY.md", "docs/ASVS.md"];

/// The ending of a file of tests of a page.
const PAGE_TESTS: &str = ".test.mjs";

/// Whatever a document names that is not there.
pub(super) fn flaws(document: &str, text: &str, sources: &[Source], is_there: impl Fn(&str) -> bool) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut flaw = |what: String| flaws.push(format!("{document}:{}: {what}", number + 1));
        // Every second piece stands between marks.
        for named in line.split('`').skip(1).step_by(2) {
            if let Some((file, sentence)) = page_test(named) {
                if !sources.iter().any(|source| has_page_test(source, file, sentence)) {
                    flaw(format!("there is no test «{sentence}» in {file}"));
                }
            } else if let Some((places, name)) = rust_test(named) {
                if !sources.iter().any(|source| has_rust_test(source, &places, name)) {
                    flaw(format!("there is no test {named}"));
                }
            } else if is_path(named) && !is_there(named) {
                flaw(format!("there is no {named}"));
            }
        }
    }
    flaws
}

fn page_test(named: &str) -> Option<(&str, &str)> {
    let (file, sentence) = named.split_once(": ")?;
    file.ends_with(PAGE_TESTS).then_some((file, sentence))
}

/// Places and name of what reads as the path of a test.
fn rust_test(named: &str) -> Option<(Vec<&str>, &str)> {
    let words: Vec<&str> = named.split("::").collect();
    let plain = |word: &&str| !word.is_empty() && word.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'));
    let (name, places) = words.split_last()?;
    (!places.is_empty() && words.iter().all(plain)).then(|| (places.to_vec(), *name))
}

fn is_path(named: &str) -> bool {
    [
        "crates/",
        "docs/",
        "src-tauri/",
        "tests/",
        "ui/",
        "xtask/",
        "packaging/",
        ".github/",
    ]
    .iter()
    .any(|start| named.starts_with(start))
        && !named.contains(['*', '<', ' '])
}

fn has_page_test(source: &Source, file: &str, sentence: &str) -> bool {
    let is_file = source.path.rsplit('/').next() == Some(file);
    let named = |call: &str| source.text.contains(&format!("{call}(\"{sentence}\""));
    is_file && (named("test") || named("step"))
}

fn has_rust_test(source: &Source, places: &[&str], name: &str) -> bool {
    let Some(path) = source.path.strip_suffix(".rs") else {
        return false;
    };
    let folders: Vec<String> = path.split('/').map(|part| part.replace('-', "_")).collect();
    if !places.iter().all(|place| folders.iter().any(|folder| folder == place)) {
        return false;
    }
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    let starts = [format!("fn {name}("), format!("async fn {name}(")];
    lines.iter().enumerate().any(|(at, line)| {
        let is_it = starts.iter().any(|start| line.starts_with(start.as_str()));
        let above = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
        is_it && above.into_iter().any(|line| line.contains("test"))
    })
}
