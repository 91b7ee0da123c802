//! A server under load: a process of its own, and what the system and its own metrics say of it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};

/// The system counts the time of a process in hundredths of a second.
const TICKS_A_SECOND: f64 = 100.0;
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// A running server; it ends with this value.
pub(crate) struct Node {
    process: Child,
    data: PathBuf,
    pub(crate) exchange_url: String,
    pub(crate) enrolment_url: String,
    operations_url: String,
}

/// What a server has used since its start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) cpu_seconds: f64,
    /// Bytes that it had the system write to its disk.
    pub(crate) written_bytes: f64,
    /// Commits of its database, each with its sync.
    pub(crate) commits: f64,
    /// The database file, without its log.
    pub(crate) database_bytes: f64,
    /// Connections that were open when this was read.
    pub(crate) connections: f64,
}

impl Node {
    /// Starts a server on prepared data, on free ports of this machine.
    ///
    /// All offices come from one address here, which no exchange sees elsewhere: the two limits on one network are
    /// lifted. The limit on each terminal holds as it does by default.
    pub(crate) fn start(program: &Path, data: &Path) -> Result<Self> {
        let mut process = Command::new(program)
            .args(["serve", "--data"])
            .arg(data)
            .args(["--listen", "127.0.0.1:0", "--enrolment-listen", "127.0.0.1:0"])
            .args(["--operations-listen", "127.0.0.1:0"])
            .args(["--requests-a-minute-source", "0", "--connections-a-source", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let output = process.stdout.take().context("no output")?;
        let mut ready = String::new();
        BufReader::new(output).read_line(&mut ready)?;
        let mut urls = ready
            .split([' ', ',', '\n'])
            .filter(|word| word.starts_with("http"))
            .map(str::to_owned);
        let (Some(exchange_url), Some(enrolment_url), Some(operations_url)) = (urls.next(), urls.next(), urls.next())
        else {
            // Dropped without a node: nobody else would end it.
            let _ = process.kill();
            let _ = process.wait();
            bail!("the server did not become ready: {ready:?}");
        };
        Ok(Self {
            process,
            data: data.to_owned(),
            exchange_url,
            enrolment_url,
            operations_url,
        })
    }

    /// What it has used until now.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let metrics = self.metrics()?;
        let figure = |name: &str| -> Result<f64> {
            let line = metrics
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.trim().parse().ok())
                .with_context(|| format!("the server has no {name}"))
        };
        let of_process = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", self.process.id()));
        let stat = of_process("stat")?;
        // The name in brackets may hold anything; times of the process are the 12th and 13th word behind it.
        let times = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: f64 = times.skip(11).take(2).filter_map(|word| word.parse::<f64>().ok()).sum();
        let io = of_process("io")?;
        let written = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
        Ok(Usage {
            cpu_seconds: ticks / TICKS_A_SECOND,
            written_bytes: written.and_then(|value| value.parse().ok()).context("no write_bytes")?,
            commits: figure("careplan_commit_seconds_count")?,
            database_bytes: fs::metadata(self.data.join("exchange.db"))?.len() as f64,
            connections: figure("careplan_connections{listener=\"exchange\"}")?,
        })
    }

    /// The most memory that it has taken since [`Self::forget_peak`], in megabytes.
    pub(crate) fn peak_megabytes(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes: f64 = peak
            .and_then(|value| value.trim().strip_suffix(" kB")?.parse().ok())
            .context("no peak of memory")?;
        Ok(kilobytes * 1_024.0 / 1_000_000.0)
    }

    /// Lets the peak begin anew from what it takes now.
    pub(crate) fn forget_peak(&self) -> Result<()> {
        fs::write(format!("/proc/{}/clear_refs", self.process.id()), "5").context("forgetting the peak of memory")
    }

    fn metrics(&self) -> Result<String> {
        let address = self.operations_url.strip_prefix("http://").unwrap_or_default();
        let mut stream = TcpStream::connect(address).context("asking the server for its metrics")?;
        stream.set_read_timeout(Some(ANSWER_WAIT))?;
        write!(
            stream,
            "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended already; there is nothing to do about either.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
