//! What every request shares.

use std::sync::Arc;

use exchange_protocol::HelpDesk;
use exchange_store::{Store, StoreError};
use tokio::sync::watch;

use crate::{
    Clock,
    authority::Authority,
    mail::{Listening, Mails},
    operations::{Health, Meters},
    pace::{Pace, Places},
    passwords::Passwords,
    server_certificate::ServerCertificate,
};

/// The state behind both listeners. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Store,
    /// The folder of database and contents; new versions of the client lie in it too.
    pub(crate) data: std::path::PathBuf,
    pub(crate) clock: Clock,
    pub(crate) authority: Arc<Authority>,
    /// Signs the audit.
    pub(crate) audit: Arc<exchange_audit::Signer>,
    pub(crate) certificate: Arc<ServerCertificate>,
    pub(crate) passwords: Passwords,
    /// How the server is, for whoever runs it.
    pub(crate) health: Health,
    pub(crate) meters: Meters,
    pub(crate) pace: Pace,
    /// Sends mail, if this exchange does.
    pub(crate) mails: Option<Mails>,
    /// Which offices have a client that listens here.
    pub(crate) listening: Listening,
    /// Of sends that are being accepted.
    pub(crate) sends: Places,
    /// Carried by every answer (D8).
    pub(crate) epoch: u64,
    /// Where terminals connect, as they are told.
    pub(crate) exchange_url: String,
    /// Where terminals without a certificate connect, as they are told.
    pub(crate) enrolment_url: String,
    /// Turns true when the server ends, so that streams end.
    pub(crate) ending: watch::Receiver<bool>,
    /// In a sandbox only: ends the server, which its keeper then begins anew.
    pub(crate) sandbox: Option<watch::Sender<bool>>,
}

impl App {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }
}

impl std::ops::Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// The names under which operator settings are stored.
pub(crate) mod setting {
    pub(crate) const EXCHANGE_NAME: &str = "exchange_name";
    pub(crate) const HELP_TELEPHONE: &str = "help_desk_telephone";
    pub(crate) const HELP_HOURS: &str = "help_desk_hours";
    pub(crate) const HELP_FORM: &str = "help_desk_form_url";
}

/// The help desk, with the manual's as default (D23).
pub(crate) async fn help_desk(store: &Store) -> Result<HelpDesk, StoreError> {
    let default = default_help_desk();
    let or = |value: Option<String>, default: String| value.unwrap_or(default);
    Ok(HelpDesk {
        telephone: or(store.setting(setting::HELP_TELEPHONE).await?, default.telephone),
        hours: or(store.setting(setting::HELP_HOURS).await?, default.hours),
        form_url: or(store.setting(setting::HELP_FORM).await?, default.form_url),
    })
}

pub(crate) fn default_help_desk() -> HelpDesk {
    HelpDesk {
        telephone: messages::help_desk::telephone(),
        hours: messages::help_desk::hours(),
        form_url: DEFAULT_HELP_FORM.to_owned(),
    }
}

pub(crate) async fn exchange_name(store: &Store) -> Result<String, StoreError> {
    let name = store.setting(setting::EXCHANGE_NAME).await?;
    Ok(name.unwrap_or_else(|| DEFAULT_EXCHANGE_NAME.to_owned()))
}

/// The form address of the manual's help desk (D23).
const DEFAULT_HELP_FORM: &str = "https://www.careplan-renkei-support.jp/contact/index.html";

/// What an exchange is called that nobody named.
pub(crate) const DEFAULT_EXCHANGE_NAME: &str = "Careplan Exchange";
