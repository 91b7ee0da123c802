//! What tests of several crates need: an exchange in this process, the two example offices, and a bad line.
//! Never a normal dependency.

mod line;

pub use line::Line;
