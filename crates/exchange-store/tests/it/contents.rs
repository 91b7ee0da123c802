//! What is kept is unreadable, and what is over is gone.

use bytes::Bytes;
use exchange_flow::delivery::DeliveryRefusal;
use exchange_store::{
    ByteRange, ChunkRefusal, ClaimRefusal, CommitRefusal, Engine, PartInspector, ServingSource, Upload, UploadStart,
};
use futures::{StreamExt as _, stream};
use test_engine::objects;

use crate::{HELPER, Opened, PLANNER, actor, at, delivery, frames, header, read_from};

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn any() -> PartInspector<()> {
    Box::new(|_, _, _| Ok(()))
}

#[tokio::test]
async fn small_contents_are_sealed_and_their_key_goes_with_the_confirmation() {
    let opened = Opened::new().await;
    let new = delivery(&[b"a very recognisable text"]);
    let id = new.header.id;
    opened
        .store
        .accept(new, actor(PLANNER, 1), at(0))
        .await
        .unwrap()
        .unwrap();
    assert!(!contains(&opened.all_bytes(), b"recognisable"));
    let reader = actor(HELPER, 2);
    opened
        .store
        .claim(id, reader.clone(), None, at(0))
        .await
        .unwrap()
        .unwrap();
    opened
        .store
        .serve(id, 0, reader.clone(), 1, ByteRange::Whole, at(0))
        .await
        .unwrap()
        .unwrap();
    opened
        .store
        .confirm(id, reader.clone(), 1, at(1))
        .await
        .unwrap()
        .unwrap();
    // Closing folds the log back: no page holds the wrapped key any more.
    let opened = opened.reopen().await;
    assert!(!contains(&opened.all_bytes(), b"\x04test"));
    assert!(
        opened
            .store
            .serve(id, 0, reader, 1, ByteRange::Whole, at(2))
            .await
            .unwrap()
            .is_err()
    );
}

#[tokio::test]
async fn chunks_are_resumed_committed_served_and_deleted() {
    let opened = Opened::new().await;
    let large: Vec<u8> = (0..400_000_u32).map(|n| (n % 251) as u8).collect();
    let header = header(&[&large, b""]);
    let header_json = Bytes::from(serde_json::to_vec(&header).unwrap());
    let upload = Upload {
        header: header.clone(),
        header_json,
    };
    let (id, sender, store) = (header.id, actor(PLANNER, 1), &opened.store);
    let stranger = actor(HELPER, 2);
    store.begin_upload(upload.clone(), sender.clone(), at(0)).await.unwrap();
    let chunk = |offset: usize, end: usize| {
        store.store_chunk(
            id,
            sender.office,
            0,
            offset as u64,
            frames(Bytes::copy_from_slice(&large[offset..end])),
            at(1),
        )
    };
    assert_eq!(chunk(0, 100).await.unwrap(), Err(ChunkRefusal::Size));
    chunk(0, 131_072).await.unwrap().unwrap();
    assert_eq!(
        chunk(0, 131_072).await.unwrap(),
        Err(ChunkRefusal::Offset { stored_bytes: 131_072 })
    );
    let theirs = store
        .store_chunk(id, stranger.office, 0, 131_072, frames(Bytes::new()), at(1))
        .await
        .unwrap();
    assert_eq!(theirs, Err(ChunkRefusal::Unknown));
    let early = store.commit_upload(id, sender.clone(), any(), at(2)).await.unwrap();
    assert_eq!(
        early,
        Err(CommitRefusal::Incomplete {
            part: 0,
            stored_bytes: 131_072
        })
    );

    let opened = opened.reopen().await;
    opened.store.delete_orphans(at(1_000)).await.unwrap();
    let store = &opened.store;
    match store.begin_upload(upload, sender.clone(), at(3)).await.unwrap() {
        UploadStart::Progress(progress) => assert_eq!(progress.stored_bytes, vec![131_072, 0]),
        UploadStart::Conflict | UploadStart::Refused(_) => panic!("it is the same upload"),
    }
    let rest = Bytes::copy_from_slice(&large[131_072..]);
    store
        .store_chunk(id, sender.office, 0, 131_072, frames(rest), at(3))
        .await
        .unwrap()
        .unwrap();
    let accepted = store
        .commit_upload(id, sender.clone(), any(), at(4))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        store.commit_upload(id, sender, any(), at(5)).await.unwrap(),
        Ok(accepted)
    );
    assert!(!contains(&opened.all_bytes(), &large[..64]));

    let reader = actor(HELPER, 2);
    store.claim(id, reader.clone(), None, at(6)).await.unwrap().unwrap();
    let serving = store
        .serve(id, 0, reader.clone(), 1, ByteRange::From(65_530), at(6))
        .await
        .unwrap()
        .unwrap();
    match serving.source {
        ServingSource::File(part) => assert_eq!(read_from(part, 65_530, 10).await, large[65_530..65_540]),
        ServingSource::Memory(_) => panic!("a large delivery is in the folder"),
    }
    store.confirm(id, reader, 1, at(7)).await.unwrap().unwrap();
    assert_eq!(store.delete_erased(at(1_000)).await.unwrap(), 1);
    assert!(!holds_content(&opened).await);
}

