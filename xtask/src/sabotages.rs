//! `cargo xtask sabotages`: the test of the tests. Each sabotage breaks one thing that must hold, by one line, in a copy of
//! the checkout; the short form of the rows that are named for it must fail.
//!
//! All of them are built into the copy at once, each behind a switch in the environment: one build in place of twelve.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::{
    faults::{self, Lines},
    root, suite,
};

/// One line that breaks something.
struct Sabotage {
    name: &'static str,
    file: &'static str,
    /// What stands in the file exactly once; more than one line only where others are like it.
    line: &'static str,
    /// What it becomes; [`SWITCH`] in it is whether this sabotage is wanted.
    instead: &'static str,
    /// The rows of which at least one must fail.
    rows: &'static [u8],
}

/// The twelve.
const SABOTAGES: &[Sabotage] = &[
    Sabotage {
        name: "skip-the-sync",
        file: "crates/exchange-store/src/folder.rs",
        line: "let failed = StoreError::folder(\"syncing a chunk\");",
        instead: "if SABOTAGED { return Ok(()); } let failed = StoreError::folder(\"syncing a chunk\");",
        rows: &[2],
    },
    Sabotage {
        name: "confirm-before-landing",
        file: "crates/desk/src/pickup/fetch.rs",
        // Every byte is there and was compared; nothing is synced or in view.
        line: "reach(Point::LandFilled);",
        instead: "if SABOTAGED { let _ = line.exchange.confirm(claim.id, claim.fence).await; } \
                  reach(Point::LandFilled);",
        rows: &[6],
    },
    Sabotage {
        name: "drop-the-idempotency-check",
        file: "crates/exchange-store/src/deliveries.rs",
        // What is known is stored once more under an id of its own, and answered under the one that was asked.
        line: "let accepted = accept(batch, acceptance, &actor, now).await?;",
        instead: "let mut acceptance = acceptance; \
                  if SABOTAGED && load(batch, id).await?.is_some() { acceptance.id = DeliveryId::generate(); } \
                  let accepted = accept(batch, acceptance, &actor, now).await?; \
                  let accepted = accepted.map(|accepted| Accepted { id, ..accepted });",
        rows: &[4],
    },
    Sabotage {
        name: "ignore-the-fence",
        file: "crates/exchange-flow/src/delivery.rs",
        line: "E::Confirm { terminal, fence }) if claim.terminal == terminal && claim.fence == fence => {",
        instead: "E::Confirm { terminal, fence }) \
                  if SABOTAGED || (claim.terminal == terminal && claim.fence == fence) => {",
        rows: &[6],
    },
    Sabotage {
        name: "show-before-the-last-part",
        file: "crates/exchange-store/src/uploads.rs",
        line: "ok_or(CommitRefusal::Unknown));\n        };\n        let header = convert::header(&row.header_json)?;",
        instead: "ok_or(CommitRefusal::Unknown));\n        };\n        \
                  let mut header = convert::header(&row.header_json)?; if SABOTAGED { header.parts.truncate(1); }",
        rows: &[12],
    },
    Sabotage {
        name: "erase-before-received",
        file: "crates/exchange-store/src/stepped.rs",
        line: "if effects.contains(&DeliveryEffect::EraseContent) {",
        instead: "if effects.contains(&DeliveryEffect::EraseContent) || (SABOTAGED && columns(next).all_served) {",
        rows: &[6],
    },
    Sabotage {
        name: "follow-a-link",
        file: "crates/desk/src/landing/mod.rs",
        line: "// A link is not followed: it may lead anywhere.",
        instead: "if SABOTAGED && parent.is_dir() { return Ok(parent); }",
        rows: &[14],
    },
    Sabotage {
        name: "let-an-expired-token-pass",
        file: "crates/exchange-server/src/extract.rs",
        line: "&& session.access_until > app.clock.now()",
        instead: "&& (SABOTAGED || session.access_until > app.clock.now())",
        rows: &[17],
    },
    Sabotage {
        name: "skip-the-sender-check",
        file: "crates/exchange-server/src/deliveries.rs",
        line: "if header.from.office != sender.number || !sender.kinds.contains(&header.from.kind) {",
        instead: "if (!SABOTAGED && header.from.office != sender.number) || !sender.kinds.contains(&header.from.kind) {",
        rows: &[17],
    },
    Sabotage {
        name: "write-a-name-to-the-log",
        file: "crates/exchange-server/src/sign_in.rs",
        line: "let begun = app.store.begin_session(stored, proof, actor, step.person_name, now);",
        instead: "if SABOTAGED { tracing::info!(person = step.person_name, \"signed in\"); } \
                  let begun = app.store.begin_session(stored, proof, actor, step.person_name, now);",
        rows: &[7],
    },
    Sabotage {
        name: "keep-the-outbox-in-memory",
        file: "crates/desk/src/store/outgoing.rs",
        // Asked once, when the desk opens: what an earlier process queued is as if it had been in its memory alone.
        line: "pub(crate) async fn open_outgoing(&self) -> Result<Vec<Outgoing>, StoreError> {",
        instead: "pub(crate) async fn open_outgoing(&self) -> Result<Vec<Outgoing>, StoreError> { if SABOTAGED { \
                  sqlx::query(\"DELETE FROM outgoing WHERE open = 1\").execute(&self.write).await?; }",
        rows: &[4],
    },
    Sabotage {
        name: "take-the-last-page-twice",
        file: "crates/exchange-client/src/deliveries.rs",
        line: "if page.more && page.next <= after {",
        instead: "let mut page = page; if SABOTAGED && !page.more { page.next = after; } \
                  if page.more && page.next <= after {",
        rows: &[6],
    },
];

