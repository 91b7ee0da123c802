//! When both sides are told that nobody fetches a delivery, before its content ends (D17).

use chrono::{DateTime, TimeDelta, Utc};

/// A warning that both sides get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// It is kept for 30 days more.
    Days30,
    /// It is kept for 7 days more.
    Days7,
    /// It is kept for one day more.
    Day1,
}

impl Warning {
    const ALL: [Self; 3] = [Self::Days30, Self::Days7, Self::Day1];

    /// How many days before the end it comes.
    pub fn days(self) -> u32 {
        match self {
            Self::Days30 => 30,
            Self::Days7 => 7,
            Self::Day1 => 1,
        }
    }

    fn comes_at(self, kept_until: DateTime<Utc>) -> DateTime<Utc> {
        kept_until - TimeDelta::days(i64::from(self.days()))
    }
}

/// The warning that is due now, if it was not given yet. Where several were missed, the last one stands for all.
pub fn warning_due(kept_until: DateTime<Utc>, warned_days: Option<u32>, now: DateTime<Utc>) -> Option<Warning> {
    let reached = Warning::ALL
        .into_iter()
        .rfind(|warning| now >= warning.comes_at(kept_until))?;
    let is_new = warned_days.is_none_or(|days| days > reached.days());
    is_new.then_some(reached)
}

/// When to look at it next: at its next warning, or at its end.
pub fn due_next(kept_until: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let warnings = Warning::ALL.into_iter().map(|warning| warning.comes_at(kept_until));
    warnings.into_iter().find(|at| *at > now).unwrap_or(kept_until)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::days(n)
    }

    #[test]
    fn warnings_come_once_each_and_a_missed_one_is_not_made_up_for() {
        let until = day(90);
        let second = TimeDelta::seconds(1);
        let cases = [
            (day(60) - second, None, None),
            (day(60), None, Some(Warning::Days30)),
            (day(60), Some(30), None),
            (day(83) - second, Some(30), None),
            (day(83), Some(30), Some(Warning::Days7)),
            (day(89), Some(7), Some(Warning::Day1)),
            (day(89), Some(1), None),
            (day(89), None, Some(Warning::Day1)),
            (day(90), Some(1), None),
        ];
        for (now, warned, due) in cases {
            assert_eq!(warning_due(until, warned, now), due, "{now} {warned:?}");
        }
        let next = [(0, 60), (60, 83), (70, 83), (83, 89), (89, 90), (95, 90)];
        for (now, at) in next {
            assert_eq!(due_next(until, day(now)), day(at), "{now}");
        }
    }
}
