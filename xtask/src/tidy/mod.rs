//! `cargo xtask tidy`: what reviewers would otherwise have to remember, checked.

mod edges;
mod graph;
mod japanese;
mod page;
mod proofs;
mod sources;

use std::fs;

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::{bindings, root};

/// The document that shows the table of edges.
const MAP: &str = "docs/ARCHITECTURE.md";

/// A rule that does not hold, in one line.
type Flaw = String;

/// A file of the checkout, by its path from the root, with forward slashes.
struct Source {
    path: String,
    text: String,
}

/// Checks everything and fails with the list of flaws.
pub(crate) fn run() -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    let mut flaws = Vec::new();

    let metadata = cmd!(shell, "cargo metadata --format-version 1").quiet().read()?;
    let graph = graph::Graph::read(&metadata)?;
    flaws.extend(graph.flaws());

    let sources = sources(&shell)?;
    for source in &sources {
        flaws.extend(sources::flaws(source));
        flaws.extend(japanese::flaws(source));
        flaws.extend(page::flaws(source));
    }
    for document in proofs::DOCUMENTS {
        let text = fs::read_to_string(root().join(document)).with_context(|| format!("reading {document}"))?;
        flaws.extend(proofs::flaws(document, &text, &sources, |path| {
            root().join(path).exists()
        }));
    }
    for (path, text) in bindings::files() {
        if fs::read_to_string(root().join(path)).ok().as_deref() != Some(text.as_str()) {
            flaws.push(format!("{path}: is not up to date; run `cargo xtask bindings`"));
        }
    }

    if !fs::read_to_string(root().join(MAP))?.contains(&edges::table()) {
        flaws.push(format!(
            "{MAP}: its table of crates is not the one of xtask/src/tidy/edges.rs:\n{}",
            edges::table()
        ));
    }

    if flaws.is_empty() {
        println!(
            "tidy: {} files, {} crates, {} edges: in order",
            sources.len(),
            graph.crates(),
            graph.edges()
        );
        return Ok(());
    }
    flaws.sort();
    for flaw in &flaws {
        println!("{flaw}");
    }
    bail!("{} rules do not hold", flaws.len());
}

/// Every text file that git knows or would take, but for what tools write.
fn sources(shell: &Shell) -> Result<Vec<Source>> {
    let listed = cmd!(
        shell,
        "git -c core.quotepath=off ls-files --cached --others --exclude-standard"
    )
    .quiet()
    .read()?;
    let mut sources = Vec::new();
    for path in listed.lines() {
        let written = [
            ".rs", ".ts", ".mjs", ".js", ".svelte", ".css", ".toml", ".py", ".yml", ".sql",
        ];
        if !written.iter().any(|ending| path.ends_with(ending)) || path.starts_with("tests/fixtures/") {
            continue;
        }
        let full = root().join(path);
        // A file may be listed and just be gone.
        if full.is_file() {
            let text = fs::read_to_string(&full).with_context(|| format!("reading {path}"))?;
            sources.push(Source {
                path: path.to_owned(),
                text,
            });
        }
    }
    Ok(sources)
}

#[cfg(test)]
mod tests;
