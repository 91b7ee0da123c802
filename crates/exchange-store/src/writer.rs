//! The one writer and its group commit (D7).
//!
//! Acts wait in a queue; the writer takes all that wait, runs them in one transaction, syncs it, and only then
//! answers them all. An act that is refused must have written nothing, which is why every act checks before it
//! writes; an act whose statement fails spoils the whole commit, nothing of which is then stored.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, atomic::Ordering},
    time::{Duration, Instant},
};

use care_model::OfficeNumber;
use chrono::TimeDelta;
use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tracing::{Instrument as _, Span, field};

use crate::{
    StoreError,
    accepted::{self, AcceptedRow},
    audit::{self, AuditLine},
    hints::Hint,
    loaded::ReadAhead,
    mailbox::{self, Mailbox, Touches},
    meters::Meters,
    own_thread,
    postgres::{self, Told},
    reached, retention,
    room::Room,
    spans::SPANS,
    sql::{self, Text},
    sqlite,
    stepped::{self, SteppedRow},
    store::{Origin, Shared, read_epoch},
};

/// Acts in one commit.
const BATCH_ACTS_MAX: usize = 256;
/// Acts that wait; beyond that the caller is told that the storage is busy.
const WAITING_ACTS_MAX: usize = 4_096;
/// How often an idle writer looks whether another process (the `admin` command) changed the database.
const FOREIGN_CHANGE_POLL: Duration = Duration::from_millis(500);
/// How long a commit may take in a database of another machine, which may have gone away.
const COMMIT_MAX: Duration = Duration::from_secs(20);

/// How an act answers once its transaction is durable, or was not stored.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// An act: writes, and gives back how to answer and whether its statements went through.
type Job = Box<dyn for<'a> FnOnce(&'a mut Batch) -> BoxFuture<'a, (Answer, bool)> + Send>;

/// An act in the queue, with the span in which it is waited for.
struct Queued {
    job: Job,
    touches: Touches,
    span: Span,
}

/// The way into the writer's queue.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Queued>,
    meters: Arc<OnceLock<Meters>>,
    pub(crate) room: Arc<Room>,
}

impl Writer {
    /// Starts the writer on its own connection.
    pub(crate) fn start(connection: sql::Connection, origin: Origin, shared: Arc<Shared>) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel(WAITING_ACTS_MAX);
        let meters = Arc::new(OnceLock::new());
        let is_sqlite = matches!(origin, Origin::Sqlite);
        let work = run(
            Batch {
                connection,
                origin,
                // No turn yet: the first one looks around.
                turn: -1,
                durable: -1,
                mailboxes: HashMap::new(),
                ahead: ReadAhead::default(),
                accepted: Vec::new(),
                stepped: Vec::new(),
                retention: None,
                audit: Vec::new(),
                after: Vec::new(),
                masters: Vec::new(),
            },
            waiting,
            shared,
            Arc::clone(&meters),
        );
        if is_sqlite {
            own_thread::run(work)?;
        } else {
            tokio::spawn(work);
        }
        let room = Arc::default();
        Ok(Self { jobs, meters, room })
    }

    /// Counts and measures from now on.
    pub(crate) fn measure(&self, meters: Meters) {
        // A second caller would only count the same again.
        let _ = self.meters.set(meters);
    }

    /// Acts that wait to be taken.
    pub(crate) fn waiting_acts(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    /// Queues an act and waits until it is durable.
    pub(crate) async fn act<T, F>(&self, act: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Batch) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'static,
    {
        self.act_on(Touches::Unknown, act).await
    }

    /// The same of an act of which is known whose counters it moves, so that they can be read before it.
    pub(crate) async fn act_on<T, F>(&self, touches: Touches, act: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Batch) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |batch| {
            Box::pin(async move {
                let done = act(batch).await;
                let stands = done.is_ok();
                let answer: Answer = Box::new(move |committed| {
                    // Whoever asked may be gone; the act is stored all the same.
                    let _ = reply.send(match (done, committed) {
                        (Err(own), _) => Err(own),
                        (Ok(_), Err(shared)) => Err(shared),
                        (Ok(done), Ok(())) => Ok(done),
                    });
                });
                (answer, stands)
            })
        });
        let span = tracing::info_span!(target: SPANS, "storage.act");
        let queued = Queued {
            job,
            touches,
            span: span.clone(),
        };
        self.jobs.try_send(queued).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        let answer = answer.instrument(span).await.map_err(|_| StoreError::Busy)?;
        self.room.heard(&answer);
        answer
    }
}

