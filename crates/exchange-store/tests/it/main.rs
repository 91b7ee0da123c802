//! The store over a real folder: durability, identity, claims, erasure.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; helpers outside of test functions too"
)]

mod audit;
mod backup;
mod contents;
mod deliveries;
mod figures;
mod keeping;
mod large;
mod mail;
mod masters;
mod offices;
mod reached;
mod sessions;
mod tries;

use bytes::Bytes;
use care_model::{DeliveryId, Digest, OfficeNumber, Party, ServiceKind, TerminalId};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_protocol::{DeliveryHeader, Part, PartRole, Sealing};
use exchange_store::{
    Actor, By, ChunkRefusal, Engine, MasterKey, NewDelivery, NewIssuePassword, NewOffice, PartReader, Store,
};
use futures::{Stream, stream};
use sealing::Key;
use sqlx::Connection as _;
use tempfile::TempDir;
use test_engine::engine;

pub(crate) const PLANNER: &str = "9970100013";
pub(crate) const HELPER: &str = "9970101003";

/// A store, where it is kept and its key, so that it can be opened again.
pub(crate) struct Opened {
    pub(crate) folder: TempDir,
    pub(crate) engine: Engine,
    pub(crate) master: MasterKey,
    pub(crate) store: Store,
}

impl Opened {
    /// On the engine that the environment names.
    pub(crate) async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let engine = engine(folder.path(), &folder.path().join("keys")).await;
        Self::on(folder, engine).await
    }

    /// In a folder, whatever the environment names: for what is looked at from outside.
    pub(crate) async fn embedded() -> Self {
        let folder = TempDir::new().unwrap();
        let engine = Engine::from(folder.path());
        Self::on(folder, engine).await
    }

    async fn on(folder: TempDir, engine: Engine) -> Self {
        let master = MasterKey {
            name: "test".to_owned(),
            key: Key::generate(),
        };
        let store = Store::open(engine.clone(), master.clone()).await.unwrap();
        Self {
            folder,
            engine,
            master,
            store,
        }
    }

    /// Closes and opens it again.
    pub(crate) async fn reopen(self) -> Self {
        self.store.close().await;
        let store = Store::open(self.engine.clone(), self.master.clone()).await.unwrap();
        Self { store, ..self }
    }

    /// The same exchange, opened a second time as another process does.
    pub(crate) async fn beside(&self) -> Store {
        Store::open(self.engine.clone(), self.master.clone()).await.unwrap()
    }

    /// Does something to the rows behind the store's back.
    pub(crate) async fn execute(&self, sql: String) {
        execute(&self.engine, sql).await;
    }

    /// The sealed first part of a large content, where it lies in a folder.
    pub(crate) fn part_bytes(&self, id: DeliveryId) -> Option<Vec<u8>> {
        self.engine.folder().map(|_| std::fs::read(self.part_file(id)).unwrap())
    }

    /// The file of the first part of a large content.
    pub(crate) fn part_file(&self, id: DeliveryId) -> std::path::PathBuf {
        let name = id.to_string();
        let fan = &name[name.len() - 2..];
        self.folder
            .path()
            .join("content")
            .join(fan)
            .join(&name)
            .join("0.sealed")
    }

    /// Every byte that lies in the folder, after the log was folded back.
    pub(crate) fn all_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    bytes.extend(std::fs::read(path).unwrap());
                }
            }
        }
        bytes
    }
}

/// Does something to the rows of an engine behind everybody's back.
pub(crate) async fn execute(engine: &Engine, sql: String) {
    let sql = sqlx::AssertSqlSafe(sql);
    match engine {
        Engine::Embedded(data) => {
            let url = format!("sqlite://{}", data.join("exchange.db").display());
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        Engine::Shared(shared) => {
            let mut connection = sqlx::PgConnection::connect(&shared.database).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

pub(crate) fn actor(office: &str, terminal: u8) -> Actor {
    Actor {
        office: OfficeNumber::parse(office).unwrap(),
        account: "c001".to_owned(),
        terminal: TerminalId::from_bytes([terminal; 16]),
    }
}

pub(crate) fn header(parts: &[&[u8]]) -> DeliveryHeader {
    let party = |office, kind| Party::new(OfficeNumber::parse(office).unwrap(), ServiceKind::parse(kind).unwrap());
    DeliveryHeader {
        id: DeliveryId::generate(),
        from: party(PLANNER, "43"),
        to: party(HELPER, "11"),
        serial: None,
        unit: None,
        declared_month: None,
        declared_recipients: None,
        parts: parts
            .iter()
            .map(|bytes| Part {
                role: PartRole::Attachment,
                name: None,
                size_bytes: bytes.len() as u64,
                digest: Digest::of(bytes),
            })
            .collect(),
        sealing: Sealing::None,
    }
}

/// Registers an office by the command line; false if it is taken.
pub(crate) async fn register(store: &Store, office: NewOffice, by: By) -> bool {
    let password = NewIssuePassword {
        password_hash: "of nothing".to_owned(),
        selector: None,
        certificate_days: 730,
        until: at(60),
    };
    let registered = store.register_offices(vec![(office, password)], by, at(0));
    registered.await.unwrap().is_ok()
}

/// Reads from a large content as the server does: where it may block.
pub(crate) async fn read_from(mut part: Box<PartReader>, start: u64, length: usize) -> Vec<u8> {
    tokio::task::spawn_blocking(move || part.read_range(start, length).unwrap())
        .await
        .unwrap()
}

/// A chunk as a line brings it: in frames that end anywhere.
pub(crate) fn frames(chunk: Bytes) -> impl Stream<Item = Result<Bytes, ChunkRefusal>> + Clone + Send + Unpin + 'static {
    let frames: Vec<_> = chunk.chunks(30_000).map(Bytes::copy_from_slice).map(Ok).collect();
    stream::iter(frames)
}

pub(crate) fn delivery(parts: &[&[u8]]) -> NewDelivery {
    let header = header(parts);
    NewDelivery {
        header_json: Bytes::from(serde_json::to_vec(&header).unwrap()),
        header,
        content: parts.concat().into(),
    }
}
