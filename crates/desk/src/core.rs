//! What all parts of the desk share: the profile, the store, who is signed in, and the hints to the page.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use care_model::{DeliveryId, OfficeNumber, ProblemCode};
use chrono::{DateTime, Utc};
use desk_ipc::{CommandError, CompositionId, DeskEvent, DropId, FolderId, FolderView, LookView};
use exchange_client::ClientError;
use tokio::sync::{Notify, broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    automation::Automation,
    comparison::ComparedMonth,
    compose::Composition,
    facts::ExaminedAgain,
    index::ListIndexes,
    inspection::Inspection,
    intake::Dropped,
    moving::Moving,
    outbox::QueueOrder,
    ports::{Clock, SessionKeeping, Surface, TrayState},
    profile::Profile,
    refusal,
    session::Standing,
    settings::Settings,
    spool::Spool,
    store::Store,
};

/// Drops and folders that are remembered; the oldest is forgotten first.
const REMEMBERED_MAX: usize = 64;
/// Hints that a slow page may lag behind.
const EVENTS_MAX: usize = 1_024;

/// Shared by everything that the desk does.
pub(crate) struct Core {
    pub(crate) profile: Profile,
    /// Whether this PC holds more than this profile.
    pub(crate) other_profiles: bool,
    /// Whether this host lists profiles, which needs the office of each in clear.
    pub(crate) lists_profiles: bool,
    pub(crate) store: Store,
    pub(crate) spool: Spool,
    pub(crate) session_keeping: SessionKeeping,
    pub(crate) surface: Arc<dyn Surface>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) events: broadcast::Sender<DeskEvent>,
    /// Whether the passphrase is set now for the first time.
    pub(crate) first_passphrase: AtomicBool,
    /// How the window looks.
    pub(crate) look: Mutex<LookView>,
    pub(crate) settings: RwLock<Settings>,
    /// One change of 設定 at a time.
    pub(crate) changing_settings: tokio::sync::Mutex<()>,
    /// One mark on the news at a time.
    pub(crate) reading_news: tokio::sync::Mutex<()>,
    /// Whether everything of the profile was read and its work began: before, nothing may be written over.
    pub(crate) begun: AtomicBool,
    pub(crate) standing: RwLock<Standing>,
    /// One change of the certificate at a time.
    pub(crate) certifying: tokio::sync::Mutex<()>,
    /// Why the last renewal of the certificate failed.
    pub(crate) renewal_problem: Mutex<Option<CommandError>>,
    /// One refresh of the session at a time: a refresh token is good once.
    pub(crate) refreshing: tokio::sync::Mutex<()>,
    /// One change of the stored session at a time, after a look at whose it is.
    pub(crate) keeping_session: tokio::sync::Mutex<()>,
    pub(crate) drops: Mutex<Remembered<DropId, Dropped>>,
    pub(crate) folders: Mutex<Remembered<FolderId, PathBuf>>,
    /// One change of a composition at a time.
    pub(crate) compositions: tokio::sync::Mutex<HashMap<CompositionId, Composition>>,
    /// One change of what is remembered of the directory at a time.
    pub(crate) learning_offices: tokio::sync::Mutex<()>,
    /// Offices that were not on the exchange, and when it said so.
    pub(crate) not_there: Mutex<HashMap<OfficeNumber, DateTime<Utc>>>,
    pub(crate) examined_again: Mutex<ExaminedAgain>,
    /// The record for inspections that was taken out last.
    pub(crate) inspection: Mutex<Option<Arc<Inspection>>>,
    /// The month whose plans and actuals were compared last.
    pub(crate) comparison: Mutex<Option<Arc<ComparedMonth>>>,
    /// What is received and prepared by itself.
    pub(crate) automation: Automation,
    /// The move to another PC or from one that is under way.
    pub(crate) moving: Moving,
    /// Both lists as they can be searched.
    pub(crate) indexes: ListIndexes,
    /// One reading of the lists at a time.
    pub(crate) syncing: tokio::sync::Mutex<()>,
    /// Whether covers of rows that were read before may be missing: at every start, and once one could not be read.
    pub(crate) covers_due: AtomicBool,
    /// One fetch of a new version at a time.
    pub(crate) updating: tokio::sync::Mutex<()>,
    pub(crate) picking_up: Mutex<HashSet<DeliveryId>>,
    /// One copy of what was received at a time.
    pub(crate) keeping_received: tokio::sync::Mutex<()>,
    pub(crate) queue: mpsc::UnboundedSender<QueueOrder>,
    /// Wakes whoever waits for sign-in, sign-out or a line that works again.
    pub(crate) session_changed: Notify,
    pub(crate) sync_wanted: Notify,
    pub(crate) confirm_wanted: Notify,
    pub(crate) sweep_wanted: Notify,
    pub(crate) transfers: Transfers,
    pub(crate) online: AtomicBool,
    /// How many deliveries wait by the exchange's word, while nobody is signed in.
    pub(crate) waiting_unlisted: Mutex<Option<u32>>,
    pub(crate) closing: CancellationToken,
}

