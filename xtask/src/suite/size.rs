//! The page stays small: an old PC loads it at every start.

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::root;

/// Kilobytes of scripts and styles after gzip.
const KILOBYTES_MAX: f64 = 200.0;

/// Adds up what Node's gzip makes of the built scripts and styles.
const ADD_UP: &str = "
const { readdirSync, readFileSync } = require('node:fs');
const { gzipSync } = require('node:zlib');
const files = readdirSync('ui/dist', { recursive: true }).filter((name) => /\\.(js|css|html)$/.test(name));
console.log(files.reduce((sum, name) => sum + gzipSync(readFileSync('ui/dist/' + name), { level: 9 }).length, 0));
";

/// Fails when the built page is over its budget.
pub(super) fn check() -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    let bytes: f64 = cmd!(shell, "node -e {ADD_UP}")
        .quiet()
        .read()?
        .parse()
        .context("the size of the built page")?;
    let kilobytes = bytes / 1000.0;
    println!("ui_bundle: {kilobytes:.1} kB after gzip, {KILOBYTES_MAX:.0} kB at most");
    if kilobytes > KILOBYTES_MAX || kilobytes == 0.0 {
        bail!("the built page has {kilobytes:.1} kB after gzip, {KILOBYTES_MAX:.0} kB at most");
    }
    Ok(())
}
