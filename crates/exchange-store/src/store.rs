//! Opening the store: the engine, its schema, keys, the writer, the connections for reading, the large contents.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use care_model::{OfficeNumber, TerminalId};
use disk::{Disk as _, SystemDisk};
use kill_point::{Point, reach};
use sqlx::{
    migrate::{Migration, MigrationType},
    postgres::PgConnectOptions,
};
use tokio::sync::{Notify, broadcast, watch};
use uuid::Uuid;

use crate::{
    Engine, OfficeRow, SessionRow, StoreError, TerminalRow,
    cache::Cache,
    folder::UploadLocks,
    hints::{Hint, Hints},
    large::LargeContents,
    masters::{self, MasterKey, MasterKeys, Ring},
    postgres,
    reached::{self, Reached},
    restore,
    sql::{self, Text},
    sqlite,
    writer::Writer,
};

/// How long the store may take to close, and a reader to get a connection.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The exchange's storage: rows and small contents in a database, large contents in a folder or a bucket.
///
/// Cheap to clone. Of an embedded exchange one process serves, and a second one (the `admin` command) may write beside
/// it; its changes are noticed within half a second. A shared one is served by any number of nodes.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) shared: Arc<Shared>,
    pub(crate) writer: Writer,
}

/// What the writer, the readers and the callers have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) readers: sql::Pool,
    pub(crate) masters: Ring,
    pub(crate) large: LargeContents,
    pub(crate) uploads: UploadLocks,
    pub(crate) hints: Hints,
    pub(crate) offices: Cache<OfficeNumber, Arc<OfficeRow>>,
    pub(crate) terminals: Cache<TerminalId, Arc<TerminalRow>>,
    pub(crate) sessions: Cache<[u8; 32], Arc<SessionRow>>,
    pub(crate) erasure_due: Notify,
    pub(crate) closed: Notify,
    /// The epoch in which this process began.
    pub(crate) epoch: u64,
    /// Whether the rows were put back to an earlier time under this process.
    pub(crate) put_back: AtomicBool,
    /// Whether the last note could not be written where the large contents lie.
    pub(crate) contents_failing: AtomicBool,
    /// What this process noted last of how far the rows got.
    pub(crate) noted: tokio::sync::Mutex<Option<Reached>>,
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

/// One change of a schema.
pub(crate) fn migration(version: i64, description: &'static str, sql: &'static str) -> Migration {
    Migration::new(
        version,
        description.into(),
        MigrationType::Simple,
        sqlx::SqlStr::from_static(sql),
        false,
    )
}

impl Store {
    /// Opens the store, making it if there is none, and brings its schema up to date. Keys that do not fit are refused
    /// before that, and so are rows that were put back to an earlier time (`reached.json`, ADR 43).
    pub async fn open(engine: impl Into<Engine>, masters: impl Into<MasterKeys>) -> Result<Self, StoreError> {
        Self::open_unless(engine.into(), masters.into(), PutBack::IsRefused).await
    }

    /// Opens a store whose rows may have been put back to an earlier time: for [`Store::begin_new_epoch`], and for
    /// nothing else.
    pub async fn open_put_back(engine: impl Into<Engine>, masters: impl Into<MasterKeys>) -> Result<Self, StoreError> {
        Self::open_unless(engine.into(), masters.into(), PutBack::IsKnown).await
    }

    async fn open_unless(engine: Engine, source: MasterKeys, put_back: PutBack) -> Result<Self, StoreError> {
        let found = source.load()?;
        let large = LargeContents::open(&engine).await?;
        let reached = match put_back {
            PutBack::IsRefused => large.reached().await?,
            PutBack::IsKnown => None,
        };
        let (origin, mut connection) = Self::prepare(&engine, Some(&found), reached).await?;
        let current = masters::begin(&mut connection, &found).await?;
        reach(Point::KeysWritten);
        let epoch = read_epoch(&mut connection).await?;
        let readers = match (&origin, &engine) {
            (Origin::Postgres { options, .. }, _) => sql::Pool::Postgres(postgres::readers((**options).clone())),
            (Origin::Sqlite, engine) => {
                sql::Pool::Sqlite(sqlite::readers(engine.folder().ok_or(StoreError::NotEmbedded)?))
            }
        };
        large.make()?;
        let shared = Arc::new(Shared {
            engine,
            readers,
            masters: Ring::new(source, found, current),
            large,
            uploads: UploadLocks::default(),
            hints: Hints::new(),
            offices: Cache::new(),
            terminals: Cache::new(),
            sessions: Cache::new(),
            erasure_due: Notify::new(),
            closed: Notify::new(),
            epoch,
            put_back: AtomicBool::new(false),
            contents_failing: AtomicBool::new(false),
            noted: tokio::sync::Mutex::new(reached),
        });
        tokio::spawn(reached::note_again(Arc::downgrade(&shared)));
        if let Origin::Postgres { options, node } = &origin {
            let heard = postgres::listen((**options).clone(), Arc::clone(node), Arc::downgrade(&shared));
            tokio::spawn(heard);
        }
        if let sql::Connection::Sqlite(connection) = &mut connection {
            sqlite::keep_undo_in_memory(connection).await?;
        }
        let writer = Writer::start(connection, origin, Arc::clone(&shared))?;
        let store = Self { shared, writer };
        store.fold_offices().await?;
        Ok(store)
    }

    /// Whether there is a database. One that nodes share is there before the exchange.
    pub fn is_in(engine: &Engine) -> bool {
        engine.folder().is_none_or(|data| sqlite::path(data).is_file())
    }

    /// Brings the schema up to date and does nothing else.
    pub async fn migrate(engine: impl Into<Engine>) -> Result<(), StoreError> {
        let engine = engine.into();
        let reached = LargeContents::open(&engine).await?.reached().await?;
        let (_, connection) = Self::prepare(&engine, None, reached).await?;
        Ok(connection.close().await?)
    }

