//! Faults in the values of single records.

use care_model::{Edition, FileKind as K, FindingCode as C};

use super::{Case, Fault, Maker};
use crate::SampleUnit;
use crate::sheet::Sheet;

/// A value put into one field of the first record.
fn set(unit: &SampleUnit, id: &'static str, kind: K, field: &str, value: &str, codes: &[C]) -> Fault {
    Case::new(id, unit, codes)
        .at_row(1)
        .records(kind, |sheet| sheet.set(0, field, value))
}

/// The faults of the common list.
pub(super) fn of_the_list(maker: &Maker) -> Vec<Fault> {
    let (schedule, plan, actual) = (&maker.schedule, &maker.plan, &maker.actual);
    let next_month = maker.next_month();
    let next_first = format!("{next_month}01");
    let no_day = format!("{}0231", maker.month.year());
    let slip = |id, field: &str, value: &str, codes: &[C]| set(schedule, id, K::UseSlip, field, value, codes);
    let mut all = vec![
        Case::new("column_missing", schedule, &[C::Columns])
            .at_row(1)
            .records(K::UseSlip, |sheet| {
                sheet.records.iter_mut().take(1).for_each(|fields| {
                    fields.pop();
                });
            }),
        Case::new("column_extra", schedule, &[C::Columns])
            .at_row(1)
            .records(K::UseSlip, |sheet| {
                sheet
                    .records
                    .iter_mut()
                    .take(1)
                    .for_each(|fields| fields.push(Vec::new()));
            }),
        slip("required_empty", "service_date", "", &[C::Required]),
        set(plan, "code_unknown", K::PlanSheet1, "plan_type", "99", &[C::Code]),
        slip("flag_unknown", "over_30_days", "2", &[C::Code]),
        slip("value_too_long", "units", "1234567", &[C::Length]),
        slip(
            "number_too_short",
            "service_office_number",
            "997010100",
            &[C::Length, C::Pattern],
        ),
        slip("full_width_digits", "units", "２４４", &[C::Kind]),
        slip("date_impossible", "service_date", &no_day, &[C::Date]),
        slip("time_impossible", "start_time", "2575", &[C::Time]),
        Case::new("versions_mixed", schedule, &[C::VersionMixed])
            .at_row(2)
            .records(K::UseSlip, |sheet| {
                sheet.set(1, "csv_version", other_version(maker.edition))
            }),
        Case::new("version_unknown", schedule, &[C::Code]).records(K::UseSlip, |sheet| {
            sheet.set_all("csv_version", "202410");
        }),
        months_mixed(schedule, &next_month),
        Case::new("month_mismatch", actual, &[C::MonthMismatch]).records(K::Actuals, |sheet| {
            sheet.set_all("target_month", &next_month);
            for record in 0..sheet.records.len() {
                sheet.set(record, "service_date", &format!("{next_month}{:02}", record % 28 + 1));
            }
        }),
        slip(
            "date_outside_month",
            "service_date",
            &next_first,
            &[C::DateOutsideMonth],
        ),
        Case::new("total_row_missing", schedule, &[C::TotalRow]).records(K::UseSlipAnnex, |sheet| {
            if let Some(total) = sheet.find("service_code", "999999") {
                sheet.records.remove(total);
            }
        }),
        Case::new("sender_not_in_rows", actual, &[C::OfficeMismatch])
            .at_row(1)
            .records(K::Actuals, |sheet| {
                sheet.set_all("service_office_number", "9970199981");
            }),
        slip("scope_row", "service_code", "331111", &[C::ScopeRow]),
    ];
    if maker.edition == Edition::V4 {
        let rental = &maker.rental;
        all.push(set(
            rental,
            "equipment_code_missing",
            K::UseSlip,
            "tais_code",
            "",
            &[C::EquipmentCode],
        ));
    }
    if let Some(profile) = &maker.profile {
        let month = maker.month.as_str();
        let six_digits = Case::new("date_six_digits", profile, &[C::Length]).at_row(1);
        all.push(six_digits.records(K::RecipientProfile, |sheet| sheet.set_all("consulted_on", month)));
    }
    all
}

