//! 初期設定 and the connection file.

use care_model::ProblemCode;
use exchange_client::{ExchangeClient, make_certificate_request};
use exchange_protocol::EnrolmentRequest;

use crate::exchange::{Exchange, HELPER, PLANNER, refused, sign_in};

#[tokio::test(flavor = "multi_thread")]
async fn a_password_buys_one_certificate() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let first = exchange
        .enrol(&office, &office.made.issue_password, "受付")
        .await
        .unwrap();
    assert_eq!(first.answer.office, office.made.number);
    assert_eq!(first.answer.kinds, vec![office.party.kind]);
    sign_in(&first, &office).await.unwrap();
    let again = exchange.enrol(&office, &office.made.issue_password, "受付").await;
    assert_eq!(refused(again.map(drop)), ProblemCode::EnrolmentPasswordRefused);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_ids_and_requests_are_told_apart() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let other = exchange.office(HELPER, "11").await;
    // Another office's password is a wrong one.
    let wrong = exchange.enrol(&office, &other.made.issue_password, "受付").await;
    assert_eq!(refused(wrong.map(drop)), ProblemCode::EnrolmentPasswordRefused);
    let bare = ExchangeClient::new(&exchange.connection(), None).unwrap();
    let (_, request_pem) = make_certificate_request("受付").unwrap();
    let good = EnrolmentRequest {
        office_id: office.made.office_id.clone(),
        issue_password: office.made.issue_password.clone(),
        request_pem,
        terminal_name: "受付".to_owned(),
    };
    let mut person = good.clone();
    person.office_id = office.person.person_id.clone();
    assert_eq!(refused(bare.enrol(&person).await), ProblemCode::OfficeIdExpected);
    let mut unnamed = good.clone();
    unnamed.terminal_name = " ".to_owned();
    assert_eq!(refused(bare.enrol(&unnamed).await), ProblemCode::RequestMalformed);
    let mut no_request = good.clone();
    no_request.request_pem = "-----BEGIN NOTHING-----".to_owned();
    assert_eq!(refused(bare.enrol(&no_request).await), ProblemCode::RequestMalformed);
    // None of these used the password up.
    bare.enrol(&good).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_renews_what_expired_or_was_stopped() {
    let exchange = Exchange::start().await;
    let (office, first, line) = exchange.desk(PLANNER, "43").await;
    let mut events = line.events().await.unwrap();
    exchange.admin.revoke_terminal(first.answer.terminal).await.unwrap();
    // The running server notices what the operator did beside it.
    while events.next().await.unwrap().is_some() {}
    assert_eq!(refused(line.me().await), ProblemCode::CertificateRevoked);
    let issue = async |days| {
        exchange
            .admin
            .issue_password(office.made.number, None, days)
            .await
            .unwrap()
    };
    exchange.clock.advance(chrono::TimeDelta::minutes(1));
    let second = exchange
        .enrol(&office, &issue(30).await.issue_password, "受付")
        .await
        .unwrap();
    sign_in(&second, &office).await.unwrap();
    exchange.clock.advance(chrono::TimeDelta::days(31));
    assert_eq!(
        refused(sign_in(&second, &office).await.map(drop)),
        ProblemCode::CertificateExpired
    );
    let third = exchange
        .enrol(&office, &issue(730).await.issue_password, "受付")
        .await
        .unwrap();
    let line = sign_in(&third, &office).await.unwrap();
    // Each is a terminal of its own; the list keeps those before, and says which was stopped.
    let listed = line.terminals().await.unwrap().terminals;
    let ids: Vec<_> = listed.iter().map(|row| row.id).collect();
    assert_eq!(
        ids,
        [third.answer.terminal, second.answer.terminal, first.answer.terminal]
    );
    assert!(listed[2].revoked_at.is_some());
}
