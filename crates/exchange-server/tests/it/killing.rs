//! The real process, killed again and again at moments that a seed chooses, while real clients send, send many at once,
//! fetch, confirm and take back. What they were answered is kept in a book; after every start the book is compared.
#![cfg(unix)]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use care_model::{DeliveryId, ProblemCode};
use chrono::{DateTime, Utc};
use exchange_client::{ClientError, SignedIn};
use exchange_protocol::DeliveryStatus;
use fastrand::Rng;
use fault_row::{Breaches, Row};

use crate::{
    ground::program,
    outliving::{Letter, Outliving, fetched, inbox_from, is_passing},
};

/// Deliveries that a terminal sends at once as 一括送信 does.
const BULK: usize = 5;
/// More than fits into one request.
const LARGE_BYTES: usize = 300_000;
/// How long a process lives at most before it is killed, in milliseconds.
const LIFE_MS: u64 = 250;

/// What somebody was answered of a delivery.
struct Entry {
    letter: Letter,
    accepted: bool,
    recalled: Option<DateTime<Utc>>,
    /// The terminals that were answered 済.
    received: Vec<usize>,
}

#[derive(Default)]
struct Book {
    entries: HashMap<DeliveryId, Entry>,
    half: u64,
}

type Shared = Arc<Mutex<Book>>;

/// What a client does until it is answered, over all deaths.
#[derive(Clone)]
enum Wish {
    Send(Letter),
    Recall(DeliveryId),
    Fetch(DeliveryId),
    /// The bytes are here, under this fence.
    Confirm(DeliveryId, u64),
}

/// A terminal at work.
struct Client {
    /// Which terminal it is.
    number: usize,
    line: SignedIn,
    rng: Rng,
    book: Shared,
    /// What was asked and is not answered yet.
    open: Vec<Wish>,
    sends: bool,
    /// The last change of the list that it has seen, and what waited there.
    seen: u64,
    waiting: Vec<DeliveryId>,
}

impl Client {
    /// Works until the line breaks.
    async fn work(&mut self, letters: &(impl Fn(&mut Rng) -> Letter + Sync)) {
        while self.settle().await {
            if self.sends {
                self.wish_to_send(letters);
            } else if !self.look().await {
                return;
            }
        }
    }

    fn wish_to_send(&mut self, letters: &impl Fn(&mut Rng) -> Letter) {
        let count = match self.rng.u8(..10) {
            0 => BULK,
            1 => {
                let book = self.book.lock().unwrap();
                let standing = |entry: &&Entry| entry.accepted && entry.recalled.is_none() && entry.received.is_empty();
                let ids: Vec<_> = book
                    .entries
                    .values()
                    .filter(standing)
                    .map(|entry| entry.letter.header.id)
                    .collect();
                drop(book);
                self.open.extend(self.rng.choice(ids).map(Wish::Recall));
                return;
            }
            _ => 1,
        };
        for _ in 0..count {
            let letter = letters(&mut self.rng);
            let entry = Entry {
                letter: letter.clone(),
                accepted: false,
                recalled: None,
                received: Vec::new(),
            };
            self.book.lock().unwrap().entries.insert(letter.header.id, entry);
            self.open.push(Wish::Send(letter));
        }
    }

    /// Reads the list on; false once the line is broken.
    async fn look(&mut self) -> bool {
        match self.line.inbox(self.seen, 200).await {
            Ok(page) => {
                self.seen = page.next;
                let waits = |status: &DeliveryStatus| *status == DeliveryStatus::Waiting;
                let rows = page.rows.into_iter().filter(|row| waits(&row.status));
                self.waiting.extend(rows.map(|row| row.header.id));
            }
            Err(error) => {
                assert!(is_passing(&error), "{error:?}");
                return false;
            }
        }
        if self.waiting.is_empty() {
            // Nothing has come: a moment, as long as a hint would take.
            tokio::time::sleep(Duration::from_millis(5)).await;
        } else {
            let place = self.rng.usize(..self.waiting.len());
            self.open.push(Wish::Fetch(self.waiting.swap_remove(place)));
        }
        true
    }

