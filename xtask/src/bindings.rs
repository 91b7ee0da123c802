//! The page's generated files: the command contract and the message catalogue.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::root;

/// Every generated file, by its path from the root, with the text it should have.
pub(crate) fn files() -> [(&'static str, String); 2] {
    [
        ("ui/src/ipc/bindings.ts", desk_ipc::typescript()),
        ("ui/src/messages/catalogue.ts", messages::typescript().to_owned()),
    ]
}

/// Writes the files that differ; with `check` it fails instead.
pub(crate) fn run(check: bool) -> Result<()> {
    let mut stale = Vec::new();
    for (path, text) in files() {
        let full = root().join(path);
        if fs::read_to_string(&full).is_ok_and(|found| found == text) {
            continue;
        }
        if check {
            stale.push(path);
            continue;
        }
        if let Some(folder) = full.parent() {
            fs::create_dir_all(folder).with_context(|| format!("making the folder of {path}"))?;
        }
        fs::write(&full, text).with_context(|| format!("writing {path}"))?;
        println!("wrote {path}");
    }
    if !stale.is_empty() {
        bail!("not up to date: {}. Run `cargo xtask bindings`.", stale.join(", "));
    }
    if check {
        println!("the generated files are up to date");
    }
    Ok(())
}
