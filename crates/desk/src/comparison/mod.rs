//! 予定と実績をくらべる: a month's plans against its actuals, by care recipient and office, from the copies that are kept
//! here (ADR 56).
//!
//! Which deliveries belong to a month is the index's word, so nothing sealed is opened to know it. What they hold is
//! read once for each look at a month and kept in memory until another month is compared; nothing of it is stored.

mod forms;
mod gather;
mod office;
mod save;

use std::{collections::BTreeMap, sync::Arc};

use care_model::{OfficeNumber, ProblemCode, ServiceMonth, limits, search_text::fold};
use chrono::NaiveDate;
use desk_ipc::{
    CommandError, ComparedOffice, ComparisonForm, ComparisonQuery, ComparisonRequest, ComparisonRows, ComparisonState,
    ComparisonView, FORMS_RECIPIENTS_MAX, StateCount,
};

use crate::{
    core::{Core, lock},
    index::in_japan,
};
use office::{Outcome, Person};

/// The day of the next month by which actuals usually come (業務カレンダー: 1日から5日ごろ).
const DUE_ON: u32 = 5;
/// The day of the next month until which offices claim, at 17:15.
const CLAIMED_UNTIL: u32 = 10;
/// The states in the order of the list.
const STATES: [ComparisonState; 6] = [
    ComparisonState::Missing,
    ComparisonState::Unclear,
    ComparisonState::Differs,
    ComparisonState::Unplanned,
    ComparisonState::AsPlanned,
    ComparisonState::NotTheirs,
];

/// A month that was compared.
pub(crate) struct ComparedMonth {
    view: ComparisonView,
    /// In the order of the list: the place of each is its number.
    people: Vec<Person>,
}

impl Core {
    /// Compares a month.
    pub(crate) async fn compare_month(&self, month: ServiceMonth) -> Result<ComparisonView, CommandError> {
        let made_at = self.now();
        let (due, claimed_until) = day_after_month(month, DUE_ON)
            .zip(day_after_month(month, CLAIMED_UNTIL))
            .ok_or(ProblemCode::RequestMalformed)?;
        let today = in_japan(made_at).map(|now| now.date_naive());
        let kept_days = self.settings().kept_days;
        let (months, by_office) = self.gather(month).await?;
        let mut left = limits::COMPARED_BYTES_MAX;
        let mut outcomes = Vec::with_capacity(by_office.len());
        for ((_, reporter), gathered) in by_office {
            let (office, plan, actuals) = self.read_both(gathered, &mut left).await?;
            let outcome = self
                .blocking(move |_| Ok(office::compared(office, reporter, &plan, &actuals, kept_days)))
                .await?;
            outcomes.push(outcome);
        }
        let (offices, people) = in_order(outcomes);
        let view = ComparisonView {
            month,
            made_at,
            due,
            claimed_until,
            is_due: today.is_some_and(|today| today >= due),
            months: months.into_iter().rev().collect(),
            offices,
            states: counted(people.iter()),
        };
        *lock(&self.comparison) = Some(Arc::new(ComparedMonth {
            view: view.clone(),
            people,
        }));
        Ok(view)
    }

    /// A window of the month that was compared last; nobody where there is none.
    pub(crate) fn comparison_rows(&self, request: &ComparisonRequest) -> Result<ComparisonRows, CommandError> {
        let wanted = Wanted::parse(&request.query)?;
        let Some(compared) = lock(&self.comparison).clone() else {
            return Ok(ComparisonRows {
                rows: Vec::new(),
                matching: 0,
                total: 0,
            });
        };
        let (from, count) = (
            request.from as usize,
            request.count.min(limits::WINDOW_ROWS_MAX) as usize,
        );
        let meant = || compared.people.iter().filter(|person| wanted.holds(person));
        let count_of = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Ok(ComparisonRows {
            matching: count_of(meant().count()),
            total: count_of(compared.people.len()),
            rows: meant()
                .skip(from)
                .take(count)
                .map(|person| person.row.clone())
                .collect(),
        })
    }

    /// The days of care recipients of that month.
    pub(crate) fn comparison_forms(&self, numbers: &[u32]) -> Result<Vec<ComparisonForm>, CommandError> {
        if numbers.len() > FORMS_RECIPIENTS_MAX {
            return Err(ProblemCode::RequestMalformed.into());
        }
        let Some(compared) = lock(&self.comparison).clone() else {
            return Ok(Vec::new());
        };
        let forms = numbers.iter().filter_map(|number| {
            let person = compared.people.get(usize::try_from(*number).ok()?)?;
            Some(ComparisonForm {
                number: *number,
                form: forms::form(compared.view.month, person),
            })
        });
        Ok(forms.collect())
    }
}

