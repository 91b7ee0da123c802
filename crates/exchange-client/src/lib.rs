//! The typed client of an exchange: one call for each line of the table in `exchange-protocol`.
//!
//! - [`ExchangeClient`] speaks as a terminal: enrolment, sign-in.
//! - [`SignedIn`] speaks for a signed-in person: deliveries, lists, claims, the event stream. It is made from an
//!   [`AccessToken`], so that no call can be made without one.
//!
//! What a caller can rely on:
//! - TLS 1.3 only, and only with a server whose certificate comes from the authority in the [`Connection`] file.
//!   The provider is given, never taken from a process-wide default.
//! - A failed call says what may have happened ([`ClientError`]): nothing left, or it is unknown whether the server
//!   acted. Nothing that changes something is ever tried again by itself; only reading is.
//! - Nothing waits for ever ([`Timeouts`]), nothing grows without bound, nothing large is held in memory.

mod audit;
mod certificate_file;
mod connection;
mod deliveries;
mod error;
mod events;
mod identity;
mod inbox;
mod pickup;
mod proxy;
mod sign_in;
mod transport;
mod updates;
mod upload;

pub use audit::AuditStream;
pub use certificate_file::{CERTIFICATE_FILE_BYTES_MAX, CertificateFileError, read_certificate_file};
pub use connection::{Connection, ConnectionError};
pub use error::{Cause, ClientError};
pub use events::EventStream;
pub use identity::{ClientIdentity, IdentityError, make_certificate_request};
pub use pickup::PartStream;
pub use proxy::{NotAProxy, Proxy, ProxyAddress};
pub use sign_in::{AccessToken, RefreshToken, SessionTokens, SignedIn, StepToken};
pub use transport::{ExchangeClient, SetupError, Timeouts};
pub use updates::UpdateStream;
pub use upload::PartSource;
