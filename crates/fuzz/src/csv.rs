//! The content of files.

use care_csv::{Examiner, FileFacts};
use care_model::{
    Address, Edition, ExchangeFileName, FileKind, NameMonth, OfficeNumber, Serial, ServiceKind, ServiceMonth, limits,
};

/// Signs of the format and values that rules look for.
pub(crate) const WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b",",
    b"\"",
    b"\"\"",
    b"\",\"",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xf0\x40",
    b"\xfa\x40",
    b"\x95\x5c",
    b"\x81\x40",
    b"\x80",
    b"\x00",
    b"202407",
    b"202208",
    b"202604",
    b"20260431",
    b"20260430",
    b"2400",
    b"9999",
    b"990010",
    b"9900000002",
    b"H990000005",
    b"9970100013",
    b"9999999999",
    b"999999",
    b"11AAAA",
    b"11EEEE",
    b"11ZZZZ",
    b"-1",
    b"99999999999999999999",
    b"10.00",
    b"0000000000000000000000000000000",
    "\u{20bb7}".as_bytes(),
    "見本".as_bytes(),
];

/// The first byte chooses kind and edition, the second the size of the pieces, the rest is the file.
pub(crate) fn run(bytes: &[u8]) {
    let [kind, piece, content @ ..] = bytes else { return };
    let Some(name) = name(*kind) else { return };
    let whole = care_csv::examine(&name, content);
    let mut examiner = Examiner::new(&name);
    for part in content.chunks(usize::from(*piece) + 1) {
        examiner.push(part);
    }
    assert_eq!(examiner.finish(), whole, "the size of the pieces changes what is seen");
    bounded(&whole);
}

/// A name for a number: every kind in both editions that have it.
pub(crate) fn name(choice: u8) -> Option<ExchangeFileName> {
    let kinds = FileKind::ALL.len();
    let kind = *FileKind::ALL.get(usize::from(choice) % kinds)?;
    let edition = if usize::from(choice) / kinds % 2 == 1 && kind.in_edition_3() {
        Edition::V3
    } else {
        Edition::V4
    };
    let address = |office, service| -> Option<Address> {
        Some(Address {
            office: OfficeNumber::parse(office).ok()?,
            kind: match edition {
                Edition::V4 => Some(ServiceKind::parse(service).ok()?),
                Edition::V3 => None,
            },
        })
    };
    let month = match kind.has_month() {
        true => NameMonth::Of(ServiceMonth::parse("202604").ok()?),
        false => NameMonth::Absent,
    };
    ExchangeFileName::from_parts(
        kind,
        month,
        address("9970100013", "43")?,
        address("9970101003", "11")?,
        Serial::parse("20260326095635").ok()?,
        kind.is_image().then_some(1),
    )
}

/// However hostile the content, what is kept of it is small, and every finding has a place that exists.
fn bounded(facts: &FileFacts) {
    assert!(
        facts.findings.len() <= limits::FINDINGS_PER_FILE_MAX,
        "too many findings"
    );
    assert!(facts.keys.len() <= limits::RECORD_KEYS_MAX, "too many keys");
    for finding in &facts.findings {
        assert!(finding.row != Some(0) && finding.column != Some(0), "{finding:?}");
        let long = |value: &String| value.chars().count() > limits::FINDING_VALUE_CHARS_MAX;
        assert!(
            !finding.value.as_ref().is_some_and(long),
            "a value is not cut: {finding:?}"
        );
        assert_eq!(finding.file, None, "the caller knows the file: {finding:?}");
        assert_eq!(
            finding.field.is_some(),
            finding.field_name.is_some(),
            "one name of the field without the other: {finding:?}"
        );
    }
}
