//! Who is calling, by type: a handler that takes a [`SignedIn`] cannot be reached without one.

use std::{net::IpAddr, sync::Arc};

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use bytes::Bytes;
use care_model::ProblemCode;
use chrono::{DateTime, TimeDelta, Utc};
use exchange_protocol::Problem;
use exchange_store::{Actor, SessionRow, TerminalRow};
use http::{StatusCode, header, request::Parts};
use http_body_util::{BodyExt as _, Limited};
use serde::de::DeserializeOwned;

use crate::{
    app::App,
    refusal::{Answer, Refusal},
    tls::PeerCertificate,
    tokens,
};

/// The certificate shown in the handshake, or why it can be no terminal's, put here by the listener.
#[derive(Clone)]
pub(crate) struct Peer(pub(crate) Result<Arc<PeerCertificate>, ProblemCode>);

/// Where a connection comes from, put here by the listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source(pub(crate) IpAddr);

impl Source {
    /// What one party can't help sharing and can't cheaply change: the address, of version 6 its network.
    pub(crate) fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() & (u128::MAX << 64)).into()),
            address => address,
        }
    }
}

/// An enrolled terminal whose certificate is good now.
#[derive(Debug, Clone)]
pub(crate) struct Terminal(pub(crate) Arc<TerminalRow>);

impl FromRequestParts<App> for Terminal {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let peer = parts.extensions.get::<Peer>().cloned();
        let Peer(certificate) = peer.ok_or(ProblemCode::CertificateMissing)?;
        let certificate = certificate?;
        let now = app.clock.now();
        let row = app.store.terminal(certificate.terminal).await?;
        let Some(row) = row.filter(|row| row.office == certificate.office) else {
            return Err(ProblemCode::CertificateForeign.into());
        };
        let shown = Shown::of(&row, &certificate, now).ok_or(ProblemCode::CertificateForeign)?;
        if row.revoked_at.is_some() {
            return Err(ProblemCode::CertificateRevoked.into());
        }
        if now < certificate.begins_at {
            return Err(ProblemCode::CertificateEarly.into());
        }
        if now > certificate.expires_at {
            return Err(ProblemCode::CertificateExpired.into());
        }
        match shown {
            Shown::Own => Ok(Self(row)),
            Shown::Replaced => Err(ProblemCode::CertificateReplaced.into()),
            Shown::Next => {
                let former_until = now + TimeDelta::hours(FORMER_CERTIFICATE_HOURS);
                app.store
                    .take_up_certificate(row.id, certificate.fingerprint, former_until)
                    .await?;
                match app.store.terminal(row.id).await? {
                    Some(row) => Ok(Self(row)),
                    None => Err(ProblemCode::CertificateForeign.into()),
                }
            }
        }
    }
}

/// Hours that a terminal's former certificate stays good once the next one was used: what is under way ends as it began.
const FORMER_CERTIFICATE_HOURS: i64 = 24;

/// Which of a terminal's certificates was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The one it is known by, or the one before while that is good.
    Own,
    /// The one it was given last, for the first time.
    Next,
    /// The one before, after its time.
    Replaced,
}

impl Shown {
    /// None if it is none of this terminal's, or so old that nobody knows it.
    pub(crate) fn of(row: &TerminalRow, shown: &PeerCertificate, now: DateTime<Utc>) -> Option<Self> {
        if row.fingerprint == shown.fingerprint {
            return Some(Self::Own);
        }
        if row.next == Some(shown.fingerprint) {
            return Some(Self::Next);
        }
        match row.former {
            Some((former, until)) if former == shown.fingerprint => Some(match now <= until {
                true => Self::Own,
                false => Self::Replaced,
            }),
            _ => None,
        }
    }
}

/// A person signed in at a terminal.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    pub(crate) terminal: Arc<TerminalRow>,
    pub(crate) session: Arc<SessionRow>,
}

impl SignedIn {
    pub(crate) fn actor(&self) -> Actor {
        Actor {
            office: self.session.office,
            account: self.session.person.clone(),
            terminal: self.session.terminal,
        }
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let Terminal(terminal) = Terminal::from_request_parts(parts, app).await?;
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        let Some(token) = token else {
            return Err(ProblemCode::SignInRequired.into());
        };
        let session = app.store.session(tokens::hash(token)).await?;
        // A token is bound to the certificate under which it was given.
        let good = |session: &Arc<SessionRow>| {
            session.terminal == terminal.id
                && session.office == terminal.office
                && session.access_until > app.clock.now()
        };
        match session.filter(good) {
            Some(session) => Ok(Self { terminal, session }),
            None => Err(ProblemCode::SignInRequired.into()),
        }
    }
}

/// Where nobody need be signed in; a token that is shown has to be good all the same.
impl axum::extract::OptionalFromRequestParts<App> for SignedIn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Option<Self>> {
        match parts.headers.contains_key(header::AUTHORIZATION) {
            true => <Self as FromRequestParts<App>>::from_request_parts(parts, app)
                .await
                .map(Some),
            false => Ok(None),
        }
    }
}

/// Names from the path.
pub(crate) struct InPath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for InPath<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        match Path::from_request_parts(parts, app).await {
            Ok(Path(names)) => Ok(Self(names)),
            Err(_) => Err(ProblemCode::RequestMalformed.into()),
        }
    }
}

/// What stands behind the question mark.
pub(crate) struct InQuery<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for InQuery<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        match Query::from_request_parts(parts, app).await {
            Ok(Query(query)) => Ok(Self(query)),
            Err(_) => Err(ProblemCode::RequestMalformed.into()),
        }
    }
}

/// The media type of JSON.
pub(crate) const JSON_MEDIA_TYPE: &str = "application/json";
/// The media type of bytes that only the offices understand.
pub(crate) const BYTES_MEDIA_TYPE: &str = "application/octet-stream";

/// Refuses a body that says to be something else, or does not say what it is.
pub(crate) fn is_of(request: &Request, media_type: &str) -> Answer<()> {
    let said = request.headers().get(header::CONTENT_TYPE);
    let said = said.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = said.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(media_type) {
        return Ok(());
    }
    let mut problem = Problem::new(ProblemCode::RequestMalformed);
    problem.status = StatusCode::UNSUPPORTED_MEDIA_TYPE.as_u16();
    Err(problem.into())
}

/// Bytes of a JSON body, unless an endpoint says otherwise.
const JSON_BYTES_MAX: usize = 16 * 1_024;

/// A small JSON body.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &App) -> Answer<Self> {
        is_of(&request, JSON_MEDIA_TYPE)?;
        let bytes = read_body(request, JSON_BYTES_MAX, ProblemCode::RequestMalformed.into()).await?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|_| ProblemCode::RequestMalformed.into())
    }
}

/// Whether a body's sender says that it is longer than so many bytes.
pub(crate) fn announces_more_than(request: &Request, bytes_max: usize) -> bool {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    announced.is_some_and(|bytes| bytes > bytes_max as u64)
}

/// Reads a body of at most so many bytes. One that is announced longer is refused before it is read.
pub(crate) async fn read_body(request: Request, bytes_max: usize, too_long: Refusal) -> Answer<Bytes> {
    if announces_more_than(&request, bytes_max) {
        return Err(too_long);
    }
    match Limited::new(request.into_body(), bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(too_long),
        Err(_) => Err(Problem::new(ProblemCode::RequestMalformed).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_version_6_is_one_source() {
        let network = |text: &str| Source(text.parse().unwrap()).network();
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }
}
