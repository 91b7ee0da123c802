//! Row 5: terminals of two offices at a real server on a bad line, several at once at one delivery and many deliveries at
//! once. What each was answered, and when, is judged by the mailbox of `simulation::history`, which was written apart.

use std::{
    cell::RefCell,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use care_model::Party;
use chrono::Utc;
use exchange_client::{ClientError, ExchangeClient, SignedIn, Timeouts};
use exchange_protocol::{Claim, DeliveryHeader};
use fault_row::Row;
use futures::StreamExt as _;
use simulation::history::{Op, Outcome, Rules, Stand};
use test_support::{ExampleAccounts, ExampleExchange, Line, enrol, sign_in};

use crate::histories::{Answer, Judged, Mailbox, delivery, play, refusal, stand};

/// Deliveries that are on their way at the same time.
const AT_ONCE: usize = 8;
/// After so many deliveries everybody signs in again, before the sessions end by themselves.
const DELIVERIES_SIGNED_IN: u64 = 2_000;
/// Of so many answers one is lost.
const ANSWERS_PER_LOSS: u32 = 60;
const SENDERS: [u32; 2] = [1, 2];
const RECEIVERS: [u32; 3] = [11, 12, 13];

/// One terminal.
struct Terminal {
    who: u32,
    client: ExchangeClient,
    line: SignedIn,
}

/// A delivery at the server.
struct AtServer<'a> {
    terminals: &'a [Terminal],
    header: DeliveryHeader,
    header_json: Bytes,
    parts: Vec<Bytes>,
    /// The receivers' list as it stood before this was sent.
    after: u64,
    /// How far any list was read.
    newest: &'a AtomicU64,
}

impl AtServer<'_> {
    async fn answer(&self, line: &SignedIn, op: Op) -> Result<Answer, ClientError> {
        let id = self.header.id;
        Ok(Answer::Told(match op {
            Op::Send => line
                .send_small(id, &self.header_json, &self.parts)
                .await
                .map(|_| Outcome::Done)?,
            Op::Recall => line.recall(id).await.map(|_| Outcome::Done)?,
            Op::Claim => Outcome::Fence(line.claim(id, None).await?.fence),
            Op::TakeOver { seen } => Outcome::Fence(line.claim(id, Some(seen)).await?.fence),
            Op::Confirm { fence } => line.confirm(id, fence).await.map(|_| Outcome::Done)?,
            Op::Fetch { fence, part } => {
                let claim = Claim {
                    id,
                    fence,
                    lease_until: Utc::now(),
                    header: self.header.clone(),
                };
                let part = usize::from(part) + 1;
                let mut bytes = Vec::new();
                let mut stream = line.fetch_part(&claim, part, 0)?;
                while let Some(piece) = stream.next().await? {
                    bytes.extend_from_slice(&piece);
                }
                if bytes != self.parts[part] {
                    return Ok(Answer::OtherBytes);
                }
                Outcome::Done
            }
            Op::Look => Outcome::Stands(self.look(line).await?),
            Op::Expire => unreachable!("nobody asks for that"),
        }))
    }

    /// Where it stands in the list. If it is on no page, it was not there when the first of them was read: what changes
    /// meanwhile moves to a later page.
    async fn look(&self, line: &SignedIn) -> Result<Stand, ClientError> {
        let mut after = self.after;
        loop {
            let page = line.inbox(after, 100).await?;
            self.newest.fetch_max(page.next, Ordering::SeqCst);
            if let Some(row) = page.rows.iter().find(|row| row.header.id == self.header.id) {
                return Ok(stand(&row.status));
            }
            if !page.more {
                return Ok(Stand::Absent);
            }
            after = page.next;
        }
    }
}

