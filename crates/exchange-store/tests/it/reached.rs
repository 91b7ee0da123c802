//! Rows that somebody put back to an earlier time, and contents that are older than the rows.

use std::path::PathBuf;

use bytes::Bytes;
use care_model::DeliveryId;
use exchange_store::{ByteRange, Engine, MasterKey, Store, StoreError, Upload};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use test_engine::Places;

use crate::{HELPER, Opened, PLANNER, actor, at, delivery, execute, frames, header};

async fn accept(store: &Store, text: &[u8]) -> DeliveryId {
    let new = delivery(&[text]);
    let id = new.header.id;
    store.accept(new, actor(PLANNER, 1), at(0)).await.unwrap().unwrap();
    id
}

async fn accept_large(store: &Store) -> DeliveryId {
    let bytes = vec![7; 300_000];
    let header = header(&[&bytes]);
    let (id, header_json) = (header.id, Bytes::from(serde_json::to_vec(&header).unwrap()));
    let sender = actor(PLANNER, 1);
    let upload = Upload { header, header_json };
    store.begin_upload(upload, sender.clone(), at(0)).await.unwrap();
    let stored = store.store_chunk(id, sender.office, 0, 0, frames(bytes.into()), at(0));
    stored.await.unwrap().unwrap();
    let inspect: exchange_store::PartInspector<()> = Box::new(|_, _, _| Ok(()));
    store.commit_upload(id, sender, inspect, at(0)).await.unwrap().unwrap();
    id
}

/// The rows as they are now, to be put back later, whoever is connected.
enum Copy {
    File(PathBuf, Vec<u8>),
    Database { name: String, kept: String },
}

