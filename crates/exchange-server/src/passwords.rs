//! Passwords: Argon2id, tried in a bounded number of blocking threads, with a bounded queue before each door.
//!
//! Each door has turns of its own, so that strangers, who need no certificate to try, never use up those of the
//! terminals (ADR 0037).

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use care_model::limits;
use exchange_store::{SPANS, blocking};
use thiserror::Error;
use tokio::sync::Semaphore;
use tracing::Instrument as _;

/// What trying a password costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for PasswordCost {
    /// One of the settings that OWASP gives as equally strong for Argon2id. Of these the one whose block the C
    /// library hands back to the system at once (it keeps blocks below 32 MiB), so that sign-ins leave no memory behind.
    fn default() -> Self {
        Self {
            memory_kib: 46 * 1_024,
            passes: 1,
        }
    }
}

impl PasswordCost {
    /// As little as the algorithm allows, for tests that are not about passwords.
    pub fn least() -> Self {
        Self {
            memory_kib: Params::MIN_M_COST,
            passes: Params::MIN_T_COST,
        }
    }
}

/// Why a password could not be hashed or tried.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// Shorter or longer than allowed (D17).
    #[error(
        "the password must have {} to {} characters",
        limits::PASSWORD_CHARS_MIN,
        limits::PASSWORD_CHARS_MAX
    )]
    Length,
    /// The algorithm refuses its parameters, or its thread died.
    #[error("the password could not be hashed")]
    Hash,
    /// So many wait for their turn already that one more would wait in vain; nothing was tried.
    #[error("too many passwords wait to be tried")]
    Busy,
}

/// Where a password is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TriedAt {
    /// ログイン at a terminal whose certificate is good.
    Terminal,
    /// 初期設定, open to strangers.
    Enrolment,
    /// The sign-in of 利用状況Webサイト, open to strangers.
    Portal,
}

/// Hashes and tries passwords.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    cost: PasswordCost,
    terminal: Turns,
    enrolment: Turns,
    portal: Turns,
    /// New passwords of those who proved who they are.
    new: Turns,
    /// Passwords hashed or tried so far.
    work: Arc<AtomicU64>,
    /// What is tried when there is no such account, so that it takes as long as when there is one.
    nobody: Arc<str>,
}

/// The turns of a door: each takes a core and the memory of its cost.
#[derive(Debug, Clone)]
struct Turns {
    running: Arc<Semaphore>,
    /// Who runs and who waits.
    places: Arc<Semaphore>,
}

/// At terminals whole offices sign in at the same minute of a morning.
const TERMINAL_AT_ONCE_MAX: usize = 2;
const TERMINAL_WAITING_MAX: usize = 200;
/// At each of the other doors.
const OTHER_AT_ONCE_MAX: usize = 1;
const OTHER_WAITING_MAX: usize = 20;

impl Turns {
    fn new(at_once_max: usize, waiting_max: usize) -> Self {
        Self {
            running: Arc::new(Semaphore::new(at_once_max)),
            places: Arc::new(Semaphore::new(at_once_max + waiting_max)),
        }
    }

    fn other() -> Self {
        Self::new(OTHER_AT_ONCE_MAX, OTHER_WAITING_MAX)
    }
}

impl Passwords {
    pub(crate) fn new(cost: PasswordCost) -> Result<Self, PasswordError> {
        Ok(Self {
            cost,
            terminal: Turns::new(TERMINAL_AT_ONCE_MAX, TERMINAL_WAITING_MAX),
            enrolment: Turns::other(),
            portal: Turns::other(),
            new: Turns::other(),
            work: Arc::default(),
            nobody: hash(cost, "nobody has this password")?.into(),
        })
    }

    /// Hashes a new password of a permitted length.
    pub(crate) async fn hash(&self, password: String) -> Result<String, PasswordError> {
        if !(limits::PASSWORD_CHARS_MIN..=limits::PASSWORD_CHARS_MAX).contains(&password.chars().count()) {
            return Err(PasswordError::Length);
        }
        let cost = self.cost;
        self.in_turn(&self.new, move || hash(cost, &password)).await?
    }

    /// Refuses a try for which there is no place in the queue, before it is counted: however many come at once, no more
    /// are written down than can be tried.
    pub(crate) fn has_room(&self, at: TriedAt) -> Result<(), PasswordError> {
        match self.turns(at).places.available_permits() {
            0 => Err(PasswordError::Busy),
            _ => Ok(()),
        }
    }

    fn turns(&self, at: TriedAt) -> &Turns {
        match at {
            TriedAt::Terminal => &self.terminal,
            TriedAt::Enrolment => &self.enrolment,
            TriedAt::Portal => &self.portal,
        }
    }

    /// Whether the password is the one that was hashed. Without a hash the same work is done and the answer is no.
    pub(crate) async fn fits(
        &self,
        at: TriedAt,
        password: String,
        hashed: Option<String>,
    ) -> Result<bool, PasswordError> {
        let nobody = Arc::clone(&self.nobody);
        self.in_turn(self.turns(at), move || {
            let known = hashed.is_some();
            let hashed = hashed.unwrap_or_else(|| nobody.to_string());
            let fits = PasswordHash::new(&hashed)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
            fits && known
        })
        .await
    }

