//! Services in the words that people use: what was planned against what was done, for the window and `careplan diff`.

use care_model::ServiceMonth;
use care_reading::{Change, Difference, Sum, TimeOfDay, Times};
use messages::{diff as words, reading};

use super::values::{day, grouped, plain, service_type};

/// A service code and the kind of service that it begins with.
pub fn service_name(code: &str) -> String {
    let named = reading::code_named(plain(code), service_type(code));
    named.trim_end().to_owned()
}

/// Times and units.
pub fn sum(sum: Sum) -> String {
    words::sum(grouped(sum.count), grouped(sum.units))
}

/// A number that says whether it is more or less.
pub fn signed(number: i64) -> String {
    if number > 0 {
        format!("+{}", grouped(number))
    } else {
        grouped(number)
    }
}

/// One side of a difference, with the units, the equipment or the day only where they differ.
pub fn side(month: Option<ServiceMonth>, difference: &Difference, times: &Option<Times>) -> String {
    let Some(times) = times else { return words::none() };
    let text = self::times(
        times,
        difference.change == Change::Units,
        difference.change == Change::Equipment,
    );
    match times.date.filter(|_| difference.change == Change::Day) {
        Some(date) => words::times_on_day(day(date, month), text),
        None => text,
    }
}

/// What differs.
pub fn change(change: Change) -> String {
    match change {
        Change::Cancelled => words::cancelled(),
        Change::Added => words::added(),
        Change::Time => words::time(),
        Change::Count => words::count(),
        Change::Units => words::units(),
        Change::Equipment => words::equipment(),
        Change::Day => words::day(),
    }
}

fn times(times: &Times, with_units: bool, with_equipment: bool) -> String {
    let span = match (times.start, times.end) {
        (None, None) => reading::no_time(),
        (start, end) => {
            let text = |time: Option<TimeOfDay>| time.map_or_else(reading::no_time, |time| time.to_string());
            reading::span(text(start), text(end))
        }
    };
    let count = times.count.map(grouped).unwrap_or_default();
    let mut text = if with_units {
        words::times_with_units(span, count, times.units.map(grouped).unwrap_or_default())
    } else {
        words::times(span, count)
    };
    if let Some(equipment) = times.equipment.as_deref().filter(|_| with_equipment) {
        text.push('\n');
        text.push_str(&plain(equipment));
    }
    text
}
