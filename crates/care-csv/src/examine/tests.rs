//! Whole files: the text, the layout, the rules of a record, the limits, and pieces of any size.

mod layout;
mod sums;
mod text;

use care_layout::{Kind, Layout, Pattern};
use care_model::{Edition, FileKind};

use super::*;

const SCHEDULE: &str = "UPPLAN_202604_9970100013_43_9970101003_11_20260326095635.CSV";
const ANNEX: &str = "UPSIKYU_202604_9970100013_43_9970101003_11_20260326095635.CSV";
const ACTUALS: &str = "UPJSK_202604_9970101003_11_9970100013_43_20260502100137.CSV";
const DELETION: &str = "DLT1KYO_9970100013_43_9970101003_11_20260326091610.CSV";
const SUPPLEMENT: &str = "UPHOSOKU_202604_9970100013_43_9970101003_11_20260326095635.CSV";
const PROFILE: &str = "UPKIHON_9900100018_46_99A0105007_A2_20260326093043.CSV";
const IMAGE: &str = "UPKIHON_IMAGE_9900100018_46_99A0105007_A2_20260326093043_0001.jpg";

/// Values by the English name of their field.
type Values<'a> = &'a [(&'a str, &'a str)];

fn facts(name: &str, bytes: &[u8]) -> FileFacts {
    examine(&ExchangeFileName::parse(name).unwrap(), bytes)
}

fn keys(facts: &FileFacts) -> Vec<String> {
    facts.findings.iter().map(Finding::message_key).collect()
}

/// What is found in a file, each with row and column.
fn places(facts: &FileFacts) -> Vec<(String, u32, u32)> {
    let place = |place: Option<u32>| place.unwrap_or_default();
    let findings = facts.findings.iter();
    findings
        .map(|found| (found.message_key(), place(found.row), place(found.column)))
        .collect()
}

/// A record of which every field that must be filled is, and the given ones as wanted.
fn record(name: &str, values: Values<'_>) -> Vec<u8> {
    let name = ExchangeFileName::parse(name).unwrap();
    record_of(Layout::of(name.edition(), name.kind).unwrap(), values)
}

fn record_of(layout: &Layout, values: Values<'_>) -> Vec<u8> {
    for (field, _) in values {
        assert!(layout.find(field).is_some(), "no field {field}");
    }
    let all: Vec<String> = layout
        .fields
        .iter()
        .map(|field| {
            if let Some((_, value)) = values.iter().find(|(name, _)| *name == field.name) {
                return (*value).to_owned();
            }
            let filled = match (field.name, field.pattern, field.kind) {
                ("csv_version", ..) if layout.edition == Edition::V3 => "202208",
                ("csv_version", ..) => "202407",
                ("insurer_number", ..) => "990010",
                ("service_code", ..) => "111111",
                ("service_type", ..) => "11",
                _ if !field.required => "",
                (_, Some(Pattern::InsuredNumber), _) => "9900000001",
                (_, Some(Pattern::OfficeNumber), _) => "9970101003",
                (.., Kind::Date) => "20260403",
                (.., Kind::Month) => "202604",
                (.., Kind::Time) => "1000",
                (.., Kind::Text) => "髙橋 表ソ能, \"①\"\r\n子",
                (.., Kind::Code | Kind::Flag) => field.codes.unwrap().codes[0].0,
                _ => "1",
            };
            filled.to_owned()
        })
        .collect();
    crate::write_record(layout, &all).unwrap()
}

