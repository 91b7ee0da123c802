//! The certificate that both listeners show. It is renewed while the server runs: an exchange that nobody restarts
//! for a year must not lock every terminal out on one morning.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use rustls::{
    crypto::CryptoProvider,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use crate::{
    authority::{Authority, SERVER_DAYS},
    tls::TlsError,
};

/// Days before its end from which on a certificate is replaced: long enough that an operator sees in the log that
/// it cannot be.
const RENEW_BEFORE_DAYS: i64 = 90;

/// What the listeners show to whoever connects next. Connections that stand keep what they were shown.
#[derive(Debug)]
pub(crate) struct ServerCertificate {
    server_names: Vec<String>,
    provider: Arc<CryptoProvider>,
    shown: RwLock<Shown>,
}

#[derive(Debug)]
struct Shown {
    key: Arc<CertifiedKey>,
    renew_from: DateTime<Utc>,
}

impl ServerCertificate {
    /// A fresh one for these names.
    pub(crate) fn issue(
        authority: &Authority,
        server_names: &[String],
        provider: &Arc<CryptoProvider>,
        now: DateTime<Utc>,
    ) -> Result<Self, TlsError> {
        Ok(Self {
            server_names: server_names.to_vec(),
            provider: Arc::clone(provider),
            shown: RwLock::new(fresh(authority, server_names, provider, now)?),
        })
    }

    /// Replaces it if its end is near; true if it was. On a failure the present one goes on being shown.
    pub(crate) fn renew_if_due(&self, authority: &Authority, now: DateTime<Utc>) -> Result<bool, TlsError> {
        let renew_from = self.shown.read().unwrap_or_else(PoisonError::into_inner).renew_from;
        if now < renew_from {
            return Ok(false);
        }
        let next = fresh(authority, &self.server_names, &self.provider, now)?;
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(true)
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&shown.key))
    }
}

fn fresh(
    authority: &Authority,
    server_names: &[String],
    provider: &CryptoProvider,
    now: DateTime<Utc>,
) -> Result<Shown, TlsError> {
    let (certificate, key) = authority
        .issue_server(server_names, now)
        .map_err(TlsError::Certificate)?;
    let key =
        CertifiedKey::from_der(vec![certificate], key, provider).map_err(|error| TlsError::Configure(error.into()))?;
    Ok(Shown {
        key: Arc::new(key),
        renew_from: now + TimeDelta::days(SERVER_DAYS - RENEW_BEFORE_DAYS),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_renewed_once_and_only_when_its_end_is_near() {
        let now = Utc::now();
        let key = Authority::make_key().unwrap();
        let certificate = Authority::make_certificate(&key, "見本").unwrap();
        let authority = Authority::load(&key, &certificate).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let shown = ServerCertificate::issue(&authority, &["localhost".to_owned()], &provider, now).unwrap();
        let days = |days: i64| now + TimeDelta::days(days);
        for (at, renewed) in [
            (0, false),
            (306, false),
            (307, true),
            (308, false),
            (613, false),
            (614, true),
        ] {
            assert_eq!(shown.renew_if_due(&authority, days(at)).unwrap(), renewed, "day {at}");
        }
    }
}
