//! Values print, are kept as text, and are read back; nothing of another shape is.

use care_model::{
    AccountId, Address, DeliveryId, Digest, FileKind, Finding, FindingCode, FindingRule, OfficeNumber, OfficeRole,
    Party, ProblemCode, Serial, ServiceKind, ServiceMonth, Severity, ShapeError, TerminalId, limits,
};
use serde::{Serialize, de::DeserializeOwned};

/// Text goes in and comes out the same way by every door; `bad` by none.
fn kept_as<T>(good: &str, bad: &str)
where
    T: Serialize
        + DeserializeOwned
        + std::fmt::Display
        + std::fmt::Debug
        + PartialEq
        + TryFrom<String, Error = ShapeError>,
{
    let value = T::try_from(good.to_owned()).unwrap();
    assert_eq!(value.to_string(), good);
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(json, format!("\"{good}\""));
    assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value);
    let error = T::try_from(bad.to_owned()).unwrap_err();
    assert!(error.to_string().contains(error.kind) && !error.to_string().contains(bad));
    assert!(serde_json::from_str::<T>(&format!("\"{bad}\"")).is_err());
}

#[test]
fn texts_are_kept_as_they_are() {
    kept_as::<OfficeNumber>("99A0105007", "99O0105007");
    kept_as::<ServiceKind>("2A", "2a");
    kept_as::<ServiceMonth>("202602", "202613");
    kept_as::<Serial>("20260326090137", "2026032609013");
    kept_as::<AccountId>("c0001", "c-1");
    kept_as::<Digest>(&"0f".repeat(32), &"0F".repeat(32));
}

#[test]
fn what_is_printed_for_a_log_names_the_type_and_no_person() {
    let office = OfficeNumber::parse("9970100013").unwrap();
    assert_eq!(format!("{office:?}"), "OfficeNumber(9970100013)");
    let digest = Digest::of(b"");
    assert_eq!(format!("{digest:?}"), format!("Digest({digest})"));
    assert_eq!(format!("{:?}", AccountId::parse("c0001").unwrap()), "AccountId(…)");
    assert_eq!("9970100013".parse::<OfficeNumber>(), Ok(office));
}

