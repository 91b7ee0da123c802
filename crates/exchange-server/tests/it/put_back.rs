//! The real program over a database that somebody put back to an earlier time, and over contents that are older than it.

use std::{fs, process::Stdio};

use bytes::Bytes;
use care_model::ProblemCode;

use crate::{
    backups::{files, said},
    bare,
    exchange::{header, json, refused},
    ground::{Ground, PARTS, Process, fetch, program, refused_start},
    upgrades::on,
};

async fn end(process: Process) {
    process.terminate();
    assert!(process.ended().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_database_is_served_by_nobody_until_a_new_epoch_is_begun() {
    let ground = Ground::embedded().await;
    let (settings, database) = (&ground.settings, ground.settings.data.join("exchange.db"));
    let process = Process::start(settings);
    let first = ground.send(&ground.sender(&process).await).await.unwrap();
    end(process).await;
    let older = fs::read(&database).unwrap();

    let process = Process::start(settings);
    let forgotten = ground.send(&ground.sender(&process).await).await.unwrap();
    end(process).await;
    for beside in ["exchange.db-wal", "exchange.db-shm"] {
        assert!(!database.with_file_name(beside).exists(), "it ended in order");
    }
    fs::write(&database, &older).unwrap();
    for words in [
        refused_start(program(), settings),
        said(&on(settings, &["migrate"])),
        said(&on(settings, &["admin", "list-offices"])),
    ] {
        assert!(
            words.contains("older than what this exchange had reached") && words.contains("admin new-epoch"),
            "{words}"
        );
    }
    assert!(fs::read(&database).unwrap() == older, "nothing was changed");

    let begun = on(settings, &["admin", "new-epoch"]);
    assert!(begun.status.success(), "{begun:?}");
    let process = Process::start(settings);
    let receiver = ground.receiver(&process).await;
    let rows = receiver.inbox(0, 10).await.unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.header.id).collect::<Vec<_>>(), [first]);
    assert!(receiver.claim(forgotten, None).await.is_err());
    assert_eq!(fetch(&receiver, first).await, PARTS[1].1);
    end(process).await;
    // From then on it starts as ever.
    end(Process::start(settings)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contents_that_are_gone_are_told_and_everything_else_is_served() {
    let ground = Ground::embedded().await;
    let settings = &ground.settings;
    let process = Process::start(settings);
    let sender = ground.sender(&process).await;
    let large = Bytes::from(vec![b'a'; 5_000_000]);
    let parts: &[(Option<&str>, &[u8])] = &[(None, &large)];
    let (lost, kept) = (
        header(&ground.planner, &ground.helper, parts),
        header(&ground.planner, &ground.helper, parts),
    );
    for header in [&lost, &kept] {
        let content = large.clone();
        let read = move |_: usize, offset: u64, length: usize| {
            let start = usize::try_from(offset).unwrap();
            Ok(content.slice(start..start + length))
        };
        sender.send(json(header), &read, |_| {}).await.unwrap();
    }
    let small = ground.send(&sender).await.unwrap();
    end(process).await;
    let gone = files(&settings.data.join("content"))
        .into_iter()
        .find(|file| file.to_string_lossy().contains(&lost.id.to_string()))
        .unwrap();
    fs::remove_file(gone).unwrap();

    let words = ["--operations-listen", "127.0.0.1:0"];
    let process = Process::start_as(program(), settings, &words, Stdio::null());
    let (status, said) = bare::ask(&process.operations_url, "/ready").await;
    let ready: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (status, ready["state"].as_str()),
        (200, Some("contents_missing")),
        "{said}"
    );
    assert_eq!(ready["contents_missing"], 1);
    let receiver = ground.receiver(&process).await;
    let claim = receiver.claim(lost.id, None).await.unwrap();
    let mut stream = receiver.fetch_part(&claim, 0, 0).unwrap();
    assert_eq!(refused(stream.next().await), ProblemCode::ContentMissing);
    let claim = receiver.claim(kept.id, None).await.unwrap();
    let mut stream = receiver.fetch_part(&claim, 0, 0).unwrap();
    let mut fetched = 0;
    while let Some(piece) = stream.next().await.unwrap() {
        fetched += piece.len();
    }
    assert_eq!(fetched, large.len());
    assert_eq!(fetch(&receiver, small).await, PARTS[1].1);
    process.kill();
}
