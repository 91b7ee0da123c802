//! The one contract between a page and the desk behind it: commands, view models, events, errors.
//!
//! [`with_commands!`] lists every command once. The desk implements the trait made from it, the window and the
//! test bridge expand it into their handlers, and [`typescript`] writes the page's half.
//! A page gets opaque ids and words; never a path, a token or a certificate.

mod commands;
mod error;
mod event;
mod ids;
mod typescript;
mod view;

pub use commands::DeskCommands;
pub use error::CommandError;
pub use event::{DeskEvent, Place, TransferKind};
pub use ids::{CompositionId, DropId, FolderId, ProfileId};
pub use typescript::typescript;
pub use view::*;
