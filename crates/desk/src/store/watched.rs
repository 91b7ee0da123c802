//! What was prepared from the watched folder.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use desk_ipc::CompositionId;
use serde::Serialize;
use sqlx::{Sqlite, Transaction};

use super::{Store, StoreError, compositions::DRAFT, id_bytes, to_millis};

const TABLE: &str = "watched_file";

/// A keyed hash of a file of the watched folder: it says nothing to anybody who has the database alone.
pub(crate) type FileMark = [u8; 16];

impl Store {
    /// Every file that is done.
    pub(crate) async fn watched_marks(&self) -> Result<HashSet<FileMark>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as("SELECT mark FROM watched_file")
            .fetch_all(&self.read)
            .await?;
        rows.into_iter().map(|(mark,)| id_bytes(TABLE, &mark)).collect()
    }

    /// Marks files as done of which no draft was made.
    pub(crate) async fn put_watched(&self, marks: &[FileMark]) -> Result<(), StoreError> {
        let mut transaction = self.write.begin().await?;
        put_marks(&mut transaction, marks, None).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Stores a draft that was prepared, and with it that its files are done.
    pub(crate) async fn put_prepared<T: Serialize>(
        &self,
        id: CompositionId,
        draft: &T,
        marks: &[FileMark],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sealed = self.seal(DRAFT, id.as_bytes(), draft)?;
        let mut transaction = self.write.begin().await?;
        sqlx::query("INSERT INTO composition (id, draft, saved_at, changed_at) VALUES (?1, ?2, ?3, ?3)")
            .bind(id.as_bytes().as_slice())
            .bind(sealed)
            .bind(to_millis(now))
            .execute(&mut *transaction)
            .await?;
        put_marks(&mut transaction, marks, Some(id)).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// How many prepared drafts wait in 下書き一覧.
    pub(crate) async fn prepared_count(&self) -> Result<u32, StoreError> {
        let (count,): (i64,) = sqlx::query_as(
            "SELECT count(*) FROM composition WHERE draft IS NOT NULL AND deleted_at IS NULL
                 AND id IN (SELECT composition FROM watched_file WHERE composition IS NOT NULL)",
        )
        .fetch_one(&self.read)
        .await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}

async fn put_marks(
    transaction: &mut Transaction<'_, Sqlite>,
    marks: &[FileMark],
    composition: Option<CompositionId>,
) -> Result<(), StoreError> {
    for mark in marks {
        // A file that was done before and is prepared anew belongs to its newest draft.
        sqlx::query(
            "INSERT INTO watched_file (mark, composition) VALUES (?, ?)
             ON CONFLICT (mark) DO UPDATE SET composition = coalesce(excluded.composition, composition)",
        )
        .bind(mark.as_slice())
        .bind(composition.as_ref().map(|id| id.as_bytes().as_slice()))
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}
