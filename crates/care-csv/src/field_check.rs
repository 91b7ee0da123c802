//! What one field of a layout may hold, made ready for checking many records.
//!
//! A value has at most one fault: the first in the order required, quotes, kind of characters, length, form. What the
//! layout table marks as a doubt is not checked, so that a finding is never a misreading of ours.

use care_layout::{Doubt, Field, Kind, Layout, Pattern};
use care_model::{FileKind, FindingCode, FindingRule};

use crate::record::bare;

/// The check of one field.
pub(crate) struct FieldCheck {
    /// The field.
    pub(crate) field: &'static Field,
    required: bool,
    quotes_wanted: bool,
    kind_checked: bool,
    form_checked: bool,
    /// The largest length and whether it is also the least; none where the layout is in doubt.
    length: Option<(usize, bool)>,
    /// The codes, each as a number; short enough to look through.
    codes: Box<[u64]>,
    /// Whether a day may run to 2400.
    to_midnight: bool,
}

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: FindingCode,
    pub(crate) rule: Option<FindingRule>,
}

impl Fault {
    fn of(code: FindingCode) -> Self {
        Self { code, rule: None }
    }
}

/// The checks of a layout's fields, in order.
pub(crate) fn checks_of(layout: &'static Layout) -> Vec<FieldCheck> {
    let fields = layout.fields.iter();
    fields.map(|field| FieldCheck::new(field, layout.kind)).collect()
}

impl FieldCheck {
    fn new(field: &'static Field, kind: FileKind) -> Self {
        let codes = field.codes.into_iter().flat_map(|table| table.codes);
        Self {
            field,
            required: field.required && field.doubt != Some(Doubt::Required),
            quotes_wanted: field.quoted && field.kind == Kind::Text,
            kind_checked: field.doubt != Some(Doubt::Kind),
            form_checked: field.doubt != Some(Doubt::Other),
            length: field
                .length
                .filter(|_| field.doubt != Some(Doubt::Length))
                .map(|length| (usize::from(length.max), length.exact)),
            codes: codes.filter_map(|(code, _)| packed(code.as_bytes())).collect(),
            // The form of table 3 runs to 24:00 and past midnight (第3表), and a visit may end there; none begins there.
            to_midnight: kind == FileKind::WeeklyPlan || field.name.contains("end"),
        }
    }

    /// What is wrong with a field as it stands in the file.
    pub(crate) fn fault(&self, raw: &[u8]) -> Option<Fault> {
        let value = bare(raw);
        if value.is_empty() {
            return self.required.then_some(Fault::of(FindingCode::Required));
        }
        if self.field.kind == Kind::Text {
            return (self.quotes_wanted && raw.first() != Some(&b'"')).then_some(Fault {
                code: FindingCode::Quoting,
                rule: Some(FindingRule::Unquoted),
            });
        }
        if !self.form_checked || self.field.is_special(value) {
            return None;
        }
        if self.field.pattern == Some(Pattern::EquipmentCode) && is_equipment_code(value) {
            return None;
        }
        if self.kind_checked && !self.has_kind(value) {
            return Some(Fault::of(FindingCode::Kind));
        }
        if self.is_of_wrong_length(value) {
            return Some(Fault::of(FindingCode::Length));
        }
        self.form(value).map(Fault::of)
    }

    /// Whether the value is of the characters that its kind asks for.
    fn has_kind(&self, value: &[u8]) -> bool {
        match self.field.kind {
            Kind::Digits | Kind::Date | Kind::Month | Kind::Time => all_digits(value),
            Kind::Integer => all_digits(unsigned(value)),
            Kind::Decimal => unsigned(value).iter().all(|c| c.is_ascii_digit() || *c == b'.'),
            Kind::Alnum | Kind::Flag | Kind::Code => value.iter().all(|c| matches!(c, b' '..=b'~')),
            Kind::Text => true,
        }
    }

    fn is_of_wrong_length(&self, value: &[u8]) -> bool {
        let Some((max, exact)) = self.length else { return false };
        // A value outside its table of codes is told as that.
        if !self.codes.is_empty() || !value.is_ascii() {
            return false;
        }
        let length = match self.field.kind {
            Kind::Integer | Kind::Decimal => unsigned(value).len(),
            _ => value.len(),
        };
        length > max || (exact && length != max)
    }

    /// What is wrong with the form of a value of the right kind and length.
    fn form(&self, value: &[u8]) -> Option<FindingCode> {
        let fits = match self.field.kind {
            Kind::Date => return (!is_day(value)).then_some(FindingCode::Date),
            Kind::Month => return (!is_month(value)).then_some(FindingCode::Date),
            Kind::Time => return (!is_time(value, self.to_midnight)).then_some(FindingCode::Time),
            Kind::Flag | Kind::Code => {
                let known = packed(value).is_some_and(|value| self.codes.contains(&value));
                return (!known && !self.codes.is_empty()).then_some(FindingCode::Code);
            }
            _ => self.field.pattern.is_none_or(|pattern| pattern.fits(value)) && self.is_in_range(value),
        };
        (!fits).then_some(FindingCode::Pattern)
    }

