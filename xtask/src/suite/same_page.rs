//! Whoever builds the page from the same checkout gets the same bytes, so that anybody can see that what was handed on
//! is what stands here.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, ensure};

use super::npm;
use crate::root;

/// Builds the page twice, at another hour and in another language, and compares every file.
pub(super) fn check() -> Result<()> {
    let first = built(&[])?;
    let second = built(&[
        ("TZ", "Pacific/Kiritimati"),
        ("LANG", "ja_JP.UTF-8"),
        ("LC_ALL", "ja_JP.UTF-8"),
    ])?;
    let differing = differing(&first, &second);
    ensure!(differing.is_empty(), "two builds of the page differ in {differing:?}");
    ensure!(!first.is_empty(), "the built page is empty");
    println!("page: {} files, the same in two builds", first.len());
    Ok(())
}

/// The files of a fresh build, by their path in it.
fn built(environment: &[(&str, &str)]) -> Result<BTreeMap<String, Vec<u8>>> {
    let status = npm("build").envs(environment.iter().copied()).status()?;
    ensure!(status.success(), "the page cannot be built");
    let mut files = BTreeMap::new();
    read(&root().join("ui/dist"), "", &mut files)?;
    Ok(files)
}

fn read(folder: &Path, place: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        let place = format!("{place}/{}", entry.file_name().to_string_lossy());
        match entry.file_type()?.is_dir() {
            true => read(&entry.path(), &place, files)?,
            false => drop(files.insert(place, fs::read(entry.path())?)),
        }
    }
    Ok(())
}

/// What is in one build only, or has other bytes in the other.
fn differing<'a>(first: &'a BTreeMap<String, Vec<u8>>, second: &'a BTreeMap<String, Vec<u8>>) -> Vec<&'a str> {
    let mut all: Vec<&str> = first
        .keys()
        .chain(second.keys())
        .map(String::as_str)
        .filter(|place| first.get(*place) != second.get(*place))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_more_and_a_byte_that_differs_are_told() {
        let build = |files: &[(&str, &str)]| -> BTreeMap<String, Vec<u8>> {
            files
                .iter()
                .map(|(place, text)| ((*place).to_owned(), text.as_bytes().to_vec()))
                .collect()
        };
        let first = build(&[("/a.js", "1"), ("/b.js", "2"), ("/c.js", "3")]);
        let second = build(&[("/a.js", "1"), ("/b.js", "9"), ("/d.js", "3")]);
        assert_eq!(differing(&first, &first), Vec::<&str>::new());
        assert_eq!(differing(&first, &second), ["/b.js", "/c.js", "/d.js"]);
    }
}
