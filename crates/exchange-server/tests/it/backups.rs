//! The drill of the real programs: a backup of a server that serves, the server lost, its data restored.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use care_model::ProblemCode;
use exchange_protocol::DeliveryStatus;
use exchange_server::Settings;

use crate::{
    exchange::refused,
    ground::{Ground, PARTS, Process, fetch},
};

/// `exchange-server admin` as an operator types it.
pub(crate) fn admin(settings: &Settings, words: &[&str], path: Option<&Path>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_exchange-server"))
        .args(["admin", "--json", "--data"])
        .arg(&settings.data)
        .arg("--keys")
        .arg(&settings.keys)
        .args(words)
        .args(path)
        .output()
        .unwrap()
}

/// What an act printed that was done.
#[track_caller]
pub(crate) fn told(output: &Output) -> serde_json::Value {
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What an act said that was refused.
#[track_caller]
pub(crate) fn said(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_server_comes_back_from_its_backup() {
    let ground = Ground::embedded().await;
    let folder = &ground.folder;
    let mut settings = ground.settings.clone();
    let process = Process::start(&settings);
    let sender = ground.sender(&process).await;
    let receiver = ground.receiver(&process).await;
    let fetched_before = ground.send(&sender).await.unwrap();
    fetch(&receiver, fetched_before).await;
    let waiting = ground.send(&sender).await.unwrap();

    // While it serves, and never to where the data or the keys are.
    let backup = folder.path().join("backup");
    for inside in [
        settings.data.join("backup"),
        settings.keys.join("backup"),
        folder.path().to_owned(),
    ] {
        let words = said(&admin(&settings, &["backup", "--out"], Some(&inside)));
        assert!(words.contains("must not lie inside each other"), "{words}");
    }
    let made = told(&admin(&settings, &["backup", "--out"], Some(&backup)));
    assert_eq!(made["epoch"], 1);
    for file in files(&settings.keys) {
        let key = fs::read_to_string(&file).unwrap();
        for backed_up in files(&backup) {
            assert_ne!(backed_up.file_name(), file.file_name());
            let bytes = fs::read(&backed_up).unwrap();
            let is_in = bytes
                .windows(key.len().min(60))
                .any(|window| key.as_bytes().starts_with(window));
            // The authority's certificate is public, and is in no backup either.
            assert!(!is_in, "{} is in {}", file.display(), backed_up.display());
        }
    }
    // No backup is made of a folder in which there is no exchange, and none is begun there.
    let mistyped = Settings {
        data: folder.path().join("dta"),
        ..settings.clone()
    };
    let words = said(&admin(
        &mistyped,
        &["backup", "--out"],
        Some(&folder.path().join("other")),
    ));
    assert!(words.contains("there is no exchange"), "{words}");
    assert!(!mistyped.data.exists());

    let lost = ground.send(&sender).await.unwrap();
    process.kill();
    fs::remove_dir_all(&settings.data).unwrap();
    settings.data = folder.path().join("restored");
    let restored = told(&admin(&settings, &["restore", "--from"], Some(&backup)));
    let words = said(&admin(&settings, &["restore", "--from"], Some(&backup)));
    assert!(words.contains("not a new or empty folder"), "{words}");

    let process = Process::start(&settings);
    let receiver = ground.receiver(&process).await;
    let sender = ground.sender(&process).await;
    let rows = receiver.inbox(0, 200).await.unwrap().rows;
    let ids: Vec<_> = rows.iter().map(|row| row.header.id).collect();
    assert_eq!(ids, [fetched_before, waiting]);
    assert!(matches!(rows[0].status, DeliveryStatus::Received { .. }));
    assert_eq!(
        refused(receiver.claim(fetched_before, None).await),
        ProblemCode::AlreadyReceived
    );
    assert_eq!(fetch(&receiver, waiting).await, PARTS[1].1);
    assert_eq!(refused(receiver.claim(lost, None).await), ProblemCode::DeliveryUnknown);
    let next = ground.send(&sender).await.unwrap();
    assert_eq!(fetch(&receiver, next).await, PARTS[1].1);
    assert!(restored["epoch"].as_u64().unwrap() > 1);
    process.kill();
}
