//! Rows of a list with all that this terminal knows of them, many at a time.

use std::collections::{HashMap, HashSet};

use care_model::DeliveryId;
use chrono::{DateTime, Utc};
use exchange_protocol::{InboxEntry, OutboxEntry};
use sqlx::{QueryBuilder, Sqlite};

use super::{ListName, Outgoing, Pickup, Store, StoreError, from_millis, id_bytes, lists, outgoing};
use crate::cover::Cover;

/// A row of 受信一覧.
pub(crate) struct InboxListed {
    pub(crate) entry: InboxEntry,
    pub(crate) cover: Option<Cover>,
    pub(crate) pickup: Option<Pickup>,
    pub(crate) imported_at: Option<DateTime<Utc>>,
    /// Whether there is a copy of it.
    pub(crate) has_copy: bool,
}

/// A row of 送信一覧: what the exchange told, what this desk has, or both.
pub(crate) struct OutboxListed {
    pub(crate) entry: Option<OutboxEntry>,
    pub(crate) outgoing: Option<Outgoing>,
}

type InboxColumns = (
    Vec<u8>,
    Vec<u8>,
    Option<Vec<u8>>,
    Option<String>,
    Option<Vec<u8>>,
    Option<i64>,
    bool,
);

impl Store {
    /// The identities of a list behind a row number, with theirs.
    pub(crate) async fn list_ids_after(
        &self,
        list: ListName,
        after: i64,
        count: usize,
    ) -> Result<Vec<(i64, DeliveryId)>, StoreError> {
        let (table, statement) = match list {
            ListName::Inbox => (
                lists::INBOX,
                "SELECT rowid, delivery FROM inbox WHERE rowid > ? ORDER BY rowid LIMIT ?",
            ),
            ListName::Outbox => (
                lists::OUTBOX,
                "SELECT rowid, delivery FROM outbox WHERE rowid > ? ORDER BY rowid LIMIT ?",
            ),
        };
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(statement)
            .bind(after)
            .bind(i64::try_from(count).unwrap_or(i64::MAX))
            .fetch_all(&self.read)
            .await?;
        rows.into_iter()
            .map(|(row, id)| Ok((row, DeliveryId::from_bytes(id_bytes(table, &id)?))))
            .collect()
    }

    /// The deliveries on this desk that the exchange has not told of.
    pub(crate) async fn unlisted_outgoing(&self) -> Result<Vec<DeliveryId>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as(
            "SELECT delivery FROM outgoing WHERE NOT EXISTS
                 (SELECT 1 FROM outbox WHERE outbox.delivery = outgoing.delivery)",
        )
        .fetch_all(&self.read)
        .await?;
        rows.into_iter()
            .map(|(id,)| Ok(DeliveryId::from_bytes(id_bytes(lists::OUTBOX, &id)?)))
            .collect()
    }

    /// Those of these that 送信一覧 shows as taken back.
    pub(crate) async fn recalled_among(&self, deliveries: &[DeliveryId]) -> Result<HashSet<DeliveryId>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = among(
            "SELECT delivery FROM outbox WHERE state = 'recalled' AND delivery IN ",
            deliveries,
        )
        .build_query_as()
        .fetch_all(&self.read)
        .await?;
        rows.into_iter()
            .map(|(id,)| Ok(DeliveryId::from_bytes(id_bytes(lists::OUTBOX, &id)?)))
            .collect()
    }

    /// Everything that 送信一覧 shows as taken back.
    pub(crate) async fn recalled_outbox(&self) -> Result<Vec<DeliveryId>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as("SELECT delivery FROM outbox WHERE state = 'recalled'")
            .fetch_all(&self.read)
            .await?;
        rows.into_iter()
            .map(|(id,)| Ok(DeliveryId::from_bytes(id_bytes(lists::OUTBOX, &id)?)))
            .collect()
    }

    /// These rows of 受信一覧, in this order; those that are not there are left out.
    pub(crate) async fn inbox_rows(&self, deliveries: &[DeliveryId]) -> Result<Vec<InboxListed>, StoreError> {
        let rows: Vec<InboxColumns> = among(
            "SELECT inbox.delivery, inbox.sealed, inbox.cover, pickup.state, pickup.sealed, imported.imported_at,
                 received_copy.sealed IS NOT NULL
             FROM inbox LEFT JOIN pickup ON pickup.delivery = inbox.delivery
             LEFT JOIN received_copy ON received_copy.delivery = inbox.delivery
             LEFT JOIN imported ON imported.delivery = inbox.delivery WHERE inbox.delivery IN ",
            deliveries,
        )
        .build_query_as()
        .fetch_all(&self.read)
        .await?;
        let mut found = HashMap::with_capacity(rows.len());
        for (id, sealed, cover, state, fetched, imported_at, has_copy) in rows {
            let pickup = match (state, fetched) {
                (Some(state), Some(fetched)) => Some(self.pickup_of((id.clone(), state, fetched))?),
                _ => None,
            };
            let stored = self.inbox_of((id, sealed, cover))?;
            let row = InboxListed {
                entry: stored.entry,
                cover: stored.cover,
                pickup,
                imported_at: imported_at.map(from_millis),
                has_copy,
            };
            found.insert(row.entry.header.id, row);
        }
        Ok(deliveries
            .iter()
            .filter_map(|delivery| found.remove(delivery))
            .collect())
    }

    /// These rows of 送信一覧, in this order; those that are not there are left out.
    pub(crate) async fn outbox_rows(&self, deliveries: &[DeliveryId]) -> Result<Vec<OutboxListed>, StoreError> {
        let told: Vec<(Vec<u8>, Vec<u8>)> = among("SELECT delivery, sealed FROM outbox WHERE delivery IN ", deliveries)
            .build_query_as()
            .fetch_all(&self.read)
            .await?;
        let here: Vec<outgoing::Row> = among(
            "SELECT delivery, composition, position, state, queued_at, sealed FROM outgoing WHERE delivery IN ",
            deliveries,
        )
        .build_query_as()
        .fetch_all(&self.read)
        .await?;
        let mut entries: HashMap<DeliveryId, OutboxEntry> = HashMap::with_capacity(told.len());
        for (id, sealed) in told {
            let entry: OutboxEntry = self.unseal(lists::OUTBOX, &id, &sealed)?;
            entries.insert(entry.header.id, entry);
        }
        let mut outgoing: HashMap<DeliveryId, Outgoing> = HashMap::with_capacity(here.len());
        for row in here {
            let row = self.outgoing_of(row)?;
            outgoing.insert(row.delivery, row);
        }
        let row = |delivery: &DeliveryId| {
            let row = OutboxListed {
                entry: entries.remove(delivery),
                outgoing: outgoing.remove(delivery),
            };
            (row.entry.is_some() || row.outgoing.is_some()).then_some(row)
        };
        Ok(deliveries.iter().filter_map(row).collect())
    }
}

/// A statement about some deliveries.
fn among(statement: &'static str, deliveries: &[DeliveryId]) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(statement);
    query.push("(");
    let mut ids = query.separated(", ");
    for delivery in deliveries {
        ids.push_bind(delivery.as_bytes().to_vec());
    }
    query.push(")");
    query
}
