//! Send units (送信単位): which files travel together, under one serial, from whom to whom (標準仕様 4.1 の 2.4 と 3.4).

use crate::{Address, Edition, FileKind, NameMonth, OfficeRole, Party, ServiceKind};

/// For whom the unit is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Program {
    /// 居宅介護支援.
    HomeCare,
    /// 介護予防支援・介護予防ケアマネジメント.
    Preventive,
}

/// Which way a unit usually travels. It is never a reason to refuse: a contracted office sends both ways (委託).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the office that manages care to the service office.
    ToService,
    /// From the service office to the office that manages care.
    ToCareManagement,
}

/// What kind of month the names of a unit carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnitMonth {
    /// None; its supplement says `000000`.
    None,
    /// The month of service, the same in all.
    Target,
}

/// How much a unit needs a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presence {
    /// Named in the unit: without it the unit is incomplete.
    Required,
    /// A sub-table or image that travels with its parent; the standard leaves open whether it may be missing when empty.
    Expected,
}

/// One file of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Member {
    /// Its kind.
    pub kind: FileKind,
    /// How much it is needed.
    pub presence: Presence,
}

/// One of the permitted combinations.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct SendUnit {
    /// The id in the standard's table, also the wire's and the catalogue's: `home_plan`.
    pub id: &'static str,
    /// For whom.
    pub program: Program,
    /// Its files, the one that leads it first.
    pub members: &'static [Member],
    /// Its months.
    pub month: UnitMonth,
    /// Its usual way.
    pub direction: Direction,
}

const fn needs(kind: FileKind) -> Member {
    Member {
        kind,
        presence: Presence::Required,
    }
}

const fn expects(kind: FileKind) -> Member {
    Member {
        kind,
        presence: Presence::Expected,
    }
}

const fn unit(
    id: &'static str,
    program: Program,
    month: UnitMonth,
    direction: Direction,
    members: &'static [Member],
) -> SendUnit {
    SendUnit {
        id,
        program,
        members,
        month,
        direction,
    }
}

use Direction::{ToCareManagement, ToService};
use FileKind as K;
use Program::{HomeCare, Preventive};
use UnitMonth::Target;

const SCHEDULE: &[Member] = &[needs(K::UseSlip), needs(K::UseSlipAnnex), needs(K::RecipientSupplement)];
const PROFILE: &[Member] = &[
    needs(K::RecipientProfile),
    expects(K::ProfileDay),
    expects(K::ProfileMedicalHistory),
    expects(K::ProfileImage),
];
const PLAN_WITH_PROFILE: &[Member] = &[
    needs(K::PreventionPlan),
    expects(K::PreventionPlanSupport),
    needs(K::RecipientProfile),
    expects(K::ProfileDay),
    expects(K::ProfileMedicalHistory),
    expects(K::ProfileImage),
];

/// The fifteen units of edition 4.1.
pub static UNITS_OF_EDITION_4: [SendUnit; 15] = [
    unit(
        "home_plan",
        HomeCare,
        UnitMonth::None,
        ToService,
        &[
            needs(K::PlanSheet1),
            needs(K::PlanSheet2),
            needs(K::WeeklyPlan),
            needs(K::RecipientSupplement),
        ],
    ),
    unit("home_schedule", HomeCare, Target, ToService, SCHEDULE),
    unit(
        "home_plan_delete",
        HomeCare,
        UnitMonth::None,
        ToService,
        &[needs(K::PlanDeletion)],
    ),
    unit(
        "home_schedule_delete",
        HomeCare,
        Target,
        ToService,
        &[needs(K::UseSlipDeletion)],
    ),
    unit("home_actual", HomeCare, Target, ToCareManagement, &[needs(K::Actuals)]),
    unit(
        "home_actual_delete",
        HomeCare,
        Target,
        ToCareManagement,
        &[needs(K::ActualsDeletion)],
    ),
    unit("preventive_basic", Preventive, UnitMonth::None, ToService, PROFILE),
    unit(
        "preventive_plan_with_basic",
        Preventive,
        UnitMonth::None,
        ToService,
        PLAN_WITH_PROFILE,
    ),
    unit(
        "preventive_plan",
        Preventive,
        UnitMonth::None,
        ToService,
        &[needs(K::PreventionPlan), expects(K::PreventionPlanSupport)],
    ),
    unit("preventive_schedule", Preventive, Target, ToService, SCHEDULE),
    unit(
        "preventive_basic_delete",
        Preventive,
        UnitMonth::None,
        ToService,
        &[needs(K::ProfileDeletion)],
    ),
    unit(
        "preventive_plan_delete",
        Preventive,
        UnitMonth::None,
        ToService,
        &[needs(K::PreventionPlanDeletion)],
    ),
    unit(
        "preventive_schedule_delete",
        Preventive,
        Target,
        ToService,
        &[needs(K::UseSlipDeletion)],
    ),
    unit(
        "preventive_actual",
        Preventive,
        Target,
        ToCareManagement,
        &[needs(K::Actuals)],
    ),
    unit(
        "preventive_actual_delete",
        Preventive,
        Target,
        ToCareManagement,
        &[needs(K::ActualsDeletion)],
    ),
];

