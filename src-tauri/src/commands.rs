//! The commands of the page: one Tauri command for each of the list, all of one shape.

use std::sync::Arc;

use desk::Desk;
use desk_ipc::{CommandError, DeskCommands as _};
use tauri::{State, Wry, ipc::Invoke};

/// Expands the list into Tauri commands and their handler.
macro_rules! tauri_commands {
    ($($(#[$doc:meta])* $name:ident($request:ty) -> $answer:ty;)*) => {
        $(
            $(#[$doc])*
            #[tauri::command]
            async fn $name(desk: State<'_, Arc<Desk>>, request: $request) -> Result<$answer, CommandError> {
                desk.$name(request).await
            }
        )*

        /// What answers the page.
        pub(crate) fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($name),*]
        }
    };
}
desk_ipc::with_commands!(tauri_commands);
