//! Certificates rotate while everybody works: terminals send, list and fetch without a pause while theirs are renewed and
//! the old ones end, and while the server renews its own. No request fails, and nothing is lost or doubled.

use std::{collections::BTreeSet, sync::Arc};

use care_model::{DeliveryId, ProblemCode};
use chrono::TimeDelta;
use exchange_client::{ClientError, ClientIdentity, ExchangeClient, SignedIn, make_certificate_request};
use exchange_protocol::{DeliveryStatus, RenewalRequest};
use fault_row::{Breaches, Form, Row};
use tokio::{
    sync::{RwLock, Semaphore, watch},
    task::JoinHandle,
};

use crate::{
    certificate::shown,
    exchange::{Exchange, HELPER, Office, PLANNER, Terminal, bytes, header, json, refused, sign_in},
};

/// Rounds that each worker does between two turns of the rotation.
fn rounds() -> u64 {
    Form::of_this_run().times(5, 100)
}

/// Deliveries that wait at once: whoever sends goes on as soon as something was fetched.
const WAITING_MAX: usize = 20;
/// Days that the first certificates hold: few enough to be renewed at once.
const DAYS: i64 = 59;

/// What a worker does, round after round.
enum Work {
    /// Sends a delivery of one file that says its id.
    Send {
        offices: Arc<[Office; 2]>,
        waiting: Arc<Semaphore>,
        sent: Vec<DeliveryId>,
    },
    /// Reads what is new in 送信一覧.
    List { after: u64 },
    /// Reads what is new in 受信一覧 and fetches all of it that waits.
    Fetch {
        after: u64,
        waiting: Arc<Semaphore>,
        fetched: Vec<DeliveryId>,
    },
}

impl Work {
    /// Waits for what has to be done elsewhere first.
    async fn ready(&self) {
        if let Self::Send { waiting, .. } = self {
            waiting.acquire().await.unwrap().forget();
        }
    }

    async fn round(&mut self, line: &SignedIn) -> Result<(), ClientError> {
        match self {
            Self::Send { offices, sent, .. } => {
                let mut header = header(&offices[0], &offices[1], &[(None, &[b'x'; 36])]);
                let text = header.id.to_string();
                let parts: &[(Option<&str>, &[u8])] = &[(None, text.as_bytes())];
                header.parts[0].digest = care_model::Digest::of(text.as_bytes());
                line.send_small(header.id, &json(&header), &bytes(parts)).await?;
                sent.push(header.id);
            }
            Self::List { after } => *after = line.outbox(*after, 100).await?.next,
            Self::Fetch {
                after,
                waiting,
                fetched,
            } => {
                let page = line.inbox(*after, 4).await?;
                *after = page.next;
                for row in page.rows {
                    if row.status != DeliveryStatus::Waiting {
                        continue;
                    }
                    let claim = line.claim(row.header.id, None).await?;
                    let mut stream = line.fetch_part(&claim, 0, 0)?;
                    let mut arrived = Vec::new();
                    while let Some(piece) = stream.next().await? {
                        arrived.extend_from_slice(&piece);
                    }
                    assert_eq!(String::from_utf8(arrived).unwrap(), row.header.id.to_string());
                    line.confirm(row.header.id, claim.fence).await?;
                    fetched.push(row.header.id);
                    waiting.add_permits(1);
                }
            }
        }
        Ok(())
    }
}

/// A task that works without a pause by the line that it was given last.
struct Worker {
    line: watch::Sender<SignedIn>,
    rounds: watch::Receiver<u64>,
    ending: watch::Sender<bool>,
    task: JoinHandle<Result<Work, ClientError>>,
}

