//! Row 5, where it has most of its operations: the exchange's store by itself, on its real database, asked by terminals of
//! many offices at once. Askers go away before they are answered, claims lapse, and again and again the store dies with
//! everything that is under way, and is opened anew on what it left.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use care_model::{OfficeNumber, Party, ServiceKind, TerminalId};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_flow::delivery::DeliveryRefusal;
use exchange_protocol::{Accepted, DeliveryHeader};
use exchange_store::{Actor, ByteRange, ClaimRefusal, MasterKey, NewDelivery, ServingSource, Store, StoreError};
use fault_row::Row;
use futures::StreamExt as _;
use sealing::Key;
use simulation::history::{Op, Outcome, Rules, Stand};
use tokio::{
    runtime::{Builder, Runtime},
    sync::{Notify, watch},
};

use crate::histories::{Answer, Judged, Mailbox, delivery, play, refusal, stand};

/// Deliveries that are on their way at the same time.
const AT_ONCE: usize = 48;
/// Mailboxes that they are spread over, so that a list holds few of them.
const MAILBOXES: u64 = 8;
/// Of so many acts the asker of one goes away.
const ACTS_PER_LEAVING: u32 = 40;
/// Of so many acts one lets so much time pass that every claim lapses that may.
const ACTS_PER_LAPSE: u32 = 2_000;
/// Operations that a store lives for at most.
const LIFE: u64 = 1_500;
const SENDERS: [u32; 2] = [1, 2];
const RECEIVERS: [u32; 3] = [11, 12, 13];

/// A store from its opening to its end.
struct Life {
    number: u64,
    store: Store,
    /// All that the store does runs here, and ends with it.
    runtime: Runtime,
}

/// The exchange: one life of its store after the other.
struct Exchange {
    folder: PathBuf,
    master: MasterKey,
    life: RefCell<Option<Life>>,
    /// The number of the life that began last.
    begun: watch::Sender<u64>,
    dying: AtomicBool,
    now: Cell<DateTime<Utc>>,
    chance: RefCell<fastrand::Rng>,
}

impl Exchange {
    fn new(folder: &Path, seed: u64) -> Self {
        Self {
            folder: folder.to_owned(),
            master: MasterKey {
                name: "test".to_owned(),
                key: Key::generate(),
            },
            life: RefCell::default(),
            begun: watch::Sender::new(0),
            dying: AtomicBool::new(false),
            now: Cell::new(DateTime::from_timestamp(1_800_000_000, 0).unwrap()),
            chance: RefCell::new(fastrand::Rng::with_seed(seed)),
        }
    }

    /// Opens the store on what is there.
    async fn begin(&self) {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (folder, master, inside) = (self.folder.clone(), self.master.clone(), runtime.handle().clone());
        let open = move || inside.block_on(Store::open(folder.as_path(), master)).unwrap();
        let store = tokio::task::spawn_blocking(open).await.unwrap();
        let number = *self.begun.borrow() + 1;
        *self.life.borrow_mut() = Some(Life { number, store, runtime });
        self.dying.store(false, Ordering::SeqCst);
        self.begun.send_replace(number);
    }

    /// Ends the store as it stands: nothing is waited for, nothing is closed in order.
    fn die(&self) {
        self.dying.store(true, Ordering::SeqCst);
        if let Some(life) = self.life.borrow_mut().take() {
            life.runtime.shutdown_background();
        }
    }

    /// The store that lives; waits for one.
    async fn living(&self) -> (u64, Store) {
        let mut begun = self.begun.subscribe();
        loop {
            let living = self
                .life
                .borrow()
                .as_ref()
                .map(|life| (life.number, life.store.clone()));
            match living {
                Some(living) => return living,
                None => begun.changed().await.unwrap(),
            }
        }
    }