#[tokio::test]
async fn what_is_taken_back_is_erased_even_if_the_process_ends_in_between() {
    let opened = Opened::new().await;
    let (sender, reader) = (actor(PLANNER, 1), actor(HELPER, 2));
    let small = delivery(&[b"a very recognisable text"]);
    let large = vec![7; 300_000];
    let header = header(&[&large]);
    let header_json = Bytes::from(serde_json::to_vec(&header).unwrap());
    let ids = [small.header.id, header.id];
    let store = &opened.store;
    store.accept(small, sender.clone(), at(0)).await.unwrap().unwrap();
    let upload = Upload { header, header_json };
    store.begin_upload(upload, sender.clone(), at(0)).await.unwrap();
    let bytes = Bytes::from(large);
    store
        .store_chunk(ids[1], sender.office, 0, 0, frames(bytes), at(0))
        .await
        .unwrap()
        .unwrap();
    store
        .commit_upload(ids[1], sender.clone(), any(), at(0))
        .await
        .unwrap()
        .unwrap();
    for id in ids {
        store.recall(id, sender.clone(), at(1)).await.unwrap().unwrap();
    }
    // The bytes of the large one still lie in the folder, but no key opens them any more.
    assert!(holds_content(&opened).await);
    let opened = opened.reopen().await;
    assert!(!contains(&opened.all_bytes(), b"\x04test"));
    assert_eq!(opened.store.delete_erased(at(1_000)).await.unwrap(), 1);
    assert!(!holds_content(&opened).await);
    for id in ids {
        let again = opened.store.recall(id, sender.clone(), at(9)).await.unwrap();
        assert_eq!(again, Ok(at(1)), "the first answer survives");
        let refused = opened.store.claim(id, reader.clone(), None, at(9)).await.unwrap();
        assert_eq!(refused, Err(ClaimRefusal::Refused(DeliveryRefusal::Recalled)));
        let refused = opened.store.cover(id, &reader).await.unwrap();
        assert_eq!(refused, Err(ClaimRefusal::Refused(DeliveryRefusal::Recalled)));
    }
}

#[tokio::test]
async fn a_part_that_is_not_its_digest_is_no_delivery() {
    let opened = Opened::new().await;
    let large = vec![7; 300_000];
    let header = header(&[&large]);
    let header_json = Bytes::from(serde_json::to_vec(&header).unwrap());
    let (id, sender, store) = (header.id, actor(PLANNER, 1), &opened.store);
    store
        .begin_upload(Upload { header, header_json }, sender.clone(), at(0))
        .await
        .unwrap();
    let other = Bytes::from(vec![8; 300_000]);
    store
        .store_chunk(id, sender.office, 0, 0, frames(other), at(1))
        .await
        .unwrap()
        .unwrap();
    let refusal = store.commit_upload(id, sender, any(), at(2)).await.unwrap();
    assert_eq!(refusal, Err(CommitRefusal::Digest { part: 0 }));
    assert_eq!(store.delete_erased(at(1_000)).await.unwrap(), 1);
    assert!(!holds_content(&opened).await);
}

