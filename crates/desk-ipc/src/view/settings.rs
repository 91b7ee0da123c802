//! 設定 and ヘルプ.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// 設定 of this profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SettingsView {
    /// Where received data go.
    pub receive_into: ReceiveInto,
    /// The own name of the fixed folder, once one was chosen.
    pub fixed_folder_name: Option<String>,
    /// Whether the fixed folder can be reached now.
    pub fixed_folder_found: bool,
    /// How the folder of a delivery is called.
    pub naming: Naming,
    /// Whether files lie in the folder itself instead of in one of their own for each delivery (D5).
    pub flat: bool,
    /// Days that a copy of what was sent is kept for 再送, and of what was sent and received for 内容を見る; 0 keeps none.
    pub kept_days: u32,
    /// Whether the system shows notices.
    pub notices: bool,
    /// Whether the client starts with the computer; none where this system can't.
    pub starts_with_computer: Option<bool>,
    /// Whether this profile opens with a passphrase, before which nothing is heard.
    pub asks_passphrase: bool,
    /// Whether closing the window leaves the client in the tray.
    pub stays_in_tray: bool,
    /// How the exchange is reached.
    pub proxy: Proxy,
}

/// What a person changed in 設定. The fixed folder is chosen by a dialog of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SettingsEdit {
    /// [`SettingsView::receive_into`].
    pub receive_into: ReceiveInto,
    /// [`SettingsView::naming`].
    pub naming: Naming,
    /// [`SettingsView::flat`].
    pub flat: bool,
    /// [`SettingsView::kept_days`]; at most [`care_model::limits::KEPT_DAYS_MAX`].
    pub kept_days: u32,
    /// [`SettingsView::notices`].
    pub notices: bool,
    /// [`SettingsView::starts_with_computer`]; none leaves it as it is.
    pub starts_with_computer: Option<bool>,
    /// [`SettingsView::stays_in_tray`].
    pub stays_in_tray: bool,
    /// [`SettingsView::proxy`].
    pub proxy: Proxy,
}

/// Where received data go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReceiveInto {
    /// データ取得 asks for the folder each time.
    #[default]
    Ask,
    /// Into the folder used last for the same office; asks where there is none.
    PerOffice,
    /// Always into the one folder chosen in 設定.
    Fixed,
}

/// How the folder of a delivery is called. Never by a person (D20).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Naming {
    /// 日時_送信元番号_連番.
    #[default]
    TimeOfficeSerial,
    /// 送信元番号_日時_連番.
    OfficeTimeSerial,
    /// 提供年月_送信元番号_連番; the date where there is no month.
    MonthOfficeSerial,
    /// A folder for each office by its number, in it 日時_連番.
    OfficeFolder,
}

/// How the exchange is reached.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(tag = "proxy", rename_all = "snake_case")]
pub enum Proxy {
    /// As the system is set.
    #[default]
    System,
    /// Without a proxy.
    None,
    /// By this one.
    Manual {
        /// Its host.
        host: String,
        /// Its port.
        port: u16,
    },
}

/// A terminal of this office (端末一覧).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TerminalRow {
    /// What the office calls it.
    pub name: String,
    /// When it got its certificate.
    #[ts(type = "string")]
    pub enrolled_at: DateTime<Utc>,
    /// The last day of its certificate.
    pub certificate: super::ExpiryView,
    /// Since when it is stopped.
    #[ts(type = "string | null")]
    pub revoked_at: Option<DateTime<Utc>>,
    /// Whether it is this one.
    pub here: bool,
}

/// このアプリについて.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AboutView {
    /// The version of the client.
    pub version: String,
    /// The exchange's name.
    pub exchange_name: String,
    /// The version of the protocol that client and exchange speak.
    pub protocol: u32,
    /// What others wrote of it, by name.
    pub licences: Vec<LicenceRow>,
}

/// A part that others wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LicenceRow {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence, as SPDX names it.
    pub licence: String,
}

/// Whether there is a newer version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "update", rename_all = "snake_case")]
pub enum UpdateView {
    /// Whoever looks after this PC installs new versions; the client doesn't look for any.
    Off,
    /// This is the newest.
    Current,
    /// There is a newer one, signed by the publisher.
    Available {
        /// Its version.
        version: String,
        /// What is new, in words of the publisher.
        notes: String,
        /// Whether it must wait for something that is being sent or fetched.
        waits: bool,
    },
}
