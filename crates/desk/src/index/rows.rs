//! One list in memory: for each row what it is sorted, filtered and found by, and nothing else.
//!
//! What many rows share (office, contents, month) is held and searched once; what only one row has (message, names
//! of attachments) lies in the arena. Rows stand in no order; an order is made when it is asked for and kept until a
//! row changes.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap, HashSet},
    hash::Hash,
};

use care_model::{
    DeliveryId, OfficeNumber, Party, Serial, ServiceKind, ServiceMonth,
    search_text::{fold, fold_onto},
};
use chrono::{DateTime, Utc};
use desk_ipc::SortColumn;

use super::{
    arena::{TextArena, TextPlace},
    query::{Filter, WantedContents},
    standing::Standing,
};

/// A row, as its list knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Indexed {
    pub(crate) delivery: DeliveryId,
    pub(crate) at: DateTime<Utc>,
    /// What stands first among rows of the same time: the greater.
    pub(crate) place: u64,
    /// The other side.
    pub(crate) other: Party,
    pub(crate) other_name: String,
    /// The kind of this office.
    pub(crate) own_kind: ServiceKind,
    /// None of attachments alone.
    pub(crate) unit: Option<String>,
    pub(crate) contents_name: String,
    /// What its files are, by side.
    pub(crate) file_kinds: Vec<String>,
    pub(crate) month: Option<ServiceMonth>,
    pub(crate) serial: Option<Serial>,
    /// Message and names of attachments.
    pub(crate) written: Vec<String>,
    pub(crate) standing: Standing,
}

/// What is counted of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted<'a> {
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) other: &'a OfficeSeen,
    pub(crate) own_kind: ServiceKind,
    pub(crate) unit: Option<&'a str>,
    pub(crate) month: Option<ServiceMonth>,
    pub(crate) standing: Standing,
}

/// An office that occurs, under the name that it had then.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct OfficeSeen {
    pub(crate) number: OfficeNumber,
    pub(crate) name: String,
    pub(crate) kind: ServiceKind,
}

/// Contents that occur.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ContentsSeen {
    pub(crate) unit: Option<String>,
    pub(crate) name: String,
    file_kinds: Vec<String>,
}

/// What is imported by rising serial: all of one office and its kind for one kind of this office.
type ImportLine = (Party, ServiceKind);

/// What many rows share, each once, with what it is found by.
struct Shared<T> {
    items: Vec<(T, String)>,
    places: HashMap<T, u32>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<T: Clone + Eq + Hash> Shared<T> {
    fn put(&mut self, item: T, found_by: impl FnOnce(&T) -> String) -> u32 {
        if let Some(place) = self.places.get(&item) {
            return *place;
        }
        // There are no more of them than rows, whose places are as wide.
        let place = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        let folded = found_by(&item);
        self.items.push((item.clone(), folded));
        self.places.insert(item, place);
        place
    }

    /// For each whether it holds the word.
    fn holding(&self, word: &str) -> Vec<bool> {
        self.items.iter().map(|(_, folded)| folded.contains(word)).collect()
    }
}

#[derive(Debug, Clone, Copy)]
struct Row {
    delivery: DeliveryId,
    at: i64,
    place: u64,
    office: u32,
    contents: u32,
    line: u32,
    month: u32,
    text: Option<TextPlace>,
    serial: Option<Serial>,
    standing: Standing,
}

/// The rows of one list.
#[derive(Default)]
pub(crate) struct ListRows {
    rows: Vec<Row>,
    places: HashMap<DeliveryId, u32>,
    offices: Shared<OfficeSeen>,
    contents: Shared<ContentsSeen>,
    months: Shared<Option<ServiceMonth>>,
    lines: Shared<ImportLine>,
    texts: TextArena,
    open: u32,
    unsent: u32,
    kept: Kept,
}

/// What was worked out for the rows as they are.
#[derive(Default)]
struct Kept {
    order: Option<((SortColumn, bool), Vec<u32>)>,
    found: Option<(Found, Vec<u32>)>,
    awaiting: Option<HashMap<u32, Vec<Serial>>>,
}

/// What was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    filter: Filter,
    sort: SortColumn,
    ascending: bool,
}

