// Generated from crates/desk-ipc by `cargo xtask bindings`. Do not edit.

export type ProblemCode =
  | "connection_file_unreadable"
  | "enrolment_password_refused"
  | "enrolment_delayed"
  | "certificate_missing"
  | "certificate_expired"
  | "certificate_early"
  | "certificate_revoked"
  | "certificate_foreign"
  | "certificate_wrong_use"
  | "certificate_replaced"
  | "renewal_too_early"
  | "certificate_file_unreadable"
  | "certificate_file_password"
  | "certificate_file_keyless"
  | "certificate_file_foreign"
  | "certificate_file_expired"
  | "certificate_file_early"
  | "certificate_file_use"
  | "certificate_file_office"
  | "certificate_other_office"
  | "person_id_expected"
  | "office_id_expected"
  | "person_sign_in_refused"
  | "office_sign_in_refused"
  | "sign_in_delayed"
  | "sign_in_required"
  | "password_length"
  | "password_change_required"
  | "password_unfit"
  | "passphrase_refused"
  | "passphrase_required"
  | "passwords_differ"
  | "person_stopped"
  | "person_name_unfit"
  | "people_too_many"
  | "person_unknown"
  | "terminal_unknown"
  | "issue_passwords_too_many"
  | "first_password_gone"
  | "mail_code_refused"
  | "mail_codes_too_many"
  | "mail_not_offered"
  | "operator_id_expected"
  | "operator_sign_in_refused"
  | "role_lacking"
  | "operator_unknown"
  | "operators_too_many"
  | "last_administrator"
  | "office_unknown"
  | "office_taken"
  | "field_unfit"
  | "news_unknown"
  | "portal_session_ended"
  | "form_expired"
  | "form_too_large"
  | "page_unknown"
  | "profile_busy"
  | "profile_newer"
  | "profile_unusable"
  | "profile_empty"
  | "profile_unknown"
  | "profile_transferring"
  | "profile_twice"
  | "profiles_too_many"
  | "move_waits"
  | "move_file_unreadable"
  | "move_file_damaged"
  | "move_file_newer"
  | "move_passphrase_refused"
  | "move_not_empty"
  | "move_office_here"
  | "move_other_office"
  | "move_stopped"
  | "proxy_invalid"
  | "start_with_computer_refused"
  | "save_failed"
  | "update_unreachable"
  | "update_untrusted"
  | "update_waits"
  | "local_disk_full"
  | "drop_is_folder"
  | "drop_is_link"
  | "drop_is_empty"
  | "drop_unreadable"
  | "drop_too_many"
  | "paste_too_large"
  | "paste_empty"
  | "drop_unknown"
  | "file_too_large"
  | "composition_unknown"
  | "composition_empty"
  | "composition_blocked"
  | "confirmation_needed"
  | "repair_impossible"
  | "note_too_long"
  | "attachment_kind_refused"
  | "attachment_too_large"
  | "attachments_too_many"
  | "delivery_too_large"
  | "bulk_too_many"
  | "kept_copy_gone"
  | "received_copy_gone"
  | "print_failed"
  | "search_too_long"
  | "selection_too_large"
  | "list_too_large"
  | "inspection_period_unfit"
  | "inspection_too_large"
  | "inspection_unproven"
  | "comparison_too_large"
  | "destination_unknown"
  | "destination_is_sender"
  | "destination_changed"
  | "sender_mismatch"
  | "licence_expired"
  | "delivery_conflict"
  | "delivery_malformed"
  | "mailbox_full"
  | "sends_a_day_reached"
  | "uploads_too_many"
  | "upload_offset"
  | "delivery_unknown"
  | "already_received"
  | "claimed_elsewhere"
  | "claim_lost"
  | "delivery_recalled"
  | "delivery_expired"
  | "content_missing"
  | "recall_too_late"
  | "send_unsettled"
  | "recall_unreachable"
  | "recall_unconfirmed"
  | "digest_mismatch"
  | "header_mismatch"
  | "folder_missing"
  | "folder_away"
  | "folder_read_only"
  | "folder_full"
  | "receiving_folder_missing"
  | "receiving_folder_read_only"
  | "receiving_folder_full"
  | "receiving_rules_too_many"
  | "watched_folder_missing"
  | "watched_folder_crowded"
  | "server_unreachable"
  | "server_interrupted"
  | "server_untrusted"
  | "server_busy"
  | "too_many_requests"
  | "request_too_slow"
  | "server_incompatible"
  | "request_malformed"
  | "internal";

export const problemCodes = [
  "connection_file_unreadable",
  "enrolment_password_refused",
  "enrolment_delayed",
  "certificate_missing",
  "certificate_expired",
  "certificate_early",
  "certificate_revoked",
  "certificate_foreign",
  "certificate_wrong_use",
  "certificate_replaced",
  "renewal_too_early",
  "certificate_file_unreadable",
  "certificate_file_password",
  "certificate_file_keyless",
  "certificate_file_foreign",
  "certificate_file_expired",
  "certificate_file_early",
  "certificate_file_use",
  "certificate_file_office",
  "certificate_other_office",
  "person_id_expected",
  "office_id_expected",
  "person_sign_in_refused",
  "office_sign_in_refused",
  "sign_in_delayed",
  "sign_in_required",
  "password_length",
  "password_change_required",
  "password_unfit",
  "passphrase_refused",
  "passphrase_required",
  "passwords_differ",
  "person_stopped",
  "person_name_unfit",
  "people_too_many",
  "person_unknown",
  "terminal_unknown",
  "issue_passwords_too_many",
  "first_password_gone",
  "mail_code_refused",
  "mail_codes_too_many",
  "mail_not_offered",
  "operator_id_expected",
  "operator_sign_in_refused",
  "role_lacking",
  "operator_unknown",
  "operators_too_many",
  "last_administrator",
  "office_unknown",
  "office_taken",
  "field_unfit",
  "news_unknown",
  "portal_session_ended",
  "form_expired",
  "form_too_large",
  "page_unknown",
  "profile_busy",
  "profile_newer",
  "profile_unusable",
  "profile_empty",
  "profile_unknown",
  "profile_transferring",
  "profile_twice",
  "profiles_too_many",
  "move_waits",
  "move_file_unreadable",
  "move_file_damaged",
  "move_file_newer",
  "move_passphrase_refused",
  "move_not_empty",
  "move_office_here",
  "move_other_office",
  "move_stopped",
  "proxy_invalid",
  "start_with_computer_refused",
  "save_failed",
  "update_unreachable",
  "update_untrusted",
  "update_waits",
  "local_disk_full",
  "drop_is_folder",
  "drop_is_link",
  "drop_is_empty",
  "drop_unreadable",
  "drop_too_many",
  "paste_too_large",
  "paste_empty",
  "drop_unknown",
  "file_too_large",
  "composition_unknown",
  "composition_empty",
  "composition_blocked",
  "confirmation_needed",
  "repair_impossible",
  "note_too_long",
  "attachment_kind_refused",
  "attachment_too_large",
  "attachments_too_many",
  "delivery_too_large",
  "bulk_too_many",
  "kept_copy_gone",
  "received_copy_gone",
  "print_failed",
  "search_too_long",
  "selection_too_large",
  "list_too_large",
  "inspection_period_unfit",
  "inspection_too_large",
  "inspection_unproven",
  "comparison_too_large",
  "destination_unknown",
  "destination_is_sender",
  "destination_changed",
  "sender_mismatch",
  "licence_expired",
  "delivery_conflict",
  "delivery_malformed",
  "mailbox_full",
  "sends_a_day_reached",
  "uploads_too_many",
  "upload_offset",
  "delivery_unknown",
  "already_received",
  "claimed_elsewhere",
  "claim_lost",
  "delivery_recalled",
  "delivery_expired",
  "content_missing",
  "recall_too_late",
  "send_unsettled",
  "recall_unreachable",
  "recall_unconfirmed",
  "digest_mismatch",
  "header_mismatch",
  "folder_missing",
  "folder_away",
  "folder_read_only",
  "folder_full",
  "receiving_folder_missing",
  "receiving_folder_read_only",
  "receiving_folder_full",
  "receiving_rules_too_many",
  "watched_folder_missing",
  "watched_folder_crowded",
  "server_unreachable",
  "server_interrupted",
  "server_untrusted",
  "server_busy",
  "too_many_requests",
  "request_too_slow",
  "server_incompatible",
  "request_malformed",
  "internal",
] as const satisfies readonly ProblemCode[];

