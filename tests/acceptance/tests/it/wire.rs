//! The typed client against the server, without desks: exactly once, once only, and nobody else.

use anyhow::{Result, bail};
use care_model::{DeliveryId, ProblemCode};
use exchange_client::{ClientError, ClientIdentity, ExchangeClient, SignedIn};
use exchange_protocol::{DeliveryStatus, Event, InboxEntry};
use fault_row::{Breaches, Row};
use test_support::{CARE_MANAGEMENT, ExampleExchange, HOME_HELP};

use crate::material::{Wired, wired};

fn to_service(sizes: &[usize]) -> Result<Wired> {
    wired(CARE_MANAGEMENT.party()?, HOME_HELP.party()?, sizes)
}

async fn send(line: &SignedIn, delivery: &Wired) -> Result<exchange_protocol::Accepted, ClientError> {
    line.send(delivery.header_json.clone(), &delivery.parts, |_| {}).await
}

/// Everything in the inbox, each delivery once.
async fn inbox(line: &SignedIn) -> Result<Vec<InboxEntry>> {
    let page = line.inbox(0, 200).await?;
    assert!(!page.more);
    Ok(page.rows)
}

#[track_caller]
fn refused<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> ProblemCode {
    match answer {
        Err(ClientError::Refused(problem)) => problem.code,
        other => panic!("not refused: {other:?}"),
    }
}

async fn fetched(line: &SignedIn, claim: &exchange_protocol::Claim, part: usize, from: u64) -> Result<Vec<u8>> {
    let mut stream = line.fetch_part(claim, part, from)?;
    let mut bytes = Vec::new();
    while let Some(piece) = stream.next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

#[tokio::test]
async fn sent_claimed_fetched_confirmed_and_then_no_more() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let sender = exchange.terminal(&exchange.manager, "送信").await?;
    let receiver = exchange.terminal(&exchange.service, "受信").await?;
    let other = exchange.terminal(&exchange.service, "別の端末").await?;

    let delivery = to_service(&[1, 5, 100_000])?;
    let accepted = send(&sender, &delivery).await?;
    assert_eq!(
        send(&sender, &delivery).await?,
        accepted,
        "the same send answers the first result"
    );

    let rows = inbox(&receiver).await?;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].header.id, &rows[0].status),
        (delivery.id, &DeliveryStatus::Waiting)
    );

    let claim = receiver.claim(delivery.id, None).await?;
    match other.claim(delivery.id, None).await {
        Err(ClientError::Refused(problem)) => {
            assert_eq!(problem.code, ProblemCode::ClaimedElsewhere);
            assert_eq!(problem.params.get("terminal").map(String::as_str), Some("受信"));
        }
        another => bail!("the second terminal was not told: {another:?}"),
    }
    for (place, part) in delivery.parts.iter().enumerate() {
        assert_eq!(fetched(&receiver, &claim, place, 0).await?, part[..]);
    }
    assert_eq!(
        fetched(&receiver, &claim, 2, 99_990).await?,
        delivery.parts[2][99_990..]
    );
    let received = receiver.confirm(delivery.id, claim.fence).await?;
    assert_eq!(
        receiver.confirm(delivery.id, claim.fence).await?,
        received,
        "confirming is safe to repeat"
    );

    assert_eq!(
        refused(receiver.claim(delivery.id, None).await),
        ProblemCode::AlreadyReceived
    );
    assert_eq!(
        refused(other.claim(delivery.id, None).await),
        ProblemCode::AlreadyReceived
    );
    assert!(fetched(&receiver, &claim, 1, 0).await.is_err());
    let outbox = sender.outbox(0, 200).await?.rows;
    assert_eq!(outbox.len(), 1);
    assert_eq!(
        outbox[0].status,
        DeliveryStatus::Received {
            at: received.received_at
        }
    );
    Ok(())
}

