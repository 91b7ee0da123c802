//! What the server tells whoever runs it: how it is and what it counts, and nothing of anybody.

use std::{
    fs::{self, File},
    net::SocketAddr,
    process::{Command, Stdio},
    time::Duration,
};

use care_model::ProblemCode;
use chrono::TimeDelta;
use exchange_server::Settings;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::{
    bare::ask,
    exchange::{Exchange, HELPER, PLANNER, bytes, header, json, refused},
    ground::{Ground, PARTS, Process},
};

/// The settings, asked for operations on a free port.
fn asked(settings: &mut Settings) {
    settings.operations_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
}

/// An exchange that may be asked, set further.
async fn started(set: impl FnOnce(&mut Settings)) -> Exchange {
    let mut exchange = Exchange::start().await;
    assert_eq!(exchange.running.operations_url, None, "nowhere unless somebody says so");
    asked(&mut exchange.settings);
    // The room on the machine that the tests run on is no part of them.
    exchange.settings.disk_free_floor_bytes = 0;
    set(&mut exchange.settings);
    exchange.restart().await
}

async fn readiness(url: &str) -> (u16, Value) {
    let (status, body) = ask(url, "/ready").await;
    (status, serde_json::from_str(&body).unwrap())
}

#[track_caller]
fn figure(metrics: &str, name: &str) -> f64 {
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in\n{metrics}"))
        .parse()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_counted_and_nobody_is_named() {
    let exchange = started(|_| {}).await;
    let url = exchange.running.operations_url.clone().unwrap();
    let (planner, here, sender) = exchange.desk(PLANNER, "43").await;
    let (helper, there, receiver) = exchange.desk(HELPER, "11").await;
    let header = header(&planner, &helper, PARTS);
    // The same send twice is one delivery.
    for _ in 0..2 {
        sender
            .send_small(header.id, &json(&header), &bytes(PARTS))
            .await
            .unwrap();
    }
    let (_, metrics) = ask(&url, "/metrics").await;
    assert!((figure(&metrics, "careplan_waiting_deliveries") - 1.0).abs() < 0.5);
    let claim = receiver.claim(header.id, None).await.unwrap();
    receiver.confirm(header.id, claim.fence).await.unwrap();
    let wrong = "wrong password".to_owned().into();
    let step = here.client.sign_in_person(&planner.person.person_id, &wrong).await;
    assert_eq!(refused(step.map(drop)), ProblemCode::PersonSignInRefused);
    let mut events = receiver.events().await.unwrap();
    // An address that is in no table, with what a person might have typed in it.
    let _ = exchange.connection();
    let (_, metrics) = ask(&url, "/metrics").await;
    for (name, expected) in [
        ("careplan_acts_total{act=\"accept\"}", 1.0),
        ("careplan_acts_total{act=\"claim\"}", 1.0),
        ("careplan_acts_total{act=\"confirm\"}", 1.0),
        ("careplan_acts_total{act=\"recall\"}", 0.0),
        ("careplan_acts_total{act=\"expire\"}", 0.0),
        ("careplan_acts_total{act=\"sign_in\"}", 2.0),
        ("careplan_refusals_total{code=\"person_sign_in_refused\"}", 1.0),
        (
            "careplan_requests_total{method=\"put\",route=\"/v1/deliveries/{id}\",status=\"2xx\"}",
            2.0,
        ),
        (
            "careplan_requests_total{method=\"post\",route=\"/v1/inbox/{id}/confirm\",status=\"2xx\"}",
            1.0,
        ),
        (
            "careplan_request_seconds_count{method=\"put\",route=\"/v1/deliveries/{id}\"}",
            2.0,
        ),
        ("careplan_event_streams", 1.0),
        ("careplan_epoch", 1.0),
        ("careplan_ready", 1.0),
        ("careplan_storage_writes", 1.0),
        ("careplan_commits_failed_total", 0.0),
        (
            concat!("careplan_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}"),
            1.0,
        ),
    ] {
        let found = figure(&metrics, name);
        assert!((found - expected).abs() < 0.5, "{name} is {found}, not {expected}");
    }
    assert!(figure(&metrics, "careplan_commit_acts_count") >= 3.0);
    assert!(figure(&metrics, "careplan_connections{listener=\"exchange\"}") >= 1.0);
    assert!(figure(&metrics, "careplan_database_bytes") > 10_000.0);
    if cfg!(target_os = "linux") {
        assert!(figure(&metrics, "process_resident_memory_bytes") > 1_000_000.0);
        assert!(figure(&metrics, "careplan_disk_free_bytes") > 0.0);
    }
    let (status, ready) = ask(&url, "/ready").await;
    assert_eq!(status, 200);
    for unsaid in [
        PLANNER,
        HELPER,
        "見本",
        "受付",
        "A.CSV",
        &header.id.to_string(),
        &planner.made.office_id.to_string(),
        &planner.person.person_id.to_string(),
        &here.answer.terminal.to_string(),
        &there.answer.terminal.to_string(),
    ] {
        assert!(!metrics.contains(unsaid), "{unsaid} stands in the metrics");
        assert!(!ready.contains(unsaid), "{unsaid} stands in {ready}");
    }
    // A stream that ends is no longer counted.
    receiver.sign_out().await.unwrap();
    while events.next().await.unwrap().is_some() {}
    drop(events);
    loop {
        let (_, metrics) = ask(&url, "/metrics").await;
        if figure(&metrics, "careplan_event_streams") < 0.5 {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&url, "/health").await, (200, "{\"state\":\"alive\"}".to_owned()));
    assert_eq!(ask(&url, "/v1/exchange").await.0, 404, "nothing else is served there");
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_says_what_keeps_the_server_from_its_work() {
    let exchange = started(|settings| {
        // Neither is done again in the time of this test.
        settings.seal_every = Duration::from_secs(3_600);
        settings.sweep_every = Duration::from_secs(3_600);
    })
    .await;
    let url = exchange.running.operations_url.clone().unwrap();
    let (status, ready) = readiness(&url).await;
    assert_eq!((status, ready["state"].as_str()), (200, Some("ready")), "{ready}");
    assert_eq!(
        (ready["epoch"].as_u64(), ready["storage_writes"].as_bool()),
        (Some(1), Some(true))
    );
    exchange.clock.advance(TimeDelta::seconds(62));
    let (status, ready) = readiness(&url).await;
    assert_eq!(
        (status, ready["state"].as_str()),
        (200, Some("audit_behind")),
        "{ready}"
    );
    exchange.clock.advance(TimeDelta::minutes(10));
    let (status, ready) = readiness(&url).await;
    assert_eq!(
        (status, ready["state"].as_str()),
        (200, Some("sweep_behind")),
        "{ready}"
    );
    exchange.running.drain();
    let (status, ready) = readiness(&url).await;
    assert_eq!((status, ready["state"].as_str()), (503, Some("draining")), "{ready}");
    // It still serves: whoever comes before others heard of it is not turned away.
    exchange.desk(PLANNER, "43").await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn too_little_room_is_told_before_it_is_none() {
    let exchange = started(|settings| settings.disk_free_floor_bytes = u64::MAX).await;
    let (status, ready) = readiness(&exchange.running.operations_url.clone().unwrap()).await;
    assert_eq!((status, ready["state"].as_str()), (503, Some("disk_low")), "{ready}");
    assert_eq!(ready["storage_writes"].as_bool(), Some(true));
}

/// A process whose files may not grow: what a full disk does to the database, without filling one.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_storage_that_takes_no_writes_is_told_and_loses_nothing() {
    const BLOCKS_OF_512: u64 = 1_200;
    let ground = Ground::embedded().await;
    let settings = &ground.settings;
    let mut limited = Command::new("sh");
    limited.args([
        "-c",
        &format!("trap '' XFSZ; ulimit -f {BLOCKS_OF_512}; exec \"$@\""),
        "sh",
        env!("CARGO_BIN_EXE_exchange-server"),
    ]);
    let words = ["--operations-listen", "127.0.0.1:0", "--disk-free-floor-mb", "0"];
    let process = Process::start_as(limited, settings, &words, Stdio::null());
    let url = process.operations_url.clone();
    assert_eq!(readiness(&url).await.0, 200);
    let line = ground.sender(&process).await;
    // Sends until the log of the database may not grow any more, at last by hardly anything.
    let mut accepted = Vec::new();
    for size in [100_000, 10_000, 1] {
        let content = vec![b'x'; size];
        let parts: &[(Option<&str>, &[u8])] = &[(Some("A.CSV"), &content)];
        loop {
            let header = header(&ground.planner, &ground.helper, parts);
            match line.send_small(header.id, &json(&header), &bytes(parts)).await {
                Ok(_) => accepted.push(header.id),
                refusal => {
                    assert_eq!(refused(refusal), ProblemCode::ServerBusy);
                    break;
                }
            }
            assert!(accepted.len() < 100, "its files grow for ever");
        }
    }
    loop {
        let (status, ready) = readiness(&url).await;
        if status == 503 {
            assert_eq!(ready["state"].as_str(), Some("storage_failing"), "{ready}");
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (_, metrics) = ask(&url, "/metrics").await;
    assert!(figure(&metrics, "careplan_commits_failed_total") >= 1.0);
    assert!(figure(&metrics, "careplan_ready") < 0.5);
    assert_eq!(ask(&url, "/health").await.0, 200);
    process.kill();
    let process = Process::start(settings);
    let line = ground.sender(&process).await;
    let kept: Vec<_> = line
        .outbox(0, 200)
        .await
        .unwrap()
        .rows
        .iter()
        .map(|row| row.header.id)
        .collect();
    assert_eq!(kept, accepted);
    process.kill();
}

/// At the level that says most: what everybody did is there, and nobody.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_a_line_for_each_request_and_names_nobody() {
    let ground = Ground::new().await;
    let Ground {
        planner, helper, here, ..
    } = &ground;
    let folder = &ground.folder;
    let path = folder.path().join("server.log");
    let mut server = Command::new(env!("CARGO_BIN_EXE_exchange-server"));
    server.env("CAREPLAN_LOG", "trace");
    let log = Stdio::from(File::create(&path).unwrap());
    let process = Process::start_as(server, &ground.settings, &["--log-json"], log);
    let mut there_now = ground.connection.clone();
    there_now.exchange_url.clone_from(&process.exchange_url);
    let client = exchange_client::ExchangeClient::new(&there_now, Some(&here.identity)).unwrap();
    let person = &planner.person;
    let wrong = client
        .sign_in_person(&person.person_id, &"wrong password 1".to_owned().into())
        .await;
    assert_eq!(refused(wrong.map(drop)), ProblemCode::PersonSignInRefused);
    let step = client
        .sign_in_person(&person.person_id, &person.password.clone().into())
        .await
        .unwrap();
    let office_password = planner.made.password.clone().into();
    let tokens = client
        .sign_in_office(&step, &planner.made.office_id, &office_password)
        .await
        .unwrap();
    let sender = client.signed_in(&tokens.access);
    let receiver = ground.receiver(&process).await;
    let header = header(planner, helper, PARTS);
    sender
        .send_small(header.id, &json(&header), &bytes(PARTS))
        .await
        .unwrap();
    let claim = receiver.claim(header.id, None).await.unwrap();
    receiver.confirm(header.id, claim.fence).await.unwrap();
    assert_eq!(
        refused(receiver.claim(header.id, None).await),
        ProblemCode::AlreadyReceived
    );
    process.kill();
    let log = fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let requests: Vec<&Value> = lines
        .iter()
        .map(|line| &line["fields"])
        .filter(|fields| fields["message"] == "a request was answered")
        .collect();
    let of = |route: &str| {
        requests
            .iter()
            .filter(|fields| fields["request.route"] == route)
            .count()
    };
    assert_eq!(of("/v1/deliveries/{id}"), 1);
    assert_eq!(of("/v1/inbox/{id}/claim"), 2);
    assert_eq!(of("/v1/sign-in/person"), 3);
    for fields in &requests {
        assert!(fields["duration_us"].is_u64() && fields["status"].is_u64(), "{fields}");
        assert_eq!(fields["request.id"].as_str().unwrap().len(), 32);
    }
    let refusal = requests
        .iter()
        .find(|fields| fields["status"] == 409 || fields["status"] == 410);
    assert_eq!(refusal.unwrap()["problem.code"], "already_received");
    for unsaid in [
        PLANNER,
        HELPER,
        "見本",
        "受付",
        "A.CSV",
        "wrong password",
        &planner.person.password,
        &planner.made.password,
        &planner.made.office_id.to_string(),
        &planner.person.person_id.to_string(),
        tokens.access.text().expose_secret(),
        tokens.refresh.text().expose_secret(),
    ] {
        let found = log.lines().find(|line| line.contains(unsaid));
        assert_eq!(found, None, "{unsaid} stands in the log");
    }
}
