//! Every code with its sentence, its remedy, its source and what `careplan check` answers to an example.

use std::{collections::BTreeMap, fmt::Write as _, fs};

use care_model::{Finding, FindingCode, RULED_CODES};
use serde::Deserialize;
use serde_json::Value;

use super::{
    careplan,
    edits::{self, Change, Edit, Files},
    row,
    words::Words,
};

/// The part of `docs/format/examples.toml` about findings.
#[derive(Deserialize)]
struct Examples {
    /// By the key of the sentence.
    finding: BTreeMap<String, Entry>,
}

/// What the document says of one code beside its sentences.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Where the rule comes from.
    source: String,
    /// What else is good to know.
    #[serde(default)]
    note: String,
    /// Why `careplan check` does not say it, where there is no example.
    #[serde(default)]
    elsewhere: String,
    /// Files made wrong in one place.
    #[serde(default)]
    example: Vec<Example>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    /// The good unit that it begins with.
    #[serde(default = "schedule")]
    unit: String,
    #[serde(default = "newest")]
    edition: String,
    /// The severity that it has here.
    severity: String,
    /// The rule, where it is another than the key says.
    rule: Option<String>,
    /// Further words of the command.
    #[serde(default)]
    words: Vec<String>,
    /// How many units of other serials come along.
    #[serde(default)]
    more_units: usize,
    /// How many more images come along, numbered on.
    #[serde(default)]
    more_images: usize,
    #[serde(default)]
    edit: Vec<Edit>,
}

fn schedule() -> String {
    "home_schedule".to_owned()
}

fn newest() -> String {
    "4.1".to_owned()
}

pub(crate) fn findings(words: &Words) -> String {
    let examples: Examples = toml::from_str(&super::read("docs/format/examples.toml")).unwrap();
    let sheet: toml::Table = super::read("crates/messages/catalogue/findings.toml").parse().unwrap();
    let keys = keys();
    for key in examples.finding.keys() {
        assert!(keys.iter().any(|(known, ..)| known == key), "{key} is no code");
    }
    let mut text = String::new();
    let mut lacking = Vec::new();
    for (key, code, rule) in &keys {
        let Some(entry) = examples.finding.get(key) else {
            lacking.push(format!("{key}: is not in docs/format/examples.toml"));
            continue;
        };
        let sentence = |part: &str| sheet["finding"][key.as_str()][part].as_str().unwrap().to_owned();
        let mut severities: Vec<&str> = entry.example.iter().map(|example| example.severity.as_str()).collect();
        severities.dedup();
        let severities: Vec<&str> = severities.iter().map(|severity| words.severity(severity)).collect();
        let rule = rule.as_ref().map_or_else(String::new, |rule| format!(" / `{rule}`"));
        let _ = writeln!(text, "<a id=\"{key}\"></a>\n\n### `{code}`{rule}\n");
        let mut line = |head: &str, said: &str| {
            if !said.is_empty() {
                let _ = writeln!(text, "- **{}** {said}", words.word(head));
            }
        };
        line("severity", &severities.join(words.word("comma")));
        line("message", &sentence("message"));
        line("remedy", &sentence("remedy"));
        line("source", &entry.source);
        line("note", &entry.note);
        line("note", &entry.elsewhere);
        if entry.elsewhere.is_empty() == entry.example.is_empty() {
            lacking.push(format!("{key}: needs an example, or a sentence why there is none"));
        }
        for example in &entry.example {
            let rule = example.rule.as_deref().or(rule_of(key, code));
            match shown(example, code, rule, words) {
                Ok(shown) => text += &shown,
                Err(error) => lacking.push(format!("{key}: {error}")),
            }
        }
        text.push('\n');
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
    text
}

/// Every key of a sentence with its code and rule, in the order of the code.
fn keys() -> Vec<(String, String, Option<String>)> {
    let mut keys = Vec::new();
    for code in FindingCode::ALL {
        keys.push((code.to_string(), code.to_string(), None));
        for (_, rule) in RULED_CODES.iter().filter(|(of, _)| of == code) {
            let key = Finding::notes(*code).rule(*rule).message_key();
            keys.push((key, code.to_string(), Some(rule.to_string())));
        }
    }
    keys
}

fn rule_of<'a>(key: &'a str, code: &str) -> Option<&'a str> {
    key.strip_prefix(code)?.strip_prefix('_')
}

/// Makes the files, asks the program, and shows both.
fn shown(example: &Example, code: &str, rule: Option<&str>, words: &Words) -> Result<String, String> {
    let mut files: Files = edits::sample(&example.unit, &example.edition);
    let changes: Vec<Change> = example
        .edit
        .iter()
        .flat_map(|edit| edits::apply(edit, &mut files))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    super::write(&files, folder.path());
    for number in 0..example.more_units {
        for (name, bytes) in edits::sample(&example.unit, &example.edition) {
            let serial = &name[name.rfind('_').unwrap() + 1..name.rfind('.').unwrap()];
            let other = format!("2027{number:010}");
            fs::write(folder.path().join(name.replace(serial, &other)), bytes).unwrap();
        }
    }
    for number in 0..example.more_images {
        let (name, bytes) = files.iter().find(|(name, _)| name.ends_with(".jpg")).unwrap();
        let begin = &name[..name.rfind('_').unwrap()];
        fs::write(folder.path().join(format!("{begin}_{:04}.jpg", 1_000 + number)), bytes).unwrap();
    }
    let mut command = vec!["check", "--json"];
    command.extend(example.words.iter().map(String::as_str));
    let output = careplan(&command, &[folder.path()]);
    let answers = String::from_utf8(output.stdout).unwrap();
    let lines = answers
        .lines()
        .map(|line| (line, serde_json::from_str::<Value>(line).unwrap()));
    let lines: Vec<(&str, Value)> = lines.collect();
    let fitting = lines.iter().find(|(_, found)| {
        found["code"] == code && found["rule"].as_str() == rule && found["severity"] == example.severity.as_str()
    });
    let Some((line, _)) = fitting else {
        let found: Vec<String> = lines
            .iter()
            .map(|(_, found)| format!("{}/{}/{}", found["code"], found["rule"], found["severity"]))
            .collect();
        return Err(format!("its example gives {}", found.join(", ")));
    };
    let blocks = lines.iter().any(|(_, found)| found["severity"] == "blocks");
    assert_eq!(output.status.code(), Some(i32::from(blocks)), "{code}");
    let mut text = format!("\n{}\n\n", words.word("example"));
    if !changes.is_empty() {
        text += &words.head("example");
    }
    let code = |value: &str| match value {
        "" => String::new(),
        value => format!("`{value}`"),
    };
    for change in changes {
        // A file that is not there any more.
        let after = match (change.place.as_str(), change.after.as_str()) {
            ("", "") => words.word("none").to_owned(),
            (_, after) => code(after),
        };
        text += &row(&[&code(&change.file), &change.place, &code(&change.before), &after]);
    }
    let _ = write!(text, "\n```json\n{line}\n```\n");
    Ok(text)
}
