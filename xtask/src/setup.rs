//! Installs what is missing on Debian and Ubuntu; says what is missing elsewhere.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

use crate::root;

/// What building the window needs.
pub(crate) const WINDOW: &[&str] = &[
    "build-essential",
    "file",
    "libayatana-appindicator3-dev",
    "libgtk-3-dev",
    "librsvg2-dev",
    "libssl-dev",
    "libwebkit2gtk-4.1-dev",
    "libxdo-dev",
    "pkg-config",
];

/// A face for Japanese.
pub(crate) const FONTS: &[&str] = &["fonts-noto-cjk", "fonts-noto-color-emoji"];

/// The browser of the end-to-end tests, and what makes pictures of the sheets that it prints.
pub(crate) const BROWSER: &[&str] = &["chromium", "poppler-utils"];

/// A desktop without a screen, and what drives the true window on it.
pub(crate) const WINDOW_TESTS: &[&str] = &[
    "at-spi2-core",
    "dbus",
    "dbus-x11",
    "dunst",
    "gir1.2-gtk-3.0",
    "imagemagick",
    "libnotify-bin",
    "locales",
    "poppler-utils",
    "python3-gi",
    "scrot",
    "webkit2gtk-driver",
    "wmctrl",
    "x11-utils",
    "xauth",
    "xdotool",
    "xfce4-panel",
    "xfconf",
    "xfwm4",
    "xvfb",
];

/// What outside testers of the server are installed and called with.
const OUTSIDE_TESTER: &[&str] = &["curl", "python3", "python3-venv"];

/// What the engine that nodes share is tested on, and what installs and asks the store.
pub(crate) const SHARED_ENGINE: &[&str] = &["curl", "postgresql", "python3", "python3-venv", "util-linux"];

/// What the server's package is packed and looked at with.
pub(crate) const SERVER_PACKAGE: &[&str] = &["adduser", "build-essential", "systemd"];

/// What a server is watched with, and what makes its disk fail.
pub(crate) const SERVER_WATCHED: &[&str] = &["strace"];

/// What the Windows proof of the long test needs.
pub(crate) const WINDOWS: &[&str] = &[
    "cargo-web",
    "mingw-w64",
    "msitools",
    "rust-web-src",
    "rustc-web",
    "wine",
    "wine64",
    "wixl",
];

/// Installs the packages that are missing.
pub(crate) fn packages(shell: &Shell, wanted: &[&[&str]]) -> Result<()> {
    if !cfg!(target_os = "linux") || !has("dpkg-query") {
        println!("This system has no Debian packages; the README says what it needs instead.");
        return Ok(());
    }
    let missing: Vec<&str> = wanted
        .iter()
        .flat_map(|group| group.iter().copied())
        .filter(|name| !installed(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing {}", missing.join(" "));
    let root = cmd!(shell, "id -u").quiet().read()? == "0";
    let prefix: &[&str] = match (root, has("sudo")) {
        (true, _) => &[],
        (false, true) => &["sudo"],
        (false, false) => bail!(
            "as root, run: apt-get install --no-install-recommends {}",
            missing.join(" ")
        ),
    };
    // Another installation on the same machine is waited for.
    let wait = "DPkg::Lock::Timeout=600";
    let mut words: Vec<&str> = prefix.to_vec();
    words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", wait]);
    let (program, words) = words.split_first().unwrap_or((&"apt-get", &[]));
    cmd!(shell, "{program} {words...} update -q")
        .quiet()
        .ignore_stdout()
        .run()?;
    cmd!(
        shell,
        "{program} {words...} install -y -q --no-install-recommends {missing...}"
    )
    .quiet()
    .ignore_stdout()
    .run()?;
    Ok(())
}

/// The program of a Python package, in an environment of its own under `target`.
pub(crate) fn python_tool(shell: &Shell, package: &str, version: &str) -> Result<PathBuf> {
    let folder = root().join("target").join(package).join("venv");
    let program = folder.join("bin").join(package);
    let asked = format!("import importlib.metadata as all; print(all.version('{package}'))");
    let is_there = Command::new(folder.join("bin/python"))
        .args(["-c", &asked])
        .output()
        .is_ok_and(|answer| String::from_utf8_lossy(&answer.stdout).trim() == version);
    if is_there {
        return Ok(program);
    }
    if cmd!(shell, "python3 -m venv {folder}")
        .quiet()
        .ignore_stdout()
        .run()
        .is_err()
    {
        packages(shell, &[OUTSIDE_TESTER])?;
        cmd!(shell, "python3 -m venv --clear {folder}").quiet().run()?;
    }
    let pip = folder.join("bin/pip");
    cmd!(
        shell,
        "{pip} install --quiet --disable-pip-version-check {package}=={version}"
    )
    .run()?;
    Ok(program)
}

/// The Japanese locale, so that the system's own dialogs speak Japanese.
pub(crate) fn japanese_locale(shell: &Shell) -> Result<()> {
    if !cfg!(target_os = "linux") || !has("localedef") {
        return Ok(());
    }
    if cmd!(shell, "locale -a").quiet().read()?.contains("ja_JP.utf8") {
        return Ok(());
    }
    if cmd!(shell, "localedef -i ja_JP -f UTF-8 ja_JP.UTF-8")
        .quiet()
        .ignore_status()
        .run()
        .is_err()
    {
        println!("the Japanese locale could not be made; dialogs will speak English");
    }
    Ok(())
}

/// Node, as new as the page's tools want it, and the page's packages as the lock file names them.
pub(crate) fn node(shell: &Shell) -> Result<()> {
    if !has("node") || !has("npm") {
        bail!("Node 20.19 or newer with npm is needed");
    }
    let version = cmd!(shell, "node --version").quiet().read()?;
    if !new_enough(&version) {
        bail!("Node {version} is too old: 20.19 or newer is needed");
    }
    if !packages_are_there() {
        cmd!(shell, "npm ci --no-audit --no-fund --loglevel=error").run()?;
    }
    Ok(())
}

/// Whether npm's own record of what it installed is newer than the lock file.
fn packages_are_there() -> bool {
    let changed = |path: &str| fs::metadata(root().join(path)).and_then(|facts| facts.modified()).ok();
    match (changed("node_modules/.package-lock.json"), changed("package-lock.json")) {
        (Some(installed), Some(locked)) => installed >= locked,
        _ => false,
    }
}

/// `v20.19.0` and newer.
fn new_enough(version: &str) -> bool {
    let mut numbers = version
        .trim_start_matches('v')
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (20, 19)
}

/// Whether a program is on the path.
pub(crate) fn has(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|paths| {
        std::env::split_paths(&paths)
            .any(|folder| folder.join(program).is_file() || folder.join(format!("{program}.exe")).is_file())
    })
}

fn installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["-W", "-f", "${db:Status-Status}", package])
        .output()
        .is_ok_and(|answer| answer.stdout == b"installed")
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_old_node_is_too_old() {
        for (version, enough) in [
            ("v20.19.0", true),
            ("v20.18.9", false),
            ("v22.1.0", true),
            ("v18.20.1", false),
            ("", false),
        ] {
            assert_eq!(super::new_enough(version), enough, "{version}");
        }
    }
}
