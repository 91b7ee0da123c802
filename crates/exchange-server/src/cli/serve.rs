//! `serve`: what it is set to, from the command line, the environment and a file; checking that; serving.

use std::{
    fs,
    io::{self, Read as _},
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use exchange_server::{Server, Settings, SettingsFlaw, TracesSettings, engine_of, mail_of};
use exchange_store::SPANS;
use serde::{Deserialize, Serialize};
use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use super::{Interruption, say, service, traces::Traces};

/// Bytes of a settings file.
const FILE_BYTES_MAX: u64 = 64 * 1_024;
const BYTES_OF_MB: u64 = 1_024 * 1_024;
/// What is logged unless somebody says otherwise.
const DEFAULT_LOG: &str = "info,sqlx=warn";
const DEFAULT_LISTEN: &str = "127.0.0.1:8443";
const DEFAULT_ENROLMENT_LISTEN: &str = "127.0.0.1:8444";
const DEFAULT_TRACES_PERCENT: u8 = 100;

#[derive(Args)]
pub(super) struct ServeArgs {
    /// A file with settings (TOML). What the command line says counts most, then the environment, then the file.
    #[arg(long, env = "CAREPLAN_CONFIG")]
    config: Option<PathBuf>,
    /// Check all that the server would start with, print it, and do nothing else.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    values: Values,
}

/// What can be set. The file has these names; the command line and the environment have them in their own spelling.
#[derive(Args, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Values {
    /// The folder of database and contents.
    #[arg(long, env = "CAREPLAN_DATA")]
    data: Option<PathBuf>,
    /// The folder of keys; beside the data folder by default, never inside.
    #[arg(long, env = "CAREPLAN_KEYS")]
    keys: Option<PathBuf>,
    /// The file that names the database and the bucket that nodes share [default: engine.toml in the key folder, if it
    /// is there; without one everything is in the data folder].
    #[arg(long, env = "CAREPLAN_ENGINE")]
    engine: Option<PathBuf>,
    /// The file that names the mail server by which offices are told that something waits [default: mail.toml in the key
    /// folder, if it is there; without one no mail is sent].
    #[arg(long, env = "CAREPLAN_MAIL")]
    mail: Option<PathBuf>,
    /// Where terminals connect [default: 127.0.0.1:8443].
    #[arg(long, env = "CAREPLAN_LISTEN")]
    listen: Option<SocketAddr>,
    /// Where terminals without a certificate connect, and browsers [default: 127.0.0.1:8444].
    #[arg(long, env = "CAREPLAN_ENROLMENT_LISTEN")]
    enrolment_listen: Option<SocketAddr>,
    /// Where whoever runs the server asks how it is, in plain HTTP; for this machine or a network of its own [default: nowhere].
    #[arg(long, env = "CAREPLAN_OPERATIONS_LISTEN")]
    operations_listen: Option<SocketAddr>,
    /// Megabytes that must be free where the data lie; below that /ready says so [default: 1024].
    #[arg(long, env = "CAREPLAN_DISK_FREE_FLOOR_MB")]
    disk_free_floor_mb: Option<u32>,
    /// Seconds between the word that the server ends and its end, so that others send no more here; up to 600 [default: 0].
    #[arg(long, env = "CAREPLAN_DRAIN_SECONDS")]
    drain_seconds: Option<u16>,
    /// Requests a minute of one terminal, at least 60; 0 for no limit [default: 6000].
    #[arg(long, env = "CAREPLAN_REQUESTS_A_MINUTE_TERMINAL")]
    requests_a_minute_terminal: Option<u32>,
    /// Requests a minute of one network that shows no certificate, at least 60; 0 for no limit [default: 3000].
    #[arg(long, env = "CAREPLAN_REQUESTS_A_MINUTE_SOURCE")]
    requests_a_minute_source: Option<u32>,
    /// Connections at once of one network at the enrolment address; 0 for no limit [default: 256].
    #[arg(long, env = "CAREPLAN_CONNECTIONS_A_SOURCE")]
    connections_a_source: Option<u32>,
    /// A collector of traces (OpenTelemetry, OTLP in plain HTTP), such as http://127.0.0.1:4318; for this machine or a network of its own [default: nowhere].
    #[arg(long, env = "CAREPLAN_TRACES_ENDPOINT")]
    traces_endpoint: Option<String>,
    /// How many of a hundred requests are traced, 1 to 100 [default: 100].
    #[arg(long, env = "CAREPLAN_TRACES_PERCENT")]
    traces_percent: Option<u8>,
    /// A name or address in the server's certificate; may be repeated [default: those of this machine itself].
    #[arg(long = "server-name", env = "CAREPLAN_SERVER_NAMES", value_delimiter = ',')]
    server_names: Option<Vec<String>>,
    /// What is logged: a level, or levels for parts of the program [default: info,sqlx=warn].
    #[arg(long, env = "CAREPLAN_LOG")]
    log: Option<String>,
    /// Log lines as JSON.
    #[arg(long, env = "CAREPLAN_LOG_JSON", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    log_json: Option<bool>,
}

