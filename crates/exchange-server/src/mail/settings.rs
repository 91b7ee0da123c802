//! The file that says by which mail server offices are told. It holds a password and lies with the keys.

use std::{
    fmt, fs,
    io::{self, Read as _},
    net::IpAddr,
    path::{Path, PathBuf},
};

use care_model::MailAddress;
use chrono::TimeDelta;
use lettre::transport::smtp::{
    authentication::Credentials,
    client::{Certificate, CertificateStore, TlsParameters},
};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use serde::Deserialize;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::unfit;

/// The name under which it is looked for in the key folder.
const FILE: &str = "mail.toml";
/// Bytes of such a file, and of one with authorities.
const FILE_BYTES_MAX: u64 = 64 * 1_024;
/// Hours that something waits before an office is told, unless the file says otherwise.
const AFTER_HOURS: u16 = 1;
/// The most that the file may say: a week.
const AFTER_HOURS_MAX: u16 = 7 * 24;

/// Why the file cannot be used.
#[derive(Debug, Error)]
pub enum MailFileError {
    /// It cannot be read.
    #[error("the mail file {path} cannot be read")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is longer than such a file can be.
    #[error("the mail file {0} is longer than {FILE_BYTES_MAX} bytes")]
    TooLong(PathBuf),
    /// Anybody on the machine may read it.
    #[error("the mail file {0} holds a password, and anybody on this machine may read it: chmod 600")]
    Open(PathBuf),
    /// It says something else than it should. What it says is not repeated, for it holds a password.
    #[error("the mail file {path} cannot be used: {reason}")]
    Unfit {
        /// Which.
        path: PathBuf,
        /// What is wrong, without a value.
        reason: String,
    },
}

/// How what is said to the mail server is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Protection {
    /// In clear until both agree on TLS; refused if the server doesn't.
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// Not at all: on this machine only.
    None,
}

impl Protection {
    /// The port where mail servers wait for it.
    fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    host: String,
    port: Option<u16>,
    tls: Option<Protection>,
    user: Option<String>,
    password: Option<Zeroizing<String>>,
    from: String,
    authorities: Option<PathBuf>,
    after_hours: Option<u16>,
}

/// By which mail server offices are told, and when. It exists only if it can be used.
#[derive(Clone)]
pub struct MailSettings {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) protection: Protection,
    pub(super) tls: TlsParameters,
    pub(super) credentials: Option<Credentials>,
    pub(super) from: MailAddress,
    /// How long something waits before an office is told, and how long no client of it was seen.
    pub(super) after: TimeDelta,
}

/// A password is never printed.
impl fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// How offices are told by mail: as the mail file says, or not at all. Unless a file is named, the one in the key folder
/// is read.
pub fn mail_of(keys: &Path, named: Option<&Path>) -> Result<Option<MailSettings>, MailFileError> {
    let in_keys = keys.join(FILE);
    match named {
        Some(path) => MailSettings::read(path).map(Some),
        None if in_keys.exists() => MailSettings::read(&in_keys).map(Some),
        None => Ok(None),
    }
}

