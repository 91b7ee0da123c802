//! Where the exchange keeps what it promised: a database with a group commit, and a place for large contents.
//! Embedded these are SQLite and a folder; shared by several nodes they are PostgreSQL and a bucket ([`Engine`]).
//!
//! - [`Store`] is opened once; every change is an *act* that goes through one writer and is durable when it is
//!   answered (D7). What may happen to a delivery is decided by `exchange-flow` alone; this crate loads a state,
//!   steps it and executes the effects in the same transaction, with an audit row.
//! - Refusals are values. A [`StoreError`] means that the storage itself failed and nothing of the act was stored.
//! - Times come in as arguments; this crate reads no clock. Contents are encrypted before they get here into a
//!   row or file (D11), and nothing in a column was written by a person into a delivery (D2).
//!
//! Every act is written once. What differs between the engines is in `sql`, `sqlite`, `postgres`, `large` and `bucket`;
//! the same tests run on both. `sqlx` and `object_store` stay out of public signatures.

mod accepted;
mod audit;
mod backup;
mod bucket;
mod cache;
mod contents;
pub mod convert;
mod deliveries;
mod directory;
mod engine;
mod erasure;
mod error;
mod folder;
mod hints;
mod large;
mod licence;
mod limits;
mod lists;
mod loaded;
mod mail;
mod mailbox;
mod masters;
mod meters;
mod news;
mod offices;
mod operators;
mod own_thread;
mod people;
mod portal;
mod postgres;
mod reached;
mod renewals;
mod restore;
mod retention;
mod room;
mod sessions;
mod settings;
mod shelf;
mod spans;
mod sql;
mod sqlite;
mod stepped;
mod steps;
mod store;
mod terminals;
mod tries;
mod turns;
mod uploads;
mod usage;
mod writer;

pub use audit::{AuditFound, AuditSearch, By, SealedPage, SealedRecord, Span};
pub use backup::{BackedUp, BackupError};
pub use contents::{Serving, ServingSource};
pub use deliveries::{Actor, ClaimRefusal, NewDelivery, Refusal};
pub use disk::sync_folder;
pub use engine::{BucketPlace, Engine, SharedEngine};
pub use error::StoreError;
pub use exchange_audit::{Act, Chain, Checkpoint, Record, Signer, Subject, Who};
pub use exchange_protocol::ByteRange;
pub use folder::{ContentFolder, PartWriter};
pub use hints::Hint;
pub use large::{PartReader, PartSource};
pub use licence::{LicenceRequest, LicenceWish};
pub use limits::{LimitOverrides, OfficeLimits};
pub use lists::{Arrivals, StoredHeader};
pub use mail::{MailKind, MailOutcome, NewCode, OfficeMail, TakenMail};
pub use masters::{MasterKey, MasterKeys};
pub use meters::{Figures, Meters};
pub use news::NewsRow;
pub use offices::{AccountRow, NewAccount, NewOffice, NewPassword, OfficeFacts, OfficeRow, Standing};
pub use operators::{NewOperator, NewOperatorPassword, OperatorChange, OperatorChanged, OperatorRole, OperatorRow};
pub use people::PersonRow;
pub use portal::{NewPortalSession, PortalFamily, PortalSession};
pub use renewals::{NextCertificate, RenewalRight};
pub use restore::Restored;
pub use sessions::{NewSession, Proof, SessionRow, TokenHash};
pub use spans::{SPANS, blocking};
pub use steps::SignInStep;
pub use store::Store;
pub use terminals::{IssuePassword, NewIssuePassword, NewTerminal, Selector, TerminalRow};
pub use tries::{AdmittedTry, TryDoor};
pub use uploads::{ChunkRefusal, CommitRefusal, PartInspector, Upload, UploadStart};
pub use usage::{OpenIssuePassword, UsageMonth};
