//! Lines to a server without the client: for what the client never does, and for what is asked in plain HTTP.

use std::sync::Arc;

use exchange_client::ClientIdentity;
use rustls::{ClientConfig, RootCertStore, version::TLS13};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use secrecy::ExposeSecret as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::exchange::Exchange;

/// A TLS connection, with a certificate or without; none if the handshake fails.
pub(crate) async fn connect(
    authority_pem: &str,
    url: &str,
    identity: Option<&ClientIdentity>,
) -> Option<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(authority_pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(identity.certificate_pem.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(identity.key_pem.expose_secret().as_bytes()).unwrap(),
            )
            .unwrap(),
    };
    let address = url.strip_prefix("https://").unwrap();
    let stream = TcpStream::connect(address).await.ok()?;
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()
}

/// Asks for a path in plain HTTP; gives status and body.
pub(crate) async fn ask(url: &str, path: &str) -> (u16, String) {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// A bare request; gives status and body, or none if there is no answer at all.
pub(crate) async fn call(
    exchange: &Exchange,
    url: &str,
    identity: Option<&ClientIdentity>,
    method: &str,
    path: &str,
    headers: &str,
) -> Option<(u16, String)> {
    call_with(exchange, url, identity, method, path, headers, b"").await
}

/// The same with a body.
pub(crate) async fn call_with(
    exchange: &Exchange,
    url: &str,
    identity: Option<&ClientIdentity>,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> Option<(u16, String)> {
    let address = url.strip_prefix("https://").unwrap();
    let mut stream = connect(&exchange.connection().authority_pem, url, identity).await?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    stream.write_all(body).await.ok()?;
    // Of a stream of events the head is enough.
    let mut answer = Vec::new();
    let mut piece = [0; 4_096];
    while let Ok(read @ 1..) = stream.read(&mut piece).await {
        answer.extend_from_slice(&piece[..read]);
        if path == "/v1/events" {
            break;
        }
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    assert!(
        text.is_empty() || text.to_lowercase().contains("careplan-epoch: 1\r\n"),
        "{text}"
    );
    let status = text.split(' ').nth(1)?.parse().ok()?;
    Some((status, text.split_once("\r\n\r\n")?.1.to_owned()))
}
