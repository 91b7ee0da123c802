//! Enrolment, sign-in, offices and news.

use std::fmt;

use care_model::{AccountId, OfficeNumber, ServiceKind, TerminalId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Which of the two accounts an ID belongs to, by how it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountFamily {
    /// 個人ユーザID, begins with `c`.
    Person,
    /// 事業所ユーザID, begins with `KJ`.
    Office,
}

impl AccountFamily {
    /// Tells the family; none if the ID begins otherwise.
    pub fn of(id: &AccountId) -> Option<Self> {
        let id = id.as_str().as_bytes();
        match id {
            [b'k' | b'K', b'j' | b'J', ..] => Some(Self::Office),
            [b'c' | b'C', ..] => Some(Self::Person),
            _ => None,
        }
    }
}

/// What a terminal sends to get its certificate. The key stays where it was made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentRequest {
    /// 事業所ユーザID.
    pub office_id: AccountId,
    /// 証明書発行用パスワード, valid once.
    pub issue_password: String,
    /// The certificate request (PKCS#10) in PEM; only its public key is used.
    pub request_pem: String,
    /// What the office calls this terminal, 1 to 40 characters.
    pub terminal_name: String,
}

impl fmt::Debug for EnrolmentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrolmentRequest").finish_non_exhaustive()
    }
}

/// The issued certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentAnswer {
    /// The new terminal.
    pub terminal: TerminalId,
    /// The office it belongs to.
    pub office: OfficeNumber,
    /// The office's registered name.
    pub office_name: String,
    /// The office's service kinds on the exchange.
    pub kinds: Vec<ServiceKind>,
    /// The certificate in PEM, followed by nothing.
    pub certificate_pem: String,
    /// Its last day.
    pub expires_at: DateTime<Utc>,
}

/// Asks for the terminal's next certificate, for a new key that stays where it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewalRequest {
    /// The certificate request (PKCS#10) in PEM; only its public key is used.
    pub request_pem: String,
}

/// The terminal's next certificate. The one so far stays good until a day after this one was first used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewalAnswer {
    /// The certificate in PEM, followed by nothing.
    pub certificate_pem: String,
    /// Its last day.
    pub expires_at: DateTime<Utc>,
}

/// Who a terminal is, as the exchange knows it by its certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThisTerminal {
    /// The terminal.
    pub terminal: TerminalId,
    /// What the office calls it.
    pub name: String,
    /// The office it belongs to.
    pub office: OfficeNumber,
    /// The office's registered name.
    pub office_name: String,
    /// The office's service kinds on the exchange.
    pub kinds: Vec<ServiceKind>,
    /// The last day of its certificate.
    pub expires_at: DateTime<Utc>,
    /// How many deliveries wait for the office.
    pub waiting: u64,
    /// The sequence of the newest delivery that came for it: what is higher than the number known has come since.
    pub newest: u64,
}

/// What anybody may know of an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeAnswer {
    /// The protocol version that the server speaks.
    pub protocol: u32,
    /// The exchange's name.
    pub name: String,
    /// The server's clock.
    pub now: DateTime<Utc>,
}

/// Step 1 of ログイン.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonSignIn {
    /// 個人ユーザID.
    pub person_id: AccountId,
    /// Its password.
    pub password: String,
}

/// Step 1 succeeded.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonSignInAnswer {
    /// Good for step 2 on this terminal for five minutes.
    pub step_token: String,
}

/// Step 2 of ログイン.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficeSignIn {
    /// From step 1.
    pub step_token: String,
    /// 事業所ユーザID.
    pub office_id: AccountId,
    /// Its password.
    pub password: String,
}

/// Changes the password of an account, provisional or not, of the terminal's own office.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// 個人ユーザID or 事業所ユーザID.
    pub account_id: AccountId,
    /// The password so far.
    pub password: String,
    /// The new one, 12 to 64 characters, neither the old one nor holding the ID.
    pub new_password: String,
}

/// Asks for a new access token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshSession {
    /// The refresh token; good once.
    pub refresh_token: String,
}

/// A session, bound to the terminal's certificate.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Sent as `Authorization: Bearer`.
    pub access_token: String,
    /// 60 minutes ahead.
    pub access_until: DateTime<Utc>,
    /// For [`RefreshSession`].
    pub refresh_token: String,
    /// 8 hours ahead.
    pub refresh_until: DateTime<Utc>,
}

/// No password and no token is ever printed.
macro_rules! secret_debug {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}
secret_debug!(
    PersonSignIn,
    PersonSignInAnswer,
    OfficeSignIn,
    PasswordChange,
    RefreshSession,
    Session
);

/// Who is signed in, where, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The signed-in office.
    pub office: OfficeEntry,
    /// The person's display name at this office.
    pub person_name: String,
    /// This terminal.
    pub terminal: TerminalId,
    /// What the office calls it.
    pub terminal_name: String,
    /// The last day of this terminal's certificate.
    pub certificate_until: DateTime<Utc>,
    /// The office's licence.
    pub licence: Licence,
    /// Whom to call.
    pub help_desk: HelpDesk,
}

/// An office's licence (ライセンス). Expired: it may sign in, fetch and read, but not send (D15).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    /// Its last instant.
    pub until: DateTime<Utc>,
}

/// The help desk, an operator setting with the manual's as default (D23).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelpDesk {
    /// Telephone number.
    pub telephone: String,
    /// When somebody answers.
    pub hours: String,
    /// The address of the contact form.
    pub form_url: String,
}

/// What the directory says of an office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficeEntry {
    /// Its number.
    pub number: OfficeNumber,
    /// Its registered name.
    pub name: String,
    /// Its name in kana (hiragana or katakana as registered), if registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kana: Option<String>,
    /// Its address, if registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Its service kinds on the exchange.
    pub kinds: Vec<ServiceKind>,
    /// Its telephone number, if registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telephone: Option<String>,
    /// Whether its licence lets it send and its people fetch; shown before sending, never a reason to bounce (D15).
    pub active: bool,
}

/// 宛先検索. A body, not an address: what people type may be a name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficeSearch {
    /// Number, name, kana or place as typed; every word must occur. At most [`care_model::limits::SEARCH_CHARS_MAX`] characters.
    #[serde(default)]
    pub text: String,
    /// Only offices with this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ServiceKind>,
    /// Behind this number; none begins the directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<OfficeNumber>,
    /// How many at most; the server gives 50 and fewer.
    pub limit: u32,
}

impl fmt::Debug for OfficeSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfficeSearch")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// A page of the directory, by number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficePage {
    /// The offices that match.
    pub offices: Vec<OfficeEntry>,
    /// Whether there are more behind the last one.
    pub more: bool,
}

/// The terminals of the signed-in office, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalPage {
    /// All of them, stopped ones too.
    pub terminals: Vec<TerminalEntry>,
}

/// One terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalEntry {
    /// Which.
    pub id: TerminalId,
    /// What the office calls it.
    pub name: String,
    /// When it got its certificate.
    pub enrolled_at: DateTime<Utc>,
    /// The last day of its certificate.
    pub expires_at: DateTime<Utc>,
    /// Since when it is stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
}

/// お知らせ一覧.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewsPage {
    /// Newest first.
    pub news: Vec<NewsEntry>,
}

/// One お知らせ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewsEntry {
    /// Stable number.
    pub id: u64,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// Its title.
    pub title: String,
    /// Its text, plain, with line ends.
    pub body: String,
}
