//! Several servers over one database and one bucket, as processes behind a switch: any of them may be killed, and the
//! database or the bucket may go away. Run where the environment names a shared engine.

#[cfg(unix)]
mod full;
pub(crate) mod load;
mod outages;
mod put_back;
mod rolling;
pub(crate) mod switch;
mod updates;

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use bytes::Bytes;
use care_model::{DeliveryId, Digest, ProblemCode};
use exchange_client::{ClientError, Connection, ExchangeClient, SignedIn};
use exchange_protocol::Claim;
use exchange_server::{Engine, Settings};
use exchange_store::SharedEngine;
use fault_row::Row;
use tempfile::TempDir;
use test_engine::engine_file;

use self::{
    load::Load,
    switch::{Line, Switch},
};
use crate::{
    exchange::{Exchange, HELPER, Office, PLANNER, Terminal, header, json, refused, sign_in},
    ground::Process,
};

const NODES: usize = 3;

/// An exchange whose nodes are processes.
struct Cluster {
    nodes: Vec<Option<Process>>,
    /// What each node starts with: a data folder of its own, the same keys.
    settings: Vec<Settings>,
    /// Where rows and contents are, without a switch in between.
    engine: Engine,
    terminals: Switch,
    /// Between the nodes and the database.
    database: Switch,
    /// Between the nodes and the bucket.
    bucket: Switch,
    connection: Connection,
    planner: Office,
    helper: Office,
    here: Terminal,
    there: Terminal,
    there_too: Terminal,
    /// Deleted with this value.
    _folder: TempDir,
}

impl Cluster {
    async fn start(nodes: usize) -> Self {
        let exchange = Exchange::start().await;
        let (planner, here, _) = exchange.desk(PLANNER, "43").await;
        let (helper, there, _) = exchange.desk(HELPER, "11").await;
        let there_too = exchange.terminal(&helper, "奥の部屋").await;
        let (mut connection, settings, folder) = exchange.leave().await;
        let Engine::Shared(engine) = &settings.engine else {
            panic!("the environment names no shared engine: this runs in `cargo xtask test`");
        };
        let database = Switch::before(&[address_in(&engine.database)]).await;
        let bucket = Switch::before(&[address_in(&engine.bucket.endpoint)]).await;
        let switched = through(engine, &database, &bucket);
        let engine = settings.engine.clone();
        let settings: Vec<Settings> = (0..nodes)
            .map(|node| {
                let keys = folder.path().join(format!("keys-{node}"));
                copy(&settings.keys, &keys);
                fs::write(keys.join("engine.toml"), engine_file(&switched)).unwrap();
                let mut own = Settings::new(folder.path().join(format!("data-{node}")));
                own.keys = keys;
                own
            })
            .collect();
        let running: Vec<Process> = settings.iter().map(start).collect();
        let addresses: Vec<SocketAddr> = running.iter().map(|node| address_in(&node.exchange_url)).collect();
        let terminals = Switch::before(&addresses).await;
        connection.exchange_url = format!("https://{}", terminals.address);
        Self {
            nodes: running.into_iter().map(Some).collect(),
            settings,
            engine,
            terminals,
            database,
            bucket,
            connection,
            planner,
            helper,
            here,
            there,
            there_too,
            _folder: folder,
        }
    }

    /// Kills a node at once and starts it again, on other ports.
    fn kill(&mut self, node: usize) {
        self.terminals.replace(node, None);
        if let Some(process) = self.nodes[node].take() {
            process.kill();
        }
        let process = start(&self.settings[node]);
        self.terminals.replace(node, Some(address_in(&process.exchange_url)));
        self.nodes[node] = Some(process);
    }

    /// Load through the switch: three senders of the one office, two terminals of the other.
    async fn load(&self) -> Load {
        let mut senders = Vec::new();
        for _ in 0..3 {
            let client = self.client(&self.here);
            senders.push(self.signed_in(client, &self.here, &self.planner).await);
        }
        let mut receivers = Vec::new();
        for terminal in [&self.there, &self.there_too] {
            receivers.push(self.signed_in(self.client(terminal), terminal, &self.helper).await);
        }
        Load::begin(senders, receivers, &self.planner, &self.helper)
    }

    /// A new line through the switch.
    fn client(&self, terminal: &Terminal) -> ExchangeClient {
        ExchangeClient::new(&self.connection, Some(&terminal.identity)).unwrap()
    }

    /// A new line to one node.
    fn client_at(&self, node: usize, terminal: &Terminal) -> ExchangeClient {
        let mut connection = self.connection.clone();
        connection.exchange_url = self.node(node).exchange_url.clone();
        ExchangeClient::new(&connection, Some(&terminal.identity)).unwrap()
    }

