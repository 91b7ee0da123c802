//! 予定 against 実績.

use care_model::{Edition, FileKind};
use care_reading::{Change, Comparison, Side, Sum, compare};

use crate::support::{File, file, files, reading, sample};

const HELP: &str = "9970101003";
const DAY_CARE: &str = "9970101011";

/// A visit: day, start, end, count, units.
type Visit = (&'static str, &'static str, &'static str, &'static str, &'static str);

fn slip(name: &str, month: &str, services: &[(&str, &str, &[Visit])]) -> File {
    let mut rows: Vec<Vec<(&str, &str)>> = Vec::new();
    for (office, code, visits) in services {
        for (day, start, end, count, units) in *visits {
            rows.push(vec![
                ("target_month", month),
                ("service_date", day),
                ("start_time", start),
                ("end_time", end),
                ("service_count", count),
                ("units", units),
                ("service_code", code),
                ("service_office_number", office),
            ]);
        }
    }
    let rows: Vec<&[(&str, &str)]> = rows.iter().map(Vec::as_slice).collect();
    file(name, &rows)
}

const PLAN: &str = "UPPLAN_202604_9970100013_43_9970101003_11_20260326090314.CSV";
const ACTUAL: &str = "UPJSK_202604_9970101003_11_9970100013_43_20260502100137.CSV";

fn compared(plan: &[File], actual: &[File]) -> Comparison {
    compare(&reading(plan), &reading(actual))
}

fn one(plan: &[Visit], actual: &[Visit]) -> Comparison {
    let plan = slip(PLAN, "202604", &[(HELP, "111111", plan)]);
    let actual = slip(ACTUAL, "202604", &[(HELP, "111111", actual)]);
    compared(&[plan], &[actual])
}

#[test]
fn each_day_says_what_differs() {
    let plan: &[Visit] = &[
        ("20260401", "0900", "0930", "1", "244"),
        ("20260403", "0900", "0930", "1", "244"),
        ("20260405", "0900", "0930", "1", "244"),
        ("20260407", "0900", "0930", "1", "244"),
        ("20260409", "0900", "0930", "1", "244"),
        ("20260411", "9999", "9999", "1", "0"),
    ];
    let actual: &[Visit] = &[
        ("20260401", "0900", "0930", "1", "244"),
        ("20260403", "1000", "1030", "1", "244"),
        ("20260405", "0900", "0930", "2", "244"),
        ("20260407", "0900", "0930", "1", "387"),
        ("20260410", "0900", "0930", "1", "244"),
        // Units that one side did not compute are no difference.
        ("20260411", "9999", "9999", "1", "120"),
    ];
    let comparison = one(plan, actual);
    assert!(comparison.differs());
    let [person] = comparison.recipients.as_slice() else {
        panic!("one person")
    };
    assert_eq!(person.side, Side::Both);
    let [service] = person.services.as_slice() else {
        panic!("one service")
    };
    let on = |day| chrono::NaiveDate::from_ymd_opt(2026, 4, day);
    assert_eq!((service.planned_days.len(), service.planned_days[&on(5)]), (6, 1));
    assert_eq!(
        (service.actual_days[&on(5)], service.actual_days.get(&on(9))),
        (2, None)
    );
    assert_eq!(person.files.len(), 2);
    let found: Vec<(u32, Change)> = service
        .differences
        .iter()
        .map(|difference| (chrono::Datelike::day(&difference.date.unwrap()), difference.change))
        .collect();
    assert_eq!(
        found,
        [
            (3, Change::Time),
            (5, Change::Count),
            (7, Change::Units),
            (9, Change::Cancelled),
            (10, Change::Added),
        ]
    );
    assert_eq!(service.as_planned, 2);
    assert_eq!(service.planned, Sum { count: 6, units: 1_220 });
    assert_eq!(
        service.actual,
        Sum {
            count: 7,
            units: 244 + 244 + 488 + 387 + 244 + 120
        }
    );
    assert_eq!(service.units_over_plan(), 507);
    let moved = service.differences[0].clone();
    assert_eq!(moved.planned.unwrap().start.unwrap().to_string(), "09:00");
    assert_eq!(moved.actual.unwrap().start.unwrap().to_string(), "10:00");
}

#[test]
fn on_one_day_what_is_alike_is_put_together() {
    let plan: &[Visit] = &[
        ("20260401", "0900", "0930", "1", "244"),
        ("20260401", "1300", "1330", "1", "244"),
        ("20260401", "1800", "1830", "1", "244"),
    ];
    // The first was cancelled and the last was late: not "three were moved".
    let actual: &[Visit] = &[
        ("20260401", "1300", "1330", "1", "244"),
        ("20260401", "1810", "1840", "1", "244"),
    ];
    let comparison = one(plan, actual);
    let service = &comparison.recipients[0].services[0];
    let found: Vec<Change> = service.differences.iter().map(|difference| difference.change).collect();
    assert_eq!(found, [Change::Time, Change::Cancelled]);
    assert_eq!(service.as_planned, 1);
    // The other way round, one was added.
    let comparison = one(actual, plan);
    let service = &comparison.recipients[0].services[0];
    let found: Vec<Change> = service.differences.iter().map(|difference| difference.change).collect();
    assert_eq!(found, [Change::Time, Change::Added]);
}

#[test]
fn what_has_no_time_may_stand_on_another_day() {
    let plan: &[Visit] = &[
        ("20260401", "9999", "9999", "1", "0"),
        ("20260402", "0900", "0930", "1", "244"),
    ];
    let actual: &[Visit] = &[
        ("20260430", "9999", "9999", "1", "120"),
        ("20260403", "0900", "0930", "1", "244"),
    ];
    let comparison = one(plan, actual);
    let differences = &comparison.recipients[0].services[0].differences;
    let found: Vec<Change> = differences.iter().map(|difference| difference.change).collect();
    assert_eq!(found, [Change::Day, Change::Cancelled, Change::Added]);
    let day = |times: &Option<care_reading::Times>| times.as_ref().unwrap().date.unwrap().to_string();
    assert_eq!(day(&differences[0].planned), "2026-04-01");
    assert_eq!(day(&differences[0].actual), "2026-04-30");
}

#[test]
fn what_is_as_planned_is_no_difference() {
    let visits: &[Visit] = &[("20260401", "0900", "0930", "1", "244")];
    let comparison = one(visits, visits);
    assert!(!comparison.differs());
    assert_eq!(comparison.recipients[0].services[0].as_planned, 1);
}

#[test]
fn an_office_that_reported_nothing_is_not_compared() {
    let visits: &[Visit] = &[("20260401", "0900", "0930", "1", "244")];
    let plan = slip(
        PLAN,
        "202604",
        &[
            (HELP, "111111", visits),
            (DAY_CARE, "151441", visits),
            (HELP, "121111", visits),
        ],
    );
    let actual = slip(ACTUAL, "202604", &[(HELP, "111111", visits)]);
    let comparison = compared(&[plan], &[actual]);
    assert!(!comparison.differs());
    let person = &comparison.recipients[0];
    let waiting: Vec<(&str, &str)> = person
        .unreported
        .iter()
        .map(|service| (&*service.office_number, &*service.service_code))
        .collect();
    // The results of an office come by service type.
    assert_eq!(waiting, [(HELP, "121111"), (DAY_CARE, "151441")]);
    assert_eq!(person.services.len(), 1);
}

#[test]
fn an_office_that_reported_others_cancelled_who_is_missing() {
    let visits: &[Visit] = &[("20260401", "0900", "0930", "1", "244")];
    let plan = slip(PLAN, "202604", &[(HELP, "111111", visits)]);
    let mut actual = slip(ACTUAL, "202604", &[(HELP, "111111", visits)]);
    let other = String::from_utf8(actual.1).unwrap().replace("9900000002", "9900000003");
    actual.1 = other.into_bytes();
    let comparison = compared(&[plan], &[actual]);
    let sides: Vec<(&str, Side, Change)> = comparison
        .recipients
        .iter()
        .map(|person| {
            (
                &*person.insured_number,
                person.side,
                person.services[0].differences[0].change,
            )
        })
        .collect();
    assert_eq!(
        sides,
        [
            ("9900000002", Side::PlanOnly, Change::Cancelled),
            ("9900000003", Side::ActualOnly, Change::Added)
        ]
    );
}

#[test]
fn months_that_differ_are_a_difference() {
    let visits: &[Visit] = &[("20260401", "0900", "0930", "1", "244")];
    let plan = slip(PLAN, "202604", &[(HELP, "111111", visits)]);
    let actual = slip(
        &ACTUAL.replace("_202604_", "_202605_"),
        "202605",
        &[(HELP, "111111", visits)],
    );
    let comparison = compared(&[plan], &[actual]);
    assert!(comparison.differs());
    assert_ne!(comparison.planned_months, comparison.actual_months);
    let person = &comparison.recipients[0];
    // April is waited for, and May was not planned.
    assert_eq!((person.unreported.len(), person.services.len()), (1, 1));
    assert_eq!(person.services[0].differences[0].change, Change::Added);
}

#[test]
fn the_latest_document_counts_and_a_later_deletion_withdraws_it() {
    let first: &[Visit] = &[("20260401", "0900", "0930", "1", "244")];
    let second: &[Visit] = &[("20260402", "0900", "0930", "1", "244")];
    let plan = slip(PLAN, "202604", &[(HELP, "111111", first)]);
    // The same plan for another office, and then a new one for that office.
    let to_day_care = PLAN.replace("9970101003_11", "9970101011_15");
    let same = slip(&to_day_care, "202604", &[(HELP, "111111", first)]);
    let newer = slip(
        &to_day_care.replace("20260326090314", "20260327000000"),
        "202604",
        &[(HELP, "111111", second)],
    );
    let actual = slip(ACTUAL, "202604", &[(HELP, "111111", second)]);
    let comparison = compared(&[plan.clone(), same.clone()], std::slice::from_ref(&actual));
    assert_eq!(
        comparison.recipients[0].services[0].planned.count, 1,
        "not once for each addressee"
    );
    assert!(comparison.differs());
    assert!(!compared(&[newer, same, plan.clone()], std::slice::from_ref(&actual)).differs());

    let withdrawn = file(
        "DLTJSK_202604_9970101003_11_9970100013_43_20260502100314.CSV",
        &[&[
            ("delete_month", "202604"),
            ("service_office_number", HELP),
            ("service_type", "11"),
        ]],
    );
    let comparison = compared(&[plan], &[withdrawn, actual]);
    assert_eq!(comparison.recipients[0].side, Side::PlanOnly);
}

#[test]
fn equipment_is_told_apart_by_its_code() {
    let row = |tais, name| {
        [
            ("target_month", "202604"),
            ("service_date", "20260401"),
            ("start_time", "9999"),
            ("end_time", "9999"),
            ("service_count", "1"),
            ("units", "300"),
            ("service_code", "171007"),
            ("service_office_number", HELP),
            ("tais_code", tais),
            ("equipment_name", name),
        ]
    };
    let (rail, frame) = (row("99001-000020", "手すり"), row("99001-000030", "歩行器"));
    let plan = file(PLAN, &[&rail, &frame]);
    let same = file(ACTUAL, &[&frame, &rail]);
    assert!(
        !compared(std::slice::from_ref(&plan), &[same]).differs(),
        "the order does not matter"
    );
    let unnamed = file(ACTUAL, &[&row("", ""), &rail]);
    assert!(
        !compared(std::slice::from_ref(&plan), &[unnamed]).differs(),
        "what is named meets its like first"
    );
    let other = file(ACTUAL, &[&frame, &row("99001-000040", "車いす")]);
    let comparison = compared(std::slice::from_ref(&plan), &[other]);
    let [difference] = comparison.recipients[0].services[0].differences.as_slice() else {
        panic!("one")
    };
    assert_eq!(difference.change, Change::Equipment);
    let unnamed = file(ACTUAL, &[&row("", ""), &row("", "")]);
    assert!(
        !compared(&[plan], &[unnamed]).differs(),
        "equipment that is not named may be the planned one"
    );
}

#[test]
fn a_day_with_more_services_than_anyone_has_is_still_compared() {
    let early: Visit = ("20260401", "0900", "0930", "1", "244");
    let late: Visit = ("20260401", "0905", "0935", "1", "244");
    let comparison = one(&vec![early; 2_000], &vec![early; 1_500]);
    let service = &comparison.recipients[0].services[0];
    assert_eq!((service.as_planned, service.differences.len()), (1_500, 500));
    let comparison = one(&vec![early; 2_000], &vec![late; 2_000]);
    let service = &comparison.recipients[0].services[0];
    assert_eq!((service.planned.count, service.actual.count), (2_000, 2_000));
    let moved = service
        .differences
        .iter()
        .filter(|difference| difference.change == Change::Time);
    let moved = moved.count();
    assert!((100..2_000).contains(&moved), "{moved}");
    // What is beyond counts as cancelled and added; nothing is left out.
    assert_eq!(service.differences.len(), moved + 2 * (2_000 - moved));
}

#[test]
fn samples_of_both_editions_differ_where_a_visit_was_changed() {
    for edition in [Edition::V3, Edition::V4] {
        let plan = files(&sample("home_schedule", edition));
        let actual = files(&sample("home_actual", edition));
        let (name, bytes) = actual.iter().find(|(name, _)| name.kind == FileKind::Actuals).unwrap();
        // The plan's own visits, sent back as done, are as planned.
        let slip = plan.iter().find(|(name, _)| name.kind == FileKind::UseSlip).unwrap();
        let back = vec![(name.clone(), slip.1.clone())];
        let comparison = compared(&plan, &back);
        assert!(!comparison.differs(), "{edition:?}");
        assert_eq!(comparison.recipients.len(), 3);
        assert!(comparison.recipients.iter().all(|person| person.unreported.is_empty()));
        // Without its first record a visit was cancelled.
        let cut = slip.1.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let fewer = vec![(name.clone(), slip.1[cut..].to_vec())];
        let comparison = compared(&plan, &fewer);
        let changes: Vec<Change> = comparison
            .recipients
            .iter()
            .flat_map(|person| &person.services)
            .flat_map(|service| service.differences.iter().map(|difference| difference.change))
            .collect();
        assert_eq!(changes, [Change::Cancelled], "{edition:?}");
        assert!(!bytes.is_empty());
    }
}
