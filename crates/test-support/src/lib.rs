//! What tests of several crates need: the two example offices, desks without a window, and a bad line.
//! Never a normal dependency.

mod desk;
mod exchange;
mod line;
mod offices;

pub use desk::{OpenDesk, ScriptedSurface};
pub use exchange::{ExampleAccounts, ExampleExchange, UPDATE_NOTES};
pub use line::Line;
pub use offices::{Accounts, CARE_MANAGEMENT, ExampleOffice, HOME_HELP, enrol, sign_in};
