//! What a load needs of an exchange: registered offices, bundles of the standard, and servers as processes of their own.
//!
//! `exchange-load` simulates month-end with it; the rows of the faults table that are about load stand on it, too.

mod control_group;
pub mod ground;
pub mod node;
pub mod offices;
pub mod processes;
pub mod stock;
