//! `cargo xtask fuzz`: the targets of `crates/fuzz` under libFuzzer, for as long as wanted.
//!
//! The instrumentation is a pass of LLVM that a stable compiler takes as plain flags, so neither a nightly compiler nor
//! another program is needed. Without `unsafe` code of our own an address sanitizer would have little to find.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::root;

/// Counts edges and traces comparisons, so that the engine sees what an input reaches.
const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

/// The targets that bring a large stack with them, by the feature of the crate that they need; without one of them it is
/// built without that stack.
const STACKS: &[(&str, &[&str])] = &[
    ("connection", &["certificate_file", "connection"]),
    ("server", &["settings", "shown_certificate", "stored"]),
];

/// Memory that one input may take.
const MEGABYTES_MAX: &str = "-rss_limit_mb=512";
/// Seconds that one input may take.
const SECONDS_MAX: &str = "-timeout=10";
/// Bytes of an input: the largest bound of the targets.
const BYTES_MAX: &str = "-max_len=16384";

/// Runs the named targets, or all, one after the other; the minutes are for each.
pub(crate) fn run(minutes: u64, wanted: &[String]) -> Result<()> {
    if cfg!(windows) {
        bail!("libFuzzer runs on Linux and macOS; `cargo nextest run -p fuzz` replays the kept inputs everywhere");
    }
    let known = targets()?;
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(name)) {
        bail!("{unknown} is no target; there are: {}", known.join(", "));
    }
    let targets = if wanted.is_empty() { known } else { wanted.to_vec() };
    let program = build(&features(&targets))?;
    let mut broken = Vec::new();
    for name in &targets {
        println!("── {name}: {minutes} minutes");
        if !fuzz(&program, name, minutes)? {
            broken.push(name.as_str());
        }
    }
    if !broken.is_empty() {
        bail!(
            "broken: {}. The inputs are in target/fuzz/found; mend it and keep them in crates/fuzz/corpus",
            broken.join(", ")
        );
    }
    println!("{} targets, nothing found", targets.len());
    Ok(())
}

/// Every target has a folder of kept inputs; a test of the crate sees to that.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("crates/fuzz/corpus"))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// The features that these targets need.
fn features(targets: &[String]) -> String {
    let needed = STACKS
        .iter()
        .filter(|(_, names)| targets.iter().any(|target| names.contains(&target.as_str())));
    needed.fold("libfuzzer".to_owned(), |features, (feature, _)| {
        format!("{features},{feature}")
    })
}

/// Builds the program in a folder of its own, since everything in it is instrumented.
fn build(features: &str) -> Result<PathBuf> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    let version = cmd!(shell, "rustc -vV").quiet().read()?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("rustc does not say its host")?;
    // With the target named, build scripts and macros stay without the instrumentation.
    cmd!(
        shell,
        "cargo build --locked --release --package fuzz --bin fuzz --no-default-features --features {features}
            --target {host} --target-dir target/fuzz"
    )
    .env("RUSTFLAGS", INSTRUMENTED)
    .env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true")
    .env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true")
    .env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only")
    .env("CARGO_PROFILE_RELEASE_STRIP", "none")
    .run()?;
    Ok(root().join("target/fuzz").join(host).join("release/fuzz"))
}

/// Runs one target; tells whether nothing was found. New inputs go to `target`, the kept ones are only read.
fn fuzz(program: &PathBuf, name: &str, minutes: u64) -> Result<bool> {
    let work = root().join("target/fuzz");
    let (grown, found) = (work.join("corpus").join(name), work.join("found"));
    fs::create_dir_all(&grown)?;
    fs::create_dir_all(&found)?;
    let status = Command::new(program)
        .env("FUZZ_TARGET", name)
        .arg(&grown)
        .arg(root().join("crates/fuzz/corpus").join(name))
        .arg(format!("-max_total_time={}", minutes.saturating_mul(60).max(1)))
        .arg(format!("-artifact_prefix={}/{name}-", found.display()))
        .args([
            MEGABYTES_MAX,
            SECONDS_MAX,
            BYTES_MAX,
            "-print_final_stats=1",
            "-verbosity=0",
        ])
        .status()
        .with_context(|| format!("starting {}", program.display()))?;
    Ok(status.success())
}