    fn node(&self, node: usize) -> &Process {
        self.nodes[node].as_ref().unwrap()
    }

    async fn signed_in(&self, client: ExchangeClient, terminal: &Terminal, office: &Office) -> SignedIn {
        let terminal = Terminal {
            client,
            answer: terminal.answer.clone(),
            identity: terminal.identity.clone(),
        };
        sign_in(&terminal, office).await.unwrap()
    }

    /// Whether a node says that it is ready, and what it says.
    async fn readiness(&self, node: usize) -> (u16, serde_json::Value) {
        let (status, body) = crate::bare::ask(&self.node(node).operations_url, "/ready").await;
        (status, serde_json::from_str(&body).unwrap())
    }
}

fn start(settings: &Settings) -> Process {
    let server = Command::new(env!("CARGO_BIN_EXE_exchange-server"));
    Process::start_as(
        server,
        settings,
        &["--operations-listen", "127.0.0.1:0", "--drain-seconds", "1"],
        Stdio::null(),
    )
}

/// The host and port in an address of any scheme.
pub(crate) fn address_in(url: &str) -> SocketAddr {
    let host = url.split("://").nth(1).unwrap();
    let host = host.split('/').next().unwrap();
    host.rsplit('@').next().unwrap().parse().unwrap()
}

fn through(engine: &SharedEngine, database: &Switch, bucket: &Switch) -> SharedEngine {
    let mut switched = engine.clone();
    let at = address_in(&engine.database).to_string();
    switched.database = engine.database.replace(&at, &database.address.to_string()).into();
    switched.bucket.endpoint = format!("http://{}", bucket.address);
    switched
}

fn copy(from: &PathBuf, to: &PathBuf) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// What a failure that says nothing of the delivery is: the same call may come again.
pub(crate) fn is_passing(error: &ClientError) -> bool {
    error.is_line()
        || matches!(error, ClientError::Refused(problem)
            if matches!(problem.code, ProblemCode::ServerBusy | ProblemCode::Internal))
}

/// Asks until there is an answer.
pub(crate) async fn insist<T, F: Future<Output = Result<T, ClientError>>>(
    mut ask: impl FnMut() -> F,
) -> Result<T, ClientError> {
    let begun = Instant::now();
    loop {
        match ask().await {
            Err(error) if is_passing(&error) && begun.elapsed() < Duration::from_secs(60) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            answer => return answer,
        }
    }
}

/// One delivery's bytes: small ones, and every seventh beyond what fits into one request.
pub(crate) fn content(number: usize) -> Vec<u8> {
    let length = if number.is_multiple_of(7) { 5_000_000 } else { 900 };
    let letter = |place: usize| b'a' + ((place * 7 + number) % 26) as u8;
    (0..length).map(letter).collect()
}

/// Sends, however often it takes.
pub(crate) async fn send(line: &SignedIn, planner: &Office, helper: &Office, content: Vec<u8>) -> DeliveryId {
    let header = header(planner, helper, &[(None, &content)]);
    let (json, content) = (json(&header), Bytes::from(content));
    let read = move |_: usize, offset: u64, length: usize| {
        let start = usize::try_from(offset).unwrap();
        Ok(content.slice(start..start + length))
    };
    let accepted = insist(|| line.send(json.clone(), &read, |_| {})).await.unwrap();
    assert_eq!(accepted.id, header.id);
    header.id
}

