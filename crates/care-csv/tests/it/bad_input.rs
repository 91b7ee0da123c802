//! Bad files as people and programs make them: each gets the right answer or one clear finding, in little memory.

use std::io::Read;

use care_csv::{FileRead, decode, encode, read, repair};
use care_layout::Layout;
use care_model::limits::CSV_RECORD_BYTES_MAX;
use care_model::{Edition, ExchangeFileName, FileKind};
use fault_row::{Breaches, Row};

const NAME: &str = "UPKIHON_SUB1_9900100018_46_99A0105007_A2_20260326093043.CSV";
const HEAD: &str = "202407,990010,9900005001,20260401,";

/// What a file is made of, as a stream: some are far larger than memory should be.
type Stream = Box<dyn Read>;

fn whole(bytes: impl Into<Vec<u8>>) -> Stream {
    Box::new(std::io::Cursor::new(bytes.into()))
}

/// A record of the layout with three free texts, as MS932.
fn record(texts: [&str; 3]) -> Vec<u8> {
    let values: Vec<&str> = HEAD.trim_end_matches(',').split(',').chain(texts).collect();
    let layout = Layout::of(Edition::V4, FileKind::ProfileDay).unwrap();
    care_csv::write_record(layout, &values).unwrap()
}

fn good() -> Vec<u8> {
    record(["6:00", "朝食, 服薬", "長女も手伝う"])
}

/// These bytes in the place of 服.
fn with(bytes: &[u8]) -> Vec<u8> {
    let (good, place) = (good(), encode("服").unwrap());
    let at = good.windows(2).position(|pair| pair == place).unwrap();
    [&good[..at], bytes, &good[at + 2..]].concat()
}

/// The same byte many times, between a beginning and an end.
fn long(head: &[u8], byte: u8, count: u64, tail: &'static [u8]) -> Stream {
    let head = std::io::Cursor::new(head.to_vec());
    Box::new(head.chain(std::io::repeat(byte).take(count)).chain(tail))
}

fn found(mut source: Stream) -> (FileRead, Vec<String>) {
    let name = ExchangeFileName::parse(NAME).unwrap();
    let read = read(&name, &mut source).unwrap();
    let keys = read
        .facts
        .findings
        .iter()
        .map(care_model::Finding::message_key)
        .collect();
    (read, keys)
}

/// Largest memory of this process so far, in KB.
#[cfg(target_os = "linux")]
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

#[test]
fn row_13_bad_csv_gets_the_right_answer_or_one_clear_finding() {
    #[cfg_attr(
        not(target_os = "linux"),
        expect(unused_mut, reason = "only Linux says what its peak was")
    )]
    let mut row = Row::open(
        13,
        "each case of the table, up to a record of 1 GB and 10 million columns",
    );
    const GIB: u64 = 1 << 30;
    let text = |text: &str| record(["6:00", text, ""]);
    let bom = |bytes: Vec<u8>| [b"\xef\xbb\xbf".to_vec(), bytes].concat();
    let utf8 = |bytes: &[u8]| decode(bytes).into_owned().into_bytes();
    let cr: Vec<u8> = good().into_iter().filter(|byte| *byte != b'\n').collect();
    let cases: Vec<(&str, Stream, &[&str])> = vec![
        // Right as it stands.
        ("half-width kana", whole(text("ﾍﾙﾊﾟｰ ｶﾞ｡｢｣")), &[]),
        ("second bytes of 5C", whole(text("表 ソ 能 予定表")), &[]),
        ("two places of one character", whole(with(b"\xee\xe0\xfb\xfc")), &[]),
        ("formulas are text", whole(text("=1+1")), &[]),
        ("formulas with quotes", whole(text("=HYPERLINK(\"x\",\"y\")")), &[]),
        (
            "signs that a table would take for formulas",
            whole(text("+81-3, -1, @x, \t=x")),
            &[],
        ),
        ("commas and line ends in text", whole(text("a,b\r\nc\nd")), &[]),
        // One clear finding each.
        ("user-defined character", whole(with(b"\xf0\x40")), &["gaiji"]),
        ("UTF-8 without BOM", whole(utf8(&good())), &["encoding_utf8"]),
        ("UTF-8 with BOM", whole(bom(utf8(&good()))), &["bom", "encoding_utf8"]),
        ("BOM before MS932", whole(bom(good())), &["bom"]),
        (
            "MS932 and UTF-8 mixed",
            whole([good(), utf8(&good())].concat()),
            &["encoding"],
        ),
        ("NUL", whole(with(b"\0")), &["nul"]),
        ("NUL throughout", long(&good(), 0, 4_096, b"\r\n"), &["columns", "nul"]),
        ("a lone quote in text", whole(with(b"\"")), &["quoting"]),
        (
            "a quote that is never closed",
            whole([good(), format!("{HEAD}\"a,b,c\r\n").into_bytes()].concat()),
            &["quoting"],
        ),
        ("CR only", whole(cr), &["line_end"]),
        (
            "a record of 1 GB",
            long(HEAD.as_bytes(), b'a', GIB, b"\r\n"),
            &["line_too_long"],
        ),
        (
            "text of 64 MB in quotes",
            long(format!("{HEAD}\"").as_bytes(), b'a', GIB / 16, b"\",,\r\n"),
            &["line_too_long"],
        ),
        (
            "10 million columns",
            long(HEAD.as_bytes(), b',', 10_000_000, b"\r\n"),
            &["line_too_long"],
        ),
        (
            "as many columns as a record may have",
            long(HEAD.as_bytes(), b',', CSV_RECORD_BYTES_MAX as u64 - 100, b"\r\n"),
            &["columns"],
        ),
        (
            "a million line ends",
            long(&good(), b'\n', 1_000_000, b""),
            &["line_end"],
        ),
        (
            "a million quotes",
            long(HEAD.as_bytes(), b'"', 1_000_000, b"\r\n"),
            &["columns"],
        ),
    ];
    let count = cases.len() as u64;
    for (what, source, expected) in cases {
        let (read, keys) = found(source);
        assert_eq!(keys, expected, "{what}");
        let blocks = read.facts.findings.iter().any(care_model::Finding::is_blocking);
        let unreadable = ["encoding", "bom", "line_too_long"];
        let should = keys
            .iter()
            .any(|key| unreadable.iter().any(|code| key.starts_with(code)));
        assert_eq!(blocks, should, "{what}");
    }
    #[cfg(target_os = "linux")]
    {
        row.figure("peak_mb", peak_kb() as f64 / 1_024.0);
        assert!(peak_kb() <= 64 * 1_024, "{} KB", peak_kb());
    }
    row.close(count, Breaches::default());
}

