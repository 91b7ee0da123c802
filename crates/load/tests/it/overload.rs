//! Row 10: five times as much is asked for as the exchange can do. What it can't do it refuses at once, with a time to
//! come again; what it accepts stays quick, and nothing is stored twice.
//!
//! The most that it can do is measured in turns with the overload, for a rate is compared with another one only on the
//! same machine in the same minute; in every second turn after it, for the fuller a database is the slower it becomes; and
//! never of an empty one. And the server has as much memory as a small computer has, whose pages it fills before anything
//! is compared: what a guest of a shared host touches for the first time it pays its host for, and the more is sent the more
//! of it (ADR 0073).

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use care_model::{DeliveryId, ProblemCode};
use chrono::Utc;
use exchange_flow::outbox::{OutboxEvent, OutboxState, refused, step};
use exchange_protocol::envelope;
use fastrand::Rng;
use fault_row::{Form, Row};
use futures::{StreamExt as _, stream};
use load::{offices::plans, processes::Cores};
use tokio::task::JoinSet;

use crate::{
    bare::{Door, Line},
    exchange::{Exchange, Taken},
    timings_are_judged,
};

/// Lanes that are enough for the most that a server takes.
const BEST_LANES: usize = 64;
/// On average between an acceptance and the next unit of a lane in the overload: five times the best rate is so many lanes.
const PAUSE: Duration = Duration::from_millis(100);
/// More lanes than sends are accepted at once, however slow the machine is.
const LANES_MIN: usize = 300;
/// And no more than the machine has connections for.
const LANES_MAX: usize = 6_000;
/// Handshakes at the same time.
const COMING_AT_ONCE: usize = 32;
/// What the server may take, with what the system keeps in memory of its files: it is full after the first seconds.
const MEMORY_BYTES: u64 = 1_000_000_000;
/// Turns of the two measurements.
const TURNS: u64 = 2;
const GOODPUT_MIN: f64 = 0.9;
const ACCEPTED_P99_MAX_MS: f64 = 100.0;

/// What became of the units of some lanes.
#[derive(Default)]
struct Outcome {
    accepted: HashSet<DeliveryId>,
    /// Begun and refused, and not tried again before the end.
    open: HashSet<DeliveryId>,
    /// Of the tries that were accepted, from the first byte to the answer.
    taken: Taken,
    refused: u64,
    /// Refused without a time to come again.
    unsaid: u64,
    /// Answered in another way, or not at all.
    failed: u64,
    /// What the server did for it.
    commits: f64,
    cpu_seconds: f64,
    written_bytes: f64,
    /// Of each turn, what the host of this computer took away, in percent.
    stolen: Vec<f64>,
}

impl Outcome {
    fn add(&mut self, other: Self) {
        self.accepted.extend(other.accepted);
        self.open.extend(other.open);
        self.taken.extend(other.taken);
        self.refused += other.refused;
        self.unsaid += other.unsaid;
        self.failed += other.failed;
        self.commits += other.commits;
        self.cpu_seconds += other.cpu_seconds;
        self.written_bytes += other.written_bytes;
        self.stolen.extend(other.stolen);
    }

    /// The figures of a measurement, by name: how the server got through it.
    fn figures(&self, row: &mut Row, of: &str) {
        let accepted = self.accepted.len() as f64;
        row.figure(&format!("{of}_acts_a_commit"), accepted / self.commits);
        row.figure(&format!("{of}_cpu_ms"), self.cpu_seconds * 1_000.0 / accepted);
        row.figure(&format!("{of}_written_kb"), self.written_bytes / 1_000.0 / accepted);
        let stolen = self.stolen.iter().sum::<f64>() / self.stolen.len() as f64;
        row.figure(&format!("{of}_stolen_percent"), stolen);
    }
}

/// One connection of an office.
struct Lane {
    from: usize,
    door: Door,
    line: Line,
    random: Rng,
}

/// How long a desk waits before it tries a unit again, and what it remembers of it.
fn after_refusal(state: &OutboxState, seconds: u32) -> (OutboxState, Duration) {
    let now = Utc::now();
    let put_off = refused(ProblemCode::ServerBusy, Some(seconds));
    let state = step(state, OutboxEvent::Start, now).and_then(|sending| step(&sending, put_off, now));
    let state = state.unwrap();
    let OutboxState::Queued { not_before, .. } = state else {
        panic!("a desk keeps in its queue what was refused for now: {state:?}");
    };
    (state, (not_before - now).to_std().unwrap())
}

/// Sends one unit after the other until the end; who is refused tries the same unit again, when a desk would.
async fn lane(exchange: Arc<Exchange>, mut lane: Lane, pause: Duration, end: Instant) -> Outcome {
    let Lane {
        from,
        door,
        line,
        random,
    } = &mut lane;
    let mut outcome = Outcome::default();
    // Not all at the same moment.
    tokio::time::sleep(pause.mul_f64(random.f64())).await;
    while Instant::now() < end {
        let to = loop {
            let to = random.usize(..exchange.offices.len());
            if plans(to) != plans(*from) {
                break to;
            }
        };
        let unit = exchange.unit(random.u64(..), *from, to);
        let body = envelope::write(&unit.header_json, &unit.parts);
        let request = door.request(&format!("PUT /v1/deliveries/{}", unit.id), envelope::MEDIA_TYPE, &body);
        outcome.open.insert(unit.id);
        let mut state = OutboxState::Queued {
            tries: 0,
            not_before: Utc::now(),
            maybe_sent: false,
        };
        while Instant::now() < end {
            let begun = Instant::now();
            let answer = match line.ask(&request).await {
                Ok(answer) => answer,
                Err(_) => {
                    outcome.failed += 1;
                    *line = door.open().await;
                    continue;
                }
            };
            match (answer.status, answer.retry_after) {
                (200, _) => {
                    outcome.taken.add(begun.elapsed());
                    outcome.open.remove(&unit.id);
                    outcome.accepted.insert(unit.id);
                    break;
                }
                (429 | 503, Some(told)) => {
                    outcome.refused += 1;
                    let wait;
                    (state, wait) = after_refusal(&state, told);
                    tokio::time::sleep(wait.min(end.saturating_duration_since(begun))).await;
                }
                (429 | 503, None) => outcome.unsaid += 1,
                _ => outcome.failed += 1,
            }
        }
        // Neither do those whose answers came with one commit begin again at one moment.
        tokio::time::sleep(pause.mul_f64(0.5 + random.f64())).await;
    }
    outcome
}