/// What stands in a sabotaged line for the question whether it is the one that is wanted.
const SWITCH: &str = "SABOTAGED";
/// The environment's name for the sabotage that is wanted. Nothing but the copy asks for it.
const WANTED: &str = "CAREPLAN_SABOTAGE";
/// The rows' tests are in these targets; the page's window and the units are not built.
const BUILD: &[&str] = &["--test", "it"];
/// Any seed will do: what is caught by one seed alone is not caught.
const SEED: u64 = 1;

/// Does the named sabotages, or all, one after the other; fails if one is not noticed.
pub(crate) fn run(wanted: &[String]) -> Result<()> {
    let named = |name: &String| SABOTAGES.iter().find(|sabotage| sabotage.name == name);
    let chosen: Vec<&Sabotage> = match wanted {
        [] => SABOTAGES.iter().collect(),
        wanted => {
            let names = || {
                SABOTAGES
                    .iter()
                    .map(|sabotage| sabotage.name)
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let found = |name| named(name).with_context(|| format!("{name} is no sabotage; there are: {}", names()));
            wanted.iter().map(found).collect::<Result<_>>()?
        }
    };
    let copy = root().join("target/sabotages");
    copy_checkout(&copy)?;
    judge_each(&copy, &chosen)
}

/// All rows without a sabotage, then each sabotage with its own.
fn judge_each(copy: &Path, chosen: &[&Sabotage]) -> Result<()> {
    let rows = chosen.iter().flat_map(|sabotage| sabotage.rows).copied().collect();
    let (passed, broken) = judge(copy, &rows, None)?;
    ensure!(
        passed && broken.is_empty(),
        "the rows fail without any sabotage: {broken:?}"
    );
    let (mut said, mut unnoticed) = (Vec::new(), Vec::new());
    for sabotage in chosen {
        println!("\n── {}", sabotage.name);
        let (_, broken) = judge(copy, &sabotage.rows.iter().copied().collect(), Some(sabotage))?;
        match broken.is_empty() {
            true => unnoticed.push(sabotage.name),
            false => said.push(format!("{}: noticed by row {broken:?}", sabotage.name)),
        }
    }
    println!("\n{}", said.join("\n"));
    if !unnoticed.is_empty() {
        bail!("not noticed: {}", unnoticed.join(", "));
    }
    Ok(())
}

/// Runs the short form of rows in the copy; tells whether all passed, and the rows that did not.
fn judge(copy: &Path, rows: &BTreeSet<u8>, sabotage: Option<&Sabotage>) -> Result<(bool, BTreeSet<u8>)> {
    let lines = Lines::new()?;
    let mut command = faults::tests(copy, rows, "default", &[suite::FEATURES, BUILD].concat());
    // Built in a folder of its own: in the checkout's, what is sabotaged would be taken for what stands in the checkout.
    command.env("CARGO_TARGET_DIR", copy.join("target"));
    lines.collect(&mut command, SEED);
    if let Some(sabotage) = sabotage {
        command.env(WANTED, sabotage.name);
    }
    let (passed, text) = suite::shown(&mut command)?;
    let mut broken = faults::failed_rows(&text);
    broken.extend(
        lines
            .read()?
            .iter()
            .filter(|line| !line.breaches.none())
            .map(|line| line.row),
    );
    Ok((passed, broken))
}

impl Sabotage {
    /// The file's text with it, behind its switch.
    fn built_into(&self, text: &str) -> Result<String> {
        ensure!(
            text.matches(self.line).count() == 1,
            "{}: its line does not stand in {} exactly once",
            self.name,
            self.file
        );
        let switch = format!(
            "std::env::var_os(\"{WANTED}\").is_some_and(|name| name == \"{}\")",
            self.name
        );
        Ok(text.replacen(self.line, &self.instead.replace(SWITCH, &switch), 1))
    }
}

/// Copies what git knows or would know, and the built page, with every sabotage built in. What is the same already stays, so
/// that it is not built again.
fn copy_checkout(copy: &Path) -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    let listed = cmd!(shell, "git ls-files --cached --others --exclude-standard -z")
        .quiet()
        .read()?;
    let mut wanted: BTreeSet<PathBuf> = listed.split('\0').map(PathBuf::from).collect();
    // The page is a part of the window, which is built with the rest.
    ensure!(
        root().join("ui/dist").is_dir(),
        "the page is not built: run npm run build"
    );
    files_below(&root(), Path::new("ui/dist"), &mut wanted)?;
    let mut there = BTreeSet::new();
    fs::create_dir_all(copy)?;
    files_below(copy, Path::new(""), &mut there)?;
    for path in there.difference(&wanted).filter(|path| !path.starts_with("target")) {
        fs::remove_file(copy.join(path))?;
    }
    for path in wanted {
        let (from, to) = (root().join(&path), copy.join(&path));
        // Deleted here, and git does not know it yet.
        let Ok(mut bytes) = fs::read(&from) else { continue };
        for sabotage in SABOTAGES.iter().filter(|sabotage| Path::new(sabotage.file) == path) {
            bytes = sabotage.built_into(std::str::from_utf8(&bytes)?)?.into_bytes();
        }
        if fs::read(&to).is_ok_and(|same| same == bytes) {
            continue;
        }
        to.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&to, bytes).with_context(|| format!("copying {}", path.display()))?;
    }
    Ok(())
}

/// Every file below a folder of `base`, by its path from there.
fn files_below(base: &Path, folder: &Path, found: &mut BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(base.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => files_below(base, &path, found)?,
            false => drop(found.insert(path)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sabotage_still_finds_its_line() {
        for sabotage in SABOTAGES {
            let text = fs::read_to_string(root().join(sabotage.file)).unwrap();
            assert_ne!(sabotage.built_into(&text).unwrap(), text);
            assert!(sabotage.instead.contains(SWITCH), "{}", sabotage.name);
            let rows = faults::ROWS.iter().map(|row| row.number).collect::<BTreeSet<_>>();
            assert!(!sabotage.rows.is_empty() && sabotage.rows.iter().all(|row| rows.contains(row)));
        }
        assert_eq!(SABOTAGES.len(), 12);
    }
}
