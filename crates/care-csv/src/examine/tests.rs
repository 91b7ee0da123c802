use super::*;

const SCHEDULE: &str = "UPPLAN_202604_9970100013_43_9970101003_11_20260326095635.CSV";
const DELETION: &str = "DLT1KYO_9970100013_43_9970101003_11_20260326091610.CSV";
const SUPPLEMENT: &str = "UPHOSOKU_202604_9970100013_43_9970101003_11_20260326095635.CSV";
const IMAGE: &str = "UPKIHON_IMAGE_9900100018_46_99A0105007_A2_20260326093043_0001.jpg";

fn facts(name: &str, bytes: &[u8]) -> FileFacts {
    examine(&ExchangeFileName::parse(name).unwrap(), bytes)
}

fn keys(facts: &FileFacts) -> Vec<String> {
    facts.findings.iter().map(Finding::message_key).collect()
}

/// Two records of two people in the month.
fn good() -> Vec<u8> {
    let record = |insured: &str| {
        let text =
            format!("202407,990010,{insured},20260326,202604,9970100013,\"髙橋 表ソ能, \"\"①\"\"\r\n子\",244\r\n");
        encoding_rs::SHIFT_JIS.encode(&text).0.into_owned()
    };
    [record("9900000001"), record("9900000002"), record("9900000002")].concat()
}

