//! What a failed call means when nobody, nobody useful, or somebody else answers. With the real server the client
//! is tested in `tests/acceptance`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed; helpers outside of test functions too"
)]

use std::{net::SocketAddr, time::Duration};

use care_model::{AccountId, DeliveryId, Digest};
use exchange_client::{
    AccessToken, ClientError, ClientIdentity, Connection, ExchangeClient, SignedIn, Timeouts, make_certificate_request,
};
use exchange_protocol::Claim;
use secrecy::SecretString;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

fn client(address: SocketAddr) -> ExchangeClient {
    let key = rcgen::KeyPair::generate().unwrap();
    let authority = rcgen::CertificateParams::default().self_signed(&key).unwrap();
    let file = serde_json::json!({
        "careplan_connection": 1,
        "exchange_name": "試験",
        "exchange_url": format!("https://{address}"),
        "enrolment_url": format!("https://{address}"),
        "authority_pem": authority.pem(),
        "help_desk": { "telephone": "0120-000-000", "hours": "平日", "form_url": "https://example.jp/" },
    });
    let connection = Connection::parse(file.to_string().as_bytes()).unwrap();
    let timeouts = Timeouts {
        connect: Duration::from_millis(300),
        ..Timeouts::default()
    };
    ExchangeClient::with_timeouts(&connection, None, timeouts).unwrap()
}

/// A client that would be signed in, and its right to fetch one part of so many bytes.
fn fetching(address: SocketAddr, size_bytes: u64) -> (SignedIn, Claim) {
    let id = DeliveryId::generate();
    let claim = serde_json::json!({
        "id": id,
        "fence": 1,
        "lease_until": "2026-04-01T00:00:00Z",
        "header": {
            "id": id,
            "from": { "office": "9970100013", "kind": "43" },
            "to": { "office": "9970101003", "kind": "11" },
            "parts": [{ "role": "attachment", "size_bytes": size_bytes, "digest": Digest::of(b"") }],
        },
    });
    let access = AccessToken::new(SecretString::from("a-token")).unwrap();
    (
        client(address).signed_in(&access),
        serde_json::from_value(claim).unwrap(),
    )
}

/// The error of a sign-in against whatever listens.
async fn failure(address: SocketAddr) -> ClientError {
    let person = AccountId::parse("c0000001").unwrap();
    client(address)
        .sign_in_person(&person, &SecretString::from("not a password"))
        .await
        .unwrap_err()
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = failure(address).await;
    assert!(matches!(error, ClientError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn silence_before_the_handshake_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = failure(listener.local_addr().unwrap()).await;
    assert!(matches!(error, ClientError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn a_line_closed_before_the_handshake_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream);
        }
    });
    let error = failure(address).await;
    assert!(matches!(error, ClientError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_untrusted() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 512];
            let _ = stream.read(&mut hello).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                .await;
        }
    });
    let error = failure(address).await;
    assert!(matches!(error, ClientError::Untrusted(_)), "{error:?}");
}

#[tokio::test]
async fn a_part_that_is_here_already_is_not_asked_for() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (line, claim) = fetching(address, 10);
    let mut complete = line.fetch_part(&claim, 0, 10).unwrap();
    assert!(complete.next().await.unwrap().is_none());
    // One byte less, and it is asked for: nobody answers here.
    let mut missing = line.fetch_part(&claim, 0, 9).unwrap();
    assert!(matches!(missing.next().await, Err(ClientError::Unreachable(_))));
    assert!(line.fetch_part(&claim, 0, 11).is_err());
}

#[test]
fn no_error_prints_an_address_or_a_secret() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let address: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let error = runtime.block_on(failure(address));
    let printed = format!("{error} {error:?}");
    assert!(
        !printed.contains("sign-in") && !printed.contains("not a password"),
        "{printed}"
    );
}

#[test]
fn an_identity_whose_key_is_another_is_refused_before_anything_is_sent() {
    let (key_pem, _) = make_certificate_request("受付").unwrap();
    let other = rcgen::KeyPair::generate().unwrap();
    let certificate_pem = rcgen::CertificateParams::default().self_signed(&other).unwrap().pem();
    let file = serde_json::json!({
        "careplan_connection": 1, "exchange_name": "", "exchange_url": "https://127.0.0.1:1",
        "enrolment_url": "https://127.0.0.1:1", "authority_pem": certificate_pem.clone(),
        "help_desk": { "telephone": "", "hours": "", "form_url": "" },
    });
    let connection = Connection::parse(file.to_string().as_bytes()).unwrap();
    let identity = ClientIdentity {
        certificate_pem,
        key_pem,
    };
    assert!(ExchangeClient::new(&connection, Some(&identity)).is_err());
}