impl Values {
    /// Reads a file of settings.
    fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let file = fs::File::open(path).with_context(|| format!("the settings file {shown} cannot be read"))?;
        let mut text = String::new();
        file.take(FILE_BYTES_MAX + 1)
            .read_to_string(&mut text)
            .with_context(|| format!("the settings file {shown} cannot be read"))?;
        if text.len() as u64 > FILE_BYTES_MAX {
            bail!("the settings file {shown} is longer than {FILE_BYTES_MAX} bytes");
        }
        toml::from_str(&text).with_context(|| format!("the settings file {shown} cannot be used"))
    }

    /// These, and where they say nothing the others.
    fn or(self, others: Self) -> Self {
        Self {
            data: self.data.or(others.data),
            keys: self.keys.or(others.keys),
            engine: self.engine.or(others.engine),
            mail: self.mail.or(others.mail),
            listen: self.listen.or(others.listen),
            enrolment_listen: self.enrolment_listen.or(others.enrolment_listen),
            operations_listen: self.operations_listen.or(others.operations_listen),
            disk_free_floor_mb: self.disk_free_floor_mb.or(others.disk_free_floor_mb),
            drain_seconds: self.drain_seconds.or(others.drain_seconds),
            requests_a_minute_terminal: self.requests_a_minute_terminal.or(others.requests_a_minute_terminal),
            requests_a_minute_source: self.requests_a_minute_source.or(others.requests_a_minute_source),
            connections_a_source: self.connections_a_source.or(others.connections_a_source),
            traces_endpoint: self.traces_endpoint.or(others.traces_endpoint),
            traces_percent: self.traces_percent.or(others.traces_percent),
            server_names: self.server_names.or(others.server_names),
            log: self.log.or(others.log),
            log_json: self.log_json.or(others.log_json),
        }
    }

    /// The settings of the server.
    fn settings(&self) -> Result<Settings> {
        let Some(data) = &self.data else {
            bail!("no data folder: say --data, CAREPLAN_DATA, or data in the settings file");
        };
        let mut settings = Settings::new(data);
        if let Some(keys) = &self.keys {
            settings.keys.clone_from(keys);
        }
        settings.engine = engine_of(&settings.data, &settings.keys, self.engine.as_deref())?;
        settings.mail = mail_of(&settings.keys, self.mail.as_deref())?;
        let address = |said: Option<SocketAddr>, default: &str| match said {
            Some(address) => Ok(address),
            None => default.parse().context("reading a default"),
        };
        settings.listen = address(self.listen, DEFAULT_LISTEN)?;
        settings.enrolment_listen = address(self.enrolment_listen, DEFAULT_ENROLMENT_LISTEN)?;
        settings.operations_listen = self.operations_listen;
        if let Some(megabytes) = self.disk_free_floor_mb {
            settings.disk_free_floor_bytes = u64::from(megabytes) * BYTES_OF_MB;
        }
        if let Some(seconds) = self.drain_seconds {
            settings.drain = Duration::from_secs(seconds.into());
        }
        let pace = &mut settings.pace;
        for (said, limit) in [
            (self.requests_a_minute_terminal, &mut pace.requests_a_minute_terminal),
            (self.requests_a_minute_source, &mut pace.requests_a_minute_source),
            (self.connections_a_source, &mut pace.connections_a_source),
        ] {
            if let Some(said) = said {
                *limit = NonZeroU32::new(said);
            }
        }
        settings.traces = self.traces_endpoint.as_ref().map(|endpoint| TracesSettings {
            endpoint: endpoint.clone(),
            percent: self.traces_percent.unwrap_or(DEFAULT_TRACES_PERCENT),
        });
        if let Some(names) = &self.server_names {
            settings.server_names.clone_from(names);
        }
        Ok(settings)
    }

    fn filter(&self) -> Result<EnvFilter> {
        let log = self.log.as_deref().unwrap_or(DEFAULT_LOG);
        let filter = EnvFilter::try_new(log).with_context(|| format!("{log:?} does not say what is to be logged"))?;
        // Spans are for traces alone, and never a part of a log line.
        Ok(filter.add_directive(format!("{SPANS}=off").parse().context("leaving spans out")?))
    }

    /// The same with every default said, as a file would have it.
    fn whole(&self, settings: &Settings) -> Self {
        let number = |limit: Option<NonZeroU32>| Some(limit.map_or(0, NonZeroU32::get));
        Self {
            data: Some(settings.data.clone()),
            keys: Some(settings.keys.clone()),
            engine: self.engine.clone(),
            mail: self.mail.clone(),
            listen: Some(settings.listen),
            enrolment_listen: Some(settings.enrolment_listen),
            operations_listen: settings.operations_listen,
            disk_free_floor_mb: u32::try_from(settings.disk_free_floor_bytes / BYTES_OF_MB).ok(),
            drain_seconds: u16::try_from(settings.drain.as_secs()).ok(),
            requests_a_minute_terminal: number(settings.pace.requests_a_minute_terminal),
            requests_a_minute_source: number(settings.pace.requests_a_minute_source),
            connections_a_source: number(settings.pace.connections_a_source),
            traces_endpoint: self.traces_endpoint.clone(),
            traces_percent: settings.traces.as_ref().map(|traces| traces.percent),
            server_names: Some(settings.server_names.clone()),
            log: Some(self.log.clone().unwrap_or_else(|| DEFAULT_LOG.to_owned())),
            log_json: Some(self.log_json.unwrap_or_default()),
        }
    }
}

