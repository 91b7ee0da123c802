//! The desk's database: SQLite, one writer, synced before anything is said about it.
//!
//! Each table has a module with its own statements. What a row seals is bound to its table and id, so that a
//! sealed value moved to another row does not open.

mod changed;
mod compositions;
mod imported;
mod listed;
mod lists;
mod moving;
mod office_folders;
mod outgoing;
mod pickups;
mod received;
mod support;
mod values;
mod watched;

use std::{path::Path, sync::OnceLock, time::Duration};

use care_model::ProblemCode;
use chrono::{DateTime, Utc};
use desk_ipc::CommandError;
use kill_point::{Point, reach};
use sealing::Key;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use thiserror::Error;

pub(crate) use listed::{InboxListed, OutboxListed};
pub(crate) use lists::{InboxStored, ListName};
pub(crate) use moving::{MOVED_TABLES, MOVED_VALUES, MoveIn, MoveSnapshot, MovedRows};
pub(crate) use outgoing::{Outgoing, OutgoingContent};
pub(crate) use pickups::{Aim, Pickup, PickupContent};
pub(crate) use received::{CopiedPart, ReceivedCopy};
pub(crate) use values::ValueName;
pub(crate) use watched::FileMark;

use crate::refusal;
use changed::ChangedRows;

/// Every migration, in order; a migration only adds. The number of those applied is the database's `user_version`.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_desk.sql"),
    include_str!("../../migrations/0002_lists.sql"),
    include_str!("../../migrations/0003_composing.sql"),
    include_str!("../../migrations/0004_received_copies.sql"),
    include_str!("../../migrations/0005_automation.sql"),
    include_str!("../../migrations/0006_on_paper.sql"),
];

/// Connections that read while the one writer writes.
const READERS: u32 = 3;

/// What can go wrong with a row.
#[derive(Debug, Error)]
pub(crate) enum StoreError {
    /// SQLite refused.
    #[error("the database refused a statement")]
    Database(#[from] sqlx::Error),
    /// A sealed column does not open under the profile's key.
    #[error("a sealed column of {table} does not open")]
    Sealed { table: &'static str },
    /// A column does not have the shape that was written there.
    #[error("a column of {table} cannot be read")]
    Shape { table: &'static str },
    /// The passphrase has not been given yet.
    #[error("the profile is locked")]
    Locked,
    /// The database was written by a newer version.
    #[error("the database is of a newer version")]
    Newer,
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Locked => ProblemCode::PassphraseRequired.into(),
            StoreError::Newer => ProblemCode::ProfileNewer.into(),
            StoreError::Database(sqlx::Error::Database(cause)) if cause.code().as_deref() == Some(SQLITE_FULL) => {
                refusal::logged(ProblemCode::LocalDiskFull, &cause.code())
            }
            _ => refusal::logged(ProblemCode::ProfileUnusable, &error),
        }
    }
}

/// SQLite's code for a full disk.
const SQLITE_FULL: &str = "13";

/// The database of one profile.
pub(crate) struct Store {
    read: SqlitePool,
    write: SqlitePool,
    key: OnceLock<Key>,
    changed: ChangedRows,
}

impl Store {
    /// Opens the database, makes it if it is new, and brings it to this version.
    pub(crate) async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10));
        let pool = |connections| SqlitePoolOptions::new().max_connections(connections);
        let write = pool(1).connect_with(options.clone()).await?;
        migrate(&write).await?;
        let read = pool(READERS).connect_with(options).await?;
        Ok(Self {
            read,
            write,
            key: OnceLock::new(),
            changed: ChangedRows::default(),
        })
    }

    /// Gives the store the profile's key; the first one stands.
    pub(crate) fn unlock(&self, key: Key) {
        let _ = self.key.set(key);
    }

    pub(crate) fn is_unlocked(&self) -> bool {
        self.key.get().is_some()
    }

    /// Closes every connection and folds the log into the database.
    pub(crate) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    fn seal<T: Serialize>(&self, table: &'static str, id: &[u8], value: &T) -> Result<Vec<u8>, StoreError> {
        let key = self.key.get().ok_or(StoreError::Locked)?;
        let plain = serde_json::to_vec(value).map_err(|_| StoreError::Shape { table })?;
        Ok(sealing::seal(key, &context(table, id), &plain))
    }

    fn unseal<T: DeserializeOwned>(&self, table: &'static str, id: &[u8], sealed: &[u8]) -> Result<T, StoreError> {
        let key = self.key.get().ok_or(StoreError::Locked)?;
        let plain = sealing::open(key, &context(table, id), sealed).map_err(|_| StoreError::Sealed { table })?;
        serde_json::from_slice(&plain).map_err(|_| StoreError::Shape { table })
    }
}

