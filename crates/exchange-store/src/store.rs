//! Opening the store: schema, keys, the writer, the read pool, the folder.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use care_model::{OfficeNumber, TerminalId};
use sqlx::{
    ConnectOptions as _, SqliteConnection, SqlitePool,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::{Notify, broadcast, watch};

use crate::{
    OfficeRow, SessionRow, StoreError, TerminalRow,
    cache::Cache,
    folder::{CONTENT, ContentFolder, UploadLocks},
    hints::{Hint, Hints},
    masters::{self, MasterKey, MasterKeys, Ring},
    restore,
    writer::Writer,
};

/// Connections for reading. Two cores read no faster with more, and each costs memory.
const READERS_MAX: u32 = 3;
/// How long a statement waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Rows that a reader may be ahead of who takes them: a page of a list is read without waiting for anybody.
const ROWS_READ_AHEAD: usize = 1_024;
/// Pages of the write-ahead log (4 KiB each) after which it is folded back.
const LOG_PAGES_MAX: &str = "4000";

/// The exchange's storage: SQLite for rows and small contents, a folder for large contents.
///
/// Cheap to clone. One process serves from it; a second one (the `admin` command) may write beside it, and its
/// changes are noticed within half a second.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) shared: Arc<Shared>,
    pub(crate) writer: Writer,
}

/// What the writer, the readers and the callers have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The data folder.
    pub(crate) data: PathBuf,
    pub(crate) readers: SqlitePool,
    pub(crate) masters: Ring,
    pub(crate) folder: ContentFolder,
    pub(crate) uploads: UploadLocks,
    pub(crate) hints: Hints,
    pub(crate) offices: Cache<OfficeNumber, Arc<OfficeRow>>,
    pub(crate) terminals: Cache<TerminalId, Arc<TerminalRow>>,
    pub(crate) sessions: Cache<[u8; 32], Arc<SessionRow>>,
    pub(crate) erasure_due: Notify,
    pub(crate) closed: Notify,
}

impl Shared {
    /// Forgets every remembered row and lets open streams look again whether they may go on.
    pub(crate) fn forget(&self) {
        self.offices.clear();
        self.terminals.clear();
        self.sessions.clear();
        self.hints.access_changed();
    }
}

/// Every change of the schema, in order. Each only adds (style 21).
fn migrator() -> Migrator {
    let migration = |version, description: &'static str, sql: &'static str| {
        Migration::new(
            version,
            description.into(),
            MigrationType::Simple,
            sqlx::SqlStr::from_static(sql),
            false,
        )
    };
    Migrator::with_migrations(vec![
        migration(1, "first", include_str!("../migrations/0001_first.sql")),
        migration(2, "people", include_str!("../migrations/0002_people.sql")),
        migration(3, "audit", include_str!("../migrations/0003_audit.sql")),
        migration(4, "portal", include_str!("../migrations/0004_portal.sql")),
        migration(6, "renewal", include_str!("../migrations/0006_renewal.sql")),
        migration(7, "keeping", include_str!("../migrations/0007_keeping.sql")),
        migration(8, "operators", include_str!("../migrations/0008_operators.sql")),
        migration(
            9,
            "issue_selector",
            include_str!("../migrations/0009_issue_selector.sql"),
        ),
        migration(10, "master_keys", include_str!("../migrations/0010_master_keys.sql")),
    ])
}

impl Store {
    /// Opens the store in `data`, making it if there is none, and brings its schema up to date. Keys that do not fit are
    /// refused before that.
    pub async fn open(data: &Path, masters: impl Into<MasterKeys>) -> Result<Self, StoreError> {
        let source = masters.into();
        let found = source.load()?;
        let options = Self::prepare(data, Some(&found)).await?;
        let mut connection = options
            .connect()
            .await
            .map_err(StoreError::database("opening the database"))?;
        let current = masters::begin(&mut connection, &found).await?;
        let store = Self::start(connection, options, data, Ring::new(source, found, current)).await?;
        store.fold_offices().await?;
        Ok(store)
    }

    /// Whether there is a database in `data`.
    pub fn is_in(data: &Path) -> bool {
        database_path(data).is_file()
    }

    /// Brings the schema in `data` up to date and does nothing else.
    pub async fn migrate(data: &Path) -> Result<(), StoreError> {
        Self::prepare(data, None).await.map(drop)
    }

