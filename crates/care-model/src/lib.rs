//! The nouns of the field: office numbers, service kinds, months, serials, digests, file names, send units,
//! findings, problem codes and limits.
//!
//! Everything here is a value that exists only if it has its official shape.
//! Nothing here reads a file, a clock or a network.

mod check_digit;
mod digest;
mod file_kind;
mod file_name;
mod finding;
mod id;
pub mod limits;
mod mail_address;
mod month;
mod office;
mod problem;
pub mod search_text;
mod send_unit;
mod serial;
mod service_kind;
mod text_type;

pub use check_digit::check_digit_fits;
pub use digest::Digest;
pub use file_kind::{Edition, FileKind};
pub use file_name::{Address, ExchangeFileName, NameMonth, NameReading};
pub use finding::{Finding, FindingCode, FindingRule, RULED_CODES, Severity};
pub use id::{AccountId, DeliveryId, TerminalId};
pub use mail_address::MailAddress;
pub use month::ServiceMonth;
pub use office::{OfficeNumber, OfficeRole, Party};
pub use problem::ProblemCode;
pub use send_unit::{
    Direction, Member, Presence, Program, SendUnit, UNITS_OF_EDITION_3, UNITS_OF_EDITION_4, UnitMatch, UnitMonth,
    program_of,
};
pub use serial::Serial;
pub use service_kind::ServiceKind;
pub use text_type::ShapeError;
