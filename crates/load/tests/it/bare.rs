//! Lines to a server without the client: many of them cost little, and each sees what an answer says.

use std::sync::Arc;

use load::offices::Office;
use rustls::{ClientConfig, RootCertStore, client::Resumption, version::TLS13};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use secrecy::ExposeSecret as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Who connects, and to where.
#[derive(Clone)]
pub(crate) struct Door {
    connector: TlsConnector,
    pub(crate) address: String,
    bearer: String,
}

/// An answer, of which only what is judged was kept.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Seconds that the exchange asks to wait, if it does.
    pub(crate) retry_after: Option<u32>,
}

impl Door {
    /// The door of an office's terminal.
    pub(crate) fn of(office: &Office, authority_pem: &str, url: &str) -> Self {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(authority_pem.as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let identity = &office.identity;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(identity.certificate_pem.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(identity.key_pem.expose_secret().as_bytes()).unwrap(),
            )
            .unwrap();
        // Each connection is one of a terminal that comes anew.
        config.resumption = Resumption::disabled();
        Self {
            connector: TlsConnector::from(Arc::new(config)),
            address: url.strip_prefix("https://").unwrap().to_owned(),
            bearer: office.access.text().expose_secret().to_owned(),
        }
    }

    pub(crate) async fn open(&self) -> Line {
        let stream = TcpStream::connect(&self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        Line {
            stream: self.connector.connect(name, stream).await.unwrap(),
            got: Vec::new(),
        }
    }

    /// The bytes of a request.
    pub(crate) fn request(&self, line: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
        let head = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: {media_type}\r\n\
             Content-Length: {}\r\n\r\n",
            self.bearer,
            body.len()
        );
        [head.as_bytes(), body].concat()
    }
}

/// One connection.
pub(crate) struct Line {
    pub(crate) stream: TlsStream<TcpStream>,
    /// Bytes that came and were not looked at.
    got: Vec<u8>,
}

impl Line {
    /// Sends a request and reads its answer to the end.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> std::io::Result<Answer> {
        self.stream.write_all(request).await?;
        let mut piece = [0; 4_096];
        let head = loop {
            if let Some(end) = self.got.windows(4).position(|four| four == b"\r\n\r\n") {
                let rest = self.got.split_off(end + 4);
                let head = std::mem::replace(&mut self.got, rest);
                break String::from_utf8(head).unwrap().to_lowercase();
            }
            match self.stream.read(&mut piece).await? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                read => self.got.extend_from_slice(&piece[..read]),
            }
        };
        let number = |name: &str| {
            let value = head.lines().find_map(|line| line.strip_prefix(name));
            value.map(|value| value.trim().parse::<u32>().unwrap())
        };
        let length = number("content-length:").unwrap_or_default() as usize;
        while self.got.len() < length {
            match self.stream.read(&mut piece).await? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                read => self.got.extend_from_slice(&piece[..read]),
            }
        }
        self.got.drain(..length);
        Ok(Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            retry_after: number("retry-after:"),
        })
    }
}
