//! One run: offices with terminals, an exchange of two nodes, a bad network and persons, all from one seed; and whoever
//! looks on and knows what must hold.

mod chance;
mod onlooker;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use care_model::{DeliveryId, OfficeNumber, ProblemCode, TerminalId};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_flow::delivery::DeliveryState;
use exchange_protocol::PartRole;

use crate::{
    Platter, Sabotage,
    clients::{Ask, Heard, Line, Terminal},
    exchange::{Asker, Exchange, Request, Thing, Yes},
    history::{Entry, No, Op, Outcome},
    receiver::{Receiver, Way},
};

/// Persons and faults act for so long.
const ACTS_MS: i64 = 300_000;
/// Then everything works again, and what is left is done for so long.
const HEALED_MS: i64 = 1_500_000;
/// How long a terminal waits for an answer.
const PATIENCE_MS: i64 = 8_000;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// Follows from everything that happened, in its order.
    pub trace: u64,
    /// What was broken, in words; empty if nothing was.
    pub broken: Vec<String>,
    /// How much happened.
    pub steps: u64,
    /// Deliveries that were ordered, and those that became 済.
    pub ordered: usize,
    /// Of those.
    pub received: usize,
}

/// Plays one seed.
pub fn run(seed: u64, sabotage: Option<Sabotage>) -> Played {
    let mut world = World::new(seed, sabotage);
    world.play();
    world.judge();
    Played {
        trace: world.trace,
        broken: world.broken.into_iter().collect(),
        steps: world.steps,
        ordered: world.things.len(),
        received: world
            .over
            .values()
            .filter(|state| matches!(state, DeliveryState::Received { .. }))
            .count(),
    }
}

#[derive(Debug, Clone)]
struct Envelope {
    from: usize,
    life: u32,
    number: u64,
    id: DeliveryId,
    request: Request,
}

#[derive(Debug, Clone)]
enum Event {
    Person,
    Trouble,
    Arrive(usize, Envelope),
    Commit(usize),
    Heard {
        terminal: usize,
        life: u32,
        number: u64,
        heard: Heard,
    },
    Wake(usize),
    Begin(usize),
    Node(usize, bool),
    Sweep,
    Heal,
    Finish,
}

struct Node {
    up: bool,
    skew_ms: i64,
    queue: Vec<Envelope>,
}

struct World {
    rng: fastrand::Rng,
    now_ms: i64,
    events: BTreeMap<(i64, u64), Event>,
    next_event: u64,
    exchange: Exchange,
    nodes: Vec<Node>,
    terminals: Vec<Terminal>,
    /// For each question its delivery, its place in the history and the way it is read there.
    asked: BTreeMap<u64, (DeliveryId, usize)>,
    next_number: u64,
    /// Out of a thousand.
    drops: u32,
    away: BTreeSet<(usize, usize)>,
    /// Terminals that look around soon.
    woken: BTreeSet<usize>,
    healed: bool,
    sabotage: Option<Sabotage>,
    things: BTreeMap<DeliveryId, Thing>,
    /// Deliveries that somebody was told are queued, and where.
    promised: BTreeMap<DeliveryId, usize>,
    over: BTreeMap<DeliveryId, DeliveryState>,
    /// Deliveries whose content was read since the exchange's disk last went through something.
    read: BTreeSet<DeliveryId>,
    /// Deliveries of which a doubtful copy stayed somewhere, as its terminal was told.
    doubtful: BTreeSet<DeliveryId>,
    history: BTreeMap<DeliveryId, Vec<Entry>>,
    broken: BTreeSet<String>,
    trace: u64,
    steps: u64,
}

