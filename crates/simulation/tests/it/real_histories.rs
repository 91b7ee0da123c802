//! Row 5: terminals of two offices at a real server on a bad line, several at once at one delivery. What each was
//! answered, and when, is judged by the mailbox of `simulation::history`, which was written apart.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use care_model::{DeliveryId, Digest, ProblemCode};
use exchange_client::{ClientError, ExchangeClient, SignedIn, Timeouts};
use exchange_protocol::{Claim, DeliveryHeader, DeliveryStatus, Part, PartRole, Sealing};
use fault_row::{Breaches, Row};
use simulation::history::{Entry, No, Op, Outcome, Rules, Stand, is_linearizable};
use test_support::{ExampleAccounts, ExampleExchange, Line, enrol, sign_in};

/// Deliveries that are on their way at the same time.
const AT_ONCE: usize = 6;
/// After so many rounds everybody signs in again, before the sessions end by themselves.
const ROUNDS_SIGNED_IN: u64 = 200;
const COVER: &[u8] = b"{}";

/// One terminal.
struct Terminal {
    who: u32,
    client: ExchangeClient,
    line: SignedIn,
}

/// A delivery with what was asked of it.
struct Watched {
    header: DeliveryHeader,
    header_json: Bytes,
    parts: Vec<Bytes>,
    entries: Mutex<Vec<Entry>>,
    breaches: Mutex<Breaches>,
    began: Instant,
}

impl Watched {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap()
    }

    /// Notes an operation, unless nothing of it left the terminal.
    fn note<T>(&self, who: u32, op: Op, start: u64, answer: &Result<T, ClientError>, done: impl Fn(&T) -> Outcome) {
        let end = match answer {
            Ok(told) => Some((self.now(), done(told))),
            Err(ClientError::Unreachable(_)) => return,
            Err(ClientError::Refused(problem)) => refusal(problem.code).map(|no| (self.now(), Outcome::No(no))),
            Err(ClientError::Interrupted(_)) => None,
            Err(other) => panic!("{op:?}: {other:?}"),
        };
        self.entries.lock().unwrap().push(Entry { who, op, start, end });
    }

    fn breaks(&self, count: impl FnOnce(&mut Breaches)) {
        count(&mut self.breaches.lock().unwrap());
    }

    async fn send(&self, at: &Terminal) {
        let start = self.now();
        let answer = at.line.send_small(self.header.id, &self.header_json, &self.parts).await;
        self.note(at.who, Op::Send, start, &answer, |_| Outcome::Done);
    }

    async fn recall(&self, at: &Terminal) {
        let start = self.now();
        let answer = at.line.recall(self.header.id).await;
        self.note(at.who, Op::Recall, start, &answer, |_| Outcome::Done);
    }

    async fn claim(&self, at: &Terminal, seen: Option<u64>) -> Option<Claim> {
        let start = self.now();
        let answer = at.line.claim(self.header.id, seen).await;
        let op = seen.map_or(Op::Claim, |seen| Op::TakeOver { seen });
        self.note(at.who, op, start, &answer, |claim| Outcome::Fence(claim.fence));
        answer.ok()
    }

    async fn fetch(&self, at: &Terminal, claim: &Claim) {
        let start = self.now();
        let mut bytes = Vec::new();
        let answer = async {
            let mut stream = at.line.fetch_part(claim, 1, 0)?;
            while let Some(piece) = stream.next().await? {
                bytes.extend_from_slice(&piece);
            }
            Ok::<(), ClientError>(())
        };
        let answer = answer.await;
        if answer.is_ok() && bytes != self.parts[1] {
            self.breaks(|breaches| breaches.half += 1);
        }
        let op = Op::Fetch {
            fence: claim.fence,
            part: 0,
        };
        self.note(at.who, op, start, &answer, |()| Outcome::Done);
    }

    async fn confirm(&self, at: &Terminal, fence: u64) {
        let start = self.now();
        let answer = at.line.confirm(self.header.id, fence).await;
        self.note(at.who, Op::Confirm { fence }, start, &answer, |_| Outcome::Done);
    }

    async fn look(&self, at: &Terminal, after: u64) {
        let start = self.now();
        let id = self.header.id;
        let answer = at.line.inbox(after, 100).await;
        self.note(at.who, Op::Look, start, &answer, |page| {
            let row = page.rows.iter().find(|row| row.header.id == id);
            Outcome::Stands(row.map_or(Stand::Absent, |row| match row.status {
                DeliveryStatus::Waiting => Stand::Waiting,
                DeliveryStatus::Claimed { .. } => Stand::Claimed,
                DeliveryStatus::Received { .. } => Stand::Received,
                DeliveryStatus::Recalled { .. } => Stand::Recalled,
                DeliveryStatus::Expired { .. } => Stand::Expired,
            }))
        });
    }

    /// What an office that is not the destination must never get.
    async fn pry(&self, at: &Terminal) {
        match at.line.claim(self.header.id, None).await {
            Err(ClientError::Refused(problem)) if problem.code != ProblemCode::DeliveryUnknown => {
                self.breaks(|breaches| breaches.leaked += 1);
            }
            Ok(_) => self.breaks(|breaches| breaches.leaked += 1),
            Err(_) => {}
        }
    }

    /// Its sender: sends, sometimes again, sometimes takes back.
    async fn sends(&self, at: &Terminal, mut rng: fastrand::Rng) {
        for turn in 0..rng.u8(1..4) {
            self.send(at).await;
            pause(&mut rng).await;
            match rng.u8(0..6) {
                0 => self.recall(at).await,
                1 if turn > 0 => self.pry(at).await,
                _ => {}
            }
        }
    }

    /// A terminal of its destination.
    async fn receives(&self, at: &Terminal, after: u64, mut rng: fastrand::Rng) {
        let mut held: Option<Claim> = None;
        for _ in 0..rng.u8(4..9) {
            pause(&mut rng).await;
            match (rng.u8(0..10), &held) {
                (0..2, _) => self.look(at, after).await,
                (2, _) => held = self.claim(at, Some(rng.u64(1..4))).await.or(held),
                (3..6, None) | (3, _) => held = self.claim(at, None).await.or(held),
                (4..8, Some(claim)) => self.fetch(at, claim).await,
                (8.., Some(claim)) => self.confirm(at, claim.fence).await,
                _ => {}
            }
        }
    }
}