    /// A connection of its own to what is there.
    pub(crate) async fn connect(engine: &Engine) -> Result<sql::Connection, StoreError> {
        Ok(match engine {
            Engine::Embedded(data) => sql::Connection::Sqlite(sqlite::connect_to_existing(data).await?),
            Engine::Shared(shared) => sql::Connection::Postgres(postgres::connect(&postgres::options(shared)?).await?),
        })
    }

    async fn prepare(
        engine: &Engine,
        found: Option<&[MasterKey]>,
        reached: Option<Reached>,
    ) -> Result<(Origin, sql::Connection), StoreError> {
        let (origin, mut connection) = match engine {
            Engine::Embedded(data) => {
                restore::refuse_half(data)?;
                make_private_folder(data).map_err(StoreError::folder("making the data folder"))?;
                (Origin::Sqlite, sql::Connection::Sqlite(sqlite::connect(data).await?))
            }
            Engine::Shared(shared) => {
                let options = Box::new(postgres::options(shared)?);
                let mut connection = postgres::connect(&options).await?;
                postgres::warn_of_unsafe_settings(&mut connection).await?;
                let node = Uuid::now_v7().simple().to_string().into();
                (
                    Origin::Postgres { options, node },
                    sql::Connection::Postgres(connection),
                )
            }
        };
        refuse_newer(&mut connection).await?;
        if let Some(found) = found {
            masters::refuse_unfit(&mut connection, found).await?;
        }
        reached::refuse_put_back(&mut connection, reached).await?;
        reach(Point::SchemaFound);
        bring_up_to_date(&mut connection).await?;
        reach(Point::SchemaMigrated);
        sql::query("INSERT INTO setting (name, value) VALUES ('epoch', '1') ON CONFLICT DO NOTHING")
            .execute(&mut connection)
            .await?;
        Ok((origin, connection))
    }

    /// Whether the rows were put back to an earlier time under this process, which takes nothing then.
    pub fn is_put_back(&self) -> bool {
        self.shared.put_back.load(Ordering::Relaxed)
    }

    /// Whether what was last written beside the large contents was not taken. Looked at every few seconds while something
    /// is committed, and until it is taken again.
    pub fn are_contents_failing(&self) -> bool {
        self.shared.contents_failing.load(Ordering::Relaxed)
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

    /// Closes in order: notes how far the rows got, waits for what is queued, folds the log back.
    pub async fn close(self) {
        let shared = Arc::clone(&self.shared);
        match tokio::time::timeout(BUSY_TIMEOUT, reached::note(&shared)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "how far the rows got was not noted at the end"),
            Err(_) => tracing::warn!("how far the rows got was not noted at the end, for that took too long"),
        }
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

/// Where the writer's connection comes from, and comes from again.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    Sqlite,
    Postgres {
        options: Box<PgConnectOptions>,
        /// The name under which this node tells the others what it committed.
        node: Arc<str>,
    },
}

/// What is done about rows that were put back to an earlier time.
#[derive(Clone, Copy)]
enum PutBack {
    IsRefused,
    /// A new epoch is about to be begun for them.
    IsKnown,
}

/// The epoch as a row says it.
pub(crate) async fn read_epoch(connection: &mut sql::Connection) -> Result<u64, StoreError> {
    let text: String = sql::query_scalar("SELECT value FROM setting WHERE name = 'epoch'")
        .fetch_one(connection)
        .await?;
    text.parse().map_err(|_| StoreError::Damaged { what: "epoch" })
}

/// The newest schema that this version knows, of either engine.
pub(crate) fn newest_schema() -> i64 {
    let newest = |migrator: sqlx::migrate::Migrator| migrator.iter().map(|migration| migration.version).max();
    newest(sqlite::migrator())
        .max(newest(postgres::migrator()))
        .unwrap_or(0)
}

/// Whether there is a table of this name.
pub(crate) async fn has_table(connection: &mut sql::Connection, name: &str) -> Result<bool, StoreError> {
    let found: Option<i64> = sql::query_scalar(Text {
        sqlite: "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?",
        postgres: "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = ?",
    })
    .bind(name)
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}

/// The name of the setting by which a schema says the oldest schema that a program must know to serve it. A migration
/// sets it that does more than add (style 19); without it every program of this version or newer may serve.
const NEEDED: &str = "schema_needed";

/// A newer server's database is refused before anything in it is touched, if it says that it needs a newer program.
/// Otherwise it only got more tables and columns, and nodes of both versions serve it during an upgrade.
async fn refuse_newer(connection: &mut sql::Connection) -> Result<(), StoreError> {
    if has_table(connection, "setting").await? {
        let needed: Option<i64> = sql::query_scalar("SELECT CAST(value AS BIGINT) FROM setting WHERE name = ?")
            .bind(NEEDED)
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(needed) = needed.filter(|needed| *needed > newest_schema()) {
            return Err(StoreError::Newer { needed });
        }
    }
    Ok(())
}

/// Of several nodes that start at once one does it, and the others wait.
async fn bring_up_to_date(connection: &mut sql::Connection) -> Result<(), StoreError> {
    let done = match connection {
        sql::Connection::Sqlite(connection) => sqlite::migrator().set_ignore_missing(true).run(connection).await,
        sql::Connection::Postgres(connection) => postgres::bring_up_to_date(connection).await,
    };
    done.map_err(|error| StoreError::Database {
        doing: "changing the schema",
        source: Box::new(error),
    })
}

/// Makes a folder that only its owner may enter, where the system knows such a thing.
pub(crate) fn make_private_folder(path: &Path) -> std::io::Result<()> {
    SystemDisk.make_private_folders(path)
}
