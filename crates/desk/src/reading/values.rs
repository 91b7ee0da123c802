//! Values in the words that people use.

use care_layout::{Field, Kind, codes};
use care_model::ServiceMonth;
use care_reading::{Form, Value};
use chrono::{Datelike as _, NaiveDate};
use messages::reading as words;

/// A filled field for people.
pub fn value(field: &Field, value: &Value) -> String {
    match value {
        Value::Date(date) => date_with_era(*date),
        Value::Month(of) => month(*of),
        Value::Time(time) => time.to_string(),
        Value::Nothing if field.kind == Kind::Time => words::no_time(),
        Value::Nothing => words::no_date(),
        // What counts is grouped; the numbers of entries have two digits anyway.
        Value::Number(number) => grouped(*number),
        Value::Decimal(decimal) => decimal.to_string(),
        Value::Code(code, Some(meaning)) if field.codes.is_some_and(|table| table.name == SERVICE_TYPES) => {
            words::code_named(plain(code), meaning)
        }
        Value::Code(_, Some(meaning)) => (*meaning).to_owned(),
        Value::Code(code, None) => words::code_unknown(plain(code)),
        Value::Days(days) => {
            let days: Vec<String> = days.days().map(|day| day.to_string()).collect();
            words::days(days.join(&words::days_separator()))
        }
        Value::Text(text) => plain(text),
        Value::Raw(text) => words::raw(plain(text)),
    }
}

const SERVICE_TYPES: &str = "service_types";

/// A field of a record for people; nothing if it is not filled.
pub fn field(form: &Form, name: &str) -> String {
    match (form.layout().find(name), form.get(name)) {
        (Some((_, field)), Some(filled)) => value(field, filled),
        _ => String::new(),
    }
}

/// The printed name of a field.
pub fn label(form: &Form, name: &str) -> String {
    let found = form.layout().find(name);
    found.map(|(_, field)| plain(field.name_ja)).unwrap_or_default()
}

/// Text from a file, without what a terminal would take as an order: line ends stay, other control characters and marks
/// that turn the direction of writing are shown as U+FFFD.
pub fn plain(text: &str) -> String {
    let ends = text.replace("\r\n", "\n").replace('\r', "\n");
    let shown = |c: char| match c {
        '\n' => c,
        '\t' => ' ',
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
            char::REPLACEMENT_CHARACTER
        }
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    ends.chars().map(shown).collect()
}

/// A whole number with commas.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + 6);
    if number < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A month.
pub fn month(month: ServiceMonth) -> String {
    words::month(month.year(), month.month())
}

/// A day with its weekday.
pub fn date(date: NaiveDate) -> String {
    words::date(date.year(), date.month(), date.day(), weekday(date))
}

/// A day with its year in the Japanese calendar, as forms of care have it.
pub fn date_with_era(date: NaiveDate) -> String {
    let eras: [((i32, u32, u32), fn() -> String); 5] = [
        ((2019, 5, 1), words::era_reiwa),
        ((1989, 1, 8), words::era_heisei),
        ((1926, 12, 25), words::era_showa),
        ((1912, 7, 30), words::era_taisho),
        ((1868, 10, 23), words::era_meiji),
    ];
    let ymd = (date.year(), date.month(), date.day());
    match eras.into_iter().find(|(first, _)| ymd >= *first) {
        Some(((first_year, _, _), era)) => {
            let era_year = match date.year() - first_year + 1 {
                1 => words::first_era_year(),
                year => year.to_string(),
            };
            words::date_with_era(date.year(), date.month(), date.day(), era(), era_year)
        }
        None => self::date(date),
    }
}

/// A day of a month: without the month if it is the one that is meant.
pub fn day(date: NaiveDate, of: Option<ServiceMonth>) -> String {
    let same = of.is_some_and(|of| i32::from(of.year()) == date.year() && u32::from(of.month()) == date.month());
    if same {
        words::day(date.day(), weekday(date))
    } else {
        words::day_of_month(date.month(), date.day(), weekday(date))
    }
}

/// The weekday of a date in one character.
pub fn weekday(date: NaiveDate) -> String {
    let names: [fn() -> String; 7] = [
        words::weekday_0,
        words::weekday_1,
        words::weekday_2,
        words::weekday_3,
        words::weekday_4,
        words::weekday_5,
        words::weekday_6,
    ];
    let name = usize::try_from(date.weekday().num_days_from_monday()).ok();
    name.and_then(|at| names.get(at)).map(|name| name()).unwrap_or_default()
}

/// From when until when, as two fields say it.
pub fn span(form: &Form, start: &str, end: &str) -> String {
    match (form.get(start), form.get(end)) {
        (None, None) => String::new(),
        (Some(Value::Nothing), Some(Value::Nothing) | None) => words::no_time(),
        _ => words::span(field(form, start), field(form, end)),
    }
}

/// An office by name and number, as far as they are there.
pub fn office(name: &str, number: &str) -> String {
    match (name, number) {
        (name, "") => plain(name),
        ("", number) => words::office_unnamed(plain(number)),
        (name, number) => words::office(plain(name), plain(number)),
    }
}

/// The kind of service that a service code begins with.
pub fn service_type(code: &str) -> &'static str {
    let kind = code.get(..2).unwrap_or_default();
    codes::SERVICE_TYPES.meaning(kind.as_bytes()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn dates_have_their_era() {
        let text = |y, m, d| date_with_era(NaiveDate::from_ymd_opt(y, m, d).unwrap());
        assert_eq!(text(2026, 4, 3), "2026年4月3日（令和8年）");
        assert_eq!(text(2019, 5, 1), "2019年5月1日（令和元年）");
        assert_eq!(text(2019, 4, 30), "2019年4月30日（平成31年）");
        assert_eq!(text(1938, 2, 23), "1938年2月23日（昭和13年）");
        assert_eq!(text(1926, 12, 24), "1926年12月24日（大正15年）");
        assert_eq!(text(1700, 1, 1), "1700年1月1日（金）");
    }

    #[test]
    fn a_terminal_takes_no_orders_from_a_file() {
        assert_eq!(
            plain("a\u{1b}[2J\r\nb\rc\u{202e}\t\u{85}"),
            "a\u{fffd}[2J\nb\nc\u{fffd} \u{fffd}"
        );
    }
}
