//! A terminal's own key and certificate.

use std::fmt;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// What a terminal shows in the handshake.
#[derive(Clone)]
pub struct ClientIdentity {
    /// The certificate that the exchange issued.
    pub certificate_pem: String,
    /// The key, made on this machine; it never leaves it.
    pub key_pem: SecretString,
}

/// What is wrong with an identity.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// The key or the request could not be made.
    #[error("making a key failed")]
    Make(#[source] rcgen::Error),
    /// The stored certificate is none.
    #[error("the stored certificate is none")]
    Certificate,
    /// The stored key is none.
    #[error("the stored key is none")]
    Key,
}

/// Makes a fresh key (ECDSA P-256) and the request for its certificate: `(key_pem, request_pem)`.
///
/// Of the request only the public key is used; the name is there for whoever reads the request.
pub fn make_certificate_request(terminal_name: &str) -> Result<(SecretString, String), IdentityError> {
    let key = KeyPair::generate().map_err(IdentityError::Make)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, terminal_name);
    let request = params
        .serialize_request(&key)
        .and_then(|request| request.pem())
        .map_err(IdentityError::Make)?;
    Ok((SecretString::from(key.serialize_pem()), request))
}

impl ClientIdentity {
    /// Certificate chain and key as the TLS library takes them.
    pub(crate) fn parts(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), IdentityError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(self.certificate_pem.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|_| IdentityError::Certificate)?;
        if chain.is_empty() {
            return Err(IdentityError::Certificate);
        }
        let key = PrivateKeyDer::from_pem_slice(self.key_pem.expose_secret().as_bytes());
        Ok((chain, key.map_err(|_| IdentityError::Key)?))
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_a_key_and_a_request_and_prints_neither() {
        let (key_pem, request_pem) = make_certificate_request("受付のPC").unwrap();
        assert!(key_pem.expose_secret().contains("PRIVATE KEY"));
        assert!(request_pem.contains("CERTIFICATE REQUEST") && !request_pem.contains("PRIVATE"));
        let identity = ClientIdentity {
            certificate_pem: request_pem,
            key_pem,
        };
        assert_eq!(format!("{identity:?}"), "ClientIdentity(…)");
        assert!(matches!(identity.parts(), Err(IdentityError::Certificate)));
    }
}
