//! The application core of the client: everything an office's desk does, without a window.
//!
//! A host opens a [`Desk`] on a profile, answers its [`ports::Surface`], and passes the page's commands to
//! [`desk_ipc::DeskCommands`], which the desk implements. Everything that waits on the network is a row in the
//! profile first, and everything of people in the profile is sealed.
//!
//! The way of a dropped file: `intake` copies it into the `spool`, `compose` plans deliveries from it, `repair` puts a
//! repaired copy in its place where a person wants one, `outbox` sends them; on the other side `sync` sees them,
//! `pickup` claims, lands and confirms them, `landing` writes them. `automation` asks for both by itself. `index` keeps both lists in memory for searching,
//! and `lists` shows windows of them.

mod automation;
mod board;
mod certificate;
mod commands;
mod comparison;
mod compose;
mod core;
mod cover;
mod desk;
mod directory;
mod drafts;
mod enrolment;
mod facts;
mod fax;
mod gate;
mod help;
mod home;
mod index;
mod inspection;
mod intake;
mod kept;
pub mod landing;
mod lists;
mod mishaps;
mod moving;
mod opened;
mod outbox;
mod panics;
mod pickup;
pub mod ports;
mod profile;
pub mod reading;
mod recall;
mod received;
mod refusal;
mod repair;
mod session;
mod settings;
mod spool;
mod standby;
mod store;
mod support;
mod sync;
mod table;
mod updates;
mod words;
mod workbench;

pub use desk::{Desk, DeskSettings};
pub use panics::panics_say_only_where;
pub use repair::write_new;
pub use words::{change, finding};
