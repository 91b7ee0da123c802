//! 引っ越し: what this terminal holds in one file for a new PC, and its way into an empty profile there (ADR 0061).
//!
//! | Module | What it knows |
//! |---|---|
//! | `outward` | what is written, and when that is refused |
//! | `inward` | what is taken in: all of it, or nothing |
//! | `file` | the file: passphrase, sealed stream, records |
//! | [`store`](crate::store) | which tables, columns and values move |
//!
//! Key, certificate, tokens and passwords of the old terminal never go along: the new PC gets a certificate of its own and
//! is another terminal. So no claim, no session and no queued send is ever at two terminals.

mod file;
mod inward;
mod outward;

use std::sync::atomic::{AtomicBool, Ordering};

use care_model::{OfficeNumber, ProblemCode};
use chrono::{DateTime, Utc};
use desk_ipc::{CommandError, DeskEvent, MovedView};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, MutexGuard};

use crate::{core::Core, refusal, words};

/// The move of the open profile, if there is one.
#[derive(Default)]
pub(crate) struct Moving {
    /// One at a time; whoever closes the profile waits for it.
    one: Mutex<()>,
    /// Whether a person wants it to end.
    stopped: AtomicBool,
}

impl Moving {
    async fn begin(&self) -> MutexGuard<'_, ()> {
        let one = self.one.lock().await;
        self.stopped.store(false, Ordering::Release);
        one
    }

    /// Waits until none is under way.
    pub(crate) async fn done(&self) {
        drop(self.one.lock().await);
    }
}

/// What was moved here, until 初期設定 is done and after.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Moved {
    office: OfficeNumber,
    office_name: String,
    made_at: DateTime<Utc>,
    drafts: u32,
    inbox: u32,
    outbox: u32,
}

impl Moved {
    pub(crate) fn view(&self) -> MovedView {
        MovedView {
            office: words::office(self.office, &self.office_name, &[]),
            made_at: self.made_at,
            drafts: self.drafts,
            inbox: self.inbox,
            outbox: self.outbox,
        }
    }
}

/// How far a move is, told at every hundredth.
struct Progress {
    total_bytes: u64,
    done_bytes: u64,
    told: u64,
}

impl Progress {
    fn of(total_bytes: u64) -> Self {
        Self {
            total_bytes: total_bytes.max(1),
            done_bytes: 0,
            told: 0,
        }
    }
}

impl Core {
    /// Ends the move that is under way, if it can still be ended.
    pub(crate) fn stop_move(&self) {
        self.moving.stopped.store(true, Ordering::Release);
    }

    /// Refuses once a person wants the move to end, or the profile closes.
    fn move_goes_on(&self) -> Result<(), CommandError> {
        match self.moving.stopped.load(Ordering::Acquire) || self.closing.is_cancelled() {
            true => Err(ProblemCode::MoveStopped.into()),
            false => Ok(()),
        }
    }

    fn tell_move(&self, progress: &mut Progress, done_bytes: u64) {
        progress.done_bytes = done_bytes.min(progress.total_bytes);
        let hundredths = progress.done_bytes.saturating_mul(100) / progress.total_bytes;
        if hundredths > progress.told {
            progress.told = hundredths;
            self.tell(DeskEvent::MoveProgress {
                done_bytes: progress.done_bytes,
                total_bytes: progress.total_bytes,
            });
        }
    }

    /// Refuses a certificate of another office than what was moved here is of.
    pub(crate) fn judge_moved(&self, office: OfficeNumber) -> Result<(), CommandError> {
        match &self.standing().moved {
            Some(moved) if moved.office != office => {
                Err(CommandError::new(ProblemCode::MoveOtherOffice).with("office", &moved.office_name))
            }
            _ => Ok(()),
        }
    }
}

/// Runs work on files where blocking is allowed.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CommandError> + Send + 'static,
) -> Result<T, CommandError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(refusal::logged(ProblemCode::Internal, &error.is_panic())),
    }
}
