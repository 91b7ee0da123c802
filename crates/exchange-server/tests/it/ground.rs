//! Two offices at data that the real program serves, and the program as an operator starts it.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, ExitStatus, Stdio},
};

use care_model::DeliveryId;
use exchange_client::{ClientError, Connection, ExchangeClient, SignedIn};
use exchange_server::Settings;
use tempfile::TempDir;

use crate::{
    backups::said,
    exchange::{Exchange, HELPER, Office, PLANNER, Terminal, bytes, header, json, sign_in},
};

/// What a delivery has where its content is no matter: a cover and a file.
pub(crate) const PARTS: &[(Option<&str>, &[u8])] = &[(Some("cover"), b"{}"), (Some("A.CSV"), b"one two three")];

/// Two offices, each with a terminal, at an exchange that nobody serves.
pub(crate) struct Ground {
    pub(crate) settings: Settings,
    pub(crate) connection: Connection,
    pub(crate) planner: Office,
    pub(crate) here: Terminal,
    pub(crate) helper: Office,
    pub(crate) there: Terminal,
    /// Holds data and keys; deleted with this value.
    pub(crate) folder: TempDir,
}

impl Ground {
    pub(crate) async fn new() -> Self {
        Self::left_by(Exchange::start().await).await
    }

    /// In a folder, whatever engine the environment names.
    pub(crate) async fn embedded() -> Self {
        Self::left_by(Exchange::start_embedded().await).await
    }

    async fn left_by(exchange: Exchange) -> Self {
        let (planner, here, _) = exchange.desk(PLANNER, "43").await;
        let (helper, there, _) = exchange.desk(HELPER, "11").await;
        let (connection, settings, folder) = exchange.leave().await;
        Self {
            settings,
            connection,
            planner,
            here,
            helper,
            there,
            folder,
        }
    }

    /// A line of the planning office, signed in at a process.
    pub(crate) async fn sender(&self, process: &Process) -> SignedIn {
        process.line(&self.connection, &self.here, &self.planner).await
    }

    /// A line of the helping office, signed in at a process.
    pub(crate) async fn receiver(&self, process: &Process) -> SignedIn {
        process.line(&self.connection, &self.there, &self.helper).await
    }

    /// Sends a new delivery from the one to the other, and gives its id.
    pub(crate) async fn send(&self, sender: &SignedIn) -> Result<DeliveryId, ClientError> {
        let header = header(&self.planner, &self.helper, PARTS);
        sender.send_small(header.id, &json(&header), &bytes(PARTS)).await?;
        Ok(header.id)
    }
}

/// Fetches the file of a delivery whole, and confirms it.
pub(crate) async fn fetch(receiver: &SignedIn, id: DeliveryId) -> Vec<u8> {
    let claim = receiver.claim(id, None).await.unwrap();
    let mut stream = receiver.fetch_part(&claim, 1, 0).unwrap();
    let mut fetched = Vec::new();
    while let Some(piece) = stream.next().await.unwrap() {
        fetched.extend_from_slice(&piece);
    }
    receiver.confirm(id, claim.fence).await.unwrap();
    fetched
}

/// The server's program.
pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_exchange-server"))
}

/// The words by which a command serves this data on free ports.
pub(crate) fn serving<'a>(server: &'a mut Command, exchange: &Settings) -> &'a mut Command {
    server
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
}

/// How a start ends that is refused.
pub(crate) fn refused_start(mut server: Command, exchange: &Settings) -> String {
    said(&serving(&mut server, exchange).output().unwrap())
}

/// The server as an operator starts it.
pub(crate) struct Process {
    child: Child,
    pub(crate) exchange_url: String,
    /// Where it was asked to say how it is.
    pub(crate) operations_url: String,
}

impl Process {
    pub(crate) fn start(exchange: &Settings) -> Self {
        let server = program();
        Self::start_as(server, exchange, &[], Stdio::null())
    }

    /// The same under another command, with more words, and with its log somewhere.
    pub(crate) fn start_as(server: Command, exchange: &Settings, more: &[&str], log: Stdio) -> Self {
        Self::try_start(server, exchange, more, log).unwrap_or_else(|status| panic!("not ready: {status}"))
    }

    /// The same where it may end before it is ready; says how it ended then.
    pub(crate) fn try_start(
        mut server: Command,
        exchange: &Settings,
        more: &[&str],
        log: Stdio,
    ) -> Result<Self, ExitStatus> {
        let mut child = serving(&mut server, exchange)
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
        let Some(exchange_url) = url("https://").map(str::to_owned) else {
            return Err(child.wait().unwrap());
        };
        let operations_url = url("http://").unwrap_or_default().to_owned();
        Ok(Self {
            child,
            exchange_url,
            operations_url,
        })
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

    /// Its number among the processes of this machine.
    #[cfg(unix)]
    pub(crate) fn number(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    #[cfg(unix)]
    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until it has ended by itself; true if in order.
    pub(crate) async fn ended(self) -> bool {
        self.end().await.success()
    }

    /// Waits until it has ended by itself, and says how.
    pub(crate) async fn end(mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
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
