//! What the screens show, in the order of the screens.
//!
//! Times are RFC 3339 in UTC; the page prints them in Japanese time. Sizes are bytes.

/// Nothing typed into a password field is ever printed.
macro_rules! secret_debug {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}

mod automation;
mod board;
mod comparison;
mod composing;
mod fax;
mod home;
mod inspection;
mod lists;
mod mishap;
mod reading;
mod settings;
mod standard;
mod start;

pub use automation::*;
pub use board::*;
pub use comparison::*;
pub use composing::*;
pub use fax::*;
pub use home::*;
pub use inspection::*;
pub use lists::*;
pub use mishap::*;
pub use reading::*;
pub use settings::*;
pub use standard::*;
pub use start::*;

use care_model::ProblemCode;

/// Keeps [`ProblemCode`] in the contract: the page's messages must cover every code.
pub(crate) fn problem_codes() -> Vec<&'static str> {
    ProblemCode::ALL.iter().map(|code| code.as_str()).collect()
}
