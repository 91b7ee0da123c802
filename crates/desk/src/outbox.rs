//! The queue: every delivery is a row before its first byte leaves, and stays one until the exchange has answered.
//!
//! One task owns the queue, so that no two hands change a row. Deliveries for the same destination go one after the
//! other by rising serial, because they are imported in that order; up to [`CHAINS_MAX`] destinations are served at
//! once. Rows that begin and rows that ended are stored together, many in one synced transaction: a row is stored as
//! begun before its bytes leave, and shown as sent only once that is stored too.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use care_model::{DeliveryId, Party, ProblemCode, Serial};
use chrono::{DateTime, Utc};
use desk_ipc::{CommandError, DeskEvent, SendStateView, TransferKind, WaitReason};
use exchange_client::{ClientError, PartSource};
use exchange_flow::outbox::{Holding, OutboxEvent, OutboxState, of_upload, refused, step};
use exchange_protocol::{Part, PartRole};
use kill_point::{Point, reach};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};

use crate::{
    core::{Core, Transfer},
    gate::Gate,
    refusal,
    session::Line,
    spool::{Spool, SpoolRef},
    store::Outgoing,
};

/// Destinations served at once.
const CHAINS_MAX: usize = 8;
/// Deliveries of one destination that are begun together.
const CHAIN_LENGTH_MAX: usize = 16;
/// Between two tries to store what happened, while the disk is full.
const STORE_AGAIN: Duration = Duration::from_secs(2);
/// How long an answer waits for those that follow it in its chain, so that one commit stores them all.
const GATHER: Duration = Duration::from_millis(25);

/// What the queue is told.
pub(crate) enum QueueOrder {
    /// New rows, stored already.
    Add(Vec<Outgoing>),
    /// A person wants a held row tried again.
    Retry(DeliveryId, oneshot::Sender<Result<(), CommandError>>),
    /// A person cancels a row.
    Cancel(DeliveryId, oneshot::Sender<Result<(), CommandError>>),
    /// A person says something about a row that is printed for fax, or is to be.
    Paper(DeliveryId, OutboxEvent, oneshot::Sender<Result<(), CommandError>>),
    /// Something changed: somebody signed in, or the exchange is back.
    Wake,
}

/// One answer of a chain.
struct Ended {
    delivery: DeliveryId,
    event: OutboxEvent,
    refusal: Option<CommandError>,
}

struct Queue {
    core: Arc<Core>,
    rows: Vec<Queued>,
    /// Destinations whose chain is under way.
    busy: HashSet<Party>,
    /// Rows whose new state is not stored yet.
    unstored: HashSet<DeliveryId>,
    /// The large uploads that are under way.
    gates: HashMap<DeliveryId, Arc<Gate>>,
    ended: mpsc::UnboundedSender<ChainNews>,
}

enum ChainNews {
    Ended(Ended),
    Finished(Party),
}

/// A row with what decides its turn.
struct Queued {
    row: Outgoing,
    to: Party,
    serial: Option<Serial>,
}

/// Runs the queue until the desk closes. `rows` are those that an earlier process left.
pub(crate) async fn run(core: Arc<Core>, rows: Vec<Outgoing>, mut orders: mpsc::UnboundedReceiver<QueueOrder>) {
    let (ended, mut news) = mpsc::unbounded_channel();
    let mut queue = Queue {
        core: Arc::clone(&core),
        rows: Vec::new(),
        busy: HashSet::new(),
        unstored: HashSet::new(),
        gates: HashMap::new(),
        ended,
    };
    for mut row in rows {
        // What was under way when the process ended may or may not have arrived; the same identity makes asking safe.
        if let Ok(state) = step(&row.state, OutboxEvent::Restarted, core.now()) {
            row.state = state;
            queue.unstored.insert(row.delivery);
        }
        queue.add(row);
    }
    loop {
        let stored = queue.turn().await;
        let wait = match stored {
            true => queue.next_due(),
            false => Some(STORE_AGAIN),
        };
        let due = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = core.closing.cancelled() => return,
            order = orders.recv() => match order {
                Some(order) => queue.take_order(order).await,
                None => return,
            },
            Some(first) = news.recv() => queue.gather(first, &mut news).await,
            () = due => {}
        }
    }
}

