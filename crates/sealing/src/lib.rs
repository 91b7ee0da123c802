//! Encryption of what the project keeps: small values, keys under keys, and files in segments.
//!
//! One algorithm, AES-256-GCM, by the provider that TLS uses too. There is no negotiation and no other crate.
//!
//! What is guaranteed to whoever opens something with the right key:
//! - **Small values** ([`seal`], [`open`]): any change of a bit, any cut, any extension, another key or another
//!   context is refused. The length is not hidden.
//! - **Wrapped keys** ([`wrap`], [`unwrap_key`]): the same; the name of the wrapped key is its context.
//! - **Segmented objects** ([`seal_segment`], [`SealedWriter`], [`SealedReader`] and their kin): the same for every
//!   segment, and a segment opens only at its own place of its own part, and as the last one only if it was sealed
//!   as the last. So segments that were swapped, left out, doubled, moved between parts, or cut off at the end are
//!   refused, while any range can be read without the rest.
//!
//! What is **not** guaranteed: that the object is the newest one (an older copy under the same key opens), and
//! anything at all once two different plain texts were sealed at the same place under the same key. Therefore
//! every object has a fresh key of its own ([`Key::generate`]), which is kept wrapped beside it and never reused;
//! resealing a place, as resuming does, is allowed only with the same bytes.

mod key;
mod object;
mod reader;
mod segment;
mod small;
mod writer;

pub use key::{KEY_BYTES, Key};
pub use object::{open_part, plain_bytes, seal_part, sealed_bytes, segment_count};
pub use reader::SealedReader;
pub use segment::{
    SEALED_SEGMENT_BYTES, SEGMENT_BYTES, TAG_BYTES, open_segment, open_segment_in_place, seal_segment,
    seal_segment_onto,
};
pub use small::{SMALL_OVERHEAD_BYTES, open, seal, unwrap_key, wrap};
pub use writer::SealedWriter;

use thiserror::Error;

/// It does not open: changed, cut, in the wrong place, or under another key. Which of these is not told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the sealed bytes do not open with this key in this place")]
pub struct OpenError;

/// For readers, which speak `std::io`.
impl From<OpenError> for std::io::Error {
    fn from(error: OpenError) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, error)
    }
}
