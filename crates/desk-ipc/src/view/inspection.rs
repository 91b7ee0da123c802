//! 運営指導用の記録: what this office did in a period, as the exchange signed it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::OfficeView;

/// The period to take out, in days of Japan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InspectionStart {
    /// The first day.
    #[ts(type = "string")]
    pub from: NaiveDate,
    /// The last day, inclusive.
    #[ts(type = "string")]
    pub until: NaiveDate,
}

/// A record that was taken out and found to be as the exchange wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InspectionView {
    /// The first day.
    #[ts(type = "string")]
    pub from: NaiveDate,
    /// The last day.
    #[ts(type = "string")]
    pub until: NaiveDate,
    /// When it was taken out: what came later is not in it.
    #[ts(type = "string")]
    pub made_at: DateTime<Utc>,
    /// What the exchange that signed it is called.
    pub exchange: String,
    /// Whose record it is.
    pub office: OfficeView,
    /// How many acts it tells of.
    pub acts: u32,
}

/// What an act is to this office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum InspectionKind {
    /// This office sent something, or what it sent was taken back, fetched or given up.
    Sent,
    /// Something came for this office, was fetched, taken back or given up.
    Received,
    /// Somebody signed in or out.
    SignIn,
    /// Anything else: accounts, certificates, licence.
    Other,
}

/// Which acts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct InspectionQuery {
    /// Words that must all occur in what a row shows; as typed.
    pub text: String,
    /// Only these.
    pub kind: Option<InspectionKind>,
}

/// A window of the record that was taken out last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct InspectionRequest {
    /// Of which acts.
    pub query: InspectionQuery,
    /// The place of its first row among those, from 0.
    pub from: u32,
    /// How many rows; at most [`care_model::limits::WINDOW_ROWS_MAX`].
    pub count: u32,
}

/// Its rows, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InspectionRows {
    /// The rows of the window.
    pub rows: Vec<InspectionRow>,
    /// How many acts are meant.
    pub matching: u32,
    /// How many there are.
    pub total: u32,
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InspectionRow {
    /// Its number in the exchange's record of this office, from 1 without a gap.
    #[ts(type = "number")]
    pub number: u64,
    /// When, by the exchange's clock.
    #[ts(type = "string")]
    pub at: DateTime<Utc>,
    /// What it is to this office.
    pub kind: InspectionKind,
    /// What was done.
    pub act: String,
    /// By whom: the office's own people by their ID and terminal; of the other side that it was the other side.
    pub by: String,
    /// The office on the other side of a delivery.
    pub other: Option<OfficeView>,
    /// What the delivery held; empty for anything else.
    pub contents: String,
    /// The delivery's parts with their digests, where the exchange gave a receipt.
    pub parts: Vec<InspectionPart>,
    /// The digest that stands for the whole delivery, where the exchange gave a receipt.
    pub digest: Option<String>,
}

/// A part of a delivery by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InspectionPart {
    /// A standard file's name, or what kind of part it is.
    pub name: String,
    /// Its size.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// SHA-256 of its bytes as sent.
    pub digest: String,
}

/// What to save the record as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum InspectionForm {
    /// As the exchange signed it: what `careplan verify` reads.
    Signed,
    /// CSV in UTF-8.
    CsvUtf8,
    /// CSV in MS932, as older programs on Windows read it.
    CsvMs932,
    /// A workbook of Excel.
    Excel,
}
