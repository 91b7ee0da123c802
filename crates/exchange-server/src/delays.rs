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
    /// Whole minutes still to wait, if any.
    pub(crate) fn minutes(&self, account: &str, terminal: TerminalId, now: DateTime<Utc>) -> Option<i64> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let until = wrong.get(&(account.to_owned(), terminal))?.until();
        (now < until).then(|| (until - now).num_seconds().div_euclid(60) + 1)
    }

    pub(crate) fn count(&self, account: &str, terminal: TerminalId, now: DateTime<Utc>) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
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
        let entry = wrong
            .entry((account.to_owned(), terminal))
            .or_insert(Wrong { count: 0, last: now });
        if entry.last <= forgotten {
            entry.count = 0;
        }
        *entry = Wrong {
            count: entry.count.saturating_add(1),
            last: now,
        };
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
        for _ in 0..FREE_TRIES {
            delays.count("c1", here, now);
            assert_eq!(delays.minutes("c1", here, now), None);
        }
        delays.count("c1", here, now);
        assert_eq!(delays.minutes("c1", here, now + TimeDelta::seconds(1)), Some(1));
        assert_eq!(delays.minutes("c1", there, now), None);
        assert_eq!(delays.minutes("c1", here, now + TimeDelta::minutes(1)), None);
        for _ in 0..20 {
            delays.count("c1", here, now);
        }
        assert_eq!(
            delays.minutes("c1", here, now + TimeDelta::seconds(1)),
            Some(WAIT_MINUTES_MAX)
        );
        delays.forget("c1", here);
        assert_eq!(delays.minutes("c1", here, now), None);
    }
}
