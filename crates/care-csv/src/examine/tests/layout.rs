//! The layout of the records and the rules of one record.

use super::*;

/// A file of one record with these values: what is found.
fn found(name: &str, values: Values<'_>) -> Vec<String> {
    keys(&facts(name, &record(name, values)))
}

fn nothing() -> Vec<String> {
    Vec::new()
}

#[test]
fn columns_are_counted() {
    let good = record(SCHEDULE, &[]);
    let extra = replaced(&good, b"\r\n", b"\r\n");
    assert_eq!(keys(&facts(SCHEDULE, &extra)), nothing());
    let line = good.strip_suffix(b"\r\n").unwrap();
    for (tail, count) in [(",\r\n", "26"), (",,,\r\n", "28")] {
        let bytes = [&good, line, tail.as_bytes()].concat();
        let facts = facts(SCHEDULE, &bytes);
        assert_eq!(places(&facts), [("columns".to_owned(), 2, 0)]);
        assert_eq!(facts.findings[0].params["expected"], "25");
        assert_eq!(facts.findings[0].params["found"], count);
    }
    // Empty columns at the end leave the others where they belong.
    for (tail, units, empty) in [
        (",,\"\"\r\n", "1", true),
        (",,1\r\n", "1", false),
        (",,\r\n", "x", false),
    ] {
        let record = record(SCHEDULE, &[("units", units)]);
        let longer = [record.strip_suffix(b"\r\n").unwrap(), tail.as_bytes()].concat();
        let facts = facts(SCHEDULE, &longer);
        assert_eq!(keys(&facts), ["columns"]);
        assert_eq!(facts.findings[0].params.contains_key("beyond"), empty, "{tail}");
    }
    // A record that breaks off is told as that; its fields are not judged.
    let cut = &good[..good.len() / 3];
    assert_eq!(
        keys(&facts(SCHEDULE, cut)).first().map(String::as_str),
        Some("no_final_line_end")
    );
    let short = [&line[..line.len() - 1], b"\r\n"].concat();
    assert_eq!(keys(&facts(SCHEDULE, &short)), ["columns"]);
}

#[test]
fn findings_say_where_and_what() {
    let bytes = file(SCHEDULE, &[&[], &[("units", "２４４")]]);
    let facts = facts(SCHEDULE, &bytes);
    let finding = &facts.findings[0];
    assert_eq!(finding.message_key(), "kind");
    assert_eq!(
        (finding.row, finding.column),
        (Some(2), Some(column(SCHEDULE, "units")))
    );
    assert_eq!(finding.field.as_deref(), Some("units"));
    assert_eq!(finding.field_name.as_deref(), Some("単位数"));
    assert_eq!(finding.value.as_deref(), Some("２４４"));
    assert_eq!(finding.severity, care_model::Severity::Warns);
}

#[test]
fn a_fault_is_told_in_every_record_that_has_it() {
    let bytes = file(
        SCHEDULE,
        &[
            &[("over_30_days", "2")],
            &[("over_30_days", "2")],
            &[],
            &[("units", "x")],
        ],
    );
    let rows: Vec<u32> = places(&facts(SCHEDULE, &bytes))
        .iter()
        .map(|(_, row, _)| *row)
        .collect();
    assert_eq!(rows, [1, 2, 4]);
}

#[test]
fn days_belong_to_the_month_of_their_record() {
    assert_eq!(found(SCHEDULE, &[("service_date", "20260430")]), nothing());
    assert_eq!(found(SCHEDULE, &[("service_date", "20260501")]), ["date_outside_month"]);
    // Said once: the day does not exist, the month is another.
    assert_eq!(found(SCHEDULE, &[("service_date", "20260231")]), ["date"]);
    let next = [("service_date", "20260501"), ("target_month", "202605")];
    assert_eq!(found(SCHEDULE, &next), ["month_mismatch"]);
    assert_eq!(keys(&facts(SCHEDULE, &file(SCHEDULE, &[&[], &next]))), ["months_mixed"]);
}