fn refusal(code: ProblemCode) -> Option<No> {
    Some(match code {
        ProblemCode::DeliveryUnknown => No::Unknown,
        ProblemCode::ClaimedElsewhere => No::Elsewhere,
        ProblemCode::ClaimLost => No::ClaimLost,
        ProblemCode::AlreadyReceived => No::Received,
        ProblemCode::DeliveryRecalled => No::Recalled,
        ProblemCode::DeliveryExpired => No::Expired,
        ProblemCode::RecallTooLate => No::TooLate,
        // Busy: whether it was stored is not said.
        ProblemCode::ServerBusy => return None,
        other => panic!("no answer of a mailbox: {other:?}"),
    })
}

/// Lets the others go first, for a moment that the seed chooses.
async fn pause(rng: &mut fastrand::Rng) {
    for _ in 0..rng.u8(0..12) {
        tokio::task::yield_now().await;
    }
    if rng.u8(0..4) == 0 {
        tokio::time::sleep(Duration::from_millis(rng.u64(0..12))).await;
    }
}

/// Breaks the line again and again until it is told to stop.
async fn trouble(line: &Line, mut rng: fastrand::Rng, over: &AtomicBool) {
    while !over.load(Ordering::SeqCst) {
        match rng.u8(0..8) {
            0 | 1 => line.lose_answer_to(rng.u64(1..1_500)),
            2 => line.cut_after_sent(rng.u64(1..3_000)),
            3 => line.cut_after_received(rng.u64(1..3_000)),
            4 => {
                line.set_away(true);
                tokio::time::sleep(Duration::from_millis(2)).await;
                line.set_away(false);
            }
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(rng.u64(5..40))).await;
    }
}

async fn terminal(exchange: &ExampleExchange, at: &ExampleAccounts, who: u32) -> Terminal {
    let issue_password = exchange.issue_password(at.office).await.unwrap();
    let connection = exchange.connection().unwrap();
    let identity = enrol(&connection, &at.accounts, &issue_password, &format!("端末{who}"))
        .await
        .unwrap();
    let client = ExchangeClient::with_timeouts(&connection, Some(&identity), Timeouts::default()).unwrap();
    let line = sign_in(&client, at.office, &at.accounts).await.unwrap();
    Terminal { who, client, line }
}

/// Signs in again; a fault that was armed before may still break the line once.
async fn sign_in_again(at: &ExampleAccounts, terminals: &mut [Terminal]) {
    for terminal in terminals {
        let mut tries = 0;
        terminal.line = loop {
            match sign_in(&terminal.client, at.office, &at.accounts).await {
                Ok(line) => break line,
                Err(error) => assert!(tries < 5, "{error:?}"),
            }
            tries += 1;
        };
    }
}

