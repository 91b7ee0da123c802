//! The one writer and its group commit (D7).
//!
//! Acts wait in a queue; the writer takes all that wait, runs them in one transaction, syncs it, and only then
//! answers them all. An act that is refused must have written nothing, which is why every act checks before it
//! writes; an act whose statement fails spoils the whole commit, nothing of which is then stored.

use std::{collections::HashMap, sync::Arc, time::Duration};

use care_model::OfficeNumber;
use futures::future::BoxFuture;
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use crate::{
    StoreError,
    audit::{self, AuditLine},
    convert,
    hints::Hint,
    store::Shared,
};

/// Acts in one commit.
const BATCH_ACTS_MAX: usize = 256;
/// Acts that wait; beyond that the caller is told that the storage is busy.
const WAITING_ACTS_MAX: usize = 4_096;
/// How often an idle writer looks whether another process (the `admin` command) changed the database.
const FOREIGN_CHANGE_POLL: Duration = Duration::from_millis(500);

/// How an act answers once its transaction is durable, or was not stored.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// An act in the queue: writes, and gives back how to answer and whether its statements went through.
type Job = Box<dyn for<'a> FnOnce(&'a mut Batch) -> BoxFuture<'a, (Answer, bool)> + Send>;

/// The way into the writer's queue.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    /// Starts the writer on its own connection.
    pub(crate) fn start(connection: SqliteConnection, shared: Arc<Shared>) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING_ACTS_MAX);
        tokio::spawn(run(
            Batch {
                connection,
                mailboxes: HashMap::new(),
                audit: Vec::new(),
                after: Vec::new(),
            },
            waiting,
            shared,
        ));
        Self { jobs }
    }

    /// Queues an act and waits until it is durable.
    pub(crate) async fn act<T, F>(&self, act: F) -> Result<T, StoreError>
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
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        answer.await.map_err(|_| StoreError::Busy)?
    }
}

/// The transaction that acts write into.
pub(crate) struct Batch {
    pub(crate) connection: SqliteConnection,
    mailboxes: HashMap<OfficeNumber, Mailbox>,
    audit: Vec<AuditLine>,
    after: Vec<After>,
}

/// What is done once the transaction is durable.
#[derive(Debug, Clone, Copy)]
pub(crate) enum After {
    /// Sessions, terminals or offices changed.
    AccessChanged,
    /// Contents wait to be deleted from the folder.
    ErasureDue,
}

/// The counters of an office's two lists (D3).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mailbox {
    pub(crate) outbox_sequence: u64,
    pub(crate) inbox_sequence: u64,
    pub(crate) outbox_change: u64,
    pub(crate) inbox_change: u64,
    /// Whether this batch moved them; they are written once a commit.
    outbox_moved: bool,
    inbox_moved: bool,
}

impl Mailbox {
    pub(crate) fn change_outbox(&mut self) -> u64 {
        self.outbox_change += 1;
        self.outbox_moved = true;
        self.outbox_change
    }

    pub(crate) fn change_inbox(&mut self) -> u64 {
        self.inbox_change += 1;
        self.inbox_moved = true;
        self.inbox_change
    }
}

/// Mailbox counters kept in memory; beyond that they are read again.
const MAILBOXES_MAX: usize = 20_000;

impl Batch {
    /// An office's counters, to be moved in this transaction.
    pub(crate) async fn mailbox(&mut self, office: OfficeNumber) -> Result<&mut Mailbox, StoreError> {
        if !self.mailboxes.contains_key(&office) {
            let row: Option<(i64, i64, i64, i64)> = sqlx::query_as(
                "SELECT outbox_sequence, inbox_sequence, outbox_change, inbox_change FROM mailbox WHERE office = ?",
            )
            .bind(office.as_str())
            .fetch_optional(&mut self.connection)
            .await?;
            let mailbox = match row {
                None => Mailbox::default(),
                Some((outbox_sequence, inbox_sequence, outbox_change, inbox_change)) => Mailbox {
                    outbox_sequence: convert::number(outbox_sequence)?,
                    inbox_sequence: convert::number(inbox_sequence)?,
                    outbox_change: convert::number(outbox_change)?,
                    inbox_change: convert::number(inbox_change)?,
                    outbox_moved: false,
                    inbox_moved: false,
                },
            };
            self.mailboxes.insert(office, mailbox);
        }
        self.mailboxes
            .get_mut(&office)
            .ok_or(StoreError::Damaged { what: "mailbox" })
    }

