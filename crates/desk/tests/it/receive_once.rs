//! A delivery is received once, wherever its line breaks and whoever else wants it.

use std::path::Path;

use anyhow::Result;
use care_model::{DeliveryId, ProblemCode};
use desk_ipc::{DeskCommands, InboxStatus};
use exchange_protocol::DeliveryStatus;
use fault_row::{Breaches, Row};
use test_support::OpenDesk;

use crate::support::{Offices, names_in, pdf, pick_up};

/// After how many bytes each a line is cut.
const STEP_BYTES: u64 = 4 * 1_024;
/// How much the delivery of the cut fetches holds, in bytes.
const CONTENT_BYTES: usize = 200 * 1_024;
/// Times that a person tries again.
const TRIES_MAX: u32 = 20;

/// Waits until a desk shows 済 of its own, and gives the folder.
async fn received(desk: &OpenDesk, delivery: DeliveryId) -> Result<String> {
    desk.when(async || {
        let rows = desk.desk.inbox(desk_ipc::ListRequest::first()).await?.rows;
        let row = rows.into_iter().find(|row| row.delivery == delivery);
        Ok(row.and_then(|row| match row.status {
            InboxStatus::Received {
                here: true,
                folder_name,
                ..
            } => folder_name,
            _ => None,
        }))
    })
    .await
}

/// Whether a folder holds exactly this, as it was sent.
fn is_whole(folder: &Path, sent: &[(String, Vec<u8>)]) -> Result<bool> {
    let mut names: Vec<&str> = sent.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let mut whole = names_in(folder)? == names;
    for (name, bytes) in sent {
        whole &= std::fs::read(folder.join(name)).is_ok_and(|found| found == *bytes);
    }
    Ok(whole)
}

#[tokio::test(flavor = "multi_thread")]
async fn row_06_a_line_that_is_cut_anywhere_receives_once() -> Result<()> {
    let mut row = Row::open(6, "the line is cut at every 4 KB of a fetch");
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let looker = exchange.terminal(&exchange.service, "奥の部屋のPC").await?;
    let large = pdf(&exchange.folder("files")?, "資料.pdf", CONTENT_BYTES)?;
    let steps: Vec<u64> = (0..CONTENT_BYTES as u64 / STEP_BYTES).collect();
    let mut rng = fastrand::Rng::with_seed(row.seed());
    let count = usize::try_from(row.times(6, steps.len() as u64))?;
    let chosen = rng.choose_multiple(steps, count);
    let mut breaches = Breaches::default();
    let (mut cuts, mut told) = (0, 0);
    for step in &chosen {
        let (made, listed) = offices.send_plan(1_000 + step, vec![large.clone()]).await?;
        let target = exchange.folder(&format!("received-{step}"))?;
        exchange.line.cut_after_received(step * STEP_BYTES + 1);
        // What broke goes on by itself; a claim that could not be asked for is asked for by a person once more.
        let mut tries = 0;
        while let Err(refusal) = pick_up(&offices.service, listed.delivery, &target).await? {
            let code = refusal.code;
            assert!(
                matches!(code, ProblemCode::ServerInterrupted | ProblemCode::ServerUnreachable) && tries < TRIES_MAX,
                "{refusal:?}"
            );
            tries += 1;
        }
        told += tries;
        cuts += 1;
        exchange.line.faults_happened(cuts).await;
        let folder = received(&offices.service, listed.delivery).await?;
        let mut sent: Vec<(String, Vec<u8>)> = made
            .files
            .iter()
            .map(|file| (file.name.as_str().to_owned(), file.bytes.clone()))
            .collect();
        sent.push(("資料.pdf".to_owned(), std::fs::read(&large)?));
        let landed = names_in(&target)?;
        breaches.doubled += u64::from(landed.len() > 1);
        breaches.half += u64::from(!is_whole(&target.join(&folder), &sent)?);
        let rows = looker.inbox(0, 200).await?.rows;
        let said = rows.into_iter().find(|row| row.header.id == listed.delivery);
        let is_received = said.is_some_and(|row| matches!(row.status, DeliveryStatus::Received { .. }));
        breaches.lost += u64::from(!is_received);
    }
    row.figure("refusals_that_a_person_saw", f64::from(told));
    row.close(chosen.len() as u64, breaches);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn row_06_of_two_terminals_one_has_it_and_the_other_is_told() -> Result<()> {
    let row = Row::open(6, "two terminals fetch at once");
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let other = exchange.desk(&exchange.service, "奥の部屋のPC").await?;
    let times = row.times(5, 200);
    let mut breaches = Breaches::default();
    for number in 0..times {
        let (_, listed) = offices.send_plan(5_000 + number, Vec::new()).await?;
        other.arrived(&[listed.delivery]).await?;
        let here = exchange.folder(&format!("here-{number}"))?;
        let there = exchange.folder(&format!("there-{number}"))?;
        let (one, two) = tokio::join!(
            pick_up(&offices.service, listed.delivery, &here),
            pick_up(&other, listed.delivery, &there),
        );
        let landed = names_in(&here)?.len() + names_in(&there)?.len();
        breaches.lost += u64::from(landed == 0);
        breaches.doubled += u64::from(landed > 1);
        let refusals: Vec<_> = [one?, two?].into_iter().filter_map(Result::err).collect();
        let [refusal] = refusals.as_slice() else {
            panic!("one has it, the other is told: {refusals:?}")
        };
        let told = match refusal.code {
            ProblemCode::ClaimedElsewhere => refusal.params.get("terminal").is_some_and(|name| !name.is_empty()),
            ProblemCode::AlreadyReceived => true,
            _ => false,
        };
        assert!(told, "{refusal:?}");
    }
    row.close(times, breaches);
    Ok(())
}
