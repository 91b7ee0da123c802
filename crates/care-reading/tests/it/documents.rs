//! Documents read as their printed forms do.

use care_model::{Edition, FileKind};
use care_reading::{AnnexLineKind, TimeOfDay, Value};
use chrono::Weekday;

use crate::support::{file, files, name_of, reading, sample};

#[test]
fn sheet_2_is_a_tree_in_printed_order() {
    let row = |need_no, need, goal_no, long, long_period, short, service| {
        [
            ("plan_created_or_changed_on", "20251201"),
            ("need_no", need_no),
            ("need", need),
            ("goal_no", goal_no),
            ("long_term_goal", long),
            ("long_term_period", long_period),
            ("short_term_goal", short),
            ("service_content", service),
        ]
    };
    let rows = [
        row("1", "転ばない", "1", "歩ける", "1年", "往復できる", "訪問介護"),
        // Empty texts go on with the row above.
        row("1", "", "1", "", "", "", "通所介護"),
        // So does a text that is written again.
        row("1", "転ばない", "1", "歩ける", "1年", "往復できる", "福祉用具"),
        // A new goal has the long-term goal of the one above it.
        row("1", "", "2", "", "", "外出する", "散歩"),
        // A new long-term goal without a period has none.
        row("1", "", "3", "出かける", "", "店に行く", "同行"),
        row("2", "悪化させない", "1", "", "", "薬を飲む", "受診"),
        // Without numbers another text begins another need.
        row("", "食べたい", "", "", "", "かむ", "歯科"),
    ];
    let rows: Vec<&[(&str, &str)]> = rows.iter().map(|row| row.as_slice()).collect();
    let reading = reading(&[file(&name_of(FileKind::PlanSheet2), &rows)]);
    let [sheet] = reading.recipients[0].plan_sheets_2.as_slice() else {
        panic!("one plan date, one sheet")
    };
    let needs = sheet.needs();
    let shape: Vec<(&str, Vec<usize>)> = needs
        .iter()
        .map(|need| (need.need, need.goals.iter().map(|goal| goal.services.len()).collect()))
        .collect();
    assert_eq!(
        shape,
        [
            ("転ばない", vec![3, 1, 1]),
            ("悪化させない", vec![1]),
            ("食べたい", vec![1])
        ]
    );
    let [first, second, third] = needs[0].goals.as_slice() else {
        panic!("three goals")
    };
    assert_eq!((first.long_term.text, first.long_term.from_above), ("歩ける", false));
    assert_eq!((second.long_term.text, second.long_term.from_above), ("歩ける", true));
    assert_eq!(
        (second.long_term_period.text, second.long_term_period.from_above),
        ("1年", true)
    );
    assert_eq!(second.short_term, "外出する");
    assert_eq!((third.long_term.text, third.long_term_period.text), ("出かける", ""));
    // Nothing is carried from one need to the next.
    assert_eq!(needs[1].goals[0].long_term.text, "");
    assert_eq!(needs[1].number, Some(&Value::Number(2)));
}

#[test]
fn another_plan_date_is_another_document() {
    let row = |date| [("plan_created_or_changed_on", date), ("need", "x")];
    let rows = [row("20251201"), row("20260101"), row("20251201")];
    let rows: Vec<&[(&str, &str)]> = rows.iter().map(|row| row.as_slice()).collect();
    let reading = reading(&[file(&name_of(FileKind::PlanSheet2), &rows)]);
    let sheets = &reading.recipients[0].plan_sheets_2;
    let counts: Vec<usize> = sheets.iter().map(|sheet| sheet.sheet.rows.len()).collect();
    assert_eq!(counts, [2, 1]);
}

#[test]
fn a_week_is_in_order() {
    let rows: &[&[(&str, &str)]] = &[
        &[
            ("care_service_content", "通所介護"),
            ("weekday", "2"),
            ("service_start_time", "0930"),
            ("service_end_time", "1645"),
        ],
        &[
            ("care_service_content", "訪問介護"),
            ("weekday", "1"),
            ("service_start_time", "1300"),
        ],
        &[
            ("care_service_content", "訪問介護"),
            ("weekday", "1"),
            ("service_start_time", "0800"),
        ],
        &[("care_service_content", "不明"), ("weekday", "9")],
        &[("daily_activity", "就寝"), ("activity_start_time", "2100")],
        &[("daily_activity", "起床"), ("activity_start_time", "0600")],
        &[("other_than_weekly_services", "通院（月1回）")],
    ];
    let reading = reading(&[file(&name_of(FileKind::WeeklyPlan), rows)]);
    let [week] = reading.recipients[0].weekly_plans.as_slice() else {
        panic!("one week")
    };
    let services: Vec<_> = week
        .services()
        .iter()
        .map(|service| (service.weekday, service.start))
        .collect();
    let at = |text| TimeOfDay::parse(text);
    assert_eq!(
        services,
        [
            (Some(Weekday::Mon), at("0800")),
            (Some(Weekday::Mon), at("1300")),
            (Some(Weekday::Tue), at("0930")),
            (None, None),
        ]
    );
    let activities: Vec<&str> = week.activities().iter().map(|activity| activity.activity).collect();
    assert_eq!(activities, ["起床", "就寝"]);
    assert_eq!(week.others().len(), 1);
    let json = serde_json::to_value(week).unwrap();
    assert_eq!(json["services"][0]["weekday"], "Mon");
    assert_eq!(json["rest"].as_array().unwrap().len(), 0);
}

