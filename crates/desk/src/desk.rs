//! The desk: what a host opens, asks and closes.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use care_model::{ProblemCode, limits};
use desk_ipc::{CommandError, DeskEvent, DropId, DropView, HomeView, NewsRow, Place};
use exchange_protocol::NewsPage;
use sealing::Key;
use tokio::{
    sync::{Notify, broadcast, mpsc},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    core::{Core, Remembered, Transfers, event_channel, lock},
    intake, outbox, pickup,
    ports::{Clock, KeySource, SessionKeeping, Surface},
    profile::{KeyState, Profile},
    refusal,
    session::{Standing, expiry},
    spool::Spool,
    store::{Store, ValueName},
    sync,
};

/// What a host decides about a desk.
pub struct DeskSettings {
    /// The folder of one office number's profile on this PC (D14).
    pub profile_dir: PathBuf,
    /// Where the key of the profile comes from.
    pub key: KeySource,
    /// How long somebody stays signed in.
    pub session: SessionKeeping,
    /// What shows dialogs, notices and the tray.
    pub surface: Arc<dyn Surface>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// One office's desk on this PC.
pub struct Desk {
    pub(crate) core: Arc<Core>,
    /// The queue's end of its orders, until the queue runs.
    orders: Mutex<Option<mpsc::UnboundedReceiver<outbox::QueueOrder>>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Desk {
    /// Opens the profile, makes it if it is new, and goes on with what was under way when it was closed.
    pub async fn open(settings: DeskSettings) -> Result<Arc<Self>, CommandError> {
        let (dir, source) = (settings.profile_dir.clone(), settings.key);
        let opened = tokio::task::spawn_blocking(move || {
            let profile = Profile::open(&dir)?;
            let key = profile.keyring().find(source)?;
            Ok::<_, CommandError>((profile, key))
        });
        let (profile, key) = opened
            .await
            .map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))??;
        let store = Store::open(&profile.database()).await?;
        let (queue, orders) = mpsc::unbounded_channel();
        let first = matches!(key, KeyState::Passphrase { first: true });
        let core = Arc::new(Core {
            spool: Spool::new(profile.spool()),
            profile,
            store,
            session_keeping: settings.session,
            surface: settings.surface,
            clock: settings.clock,
            events: event_channel(),
            first_passphrase: AtomicBool::new(first),
            standing: RwLock::new(Standing::default()),
            refreshing: tokio::sync::Mutex::new(()),
            drops: Mutex::new(Remembered::default()),
            folders: Mutex::new(Remembered::default()),
            compositions: tokio::sync::Mutex::new(HashMap::new()),
            examined_again: Mutex::default(),
            syncing: tokio::sync::Mutex::new(()),
            updating: tokio::sync::Mutex::new(()),
            picking_up: Mutex::new(HashSet::new()),
            queue,
            session_changed: Notify::new(),
            sync_wanted: Notify::new(),
            confirm_wanted: Notify::new(),
            transfers: Transfers::default(),
            online: AtomicBool::new(true),
            closing: CancellationToken::new(),
        });
        let desk = Arc::new(Self {
            core,
            orders: Mutex::new(Some(orders)),
            tasks: Mutex::new(Vec::new()),
        });
        if let KeyState::Ready(key) = key {
            desk.begin(key).await?;
        }
        Ok(desk)
    }

    /// Starts work once the key is there.
    pub(crate) async fn begin(&self, key: Key) -> Result<(), CommandError> {
        self.core.store.unlock(key);
        self.core.recall().await?;
        self.core.sweep().await?;
        let Some(orders) = lock(&self.orders).take() else {
            return Ok(());
        };
        let left = self.core.store.open_outgoing().await?;
        let mut tasks = lock(&self.tasks);
        tasks.push(tokio::spawn(outbox::run(Arc::clone(&self.core), left, orders)));
        tasks.push(tokio::spawn(sync::run(Arc::clone(&self.core))));
        tasks.push(tokio::spawn(pickup::run(Arc::clone(&self.core))));
        tasks.push(tokio::spawn(Arc::clone(&self.core).keep_session()));
        Ok(())
    }