/// The transaction that acts write into.
pub(crate) struct Batch {
    pub(crate) connection: sql::Connection,
    origin: Origin,
    /// By what this node knows whether another one wrote since its last commit: SQLite's data version, or the number in
    /// `writer_turn`.
    turn: i64,
    /// The newest number of `writer_turn` that is known to be durable.
    durable: i64,
    mailboxes: HashMap<OfficeNumber, Mailbox>,
    /// Rows of deliveries that acts of this commit need.
    pub(crate) ahead: ReadAhead,
    /// What acts of this commit accepted, and the states they gave to others; none of it is written yet.
    accepted: Vec<AcceptedRow>,
    stepped: Vec<SteppedRow>,
    retention: Option<TimeDelta>,
    audit: Vec<AuditLine>,
    after: Vec<After>,
    /// The master keys that wrapped keys may name.
    pub(crate) masters: Vec<String>,
}

/// What is done once the transaction is durable.
#[derive(Debug, Clone, Copy)]
pub(crate) enum After {
    /// Sessions, terminals or offices changed.
    AccessChanged,
    /// Contents wait to be deleted from the folder.
    ErasureDue,
}

/// Mailbox counters kept in memory; beyond that they are read again.
const MAILBOXES_MAX: usize = 20_000;

impl Batch {
    /// An office's counters, to be moved in this transaction.
    pub(crate) async fn mailbox(&mut self, office: OfficeNumber) -> Result<&mut Mailbox, StoreError> {
        if !self.mailboxes.contains_key(&office) {
            let mailbox = mailbox::read(&mut self.connection, office).await?;
            self.mailboxes.insert(office, mailbox);
        }
        self.mailboxes
            .get_mut(&office)
            .ok_or(StoreError::Damaged { what: "mailbox" })
    }

    /// Reads ahead what the acts of this commit need and what is not remembered: of SQLite, which no other machine writes
    /// to, counters are.
    async fn read_ahead(&mut self, touched: &[Touches]) -> Result<(), StoreError> {
        if !self.is_sqlite() {
            let remembered = |office| self.mailboxes.contains_key(&office);
            let unread = touched.iter().copied().filter(
                |touches| !matches!(touches, Touches::Send { from, to, .. } if remembered(*from) && remembered(*to)),
            );
            for (office, mailbox) in mailbox::read_all(&mut self.connection, unread).await? {
                self.mailboxes.entry(office).or_insert(mailbox);
            }
        }
        self.ahead = ReadAhead::read(&mut self.connection, touched).await?;
        self.ahead.look_for_new(&mut self.connection, touched).await
    }

    /// The retention period of what is accepted now.
    pub(crate) async fn retention(&mut self) -> Result<TimeDelta, StoreError> {
        match self.retention {
            Some(known) => Ok(known),
            None => {
                let read = retention::read(&mut self.connection).await?;
                self.retention = Some(read);
                Ok(read)
            }
        }
    }

    /// Reads the retention period again before it is next needed.
    pub(crate) fn forget_retention(&mut self) {
        self.retention = None;
    }

    /// Forgets what is remembered of rows, because they changed in another way than through it.
    pub(crate) fn forget(&mut self) {
        self.mailboxes.clear();
        self.retention = None;
    }

