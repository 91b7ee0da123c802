//! A certificate file (PKCS#12: `.p12`, `.pfx`) that the operator made: key and certificate of a terminal in one.
//!
//! Everything that can be wrong with one is found here, before the exchange is asked who the terminal is.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chrono::{DateTime, Utc};
use p12_keystore::{Pkcs12Archive, PrivateKey};
use rustls::{
    CertificateError, Error as TlsError, RootCertStore, crypto::aws_lc_rs, server::WebPkiClientVerifier,
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;

use crate::{ClientIdentity, Connection};

/// Bytes of a certificate file; a real one has about three kilobytes.
pub const CERTIFICATE_FILE_BYTES_MAX: usize = 64 * 1_024;
/// Certificates of a file that are compared with its key.
const CERTIFICATES_MAX: usize = 16;

/// What is wrong with a certificate file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CertificateFileError {
    /// Not a PKCS#12 file, larger than allowed, or protected in a way that is not known.
    #[error("the file is not a certificate file")]
    Unreadable,
    /// The password does not open it.
    #[error("the password does not open the certificate file")]
    Password,
    /// It has no key, or no certificate for it.
    #[error("the certificate file has no key with its certificate")]
    Keyless,
    /// The certificate is from another authority than the connection file's.
    #[error("the certificate is from another authority")]
    Foreign,
    /// The certificate is past its last day.
    #[error("the certificate is past its last day")]
    Expired,
    /// The certificate does not hold yet.
    #[error("the certificate does not hold yet")]
    Early,
    /// The certificate is not for showing it to a server.
    #[error("the certificate is not for clients")]
    Use,
}

/// Reads a certificate file and judges it by the connection file's authority and this time. It takes its time by
/// design: call it where blocking is allowed.
pub fn read_certificate_file(
    bytes: &[u8],
    password: &SecretString,
    connection: &Connection,
    now: DateTime<Utc>,
) -> Result<ClientIdentity, CertificateFileError> {
    use CertificateFileError as E;
    if bytes.len() > CERTIFICATE_FILE_BYTES_MAX {
        return Err(E::Unreadable);
    }
    let archive = Pkcs12Archive::from_pkcs12(bytes, password.expose_secret()).map_err(|error| of_archive(&error))?;
    let key = archive.keys.first().map(|bag| &bag.key).ok_or(E::Keyless)?;
    let certificates = archive.certs.iter().take(CERTIFICATES_MAX);
    let certificate = certificates
        .map(|bag| CertificateDer::from(bag.cert.as_der().to_vec()))
        .find(|certificate| belong_together(key, certificate))
        .ok_or(E::Keyless)?;
    judge(&certificate, connection, now)?;
    Ok(ClientIdentity {
        certificate_pem: pem("CERTIFICATE", &certificate),
        key_pem: SecretString::from(pem("PRIVATE KEY", key.as_der())),
    })
}

/// A password is judged by the sum over the whole file; a file without one by whether it opens.
fn of_archive(error: &p12_keystore::error::Error) -> CertificateFileError {
    use p12_keystore::error::Error as E;
    match error {
        E::MacError(_) | E::Pkcs5Error(_) | E::UnpadError => CertificateFileError::Password,
        _ => CertificateFileError::Unreadable,
    }
}

fn belong_together(key: &PrivateKey, certificate: &CertificateDer<'static>) -> bool {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.as_der().to_vec()));
    aws_lc_rs::default_provider()
        .key_provider
        .load_private_key(key)
        .is_ok_and(|key| CertifiedKey::new(vec![certificate.clone()], key).keys_match().is_ok())
}

/// What the exchange's listener will ask of it, and the dates, which that leaves to each request.
fn judge(
    certificate: &CertificateDer<'_>,
    connection: &Connection,
    now: DateTime<Utc>,
) -> Result<(), CertificateFileError> {
    use CertificateFileError as E;
    let mut roots = RootCertStore::empty();
    for authority in connection.authorities().map_err(|_| E::Foreign)? {
        roots.add(authority).map_err(|_| E::Foreign)?;
    }
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(aws_lc_rs::default_provider()))
            .build()
            .map_err(|_| E::Foreign)?;
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    match verifier.verify_client_cert(certificate, &[], now) {
        Ok(_) => Ok(()),
        Err(TlsError::InvalidCertificate(error)) => Err(match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => E::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => E::Early,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => E::Use,
            _ => E::Foreign,
        }),
        Err(_) => Err(E::Foreign),
    }
}

