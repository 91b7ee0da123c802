//! 予定 against 実績: what was planned and what was done, by care recipient, month, service office and service code.
//!
//! A slip lists the services of all offices, whichever office it goes to, and each office reports its own results only.
//! So only offices that reported are compared; what others were to do is listed apart and is no difference.
//! Where several documents have the same key, the one with the latest serial counts, and a later deletion withdraws it
//! (標準仕様 4.1 本文: 更新は同じキーのものを置き換える).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use care_model::{Address, FileKind, Serial, ServiceMonth};
use chrono::NaiveDate;
use serde::{Serialize, Serializer};

use crate::{MonthSheet, ReadFile, Reading, Recipient, TimeOfDay, Visit, pairs, value::iso};

/// The plan against the actuals.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Comparison {
    /// Months of the plan.
    #[serde(serialize_with = "months")]
    pub planned_months: BTreeSet<ServiceMonth>,
    /// Months of the actuals.
    #[serde(serialize_with = "months")]
    pub actual_months: BTreeSet<ServiceMonth>,
    /// Care recipients with services on either side, in the order of the plan.
    pub recipients: Vec<RecipientComparison>,
}

/// One care recipient.
#[derive(Debug, Clone, Serialize)]
pub struct RecipientComparison {
    /// 保険者番号.
    pub insurer_number: String,
    /// 被保険者番号.
    pub insured_number: String,
    /// The name, if a file says it.
    pub name: Option<String>,
    /// The name in kana.
    #[serde(skip)]
    pub name_kana: Option<String>,
    /// On which side there is anything.
    pub side: Side,
    /// What was compared, by month, office and code.
    pub services: Vec<ServiceComparison>,
    /// Planned services of offices that reported nothing of the month.
    pub unreported: Vec<Unreported>,
    /// The files of the documents that counted.
    #[serde(skip)]
    pub files: Vec<Arc<ReadFile>>,
}

/// Where something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// In the plan and in the actuals.
    Both,
    /// In the plan only.
    PlanOnly,
    /// In the actuals only.
    ActualOnly,
}

/// One service code of one office in one month.
#[derive(Debug, Clone, Serialize)]
pub struct ServiceComparison {
    /// The month.
    #[serde(serialize_with = "month")]
    pub month: Option<ServiceMonth>,
    /// サービス事業者コード.
    pub office_number: String,
    /// サービス事業所名.
    pub office_name: String,
    /// サービスコード.
    pub service_code: String,
    /// Services that were done as planned.
    pub as_planned: u32,
    /// Every service that was not, by day.
    pub differences: Vec<Difference>,
    /// What was planned.
    pub planned: Sum,
    /// What was done.
    pub actual: Sum,
    /// On which days, and how often on each.
    #[serde(skip)]
    pub planned_days: Days,
    /// The same of what was done.
    #[serde(skip)]
    pub actual_days: Days,
}

/// How often on each day; services without one stand under none.
pub type Days = BTreeMap<Option<NaiveDate>, i64>;

/// Times and units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Sum {
    /// Times.
    pub count: i64,
    /// Units of all times.
    pub units: i64,
}

/// Planned services of which nothing was reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreported {
    /// The month.
    #[serde(serialize_with = "month")]
    pub month: Option<ServiceMonth>,
    /// サービス事業者コード.
    pub office_number: String,
    /// サービス事業所名.
    pub office_name: String,
    /// サービスコード.
    pub service_code: String,
    /// What was planned.
    pub planned: Sum,
    /// On which days, and how often on each.
    #[serde(skip)]
    pub planned_days: Days,
}

/// A service that was not done as planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The day as planned, or of what was added.
    pub date: Option<NaiveDate>,
    /// What differs.
    pub change: Change,
    /// As planned.
    pub planned: Option<Times>,
    /// As done.
    pub actual: Option<Times>,
}

/// What differs. Where several things do, the first of these counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Planned, and not done.
    Cancelled,
    /// Done, and not planned.
    Added,
    /// At another time.
    Time,
    /// More or fewer times.
    Count,
    /// Other units for one time.
    Units,
    /// Another piece of equipment.
    Equipment,
    /// On another day, and without a time on both: mostly an addition by the month.
    Day,
}

/// When, how often and with how many units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Times {
    /// Which day.
    pub date: Option<NaiveDate>,
    /// From when.
    pub start: Option<TimeOfDay>,
    /// Until when.
    pub end: Option<TimeOfDay>,
    /// How often.
    pub count: Option<i64>,
    /// Units of one time.
    pub units: Option<i64>,
    /// The piece of equipment, by its name or code.
    pub equipment: Option<String>,
    /// The record in its file, from 1.
    pub row: u32,
}