export type CommandError = { 
/**
 * Why.
 */
code: ProblemCode, 
/**
 * What the sentence needs. Never a person's name.
 */
params: { [key in string]: string }, 
/**
 * Leads to the log of this desk or of the server.
 */
reference: string | null, };

export type DeskEvent = { "event": "drag_over", 
/**
 * Whether they are over it now.
 */
over: boolean, } | { "event": "files_dropped", 
/**
 * What was dropped.
 */
drop: DropView, } | { "event": "inbox_changed" } | { "event": "outbox_changed" } | { "event": "drafts_changed" } | { "event": "progress", 
/**
 * Which way.
 */
kind: TransferKind, 
/**
 * Whose bytes.
 */
delivery: string, 
/**
 * Moved so far.
 */
done_bytes: number, 
/**
 * In all.
 */
total_bytes: number, } | { "event": "online", 
/**
 * Whether the last attempt reached it.
 */
online: boolean, } | { "event": "news_changed" } | { "event": "certificate_changed" } | { "event": "settings_changed" } | { "event": "automation_changed" } | { "event": "move_progress", 
/**
 * So far.
 */
done_bytes: number, 
/**
 * In all.
 */
total_bytes: number, } | { "event": "landed_by_rule", 
/**
 * Which.
 */
delivery: string, } | { "event": "go_to", 
/**
 * Which.
 */
place: Place, } | { "event": "signed_out" };

export type TransferKind = "send" | "pickup";

export type Place = "inbox" | "outbox" | "drafts" | "settings";

export type StartView = { 
/**
 * The step to show.
 */
stage: Stage, 
/**
 * The version of the client.
 */
version: string, 
/**
 * Whom to call.
 */
help_desk: HelpDeskView, 
/**
 * Whether the profile's key lies in a plain file, as only demo and tests do; shown so that nobody mistakes it.
 */
demo_profile: boolean, 
/**
 * How the window looks.
 */
look: LookView, 
/**
 * Whether this PC holds more than one profile.
 */
other_profiles: boolean, 
/**
 * Why the exchange ended the last session, until somebody passed step 1 of ログイン again.
 */
ended: CommandError | null, };

export type Stage = { "stage": "passphrase", 
/**
 * Whether it is set now for the first time.
 */
first: boolean, } | { "stage": "set_up", 
/**
 * The connection file, once it was read.
 */
connection: ConnectionView | null, 
/**
 * What was moved here from another PC: the certificate must be of its office.
 */
moved: MovedView | null, } | { "stage": "person", 
/**
 * The office of this profile.
 */
office: OfficeView, 
/**
 * The ID last used on this terminal, if a person asked to remember it.
 */
remembered_id: string | null, 
/**
 * The last day of this terminal's certificate.
 */
certificate: ExpiryView, } | { "stage": "office", 
/**
 * The office of this profile.
 */
office: OfficeView, 
/**
 * The ID last used on this terminal.
 */
remembered_id: string | null, } | { "stage": "open", 
/**
 * Who and where.
 */
session: SessionView, };

export type HelpDeskView = { 
/**
 * Telephone number.
 */
telephone: string, 
/**
 * When somebody answers.
 */
hours: string, 
/**
 * Whether the operator has named a contact form.
 */
has_form: boolean, };

export type ConnectionView = { 
/**
 * The exchange's name.
 */
exchange_name: string, 
/**
 * Its host, shown so that a person can compare it.
 */
host: string, };

export type CertificateImport = { 
/**
 * The file that was chosen or dropped.
 */
file: string, 
/**
 * Its password.
 */
password: string, };

export type EnrolStart = { 
/**
 * 事業所ユーザID as typed.
 */
office_id: string, 
/**
 * 証明書発行用パスワード.
 */
issue_password: string, 
/**
 * What the office calls this PC.
 */
terminal_name: string, };

export type MoveOutStart = { 
/**
 * The passphrase that the file is sealed under; as long as a password is.
 */
passphrase: string, };

export type MoveInStart = { 
/**
 * The file that was chosen or dropped.
 */
file: string, 
/**
 * The passphrase that it was sealed under.
 */
passphrase: string, };

export type MovedView = { 
/**
 * Whose it is.
 */
office: OfficeView, 
/**
 * When it was written on the other PC.
 */
made_at: string, 
/**
 * Drafts.
 */
drafts: number, 
/**
 * Rows of 受信一覧.
 */
inbox: number, 
/**
 * Rows of 送信一覧.
 */
outbox: number, };

export type PassphraseStart = { 
/**
 * As typed.
 */
passphrase: string, };

export type PersonSignInStart = { 
/**
 * As typed.
 */
person_id: string, 
/**
 * As typed.
 */
password: string, 
/**
 * Whether to remember the ID (never the password) on this terminal.
 */
remember: boolean, };

export type OfficeSignInStart = { 
/**
 * As typed.
 */
office_id: string, 
/**
 * As typed.
 */
password: string, 
/**
 * Whether to remember the ID (never the password) on this terminal.
 */
remember: boolean, };

export type OfficeView = { 
/**
 * Its number.
 */
number: string, 
/**
 * Its registered name; empty while it is not known.
 */
name: string, 
/**
 * Service kinds: all of the office, or the one that a delivery addresses.
 */
kinds: Array<KindView>, 
/**
 * Its telephone number, if registered.
 */
telephone: string | null, };

export type KindView = { 
/**
 * The code.
 */
code: string, 
/**
 * Its Japanese name; the code itself where the standard names none.
 */
name: string, };

export type SessionView = { 
/**
 * The office.
 */
office: OfficeView, 
/**
 * The person's display name.
 */
person_name: string, 
/**
 * This terminal, as the office calls it.
 */
terminal_name: string, };

export type MishapReport = { 
/**
 * What was thrown.
 */
kind: MishapKind, 
/**
 * The code, if it was a refusal.
 */
code: ProblemCode | null, 
/**
 * Where in the page's program, from the inside out; twelve at most, none where nothing tells.
 */
places: Array<MishapPlace>, };

export type MishapKind = "type_error" | "reference_error" | "range_error" | "syntax_error" | "dom_exception" | "refusal" | "text" | "other";

export type MishapPlace = { 
/**
 * The line, from 1.
 */
line: number, 
/**
 * The column, from 1.
 */
column: number, };

export type HomeView = { 
/**
 * お知らせ一覧, newest first.
 */
news: Array<NewsRow>, 
/**
 * ライセンス有効期限.
 */
licence: ExpiryView, 
/**
 * 証明書有効期限.
 */
certificate: ExpiryView, 
/**
 * How the renewal of the certificate stands.
 */
renewal: RenewalView, 
/**
 * The office's other terminals that got their first certificate lately: one that nobody there knows of is somebody
 * else's.
 */
new_terminals: Array<TerminalRow>, 
/**
 * Today's figures.
 */
figures: FiguresView, 
/**
 * Whether the exchange was reached at the last attempt.
 */
online: boolean, };

export type NewsRow = { 
/**
 * Stable number.
 */
id: number, 
/**
 * When it was published.
 */
published_at: string, 
/**
 * Its title.
 */
title: string, 
/**
 * Its text, plain.
 */
body: string, 
/**
 * Whether nobody has opened it on this PC.
 */
unread: boolean, };

export type ExpiryView = { 
/**
 * The last instant.
 */
until: string, 
/**
 * Whole days left; negative once over.
 */
days_left: number, 
/**
 * Whether to warn.
 */
warns: boolean, };

export type RenewalView = { 
/**
 * Whether it can be renewed now.
 */
due: boolean, 
/**
 * When it was renewed, for some days after.
 */
renewed_at: string | null, 
/**
 * Why the last try failed.
 */
problem: CommandError | null, };

export type FiguresView = { 
/**
 * 未取得 in 受信一覧.
 */
waiting: number, 
/**
 * Those of them that nobody can fetch any more before long; of the oldest thousand.
 */
ending: number, 
/**
 * Drafts.
 */
drafts: number, 
/**
 * Sends that the other side has not downloaded.
 */
not_downloaded: number, 
/**
 * Sends that are queued or held on this desk.
 */
unsent: number, };

export type DropView = { 
/**
 * To name it by.
 */
id: string, 
/**
 * What it holds.
 */
files: Array<DroppedFile>, };

