//! 下書き: exactly as they were saved, until they are sent or deleted.

use std::sync::Arc;

use care_model::{ProblemCode, limits};
use desk_ipc::{CommandError, CompositionId, CompositionMode, CompositionView, DeskEvent, DraftRow};
use kill_point::{Point, reach};

use crate::{
    compose::{Composition, Layout},
    core::Core,
    directory::Wanted,
    words,
};

/// Characters of a note that 下書き一覧 shows.
const NOTE_BEGINNING_CHARS: usize = 40;

impl Core {
    pub(crate) async fn save_draft(&self, id: CompositionId) -> Result<(), CommandError> {
        let mut compositions = self.compositions.lock().await;
        let composition = self.find(&mut compositions, id).await?;
        if composition.mode == CompositionMode::Dispatch {
            return Err(ProblemCode::RequestMalformed.into());
        }
        if composition.is_empty() {
            return Err(ProblemCode::CompositionEmpty.into());
        }
        let places: Vec<_> = composition.places().cloned().collect();
        self.blocking(move |spool| spool.sync(&places)).await?;
        reach(Point::DraftSynced);
        self.store.put_draft(id, &composition, self.now()).await?;
        reach(Point::DraftStored);
        self.tell(DeskEvent::DraftsChanged);
        Ok(())
    }

    /// 下書き一覧, by what is known here. Offices without a name are asked for meanwhile.
    pub(crate) async fn drafts(self: &Arc<Self>) -> Result<Vec<DraftRow>, CommandError> {
        let drafts = self.store.drafts::<Composition>().await?;
        let mut rows = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let mut composition = draft.content;
            self.recall_facts(&mut composition).await?;
            let around = self.surroundings(&composition).await?;
            let view = Layout::of(&mut composition, &around).view(&composition, &around, true);
            let first = view.deliveries.into_iter().next();
            rows.push(DraftRow {
                id: draft.id,
                saved_at: draft.saved_at,
                contents: first.as_ref().map_or_else(String::new, |planned| {
                    words::contents(&planned.unit_name, planned.month, planned.recipients)
                }),
                to: first.map(|planned| planned.to).or(view.chosen),
                files: u32::try_from(composition.files.len()).unwrap_or(u32::MAX),
                note: composition.note.chars().take(NOTE_BEGINNING_CHARS).collect(),
            });
        }
        self.name_later(&rows);
        Ok(rows)
    }

    /// Asks the exchange for the names that rows lack, as of what 自動化 prepared; a hint says that some are there.
    /// Offline, or signed out, the list stays as it is: whoever opens it next asks again.
    fn name_later(self: &Arc<Self>, rows: &[DraftRow]) {
        let mut wanted = Wanted::new();
        for office in rows.iter().filter_map(|row| row.to.as_ref()) {
            if office.name.is_empty() {
                let kinds = office.kinds.iter().map(|kind| kind.code);
                wanted.entry(office.number).or_default().extend(kinds);
            }
        }
        if wanted.is_empty() {
            return;
        }
        let core = Arc::clone(self);
        tokio::spawn(async move {
            let learnt = tokio::select! {
                () = core.closing.cancelled() => return,
                learnt = core.learn_offices(&wanted) => learnt,
            };
            if matches!(learnt, Ok(true)) {
                core.tell(DeskEvent::DraftsChanged);
            }
        });
    }

    /// A draft with what was changed since it was saved unless that was discarded; its facts are not in memory yet.
    pub(crate) async fn draft_as_opened(&self, id: CompositionId) -> Result<Composition, CommandError> {
        let draft = self.store.draft::<Composition>(id).await?;
        let draft = draft.ok_or(ProblemCode::CompositionUnknown)?.content;
        // What a crash left is in no other place, even if a person put off deciding about it.
        let working = self.store.composition::<Composition>(id).await?;
        let changed = working.map(Composition::into_draft);
        let changed = changed.filter(|working| !working.is_empty() && !working.says_the_same_as(&draft));
        Ok(changed.unwrap_or(draft))
    }

    /// Opens a draft, with what was changed since it was saved unless that was discarded.
    pub(crate) async fn open_draft(&self, id: CompositionId) -> Result<CompositionView, CommandError> {
        let mut composition = self.draft_as_opened(id).await?;
        self.recall_facts(&mut composition).await?;
        let view = {
            let mut compositions = self.compositions.lock().await;
            let settled = self.settle(&mut composition).await?;
            match self.keep(&mut compositions, composition.clone(), &settled).await {
                // It is in the store as it was saved: without room for work on it, it can be looked at and sent.
                Err(error) if error.code == ProblemCode::LocalDiskFull => {
                    compositions.insert(id, composition.clone());
                    self.keep(&mut compositions, composition, &settled).await?
                }
                kept => kept?,
            }
        };
        self.looked_up(view).await
    }

    /// Takes drafts out of the list. They can be brought back until the desk is closed.
    pub(crate) async fn delete_drafts(&self, ids: &[CompositionId]) -> Result<(), CommandError> {
        self.store.mark_drafts_deleted(ids, Some(self.now())).await?;
        self.tell(DeskEvent::DraftsChanged);
        Ok(())
    }

    /// Brings deleted drafts back. One that is gone for good is told, and the others are back.
    pub(crate) async fn restore_drafts(&self, ids: &[CompositionId]) -> Result<(), CommandError> {
        let restored = self.store.mark_drafts_deleted(ids, None).await?;
        self.tell(DeskEvent::DraftsChanged);
        match restored == ids.len() {
            true => Ok(()),
            false => Err(ProblemCode::CompositionUnknown.into()),
        }
    }

    /// Puts several drafts into one 一括送信: files, notes and attachments. They stay in the list until they are sent.
    pub(crate) async fn dispatch_drafts(&self, ids: &[CompositionId]) -> Result<CompositionView, CommandError> {
        if ids.is_empty() {
            return Err(ProblemCode::CompositionEmpty.into());
        }
        if ids.len() > limits::BULK_DELIVERIES_MAX {
            let refusal = CommandError::new(ProblemCode::BulkTooMany);
            return Err(refusal.with("max", limits::BULK_DELIVERIES_MAX));
        }
        let mut composition = Composition::new(CompositionMode::Dispatch);
        for id in ids {
            let draft = self.store.draft::<Composition>(*id).await?;
            let draft = draft.ok_or(ProblemCode::CompositionUnknown)?;
            composition.take_draft(draft.content, draft.saved_at)?;
        }
        self.recall_facts(&mut composition).await?;
        self.begin(composition).await
    }
}
