//! Row 5: what terminals do to a delivery, wherever the mailbox is, and what its history comes to.

use std::{collections::BTreeMap, time::Instant};

use bytes::Bytes;
use care_model::{DeliveryId, Digest, Party, ProblemCode};
use exchange_protocol::{DeliveryHeader, DeliveryStatus, Part, PartRole, Sealing};
use fault_row::{Breaches, Row};
use simulation::history::{Entry, No, Op, Outcome, Rules, Stand, is_linearizable};

/// Of so many histories one is judged once more with an answer that no mailbox gives.
const FORGED_EVERY: u64 = 10;
/// A terminal that takes no part in any history.
const STRANGER: u32 = u32::MAX;

/// What came of asking.
#[derive(Debug)]
pub(crate) enum Answer {
    /// This was answered.
    Told(Outcome),
    /// Other bytes than its sender's were served.
    OtherBytes,
    /// No answer came.
    Nothing,
    /// Nothing of it left the terminal.
    NotAsked,
}

/// One delivery at an exchange.
pub(crate) trait Mailbox {
    /// Lets a terminal ask for something.
    async fn ask(&self, who: u32, op: Op) -> Answer;
}

/// What was done to a delivery.
#[derive(Default)]
pub(crate) struct History {
    pub(crate) entries: Vec<Entry>,
    pub(crate) breaches: Breaches,
}

/// A delivery whose history is written.
struct Watched<'a, M> {
    mailbox: &'a M,
    began: Instant,
    history: std::cell::RefCell<History>,
}

/// Senders and receivers do what they like with one delivery, all at once.
pub(crate) async fn play(
    mailbox: &impl Mailbox,
    senders: &[u32],
    receivers: &[u32],
    parts: u8,
    rng: &mut fastrand::Rng,
) -> History {
    let watched = Watched {
        mailbox,
        began: Instant::now(),
        history: std::cell::RefCell::default(),
    };
    let second = rng.u8(0..3) == 0;
    let senders = senders.iter().take(if second { 2 } else { 1 });
    let send = futures::future::join_all(senders.map(|who| watched.sends(*who, rng.fork())).collect::<Vec<_>>());
    let receive = receivers.iter().map(|who| watched.receives(*who, parts, rng.fork()));
    let receive = futures::future::join_all(receive.collect::<Vec<_>>());
    futures::future::join(send, receive).await;
    watched.history.into_inner()
}

impl<M: Mailbox> Watched<'_, M> {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap()
    }

    /// Asks, and notes it unless nothing of it left the terminal; gives the fence of a claim.
    async fn asks(&self, who: u32, op: Op) -> Option<u64> {
        let start = self.now();
        let answer = self.mailbox.ask(who, op).await;
        let end = self.now();
        let mut history = self.history.borrow_mut();
        let end = match answer {
            Answer::Told(outcome) => Some((end, outcome)),
            Answer::OtherBytes => {
                history.breaches.half += 1;
                Some((end, Outcome::Done))
            }
            Answer::Nothing => None,
            Answer::NotAsked => return None,
        };
        history.entries.push(Entry { who, op, start, end });
        match end {
            Some((_, Outcome::Fence(fence))) => Some(fence),
            _ => None,
        }
    }

    /// What an office that is not the destination must never get.
    async fn pries(&self, who: u32) {
        match self.mailbox.ask(who, Op::Claim).await {
            Answer::Told(Outcome::No(No::Unknown)) | Answer::Nothing | Answer::NotAsked => {}
            Answer::Told(_) | Answer::OtherBytes => self.history.borrow_mut().breaches.leaked += 1,
        }
    }

    /// Its sender: sends, sometimes again, sometimes takes back.
    async fn sends(&self, who: u32, mut rng: fastrand::Rng) {
        for turn in 0..rng.u8(1..4) {
            self.asks(who, Op::Send).await;
            pause(&mut rng).await;
            match rng.u8(0..6) {
                0 => _ = self.asks(who, Op::Recall).await,
                1 if turn > 0 => self.pries(who).await,
                _ => {}
            }
        }
    }

    /// A terminal of its destination.
    async fn receives(&self, who: u32, parts: u8, mut rng: fastrand::Rng) {
        let mut held: Option<u64> = None;
        for _ in 0..rng.u8(4..9) {
            pause(&mut rng).await;
            match (rng.u8(0..10), held) {
                (0..2, _) => _ = self.asks(who, Op::Look).await,
                (2, _) => {
                    let seen = rng.u64(1..4);
                    held = self.asks(who, Op::TakeOver { seen }).await.or(held);
                }
                (3..6, None) | (3, _) => held = self.asks(who, Op::Claim).await.or(held),
                (4..8, Some(fence)) => {
                    let part = rng.u8(0..parts);
                    self.asks(who, Op::Fetch { fence, part }).await;
                }
                (8.., Some(fence)) => _ = self.asks(who, Op::Confirm { fence }).await,
                _ => {}
            }
        }
    }
}

