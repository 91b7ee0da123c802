//! Which planned service is which actual one, within one code of one office in one month.
//!
//! Days are compared one by one: first what is equal is put together, then what is alike in most, and what is left over
//! was cancelled or added. A service that moved to another day is a cancelled and an added one, unless it has no time.

use std::collections::{BTreeMap, VecDeque};

use chrono::NaiveDate;

use crate::{
    Visit,
    compare::{Change, Difference, Times},
};

/// The result for one service.
#[derive(Default)]
pub(crate) struct Paired {
    pub(crate) as_planned: u32,
    pub(crate) differences: Vec<Difference>,
}

/// The two sides of one day.
#[derive(Default)]
struct Day<'a> {
    planned: VecDeque<Visit<'a>>,
    actual: VecDeque<Visit<'a>>,
}

/// How alike two services are that are not equal, the strictest first.
const LIKENESS: &[fn(&Visit<'_>, &Visit<'_>) -> bool] = &[
    |a, b| same_equipment(a, b) && same_time(a, b),
    |a, b| same_equipment(a, b) && a.start == b.start,
    |a, b| same_equipment(a, b) && overlap(a, b),
    same_equipment,
    |a, b| same_time(a, b),
    |_, _| true,
];

/// Puts the two sides together.
pub(crate) fn pair(planned: &[Visit<'_>], actual: &[Visit<'_>]) -> Paired {
    let mut days: BTreeMap<Option<NaiveDate>, Day<'_>> = BTreeMap::new();
    for visit in planned {
        days.entry(visit.date).or_default().planned.push_back(*visit);
    }
    for visit in actual {
        days.entry(visit.date).or_default().actual.push_back(*visit);
    }
    let mut paired = Paired::default();
    let mut left_over = Day::default();
    for mut day in days.into_values() {
        day.sort();
        day.take(usize::MAX, identical, |planned, actual| paired.add(planned, actual));
        day.take(usize::MAX, equal, |planned, actual| paired.add(planned, actual));
        for likeness in LIKENESS {
            day.take(COMPARED_MAX, likeness, |planned, actual| paired.add(planned, actual));
        }
        left_over.planned.extend(day.planned);
        left_over.actual.extend(day.actual);
    }
    // What has no time, such as an addition by the month, has no day of its own either: programs put it on different ones.
    let timeless = |visit: &Visit<'_>| visit.start.is_none() && visit.end.is_none();
    left_over.take(
        COMPARED_MAX,
        |planned, actual| timeless(planned) && timeless(actual) && same_equipment(planned, actual),
        |planned, actual| paired.differ(Change::Day, Some(planned), Some(actual)),
    );
    for visit in &left_over.planned {
        paired.differ(Change::Cancelled, Some(visit), None);
    }
    for visit in &left_over.actual {
        paired.differ(Change::Added, None, Some(visit));
    }
    paired.differences.sort_by_key(|difference| difference.date);
    paired
}

impl<'a> Day<'a> {
    /// By time, so that the first of one side meets the first of the other.
    fn sort(&mut self) {
        for side in [&mut self.planned, &mut self.actual] {
            side.make_contiguous()
                .sort_by_key(|visit| (visit.start, visit.end, visit.form.row()));
        }
    }

    /// Takes out every planned service, up to so many, together with the first actual one that is alike.
    fn take(
        &mut self,
        planned_max: usize,
        alike: impl Fn(&Visit<'a>, &Visit<'a>) -> bool,
        mut found: impl FnMut(&Visit<'a>, &Visit<'a>),
    ) {
        let actual = &mut self.actual;
        let mut tried = 0;
        self.planned.retain(|planned| {
            tried += 1;
            if tried > planned_max || actual.is_empty() {
                return true;
            }
            // Near the front, taking one out is cheap; both sides are sorted, so what is alike is near.
            let place = actual
                .iter()
                .take(COMPARED_MAX)
                .position(|actual| alike(planned, actual));
            match place.and_then(|place| actual.remove(place)) {
                Some(actual) => {
                    found(planned, &actual);
                    false
                }
                None => true,
            }
        });
    }
}

/// Services of one day, code and care recipient that are compared with each other. Nobody has so many; a file may.
const COMPARED_MAX: usize = 100;

/// Whether both sides say the very same.
fn identical(a: &Visit<'_>, b: &Visit<'_>) -> bool {
    same_time(a, b) && a.count == b.count && a.units == b.units && a.equipment == b.equipment
}

/// Whether a service was done as planned, as far as both sides say.
fn equal(a: &Visit<'_>, b: &Visit<'_>) -> bool {
    same_time(a, b) && a.count == b.count && same_units(a, b) && same_equipment(a, b)
}

impl Paired {
    fn add(&mut self, planned: &Visit<'_>, actual: &Visit<'_>) {
        let change = if !same_time(planned, actual) {
            Change::Time
        } else if planned.count != actual.count {
            Change::Count
        } else if !same_units(planned, actual) {
            Change::Units
        } else if !same_equipment(planned, actual) {
            Change::Equipment
        } else {
            self.as_planned = self.as_planned.saturating_add(1);
            return;
        };
        self.differ(change, Some(planned), Some(actual));
    }

    fn differ(&mut self, change: Change, planned: Option<&Visit<'_>>, actual: Option<&Visit<'_>>) {
        self.differences.push(Difference {
            date: planned.or(actual).and_then(|visit| visit.date),
            change,
            planned: planned.map(Times::of),
            actual: actual.map(Times::of),
        });
    }
}

fn same_time(a: &Visit<'_>, b: &Visit<'_>) -> bool {
    a.start == b.start && a.end == b.end
}

/// Zero or no units on one side say only that they were not computed, as for additions by percentage.
fn same_units(a: &Visit<'_>, b: &Visit<'_>) -> bool {
    let (a, b) = (a.units.unwrap_or_default(), b.units.unwrap_or_default());
    a == b || a == 0 || b == 0
}

/// Programs that leave the equipment away on one side mean the same.
fn same_equipment(a: &Visit<'_>, b: &Visit<'_>) -> bool {
    match (a.equipment, b.equipment) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

fn overlap(a: &Visit<'_>, b: &Visit<'_>) -> bool {
    a.start < b.end && b.start < a.end
}
