//! Stands in for the desktop: dialogs answer what the script laid out, the rest is recorded.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use desk::ports::{Notice, Surface, TrayState, UpdateChannel};
use futures::future::{BoxFuture, FutureExt as _, ready};
use serde::Serialize;

/// More answers than any test lays out, and more records than any test reads.
const KEPT_MAX: usize = 1_000;

/// What the desk showed so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SurfaceRecord {
    /// Every notice, oldest first.
    pub notices: Vec<NoticeRecord>,
    /// The tray, once it was shown.
    pub tray: Option<TrayRecord>,
    /// Every folder that was revealed, oldest first.
    pub revealed: Vec<PathBuf>,
    /// Every name that was suggested for a new file, oldest first.
    pub suggested: Vec<String>,
    /// Every web address that was opened, oldest first.
    pub opened: Vec<String>,
    /// Every installer that was handed to the system, oldest first.
    pub installed: Vec<PathBuf>,
    /// Whether the client starts with the computer.
    pub starts_with_computer: bool,
    /// Dialogs that were opened while no answer was laid out; they were answered as cancelled.
    pub cancelled_dialogs: u32,
}

/// One notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum NoticeRecord {
    /// New deliveries wait.
    Arrived {
        /// How many.
        count: u32,
    },
    /// The other side downloaded.
    Downloaded {
        /// How many.
        count: u32,
    },
    /// Drafts were prepared.
    Prepared {
        /// How many.
        count: u32,
    },
    /// 自動化 stands still.
    AutomationStopped,
}

/// The tray.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TrayRecord {
    /// Deliveries that wait to be fetched.
    pub waiting: u32,
    /// Whether the last attempt reached the exchange.
    pub online: bool,
    /// Whether somebody is signed in.
    pub signed_in: bool,
}

/// The scripted desktop.
#[derive(Debug, Default)]
pub struct ScriptedSurface {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    files: VecDeque<Option<Vec<PathBuf>>>,
    folders: VecDeque<Option<PathBuf>>,
    connection_files: VecDeque<Option<PathBuf>>,
    certificate_files: VecDeque<Option<PathBuf>>,
    move_files: VecDeque<Option<PathBuf>>,
    saves: VecDeque<Option<PathBuf>>,
    copied: Vec<PathBuf>,
    updates: Option<UpdateChannel>,
    record: SurfaceRecord,
}

impl ScriptedSurface {
    /// Lays out the answer of the next dialog for files.
    pub fn answer_files(&self, paths: Option<Vec<PathBuf>>) {
        lay_out(&mut self.lock().files, paths);
    }

    /// Lays out the answer of the next dialog for a folder.
    pub fn answer_folder(&self, path: Option<PathBuf>) {
        lay_out(&mut self.lock().folders, path);
    }

    /// Lays out the answer of the next dialog for the connection file.
    pub fn answer_connection_file(&self, path: Option<PathBuf>) {
        lay_out(&mut self.lock().connection_files, path);
    }

    /// Lays out the answer of the next dialog for a certificate file.
    pub fn answer_certificate_file(&self, path: Option<PathBuf>) {
        lay_out(&mut self.lock().certificate_files, path);
    }

    /// Lays out the answer of the next dialog for the file of a move.
    pub fn answer_move_file(&self, path: Option<PathBuf>) {
        lay_out(&mut self.lock().move_files, path);
    }

    /// Lays out the answer of the next dialog for a new file.
    pub fn answer_save(&self, path: Option<PathBuf>) {
        lay_out(&mut self.lock().saves, path);
    }

    /// Lays out what the system's file manager copied, in place of what it copied before.
    pub fn copy_files(&self, paths: Vec<PathBuf>) {
        self.lock().copied = paths;
    }

    /// Makes this a build that looks for new versions of itself.
    pub fn answer_updates(&self, updates: UpdateChannel) {
        self.lock().updates = Some(updates);
    }

    /// What the desk showed so far.
    pub fn record(&self) -> SurfaceRecord {
        self.lock().record.clone()
    }

    /// A panic elsewhere leaves plain values behind, which are still good.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next answer; a dialog without one is cancelled, and counted.
    fn next<T: Send + 'static>(
        &self,
        queue: impl FnOnce(&mut State) -> &mut VecDeque<Option<T>>,
    ) -> BoxFuture<'_, Option<T>> {
        let mut state = self.lock();
        let answer = queue(&mut state).pop_front().unwrap_or_else(|| {
            state.record.cancelled_dialogs += 1;
            None
        });
        ready(answer).boxed()
    }
}

/// Adds an answer; the oldest goes when a script lays out far too many.
fn lay_out<T>(queue: &mut VecDeque<Option<T>>, answer: Option<T>) {
    if queue.len() >= KEPT_MAX {
        queue.pop_front();
    }
    queue.push_back(answer);
}

