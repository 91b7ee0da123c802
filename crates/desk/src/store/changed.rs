//! Which rows of the two lists changed, for whoever keeps something worked out from them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use care_model::DeliveryId;

use super::{ListName, Store};

/// Rows that changed and were not read since.
#[derive(Default)]
pub(super) struct ChangedRows(Mutex<Changes>);

#[derive(Default)]
struct Changes {
    /// Grows with every change, so that one that came while rows were read is not taken for read.
    count: u64,
    inbox: HashMap<DeliveryId, u64>,
    outbox: HashMap<DeliveryId, u64>,
}

impl Changes {
    fn of(&mut self, list: ListName) -> &mut HashMap<DeliveryId, u64> {
        match list {
            ListName::Inbox => &mut self.inbox,
            ListName::Outbox => &mut self.outbox,
        }
    }
}

impl ChangedRows {
    fn lock(&self) -> MutexGuard<'_, Changes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Notes rows whose change was committed; every writer of what a list shows calls it before it answers.
    pub(super) fn note_changed(&self, list: ListName, deliveries: impl IntoIterator<Item = DeliveryId>) {
        let mut changes = self.changed.lock();
        changes.count += 1;
        let count = changes.count;
        let of = changes.of(list);
        for delivery in deliveries {
            of.insert(delivery, count);
        }
    }

    /// The rows that changed; they stay noted until they are said to be known.
    pub(crate) fn changed_rows(&self, list: ListName) -> Vec<(DeliveryId, u64)> {
        let mut changes = self.changed.lock();
        changes
            .of(list)
            .iter()
            .map(|(delivery, count)| (*delivery, *count))
            .collect()
    }

    /// These rows were read since, unless they changed once more.
    pub(crate) fn changed_rows_known(&self, list: ListName, known: &[(DeliveryId, u64)]) {
        let mut changes = self.changed.lock();
        let of = changes.of(list);
        for (delivery, count) in known {
            if of.get(delivery) == Some(count) {
                of.remove(delivery);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::store, *};

    #[tokio::test]
    async fn what_changed_while_it_was_read_is_read_again() {
        let (_dir, store) = store().await;
        let (one, other) = (DeliveryId::generate(), DeliveryId::generate());
        store.note_changed(ListName::Inbox, [one, other]);
        let read = store.changed_rows(ListName::Inbox);
        assert_eq!(read.len(), 2);
        store.note_changed(ListName::Inbox, [other]);
        store.changed_rows_known(ListName::Inbox, &read);
        let left = store.changed_rows(ListName::Inbox);
        assert_eq!(left.iter().map(|(delivery, _)| *delivery).collect::<Vec<_>>(), [other]);
        assert!(store.changed_rows(ListName::Outbox).is_empty());
    }
}