impl ListRows {
    /// Takes a row in, or what it is now.
    pub(crate) fn put(&mut self, indexed: Indexed) {
        let mut text = String::new();
        for written in &indexed.written {
            if !text.is_empty() {
                text.push(' ');
            }
            fold_onto(written, &mut text);
        }
        let text = text.trim();
        let place = self.places.get(&indexed.delivery).copied();
        let slot = place.unwrap_or(u32::try_from(self.rows.len()).unwrap_or(u32::MAX));
        let before = place.map(|place| self.rows[place as usize]);
        let text_place = match before.and_then(|row| row.text) {
            Some(known) if self.texts.get(known) == text.as_bytes() => Some(known),
            Some(known) => {
                self.texts.abandon(known);
                self.texts.put(slot, text)
            }
            None => self.texts.put(slot, text),
        };
        let row = Row {
            delivery: indexed.delivery,
            at: indexed.at.timestamp_millis(),
            place: indexed.place,
            line: self.lines.put((indexed.other, indexed.own_kind), |_| String::new()),
            office: self.offices.put(
                OfficeSeen {
                    number: indexed.other.office,
                    name: indexed.other_name,
                    kind: indexed.other.kind,
                },
                |office| fold(&format!("{}\n{}", office.name, office.number)),
            ),
            contents: self.contents.put(
                ContentsSeen {
                    unit: indexed.unit,
                    name: indexed.contents_name,
                    file_kinds: indexed.file_kinds,
                },
                |contents| fold(&format!("{}\n{}", contents.name, contents.file_kinds.join("\n"))),
            ),
            text: text_place,
            month: self
                .months
                .put(indexed.month, |month| month.map(month_text).unwrap_or_default()),
            serial: indexed.serial,
            standing: indexed.standing,
        };
        match before {
            Some(before) => {
                self.uncount(before.standing);
                self.rows[slot as usize] = row;
            }
            None => {
                self.rows.push(row);
                self.places.insert(row.delivery, slot);
            }
        }
        self.open += u32::from(row.standing.open);
        self.unsent += u32::from(row.standing.unsent);
        self.changed();
    }

    /// Takes a row out.
    pub(crate) fn remove(&mut self, delivery: DeliveryId) {
        let Some(slot) = self.places.remove(&delivery) else {
            return;
        };
        let gone = self.rows.swap_remove(slot as usize);
        self.uncount(gone.standing);
        if let Some(text) = gone.text {
            self.texts.abandon(text);
        }
        if let Some(moved) = self.rows.get(slot as usize) {
            self.places.insert(moved.delivery, slot);
            if let Some(text) = moved.text {
                self.texts.hand_over(text, slot);
            }
        }
        self.changed();
    }

    fn uncount(&mut self, standing: Standing) {
        self.open -= u32::from(standing.open);
        self.unsent -= u32::from(standing.unsent);
    }

    fn changed(&mut self) {
        self.kept = Kept::default();
        if self.texts.is_wasteful() {
            let rows = &mut self.rows;
            self.texts.compact(|row, text| rows[row as usize].text = Some(text));
        }
    }

    /// Gives back memory that was reserved while many rows came in.
    pub(crate) fn shrink(&mut self) {
        self.rows.shrink_to_fit();
        self.places.shrink_to_fit();
        self.texts.shrink();
    }

