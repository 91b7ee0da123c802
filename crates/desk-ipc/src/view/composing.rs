//! 新規作成 and 一括送信: drops, compositions, and how a send stands.

use care_model::{DeliveryId, OfficeNumber, Serial, ServiceKind, ServiceMonth};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::OfficeView;
use crate::{CommandError, CompositionId, DropId};

/// Files that were dropped or chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DropView {
    /// To name it by.
    #[ts(type = "string")]
    pub id: DropId,
    /// What it holds.
    pub files: Vec<DroppedFile>,
}

/// One dropped file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DroppedFile {
    /// Its name without folders.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
}

/// 新規作成 or 一括送信.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CompositionMode {
    /// 新規作成: one destination office; may be saved as a draft.
    Compose,
    /// 一括送信: up to 100 deliveries; is not a draft.
    Dispatch,
}

/// Begins a composition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ComposeStart {
    /// Which screen.
    pub mode: CompositionMode,
    /// Files to begin with.
    #[ts(type = "string | null")]
    pub drop: Option<DropId>,
}

/// Adds files to a composition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AddDrop {
    /// To which.
    #[ts(type = "string")]
    pub composition: CompositionId,
    /// What.
    #[ts(type = "string")]
    pub drop: DropId,
}

/// Adds attachments to one delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AttachFiles {
    /// Of which composition.
    #[ts(type = "string")]
    pub composition: CompositionId,
    /// To which delivery.
    #[ts(type = "string")]
    pub delivery: DeliveryId,
    /// What.
    #[ts(type = "string")]
    pub drop: DropId,
}

/// Takes a file out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RemoveFile {
    /// Of which composition.
    #[ts(type = "string")]
    pub composition: CompositionId,
    /// [`FileRow::file`].
    pub file: u32,
}

/// Writes a note.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EditNote {
    /// Of which composition.
    #[ts(type = "string")]
    pub composition: CompositionId,
    /// Of which delivery; in 新規作成 it is kept even before there is one.
    #[ts(type = "string | null")]
    pub delivery: Option<DeliveryId>,
    /// The text, at most 2,000 characters.
    pub note: String,
}

/// Files that were pasted into the window, with their bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PastedFiles {
    /// At most [`care_model::limits::PASTED_FILES_MAX`], together at most [`care_model::limits::PASTED_BYTES_MAX`].
    pub files: Vec<PastedFile>,
}

/// One pasted file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PastedFile {
    /// Its name without folders.
    pub name: String,
    /// Its bytes in Base64.
    pub base64: String,
}

/// What a killed client left unsaved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UnfinishedRow {
    /// To take it up by.
    #[ts(type = "string")]
    pub id: CompositionId,
    /// Which screen it belongs to.
    pub mode: CompositionMode,
    /// When it was last changed.
    #[ts(type = "string")]
    pub changed_at: DateTime<Utc>,
    /// How many files it holds.
    pub files: u32,
    /// To how many deliveries they were planned.
    pub deliveries: u32,
}

/// 宛先検索.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OfficeSearch {
    /// Number, name, kana or place as typed; at most [`care_model::limits::SEARCH_CHARS_MAX`] characters.
    pub text: String,
    /// Only offices with this service kind.
    #[ts(type = "string | null")]
    pub kind: Option<ServiceKind>,
    /// The number of the last office of the page before; none for the first page.
    #[ts(type = "string | null")]
    pub after: Option<OfficeNumber>,
}

/// What 宛先検索 found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OfficeSearchView {
    /// By number.
    pub offices: Vec<OfficeHit>,
    /// Whether there are more behind the last one.
    pub more: bool,
}

/// One office that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OfficeHit {
    /// The office with all its kinds.
    pub office: OfficeView,
    /// Its name in kana; empty if not registered.
    pub kana: String,
    /// Its address; empty if not registered.
    pub address: String,
    /// Whether its licence stands; told before sending, never a reason not to.
    pub active: bool,
    /// When this office last sent to it or received from it.
    #[ts(type = "string | null")]
    pub last_exchange: Option<DateTime<Utc>>,
}

