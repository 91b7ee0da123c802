//! トップページ.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{CommandError, TerminalRow};

/// トップページ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HomeView {
    /// お知らせ一覧, newest first.
    pub news: Vec<NewsRow>,
    /// ライセンス有効期限.
    pub licence: ExpiryView,
    /// 証明書有効期限.
    pub certificate: ExpiryView,
    /// How the renewal of the certificate stands.
    pub renewal: RenewalView,
    /// The office's other terminals that got their first certificate lately: one that nobody there knows of is somebody
    /// else's.
    pub new_terminals: Vec<TerminalRow>,
    /// Today's figures.
    pub figures: FiguresView,
    /// Whether the exchange was reached at the last attempt.
    pub online: bool,
}

/// The renewal of the certificate, which the desk does by itself after ログイン.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RenewalView {
    /// Whether it can be renewed now.
    pub due: bool,
    /// When it was renewed, for some days after.
    #[ts(type = "string | null")]
    pub renewed_at: Option<DateTime<Utc>>,
    /// Why the last try failed.
    pub problem: Option<CommandError>,
}

/// One お知らせ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NewsRow {
    /// Stable number.
    pub id: u64,
    /// When it was published.
    #[ts(type = "string")]
    pub published_at: DateTime<Utc>,
    /// Its title.
    pub title: String,
    /// Its text, plain.
    pub body: String,
    /// Whether nobody has opened it on this PC.
    pub unread: bool,
}

/// Names one piece of news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NewsRequest {
    /// [`NewsRow::id`].
    pub id: u64,
}

/// A date after which something ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExpiryView {
    /// The last instant.
    #[ts(type = "string")]
    pub until: DateTime<Utc>,
    /// Whole days left; negative once over.
    pub days_left: i64,
    /// Whether to warn.
    pub warns: bool,
}

/// Today's figures; each leads to its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct FiguresView {
    /// 未取得 in 受信一覧.
    pub waiting: u32,
    /// Those of them that nobody can fetch any more before long; of the oldest thousand.
    pub ending: u32,
    /// Drafts.
    pub drafts: u32,
    /// Sends that the other side has not downloaded.
    pub not_downloaded: u32,
    /// Sends that are queued or held on this desk.
    pub unsent: u32,
}