impl Mailbox for AtServer<'_> {
    async fn ask(&self, who: u32, op: Op) -> Answer {
        let terminal = self.terminals.iter().find(|terminal| terminal.who == who).unwrap();
        match self.answer(&terminal.line, op).await {
            Ok(answer) => answer,
            Err(ClientError::Unreachable(_)) => Answer::NotAsked,
            Err(ClientError::Interrupted(_)) => Answer::Nothing,
            Err(ClientError::Refused(problem)) => {
                refusal(problem.code).map_or(Answer::Nothing, |no| Answer::Told(Outcome::No(no)))
            }
            Err(other) => panic!("{op:?}: {other:?}"),
        }
    }
}

/// Breaks every connection, again and again until it is told to stop.
async fn trouble(line: &Line, mut rng: fastrand::Rng, over: &AtomicBool) {
    while !over.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(rng.u64(300..2_000))).await;
        match rng.u8(0..3) {
            0 => line.cut_after_sent(rng.u64(1..3_000)),
            1 => line.cut_after_received(rng.u64(1..3_000)),
            _ => {
                line.set_away(true);
                tokio::time::sleep(Duration::from_millis(2)).await;
                line.set_away(false);
            }
        }
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
async fn sign_in_again(exchange: &ExampleExchange, terminals: &mut [Terminal]) {
    for terminal in terminals {
        let at = match SENDERS.contains(&terminal.who) {
            true => &exchange.manager,
            false => &exchange.service,
        };
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_05_what_terminals_are_answered_is_what_a_mailbox_answers() {
    const RULES: Rules = Rules {
        parts: 1,
        lapses: false,
    };
    let row = Row::open(5, "terminals at once at a real server, on a bad line");
    let wanted = row.times(1_000, 200_000);
    let mut exchange = ExampleExchange::start().await.unwrap();
    exchange.limit_requests(u32::MAX).await.unwrap();
    let mut terminals = Vec::new();
    for who in SENDERS {
        terminals.push(terminal(&exchange, &exchange.manager, who).await);
    }
    for who in RECEIVERS {
        terminals.push(terminal(&exchange, &exchange.service, who).await);
    }
    let party = |at: &ExampleAccounts| -> Party { at.office.party().unwrap() };
    let (from, to) = (party(&exchange.manager), party(&exchange.service));
    let judged = RefCell::new(Judged::default());
    let newest = AtomicU64::new(0);
    let mut first = 0;
    while judged.borrow().operations < wanted {
        if first > 0 {
            sign_in_again(&exchange, &mut terminals).await;
        }
        let last = first + DELIVERIES_SIGNED_IN;
        let over = AtomicBool::new(false);
        let mut lots = fastrand::Rng::with_seed(row.seed() ^ !first);
        exchange
            .line
            .lose_answers(1, move || lots.u32(0..ANSWERS_PER_LOSS) == 0);
        let work = async {
            let enough = || async { judged.borrow().operations < wanted };
            futures::stream::iter(first..last)
                .take_while(|_| enough())
                .for_each_concurrent(AT_ONCE, |number| {
                    let (terminals, newest, judged) = (&terminals[..], &newest, &judged);
                    let mut rng = fastrand::Rng::with_seed(row.seed() ^ number);
                    async move {
                        let (header, parts) = delivery(from, to, RULES.parts, &mut rng);
                        let at_server = AtServer {
                            terminals,
                            header_json: serde_json::to_vec(&header).unwrap().into(),
                            header,
                            parts,
                            after: newest.load(Ordering::SeqCst),
                            newest,
                        };
                        let history = play(&at_server, &SENDERS, &RECEIVERS, RULES.parts, &mut rng).await;
                        judged.borrow_mut().judge(&history, RULES);
                    }
                })
                .await;
            over.store(true, Ordering::SeqCst);
        };
        let troubles = fastrand::Rng::with_seed(row.seed() ^ first);
        tokio::join!(work, trouble(&exchange.line, troubles, &over));
        exchange.line.keep_answers();
        first = last;
    }
    judged.into_inner().close(row);
}
