//! An older copy of the database, put back under nodes that run: they take nothing and say so; the newest one, put back
//! after all, is served on.

use super::{Cluster, Duration, Instant, ProblemCode, refused, send};
use crate::{
    exchange::{bytes, header, json},
    upgrades::{administrate, alone, name_of},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_put_back_is_told_and_takes_nothing() {
    let cluster = Cluster::start(2).await;
    let (here, there) = (&cluster.here, &cluster.there);
    let sender = cluster.signed_in(cluster.client(here), here, &cluster.planner).await;
    let receiver = cluster.signed_in(cluster.client(there), there, &cluster.helper).await;
    let mut sent = vec![send(&sender, &cluster.planner, &cluster.helper, b"before".to_vec()).await];
    let name = name_of(&cluster.engine);
    alone(&name).await;
    administrate(format!("CREATE DATABASE {name}_kept TEMPLATE {name}")).await;
    administrate(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
    sent.push(send(&sender, &cluster.planner, &cluster.helper, b"after".to_vec()).await);
    // By then every node has heard of it, and it is noted beside the contents: nobody puts a database back faster.
    tokio::time::sleep(Duration::from_secs(7)).await;

    alone(&name).await;
    administrate(format!("ALTER DATABASE {name} RENAME TO {name}_newest")).await;
    administrate(format!("CREATE DATABASE {name} TEMPLATE {name}_kept")).await;
    for node in 0..2 {
        let begun = Instant::now();
        loop {
            let (status, said) = cluster.readiness(node).await;
            if said["state"] == "put_back" {
                assert_eq!(status, 503, "{said}");
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{said}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let parts: &[(Option<&str>, &[u8])] = &[(None, b"never")];
    let header = header(&cluster.planner, &cluster.helper, parts);
    let answer = sender.send_small(header.id, &json(&header), &bytes(parts)).await;
    assert_eq!(
        refused(answer),
        ProblemCode::ServerBusy,
        "the desk keeps it and tries again"
    );

    alone(&name).await;
    administrate(format!("DROP DATABASE {name}")).await;
    administrate(format!("ALTER DATABASE {name}_newest ALLOW_CONNECTIONS true")).await;
    administrate(format!("ALTER DATABASE {name}_newest RENAME TO {name}")).await;
    sent.push(send(&sender, &cluster.planner, &cluster.helper, b"again".to_vec()).await);
    let rows = receiver.inbox(0, 200).await.unwrap().rows;
    let mut found: Vec<_> = rows.iter().map(|row| row.header.id).collect();
    found.sort();
    sent.sort();
    assert_eq!(found, sent);
}
