// Generated from crates/desk-ipc by `cargo xtask bindings`. Do not edit.

export type ProblemCode =
  | "connection_file_unreadable"
  | "enrolment_password_refused"
  | "certificate_missing"
  | "certificate_expired"
  | "certificate_revoked"
  | "certificate_foreign"
  | "certificate_other_office"
  | "person_id_expected"
  | "office_id_expected"
  | "person_sign_in_refused"
  | "office_sign_in_refused"
  | "sign_in_delayed"
  | "sign_in_required"
  | "password_length"
  | "passphrase_refused"
  | "passphrase_required"
  | "profile_busy"
  | "profile_newer"
  | "profile_unusable"
  | "profile_empty"
  | "local_disk_full"
  | "drop_is_folder"
  | "drop_is_link"
  | "drop_is_empty"
  | "drop_unreadable"
  | "drop_too_many"
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
  | "destination_unknown"
  | "destination_is_sender"
  | "sender_mismatch"
  | "licence_expired"
  | "delivery_conflict"
  | "delivery_malformed"
  | "upload_offset"
  | "delivery_unknown"
  | "already_received"
  | "claimed_elsewhere"
  | "claim_lost"
  | "delivery_recalled"
  | "delivery_expired"
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
  | "server_unreachable"
  | "server_interrupted"
  | "server_untrusted"
  | "server_busy"
  | "server_incompatible"
  | "request_malformed"
  | "internal";

export const problemCodes = [
  "connection_file_unreadable",
  "enrolment_password_refused",
  "certificate_missing",
  "certificate_expired",
  "certificate_revoked",
  "certificate_foreign",
  "certificate_other_office",
  "person_id_expected",
  "office_id_expected",
  "person_sign_in_refused",
  "office_sign_in_refused",
  "sign_in_delayed",
  "sign_in_required",
  "password_length",
  "passphrase_refused",
  "passphrase_required",
  "profile_busy",
  "profile_newer",
  "profile_unusable",
  "profile_empty",
  "local_disk_full",
  "drop_is_folder",
  "drop_is_link",
  "drop_is_empty",
  "drop_unreadable",
  "drop_too_many",
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
  "destination_unknown",
  "destination_is_sender",
  "sender_mismatch",
  "licence_expired",
  "delivery_conflict",
  "delivery_malformed",
  "upload_offset",
  "delivery_unknown",
  "already_received",
  "claimed_elsewhere",
  "claim_lost",
  "delivery_recalled",
  "delivery_expired",
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
  "server_unreachable",
  "server_interrupted",
  "server_untrusted",
  "server_busy",
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
online: boolean, } | { "event": "signed_out" };

export type TransferKind = "send" | "pickup";

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
demo_profile: boolean, };

export type Stage = { "stage": "passphrase", 
/**
 * Whether it is set now for the first time.
 */
first: boolean, } | { "stage": "set_up", 
/**
 * The connection file, once it was read.
 */
connection: ConnectionView | null, } | { "stage": "person", 
/**
 * The office of this profile.
 */
office: OfficeView, 
/**
 * The ID last used on this terminal, if a person asked to remember it.
 */
remembered_id: string | null, } | { "stage": "office", 
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
hours: string, };

export type ConnectionView = { 
/**
 * The exchange's name.
 */
exchange_name: string, 
/**
 * Its host, shown so that a person can compare it.
 */
host: string, };

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
body: string, };

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

export type FiguresView = { 
/**
 * 未取得 in 受信一覧.
 */
waiting: number, 
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
note: string, };

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
confirmed: boolean, };

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
held: number, };

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
waiting_for: WaitReason | null, } | { "state": "sending" } | { "state": "sent", 
/**
 * Since when.
 */
accepted_at: string, } | { "state": "held", 
/**
 * Why.
 */
problem: CommandError, } | { "state": "cancelled" };

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
 * Newest first; what is still on this desk stands above.
 */
rows: Array<OutboxRow>, 
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
at: string, };

export type InboxView = { 
/**
 * Newest first.
 */
rows: Array<InboxRow>, 
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
last_folder: FolderView | null, };

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
folder_name: string | null, } | { "status": "superseded", 
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
 * Into which folder.
 */
folder: string, };

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
 * Into which folder.
 */
folder: string, };

/** Every command: what it takes and what it answers. */
export type Commands = {
  start: { request: null; answer: StartView };
  choose_connection_file: { request: null; answer: ConnectionView | null };
  read_connection_file: { request: string; answer: ConnectionView };
  enrol: { request: EnrolStart; answer: StartView };
  unlock_profile: { request: PassphraseStart; answer: StartView };
  sign_in_person: { request: PersonSignInStart; answer: StartView };
  sign_in_office: { request: OfficeSignInStart; answer: StartView };
  sign_in_back: { request: null; answer: StartView };
  sign_out: { request: null; answer: StartView };
  home: { request: null; answer: HomeView };
  choose_files: { request: null; answer: DropView | null };
  open_composition: { request: ComposeStart; answer: CompositionView };
  composition: { request: string; answer: CompositionView };
  add_drop: { request: AddDrop; answer: CompositionView };
  attach_files: { request: AttachFiles; answer: CompositionView };
  remove_file: { request: RemoveFile; answer: CompositionView };
  edit_note: { request: EditNote; answer: CompositionView };
  turn_into_dispatch: { request: string; answer: CompositionView };
  preview_repair: { request: RepairRequest; answer: RepairView };
  repair: { request: RepairRequest; answer: RepairedView };
  list_units: { request: null; answer: Array<UnitView> };
  discard_composition: { request: string; answer: null };
  send_composition: { request: SendStart; answer: SendView };
  sending: { request: string; answer: SendView };
  save_draft: { request: string; answer: null };
  drafts: { request: null; answer: Array<DraftRow> };
  open_draft: { request: string; answer: CompositionView };
  delete_draft: { request: string; answer: null };
  outbox: { request: null; answer: OutboxView };
  retry_send: { request: DeliveryRequest; answer: OutboxView };
  cancel_send: { request: DeliveryRequest; answer: OutboxView };
  recall_send: { request: DeliveryRequest; answer: OutboxView };
  inbox: { request: null; answer: InboxView };
  refresh: { request: null; answer: null };
  choose_folder: { request: null; answer: FolderView | null };
  pick_up: { request: PickupStart; answer: InboxView };
  take_over: { request: TakeOverStart; answer: InboxView };
  open_landed: { request: DeliveryRequest; answer: null };
};