/// Bytes that are trouble somewhere, put anywhere into good files.
const TROUBLE: &[&[u8]] = &[
    b"\0",
    b"\"",
    b"\"\"",
    b"\r",
    b"\n",
    b"\r\n",
    b",",
    b"\\",
    b"\x95\x5c",
    b"\x83\x5c",
    b"\x94\x5c",
    b"\xf0\x40",
    b"\xee\xe0",
    b"\x81",
    b"\x82\xa0",
    b"\xb1\xb2",
    b"\xe3\x81\x82",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\x80",
    b"\xa0",
    b"=1+1",
    b"@x",
    b"\x1a",
    b"\x7f",
    b"\t",
    b"\xef\xbc\x88",
];

/// A file that was changed somewhere is read to its end without a panic, and what is found in it is the same however the
/// bytes come. A text that holds the same trouble and was written as it should be is read back as it was, without a finding.
#[test]
fn row_13_changed_files_are_read_to_their_end_and_written_ones_come_back() {
    let row = Row::open(
        13,
        "good files with trouble put in, and texts of trouble written and read again",
    );
    let mut random = fastrand::Rng::with_seed(row.seed());
    let files = row.times(2_000, 200_000);
    let mut breaches = Breaches::default();
    for _ in 0..files {
        let mut bytes: Vec<u8> = (0..random.usize(1..4)).flat_map(|_| good()).collect();
        for _ in 0..random.usize(1..4) {
            let place = random.usize(..=bytes.len());
            let piece = TROUBLE[random.usize(..TROUBLE.len())];
            bytes.splice(place..place, piece.iter().copied());
        }
        let (_, at_once) = found(whole(bytes.clone()));
        let (_, in_bits) = found(Box::new(Bits(bytes.clone(), 0, random.usize(1..7))));
        if at_once != in_bits {
            breaches.half += 1;
            eprintln!("{bytes:?}: {at_once:?}, and in bits {in_bits:?}");
        }

        let text: String = (0..random.usize(..6))
            .map(|_| ["表", "ソ", "能", "ﾍﾙﾊﾟｰ", ",", "\"", "\r\n", "=1+1", "@x", "髙﨑①", "a"][random.usize(..11)])
            .collect();
        let bytes = record(["6:00", &text, ""]);
        let back = care_csv::records(&bytes)
            .next()
            .and_then(|record| Some(record.fields().nth(5)?.text().into_owned()));
        if back.as_deref() != Some(&text) || !found(whole(bytes)).1.is_empty() {
            breaches.lost += 1;
            eprintln!("{text:?} came back as {back:?}");
        }
    }
    row.close(2 * files, breaches);
}

/// Bytes that come a few at a time.
struct Bits(Vec<u8>, usize, usize);

impl Read for Bits {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let Self(bytes, place, most) = self;
        let length = into.len().min(*most).min(bytes.len() - *place);
        into[..length].copy_from_slice(&bytes[*place..*place + length]);
        *place += length;
        Ok(length)
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_repair_takes_one_copy_beside_the_original() {
    let record = decode(&good()).replace('\n', "").replace('\r', "\n");
    let bytes = record.repeat(8 * 1_024 * 1_024 / record.len()).into_bytes();
    let before = peak_kb();
    let repaired = repair(NAME, &bytes).unwrap();
    // In MS932 it is smaller than in UTF-8; the rest is what checking takes.
    assert!(repaired.bytes.len() < bytes.len());
    let taken = peak_kb() - before;
    assert!(taken <= 8 * 1_024 + 4 * 1_024, "{taken} KB");
}

#[test]
fn what_is_read_is_what_was_written() {
    for text in ["=1+1", "表 ソ 能", "ﾍﾙﾊﾟｰ", "a,\"b\"\r\nc", "@SUM(A1)", "髙﨑①Ⅱ㈱～－"] {
        let bytes = record(["6:00", text, ""]);
        let record = care_csv::records(&bytes).next().unwrap();
        assert_eq!(record.fields().nth(5).unwrap().text(), text);
        assert_eq!(repair(NAME, &bytes), None, "{text}");
    }
}
