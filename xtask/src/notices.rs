//! The licences of what others wrote, in their own words: they ask of whoever hands a program on to hand these on too.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use anyhow::{Context, Result};

use crate::parts::{self, Part};

/// How the names of such files begin, in capital letters.
const BEGINNINGS: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];
/// What programs in other languages are within a package has its licence in a folder of its own, one down.
const FOLDERS_DOWN: usize = 1;

/// One text of all licences of what is linked: each once, under the packages that it is of. What holds no text of its own is
/// named with its SPDX expression.
pub(crate) fn of(parts: &BTreeSet<Part>) -> Result<String> {
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut without = Vec::new();
    for part in parts.iter().filter(|part| part.is_linked) {
        let named = format!(
            "{} ({})",
            parts::reference(part),
            part.licence.as_deref().unwrap_or("NOASSERTION")
        );
        let mut found = Vec::new();
        read(&part.folder, FOLDERS_DOWN, &mut found)
            .with_context(|| format!("reading the licences of {}", parts::reference(part)))?;
        if found.is_empty() {
            without.push(named.clone());
        }
        for text in found {
            texts.entry(text).or_default().insert(named.clone());
        }
    }
    let mut sections: Vec<(BTreeSet<String>, String)> = texts.into_iter().map(|(text, of)| (of, text)).collect();
    sections.sort();
    let mut all = String::from("What others wrote of this program, with their licences in their own words.\n");
    for (of, text) in sections {
        section(&mut all, of, &text);
    }
    section(
        &mut all,
        without,
        "These packages name their licence and hold no text of it.",
    );
    Ok(all)
}

fn section(all: &mut String, of: impl IntoIterator<Item = String>, text: &str) {
    all.push_str(&format!("\n{}\n", "=".repeat(80)));
    for named in of {
        all.push_str(&named);
        all.push('\n');
    }
    all.push_str(&format!("{}\n\n{text}\n", "-".repeat(80)));
}

/// The texts in a folder and in those below it.
fn read(folder: &Path, down: usize, found: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        if entry.file_type()?.is_dir() {
            if down > 0 {
                read(&entry.path(), down - 1, found)?;
            }
        } else if BEGINNINGS.iter().any(|beginning| name.starts_with(beginning)) && !name.ends_with(".RS") {
            let text = String::from_utf8_lossy(&fs::read(entry.path())?).into_owned();
            found.push(text.trim_end().replace("\r\n", "\n"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::From;

    #[test]
    fn each_text_stands_once_under_all_that_it_is_of() {
        let folder = tempfile::tempdir().unwrap();
        let part = |name: &str, is_linked: bool, files: &[(&str, &str)]| {
            let folder = folder.path().join(name);
            fs::create_dir_all(folder.join("inner/deeper")).unwrap();
            for (file, text) in files {
                fs::write(folder.join(file), text).unwrap();
            }
            Part {
                from: From::Cargo,
                name: name.to_owned(),
                version: "1.0.0".to_owned(),
                licence: Some("MIT".to_owned()),
                is_linked,
                digest: None,
                folder,
            }
        };
        let parts = BTreeSet::from([
            part(
                "one",
                true,
                &[("LICENSE-MIT", "the same\r\ntext\n"), ("README", "unasked")],
            ),
            part(
                "two",
                true,
                &[
                    ("licence.md", "the same\ntext"),
                    ("inner/COPYING", "of another language"),
                ],
            ),
            part(
                "bare",
                true,
                &[("inner/deeper/COPYING", "too deep"), ("license.rs", "a program")],
            ),
            part("tool", false, &[("LICENSE", "of a tool")]),
        ]);
        let text = of(&parts).unwrap();
        assert_eq!(text.matches("the same\ntext").count(), 1);
        assert!(text.contains("one@1.0.0 (MIT)\ntwo@1.0.0 (MIT)\n"), "{text}");
        assert!(text.contains("of another language"));
        assert!(text.contains("bare@1.0.0 (MIT)\n-"), "{text}");
        for unasked in ["unasked", "too deep", "a program", "of a tool"] {
            assert!(!text.contains(unasked), "{unasked}");
        }
    }
}
