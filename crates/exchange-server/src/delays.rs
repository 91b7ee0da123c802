//! Wrong passwords make the next try wait, longer each time: for one account at one place, and for all accounts that
//! one place tries.
//!
//! A place is a terminal, or the network that a stranger comes from. An account that does not exist is counted like one
//! that does, so that waits tell nothing; nobody can make another place wait.

use std::{
    collections::HashMap,
    fmt::Display,
    sync::{Mutex, PoisonError},
};

use care_model::AccountId;
use chrono::{DateTime, TimeDelta, Utc};

/// How wrong tries under one key turn into waits.
#[derive(Debug, Clone, Copy)]
struct Rule {
    /// Wrong passwords that cost nothing.
    free_tries: u32,
    /// The longest wait.
    wait_minutes_max: i64,
    /// Whether each try puts off the time when the count starts anew.
    prolongs: bool,
}

/// A right password ends the count.
const ONE_ACCOUNT: Rule = Rule {
    free_tries: 5,
    wait_minutes_max: 30,
    prolongs: true,
};
/// Many people may sit behind one terminal or address, and no right password of theirs makes up for wrong ones of
/// others: so more is free, the waits stay short, and the count ends by itself.
const ALL_ACCOUNTS: Rule = Rule {
    free_tries: 50,
    wait_minutes_max: 5,
    prolongs: false,
};
/// After this time the count starts anew.
const FORGOTTEN_HOURS: i64 = 12;
/// Keys remembered at once, by each of the two rules.
const REMEMBERED_MAX: usize = 10_000;

/// The tries at one kind of door.
#[derive(Debug)]
pub(crate) struct Delays {
    by_account: Counts,
    by_place: Counts,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            by_account: Counts::under(ONE_ACCOUNT),
            by_place: Counts::under(ALL_ACCOUNTS),
        }
    }
}

/// A try that was let through. It counts as wrong unless somebody says otherwise.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Admitted {
    account: Counted,
    place: Counted,
}

/// What one try did to one count.
#[derive(Debug, PartialEq, Eq)]
struct Counted {
    key: String,
    at: DateTime<Utc>,
    /// When the try before was.
    before: DateTime<Utc>,
}

impl Delays {
    /// Lets a try through, or says how many whole minutes are still to wait.
    ///
    /// The try counts as wrong from here on, until [`Delays::was_right`] or [`Delays::was_not_made`]: so many tries at
    /// the same moment get no further than the same tries one after the other.
    pub(crate) fn admit(&self, account: &AccountId, place: impl Display, now: DateTime<Utc>) -> Result<Admitted, i64> {
        let place = place.to_string();
        let account = format!("{} {place}", account.key());
        let place = self.by_place.admit(place, now)?;
        match self.by_account.admit(account, now) {
            Ok(account) => Ok(Admitted { account, place }),
            Err(minutes) => {
                self.by_place.take_back(&place);
                Err(minutes)
            }
        }
    }

    /// The password was right: the account's count ends, the place's is as if nobody had tried.
    pub(crate) fn was_right(&self, admitted: &Admitted) {
        self.by_account.forget(&admitted.account.key);
        self.by_place.take_back(&admitted.place);
    }

    /// No password was tried after all.
    pub(crate) fn was_not_made(&self, admitted: &Admitted) {
        self.by_account.take_back(&admitted.account);
        self.by_place.take_back(&admitted.place);
    }
}

#[derive(Debug)]
struct Counts {
    rule: Rule,
    wrong: Mutex<HashMap<String, Wrong>>,
}

#[derive(Debug, Clone, Copy)]
struct Wrong {
    count: u32,
    last: DateTime<Utc>,
    /// What the time until the count starts anew is reckoned from.
    since: DateTime<Utc>,
}

impl Wrong {
    /// Until when the next try has to wait; none while tries are free, for then a try whose time was read a moment before
    /// another's, and which comes here after it, has nothing to wait for.
    fn until(&self, rule: Rule) -> Option<DateTime<Utc>> {
        let over = self.count.checked_sub(rule.free_tries + 1)?.min(9);
        let minutes = (1_i64 << over).min(rule.wait_minutes_max);
        Some(self.last + TimeDelta::minutes(minutes))
    }
}

