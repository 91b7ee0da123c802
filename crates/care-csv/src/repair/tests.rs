use care_layout::Kind;
use care_model::limits::REPAIR_SUBSTITUTES_MAX;
use care_model::{Edition, FileKind};

use super::*;
use crate::table::write_record;
use crate::text::decode;

const SCHEDULE: &str = "UPPLAN_202604_9970100013_43_9970101003_11_20260326095635.CSV";
const PROFILE_DAY: &str = "UPKIHON_SUB1_9900100018_46_99A0105007_A2_20260326093043.CSV";

/// Two people's visits, with all that is hard to read back.
fn good() -> Vec<u8> {
    let layout = Layout::of(Edition::V4, FileKind::UseSlip).unwrap();
    let record = |insured: &str, day: &str, manager: &str| {
        let mut values = vec![String::new(); layout.fields.len()];
        for (name, value) in [
            ("csv_version", "202407"),
            ("insurer_number", "990010"),
            ("insured_number", insured),
            ("document_created_on", "20260326"),
            ("target_month", "202604"),
            ("planning_office_number", "9970100013"),
            ("planning_care_manager_name", manager),
            ("units", "244"),
            ("service_date", day),
            ("start_time", "1300"),
            ("end_time", "1330"),
            ("service_code", "111111"),
            ("service_office_number", "9970101003"),
            ("service_office_name", "例示ヘルパーステーション"),
            ("service_count", "1"),
            ("over_30_days", "0"),
            ("updating_office", "9970100013"),
        ] {
            if let Some(index) = layout.index(name) {
                values[index] = value.to_owned();
            }
        }
        write_record(layout, &values).unwrap()
    };
    [
        record("9900000001", "20260403", "髙橋 架空子"),
        record("9900000001", "20260410", "表ソ能 ｱﾞ, \"①\"\r\n吉田"),
        record("9900000002", "20260404", "髙橋 架空子"),
    ]
    .concat()
}

fn utf8(bytes: &[u8]) -> Vec<u8> {
    decode(bytes).into_owned().into_bytes()
}

fn utf16(bytes: &[u8], unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xFEFF)
        .chain(decode(bytes).encode_utf16())
        .flat_map(unit)
        .collect()
}

