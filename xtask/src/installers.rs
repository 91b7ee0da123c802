//! `cargo xtask installers`: what offices and whoever runs an exchange install.

pub(crate) mod server;

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use serde_json::json;
use xshell::{Shell, cmd};

use crate::{notices, parts, root, sbom, setup};

/// The framework's command, as new as the crates in the lock file.
const FRAMEWORK_COMMAND: &str = "@tauri-apps/cli@2.12.5";
/// What the Windows installer brings where Windows has no web view; the workflow fetches it from its maker.
const WEB_VIEW_SETUP: &str = "MicrosoftEdgeWebview2Setup.exe";

/// The licences of what others wrote, beside the programs.
pub(crate) const LICENCES: &str = "THIRD-PARTY-LICENCES.txt";

/// Builds the named bundles; they lie in `target/bundle/bundle`, and what they are made of in `target/bundle/sbom`.
pub(crate) fn run(bundles: &str) -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    if bundles == "server-deb" {
        setup::packages(&shell, &[setup::SERVER_PACKAGE])?;
        return server::run(&shell);
    }
    sbom::run()?;
    setup::packages(&shell, &[setup::WINDOW])?;
    setup::node(&shell)?;
    let licences = root().join("target/bundle").join(LICENCES);
    shell.write_file(licences, notices::of(&parts::of_client()?.parts)?)?;
    if bundles == "msi" {
        return msi(&shell);
    }
    // Taken when it is needed and not with the page's packages: it is one program for each system, and a lock file
    // that names them all can't be made where not all of them are offered.
    cmd!(
        shell,
        "npm install --no-save --no-audit --no-fund --loglevel=error {FRAMEWORK_COMMAND}"
    )
    .run()?;
    // The framework's command builds the page first; `src-tauri` says how.
    shell.change_dir(root().join("src-tauri"));
    let along = json!({ "bundle": { "resources": { format!("../target/bundle/{LICENCES}"): LICENCES } } }).to_string();
    cmd!(
        shell,
        "npx tauri build --bundles {bundles} --config {along} -- --profile bundle --locked"
    )
    .run()?;
    Ok(())
}

/// The framework's own MSI is for all users and asks for an administrator; ours is per user. Needs WiX 3 on Windows.
fn msi(shell: &Shell) -> Result<()> {
    cmd!(shell, "npm run --silent build").run()?;
    let features = "careplan-exchange/custom-protocol";
    cmd!(
        shell,
        "cargo build --profile bundle --locked -p careplan-exchange -p desk-cli --features {features}"
    )
    .run()?;
    let built = root().join("target/bundle");
    let setup = root().join("target").join(WEB_VIEW_SETUP);
    fs::copy(&setup, built.join(WEB_VIEW_SETUP)).with_context(|| format!("{} is missing", setup.display()))?;
    let tools = PathBuf::from(std::env::var_os("WIX").context("WiX 3 is not installed")?).join("bin");
    let (candle, light) = (tools.join("candle.exe"), tools.join("light.exe"));
    let description = root().join("packaging/windows/installer.wxs");
    let folder = built.join("bundle/msi");
    fs::create_dir_all(&folder)?;
    let object = folder.join("installer.wixobj");
    let package = folder.join(concat!("careplan-exchange-", env!("CARGO_PKG_VERSION"), "-x64.msi"));
    let version = concat!("-dVersion=", env!("CARGO_PKG_VERSION"));
    // The description names its files relative to the folder of the build.
    shell.change_dir(&built);
    cmd!(
        shell,
        "{candle} -nologo -arch x64 {version} -out {object} {description}"
    )
    .run()?;
    cmd!(shell, "{light} -nologo -cultures:ja-JP -out {package} {object}").run()?;
    Ok(())
}

/// The built bundle of one kind.
pub(crate) fn built(kind: &str, ending: &str) -> Result<PathBuf> {
    let folder = root().join("target/bundle/bundle").join(kind);
    fs::read_dir(&folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|found| found == ending))
        .with_context(|| format!("no .{ending} in {}", folder.display()))
}