    /// Asks for all that is open, sends at once; false once the line is broken.
    async fn settle(&mut self) -> bool {
        let open = std::mem::take(&mut self.open);
        let asked = open.into_iter().map(|wish| {
            let (line, book, number) = (&self.line, &self.book, self.number);
            async move { ask(line, book, number, wish).await }
        });
        self.open = futures::future::join_all(asked).await.into_iter().flatten().collect();
        self.open.is_empty()
    }
}

/// Asks for one thing; gives it back, as far as it has come, if the line broke.
async fn ask(line: &SignedIn, book: &Shared, terminal: usize, wish: Wish) -> Option<Wish> {
    let mut wish = wish;
    loop {
        let (next, answer) = match wish {
            Wish::Send(letter) => {
                let answer = letter.send(line).await.map(|accepted| {
                    assert_eq!(accepted.id, letter.header.id);
                    entry(book, accepted.id, |entry| entry.accepted = true);
                    None
                });
                (Wish::Send(letter), answer)
            }
            Wish::Recall(id) => {
                let answer = line.recall(id).await.map(|recalled| {
                    entry(book, id, |entry| entry.recalled = Some(recalled.recalled_at));
                    None
                });
                (wish, answer)
            }
            Wish::Fetch(id) => {
                let answer = async {
                    let claim = line.claim(id, None).await?;
                    let bytes = fetched(line, &claim).await?;
                    let mut book = book.lock().unwrap();
                    let is_whole = book.entries.get(&id).is_some_and(|entry| entry.letter.content == bytes);
                    book.half += u64::from(!is_whole);
                    Ok(Some(Wish::Confirm(id, claim.fence)))
                };
                (wish, answer.await)
            }
            Wish::Confirm(id, fence) => {
                let answer = line.confirm(id, fence).await.map(|_| {
                    entry(book, id, |entry| entry.received.push(terminal));
                    None
                });
                (wish, answer)
            }
        };
        match answer {
            Ok(Some(further)) => wish = further,
            Ok(None) => return None,
            Err(error) if is_passing(&error) => return Some(next),
            Err(error) => {
                assert!(is_fair(&next, &error), "{error:?}");
                return None;
            }
        }
    }
}

/// Whether a refusal is one that another terminal or the sender is the cause of.
fn is_fair(wish: &Wish, error: &ClientError) -> bool {
    let ClientError::Refused(problem) = error else {
        return false;
    };
    let codes: &[ProblemCode] = match wish {
        Wish::Send(_) => &[],
        Wish::Recall(_) => &[ProblemCode::RecallTooLate],
        Wish::Fetch(_) => &[
            ProblemCode::ClaimedElsewhere,
            ProblemCode::AlreadyReceived,
            ProblemCode::DeliveryRecalled,
        ],
        Wish::Confirm(..) => &[],
    };
    codes.contains(&problem.code)
}

fn entry(book: &Shared, id: DeliveryId, change: impl FnOnce(&mut Entry)) {
    change(book.lock().unwrap().entries.get_mut(&id).unwrap());
}

/// The list as it was read so far.
#[derive(Default)]
struct Read {
    upto: u64,
    rows: HashMap<DeliveryId, (u64, DeliveryStatus)>,
    doubled: u64,
}

impl Read {
    async fn on(&mut self, line: &SignedIn) {
        let (rows, upto) = inbox_from(line, self.upto).await;
        self.upto = upto;
        for row in rows {
            let before = self.rows.insert(row.header.id, (row.sequence, row.status));
            // A second place in the list is a second delivery.
            self.doubled += u64::from(before.is_some_and(|(sequence, _)| sequence != row.sequence));
        }
    }

