//! Rows 2, 3 and 5 of the faults table: power cuts, simulation, histories.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "helpers of tests fail by panicking, as tests do, and say what they saw"
)]

mod content_cuts;
mod histories;
mod landing_cuts;
mod real_histories;
mod seeds;
mod store_histories;
