//! What other crates rely on and no rule of this crate needs by itself: bytes, texts and small questions.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod units;
mod values;

use care_model::{Address, Digest, Edition, FileKind, NameReading, OfficeNumber, Party, ServiceKind};

/// The SHA-256 of nothing, from the published test vectors.
const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[test]
fn a_digest_keeps_its_bytes_through_every_form() {
    let digest = Digest::of(b"");
    let bytes: Vec<String> = digest.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(bytes.concat(), OF_NOTHING);
    assert_eq!(String::from(digest), OF_NOTHING);
    assert!(format!("{digest:?}").contains(&OF_NOTHING[..8]), "{digest:?}");
    assert_eq!(Digest::from_bytes(*digest.as_bytes()), digest);
    assert_eq!(Digest::parse(OF_NOTHING).unwrap(), digest);
}

#[test]
fn only_the_five_deletion_files_are_deletions() {
    for kind in FileKind::ALL {
        assert_eq!(
            kind.is_deletion(),
            kind.prefix().starts_with("DLT"),
            "{}",
            kind.prefix()
        );
    }
}

#[test]
fn the_newer_edition_has_every_kind_and_the_older_one_half() {
    let of = |edition| FileKind::ALL.iter().filter(|kind| kind.exists_in(edition)).count();
    assert_eq!((of(Edition::V4), of(Edition::V3)), (18, 9));
}

#[test]
fn an_address_is_a_party_only_with_a_kind() {
    let office = OfficeNumber::parse("9970100013").unwrap();
    let kind = ServiceKind::parse("43").unwrap();
    let with = |kind| Address { office, kind };
    assert_eq!(with(Some(kind)).party(), Some(Party::new(office, kind)));
    assert_eq!(with(None).party(), None);
}

#[test]
fn a_name_tells_its_month_its_extension_and_what_is_strange_about_it() {
    let read = |text: &str| NameReading::of(text).standard().unwrap().clone();
    let tail = "9970100013_43_9970101003_11_20260326095635";
    let plan = read(&format!("UPPLAN_202604_{tail}.CSV"));
    assert_eq!(plan.service_month().unwrap().to_string(), "202604");
    assert!(plan.extension_as_printed());
    assert!(!read(&format!("UPPLAN_202604_{tail}.csv")).extension_as_printed());
    // The standard spells the image's extension in two ways.
    for ending in ["jpg", "JPG"] {
        assert!(read(&format!("UPKIHON_IMAGE_{tail}_0001.{ending}")).extension_as_printed());
    }
    let supplement = read(&format!("UPHOSOKU_000000_{tail}.CSV"));
    assert_eq!(supplement.service_month(), None);
    assert!(!supplement.has_stray_month());
}
