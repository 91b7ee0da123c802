//! `server_rss_idle`, and what else is read of the server's memory. Linux only: it is read from the process table.

use std::fs;

use anyhow::{Context, Result};

use crate::{exchange::Exchange, figures::Figure};

/// Resident memory with two terminals enrolled and signed in.
pub(crate) async fn server_rss_idle(exchange: &Exchange) -> Result<Figure> {
    let _manager = exchange.sign_in(&exchange.manager).await?;
    let _service = exchange.sign_in(&exchange.service).await?;
    Ok(Figure::new("server_rss_idle", resident_megabytes(exchange)?))
}

/// What the server takes now.
pub(crate) fn resident_megabytes(exchange: &Exchange) -> Result<f64> {
    megabytes(exchange, "VmRSS:")
}

/// The most that the server took since [`forget_peak`], or since its start.
pub(crate) fn peak_megabytes(exchange: &Exchange) -> Result<f64> {
    megabytes(exchange, "VmHWM:")
}

/// Lets the peak begin anew from what the server takes now.
pub(crate) fn forget_peak(exchange: &Exchange) -> Result<()> {
    fs::write(format!("/proc/{}/clear_refs", exchange.process_id()), "5").context("forgetting the peak of memory")
}

fn megabytes(exchange: &Exchange, field: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", exchange.process_id()))?;
    let kilobytes: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .and_then(|value| value.trim().strip_suffix(" kB"))
        .and_then(|value| value.parse().ok())
        .with_context(|| format!("no {field} for the server"))?;
    Ok(kilobytes * 1_024.0 / 1_000_000.0)
}