/// The six units of edition 3.2: no third table, no preventive care.
pub static UNITS_OF_EDITION_3: [SendUnit; 6] = [
    unit(
        "home_plan",
        HomeCare,
        UnitMonth::None,
        ToService,
        &[
            needs(K::PlanSheet1),
            needs(K::PlanSheet2),
            needs(K::RecipientSupplement),
        ],
    ),
    unit("home_schedule", HomeCare, Target, ToService, SCHEDULE),
    unit(
        "home_plan_delete",
        HomeCare,
        UnitMonth::None,
        ToService,
        &[needs(K::PlanDeletion)],
    ),
    unit(
        "home_schedule_delete",
        HomeCare,
        Target,
        ToService,
        &[needs(K::UseSlipDeletion)],
    ),
    unit("home_actual", HomeCare, Target, ToCareManagement, &[needs(K::Actuals)]),
    unit(
        "home_actual_delete",
        HomeCare,
        Target,
        ToCareManagement,
        &[needs(K::ActualsDeletion)],
    ),
];

/// How a set of files compares with the nearest unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitMatch {
    /// The nearest unit.
    pub unit: &'static SendUnit,
    /// Required members that are not there.
    pub missing: Vec<FileKind>,
    /// Expected members that are not there.
    pub expected: Vec<FileKind>,
    /// Kinds that do not belong to it.
    pub surplus: Vec<FileKind>,
}

