//! Backup and restore as the operator asks for them (ADR 35).

use std::{
    io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use exchange_store::{Act, BackedUp, BackupError, Restored, Store, StoreError};
use serde::Serialize;
use thiserror::Error;

use crate::{
    admin::{Admin, AdminError, AdminSettings},
    app::DEFAULT_EXCHANGE_NAME,
    keys::{Keys, is_inside},
    updates,
};

/// Why nothing was backed up or restored.
#[derive(Debug, Error)]
pub enum BackupsError {
    /// The data cannot be opened.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The backup itself.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// There is no exchange in the data folder.
    #[error("there is no exchange in {0}")]
    NoExchange(PathBuf),
    /// A backup would lie in the data or with the keys, or a restored folder in its backup.
    #[error("the folders of the data, the keys and the backup must not lie inside each other")]
    Inside,
    /// A folder cannot be looked at.
    #[error("a folder cannot be used")]
    Folder(#[source] io::Error),
}

/// Backs up the exchange in a data folder, whether its server runs or not, into a new or empty folder. Never a key.
pub async fn back_up(settings: AdminSettings, out: &Path) -> Result<BackedUp, BackupsError> {
    apart(out, &[&settings.data, &settings.keys])?;
    // Opening it would begin an exchange where there is none.
    if !Store::is_in(&settings.engine) {
        return Err(BackupsError::NoExchange(settings.data));
    }
    let clock = settings.clock.clone();
    let admin = Admin::open(settings).await?;
    let made = async {
        // First the line: whoever tried to carry the data out is known, whatever became of it.
        admin.note(Act::BackUp).await.map_err(BackupError::from)?;
        admin.store.back_up(out, &[updates::FOLDER], || clock.now()).await
    }
    .await;
    admin.close().await;
    Ok(made?)
}

/// Restores a backup into a new or empty data folder, under a new epoch.
pub async fn restore(from: &Path, settings: &AdminSettings, now: DateTime<Utc>) -> Result<Restored, BackupsError> {
    let data = settings
        .engine
        .folder()
        .ok_or(StoreError::NotEmbedded)
        .map_err(BackupError::from)?;
    apart(from, &[data])?;
    Ok(Store::restore(from, data, now).await?)
}

/// An epoch that was begun.
#[derive(Debug, Clone, Serialize)]
pub struct NewEpoch {
    /// Its number.
    pub epoch: u64,
}

/// Begins a new epoch after the database was put back to an earlier time with tools of its own: the one command that
/// opens such a database.
pub async fn new_epoch(settings: AdminSettings) -> Result<NewEpoch, BackupsError> {
    let AdminSettings { data, engine, keys, .. } = &settings;
    let keys = Keys::open(keys, data, engine, DEFAULT_EXCHANGE_NAME);
    let keys = keys.await.map_err(AdminError::from)?;
    let store = Store::open_put_back(engine.clone(), keys.masters);
    let store = store.await.map_err(BackupError::from)?;
    let begun = store.begin_new_epoch(settings.clock.now()).await;
    store.close().await;
    Ok(NewEpoch {
        epoch: begun.map_err(BackupError::from)?,
    })
}

/// Refuses folders of which one lies inside the other.
fn apart(folder: &Path, others: &[&Path]) -> Result<(), BackupsError> {
    for other in others {
        if is_inside(folder, other).map_err(BackupsError::Folder)?
            || is_inside(other, folder).map_err(BackupsError::Folder)?
        {
            return Err(BackupsError::Inside);
        }
    }
    Ok(())
}
