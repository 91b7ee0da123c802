//! 初期設定 and ログイン, and offices as they are shown everywhere.

use care_model::{AccountId, OfficeNumber, ServiceKind};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::ExpiryView;
use crate::{CommandError, DropId, ProfileId};

/// Where the desk stands, and what the first window needs to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StartView {
    /// The step to show.
    pub stage: Stage,
    /// The version of the client.
    pub version: String,
    /// Whom to call.
    pub help_desk: HelpDeskView,
    /// Whether the profile's key lies in a plain file, as only demo and tests do; shown so that nobody mistakes it.
    pub demo_profile: bool,
    /// How the window looks.
    pub look: LookView,
    /// Whether this PC holds more than one profile.
    pub other_profiles: bool,
    /// Why the exchange ended the last session, until somebody passed step 1 of ログイン again.
    pub ended: Option<CommandError>,
}

/// The step of the way from installation to work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// There is no key store: the passphrase of the local data is needed.
    Passphrase {
        /// Whether it is set now for the first time.
        first: bool,
    },
    /// 初期設定.
    SetUp {
        /// The connection file, once it was read.
        connection: Option<ConnectionView>,
        /// What was moved here from another PC: the certificate must be of its office.
        moved: Option<MovedView>,
    },
    /// ログイン step 1.
    Person {
        /// The office of this profile.
        office: OfficeView,
        /// The ID last used on this terminal, if a person asked to remember it.
        #[ts(type = "string | null")]
        remembered_id: Option<AccountId>,
        /// The last day of this terminal's certificate.
        certificate: ExpiryView,
    },
    /// ログイン step 2.
    Office {
        /// The office of this profile.
        office: OfficeView,
        /// The ID last used on this terminal.
        #[ts(type = "string | null")]
        remembered_id: Option<AccountId>,
    },
    /// Signed in.
    Open {
        /// Who and where.
        session: SessionView,
    },
}

/// Whom to call (D23).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HelpDeskView {
    /// Telephone number.
    pub telephone: String,
    /// When somebody answers.
    pub hours: String,
    /// Whether the operator has named a contact form.
    pub has_form: bool,
}

/// A connection file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConnectionView {
    /// The exchange's name.
    pub exchange_name: String,
    /// Its host, shown so that a person can compare it.
    pub host: String,
}

/// 初期設定, its last step.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct EnrolStart {
    /// 事業所ユーザID as typed.
    pub office_id: String,
    /// 証明書発行用パスワード.
    pub issue_password: String,
    /// What the office calls this PC.
    pub terminal_name: String,
}

/// 初期設定 with a certificate file.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct CertificateImport {
    /// The file that was chosen or dropped.
    #[ts(type = "string")]
    pub file: DropId,
    /// Its password.
    pub password: String,
}

/// What moves to another PC is written with this (ADR 0061).
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct MoveOutStart {
    /// The passphrase that the file is sealed under; as long as a password is.
    pub passphrase: String,
}

/// What another PC held is taken in with this.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct MoveInStart {
    /// The file that was chosen or dropped.
    #[ts(type = "string")]
    pub file: DropId,
    /// The passphrase that it was sealed under.
    pub passphrase: String,
}

/// What was moved here from another PC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MovedView {
    /// Whose it is.
    pub office: OfficeView,
    /// When it was written on the other PC.
    #[ts(type = "string")]
    pub made_at: DateTime<Utc>,
    /// Drafts.
    pub drafts: u32,
    /// Rows of 受信一覧.
    pub inbox: u32,
    /// Rows of 送信一覧.
    pub outbox: u32,
}

/// A profile of this PC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProfileRow {
    /// To open it by.
    #[ts(type = "string")]
    pub id: ProfileId,
    /// Its office; none before 初期設定.
    pub office: Option<OfficeView>,
    /// Whether it is the open one.
    pub open: bool,
}

/// Changes a password.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct PasswordChange {
    /// 個人ユーザID or 事業所ユーザID, as typed.
    pub account_id: String,
    /// The password so far.
    pub password: String,
    /// The new one, 12 to 64 characters.
    pub new_password: String,
}

/// The passphrase of the local data.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct PassphraseStart {
    /// As typed.
    pub passphrase: String,
}

/// ログイン step 1.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct PersonSignInStart {
    /// As typed.
    pub person_id: String,
    /// As typed.
    pub password: String,
    /// Whether to remember the ID (never the password) on this terminal.
    pub remember: bool,
}

/// ログイン step 2.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct OfficeSignInStart {
    /// As typed.
    pub office_id: String,
    /// As typed.
    pub password: String,
    /// Whether to remember the ID (never the password) on this terminal.
    pub remember: bool,
}

/// An office, as shown wherever one is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OfficeView {
    /// Its number.
    #[ts(type = "string")]
    pub number: OfficeNumber,
    /// Its registered name; empty while it is not known.
    pub name: String,
    /// Service kinds: all of the office, or the one that a delivery addresses.
    pub kinds: Vec<KindView>,
    /// Its telephone number, if registered.
    pub telephone: Option<String>,
}

/// A service kind with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KindView {
    /// The code.
    #[ts(type = "string")]
    pub code: ServiceKind,
    /// Its Japanese name; the code itself where the standard names none.
    pub name: String,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SessionView {
    /// The office.
    pub office: OfficeView,
    /// The person's display name.
    pub person_name: String,
    /// This terminal, as the office calls it.
    pub terminal_name: String,
}

/// How the window looks. It holds nothing of people and is kept in clear, so that it stands before anybody signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct LookView {
    /// 文字の大きさ.
    pub text_size: TextSize,
    /// 画面の色.
    pub theme: Theme,
    /// Whether the mascot's pictures and tips are hidden.
    pub mascot_hidden: bool,
}

/// 文字の大きさ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TextSize {
    /// 標準.
    #[default]
    Standard,
    /// 大.
    Large,
    /// 特大.
    Largest,
}

/// 画面の色.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system is set.
    #[default]
    System,
    /// 明るい.
    Light,
    /// 暗い.
    Dark,
}

secret_debug!(
    EnrolStart,
    CertificateImport,
    MoveOutStart,
    MoveInStart,
    PasswordChange,
    PassphraseStart,
    PersonSignInStart,
    OfficeSignInStart
);
