//! Writes the page's half of the contract.

use std::fmt::Write as _;

use ts_rs::{Config, TS};

use crate::{CommandError, DeskEvent, Place, TransferKind, commands::described, view};

/// Collects the declarations of the listed types.
macro_rules! declarations {
    ($config:expr, $($name:ty),+ $(,)?) => { vec![$(<$name as TS>::decl($config)),+] };
}

/// The whole text of `ui/src/ipc/bindings.ts`. `cargo xtask bindings` writes it; a test compares it.
pub fn typescript() -> String {
    let config = &Config::from_env();
    let mut text = String::from("// Generated from crates/desk-ipc by `cargo xtask bindings`. Do not edit.\n\n");
    let codes: Vec<String> = view::problem_codes()
        .iter()
        .map(|code| format!("  | \"{code}\""))
        .collect();
    let _ = writeln!(text, "export type ProblemCode =\n{};\n", codes.join("\n"));
    let _ = writeln!(
        text,
        "export const problemCodes = [\n{}\n] as const satisfies readonly ProblemCode[];\n",
        view::problem_codes()
            .iter()
            .map(|code| format!("  \"{code}\","))
            .collect::<Vec<_>>()
            .join("\n")
    );
    for declaration in declarations!(
        config,
        CommandError,
        DeskEvent,
        TransferKind,
        Place,
        view::StartView,
        view::Stage,
        view::HelpDeskView,
        view::ConnectionView,
        view::CertificateImport,
        view::EnrolStart,
        view::MoveOutStart,
        view::MoveInStart,
        view::MovedView,
        view::PassphraseStart,
        view::PersonSignInStart,
        view::OfficeSignInStart,
        view::OfficeView,
        view::KindView,
        view::SessionView,
        view::MishapReport,
        view::MishapKind,
        view::MishapPlace,
        view::HomeView,
        view::NewsRow,
        view::ExpiryView,
        view::RenewalView,
        view::FiguresView,
        view::DropView,
        view::DroppedFile,
        view::CompositionMode,
        view::ComposeStart,
        view::AddDrop,
        view::AttachFiles,
        view::RemoveFile,
        view::EditNote,
        view::CompositionView,
        view::PlannedView,
        view::OnExchange,
        view::FileRow,
        view::SeverityView,
        view::FindingView,
        view::UnitView,
        view::UnitMemberView,
        view::RepairRequest,
        view::RepairView,
        view::ChangeView,
        view::RepairedView,
        view::SendStart,
        view::SendView,
        view::SendRow,
        view::SendStateView,
        view::WaitReason,
        view::DraftRow,
        view::DeliveryRequest,
        view::OutboxView,
        view::OutboxRow,
        view::OutboxStatus,
        view::InboxView,
        view::FolderView,
        view::InboxRow,
        view::InboxStatus,
        view::HolderView,
        view::PickupStart,
        view::TakeOverStart,
        view::ProfileRow,
        view::PasswordChange,
        view::LookView,
        view::TextSize,
        view::Theme,
        view::NewsRequest,
        view::PastedFiles,
        view::PastedFile,
        view::UnfinishedRow,
        view::OfficeSearch,
        view::OfficeSearchView,
        view::OfficeHit,
        view::ChooseDestination,
        view::DestinationChoice,
        view::ListName,
        view::ListRequest,
        view::ListQuery,
        view::SortColumn,
        view::ListRange,
        view::ListIds,
        view::ListChoices,
        view::UnitChoice,
        view::DetailRequest,
        view::DeliveryDetail,
        view::DetailFile,
        view::DetailTime,
        view::DetailEvent,
        view::ListExport,
        view::SavedView,
        view::ComparedOffice,
        view::ComparisonForm,
        view::ComparisonQuery,
        view::ComparisonRequest,
        view::ComparisonRow,
        view::ComparisonRows,
        view::ComparisonStart,
        view::ComparisonState,
        view::ComparisonView,
        view::StateCount,
        view::InspectionForm,
        view::InspectionKind,
        view::InspectionPart,
        view::InspectionQuery,
        view::InspectionRequest,
        view::InspectionRow,
        view::InspectionRows,
        view::InspectionStart,
        view::InspectionView,
        view::BoardActuals,
        view::BoardForm,
        view::BoardOrder,
        view::BoardProgress,
        view::BoardQuery,
        view::BoardRequest,
        view::BoardRow,
        view::BoardSave,
        view::BoardSums,
        view::BoardView,
        view::BoardWay,
        view::ClosingView,
        view::ImportedMark,
        view::SettingsView,
        view::SettingsEdit,
        view::ReceiveInto,
        view::Naming,
        view::Proxy,
        view::AutomationView,
        view::AutomationEdit,
        view::ReceivingRule,
        view::Subfolder,
        view::TerminalRow,
        view::AboutView,
        view::LicenceRow,
        view::UpdateView,
        view::FaxRequest,
        view::FaxView,
        view::FaxSheet,
        view::FaxedMark,
        view::ReadingSource,
        view::ReadingView,
        view::ReadFileView,
        view::ReadRecipientView,
        view::FormsRequest,
        view::RecipientForms,
        view::ChangesRequest,
        view::PlanChanges,
        view::FormChanges,
        view::ChangeKind,
        view::ChangeLine,
        view::FormView,
        view::FormPart,
        view::CellView,
        view::CellKind,
        view::ChoiceView,
    ) {
        let _ = writeln!(text, "export {declaration}\n");
    }
    let _ = writeln!(
        text,
        "/** Every command: what it takes and what it answers. */\nexport type Commands = {{"
    );
    for (name, request, answer) in described() {
        let _ = writeln!(text, "  {name}: {{ request: {request}; answer: {answer} }};");
    }
    text.push_str("};\n");
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_command_is_described() {
        let text = super::typescript();
        assert!(text.contains("start: { request: null; answer: StartView };"), "{text}");
        assert!(
            text.contains("drafts: { request: null; answer: Array<DraftRow> };"),
            "{text}"
        );
        assert!(
            text.contains("open_draft: { request: string; answer: CompositionView };"),
            "{text}"
        );
    }
}
