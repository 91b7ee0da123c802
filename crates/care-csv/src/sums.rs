//! Subtotals and grand totals of the annex (第7表): is there a grand total for everybody, and are they sums of their rows?
//!
//! What belongs to a subtotal is not written in a row. A row with 給付管理単位数 counts against the limit for certain and so
//! belongs to its service kind's subtotal; one without may or may not. So a sum is only called wrong if no choice of the
//! uncertain rows gives it, and rows beyond 30 days, of which the standard says too little, leave it unjudged.

use std::collections::HashMap;

use care_layout::Layout;
use care_model::{FileKind, FindingCode, FindingRule, Severity};

use crate::field_check::number;
use crate::findings_list::{FindingsList, Found};
use crate::keys::hash;
use crate::record::bare;
use crate::scan::{FieldSet, Split, one};

/// People and groups of rows that are kept, some megabytes; a file of more is not judged.
pub(crate) const SUMS_MAX: usize = 100_000;

/// Adds up the rows of an annex.
pub(crate) struct Sums {
    columns: Columns,
    people: HashMap<u64, Person>,
    groups: HashMap<(u64, u64), Group>,
    /// The person of the last row, and its group of rows.
    person: u64,
    group: u64,
    /// A row could not be read, or there were too many: nothing is judged.
    broken: bool,
}

/// Where the fields stand, from 0.
struct Columns {
    layout: &'static Layout,
    month: usize,
    office: usize,
    code: usize,
    amount: usize,
    managed: usize,
    beyond: usize,
}

/// The rows of one person and month.
#[derive(Default)]
struct Person {
    first_row: u32,
    rows: Added,
    total: Printed,
}

/// The rows of one person, office and service kind.
#[derive(Default)]
struct Group {
    rows: Added,
    inside: Printed,
    outside: Printed,
}

/// What rows add up to.
#[derive(Default)]
struct Added {
    /// Amounts of rows that count against the limit for certain.
    certain: i64,
    /// Positive and negative amounts of the others.
    up: i64,
    down: i64,
    /// Units for benefit management, and whether every row has them.
    managed: i64,
    managed_missing: bool,
    /// A row without an amount, or beyond 30 days.
    unclear: bool,
}

/// A printed subtotal or total. Of several (as satellites may have) it is not said which rows belong to which.
#[derive(Default)]
struct Printed {
    amount: Option<i64>,
    managed: Option<i64>,
    row: u32,
    unclear: bool,
}

impl Sums {
    /// For a file of this layout, if it is an annex.
    pub(crate) fn of(layout: &'static Layout) -> Option<Self> {
        if layout.kind != FileKind::UseSlipAnnex {
            return None;
        }
        Some(Self {
            columns: Columns {
                layout,
                month: layout.index("target_month")?,
                office: layout.index("service_office_number")?,
                code: layout.index("service_code")?,
                amount: layout.index("service_units_or_amount")?,
                managed: layout.index("benefit_management_units")?,
                beyond: layout.index("over_30_days")?,
            },
            people: HashMap::new(),
            groups: HashMap::new(),
            person: 0,
            group: 0,
            broken: false,
        })
    }

    /// A row could not be read: nothing that depends on it can be judged.
    pub(crate) fn spoil(&mut self) {
        self.broken = true;
    }

    fn is_full(&self) -> bool {
        self.people.len() + self.groups.len() > SUMS_MAX
    }

    /// Takes a row that has the layout's fields.
    pub(crate) fn take(&mut self, record: &[u8], split: &Split, row: u32) {
        if self.broken {
            return;
        }
        let columns = &self.columns;
        let value = |index| bare(split.field(record, index));
        let code = value(columns.code);
        let who: FieldSet = one(1) | one(2) | one(columns.month);
        if split.changed & who != 0 {
            self.person = hash(value(1)) ^ hash(value(2)).rotate_left(21) ^ hash(value(columns.month)).rotate_left(42);
        }
        if split.changed & (one(columns.office) | one(columns.code)) != 0 {
            self.group = hash(value(columns.office)) ^ hash(code.get(..2).unwrap_or_default()).rotate_left(21);
        }
        if self.is_full() {
            self.broken = true;
            return;
        }
        let person = self.people.entry(self.person).or_insert_with(|| Person {
            first_row: row,
            ..Person::default()
        });
        let amount = number(value(columns.amount));
        let managed = number(value(columns.managed));
        if code == b"999999" {
            person.total.take(amount, managed, row);
            return;
        }
        let group = self.groups.entry((self.person, self.group)).or_default();
        match code.get(2..) {
            Some(b"AAAA") => group.inside.take(amount, managed, row),
            Some(b"EEEE") => group.outside.take(amount, managed, row),
            Some(b"ZZZZ") => {
                group.rows.unclear = true;
                person.rows.unclear = true;
            }
            _ => {
                let beyond = value(columns.beyond) == b"1";
                group.rows.take(amount, managed, beyond);
                person.rows.take(amount, managed, beyond);
            }
        }
    }

