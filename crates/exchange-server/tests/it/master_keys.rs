//! Rotation beside the real server, and starts with keys that do not fit.

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::{
    backups::{admin, said, told},
    ground::{Ground, PARTS, Process, fetch, program, refused_start},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_master_key_is_followed_by_the_next_beside_a_server_that_serves() {
    let ground = Ground::new().await;
    let settings = &ground.settings;
    let process = Process::start(settings);
    let sender = ground.sender(&process).await;
    let receiver = ground.receiver(&process).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(ground.send(&sender).await.unwrap());
    }
    let rotated = told(&admin(settings, &["rotate-master-key"], None));
    assert_eq!(
        (&rotated["newest"], &rotated["made"]),
        (&"master-2".into(), &true.into())
    );
    assert!(rotated["rewrapped"].as_u64().unwrap() >= 5);
    for _ in 0..5 {
        ids.push(ground.send(&sender).await.unwrap());
    }
    let words = said(&admin(settings, &["rotate-master-key", "--retire", "master-2"], None));
    assert!(words.contains("it is the newest"), "{words}");
    let retired = told(&admin(settings, &["rotate-master-key", "--retire", "master-1"], None));
    assert_eq!(retired["retired"], "master-1");
    assert!(!settings.keys.join("master-1.key").exists());
    ids.push(ground.send(&sender).await.unwrap());
    for id in ids {
        assert_eq!(fetch(&receiver, id).await, PARTS[1].1);
    }
    process.kill();

    // Keys that are missing or others are refused at the start, and none is made in their place.
    let master = settings.keys.join("master-2.key");
    let right = fs::read(&master).unwrap();
    fs::write(&master, "0".repeat(64)).unwrap();
    assert!(refused_start(program(), settings).contains("is not the one of this database"));
    fs::remove_file(&master).unwrap();
    assert!(refused_start(program(), settings).contains("is missing in the key folder"));
    fs::write(settings.keys.join("master-1.key"), "0".repeat(64)).unwrap();
    assert!(refused_start(program(), settings).contains("master-2 is missing"));
    fs::remove_file(settings.keys.join("master-1.key")).unwrap();
    fs::write(&master, right).unwrap();
    let authority = settings.keys.join("authority.pem");
    fs::rename(&authority, settings.keys.join("elsewhere")).unwrap();
    assert!(refused_start(program(), settings).contains("authority.pem is missing"));
    assert!(!authority.exists() && !settings.keys.join("master-1.key").exists());
    fs::rename(settings.keys.join("elsewhere"), &authority).unwrap();
    Process::start(settings).kill();
}

/// The operator's command, killed sooner or later in what it does, as a power cut or a tired operator kills it: whatever
/// was done is whole, the server serves on, and running it again goes on to the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_killed_loses_nothing_and_goes_on_when_it_is_run_again() {
    /// Enough for the wrapping to take a while.
    const DELIVERIES: usize = 150;
    /// Times that it is killed before there is a new key, at most.
    const KILLED_EARLY: usize = 5;
    let ground = Ground::new().await;
    let settings = &ground.settings;
    let process = Process::start(settings);
    let sender = ground.sender(&process).await;
    let receiver = ground.receiver(&process).await;
    let mut ids = Vec::new();
    for _ in 0..DELIVERIES {
        ids.push(ground.send(&sender).await.unwrap());
    }
    let newest = settings.keys.join("master-2.key");
    let (mut before, mut under_way, mut wait) = (0, 0, Duration::ZERO);
    loop {
        let mut rotation = Command::new(env!("CARGO_BIN_EXE_exchange-server"))
            .args(["admin", "--data"])
            .arg(&settings.data)
            .arg("--keys")
            .arg(&settings.keys)
            .arg("rotate-master-key")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        if before == KILLED_EARLY {
            // From then on while it wraps: how long it takes to come to that differs from run to run.
            while !newest.exists() && rotation.try_wait().unwrap().is_none() {
                thread::sleep(Duration::from_millis(1));
            }
        }
        thread::sleep(wait);
        // Killed again and again, each time a little later, until it has ended before that.
        rotation.kill().unwrap();
        if rotation.wait().unwrap().success() {
            break;
        }
        match newest.exists() {
            true => under_way += 1,
            false => before += 1,
        }
        wait = if before == KILLED_EARLY && under_way == 0 {
            Duration::ZERO
        } else {
            wait + Duration::from_millis(4)
        };
        // What is new and what is old can be read meanwhile, whichever key it is wrapped by.
        let id = ground.send(&sender).await.unwrap();
        assert_eq!(fetch(&receiver, id).await, PARTS[1].1);
        assert_eq!(fetch(&receiver, ids.remove(0)).await, PARTS[1].1);
    }
    assert!(
        before > 0 && under_way > 0,
        "{before} before the new key, {under_way} after"
    );
    // One more to its end: of all that the killed ones began, nothing keeps an old key in use.
    let newest = told(&admin(settings, &["rotate-master-key"], None))["newest"].clone();
    let names = fs::read_dir(&settings.keys).unwrap().filter_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".key")
            .filter(|name| name.starts_with("master-"))
            .map(str::to_owned)
    });
    let old: Vec<String> = names.filter(|name| *name != newest).collect();
    assert!(old.contains(&"master-1".to_owned()));
    for old in old {
        told(&admin(settings, &["rotate-master-key", "--retire", &old], None));
    }
    process.kill();
    let process = Process::start(settings);
    let receiver = ground.receiver(&process).await;
    for id in ids {
        assert_eq!(fetch(&receiver, id).await, PARTS[1].1);
    }
}
