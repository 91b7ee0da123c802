//! Receiving: claim, ranges, confirmation; once, by one terminal, of the right office.

use care_model::ProblemCode;
use chrono::TimeDelta;
use exchange_client::{ClientError, SignedIn};
use exchange_protocol::{Claim, DeliveryStatus};

use crate::exchange::{Exchange, HELPER, PLANNER, bytes, header, json, refused, sign_in};

const PARTS: &[(Option<&str>, &[u8])] = &[(Some("cover"), b"{}"), (Some("A.CSV"), b"one two three")];

async fn fetch(line: &SignedIn, claim: &Claim, part: usize) -> Result<Vec<u8>, ClientError> {
    let mut stream = line.fetch_part(claim, part, 0)?;
    let mut fetched = Vec::new();
    while let Some(piece) = stream.next().await? {
        fetched.extend_from_slice(&piece);
    }
    Ok(fetched)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_fetched_once_and_is_then_gone() {
    let exchange = Exchange::start().await;
    let (planner, _, sender) = exchange.desk(PLANNER, "43").await;
    let (helper, _, receiver) = exchange.desk(HELPER, "11").await;
    let header = header(&planner, &helper, PARTS);
    let id = header.id;
    sender.send_small(id, &json(&header), &bytes(PARTS)).await.unwrap();
    // The sender's office and others cannot fetch it; others cannot even learn that it exists.
    let (_, _, stranger) = exchange.desk("9970102001", "15").await;
    for line in [&sender, &stranger] {
        assert_eq!(refused(line.claim(id, None).await), ProblemCode::DeliveryUnknown);
        assert_eq!(refused(line.cover(id).await), ProblemCode::DeliveryUnknown);
        assert_eq!(refused(line.confirm(id, 1).await), ProblemCode::DeliveryUnknown);
    }
    assert!(stranger.inbox(0, 10).await.unwrap().rows.is_empty());

    assert_eq!(receiver.cover(id).await.unwrap(), "{}");
    let claim = receiver.claim(id, None).await.unwrap();
    assert_eq!((claim.fence, &claim.header), (1, &header));
    // The sender sees nothing of a claim.
    assert_eq!(
        sender.outbox(0, 10).await.unwrap().rows[0].status,
        DeliveryStatus::Waiting
    );
    assert_eq!(fetch(&receiver, &claim, 1).await.unwrap(), PARTS[1].1);
    let mut rest = receiver.fetch_part(&claim, 1, 4).unwrap();
    assert_eq!(rest.next().await.unwrap().unwrap(), "two three");
    let received = receiver.confirm(id, claim.fence).await.unwrap();
    exchange.clock.advance(TimeDelta::minutes(3));
    assert_eq!(receiver.confirm(id, claim.fence).await.unwrap(), received);
    assert_eq!(refused(receiver.claim(id, None).await), ProblemCode::AlreadyReceived);
    assert_eq!(refused(fetch(&receiver, &claim, 1).await), ProblemCode::AlreadyReceived);
    assert_eq!(refused(receiver.cover(id).await), ProblemCode::AlreadyReceived);
    let at = received.received_at;
    assert_eq!(
        sender.outbox(0, 10).await.unwrap().rows[0].status,
        DeliveryStatus::Received { at }
    );
    assert_eq!(
        receiver.inbox(0, 10).await.unwrap().rows[0].status,
        DeliveryStatus::Received { at }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_terminal_is_told_who_has_it_and_may_take_it_over() {
    let exchange = Exchange::start().await;
    let (planner, _, sender) = exchange.desk(PLANNER, "43").await;
    let (helper, first, front) = exchange.desk(HELPER, "11").await;
    let second = exchange.terminal(&helper, "相談室").await;
    let back = sign_in(&second, &helper).await.unwrap();
    let header = header(&planner, &helper, PARTS);
    let id = header.id;
    sender.send_small(id, &json(&header), &bytes(PARTS)).await.unwrap();
    let claim = front.claim(id, None).await.unwrap();
    match back.claim(id, None).await {
        Err(ClientError::Refused(problem)) => {
            assert_eq!(problem.code, ProblemCode::ClaimedElsewhere);
            assert_eq!(problem.params["terminal"], "受付");
            assert!(problem.params.contains_key("since"));
        }
        other => panic!("{other:?}"),
    }
    match &back.inbox(0, 10).await.unwrap().rows[0].status {
        DeliveryStatus::Claimed {
            terminal,
            terminal_name,
            fence,
            held,
            ..
        } => {
            assert_eq!((*terminal, terminal_name.as_str()), (first.answer.terminal, "受付"));
            assert_eq!((*fence, *held), (1, true));
        }
        other => panic!("{other:?}"),
    }
    // Everything was served: time alone frees it no more.
    fetch(&front, &claim, 1).await.unwrap();
    exchange.clock.advance(TimeDelta::minutes(10));
    assert_eq!(refused(back.claim(id, None).await), ProblemCode::ClaimedElsewhere);
    let taken = back.claim(id, Some(1)).await.unwrap();
    assert_eq!(taken.fence, 2);
    assert_eq!(refused(front.confirm(id, claim.fence).await), ProblemCode::ClaimLost);
    assert_eq!(refused(fetch(&front, &claim, 1).await), ProblemCode::ClaimLost);
    fetch(&back, &taken, 1).await.unwrap();
    back.confirm(id, taken.fence).await.unwrap();
    assert_eq!(refused(front.confirm(id, claim.fence).await), ProblemCode::ClaimLost);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_lapses_before_the_last_byte_and_survives_a_restart() {
    let exchange = Exchange::start().await;
    let (planner, _, sender) = exchange.desk(PLANNER, "43").await;
    let (helper, first, front) = exchange.desk(HELPER, "11").await;
    let second = exchange.terminal(&helper, "相談室").await;
    let header = header(&planner, &helper, PARTS);
    let id = header.id;
    sender.send_small(id, &json(&header), &bytes(PARTS)).await.unwrap();
    front.claim(id, None).await.unwrap();
    let exchange = exchange.restart().await;
    let (first, second) = (exchange.reconnect(first), exchange.reconnect(second));
    let back = sign_in(&second, &helper).await.unwrap();
    assert_eq!(refused(back.claim(id, None).await), ProblemCode::ClaimedElsewhere);
    exchange.clock.advance(TimeDelta::minutes(2));
    let claim = back.claim(id, None).await.unwrap();
    assert_eq!(fetch(&back, &claim, 1).await.unwrap(), PARTS[1].1);
    let front = sign_in(&first, &helper).await.unwrap();
    assert_eq!(refused(front.confirm(id, 1).await), ProblemCode::ClaimLost);
    back.confirm(id, claim.fence).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_fetches_expires() {
    let exchange = Exchange::start().await;
    let (planner, _, sender) = exchange.desk(PLANNER, "43").await;
    let (helper, terminal, _) = exchange.desk(HELPER, "11").await;
    let header = header(&planner, &helper, PARTS);
    sender
        .send_small(header.id, &json(&header), &bytes(PARTS))
        .await
        .unwrap();
    exchange.clock.advance(TimeDelta::days(90));
    exchange.running.sweep().await.unwrap();
    let receiver = sign_in(&terminal, &helper).await.unwrap();
    assert_eq!(
        refused(receiver.claim(header.id, None).await),
        ProblemCode::DeliveryExpired
    );
}
