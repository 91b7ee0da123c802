//! 内容を見る: what the files of a bundle say, by care recipient, as the forms that people know.
//!
//! A form comes laid out: tables of cells with their words. The page draws them on the screen and on paper and knows
//! no field of the standard.

use care_model::{DeliveryId, OfficeNumber};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::FindingView;
use crate::CompositionId;

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum ReadingSource {
    /// The files of a 新規作成 or 一括送信, or of one delivery of it.
    Composition {
        /// Which.
        #[ts(type = "string")]
        composition: CompositionId,
        /// Which delivery; all files without.
        #[ts(type = "string | null")]
        delivery: Option<DeliveryId>,
    },
    /// A draft, as it would be opened.
    Draft {
        /// Which.
        #[ts(type = "string")]
        draft: CompositionId,
    },
    /// The kept copy of what was sent.
    Sent {
        /// Which.
        #[ts(type = "string")]
        delivery: DeliveryId,
    },
    /// The kept copy of what was received.
    Received {
        /// Which.
        #[ts(type = "string")]
        delivery: DeliveryId,
    },
}

/// What was read: every file, and whose documents they hold.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReadingView {
    /// Every file, also one that could not be read.
    pub files: Vec<ReadFileView>,
    /// The care recipients in the order in which the files name them; records that name nobody come last.
    pub recipients: Vec<ReadRecipientView>,
    /// The forms of the first of them, which a page shows first: so the files are read once.
    pub first: Vec<FormView>,
}

/// A file of what is read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReadFileView {
    /// Its name.
    pub name: String,
    /// What it is, by the side of this office (D22).
    pub kind_name: String,
    /// What is to be said of its reading: that it is not read, that records were left out.
    pub remarks: Vec<String>,
    /// What was found in it, the heaviest first; at most [`super::FINDINGS_SHOWN_MAX`].
    pub findings: Vec<FindingView>,
    /// Findings that are not listed here.
    pub more_findings: u32,
}

/// A care recipient in the list.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReadRecipientView {
    /// To ask for the forms by.
    pub recipient: u32,
    /// The name; none if no file has it.
    pub name: Option<String>,
    /// The name in kana.
    pub name_kana: Option<String>,
    /// 保険者番号, as written; empty for records that name nobody.
    pub insurer_number: String,
    /// 被保険者番号, as written.
    pub insured_number: String,
    /// Whether these are the records that name nobody.
    pub nobody: bool,
    /// What forms there are.
    pub forms: Vec<String>,
    /// How many of the listed findings stand in the records of this care recipient.
    pub findings: u32,
}

/// Asks for the forms of care recipients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FormsRequest {
    /// Of what.
    pub source: ReadingSource,
    /// Of whom: [`ReadRecipientView::recipient`]; at most [`FORMS_RECIPIENTS_MAX`]. Who is not there is left out.
    pub recipients: Vec<u32>,
}

/// Care recipients whose forms are asked for at once.
pub const FORMS_RECIPIENTS_MAX: usize = 50;

/// The forms of one care recipient.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RecipientForms {
    /// Whose.
    pub recipient: u32,
    /// In the order of the paper forms.
    pub forms: Vec<FormView>,
}

/// One form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FormView {
    /// Its printed name, by the side of this office (D22).
    pub title: String,
    /// What it is about: month, plan date or consultation date; may be empty.
    pub about: String,
    /// The file that it is from, with the version that its records name.
    pub file: String,
    /// Whether the paper form lies on its side.
    pub landscape: bool,
    /// What was found in its records.
    pub findings: Vec<FindingView>,
    /// Its tables, from the top.
    pub parts: Vec<FormPart>,
}

/// A table of a form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FormPart {
    /// What stands above it; may be empty.
    pub title: String,
    /// How wide its columns are, one to another.
    pub widths: Vec<u32>,
    /// The rows of its heading.
    pub head: Vec<Vec<CellView>>,
    /// Its rows.
    pub rows: Vec<Vec<CellView>>,
}

/// A cell of a form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CellView {
    /// Its words; lines stay apart.
    pub text: String,
    /// What it is.
    pub kind: CellKind,
    /// Whether what is written does not have the form of its field.
    pub marked: bool,
    /// Over how many columns it goes.
    pub cols: u32,
    /// Over how many rows it goes.
    pub rows: u32,
    /// What the paper form prints to choose from, instead of `text`; empty where it prints no choice.
    pub choices: Vec<ChoiceView>,
}

/// What a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CellKind {
    /// A heading, of its row or its column.
    Head,
    /// Something written.
    Text,
    /// A number, or a mark in a narrow column.
    Number,
}

/// One of what a paper form prints to choose from.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChoiceView {
    /// What it says.
    pub text: String,
    /// Whether it is the one.
    pub chosen: bool,
}

/// Asks what changed in the plans of a care recipient since the last ones between the same two offices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChangesRequest {
    /// In what.
    pub source: ReadingSource,
    /// Whose: [`ReadRecipientView::recipient`].
    pub recipient: u32,
}

/// A plan of a care recipient beside the last one between the same two offices.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlanChanges {
    /// What the plan is called, by the side of this office, with its month where it has one.
    pub title: String,
    /// The office on the other side.
    #[ts(type = "string")]
    pub office: OfficeNumber,
    /// When the earlier one was sent or received; none where it is not here.
    #[ts(type = "string | null")]
    pub earlier_at: Option<DateTime<Utc>>,
    /// What is to be said of the comparison: what was looked for and is not here, what could not be read.
    pub remarks: Vec<String>,
    /// Its forms, in the order of the paper forms; none without an earlier one.
    pub forms: Vec<FormChanges>,
}

/// What changed in one form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FormChanges {
    /// Its printed name, by the side of this office (D22).
    pub title: String,
    /// Whether the whole form is there only now, or only was there before.
    pub whole: Option<ChangeKind>,
    /// What changed; at most [`care_model::limits::CHANGES_PER_FORM_MAX`].
    pub lines: Vec<ChangeLine>,
    /// What changed besides.
    pub more: u32,
}

/// What happened to a form or to a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is there only now.
    Added,
    /// It was there only before.
    Removed,
    /// It says something else.
    Changed,
}

/// One change.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChangeLine {
    /// What happened.
    pub kind: ChangeKind,
    /// Of what in the form, such as the day and service of a visit; empty where it is about the whole form.
    pub record: String,
    /// The printed name of the field; empty for a record that was added or removed.
    pub field: String,
    /// What it said.
    pub before: String,
    /// What it says.
    pub after: String,
}

secret_debug!(
    ReadingView,
    ReadFileView,
    ReadRecipientView,
    RecipientForms,
    FormView,
    FormPart,
    CellView,
    ChoiceView,
    PlanChanges,
    FormChanges,
    ChangeLine
);