    /// Rows in all.
    pub(crate) fn total(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    /// Rows that are open.
    pub(crate) fn open(&self) -> u32 {
        self.open
    }

    /// Rows that are only on this desk.
    pub(crate) fn unsent(&self) -> u32 {
        self.unsent
    }

    /// When something was last sent to each of these offices or came from it; those that never occur are left out.
    pub(crate) fn last_with(&self, offices: &HashSet<OfficeNumber>) -> HashMap<OfficeNumber, DateTime<Utc>> {
        let asked: Vec<Option<OfficeNumber>> = (self.offices.items.iter())
            .map(|(office, _)| offices.get(&office.number).copied())
            .collect();
        let mut last: HashMap<OfficeNumber, i64> = HashMap::new();
        for row in self.rows.iter().filter(|row| row.standing.is_sent()) {
            if let Some(office) = asked.get(row.office as usize).copied().flatten() {
                let at = last.entry(office).or_insert(row.at);
                *at = row.at.max(*at);
            }
        }
        let dated = last.into_iter();
        dated
            .filter_map(|(office, at)| Some((office, DateTime::from_timestamp_millis(at)?)))
            .collect()
    }

    /// Every row, in no order.
    pub(crate) fn each(&self) -> impl Iterator<Item = Counted<'_>> {
        self.rows.iter().map(|row| self.counted(row))
    }

