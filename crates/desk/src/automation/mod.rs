//! 自動化: what is received by rules, and drafts that are prepared from the care software's output folder (ADR 0057).
//!
//! Both work while somebody is signed in. Neither has a way of its own: [`receiving`] asks for the pickup that a person
//! would ask for, [`watching`] copies files as if they had been dropped and saves a draft. Nothing here sends.
//!
//! A folder that cannot be used stops one of them with a reason, which is told once and looked at again by itself.

mod receiving;
mod rules;
mod sight;
mod watching;

use std::{
    path::PathBuf,
    sync::{
        Mutex, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering},
    },
};

use care_model::{ProblemCode, limits};
use desk_ipc::{AutomationEdit, AutomationView, CommandError, DeskEvent, FolderId, FolderView, ReceivingRule};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::{
    core::{Core, Remembered, lock, own_name},
    ports::Notice,
    store::ValueName,
};
use rules::Rule;

pub(crate) use receiving::run as receive;
pub(crate) use watching::run as watch;

/// What the profile keeps of 自動化.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    receiving: bool,
    rules: Vec<Rule>,
    watching: bool,
    watched: Option<PathBuf>,
}

/// 自動化 of the open profile, and how it stands.
#[derive(Default)]
pub(crate) struct Automation {
    kept: RwLock<Kept>,
    /// The folders of it under the names that a page knows; apart from all others, which are forgotten sooner.
    folders: Mutex<Remembered<FolderId, PathBuf>>,
    /// One change at a time.
    changing: tokio::sync::Mutex<()>,
    /// Wakes receiving: something may have arrived, or the rules changed.
    pub(crate) receive_wanted: Notify,
    /// Wakes watching: what is watched changed.
    watch_wanted: Notify,
    receiving_stopped: Mutex<Option<CommandError>>,
    watching_stopped: Mutex<Option<CommandError>>,
    received: AtomicU32,
    incomplete: AtomicU32,
}

/// What is switched on, for the support file.
pub(crate) struct Switches {
    pub(crate) receiving: bool,
    pub(crate) rules: usize,
    pub(crate) watching: bool,
}

impl Automation {
    pub(crate) fn switches(&self) -> Switches {
        let kept = self.kept();
        Switches {
            receiving: kept.receiving,
            rules: kept.rules.len(),
            watching: kept.watching,
        }
    }