#[test]
fn identities_are_read_back_and_sort_by_time() {
    let (first, second) = (DeliveryId::generate(), DeliveryId::generate());
    assert!(first < second);
    assert_eq!(DeliveryId::from_bytes(*first.as_bytes()), first);
    assert_eq!(first.to_string().parse::<DeliveryId>(), Ok(first));
    assert!("no identity".parse::<TerminalId>().is_err());
    assert_eq!(AccountId::parse(" KJ0001 ").unwrap().key(), "kj0001");
    for bad in ["c1", "", "c 001", &"c".repeat(33)] {
        assert!(AccountId::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn parties_and_addresses_are_offices_in_a_kind() {
    let office = OfficeNumber::parse("9970100013").unwrap();
    let (manager, help) = (ServiceKind::CARE_MANAGEMENT, ServiceKind::parse("11").unwrap());
    let party = Party::new(office, manager);
    assert_eq!(
        (party.to_string().as_str(), party.role()),
        ("9970100013_43", OfficeRole::CareManagement)
    );
    assert_eq!(ServiceKind::PREVENTIVE_SUPPORT.role(), OfficeRole::CommunitySupport);
    assert_eq!(ServiceKind::parse("AF").unwrap().role(), OfficeRole::CommunitySupport);
    assert_ne!(party, Party::new(office, help));
    let address = Address::from(party);
    assert_eq!(
        (address.party(), address.to_string().as_str()),
        (Some(party), "9970100013_43")
    );
    let old = Address { office, kind: None };
    assert_eq!((old.party(), old.to_string().as_str()), (None, "9970100013"));
    assert!(office.check_digit_fits());
    assert!(!OfficeNumber::parse("9970100014").unwrap().check_digit_fits());
}

#[test]
fn kinds_of_files_know_what_they_are() {
    let deletions: Vec<&str> = FileKind::ALL
        .iter()
        .filter(|kind| kind.is_deletion())
        .map(FileKind::prefix)
        .collect();
    assert_eq!(deletions, ["DLT1KYO", "DLTPLAN", "DLTJSK", "DLTYOBO", "DLTKIHON"]);
    for kind in FileKind::ALL {
        let image = kind.prefix() == "UPKIHON_IMAGE";
        assert_eq!(
            (kind.is_image(), kind.extension()),
            (image, if image { ".jpg" } else { ".CSV" })
        );
        let month = ["UPPLAN", "UPSIKYU", "UPJSK", "UPHOSOKU", "DLTPLAN", "DLTJSK"].contains(&kind.prefix());
        assert_eq!(kind.has_month(), month, "{}", kind.prefix());
    }
}

#[test]
fn a_finding_says_where_and_what_and_no_more() {
    let long = "見".repeat(limits::FINDING_VALUE_CHARS_MAX + 1);
    let finding = Finding::warns(FindingCode::Kind)
        .rule(FindingRule::Rows)
        .in_file(3)
        .at_row(2)
        .at_column(8)
        .in_field("units", "提供単位数")
        .value(&long)
        .param("max", 6);
    assert_eq!((finding.file, finding.row, finding.column), (Some(3), Some(2), Some(8)));
    assert_eq!(
        (finding.field.as_deref(), finding.field_name.as_deref()),
        (Some("units"), Some("提供単位数"))
    );
    assert_eq!(
        finding.value.as_deref().map(|value| value.chars().count()),
        Some(limits::FINDING_VALUE_CHARS_MAX)
    );
    assert_eq!((finding.params["max"].as_str(), finding.is_blocking()), ("6", false));
    assert_eq!(finding.message_key(), "kind_rows");
    let json = serde_json::to_string(&finding).unwrap();
    assert_eq!(serde_json::from_str::<Finding>(&json).unwrap(), finding);
    assert!(Finding::blocks(FindingCode::Empty).is_blocking());
    assert!(!Finding::notes(FindingCode::Empty).is_blocking());
    let printed = format!("{finding:?}");
    assert!(
        printed.contains("Rows") && printed.contains("units") && !printed.contains('見'),
        "{printed}"
    );
    let texts = [Severity::Blocks, Severity::Warns, Severity::Notes].map(|severity| severity.as_str());
    assert_eq!(texts, ["blocks", "warns", "notes"]);
}

#[test]
fn codes_are_distinct_and_kept_by_their_text() {
    fn distinct<T: Serialize + std::fmt::Display>(all: &[T]) {
        let texts: std::collections::BTreeSet<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), all.len());
        for code in all {
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{code}\""));
        }
    }
    distinct(FindingCode::ALL);
    distinct(FindingRule::ALL);
    distinct(ProblemCode::ALL);
}

#[test]
fn limits_are_those_that_were_decided() {
    // In bytes: a limit that moves moves what offices can send.
    for (limit, bytes) in [
        (limits::ATTACHMENT_BYTES_MAX, 104_857_600),
        (limits::DELIVERY_BYTES_MAX, 314_572_800),
        (limits::STANDARD_FILE_BYTES_MAX, 104_857_600),
        (limits::SINGLE_REQUEST_BYTES_MAX, 262_144),
        (limits::CHUNK_BYTES_MAX, 4_194_304),
        (limits::COVER_BYTES_MAX, 65_536),
    ] {
        assert_eq!(limit, bytes);
    }
    assert_eq!(
        (limits::HEADER_BYTES_MAX, limits::CSV_RECORD_BYTES_MAX),
        (262_144, 1_048_576)
    );
    assert_eq!(
        (
            limits::BULK_DELIVERIES_MAX,
            limits::ATTACHMENTS_MAX,
            limits::NOTE_CHARS_MAX
        ),
        (100, 20, 2_000)
    );
}

#[test]
fn a_name_prints_as_it_was_read() {
    let text = "uphosoku_000000_9970100013_43_9970101003_11_20260326095635.csv";
    let name = care_model::ExchangeFileName::parse(text).unwrap();
    assert_eq!(name.to_string(), text);
    assert_eq!(AccountId::parse("KJ0001").unwrap().as_str(), "KJ0001");
}
