//! The rows of both lists, counted office by office for one service month. Pure.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
};

use care_model::{FileKind, OfficeNumber, OfficeRole, Party, SendUnit, ServiceKind, ServiceMonth, search_text::fold};
use chrono::DateTime;
use desk_ipc::{BoardActuals, BoardOrder, BoardProgress, BoardRow, BoardSums, BoardWay};

use super::month;
use crate::{
    index::{Counted, ListRows},
    words,
};

/// What is being counted.
pub(super) struct Tally {
    month: ServiceMonth,
    /// The month of the calendar: what has no service month belongs to the one in which it was sent.
    span: Range<i64>,
    months: BTreeSet<ServiceMonth>,
    offices: HashMap<OfficeNumber, Office>,
}

/// Which way a list goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Out,
    In,
}

/// Which half of a month's pair a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    /// 予定.
    Schedule,
    /// 実績.
    Actuals,
}

/// What is known of one office.
#[derive(Default)]
struct Office {
    /// The name that it had last, and when.
    name: (i64, String),
    kinds: BTreeSet<ServiceKind>,
    sent: BoardWay,
    unsent: u32,
    on_paper: u32,
    received: BoardWay,
    /// 実績 that come and that go, each by who exchanges: the other side, and the kind of this office.
    actuals_in: Pairs,
    actuals_out: Pairs,
    last: Option<i64>,
}

type Pairs = BTreeMap<(Party, ServiceKind), Pair>;

/// What was seen of a month between two parties.
#[derive(Debug, Clone, Copy, Default)]
struct Pair {
    schedule: bool,
    actuals: bool,
}

impl Tally {
    pub(super) fn of(month: ServiceMonth) -> Result<Self, desk_ipc::CommandError> {
        Ok(Self {
            month,
            span: month::span(month)?,
            months: BTreeSet::new(),
            offices: HashMap::new(),
        })
    }

    /// Counts every row of a list.
    pub(super) fn count(&mut self, way: Way, rows: &ListRows) {
        for row in rows.each() {
            self.count_row(way, row);
        }
    }

    fn count_row(&mut self, way: Way, row: Counted<'_>) {
        // Nothing reached anybody, or is on its way to.
        if row.standing.came_to_nothing {
            return;
        }
        let office = self.offices.entry(row.other.number).or_default();
        if row.at >= office.name.0 {
            office.name.0 = row.at;
            office.name.1.clone_from(&row.other.name);
        }
        office.kinds.insert(row.other.kind);
        let is_sent = row.standing.is_sent();
        if is_sent {
            office.last = office.last.max(Some(row.at));
        }
        self.months.extend(row.month);
        let in_month = match row.month {
            Some(month) => month == self.month,
            None => self.span.contains(&row.at),
        };
        if !in_month {
            return;
        }
        if !is_sent {
            // What went by fax is answered by fax: no 実績 are owed this way.
            match row.standing.on_paper {
                true => office.on_paper += 1,
                false => office.unsent += 1,
            }
            return;
        }
        let counted = match way {
            Way::Out => &mut office.sent,
            Way::In => &mut office.received,
        };
        counted.all += 1;
        counted.open += u32::from(row.standing.open);
        if let Some(half) = row.unit.and_then(half) {
            office.note(way, half, Party::new(row.other.number, row.other.kind), row.own_kind);
        }
    }

    /// The months that occur.
    pub(super) fn months(&self) -> &BTreeSet<ServiceMonth> {
        &self.months
    }

    /// Every office, and the sums over all.
    pub(super) fn rows(self) -> (BoardSums, Vec<BoardRow>) {
        let mut sums = BoardSums::default();
        let offices = self.offices.into_iter();
        let rows = offices.map(|(number, office)| {
            let row = office.row(number);
            sums.sent.all += row.sent.all;
            sums.sent.open += row.sent.open;
            sums.unsent += row.unsent;
            sums.received.all += row.received.all;
            sums.received.open += row.received.open;
            advance(&mut sums.actuals_in, &row.actuals_in);
            advance(&mut sums.actuals_out, &row.actuals_out);
            row
        });
        let rows = rows.collect();
        (sums, rows)
    }
}

