//! What the desk tells a page without being asked. Every event is a hint: the commands tell the truth.

use care_model::DeliveryId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::DropView;

/// A hint from the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum DeskEvent {
    /// Files are being dragged over the window, or left it.
    DragOver {
        /// Whether they are over it now.
        over: bool,
    },
    /// Files were dropped on the window.
    FilesDropped {
        /// What was dropped.
        drop: DropView,
    },
    /// 受信一覧 or its figures changed.
    InboxChanged,
    /// 送信一覧 or its figures changed.
    OutboxChanged,
    /// 下書き一覧 changed.
    DraftsChanged,
    /// Bytes of a send or a pickup moved.
    Progress {
        /// Which way.
        kind: TransferKind,
        /// Whose bytes.
        #[ts(type = "string")]
        delivery: DeliveryId,
        /// Moved so far.
        done_bytes: u64,
        /// In all.
        total_bytes: u64,
    },
    /// The exchange was reached, or not.
    Online {
        /// Whether the last attempt reached it.
        online: bool,
    },
    /// お知らせ一覧 or what was read of it changed.
    NewsChanged,
    /// This terminal's certificate was renewed, or that failed.
    CertificateChanged,
    /// 設定 or how the window looks changed.
    SettingsChanged,
    /// 自動化 or how it stands changed.
    AutomationChanged,
    /// A move to another PC or from one got further.
    MoveProgress {
        /// So far.
        done_bytes: u64,
        /// In all.
        total_bytes: u64,
    },
    /// A delivery landed by a rule of 自動化.
    LandedByRule {
        /// Which.
        #[ts(type = "string")]
        delivery: DeliveryId,
    },
    /// A person asked for a screen from outside the page: tray, notice, second start.
    GoTo {
        /// Which.
        place: Place,
    },
    /// ログイン is asked for: the session ended, or the window locked after idling.
    SignedOut,
}

/// Which way bytes move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// To the exchange.
    Send,
    /// From the exchange.
    Pickup,
}

/// A screen that can be asked for from outside the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// 受信一覧.
    Inbox,
    /// 送信一覧.
    Outbox,
    /// 下書き一覧.
    Drafts,
    /// 設定.
    Settings,
}
