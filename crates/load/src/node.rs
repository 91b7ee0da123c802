//! A server under load: a process of its own, and what the system and its own metrics say of it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{control_group::ControlGroup, processes};

const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// A running server; it ends with this value.
#[derive(Debug)]
pub struct Node {
    process: Child,
    /// Where terminals connect.
    pub exchange_url: String,
    /// Where terminals without a certificate connect.
    pub enrolment_url: String,
    operations_url: String,
    /// Behind the process: it goes when that has ended.
    group: Option<ControlGroup>,
}

/// What a server has used since its start.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Seconds of a core.
    pub cpu_seconds: f64,
    /// Bytes that it had the system write to its disk.
    pub written_bytes: f64,
    /// Commits of its database, each with its sync.
    pub commits: f64,
    /// Memory that it took when this was read.
    pub resident_bytes: f64,
    /// Connections that were open when this was read.
    pub connections: f64,
}

impl Node {
    /// Starts a server on prepared data, on free ports of this machine.
    ///
    /// All offices come from one address here, which no exchange sees elsewhere: the two limits on one network are
    /// lifted. The limit on each terminal holds as it does by default.
    pub fn start(program: &Path, (data, keys): (&Path, &Path), more: &[&str]) -> Result<Self> {
        let mut process = Command::new(program)
            .args(["serve", "--data"])
            .arg(data)
            .arg("--keys")
            .arg(keys)
            .args(["--listen", "127.0.0.1:0", "--enrolment-listen", "127.0.0.1:0"])
            .args(["--operations-listen", "127.0.0.1:0"])
            .args(["--requests-a-minute-source", "0", "--connections-a-source", "0"])
            .args(more)
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
            exchange_url,
            enrolment_url,
            operations_url,
            group: None,
        })
    }

    /// Lets it take only so much memory from now on, what the system keeps in memory of its files included: as on a computer
    /// that has run for days, each new page is then one of its own that it had before. Fails where the system lets us set no
    /// such limit.
    pub fn limit_memory(&mut self, bytes: u64) -> Result<()> {
        self.group = Some(ControlGroup::of(self.process.id(), bytes).context("limiting the memory of the server")?);
        Ok(())
    }

    /// What it has used until now.
    pub fn usage(&self) -> Result<Usage> {
        let used = processes::used(self.process.id(), false)?;
        Ok(Usage {
            cpu_seconds: used.cpu_seconds,
            written_bytes: used.written_bytes,
            commits: self.metric("careplan_commit_seconds_count")?,
            resident_bytes: self.resident_bytes()?,
            connections: self.metric("careplan_connections{listener=\"exchange\"}")?,
        })
    }

    /// A figure of its own metrics, by its name and labels.
    pub fn metric(&self, name: &str) -> Result<f64> {
        let metrics = self.metrics()?;
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.trim().parse().ok())
            .with_context(|| format!("the server has no {name}"))
    }

    /// The memory that it takes now, in bytes.
    pub fn resident_bytes(&self) -> Result<f64> {
        self.status("VmRSS:")
    }

    /// The most memory that it has taken since [`Self::forget_peak`], in megabytes.
    pub fn peak_megabytes(&self) -> Result<f64> {
        Ok(self.status("VmHWM:")? / 1_000_000.0)
    }

    fn status(&self, name: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes: f64 = line
            .and_then(|value| value.trim().strip_suffix(" kB")?.parse().ok())
            .with_context(|| format!("no {name}"))?;
        Ok(kilobytes * 1_024.0)
    }

    /// Lets the peak begin anew from what it takes now.
    pub fn forget_peak(&self) -> Result<()> {
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
