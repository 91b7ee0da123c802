//! Gives every command of the one list a permission of its own, and bakes in what the window shows.

use tauri_build::{AppManifest, Attributes};

/// Expands the list into names.
macro_rules! command_names {
    ($($(#[$doc:meta])* $name:ident($request:ty) -> $answer:ty;)*) => {
        const COMMANDS: &[&str] = &[$(stringify!($name)),*];
    };
}
desk_ipc::with_commands!(command_names);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The page is part of the binary; a page built anew makes a new binary.
    println!("cargo:rerun-if-changed=../ui/dist");
    tauri_build::try_build(Attributes::new().app_manifest(AppManifest::new().commands(COMMANDS)))?;
    Ok(())
}
