//! Every record and every filled field of the input is in the reading.

use std::collections::HashMap;

use care_layout::{Field, Layout};
use care_model::{Edition, ExchangeFileName, FileKind, SendUnit, limits};
use care_reading::{Reading, Value, read};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};

use crate::support::{File, file, files, forms, name_of, reading, sample};

/// Whether a value is what was written.
fn says(field: &Field, value: &Value, written: &str) -> bool {
    match value {
        Value::Date(date) => date.format("%Y%m%d").to_string() == written,
        Value::Month(month) => month.as_str() == written,
        Value::Time(time) => time.to_string().replace(':', "") == written,
        Value::Nothing => ["00000000", "000000", "9999"].contains(&written),
        Value::Number(number) => written.parse() == Ok(*number),
        Value::Decimal(decimal) => (written.parse::<f64>().unwrap() * 100.0).round() as i64 == decimal.hundredths,
        Value::Code(code, meaning) => {
            &**code == written && *meaning == field.codes.unwrap().meaning(written.as_bytes())
        }
        Value::Days(days) => {
            let marked: Vec<u32> = days.days().collect();
            (1..)
                .zip(written.bytes())
                .all(|(day, byte)| marked.contains(&day) == (byte == b'1'))
        }
        Value::Text(text) | Value::Raw(text) => &**text == written,
    }
}

/// Compares a reading with the files field by field; gives the filled fields that were compared.
fn nothing_lost(files: &[File], reading: &Reading) -> usize {
    let mut read: HashMap<(String, u32), _> = HashMap::new();
    for (sheet, form) in forms(reading) {
        let before = read.insert((sheet.file.name.to_string(), form.row()), form);
        assert!(before.is_none(), "a record stands in two documents");
    }
    let mut compared = 0;
    for (name, bytes) in files.iter().filter(|(name, _)| !name.kind.is_image()) {
        for record in care_csv::records(bytes) {
            let form = read
                .remove(&(name.to_string(), record.row))
                .unwrap_or_else(|| panic!("record {} of {name} is lost", record.row));
            let mut surplus = Vec::new();
            for (index, value) in record.fields().enumerate() {
                let written = value.text();
                match form.layout().fields.get(index) {
                    None => surplus.push(written.into_owned()),
                    Some(field) if written.is_empty() => assert_eq!(form.get(field.name), None),
                    Some(field) => {
                        let found = form.get(field.name).unwrap_or_else(|| panic!("{} is lost", field.name));
                        assert!(
                            says(field, found, &written),
                            "{}: {found:?} for {written:?}",
                            field.name
                        );
                        compared += 1;
                    }
                }
            }
            if surplus.iter().any(|text| !text.is_empty()) {
                assert_eq!(form.surplus(), Some(surplus.join(",").as_str()));
            }
        }
    }
    assert!(read.is_empty(), "the reading has records that no file has");
    compared
}

#[test]
fn good_files_of_both_editions_are_read_whole_and_without_raw_values() {
    for edition in [Edition::V3, Edition::V4] {
        for unit in SendUnit::of_edition(edition) {
            let made = sample(unit.id, edition);
            let files = files(&made);
            let reading = reading(&files);
            assert!(nothing_lost(&files, &reading) > 0, "{}", unit.id);
            assert_eq!(reading.recipients.len(), 3, "{}", unit.id);
            assert_eq!(reading.files.len(), files.len());
            assert!(reading.unassigned.is_empty() && reading.unnamed_images.is_empty());
            for (sheet, form) in forms(&reading) {
                assert_eq!(form.layout().edition, edition, "{}", sheet.file.name);
                for (field, value) in form.entries() {
                    let raw = matches!(value, Value::Raw(_) | Value::Code(_, None));
                    assert!(!raw, "{} {} {value:?}", unit.id, field.name);
                }
            }
            // Programs get every care recipient with every document.
            let json = serde_json::to_value(&reading.recipients).unwrap();
            assert_eq!(json.as_array().unwrap().len(), 3);
        }
    }
}

#[test]
fn names_come_from_the_supplement_or_the_forms() {
    for unit in ["home_plan", "home_schedule", "preventive_plan", "preventive_basic"] {
        let reading = reading(&files(&sample(unit, Edition::V4)));
        assert!(reading.recipients.iter().all(|person| person.name.is_some()), "{unit}");
    }
    let reading = reading(&files(&sample("home_actual", Edition::V4)));
    assert!(reading.recipients.iter().all(|person| person.name.is_none()));
}

#[test]
fn records_of_the_other_edition_are_read_by_their_own_layout() {
    let made = sample("home_actual", Edition::V3);
    let name = ExchangeFileName::parse(&name_of(FileKind::Actuals)).unwrap();
    let files = vec![(name, made.files.first().unwrap().bytes.clone())];
    let reading = reading(&files);
    assert!(nothing_lost(&files, &reading) > 0);
    assert!(
        forms(&reading)
            .iter()
            .all(|(_, form)| form.layout().edition == Edition::V3)
    );
}

