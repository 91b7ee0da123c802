//! The documents of a care recipient: records of one kind that belong together.
//!
//! A document keeps its records as they came, in order; what a form shows beside each other (needs with their goals, a
//! week, a month's visits) is a view that borrows them. So nothing of a record can be lost on the way into a document.

use std::sync::Arc;

use care_model::{ExchangeFileName, FileKind, ServiceMonth};
use chrono::NaiveDate;
use serde::{Serialize, Serializer};

use crate::{Form, Value, value::iso};

/// A file that was read.
#[derive(Debug, Clone)]
pub struct ReadFile {
    /// Its name.
    pub name: ExchangeFileName,
    /// Records that were read.
    pub records: u32,
    /// Records that were left out: larger than a record may be, or beyond the limits of one reading.
    pub left_out: u32,
    /// Whether it is UTF-8 and not MS932 as the standard has it.
    pub is_utf8: bool,
}

/// Records of one kind, one care recipient, one file and one linking date or month.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// The file they are from.
    pub file: Arc<ReadFile>,
    /// The plan date, consultation date or month by which the files of a unit belong together.
    pub link: Option<Value>,
    /// The records, in order; at least one.
    pub rows: Vec<Form>,
}

impl Sheet {
    /// What kind of file it is from.
    pub fn kind(&self) -> FileKind {
        self.file.name.kind
    }

    /// Its month, if it is about one.
    pub fn month(&self) -> Option<ServiceMonth> {
        match self.link {
            Some(Value::Month(month)) => Some(month),
            _ => self.file.name.service_month(),
        }
    }

    /// The plan date or consultation date.
    pub fn linked_on(&self) -> Option<NaiveDate> {
        match self.link {
            Some(Value::Date(date)) => Some(date),
            _ => None,
        }
    }
}

/// What every document has for programs around its own content.
#[derive(Serialize)]
struct Envelope<'a, T> {
    file: &'a str,
    month: Option<String>,
    link: &'a Option<Value>,
    #[serde(flatten)]
    content: T,
}

impl Sheet {
    /// Writes the document's own content among what every document has.
    pub(crate) fn wrap<S: Serializer>(&self, content: impl Serialize, serializer: S) -> Result<S::Ok, S::Error> {
        let envelope = Envelope {
            file: self.file.name.as_str(),
            month: self.month().map(iso),
            link: &self.link,
            content,
        };
        envelope.serialize(serializer)
    }
}

/// The records alone, for documents without a view.
#[derive(Serialize)]
struct Rows<'a> {
    rows: &'a [Form],
}

impl Serialize for Sheet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.wrap(Rows { rows: &self.rows }, serializer)
    }
}

/// 利用者補足情報: who the care recipient is, and what limits apply.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Supplement {
    /// Its records, usually one.
    pub sheet: Sheet,
}

/// 居宅サービス計画書 第1表: the plan itself.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct CarePlan {
    /// Its records, usually one.
    pub sheet: Sheet,
}

impl CarePlan {
    /// 居宅サービス計画作成（変更）日.
    pub fn planned_on(&self) -> Option<NaiveDate> {
        self.sheet.linked_on()
    }
}

/// A deletion: the key of what the sender withdraws.
#[derive(Debug, Clone)]
pub struct Deletion {
    /// Its records.
    pub sheet: Sheet,
}

impl Deletion {
    /// The kinds of files that it withdraws for the same key (標準仕様 4.1 本文 削除の連携).
    pub fn withdraws(&self) -> &'static [FileKind] {
        match self.sheet.kind() {
            FileKind::PlanDeletion => &[FileKind::PlanSheet1, FileKind::PlanSheet2, FileKind::WeeklyPlan],
            FileKind::UseSlipDeletion => &[FileKind::UseSlip, FileKind::UseSlipAnnex],
            FileKind::ActualsDeletion => &[FileKind::Actuals],
            FileKind::ProfileDeletion => &[
                FileKind::RecipientProfile,
                FileKind::ProfileDay,
                FileKind::ProfileMedicalHistory,
                FileKind::ProfileImage,
            ],
            FileKind::PreventionPlanDeletion => &[FileKind::PreventionPlan, FileKind::PreventionPlanSupport],
            _ => &[],
        }
    }
}

impl Serialize for Deletion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Content<'a> {
            withdraws: Vec<&'static str>,
            rows: &'a [Form],
        }
        let content = Content {
            withdraws: self.withdraws().iter().map(FileKind::prefix).collect(),
            rows: &self.sheet.rows,
        };
        self.sheet.wrap(content, serializer)
    }
}

/// Where a record of a tree of numbered entries goes: with the entry before it, or into one of its own.
///
/// An entry is written once and its further records carry empty texts or the same ones; some programs leave the numbers
/// away as well. A different number or a different text begins the next entry.
pub(crate) fn continues(number: (Option<&Value>, Option<&Value>), texts: &[(&str, &str)]) -> bool {
    let (current, next) = number;
    (next.is_none() || current == next)
        && texts
            .iter()
            .all(|(current, next)| current.is_empty() || next.is_empty() || current == next)
}

/// Takes a text that was empty so far.
pub(crate) fn fill<'a>(text: &mut &'a str, from: &'a str) {
    if text.is_empty() {
        *text = from;
    }
}
