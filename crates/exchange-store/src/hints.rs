//! Hints about what changed, published after the commit (D9). The lists are the truth; a hint may be missed.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use care_model::OfficeNumber;
use tokio::sync::{broadcast, watch};

/// A list of an office changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// Its inbox, up to this change.
    Inbox(u64),
    /// Its outbox, up to this change.
    Outbox(u64),
}

/// Hints that wait for a slow listener; more are dropped, and the next hint or list makes up for them.
const WAITING_MAX: usize = 32;

/// Who listens to what. Offices without listeners cost nothing.
#[derive(Debug)]
pub(crate) struct Hints {
    offices: Mutex<HashMap<OfficeNumber, broadcast::Sender<Hint>>>,
    access: watch::Sender<u64>,
}

impl Hints {
    pub(crate) fn new() -> Self {
        Self {
            offices: Mutex::default(),
            access: watch::Sender::new(0),
        }
    }

    pub(crate) fn listen(&self, office: OfficeNumber) -> broadcast::Receiver<Hint> {
        let mut offices = self.offices.lock().unwrap_or_else(PoisonError::into_inner);
        offices
            .entry(office)
            .or_insert_with(|| broadcast::Sender::new(WAITING_MAX))
            .subscribe()
    }

    /// Changes whenever a session, a terminal or an office changed in a way that may end somebody's access.
    pub(crate) fn access(&self) -> watch::Receiver<u64> {
        self.access.subscribe()
    }

    pub(crate) fn publish(&self, office: OfficeNumber, hint: Hint) {
        let mut offices = self.offices.lock().unwrap_or_else(PoisonError::into_inner);
        if offices
            .get(&office)
            .is_some_and(|listeners| listeners.send(hint).is_err())
        {
            offices.remove(&office);
        }
    }

    pub(crate) fn access_changed(&self) {
        self.access
            .send_modify(|generation| *generation = generation.wrapping_add(1));
    }
}
