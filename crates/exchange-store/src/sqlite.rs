//! The embedded engine: SQLite in the data folder.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{
    ConnectOptions as _, SqliteConnection, SqliteExecutor, SqlitePool,
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
/// Pages of the write-ahead log (4 KiB each) after which it is to begin anew ([`Folding`]).
const LOG_PAGES_ENOUGH: i64 = 12_000;
/// And after which a commit folds it back whatever is left, and everybody waits.
const LOG_PAGES_MAX: &str = "24000";
/// Acts after which the log is folded back beside the writer.
const FOLDED_AFTER_ACTS: usize = 512;

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

/// Folds the write-ahead log back into the database beside the writer: what one commit would otherwise do for a few
/// thousand before it, and everybody wait for (ADR 0067).
pub(crate) struct Folding {
    tell: mpsc::Sender<()>,
    /// The log is long enough to begin anew, and next to nothing of it is left to fold.
    nearly_done: Arc<AtomicBool>,
    /// Acts since it was last told to.
    unfolded: usize,
}

impl Folding {
    pub(crate) fn beside(readers: SqlitePool) -> Self {
        let (tell, mut told) = mpsc::channel(1);
        let nearly_done = Arc::new(AtomicBool::new(false));
        let is_nearly_done = Arc::clone(&nearly_done);
        tokio::spawn(async move {
            while told.recv().await.is_some() {
                // The only thing besides reading that a connection for reading may do.
                let mut folded = fold(&readers).await;
                if folded.as_ref().is_ok_and(|pages| *pages >= LOG_PAGES_ENOUGH) {
                    // What came meanwhile, too, and meanwhile again.
                    for _ in 0..2 {
                        folded = fold(&readers).await;
                    }
                    is_nearly_done.store(true, Ordering::Release);
                }
                if let Err(error) = folded {
                    tracing::warn!(%error, "the log was not folded back; the writer will try");
                }
            }
        });
        Self {
            tell,
            nearly_done,
            unfolded: 0,
        }
    }

    /// What the writer calls after each commit of some acts.
    pub(crate) async fn after(&mut self, acts: usize, connection: &mut SqliteConnection) {
        self.unfolded += acts;
        if self.unfolded >= FOLDED_AFTER_ACTS {
            self.unfolded = 0;
            // Whoever is folding already will be told again.
            let _ = self.tell.try_send(());
        }
        // A log begins anew only if all of it was folded at a moment at which nobody writes, as it is here.
        if self.nearly_done.swap(false, Ordering::Acquire)
            && let Err(error) = fold(connection).await
        {
            tracing::warn!(%error, "the log does not begin anew yet; a commit will try");
        }
    }
}

/// Folds what is in the log back into the database, without waiting for anybody. Gives how many pages the log has.
async fn fold<'c>(on: impl SqliteExecutor<'c>) -> Result<i64, sqlx::Error> {
    let (_, pages, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(on).await?;
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    async fn write(connection: &mut SqliteConnection, pages: i64) {
        let insert = sqlx::query("INSERT INTO written VALUES (zeroblob(4096 * ?))").bind(pages);
        insert.execute(connection).await.unwrap();
    }

    #[tokio::test]
    async fn a_long_log_begins_anew_though_more_was_written_while_it_was_folded() {
        let folder = TempDir::new().unwrap();
        let mut writer = connect(folder.path()).await.unwrap();
        sqlx::query("CREATE TABLE written (bytes)")
            .execute(&mut writer)
            .await
            .unwrap();
        let mut folding = Folding::beside(readers(folder.path()));
        write(&mut writer, LOG_PAGES_ENOUGH).await;
        folding.after(FOLDED_AFTER_ACTS, &mut writer).await;
        while !folding.nearly_done.load(Ordering::Acquire) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        write(&mut writer, 5_000).await;
        folding.after(1, &mut writer).await;
        write(&mut writer, 10).await;
        let pages = fold(&mut writer).await.unwrap();
        assert!((10..1_000).contains(&pages), "{pages}");
    }
}