pub(super) async fn serve(args: ServeArgs) -> Result<()> {
    let values = match &args.config {
        Some(path) => args.values.or(Values::read(path)?),
        None => args.values,
    };
    let settings = values.settings()?;
    let filter = values.filter()?;
    let mut flaws = settings.flaws();
    if args.check {
        flaws.extend(settings.ground_flaws());
    }
    if !flaws.is_empty() {
        let told: Vec<String> = flaws.iter().map(SettingsFlaw::told).collect();
        bail!(told.join("\nexchange-server: "));
    }
    if args.check {
        let whole = toml::to_string(&values.whole(&settings)).context("printing the settings")?;
        return say(format_args!("{whole}\nThe server can start with these settings."));
    }
    let traces = settings.traces.as_ref().map(Traces::start).transpose()?;
    let log = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let log = match values.log_json.unwrap_or_default() {
        true => log.json().boxed(),
        false => log.boxed(),
    };
    match &traces {
        // For the whole, so that a span costs a look at a flag and nothing more.
        None => tracing_subscriber::registry().with(log).with(filter).init(),
        Some(traces) => {
            let log = log.with_filter(filter);
            tracing_subscriber::registry().with(log).with(traces.layer()).init();
        }
    }
    exchange_server::panics_say_only_where();
    let drain = settings.drain;
    let running = Server::start(settings).await?;
    let mut interruption = Interruption::new()?;
    let operations = running.operations_url.as_ref();
    say(format_args!(
        "ready: terminals at {}, enrolment at {}{}",
        running.exchange_url,
        running.enrolment_url,
        operations
            .map(|url| format!(", operations at {url}"))
            .unwrap_or_default()
    ))?;
    service::ready();
    interruption.next().await?;
    // First it says so, then it takes no more, then what is under way ends. Whoever says it twice means at once.
    running.drain();
    service::ending(drain);
    tracing::info!(seconds = drain.as_secs(), "the exchange is about to end");
    let ended = async {
        tokio::time::sleep(drain).await;
        running.shutdown().await;
        if let Some(traces) = traces {
            traces.end().await;
        }
    };
    tokio::select! {
        () = ended => Ok(()),
        again = interruption.next() => {
            again?;
            bail!("ended at once, by a second signal");
        }
    }
}
