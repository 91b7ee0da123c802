//! Compositions and drafts.

use chrono::{DateTime, Utc};
use desk_ipc::CompositionId;
use serde::{Serialize, de::DeserializeOwned};

use super::{Store, StoreError, from_millis, id_bytes, to_millis};

pub(super) const TABLE: &str = "composition";
pub(super) const DRAFT: &str = "composition draft";

/// A draft as it was saved.
pub(crate) struct StoredDraft<T> {
    pub(crate) id: CompositionId,
    pub(crate) saved_at: DateTime<Utc>,
    pub(crate) content: T,
}

/// A composition in the making.
pub(crate) struct StoredWorking<T> {
    pub(crate) id: CompositionId,
    pub(crate) working: T,
    pub(crate) draft: Option<T>,
    pub(crate) changed_at: DateTime<Utc>,
}

impl Store {
    /// Every composition in the making, with its draft if there is one.
    pub(crate) async fn working<T: DeserializeOwned>(&self) -> Result<Vec<StoredWorking<T>>, StoreError> {
        let rows: Vec<(Vec<u8>, Vec<u8>, Option<Vec<u8>>, i64)> = sqlx::query_as(
            "SELECT id, working, draft, changed_at FROM composition WHERE working IS NOT NULL
             ORDER BY changed_at DESC, id DESC",
        )
        .fetch_all(&self.read)
        .await?;
        rows.into_iter()
            .map(|(id, working, draft, changed_at)| {
                let draft = draft.map(|draft| self.unseal(DRAFT, &id, &draft)).transpose()?;
                Ok(StoredWorking {
                    id: CompositionId::from_bytes(id_bytes(TABLE, &id)?),
                    working: self.unseal(TABLE, &id, &working)?,
                    draft,
                    changed_at: from_millis(changed_at),
                })
            })
            .collect()
    }

