//! What is inside a file of the standard: is it MS932 text, how many records, whose, of which month.
//!
//! A file is read once, as raw bytes: no second byte of an MS932 character is a comma, a quote or a line end, so
//! records and fields are split without decoding. Nothing is kept but one unfinished record, so a file of any size takes
//! little memory. The fields of the layouts are not checked here yet.

mod examine;
mod field_check;
mod findings_list;
mod keys;
mod ms932;
mod record;
mod records;
mod repair;
mod rules;
mod scan;
mod sums;
mod table;
mod text;
mod utf8;

pub use examine::{Examiner, FileFacts, FileRead, NamedImage, RecordKey, examine, read};
pub use repair::{Change, ChangeKind, Repair, is_repairable, repair, unrepairable};
pub use table::{Record, Records, Unwritable, Value, records, write_record};
pub use text::{Unmappable, decode, encode, is_encodable, is_gaiji};
