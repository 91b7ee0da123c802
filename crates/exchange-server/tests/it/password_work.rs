//! Whoever tries a password costs the exchange the same work, whatever there is behind the ID: no clock tells which
//! accounts exist. What is counted is the work, because a clock in a test tells nothing for sure.

use std::{collections::HashMap, time::Instant};

use care_model::ProblemCode;
use chrono::TimeDelta;
use exchange_client::ClientError;
use exchange_protocol::EnrolmentRequest;
use exchange_server::{PasswordCost, operators::NewOperator};
use exchange_store::{OperatorChange, OperatorRole};
use tokio::sync::mpsc;

use crate::{
    exchange::{Exchange, HELPER, PLANNER, account, refused, sign_in},
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
    // Whoever was stopped costs no less, with the right password or without.
    let stopped = |is_stopped| {
        exchange
            .admin
            .set_person_stopped(office.made.number, person.person_id.clone(), is_stopped)
    };
    stopped(true).await.unwrap();
    for password in [WRONG, person.password.as_str()] {
        let before = exchange.running.password_work();
        let tried = terminal
            .client
            .sign_in_person(&person.person_id, &password.to_owned().into())
            .await;
        assert_eq!(exchange.running.password_work() - before, 1);
        assert!(tried.is_err());
    }
    stopped(false).await.unwrap();
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

/// One over what a place may try wrongly under many IDs before it waits.
const PLACE_TRIES: usize = 51;

/// A request for a certificate under an ID that nobody has.
fn invented(number: usize) -> EnrolmentRequest {
    EnrolmentRequest {
        office_id: account(&format!("KJ9{number:09}")),
        issue_password: WRONG.to_owned(),
        request_pem: "no request".to_owned(),
        terminal_name: "端末".to_owned(),
    }
}

/// The minutes that a refusal tells to wait.
#[track_caller]
fn minutes<T>(answer: Result<T, ClientError>, code: ProblemCode) -> i64 {
    match answer {
        Err(ClientError::Refused(problem)) if problem.code == code => problem.params["minutes"].parse().unwrap(),
        Err(other) => panic!("not told to wait: {other:?}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn inventing_ids_gives_a_stranger_no_fresh_tries() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let bare = exchange_client::ExchangeClient::new(&exchange.connection(), None).unwrap();
    for number in 0..PLACE_TRIES {
        let answer = bare.enrol(&invented(number)).await;
        assert_eq!(
            refused(answer.map(drop)),
            ProblemCode::EnrolmentPasswordRefused,
            "{number}"
        );
    }
    let before = exchange.running.password_work();
    for number in 100..200 {
        let wait = minutes(bare.enrol(&invented(number)).await, ProblemCode::EnrolmentDelayed);
        assert_eq!(wait, 2, "{number}");
    }
    assert_eq!(exchange.running.password_work(), before, "waiting costs no work");
    // The other door counts for itself, and known IDs wait like invented ones.
    let mut browser = Browser::at(&exchange);
    let known = office.made.office_id.as_str();
    for number in 0..PLACE_TRIES {
        let shown = browser.sign_in(&format!("KJ9{number:09}"), WRONG).await;
        assert_eq!(shown.problem(), Some("office_sign_in_refused"), "{number}");
    }
    for id in ["KJ9999999999", known] {
        let shown = browser.sign_in(id, &office.made.password).await;
        assert_eq!((shown.status, shown.problem()), (429, Some("sign_in_delayed")), "{id}");
    }
    // No terminal waits for what strangers do, and whoever waited comes in.
    let terminal = exchange.enrol(&office, &office.made.issue_password, "受付").await;
    let wait = minutes(terminal.map(drop), ProblemCode::EnrolmentDelayed);
    exchange.clock.advance(TimeDelta::minutes(wait));
    let terminal = exchange.enrol(&office, &office.made.issue_password, "受付").await;
    sign_in(&terminal.unwrap(), &office).await.unwrap();
    assert_eq!(browser.sign_in(known, &office.made.password).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn inventing_ids_gives_a_terminal_no_fresh_tries_and_others_go_on() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let terminal = exchange.terminal(&office, "受付").await;
    let beside = exchange.terminal(&office, "事務室").await;
    let wrong = || WRONG.to_owned().into();
    for number in 0..PLACE_TRIES {
        let who = account(&format!("c{number:010}"));
        let answer = terminal.client.sign_in_person(&who, &wrong()).await;
        assert_eq!(refused(answer.map(drop)), ProblemCode::PersonSignInRefused, "{number}");
    }
    let answer = terminal.client.sign_in_person(&account("c9999999999"), &wrong()).await;
    assert_eq!(minutes(answer, ProblemCode::SignInDelayed), 2);
    assert_eq!(refused(sign_in(&terminal, &office).await), ProblemCode::SignInDelayed);
    sign_in(&beside, &office).await.unwrap();
}

/// Whoever holds a terminal of one office learns of another office's password no faster than at a terminal of that
/// office: the words for a right one come under the same waits.
#[tokio::test(flavor = "multi_thread")]
async fn the_words_for_another_offices_password_come_under_the_same_waits() {
    let exchange = Exchange::start().await;
    let (office, terminal, _) = exchange.desk(PLANNER, "43").await;
    let other = exchange.office(HELPER, "11").await;
    let client = &terminal.client;
    let word = office.person.password.clone().into();
    let step = client.sign_in_person(&office.person.person_id, &word).await.unwrap();
    let (person, right) = (&other.person.person_id, other.person.password.clone().into());
    let (id, office_right) = (&other.made.office_id, other.made.password.clone().into());
    let wrong = || WRONG.to_owned().into();
    for _ in 0..6 {
        let answer = client.sign_in_person(person, &wrong()).await;
        assert_eq!(refused(answer.map(drop)), ProblemCode::PersonSignInRefused);
        let answer = client.sign_in_office(&step, id, &wrong()).await;
        assert_eq!(refused(answer.map(drop)), ProblemCode::OfficeSignInRefused);
    }
    let waits = client.sign_in_person(person, &right).await;
    assert_eq!(refused(waits.map(drop)), ProblemCode::SignInDelayed);
    let waits = client.sign_in_office(&step, id, &office_right).await;
    assert_eq!(refused(waits.map(drop)), ProblemCode::SignInDelayed);
    exchange.clock.advance(TimeDelta::minutes(1));
    let answer = client.sign_in_person(person, &right).await;
    assert_eq!(refused(answer.map(drop)), ProblemCode::CertificateOtherOffice);
}

/// A stranger with many connections, against a server whose passwords cost something.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_strangers_keeps_no_terminal_from_signing_in() {
    const CONNECTIONS: usize = 48;
    const TRIES_A_CONNECTION: usize = 4;
    const SIGN_INS: u32 = 5;
    let exchange = Exchange::start_at(PasswordCost {
        memory_kib: 16 * 1_024,
        passes: 1,
    })
    .await;
    let (office, terminal, _) = exchange.desk(PLANNER, "43").await;
    let quiet = Instant::now();
    for _ in 0..SIGN_INS {
        sign_in(&terminal, &office).await.unwrap();
    }
    let quiet = quiet.elapsed();
    let before = exchange.running.password_work();
    let (first, mut begun) = mpsc::channel::<()>(1);
    let flood: Vec<_> = (0..CONNECTIONS)
        .map(|connection| {
            let stranger = exchange_client::ExchangeClient::new(&exchange.connection(), None).unwrap();
            let first = first.clone();
            tokio::spawn(async move {
                let mut answers = HashMap::<ProblemCode, usize>::new();
                for number in 0..TRIES_A_CONNECTION {
                    let invented = invented(number * CONNECTIONS + connection);
                    let answer = stranger.enrol(&invented).await;
                    let code = refused(answer.map(drop));
                    if code == ProblemCode::ServerBusy {
                        // The queue before the strangers' door is full: what there is to show has begun.
                        let _ = first.try_send(());
                    }
                    *answers.entry(code).or_default() += 1;
                }
                answers
            })
        })
        .collect();
    begun.recv().await.unwrap();
    let during = Instant::now();
    for _ in 0..SIGN_INS {
        sign_in(&terminal, &office).await.unwrap();
    }
    let during = during.elapsed();
    let mut answers = HashMap::<ProblemCode, usize>::new();
    for connection in flood {
        for (code, count) in connection.await.unwrap() {
            *answers.entry(code).or_default() += count;
        }
    }
    let tried = answers
        .remove(&ProblemCode::EnrolmentPasswordRefused)
        .unwrap_or_default();
    assert!(tried <= PLACE_TRIES, "{tried} passwords tried");
    let work = exchange.running.password_work() - before - 2 * u64::from(SIGN_INS);
    assert_eq!(work, tried as u64, "no try costs more than one");
    assert!(answers.remove(&ProblemCode::ServerBusy).is_some());
    assert!(answers.remove(&ProblemCode::EnrolmentDelayed).is_some());
    assert!(answers.is_empty(), "{answers:?}");
    // They share the cores, not the turns. Behind the strangers each of these passwords would wait for twenty others.
    assert!(during < quiet * 15, "{during:?} instead of {quiet:?}");
}