fn months<S: Serializer>(months: &BTreeSet<ServiceMonth>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(months.iter().map(|month| iso(*month)))
}

fn month<S: Serializer>(month: &Option<ServiceMonth>, serializer: S) -> Result<S::Ok, S::Error> {
    month.map(iso).serialize(serializer)
}

impl Comparison {
    /// Whether anything is not as planned: a service, a month that is only on one side, or an actual without a plan.
    pub fn differs(&self) -> bool {
        self.planned_months != self.actual_months
            || self
                .recipients
                .iter()
                .flat_map(|recipient| &recipient.services)
                .any(|service| !service.differences.is_empty())
    }
}

impl ServiceComparison {
    /// Units done beyond the plan; less than zero if fewer.
    pub fn units_over_plan(&self) -> i64 {
        self.actual.units.saturating_sub(self.planned.units)
    }
}

impl Sum {
    fn add(&mut self, visit: &Visit<'_>) {
        self.count = self.count.saturating_add(visit.count.unwrap_or_default());
        self.units = self.units.saturating_add(visit.total_units());
    }
}

/// Compares the use slips of the plan with the actuals.
pub fn compare(plan: &Reading, actual: &Reading) -> Comparison {
    let mut comparison = Comparison {
        planned_months: months_of(plan, |recipient| &recipient.use_slips),
        actual_months: months_of(actual, |recipient| &recipient.actuals),
        recipients: Vec::new(),
    };
    let reporters = Reporters::of(actual);
    let done: HashMap<(&str, &str), &Recipient> = by_numbers(actual).collect();
    let planned: HashMap<(&str, &str), &Recipient> = by_numbers(plan).collect();
    for (numbers, recipient) in by_numbers(plan) {
        comparison.add(Some(recipient), done.get(&numbers).copied(), &reporters);
    }
    for (_, recipient) in by_numbers(actual).filter(|(numbers, _)| !planned.contains_key(numbers)) {
        comparison.add(None, Some(recipient), &reporters);
    }
    comparison
}

fn by_numbers(reading: &Reading) -> impl Iterator<Item = ((&str, &str), &Recipient)> {
    let recipients = reading.recipients.iter();
    recipients.map(|recipient| ((&*recipient.insurer_number, &*recipient.insured_number), recipient))
}

fn months_of(reading: &Reading, sheets: impl Fn(&Recipient) -> &Vec<MonthSheet>) -> BTreeSet<ServiceMonth> {
    reading
        .recipients
        .iter()
        .flat_map(|recipient| sheets(recipient).iter().filter_map(|sheet| sheet.sheet.month()))
        .collect()
}

/// Who reported what: an office of a month, with the service type where the file's name has it.
struct Reporters(BTreeSet<(Option<ServiceMonth>, String, Option<String>)>);

impl Reporters {
    fn of(actual: &Reading) -> Self {
        let mut known = BTreeSet::new();
        for file in actual.files.iter().filter(|file| file.name.kind == FileKind::Actuals) {
            let from = file.name.from;
            let kind = from.kind.map(|kind| kind.to_string());
            known.insert((file.name.service_month(), from.office.to_string(), kind));
        }
        // A file may hold several offices or types, whatever its name says.
        for sheet in actual.recipients.iter().flat_map(|recipient| &recipient.actuals) {
            for visit in sheet.visits() {
                let kind = visit.service_code.get(..2).map(str::to_owned);
                known.insert((sheet.sheet.month(), visit.office_number.to_owned(), kind));
            }
        }
        Self(known)
    }

    fn reported(&self, month: Option<ServiceMonth>, office: &str, code: &str) -> bool {
        let kind = code.get(..2).map(str::to_owned);
        self.0.contains(&(month, office.to_owned(), kind)) || self.0.contains(&(month, office.to_owned(), None))
    }
}

/// Month, office and code.
type ServiceKey<'a> = (Option<ServiceMonth>, &'a str, &'a str);

/// What is on the two sides of one service.
#[derive(Default)]
struct Sides<'a> {
    planned: Vec<Visit<'a>>,
    actual: Vec<Visit<'a>>,
}