impl Worker {
    fn start(mut work: Work, line: &SignedIn, gate: &Arc<RwLock<()>>) -> Self {
        let (line, given) = watch::channel(line.clone());
        let (done, rounds) = watch::channel(0);
        let (ending, is_ending) = watch::channel(false);
        let gate = Arc::clone(gate);
        let task = tokio::spawn(async move {
            while !*is_ending.borrow() {
                work.ready().await;
                let open = gate.read().await;
                let line = given.borrow().clone();
                work.round(&line).await?;
                drop(open);
                done.send_modify(|rounds| *rounds += 1);
            }
            Ok(work)
        });
        Self {
            line,
            rounds,
            ending,
            task,
        }
    }

    async fn goes_on(&mut self) {
        let goal = *self.rounds.borrow() + rounds();
        // An error means that the worker failed, which its end tells.
        let _ = self.rounds.wait_for(|rounds| *rounds >= goal).await;
    }

    async fn end(self) -> Work {
        let _ = self.ending.send(true);
        self.task.await.unwrap().unwrap()
    }
}

/// A terminal whose certificate can be renewed.
async fn terminal(exchange: &Exchange, office: &Office) -> (Terminal, SignedIn) {
    let issued = exchange.admin.issue_password(office.made.number, None, DAYS).await;
    let terminal = exchange.enrol(office, &issued.unwrap().issue_password, "受付").await;
    let terminal = terminal.unwrap();
    let line = sign_in(&terminal, office).await.unwrap();
    (terminal, line)
}

/// The same terminal with its next certificate.
async fn renewed(exchange: &Exchange, terminal: &Terminal, line: &SignedIn) -> Terminal {
    let (key_pem, request_pem) = make_certificate_request("受付").unwrap();
    let answer = line.renew_certificate(&RenewalRequest { request_pem }).await.unwrap();
    let identity = ClientIdentity {
        certificate_pem: answer.certificate_pem,
        key_pem,
    };
    Terminal {
        client: ExchangeClient::new(&exchange.connection(), Some(&identity)).unwrap(),
        identity,
        answer: terminal.answer.clone(),
    }
}

