//! What the measuring of the window needs from here: a profile with a full list, and its exchange for as long as the
//! window is looked at.

use std::{io::Read as _, path::Path};

use anyhow::{Context as _, Result};
use desk_ipc::DeskCommands as _;
use serde_json::json;
use test_support::OpenDesk;

use crate::{exchange::Exchange, search::fill};

/// Fills a new profile with 100,000 rows of 受信一覧, prints how to sign in there, and serves until its input ends.
pub(crate) async fn hold(exchange: &Exchange, profile: &Path) -> Result<()> {
    fill(exchange).await?;
    let receiver = &exchange.service;
    let desk = OpenDesk::open(profile).await?;
    let issue_password = receiver.office.issue_password;
    desk.set_up(&exchange.connection_file(), &receiver.accounts, issue_password, "計測")
        .await?;
    desk.sign_in(receiver.office, &receiver.accounts).await?;
    desk.desk.refresh(()).await?;
    desk.desk.shutdown().await;
    let line = json!({
        "person": receiver.accounts.person,
        "person_password": receiver.office.person_password,
        "office": receiver.accounts.office,
        "office_password": receiver.office.office_password,
    });
    println!("{line}");
    let mut rest = Vec::new();
    let ended = tokio::task::spawn_blocking(move || std::io::stdin().read_to_end(&mut rest));
    ended.await?.context("waiting for the end")?;
    Ok(())
}
