//! `cargo xtask bench`: builds the measuring program and the server for release, and starts the one on the other.
//!
//! What is measured, and how, is in `crates/bench`; this only brings the two together.

use std::path::PathBuf;

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::root;

/// Measures everything, or what is named.
pub(crate) fn run(json: Option<PathBuf>, names: Vec<String>) -> Result<()> {
    let shell = Shell::new()?;
    // A file named by the caller is the caller's, wherever the tools work.
    let json = json.map(std::path::absolute).transpose()?;
    shell.change_dir(root());
    cmd!(shell, "cargo build --release -p exchange-server -p bench").run()?;
    let release = root().join("target/release");
    let program = |name: &str| release.join(name).with_extension(std::env::consts::EXE_EXTENSION);
    let (bench, server) = (program("exchange-bench"), program("exchange-server"));
    let scratch = root().join("target/bench");
    let json = json.map(|path| [PathBuf::from("--json"), path]).into_iter().flatten();
    cmd!(
        shell,
        "{bench} --server {server} --scratch {scratch} {json...} {names...}"
    )
    .run()?;
    Ok(())
}
