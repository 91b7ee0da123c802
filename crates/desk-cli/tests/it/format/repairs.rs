//! What `--fix` mends: every kind of change with an example that is really repaired.

use std::{collections::BTreeMap, fmt::Write as _};

use care_csv::{Change, ChangeKind};
use serde::Deserialize;

use super::{
    edits::{self, Edit},
    row,
    words::Words,
};

/// The part of `docs/format/examples.toml` about repairs, by the stable text of the kind.
#[derive(Deserialize)]
struct Examples {
    repair: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// When it is done, and when not.
    note: String,
    /// Makes a file of a good unit wrong.
    edit: Edit,
}

pub(crate) fn repairs(words: &Words) -> String {
    let examples: Examples = toml::from_str(&super::read("docs/format/examples.toml")).unwrap();
    let sheet: toml::Table = super::read("crates/messages/catalogue/repairs.toml").parse().unwrap();
    assert_eq!(
        examples.repair.len(),
        ChangeKind::ALL.len(),
        "an example for each kind of change"
    );
    let mut text = String::new();
    for kind in ChangeKind::ALL {
        let key = kind.as_str();
        let entry = examples
            .repair
            .get(key)
            .unwrap_or_else(|| panic!("{key} has no example"));
        let template = sheet["change"][key].as_str().unwrap();
        let _ = writeln!(text, "### `{key}`\n\n{}\n", entry.note);
        text += &words.head("repair");
        let mut files = edits::sample("home_schedule", "4.1");
        let changes = edits::apply(&entry.edit, &mut files);
        let (name, bytes) = wrong_file(&files, &entry.edit);
        let repair = care_csv::repair(name, bytes).unwrap_or_else(|| panic!("{key}: nothing was repaired"));
        let change = repair.changes.iter().find(|change| change.kind == *kind);
        let change = change.unwrap_or_else(|| panic!("{key}: {:?}", repair.changes));
        let shown = changes
            .last()
            .map_or_else(String::new, |change| format!("`{}`", change.after));
        text += &row(&[&shown, &filled(template, change)]);
        text.push('\n');
    }
    text
}

/// The file that the edit made wrong.
fn wrong_file<'a>(files: &'a edits::Files, edit: &Edit) -> (&'a str, &'a [u8]) {
    let (name, bytes) = files.iter().find(|(name, _)| name.starts_with(&edit.file)).unwrap();
    (name, bytes)
}

/// The catalogue's sentence with its holes filled.
fn filled(template: &str, change: &Change) -> String {
    let number = |number: Option<u32>| number.map_or_else(String::new, |number| number.to_string());
    let mut text = template.to_owned();
    for (hole, value) in [
        ("{row}", number(change.row)),
        ("{column}", number(change.column)),
        ("{count}", change.count.to_string()),
        ("{before}", change.before.clone().unwrap_or_default()),
        ("{after}", change.after.clone().unwrap_or_default()),
    ] {
        text = text.replace(hole, &value);
    }
    assert!(!text.contains('{'), "a hole stays: {text}");
    text
}
