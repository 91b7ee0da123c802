//! The log of this desk: one file a day in the profile, ten days, no personal data at any level.

use std::{fs, io, path::Path};

use tracing_appender::{
    non_blocking::WorkerGuard,
    rolling::{RollingFileAppender, Rotation},
};
use tracing_subscriber::EnvFilter;

const DAYS_KEPT: usize = 10;

/// Of other people's crates only warnings: their finer levels print addresses and requests.
const FILTER: &str = "warn,careplan_exchange=info,desk=info,exchange_client=info,exchange_flow=info";

/// Begins to log into the profile. The guard writes the rest when it is dropped.
pub(crate) fn start(profile: &Path) -> io::Result<WorkerGuard> {
    let folder = profile.join("log");
    fs::create_dir_all(&folder)?;
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("desk")
        .filename_suffix("log")
        .max_log_files(DAYS_KEPT)
        .build(folder)
        .map_err(io::Error::other)?;
    let (writer, guard) = tracing_appender::non_blocking(appender);
    // A second subscriber is refused; the first one then keeps the log.
    let _ = tracing_subscriber::fmt()
        .with_writer(writer)
        .with_ansi(false)
        .with_env_filter(EnvFilter::new(FILTER))
        .try_init();
    Ok(guard)
}
