//! What the desk shows outside its page: the system's dialogs, notices, the tray, a folder.

use std::path::{Path, PathBuf};

use desk::ports::{Notice, Surface, TrayState, UpdateChannel};
use futures::{
    channel::oneshot,
    future::{BoxFuture, FutureExt as _, ready},
};
use tauri::{AppHandle, Manager as _, Wry};
use tauri_plugin_dialog::{DialogExt as _, FileDialogBuilder, FilePath};
use tauri_plugin_opener::OpenerExt as _;

use crate::{autostart, copied, notices, printing, tray, updates, window::LABEL};

/// The real desktop.
pub(crate) struct Desktop {
    app: AppHandle,
    /// Whether the profile is the user's own: only that one starts with the computer.
    own_profile: bool,
}

impl Desktop {
    pub(crate) fn new(app: AppHandle, own_profile: bool) -> Self {
        Self { app, own_profile }
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

    fn choose_certificate_file(&self) -> BoxFuture<'_, Option<PathBuf>> {
        answer(|sender| {
            self.dialog(messages::window::choose_certificate_file())
                .add_filter(messages::window::certificate_files(), &["p12", "pfx"])
                .add_filter(messages::window::all_files(), &["*"])
                .pick_file(|chosen| {
                    let _ = sender.send(chosen.and_then(path));
                });
        })
    }

    fn choose_move_file(&self) -> BoxFuture<'_, Option<PathBuf>> {
        answer(|sender| {
            self.dialog(messages::window::choose_move_file())
                .add_filter(messages::window::move_files(), &["careplan-move"])
                .add_filter(messages::window::all_files(), &["*"])
                .pick_file(|chosen| {
                    let _ = sender.send(chosen.and_then(path));
                });
        })
    }

    fn save_file(&self, suggested: &str) -> BoxFuture<'_, Option<PathBuf>> {
        let dialog = self
            .dialog(messages::window::save_file())
            .set_file_name(suggested.to_owned());
        answer(|sender| {
            dialog.save_file(|chosen| {
                let _ = sender.send(chosen.and_then(path));
            });
        })
    }

    fn copied_files(&self) -> BoxFuture<'_, Vec<PathBuf>> {
        let (sender, receiver) = oneshot::channel();
        self.on_main_thread(move |_| copied::files(sender));
        receiver.map(Result::unwrap_or_default).boxed()
    }

    fn print_page(&self) -> BoxFuture<'_, Result<(), &'static str>> {
        let Some(window) = self.app.get_webview_window(LABEL) else {
            return ready(Err("window")).boxed();
        };
        let (sender, receiver) = oneshot::channel();
        if let Err(error) = printing::print(&window, sender) {
            tracing::debug!(%error, "the window is gone");
            return ready(Err("window")).boxed();
        }
        receiver.map(|printed| printed.unwrap_or(Err("window"))).boxed()
    }

    fn open_web(&self, address: &str) {
        // The opener starts whatever a system has for an address: nothing but a web page may be asked of it.
        if !is_web(address) {
            tracing::warn!("an address that is no web page was not opened");
            return;
        }
        if let Err(error) = self.app.opener().open_url(address, None::<&str>) {
            tracing::warn!(kind = kind_of(&error), "the browser could not be opened");
        }
    }

    fn starts_with_computer(&self) -> Option<bool> {
        self.own_profile.then(|| autostart::is_on(&self.app)).flatten()
    }

    fn set_starts_with_computer(&self, starts: bool) -> Result<(), &'static str> {
        if !self.own_profile {
            return Err("unsupported");
        }
        autostart::set(&self.app, starts)
    }

    fn notify(&self, notice: Notice) {
        self.on_main_thread(move |app| notices::show(app, notice));
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

    fn updates(&self) -> Option<UpdateChannel> {
        updates::channel(&self.app)
    }

    fn install_update(&self, installer: &Path) -> Result<(), &'static str> {
        updates::install(&self.app, installer)
    }
}

/// Whether an address is a web page over TLS.
fn is_web(address: &str) -> bool {
    address
        .parse::<tauri::Url>()
        .is_ok_and(|url| url.scheme() == "https" && url.host_str().is_some_and(|host| !host.is_empty()))
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
    fn only_web_pages_over_tls_are_opened() {
        assert!(is_web("https://form.example/contact?from=client"));
        for refused in [
            "http://form.example/",
            "file:///etc/hostname",
            "javascript:alert(1)",
            "https:",
            "form.example",
            "",
            "-flag",
        ] {
            assert!(!is_web(refused), "{refused}");
        }
    }
}