/// Records what was shown, up to more than any test reads.
fn remember<T>(records: &mut Vec<T>, shown: T) {
    if records.len() < KEPT_MAX {
        records.push(shown);
    }
}

impl Surface for ScriptedSurface {
    fn choose_files(&self) -> BoxFuture<'_, Option<Vec<PathBuf>>> {
        self.next(|state| &mut state.files)
    }

    fn choose_folder(&self) -> BoxFuture<'_, Option<PathBuf>> {
        self.next(|state| &mut state.folders)
    }

    fn choose_connection_file(&self) -> BoxFuture<'_, Option<PathBuf>> {
        self.next(|state| &mut state.connection_files)
    }

    fn choose_certificate_file(&self) -> BoxFuture<'_, Option<PathBuf>> {
        self.next(|state| &mut state.certificate_files)
    }

    fn choose_move_file(&self) -> BoxFuture<'_, Option<PathBuf>> {
        self.next(|state| &mut state.move_files)
    }

    fn save_file(&self, suggested: &str) -> BoxFuture<'_, Option<PathBuf>> {
        remember(&mut self.lock().record.suggested, suggested.to_owned());
        self.next(|state| &mut state.saves)
    }

    fn copied_files(&self) -> BoxFuture<'_, Vec<PathBuf>> {
        ready(self.lock().copied.clone()).boxed()
    }

    fn open_web(&self, address: &str) {
        remember(&mut self.lock().record.opened, address.to_owned());
    }

    fn starts_with_computer(&self) -> Option<bool> {
        Some(self.lock().record.starts_with_computer)
    }

    fn set_starts_with_computer(&self, starts: bool) -> Result<(), &'static str> {
        self.lock().record.starts_with_computer = starts;
        Ok(())
    }

    fn updates(&self) -> Option<UpdateChannel> {
        self.lock().updates.clone()
    }

    fn install_update(&self, installer: &Path) -> Result<(), &'static str> {
        remember(&mut self.lock().record.installed, installer.to_path_buf());
        Ok(())
    }

    fn notify(&self, notice: Notice) {
        remember(
            &mut self.lock().record.notices,
            match notice {
                Notice::Arrived { count } => NoticeRecord::Arrived { count },
                Notice::Downloaded { count } => NoticeRecord::Downloaded { count },
                Notice::Prepared { count } => NoticeRecord::Prepared { count },
                Notice::AutomationStopped => NoticeRecord::AutomationStopped,
            },
        );
    }

    fn show_tray(&self, tray: TrayState) {
        self.lock().record.tray = Some(TrayRecord {
            waiting: tray.waiting,
            online: tray.online,
            signed_in: tray.signed_in,
        });
    }

    fn reveal(&self, folder: &Path) {
        remember(&mut self.lock().record.revealed, folder.to_path_buf());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn dialogs_answer_in_the_order_of_the_script_and_then_cancel() {
        let surface = ScriptedSurface::default();
        surface.answer_folder(Some("/one".into()));
        surface.answer_folder(None);
        assert_eq!(surface.choose_folder().await, Some("/one".into()));
        assert_eq!(surface.choose_folder().await, None);
        assert_eq!(surface.record().cancelled_dialogs, 0);
        assert_eq!(surface.choose_files().await, None);
        assert_eq!(surface.record().cancelled_dialogs, 1);
    }

    #[tokio::test]
    async fn a_new_file_is_saved_where_the_script_says_under_the_suggested_name() {
        let surface = ScriptedSurface::default();
        surface.answer_save(Some("/list.csv".into()));
        assert_eq!(surface.save_file("受信一覧.csv").await, Some("/list.csv".into()));
        assert_eq!(surface.save_file("受信一覧.csv").await, None);
        let record = surface.record();
        assert_eq!((record.suggested.len(), record.cancelled_dialogs), (2, 1));
    }

    #[test]
    fn starting_with_the_computer_is_kept_for_this_run() {
        let surface = ScriptedSurface::default();
        assert_eq!(surface.starts_with_computer(), Some(false));
        surface.set_starts_with_computer(true).unwrap();
        assert_eq!(surface.starts_with_computer(), Some(true));
    }

    #[test]
    fn what_the_desk_shows_is_recorded() {
        let surface = ScriptedSurface::default();
        surface.notify(Notice::Arrived { count: 2 });
        surface.show_tray(TrayState {
            waiting: 2,
            online: true,
            signed_in: false,
        });
        surface.reveal(Path::new("/folder"));
        surface.open_web("https://form.example/");
        assert_eq!(
            serde_json::to_value(surface.record()).unwrap(),
            serde_json::json!({
                "notices": [{"notice": "arrived", "count": 2}],
                "tray": {"waiting": 2, "online": true, "signed_in": false},
                "revealed": ["/folder"],
                "suggested": [],
                "opened": ["https://form.example/"],
                "installed": [],
                "starts_with_computer": false,
                "cancelled_dialogs": 0,
            })
        );
    }
}
