//! `read_200`: a bundle of two hundred care recipients, through the core of the client from the drop to the list of
//! them and the forms of the first, which is what 内容を見る shows when it opens.

use std::{path::Path, time::Instant};

use anyhow::{Context, Result, ensure};
use care_model::{Edition, ServiceMonth};
use care_samples::{Samples, Size, UnitRequest};
use desk_ipc::{CompositionMode, DeskCommands as _, FormsRequest, ReadingSource};
use test_support::{CARE_MANAGEMENT, HOME_HELP, OpenDesk};

use crate::{exchange::Exchange, figures::Figure, stored::middle};

const RECIPIENTS: u32 = 200;
const RUNS: u64 = 7;

/// The middle of several runs, each with a new bundle. Beside it is told what opening alone takes, and what another
/// care recipient's forms take.
pub(crate) async fn read_200(exchange: &Exchange, scratch: &Path) -> Result<Figure> {
    let folder = tempfile::tempdir_in(scratch)?;
    let desk = OpenDesk::open(&folder.path().join("profile")).await?;
    let sender = &exchange.manager;
    let issue_password = sender.office.issue_password;
    desk.set_up(&exchange.connection_file(), &sender.accounts, issue_password, "計測")
        .await?;
    desk.sign_in(sender.office, &sender.accounts).await?;
    let (mut whole, mut opening, mut last) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..RUNS {
        let files = folder.path().join(format!("files-{run}"));
        let unit = Samples::new(run).unit(&UnitRequest {
            unit: "home_schedule",
            edition: Edition::V4,
            from: CARE_MANAGEMENT.party()?,
            to: HOME_HELP.party()?,
            month: ServiceMonth::parse("202604")?,
            size: Size::Recipients(RECIPIENTS),
        })?;
        unit.write_into(&files)?;
        let paths = unit.files.iter().map(|file| files.join(file.name.as_str()));
        let dropped = Instant::now();
        let composition = desk.compose(CompositionMode::Compose, paths.collect()).await?;
        let source = ReadingSource::Composition {
            composition: composition.id,
            delivery: None,
        };
        let pressed = Instant::now();
        let view = desk.desk.read_recipients(source.clone()).await?;
        opening.push(milliseconds(pressed));
        whole.push(milliseconds(dropped));
        ensure!(
            view.recipients.len() == RECIPIENTS as usize,
            "{} are read",
            view.recipients.len()
        );
        ensure!(!view.first.is_empty(), "the first has no form");
        let chosen = view.recipients.last().context("nobody is read")?.recipient;
        let asked = Instant::now();
        let forms = desk.desk.read_forms(FormsRequest {
            source,
            recipients: vec![chosen],
        });
        ensure!(forms.await?.len() == 1, "the last has no forms");
        last.push(milliseconds(asked));
    }
    desk.desk.shutdown().await;
    eprintln!(
        "read_200: opening alone {:.1} ms, the forms of another {:.1} ms",
        middle(&mut opening),
        middle(&mut last)
    );
    Ok(Figure::new("read_200", middle(&mut whole)))
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}
