//! Receiving by rules: データ取得 of what waits and fits one, in order of serial.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use care_model::ProblemCode;
use desk_ipc::{CommandError, DeskEvent};
use disk::SystemDisk;
use exchange_flow::pickup::PickupState;
use exchange_protocol::{DeliveryStatus, InboxEntry};
use tokio::time::timeout;

use super::{Kept, Rule};
use crate::{
    core::Core,
    landing::{check_folder, parent_for},
    pickup::{Outcome, meets_every_row},
    refusal,
};

/// How soon a folder that stopped it is looked at again, and how seldom at last.
const AGAIN: Duration = Duration::from_secs(5);
const AGAIN_AT_LAST: Duration = Duration::from_mins(5);

/// Receives what fits, until the desk closes.
pub(crate) async fn run(core: Arc<Core>) {
    tokio::select! {
        () = core.closing.cancelled() => {}
        () = keep_receiving(&core) => {}
    }
}

async fn keep_receiving(core: &Arc<Core>) {
    let mut again = AGAIN;
    loop {
        let wanted = core.automation.receive_wanted.notified();
        let kept = core.automation.kept();
        let works = kept.receiving && core.is_signed_in();
        let stopped = match works {
            true => core.receive_all(&kept).await.err(),
            false => None,
        };
        let waits = stopped.is_some();
        core.stands(&core.automation.receiving_stopped, stopped);
        if waits {
            // What arrives meanwhile would meet the same folder: only its own time, or a change of the rules, counts.
            let _ = timeout(again, changed(core, &kept)).await;
            again = (again * 2).min(AGAIN_AT_LAST);
        } else {
            again = AGAIN;
            wanted.await;
        }
    }
}

/// Waits until 自動化 is another than this.
async fn changed(core: &Core, kept: &Kept) {
    while core.automation.kept() == *kept {
        core.automation.receive_wanted.notified().await;
    }
}

impl Core {
    /// Receives everything that waits and fits a rule. An error is of a folder: nothing further is claimed.
    async fn receive_all(self: &Arc<Self>, kept: &Kept) -> Result<(), CommandError> {
        let mut waiting = self.store.inbox_fetchable().await?;
        waiting.sort_by_key(|entry| (entry.header.serial, entry.sequence));
        for entry in waiting {
            let fitting = kept.rules.iter().find(|rule| rule.fits(&entry.header));
            let Some(rule) = fitting else { continue };
            if self.automation.kept() != *kept {
                return Ok(());
            }
            if !self.may_receive(&entry).await? {
                continue;
            }
            let folder = folder_for(rule, &entry)
                .await
                .map_err(|code| stops(code).unwrap_or(code))?;
            let id = entry.header.id;
            match self.fetch(id, folder, None).await {
                Ok(Outcome::Here) => {
                    self.automation.received.fetch_add(1, Ordering::Relaxed);
                    self.tell(DeskEvent::LandedByRule { delivery: id });
                    self.tell(DeskEvent::AutomationChanged);
                }
                Ok(Outcome::UnderWay) => {}
                Err(error) => match stops(error.code) {
                    Some(code) => return Err(code.into()),
                    // The exchange is away, or nobody is signed in any more: the next reading of the list asks again.
                    None if meets_every_row(error.code) => return Ok(()),
                    // The row holds the reason; a person looks at it.
                    None => {}
                },
            }
        }
        Ok(())
    }

    /// Whether nobody tried yet, or what was tried failed by its folder or by another terminal that had it.
    async fn may_receive(&self, entry: &InboxEntry) -> Result<bool, CommandError> {
        let Some(pickup) = self.store.pickup(entry.header.id).await? else {
            return Ok(entry.status == DeliveryStatus::Waiting);
        };
        let PickupState::Failed { problem } = pickup.state else {
            return Ok(false);
        };
        let passed = match problem {
            ProblemCode::ClaimedElsewhere => entry.status == DeliveryStatus::Waiting,
            other => stops(other).is_some(),
        };
        Ok(passed && self.may_claim(&entry.status))
    }
}

/// What a trouble with a folder, or no room in the profile, is called where it stops receiving.
fn stops(code: ProblemCode) -> Option<ProblemCode> {
    match code {
        ProblemCode::FolderMissing | ProblemCode::FolderAway => Some(ProblemCode::ReceivingFolderMissing),
        ProblemCode::FolderReadOnly => Some(ProblemCode::ReceivingFolderReadOnly),
        ProblemCode::FolderFull => Some(ProblemCode::ReceivingFolderFull),
        ProblemCode::LocalDiskFull => Some(ProblemCode::LocalDiskFull),
        _ => None,
    }
}

/// The folder of a delivery, with those in it by the rule. The rule's own is never made: a drive that is away leaves
/// its name behind.
async fn folder_for(rule: &Rule, entry: &InboxEntry) -> Result<PathBuf, ProblemCode> {
    let (root, levels) = (rule.folder.clone(), rule.levels(&entry.header));
    let bytes = entry.header.total_bytes();
    let made = tokio::task::spawn_blocking(move || {
        check_folder(&root, bytes)?;
        levels
            .into_iter()
            .try_fold(root, |folder, level| within(&folder, &level))
    });
    made.await
        .map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()).code)?
}

fn within(folder: &Path, level: &str) -> Result<PathBuf, ProblemCode> {
    parent_for(&SystemDisk, folder, Some(level)).map_err(|error| crate::landing::problem_of(&error))
}