    /// Compares what was answered with what there is.
    fn breaches(&self, book: &Book) -> Breaches {
        let mut lost = 0;
        for (id, entry) in &book.entries {
            let status = self.rows.get(id).map(|(_, status)| status);
            let stands = match (entry.recalled, entry.received.is_empty()) {
                (Some(at), _) => status == Some(&DeliveryStatus::Recalled { at }),
                (None, false) => matches!(status, Some(DeliveryStatus::Received { .. })),
                (None, true) => !entry.accepted || status.is_some(),
            };
            lost += u64::from(!stands);
        }
        let unknown = self.rows.keys().filter(|id| !book.entries.contains_key(id)).count() as u64;
        let twice = book.entries.values().filter(|entry| entry.received.len() > 1).count() as u64;
        Breaches {
            lost,
            doubled: self.doubled + unknown + twice,
            half: book.half,
            leaked: 0,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_01_a_server_killed_at_any_moment_loses_and_doubles_nothing() {
    let mut row = Row::open(
        1,
        "the server is killed while terminals send, fetch, confirm and take back",
    );
    let kills = row.times(5, 1_000);
    let mut rng = Rng::with_seed(row.seed());
    let mut exchange = Outliving::start().await;
    let book = Shared::default();
    let lines = [
        &exchange.sender,
        &exchange.sender,
        &exchange.receiver,
        &exchange.receiver_too,
    ];
    let mut clients: Vec<Client> = lines
        .into_iter()
        .enumerate()
        .map(|(number, line)| Client {
            number,
            line: line.clone(),
            rng: rng.fork(),
            book: Arc::clone(&book),
            open: Vec::new(),
            sends: number < 2,
            seen: 0,
            waiting: Vec::new(),
        })
        .collect();
    let mut read = Read::default();
    let mut took = Vec::new();
    for _ in 0..kills {
        let life = Duration::from_millis(rng.u64(1..LIFE_MS));
        {
            let letters = |rng: &mut Rng| {
                let length = if rng.u8(..6) == 0 {
                    LARGE_BYTES
                } else {
                    rng.usize(1..2_000)
                };
                let first = rng.u8(..);
                exchange.letter(
                    (0..length)
                        .map(|place| first.wrapping_add((place % 251) as u8))
                        .collect(),
                )
            };
            let work = clients.iter_mut().map(|client| client.work(&letters));
            let killed = async {
                tokio::time::sleep(life).await;
                // Not in this process's order: the signal comes whenever it comes.
                exchange.process().signal("KILL");
            };
            tokio::join!(futures::future::join_all(work), killed);
        }
        took.push(exchange.again(program()));
        read.on(&exchange.receiver).await;
        let breaches = read.breaches(&book.lock().unwrap());
        assert!(breaches.none(), "after {} kills: {breaches:?}", took.len());
    }
    // All that is open is answered in the end, and all that waits is fetched.
    for client in &mut clients {
        while !client.settle().await {}
        while !client.sends {
            assert!(client.look().await);
            if client.open.is_empty() {
                break;
            }
            while !client.settle().await {}
        }
    }
    let mut whole = Read::default();
    whole.on(&exchange.receiver).await;
    let book = book.lock().unwrap();
    let breaches = whole.breaches(&book);
    let is_over = |entry: &&Entry| entry.recalled.is_some() || !entry.received.is_empty();
    let over = book.entries.values().filter(is_over).count();
    took.sort();
    let ms = |took: Duration| took.as_secs_f64() * 1_000.0;
    row.figure("deliveries", book.entries.len() as f64);
    row.figure("fetched_or_taken_back", over as f64);
    row.figure("ready_again_p50_ms", ms(took[took.len() / 2]));
    row.figure("ready_again_max_ms", ms(took[took.len() - 1]));
    row.close(kills, breaches);
    assert_eq!(over, book.entries.len(), "everything came to its end");
}