async fn administrate(sql: String) {
    let places = Places::from_environment().unwrap();
    let url = format!("{}/postgres", places.database);
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// Keeps new lines away from a database until everybody who had one is gone.
async fn alone(name: &str) {
    administrate(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
    administrate(format!(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
    ))
    .await;
}

impl Copy {
    /// Of rows that nobody writes, and whose log is folded back.
    async fn of(engine: &Engine) -> Self {
        match engine {
            Engine::Embedded(data) => {
                let file = data.join("exchange.db");
                let bytes = std::fs::read(&file).unwrap();
                Self::File(file, bytes)
            }
            Engine::Shared(shared) => {
                let name = shared.database.rsplit('/').next().unwrap().to_owned();
                let kept = format!("{name}_kept");
                alone(&name).await;
                administrate(format!("CREATE DATABASE {kept} TEMPLATE {name}")).await;
                administrate(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
                Self::Database { name, kept }
            }
        }
    }

    async fn put_back(&self) {
        match self {
            Self::File(file, bytes) => {
                for beside in ["exchange.db-wal", "exchange.db-shm"] {
                    let _ = std::fs::remove_file(file.with_file_name(beside));
                }
                std::fs::write(file, bytes).unwrap();
            }
            Self::Database { name, kept } => {
                alone(name).await;
                administrate(format!("ALTER DATABASE {name} RENAME TO {name}_newest")).await;
                administrate(format!("CREATE DATABASE {name} TEMPLATE {kept}")).await;
            }
        }
    }

    /// Puts the newest rows in their place again.
    async fn undo(&self) {
        if let Self::Database { name, .. } = self {
            alone(name).await;
            administrate(format!("DROP DATABASE {name}")).await;
            administrate(format!(
                "ALTER DATABASE {name}_newest ALLOW_CONNECTIONS true; ALTER DATABASE {name}_newest RENAME TO {name}"
            ))
            .await;
        }
    }
}

/// An exchange that no process has open.
struct Closed {
    /// Deleted with this value.
    _folder: TempDir,
    engine: Engine,
    master: MasterKey,
}

impl Closed {
    async fn from(opened: Opened) -> Self {
        let Opened {
            folder,
            engine,
            master,
            store,
        } = opened;
        store.close().await;
        Self {
            _folder: folder,
            engine,
            master,
        }
    }

    async fn open(&self) -> Store {
        Store::open(self.engine.clone(), self.master.clone()).await.unwrap()
    }

    /// Refused in words that say what to do.
    async fn is_refused(&self) {
        match Store::open(self.engine.clone(), self.master.clone()).await {
            Err(error @ StoreError::PutBack) => assert!(error.to_string().contains("admin new-epoch")),
            other => panic!("{:?}", other.map(drop)),
        }
    }
}

#[tokio::test]
async fn an_older_database_is_refused_at_a_start_until_a_new_epoch() {
    let opened = Opened::new().await;
    accept(&opened.store, b"before").await;
    let closed = Closed::from(opened).await;
    let copy = Copy::of(&closed.engine).await;
    let store = closed.open().await;
    let forgotten = accept(&store, b"after").await;
    let epoch = store.epoch().await.unwrap();
    store.close().await;

    copy.put_back().await;
    for _ in 0..2 {
        closed.is_refused().await;
    }
    let migrated = Store::migrate(closed.engine.clone()).await;
    assert!(matches!(migrated, Err(StoreError::PutBack)));
    // Nothing was changed by that, and whoever knows of it begins a new epoch.
    let known = Store::open_put_back(closed.engine.clone(), closed.master.clone())
        .await
        .unwrap();
    let begun = known.begin_new_epoch(at(100)).await.unwrap();
    assert!(begun > epoch);
    known.close().await;
    let again = closed.open().await;
    let rows = again.inbox(actor(HELPER, 2).office, 0, 10, at(100)).await.unwrap().rows;
    assert_eq!(rows.len(), 1, "the older rows, without {forgotten}");
    again.close().await;
    // From here on the new rows are what there is.
    closed.open().await.close().await;
}

#[tokio::test]
async fn lines_that_were_written_after_a_copy_was_put_back_make_up_for_none() {
    let opened = Opened::new().await;
    accept(&opened.store, b"before").await;
    let closed = Closed::from(opened).await;
    let copy = Copy::of(&closed.engine).await;
    let store = closed.open().await;
    accept(&store, b"after").await;
    store.close().await;
    copy.put_back().await;
    // As a program that does not know of the note writes on.
    let line = "INSERT INTO audit (at, act) VALUES (1, 'accept')";
    execute(&closed.engine, format!("{line}; {line}; {line}")).await;
    closed.is_refused().await;
}

#[tokio::test]
async fn another_database_in_the_place_of_the_rows_is_refused() {
    let opened = Opened::new().await;
    accept(&opened.store, b"before").await;
    let closed = Closed::from(opened).await;
    match &closed.engine {
        Engine::Embedded(data) => std::fs::remove_file(data.join("exchange.db")).unwrap(),
        Engine::Shared(shared) => {
            let name = shared.database.rsplit('/').next().unwrap();
            alone(name).await;
            administrate(format!("DROP DATABASE {name}")).await;
            administrate(format!("CREATE DATABASE {name}")).await;
        }
    }
    closed.is_refused().await;
    // And stays as empty as it was.
    assert!(!Store::has_begun(closed.engine.clone()).await.unwrap());
    closed.is_refused().await;
}

/// However a process ends: what it noted is true of what is there afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_only_dies_is_never_taken_for_an_older_copy() {
    let opened = Opened::new().await;
    for _ in 0..5 {
        accept(&opened.store, b"text").await;
        // Noted by one while another one writes on and is never closed.
        let beside = opened.beside().await;
        accept(&beside, b"text").await;
        beside.close().await;
        accept(&opened.store, b"text").await;
        let again = opened.beside().await;
        assert!(!again.is_put_back());
        drop(again);
    }
}

#[tokio::test]
async fn a_note_that_cannot_be_read_stops_nobody_and_is_made_anew() {
    let opened = Opened::embedded().await;
    accept(&opened.store, b"one").await;
    let opened = opened.reopen().await;
    let note = opened.folder.path().join("content/reached.json");
    let whole = std::fs::read(&note).unwrap();
    std::fs::write(&note, b"{\"epo").unwrap();
    let opened = opened.reopen().await;
    accept(&opened.store, b"two").await;
    let opened = opened.reopen().await;
    let anew = std::fs::read(&note).unwrap();
    assert!(anew != whole && anew.len() >= whole.len());
    let beside = std::fs::read_dir(opened.folder.path().join("content")).unwrap();
    assert_eq!(beside.count(), 1, "nothing is left beside it");
}

/// While it runs, a process knows by itself: it takes nothing, and goes on once the newest database is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_put_back_under_a_running_node_takes_nothing() {
    let opened = Opened::new().await;
    if opened.engine.folder().is_some() {
        // An embedded server keeps its files open, whatever is put into their place.
        return;
    }
    accept(&opened.store, b"before").await;
    let copy = Copy::of(&opened.engine).await;
    let mut known = Vec::new();
    let accept_in_time = async || {
        loop {
            let new = delivery(&[b"after"]);
            let id = new.header.id;
            if let Ok(accepted) = opened.store.accept(new, actor(PLANNER, 1), at(0)).await {
                accepted.unwrap();
                return id;
            }
        }
    };
    known.push(accept_in_time().await);
    // A node that ends notes how far the rows got.
    opened.beside().await.close().await;
    copy.put_back().await;
    for _ in 0..20 {
        let refused = opened
            .store
            .accept(delivery(&[b"never"]), actor(PLANNER, 1), at(0))
            .await;
        assert!(refused.unwrap_err().is_temporary());
    }
    assert!(opened.store.is_put_back());
    let another = Store::open(opened.engine.clone(), opened.master.clone()).await;
    assert!(
        matches!(another, Err(StoreError::PutBack)),
        "nor may another node start"
    );
    copy.undo().await;
    known.push(accept_in_time().await);
    assert!(!opened.store.is_put_back());
    let rows = opened
        .store
        .inbox(actor(HELPER, 2).office, 0, 50, at(0))
        .await
        .unwrap()
        .rows;
    assert_eq!(rows.len(), 1 + known.len());
}

/// What lies there of large contents goes, as where an older copy of them was put back.
async fn lose_contents(opened: &Opened, id: DeliveryId) {
    match &opened.engine {
        Engine::Embedded(_) => std::fs::remove_file(opened.part_file(id)).unwrap(),
        Engine::Shared(shared) => test_engine::remove_objects(shared, &id.to_string()).await,
    }
}

#[tokio::test]
async fn contents_that_are_older_than_the_rows_are_found_and_told_and_cost_nothing_else() {
    let opened = Opened::new().await;
    let store = &opened.store;
    let (lost, kept) = (accept_large(store).await, accept_large(store).await);
    let small = accept(store, b"small").await;
    assert_eq!(store.find_missing_contents().await.unwrap(), 0);
    lose_contents(&opened, lost).await;
    assert_eq!(store.find_missing_contents().await.unwrap(), 1);
    assert_eq!(store.figures().await.unwrap().contents_missing, 1);
    for id in [lost, kept, small] {
        let reader = actor(HELPER, 2);
        let claim = store.claim(id, reader.clone(), None, at(5)).await.unwrap().unwrap();
        let served = store
            .serve(id, 0, reader.clone(), claim.fence, ByteRange::Whole, at(5))
            .await;
        match served {
            Err(StoreError::ContentMissing) => assert_eq!(id, lost),
            Ok(Ok(_)) => {
                assert_ne!(id, lost);
                store.confirm(id, reader, claim.fence, at(6)).await.unwrap().unwrap();
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(store.find_missing_contents().await.unwrap(), 1);
    assert_eq!(store.contents_missing().await.unwrap(), 1);
}