/// Faults beside the common list: sums, check digits, dates and times.
pub(super) fn further(maker: &Maker) -> Vec<Fault> {
    let (schedule, plan) = (&maker.schedule, &maker.plan);
    let wrong_sum = |id, unit, code: &str| {
        let row = row_of(unit, K::UseSlipAnnex, code);
        let sum = Case::new(id, unit, &[C::Sum]).at_row(row);
        sum.records(K::UseSlipAnnex, |sheet| {
            let record = usize::try_from(row).map_or(0, |row| row - 1);
            let value = sheet.get(record, "service_units_or_amount");
            let value: u32 = String::from_utf8_lossy(&value).parse().unwrap_or_default();
            sheet.set(record, "service_units_or_amount", &(value + 1).to_string());
        })
    };
    let slip = |id, field: &str, value: &str, codes: &[C]| set(schedule, id, K::UseSlip, field, value, codes);
    vec![
        wrong_sum("total_wrong", schedule, "999999"),
        wrong_sum("subtotal_wrong", &maker.day_care, "15AAAA"),
        check_digit_insurer(schedule),
        slip("month_thirteen", "target_month", "202613", &[C::Date, C::MonthsMixed]),
        slip("time_of_letters", "end_time", "13:0", &[C::Kind, C::Time, C::Pattern]),
        slip("date_of_six_digits", "service_date", maker.month.as_str(), &[C::Length]),
        set(
            plan,
            "date_full_width",
            K::PlanSheet1,
            "plan_first_created_on",
            "２０２００４０１",
            &[C::Kind],
        ),
        set(
            plan,
            "insured_number_short",
            K::PlanSheet1,
            "insured_number",
            "99000001",
            &[C::Length, C::Pattern],
        ),
        set(
            plan,
            "required_text_empty",
            K::RecipientSupplement,
            "recipient_name",
            "",
            &[C::Required],
        ),
    ]
}

/// Every mate has the same wrong insurer number, so that it is the only fault.
fn check_digit_insurer(schedule: &SampleUnit) -> Fault {
    let case = Case::new("check_digit_insurer", schedule, &[C::CheckDigit]).at_row(1);
    let mut files = Vec::new();
    let mut faulty = Vec::new();
    for file in &schedule.files {
        let Some(mut sheet) = Sheet::of(file) else { continue };
        sheet.set_all("insurer_number", "990011");
        faulty.push(file.name.to_string());
        files.push((file.name.to_string(), sheet.bytes()));
    }
    case.with(files, faulty)
}

fn months_mixed(schedule: &SampleUnit, next_month: &str) -> Fault {
    let last = records_of(schedule, K::UseSlip);
    let case = Case::new("months_mixed", schedule, &[C::MonthsMixed]);
    let case = case.at_row(u32::try_from(last).unwrap_or_default());
    case.records(K::UseSlip, |sheet| {
        sheet.set(last - 1, "target_month", next_month);
        sheet.set(last - 1, "service_date", &format!("{next_month}01"));
    })
}

fn other_version(edition: Edition) -> &'static str {
    match edition {
        Edition::V4 => "202208",
        Edition::V3 => "202407",
    }
}

/// Records of a file.
pub(super) fn records_of(unit: &SampleUnit, kind: K) -> usize {
    let file = unit.files.iter().find(|file| file.name.kind == kind);
    file.and_then(Sheet::of).map_or(1, |sheet| sheet.records.len())
}

/// The first record, from 1, with a service code.
fn row_of(unit: &SampleUnit, kind: K, service_code: &str) -> u32 {
    let file = unit.files.iter().find(|file| file.name.kind == kind);
    let record = file
        .and_then(Sheet::of)
        .and_then(|sheet| sheet.find("service_code", service_code));
    record
        .and_then(|record| u32::try_from(record + 1).ok())
        .unwrap_or_default()
}
