//! `fetch`, `confirm`: what receiving costs, over 64 connections.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use care_model::{DeliveryId, Digest, ProblemCode};
use exchange_client::{ClientError, SignedIn};
use exchange_protocol::Claim;
use futures::future::try_join_all;

use crate::{exchange::Exchange, figures::Figure, sends::lines};

/// Claims everything, fetches everything, confirms everything; a claim is not part of either figure.
pub(crate) async fn fetch_and_confirm(exchange: &Exchange, sent: Vec<DeliveryId>) -> Result<Vec<Figure>> {
    let lines = lines(exchange, true).await?;
    let (_, claims) = each(&lines, sent, |line, id| async move { Ok(line.claim(id, None).await?) }).await?;
    let count = claims.len() as f64;
    let (fetching, claims) = each(&lines, claims, |line, claim| async move {
        fetch(&line, &claim).await?;
        Ok(claim)
    })
    .await?;
    let (confirming, claims) = each(&lines, claims, |line, claim| async move {
        line.confirm(claim.id, claim.fence)
            .await
            .context("a confirmation failed")?;
        Ok(claim)
    })
    .await?;
    // 済 is for good: a sample of what was confirmed is asked for again.
    for claim in claims.iter().step_by(1_000) {
        match lines[0].claim(claim.id, None).await {
            Err(ClientError::Refused(problem)) if problem.code == ProblemCode::AlreadyReceived => {}
            other => anyhow::bail!("a second fetch was not refused: {:?}", other.map(|claim| claim.fence)),
        }
    }
    Ok(vec![
        Figure::new("fetch", count / fetching),
        Figure::new("confirm", count / confirming),
    ])
}

async fn fetch(line: &SignedIn, claim: &Claim) -> Result<()> {
    for (place, part) in claim.header.parts.iter().enumerate() {
        let mut stream = line.fetch_part(claim, place, 0)?;
        let mut bytes = Vec::with_capacity(part.size_bytes as usize);
        while let Some(piece) = stream.next().await.context("a fetch failed")? {
            bytes.extend_from_slice(&piece);
        }
        ensure!(Digest::of(&bytes) == part.digest, "what arrived is not what was sent");
    }
    Ok(())
}

/// Does the same to each of many, spread over the lines; gives seconds and results.
async fn each<In, Out, F>(
    lines: &[SignedIn],
    items: Vec<In>,
    act: impl Fn(SignedIn, In) -> F + Clone + Send + 'static,
) -> Result<(f64, Vec<Out>)>
where
    In: Clone + Send + Sync + 'static,
    Out: Send + 'static,
    F: Future<Output = Result<Out>> + Send,
{
    let items = Arc::new(items);
    let next = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let workers = lines.iter().cloned().map(|line| {
        let (items, next, act) = (Arc::clone(&items), Arc::clone(&next), act.clone());
        tokio::spawn(async move {
            let mut done = Vec::new();
            while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                done.push(act(line.clone(), item.clone()).await?);
            }
            anyhow::Ok(done)
        })
    });
    let mut results = Vec::with_capacity(items.len());
    for done in try_join_all(workers).await? {
        results.extend(done?);
    }
    Ok((start.elapsed().as_secs_f64(), results))
}
