//! The exchange of the demo: its data folder, its offices, its process.

use std::{
    fs::File,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{offices::DemoOffice, program};

/// How long the server may take to listen on a busy machine.
const START_WAIT: Duration = Duration::from_secs(30);

/// What the demo's exchange is called in the connection file and in 初期設定.
const EXCHANGE_NAME: &str = "ケアプラン交換（見本）";

/// A running exchange; it ends with this value.
pub(super) struct Exchange {
    server: Child,
    data: PathBuf,
}

/// The accounts that the exchange gave an office.
pub(super) struct Accounts {
    /// The person account (c…).
    pub(super) person: String,
    /// The office account (KJ…).
    pub(super) office: String,
}

impl Exchange {
    /// Makes the exchange in an empty folder, registers the offices, writes the connection file and starts the server.
    pub(super) fn start(data: &Path, connection: &Path, offices: &[DemoOffice]) -> Result<(Self, Vec<Accounts>)> {
        let exchange = free_address()?;
        let enrolment = free_address()?;
        let (exchange_text, enrolment_text) = (exchange.to_string(), enrolment.to_string());
        admin(data, &["init", "--name", EXCHANGE_NAME])?;
        let mut accounts = Vec::new();
        for office in offices {
            accounts.push(register(data, office)?);
        }
        let connection = connection.to_string_lossy();
        admin(
            data,
            &[
                "connection-file",
                "--listen",
                &exchange_text,
                "--enrolment-listen",
                &enrolment_text,
                "--out",
                &connection,
            ],
        )?;
        let log = File::create(data.with_extension("log")).context("making the server's log")?;
        let server = Command::new(program("exchange-server"))
            .args(["serve", "--data"])
            .arg(data)
            .args(["--listen", &exchange_text, "--enrolment-listen", &enrolment_text])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("starting exchange-server")?;
        let mut running = Self {
            server,
            data: data.to_owned(),
        };
        for address in [exchange, enrolment] {
            running.wait_for(address)?;
        }
        Ok((running, accounts))
    }

    /// Waits until the server takes connections.
    fn wait_for(&mut self, address: SocketAddr) -> Result<()> {
        let start = Instant::now();
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            if let Some(status) = self.server.try_wait()? {
                bail!(
                    "exchange-server ended by itself ({status}); see {}",
                    self.data.with_extension("log").display()
                );
            }
            if start.elapsed() > START_WAIT {
                bail!("exchange-server does not listen on {address}");
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Waits until the server ends, as when a person stops it.
    pub(super) fn wait(&mut self) -> Result<()> {
        self.server.wait().map(|_| ()).context("waiting for exchange-server")
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // It may have ended already; there is nothing to do about either.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Registers an office with its accounts and its one-time password.
fn register(data: &Path, office: &DemoOffice) -> Result<Accounts> {
    let registered = admin(
        data,
        &[
            "register-office",
            "--number",
            office.number,
            "--name",
            office.name,
            "--kind",
            office.kind,
            "--telephone",
            office.telephone,
            "--id",
            office.office_id,
            "--password",
            office.office_password,
            "--issue-password",
            office.issue_password,
        ],
    )?;
    let person = admin(
        data,
        &[
            "add-person",
            "--office",
            office.number,
            "--name",
            office.person,
            "--id",
            office.person_id,
            "--password",
            office.person_password,
        ],
    )?;
    Ok(Accounts {
        person: text(&person, "person_id")?,
        office: text(&registered, "office_id")?,
    })
}

/// Calls `exchange-server admin … --json`.
fn admin(data: &Path, words: &[&str]) -> Result<Value> {
    let output = Command::new(program("exchange-server"))
        .args(["admin", "--data"])
        .arg(data)
        .args(words)
        .arg("--json")
        .output()
        .context("running exchange-server admin")?;
    let first = words.first().copied().unwrap_or_default();
    if !output.status.success() {
        bail!(
            "exchange-server admin {first}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    if output.stdout.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("reading what exchange-server admin {first} printed"))
}

fn text(value: &Value, field: &str) -> Result<String> {
    value[field]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("no {field} in {value}"))
}

/// An address on this computer that was free a moment ago: the connection file names it before the server listens.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