impl MailSettings {
    /// Reads such a file, and the authorities that it names.
    pub fn read(path: &Path) -> Result<Self, MailFileError> {
        let failed = |source| MailFileError::Read {
            path: path.to_owned(),
            source,
        };
        let file = fs::File::open(path).map_err(failed)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // A group may: so some keepers of secrets hand them to a user.
            if file.metadata().map_err(failed)?.permissions().mode() & 0o007 != 0 {
                return Err(MailFileError::Open(path.to_owned()));
            }
        }
        let mut text = Zeroizing::new(String::new());
        file.take(FILE_BYTES_MAX + 1)
            .read_to_string(&mut text)
            .map_err(failed)?;
        if text.len() as u64 > FILE_BYTES_MAX {
            return Err(MailFileError::TooLong(path.to_owned()));
        }
        Self::parse(&text).map_err(|reason| MailFileError::Unfit {
            path: path.to_owned(),
            reason,
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| unfit::told(text, &error))?;
        if ServerName::try_from(file.host.as_str()).is_err() {
            return Err("host is neither a host's name nor an address".to_owned());
        }
        let protection = file.tls.unwrap_or(Protection::Starttls);
        if protection == Protection::None && !is_this_machine(&file.host) {
            return Err("tls may be \"none\" only if host is this machine".to_owned());
        }
        let port = file.port.unwrap_or_else(|| protection.port());
        if port == 0 {
            return Err("port is 0".to_owned());
        }
        let credentials = match (file.user, file.password) {
            (None, None) => None,
            (Some(user), Some(password)) if !user.is_empty() && !password.is_empty() => {
                Some(Credentials::new(user, password.as_str().to_owned()))
            }
            _ => return Err("user and password belong together, and neither is empty".to_owned()),
        };
        let from = MailAddress::parse(&file.from).map_err(|_| "from is no mail address".to_owned())?;
        let hours = file.after_hours.unwrap_or(AFTER_HOURS);
        if !(1..=AFTER_HOURS_MAX).contains(&hours) {
            return Err(format!("after_hours is from 1 to {AFTER_HOURS_MAX}"));
        }
        Ok(Self {
            tls: tls(&file.host, file.authorities.as_deref())?,
            host: file.host,
            port,
            protection,
            credentials,
            from,
            after: TimeDelta::hours(hours.into()),
        })
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// TLS to a mail server that is known by the public authorities, or by those of a file alone.
fn tls(host: &str, authorities: Option<&Path>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    builder = match authorities {
        None => builder.certificate_store(CertificateStore::WebpkiRoots),
        Some(path) => {
            let mut pem = Vec::new();
            fs::File::open(path)
                .and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut pem))
                .map_err(|error| format!("authorities cannot be read: {error}"))?;
            let unfit = "authorities holds no certificate in PEM";
            let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
            let found = found.map_err(|_| unfit.to_owned())?;
            if found.is_empty() {
                return Err(unfit.to_owned());
            }
            found
                .into_iter()
                .try_fold(builder.certificate_store(CertificateStore::None), |builder, found| {
                    let authority = Certificate::from_der(found.to_vec()).map_err(|_| unfit.to_owned())?;
                    Ok::<_, String>(builder.add_root_certificate(authority))
                })?
        }
    };
    builder.build().map_err(|_| "authorities cannot be used".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
host = "smtp.example.jp"
user = "exchange"
password = "geheim"
from = "oshirase@example.jp"
"#;

    #[test]
    fn what_it_says_is_taken_and_the_rest_is_as_usual() {
        let settings = MailSettings::parse(WHOLE).unwrap();
        assert_eq!((settings.port, settings.protection), (587, Protection::Starttls));
        assert_eq!(settings.after, TimeDelta::hours(1));
        assert!(!format!("{settings:?}").contains("geheim"));
        let settings = MailSettings::parse(&format!("tls = \"tls\"\nafter_hours = 168\n{WHOLE}")).unwrap();
        assert_eq!((settings.port, settings.after), (465, TimeDelta::hours(168)));
        for host in ["localhost", "127.0.0.1", "::1"] {
            let text = format!("host = \"{host}\"\ntls = \"none\"\nfrom = \"oshirase@example.jp\"\n");
            assert_eq!(MailSettings::parse(&text).unwrap().port, 25, "{host}");
        }
    }

    #[test]
    fn every_flaw_is_named_without_a_value() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("authorities.pem");
        fs::write(&empty, "no certificate").unwrap();
        let empty = format!("authorities = {empty:?}\n");
        for (from, to, words) in [
            ("host =", "hots =", "hots"),
            ("host = \"smtp.example.jp\"\n", "", "host"),
            ("smtp.example.jp", "smtp example", "host"),
            ("smtp.example.jp", "smtp.example.jp:587", "host"),
            ("\nuser", "\nport = 0\nuser", "port"),
            ("\nuser", "\nport = 70000\nuser", "u16"),
            (
                "password = \"geheim\"",
                "password = [\"geheim\"]",
                "line 4: invalid type",
            ),
            ("\nuser", "\ntls = \"maybe\"\nuser", "starttls"),
            ("\nuser", "\ntls = \"none\"\nuser", "this machine"),
            ("user = \"exchange\"\n", "", "user and password"),
            ("\"geheim\"", "\"\"", "user and password"),
            ("oshirase@example.jp", "お知らせ@example.jp", "from"),
            ("\nuser", "\nafter_hours = 0\nuser", "after_hours"),
            ("\nuser", "\nafter_hours = 169\nuser", "after_hours"),
            ("\nuser", "\nauthorities = \"/nowhere.pem\"\nuser", "authorities"),
            ("\nuser", &format!("\n{empty}user"), "no certificate"),
        ] {
            let told = MailSettings::parse(&WHOLE.replacen(from, to, 1)).unwrap_err();
            assert!(told.contains(words) && !told.contains("geheim"), "{told} for {to:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn it_is_looked_for_with_the_keys_and_not_everybody_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        assert!(mail_of(folder.path(), None).unwrap().is_none());
        let path = folder.path().join(FILE);
        let permit = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        fs::write(&path, WHOLE).unwrap();
        permit(0o604);
        assert!(matches!(mail_of(folder.path(), None), Err(MailFileError::Open(_))));
        permit(0o640);
        assert!(mail_of(folder.path(), None).unwrap().is_some());
        fs::write(&path, format!("{WHOLE}#{}", "x".repeat(FILE_BYTES_MAX as usize))).unwrap();
        assert!(matches!(mail_of(folder.path(), None), Err(MailFileError::TooLong(_))));
        let nowhere = folder.path().join("nowhere.toml");
        assert!(matches!(
            mail_of(folder.path(), Some(&nowhere)),
            Err(MailFileError::Read { .. })
        ));
    }
}
