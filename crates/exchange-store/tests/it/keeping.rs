//! How much is kept and for how long: limits crossed by one, warnings, the end, and that nothing ends too early.

use bytes::Bytes;
use care_model::{OfficeNumber, limits};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_protocol::{DeliveryStatus, InboxEntry, OutboxEntry};
use exchange_store::{
    Actor, By, CommitRefusal, Engine, Hint, LimitOverrides, NewDelivery, NewOffice, OfficeLimits, Refusal, Store,
    StoredHeader, Upload, UploadStart,
};

use crate::{HELPER, Opened, PLANNER, actor, at, delivery, frames, header};

fn office(number: &str) -> OfficeNumber {
    OfficeNumber::parse(number).unwrap()
}

/// Registers an office, so that limits can be set for it.
async fn register(store: &Store, number: &str) {
    let template = crate::offices::office();
    let mut new = NewOffice {
        office: template.office,
        account: template.account,
    };
    (new.office.number, new.account.office) = (office(number), office(number));
    new.account.id = care_model::AccountId::parse(&format!("KJ{number}")).unwrap();
    assert!(crate::register(store, new, By::CommandLine).await);
}

async fn limit(store: &Store, number: &str, limits: LimitOverrides) {
    assert!(
        store
            .set_limits(office(number), limits, By::CommandLine, at(0))
            .await
            .unwrap()
    );
}

async fn send(store: &Store, sent: &NewDelivery, now: DateTime<Utc>) -> Result<(), Refusal> {
    let accepted = store.accept(sent.clone(), actor(PLANNER, 1), now).await.unwrap();
    accepted.map(drop)
}

async fn inbox(store: &Store) -> Vec<InboxEntry<StoredHeader>> {
    store.inbox(office(HELPER), 0, 1_000, at(0)).await.unwrap().rows
}

async fn outbox(store: &Store) -> Vec<OutboxEntry<StoredHeader>> {
    store.outbox(office(PLANNER), 0, 1_000).await.unwrap().rows
}

async fn fetch(store: &Store, sent: &NewDelivery, by: &Actor, now: DateTime<Utc>) {
    let claim = store
        .claim(sent.header.id, by.clone(), None, now)
        .await
        .unwrap()
        .unwrap();
    let confirmed = store
        .confirm(sent.header.id, by.clone(), claim.fence, now)
        .await
        .unwrap();
    confirmed.unwrap();
}

#[tokio::test]
async fn one_more_than_may_wait_is_refused_until_one_is_over() {
    let opened = Opened::new().await;
    let store = &opened.store;
    register(store, HELPER).await;
    limit(
        store,
        HELPER,
        LimitOverrides {
            waiting_deliveries_max: Some(3),
            ..LimitOverrides::default()
        },
    )
    .await;
    let sent: Vec<_> = (0..3).map(|_| delivery(&[b"x"])).collect();
    for new in &sent {
        assert_eq!(send(store, new, at(0)).await, Ok(()));
    }
    let more = delivery(&[b"y"]);
    assert_eq!(send(store, &more, at(1)).await, Err(Refusal::MailboxFull));
    // Nothing of it is there, and a retry of what was accepted is still answered as it was.
    assert_eq!((inbox(store).await.len(), outbox(store).await.len()), (3, 3));
    assert_eq!(send(store, &sent[1], at(2)).await, Ok(()));
    let mut conflict = sent[1].clone();
    conflict.header_json = [conflict.header_json.as_ref(), b" "].concat().into();
    assert_eq!(send(store, &conflict, at(2)).await, Err(Refusal::Conflict));
    // Each way in which a delivery is over makes room for one, also after the server was opened again.
    fetch(store, &sent[0], &actor(HELPER, 2), at(3)).await;
    assert_eq!(send(store, &more, at(4)).await, Ok(()));
    assert_eq!(send(store, &delivery(&[b"z"]), at(4)).await, Err(Refusal::MailboxFull));
    store
        .recall(sent[1].header.id, actor(PLANNER, 1), at(5))
        .await
        .unwrap()
        .unwrap();
    let opened = opened.reopen().await;
    let store = &opened.store;
    assert_eq!(send(store, &delivery(&[b"z"]), at(6)).await, Ok(()));
    assert_eq!(send(store, &delivery(&[b"z"]), at(6)).await, Err(Refusal::MailboxFull));
    let end = at(6) + TimeDelta::days(limits::RETENTION_DAYS);
    while store.attend_unfetched(end).await.unwrap() > 0 {}
    for _ in 0..3 {
        assert_eq!(send(store, &delivery(&[b"z"]), end).await, Ok(()));
    }
    assert_eq!(send(store, &delivery(&[b"z"]), end).await, Err(Refusal::MailboxFull));
}

