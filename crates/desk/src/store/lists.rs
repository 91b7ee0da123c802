//! 受信一覧 and 送信一覧 as the exchange told them.

use care_model::DeliveryId;
use chrono::{DateTime, Utc};
use exchange_protocol::{DeliveryStatus, InboxEntry, OutboxEntry};

use super::{Store, StoreError, from_millis, to_millis};
use crate::cover::Cover;

pub(super) const INBOX: &str = "inbox";
/// Deliveries that are looked at for whether they end soon.
const ENDING_LOOKED_AT: i64 = 1_000;
const COVER: &str = "inbox cover";
pub(super) const OUTBOX: &str = "outbox";

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListName {
    /// 受信一覧.
    Inbox,
    /// 送信一覧.
    Outbox,
}

impl ListName {
    fn as_str(self) -> &'static str {
        match self {
            Self::Inbox => INBOX,
            Self::Outbox => OUTBOX,
        }
    }
}

/// A row of 受信一覧 with its cover, once that was read.
pub(crate) struct InboxStored {
    pub(crate) entry: InboxEntry,
    pub(crate) cover: Option<Cover>,
}

/// A row of 送信一覧.
pub(crate) type OutboxStored = OutboxEntry;

/// The state column: enough to count by.
fn state_word(status: &DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Waiting => "waiting",
        DeliveryStatus::Claimed { .. } => "claimed",
        DeliveryStatus::Received { .. } => "received",
        DeliveryStatus::Recalled { .. } => "recalled",
        DeliveryStatus::Expired { .. } => "expired",
    }
}

impl Store {
    /// How far a list was read.
    pub(crate) async fn list_cursor(&self, list: ListName) -> Result<(u64, Option<DateTime<Utc>>), StoreError> {
        let row: Option<(i64, i64)> = sqlx::query_as("SELECT upto, synced_at FROM list WHERE name = ?")
            .bind(list.as_str())
            .fetch_optional(&self.read)
            .await?;
        Ok(row.map_or((0, None), |(upto, at)| {
            (u64::try_from(upto).unwrap_or(0), Some(from_millis(at)))
        }))
    }

    /// Stores a page of 受信一覧 with its cursor. Answers how many rows were new and waiting, beyond the sequence that
    /// was announced before.
    pub(crate) async fn put_inbox_page(
        &self,
        rows: &[InboxEntry],
        upto: u64,
        announced: u64,
        now: DateTime<Utc>,
    ) -> Result<u32, StoreError> {
        let mut arrived = 0;
        let mut transaction = self.write.begin().await?;
        for entry in rows {
            let id = entry.header.id.as_bytes().as_slice();
            let known: Option<(i64,)> = sqlx::query_as("SELECT sequence FROM inbox WHERE delivery = ?")
                .bind(id)
                .fetch_optional(&mut *transaction)
                .await?;
            if known.is_none() && entry.status == DeliveryStatus::Waiting && entry.sequence > announced {
                arrived += 1;
            }
            // What a person wrote into a delivery goes when its data are not to be had any more.
            sqlx::query(
                "INSERT INTO inbox (delivery, sequence, state, sealed) VALUES (?, ?, ?, ?)
                 ON CONFLICT (delivery) DO UPDATE SET state = excluded.state, sealed = excluded.sealed,
                     cover = CASE WHEN excluded.state IN ('recalled', 'expired') THEN NULL ELSE cover END",
            )
            .bind(id)
            .bind(i64::try_from(entry.sequence).unwrap_or(i64::MAX))
            .bind(state_word(&entry.status))
            .bind(self.seal(INBOX, id, entry)?)
            .execute(&mut *transaction)
            .await?;
        }
        put_cursor(&mut transaction, ListName::Inbox, upto, now).await?;
        transaction.commit().await?;
        self.note_changed(ListName::Inbox, rows.iter().map(|entry| entry.header.id));
        Ok(arrived)
    }

    /// Stores a page of 送信一覧 with its cursor. Answers how many rows the other side has downloaded since.
    pub(crate) async fn put_outbox_page(
        &self,
        rows: &[OutboxEntry],
        upto: u64,
        now: DateTime<Utc>,
    ) -> Result<u32, StoreError> {
        let mut downloaded = 0;
        let mut transaction = self.write.begin().await?;
        for entry in rows {
            let id = entry.header.id.as_bytes().as_slice();
            let known: Option<(String,)> = sqlx::query_as("SELECT state FROM outbox WHERE delivery = ?")
                .bind(id)
                .fetch_optional(&mut *transaction)
                .await?;
            let word = state_word(&entry.status);
            if word == "received" && known.is_some_and(|(state,)| state != word) {
                downloaded += 1;
            }
            sqlx::query(
                "INSERT INTO outbox (delivery, sequence, state, sealed) VALUES (?, ?, ?, ?)
                 ON CONFLICT (delivery) DO UPDATE SET state = excluded.state, sealed = excluded.sealed",
            )
            .bind(id)
            .bind(i64::try_from(entry.sequence).unwrap_or(i64::MAX))
            .bind(word)
            .bind(self.seal(OUTBOX, id, entry)?)
            .execute(&mut *transaction)
            .await?;
        }
        put_cursor(&mut transaction, ListName::Outbox, upto, now).await?;
        transaction.commit().await?;
        self.note_changed(ListName::Outbox, rows.iter().map(|entry| entry.header.id));
        Ok(downloaded)
    }

    /// Begins both lists anew, as after a restore of the exchange: its cursors may mean something else now.
    pub(crate) async fn rewind_lists(&self) -> Result<(), StoreError> {
        sqlx::query("UPDATE list SET upto = 0").execute(&self.write).await?;
        Ok(())
    }

