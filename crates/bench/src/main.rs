//! The figures of the project, one line each; `cargo xtask bench` builds and starts it.
//!
//! The server is a process of its own, built for release, with mutual TLS and durable commits. Every run counts
//! what arrived against what was sent, and fails if anything was lost, doubled or changed.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool talks to the terminal")]

mod bulk;
mod check;
mod exchange;
mod figures;
mod files;
mod large;
mod memory;
mod pickups;
mod reading;
mod sandbox;
mod search;
mod sends;
mod sign_ins;
mod stored;
mod window;

use std::{fs::File, io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use clap::Parser;

use crate::{
    bulk::Bulk,
    exchange::Exchange,
    figures::{Figure, NAMES},
};

/// Measures, and says how it compares.
#[derive(Parser)]
struct Arguments {
    /// The `exchange-server` to measure.
    #[arg(long)]
    server: PathBuf,
    /// A folder on the disk to measure; the data go into a new folder in it.
    #[arg(long)]
    scratch: PathBuf,
    /// Writes every figure as one JSON object a line.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Measures nothing: fills this new profile with a long list, and serves it until the input ends.
    #[arg(long, value_name = "PROFILE", conflicts_with = "names")]
    hold: Option<PathBuf>,
    /// What to measure; everything if nothing is named.
    names: Vec<String>,
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
    if let Some(profile) = &arguments.hold {
        let exchange = Exchange::start(&arguments.server, &arguments.scratch)?;
        return window::hold(&exchange, profile).await;
    }
    if let Some(name) = arguments.names.iter().find(|name| !NAMES.contains(&name.as_str())) {
        bail!("no bench is called {name}; there are {}", NAMES.join(", "));
    }
    let wanted = |names: &[&str]| {
        arguments.names.is_empty()
            || names
                .iter()
                .any(|name| arguments.names.iter().any(|wanted| wanted == name))
    };
    let mut report = Report::new(arguments)?;

    if wanted(&["analyse_100"]) {
        report.add(files::analyse_100(&arguments.scratch)?)?;
    }
    if wanted(&["check_1m", "check_1m_peak"]) {
        for figure in check::check_1m(&arguments.scratch)? {
            report.add(figure)?;
        }
    }
    if wanted(&["server_rss_idle"]) {
        let exchange = Exchange::start(&arguments.server, &arguments.scratch)?;
        report.add(memory::server_rss_idle(&exchange).await?)?;
    }
    if wanted(&["send_1_p50", "send_1_p99"]) {
        let exchange = Exchange::start(&arguments.server, &arguments.scratch)?;
        for figure in sends::send_1(&exchange).await? {
            report.add(figure)?;
        }
    }
    if wanted(&["send_16_p99"]) {
        let exchange = Exchange::start(&arguments.server, &arguments.scratch)?;
        report.add(sends::send_16(&exchange).await?)?;
    }
    if wanted(&["send_64", "server_rss_64", "fetch", "confirm"]) {
        // What send_64 leaves behind is what fetch and confirm take up.
        let exchange = Exchange::start(&arguments.server, &arguments.scratch)?;
        let (figures, sent) = sends::send_64(&exchange).await?;
        for figure in figures {
            report.add(figure)?;
        }
        if wanted(&["fetch", "confirm"]) {
            for figure in pickups::fetch_and_confirm(&exchange, sent).await? {
                report.add(figure)?;
            }
        }
    }
    if wanted(&["list_100k"]) {
        let mut exchange = Exchange::start(&arguments.server, &arguments.scratch)?;
        report.add(stored::list_100k(&mut exchange).await?)?;
    }
    if wanted(&["find_290k"]) {
        let mut exchange = Exchange::start(&arguments.server, &arguments.scratch)?;
        report.add(stored::find_290k(&mut exchange).await?)?;
    }
    if wanted(&["large_up", "large_down", "large_mem"]) {
        let exchange = Exchange::start(&arguments.server, &arguments.scratch)?;
        for figure in large::large(&exchange).await? {
            report.add(figure)?;
        }
    }
    if wanted(&["sign_in"]) {
        report.add(sign_ins::sign_in_alone().await?)?;
    }
    if wanted(&["restart_1m"]) {
        let mut exchange = Exchange::start(&arguments.server, &arguments.scratch)?;
        report.add(stored::restart_1m(&mut exchange).await?)?;
    }
    if wanted(&["sandbox_start"]) {
        report.add(sandbox::sandbox_start(&arguments.server)?)?;
    }
    if wanted(&["search_100k"]) {
        let exchange = Exchange::start(&arguments.server, &arguments.scratch)?;
        report.add(search::search_100k(&exchange, &arguments.scratch).await?)?;
    }
    if wanted(&["read_200"]) {
        let exchange = Exchange::start(&arguments.server, &arguments.scratch)?;
        report.add(reading::read_200(&exchange, &arguments.scratch).await?)?;
    }
    for (name, bulk) in [("bulk_100_4k", Bulk::Small), ("bulk_100_200k", Bulk::Large)] {
        if wanted(&[name]) {
            let exchange = Exchange::start(&arguments.server, &arguments.scratch)?;
            report.add(bulk::bulk_100(&exchange, &arguments.scratch, bulk).await?)?;
        }
    }
    Ok(())
}

/// Prints every figure at once, and keeps it for machines.
struct Report<'a> {
    arguments: &'a Arguments,
    json: Option<File>,
}

impl<'a> Report<'a> {
    fn new(arguments: &'a Arguments) -> Result<Self> {
        let json = arguments
            .json
            .as_ref()
            .map(|path| File::create(path).with_context(|| format!("making {}", path.display())));
        Ok(Self {
            arguments,
            json: json.transpose()?,
        })
    }

    fn add(&mut self, figure: Figure) -> Result<()> {
        if !self.arguments.names.is_empty() && !self.arguments.names.iter().any(|name| name == figure.name) {
            return Ok(());
        }
        println!("{}", figure.line());
        if let Some(file) = &mut self.json {
            writeln!(file, "{}", figure.json())?;
        }
        Ok(())
    }
}