impl Counts {
    fn under(rule: Rule) -> Self {
        Self {
            rule,
            wrong: Mutex::default(),
        }
    }

    fn admit(&self, key: String, now: DateTime<Utc>) -> Result<Counted, i64> {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = wrong.get(&key).and_then(|entry| entry.until(self.rule))
            && now < until
        {
            return Err((until - now).num_seconds().div_euclid(60) + 1);
        }
        let forgotten = now - TimeDelta::hours(FORGOTTEN_HOURS);
        if wrong.len() >= REMEMBERED_MAX && !wrong.contains_key(&key) {
            wrong.retain(|_, entry| entry.since > forgotten);
            if wrong.len() >= REMEMBERED_MAX
                && let Some(oldest) = wrong
                    .iter()
                    .min_by_key(|(_, entry)| entry.last)
                    .map(|(key, _)| key.clone())
            {
                wrong.remove(&oldest);
            }
        }
        let fresh = Wrong {
            count: 0,
            last: now,
            since: now,
        };
        let entry = wrong.entry(key.clone()).or_insert(fresh);
        if entry.since <= forgotten {
            *entry = fresh;
        }
        let before = entry.last;
        entry.count = entry.count.saturating_add(1);
        entry.last = now;
        if self.rule.prolongs {
            entry.since = now;
        }
        Ok(Counted { key, at: now, before })
    }

