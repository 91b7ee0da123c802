//! 下書き一覧, 送信一覧, 受信一覧.

use care_model::{DeliveryId, OfficeNumber, Serial, ServiceMonth};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{ExpiryView, KindView, OfficeView, ReceiveInto, SendStateView};
use crate::{CommandError, CompositionId, FolderId};

/// A row of 下書き一覧.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DraftRow {
    /// To open it by.
    #[ts(type = "string")]
    pub id: CompositionId,
    /// 保存日時.
    #[ts(type = "string")]
    pub saved_at: DateTime<Utc>,
    /// 送信先事業所, if the files name one.
    pub to: Option<OfficeView>,
    /// What it holds.
    pub contents: String,
    /// The number of files.
    pub files: u32,
    /// The beginning of its note.
    pub note: String,
}

/// Names one delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeliveryRequest {
    /// Which.
    #[ts(type = "string")]
    pub delivery: DeliveryId,
}

/// Which of the two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ListName {
    /// 受信一覧.
    Inbox,
    /// 送信一覧.
    Outbox,
}

/// A window of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct ListRequest {
    /// Of which rows, in which order.
    pub query: ListQuery,
    /// The place of its first row among those, from 0.
    pub from: u32,
    /// How many rows; at most [`care_model::limits::WINDOW_ROWS_MAX`].
    pub count: u32,
}

/// Which rows of a list, in which order. The default is all, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct ListQuery {
    /// Words that must all occur in office name, number, contents, month or message; as typed, at most
    /// [`care_model::limits::SEARCH_CHARS_MAX`] characters.
    pub text: String,
    /// Only what is still open: 未取得 in 受信一覧, 未 or unsent in 送信一覧.
    pub only_open: bool,
    /// From this day on, in Japan.
    #[ts(type = "string | null")]
    pub since: Option<NaiveDate>,
    /// To this day, in Japan, inclusive.
    #[ts(type = "string | null")]
    pub until: Option<NaiveDate>,
    /// Only this office on the other side.
    #[ts(type = "string | null")]
    pub office: Option<OfficeNumber>,
    /// Only these contents: [`super::UnitView::id`], or [`ATTACHMENTS_ALONE`].
    pub unit: Option<String>,
    /// The column to sort by.
    pub sort: SortColumn,
    /// Whether the smallest stands first; otherwise the greatest (newest) does.
    pub ascending: bool,
}

/// The [`ListQuery::unit`] of deliveries without standard files.
pub const ATTACHMENTS_ALONE: &str = "attachments";

/// The column that a list is sorted by; ties are broken by time, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SortColumn {
    /// 受信日時 or 送信日時.
    #[default]
    At,
    /// The office's name, then its number.
    Office,
    /// What it holds, then the month.
    Contents,
    /// データ取得状況 or ダウンロード状況.
    Status,
}

/// A range of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ListRange {
    /// Which list.
    pub list: ListName,
    /// Of which rows.
    pub query: ListQuery,
    /// The place of the first, from 0.
    pub from: u32,
    /// How many; at most [`care_model::limits::SELECTED_ROWS_MAX`].
    pub count: u32,
}

/// The identities of a range of a list, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ListIds {
    /// Which.
    #[ts(type = "string[]")]
    pub deliveries: Vec<DeliveryId>,
}

impl ListRequest {
    /// The first window of the whole list, newest first.
    pub fn first() -> Self {
        Self {
            count: care_model::limits::WINDOW_ROWS_MAX,
            ..Self::default()
        }
    }
}

/// What a list can be filtered by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ListChoices {
    /// The offices that occur, by name.
    pub offices: Vec<OfficeView>,
    /// The contents that occur.
    pub units: Vec<UnitChoice>,
}

/// Contents to filter by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UnitChoice {
    /// For [`ListQuery::unit`].
    pub id: String,
    /// What it is called.
    pub name: String,
}

/// Names a row for 詳細.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DetailRequest {
    /// In which list.
    pub list: ListName,
    /// Which.
    #[ts(type = "string")]
    pub delivery: DeliveryId,
}

/// 詳細 of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeliveryDetail {
    /// Which.
    #[ts(type = "string")]
    pub delivery: DeliveryId,
    /// The office on the other side, with the one kind that sent or is addressed.
    pub office: OfficeView,
    /// The kind of this office that it is from or for.
    pub own_kind: KindView,
    /// What it holds.
    pub contents: String,
    /// Its serial.
    #[ts(type = "string | null")]
    pub serial: Option<Serial>,
    /// Its service month.
    #[ts(type = "string | null")]
    pub month: Option<ServiceMonth>,
    /// Care recipients, as the sender declared them.
    pub recipients: Option<u32>,
    /// Its note; none while the cover was not read.
    pub note: Option<String>,
    /// Its files, standard files first.
    pub files: Vec<DetailFile>,
    /// What happened, in order.
    pub times: Vec<DetailTime>,
    /// Bytes in all.
    pub size_bytes: u64,
    /// The name of the folder it landed in, if on this terminal.
    pub folder_name: Option<String>,
}

