//! The tray icon and its menu, from a plain [`TrayState`].

use desk::ports::TrayState;
use tauri::{
    AppHandle,
    menu::{Menu, MenuItem},
    tray::{MouseButton, MouseButtonState, TrayIconBuilder, TrayIconEvent},
};

use crate::window;

const ID: &str = "tray";
const OPEN: &str = "open";
const QUIT: &str = "quit";

/// Puts the icon into the tray. An error means that this desktop has none; the window then ends the program when closed.
pub(crate) fn create(app: &AppHandle) -> tauri::Result<()> {
    let open = MenuItem::with_id(app, OPEN, messages::tray::open(), true, None::<&str>)?;
    let quit = MenuItem::with_id(app, QUIT, messages::tray::quit(), true, None::<&str>)?;
    let mut tray = TrayIconBuilder::with_id(ID)
        .menu(&Menu::with_items(app, &[&open, &quit])?)
        .show_menu_on_left_click(false)
        .tooltip(words(TrayState::default()))
        .on_menu_event(|app, event| match event.id().as_ref() {
            OPEN => window::show(app),
            QUIT => app.exit(0),
            _ => {}
        })
        .on_tray_icon_event(|tray, event| {
            if let TrayIconEvent::Click {
                button: MouseButton::Left,
                button_state: MouseButtonState::Up,
                ..
            } = event
            {
                window::show(tray.app_handle());
            }
        });
    if let Some(icon) = app.default_window_icon() {
        tray = tray.icon(icon.clone());
    }
    tray.build(app)?;
    Ok(())
}

/// Whether this desktop took the icon.
pub(crate) fn exists(app: &AppHandle) -> bool {
    app.tray_by_id(ID).is_some()
}

/// Shows how things stand.
pub(crate) fn show(app: &AppHandle, state: TrayState) {
    let Some(tray) = app.tray_by_id(ID) else { return };
    if let Err(error) = tray.set_tooltip(Some(words(state))) {
        tracing::warn!(%error, "the tray could not be changed");
    }
    // Linux shows no tooltips; macOS shows this beside the icon, where only a count fits.
    if cfg!(not(windows)) {
        let count = (state.waiting > 0).then(|| state.waiting.to_string());
        if let Err(error) = tray.set_title(count) {
            tracing::warn!(%error, "the tray could not be changed");
        }
    }
}

/// What the tray says: counts only (D20). What hinders work comes before what waits.
fn words(state: TrayState) -> String {
    if !state.signed_in && state.waiting == 0 {
        messages::tray::signed_out()
    } else if !state.online {
        messages::tray::offline()
    } else if state.waiting > 0 {
        messages::tray::waiting(state.waiting)
    } else {
        messages::tray::idle()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tray_says_the_one_thing_that_matters() {
        let state = |waiting, online, signed_in| TrayState {
            waiting,
            online,
            signed_in,
        };
        for (given, said) in [
            (state(0, false, false), messages::tray::signed_out()),
            (state(3, true, false), messages::tray::waiting(3)),
            (state(3, false, true), messages::tray::offline()),
            (state(3, true, true), messages::tray::waiting(3)),
            (state(0, true, true), messages::tray::idle()),
        ] {
            assert_eq!(words(given), said, "{given:?}");
        }
    }
}
