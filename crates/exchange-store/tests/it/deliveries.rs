//! Identity, group commit, claims.

use care_model::OfficeNumber;
use exchange_flow::delivery::DeliveryRefusal;
use exchange_protocol::DeliveryStatus;
use exchange_store::{ByteRange, ClaimRefusal, Hint, NewDelivery, Refusal, ServingSource};
use futures::future::join_all;

use crate::{HELPER, Opened, PLANNER, actor, at, delivery};

#[tokio::test]
async fn many_at_once_are_all_stored_once_and_in_order() {
    let opened = Opened::new().await;
    let mut hints = opened.store.listen(OfficeNumber::parse(HELPER).unwrap());
    let known = delivery(&[b"known"]);
    opened
        .store
        .accept(known.clone(), actor(PLANNER, 1), at(0))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(hints.recv().await.unwrap(), Hint::Inbox(1));
    // Retries and a conflict among them spoil nothing.
    let mut conflict = known.clone();
    conflict.header_json = [conflict.header_json.as_ref(), b" "].concat().into();
    let acts = (0..300).map(|n| {
        let (store, known, conflict) = (opened.store.clone(), known.clone(), conflict.clone());
        tokio::spawn(async move {
            match n % 10 {
                0 => store
                    .accept(known, actor(PLANNER, 1), at(n))
                    .await
                    .unwrap()
                    .map(|_| false),
                1 => store
                    .accept(conflict, actor(PLANNER, 1), at(n))
                    .await
                    .unwrap()
                    .map(|_| false),
                _ => store
                    .accept(delivery(&[b"new"]), actor(PLANNER, 1), at(n))
                    .await
                    .unwrap()
                    .map(|_| true),
            }
        })
    });
    let mut counts = [0; 3];
    for act in acts.collect::<Vec<_>>() {
        match act.await.unwrap() {
            Ok(true) => counts[0] += 1,
            Ok(false) => counts[1] += 1,
            Err(Refusal::Conflict) => counts[2] += 1,
            Err(refusal) => panic!("{refusal:?}"),
        }
    }
    assert_eq!(counts, [240, 30, 30]);
    // What was answered is there after opening again, each once, without a gap.
    let opened = opened.reopen().await;
    let page = opened
        .store
        .inbox(OfficeNumber::parse(HELPER).unwrap(), 0, 1_000, at(0))
        .await
        .unwrap();
    let sequences: Vec<u64> = page.rows.iter().map(|row| row.sequence).collect();
    assert_eq!(sequences, (1..=241).collect::<Vec<u64>>());
    assert_eq!((page.next, page.more), (241, false));
    let accepted = opened
        .store
        .accept(known, actor(PLANNER, 1), at(999))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((accepted.accepted_at, accepted.sequence), (at(0), 1));
}

#[tokio::test]
async fn a_status_change_comes_again_behind_the_cursor() {
    let opened = Opened::new().await;
    let (here, there) = (actor(PLANNER, 1), actor(HELPER, 2));
    let (first, second) = (delivery(&[b"one"]), delivery(&[b"two"]));
    for new in [&first, &second] {
        opened
            .store
            .accept(new.clone(), here.clone(), at(0))
            .await
            .unwrap()
            .unwrap();
    }
    let store = &opened.store;
    let page = store.inbox(there.office, 0, 1, at(0)).await.unwrap();
    assert_eq!((page.rows.len(), page.next, page.more), (1, 1, true));
    let cursor = store.inbox(there.office, 1, 10, at(0)).await.unwrap().next;
    store
        .claim(first.header.id, there.clone(), None, at(1))
        .await
        .unwrap()
        .unwrap();
    let page = store.inbox(there.office, cursor, 10, at(1)).await.unwrap();
    assert_eq!(page.rows.len(), 1);
    assert!(matches!(
        &page.rows[0].status,
        DeliveryStatus::Claimed {
            fence: 1,
            held: true,
            ..
        }
    ));
    // The sender's list did not change.
    assert!(store.outbox(here.office, 2, 10).await.unwrap().rows.is_empty());
    store
        .confirm(first.header.id, there.clone(), 1, at(2))
        .await
        .unwrap()
        .unwrap();
    let page = store.outbox(here.office, 2, 10).await.unwrap();
    assert_eq!(page.rows[0].status, DeliveryStatus::Received { at: at(2) });
}