export type DroppedFile = { 
/**
 * Its name without folders.
 */
name: string, 
/**
 * Its size.
 */
size_bytes: number, };

export type CompositionMode = "compose" | "dispatch";

export type ComposeStart = { 
/**
 * Which screen.
 */
mode: CompositionMode, 
/**
 * Files to begin with.
 */
drop: string | null, };

export type AddDrop = { 
/**
 * To which.
 */
composition: string, 
/**
 * What.
 */
drop: string, };

export type AttachFiles = { 
/**
 * Of which composition.
 */
composition: string, 
/**
 * To which delivery.
 */
delivery: string, 
/**
 * What.
 */
drop: string, };

export type RemoveFile = { 
/**
 * Of which composition.
 */
composition: string, 
/**
 * [`FileRow::file`].
 */
file: number, };

export type EditNote = { 
/**
 * Of which composition.
 */
composition: string, 
/**
 * Of which delivery; in 新規作成 it is kept even before there is one.
 */
delivery: string | null, 
/**
 * The text, at most 2,000 characters.
 */
note: string, };

export type CompositionView = { 
/**
 * To name it by.
 */
id: string, 
/**
 * Which screen.
 */
mode: CompositionMode, 
/**
 * The planned deliveries, by serial. In 新規作成 all go to one office; note and attachments belong to the first.
 */
deliveries: Array<PlannedView>, 
/**
 * Files that are in no delivery, each with the reason in its findings.
 */
unplaced: Array<FileRow>, 
/**
 * Findings that belong to no single delivery or file (several destinations, over 100 …).
 */
findings: Array<FindingView>, 
/**
 * Deliveries beyond the hundred; they stay in the list as the next batch.
 */
over_limit: number, 
/**
 * Whether 送信 is possible now.
 */
can_send: boolean, 
/**
 * Whether 送信 must first be confirmed with 「内容を確認して送る」 (warnings, or the same bytes were sent before).
 */
needs_confirmation: boolean, 
/**
 * Whether a draft of this composition is stored.
 */
is_draft: boolean, 
/**
 * The note in 新規作成 while no delivery is planned yet.
 */
note: string, 
/**
 * The office that was chosen in 宛先検索 or by 返信, while no standard file names another.
 */
chosen: OfficeView | null, };

export type PlannedView = { 
/**
 * The identity it will be sent under.
 */
delivery: string, 
/**
 * The destination with the one kind that is addressed.
 */
to: OfficeView, 
/**
 * Whether the directory knows the destination; `unchecked` while the exchange could not be asked.
 */
on_exchange: OnExchange, 
/**
 * Whether it will be printed for fax instead of sent: the destination is not on the exchange, and nothing else is in
 * the way. Nothing of it blocks then.
 */
on_paper: boolean, 
/**
 * The id of its unit, as in [`super::UnitView::id`]; none for attachments alone.
 */
unit: string | null, 
/**
 * What the unit is called, such as サービス提供票・別表 (by side, D22); empty for attachments alone.
 */
unit_name: string, 
/**
 * The prefixes of required members that are not there, in the order of the unit.
 */
missing: Array<string>, 
/**
 * Its service month.
 */
month: string | null, 
/**
 * Its number of care recipients.
 */
recipients: number | null, 
/**
 * Its serial.
 */
serial: string | null, 
/**
 * Standard files and attachments.
 */
files: Array<FileRow>, 
/**
 * Findings of the unit as a whole (a missing mate …).
 */
findings: Array<FindingView>, 
/**
 * The note.
 */
note: string, 
/**
 * When this office last sent to the destination or received from it; none if never.
 */
last_exchange: string | null, 
/**
 * When the same bytes were sent before, if they were.
 */
sent_before: string | null, 
/**
 * Whether anything in it blocks.
 */
blocked: boolean, 
/**
 * How its sending stands, once it was started.
 */
sending: SendStateView | null, };

export type OnExchange = "yes" | "no" | "unchecked";

export type FileRow = { 
/**
 * Its number in the composition.
 */
file: number, 
/**
 * Its name.
 */
name: string, 
/**
 * What it is, in Japanese (居宅サービス計画書 第1表 …, 補足資料).
 */
kind_name: string, 
/**
 * Whether it travels as an attachment.
 */
attachment: boolean, 
/**
 * Its size.
 */
size_bytes: number, 
/**
 * Whether 修正版を作る can be offered: something in it can be put right without changing what it says.
 */
repairable: boolean, 
/**
 * Whether it is a repaired copy (修正版) of the file that was dropped.
 */
repaired: boolean, 
/**
 * What was found in it, the heaviest first; at most [`FINDINGS_SHOWN_MAX`].
 */
findings: Array<FindingView>, 
/**
 * Findings that are not listed here.
 */
more_findings: number, };

export type SeverityView = "blocks" | "warns" | "notes";

export type FindingView = { 
/**
 * Its weight.
 */
severity: SeverityView, 
/**
 * The key of its sentence in the catalogue.
 */
code: string, 
/**
 * Its stable code, which a help desk is told and a script compares (D24).
 */
finding_code: string, 
/**
 * Which part of the code's meaning is touched.
 */
rule: string | null, 
/**
 * The row in the file, from 1.
 */
row: number | null, 
/**
 * The column, from 1.
 */
column: number | null, 
/**
 * The field's name as printed in the standard.
 */
field_name: string | null, 
/**
 * The value that is there, cut when it is long. It may be about a person: for the screen, never for a log.
 */
value: string | null, 
/**
 * Further places of the same kind in the same file and field, which are not listed.
 */
more: number, 
/**
 * What was found, one Japanese sentence.
 */
message: string, 
/**
 * What to do.
 */
remedy: string, };

export type UnitView = { 
/**
 * Its id in the standard's table.
 */
id: string, 
/**
 * What it is called, by side (D22).
 */
name: string, 
/**
 * For whom it is made: 居宅介護支援, or 介護予防支援・介護予防ケアマネジメント.
 */
program_name: string, 
/**
 * Whether the names of its files carry a service month.
 */
has_month: boolean, 
/**
 * Its files, the one that leads it first.
 */
members: Array<UnitMemberView>, };

export type UnitMemberView = { 
/**
 * The prefix of its name, such as `UPPLAN`.
 */
prefix: string, 
/**
 * What it is, by side (D22).
 */
name: string, 
/**
 * Whether the unit is incomplete without it; else it comes along where there is one.
 */
required: boolean, };

export type RepairRequest = { 
/**
 * Of which composition.
 */
composition: string, 
/**
 * [`super::FileRow::file`].
 */
file: number, };

export type RepairView = { 
/**
 * The file's name.
 */
name: string, 
/**
 * The repaired copy's name.
 */
new_name: string, 
/**
 * The changes, one for each kind and each substituted character; at most [`CHANGES_SHOWN_MAX`]. None where
 * characters without a substitute stand in the way: then they are what remains, and the repair is refused.
 */
changes: Array<ChangeView>, 
/**
 * Changes that are not listed here.
 */
more_changes: number, 
/**
 * What the checks would still find, the heaviest first; at most [`super::FINDINGS_SHOWN_MAX`].
 */
remaining: Array<FindingView>, 
/**
 * What would remain and is not listed here.
 */
more_remaining: number, };

export type ChangeView = { 
/**
 * What is changed, one Japanese sentence.
 */
message: string, 
/**
 * In how many places.
 */
count: number, 
/**
 * The first row, from 1.
 */
row: number | null, 
/**
 * What is there. It may be about a person: for the screen, never for a log.
 */
before: string | null, 
/**
 * What will be there.
 */
after: string | null, };

export type RepairedView = { 
/**
 * The composition with the repaired copy in the file's place.
 */
composition: CompositionView, 
/**
 * Whether the copy was also written as a new file into a folder beside the original.
 */
saved: boolean, 
/**
 * The folder's own name, where a file was written: 修正版, or 修正版_2 where that holds another file of this name.
 */
saved_folder: string | null, 
/**
 * The name of the new file, where one was written.
 */
saved_name: string | null, };

export type SendStart = { 
/**
 * What.
 */
composition: string, 
/**
 * Whether a person confirmed the warnings.
 */
confirmed: boolean, 
/**
 * The deliveries that a person wants printed for fax ([`PlannedView::on_paper`]); what is not named stays behind, and
 * nothing goes where the office of one of them has joined, or can't be asked about any more.
 */
on_paper: string[], };