impl Queue {
    fn add(&mut self, row: Outgoing) {
        match row.content.header() {
            Ok(header) => self.rows.push(Queued {
                row,
                to: header.to,
                serial: header.serial,
            }),
            Err(error) => tracing::error!(delivery.id = %row.delivery, %error, "a queued delivery cannot be read"),
        }
    }

    async fn take_order(&mut self, order: QueueOrder) {
        match order {
            QueueOrder::Wake => {}
            QueueOrder::Add(rows) => rows.into_iter().for_each(|row| self.add(row)),
            QueueOrder::Retry(delivery, answer) => {
                let result = self.change(delivery, OutboxEvent::Retry).await;
                let _ = answer.send(result);
            }
            QueueOrder::Cancel(delivery, answer) => {
                let result = self.change(delivery, OutboxEvent::Cancel).await;
                let _ = answer.send(result);
            }
            QueueOrder::Paper(delivery, event, answer) => {
                let result = self.change(delivery, event).await;
                let _ = answer.send(result);
            }
        }
    }

    /// A person's wish about one row. It is stored before it is answered; where it can't be stored nothing is changed,
    /// except that an upload that was stopped stays stopped: that is answered, and stored as soon as it can be.
    async fn change(&mut self, delivery: DeliveryId, event: OutboxEvent) -> Result<(), CommandError> {
        if !self.rows.iter().any(|queued| queued.row.delivery == delivery) {
            let row = self.core.store.outgoing(delivery).await?;
            self.add(row.ok_or(ProblemCode::DeliveryUnknown)?);
        }
        let now = self.core.now();
        let Some(queued) = self.rows.iter_mut().find(|queued| queued.row.delivery == delivery) else {
            return Err(ProblemCode::DeliveryUnknown.into());
        };
        // An upload under way is ended where it can't have come to its commit; else only the exchange knows.
        let callable = matches!(queued.row.state, OutboxState::Sending { maybe_sent: false, .. });
        let gate = self.gates.get(&delivery).filter(|_| callable);
        let event = match event {
            OutboxEvent::Cancel if gate.is_some_and(|gate| gate.stop()) => OutboxEvent::Stopped,
            event => event,
        };
        let state = step(&queued.row.state, event, now).map_err(|_| match event {
            OutboxEvent::Cancel => ProblemCode::SendUnsettled,
            _ => ProblemCode::DeliveryUnknown,
        })?;
        let before = std::mem::replace(&mut queued.row.state, state);
        if event == OutboxEvent::PutOnPaper {
            queued.row.content.on_paper_by = self.core.standing().me.as_ref().map(|me| me.person_name.clone());
        }
        match self.core.store.update_outgoing(&[&queued.row]).await {
            Ok(()) => {
                self.unstored.remove(&delivery);
            }
            Err(error) if event == OutboxEvent::Stopped => {
                tracing::warn!(%error, "a stopped send cannot be stored; it is tried again");
                self.unstored.insert(delivery);
            }
            Err(error) => {
                queued.row.state = before;
                return Err(error.into());
            }
        }
        self.forget_closed();
        self.core.tell(DeskEvent::OutboxChanged);
        Ok(())
    }

    /// Takes an answer and those that come right behind it. A chain that ended makes room for the next at once.
    async fn gather(&mut self, first: ChainNews, news: &mut mpsc::UnboundedReceiver<ChainNews>) {
        let until = Instant::now() + GATHER;
        let mut next = Some(first);
        while let Some(answer) = next {
            let chain_ended = matches!(answer, ChainNews::Finished(_));
            self.take_news(answer);
            next = match chain_ended {
                true => news.try_recv().ok(),
                false => timeout_at(until, news.recv()).await.ok().flatten(),
            };
        }
    }

    fn take_news(&mut self, news: ChainNews) {
        match news {
            ChainNews::Finished(to) => {
                self.busy.remove(&to);
            }
            ChainNews::Ended(ended) => {
                self.gates.remove(&ended.delivery);
                let now = self.core.now();
                let Some(queued) = self
                    .rows
                    .iter_mut()
                    .find(|queued| queued.row.delivery == ended.delivery)
                else {
                    return;
                };
                match step(&queued.row.state, ended.event, now) {
                    Ok(state) => {
                        queued.row.state = state;
                        queued.row.content.refusal = ended.refusal;
                        self.unstored.insert(ended.delivery);
                    }
                    Err(_) => tracing::error!(delivery.id = %ended.delivery, "an answer does not fit its row"),
                }
            }
        }
    }

