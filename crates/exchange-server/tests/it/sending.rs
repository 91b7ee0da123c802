//! Sending: what is taken, what is refused, what is taken once.

use bytes::Bytes;
use care_model::{OfficeNumber, ProblemCode, ServiceKind};
use chrono::{TimeDelta, Utc};
use exchange_protocol::{DeliveryStatus, Event};
use fault_row::{Breaches, Row};

use crate::exchange::{Exchange, HELPER, PLANNER, bytes, header, json, refused};

const PARTS: &[(Option<&str>, &[u8])] = &[(Some("cover"), b"{}"), (Some("A.CSV"), b"one"), (None, b"%PDF-1.7")];

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_taken_once_however_often_it_is_sent() {
    let exchange = Exchange::start().await;
    let (planner, _, line) = exchange.desk(PLANNER, "43").await;
    let (helper, _, receiver) = exchange.desk(HELPER, "11").await;
    let mut events = receiver.events().await.unwrap();
    let header = header(&planner, &helper, PARTS);
    let first = line.send_small(header.id, &json(&header), &bytes(PARTS)).await.unwrap();
    assert_eq!(first.sequence, 1);
    assert_eq!(events.next().await.unwrap(), Some(Event::Inbox { upto: 1 }));
    exchange.clock.advance(TimeDelta::minutes(1));
    let again = line.send_small(header.id, &json(&header), &bytes(PARTS)).await.unwrap();
    assert_eq!(again, first);
    // Not even the end of the licence changes what was answered before.
    exchange
        .admin
        .set_licence(planner.made.number, Utc::now() - TimeDelta::days(1))
        .await
        .unwrap();
    // The operator's change is noticed within half a second.
    while line.me().await.unwrap().office.active {
        tokio::task::yield_now().await;
    }
    let again = line.send_small(header.id, &json(&header), &bytes(PARTS)).await.unwrap();
    assert_eq!(again, first);
    exchange
        .admin
        .set_licence(planner.made.number, Utc::now() + TimeDelta::days(9))
        .await
        .unwrap();
    while !line.me().await.unwrap().office.active {
        tokio::task::yield_now().await;
    }
    let mut other = header.clone();
    other.declared_recipients = Some(2);
    let conflict = line.send_small(other.id, &json(&other), &bytes(PARTS)).await;
    assert_eq!(refused(conflict), ProblemCode::DeliveryConflict);
    let inbox = receiver.inbox(0, 10).await.unwrap();
    assert_eq!(inbox.rows.len(), 1);
    assert_eq!(inbox.rows[0].header, header);
    assert_eq!(inbox.rows[0].status, DeliveryStatus::Waiting);
    assert_eq!(inbox.rows[0].from_name, format!("事業所{PLANNER}"));
    assert!(receiver.inbox(inbox.next, 10).await.unwrap().rows.is_empty());
    let outbox = line.outbox(0, 10).await.unwrap();
    assert_eq!((outbox.rows.len(), outbox.rows[0].sequence), (1, 1));
}

