//! Copies of what this terminal received.

use care_model::DeliveryId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, id_bytes, to_millis};
use crate::spool::SpoolRef;

const TABLE: &str = "received_copy";

/// The copy of one file of a delivery.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CopiedPart {
    /// Its place among the parts of the header.
    pub(crate) part: usize,
    /// Where its bytes are.
    pub(crate) place: SpoolRef,
}

/// How it stands with the copy of a delivery.
#[derive(Debug)]
pub(crate) enum ReceivedCopy {
    /// Nobody has made one, or it was forgotten.
    Missing,
    /// The files were not there any more when one was to be made.
    Impossible,
    /// It was made.
    Made(Vec<CopiedPart>),
}

impl Store {
    /// What landed here after a time and has no copy yet, the newest first.
    pub(crate) async fn received_without_copy(&self, after: DateTime<Utc>) -> Result<Vec<DeliveryId>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as(
            "SELECT delivery FROM pickup
             WHERE changed_at > ? AND (state LIKE '%\"landed\"%' OR state LIKE '%\"confirmed\"%')
                 AND NOT EXISTS (SELECT 1 FROM received_copy WHERE received_copy.delivery = pickup.delivery)
             ORDER BY changed_at DESC",
        )
        .bind(to_millis(after))
        .fetch_all(&self.read)
        .await?;
        rows.into_iter()
            .map(|(id,)| Ok(DeliveryId::from_bytes(id_bytes(TABLE, &id)?)))
            .collect()
    }

    /// The copy of a delivery.
    pub(crate) async fn received_copy(&self, delivery: DeliveryId) -> Result<ReceivedCopy, StoreError> {
        let id = delivery.as_bytes().as_slice();
        let row: Option<(Option<Vec<u8>>,)> = sqlx::query_as("SELECT sealed FROM received_copy WHERE delivery = ?")
            .bind(id)
            .fetch_optional(&self.read)
            .await?;
        Ok(match row {
            None => ReceivedCopy::Missing,
            Some((None,)) => ReceivedCopy::Impossible,
            Some((Some(sealed),)) => ReceivedCopy::Made(self.unseal(TABLE, id, &sealed)?),
        })
    }

    /// Notes the copy of a delivery, or that none can be made. It is as old as the landing.
    pub(crate) async fn add_received_copy(
        &self,
        delivery: DeliveryId,
        parts: Option<&[CopiedPart]>,
    ) -> Result<(), StoreError> {
        let id = delivery.as_bytes().as_slice();
        let sealed = parts.map(|parts| self.seal(TABLE, id, &parts)).transpose()?;
        sqlx::query(
            "INSERT INTO received_copy (delivery, received_at, sealed)
             SELECT delivery, changed_at, ? FROM pickup WHERE delivery = ?",
        )
        .bind(sealed)
        .bind(id)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Where the bytes of all copies are.
    pub(crate) async fn received_copies(&self) -> Result<Vec<SpoolRef>, StoreError> {
        let rows: Vec<(Vec<u8>, Vec<u8>)> =
            sqlx::query_as("SELECT delivery, sealed FROM received_copy WHERE sealed IS NOT NULL")
                .fetch_all(&self.read)
                .await?;
        let mut places = Vec::new();
        for (id, sealed) in rows {
            let parts: Vec<CopiedPart> = self.unseal(TABLE, &id, &sealed)?;
            places.extend(parts.into_iter().map(|part| part.place));
        }
        Ok(places)
    }

    /// Forgets the copies of what landed up to a time; answers how many.
    pub(crate) async fn forget_received(&self, upto: DateTime<Utc>) -> Result<u64, StoreError> {
        let forgotten = sqlx::query("DELETE FROM received_copy WHERE received_at <= ?")
            .bind(to_millis(upto))
            .execute(&self.write)
            .await?;
        Ok(forgotten.rows_affected())
    }
}
