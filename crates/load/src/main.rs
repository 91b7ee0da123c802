//! Month-end at an exchange: many offices on this machine send bundles of the standard to each other, listen, look and
//! fetch, against a real server with mutual TLS and durable commits. `cargo xtask load` builds and starts it.
//!
//! Whatever arrives is counted and hashed. A run in which anything was lost, doubled, changed, astray or left without an
//! answer is a failed run, whatever its figures.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool talks to the terminal")]

mod desks;
mod ledger;
mod report;
mod sending;
mod times;

use std::{
    path::PathBuf,
    process::ExitCode,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use care_model::{ProblemCode, limits};
use clap::Parser;
use exchange_client::{ClientError, Connection};
use exchange_protocol::DeliveryStatus;
use exchange_server::admin::{Admin, AdminSettings};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::sync::watch;

use load::{
    ground::Ground,
    node::Node,
    offices::{self, OFFICES_MAX, Office},
    processes::{self, Cores},
    stock::Stock,
};

use crate::{
    desks::Shared,
    report::{Part, Report, Used},
    sending::Sender,
};

/// How long what was accepted may take to arrive once nothing is sent any more.
const ARRIVAL_WAIT: Duration = Duration::from_secs(120);
const ARRIVAL_POLL: Duration = Duration::from_millis(20);
/// Deliveries that are asked for once more after 済.
const ASKED_AGAIN: usize = 20;
/// Lists that are read at the same time in the end.
const LISTS_AT_ONCE: usize = 16;

/// Loads an exchange as month-end does, and counts and hashes what arrives.
#[derive(Parser)]
struct Arguments {
    /// The `exchange-server` to load.
    #[arg(long)]
    server: PathBuf,
    /// A folder on the disk to load; the data go into a new folder in it.
    #[arg(long)]
    scratch: PathBuf,
    /// Offices, half of which plan care and half of which give it.
    #[arg(long, default_value_t = 2_000)]
    offices: usize,
    /// Seconds at each rate.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Send units a second, one rate after the other; `max` is the most that the server takes.
    #[arg(long, value_delimiter = ',', default_value = "20,260,max")]
    rate: Vec<Rate>,
    /// Who sends what to whom follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// So many servers over the database and the bucket that the environment names; without it one server in a folder.
    #[arg(long)]
    nodes: Option<usize>,
    /// Writes every figure as one JSON object a line.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Loses the arrival of this number, so that a test sees a loss noticed.
    #[arg(long, hide = true)]
    forget: Option<u64>,
}

/// Send units a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rate {
    ASecond(u32),
    Most,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("max", _) => Ok(Self::Most),
            (_, Ok(units @ 1..)) => Ok(Self::ASecond(units)),
            _ => Err("a number of units a second, or max".to_owned()),
        }
    }
}