    fn is_in_range(&self, value: &[u8]) -> bool {
        let Some((least, most)) = self.field.range else {
            return true;
        };
        number(value).is_none_or(|number| (i64::from(least)..=i64::from(most)).contains(&number))
    }
}

/// A code of at most eight bytes as a number.
fn packed(code: &[u8]) -> Option<u64> {
    let mut bytes = [0; 8];
    bytes.get_mut(..code.len())?.copy_from_slice(code);
    Some(u64::from_le_bytes(bytes))
}

fn all_digits(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_digit)
}

/// A number without its sign.
fn unsigned(value: &[u8]) -> &[u8] {
    match value {
        [b'-' | b'+', rest @ ..] if !rest.is_empty() => rest,
        _ => value,
    }
}

/// A whole number of at most twelve digits.
pub(crate) fn number(value: &[u8]) -> Option<i64> {
    let digits = unsigned(value);
    if digits.is_empty() || digits.len() > 12 || !all_digits(digits) {
        return None;
    }
    let size = digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Some(if value.first() == Some(&b'-') { -size } else { size })
}

/// Digits that are known to be digits, as a number.
fn small(digits: &[u8]) -> u32 {
    digits
        .iter()
        .fold(0, |sum, digit| sum * 10 + u32::from(digit.wrapping_sub(b'0')))
}

/// Whether eight digits are a day that exists.
fn is_day(value: &[u8]) -> bool {
    let (Some(month), Some(day)) = (value.get(..6), value.get(6..8)) else {
        return false;
    };
    if !is_month(month) {
        return false;
    }
    let (year, month, day) = (small(&month[..4]), small(&month[4..]), small(day));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (1..=days).contains(&day)
}

/// Whether six digits are a month of the western calendar.
fn is_month(value: &[u8]) -> bool {
    match (value.get(..4), value.get(4..6)) {
        (Some(year), Some(month)) => small(year) > 0 && (1..=12).contains(&small(month)),
        _ => false,
    }
}

/// Whether four digits are a time of the day.
fn is_time(value: &[u8], to_midnight: bool) -> bool {
    match (value.get(..2), value.get(2..4)) {
        (Some(hour), Some(minute)) => (small(hour) < 24 && small(minute) < 60) || (to_midnight && value == b"2400"),
        _ => false,
    }
}

/// Whether it is the code of a piece of equipment, with the hyphen that the standard prints: full width, in MS932 or UTF-8.
fn is_equipment_code(value: &[u8]) -> bool {
    let Some((head, rest)) = value.split_at_checked(5) else {
        return false;
    };
    let hyphens: [&[u8]; 6] = [
        b"-",
        b"\x81\x7c",
        b"\x81\x5d",
        "－".as_bytes(),
        "−".as_bytes(),
        "‐".as_bytes(),
    ];
    let tail = hyphens.iter().find_map(|hyphen| rest.strip_prefix(*hyphen));
    all_digits(head) && tail.is_some_and(|tail| tail.len() == 6 && all_digits(tail))
}

#[cfg(test)]
mod tests {
    use care_model::Edition;

    use super::*;

    /// What is said of a value in a field of a kind of file.
    fn fault(kind: FileKind, field: &str, raw: &[u8]) -> Option<String> {
        let layout = Layout::of(Edition::V4, kind).unwrap();
        let check = &checks_of(layout)[layout.index(field).unwrap()];
        let fault = check.fault(raw)?;
        Some(match fault.rule {
            Some(rule) => format!("{} {rule}", fault.code),
            None => fault.code.to_string(),
        })
    }

    fn cases(kind: FileKind, cases: &[(&str, &[u8], &str)]) {
        for (field, raw, expected) in cases {
            let found = fault(kind, field, raw).unwrap_or_default();
            assert_eq!(found, *expected, "{field} {:?}", String::from_utf8_lossy(raw));
        }
    }

