//! Expands the catalogue to Rust and TypeScript; a broken sheet stops the build with its name and key.

use std::{env, error::Error, fs, path::Path, process::ExitCode};

#[path = "src/generate/mod.rs"]
mod generate;

fn main() -> ExitCode {
    match expand() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for line in error.to_string().lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Reads `catalogue/*.toml` in the order of the names and writes both expansions into `OUT_DIR`.
fn expand() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=catalogue");
    let mut sheets = Vec::new();
    let mut paths = fs::read_dir("catalogue")?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    for path in paths
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
    {
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        sheets.push((name, fs::read_to_string(path)?));
    }
    let catalogue = generate::read(&sheets)?;
    let out = env::var("OUT_DIR")?;
    fs::write(Path::new(&out).join("catalogue.rs"), generate::rust(&catalogue))?;
    fs::write(Path::new(&out).join("catalogue.ts"), generate::typescript(&catalogue))?;
    Ok(())
}
