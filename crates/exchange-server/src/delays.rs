//! Wrong passwords make the next try wait, longer each time, for one account at one terminal.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use care_model::TerminalId;
use chrono::{DateTime, TimeDelta, Utc};

/// Wrong passwords in a row that cost nothing.
const FREE_TRIES: u32 = 5;
/// The longest wait.
const WAIT_MINUTES_MAX: i64 = 30;
/// After this time without a try the count starts anew.
const FORGOTTEN_HOURS: i64 = 12;
/// Accounts remembered at once.
const REMEMBERED_MAX: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Delays {
    wrong: Mutex<HashMap<(String, TerminalId), Wrong>>,
}

#[derive(Debug, Clone, Copy)]
struct Wrong {
    count: u32,
    last: DateTime<Utc>,
}

impl Wrong {
    fn until(&self) -> DateTime<Utc> {
        let over = self.count.saturating_sub(FREE_TRIES).min(10);
        let minutes = if over == 0 {
            0
        } else {
            (1_i64 << (over - 1)).min(WAIT_MINUTES_MAX)
        };
        self.last + TimeDelta::minutes(minutes)
    }
}

impl Delays {
    /// Lets a try through, or says how many whole minutes are still to wait.
    ///
    /// The try counts as wrong from here on, until [`Delays::forget`] says that it was right: so many tries at the same
    /// moment get no further than the same tries one after the other.
    pub(crate) fn admit(&self, account: &str, terminal: TerminalId, now: DateTime<Utc>) -> Result<(), i64> {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (account.to_owned(), terminal);
        if let Some(until) = wrong.get(&key).map(Wrong::until)
            && now < until
        {
            return Err((until - now).num_seconds().div_euclid(60) + 1);
        }
        let forgotten = now - TimeDelta::hours(FORGOTTEN_HOURS);
        if wrong.len() >= REMEMBERED_MAX {
            wrong.retain(|_, entry| entry.last > forgotten);
        }
        if wrong.len() >= REMEMBERED_MAX
            && let Some(oldest) = wrong
                .iter()
                .min_by_key(|(_, entry)| entry.last)
                .map(|(key, _)| key.clone())
        {
            wrong.remove(&oldest);
        }
        let entry = wrong.entry(key).or_insert(Wrong { count: 0, last: now });
        if entry.last <= forgotten {
            entry.count = 0;
        }
        *entry = Wrong {
            count: entry.count.saturating_add(1),
            last: now,
        };
        Ok(())
    }

    pub(crate) fn forget(&self, account: &str, terminal: TerminalId) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.remove(&(account.to_owned(), terminal));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let delays = Delays::default();
        let (here, there) = (TerminalId::from_bytes([1; 16]), TerminalId::from_bytes([2; 16]));
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let later = |minutes| now + TimeDelta::minutes(minutes);
        for _ in 0..=FREE_TRIES {
            assert_eq!(delays.admit("c1", here, now), Ok(()));
        }
        assert_eq!(delays.admit("c1", here, now + TimeDelta::seconds(1)), Err(1));
        assert_eq!(delays.admit("c1", there, now), Ok(()));
        assert_eq!(delays.admit("c1", here, later(1)), Ok(()));
        assert_eq!(delays.admit("c1", here, later(2)), Err(2));
        let mut at = later(3);
        for _ in 0..20 {
            assert_eq!(delays.admit("c1", here, at), Ok(()));
            at += TimeDelta::minutes(WAIT_MINUTES_MAX);
        }
        let last = at - TimeDelta::minutes(WAIT_MINUTES_MAX);
        assert_eq!(
            delays.admit("c1", here, last + TimeDelta::seconds(1)),
            Err(WAIT_MINUTES_MAX)
        );
        delays.forget("c1", here);
        assert_eq!(delays.admit("c1", here, last), Ok(()));
    }

    #[test]
    fn many_tries_at_once_get_no_further() {
        let delays = Delays::default();
        let here = TerminalId::from_bytes([1; 16]);
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let admitted = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..64)
                .map(|_| scope.spawn(|| delays.admit("c1", here, now).is_ok()))
                .collect();
            tries
                .into_iter()
                .map(|each| each.join().unwrap())
                .filter(|admitted| *admitted)
                .count()
        });
        assert_eq!(admitted, FREE_TRIES as usize + 1);
    }
}
