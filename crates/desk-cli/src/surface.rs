//! A terminal has no dialogs: they answer with what the arguments named.

use std::path::{Path, PathBuf};

use desk::ports::{Notice, Surface, TrayState};
use futures::future::{BoxFuture, FutureExt as _, ready};

/// What the arguments named.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// The folder to receive into.
    pub(crate) folder: Option<PathBuf>,
    /// The connection file.
    pub(crate) connection_file: Option<PathBuf>,
    /// The file to write into.
    pub(crate) save_file: Option<PathBuf>,
}

impl Surface for Named {
    fn choose_files(&self) -> BoxFuture<'_, Option<Vec<PathBuf>>> {
        ready(None).boxed()
    }

    fn choose_folder(&self) -> BoxFuture<'_, Option<PathBuf>> {
        ready(self.folder.clone()).boxed()
    }

    fn choose_connection_file(&self) -> BoxFuture<'_, Option<PathBuf>> {
        ready(self.connection_file.clone()).boxed()
    }

    fn choose_certificate_file(&self) -> BoxFuture<'_, Option<PathBuf>> {
        ready(None).boxed()
    }

    fn choose_move_file(&self) -> BoxFuture<'_, Option<PathBuf>> {
        ready(None).boxed()
    }

    fn save_file(&self, _suggested: &str) -> BoxFuture<'_, Option<PathBuf>> {
        ready(self.save_file.clone()).boxed()
    }

    fn open_web(&self, _address: &str) {}

    fn starts_with_computer(&self) -> Option<bool> {
        None
    }

    fn set_starts_with_computer(&self, _starts: bool) -> Result<(), &'static str> {
        Err("unsupported")
    }

    fn notify(&self, _notice: Notice) {}

    fn show_tray(&self, _state: TrayState) {}

    fn reveal(&self, _folder: &Path) {}
}
