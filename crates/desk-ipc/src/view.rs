//! What the screens show, in the order of the screens.
//!
//! Times are RFC 3339 in UTC; the page prints them in Japanese time. Sizes are bytes.

use care_model::{AccountId, DeliveryId, OfficeNumber, ProblemCode, Serial, ServiceKind, ServiceMonth};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{CommandError, CompositionId, DropId, FolderId};

// ---------------------------------------------------------------------------------------------- start and sign-in

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
    },
    /// ログイン step 1.
    Person {
        /// The office of this profile.
        office: OfficeView,
        /// The ID last used on this terminal, if a person asked to remember it.
        #[ts(type = "string | null")]
        remembered_id: Option<AccountId>,
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

// ---------------------------------------------------------------------------------------------- トップページ

/// トップページ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HomeView {
    /// お知らせ一覧, newest first.
    pub news: Vec<NewsRow>,
    /// ライセンス有効期限.
    pub licence: ExpiryView,
    /// 証明書有効期限.
    pub certificate: ExpiryView,
    /// Today's figures.
    pub figures: FiguresView,
    /// Whether the exchange was reached at the last attempt.
    pub online: bool,
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
    /// Drafts.
    pub drafts: u32,
    /// Sends that the other side has not downloaded.
    pub not_downloaded: u32,
    /// Sends that are queued or held on this desk.
    pub unsent: u32,
}

// ---------------------------------------------------------------------------------------------- files and compositions

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
    /// What the unit is called, such as サービス提供票・別表 (by side, D22); empty for attachments alone.
    pub unit_name: String,
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
    /// What was found in it.
    pub findings: Vec<FindingView>,
}

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FindingView {
    /// Its weight.
    pub severity: SeverityView,
    /// Its stable code.
    pub code: String,
    /// The row in the file, from 1.
    pub row: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
    /// What was found, one Japanese sentence.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// Starts sending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SendStart {
    /// What.
    #[ts(type = "string")]
    pub composition: CompositionId,
    /// Whether a person confirmed the warnings.
    pub confirmed: bool,
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

// ---------------------------------------------------------------------------------------------- lists

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
    /// The sender's note, once its cover was read.
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
    Superseded,
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

/// Keeps [`ProblemCode`] in the contract: the page's messages must cover every code.
pub(crate) fn problem_codes() -> Vec<&'static str> {
    ProblemCode::ALL.iter().map(|code| code.as_str()).collect()
}

/// Nothing typed into a password field is ever printed.
macro_rules! secret_debug {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}
secret_debug!(
    EnrolStart,
    PassphraseStart,
    PersonSignInStart,
    OfficeSignInStart,
    EditNote
);