/// In the form in which identities are kept.
fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    /// Files that `openssl pkcs12 -export` made, with invented names.
    macro_rules! file {
        ($name:literal) => {
            include_bytes!(concat!("../tests/certificate-files/", $name)).as_slice()
        };
    }

    fn connection() -> Connection {
        let file = serde_json::json!({
            "careplan_connection": 1,
            "exchange_name": "試験",
            "exchange_url": "https://127.0.0.1:1",
            "enrolment_url": "https://127.0.0.1:2/",
            "authority_pem": include_str!("../tests/certificate-files/authority.pem"),
            "help_desk": { "telephone": "0120-000-000", "hours": "平日", "form_url": "https://example.jp/" },
        });
        Connection::parse(file.to_string().as_bytes()).unwrap()
    }

    /// A day on which the kept certificates hold.
    fn in_date() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn read(bytes: &[u8]) -> Result<ClientIdentity, CertificateFileError> {
        read_certificate_file(bytes, &"mihon-no-kotoba".to_owned().into(), &connection(), in_date())
    }

    #[test]
    fn old_and_new_protections_open_and_what_is_in_them_works() {
        for (name, bytes) in [
            ("AES", file!("modern.p12")),
            ("RC2 and 3DES", file!("legacy.p12")),
            ("3DES", file!("legacy-3des.p12")),
            ("RSA", file!("rsa.p12")),
        ] {
            let identity = read(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            crate::ExchangeClient::new(&connection(), Some(&identity))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn every_fault_is_told_apart() {
        use CertificateFileError as E;
        for (name, bytes, error) in [
            ("no certificate", file!("certless.p12"), E::Keyless),
            ("no key", file!("keyless.p12"), E::Keyless),
            ("another authority", file!("foreign.p12"), E::Foreign),
            ("for servers", file!("server.p12"), E::Use),
            ("the authority itself", file!("authority.pem"), E::Unreadable),
            ("nothing", b"".as_slice(), E::Unreadable),
            ("cut short", &file!("modern.p12")[..900], E::Unreadable),
        ] {
            assert_eq!(read(bytes).unwrap_err(), error, "{name}");
        }
        for wrong in ["", "mihon-no-kotob", "Mihon-no-kotoba"] {
            for bytes in [file!("modern.p12"), file!("legacy.p12")] {
                let refused = read_certificate_file(bytes, &wrong.to_owned().into(), &connection(), in_date());
                assert_eq!(refused.unwrap_err(), E::Password, "{wrong:?}");
            }
        }
        for (at, error) in [(-365, E::Early), (2 * 365, E::Expired)] {
            let at = in_date() + TimeDelta::days(at);
            let password = "mihon-no-kotoba".to_owned().into();
            let refused = read_certificate_file(file!("modern.p12"), &password, &connection(), at);
            assert_eq!(refused.unwrap_err(), error);
        }
    }

    #[test]
    fn a_file_has_its_limit() {
        use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, Pkcs12ImportPolicy};

        let password = "mihon-no-kotoba";
        let with_name_of = |chars: usize| {
            let mut store = KeyStore::from_pkcs12(file!("modern.p12"), password, Pkcs12ImportPolicy::Strict).unwrap();
            let authority = connection().authorities().unwrap().remove(0);
            let authority = KeyStoreEntry::Certificate(Certificate::from_der(&authority).unwrap());
            store.add_entry(&"a".repeat(chars), authority);
            store.writer(password).write().unwrap()
        };
        let small = with_name_of(25_000);
        assert!(small.len() < CERTIFICATE_FILE_BYTES_MAX && read(&small).is_ok());
        let large = with_name_of(35_000);
        assert!(large.len() > CERTIFICATE_FILE_BYTES_MAX);
        assert_eq!(read(&large).unwrap_err(), CertificateFileError::Unreadable);
    }
}
