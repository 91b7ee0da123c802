//! `cargo xtask demo`: two offices and their exchange on this computer, for people or, headless, for a proof.

mod exchange;
mod headless;
mod offices;
mod samples;
mod window;

use std::path::PathBuf;

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::root;

pub(crate) use headless::headless;
pub(crate) use window::window;

/// Whether the programs still have to be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binaries {
    /// Build them.
    Build,
    /// An earlier stage has built them.
    Built,
}

/// Builds the server and the command line.
fn build(shell: &Shell) -> Result<()> {
    cmd!(
        shell,
        "cargo build --quiet --locked -p exchange-server -p desk-cli -p care-samples --bins --example demo"
    )
    .run()?;
    Ok(())
}

/// A program that was built.
fn program(name: &str) -> PathBuf {
    root()
        .join("target/debug")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}
