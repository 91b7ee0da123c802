//! TLS 1.3 on both listeners (D12).

use std::sync::Arc;

use care_model::{OfficeNumber, TerminalId};
use chrono::{DateTime, Utc};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    server::{
        ResolvesServerCert, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    version::TLS13,
};
use rustls_pki_types::{CertificateDer, UnixTime};
use thiserror::Error as ThisError;
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _};

use crate::{
    authority::{Authority, AuthorityError, fingerprint, key_digest},
    server_certificate::ServerCertificate,
};

/// Why TLS could not be set up.
#[derive(Debug, ThisError)]
pub enum TlsError {
    /// The server's certificate.
    #[error("the server's certificate could not be made")]
    Certificate(#[source] AuthorityError),
    /// The library refuses the configuration.
    #[error("TLS cannot be configured")]
    Configure(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The configurations of the two listeners.
pub(crate) struct TlsConfigs {
    pub(crate) exchange: Arc<ServerConfig>,
    pub(crate) enrolment: Arc<ServerConfig>,
    /// What both show, to be renewed in time.
    pub(crate) certificate: Arc<ServerCertificate>,
}

pub(crate) fn configure(
    authority: &Authority,
    server_names: &[String],
    now: DateTime<Utc>,
) -> Result<TlsConfigs, TlsError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| TlsError::Configure(error);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let certificate = Arc::new(ServerCertificate::issue(authority, server_names, &provider, now)?);
    let mut roots = RootCertStore::empty();
    roots
        .add(authority.certificate())
        .map_err(|error| failed(error.into()))?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .map_err(|error| failed(error.into()))?;
    let builder = || {
        ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13])
            .map_err(|error| failed(error.into()))
    };
    let finish = |mut config: ServerConfig| {
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Arc::new(config)
    };
    let shown = || Arc::clone(&certificate) as Arc<dyn ResolvesServerCert>;
    Ok(TlsConfigs {
        exchange: finish(
            builder()?
                .with_client_cert_verifier(Arc::new(OfOurAuthority(verifier)))
                .with_cert_resolver(shown()),
        ),
        enrolment: finish(builder()?.with_no_client_auth().with_cert_resolver(shown())),
        certificate,
    })
}

/// Takes every certificate of our authority, expired or not: what is past is judged per request and answered in
/// words, because an alert reaches no user (D12).
#[derive(Debug)]
struct OfOurAuthority(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for OfOurAuthority {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let encoding = |_| Error::InvalidCertificate(rustls::CertificateError::BadEncoding);
        let (_, certificate) = X509Certificate::from_der(end_entity).map_err(encoding)?;
        let bound = |time: i64| u64::try_from(time).unwrap_or(0);
        let first = bound(certificate.validity().not_before.timestamp());
        let last = bound(certificate.validity().not_after.timestamp()).max(first);
        let within = now.as_secs().clamp(first, last);
        self.0.verify_client_cert(
            end_entity,
            intermediates,
            UnixTime::since_unix_epoch(std::time::Duration::from_secs(within)),
        )
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// What the certificate shown in the handshake says.
#[derive(Debug, Clone)]
pub(crate) struct PeerCertificate {
    pub(crate) office: OfficeNumber,
    pub(crate) terminal: TerminalId,
    pub(crate) fingerprint: [u8; 32],
    /// The SHA-256 of its public key.
    pub(crate) key: [u8; 32],
    pub(crate) expires_at: DateTime<Utc>,
}

impl PeerCertificate {
    /// Reads it; none if it does not name an office and a terminal as ours do.
    pub(crate) fn read(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let subject = certificate.subject();
        let office = subject.iter_organization().next()?.as_str().ok()?;
        let terminal = subject.iter_common_name().next()?.as_str().ok()?;
        Some(Self {
            office: OfficeNumber::parse(office).ok()?,
            terminal: terminal.parse().ok()?,
            fingerprint: fingerprint(der),
            key: key_digest(&certificate),
            expires_at: DateTime::from_timestamp(certificate.validity().not_after.timestamp(), 0)?,
        })
    }
}
