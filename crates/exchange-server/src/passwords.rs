//! Passwords: Argon2id, tried in a bounded number of blocking threads.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use care_model::limits;
use thiserror::Error;
use tokio::sync::Semaphore;

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
}

/// Hashes and tries passwords.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    cost: PasswordCost,
    turns: Arc<Semaphore>,
    /// Passwords hashed or tried so far.
    work: Arc<AtomicU64>,
    /// What is tried when there is no such account, so that it takes as long as when there is one.
    nobody: Arc<str>,
}

/// Passwords tried at once: each takes a core and the memory of its cost.
const TRIED_AT_ONCE_MAX: usize = 2;

impl Passwords {
    pub(crate) fn new(cost: PasswordCost) -> Result<Self, PasswordError> {
        Ok(Self {
            cost,
            turns: Arc::new(Semaphore::new(TRIED_AT_ONCE_MAX)),
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
        self.in_turn(move || hash(cost, &password)).await?
    }

    /// Whether the password is the one that was hashed. Without a hash the same work is done and the answer is no.
    pub(crate) async fn fits(&self, password: String, hashed: Option<String>) -> Result<bool, PasswordError> {
        let nobody = Arc::clone(&self.nobody);
        self.in_turn(move || {
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

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(|_| PasswordError::Hash)?;
        self.work.fetch_add(1, Ordering::Relaxed);
        // The turn goes with the work: a caller that gives up does not let another in beside it.
        let worked = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
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
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let passwords = Passwords::new(PasswordCost::least()).unwrap();
        let hashed = passwords.hash("correct horse 1".to_owned()).await.unwrap();
        assert!(!hashed.contains("horse"));
        assert!(
            passwords
                .fits("correct horse 1".to_owned(), Some(hashed.clone()))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .fits("correct horse 2".to_owned(), Some(hashed))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .fits("nobody has this password".to_owned(), None)
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
}