    /// A connection of its own to what is there.
    pub(crate) async fn connect(data: &Path) -> Result<SqliteConnection, StoreError> {
        Self::options(data)
            .create_if_missing(false)
            .connect()
            .await
            .map_err(StoreError::database("opening the database"))
    }

    fn options(data: &Path) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(database_path(data))
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

    async fn prepare(data: &Path, found: Option<&[MasterKey]>) -> Result<SqliteConnectOptions, StoreError> {
        restore::refuse_half(data)?;
        make_private_folder(data).map_err(StoreError::folder("making the data folder"))?;
        let options = Self::options(data);
        let mut connection = options
            .connect()
            .await
            .map_err(StoreError::database("opening the database"))?;
        refuse_newer(&mut connection).await?;
        if let Some(found) = found {
            masters::refuse_unfit(&mut connection, found).await?;
        }
        match migrator().run(&mut connection).await {
            Ok(()) => {}
            Err(MigrateError::VersionMissing(found)) => return Err(StoreError::Newer { found }),
            Err(error) => {
                return Err(StoreError::Database {
                    doing: "changing the schema",
                    source: Box::new(error),
                });
            }
        }
        sqlx::query("INSERT INTO setting (name, value) VALUES ('epoch', '1') ON CONFLICT DO NOTHING")
            .execute(&mut connection)
            .await?;
        sqlx::Connection::close(connection).await?;
        Ok(options)
    }

    async fn start(
        connection: SqliteConnection,
        options: SqliteConnectOptions,
        data: &Path,
        masters: Ring,
    ) -> Result<Self, StoreError> {
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            .acquire_timeout(BUSY_TIMEOUT)
            .idle_timeout(Duration::from_secs(300))
            .test_before_acquire(false)
            .connect_lazy_with(options.pragma("query_only", "ON"));
        let folder = ContentFolder::open(&data.join(CONTENT))?;
        let shared = Arc::new(Shared {
            data: data.to_owned(),
            readers,
            masters,
            folder,
            uploads: UploadLocks::default(),
            hints: Hints::new(),
            offices: Cache::new(),
            terminals: Cache::new(),
            sessions: Cache::new(),
            erasure_due: Notify::new(),
            closed: Notify::new(),
        });
        let writer = Writer::start(connection, Arc::clone(&shared));
        Ok(Self { shared, writer })
    }

    /// The server's epoch; a restore from backup raises it (D8).
    pub async fn epoch(&self) -> Result<u64, StoreError> {
        let text = self.setting("epoch").await?;
        text.and_then(|text| text.parse().ok())
            .ok_or(StoreError::Damaged { what: "epoch" })
    }

    /// Hints about an office's lists, from now on.
    pub fn listen(&self, office: OfficeNumber) -> broadcast::Receiver<Hint> {
        self.shared.hints.listen(office)
    }

    /// Changes whenever somebody's access may have ended.
    pub fn access_changes(&self) -> watch::Receiver<u64> {
        self.shared.hints.access()
    }

    /// Closes in order: waits for what is queued, folds the log back.
    pub async fn close(self) {
        let shared = Arc::clone(&self.shared);
        let closed = shared.closed.notified();
        tokio::pin!(closed);
        closed.as_mut().enable();
        shared.readers.close().await;
        drop(self);
        // Another clone may live on in a request that is being dropped; do not wait for it for ever.
        if tokio::time::timeout(BUSY_TIMEOUT, closed).await.is_err() {
            tracing::warn!("the store was still in use when it was closed");
        }
    }
}

/// The name of the database in a data folder.
pub(crate) const DATABASE: &str = "exchange.db";

/// The database file in a data folder.
pub(crate) fn database_path(data: &Path) -> PathBuf {
    data.join(DATABASE)
}

/// The newest schema that this version knows.
pub(crate) fn newest_schema() -> i64 {
    migrator().iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// A newer server's database is refused before anything in it is touched.
async fn refuse_newer(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let known = newest_schema();
    let table: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'")
            .fetch_optional(&mut *connection)
            .await?;
    if table.is_some() {
        let found: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(&mut *connection)
            .await?;
        if let Some(found) = found.filter(|found| *found > known) {
            return Err(StoreError::Newer { found });
        }
    }
    Ok(())
}

/// Makes a folder that only its owner may enter, where the system knows such a thing.
pub(crate) fn make_private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}
