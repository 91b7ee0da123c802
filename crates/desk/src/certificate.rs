//! This terminal's certificate after 初期設定: renewed before its end without the operator, and imported from a file.
//!
//! A renewal makes a new key. It is stored before the exchange is asked, so that asking again after a lost answer is
//! the same request, and gets the same certificate. Key and certificate become the terminal's in one write; before it
//! the former ones work, after it the new ones do. The terminal stays the same, so a session and whatever is being sent
//! or fetched go on (ADR 0028).

use std::{path::Path, sync::Arc, time::Duration};

use care_model::{OfficeNumber, ProblemCode, limits};
use chrono::TimeDelta;
use desk_ipc::{CertificateImport, CommandError, DeskEvent, ExpiryView, RenewalView, StartView};
use exchange_client::{
    CERTIFICATE_FILE_BYTES_MAX, CertificateFileError, ExchangeClient, make_certificate_request, read_certificate_file,
};
use exchange_protocol::RenewalRequest;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::{
    core::{Core, lock},
    home::expiry,
    intake::Dropped,
    refusal,
    session::Identity,
    store::ValueName,
};

/// Between two looks at whether the certificate is to be renewed, and two tries.
const LOOK_AGAIN: Duration = Duration::from_secs(10 * 60);
/// Days for which トップページ says that the certificate was renewed.
const TOLD_DAYS: i64 = 7;

/// A key that waits for its certificate.
#[derive(Serialize, Deserialize)]
struct NextKey {
    key_pem: String,
    request_pem: String,
}

impl Core {
    /// Whether so little is left of the certificate that it can be renewed. One that ended can't: the exchange no longer
    /// takes it for anything.
    fn renewal_is_due(&self, identity: &Identity) -> bool {
        let left = identity.expires_at - self.now();
        left <= TimeDelta::days(limits::EXPIRY_WARNING_DAYS)
    }

    /// 証明書を更新する: the next certificate of this terminal, which stays signed in.
    pub(crate) async fn renew_certificate(&self) -> Result<ExpiryView, CommandError> {
        let _one = self.certifying.lock().await;
        let before = self.identity().ok_or(ProblemCode::ProfileEmpty)?;
        if !self.renewal_is_due(&before) {
            return Err(CommandError::new(ProblemCode::RenewalTooEarly).with("days", limits::EXPIRY_WARNING_DAYS));
        }
        let line = self.line().await?;
        let next = self.next_key(&before).await?;
        let request = RenewalRequest {
            request_pem: next.request_pem,
        };
        let answer = line.exchange.renew_certificate(&request).await;
        let answer = self.heard_by(&line, answer).await?;
        let identity = Identity {
            certificate_pem: answer.certificate_pem,
            key_pem: next.key_pem,
            expires_at: answer.expires_at,
            renewed_at: Some(self.now()),
            ..before
        };
        let connection = self.standing().connection.clone().ok_or(ProblemCode::ProfileEmpty)?;
        self.take_on(&connection, identity).await?;
        *lock(&self.renewal_problem) = None;
        self.store.forget_value(ValueName::NextKey).await?;
        self.tell(DeskEvent::CertificateChanged);
        Ok(expiry(answer.expires_at, self.now()))
    }

    /// The key of the renewal that was begun, or a new one, stored before anybody hears of it.
    async fn next_key(&self, before: &Identity) -> Result<NextKey, CommandError> {
        let begun: Option<NextKey> = self.store.value(ValueName::NextKey).await?;
        // A crash right after the last renewal leaves the key that is in use since.
        if let Some(next) = begun.filter(|next| next.key_pem != before.key_pem) {
            return Ok(next);
        }
        let (key_pem, request_pem) = make_certificate_request(&before.terminal_name)
            .map_err(|error| refusal::logged(ProblemCode::Internal, &error))?;
        let next = NextKey {
            key_pem: key_pem.expose_secret().to_owned(),
            request_pem,
        };
        self.store.set_value(ValueName::NextKey, &next).await?;
        Ok(next)
    }