    /// Whether it is the engine of one machine.
    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.origin, Origin::Sqlite)
    }

    /// Adds a delivery to what this transaction accepted.
    pub(crate) fn accepted(&mut self, row: AcceptedRow) {
        self.accepted.push(row);
    }

    /// Takes down a state that this transaction gave to a delivery.
    pub(crate) fn stepped(&mut self, row: SteppedRow) {
        self.stepped.push(row);
    }

    /// Writes what was gathered until now, so that statements see it.
    pub(crate) async fn write_gathered(&mut self) -> Result<(), StoreError> {
        let mut script = sql::Script::default();
        self.script_gathered(&mut script);
        Ok(script.execute(&mut self.connection).await?)
    }

    fn script_gathered(&mut self, script: &mut sql::Script) {
        let is_sqlite = self.is_sqlite();
        accepted::write(script, std::mem::take(&mut self.accepted), is_sqlite);
        stepped::write(script, &std::mem::take(&mut self.stepped), is_sqlite);
    }

    /// Asks for something to be done once the transaction is durable.
    pub(crate) fn after(&mut self, after: After) {
        self.after.push(after);
    }

    /// Adds a line to the audit of this transaction.
    pub(crate) fn audit(&mut self, line: AuditLine) {
        self.audit.push(line);
    }

    /// Adds what writes the counters that moved, and gives whom that is to be told.
    fn script_mailboxes(&mut self, script: &mut sql::Script) -> Vec<(OfficeNumber, Hint)> {
        let (mut hints, mut moved) = (Vec::new(), Vec::new());
        for (office, mailbox) in &mut self.mailboxes {
            let outbox_moved = std::mem::take(&mut mailbox.outbox_moved);
            let inbox_moved = std::mem::take(&mut mailbox.inbox_moved);
            if outbox_moved {
                hints.push((*office, Hint::Outbox(mailbox.outbox_change)));
            }
            if inbox_moved {
                hints.push((*office, Hint::Inbox(mailbox.inbox_change)));
            }
            if outbox_moved || inbox_moved {
                moved.push((*office, *mailbox));
            }
        }
        mailbox::write(script, &moved);
        hints
    }
}

async fn run(
    mut batch: Batch,
    mut waiting: mpsc::Receiver<Queued>,
    shared: Arc<Shared>,
    meters: Arc<OnceLock<Meters>>,
) {
    let mut jobs = Vec::with_capacity(BATCH_ACTS_MAX);
    let mut folding = match &shared.readers {
        sql::Pool::Sqlite(readers) => Some(sqlite::Folding::beside(readers.clone())),
        sql::Pool::Postgres(_) => None,
    };
    loop {
        let taken = tokio::time::timeout(FOREIGN_CHANGE_POLL, waiting.recv_many(&mut jobs, BATCH_ACTS_MAX)).await;
        if taken == Ok(0) {
            break;
        }
        if jobs.is_empty() {
            batch.look_around(&shared).await;
            continue;
        }
        let began = Instant::now();
        // A commit belongs to no one request: it is a trace of its own, with links to the acts that it stored.
        let span = tracing::info_span!(
            target: SPANS, parent: None, "storage.commit", acts = field::Empty, stored = field::Empty
        );
        let is_sqlite = batch.is_sqlite();
        let commit = commit(&mut batch, &mut jobs, &mut waiting, &shared, &span).instrument(span.clone());
        let stored = if is_sqlite {
            commit.await
        } else {
            let committed = tokio::time::timeout(COMMIT_MAX, commit).await;
            if committed.is_err() {
                // Whether it was stored is not known: whoever asked is told to come again, and finds what there is.
                jobs.clear();
                batch.reconnect().await;
            }
            committed.unwrap_or(None)
        };
        span.record("stored", stored.is_some());
        if stored.is_some() && !is_sqlite {
            batch.durable = batch.turn;
        }
        if let (Some(folding), sql::Connection::Sqlite(connection)) = (&mut folding, &mut batch.connection) {
            folding.after(stored.unwrap_or_default(), connection).await;
        }
        if let Some(meters) = meters.get() {
            match stored {
                Some(acts) => meters.committed(acts, began.elapsed(), batch.audit.iter().map(AuditLine::act)),
                None => meters.failed_commits.increment(1),
            }
        }
    }
    if let Err(error) = batch.connection.close().await {
        tracing::warn!(%error, "the writer's database did not close in order");
    }
    shared.closed.notify_waiters();
}

