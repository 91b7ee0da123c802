//! An opened profile with its work in the background.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use care_model::ProblemCode;
use desk_ipc::{CommandError, DeskEvent, ProfileId};
use sealing::Key;
use tokio::{
    sync::{Notify, broadcast, mpsc},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    automation::{self, Automation},
    core::{Core, Remembered, Transfers, lock},
    desk::Host,
    index::{self, ListIndexes},
    moving::Moving,
    outbox, pickup,
    profile::{KeyState, Profile, Shelf},
    refusal,
    session::Standing,
    settings::read_look,
    spool::Spool,
    store::Store,
    sync,
};

/// One profile, open in this process.
pub(crate) struct Opened {
    pub(crate) id: ProfileId,
    pub(crate) core: Arc<Core>,
    /// The queue's end of its orders, until the queue runs.
    orders: Mutex<Option<mpsc::UnboundedReceiver<outbox::QueueOrder>>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Opened {
    /// Opens a profile, makes it if it is new, and goes on with what was under way when it was closed.
    pub(crate) async fn open(
        id: ProfileId,
        shelf: &Shelf,
        host: &Host,
        events: broadcast::Sender<DeskEvent>,
    ) -> Result<Self, CommandError> {
        let lists_profiles = shelf.holds_several();
        let (dir, source, shelf) = (shelf.dir(id)?, host.key, shelf.clone());
        let opened = tokio::task::spawn_blocking(move || {
            let profile = Profile::open(&dir)?;
            let key = profile.keyring().find(source)?;
            let look = read_look(&profile.look());
            Ok::<_, CommandError>((profile, key, look, shelf.ids()?.len() > 1))
        });
        let (profile, key, look, other_profiles) = opened
            .await
            .map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))??;
        let store = Store::open(&profile.database()).await?;
        let (queue, orders) = mpsc::unbounded_channel();
        let first = matches!(key, KeyState::Passphrase { first: true });
        let core = Arc::new(Core {
            spool: Spool::new(profile.spool()),
            profile,
            other_profiles,
            lists_profiles,
            store,
            session_keeping: host.session,
            surface: Arc::clone(&host.surface),
            clock: Arc::clone(&host.clock),
            events,
            first_passphrase: AtomicBool::new(first),
            look: Mutex::new(look),
            settings: RwLock::default(),
            changing_settings: tokio::sync::Mutex::default(),
            reading_news: tokio::sync::Mutex::default(),
            begun: AtomicBool::new(false),
            standing: RwLock::new(Standing::default()),
            certifying: tokio::sync::Mutex::new(()),
            renewal_problem: Mutex::default(),
            refreshing: tokio::sync::Mutex::new(()),
            keeping_session: tokio::sync::Mutex::new(()),
            drops: Mutex::new(Remembered::default()),
            folders: Mutex::new(Remembered::default()),
            compositions: tokio::sync::Mutex::new(HashMap::new()),
            learning_offices: tokio::sync::Mutex::new(()),
            not_there: Mutex::default(),
            examined_again: Mutex::default(),
            inspection: Mutex::default(),
            comparison: Mutex::default(),
            automation: Automation::default(),
            moving: Moving::default(),
            indexes: ListIndexes::default(),
            syncing: tokio::sync::Mutex::new(()),
            covers_due: AtomicBool::new(true),
            updating: tokio::sync::Mutex::new(()),
            picking_up: Mutex::new(HashSet::new()),
            keeping_received: tokio::sync::Mutex::new(()),
            queue,
            session_changed: Notify::new(),
            sync_wanted: Notify::new(),
            confirm_wanted: Notify::new(),
            sweep_wanted: Notify::new(),
            transfers: Transfers::default(),
            online: AtomicBool::new(true),
            waiting_unlisted: Mutex::default(),
            closing: CancellationToken::new(),
        });
        let opened = Self {
            id,
            core,
            orders: Mutex::new(Some(orders)),
            tasks: Mutex::new(Vec::new()),
        };
        if let KeyState::Ready(key) = key {
            opened.begin(key).await?;
        }
        Ok(opened)
    }

    /// Starts work once the key is there. Where that fails it can be asked for again.
    async fn begin(&self, key: Key) -> Result<(), CommandError> {
        self.core.store.unlock(key);
        self.core.recall_settings().await?;
        self.core.recall_automation().await?;
        self.core.recall().await?;
        if let Err(error) = self.core.sweep().await {
            tracing::warn!(
                code = error.code.as_str(),
                "what is left over stays until the next start"
            );
        }
        let left = self.core.store.open_outgoing().await?;
        let Some(orders) = lock(&self.orders).take() else {
            return Ok(());
        };
        let mut tasks = lock(&self.tasks);
        tasks.push(tokio::spawn(outbox::run(Arc::clone(&self.core), left, orders)));
        tasks.push(tokio::spawn(index::build(Arc::clone(&self.core))));
        tasks.push(tokio::spawn(sync::run(Arc::clone(&self.core))));
        tasks.push(tokio::spawn(pickup::run(Arc::clone(&self.core))));
        tasks.push(tokio::spawn(automation::receive(Arc::clone(&self.core))));
        tasks.push(tokio::spawn(automation::watch(Arc::clone(&self.core))));
        tasks.push(tokio::spawn(Arc::clone(&self.core).keep_session()));
        tasks.push(tokio::spawn(Arc::clone(&self.core).keep_certificate()));
        tasks.push(tokio::spawn(Arc::clone(&self.core).keep_sweeping()));
        self.core.begun.store(true, Ordering::Release);
        Ok(())
    }

    /// Opens the profile with its passphrase, or sets it.
    pub(crate) async fn unlock(&self, passphrase: String) -> Result<(), CommandError> {
        // A store that is unlocked says only that an earlier start got so far.
        if lock(&self.orders).is_none() {
            return Ok(());
        }
        let keyring = self.core.profile.keyring();
        let key = tokio::task::spawn_blocking(move || keyring.unlock(&passphrase))
            .await
            .map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))??;
        self.core.first_passphrase.store(false, Ordering::Release);
        self.begin(key).await
    }

    /// Ends the work in the background; what is under way goes on when the profile is opened again.
    pub(crate) async fn close(&self) {
        self.core.closing.cancel();
        let tasks = std::mem::take(&mut *lock(&self.tasks));
        for task in tasks {
            let _ = task.await;
        }
        self.core.transfers_done().await;
        self.core.moving.done().await;
        self.core.store.close().await;
        self.core.profile.release();
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // A host that forgets to close leaves no task behind that holds the profile.
        self.core.closing.cancel();
    }
}
