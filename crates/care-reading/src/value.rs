//! One value of a record, read by what its layout says about the field.

use std::sync::Arc;

use care_layout::{Field, Kind, Pattern};
use care_model::ServiceMonth;
use chrono::NaiveDate;
use serde::{Serialize, Serializer, ser::SerializeMap as _};

/// What a filled field says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// A day that exists.
    Date(NaiveDate),
    /// A month.
    Month(ServiceMonth),
    /// A time of day.
    Time(TimeOfDay),
    /// The field says that there is none: day `00000000`, month `000000`, time `9999`.
    Nothing,
    /// A whole number.
    Number(i64),
    /// A number with a point.
    Decimal(Decimal),
    /// A code with its meaning, if the table of the standard has it.
    Code(Arc<str>, Option<&'static str>),
    /// The days of a month that are marked.
    Days(MarkedDays),
    /// Text, free or in a form of its own.
    Text(Arc<str>),
    /// What should have been one of the above and is not, as it was written.
    Raw(Arc<str>),
}

/// A time of day in minutes since midnight, up to and with 24:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// Reads `HHMM`, 0000 to 2400.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = digits(text, 4)?;
        let (hour, minute) = (digits / 100, digits % 100);
        let minutes = u16::try_from(hour * 60 + minute).ok()?;
        (minute < 60 && minutes <= 24 * 60).then_some(Self(minutes))
    }

    /// Minutes since midnight.
    pub fn minutes(self) -> u16 {
        self.0
    }
}

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A number with two decimal places, such as a price of one unit, `10.00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Decimal {
    /// The number times a hundred.
    pub hundredths: i64,
}

impl Decimal {
    /// Reads digits, a point, at most two digits; the point may be missing.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "00"));
        let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || !all_digits(part) || whole.len() > 12 || part.len() > 2 {
            return None;
        }
        let hundredths = part.parse::<i64>().ok()? * if part.len() == 1 { 10 } else { 1 };
        Some(Self {
            hundredths: whole.parse::<i64>().ok()? * 100 + hundredths,
        })
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.hundredths / 100, self.hundredths % 100)
    }
}

/// The days of a month that are marked (日割対象日), one bit for each of 31.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MarkedDays(u32);

impl MarkedDays {
    /// Reads 31 digits, 0 or 1.
    pub fn parse(text: &str) -> Option<Self> {
        Pattern::DayFlags.fits(text.as_bytes()).then(|| {
            let mark = |bits, (day, byte): (usize, u8)| if byte == b'1' { bits | 1 << day } else { bits };
            Self(text.bytes().enumerate().fold(0, mark))
        })
    }

    /// The marked days, 1 to 31.
    pub fn days(self) -> impl Iterator<Item = u32> {
        (1..=31).filter(move |day| self.0 >> (day - 1) & 1 == 1)
    }
}

/// So many digits and nothing else.
fn digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

/// A whole number; a sign may stand before it, and leading zeros are not its own.
fn number(text: &str) -> Option<i64> {
    // Longer numbers than any field of the standard has stay as they are written.
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = (1..=15).contains(&unsigned.len()) && unsigned.bytes().all(|byte| byte.is_ascii_digit());
    whole.then(|| text.parse().ok()).flatten()
}

/// A day, `YYYYMMDD`.
fn date(text: &str) -> Option<NaiveDate> {
    let all = digits(text, 8)?;
    NaiveDate::from_ymd_opt(i32::try_from(all / 10_000).ok()?, all / 100 % 100, all % 100)
}

impl Value {
    /// Reads a filled field. What does not have the form that the layout gives it comes out as [`Value::Raw`].
    pub(crate) fn read(field: &Field, text: &str, keep: &mut impl FnMut(&str) -> Arc<str>) -> Self {
        let typed = match field.kind {
            Kind::Date | Kind::Month | Kind::Time if field.is_special(text.as_bytes()) => Some(Self::Nothing),
            Kind::Date => date(text).map(Self::Date),
            Kind::Month => ServiceMonth::parse(text).ok().map(Self::Month),
            Kind::Time => TimeOfDay::parse(text).map(Self::Time),
            Kind::Integer => number(text).map(Self::Number),
            Kind::Decimal => Decimal::parse(text).map(Self::Decimal),
            Kind::Code | Kind::Flag => {
                let meaning = field.codes.and_then(|table| table.meaning(text.as_bytes()));
                Some(Self::Code(keep(text), meaning))
            }
            Kind::Digits if field.pattern == Some(Pattern::DayFlags) => MarkedDays::parse(text).map(Self::Days),
            Kind::Digits if !text.bytes().all(|byte| byte.is_ascii_digit()) => None,
            Kind::Alnum if !text.is_ascii() => None,
            Kind::Digits | Kind::Alnum | Kind::Text => Some(Self::Text(keep(text))),
        };
        typed.unwrap_or_else(|| Self::Raw(keep(text)))
    }

    /// The text, code or raw text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Raw(text) | Self::Code(text, _) => Some(text),
            _ => None,
        }
    }
}

/// For programs: days and months as ISO 8601, times as `13:00`, numbers as numbers, codes and raw text as objects.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Date(date) => serializer.collect_str(date),
            Self::Month(month) => serializer.collect_str(&iso(*month)),
            Self::Time(time) => time.serialize(serializer),
            Self::Nothing => serializer.serialize_none(),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Decimal(decimal) => serializer.collect_str(decimal),
            Self::Days(days) => serializer.collect_seq(days.days()),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Code(code, meaning) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("code", &**code)?;
                map.serialize_entry("meaning", meaning)?;
                map.end()
            }
            Self::Raw(raw) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("raw", &**raw)?;
                map.end()
            }
        }
    }
}

/// A month as ISO 8601 writes it, `2026-04`.
pub(crate) fn iso(month: ServiceMonth) -> String {
    format!("{:04}-{:02}", month.year(), month.month())
}

#[cfg(test)]
mod tests {
    use care_layout::Layout;
    use care_model::{Edition, FileKind};

    use super::*;

    fn read(kind: FileKind, name: &str, text: &str) -> Value {
        let (_, field) = Layout::of(Edition::V4, kind).unwrap().find(name).unwrap();
        Value::read(field, text, &mut |text| Arc::from(text))
    }

    #[test]
    fn values_have_the_type_of_their_field() {
        let slip = |name, text| read(FileKind::UseSlip, name, text);
        let day = NaiveDate::from_ymd_opt(2026, 4, 3).unwrap();
        assert_eq!(slip("service_date", "20260403"), Value::Date(day));
        assert_eq!(
            slip("target_month", "202604"),
            Value::Month(ServiceMonth::parse("202604").unwrap())
        );
        assert_eq!(slip("start_time", "1305"), Value::Time(TimeOfDay(785)));
        assert_eq!(slip("end_time", "2400"), Value::Time(TimeOfDay(1_440)));
        assert_eq!(slip("start_time", "9999"), Value::Nothing);
        assert_eq!(slip("units", "0244"), Value::Number(244));
        assert_eq!(slip("units", "-12"), Value::Number(-12));
        assert_eq!(slip("over_30_days", "1"), Value::Code(Arc::from("1"), Some("該当")));
        assert_eq!(slip("service_office_name", "例示"), Value::Text(Arc::from("例示")));
        let level = |text| read(FileKind::PlanSheet1, "care_level", text);
        assert_eq!(level("21"), Value::Code(Arc::from("21"), Some("要介護１")));
        assert_eq!(level("99"), Value::Code(Arc::from("99"), None));
        let price = read(FileKind::UseSlipAnnex, "unit_price", "10.42");
        assert_eq!(price, Value::Decimal(Decimal { hundredths: 1_042 }));
        let supplement = |name, text| read(FileKind::RecipientSupplement, name, text);
        assert_eq!(supplement("plan_created_or_changed_on", "00000000"), Value::Nothing);
        assert_eq!(supplement("target_month", "000000"), Value::Nothing);
        let days = slip("prorated_days", &format!("{}011", "0".repeat(28)));
        let Value::Days(days) = days else { panic!("{days:?}") };
        assert_eq!(days.days().collect::<Vec<_>>(), [30, 31]);
    }

    #[test]
    fn what_has_another_form_stays_as_it_was_written() {
        for (name, text) in [
            ("service_date", "20260431"),
            ("service_date", "260403"),
            ("service_date", "２０２６０４０３"),
            ("target_month", "202613"),
            ("start_time", "2401"),
            ("start_time", "1360"),
            ("start_time", "9:00"),
            ("units", "1,000"),
            ("units", "1e3"),
            ("units", "+"),
            ("units", "9999999999999999"),
            ("prorated_days", "0110"),
            ("insurer_number", "99001x"),
            ("service_code", "１１１１１１"),
        ] {
            let raw = Value::Raw(Arc::from(text));
            assert_eq!(read(FileKind::UseSlip, name, text), raw, "{name}");
        }
        for text in ["10.", ".5", "10.000", "x"] {
            let raw = Value::Raw(Arc::from(text));
            assert_eq!(read(FileKind::UseSlipAnnex, "unit_price", text), raw);
        }
    }

    #[test]
    fn programs_get_plain_forms() {
        let json = |value: Value| serde_json::to_string(&value).unwrap();
        assert_eq!(
            json(read(FileKind::UseSlip, "service_date", "20260403")),
            "\"2026-04-03\""
        );
        assert_eq!(json(read(FileKind::UseSlip, "target_month", "202604")), "\"2026-04\"");
        assert_eq!(json(read(FileKind::UseSlip, "start_time", "0905")), "\"09:05\"");
        assert_eq!(json(read(FileKind::UseSlip, "start_time", "9999")), "null");
        assert_eq!(json(read(FileKind::UseSlip, "units", "244")), "244");
        assert_eq!(json(read(FileKind::UseSlip, "units", "x")), r#"{"raw":"x"}"#);
        assert_eq!(
            json(read(FileKind::PlanSheet1, "care_level", "21")),
            r#"{"code":"21","meaning":"要介護１"}"#
        );
        assert_eq!(json(read(FileKind::UseSlipAnnex, "unit_price", "9.5")), "\"9.50\"");
    }
}
