//! What the desk shows outside its page: the system's dialogs, notices, the tray, a folder.

use std::path::{Path, PathBuf};

use desk::ports::{Notice, Surface, TrayState};
use futures::{
    channel::oneshot,
    future::{BoxFuture, FutureExt as _},
};
use tauri::{AppHandle, Manager as _, Wry};
use tauri_plugin_dialog::{DialogExt as _, FileDialogBuilder, FilePath};
use tauri_plugin_notification::NotificationExt as _;
use tauri_plugin_opener::OpenerExt as _;

use crate::{tray, window::LABEL};

/// The real desktop.
pub(crate) struct Desktop {
    app: AppHandle,
}

impl Desktop {
    pub(crate) fn new(app: AppHandle) -> Self {
        Self { app }
    }

    /// A file dialog above the window.
    fn dialog(&self, title: String) -> FileDialogBuilder<Wry> {
        let dialog = self.app.dialog().file().set_title(title);
        match self.app.get_webview_window(LABEL) {
            Some(window) => dialog.set_parent(&window),
            None => dialog,
        }
    }

    /// The tray and notices belong to the main thread. Queued, so that the desk never waits for the window.
    fn on_main_thread(&self, act: impl FnOnce(&AppHandle) + Send + 'static) {
        let app = self.app.clone();
        if let Err(error) = self.app.run_on_main_thread(move || act(&app)) {
            tracing::debug!(%error, "the window is gone");
        }
    }
}

/// Waits for a dialog. One that went away without an answer was cancelled.
fn answer<T: Send + 'static>(open: impl FnOnce(oneshot::Sender<Option<T>>)) -> BoxFuture<'static, Option<T>> {
    let (sender, receiver) = oneshot::channel();
    open(sender);
    async move { receiver.await.ok().flatten() }.boxed()
}

fn path(chosen: FilePath) -> Option<PathBuf> {
    chosen.into_path().ok()
}

impl Surface for Desktop {
    fn choose_files(&self) -> BoxFuture<'_, Option<Vec<PathBuf>>> {
        answer(|sender| {
            self.dialog(messages::window::choose_files()).pick_files(|chosen| {
                let _ = sender.send(chosen.map(|files| files.into_iter().filter_map(path).collect()));
            });
        })
    }

    fn choose_folder(&self) -> BoxFuture<'_, Option<PathBuf>> {
        answer(|sender| {
            self.dialog(messages::window::choose_folder()).pick_folder(|chosen| {
                let _ = sender.send(chosen.and_then(path));
            });
        })
    }

    fn choose_connection_file(&self) -> BoxFuture<'_, Option<PathBuf>> {
        answer(|sender| {
            self.dialog(messages::window::choose_connection_file())
                .add_filter(messages::window::connection_files(), &["json", "careplan"])
                .add_filter(messages::window::all_files(), &["*"])
                .pick_file(|chosen| {
                    let _ = sender.send(chosen.and_then(path));
                });
        })
    }

    fn save_file(&self, _suggested: &str) -> BoxFuture<'_, Option<PathBuf>> {
        futures::FutureExt::boxed(std::future::ready(None))
    }

    fn open_web(&self, _address: &str) {}

    fn starts_with_computer(&self) -> Option<bool> {
        None
    }

    fn set_starts_with_computer(&self, _starts: bool) -> Result<(), &'static str> {
        Err("unsupported")
    }

    fn notify(&self, notice: Notice) {
        let (title, body) = words(notice);
        self.on_main_thread(move |app| {
            if let Err(error) = app.notification().builder().title(title).body(body).show() {
                tracing::warn!(%error, "the system showed no notice");
            }
        });
    }

    fn show_tray(&self, state: TrayState) {
        self.on_main_thread(move |app| tray::show(app, state));
    }

    fn reveal(&self, folder: &Path) {
        // The folder itself is opened, not its parent: people look for the files.
        let folder = folder.to_string_lossy().into_owned();
        if let Err(error) = self.app.opener().open_path(folder, None::<&str>) {
            // The cause may name the path, which a person chose; only its kind is logged.
            tracing::warn!(kind = kind_of(&error), "the folder could not be opened");
        }
    }
}

/// A notice in words: counts only (D20).
fn words(notice: Notice) -> (String, String) {
    match notice {
        Notice::Arrived { count } => (messages::notice::arrived_title(), messages::notice::arrived(count)),
        Notice::Downloaded { count } => (
            messages::notice::downloaded_title(),
            messages::notice::downloaded(count),
        ),
    }
}

/// The kind of a failed opening, without the path.
fn kind_of(error: &tauri_plugin_opener::Error) -> &'static str {
    match error {
        tauri_plugin_opener::Error::Io(_) => "io",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_carry_their_count() {
        for notice in [Notice::Arrived { count: 7 }, Notice::Downloaded { count: 7 }] {
            let (title, body) = words(notice);
            assert!(!title.is_empty() && body.contains('7'), "{title} {body}");
        }
    }
}
