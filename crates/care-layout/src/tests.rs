use super::*;

/// The number of fields that the layout sheet of 4.1 prints for a kind.
fn printed(kind: FileKind) -> usize {
    match kind {
        FileKind::PlanSheet1 => 28,
        FileKind::PlanSheet2 => 22,
        FileKind::WeeklyPlan => 13,
        FileKind::UseSlip | FileKind::Actuals => 25,
        FileKind::UseSlipAnnex => 37,
        FileKind::RecipientSupplement => 63,
        FileKind::ActualsDeletion => 6,
        FileKind::PreventionPlan => 57,
        FileKind::PreventionPlanSupport => 17,
        FileKind::RecipientProfile => 71,
        FileKind::ProfileDay => 7,
        FileKind::ProfileMedicalHistory => 11,
        FileKind::PlanDeletion
        | FileKind::UseSlipDeletion
        | FileKind::PreventionPlanDeletion
        | FileKind::ProfileDeletion => 4,
        FileKind::ProfileImage => 0,
    }
}

#[test]
fn every_kind_has_its_layout_with_the_printed_number_of_fields() {
    for kind in FileKind::ALL.iter().filter(|kind| !kind.is_image()) {
        let layout = Layout::of(Edition::V4, *kind).unwrap();
        assert_eq!(layout.fields.len(), printed(*kind), "{}", kind.prefix());
        assert_eq!(Layout::of(Edition::V3, *kind).is_some(), kind.in_edition_3());
    }
    let of_3_2 = FileKind::ALL.iter().filter(|kind| kind.in_edition_3()).count();
    assert_eq!(Layout::all().len(), FileKind::ALL.len() - 1 + of_3_2);
    // 3.2 lacks the three fields of rented equipment.
    let fields = |kind| Layout::of(Edition::V3, kind).unwrap().fields.len();
    assert_eq!(fields(FileKind::UseSlip), 22);
    assert_eq!(fields(FileKind::Actuals), 22);
    assert_eq!(fields(FileKind::UseSlipAnnex), 34);
    assert!(Layout::of(Edition::V4, FileKind::ProfileImage).is_none());
}

#[test]
fn every_layout_begins_with_version_and_person() {
    for layout in Layout::all() {
        let names: Vec<&str> = layout.fields.iter().take(3).map(|field| field.name).collect();
        assert_eq!(names, ["csv_version", "insurer_number", "insured_number"]);
        for (index, field) in layout.fields.iter().enumerate() {
            assert_eq!(usize::from(field.number), index + 1);
            assert_eq!(layout.index(field.name), Some(index), "{} twice", field.name);
            let coded = matches!(field.kind, Kind::Code | Kind::Flag);
            assert_eq!(coded, field.codes.is_some(), "{}", field.name);
            assert!(field.kind != Kind::Text || field.quoted, "{}", field.name);
        }
    }
}

#[test]
fn the_month_stands_where_the_standard_prints_it() {
    for layout in Layout::all().iter().filter(|layout| layout.edition == Edition::V4) {
        let month = layout.index("target_month").or_else(|| layout.index("delete_month"));
        let expected = match layout.kind {
            FileKind::UseSlip | FileKind::UseSlipAnnex | FileKind::Actuals => Some(5),
            FileKind::RecipientSupplement => Some(63),
            FileKind::UseSlipDeletion | FileKind::ActualsDeletion => Some(4),
            _ => None,
        };
        assert_eq!(month.map(|index| index + 1), expected, "{}", layout.kind.prefix());
        assert_eq!(month.is_some(), layout.kind.has_month(), "{}", layout.kind.prefix());
    }
}

#[test]
fn patterns() {
    let cases: &[(Pattern, &str, bool)] = &[
        (Pattern::OfficeNumber, "9970100013", true),
        (Pattern::OfficeNumber, "99A0105007", true),
        (Pattern::OfficeNumber, "99I0105007", false),
        (Pattern::OfficeNumber, "997010001", false),
        (Pattern::OfficeNumber, "99701000133", false),
        (Pattern::OfficeNumber, "", false),
        (Pattern::InsuredNumber, "9900000002", true),
        (Pattern::InsuredNumber, "H990000005", true),
        (Pattern::InsuredNumber, "A990000005", false),
        (Pattern::InsuredNumber, "", false),
        (Pattern::PostalCode, "999-0001", true),
        (Pattern::PostalCode, "9990001", false),
        (Pattern::ServiceCode, "11AAAA", true),
        (Pattern::ServiceCode, "11aaaa", false),
        (Pattern::EquipmentCode, "99000-000010", true),
        (Pattern::EquipmentCode, "99000 000010", false),
        (Pattern::UnitPrice, "10.00", true),
        (Pattern::UnitPrice, "110.00", true),
        (Pattern::UnitPrice, "10.0", false),
        (Pattern::UnitPrice, ".00", false),
        (Pattern::DayFlags, &"01".repeat(15), false),
        (Pattern::DayFlags, &"1".repeat(31), true),
    ];
    for (pattern, value, fits) in cases {
        assert_eq!(pattern.fits(value.as_bytes()), *fits, "{} {value}", pattern.as_str());
    }
}

#[test]
fn special_values() {
    let annex = Layout::of(Edition::V4, FileKind::UseSlipAnnex).unwrap();
    let (_, code) = annex.find("service_code").unwrap();
    assert!(code.is_special(b"11AAAA") && code.is_special(b"999999"));
    assert!(!code.is_special(b"111111") && !code.is_special(b"AAAA"));
}

#[test]
fn codes_have_meanings() {
    assert_eq!(codes::CARE_LEVEL.meaning(b"21"), Some("要介護１"));
    assert_eq!(codes::CARE_LEVEL.meaning(b"01"), None);
    assert_eq!(codes::SERVICE_TYPES.meaning(b"11"), Some("訪問介護"));
    assert!(codes::SERVICE_TYPES.meaning(b"33").is_some());
}
