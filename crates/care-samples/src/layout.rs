//! How many fields a record has and which of them are free text.

use care_model::{Edition, FileKind};

/// The fields of free text, from 1; they are always written in quotes.
fn free_text(kind: FileKind) -> &'static [usize] {
    match kind {
        FileKind::RecipientSupplement => &[5, 6, 10, 11],
        FileKind::PlanSheet1 => &[6, 7, 8, 9, 11, 12, 22, 23, 24, 26],
        FileKind::PlanSheet2 => &[7, 9, 10, 11, 12, 14, 16, 18, 19, 20],
        FileKind::WeeklyPlan => &[6, 10, 13],
        FileKind::UseSlip => &[7, 18, 21],
        FileKind::Actuals => &[7, 18, 21],
        FileKind::UseSlipAnnex => &[6, 12],
        FileKind::RecipientProfile => &[
            7, 9, 13, 14, 15, 18, 33, 41, 42, 43, 45, 46, 47, 48, 50, 51, 52, 54, 55, 56, 58, 59, 60, 62, 63, 64, 65,
            66, 67, 68, 69, 71,
        ],
        FileKind::ProfileDay => &[5, 6, 7],
        FileKind::ProfileMedicalHistory => &[5, 6, 7, 11],
        FileKind::PreventionPlan => &[
            7, 8, 15, 16, 17, 18, 21, 22, 23, 24, 25, 27, 28, 29, 31, 32, 33, 35, 36, 37, 39, 40, 41, 42, 55, 57,
        ],
        FileKind::PreventionPlanSupport => &[5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17],
        _ => &[],
    }
}

/// Fields that edition 3 does not have, from 1: the codes of rented equipment.
fn not_in_edition_3(kind: FileKind) -> &'static [usize] {
    match kind {
        FileKind::UseSlip | FileKind::Actuals => &[16, 17, 18],
        FileKind::UseSlipAnnex => &[10, 11, 12],
        _ => &[],
    }
}

/// Writes one record: `values` are pairs of a field of edition 4.1 (from 1) and its value; the others stay empty.
pub(crate) fn write_record(text: &mut String, kind: FileKind, edition: Edition, values: &[(usize, &str)]) {
    let dropped: &[usize] = match edition {
        Edition::V3 => not_in_edition_3(kind),
        Edition::V4 => &[],
    };
    for column in (1..=kind.field_count()).filter(|column| !dropped.contains(column)) {
        if column > 1 {
            text.push(',');
        }
        let value = values
            .iter()
            .find(|(at, _)| *at == column)
            .map_or("", |(_, value)| value);
        if free_text(kind).contains(&column) {
            text.push('"');
            for c in value.chars() {
                if c == '"' {
                    text.push('"');
                }
                text.push(c);
            }
            text.push('"');
        } else {
            text.push_str(value);
        }
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_every_field_and_quotes() {
        let mut text = String::new();
        write_record(
            &mut text,
            FileKind::ProfileDay,
            Edition::V4,
            &[(1, "202407"), (6, "a \"b\", c")],
        );
        assert_eq!(text, "202407,,,,\"\",\"a \"\"b\"\", c\",\"\"\r\n");
        let mut text = String::new();
        write_record(&mut text, FileKind::UseSlip, Edition::V3, &[]);
        assert_eq!(text.matches(',').count(), 21);
        let mut text = String::new();
        write_record(&mut text, FileKind::UseSlip, Edition::V4, &[]);
        assert_eq!(text.matches(',').count(), 24);
    }
}