impl Comparison {
    /// Compares one care recipient.
    fn add(&mut self, planned: Option<&Recipient>, actual: Option<&Recipient>, reporters: &Reporters) {
        let Some(known) = planned.or(actual) else { return };
        let mut services: BTreeMap<ServiceKey<'_>, Sides<'_>> = BTreeMap::new();
        let mut files: Vec<Arc<ReadFile>> = Vec::new();
        let slips = planned.map(|recipient| in_force(recipient, &recipient.use_slips, FileKind::UseSlipDeletion));
        for sheet in slips.into_iter().flatten() {
            files.push(Arc::clone(&sheet.sheet.file));
            for visit in sheet.visits() {
                let key = (sheet.sheet.month(), visit.office_number, visit.service_code);
                services.entry(key).or_default().planned.push(visit);
            }
        }
        let reported = actual.map(|recipient| in_force(recipient, &recipient.actuals, FileKind::ActualsDeletion));
        for sheet in reported.into_iter().flatten() {
            files.push(Arc::clone(&sheet.sheet.file));
            for visit in sheet.visits() {
                let key = (sheet.sheet.month(), visit.office_number, visit.service_code);
                services.entry(key).or_default().actual.push(visit);
            }
        }
        let side = match (
            services.values().any(|sides| !sides.planned.is_empty()),
            services.values().any(|sides| !sides.actual.is_empty()),
        ) {
            (true, true) => Side::Both,
            (true, false) => Side::PlanOnly,
            (false, true) => Side::ActualOnly,
            (false, false) => return,
        };
        let mut compared = Vec::new();
        let mut unreported = Vec::new();
        for ((month, office, code), sides) in services {
            let office_name = sides.planned.iter().chain(&sides.actual).map(|visit| visit.office_name);
            let office_name = office_name.max_by_key(|name| !name.is_empty()).unwrap_or_default();
            let sum = |visits: &[Visit<'_>]| {
                let mut sum = Sum::default();
                visits.iter().for_each(|visit| sum.add(visit));
                sum
            };
            let total = sum(&sides.planned);
            if sides.actual.is_empty() && !reporters.reported(month, office, code) {
                unreported.push(Unreported {
                    month,
                    office_number: office.to_owned(),
                    office_name: office_name.to_owned(),
                    service_code: code.to_owned(),
                    planned: total,
                    planned_days: days_of(&sides.planned),
                });
                continue;
            }
            let paired = pairs::pair(&sides.planned, &sides.actual);
            compared.push(ServiceComparison {
                month,
                office_number: office.to_owned(),
                office_name: office_name.to_owned(),
                service_code: code.to_owned(),
                as_planned: paired.as_planned,
                differences: paired.differences,
                planned: total,
                actual: sum(&sides.actual),
                planned_days: days_of(&sides.planned),
                actual_days: days_of(&sides.actual),
            });
        }
        let name = |recipient: &Recipient| recipient.name.clone();
        let kana = |recipient: &Recipient| recipient.name_kana.clone();
        self.recipients.push(RecipientComparison {
            insurer_number: known.insurer_number.clone(),
            insured_number: known.insured_number.clone(),
            name: planned.and_then(name).or_else(|| actual.and_then(name)),
            name_kana: planned.and_then(kana).or_else(|| actual.and_then(kana)),
            side,
            services: compared,
            unreported,
            files,
        });
    }
}

fn days_of(visits: &[Visit<'_>]) -> Days {
    let mut days = Days::new();
    for visit in visits {
        let times = days.entry(visit.date).or_default();
        *times = times.saturating_add(visit.count.unwrap_or_default());
    }
    days
}

/// The documents that count: of each month and sender the one with the latest serial that no later deletion withdraws.
/// A plan is the same for every office it goes to, so its addressee is no part of the key; a result is one sender's.
fn in_force<'a>(
    recipient: &'a Recipient,
    sheets: &'a [MonthSheet],
    deletion: FileKind,
) -> impl Iterator<Item = &'a MonthSheet> {
    let withdrawn = |sheet: &MonthSheet| {
        let name = &sheet.sheet.file.name;
        let deletions = recipient.deletions.iter().map(|deletion| &deletion.sheet);
        deletions
            .filter(|other| other.kind() == deletion && other.month() == sheet.sheet.month())
            .map(|other| &other.file.name)
            .any(|other| other.serial > name.serial && (other.from, other.to) == (name.from, name.to))
    };
    let mut latest: BTreeMap<(Option<ServiceMonth>, Address), (Serial, &MonthSheet)> = BTreeMap::new();
    for sheet in sheets.iter().filter(|sheet| !withdrawn(sheet)) {
        let name = &sheet.sheet.file.name;
        let entry = latest
            .entry((sheet.sheet.month(), name.from))
            .or_insert((name.serial, sheet));
        if name.serial >= entry.0 {
            *entry = (name.serial, sheet);
        }
    }
    latest.into_values().map(|(_, sheet)| sheet)
}

impl Times {
    pub(crate) fn of(visit: &Visit<'_>) -> Self {
        Self {
            date: visit.date,
            start: visit.start,
            end: visit.end,
            count: visit.count,
            units: visit.units,
            equipment: visit.equipment.map(str::to_owned),
            row: visit.form.row(),
        }
    }
}
