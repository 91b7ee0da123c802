//! What must hold for files of the standard and for any others: nothing is lost, and documents read as forms do.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod compare;
mod documents;
mod lossless;
mod support;
mod versions;
