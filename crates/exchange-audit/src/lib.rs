//! The audit of an exchange as data: what an act's line says, how lines are chained, how a chain is signed, and how
//! whoever holds a chain's export finds out without the exchange that nothing in it was changed (D10). Pure.
//!
//! Each office has a chain of its own, and the exchange has one for what its operators and the server itself do.
//! A line never says anything of a delivery's content; see [`Record`] for what each side is told of the other.
//!
//! An export is lines of JSON, each exactly as this crate writes it:
//!
//! ```text
//! {"head":{"careplan_audit":1,"chain":"9970100013","exchange":"…","made_at":"…","certificate":"-----BEGIN …"}}
//! {"record":{"of":{"sequence":1,"at":"…","act":"accept",…},"hash":"…"}}      hash = SHA-256(hash before ‖ of)
//! {"checkpoint":{"of":{"chain":"9970100013","sequence":1,"hash":"…","at":"…"},"signature":"…"}}
//! {"end":{"of":{"records":1,"checkpoints":1,"digest":"…"},"signature":"…"}}  digest = SHA-256 of all lines before
//! ```
//!
//! The signing key's certificate is issued by the exchange's authority for this use alone, so that the authority's
//! certificate in a connection file is all that [`verify`] needs. A terminal's certificate can sign nothing here.

mod act;
mod export;
mod record;
mod signed;
mod verify;

pub use act::Act;
pub use export::{Export, Head};
pub use record::{Chain, Record, Subject, Who};
pub use signed::{Checkpoint, End, Signature, Signer, SignerError, WriteError, first_hash, next_hash};
pub use verify::{Breach, Flaw, Verified, VerifyError, verify};