    /// Begins what is due, and stores it together with what ended. False if it could not be stored.
    async fn turn(&mut self) -> bool {
        let line = self.core.line().await.ok();
        let now = self.core.now();
        let mut chains: Vec<(Party, Vec<DeliveryId>)> = Vec::new();
        if line.is_some() {
            chains = self.due_chains(now);
            for delivery in chains.iter().flat_map(|(_, chain)| chain) {
                if let Some(queued) = self.rows.iter_mut().find(|queued| queued.row.delivery == *delivery)
                    && let Ok(state) = step(&queued.row.state, OutboxEvent::Start, now)
                {
                    queued.row.state = state;
                    self.unstored.insert(*delivery);
                }
            }
        }
        if !self.unstored.is_empty() {
            let changed: Vec<&Outgoing> = self
                .rows
                .iter()
                .map(|queued| &queued.row)
                .filter(|row| self.unstored.contains(&row.delivery))
                .collect();
            if let Err(error) = self.core.store.update_outgoing(&changed).await {
                tracing::warn!(%error, "the queue cannot be stored; it tries again");
                // What has not been stored as begun does not begin.
                for delivery in chains.iter().flat_map(|(_, chain)| chain) {
                    if let Some(queued) = self.rows.iter_mut().find(|queued| queued.row.delivery == *delivery)
                        && let Ok(state) = step(&queued.row.state, OutboxEvent::Unreachable, now)
                    {
                        queued.row.state = state;
                    }
                }
                return false;
            }
            self.unstored.clear();
            self.forget_closed();
            self.core.tell(DeskEvent::OutboxChanged);
        }
        if let Some(line) = line {
            for (to, chain) in chains {
                self.begin(to, &chain, &line);
            }
        }
        true
    }

    fn forget_closed(&mut self) {
        let unstored = &self.unstored;
        self.rows.retain(|queued| {
            unstored.contains(&queued.row.delivery)
                || matches!(
                    queued.row.state,
                    OutboxState::Queued { .. } | OutboxState::Sending { .. }
                )
        });
    }

    /// For each free destination its next deliveries, by serial, as far as nothing before them still waits.
    fn due_chains(&mut self, now: DateTime<Utc>) -> Vec<(Party, Vec<DeliveryId>)> {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_by_key(|index| {
            let queued = &self.rows[*index];
            (queued.serial, queued.row.queued_at, queued.row.position)
        });
        let mut chains: Vec<(Party, Vec<DeliveryId>)> = Vec::new();
        let mut stopped: HashSet<Party> = HashSet::new();
        for index in order {
            let queued = &self.rows[index];
            if self.busy.contains(&queued.to) || stopped.contains(&queued.to) {
                continue;
            }
            let due = matches!(queued.row.state, OutboxState::Queued { not_before, .. } if not_before <= now);
            if !due {
                if matches!(
                    queued.row.state,
                    OutboxState::Queued { .. } | OutboxState::Sending { .. }
                ) {
                    stopped.insert(queued.to);
                }
                continue;
            }
            match chains.iter().position(|(to, _)| *to == queued.to) {
                Some(place) if chains[place].1.len() < CHAIN_LENGTH_MAX => chains[place].1.push(queued.row.delivery),
                Some(_) => {}
                None if self.busy.len() + chains.len() < CHAINS_MAX => {
                    chains.push((queued.to, vec![queued.row.delivery]));
                }
                None => {}
            }
        }
        chains
    }

