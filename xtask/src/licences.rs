//! What others wrote of the client, with its licences: the list that このアプリについて shows.
//!
//! Rust packages are those that the client links on the systems it is built for; packages of the page are those that
//! are no tools. Name, version and SPDX expression alone.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fs,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use xshell::{Shell, cmd};

use crate::root;

/// Where the list is kept.
const LIST: &str = "crates/desk/licences.json";
/// The client's own package.
const CLIENT: &str = "careplan-exchange";
/// The systems that the client is built for.
const TARGETS: [&str; 3] = [
    "x86_64-pc-windows-msvc",
    "aarch64-apple-darwin",
    "x86_64-unknown-linux-gnu",
];
/// Packages whose manifest does not say, by what the licence file in them says.
const SAID_ELSEWHERE: [(&str, &str); 1] = [("svelte-toolbelt", "MIT")];
/// What SPDX says where a package does not say.
const UNSAID: &str = "NOASSERTION";

/// One part, as the desk reads it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Licence {
    name: String,
    version: String,
    licence: String,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    /// None for a package of this workspace.
    source: Option<String>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    /// None for a normal dependency.
    kind: Option<String>,
}

#[derive(Deserialize)]
struct LockFile {
    packages: BTreeMap<String, LockedPackage>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct LockedPackage {
    version: Option<String>,
    license: Option<String>,
    dependencies: BTreeMap<String, String>,
}

/// Writes the list; with `check` it fails instead if the list differs.
pub(crate) fn run(check: bool) -> Result<()> {
    let mut all = rust_parts()?;
    all.extend(page_parts()?);
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

/// The licence of a package.
fn said(name: &str, licence: Option<&str>) -> String {
    let elsewhere = || SAID_ELSEWHERE.iter().find(|(package, _)| *package == name);
    licence
        .or_else(|| elsewhere().map(|(_, licence)| *licence))
        .unwrap_or(UNSAID)
        .to_owned()
}

/// Every package that the client links on any of the systems.
fn rust_parts() -> Result<BTreeSet<Licence>> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    let mut parts = BTreeSet::new();
    for target in TARGETS {
        let json = cmd!(
            shell,
            "cargo metadata --locked --format-version 1 --filter-platform {target}"
        )
        .quiet()
        .read()?;
        parts.extend(linked(&serde_json::from_str(&json)?)?);
    }
    Ok(parts)
}

/// What is reached from the client by normal dependencies; what runs at build time is not linked.
fn linked(metadata: &Metadata) -> Result<BTreeSet<Licence>> {
    let packages: HashMap<&str, &Package> = metadata.packages.iter().map(|p| (p.id.as_str(), p)).collect();
    let nodes: HashMap<&str, &Node> = metadata.resolve.nodes.iter().map(|n| (n.id.as_str(), n)).collect();
    let client = metadata
        .packages
        .iter()
        .find(|p| p.name == CLIENT && p.source.is_none());
    let mut open = vec![client.context("the client's package")?.id.as_str()];
    let mut seen: HashSet<&str> = open.iter().copied().collect();
    let mut parts = BTreeSet::new();
    while let Some(id) = open.pop() {
        let package = packages.get(id).context("a package without a manifest")?;
        if package.source.is_some() {
            parts.insert(Licence {
                name: package.name.clone(),
                version: package.version.clone(),
                licence: said(&package.name, package.license.as_deref()),
            });
        }
        for dependency in nodes.get(id).map_or(&[][..], |node| &node.deps) {
            let normal = dependency.dep_kinds.iter().any(|kind| kind.kind.is_none());
            let id = dependency.pkg.as_str();
            let at_build = packages
                .get(id)
                .is_some_and(|p| p.targets.iter().any(|t| t.kind.iter().any(|kind| kind == "proc-macro")));
            if normal && !at_build && seen.insert(id) {
                open.push(id);
            }
        }
    }
    Ok(parts)
}

/// What the page is made of, as the lock file has it.
fn page_parts() -> Result<BTreeSet<Licence>> {
    let text = fs::read_to_string(root().join("package-lock.json")).context("reading package-lock.json")?;
    let lock: LockFile = serde_json::from_str(&text)?;
    Ok(reached(&lock))
}

/// What is reached from the page's own dependencies.
fn reached(lock: &LockFile) -> BTreeSet<Licence> {
    let mut open: Vec<(String, String)> = Vec::new();
    if let Some(page) = lock.packages.get("ui") {
        open.extend(page.dependencies.keys().map(|name| ("ui".to_owned(), name.clone())));
    }
    let mut seen = HashSet::new();
    let mut parts = BTreeSet::new();
    while let Some((from, name)) = open.pop() {
        let Some(place) = place_of(lock, &from, &name) else {
            continue;
        };
        if !seen.insert(place.clone()) {
            continue;
        }
        let package = &lock.packages[&place];
        parts.insert(Licence {
            name: name.clone(),
            version: package.version.clone().unwrap_or_default(),
            licence: said(&name, package.license.as_deref()),
        });
        open.extend(package.dependencies.keys().map(|name| (place.clone(), name.clone())));
    }
    parts
}

/// The folder in which a package finds another: its own, or that of a folder above.
fn place_of(lock: &LockFile, from: &str, name: &str) -> Option<String> {
    let mut at = Some(from);
    while let Some(folder) = at {
        let place = match folder {
            "" => format!("node_modules/{name}"),
            folder => format!("{folder}/node_modules/{name}"),
        };
        if lock.packages.contains_key(&place) {
            return Some(place);
        }
        at = match folder {
            "" => None,
            folder => Some(folder.rsplit_once('/').map_or("", |(above, _)| above)),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reached_by_normal_dependencies_is_linked() {
        let package = |name: &str, source: Option<&str>, kind: &str| {
            serde_json::json!({
                "id": name, "name": name, "version": "1.0.0", "license": "MIT", "source": source,
                "targets": [{ "kind": [kind] }],
            })
        };
        let dependency =
            |name: &str, kind: Option<&str>| serde_json::json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let metadata: Metadata = serde_json::from_value(serde_json::json!({
            "packages": [
                package(CLIENT, None, "bin"),
                package("ours", None, "lib"),
                package("linked", Some("registry"), "lib"),
                package("macro", Some("registry"), "proc-macro"),
                package("behind-macro", Some("registry"), "lib"),
                package("build", Some("registry"), "lib"),
                package("test", Some("registry"), "lib"),
            ],
            "resolve": { "nodes": [
                { "id": CLIENT, "deps": [dependency("ours", None), dependency("build", Some("build"))] },
                { "id": "ours", "deps": [
                    dependency("linked", None), dependency("macro", None), dependency("test", Some("dev")),
                ] },
                { "id": "macro", "deps": [dependency("behind-macro", None)] },
            ] },
        }))
        .unwrap();
        let names: Vec<String> = linked(&metadata).unwrap().into_iter().map(|part| part.name).collect();
        assert_eq!(names, ["linked"]);
    }

    #[test]
    fn a_page_package_is_found_where_it_is_needed_first() {
        let lock: LockFile = serde_json::from_value(serde_json::json!({ "packages": {
            "": {},
            "ui": { "dependencies": { "a": "1" } },
            "node_modules/a": { "version": "1.0.0", "license": "MIT", "dependencies": { "b": "1" } },
            "node_modules/a/node_modules/b": { "version": "1.1.0", "license": "ISC" },
            "node_modules/b": { "version": "2.0.0", "license": "MIT" },
            "node_modules/tool": { "version": "1.0.0", "license": "MIT" },
        } }))
        .unwrap();
        let found: Vec<(String, String)> = reached(&lock)
            .into_iter()
            .map(|part| (part.name, part.version))
            .collect();
        assert_eq!(
            found,
            [
                ("a".to_owned(), "1.0.0".to_owned()),
                ("b".to_owned(), "1.1.0".to_owned())
            ]
        );
    }
}