export type SendView = { 
/**
 * Of which composition.
 */
composition: string, 
/**
 * Delivery by delivery.
 */
deliveries: Array<SendRow>, 
/**
 * Whether nothing is under way any more.
 */
finished: boolean, 
/**
 * How many the exchange holds durably.
 */
sent: number, 
/**
 * How many were refused.
 */
held: number, 
/**
 * How many were put on paper for fax.
 */
on_paper: number, };

export type SendRow = { 
/**
 * Which.
 */
delivery: string, 
/**
 * Its destination.
 */
to: OfficeView, 
/**
 * What it holds.
 */
unit_name: string, 
/**
 * How it stands.
 */
state: SendStateView, };

export type SendStateView = { "state": "queued", 
/**
 * Why it still waits.
 */
waiting_for: WaitReason | null, 
/**
 * Whether bytes left in an earlier try: the exchange may hold it already, and is asked (確認中).
 */
unsettled: boolean, } | { "state": "sending" } | { "state": "sent", 
/**
 * Since when.
 */
accepted_at: string, } | { "state": "held", 
/**
 * Why.
 */
problem: CommandError, } | { "state": "cancelled" } | { "state": "on_paper", 
/**
 * When a person said that it was faxed; none until then.
 */
faxed_at: string | null, };

export type WaitReason = "server" | "sign_in";

export type DraftRow = { 
/**
 * To open it by.
 */
id: string, 
/**
 * 保存日時.
 */
saved_at: string, 
/**
 * 送信先事業所, if the files name one.
 */
to: OfficeView | null, 
/**
 * What it holds.
 */
contents: string, 
/**
 * The number of files.
 */
files: number, 
/**
 * The beginning of its note.
 */
note: string, };

export type DeliveryRequest = { 
/**
 * Which.
 */
delivery: string, };

export type OutboxView = { 
/**
 * The rows of the window. Newest first unless asked otherwise; what is still on this desk stands above.
 */
rows: Array<OutboxRow>, 
/**
 * The place of the first row, from 0.
 */
from: number, 
/**
 * Rows that the query matches.
 */
matching: number, 
/**
 * Rows of the list.
 */
total: number, 
/**
 * Rows of the list that are open: 未 or unsent.
 */
open: number, 
/**
 * When the exchange was last asked with success.
 */
synced_at: string | null, 
/**
 * Whether the last attempt reached it.
 */
online: boolean, };

export type OutboxRow = { 
/**
 * Which.
 */
delivery: string, 
/**
 * 送信日時: the exchange's time once accepted, else when it was queued here.
 */
at: string, 
/**
 * 送信先事業所.
 */
to: OfficeView, 
/**
 * What it holds.
 */
contents: string, 
/**
 * The number of files.
 */
files: number, 
/**
 * Its serial.
 */
serial: string | null, 
/**
 * The note, where this desk kept it.
 */
note: string, 
/**
 * Whether its kept copy is still here, for 再送.
 */
can_resend: boolean, 
/**
 * Whether it can be printed for fax: it was put on paper, or was refused because its destination is not on the
 * exchange and can be put on paper; and its copy is here.
 */
can_fax: boolean, 
/**
 * Until when the exchange keeps it for the other office, once that is near.
 */
keeping: ExpiryView | null, 
/**
 * How it stands.
 */
status: OutboxStatus, };

export type OutboxStatus = { "status": "unsent", 
/**
 * How the sending stands.
 */
sending: SendStateView, } | { "status": "waiting" } | { "status": "downloaded", 
/**
 * When.
 */
at: string, } | { "status": "recalled", 
/**
 * When.
 */
at: string, } | { "status": "expired", 
/**
 * When.
 */
at: string, } | { "status": "on_paper", 
/**
 * Who put it on paper, by the display name at the office.
 */
by: string | null, 
/**
 * When a person said that it was faxed; none until then.
 */
faxed_at: string | null, };

export type InboxView = { 
/**
 * The rows of the window, newest first unless asked otherwise.
 */
rows: Array<InboxRow>, 
/**
 * The place of the first row, from 0.
 */
from: number, 
/**
 * Rows that the query matches.
 */
matching: number, 
/**
 * Rows of the list.
 */
total: number, 
/**
 * Rows of the list that are open: 未取得 or 取得中.
 */
open: number, 
/**
 * When the exchange was last asked with success.
 */
synced_at: string | null, 
/**
 * Whether the last attempt reached it.
 */
online: boolean, 
/**
 * The folder last used, if it is still there.
 */
last_folder: FolderView | null, 
/**
 * Where received data go by 設定, so that the page knows whether to ask.
 */
receive_into: ReceiveInto, };

export type FolderView = { 
/**
 * To name it by.
 */
id: string, 
/**
 * The folder's own name.
 */
name: string, };

export type InboxRow = { 
/**
 * Which.
 */
delivery: string, 
/**
 * 受信日時.
 */
at: string, 
/**
 * 送信元事業所.
 */
from: OfficeView, 
/**
 * The service kind of this office that it is for.
 */
to_kind: KindView, 
/**
 * What it holds, as the sender declared it (送信側の申告) until it is fetched.
 */
contents: string, 
/**
 * The number of files.
 */
files: number, 
/**
 * Bytes in all.
 */
size_bytes: number, 
/**
 * The sender's note, once its cover was read; empty if nothing was written.
 */
note: string | null, 
/**
 * The names of the attachments, once the cover was read.
 */
attachments: Array<string>, 
/**
 * Its serial: data of one office are imported by rising serial.
 */
serial: string | null, 
/**
 * When it was marked 取込済 on this terminal.
 */
imported_at: string | null, 
/**
 * Deliveries of the same office and kinds with a smaller serial that are not marked 取込済: they come first.
 */
import_before: number, 
/**
 * The folder remembered for its office, if that is still there.
 */
office_folder: FolderView | null, 
/**
 * Until when it can be fetched, once that is near.
 */
keeping: ExpiryView | null, 
/**
 * How it stands.
 */
status: InboxStatus, };

export type InboxStatus = { "status": "waiting", 
/**
 * Why the last try of this terminal failed.
 */
problem: CommandError | null, } | { "status": "fetching", 
/**
 * Whether the files are here and only the exchange's answer is missing.
 */
landed: boolean, 
/**
 * What it waits for, where that is not the exchange: the folder of an interrupted landing is away.
 */
problem: CommandError | null, } | { "status": "elsewhere", 
/**
 * Which.
 */
terminal_name: string, 
/**
 * Since when.
 */
since: string, 
/**
 * To name in a takeover.
 */
fence: number, } | { "status": "received", 
/**
 * When.
 */
at: string, 
/**
 * Whether it landed on this terminal, so that its folder can be opened.
 */
here: boolean, 
/**
 * The name of the folder it landed in, if here.
 */
folder_name: string | null, 
/**
 * Whether its kept copy is here, so that it can be read.
 */
readable: boolean, } | { "status": "superseded", 
/**
 * Whoever holds it now, to be named in a takeover back to this terminal; none once it is over, or free.
 */
holder: HolderView | null, } | { "status": "recalled", 
/**
 * When.
 */
at: string, } | { "status": "expired", 
/**
 * When.
 */
at: string, };

export type HolderView = { 
/**
 * Which.
 */
terminal_name: string, 
/**
 * Since when.
 */
since: string, 
/**
 * To name in a takeover.
 */
fence: number, };

export type PickupStart = { 
/**
 * Which, in any order; they are fetched by rising serial.
 */
deliveries: string[], 
/**
 * Into which folder; none where 設定 names it: the fixed one, or the one remembered for the office.
 */
folder: string | null, };

export type TakeOverStart = { 
/**
 * Which.
 */
delivery: string, 
/**
 * The fence that the person was shown.
 */
fence: number, 
/**
 * Into which folder; none as in [`PickupStart::folder`].
 */
folder: string | null, };

export type ProfileRow = { 
/**
 * To open it by.
 */
id: string, 
/**
 * Its office; none before 初期設定.
 */
office: OfficeView | null, 
/**
 * Whether it is the open one.
 */
open: boolean, };

export type PasswordChange = { 
/**
 * 個人ユーザID or 事業所ユーザID, as typed.
 */
account_id: string, 
/**
 * The password so far.
 */
password: string, 
/**
 * The new one, 12 to 64 characters.
 */
new_password: string, };

