//! The closed list of reasons for which the exchange or the desk refuses something.
//!
//! The Japanese sentences stand in the message catalogue under the same code, never here (D21).

use serde::{Deserialize, Serialize};

/// Declares the enum, its wire text and the list of all codes from one table.
macro_rules! problem_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)+) => {
        /// Why something was refused. The same code names the sentence in the message catalogue.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum ProblemCode {
            $($(#[$doc])* #[serde(rename = $code)] $name,)+
        }

        impl ProblemCode {
            /// Every code, in the order of the table.
            pub const ALL: &'static [ProblemCode] = &[$(ProblemCode::$name),+];

            /// The stable text of the code.
            pub fn as_str(&self) -> &'static str {
                match self { $(ProblemCode::$name => $code,)+ }
            }
        }
    };
}

problem_codes! {
    // Setting up and signing in.
    /// The connection file is not one, or of a newer kind.
    ConnectionFileUnreadable = "connection_file_unreadable",
    /// The certificate-issue password is wrong, used or expired.
    EnrolmentPasswordRefused = "enrolment_password_refused",
    /// Too many wrong certificate-issue passwords; `minutes` says how long to wait.
    EnrolmentDelayed = "enrolment_delayed",
    /// There is no client certificate on this terminal.
    CertificateMissing = "certificate_missing",
    /// The client certificate is past its last day.
    CertificateExpired = "certificate_expired",
    /// The client certificate does not hold yet.
    CertificateEarly = "certificate_early",
    /// The client certificate was revoked.
    CertificateRevoked = "certificate_revoked",
    /// The certificate was not issued by the exchange's own authority, or is not known to it.
    CertificateForeign = "certificate_foreign",
    /// The certificate is from the exchange's own authority, but not for terminals.
    CertificateWrongUse = "certificate_wrong_use",
    /// The certificate was replaced by a newer one of the same terminal, for instance before a backup of the PC was put back.
    CertificateReplaced = "certificate_replaced",
    /// The certificate holds longer than from when it can be renewed; parameter `days`.
    RenewalTooEarly = "renewal_too_early",
    /// A certificate file (.p12, .pfx) is none, is larger than allowed, or protected in a way that is not known.
    CertificateFileUnreadable = "certificate_file_unreadable",
    /// The password of a certificate file is wrong.
    CertificateFilePassword = "certificate_file_password",
    /// A certificate file has no key, no certificate, or a key that does not belong to it.
    CertificateFileKeyless = "certificate_file_keyless",
    /// The certificate in a file is not from the authority of the connection file.
    CertificateFileForeign = "certificate_file_foreign",
    /// The certificate in a file is past its last day.
    CertificateFileExpired = "certificate_file_expired",
    /// The certificate in a file does not hold yet.
    CertificateFileEarly = "certificate_file_early",
    /// The certificate in a file is not for terminals.
    CertificateFileUse = "certificate_file_use",
    /// The certificate in a file is of another office than the profile.
    CertificateFileOffice = "certificate_file_office",
    /// The accounts belong to another office than the certificate.
    CertificateOtherOffice = "certificate_other_office",
    /// What was typed into the 個人ユーザID field does not begin with c.
    PersonIdExpected = "person_id_expected",
    /// What was typed into the 事業所ユーザID field does not begin with KJ.
    OfficeIdExpected = "office_id_expected",
    /// ID or password of step 1 is wrong.
    PersonSignInRefused = "person_sign_in_refused",
    /// ID or password of step 2 is wrong.
    OfficeSignInRefused = "office_sign_in_refused",
    /// Too many wrong passwords; parameter `minutes`.
    SignInDelayed = "sign_in_delayed",
    /// There is no session, or it ended.
    SignInRequired = "sign_in_required",
    /// A password shorter or longer than allowed; parameters `min`, `max`.
    PasswordLength = "password_length",
    /// The password is provisional and must be changed before signing in.
    PasswordChangeRequired = "password_change_required",
    /// The new password is the old one, or holds the ID.
    PasswordUnfit = "password_unfit",
    /// The passphrase of the local data is wrong.
    PassphraseRefused = "passphrase_refused",
    /// The local data wait for their passphrase.
    PassphraseRequired = "passphrase_required",
    /// The two new passwords that were typed are not the same.
    PasswordsDiffer = "passwords_differ",
    // 利用状況Webサイト.
    /// The person may not sign in any more: the office stopped the account.
    PersonStopped = "person_stopped",
    /// A person's name that is empty or too long; parameter `max`.
    PersonNameUnfit = "person_name_unfit",
    /// More people than an office may have; parameter `max`.
    PeopleTooMany = "people_too_many",
    /// There is no such person in this office.
    PersonUnknown = "person_unknown",
    /// There is no such terminal in this office, or it was stopped already.
    TerminalUnknown = "terminal_unknown",
    /// More one-time passwords are open than an office may have; parameter `max`.
    IssuePasswordsTooMany = "issue_passwords_too_many",
    /// The password was shown already, or was changed meanwhile.
    FirstPasswordGone = "first_password_gone",
    /// A mailed code is not the one that was mailed last, or may not be typed in any more.
    MailCodeRefused = "mail_code_refused",
    /// As many codes were mailed for the office as there may be on one day; parameter `max`.
    MailCodesTooMany = "mail_codes_too_many",
    /// The exchange sends no mail.
    MailNotOffered = "mail_not_offered",
    // The operators' side of it.
    /// What was typed into the ID field of the operators' door does not begin with OP.
    OperatorIdExpected = "operator_id_expected",
    /// ID or password of an operator is wrong.
    OperatorSignInRefused = "operator_sign_in_refused",
    /// The operator's role does not include this.
    RoleLacking = "role_lacking",
    /// There is no such operator.
    OperatorUnknown = "operator_unknown",
    /// The ID of an operator is taken, or there are as many as there may be; parameter `max`.
    OperatorsTooMany = "operators_too_many",
    /// Nobody would be left who may keep the operators.
    LastAdministrator = "last_administrator",
    /// There is no such office on this exchange.
    OfficeUnknown = "office_unknown",
    /// The office's number is registered already.
    OfficeTaken = "office_taken",
    /// What was typed into a field cannot be stored; parameters `field` (as the form calls it), `rule`
    /// (a sentence that says what it takes).
    FieldUnfit = "field_unfit",
    /// There is no such entry of お知らせ, or it was taken back already.
    NewsUnknown = "news_unknown",
    /// The session of the portal ended.
    PortalSessionEnded = "portal_session_ended",
    /// A form that was open too long, or that is not of this session.
    FormExpired = "form_expired",
    /// More was typed into a form than it takes.
    FormTooLarge = "form_too_large",
    /// There is no such page.
    PageUnknown = "page_unknown",
    // The profile on this PC.
    /// Another process of this PC has the profile open for writing.
    ProfileBusy = "profile_busy",
    /// The local database was written by a newer version of the client.
    ProfileNewer = "profile_newer",
    /// The local data cannot be read or written.
    ProfileUnusable = "profile_unusable",
    /// 初期設定 has not been done on this profile.
    ProfileEmpty = "profile_empty",
    /// The profile is not on this PC any more.
    ProfileUnknown = "profile_unknown",
    /// Something is being sent or fetched: another profile waits.
    ProfileTransferring = "profile_transferring",
    /// Another profile of this PC is the office's already.
    ProfileTwice = "profile_twice",
    /// More profiles than allowed; parameter `max`.
    ProfilesTooMany = "profiles_too_many",
    /// Something is queued or being fetched, so nothing can move to another PC; parameters `sends` and `pickups`.
    MoveWaits = "move_waits",
    /// What was chosen is no file of a move, or cannot be read.
    MoveFileUnreadable = "move_file_unreadable",
    /// The file of a move was cut or changed.
    MoveFileDamaged = "move_file_damaged",
    /// The file of a move was made by a newer version.
    MoveFileNewer = "move_file_newer",
    /// The passphrase is not the one of the file of a move.
    MovePassphraseRefused = "move_passphrase_refused",
    /// This profile has an office or holds something already.
    MoveNotEmpty = "move_not_empty",
    /// Another profile of this PC is of the office that would move.
    MoveOfficeHere = "move_office_here",
    /// The certificate is of another office than what was moved here.
    MoveOtherOffice = "move_other_office",
    /// A person ended a move before its end.
    MoveStopped = "move_stopped",
    /// A proxy's host or port that cannot be one.
    ProxyInvalid = "proxy_invalid",
    /// The start with the computer could not be changed.
    StartWithComputerRefused = "start_with_computer_refused",
    /// A file could not be written where it was wanted.
    SaveFailed = "save_failed",
    /// The newest version could not be asked for or fetched.
    UpdateUnreachable = "update_unreachable",
    /// A new version is not signed by the publisher; nothing of it was kept.
    UpdateUntrusted = "update_untrusted",
    /// Something is being sent or fetched: the new version waits.
    UpdateWaits = "update_waits",
    /// This PC's disk is full.
    LocalDiskFull = "local_disk_full",
    // Files put on the window.
    /// A folder was dropped.
    DropIsFolder = "drop_is_folder",
    /// A symbolic link or shortcut was dropped.
    DropIsLink = "drop_is_link",
    /// A file of zero bytes.
    DropIsEmpty = "drop_is_empty",
    /// A file that cannot be opened.
    DropUnreadable = "drop_unreadable",
    /// More files than [`crate::limits::DROP_FILES_MAX`]; parameter `max`.
    DropTooMany = "drop_too_many",
    /// Pasted files above what is taken from the clipboard; parameters `max`, `max_mb`.
    PasteTooLarge = "paste_too_large",
    /// A paste without a file.
    PasteEmpty = "paste_empty",
    /// The drop is not known any more.
    DropUnknown = "drop_unknown",
    /// A file above the size that is read; parameter `max_mb`.
    FileTooLarge = "file_too_large",
    // Composing.
    /// The draft or composition is not known any more.
    CompositionUnknown = "composition_unknown",
    /// Nothing to send.
    CompositionEmpty = "composition_empty",
    /// A finding blocks sending.
    CompositionBlocked = "composition_blocked",
    /// Findings that warn have not been confirmed.
    ConfirmationNeeded = "confirmation_needed",
    /// There is nothing in the file that can be repaired without changing what it says.
    RepairImpossible = "repair_impossible",
    /// The note is too long; parameter `max`.
    NoteTooLong = "note_too_long",
    /// The attachment is of a kind that is not allowed.
    AttachmentKindRefused = "attachment_kind_refused",
    /// The attachment is too large; parameter `max_mb`.
    AttachmentTooLarge = "attachment_too_large",
    /// More attachments than allowed; parameter `max`.
    AttachmentsTooMany = "attachments_too_many",
    /// The delivery is too large; parameter `max_mb`.
    DeliveryTooLarge = "delivery_too_large",
    /// A bulk list of more than allowed; parameter `max`.
    BulkTooMany = "bulk_too_many",
    /// The kept copy of what was sent is gone; parameter `days`.
    KeptCopyGone = "kept_copy_gone",
    /// There is no copy of what was received; parameter `days`.
    ReceivedCopyGone = "received_copy_gone",
    /// The system did not print what the page shows.
    PrintFailed = "print_failed",
    // Lists.
    /// A search longer than allowed; parameter `max`.
    SearchTooLong = "search_too_long",
    /// More rows selected than allowed; parameter `max`.
    SelectionTooLarge = "selection_too_large",
    /// A list of more rows than are written at once; parameter `max`.
    ListTooLarge = "list_too_large",
    // 運営指導用の記録.
    /// The period ends before it begins, or is longer than allowed; parameter `days`.
    InspectionPeriodUnfit = "inspection_period_unfit",
    /// More was done in the period than goes into one record; parameter `max`.
    InspectionTooLarge = "inspection_too_large",
    /// A record came that does not hold: it was changed on its way, or it is of another exchange.
    InspectionUnproven = "inspection_unproven",
    // 予定と実績.
    /// More was exchanged for a month than is compared at once; parameter `max`.
    ComparisonTooLarge = "comparison_too_large",
    // Sending.
    /// The destination is not on the exchange.
    DestinationUnknown = "destination_unknown",
    /// The destination is this office in the same service kind.
    DestinationIsSender = "destination_is_sender",
    /// Whether a destination is on the exchange is not known to be as it was shown.
    DestinationChanged = "destination_changed",
    /// The sender in the names or the header is not the office that is signed in.
    SenderMismatch = "sender_mismatch",
    /// The licence ended; receiving still works.
    LicenceExpired = "licence_expired",
    /// The same id came with another content.
    DeliveryConflict = "delivery_conflict",
    /// Header, sizes or digests do not fit what arrived.
    DeliveryMalformed = "delivery_malformed",
    /// So much waits for the destination, unfetched, that nothing more is taken for it.
    MailboxFull = "mailbox_full",
    /// This office sent as many deliveries today as it may on one day; parameter `max`.
    SendsADayReached = "sends_a_day_reached",
    /// Too many large deliveries of this office are on their way at the same time; parameter `max`.
    UploadsTooMany = "uploads_too_many",
    /// A chunk is missing or out of order; parameter `offset`.
    UploadOffset = "upload_offset",
    // Receiving.
    /// No such delivery for this office.
    DeliveryUnknown = "delivery_unknown",
    /// Already received: fetching happens once.
    AlreadyReceived = "already_received",
    /// Another terminal holds it; parameters `terminal`, `since`.
    ClaimedElsewhere = "claimed_elsewhere",
    /// The claim was taken over, or its lease ran out.
    ClaimLost = "claim_lost",
    /// The sender took it back.
    DeliveryRecalled = "delivery_recalled",
    /// Nobody fetched it in time.
    DeliveryExpired = "delivery_expired",
    /// The exchange has the delivery's row and not its content any more.
    ContentMissing = "content_missing",
    /// It cannot be taken back any more; parameter `received_at` once it is 済.
    RecallTooLate = "recall_too_late",
    /// It cannot be taken back yet: the exchange's acceptance is not known here.
    SendUnsettled = "send_unsettled",
    /// The exchange was not reached, so nothing was taken back.
    RecallUnreachable = "recall_unreachable",
    /// The line broke while a delivery was taken back: whether it was is not known yet.
    RecallUnconfirmed = "recall_unconfirmed",
    /// What arrived is not what was sent.
    DigestMismatch = "digest_mismatch",
    /// Names, sender or destination do not fit the header.
    HeaderMismatch = "header_mismatch",
    /// No folder was chosen, or it is gone.
    FolderMissing = "folder_missing",
    /// The folder in which an interrupted landing may already have become visible cannot be looked at now.
    FolderAway = "folder_away",
    /// The folder cannot be written to.
    FolderReadOnly = "folder_read_only",
    /// The folder's disk is full.
    FolderFull = "folder_full",
    /// A folder of a receiving rule is gone.
    ReceivingFolderMissing = "receiving_folder_missing",
    /// A folder of a receiving rule cannot be written to.
    ReceivingFolderReadOnly = "receiving_folder_read_only",
    /// The disk of a receiving rule's folder is full.
    ReceivingFolderFull = "receiving_folder_full",
    /// More receiving rules than there may be; parameter `max`.
    ReceivingRulesTooMany = "receiving_rules_too_many",
    /// The watched folder is gone or cannot be read.
    WatchedFolderMissing = "watched_folder_missing",
    /// The watched folder holds more than can be watched; parameter `max`.
    WatchedFolderCrowded = "watched_folder_crowded",
    // The line and the server.
    /// The server does not answer; nothing was sent by this attempt.
    ServerUnreachable = "server_unreachable",
    /// The line broke half-way; the client goes on by itself under the same id.
    ServerInterrupted = "server_interrupted",
    /// The server is not the one in the connection file.
    ServerUntrusted = "server_untrusted",
    /// The server has too much to do or no room; it may be tried again.
    ServerBusy = "server_busy",
    /// More requests in a minute than one terminal, or one network, may make; it may be tried again in a second.
    TooManyRequests = "too_many_requests",
    /// The bytes of a request came so slowly that the server gave up; it may be tried again.
    RequestTooSlow = "request_too_slow",
    /// The server speaks another version.
    ServerIncompatible = "server_incompatible",
    /// The request was not understood.
    RequestMalformed = "request_malformed",
    /// Something that should not happen; the reference leads to the log.
    Internal = "internal",
}

impl std::fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
