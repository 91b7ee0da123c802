//! What ends by time, and the bytes that outlive their key for a moment.

use std::collections::HashSet;

use care_model::DeliveryId;
use chrono::{DateTime, Utc};
use kill_point::{Point, reach};

use crate::{
    Store, StoreError, convert,
    large::LargeContents,
    sql,
    writer::{After, Batch},
};

/// The name of the setting that says until when erased bytes stay where they are, in milliseconds since 1970.
const HELD_UNTIL: &str = "erasures_held_until";
/// The name of the setting that says how many contents were missing when that was last looked for.
const MISSING: &str = "contents_missing";
/// Contents in the bucket that are looked at in one go.
const ORPHANS_AT_ONCE: usize = 500;

/// Leaves word to delete a folder of content.
pub(crate) async fn schedule(batch: &mut Batch, id: DeliveryId) -> Result<(), StoreError> {
    sql::query("INSERT INTO erasure (id) VALUES (?) ON CONFLICT DO NOTHING")
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
                    let stale: Vec<Vec<u8>> = sql::query_scalar("DELETE FROM upload WHERE touched_at < ? RETURNING id")
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
        let ids: Vec<Vec<u8>> = sql::query_scalar(
            "SELECT id FROM erasure WHERE NOT EXISTS \
             (SELECT 1 FROM setting WHERE CASE WHEN name = ? THEN CAST(value AS BIGINT) ELSE 0 END > ?)",
        )
        .bind(HELD_UNTIL)
        .bind(convert::millis(now))
        .fetch_all(&self.shared.readers)
        .await?;
        let count = ids.len();
        for id in ids {
            let id = convert::delivery_id(&id)?;
            reach(Point::EraseBegun);
            if let Err(error) = self.delete_unused(id).await {
                tracing::warn!(delivery.id = %id, %error, "erased content could not be deleted yet");
                continue;
            }
            reach(Point::EraseDeleted);
            self.writer
                .act(move |batch| {
                    Box::pin(async move {
                        sql::query("DELETE FROM erasure WHERE id = ?")
                            .bind(id.as_bytes().to_vec())
                            .execute(&mut batch.connection)
                            .await?;
                        Ok(())
                    })
                })
                .await?;
            reach(Point::EraseForgotten);
        }
        Ok(count)
    }

    /// Deletes a content unless it is in use: the sender may have begun again under the same id, and may even be done.
    ///
    /// In the bucket only what was there before the row was asked for is deleted: what another node puts there for an
    /// upload that begins meanwhile comes after its row.
    async fn delete_unused(&self, id: DeliveryId) -> Result<(), StoreError> {
        let _alone = self.shared.uploads.lock(id).await;
        match &self.shared.large {
            LargeContents::Folder(folder) => {
                if self.is_used(id).await? {
                    return Ok(());
                }
                let folder = folder.clone();
                let deleted = tokio::task::spawn_blocking(move || folder.delete(id));
                deleted.await.map_err(|_| StoreError::Closed)?
            }
            LargeContents::Bucket(bucket) => {
                let listed = bucket.list(id).await?;
                if self.is_used(id).await? {
                    return Ok(());
                }
                bucket.delete(listed).await
            }
        }
    }

    async fn is_used(&self, id: DeliveryId) -> Result<bool, StoreError> {
        let used: Option<i64> = sql::query_scalar(
            "SELECT 1 FROM upload WHERE id = ?1 UNION ALL \
             SELECT 1 FROM content JOIN delivery ON row = delivery_row WHERE id = ?1 AND sealed IS NULL",
        )
        .bind(id.as_bytes().to_vec())
        .fetch_optional(&self.shared.readers)
        .await?;
        Ok(used.is_some())
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
                    sql::query(
                        "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value \
                         WHERE CAST(setting.value AS BIGINT) < CAST(excluded.value AS BIGINT)",
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

    /// Deletes contents that no row knows, left by a death between the two; none while a backup is being taken. In the
    /// folder before anybody is served; in the bucket at any time, a page after the other.
    pub async fn delete_orphans(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        match &self.shared.large {
            LargeContents::Folder(folder) => {
                let held = self.setting(HELD_UNTIL).await?;
                if held.and_then(|until| until.parse().ok()) > Some(convert::millis(now)) {
                    return Ok(0);
                }
                let known = self.known_contents().await?;
                let folder = folder.clone();
                let deleted = tokio::task::spawn_blocking(move || {
                    let mut deleted = 0;
                    for id in folder.list()? {
                        if !known.contains(&id) {
                            folder.delete(id)?;
                            deleted += 1;
                        }
                    }
                    Ok(deleted)
                });
                deleted.await.map_err(|_| StoreError::Closed)?
            }
            LargeContents::Bucket(bucket) => {
                let (mut after, mut deleted) = (None, 0);
                loop {
                    // Listed first: whatever is put there has its row already.
                    let page = bucket.list_all(after, ORPHANS_AT_ONCE).await?;
                    let Some((last, _)) = page.last() else {
                        return Ok(deleted);
                    };
                    after = Some(*last);
                    for (id, listed) in page {
                        if !self.is_used(id).await? {
                            bucket.delete(listed).await?;
                            deleted += 1;
                        }
                    }
                }
            }
        }
    }

    /// Looks for contents that rows name and that do not lie whole where contents lie: an older copy of them was put back
    /// under newer rows, or somebody deleted them. Gives how many, and remembers it for every process.
    pub async fn find_missing_contents(&self) -> Result<u64, StoreError> {
        let rows = sql::query(
            "SELECT id, content_bytes FROM content JOIN delivery ON row = delivery_row \
             WHERE sealed IS NULL AND content_bytes > 0",
        )
        .fetch_all(&self.shared.readers)
        .await?;
        let mut named = Vec::with_capacity(rows.len());
        for row in rows {
            let id = convert::delivery_id(row.try_get("id")?)?;
            named.push((id, convert::number(row.try_get("content_bytes")?)?));
        }
        // Sealed bytes are more than the plain ones of the row: where fewer lie, some are missing.
        let suspects: Vec<DeliveryId> = match &self.shared.large {
            LargeContents::Folder(folder) => {
                let folder = folder.clone();
                let looked = tokio::task::spawn_blocking(move || {
                    let mut suspects = Vec::new();
                    for (id, bytes) in named {
                        if folder.stored_bytes(id)? < bytes {
                            suspects.push(id);
                        }
                    }
                    Ok::<_, StoreError>(suspects)
                });
                looked.await.map_err(|_| StoreError::Closed)??
            }
            LargeContents::Bucket(bucket) => {
                let stored = bucket.stored_bytes().await?;
                let lacks = |(id, bytes): &(DeliveryId, u64)| stored.get(id).is_none_or(|there| there < bytes);
                named.into_iter().filter(lacks).map(|(id, _)| id).collect()
            }
        };
        let mut missing = 0;
        for id in suspects {
            // Whatever was fetched meanwhile is erased.
            if self.is_used(id).await? {
                tracing::error!(delivery.id = %id, "the content of a delivery is missing");
                missing += 1;
            }
        }
        if self.contents_missing().await? != missing {
            self.remember(MISSING, missing.to_string()).await?;
        }
        Ok(missing)
    }

    /// How many contents were missing when that was last looked for.
    pub async fn contents_missing(&self) -> Result<u64, StoreError> {
        let missing = self.setting(MISSING).await?;
        missing.map_or(Ok(0), |missing| {
            missing.parse().map_err(|_| StoreError::Damaged { what: "number" })
        })
    }

    async fn known_contents(&self) -> Result<HashSet<DeliveryId>, StoreError> {
        let known: Vec<Vec<u8>> = sql::query_scalar(
            "SELECT id FROM upload UNION ALL \
             SELECT id FROM content JOIN delivery ON row = delivery_row WHERE sealed IS NULL",
        )
        .fetch_all(&self.shared.readers)
        .await?;
        known.iter().map(|id| convert::delivery_id(id)).collect()
    }
}
