//! The project's tools: `cargo xtask …`. CI runs the same commands as a person does.

// A tool talks to the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bindings;

use std::path::{Path, PathBuf};

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
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Bindings { check } => bindings::run(check),
    }
}

/// The folder of the checkout.
fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}
