//! An exchange whose process dies and comes back, with lines that outlive it.
#![cfg(unix)]

use std::{
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use bytes::Bytes;
use care_model::{DeliveryId, ProblemCode};
use exchange_client::{ClientError, ExchangeClient, SignedIn};
use exchange_protocol::{Accepted, DeliveryHeader, DeliveryStatus, InboxEntry};

use crate::{
    exchange::{Exchange, HELPER, PLANNER, Terminal, header, json, sign_in},
    ground::{Ground, Process, program},
    nodes::switch::Switch,
};

/// What every process here is started with besides.
pub(crate) const WORDS: [&str; 6] = [
    "--operations-listen",
    "127.0.0.1:0",
    "--disk-free-floor-mb",
    "0",
    "--requests-a-minute-terminal",
    "0",
];
/// How long an answer is waited for through deaths and starts.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Outliving {
    pub(crate) ground: Ground,
    pub(crate) sender: SignedIn,
    pub(crate) receiver: SignedIn,
    /// Another terminal of the receiving office.
    pub(crate) receiver_too: SignedIn,
    switch: Switch,
    process: Option<Process>,
}

impl Outliving {
    /// Two offices at an exchange in a folder, served by a process of its own.
    pub(crate) async fn start() -> Self {
        let exchange = Exchange::start_embedded().await;
        let (planner, here, _) = exchange.desk(PLANNER, "43").await;
        let (helper, there, _) = exchange.desk(HELPER, "11").await;
        let there_too = exchange.terminal(&helper, "奥の部屋").await;
        let (mut connection, settings, folder) = exchange.leave().await;
        let process = Process::start_as(program(), &settings, &WORDS, Stdio::null());
        let switch = Switch::before(&[address(&process)]).await;
        connection.exchange_url = format!("https://{}", switch.address);
        let line = async |terminal: &Terminal, office| {
            let terminal = Terminal {
                client: ExchangeClient::new(&connection, Some(&terminal.identity)).unwrap(),
                answer: terminal.answer.clone(),
                identity: terminal.identity.clone(),
            };
            sign_in(&terminal, office).await.unwrap()
        };
        Self {
            sender: line(&here, &planner).await,
            receiver: line(&there, &helper).await,
            receiver_too: line(&there_too, &helper).await,
            switch,
            process: Some(process),
            ground: Ground {
                settings,
                connection,
                planner,
                here,
                helper,
                there,
                folder,
            },
        }
    }

    pub(crate) fn process(&self) -> &Process {
        self.process.as_ref().unwrap()
    }

    /// Kills the process if there is one, and starts it anew by this command; gives how long it took to be ready.
    pub(crate) fn again(&mut self, server: Command) -> Duration {
        self.kill();
        let begun = Instant::now();
        let process = Process::start_as(server, &self.ground.settings, &WORDS, Stdio::null());
        let took = begun.elapsed();
        self.switch.replace(0, Some(address(&process)));
        self.process = Some(process);
        took
    }

    /// Ends the process as a power cut does: at once.
    pub(crate) fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// Whether the process is over, now or in a moment.
    pub(crate) async fn is_over(&mut self) -> bool {
        for _ in 0..50 {
            if self.process.as_mut().unwrap().is_over() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }

    /// Waits until the process has ended by itself; whether it died.
    pub(crate) async fn died(&mut self) -> bool {
        let process = self.process.take().unwrap();
        let end = tokio::time::timeout(PATIENCE, process.end()).await;
        end.is_ok_and(|status| status.signal().is_some())
    }

    /// Where the content of a large delivery lies.
    pub(crate) fn content_folder(&self, id: DeliveryId) -> PathBuf {
        let name = id.to_string();
        let fan = &name[name.len() - 2..];
        self.ground.settings.data.join("content").join(fan).join(&name)
    }

    /// The row of a delivery in the list of the receiving office.
    pub(crate) async fn status(&self, id: DeliveryId) -> Option<DeliveryStatus> {
        let rows = inbox_from(&self.receiver, 0).await.0;
        let mut rows = rows.into_iter().filter(|row| row.header.id == id);
        let status = rows.next().map(|row| row.status);
        assert!(rows.next().is_none(), "{id} is listed twice");
        status
    }

    /// A new delivery of one file.
    pub(crate) fn letter(&self, content: Vec<u8>) -> Letter {
        let content = Bytes::from(content);
        Letter {
            header: header(&self.ground.planner, &self.ground.helper, &[(Some("A.CSV"), &content)]),
            content,
        }
    }
}

/// A delivery of one file, before and after it was sent.
#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) header: DeliveryHeader,
    pub(crate) content: Bytes,
}

impl Letter {
    /// Sends it, once more if need be: under the same identity.
    pub(crate) async fn send(&self, line: &SignedIn) -> Result<Accepted, ClientError> {
        let content = self.content.clone();
        let read = move |_: usize, offset: u64, length: usize| {
            let start = usize::try_from(offset).unwrap();
            Ok(content.slice(start..start + length))
        };
        line.send(json(&self.header), &read, |_| {}).await
    }
}

/// The rows of 受信一覧 from behind a change on, and the last change.
pub(crate) async fn inbox_from(line: &SignedIn, mut after: u64) -> (Vec<InboxEntry>, u64) {
    let mut rows = Vec::new();
    loop {
        let page = insist(|| line.inbox(after, 200)).await.unwrap();
        rows.extend(page.rows);
        after = page.next;
        if !page.more {
            return (rows, after);
        }
    }
}

/// What a failure that says nothing of the delivery is: the same call may come again.
pub(crate) fn is_passing(error: &ClientError) -> bool {
    error.is_line()
        || matches!(error, ClientError::Refused(problem)
            if matches!(problem.code, ProblemCode::ServerBusy | ProblemCode::Internal))
}

/// Asks until there is an answer.
pub(crate) async fn insist<T, F: Future<Output = Result<T, ClientError>>>(
    mut ask: impl FnMut() -> F,
) -> Result<T, ClientError> {
    let begun = Instant::now();
    loop {
        match ask().await {
            Err(error) if is_passing(&error) && begun.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            answer => return answer,
        }
    }
}

/// The whole file of a claimed delivery.
pub(crate) async fn fetched(line: &SignedIn, claim: &exchange_protocol::Claim) -> Result<Vec<u8>, ClientError> {
    let mut stream = line.fetch_part(claim, 0, 0)?;
    let mut fetched = Vec::new();
    while let Some(piece) = stream.next().await? {
        fetched.extend_from_slice(&piece);
    }
    Ok(fetched)
}

fn address(process: &Process) -> std::net::SocketAddr {
    process.exchange_url.strip_prefix("https://").unwrap().parse().unwrap()
}