/// The first place of `from` replaced.
fn replaced(bytes: &[u8], from: &str, to: &[u8]) -> Vec<u8> {
    let from = crate::encode(from).unwrap();
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

fn kinds(repair: &Repair) -> Vec<ChangeKind> {
    repair.changes.iter().map(|change| change.kind).collect()
}

fn lone(bytes: &[u8], line_end: &[u8]) -> Vec<u8> {
    crate::table::lines(bytes)
        .flat_map(|line| [without_end(line), line_end].concat())
        .collect()
}

fn without_end(line: &[u8]) -> &[u8] {
    crate::record::without_line_end(line)
}

#[test]
fn what_is_right_is_left_alone() {
    assert_eq!(repair(SCHEDULE, &good()), None);
    for (name, bytes) in [
        (SCHEDULE, b"".as_slice()),
        (SCHEDULE, b"\n\n"),
        ("memo.txt", b"\xef\xbb\xbfa\n"),
        (
            "UPKIHON_IMAGE_9900100018_46_99A0105007_A2_20260326093043_0001.JPG",
            b"GIF89a\n",
        ),
    ] {
        assert_eq!(repair(name, bytes), None, "{name}");
    }
}

#[test]
fn each_fault_with_one_right_answer_is_repaired_to_the_original() {
    use ChangeKind as K;

    let good = good();
    let bom = |bytes: &[u8]| [b"\xef\xbb\xbf".as_slice(), bytes].concat();
    let unquoted = replaced(&good, "\"髙橋 架空子\"", &crate::encode("髙橋 架空子").unwrap());
    let last_field_empty = [&good[..good.len() - 2], b",,\"\"\r\n"].concat();
    let first_end = crate::table::lines(&good).next().unwrap().len() - 2;
    let first_longer = [&good[..first_end], b",", &good[first_end..]].concat();
    let cases: Vec<(&str, Vec<u8>, Vec<K>)> = vec![
        ("UTF-8", utf8(&good), vec![K::Utf8ToMs932]),
        ("UTF-8 with BOM", bom(&utf8(&good)), vec![K::Utf8ToMs932, K::BomRemoved]),
        ("BOM", bom(&good), vec![K::BomRemoved]),
        ("UTF-16 LE", utf16(&good, u16::to_le_bytes), vec![K::Utf16ToMs932]),
        ("UTF-16 BE", utf16(&good, u16::to_be_bytes), vec![K::Utf16ToMs932]),
        ("LF", lone(&good, b"\n"), vec![K::LineEnds]),
        ("CR", lone(&good, b"\r"), vec![K::LineEnds]),
        (
            "no last line end",
            good[..good.len() - 2].to_vec(),
            vec![K::FinalLineEnd],
        ),
        ("unquoted", unquoted.clone(), vec![K::Quotes]),
        ("empty columns", last_field_empty, vec![K::TrailingColumns]),
        ("an empty column", first_longer, vec![K::TrailingColumns]),
        (
            "UTF-8, LF, unquoted, no last line end",
            {
                let mut bytes = lone(&utf8(&unquoted), b"\n");
                bytes.pop();
                bytes
            },
            vec![K::Utf8ToMs932, K::LineEnds, K::FinalLineEnd, K::Quotes],
        ),
    ];
    for (what, bytes, expected) in cases {
        assert_ne!(bytes, good, "{what}");
        let repaired = repair(SCHEDULE, &bytes).unwrap_or_else(|| panic!("{what}"));
        assert_eq!(repaired.bytes, good, "{what}");
        assert_eq!(repaired.name, SCHEDULE);
        assert_eq!(kinds(&repaired), expected, "{what}");
        let name = ExchangeFileName::parse(SCHEDULE).unwrap();
        let findings = examine(&name, &bytes).findings;
        assert!(is_repairable(&findings, SCHEDULE), "{what}");
        let mending: Vec<_> = findings.iter().filter_map(ChangeKind::mending).collect();
        assert!(mending.iter().all(|kind| expected.contains(kind)), "{what} {mending:?}");
        assert_eq!(repair(&repaired.name, &repaired.bytes), None, "{what}");
    }
}

#[test]
fn changes_say_how_often_and_where_first() {
    let good = good();
    let repaired = repair(SCHEDULE, &lone(&good, b"\n")).unwrap();
    let change = &repaired.changes[0];
    assert_eq!((change.count, change.row, change.column), (3, Some(1), None));
    let unquoted = replaced(&good, "\"髙橋 架空子\"", &crate::encode("髙橋 架空子").unwrap());
    let repaired = repair(SCHEDULE, &unquoted).unwrap();
    let change = &repaired.changes[0];
    assert_eq!((change.count, change.row, change.column), (1, Some(1), Some(7)));
}

#[test]
fn characters_that_are_missing_get_the_substitute_that_is_shown() {
    let good = good();
    let text = decode(&good)
        .replace("吉田", "𠮷田, か\u{3099}𠮷")
        .replace("髙橋", "café");
    let repaired = repair(SCHEDULE, text.as_bytes()).unwrap();
    let shown: Vec<_> = repaired
        .changes
        .iter()
        .map(|change| {
            (
                change.kind,
                change.count,
                change.row,
                change.column,
                change.before.as_deref(),
                change.after.as_deref(),
            )
        })
        .collect();
    let substitute = ChangeKind::Substitute;
    assert_eq!(
        shown,
        [
            (ChangeKind::Utf8ToMs932, 1, None, None, None, None),
            (substitute, 2, Some(1), Some(7), Some("é"), Some("e")),
            (substitute, 2, Some(2), Some(7), Some("𠮷"), Some("吉")),
            (substitute, 1, Some(2), Some(7), Some("か\u{3099}"), Some("が")),
        ]
    );
    let expected = decode(&good).replace("吉田", "吉田, が吉").replace("髙橋", "cafe");
    assert_eq!(decode(&repaired.bytes), expected);
}

#[test]
fn a_character_without_substitute_stops_the_repair_and_is_told() {
    let text = decode(&good()).replace("吉田", "😀田");
    assert_eq!(repair(SCHEDULE, text.as_bytes()), None);
    let findings = unrepairable(SCHEDULE, text.as_bytes());
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].row, findings[0].column), (Some(2), Some(7)));
    assert_eq!(findings[0].message_key(), "encoding_unmappable");
    assert_eq!(findings[0].params["code_point"], "U+1F600");
    assert_eq!(findings[0].field.as_deref(), Some("planning_care_manager_name"));
    assert!(findings[0].is_blocking());
    assert!(unrepairable(SCHEDULE, &good()).is_empty());
    assert!(unrepairable(SCHEDULE, &utf8(&good())).is_empty());
    let many = decode(&good()).replace("吉田", &"😀".repeat(FINDINGS_PER_FIELD_MAX + 1));
    assert_eq!(unrepairable(SCHEDULE, many.as_bytes()).len(), FINDINGS_PER_FIELD_MAX);
}

