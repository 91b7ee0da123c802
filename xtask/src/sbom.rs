//! `cargo xtask sbom`: what our programs are made of, as CycloneDX, from the lock files alone (ADR 0051).
//!
//! The same checkout gives the same bytes: no time, no number of its own, no path of the machine.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{
    parts::{self, From, Part, Parts},
    root,
};

/// The edition of CycloneDX.
const EDITION: &str = "1.6";
/// Our own licence.
const LICENCE: &str = "MIT OR Apache-2.0";
/// The client of an office: window and command line.
pub(crate) const CLIENT: &str = "careplan-exchange";
/// The exchange.
pub(crate) const SERVER: &str = "exchange-server";

/// Writes one document for each of what is installed, and says where.
pub(crate) fn run() -> Result<()> {
    for (name, bill) in [(CLIENT, client()?), (SERVER, server()?)] {
        let path = path(name);
        fs::create_dir_all(path.parent().context("a folder")?)?;
        fs::write(&path, text(&bill)?).with_context(|| format!("writing {}", path.display()))?;
        let parts = bill["components"].as_array().map_or(0, Vec::len);
        println!("wrote {}: {parts} parts of others", path.display());
    }
    Ok(())
}

/// Where a program's document lies.
pub(crate) fn path(name: &str) -> PathBuf {
    root().join("target/bundle/sbom").join(format!("{name}.cdx.json"))
}

fn text(bill: &Value) -> Result<String> {
    Ok(serde_json::to_string_pretty(bill)? + "\n")
}

fn client() -> Result<Value> {
    Ok(bill(CLIENT, &parts::of_client()?))
}

fn server() -> Result<Value> {
    Ok(bill(SERVER, &parts::of_server()?))
}

/// The document of a program.
fn bill(name: &str, all: &Parts) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let own = format!("{name}@{version}");
    let named = |reference: &str| match reference {
        "" => own.clone(),
        reference => reference.to_owned(),
    };
    let mut dependencies: Vec<Value> = Vec::new();
    let all_named = all.parts.iter().map(parts::reference);
    for from in std::iter::once(String::new()).chain(all_named) {
        let wanted = all.edges.iter().filter(|(asking, _)| *asking == from);
        let wanted: Vec<&str> = wanted.map(|(_, wanted)| wanted.as_str()).collect();
        dependencies.push(json!({ "ref": named(&from), "dependsOn": wanted }));
    }
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": EDITION,
        "version": 1,
        "metadata": { "component": {
            "type": "application",
            "bom-ref": own,
            "name": name,
            "version": version,
            "licenses": [{ "expression": LICENCE }],
        } },
        "components": all.parts.iter().map(component).collect::<Vec<_>>(),
        "dependencies": dependencies,
    })
}

fn component(part: &Part) -> Value {
    let (kind, algorithm) = match part.from {
        From::Cargo => ("cargo", "SHA-256"),
        From::Npm => ("npm", "SHA-512"),
    };
    let mut component = json!({
        "type": "library",
        "bom-ref": parts::reference(part),
        "name": part.name,
        "version": part.version,
        "purl": format!("pkg:{kind}/{}@{}", part.name.replace('@', "%40"), part.version.replace('+', "%2B")),
        // What runs while the program is built is no part of what is given away.
        "scope": if part.is_linked { "required" } else { "excluded" },
    });
    if let Some(licence) = &part.licence {
        // An older way to write it, which is no expression of SPDX.
        let expression = licence.replace(" / ", " OR ").replace('/', " OR ");
        component["licenses"] = json!([{ "expression": expression }]);
    }
    if let Some(digest) = &part.digest {
        component["hashes"] = json!([{ "alg": algorithm, "content": digest }]);
    }
    component
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The real lock files: whatever of these is missing would be missing in what is handed on.
    #[test]
    fn everything_that_is_linked_is_on_the_bill_once_with_its_digest() {
        for (bill, known) in [
            (
                client().unwrap(),
                &[
                    "tauri",
                    "wry",
                    "rustls",
                    "clap",
                    "svelte",
                    "@tauri-apps/api",
                    "serde_derive",
                ][..],
            ),
            (server().unwrap(), &["axum", "sqlx", "rustls", "argon2", "serde_derive"]),
        ] {
            let components = bill["components"].as_array().unwrap();
            for name in known {
                assert!(components.iter().any(|part| part["name"] == *name), "{name}");
            }
            let mut seen = BTreeSet::new();
            for part in components {
                assert!(seen.insert(part["bom-ref"].as_str().unwrap()), "{part} is there twice");
                assert!(part["hashes"][0]["content"].is_string(), "{part} has no digest");
                assert!(part["licenses"][0]["expression"].is_string(), "{part} has no licence");
            }
            for edge in bill["dependencies"].as_array().unwrap() {
                for wanted in edge["dependsOn"].as_array().unwrap() {
                    assert!(seen.contains(wanted.as_str().unwrap()), "{wanted} is not on the bill");
                }
            }
            let text = text(&bill).unwrap();
            for unsaid in [root().to_str().unwrap(), "file://", "proptest", "nextest"] {
                assert!(!text.contains(unsaid), "{unsaid}");
            }
        }
    }

    #[test]
    fn an_old_licence_becomes_an_expression_and_macros_are_left_out_of_the_scope() {
        let part = Part {
            from: From::Npm,
            name: "@scope/name".to_owned(),
            version: "1.0.0+more".to_owned(),
            licence: Some("MIT/Apache-2.0".to_owned()),
            is_linked: false,
            digest: None,
            folder: PathBuf::new(),
        };
        let component = component(&part);
        assert_eq!(component["purl"], "pkg:npm/%40scope/name@1.0.0%2Bmore");
        assert_eq!(component["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(component["scope"], "excluded");
        assert_eq!(component.get("hashes"), None);
    }
}
