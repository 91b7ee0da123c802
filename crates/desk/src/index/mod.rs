//! Both lists in memory, for searching, sorting and counting: what the profile holds of them is sealed row by row
//! (D14), so the database can't search it.
//!
//! The store notes which rows changed; before a list is asked anything, those are read again. So no writer has to
//! know of the index, and whoever has stored something finds it. An index is built once, in the background, when the
//! profile is open; a list that is asked for earlier waits for it.

mod arena;
mod query;
mod rows;
mod standing;
#[cfg(test)]
mod tests;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use care_model::{DeliveryId, TerminalId, limits};
use chrono::TimeDelta;
use desk_ipc::{CommandError, FiguresView};
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    core::Core,
    lists,
    store::{ListName, StoreError},
};

pub(crate) use query::{Filter, day_after, day_begins, in_japan};
pub(crate) use rows::{Counted, Indexed, ListRows};
pub(crate) use standing::Standing;

/// Rows that are read together: few enough for their sealed columns to be small in memory.
const ROWS_AT_ONCE: usize = 500;

/// The indexes of both lists.
#[derive(Default)]
pub(crate) struct ListIndexes {
    inbox: ListIndex,
    outbox: ListIndex,
}

/// The index of one list.
#[derive(Default)]
struct ListIndex {
    /// None until it was built.
    rows: Mutex<Option<ListRows>>,
    built: AtomicBool,
}

impl ListIndexes {
    fn of(&self, list: ListName) -> &ListIndex {
        match list {
            ListName::Inbox => &self.inbox,
            ListName::Outbox => &self.outbox,
        }
    }

    /// Forgets both: they are built anew when they are asked next.
    pub(crate) async fn forget(&self) {
        for index in [&self.inbox, &self.outbox] {
            let mut rows = index.rows.lock().await;
            *rows = None;
            index.built.store(false, Ordering::Release);
        }
    }

    /// Whether a list can be asked without waiting for its index.
    fn are_built(&self) -> bool {
        [&self.inbox, &self.outbox]
            .iter()
            .all(|index| index.built.load(Ordering::Acquire))
    }
}

/// An index that is up to date for as long as this is held.
pub(crate) struct Fresh<'a>(MutexGuard<'a, Option<ListRows>>);

impl Fresh<'_> {
    pub(crate) fn rows(&mut self) -> &mut ListRows {
        self.0.get_or_insert_default()
    }
}

/// Builds both indexes.
pub(crate) async fn build(core: Arc<Core>) {
    let both = async {
        for list in [ListName::Inbox, ListName::Outbox] {
            if let Err(error) = core.list_rows(list).await {
                // Whoever asks for the list tries again, and is told.
                tracing::warn!(%error, "a list cannot be indexed");
            }
        }
    };
    tokio::select! {
        () = core.closing.cancelled() => {}
        () = both => {}
    }
}

impl Core {
    /// The rows of a list as they are stored now.
    pub(crate) async fn list_rows(&self, list: ListName) -> Result<Fresh<'_>, StoreError> {
        let index = self.indexes.of(list);
        let mut fresh = Fresh(index.rows.lock().await);
        let terminal = self.identity().map(|identity| identity.terminal);
        if fresh.0.is_none() {
            *fresh.0 = Some(self.build_rows(list, terminal).await?);
            index.built.store(true, Ordering::Release);
        }
        self.catch_up(list, fresh.rows(), terminal).await?;
        Ok(fresh)
    }

    /// Reads what changed into an index that is there already, so that many changes do not wait for the next question.
    pub(crate) async fn index_changes(&self, list: ListName) {
        if self.indexes.of(list).built.load(Ordering::Acquire)
            && let Err(error) = self.list_rows(list).await
        {
            // The rows stay noted as changed: whoever asks for the list tries again, and is told.
            tracing::warn!(%error, "changes of a list cannot be indexed");
        }
    }

    /// Today's figures, as the lists show them; before those are indexed, as the database counts them.
    pub(crate) async fn figures(&self) -> Result<FiguresView, CommandError> {
        let drafts = self.store.draft_count().await?;
        let soon = self.now() + TimeDelta::days(limits::KEEPING_SHOWN_DAYS);
        let ending = self.store.ending_count(soon).await?;
        if !self.indexes.are_built() {
            let (waiting, not_downloaded) = self.store.list_figures().await?;
            return Ok(FiguresView {
                waiting,
                ending,
                drafts,
                not_downloaded,
                unsent: self.store.unsent_count().await?,
            });
        }
        let waiting = self.list_rows(ListName::Inbox).await?.rows().open();
        let mut fresh = self.list_rows(ListName::Outbox).await?;
        let outbox = fresh.rows();
        Ok(FiguresView {
            waiting,
            ending,
            drafts,
            not_downloaded: outbox.open() - outbox.unsent(),
            unsent: outbox.unsent(),
        })
    }

    async fn build_rows(&self, list: ListName, terminal: Option<TerminalId>) -> Result<ListRows, StoreError> {
        let mut rows = ListRows::default();
        let mut after = 0;
        loop {
            let ids = self.store.list_ids_after(list, after, ROWS_AT_ONCE).await?;
            let Some((last, _)) = ids.last() else { break };
            after = *last;
            let ids: Vec<DeliveryId> = ids.into_iter().map(|(_, delivery)| delivery).collect();
            self.read_into(list, &mut rows, &ids, terminal).await?;
        }
        if list == ListName::Outbox {
            for ids in self.store.unlisted_outgoing().await?.chunks(ROWS_AT_ONCE) {
                self.read_into(list, &mut rows, ids, terminal).await?;
            }
        }
        rows.shrink();
        Ok(rows)
    }

    /// Reads again what changed since the index was last asked.
    async fn catch_up(
        &self,
        list: ListName,
        rows: &mut ListRows,
        terminal: Option<TerminalId>,
    ) -> Result<(), StoreError> {
        let changed = self.store.changed_rows(list);
        for some in changed.chunks(ROWS_AT_ONCE) {
            let ids: Vec<DeliveryId> = some.iter().map(|(delivery, _)| *delivery).collect();
            self.read_into(list, rows, &ids, terminal).await?;
            self.store.changed_rows_known(list, some);
        }
        Ok(())
    }

    async fn read_into(
        &self,
        list: ListName,
        rows: &mut ListRows,
        ids: &[DeliveryId],
        terminal: Option<TerminalId>,
    ) -> Result<(), StoreError> {
        let mut found: Vec<Indexed> = match list {
            ListName::Inbox => {
                let known = self.store.inbox_rows(ids).await?;
                known.iter().map(|row| lists::indexed_inbox(row, terminal)).collect()
            }
            ListName::Outbox => {
                let known = self.store.outbox_rows(ids).await?;
                known.iter().filter_map(lists::indexed_outbox).collect()
            }
        };
        found.sort_unstable_by_key(|row| row.delivery);
        for id in ids {
            if found.binary_search_by_key(id, |row| row.delivery).is_err() {
                rows.remove(*id);
            }
        }
        found.into_iter().for_each(|row| rows.put(row));
        Ok(())
    }
}