#[test]
fn nothing_is_guessed() {
    let good = good();
    let cases = [
        ("bad bytes", replaced(&good, "橋", b"\x81\x20")),
        ("gaiji", replaced(&good, "橋", b"\xf0\x40")),
        ("gaiji in UTF-8", decode(&good).replace('橋', "\u{e000}").into_bytes()),
        ("nul", replaced(&good, "橋", b"\0")),
        ("a comma without quotes", replaced(&good, "\"髙橋 架空子\"", b"a,b")),
        ("quotes not doubled", replaced(&good, "髙橋", b"\"a\"")),
        ("an open quote", [&good[..], b"202407,\"a\r\n"].concat()),
        (
            "a filled column too many",
            [&good[..good.len() - 2], b",x\r\n"].concat(),
        ),
        ("a column missing", [&good[..good.len() - 3], b"\r\n"].concat()),
        ("broken off", good[..good.len() - 30].to_vec()),
        ("mixed encodings", [&good[..], &utf8(&good)].concat()),
        (
            "text that was lost",
            decode(&good).replace('橋', "\u{fffd}").into_bytes(),
        ),
        ("half of UTF-16", [b"\xff\xfe".as_slice(), b"2\x000"].concat()),
        (
            "no pair in UTF-16",
            [b"\xff\xfe".as_slice(), b"2\0,\0\x00\xd8,\0"].concat(),
        ),
        ("a header", {
            let header = Layout::of(Edition::V4, FileKind::UseSlip).unwrap().fields.iter();
            let names: Vec<&str> = header.map(|field| field.name_ja).collect();
            [
                crate::encode(&format!("{}\r\n", names.join(","))).unwrap(),
                good.clone(),
            ]
            .concat()
        }),
    ];
    for (what, bytes) in cases {
        assert_eq!(repair(SCHEDULE, &bytes), None, "{what}");
    }
}

#[test]
fn a_line_end_that_may_be_free_text_stays() {
    // A record in two pieces because its text lost its quotes, with LF between them, in a file of CRLF.
    let broken = replaced(&good(), "\"髙橋 架空子\"", b"a\nb");
    assert_eq!(repair(SCHEDULE, &broken), None);
    // Both line ends between whole records are safe.
    let good = good();
    let first = crate::table::lines(&good).next().unwrap().len();
    let mixed = [lone(&good[..first], b"\n"), good[first..].to_vec()].concat();
    assert_eq!(repair(SCHEDULE, &mixed).unwrap().bytes, good);
}

