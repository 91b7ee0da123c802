//! Who sends what to whom, and when.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use exchange_client::ClientError;
use fastrand::Rng;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::task::JoinSet;

use load::{
    offices::{Office, plans, way_from},
    stock::Stock,
};

use crate::{Rate, desks::Shared, times::Act};

/// Of ten jobs one is a bulk of so many units by one office; most units at month-end leave that way.
const BULK_UNITS: u64 = 20;
const BULK_EVERY: u64 = 10;
/// Units of a bulk that are under way at the same time.
const BULK_LANES: usize = 4;
/// Offices that send at the same time when as much as can be is sent.
const SENDERS: usize = 64;
/// Before a send is tried again, and how often.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
const TRIES: u32 = 40;

/// What one part of a run sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) units: u64,
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
}

/// Everything that a send needs.
pub(crate) struct Sender {
    pub(crate) offices: Vec<Office>,
    pub(crate) stock: Stock,
    pub(crate) shared: Arc<Shared>,
    pub(crate) seed: u64,
    number: AtomicU64,
    bytes: AtomicU64,
}

impl Sender {
    pub(crate) fn new(offices: Vec<Office>, stock: Stock, shared: Arc<Shared>, seed: u64) -> Self {
        Self {
            offices,
            stock,
            shared,
            seed,
            number: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    /// Sends at a rate for so long, and waits for every answer.
    pub(crate) async fn run(self: &Arc<Self>, rate: Rate, lasting: Duration) -> Result<Sent> {
        let (before, bytes_before) = (self.number.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed));
        let begun = Instant::now();
        match rate {
            Rate::ASecond(units) => self.at(units, lasting).await?,
            Rate::Most => self.most(lasting).await?,
        }
        Ok(Sent {
            units: self.number.load(Ordering::Relaxed) - before,
            bytes: self.bytes.load(Ordering::Relaxed) - bytes_before,
            seconds: begun.elapsed().as_secs_f64(),
        })
    }

    /// Each unit has its moment, whether or not those before it were answered: a server that falls behind is seen.
    async fn at(self: &Arc<Self>, units_a_second: u32, lasting: Duration) -> Result<()> {
        let units = (lasting.as_secs_f64() * f64::from(units_a_second)) as u64;
        let mut random = Rng::with_seed(self.seed.wrapping_add(u64::from(units_a_second)));
        let begun = Instant::now();
        let (mut jobs, mut made, mut job) = (JoinSet::new(), 0, 0_u64);
        while made < units {
            job += 1;
            let wanted = if job.is_multiple_of(BULK_EVERY) { BULK_UNITS } else { 1 };
            let count = wanted.min(units - made);
            let due = begun + Duration::from_secs_f64(made as f64 / f64::from(units_a_second));
            made += count;
            tokio::time::sleep_until(due.into()).await;
            let (sender, from) = (Arc::clone(self), random.usize(..self.offices.len()));
            let to: Vec<usize> = (0..count).map(|_| self.other_side(&mut random, from)).collect();
            jobs.spawn(async move {
                let act = if count > 1 { Act::Bulk } else { Act::Send };
                let sends = to.into_iter().map(|to| sender.send(act, from, to, due));
                stream::iter(sends)
                    .buffer_unordered(BULK_LANES)
                    .try_collect::<()>()
                    .await
            });
        }
        while let Some(job) = jobs.join_next().await {
            job??;
        }
        Ok(())
    }

    /// One unit after the other from many offices at once.
    async fn most(self: &Arc<Self>, lasting: Duration) -> Result<()> {
        let end = Instant::now() + lasting;
        let mut senders = JoinSet::new();
        for lane in 0..SENDERS {
            let sender = Arc::clone(self);
            let mut random = Rng::with_seed(self.seed.wrapping_mul(31).wrapping_add(lane as u64));
            senders.spawn(async move {
                while Instant::now() < end {
                    let from = random.usize(..sender.offices.len());
                    let to = sender.other_side(&mut random, from);
                    sender.send(Act::Send, from, to, Instant::now()).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(sender) = senders.join_next().await {
            sender??;
        }
        Ok(())
    }

    /// An office that plans sends to one that serves, and the other way round.
    fn other_side(&self, random: &mut Rng, from: usize) -> usize {
        loop {
            let to = random.usize(..self.offices.len());
            if plans(to) != plans(from) {
                return to;
            }
        }
    }

    /// Sends one unit, again under its id until it is answered. What is refused for good stays without an acceptance
    /// in the ledger, which the run is judged by.
    async fn send(&self, act: Act, from: usize, to: usize, due: Instant) -> Result<()> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let (sender, destination) = (&self.offices[from], &self.offices[to]);
        let unit = self
            .stock
            .delivery(number, way_from(from), sender.party, destination.party)?;
        self.bytes.fetch_add(unit.size_bytes(), Ordering::Relaxed);
        self.shared.ledger.begin(unit.id, to, unit.digests);
        self.shared.due(unit.id, due);
        for _ in 0..TRIES {
            let error = match sender.line.send_small(unit.id, &unit.header_json, &unit.parts).await {
                Ok(_) => {
                    self.shared.ledger.accept(unit.id);
                    self.shared.times().took(act, due);
                    return Ok(());
                }
                Err(error) => error,
            };
            self.shared.times().failed(act, &error);
            if !passes(&error) {
                return Ok(());
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
        Ok(())
    }
}

/// Whether the same may succeed later: the line broke, or the exchange has too much to do.
fn passes(error: &ClientError) -> bool {
    use care_model::ProblemCode::{ServerBusy, TooManyRequests};
    error.is_line() || matches!(error.code(), ServerBusy | TooManyRequests)
}
