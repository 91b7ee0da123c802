//! The application core of the client: everything an office's desk does, without a window.

mod commands;
mod desk;
pub mod ports;

pub use desk::{Desk, DeskSettings};