export type LookView = { 
/**
 * 文字の大きさ.
 */
text_size: TextSize, 
/**
 * 画面の色.
 */
theme: Theme, 
/**
 * Whether the mascot's pictures and tips are hidden.
 */
mascot_hidden: boolean, };

export type TextSize = "standard" | "large" | "largest";

export type Theme = "system" | "light" | "dark";

export type NewsRequest = { 
/**
 * [`NewsRow::id`].
 */
id: number, };

export type PastedFiles = { 
/**
 * At most [`care_model::limits::PASTED_FILES_MAX`], together at most [`care_model::limits::PASTED_BYTES_MAX`].
 */
files: Array<PastedFile>, };

export type PastedFile = { 
/**
 * Its name without folders.
 */
name: string, 
/**
 * Its bytes in Base64.
 */
base64: string, };

export type UnfinishedRow = { 
/**
 * To take it up by.
 */
id: string, 
/**
 * Which screen it belongs to.
 */
mode: CompositionMode, 
/**
 * When it was last changed.
 */
changed_at: string, 
/**
 * How many files it holds.
 */
files: number, 
/**
 * To how many deliveries they were planned.
 */
deliveries: number, };

export type OfficeSearch = { 
/**
 * Number, name, kana or place as typed; at most [`care_model::limits::SEARCH_CHARS_MAX`] characters.
 */
text: string, 
/**
 * Only offices with this service kind.
 */
kind: string | null, 
/**
 * The number of the last office of the page before; none for the first page.
 */
after: string | null, };

export type OfficeSearchView = { 
/**
 * By number.
 */
offices: Array<OfficeHit>, 
/**
 * Whether there are more behind the last one.
 */
more: boolean, };

export type OfficeHit = { 
/**
 * The office with all its kinds.
 */
office: OfficeView, 
/**
 * Its name in kana; empty if not registered.
 */
kana: string, 
/**
 * Its address; empty if not registered.
 */
address: string, 
/**
 * Whether its licence stands; told before sending, never a reason not to.
 */
active: boolean, 
/**
 * When this office last sent to it or received from it.
 */
last_exchange: string | null, };

export type ChooseDestination = { 
/**
 * Of which 新規作成.
 */
composition: string, 
/**
 * To whom; none clears it.
 */
to: DestinationChoice | null, };

export type DestinationChoice = { 
/**
 * Its number.
 */
number: string, 
/**
 * The kind.
 */
kind: string, };

export type ListName = "inbox" | "outbox";

export type ListRequest = { 
/**
 * Of which rows, in which order.
 */
query: ListQuery, 
/**
 * The place of its first row among those, from 0.
 */
from: number, 
/**
 * How many rows; at most [`care_model::limits::WINDOW_ROWS_MAX`].
 */
count: number, };

export type ListQuery = { 
/**
 * Words that must all occur in office name, number, contents, month or message; as typed, at most
 * [`care_model::limits::SEARCH_CHARS_MAX`] characters.
 */
text: string, 
/**
 * Only what is still open: 未取得 in 受信一覧, 未 or unsent in 送信一覧.
 */
only_open: boolean, 
/**
 * From this day on, in Japan.
 */
since: string | null, 
/**
 * To this day, in Japan, inclusive.
 */
until: string | null, 
/**
 * Only this office on the other side.
 */
office: string | null, 
/**
 * Only these contents: [`super::UnitView::id`], or [`ATTACHMENTS_ALONE`].
 */
unit: string | null, 
/**
 * The column to sort by.
 */
sort: SortColumn, 
/**
 * Whether the smallest stands first; otherwise the greatest (newest) does.
 */
ascending: boolean, };

export type SortColumn = "at" | "office" | "contents" | "status";

export type ListRange = { 
/**
 * Which list.
 */
list: ListName, 
/**
 * Of which rows.
 */
query: ListQuery, 
/**
 * The place of the first, from 0.
 */
from: number, 
/**
 * How many; at most [`care_model::limits::SELECTED_ROWS_MAX`].
 */
count: number, };

export type ListIds = { 
/**
 * Which.
 */
deliveries: string[], };

export type ListChoices = { 
/**
 * The offices that occur, by name.
 */
offices: Array<OfficeView>, 
/**
 * The contents that occur.
 */
units: Array<UnitChoice>, };

export type UnitChoice = { 
/**
 * For [`ListQuery::unit`].
 */
id: string, 
/**
 * What it is called.
 */
name: string, };

export type DetailRequest = { 
/**
 * In which list.
 */
list: ListName, 
/**
 * Which.
 */
delivery: string, };

export type DeliveryDetail = { 
/**
 * Which.
 */
delivery: string, 
/**
 * The office on the other side, with the one kind that sent or is addressed.
 */
office: OfficeView, 
/**
 * The kind of this office that it is from or for.
 */
own_kind: KindView, 
/**
 * What it holds.
 */
contents: string, 
/**
 * Its serial.
 */
serial: string | null, 
/**
 * Its service month.
 */
month: string | null, 
/**
 * Care recipients, as the sender declared them.
 */
recipients: number | null, 
/**
 * Its note; none while the cover was not read.
 */
note: string | null, 
/**
 * Its files, standard files first.
 */
files: Array<DetailFile>, 
/**
 * What happened, in order.
 */
times: Array<DetailTime>, 
/**
 * Bytes in all.
 */
size_bytes: number, 
/**
 * The name of the folder it landed in, if on this terminal.
 */
folder_name: string | null, };

export type DetailFile = { 
/**
 * Its name as sent; none for an attachment whose cover was not read.
 */
name: string | null, 
/**
 * The name it was saved under, where that differs.
 */
saved_as: string | null, 
/**
 * What it is, by side (D22).
 */
kind_name: string, 
/**
 * Whether it is an attachment.
 */
attachment: boolean, 
/**
 * Its size.
 */
size_bytes: number, 
/**
 * SHA-256 of its bytes, in hexadecimal.
 */
digest: string, };

export type DetailTime = { 
/**
 * What.
 */
what: DetailEvent, 
/**
 * When.
 */
at: string, 
/**
 * By which terminal of this office, where that is known.
 */
terminal_name: string | null, };

export type DetailEvent = "queued" | "accepted" | "claimed" | "received" | "imported" | "recalled" | "expired" | "on_paper" | "faxed";

export type ListExport = { 
/**
 * Which list.
 */
list: ListName, 
/**
 * Which rows; at most [`care_model::limits::EXPORT_ROWS_MAX`].
 */
query: ListQuery, };

export type SavedView = { 
/**
 * Its name, without its folder.
 */
name: string, 
/**
 * How many rows it holds, where it is a list.
 */
rows: number | null, };

export type ComparedOffice = { 
/**
 * Which.
 */
office: OfficeView, 
/**
 * What could not be read, and what that means.
 */
remarks: Array<string>, 
/**
 * Files in which something was found.
 */
files: Array<ReadFileView>, 
/**
 * How many care recipients there are in each state.
 */
states: Array<StateCount>, };

export type ComparisonForm = { 
/**
 * Whose: [`ComparisonRow::number`].
 */
number: number, 
/**
 * 予定 above 実績, day by day, and every difference in words.
 */
form: FormView, };

export type ComparisonQuery = { 
/**
 * Words that must all occur in name, kana, number or office; as typed.
 */
text: string, 
/**
 * Only with this office.
 */
office: string | null, 
/**
 * Only in this state.
 */
state: ComparisonState | null, };

export type ComparisonRequest = { 
/**
 * Of which care recipients.
 */
query: ComparisonQuery, 
/**
 * The place of its first row among those, from 0.
 */
from: number, 
/**
 * How many rows; at most [`care_model::limits::WINDOW_ROWS_MAX`].
 */
count: number, };

export type ComparisonRow = { 
/**
 * To ask for the days by.
 */
number: number, 
/**
 * The office on the other side.
 */
office: OfficeView, 
/**
 * Whether it is this office that reports to it.
 */
ours: boolean, 
/**
 * The name; none if no file has it.
 */
name: string | null, 
/**
 * The name in kana.
 */
name_kana: string | null, 
/**
 * 被保険者番号, as written.
 */
insured_number: string, 
/**
 * How it stands.
 */
state: ComparisonState, 
/**
 * The same in words.
 */
state_name: string, 
/**
 * Times and units as planned; empty where nothing was.
 */
planned: string, 
/**
 * Times and units as done; empty where nothing was.
 */
actual: string, 
/**
 * Units done beyond the plan, or fewer; empty where one side is not there.
 */
balance: string, 
/**
 * Services that were not as planned.
 */
differences: number, 
/**
 * What was found in the records that were compared.
 */
findings: number, };