    /// Time passes with every act, and now and then more of it than a claim lasts.
    fn time(&self) -> DateTime<Utc> {
        let mut chance = self.chance.borrow_mut();
        let passes = match chance.u32(0..ACTS_PER_LAPSE) {
            0 => TimeDelta::seconds(chance.i64(100..200)),
            _ => TimeDelta::milliseconds(chance.i64(0..150)),
        };
        self.now.set(self.now.get() + passes);
        self.now.get()
    }

    /// Asks the store; none if no answer came, because whoever asked went away, or because the store died.
    async fn asks<T, F>(&self, act: impl FnOnce(Store) -> F) -> Option<T>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let (number, store) = self.living().await;
        let leaves = {
            let mut chance = self.chance.borrow_mut();
            (chance.u32(0..ACTS_PER_LEAVING) == 0).then(|| chance.u8(1..20))
        };
        let answer = match leaves {
            Some(turns) => tokio::select! {
                biased;
                answer = act(store) => answer,
                () = turns_over(turns) => return None,
            },
            None => act(store).await,
        };
        match answer {
            Ok(told) => Some(told),
            Err(error) => {
                let is_over = self.dying.load(Ordering::SeqCst) || *self.begun.borrow() > number;
                assert!(is_over, "a store that lives failed: {error:?}");
                None
            }
        }
    }
}

async fn turns_over(turns: u8) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}

/// A delivery in the store.
struct InStore<'a> {
    exchange: &'a Exchange,
    header: DeliveryHeader,
    header_json: Bytes,
    parts: Vec<Bytes>,
    /// The receivers' list as it stood before this was sent.
    after: u64,
    /// How far that list was read.
    newest: &'a Cell<u64>,
}

impl InStore<'_> {
    fn actor(&self, who: u32) -> Actor {
        let party = if SENDERS.contains(&who) {
            self.header.from
        } else {
            self.header.to
        };
        Actor {
            office: party.office,
            account: format!("c{who}"),
            terminal: TerminalId::from_bytes([u8::try_from(who).unwrap(); 16]),
        }
    }

    /// See the same of a real server.
    async fn look(&self) -> Option<Stand> {
        let (mut after, now) = (self.after, self.exchange.time());
        let office = self.header.to.office;
        loop {
            let page = self
                .exchange
                .asks(|store| async move { store.inbox(office, after, 100, now).await });
            let page = page.await?;
            self.newest.set(self.newest.get().max(page.next));
            for row in &page.rows {
                if row.header.read().unwrap().id == self.header.id {
                    return Some(stand(&row.status));
                }
            }
            if !page.more {
                return Some(Stand::Absent);
            }
            after = page.next;
        }
    }

    async fn answer(&self, who: u32, op: Op) -> Option<Answer> {
        let (exchange, id, actor) = (self.exchange, self.header.id, self.actor(who));
        let now = exchange.time();
        let told = |answered: Result<Outcome, ClaimRefusal>| match answered {
            Ok(outcome) => Answer::Told(outcome),
            Err(refused) => Answer::Told(Outcome::No(refusal(code(refused)).unwrap())),
        };
        Some(match op {
            Op::Send => {
                let new = NewDelivery {
                    header: self.header.clone(),
                    header_json: self.header_json.clone(),
                    content: self.parts.concat().into(),
                };
                let sent = exchange.asks(|store| async move { store.accept(new, actor, now).await });
                let Accepted { .. } = sent.await?.unwrap();
                Answer::Told(Outcome::Done)
            }
            Op::Recall => {
                let recalled = exchange.asks(|store| async move { store.recall(id, actor, now).await });
                told(recalled.await?.map(|_| Outcome::Done))
            }
            Op::Claim | Op::TakeOver { .. } => {
                let seen = match op {
                    Op::TakeOver { seen } => Some(seen),
                    _ => None,
                };
                let claimed = exchange.asks(|store| async move { store.claim(id, actor, seen, now).await });
                told(claimed.await?.map(|claim| Outcome::Fence(claim.fence)))
            }
            Op::Fetch { fence, part } => {
                let part = usize::from(part) + 1;
                let serve =
                    |store: Store| async move { store.serve(id, part, actor, fence, ByteRange::Whole, now).await };
                match exchange.asks(serve).await? {
                    Ok(serving) => match serving.source {
                        ServingSource::Memory(bytes) if bytes == self.parts[part] => Answer::Told(Outcome::Done),
                        _ => Answer::OtherBytes,
                    },
                    Err(refused) => told(Err(refused)),
                }
            }
            Op::Confirm { fence } => {
                let confirmed = exchange.asks(|store| async move { store.confirm(id, actor, fence, now).await });
                told(confirmed.await?.map(|_| Outcome::Done))
            }
            Op::Look => Answer::Told(Outcome::Stands(self.look().await?)),
            Op::Expire => unreachable!("nobody asks for that"),
        })
    }
}

