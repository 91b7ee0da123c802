//! What others wrote of our programs, from the lock files: for the list of licences and for the bill of materials.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use xshell::{Shell, cmd};

use crate::root;

/// The systems that the client is built for.
pub(crate) const CLIENT_TARGETS: &[&str] = &[
    "x86_64-pc-windows-msvc",
    "aarch64-apple-darwin",
    "x86_64-unknown-linux-gnu",
];
/// Packages whose manifest does not say, by what the licence file in them says.
const SAID_ELSEWHERE: [(&str, &str); 1] = [("svelte-toolbelt", "MIT")];

/// Where a package is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum From {
    /// Of cargo.
    Cargo,
    /// Of npm.
    Npm,
}

/// A package of others in one version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part {
    pub(crate) from: From,
    pub(crate) name: String,
    pub(crate) version: String,
    /// An SPDX expression, where the package says one.
    pub(crate) licence: Option<String>,
    /// Whether it is in what is given away; otherwise it runs while that is built.
    pub(crate) is_linked: bool,
    /// The digest in the lock file, in hexadecimal digits: SHA-256 of cargo, SHA-512 of npm.
    pub(crate) digest: Option<String>,
    /// Where this machine has it.
    pub(crate) folder: PathBuf,
}

/// How packages are written in an edge: `name@version`.
type Reference = String;

/// The packages of others in a program, and which asks for which.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) parts: BTreeSet<Part>,
    /// From whom to whom; what our own packages ask for is from the empty name.
    pub(crate) edges: BTreeSet<(Reference, Reference)>,
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
    manifest_path: PathBuf,
    /// None for a package of this workspace.
    source: Option<String>,
}

impl Package {
    fn named(&self) -> Reference {
        format!("{}@{}", self.name, self.version)
    }

    /// How an edge names it.
    fn reference(&self) -> Reference {
        match self.source {
            Some(_) => self.named(),
            None => Reference::new(),
        }
    }
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

impl Dependency {
    /// Whether it is asked for by the program itself, and whether by what builds it.
    fn asked(&self) -> (bool, bool) {
        let by = |kind: Option<&str>| self.dep_kinds.iter().any(|found| found.kind.as_deref() == kind);
        (by(None), by(Some("build")))
    }
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
    integrity: Option<String>,
    dependencies: BTreeMap<String, String>,
}

/// The licence of a package.
fn said(name: &str, licence: Option<&str>) -> Option<String> {
    let elsewhere = || SAID_ELSEWHERE.iter().find(|(package, _)| *package == name);
    licence
        .or_else(|| elsewhere().map(|(_, licence)| *licence))
        .map(str::to_owned)
}

/// Every package that one of these of our programs is made of, on any of the systems.
pub(crate) fn of_programs(programs: &[&str], targets: &[&str]) -> Result<Parts> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    let digests = digests(&fs::read_to_string(root().join("Cargo.lock")).context("reading Cargo.lock")?);
    let mut all = Parts::default();
    for target in targets {
        let json = cmd!(
            shell,
            "cargo metadata --locked --format-version 1 --filter-platform {target}"
        )
        .quiet()
        .read()?;
        let metadata = serde_json::from_str(&json)?;
        for program in programs {
            let built = Built::of(&shell, program, target)?;
            let found = of_program(&metadata, program, &built, &digests)?;
            all.parts.extend(found.parts);
            all.edges.extend(found.edges);
        }
    }
    // What is linked on one system and runs at build time on another is linked.
    let linked: HashSet<Reference> = all.parts.iter().filter(|part| part.is_linked).map(reference).collect();
    all.parts
        .retain(|part| part.is_linked || !linked.contains(&reference(part)));
    Ok(all)
}

/// What an office installs: window, command line and page.
pub(crate) fn of_client() -> Result<Parts> {
    let mut all = of_programs(&["careplan-exchange", "desk-cli"], CLIENT_TARGETS)?;
    let page = of_page()?;
    all.parts.extend(page.parts);
    all.edges.extend(page.edges);
    Ok(all)
}

/// What whoever runs an exchange installs, on the system that it is built for.
pub(crate) fn of_server() -> Result<Parts> {
    of_programs(&["exchange-server"], &["x86_64-unknown-linux-gnu"])
}

/// What cargo builds for a program by itself. What it says of the workspace (`cargo metadata`) has the features that
/// any of our programs asks for, and with them packages that this one is not made of.
#[derive(Debug, Default)]
struct Built {
    linked: HashSet<Reference>,
    /// The same, and what runs at build time.
    all: HashSet<Reference>,
}

