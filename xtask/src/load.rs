//! `cargo xtask load`: builds the server and what loads it, for release, and starts the one on the other.
//!
//! What it does, and what makes it fail, is in `crates/load`.

use std::path::PathBuf;

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::root;

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
    cmd!(shell, "cargo build --release --locked -p exchange-server -p load").run()?;
    let release = root().join("target/release");
    let (load, server) = (release.join("exchange-load"), release.join("exchange-server"));
    let scratch = root().join("target/load");
    let (seconds, offices, seed) = (
        options.seconds.to_string(),
        options.offices.to_string(),
        options.seed.to_string(),
    );
    let rate = options.rate;
    cmd!(
        shell,
        "{load} --server {server} --scratch {scratch} --seconds {seconds} --offices {offices} --rate {rate} --seed {seed} {json...}"
    )
    .run()?;
    Ok(())
}