#[test]
fn a_cut_column_is_no_comma_of_a_text() {
    // One field too many and the last one empty, but the text before it is what has the comma.
    let layout = Layout::of(Edition::V4, FileKind::ProfileDay).unwrap();
    assert_eq!(layout.fields[6].kind, Kind::Text);
    let record = b"202407,990010,9900005001,20260401,a,b,c,\r\n";
    assert_eq!(repair(PROFILE_DAY, record), None);
    let record = b"202407,990010,9900005001,20260401,\"a\",\"b\",\"c\",\r\n";
    let repaired = repair(PROFILE_DAY, record).unwrap();
    assert_eq!(
        repaired.bytes,
        b"202407,990010,9900005001,20260401,\"a\",\"b\",\"c\"\r\n"
    );
}

#[test]
fn another_version_keeps_its_columns() {
    let good = good();
    let longer = |line: &[u8]| [without_end(line), b",\r\n"].concat();
    let records: Vec<Vec<u8>> = crate::table::lines(&good).map(longer).collect();
    let unknown = replaced(&records[2], "202407", b"209901");
    let repaired = repair(SCHEDULE, &[&records[0][..], &records[1], &unknown].concat()).unwrap();
    assert_eq!(repaired.changes[0].count, 2);
    assert!(repaired.bytes.ends_with(&unknown));
}

#[test]
fn names_and_contents_are_repaired_together() {
    let good = good();
    let name = SCHEDULE.replace(".CSV", " - コピー.csv");
    let repaired = repair(&name, &lone(&good, b"\n")).unwrap();
    assert_eq!((repaired.name.as_str(), &repaired.bytes), (SCHEDULE, &good));
    assert_eq!(kinds(&repaired), [ChangeKind::LineEnds, ChangeKind::Name]);
    let repaired = repair(&SCHEDULE.replace(".CSV", ".csv"), b"\x81\x20").unwrap();
    assert_eq!(repaired.name, SCHEDULE);
    assert_eq!(repaired.bytes, b"\x81\x20");
}

#[test]
fn a_copy_of_a_file_that_is_there_is_not_offered() {
    let copy = SCHEDULE.replace(".CSV", " (1).CSV");
    assert!(is_repairable(&[], &copy));
    assert!(!is_repairable(&[Finding::notes(FindingCode::Duplicate)], &copy));
    assert!(!is_repairable(&[Finding::notes(FindingCode::LineEnd)], "memo.csv"));
}

#[test]
fn more_substitutes_than_anybody_would_look_through_are_none() {
    let letters = |count: u32| -> String {
        // Kanji with a selector: each is another pair.
        let kanji = (0x4E00..0x9FFF)
            .filter_map(char::from_u32)
            .filter(|c| crate::is_encodable(*c));
        kanji.take(count as usize).flat_map(|c| [c, '\u{fe00}']).collect()
    };
    let max = u32::try_from(REPAIR_SUBSTITUTES_MAX).unwrap();
    for (count, repaired) in [(max, true), (max + 1, false)] {
        let text = decode(&good()).replace("吉田", &letters(count));
        assert_eq!(repair(SCHEDULE, text.as_bytes()).is_some(), repaired);
    }
}

#[test]
fn what_is_too_large_is_left() {
    let mut bytes = lone(&good(), b"\n");
    bytes.resize(usize::try_from(REPAIR_BYTES_MAX).unwrap() + 1, b'\n');
    assert_eq!(repair(SCHEDULE, &bytes), None);
    // A record above the limit makes the file unreadable in any encoding.
    let long = decode(&good()).replace("吉田", &"吉".repeat(CSV_RECORD_BYTES_MAX / 2));
    assert_eq!(repair(SCHEDULE, long.as_bytes()), None);
}

#[test]
fn every_kind_has_its_words() {
    let sheet = include_str!("../../../messages/catalogue/repairs.toml");
    let (_, group) = sheet.split_once("[change]").unwrap();
    let worded: Vec<&str> = group
        .lines()
        .filter_map(|line| line.split_once(" = ").map(|(key, _)| key))
        .collect();
    let all: Vec<&str> = ChangeKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(worded, all);
}