#[tokio::test]
async fn the_lease_is_renewed_by_ranges_and_ends_without() {
    let opened = Opened::new().await;
    let new = delivery(&[b"one", b"two"]);
    let (id, store) = (new.header.id, &opened.store);
    let (first, second) = (actor(HELPER, 2), actor(HELPER, 3));
    store.accept(new, actor(PLANNER, 1), at(0)).await.unwrap().unwrap();
    store.claim(id, first.clone(), None, at(0)).await.unwrap().unwrap();
    let serve = |part, range, seconds| store.serve(id, part, first.clone(), 1, range, at(seconds));
    let serving = serve(0, ByteRange::Between(1, 1), 100).await.unwrap().unwrap();
    match serving.source {
        ServingSource::Memory(bytes) => assert_eq!(bytes, "n"),
        ServingSource::File(_) => panic!("a small delivery is in its row"),
    }
    let elsewhere = store.claim(id, second.clone(), None, at(219)).await.unwrap();
    assert!(matches!(
        elsewhere,
        Err(ClaimRefusal::Refused(DeliveryRefusal::ClaimedElsewhere(_)))
    ));
    store.claim(id, second.clone(), None, at(220)).await.unwrap().unwrap();
    let lost = serve(0, ByteRange::Whole, 221).await.unwrap();
    assert_eq!(lost.unwrap_err(), ClaimRefusal::Refused(DeliveryRefusal::ClaimLost));
    // Served under the new fence to the last byte of both parts: it does not lapse, not even over a restart.
    for part in [0, 1] {
        store
            .serve(id, part, second.clone(), 2, ByteRange::Whole, at(222))
            .await
            .unwrap()
            .unwrap();
    }
    let none = store
        .serve(id, 2, second.clone(), 2, ByteRange::Whole, at(222))
        .await
        .unwrap();
    assert_eq!(none.unwrap_err(), ClaimRefusal::NoSuchRange);
    let opened = opened.reopen().await;
    let elsewhere = opened.store.claim(id, first, None, at(99_999)).await.unwrap();
    assert!(matches!(
        elsewhere,
        Err(ClaimRefusal::Refused(DeliveryRefusal::ClaimedElsewhere(_)))
    ));
}

#[tokio::test]
async fn a_recall_is_the_senders_and_only_in_time() {
    let opened = Opened::new().await;
    let (early, late) = (delivery(&[b"one"]), delivery(&[b"two"]));
    let (here, there, store) = (actor(PLANNER, 1), actor(HELPER, 2), &opened.store);
    for new in [&early, &late] {
        store.accept(new.clone(), here.clone(), at(0)).await.unwrap().unwrap();
    }
    let id = early.header.id;
    assert_eq!(
        store.recall(id, there.clone(), at(1)).await.unwrap(),
        Err(ClaimRefusal::Unknown)
    );
    assert_eq!(store.recall(id, here.clone(), at(1)).await.unwrap(), Ok(at(1)));
    assert_eq!(store.recall(id, here.clone(), at(5)).await.unwrap(), Ok(at(1)));
    let gone = store.claim(id, there.clone(), None, at(2)).await.unwrap();
    assert_eq!(gone, Err(ClaimRefusal::Refused(DeliveryRefusal::Recalled)));
    let id = late.header.id;
    store.claim(id, there.clone(), None, at(2)).await.unwrap().unwrap();
    let too_late = |received_at| Err(ClaimRefusal::Refused(DeliveryRefusal::RecallTooLate { received_at }));
    assert_eq!(store.recall(id, here.clone(), at(3)).await.unwrap(), too_late(None));
    store.confirm(id, there, 1, at(4)).await.unwrap().unwrap();
    assert_eq!(
        store.recall(id, here, at(5)).await.unwrap(),
        too_late(Some(at(4))),
        "what is 済 stays so"
    );
}

