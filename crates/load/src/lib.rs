//! What a load needs of an exchange: registered offices, bundles of the standard, and servers as processes of their own.
//!
//! `exchange-load` simulates month-end with it; the rows of the faults table that are about load stand on it, too.

/// The server shares the machine with whoever loads it: what that one takes for itself is no part of the load.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod ground;
pub mod node;
pub mod offices;
pub mod processes;
pub mod stock;