async fn lanes(exchange: &Arc<Exchange>, seed: u64, count: usize, pause: Duration, lasting: Duration) -> Outcome {
    // All are connected before anybody sends: handshakes are no part of the rate.
    let opened: Vec<Lane> = stream::iter(0..count)
        .map(|place| {
            let exchange = Arc::clone(exchange);
            async move {
                let from = place % exchange.offices.len();
                let door = Door::of(
                    &exchange.offices[from],
                    &exchange.authority_pem,
                    &exchange.node.exchange_url,
                );
                Lane {
                    from,
                    line: door.open().await,
                    door,
                    random: Rng::with_seed(seed.wrapping_add(place as u64)),
                }
            }
        })
        .buffer_unordered(COMING_AT_ONCE)
        .collect()
        .await;
    let (before, cores) = (exchange.node.usage().unwrap(), Cores::now().unwrap());
    let end = Instant::now() + lasting;
    let mut running: JoinSet<_> = opened
        .into_iter()
        .map(|of| lane(Arc::clone(exchange), of, pause, end))
        .collect();
    let mut all = Outcome::default();
    while let Some(outcome) = running.join_next().await {
        all.add(outcome.unwrap());
    }
    let after = exchange.node.usage().unwrap();
    all.stolen.push(Cores::now().unwrap().stolen_percent_since(&cores));
    all.commits = after.commits - before.commits;
    all.cpu_seconds = after.cpu_seconds - before.cpu_seconds;
    all.written_bytes = after.written_bytes - before.written_bytes;
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn row_10_at_five_times_its_capacity_the_rest_is_refused_and_the_accepted_stays_quick() {
    let mut row = Row::open(10, "five times as much is sent as is taken");
    let turns = row.times(1, TURNS);
    let lasting = Duration::from_secs(row.times(2, 40) / turns);
    let mut exchange = Exchange::start(row.times(20, 250) as usize, row.seed(), &[]).await;
    if row.form() == Form::Long {
        // Elsewhere than on a computer of one's own nobody may; then its figures say so.
        let limited = exchange.node.limit_memory(MEMORY_BYTES).is_ok();
        row.figure("memory_limit_mb", if limited { MEMORY_BYTES as f64 / 1e6 } else { 0.0 });
    }
    let exchange = Arc::new(exchange);

    let (mut best, mut over) = (Outcome::default(), Outcome::default());
    // An empty database takes more than it ever will again: not compared.
    let mut all = lanes(&exchange, row.seed(), BEST_LANES, Duration::ZERO, lasting).await;
    let mut count = 0;
    for turn in 1..=turns {
        let seed = row.seed().wrapping_add(turn << 32);
        for is_best in [turn % 2 != 0, turn % 2 == 0] {
            if is_best {
                best.add(lanes(&exchange, seed, BEST_LANES, Duration::ZERO, lasting).await);
            } else {
                over.add(lanes(&exchange, !seed, count, PAUSE, lasting).await);
            }
            if count == 0 {
                let wanted = 5.0 * best.accepted.len() as f64 / lasting.as_secs_f64() * PAUSE.as_secs_f64();
                count = (wanted as usize).clamp(LANES_MIN, LANES_MAX);
            }
        }
    }
    let measured = lasting.as_secs_f64() * turns as f64;
    let best_rate = best.accepted.len() as f64 / measured;
    let over_rate = over.accepted.len() as f64 / measured;

    let goodput = over_rate / best_rate;
    let p99 = over.taken.percentile_ms(99);
    row.figure("best_a_second", best_rate);
    row.figure("asked_for_times", count as f64 / PAUSE.as_secs_f64() / best_rate);
    row.figure("goodput_of_best_percent", goodput * 100.0);
    row.figure("refused_a_second", over.refused as f64 / measured);
    row.figure("best_p99_ms", best.taken.percentile_ms(99));
    row.figure("accepted_p50_ms", over.taken.percentile_ms(50));
    row.figure("accepted_p99_ms", p99);
    best.figures(&mut row, "best");
    over.figures(&mut row, "accepted");
    assert_eq!(
        (best.failed, best.unsaid, best.refused),
        (0, 0, 0),
        "the best is undisturbed"
    );
    assert_eq!(
        (over.failed, over.unsaid),
        (0, 0),
        "answered, and told when to come again"
    );
    assert!(over.refused > 0, "so many lanes were not too many");
    all.add(best);
    all.add(over);
    let breaches = exchange.breaches(&all.accepted, &all.open).await;
    let judged = timings_are_judged(row.form());
    row.close(all.accepted.len() as u64, breaches);
    if judged {
        assert!(goodput >= GOODPUT_MIN, "{goodput} of the best rate were accepted");
        assert!(p99 <= ACCEPTED_P99_MAX_MS, "{p99} ms");
    }
}