export type ComparisonRows = { 
/**
 * The rows of the window.
 */
rows: Array<ComparisonRow>, 
/**
 * How many care recipients are meant.
 */
matching: number, 
/**
 * How many there are.
 */
total: number, };

export type ComparisonStart = { 
/**
 * サービス提供年月.
 */
month: string, };

export type ComparisonState = "missing" | "unclear" | "differs" | "unplanned" | "as_planned" | "not_theirs";

export type ComparisonView = { 
/**
 * サービス提供年月.
 */
month: string, 
/**
 * When: what came later is not in it.
 */
made_at: string, 
/**
 * Until when actuals usually come: the 5th of the next month.
 */
due: string, 
/**
 * Until when offices claim: the 10th of the next month.
 */
claimed_until: string, 
/**
 * Whether that 5th has come.
 */
is_due: boolean, 
/**
 * Every month of which there are plans or actuals, the latest first.
 */
months: Array<string>, 
/**
 * The offices on the other side, by name.
 */
offices: Array<ComparedOffice>, 
/**
 * How many care recipients there are in each state, in the order in which the list has them.
 */
states: Array<StateCount>, };

export type StateCount = { 
/**
 * Which.
 */
state: ComparisonState, 
/**
 * How many.
 */
count: number, };

export type InspectionForm = "signed" | "csv_utf8" | "csv_ms932" | "excel";

export type InspectionKind = "sent" | "received" | "sign_in" | "other";

export type InspectionPart = { 
/**
 * A standard file's name, or what kind of part it is.
 */
name: string, 
/**
 * Its size.
 */
size_bytes: number, 
/**
 * SHA-256 of its bytes as sent.
 */
digest: string, };

export type InspectionQuery = { 
/**
 * Words that must all occur in what a row shows; as typed.
 */
text: string, 
/**
 * Only these.
 */
kind: InspectionKind | null, };

export type InspectionRequest = { 
/**
 * Of which acts.
 */
query: InspectionQuery, 
/**
 * The place of its first row among those, from 0.
 */
from: number, 
/**
 * How many rows; at most [`care_model::limits::WINDOW_ROWS_MAX`].
 */
count: number, };

export type InspectionRow = { 
/**
 * Its number in the exchange's record of this office, from 1 without a gap.
 */
number: number, 
/**
 * When, by the exchange's clock.
 */
at: string, 
/**
 * What it is to this office.
 */
kind: InspectionKind, 
/**
 * What was done.
 */
act: string, 
/**
 * By whom: the office's own people by their ID and terminal; of the other side that it was the other side.
 */
by: string, 
/**
 * The office on the other side of a delivery.
 */
other: OfficeView | null, 
/**
 * What the delivery held; empty for anything else.
 */
contents: string, 
/**
 * The delivery's parts with their digests, where the exchange gave a receipt.
 */
parts: Array<InspectionPart>, 
/**
 * The digest that stands for the whole delivery, where the exchange gave a receipt.
 */
digest: string | null, };

export type InspectionRows = { 
/**
 * The rows of the window.
 */
rows: Array<InspectionRow>, 
/**
 * How many acts are meant.
 */
matching: number, 
/**
 * How many there are.
 */
total: number, };

export type InspectionStart = { 
/**
 * The first day.
 */
from: string, 
/**
 * The last day, inclusive.
 */
until: string, };

export type InspectionView = { 
/**
 * The first day.
 */
from: string, 
/**
 * The last day.
 */
until: string, 
/**
 * When it was taken out: what came later is not in it.
 */
made_at: string, 
/**
 * What the exchange that signed it is called.
 */
exchange: string, 
/**
 * Whose record it is.
 */
office: OfficeView, 
/**
 * How many acts it tells of.
 */
acts: number, };

export type BoardActuals = { 
/**
 * Service kinds for which 実績 are there.
 */
done: number, 
/**
 * Service kinds for which they are missing.
 */
missing: Array<KindView>, };

export type BoardForm = "excel" | "csv_utf8" | "csv_ms932";

export type BoardOrder = "remaining" | "name" | "contact";

export type BoardProgress = { 
/**
 * All of them.
 */
offices: number, 
/**
 * Those of them with none missing.
 */
done: number, };

export type BoardQuery = { 
/**
 * The service month (サービス提供年月); none is the one whose claims close next.
 */
month: string | null, 
/**
 * Words that must all occur in the name, the number or a service kind of an office; as typed, at most
 * [`care_model::limits::SEARCH_CHARS_MAX`] characters.
 */
text: string, 
/**
 * Only offices with which something is still to come.
 */
only_open: boolean, 
/**
 * Their order.
 */
order: BoardOrder, };

export type BoardRequest = { 
/**
 * Of which offices, in which order.
 */
query: BoardQuery, 
/**
 * The place of its first row among those, from 0.
 */
from: number, 
/**
 * How many rows; at most [`care_model::limits::WINDOW_ROWS_MAX`]. None gives the sums alone.
 */
count: number, };

export type BoardRow = { 
/**
 * Which, as it was called last, with the service kinds that occurred.
 */
office: OfficeView, 
/**
 * What went to it.
 */
sent: BoardWay, 
/**
 * What for it is queued or held on this desk.
 */
unsent: number, 
/**
 * What was put on paper for it, for fax: it is not on the exchange, or was not then.
 */
on_paper: number, 
/**
 * What came from it.
 */
received: BoardWay, 
/**
 * 実績 that come from it, by its service kinds.
 */
actuals_in: BoardActuals, 
/**
 * 実績 that go to it, by service kinds of this office.
 */
actuals_out: BoardActuals, 
/**
 * When anything was last sent to it or came from it, of any month.
 */
last_at: string | null, };

export type BoardSave = { 
/**
 * Which offices; at most [`care_model::limits::BOARD_OFFICES_MAX`].
 */
query: BoardQuery, 
/**
 * As what.
 */
form: BoardForm, };

export type BoardSums = { 
/**
 * What went.
 */
sent: BoardWay, 
/**
 * What is queued or held on this desk.
 */
unsent: number, 
/**
 * What came.
 */
received: BoardWay, 
/**
 * 実績 that come from service offices.
 */
actuals_in: BoardProgress, 
/**
 * 実績 that this office sends.
 */
actuals_out: BoardProgress, };

export type BoardView = { 
/**
 * The month and the end of its claims.
 */
closing: ClosingView, 
/**
 * The months that can be asked for, newest first.
 */
months: string[], 
/**
 * The month over all offices, whatever is searched for.
 */
sums: BoardSums, 
/**
 * The rows of the window.
 */
rows: Array<BoardRow>, 
/**
 * Offices that the query matches.
 */
matching: number, 
/**
 * Offices that anything was ever exchanged with.
 */
total: number, 
/**
 * When the exchange was last asked for both lists with success.
 */
synced_at: string | null, };

export type BoardWay = { 
/**
 * Those that the exchange accepted.
 */
all: number, 
/**
 * Those of them that the receiving office has not fetched.
 */
open: number, };

export type ClosingView = { 
/**
 * The service month.
 */
month: string, 
/**
 * The last instant.
 */
closes_at: string, 
/**
 * Whole minutes left; 0 once it is over.
 */
minutes_left: number, 
/**
 * Whether the service month has ended, so that 実績 can be whole.
 */
ended: boolean, };

export type ImportedMark = { 
/**
 * Which; at most [`care_model::limits::SELECTED_ROWS_MAX`].
 */
deliveries: string[], 
/**
 * Whether they are.
 */
imported: boolean, };

export type SettingsView = { 
/**
 * Where received data go.
 */
receive_into: ReceiveInto, 
/**
 * The own name of the fixed folder, once one was chosen.
 */
fixed_folder_name: string | null, 
/**
 * Whether the fixed folder can be reached now.
 */
fixed_folder_found: boolean, 
/**
 * How the folder of a delivery is called.
 */
naming: Naming, 
/**
 * Whether files lie in the folder itself instead of in one of their own for each delivery (D5).
 */
flat: boolean, 
/**
 * Days that a copy of what was sent is kept for 再送, and of what was sent and received for 内容を見る; 0 keeps none.
 */
kept_days: number, 
/**
 * Whether the system shows notices.
 */
notices: boolean, 
/**
 * Whether the client starts with the computer; none where this system can't.
 */
starts_with_computer: boolean | null, 
/**
 * Whether this profile opens with a passphrase, before which nothing is heard.
 */
asks_passphrase: boolean, 
/**
 * Whether closing the window leaves the client in the tray.
 */
stays_in_tray: boolean, 
/**
 * How the exchange is reached.
 */
proxy: Proxy, };