fn watched(exchange: &ExampleExchange, rng: &mut fastrand::Rng) -> Watched {
    let content: Vec<u8> = (0..rng.usize(1..400)).map(|_| rng.u8(..)).collect();
    let parts = vec![Bytes::from_static(COVER), Bytes::from(content)];
    let part = |role, name: Option<&str>, bytes: &Bytes| Part {
        role,
        name: name.map(str::to_owned),
        size_bytes: bytes.len() as u64,
        digest: Digest::of(bytes),
    };
    let header = DeliveryHeader {
        id: DeliveryId::generate(),
        from: exchange.manager.office.party().unwrap(),
        to: exchange.service.office.party().unwrap(),
        serial: None,
        unit: None,
        declared_month: None,
        declared_recipients: None,
        parts: vec![
            part(PartRole::Cover, None, &parts[0]),
            part(PartRole::StandardFile, Some("A.CSV"), &parts[1]),
        ],
        sealing: Sealing::None,
    };
    Watched {
        header_json: serde_json::to_vec(&header).unwrap().into(),
        header,
        parts,
        entries: Mutex::default(),
        breaches: Mutex::default(),
        began: Instant::now(),
    }
}

async fn last_change(at: &Terminal, mut after: u64) -> u64 {
    let mut tries = 0;
    loop {
        match at.line.inbox(after, 100).await {
            Ok(page) if page.more => after = page.next,
            Ok(page) => return page.next,
            Err(error) => assert!(tries < 5, "{error:?}"),
        }
        tries += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_05_what_terminals_are_answered_is_what_a_mailbox_answers() {
    const RULES: Rules = Rules {
        parts: 1,
        lapses: false,
    };
    let mut row = Row::open(5, "terminals at once at a real server, on a bad line");
    let wanted = row.times(600, 1_000_000);
    let mut exchange = ExampleExchange::start().await.unwrap();
    exchange.limit_requests(u32::MAX).await.unwrap();
    let mut senders = Vec::new();
    let mut receivers = Vec::new();
    for who in 1..3 {
        senders.push(terminal(&exchange, &exchange.manager, who).await);
    }
    for who in 11..14 {
        receivers.push(terminal(&exchange, &exchange.service, who).await);
    }
    let mut rng = fastrand::Rng::with_seed(row.seed());
    let (mut times, mut rounds, mut unanswered, mut after) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut breaches = Breaches::default();
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    while times < wanted {
        if rounds % ROUNDS_SIGNED_IN == ROUNDS_SIGNED_IN - 1 {
            sign_in_again(&exchange.manager, &mut senders).await;
            sign_in_again(&exchange.service, &mut receivers).await;
        }
        rounds += 1;
        after = last_change(&receivers[0], after).await;
        let deliveries: Vec<Arc<Watched>> = (0..AT_ONCE).map(|_| Arc::new(watched(&exchange, &mut rng))).collect();
        let over = AtomicBool::new(false);
        let work = async {
            let mut all: Vec<futures::future::BoxFuture<'_, ()>> = Vec::new();
            for delivery in &deliveries {
                let second = rng.u8(0..3) == 0;
                for sender in senders.iter().take(if second { 2 } else { 1 }) {
                    all.push(Box::pin(delivery.sends(sender, rng.fork())));
                }
                for receiver in &receivers {
                    all.push(Box::pin(delivery.receives(receiver, after, rng.fork())));
                }
            }
            futures::future::join_all(all).await;
            over.store(true, Ordering::SeqCst);
        };
        let troubles = fastrand::Rng::with_seed(row.seed() ^ rounds);
        tokio::join!(work, trouble(&exchange.line, troubles, &over));
        for delivery in deliveries {
            let entries = delivery.entries.lock().unwrap().clone();
            times += entries.len() as u64;
            unanswered += entries.iter().filter(|entry| entry.end.is_none()).count() as u64;
            for entry in &entries {
                let word = format!("{:?}", entry.op);
                let word = word.split([' ', '{']).next().unwrap_or_default().to_owned();
                *kinds.entry(word).or_default() += 1;
            }
            let own = *delivery.breaches.lock().unwrap();
            breaches.half += own.half;
            breaches.leaked += own.leaked;
            if !is_linearizable(&entries, RULES) {
                breaches.lost += 1;
                eprintln!("no mailbox answers so: {entries:#?}");
            }
        }
    }
    // Otherwise less was tried than the row says.
    assert!(
        kinds.len() >= 7 && unanswered > 0,
        "{kinds:?}, unanswered: {unanswered}"
    );
    row.figure("operations_without_an_answer", unanswered as f64);
    row.close(times, breaches);
}