impl SendUnit {
    /// The units of an edition.
    pub fn of_edition(edition: Edition) -> &'static [SendUnit] {
        match edition {
            Edition::V4 => &UNITS_OF_EDITION_4,
            Edition::V3 => &UNITS_OF_EDITION_3,
        }
    }

    /// The unit of an id, as edition 4 has it.
    pub fn of_id(id: &str) -> Option<&'static SendUnit> {
        UNITS_OF_EDITION_4.iter().find(|unit| unit.id == id)
    }

    /// Whether the unit withdraws what was sent before.
    pub fn is_deletion(&self) -> bool {
        self.members.iter().all(|member| member.kind.is_deletion())
    }

    /// Whether a kind belongs to it.
    pub fn has(&self, kind: FileKind) -> bool {
        self.members.iter().any(|member| member.kind == kind)
    }

    /// The key of its Japanese name in the catalogue's group `unit`, by the side that looks at it (D22).
    pub fn name_key(&self, viewer: OfficeRole) -> &'static str {
        let service = viewer == OfficeRole::Service;
        match self.id {
            "home_schedule" if service => "home_schedule_service",
            "home_schedule_delete" if service => "home_schedule_delete_service",
            "preventive_schedule" if service => "preventive_schedule_service",
            "preventive_schedule_delete" if service => "preventive_schedule_delete_service",
            id => id,
        }
    }

    /// The catalogue's key of a unit by its id alone, as a received header carries it.
    pub fn name_key_of_id(id: &str, viewer: OfficeRole) -> Option<&'static str> {
        Self::of_id(id).map(|unit| unit.name_key(viewer))
    }

    /// Whether the unit may travel from one role to another.
    ///
    /// Preventive units go either way between offices that manage care, and so do the home-care units that share
    /// their prefixes, because names alone cannot tell a contract (委託) apart.
    pub fn fits_direction(&self, from: OfficeRole, to: OfficeRole) -> bool {
        let (from_manages, to_manages) = (from != OfficeRole::Service, to != OfficeRole::Service);
        match (from_manages, to_manages) {
            (true, true) => self.program == Preventive,
            (true, false) => self.direction == ToService,
            (false, true) => self.direction == ToCareManagement,
            (false, false) => false,
        }
    }

    /// The unit that fits these kinds of files best: complete before incomplete, then the one that lacks least.
    ///
    /// `months` are the month parts of the names, in the order of `kinds`. None only for no files at all.
    pub fn nearest(edition: Edition, from: Address, to: Address, files: &[(FileKind, NameMonth)]) -> Option<UnitMatch> {
        if files.is_empty() {
            return None;
        }
        let program = program_of(from, to);
        let has = |kind: FileKind| files.iter().any(|(found, _)| *found == kind);
        let supplement = |wanted: fn(NameMonth) -> bool| {
            let mut all = files.iter();
            all.any(|(kind, month)| *kind == FileKind::RecipientSupplement && wanted(*month))
        };
        let (of_a_month, of_none) = (
            supplement(|month| matches!(month, NameMonth::Of(_))),
            supplement(|month| matches!(month, NameMonth::Zeros)),
        );
        let candidates = Self::of_edition(edition).iter().map(|unit| {
            let lacking = |presence| {
                let members = unit.members.iter();
                members
                    .filter(move |member| member.presence == presence && !has(member.kind))
                    .map(|member| member.kind)
            };
            let missing: Vec<_> = lacking(Presence::Required).collect();
            let expected: Vec<_> = lacking(Presence::Expected).collect();
            let mut surplus: Vec<_> = files
                .iter()
                .map(|(kind, _)| *kind)
                .filter(|kind| !unit.has(*kind))
                .collect();
            surplus.sort_unstable();
            surplus.dedup();
            UnitMatch {
                unit,
                missing,
                expected,
                surplus,
            }
        });
        candidates.min_by_key(|found| {
            let leads = found.unit.members.first().is_some_and(|member| has(member.kind));
            let other_month = match found.unit.month {
                Target => of_none && !of_a_month,
                UnitMonth::None => of_a_month && !of_none,
            };
            // A file too many, or a supplement of the other month, counts for two that lack.
            let off = found.missing.len() + 2 * found.surplus.len() + 2 * usize::from(other_month);
            (off, !leads, found.unit.program != program, found.expected.len())
        })
    }
}

/// The program that the two ends point to. Plans and schedules of both share prefixes; only the kinds tell.
pub fn program_of(from: Address, to: Address) -> Program {
    let preventive = |address: Address| address.kind.is_some_and(is_preventive);
    let managers = [from, to].iter().all(|address| {
        let party: Option<Party> = address.party();
        party.is_some_and(|party| party.role() != OfficeRole::Service)
    });
    if preventive(from) || preventive(to) || managers {
        Preventive
    } else {
        HomeCare
    }
}