    /// One row of 受信一覧.
    pub(crate) async fn inbox_entry(&self, delivery: DeliveryId) -> Result<Option<InboxStored>, StoreError> {
        let row: Option<(Vec<u8>, Vec<u8>, Option<Vec<u8>>)> =
            sqlx::query_as("SELECT delivery, sealed, cover FROM inbox WHERE delivery = ?")
                .bind(delivery.as_bytes().as_slice())
                .fetch_optional(&self.read)
                .await?;
        row.map(|row| self.inbox_of(row)).transpose()
    }

    /// Rows of 受信一覧 that can still be fetched.
    pub(crate) async fn inbox_fetchable(&self) -> Result<Vec<InboxEntry>, StoreError> {
        let rows: Vec<(Vec<u8>, Vec<u8>)> =
            sqlx::query_as("SELECT delivery, sealed FROM inbox WHERE state IN ('waiting', 'claimed')")
                .fetch_all(&self.read)
                .await?;
        rows.into_iter()
            .map(|(id, sealed)| self.unseal(INBOX, &id, &sealed))
            .collect()
    }

    /// Rows of 受信一覧 that can still be fetched and whose cover is not here. Many have none.
    pub(crate) async fn inbox_without_cover(&self) -> Result<Vec<InboxEntry>, StoreError> {
        let rows: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
            "SELECT delivery, sealed FROM inbox WHERE state IN ('waiting', 'claimed') AND cover IS NULL",
        )
        .fetch_all(&self.read)
        .await?;
        rows.into_iter()
            .map(|(id, sealed)| self.unseal(INBOX, &id, &sealed))
            .collect()
    }

    /// Stores a cover that was read, unless its delivery was taken back or expired meanwhile.
    pub(crate) async fn put_cover(&self, delivery: DeliveryId, cover: &Cover) -> Result<(), StoreError> {
        let id = delivery.as_bytes().as_slice();
        sqlx::query("UPDATE inbox SET cover = ? WHERE delivery = ? AND state NOT IN ('recalled', 'expired')")
            .bind(self.seal(COVER, id, cover)?)
            .bind(id)
            .execute(&self.write)
            .await?;
        self.note_changed(ListName::Inbox, [delivery]);
        Ok(())
    }

    /// One row of 送信一覧.
    pub(crate) async fn outbox_entry(&self, delivery: DeliveryId) -> Result<Option<OutboxStored>, StoreError> {
        let id = delivery.as_bytes().as_slice();
        let row: Option<(Vec<u8>,)> = sqlx::query_as("SELECT sealed FROM outbox WHERE delivery = ?")
            .bind(id)
            .fetch_optional(&self.read)
            .await?;
        row.map(|(sealed,)| self.unseal(OUTBOX, id, &sealed)).transpose()
    }

    /// Stores how one row of 送信一覧 stands now, by an answer of the exchange about it. A row that is not there is
    /// left to the next reading of the list.
    pub(crate) async fn put_outbox_status(
        &self,
        delivery: DeliveryId,
        status: DeliveryStatus,
    ) -> Result<(), StoreError> {
        let Some(mut entry) = self.outbox_entry(delivery).await? else {
            return Ok(());
        };
        entry.status = status;
        let id = delivery.as_bytes().as_slice();
        sqlx::query("UPDATE outbox SET state = ?, sealed = ? WHERE delivery = ?")
            .bind(state_word(&entry.status))
            .bind(self.seal(OUTBOX, id, &entry)?)
            .bind(id)
            .execute(&self.write)
            .await?;
        self.note_changed(ListName::Outbox, [delivery]);
        Ok(())
    }

    /// How many of 受信一覧 wait, and how many of 送信一覧 the other side has not downloaded.
    pub(crate) async fn list_figures(&self) -> Result<(u32, u32), StoreError> {
        let (waiting, sent): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM inbox WHERE state IN ('waiting', 'claimed')),
                    (SELECT count(*) FROM outbox WHERE state IN ('waiting', 'claimed'))",
        )
        .fetch_one(&self.read)
        .await?;
        let count = |n| u32::try_from(n).unwrap_or(u32::MAX);
        Ok((count(waiting), count(sent)))
    }

    /// How many of the oldest deliveries that wait in 受信一覧 are kept no longer than until then.
    pub(crate) async fn ending_count(&self, until: DateTime<Utc>) -> Result<u32, StoreError> {
        let oldest: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
            "SELECT delivery, sealed FROM inbox WHERE state IN ('waiting', 'claimed') ORDER BY sequence LIMIT ?",
        )
        .bind(ENDING_LOOKED_AT)
        .fetch_all(&self.read)
        .await?;
        let mut ending = 0;
        for (id, sealed) in oldest {
            let entry: InboxEntry = self.unseal(INBOX, &id, &sealed)?;
            ending += u32::from(entry.kept_until.is_some_and(|kept_until| kept_until <= until));
        }
        Ok(ending)
    }

    pub(super) fn inbox_of(
        &self,
        (id, sealed, cover): (Vec<u8>, Vec<u8>, Option<Vec<u8>>),
    ) -> Result<InboxStored, StoreError> {
        Ok(InboxStored {
            entry: self.unseal(INBOX, &id, &sealed)?,
            cover: cover.map(|cover| self.unseal(COVER, &id, &cover)).transpose()?,
        })
    }
}

async fn put_cursor(
    transaction: &mut sqlx::Transaction<'_, sqlx::Sqlite>,
    list: ListName,
    upto: u64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO list (name, upto, synced_at) VALUES (?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET upto = excluded.upto, synced_at = excluded.synced_at",
    )
    .bind(list.as_str())
    .bind(i64::try_from(upto).unwrap_or(i64::MAX))
    .bind(to_millis(now))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
