//! The project's tools: `cargo xtask …`. CI runs the same commands as a person does.

// A tool talks to the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod bindings;
mod demo;
mod faults;
mod fuzz;
mod installers;
mod licences;
mod load;
mod mutants;
mod notices;
mod parts;
mod sabotages;
mod sbom;
mod setup;
mod shared;
mod suite;
mod tidy;

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use clap::{Parser, Subcommand};
use xshell::{Shell, cmd};

/// The tools of Careplan Exchange.
#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Writes the page's generated files: ui/src/ipc/bindings.ts and ui/src/messages/catalogue.ts.
    Bindings {
        /// Only compares, and fails if they differ.
        #[arg(long)]
        check: bool,
    },
    /// Writes docs/FORMAT.md from the tables, the catalogue and what `careplan` answers, and docs/openapi.json from the
    /// server's tables; tests compare both.
    Format,
    /// Writes the sample files of tests/fixtures/units.
    Fixtures,
    /// Takes the pictures of docs/gallery from the screens as they are, and those of tests/e2e/sheets from what is printed:
    /// builds what that needs
    Gallery,
    /// Writes crates/desk/licences.json, the list of what others wrote of the client.
    Licences {
        /// Only compares, and fails if it differs.
        #[arg(long)]
        check: bool,
    },
    /// Writes what the programs are made of, as CycloneDX, into target/bundle/sbom.
    Sbom,
    /// Two demo offices and their exchange on this computer, in windows or without.
    Demo {
        /// Does the whole main job without a window, and says how it went.
        #[arg(long)]
        headless: bool,
    },
    /// Runs every check that CI runs.
    Test {
        /// Also what takes too long for every landing: the installed packages, Windows, the sabotages, mutants.
        #[arg(long)]
        long: bool,
    },
    /// Proves on Linux that the code is fit for Windows; a part of the long test.
    Windows,
    /// Lets an outside scanner judge TLS at a server; a part of the test.
    Tls,
    /// Installs, upgrades and removes the server's package on this machine, as root; a part of the long test.
    ServerPackage,
    /// Builds what is installed: the client at offices, the server.
    Installers {
        /// Which, with commas: deb, appimage, msi, dmg; by itself: server-deb.
        #[arg(long, default_value = "deb")]
        bundles: String,
    },
    /// Measures the project's figures on this computer, built for release.
    Bench {
        /// Also writes every figure to this file, one JSON object a line.
        #[arg(long)]
        json: Option<PathBuf>,
        /// Measures the server on PostgreSQL and an S3-compatible store, which it starts for that.
        #[arg(long)]
        shared: bool,
        /// What to measure; everything if nothing is named.
        names: Vec<String>,
    },
    /// Month-end with many offices against a real server, built for release; fails if anything is lost or doubled.
    Load(load::Options),
    /// Runs the rows of the faults table (docs/RELIABILITY.md); fails if anything is lost, doubled, half or leaked.
    Faults(faults::Options),
    /// Breaks what must hold, in a copy of the checkout, one line at a time, and fails if no row notices.
    Sabotages {
        /// Which; all twelve if none is named.
        names: Vec<String>,
    },
    /// Runs the fuzz targets under libFuzzer; every test run replays their kept inputs.
    Fuzz {
        /// Minutes for each target.
        #[arg(long, default_value_t = 5)]
        minutes: u64,
        /// Which targets; all if none is named.
        targets: Vec<String>,
    },
    /// Breaks the pure crates in one place after the other and reports how often their tests notice; takes hours.
    Mutants {
        /// Which crates; all pure ones if none is named.
        crates: Vec<String>,
    },
    /// Checks the direction of the crates, the page's imports, and the other rules of the house.
    Tidy,
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Bindings { check } => bindings::run(check),
        Task::Format => format(),
        Task::Fixtures => fixtures(),
        Task::Gallery => gallery(),
        Task::Licences { check } => licences::run(check),
        Task::Sbom => sbom::run(),
        Task::Demo { headless: true } => demo::headless(demo::Binaries::Build),
        Task::Demo { headless: false } => demo::window(),
        Task::Test { long } => suite::run(long),
        Task::Windows => suite::windows(),
        Task::Tls => suite::tls(),
        Task::ServerPackage => suite::server_package(),
        Task::Installers { bundles } => installers::run(&bundles),
        Task::Bench { json, shared, names } => bench::run(json, shared, names),
        Task::Load(options) => load::run(options),
        Task::Faults(options) => faults::run(options),
        Task::Sabotages { names } => sabotages::run(&names),
        Task::Fuzz { minutes, targets } => fuzz::run(minutes, &targets),
        Task::Mutants { crates } => mutants::run(&crates),
        Task::Tidy => tidy::run(),
    }
}

/// Lets the tests that compare docs/FORMAT.md and docs/openapi.json write them.
fn format() -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    cmd!(
        shell,
        "cargo test --quiet --package desk-cli --test it the_format_document_says_what_the_program_does"
    )
    .env("CAREPLAN_WRITE_FORMAT", "1")
    .run()?;
    println!("wrote docs/FORMAT.md");
    cmd!(
        shell,
        "cargo test --quiet --package exchange-server --lib the_document_in_the_repository_is_this_one"
    )
    .env("CAREPLAN_WRITE_OPENAPI", "1")
    .run()?;
    println!("wrote docs/openapi.json");
    Ok(())
}

/// Lets the crate that makes sample files write them.
fn fixtures() -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    cmd!(
        shell,
        "cargo run --quiet -p care-samples --example fixtures -- tests/fixtures/units"
    )
    .run()?;
    Ok(())
}

/// Builds page, desks and server, and lets the stories of the screens leave their pictures in `docs/gallery`: every
/// screen in Chromium in four forms, and the true window as it is on a desktop. What is printed goes, sheet by sheet, into
/// `tests/e2e/sheets`.
fn gallery() -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    let folder = root().join("docs/gallery");
    let sheets = root().join("tests/e2e/sheets");
    shell.remove_path(&folder)?;
    shell.remove_path(&sheets)?;
    cmd!(shell, "npm run --silent build").run()?;
    cmd!(
        shell,
        "cargo build --quiet -p careplan-exchange --features careplan-exchange/custom-protocol -p exchange-server -p desk-bridge -p desk-cli"
    )
    .run()?;
    cmd!(shell, "npm run --silent gallery")
        .env("GALLERY_DIR", &folder)
        .env("SHEETS_DIR", &sheets)
        .run()?;
    cmd!(shell, "npm run --silent native")
        .env("SCREENSHOTS_DIR", &folder)
        .run()?;
    let mut list = shell.read_file(folder.join("README.md"))?;
    // The list ends with the heading of these.
    let captions: Vec<(String, String)> = serde_json::from_str(&shell.read_file("tests/native/captions.json")?)?;
    for (name, caption) in captions {
        anyhow::ensure!(
            folder.join(format!("{name}.webp")).is_file(),
            "no story took {name}, which tests/native/captions.json describes"
        );
        writeln!(list, "### {caption}\n\n![{caption}]({name}.webp)\n")?;
    }
    shell.write_file(folder.join("README.md"), list)?;
    Ok(())
}

/// The folder of the checkout.
fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}
