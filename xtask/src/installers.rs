//! `cargo xtask installers`: what offices install, built from the shipped profile.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::{root, setup};

/// Builds the named bundles; they lie in `target/bundle/bundle`.
pub(crate) fn run(bundles: &str) -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    setup::packages(&shell, &[setup::WINDOW])?;
    setup::node(&shell)?;
    // The command of the window's framework builds the page first; `src-tauri` says how.
    shell.change_dir(root().join("src-tauri"));
    cmd!(
        shell,
        "npx tauri build --bundles {bundles} -- --profile bundle --locked"
    )
    .run()?;
    Ok(())
}

/// The built bundle of one kind.
pub(crate) fn built(kind: &str, ending: &str) -> Result<PathBuf> {
    let folder = root().join("target/bundle/bundle").join(kind);
    fs::read_dir(&folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|found| found == ending))
        .with_context(|| format!("no .{ending} in {}", folder.display()))
}
