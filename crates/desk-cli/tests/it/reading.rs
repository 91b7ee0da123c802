//! `show` and `diff`: what people and programs get.

use std::{fs, path::Path};

use serde_json::Value;

use super::{errors, fixture, nowhere};

fn lines(output: &[u8]) -> Vec<Value> {
    let text = String::from_utf8(output.to_vec()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A copy of a fixture's folder in which the file of a prefix is changed; all its text is ASCII or left alone.
fn changed(into: &Path, unit: &str, prefix: &str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> String {
    fs::create_dir_all(into).unwrap();
    for entry in fs::read_dir(fixture(unit)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&path).unwrap();
        let bytes = if name.starts_with(prefix) { change(bytes) } else { bytes };
        fs::write(into.join(name), bytes).unwrap();
    }
    into.to_str().unwrap().to_owned()
}

/// The plan's own slip as if it had come back as results.
fn as_actuals(into: &Path, change: impl Fn(Vec<u8>) -> Vec<u8>) -> String {
    fs::create_dir_all(into).unwrap();
    let folder = fixture("good/home_schedule");
    let mut files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let slip = files
        .find(|path| path.file_name().unwrap().to_string_lossy().starts_with("UPPLAN"))
        .unwrap();
    let name = "UPJSK_202604_9970101003_11_9970100013_43_20260502100137.CSV";
    fs::write(into.join(name), change(fs::read(slip).unwrap())).unwrap();
    into.to_str().unwrap().to_owned()
}

#[test]
fn show_prints_every_document_for_people() {
    let folder = tempfile::tempdir().unwrap();
    let output = nowhere(folder.path()).run(
        &["show", &fixture("good/home_plan"), &fixture("good/home_schedule")],
        &[],
    );
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [
        "被保険者番号",
        "【居宅サービス計画書 第1表】",
        "【居宅サービス計画書 第2表】",
        "長期目標",
        "【週間サービス計画表 第3表】",
        "【利用者補足情報】",
        // It goes to a service office, so it is what that office calls it.
        "【サービス提供票（予定）】",
        "【サービス提供票別表】",
        "合計",
        "--side",
    ] {
        assert!(text.contains(part), "{part}");
    }
    let output = nowhere(folder.path()).run(&["show", "--side", "manager", &fixture("good/home_schedule")], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("【サービス利用票（予定）第6表】") && !text.contains("【サービス提供票"));
}

#[test]
fn show_prints_once_what_went_to_several_offices() {
    let folder = tempfile::tempdir().unwrap();
    let unit = fixture("good/home_plan");
    for entry in fs::read_dir(&unit).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        fs::copy(
            &path,
            folder.path().join(name.replace("9970101003_11", "9970101011_15")),
        )
        .unwrap();
        fs::copy(&path, folder.path().join(name)).unwrap();
    }
    let output = nowhere(folder.path()).run(&["show", folder.path().to_str().unwrap()], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    // Two care recipients, four documents each.
    assert_eq!(text.matches("と同じ内容です。").count(), 8, "{text}");
    assert_eq!(text.matches("長期期間").count(), text.matches("短期期間").count());
}

#[test]
fn show_gives_programs_one_object_for_each_care_recipient() {
    let folder = tempfile::tempdir().unwrap();
    let output = nowhere(folder.path()).run(&["--json", "show", &fixture("good/home_schedule")], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let people = lines(&output.stdout);
    assert_eq!(people.len(), 2);
    for person in people {
        assert_eq!(person["type"], "recipient");
        assert_eq!(person["insured_number"].as_str().unwrap().len(), 10);
        assert!(person["name"].is_string());
        let slip = &person["use_slips"][0];
        assert_eq!(slip["month"], "2026-04");
        assert!(
            slip["rows"][0]["service_date"]
                .as_str()
                .unwrap()
                .starts_with("2026-04-")
        );
        assert!(slip["rows"][0]["units"].is_i64());
    }
}

#[test]
fn show_takes_whatever_stands_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let hostile: &[u8] = b"202407,990010,9900000002,x\x1b[2J,\"\"\"\r\n\xff\xfe,\x80\"\r\n,,,,\r\n\"";
    for prefix in [
        "UP1KYO",
        "UP2KYO",
        "UP3KYO",
        "UPYOBO",
        "UPYOBO_SUB",
        "UPKIHON",
        "UPKIHON_SUB1",
        "DLT1KYO",
    ] {
        let name = format!("{prefix}_9970100013_43_9970101003_11_20260326090137.CSV");
        fs::write(folder.path().join(name), hostile).unwrap();
    }
    for prefix in ["UPPLAN", "UPJSK", "UPSIKYU", "UPHOSOKU", "DLTJSK"] {
        let name = format!("{prefix}_202604_9970100013_43_9970101003_11_20260326090137.CSV");
        fs::write(folder.path().join(name), hostile).unwrap();
    }
    let path = folder.path().to_str().unwrap();
    let output = nowhere(folder.path()).run(&["show", path], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert!(!output.stdout.contains(&0x1b), "a file gives the terminal no orders");
    let output = nowhere(folder.path()).run(&["--json", "show", path], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(!lines(&output.stdout).is_empty());
}

#[test]
fn show_and_diff_end_with_two_for_what_they_cannot_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("memo.txt"), "x").unwrap();
    let empty = folder.path().to_str().unwrap();
    let (plan, actual) = (fixture("good/home_schedule"), fixture("good/home_actual"));
    let deletion = fixture("good/home_schedule_delete");
    for words in [
        &["show", empty][..],
        &["show", "/no/such/path"],
        &["show"],
        &["diff", &plan],
        &["diff", &plan, empty],
        // The two are the wrong way round.
        &["diff", &actual, &plan],
        // No plan at all, and a plan without another.
        &["diff", &deletion, &deletion],
        &["diff", &plan, &deletion],
    ] {
        let output = nowhere(folder.path()).run(words, &[]);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", errors(&output));
        assert!(!errors(&output).is_empty());
    }
}

#[test]
fn show_refuses_one_byte_too_many_before_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    let sized = |prefix: &str, bytes: u64| {
        let name = format!("{prefix}_9970100013_43_9970101003_11_20260326090137.CSV");
        // Nothing is written: a hole of so many bytes.
        let file = fs::File::create(folder.path().join(name)).unwrap();
        file.set_len(bytes).unwrap();
    };
    let one = care_model::limits::READING_BYTES_MAX;
    sized("UP1KYO", one + 1);
    let path = folder.path().to_str().unwrap();
    let output = nowhere(folder.path()).run(&["show", path], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("16MB"), "{}", errors(&output));

    sized("UP1KYO", one);
    sized("DLT1KYO", 1);
    let output = nowhere(folder.path()).run(&["show", path], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("合計"), "{}", errors(&output));
}

#[test]
fn diff_of_what_was_done_as_planned_ends_with_nought() {
    let folder = tempfile::tempdir().unwrap();
    let actual = as_actuals(&folder.path().join("actual"), |bytes| bytes);
    let output = nowhere(folder.path()).run(&["--json", "diff", &fixture("good/home_schedule"), &actual], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let objects = lines(&output.stdout);
    let (summary, people) = objects.split_last().unwrap();
    assert_eq!((people.len(), &summary["differs"]), (2, &Value::Bool(false)));
    assert!(people.iter().all(|person| person["differences"] == 0));
}

#[test]
fn diff_shows_the_days_that_differ() {
    let folder = tempfile::tempdir().unwrap();
    // The first visit is cancelled and the first that remains is at another time.
    let actual = as_actuals(&folder.path().join("actual"), |bytes| {
        let text = bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .map(|at| bytes[at + 1..].to_vec())
            .unwrap();
        let mut fields: Vec<Vec<u8>> = text.split(|byte| *byte == b',').map(<[u8]>::to_vec).collect();
        fields[11] = b"0905".to_vec();
        fields.join(&b',')
    });
    let plan = fixture("good/home_schedule");
    let output = nowhere(folder.path()).run(&["--json", "diff", &plan, &actual], &[]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let objects = lines(&output.stdout);
    let changes: Vec<&str> = objects
        .iter()
        .filter_map(|person| person["services"].as_array())
        .flatten()
        .filter_map(|service| service["differences"].as_array())
        .flatten()
        .filter_map(|difference| difference["change"].as_str())
        .collect();
    assert_eq!(changes, ["cancelled", "time"]);
    assert_eq!(objects.last().unwrap()["differences"], 2);

    let output = nowhere(folder.path()).run(&["diff", &plan, &actual], &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["中止（実績なし）", "時間の変更", "09:05", "2件"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn diff_says_that_the_months_differ() {
    let folder = tempfile::tempdir().unwrap();
    let actual = changed(&folder.path().join("actual"), "good/home_actual", "UPJSK", |bytes| {
        // The months of the records alone: the name stays, the records count.
        let text: Vec<&[u8]> = bytes.split(|byte| *byte == b',').collect();
        let other = text
            .into_iter()
            .map(|field| if field == b"202604" { b"202605" } else { field });
        other.collect::<Vec<_>>().join(&b',')
    });
    let output = nowhere(folder.path()).run(&["diff", &fixture("good/home_schedule"), &actual], &[]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("対象年月が違います"), "{text}");
    assert!(
        text.contains("2026年4月分\n") && text.contains("2026年5月分\n"),
        "each office says its month\n{text}"
    );
}

/// The fixture's plan in which something ASCII of the file of a prefix is another, once.
fn later_plan(into: &Path, unit: &str, prefix: &str, from: &str, to: &str) -> String {
    changed(into, unit, prefix, |bytes| {
        let at = bytes
            .windows(from.len())
            .position(|part| part == from.as_bytes())
            .unwrap();
        [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
    })
}

#[test]
fn diff_of_a_plan_and_itself_has_no_change() {
    let folder = tempfile::tempdir().unwrap();
    for (unit, people) in [("good/home_plan", 2), ("good/home_schedule", 2)] {
        let plan = fixture(unit);
        let output = nowhere(folder.path()).run(&["--json", "diff", &plan, &plan], &[]);
        assert_eq!(output.status.code(), Some(0), "{unit}: {}", errors(&output));
        let objects = lines(&output.stdout);
        let summary = objects.last().unwrap();
        assert_eq!(
            (&summary["recipients"], &summary["differs"]),
            (&people.into(), &Value::Bool(false))
        );
        let output = nowhere(folder.path()).run(&["diff", &plan, &plan], &[]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("変わったところはありません"), "{text}");
    }
}

#[test]
fn diff_of_two_plans_names_the_field_with_what_it_said_and_says() {
    let folder = tempfile::tempdir().unwrap();
    let plan = fixture("good/home_schedule");
    let later = later_plan(
        &folder.path().join("later"),
        "good/home_schedule",
        "UPPLAN",
        ",20260401,,0800,",
        ",20260401,,0830,",
    );
    let output = nowhere(folder.path()).run(&["--json", "diff", &plan, &later], &[]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let objects = lines(&output.stdout);
    let (summary, people) = objects.split_last().unwrap();
    assert_eq!(
        (&summary["changes"], &summary["recipients_with_changes"]),
        (&1.into(), &1.into())
    );
    let forms = people.iter().flat_map(|person| person["forms"].as_array().unwrap());
    let records: Vec<&Value> = forms
        .flat_map(|form| form["changes"]["records"].as_array().unwrap())
        .collect();
    let fields = &records[0]["changed"]["fields"];
    assert_eq!(records.len(), 1);
    assert_eq!(
        fields,
        &serde_json::json!([{"field": "start_time", "before": "08:00", "after": "08:30"}])
    );

    let output = nowhere(folder.path()).run(&["diff", &plan, &later], &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["サービス利用票（予定）第6表", "1(水)", "08:00", "08:30", "1か所"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

/// The lines of the first care recipient.
fn of_the_first(bytes: Vec<u8>) -> Vec<u8> {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let number = |line: &[u8]| line.split(|byte| *byte == b',').nth(2).map(<[u8]>::to_vec);
    let first = number(lines[0]);
    let of_first = lines.into_iter().filter(|line| number(line) == first);
    of_first.collect::<Vec<_>>().concat()
}

#[test]
fn diff_of_two_plans_says_who_and_which_form_is_in_one_alone() {
    let folder = tempfile::tempdir().unwrap();
    let plan = fixture("good/home_schedule");
    let less = changed(
        &folder.path().join("less"),
        "good/home_schedule",
        "UPSIKYU",
        of_the_first,
    );
    let one = changed(&folder.path().join("one"), "good/home_schedule", "UP", of_the_first);
    for (before, after, said) in [
        (&plan, &less, "前の計画だけにある帳票です。"),
        (&less, &plan, "後の計画だけにある帳票です。"),
        (&plan, &one, "前の計画だけにいる利用者です。"),
        (&one, &plan, "後の計画だけにいる利用者です。"),
    ] {
        let output = nowhere(folder.path()).run(&["diff", before, after], &[]);
        assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(said), "{said}\n{text}");
    }
}

#[test]
fn diff_says_what_it_could_not_compare() {
    let folder = tempfile::tempdir().unwrap();
    let plan = fixture("good/home_schedule");
    let too_long = vec![b'x'; care_model::limits::CSV_RECORD_BYTES_MAX + 1];
    let cut = changed(&folder.path().join("cut"), "good/home_schedule", "UPPLAN", |bytes| {
        [bytes, too_long.clone(), b"\r\n".to_vec()].concat()
    });
    let output = nowhere(folder.path()).run(&["diff", &plan, &cut], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("1件"), "{}", errors(&output));
}
