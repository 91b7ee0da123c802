//! Closing and quitting: closing hides where there is a way back, quitting asks while something is on its way.

use std::sync::Arc;

use desk::Desk;
use tauri::{AppHandle, Manager as _};
use tauri_plugin_dialog::{DialogExt as _, MessageDialogButtons, MessageDialogKind};

use crate::{tray, window};

/// Whether the window may hide itself because there is a way back to it.
struct WayBack(bool);

/// Remembers whether a second start, or the tray, brings the window back.
pub(crate) fn remember_way_back(app: &AppHandle, there: bool) {
    app.manage(WayBack(there));
}

/// Whether a hidden window is found again: by the tray, or by starting the program a second time.
pub(crate) fn has_way_back(app: &AppHandle) -> bool {
    app.try_state::<WayBack>().is_some_and(|way| way.0) && tray::exists(app)
}

/// The window's own button was pressed.
pub(crate) fn close(app: &AppHandle) {
    let stays = app.try_state::<Arc<Desk>>().is_some_and(|desk| desk.stays_in_tray());
    if stays && has_way_back(app) {
        window::hide(app);
    } else {
        quit(app);
    }
}

/// Ends the program; while something is being sent or fetched a person decides.
pub(crate) fn quit(app: &AppHandle) {
    if !app.try_state::<Arc<Desk>>().is_some_and(|desk| desk.is_transferring()) {
        app.exit(0);
        return;
    }
    let handle = app.clone();
    app.dialog()
        .message(messages::window::quit_busy())
        .title(messages::window::quit_title())
        .kind(MessageDialogKind::Warning)
        .buttons(MessageDialogButtons::OkCancelCustom(
            messages::window::quit_go(),
            messages::window::quit_stay(),
        ))
        .show(move |leaves| {
            if leaves {
                handle.exit(0);
            }
        });
}
