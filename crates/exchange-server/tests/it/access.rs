//! Who gets in, and who no longer does.

use care_model::ProblemCode;
use chrono::TimeDelta;
use exchange_client::{ClientIdentity, ExchangeClient};
use exchange_protocol::Event;
use fault_row::{Breaches, Row};

use crate::exchange::{Exchange, HELPER, PLANNER, Terminal, account, bytes, header, json, refused, sign_in};

/// As many as a listener's queue takes without making anybody wait.
const TRIES_AT_ONCE: u64 = 400;

#[tokio::test(flavor = "multi_thread")]
async fn both_steps_lead_to_me() {
    let exchange = Exchange::start().await;
    let (office, terminal, line) = exchange.desk(PLANNER, "43").await;
    let me = line.me().await.unwrap();
    assert_eq!(
        (me.office.number, me.terminal),
        (office.made.number, terminal.answer.terminal)
    );
    assert_eq!(
        (me.person_name.as_str(), me.terminal_name.as_str()),
        ("見本 太郎", "受付")
    );
    assert!(me.office.active);
    assert_eq!(me.help_desk.telephone, messages::help_desk::telephone());
    exchange
        .admin
        .add_news("点検".to_owned(), "今夜".to_owned(), None)
        .await
        .unwrap();
    assert_eq!(line.news().await.unwrap().news[0].title, "点検");
    line.sign_out().await.unwrap();
    assert_eq!(refused(line.me().await), ProblemCode::SignInRequired);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_and_swapped_accounts_have_codes_of_their_own() {
    let exchange = Exchange::start().await;
    let (office, terminal, _) = exchange.desk(PLANNER, "43").await;
    let (other, ..) = exchange.desk(HELPER, "11").await;
    let client = &terminal.client;
    let wrong = "wrong password".to_owned().into();
    let right = office.person.password.clone().into();
    let kj = &office.made.office_id;
    assert_eq!(
        refused(client.sign_in_person(kj, &right).await.map(drop)),
        ProblemCode::PersonIdExpected
    );
    let person = &office.person.person_id;
    assert_eq!(
        refused(client.sign_in_person(person, &wrong).await.map(drop)),
        ProblemCode::PersonSignInRefused
    );
    let nobody = account("c0000000000");
    assert_eq!(
        refused(client.sign_in_person(&nobody, &wrong).await.map(drop)),
        ProblemCode::PersonSignInRefused
    );
    let theirs = client
        .sign_in_person(&other.person.person_id, &other.person.password.clone().into())
        .await;
    assert_eq!(refused(theirs.map(drop)), ProblemCode::CertificateOtherOffice);
    let step = client.sign_in_person(person, &right).await.unwrap();
    assert_eq!(
        refused(client.sign_in_office(&step, person, &right).await),
        ProblemCode::OfficeIdExpected
    );
    assert_eq!(
        refused(client.sign_in_office(&step, kj, &wrong).await),
        ProblemCode::OfficeSignInRefused
    );
    let theirs = client
        .sign_in_office(&step, &other.made.office_id, &other.made.password.clone().into())
        .await;
    assert_eq!(refused(theirs), ProblemCode::CertificateOtherOffice);
    exchange.clock.advance(TimeDelta::minutes(5));
    let late = client
        .sign_in_office(&step, kj, &office.made.password.clone().into())
        .await;
    assert_eq!(refused(late), ProblemCode::SignInRequired);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_wrong_passwords_make_the_next_one_wait() {
    let exchange = Exchange::start().await;
    let (office, terminal, _) = exchange.desk(PLANNER, "43").await;
    let person = &office.person.person_id;
    for _ in 0..6 {
        let wrong = terminal
            .client
            .sign_in_person(person, &"wrong password".to_owned().into())
            .await;
        assert_eq!(refused(wrong.map(drop)), ProblemCode::PersonSignInRefused);
    }
    let right = office.person.password.clone().into();
    let delayed = terminal.client.sign_in_person(person, &right).await;
    assert_eq!(refused(delayed.map(drop)), ProblemCode::SignInDelayed);
    exchange.clock.advance(TimeDelta::minutes(1));
    terminal.client.sign_in_person(person, &right).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn row_17_tokens_end_and_are_renewed_once() {
    let row = Row::open(17, "tokens that ended, were used or are another terminal's");
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let terminal = exchange.terminal(&office, "受付").await;
    let client = &terminal.client;
    let step = client
        .sign_in_person(&office.person.person_id, &office.person.password.clone().into())
        .await
        .unwrap();
    let tokens = client
        .sign_in_office(&step, &office.made.office_id, &office.made.password.clone().into())
        .await
        .unwrap();
    exchange.clock.advance(TimeDelta::minutes(60));
    assert_eq!(
        refused(client.signed_in(&tokens.access).me().await),
        ProblemCode::SignInRequired
    );
    let renewed = client.refresh(&tokens.refresh).await.unwrap();
    client.signed_in(&renewed.access).me().await.unwrap();
    assert_eq!(
        refused(client.refresh(&tokens.refresh).await),
        ProblemCode::SignInRequired
    );
    // A session is bound to its terminal.
    let second = exchange.terminal(&office, "相談室").await;
    assert_eq!(
        refused(second.client.signed_in(&renewed.access).me().await),
        ProblemCode::SignInRequired
    );
    assert_eq!(
        refused(second.client.refresh(&renewed.refresh).await),
        ProblemCode::SignInRequired
    );
    exchange.clock.advance(TimeDelta::hours(8));
    assert_eq!(
        refused(client.refresh(&renewed.refresh).await),
        ProblemCode::SignInRequired
    );
    row.close(5, Breaches::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn row_16_certificates_that_are_no_longer_good_are_answered_in_words() {
    let row = Row::open(16, "an expired and a revoked certificate");
    let exchange = Exchange::start().await;
    let (office, terminal, line) = exchange.desk(PLANNER, "43").await;
    let short = exchange
        .admin
        .issue_password(office.made.number, None, -1)
        .await
        .unwrap();
    let expired = exchange.enrol(&office, &short.issue_password, "古い").await.unwrap();
    assert_eq!(
        refused(sign_in(&expired, &office).await.map(drop)),
        ProblemCode::CertificateExpired
    );

    let mut events = line.events().await.unwrap();
    exchange.admin.revoke_terminal(terminal.answer.terminal).await.unwrap();
    // The stream ends by itself, and so does everything else.
    assert_eq!(events.next().await.unwrap(), Some(Event::SignedOut));
    assert_eq!(events.next().await.unwrap(), None);
    assert_eq!(refused(line.me().await), ProblemCode::CertificateRevoked);
    assert_eq!(
        refused(sign_in(&terminal, &office).await.map(drop)),
        ProblemCode::CertificateRevoked
    );
    row.close(3, Breaches::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn row_16_a_certificate_of_another_exchange_does_not_get_in() {
    let row = Row::open(16, "a certificate and a server of another authority");
    let rounds = row.times(1, 10);
    let (here, there) = (Exchange::start().await, Exchange::start().await);
    let office = here.office(PLANNER, "43").await;
    let foreign_office = there.office(PLANNER, "43").await;
    let foreign = there.terminal(&foreign_office, "受付").await;
    let stranger = Terminal {
        client: ExchangeClient::new(&here.connection(), Some(&foreign.identity)).unwrap(),
        ..foreign
    };
    let error = sign_in(&stranger, &office).await.map(drop).unwrap_err();
    assert_eq!(error.code(), ProblemCode::CertificateForeign, "{error:?}");
    // The refusal comes before, while or after the request leaves, as it happens: it is heard all the same.
    for _ in 0..rounds {
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..TRIES_AT_ONCE {
            let client = stranger.client.clone();
            tries.spawn(async move {
                client
                    .sign_in_person(&account("c0000000000"), &"any".to_owned().into())
                    .await
            });
        }
        while let Some(answer) = tries.join_next().await {
            let error = answer.unwrap().map(drop).unwrap_err();
            assert_eq!(error.code(), ProblemCode::CertificateForeign, "{error:?}");
        }
    }
    // Nor does a server of another exchange pass for ours.
    let identity: &ClientIdentity = &stranger.identity;
    let mut connection = there.connection();
    connection.exchange_url = here.connection().exchange_url;
    let misled = Terminal {
        client: ExchangeClient::new(&connection, Some(identity)).unwrap(),
        ..stranger
    };
    let error = sign_in(&misled, &office).await.map(drop).unwrap_err();
    assert_eq!(error.code(), ProblemCode::ServerUntrusted, "{error:?}");
    row.close(rounds * TRIES_AT_ONCE + 2, Breaches::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_without_a_person_hears_and_counts_and_no_more() {
    let exchange = Exchange::start().await;
    let (planner, _, sender) = exchange.desk(PLANNER, "43").await;
    let (helper, terminal, session) = exchange.desk(HELPER, "11").await;
    let client = &terminal.client;
    let counts = async || {
        let now = client.this_terminal().await.unwrap();
        (now.waiting, now.newest)
    };
    assert_eq!(counts().await, (0, 0));
    let mut events = client.events().await.unwrap();
    let mut signed_in = session.events().await.unwrap();
    let parts: &[(Option<&str>, &[u8])] = &[(Some("cover"), b"{}"), (Some("A.CSV"), b"one")];
    let came = header(&planner, &helper, parts);
    sender.send_small(came.id, &json(&came), &bytes(parts)).await.unwrap();
    assert_eq!(events.next().await.unwrap(), Some(Event::Inbox { upto: 1 }));
    assert_eq!(counts().await, (1, 1));

    // What this office sends itself is heard of under a session alone.
    let went = header(&helper, &planner, parts);
    session.send_small(went.id, &json(&went), &bytes(parts)).await.unwrap();
    sender.recall(came.id).await.unwrap();
    assert_eq!(signed_in.next().await.unwrap(), Some(Event::Inbox { upto: 1 }));
    assert_eq!(signed_in.next().await.unwrap(), Some(Event::Outbox { upto: 1 }));
    assert_eq!(events.next().await.unwrap(), Some(Event::Inbox { upto: 2 }));
    assert_eq!(counts().await, (0, 1), "nothing waits; what came stays the newest");

    // A session's stream ends with it, the terminal's goes on until the terminal itself is revoked.
    session.sign_out().await.unwrap();
    while signed_in.next().await.unwrap().is_some() {}
    assert_eq!(refused(session.events().await.map(drop)), ProblemCode::SignInRequired);
    exchange.admin.revoke_terminal(terminal.answer.terminal).await.unwrap();
    assert_eq!(events.next().await.unwrap(), Some(Event::SignedOut));
    assert_eq!(events.next().await.unwrap(), None);
    assert_eq!(
        refused(client.events().await.map(drop)),
        ProblemCode::CertificateRevoked
    );
}
