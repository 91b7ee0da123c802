//! An upgrade as operators do it: one node after the other is drained, started anew and waited for, while offices work.

use std::time::Duration;

use super::{Cluster, NODES, Process, Row, address_in, start};
use crate::upgrades::migrate_later;

impl Cluster {
    /// Ends a node in order and starts it again: whatever leads clients here is told first.
    async fn upgrade(&mut self, node: usize) {
        let process = self.nodes[node].take().unwrap();
        process.terminate();
        let begun = std::time::Instant::now();
        loop {
            let (status, said) = crate::bare::ask(&process.operations_url, "/ready").await;
            if status == 503 {
                assert!(said.contains("draining"), "{said}");
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(5), "{said}");
        }
        self.terminals.replace(node, None);
        assert!(process.ended().await, "a drained node ends in order");
        let process: Process = tokio::task::block_in_place(|| start(&self.settings[node]));
        let (status, said) = crate::bare::ask(&process.operations_url, "/ready").await;
        assert_eq!(status, 200, "{said}");
        self.terminals.replace(node, Some(address_in(&process.exchange_url)));
        self.nodes[node] = Some(process);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_22_three_nodes_are_upgraded_one_after_the_other_under_load() {
    let mut row = Row::open(22, "three nodes are upgraded one after the other under load");
    let mut random = fastrand::Rng::with_seed(row.seed());
    let mut cluster = Cluster::start(NODES).await;
    let load = cluster.load().await;
    let rounds = row.times(1, 20);
    for round in 0..rounds {
        let mut nodes: Vec<usize> = (0..NODES).collect();
        random.shuffle(&mut nodes);
        for (place, node) in nodes.into_iter().enumerate() {
            tokio::time::sleep(Duration::from_millis(random.u64(100..500))).await;
            cluster.upgrade(node).await;
            if place == 0 {
                // The first one of the new version brings the schema up to date; the others serve on with it.
                migrate_later(&cluster.engine, round).await;
            }
        }
    }
    let (sent, breaches) = load.end().await;
    row.figure("deliveries", f64::from(u32::try_from(sent).unwrap()));
    row.close(rounds * NODES as u64, breaches);
}