    /// As if the try had not been: it makes nobody wait anew either.
    fn take_back(&self, counted: &Counted) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = wrong.get_mut(&counted.key) {
            entry.count = entry.count.saturating_sub(1);
            if entry.last == counted.at {
                entry.last = counted.before;
            }
            if entry.count == 0 {
                wrong.remove(&counted.key);
            }
        }
    }

    fn forget(&self, key: &str) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> AccountId {
        AccountId::parse(text).unwrap()
    }

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    /// Whether a try is let through, and then counts as wrong.
    fn wrong(delays: &Delays, account: &str, place: &str, now: DateTime<Utc>) -> Result<(), i64> {
        delays.admit(&id(account), place, now).map(drop)
    }

    #[test]
    fn waits_grow_and_end() {
        let delays = Delays::default();
        let now = start();
        let later = |minutes| now + TimeDelta::minutes(minutes);
        for _ in 0..=ONE_ACCOUNT.free_tries {
            assert_eq!(wrong(&delays, "cc1", "here", now), Ok(()));
        }
        assert_eq!(wrong(&delays, "cc1", "here", now + TimeDelta::seconds(1)), Err(1));
        assert_eq!(wrong(&delays, "cc1", "there", now), Ok(()));
        assert_eq!(wrong(&delays, "cc1", "here", later(1)), Ok(()));
        assert_eq!(wrong(&delays, "cc1", "here", later(2)), Err(2));
        let mut at = later(3);
        for _ in 0..20 {
            assert_eq!(wrong(&delays, "cc1", "here", at), Ok(()));
            at += TimeDelta::minutes(ONE_ACCOUNT.wait_minutes_max);
        }
        let last = at - TimeDelta::minutes(ONE_ACCOUNT.wait_minutes_max);
        assert_eq!(
            wrong(&delays, "cc1", "here", last + TimeDelta::seconds(1)),
            Err(ONE_ACCOUNT.wait_minutes_max)
        );
        let admitted = delays.admit(&id("cc1"), "here", at).unwrap();
        delays.was_right(&admitted);
        for _ in 0..=ONE_ACCOUNT.free_tries {
            assert_eq!(wrong(&delays, "cc1", "here", at), Ok(()));
        }
        assert_eq!(wrong(&delays, "cc1", "here", at), Err(2));
    }

    #[test]
    fn tries_that_are_free_may_come_in_another_order_than_their_times() {
        let delays = Delays::default();
        let now = start();
        for number in 0..=ONE_ACCOUNT.free_tries {
            let a_moment_before = now - TimeDelta::milliseconds(number.into());
            assert_eq!(wrong(&delays, "cc1", "here", a_moment_before), Ok(()), "{number}");
        }
        assert_eq!(wrong(&delays, "cc1", "here", now), Err(1));
    }

    #[test]
    fn other_accounts_give_a_place_no_fresh_tries() {
        let delays = Delays::default();
        let now = start();
        for number in 0..=ALL_ACCOUNTS.free_tries {
            assert_eq!(wrong(&delays, &format!("cc{number}"), "here", now), Ok(()));
        }
        assert_eq!(wrong(&delays, "cc999", "here", now), Err(2));
        assert_eq!(wrong(&delays, "cc999", "there", now), Ok(()));
        // However long it goes on, waits stay short for whoever shares the place.
        let mut at = now;
        for number in 1_000..1_020 {
            at += TimeDelta::minutes(ALL_ACCOUNTS.wait_minutes_max);
            assert_eq!(wrong(&delays, &format!("cc{number}"), "here", at), Ok(()));
        }
        assert_eq!(
            wrong(&delays, "cc999", "here", at + TimeDelta::seconds(1)),
            Err(ALL_ACCOUNTS.wait_minutes_max)
        );
        // And the count ends, although somebody never stopped trying.
        let anew = now + TimeDelta::hours(FORGOTTEN_HOURS);
        for number in 0..=ALL_ACCOUNTS.free_tries {
            assert_eq!(wrong(&delays, &format!("cc{number}"), "here", anew), Ok(()));
        }
        assert_eq!(wrong(&delays, "cc999", "here", anew), Err(2));
    }

    #[test]
    fn a_right_password_makes_up_for_no_wrong_one_of_others() {
        let delays = Delays::default();
        let now = start();
        for number in 0..=ALL_ACCOUNTS.free_tries {
            assert_eq!(wrong(&delays, &format!("cc{number}"), "here", now), Ok(()), "{number}");
            if number < ALL_ACCOUNTS.free_tries {
                let own = delays.admit(&id("cc777"), "here", now).unwrap();
                delays.was_right(&own);
            }
        }
        assert_eq!(wrong(&delays, "cc777", "here", now), Err(2));
        // Whoever is right makes the others at the place wait no longer than they had to.
        let later = now + TimeDelta::minutes(1);
        for _ in 0..3 {
            let own = delays.admit(&id("cc777"), "here", later).unwrap();
            delays.was_right(&own);
        }
        assert_eq!(wrong(&delays, "cc888", "here", later), Ok(()));
        assert_eq!(wrong(&delays, "cc777", "here", later), Err(3));
    }

    #[test]
    fn what_was_not_tried_or_had_to_wait_counts_for_nobody() {
        let delays = Delays::default();
        let now = start();
        for _ in 0..100 {
            let admitted = delays.admit(&id("cc1"), "here", now).unwrap();
            delays.was_not_made(&admitted);
        }
        for _ in 0..=ONE_ACCOUNT.free_tries {
            assert_eq!(wrong(&delays, "cc1", "here", now), Ok(()));
        }
        for _ in 0..100 {
            assert_eq!(wrong(&delays, "cc1", "here", now), Err(2));
        }
        assert_eq!(wrong(&delays, "cc2", "here", now), Ok(()));
    }

    #[test]
    fn many_tries_at_once_get_no_further() {
        let delays = Delays::default();
        let now = start();
        let admitted = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..64)
                .map(|_| scope.spawn(|| wrong(&delays, "cc1", "here", now).is_ok()))
                .collect();
            tries
                .into_iter()
                .map(|each| each.join().unwrap())
                .filter(|admitted| *admitted)
                .count()
        });
        assert_eq!(admitted, ONE_ACCOUNT.free_tries as usize + 1);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_newest_stays() {
        let delays = Delays::default();
        let mut now = start();
        for number in 0..=REMEMBERED_MAX {
            now += TimeDelta::milliseconds(1);
            assert_eq!(wrong(&delays, "cc1", &format!("place {number}"), now), Ok(()));
        }
        for counts in [&delays.by_account, &delays.by_place] {
            assert_eq!(counts.wrong.lock().unwrap().len(), REMEMBERED_MAX);
        }
        let places = delays.by_place.wrong.lock().unwrap();
        assert!(!places.contains_key("place 0") && places.contains_key("place 1"));
    }
}
