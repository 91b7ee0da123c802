//! Service months on the calendar of claims (請求), in Japanese time.

use care_model::{ProblemCode, ServiceMonth};
use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};
use desk_ipc::{ClosingView, CommandError};

use crate::index::{day_begins, in_japan};

/// The day of the following month on which claims close; weekends and holidays do not move it.
const CLOSING_DAY: u32 = 10;
/// When they close on it: 17:15.
const CLOSING_MINUTES: i64 = 17 * 60 + 15;

/// The month whose claims close next.
pub(super) fn closing_next(now: DateTime<Utc>) -> Result<ServiceMonth, CommandError> {
    let this = calendar_month(now)?;
    let before = moved(this, -1)?;
    Ok(if now <= closes_at(before)? { before } else { this })
}

/// How a month stands.
pub(super) fn closing(month: ServiceMonth, now: DateTime<Utc>) -> Result<ClosingView, CommandError> {
    let closes_at = closes_at(month)?;
    Ok(ClosingView {
        month,
        closes_at,
        minutes_left: (closes_at - now).num_minutes().max(0),
        ended: now >= instant(first_day(month)? + Months::new(1))?,
    })
}

/// The month of the calendar that an instant is in.
pub(super) fn calendar_month(at: DateTime<Utc>) -> Result<ServiceMonth, CommandError> {
    month_of(in_japan(at).ok_or_else(unfit)?.date_naive())
}

/// So many months later, or earlier.
pub(super) fn moved(month: ServiceMonth, months: i32) -> Result<ServiceMonth, CommandError> {
    let first = first_day(month)?;
    let by = Months::new(months.unsigned_abs());
    let day = match months < 0 {
        true => first.checked_sub_months(by),
        false => first.checked_add_months(by),
    };
    month_of(day.ok_or_else(unfit)?)
}

/// The first millisecond of a month in Japan and that of the next one, since 1970.
pub(super) fn span(month: ServiceMonth) -> Result<std::ops::Range<i64>, CommandError> {
    let first = first_day(month)?;
    Ok(day_begins(first)?..day_begins(first + Months::new(1))?)
}

fn closes_at(month: ServiceMonth) -> Result<DateTime<Utc>, CommandError> {
    let day = first_day(month)? + Months::new(1) + chrono::Days::new(u64::from(CLOSING_DAY - 1));
    Ok(instant(day)? + TimeDelta::minutes(CLOSING_MINUTES))
}

fn first_day(month: ServiceMonth) -> Result<NaiveDate, CommandError> {
    NaiveDate::from_ymd_opt(i32::from(month.year()), u32::from(month.month()), 1).ok_or_else(unfit)
}

fn month_of(day: NaiveDate) -> Result<ServiceMonth, CommandError> {
    ServiceMonth::parse(&format!("{:04}{:02}", day.year(), day.month())).map_err(|_| unfit())
}

fn instant(day: NaiveDate) -> Result<DateTime<Utc>, CommandError> {
    DateTime::from_timestamp_millis(day_begins(day)?).ok_or_else(unfit)
}

/// A month or a clock outside of the years that the standard knows.
fn unfit() -> CommandError {
    ProblemCode::RequestMalformed.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn month(text: &str) -> ServiceMonth {
        ServiceMonth::parse(text).unwrap()
    }

    #[test]
    fn the_month_before_stands_until_its_claims_close() {
        for (now, expected) in [
            ("2026-11-01T00:00:00+09:00", "202610"),
            ("2026-11-10T17:15:00+09:00", "202610"),
            ("2026-11-10T17:15:00.001+09:00", "202611"),
            ("2026-11-30T23:59:59+09:00", "202611"),
            ("2026-12-01T00:00:00+09:00", "202611"),
            // In London the year is still the old one.
            ("2027-01-01T00:00:00+09:00", "202612"),
            ("2027-01-10T17:16:00+09:00", "202701"),
        ] {
            assert_eq!(closing_next(at(now)).unwrap(), month(expected), "{now}");
        }
    }

    #[test]
    fn what_is_left_is_whole_minutes_and_never_less_than_none() {
        for (now, minutes, ended) in [
            ("2026-11-29T12:00:00+09:00", 11 * 1_440 + 315, false),
            ("2026-11-30T23:59:59.999+09:00", 9 * 1_440 + 1_035, false),
            ("2026-12-01T00:00:00+09:00", 9 * 1_440 + 1_035, true),
            ("2026-12-10T17:14:01+09:00", 0, true),
            ("2026-12-10T17:15:00+09:00", 0, true),
            ("2027-03-01T00:00:00+09:00", 0, true),
        ] {
            let view = closing(month("202611"), at(now)).unwrap();
            assert_eq!((view.minutes_left, view.ended), (minutes, ended), "{now}");
            assert_eq!(view.closes_at, at("2026-12-10T17:15:00+09:00"));
        }
    }

    #[test]
    fn months_go_over_the_year_and_not_out_of_the_standard() {
        assert_eq!(moved(month("202611"), 2).unwrap(), month("202701"));
        assert_eq!(moved(month("202601"), -1).unwrap(), month("202512"));
        assert!(moved(month("209912"), 1).is_err() && moved(month("200001"), -1).is_err());
        assert!(closing(month("209912"), at("2026-11-29T12:00:00Z")).is_ok());
        assert_eq!(
            span(month("202612")).unwrap(),
            at("2026-12-01T00:00:00+09:00").timestamp_millis()..at("2027-01-01T00:00:00+09:00").timestamp_millis()
        );
    }
}