#[test]
fn debug_shows_nothing_of_the_contents() {
    let text = decode(&good()).replace("吉田", "𠮷田");
    let shown = format!("{:?}", repair(SCHEDULE, text.as_bytes()).unwrap());
    assert!(
        !shown.contains('𠮷') && !shown.contains('吉') && shown.contains("Substitute"),
        "{shown}"
    );
}

/// Pieces of files, right and wrong.
fn pieces() -> impl proptest::strategy::Strategy<Value = Vec<u8>> {
    use proptest::prelude::*;

    let good = good();
    let records: Vec<Vec<u8>> = crate::table::lines(&good).map(<[u8]>::to_vec).collect();
    let unquoted = replaced(&records[0], "\"髙橋 架空子\"", b"abc");
    let longer = [&records[0][..records[0].len() - 2], b",,\r\n"].concat();
    let piece = prop_oneof![
        8 => proptest::sample::select(records),
        2 => Just(unquoted),
        1 => Just(longer),
        1 => proptest::sample::select(vec![
            b"\r\n".to_vec(), b"\n".to_vec(), b"\r".to_vec(), b"\"".to_vec(), b",".to_vec(), b"202407,".to_vec(),
            b"\xf0\x40".to_vec(), b"\x81\x20".to_vec(), b"\0".to_vec(), b"\x95\x5c".to_vec(), b"\xef\xbb\xbf".to_vec(),
            "é\u{301}𠮷😀".as_bytes().to_vec(),
        ]),
    ];
    let whole = proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat());
    (whole, 0..8_u8).prop_map(|(bytes, how)| match how {
        0 => utf8(&bytes),
        1 => [b"\xef\xbb\xbf".to_vec(), utf8(&bytes)].concat(),
        2 => utf16(&bytes, u16::to_le_bytes),
        3 => lone(&bytes, b"\n"),
        4 => bytes.strip_suffix(b"\r\n").unwrap_or(&bytes).to_vec(),
        _ => bytes,
    })
}

proptest::proptest! {
    #[test]
    fn a_repair_leaves_less_wrong_and_nothing_to_repair(bytes in pieces(), small in proptest::bool::ANY) {
        let name = if small { SCHEDULE.replace(".CSV", ".csv") } else { SCHEDULE.to_owned() };
        if let Some(repaired) = repair(&name, &bytes) {
            proptest::prop_assert!(repaired.bytes != bytes || repaired.name != name);
            proptest::prop_assert!(!repaired.changes.is_empty());
            proptest::prop_assert_eq!(repair(&repaired.name, &repaired.bytes), None);
            let parsed = ExchangeFileName::parse(SCHEDULE).unwrap();
            let (before, after) = (examine(&parsed, &bytes), examine(&parsed, &repaired.bytes));
            if repaired.bytes != bytes {
                let text = repaired.changes.iter().any(|change| {
                    matches!(change.kind, ChangeKind::Utf8ToMs932 | ChangeKind::Utf16ToMs932)
                });
                proptest::prop_assert!(is_better(&before, &after, !text));
            }
        }
    }

    #[test]
    fn values_come_out_as_they_were(bytes in pieces()) {
        let values = |bytes: &[u8]| -> Vec<Vec<String>> {
            crate::records(bytes).map(|record| record.fields().map(|value| value.text().into_owned()).collect()).collect()
        };
        if let Some(repaired) = repair(SCHEDULE, &bytes)
            && repaired.changes.iter().all(|change| matches!(
                change.kind,
                ChangeKind::LineEnds | ChangeKind::FinalLineEnd | ChangeKind::Quotes | ChangeKind::BomRemoved
            ))
        {
            proptest::prop_assert_eq!(values(&repaired.bytes), values(&bytes));
        }
    }

    #[test]
    fn any_bytes_are_taken(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        if let Some(repaired) = repair(SCHEDULE, &bytes) {
            proptest::prop_assert_eq!(repair(SCHEDULE, &repaired.bytes), None);
        }
    }
}
