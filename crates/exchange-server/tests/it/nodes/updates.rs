//! A version of the client is put up once, at whichever node, and every node hands it on.

use std::{fs, time::Duration};

use exchange_client::ExchangeClient;
use exchange_protocol::{ClientVersion, UpdateTarget};
use exchange_server::{Running, Server, updates::NewUpdate};

use super::Instant;
use crate::exchange::{Exchange, PLANNER};

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_put_up_at_one_node_is_handed_on_by_every_other() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let terminal = exchange.terminal(&office, "受付").await;
    let mut settings = exchange.settings.clone();
    settings.data = exchange.folder.path().join("data-of-another-node");
    settings.sweep_every = Duration::from_millis(100);
    let other = Server::start(settings.clone()).await.unwrap();
    let (target, old): (UpdateTarget, ClientVersion) = ("linux-x86_64-deb".parse().unwrap(), "0.1.0".parse().unwrap());
    let offered = async |node: &Running| {
        let mut connection = exchange.connection();
        connection.exchange_url = node.exchange_url.clone();
        let client = ExchangeClient::new(&connection, Some(&terminal.identity)).unwrap();
        client.update_offer(&target, old).await.unwrap()
    };
    let until = async |version: Option<&str>| {
        let begun = Instant::now();
        loop {
            let offer = offered(&other).await;
            if offer.as_ref().map(|offer| offer.version.to_string()).as_deref() == version {
                return offer;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{offer:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(offered(&other).await.is_none());
    // Larger than one piece of the way through the bucket.
    let installer: Vec<u8> = (0..9_000_000_u32).map(|place| (place % 251) as u8).collect();
    for version in ["1.0.0", "1.1.0"] {
        let (file, signature) = (
            exchange.folder.path().join("installer"),
            exchange.folder.path().join("minisig"),
        );
        fs::write(&file, &installer).unwrap();
        let comment = format!("trusted comment: careplan-exchange {version} {target}");
        fs::write(&signature, format!("untrusted comment: none\nRUQ\n{comment}\nbase64\n")).unwrap();
        let update = NewUpdate {
            target: target.clone(),
            version: version.parse().unwrap(),
            file,
            signature,
            notes: "読みやすくなりました。".to_owned(),
        };
        exchange
            .admin
            .publish_update(&exchange.settings.data, &update)
            .await
            .unwrap();
        let offer = until(Some(version)).await.unwrap();
        assert_eq!(offer.size_bytes, installer.len() as u64);
        let folder = settings.data.join("updates").join(target.as_str());
        assert!(
            fs::read(folder.join(version)).unwrap() == installer,
            "whole before it is offered"
        );
    }
    let withdrawn = exchange.admin.withdraw_update(&exchange.settings.data, &target).await;
    assert!(withdrawn.unwrap());
    until(None).await;
    other.shutdown().await;
}
