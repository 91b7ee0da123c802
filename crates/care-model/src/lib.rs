//! The nouns of the field: office numbers, service kinds, months, serials, digests, problem codes and limits.
//!
//! Everything here is a value that exists only if it has its official shape.
//! Nothing here reads a file, a clock or a network.

mod digest;
mod id;
pub mod limits;
mod month;
mod office;
mod problem;
mod serial;
mod service_kind;
mod text_type;

pub use digest::Digest;
pub use id::{AccountId, DeliveryId, TerminalId};
pub use month::ServiceMonth;
pub use office::{OfficeNumber, OfficeRole, Party};
pub use problem::ProblemCode;
pub use serial::Serial;
pub use service_kind::ServiceKind;
pub use text_type::ShapeError;