/// Sets or clears the destination of attachments alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChooseDestination {
    /// Of which 新規作成.
    #[ts(type = "string")]
    pub composition: CompositionId,
    /// To whom; none clears it.
    pub to: Option<DestinationChoice>,
}

/// An office and the one service kind of it that is addressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DestinationChoice {
    /// Its number.
    #[ts(type = "string")]
    pub number: OfficeNumber,
    /// The kind.
    #[ts(type = "string")]
    pub kind: ServiceKind,
}

/// A composition as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CompositionView {
    /// To name it by.
    #[ts(type = "string")]
    pub id: CompositionId,
    /// Which screen.
    pub mode: CompositionMode,
    /// The planned deliveries, by serial. In 新規作成 all go to one office; note and attachments belong to the first.
    pub deliveries: Vec<PlannedView>,
    /// Files that are in no delivery, each with the reason in its findings.
    pub unplaced: Vec<FileRow>,
    /// Findings that belong to no single delivery or file (several destinations, over 100 …).
    pub findings: Vec<FindingView>,
    /// Deliveries beyond the hundred; they stay in the list as the next batch.
    pub over_limit: u32,
    /// Whether 送信 is possible now.
    pub can_send: bool,
    /// Whether 送信 must first be confirmed with 「内容を確認して送る」 (warnings, or the same bytes were sent before).
    pub needs_confirmation: bool,
    /// Whether a draft of this composition is stored.
    pub is_draft: bool,
    /// The note in 新規作成 while no delivery is planned yet.
    pub note: String,
    /// The office that was chosen in 宛先検索 or by 返信, while no standard file names another.
    pub chosen: Option<OfficeView>,
}

/// One planned delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlannedView {
    /// The identity it will be sent under.
    #[ts(type = "string")]
    pub delivery: DeliveryId,
    /// The destination with the one kind that is addressed.
    pub to: OfficeView,
    /// Whether the directory knows the destination; `unchecked` while the exchange could not be asked.
    pub on_exchange: OnExchange,
    /// Whether it will be printed for fax instead of sent: the destination is not on the exchange, and nothing else is in
    /// the way. Nothing of it blocks then.
    #[serde(default)]
    pub on_paper: bool,
    /// The id of its unit, as in [`super::UnitView::id`]; none for attachments alone.
    #[serde(default)]
    pub unit: Option<String>,
    /// What the unit is called, such as サービス提供票・別表 (by side, D22); empty for attachments alone.
    pub unit_name: String,
    /// The prefixes of required members that are not there, in the order of the unit.
    #[serde(default)]
    pub missing: Vec<String>,
    /// Its service month.
    #[ts(type = "string | null")]
    pub month: Option<ServiceMonth>,
    /// Its number of care recipients.
    pub recipients: Option<u32>,
    /// Its serial.
    #[ts(type = "string | null")]
    pub serial: Option<Serial>,
    /// Standard files and attachments.
    pub files: Vec<FileRow>,
    /// Findings of the unit as a whole (a missing mate …).
    pub findings: Vec<FindingView>,
    /// The note.
    pub note: String,
    /// When this office last sent to the destination or received from it; none if never.
    #[ts(type = "string | null")]
    pub last_exchange: Option<DateTime<Utc>>,
    /// When the same bytes were sent before, if they were.
    #[ts(type = "string | null")]
    pub sent_before: Option<DateTime<Utc>>,
    /// Whether anything in it blocks.
    pub blocked: bool,
    /// How its sending stands, once it was started.
    pub sending: Option<SendStateView>,
}

/// What the directory says of a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OnExchange {
    /// It is on the exchange.
    Yes,
    /// It is not (未加入).
    No,
    /// The exchange could not be asked.
    Unchecked,
}

/// One file of a composition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FileRow {
    /// Its number in the composition.
    pub file: u32,
    /// Its name.
    pub name: String,
    /// What it is, in Japanese (居宅サービス計画書 第1表 …, 補足資料).
    pub kind_name: String,
    /// Whether it travels as an attachment.
    pub attachment: bool,
    /// Its size.
    pub size_bytes: u64,
    /// Whether 修正版を作る can be offered: something in it can be put right without changing what it says.
    #[serde(default)]
    pub repairable: bool,
    /// Whether it is a repaired copy (修正版) of the file that was dropped.
    #[serde(default)]
    pub repaired: bool,
    /// What was found in it, the heaviest first; at most [`FINDINGS_SHOWN_MAX`].
    pub findings: Vec<FindingView>,
    /// Findings that are not listed here.
    #[serde(default)]
    pub more_findings: u32,
}

