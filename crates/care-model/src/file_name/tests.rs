use super::*;
use proptest::prelude::*;

const GOOD: &[&str] = &[
    "UP1KYO_0300000100_43_0300000005_11_20191025200201.CSV",
    "UPPLAN_201912_0300000100_43_0300000005_11_20191025200201.CSV",
    "UPHOSOKU_000000_0300000100_43_0300000005_11_20191025200201.CSV",
    "UPHOSOKU_201909_0300000100_43_0300000005_11_20191025200201.CSV",
    "UPKIHON_IMAGE_9900100018_46_99A0105007_A2_20260326093043_0001.jpg",
    "UPKIHON_SUB1_9900100018_46_99A0105007_A2_20260326093043.CSV",
    "UPYOBO_SUB_9900100018_46_99A0105007_A2_20260326093043.CSV",
    "UPYOBO_9900100018_46_99A0105007_A2_20260326093043.CSV",
    "DLTJSK_202604_9970101003_11_9970100013_43_20260502100314.CSV",
    "UPPLAN_201912_0300000100_0300000005_20191025200201.CSV",
    "UP1KYO_0300000100_0300000005_20191025200201.CSV",
    "UPHOSOKU_000000_0300000100_0300000005_20191025200201.CSV",
];

#[test]
fn good_names_are_read_and_written_back() {
    for text in GOOD {
        let name = ExchangeFileName::parse(text).unwrap_or_else(|rule| panic!("{text}: {rule}"));
        assert_eq!(name.canonical(), *text);
        assert_eq!(name.as_str(), *text);
        assert!(name.extension_as_printed());
    }
}

#[test]
fn parts_of_a_name() {
    let name = ExchangeFileName::parse(GOOD[1]).unwrap();
    assert_eq!(name.kind, FileKind::UseSlip);
    assert_eq!(name.service_month().unwrap().as_str(), "201912");
    assert_eq!(name.from.to_string(), "0300000100_43");
    assert_eq!(name.to.to_string(), "0300000005_11");
    assert_eq!(name.edition(), Edition::V4);
    let name = ExchangeFileName::parse(GOOD[9]).unwrap();
    assert_eq!((name.edition(), name.to.party()), (Edition::V3, None));
    let name = ExchangeFileName::parse(GOOD[4]).unwrap();
    assert_eq!((name.kind, name.branch), (FileKind::ProfileImage, Some(1)));
}

#[test]
fn case_does_not_matter_and_the_exact_name_is_kept() {
    let text = "upplan_202604_9900100018_46_99a0105007_a2_20260326093043.csv";
    let name = ExchangeFileName::parse(text).unwrap();
    assert_eq!(name.as_str(), text);
    assert_eq!(
        name.canonical(),
        "UPPLAN_202604_9900100018_46_99A0105007_A2_20260326093043.CSV"
    );
    assert!(!name.extension_as_printed());
    assert!(!name.letters_as_printed());
    assert_eq!(name.corrected(), name.canonical());
    // The standard's rule and its example spell the image's extension differently.
    for (ending, as_printed) in [("jpg", true), ("JPG", true), ("jpeg", false)] {
        let text = format!("UPKIHON_IMAGE_9900100018_46_99A0105007_A2_20260326093043_0001.{ending}");
        let name = ExchangeFileName::parse(&text).unwrap();
        assert_eq!(name.extension_as_printed(), as_printed, "{ending}");
        assert!(name.letters_as_printed());
    }
}

