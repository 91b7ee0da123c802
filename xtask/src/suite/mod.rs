//! `cargo xtask test`: every check that CI runs, in the order in which a mistake shows itself soonest.

mod counts;
mod failed;
mod long;
mod outside;
mod report;
mod same_page;
mod sandbox;
mod server_package;
mod size;
mod tls;
mod windows;

use std::process::Command;

use anyhow::Result;
use xshell::Shell;

use crate::{
    bindings, demo, faults, licences, root, sbom, setup,
    shared::{PLACES, SharedServices},
    tidy,
};
use report::Report;
pub(crate) use report::shown;

/// The window is tested as it ships: with the built page inside. One feature set for all stages, so that nothing is
/// compiled twice.
pub(crate) const FEATURES: &[&str] = &[
    "--workspace",
    "--locked",
    "--features",
    "careplan-exchange/custom-protocol",
];

/// The seed of the rows of the faults table: the same in every run, so that a change alone makes one fail. Other seeds are
/// tried by `cargo xtask faults`.
const FAULTS_SEED: u64 = 1;

/// Runs all stages; with `long` also what takes too much time for every landing.
pub(crate) fn run(long: bool) -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    let mut report = Report::default();

    report.stage("install what is missing", |report| {
        report.check("system packages", || {
            setup::packages(
                &shell,
                &[
                    setup::WINDOW,
                    setup::FONTS,
                    setup::BROWSER,
                    setup::WINDOW_TESTS,
                    setup::SERVER_WATCHED,
                ],
            )?;
            setup::japanese_locale(&shell)
        })?;
        report.check("npm packages", || setup::node(&shell))
    });
    report.stage("tidy and format", |report| {
        report.check("tidy", tidy::run)?;
        report.command("cargo fmt", &mut cargo(&["fmt", "--all", "--check"], &[]))
    });
    report.stage("generated files", |report| {
        report.check("bindings", || bindings::run(true))
    });
    // The window embeds the built page, so the page is built before the window is compiled, whatever else is wrong.
    report.stage("page: build", |report| {
        report.command("page: build", &mut npm("build"))?;
        report.check("page: size", size::check)
    });
    report.stage("page", |report| {
        report.command("page: types, lint, format", &mut npm("check"))?;
        report.tests("page: units", &mut npm("test"))
    });
    report.stage("clippy", |report| {
        let mut words = cargo(&["clippy", "--all-targets"], FEATURES);
        report.command("clippy", words.args(["--", "-D", "warnings"]))
    });
    report.stage("build", |report| {
        report.command("build", &mut cargo(&["build", "--all-targets"], FEATURES))
    });
    // The rows of the faults table are ordinary tests: what they say is collected on the way.
    let lines = faults::Lines::new()?;
    report.stage("Rust tests", |report| {
        if setup::has("cargo-nextest") {
            let first = ["nextest", "run", "--no-fail-fast", "-E", "not package(fuzz)"];
            let mut words = cargo(&first, FEATURES);
            lines.collect(&mut words, FAULTS_SEED);
            report.tests("Rust tests", &mut words)
        } else {
            let first = ["test", "--no-fail-fast", "--tests", "--exclude", "fuzz"];
            let mut words = cargo(&first, FEATURES);
            lines.collect(&mut words, FAULTS_SEED);
            report.tests("Rust tests", words.args(["--", "--skip", "nodes::"]))
        }
    });
    // Apart from those, whose names they have.
    let lines_shared = faults::Lines::new()?;
    report.stage("the engine that nodes share", |report| {
        let mut services = None;
        report.check("PostgreSQL and an S3-compatible store", || {
            services = Some(SharedServices::start(&shell, false)?);
            Ok(())
        })?;
        let Some(services) = services else { return Ok(()) };
        let mut words = if setup::has("cargo-nextest") {
            cargo(&["nextest", "run", "--no-fail-fast", "--profile", "shared"], FEATURES)
        } else {
            let packages = ["--package", "exchange-store", "--package", "exchange-server"];
            cargo(&["test", "--no-fail-fast", "--tests", "--locked"], &packages)
        };
        words.env(PLACES, &services.places);
        lines_shared.collect(&mut words, FAULTS_SEED);
        report.tests("the store and the server on the engine that nodes share", &mut words)
    });
    // By themselves, so that the report shows what the short run of the fuzz targets takes: a minute at most.
    report.stage("fuzz targets", |report| {
        let mut words = if setup::has("cargo-nextest") {
            cargo(&["nextest", "run", "--no-fail-fast", "-E", "package(fuzz)"], FEATURES)
        } else {
            cargo(
                &["test", "--no-fail-fast", "--tests", "--locked", "--package", "fuzz"],
                &[],
            )
        };
        lines.collect(&mut words, FAULTS_SEED);
        report.tests("fuzz targets: kept and changed inputs", &mut words)
    });
    report.stage("the faults table", |report| {
        report.check("the lines of every row", || faults::summary(&lines, &lines_shared))
    });
    report.stage("the open API, by an outside tester", |report| {
        report.check("schemathesis", || outside::run(&shell, long))
    });
    report.stage("TLS, by an outside scanner", |report| {
        report.check("sslyze", || tls::run(&shell))
    });
    report.stage("end to end in the browser", |report| {
        report.tests("end to end in the browser", &mut npm("e2e"))
    });
    report.stage("the true window", |report| {
        report.tests("the true window", &mut npm("native"))
    });
    report.stage("the main job without a window", |report| {
        report.check("demo --headless", || demo::headless(demo::Binaries::Built))
    });
    server_package::short(&shell, &mut report);
    report.stage("documents", |report| {
        let mut words = cargo(&["doc", "--no-deps"], FEATURES);
        report.command("rustdoc", words.env("RUSTDOCFLAGS", "-D warnings"))
    });
    report.stage("supply chain", |report| {
        report.check("what the programs are made of", sbom::run)?;
        report.check("the list of licences", || licences::run(true))?;
        if setup::has("cargo-deny") {
            report.command(
                "cargo deny",
                &mut cargo(&["deny", "check", "bans", "licenses", "sources"], &[]),
            )
        } else {
            println!("cargo-deny is not installed here; the long test installs it");
            Ok(())
        }
    });
    if long {
        long::run(&shell, &mut report);
    }
    close(&report)
}

