//! 送信取消: by the sending office only, before anybody fetches, once, and for good.

use care_model::{DeliveryId, ProblemCode};
use chrono::{TimeDelta, Utc};
use exchange_client::{ClientError, SignedIn};
use exchange_protocol::{DeliveryStatus, Event, Problem};

use crate::exchange::{Exchange, HELPER, Office, PLANNER, bytes, header, json, refused, sign_in};

const PARTS: &[(Option<&str>, &[u8])] = &[(Some("cover"), b"{}"), (Some("A.CSV"), b"one two three")];

async fn send(line: &SignedIn, from: &Office, to: &Office) -> DeliveryId {
    let header = header(from, to, PARTS);
    line.send_small(header.id, &json(&header), &bytes(PARTS)).await.unwrap();
    header.id
}

fn problem<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> Problem {
    match answer {
        Err(ClientError::Refused(problem)) => problem,
        other => panic!("not refused: {other:?}"),
    }
}

/// How a delivery stands in the sender's list and in the receiver's.
async fn statuses(sender: &SignedIn, receiver: &SignedIn, id: DeliveryId) -> (DeliveryStatus, DeliveryStatus) {
    let outbox = sender.outbox(0, 200).await.unwrap().rows;
    let inbox = receiver.inbox(0, 200).await.unwrap().rows;
    let sent = outbox.into_iter().find(|row| row.header.id == id).unwrap();
    let arrived = inbox.into_iter().find(|row| row.header.id == id).unwrap();
    (sent.status, arrived.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_fetched_is_taken_back_for_good() {
    let exchange = Exchange::start().await;
    let (planner, terminal, sender) = exchange.desk(PLANNER, "43").await;
    let (helper, there, receiver) = exchange.desk(HELPER, "11").await;
    let mut events = receiver.events().await.unwrap();
    let id = send(&sender, &planner, &helper).await;
    assert_eq!(events.next().await.unwrap(), Some(Event::Inbox { upto: 1 }));
    let recalled = sender.recall(id).await.unwrap();
    assert_eq!(events.next().await.unwrap(), Some(Event::Inbox { upto: 2 }));
    exchange.clock.advance(TimeDelta::minutes(1));
    assert_eq!(sender.recall(id).await.unwrap(), recalled, "the first answer again");
    let at = recalled.recalled_at;
    let both = (DeliveryStatus::Recalled { at }, DeliveryStatus::Recalled { at });
    assert_eq!(statuses(&sender, &receiver, id).await, both);
    assert_eq!(refused(receiver.claim(id, None).await), ProblemCode::DeliveryRecalled);
    assert_eq!(refused(receiver.cover(id).await), ProblemCode::DeliveryRecalled);
    assert_eq!(refused(receiver.confirm(id, 1).await), ProblemCode::DeliveryRecalled);
    // The same bytes under the same id are answered as accepted then, and come back to life nowhere.
    let exchange = exchange.restart().await;
    let (terminal, there) = (exchange.reconnect(terminal), exchange.reconnect(there));
    let sender = sign_in(&terminal, &planner).await.unwrap();
    let receiver = sign_in(&there, &helper).await.unwrap();
    assert_eq!(sender.recall(id).await.unwrap(), recalled);
    assert_eq!(refused(receiver.claim(id, None).await), ProblemCode::DeliveryRecalled);
    assert_eq!(statuses(&sender, &receiver, id).await, both);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_send_does_not_bring_back_what_was_taken_back() {
    let exchange = Exchange::start().await;
    let (planner, _, sender) = exchange.desk(PLANNER, "43").await;
    let (helper, _, receiver) = exchange.desk(HELPER, "11").await;
    let header = header(&planner, &helper, PARTS);
    let first = sender
        .send_small(header.id, &json(&header), &bytes(PARTS))
        .await
        .unwrap();
    let recalled = sender.recall(header.id).await.unwrap();
    let again = sender
        .send_small(header.id, &json(&header), &bytes(PARTS))
        .await
        .unwrap();
    assert_eq!(again, first);
    let at = recalled.recalled_at;
    let both = (DeliveryStatus::Recalled { at }, DeliveryStatus::Recalled { at });
    assert_eq!(statuses(&sender, &receiver, header.id).await, both);
    assert_eq!(receiver.inbox(0, 10).await.unwrap().rows.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_takes_anything_back_or_learns_of_it() {
    let exchange = Exchange::start().await;
    let (planner, _, sender) = exchange.desk(PLANNER, "43").await;
    let (helper, _, receiver) = exchange.desk(HELPER, "11").await;
    let (_, _, stranger) = exchange.desk("9970102001", "15").await;
    let id = send(&sender, &planner, &helper).await;
    let nothing = problem(sender.recall(DeliveryId::generate()).await);
    assert_eq!(nothing.code, ProblemCode::DeliveryUnknown);
    for line in [&receiver, &stranger] {
        assert_eq!(problem(line.recall(id).await), nothing, "as if there were none");
    }
    // Another person's terminal of the same office may.
    let second = exchange.terminal(&planner, "相談室").await;
    let colleague = sign_in(&second, &planner).await.unwrap();
    assert_eq!(
        statuses(&sender, &receiver, id).await,
        (DeliveryStatus::Waiting, DeliveryStatus::Waiting)
    );
    colleague.recall(id).await.unwrap();
    assert!(matches!(
        statuses(&sender, &receiver, id).await.0,
        DeliveryStatus::Recalled { .. }
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_licence_keeps_nobody_from_taking_back() {
    let exchange = Exchange::start().await;
    let (planner, _, sender) = exchange.desk(PLANNER, "43").await;
    let (helper, ..) = exchange.desk(HELPER, "11").await;
    let id = send(&sender, &planner, &helper).await;
    exchange
        .admin
        .set_licence(planner.made.number, Utc::now() - TimeDelta::days(1))
        .await
        .unwrap();
    while sender.me().await.unwrap().office.active {
        tokio::task::yield_now().await;
    }
    sender.recall(id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_fetched_or_was_is_not_taken_back() {
    let exchange = Exchange::start().await;
    let (planner, _, sender) = exchange.desk(PLANNER, "43").await;
    let (helper, _, receiver) = exchange.desk(HELPER, "11").await;
    let id = send(&sender, &planner, &helper).await;
    let claim = receiver.claim(id, None).await.unwrap();
    let too_late = problem(sender.recall(id).await);
    assert_eq!(too_late.code, ProblemCode::RecallTooLate);
    // A sender learns neither who has it nor since when.
    assert!(too_late.params.is_empty(), "{too_late:?}");
    // Before the last byte was served a claim lapses after two minutes; then it may be taken back.
    exchange.clock.advance(TimeDelta::minutes(2));
    sender.recall(id).await.unwrap();
    assert_eq!(
        refused(receiver.confirm(id, claim.fence).await),
        ProblemCode::DeliveryRecalled
    );
    let mut bytes = receiver.fetch_part(&claim, 1, 0).unwrap();
    assert_eq!(refused(bytes.next().await), ProblemCode::DeliveryRecalled);

    let id = send(&sender, &planner, &helper).await;
    let claim = receiver.claim(id, None).await.unwrap();
    let mut bytes = receiver.fetch_part(&claim, 1, 0).unwrap();
    while bytes.next().await.unwrap().is_some() {}
    // Every byte was served: no time frees it any more.
    exchange.clock.advance(TimeDelta::minutes(30));
    assert_eq!(refused(sender.recall(id).await), ProblemCode::RecallTooLate);
    let received = receiver.confirm(id, claim.fence).await.unwrap();
    let too_late = problem(sender.recall(id).await);
    assert_eq!(too_late.code, ProblemCode::RecallTooLate);
    let told = chrono::DateTime::parse_from_rfc3339(&too_late.params["received_at"]).unwrap();
    assert_eq!(told.timestamp(), received.received_at.timestamp());
    let at = received.received_at;
    assert_eq!(
        statuses(&sender, &receiver, id).await,
        (DeliveryStatus::Received { at }, DeliveryStatus::Received { at })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_recall_and_a_pickup_at_once_exactly_one_wins() {
    const TURNS: usize = 40;
    let exchange = Exchange::start().await;
    let (planner, _, sender) = exchange.desk(PLANNER, "43").await;
    let (helper, _, receiver) = exchange.desk(HELPER, "11").await;
    let (mut recalls, mut pickups) = (0, 0);
    for turn in 0..TURNS {
        let id = send(&sender, &planner, &helper).await;
        let line = sender.clone();
        let recall = async move { line.recall(id).await };
        let line = receiver.clone();
        let pickup = async move {
            let claim = line.claim(id, None).await?;
            let mut bytes = line.fetch_part(&claim, 1, 0)?;
            while bytes.next().await?.is_some() {}
            line.confirm(id, claim.fence).await
        };
        let (recall, pickup) = match turn % 2 {
            0 => (tokio::spawn(recall), tokio::spawn(pickup)),
            _ => {
                let pickup = tokio::spawn(pickup);
                (tokio::spawn(recall), pickup)
            }
        };
        let (recall, pickup) = (recall.await.unwrap(), pickup.await.unwrap());
        let now = statuses(&sender, &receiver, id).await;
        match (recall, pickup) {
            (Ok(recalled), refusal) => {
                recalls += 1;
                assert_eq!(refused(refusal), ProblemCode::DeliveryRecalled);
                let at = recalled.recalled_at;
                assert_eq!(now, (DeliveryStatus::Recalled { at }, DeliveryStatus::Recalled { at }));
            }
            (refusal, Ok(received)) => {
                pickups += 1;
                assert_eq!(refused(refusal), ProblemCode::RecallTooLate);
                let at = received.received_at;
                assert_eq!(now, (DeliveryStatus::Received { at }, DeliveryStatus::Received { at }));
            }
            (recall, pickup) => panic!("lost: {recall:?}, {pickup:?}"),
        }
    }
    assert_eq!(recalls + pickups, TURNS);
}