/// Lets the others go first, as often as the seed says.
async fn pause(rng: &mut fastrand::Rng) {
    for _ in 0..rng.u8(0..12) {
        tokio::task::yield_now().await;
    }
}

/// Where a delivery stands, as a row of a list says.
pub(crate) fn stand(status: &DeliveryStatus) -> Stand {
    match status {
        DeliveryStatus::Waiting => Stand::Waiting,
        DeliveryStatus::Claimed { .. } => Stand::Claimed,
        DeliveryStatus::Received { .. } => Stand::Received,
        DeliveryStatus::Recalled { .. } => Stand::Recalled,
        DeliveryStatus::Expired { .. } => Stand::Expired,
    }
}

/// What a refusal says of the delivery; none if it leaves open whether anything was stored.
pub(crate) fn refusal(code: ProblemCode) -> Option<No> {
    Some(match code {
        ProblemCode::DeliveryUnknown => No::Unknown,
        ProblemCode::ClaimedElsewhere => No::Elsewhere,
        ProblemCode::ClaimLost => No::ClaimLost,
        ProblemCode::AlreadyReceived => No::Received,
        ProblemCode::DeliveryRecalled => No::Recalled,
        ProblemCode::DeliveryExpired => No::Expired,
        ProblemCode::RecallTooLate => No::TooLate,
        ProblemCode::ServerBusy => return None,
        other => panic!("no answer of a mailbox: {other:?}"),
    })
}

/// A delivery with a cover and so many files.
pub(crate) fn delivery(from: Party, to: Party, files: u8, rng: &mut fastrand::Rng) -> (DeliveryHeader, Vec<Bytes>) {
    let mut parts = vec![Bytes::from_static(b"{}")];
    parts.extend((0..files).map(|_| (0..rng.usize(1..400)).map(|_| rng.u8(..)).collect::<Bytes>()));
    let described = parts.iter().enumerate().map(|(place, bytes)| Part {
        role: match place {
            0 => PartRole::Cover,
            _ => PartRole::StandardFile,
        },
        name: (place > 0).then(|| format!("{place}.CSV")),
        size_bytes: bytes.len() as u64,
        digest: Digest::of(bytes),
    });
    let header = DeliveryHeader {
        id: DeliveryId::generate(),
        from,
        to,
        serial: None,
        unit: None,
        declared_month: None,
        declared_recipients: None,
        parts: described.collect(),
        sealing: Sealing::None,
    };
    (header, parts)
}

/// What all histories of a row came to.
#[derive(Default)]
pub(crate) struct Judged {
    pub(crate) operations: u64,
    histories: u64,
    unanswered: u64,
    forged: u64,
    /// Forged histories that were taken for true.
    missed: u64,
    kinds: BTreeMap<String, u64>,
    breaches: Breaches,
}