    #[test]
    fn slips() {
        cases(
            FileKind::UseSlip,
            &[
                ("insurer_number", b"990010", ""),
                ("insurer_number", b"\"990010\"", ""),
                ("insurer_number", b"99001", "length"),
                ("insurer_number", b"9900100", "length"),
                ("insurer_number", b"", "required"),
                ("insurer_number", b"\"\"", "required"),
                ("insurer_number", b"99001a", "kind"),
                ("insured_number", b"H990000005", ""),
                ("insured_number", b"A990000005", "pattern"),
                ("service_date", b"20260403", ""),
                ("service_date", b"20260231", "date"),
                ("service_date", b"20261301", "date"),
                ("service_date", b"00000401", "date"),
                ("service_date", b"20240229", ""),
                ("service_date", b"20250229", "date"),
                ("service_date", b"20000229", ""),
                ("service_date", b"19000229", "date"),
                ("service_date", b"20260400", "date"),
                ("service_date", b"202604", "length"),
                ("service_date", b"2026/4/3", "kind"),
                ("service_date", b"", "required"),
                ("target_month", b"202604", ""),
                ("target_month", b"202613", "date"),
                ("start_time", b"0000", ""),
                ("start_time", b"2359", ""),
                ("start_time", b"9999", ""),
                ("start_time", b"2400", "time"),
                ("start_time", b"2575", "time"),
                ("start_time", b"0960", "time"),
                ("start_time", b"900", "length"),
                ("end_time", b"2400", ""),
                ("end_time", b"2401", "time"),
                ("units", b"244", ""),
                ("units", b"-244", ""),
                ("units", b"", ""),
                ("units", b"123456", ""),
                ("units", b"1234567", "length"),
                ("units", b"\x82\x51\x82\x53\x82\x53", "kind"),
                ("units", b"-", "kind"),
                ("service_code", b"111111", ""),
                ("service_code", b"11AB12", ""),
                ("service_code", b"11ab12", "pattern"),
                ("service_office_number", b"997010100", "length"),
                ("service_office_number", b"99I0101003", "pattern"),
                ("prorated_days", b"0000000000000000000000000000001", ""),
                ("prorated_days", b"0000000000000000000000000000002", "pattern"),
                ("over_30_days", b"1", ""),
                ("over_30_days", b"2", "code"),
                ("over_30_days", b"01", "code"),
                ("over_30_days", b"", "required"),
                ("tais_code", b"99000-000010", ""),
                ("tais_code", b"99000\x81\x7c000010", ""),
                ("tais_code", "99000－000010".as_bytes(), ""),
                ("tais_code", b"99000 000010", "pattern"),
                ("tais_code", b"99000\x81\x7d000010", "kind"),
                ("service_office_name", b"\"\x97\xe1\"", ""),
                ("service_office_name", b"", ""),
                ("service_office_name", b"\"\"", ""),
                ("service_office_name", b"\x97\xe1", "quoting unquoted"),
            ],
        );
    }

    #[test]
    fn what_is_in_doubt_is_not_judged() {
        cases(
            FileKind::UseSlip,
            &[
                ("planning_office_number", b"", ""),
                ("planning_office_number", b"997010001", "length"),
                ("planning_care_manager_name", b"", ""),
                ("detail_number", b"12345", ""),
                ("detail_number", b"a", "kind"),
            ],
        );
        cases(
            FileKind::UseSlipAnnex,
            &[
                ("office_code_fixed", b"1", ""),
                ("input_person_code", b"", ""),
                ("service_office_number", b"9999999999", ""),
                ("unit_price", b"10.00", ""),
                ("unit_price", b"10", "pattern"),
                ("unit_price", b"1O.00", "kind"),
            ],
        );
        cases(
            FileKind::PreventionPlanSupport,
            &[
                ("issue_no", b"1", ""),
                ("issue_no", b"\"1\"", ""),
                ("issue_no", b"\x82\x50", ""),
                ("issue_no", b"0", "pattern"),
                ("issue_no", b"100", "length"),
            ],
        );
    }

    #[test]
    fn values_with_a_meaning_of_their_own() {
        cases(
            FileKind::RecipientSupplement,
            &[
                ("plan_created_or_changed_on", b"00000000", ""),
                ("target_month", b"000000", ""),
                ("target_month", b"000001", "date"),
                ("care_level", b"06", ""),
                ("care_level", b"01", "code"),
                ("limit_1_service_type", b"22", ""),
                ("limit_1_service_type", b"99", "code"),
            ],
        );
        cases(
            FileKind::WeeklyPlan,
            &[
                ("service_start_time", b"2400", ""),
                ("service_start_time", b"2500", "time"),
                ("weekday", b"8", "code"),
            ],
        );
        cases(
            FileKind::PlanDeletion,
            &[("plan_created_or_changed_on", b"00000000", "date")],
        );
    }

    #[test]
    fn numbers() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-12", Some(-12)),
            ("+3", Some(3)),
            ("007", Some(7)),
            ("", None),
            ("-", None),
            ("1.5", None),
            ("9999999999999", None),
        ] {
            assert_eq!(number(text.as_bytes()), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..20)) {
            for layout in Layout::all() {
                for check in checks_of(layout) {
                    check.fault(&bytes);
                }
            }
        }
    }
}