#[test]
fn utf8_is_read_as_what_it_is() {
    let made = file(
        &name_of(FileKind::PlanSheet1),
        &[&[("care_manager_name", "髙橋 \"架空\" 子")]],
    );
    let text = care_csv::decode(&made.1).into_owned();
    let files = vec![(made.0, text.into_bytes())];
    let reading = reading(&files);
    let plan = &reading.recipients[0].care_plans[0].sheet;
    assert!(plan.file.is_utf8);
    assert_eq!(plan.rows[0].text("care_manager_name"), Some("髙橋 \"架空\" 子"));
}

#[test]
fn what_names_nobody_is_kept_apart() {
    let headings: Vec<(&str, &str)> = Layout::of(Edition::V4, FileKind::UseSlipDeletion)
        .unwrap()
        .fields
        .iter()
        .map(|field| (field.name, field.name_ja))
        .collect();
    let files = vec![file(
        &name_of(FileKind::UseSlipDeletion),
        &[&headings, &[("delete_month", "202604")]],
    )];
    let reading = reading(&files);
    assert_eq!(nothing_lost(&files, &reading), 8);
    assert_eq!((reading.recipients.len(), reading.unassigned.len()), (1, 1));
    assert_eq!(reading.unassigned[0].rows[0].text("delete_month"), Some("削除対象年月"));
}

#[test]
fn images_go_with_the_basic_information_that_names_them() {
    let mut files = files(&sample("preventive_basic", Edition::V4));
    let stray = ExchangeFileName::parse("UPKIHON_IMAGE_9900100018_46_99A0105007_A2_20260326092101_0099.jpg").unwrap();
    files.push((stray.clone(), Vec::new()));
    let reading = reading(&files);
    for person in &reading.recipients {
        let [profile] = person.profiles.as_slice() else {
            panic!("one consultation")
        };
        assert_eq!(profile.images.len(), 1);
        assert!(profile.day.is_some() && profile.medical_history.is_some());
    }
    assert_eq!(
        reading.unnamed_images.iter().map(|file| &file.name).collect::<Vec<_>>(),
        [&stray]
    );
}

#[test]
fn one_record_too_many_or_too_large_is_counted_and_left_out() {
    let name = ExchangeFileName::parse(&name_of(FileKind::UseSlipDeletion)).unwrap();
    let record = b"202407,990010,9900000002,202604\r\n";
    let many = record.repeat(limits::READING_RECORDS_MAX + 1);
    let reading = read(&[(name.clone(), &many)]);
    assert_eq!(forms(&reading).len(), limits::READING_RECORDS_MAX);
    assert_eq!(reading.files[0].left_out, 1);
    assert_eq!(reading.recipients.len(), 1);

    let mut large = vec![b'9'; limits::CSV_RECORD_BYTES_MAX + 1];
    large.extend_from_slice(b"\r\n");
    large.extend_from_slice(record);
    let reading = read(&[(name.clone(), &large)]);
    assert_eq!((reading.files[0].records, reading.files[0].left_out), (1, 1));
    let largest = vec![b'9'; limits::CSV_RECORD_BYTES_MAX];
    assert_eq!(read(&[(name, &largest)]).files[0].left_out, 0);
}

fn any_kind() -> impl Strategy<Value = FileKind> {
    let kinds: Vec<FileKind> = FileKind::ALL.iter().copied().filter(|kind| !kind.is_image()).collect();
    prop::sample::select(kinds)
}

fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just(String::new()),
        2 => "[0-9]{1,10}",
        1 => "20[0-9]{2}(0[0-9]|1[0-2])[0-3][0-9]",
        1 => "20[0-9]{2}(0[0-9]|1[0-2])",
        1 => "[0-2][0-9][0-5][0-9]",
        1 => "[01]{31}",
        1 => "[0-9]{1,3}\\.[0-9]{0,3}",
        2 => "[ -~ぁ-ん①㈱髙～\r\n]{1,12}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_value_is_lost_whatever_it_is(
        kind in any_kind(),
        records in prop::collection::vec(prop::collection::vec(any_value(), 0..75), 1..6),
    ) {
        let name = ExchangeFileName::parse(&name_of(kind)).unwrap();
        let mut bytes = Vec::new();
        for record in &records {
            for (index, value) in record.iter().enumerate() {
                if index > 0 {
                    bytes.push(b',');
                }
                bytes.extend(format!("\"{}\"", doubled(value)).bytes());
            }
            bytes.extend(b"\r\n");
        }
        let text = String::from_utf8(bytes).unwrap();
        let files = vec![(name, care_csv::encode(&text).unwrap())];
        let reading = reading(&files);
        nothing_lost(&files, &reading);
        // The views and what programs get hold for anything as well.
        serde_json::to_string(&reading.recipients).unwrap();
        care_reading::compare(&reading, &reading);
    }

    #[test]
    fn any_bytes_can_be_read(kind in any_kind(), bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let name = ExchangeFileName::parse(&name_of(kind)).unwrap();
        let reading = read(&[(name, &bytes)]);
        serde_json::to_string(&reading.recipients).unwrap();
        let records = care_csv::records(&bytes).count();
        prop_assert_eq!(forms(&reading).len(), records);
    }
}

/// A value for quotes around it.
fn doubled(value: &str) -> String {
    value.replace('"', "\"\"")
}