/// Which care recipients are asked for.
struct Wanted<'a> {
    words: Vec<String>,
    query: &'a ComparisonQuery,
}

impl<'a> Wanted<'a> {
    fn parse(query: &'a ComparisonQuery) -> Result<Self, CommandError> {
        if query.text.chars().count() > limits::SEARCH_CHARS_MAX {
            return Err(CommandError::new(ProblemCode::SearchTooLong).with("max", limits::SEARCH_CHARS_MAX));
        }
        let words = fold(&query.text).split_whitespace().map(str::to_owned).collect();
        Ok(Self { words, query })
    }

    fn holds(&self, person: &Person) -> bool {
        let row = &person.row;
        self.query.office.is_none_or(|office| office == row.office.number)
            && self.query.state.is_none_or(|state| state == row.state)
            && self.words.iter().all(|word| person.folded.contains(word.as_str()))
    }
}

/// A day of the month after a month.
fn day_after_month(month: ServiceMonth, day: u32) -> Option<NaiveDate> {
    let (year, number) = match month.month() {
        12 => (month.year() + 1, 1),
        number => (month.year(), number + 1),
    };
    NaiveDate::from_ymd_opt(i32::from(year), u32::from(number), day)
}

/// The offices by name, each once, and all care recipients, the most urgent first.
fn in_order(outcomes: Vec<Outcome>) -> (Vec<ComparedOffice>, Vec<Person>) {
    let mut people = Vec::new();
    let mut offices: BTreeMap<OfficeNumber, ComparedOffice> = BTreeMap::new();
    for outcome in outcomes {
        let office = offices.entry(outcome.office.number).or_insert_with(|| ComparedOffice {
            office: outcome.office.clone(),
            remarks: Vec::new(),
            files: Vec::new(),
            states: Vec::new(),
        });
        office.remarks.extend(outcome.remarks);
        office.files.extend(outcome.files);
        people.extend(outcome.people);
    }
    people.sort_by_cached_key(|person| {
        let row = &person.row;
        let name = row.name_kana.clone().or_else(|| row.name.clone());
        (
            row.state,
            row.office.name.clone(),
            row.office.number,
            name,
            row.insured_number.clone(),
        )
    });
    for (number, person) in (0_u32..).zip(&mut people) {
        person.row.number = number;
    }
    let mut offices: Vec<ComparedOffice> = offices.into_values().collect();
    for office in &mut offices {
        let number = office.office.number;
        office.states = counted(people.iter().filter(|person| person.row.office.number == number));
    }
    offices.sort_by(|one, other| (&one.office.name, one.office.number).cmp(&(&other.office.name, other.office.number)));
    (offices, people)
}

/// How many there are in each state that occurs.
fn counted<'a>(people: impl Iterator<Item = &'a Person>) -> Vec<StateCount> {
    let mut counts: BTreeMap<ComparisonState, u32> = BTreeMap::new();
    for person in people {
        *counts.entry(person.row.state).or_default() += 1;
    }
    let occur = STATES.into_iter().filter_map(|state| {
        let count = counts.get(&state).copied()?;
        Some(StateCount { state, count })
    });
    occur.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actuals_are_due_on_the_fifth_of_the_next_month() {
        let due = |month: &str| {
            let day = day_after_month(ServiceMonth::parse(month).unwrap(), DUE_ON);
            day.map(|day| day.to_string()).unwrap()
        };
        assert_eq!(
            (due("202604").as_str(), due("202612").as_str()),
            ("2026-05-05", "2027-01-05")
        );
        assert_eq!(due("209912"), "2100-01-05");
    }

    #[test]
    fn a_search_has_an_end() {
        let query = |chars: usize| ComparisonQuery {
            text: "あ".repeat(chars),
            ..ComparisonQuery::default()
        };
        assert!(Wanted::parse(&query(limits::SEARCH_CHARS_MAX)).is_ok());
        let refused = Wanted::parse(&query(limits::SEARCH_CHARS_MAX + 1)).err().unwrap();
        assert_eq!(refused.code, ProblemCode::SearchTooLong);
    }
}
