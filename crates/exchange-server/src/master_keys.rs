//! From one master key to the next, beside a server that serves (ADR 36).

use std::{fs, io, time::Duration};

use exchange_store::{Act, StoreError, sync_folder};
use serde::Serialize;
use thiserror::Error;

use crate::{
    admin::{Admin, AdminError, AdminSettings},
    keys::{KeysError, make_master, master_path, read_masters},
};

/// In which a server that serves has noticed that a master key was taken off the list: it looks twice a second.
const NOTICED_WITHIN: Duration = Duration::from_secs(2);

/// What came of a rotation.
#[derive(Debug, Clone, Serialize)]
pub struct Rotated {
    /// The master key that wraps what is new.
    pub newest: String,
    /// Whether it was made now; otherwise an earlier rotation was brought to its end.
    pub made: bool,
    /// Keys that were wrapped anew.
    pub rewrapped: u64,
    /// The master key that was removed.
    pub retired: Option<String>,
}

/// Why a rotation did not come to its end. Everything stays readable, and it goes on with the next try.
#[derive(Debug, Error)]
pub enum RotationError {
    /// The data or keys cannot be opened.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// A key file.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The storage.
    #[error("the exchange's storage cannot be used")]
    Store(#[from] StoreError),
    /// There is no such master key, or it is the newest.
    #[error("{0} is no master key that can be retired: there is none of this name, or it is the newest")]
    NotRetirable(String),
    /// Something was wrapped by it all the while.
    #[error("{0} is still in use; try again")]
    InUse(String),
    /// The file of the retired key is still there.
    #[error("the file of the retired key cannot be removed")]
    File(#[source] io::Error),
}

/// Makes a new master key and wraps everything anew by it. If an earlier rotation did not come to its end, that one is
/// ended and no key is made.
pub async fn rotate(settings: AdminSettings) -> Result<Rotated, RotationError> {
    let folder = settings.keys.clone();
    let admin = Admin::open(settings).await?;
    let rotated = async {
        admin.note(Act::RotateMasterKey).await?;
        let names = admin.store.master_names().await?;
        let mut newest = names.last().cloned().unwrap_or_default();
        let mut unended = false;
        for older in names.iter().filter(|name| **name != newest) {
            unended |= admin.store.is_master_named(older).await?;
        }
        if !unended {
            let found = read_masters(&folder)?;
            // One that was made and not begun is taken before another is made.
            let begun = found.iter().position(|master| master.name == newest);
            let next = begun.and_then(|place| found.get(place + 1)).cloned();
            let next = match next {
                Some(left_over) => left_over,
                None => {
                    let number = found
                        .last()
                        .and_then(|last| last.name.rsplit('-').next()?.parse::<u32>().ok());
                    make_master(&folder, number.unwrap_or(0) + 1)?
                }
            };
            newest.clone_from(&next.name);
            admin.store.begin_master(next).await?;
        }
        let rewrapped = admin.store.rewrap().await?;
        Ok(Rotated {
            newest,
            made: !unended,
            rewrapped,
            retired: None,
        })
    }
    .await;
    admin.close().await;
    rotated
}

/// Removes an old master key once nothing names it.
pub async fn retire(settings: AdminSettings, old: &str) -> Result<Rotated, RotationError> {
    let folder = settings.keys.clone();
    let admin = Admin::open(settings).await?;
    let rotated = async {
        let known = read_masters(&folder)?.iter().any(|master| master.name == old);
        if !known || !admin.store.retire_master(old).await? {
            return Err(RotationError::NotRetirable(old.to_owned()));
        }
        admin.note(Act::RetireMasterKey).await?;
        // Nothing is stored under it any more as soon as a server that serves has noticed; what was until then is wrapped
        // anew after that.
        tokio::time::sleep(NOTICED_WITHIN).await;
        let rewrapped = admin.store.rewrap().await?;
        if admin.store.is_master_named(old).await? {
            return Err(RotationError::InUse(old.to_owned()));
        }
        fs::remove_file(master_path(&folder, old))
            .and_then(|()| sync_folder(&folder))
            .map_err(RotationError::File)?;
        Ok(Rotated {
            newest: admin.store.master_names().await?.pop().unwrap_or_default(),
            made: false,
            rewrapped,
            retired: Some(old.to_owned()),
        })
    }
    .await;
    admin.close().await;
    rotated
}
