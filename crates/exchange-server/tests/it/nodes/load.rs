//! Load that goes on while something is done to the servers: whatever was sent has to arrive, once and whole.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use care_model::{DeliveryId, Digest};
use exchange_client::SignedIn;
use exchange_protocol::DeliveryStatus;
use fault_row::Breaches;
use tokio::task::JoinHandle;

use super::{content, insist, receive, send};
use crate::exchange::Office;

/// Senders and receivers at work. Each asks again until it is answered; a refusal that is not passing fails the test.
pub(crate) struct Load {
    enough: Arc<AtomicBool>,
    all_sent: Arc<AtomicBool>,
    sent: Arc<Mutex<HashMap<DeliveryId, Digest>>>,
    received: Arc<Mutex<Vec<(DeliveryId, Digest)>>>,
    senders: Vec<JoinHandle<()>>,
    receivers: Vec<JoinHandle<()>>,
}

impl Load {
    pub(crate) fn begin(senders: Vec<SignedIn>, receivers: Vec<SignedIn>, planner: &Office, helper: &Office) -> Self {
        let mut load = Self {
            enough: Arc::default(),
            all_sent: Arc::default(),
            sent: Arc::default(),
            received: Arc::default(),
            senders: Vec::new(),
            receivers: Vec::new(),
        };
        let numbers: Arc<AtomicUsize> = Arc::default();
        for line in senders {
            let (planner, helper, numbers) = (planner.clone(), helper.clone(), Arc::clone(&numbers));
            let (enough, sent) = (Arc::clone(&load.enough), Arc::clone(&load.sent));
            load.senders.push(tokio::spawn(async move {
                while !enough.load(Ordering::SeqCst) {
                    let content = content(numbers.fetch_add(1, Ordering::SeqCst));
                    let digest = Digest::of(&content);
                    let id = send(&line, &planner, &helper, content).await;
                    sent.lock().unwrap().insert(id, digest);
                }
            }));
        }
        for line in receivers {
            let (all_sent, received) = (Arc::clone(&load.all_sent), Arc::clone(&load.received));
            load.receivers.push(tokio::spawn(
                async move { fetch_all(&line, &all_sent, &received).await },
            ));
        }
        load
    }

    /// What was accepted so far.
    pub(crate) fn sent(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    /// Sends no more, waits until everything is fetched, and compares.
    pub(crate) async fn end(self) -> (usize, Breaches) {
        self.enough.store(true, Ordering::SeqCst);
        for sender in self.senders {
            sender.await.unwrap();
        }
        self.all_sent.store(true, Ordering::SeqCst);
        for receiver in self.receivers {
            receiver.await.unwrap();
        }
        let (sent, received) = (self.sent.lock().unwrap(), self.received.lock().unwrap());
        let once: HashMap<DeliveryId, Digest> = received.iter().copied().collect();
        let lost = sent.keys().filter(|id| !once.contains_key(id)).count();
        let half = sent
            .iter()
            .filter(|(id, digest)| once.get(id).is_some_and(|found| found != *digest))
            .count();
        let unknown = once.keys().filter(|id| !sent.contains_key(id)).count();
        let breaches = Breaches {
            lost: lost as u64,
            doubled: (received.len() - once.len() + unknown) as u64,
            half: half as u64,
            leaked: 0,
        };
        (sent.len(), breaches)
    }
}

async fn fetch_all(line: &SignedIn, all_sent: &AtomicBool, received: &Mutex<Vec<(DeliveryId, Digest)>>) {
    let (mut after, mut open) = (0, HashMap::new());
    loop {
        // Asked before the list is read: what is sent later is seen by the next round.
        let was_last = all_sent.load(Ordering::SeqCst);
        let page = insist(|| line.inbox(after, 200)).await.unwrap();
        after = page.next;
        for row in page.rows {
            match row.status {
                DeliveryStatus::Waiting | DeliveryStatus::Claimed { .. } => {
                    open.insert(row.header.id, row.status);
                }
                _ => {
                    open.remove(&row.header.id);
                }
            }
        }
        if page.more {
            continue;
        }
        let waiting: Vec<DeliveryId> = open.keys().copied().collect();
        for id in waiting {
            // What the other terminal has is left to it; a claim of it that lapses is claimed by the next round.
            if let Some(digest) = receive(line, id).await {
                received.lock().unwrap().push((id, digest));
            }
        }
        if was_last && open.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
