//! The project's tools: `cargo xtask …`. CI runs the same commands as a person does.

// A tool talks to the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bindings;
mod tidy;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The tools of Careplan Exchange.
#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Writes the page's generated files: ui/src/ipc/bindings.ts and ui/src/messages/catalogue.ts.
    Bindings {
        /// Only compares, and fails if they differ.
        #[arg(long)]
        check: bool,
    },
    /// Checks the direction of the crates, the page's imports, and the other rules of the house.
    Tidy,
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Bindings { check } => bindings::run(check),
        Task::Tidy => tidy::run(),
    }
}

/// The folder of the checkout.
fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}
