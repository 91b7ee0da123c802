//! What every office does by itself: it listens, looks at its lists when told to, and fetches whatever waits for it.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use care_model::{DeliveryId, Digest, limits};
use exchange_client::{ClientError, SignedIn};
use exchange_protocol::{Claim, DeliveryStatus, Event};
use tokio::{sync::watch, task::JoinSet, time::MissedTickBehavior};

use load::offices::Office;

use crate::{
    ledger::Ledger,
    times::{Act, Times},
};

/// How often a list is looked at without a hint, as a desk does whose stream may have missed one.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Between two looks that hints lead to, as a desk has it.
const HINT_GAP: Duration = Duration::from_millis(250);
const SETTLED_POLL: Duration = Duration::from_millis(20);
/// Before what failed is tried again.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// Tries of a confirmation whose answer was lost.
const CONFIRMED_TRIES: u32 = 10;

/// What all offices of a run share.
pub(crate) struct Shared {
    pub(crate) ledger: Ledger,
    /// Of the part of the run that is under way.
    times: Mutex<Arc<Times>>,
    /// When each delivery that is on its way was due.
    due: Mutex<HashMap<DeliveryId, Instant>>,
    arrived: AtomicU64,
    /// Desks that listen and have read their lists for the first time.
    settled: AtomicU64,
    /// The arrival that is not counted, so that a test sees a loss noticed.
    forgotten: Option<u64>,
}

impl Shared {
    pub(crate) fn new(forgotten: Option<u64>) -> Self {
        Self {
            ledger: Ledger::default(),
            times: Mutex::default(),
            due: Mutex::default(),
            arrived: AtomicU64::new(0),
            settled: AtomicU64::new(0),
            forgotten,
        }
    }

