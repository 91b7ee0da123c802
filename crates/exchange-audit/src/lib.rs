//! The audit of an exchange as data: what an act's line says, how lines are chained, how a chain is signed, and how
//! whoever holds a chain's export finds out without the exchange that nothing in it was changed (D10). Pure.
//!
//! Each office has a chain of its own, and the exchange has one for what its operators and the server itself do.
//! A line never says anything of a delivery's content; see [`Record`] for what each side is told of the other.

mod act;
mod record;

pub use act::Act;
pub use record::{Chain, Record, Subject, Who};