#[tokio::test]
async fn a_recall_whose_answer_was_lost_is_answered_as_it_was_then() -> Result<()> {
    let mut exchange = ExampleExchange::start().await?;
    let sender = exchange.terminal(&exchange.manager, "送信").await?;
    let receiver = exchange.terminal(&exchange.service, "受信").await?;
    let delivery = to_service(&[1, 5, 300_000])?;
    send(&sender, &delivery).await?;
    exchange.line.lose_answer_to(1);
    // Whether the exchange acted is unknown, and nothing is tried again by itself.
    let lost = sender.recall(delivery.id).await;
    assert!(matches!(lost, Err(ClientError::Interrupted(_))), "{lost:?}");
    let at = match &inbox(&receiver).await?[0].status {
        DeliveryStatus::Recalled { at } => *at,
        other => bail!("the exchange had acted, but {other:?}"),
    };
    exchange.move_clock(chrono::TimeDelta::minutes(5));
    let recalled = sender.recall(delivery.id).await?;
    assert_eq!((recalled.id, recalled.recalled_at), (delivery.id, at));
    assert_eq!(
        refused(receiver.claim(delivery.id, None).await),
        ProblemCode::DeliveryRecalled
    );
    // Away: not one byte left, which the error says.
    exchange.stop().await;
    exchange.line.set_away(true);
    let unreachable = sender.recall(delivery.id).await;
    assert!(
        matches!(unreachable, Err(ClientError::Unreachable(_))),
        "{unreachable:?}"
    );
    Ok(())
}

#[tokio::test]
async fn the_sender_and_strangers_cannot_fetch() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let sender = exchange.terminal(&exchange.manager, "送信").await?;
    let delivery = to_service(&[10])?;
    send(&sender, &delivery).await?;
    assert!(inbox(&sender).await?.is_empty());
    assert_eq!(
        refused(sender.claim(delivery.id, None).await),
        ProblemCode::DeliveryUnknown
    );
    assert_eq!(refused(sender.cover(delivery.id).await), ProblemCode::DeliveryUnknown);
    let unknown = DeliveryId::generate();
    assert_eq!(refused(sender.claim(unknown, None).await), ProblemCode::DeliveryUnknown);
    Ok(())
}

#[tokio::test]
async fn the_same_id_with_another_content_is_a_conflict() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let sender = exchange.terminal(&exchange.manager, "送信").await?;
    let (first, mut second) = (to_service(&[10])?, to_service(&[11])?);
    send(&sender, &first).await?;
    let text = String::from_utf8(second.header_json.to_vec())?;
    second.header_json = text.replace(&second.id.to_string(), &first.id.to_string()).into();
    assert_eq!(refused(send(&sender, &second).await), ProblemCode::DeliveryConflict);
    Ok(())
}

#[tokio::test]
async fn an_answer_lost_after_the_commit_leaves_one_delivery() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let sender = exchange.terminal(&exchange.manager, "送信").await?;
    let receiver = exchange.terminal(&exchange.service, "受信").await?;
    for round in 1..=10 {
        let delivery = to_service(&[20_000])?;
        // A warm connection: what is lost is the answer, not the handshake.
        sender.me().await?;
        exchange.line.lose_answer_to(20_000);
        let lost = send(&sender, &delivery).await;
        assert!(matches!(lost, Err(ClientError::Interrupted(_))), "{lost:?}");
        exchange.line.faults_happened(round).await;
        let accepted = send(&sender, &delivery).await?;
        assert_eq!(accepted.id, delivery.id);
        assert_eq!(inbox(&receiver).await?.len(), round as usize);
    }
    Ok(())
}

#[tokio::test]
async fn a_large_upload_goes_on_where_it_was_cut() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let sender = exchange.terminal(&exchange.manager, "送信").await?;
    let receiver = exchange.terminal(&exchange.service, "受信").await?;
    let delivery = to_service(&[9_000_000, 300_000])?;
    let furthest = std::sync::atomic::AtomicU64::new(0);
    let progress = |bytes| {
        furthest.fetch_max(bytes, std::sync::atomic::Ordering::SeqCst);
    };
    for cut in [200_000, 3_000_000, 5_000_000] {
        exchange.line.cut_after_sent(cut);
        let lost = sender
            .send(delivery.header_json.clone(), &delivery.parts, progress)
            .await;
        assert!(matches!(lost, Err(ClientError::Interrupted(_))), "{lost:?}");
        assert!(inbox(&receiver).await?.is_empty(), "nothing half is visible");
    }
    assert!(
        furthest.load(std::sync::atomic::Ordering::SeqCst) >= 4 * 1_024 * 1_024,
        "chunks were kept"
    );
    let accepted = sender
        .send(delivery.header_json.clone(), &delivery.parts, progress)
        .await?;
    assert_eq!(
        send(&sender, &delivery).await?,
        accepted,
        "committing again answers the first result"
    );

    let claim = receiver.claim(delivery.id, None).await?;
    for cut in [100_000, 2_000_000, 4_500_000] {
        exchange.line.cut_after_received(cut);
        for (place, part) in delivery.parts.iter().enumerate() {
            assert!(
                fetched(&receiver, &claim, place, 0).await? == part[..],
                "resumed at {cut}"
            );
        }
    }
    receiver.confirm(delivery.id, claim.fence).await?;
    Ok(())
}