export type SettingsEdit = { 
/**
 * [`SettingsView::receive_into`].
 */
receive_into: ReceiveInto, 
/**
 * [`SettingsView::naming`].
 */
naming: Naming, 
/**
 * [`SettingsView::flat`].
 */
flat: boolean, 
/**
 * [`SettingsView::kept_days`]; at most [`care_model::limits::KEPT_DAYS_MAX`].
 */
kept_days: number, 
/**
 * [`SettingsView::notices`].
 */
notices: boolean, 
/**
 * [`SettingsView::starts_with_computer`]; none leaves it as it is.
 */
starts_with_computer: boolean | null, 
/**
 * [`SettingsView::stays_in_tray`].
 */
stays_in_tray: boolean, 
/**
 * [`SettingsView::proxy`].
 */
proxy: Proxy, };

export type ReceiveInto = "ask" | "per_office" | "fixed";

export type Naming = "time_office_serial" | "office_time_serial" | "month_office_serial" | "office_folder";

export type Proxy = { "proxy": "system" } | { "proxy": "none" } | { "proxy": "manual", 
/**
 * Its host.
 */
host: string, 
/**
 * Its port.
 */
port: number, };

export type AutomationView = { 
/**
 * Whether what fits a rule is received by itself.
 */
receiving: boolean, 
/**
 * The rules, in the order in which they are tried; at most [`care_model::limits::RECEIVING_RULES_MAX`].
 */
rules: Array<ReceivingRule>, 
/**
 * Why receiving stands still, until it goes on by itself.
 */
receiving_stopped: CommandError | null, 
/**
 * How many deliveries it received since the desk was opened.
 */
received: number, 
/**
 * Whether drafts are prepared from the watched folder.
 */
watching: boolean, 
/**
 * The watched folder, once one was chosen.
 */
watched: FolderView | null, 
/**
 * Why watching stands still, until it goes on by itself.
 */
watching_stopped: CommandError | null, 
/**
 * Drafts from the watched folder that wait in 下書き一覧.
 */
prepared: number, 
/**
 * Whether as many wait as may; the rest stays in the folder.
 */
full: boolean, 
/**
 * Files in the folder whose unit is not whole yet.
 */
incomplete: number, };

export type AutomationEdit = { 
/**
 * [`AutomationView::receiving`].
 */
receiving: boolean, 
/**
 * [`AutomationView::rules`]; folders are known by their identity.
 */
rules: Array<ReceivingRule>, 
/**
 * [`AutomationView::watching`].
 */
watching: boolean, 
/**
 * [`AutomationView::watched`]. What lies in another one when it is chosen is taken for done.
 */
watched: FolderView | null, };

export type ReceivingRule = { 
/**
 * Only from this office.
 */
from: string | null, 
/**
 * Only from offices in this service kind.
 */
kind: string | null, 
/**
 * Only of this month of service, as the sender declared it.
 */
month: string | null, 
/**
 * The folder.
 */
folder: FolderView, 
/**
 * Folders in it, the outer one first; each field once.
 */
subfolders: Array<Subfolder>, };

export type Subfolder = "office" | "kind" | "month";

export type TerminalRow = { 
/**
 * What the office calls it.
 */
name: string, 
/**
 * When it got its certificate.
 */
enrolled_at: string, 
/**
 * The last day of its certificate.
 */
certificate: ExpiryView, 
/**
 * Since when it is stopped.
 */
revoked_at: string | null, 
/**
 * Whether it is this one.
 */
here: boolean, };

export type AboutView = { 
/**
 * The version of the client.
 */
version: string, 
/**
 * The exchange's name.
 */
exchange_name: string, 
/**
 * The version of the protocol that client and exchange speak.
 */
protocol: number, 
/**
 * What others wrote of it, by name.
 */
licences: Array<LicenceRow>, };

export type LicenceRow = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its version.
 */
version: string, 
/**
 * Its licence, as SPDX names it.
 */
licence: string, };

export type UpdateView = { "update": "off" } | { "update": "current" } | { "update": "available", 
/**
 * Its version.
 */
version: string, 
/**
 * What is new, in words of the publisher.
 */
notes: string, 
/**
 * Whether it must wait for something that is being sent or fetched.
 */
waits: boolean, };

export type FaxRequest = { 
/**
 * Which; it was put on paper.
 */
delivery: string, 
/**
 * The place of the first sheet, from 0.
 */
from: number, };

export type FaxView = { 
/**
 * To whom.
 */
to: OfficeView, 
/**
 * From the place that was asked for, at most [`FAX_SHEETS_MAX`].
 */
sheets: Array<FaxSheet>, 
/**
 * All of them.
 */
count: number, 
/**
 * Files that belong to it and are on no sheet, each with its reason in words.
 */
left_out: Array<string>, };

export type FaxSheet = { 
/**
 * The form.
 */
form: FormView, 
/**
 * What stands on it beside the form: for whom, from whom, which of how many.
 */
line: string, };

export type FaxedMark = { 
/**
 * Which; it was put on paper.
 */
delivery: string, 
/**
 * Whether it was faxed.
 */
faxed: boolean, };

export type ReadingSource = { "what": "composition", 
/**
 * Which.
 */
composition: string, 
/**
 * Which delivery; all files without.
 */
delivery: string | null, } | { "what": "draft", 
/**
 * Which.
 */
draft: string, } | { "what": "sent", 
/**
 * Which.
 */
delivery: string, } | { "what": "received", 
/**
 * Which.
 */
delivery: string, };

export type ReadingView = { 
/**
 * Every file, also one that could not be read.
 */
files: Array<ReadFileView>, 
/**
 * The care recipients in the order in which the files name them; records that name nobody come last.
 */
recipients: Array<ReadRecipientView>, 
/**
 * The forms of the first of them, which a page shows first: so the files are read once.
 */
first: Array<FormView>, };

export type ReadFileView = { 
/**
 * Its name.
 */
name: string, 
/**
 * What it is, by the side of this office (D22).
 */
kind_name: string, 
/**
 * What is to be said of its reading: that it is not read, that records were left out.
 */
remarks: Array<string>, 
/**
 * What was found in it, the heaviest first; at most [`super::FINDINGS_SHOWN_MAX`].
 */
findings: Array<FindingView>, 
/**
 * Findings that are not listed here.
 */
more_findings: number, };

export type ReadRecipientView = { 
/**
 * To ask for the forms by.
 */
recipient: number, 
/**
 * The name; none if no file has it.
 */
name: string | null, 
/**
 * The name in kana.
 */
name_kana: string | null, 
/**
 * 保険者番号, as written; empty for records that name nobody.
 */
insurer_number: string, 
/**
 * 被保険者番号, as written.
 */
insured_number: string, 
/**
 * Whether these are the records that name nobody.
 */
nobody: boolean, 
/**
 * What forms there are.
 */
forms: Array<string>, 
/**
 * How many of the listed findings stand in the records of this care recipient.
 */
findings: number, };

export type FormsRequest = { 
/**
 * Of what.
 */
source: ReadingSource, 
/**
 * Of whom: [`ReadRecipientView::recipient`]; at most [`FORMS_RECIPIENTS_MAX`]. Who is not there is left out.
 */
recipients: Array<number>, };

export type RecipientForms = { 
/**
 * Whose.
 */
recipient: number, 
/**
 * In the order of the paper forms.
 */
forms: Array<FormView>, };

export type ChangesRequest = { 
/**
 * In what.
 */
source: ReadingSource, 
/**
 * Whose: [`ReadRecipientView::recipient`].
 */
recipient: number, };

export type PlanChanges = { 
/**
 * What the plan is called, by the side of this office, with its month where it has one.
 */
title: string, 
/**
 * The office on the other side.
 */
office: string, 
/**
 * When the earlier one was sent or received; none where it is not here.
 */
earlier_at: string | null, 
/**
 * What is to be said of the comparison: what was looked for and is not here, what could not be read.
 */
remarks: Array<string>, 
/**
 * Its forms, in the order of the paper forms; none without an earlier one.
 */
forms: Array<FormChanges>, };

