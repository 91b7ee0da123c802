//! Row 4 of the faults table: answers that are lost after the commit.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use care_model::DeliveryId;
use desk_ipc::{CompositionMode, OutboxStatus};
use exchange_client::{ClientError, SignedIn};
use fault_row::{Breaches, Row};
use test_support::{CARE_MANAGEMENT, ExampleExchange, HOME_HELP, OpenDesk};
use tokio::time::timeout;

use crate::material::{schedules, wired, written};

/// Bytes of a delivery here. No other request of a sender has as many, so that only answers to sends are lost.
const SIZE: usize = 4_000;
/// How long a delivery may take to leave, or to arrive, on a busy machine.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// Who sends at the same time.
const SENDERS: u64 = 8;

/// How often each delivery is in a list, read page by page.
async fn listed(line: &SignedIn, outbox: bool) -> Result<HashMap<DeliveryId, u64>> {
    let (mut after, mut found) = (0, HashMap::new());
    loop {
        let (ids, next, more): (Vec<DeliveryId>, _, _) = if outbox {
            let page = line.outbox(after, 100).await?;
            (
                page.rows.iter().map(|row| row.header.id).collect(),
                page.next,
                page.more,
            )
        } else {
            let page = line.inbox(after, 100).await?;
            (
                page.rows.iter().map(|row| row.header.id).collect(),
                page.next,
                page.more,
            )
        };
        after = next;
        for id in ids {
            *found.entry(id).or_default() += 1;
        }
        if !more {
            return Ok(found);
        }
    }
}

/// Sends until it is answered, as the desk's queue does; gives how often it was tried.
async fn sent(line: &SignedIn, delivery: &crate::material::Wired) -> Result<u64> {
    let mut tries = 1;
    loop {
        match line.send(delivery.header_json.clone(), &delivery.parts, |_| {}).await {
            Ok(accepted) => {
                anyhow::ensure!(accepted.id == delivery.id, "another's answer");
                return Ok(tries);
            }
            Err(ClientError::Interrupted(_) | ClientError::Unreachable(_)) => tries += 1,
            Err(other) => return Err(other.into()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_04_an_answer_lost_after_the_commit_stores_nothing_twice() -> Result<()> {
    let mut row = Row::open(4, "one answer in ten to a send is lost, and it is sent again");
    let mut exchange = ExampleExchange::start().await?;
    exchange.limit_requests(0).await?;
    let sends = row.times(400, 100_000);
    let sender = exchange.terminal(&exchange.manager, "送信").await?;
    let receiver = exchange.terminal(&exchange.service, "受信").await?;
    let mut random = fastrand::Rng::with_seed(row.seed());
    exchange.line.lose_answers(SIZE as u64, move || random.u8(..10) == 0);
    let next = Arc::new(AtomicU64::new(0));
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..SENDERS {
        let (line, next) = (sender.clone(), Arc::clone(&next));
        senders.spawn(async move {
            let (mut ids, mut tries) = (Vec::new(), 0);
            while next.fetch_add(1, Ordering::Relaxed) < sends {
                let delivery = wired(CARE_MANAGEMENT.party()?, HOME_HELP.party()?, &[SIZE])?;
                tries += sent(&line, &delivery).await?;
                ids.push((delivery.id, delivery.parts[0].clone()));
            }
            anyhow::Ok((ids, tries))
        });
    }
    let (mut all, mut tries) = (Vec::new(), 0);
    while let Some(done) = senders.join_next().await {
        let (ids, of_one) = done??;
        all.extend(ids);
        tries += of_one;
    }
    assert_eq!(all.len() as u64, sends);
    let lost_answers = exchange.line.keep_answers();
    assert!(tries > sends && lost_answers > 0, "no answer was lost");

    let mut breaches = Breaches::default();
    for (line, outbox) in [(&receiver, false), (&sender, true)] {
        let found = listed(line, outbox).await?;
        breaches.lost += all.iter().filter(|(id, _)| !found.contains_key(id)).count() as u64;
        breaches.doubled += found.values().sum::<u64>() - found.len() as u64;
        breaches.doubled += (found.len() as u64).saturating_sub(sends);
    }
    // Some of them are fetched and compared.
    for (id, content) in all.iter().step_by((all.len() / 20).max(1)) {
        let claim = receiver.claim(*id, None).await?;
        let mut stream = receiver.fetch_part(&claim, 0, 0)?;
        let mut arrived = Vec::new();
        while let Some(piece) = stream.next().await? {
            arrived.extend_from_slice(&piece);
        }
        breaches.half += u64::from(arrived != content[..]);
        receiver.confirm(*id, claim.fence).await?;
    }
    row.figure("answers_lost", f64::from(lost_answers));
    row.figure("tries", tries as f64);
    row.close(sends, breaches);
    Ok(())
}

/// A desk whose answer is lost and which ends at that moment knows at its next start what it was sending, and sends the
/// same once.
#[tokio::test(flavor = "multi_thread")]
async fn row_04_a_desk_that_ends_without_its_answer_sends_the_same_once() -> Result<()> {
    let row = Row::open(
        4,
        "the answer is lost, the desk ends, and goes on when it is opened again",
    );
    let exchange = ExampleExchange::start().await?;
    let receiver = exchange.terminal(&exchange.service, "受信").await?;
    let mut manager = exchange.desk(&exchange.manager, "支援").await?;
    let mut random = fastrand::Rng::with_seed(row.seed());
    let (rounds, mut breaches, mut sent) = (row.times(3, 100), Breaches::default(), Vec::new());
    let mut units = schedules(usize::try_from(rounds)?)?.into_iter();
    let first_away = random.bool();
    for round in 1..=rounds {
        let files = written(&[units.next().context("a unit each")?], &exchange.folder("files")?)?;
        let composition = manager.compose(CompositionMode::Compose, files).await?;
        let delivery = composition.deliveries[0].delivery;
        // Before anything leaves, and after the exchange has it, in turns: each finds something else that is forgotten.
        let away = first_away == (round % 2 == 1);
        let faults = exchange.line.keep_answers();
        if away {
            exchange.line.set_away(true);
        } else {
            exchange.line.lose_answers(1_000, || true);
        }
        manager.start_sending(composition.id).await?;
        if !away
            && timeout(WAIT_MAX, exchange.line.faults_happened(faults + 1))
                .await
                .is_err()
        {
            // It never left.
            breaches.lost += 1;
            break;
        }
        manager.desk.shutdown().await;
        drop(manager);
        exchange.line.keep_answers();
        exchange.line.set_away(false);

        manager = OpenDesk::open(&exchange.profile(&exchange.manager, "支援")).await?;
        let at = &exchange.manager;
        manager.sign_in(at.office, &at.accounts).await?;
        let waits = |row: &desk_ipc::OutboxRow| matches!(row.status, OutboxStatus::Waiting);
        let arrives = timeout(WAIT_MAX, manager.outbox_row(delivery, waits)).await;
        breaches.lost += u64::from(arrives.is_err());
        sent.push(delivery);
        let found = listed(&receiver, false).await?;
        breaches.doubled += found.values().sum::<u64>().saturating_sub(round);
        breaches.lost += sent.iter().filter(|id| !found.contains_key(id)).count() as u64;
        if !breaches.none() {
            break;
        }
    }
    row.close(rounds, breaches);
    Ok(())
}
