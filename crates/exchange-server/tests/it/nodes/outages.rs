//! The database or the bucket is away, stands still or takes no writes: it is told, nothing accepted is lost, and it goes
//! on by itself.

use super::{Cluster, Duration, Engine, Instant, Line, ProblemCode, content, header, json, receive, refused, send};
use crate::{
    exchange::bytes,
    ground::{program, refused_start},
};
use care_model::{DeliveryId, Digest};
use exchange_client::SignedIn;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use test_engine::Places;
use tokio::task::JoinHandle;

/// Tries to send something small once.
pub(super) async fn try_to_send(cluster: &Cluster, line: &SignedIn) -> Result<DeliveryId, ProblemCode> {
    try_to_send_this(cluster, line, b"in between").await
}

/// Tries once to send what lies in a row of the database.
pub(super) async fn try_to_send_this(
    cluster: &Cluster,
    line: &SignedIn,
    content: &[u8],
) -> Result<DeliveryId, ProblemCode> {
    let parts: &[(Option<&str>, &[u8])] = &[(None, content)];
    let header = header(&cluster.planner, &cluster.helper, parts);
    let sent = line.send_small(header.id, &json(&header), &bytes(parts)).await;
    if sent.is_ok() {
        Ok(header.id)
    } else {
        Err(refused(sent))
    }
}

/// Sends in the background, however often it takes.
fn begin_sending(cluster: &Cluster, line: &SignedIn, content: &[u8]) -> JoinHandle<DeliveryId> {
    let (planner, helper) = (cluster.planner.clone(), cluster.helper.clone());
    let (line, content) = (line.clone(), content.to_vec());
    tokio::spawn(async move { send(&line, &planner, &helper, content).await })
}

