//! Two versions of a document: what changed, against changes that were made on purpose.

use care_layout::Layout;
use care_model::{Edition, FileKind};
use care_reading::{Changes, FieldChange, PLANS, RecordChange, Sheet, Value, changes, last_sheet};
use proptest::prelude::{ProptestConfig, any, prop, prop_assert, prop_assert_eq, proptest};

use crate::support::{File, file, files, name_of, reading, sample};

/// The changes between two files of a kind, of their first care recipient.
fn between_files<T>(before: &File, after: &File, then: impl FnOnce(&Changes<'_>) -> T) -> T {
    let (old, new) = (
        reading(std::slice::from_ref(before)),
        reading(std::slice::from_ref(after)),
    );
    let only = |reading: &care_reading::Reading| -> Sheet { reading.recipients[0].sheets().next().unwrap().clone() };
    let (old, new) = (only(&old), only(&new));
    then(&changes(&old, &new))
}

fn between<T>(
    kind: FileKind,
    before: &[&[(&str, &str)]],
    after: &[&[(&str, &str)]],
    then: impl FnOnce(&Changes<'_>) -> T,
) -> T {
    let name = name_of(kind);
    between_files(&file(&name, before), &file(&name, after), then)
}

fn names(fields: &[FieldChange<'_>]) -> Vec<&'static str> {
    fields.iter().map(|change| change.field.name).collect()
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::text).unwrap_or_default()
}

/// The one changed record's fields.
fn one_changed<'a>(changes: &'a Changes<'_>) -> &'a [FieldChange<'a>] {
    match changes.records.as_slice() {
        [RecordChange::Changed { fields, .. }] => fields,
        _ => panic!("{changes:?}"),
    }
}

/// One care recipient's records of a made file, as values by the places of the fields.
fn records_of(file: &File) -> Vec<Vec<String>> {
    let records = care_csv::records(&file.1).map(|record| {
        let fields = record.fields();
        fields.map(|value| value.text().into_owned()).collect::<Vec<String>>()
    });
    let all: Vec<Vec<String>> = records.collect();
    let first = (all[0][1].clone(), all[0][2].clone());
    all.into_iter()
        .filter(|record| (&record[1], &record[2]) == (&first.0, &first.1))
        .collect()
}

fn written(like: &File, records: &[Vec<String>]) -> File {
    let layout = Layout::of(like.0.edition(), like.0.kind).unwrap();
    let bytes = records
        .iter()
        .flat_map(|record| care_csv::write_record(layout, record).unwrap());
    (like.0.clone(), bytes.collect())
}

/// Every file of a plan that the samples have, with the fields that make it a document of its own left out.
fn plan_files() -> Vec<File> {
    let units = ["home_plan", "home_schedule", "preventive_plan"];
    let all = units.iter().flat_map(|unit| files(&sample(unit, Edition::V4)));
    all.filter(|(name, _)| PLANS.concat().contains(&name.kind)).collect()
}

const OF_WHOM_AND_WHAT: &[&str] = &[
    "csv_version",
    "insurer_number",
    "insured_number",
    "plan_created_or_changed_on",
    "target_month",
];

#[test]
fn a_plan_beside_itself_has_no_change() {
    let mut compared = 0;
    for unit in ["home_plan", "home_schedule", "preventive_plan", "preventive_schedule"] {
        for edition in [Edition::V4, Edition::V3] {
            if edition == Edition::V3 && unit.starts_with("preventive") {
                continue;
            }
            let (one, other) = (
                reading(&files(&sample(unit, edition))),
                reading(&files(&sample(unit, edition))),
            );
            for (before, after) in one.recipients.iter().zip(&other.recipients) {
                for (before, after) in before.sheets().zip(after.sheets()) {
                    assert_eq!(changes(before, after).count(), 0);
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 30, "{compared}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn one_field_more_or_less_is_one_change(
        of in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), field in any::<prop::sample::Index>(),
    ) {
        let all = plan_files();
        let file = &all[of.index(all.len())];
        let layout = Layout::of(Edition::V4, file.0.kind).unwrap();
        let fields: Vec<usize> = (0..layout.fields.len())
            .filter(|place| !OF_WHOM_AND_WHAT.contains(&layout.fields[*place].name))
            .collect();
        let place = fields[field.index(fields.len())];
        let before = records_of(file);
        let mut after = before.clone();
        let row = at.index(after.len());
        // Another digit is another value, whether or not it has the form of its field.
        let other = if before[row][place].contains('7') { "3" } else { "7" };
        after[row][place] = other.to_owned();
        let name = layout.fields[place].name;
        between_files(&written(file, &before), &written(file, &after), |changes| {
            prop_assert_eq!(changes.count(), 1, "{}: {:?}", name, changes);
            let change = match (changes.throughout.as_slice(), changes.records.as_slice()) {
                ([change], []) => change,
                ([], [RecordChange::Changed { fields, .. }]) => &fields[0],
                _ => panic!("{changes:?}"),
            };
            prop_assert_eq!(change.field.name, name);
            prop_assert_eq!(change.before.is_some(), !before[row][place].is_empty());
            Ok(())
        })?;
    }

    #[test]
    fn one_record_more_or_less_is_one_change_wherever_the_others_stand(
        of in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), turned in any::<bool>(),
    ) {
        let all = plan_files();
        let file = &all[of.index(all.len())];
        let more = records_of(file);
        if more.len() < 2 {
            return Ok(());
        }
        let mut less = more.clone();
        let row = at.index(less.len());
        less.remove(row);
        if turned {
            less.reverse();
        }
        let (more, less) = (written(file, &more), written(file, &less));
        between_files(&more, &less, |changes| {
            prop_assert!(changes.throughout.is_empty());
            prop_assert!(matches!(changes.records.as_slice(), [RecordChange::Removed(_)]), "{:?}", changes);
            Ok(())
        })?;
        between_files(&less, &more, |changes| {
            prop_assert!(matches!(changes.records.as_slice(), [RecordChange::Added(_)]), "{:?}", changes);
            Ok(())
        })?;
    }
}

#[test]
fn fields_that_say_something_else_are_named_with_both() {
    let plan = |analysis: &'static str, level: &'static str| {
        [
            ("plan_created_or_changed_on", "20260401"),
            ("needs_analysis_with_wishes", analysis),
            ("care_level", level),
        ]
    };
    between(
        FileKind::PlanSheet1,
        &[&plan("歩きたい", "21")],
        &[&plan("外へ出たい", "21")],
        |changes| {
            let [change] = one_changed(changes) else {
                panic!("{changes:?}")
            };
            assert_eq!(change.field.name, "needs_analysis_with_wishes");
            assert_eq!((text(change.before), text(change.after)), ("歩きたい", "外へ出たい"));
        },
    );
    // What was empty, and what became so.
    between(
        FileKind::PlanSheet1,
        &[&plan("", "21")],
        &[&plan("外へ出たい", "")],
        |changes| {
            let fields = one_changed(changes).iter();
            let filled: Vec<_> = fields
                .map(|change| (change.field.name, change.before.is_some(), change.after.is_some()))
                .collect();
            assert_eq!(
                filled,
                [("care_level", true, false), ("needs_analysis_with_wishes", false, true)]
            );
        },
    );
}

/// A visit of 利用票 made on a day.
fn visit<'a>(made: &'a str, day: &'a str, start: &'a str, units: &'a str) -> [(&'a str, &'a str); 7] {
    [
        ("document_created_on", made),
        ("target_month", "202604"),
        ("service_date", day),
        ("start_time", start),
        ("end_time", "1100"),
        ("service_code", "111111"),
        ("units", units),
    ]
}

#[test]
fn what_is_said_of_the_whole_document_is_one_change_however_many_records_say_it() {
    let [first, second] = ["20260401", "20260402"].map(|day| visit("20260325", day, "1000", "250"));
    let [third, fourth] = ["20260401", "20260402"].map(|day| visit("20260330", day, "1000", "250"));
    between(FileKind::UseSlip, &[&first, &second], &[&third, &fourth], |changes| {
        assert_eq!(names(&changes.throughout), ["document_created_on"]);
        assert!(changes.records.is_empty(), "{changes:?}");
    });
    // Where one record of it differs, each is compared.
    between(FileKind::UseSlip, &[&first, &second], &[&first, &fourth], |changes| {
        assert!(changes.throughout.is_empty());
        assert_eq!(names(one_changed(changes)), ["document_created_on"]);
    });
}

#[test]
fn visits_are_known_by_what_names_them_and_a_moved_one_is_the_same() {
    let made = "20260325";
    let [first, second, third] = ["20260401", "20260402", "20260403"].map(|day| visit(made, day, "1000", "250"));
    between(FileKind::UseSlip, &[&first, &second], &[&second, &first], |changes| {
        assert_eq!(changes.count(), 0, "another order is no change: {changes:?}");
    });
    let more = visit(made, "20260402", "1000", "300");
    between(
        FileKind::UseSlip,
        &[&first, &second],
        &[&first, &third, &more],
        |changes| match changes.records.as_slice() {
            [RecordChange::Added(added), RecordChange::Changed { fields, before, .. }] => {
                assert_eq!((added.row(), before.row()), (2, 2));
                assert_eq!(names(fields), ["units"]);
            }
            _ => panic!("{changes:?}"),
        },
    );
    let later = visit(made, "20260401", "1030", "250");
    between(FileKind::UseSlip, &[&first, &second], &[&later, &second], |changes| {
        assert_eq!(names(one_changed(changes)), ["start_time"]);
    });
    // Twice the same: one of them went.
    between(FileKind::UseSlip, &[&first, &first], &[&first], |changes| {
        assert!(matches!(changes.records.as_slice(), [RecordChange::Removed(form)] if form.row() == 2));
    });
}

#[test]
fn a_service_put_in_between_does_not_make_those_behind_it_others() {
    let service = |number: &'static str, content: &'static str| {
        [
            ("need_no", "01"),
            ("goal_no", "01"),
            ("service_no", number),
            ("service_content", content),
        ]
    };
    let (bath, walk) = (service("01", "入浴の介助"), service("02", "歩行訓練"));
    let (new, moved) = (service("02", "買い物の同行"), service("03", "歩行訓練"));
    between(
        FileKind::PlanSheet2,
        &[&bath, &walk],
        &[&bath, &new, &moved],
        |changes| match changes.records.as_slice() {
            [RecordChange::Added(added), RecordChange::Changed { fields, after, .. }] => {
                assert_eq!((added.row(), after.row()), (2, 3));
                assert_eq!(names(fields), ["service_no"]);
            }
            _ => panic!("{changes:?}"),
        },
    );
    let other = service("02", "屋外の歩行訓練");
    between(FileKind::PlanSheet2, &[&bath, &walk], &[&bath, &other], |changes| {
        assert_eq!(names(one_changed(changes)), ["service_content"]);
    });
}

#[test]
fn what_stands_beyond_the_last_field_is_compared_too() {
    let one = file(&name_of(FileKind::PlanSheet1), &[&[("care_level", "21")]]);
    let mut other = one.clone();
    let end = other.1.len() - 2;
    other.1.truncate(end);
    other.1.extend(b",more\r\n");
    between_files(&one, &other, |changes| {
        assert_eq!(changes.count(), 1);
        match changes.records.as_slice() {
            [RecordChange::Changed { fields, surplus, .. }] => {
                assert!(fields.is_empty());
                assert_eq!(*surplus, Some(("", "more")));
            }
            _ => panic!("{changes:?}"),
        }
    });
}

#[test]
fn the_document_of_a_month_is_the_last_one_that_counts() {
    let month = |month: &str, serial: &str, units: &str| {
        let name = format!("UPPLAN_{month}_9970100013_43_9970101003_11_{serial}.CSV");
        file(&name, &[&[("target_month", month), ("units", units)]])
    };
    let files = [
        month("202604", "20260326090137", "1"),
        month("202604", "20260327090137", "2"),
        month("202605", "20260328090137", "3"),
    ];
    let read = reading(&files);
    let units = |of: Option<&str>, earliest: bool| {
        let of = of.map(|of| of.parse().unwrap());
        let counts = |sheet: &Sheet| !earliest || sheet.file.name.serial.as_str() == "20260326090137";
        let sheet = last_sheet(&read.recipients[0], FileKind::UseSlip, of, counts)?;
        sheet.rows[0].number("units")
    };
    assert_eq!(units(Some("202604"), false), Some(2));
    assert_eq!(units(Some("202604"), true), Some(1));
    assert_eq!(units(Some("202605"), false), Some(3));
    assert_eq!((units(Some("202606"), false), units(None, false)), (None, None));
}

#[test]
fn programs_get_names_and_rows() {
    let [first, second] = ["250", "300"].map(|units| visit("20260325", "20260401", "1000", units));
    between(FileKind::UseSlip, &[&first], &[&second], |changes| {
        let json = serde_json::to_value(changes).unwrap();
        let change = &json["records"][0]["changed"];
        assert_eq!((&change["row_before"], &change["row_after"]), (&1.into(), &1.into()));
        assert_eq!(
            change["fields"][0],
            serde_json::json!({"field": "units", "before": 250, "after": 300})
        );
    });
}
