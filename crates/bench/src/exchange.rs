//! The server under measurement: a process of its own with the two example offices.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use care_model::{AccountId, OfficeNumber, Party, ServiceKind};
use exchange_client::{ClientIdentity, Connection, ExchangeClient, SignedIn};
use serde_json::Value;
use tempfile::TempDir;
use test_engine::engine;
use test_support::{Accounts, CARE_MANAGEMENT, ExampleOffice, HOME_HELP, enrol, sign_in};
use tokio::runtime::Handle;

const START_WAIT: Duration = Duration::from_secs(180);
const START_POLL: Duration = Duration::from_millis(1);

/// A running exchange; it ends with this value.
pub(crate) struct Exchange {
    server: Child,
    program: PathBuf,
    /// Of the exchange listener and of the enrolment listener.
    addresses: [SocketAddr; 2],
    /// Deleted with this value.
    folder: TempDir,
    connection: Connection,
    pub(crate) manager: Desk,
    pub(crate) service: Desk,
}

/// One of the two offices with its accounts.
pub(crate) struct Desk {
    pub(crate) office: &'static ExampleOffice,
    pub(crate) accounts: Accounts,
    /// The first terminal, once it was enrolled.
    identity: Mutex<Option<ClientIdentity>>,
}

impl Exchange {
    pub(crate) fn start(program: &Path, scratch: &Path) -> Result<Self> {
        std::fs::create_dir_all(scratch)?;
        let folder = tempfile::tempdir_in(scratch)?;
        let data = folder.path().join("data");
        // Where the environment names a shared engine, its file lies with the keys; nothing is written otherwise.
        tokio::task::block_in_place(|| Handle::current().block_on(engine(&data, &folder.path().join("data-keys"))));
        let admin = |words: &[&str]| admin(program, &data, words);
        admin(&["init"])?;
        let manager = register(&CARE_MANAGEMENT, &admin)?;
        let service = register(&HOME_HELP, &admin)?;
        let (exchange, enrolment) = (free_address()?, free_address()?);
        let (listen, enrolment_listen) = (exchange.to_string(), enrolment.to_string());
        let file = folder.path().join("connection.json");
        let out = file.to_string_lossy();
        let words = [
            "connection-file",
            "--listen",
            &listen,
            "--enrolment-listen",
            &enrolment_listen,
            "--out",
            &out,
        ];
        admin(&words)?;
        let addresses = [exchange, enrolment];
        let mut running = Self {
            server: serve(program, &data, addresses)?,
            program: program.to_owned(),
            addresses,
            connection: Connection::parse(&std::fs::read(&file)?)?,
            folder,
            manager,
            service,
        };
        running.wait()?;
        Ok(running)
    }

