//! How far the rows got, noted where the rows are not: so that an older copy of the database that somebody put back by
//! hand is noticed (ADR 43).
//!
//! Every act leaves a line in the audit, and no line is ever taken away. Beside the large contents lies a note: up to
//! which line, of which moment and in which epoch, the rows were durable. Rows that lack that line were put back.
//! The note is a few seconds behind and never ahead: it is made of what another connection reads, and both engines show
//! a commit only once it is synced. So no kill and no power cut makes it a lie.

use std::{
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    StoreError,
    sql::{self, On},
    store::{Shared, has_table},
};

/// The name of the note, beside the contents.
pub(crate) const NOTE: &str = "reached.json";
/// How often it is brought up to date while something is committed.
const NOTE_EVERY: Duration = Duration::from_secs(5);

/// What the note says: there is this line of the audit, and it is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reached {
    pub(crate) epoch: u64,
    line: i64,
    /// When the line was written, in milliseconds since 1970: a line of the same number that was written after an older
    /// copy was put back is another one.
    at: i64,
}

impl Reached {
    pub(crate) fn to_json(self) -> Vec<u8> {
        serde_json::json!(self).to_string().into_bytes()
    }

    /// What a note says. One that cannot be read says nothing: it was made by a newer version, or by nobody of ours.
    pub(crate) fn read(json: &[u8]) -> Option<Self> {
        let read = serde_json::from_slice(json);
        if let Err(error) = &read {
            tracing::warn!(%error, "the note of how far the rows got cannot be read, and is made anew");
        }
        read.ok()
    }

    /// Whether these rows were put back to before what they had reached. A new epoch says that somebody knows of it.
    pub(crate) async fn is_missing_in(self, on: impl Into<On<'_>>) -> Result<bool, StoreError> {
        let row = sql::query(
            "SELECT (SELECT CAST(value AS BIGINT) FROM setting WHERE name = 'epoch') AS epoch, \
             (SELECT at FROM audit WHERE row = ?) AS at",
        )
        .bind(self.line)
        .fetch_one(on)
        .await?;
        let (epoch, at): (Option<i64>, Option<i64>) = (row.try_get("epoch")?, row.try_get("at")?);
        let epoch = epoch.and_then(|epoch| u64::try_from(epoch).ok()).unwrap_or(0);
        Ok(epoch < self.epoch || (epoch == self.epoch && at != Some(self.at)))
    }
}

/// Refuses rows that were put back, before anything in them is touched.
pub(crate) async fn refuse_put_back(
    connection: &mut sql::Connection,
    reached: Option<Reached>,
) -> Result<(), StoreError> {
    let Some(reached) = reached else { return Ok(()) };
    let has_rows = has_table(connection, "audit").await? && has_table(connection, "setting").await?;
    if !has_rows || reached.is_missing_in(connection).await? {
        return Err(StoreError::PutBack);
    }
    Ok(())
}

/// Brings the note up to date until the store is closed. It tells on the way whether anything can be written there.
pub(crate) async fn note_again(shared: Weak<Shared>) {
    loop {
        tokio::time::sleep(NOTE_EVERY).await;
        let Some(shared) = shared.upgrade() else { return };
        let noted = note(&shared).await;
        if let Err(error) = &noted {
            tracing::warn!(%error, "how far the rows got cannot be noted beside the contents yet");
        }
        let failing = matches!(noted, Err(StoreError::Bucket { .. } | StoreError::Folder { .. }));
        shared.contents_failing.store(failing, Ordering::Relaxed);
    }
}

/// Notes how far the rows got. It never goes back within an epoch, whatever this process reads.
pub(crate) async fn note(shared: &Arc<Shared>) -> Result<(), StoreError> {
    let mut noted = shared.noted.lock().await;
    if reached(shared).await? == *noted {
        return Ok(());
    }
    // Read before the rows are: whatever it says was in them by then.
    let there = shared.large.reached().await?;
    if let Some(there) = there
        && there.is_missing_in(&shared.readers).await?
    {
        if !shared.put_back.swap(true, Ordering::Relaxed) {
            tell();
        }
        return Ok(());
    }
    let Some(reached) = reached(shared).await? else {
        return Ok(());
    };
    if there != Some(reached) {
        shared.large.note_reached(reached).await?;
    }
    *noted = Some(reached);
    Ok(())
}

/// How far the rows are; none before the first act.
async fn reached(shared: &Shared) -> Result<Option<Reached>, StoreError> {
    let row = sql::query(
        "SELECT row, at, (SELECT CAST(value AS BIGINT) FROM setting WHERE name = 'epoch') AS epoch \
         FROM audit ORDER BY row DESC LIMIT 1",
    )
    .fetch_optional(&shared.readers)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let epoch: i64 = row.try_get("epoch")?;
    Ok(Some(Reached {
        epoch: u64::try_from(epoch).map_err(|_| StoreError::Damaged { what: "epoch" })?,
        line: row.try_get("row")?,
        at: row.try_get("at")?,
    }))
}

/// Says once what happened under a running process.
pub(crate) fn tell() {
    tracing::error!(
        "the database was put back to an earlier time under this process: nothing is taken until the newest one is \
         back, or until `exchange-server admin new-epoch` was run and the server is started again"
    );
}
