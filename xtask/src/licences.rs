//! What others wrote of the client, with its licences: the list that このアプリについて shows.
//!
//! Rust packages are those that the client links on the systems it is built for; packages of the page are those that
//! are no tools. Name, version and SPDX expression alone.

use std::{collections::BTreeSet, fs};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::{
    parts::{self, CLIENT_TARGETS, Part},
    root,
};

/// Where the list is kept.
const LIST: &str = "crates/desk/licences.json";
/// The client's own package.
const CLIENT: &str = "careplan-exchange";
/// What SPDX says where a package does not say.
const UNSAID: &str = "NOASSERTION";

/// One part, as the desk reads it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Licence {
    name: String,
    version: String,
    licence: String,
}

/// Writes the list; with `check` it fails instead if the list differs.
pub(crate) fn run(check: bool) -> Result<()> {
    let program = parts::of_programs(&[CLIENT], CLIENT_TARGETS)?;
    let page = parts::of_page()?;
    let all: BTreeSet<Licence> = program.parts.into_iter().chain(page.parts).filter_map(listed).collect();
    let mut text = serde_json::to_string_pretty(&all)?;
    text.push('\n');
    let path = root().join(LIST);
    if fs::read_to_string(&path).is_ok_and(|found| found == text) {
        println!("{LIST} is up to date: {} parts", all.len());
        return Ok(());
    }
    if check {
        bail!("{LIST} is not up to date. Run `cargo xtask licences`.");
    }
    fs::write(&path, text).with_context(|| format!("writing {LIST}"))?;
    println!("wrote {LIST}: {} parts", all.len());
    Ok(())
}

/// What runs at build time alone is not given away with the client.
fn listed(part: Part) -> Option<Licence> {
    part.is_linked.then(|| Licence {
        name: part.name,
        version: part.version,
        licence: part.licence.unwrap_or_else(|| UNSAID.to_owned()),
    })
}