impl Built {
    fn of(shell: &Shell, program: &str, target: &str) -> Result<Self> {
        let tree = |edges: &str| -> Result<HashSet<Reference>> {
            let said = cmd!(
                shell,
                "cargo tree --locked --package {program} --target {target} --edges {edges} --prefix none"
            )
            .quiet()
            .read()?;
            Ok(named(&said))
        };
        Ok(Self {
            linked: tree("normal,no-proc-macro")?,
            all: tree("normal,build")?,
        })
    }
}

/// The packages that a tree names, a line each: `name v1.2.3 (…)`.
fn named(tree: &str) -> HashSet<Reference> {
    let lines = tree.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some(format!("{}@{}", words.next()?, words.next()?.strip_prefix('v')?))
    });
    lines.collect()
}

/// How an edge names a part.
pub(crate) fn reference(part: &Part) -> Reference {
    format!("{}@{}", part.name, part.version)
}

/// What is reached from a program: by normal dependencies it is linked; by those of builds, and as a macro, it runs at
/// build time.
fn of_program(
    metadata: &Metadata,
    program: &str,
    built: &Built,
    digests: &HashMap<Reference, String>,
) -> Result<Parts> {
    let packages: HashMap<&str, &Package> = metadata.packages.iter().map(|p| (p.id.as_str(), p)).collect();
    let nodes: HashMap<&str, &Node> = metadata.resolve.nodes.iter().map(|n| (n.id.as_str(), n)).collect();
    let ours = metadata
        .packages
        .iter()
        .find(|p| p.name == program && p.source.is_none());
    let first = ours.with_context(|| format!("no package {program}"))?.id.as_str();
    let mut all = Parts::default();
    let mut seen = HashSet::new();
    // First what is linked, so that what is both counts as that.
    let mut at_build = Vec::new();
    let mut open = vec![first];
    for is_linked in [true, false] {
        if !is_linked {
            open.append(&mut at_build);
        }
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let package = packages.get(id).context("a package without a manifest")?;
            if package.source.is_some() {
                all.parts.insert(Part {
                    from: From::Cargo,
                    name: package.name.clone(),
                    version: package.version.clone(),
                    licence: said(&package.name, package.license.as_deref()),
                    is_linked,
                    digest: digests.get(&package.reference()).cloned(),
                    folder: package.manifest_path.parent().map(Path::to_owned).unwrap_or_default(),
                });
            }
            for dependency in nodes.get(id).map_or(&[][..], |node| &node.deps) {
                let wanted = packages.get(dependency.pkg.as_str());
                let wanted = wanted.context("a dependency without a manifest")?;
                let (normal, build) = dependency.asked();
                let named = wanted.named();
                if !(normal || build) || !built.all.contains(&named) {
                    continue;
                }
                if wanted.source.is_some() {
                    all.edges.insert((package.reference(), named.clone()));
                }
                match is_linked && normal && built.linked.contains(&named) {
                    true => open.push(&wanted.id),
                    false => at_build.push(&wanted.id),
                }
            }
            if !is_linked {
                open.append(&mut at_build);
            }
        }
    }
    Ok(all)
}

/// What `Cargo.lock` says of the bytes of each package.
fn digests(lock: &str) -> HashMap<Reference, String> {
    let value = |block: &str, key: &str| {
        let line = block
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        line.map(|text| text.trim_matches('"').to_owned())
    };
    lock.split("[[package]]")
        .filter_map(|block| {
            let (name, version) = (value(block, "name")?, value(block, "version")?);
            Some((format!("{name}@{version}"), value(block, "checksum")?))
        })
        .collect()
}

/// What the page is made of, as the lock file has it.
pub(crate) fn of_page() -> Result<Parts> {
    let text = fs::read_to_string(root().join("package-lock.json")).context("reading package-lock.json")?;
    reached(&serde_json::from_str(&text)?)
}

/// What is reached from the page's own dependencies.
fn reached(lock: &LockFile) -> Result<Parts> {
    let mut open: Vec<(String, Reference, String)> = Vec::new();
    if let Some(page) = lock.packages.get("ui") {
        let names = page.dependencies.keys();
        open.extend(names.map(|name| ("ui".to_owned(), Reference::new(), name.clone())));
    }
    let mut seen = HashSet::new();
    let mut all = Parts::default();
    while let Some((folder, from, name)) = open.pop() {
        let Some(place) = place_of(lock, &folder, &name) else {
            continue;
        };
        let package = &lock.packages[&place];
        let part = Part {
            from: From::Npm,
            version: package.version.clone().unwrap_or_default(),
            licence: said(&name, package.license.as_deref()),
            is_linked: true,
            digest: package.integrity.as_deref().map(hexadecimal).transpose()?,
            folder: root().join(&place),
            name,
        };
        let reference = reference(&part);
        all.edges.insert((from, reference.clone()));
        if seen.insert(place.clone()) {
            let names = package.dependencies.keys();
            open.extend(names.map(|name| (place.clone(), reference.clone(), name.clone())));
            all.parts.insert(part);
        }
    }
    Ok(all)
}