#[test]
fn services_are_in_the_scope_of_the_exchange() {
    for (code, expected) in [
        ("111111", nothing()),
        ("A22411", nothing()),
        ("331111", vec!["scope_row".to_owned()]),
        ("991111", vec!["code".to_owned()]),
        ("999999", vec!["code".to_owned()]),
        ("11111", vec!["length".to_owned()]),
    ] {
        assert_eq!(found(SCHEDULE, &[("service_code", code)]), expected, "{code}");
    }
    let deletion = "DLTJSK_202604_9970101003_11_9970100013_43_20260502100314.CSV";
    assert_eq!(found(deletion, &[("service_type", "51")]), ["scope_row"]);
    assert_eq!(found(deletion, &[("service_type", "99")]), ["code"]);
}

#[test]
fn rentals_name_their_equipment() {
    let code = ("service_code", "171001");
    assert_eq!(found(SCHEDULE, &[code]), ["equipment_code"]);
    // What is added for a remote area is no piece of equipment.
    assert_eq!(found(SCHEDULE, &[("service_code", "178001")]), nothing());
    assert_eq!(found(SCHEDULE, &[code, ("tais_code", "99000-000010")]), nothing());
    assert_eq!(
        found(SCHEDULE, &[code, ("equipment_notification_code", "99000-000010")]),
        nothing()
    );
    assert_eq!(found(SCHEDULE, &[("service_code", "671001")]), ["equipment_code"]);
    // Edition 3 has no such fields.
    let old = "UPPLAN_202604_9970100013_9970101003_20260326095635.CSV";
    assert_eq!(found(old, &[code]), nothing());
}

#[test]
fn results_name_the_sending_office() {
    assert_eq!(found(ACTUALS, &[]), nothing());
    let bytes = record(ACTUALS, &[("service_office_number", "9970199988")]);
    let facts = facts(ACTUALS, &bytes);
    assert_eq!(keys(&facts), ["office_mismatch_rows"]);
    assert_eq!(facts.findings[0].params["found"], "9970199988");
    assert_eq!(facts.findings[0].params["office"], "9970101003");
    // Every record of the file: once says it.
    let all = bytes.repeat(3);
    let facts = super::facts(ACTUALS, &all);
    assert_eq!(
        (facts.findings.len(), facts.findings[0].row, facts.findings[0].more),
        (1, Some(1), 2)
    );
    // A slip lists all offices; who manages contracted care passes on the results of others.
    assert_eq!(found(SCHEDULE, &[("service_office_number", "9970199988")]), nothing());
    let passed_on = "UPJSK_202604_9970100013_43_9900100018_46_20260502100137.CSV";
    assert_eq!(found(passed_on, &[]), nothing());
}

#[test]
fn versions() {
    let with = |name: &str, version: &str| found(name, &[("csv_version", version)]);
    for (version, expected) in [
        ("202407", nothing()),
        ("202410", vec!["code_csv_version".to_owned()]),
        ("202504", vec!["code_csv_version".to_owned()]),
        ("209901", vec!["code_csv_version".to_owned()]),
    ] {
        assert_eq!(with(SCHEDULE, version), expected, "{version}");
    }
    // Only the first record is of no known version: the others are checked.
    let first = file(SCHEDULE, &[&[("csv_version", "2O2407")], &[], &[("units", "x")]]);
    assert_eq!(
        keys(&facts(SCHEDULE, &first)),
        ["version_mixed", "code_csv_version", "kind"]
    );
    let mixed = file(SCHEDULE, &[&[], &[("csv_version", "202208")]]);
    assert_eq!(keys(&facts(SCHEDULE, &mixed)), ["version_mixed"]);
    let old = "UPPLAN_202604_9970100013_9970101003_20260326095635.CSV";
    assert_eq!(found(old, &[]), nothing());
    // Contents of 4.1 under an old name are checked as what they are.
    assert_eq!(keys(&facts(old, &good())), ["name_old_style"]);
    assert_eq!(
        keys(&facts(old, &record(SCHEDULE, &[("units", "2x4")]))),
        ["name_old_style", "kind"]
    );
}

#[test]
fn an_unknown_version_is_told_once() {
    let bytes = b"209901,\"1\",x,y,z\r\n".repeat(1_000);
    let facts = facts(SCHEDULE, &bytes);
    assert_eq!(keys(&facts), ["code_csv_version"]);
    assert_eq!((facts.records, facts.recipients), (1_000, 1));
}

