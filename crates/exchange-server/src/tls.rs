//! TLS 1.3 on both listeners (D12).

use std::sync::Arc;

use care_model::{OfficeNumber, ProblemCode, TerminalId};
use chrono::{DateTime, Utc};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    server::{
        ResolvesServerCert, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    version::TLS13,
};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use thiserror::Error as ThisError;
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter};
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
    let verifier = OfOurAuthority {
        verifier,
        authority: authority.certificate(),
        algorithms: provider.signature_verification_algorithms.all,
    };
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
                .with_client_cert_verifier(Arc::new(verifier))
                .with_cert_resolver(shown()),
        ),
        enrolment: finish(builder()?.with_no_client_auth().with_cert_resolver(shown())),
        certificate,
    })
}

/// Takes every certificate of our authority, whatever its dates and whatever it is for: that is judged per request and
/// answered in words, because an alert reaches no user (D12). Who shows one that is for something else has the key of
/// something that we made, and is nobody by it: [`PeerCertificate::read`] refuses it.
#[derive(Debug)]
struct OfOurAuthority {
    verifier: Arc<dyn ClientCertVerifier>,
    authority: CertificateDer<'static>,
    algorithms: &'static [&'static dyn SignatureVerificationAlgorithm],
}

impl OfOurAuthority {
    /// Whether our authority signed it, for any use.
    fn signed(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> bool {
        let Ok(authority) = webpki::anchor_from_trusted_cert(&self.authority) else {
            return false;
        };
        EndEntityCert::try_from(certificate).is_ok_and(|certificate| {
            certificate
                .verify_for_usage(self.algorithms, &[authority], &[], now, AnyUse, None, None)
                .is_ok()
        })
    }
}

struct AnyUse;

impl ExtendedKeyUsageValidator for AnyUse {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}

impl ClientCertVerifier for OfOurAuthority {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let encoding = |_| Error::InvalidCertificate(CertificateError::BadEncoding);
        let (_, certificate) = X509Certificate::from_der(end_entity).map_err(encoding)?;
        let bound = |time: i64| u64::try_from(time).unwrap_or(0);
        let first = bound(certificate.validity().not_before.timestamp());
        let last = bound(certificate.validity().not_after.timestamp()).max(first);
        let within = now.as_secs().clamp(first, last);
        let within = UnixTime::since_unix_epoch(std::time::Duration::from_secs(within));
        match self.verifier.verify_client_cert(end_entity, intermediates, within) {
            Err(Error::InvalidCertificate(
                CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. },
            )) if self.signed(end_entity, within) => Ok(ClientCertVerified::assertion()),
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
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
    /// From when it holds.
    pub(crate) begins_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Whose terminal's a certificate is that is shown in the handshake, or by what code it is refused. Whether our authority
/// signed it is judged before, and whether it holds after.
pub fn shown_certificate(der: &[u8]) -> Result<(OfficeNumber, TerminalId), ProblemCode> {
    PeerCertificate::read(&CertificateDer::from(der)).map(|shown| (shown.office, shown.terminal))
}

impl PeerCertificate {
    /// Reads it. One that is not for showing it to a server is no terminal's, nor is one that does not name an office
    /// and a terminal as ours do.
    pub(crate) fn read(der: &CertificateDer<'_>) -> Result<Self, ProblemCode> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| ProblemCode::CertificateForeign)?;
        let uses = certificate.extended_key_usage();
        if !uses.is_ok_and(|uses| uses.is_some_and(|uses| uses.value.client_auth)) {
            return Err(ProblemCode::CertificateWrongUse);
        }
        Self::named(der, &certificate).ok_or(ProblemCode::CertificateForeign)
    }

    fn named(der: &CertificateDer<'_>, certificate: &X509Certificate<'_>) -> Option<Self> {
        let subject = certificate.subject();
        let office = subject.iter_organization().next()?.as_str().ok()?;
        let terminal = subject.iter_common_name().next()?.as_str().ok()?;
        Some(Self {
            office: OfficeNumber::parse(office).ok()?,
            terminal: terminal.parse().ok()?,
            fingerprint: fingerprint(der),
            key: key_digest(certificate),
            begins_at: DateTime::from_timestamp(certificate.validity().not_before.timestamp(), 0)?,
            expires_at: DateTime::from_timestamp(certificate.validity().not_after.timestamp(), 0)?,
        })
    }
}