impl Rate {
    fn name(self) -> String {
        match self {
            Self::ASecond(units) => units.to_string(),
            Self::Most => "max".to_owned(),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    ensure!(arguments.offices <= OFFICES_MAX, "at most {OFFICES_MAX} offices");
    let mut report = Report::new(arguments.json.as_deref())?;
    std::fs::create_dir_all(&arguments.scratch)?;
    let folder = tempfile::tempdir_in(&arguments.scratch)?;
    let ground = match arguments.nodes {
        None => Ground::embedded(folder.path()),
        Some(nodes) => Ground::shared(folder.path(), nodes).await?,
    };
    let begun = Instant::now();
    let registered = offices::register(&ground.settings, arguments.offices).await?;
    ground.hand_out_keys()?;
    println!(
        "{} offices registered in {:.1} s",
        registered.len(),
        begun.elapsed().as_secs_f64()
    );
    let nodes = ground
        .nodes
        .iter()
        .map(|(data, keys)| Node::start(&arguments.server, (data, keys), &[]))
        .collect::<Result<Vec<_>>>()?;
    let connections = connections(&ground, &nodes).await?;
    let begun = Instant::now();
    let offices = offices::sign_in(&registered, &connections).await?;
    println!("enrolled and signed in in {:.1} s", begun.elapsed().as_secs_f64());
    let stock = Stock::make(arguments.seed, offices[0].party, offices[1].party)?;
    let shared = Arc::new(Shared::new(arguments.forget));
    let (end, ending) = watch::channel(false);
    let mut desks = desks::open(&offices, &shared, &ending);
    let begun = Instant::now();
    shared.settled(offices.len()).await;
    println!("all of them listen after {:.1} s", begun.elapsed().as_secs_f64());
    let sender = Arc::new(Sender::new(offices, stock, Arc::clone(&shared), arguments.seed));
    for rate in &arguments.rate {
        shared.begin();
        let before = usages(&ground, &nodes)?;
        let begun = Instant::now();
        let sent = sender.run(*rate, Duration::from_secs(arguments.seconds)).await?;
        arrived(&shared, begun.elapsed()).await;
        let through_seconds = begun.elapsed().as_secs_f64();
        report.add(&Part {
            rate: *rate,
            sent,
            through_seconds,
            before,
            after: usages(&ground, &nodes)?,
            peak_megabytes: nodes.iter().map(Node::peak_megabytes).collect::<Result<_>>()?,
            times: shared.times(),
        })?;
    }
    end.send_replace(true);
    while let Some(desk) = desks.join_next().await {
        desk?;
    }
    listed(&sender.offices, &shared).await?;
    asked_again(&sender.offices).await?;
    let verdict = shared.ledger.verdict();
    report.close(&verdict)?;
    if !verdict.is_good() {
        bail!("not everything arrived once and as it was sent");
    }
    Ok(())
}

/// What a terminal of each node would be set up with.
async fn connections(ground: &Ground, nodes: &[Node]) -> Result<Vec<Connection>> {
    let admin = Admin::open(AdminSettings::from(&ground.settings)).await?;
    let mut connections = Vec::new();
    for node in nodes {
        let file = admin.connection_file(&node.exchange_url, &node.enrolment_url).await?;
        connections.push(Connection::parse(file.as_bytes())?);
    }
    admin.close().await;
    Ok(connections)
}

/// What every node has used, and its peak of memory begins anew; and what all of them stand on.
fn usages(ground: &Ground, nodes: &[Node]) -> Result<Used> {
    let of_nodes = nodes.iter().map(|node| {
        node.forget_peak()?;
        node.usage()
    });
    let nodes = of_nodes.collect::<Result<_>>()?;
    let mut others = vec![("offices", processes::used(std::process::id(), false)?)];
    let mut database_bytes = None;
    match test_engine::Places::from_environment().filter(|_| ground.is_shared()) {
        None => database_bytes = Some(std::fs::metadata(ground.settings.data.join("exchange.db"))?.len() as f64),
        Some(places) => {
            for (name, process) in [("database", places.database_process), ("store", places.store_process)] {
                if let Some(process) = process {
                    others.push((name, processes::used_with_children(process)?));
                }
            }
        }
    }
    Ok(Used {
        nodes,
        cores: Cores::now()?,
        others,
        database_bytes,
    })
}

/// Waits until everything that was accepted has arrived, or until that takes too long.
async fn arrived(shared: &Shared, sending: Duration) {
    let end = Instant::now() + ARRIVAL_WAIT.max(sending);
    while shared.ledger.on_the_way() > 0 && Instant::now() < end {
        // What a test has lost on purpose never arrives: the exchange is asked soon enough.
        if shared.is_all_but_the_forgotten() {
            return;
        }
        tokio::time::sleep(ARRIVAL_POLL).await;
    }
}

/// Reads every list to its end, as the exchange has it.
async fn listed(offices: &[Office], shared: &Shared) -> Result<()> {
    stream::iter(offices.iter().enumerate())
        .map(|(place, office)| async move {
            let mut after = 0;
            loop {
                let page = office.line.inbox(after, limits::PAGE_ROWS_MAX).await?;
                for row in &page.rows {
                    let received = matches!(row.status, DeliveryStatus::Received { .. });
                    shared.ledger.list(row.header.id, place, received);
                }
                after = page.next;
                if !page.more {
                    return anyhow::Ok(());
                }
            }
        })
        .buffer_unordered(LISTS_AT_ONCE)
        .try_collect()
        .await
        .context("reading the lists in the end")
}

/// 済 is for good: some are asked for again.
async fn asked_again(offices: &[Office]) -> Result<()> {
    for office in offices.iter().take(ASKED_AGAIN) {
        let Some(row) = office.line.inbox(0, 1).await?.rows.pop() else {
            continue;
        };
        match office.line.claim(row.header.id, None).await {
            Err(ClientError::Refused(problem)) if problem.code == ProblemCode::AlreadyReceived => {}
            other => bail!("a second fetch was not refused: {:?}", other.map(|claim| claim.fence)),
        }
    }
    Ok(())
}
