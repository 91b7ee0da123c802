//! The Debian package of the server: `cargo xtask installers --bundles server-deb`.
//!
//! Staged here and packed by `dpkg-deb`. The tools that cargo has for it would be one more thing to build on every
//! machine that runs the tests, and would leave nothing out of what stands here.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::{notices, parts, root, sbom};

/// The package, which is also the unit's name.
pub(crate) const NAME: &str = "careplan-exchange-server";
/// The settings file, which the operator changes and an upgrade leaves alone.
pub(crate) const SETTINGS: &str = "etc/careplan-exchange/server.toml";
/// The unit.
pub(crate) const UNIT: &str = "lib/systemd/system/careplan-exchange-server.service";
/// The program.
pub(crate) const PROGRAM: &str = "usr/bin/exchange-server";

/// The licences of what others wrote of it.
pub(crate) const LICENCES: &str = "usr/share/doc/careplan-exchange-server/THIRD-PARTY-LICENCES.txt";

/// How hard the package is packed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// For being handed on.
    Small,
    /// For a test, which installs it at once.
    Quick,
}

/// Builds the program as it is handed on, and as it is measured.
pub(crate) fn program(shell: &Shell) -> Result<PathBuf> {
    cmd!(shell, "cargo build --profile server --locked -p exchange-server").run()?;
    let program = root().join("target/server/exchange-server");
    Ok(program.with_extension(std::env::consts::EXE_EXTENSION))
}

/// Builds the program and packs it; the package lies in `target/bundle/bundle/server-deb`.
pub(super) fn run(shell: &Shell) -> Result<()> {
    let program = program(shell)?;
    let folder = root().join("target/bundle/bundle/server-deb");
    let package = pack(shell, &program, env!("CARGO_PKG_VERSION"), &folder, Packing::Small)?;
    println!("{}", package.display());
    Ok(())
}

/// Packs a built program as the package of a version, into a folder.
pub(crate) fn pack(shell: &Shell, program: &Path, version: &str, folder: &Path, packing: Packing) -> Result<PathBuf> {
    let sources = root().join("packaging/server");
    let tree = folder.join("tree");
    shell.remove_path(&tree)?;
    let put = |from: &Path, to: &str, mode: &str| {
        let to = tree.join(to);
        cmd!(shell, "install -D -m {mode} {from} {to}").quiet().run()
    };
    put(program, PROGRAM, "0755")?;
    put(&sources.join("careplan-exchange-server.service"), UNIT, "0644")?;
    put(&sources.join("server.toml"), SETTINGS, "0644")?;
    for name in ["docs/OPERATIONS.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        let from = root().join(name);
        let name = from.file_name().context("a document without a name")?.to_string_lossy();
        put(&from, &format!("usr/share/doc/{NAME}/{name}"), "0644")?;
    }
    sbom::run()?;
    let bill = sbom::path(sbom::SERVER);
    put(&bill, &format!("usr/share/doc/{NAME}/sbom.cdx.json"), "0644")?;
    shell.write_file(tree.join(LICENCES), notices::of(&parts::of_server()?.parts)?)?;
    for script in ["postinst", "prerm", "postrm"] {
        put(&sources.join(script), &format!("DEBIAN/{script}"), "0755")?;
    }
    shell.write_file(tree.join("DEBIAN/conffiles"), format!("/{SETTINGS}\n"))?;
    let control = control(shell, program, version)?;
    shell.write_file(tree.join("DEBIAN/control"), control)?;
    // Folders as everybody may enter them, whatever the mask of whoever builds.
    cmd!(shell, "chmod -R u=rwX,go=rX {tree}").quiet().run()?;
    let architecture = architecture(shell)?;
    let package = folder.join(format!("{NAME}_{version}_{architecture}.deb"));
    let packing = match packing {
        Packing::Small => "-Zxz",
        Packing::Quick => "-Znone",
    };
    cmd!(shell, "dpkg-deb --root-owner-group {packing} --build {tree} {package}")
        .quiet()
        .ignore_stdout()
        .run()?;
    shell.remove_path(&tree)?;
    Ok(package)
}

fn architecture(shell: &Shell) -> Result<String> {
    Ok(cmd!(shell, "dpkg --print-architecture").quiet().read()?)
}

fn control(shell: &Shell, program: &Path, version: &str) -> Result<String> {
    let architecture = architecture(shell)?;
    let kilobytes = fs::metadata(program)?.len() / 1_024;
    let libraries = libraries(shell, program)?;
    Ok(format!(
        "Package: {NAME}\nVersion: {version}\nArchitecture: {architecture}\nInstalled-Size: {kilobytes}\n\
         Depends: adduser, {libraries}\nSection: net\nPriority: optional\n\
         Maintainer: Careplan Exchange <maintainers@careplan-exchange.example>\n\
         Description: exchange for care plans between offices\n \
         Keeps what care offices send each other, and hands each delivery to one terminal\n \
         of its destination, once.\n"
    ))
}

/// The packages that hold what the program is linked with, in the versions that it needs.
fn libraries(shell: &Shell, program: &Path) -> Result<String> {
    // The tool reads who asks from a source package around it.
    let around = shell.create_temp_dir()?;
    let description = format!("Source: {NAME}\n\nPackage: {NAME}\nArchitecture: any\n");
    shell.write_file(around.path().join("debian/control"), description)?;
    let _there = shell.push_dir(around.path());
    let said = cmd!(shell, "dpkg-shlibdeps -O -e {program}")
        .quiet()
        .ignore_stderr()
        .read()?;
    let libraries = said.trim().strip_prefix("shlibs:Depends=");
    Ok(libraries.context("what the program is linked with")?.to_owned())
}
