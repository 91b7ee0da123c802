//! The authorization table against the running router: every endpoint, called by nobody, by a terminal, by a person.

use std::sync::Arc;

use care_model::ProblemCode;
use exchange_client::ClientIdentity;
use exchange_protocol::Problem;
use exchange_server::{Caller, ENDPOINTS, Listener};
use rustls::{ClientConfig, RootCertStore, version::TLS13};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use secrecy::ExposeSecret as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::exchange::{Exchange, PLANNER};

/// A bare request; gives status and body, or none if there is no answer at all.
async fn call(
    exchange: &Exchange,
    url: &str,
    identity: Option<&ClientIdentity>,
    method: &str,
    path: &str,
    headers: &str,
) -> Option<(u16, String)> {
    let mut roots = RootCertStore::empty();
    let authority = exchange.connection().authority_pem;
    roots
        .add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap())
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
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 0\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes()).await.ok()?;
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

fn code(body: &str) -> Option<ProblemCode> {
    serde_json::from_str::<Problem>(body).ok().map(|problem| problem.code)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_keeps_out_whom_the_table_keeps_out() {
    let exchange = Exchange::start().await;
    let (_, terminal, _) = exchange.desk(PLANNER, "43").await;
    let (here, there) = (&exchange.running.exchange_url, &exchange.running.enrolment_url);
    let identity = Some(&terminal.identity);
    for endpoint in ENDPOINTS {
        let path = endpoint
            .path
            .replace("{id}", "0199a1b2-0000-7000-8000-000000000000")
            .replace("{number}", PLANNER)
            .replace("{part}", "0");
        let what = format!("{} {}", endpoint.method, endpoint.path);
        let method = endpoint.method.to_uppercase();
        // Without a certificate nothing on the exchange listener answers.
        assert_eq!(call(&exchange, here, None, &method, &path, "").await, None, "{what}");
        let on_enrolment = call(&exchange, there, None, &method, &path, "").await.unwrap();
        let on_exchange = call(&exchange, here, identity, &method, &path, "").await.unwrap();
        match endpoint.listener {
            Listener::Exchange => assert_eq!(on_enrolment.0, 404, "{what}"),
            Listener::Enrolment => assert_eq!(on_exchange.0, 404, "{what}"),
            Listener::Both => assert!(on_enrolment.0 == on_exchange.0 && on_exchange.0 != 404, "{what}"),
        }
        let signed_out = code(&on_exchange.1) == Some(ProblemCode::SignInRequired);
        assert_eq!(
            signed_out,
            endpoint.caller == Caller::SignedIn,
            "{what}: {on_exchange:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_says_what_is_wrong_with_a_certificate() {
    let exchange = Exchange::start().await;
    let (office, revoked, line) = exchange.desk(PLANNER, "43").await;
    let mut events = line.events().await.unwrap();
    exchange.admin.revoke_terminal(revoked.answer.terminal).await.unwrap();
    // The running server notices what the operator did beside it.
    while events.next().await.unwrap().is_some() {}
    let short = exchange
        .admin
        .issue_password(office.made.number, None, -1)
        .await
        .unwrap();
    let expired = exchange.enrol(&office, &short.issue_password, "古い").await.unwrap();
    let url = &exchange.running.exchange_url;
    for (terminal, wrong) in [
        (&revoked, ProblemCode::CertificateRevoked),
        (&expired, ProblemCode::CertificateExpired),
    ] {
        for endpoint in ENDPOINTS
            .iter()
            .filter(|endpoint| endpoint.listener == Listener::Exchange)
        {
            let path = endpoint
                .path
                .replace("{id}", "0199a1b2-0000-7000-8000-000000000000")
                .replace("{number}", PLANNER)
                .replace("{part}", "0");
            let method = endpoint.method.to_uppercase();
            let (_, body) = call(&exchange, url, Some(&terminal.identity), &method, &path, "")
                .await
                .unwrap();
            assert_eq!(code(&body), Some(wrong), "{method} {path}: {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_is_told_so() {
    let exchange = Exchange::start().await;
    let url = &exchange.running.enrolment_url;
    let answer = call(&exchange, url, None, "GET", "/v1/exchange", "careplan-version: 2\r\n").await;
    let (status, body) = answer.unwrap();
    assert_eq!((status, code(&body)), (426, Some(ProblemCode::ServerIncompatible)));
    let (status, _) = call(&exchange, url, None, "GET", "/v1/nothing", "").await.unwrap();
    assert_eq!(status, 404);
    assert_eq!(
        code(
            &call(&exchange, url, None, "DELETE", "/v1/exchange", "")
                .await
                .unwrap()
                .1
        ),
        Some(ProblemCode::RequestMalformed)
    );
}
