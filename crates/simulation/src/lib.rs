//! The exchange and its desks as a game of chance ([ADR 50](../../../docs/adr/0050-a-simulation-from-one-seed.md)):
//! network, clocks and disks follow from one seed, in one thread, without waiting. What runs in it is production's own:
//! the steps of `exchange-flow`, the desk's landing, the exchange's content folder.
//!
//! - [`Platter`] is a disk whose power can be cut; [`receiver`] is a terminal that lands on it.
//! - [`run`] plays offices, terminals and an exchange of two nodes, and looks after every step whether anything was
//!   lost, doubled, half or leaked.
//! - [`history`] is a mailbox written apart, by which histories are judged: the simulation's and those of a real server.
#![allow(clippy::unwrap_used, reason = "what tests stand on fails by panicking, as tests do")]

mod clients;
mod exchange;
pub mod history;
mod platter;
pub mod receiver;
mod world;

pub use platter::{Platter, PlatterFile};
pub use world::{Played, run};

/// A step that is broken on purpose, to see whether it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// The exchange takes whatever fence comes for the one in force.
    IgnoreFence,
    /// The exchange accepts without looking the identity up.
    NoIdempotency,
    /// The exchange answers before its commit.
    AnswerBeforeSync,
    /// The exchange's disk says that it synced, and did not.
    ExchangeSkipsSync,
    /// The exchange makes an upload a delivery with its first chunk.
    VisibleBeforeLastPart,
    /// The exchange erases content once it was served, before it is 済.
    EraseBeforeReceived,
    /// The desk confirms before it lands.
    ConfirmBeforeLanding,
    /// The desk's disk says that it synced, and did not.
    DeskSkipsSync,
    /// The desk keeps its queue in memory only.
    OutboxInMemory,
    /// The desk makes a new identity for every try.
    IdentityForEachTry,
}