/// Whose terminal and session it is says who sends, whatever a header claims; by either way of sending.
#[tokio::test(flavor = "multi_thread")]
async fn row_17_nobody_sends_in_the_name_of_another_office() {
    let row = Row::open(
        17,
        "deliveries in the name of another office, or of a kind that it is not",
    );
    let exchange = Exchange::start().await;
    let (planner, _, line) = exchange.desk(PLANNER, "43").await;
    let (helper, _, other) = exchange.desk(HELPER, "11").await;
    let large = [b"%PDF-1.7".to_vec(), vec![b'x'; 300_000]].concat();
    let large_parts: &[(Option<&str>, &[u8])] = &[(Some("A.CSV"), b"one"), (None, &large)];
    let mut tried = 0;
    for parts in [PARTS, large_parts] {
        let good = header(&planner, &helper, parts);
        let forged = |change: &dyn Fn(&mut exchange_protocol::DeliveryHeader)| {
            let mut forged = good.clone();
            forged.id = care_model::DeliveryId::generate();
            change(&mut forged);
            forged
        };
        for header in [
            forged(&|header| (header.from, header.to) = (helper.party, planner.party)),
            forged(&|header| header.from.office = OfficeNumber::parse("9970101011").unwrap()),
            forged(&|header| header.from.kind = helper.party.kind),
        ] {
            let source = std::sync::Arc::new(bytes(parts));
            let refusal = line.send(json(&header), &source, |_| {}).await;
            assert_eq!(refused(refusal), ProblemCode::SenderMismatch);
            tried += 1;
        }
    }
    let mut breaches = Breaches::default();
    for line in [&line, &other] {
        breaches.leaked += line.inbox(0, 10).await.unwrap().rows.len() as u64;
        breaches.leaked += line.outbox(0, 10).await.unwrap().rows.len() as u64;
    }
    row.close(tried, breaches);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_say_why_and_store_nothing() {
    let exchange = Exchange::start().await;
    let (planner, _, line) = exchange.desk(PLANNER, "43").await;
    let (helper, _, receiver) = exchange.desk(HELPER, "11").await;
    let good = header(&planner, &helper, PARTS);
    let send = |header: exchange_protocol::DeliveryHeader| {
        let line = line.clone();
        async move { refused(line.send_small(header.id, &json(&header), &bytes(PARTS)).await) }
    };
    let mut unknown = good.clone();
    unknown.to.office = OfficeNumber::parse("1110000001").unwrap();
    assert_eq!(send(unknown).await, ProblemCode::DestinationUnknown);
    let mut other_kind = good.clone();
    other_kind.to.kind = ServiceKind::parse("15").unwrap();
    assert_eq!(send(other_kind).await, ProblemCode::DestinationUnknown);
    let mut same = good.clone();
    same.to = same.from;
    assert_eq!(send(same).await, ProblemCode::DestinationIsSender);
    let mut forged = good.clone();
    forged.from = helper.party;
    forged.to = planner.party;
    assert_eq!(send(forged).await, ProblemCode::SenderMismatch);
    let mut wrong_kind = good.clone();
    wrong_kind.from.kind = ServiceKind::parse("11").unwrap();
    assert_eq!(send(wrong_kind).await, ProblemCode::SenderMismatch);
    let mut damaged = bytes(PARTS);
    damaged[1] = Bytes::from_static(b"two");
    let damaged = line.send_small(good.id, &json(&good), &damaged).await;
    assert_eq!(refused(damaged), ProblemCode::DeliveryMalformed);
    let program: &[(Option<&str>, &[u8])] = &[(None, b"MZ\x90\0\x03")];
    let executable = header(&planner, &helper, program);
    let refusal = line
        .send_small(executable.id, &json(&executable), &bytes(program))
        .await;
    assert_eq!(refused(refusal), ProblemCode::AttachmentKindRefused);
    exchange
        .admin
        .set_licence(planner.made.number, Utc::now() - TimeDelta::days(1))
        .await
        .unwrap();
    // Another process might have done so: the server notices within half a second, and says so once it has.
    let mut next = good.clone();
    loop {
        next.id = care_model::DeliveryId::generate();
        match line.send_small(next.id, &json(&next), &bytes(PARTS)).await {
            Ok(_) => tokio::task::yield_now().await,
            refusal => break assert_eq!(refused(refusal), ProblemCode::LicenceExpired),
        }
    }
    assert!(line.me().await.is_ok_and(|me| !me.office.active));
    for row in receiver.inbox(0, 200).await.unwrap().rows {
        assert_ne!(row.header.id, good.id);
        assert_ne!(row.header.id, executable.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_attachment_is_known_by_its_content_too() {
    let exchange = Exchange::start().await;
    let (planner, _, line) = exchange.desk(PLANNER, "43").await;
    let (helper, _, receiver) = exchange.desk(HELPER, "11").await;
    let mut program = b"MZ\x90\0\x03".to_vec();
    program.resize(400_000, 0);
    let parts: &[(Option<&str>, &[u8])] = &[(Some("A.CSV"), b"one"), (None, &program)];
    let header = header(&planner, &helper, parts);
    let source = std::sync::Arc::new(bytes(parts));
    let refusal = line.send(json(&header), &source, |_| {}).await;
    assert_eq!(refused(refusal), ProblemCode::AttachmentKindRefused);
    assert!(receiver.inbox(0, 10).await.unwrap().rows.is_empty());
    assert!(line.outbox(0, 10).await.unwrap().rows.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_delivery_goes_on_where_it_broke_off() {
    let exchange = Exchange::start().await;
    let (planner, _, line) = exchange.desk(PLANNER, "43").await;
    let (helper, _, receiver) = exchange.desk(HELPER, "11").await;
    let mut large = b"%PDF-1.7".to_vec();
    large.extend((0..9_000_001_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8));
    let parts: &[(Option<&str>, &[u8])] = &[(Some("cover"), b"{}"), (None, &large), (Some("B.CSV"), b"")];
    let header = header(&planner, &helper, parts);
    let source = bytes(parts);
    let broken = {
        let source = source.clone();
        move |part: usize, offset: u64, length: usize| {
            if offset > 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
            }
            Ok(source[part].slice(..length))
        }
    };
    line.send(json(&header), &broken, |_| {}).await.unwrap_err();
    assert!(receiver.inbox(0, 10).await.unwrap().rows.is_empty());
    let resumed_from = std::sync::Mutex::new(None);
    let accepted = line
        .send(json(&header), &std::sync::Arc::new(source.clone()), |stored| {
            resumed_from.lock().unwrap().get_or_insert(stored);
        })
        .await
        .unwrap();
    assert!(resumed_from.lock().unwrap().unwrap() > 4_000_000);
    let again = line
        .send(json(&header), &std::sync::Arc::new(source.clone()), |_| {})
        .await
        .unwrap();
    assert_eq!(again, accepted);
    let row = receiver.inbox(0, 10).await.unwrap().rows.remove(0);
    assert_eq!(receiver.cover(row.header.id).await.unwrap(), source[0]);
    let claim = receiver.claim(row.header.id, None).await.unwrap();
    for (place, expected) in source.iter().enumerate() {
        let mut stream = receiver.fetch_part(&claim, place, 0).unwrap();
        let mut fetched = Vec::new();
        while let Some(piece) = stream.next().await.unwrap() {
            fetched.extend_from_slice(&piece);
        }
        assert!(fetched == *expected, "part {place}");
    }
    receiver.confirm(claim.id, claim.fence).await.unwrap();
}
