//! Certificate files (PKCS#12): key and certificate of a terminal in one, made by the operator for an office that can't
//! do 初期設定 with an issue password. The key leaves the machine it was made on, which is why this is the second way.

use std::{fmt, fs, io::Write as _, path::Path};

use care_model::{OfficeNumber, TerminalId, limits};
use chrono::{DateTime, Utc};
use exchange_store::{NewTerminal, TerminalRow};
use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use serde::Serialize;

use crate::{
    admin::{Admin, AdminError},
    authority::{Authority, AuthorityError},
    enrolment::terminal_name,
    passwords::PasswordError,
};

/// Rounds by which the password becomes the key, for the content and for its sum.
const ROUNDS: u32 = 100_000;

/// A terminal with its certificate file.
#[derive(Clone, Serialize)]
pub struct CertificateMade {
    /// The terminal, by which its certificate can be revoked.
    pub terminal: TerminalId,
    /// The last day of the certificate.
    pub expires_at: DateTime<Utc>,
    /// The file's bytes. They are kept nowhere.
    #[serde(skip)]
    pub file: Vec<u8>,
}

impl fmt::Debug for CertificateMade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateMade")
            .field("terminal", &self.terminal)
            .finish_non_exhaustive()
    }
}

impl CertificateMade {
    /// Writes the file for its owner alone, over nothing.
    pub fn write(&self, path: &Path) -> Result<(), AdminError> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(AdminError::File)?;
        file.write_all(&self.file)
            .and_then(|()| file.sync_all())
            .map_err(AdminError::File)
    }
}

impl Admin {
    /// Enrols a terminal whose key is made here, and puts key and certificate into a file under this password of 12 to
    /// 64 characters.
    pub async fn make_certificate(
        &self,
        office: OfficeNumber,
        name: &str,
        password: &str,
        certificate_days: i64,
    ) -> Result<CertificateMade, AdminError> {
        let length = password.chars().count();
        if !(limits::PASSWORD_CHARS_MIN..=limits::PASSWORD_CHARS_MAX).contains(&length) {
            return Err(PasswordError::Length.into());
        }
        let name = terminal_name(name).ok_or(AdminError::TerminalName)?;
        if self.store.office(office).await?.is_none() {
            return Err(AdminError::NoSuchOffice);
        }
        let now = self.clock.now();
        let id = TerminalId::generate();
        let (key, request_pem) = Authority::make_request()?;
        let issued = self
            .authority
            .issue_terminal(&request_pem, office, id, certificate_days, now)?;
        let file = seal(
            key.secret_pkcs8_der(),
            &issued.pem,
            &self.authority.certificate(),
            password,
        )
        .map_err(|_| AuthorityError::Unreadable)?;
        let new = NewTerminal {
            terminal: TerminalRow {
                id,
                office,
                name: name.to_owned(),
                fingerprint: issued.fingerprint,
                expires_at: issued.expires_at,
                revoked_at: None,
                next: None,
                former: None,
            },
            issue_password: None,
        };
        self.store.enrol(new, self.by.clone(), now).await?;
        Ok(CertificateMade {
            terminal: id,
            expires_at: issued.expires_at,
            file,
        })
    }
}

fn seal(
    key: &[u8],
    certificate_pem: &str,
    authority: &CertificateDer<'_>,
    password: &str,
) -> Result<Vec<u8>, p12_keystore::error::Error> {
    let certificate = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
        .map_err(|_| p12_keystore::error::Error::InvalidData)?;
    let chain = [Certificate::from_der(&certificate)?, Certificate::from_der(authority)?];
    let mut store = KeyStore::new();
    let entry = PrivateKeyChain::new("1", PrivateKey::from_der(key)?, chain);
    store.add_entry("careplan", KeyStoreEntry::PrivateKeyChain(entry));
    store
        .writer(password)
        .encryption_iterations(ROUNDS)
        .mac_iterations(ROUNDS)
        .write()
}
