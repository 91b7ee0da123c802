//! `cargo xtask mutants`: breaks the pure crates in one place after the other and counts how often their tests notice.

use std::fs;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use xshell::{Shell, cmd};

use crate::{root, setup};

/// The crates without input, output and clock: their own tests must be enough.
const PURE: &[&str] = &[
    "care-model",
    "care-layout",
    "care-csv",
    "care-route",
    "care-reading",
    "exchange-flow",
];

/// The share that should be noticed, in percent. It is reported and fails nothing.
const GOAL_PERCENT: f64 = 85.0;

/// What the tool writes about a crate.
#[derive(Debug, Default, Deserialize)]
struct Outcomes {
    caught: u32,
    timeout: u32,
    missed: u32,
    unviable: u32,
}

impl Outcomes {
    /// Broken places that the tests noticed, in percent; one that makes them run for ever is noticed.
    fn percent(&self) -> f64 {
        let noticed = f64::from(self.caught + self.timeout);
        let all = noticed + f64::from(self.missed);
        if all == 0.0 { 100.0 } else { noticed * 100.0 / all }
    }
}

/// Runs the named crates, or all pure ones, and prints the share of each.
pub(crate) fn run(wanted: &[String]) -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    if !setup::has("cargo-mutants") {
        cmd!(shell, "cargo install cargo-mutants --locked").run()?;
    }
    let names: Vec<&str> = match wanted {
        [] => PURE.to_vec(),
        wanted => wanted.iter().map(String::as_str).collect(),
    };
    if let Some(unknown) = names.iter().find(|name| !PURE.contains(name)) {
        bail!("{unknown} is no pure crate; there are: {}", PURE.join(", "));
    }
    let mut all = Outcomes::default();
    let mut lines = Vec::new();
    for name in names {
        let outcomes = mutate(&shell, name)?;
        lines.push(line(name, &outcomes));
        all.caught += outcomes.caught;
        all.timeout += outcomes.timeout;
        all.missed += outcomes.missed;
        all.unviable += outcomes.unviable;
    }
    lines.push(line("in all", &all));
    println!(
        "\nmutants noticed by the tests (goal {GOAL_PERCENT:.0} %)\n{}",
        lines.join("\n")
    );
    println!("what was missed: target/mutants/<crate>/mutants.out/missed.txt");
    Ok(())
}

/// Runs one crate in a copy of the checkout.
fn mutate(shell: &Shell, name: &str) -> Result<Outcomes> {
    let output = root().join("target/mutants").join(name);
    fs::create_dir_all(&output)?;
    // The status says that something was missed, which is no failure here; a broken crate leaves no outcomes.
    cmd!(
        shell,
        "cargo mutants --package {name} --output {output} --jobs 1 --cap-lints true --colors never"
    )
    .ignore_status()
    .run()?;
    let path = output.join("mutants.out/outcomes.json");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let outcomes: Outcomes = serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    if outcomes.caught + outcomes.timeout + outcomes.missed == 0 {
        bail!("{name}: nothing was tried; do its own tests pass?");
    }
    Ok(outcomes)
}

fn line(name: &str, outcomes: &Outcomes) -> String {
    format!(
        "{:>6.1} %  {name}: {} noticed, {} missed, {} do not compile",
        outcomes.percent(),
        outcomes.caught + outcomes.timeout,
        outcomes.missed,
        outcomes.unviable
    )
}

#[cfg(test)]
mod tests {
    use super::{Outcomes, line};

    #[test]
    fn the_share_leaves_out_what_does_not_compile() {
        let text = r#"{"caught":8,"timeout":1,"missed":1,"unviable":5,"success":1,"total_mutants":15,"outcomes":[]}"#;
        let outcomes: Outcomes = serde_json::from_str(text).unwrap();
        assert_eq!(
            line("care-model", &outcomes),
            "  90.0 %  care-model: 9 noticed, 1 missed, 5 do not compile"
        );
    }
}