/// Kinds of 予防給付 and of 総合事業.
fn is_preventive(kind: ServiceKind) -> bool {
    let code = kind.as_str();
    code.starts_with('A')
        || matches!(
            code,
            "24" | "25" | "26" | "2B" | "34" | "39" | "46" | "62" | "63" | "64" | "66" | "67" | "69" | "74" | "75"
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OfficeNumber;

    fn address(office: &str, kind: &str) -> Address {
        Address {
            office: OfficeNumber::parse(office).unwrap(),
            kind: ServiceKind::parse(kind).ok(),
        }
    }

    fn nearest(from: &str, to: &str, kinds: &[FileKind]) -> UnitMatch {
        let files: Vec<_> = kinds.iter().map(|kind| (*kind, NameMonth::Absent)).collect();
        let (from, to) = (address("9970100013", from), address("9970101003", to));
        SendUnit::nearest(Edition::V4, from, to, &files).unwrap()
    }

    #[test]
    fn every_unit_is_found_by_its_own_members() {
        for unit in &UNITS_OF_EDITION_4 {
            let (from, to) = match (unit.program, unit.direction) {
                (HomeCare, ToService) => ("43", "11"),
                (HomeCare, ToCareManagement) => ("11", "43"),
                (Preventive, ToService) => ("46", "A2"),
                (Preventive, ToCareManagement) => ("A2", "46"),
            };
            let month = |kind: FileKind| match unit.month {
                Target => NameMonth::Of(crate::ServiceMonth::parse("202604").unwrap()),
                UnitMonth::None if kind.has_month() => NameMonth::Zeros,
                UnitMonth::None => NameMonth::Absent,
            };
            let files: Vec<_> = unit.members.iter().map(|m| (m.kind, month(m.kind))).collect();
            let (from, to) = (address("9970100013", from), address("9970101003", to));
            let found = SendUnit::nearest(Edition::V4, from, to, &files).unwrap();
            assert_eq!(found.unit.id, unit.id);
            assert!(found.missing.is_empty() && found.expected.is_empty() && found.surplus.is_empty());
            assert_eq!(SendUnit::of_id(unit.id), Some(unit));
        }
    }

    #[test]
    fn nearest_names_what_is_missing_and_what_is_too_much() {
        let found = nearest("43", "11", &[K::UseSlip, K::RecipientSupplement]);
        assert_eq!((found.unit.id, found.missing), ("home_schedule", vec![K::UseSlipAnnex]));
        let found = nearest("43", "11", &[K::PlanSheet1, K::PlanSheet2, K::WeeklyPlan]);
        assert_eq!(
            (found.unit.id, found.missing),
            ("home_plan", vec![K::RecipientSupplement])
        );
        let found = nearest("46", "A2", &[K::PreventionPlan]);
        assert_eq!(
            (found.unit.id, found.missing.len(), found.expected),
            ("preventive_plan", 0, vec![K::PreventionPlanSupport])
        );
        let found = nearest(
            "43",
            "11",
            &[K::UseSlip, K::UseSlipAnnex, K::RecipientSupplement, K::Actuals],
        );
        assert_eq!((found.unit.id, found.surplus), ("home_schedule", vec![K::Actuals]));
        // A supplement alone: its month tells what it went with.
        let alone = |month| {
            let (from, to) = (address("9970100013", "43"), address("9970101003", "11"));
            let files = [(K::RecipientSupplement, month)];
            SendUnit::nearest(Edition::V4, from, to, &files).unwrap().unit.id
        };
        let month = crate::ServiceMonth::parse("202604").unwrap();
        assert_eq!(alone(NameMonth::Zeros), "home_plan");
        assert_eq!(alone(NameMonth::Of(month)), "home_schedule");
        // Edition 3 has no third table.
        let files = [K::PlanSheet1, K::PlanSheet2, K::RecipientSupplement].map(|kind| (kind, NameMonth::Absent));
        let old = |office: &str| Address {
            kind: None,
            ..address(office, "43")
        };
        let found = SendUnit::nearest(Edition::V3, old("9970100013"), old("9970101003"), &files).unwrap();
        assert_eq!((found.unit.id, found.missing.len()), ("home_plan", 0));
    }

    #[test]
    fn contracted_preventive_care_goes_both_ways() {
        use OfficeRole::{CareManagement, CommunitySupport, Service};
        for id in [
            "preventive_schedule",
            "preventive_actual",
            "preventive_plan",
            "preventive_basic",
        ] {
            let unit = SendUnit::of_id(id).unwrap();
            assert!(unit.fits_direction(CareManagement, CommunitySupport), "{id}");
            assert!(unit.fits_direction(CommunitySupport, CareManagement), "{id}");
        }
        let schedule = SendUnit::of_id("home_schedule").unwrap();
        assert!(schedule.fits_direction(CareManagement, Service));
        assert!(!schedule.fits_direction(Service, CareManagement));
        assert!(!schedule.fits_direction(Service, Service));
        assert_eq!(nearest("43", "46", &[K::Actuals]).unit.id, "preventive_actual");
        assert_eq!(nearest("11", "43", &[K::Actuals]).unit.id, "home_actual");
    }

    #[test]
    fn ids_of_edition_3_are_those_of_edition_4() {
        for unit in &UNITS_OF_EDITION_3 {
            assert!(SendUnit::of_id(unit.id).is_some());
        }
    }

    #[test]
    fn a_service_office_reads_provision_slip() {
        let unit = SendUnit::of_id("home_schedule").unwrap();
        assert_eq!(unit.name_key(OfficeRole::Service), "home_schedule_service");
        assert_eq!(unit.name_key(OfficeRole::CareManagement), "home_schedule");
    }
}
