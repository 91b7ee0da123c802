//! What the operator does with the data as a whole. None of it goes through an opened exchange: it opens its own.

use anyhow::Result;
use chrono::Utc;
use exchange_server::{admin::AdminSettings, backups, master_keys};

use super::{AdminAct, made};

/// Does an act on the data as a whole; false if it is another act.
pub(super) async fn done(settings: &AdminSettings, act: &AdminAct, json: bool) -> Result<bool> {
    match act {
        AdminAct::Backup { out } => made(&backups::back_up(settings.clone(), out).await?, json)?,
        AdminAct::RotateMasterKey { retire } => {
            let rotated = match retire {
                None => master_keys::rotate(settings.clone()).await?,
                Some(old) => master_keys::retire(settings.clone(), old).await?,
            };
            made(&rotated, json)?;
        }
        AdminAct::NewEpoch => made(&backups::new_epoch(settings.clone()).await?, json)?,
        AdminAct::Restore { from } => {
            let restored = backups::restore(from, settings, Utc::now()).await?;
            made(&restored, json)?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}
