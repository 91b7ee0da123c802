//! An exchange with its offices, served by the real program.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use care_model::{DeliveryId, limits};
use exchange_client::Connection;
use exchange_server::admin::{Admin, AdminSettings};
use fault_row::Breaches;
use load::{
    ground::Ground,
    node::Node,
    offices::{self, Office, plans, way_from},
    stock::{Outgoing, Stock},
};
use tempfile::TempDir;

use crate::server;

pub(crate) struct Exchange {
    pub(crate) node: Node,
    pub(crate) offices: Vec<Office>,
    pub(crate) authority_pem: String,
    stock: Stock,
    _folder: TempDir,
}

impl Exchange {
    /// Registers offices and signs them in; who plans and who serves take turns.
    pub(crate) async fn start(offices: usize, seed: u64, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ground = Ground::embedded(folder.path());
        let registered = offices::register(&ground.settings, offices).await.unwrap();
        let (data, keys) = &ground.nodes[0];
        let node = Node::start(&server(), (data, keys), more).unwrap();
        let admin = Admin::open(AdminSettings::from(&ground.settings)).await.unwrap();
        let file = admin
            .connection_file(&node.exchange_url, &node.enrolment_url)
            .await
            .unwrap();
        admin.close().await;
        let connection = Connection::parse(file.as_bytes()).unwrap();
        let offices = offices::sign_in(&registered, std::slice::from_ref(&connection))
            .await
            .unwrap();
        let stock = Stock::make(seed, offices[0].party, offices[1].party).unwrap();
        Self {
            node,
            offices,
            authority_pem: connection.authority_pem,
            stock,
            _folder: folder,
        }
    }

    /// The unit of a number, from one office to another.
    pub(crate) fn unit(&self, number: u64, from: usize, to: usize) -> Outgoing {
        assert_ne!(plans(from), plans(to));
        let (sender, destination) = (self.offices[from].party, self.offices[to].party);
        self.stock
            .delivery(number, way_from(from), sender, destination)
            .unwrap()
    }

    /// What every office has waiting, each as often as it is listed.
    pub(crate) async fn listed(&self) -> HashMap<DeliveryId, u64> {
        let mut listed = HashMap::new();
        for office in &self.offices {
            let mut after = 0;
            loop {
                let page = office.line.inbox(after, limits::PAGE_ROWS_MAX).await.unwrap();
                for row in &page.rows {
                    *listed.entry(row.header.id).or_default() += 1;
                }
                after = page.next;
                if !page.more {
                    break;
                }
            }
        }
        listed
    }

    /// What of the accepted is missing, and what is there twice or was never answered as accepted. `open` may be either.
    pub(crate) async fn breaches(&self, accepted: &HashSet<DeliveryId>, open: &HashSet<DeliveryId>) -> Breaches {
        let listed = self.listed().await;
        let lost = accepted.iter().filter(|id| !listed.contains_key(id)).count();
        let doubled = listed.values().filter(|times| **times > 1).count();
        let unasked = listed.keys().filter(|id| !accepted.contains(id) && !open.contains(id));
        Breaches {
            lost: lost as u64,
            doubled: doubled as u64 + unasked.count() as u64,
            ..Breaches::default()
        }
    }
}

/// Times, of which the slowest hundredth is asked for.
#[derive(Default)]
pub(crate) struct Taken(BTreeMap<Duration, u64>);

impl Taken {
    pub(crate) fn add(&mut self, taken: Duration) {
        *self.0.entry(taken).or_default() += 1;
    }

    pub(crate) fn extend(&mut self, other: Self) {
        for (taken, count) in other.0 {
            *self.0.entry(taken).or_default() += count;
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// The least time that so many of a hundred did not go beyond, in milliseconds.
    pub(crate) fn percentile_ms(&self, hundredths: u64) -> f64 {
        let rank = (self.count() * hundredths).div_ceil(100);
        let mut seen = 0;
        let found = self.0.iter().find(|(_, count)| {
            seen += **count;
            seen >= rank
        });
        found.map_or(0.0, |(taken, _)| taken.as_secs_f64() * 1_000.0)
    }
}
