//! 下書き一覧, 送信一覧, 受信一覧.

use care_model::DeliveryId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{KindView, OfficeView, SendStateView};
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

/// 送信一覧.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OutboxView {
    /// Newest first; what is still on this desk stands above.
    pub rows: Vec<OutboxRow>,
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
}

/// 受信一覧.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InboxView {
    /// Newest first.
    pub rows: Vec<InboxRow>,
    /// When the exchange was last asked with success.
    #[ts(type = "string | null")]
    pub synced_at: Option<DateTime<Utc>>,
    /// Whether the last attempt reached it.
    pub online: bool,
    /// The folder last used, if it is still there.
    pub last_folder: Option<FolderView>,
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
    /// Into which folder.
    #[ts(type = "string")]
    pub folder: FolderId,
}

/// Takes a delivery over from another terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TakeOverStart {
    /// Which.
    #[ts(type = "string")]
    pub delivery: DeliveryId,
    /// The fence that the person was shown.
    pub fence: u64,
    /// Into which folder.
    #[ts(type = "string")]
    pub folder: FolderId,
}
