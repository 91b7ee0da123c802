//! Master keys: wrong and missing ones, and the way from one to the next while others write.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use care_model::DeliveryId;
use exchange_store::{ByteRange, MasterKey, MasterKeys, ServingSource, Store, StoreError, Upload};
use sealing::Key;
use tempfile::TempDir;
use test_engine::engine;

use crate::{HELPER, Opened, PLANNER, actor, at, delivery, frames, header, read_from};

/// Keys as a folder of files gives them: more may come while stores are open.
#[derive(Clone, Default)]
struct Keys(Arc<Mutex<Vec<MasterKey>>>);

impl Keys {
    fn make(&self, number: usize) -> MasterKey {
        let made = MasterKey {
            name: format!("master-{number}"),
            key: Key::generate(),
        };
        self.0.lock().unwrap().push(made.clone());
        made
    }

    fn source(&self) -> MasterKeys {
        let keys = Arc::clone(&self.0);
        MasterKeys::new(move || Ok(keys.lock().unwrap().clone()))
    }

    fn remove(&self, name: &str) {
        self.0.lock().unwrap().retain(|master| master.name != name);
    }
}

async fn accept(store: &Store, text: &[u8]) -> DeliveryId {
    let new = delivery(&[text]);
    let id = new.header.id;
    store.accept(new, actor(PLANNER, 1), at(0)).await.unwrap().unwrap();
    id
}

async fn read(store: &Store, id: DeliveryId) -> Vec<u8> {
    let reader = actor(HELPER, 2);
    let claim = store.claim(id, reader.clone(), None, at(5)).await.unwrap().unwrap();
    let serving = store.serve(id, 0, reader, claim.fence, ByteRange::Whole, at(5)).await;
    match serving.unwrap().unwrap().source {
        ServingSource::Memory(bytes) => bytes.to_vec(),
        ServingSource::File(part) => read_from(part, 0, 300_000).await,
    }
}

#[tokio::test]
async fn a_wrong_or_a_missing_key_is_refused_and_nothing_is_written() {
    let opened = Opened::embedded().await;
    let id = accept(&opened.store, b"text").await;
    let (data, right) = (opened.folder.path().to_owned(), opened.master.clone());
    opened.store.close().await;
    assert!(Store::has_begun(&data).await.unwrap());
    let before = std::fs::read(data.join("exchange.db")).unwrap();
    let wrong = MasterKey {
        key: Key::generate(),
        ..right.clone()
    };
    let other = MasterKey {
        name: "other".to_owned(),
        ..right.clone()
    };
    let none = MasterKeys::new(|| Ok(Vec::new()));
    for (keys, is_wrong) in [(wrong.into(), true), (other.into(), false), (none, false)] {
        match (Store::open(&data, keys).await, is_wrong) {
            (Err(error @ StoreError::MasterWrong { .. }), true)
            | (Err(error @ StoreError::MasterMissing { .. }), false) => {
                assert!(error.to_string().contains("the master key test"), "{error}");
                assert!(!error.is_temporary());
            }
            (other, _) => panic!("{:?}", other.map(drop)),
        }
        assert_eq!(std::fs::read(data.join("exchange.db")).unwrap(), before);
    }
    let store = Store::open(&data, right).await.unwrap();
    assert_eq!(read(&store, id).await, b"text");
}

#[tokio::test]
async fn a_store_that_serves_takes_up_a_new_key_and_everything_stays_readable() {
    let keys = Keys::default();
    let first = keys.make(1);
    let folder = TempDir::new().unwrap();
    let engine = engine(folder.path(), &folder.path().join("keys")).await;
    let serving = Store::open(engine.clone(), keys.source()).await.unwrap();
    let beside = Store::open(engine.clone(), keys.source()).await.unwrap();
    let mut ids = Vec::new();
    for text in 0..250_u8 {
        ids.push((accept(&serving, &[text]).await, vec![text]));
    }
    // An upload that is under way while its key is wrapped anew goes on where it was.
    let large = vec![7; 200_000];
    let header = header(&[&large]);
    let (half, sender) = (header.id, actor(PLANNER, 1));
    let header_json = Bytes::from(serde_json::to_vec(&header).unwrap());
    serving
        .begin_upload(Upload { header, header_json }, sender.clone(), at(0))
        .await
        .unwrap();
    let chunk = |from: usize, to: usize| frames(Bytes::copy_from_slice(&large[from..to]));
    let stored = serving.store_chunk(half, sender.office, 0, 0, chunk(0, 131_072), at(0));
    stored.await.unwrap().unwrap();

    let second = keys.make(2);
    beside.begin_master(second.clone()).await.unwrap();
    // Broken off after some commits, and begun again.
    let broken_off = tokio::time::timeout(std::time::Duration::from_millis(15), beside.rewrap()).await;
    assert!(broken_off.is_err());
    assert!(beside.is_master_named("master-1").await.unwrap() || beside.rewrap().await.unwrap() == 0);
    while !serving.master_names().await.unwrap().contains(&"master-2".to_owned()) {
        tokio::task::yield_now().await;
    }
    ids.push((accept(&serving, b"during").await, b"during".to_vec()));
    beside.rewrap().await.unwrap();
    assert!(!beside.is_master_named("master-1").await.unwrap());
    let stored = serving.store_chunk(half, sender.office, 0, 131_072, chunk(131_072, 200_000), at(1));
    stored.await.unwrap().unwrap();
    let inspect: exchange_store::PartInspector<()> = Box::new(|_, _, _| Ok(()));
    serving
        .commit_upload(half, sender, inspect, at(1))
        .await
        .unwrap()
        .unwrap();
    ids.push((half, large));

    assert!(!beside.retire_master("master-2").await.unwrap(), "the newest stays");
    assert!(beside.retire_master(&first.name).await.unwrap());
    beside.rewrap().await.unwrap();
    assert!(!beside.is_master_named("master-1").await.unwrap());
    keys.remove("master-1");
    serving.close().await;
    beside.close().await;
    let again = Store::open(engine.clone(), keys.source()).await.unwrap();
    assert_eq!(again.master_names().await.unwrap(), ["master-2"]);
    for (id, bytes) in ids {
        assert_eq!(read(&again, id).await, bytes);
    }
}
