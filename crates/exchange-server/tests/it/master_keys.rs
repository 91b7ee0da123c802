//! Rotation beside the real server, and starts with keys that do not fit.

use std::{fs, process::Command};

use exchange_server::Settings;

use crate::{
    backups::{admin, said, told},
    exchange::{Exchange, HELPER, PLANNER, bytes, header, json},
    kills::Process,
};

const PARTS: &[(Option<&str>, &[u8])] = &[(Some("cover"), b"{}"), (Some("A.CSV"), b"one two three")];

/// How a start ends that is refused.
fn refused_start(settings: &Settings) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_exchange-server"))
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--enrolment-listen",
            "127.0.0.1:0",
            "--data",
        ])
        .arg(&settings.data)
        .arg("--keys")
        .arg(&settings.keys)
        .output()
        .unwrap();
    said(&output)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_key_is_followed_by_the_next_beside_a_server_that_serves() {
    let exchange = Exchange::start().await;
    let (planner, here, _) = exchange.desk(PLANNER, "43").await;
    let (helper, there, _) = exchange.desk(HELPER, "11").await;
    let connection = exchange.connection();
    let Exchange {
        running,
        admin: operator,
        settings,
        folder: _folder,
        ..
    } = exchange;
    operator.close().await;
    running.shutdown().await;
    let process = Process::start(&settings);
    let sender = process.line(&connection, &here, &planner).await;
    let receiver = process.line(&connection, &there, &helper).await;
    let mut ids = Vec::new();
    let send = async |ids: &mut Vec<_>| {
        let header = header(&planner, &helper, PARTS);
        sender
            .send_small(header.id, &json(&header), &bytes(PARTS))
            .await
            .unwrap();
        ids.push(header.id);
    };
    for _ in 0..5 {
        send(&mut ids).await;
    }
    let rotated = told(&admin(&settings, &["rotate-master-key"], None));
    assert_eq!(
        (&rotated["newest"], &rotated["made"]),
        (&"master-2".into(), &true.into())
    );
    assert!(rotated["rewrapped"].as_u64().unwrap() >= 5);
    for _ in 0..5 {
        send(&mut ids).await;
    }
    let words = said(&admin(&settings, &["rotate-master-key", "--retire", "master-2"], None));
    assert!(words.contains("it is the newest"), "{words}");
    let retired = told(&admin(&settings, &["rotate-master-key", "--retire", "master-1"], None));
    assert_eq!(retired["retired"], "master-1");
    assert!(!settings.keys.join("master-1.key").exists());
    send(&mut ids).await;
    for id in ids {
        let claim = receiver.claim(id, None).await.unwrap();
        let mut stream = receiver.fetch_part(&claim, 1, 0).unwrap();
        let mut fetched = Vec::new();
        while let Some(piece) = stream.next().await.unwrap() {
            fetched.extend_from_slice(&piece);
        }
        assert_eq!(fetched, PARTS[1].1);
        receiver.confirm(id, claim.fence).await.unwrap();
    }
    process.kill();

    // Keys that are missing or others are refused at the start, and none is made in their place.
    let master = settings.keys.join("master-2.key");
    let right = fs::read(&master).unwrap();
    fs::write(&master, "0".repeat(64)).unwrap();
    assert!(refused_start(&settings).contains("is not the one of this database"));
    fs::remove_file(&master).unwrap();
    assert!(refused_start(&settings).contains("is missing in the key folder"));
    fs::write(settings.keys.join("master-1.key"), "0".repeat(64)).unwrap();
    assert!(refused_start(&settings).contains("master-2 is missing"));
    fs::remove_file(settings.keys.join("master-1.key")).unwrap();
    fs::write(&master, right).unwrap();
    let authority = settings.keys.join("authority.pem");
    fs::rename(&authority, settings.keys.join("elsewhere")).unwrap();
    assert!(refused_start(&settings).contains("authority.pem is missing"));
    assert!(!authority.exists() && !settings.keys.join("master-1.key").exists());
    fs::rename(settings.keys.join("elsewhere"), &authority).unwrap();
    Process::start(&settings).kill();
}
