//! `cargo xtask load`: builds the server and what loads it, for release, and starts the one on the other.
//!
//! What it does, and what makes it fail, is in `crates/load`.

use std::path::PathBuf;

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::{
    installers, root,
    shared::{PLACES, SharedServices},
};

/// How it is loaded.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Seconds at each rate.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Offices that take part.
    #[arg(long, default_value_t = 2_000)]
    offices: u32,
    /// Send units a second, one rate after the other; `max` is the most that the server takes.
    #[arg(long, default_value = "20,260,max")]
    rate: String,
    /// Who sends what to whom follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Over a throw-away database and store that so many nodes share; without it one server keeps all in a folder.
    #[arg(long)]
    nodes: Option<u32>,
    /// Also writes every figure to this file, one JSON object a line.
    #[arg(long)]
    json: Option<PathBuf>,
}

pub(crate) fn run(options: Options) -> Result<()> {
    let shell = Shell::new()?;
    // A file named by the caller is the caller's, wherever the tools work.
    let json = options.json.map(std::path::absolute).transpose()?;
    let json = json.into_iter().flat_map(|path| [PathBuf::from("--json"), path]);
    shell.change_dir(root());
    let server = installers::server::program(&shell)?;
    cmd!(shell, "cargo build --release --locked -p load").run()?;
    let load = root().join("target/release/exchange-load");
    let scratch = root().join("target/load");
    let (seconds, offices, seed) = (
        options.seconds.to_string(),
        options.offices.to_string(),
        options.seed.to_string(),
    );
    let rate = options.rate;
    let nodes = options.nodes.map(|nodes| nodes.to_string());
    let nodes = nodes.iter().flat_map(|nodes| ["--nodes", nodes]);
    // Durable, for this is a measurement. They end with the run.
    let services = match options.nodes {
        Some(_) => Some(SharedServices::start(&shell, true)?),
        None => None,
    };
    let places = services
        .as_ref()
        .map(|services| shell.push_env(PLACES, &services.places));
    cmd!(
        shell,
        "{load} --server {server} --scratch {scratch} --seconds {seconds} --offices {offices} --rate {rate} --seed {seed} {nodes...} {json...}"
    )
    .run()?;
    drop(places);
    Ok(())
}
