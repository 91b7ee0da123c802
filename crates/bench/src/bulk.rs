//! `bulk_100_4k`, `bulk_100_200k`: a hundred bundles for a hundred offices, through the core of the client to
//! 「100件 送信成功」: small ones from the button 一括送信, large ones from the drop.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Result, ensure};
use care_model::{Edition, Party, ServiceMonth, limits};
use care_samples::{Samples, Size, UnitRequest};
use desk_ipc::{CompositionMode, SendStateView};
use test_support::{CARE_MANAGEMENT, HOME_HELP, OpenDesk};

use crate::{exchange::Exchange, figures::Figure};

const RUNS: u64 = 5;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bulk {
    /// Bundles of 4 KB, from the button.
    Small,
    /// Bundles of 200 KB, from the drop.
    Large,
}

impl Bulk {
    fn name(self) -> &'static str {
        match self {
            Self::Small => "bulk_100_4k",
            Self::Large => "bulk_100_200k",
        }
    }

    fn size(self) -> Size {
        match self {
            Self::Small => Size::Bytes(4 * 1_024),
            Self::Large => Size::Bytes(200 * 1_024),
        }
    }
}

/// The middle of several runs, each with a hundred new deliveries.
pub(crate) async fn bulk_100(exchange: &Exchange, scratch: &Path, bulk: Bulk) -> Result<Figure> {
    let folder = tempfile::tempdir_in(scratch)?;
    let desk = OpenDesk::open(&folder.path().join("profile")).await?;
    let sender = &exchange.manager;
    let issue_password = sender.office.issue_password;
    desk.set_up(&exchange.connection_file(), &sender.accounts, issue_password, "計測")
        .await?;
    desk.sign_in(sender.office, &sender.accounts).await?;
    let mut destinations = vec![HOME_HELP.party()?];
    for count in 1..limits::BULK_DELIVERIES_MAX {
        destinations.push(exchange.register_destination(count)?);
    }
    let mut milliseconds = Vec::new();
    for run in 0..RUNS {
        let files = bundles(
            &folder.path().join(format!("files-{run}")),
            run,
            bulk.size(),
            &destinations,
        )?;
        let dropped = Instant::now();
        let composition = desk.compose(CompositionMode::Dispatch, files).await?;
        ensure!(composition.can_send, "it cannot be sent");
        let pressed = Instant::now();
        desk.start_sending(composition.id).await?;
        let view = desk.sent(composition.id).await?;
        let start = match bulk {
            Bulk::Small => pressed,
            Bulk::Large => dropped,
        };
        milliseconds.push(start.elapsed().as_secs_f64() * 1_000.0);
        let sent = view
            .deliveries
            .iter()
            .filter(|row| matches!(row.state, SendStateView::Sent { .. }))
            .count();
        ensure!(sent == limits::BULK_DELIVERIES_MAX, "{sent} of 100 were sent");
    }
    // The terminal of the desk used up the password; what the exchange holds is asked for from another.
    exchange.renew_issue_password(sender)?;
    verify(exchange).await?;
    desk.desk.shutdown().await;
    milliseconds.sort_unstable_by(f64::total_cmp);
    Ok(Figure::new(bulk.name(), milliseconds[milliseconds.len() / 2]))
}

fn bundles(folder: &Path, run: u64, size: Size, destinations: &[Party]) -> Result<Vec<PathBuf>> {
    let from = CARE_MANAGEMENT.party()?;
    let mut samples = Samples::new(run);
    for to in destinations {
        let unit = samples.unit(&UnitRequest {
            unit: "home_schedule",
            edition: Edition::V4,
            from,
            to: *to,
            month: ServiceMonth::parse("202604")?,
            size,
        })?;
        unit.write_into(folder)?;
    }
    Ok(std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?)
}

/// The exchange holds everything, nothing twice, and one of the destinations sees its own.
async fn verify(exchange: &Exchange) -> Result<()> {
    let line = exchange.sign_in(&exchange.manager).await?;
    let (mut held, mut after) = (HashSet::new(), 0);
    loop {
        let page = line.outbox(after, limits::PAGE_ROWS_MAX).await?;
        for row in &page.rows {
            ensure!(held.insert(row.header.id), "a delivery is held twice");
        }
        after = page.next;
        if !page.more {
            break;
        }
    }
    let count = RUNS as usize * limits::BULK_DELIVERIES_MAX;
    ensure!(held.len() == count, "sent {count}, held {}", held.len());
    let line = exchange.sign_in(&exchange.service).await?;
    let arrived = line.inbox(0, limits::PAGE_ROWS_MAX).await?.rows.len();
    ensure!(
        arrived as u64 == RUNS,
        "one destination was sent {RUNS}, and sees {arrived}"
    );
    Ok(())
}