#[test]
fn visits_that_differ_in_the_day_alone_are_one_pattern() {
    let visit = |day, start, count| {
        [
            ("target_month", "202604"),
            ("service_date", day),
            ("start_time", start),
            ("end_time", "1330"),
            ("service_count", count),
            ("units", "244"),
            ("service_code", "111111"),
            ("service_office_number", "9970101003"),
        ]
    };
    let rows = [
        visit("20260410", "1300", "1"),
        visit("20260403", "1300", "1"),
        visit("20260405", "1200", "2"),
        visit("2026041", "1300", "1"),
    ];
    let rows: Vec<&[(&str, &str)]> = rows.iter().map(|row| row.as_slice()).collect();
    let reading = reading(&[file(&name_of(FileKind::UseSlip), &rows)]);
    let slip = &reading.recipients[0].use_slips[0];
    let patterns = slip.patterns();
    let shape: Vec<(usize, i64, i64)> = patterns
        .iter()
        .map(|pattern| (pattern.visits.len(), pattern.count, pattern.units))
        .collect();
    assert_eq!(shape, [(1, 2, 488), (3, 3, 732)]);
    assert_eq!(patterns[1].visits[0].date, None, "a day that is none comes first");
    assert_eq!(slip.sheet.month().unwrap().as_str(), "202604");
}

#[test]
fn annex_lines_say_what_they_are() {
    let line = |code| [("target_month", "202604"), ("service_code", code)];
    let rows = ["111111", "11AAAA", "11EEEE", "11ZZZZ", "999999", "xAAAA", ""].map(line);
    let rows: Vec<&[(&str, &str)]> = rows.iter().map(|row| row.as_slice()).collect();
    let reading = reading(&[file(&name_of(FileKind::UseSlipAnnex), &rows)]);
    let lines: Vec<AnnexLineKind> = reading.recipients[0].annexes[0].lines().map(|line| line.line).collect();
    use AnnexLineKind::{Service, Subtotal, Total};
    assert_eq!(lines, [Service, Subtotal, Subtotal, Subtotal, Total, Service, Service]);
}

#[test]
fn a_preventive_plan_has_its_issues_and_services() {
    let row = |issue_no, issue, plan_no, points, service| {
        [
            ("plan_created_or_changed_on", "20251101"),
            ("issue_no", issue_no),
            ("comprehensive_issue", issue),
            ("support_plan_no", plan_no),
            ("support_points", points),
            ("service_kind", service),
        ]
    };
    let rows = [
        row("1", "外出が減る", "1", "無理をしない", "訪問型"),
        row("1", "", "2", "続ける", "貸与"),
        row("1", "", "2", "", "老人会"),
        row("2", "食が細い", "1", "", "配食"),
    ];
    let rows: Vec<&[(&str, &str)]> = rows.iter().map(|row| row.as_slice()).collect();
    let sub = file(&name_of(FileKind::PreventionPlanSupport), &rows);
    let plan = file(
        &name_of(FileKind::PreventionPlan),
        &[&[
            ("plan_created_or_changed_on", "20251101"),
            ("recipient_name", "架空 花子"),
        ]],
    );
    let reading = reading(&[sub, plan]);
    let [document] = reading.recipients[0].prevention_plans.as_slice() else {
        panic!("one document")
    };
    assert!(document.plan.is_some());
    let shape: Vec<(&str, Vec<usize>)> = document
        .issues()
        .iter()
        .map(|issue| {
            (
                issue.issue,
                issue.plans.iter().map(|plan| plan.services.len()).collect(),
            )
        })
        .collect();
    assert_eq!(shape, [("外出が減る", vec![1, 2]), ("食が細い", vec![1])]);
    assert_eq!(reading.recipients[0].name.as_deref(), Some("架空 花子"));
}

#[test]
fn deletions_say_what_they_withdraw() {
    for (unit, kinds) in [
        ("home_plan_delete", 3),
        ("home_schedule_delete", 2),
        ("home_actual_delete", 1),
        ("preventive_basic_delete", 4),
        ("preventive_plan_delete", 2),
    ] {
        let reading = reading(&files(&sample(unit, Edition::V4)));
        for person in &reading.recipients {
            let [deletion] = person.deletions.as_slice() else {
                panic!("{unit}")
            };
            assert_eq!(deletion.withdraws().len(), kinds, "{unit}");
            assert!(deletion.withdraws().iter().all(|kind| !kind.is_deletion()));
            assert!(deletion.sheet.month().is_some() || deletion.sheet.linked_on().is_some());
        }
    }
}

#[test]
fn the_supplement_is_linked_by_its_month_or_its_plan_date() {
    let reading_of = |unit| reading(&files(&sample(unit, Edition::V4)));
    let plan = reading_of("home_plan");
    let sheet = &plan.recipients[0].supplements[0].sheet;
    assert!(sheet.linked_on().is_some() && sheet.month().is_none());
    let schedule = reading_of("home_schedule");
    let sheet = &schedule.recipients[0].supplements[0].sheet;
    assert!(sheet.linked_on().is_none() && sheet.month().is_some());
}

#[test]
fn a_second_file_under_one_name_makes_documents_of_its_own() {
    for unit in ["home_schedule", "home_plan", "preventive_plan_with_basic"] {
        let once = files(&sample(unit, Edition::V4));
        let twice = [once.clone(), once.clone()].concat();
        let (once, twice) = (reading(&once), reading(&twice));
        for (one, two) in once.recipients.iter().zip(&twice.recipients) {
            let rows = |of: &care_reading::Recipient| of.sheets().map(|sheet| sheet.rows.len()).collect::<Vec<_>>();
            let doubled: Vec<usize> = rows(one).into_iter().flat_map(|rows| [rows, rows]).collect();
            let mut found = rows(two);
            let mut wanted = doubled;
            found.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(found, wanted, "{unit}: no document holds the records of both");
        }
    }
}