    /// Sends one destination's deliveries one after the other.
    fn begin(&mut self, to: Party, chain: &[DeliveryId], line: &Line) {
        let rows: Vec<Outgoing> = chain
            .iter()
            .filter_map(|delivery| self.rows.iter().find(|queued| queued.row.delivery == *delivery))
            .map(|queued| queued.row.clone())
            .collect();
        self.busy.insert(to);
        let mut gates = HashMap::new();
        for row in &rows {
            if row.content.header().is_ok_and(|header| !header.is_single_request()) {
                gates.insert(row.delivery, Arc::<Gate>::default());
            }
        }
        self.gates
            .extend(gates.iter().map(|(delivery, gate)| (*delivery, Arc::clone(gate))));
        let (core, line, ended) = (Arc::clone(&self.core), line.clone(), self.ended.clone());
        let transfer = self.core.begin_transfer();
        let closing = core.closing.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = send_chain(core, line, to, (rows, gates), ended, transfer) => {}
                // The rows say that they were begun; the next start asks again under the same identities.
                () = closing.cancelled() => {}
            }
        });
    }

    /// When the next row wants its turn; none while nobody is signed in, since sign-in wakes the queue.
    fn next_due(&self) -> Option<Duration> {
        if !self.core.is_signed_in() {
            return None;
        }
        let now = self.core.now();
        let waits = self.rows.iter().filter(|queued| !self.busy.contains(&queued.to));
        let next = waits.filter_map(|queued| match queued.row.state {
            OutboxState::Queued { not_before, .. } => Some(not_before),
            _ => None,
        });
        next.min().map(|at| {
            (at - now)
                .to_std()
                .unwrap_or(Duration::ZERO)
                .max(Duration::from_millis(20))
        })
    }
}

async fn send_chain(
    core: Arc<Core>,
    line: Line,
    to: Party,
    (rows, gates): (Vec<Outgoing>, HashMap<DeliveryId, Arc<Gate>>),
    ended: mpsc::UnboundedSender<ChainNews>,
    _transfer: Transfer,
) {
    let mut broken = false;
    for row in rows {
        let (event, refusal) = if broken {
            // Nothing of it has left: it waits behind the one that failed.
            (OutboxEvent::Unreachable, None)
        } else {
            send_one(&core, &line, &row, gates.get(&row.delivery)).await
        };
        broken |= waits(&event);
        let _ = ended.send(ChainNews::Ended(Ended {
            delivery: row.delivery,
            event,
            refusal,
        }));
    }
    let _ = ended.send(ChainNews::Finished(to));
}

/// One try of one delivery. A large one can be stopped as long as its gate is open.
async fn send_one(
    core: &Arc<Core>,
    line: &Line,
    row: &Outgoing,
    gate: Option<&Arc<Gate>>,
) -> (OutboxEvent, Option<CommandError>) {
    let Some(gate) = gate else {
        return try_one(core, line, row, None).await;
    };
    tokio::select! {
        biased;
        () = gate.stopped() => (OutboxEvent::Stopped, None),
        (event, refusal) = try_one(core, line, row, Some(gate)) => (of_upload(event, !gate.is_open()), refusal),
    }
}

async fn try_one(
    core: &Arc<Core>,
    line: &Line,
    row: &Outgoing,
    gate: Option<&Arc<Gate>>,
) -> (OutboxEvent, Option<CommandError>) {
    let header = match row.content.header() {
        Ok(header) => header,
        Err(error) => return held(refusal::logged(ProblemCode::Internal, &error), Holding::Untold),
    };
    let source = Source(Arc::new(Parts {
        spool: core.spool.clone(),
        cover: Bytes::from(row.content.cover.clone()),
        header_parts: header.parts.clone(),
        places: row.content.parts.clone(),
        gate: gate.cloned(),
    }));
    let (total_bytes, small) = (header.total_bytes(), header.is_single_request());
    let delivery = row.delivery;
    let progress = |done_bytes| {
        if !small {
            core.tell(DeskEvent::Progress {
                kind: TransferKind::Send,
                delivery,
                done_bytes,
                total_bytes,
            });
        }
    };
    let header_json = Bytes::from(row.content.header_json.clone());
    let answer = line.exchange.send(header_json, &source, progress).await;
    core.note_online(&answer);
    match answer {
        Ok(accepted) => {
            reach(Point::SendAnswered);
            let accepted_at = accepted.accepted_at;
            (OutboxEvent::Accepted { accepted_at }, None)
        }
        Err(ClientError::Unreachable(_)) => (OutboxEvent::Unreachable, None),
        Err(ClientError::Interrupted(_)) => (OutboxEvent::Interrupted, None),
        Err(ClientError::Refused(problem)) => {
            if problem.code == ProblemCode::SignInRequired {
                core.session_lost(line).await;
            }
            match refused(problem.code, problem.retry_after_seconds) {
                event @ OutboxEvent::Refused { .. } => (event, Some(refusal::of_problem(problem))),
                event => (event, None),
            }
        }
        // The server answered something that can't be read: it had the bytes.
        Err(error @ ClientError::Malformed(..)) => held(refusal::of_client(error), Holding::MayBe),
        Err(error) => held(refusal::of_client(error), Holding::Untold),
    }
}

