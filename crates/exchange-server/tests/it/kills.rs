//! The real process, killed in the middle of recalls: what was answered stands, and what was not is whole either way.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use care_model::{DeliveryId, ProblemCode};
use chrono::{DateTime, Utc};
use exchange_client::{ClientError, Connection, ExchangeClient, SignedIn};
use exchange_protocol::DeliveryStatus;
use exchange_server::Settings;
use tokio::sync::mpsc;

use crate::exchange::{Exchange, HELPER, Office, PLANNER, Terminal, bytes, header, json, refused, sign_in};

const PARTS: &[(Option<&str>, &[u8])] = &[(Some("cover"), b"{}"), (Some("A.CSV"), b"one two three")];
/// Deliveries that are taken back at once, each time until the process is killed.
const AT_ONCE: usize = 6;

/// The server as an operator starts it.
pub(crate) struct Process {
    child: Child,
    pub(crate) exchange_url: String,
    /// Where it was asked to say how it is.
    pub(crate) operations_url: String,
}

impl Process {
    pub(crate) fn start(exchange: &Settings) -> Self {
        let server = Command::new(env!("CARGO_BIN_EXE_exchange-server"));
        Self::start_as(server, exchange, &[], Stdio::null())
    }

    /// The same under another command, with more words, and with its log somewhere.
    pub(crate) fn start_as(mut server: Command, exchange: &Settings, more: &[&str], log: Stdio) -> Self {
        let mut child = server
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--enrolment-listen",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(&exchange.data)
            .arg("--keys")
            .arg(&exchange.keys)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut ready)
            .unwrap();
        let url = |scheme: &str| ready.split([' ', ',', '\n']).find(|word| word.starts_with(scheme));
        let exchange_url = url("https://")
            .unwrap_or_else(|| panic!("not ready: {ready:?}"))
            .to_owned();
        let operations_url = url("http://").unwrap_or_default().to_owned();
        Self {
            child,
            exchange_url,
            operations_url,
        }
    }

    /// Signs in at this process.
    pub(crate) async fn line(&self, connection: &Connection, terminal: &Terminal, office: &Office) -> SignedIn {
        let mut connection = connection.clone();
        connection.exchange_url = self.exchange_url.clone();
        let terminal = Terminal {
            client: ExchangeClient::new(&connection, Some(&terminal.identity)).unwrap(),
            answer: terminal.answer.clone(),
            identity: terminal.identity.clone(),
        };
        sign_in(&terminal, office).await.unwrap()
    }

    /// Asks it to end, as a service manager does.
    #[cfg(unix)]
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let words = [format!("-{name}"), self.child.id().to_string()];
        assert!(Command::new("kill").args(words).status().unwrap().success());
    }

    /// Waits until it has ended by itself; true if in order.
    pub(crate) async fn ended(mut self) -> bool {
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    /// Ends it as a power cut does: at once.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
    }
}

/// A test that fails leaves no process behind.
impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn status(line: &SignedIn, id: DeliveryId) -> DeliveryStatus {
    let rows = line.inbox(0, 200).await.unwrap().rows;
    rows.into_iter().find(|row| row.header.id == id).unwrap().status
}

/// What was not answered is taken back, or waits with every byte: never between.
async fn is_whole(sender: &SignedIn, receiver: &SignedIn, id: DeliveryId) {
    match status(receiver, id).await {
        DeliveryStatus::Recalled { at } => {
            assert_eq!(sender.recall(id).await.unwrap().recalled_at, at);
            assert_eq!(refused(receiver.claim(id, None).await), ProblemCode::DeliveryRecalled);
        }
        DeliveryStatus::Waiting => {
            let claim = receiver.claim(id, None).await.unwrap();
            let mut stream = receiver.fetch_part(&claim, 1, 0).unwrap();
            let mut fetched = Vec::new();
            while let Some(piece) = stream.next().await.unwrap() {
                fetched.extend_from_slice(&piece);
            }
            assert_eq!(fetched, PARTS[1].1);
            receiver.confirm(id, claim.fence).await.unwrap();
            assert_eq!(refused(sender.recall(id).await), ProblemCode::RecallTooLate);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_has_taken_back_what_it_said_and_nothing_by_halves() {
    let exchange = Exchange::start().await;
    let (planner, here, _) = exchange.desk(PLANNER, "43").await;
    let (helper, there, _) = exchange.desk(HELPER, "11").await;
    let connection = exchange.connection();
    let Exchange {
        running,
        admin,
        settings,
        folder: _folder,
        ..
    } = exchange;
    admin.close().await;
    running.shutdown().await;
    let mut answered_before: Vec<(DeliveryId, Option<DateTime<Utc>>)> = Vec::new();
    let mut answers = 0;
    for answered_max in 0..=AT_ONCE {
        let process = Process::start(&settings);
        let sender = process.line(&connection, &here, &planner).await;
        let receiver = process.line(&connection, &there, &helper).await;
        for (id, answered) in answered_before.drain(..) {
            match answered {
                Some(at) => {
                    assert_eq!(status(&receiver, id).await, DeliveryStatus::Recalled { at });
                    assert_eq!(sender.recall(id).await.unwrap().recalled_at, at, "the first answer");
                    assert_eq!(refused(receiver.claim(id, None).await), ProblemCode::DeliveryRecalled);
                }
                None => is_whole(&sender, &receiver, id).await,
            }
        }
        let (answer, mut answered) = mpsc::unbounded_channel();
        let mut recalls = Vec::new();
        for _ in 0..AT_ONCE {
            let header = header(&planner, &helper, PARTS);
            let id = header.id;
            sender.send_small(id, &json(&header), &bytes(PARTS)).await.unwrap();
            let (line, answer) = (sender.clone(), answer.clone());
            recalls.push((id, async move {
                let recalled = line.recall(id).await;
                let _ = answer.send(());
                recalled
            }));
        }
        let recalls: Vec<_> = recalls
            .into_iter()
            .map(|(id, recall)| (id, tokio::spawn(recall)))
            .collect();
        for _ in 0..answered_max {
            answered.recv().await.unwrap();
        }
        process.kill();
        for (id, recall) in recalls {
            let answered = match recall.await.unwrap() {
                Ok(recalled) => Some(recalled.recalled_at),
                Err(ClientError::Interrupted(_) | ClientError::Unreachable(_)) => None,
                Err(other) => panic!("{other:?}"),
            };
            answers += usize::from(answered.is_some());
            answered_before.push((id, answered));
        }
    }
    assert!(answers >= AT_ONCE, "{answers} answers before a kill");
    // After the last kill as well.
    let process = Process::start(&settings);
    let sender = process.line(&connection, &here, &planner).await;
    for (id, answered) in answered_before {
        assert_eq!(Some(sender.recall(id).await.unwrap().recalled_at), answered);
    }
    process.kill();
}
