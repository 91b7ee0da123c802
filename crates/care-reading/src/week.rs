//! 週間サービス計画表 第3表: a usual week.

use chrono::Weekday;
use serde::{Serialize, Serializer};

use crate::{Form, Sheet, TimeOfDay};

/// 週間サービス計画表 第3表.
#[derive(Debug, Clone)]
pub struct WeeklyPlan {
    /// Its records: one for each weekly service and weekday, each daily activity, each other service.
    pub sheet: Sheet,
}

/// A service of every week.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct WeeklyService<'a> {
    /// Its weekday, as a program names it: `Mon`.
    #[serde(serialize_with = "short_name")]
    pub weekday: Option<Weekday>,
    /// From when.
    pub start: Option<TimeOfDay>,
    /// Until when.
    pub end: Option<TimeOfDay>,
    /// 介護サービス内容.
    pub content: &'a str,
    /// The whole record.
    pub form: &'a Form,
}

/// 主な日常生活上の活動.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct DailyActivity<'a> {
    /// From when.
    pub start: Option<TimeOfDay>,
    /// Until when.
    pub end: Option<TimeOfDay>,
    /// What the care recipient does.
    pub activity: &'a str,
    /// The whole record.
    pub form: &'a Form,
}

/// 週単位以外のサービス.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct OtherService<'a> {
    /// Which service, and how often.
    pub service: &'a str,
    /// The whole record.
    pub form: &'a Form,
}

fn short_name<S: Serializer>(weekday: &Option<Weekday>, serializer: S) -> Result<S::Ok, S::Error> {
    match weekday {
        Some(weekday) => serializer.collect_str(weekday),
        None => serializer.serialize_none(),
    }
}

/// The weekday of a code of the standard, 1 for Monday.
fn weekday(code: &str) -> Option<Weekday> {
    Some(match code {
        "1" => Weekday::Mon,
        "2" => Weekday::Tue,
        "3" => Weekday::Wed,
        "4" => Weekday::Thu,
        "5" => Weekday::Fri,
        "6" => Weekday::Sat,
        "7" => Weekday::Sun,
        _ => return None,
    })
}

fn any_filled(form: &Form, names: &[&str]) -> bool {
    names.iter().any(|name| form.get(name).is_some())
}

const SERVICE_FIELDS: &[&str] = &[
    "care_service_content",
    "weekday",
    "service_start_time",
    "service_end_time",
];
const ACTIVITY_FIELDS: &[&str] = &["daily_activity", "activity_start_time", "activity_end_time"];

impl WeeklyPlan {
    /// The services by weekday and time; those without a weekday last.
    pub fn services(&self) -> Vec<WeeklyService<'_>> {
        let mut services: Vec<WeeklyService<'_>> = self
            .sheet
            .rows
            .iter()
            .filter(|form| any_filled(form, SERVICE_FIELDS))
            .map(|form| WeeklyService {
                weekday: form.text("weekday").and_then(weekday),
                start: form.time("service_start_time"),
                end: form.time("service_end_time"),
                content: form.text("care_service_content").unwrap_or_default(),
                form,
            })
            .collect();
        services.sort_by_key(|service| {
            let day = service.weekday.map_or(7, |weekday| weekday.num_days_from_monday());
            (day, service.start, service.end)
        });
        services
    }

    /// The activities of a usual day by time; those without a time first, as they stand.
    pub fn activities(&self) -> Vec<DailyActivity<'_>> {
        let mut activities: Vec<DailyActivity<'_>> = self
            .sheet
            .rows
            .iter()
            .filter(|form| any_filled(form, ACTIVITY_FIELDS))
            .map(|form| DailyActivity {
                start: form.time("activity_start_time"),
                end: form.time("activity_end_time"),
                activity: form.text("daily_activity").unwrap_or_default(),
                form,
            })
            .collect();
        activities.sort_by_key(|activity| (activity.start, activity.end));
        activities
    }

    /// What is not every week, in printed order.
    pub fn others(&self) -> Vec<OtherService<'_>> {
        self.sheet
            .rows
            .iter()
            .filter_map(|form| {
                let service = form.text("other_than_weekly_services")?;
                Some(OtherService { service, form })
            })
            .collect()
    }
}

impl Serialize for WeeklyPlan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Content<'a> {
            services: Vec<WeeklyService<'a>>,
            activities: Vec<DailyActivity<'a>>,
            others: Vec<OtherService<'a>>,
            rest: Vec<&'a Form>,
        }
        let rows = self.sheet.rows.iter();
        let content = Content {
            services: self.services(),
            activities: self.activities(),
            others: self.others(),
            rest: rows.filter(|form| is_empty(form)).collect(),
        };
        self.sheet.wrap(content, serializer)
    }
}

/// Whether a record of the week says nothing of a week.
fn is_empty(form: &Form) -> bool {
    !any_filled(form, SERVICE_FIELDS)
        && !any_filled(form, ACTIVITY_FIELDS)
        && !any_filled(form, &["other_than_weekly_services"])
}
