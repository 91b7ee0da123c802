//! The real process told to end while something is under way: it says so first, takes nothing new, ends what was begun.
#![cfg(unix)]

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use exchange_client::ExchangeClient;
use exchange_protocol::{DeliveryHeader, envelope};
use secrecy::ExposeSecret as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use crate::{
    bare::{ask, connect},
    exchange::{bytes, header, json},
    ground::{Ground, PARTS, Process},
};

impl Ground {
    fn serve(&self, drain_seconds: &str) -> Process {
        let words = [
            "--operations-listen",
            "127.0.0.1:0",
            "--disk-free-floor-mb",
            "0",
            "--drain-seconds",
            drain_seconds,
        ];
        let server = Command::new(env!("CARGO_BIN_EXE_exchange-server"));
        Process::start_as(server, &self.settings, &words, Stdio::null())
    }

    /// A send that is under way: the server reads its body, of which half is there.
    async fn half_sent(&self, process: &Process) -> (DeliveryHeader, TlsStream<TcpStream>, Vec<u8>) {
        let mut connection = self.connection.clone();
        connection.exchange_url.clone_from(&process.exchange_url);
        let client = ExchangeClient::new(&connection, Some(&self.here.identity)).unwrap();
        let (person, made) = (&self.planner.person, &self.planner.made);
        let (person_password, office_password) = (person.password.clone().into(), made.password.clone().into());
        let step = client.sign_in_person(&person.person_id, &person_password);
        let step = step.await.unwrap();
        let tokens = client.sign_in_office(&step, &made.office_id, &office_password);
        let tokens = tokens.await.unwrap();
        let header = header(&self.planner, &self.helper, PARTS);
        let body = envelope::write(&json(&header), &bytes(PARTS));
        let head = format!(
            "PUT /v1/deliveries/{} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Type: {}\r\n\
             Authorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
            header.id,
            envelope::MEDIA_TYPE,
            tokens.access.text().expose_secret(),
            body.len()
        );
        let authority = &self.connection.authority_pem;
        let mut line = connect(authority, &process.exchange_url, Some(&self.here.identity))
            .await
            .unwrap();
        line.write_all(head.as_bytes()).await.unwrap();
        let mut going_on = [0; 25];
        line.read_exact(&mut going_on).await.unwrap();
        assert_eq!(&going_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        let (first, rest) = body.split_at(body.len() / 2);
        line.write_all(first).await.unwrap();
        (header, line, rest.to_vec())
    }
}

/// Waits until it says that it is about to end.
async fn draining(process: &Process) {
    loop {
        let (status, body) = ask(&process.operations_url, "/ready").await;
        if body.contains("\"state\":\"draining\"") {
            assert_eq!(status, 503);
            return;
        }
        assert_eq!(status, 200, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_under_way_ends_well_and_nothing_is_lost() {
    let ground = Ground::new().await;
    let process = ground.serve("0");
    let receiver = ground.receiver(&process).await;
    let mut events = receiver.events().await.unwrap();
    let (header, mut line, rest) = ground.half_sent(&process).await;
    process.terminate();
    draining(&process).await;
    // Streams are told to end, and nobody new is taken.
    while let Ok(Some(_)) = events.next().await {}
    let address = process.exchange_url.strip_prefix("https://").unwrap();
    while TcpStream::connect(address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    line.write_all(&rest).await.unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(process.ended().await, "not in order");
    let process = ground.serve("0");
    let receiver = ground.receiver(&process).await;
    let rows = receiver.inbox(0, 10).await.unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.header.id).collect::<Vec<_>>(), [header.id]);
    process.kill();
}

/// As systemd listens to a unit of `Type=notify`.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_manager_is_told_when_it_is_ready_and_how_long_its_end_takes() {
    let ground = Ground::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = tokio::net::UnixDatagram::bind(&path).unwrap();
    let heard = async || {
        let mut said = [0; 200];
        let length = manager.recv(&mut said).await.unwrap();
        String::from_utf8(said[..length].to_vec()).unwrap()
    };
    let mut server = Command::new(env!("CARGO_BIN_EXE_exchange-server"));
    server.env("NOTIFY_SOCKET", &path);
    let process = Process::start_as(server, &ground.settings, &["--drain-seconds", "1"], Stdio::null());
    assert_eq!(heard().await.trim_end(), "READY=1");
    process.terminate();
    assert_eq!(heard().await.trim_end(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=21000000");
    assert!(process.ended().await, "not in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_while_it_drains_is_served() {
    let ground = Ground::new().await;
    let process = ground.serve("600");
    process.terminate();
    draining(&process).await;
    let receiver = ground.receiver(&process).await;
    assert!(receiver.inbox(0, 10).await.unwrap().rows.is_empty());
    // A second time means at once: neither the ten minutes nor a send under way is waited for.
    let (_, line, _) = ground.half_sent(&process).await;
    let begun = Instant::now();
    process.terminate();
    assert!(!process.ended().await, "in order, though it was cut");
    assert!(begun.elapsed() < Duration::from_secs(8));
    drop(line);
}