    pub(crate) fn times(&self) -> Arc<Times> {
        Arc::clone(&self.times.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins the next part of a run.
    pub(crate) fn begin(&self) {
        *self.times.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }

    /// Waits until so many desks listen: what they ask for when they open, all at once, is no part of a rate.
    pub(crate) async fn settled(&self, desks: usize) {
        while self.settled.load(Ordering::Relaxed) < desks as u64 {
            tokio::time::sleep(SETTLED_POLL).await;
        }
    }

    pub(crate) fn due(&self, id: DeliveryId, at: Instant) {
        self.due.lock().unwrap_or_else(PoisonError::into_inner).insert(id, at);
    }

    /// Whether nothing is on its way but what a test has lost on purpose.
    pub(crate) fn is_all_but_the_forgotten(&self) -> bool {
        let forgotten = self
            .forgotten
            .is_some_and(|number| self.arrived.load(Ordering::Relaxed) > number);
        forgotten && self.ledger.on_the_way() == 1
    }

    fn arrived(&self, id: DeliveryId, at: usize, digests: &[Digest]) {
        let number = self.arrived.fetch_add(1, Ordering::Relaxed);
        if self.forgotten == Some(number) {
            return;
        }
        let due = self.due.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if let Some(due) = due {
            self.times().took(Act::Through, due);
        }
        self.ledger.arrive(id, at, digests);
    }
}

/// Opens every office's desk; they work until `end` says so.
pub(crate) fn open(offices: &[Office], shared: &Arc<Shared>, end: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut desks = JoinSet::new();
    for (place, office) in offices.iter().enumerate() {
        let desk = Desk {
            place,
            line: office.line.clone(),
            shared: Arc::clone(shared),
            inbox: 0,
            outbox: 0,
            settled: false,
            // Spread over the time between two looks, as offices are that were opened at their own time.
            offset: LOOK_EVERY.mul_f64(place as f64 / offices.len() as f64),
            taken: HashSet::new(),
        };
        let mut end = end.clone();
        desks.spawn(async move {
            tokio::select! {
                () = desk.work() => {}
                _ = end.wait_for(|end| *end) => {}
            }
        });
    }
    desks
}

struct Desk {
    place: usize,
    line: SignedIn,
    shared: Arc<Shared>,
    /// How far each list was read.
    inbox: u64,
    outbox: u64,
    settled: bool,
    /// From the first look to the second.
    offset: Duration,
    /// What it has fetched.
    taken: HashSet<DeliveryId>,
}

impl Desk {
    async fn work(mut self) {
        loop {
            if let Err(error) = self.listen().await {
                self.shared.times().failed(Act::List, &error);
                // What was not fetched is listed again from the beginning.
                self.inbox = 0;
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    async fn listen(&mut self) -> Result<(), ClientError> {
        let mut events = self.line.events().await?;
        self.look_in().await?;
        self.look_out().await?;
        if !std::mem::replace(&mut self.settled, true) {
            self.shared.settled.fetch_add(1, Ordering::Relaxed);
        }
        let mut looks = tokio::time::interval_at((Instant::now() + self.offset).into(), LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let event = tokio::select! {
                _ = looks.tick() => {
                    self.look_in().await?;
                    self.look_out().await?;
                    continue;
                }
                event = events.next() => event?,
            };
            match event {
                Some(Event::Inbox { upto }) if upto > self.inbox => self.look_in().await?,
                Some(Event::Outbox { upto }) if upto > self.outbox => self.look_out().await?,
                Some(Event::Inbox { .. } | Event::Outbox { .. }) => continue,
                Some(Event::SignedOut) | None => return Ok(()),
            }
            tokio::time::sleep(HINT_GAP).await;
        }
    }

    async fn look_out(&mut self) -> Result<(), ClientError> {
        loop {
            let begun = Instant::now();
            let page = self.line.outbox(self.outbox, limits::PAGE_ROWS_MAX).await?;
            self.shared.times().took(Act::List, begun);
            self.outbox = page.next;
            if !page.more {
                return Ok(());
            }
        }
    }

    async fn look_in(&mut self) -> Result<(), ClientError> {
        loop {
            let begun = Instant::now();
            let page = self.line.inbox(self.inbox, limits::PAGE_ROWS_MAX).await?;
            self.shared.times().took(Act::List, begun);
            for row in page.rows {
                let id = row.header.id;
                let waits = matches!(row.status, DeliveryStatus::Waiting | DeliveryStatus::Claimed { .. });
                if waits && !self.taken.contains(&id) {
                    self.fetch(id).await?;
                    self.taken.insert(id);
                }
            }
            self.inbox = page.next;
            if !page.more {
                return Ok(());
            }
        }
    }

    /// Claims, fetches every byte, confirms.
    async fn fetch(&self, id: DeliveryId) -> Result<(), ClientError> {
        let times = self.shared.times();
        let begun = Instant::now();
        let claim = self
            .line
            .claim(id, None)
            .await
            .inspect_err(|error| times.failed(Act::Claim, error))?;
        times.took(Act::Claim, begun);
        let begun = Instant::now();
        let digests = self
            .parts(&claim)
            .await
            .inspect_err(|error| times.failed(Act::Fetch, error))?;
        times.took(Act::Fetch, begun);
        let begun = Instant::now();
        let mut tries = 0;
        while let Err(error) = self.line.confirm(id, claim.fence).await {
            times.failed(Act::Confirm, &error);
            tries += 1;
            if !error.is_line() || tries == CONFIRMED_TRIES {
                return Err(error);
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
        times.took(Act::Confirm, begun);
        self.shared.arrived(id, self.place, &digests);
        Ok(())
    }

    async fn parts(&self, claim: &Claim) -> Result<Vec<Digest>, ClientError> {
        let mut digests = Vec::with_capacity(claim.header.parts.len());
        for (place, part) in claim.header.parts.iter().enumerate() {
            let mut stream = self.line.fetch_part(claim, place, 0)?;
            let mut bytes = Vec::with_capacity(usize::try_from(part.size_bytes).unwrap_or_default());
            while let Some(piece) = stream.next().await? {
                bytes.extend_from_slice(&piece);
            }
            digests.push(Digest::of(&bytes));
        }
        Ok(digests)
    }
}
