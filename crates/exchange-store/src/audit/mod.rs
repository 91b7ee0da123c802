//! The audit: lines written in the acting transaction, chained and signed beside it (D10).

mod chains;
mod line;
mod period;
mod seal;
mod search;

pub use chains::{SealedPage, SealedRecord};
pub use line::By;
pub(crate) use line::{AuditLine, write};
pub use period::Span;
pub use search::{AuditFound, AuditSearch};
