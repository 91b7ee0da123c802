//! Whoever tries a password costs the exchange the same work, whatever there is behind the ID: no clock tells which
//! accounts exist. What is counted is the work, because a clock in a test tells nothing for sure.

use exchange_protocol::EnrolmentRequest;
use exchange_server::operators::NewOperator;
use exchange_store::{OperatorChange, OperatorRole};

use crate::{
    exchange::{Exchange, HELPER, PLANNER, account},
    portal::{Browser, OPERATOR_PASSWORD},
};

const WRONG: &str = "machigai-password";

#[tokio::test(flavor = "multi_thread")]
async fn every_try_at_a_terminal_costs_one_hash() {
    let exchange = Exchange::start().await;
    let (office, terminal, _) = exchange.desk(PLANNER, "43").await;
    let other = exchange.office(HELPER, "11").await;
    let (person, id) = (&office.person, &office.made.office_id);
    for (who, password) in [
        (account("c0000000000"), WRONG),
        (person.person_id.clone(), WRONG),
        (person.person_id.clone(), person.password.as_str()),
        (other.person.person_id.clone(), WRONG),
        (other.person.person_id.clone(), other.person.password.as_str()),
    ] {
        let before = exchange.running.password_work();
        let _ = terminal.client.sign_in_person(&who, &password.to_owned().into()).await;
        assert_eq!(exchange.running.password_work() - before, 1, "{}", who.as_str());
    }
    let word = person.password.clone().into();
    let step = terminal.client.sign_in_person(&person.person_id, &word).await.unwrap();
    for (who, password) in [
        (account("KJ0000000000"), WRONG),
        (id.clone(), WRONG),
        (other.made.office_id.clone(), WRONG),
        (other.made.office_id.clone(), other.made.password.as_str()),
        (id.clone(), office.made.password.as_str()),
    ] {
        let before = exchange.running.password_work();
        let _ = terminal
            .client
            .sign_in_office(&step, &who, &password.to_owned().into())
            .await;
        assert_eq!(exchange.running.password_work() - before, 1, "{}", who.as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_try_at_the_portal_costs_one_hash() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let mut operators = Vec::new();
    for provisional in [false, true, false] {
        let new = NewOperator {
            name: "運営".to_owned(),
            role: OperatorRole::Administrator,
            operator_id: None,
            password: Some(OPERATOR_PASSWORD.to_owned()),
            provisional,
        };
        operators.push(exchange.admin.add_operator(new).await.unwrap().operator_id);
    }
    exchange
        .admin
        .change_operator(&operators[2], OperatorChange::Stop)
        .await
        .unwrap();
    let mut browser = Browser::at(&exchange);
    let id = office.made.office_id.as_str();
    for (id, password) in [
        ("KJ0000000000", WRONG),
        (id, WRONG),
        (id, office.made.password.as_str()),
    ] {
        let before = exchange.running.password_work();
        browser.sign_in(id, password).await;
        assert_eq!(exchange.running.password_work() - before, 1, "{id}");
    }
    let unknown = account("OP00000000");
    for id in operators.iter().chain([&unknown]) {
        for password in [WRONG, OPERATOR_PASSWORD] {
            let before = exchange.running.password_work();
            browser.sign_in_operator(id.as_str(), password).await;
            assert_eq!(exchange.running.password_work() - before, 1, "{}", id.as_str());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_try_to_buy_a_certificate_costs_one_hash_however_many_passwords_are_open() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let without = exchange.office(HELPER, "11").await;
    exchange
        .enrol(&without, &without.made.issue_password, "一台目")
        .await
        .unwrap();
    let mut open = vec![office.made.issue_password.clone()];
    for _ in 0..4 {
        let made = exchange
            .admin
            .issue_password(office.made.number, None, 730)
            .await
            .unwrap();
        open.push(made.issue_password);
    }
    let bare = exchange_client::ExchangeClient::new(&exchange.connection(), None).unwrap();
    for (id, password) in [
        (account("KJ0000000000"), WRONG),
        (without.made.office_id.clone(), WRONG),
        (office.made.office_id.clone(), WRONG),
        (office.made.office_id.clone(), open[0].as_str()),
        (office.made.office_id.clone(), open[4].as_str()),
    ] {
        let (_, request_pem) = exchange_client::make_certificate_request("端末").unwrap();
        let request = EnrolmentRequest {
            office_id: id.clone(),
            issue_password: password.to_owned(),
            request_pem,
            terminal_name: "端末".to_owned(),
        };
        let before = exchange.running.password_work();
        let bought = bare.enrol(&request).await;
        assert_eq!(exchange.running.password_work() - before, 1, "{}", id.as_str());
        assert_eq!(bought.is_ok(), password != WRONG);
    }
}
