//! The first host of the desk: the window, the tray, native drop and the system's dialogs. Nothing else.
//!
//! The page inside asks by the commands of the one list; what it may ask stands in `capabilities/main.json`.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod app;
mod arguments;
mod autostart;
mod commands;
mod copied;
mod drop;
mod events;
mod leaving;
mod log;
mod notices;
mod printing;
mod provider;
mod surface;
mod tray;
mod updates;
mod window;

use clap::Parser as _;

fn main() -> anyhow::Result<()> {
    // First of all: rustls takes the provider that was installed first, and panics where two were compiled in.
    provider::install();
    app::run(arguments::Arguments::parse())
}
