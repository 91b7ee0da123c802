//! Sessions that stand on passwords: one that was changed between the try and the session begins nothing.

use care_model::{AccountId, OfficeNumber, TerminalId};
use exchange_protocol::AccountFamily;
use exchange_store::{
    Act, Actor, By, NewAccount, NewOperator, NewOperatorPassword, NewPassword, NewPortalSession, NewSession,
    OperatorChange, OperatorRole, PortalFamily, Proof, Store,
};

use crate::{Opened, PLANNER, at, offices::office};

const PERSON: &str = "c0000000001";
const OFFICE: &str = "KJ0001";
const OPERATOR: &str = "OP00000001";

fn id(text: &str) -> AccountId {
    AccountId::parse(text).unwrap()
}

fn number() -> OfficeNumber {
    OfficeNumber::parse(PLANNER).unwrap()
}

/// An office with one person and an operator; every password's hash is `"hash"`.
async fn opened() -> Opened {
    let opened = Opened::new().await;
    assert!(crate::register(&opened.store, office(), By::CommandLine).await);
    let person = NewAccount {
        id: id(PERSON),
        family: AccountFamily::Person,
        office: number(),
        display_name: "見本 太郎".to_owned(),
        password_hash: "hash".to_owned(),
        provisional: false,
    };
    let added = opened.store.add_account(person, None, By::CommandLine, at(1));
    assert!(added.await.unwrap());
    let operator = NewOperator {
        id: id(OPERATOR),
        name: "運営".to_owned(),
        role: OperatorRole::Administrator,
        password_hash: "hash".to_owned(),
        provisional: false,
    };
    assert!(
        opened
            .store
            .add_operator(operator, By::CommandLine, at(1))
            .await
            .unwrap()
    );
    opened
}

/// Whether ログイン with these hashes begins a session.
async fn begins(store: &Store, token: u8, person: &str, office: &str) -> bool {
    let new = NewSession {
        access: [token; 32],
        refresh: [token; 32],
        access_until: at(100),
        refresh_until: at(100),
    };
    let proof = Proof {
        person_password_hash: person.to_owned(),
        office_account: id(OFFICE),
        office_password_hash: office.to_owned(),
    };
    let actor = Actor {
        office: number(),
        account: id(PERSON).key(),
        terminal: TerminalId::from_bytes([1; 16]),
    };
    let begun = store.begin_session(new, proof, actor, "見本 太郎".to_owned(), at(2));
    let begun = begun.await.unwrap();
    assert_eq!(store.session([token; 32]).await.unwrap().is_some(), begun);
    begun
}

/// Whether a sign-in at the portal with this hash begins a session.
async fn enters(store: &Store, token: u8, family: PortalFamily, account: &str, password_hash: &str) -> bool {
    let new = NewPortalSession {
        token: [token; 32],
        form_secret: "secret".to_owned(),
        family,
        account: id(account),
        password_hash: password_hash.to_owned(),
        until: at(100),
    };
    let begun = store.begin_portal_session(new, at(2)).await.unwrap();
    assert_eq!(store.portal_session([token; 32]).await.unwrap().is_some(), begun);
    begun
}

async fn reset(store: &Store, account: &str, password_hash: &str) {
    let change = NewPassword {
        account: id(account),
        password_hash: password_hash.to_owned(),
        provisional: true,
        instead_of: None,
        first_password: None,
        act: Act::ResetPassword,
        by: By::CommandLine,
    };
    assert!(store.set_password(change, at(3)).await.unwrap());
}

#[tokio::test]
async fn a_password_reset_after_it_was_tried_begins_no_session() {
    let opened = opened().await;
    let store = &opened.store;
    assert!(begins(store, 1, "hash", "hash").await);
    reset(store, PERSON, "new").await;
    assert!(store.session([1; 32]).await.unwrap().is_none(), "the reset ended it");
    assert!(
        !begins(store, 2, "hash", "hash").await,
        "and nothing begins under the old one"
    );
    assert!(begins(store, 3, "new", "hash").await);
    reset(store, OFFICE, "new").await;
    assert!(!begins(store, 4, "new", "hash").await);
    assert!(begins(store, 5, "new", "new").await);
    // Neither password makes up for the other, and neither is the other's.
    reset(store, PERSON, "newer").await;
    assert!(!begins(store, 6, "new", "newer").await);
    assert!(begins(store, 7, "newer", "new").await);
}

#[tokio::test]
async fn a_person_who_is_stopped_after_the_try_begins_no_session() {
    let opened = opened().await;
    let store = &opened.store;
    let stop = store.set_stopped(number(), id(PERSON), true, By::CommandLine, at(3));
    assert!(stop.await.unwrap());
    assert!(!begins(store, 1, "hash", "hash").await);
    let resume = store.set_stopped(number(), id(PERSON), false, By::CommandLine, at(4));
    assert!(resume.await.unwrap());
    assert!(begins(store, 2, "hash", "hash").await);
}

#[tokio::test]
async fn a_password_reset_after_it_was_tried_opens_no_portal() {
    let opened = opened().await;
    let store = &opened.store;
    assert!(enters(store, 1, PortalFamily::Office, OFFICE, "hash").await);
    reset(store, OFFICE, "new").await;
    assert!(!enters(store, 2, PortalFamily::Office, OFFICE, "hash").await);
    assert!(enters(store, 3, PortalFamily::Office, OFFICE, "new").await);

    assert!(enters(store, 4, PortalFamily::Operator, OPERATOR, "hash").await);
    let change = NewOperatorPassword {
        operator: id(OPERATOR),
        password_hash: "new".to_owned(),
        provisional: true,
        instead_of: None,
        act: Act::ResetPassword,
        by: By::CommandLine,
    };
    assert!(store.set_operator_password(change, at(3)).await.unwrap());
    assert!(!enters(store, 5, PortalFamily::Operator, OPERATOR, "hash").await);
    assert!(enters(store, 6, PortalFamily::Operator, OPERATOR, "new").await);
    let other = NewOperator {
        id: id("OP00000002"),
        name: "運営 二".to_owned(),
        role: OperatorRole::Administrator,
        password_hash: "hash".to_owned(),
        provisional: false,
    };
    store.add_operator(other, By::CommandLine, at(4)).await.unwrap();
    let stop = store.change_operator(id(OPERATOR), OperatorChange::Stop, By::CommandLine, at(5));
    stop.await.unwrap();
    assert!(!enters(store, 7, PortalFamily::Operator, OPERATOR, "new").await);
}
