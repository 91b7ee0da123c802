//! The demo's sample files, made by the example of the crate that makes them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use super::program;

/// One sending unit on disk.
pub(super) struct Unit {
    /// The sender's number.
    pub(super) from: String,
    /// The destination's number.
    pub(super) to: String,
    /// Its files.
    pub(super) files: Vec<PathBuf>,
}

/// The folder whose unit travels with a large attachment.
const WITH_ATTACHMENT: &str = "with_attachment";

/// Writes all units below a folder and lists those between two offices.
pub(super) fn write(shell: &Shell, folder: &Path) -> Result<Vec<Unit>> {
    let maker = program("examples/demo");
    cmd!(shell, "{maker} {folder}").quiet().run()?;
    let mut units = Vec::new();
    for from in entries(folder)?
        .into_iter()
        .filter(|path| !path.ends_with(WITH_ATTACHMENT))
    {
        for to in entries(&from)? {
            for unit in entries(&to)? {
                units.push(Unit {
                    from: name(&from),
                    to: name(&to),
                    files: entries(&unit)?,
                });
            }
        }
    }
    Ok(units)
}

/// The files that travel with a large attachment.
pub(super) fn with_attachment(folder: &Path) -> Result<Vec<PathBuf>> {
    entries(&folder.join(WITH_ATTACHMENT))
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = fs::read_dir(folder)
        .with_context(|| format!("reading {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    found.sort();
    Ok(found)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
