//! Which unit files make, for whom, and who may send it.

use care_model::{
    Address, Direction, Edition, FileKind, NameMonth, OfficeNumber, OfficeRole, Presence, Program, SendUnit,
    ServiceKind, ServiceMonth, UnitMonth, program_of,
};

fn address(kind: Option<&str>) -> Address {
    Address {
        office: OfficeNumber::parse("9970100013").unwrap(),
        kind: kind.map(|kind| ServiceKind::parse(kind).unwrap()),
    }
}

#[test]
fn the_kinds_at_both_ends_tell_the_program() {
    for service in [
        "24", "25", "26", "2B", "34", "39", "62", "63", "64", "66", "67", "69", "74", "75", "A1", "A2", "A8",
    ] {
        for (from, to) in [("43", service), (service, "43"), ("46", service), ("AF", service)] {
            let program = program_of(address(Some(from)), address(Some(to)));
            assert_eq!(program, Program::Preventive, "{from} {to}");
        }
    }
    for service in ["11", "15", "17", "21", "2A", "31", "38", "68", "72", "76", "78"] {
        let program = program_of(address(Some("43")), address(Some(service)));
        assert_eq!(program, Program::HomeCare, "{service}");
    }
    // Two offices that manage care have only preventive care to share (委託).
    for (from, to) in [("43", "46"), ("46", "43"), ("43", "AF"), ("43", "43")] {
        assert_eq!(program_of(address(Some(from)), address(Some(to))), Program::Preventive);
    }
    // Names of edition 3 say no kinds, and it has no preventive care.
    assert_eq!(program_of(address(None), address(None)), Program::HomeCare);
}

#[test]
fn a_unit_travels_its_way_between_roles() {
    use OfficeRole::{CareManagement, CommunitySupport, Service};
    let roles = [CareManagement, CommunitySupport, Service];
    for unit in SendUnit::of_edition(Edition::V4) {
        for from in roles {
            for to in roles {
                let expected = match (from, to) {
                    (Service, Service) => false,
                    (Service, _) => unit.direction == Direction::ToCareManagement,
                    (_, Service) => unit.direction == Direction::ToService,
                    _ => unit.program == Program::Preventive,
                };
                assert_eq!(unit.fits_direction(from, to), expected, "{} {from:?} {to:?}", unit.id);
            }
        }
        assert_eq!(
            unit.direction == Direction::ToCareManagement,
            unit.id.contains("actual")
        );
        assert_eq!(unit.is_deletion(), unit.id.ends_with("_delete"), "{}", unit.id);
        let with_month = unit.members.iter().all(|member| member.kind.has_month());
        assert_eq!(unit.month == UnitMonth::Target, with_month, "{}", unit.id);
        assert!(unit.members[0].presence == Presence::Required);
    }
}

#[test]
fn editions_have_their_units_and_names_follow_the_side() {
    assert_eq!(SendUnit::of_edition(Edition::V4).len(), 15);
    assert_eq!(SendUnit::of_edition(Edition::V3).len(), 6);
    for unit in SendUnit::of_edition(Edition::V3) {
        assert!(
            unit.members.iter().all(|member| member.kind.in_edition_3()),
            "{}",
            unit.id
        );
    }
    for unit in SendUnit::of_edition(Edition::V4) {
        let slips = unit.id.contains("schedule");
        let of_service = unit.name_key(OfficeRole::Service);
        assert_eq!(of_service.strip_suffix("_service").is_some(), slips, "{}", unit.id);
        assert_eq!(of_service.trim_end_matches("_service"), unit.id);
        assert_eq!(SendUnit::name_key_of_id(unit.id, OfficeRole::Service), Some(of_service));
        assert_eq!(unit.name_key(OfficeRole::CommunitySupport), unit.id);
    }
    assert_eq!(SendUnit::name_key_of_id("home_nothing", OfficeRole::Service), None);
}

#[test]
fn no_files_make_no_unit_and_a_stranger_is_surplus() {
    let (from, to) = (address(Some("43")), address(Some("11")));
    assert_eq!(SendUnit::nearest(Edition::V4, from, to, &[]), None);
    let month = NameMonth::Of(ServiceMonth::parse("202604").unwrap());
    let files = [
        (FileKind::UseSlip, month),
        (FileKind::UseSlipAnnex, month),
        (FileKind::RecipientSupplement, month),
        (FileKind::PlanSheet2, NameMonth::Absent),
        (FileKind::PlanSheet2, NameMonth::Absent),
    ];
    let found = SendUnit::nearest(Edition::V4, from, to, &files).unwrap();
    assert_eq!((found.unit.id, found.missing.len()), ("home_schedule", 0));
    // Each kind once.
    assert_eq!(found.surplus, [FileKind::PlanSheet2]);
}

#[test]
fn the_nearer_unit_wins() {
    let month = NameMonth::Of(ServiceMonth::parse("202604").unwrap());
    let nearest = |kinds: (&str, &str), files: &[(FileKind, NameMonth)]| {
        let (from, to) = (address(Some(kinds.0)), address(Some(kinds.1)));
        let found = SendUnit::nearest(Edition::V4, from, to, files).unwrap();
        (found.unit.id, found.missing, found.expected)
    };
    use FileKind as K;
    // Plan and basic information together are one unit, each alone another.
    let plan = (K::PreventionPlan, NameMonth::Absent);
    let profile = (K::RecipientProfile, NameMonth::Absent);
    let day = (K::ProfileDay, NameMonth::Absent);
    assert_eq!(nearest(("46", "A2"), &[plan, profile]).0, "preventive_plan_with_basic");
    assert_eq!(nearest(("46", "A2"), &[plan]).0, "preventive_plan");
    assert_eq!(nearest(("46", "A2"), &[profile]).0, "preventive_basic");
    // A sub-table alone lacks its parent, not a plan.
    let (id, missing, _) = nearest(("46", "A2"), &[day]);
    assert_eq!((id, missing), ("preventive_basic", vec![K::RecipientProfile]));
    // The same files for either program: the kinds tell.
    let schedule = [K::UseSlip, K::UseSlipAnnex, K::RecipientSupplement].map(|kind| (kind, month));
    assert_eq!(nearest(("43", "11"), &schedule).0, "home_schedule");
    assert_eq!(nearest(("43", "A2"), &schedule).0, "preventive_schedule");
    // A supplement of a month goes with tables 6 and 7.
    let files = [(K::RecipientSupplement, month)];
    assert_eq!(nearest(("43", "11"), &files).1, [K::UseSlip, K::UseSlipAnnex]);
}