/// The same terminal over connections of its own, which have to be opened.
fn reconnected(exchange: &Exchange, terminal: &Terminal) -> Terminal {
    Terminal {
        client: ExchangeClient::new(&exchange.connection(), Some(&terminal.identity)).unwrap(),
        identity: terminal.identity.clone(),
        answer: terminal.answer.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_16_no_request_fails_while_every_certificate_is_renewed_under_load() {
    let row = Row::open(16, "deliveries sent and fetched while every certificate is renewed");
    // A server whose own certificate is due, and which has not noticed yet.
    let mut exchange = Exchange::start().await;
    exchange.settings.pace.requests_a_minute_terminal = None;
    exchange.clock.advance(TimeDelta::days(-310));
    let exchange = exchange.restart().await;
    let first = shown(&exchange, &exchange.running.enrolment_url, exchange.clock.now()).await;
    exchange.clock.advance(TimeDelta::days(310));

    let planner = exchange.office(PLANNER, "43").await;
    let helper = exchange.office(HELPER, "11").await;
    let (old_sender, sending) = terminal(&exchange, &planner).await;
    let (old_receiver, receiving) = terminal(&exchange, &helper).await;
    let offices = Arc::new([planner, helper]);
    // Closed only while the clock jumps: a session that ends by its clock is no matter of certificates.
    let gate = Arc::new(RwLock::new(()));
    let waiting = Arc::new(Semaphore::new(WAITING_MAX));
    let send = || Work::Send {
        offices: Arc::clone(&offices),
        waiting: Arc::clone(&waiting),
        sent: Vec::new(),
    };
    let mut senders: Vec<Worker> = [send(), send(), send(), Work::List { after: 0 }]
        .into_iter()
        .map(|work| Worker::start(work, &sending, &gate))
        .collect();
    let fetch = Work::Fetch {
        after: 0,
        waiting: Arc::clone(&waiting),
        fetched: Vec::new(),
    };
    let mut fetching = Worker::start(fetch, &receiving, &gate);
    let go_on = async |senders: &mut Vec<Worker>, fetching: &mut Worker| {
        for worker in senders {
            worker.goes_on().await;
        }
        fetching.goes_on().await;
    };
    go_on(&mut senders, &mut fetching).await;

    // The terminals' certificates are issued anew, and taken up by some while the others go on with the old ones.
    let new_sender = renewed(&exchange, &old_sender, &sending).await;
    let new_receiver = renewed(&exchange, &old_receiver, &receiving).await;
    go_on(&mut senders, &mut fetching).await;
    let (new_sending, new_receiving) = (
        sign_in(&new_sender, &offices[0]).await.unwrap(),
        sign_in(&new_receiver, &offices[1]).await.unwrap(),
    );
    for worker in senders.iter().step_by(2) {
        worker.line.send_replace(new_sending.clone());
    }
    fetching.line.send_replace(new_receiving);
    go_on(&mut senders, &mut fetching).await;
    for worker in &senders {
        worker.line.send_replace(new_sending.clone());
    }
    go_on(&mut senders, &mut fetching).await;

    // The server renews its own: whoever is connected goes on, and whoever connects anew is let in.
    exchange.running.sweep().await.unwrap();
    let second = shown(&exchange, &exchange.running.enrolment_url, exchange.clock.now()).await;
    assert_ne!(first.unwrap(), second.unwrap(), "the server's own was not renewed");
    go_on(&mut senders, &mut fetching).await;
    let (again_sender, again_receiver) = (
        reconnected(&exchange, &new_sender),
        reconnected(&exchange, &new_receiver),
    );
    let again_sending = sign_in(&again_sender, &offices[0]).await.unwrap();
    for worker in &senders {
        worker.line.send_replace(again_sending.clone());
    }
    let again_receiving = sign_in(&again_receiver, &offices[1]).await.unwrap();
    fetching.line.send_replace(again_receiving);
    go_on(&mut senders, &mut fetching).await;

    // A day later the old certificates are done with.
    {
        let closed = gate.write().await;
        exchange.clock.advance(TimeDelta::hours(25));
        let later = sign_in(&again_sender, &offices[0]).await.unwrap();
        for worker in &senders {
            worker.line.send_replace(later.clone());
        }
        fetching
            .line
            .send_replace(sign_in(&again_receiver, &offices[1]).await.unwrap());
        drop(closed);
    }
    go_on(&mut senders, &mut fetching).await;
    for old in [&old_sender, &old_receiver] {
        assert_eq!(
            refused(old.client.this_terminal().await),
            ProblemCode::CertificateReplaced
        );
    }
    go_on(&mut senders, &mut fetching).await;

    let mut sent = Vec::new();
    for worker in senders {
        if let Work::Send { sent: of_one, .. } = worker.end().await {
            sent.extend(of_one);
        }
    }
    let line = fetching.line.borrow().clone();
    let mut work = fetching.end().await;
    let fetched = loop {
        let Work::Fetch { fetched, .. } = &work else {
            panic!("another's work")
        };
        if fetched.len() >= sent.len() {
            break fetched.clone();
        }
        work.round(&line).await.unwrap();
    };
    assert_eq!(fetched.len(), sent.len(), "doubled");
    let of = |ids: Vec<DeliveryId>| ids.into_iter().collect::<BTreeSet<_>>();
    let (count, sent) = (sent.len(), of(sent));
    assert_eq!((count, &sent), (sent.len(), &of(fetched)));
    assert!(count as u64 >= 3 * rounds(), "{count}");
    // And as many as that are in the list, each once, each received.
    let (mut after, mut listed) = (0, Vec::new());
    loop {
        let page = line.inbox(after, 100).await.unwrap();
        after = page.next;
        for row in page.rows {
            assert!(matches!(row.status, DeliveryStatus::Received { .. }), "{row:?}");
            listed.push(row.header.id);
        }
        if !page.more {
            break;
        }
    }
    assert_eq!((listed.len(), of(listed)), (count, sent));
    row.close(count as u64, Breaches::default());
}