    fn counted(&self, row: &Row) -> Counted<'_> {
        Counted {
            at: row.at,
            other: &self.offices.items[row.office as usize].0,
            own_kind: self.lines.items[row.line as usize].0.1,
            unit: self.contents.items[row.contents as usize].0.unit.as_deref(),
            month: self.months.items[row.month as usize].0,
            standing: row.standing,
        }
    }

    /// So many of the newest rows that are wanted and reached somebody, the newest first, with their times; only those
    /// before a row, where that is a row.
    pub(crate) fn newest(
        &self,
        before: Option<DeliveryId>,
        count: usize,
        wanted: impl Fn(Counted<'_>) -> bool,
    ) -> Vec<(DeliveryId, DateTime<Utc>)> {
        let order = |row: &Row| (row.at, row.place, row.delivery);
        let bound = before.and_then(|delivery| self.places.get(&delivery));
        let bound = bound.map(|slot| order(&self.rows[*slot as usize]));
        let stands = |row: &&Row| {
            row.standing.is_sent()
                && !row.standing.came_to_nothing
                && bound.is_none_or(|bound| order(row) < bound)
                && wanted(self.counted(row))
        };
        let mut found: Vec<&Row> = self.rows.iter().filter(stands).collect();
        found.sort_unstable_by_key(|row| Reverse(order(row)));
        found.truncate(count);
        let dated = found.into_iter();
        dated
            .filter_map(|row| Some((row.delivery, DateTime::from_timestamp_millis(row.at)?)))
            .collect()
    }

    /// The offices that rows name.
    pub(crate) fn offices(&self) -> Vec<&OfficeSeen> {
        occurring(&self.offices, self.rows.iter().map(|row| row.office))
    }

    /// The contents that rows have.
    pub(crate) fn contents(&self) -> Vec<&ContentsSeen> {
        occurring(&self.contents, self.rows.iter().map(|row| row.contents))
    }

    /// The deliveries of a month that hold one of these units and have left the desk of their sender.
    pub(crate) fn of_month(&self, month: ServiceMonth, units: &[&str]) -> Vec<DeliveryId> {
        let meant = self.holding_units(units);
        let rows = self.rows.iter().filter(|row| row.standing.is_sent());
        rows.filter(|row| meant[row.contents as usize] && self.months.items[row.month as usize].0 == Some(month))
            .map(|row| row.delivery)
            .collect()
    }

    /// The months of which there are such.
    pub(crate) fn months_of(&self, units: &[&str]) -> BTreeSet<ServiceMonth> {
        let meant = self.holding_units(units);
        let rows = self.rows.iter().filter(|row| row.standing.is_sent());
        let months = rows.filter(|row| meant[row.contents as usize]);
        months
            .filter_map(|row| self.months.items[row.month as usize].0)
            .collect()
    }

    /// For each of the contents whether it is one of these units.
    fn holding_units(&self, units: &[&str]) -> Vec<bool> {
        let contents = self.contents.items.iter();
        contents
            .map(|(contents, _)| contents.unit.as_deref().is_some_and(|unit| units.contains(&unit)))
            .collect()
    }

    /// How many rows are wanted, and the identities of some of them.
    pub(crate) fn window(
        &mut self,
        filter: Filter,
        sort: SortColumn,
        ascending: bool,
        from: u32,
        count: u32,
    ) -> (u32, Vec<DeliveryId>) {
        let wanted = Found {
            filter,
            sort,
            ascending,
        };
        let order_kept = matches!(&self.kept.order, Some((of, _)) if *of == (sort, ascending));
        if !order_kept {
            self.kept.order = Some(((sort, ascending), self.ordered(sort, ascending)));
        }
        let order = self.kept.order.as_ref().map_or(&[][..], |(_, order)| order);
        let found_kept = matches!(&self.kept.found, Some((found, _)) if *found == wanted);
        let everything = wanted.filter.is_everything();
        if !everything && !found_kept {
            // Whoever types on looks only among what was found so far.
            let among = match &self.kept.found {
                Some((before, rows))
                    if (before.sort, before.ascending) == (sort, ascending)
                        && wanted.filter.narrows(&before.filter) =>
                {
                    rows
                }
                _ => order,
            };
            let found = self.matching(&wanted.filter, among);
            self.kept.found = Some((wanted, found));
        }
        let rows = match (&self.kept.found, everything) {
            (Some((_, found)), false) => found.as_slice(),
            _ => self.kept.order.as_ref().map_or(&[][..], |(_, order)| order),
        };
        let window = rows.iter().skip(from as usize).take(count as usize);
        let matching = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        (
            matching,
            window.map(|slot| self.rows[*slot as usize].delivery).collect(),
        )
    }

    /// How many deliveries of the same office and kinds with a smaller serial were received and not marked 取込済.
    pub(crate) fn import_before(&mut self, delivery: DeliveryId) -> u32 {
        let row = self.places.get(&delivery).map(|slot| self.rows[*slot as usize]);
        let Some((row, serial)) = row.and_then(|row| Some((row, row.serial?))) else {
            return 0;
        };
        let awaiting = self.kept.awaiting.get_or_insert_with(|| {
            let mut lines: HashMap<u32, Vec<Serial>> = HashMap::new();
            for row in self.rows.iter().filter(|row| row.standing.awaits_import) {
                if let Some(serial) = row.serial {
                    lines.entry(row.line).or_default().push(serial);
                }
            }
            lines.values_mut().for_each(|serials| serials.sort_unstable());
            lines
        });
        let serials = awaiting.get(&row.line).map_or(&[][..], Vec::as_slice);
        u32::try_from(serials.partition_point(|other| *other < serial)).unwrap_or(u32::MAX)
    }

    fn ordered(&self, sort: SortColumn, ascending: bool) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.total()).collect();
        let newest = |row: &Row| (row.at, row.place, row.delivery);
        if sort == SortColumn::At {
            match ascending {
                true => order.sort_unstable_by_key(|slot| newest(&self.rows[*slot as usize])),
                false => order.sort_unstable_by_key(|slot| {
                    let row = &self.rows[*slot as usize];
                    Reverse((row.standing.unsent, newest(row)))
                }),
            }
            return order;
        }
        order.sort_unstable_by_key(|slot| Reverse(newest(&self.rows[*slot as usize])));
        let ranks = match sort {
            SortColumn::Office => ranks(&self.offices, |office| (office.name.as_str(), office.number)),
            _ => ranks(&self.contents, |contents| contents.name.as_str()),
        };
        let key = |slot: &u32| {
            let row = &self.rows[*slot as usize];
            match sort {
                SortColumn::Office => (ranks[row.office as usize], None),
                SortColumn::Contents => (ranks[row.contents as usize], self.months.items[row.month as usize].0),
                SortColumn::At | SortColumn::Status => (u32::from(row.standing.rank), None),
            }
        };
        // Stable: what is equal stays newest first, whichever way the column goes.
        match ascending {
            true => order.sort_by_cached_key(key),
            false => order.sort_by_cached_key(|slot| Reverse(key(slot))),
        }
        order
    }

    /// Those among these rows that are wanted, in their order.
    fn matching(&self, filter: &Filter, among: &[u32]) -> Vec<u32> {
        let words: Vec<Hits> = filter.words.iter().map(|word| self.hits(word)).collect();
        let office: Option<Vec<bool>> = filter.office.map(|number| {
            self.offices
                .items
                .iter()
                .map(|(office, _)| office.number == number)
                .collect()
        });
        let contents: Option<Vec<bool>> = filter.contents.as_ref().map(|wanted| {
            let is_wanted = |contents: &ContentsSeen| match wanted {
                WantedContents::AttachmentsAlone => contents.unit.is_none(),
                WantedContents::Unit(id) => contents.unit.as_ref() == Some(id),
            };
            self.contents
                .items
                .iter()
                .map(|(contents, _)| is_wanted(contents))
                .collect()
        });
        let wanted = |slot: &u32| {
            let row = &self.rows[*slot as usize];
            (!filter.only_open || row.standing.open)
                && filter.since.is_none_or(|since| row.at >= since)
                && filter.before.is_none_or(|before| row.at < before)
                && office.as_ref().is_none_or(|wanted| wanted[row.office as usize])
                && contents.as_ref().is_none_or(|wanted| wanted[row.contents as usize])
                && words.iter().all(|hits| hits.holds(*slot, row))
        };
        among.iter().copied().filter(wanted).collect()
    }

    /// Where a word occurs.
    fn hits(&self, word: &str) -> Hits {
        let mut rows = vec![false; self.rows.len()];
        self.texts.find(word, |row| rows[row as usize] = true);
        Hits {
            offices: self.offices.holding(word),
            contents: self.contents.holding(word),
            months: self.months.holding(word),
            rows,
        }
    }
}

