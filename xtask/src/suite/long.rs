//! What takes too long for every landing: `cargo deny` where it is not installed yet, the installed packages, Windows,
//! the sabotages, new inputs for the fuzz targets, and, longest, mutants.

use std::{
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use xshell::{Shell, cmd};

use super::{cargo, report::Report, same_page, server_package, windows};
use crate::{fuzz, installers, mutants, sabotages, setup};

/// Minutes for each fuzz target.
const FUZZ_MINUTES: u64 = 2;

/// How long the installed window may take to show itself on a busy machine.
const WINDOW_WAIT: Duration = Duration::from_secs(60);

pub(super) fn run(shell: &Shell, report: &mut Report) {
    if !setup::has("cargo-deny") {
        report.stage("install cargo-deny", |report| {
            report.command(
                "cargo install cargo-deny",
                &mut cargo(&["install", "cargo-deny", "--locked"], &[]),
            )?;
            let mut words = cargo(&["deny", "check", "bans", "licenses", "sources"], &[]);
            report.command("cargo deny", &mut words)
        });
    }
    report.stage("the page, built twice", |report| {
        report.check("the page is the same in two builds", same_page::check)
    });
    report.stage("the Debian package", |report| {
        report.check("build the package", || installers::run("deb"))?;
        report.check("install, start, remove the package", || deb(shell))
    });
    server_package::long(shell, report);
    windows::run(shell, report);
    report.stage("the sabotages", |report| {
        report.check("the rows notice each of the twelve sabotages", || sabotages::run(&[]))
    });
    report.stage("fuzz targets under libFuzzer", |report| {
        report.check("fuzz targets under libFuzzer", || fuzz::run(FUZZ_MINUTES, &[]))
    });
    // Reported, not judged: the share says where tests are thin.
    report.stage("mutants of the pure crates", |report| {
        report.check("mutants of the pure crates", || mutants::run(&[]))
    });
}

/// Installs the package, sees its window, and removes it.
fn deb(shell: &Shell) -> Result<()> {
    let package = installers::built("deb", "deb")?;
    let listed = cmd!(shell, "dpkg-deb --contents {package}").quiet().read()?;
    ensure!(
        listed.contains(installers::LICENCES),
        "the licences of others are not in the package"
    );
    let name = cmd!(shell, "dpkg-deb --field {package} Package").quiet().read()?;
    cmd!(
        shell,
        "env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -q {package}"
    )
    .ignore_stdout()
    .run()?;
    let seen = window_seen(shell);
    cmd!(
        shell,
        "env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 remove -y -q {name}"
    )
    .ignore_stdout()
    .run()?;
    seen
}

/// Starts the installed program on a screen of its own and waits for its window.
fn window_seen(shell: &Shell) -> Result<()> {
    let home = shell.create_temp_dir()?;
    let display = ":87";
    let mut screen = Command::new("Xvfb")
        .args([display, "-screen", "0", "1280x900x24"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut program = Command::new("dbus-run-session")
        .args(["--", "careplan-exchange"])
        .env("DISPLAY", display)
        .env("HOME", home.path())
        .env_remove("XDG_DATA_HOME")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let start = Instant::now();
    let seen = loop {
        let search = Command::new("xdotool")
            .args(["search", "--onlyvisible", "--class", "careplan"])
            .env("DISPLAY", display)
            .output()?;
        if !search.stdout.is_empty() {
            break Ok(());
        }
        if let Some(status) = program.try_wait()? {
            break Err(anyhow::anyhow!("the installed program ended by itself: {status}"));
        }
        if start.elapsed() > WINDOW_WAIT {
            break Err(anyhow::anyhow!("no window within {} s", WINDOW_WAIT.as_secs()));
        }
        thread::sleep(Duration::from_millis(250));
    };
    for child in [&mut program, &mut screen] {
        child.kill()?;
        child.wait()?;
    }
    if let Err(error) = seen {
        bail!(error);
    }
    Ok(())
}
