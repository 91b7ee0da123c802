//! The audit: lines written in the acting transaction, chained and signed beside it (D10).

mod line;

pub use line::By;
pub(crate) use line::{AuditLine, write};
