//! What is registered of an office, as a form has it.

use care_model::{OfficeNumber, ProblemCode, ServiceKind, limits};
use chrono::{DateTime, Duration, FixedOffset, NaiveDate, NaiveTime, TimeZone as _, Utc};
use exchange_protocol::Problem;
use exchange_store::{OfficeFacts, OfficeRow};
use maud::{Markup, html};

use crate::portal::form::{Field, Fields};

/// What was typed, as it was typed: a form that is refused shows it again.
#[derive(Clone, Default)]
pub(super) struct FactsTyped {
    name: String,
    kana: String,
    address: String,
    telephone: String,
    kinds: Vec<String>,
}

impl FactsTyped {
    pub(super) fn of(fields: &Fields) -> Self {
        Self {
            name: fields.text("name").to_owned(),
            kana: fields.text("kana").to_owned(),
            address: fields.text("address").to_owned(),
            telephone: fields.text("telephone").to_owned(),
            kinds: fields.all("kind").map(str::to_owned).collect(),
        }
    }

    pub(super) fn registered(office: &OfficeRow) -> Self {
        Self {
            name: office.name.clone(),
            kana: office.kana.clone().unwrap_or_default(),
            address: office.address.clone().unwrap_or_default(),
            telephone: office.telephone.clone().unwrap_or_default(),
            kinds: office.kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
        }
    }

    /// The facts, or which field cannot be stored and why.
    pub(super) fn read(&self, number: OfficeNumber) -> Result<OfficeFacts, Problem> {
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

    /// The fields.
    pub(super) fn markup(&self) -> Markup {
        let [name, kana, address, telephone] = [
            messages::operator::name(),
            messages::operator::kana(),
            messages::operator::address(),
            messages::operator::telephone(),
        ];
        html! {
            (Field { value: &self.name, ..Field::text("name", &name) }.markup())
            (Field { value: &self.kana, is_optional: true, ..Field::text("kana", &kana) }.markup())
            (Field { value: &self.address, is_optional: true, ..Field::text("address", &address) }.markup())
            (Field { value: &self.telephone, is_optional: true, kind: "tel", ..Field::text("telephone", &telephone) }
                .markup())
            fieldset.kinds {
                legend { (messages::operator::kinds()) }
                p.help { (messages::operator::kinds_help()) }
                ul {
                    @for kind in ServiceKind::named() {
                        @let is_chosen = self.kinds.iter().any(|chosen| chosen == kind.as_str());
                        li {
                            label {
                                input type="checkbox" name="kind" value=(kind.as_str()) checked[is_chosen];
                                span { (kind.as_str()) " " (kind.name_ja().unwrap_or_default()) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A field that cannot be stored, and the rule for it.
pub(super) fn unfit(field: &str, rule: &str) -> Problem {
    Problem::new(ProblemCode::FieldUnfit)
        .with("field", field)
        .with("rule", rule)
}

fn kinds_unfit() -> Problem {
    unfit(&messages::operator::kinds(), &messages::operator::rule_kinds())
}

/// A line of text; none if nothing was typed.
pub(super) fn text(typed: &str, field: &str, chars_max: usize) -> Result<Option<String>, Problem> {
    if typed.chars().count() > chars_max || typed.chars().any(char::is_control) {
        return Err(unfit(field, &messages::operator::rule_text(chars_max)));
    }
    Ok((!typed.is_empty()).then(|| typed.to_owned()))
}

/// The last instant of a day in Japan, as a field of that kind has it.
pub(super) fn end_of_day(typed: &str, field: &str) -> Result<DateTime<Utc>, Problem> {
    let after = beginning_of_day(typed, field)? + Duration::days(1);
    Ok(after - Duration::milliseconds(1))
}

/// The first instant of a day in Japan.
pub(super) fn beginning_of_day(typed: &str, field: &str) -> Result<DateTime<Utc>, Problem> {
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