/// Offers a delivery again that the exchange had accepted; its first answer stands. A line that breaks, or a session that
/// ended, is an error: the exchange has not heard of it yet.
pub(crate) async fn offer(core: &Arc<Core>, line: &Line, row: &Outgoing) -> Result<(), CommandError> {
    let (event, _) = send_one(core, line, row, None).await;
    tracing::info!(delivery.id = %row.delivery, accepted = matches!(event, OutboxEvent::Accepted { .. }), "offered again");
    match event {
        event if waits(&event) => Err(ProblemCode::ServerInterrupted.into()),
        _ => Ok(()),
    }
}

/// Whether another try is made by itself, and until then nothing of what waits behind it leaves.
fn waits(event: &OutboxEvent) -> bool {
    matches!(
        event,
        OutboxEvent::Unreachable | OutboxEvent::Interrupted | OutboxEvent::PutOff { .. }
    )
}

fn held(refusal: CommandError, holding: Holding) -> (OutboxEvent, Option<CommandError>) {
    let problem = refusal.code;
    (OutboxEvent::Refused { problem, holding }, Some(refusal))
}

/// The parts of one delivery, opened from the spool as they are asked for.
struct Parts {
    spool: Spool,
    cover: Bytes,
    header_parts: Vec<Part>,
    places: Vec<SpoolRef>,
    gate: Option<Arc<Gate>>,
}

/// The parts as the client asks for them.
#[derive(Clone)]
struct Source(Arc<Parts>);

impl PartSource for Source {
    fn read(&self, part: usize, offset: u64, length: usize) -> std::io::Result<Bytes> {
        self.0.read_part(part, offset, length)
    }

    fn before_commit(&self) -> std::io::Result<()> {
        match &self.0.gate {
            Some(gate) if !gate.pass() => Err(std::io::ErrorKind::ConnectionAborted.into()),
            _ => Ok(()),
        }
    }
}

impl Parts {
    fn read_part(&self, part: usize, offset: u64, length: usize) -> std::io::Result<Bytes> {
        let covers = self
            .header_parts
            .iter()
            .take(part)
            .filter(|part| part.role == PartRole::Cover)
            .count();
        if self
            .header_parts
            .get(part)
            .is_some_and(|part| part.role == PartRole::Cover)
        {
            return Arc::new(vec![self.cover.clone()]).read(0, offset, length);
        }
        let place = self.places.get(part - covers).ok_or(std::io::ErrorKind::NotFound)?;
        self.spool.open(place)?.read_range(offset, length).map(Bytes::from)
    }
}

/// How a row stands, for the page.
pub(crate) fn state_view(core: &Core, row: &Outgoing) -> SendStateView {
    match &row.state {
        OutboxState::Queued { tries, maybe_sent, .. } => SendStateView::Queued {
            unsettled: *maybe_sent,
            waiting_for: if !core.is_signed_in() {
                Some(WaitReason::SignIn)
            } else if *tries > 0 || !core.is_online() {
                Some(WaitReason::Server)
            } else {
                None
            },
        },
        OutboxState::Sending { .. } => SendStateView::Sending,
        OutboxState::Sent { accepted_at } => SendStateView::Sent {
            accepted_at: *accepted_at,
        },
        OutboxState::Held { problem, .. } => SendStateView::Held {
            problem: row.content.refusal.clone().unwrap_or_else(|| (*problem).into()),
        },
        OutboxState::Cancelled => SendStateView::Cancelled,
        OutboxState::OnPaper { faxed_at } => SendStateView::OnPaper { faxed_at: *faxed_at },
    }
}

impl Core {
    /// Asks the queue for something about one delivery.
    pub(crate) async fn ask_queue(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<(), CommandError>>) -> QueueOrder,
    ) -> Result<(), CommandError> {
        let (answer, result) = oneshot::channel();
        let closed = || CommandError::new(ProblemCode::Internal);
        self.queue.send(order(answer)).map_err(|_| closed())?;
        result.await.map_err(|_| closed())?
    }
}
