//! The exchange's own certificate authority: it vouches for the server to terminals and for terminals to the server.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use care_model::{OfficeNumber, TerminalId};
use chrono::{DateTime, TimeDelta, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ED25519, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _};

/// A time as the certificate library counts it, whose type is another crate's; times before 1970 do not occur.
macro_rules! at {
    ($time:expr) => {
        date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(($time).timestamp()).unwrap_or(0))
    };
}

/// How long the authority's own certificate holds.
const AUTHORITY_DAYS: i64 = 20 * 365;
/// How long a server certificate holds; a new one is made at every start, and in time while the server runs.
pub(crate) const SERVER_DAYS: i64 = 397;
/// Clocks of terminals may be late.
const BACKDATED_HOURS: i64 = 24;

/// Issues certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate_pem: String,
    certificate: CertificateDer<'static>,
}

/// Why the authority could not do something.
#[derive(Debug, Error)]
pub enum AuthorityError {
    /// Its files are not what they should be.
    #[error("the authority's key or certificate cannot be read")]
    Unreadable,
    /// A certificate could not be made.
    #[error("a certificate could not be made")]
    Make(#[source] rcgen::Error),
    /// A certificate request is not one, or its signature is wrong.
    #[error("the certificate request is not one")]
    Request,
}

/// A certificate that was issued to a terminal.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) pem: String,
    pub(crate) fingerprint: [u8; 32],
    /// The SHA-256 of its public key.
    pub(crate) key: [u8; 32],
    pub(crate) expires_at: DateTime<Utc>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority")
    }
}

impl Authority {
    /// Makes a key, in PEM.
    pub(crate) fn make_key() -> Result<String, AuthorityError> {
        Ok(KeyPair::generate().map_err(AuthorityError::Make)?.serialize_pem())
    }

    /// Makes the authority's own certificate, in PEM.
    pub(crate) fn make_certificate(key_pem: &str, exchange_name: &str) -> Result<String, AuthorityError> {
        let key = KeyPair::from_pem(key_pem).map_err(|_| AuthorityError::Unreadable)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = named(exchange_name, "Careplan Exchange Authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        // Long before any terminal's certificate, so that one that expired can still be told from a foreign one.
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = at!(system_now() + TimeDelta::days(AUTHORITY_DAYS));
        let certificate = params.self_signed(&key).map_err(AuthorityError::Make)?;
        Ok(certificate.pem())
    }

    /// Makes the key that signs the audit, in PEM.
    pub(crate) fn make_audit_key() -> Result<String, AuthorityError> {
        let key = KeyPair::generate_for(&PKCS_ED25519).map_err(AuthorityError::Make)?;
        Ok(key.serialize_pem())
    }

    /// The certificate of the key that signs the audit, in PEM: for that use alone, which no terminal's is for, and for
    /// as long as the authority's own.
    pub(crate) fn issue_audit(&self, key_pem: &str) -> Result<String, AuthorityError> {
        let key = KeyPair::from_pem(key_pem).map_err(|_| AuthorityError::Unreadable)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = named("", "Careplan Exchange Audit");
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::TimeStamping];
        params.use_authority_key_identifier_extension = true;
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = at!(system_now() + TimeDelta::days(AUTHORITY_DAYS));
        let certificate = params.signed_by(&key, &self.issuer).map_err(AuthorityError::Make)?;
        Ok(certificate.pem())
    }

    pub(crate) fn load(key_pem: &str, certificate_pem: &str) -> Result<Self, AuthorityError> {
        let key = KeyPair::from_pem(key_pem).map_err(|_| AuthorityError::Unreadable)?;
        Ok(Self {
            issuer: Issuer::from_ca_cert_pem(certificate_pem, key).map_err(|_| AuthorityError::Unreadable)?,
            certificate: CertificateDer::from_pem_slice(certificate_pem.as_bytes())
                .map_err(|_| AuthorityError::Unreadable)?,
            certificate_pem: certificate_pem.to_owned(),
        })
    }

    /// The authority's certificate, in PEM: what a connection file carries.
    pub(crate) fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    /// A fresh key and certificate for the server. It begins no later than by the machine's own clock, because
    /// terminals compare with theirs.
    pub(crate) fn issue_server(
        &self,
        server_names: &[String],
        now: DateTime<Utc>,
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), AuthorityError> {
        let key = KeyPair::generate().map_err(AuthorityError::Make)?;
        let mut params = CertificateParams::new(server_names).map_err(AuthorityError::Make)?;
        params.distinguished_name = named("", "Careplan Exchange Server");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        params.not_before = at!(now.min(system_now()) - TimeDelta::hours(BACKDATED_HOURS));
        params.not_after = at!(now + TimeDelta::days(SERVER_DAYS));
        let certificate = params.signed_by(&key, &self.issuer).map_err(AuthorityError::Make)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok((certificate.der().clone(), key))
    }

    /// A fresh key in PKCS#8 with the request for its certificate in PEM, for a terminal that can't make its own.
    pub(crate) fn make_request() -> Result<(PrivatePkcs8KeyDer<'static>, String), AuthorityError> {
        let key = KeyPair::generate().map_err(AuthorityError::Make)?;
        let request = CertificateParams::default()
            .serialize_request(&key)
            .and_then(|request| request.pem())
            .map_err(AuthorityError::Make)?;
        Ok((PrivatePkcs8KeyDer::from(key.serialize_der()), request))
    }

    /// A terminal's certificate for the public key of its request. Nothing else of the request is used; its
    /// signature proves that whoever asks has the key.
    pub(crate) fn issue_terminal(
        &self,
        request_pem: &str,
        office: OfficeNumber,
        terminal: TerminalId,
        days: i64,
        now: DateTime<Utc>,
    ) -> Result<Issued, AuthorityError> {
        let mut request =
            CertificateSigningRequestParams::from_pem(request_pem).map_err(|_| AuthorityError::Request)?;
        // Certificates speak in whole seconds.
        let expires_at =
            DateTime::from_timestamp((now + TimeDelta::days(days)).timestamp(), 0).ok_or(AuthorityError::Request)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = named(office.as_str(), &terminal.to_string());
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = at!((now.min(expires_at)) - TimeDelta::hours(BACKDATED_HOURS));
        params.not_after = at!(expires_at);
        request.params = params;
        let certificate = request.signed_by(&self.issuer).map_err(AuthorityError::Make)?;
        let (_, parsed) = X509Certificate::from_der(certificate.der()).map_err(|_| AuthorityError::Unreadable)?;
        Ok(Issued {
            pem: certificate.pem(),
            fingerprint: fingerprint(certificate.der()),
            key: key_digest(&parsed),
            expires_at,
        })
    }
}

/// By what a certificate is known again.
pub(crate) fn fingerprint(certificate: &CertificateDer<'_>) -> [u8; 32] {
    Sha256::digest(certificate.as_ref()).into()
}

/// By what a public key is known again.
pub(crate) fn key_digest(certificate: &X509Certificate<'_>) -> [u8; 32] {
    Sha256::digest(certificate.public_key().raw).into()
}

fn named(organization: &str, common: &str) -> rcgen::DistinguishedName {
    let mut name = rcgen::DistinguishedName::new();
    if !organization.is_empty() {
        name.push(DnType::OrganizationName, organization);
    }
    name.push(DnType::CommonName, common);
    name
}

fn system_now() -> DateTime<Utc> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    DateTime::from_timestamp(i64::try_from(since.as_secs()).unwrap_or_default(), 0).unwrap_or_default()
}