export type FormChanges = { 
/**
 * Its printed name, by the side of this office (D22).
 */
title: string, 
/**
 * Whether the whole form is there only now, or only was there before.
 */
whole: ChangeKind | null, 
/**
 * What changed; at most [`care_model::limits::CHANGES_PER_FORM_MAX`].
 */
lines: Array<ChangeLine>, 
/**
 * What changed besides.
 */
more: number, };

export type ChangeKind = "added" | "removed" | "changed";

export type ChangeLine = { 
/**
 * What happened.
 */
kind: ChangeKind, 
/**
 * Of what in the form, such as the day and service of a visit; empty where it is about the whole form.
 */
record: string, 
/**
 * The printed name of the field; empty for a record that was added or removed.
 */
field: string, 
/**
 * What it said.
 */
before: string, 
/**
 * What it says.
 */
after: string, };

export type FormView = { 
/**
 * Its printed name, by the side of this office (D22).
 */
title: string, 
/**
 * What it is about: month, plan date or consultation date; may be empty.
 */
about: string, 
/**
 * The file that it is from, with the version that its records name.
 */
file: string, 
/**
 * Whether the paper form lies on its side.
 */
landscape: boolean, 
/**
 * What was found in its records.
 */
findings: Array<FindingView>, 
/**
 * Its tables, from the top.
 */
parts: Array<FormPart>, };

export type FormPart = { 
/**
 * What stands above it; may be empty.
 */
title: string, 
/**
 * How wide its columns are, one to another.
 */
widths: Array<number>, 
/**
 * The rows of its heading.
 */
head: Array<Array<CellView>>, 
/**
 * Its rows.
 */
rows: Array<Array<CellView>>, };

export type CellView = { 
/**
 * Its words; lines stay apart.
 */
text: string, 
/**
 * What it is.
 */
kind: CellKind, 
/**
 * Whether what is written does not have the form of its field.
 */
marked: boolean, 
/**
 * Over how many columns it goes.
 */
cols: number, 
/**
 * Over how many rows it goes.
 */
rows: number, 
/**
 * What the paper form prints to choose from, instead of `text`; empty where it prints no choice.
 */
choices: Array<ChoiceView>, };

export type CellKind = "head" | "text" | "number";

export type ChoiceView = { 
/**
 * What it says.
 */
text: string, 
/**
 * Whether it is the one.
 */
chosen: boolean, };

/** Every command: what it takes and what it answers. */
export type Commands = {
  start: { request: null; answer: StartView };
  choose_connection_file: { request: null; answer: ConnectionView | null };
  read_connection_file: { request: string; answer: ConnectionView };
  enrol: { request: EnrolStart; answer: StartView };
  choose_certificate_file: { request: null; answer: DropView | null };
  import_certificate: { request: CertificateImport; answer: StartView };
  renew_certificate: { request: null; answer: ExpiryView };
  unlock_profile: { request: PassphraseStart; answer: StartView };
  move_out: { request: MoveOutStart; answer: SavedView | null };
  choose_move_file: { request: null; answer: DropView | null };
  move_in: { request: MoveInStart; answer: StartView };
  stop_move: { request: null; answer: null };
  profiles: { request: null; answer: Array<ProfileRow> };
  open_profile: { request: string; answer: StartView };
  add_profile: { request: null; answer: StartView };
  enrol_again: { request: EnrolStart; answer: StartView };
  sign_in_person: { request: PersonSignInStart; answer: StartView };
  sign_in_office: { request: OfficeSignInStart; answer: StartView };
  sign_in_back: { request: null; answer: StartView };
  change_password: { request: PasswordChange; answer: null };
  sign_out: { request: null; answer: StartView };
  lock: { request: null; answer: StartView };
  sign_out_everywhere: { request: null; answer: StartView };
  home: { request: null; answer: HomeView };
  read_news: { request: NewsRequest; answer: null };
  choose_files: { request: null; answer: DropView | null };
  open_composition: { request: ComposeStart; answer: CompositionView };
  paste_files: { request: PastedFiles; answer: DropView };
  paste_copied: { request: null; answer: DropView | null };
  unfinished: { request: null; answer: Array<UnfinishedRow> };
  open_reply: { request: DeliveryRequest; answer: CompositionView };
  open_resend: { request: DeliveryRequest; answer: CompositionView };
  search_offices: { request: OfficeSearch; answer: OfficeSearchView };
  service_kinds: { request: null; answer: Array<KindView> };
  choose_destination: { request: ChooseDestination; answer: CompositionView };
  composition: { request: string; answer: CompositionView };
  add_drop: { request: AddDrop; answer: CompositionView };
  attach_files: { request: AttachFiles; answer: CompositionView };
  remove_file: { request: RemoveFile; answer: CompositionView };
  edit_note: { request: EditNote; answer: CompositionView };
  turn_into_dispatch: { request: string; answer: CompositionView };
  preview_repair: { request: RepairRequest; answer: RepairView };
  repair: { request: RepairRequest; answer: RepairedView };
  read_recipients: { request: ReadingSource; answer: ReadingView };
  read_forms: { request: FormsRequest; answer: Array<RecipientForms> };
  put_on_paper: { request: DeliveryRequest; answer: null };
  fax_sheets: { request: FaxRequest; answer: FaxView };
  mark_faxed: { request: FaxedMark; answer: null };
  read_changes: { request: ChangesRequest; answer: Array<PlanChanges> };
  list_units: { request: null; answer: Array<UnitView> };
  discard_composition: { request: string; answer: null };
  send_composition: { request: SendStart; answer: SendView };
  sending: { request: string; answer: SendView };
  save_draft: { request: string; answer: null };
  drafts: { request: null; answer: Array<DraftRow> };
  open_draft: { request: string; answer: CompositionView };
  delete_drafts: { request: Array<string>; answer: null };
  restore_drafts: { request: Array<string>; answer: null };
  dispatch_drafts: { request: Array<string>; answer: CompositionView };
  outbox: { request: ListRequest; answer: OutboxView };
  retry_send: { request: DeliveryRequest; answer: null };
  cancel_send: { request: DeliveryRequest; answer: null };
  recall_send: { request: DeliveryRequest; answer: null };
  inbox: { request: ListRequest; answer: InboxView };
  list_choices: { request: ListName; answer: ListChoices };
  list_ids: { request: ListRange; answer: ListIds };
  inbox_rows: { request: ListIds; answer: Array<InboxRow> };
  delivery_detail: { request: DetailRequest; answer: DeliveryDetail };
  export_list: { request: ListExport; answer: SavedView | null };
  take_inspection: { request: InspectionStart; answer: InspectionView };
  inspection_rows: { request: InspectionRequest; answer: InspectionRows };
  save_inspection: { request: InspectionForm; answer: SavedView | null };
  board: { request: BoardRequest; answer: BoardView };
  save_board: { request: BoardSave; answer: SavedView | null };
  compare_month: { request: ComparisonStart; answer: ComparisonView };
  comparison_rows: { request: ComparisonRequest; answer: ComparisonRows };
  comparison_forms: { request: Array<number>; answer: Array<ComparisonForm> };
  save_comparison: { request: ComparisonQuery; answer: SavedView | null };
  print_page: { request: null; answer: null };
  mark_imported: { request: ImportedMark; answer: null };
  refresh: { request: null; answer: null };
  choose_folder: { request: null; answer: FolderView | null };
  pick_up: { request: PickupStart; answer: null };
  take_over: { request: TakeOverStart; answer: null };
  open_landed: { request: DeliveryRequest; answer: null };
  change_look: { request: LookView; answer: null };
  settings: { request: null; answer: SettingsView };
  change_settings: { request: SettingsEdit; answer: SettingsView };
  choose_receive_folder: { request: null; answer: SettingsView | null };
  automation: { request: null; answer: AutomationView };
  change_automation: { request: AutomationEdit; answer: AutomationView };
  terminals: { request: null; answer: Array<TerminalRow> };
  about: { request: null; answer: AboutView };
  save_support_file: { request: null; answer: SavedView | null };
  report_mishap: { request: MishapReport; answer: null };
  open_contact_form: { request: null; answer: null };
  check_update: { request: null; answer: UpdateView };
  install_update: { request: null; answer: null };
};