/// Findings of one file that the page is given; the rest is counted in [`FileRow::more_findings`].
pub const FINDINGS_SHOWN_MAX: usize = 20;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SeverityView {
    /// It cannot be sent like this (D19).
    Blocks,
    /// It can be sent after one confirmation.
    Warns,
    /// Good to know.
    Notes,
}

/// A finding, in words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FindingView {
    /// Its weight.
    pub severity: SeverityView,
    /// The key of its sentence in the catalogue.
    pub code: String,
    /// Its stable code, which a help desk is told and a script compares (D24).
    #[serde(default)]
    pub finding_code: String,
    /// Which part of the code's meaning is touched.
    #[serde(default)]
    pub rule: Option<String>,
    /// The row in the file, from 1.
    pub row: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
    /// The field's name as printed in the standard.
    #[serde(default)]
    pub field_name: Option<String>,
    /// The value that is there, cut when it is long. It may be about a person: for the screen, never for a log.
    #[serde(default)]
    pub value: Option<String>,
    /// Further places of the same kind in the same file and field, which are not listed.
    #[serde(default)]
    pub more: u32,
    /// What was found, one Japanese sentence.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl std::fmt::Debug for FindingView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FindingView")
            .field("severity", &self.severity)
            .field("code", &self.code)
            .field("row", &self.row)
            .field("column", &self.column)
            .field("more", &self.more)
            .finish_non_exhaustive()
    }
}

/// Starts sending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SendStart {
    /// What.
    #[ts(type = "string")]
    pub composition: CompositionId,
    /// Whether a person confirmed the warnings.
    pub confirmed: bool,
    /// The deliveries that a person wants printed for fax ([`PlannedView::on_paper`]); what is not named stays behind, and
    /// nothing goes where the office of one of them has joined, or can't be asked about any more.
    #[ts(type = "string[]")]
    #[serde(default)]
    pub on_paper: Vec<DeliveryId>,
}

/// How a send stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SendView {
    /// Of which composition.
    #[ts(type = "string")]
    pub composition: CompositionId,
    /// Delivery by delivery.
    pub deliveries: Vec<SendRow>,
    /// Whether nothing is under way any more.
    pub finished: bool,
    /// How many the exchange holds durably.
    pub sent: u32,
    /// How many were refused.
    pub held: u32,
    /// How many were put on paper for fax.
    pub on_paper: u32,
}

/// One delivery of a send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SendRow {
    /// Which.
    #[ts(type = "string")]
    pub delivery: DeliveryId,
    /// Its destination.
    pub to: OfficeView,
    /// What it holds.
    pub unit_name: String,
    /// How it stands.
    pub state: SendStateView,
}

/// How one sending stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SendStateView {
    /// In the queue; with the reason if an earlier try failed.
    Queued {
        /// Why it still waits.
        waiting_for: Option<WaitReason>,
        /// Whether bytes left in an earlier try: the exchange may hold it already, and is asked (確認中).
        unsettled: bool,
    },
    /// Bytes are moving.
    Sending,
    /// The exchange holds it durably.
    Sent {
        /// Since when.
        #[ts(type = "string")]
        accepted_at: DateTime<Utc>,
    },
    /// Refused, with the reason.
    Held {
        /// Why.
        problem: CommandError,
    },
    /// Cancelled before a byte left.
    Cancelled,
    /// Nothing is sent: it is printed, and a person faxes it.
    OnPaper {
        /// When a person said that it was faxed; none until then.
        #[ts(type = "string | null")]
        faxed_at: Option<DateTime<Utc>>,
    },
}

/// What a queued delivery waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// The exchange cannot be reached; it goes by itself.
    Server,
    /// Somebody must sign in.
    SignIn,
}

secret_debug!(EditNote, PastedFile, PastedFiles);
