//! `cargo xtask bench`: builds what is measured and what measures it, and starts the one on the other.
//!
//! What is measured, and how, is in `crates/bench`; of the window, which needs a screen, in `tests/native/bench`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::{
    installers, root,
    shared::{PLACES, SharedServices},
};

/// The figures of the window and of what is installed.
const OF_WINDOW: [&str; 5] = ["start_window", "app_mem", "scroll_window", "ui_bundle", "installer"];

/// What is measured of the page, in Chromium.
const OF_THE_PAGE: &str = "scroll_100k";

/// What is measured of the server on the engine that nodes share; the rest fills a database of the embedded one.
const ON_SHARED: [&str; 11] = [
    "server_rss_idle",
    "send_1_p50",
    "send_1_p99",
    "send_16_p99",
    "send_64",
    "fetch",
    "confirm",
    "large_up",
    "large_down",
    "bulk_100_4k",
    "bulk_100_200k",
];

/// Measures everything, or what is named.
pub(crate) fn run(json: Option<PathBuf>, shared: bool, mut names: Vec<String>) -> Result<()> {
    let shell = Shell::new()?;
    let services = if shared {
        if names.is_empty() {
            names = ON_SHARED.map(str::to_owned).into();
        }
        Some(SharedServices::start(&shell, true)?)
    } else {
        None
    };
    if let Some(services) = &services {
        shell.set_var(PLACES, &services.places);
    }
    // A file named by the caller is the caller's, wherever the tools work.
    let json = json.map(std::path::absolute).transpose()?;
    shell.change_dir(root());
    let everything = names.is_empty();
    let (of_window, names): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| OF_WINDOW.contains(&name.as_str()));
    if everything || !names.is_empty() {
        of_core(&shell, json.as_deref(), names)?;
    }
    if everything || !of_window.is_empty() {
        of_the_window(
            &shell,
            json.as_deref(),
            everything || names_programs(&of_window),
            of_window,
        )?;
    }
    Ok(())
}

/// Of server, files and desk.
fn of_core(shell: &Shell, json: Option<&Path>, names: Vec<String>) -> Result<()> {
    let page = names.is_empty() || names.iter().any(|name| name == OF_THE_PAGE);
    let only_page = page && names.len() == 1;
    let names: Vec<String> = names.into_iter().filter(|name| name != OF_THE_PAGE).collect();
    let server = installers::server::program(shell)?;
    cmd!(shell, "cargo build --release -p bench").run()?;
    let release = root().join("target/release");
    let program = |name: &str| release.join(name).with_extension(std::env::consts::EXE_EXTENSION);
    let bench = program("exchange-bench");
    let scratch = root().join("target/bench");
    let json: Vec<PathBuf> = json
        .into_iter()
        .flat_map(|path| [PathBuf::from("--json"), path.to_path_buf()])
        .collect();
    if !only_page {
        let json = json.iter();
        cmd!(
            shell,
            "{bench} --server {server} --scratch {scratch} {json...} {names...}"
        )
        .run()?;
    }
    if page {
        cmd!(shell, "cargo build --release -p desk-bridge").run()?;
        cmd!(shell, "npm run --silent build --workspace ui").run()?;
        let (bridge, dist) = (program("desk-bridge"), root().join("ui/dist"));
        shell.create_dir(&scratch)?;
        cmd!(
            shell,
            "node tests/e2e/bench/scroll.mjs --bench {bench} --server {server} --bridge {bridge} --page {dist} --scratch {scratch} {json...}"
        )
        .run()?;
    }
    Ok(())
}

/// Whether one of the names needs the program itself.
fn names_programs(names: &[String]) -> bool {
    names
        .iter()
        .any(|name| ["start_window", "app_mem", "scroll_window"].contains(&name.as_str()))
}

/// Of the window as it is shipped, beside the least one of the same framework.
fn of_the_window(shell: &Shell, json: Option<&Path>, programs: bool, names: Vec<String>) -> Result<()> {
    cmd!(shell, "npm run --silent build").run()?;
    if programs {
        cmd!(shell, "cargo build --release -p exchange-server -p bench -p desk-cli").run()?;
        cmd!(
            shell,
            "cargo build --profile bundle -p careplan-exchange --features careplan-exchange/custom-protocol
             --bin careplan-exchange --example bare_window"
        )
        .run()?;
    }
    let bundle = root().join("target/bundle");
    let measure = root().join("target/release/exchange-bench");
    let (app, bare) = (bundle.join("careplan-exchange"), bundle.join("examples/bare_window"));
    let json = json.map(|path| [Path::new("--json"), path]).into_iter().flatten();
    cmd!(
        shell,
        "node tests/native/bench/window.mjs --app {app} --bare {bare} --measure {measure} {json...} {names...}"
    )
    .env("CAREPLAN_BUILT", "release")
    .run()?;
    Ok(())
}
