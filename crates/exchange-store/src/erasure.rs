//! What ends by time, and the bytes that outlive their key for a moment.

use std::collections::HashSet;
use std::sync::Arc;

use care_model::DeliveryId;
use chrono::{DateTime, Utc};

use crate::{
    Store, StoreError, convert,
    writer::{After, Batch},
};

/// The name of the setting that says until when erased bytes stay where they are, in milliseconds since 1970.
const HELD_UNTIL: &str = "erasures_held_until";

/// Leaves word to delete a folder of content.
pub(crate) async fn schedule(batch: &mut Batch, id: DeliveryId) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO erasure (id) VALUES (?) ON CONFLICT DO NOTHING")
        .bind(id.as_bytes().to_vec())
        .execute(&mut batch.connection)
        .await?;
    batch.after(After::ErasureDue);
    Ok(())
}

impl Store {
    /// Drops uploads that nobody touched since then; gives how many.
    pub async fn drop_stale_uploads(&self, untouched_since: DateTime<Utc>) -> Result<usize, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let stale: Vec<Vec<u8>> =
                        sqlx::query_scalar("DELETE FROM upload WHERE touched_at < ? RETURNING id")
                            .bind(convert::millis(untouched_since))
                            .fetch_all(&mut batch.connection)
                            .await?;
                    for id in &stale {
                        schedule(batch, convert::delivery_id(id)?).await?;
                    }
                    Ok(stale.len())
                })
            })
            .await
    }

    /// Deletes the bytes whose key is destroyed; gives how many deliveries. While a backup is being taken they stay: it
    /// needs every file of the moment in which it began.
    pub async fn delete_erased(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        // In one statement: whatever it finds was erased before the backup that it does not see.
        let ids: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT id FROM erasure WHERE NOT EXISTS \
             (SELECT 1 FROM setting WHERE name = ? AND CAST(value AS INTEGER) > ?)",
        )
        .bind(HELD_UNTIL)
        .bind(convert::millis(now))
        .fetch_all(&self.shared.readers)
        .await?;
        let count = ids.len();
        for id in ids {
            let id = convert::delivery_id(&id)?;
            let _alone = self.shared.uploads.lock(id).await;
            // The sender may have begun again under the same id, and may even be done: then the folder is in use.
            let used: Option<i64> = sqlx::query_scalar(
                "SELECT 1 FROM upload WHERE id = ?1 UNION ALL \
                 SELECT 1 FROM content JOIN delivery ON row = delivery_row WHERE id = ?1 AND sealed IS NULL",
            )
            .bind(id.as_bytes().to_vec())
            .fetch_optional(&self.shared.readers)
            .await?;
            if used.is_none() {
                let shared = Arc::clone(&self.shared);
                let deleted = tokio::task::spawn_blocking(move || shared.folder.delete(id));
                if let Err(error) = deleted.await.map_err(|_| StoreError::Closed)? {
                    tracing::warn!(delivery.id = %id, %error, "erased content could not be deleted yet");
                    continue;
                }
            }
            self.writer
                .act(move |batch| {
                    Box::pin(async move {
                        sqlx::query("DELETE FROM erasure WHERE id = ?")
                            .bind(id.as_bytes().to_vec())
                            .execute(&mut batch.connection)
                            .await?;
                        Ok(())
                    })
                })
                .await?;
        }
        Ok(count)
    }

    /// Waits until bytes are to be deleted.
    pub async fn erasure_due(&self) {
        self.shared.erasure_due.notified().await;
    }

    /// Keeps erased bytes where they are until then, or longer if that was said before.
    pub(crate) async fn hold_erasures(&self, until: DateTime<Utc>) -> Result<(), StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    sqlx::query(
                        "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET \
                         value = max(CAST(value AS INTEGER), CAST(?2 AS INTEGER))",
                    )
                    .bind(HELD_UNTIL)
                    .bind(convert::millis(until).to_string())
                    .execute(&mut batch.connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// At start, before anybody is served: deletes folders that no row knows, left by a death between folder and row; none
    /// while a backup is being taken.
    pub async fn delete_orphans(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let held = self.setting(HELD_UNTIL).await?;
        if held.and_then(|until| until.parse().ok()) > Some(convert::millis(now)) {
            return Ok(0);
        }
        let known: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT id FROM upload UNION ALL \
             SELECT id FROM content JOIN delivery ON row = delivery_row WHERE sealed IS NULL",
        )
        .fetch_all(&self.shared.readers)
        .await?;
        let known = known
            .iter()
            .map(|id| convert::delivery_id(id))
            .collect::<Result<HashSet<_>, _>>()?;
        let shared = Arc::clone(&self.shared);
        let deleted = tokio::task::spawn_blocking(move || {
            let mut deleted = 0;
            for id in shared.folder.list()? {
                if !known.contains(&id) {
                    shared.folder.delete(id)?;
                    deleted += 1;
                }
            }
            Ok(deleted)
        });
        deleted.await.map_err(|_| StoreError::Closed)?
    }
}
