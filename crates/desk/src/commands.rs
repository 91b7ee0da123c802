//! The commands, one line each: where they are answered.

use desk_ipc::*;

use crate::Desk;

impl DeskCommands for Desk {
    async fn start(&self, _request: ()) -> Result<StartView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn choose_connection_file(&self, _request: ()) -> Result<Option<ConnectionView>, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn read_connection_file(&self, _request: DropId) -> Result<ConnectionView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn enrol(&self, _request: EnrolStart) -> Result<StartView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn unlock_profile(&self, _request: PassphraseStart) -> Result<StartView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn sign_in_person(&self, _request: PersonSignInStart) -> Result<StartView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn sign_in_office(&self, _request: OfficeSignInStart) -> Result<StartView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn sign_in_back(&self, _request: ()) -> Result<StartView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn sign_out(&self, _request: ()) -> Result<StartView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn home(&self, _request: ()) -> Result<HomeView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn choose_files(&self, _request: ()) -> Result<Option<DropView>, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn open_composition(&self, _request: ComposeStart) -> Result<CompositionView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn composition(&self, _request: CompositionId) -> Result<CompositionView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn add_drop(&self, _request: AddDrop) -> Result<CompositionView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn attach_files(&self, _request: AttachFiles) -> Result<CompositionView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn remove_file(&self, _request: RemoveFile) -> Result<CompositionView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn edit_note(&self, _request: EditNote) -> Result<CompositionView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn turn_into_dispatch(&self, _request: CompositionId) -> Result<CompositionView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn discard_composition(&self, _request: CompositionId) -> Result<(), CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn send_composition(&self, _request: SendStart) -> Result<SendView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn sending(&self, _request: CompositionId) -> Result<SendView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn save_draft(&self, _request: CompositionId) -> Result<(), CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn drafts(&self, _request: ()) -> Result<Vec<DraftRow>, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn open_draft(&self, _request: CompositionId) -> Result<CompositionView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn delete_draft(&self, _request: CompositionId) -> Result<(), CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn outbox(&self, _request: ()) -> Result<OutboxView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn retry_send(&self, _request: DeliveryRequest) -> Result<OutboxView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn cancel_send(&self, _request: DeliveryRequest) -> Result<OutboxView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn inbox(&self, _request: ()) -> Result<InboxView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn refresh(&self, _request: ()) -> Result<(), CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn choose_folder(&self, _request: ()) -> Result<Option<FolderView>, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn pick_up(&self, _request: PickupStart) -> Result<InboxView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn take_over(&self, _request: TakeOverStart) -> Result<InboxView, CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }

    async fn open_landed(&self, _request: DeliveryRequest) -> Result<(), CommandError> {
        Err(care_model::ProblemCode::Internal.into())
    }
}