#[tokio::test]
async fn an_upload_that_nobody_finishes_ends() {
    let opened = Opened::new().await;
    let large = vec![7; 300_000];
    let header = header(&[&large]);
    let header_json = Bytes::from(serde_json::to_vec(&header).unwrap());
    let (sender, store) = (actor(PLANNER, 1), &opened.store);
    store
        .begin_upload(Upload { header, header_json }, sender, at(0))
        .await
        .unwrap();
    assert_eq!(store.drop_stale_uploads(at(0)).await.unwrap(), 0);
    assert_eq!(store.drop_stale_uploads(at(1)).await.unwrap(), 1);
}

/// How far the rows got, which lies beside the contents.
const NOTE: &str = "reached.json";

/// Whether there are bytes of large contents, in the folder or in the bucket.
async fn holds_content(opened: &Opened) -> bool {
    if let Engine::Shared(shared) = &opened.engine {
        return objects(shared).await.iter().any(|name| !name.ends_with(NOTE));
    }
    let mut folders = vec![opened.folder.path().join("content")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with(NOTE) {
                continue;
            }
            if path.is_file() {
                return true;
            }
            folders.push(path);
        }
    }
    false
}

/// An upload of 300,000 bytes, of which one chunk was written to the folder while its row never learnt of it.
async fn broken_off(first: &[u8]) -> (Opened, Upload) {
    let opened = Opened::new().await;
    let header = header(&[&vec![7; 300_000]]);
    let header_json = Bytes::from(serde_json::to_vec(&header).unwrap());
    let upload = Upload { header, header_json };
    let (id, sender) = (upload.header.id, actor(PLANNER, 1));
    let store = &opened.store;
    store.begin_upload(upload.clone(), sender.clone(), at(0)).await.unwrap();
    let chunk = Bytes::copy_from_slice(first);
    store
        .store_chunk(id, sender.office, 0, 0, frames(chunk), at(1))
        .await
        .unwrap()
        .unwrap();
    opened.execute("UPDATE upload SET stored = '[0]'".to_owned()).await;
    (opened, upload)
}

