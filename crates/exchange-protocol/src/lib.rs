//! What travels between a desk and an exchange server: requests, answers, problems and their limits.
//!
//! Plain data with one constructor each; who may ask for what is decided by the server, what happens to a
//! delivery by `exchange-flow`.
//!
//! | Call | Who | Body → answer |
//! |---|---|---|
//! | `POST /v1/enrolments` (both listeners) | anybody with an issue password; on the exchange listener the terminal stays the one of its certificate | [`EnrolmentRequest`] → [`EnrolmentAnswer`] |
//! | `GET /v1/exchange` (both listeners) | anybody | → [`ExchangeAnswer`] |
//! | `POST /v1/sign-in/person` | terminal | [`PersonSignIn`] → [`PersonSignInAnswer`] |
//! | `POST /v1/sign-in/office` | terminal | [`OfficeSignIn`] → [`Session`] |
//! | `POST /v1/sign-in/refresh` | terminal | [`RefreshSession`] → [`Session`] |
//! | `POST /v1/accounts/password` | terminal | [`PasswordChange`] → nothing |
//! | `POST /v1/sign-out` | session | → nothing |
//! | `POST /v1/sign-out/everywhere` | session | → nothing |
//! | `GET /v1/me` | session | → [`Me`] |
//! | `GET /v1/offices/{number}` | session | → [`OfficeEntry`] |
//! | `POST /v1/offices/search` | session | [`OfficeSearch`] → [`OfficePage`] |
//! | `GET /v1/terminal` | terminal | → [`ThisTerminal`] |
//! | `POST /v1/terminals/renewal` | session | [`RenewalRequest`] → [`RenewalAnswer`] |
//! | `GET /v1/terminals` | session | → [`TerminalPage`] of its own office |
//! | `GET /v1/news` | session | → [`NewsPage`] |
//! | `PUT /v1/deliveries/{id}` | session | a [framed](envelope) small delivery → [`Accepted`] |
//! | `POST /v1/uploads/{id}` | session | [`DeliveryHeader`] as JSON → [`UploadProgress`] |
//! | `PUT /v1/uploads/{id}/{part}?offset=N` | session | bytes of one chunk → [`UploadProgress`] |
//! | `POST /v1/uploads/{id}/commit` | session | → [`Accepted`] |
//! | `GET /v1/outbox?after=&limit=` | session | → [`Page`] of [`OutboxEntry`] |
//! | `POST /v1/outbox/{id}/recall` | session of the sending office | → [`Recalled`] |
//! | `GET /v1/inbox?after=&limit=` | session | → [`Page`] of [`InboxEntry`] |
//! | `GET /v1/inbox/{id}/cover` | session | → the bytes of the cover part; does not make a delivery 済 |
//! | `POST /v1/inbox/{id}/claim` | session | [`ClaimRequest`] → [`Claim`] |
//! | `GET /v1/inbox/{id}/parts/{part}?fence=F` with `Range` | session | → the bytes asked for |
//! | `POST /v1/inbox/{id}/confirm` | session | [`ConfirmRequest`] → [`Received`] |
//! | `GET /v1/updates/{target}/{version}` | terminal | → [`UpdateOffer`] of a newer version, or no content |
//! | `GET /v1/updates/{target}/{version}/file` | terminal | → the bytes of that version's installer |
//! | `GET /v1/audit/export` | session | → the office's own part of the audit as lines of JSON, up to where it is sealed |
//! | `GET /v1/audit/record?from=&until=` | session | → the same of a period, with a signed receipt of each delivery |
//! | `GET /v1/events` | terminal; a session of its own ends it | → server-sent [`Event`]s; without a session none of 送信一覧 |
//!
//! Every refusal is a [`Problem`] as `application/problem+json`. Every answer carries [`EPOCH_HEADER`] and
//! [`REQUEST_HEADER`].

mod delivery;
pub mod envelope;
mod people;
mod pickup;
mod problem;
mod range;
mod updates;

pub use delivery::{
    Accepted, DeliveryHeader, DeliveryStatus, HeaderError, InboxEntry, OutboxEntry, Page, Part, PartRole, Recalled,
    Sealing, UploadProgress,
};
pub use people::{
    AccountFamily, EnrolmentAnswer, EnrolmentRequest, ExchangeAnswer, HelpDesk, Licence, Me, NewsEntry, NewsPage,
    OfficeEntry, OfficePage, OfficeSearch, OfficeSignIn, PasswordChange, PersonSignIn, PersonSignInAnswer,
    RefreshSession, RenewalAnswer, RenewalRequest, Session, TerminalEntry, TerminalPage, ThisTerminal,
};
pub use pickup::{Claim, ClaimRequest, ConfirmRequest, Event, Received};
pub use problem::Problem;
pub use range::{ByteRange, ContentRange};
pub use updates::{
    ClientVersion, UPDATE_BYTES_MAX, UPDATE_NOTES_CHARS_MAX, UPDATE_SIGNATURE_BYTES_MAX, UpdateNameError, UpdateOffer,
    UpdateTarget, signed_comment,
};

/// The version of this protocol; a server that speaks another answers `server_incompatible`.
pub const PROTOCOL_VERSION: u32 = 1;
/// The header in which a client names the version that it speaks.
pub const VERSION_HEADER: &str = "careplan-version";
/// The header in which every answer carries the server's epoch; a restore from backup raises it (D8).
pub const EPOCH_HEADER: &str = "careplan-epoch";
/// The id of a request, in its answer: the server's log knows it under the same.
pub const REQUEST_HEADER: &str = "careplan-request";
/// The media type of [`Problem`].
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";
