//! The commands, one line each: where they are answered.
//!
//! Before sign-in and behind a locked screen only set-up and sign-in are answered: what the profile holds of people is for signed-in persons
//! (D13).

use std::sync::Arc;

use care_model::{ProblemCode, ServiceKind};
use desk_ipc::{
    AboutView, AddDrop, AttachFiles, AutomationEdit, AutomationView, BoardRequest, BoardSave, BoardView,
    CertificateImport, ChangesRequest, ChooseDestination, CommandError, ComparisonForm, ComparisonQuery,
    ComparisonRequest, ComparisonRows, ComparisonStart, ComparisonView, ComposeStart, CompositionId, CompositionView,
    ConnectionView, DeliveryDetail, DeliveryRequest, DeskCommands, DetailRequest, DraftRow, DropId, DropView, EditNote,
    EnrolStart, ExpiryView, FaxRequest, FaxView, FaxedMark, FolderView, FormsRequest, HomeView, ImportedMark, InboxRow,
    InboxView, InspectionForm, InspectionRequest, InspectionRows, InspectionStart, InspectionView, KindView,
    ListChoices, ListExport, ListIds, ListName, ListRange, ListRequest, LookView, MishapReport, MoveInStart,
    MoveOutStart, NewsRequest, OfficeSearch, OfficeSearchView, OfficeSignInStart, OutboxView, PassphraseStart,
    PasswordChange, PastedFiles, PersonSignInStart, PickupStart, PlanChanges, ProfileId, ProfileRow, ReadingSource,
    ReadingView, RecipientForms, RemoveFile, RepairRequest, RepairView, RepairedView, SavedView, SendStart, SendView,
    SettingsEdit, SettingsView, StartView, TakeOverStart, TerminalRow, UnfinishedRow, UnitView, UpdateView,
};

use crate::{
    Desk,
    core::{Core, lock},
    intake::Dropped,
    outbox::QueueOrder,
    refusal, words,
};

impl Desk {
    /// The desk of a signed-in person who is there: no session is enough behind a locked screen.
    fn open_desk(&self) -> Result<Arc<Core>, CommandError> {
        let core = self.core();
        core.must_be_begun()?;
        if !core.is_open() {
            return Err(ProblemCode::SignInRequired.into());
        }
        Ok(core)
    }

    /// The desk while its screen is not locked; for how a send stands, which is told after its session ended too.
    fn unlocked(&self) -> Result<Arc<Core>, CommandError> {
        let core = self.core();
        match core.is_signed_in() && !core.is_open() {
            true => Err(ProblemCode::SignInRequired.into()),
            false => Ok(core),
        }
    }
}

impl DeskCommands for Desk {
    async fn start(&self, _request: ()) -> Result<StartView, CommandError> {
        Ok(self.core().start_view())
    }

    async fn choose_connection_file(&self, _request: ()) -> Result<Option<ConnectionView>, CommandError> {
        let core = self.core();
        match core.surface.choose_connection_file().await {
            Some(path) => core.read_connection(&path).await.map(Some),
            None => Ok(None),
        }
    }

    async fn read_connection_file(&self, request: DropId) -> Result<ConnectionView, CommandError> {
        let core = self.core();
        let dropped = lock(&core.drops).get(&request).ok_or(ProblemCode::DropUnknown)?;
        match dropped {
            Dropped::Paths(paths) if paths.len() == 1 => core.read_connection(&paths[0]).await,
            _ => Err(ProblemCode::ConnectionFileUnreadable.into()),
        }
    }

    async fn enrol(&self, request: EnrolStart) -> Result<StartView, CommandError> {
        Self::enrol(self, request).await
    }

    async fn choose_certificate_file(&self, _request: ()) -> Result<Option<DropView>, CommandError> {
        let core = self.core();
        let path = core.surface.choose_certificate_file().await;
        Ok(path.map(|path| core.hold(vec![path])))
    }

    async fn import_certificate(&self, request: CertificateImport) -> Result<StartView, CommandError> {
        Self::import_certificate(self, request).await
    }

    async fn renew_certificate(&self, _request: ()) -> Result<ExpiryView, CommandError> {
        self.open_desk()?.renew_certificate().await
    }

    async fn unlock_profile(&self, request: PassphraseStart) -> Result<StartView, CommandError> {
        self.unlock(request.passphrase).await
    }

    async fn sign_in_person(&self, request: PersonSignInStart) -> Result<StartView, CommandError> {
        self.core().sign_in_person(request).await
    }

    async fn sign_in_office(&self, request: OfficeSignInStart) -> Result<StartView, CommandError> {
        self.core().sign_in_office(request).await
    }