    /// Renews the certificate after ログイン and from then on in time, until the desk closes.
    pub(crate) async fn keep_certificate(self: Arc<Self>) {
        loop {
            let changed = self.session_changed.notified();
            let due = self.identity().is_some_and(|identity| self.renewal_is_due(&identity));
            if due && self.is_signed_in() {
                tokio::select! {
                    () = self.closing.cancelled() => return,
                    renewed = self.renew_certificate() => if let Err(error) = renewed {
                        tracing::warn!(code = error.code.as_str(), "the certificate was not renewed; it is tried again");
                        *lock(&self.renewal_problem) = Some(error);
                        self.tell(DeskEvent::CertificateChanged);
                    }
                }
            }
            tokio::select! {
                () = self.closing.cancelled() => return,
                () = changed => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    /// What トップページ says of the renewal.
    pub(crate) fn renewal_view(&self, identity: &Identity) -> RenewalView {
        let (now, due) = (self.now(), self.renewal_is_due(identity));
        RenewalView {
            due,
            renewed_at: identity.renewed_at.filter(|at| now - *at < TimeDelta::days(TOLD_DAYS)),
            problem: lock(&self.renewal_problem).clone().filter(|_| due),
        }
    }

    /// Takes the certificate of a file, for a profile without one or in place of the one that it has. The number of the
    /// office comes from the exchange; one of those that are set up `elsewhere` on this PC is refused (D14).
    pub(crate) async fn import_certificate(
        self: &Arc<Self>,
        import: CertificateImport,
        elsewhere: &[OfficeNumber],
    ) -> Result<StartView, CommandError> {
        self.must_be_begun()?;
        let _one = self.certifying.lock().await;
        let (connection, before) = {
            let standing = self.standing();
            (standing.connection.clone(), standing.identity.clone())
        };
        let connection = connection.ok_or(ProblemCode::ProfileEmpty)?;
        let path = match lock(&self.drops).get(&import.file).ok_or(ProblemCode::DropUnknown)? {
            Dropped::Paths(paths) if paths.len() == 1 => paths[0].clone(),
            _ => return Err(ProblemCode::CertificateFileUnreadable.into()),
        };
        let bytes = read_small(&path).await?;
        let (trusted, now) = (connection.clone(), self.now());
        let read = tokio::task::spawn_blocking(move || {
            read_certificate_file(&bytes, &SecretString::from(import.password), &trusted, now)
        });
        let own = read
            .await
            .map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))?
            .map_err(of_file)?;
        let client = ExchangeClient::through(&self.proxy()?, &connection, Some(&own))
            .map_err(|error| refusal::logged(ProblemCode::CertificateFileKeyless, &error))?;
        let terminal = self.heard(client.this_terminal().await)?;
        if before.is_some_and(|before| before.office != terminal.office) {
            return Err(ProblemCode::CertificateFileOffice.into());
        }
        if elsewhere.contains(&terminal.office) {
            return Err(ProblemCode::ProfileTwice.into());
        }
        self.judge_moved(terminal.office)?;
        // Said with the certificate before, which the session belongs to.
        self.sign_out().await?;
        let identity = Identity {
            terminal: terminal.terminal,
            office: terminal.office,
            office_name: terminal.office_name,
            kinds: terminal.kinds,
            certificate_pem: own.certificate_pem,
            key_pem: own.key_pem.expose_secret().to_owned(),
            expires_at: terminal.expires_at,
            terminal_name: terminal.name,
            renewed_at: None,
        };
        self.take_on(&connection, identity).await?;
        Ok(self.start_view())
    }
}

/// A file of the size that a certificate file has.
async fn read_small(path: &Path) -> Result<Vec<u8>, CommandError> {
    let unreadable = || CommandError::new(ProblemCode::CertificateFileUnreadable);
    let facts = tokio::fs::metadata(path).await.map_err(|_| unreadable())?;
    if !facts.is_file() || facts.len() > CERTIFICATE_FILE_BYTES_MAX as u64 {
        return Err(unreadable());
    }
    tokio::fs::read(path).await.map_err(|_| unreadable())
}

fn of_file(error: CertificateFileError) -> CommandError {
    use CertificateFileError as E;
    let code = match error {
        E::Unreadable => ProblemCode::CertificateFileUnreadable,
        E::Password => ProblemCode::CertificateFilePassword,
        E::Keyless => ProblemCode::CertificateFileKeyless,
        E::Foreign => ProblemCode::CertificateFileForeign,
        E::Expired => ProblemCode::CertificateFileExpired,
        E::Early => ProblemCode::CertificateFileEarly,
        E::Use => ProblemCode::CertificateFileUse,
    };
    code.into()
}
