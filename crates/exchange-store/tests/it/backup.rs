//! Backups that are whole or none, and what they give back.

use std::{collections::BTreeMap, fs, path::Path};

use bytes::Bytes;
use care_model::DeliveryId;
use chrono::TimeDelta;
use exchange_store::{BackupError, ByteRange, ServingSource, Store, StoreError, Upload};
use sqlx::Connection as _;
use tempfile::TempDir;

use crate::{HELPER, Opened, PLANNER, actor, at, delivery, frames, header};

const LARGE: usize = 300_000;

async fn accept_small(store: &Store, text: &[u8]) -> DeliveryId {
    let new = delivery(&[text]);
    let id = new.header.id;
    store.accept(new, actor(PLANNER, 1), at(0)).await.unwrap().unwrap();
    id
}

async fn begin_large(store: &Store, byte: u8) -> DeliveryId {
    let bytes = vec![byte; LARGE];
    let header = header(&[&bytes]);
    let (id, header_json) = (header.id, Bytes::from(serde_json::to_vec(&header).unwrap()));
    let sender = actor(PLANNER, 1);
    let upload = Upload { header, header_json };
    store.begin_upload(upload, sender.clone(), at(0)).await.unwrap();
    store
        .store_chunk(id, sender.office, 0, 0, frames(bytes.into()), at(0))
        .await
        .unwrap()
        .unwrap();
    id
}

async fn accept_large(store: &Store, byte: u8) -> DeliveryId {
    let id = begin_large(store, byte).await;
    let inspect: exchange_store::PartInspector<()> = Box::new(|_, _, _| Ok(()));
    store
        .commit_upload(id, actor(PLANNER, 1), inspect, at(0))
        .await
        .unwrap()
        .unwrap();
    id
}

/// Claims and reads a delivery of one part.
async fn fetch(store: &Store, id: DeliveryId) -> Vec<u8> {
    let reader = actor(HELPER, 2);
    let claim = store.claim(id, reader.clone(), None, at(5)).await.unwrap().unwrap();
    let serving = store
        .serve(id, 0, reader, claim.fence, ByteRange::Whole, at(5))
        .await
        .unwrap()
        .unwrap();
    match serving.source {
        ServingSource::Memory(bytes) => bytes.to_vec(),
        ServingSource::File(mut part) => part.read_range(0, LARGE).unwrap(),
    }
}