    /// Stores a composition as it stands.
    pub(crate) async fn put_composition<T: Serialize>(
        &self,
        id: CompositionId,
        working: &T,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sealed = self.seal(TABLE, id.as_bytes(), working)?;
        sqlx::query(
            "INSERT INTO composition (id, working, changed_at) VALUES (?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET working = excluded.working, changed_at = excluded.changed_at",
        )
        .bind(id.as_bytes().as_slice())
        .bind(sealed)
        .bind(to_millis(now))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Reads a composition as it was last stored.
    pub(crate) async fn composition<T: DeserializeOwned>(&self, id: CompositionId) -> Result<Option<T>, StoreError> {
        let row: Option<(Option<Vec<u8>>,)> = sqlx::query_as("SELECT working FROM composition WHERE id = ?")
            .bind(id.as_bytes().as_slice())
            .fetch_optional(&self.read)
            .await?;
        row.and_then(|(working,)| working)
            .map(|sealed| self.unseal(TABLE, id.as_bytes(), &sealed))
            .transpose()
    }

    /// Reads every composition and draft, for the sweep of the spool.
    pub(crate) async fn all_compositions<T: DeserializeOwned>(&self) -> Result<Vec<T>, StoreError> {
        let rows: Vec<(Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>)> =
            sqlx::query_as("SELECT id, working, draft FROM composition")
                .fetch_all(&self.read)
                .await?;
        let mut all = Vec::new();
        for (id, working, draft) in rows {
            for (table, sealed) in [(TABLE, working), (DRAFT, draft)] {
                if let Some(sealed) = sealed {
                    all.push(self.unseal(table, &id, &sealed)?);
                }
            }
        }
        Ok(all)
    }

    /// Stores a draft, which is the composition at this moment.
    pub(crate) async fn put_draft<T: Serialize>(
        &self,
        id: CompositionId,
        draft: &T,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sealed = self.seal(DRAFT, id.as_bytes(), draft)?;
        sqlx::query(
            "UPDATE composition SET draft = ?1, saved_at = ?2, changed_at = ?2, deleted_at = NULL WHERE id = ?3",
        )
        .bind(sealed)
        .bind(to_millis(now))
        .bind(id.as_bytes().as_slice())
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Reads a draft as it was saved.
    pub(crate) async fn draft<T: DeserializeOwned>(
        &self,
        id: CompositionId,
    ) -> Result<Option<StoredDraft<T>>, StoreError> {
        let row: Option<(Vec<u8>, i64)> = sqlx::query_as(
            "SELECT draft, saved_at FROM composition WHERE id = ? AND draft IS NOT NULL AND deleted_at IS NULL",
        )
        .bind(id.as_bytes().as_slice())
        .fetch_optional(&self.read)
        .await?;
        row.map(|(sealed, saved_at)| {
            Ok(StoredDraft {
                id,
                saved_at: from_millis(saved_at),
                content: self.unseal(DRAFT, id.as_bytes(), &sealed)?,
            })
        })
        .transpose()
    }

    /// Whether a draft is stored.
    pub(crate) async fn has_draft(&self, id: CompositionId) -> Result<bool, StoreError> {
        let row: Option<(i64,)> =
            sqlx::query_as("SELECT 1 FROM composition WHERE id = ? AND draft IS NOT NULL AND deleted_at IS NULL")
                .bind(id.as_bytes().as_slice())
                .fetch_optional(&self.read)
                .await?;
        Ok(row.is_some())
    }

    /// 下書き一覧, newest first.
    pub(crate) async fn drafts<T: DeserializeOwned>(&self) -> Result<Vec<StoredDraft<T>>, StoreError> {
        let rows: Vec<(Vec<u8>, Vec<u8>, i64)> = sqlx::query_as(
            "SELECT id, draft, saved_at FROM composition WHERE draft IS NOT NULL AND deleted_at IS NULL ORDER BY saved_at DESC, id DESC",
        )
        .fetch_all(&self.read)
        .await?;
        rows.into_iter()
            .map(|(id, sealed, saved_at)| {
                let id = CompositionId::from_bytes(id_bytes(TABLE, &id)?);
                Ok(StoredDraft {
                    id,
                    saved_at: from_millis(saved_at),
                    content: self.unseal(DRAFT, id.as_bytes(), &sealed)?,
                })
            })
            .collect()
    }

    /// The number of drafts.
    pub(crate) async fn draft_count(&self) -> Result<u32, StoreError> {
        let (count,): (i64,) =
            sqlx::query_as("SELECT count(*) FROM composition WHERE draft IS NOT NULL AND deleted_at IS NULL")
                .fetch_one(&self.read)
                .await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Throws away what is in the making; a draft stays.
    pub(crate) async fn drop_working(&self, id: CompositionId) -> Result<(), StoreError> {
        let mut transaction = self.write.begin().await?;
        sqlx::query("UPDATE composition SET working = NULL WHERE id = ?")
            .bind(id.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM composition WHERE id = ? AND working IS NULL AND draft IS NULL")
            .bind(id.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Marks drafts as deleted, or as not deleted. Answers how many there were.
    pub(crate) async fn mark_drafts_deleted(
        &self,
        ids: &[CompositionId],
        deleted_at: Option<DateTime<Utc>>,
    ) -> Result<usize, StoreError> {
        let mut marked = 0;
        let mut transaction = self.write.begin().await?;
        for id in ids {
            let done = sqlx::query("UPDATE composition SET deleted_at = ? WHERE id = ? AND draft IS NOT NULL")
                .bind(deleted_at.map(to_millis))
                .bind(id.as_bytes().as_slice())
                .execute(&mut *transaction)
                .await?;
            marked += usize::from(done.rows_affected() > 0);
        }
        transaction.commit().await?;
        Ok(marked)
    }

    /// Throws deleted drafts away for good; what is in the making stays.
    pub(crate) async fn purge_deleted_drafts(&self) -> Result<(), StoreError> {
        let mut transaction = self.write.begin().await?;
        sqlx::query(
            "UPDATE composition SET draft = NULL, saved_at = NULL, deleted_at = NULL WHERE deleted_at IS NOT NULL",
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query("DELETE FROM composition WHERE working IS NULL AND draft IS NULL")
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}
