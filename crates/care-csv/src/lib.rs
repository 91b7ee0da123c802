//! What is inside a file of the standard: is it MS932 text, how many records, whose, of which month, and does every
//! record keep to its layout.
//!
//! A file is read once, as raw bytes: no second byte of an MS932 character is a comma, a quote or a line end, so
//! records and fields are split without decoding. Nothing is kept but two records, so a file of any size takes little
//! memory. `scan` splits, `field_check` judges one field, `rules` what fields of a record have to do with each other,
//! `sums` the annex, `keys` and `records` say whose and of which month the records are, `findings_list` keeps findings
//! within their limits, and `examine` brings it together.
//!
//! `text` and `table` turn records into values and back, for whoever reads or writes them; `repair` makes a repaired copy
//! where there is one right answer. Both work on a file in memory.
//!
//! What the standard leaves open is not judged: fields in doubt (`Doubt`), versions whose layout is not known, a repeated
//! key where one record for each person is usual (an importer takes the later one).

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

pub use examine::{Examiner, FileFacts, FileRead, NamedImage, NamedOffice, RecordKey, examine, read};
pub use repair::{Change, ChangeKind, Repair, is_repairable, repair, unrepairable};
pub use table::{Record, Records, Unwritable, Value, records, write_record};
pub use text::{Unmappable, decode, encode, is_encodable, is_gaiji};
