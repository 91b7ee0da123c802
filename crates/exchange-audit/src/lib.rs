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
//! An inspection record (運営指導用の記録) is a part of a chain in the same lines: its head names the period, a signed
//! opening says where in the chain it begins, and behind each act that began or ended a delivery stands a signed receipt
//! of what that delivery was. It has no checkpoints. Each line is judged by itself, so that the one that was changed is
//! the one that is named:
//!
//! ```text
//! {"head":{"careplan_audit":1,"chain":"9970100013",…,"period":{"from":"…","until":"…"},"certificate":"-----BEGIN …"}}
//! {"opening":{"of":{"head":"…","sequence":41,"hash":"…"},"signature":"…"}}   head = SHA-256 of the line before
//! {"record":{"of":{"sequence":42,"at":"…","act":"accept",…},"hash":"…"}}
//! {"receipt":{"of":{"record":"…","delivery":"…","from":{…},"parts":[…],…},"signature":"…"}}   record = the hash before
//! {"end":{"of":{"records":1,"checkpoints":0,"digest":"…"},"signature":"…"}}
//! ```
//!
//! The signing key's certificate is issued by the exchange's authority for this use alone, so that the authority's
//! certificate in a connection file is all that [`verify`] needs. A terminal's certificate can sign nothing here.

mod act;
mod export;
mod receipt;
mod record;
mod signed;
mod verify;

pub use act::Act;
pub use export::{Export, Head};
pub use receipt::{Entry, Opening, PartKind, Period, Place, Receipt, ReceiptPart};
pub use record::{Chain, Record, Subject, Who};
pub use signed::{Checkpoint, End, Signature, Signer, SignerError, WriteError, first_hash, next_hash};
pub use verify::{Breach, Flaw, Verified, VerifyError, verify, verify_each};