impl Batch {
    /// Begins a transaction that no other writer is in, and forgets what another one changed since the last.
    async fn begin(&mut self, shared: &Shared) -> Result<(), StoreError> {
        if !self.is_sqlite() {
            let began = sql::query("BEGIN").execute(&mut self.connection).await;
            if began.is_err() && self.reconnect().await {
                sql::query("BEGIN").execute(&mut self.connection).await
            } else {
                began
            }
            .map_err(StoreError::database("beginning a commit"))?;
        }
        let found: i64 = sql::query_scalar(Text {
            // Both on one way to its thread and back.
            sqlite: "BEGIN IMMEDIATE; PRAGMA data_version",
            postgres: "UPDATE writer_turn SET number = number + 1 RETURNING number",
        })
        .fetch_one(&mut self.connection)
        .await
        .map_err(StoreError::database("taking the turn"))?;
        let expected = match self.origin {
            Origin::Sqlite => self.turn,
            Origin::Postgres { .. } => self.turn + 1,
        };
        // What this commit counts on was shown to it, and is durable therefore.
        self.refuse_put_back(found - 1, shared).await?;
        if found != expected {
            self.overtaken(shared).await?;
        }
        self.turn = found;
        Ok(())
    }

    /// Refuses to write into rows that were put back to before what this process has seen: in PostgreSQL by the number of
    /// the last commit, elsewhere by what was noted beside the contents.
    async fn refuse_put_back(&mut self, durable: i64, shared: &Shared) -> Result<(), StoreError> {
        let was_put_back = shared.put_back.load(Ordering::Relaxed);
        match self.origin {
            Origin::Sqlite => return if was_put_back { Err(StoreError::PutBack) } else { Ok(()) },
            Origin::Postgres { .. } if durable < self.durable => {
                if !shared.put_back.swap(true, Ordering::Relaxed) {
                    reached::tell();
                }
                return Err(StoreError::PutBack);
            }
            Origin::Postgres { .. } => {}
        }
        if was_put_back {
            // Not if a new epoch was begun meanwhile: terminals heard the former one from this process.
            let connection = &mut self.connection;
            let misses = match shared.large.reached().await? {
                Some(reached) => reached.is_missing_in(&mut *connection).await?,
                None => false,
            };
            if misses || read_epoch(connection).await? != shared.epoch {
                return Err(StoreError::PutBack);
            }
            shared.put_back.store(false, Ordering::Relaxed);
            tracing::info!("the newest database is back");
        }
        self.durable = durable;
        Ok(())
    }

    /// Another process wrote. Of a shared exchange the other node says itself whose access it changed.
    async fn overtaken(&mut self, shared: &Shared) -> Result<(), StoreError> {
        self.forget();
        if matches!(self.origin, Origin::Sqlite) {
            shared.forget();
        }
        self.masters = shared.masters.refresh(&mut self.connection).await?;
        Ok(())
    }

    /// While there is nothing to do: whether another process wrote, for those who only read here.
    async fn look_around(&mut self, shared: &Shared) {
        let looked = sql::query_scalar(Text {
            sqlite: "PRAGMA data_version",
            postgres: "SELECT number FROM writer_turn",
        })
        .fetch_one(&mut self.connection)
        .await;
        let looked = match looked {
            Ok(found) if found == self.turn => Ok(()),
            Ok(found) => match self.refuse_put_back(found, shared).await {
                Ok(()) => {
                    let taken_up = self.overtaken(shared).await;
                    if taken_up.is_ok() {
                        self.turn = found;
                    }
                    taken_up
                }
                // It was told already; the newest database may be back behind another connection.
                Err(_) => {
                    self.reconnect().await;
                    Ok(())
                }
            },
            Err(error) => Err(error.into()),
        };
        if let Err(error) = looked {
            tracing::error!(%error, "the writer cannot ask its database");
            self.reconnect().await;
        }
    }