#[test]
fn near_misses_say_what_is_wrong() {
    use FindingRule as R;
    for (text, rule) in [
        (
            "UPPLAN\u{332}202604\u{332}9970100013\u{332}43\u{332}9970101003\u{332}11\u{332}20260326095635.CSV",
            R::Separator,
        ),
        (
            "UPPLAN-202604-9970100013-43-9970101003-11-20260326095635.CSV",
            R::Separator,
        ),
        (
            "UPPLAN 202604 9970100013 43 9970101003 11 20260326095635.CSV",
            R::Separator,
        ),
        (
            "UPPLAN_202604_９９７０１０００１３_43_9970101003_11_20260326095635.CSV",
            R::Width,
        ),
        (
            "UPPLAN_202604_9970100013_43_9970101003_11_20260326095635\u{202e}.CSV",
            R::Invisible,
        ),
        (
            "UPPLAN_202604_9970100013_43_9970101003_11_202603260956353.CSV",
            R::Serial,
        ),
        (
            "UPPLAN_202604_9970100013_431_9970101003_11_20260326095635.CSV",
            R::ServiceKind,
        ),
        ("UP1KYO_123456789_43_2468135790_11_20260326095635.CSV", R::Office),
        ("UPPLAN_202613_9970100013_43_9970101003_11_20260326095635.CSV", R::Month),
        ("UPPLAN_000000_9970100013_43_9970101003_11_20260326095635.CSV", R::Month),
        ("UPPLAN_9970100013_43_9970101003_11_20260326095635.CSV", R::Month),
        (
            "UP1KYO_202604_9970100013_43_9970101003_11_20260326095635.CSV",
            R::StrayMonth,
        ),
        ("UP1KYO_9970100013_43_9970101003_20260326095635.CSV", R::Parts),
        ("UP3KYO_9970100013_9970101003_20260326095635.CSV", R::Parts),
        ("UPKIHON_IMAGE_9900100018_46_99A0105007_A2_20260326093043.jpg", R::Parts),
        (
            "UPKIHON_IMAGE_9900100018_46_99A0105007_A2_20260326093043_1.jpg",
            R::Branch,
        ),
        (
            "UPSVPLAN_202604_9970100013_43_9970101003_11_20260326095635.CSV",
            R::Prefix,
        ),
        (
            "UPPLAN_202604_9970100013_43_9970101003_11_20260326095635.CSV.txt",
            R::Ending,
        ),
        (
            "UPPLAN_202604_9970100013_43_9970101003_11_20260326095635.txt",
            R::Ending,
        ),
        ("UPPLAN_202604_9970100013_43_9970101003_11_20260326095635", R::Ending),
    ] {
        match NameReading::of(text) {
            NameReading::Near { rule: found, .. } => assert_eq!(found, rule, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn the_likely_name_is_suggested_where_it_is_certain() {
    use FindingRule as R;
    let right = "UPPLAN_202604_9970100013_43_9970101003_11_20260326095635.CSV";
    let image = "UPKIHON_IMAGE_9900100018_46_99A0105007_A2_20260326093043_0001.jpg";
    for (text, rule, suggestion) in [
        (right.replace('_', "\u{332}"), R::Separator, Some(right)),
        (right.replace('_', "-"), R::Separator, Some(right)),
        (
            right.replace("9970100013", "９９７０１０００１３"),
            R::Width,
            Some(right),
        ),
        (right.replace(".CSV", "．ＣＳＶ"), R::Width, Some(right)),
        (right.replace("_43", "\u{200b}_43"), R::Invisible, Some(right)),
        (right.replace(".CSV", ".txt"), R::Ending, Some(right)),
        (right.replace(".CSV", ".CSV.txt"), R::Ending, Some(right)),
        (right.replace(".CSV", ""), R::Ending, Some(right)),
        (image.replace(".jpg", ".png"), R::Ending, Some(image)),
        // Parts in another order.
        (
            "UPPLAN_9970100013_43_9970101003_11_20260326095635_202604.CSV".to_owned(),
            R::Order,
            Some(right),
        ),
        (
            "UPPLAN_202604_9970100013_9970101003_43_11_20260326095635.CSV".to_owned(),
            R::Order,
            Some(right),
        ),
        (
            "UPPLAN_20260326095635_202604_43_9970100013_11_9970101003.csv".to_owned(),
            R::Order,
            Some(right),
        ),
        (
            "UPKIHON_IMAGE_0001_9900100018_46_99A0105007_A2_20260326093043.jpg".to_owned(),
            R::Order,
            Some(image),
        ),
        // Nobody can tell which digit is missing or one too many.
        (right.replace("9970100013", "997010001"), R::Office, None),
        (right.replace("20260326095635", "202603260956353"), R::Serial, None),
        (right.replace("_43_", "_431_"), R::ServiceKind, None),
        (right.replace("_202604_", "_202604_202604_"), R::Parts, None),
    ] {
        match NameReading::of(&text) {
            NameReading::Near {
                rule: found,
                suggestion: name,
            } => {
                assert_eq!(found, rule, "{text}");
                let name = name.map(|name| name.canonical());
                assert_eq!(name.as_deref(), suggestion, "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn hostile_names_are_never_names_of_the_standard() {
    let right = "UPPLAN_202604_9970100013_43_9970101003_11_20260326095635";
    for text in [
        format!("..\\{right}.CSV"),
        format!("../{right}.CSV"),
        format!("C:\\{right}.CSV"),
        format!("{right}.CSV."),
        format!("{right}.CSV "),
        format!("{right}.CSV:stream"),
        format!("{right}.CSV\0.exe"),
        format!("{right}\u{202e}VSC.exe"),
        format!("\u{202e}{right}.CSV"),
        format!("{right}{}.CSV", "0".repeat(300)),
        format!("{}{right}.CSV", "あ".repeat(300)),
        format!("{right}.CSV").replace("UPPLAN", "ＵＰＰＬＡＮ"),
        "CON".to_owned(),
        "CON.CSV".to_owned(),
        "NUL".to_owned(),
        "COM1.jpg".to_owned(),
        "..".to_owned(),
        "...CSV".to_owned(),
        "_".repeat(300),
        // ガ as one character and as two.
        "\u{30ac}.CSV".to_owned(),
        "\u{30ab}\u{3099}.CSV".to_owned(),
    ] {
        let reading = NameReading::of(&text);
        assert!(reading.standard().is_none(), "{text:?}: {reading:?}");
        assert!(!matches!(reading, NameReading::Copy { .. }), "{text:?}: {reading:?}");
    }
}

#[test]
fn every_kind_edition_and_month_is_written_and_read_back() {
    let address = |office: &str, kind: Option<&str>| Address {
        office: OfficeNumber::parse(office).unwrap(),
        kind: kind.map(|kind| ServiceKind::parse(kind).unwrap()),
    };
    let serial = Serial::parse("20260326095635").unwrap();
    let of_the_standard = (2000..2100).flat_map(|year| (1..13).map(move |month| format!("{year}{month:02}")));
    let months: Vec<NameMonth> = of_the_standard
        .map(|month| NameMonth::Of(ServiceMonth::parse(&month).unwrap()))
        .chain([NameMonth::Absent, NameMonth::Zeros])
        .collect();
    let mut written = 0;
    for kind in FileKind::ALL {
        for kinds in [(None, None), (Some("43"), Some("A2"))] {
            let ends = (address("9970100013", kinds.0), address("99A0105007", kinds.1));
            for month in &months {
                let branch = kind.is_image().then_some(7);
                let Some(name) = ExchangeFileName::from_parts(*kind, *month, ends.0, ends.1, serial, branch) else {
                    continue;
                };
                assert_eq!(ExchangeFileName::parse(name.as_str()).as_ref(), Ok(&name));
                assert_eq!(name.canonical(), name.as_str());
                written += 1;
            }
        }
    }
    // Six kinds have a month in both editions, one of them also zeros; the others have none, or the stray zeros.
    assert_eq!(written, 2 * (6 * 1_200 + 1) + 2 * (12 + 3));
}

#[test]
fn copies_are_known_as_copies() {
    let name = "UPPLAN_202604_9970100013_43_9970101003_11_20260326095635";
    for mark in [
        " - コピー",
        " - コピー (2)",
        "(1)",
        " (1)",
        "（１）",
        "のコピー",
        " copy",
        " - Copy (3)",
        "コピー",
        "のコヒ\u{309a}ー",
    ] {
        let text = format!("{name}{mark}.CSV");
        match NameReading::of(&text) {
            NameReading::Copy { of } => assert_eq!(of.canonical(), format!("{name}.CSV")),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn other_names_are_attachments() {
    for text in [
        "",
        ".",
        "CON",
        "..\\UPPLAN.CSV",
        "ご案内.pdf",
        "利用者一覧.csv",
        "UPPLANの説明.pdf",
        "UPPLAN_memo.csv",
        "20260326095635.csv",
        "家族写真 (1).jpg",
        "請求_9970100013_202604.csv",
    ] {
        assert_eq!(NameReading::of(text), NameReading::Foreign, "{text}");
    }
}

#[test]
fn the_stray_zeros_of_the_standards_example_are_read() {
    let name = ExchangeFileName::parse("UPKIHON_000000_9900100018_46_99A0105007_A2_20260326093043.CSV").unwrap();
    assert!(name.has_stray_month());
    assert_eq!(
        name.corrected(),
        "UPKIHON_9900100018_46_99A0105007_A2_20260326093043.CSV"
    );
    assert!(!ExchangeFileName::parse(GOOD[2]).unwrap().has_stray_month());
}

fn names() -> impl Strategy<Value = ExchangeFileName> {
    let kind = proptest::sample::select(FileKind::ALL);
    let office = "[0-9]{2}[0-9A-HJ-NPR-Z][0-9]{7}";
    let service = proptest::option::of(("[0-9A-Z]{2}", "[0-9A-Z]{2}"));
    (
        kind,
        office,
        office,
        service,
        "[0-9]{14}",
        0_u16..=9_999,
        2000_u32..2100,
        1_u32..13,
        any::<bool>(),
    )
        .prop_filter_map(
            "parts that go together",
            |(kind, from, to, service, serial, branch, year, month, zeros)| {
                let month = match zeros {
                    true => NameMonth::Zeros,
                    false if kind.has_month() => NameMonth::Of(ServiceMonth::parse(&format!("{year}{month:02}")).ok()?),
                    false => NameMonth::Absent,
                };
                let (from_kind, to_kind) = service.map_or((None, None), |(a, b)| (Some(a), Some(b)));
                let address = |office: &str, kind: Option<String>| -> Option<Address> {
                    Some(Address {
                        office: OfficeNumber::parse(office).ok()?,
                        kind: match kind {
                            Some(kind) => Some(ServiceKind::parse(&kind).ok()?),
                            None => None,
                        },
                    })
                };
                ExchangeFileName::from_parts(
                    kind,
                    month,
                    address(&from, from_kind)?,
                    address(&to, to_kind)?,
                    Serial::parse(&serial).ok()?,
                    kind.is_image().then_some(branch),
                )
            },
        )
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(name in names()) {
        prop_assert_eq!(ExchangeFileName::parse(name.as_str()), Ok(name.clone()));
        let lower = ExchangeFileName::parse(&name.as_str().to_ascii_lowercase()).unwrap();
        prop_assert_eq!(lower.canonical(), name.as_str());
    }

    #[test]
    fn any_text_is_read_without_panic(text in ".{0,300}") {
        let _ = NameReading::of(&text);
    }

    #[test]
    fn a_damaged_name_is_never_read_as_another(name in names(), place in any::<prop::sample::Index>(), c in any::<char>()) {
        let mut chars: Vec<char> = name.as_str().chars().collect();
        let place = place.index(chars.len());
        chars[place] = c;
        let text: String = chars.into_iter().collect();
        if let NameReading::Standard(read) = NameReading::of(&text) {
            prop_assert_eq!(read.as_str(), &text);
            prop_assert!(read.canonical().eq_ignore_ascii_case(&text) || text.to_ascii_lowercase().ends_with(".jpeg"));
        }
    }
}
