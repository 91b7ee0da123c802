//! 初期設定: the connection file and this terminal's certificate; and a new certificate where the old one ended.

use std::{path::Path, sync::Arc};

use care_model::{OfficeNumber, ProblemCode};
use desk_ipc::{CommandError, ConnectionView, EnrolStart, StartView};
use exchange_client::{ClientError, Connection, ExchangeClient};
use exchange_protocol::{AccountFamily, EnrolmentRequest};
use secrecy::ExposeSecret;

use crate::{
    core::Core,
    refusal,
    session::{Identity, account, client_of},
    store::ValueName,
};

/// A connection file is small; anything larger is not one.
const CONNECTION_FILE_BYTES_MAX: u64 = 64 * 1_024;
const TERMINAL_NAME_CHARS_MAX: usize = 40;

impl Core {
    /// Reads a connection file that a person chose or dropped.
    pub(crate) async fn read_connection(&self, path: &Path) -> Result<ConnectionView, CommandError> {
        self.must_be_begun()?;
        let unreadable = || CommandError::new(ProblemCode::ConnectionFileUnreadable);
        let facts = tokio::fs::metadata(path).await.map_err(|_| unreadable())?;
        if !facts.is_file() || facts.len() > CONNECTION_FILE_BYTES_MAX {
            return Err(unreadable());
        }
        let text = tokio::fs::read_to_string(path).await.map_err(|_| unreadable())?;
        let connection = parse_connection(&text)?;
        if self.standing().identity.is_some() {
            // The certificate belongs to one exchange: another one is another profile.
            return Err(unreadable());
        }
        self.store.set_value(ValueName::Connection, &text).await?;
        let view = connection_view(&connection);
        self.change_standing().connection = Some(connection);
        Ok(view)
    }

    /// 初期設定: makes the key here and gets its certificate. The number of the office is known only with the answer;
    /// one of those that are set up `elsewhere` on this PC is refused then (D14).
    pub(crate) async fn enrol(&self, start: EnrolStart, elsewhere: &[OfficeNumber]) -> Result<StartView, CommandError> {
        self.must_be_begun()?;
        let _one = self.certifying.lock().await;
        if self.standing().identity.is_some() {
            // The profile has its office: a new certificate for it is another command, which keeps the office.
            return Err(ProblemCode::RequestMalformed.into());
        }
        let connection = self.standing().connection.clone().ok_or(ProblemCode::ProfileEmpty)?;
        let identity = self.certified(&connection, start, None).await?;
        if elsewhere.contains(&identity.office) {
            return Err(ProblemCode::ProfileTwice.into());
        }
        self.judge_moved(identity.office)?;
        self.take_on(&connection, identity).await?;
        Ok(self.start_view())
    }

    /// Gets a new certificate for the same office. What is in the profile stays; the old certificate is given up only
    /// once the new one is stored. Somebody who is signed in is signed out: a session belongs to a certificate.
    ///
    /// Shown the old certificate, ended or not, the exchange takes this for the same terminal as before: what it has
    /// claimed stays its own, and what landed is still confirmed. Only where the old one is revoked, or none of this
    /// exchange's, does it become another terminal.
    pub(crate) async fn enrol_again(self: &Arc<Self>, start: EnrolStart) -> Result<StartView, CommandError> {
        self.must_be_begun()?;
        let _one = self.certifying.lock().await;
        let (connection, before) = {
            let standing = self.standing();
            (standing.connection.clone(), standing.identity.clone())
        };
        let (Some(connection), Some(before)) = (connection, before) else {
            return Err(ProblemCode::ProfileEmpty.into());
        };
        let shown = self.standing().client.clone();
        let identity = self.certified(&connection, start, shown).await?;
        if identity.office != before.office {
            return Err(ProblemCode::CertificateOtherOffice.into());
        }
        // Said with the old certificate, which the session belongs to.
        self.sign_out().await?;
        self.take_on(&connection, identity).await?;
        Ok(self.start_view())
    }

    /// A new key with its certificate, not stored yet; for the same terminal where it has `shown` its certificate.
    async fn certified(
        &self,
        connection: &Connection,
        start: EnrolStart,
        shown: Option<ExchangeClient>,
    ) -> Result<Identity, CommandError> {
        let office_id = account(&start.office_id, AccountFamily::Office)?;
        let terminal_name = start.terminal_name.trim().to_owned();
        if terminal_name.is_empty() || terminal_name.chars().count() > TERMINAL_NAME_CHARS_MAX {
            return Err(ProblemCode::RequestMalformed.into());
        }
        let bare = ExchangeClient::through(&self.proxy()?, connection, None)
            .map_err(|error| refusal::logged(ProblemCode::ConnectionFileUnreadable, &error))?;
        let (key_pem, request_pem) = exchange_client::make_certificate_request(&terminal_name)
            .map_err(|error| refusal::logged(ProblemCode::Internal, &error))?;
        let request = EnrolmentRequest {
            office_id,
            issue_password: start.issue_password,
            request_pem,
            terminal_name: terminal_name.clone(),
        };
        let answer = match shown {
            None => bare.enrol(&request).await,
            Some(client) => match client.enrol_again(&request).await {
                // It is not even let in with what it shows, as with another exchange's certificate.
                Err(ClientError::Refused(problem))
                    if matches!(
                        problem.code,
                        ProblemCode::CertificateForeign | ProblemCode::CertificateMissing
                    ) =>
                {
                    bare.enrol(&request).await
                }
                answer => answer,
            },
        };
        let answer = self.heard(answer)?;
        Ok(Identity {
            terminal: answer.terminal,
            office: answer.office,
            office_name: answer.office_name,
            kinds: answer.kinds,
            certificate_pem: answer.certificate_pem,
            key_pem: key_pem.expose_secret().to_owned(),
            expires_at: answer.expires_at,
            terminal_name,
            renewed_at: None,
        })
    }

    /// Stores the identity, and goes by it from then on.
    pub(crate) async fn take_on(&self, connection: &Connection, identity: Identity) -> Result<(), CommandError> {
        let client = client_of(connection, &identity, &self.proxy()?)?;
        // The password was good once: the certificate is stored before anything else can fail.
        self.store.set_value(ValueName::Identity, &identity).await?;
        self.mark_office(identity.office, &identity.office_name).await;
        let mut standing = self.change_standing();
        if let Some(me) = &mut standing.me {
            me.certificate_until = identity.expires_at;
        }
        standing.identity = Some(identity);
        standing.ended = None;
        standing.client = Some(client);
        drop(standing);
        self.sync_wanted.notify_one();
        Ok(())
    }
}

pub(crate) fn parse_connection(text: &str) -> Result<Connection, CommandError> {
    Connection::parse(text.as_bytes()).map_err(|_| ProblemCode::ConnectionFileUnreadable.into())
}

pub(crate) fn connection_view(connection: &Connection) -> ConnectionView {
    let url = connection.exchange_url.as_str();
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    ConnectionView {
        exchange_name: connection.exchange_name.clone(),
        host: host.split('/').next().unwrap_or(host).to_owned(),
    }
}
