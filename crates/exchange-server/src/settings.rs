//! What an operator decides before the server starts.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use exchange_store::Engine;
use http::{Uri, uri::Scheme};

use crate::{Clock, mail::MailSettings, pace::PaceSettings, passwords::PasswordCost};

/// Settings of a server process. What may change while it runs (exchange name, help desk) is in the database.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where database and contents are, unless nodes share them; and the versions of the client that the exchange gives
    /// out.
    pub data: PathBuf,
    /// Where rows and contents are kept.
    pub engine: Engine,
    /// Where the master key and the authority are; never inside `data`, never in a backup of it (D11).
    pub keys: PathBuf,
    /// Where terminals connect.
    pub listen: SocketAddr,
    /// Where terminals without a certificate connect.
    pub enrolment_listen: SocketAddr,
    /// Where whoever runs the server asks how it is, in plain HTTP; nowhere unless somebody says so.
    pub operations_listen: Option<SocketAddr>,
    /// Bytes that must be free where the data lie; below that the server says that it is not ready.
    pub disk_free_floor_bytes: u64,
    /// How long the server says that it is about to end before it takes no more connections.
    pub drain: Duration,
    /// How much one party may ask for in a time.
    pub pace: PaceSettings,
    /// Where traces are sent, if anywhere.
    pub traces: Option<TracesSettings>,
    /// By which mail server offices are told that something waits, if by any.
    pub mail: Option<MailSettings>,
    /// The names and addresses in the server's certificate.
    pub server_names: Vec<String>,
    /// What a password costs to try.
    pub password_cost: PasswordCost,
    /// Where the time comes from.
    pub clock: Clock,
    /// How often things that end by time are looked for.
    pub sweep_every: Duration,
    /// How often the audit's new lines are chained and signed.
    pub seal_every: Duration,
}

/// Where traces are sent in the form of OpenTelemetry, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracesSettings {
    /// A collector that takes OTLP over plain HTTP, as `http://HOST:PORT`, with its path if that is not `/v1/traces`.
    pub endpoint: String,
    /// Of a hundred requests so many are traced, chosen by chance.
    pub percent: u8,
}

impl TracesSettings {
    /// The address that spans are posted to; none if it is no address in plain HTTP.
    pub fn address(&self) -> Option<Uri> {
        let address: Uri = self.endpoint.parse().ok()?;
        let is_plain = address.scheme() == Some(&Scheme::HTTP) && address.host().is_some_and(|host| !host.is_empty());
        if !is_plain || address.query().is_some() {
            return None;
        }
        match address.path() {
            "" | "/" => format!("http://{}{TRACES_PATH}", address.authority()?).parse().ok(),
            _ => Some(address),
        }
    }
}

/// Where a collector takes traces unless it says otherwise (OTLP/HTTP).
const TRACES_PATH: &str = "/v1/traces";

/// Within the ten seconds that D10 gives: what came before a turn is sealed in the course of it.
const SEAL_EVERY: Duration = Duration::from_secs(5);

/// Room for a few of the largest deliveries, and for the database's own work.
const DISK_FREE_FLOOR_BYTES: u64 = 1_024 * 1_024 * 1_024;

impl Settings {
    /// The settings for a data folder: both listeners on this machine only, on free ports.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        let data = data.into();
        let free = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Self {
            keys: keys_beside(&data),
            engine: Engine::from(&data),
            data,
            listen: free,
            enrolment_listen: free,
            operations_listen: None,
            disk_free_floor_bytes: DISK_FREE_FLOOR_BYTES,
            drain: Duration::ZERO,
            pace: PaceSettings::default(),
            traces: None,
            mail: None,
            server_names: default_server_names(),
            password_cost: PasswordCost::default(),
            clock: Clock::system(),
            sweep_every: Duration::from_secs(60),
            seal_every: SEAL_EVERY,
        }
    }
}

/// The names of a server that serves its own machine.
pub(crate) fn default_server_names() -> Vec<String> {
    ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into()
}

/// The folder of keys that belongs to a data folder: beside it, not inside.
pub fn keys_beside(data: &Path) -> PathBuf {
    let mut name = data.file_name().unwrap_or_default().to_owned();
    name.push("-keys");
    data.with_file_name(name)
}

/// The address that a terminal is told for a listener.
pub(crate) fn url_of(address: SocketAddr, server_names: &[String]) -> String {
    let host = match address.ip() {
        ip if ip.is_unspecified() => server_names.first().cloned().unwrap_or_else(|| "localhost".to_owned()),
        IpAddr::V6(ip) => format!("[{ip}]"),
        IpAddr::V4(ip) => ip.to_string(),
    };
    format!("https://{host}:{}", address.port())
}