async fn back_up(store: &Store, out: &Path) -> Result<exchange_store::BackedUp, BackupError> {
    store.back_up(out, &["updates"], || at(10)).await
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

/// A store with a small, a large and a half sent delivery, and its backup.
async fn backed_up() -> (Opened, TempDir, [DeliveryId; 3]) {
    let opened = Opened::embedded().await;
    let ids = [
        accept_small(&opened.store, b"small").await,
        accept_large(&opened.store, 7).await,
        begin_large(&opened.store, 9).await,
    ];
    fs::create_dir_all(opened.folder.path().join("updates/linux")).unwrap();
    fs::write(opened.folder.path().join("updates/linux/offer.json"), b"{}").unwrap();
    let out = TempDir::new().unwrap();
    back_up(&opened.store, out.path()).await.unwrap();
    (opened, out, ids)
}

#[tokio::test]
async fn a_backup_gives_everything_back_under_a_new_epoch() {
    let (opened, out, [small, large, half]) = backed_up().await;
    // What happens after it is not in it, and what is erased after it still is.
    let store = &opened.store;
    let later = accept_small(store, b"later").await;
    store.recall(large, actor(PLANNER, 1), at(20)).await.unwrap().unwrap();
    assert_eq!(store.delete_erased(at(1_000)).await.unwrap(), 1);

    let home = TempDir::new().unwrap();
    let data = home.path().join("new");
    let restored = Store::restore(out.path(), &data, at(100)).await.unwrap();
    assert_eq!(restored.made_at, at(10));
    let again = Store::open(&data, opened.master.clone()).await.unwrap();
    assert_eq!(again.epoch().await.unwrap(), restored.epoch);
    assert!(restored.epoch > store.epoch().await.unwrap());
    assert_eq!(again.delete_orphans(at(1_000)).await.unwrap(), 0);
    assert_eq!(fetch(&again, small).await, b"small");
    assert_eq!(fetch(&again, large).await, vec![7; LARGE]);
    let office = actor(PLANNER, 1).office;
    assert!(again.upload_header(half, office).await.unwrap().is_none());
    assert!(
        again
            .claim(later, actor(HELPER, 2), None, at(5))
            .await
            .unwrap()
            .is_err()
    );
    assert_eq!(fs::read(data.join("updates/linux/offer.json")).unwrap(), b"{}");
    again.close().await;

    // The same backup restored once more is another exchange still.
    let second = Store::restore(out.path(), &home.path().join("second"), at(101))
        .await
        .unwrap();
    assert_ne!(second.epoch, restored.epoch);
}

#[tokio::test]
async fn erased_bytes_stay_while_a_backup_is_taken() {
    let (opened, _out, [_, large, _]) = backed_up().await;
    let store = &opened.store;
    store.recall(large, actor(PLANNER, 1), at(20)).await.unwrap().unwrap();
    let file = opened.part_file(large);
    assert_eq!(store.delete_erased(at(20)).await.unwrap(), 0, "the backup may need it");
    assert_eq!(store.delete_orphans(at(20)).await.unwrap(), 0);
    assert!(file.exists());
    let after = at(10) + TimeDelta::minutes(4);
    assert_eq!(store.delete_erased(after).await.unwrap(), 1);
    assert!(!file.exists());
}

#[tokio::test]
async fn a_backup_taken_under_load_is_one_instant_of_it() {
    let opened = Opened::embedded().await;
    let store = opened.store.clone();
    let load = tokio::spawn(async move {
        let mut accepted = Vec::new();
        for turn in 0..60_u8 {
            let id = match turn % 3 {
                0 => accept_large(&store, turn).await,
                _ => accept_small(&store, &[turn]).await,
            };
            accepted.push((id, turn));
            if turn % 4 == 3 {
                store.recall(id, actor(PLANNER, 1), at(1)).await.unwrap().unwrap();
                store.delete_erased(at(11)).await.unwrap();
            }
        }
        accepted
    });
    let home = TempDir::new().unwrap();
    let mut backups = Vec::new();
    while !load.is_finished() {
        let out = home.path().join(format!("backup-{}", backups.len()));
        back_up(&opened.store, &out).await.unwrap();
        backups.push(out);
    }
    let accepted = load.await.unwrap();
    for (number, out) in backups.iter().enumerate() {
        let data = home.path().join(format!("data-{number}"));
        Store::restore(out, &data, at(100)).await.unwrap();
        let store = Store::open(&data, opened.master.clone()).await.unwrap();
        let mut ended = false;
        for (id, turn) in &accepted {
            let reader = actor(HELPER, 2);
            match store.claim(*id, reader.clone(), None, at(5)).await.unwrap() {
                Err(exchange_store::ClaimRefusal::Unknown) => ended = true,
                found => {
                    assert!(!ended, "a later one is there and an earlier one is not");
                    if let Ok(claim) = found {
                        let serving = store.serve(*id, 0, reader, claim.fence, ByteRange::Whole, at(5)).await;
                        let first = match serving.unwrap().unwrap().source {
                            ServingSource::Memory(bytes) => bytes[0],
                            ServingSource::File(mut part) => part.read_range(0, LARGE).unwrap()[LARGE - 1],
                        };
                        assert_eq!(first, *turn);
                    }
                }
            }
        }
        store.close().await;
    }
}

#[tokio::test]
async fn nothing_is_written_over_or_left_half() {
    let (opened, out, _) = backed_up().await;
    let before = files(out.path());
    assert!(before.contains_key("backup.json"));
    match back_up(&opened.store, out.path()).await {
        Err(BackupError::NotEmpty) => {}
        other => panic!("{other:?}"),
    }
    match Store::restore(out.path(), opened.folder.path(), at(100)).await {
        Err(BackupError::NotEmpty) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(files(out.path()), before);
    // A content that is lost is told, not left out.
    let (opened, _, [_, large, _]) = backed_up().await;
    fs::remove_file(opened.part_file(large)).unwrap();
    let home = TempDir::new().unwrap();
    match back_up(&opened.store, &home.path().join("backup")).await {
        Err(BackupError::ContentMissing) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

/// What is done to a backup, and whether the refusal is the right one.
type Harm = (&'static str, fn(&Path), fn(&BackupError) -> bool);

/// Changes the one place of a manifest.
fn rewrite(folder: &Path, from: &str, to: &str) {
    let path = folder.join("backup.json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
}

fn any_sealed(folder: &Path) -> std::path::PathBuf {
    let name = files(folder).into_keys().find(|name| name.ends_with(".sealed"));
    folder.join(name.unwrap())
}

#[tokio::test]
async fn what_is_no_whole_backup_is_refused_and_nothing_is_restored() {
    let harms: &[Harm] = &[
        (
            "no manifest",
            |out| fs::remove_file(out.join("backup.json")).unwrap(),
            |error| matches!(error, BackupError::NoManifest),
        ),
        (
            "half a manifest",
            |out| fs::write(out.join("backup.json"), b"{\"format\":1").unwrap(),
            |error| matches!(error, BackupError::Manifest),
        ),
        (
            "a newer shape",
            |out| rewrite(out, "\"format\": 1", "\"format\": 2"),
            |error| matches!(error, BackupError::Newer { .. }),
        ),
        (
            "a newer schema",
            |out| rewrite(out, "\"schema\": ", "\"schema\": 9"),
            |error| matches!(error, BackupError::Newer { .. }),
        ),
        (
            "a way out",
            |out| rewrite(out, "exchange.db\"", "../exchange.db\""),
            |error| matches!(error, BackupError::Manifest),
        ),
        (
            "a lost file",
            |out| fs::remove_file(any_sealed(out)).unwrap(),
            |error| matches!(error, BackupError::Differs { name } if name.starts_with("content/")),
        ),
        (
            "a changed byte",
            |out| {
                let mut bytes = fs::read(out.join("exchange.db")).unwrap();
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
                fs::write(out.join("exchange.db"), bytes).unwrap();
            },
            |error| matches!(error, BackupError::Differs { name } if name == "exchange.db"),
        ),
        (
            "a file cut short",
            |out| {
                let file = fs::OpenOptions::new().write(true).open(any_sealed(out)).unwrap();
                file.set_len(100).unwrap();
            },
            |error| matches!(error, BackupError::Differs { .. }),
        ),
    ];
    for (name, harm, is_expected) in harms {
        let (_opened, out, _) = backed_up().await;
        harm(out.path());
        let home = TempDir::new().unwrap();
        let new = home.path().join("new");
        let refused = Store::restore(out.path(), &new, at(100)).await.unwrap_err();
        assert!(is_expected(&refused), "{name}: {refused:?}");
        assert!(!new.exists(), "{name}");
        // An empty folder that was there stays, and stays empty.
        assert!(Store::restore(out.path(), home.path(), at(100)).await.is_err());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "{name}");
    }
}

#[tokio::test]
async fn a_restore_that_died_is_never_served() {
    let (opened, out, _) = backed_up().await;
    let home = TempDir::new().unwrap();
    Store::restore(out.path(), &home.path().join("new"), at(100))
        .await
        .unwrap();
    // As it stands before the last step.
    fs::create_dir(home.path().join("new/restoring")).unwrap();
    let refused = Store::open(&home.path().join("new"), opened.master.clone()).await;
    assert!(
        matches!(refused, Err(StoreError::HalfRestored)),
        "{:?}",
        refused.map(drop)
    );
    fs::create_dir_all(home.path().join("other/restoring")).unwrap();
    assert!(matches!(
        Store::migrate(&home.path().join("other")).await,
        Err(StoreError::HalfRestored)
    ));
    assert!(!home.path().join("other/exchange.db").exists());
}

#[tokio::test]
async fn a_backup_holds_no_session_and_nothing_that_was_erased() {
    let opened = Opened::embedded().await;
    let erased = accept_small(&opened.store, b"gone").await;
    opened
        .store
        .recall(erased, actor(PLANNER, 1), at(1))
        .await
        .unwrap()
        .unwrap();
    let home = TempDir::new().unwrap();
    let out = home.path().join("backup");
    let made = back_up(&opened.store, &out).await.unwrap();
    let url = format!("sqlite://{}", out.join("exchange.db").display());
    let mut copy = sqlx::SqliteConnection::connect(&url).await.unwrap();
    for table in ["session", "portal_session", "upload", "erasure", "content"] {
        let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let rows: i64 = sqlx::query_scalar(count).fetch_one(&mut copy).await.unwrap();
        assert_eq!(rows, 0, "{table}");
    }
    copy.close().await.unwrap();
    assert_eq!(made.files, 1);
    let names: Vec<_> = files(&out).into_keys().collect();
    assert_eq!(names, ["backup.json", "exchange.db"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_backup_with_no_room_for_it_leaves_nothing() {
    use std::process::Command;

    struct Mounted(std::path::PathBuf);
    impl Drop for Mounted {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg(&self.0).status();
        }
    }

    let (opened, good, _) = backed_up().await;
    let home = TempDir::new().unwrap();
    // No room for the database; room for it and not for the contents.
    let database_bytes = fs::metadata(good.path().join("exchange.db")).unwrap().len();
    for size in [65_536, database_bytes + 131_072] {
        let out = home.path().join(size.to_string());
        fs::create_dir(&out).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(&out)
            .status();
        // Without the right to mount nothing can be filled up; what is removed is held by the lost content above.
        if !mounted.is_ok_and(|status| status.success()) {
            return;
        }
        let _mounted = Mounted(out.clone());
        let refused = back_up(&opened.store, &out).await.unwrap_err();
        assert!(refused.to_string().contains("nothing was kept"), "{refused}");
        assert_eq!(fs::read_dir(&out).unwrap().count(), 0, "{size}");
    }
}
