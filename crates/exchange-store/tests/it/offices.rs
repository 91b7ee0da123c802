//! Rows that are remembered, and a database of another time.

use care_model::{AccountId, OfficeNumber, ServiceKind};
use exchange_protocol::AccountFamily;
use exchange_store::{By, NewAccount, NewOffice, OfficeRow, Store, StoreError};
use sqlx::Connection as _;

use crate::{Opened, PLANNER, at};

pub(crate) fn office() -> NewOffice {
    let number = OfficeNumber::parse(PLANNER).unwrap();
    NewOffice {
        office: OfficeRow {
            number,
            name: "見本居宅介護支援事業所".to_owned(),
            kana: Some("ミホン".to_owned()),
            address: None,
            kinds: vec![ServiceKind::CARE_MANAGEMENT, ServiceKind::PREVENTIVE_SUPPORT],
            telephone: None,
            licence_until: at(100),
        },
        account: NewAccount {
            id: AccountId::parse("KJ0001").unwrap(),
            family: AccountFamily::Office,
            office: number,
            display_name: "見本".to_owned(),
            password_hash: "hash".to_owned(),
            provisional: false,
        },
    }
}

#[tokio::test]
async fn what_another_process_changes_is_noticed() {
    let opened = Opened::new().await;
    let beside = opened.beside().await;
    let number = OfficeNumber::parse(PLANNER).unwrap();
    assert!(crate::register(&opened.store, office(), By::CommandLine).await);
    assert!(!crate::register(&opened.store, office(), By::CommandLine).await);
    let found = opened.store.office(number).await.unwrap().unwrap();
    assert_eq!(*found, office().office);
    assert!(beside.set_licence(number, at(7), By::CommandLine, at(1)).await.unwrap());
    let mut changes = opened.store.access_changes();
    while opened.store.office(number).await.unwrap().unwrap().licence_until != at(7) {
        changes.changed().await.unwrap();
    }
}

#[tokio::test]
async fn a_newer_database_is_refused_in_words() {
    let opened = Opened::embedded().await;
    let path = opened.folder.path().to_owned();
    let master = opened.master.clone();
    opened.store.close().await;
    let url = format!("sqlite://{}", path.join("exchange.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("INSERT INTO setting (name, value) VALUES ('schema_needed', '99')")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    match Store::open(&path, master).await {
        Err(error @ StoreError::Newer { needed: 99 }) => assert!(error.to_string().contains("newer version")),
        other => panic!("{:?}", other.map(drop)),
    }
}