#[tokio::test]
async fn a_chunk_that_comes_again_with_other_bytes_is_never_sealed_under_the_same_nonce() {
    let (opened, upload) = broken_off(&[7; 131_072]).await;
    let (id, sender, store) = (upload.header.id, actor(PLANNER, 1), &opened.store);
    let before = opened.part_bytes(id);
    let other = Bytes::from(vec![8; 65_536]);
    let refused = store
        .store_chunk(id, sender.office, 0, 0, frames(other), at(2))
        .await
        .unwrap();
    assert_eq!(refused, Err(ChunkRefusal::Offset { stored_bytes: 0 }));
    assert_eq!(opened.part_bytes(id), before, "nothing was written");
    // The upload is gone; begun again it has another key, and goes through.
    let gone = store
        .store_chunk(id, sender.office, 0, 0, frames(Bytes::from(vec![7; 65_536])), at(3))
        .await
        .unwrap();
    assert_eq!(gone, Err(ChunkRefusal::Unknown));
    store.begin_upload(upload, sender.clone(), at(4)).await.unwrap();
    store
        .store_chunk(id, sender.office, 0, 0, frames(Bytes::from(vec![7; 300_000])), at(4))
        .await
        .unwrap()
        .unwrap();
    if let (Some(before), Some(after)) = (before, opened.part_bytes(id)) {
        assert_ne!(after[..65_536], before[..65_536], "another key");
    }
    store.commit_upload(id, sender, any(), at(5)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_chunk_that_breaks_off_leaves_the_upload_where_it_was() {
    let opened = Opened::new().await;
    let header = header(&[&vec![7; 700_000]]);
    let header_json = Bytes::from(serde_json::to_vec(&header).unwrap());
    let upload = Upload { header, header_json };
    let (id, sender, store) = (upload.header.id, actor(PLANNER, 1), &opened.store);
    store.begin_upload(upload.clone(), sender.clone(), at(0)).await.unwrap();
    // The first piece is on the disk when the line breaks within the second one.
    let begun = frames(Bytes::from(vec![7; 500_000]));
    let broken = begun.chain(stream::iter([Err(ChunkRefusal::BrokenOff)]));
    let refused = store.store_chunk(id, sender.office, 0, 0, broken, at(1)).await.unwrap();
    assert_eq!(refused, Err(ChunkRefusal::BrokenOff));
    assert!(opened.part_bytes(id).is_none_or(|begun| !begun.is_empty()));
    match store.begin_upload(upload, sender.clone(), at(2)).await.unwrap() {
        UploadStart::Progress(progress) => assert_eq!(progress.stored_bytes, [0]),
        UploadStart::Conflict | UploadStart::Refused(_) => panic!("it is the same upload"),
    }
    // One byte more than the part has: what is written of it stays what the part begins with.
    let too_long = frames(Bytes::from(vec![7; 700_001]));
    let refused = store
        .store_chunk(id, sender.office, 0, 0, too_long, at(3))
        .await
        .unwrap();
    assert_eq!(refused, Err(ChunkRefusal::Size));
    let whole = frames(Bytes::from(vec![7; 700_000]));
    let stored = store.store_chunk(id, sender.office, 0, 0, whole, at(4)).await.unwrap();
    assert_eq!(stored.unwrap().stored_bytes, [700_000]);
    store.commit_upload(id, sender, any(), at(5)).await.unwrap().unwrap();
}

#[tokio::test]
async fn of_two_attempts_at_one_chunk_one_counts_and_neither_waits_for_the_other() {
    let opened = Opened::new().await;
    let header = header(&[&vec![7; 700_000]]);
    let header_json = Bytes::from(serde_json::to_vec(&header).unwrap());
    let upload = Upload { header, header_json };
    let (id, sender, store) = (upload.header.id, actor(PLANNER, 1), &opened.store);
    store.begin_upload(upload, sender.clone(), at(0)).await.unwrap();
    // The first one's line is dead, which nobody has noticed yet.
    let (revive, dead) = futures::channel::oneshot::channel();
    let half = frames(Bytes::from(vec![7; 400_000]));
    let late = frames(Bytes::from(vec![7; 300_000]));
    let rest = stream::once(dead).flat_map(move |_| late.clone());
    let slow = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .store_chunk(id, sender.office, 0, 0, half.chain(rest.boxed()), at(1))
                .await
        }
    });
    let again = frames(Bytes::from(vec![7; 700_000]));
    let stored = store.store_chunk(id, sender.office, 0, 0, again, at(2)).await.unwrap();
    assert_eq!(stored.unwrap().stored_bytes, [700_000]);
    revive.send(()).unwrap();
    let refused = slow.await.unwrap().unwrap();
    assert_eq!(refused, Err(ChunkRefusal::Offset { stored_bytes: 700_000 }));
    store.commit_upload(id, sender, any(), at(3)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_chunk_that_comes_again_with_the_same_bytes_goes_on() {
    let (opened, upload) = broken_off(&[7; 131_072]).await;
    let (id, sender, store) = (upload.header.id, actor(PLANNER, 1), &opened.store);
    let again = match opened.engine {
        // First less than before, then beyond it: what lay there is the same bytes.
        Engine::Embedded(_) => [(0, 65_536), (65_536, 300_000)],
        // An object is the same or another one.
        Engine::Shared(_) => [(0, 131_072), (131_072, 300_000)],
    };
    for (start, end) in again {
        let chunk = Bytes::from(vec![7; end - start]);
        store
            .store_chunk(id, sender.office, 0, start as u64, frames(chunk), at(2))
            .await
            .unwrap()
            .unwrap();
    }
    store.commit_upload(id, sender, any(), at(3)).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_is_in_use_is_not_deleted_whoever_left_word_to() {
    let opened = Opened::new().await;
    let header = header(&[&vec![7; 300_000]]);
    let header_json = Bytes::from(serde_json::to_vec(&header).unwrap());
    let (id, sender, store) = (header.id, actor(PLANNER, 1), &opened.store);
    let upload = Upload { header, header_json };
    // As it is when the sender begins again right after the list of what is to be erased was read.
    let bytes: String = id.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let value = match &opened.engine {
        Engine::Embedded(_) => format!("x'{bytes}'"),
        Engine::Shared(_) => format!("'\\x{bytes}'"),
    };
    let leave_word = || opened.execute(format!("INSERT INTO erasure (id) VALUES ({value})"));
    store.begin_upload(upload, sender.clone(), at(0)).await.unwrap();
    let bytes = Bytes::from(vec![7; 300_000]);
    store
        .store_chunk(id, sender.office, 0, 0, frames(bytes), at(0))
        .await
        .unwrap()
        .unwrap();
    leave_word().await;
    assert_eq!(store.delete_erased(at(1_000)).await.unwrap(), 1);
    assert!(holds_content(&opened).await, "an upload under way");
    let committed = store.commit_upload(id, sender.clone(), any(), at(1)).await.unwrap();
    assert!(committed.is_ok());
    leave_word().await;
    assert_eq!(store.delete_erased(at(1_000)).await.unwrap(), 1);
    assert!(holds_content(&opened).await, "a delivery that waits");
    assert_eq!(
        store.delete_erased(at(1_000)).await.unwrap(),
        0,
        "the word is forgotten"
    );
    store.recall(id, sender, at(2)).await.unwrap().unwrap();
    assert_eq!(store.delete_erased(at(1_000)).await.unwrap(), 1);
    assert!(!holds_content(&opened).await, "what is over");
}

/// Asks, and goes away before there is an answer.
async fn ask_and_leave<T>(asked: impl Future<Output = T>) {
    tokio::select! {
        biased;
        _ = asked => panic!("the store had no time to answer"),
        () = std::future::ready(()) => {}
    }
}

#[tokio::test]
async fn a_step_of_an_upload_runs_to_its_end_though_nobody_waits() {
    let opened = Opened::new().await;
    let header = header(&[&vec![7; 300_000]]);
    let header_json = Bytes::from(serde_json::to_vec(&header).unwrap());
    let upload = Upload { header, header_json };
    let (id, sender, store) = (upload.header.id, actor(PLANNER, 1), &opened.store);
    let progress = async || match store.begin_upload(upload.clone(), sender.clone(), at(9)).await.unwrap() {
        UploadStart::Progress(progress) => progress.stored_bytes,
        UploadStart::Conflict | UploadStart::Refused(_) => panic!("it is the same upload"),
    };
    ask_and_leave(store.begin_upload(upload.clone(), sender.clone(), at(0))).await;
    let chunk = |start: u64, bytes: usize| {
        let bytes = Bytes::from(vec![7; bytes]);
        store.store_chunk(id, sender.office, 0, start, frames(bytes), at(1))
    };
    ask_and_leave(chunk(0, 131_072)).await;
    while progress().await != [131_072] {}
    ask_and_leave(chunk(131_072, 168_928)).await;
    while progress().await != [300_000] {}
    // Whoever comes next stands behind the commit that was asked for.
    ask_and_leave(store.commit_upload(id, sender.clone(), any(), at(2))).await;
    assert_eq!(progress().await, [300_000]);
    let accepted = store.commit_upload(id, sender.clone(), any(), at(3)).await.unwrap();
    assert_eq!(accepted.unwrap().accepted_at, at(2), "the first commit counts");
}
