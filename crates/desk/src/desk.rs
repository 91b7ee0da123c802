//! The desk: what a host opens, asks and closes.
//!
//! It shows one profile at a time. Whoever holds the desk need not know which: events of whatever profile is open
//! come by one channel, and every command is answered by the open one.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use care_model::{OfficeNumber, ProblemCode, limits};
use desk_ipc::{
    CertificateImport, CommandError, DeskEvent, DropId, DropView, EnrolStart, FolderView, MoveInStart, Place,
    ProfileId, ProfileRow, StartView,
};
use tokio::sync::broadcast;

use crate::{
    core::{Core, event_channel, lock},
    intake::{self, Dropped},
    mishaps::Mishaps,
    opened::Opened,
    ports::{Clock, KeySource, SessionKeeping, Surface},
    profile::{Shelf, office_of},
    refusal, words,
};

/// What a host decides about a desk.
pub struct DeskSettings {
    /// The folder of the first profile on this PC (D14).
    pub profile_dir: PathBuf,
    /// The folder of further ones; none where this host keeps to the first.
    pub profiles_dir: Option<PathBuf>,
    /// Where the key of a profile comes from.
    pub key: KeySource,
    /// How long somebody stays signed in.
    pub session: SessionKeeping,
    /// What shows dialogs, notices and the tray.
    pub surface: Arc<dyn Surface>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// What of a host every profile needs.
pub(crate) struct Host {
    pub(crate) key: KeySource,
    pub(crate) session: SessionKeeping,
    pub(crate) surface: Arc<dyn Surface>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The desk of this PC, at one office's profile at a time.
pub struct Desk {
    host: Host,
    shelf: Shelf,
    events: broadcast::Sender<DeskEvent>,
    opened: RwLock<Arc<Opened>>,
    /// One change of the profile at a time.
    switching: tokio::sync::Mutex<()>,
    pub(crate) mishaps: Mishaps,
}

impl Desk {
    /// Opens the profile that was open last, makes it if it is new, and goes on with what was under way when it was
    /// closed.
    pub async fn open(settings: DeskSettings) -> Result<Arc<Self>, CommandError> {
        let host = Host {
            key: settings.key,
            session: settings.session,
            surface: settings.surface,
            clock: settings.clock,
        };
        let shelf = Shelf::new(settings.profile_dir, settings.profiles_dir);
        let events = event_channel();
        let opened = Opened::open(shelf.last(), &shelf, &host, events.clone()).await?;
        Ok(Arc::new(Self {
            host,
            shelf,
            events,
            opened: RwLock::new(Arc::new(opened)),
            switching: tokio::sync::Mutex::new(()),
            mishaps: Mishaps::default(),
        }))
    }

    fn opened(&self) -> Arc<Opened> {
        Arc::clone(&self.opened.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The open profile.
    pub(crate) fn core(&self) -> Arc<Core> {
        Arc::clone(&self.opened().core)
    }

    /// Opens the profile with its passphrase, or sets it.
    pub(crate) async fn unlock(&self, passphrase: String) -> Result<StartView, CommandError> {
        let opened = self.opened();
        opened.unlock(passphrase).await?;
        Ok(opened.core.start_view())
    }

    /// The profiles of this PC.
    pub(crate) async fn profile_rows(&self) -> Result<Vec<ProfileRow>, CommandError> {
        let opened = self.opened();
        let (shelf, open) = (self.shelf.clone(), opened.id);
        let open_office = opened.core.office_view();
        let listed = tokio::task::spawn_blocking(move || {
            let row = |id: ProfileId| {
                let noted = || office_of(&shelf.dir(id).ok()?).map(|mark| words::office(mark.number, &mark.name, &[]));
                let office = match id == open {
                    true => open_office.clone().or_else(noted),
                    false => noted(),
                };
                Ok(ProfileRow {
                    id,
                    office,
                    open: id == open,
                })
            };
            shelf.ids()?.into_iter().map(row).collect()
        });
        listed
            .await
            .map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))?
    }

    /// 初期設定 of the open profile, for an office that no other profile of this PC is of.
    pub(crate) async fn enrol(&self, start: EnrolStart) -> Result<StartView, CommandError> {
        let opened = self.opened();
        let elsewhere = self.offices_elsewhere(opened.id).await?;
        opened.core.enrol(start, &elsewhere).await
    }

    /// Takes the certificate of a file for the open profile.
    pub(crate) async fn import_certificate(&self, import: CertificateImport) -> Result<StartView, CommandError> {
        let opened = self.opened();
        let elsewhere = self.offices_elsewhere(opened.id).await?;
        opened.core.import_certificate(import, &elsewhere).await
    }

    /// Takes what another PC held into the open profile, which must be empty.
    pub(crate) async fn move_in(&self, start: MoveInStart) -> Result<StartView, CommandError> {
        let opened = self.opened();
        let elsewhere = self.offices_elsewhere(opened.id).await?;
        opened.core.move_in(start, &elsewhere).await
    }