/// One file of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DetailFile {
    /// Its name as sent; none for an attachment whose cover was not read.
    pub name: Option<String>,
    /// The name it was saved under, where that differs.
    pub saved_as: Option<String>,
    /// What it is, by side (D22).
    pub kind_name: String,
    /// Whether it is an attachment.
    pub attachment: bool,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
}

/// Something that happened to a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DetailTime {
    /// What.
    pub what: DetailEvent,
    /// When.
    #[ts(type = "string")]
    pub at: DateTime<Utc>,
    /// By which terminal of this office, where that is known.
    pub terminal_name: Option<String>,
}

/// What can have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DetailEvent {
    /// 送信 was pressed here.
    Queued,
    /// The exchange accepted it.
    Accepted,
    /// A terminal began to fetch it.
    Claimed,
    /// 済.
    Received,
    /// 取込済.
    Imported,
    /// 送信取消.
    Recalled,
    /// Nobody fetched it in time.
    Expired,
    /// It was put on paper for fax.
    OnPaper,
    /// A person said that it was faxed.
    Faxed,
}

/// A list as CSV.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ListExport {
    /// Which list.
    pub list: ListName,
    /// Which rows; at most [`care_model::limits::EXPORT_ROWS_MAX`].
    pub query: ListQuery,
}

/// A file that was written where a person chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SavedView {
    /// Its name, without its folder.
    pub name: String,
    /// How many rows it holds, where it is a list.
    pub rows: Option<u32>,
}

/// 取込済.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportedMark {
    /// Which; at most [`care_model::limits::SELECTED_ROWS_MAX`].
    #[ts(type = "string[]")]
    pub deliveries: Vec<DeliveryId>,
    /// Whether they are.
    pub imported: bool,
}

/// A window of 送信一覧.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OutboxView {
    /// The rows of the window. Newest first unless asked otherwise; what is still on this desk stands above.
    pub rows: Vec<OutboxRow>,
    /// The place of the first row, from 0.
    pub from: u32,
    /// Rows that the query matches.
    pub matching: u32,
    /// Rows of the list.
    pub total: u32,
    /// Rows of the list that are open: 未 or unsent.
    pub open: u32,
    /// When the exchange was last asked with success.
    #[ts(type = "string | null")]
    pub synced_at: Option<DateTime<Utc>>,
    /// Whether the last attempt reached it.
    pub online: bool,
}

/// A row of 送信一覧.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OutboxRow {
    /// Which.
    #[ts(type = "string")]
    pub delivery: DeliveryId,
    /// 送信日時: the exchange's time once accepted, else when it was queued here.
    #[ts(type = "string")]
    pub at: DateTime<Utc>,
    /// 送信先事業所.
    pub to: OfficeView,
    /// What it holds.
    pub contents: String,
    /// The number of files.
    pub files: u32,
    /// Its serial.
    #[ts(type = "string | null")]
    pub serial: Option<Serial>,
    /// The note, where this desk kept it.
    pub note: String,
    /// Whether its kept copy is still here, for 再送.
    pub can_resend: bool,
    /// Whether it can be printed for fax: it was put on paper, or was refused because its destination is not on the
    /// exchange and can be put on paper; and its copy is here.
    pub can_fax: bool,
    /// Until when the exchange keeps it for the other office, once that is near.
    pub keeping: Option<ExpiryView>,
    /// How it stands.
    pub status: OutboxStatus,
}

/// ダウンロード状況.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum OutboxStatus {
    /// Not yet on the exchange.
    Unsent {
        /// How the sending stands.
        sending: SendStateView,
    },
    /// 未.
    Waiting,
    /// 済.
    Downloaded {
        /// When.
        #[ts(type = "string")]
        at: DateTime<Utc>,
    },
    /// 送信取消.
    Recalled {
        /// When.
        #[ts(type = "string")]
        at: DateTime<Utc>,
    },
    /// Nobody fetched it in time.
    Expired {
        /// When.
        #[ts(type = "string")]
        at: DateTime<Utc>,
    },
    /// The destination is not on the exchange: it is printed, and a person faxes it (FAX用).
    OnPaper {
        /// Who put it on paper, by the display name at the office.
        by: Option<String>,
        /// When a person said that it was faxed; none until then.
        #[ts(type = "string | null")]
        faxed_at: Option<DateTime<Utc>>,
    },
}