    /// Asks for something to be done once the transaction is durable.
    pub(crate) fn after(&mut self, after: After) {
        self.after.push(after);
    }

    /// Adds a line to the audit of this transaction.
    pub(crate) fn audit(&mut self, line: AuditLine) {
        self.audit.push(line);
    }

    async fn write_mailboxes(&mut self) -> Result<Vec<(OfficeNumber, Hint)>, StoreError> {
        let mut hints = Vec::new();
        for (office, mailbox) in &mut self.mailboxes {
            if !mailbox.outbox_moved && !mailbox.inbox_moved {
                continue;
            }
            sqlx::query(
                "INSERT INTO mailbox (office, outbox_sequence, inbox_sequence, outbox_change, inbox_change) \
                 VALUES (?, ?, ?, ?, ?) ON CONFLICT (office) DO UPDATE SET \
                 outbox_sequence = excluded.outbox_sequence, inbox_sequence = excluded.inbox_sequence, \
                 outbox_change = excluded.outbox_change, inbox_change = excluded.inbox_change",
            )
            .bind(office.as_str())
            .bind(convert::signed(mailbox.outbox_sequence))
            .bind(convert::signed(mailbox.inbox_sequence))
            .bind(convert::signed(mailbox.outbox_change))
            .bind(convert::signed(mailbox.inbox_change))
            .execute(&mut self.connection)
            .await?;
            if std::mem::take(&mut mailbox.outbox_moved) {
                hints.push((*office, Hint::Outbox(mailbox.outbox_change)));
            }
            if std::mem::take(&mut mailbox.inbox_moved) {
                hints.push((*office, Hint::Inbox(mailbox.inbox_change)));
            }
        }
        Ok(hints)
    }
}

async fn run(mut batch: Batch, mut waiting: mpsc::Receiver<Job>, shared: Arc<Shared>) {
    let mut data_version = 0_i64;
    let mut jobs = Vec::with_capacity(BATCH_ACTS_MAX);
    loop {
        let taken = tokio::time::timeout(FOREIGN_CHANGE_POLL, waiting.recv_many(&mut jobs, BATCH_ACTS_MAX)).await;
        if taken == Ok(0) {
            break;
        }
        // Another process may have written: forget what this one remembers of the rows.
        match sqlx::query_scalar::<_, i64>("PRAGMA data_version")
            .fetch_one(&mut batch.connection)
            .await
        {
            Ok(found) if found != data_version => {
                if data_version != 0 {
                    batch.mailboxes.clear();
                    shared.forget();
                }
                data_version = found;
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "the writer cannot ask its database"),
        }
        if jobs.is_empty() {
            continue;
        }
        commit(&mut batch, &mut jobs, &shared).await;
    }
    if let Err(error) = batch.connection.close().await {
        tracing::warn!(%error, "the writer's database did not close in order");
    }
    shared.closed.notify_waiters();
}

/// Runs the acts in one transaction, syncs it, answers them all.
async fn commit(batch: &mut Batch, jobs: &mut Vec<Job>, shared: &Shared) {
    if batch.mailboxes.len() > MAILBOXES_MAX {
        batch.mailboxes.clear();
    }
    batch.after.clear();
    batch.audit.clear();
    let mut answers = Vec::with_capacity(jobs.len());
    let began = sqlx::query("BEGIN IMMEDIATE").execute(&mut batch.connection).await;
    let mut outcome = began.map(drop).map_err(StoreError::database("beginning a commit"));
    if outcome.is_ok() {
        let mut all_stand = true;
        for job in jobs.drain(..) {
            let (answer, stands) = job(batch).await;
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
        if outcome.is_err() {
            batch.mailboxes.clear();
            if let Err(error) = sqlx::query("ROLLBACK").execute(&mut batch.connection).await {
                tracing::warn!(%error, "a spoilt commit could not be rolled back");
            }
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
}

async fn finish(batch: &mut Batch, shared: &Shared) -> Result<(), StoreError> {
    audit::write(&mut batch.connection, &batch.audit).await?;
    let hints = batch.write_mailboxes().await?;
    sqlx::query("COMMIT")
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
