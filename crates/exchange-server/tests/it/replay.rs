//! A request that was good once is sent again, byte for byte, over a new connection: once its session is over it comes
//! to nothing, whoever ended it and however.

use care_model::ProblemCode;
use chrono::TimeDelta;
use exchange_client::ClientIdentity;
use exchange_protocol::Problem;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    bare,
    exchange::{Exchange, Office, PLANNER, Terminal},
};

/// Sends these bytes as that terminal; gives the status, and the code of a refusal.
async fn send(exchange: &Exchange, identity: &ClientIdentity, request: &str) -> (u16, Option<ProblemCode>) {
    let authority = exchange.connection().authority_pem;
    let url = &exchange.running.exchange_url;
    let mut stream = bare::connect(&authority, url, Some(identity)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let problem = serde_json::from_str::<Problem>(body).ok();
    (status, problem.map(|problem| problem.code))
}

/// A new session there, as the bytes of a request of its own.
async fn request(office: &Office, terminal: &Terminal) -> (exchange_client::SignedIn, String) {
    let client = &terminal.client;
    let step = client
        .sign_in_person(&office.person.person_id, &office.person.password.clone().into())
        .await
        .unwrap();
    let tokens = client
        .sign_in_office(&step, &office.made.office_id, &office.made.password.clone().into())
        .await
        .unwrap();
    let token = tokens.access.text().expose_secret().to_owned();
    let request =
        format!("GET /v1/me HTTP/1.1\r\nHost: exchange\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n");
    (client.signed_in(&tokens.access), request)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_a_session_that_is_over_comes_to_nothing() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let terminal = exchange.terminal(&office, "受付").await;
    let other = exchange.terminal(&office, "相談室").await;
    let ended = (401, Some(ProblemCode::SignInRequired));

    let (session, sent) = request(&office, &terminal).await;
    for _ in 0..2 {
        assert_eq!(send(&exchange, &terminal.identity, &sent).await, (200, None));
    }
    // Overheard, and sent with the certificate of another terminal of the same office.
    assert_eq!(send(&exchange, &other.identity, &sent).await, ended);
    session.sign_out().await.unwrap();
    assert_eq!(send(&exchange, &terminal.identity, &sent).await, ended);

    let (_, first) = request(&office, &terminal).await;
    let (there, second) = request(&office, &other).await;
    there.sign_out_everywhere().await.unwrap();
    assert_eq!(send(&exchange, &terminal.identity, &first).await, ended);
    assert_eq!(send(&exchange, &other.identity, &second).await, ended);

    let (_, sent) = request(&office, &terminal).await;
    exchange.clock.advance(TimeDelta::minutes(60));
    assert_eq!(send(&exchange, &terminal.identity, &sent).await, ended);

    let (_, sent) = request(&office, &terminal).await;
    exchange.admin.revoke_terminal(terminal.answer.terminal).await.unwrap();
    let (_, code) = send(&exchange, &terminal.identity, &sent).await;
    // Session and terminal end in one commit; which of them is looked at first is of no account.
    assert!(matches!(
        code,
        Some(ProblemCode::CertificateRevoked | ProblemCode::SignInRequired)
    ));
    assert_eq!(send(&exchange, &other.identity, &sent).await, ended);
}
