//! The tray icon and its menu, from a plain [`TrayState`].

use desk::ports::TrayState;
use desk_ipc::Place;
use tauri::{
    AppHandle, Manager as _, Wry,
    menu::{Menu, MenuItem, PredefinedMenuItem},
    tray::{MouseButton, MouseButtonState, TrayIconBuilder, TrayIconEvent},
};

use crate::{leaving, notices, window::LABEL};

const ID: &str = "tray";
const OPEN: &str = "open";
const INBOX: &str = "inbox";
const OUTBOX: &str = "outbox";
const SETTINGS: &str = "settings";
const QUIT: &str = "quit";

/// The entry of the menu that carries the count: the only place where Linux shows one.
struct InboxEntry(MenuItem<Wry>);

/// Puts the icon into the tray. An error means that this desktop has none; the window then ends the program when closed.
pub(crate) fn create(app: &AppHandle) -> tauri::Result<()> {
    let entry = |id, text: String| MenuItem::with_id(app, id, text, true, None::<&str>);
    let open = entry(OPEN, messages::tray::open())?;
    let inbox = entry(INBOX, inbox_words(0))?;
    let outbox = entry(OUTBOX, messages::tray::open_outbox())?;
    let settings = entry(SETTINGS, messages::tray::open_settings())?;
    let line = PredefinedMenuItem::separator(app)?;
    let quit = entry(QUIT, messages::tray::quit())?;
    let menu = Menu::with_items(app, &[&open, &inbox, &outbox, &settings, &line, &quit])?;
    let mut tray = TrayIconBuilder::with_id(ID)
        .menu(&menu)
        .show_menu_on_left_click(false)
        .tooltip(words(TrayState::default()))
        .on_menu_event(|app, event| match event.id().as_ref() {
            OPEN => notices::come_back(app),
            INBOX => notices::open(app, Place::Inbox),
            OUTBOX => notices::open(app, Place::Outbox),
            SETTINGS => notices::open(app, Place::Settings),
            QUIT => leaving::quit(app),
            _ => {}
        })
        .on_tray_icon_event(|tray, event| {
            if let TrayIconEvent::Click {
                button: MouseButton::Left,
                button_state: MouseButtonState::Up,
                ..
            } = event
            {
                notices::come_back(tray.app_handle());
            }
        });
    if let Some(icon) = app.default_window_icon() {
        tray = tray.icon(icon.clone());
    }
    tray.build(app)?;
    app.manage(InboxEntry(inbox));
    Ok(())
}

/// Whether this desktop took the icon.
pub(crate) fn exists(app: &AppHandle) -> bool {
    app.tray_by_id(ID).is_some()
}

/// Shows how things stand.
pub(crate) fn show(app: &AppHandle, state: TrayState) {
    mark_window(app, state.waiting);
    let Some(tray) = app.tray_by_id(ID) else { return };
    let changed = tray.set_tooltip(Some(words(state))).and_then(|()| {
        // Linux shows no tooltips; macOS shows this beside the icon, where only a count fits.
        if cfg!(not(windows)) {
            tray.set_title((state.waiting > 0).then(|| state.waiting.to_string()))?;
        }
        match app.try_state::<InboxEntry>() {
            Some(entry) => entry.0.set_text(inbox_words(state.waiting)),
            None => Ok(()),
        }
    });
    if let Err(error) = changed {
        tracing::warn!(%error, "the tray could not be changed");
    }
}

/// The count on the window's own icon, where the system has a place for one.
#[cfg(not(windows))]
fn mark_window(app: &AppHandle, waiting: u32) {
    if let Some(window) = app.get_webview_window(LABEL)
        && let Err(error) = window.set_badge_count((waiting > 0).then_some(waiting.into()))
    {
        tracing::debug!(%error, "no mark on the window's icon");
    }
}

/// A dot on the window's own icon: Windows has room for a picture there, and none for a count.
#[cfg(windows)]
fn mark_window(app: &AppHandle, waiting: u32) {
    if let Some(window) = app.get_webview_window(LABEL)
        && let Err(error) = window.set_overlay_icon((waiting > 0).then(dot))
    {
        tracing::debug!(%error, "no mark on the window's icon");
    }
}

/// A round dot of 16 pixels.
#[cfg(any(windows, test))]
fn dot() -> tauri::image::Image<'static> {
    const SIDE: i32 = 16;
    const COLOUR: [u8; 4] = [0xb4, 0x23, 0x18, 0xff];
    let middle = SIDE - 1;
    let pixels = (0..SIDE * SIDE).flat_map(|index| {
        let (x, y) = (2 * (index % SIDE) - middle, 2 * (index / SIDE) - middle);
        if x * x + y * y <= SIDE * SIDE { COLOUR } else { [0; 4] }
    });
    tauri::image::Image::new_owned(pixels.collect(), SIDE.unsigned_abs(), SIDE.unsigned_abs())
}

/// The entry that opens 受信一覧, with its count where there is one.
fn inbox_words(waiting: u32) -> String {
    match waiting {
        0 => messages::tray::open_inbox(),
        _ => messages::tray::open_inbox_waiting(waiting),
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

    #[test]
    fn the_entry_of_the_menu_counts_what_waits() {
        assert_eq!(inbox_words(0), messages::tray::open_inbox());
        assert!(inbox_words(12).contains("12"));
    }

    #[test]
    fn the_dot_is_round() {
        let dot = dot();
        let alpha = |x: usize, y: usize| dot.rgba()[(y * 16 + x) * 4 + 3];
        assert_eq!((dot.width(), dot.height(), dot.rgba().len()), (16, 16, 16 * 16 * 4));
        assert_eq!((alpha(0, 0), alpha(15, 15)), (0, 0));
        assert_eq!((alpha(8, 8), alpha(8, 0), alpha(0, 8)), (255, 255, 255));
    }
}
