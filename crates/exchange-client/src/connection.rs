//! The connection file (接続ファイル): where the exchange is and whom to trust.

use exchange_protocol::HelpDesk;
use reqwest::Url;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The newest kind of connection file that this client reads.
const KIND: u32 = 1;
/// A real one has about two kilobytes.
const FILE_BYTES_MAX: usize = 64 * 1_024;

/// A connection file, read and judged. It holds no secret: losing it gives nobody access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The kind of file, 1.
    careplan_connection: u32,
    /// What the exchange is called.
    pub exchange_name: String,
    /// The listener that asks for a terminal's certificate.
    pub exchange_url: String,
    /// The listener for terminals that have none yet.
    pub enrolment_url: String,
    /// The only authority whose servers are trusted.
    pub authority_pem: String,
    /// Whom to call.
    pub help_desk: HelpDesk,
}

/// What is wrong with a connection file.
#[derive(Debug, Error)]
pub enum ConnectionError {
    /// Not a connection file.
    #[error("the file is not a connection file")]
    Unreadable(#[source] Option<serde_json::Error>),
    /// Of a kind that a newer client reads.
    #[error("the connection file is of kind {kind}, newer than this client")]
    Newer {
        /// Its kind.
        kind: u32,
    },
    /// An address in it is none, or not one of HTTPS.
    #[error("an address in the connection file is not one of HTTPS")]
    Address,
    /// The authority in it is no certificate.
    #[error("the authority in the connection file is no certificate")]
    Authority,
}

impl Connection {
    /// Reads a connection file.
    pub fn parse(bytes: &[u8]) -> Result<Self, ConnectionError> {
        #[derive(Deserialize)]
        struct Kind {
            careplan_connection: u32,
        }

        if bytes.len() > FILE_BYTES_MAX {
            return Err(ConnectionError::Unreadable(None));
        }
        // Editors on Windows like to put a byte order mark in front.
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let unreadable = |error| ConnectionError::Unreadable(Some(error));
        let kind: Kind = serde_json::from_slice(bytes).map_err(unreadable)?;
        if kind.careplan_connection > KIND {
            return Err(ConnectionError::Newer {
                kind: kind.careplan_connection,
            });
        }
        let connection: Self = serde_json::from_slice(bytes).map_err(unreadable)?;
        connection.addresses()?;
        connection.authorities()?;
        Ok(connection)
    }

    /// The addresses of the exchange and of the enrolment listener.
    pub(crate) fn addresses(&self) -> Result<(Url, Url), ConnectionError> {
        let address = |text: &str| {
            Url::parse(text)
                .ok()
                .filter(|url| url.scheme() == "https" && url.has_host() && url.username().is_empty())
                .ok_or(ConnectionError::Address)
        };
        Ok((address(&self.exchange_url)?, address(&self.enrolment_url)?))
    }

    /// The certificates of the authority, at least one.
    pub(crate) fn authorities(&self) -> Result<Vec<CertificateDer<'static>>, ConnectionError> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(self.authority_pem.as_bytes()).collect();
        match certificates {
            Ok(certificates) if !certificates.is_empty() => Ok(certificates),
            _ => Err(ConnectionError::Authority),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let authority = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        let mut value = serde_json::json!({
            "careplan_connection": 1,
            "exchange_name": "試験",
            "exchange_url": "https://127.0.0.1:1",
            "enrolment_url": "https://127.0.0.1:2/",
            "authority_pem": authority.pem(),
            "help_desk": { "telephone": "0120-000-000", "hours": "平日", "form_url": "https://example.jp/" },
            "something_later": true,
        });
        change(&mut value);
        value.to_string().into_bytes()
    }

    #[test]
    fn reads_one_with_or_without_a_byte_order_mark() {
        let plain = file(|_| {});
        assert_eq!(Connection::parse(&plain).unwrap().exchange_name, "試験");
        assert!(Connection::parse(&[b"\xEF\xBB\xBF".as_slice(), &plain].concat()).is_ok());
    }

    #[test]
    fn refuses_what_is_none() {
        use ConnectionError as E;
        let refused = |change: fn(&mut serde_json::Value)| Connection::parse(&file(change)).unwrap_err();
        assert!(matches!(Connection::parse(b"a,b,c"), Err(E::Unreadable(_))));
        assert!(matches!(
            Connection::parse(&vec![b' '; FILE_BYTES_MAX + 1]),
            Err(E::Unreadable(None))
        ));
        assert!(matches!(
            refused(|v| v["careplan_connection"] = 2.into()),
            E::Newer { kind: 2 }
        ));
        assert!(matches!(
            refused(|v| v["exchange_url"] = "http://127.0.0.1:1".into()),
            E::Address
        ));
        assert!(matches!(
            refused(|v| v["enrolment_url"] = "somewhere".into()),
            E::Address
        ));
        assert!(matches!(refused(|v| v["authority_pem"] = "".into()), E::Authority));
    }
}
