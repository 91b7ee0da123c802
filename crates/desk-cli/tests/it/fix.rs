//! `careplan check --fix DIR`: what is repaired is what was right before, and nothing else is touched.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use care_model::{Edition, ServiceMonth};
use serde_json::Value;

use super::{contents, errors, nowhere};

/// Faults of the list that have one right answer, with the kinds of change that give it.
const REPAIRED: &[(&str, &[&str])] = &[
    ("bom", &["bom_removed"]),
    ("column_extra", &["trailing_columns"]),
    ("encoding_utf8", &["utf8_to_ms932"]),
    ("extension_lower", &["extension"]),
    ("line_end_lf", &["line_ends"]),
    ("line_end_missing", &["final_line_end"]),
    ("name_combining_low_line", &["name"]),
    ("name_copy_number", &["name"]),
    ("name_copy_word", &["name"]),
    ("name_full_width", &["name"]),
    ("name_full_width_all", &["name"]),
    ("name_hyphens", &["name"]),
    ("name_invisible", &["name"]),
    ("name_lower_case", &["name"]),
    ("name_stray_zeros", &["name"]),
    ("name_text_ending", &["name"]),
    ("text_unquoted", &["quotes"]),
];

/// What one run gave.
struct Run {
    code: Option<i32>,
    /// The lines of JSON.
    lines: Vec<Value>,
    told: String,
}

impl Run {
    fn of_type(&self, kind: &str) -> Vec<&Value> {
        self.lines.iter().filter(|line| line["type"] == kind).collect()
    }

    fn findings(&self) -> Vec<&Value> {
        self.lines
            .iter()
            .filter(|line| line.get("severity").is_some())
            .collect()
    }
}

fn check(paths: &[&Path], fix: Option<&Path>) -> Run {
    let mut words = vec!["--json", "check"];
    words.extend(paths.iter().map(|path| path.to_str().unwrap()));
    if let Some(folder) = fix {
        words.extend(["--fix", folder.to_str().unwrap()]);
    }
    let output = nowhere(paths[0]).run(&words, &[]);
    Run {
        code: output.status.code(),
        lines: String::from_utf8(output.stdout.clone())
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
        told: errors(&output),
    }
}

/// A folder with these files.
fn folder_of<'a>(at: &Path, name: &str, files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> PathBuf {
    let folder = at.join(name);
    fs::create_dir(&folder).unwrap();
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
    }
    folder
}

const DELETION: &str = "DLTPLAN_202604_9970100013_43_9970101003_11_20260326095635.CSV";
/// A whole unit in one record; only its line end is not as it should be.
const RECORD: &str = "202407,990010,9900000001,202604\n";

#[test]
fn every_fault_with_one_right_answer_is_repaired_to_the_original() {
    let dir = tempfile::tempdir().unwrap();
    for edition in [Edition::V4, Edition::V3] {
        let month = ServiceMonth::parse("202604").unwrap();
        let faults = care_samples::faults(edition, 7, month).unwrap();
        // Each file is without fault in all the others.
        let mut good = BTreeMap::new();
        for fault in &faults {
            for (name, bytes) in fault
                .files
                .iter()
                .filter(|(name, _)| !fault.faulty_files.contains(name))
            {
                good.insert((fault.unit, name.as_str()), bytes.as_slice());
            }
        }
        let mut repaired = BTreeSet::new();
        for fault in &faults {
            let at = dir.path().join(format!("{edition:?}_{}", fault.id));
            fs::create_dir(&at).unwrap();
            let given = folder_of(
                &at,
                "given",
                fault
                    .files
                    .iter()
                    .map(|(name, bytes)| (name.as_str(), bytes.as_slice())),
            );
            let before = contents(&given);
            let copies = at.join("copies");
            let run = check(&[&given], Some(&copies));
            assert_eq!(contents(&given), before, "{}", fault.id);
            let changes: Vec<&str> = run
                .of_type("change")
                .iter()
                .map(|line| line["kind"].as_str().unwrap())
                .collect();
            let expected = REPAIRED.iter().find(|(id, _)| *id == fault.id);
            assert_eq!(
                changes,
                expected.map_or(&[][..], |(_, kinds)| kinds),
                "{} {}",
                fault.id,
                run.told
            );
            if expected.is_none() {
                assert!(!copies.exists(), "{}", fault.id);
                continue;
            }
            repaired.insert(fault.id);
            for (name, bytes) in contents(&copies) {
                assert_eq!(
                    Some(bytes.as_slice()),
                    good.get(&(fault.unit, name.as_str())).copied(),
                    "{}",
                    fault.id
                );
            }
            assert_eq!(run.of_type("copy").len(), contents(&copies).len());
            // What the copy takes the place of is told with the right code, and the copy needs nothing more.
            let fixable = run.findings().iter().any(|line| !line["fix"].is_null());
            assert!(fixable, "{} {:?}", fault.id, run.findings());
            let again = check(&[&copies], Some(&at.join("again")));
            assert!(again.of_type("change").is_empty(), "{}", fault.id);
        }
        // Edition 3 has no file that could have a stray month.
        let expected = REPAIRED
            .iter()
            .map(|(id, _)| *id)
            .filter(|id| edition == Edition::V4 || *id != "name_stray_zeros");
        assert_eq!(repaired, expected.collect());
    }
}

