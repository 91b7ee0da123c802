//! A terminal's next certificate: from 60 days before the end, under the same terminal, and nobody is locked out.

use care_model::ProblemCode;
use chrono::TimeDelta;
use exchange_client::{ClientError, ClientIdentity, ExchangeClient, SignedIn, make_certificate_request};
use exchange_protocol::{RenewalAnswer, RenewalRequest};

use crate::exchange::{Exchange, Office, PLANNER, Terminal, refused, sign_in};

/// An office with a terminal whose certificate holds so many days, signed in.
async fn terminal_for(exchange: &Exchange, days: i64) -> (Office, Terminal, SignedIn) {
    let office = exchange.office(PLANNER, "43").await;
    let issued = exchange.admin.issue_password(office.made.number, None, days);
    let password = issued.await.unwrap().issue_password;
    let terminal = exchange.enrol(&office, &password, "受付").await.unwrap();
    let line = sign_in(&terminal, &office).await.unwrap();
    (office, terminal, line)
}

async fn ask(line: &SignedIn, request_pem: &str) -> Result<RenewalAnswer, ClientError> {
    let request = RenewalRequest {
        request_pem: request_pem.to_owned(),
    };
    line.renew_certificate(&request).await
}

/// The same terminal with another key and certificate.
fn with(exchange: &Exchange, terminal: &Terminal, key: secrecy::SecretString, answer: RenewalAnswer) -> Terminal {
    let identity = ClientIdentity {
        certificate_pem: answer.certificate_pem,
        key_pem: key,
    };
    Terminal {
        client: ExchangeClient::new(&exchange.connection(), Some(&identity)).unwrap(),
        identity,
        answer: terminal.answer.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_certificate_works_until_a_day_after_the_new_one_was_used() {
    let exchange = Exchange::start().await;
    let (office, old, line) = terminal_for(&exchange, 60).await;
    let (key, request) = make_certificate_request("受付").unwrap();
    let answer = ask(&line, &request).await.unwrap();
    assert!(answer.expires_at - exchange.clock.now() > TimeDelta::days(700));
    // An answer that was lost is given again, and the old certificate goes on meanwhile.
    assert_eq!(ask(&line, &request).await.unwrap(), answer);
    exchange.clock.advance(TimeDelta::days(3));
    let line = sign_in(&old, &office).await.unwrap();
    assert_eq!(
        line.terminals().await.unwrap().terminals[0].expires_at,
        old.answer.expires_at
    );

    let new = with(&exchange, &old, key, answer.clone());
    let known = new.client.this_terminal().await.unwrap();
    assert_eq!(
        (known.terminal, known.expires_at),
        (old.answer.terminal, answer.expires_at)
    );
    assert_eq!((known.office, known.name.as_str()), (office.made.number, "受付"));
    let terminals = line.terminals().await.unwrap().terminals;
    assert_eq!((terminals.len(), terminals[0].expires_at), (1, answer.expires_at));
    // What began with the old one ends with it; what begins with the new one is the same session.
    line.me().await.unwrap();
    let renewed = sign_in(&new, &office).await.unwrap();
    exchange.clock.advance(TimeDelta::hours(25));
    assert_eq!(
        refused(old.client.this_terminal().await),
        ProblemCode::CertificateReplaced
    );
    new.client.this_terminal().await.unwrap();
    drop(renewed);
    exchange.admin.revoke_terminal(old.answer.terminal).await.unwrap();
    let seen = || async { new.client.this_terminal().await };
    while seen().await.is_ok() {}
    assert_eq!(refused(seen().await), ProblemCode::CertificateRevoked);
    assert_eq!(
        refused(old.client.this_terminal().await),
        ProblemCode::CertificateRevoked
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_neither_too_early_nor_for_the_same_key_nor_without_a_request() {
    let exchange = Exchange::start().await;
    let (office, terminal, line) = terminal_for(&exchange, 62).await;
    let (_, request) = make_certificate_request("受付").unwrap();
    let early = ask(&line, &request).await;
    assert!(
        matches!(&early, Err(ClientError::Refused(problem)) if problem.params["days"] == "60"),
        "{early:?}"
    );
    assert_eq!(refused(early), ProblemCode::RenewalTooEarly);
    exchange.clock.advance(TimeDelta::days(2));
    let line = sign_in(&terminal, &office).await.unwrap();
    assert_eq!(
        refused(ask(&line, "-----BEGIN NOTHING-----").await),
        ProblemCode::RequestMalformed
    );
    let same_key = {
        use secrecy::ExposeSecret as _;
        let key = rcgen::KeyPair::from_pem(terminal.identity.key_pem.expose_secret()).unwrap();
        let request = rcgen::CertificateParams::default().serialize_request(&key).unwrap();
        request.pem().unwrap()
    };
    assert_eq!(refused(ask(&line, &same_key).await), ProblemCode::RequestMalformed);
    let first = ask(&line, &request).await.unwrap();
    // Another key before the first was used takes its place.
    let (key, other) = make_certificate_request("受付").unwrap();
    let second = ask(&line, &other).await.unwrap();
    assert_ne!(first, second);
    with(&exchange, &terminal, key, second)
        .client
        .this_terminal()
        .await
        .unwrap();
}
