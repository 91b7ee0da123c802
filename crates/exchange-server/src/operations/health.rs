//! Whether the server does what it is there for: asked, not assumed.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use exchange_store::{Figures, StoreError};
use serde::Serialize;
use tokio::{sync::Mutex, time::timeout};

use crate::app::App;

/// How old an answer of the storage may be.
const PROBE_EVERY: Duration = Duration::from_secs(3);
/// How long a trial write may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// How old figures of the store may be.
const FIGURES_EVERY: Duration = Duration::from_secs(15);
/// The audit is sealed every few seconds (D10); from so many on something keeps it from that.
const SEALED_SECONDS_MAX: i64 = 60;
/// The sweep runs every minute; from so many seconds on something keeps it from being done.
const SWEPT_SECONDS_MAX: i64 = 600;

/// How a server is. The words are for good: machines wait for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// All is well.
    Ready,
    /// It was told to end and soon takes no more connections.
    Draining,
    /// The database was put back to an earlier time while this server ran: it takes nothing.
    PutBack,
    /// The storage does not take writes.
    StorageFailing,
    /// There is less room than it is set to keep.
    DiskLow,
    /// What ends by time is not looked after. It serves meanwhile.
    SweepBehind,
    /// The audit is not sealed. It serves meanwhile.
    AuditBehind,
    /// What was written last where large contents lie was not taken. It serves everything else.
    ContentsFailing,
    /// Contents that rows name are not where contents lie. It serves everything else.
    ContentsMissing,
    /// The mail server was not ready for the last mail. It serves meanwhile.
    MailFailing,
}

impl State {
    /// Whether requests should be sent here.
    pub(super) fn serves(self) -> bool {
        matches!(
            self,
            Self::Ready
                | Self::SweepBehind
                | Self::AuditBehind
                | Self::ContentsFailing
                | Self::ContentsMissing
                | Self::MailFailing
        )
    }
}

/// What is answered to whoever asks whether the server is ready.
#[derive(Debug, Serialize)]
pub(super) struct Readiness {
    pub(super) state: State,
    pub(super) storage_writes: bool,
    /// None where the system is not asked.
    pub(super) disk_free_bytes: Option<u64>,
    pub(super) disk_free_floor_bytes: u64,
    pub(super) audit_sealed_seconds_ago: i64,
    pub(super) swept_seconds_ago: i64,
    pub(super) contents_missing: u64,
    pub(super) epoch: u64,
    pub(super) version: &'static str,
}

/// What is remembered between two looks.
pub(crate) struct Health {
    draining: AtomicBool,
    /// When the audit was last sealed, in milliseconds since 1970.
    sealed_at: AtomicI64,
    /// When a sweep last did all it had to.
    swept_at: AtomicI64,
    /// Whether the mail server was not ready for the last mail.
    mail_failing: AtomicBool,
    started_at: DateTime<Utc>,
    disk_free_floor_bytes: u64,
    probed: Mutex<Option<(Instant, bool)>>,
    figures: Mutex<Option<(Instant, Figures)>>,
}

impl Health {
    pub(crate) fn new(now: DateTime<Utc>, disk_free_floor_bytes: u64) -> Self {
        Self {
            draining: AtomicBool::new(false),
            sealed_at: AtomicI64::new(now.timestamp_millis()),
            swept_at: AtomicI64::new(now.timestamp_millis()),
            mail_failing: AtomicBool::new(false),
            started_at: now,
            disk_free_floor_bytes,
            probed: Mutex::new(None),
            figures: Mutex::new(None),
        }
    }

    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn sealed(&self, now: DateTime<Utc>) {
        self.sealed_at.store(now.timestamp_millis(), Ordering::Relaxed);
    }

    pub(crate) fn swept(&self, now: DateTime<Utc>) {
        self.swept_at.store(now.timestamp_millis(), Ordering::Relaxed);
    }

    pub(crate) fn mail_server_was(&self, ready: bool) {
        self.mail_failing.store(!ready, Ordering::Relaxed);
    }

    pub(super) fn started_at(&self) -> DateTime<Utc> {
        self.started_at
    }

    /// Asks everything that decides.
    pub(super) async fn look(&self, app: &App) -> Readiness {
        let now = app.clock.now();
        let seconds_since = |millis: &AtomicI64| (now.timestamp_millis() - millis.load(Ordering::Relaxed)) / 1_000;
        let (sealed, swept) = (seconds_since(&self.sealed_at), seconds_since(&self.swept_at));
        let storage_writes = self.storage_writes(app).await;
        let disk_free_bytes = free_bytes(&app.data);
        let contents_missing = match storage_writes {
            true => app.store.contents_missing().await.unwrap_or_default(),
            false => 0,
        };
        let state = if self.draining.load(Ordering::Relaxed) {
            State::Draining
        } else if app.store.is_put_back() {
            State::PutBack
        } else if !storage_writes {
            State::StorageFailing
        } else if disk_free_bytes.is_some_and(|free| free < self.disk_free_floor_bytes) {
            State::DiskLow
        } else if app.store.are_contents_failing() {
            State::ContentsFailing
        } else if swept > SWEPT_SECONDS_MAX {
            State::SweepBehind
        } else if sealed > SEALED_SECONDS_MAX {
            State::AuditBehind
        } else if contents_missing > 0 {
            State::ContentsMissing
        } else if self.mail_failing.load(Ordering::Relaxed) {
            State::MailFailing
        } else {
            State::Ready
        };
        Readiness {
            state,
            storage_writes,
            disk_free_bytes,
            disk_free_floor_bytes: self.disk_free_floor_bytes,
            audit_sealed_seconds_ago: sealed,
            swept_seconds_ago: swept,
            contents_missing,
            epoch: app.epoch,
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// Whether something was just stored. However many ask at once, one write is tried.
    async fn storage_writes(&self, app: &App) -> bool {
        let mut probed = self.probed.lock().await;
        let before = *probed;
        if let Some((at, writes)) = before
            && at.elapsed() < PROBE_EVERY
        {
            return writes;
        }
        let written = timeout(PROBE_TIMEOUT, app.store.probe(app.clock.now())).await;
        let writes = matches!(written, Ok(Ok(())));
        if before.is_none_or(|(_, before)| before != writes) {
            match written {
                Ok(Ok(())) if before.is_some() => tracing::info!("the storage takes writes again"),
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "the storage does not take a trial write"),
                Err(_) => tracing::error!("the storage does not take a trial write in time"),
            }
        }
        *probed = Some((Instant::now(), writes));
        writes
    }

    /// What is in the store, as of a moment ago.
    pub(super) async fn figures(&self, app: &App) -> Result<Figures, StoreError> {
        let mut figures = self.figures.lock().await;
        if let Some((at, figures)) = *figures
            && at.elapsed() < FIGURES_EVERY
        {
            return Ok(figures);
        }
        let found = app.store.figures().await?;
        *figures = Some((Instant::now(), found));
        Ok(found)
    }
}

/// The room that is left where the data lie.
fn free_bytes(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let facts = rustix::fs::statvfs(folder).ok()?;
        Some(facts.f_bavail.saturating_mul(facts.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}
