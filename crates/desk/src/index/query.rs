//! What was typed and chosen, parsed once and then asked of every row.

use care_model::{OfficeNumber, ProblemCode, limits, search_text::fold};
use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveTime, TimeDelta};
use desk_ipc::{ATTACHMENTS_ALONE, CommandError, ListQuery};

/// Japan is nine hours ahead all the year round.
const JAPAN_SECONDS_EAST: i32 = 9 * 3_600;

/// Which rows are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Folded; a row must hold each of them.
    pub(crate) words: Vec<String>,
    pub(crate) only_open: bool,
    /// From this instant on, in milliseconds since 1970.
    pub(crate) since: Option<i64>,
    /// Before this one.
    pub(crate) before: Option<i64>,
    pub(crate) office: Option<OfficeNumber>,
    pub(crate) contents: Option<WantedContents>,
}

/// Which contents are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WantedContents {
    /// No standard files at all.
    AttachmentsAlone,
    /// The unit of this id.
    Unit(String),
}

impl Filter {
    /// Parses what a page asked for.
    pub(crate) fn parse(query: &ListQuery) -> Result<Self, CommandError> {
        if query.text.chars().count() > limits::SEARCH_CHARS_MAX {
            return Err(CommandError::new(ProblemCode::SearchTooLong).with("max", limits::SEARCH_CHARS_MAX));
        }
        let mut words: Vec<String> = fold(&query.text).split_whitespace().map(str::to_owned).collect();
        words.sort_unstable();
        words.dedup();
        Ok(Self {
            words,
            only_open: query.only_open,
            since: query.since.map(day_begins).transpose()?,
            before: query.until.map(day_after).transpose()?.map(day_begins).transpose()?,
            office: query.office,
            contents: query.unit.as_deref().map(|unit| match unit {
                ATTACHMENTS_ALONE => WantedContents::AttachmentsAlone,
                unit => WantedContents::Unit(unit.to_owned()),
            }),
        })
    }

    /// Whether every row is wanted.
    pub(crate) fn is_everything(&self) -> bool {
        let Self {
            words,
            only_open,
            since,
            before,
            office,
            contents,
        } = self;
        words.is_empty() && !only_open && since.is_none() && before.is_none() && office.is_none() && contents.is_none()
    }

    /// Whether this wants no row that the other did not want.
    pub(crate) fn narrows(&self, other: &Self) -> bool {
        let same_choice = Self {
            words: Vec::new(),
            ..self.clone()
        } == Self {
            words: Vec::new(),
            ..other.clone()
        };
        let each_within = |word: &String| self.words.iter().any(|longer| longer.contains(word.as_str()));
        same_choice && other.words.iter().all(each_within)
    }
}

/// The day after a day.
pub(crate) fn day_after(day: NaiveDate) -> Result<NaiveDate, CommandError> {
    day.checked_add_days(Days::new(1))
        .ok_or_else(|| ProblemCode::RequestMalformed.into())
}

/// The first millisecond of a day in Japan, since 1970.
pub(crate) fn day_begins(day: NaiveDate) -> Result<i64, CommandError> {
    day.and_time(NaiveTime::MIN)
        .checked_sub_signed(TimeDelta::seconds(i64::from(JAPAN_SECONDS_EAST)))
        .map(|begins| begins.and_utc().timestamp_millis())
        .ok_or_else(|| ProblemCode::RequestMalformed.into())
}

/// An instant as clocks in Japan show it.
pub(crate) fn in_japan<Zone: chrono::TimeZone>(at: DateTime<Zone>) -> Option<DateTime<FixedOffset>> {
    FixedOffset::east_opt(JAPAN_SECONDS_EAST).map(|japan| at.with_timezone(&japan))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Filter {
        Filter::parse(&ListQuery {
            text: text.to_owned(),
            ..ListQuery::default()
        })
        .unwrap()
    }

    #[test]
    fn words_are_folded_and_each_asked_once() {
        assert_eq!(filter("  ヘルパー　ABC へるぱー ").words, ["abc", "へるぱー"]);
        assert!(filter(" 　").is_everything() && !filter("あ").is_everything());
        let asked = |text: String| {
            Filter::parse(&ListQuery {
                text,
                ..ListQuery::default()
            })
        };
        assert!(asked("あ".repeat(limits::SEARCH_CHARS_MAX)).is_ok());
        let refused = asked("あ".repeat(limits::SEARCH_CHARS_MAX + 1)).unwrap_err();
        assert_eq!(refused.code, ProblemCode::SearchTooLong);
    }

    #[test]
    fn typing_on_narrows() {
        assert!(filter("さく").narrows(&filter("さ")) && filter("さ く").narrows(&filter("さ")));
        assert!(filter("さくら").narrows(&filter("く")) && filter("さ").narrows(&filter("")));
        assert!(!filter("さ").narrows(&filter("さく")) && !filter("か").narrows(&filter("さ")));
        let open = Filter {
            only_open: true,
            ..filter("さ")
        };
        assert!(!filter("さく").narrows(&open));
    }

    #[test]
    fn days_are_those_of_japan() {
        let day = |text: &str| Some(text.parse().unwrap());
        let query = ListQuery {
            since: day("2026-12-01"),
            until: day("2026-12-01"),
            ..ListQuery::default()
        };
        let filter = Filter::parse(&query).unwrap();
        let millis = |text: &str| Some(DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis());
        assert_eq!(filter.since, millis("2026-12-01T00:00:00+09:00"));
        assert_eq!(filter.before, millis("2026-12-02T00:00:00+09:00"));
        for beyond in [
            ListQuery {
                until: Some(NaiveDate::MAX),
                ..ListQuery::default()
            },
            ListQuery {
                since: Some(NaiveDate::MIN),
                ..ListQuery::default()
            },
        ] {
            assert_eq!(Filter::parse(&beyond).unwrap_err().code, ProblemCode::RequestMalformed);
        }
    }
}