    async fn sign_in_back(&self, _request: ()) -> Result<StartView, CommandError> {
        Ok(self.core().sign_in_back())
    }

    async fn sign_out(&self, _request: ()) -> Result<StartView, CommandError> {
        self.core().sign_out().await
    }

    async fn lock(&self, _request: ()) -> Result<StartView, CommandError> {
        Ok(self.core().lock_screen())
    }

    async fn sign_out_everywhere(&self, _request: ()) -> Result<StartView, CommandError> {
        self.open_desk()?.sign_out_everywhere().await
    }

    async fn home(&self, _request: ()) -> Result<HomeView, CommandError> {
        self.open_desk()?.home_view().await
    }

    async fn choose_files(&self, _request: ()) -> Result<Option<DropView>, CommandError> {
        let core = self.open_desk()?;
        let paths = core.surface.choose_files().await;
        Ok(paths.filter(|paths| !paths.is_empty()).map(|paths| core.hold(paths)))
    }

    async fn open_composition(&self, request: ComposeStart) -> Result<CompositionView, CommandError> {
        self.open_desk()?.open_composition(request).await
    }

    async fn composition(&self, request: CompositionId) -> Result<CompositionView, CommandError> {
        self.open_desk()?.composition_view(request).await
    }

    async fn add_drop(&self, request: AddDrop) -> Result<CompositionView, CommandError> {
        self.open_desk()?.add_drop(request).await
    }

    async fn attach_files(&self, request: AttachFiles) -> Result<CompositionView, CommandError> {
        self.open_desk()?.attach_files(request).await
    }

    async fn remove_file(&self, request: RemoveFile) -> Result<CompositionView, CommandError> {
        self.open_desk()?.remove_file(request).await
    }

    async fn edit_note(&self, request: EditNote) -> Result<CompositionView, CommandError> {
        self.open_desk()?.edit_note(request).await
    }

    async fn turn_into_dispatch(&self, request: CompositionId) -> Result<CompositionView, CommandError> {
        self.open_desk()?.turn_into_dispatch(request).await
    }

    async fn preview_repair(&self, request: RepairRequest) -> Result<RepairView, CommandError> {
        self.open_desk()?.preview_repair(request).await
    }

    async fn repair(&self, request: RepairRequest) -> Result<RepairedView, CommandError> {
        self.open_desk()?.repair(request).await
    }

    async fn read_recipients(&self, request: ReadingSource) -> Result<ReadingView, CommandError> {
        self.open_desk()?.read_recipients(request).await
    }

    async fn read_forms(&self, request: FormsRequest) -> Result<Vec<RecipientForms>, CommandError> {
        self.open_desk()?.read_forms(request).await
    }

    async fn put_on_paper(&self, request: DeliveryRequest) -> Result<(), CommandError> {
        self.open_desk()?.put_on_paper(request.delivery).await
    }

    async fn fax_sheets(&self, request: FaxRequest) -> Result<FaxView, CommandError> {
        self.open_desk()?.fax_sheets(request).await
    }

    async fn mark_faxed(&self, request: FaxedMark) -> Result<(), CommandError> {
        self.open_desk()?.mark_faxed(request).await
    }

    async fn read_changes(&self, request: ChangesRequest) -> Result<Vec<PlanChanges>, CommandError> {
        self.open_desk()?.read_changes(request).await
    }

    async fn list_units(&self, _request: ()) -> Result<Vec<UnitView>, CommandError> {
        self.open_desk()?.list_units()
    }

    async fn discard_composition(&self, request: CompositionId) -> Result<(), CommandError> {
        self.open_desk()?.discard_composition(request).await
    }

    async fn send_composition(&self, request: SendStart) -> Result<SendView, CommandError> {
        self.open_desk()?.send_composition(request).await
    }

    async fn sending(&self, request: CompositionId) -> Result<SendView, CommandError> {
        self.unlocked()?.send_view(request).await
    }

    async fn save_draft(&self, request: CompositionId) -> Result<(), CommandError> {
        self.open_desk()?.save_draft(request).await
    }

    async fn drafts(&self, _request: ()) -> Result<Vec<DraftRow>, CommandError> {
        self.open_desk()?.drafts().await
    }

    async fn open_draft(&self, request: CompositionId) -> Result<CompositionView, CommandError> {
        self.open_desk()?.open_draft(request).await
    }

    async fn delete_drafts(&self, request: Vec<CompositionId>) -> Result<(), CommandError> {
        self.open_desk()?.delete_drafts(&request).await
    }

    async fn restore_drafts(&self, request: Vec<CompositionId>) -> Result<(), CommandError> {
        self.open_desk()?.restore_drafts(&request).await
    }