    /// Judges all at the end of the file.
    pub(crate) fn finish(self, list: &mut FindingsList) {
        if self.broken || self.is_full() {
            return;
        }
        let found = |code, rule, row, column: Option<usize>| Found {
            severity: Severity::Warns,
            code,
            rule,
            row,
            column: column.and_then(|index| u32::try_from(index + 1).ok()),
            field: column.and_then(|index| self.columns.layout.fields.get(index)),
        };
        let mut wrong: Vec<(Found, Option<(i64, String)>)> = Vec::new();
        let (amount, managed) = (self.columns.amount, self.columns.managed);
        for person in self.people.values() {
            if person.total.row == 0 {
                let code = self.columns.code;
                let place = found(FindingCode::TotalRow, None, person.first_row, None);
                wrong.push((
                    Found {
                        field: self.columns.layout.fields.get(code),
                        ..place
                    },
                    None,
                ));
                continue;
            }
            let total = |column| {
                found(
                    FindingCode::Sum,
                    Some(FindingRule::Total),
                    person.total.row,
                    Some(column),
                )
            };
            wrong.extend(person.rows.differs(&person.total).map(|sum| (total(amount), Some(sum))));
            wrong.extend(
                person
                    .rows
                    .managed_differs(&person.total)
                    .map(|sum| (total(managed), Some(sum))),
            );
        }
        for group in self.groups.values() {
            let sub = |printed: &Printed, column| {
                found(FindingCode::Sum, Some(FindingRule::Subtotal), printed.row, Some(column))
            };
            let inside = &group.inside;
            wrong.extend(group.rows.differs(inside).map(|sum| (sub(inside, amount), Some(sum))));
            wrong.extend(
                group
                    .rows
                    .managed_differs(inside)
                    .map(|sum| (sub(inside, managed), Some(sum))),
            );
            let outside = &group.outside;
            wrong.extend(
                group
                    .rows
                    .exceeded_by(outside)
                    .map(|sum| (sub(outside, amount), Some(sum))),
            );
        }
        // Tables of hashes have no order of their own.
        wrong.sort_by_key(|(found, _)| (found.row, found.column));
        for (found, sum) in wrong {
            match sum {
                None => list.add(found, None),
                Some((printed, expected)) => {
                    let value = printed.to_string();
                    list.add_with(found, Some(value.as_bytes()), || vec![("expected", expected)]);
                }
            }
        }
    }
}

impl Printed {
    fn take(&mut self, amount: Option<i64>, managed: Option<i64>, row: u32) {
        self.unclear |= self.row != 0;
        self.row = row;
        self.amount = amount;
        self.managed = managed;
    }
}

impl Added {
    fn take(&mut self, amount: Option<i64>, managed: Option<i64>, beyond: bool) {
        self.unclear |= beyond;
        match amount {
            None => self.unclear = true,
            // Zero says no more than nothing: programs write either for what is outside the limit.
            Some(amount) if managed.is_some_and(|units| units != 0) => {
                self.certain = self.certain.saturating_add(amount)
            }
            Some(amount) if amount > 0 => self.up = self.up.saturating_add(amount),
            Some(amount) => self.down = self.down.saturating_add(amount),
        }
        match managed {
            Some(managed) => self.managed = self.managed.saturating_add(managed),
            None => self.managed_missing = true,
        }
    }

    /// The printed amount and the sum, if they differ whatever the uncertain rows belong to.
    fn differs(&self, printed: &Printed) -> Option<(i64, String)> {
        let amount = printed.amount.filter(|_| !self.unclear && !printed.unclear)?;
        let (least, most) = (
            self.certain.saturating_add(self.down),
            self.certain.saturating_add(self.up),
        );
        let sum = match least == most {
            true => most.to_string(),
            false => format!("{least}～{most}"),
        };
        (!(least..=most).contains(&amount)).then_some((amount, sum))
    }

    /// The same for the units of benefit management.
    fn managed_differs(&self, printed: &Printed) -> Option<(i64, String)> {
        let managed = printed
            .managed
            .filter(|_| !self.unclear && !printed.unclear && !self.managed_missing)?;
        (managed != self.managed).then(|| (managed, self.managed.to_string()))
    }

    /// The same for a subtotal outside the limit: it holds none of the certain rows, and may hold fewer than all others.
    fn exceeded_by(&self, printed: &Printed) -> Option<(i64, String)> {
        let amount = printed.amount.filter(|_| !self.unclear && !printed.unclear)?;
        (!(self.down..=self.up).contains(&amount)).then(|| (amount, self.up.to_string()))
    }
}
