//! `server_rss_idle`: what the server takes when nobody does anything.

use anyhow::{Context, Result};

use crate::{exchange::Exchange, figures::Figure};

/// Resident memory with two terminals enrolled and signed in. Linux only: it is read from the process table.
pub(crate) async fn server_rss_idle(exchange: &Exchange) -> Result<Figure> {
    let _manager = exchange.sign_in(&exchange.manager).await?;
    let _service = exchange.sign_in(&exchange.service).await?;
    let status = std::fs::read_to_string(format!("/proc/{}/status", exchange.process_id()))?;
    let kilobytes: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|value| value.trim().strip_suffix(" kB"))
        .and_then(|value| value.parse().ok())
        .context("no VmRSS for the server")?;
    Ok(Figure::new("server_rss_idle", kilobytes * 1_024.0 / 1_000_000.0))
}