/// Applies what is missing, each migration with its number in one transaction.
async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    let (applied,): (i64,) = sqlx::query_as("PRAGMA user_version").fetch_one(pool).await?;
    let applied = usize::try_from(applied).map_err(|_| StoreError::Newer)?;
    if applied > MIGRATIONS.len() {
        return Err(StoreError::Newer);
    }
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(applied) {
        let mut transaction = pool.begin().await?;
        sqlx::raw_sql(*migration).execute(&mut *transaction).await?;
        let version = format!("PRAGMA user_version = {}", index + 1);
        sqlx::raw_sql(sqlx::AssertSqlSafe(version))
            .execute(&mut *transaction)
            .await?;
        reach(Point::ProfileUncommitted);
        transaction.commit().await?;
        reach(Point::ProfileMigrated);
    }
    Ok(())
}

/// What a sealed column is bound to.
fn context(table: &'static str, id: &[u8]) -> Vec<u8> {
    [table.as_bytes(), b" ", id].concat()
}

/// Times are milliseconds since 1970 in columns.
fn to_millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

fn from_millis(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// The sixteen bytes of an id column.
fn id_bytes(table: &'static str, bytes: &[u8]) -> Result<[u8; 16], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Shape { table })
}

/// A state column, JSON as `exchange-flow` writes it.
fn state_json<T: Serialize>(table: &'static str, state: &T) -> Result<String, StoreError> {
    serde_json::to_string(state).map_err(|_| StoreError::Shape { table })
}

fn state_of<T: DeserializeOwned>(table: &'static str, json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|_| StoreError::Shape { table })
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) async fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("desk.db")).await.unwrap();
        store.unlock(Key::generate());
        (dir, store)
    }

    #[tokio::test]
    async fn a_newer_database_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("desk.db");
        let store = Store::open(&path).await.unwrap();
        sqlx::raw_sql("PRAGMA user_version = 99")
            .execute(&store.write)
            .await
            .unwrap();
        store.close().await;
        let error = Store::open(&path).await.map(|_| ()).unwrap_err();
        assert!(matches!(error, StoreError::Newer));
        assert_eq!(CommandError::from(error).code, ProblemCode::ProfileNewer);
    }

    #[tokio::test]
    async fn a_full_database_is_a_full_disk_and_keeps_what_it_had() {
        let (_dir, store) = store().await;
        store.set_value(ValueName::Me, &"before").await.unwrap();
        // It cannot be less than there are pages now.
        sqlx::raw_sql("PRAGMA max_page_count = 1")
            .execute(&store.write)
            .await
            .unwrap();
        let long = "x".repeat(1_000_000);
        let error = store.set_value(ValueName::Me, &long).await.unwrap_err();
        assert_eq!(CommandError::from(error).code, ProblemCode::LocalDiskFull);
        let kept: Option<String> = store.value(ValueName::Me).await.unwrap();
        assert_eq!(kept.as_deref(), Some("before"));
    }

    #[tokio::test]
    async fn a_sealed_value_opens_only_in_its_own_row() {
        let (_dir, store) = store().await;
        let sealed = store.seal("pickup", b"one", &"value").unwrap();
        assert_eq!(store.unseal::<String>("pickup", b"one", &sealed).unwrap(), "value");
        for (table, id) in [("pickup", b"two"), ("inbox", b"one")] {
            assert!(store.unseal::<String>(table, id, &sealed).is_err());
        }
    }
}