#[tokio::test]
async fn of_a_recall_and_a_pickup_at_once_exactly_one_wins() {
    let opened = Opened::new().await;
    let (here, there) = (actor(PLANNER, 1), actor(HELPER, 2));
    let (mut recalled, mut received) = (0, 0);
    for turn in 0..60 {
        let new = delivery(&[b"one"]);
        let id = new.header.id;
        opened.store.accept(new, here.clone(), at(0)).await.unwrap().unwrap();
        // Both go through the same writer, in whichever order they come to it; the turns begin from either side.
        let (store, by) = (opened.store.clone(), here.clone());
        let recall = async move { store.recall(id, by, at(1)).await.unwrap() };
        let (store, by) = (opened.store.clone(), there.clone());
        let pickup = async move {
            let claim = store.claim(id, by.clone(), None, at(1)).await.unwrap()?;
            store
                .serve(id, 0, by.clone(), claim.fence, ByteRange::Whole, at(1))
                .await
                .unwrap()?;
            store.confirm(id, by, claim.fence, at(1)).await.unwrap()
        };
        let (recall, pickup) = match turn % 2 {
            0 => (tokio::spawn(recall), tokio::spawn(pickup)),
            _ => {
                let pickup = tokio::spawn(pickup);
                (tokio::spawn(recall), pickup)
            }
        };
        let (recall, pickup) = (recall.await.unwrap(), pickup.await.unwrap());
        let listed = opened.store.outbox(here.office, 0, 1_000).await.unwrap().rows;
        let status = listed
            .into_iter()
            .find(|row| row.header.read().unwrap().id == id)
            .unwrap()
            .status;
        match (recall, pickup) {
            (Ok(_), Err(ClaimRefusal::Refused(DeliveryRefusal::Recalled))) => {
                recalled += 1;
                assert_eq!(status, DeliveryStatus::Recalled { at: at(1) });
            }
            (Err(ClaimRefusal::Refused(DeliveryRefusal::RecallTooLate { .. })), Ok(_)) => {
                received += 1;
                assert_eq!(status, DeliveryStatus::Received { at: at(1) });
            }
            other => panic!("both or neither: {other:?}"),
        }
    }
    assert_eq!(recalled + received, 60);
    assert!(
        recalled > 0 && received > 0,
        "{recalled} taken back, {received} received"
    );
}

#[tokio::test]
async fn a_delivery_is_stored_once_and_claimed_in_the_commit_that_accepts_it() {
    let opened = Opened::new().await;
    let (store, here, there) = (&opened.store, actor(PLANNER, 1), actor(HELPER, 2));
    for turn in 0..3 {
        let new = delivery(&[b"one"]);
        let mut conflict = new.clone();
        conflict.header_json = [conflict.header_json.as_ref(), b" "].concat().into();
        let other = delivery(&[b"other"]);
        let send = |new: &NewDelivery| store.accept(new.clone(), here.clone(), at(turn));
        // All are queued before the writer runs.
        let (first, again, conflict, other, claim, after) = tokio::join!(
            send(&new),
            send(&new),
            send(&conflict),
            send(&other),
            store.claim(new.header.id, there.clone(), None, at(turn)),
            send(&new),
        );
        let first = first.unwrap().unwrap();
        assert_eq!(again.unwrap().unwrap(), first);
        assert_eq!(after.unwrap().unwrap(), first);
        assert_eq!(conflict.unwrap().unwrap_err(), Refusal::Conflict);
        assert_eq!(other.unwrap().unwrap().sequence, first.sequence + 1);
        let fence = claim.unwrap().unwrap().fence;
        let serving = store.serve(new.header.id, 0, there.clone(), fence, ByteRange::Whole, at(turn));
        match serving.await.unwrap().unwrap().source {
            ServingSource::Memory(bytes) => assert_eq!(bytes, "one"),
            ServingSource::File(_) => panic!("a small delivery is in its row"),
        }
    }
    let listed = store.inbox(there.office, 0, 1_000, at(9)).await.unwrap();
    assert_eq!(listed.rows.len(), 6);
}