    async fn dispatch_drafts(&self, request: Vec<CompositionId>) -> Result<CompositionView, CommandError> {
        self.open_desk()?.dispatch_drafts(&request).await
    }

    async fn outbox(&self, request: ListRequest) -> Result<OutboxView, CommandError> {
        self.open_desk()?.outbox_view(request).await
    }

    async fn retry_send(&self, request: DeliveryRequest) -> Result<(), CommandError> {
        let core = self.open_desk()?;
        core.ask_queue(|answer| QueueOrder::Retry(request.delivery, answer))
            .await
    }

    async fn cancel_send(&self, request: DeliveryRequest) -> Result<(), CommandError> {
        let core = self.open_desk()?;
        core.ask_queue(|answer| QueueOrder::Cancel(request.delivery, answer))
            .await
    }

    async fn recall_send(&self, request: DeliveryRequest) -> Result<(), CommandError> {
        self.open_desk()?.recall_send(request.delivery).await
    }

    async fn inbox(&self, request: ListRequest) -> Result<InboxView, CommandError> {
        self.open_desk()?.inbox_view(request).await
    }

    async fn list_choices(&self, request: ListName) -> Result<ListChoices, CommandError> {
        self.open_desk()?.list_choices(request.into()).await
    }

    async fn list_ids(&self, request: ListRange) -> Result<ListIds, CommandError> {
        self.open_desk()?.list_ids(request).await
    }

    async fn inbox_rows(&self, request: ListIds) -> Result<Vec<InboxRow>, CommandError> {
        self.open_desk()?.inbox_rows(request).await
    }

    async fn delivery_detail(&self, request: DetailRequest) -> Result<DeliveryDetail, CommandError> {
        self.open_desk()?.delivery_detail(request).await
    }

    async fn export_list(&self, request: ListExport) -> Result<Option<SavedView>, CommandError> {
        self.open_desk()?.export_list(request).await
    }

    async fn take_inspection(&self, request: InspectionStart) -> Result<InspectionView, CommandError> {
        self.open_desk()?.take_inspection(request).await
    }

    async fn inspection_rows(&self, request: InspectionRequest) -> Result<InspectionRows, CommandError> {
        self.open_desk()?.inspection_rows(&request)
    }

    async fn save_inspection(&self, request: InspectionForm) -> Result<Option<SavedView>, CommandError> {
        self.open_desk()?.save_inspection(request).await
    }

    async fn board(&self, request: BoardRequest) -> Result<BoardView, CommandError> {
        self.open_desk()?.board(&request).await
    }

    async fn save_board(&self, request: BoardSave) -> Result<Option<SavedView>, CommandError> {
        self.open_desk()?.save_board(request).await
    }

    async fn compare_month(&self, request: ComparisonStart) -> Result<ComparisonView, CommandError> {
        self.open_desk()?.compare_month(request.month).await
    }

    async fn comparison_rows(&self, request: ComparisonRequest) -> Result<ComparisonRows, CommandError> {
        self.open_desk()?.comparison_rows(&request)
    }

    async fn comparison_forms(&self, request: Vec<u32>) -> Result<Vec<ComparisonForm>, CommandError> {
        self.open_desk()?.comparison_forms(&request)
    }

    async fn save_comparison(&self, request: ComparisonQuery) -> Result<Option<SavedView>, CommandError> {
        self.open_desk()?.save_comparison(request).await
    }

    async fn print_page(&self, _request: ()) -> Result<(), CommandError> {
        let printed = self.open_desk()?.surface.print_page().await;
        printed.map_err(|kind| refusal::logged(ProblemCode::PrintFailed, &kind))
    }

    async fn mark_imported(&self, request: ImportedMark) -> Result<(), CommandError> {
        self.open_desk()?.mark_imported(request).await
    }

    async fn refresh(&self, _request: ()) -> Result<(), CommandError> {
        self.open_desk()?.sync().await
    }

    async fn choose_folder(&self, _request: ()) -> Result<Option<FolderView>, CommandError> {
        let core = self.open_desk()?;
        let path = core.surface.choose_folder().await;
        Ok(path.map(|path| core.remember_folder(path)))
    }

    async fn pick_up(&self, request: PickupStart) -> Result<(), CommandError> {
        self.open_desk()?.pick_up(request).await
    }

    async fn take_over(&self, request: TakeOverStart) -> Result<(), CommandError> {
        self.open_desk()?.take_over(request).await
    }

    async fn open_landed(&self, request: DeliveryRequest) -> Result<(), CommandError> {
        let core = self.open_desk()?;
        let folder = core.landed_folder(request.delivery).await?;
        core.surface.reveal(&folder);
        Ok(())
    }