    /// Kills the server; its data stay.
    pub(crate) fn stop(&mut self) {
        // It may have ended already; there is nothing to do about either.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }

    /// Starts a server that was stopped, on the same data.
    pub(crate) fn start_again(&mut self) -> Result<()> {
        self.server = serve(&self.program, &self.data(), self.addresses)?;
        self.wait()
    }

    /// A line of a terminal that has no certificate yet.
    pub(crate) fn stranger(&self) -> Result<ExchangeClient> {
        Ok(ExchangeClient::new(&self.connection, None)?)
    }

    /// The server's database, to be touched only while it is stopped.
    pub(crate) fn database(&self) -> PathBuf {
        self.data().join("exchange.db")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Registers another service office, beside the running server; nobody signs in there.
    pub(crate) fn register_destination(&self, count: usize) -> Result<Party> {
        let number = format!("99702{count:05}");
        let name = format!("計測事業所{count}");
        let words = [
            "register-office",
            "--number",
            &number,
            "--name",
            &name,
            "--kind",
            HOME_HELP.kind,
        ];
        admin(&self.program, &self.data(), &words)?;
        Ok(Party::new(
            OfficeNumber::parse(&number)?,
            ServiceKind::parse(HOME_HELP.kind)?,
        ))
    }

    /// Lets another terminal of the office enrol with the same password.
    pub(crate) fn renew_issue_password(&self, desk: &Desk) -> Result<()> {
        let (number, password) = (desk.office.number, desk.office.issue_password);
        let words = ["issue-password", "--office", number, "--password", password];
        admin(&self.program, &self.data(), &words).map(drop)
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.server.id()
    }

    /// The connection file.
    pub(crate) fn connection_file(&self) -> std::path::PathBuf {
        self.folder.path().join("connection.json")
    }

    /// A new line of the office's first terminal, with a session of its own.
    pub(crate) async fn sign_in(&self, desk: &Desk) -> Result<SignedIn> {
        let known = desk.identity.lock().ok().and_then(|identity| identity.clone());
        let identity = match known {
            Some(identity) => identity,
            None => {
                let issue = desk.office.issue_password;
                let made = enrol(&self.connection, &desk.accounts, issue, "計測").await?;
                if let Ok(mut identity) = desk.identity.lock() {
                    *identity = Some(made.clone());
                }
                made
            }
        };
        let client = ExchangeClient::new(&self.connection, Some(&identity))?;
        sign_in(&client, desk.office, &desk.accounts).await
    }

    /// Waits until both listeners are served. They are there before: what the store has to do comes in between.
    fn wait(&mut self) -> Result<()> {
        let start = Instant::now();
        for address in self.addresses {
            while !is_served(address) {
                if let Some(status) = self.server.try_wait()? {
                    bail!("exchange-server ended by itself ({status})");
                }
                if start.elapsed() > START_WAIT {
                    bail!("exchange-server does not listen on {address}");
                }
                thread::sleep(START_POLL);
            }
        }
        Ok(())
    }
}

/// Whether somebody answers there: what is no TLS is turned away at once.
fn is_served(address: SocketAddr) -> bool {
    let turned_away = || {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(START_WAIT))?;
        stream.write_all(b"no TLS")?;
        stream.read(&mut [0])
    };
    turned_away().is_ok()
}

fn serve(program: &Path, data: &Path, [exchange, enrolment]: [SocketAddr; 2]) -> Result<Child> {
    Command::new(program)
        .args(["serve", "--data"])
        .arg(data)
        .args(["--listen", &exchange.to_string()])
        .args(["--enrolment-listen", &enrolment.to_string()])
        // One terminal does here what a whole district does elsewhere.
        .args(["--requests-a-minute-terminal", "0", "--requests-a-minute-source", "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("starting exchange-server")
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.stop();
    }
}

fn register(office: &'static ExampleOffice, admin: &impl Fn(&[&str]) -> Result<Value>) -> Result<Desk> {
    let registered = admin(&[
        "register-office",
        "--number",
        office.number,
        "--name",
        office.name,
        "--kind",
        office.kind,
        "--telephone",
        office.telephone,
        "--password",
        office.office_password,
        "--issue-password",
        office.issue_password,
    ])?;
    let person = admin(&[
        "add-person",
        "--office",
        office.number,
        "--name",
        office.person_name,
        "--password",
        office.person_password,
    ])?;
    let id = |value: &Value, field: &str| {
        AccountId::parse(value[field].as_str().unwrap_or_default()).with_context(|| format!("no {field}"))
    };
    Ok(Desk {
        office,
        accounts: Accounts {
            office: id(&registered, "office_id")?,
            person: id(&person, "person_id")?,
        },
        identity: Mutex::new(None),
    })
}

/// Calls `exchange-server admin … --json`.
fn admin(program: &Path, data: &Path, words: &[&str]) -> Result<Value> {
    let output = Command::new(program)
        .args(["admin", "--data"])
        .arg(data)
        .args(words)
        .arg("--json")
        .output()
        .with_context(|| format!("running {}", program.display()))?;
    if !output.status.success() {
        bail!(
            "{}: {}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    if output.stdout.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&output.stdout).context("reading what exchange-server admin printed")
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