pub(super) async fn until_ready(cluster: &Cluster, wanted: u16) -> serde_json::Value {
    let begun = Instant::now();
    loop {
        let (status, said) = cluster.readiness(0).await;
        if status == wanted {
            return said;
        }
        assert!(begun.elapsed() < Duration::from_secs(40), "{status} {said}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until the node says this of itself, which serves meanwhile.
async fn until_state(cluster: &Cluster, state: &str) {
    let begun = Instant::now();
    loop {
        let (status, said) = cluster.readiness(0).await;
        assert_eq!(status, 200, "{said}");
        if said["state"] == state {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{said}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A connection to the throw-away database, past the nodes.
pub(super) async fn database(places: &Places, name: &str) -> PgConnection {
    PgConnection::connect(&format!("{}/{name}", places.database))
        .await
        .unwrap()
}

pub(super) async fn order(connection: &mut PgConnection, words: String) {
    sqlx::query(AssertSqlSafe(words)).execute(connection).await.unwrap();
}

/// The name of a cluster's database.
pub(super) fn name_of(cluster: &Cluster) -> String {
    let Engine::Shared(engine) = &cluster.engine else {
        panic!("a cluster has a shared engine");
    };
    engine.database.rsplit('/').next().unwrap().to_owned()
}

/// Ends every connection to a database.
pub(super) fn ended(name: &str) -> String {
    format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
}

/// Both lines of a cluster of one node, signed in.
pub(super) async fn lines(cluster: &Cluster) -> (SignedIn, SignedIn) {
    let (here, there) = (&cluster.here, &cluster.there);
    (
        cluster.signed_in(cluster.client(here), here, &cluster.planner).await,
        cluster.signed_in(cluster.client(there), there, &cluster.helper).await,
    )
}

pub(super) async fn everything_is_there(receiver: &SignedIn, sent: &[DeliveryId]) {
    let rows = receiver.inbox(0, 200).await.unwrap().rows;
    let found: Vec<DeliveryId> = rows.iter().map(|row| row.header.id).collect();
    for id in sent {
        assert_eq!(found.iter().filter(|found| *found == id).count(), 1, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_told_and_comes_back() {
    let cluster = Cluster::start(1).await;
    let (sender, receiver) = lines(&cluster).await;
    let mut sent = vec![try_to_send(&cluster, &sender).await.unwrap()];
    for fault in [Line::Cut, Line::Stalls] {
        cluster.database.set(fault);
        let begun = Instant::now();
        assert_eq!(
            try_to_send(&cluster, &sender).await,
            Err(ProblemCode::ServerBusy),
            "{fault:?}"
        );
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{fault:?}: {:?}",
            begun.elapsed()
        );
        let said = until_ready(&cluster, 503).await;
        assert_eq!(said["state"].as_str(), Some("storage_failing"), "{said}");
        cluster.database.set(Line::Passes);
        sent.push(send(&sender, &cluster.planner, &cluster.helper, b"after".to_vec()).await);
        until_ready(&cluster, 200).await;
        everything_is_there(&receiver, &sent).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_no_writes_is_told_and_comes_back() {
    let cluster = Cluster::start(1).await;
    let (sender, receiver) = lines(&cluster).await;
    let mut sent = vec![try_to_send(&cluster, &sender).await.unwrap()];
    let name = name_of(&cluster);
    let places = Places::from_environment().unwrap();
    let set = async |value: &str| {
        let mut connection = database(&places, "postgres").await;
        let set = format!("ALTER DATABASE {name} SET default_transaction_read_only = {value}");
        order(&mut connection, set).await;
        order(&mut connection, ended(&name)).await;
    };
    set("on").await;
    assert_eq!(try_to_send(&cluster, &sender).await, Err(ProblemCode::ServerBusy));
    let said = until_ready(&cluster, 503).await;
    assert_eq!(said["state"].as_str(), Some("storage_failing"), "{said}");
    // What is there can be read.
    everything_is_there(&receiver, &sent).await;
    set("off").await;
    sent.push(send(&sender, &cluster.planner, &cluster.helper, b"after".to_vec()).await);
    until_ready(&cluster, 200).await;
    everything_is_there(&receiver, &sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_crawls_makes_everybody_wait_and_loses_nothing() {
    let cluster = Cluster::start(1).await;
    let (sender, receiver) = lines(&cluster).await;
    let begun = Instant::now();
    let mut sent = vec![try_to_send(&cluster, &sender).await.unwrap()];
    let undisturbed = begun.elapsed();
    cluster.database.set(Line::Crawls);
    let begun = Instant::now();
    let sends = (0..20).map(|_| try_to_send(&cluster, &sender));
    for answer in futures::future::join_all(sends).await {
        sent.push(answer.unwrap());
    }
    assert!(
        begun.elapsed() > undisturbed + Duration::from_millis(200),
        "{undisturbed:?}"
    );
    assert_eq!(cluster.readiness(0).await.0, 200);
    cluster.database.set(Line::Passes);
    everything_is_there(&receiver, &sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_started_while_its_database_is_away_says_so_and_ends() {
    let mut cluster = Cluster::start(1).await;
    let (sender, _) = lines(&cluster).await;
    let sent = try_to_send(&cluster, &sender).await.unwrap();
    if let Some(node) = cluster.nodes[0].take() {
        node.kill();
    }
    for fault in [Line::Cut, Line::Stalls] {
        cluster.database.set(fault);
        let settings = cluster.settings[0].clone();
        let refused = tokio::task::spawn_blocking(move || refused_start(program(), &settings));
        let words = tokio::time::timeout(Duration::from_secs(60), refused).await.unwrap();
        let words = words.unwrap();
        assert!(words.contains("storage cannot be used"), "{fault:?}: {words}");
    }
    cluster.database.set(Line::Passes);
    cluster.kill(0);
    let (_, receiver) = lines(&cluster).await;
    everything_is_there(&receiver, &[sent]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_away_holds_up_large_deliveries_only() {
    let cluster = Cluster::start(1).await;
    let (sender, receiver) = lines(&cluster).await;
    cluster.bucket.set(Line::Cut);
    let small = try_to_send(&cluster, &sender).await.unwrap();
    let large = content(7);
    let sending = begin_sending(&cluster, &sender, &large);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!sending.is_finished(), "nothing says that it is stored while it is not");
    cluster.bucket.set(Line::Passes);
    let id = sending.await.unwrap();
    everything_is_there(&receiver, &[small, id]).await;
    assert_eq!(receive(&receiver, id).await, Some(Digest::of(&large)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_takes_no_writes_is_told_and_comes_back() {
    let cluster = Cluster::start(1).await;
    let (sender, receiver) = lines(&cluster).await;
    let before = content(7);
    let there = send(&sender, &cluster.planner, &cluster.helper, before.clone()).await;
    let mut sent = vec![there];
    let mut large = Vec::new();
    // Without the right to write, and without room.
    for status in [403, 507] {
        cluster.bucket.set(Line::Refuses(status));
        sent.push(try_to_send(&cluster, &sender).await.unwrap());
        let bytes = content(14);
        let sending = begin_sending(&cluster, &sender, &bytes);
        until_state(&cluster, "contents_failing").await;
        assert!(
            !sending.is_finished(),
            "{status}: nothing says that it is stored while it is not"
        );
        // What is there can be fetched.
        if status == 403 {
            assert_eq!(receive(&receiver, there).await, Some(Digest::of(&before)));
        }
        cluster.bucket.set(Line::Passes);
        large.push((sending.await.unwrap(), Digest::of(&bytes)));
        until_state(&cluster, "ready").await;
    }
    sent.extend(large.iter().map(|(id, _)| *id));
    sent.retain(|id| *id != there);
    everything_is_there(&receiver, &sent).await;
    for (id, digest) in large {
        assert_eq!(receive(&receiver, id).await, Some(digest));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_crawls_holds_up_nobody_else() {
    let cluster = Cluster::start(1).await;
    let (sender, receiver) = lines(&cluster).await;
    cluster.bucket.set(Line::Crawls);
    let bytes = content(21);
    let sending = begin_sending(&cluster, &sender, &bytes);
    let mut sent = Vec::new();
    while !sending.is_finished() {
        let begun = Instant::now();
        sent.push(try_to_send(&cluster, &sender).await.unwrap());
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(sent.len() > 5, "it was no slow bucket: {}", sent.len());
    let large = sending.await.unwrap();
    sent.push(large);
    everything_is_there(&receiver, &sent).await;
    assert_eq!(receive(&receiver, large).await, Some(Digest::of(&bytes)));
}