    fn kept(&self) -> Kept {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Core {
    /// Reads 自動化, once the profile's key is there.
    pub(crate) async fn recall_automation(&self) -> Result<(), CommandError> {
        let kept: Option<Kept> = self.store.value(ValueName::Automation).await?;
        self.put_automation(kept.unwrap_or_default());
        Ok(())
    }

    fn put_automation(&self, kept: Kept) {
        *self.automation.kept.write().unwrap_or_else(PoisonError::into_inner) = kept;
    }

    /// 自動化 as it is shown.
    pub(crate) async fn automation_view(&self) -> Result<AutomationView, CommandError> {
        let (automation, kept) = (&self.automation, self.automation.kept());
        let prepared = self.store.prepared_count().await?;
        let rule = |rule: Rule| ReceivingRule {
            from: rule.from,
            kind: rule.kind,
            month: rule.month,
            folder: self.kept_folder(rule.folder),
            subfolders: rule.subfolders,
        };
        Ok(AutomationView {
            receiving: kept.receiving,
            rules: kept.rules.into_iter().map(rule).collect(),
            receiving_stopped: lock(&automation.receiving_stopped).clone().filter(|_| kept.receiving),
            received: automation.received.load(Ordering::Relaxed),
            watching: kept.watching,
            watched: kept.watched.map(|folder| self.kept_folder(folder)),
            watching_stopped: lock(&automation.watching_stopped).clone().filter(|_| kept.watching),
            prepared,
            full: prepared as usize >= limits::PREPARED_DRAFTS_MAX,
            incomplete: automation.incomplete.load(Ordering::Relaxed),
        })
    }

    /// Changes 自動化. What lies in a folder that is watched from now on is taken for done.
    pub(crate) async fn change_automation(&self, edit: AutomationEdit) -> Result<AutomationView, CommandError> {
        let _one = self.automation.changing.lock().await;
        let now = self.automation.kept();
        let wanted = self.automation_of(edit)?;
        if let Some(folder) = wanted
            .watched
            .as_ref()
            .filter(|folder| now.watched.as_ref() != Some(*folder))
        {
            self.take_for_done(folder).await?;
        }
        if wanted != now {
            self.store.set_value(ValueName::Automation, &wanted).await?;
            self.put_automation(wanted);
            // Whoever changes something wants to know whether it helped.
            *lock(&self.automation.receiving_stopped) = None;
            *lock(&self.automation.watching_stopped) = None;
            self.automation.receive_wanted.notify_one();
            self.automation.watch_wanted.notify_one();
            self.tell(DeskEvent::AutomationChanged);
        }
        self.automation_view().await
    }

    /// What an edit means; one that cannot stand changes nothing.
    fn automation_of(&self, edit: AutomationEdit) -> Result<Kept, CommandError> {
        if edit.rules.len() > limits::RECEIVING_RULES_MAX {
            let refusal = CommandError::new(ProblemCode::ReceivingRulesTooMany);
            return Err(refusal.with("max", limits::RECEIVING_RULES_MAX));
        }
        let folder = |view: &FolderView, missing: ProblemCode| {
            let kept = lock(&self.automation.folders).get(&view.id);
            kept.or_else(|| lock(&self.folders).get(&view.id)).ok_or(missing)
        };
        let mut rules = Vec::with_capacity(edit.rules.len());
        for rule in edit.rules {
            let mut subfolders = rule.subfolders;
            let mut seen = Vec::new();
            subfolders.retain(|field| {
                !seen.contains(field) && {
                    seen.push(*field);
                    true
                }
            });
            rules.push(Rule {
                from: rule.from,
                kind: rule.kind,
                month: rule.month,
                folder: folder(&rule.folder, ProblemCode::ReceivingFolderMissing)?,
                subfolders,
            });
        }
        let watched = edit.watched.as_ref();
        let watched = watched.map(|view| folder(view, ProblemCode::WatchedFolderMissing));
        let kept = Kept {
            receiving: edit.receiving,
            rules,
            watching: edit.watching,
            watched: watched.transpose()?,
        };
        // Nothing to go by is nothing that could work.
        if kept.receiving && kept.rules.is_empty() {
            return Err(ProblemCode::ReceivingFolderMissing.into());
        }
        if kept.watching && kept.watched.is_none() {
            return Err(ProblemCode::WatchedFolderMissing.into());
        }
        Ok(kept)
    }

    /// A folder of 自動化 under the name that the page knows it by.
    fn kept_folder(&self, path: PathBuf) -> FolderView {
        let mut folders = lock(&self.automation.folders);
        let known = folders.find(|known| *known == path);
        let name = own_name(&path);
        let id = known.unwrap_or_else(|| {
            let id = FolderId::generate();
            folders.put(id, path);
            id
        });
        FolderView { id, name }
    }

    /// Notes that one of both stands still, or works again, and tells a change of that; the reason once.
    fn stands(&self, of: &Mutex<Option<CommandError>>, stopped: Option<CommandError>) {
        let (other, notice) = {
            let mut known = lock(of);
            let code = |refusal: &Option<CommandError>| refusal.as_ref().map(|refusal| refusal.code);
            let other = code(&known) != code(&stopped);
            let notice = other && stopped.is_some();
            if other {
                *known = stopped;
            }
            (other, notice)
        };
        if notice {
            self.notify(Notice::AutomationStopped);
        }
        if other {
            self.tell(DeskEvent::AutomationChanged);
        }
    }
}
