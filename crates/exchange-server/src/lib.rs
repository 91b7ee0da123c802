//! The exchange server: two TLS listeners, sign-in, deliveries, pickups, and what the operator does.
//!
//! The server never opens a care record (D2): it sees a clear header and opaque parts, and links no crate that could
//! read them. Who may call what stands in [`ENDPOINTS`]; what may happen to a delivery in `exchange-flow`; what is
//! kept in `exchange-store`.

mod accounts;
pub mod admin;
mod app;
mod attachment_kind;
mod audit;
mod authority;
pub mod backups;
mod certificate_files;
mod clock;
mod deliveries;
mod duties;
mod engine_file;
mod enrolment;
mod events;
mod extract;
mod keeping;
mod keys;
mod listener;
mod lists;
mod mail;
pub mod master_keys;
pub mod office_acts;
mod office_facts;
pub mod office_list;
mod openapi;
mod operations;
pub mod operators;
mod pace;
mod panics;
mod passwords;
mod people;
mod pickups;
mod portal;
mod recalls;
mod refusal;
mod router;
pub mod sandbox;
mod server;
mod server_certificate;
mod settings;
mod settings_check;
mod sign_in;
mod terminals;
mod tls;
mod tokens;
mod unfit;
pub mod updates;
mod uploads;

pub use audit::AuditExported;
pub use authority::AuthorityError;
pub use certificate_files::CertificateMade;
pub use clock::Clock;
pub use duties::{Duty, may};
pub use engine_file::{EngineFileError, engine_of};
pub use exchange_store::{Engine, StoreError};
pub use keeping::LimitsShown;
pub use keys::KeysError;
pub use mail::{MailFileError, MailSettings, mail_of};
pub use openapi::openapi;
pub use pace::PaceSettings;
pub use panics::panics_say_only_where;
pub use passwords::{PasswordCost, PasswordError};
pub use portal::{PAGES, Page, Viewer};
pub use router::{Caller, ENDPOINTS, Endpoint, Listener, SANDBOX_ENDPOINTS};
pub use server::{Running, Server, StartError};
pub use settings::{Settings, TracesSettings, keys_beside};
pub use settings_check::SettingsFlaw;
pub use tls::{TlsError, shown_certificate};

/// Brings the database up to date and does nothing else.
pub async fn migrate(engine: Engine) -> Result<(), StoreError> {
    exchange_store::Store::migrate(engine).await
}