fn replaced(from: &[u8], to: &[u8]) -> Vec<u8> {
    let bytes = good();
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
fn each_fault_is_found_by_itself() {
    let lead = b"\x8b\xb4"; // 橋
    let cases: &[(&str, Vec<u8>, &[&str])] = &[
        ("zero bytes", vec![], &["empty"]),
        ("blank lines", b"\r\n\r\n".to_vec(), &["empty"]),
        ("one byte", b"2".to_vec(), &["no_final_line_end", "code_csv_version"]),
        ("bad bytes", replaced(lead, b"\x81\x20"), &["encoding"]),
        ("gaiji", replaced(lead, b"\xf0\x40"), &["gaiji"]),
        ("nul", replaced(lead, b"\x00"), &["nul"]),
        (
            "byte order mark",
            [b"\xef\xbb\xbf".as_slice(), &good()].concat(),
            &["bom"],
        ),
        (
            "UTF-8",
            encoding_rs::SHIFT_JIS.decode(&good()).0.into_owned().into_bytes(),
            &["encoding_utf8"],
        ),
        ("UTF-16", b"\xff\xfe2\x000\x00".to_vec(), &["encoding_utf16"]),
        (
            "LF",
            b"202407,990010,9900000001,20260326,202604,\n".to_vec(),
            &["line_end"],
        ),
        (
            "CR",
            b"202407,990010,9900000001,20260326,202604,\r".to_vec(),
            &["line_end"],
        ),
        (
            "no last line end",
            b"202407,990010,9900000001,20260326,202604,".to_vec(),
            &["no_final_line_end"],
        ),
        ("open quote", b"202407,990010,1,1,202604,\"a\r\n".to_vec(), &["quoting"]),
        ("header", [b"\x94\xc5,a\r\n".as_slice(), &good()].concat(), &["header"]),
        (
            "unknown version",
            b"209901,1,1,1,202604\r\n".to_vec(),
            &["code_csv_version"],
        ),
        (
            "version in use",
            b"202410,1,1,1,202604\r\n".to_vec(),
            &["code_csv_version"],
        ),
        (
            "versions mixed",
            b"202407,1,1,1,202604\r\n202208,1,1,1,202604\r\n".to_vec(),
            &["version_mixed"],
        ),
        (
            "months mixed",
            b"202407,1,1,1,202604\r\n202407,1,1,1,202605\r\n".to_vec(),
            &["months_mixed"],
        ),
        (
            "another month",
            b"202407,1,1,1,202605\r\n".to_vec(),
            &["month_mismatch"],
        ),
    ];
    for (what, bytes, expected) in cases {
        assert_eq!(keys(&facts(SCHEDULE, bytes)), *expected, "{what}");
    }
}

#[test]
fn places_are_record_and_field() {
    let facts = facts(SCHEDULE, &replaced(b"\x8b\xb4", b"\x81\x20"));
    let finding = &facts.findings[0];
    assert_eq!((finding.row, finding.column), (Some(1), Some(7)));
    assert!(finding.is_blocking());
    assert_eq!(finding.params["column"], "7");
}

#[test]
fn only_what_cannot_be_read_blocks() {
    for (bytes, blocks) in [
        (replaced(b"\x8b\xb4", b"\xf0\x40"), false),
        (b"202407,1,1,1,202605\r\n".to_vec(), false),
        (b"209901,1,1,1,202604\r\n".to_vec(), false),
        (vec![], true),
        (replaced(b"\x8b\xb4", b"\x81\x20"), true),
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
    let record = |month: &str| format!("202407,990010,9900000001,00000000{},{month}\r\n", ",".repeat(58)).into_bytes();
    let right = facts(SUPPLEMENT, &record("202604"));
    assert_eq!((right.month.unwrap().as_str(), keys(&right).len()), ("202604", 0));
    assert_eq!(keys(&facts(SUPPLEMENT, &record("202605"))), ["month_mismatch"]);
}

#[test]
fn an_old_name_with_new_contents_is_told() {
    let old = "UPPLAN_202604_9970100013_9970101003_20260326095635.CSV";
    assert_eq!(keys(&facts(old, &good())), ["name_old_style"]);
    assert!(keys(&facts(old, b"202208,1,1,1,202604\r\n")).is_empty());
}

#[test]
fn images_are_jpeg() {
    assert_eq!(keys(&facts(IMAGE, b"\xff\xd8\xff\xe0rest")), Vec::<String>::new());
    assert_eq!(keys(&facts(IMAGE, b"GIF89a")), ["image_format"]);
    assert_eq!(keys(&facts(IMAGE, b"")), ["empty"]);
}

#[test]
fn a_record_above_the_limit_blocks_and_one_at_the_limit_does_not() {
    let line = |bytes: usize| {
        let mut line = b"202407,990010,9900000001,20260326,202604,\"".to_vec();
        line.resize(bytes - 3, b'a');
        line.extend_from_slice(b"\"\r\n");
        line
    };
    let limit = care_model::limits::CSV_RECORD_BYTES_MAX;
    assert_eq!(keys(&facts(SCHEDULE, &line(limit))), Vec::<String>::new());
    assert_eq!(keys(&facts(SCHEDULE, &line(limit + 1))), ["line_too_long"]);
}

#[test]
fn reading_gives_size_digest_and_the_same_facts() {
    let name = ExchangeFileName::parse(SCHEDULE).unwrap();
    let read = read(&name, good().as_slice()).unwrap();
    assert_eq!(read.size_bytes, good().len() as u64);
    assert_eq!(read.digest, Digest::of(&good()));
    assert_eq!(read.facts, examine(&name, &good()));
}

proptest::proptest! {
    #[test]
    fn pieces_make_no_difference(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), size in 1_usize..40) {
        let name = ExchangeFileName::parse(SCHEDULE).unwrap();
        let whole = examine(&name, &bytes);
        let mut examiner = Examiner::new(&name);
        for piece in bytes.chunks(size) {
            examiner.push(piece);
        }
        proptest::prop_assert_eq!(examiner.finish(), whole);
    }

    #[test]
    fn text_that_encodes_is_never_called_unreadable(text in "[ -~ぁ-んァ-ヶ一-龠ｱ-ﾝ①-⑳㈱]{0,200}") {
        // The range of kanji holds some that MS932 lacks.
        let known: String = text.chars().filter(|c| !encoding_rs::SHIFT_JIS.encode(&c.to_string()).2).collect();
        let (bytes, _, _) = encoding_rs::SHIFT_JIS.encode(&known);
        let body = [b"202407,990010,9900000001,20260326,202604,\"".to_vec(), bytes.to_vec()].concat();
        let found = keys(&facts(SCHEDULE, &body));
        proptest::prop_assert!(!found.iter().any(|key| key == "encoding" || key == "gaiji"), "{:?}", found);
    }
}

#[test]
fn keys_link_the_mates_of_a_unit() {
    let schedule = facts(SCHEDULE, &good());
    assert_eq!(schedule.keys.iter().map(|key| key.row).collect::<Vec<_>>(), [1, 2]);
    assert!(!schedule.keys_cut && schedule.images.is_empty());
    // The supplement of the month links by the month, that of a plan by the plan date.
    let record = format!("202407,990010,9900000001,20251201{},202604\r\n", ",".repeat(58)).into_bytes();
    let monthly = facts(SUPPLEMENT, &record);
    assert_eq!(
        (monthly.keys[0].person, monthly.keys[0].link),
        (schedule.keys[0].person, schedule.keys[0].link)
    );
    let with_plan = facts(&SUPPLEMENT.replace("_202604_", "_000000_"), &record);
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
}

#[test]
fn images_are_named_by_the_basic_information() {
    let name = "UPKIHON_9900100018_46_99A0105007_A2_20260326093043.CSV";
    let record = |image: &str| {
        let head = format!("202407,990010,9900000001,20251201{}", ",".repeat(58));
        format!("{head}\"{image}\"{}\r\n", ",".repeat(9))
    };
    let text = [record(IMAGE), record(""), record("家族.jpg")].concat();
    let facts = facts(name, &encoding_rs::SHIFT_JIS.encode(&text).0);
    let images: Vec<_> = facts
        .images
        .iter()
        .map(|image| (image.name.as_str(), image.row))
        .collect();
    assert_eq!(images, [(IMAGE, 1), ("家族.jpg", 3)]);
}
