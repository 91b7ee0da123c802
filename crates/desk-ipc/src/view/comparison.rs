//! 予定と実績をくらべる: what was planned for a month against what was reported, by care recipient and office.

use care_model::{OfficeNumber, ServiceMonth};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{FormView, OfficeView, ReadFileView};

/// The month to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ComparisonStart {
    /// サービス提供年月.
    #[ts(type = "string")]
    pub month: ServiceMonth,
}

/// A month that was compared.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ComparisonView {
    /// サービス提供年月.
    #[ts(type = "string")]
    pub month: ServiceMonth,
    /// When: what came later is not in it.
    #[ts(type = "string")]
    pub made_at: DateTime<Utc>,
    /// Until when actuals usually come: the 5th of the next month.
    #[ts(type = "string")]
    pub due: NaiveDate,
    /// Until when offices claim: the 10th of the next month.
    #[ts(type = "string")]
    pub claimed_until: NaiveDate,
    /// Whether that 5th has come.
    pub is_due: bool,
    /// Every month of which there are plans or actuals, the latest first.
    #[ts(type = "Array<string>")]
    pub months: Vec<ServiceMonth>,
    /// The offices on the other side, by name.
    pub offices: Vec<ComparedOffice>,
    /// How many care recipients there are in each state, in the order in which the list has them.
    pub states: Vec<StateCount>,
}

/// An office on the other side.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ComparedOffice {
    /// Which.
    pub office: OfficeView,
    /// What could not be read, and what that means.
    pub remarks: Vec<String>,
    /// Files in which something was found.
    pub files: Vec<ReadFileView>,
    /// How many care recipients there are in each state.
    pub states: Vec<StateCount>,
}

/// How it stands with a care recipient at an office, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ComparisonState {
    /// Planned, and no actuals have come.
    Missing,
    /// One side is not here, but something that might hold it cannot be read.
    Unclear,
    /// Something is not as planned.
    Differs,
    /// Actuals have come, and nothing was planned.
    Unplanned,
    /// Everything is as planned.
    AsPlanned,
    /// The plan went to this office and names no service of it.
    NotTheirs,
}

/// Care recipients in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StateCount {
    /// Which.
    pub state: ComparisonState,
    /// How many.
    pub count: u32,
}

/// Which care recipients.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct ComparisonQuery {
    /// Words that must all occur in name, kana, number or office; as typed.
    pub text: String,
    /// Only with this office.
    #[ts(type = "string | null")]
    pub office: Option<OfficeNumber>,
    /// Only in this state.
    pub state: Option<ComparisonState>,
}

/// A window of the month that was compared last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct ComparisonRequest {
    /// Of which care recipients.
    pub query: ComparisonQuery,
    /// The place of its first row among those, from 0.
    pub from: u32,
    /// How many rows; at most [`care_model::limits::WINDOW_ROWS_MAX`].
    pub count: u32,
}

/// Its rows, the most urgent first.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ComparisonRows {
    /// The rows of the window.
    pub rows: Vec<ComparisonRow>,
    /// How many care recipients are meant.
    pub matching: u32,
    /// How many there are.
    pub total: u32,
}

/// A care recipient at an office.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ComparisonRow {
    /// To ask for the days by.
    pub number: u32,
    /// The office on the other side.
    pub office: OfficeView,
    /// Whether it is this office that reports to it.
    pub ours: bool,
    /// The name; none if no file has it.
    pub name: Option<String>,
    /// The name in kana.
    pub name_kana: Option<String>,
    /// 被保険者番号, as written.
    pub insured_number: String,
    /// How it stands.
    pub state: ComparisonState,
    /// The same in words.
    pub state_name: String,
    /// Times and units as planned; empty where nothing was.
    pub planned: String,
    /// Times and units as done; empty where nothing was.
    pub actual: String,
    /// Units done beyond the plan, or fewer; empty where one side is not there.
    pub balance: String,
    /// Services that were not as planned.
    pub differences: u32,
    /// What was found in the records that were compared.
    pub findings: u32,
}

/// The days of one care recipient.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ComparisonForm {
    /// Whose: [`ComparisonRow::number`].
    pub number: u32,
    /// 予定 above 実績, day by day, and every difference in words.
    pub form: FormView,
}

secret_debug!(
    ComparisonView,
    ComparedOffice,
    ComparisonRows,
    ComparisonRow,
    ComparisonForm
);
