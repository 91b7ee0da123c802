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

/// Builds the server, the command line and the maker of samples, and the window with them if there is a screen for it.
fn build(shell: &Shell, with_window: bool) -> Result<()> {
    let window: &[&str] = if with_window {
        &[
            "-p",
            "careplan-exchange",
            "--features",
            "careplan-exchange/custom-protocol",
        ]
    } else {
        &[]
    };
    // One call, so that what they share is compiled once.
    cmd!(
        shell,
        "cargo build --locked -p exchange-server -p desk-cli -p care-samples {window...} --bins --example demo"
    )
    .run()?;
    Ok(())
}

/// A program that was built.
pub(crate) fn program(name: &str) -> PathBuf {
    root()
        .join("target/debug")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}