/// A claim that was given anew, to the same terminal or by a takeover, ends the one before: only the fence in force
/// confirms. Until then every byte is there, however often it was served.
#[tokio::test]
async fn row_06_only_the_claim_in_force_confirms_and_until_then_all_is_there() -> Result<()> {
    let row = Row::open(6, "claimed again and taken over after every byte was served");
    let exchange = ExampleExchange::start().await?;
    let sender = exchange.terminal(&exchange.manager, "送信").await?;
    let first = exchange.terminal(&exchange.service, "一台目").await?;
    let second = exchange.terminal(&exchange.service, "二台目").await?;
    let (deliveries, mut breaches) = (row.times(6, 300), Breaches::default());
    for number in 0..deliveries {
        // In one request, and in chunks.
        let delivery = to_service(&[if number % 2 == 0 { 10 } else { 300_000 }])?;
        send(&sender, &delivery).await?;
        let mut whole = async |line: &SignedIn, claim: &exchange_protocol::Claim| {
            let arrived = fetched(line, claim, 0, 0).await;
            breaches.lost += u64::from(arrived.is_err());
            breaches.half += u64::from(arrived.is_ok_and(|bytes| bytes != delivery.parts[0][..]));
        };
        let lost = first.claim(delivery.id, None).await?;
        whole(&first, &lost).await;
        let again = first.claim(delivery.id, None).await?;
        whole(&first, &again).await;
        let early = first.confirm(delivery.id, lost.fence).await;
        let taken = second.claim(delivery.id, Some(again.fence)).await?;
        whole(&second, &taken).await;
        let late = first.confirm(delivery.id, again.fence).await;
        for stale in [early, late] {
            assert_eq!(refused(stale), ProblemCode::ClaimLost);
        }
        assert!(lost.fence < again.fence && again.fence < taken.fence);
        second.confirm(delivery.id, taken.fence).await?;
        assert_eq!(
            refused(first.claim(delivery.id, None).await),
            ProblemCode::AlreadyReceived
        );
    }
    row.close(deliveries, breaches);
    Ok(())
}

#[tokio::test]
async fn hints_come_on_the_event_stream() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let sender = exchange.terminal(&exchange.manager, "送信").await?;
    let receiver = exchange.terminal(&exchange.service, "受信").await?;
    let mut events = receiver.events().await?;
    send(&sender, &to_service(&[10])?).await?;
    while !matches!(events.next().await?, Some(Event::Inbox { upto: 1.. })) {}
    receiver.sign_out().await?;
    while events.next().await?.is_some() {}
    assert_eq!(refused(receiver.me().await), ProblemCode::SignInRequired);
    Ok(())
}

#[tokio::test]
async fn another_authority_is_trusted_by_neither_side() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let foreign = ExampleExchange::start().await?;
    let connection = exchange.connection()?;
    let own = foreign.terminal(&foreign.manager, "他所").await?;
    own.me().await?;

    // The right address with the wrong authority: the client leaves.
    let mut mixed = connection.clone();
    mixed.authority_pem = foreign.connection()?.authority_pem;
    let client = ExchangeClient::new(&mixed, None)?;
    assert!(matches!(client.exchange().await, Err(ClientError::Untrusted(_))));

    // A certificate of another exchange, and none: the server says which.
    let issue_password = foreign.issue_password(&CARE_MANAGEMENT).await?;
    let identity: ClientIdentity = test_support::enrol(
        &foreign.connection()?,
        &foreign.manager.accounts,
        &issue_password,
        "他所",
    )
    .await?;
    for (identity, code) in [
        (Some(&identity), ProblemCode::CertificateForeign),
        (None, ProblemCode::CertificateMissing),
    ] {
        let client = ExchangeClient::new(&connection, identity)?;
        let answer = client
            .sign_in_person(&exchange.manager.accounts.person, &"mihon-hanako-2026".into())
            .await;
        assert_eq!(refused(answer), code);
    }
    Ok(())
}