fn code(refused: ClaimRefusal) -> care_model::ProblemCode {
    match refused {
        ClaimRefusal::Unknown => care_model::ProblemCode::DeliveryUnknown,
        ClaimRefusal::Refused(refusal) => DeliveryRefusal::code(&refusal),
        ClaimRefusal::NoSuchRange => care_model::ProblemCode::RequestMalformed,
    }
}

impl Mailbox for InStore<'_> {
    async fn ask(&self, who: u32, op: Op) -> Answer {
        self.answer(who, op).await.unwrap_or(Answer::Nothing)
    }
}

fn party(number: u64, kind: &str) -> Party {
    let office = OfficeNumber::parse(&format!("99701{number:05}")).unwrap();
    Party::new(office, ServiceKind::parse(kind).unwrap())
}

#[tokio::test]
async fn row_05_what_the_store_answers_is_what_a_mailbox_answers_whenever_it_dies() {
    const RULES: Rules = Rules { parts: 2, lapses: true };
    let mut row = Row::open(5, "terminals at once at a store that dies again and again");
    let wanted = row.times(6_000, 1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let exchange = Exchange::new(folder.path(), row.seed());
    exchange.begin().await;
    let judged = RefCell::new(Judged::default());
    let newest: Vec<Cell<u64>> = (0..MAILBOXES).map(|_| Cell::new(0)).collect();
    let (over, one_more) = (Cell::new(false), Notify::new());
    let work = async {
        let goes_on = |_: &u64| std::future::ready(judged.borrow().operations < wanted);
        futures::stream::iter(0..)
            .take_while(goes_on)
            .for_each_concurrent(AT_ONCE, |number| {
                let (exchange, judged, one_more) = (&exchange, &judged, &one_more);
                let mut rng = fastrand::Rng::with_seed(row.seed() ^ number);
                let mailbox = rng.u64(0..MAILBOXES);
                let newest = &newest[usize::try_from(mailbox).unwrap()];
                async move {
                    let (header, parts) = delivery(
                        party(mailbox, "43"),
                        party(MAILBOXES + mailbox, "11"),
                        RULES.parts,
                        &mut rng,
                    );
                    let in_store = InStore {
                        exchange,
                        header_json: serde_json::to_vec(&header).unwrap().into(),
                        header,
                        parts,
                        after: newest.get(),
                        newest,
                    };
                    let history = play(&in_store, &SENDERS, &RECEIVERS, RULES.parts, &mut rng).await;
                    judged.borrow_mut().judge(&history, RULES);
                    one_more.notify_one();
                }
            })
            .await;
        over.set(true);
        one_more.notify_one();
    };
    let deaths = async {
        let mut rng = fastrand::Rng::with_seed(!row.seed());
        let (mut deaths, mut next) = (0_u64, rng.u64(1..LIFE));
        while !over.get() {
            one_more.notified().await;
            if judged.borrow().operations >= next {
                exchange.die();
                exchange.begin().await;
                deaths += 1;
                next = judged.borrow().operations + rng.u64(1..LIFE);
            }
        }
        deaths
    };
    let ((), deaths) = tokio::join!(work, deaths);
    exchange.die();
    assert!(deaths > 0, "the store never died");
    row.figure("deaths", deaths as f64);
    judged.into_inner().close(row);
}
