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
            /// Shows the system's dialog for a certificate file (PKCS#12); it is read with its password by `import_certificate`.
            choose_certificate_file(()) -> Option<$crate::DropView>;
            /// 初期設定, or a new certificate for the same office, with a certificate file that was chosen or dropped.
            import_certificate($crate::CertificateImport) -> $crate::StartView;
            /// 証明書を更新する: the terminal's next certificate, from 60 days before the end; nobody is signed out.
            renew_certificate(()) -> $crate::ExpiryView;
            /// Opens the local data where there is no key store; sets the passphrase on first use.
            unlock_profile($crate::PassphraseStart) -> $crate::StartView;
            /// Writes what this profile holds into one file for a new PC, sealed under a passphrase, by the system's dialog.
            move_out($crate::MoveOutStart) -> Option<$crate::SavedView>;
            /// Shows the system's dialog for the file of a move; it is read with its passphrase by `move_in`.
            choose_move_file(()) -> Option<$crate::DropView>;
            /// Takes what another PC held into this profile, which must be empty; 初期設定 goes on with the certificate.
            move_in($crate::MoveInStart) -> $crate::StartView;
            /// Ends the move that is under way, which leaves everything as it was.
            stop_move(()) -> ();
            /// The profiles of this PC, one for each office number (D14).
            profiles(()) -> Vec<$crate::ProfileRow>;
            /// Closes the open profile and opens another; work and transfers of the closed one go on when it is opened again.
            open_profile($crate::ProfileId) -> $crate::StartView;
            /// Opens a new, empty profile for another office number: 初期設定.
            add_profile(()) -> $crate::StartView;
            /// Gets a new certificate for the same office with a new one-time password, where the old one ended or was revoked.
            enrol_again($crate::EnrolStart) -> $crate::StartView;
            /// ログイン step 1.
            sign_in_person($crate::PersonSignInStart) -> $crate::StartView;
            /// ログイン step 2.
            sign_in_office($crate::OfficeSignInStart) -> $crate::StartView;
            /// Back from step 2 to step 1.
            sign_in_back(()) -> $crate::StartView;
            /// Changes a password; also the provisional one, before the first sign-in.
            change_password($crate::PasswordChange) -> ();
            /// ログアウト. Work is kept; what is being sent or fetched at this moment goes on.
            sign_out(()) -> $crate::StartView;
            /// The idle lock: ログイン is asked for, and everything goes on behind it.
            lock(()) -> $crate::StartView;
            /// ログアウト at every terminal at which the person is signed in. Needs the exchange; a refusal changes nothing.
            sign_out_everywhere(()) -> $crate::StartView;
            /// トップページ.
            home(()) -> $crate::HomeView;
            /// Marks a piece of news (お知らせ) as read on this PC.
            read_news($crate::NewsRequest) -> ();
            /// Shows the system's dialog for files to send.
            choose_files(()) -> Option<$crate::DropView>;
            /// Begins a 新規作成 or 一括送信, empty or with a drop.
            open_composition($crate::ComposeStart) -> $crate::CompositionView;
            /// Takes files that were pasted into the window.
            paste_files($crate::PastedFiles) -> $crate::DropView;
            /// Takes the files that were copied in the system's file manager, where the system hands them to no page; none where
            /// there are none.
            paste_copied(()) -> Option<$crate::DropView>;
            /// What a killed or crashed client left unsaved: it can be taken up with `composition`, or discarded.
            unfinished(()) -> Vec<$crate::UnfinishedRow>;
            /// Begins a 新規作成 to the office that sent a delivery (返信).
            open_reply($crate::DeliveryRequest) -> $crate::CompositionView;
            /// Begins a 新規作成 from the kept copy of a delivery that was sent (再送). It is a new send.
            open_resend($crate::DeliveryRequest) -> $crate::CompositionView;
            /// 宛先検索: offices on the exchange by number, name, kana or place.
            search_offices($crate::OfficeSearch) -> $crate::OfficeSearchView;
            /// The service kinds that 宛先検索 can be narrowed to.
            service_kinds(()) -> Vec<$crate::KindView>;
            /// Sets or clears the office that attachments alone are sent to.
            choose_destination($crate::ChooseDestination) -> $crate::CompositionView;
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
            /// 内容を見る: the care recipients of what is read, and what forms each has.
            read_recipients($crate::ReadingSource) -> $crate::ReadingView;
            /// The forms of care recipients, laid out as on paper.
            read_forms($crate::FormsRequest) -> Vec<$crate::RecipientForms>;
            /// Puts on paper, for fax, what was refused because its destination is not on the exchange.
            put_on_paper($crate::DeliveryRequest) -> ();
            /// Sheets of a delivery that was put on paper, as they are faxed.
            fax_sheets($crate::FaxRequest) -> $crate::FaxView;
            /// FAX済み, or not.
            mark_faxed($crate::FaxedMark) -> ();
            /// 前回との違い: the plans of a care recipient beside the last ones between the same two offices.
            read_changes($crate::ChangesRequest) -> Vec<$crate::PlanChanges>;
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
            /// Deletes drafts; they can be brought back until the desk is closed.
            delete_drafts(Vec<$crate::CompositionId>) -> ();
            /// Brings deleted drafts back (元に戻す).
            restore_drafts(Vec<$crate::CompositionId>) -> ();
            /// Puts the files and notes of several drafts into one 一括送信; the drafts stay until it is sent.
            dispatch_drafts(Vec<$crate::CompositionId>) -> $crate::CompositionView;
            /// A window of 送信一覧.
            outbox($crate::ListRequest) -> $crate::OutboxView;
            /// Tries a held delivery again under the same identity.
            retry_send($crate::DeliveryRequest) -> ();
            /// Cancels a delivery of which no byte has left.
            cancel_send($crate::DeliveryRequest) -> ();
            /// 送信取消: takes back what the exchange accepted and nobody has fetched. Answers only once it confirmed.
            recall_send($crate::DeliveryRequest) -> ();
            /// A window of 受信一覧.
            inbox($crate::ListRequest) -> $crate::InboxView;
            /// The offices and contents that occur in a list, to filter by.
            list_choices($crate::ListName) -> $crate::ListChoices;
            /// The identities of a range of a list, for selecting many rows.
            list_ids($crate::ListRange) -> $crate::ListIds;
            /// Rows of 受信一覧 by their identity, wherever they stand: what is chosen, and what is being fetched.
            inbox_rows($crate::ListIds) -> Vec<$crate::InboxRow>;
            /// 詳細 of one row: files, digests, times.
            delivery_detail($crate::DetailRequest) -> $crate::DeliveryDetail;
            /// Writes a list as CSV to where a person chooses; none if they cancelled.
            export_list($crate::ListExport) -> Option<$crate::SavedView>;
            /// Takes the record for inspections (運営指導用の記録) of a period out of the exchange; every line of it was verified.
            take_inspection($crate::InspectionStart) -> $crate::InspectionView;
            /// A window of the record that was taken out last.
            inspection_rows($crate::InspectionRequest) -> $crate::InspectionRows;
            /// Saves that record to where a person chooses; none if they cancelled.
            save_inspection($crate::InspectionForm) -> Option<$crate::SavedView>;
            /// 事業所ごとの進み具合: a service month office by office, with what is still to come and the end of its claims.
            board($crate::BoardRequest) -> $crate::BoardView;
            /// Saves the board of a month to where a person chooses; none if they cancelled.
            save_board($crate::BoardSave) -> Option<$crate::SavedView>;
            /// 予定と実績をくらべる: compares the plans and actuals of a month, of which there are copies here.
            compare_month($crate::ComparisonStart) -> $crate::ComparisonView;
            /// A window of the month that was compared last.
            comparison_rows($crate::ComparisonRequest) -> $crate::ComparisonRows;
            /// The days of care recipients of that month; at most `FORMS_RECIPIENTS_MAX`. Who is not there is left out.
            comparison_forms(Vec<u32>) -> Vec<$crate::ComparisonForm>;
            /// Saves that month as a workbook to where a person chooses; none if they cancelled.
            save_comparison($crate::ComparisonQuery) -> Option<$crate::SavedView>;
            /// 印刷: prints what the page shows by the system's dialog. Whoever gives that up is not refused.
            print_page(()) -> ();
            /// Marks received deliveries as taken over into the care software (取込済), or not.
            mark_imported($crate::ImportedMark) -> ();
            /// Asks the exchange for both lists now.
            refresh(()) -> ();
            /// Shows the system's dialog for a folder to receive into.
            choose_folder(()) -> Option<$crate::FolderView>;
            /// データ取得: claim, land, confirm, for one or many. The result is in 受信一覧.
            pick_up($crate::PickupStart) -> ();
            /// Takes over what another terminal holds, told what that means.
            take_over($crate::TakeOverStart) -> ();
            /// Opens the folder in which a delivery landed.
            open_landed($crate::DeliveryRequest) -> ();
            /// How the window looks; known before anybody signs in.
            change_look($crate::LookView) -> ();
            /// 設定.
            settings(()) -> $crate::SettingsView;
            /// Changes 設定; answers what stands then.
            change_settings($crate::SettingsEdit) -> $crate::SettingsView;
            /// Shows the system's dialog for the one folder that everything is received into.
            choose_receive_folder(()) -> Option<$crate::SettingsView>;
            /// 自動化, and how it stands.
            automation(()) -> $crate::AutomationView;
            /// Changes 自動化; answers what stands then.
            change_automation($crate::AutomationEdit) -> $crate::AutomationView;
            /// The office's terminals with their certificates (端末一覧).
            terminals(()) -> Vec<$crate::TerminalRow>;
            /// Versions and licences (このアプリについて).
            about(()) -> $crate::AboutView;
            /// Writes the support file (サポート用ファイル), without personal data, to where a person chooses.
            save_support_file(()) -> Option<$crate::SavedView>;
            /// Logs that the page broke: what kind of thing was thrown, and where.
            report_mishap($crate::MishapReport) -> ();
            /// Opens the help desk's contact form in the system's browser.
            open_contact_form(()) -> ();
            /// Whether there is a newer version of the client.
            check_update(()) -> $crate::UpdateView;
            /// Installs it and starts anew; refused while anything is being sent or fetched.
            install_update(()) -> ();
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