    /// Whether there is a new connection to a database of another machine.
    async fn reconnect(&mut self) -> bool {
        self.forget();
        let Origin::Postgres { options, .. } = &self.origin else {
            return false;
        };
        match postgres::connect(options).await {
            Ok(connection) => {
                self.connection = sql::Connection::Postgres(connection);
                true
            }
            Err(error) => {
                tracing::error!(%error, "the database cannot be reached");
                false
            }
        }
    }
}

/// Runs the acts in one transaction, syncs it, answers them all. Gives how many they were; none if nothing was stored.
async fn commit(
    batch: &mut Batch,
    jobs: &mut Vec<Queued>,
    waiting: &mut mpsc::Receiver<Queued>,
    shared: &Shared,
    span: &Span,
) -> Option<usize> {
    if batch.mailboxes.len() > MAILBOXES_MAX {
        batch.mailboxes.clear();
    }
    batch.accepted.clear();
    batch.stepped.clear();
    batch.after.clear();
    batch.audit.clear();
    let mut outcome = batch.begin(shared).await;
    // Whoever queued an act while the transaction began comes along.
    while jobs.len() < BATCH_ACTS_MAX
        && let Ok(queued) = waiting.try_recv()
    {
        jobs.push(queued);
    }
    jobs.sort_by_key(|queued| queued.touches.turn());
    let acts = jobs.len();
    span.record("acts", acts);
    for queued in jobs.iter() {
        span.follows_from(&queued.span);
    }
    let mut answers = Vec::with_capacity(acts);
    let touched: Vec<Touches> = jobs.iter().map(|queued| queued.touches).collect();
    if outcome.is_ok() {
        outcome = batch.read_ahead(&touched).await;
    }
    if outcome.is_ok() {
        let mut all_stand = true;
        for queued in jobs.drain(..) {
            if matches!(queued.touches, Touches::Unknown) {
                batch.ahead.forget();
                if let Err(error) = batch.write_gathered().await {
                    tracing::warn!(%error, "what acts gathered could not be written");
                    all_stand = false;
                    break;
                }
            }
            let (answer, stands) = (queued.job)(batch).await;
            answers.push(answer);
            all_stand &= stands;
            if !stands {
                break;
            }
        }
        outcome = if all_stand {
            finish(batch, shared).await
        } else {
            Err(StoreError::Busy)
        };
    }
    batch.ahead.forget();
    if outcome.is_err() {
        batch.forget();
        if let Err(error) = sql::query("ROLLBACK").execute(&mut batch.connection).await {
            tracing::warn!(%error, "a spoilt commit could not be rolled back");
        }
    }
    // Acts that were not run are dropped, which tells them to come again.
    jobs.clear();
    let mut first_error = outcome.err();
    let failed = first_error.is_some();
    for answer in answers {
        answer(if failed {
            Err(first_error.take().unwrap_or(StoreError::Busy))
        } else {
            Ok(())
        });
    }
    (!failed).then_some(acts)
}

async fn finish(batch: &mut Batch, shared: &Shared) -> Result<(), StoreError> {
    let mut script = sql::Script::default();
    batch.script_gathered(&mut script);
    audit::write(&mut script, &batch.audit);
    let hints = batch.script_mailboxes(&mut script);
    if let Origin::Postgres { node, .. } = &batch.origin {
        let mut told = Told::of_hints(&hints);
        if batch.after.iter().any(|after| matches!(after, After::AccessChanged)) {
            told.access();
        }
        told.tell(node, &mut batch.connection).await?;
    }
    script.push(sql::query("COMMIT"));
    script
        .execute(&mut batch.connection)
        .await
        .map_err(StoreError::database("committing"))?;
    for after in batch.after.drain(..) {
        match after {
            After::AccessChanged => shared.forget(),
            After::ErasureDue => shared.erasure_due.notify_one(),
        }
    }
    for (office, hint) in hints {
        shared.hints.publish(office, hint);
    }
    Ok(())
}