/// A window of 受信一覧.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InboxView {
    /// The rows of the window, newest first unless asked otherwise.
    pub rows: Vec<InboxRow>,
    /// The place of the first row, from 0.
    pub from: u32,
    /// Rows that the query matches.
    pub matching: u32,
    /// Rows of the list.
    pub total: u32,
    /// Rows of the list that are open: 未取得 or 取得中.
    pub open: u32,
    /// When the exchange was last asked with success.
    #[ts(type = "string | null")]
    pub synced_at: Option<DateTime<Utc>>,
    /// Whether the last attempt reached it.
    pub online: bool,
    /// The folder last used, if it is still there.
    pub last_folder: Option<FolderView>,
    /// Where received data go by 設定, so that the page knows whether to ask.
    pub receive_into: ReceiveInto,
}

/// A folder that a person chose; only its own name is shown, never its path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FolderView {
    /// To name it by.
    #[ts(type = "string")]
    pub id: FolderId,
    /// The folder's own name.
    pub name: String,
}

/// A row of 受信一覧.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InboxRow {
    /// Which.
    #[ts(type = "string")]
    pub delivery: DeliveryId,
    /// 受信日時.
    #[ts(type = "string")]
    pub at: DateTime<Utc>,
    /// 送信元事業所.
    pub from: OfficeView,
    /// The service kind of this office that it is for.
    pub to_kind: KindView,
    /// What it holds, as the sender declared it (送信側の申告) until it is fetched.
    pub contents: String,
    /// The number of files.
    pub files: u32,
    /// Bytes in all.
    pub size_bytes: u64,
    /// The sender's note, once its cover was read; empty if nothing was written.
    pub note: Option<String>,
    /// The names of the attachments, once the cover was read.
    pub attachments: Vec<String>,
    /// Its serial: data of one office are imported by rising serial.
    #[ts(type = "string | null")]
    pub serial: Option<Serial>,
    /// When it was marked 取込済 on this terminal.
    #[ts(type = "string | null")]
    pub imported_at: Option<DateTime<Utc>>,
    /// Deliveries of the same office and kinds with a smaller serial that are not marked 取込済: they come first.
    pub import_before: u32,
    /// The folder remembered for its office, if that is still there.
    pub office_folder: Option<FolderView>,
    /// Until when it can be fetched, once that is near.
    pub keeping: Option<ExpiryView>,
    /// How it stands.
    pub status: InboxStatus,
}

/// データ取得状況.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum InboxStatus {
    /// 未取得; with the reason if the last try here failed.
    Waiting {
        /// Why the last try of this terminal failed.
        problem: Option<CommandError>,
    },
    /// 取得中 by this terminal.
    Fetching {
        /// Whether the files are here and only the exchange's answer is missing.
        landed: bool,
        /// What it waits for, where that is not the exchange: the folder of an interrupted landing is away.
        problem: Option<CommandError>,
    },
    /// 取得中 by another terminal of the office.
    Elsewhere {
        /// Which.
        terminal_name: String,
        /// Since when.
        #[ts(type = "string")]
        since: DateTime<Utc>,
        /// To name in a takeover.
        fence: u64,
    },
    /// 済.
    Received {
        /// When.
        #[ts(type = "string")]
        at: DateTime<Utc>,
        /// Whether it landed on this terminal, so that its folder can be opened.
        here: bool,
        /// The name of the folder it landed in, if here.
        folder_name: Option<String>,
        /// Whether its kept copy is here, so that it can be read.
        readable: bool,
    },
    /// The files are here, but another terminal took the delivery over: this copy is doubtful.
    Superseded {
        /// Whoever holds it now, to be named in a takeover back to this terminal; none once it is over, or free.
        holder: Option<HolderView>,
    },
    /// The sender took it back.
    Recalled {
        /// When.
        #[ts(type = "string")]
        at: DateTime<Utc>,
    },
    /// Nobody fetched it in time.
    Expired {
        /// When.
        #[ts(type = "string")]
        at: DateTime<Utc>,
    },
}

/// The terminal that holds a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HolderView {
    /// Which.
    pub terminal_name: String,
    /// Since when.
    #[ts(type = "string")]
    pub since: DateTime<Utc>,
    /// To name in a takeover.
    pub fence: u64,
}

/// データ取得.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PickupStart {
    /// Which, in any order; they are fetched by rising serial.
    #[ts(type = "string[]")]
    pub deliveries: Vec<DeliveryId>,
    /// Into which folder; none where 設定 names it: the fixed one, or the one remembered for the office.
    #[ts(type = "string | null")]
    pub folder: Option<FolderId>,
}

/// Takes a delivery over from another terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TakeOverStart {
    /// Which.
    #[ts(type = "string")]
    pub delivery: DeliveryId,
    /// The fence that the person was shown.
    pub fence: u64,
    /// Into which folder; none as in [`PickupStart::folder`].
    #[ts(type = "string | null")]
    pub folder: Option<FolderId>,
}