    /// Opens the profile with its passphrase, or sets it.
    pub(crate) async fn unlock(&self, passphrase: String) -> Result<(), CommandError> {
        if self.core.store.is_unlocked() {
            return Ok(());
        }
        let keyring = self.core.profile.keyring();
        let key = tokio::task::spawn_blocking(move || keyring.unlock(&passphrase))
            .await
            .map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))??;
        self.core.first_passphrase.store(false, Ordering::Release);
        self.begin(key).await
    }

    /// The hints that a page listens to.
    pub fn events(&self) -> broadcast::Receiver<DeskEvent> {
        self.core.events.subscribe()
    }

    /// Takes files that were dropped on the window. The paths stay here; the page gets names and sizes.
    pub fn drop_files(&self, paths: Vec<PathBuf>) -> DropView {
        let drop = self.hold(paths);
        self.core.tell(DeskEvent::FilesDropped { drop: drop.clone() });
        drop
    }

    /// Remembers paths under a name for the page. One more than allowed is kept, so that too many are told.
    pub(crate) fn hold(&self, mut paths: Vec<PathBuf>) -> DropView {
        paths.truncate(limits::DROP_FILES_MAX + 1);
        let id = DropId::generate();
        let files = intake::glance(&paths);
        lock(&self.core.drops).put(id, paths);
        DropView { id, files }
    }

    /// Files are being dragged over the window, or left it.
    pub fn drag_over(&self, over: bool) {
        self.core.tell(DeskEvent::DragOver { over });
    }

    /// A person asked for a screen from outside the page: tray, notice, second start.
    pub fn go_to(&self, place: Place) {
        self.core.tell(DeskEvent::GoTo { place });
    }

    /// Whether something is being sent or fetched at this moment.
    pub fn is_transferring(&self) -> bool {
        self.core.transfers_run()
    }

    /// Ends the work in the background; what is under way goes on at the next start.
    pub async fn shutdown(&self) {
        self.core.closing.cancel();
        let tasks = std::mem::take(&mut *lock(&self.tasks));
        for task in tasks {
            let _ = task.await;
        }
        self.core.transfers_done().await;
        self.core.store.close().await;
        self.core.profile.release();
    }

    /// トップページ: what is known here at once, asked anew where the exchange answers.
    pub(crate) async fn home_view(&self) -> Result<HomeView, CommandError> {
        let core = &self.core;
        let line = core.line().await;
        let mut news: NewsPage = core
            .store
            .value(ValueName::News)
            .await?
            .unwrap_or(NewsPage { news: Vec::new() });
        if let Ok(line) = &line {
            let (me, page) = tokio::join!(line.exchange.me(), line.exchange.news());
            if let Ok(me) = core.heard_by(line, me).await {
                core.learn_me(me).await?;
            }
            if let Ok(page) = core.heard_by(line, page).await {
                core.store.set_value(ValueName::News, &page).await?;
                news = page;
            }
        }
        let (identity, me) = {
            let standing = core.standing();
            (standing.identity.clone(), standing.me.clone())
        };
        let identity = identity.ok_or(ProblemCode::ProfileEmpty)?;
        let me = me.ok_or(ProblemCode::SignInRequired)?;
        let now = core.now();
        Ok(HomeView {
            news: news
                .news
                .into_iter()
                .map(|entry| NewsRow {
                    id: entry.id,
                    published_at: entry.published_at,
                    title: entry.title,
                    body: entry.body,
                    unread: false,
                })
                .collect(),
            licence: expiry(me.licence.until, now),
            certificate: expiry(identity.expires_at.min(me.certificate_until), now),
            figures: core.figures().await?,
            online: core.is_online(),
        })
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // A host that forgets to close leaves no task behind that holds the profile.
        self.core.closing.cancel();
    }
}
