//! The crate graph as cargo sees it, held against the table.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{
    Flaw,
    edges::{EDGES, FOR_TESTS, RESERVED, UNREACHABLE},
};

/// The part of `cargo metadata` that is looked at.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Resolved>,
}

#[derive(Deserialize)]
struct Resolved {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// The workspace's crates with what each declares, and what each reaches when built.
pub(super) struct Graph {
    /// By crate: `(dependency, only for tests)`.
    declared: BTreeMap<String, Vec<(String, bool)>>,
    /// By crate name: the names it needs to be built or run.
    needed: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// Reads what `cargo metadata --format-version 1` printed.
    pub(super) fn read(text: &str) -> Result<Self> {
        let metadata: Metadata = serde_json::from_str(text).context("reading cargo metadata")?;
        let names: BTreeMap<&str, &str> = metadata
            .packages
            .iter()
            .map(|package| (package.id.as_str(), package.name.as_str()))
            .collect();
        let mut declared = BTreeMap::new();
        for package in metadata
            .packages
            .iter()
            .filter(|package| metadata.workspace_members.contains(&package.id))
        {
            let of_package = package
                .dependencies
                .iter()
                .map(|dependency| (dependency.name.clone(), dependency.kind.as_deref() == Some("dev")))
                .collect();
            declared.insert(package.name.clone(), of_package);
        }
        let mut needed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in &metadata.resolve.nodes {
            let Some(from) = names.get(node.id.as_str()) else {
                continue;
            };
            let reached = needed.entry((*from).to_owned()).or_default();
            for dependency in &node.deps {
                if dependency
                    .dep_kinds
                    .iter()
                    .all(|kind| kind.kind.as_deref() == Some("dev"))
                {
                    continue;
                }
                if let Some(to) = names.get(dependency.pkg.as_str()) {
                    reached.insert((*to).to_owned());
                }
            }
        }
        Ok(Self { declared, needed })
    }

    /// How many crates the workspace has.
    pub(super) fn crates(&self) -> usize {
        self.declared.len()
    }

    /// How many edges between crates of the workspace are declared.
    pub(super) fn edges(&self) -> usize {
        let inside = |name: &String| self.declared.contains_key(name);
        self.declared
            .values()
            .flatten()
            .filter(|(name, _)| inside(name))
            .count()
    }

    /// Every edge that the table does not allow.
    pub(super) fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        for (from, dependencies) in &self.declared {
            let Some((_, allowed)) = EDGES.iter().find(|(name, _)| name == from) else {
                flaws.push(format!("{from}: is not in the table of xtask/src/tidy/edges.rs"));
                continue;
            };
            for (to, for_tests) in dependencies {
                if self.declared.contains_key(to) {
                    let reserved = FOR_TESTS.iter().find(|(name, _)| name == to);
                    let may = match reserved {
                        Some((_, users)) => *for_tests || users.contains(&from.as_str()),
                        None => *for_tests || allowed.contains(&to.as_str()),
                    };
                    if !may {
                        flaws.push(format!("{from} → {to}: is not in the table of xtask/src/tidy/edges.rs"));
                    }
                }
                for (outside, users) in RESERVED {
                    let is_it = to == outside || to.starts_with(&format!("{outside}-"));
                    if is_it && !for_tests && !users.contains(&from.as_str()) {
                        flaws.push(format!("{from} → {to}: only {} may", users.join(", ")));
                    }
                }
            }
        }
        for (from, to) in UNREACHABLE {
            if let Some(path) = self.path(from, to) {
                flaws.push(format!("{}: must not be reached", path.join(" → ")));
            }
        }
        flaws
    }

    /// A way from one crate to another over what is needed to build, if there is one.
    fn path(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let mut ways = vec![vec![from.to_owned()]];
        let mut seen = BTreeSet::from([from.to_owned()]);
        while let Some(way) = ways.pop() {
            for next in way.last().and_then(|last| self.needed.get(last)).into_iter().flatten() {
                let mut longer = way.clone();
                longer.push(next.clone());
                if next == to {
                    return Some(longer);
                }
                if seen.insert(next.clone()) {
                    ways.push(longer);
                }
            }
        }
        None
    }
}
