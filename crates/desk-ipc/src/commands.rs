//! The list of commands, once.

use crate::error::CommandError;

/// Hands the whole list of commands to a macro: `name(Request) -> Answer`, one line each.
///
/// The expanding macro gets `$( $(#[doc])* name ( Request ) -> Answer ; )*`; types are given by their full path
/// so that any crate can expand them.
#[macro_export]
macro_rules! with_commands {
    ($expand:path) => {
        $expand! {
            /// Where the desk stands: set-up, passphrase, sign-in or open. The first call of every page.
            start(()) -> $crate::StartView;
            /// Shows the system's dialog for the connection file (接続ファイル).
            choose_connection_file(()) -> Option<$crate::ConnectionView>;
            /// Reads a connection file that was dropped.
            read_connection_file($crate::DropId) -> $crate::ConnectionView;
            /// 初期設定: makes the key, gets the certificate with the one-time password.
            enrol($crate::EnrolStart) -> $crate::StartView;
            /// Opens the local data where there is no key store; sets the passphrase on first use.
            unlock_profile($crate::PassphraseStart) -> $crate::StartView;
            /// ログイン step 1.
            sign_in_person($crate::PersonSignInStart) -> $crate::StartView;
            /// ログイン step 2.
            sign_in_office($crate::OfficeSignInStart) -> $crate::StartView;
            /// Back from step 2 to step 1.
            sign_in_back(()) -> $crate::StartView;
            /// ログアウト; also what the idle lock calls. Work is kept, transfers go on.
            sign_out(()) -> $crate::StartView;
            /// トップページ.
            home(()) -> $crate::HomeView;
            /// Shows the system's dialog for files to send.
            choose_files(()) -> Option<$crate::DropView>;
            /// Begins a 新規作成 or 一括送信, empty or with a drop.
            open_composition($crate::ComposeStart) -> $crate::CompositionView;
            /// The composition as it stands, with the state of each delivery while it is being sent.
            composition($crate::CompositionId) -> $crate::CompositionView;
            /// Adds dropped or chosen files; standard files are planned, others become attachments of the first delivery.
            add_drop($crate::AddDrop) -> $crate::CompositionView;
            /// Adds dropped or chosen files as attachments of one delivery.
            attach_files($crate::AttachFiles) -> $crate::CompositionView;
            /// Takes a file out.
            remove_file($crate::RemoveFile) -> $crate::CompositionView;
            /// Writes the note (メッセージ) of one delivery.
            edit_note($crate::EditNote) -> $crate::CompositionView;
            /// Turns a 新規作成 with several destinations into a 一括送信.
            turn_into_dispatch($crate::CompositionId) -> $crate::CompositionView;
            /// What a repair of one file would change; refused where nothing can be repaired.
            preview_repair($crate::RepairRequest) -> $crate::RepairView;
            /// Puts a repaired copy (修正版) in the file's place and writes it beside the original, which stays as it is.
            repair($crate::RepairRequest) -> $crate::RepairedView;
            /// The permitted combinations (送信単位) that this office may send.
            list_units(()) -> Vec<$crate::UnitView>;
            /// Throws a composition away.
            discard_composition($crate::CompositionId) -> ();
            /// 送信 or 一括送信: stores the deliveries as rows and starts the queue. The result is asked with `sending`.
            send_composition($crate::SendStart) -> $crate::SendView;
            /// How a send stands, delivery by delivery.
            sending($crate::CompositionId) -> $crate::SendView;
            /// 一時保存.
            save_draft($crate::CompositionId) -> ();
            /// 下書き一覧.
            drafts(()) -> Vec<$crate::DraftRow>;
            /// Opens a draft in 新規作成, exactly as it was saved.
            open_draft($crate::CompositionId) -> $crate::CompositionView;
            /// Deletes a draft.
            delete_draft($crate::CompositionId) -> ();
            /// 送信一覧.
            outbox(()) -> $crate::OutboxView;
            /// Tries a held delivery again under the same identity.
            retry_send($crate::DeliveryRequest) -> $crate::OutboxView;
            /// Cancels a delivery of which no byte has left.
            cancel_send($crate::DeliveryRequest) -> $crate::OutboxView;
            /// 送信取消: takes back what the exchange accepted and nobody has fetched. Shows only what it confirmed.
            recall_send($crate::DeliveryRequest) -> $crate::OutboxView;
            /// 受信一覧.
            inbox(()) -> $crate::InboxView;
            /// Asks the exchange for both lists now.
            refresh(()) -> ();
            /// Shows the system's dialog for a folder to receive into.
            choose_folder(()) -> Option<$crate::FolderView>;
            /// データ取得: claim, land, confirm, for one or many. The result is in 受信一覧.
            pick_up($crate::PickupStart) -> $crate::InboxView;
            /// Takes over what another terminal holds, told what that means.
            take_over($crate::TakeOverStart) -> $crate::InboxView;
            /// Opens the folder in which a delivery landed.
            open_landed($crate::DeliveryRequest) -> ();
        }
    };
}

/// Makes the trait that a desk implements.
macro_rules! commands_trait {
    ($($(#[$doc:meta])* $name:ident($request:ty) -> $answer:ty;)*) => {
        /// Every command, as the desk answers it. Hosts call nothing else.
        pub trait DeskCommands: Send + Sync + 'static {
            $(
                $(#[$doc])*
                fn $name(&self, request: $request) -> impl Future<Output = Result<$answer, CommandError>> + Send;
            )*
        }

        /// The commands as `(name, request, answer)` in the words of TypeScript.
        pub(crate) fn described() -> Vec<(&'static str, String, String)> {
            vec![$((
                stringify!($name),
                <$request as ts_rs::TS>::name(&ts_rs::Config::from_env()),
                <$answer as ts_rs::TS>::name(&ts_rs::Config::from_env()),
            )),*]
        }
    };
}
with_commands!(commands_trait);