#[tokio::test]
async fn one_byte_more_than_may_wait_is_refused() {
    let opened = Opened::new().await;
    let store = &opened.store;
    register(store, HELPER).await;
    limit(
        store,
        HELPER,
        LimitOverrides {
            waiting_bytes_max: Some(10),
            ..LimitOverrides::default()
        },
    )
    .await;
    let six = delivery(&[b"abc", b"def"]);
    assert_eq!(send(store, &six, at(0)).await, Ok(()));
    assert_eq!(
        send(store, &delivery(&[b"12345"]), at(0)).await,
        Err(Refusal::MailboxFull)
    );
    assert_eq!(send(store, &delivery(&[b"1234"]), at(0)).await, Ok(()));
    fetch(store, &six, &actor(HELPER, 2), at(1)).await;
    assert_eq!(
        send(store, &delivery(&[b"1234567"]), at(2)).await,
        Err(Refusal::MailboxFull)
    );
    assert_eq!(send(store, &delivery(&[b"123456"]), at(2)).await, Ok(()));
}

#[tokio::test]
async fn one_more_than_a_days_sends_is_refused_until_tomorrow_in_japan() {
    let opened = Opened::new().await;
    let store = &opened.store;
    register(store, PLANNER).await;
    limit(
        store,
        PLANNER,
        LimitOverrides {
            sends_a_day_max: Some(2),
            ..LimitOverrides::default()
        },
    )
    .await;
    let evening = DateTime::parse_from_rfc3339("2027-01-15T23:59:59+09:00")
        .unwrap()
        .to_utc();
    let first = delivery(&[b"1"]);
    assert_eq!(send(store, &first, evening).await, Ok(()));
    assert_eq!(send(store, &delivery(&[b"2"]), evening).await, Ok(()));
    // What was taken back was sent all the same.
    store
        .recall(first.header.id, actor(PLANNER, 1), evening)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        send(store, &delivery(&[b"3"]), evening).await,
        Err(Refusal::SendsADay { max: 2 })
    );
    let tomorrow = evening + TimeDelta::seconds(1);
    assert_eq!(send(store, &delivery(&[b"3"]), tomorrow).await, Ok(()));
    // More for this office, from now on; and again as for all.
    let of = |sends_a_day_max| LimitOverrides {
        sends_a_day_max,
        ..LimitOverrides::default()
    };
    limit(store, PLANNER, of(Some(1))).await;
    assert_eq!(
        send(store, &delivery(&[b"4"]), tomorrow).await,
        Err(Refusal::SendsADay { max: 1 })
    );
    limit(store, PLANNER, of(None)).await;
    assert_eq!(
        store.limits(office(PLANNER)).await.unwrap().effective(),
        OfficeLimits::default()
    );
    assert_eq!(send(store, &delivery(&[b"4"]), tomorrow).await, Ok(()));
    let nobody = office("9970101011");
    assert!(
        !store
            .set_limits(nobody, of(None), By::CommandLine, at(0))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_large_delivery_meets_the_same_limits_at_its_beginning_and_at_its_end() {
    let opened = Opened::new().await;
    let store = &opened.store;
    register(store, HELPER).await;
    let large = vec![b'a'; 300_000];
    let upload = || {
        let header = header(&[&large]);
        let header_json = Bytes::from(serde_json::to_vec(&header).unwrap());
        Upload { header, header_json }
    };
    let by = actor(PLANNER, 1);
    let begun = upload();
    let id = begun.header.id;
    let progress = store.begin_upload(begun.clone(), by.clone(), at(0)).await.unwrap();
    assert!(matches!(progress, UploadStart::Progress(_)));
    let chunk = |offset: usize, end: usize| Bytes::copy_from_slice(&large[offset..end]);
    let cut = usize::try_from(limits::SINGLE_REQUEST_BYTES_MAX).unwrap();
    for (offset, end) in [(0, cut), (cut, large.len())] {
        let stored = store
            .store_chunk(id, by.office, 0, offset as u64, frames(chunk(offset, end)), at(1))
            .await
            .unwrap();
        stored.unwrap();
    }
    limit(
        store,
        HELPER,
        LimitOverrides {
            waiting_bytes_max: Some(299_999),
            ..LimitOverrides::default()
        },
    )
    .await;
    let any = || Box::new(|_: &_, _, _: &mut _| Ok::<(), ()>(()));
    let refused = store.commit_upload(id, by.clone(), any(), at(2)).await.unwrap();
    assert_eq!(refused, Err(CommitRefusal::Refused(Refusal::MailboxFull)));
    let another = store.begin_upload(upload(), by.clone(), at(2)).await.unwrap();
    assert_eq!(another, UploadStart::Refused(Refusal::MailboxFull));
    // Nothing that was uploaded is lost: with room it becomes a delivery without a byte more.
    limit(
        store,
        HELPER,
        LimitOverrides {
            waiting_bytes_max: Some(300_000),
            ..LimitOverrides::default()
        },
    )
    .await;
    store
        .commit_upload(id, by.clone(), any(), at(3))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(inbox(store).await.len(), 1);
    limit(store, HELPER, LimitOverrides::default()).await;
    for _ in 0..limits::UPLOADS_MAX {
        let begun = store.begin_upload(upload(), by.clone(), at(4)).await.unwrap();
        assert!(matches!(begun, UploadStart::Progress(_)));
    }
    let one_more = store.begin_upload(upload(), by, at(4)).await.unwrap();
    assert_eq!(one_more, UploadStart::Refused(Refusal::Uploads));
}

#[tokio::test]
async fn both_sides_are_warned_three_times_and_then_told_that_it_ended() {
    let opened = Opened::new().await;
    let store = &opened.store;
    let mut hints = [store.listen(office(PLANNER)), store.listen(office(HELPER))];
    let sent = delivery(&[b"secret of nobody"]);
    send(store, &sent, at(0)).await.unwrap();
    for hints in &mut hints {
        hints.recv().await.unwrap();
    }
    let kept_until = at(0) + TimeDelta::days(limits::RETENTION_DAYS);
    let mut changes = (1, 1);
    for (days_before, warned) in [(30, Some(30)), (7, Some(7)), (1, Some(1)), (0, None)] {
        let moment = kept_until - TimeDelta::days(days_before);
        assert_eq!(store.attend_unfetched(moment - TimeDelta::seconds(1)).await.unwrap(), 0);
        assert_eq!(store.attend_unfetched(moment).await.unwrap(), 1);
        assert_eq!(store.attend_unfetched(moment).await.unwrap(), 0, "once");
        changes = (changes.0 + 1, changes.1 + 1);
        assert_eq!(hints[0].recv().await.unwrap(), Hint::Outbox(changes.0));
        assert_eq!(hints[1].recv().await.unwrap(), Hint::Inbox(changes.1));
        let (theirs, mine) = (inbox(store).await.remove(0), outbox(store).await.remove(0));
        assert_eq!((theirs.warned_days, mine.warned_days), (warned, warned));
        let promised = warned.map(|_| kept_until);
        assert_eq!((theirs.kept_until, mine.kept_until), (promised, promised));
    }
    let expired = DeliveryStatus::Expired { at: kept_until };
    assert_eq!(
        (&inbox(store).await[0].status, &outbox(store).await[0].status),
        (&expired, &expired)
    );
}

#[tokio::test]
async fn what_a_terminal_holds_does_not_end_under_its_hands_nor_keep_others_from_ending() {
    let opened = Opened::new().await;
    let store = &opened.store;
    let end = at(0) + TimeDelta::days(limits::RETENTION_DAYS);
    let held: Vec<_> = (0..120).map(|_| delivery(&[b"held"])).collect();
    for new in &held {
        send(store, new, at(0)).await.unwrap();
    }
    let free = delivery(&[b"free"]);
    send(store, &free, at(1)).await.unwrap();
    for new in &held {
        store
            .claim(new.header.id, actor(HELPER, 2), None, end)
            .await
            .unwrap()
            .unwrap();
    }
    let now = end + TimeDelta::seconds(5);
    while store.attend_unfetched(now).await.unwrap() > 0 {}
    let over = inbox(store)
        .await
        .iter()
        .filter(|row| matches!(row.status, DeliveryStatus::Expired { .. }))
        .count();
    assert_eq!(over, 1, "the free one, though a hundred held ones were due before it");
    let confirmed = store
        .confirm(held[0].header.id, actor(HELPER, 2), 1, now)
        .await
        .unwrap();
    assert!(confirmed.is_ok());
    // The leases of the others lapsed long ago.
    while store.attend_unfetched(now + TimeDelta::hours(2)).await.unwrap() > 0 {}
    let open = inbox(store)
        .await
        .iter()
        .filter(|row| matches!(row.status, DeliveryStatus::Claimed { .. }))
        .count();
    assert_eq!(open, 0);
}

#[tokio::test]
async fn a_shorter_retention_holds_for_what_comes_after_it() {
    let opened = Opened::new().await;
    let store = &opened.store;
    send(store, &delivery(&[b"before"]), at(0)).await.unwrap();
    for wrong in [0, limits::RETENTION_DAYS_MIN - 1, limits::RETENTION_DAYS + 1] {
        assert!(!store.set_retention_days(wrong, By::CommandLine, at(0)).await.unwrap());
    }
    assert!(
        store
            .set_retention_days(limits::RETENTION_DAYS_MIN, By::CommandLine, at(1))
            .await
            .unwrap()
    );
    send(store, &delivery(&[b"after"]), at(2)).await.unwrap();
    let until: Vec<_> = inbox(store).await.iter().map(|row| row.kept_until.unwrap()).collect();
    assert_eq!(until, [at(0) + TimeDelta::days(90), at(2) + TimeDelta::days(31)]);
    assert_eq!(store.retention_days().await.unwrap(), 31);
}

/// Metadata and receipts are kept five years (D17); ids for good (D3).
#[tokio::test]
async fn of_what_is_over_everything_but_the_content_is_there_after_years() {
    let opened = Opened::new().await;
    let store = &opened.store;
    let (fetched, expired) = (delivery(&[b"SECRET-FETCHED"]), delivery(&[b"SECRET-EXPIRED"]));
    send(store, &fetched, at(0)).await.unwrap();
    send(store, &expired, at(0)).await.unwrap();
    fetch(store, &fetched, &actor(HELPER, 2), at(9)).await;
    for years in 1..=5 {
        let now = at(0) + TimeDelta::days(365 * years);
        while store.attend_unfetched(now).await.unwrap() > 0 {}
        store.drop_stale_uploads(now).await.unwrap();
        store.drop_ended_sessions(now).await.unwrap();
        store.delete_erased(now).await.unwrap();
        store.delete_orphans(now).await.unwrap();
    }
    let opened = opened.reopen().await;
    let store = &opened.store;
    let rows = inbox(store).await;
    assert_eq!(rows[0].status, DeliveryStatus::Received { at: at(9) });
    assert!(matches!(rows[1].status, DeliveryStatus::Expired { .. }));
    assert_eq!(rows[0].header.read().unwrap(), fetched.header);
    assert_eq!(outbox(store).await.len(), 2);
    let again = store
        .accept(fetched.clone(), actor(PLANNER, 1), at(0) + TimeDelta::days(2_000))
        .await
        .unwrap();
    assert_eq!(again.unwrap().accepted_at, at(0));
    let confirmed = store
        .confirm(fetched.header.id, actor(HELPER, 2), 1, at(0) + TimeDelta::days(2_000))
        .await
        .unwrap();
    assert_eq!(confirmed.unwrap().received_at, at(9));
    assert!(
        opened
            .store
            .search_audit(&exchange_store::AuditSearch {
                limit: 100,
                ..Default::default()
            })
            .await
            .unwrap()
            .len()
            >= 5
    );
}

#[tokio::test]
async fn a_new_epoch_is_higher_than_every_one_before() {
    let opened = Opened::new().await;
    assert_eq!(opened.store.epoch().await.unwrap(), 1);
    let first = opened.store.begin_new_epoch(at(0)).await.unwrap();
    assert_eq!(first, at(0).timestamp() as u64);
    // Also when the clock went back.
    assert_eq!(opened.store.begin_new_epoch(at(-5)).await.unwrap(), first + 1);
    let opened = opened.reopen().await;
    assert_eq!(opened.store.epoch().await.unwrap(), first + 1);
}

#[tokio::test]
async fn of_two_nodes_one_takes_each_turn() {
    let opened = Opened::new().await;
    let beside = opened.beside().await;
    let every = std::time::Duration::from_secs(60);
    let both = async |seconds| {
        let (one, other) = tokio::join!(
            opened.store.takes_turn("work", every, at(seconds)),
            beside.takes_turn("work", every, at(seconds))
        );
        usize::from(one.unwrap()) + usize::from(other.unwrap())
    };
    // One process that holds the data folder is the only one there is.
    let (first, too_early, next) = match opened.engine {
        Engine::Embedded(_) => (2, 2, 2),
        Engine::Shared(_) => (1, 0, 1),
    };
    assert_eq!(both(0).await, first);
    assert_eq!(both(30).await, too_early);
    assert_eq!(both(60).await, next);
}
