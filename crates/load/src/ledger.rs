//! What was sent and what arrived, each by its id and its digests: lost, doubled, changed and astray are counted, and
//! any of them makes the run a failed one.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use care_model::{DeliveryId, Digest};

/// Every delivery of a run. Offices are known by their place.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<HashMap<DeliveryId, Entry>>);

#[derive(Debug, Default)]
struct Entry {
    /// Whether it was ever sent by this run.
    to: Option<usize>,
    digests: Vec<Digest>,
    accepted: bool,
    /// Times that it was confirmed, and of these with other bytes, or elsewhere.
    arrived: u32,
    changed: u32,
    astray: u32,
    /// Rows that the exchange has of it, and of these not 済.
    listed: u32,
    open: u32,
}

/// What became of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Verdict {
    /// Deliveries that were begun.
    pub(crate) sent: u64,
    /// Of these, with an answer that they are held.
    pub(crate) accepted: u64,
    /// Accepted, and not arrived or not in the list of its destination.
    pub(crate) lost: u64,
    /// Arrived or listed more than once.
    pub(crate) doubled: u64,
    /// Arrived with other bytes.
    pub(crate) changed: u64,
    /// Arrived or listed at another office, or never sent by anybody.
    pub(crate) astray: u64,
    /// Arrived, and not 済 at the exchange.
    pub(crate) open: u64,
}

impl Verdict {
    /// Whether everything that was begun was accepted, and arrived once, whole, at its destination.
    pub(crate) fn is_good(&self) -> bool {
        self.sent > 0
            && self.accepted == self.sent
            && [self.lost, self.doubled, self.changed, self.astray, self.open] == [0; 5]
    }
}

impl Ledger {
    /// Before the first byte leaves.
    pub(crate) fn begin(&self, id: DeliveryId, to: usize, digests: Vec<Digest>) {
        let mut entries = self.entries();
        let entry = entries.entry(id).or_default();
        entry.to = Some(to);
        entry.digests = digests;
    }

    /// The exchange says that it holds it.
    pub(crate) fn accept(&self, id: DeliveryId) {
        self.entries().entry(id).or_default().accepted = true;
    }

    /// An office fetched it, with these digests, and the exchange took its confirmation.
    pub(crate) fn arrive(&self, id: DeliveryId, at: usize, digests: &[Digest]) {
        let mut entries = self.entries();
        let entry = entries.entry(id).or_default();
        entry.arrived += 1;
        entry.changed += u32::from(entry.digests != digests);
        entry.astray += u32::from(entry.to != Some(at));
    }

    /// A row of an office's list once all is over.
    pub(crate) fn list(&self, id: DeliveryId, at: usize, received: bool) {
        let mut entries = self.entries();
        let entry = entries.entry(id).or_default();
        entry.listed += 1;
        entry.open += u32::from(!received);
        entry.astray += u32::from(entry.to != Some(at));
    }

    /// Deliveries that were accepted and have not arrived yet.
    pub(crate) fn on_the_way(&self) -> usize {
        let entries = self.entries();
        entries
            .values()
            .filter(|entry| entry.accepted && entry.arrived == 0)
            .count()
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let entries = self.entries();
        let count = |judge: &dyn Fn(&Entry) -> bool| entries.values().filter(|entry| judge(entry)).count() as u64;
        Verdict {
            sent: count(&|entry| entry.to.is_some()),
            accepted: count(&|entry| entry.accepted),
            lost: count(&|entry| entry.accepted && (entry.arrived == 0 || entry.listed == 0)),
            doubled: count(&|entry| entry.arrived > 1 || entry.listed > 1),
            changed: count(&|entry| entry.changed > 0),
            astray: count(&|entry| entry.astray > 0),
            open: count(&|entry| entry.open > 0),
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<DeliveryId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three deliveries, of which everything is right but what `spoil` does.
    fn judged(spoil: impl FnOnce(&Ledger, DeliveryId)) -> Verdict {
        let ledger = Ledger::default();
        let digests = vec![Digest::of(b"cover"), Digest::of(b"file")];
        let ids: Vec<DeliveryId> = (0..3).map(|_| DeliveryId::generate()).collect();
        for (to, id) in ids.iter().enumerate() {
            ledger.begin(*id, to, digests.clone());
            ledger.accept(*id);
        }
        for (to, id) in ids.iter().enumerate().skip(1) {
            ledger.arrive(*id, to, &digests);
            ledger.list(*id, to, true);
        }
        spoil(&ledger, ids[0]);
        ledger.verdict()
    }

    #[test]
    fn only_everything_once_and_as_it_was_sent_is_good() {
        let digests = [Digest::of(b"cover"), Digest::of(b"file")];
        let arrives = |ledger: &Ledger, id, at| {
            ledger.arrive(id, at, &digests);
            ledger.list(id, at, true);
        };
        let good = judged(|ledger, id| arrives(ledger, id, 0));
        assert!(good.is_good(), "{good:?}");
        let lost = judged(|_, _| {});
        assert_eq!((lost.lost, lost.is_good()), (1, false));
        let unlisted = judged(|ledger, id| ledger.arrive(id, 0, &digests));
        assert_eq!((unlisted.lost, unlisted.is_good()), (1, false));
        let doubled = judged(|ledger, id| {
            arrives(ledger, id, 0);
            ledger.arrive(id, 0, &digests);
        });
        assert_eq!((doubled.doubled, doubled.is_good()), (1, false));
        let listed_twice = judged(|ledger, id| {
            arrives(ledger, id, 0);
            ledger.list(id, 0, true);
        });
        assert_eq!((listed_twice.doubled, listed_twice.is_good()), (1, false));
        let changed = judged(|ledger, id| {
            ledger.arrive(id, 0, &digests[..1]);
            ledger.list(id, 0, true);
        });
        assert_eq!((changed.changed, changed.is_good()), (1, false));
        let astray = judged(|ledger, id| arrives(ledger, id, 2));
        assert_eq!((astray.astray, astray.is_good()), (1, false));
        let unknown = judged(|ledger, id| {
            arrives(ledger, id, 0);
            ledger.list(DeliveryId::generate(), 0, true);
        });
        assert_eq!((unknown.astray, unknown.is_good()), (1, false));
        let open = judged(|ledger, id| {
            ledger.arrive(id, 0, &digests);
            ledger.list(id, 0, false);
        });
        assert_eq!((open.open, open.is_good()), (1, false));
        let unanswered = judged(|ledger, id| {
            arrives(ledger, id, 0);
            ledger.begin(DeliveryId::generate(), 0, Vec::new());
        });
        assert!(!unanswered.is_good());
        assert!(!Ledger::default().verdict().is_good(), "of nothing nothing is proved");
    }
}
