//! What is registered of an office, as people type it: in a form, or in the rows of a list.

use care_model::{OfficeNumber, ProblemCode, ServiceKind, limits};
use chrono::{DateTime, Duration, FixedOffset, NaiveDate, NaiveTime, TimeZone as _, Utc};
use exchange_protocol::Problem;
use exchange_store::{OfficeFacts, OfficeRow};

/// What was typed, as it was typed: a form that is refused shows it again.
#[derive(Clone, Default)]
pub(crate) struct FactsTyped {
    pub(crate) name: String,
    pub(crate) kana: String,
    pub(crate) address: String,
    pub(crate) telephone: String,
    pub(crate) kinds: Vec<String>,
}

impl FactsTyped {
    pub(crate) fn registered(office: &OfficeRow) -> Self {
        Self {
            name: office.name.clone(),
            kana: office.kana.clone().unwrap_or_default(),
            address: office.address.clone().unwrap_or_default(),
            telephone: office.telephone.clone().unwrap_or_default(),
            kinds: office.kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
        }
    }

    /// The facts, or which field cannot be stored and why.
    pub(crate) fn read(&self, number: OfficeNumber) -> Result<OfficeFacts, Problem> {
        let text_max = limits::OFFICE_TEXT_CHARS_MAX;
        let mut kinds = Vec::new();
        for kind in &self.kinds {
            let kind = ServiceKind::parse(kind).map_err(|_| kinds_unfit())?;
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        if kinds.is_empty() || kinds.len() > limits::OFFICE_KINDS_MAX {
            return Err(kinds_unfit());
        }
        Ok(OfficeFacts {
            number,
            name: text(&self.name, &messages::operator::name(), text_max)?
                .ok_or_else(|| unfit(&messages::operator::name(), &messages::operator::rule_text(text_max)))?,
            kana: text(&self.kana, &messages::operator::kana(), text_max)?,
            address: text(&self.address, &messages::operator::address(), text_max)?,
            kinds,
            telephone: text(
                &self.telephone,
                &messages::operator::telephone(),
                limits::TELEPHONE_CHARS_MAX,
            )?,
        })
    }
}

/// A field that cannot be stored, and the rule for it.
pub(crate) fn unfit(field: &str, rule: &str) -> Problem {
    Problem::new(ProblemCode::FieldUnfit)
        .with("field", field)
        .with("rule", rule)
}

fn kinds_unfit() -> Problem {
    unfit(&messages::operator::kinds(), &messages::operator::rule_kinds())
}

/// A line of text; none if nothing was typed.
pub(crate) fn text(typed: &str, field: &str, chars_max: usize) -> Result<Option<String>, Problem> {
    if typed.chars().count() > chars_max || typed.chars().any(char::is_control) {
        return Err(unfit(field, &messages::operator::rule_text(chars_max)));
    }
    Ok((!typed.is_empty()).then(|| typed.to_owned()))
}

/// The last instant of a day in Japan, as a field of that kind has it.
pub(crate) fn end_of_day(typed: &str, field: &str) -> Result<DateTime<Utc>, Problem> {
    let after = beginning_of_day(typed, field)? + Duration::days(1);
    Ok(after - Duration::milliseconds(1))
}

/// The first instant of a day in Japan.
pub(crate) fn beginning_of_day(typed: &str, field: &str) -> Result<DateTime<Utc>, Problem> {
    const NINE_HOURS: i32 = 9 * 3_600;
    let read = || {
        let day = NaiveDate::parse_from_str(typed, "%Y-%m-%d").ok()?;
        let day = (2_000..=2_999).contains(&chrono::Datelike::year(&day)).then_some(day)?;
        let japan = FixedOffset::east_opt(NINE_HOURS)?;
        japan.from_local_datetime(&day.and_time(NaiveTime::MIN)).single()
    };
    let begins = read().ok_or_else(|| unfit(field, &messages::operator::rule_day()))?;
    Ok(begins.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_in_japan() {
        let end = end_of_day("2026-11-23", "x").unwrap();
        assert_eq!(end.to_rfc3339(), "2026-11-23T14:59:59.999+00:00");
        for wrong in ["", "2026-02-30", "1999-12-31", "3000-01-01", "20261123", "2026-11-23x"] {
            assert!(end_of_day(wrong, "x").is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_text_has_its_length_and_no_control_characters() {
        assert_eq!(text("", "x", 3).unwrap(), None);
        assert_eq!(text("みほん", "x", 3).unwrap().as_deref(), Some("みほん"));
        assert!(text("みほん。", "x", 3).is_err());
        assert!(text("a\u{7}", "x", 3).is_err());
    }

    #[test]
    fn an_office_has_a_name_and_a_kind() {
        let number = OfficeNumber::parse("9970100013").unwrap();
        let typed = FactsTyped {
            name: "みほん".to_owned(),
            kinds: vec!["43".to_owned(), "43".to_owned()],
            ..FactsTyped::default()
        };
        assert_eq!(typed.read(number).unwrap().kinds.len(), 1);
        let without_kind = FactsTyped {
            kinds: Vec::new(),
            ..typed.clone()
        };
        let unknown_kind = FactsTyped {
            kinds: vec!["訪問".to_owned()],
            ..typed.clone()
        };
        let without_name = FactsTyped {
            name: String::new(),
            ..typed
        };
        for wrong in [without_kind, unknown_kind, without_name] {
            assert_eq!(wrong.read(number).unwrap_err().code, ProblemCode::FieldUnfit);
        }
    }
}