/// The digest that the lock file of npm has in base 64.
fn hexadecimal(integrity: &str) -> Result<String> {
    let encoded = integrity
        .strip_prefix("sha512-")
        .context("another digest than SHA-512")?;
    let bytes = STANDARD.decode(encoded).context("a digest in base 64")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
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

    fn names(parts: &Parts, is_linked: bool) -> Vec<&str> {
        let wanted = parts.parts.iter().filter(|part| part.is_linked == is_linked);
        wanted.map(|part| part.name.as_str()).collect()
    }

    #[test]
    fn what_is_reached_by_normal_dependencies_is_linked_and_the_rest_runs_at_build_time() {
        let package = |name: &str, source: Option<&str>| {
            serde_json::json!({
                "id": name, "name": name, "version": "1.0.0", "license": "MIT", "source": source,
                "manifest_path": format!("/{name}/Cargo.toml"),
            })
        };
        let dependency =
            |name: &str, kind: Option<&str>| serde_json::json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let metadata: Metadata = serde_json::from_value(serde_json::json!({
            "packages": [
                package("client", None),
                package("ours", None),
                package("linked", Some("registry")),
                package("macro", Some("registry")),
                package("behind-macro", Some("registry")),
                package("build", Some("registry")),
                package("both", Some("registry")),
                package("test", Some("registry")),
                package("of-the-server", Some("registry")),
            ],
            "resolve": { "nodes": [
                { "id": "client", "deps": [dependency("ours", None), dependency("build", Some("build"))] },
                { "id": "ours", "deps": [
                    dependency("linked", None), dependency("macro", None), dependency("test", Some("dev")),
                ] },
                { "id": "macro", "deps": [dependency("behind-macro", None), dependency("both", None)] },
                { "id": "linked", "deps": [dependency("both", None), dependency("of-the-server", None)] },
            ] },
        }))
        .unwrap();
        let lock = "version = 4\n\n[[package]]\nname = \"linked\"\nversion = \"1.0.0\"\nchecksum = \"ab\"\n";
        let linked = "client v1.0.0 (/here)\nours v1.0.0 (/here)\nlinked v1.0.0\nboth v1.0.0 (*)\n";
        let rest = "build v1.0.0\nmacro v1.0.0 (proc-macro)\nbehind-macro v1.0.0\n";
        let built = Built {
            linked: named(linked),
            all: named(&format!("{linked}{rest}")),
        };
        let found = of_program(&metadata, "client", &built, &digests(lock)).unwrap();
        assert_eq!(names(&found, true), ["both", "linked"]);
        assert_eq!(names(&found, false), ["behind-macro", "build", "macro"]);
        let linked = found.parts.iter().find(|part| part.name == "linked").unwrap();
        assert_eq!(linked.digest.as_deref(), Some("ab"));
        let edge = |from: &str, to: &str| found.edges.contains(&(from.to_owned(), to.to_owned()));
        assert!(edge("", "linked@1.0.0") && edge("", "build@1.0.0") && edge("macro@1.0.0", "both@1.0.0"));
        assert!(
            !found.edges.iter().any(|(_, to)| to == "test@1.0.0"),
            "{:?}",
            found.edges
        );
        assert!(of_program(&metadata, "nothing", &built, &HashMap::new()).is_err());
    }

    #[test]
    fn a_page_package_is_found_where_it_is_needed_first() {
        let lock: LockFile = serde_json::from_value(serde_json::json!({ "packages": {
            "": {},
            "ui": { "dependencies": { "a": "1" } },
            "node_modules/a": {
                "version": "1.0.0", "license": "MIT", "dependencies": { "b": "1" }, "integrity": "sha512-AQL/",
            },
            "node_modules/a/node_modules/b": { "version": "1.1.0", "license": "ISC" },
            "node_modules/b": { "version": "2.0.0", "license": "MIT" },
            "node_modules/tool": { "version": "1.0.0", "license": "MIT" },
        } }))
        .unwrap();
        let found = reached(&lock).unwrap();
        let versions: Vec<(&str, Option<&str>)> = found
            .parts
            .iter()
            .map(|part| (part.version.as_str(), part.digest.as_deref()))
            .collect();
        assert_eq!(versions, [("1.0.0", Some("0102ff")), ("1.1.0", None)]);
        assert_eq!(names(&found, true), ["a", "b"]);
        let edges = [("", "a@1.0.0"), ("a@1.0.0", "b@1.1.0")];
        assert!(
            found
                .edges
                .iter()
                .map(|(from, to)| (from.as_str(), to.as_str()))
                .eq(edges)
        );
    }
}
