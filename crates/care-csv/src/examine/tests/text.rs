//! The text of a file: encoding, line ends, quotes, length of records.

use care_model::limits::{CSV_RECORD_BYTES_MAX, FINDINGS_PER_FIELD_MAX};

use super::*;

#[test]
fn each_fault_is_found_by_itself() {
    let lead = b"\x8b\xb4"; // 橋
    let one_record = record(SCHEDULE, &[]);
    let without_end = one_record.strip_suffix(b"\r\n").unwrap().to_vec();
    let utf8 = crate::decode(&good()).into_owned();
    let cases: &[(&str, Vec<u8>, &[&str])] = &[
        ("zero bytes", vec![], &["empty"]),
        ("blank lines", b"\r\n\r\n".to_vec(), &["empty"]),
        ("one byte", b"2".to_vec(), &["no_final_line_end", "code_csv_version"]),
        ("bad bytes", replaced(&good(), lead, b"\x81\x20"), &["encoding"]),
        ("gaiji", replaced(&good(), lead, b"\xf0\x40"), &["gaiji"]),
        ("nul", replaced(&good(), lead, b"\x00"), &["nul"]),
        ("byte order mark", [BOM, &good()].concat(), &["bom"]),
        ("UTF-8", utf8.clone().into_bytes(), &["encoding_utf8"]),
        (
            "UTF-8 with a mark",
            [BOM, utf8.as_bytes()].concat(),
            &["bom", "encoding_utf8"],
        ),
        ("UTF-16", b"\xff\xfe2\x000\x00".to_vec(), &["encoding_utf16"]),
        ("LF", [&without_end, b"\n".as_slice()].concat(), &["line_end"]),
        ("CR", [&without_end, b"\r".as_slice()].concat(), &["line_end"]),
        ("no last line end", without_end.clone(), &["no_final_line_end"]),
        ("open quote", replaced(&one_record, b"\"\",,0", b"\"a,,0"), &["quoting"]),
        (
            "quote not doubled",
            replaced(&good(), b"\"\"\x87\x40\"\"", b"\"\x87\x40\""),
            &["quoting"],
        ),
        ("header", [b"\x94\xc5,a\r\n".as_slice(), &good()].concat(), &["header"]),
    ];
    for (what, bytes, expected) in cases {
        assert_eq!(keys(&facts(SCHEDULE, bytes)), *expected, "{what}");
    }
}

#[test]
fn places_are_record_and_field() {
    let manager = column(SCHEDULE, "planning_care_manager_name");
    let facts = facts(SCHEDULE, &replaced(&good(), b"\x8b\xb4", b"\x81\x20"));
    assert_eq!(places(&facts), [("encoding".to_owned(), 1, manager)]);
    let finding = &facts.findings[0];
    assert!(finding.is_blocking());
    assert_eq!(finding.field_name.as_deref(), Some("プラン担当者名"));
    assert!(finding.value.as_deref().unwrap().contains('\u{fffd}'));
}

#[test]
fn every_place_is_told_up_to_the_limit() {
    let limit = FINDINGS_PER_FIELD_MAX;
    let bytes = replaced(&record(SCHEDULE, &[]), b"\x8b\xb4", b"\xf0\x40").repeat(limit + 3);
    let facts = facts(SCHEDULE, &bytes);
    assert_eq!(facts.findings.len(), limit);
    assert_eq!((facts.findings[0].more, facts.findings[limit - 1].more), (0, 3));
    assert_eq!(facts.findings[limit - 1].row, Some(limit as u32));
}

#[test]
fn utf8_is_checked_for_the_rest_too() {
    let bytes = file(SCHEDULE, &[&[("units", "12x")], &[]]);
    let text = crate::decode(&bytes).into_owned();
    let facts = facts(SCHEDULE, text.as_bytes());
    assert_eq!(keys(&facts), ["encoding_utf8", "kind"]);
    assert_eq!(facts.findings[1].value.as_deref(), Some("12x"));
    assert_eq!((facts.records, facts.recipients), (2, 1));
}

#[test]
fn half_width_kana_alone_are_not_utf8() {
    let bytes = record(SCHEDULE, &[("planning_care_manager_name", "ﾂｹ")]);
    assert!(std::str::from_utf8(&bytes).is_ok());
    assert_eq!(keys(&facts(SCHEDULE, &bytes)), Vec::<String>::new());
}

fn long_record(bytes: usize) -> Vec<u8> {
    let record = record(SCHEDULE, &[("service_office_name", "@")]);
    let filling = vec![b'a'; bytes - (record.len() - 1)];
    replaced(&record, b"@", &filling)
}

#[test]
fn a_record_above_the_limit_blocks_and_one_at_the_limit_does_not() {
    let limit = CSV_RECORD_BYTES_MAX;
    for size in [1_000_000, 65_536, 1_000] {
        let examined = |bytes: &[u8]| {
            let mut examiner = Examiner::new(&ExchangeFileName::parse(SCHEDULE).unwrap());
            bytes.chunks(size).for_each(|piece| examiner.push(piece));
            examiner.finish()
        };
        assert_eq!(keys(&examined(&long_record(limit))), Vec::<String>::new());
        let after = [
            long_record(limit + 1),
            record(SCHEDULE, &[("insured_number", "9900000002")]),
        ]
        .concat();
        let facts = examined(&after);
        assert_eq!(keys(&facts), ["line_too_long"]);
        assert_eq!(
            (facts.records, facts.recipients, facts.findings[0].row),
            (2, 2, Some(1))
        );
    }
}

#[test]
fn hostile_files_take_little_memory() {
    let name = ExchangeFileName::parse(SCHEDULE).unwrap();
    let commas = ",".repeat(400_000);
    let line = vec![b'a'; 400_000];
    let quotes = "\"".repeat(399_999);
    let nul = vec![0; 400_000];
    let rows = b",\r\n".repeat(10_000);
    let bad = b"\x81\x20,\r\n".repeat(10_000);
    for piece in [commas.as_bytes(), &line, quotes.as_bytes(), &nul, &rows, &bad] {
        let mut examiner = Examiner::new(&name);
        examiner.push(b"202407,990010,");
        for _ in 0..4 {
            examiner.push(piece);
            assert!(examiner.buffer.capacity() <= 4 * CSV_RECORD_BYTES_MAX);
        }
        let facts = examiner.finish();
        assert!(!facts.findings.is_empty());
        assert!(facts.findings.len() <= care_model::limits::FINDINGS_PER_FILE_MAX);
    }
}

#[test]
fn a_lone_quote_is_told_where_it_stands() {
    let bytes = [good(), replaced(&record(SCHEDULE, &[]), b"\"\",,0", b"\",,0"), good()].concat();
    let found = places(&facts(SCHEDULE, &bytes));
    assert_eq!(found[0].0, "quoting");
    assert_eq!(found[0].1, 4);
}
