//! Hands the desk's events to the page.

use std::sync::Arc;

use desk::Desk;
use desk_ipc::DeskEvent;
use tauri::{AppHandle, Emitter as _};
use tokio::sync::broadcast::error::RecvError;

use crate::window::LABEL;

/// The name under which the page listens.
const EVENT: &str = "desk-event";

/// Passes events on until the desk is gone.
pub(crate) fn forward(app: &AppHandle, desk: &Arc<Desk>) {
    let (app, mut events) = (app.clone(), desk.events());
    tauri::async_runtime::spawn(async move {
        loop {
            match events.recv().await {
                Ok(event) => emit(&app, &event),
                // Missed hints: let the page ask for everything again.
                Err(RecvError::Lagged(_)) => {
                    for event in [
                        DeskEvent::InboxChanged,
                        DeskEvent::OutboxChanged,
                        DeskEvent::DraftsChanged,
                    ] {
                        emit(&app, &event);
                    }
                }
                Err(RecvError::Closed) => break,
            }
        }
    });
}

fn emit(app: &AppHandle, event: &DeskEvent) {
    // It fails only while there is no window; a page that opens later asks for everything anyway.
    if let Err(error) = app.emit_to(LABEL, EVENT, event) {
        tracing::debug!(%error, "no window took the event");
    }
}