#[test]
fn a_unit_with_its_copies_in_place_has_nothing_more_to_find() {
    let dir = tempfile::tempdir().unwrap();
    let faults = care_samples::faults(Edition::V4, 7, ServiceMonth::parse("202604").unwrap()).unwrap();
    for fault in faults
        .iter()
        .filter(|fault| REPAIRED.iter().any(|(id, _)| *id == fault.id))
    {
        let at = dir.path().join(fault.id);
        fs::create_dir(&at).unwrap();
        let given = folder_of(
            &at,
            "given",
            fault
                .files
                .iter()
                .map(|(name, bytes)| (name.as_str(), bytes.as_slice())),
        );
        let copies = at.join("copies");
        let run = check(&[&given], Some(&copies));
        for line in run.of_type("copy") {
            fs::remove_file(given.join(line["file"].as_str().unwrap())).unwrap();
        }
        let after = check(&[&given, &copies], None);
        assert_eq!(
            (after.code, after.lines.len()),
            (Some(0), 0),
            "{} {:?}",
            fault.id,
            after.lines
        );
    }
}

#[test]
fn changes_are_told_to_programs_and_to_people() {
    let dir = tempfile::tempdir().unwrap();
    let text = RECORD.replace("990010", "\"髙橋 𠮷子\"");
    let given = folder_of(dir.path(), "given", [(DELETION, text.as_bytes())]);
    let copies = dir.path().join("copies");
    let run = check(&[&given], Some(&copies));
    assert_eq!(run.code, Some(1), "{}", run.told);
    let changes = run.of_type("change");
    let kinds: Vec<&str> = changes.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["utf8_to_ms932", "substitute", "line_ends"]);
    let substitute = changes[1];
    assert_eq!(
        (&substitute["before"], &substitute["after"]),
        (&"𠮷".into(), &"吉".into())
    );
    assert_eq!(
        (&substitute["row"], &substitute["column"], &substitute["count"]),
        (&1.into(), &2.into(), &1.into())
    );
    assert_eq!(
        (&substitute["file"], &substitute["copy"]),
        (&DELETION.into(), &DELETION.into())
    );
    assert!(substitute["message"].as_str().unwrap().contains("「𠮷」を「吉」"));
    // What is wrong with the values stands in the copy as well.
    assert!(run.of_type("copy")[0]["warns"].as_u64().unwrap() > 0);

    let people = nowhere(&given).run(
        &[
            "check",
            given.to_str().unwrap(),
            "--fix",
            dir.path().join("more").to_str().unwrap(),
        ],
        &[],
    );
    let text = String::from_utf8(people.stdout.clone()).unwrap();
    for words in [DELETION, "「𠮷」を「吉」", "UTF-8からシフトJIS"] {
        assert!(text.contains(words), "{text}");
    }
    assert!(errors(&people).contains("元のファイルは変更していません"));
}

#[test]
fn a_character_without_substitute_is_told_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let text = RECORD.replace("9900000001", "\"表😀\"");
    let given = folder_of(dir.path(), "given", [(DELETION, text.as_bytes())]);
    let copies = dir.path().join("copies");
    let run = check(&[&given], Some(&copies));
    let told = run.findings();
    let told = told.iter().find(|line| line["rule"] == "unmappable").unwrap();
    assert_eq!(
        (&told["row"], &told["column"], &told["severity"]),
        (&1.into(), &3.into(), &"blocks".into())
    );
    let message = told["message"].as_str().unwrap();
    assert!(
        message.contains("😀") && message.contains("U+1F600") && message.contains("被保険者番号"),
        "{message}"
    );
    assert_eq!(run.code, Some(1));
    assert!(!copies.exists());
}

#[test]
fn nothing_is_replaced_and_running_again_adds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let given = folder_of(dir.path(), "given", [(DELETION, RECORD.as_bytes())]);
    let copies = dir.path().join("deep/copies");
    let first = check(&[&given], Some(&copies));
    assert_eq!(first.code, Some(0), "{}", first.told);
    let written = contents(&copies);
    assert_eq!(check(&[&given], Some(&copies)).code, Some(0));
    assert_eq!(contents(&copies), written);

    fs::write(copies.join(DELETION), "somebody's own").unwrap();
    let refused = check(&[&given], Some(&copies));
    assert_eq!(refused.code, Some(2));
    assert!(refused.told.contains(DELETION) && refused.of_type("change").is_empty());
    assert_eq!(contents(&copies), [(DELETION.to_owned(), b"somebody's own".to_vec())]);

    // Into the folder of the originals: they are what has the name.
    let same = check(&[&given], Some(&given));
    assert_eq!(same.code, Some(2));
    assert_eq!(fs::read(given.join(DELETION)).unwrap(), RECORD.as_bytes());
}