/// The work that a sign-out must not end.
#[derive(Default)]
pub(crate) struct Transfers {
    running: AtomicUsize,
    pub(crate) ended: Notify,
}

/// One transfer under way, for as long as this lives.
pub(crate) struct Transfer(Arc<Core>);

impl Drop for Transfer {
    fn drop(&mut self) {
        if self.0.transfers.running.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.transfers.ended.notify_waiters();
        }
    }
}

impl Core {
    /// Refuses while the profile was not read whole, as after a start that failed half-way: what it holds is not known.
    pub(crate) fn must_be_begun(&self) -> Result<(), CommandError> {
        match self.begun.load(Ordering::Acquire) {
            true => Ok(()),
            false => Err(ProblemCode::PassphraseRequired.into()),
        }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Tells whoever listens; nobody listening is no failure.
    pub(crate) fn tell(&self, event: DeskEvent) {
        let _ = self.events.send(event);
    }

    pub(crate) fn begin_transfer(self: &Arc<Self>) -> Transfer {
        self.transfers.running.fetch_add(1, Ordering::AcqRel);
        Transfer(Arc::clone(self))
    }

    /// Whether a transfer is under way.
    pub(crate) fn transfers_run(&self) -> bool {
        self.transfers.running.load(Ordering::Acquire) > 0
    }

    /// Waits until no transfer is under way.
    pub(crate) async fn transfers_done(&self) {
        loop {
            let ended = self.transfers.ended.notified();
            if self.transfers.running.load(Ordering::Acquire) == 0 {
                return;
            }
            ended.await;
        }
    }

    /// Notes whether a call reached the exchange, and turns its failure into a refusal.
    pub(crate) fn heard<T>(&self, result: Result<T, ClientError>) -> Result<T, CommandError> {
        self.note_online(&result);
        result.map_err(refusal::of_client)
    }

    /// Notes whether a call reached the exchange.
    pub(crate) fn note_online<T>(&self, result: &Result<T, ClientError>) {
        let online = !matches!(
            result,
            Err(ClientError::Unreachable(_) | ClientError::Interrupted(_) | ClientError::Untrusted(_))
        );
        if self.online.swap(online, Ordering::AcqRel) != online {
            self.tell(DeskEvent::Online { online });
            if online {
                self.confirm_wanted.notify_waiters();
                let _ = self.queue.send(QueueOrder::Wake);
            }
        }
    }

    pub(crate) fn is_online(&self) -> bool {
        self.online.load(Ordering::Acquire)
    }

    /// Shows in the tray how things stand.
    pub(crate) async fn show_tray(&self) {
        let unlisted = *lock(&self.waiting_unlisted);
        let waiting = match unlisted.filter(|_| !self.is_signed_in()) {
            Some(waiting) => waiting,
            None => self.figures().await.map_or(0, |figures| figures.waiting),
        };
        self.surface.show_tray(TrayState {
            waiting,
            online: self.is_online(),
            signed_in: self.is_signed_in(),
        });
    }

    /// Remembers a folder under a name for the page.
    pub(crate) fn remember_folder(&self, path: PathBuf) -> FolderView {
        let name = own_name(&path);
        let id = FolderId::generate();
        lock(&self.folders).put(id, path);
        FolderView { id, name }
    }
}

/// What a folder or file itself is called, without the way to it.
pub(crate) fn own_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// A lock whose holder may have panicked: what it guards is whole at every step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The newest few things under their names.
pub(crate) struct Remembered<K, V>(VecDeque<(K, V)>);

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<K: PartialEq, V: Clone> Remembered<K, V> {
    pub(crate) fn put(&mut self, key: K, value: V) {
        if self.0.len() == REMEMBERED_MAX {
            self.0.pop_front();
        }
        self.0.push_back((key, value));
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.0
            .iter()
            .rev()
            .find(|(k, _)| k == key)
            .map(|(_, value)| value.clone())
    }
}

impl<K: Clone, V> Remembered<K, V> {
    /// The newest key of a value like this.
    pub(crate) fn find(&self, like: impl Fn(&V) -> bool) -> Option<K> {
        self.0
            .iter()
            .rev()
            .find(|(_, value)| like(value))
            .map(|(key, _)| key.clone())
    }
}

/// The channel for hints.
pub(crate) fn event_channel() -> broadcast::Sender<DeskEvent> {
    broadcast::channel(EVENTS_MAX).0
}
