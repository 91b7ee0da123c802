//! Subtotals and totals of the annex.

use super::*;

/// One row of a service: code, amount, units for benefit management.
fn row<'a>(code: &'a str, amount: &'a str, managed: &'a str) -> [(&'a str, &'a str); 3] {
    [
        ("service_code", code),
        ("service_units_or_amount", amount),
        ("benefit_management_units", managed),
    ]
}

fn check(rows: &[[(&str, &str); 3]]) -> Vec<(String, u32, u32)> {
    let bytes: Vec<u8> = rows.iter().flat_map(|row| record(ANNEX, row)).collect();
    places(&facts(ANNEX, &bytes))
}

fn sum(rule: &str, row: u32, field: &str) -> (String, u32, u32) {
    (format!("sum_{rule}"), row, column(ANNEX, field))
}

const AMOUNT: &str = "service_units_or_amount";
const MANAGED: &str = "benefit_management_units";

#[test]
fn sums_that_fit_are_not_mentioned() {
    assert_eq!(check(&[row("111111", "500", "500"), row("999999", "500", "500")]), []);
    let rows = [
        row("111111", "500", "500"),
        row("117211", "300", "300"),
        row("11AAAA", "800", "800"),
        row("151441", "200", "200"),
        row("999999", "1000", "1000"),
    ];
    assert_eq!(check(&rows), []);
}

#[test]
fn a_wrong_subtotal_and_a_wrong_total_are_told() {
    let rows = [
        row("111111", "500", "500"),
        row("117211", "300", "300"),
        row("11AAAA", "801", "800"),
        row("999999", "800", "799"),
    ];
    assert_eq!(check(&rows), [sum("subtotal", 3, AMOUNT), sum("total", 4, MANAGED)]);
    let bytes: Vec<u8> = rows.iter().flat_map(|row| record(ANNEX, row)).collect();
    let facts = facts(ANNEX, &bytes);
    assert_eq!(facts.findings[0].params["expected"], "800");
    assert_eq!(facts.findings[0].value.as_deref(), Some("801"));
    assert!(facts.findings.iter().all(|finding| !finding.is_blocking()));
}

#[test]
fn rows_outside_the_limit_may_count_or_not() {
    let rows = |subtotal, total| {
        [
            row("111111", "500", "500"),
            row("116269", "70", ""),
            row("11AAAA", subtotal, ""),
            row("999999", total, ""),
        ]
    };
    for (subtotal, total) in [("500", "500"), ("500", "570"), ("570", "570")] {
        assert_eq!(check(&rows(subtotal, total)), []);
        // Some programs write zero where others write nothing.
        let mut zero = rows(subtotal, total);
        zero[1] = row("116269", "70", "0");
        assert_eq!(check(&zero), []);
    }
    assert_eq!(
        check(&rows("499", "571")),
        [sum("subtotal", 3, AMOUNT), sum("total", 4, AMOUNT)]
    );
    let outside = |amount| {
        let mut rows = rows("500", "570").to_vec();
        rows.insert(3, row("11EEEE", amount, ""));
        check(&rows)
    };
    assert_eq!(outside("70"), []);
    assert_eq!(outside("71"), [sum("subtotal", 4, AMOUNT)]);
}

#[test]
fn what_the_standard_does_not_say_is_not_judged() {
    // Beyond 30 days.
    let beyond = [
        row("111111", "500", "500"),
        row("11ZZZZ", "100", ""),
        row("999999", "1", "1"),
    ];
    assert_eq!(check(&beyond), []);
    // A row without an amount.
    assert_eq!(check(&[row("111111", "", "500"), row("999999", "1", "500")]), []);
    // Two subtotals of one office and kind, as for satellites.
    let twice = [
        row("111111", "500", "500"),
        row("11AAAA", "200", "200"),
        row("11AAAA", "300", "300"),
        row("999999", "500", "500"),
    ];
    assert_eq!(check(&twice), []);
}

#[test]
fn everybody_has_a_total() {
    let person = |insured: &str, code: &str| record(ANNEX, &[("insured_number", insured), ("service_code", code)]);
    let rows = [
        person("9900000001", "111111"),
        person("9900000002", "111111"),
        person("9900000002", "999999"),
    ];
    assert_eq!(places(&facts(ANNEX, &rows.concat())), [("total_row".to_owned(), 1, 0)]);
    // Where a row cannot be read it may be the total.
    let cut = [rows.concat(), b"202407,990010,99000".to_vec()].concat();
    assert_eq!(keys(&facts(ANNEX, &cut)), ["no_final_line_end", "columns"]);
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let rows = [
        row("999999", "1000", "1000"),
        row("11AAAA", "800", "800"),
        row("111111", "500", "500"),
        row("151441", "200", "200"),
        row("117211", "300", "300"),
    ];
    assert_eq!(check(&rows), []);
}

#[test]
fn more_people_than_are_kept_leave_sums_unjudged() {
    // Each person has one group of rows and no total.
    let one = record(
        ANNEX,
        &[("insured_number", "9900000001"), ("service_units_or_amount", "1")],
    );
    let one = crate::decode(&one).into_owned();
    let people = |count: usize| -> Vec<u8> {
        let record = |number: usize| one.replace("9900000001", &format!("{number:010}")).into_bytes();
        (0..count).flat_map(record).collect()
    };
    let limit = crate::sums::SUMS_MAX / 2;
    let told = facts(ANNEX, &people(limit));
    assert_eq!(
        told.findings.first().map(Finding::message_key).as_deref(),
        Some("total_row")
    );
    assert_eq!(
        told.findings.iter().map(|finding| 1 + finding.more).sum::<u32>() as usize,
        limit
    );
    assert_eq!(facts(ANNEX, &people(limit + 1)).findings, []);
}