/// Fetches and confirms what waits, however often it takes; what the other terminal has is left to it.
pub(crate) async fn receive(line: &SignedIn, id: DeliveryId) -> Option<Digest> {
    let claim: Claim = match insist(|| line.claim(id, None)).await {
        Ok(claim) => claim,
        Err(ClientError::Refused(_)) => return None,
        Err(other) => panic!("{other:?}"),
    };
    let mut fetched = Vec::new();
    let begun = Instant::now();
    'fetch: loop {
        let mut stream = line.fetch_part(&claim, 0, fetched.len() as u64).unwrap();
        loop {
            match stream.next().await {
                Ok(Some(piece)) => fetched.extend_from_slice(&piece),
                Ok(None) => break 'fetch,
                Err(error) if is_passing(&error) && begun.elapsed() < Duration::from_secs(60) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue 'fetch;
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    insist(|| line.confirm(id, claim.fence)).await.unwrap();
    Some(Digest::of(&fetched))
}

#[tokio::test(flavor = "multi_thread")]
async fn row_01_three_nodes_that_are_killed_under_load_lose_nothing_and_double_nothing() {
    /// At least, however quickly the kills are done.
    const SENDS: usize = 84;
    let mut row = Row::open(1, "one of three nodes is killed with -9 again and again under load");
    let mut random = fastrand::Rng::with_seed(row.seed());
    let mut cluster = Cluster::start(NODES).await;
    let load = cluster.load().await;
    let (mut kills, kills_min) = (0, row.times(3, 300));
    while kills < kills_min || load.sent() < SENDS {
        tokio::time::sleep(Duration::from_millis(random.u64(100..700))).await;
        let node = random.usize(..NODES);
        tokio::task::block_in_place(|| cluster.kill(node));
        kills += 1;
    }
    let (sent, breaches) = load.end().await;
    row.figure("deliveries", f64::from(u32::try_from(sent).unwrap()));
    row.close(kills, breaches);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_at_one_node_is_told_at_every_other() {
    let cluster = Cluster::start(2).await;
    let listener = cluster
        .signed_in(cluster.client_at(1, &cluster.there), &cluster.there, &cluster.helper)
        .await;
    let mut events = listener.events().await.unwrap();
    let sender = cluster
        .signed_in(cluster.client_at(0, &cluster.here), &cluster.here, &cluster.planner)
        .await;
    send(&sender, &cluster.planner, &cluster.helper, b"text".to_vec()).await;
    let told = tokio::time::timeout(Duration::from_secs(5), async {
        loop {
            let event = events.next().await.unwrap().unwrap();
            if matches!(event, exchange_protocol::Event::Inbox { upto: 1.. }) {
                return;
            }
        }
    });
    told.await.expect("told without being asked");
    // Signed out at one node is signed out at the other, whatever that one remembers.
    assert!(listener.me().await.is_ok());
    let elsewhere = cluster
        .signed_in(cluster.client_at(0, &cluster.there), &cluster.there, &cluster.helper)
        .await;
    elsewhere.sign_out_everywhere().await.unwrap();
    let begun = Instant::now();
    while listener.me().await.is_ok() {
        assert!(
            begun.elapsed() < Duration::from_secs(3),
            "the other node remembers who may not come in any more"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(refused(listener.me().await), ProblemCode::SignInRequired);
}

/// A node that stands still may have the turn to write; it loses it, and what it took up meanwhile comes again.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_freezes_stops_no_other_for_long() {
    let cluster = Cluster::start(2).await;
    let frozen = cluster
        .signed_in(cluster.client_at(0, &cluster.here), &cluster.here, &cluster.planner)
        .await;
    let awake = cluster
        .signed_in(cluster.client_at(1, &cluster.here), &cluster.here, &cluster.planner)
        .await;
    let receiver = cluster
        .signed_in(cluster.client_at(1, &cluster.there), &cluster.there, &cluster.helper)
        .await;
    let mut sent = Vec::new();
    for round in 0..3_u8 {
        let mut under_way = Vec::new();
        for number in 0..20_u8 {
            let (line, planner, helper) = (frozen.clone(), cluster.planner.clone(), cluster.helper.clone());
            let content = vec![b'a' + round, b'a' + number];
            under_way.push(tokio::spawn(
                async move { send(&line, &planner, &helper, content).await },
            ));
        }
        tokio::time::sleep(Duration::from_millis(5 + u64::from(round) * 5)).await;
        cluster.node(0).signal("STOP");
        let begun = Instant::now();
        sent.push(send(&awake, &cluster.planner, &cluster.helper, b"meanwhile".to_vec()).await);
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
        cluster.node(0).signal("CONT");
        for one in under_way {
            sent.push(one.await.unwrap());
        }
    }
    let rows = receiver.inbox(0, 200).await.unwrap().rows;
    let mut found: Vec<DeliveryId> = rows.iter().map(|row| row.header.id).collect();
    found.sort();
    sent.sort();
    assert_eq!(found, sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_of_a_sign_in_may_come_to_different_nodes() {
    let cluster = Cluster::start(2).await;
    let (first, second) = (cluster.client_at(0, &cluster.here), cluster.client_at(1, &cluster.here));
    let planner = &cluster.planner;
    let password = planner.made.password.clone().into();
    let step = first
        .sign_in_person(&planner.person.person_id, &planner.person.password.clone().into())
        .await
        .unwrap();
    let tokens = second
        .sign_in_office(&step, &planner.made.office_id, &password)
        .await
        .unwrap();
    assert!(first.signed_in(&tokens.access).me().await.is_ok());
    // A step is good for one sign-in, at whichever node.
    let again = first.sign_in_office(&step, &planner.made.office_id, &password);
    assert_eq!(refused(again.await), ProblemCode::SignInRequired);
}