impl World {
    fn new(seed: u64, sabotage: Option<Sabotage>) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut terminals = Vec::new();
        for office in 0..rng.usize(2..4) {
            for _ in 0..rng.usize(1..4) {
                let place = u8::try_from(terminals.len()).unwrap();
                let asker = Asker {
                    terminal: TerminalId::from_bytes([place + 1; 16]),
                    office: OfficeNumber::parse(&format!("99701000{office}3")).unwrap(),
                };
                let way = Way {
                    flat: rng.u8(0..4) == 0,
                    by_office: rng.u8(0..4) == 0,
                };
                let receiver = Receiver::new(Platter::new(rng.u64(..)), way).unwrap();
                receiver.disk.let_syncs_fail(if rng.u8(0..4) == 0 { 30 } else { 0 });
                terminals.push(Terminal::new(asker, receiver, rng.i64(-90_000..90_000), sabotage));
            }
        }
        let kept = if rng.bool() {
            TimeDelta::days(90)
        } else {
            TimeDelta::seconds(rng.i64(60..400))
        };
        let exchange = Exchange::new(Platter::new(rng.u64(..)), kept, sabotage);
        exchange.disk.let_syncs_fail(if rng.u8(0..4) == 0 { 50 } else { 0 });
        let nodes = (0..2)
            .map(|_| Node {
                up: true,
                skew_ms: rng.i64(-2_000..2_000),
                queue: Vec::new(),
            })
            .collect();
        let drops = [0, 20, 100, 300][rng.usize(0..4)];
        let mut world = Self {
            rng,
            now_ms: 0,
            events: BTreeMap::new(),
            next_event: 0,
            exchange,
            nodes,
            terminals,
            asked: BTreeMap::new(),
            next_number: 0,
            drops,
            away: BTreeSet::new(),
            woken: BTreeSet::new(),
            healed: false,
            sabotage,
            things: BTreeMap::new(),
            promised: BTreeMap::new(),
            over: BTreeMap::new(),
            read: BTreeSet::new(),
            doubtful: BTreeSet::new(),
            history: BTreeMap::new(),
            broken: BTreeSet::new(),
            trace: 0xcbf2_9ce4_8422_2325,
            steps: 0,
        };
        for _ in 0..world.rng.usize(8..30) {
            let at = world.rng.i64(0..ACTS_MS);
            world.at(at, Event::Person);
        }
        for _ in 0..world.rng.usize(0..10) {
            let at = world.rng.i64(0..ACTS_MS);
            world.at(at, Event::Trouble);
        }
        for minute in 1..=HEALED_MS / 60_000 {
            world.at(minute * 60_000, Event::Sweep);
        }
        world.at(ACTS_MS, Event::Heal);
        for round in 0..4 {
            world.at(ACTS_MS + 200_000 * (round + 1), Event::Finish);
        }
        world
    }

    fn at(&mut self, ms: i64, event: Event) {
        self.next_event += 1;
        self.events.insert((ms.max(self.now_ms), self.next_event), event);
    }

    fn after(&mut self, ms: i64, event: Event) {
        self.at(self.now_ms + ms, event);
    }

    fn clock(&self, skew_ms: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + self.now_ms + skew_ms).unwrap()
    }

    fn note(&mut self, bytes: impl AsRef<[u8]>) {
        for byte in bytes.as_ref() {
            self.trace = (self.trace ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn breaks(&mut self, what: &str, id: DeliveryId) {
        self.broken.insert(format!("{what}: {id}"));
    }

    fn play(&mut self) {
        while let Some(((ms, _), event)) = self.events.pop_first() {
            if ms > HEALED_MS {
                break;
            }
            self.now_ms = ms;
            self.steps += 1;
            self.note(ms.to_le_bytes());
            self.happens(event);
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Person => self.person(),
            Event::Trouble => self.trouble(),
            Event::Arrive(node, envelope) => {
                if self.nodes[node].up {
                    self.nodes[node].queue.push(envelope);
                    if self.nodes[node].queue.len() == 1 {
                        let wait = self.rng.i64(0..6);
                        self.after(wait, Event::Commit(node));
                    }
                }
            }
            Event::Commit(node) => self.commit(node),
            Event::Heard {
                terminal,
                life,
                number,
                heard,
            } => {
                if self.terminals[terminal].life == life
                    && let Some((id, place)) = self.asked.remove(&number)
                {
                    self.hears(terminal, id, place, heard);
                }
            }
            Event::Wake(terminal) => self.wake(terminal),
            Event::Begin(terminal) => {
                let now = self.clock(self.terminals[terminal].skew_ms);
                let begun = self.terminals[terminal].begin(now);
                if self.survives(terminal, begun).is_some() {
                    self.wakes_in(terminal, 1);
                }
            }
            Event::Node(node, up) => {
                self.nodes[node].up = up;
                self.nodes[node].queue.clear();
                if up {
                    self.exchange.start();
                    self.read.clear();
                }
            }
            Event::Sweep => {
                self.exchange.sweep();
                self.read.clear();
                let now = self.clock(self.nodes[0].skew_ms);
                for id in self.exchange.expire(now) {
                    let at = self.ticks();
                    let entry = Entry {
                        who: 0,
                        op: Op::Expire,
                        start: at,
                        end: None,
                    };
                    self.history.entry(id).or_default().push(entry);
                    self.looks_on(id);
                }
                self.after_exchange();
            }
            Event::Heal => self.heal(),
            Event::Finish => self.finish(),
        }
    }

    fn ticks(&self) -> u64 {
        // Events of one millisecond keep their order.
        u64::try_from(self.now_ms).unwrap() * 1_000_000 + self.steps
    }

    /// What a terminal's disk answered: its process ends if the disk did.
    fn survives<T>(&mut self, terminal: usize, result: io::Result<T>) -> Option<T> {
        if self.terminals[terminal].receiver.disk.has_ended() {
            let cut = self.rng.bool();
            self.kill(terminal, cut);
            return None;
        }
        result.ok()
    }

    fn kill(&mut self, terminal: usize, cut_power: bool) {
        self.note(b"kill");
        let disk = &self.terminals[terminal].receiver.disk;
        match cut_power {
            true => disk.cut_power(),
            false => disk.restart(),
        }
        self.terminals[terminal].die();
        let wait = if self.healed { 1_000 } else { self.rng.i64(500..40_000) };
        self.after(wait, Event::Begin(terminal));
    }

    /// The exchange's disk may have ended in an act: then both nodes have.
    fn after_exchange(&mut self) -> bool {
        if !self.exchange.disk.has_ended() {
            return false;
        }
        self.note(b"cut");
        self.exchange.disk.cut_power();
        self.read.clear();
        for node in 0..self.nodes.len() {
            self.nodes[node].up = false;
            self.nodes[node].queue.clear();
            let wait = self.rng.i64(500..20_000);
            self.after(wait, Event::Node(node, true));
        }
        true
    }

    /// Lets a terminal look around in so many milliseconds, unless it does already.
    fn wakes_in(&mut self, terminal: usize, ms: i64) {
        if self.woken.insert(terminal) {
            self.after(ms, Event::Wake(terminal));
        }
    }

    fn wake(&mut self, terminal: usize) {
        self.woken.remove(&terminal);
        if !self.terminals[terminal].up {
            return;
        }
        let now = self.clock(self.terminals[terminal].skew_ms);
        let due = self.terminals[terminal].due(now);
        for ask in self.survives(terminal, due).unwrap_or_default() {
            self.ask(terminal, Some(ask));
        }
        if self.terminals[terminal].has_open() {
            self.wakes_in(terminal, 4_000);
        }
    }

    fn ask(&mut self, terminal: usize, ask: Ask) {
        let Some((id, request)) = ask else { return };
        self.next_number += 1;
        let (number, life) = (self.next_number, self.terminals[terminal].life);
        self.note(id.as_bytes());
        let op = self.op_of(terminal, id, &request);
        let place = self.history.get(&id).map_or(0, Vec::len);
        let entry = op.map(|op| Entry {
            who: u32::try_from(terminal).unwrap() + 1,
            op,
            start: self.ticks(),
            end: None,
        });
        self.history.entry(id).or_default().extend(entry);
        self.asked
            .insert(number, (id, if op.is_some() { place } else { usize::MAX }));
        let node = self.rng.usize(0..self.nodes.len());
        let heard = |heard| Event::Heard {
            terminal,
            life,
            number,
            heard,
        };
        if self.away.contains(&(terminal, node)) {
            self.after(2, heard(Err(Line::Unreachable)));
            return;
        }
        self.after(PATIENCE_MS, heard(Err(Line::Interrupted)));
        let envelope = Envelope {
            from: terminal,
            life,
            number,
            id,
            request,
        };
        if !self.fails() {
            let delay = self.delay();
            self.after(delay, Event::Arrive(node, envelope.clone()));
        }
        // A line that carries the same twice: what it does the second time, nobody is told of.
        if self.drops > 0 && !self.healed && self.rng.u8(0..20) == 0 {
            self.history.entry(id).or_default().extend(entry);
            let (delay, node) = (self.delay(), self.rng.usize(0..self.nodes.len()));
            let life = u32::MAX;
            self.after(delay, Event::Arrive(node, Envelope { life, ..envelope }));
        }
    }

    fn fails(&mut self) -> bool {
        self.rng.u32(0..1_000) < self.drops
    }

    fn delay(&mut self) -> i64 {
        match self.rng.u8(0..30) {
            0 if !self.healed => self.rng.i64(100..30_000),
            _ => self.rng.i64(1..40),
        }
    }

    fn commit(&mut self, node: usize) {
        let queue = std::mem::take(&mut self.nodes[node].queue);
        if !self.nodes[node].up {
            return;
        }
        for envelope in queue {
            let asker = self.terminals[envelope.from].asker;
            let now = self.clock(self.nodes[node].skew_ms);
            if self.sabotage == Some(Sabotage::AnswerBeforeSync)
                && matches!(envelope.request, Request::Send(_))
                && self.rng.u8(0..8) == 0
            {
                // Answered, and then the node dies before its commit.
                self.answer(node, &envelope, Ok(Yes::Accepted(now)));
                self.nodes[node].up = false;
                self.after(5_000, Event::Node(node, true));
                return;
            }
            let answer = self.exchange.act(envelope.id, asker, envelope.request.clone(), now);
            if self.after_exchange() {
                return;
            }
            self.note([u8::from(answer.is_ok())]);
            self.looks_on(envelope.id);
            // A commit of which the node cannot say whether it was stored: it was.
            let answer = match self.drops > 0 && !self.healed && self.rng.u8(0..60) == 0 {
                true => Err(ProblemCode::ServerBusy),
                false => answer,
            };
            self.answer(node, &envelope, answer);
        }
    }

    fn answer(&mut self, node: usize, envelope: &Envelope, answer: Result<Yes, ProblemCode>) {
        let thing = self.things.get(&envelope.id);
        let to = thing.map(|thing| thing.header.to.office);
        let content = matches!(answer, Ok(Yes::Claim { .. } | Yes::Bytes { .. } | Yes::Received(_)));
        if content && to != Some(self.terminals[envelope.from].asker.office) {
            self.breaks("leaked", envelope.id);
        }
        if self.fails() || self.away.contains(&(envelope.from, node)) {
            return;
        }
        let answer = match answer {
            // A line that breaks in the middle of the bytes.
            Ok(Yes::Bytes { part, from, mut bytes }) if self.drops > 0 && self.rng.u8(0..6) == 0 && bytes.len() > 1 => {
                bytes.truncate(self.rng.usize(1..bytes.len()));
                Ok(Yes::Bytes { part, from, bytes })
            }
            answer => answer,
        };
        let delay = self.delay();
        self.after(
            delay,
            Event::Heard {
                terminal: envelope.from,
                life: envelope.life,
                number: envelope.number,
                heard: Ok(answer),
            },
        );
    }

    fn hears(&mut self, terminal: usize, id: DeliveryId, place: usize, heard: Heard) {
        let ticks = self.ticks();
        if let (Some(outcome), Some(entry)) = (
            outcome_of(&heard),
            self.history.get_mut(&id).and_then(|entries| entries.get_mut(place)),
        ) {
            // A refused send says nothing of the mailbox.
            let is_told = entry.op != Op::Send || outcome == Outcome::Done;
            entry.end = is_told.then_some((ticks, outcome));
        }
        let now = self.clock(self.terminals[terminal].skew_ms);
        let asked = self.terminals[terminal].hear(id, heard, now);
        if let Some(ask) = self.survives(terminal, asked) {
            self.ask(terminal, ask);
        }
        self.claims(terminal, id);
        let wait = if self.healed { 1_500 } else { self.rng.i64(500..6_000) };
        self.wakes_in(terminal, wait);
    }

    /// What a question is in the history of its delivery; nothing if it is none, or comes from an office whose it is not.
    fn op_of(&self, terminal: usize, id: DeliveryId, request: &Request) -> Option<Op> {
        let header = &self.things.get(&id)?.header;
        if ![header.from.office, header.to.office].contains(&self.terminals[terminal].asker.office) {
            return None;
        }
        let receives = header.to.office == self.terminals[terminal].asker.office;
        let cover = |part: usize| header.parts[part].role == PartRole::Cover;
        match request {
            Request::Send(_) | Request::Commit => Some(Op::Send),
            Request::Begin(_) | Request::Chunk { .. } => None,
            Request::Recall => Some(Op::Recall),
            _ if !receives => None,
            Request::Claim { take_over: None } => Some(Op::Claim),
            Request::Claim { take_over: Some(seen) } => Some(Op::TakeOver { seen: *seen }),
            Request::Range { part, .. } if cover(*part) => None,
            Request::Range { fence, part, .. } => Some(Op::Fetch {
                fence: *fence,
                part: u8::try_from(*part).unwrap() - 1,
            }),
            Request::Confirm { fence } => Some(Op::Confirm { fence: *fence }),
        }
    }
}

/// What an answer is in the history; none where nobody can say what was done.
fn outcome_of(heard: &Heard) -> Option<Outcome> {
    Some(match heard {
        Ok(Ok(Yes::Claim { fence, .. })) => Outcome::Fence(*fence),
        Ok(Ok(_)) => Outcome::Done,
        Ok(Err(problem)) => Outcome::No(match problem {
            ProblemCode::DeliveryUnknown => No::Unknown,
            ProblemCode::ClaimedElsewhere => No::Elsewhere,
            ProblemCode::ClaimLost => No::ClaimLost,
            ProblemCode::AlreadyReceived => No::Received,
            ProblemCode::DeliveryRecalled => No::Recalled,
            ProblemCode::DeliveryExpired => No::Expired,
            ProblemCode::RecallTooLate => No::TooLate,
            _ => return None,
        }),
        Err(_) => return None,
    })
}