/// Where one word occurs.
struct Hits {
    offices: Vec<bool>,
    contents: Vec<bool>,
    months: Vec<bool>,
    rows: Vec<bool>,
}

impl Hits {
    fn holds(&self, slot: u32, row: &Row) -> bool {
        self.rows[slot as usize]
            || self.offices[row.office as usize]
            || self.contents[row.contents as usize]
            || self.months[row.month as usize]
    }
}

/// What a month is found by: as it is written in the list, in digits, and by the era.
fn month_text(month: ServiceMonth) -> String {
    /// 令和元年.
    const REIWA_FIRST: u16 = 2019;
    let (year, number) = (month.year(), month.month());
    let mut text = messages::contents::month(year, number);
    text += &format!("\n{year}{number:02}\n{year}/{number:02}\n{year}-{number:02}");
    if year >= REIWA_FIRST {
        text.push('\n');
        text += &messages::contents::month_of_era(year + 1 - REIWA_FIRST, number);
    }
    fold(&text)
}

fn occurring<T>(shared: &Shared<T>, places: impl Iterator<Item = u32>) -> Vec<&T> {
    let mut occurs = vec![false; shared.items.len()];
    places.for_each(|place| occurs[place as usize] = true);
    let items = shared.items.iter().zip(occurs);
    items.filter_map(|((item, _), occurs)| occurs.then_some(item)).collect()
}

/// For each its place by a key; the same for equal keys.
fn ranks<'a, T, K: Ord>(shared: &'a Shared<T>, key: impl Fn(&'a T) -> K) -> Vec<u32> {
    let mut sorted: Vec<(K, usize)> = shared
        .items
        .iter()
        .enumerate()
        .map(|(place, (item, _))| (key(item), place))
        .collect();
    sorted.sort_unstable();
    let mut ranks = vec![0; sorted.len()];
    let mut rank = 0;
    for (index, (key, place)) in sorted.iter().enumerate() {
        if index > 0 && sorted[index - 1].0 != *key {
            rank += 1;
        }
        ranks[*place] = rank;
    }
    ranks
}