impl Judged {
    /// Judges one more.
    pub(crate) fn judge(&mut self, history: &History, rules: Rules) {
        let entries = &history.entries;
        self.histories += 1;
        self.operations += entries.len() as u64;
        self.unanswered += entries.iter().filter(|entry| entry.end.is_none()).count() as u64;
        for entry in entries {
            let word = format!("{:?}", entry.op);
            let word = word.split([' ', '{']).next().unwrap_or_default();
            match self.kinds.get_mut(word) {
                Some(count) => *count += 1,
                None => _ = self.kinds.insert(word.to_owned(), 1),
            }
        }
        self.breaches.half += history.breaches.half;
        self.breaches.leaked += history.breaches.leaked;
        if !is_linearizable(entries, rules) {
            self.breaches.lost += 1;
            eprintln!("no mailbox answers so: {entries:#?}");
        } else if self.histories.is_multiple_of(FORGED_EVERY)
            && let Some(forged) = forged(entries, self.histories / FORGED_EVERY)
        {
            self.forged += 1;
            if is_linearizable(&forged, rules) {
                self.missed += 1;
                eprintln!("taken for true: {forged:#?}");
            }
        }
    }

    /// Leaves the line of the row.
    ///
    /// # Panics
    ///
    /// If anything was broken, if less was tried than the row says, or if the judge did not notice a forged answer.
    pub(crate) fn close(self, mut row: Row) {
        assert!(
            self.kinds.len() >= 7 && self.unanswered > 0 && self.forged > 0,
            "{:?}, unanswered: {}, forged: {}",
            self.kinds,
            self.unanswered,
            self.forged
        );
        assert_eq!(self.missed, 0, "forged answers that were taken for true");
        row.figure("histories", self.histories as f64);
        row.figure("operations_without_an_answer", self.unanswered as f64);
        row.figure("forged_histories_noticed", self.forged as f64);
        row.close(self.operations, self.breaches);
    }
}

/// A history with one more answer, which no mailbox gives after the others; none if nothing was answered in it from
/// which that would follow.
fn forged(entries: &[Entry], choice: u64) -> Option<Vec<Entry>> {
    let over = entries.iter().map(|entry| entry.end.map_or(entry.start, |(at, _)| at));
    let over = over.max()?;
    let wrong = |entry: &Entry| {
        let (who, op, outcome) = match (entry.op, entry.end?.1) {
            // 済, and fetched once more.
            (Op::Confirm { fence }, Outcome::Done) => (STRANGER, Op::Claim, Outcome::Fence(fence + 1)),
            // Taken back, and there again.
            (Op::Recall, Outcome::Done) => (STRANGER, Op::Look, Outcome::Stands(Stand::Waiting)),
            // One fence given twice.
            (op, Outcome::Fence(fence)) => (entry.who, op, Outcome::Fence(fence)),
            // Accepted, and lost.
            (Op::Send, Outcome::Done) => (STRANGER, Op::Look, Outcome::Stands(Stand::Absent)),
            _ => return None,
        };
        let (start, end) = (over + 1, Some((over + 2, outcome)));
        Some(Entry { who, op, start, end })
    };
    let wrongs: Vec<Entry> = entries.iter().filter_map(wrong).collect();
    let chosen = usize::try_from(choice).unwrap() % wrongs.len().max(1);
    Some([entries, &[*wrongs.get(chosen)?]].concat())
}

#[test]
fn an_answer_that_no_mailbox_gives_is_noticed_in_any_history() {
    const RULES: Rules = Rules { parts: 1, lapses: true };
    let entry = |who, op, start, outcome| Entry {
        who,
        op,
        start,
        end: Some((start + 1, outcome)),
    };
    let mut entries = vec![
        entry(1, Op::Send, 0, Outcome::Done),
        entry(2, Op::Claim, 2, Outcome::Fence(1)),
        entry(2, Op::Fetch { fence: 1, part: 0 }, 4, Outcome::Done),
        entry(2, Op::Confirm { fence: 1 }, 6, Outcome::Done),
    ];
    // What was never answered may still take effect, and excuses none of them.
    let mut lost = entry(3, Op::TakeOver { seen: 1 }, 3, Outcome::Done);
    lost.end = None;
    entries.push(lost);
    assert!(is_linearizable(&entries, RULES));
    for choice in 0..3 {
        let forged = forged(&entries, choice).unwrap();
        assert!(!is_linearizable(&forged, RULES), "{forged:?}");
    }
    let taken_back = vec![entries[0], entry(1, Op::Recall, 2, Outcome::Done)];
    for choice in 0..2 {
        assert!(!is_linearizable(&forged(&taken_back, choice).unwrap(), RULES));
    }
    assert!(forged(&[lost], 0).is_none());
}