    async fn profiles(&self, _request: ()) -> Result<Vec<ProfileRow>, CommandError> {
        self.profile_rows().await
    }

    async fn open_profile(&self, request: ProfileId) -> Result<StartView, CommandError> {
        self.change_profile(request).await
    }

    async fn add_profile(&self, _request: ()) -> Result<StartView, CommandError> {
        self.new_profile().await
    }

    async fn enrol_again(&self, request: EnrolStart) -> Result<StartView, CommandError> {
        self.core().enrol_again(request).await
    }

    async fn change_password(&self, request: PasswordChange) -> Result<(), CommandError> {
        self.core().change_password(request).await
    }

    async fn read_news(&self, request: NewsRequest) -> Result<(), CommandError> {
        self.open_desk()?.read_news(request.id).await
    }

    async fn paste_files(&self, request: PastedFiles) -> Result<DropView, CommandError> {
        self.open_desk()?.paste_files(request).await
    }

    async fn paste_copied(&self, _request: ()) -> Result<Option<DropView>, CommandError> {
        let core = self.open_desk()?;
        let paths = core.surface.copied_files().await;
        Ok((!paths.is_empty()).then(|| core.hold(paths)))
    }

    async fn unfinished(&self, _request: ()) -> Result<Vec<UnfinishedRow>, CommandError> {
        self.open_desk()?.unfinished().await
    }

    async fn open_reply(&self, request: DeliveryRequest) -> Result<CompositionView, CommandError> {
        self.open_desk()?.open_reply(request.delivery).await
    }

    async fn open_resend(&self, request: DeliveryRequest) -> Result<CompositionView, CommandError> {
        self.open_desk()?.open_resend(request.delivery).await
    }

    async fn service_kinds(&self, _request: ()) -> Result<Vec<KindView>, CommandError> {
        Ok(ServiceKind::named().map(words::kind).collect())
    }

    async fn search_offices(&self, request: OfficeSearch) -> Result<OfficeSearchView, CommandError> {
        self.open_desk()?.search_offices(request).await
    }

    async fn choose_destination(&self, request: ChooseDestination) -> Result<CompositionView, CommandError> {
        self.open_desk()?.choose_destination(request).await
    }

    async fn change_look(&self, request: LookView) -> Result<(), CommandError> {
        self.core().change_look(request).await
    }

    async fn settings(&self, _request: ()) -> Result<SettingsView, CommandError> {
        self.core().settings_view().await
    }

    async fn change_settings(&self, request: SettingsEdit) -> Result<SettingsView, CommandError> {
        self.core().change_settings(request).await
    }

    async fn choose_receive_folder(&self, _request: ()) -> Result<Option<SettingsView>, CommandError> {
        self.open_desk()?.choose_receive_folder().await
    }

    async fn automation(&self, _request: ()) -> Result<AutomationView, CommandError> {
        self.open_desk()?.automation_view().await
    }

    async fn change_automation(&self, request: AutomationEdit) -> Result<AutomationView, CommandError> {
        self.open_desk()?.change_automation(request).await
    }

    async fn move_out(&self, request: MoveOutStart) -> Result<Option<SavedView>, CommandError> {
        self.open_desk()?.move_out(request).await
    }

    async fn choose_move_file(&self, _request: ()) -> Result<Option<DropView>, CommandError> {
        let core = self.core();
        let path = core.surface.choose_move_file().await;
        Ok(path.map(|path| core.hold(vec![path])))
    }

    async fn move_in(&self, request: MoveInStart) -> Result<StartView, CommandError> {
        Self::move_in(self, request).await
    }

    async fn stop_move(&self, _request: ()) -> Result<(), CommandError> {
        self.core().stop_move();
        Ok(())
    }

    async fn terminals(&self, _request: ()) -> Result<Vec<TerminalRow>, CommandError> {
        self.open_desk()?.terminals().await
    }

    async fn about(&self, _request: ()) -> Result<AboutView, CommandError> {
        self.core().about()
    }

    async fn save_support_file(&self, _request: ()) -> Result<Option<SavedView>, CommandError> {
        self.core().save_support_file().await
    }

    async fn report_mishap(&self, report: MishapReport) -> Result<(), CommandError> {
        self.mishaps.report(&report)
    }

    async fn open_contact_form(&self, _request: ()) -> Result<(), CommandError> {
        self.core().open_contact_form()
    }

    async fn check_update(&self, _request: ()) -> Result<UpdateView, CommandError> {
        self.open_desk()?.check_update().await
    }

    async fn install_update(&self, _request: ()) -> Result<(), CommandError> {
        self.open_desk()?.install_update().await
    }
}