#[test]
fn check_digits_are_noted_once() {
    let bytes = file(
        SCHEDULE,
        &[&[], &[("insurer_number", "990011")], &[("insurer_number", "990012")]],
    );
    let facts = facts(SCHEDULE, &bytes);
    assert_eq!(places(&facts), [("check_digit_insurer".to_owned(), 2, 2)]);
    assert_eq!(facts.findings[0].severity, care_model::Severity::Notes);
}

#[test]
fn free_text_without_quotes_is_told() {
    let quoted = record(SCHEDULE, &[("service_office_name", "@")]);
    assert_eq!(
        keys(&facts(SCHEDULE, &replaced(&quoted, b"\"@\"", b"@"))),
        ["quoting_unquoted"]
    );
    // Empty text needs none.
    assert_eq!(keys(&facts(SCHEDULE, &replaced(&quoted, b"\"@\"", b""))), nothing());
    // A comma or a line end in it makes other fields of it.
    assert_eq!(
        keys(&facts(SCHEDULE, &replaced(&quoted, b"\"@\"", b"a, b"))),
        ["columns"]
    );
    assert_eq!(
        keys(&facts(SCHEDULE, &replaced(&quoted, b"\"@\"", b"a\r\nb"))),
        ["columns", "columns"]
    );
}

#[test]
fn faults_are_found_wherever_a_piece_ends() {
    let good = record(SCHEDULE, &[]);
    let bad = record(SCHEDULE, &[("start_time", "2575")]);
    let rows = 2_000;
    let bytes: Vec<u8> = (1..=rows)
        .flat_map(|row| if row % 97 == 0 { bad.clone() } else { good.clone() })
        .collect();
    assert!(bytes.len() > 3 * PIECE_BYTES);
    let facts = facts(SCHEDULE, &bytes);
    let found: Vec<u32> = facts.findings.iter().filter_map(|finding| finding.row).collect();
    let listed = care_model::limits::FINDINGS_PER_FIELD_MAX as u32;
    assert_eq!(found, (1..=listed).map(|count| count * 97).collect::<Vec<_>>());
    assert_eq!(facts.findings.last().unwrap().more, rows / 97 - listed);
    assert_eq!((facts.records, facts.recipients), (rows, 1));
}

/// Records of one month and version, with one fault or none.
const VARIANTS: &[Values<'static>] = &[
    &[],
    &[("insured_number", "9900000002")],
    &[("units", "244")],
    &[("units", "x")],
    &[("service_date", "20260501")],
    &[("service_date", "20260231")],
    &[("service_code", "331111")],
    &[("service_code", "171001")],
    &[("service_code", "171001"), ("tais_code", "99000-000010")],
    &[("service_office_number", "997010100")],
    &[("over_30_days", "")],
    &[("planning_care_manager_name", "例示\r\n包子")],
];

proptest::proptest! {
    /// A record is compared with the one before it: what is found must not depend on that.
    #[test]
    fn records_are_judged_as_if_they_were_alone(picked in proptest::collection::vec(0..VARIANTS.len() + 2, 1..16)) {
        let bytes_of = |variant: usize| match VARIANTS.get(variant) {
            Some(values) => record(SCHEDULE, values),
            // A column too many; text without quotes.
            None if variant == VARIANTS.len() => [record(SCHEDULE, &[]).strip_suffix(b"\r\n").unwrap(), b",1\r\n"].concat(),
            None => replaced(&record(SCHEDULE, &[("service_office_name", "@")]), b"\"@\"", b"@"),
        };
        let mut expected = Vec::new();
        let mut people = std::collections::HashSet::new();
        for (variant, row) in picked.iter().zip(1..) {
            let alone = facts(SCHEDULE, &bytes_of(*variant));
            expected.extend(places(&alone).into_iter().map(|(key, _, column)| (key, row, column)));
            people.extend(alone.keys.iter().map(|key| key.person));
        }
        let together = facts(SCHEDULE, &picked.iter().flat_map(|variant| bytes_of(*variant)).collect::<Vec<_>>());
        proptest::prop_assert_eq!(places(&together), expected);
        proptest::prop_assert_eq!(together.recipients as usize, people.len());
        proptest::prop_assert_eq!(together.records as usize, picked.len());
    }
}