impl Office {
    /// 実績 follow 予定 where one side manages care and the other gives it. Between two that manage care (委託) neither is
    /// owed an answer, and what they exchange is counted alone.
    fn note(&mut self, way: Way, half: Half, other: Party, own: ServiceKind) {
        let gives_care = |kind: ServiceKind| kind.role() == OfficeRole::Service;
        let pairs = match (way, half, gives_care(own), gives_care(other.kind)) {
            (Way::Out, Half::Schedule, false, true) | (Way::In, Half::Actuals, false, true) => &mut self.actuals_in,
            (Way::In, Half::Schedule, true, false) | (Way::Out, Half::Actuals, true, false) => &mut self.actuals_out,
            _ => return,
        };
        let pair = pairs.entry((other, own)).or_default();
        match half {
            Half::Schedule => pair.schedule = true,
            Half::Actuals => pair.actuals = true,
        }
    }

    fn row(self, number: OfficeNumber) -> BoardRow {
        let kinds: Vec<ServiceKind> = self.kinds.into_iter().collect();
        BoardRow {
            office: words::office(number, &self.name.1, &kinds),
            sent: self.sent,
            unsent: self.unsent,
            on_paper: self.on_paper,
            received: self.received,
            actuals_in: actuals(&self.actuals_in, |(other, _)| other.kind),
            actuals_out: actuals(&self.actuals_out, |(_, own)| *own),
            last_at: self.last.and_then(DateTime::from_timestamp_millis),
        }
    }
}

/// Which half of a pair a unit is; deletions are neither.
fn half(unit: &str) -> Option<Half> {
    let unit = SendUnit::of_id(unit)?;
    if unit.has(FileKind::UseSlip) {
        return Some(Half::Schedule);
    }
    unit.has(FileKind::Actuals).then_some(Half::Actuals)
}

/// Pairs by the kind that gives care: one of them without 実績 and the kind misses them.
fn actuals(pairs: &Pairs, giving: impl Fn(&(Party, ServiceKind)) -> ServiceKind) -> BoardActuals {
    let mut kinds: BTreeMap<ServiceKind, bool> = BTreeMap::new();
    for (parties, pair) in pairs {
        let done = kinds.entry(giving(parties)).or_insert(true);
        // 実績 that came without a 予定 here answer one that went another way.
        *done &= pair.actuals;
    }
    let done = kinds.values().filter(|done| **done).count();
    let missing = kinds.into_iter().filter(|(_, done)| !done);
    BoardActuals {
        done: u32::try_from(done).unwrap_or(u32::MAX),
        missing: missing.map(|(kind, _)| words::kind(kind)).collect(),
    }
}

fn advance(progress: &mut BoardProgress, actuals: &BoardActuals) {
    if actuals.done > 0 || !actuals.missing.is_empty() {
        progress.offices += 1;
        progress.done += u32::from(actuals.missing.is_empty());
    }
}

/// Whether something is still to come with an office.
pub(super) fn is_open(row: &BoardRow) -> bool {
    misses_actuals(row) || row.sent.open > 0 || row.unsent > 0 || row.received.open > 0
}

fn misses_actuals(row: &BoardRow) -> bool {
    !row.actuals_in.missing.is_empty() || !row.actuals_out.missing.is_empty()
}

/// Whether an office is found by folded words.
pub(super) fn is_found(row: &BoardRow, words: &[&str]) -> bool {
    let mut text = format!("{}\n{}", row.office.name, row.office.number);
    for kind in &row.office.kinds {
        text.push('\n');
        text.push_str(&kind.name);
    }
    let text = fold(&text);
    words.iter().all(|word| text.contains(word))
}

/// Puts offices in order.
pub(super) fn sort(rows: &mut [BoardRow], order: BoardOrder) {
    rows.sort_by(|one, other| (&one.office.name, one.office.number).cmp(&(&other.office.name, other.office.number)));
    // Stable: what is equal stays by name.
    match order {
        BoardOrder::Name => {}
        BoardOrder::Contact => rows.sort_by_key(|row| Reverse(row.last_at)),
        BoardOrder::Remaining => rows.sort_by_key(|row| {
            let moved = row.sent.all + row.received.all + row.on_paper;
            let idle = moved + row.actuals_in.done + row.actuals_out.done == 0;
            (!misses_actuals(row), !is_open(row), idle)
        }),
    }
}
