//! A month: 第6表 サービス利用票 as planned and as done, and 第7表 サービス利用票別表.

use chrono::NaiveDate;
use serde::{Serialize, Serializer};

use crate::{Form, Sheet, TimeOfDay};

/// 第6表: what is planned (サービス利用票) or was done (実績情報), one record for each service day and code.
#[derive(Debug, Clone)]
pub struct MonthSheet {
    /// Its records.
    pub sheet: Sheet,
}

/// One service on one day.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Visit<'a> {
    /// サービス利用日.
    pub date: Option<NaiveDate>,
    /// From when; none for a service that is shown without a time.
    pub start: Option<TimeOfDay>,
    /// Until when.
    pub end: Option<TimeOfDay>,
    /// サービス回数.
    pub count: Option<i64>,
    /// 単位数 of one time.
    pub units: Option<i64>,
    /// サービスコード.
    pub service_code: &'a str,
    /// サービス事業者コード.
    pub office_number: &'a str,
    /// サービス事業所名.
    pub office_name: &'a str,
    /// The piece of rented equipment: its TAIS code, its notification code or at least its name.
    pub equipment: Option<&'a str>,
    /// The whole record.
    #[serde(skip)]
    pub form: &'a Form,
}

impl<'a> Visit<'a> {
    pub(crate) fn of(form: &'a Form) -> Self {
        Self {
            date: form.date("service_date"),
            start: form.time("start_time"),
            end: form.time("end_time"),
            count: form.number("service_count"),
            units: form.number("units"),
            service_code: form.text("service_code").unwrap_or_default(),
            office_number: form.text("service_office_number").unwrap_or_default(),
            office_name: form.text("service_office_name").unwrap_or_default(),
            equipment: form
                .text("tais_code")
                .or_else(|| form.text("equipment_notification_code"))
                .or_else(|| form.text("equipment_name")),
            form,
        }
    }

    /// Units of all its times.
    pub fn total_units(&self) -> i64 {
        self.units
            .unwrap_or_default()
            .saturating_mul(self.count.unwrap_or_default())
    }
}

/// One service of one office in the same way on several days.
#[derive(Debug, Serialize)]
pub struct ServicePattern<'a> {
    /// What is the same on all days; its date is that of the first.
    pub first: Visit<'a>,
    /// Every day of it, in order.
    pub visits: Vec<Visit<'a>>,
    /// Times on all days.
    pub count: i64,
    /// Units on all days.
    pub units: i64,
}

impl MonthSheet {
    /// Every record as a visit, in the order of the file.
    pub fn visits(&self) -> impl Iterator<Item = Visit<'_>> {
        self.sheet.rows.iter().map(Visit::of)
    }

    /// Records that differ in the day alone, put together: in order of office, code and time.
    pub fn patterns(&self) -> Vec<ServicePattern<'_>> {
        let mut visits: Vec<Visit<'_>> = self.visits().collect();
        visits.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| others(a.form).cmp(others(b.form))));
        let mut patterns: Vec<ServicePattern<'_>> = Vec::new();
        for visit in visits {
            let (count, units) = (visit.count.unwrap_or_default(), visit.total_units());
            match patterns.last_mut() {
                Some(pattern) if others(pattern.first.form).eq(others(visit.form)) => {
                    pattern.visits.push(visit);
                    pattern.count = pattern.count.saturating_add(count);
                    pattern.units = pattern.units.saturating_add(units);
                }
                _ => patterns.push(ServicePattern {
                    first: visit,
                    visits: vec![visit],
                    count,
                    units,
                }),
            }
        }
        for pattern in &mut patterns {
            pattern.visits.sort_by_key(|visit| visit.date);
        }
        patterns
    }
}

fn order<'a>(visit: &Visit<'a>) -> (&'a str, &'a str, Option<TimeOfDay>, Option<TimeOfDay>) {
    (visit.office_number, visit.service_code, visit.start, visit.end)
}

/// Everything of a record but its day.
fn others(form: &Form) -> impl Iterator<Item = (u16, &crate::Value)> {
    form.entries()
        .filter(|(field, _)| field.name != "service_date")
        .map(|(field, value)| (field.number, value))
}

impl Serialize for MonthSheet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Content<'a> {
            rows: &'a [Form],
        }
        self.sheet.wrap(Content { rows: &self.sheet.rows }, serializer)
    }
}

/// 第7表 サービス利用票別表: units and money of a month.
#[derive(Debug, Clone)]
pub struct Annex {
    /// Its records.
    pub sheet: Sheet,
}

/// What a line of the annex is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnexLineKind {
    /// One service code of one office.
    Service,
    /// A subtotal of an office and service type (`11AAAA`, `11EEEE`, `11ZZZZ`).
    Subtotal,
    /// The grand total (office `9999999999`, code `999999`).
    Total,
}

/// A line of the annex.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct AnnexLine<'a> {
    /// What it is.
    pub line: AnnexLineKind,
    /// The whole record.
    #[serde(flatten)]
    pub form: &'a Form,
}

impl Annex {
    /// The lines in printed order.
    pub fn lines(&self) -> impl Iterator<Item = AnnexLine<'_>> {
        self.sheet.rows.iter().map(|form| {
            let code = form.text("service_code").unwrap_or_default();
            let line = match code.get(2..) {
                _ if code == "999999" => AnnexLineKind::Total,
                Some("AAAA" | "EEEE" | "ZZZZ") => AnnexLineKind::Subtotal,
                _ => AnnexLineKind::Service,
            };
            AnnexLine { line, form }
        })
    }
}

impl Serialize for Annex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Content<'a> {
            rows: Vec<AnnexLine<'a>>,
        }
        let content = Content {
            rows: self.lines().collect(),
        };
        self.sheet.wrap(content, serializer)
    }
}
