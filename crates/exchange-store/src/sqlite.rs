//! The embedded engine: SQLite in the data folder.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    ConnectOptions as _, SqliteConnection, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::mpsc;

use crate::{
    StoreError,
    store::{BUSY_TIMEOUT, migration},
};

/// The name of the database in a data folder.
pub(crate) const DATABASE: &str = "exchange.db";
/// Connections for reading, and one that folds the log. Two cores read no faster with more, and each costs memory.
const READERS_MAX: u32 = 3 + 1;
/// Rows that a reader may be ahead of who takes them: a page of a list is read without waiting for anybody.
const ROWS_READ_AHEAD: usize = 1_024;
/// Pages of the write-ahead log (4 KiB each) after which the writer itself folds it back, so that it begins anew. Most of
/// it was folded beside it by then ([`fold_when_told`]), and nobody waits for long.
const LOG_PAGES_MAX: &str = "16000";

/// Every change of the schema, in order. Each only adds (style 21).
pub(crate) fn migrator() -> Migrator {
    Migrator::with_migrations(vec![
        migration(1, "first", include_str!("../migrations/sqlite/0001_first.sql")),
        migration(2, "people", include_str!("../migrations/sqlite/0002_people.sql")),
        migration(3, "audit", include_str!("../migrations/sqlite/0003_audit.sql")),
        migration(4, "portal", include_str!("../migrations/sqlite/0004_portal.sql")),
        migration(6, "renewal", include_str!("../migrations/sqlite/0006_renewal.sql")),
        migration(7, "keeping", include_str!("../migrations/sqlite/0007_keeping.sql")),
        migration(8, "operators", include_str!("../migrations/sqlite/0008_operators.sql")),
        migration(
            9,
            "issue_selector",
            include_str!("../migrations/sqlite/0009_issue_selector.sql"),
        ),
        migration(
            10,
            "master_keys",
            include_str!("../migrations/sqlite/0010_master_keys.sql"),
        ),
        migration(11, "steps", include_str!("../migrations/sqlite/0011_steps.sql")),
        migration(12, "tries", include_str!("../migrations/sqlite/0012_tries.sql")),
        migration(13, "mail", include_str!("../migrations/sqlite/0013_mail.sql")),
    ])
}

/// The database file in a data folder.
pub(crate) fn path(data: &Path) -> PathBuf {
    data.join(DATABASE)
}

fn options(data: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path(data))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("secure_delete", "ON")
        .pragma("wal_autocheckpoint", LOG_PAGES_MAX)
        .statement_cache_capacity(100)
        .row_buffer_size(ROWS_READ_AHEAD)
}

/// A connection to the database, which is made if there is none.
pub(crate) async fn connect(data: &Path) -> Result<SqliteConnection, StoreError> {
    open(options(data)).await
}

/// A connection to a database that is there.
pub(crate) async fn connect_to_existing(data: &Path) -> Result<SqliteConnection, StoreError> {
    open(options(data).create_if_missing(false)).await
}

async fn open(options: SqliteConnectOptions) -> Result<SqliteConnection, StoreError> {
    options
        .connect()
        .await
        .map_err(StoreError::database("opening the database"))
}

/// Lets the writer's connection keep in memory what a statement of many rows needs to take itself back: in a file it would
/// be a fifth of all that is written. Not while the schema changes: an index over all rows is sorted beside the memory.
pub(crate) async fn keep_undo_in_memory(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("PRAGMA temp_store = MEMORY").execute(connection).await?;
    Ok(())
}

/// The connections for reading.
pub(crate) fn readers(data: &Path) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS_MAX)
        .acquire_timeout(BUSY_TIMEOUT)
        .idle_timeout(Duration::from_secs(300))
        .test_before_acquire(false)
        .connect_lazy_with(options(data).pragma("query_only", "ON"))
}

/// Folds the write-ahead log back into the database each time that it is told to, while the writer goes on: what one commit
/// would otherwise do for a few thousand before it, and everybody wait for.
pub(crate) fn fold_when_told(readers: SqlitePool) -> mpsc::Sender<()> {
    let (tell, mut told) = mpsc::channel(1);
    tokio::spawn(async move {
        while told.recv().await.is_some() {
            // The only thing besides reading that a connection for reading may do.
            let folded = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&readers).await;
            if let Err(error) = folded {
                tracing::warn!(%error, "the log was not folded back; the writer will try");
            }
        }
    });
    tell
}