    /// How many passwords were hashed or tried so far. Each costs the same.
    pub(crate) fn work(&self) -> u64 {
        self.work.load(Ordering::Relaxed)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        turns: &Turns,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = Arc::clone(&turns.places)
            .try_acquire_owned()
            .map_err(|_| PasswordError::Busy)?;
        let turn = Arc::clone(&turns.running)
            .acquire_owned()
            .instrument(tracing::info_span!(target: SPANS, "password.turn"))
            .await
            .map_err(|_| PasswordError::Hash)?;
        self.work.fetch_add(1, Ordering::Relaxed);
        // The turn goes with the work: a caller that gives up does not let another in beside it.
        let worked = blocking(move || {
            let done = tracing::info_span!(target: SPANS, "password.hash").in_scope(work);
            drop((turn, place));
            done
        });
        worked.await.map_err(|_| PasswordError::Hash)
    }
}

fn hash(cost: PasswordCost, password: &str) -> Result<String, PasswordError> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|_| PasswordError::Hash)?;
    let hashed = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password(password.as_bytes())
        .map_err(|_| PasswordError::Hash)?;
    Ok(hashed.to_string())
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Waker},
    };

    use super::*;

    const DOORS: [(TriedAt, usize); 3] = [
        (TriedAt::Terminal, TERMINAL_AT_ONCE_MAX + TERMINAL_WAITING_MAX),
        (TriedAt::Enrolment, OTHER_AT_ONCE_MAX + OTHER_WAITING_MAX),
        (TriedAt::Portal, OTHER_AT_ONCE_MAX + OTHER_WAITING_MAX),
    ];

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let passwords = Passwords::new(PasswordCost::least()).unwrap();
        let hashed = passwords.hash("correct horse 1".to_owned()).await.unwrap();
        assert!(!hashed.contains("horse"));
        assert!(
            passwords
                .fits(TriedAt::Terminal, "correct horse 1".to_owned(), Some(hashed.clone()))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .fits(TriedAt::Terminal, "correct horse 2".to_owned(), Some(hashed))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .fits(TriedAt::Terminal, "nobody has this password".to_owned(), None)
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn the_length_is_bounded_on_both_sides() {
        let passwords = Passwords::new(PasswordCost::least()).unwrap();
        for (chars, allowed) in [(11, false), (12, true), (64, true), (65, false)] {
            assert_eq!(passwords.hash("あ".repeat(chars)).await.is_ok(), allowed, "{chars}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_door_is_busy_one_over_its_queue_and_the_others_go_on() {
        for (door, places) in DOORS {
            let passwords = Passwords::new(PasswordCost::least()).unwrap();
            let turns = match door {
                TriedAt::Terminal => &passwords.terminal,
                TriedAt::Enrolment => &passwords.enrolment,
                TriedAt::Portal => &passwords.portal,
            };
            // Nobody's turn comes, so that everybody waits until it does.
            let running = u32::try_from(turns.running.available_permits()).unwrap();
            let held = turns.running.acquire_many(running).await.unwrap();
            let try_one = || passwords.fits(door, "wrong".to_owned(), None);
            let mut waiting: Vec<_> = (0..places).map(|_| Box::pin(try_one())).collect();
            let mut context = Context::from_waker(Waker::noop());
            for each in &mut waiting {
                assert!(each.as_mut().poll(&mut context).is_pending());
            }
            for _ in 0..100 {
                assert!(matches!(try_one().await, Err(PasswordError::Busy)), "{door:?}");
            }
            for (other, _) in DOORS.iter().filter(|(other, _)| *other != door) {
                assert!(!passwords.fits(*other, "wrong".to_owned(), None).await.unwrap());
            }
            assert!(passwords.hash("correct horse 1".to_owned()).await.is_ok());
            // Whoever gives up makes room at once.
            waiting.pop();
            let mut late = pin!(try_one());
            assert!(late.as_mut().poll(&mut context).is_pending());
            drop(held);
            for each in waiting {
                assert!(!each.await.unwrap());
            }
            assert!(!late.await.unwrap());
            assert!(!try_one().await.unwrap());
        }
    }

    #[tokio::test]
    async fn new_passwords_have_a_bounded_queue_too() {
        let passwords = Passwords::new(PasswordCost::least()).unwrap();
        let held = passwords.new.running.acquire().await.unwrap();
        let make = || passwords.hash("correct horse 1".to_owned());
        let mut context = Context::from_waker(Waker::noop());
        let mut waiting: Vec<_> = (0..OTHER_AT_ONCE_MAX + OTHER_WAITING_MAX)
            .map(|_| Box::pin(make()))
            .collect();
        for each in &mut waiting {
            assert!(each.as_mut().poll(&mut context).is_pending());
        }
        assert!(matches!(make().await, Err(PasswordError::Busy)));
        drop(held);
        for each in waiting {
            assert!(each.await.is_ok());
        }
    }
}
