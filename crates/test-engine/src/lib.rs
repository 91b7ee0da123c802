//! Where a test keeps its exchange: embedded in a folder, or shared, in a database and a bucket of its own.
//!
//! The same tests run on both engines. `cargo xtask test` starts a throw-away PostgreSQL and a throw-away S3-compatible
//! store, and names a file that says where they are in [`PLACES`]; without it everything is embedded.
#![allow(clippy::expect_used, reason = "a test that has no engine has failed")]

use std::path::Path;

use exchange_store::{BucketPlace, Engine, SharedEngine};
use futures::TryStreamExt as _;
use object_store::{
    ObjectStore as _, ObjectStoreExt as _,
    aws::{AmazonS3, AmazonS3Builder},
};
use serde::Deserialize;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use uuid::Uuid;

/// The environment's name for the file that says where the throw-away services are.
pub const PLACES: &str = "CAREPLAN_TEST_SHARED_ENGINE";

/// Where the throw-away services are.
#[derive(Debug, Clone, Deserialize)]
pub struct Places {
    /// `postgres://…` without a database's name, of somebody who may make databases.
    pub database: String,
    /// The S3-compatible store.
    pub endpoint: String,
    /// A bucket in it.
    pub bucket: String,
    /// Who asks.
    pub access_key_id: String,
    /// And signs.
    pub secret_access_key: String,
    /// The process of the database, for what it uses.
    #[serde(default)]
    pub database_process: Option<u32>,
    /// The same of the store.
    #[serde(default)]
    pub store_process: Option<u32>,
}

impl Places {
    /// What the environment names, if it names any.
    pub fn from_environment() -> Option<Self> {
        let file = std::env::var_os(PLACES)?;
        let text = std::fs::read(file).expect("the file of the throw-away services can be read");
        Some(serde_json::from_slice(&text).expect("the file of the throw-away services is whole"))
    }

    /// A new database, and a place of its own in the bucket.
    pub async fn new_exchange(&self) -> SharedEngine {
        let name = format!("exchange_{}", Uuid::now_v7().simple());
        let mut connection = PgConnection::connect(&format!("{}/postgres", self.database))
            .await
            .expect("the throw-away database answers");
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await
            .expect("a database can be made");
        SharedEngine {
            database: format!("{}/{name}", self.database).into(),
            bucket: BucketPlace {
                endpoint: self.endpoint.clone(),
                name: self.bucket.clone(),
                prefix: name,
                region: "us-east-1".to_owned(),
                access_key_id: self.access_key_id.clone(),
                secret_access_key: self.secret_access_key.clone().into(),
            },
        }
    }
}

/// A new exchange of the engine that the environment names; an embedded one lies in `data`. Where it is stands in the
/// key folder, too, as for a server's processes.
pub async fn engine(data: &Path, keys: &Path) -> Engine {
    let Some(places) = Places::from_environment() else {
        return Engine::from(data);
    };
    let engine = places.new_exchange().await;
    std::fs::create_dir_all(keys).expect("the key folder can be made");
    std::fs::write(keys.join("engine.toml"), engine_file(&engine)).expect("the engine file can be written");
    Engine::Shared(Box::new(engine))
}

/// The file by which a server's processes find a shared engine.
pub fn engine_file(engine: &SharedEngine) -> String {
    let SharedEngine { database, bucket } = engine;
    format!(
        "database = \"{}\"\n[bucket]\nendpoint = \"{}\"\nname = \"{}\"\nprefix = \"{}\"\nregion = \"{}\"\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n",
        database.as_str(),
        bucket.endpoint,
        bucket.name,
        bucket.prefix,
        bucket.region,
        bucket.access_key_id,
        bucket.secret_access_key.as_str(),
    )
}

/// The names of the objects that an exchange has in its bucket, of its contents and whatever else.
pub async fn objects(engine: &SharedEngine) -> Vec<String> {
    let prefix = engine.bucket.prefix.as_str().into();
    let listed: Vec<_> = store(engine)
        .list(Some(&prefix))
        .try_collect()
        .await
        .expect("the throw-away store answers");
    listed.into_iter().map(|object| object.location.to_string()).collect()
}

/// Deletes the objects whose names hold these words, behind the exchange's back.
pub async fn remove_objects(engine: &SharedEngine, words: &str) {
    let store = store(engine);
    for name in objects(engine).await.iter().filter(|name| name.contains(words)) {
        store
            .delete(&name.as_str().into())
            .await
            .expect("the throw-away store deletes");
    }
}

fn store(engine: &SharedEngine) -> AmazonS3 {
    let place = &engine.bucket;
    AmazonS3Builder::new()
        .with_endpoint(&place.endpoint)
        .with_bucket_name(&place.name)
        .with_region(&place.region)
        .with_access_key_id(&place.access_key_id)
        .with_secret_access_key(place.secret_access_key.as_str())
        .with_allow_http(true)
        .build()
        .expect("the throw-away store can be asked")
}

/// Whether tests run on the engine that nodes share.
pub fn is_shared() -> bool {
    std::env::var_os(PLACES).is_some()
}