#[test]
fn a_copy_never_passes_for_another_file() {
    let dir = tempfile::tempdir().unwrap();
    let small = DELETION.replace(".CSV", ".csv");
    let copy = DELETION.replace(".CSV", " (1).CSV");
    let other = RECORD.replace("9900000001", "9900000002");
    for (name, text) in [(small.as_str(), other.as_str()), (&copy, &other), (&copy, RECORD)] {
        let at = dir
            .path()
            .join(format!("{} {}", name.len(), text.len() + text.matches('2').count()));
        fs::create_dir(&at).unwrap();
        let right = RECORD.replace('\n', "\r\n");
        let given = folder_of(&at, "given", [(DELETION, right.as_bytes()), (name, text.as_bytes())]);
        let run = check(&[&given], Some(&at.join("copies")));
        assert!(run.of_type("change").is_empty(), "{name} {:?}", run.lines);
        assert!(!at.join("copies").exists());
    }
}

#[test]
fn a_folder_that_cannot_be_used_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let given = folder_of(dir.path(), "given", [(DELETION, RECORD.as_bytes())]);
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    for folder in [file.clone(), file.join("below")] {
        let run = check(&[&given], Some(&folder));
        assert_eq!(run.code, Some(2), "{}", run.told);
        assert!(run.told.contains(folder.to_str().unwrap()), "{}", run.told);
        assert_eq!(fs::read(&file).unwrap(), b"x");
    }
    // A folder in the place of the copy.
    let copies = dir.path().join("copies");
    fs::create_dir_all(copies.join(DELETION)).unwrap();
    assert_eq!(check(&[&given], Some(&copies)).code, Some(2));
    assert_eq!(fs::read_dir(&copies).unwrap().count(), 1);
    // Nothing to repair: the folder is not even looked at.
    let right = folder_of(
        dir.path(),
        "right",
        [(DELETION, RECORD.replace('\n', "\r\n").as_bytes())],
    );
    assert_eq!(check(&[&right], Some(&file)).code, Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_nothing_half() {
    // The one device that is always full cannot hold a folder; a limit on the size of files has the same effect on the
    // writer: it breaks off in the middle.
    let dir = tempfile::tempdir().unwrap();
    let long = RECORD.repeat(4_000);
    let given = folder_of(dir.path(), "given", [(DELETION, long.as_bytes())]);
    let copies = dir.path().join("copies");
    let command = format!(
        "ulimit -f 16; trap '' XFSZ; exec '{}' check '{}' --fix '{}'",
        env!("CARGO_BIN_EXE_careplan"),
        given.display(),
        copies.display()
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &command])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
    assert!(errors(&output).contains(DELETION), "{}", errors(&output));
    assert_eq!(fs::read_dir(&copies).unwrap().count(), 0);
}

#[test]
fn a_file_above_the_limit_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let given = folder_of(dir.path(), "given", [(DELETION, RECORD.as_bytes())]);
    let file = fs::OpenOptions::new().write(true).open(given.join(DELETION)).unwrap();
    file.set_len(care_model::limits::STANDARD_FILE_BYTES_MAX + 1).unwrap();
    let run = check(&[&given], Some(&dir.path().join("copies")));
    assert_eq!((run.code, run.lines.len()), (Some(2), 0));
    assert!(
        run.told.contains(DELETION) && run.told.contains("100MB"),
        "{}",
        run.told
    );
}

#[test]
fn exit_codes_are_the_same_with_and_without_fix() {
    let dir = tempfile::tempdir().unwrap();
    let right = RECORD.replace('\n', "\r\n");
    for (count, (bytes, code)) in [
        (right.as_bytes(), 0),
        (RECORD.as_bytes(), 0),
        ([b"\xef\xbb\xbf", right.as_bytes()].concat().as_slice(), 1),
        (b"", 1),
    ]
    .into_iter()
    .enumerate()
    {
        let given = folder_of(dir.path(), &format!("given{count}"), [(DELETION, bytes)]);
        assert_eq!(check(&[&given.join(DELETION)], None).code, Some(code), "{count}");
        let copies = dir.path().join(format!("copies{count}"));
        assert_eq!(check(&[&given], Some(&copies)).code, Some(code), "{count}");
    }
    for missing in [
        dir.path().join("gone"),
        dir.path().join("given0").join(DELETION).join("below"),
    ] {
        let run = check(&[&missing], Some(&dir.path().join("none")));
        assert_eq!(run.code, Some(2));
        assert!(run.told.contains(missing.to_str().unwrap()), "{}", run.told);
    }
}