#[tokio::test]
async fn acts_on_one_delivery_in_one_commit_see_each_other() {
    const TURNS: usize = 12;
    let opened = Opened::new().await;
    // Two writers, so that each finds that the other wrote and remembers nothing.
    let stores = [opened.store.clone(), opened.beside().await];
    let (here, there) = (actor(PLANNER, 1), OfficeNumber::parse(HELPER).unwrap());
    for turn in 0..TURNS {
        let new = delivery(&[b"one", b"two", b"three"]);
        let id = new.header.id;
        stores[turn % 2]
            .accept(new, here.clone(), at(0))
            .await
            .unwrap()
            .unwrap();
        let claims = (0..8_u8).map(|n| {
            let store = stores[usize::from(n) % 2].clone();
            async move {
                let by = actor(HELPER, n + 2);
                let claim = store.claim(id, by.clone(), None, at(1)).await.unwrap();
                claim.map(|claim| (by, claim.fence))
            }
        });
        let mut claimed: Vec<_> = join_all(claims).await.into_iter().filter_map(Result::ok).collect();
        assert_eq!(claimed.len(), 1, "one terminal has it");
        let (by, fence) = claimed.remove(0);
        let store = &stores[(turn + 1) % 2];
        let parts = (0..3).map(|part| store.serve(id, part, by.clone(), fence, ByteRange::Whole, at(2)));
        // An act that needs no content comes first, and is refused.
        let (too_late, parts) = tokio::join!(store.recall(id, here.clone(), at(2)), join_all(parts));
        assert!(matches!(
            too_late,
            Ok(Err(ClaimRefusal::Refused(DeliveryRefusal::RecallTooLate { .. })))
        ));
        for (served, content) in parts.into_iter().zip(["one", "two", "three"]) {
            match served.unwrap().unwrap().source {
                ServingSource::Memory(bytes) => assert_eq!(bytes, content),
                ServingSource::File(_) => panic!("a small delivery is in its row"),
            }
        }
        // All three parts are remembered as served, whichever of their acts came last: the claim does not lapse.
        let lapsed = store.claim(id, actor(HELPER, 99), None, at(9_999)).await.unwrap();
        assert!(matches!(
            lapsed,
            Err(ClaimRefusal::Refused(DeliveryRefusal::ClaimedElsewhere(_)))
        ));
        let confirm = |at_second| store.confirm(id, by.clone(), fence, at(at_second));
        let (first, second, recall) = tokio::join!(confirm(3), confirm(4), store.recall(id, here.clone(), at(3)));
        assert_eq!(
            first.unwrap().unwrap().received_at,
            second.unwrap().unwrap().received_at,
            "the second is answered as the first"
        );
        assert!(recall.unwrap().is_err());
    }
    let listed = opened.store.inbox(there, 0, 1_000, at(9)).await.unwrap();
    let sequences: Vec<u64> = listed.rows.iter().map(|row| row.sequence).collect();
    assert_eq!(sequences, (1..=TURNS as u64).collect::<Vec<_>>());
    assert!(
        listed
            .rows
            .iter()
            .all(|row| matches!(row.status, DeliveryStatus::Received { .. }))
    );
}

#[tokio::test]
async fn a_recall_is_written_to_the_audit_and_told_to_both_offices() {
    let opened = Opened::embedded().await;
    let (here, there, store) = (actor(PLANNER, 1), actor(HELPER, 2), &opened.store);
    let new = delivery(&[b"one"]);
    let id = new.header.id;
    store.accept(new, here.clone(), at(0)).await.unwrap().unwrap();
    let (mut senders, mut receivers) = (store.listen(here.office), store.listen(there.office));
    // The retry changes nothing and tells nobody.
    for seconds in [1, 2] {
        assert_eq!(store.recall(id, here.clone(), at(seconds)).await.unwrap(), Ok(at(1)));
    }
    assert_eq!(senders.recv().await.unwrap(), Hint::Outbox(2));
    assert_eq!(receivers.recv().await.unwrap(), Hint::Inbox(2));
    assert!(senders.try_recv().is_err() && receivers.try_recv().is_err());
    let opened = opened.reopen().await;
    let page = opened.store.inbox(there.office, 1, 10, at(3)).await.unwrap();
    assert_eq!(page.rows[0].status, DeliveryStatus::Recalled { at: at(1) });
    let url = format!("sqlite://{}", opened.folder.path().join("exchange.db").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let lines: Vec<(String, Option<String>, i64)> =
        sqlx::query_as("SELECT act, office, at FROM audit WHERE act = 'recall' AND subject = ?")
            .bind(id.as_bytes().as_slice())
            .fetch_all(&pool)
            .await
            .unwrap();
    let line = ("recall".to_owned(), Some(PLANNER.to_owned()), at(1).timestamp_millis());
    assert_eq!(lines, [line]);
    pool.close().await;
}
