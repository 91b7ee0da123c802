//! Passwords that must be changed, and are.

use care_model::{AccountId, ProblemCode};
use chrono::TimeDelta;
use exchange_server::admin::{NewOffice, NewPerson};

use crate::exchange::{Exchange, HELPER, Office, PLANNER, Terminal, account, refused, sign_in};

const NEW: &str = "jibun-de-kimeta-2026";

async fn change(terminal: &Terminal, id: &AccountId, old: &str, new: &str) -> Result<(), ProblemCode> {
    let (old, new) = (old.to_owned().into(), new.to_owned().into());
    match terminal.client.change_password(id, &old, &new).await {
        Ok(()) => Ok(()),
        Err(error) => Err(error.code()),
    }
}

async fn step_1(terminal: &Terminal, office: &Office, password: &str) -> Result<(), ProblemCode> {
    let password = password.to_owned().into();
    let answer = terminal
        .client
        .sign_in_person(&office.person.person_id, &password)
        .await;
    answer.map(drop).map_err(|error| error.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_password_opens_nothing_until_it_is_changed() {
    let exchange = Exchange::start().await;
    let (office, terminal, _) = exchange.desk(PLANNER, "43").await;
    let made = exchange
        .admin
        .add_person(NewPerson {
            office: office.made.number,
            name: "見本 次郎".to_owned(),
            person_id: None,
            password: None,
            provisional: false,
        })
        .await
        .unwrap();
    let sign_in = async |password: &str| {
        let password = password.to_owned().into();
        let answer = terminal.client.sign_in_person(&made.person_id, &password).await;
        answer.map(drop).map_err(|error| error.code())
    };
    assert_eq!(
        sign_in("machigai-password").await,
        Err(ProblemCode::PersonSignInRefused)
    );
    assert_eq!(sign_in(&made.password).await, Err(ProblemCode::PasswordChangeRequired));
    assert_eq!(change(&terminal, &made.person_id, &made.password, NEW).await, Ok(()));
    assert_eq!(sign_in(&made.password).await, Err(ProblemCode::PersonSignInRefused));
    assert_eq!(sign_in(NEW).await, Ok(()));

    // The office's account in step 2 is held to the same.
    let kj = exchange.admin.reset_password(&office.made.office_id).await.unwrap();
    let person = office.person.password.clone().into();
    let step = terminal
        .client
        .sign_in_person(&office.person.person_id, &person)
        .await
        .unwrap();
    let second = terminal
        .client
        .sign_in_office(&step, &office.made.office_id, &kj.password.clone().into())
        .await;
    assert_eq!(refused(second), ProblemCode::PasswordChangeRequired);
    assert_eq!(
        change(&terminal, &office.made.office_id, &kj.password, NEW).await,
        Ok(())
    );
    terminal
        .client
        .sign_in_office(&step, &office.made.office_id, &NEW.to_owned().into())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_is_neither_short_nor_long_nor_the_old_one_nor_the_id() {
    let exchange = Exchange::start().await;
    let (office, terminal, line) = exchange.desk(PLANNER, "43").await;
    let (id, old) = (&office.person.person_id, office.person.password.as_str());
    for (new, answer) in [
        ("x".repeat(11), ProblemCode::PasswordLength),
        ("x".repeat(65), ProblemCode::PasswordLength),
        (old.to_owned(), ProblemCode::PasswordUnfit),
        (
            format!("my-{}-pass", id.as_str().to_uppercase()),
            ProblemCode::PasswordUnfit,
        ),
    ] {
        assert_eq!(
            change(&terminal, id, old, &new).await,
            Err(answer),
            "{} characters",
            new.len()
        );
    }
    // Nothing of that ended the session; a change that is made does.
    line.me().await.unwrap();
    assert_eq!(change(&terminal, id, old, &"あ".repeat(64)).await, Ok(()));
    assert_eq!(refused(line.me().await), ProblemCode::SignInRequired);
    assert_eq!(step_1(&terminal, &office, &"あ".repeat(64)).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_tells_no_more_about_accounts_than_signing_in() {
    let exchange = Exchange::start().await;
    let (office, terminal, _) = exchange.desk(PLANNER, "43").await;
    let (other, ..) = exchange.desk(HELPER, "11").await;
    let wrong = "machigai-password";
    for (id, password) in [
        (&account("c0000000000"), wrong),
        (&other.person.person_id, wrong),
        // Another office's account is as if it were not there, even with its right password.
        (&other.person.person_id, other.person.password.as_str()),
    ] {
        assert_eq!(
            change(&terminal, id, password, NEW).await,
            Err(ProblemCode::PersonSignInRefused)
        );
    }
    assert_eq!(
        change(&terminal, &account("KJ0000000000"), wrong, NEW).await,
        Err(ProblemCode::OfficeSignInRefused)
    );
    assert_eq!(
        change(&terminal, &account("z0000000000"), wrong, NEW).await,
        Err(ProblemCode::PersonIdExpected)
    );
    // Wrong tries here and at sign-in are counted together, and make others wait at no other terminal.
    let id = &office.person.person_id;
    for _ in 0..6 {
        assert_eq!(
            change(&terminal, id, wrong, NEW).await,
            Err(ProblemCode::PersonSignInRefused)
        );
    }
    assert_eq!(change(&terminal, id, wrong, NEW).await, Err(ProblemCode::SignInDelayed));
    let right = &office.person.password;
    assert_eq!(step_1(&terminal, &office, right).await, Err(ProblemCode::SignInDelayed));
    let issued = exchange
        .admin
        .issue_password(office.made.number, None, 730)
        .await
        .unwrap();
    let beside = exchange.enrol(&office, &issued.issue_password, "相談室").await.unwrap();
    assert_eq!(step_1(&beside, &office, right).await, Ok(()));
    exchange.clock.advance(TimeDelta::minutes(1));
    assert_eq!(step_1(&terminal, &office, right).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_makes_is_provisional_unless_given() {
    let exchange = Exchange::start().await;
    let number = care_model::OfficeNumber::parse(HELPER).unwrap();
    let kind = care_model::ServiceKind::parse("11").unwrap();
    let given = NewOffice {
        password: Some("watasareta-2026".to_owned()),
        provisional: true,
        ..NewOffice::new(number, "例示", vec![kind])
    };
    let made = exchange.admin.register_office(given).await.unwrap();
    assert_eq!(made.password, "watasareta-2026");
    let (_, terminal, _) = exchange.desk(PLANNER, "43").await;
    // Another office's account says nothing of itself, whatever is typed.
    assert_eq!(
        change(&terminal, &made.office_id, &made.password, NEW).await,
        Err(ProblemCode::OfficeSignInRefused)
    );
    assert!(exchange.admin.reset_password(&account("c9999999999")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_office_password_ends_every_session_of_that_office() {
    let exchange = Exchange::start().await;
    let (office, terminal, line) = exchange.desk(PLANNER, "43").await;
    let beside = exchange.terminal(&office, "相談室").await;
    let beside = sign_in(&beside, &office).await.unwrap();
    let (.., other) = exchange.desk(HELPER, "11").await;
    let id = &office.made.office_id;
    assert_eq!(change(&terminal, id, &office.made.password, NEW).await, Ok(()));
    assert_eq!(refused(line.me().await), ProblemCode::SignInRequired);
    assert_eq!(refused(beside.me().await), ProblemCode::SignInRequired);
    other.me().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_between_the_two_steps_lets_nobody_in() {
    let exchange = Exchange::start().await;
    let (office, terminal, _) = exchange.desk(PLANNER, "43").await;
    let person = office.person.password.clone().into();
    let step = terminal
        .client
        .sign_in_person(&office.person.person_id, &person)
        .await
        .unwrap();
    exchange.admin.reset_password(&office.person.person_id).await.unwrap();
    let password = office.made.password.clone().into();
    let second = terminal
        .client
        .sign_in_office(&step, &office.made.office_id, &password)
        .await;
    assert_eq!(refused(second), ProblemCode::SignInRequired);
}
