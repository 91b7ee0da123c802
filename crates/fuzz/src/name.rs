//! Names of files.

use care_model::{ExchangeFileName, FileKind, NameReading};

/// Parts of names, right ones and near misses.
pub(crate) const WORDS: &[&[u8]] = &[
    b"UPPLAN",
    b"UPHOSOKU_000000",
    b"UPKIHON_IMAGE",
    b"UPYOBO_SUB",
    b"DLTJSK",
    b"_",
    "\u{332}".as_bytes(),
    "＿".as_bytes(),
    "０".as_bytes(),
    "Ａ".as_bytes(),
    "\u{200b}".as_bytes(),
    b"-",
    b"202604",
    b"000000",
    b"9970100013",
    b"99A0105007",
    b"43",
    b"A2",
    b"20260326095635",
    b"_0001.jpg",
    b".CSV",
    b".csv",
    " - コピー".as_bytes(),
    b" (1)",
    b"(1)",
    b" - Copy",
];

/// Whatever a file is called: it is read the same way twice, and a name of the standard is written back as it was.
pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match NameReading::of(&text) {
        NameReading::Standard(name) => {
            assert_eq!(name.as_str(), text, "the exact name is kept");
            holds(&name);
        }
        NameReading::Copy { of } => holds(&of),
        NameReading::Near {
            suggestion: Some(name), ..
        } => holds(&name),
        NameReading::Near { suggestion: None, .. } | NameReading::Foreign => {}
    }
}

/// Taking apart and joining are the inverse of each other, and the standard's own spelling is stable.
fn holds(name: &ExchangeFileName) {
    let canonical = name.canonical();
    assert!(canonical.is_ascii(), "{canonical}");
    assert!(canonical.eq_ignore_ascii_case(name.as_str()) || is_jpeg(name));
    let joined = ExchangeFileName::from_parts(name.kind, name.month, name.from, name.to, name.serial, name.branch);
    let read = NameReading::of(&canonical);
    assert_eq!(joined.as_ref(), read.standard(), "{canonical}");
    let again = joined.map(|joined| (joined.canonical(), joined.edition()));
    assert_eq!(again, Some((canonical, name.edition())));
    assert!(name.kind.exists_in(name.edition()));
    assert_eq!(name.branch.is_some(), name.kind == FileKind::ProfileImage);
}

/// `.jpeg` is read and written as `.jpg`.
fn is_jpeg(name: &ExchangeFileName) -> bool {
    name.kind.is_image() && name.as_str().to_ascii_lowercase().ends_with(".jpeg")
}
