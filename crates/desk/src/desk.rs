//! The desk: what a host opens, asks and closes.

use std::{path::PathBuf, sync::Arc};

use desk_ipc::{CommandError, DeskEvent, DropId, DropView};
use tokio::sync::broadcast;

use crate::ports::{Clock, KeySource, Surface};

/// What a host decides about a desk.
pub struct DeskSettings {
    /// The folder of one office number's profile on this PC (D14).
    pub profile_dir: PathBuf,
    /// Where the key of the profile comes from.
    pub key: KeySource,
    /// What shows dialogs, notices and the tray.
    pub surface: Arc<dyn Surface>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// One office's desk on this PC.
pub struct Desk {
    events: broadcast::Sender<DeskEvent>,
}

impl Desk {
    /// Opens the profile, makes it if it is new, and goes on with what was under way when it was closed.
    pub async fn open(_settings: DeskSettings) -> Result<Arc<Self>, CommandError> {
        Ok(Arc::new(Self {
            events: broadcast::channel(256).0,
        }))
    }

    /// The hints that a page listens to.
    pub fn events(&self) -> broadcast::Receiver<DeskEvent> {
        self.events.subscribe()
    }

    /// Takes files that were dropped on the window. The paths stay here; the page gets names and sizes.
    pub fn drop_files(&self, _paths: Vec<PathBuf>) -> DropView {
        DropView {
            id: DropId::generate(),
            files: Vec::new(),
        }
    }

    /// Files are being dragged over the window, or left it.
    pub fn drag_over(&self, over: bool) {
        let _ = self.events.send(DeskEvent::DragOver { over });
    }

    /// Ends the work in the background; what is under way goes on at the next start.
    pub async fn shutdown(&self) {}
}