    /// The offices of the profiles of this PC other than the open one.
    async fn offices_elsewhere(&self, open: ProfileId) -> Result<Vec<OfficeNumber>, CommandError> {
        let shelf = self.shelf.clone();
        let elsewhere = tokio::task::spawn_blocking(move || {
            let mut numbers = Vec::new();
            for id in shelf.ids()?.into_iter().filter(|id| *id != open) {
                numbers.extend(office_of(&shelf.dir(id)?).map(|mark| mark.number));
            }
            Ok::<_, CommandError>(numbers)
        });
        elsewhere
            .await
            .map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))?
    }

    /// Opens another profile and closes the present one; where the other cannot be opened, or something is on its way,
    /// the present one stays.
    pub(crate) async fn change_profile(&self, id: ProfileId) -> Result<StartView, CommandError> {
        let _one = self.switching.lock().await;
        if !self.profile_rows().await?.iter().any(|row| row.id == id) {
            return Err(ProblemCode::ProfileUnknown.into());
        }
        self.change_to(id).await
    }

    /// Opens a profile in which 初期設定 can be done for another office.
    pub(crate) async fn new_profile(&self) -> Result<StartView, CommandError> {
        let _one = self.switching.lock().await;
        let (shelf, open) = (self.shelf.clone(), self.opened().id);
        let empty = tokio::task::spawn_blocking(move || shelf.empty(open)).await;
        let empty = empty.map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))??;
        self.change_to(empty).await
    }

    async fn change_to(&self, id: ProfileId) -> Result<StartView, CommandError> {
        let before = self.opened();
        if before.id == id {
            return Ok(before.core.start_view());
        }
        if before.core.transfers_run() {
            return Err(ProblemCode::ProfileTransferring.into());
        }
        let opened = Arc::new(Opened::open(id, &self.shelf, &self.host, self.events.clone()).await?);
        let shelf = self.shelf.clone();
        let noted = tokio::task::spawn_blocking(move || shelf.put_last(id)).await;
        if let Ok(Err(error)) = noted {
            // The next start opens another one, which its screen says; that is no reason to refuse this one.
            tracing::warn!(code = error.code.as_str(), "the open profile is not remembered");
        }
        let core = Arc::clone(&opened.core);
        *self.opened.write().unwrap_or_else(PoisonError::into_inner) = opened;
        before.close().await;
        before.core.say_goodbye().await;
        core.show_tray().await;
        Ok(core.start_view())
    }

    /// The hints that a page listens to, of whatever profile is open.
    pub fn events(&self) -> broadcast::Receiver<DeskEvent> {
        self.events.subscribe()
    }

    /// Takes files that were dropped on the window. The paths stay here; the page gets names and sizes.
    pub fn drop_files(&self, paths: Vec<PathBuf>) -> DropView {
        let drop = self.core().hold(paths);
        self.core().tell(DeskEvent::FilesDropped { drop: drop.clone() });
        drop
    }

    /// Remembers a folder that a host names by itself, as a dialog's answer is.
    pub fn name_folder(&self, path: PathBuf) -> FolderView {
        self.core().remember_folder(path)
    }

    /// Files are being dragged over the window, or left it.
    pub fn drag_over(&self, over: bool) {
        self.core().tell(DeskEvent::DragOver { over });
    }

    /// A person asked for a screen from outside the page: tray, notice, second start.
    pub fn go_to(&self, place: Place) {
        self.core().tell(DeskEvent::GoTo { place });
    }

    /// The certificate of the exchange's authority in PEM, as the connection file of 初期設定 had it.
    pub fn authority_pem(&self) -> Option<String> {
        let core = self.core();
        let standing = core.standing();
        standing
            .connection
            .as_ref()
            .map(|connection| connection.authority_pem.clone())
    }

    /// Whether something is being sent or fetched at this moment.
    pub fn is_transferring(&self) -> bool {
        self.core().transfers_run()
    }

    /// Whether closing the window leaves the client in the tray.
    pub fn stays_in_tray(&self) -> bool {
        self.core().settings().stays_in_tray
    }

    /// Ends the work in the background; what is under way goes on at the next start.
    pub async fn shutdown(&self) {
        let _one = self.switching.lock().await;
        self.opened().close().await;
    }
}

impl Core {
    /// Remembers paths under a name for the page. One more than allowed is kept, so that too many are told.
    pub(crate) fn hold(&self, mut paths: Vec<PathBuf>) -> DropView {
        paths.truncate(limits::DROP_FILES_MAX + 1);
        let id = DropId::generate();
        let files = intake::glance(&paths);
        lock(&self.drops).put(id, Dropped::Paths(paths));
        DropView { id, files }
    }
}
