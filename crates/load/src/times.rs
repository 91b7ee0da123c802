//! How long each kind of request took, and what went wrong.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use exchange_client::ClientError;

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Act {
    /// From the moment at which it was due to the answer that it is held, tries again included.
    Send,
    /// The same of one unit of a bulk.
    Bulk,
    /// A page of either list.
    List,
    Claim,
    /// Every part of a delivery.
    Fetch,
    Confirm,
    /// From the moment at which it was due until its destination had it confirmed.
    Through,
}

impl Act {
    pub(crate) const ALL: [Self; 7] = [
        Self::Send,
        Self::Bulk,
        Self::List,
        Self::Claim,
        Self::Fetch,
        Self::Confirm,
        Self::Through,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Bulk => "bulk",
            Self::List => "list",
            Self::Claim => "claim",
            Self::Fetch => "fetch",
            Self::Confirm => "confirm",
            Self::Through => "through",
        }
    }
}

/// Times and errors of one part of a run.
#[derive(Default)]
pub(crate) struct Times {
    /// In microseconds.
    taken: Mutex<BTreeMap<Act, Vec<u32>>>,
    /// By act and code.
    errors: Mutex<BTreeMap<(Act, String), u64>>,
}

/// The times of an act, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) count: usize,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
}

impl Times {
    pub(crate) fn took(&self, act: Act, since: Instant) {
        self.add(act, since.elapsed());
    }

    fn add(&self, act: Act, taken: Duration) {
        let micros = u32::try_from(taken.as_micros()).unwrap_or(u32::MAX);
        let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(act).or_default().push(micros);
    }

    pub(crate) fn failed(&self, act: Act, error: &ClientError) {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        *errors.entry((act, format!("{:?}", error.code()))).or_default() += 1;
    }

    /// The spread of an act, if it happened at all. Called once a part is over.
    pub(crate) fn spread(&self, act: Act) -> Option<Spread> {
        let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = all.get_mut(&act)?;
        taken.sort_unstable();
        // The least time that so many of a thousand did not go beyond.
        let at = |thousandths: usize| {
            let rank = (taken.len() * thousandths).div_ceil(1_000).max(1);
            f64::from(taken[rank - 1]) / 1_000.0
        };
        Some(Spread {
            count: taken.len(),
            p50: at(500),
            p99: at(990),
            p999: at(999),
        })
    }

    pub(crate) fn errors(&self) -> Vec<(Act, String, u64)> {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        errors
            .iter()
            .map(|((act, code), count)| (*act, code.clone(), *count))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_of_what_was_taken() {
        let times = Times::default();
        assert!(times.spread(Act::Send).is_none());
        for micros in (1..=1_000).rev() {
            times.add(Act::Send, Duration::from_micros(micros * 1_000));
        }
        let spread = times.spread(Act::Send).unwrap();
        assert_eq!(
            (spread.count, spread.p50, spread.p99, spread.p999),
            (1_000, 500.0, 990.0, 999.0)
        );
        times.add(Act::Claim, Duration::from_millis(7));
        let one = times.spread(Act::Claim).unwrap();
        assert_eq!((one.p50, one.p999), (7.0, 7.0));
    }
}
