//! Proof on Linux that the code is fit for Windows: it compiles, the core's tests pass under wine, an MSI made with
//! wixl installs and uninstalls. It is a GNU build by another compiler than the shipped one, and no window is seen.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use super::report::Report;
use crate::{root, setup};

const TARGET: &str = "x86_64-pc-windows-gnu";

/// Crates whose tests run under wine: pure ones, and those that touch files and SQLite.
const UNDER_WINE: &[&str] = &[
    "care-model",
    "care-csv",
    "care-route",
    "exchange-flow",
    "exchange-protocol",
    "sealing",
];

pub(super) fn run(shell: &Shell, report: &mut Report) {
    report.stage("Windows: tools", |report| {
        report.check("Windows: tools", || setup::packages(shell, &[setup::WINDOWS]))
    });
    report.stage("Windows: tests under wine", |report| {
        let prefix = root().join("target/wine");
        random_library(shell, &prefix)?;
        let mut words = vec!["test"];
        for name in UNDER_WINE {
            words.extend(["-p", name]);
        }
        let mut command = windows_cargo(&words);
        command
            .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", "wine")
            .env("WINEPREFIX", prefix)
            .env("WINEDEBUG", "-all");
        report.tests("Windows: tests under wine", &mut command)
    });
    report.stage("Windows: the workspace compiles", |report| {
        let words = [
            "build",
            "--workspace",
            "--exclude",
            "xtask",
            "--features",
            "careplan-exchange/custom-protocol",
        ];
        report.command("Windows: the workspace compiles", &mut windows_cargo(&words))
    });
    report.stage("Windows: installer", |report| {
        report.check("Windows: an MSI installs and uninstalls", || msi(shell))
    });
}

/// Debian's own Rust carries the source of the standard library that matches it; rustup's does not.
fn windows_cargo(words: &[&str]) -> Command {
    let mut command = Command::new("/usr/bin/cargo");
    command
        .current_dir(root())
        .args(words)
        .args(["-Zbuild-std=std,panic_abort,test", "--target", TARGET])
        .env(
            "PATH",
            format!("/usr/bin:{}", std::env::var("PATH").unwrap_or_default()),
        )
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", root().join("target/windows"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("AWS_LC_SYS_PREBUILT_NASM", "1")
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO");
    command
}

/// wine 8 lacks a library of Windows that the standard library asks for random bytes; a test aid forwards it.
fn random_library(shell: &Shell, prefix: &Path) -> Result<()> {
    let work = shell.create_temp_dir()?;
    let source = root().join("packaging/windows/bcryptprimitives.c");
    let library = work.path().join("bcryptprimitives.dll");
    cmd!(shell, "x86_64-w64-mingw32-gcc -shared -o {library} {source} -ladvapi32").run()?;
    wine(shell, prefix, &["wineboot", "--init"])?;
    fs::copy(&library, prefix.join("drive_c/windows/system32/bcryptprimitives.dll"))?;
    Ok(())
}

/// Makes a per-user MSI of the Windows build, installs it into a fresh wine, looks, and removes it.
fn msi(shell: &Shell) -> Result<()> {
    let built = root().join("target/windows").join(TARGET).join("debug");
    let work = shell.create_temp_dir()?;
    let prefix = work.path().join("wine");
    let package = work.path().join("careplan-exchange.msi");
    let description = root().join("packaging/windows/proof.wxs");
    let version = concat!("Version=", env!("CARGO_PKG_VERSION"));
    // The description names its files relative to the folder of the build.
    let folder = shell.push_dir(&built);
    cmd!(shell, "wixl -a x64 -D {version} -o {package} {description}").run()?;
    drop(folder);
    let package = package.to_str().context("the path of the installer")?;
    wine(shell, &prefix, &["msiexec", "/i", package, "/qn"])?;
    let installed = || cmd!(shell, "find {prefix} -name careplan-exchange.exe").quiet().read();
    if installed()?.is_empty() {
        bail!("the installer left no program");
    }
    wine(shell, &prefix, &["msiexec", "/x", package, "/qn"])?;
    if !installed()?.is_empty() {
        bail!("the program is still there after uninstalling");
    }
    Ok(())
}

fn wine(shell: &Shell, prefix: &Path, words: &[&str]) -> Result<()> {
    cmd!(shell, "wine {words...}")
        .env("WINEPREFIX", prefix)
        .env("WINEDEBUG", "-all")
        .quiet()
        .run()?;
    Ok(())
}