/// A file of several records.
fn file(name: &str, records: &[Values<'_>]) -> Vec<u8> {
    records.iter().flat_map(|values| record(name, values)).collect()
}

/// The field's column, from 1.
fn column(name: &str, field: &str) -> u32 {
    let name = ExchangeFileName::parse(name).unwrap();
    Layout::of(name.edition(), name.kind).unwrap().index(field).unwrap() as u32 + 1
}

/// Two people in three records.
fn good() -> Vec<u8> {
    let second = [("insured_number", "9900000002")];
    file(SCHEDULE, &[&[], &second, &second])
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

#[test]
fn a_good_file_tells_its_facts() {
    let facts = facts(SCHEDULE, &good());
    assert_eq!(keys(&facts), Vec::<String>::new());
    assert_eq!((facts.records, facts.recipients), (3, 2));
    assert_eq!(facts.csv_version.as_deref(), Some("202407"));
    assert_eq!(facts.month.unwrap().as_str(), "202604");
}

#[test]
fn good_records_of_every_layout_have_no_finding() {
    for layout in Layout::all() {
        let kinds = if layout.edition == Edition::V4 {
            ("_11", "_43")
        } else {
            ("", "")
        };
        let month = if layout.kind.has_month() { "_202604" } else { "" };
        let (from, to) = kinds;
        let prefix = layout.kind.prefix();
        let name = format!("{prefix}{month}_9970101003{from}_9970100013{to}_20260502100137.CSV");
        let total = [("service_code", "999999"), ("service_office_number", "9999999999")];
        let total: Values<'_> = if layout.kind == FileKind::UseSlipAnnex {
            &total
        } else {
            &[]
        };
        let bytes = [record_of(layout, &[]), record_of(layout, total)].concat();
        let found = facts(&name, &bytes);
        assert_eq!(places(&found), [], "{name}");
        assert_eq!((found.records, found.recipients), (2, 1), "{name}");
    }
}

#[test]
fn only_what_cannot_be_read_blocks() {
    for (bytes, blocks) in [
        (replaced(&good(), b"\x8b\xb4", b"\xf0\x40"), false),
        (file(SCHEDULE, &[&[("target_month", "202605")]]), false),
        (file(SCHEDULE, &[&[("csv_version", "209901")]]), false),
        (b"202407,990010\r\n".to_vec(), false),
        (vec![], true),
        (replaced(&good(), b"\x8b\xb4", b"\x81\x20"), true),
    ] {
        let facts = facts(SCHEDULE, &bytes);
        assert_eq!(
            facts.findings.iter().any(Finding::is_blocking),
            blocks,
            "{:?}",
            keys(&facts)
        );
    }
}

#[test]
fn kinds_without_a_month_have_none() {
    let facts = facts(DELETION, b"202407,990010,9900000002,20251201\r\n");
    assert_eq!((facts.month, facts.records, keys(&facts).len()), (None, 1, 0));
}

#[test]
fn the_supplements_month_stands_at_its_end() {
    let with = |month| facts(SUPPLEMENT, &record(SUPPLEMENT, &[("target_month", month)]));
    let right = with("202604");
    assert_eq!((right.month.unwrap().as_str(), keys(&right).len()), ("202604", 0));
    assert_eq!(keys(&with("202605")), ["month_mismatch"]);
    assert_eq!(keys(&with("000000")), ["month_mismatch"]);
    let with_plan = SUPPLEMENT.replace("_202604_", "_000000_");
    let with = |month| facts(&with_plan, &record(SUPPLEMENT, &[("target_month", month)]));
    assert_eq!(keys(&with("000000")), Vec::<String>::new());
    let other = with("202604");
    assert_eq!(keys(&other), ["month_mismatch"]);
    assert_eq!(
        (&*other.findings[0].params["named"], &*other.findings[0].params["found"]),
        ("000000", "202604")
    );
}

#[test]
fn images_are_jpeg() {
    assert_eq!(keys(&facts(IMAGE, b"\xff\xd8\xff\xe0rest")), Vec::<String>::new());
    assert_eq!(keys(&facts(IMAGE, b"GIF89a")), ["image_format"]);
    assert_eq!(keys(&facts(IMAGE, b"\xff\xd8")), ["image_format"]);
    assert_eq!(keys(&facts(IMAGE, b"")), ["empty"]);
}

#[test]
fn reading_gives_size_digest_and_the_same_facts() {
    let name = ExchangeFileName::parse(SCHEDULE).unwrap();
    let bytes = good().repeat(1_000);
    let read = read(&name, bytes.as_slice()).unwrap();
    assert_eq!(read.size_bytes, bytes.len() as u64);
    assert_eq!(read.digest, Digest::of(&bytes));
    assert_eq!(read.facts, examine(&name, &bytes));
    assert_eq!((read.facts.records, read.facts.findings.len()), (3_000, 0));
}

#[test]
fn keys_link_the_mates_of_a_unit() {
    let schedule = facts(SCHEDULE, &good());
    assert_eq!(schedule.keys.iter().map(|key| key.row).collect::<Vec<_>>(), [1, 2]);
    assert!(!schedule.keys_cut && schedule.images.is_empty());
    // The supplement of the month links by the month, that of a plan by the plan date.
    let bytes = record(SUPPLEMENT, &[("plan_created_or_changed_on", "20251201")]);
    let monthly = facts(SUPPLEMENT, &bytes);
    assert_eq!(
        (monthly.keys[0].person, monthly.keys[0].link),
        (schedule.keys[0].person, schedule.keys[0].link)
    );
    let with_plan = facts(&SUPPLEMENT.replace("_202604_", "_000000_"), &bytes);
    let deletion = facts(DELETION, b"202407,990010,9900000001,20251201\r\n");
    assert_eq!(with_plan.keys, deletion.keys);
    assert_ne!(with_plan.keys[0].link, monthly.keys[0].link);
}

#[test]
fn keys_above_the_limit_are_cut() {
    use care_model::limits::RECORD_KEYS_MAX;
    let records = |count: usize| -> Vec<u8> {
        (0..count)
            .flat_map(|number| format!("202407,990010,{number:010},20251201\r\n").into_bytes())
            .collect()
    };
    let at_the_limit = facts(DELETION, &records(RECORD_KEYS_MAX));
    assert_eq!(
        (at_the_limit.keys.len(), at_the_limit.keys_cut),
        (RECORD_KEYS_MAX, false)
    );
    let above = facts(DELETION, &records(RECORD_KEYS_MAX + 1));
    assert_eq!((above.keys.len(), above.keys_cut), (RECORD_KEYS_MAX, true));
    assert_eq!(above.recipients as usize, RECORD_KEYS_MAX + 1);
}

#[test]
fn images_are_named_by_the_basic_information() {
    let field = "family_image_file_name";
    let bytes = file(PROFILE, &[&[(field, IMAGE)], &[], &[(field, "家族.jpg")]]);
    let facts = facts(PROFILE, &bytes);
    let images: Vec<_> = facts
        .images
        .iter()
        .map(|image| (image.name.as_str(), image.row))
        .collect();
    assert_eq!(images, [(IMAGE, 1), ("家族.jpg", 3)]);
}

proptest::proptest! {
    #[test]
    fn pieces_make_no_difference(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
        record in 0_usize..400,
        size in 1_usize..40,
    ) {
        // Noise somewhere in a good file: it is looked at as a whole and in pieces.
        let name = ExchangeFileName::parse(SCHEDULE).unwrap();
        let mut file = good();
        let at = record.min(file.len());
        file.splice(at..at, bytes);
        let whole = examine(&name, &file);
        let mut examiner = Examiner::new(&name);
        for piece in file.chunks(size) {
            examiner.push(piece);
            // Looked at after every piece, as it is after every full one.
            examiner.look(false);
        }
        proptest::prop_assert_eq!(examiner.finish(), whole);
    }

    #[test]
    fn text_that_encodes_is_never_called_unreadable(text in "[ -~ぁ-んァ-ヶ一-龠ｱ-ﾝ①-⑳㈱]{0,200}") {
        // The range of kanji holds some that MS932 lacks.
        let known: String = text.chars().filter(|c| crate::is_encodable(*c)).collect();
        let bytes = record(SCHEDULE, &[("planning_care_manager_name", &known)]);
        proptest::prop_assert_eq!(keys(&facts(SCHEDULE, &bytes)), Vec::<String>::new());
    }
}