/// The part of the long test that proves Windows, by itself.
pub(crate) fn windows() -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    let mut report = Report::default();
    windows::run(&shell, &mut report);
    close(&report)
}

/// What an outside scanner sees of TLS, by itself.
pub(crate) fn tls() -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    let mut report = Report::default();
    report.stage("build", |report| {
        report.command(
            "build",
            &mut cargo(&["build", "--locked", "-p", "exchange-server"], &[]),
        )
    });
    report.stage("TLS, by an outside scanner", |report| {
        report.check("sslyze", || tls::run(&shell))
    });
    close(&report)
}

/// The server's package, built, installed on this machine, and taken away again.
pub(crate) fn server_package() -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    let mut report = Report::default();
    report.stage("build", |report| {
        report.command(
            "build",
            &mut cargo(&["build", "--locked", "-p", "exchange-server"], &[]),
        )
    });
    server_package::short(&shell, &mut report);
    server_package::long(&shell, &mut report);
    close(&report)
}

/// The closing line is the last; a failure shows in it and in the exit status only.
fn close(report: &Report) -> Result<()> {
    if !report.close() {
        std::process::exit(1);
    }
    Ok(())
}

/// A cargo command in the root.
fn cargo(first: &[&str], rest: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root()).args(first).args(rest);
    command
}

/// A script of the root's package.json.
fn npm(script: &str) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(root()).args(["run", "--silent", script]);
    command
}
