//! Notices of the system: their words, and the list that a click on one opens.

use std::sync::{Arc, Mutex, PoisonError};

use desk::{Desk, ports::Notice};
use desk_ipc::Place;
use tauri::{AppHandle, Manager as _};
use tauri_plugin_notification::NotificationExt as _;

use crate::window;

/// Where a person most likely wants to go who brings the window back by other ways than the notice itself: some
/// systems report no click on a notice, or not after it has moved aside.
#[derive(Default)]
struct Wanted(Mutex<Option<Place>>);

/// Makes clicks on notices lead to their list.
pub(crate) fn start(app: &AppHandle) {
    app.manage(Wanted::default());
    let handle = app.clone();
    let listening = app.notification().on_action(move |performed| {
        let Some(place) = performed.notification().and_then(|notice| place_of(notice.id())) else {
            return;
        };
        let app = handle.clone();
        let opened = handle.run_on_main_thread(move || open(&app, place));
        if let Err(error) = opened {
            tracing::debug!(%error, "the window is gone");
        }
    });
    if let Err(error) = listening {
        tracing::warn!(%error, "clicks on notices are not reported");
    }
}

/// Shows a notice. Runs on the main thread.
pub(crate) fn show(app: &AppHandle, notice: Notice) {
    let place = list_of(notice);
    if !window::is_visible(app)
        && let Some(wanted) = app.try_state::<Wanted>()
    {
        *wanted.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }
    let (title, body) = words(notice);
    let shown = app
        .notification()
        .builder()
        .id(id_of(place))
        .title(title)
        .body(body)
        .show();
    if let Err(error) = shown {
        tracing::warn!(%error, "the system showed no notice");
    }
}

/// Brings the window to the front and leads it to a screen.
pub(crate) fn open(app: &AppHandle, place: Place) {
    forget(app);
    window::show(app);
    if let Some(desk) = app.try_state::<Arc<Desk>>() {
        desk.go_to(place);
    }
}

/// Brings the window to the front; after a notice that nobody clicked it shows that notice's list.
pub(crate) fn come_back(app: &AppHandle) {
    match forget(app) {
        Some(place) => open(app, place),
        None => window::show(app),
    }
}

fn forget(app: &AppHandle) -> Option<Place> {
    let wanted = app.try_state::<Wanted>()?;
    wanted.0.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// A notice in words: counts only (D20).
fn words(notice: Notice) -> (String, String) {
    match notice {
        Notice::Arrived { count } => (messages::notice::arrived_title(), messages::notice::arrived(count)),
        Notice::Downloaded { count } => (
            messages::notice::downloaded_title(),
            messages::notice::downloaded(count),
        ),
        Notice::Prepared { count } => (messages::notice::prepared_title(), messages::notice::prepared(count)),
        Notice::AutomationStopped => (messages::notice::stopped_title(), messages::notice::stopped()),
    }
}

/// The list or the screen that a notice is about.
fn list_of(notice: Notice) -> Place {
    match notice {
        Notice::Arrived { .. } => Place::Inbox,
        Notice::Downloaded { .. } => Place::Outbox,
        Notice::Prepared { .. } => Place::Drafts,
        Notice::AutomationStopped => Place::Settings,
    }
}

/// The system hands back a number with a click, and nothing else.
fn id_of(place: Place) -> i32 {
    match place {
        Place::Inbox => 1,
        Place::Outbox => 2,
        Place::Settings => 3,
        Place::Drafts => 4,
    }
}

fn place_of(id: i32) -> Option<Place> {
    [Place::Inbox, Place::Outbox, Place::Settings, Place::Drafts]
        .into_iter()
        .find(|place| id_of(*place) == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_carry_their_count_and_lead_to_their_list() {
        for (notice, list) in [
            (Notice::Arrived { count: 7 }, Place::Inbox),
            (Notice::Downloaded { count: 7 }, Place::Outbox),
            (Notice::Prepared { count: 7 }, Place::Drafts),
            (Notice::AutomationStopped, Place::Settings),
        ] {
            let (title, body) = words(notice);
            let counts = notice != Notice::AutomationStopped;
            assert!(
                !title.is_empty() && !body.is_empty() && body.contains('7') == counts,
                "{title} {body}"
            );
            assert_eq!(place_of(id_of(list_of(notice))), Some(list));
        }
        assert_eq!(place_of(0), None);
    }
}
