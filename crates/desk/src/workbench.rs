//! What a page does with compositions and drafts: each change is stored before it is answered.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
};

use care_model::{DeliveryId, OfficeNumber, OfficeRole, ProblemCode, ServiceKind, limits};
use chrono::TimeDelta;
use desk_ipc::{
    AddDrop, AttachFiles, CommandError, ComposeStart, CompositionId, CompositionMode, CompositionView, DeskEvent,
    DraftRow, DropId, EditNote, RemoveFile, SendRow, SendStart, SendStateView, SendView, UnitView,
};
use exchange_flow::outbox::OutboxState;
use sealing::Key;

use crate::{
    compose::{Composition, Layout, Ready, Settled, Surroundings, refusal_with_limits},
    core::{Core, lock},
    intake::{self, TakenFile},
    outbox::{QueueOrder, state_view},
    refusal,
    store::ValueName,
    words,
};

/// How long a copy of what was sent is kept (D14).
const KEPT_DAYS: i64 = 90;
/// Characters of a note that 下書き一覧 shows.
const NOTE_BEGINNING_CHARS: usize = 40;

impl Core {
    pub(crate) async fn open_composition(&self, start: ComposeStart) -> Result<CompositionView, CommandError> {
        let mut composition = Composition::new(start.mode);
        if let Some(drop) = start.drop {
            composition.add(self.take_drop(&drop).await?, None);
        }
        let mut compositions = self.compositions.lock().await;
        let settled = self.settle(&mut composition).await?;
        self.keep(&mut compositions, composition, &settled).await
    }

    pub(crate) async fn composition_view(&self, id: CompositionId) -> Result<CompositionView, CommandError> {
        let mut compositions = self.compositions.lock().await;
        let mut composition = self.find(&mut compositions, id).await?;
        let settled = self.settle(&mut composition).await?;
        // Identities made at this look are stored like any other change.
        self.keep(&mut compositions, composition, &settled).await
    }

    pub(crate) async fn add_drop(&self, add: AddDrop) -> Result<CompositionView, CommandError> {
        let taken = self.take_drop(&add.drop).await?;
        self.change(add.composition, |composition| {
            composition.add(taken, None);
            Ok(())
        })
        .await
    }

    pub(crate) async fn attach_files(&self, attach: AttachFiles) -> Result<CompositionView, CommandError> {
        let mut taken = self.take_drop(&attach.drop).await?;
        self.change(attach.composition, |composition| {
            if !composition.has(attach.delivery) {
                return Err(ProblemCode::DeliveryUnknown.into());
            }
            for file in &mut taken {
                // What was attached by name travels as an attachment or not at all.
                if let Ok(content) = &mut file.content {
                    content.facts = None;
                }
            }
            composition.add(taken, Some(attach.delivery));
            Ok(())
        })
        .await
    }

    pub(crate) async fn remove_file(&self, remove: RemoveFile) -> Result<CompositionView, CommandError> {
        self.change(remove.composition, |composition| {
            composition.remove(remove.file);
            Ok(())
        })
        .await
    }

    pub(crate) async fn edit_note(&self, edit: EditNote) -> Result<CompositionView, CommandError> {
        self.change(edit.composition, |composition| {
            composition.set_note(edit.delivery, edit.note)
        })
        .await
    }

    pub(crate) async fn turn_into_dispatch(&self, id: CompositionId) -> Result<CompositionView, CommandError> {
        self.change(id, |composition| {
            composition.turn_into_dispatch();
            Ok(())
        })
        .await
    }

    /// What this office may send, by the roles of its service kinds.
    pub(crate) fn list_units(&self) -> Result<Vec<UnitView>, CommandError> {
        let standing = self.standing();
        let of_identity = standing.identity.as_ref().map(|identity| identity.kinds.as_slice());
        let of_me = standing.me.as_ref().map(|me| me.office.kinds.as_slice());
        let kinds = of_me.or(of_identity).ok_or(ProblemCode::ProfileEmpty)?;
        let roles: Vec<OfficeRole> = kinds.iter().map(ServiceKind::role).collect();
        Ok(words::units_of(&roles))
    }

    pub(crate) async fn discard_composition(&self, id: CompositionId) -> Result<(), CommandError> {
        let mut compositions = self.compositions.lock().await;
        compositions.remove(&id);
        Ok(self.store.drop_working(id).await?)
    }

    /// Gives what can be sent to the queue. Asked a second time it answers how the first stands.
    pub(crate) async fn send_composition(&self, start: SendStart) -> Result<SendView, CommandError> {
        let mut compositions = self.compositions.lock().await;
        let mut composition = self.find(&mut compositions, start.composition).await?;
        let again = composition.files.is_empty() && !composition.sent.is_empty();
        if !again {
            let settled = self.settle(&mut composition).await?;
            let ready = Ready::prepare(composition, &settled, start.confirmed, self.now())?;
            let places: Vec<_> = ready.rows.iter().flat_map(|row| row.content.parts.clone()).collect();
            self.blocking(move |spool| spool.sync(&places)).await?;
            self.store
                .add_outgoing(&ready.rows, &ready.left, start.composition)
                .await?;
            compositions.insert(start.composition, ready.left);
            let _ = self.queue.send(QueueOrder::Add(ready.rows));
            self.tell(DeskEvent::DraftsChanged);
            self.tell(DeskEvent::OutboxChanged);
        }
        drop(compositions);
        self.send_view(start.composition).await
    }

    pub(crate) async fn send_view(&self, id: CompositionId) -> Result<SendView, CommandError> {
        let rows = self.store.outgoing_of_composition(id).await?;
        if rows.is_empty() {
            return Err(ProblemCode::CompositionUnknown.into());
        }
        let deliveries: Vec<SendRow> = rows
            .iter()
            .map(|row| SendRow {
                delivery: row.delivery,
                to: row.content.to.clone(),
                unit_name: row.content.unit_name.clone(),
                state: state_view(self, row),
            })
            .collect();
        let count = |of: fn(&SendStateView) -> bool| {
            u32::try_from(deliveries.iter().filter(|row| of(&row.state)).count()).unwrap_or(u32::MAX)
        };
        Ok(SendView {
            composition: id,
            finished: count(|state| matches!(state, SendStateView::Queued { .. } | SendStateView::Sending)) == 0,
            sent: count(|state| matches!(state, SendStateView::Sent { .. })),
            held: count(|state| matches!(state, SendStateView::Held { .. })),
            deliveries,
        })
    }

    pub(crate) async fn save_draft(&self, id: CompositionId) -> Result<(), CommandError> {
        let mut compositions = self.compositions.lock().await;
        let composition = self.find(&mut compositions, id).await?;
        if composition.mode == CompositionMode::Dispatch {
            return Err(ProblemCode::RequestMalformed.into());
        }
        if composition.files.is_empty() && composition.note.is_empty() {
            return Err(ProblemCode::CompositionEmpty.into());
        }
        let places: Vec<_> = composition.places().cloned().collect();
        self.blocking(move |spool| spool.sync(&places)).await?;
        self.store.put_draft(id, &composition, self.now()).await?;
        self.tell(DeskEvent::DraftsChanged);
        Ok(())
    }

    pub(crate) async fn drafts(&self) -> Result<Vec<DraftRow>, CommandError> {
        let drafts = self.store.drafts::<Composition>().await?;
        let mut rows = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let mut composition = draft.content;
            self.recall_facts(&mut composition).await?;
            let around = self.surroundings(false, &composition).await?;
            let view = Layout::of(&mut composition, &around).view(&composition, &around, true);
            let first = view.deliveries.first();
            rows.push(DraftRow {
                id: draft.id,
                saved_at: draft.saved_at,
                to: first.map(|planned| planned.to.clone()),
                contents: first.map_or_else(String::new, |planned| {
                    words::contents(&planned.unit_name, planned.month, planned.recipients)
                }),
                files: u32::try_from(composition.files.len()).unwrap_or(u32::MAX),
                note: composition.note.chars().take(NOTE_BEGINNING_CHARS).collect(),
            });
        }
        Ok(rows)
    }

    pub(crate) async fn open_draft(&self, id: CompositionId) -> Result<CompositionView, CommandError> {
        let mut compositions = self.compositions.lock().await;
        let draft = self.store.draft::<Composition>(id).await?;
        let mut composition = draft.ok_or(ProblemCode::CompositionUnknown)?.content;
        self.recall_facts(&mut composition).await?;
        let settled = self.settle(&mut composition).await?;
        self.keep(&mut compositions, composition, &settled).await
    }

    pub(crate) async fn delete_draft(&self, id: CompositionId) -> Result<(), CommandError> {
        self.store.drop_draft(id).await?;
        self.tell(DeskEvent::DraftsChanged);
        Ok(())
    }

    /// Deletes copies that nothing needs any more, and forgets what was sent long ago.
    pub(crate) async fn sweep(&self) -> Result<(), CommandError> {
        self.store
            .forget_outgoing(self.now() - TimeDelta::days(KEPT_DAYS))
            .await?;
        let mut used: HashSet<uuid::Uuid> = HashSet::new();
        for composition in self.store.all_compositions::<Composition>().await? {
            used.extend(composition.places().map(crate::spool::SpoolRef::id));
        }
        for row in self.store.all_outgoing().await? {
            used.extend(row.content.parts.iter().map(crate::spool::SpoolRef::id));
        }
        let swept = self.blocking(move |spool| spool.sweep(&used)).await?;
        if swept > 0 {
            tracing::info!(swept, "copies that nothing needs were deleted");
        }
        Ok(())
    }

    pub(crate) async fn change(
        &self,
        id: CompositionId,
        change: impl FnOnce(&mut Composition) -> Result<(), CommandError>,
    ) -> Result<CompositionView, CommandError> {
        let mut compositions = self.compositions.lock().await;
        let mut composition = self.find(&mut compositions, id).await?;
        change(&mut composition)?;
        let settled = self.settle(&mut composition).await?;
        self.keep(&mut compositions, composition, &settled).await
    }

    pub(crate) async fn find(
        &self,
        compositions: &mut HashMap<CompositionId, Composition>,
        id: CompositionId,
    ) -> Result<Composition, CommandError> {
        if let Some(composition) = compositions.get(&id) {
            return Ok(composition.clone());
        }
        let stored = self.store.composition::<Composition>(id).await?;
        let mut stored = stored.ok_or(ProblemCode::CompositionUnknown)?;
        self.recall_facts(&mut stored).await?;
        Ok(stored)
    }

    /// Learns what is around a composition and lays it out, which gives its deliveries their identities.
    async fn settle(&self, composition: &mut Composition) -> Result<Settled, CommandError> {
        let around = self.surroundings(true, composition).await?;
        let mut layout = Layout::of(composition, &around);
        let mut sent = HashMap::new();
        for laid in &layout.deliveries {
            if let Some(at) = self.store.sent_before(&laid.fingerprint).await? {
                sent.insert(laid.fingerprint, at);
            }
        }
        layout.note_sent_before(composition, &sent);
        Ok(Settled { around, layout })
    }

    /// Stores a composition and shows it.
    async fn keep(
        &self,
        compositions: &mut HashMap<CompositionId, Composition>,
        composition: Composition,
        settled: &Settled,
    ) -> Result<CompositionView, CommandError> {
        self.store
            .put_composition(composition.id, &composition, self.now())
            .await?;
        let is_draft = self.store.has_draft(composition.id).await?;
        let mut view = settled.layout.view(&composition, &settled.around, is_draft);
        if !composition.sent.is_empty() {
            let rows = self.store.outgoing_of_composition(composition.id).await?;
            for planned in &mut view.deliveries {
                let row = rows.iter().find(|row| row.delivery == planned.delivery);
                planned.sending = row.map(|row| state_view(self, row));
            }
        }
        compositions.insert(composition.id, composition);
        Ok(view)
    }

    async fn surroundings(&self, ask: bool, composition: &Composition) -> Result<Surroundings, CommandError> {
        let (identity, me) = {
            let standing = self.standing();
            (standing.identity.clone(), standing.me.clone())
        };
        let identity = identity.ok_or(ProblemCode::ProfileEmpty)?;
        let destinations: HashSet<OfficeNumber> = composition
            .files
            .iter()
            .filter_map(|file| {
                let reading = care_model::NameReading::of(&file.taken.name);
                reading.standard().map(|name| name.to.office)
            })
            .collect();
        let destinations: Vec<OfficeNumber> = destinations.into_iter().collect();
        Ok(Surroundings {
            offices: if ask {
                self.look_up(&destinations).await?
            } else {
                self.remembered_offices(&destinations).await?
            },
            fingerprint_secret: self.fingerprint_secret().await?,
            office: Some(identity.office),
            kinds: me.as_ref().map_or(identity.kinds, |me| me.office.kinds.clone()),
            licence_ended: me.as_ref().is_some_and(|me| me.licence.until < self.now()),
            person: me.map(|me| me.person_name),
        })
    }

    async fn fingerprint_secret(&self) -> Result<[u8; 32], CommandError> {
        if let Some(secret) = self.store.value::<[u8; 32]>(ValueName::FingerprintSecret).await? {
            return Ok(secret);
        }
        let secret = *Key::generate().expose();
        self.store.set_value(ValueName::FingerprintSecret, &secret).await?;
        Ok(secret)
    }

    /// Copies a drop into the spool.
    async fn take_drop(&self, id: &DropId) -> Result<Vec<TakenFile>, CommandError> {
        if !self.store.is_unlocked() {
            return Err(ProblemCode::PassphraseRequired.into());
        }
        let paths: Vec<PathBuf> = lock(&self.drops).get(id).ok_or(ProblemCode::DropUnknown)?;
        if paths.len() > limits::DROP_FILES_MAX {
            return Err(refusal_with_limits(ProblemCode::DropTooMany));
        }
        self.blocking(move |spool| intake::take(spool, &paths)).await
    }

    /// Runs work on the spool where blocking is allowed.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&crate::spool::Spool) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, CommandError> {
        let spool = self.spool.clone();
        match tokio::task::spawn_blocking(move || work(&spool)).await {
            Ok(result) => result.map_err(|error| refusal::of_profile_io(&error)),
            Err(error) => Err(refusal::logged(ProblemCode::Internal, &error.is_panic())),
        }
    }

    /// Offers everything again that a restored exchange may have forgotten; the same identity makes that safe (D8).
    pub(crate) async fn offer_again(self: &Arc<Self>, line: &crate::session::Line) -> Result<(), CommandError> {
        let ended: HashSet<DeliveryId> = self
            .store
            .outbox()
            .await?
            .into_iter()
            .filter(|entry| {
                !matches!(
                    entry.status,
                    exchange_protocol::DeliveryStatus::Waiting | exchange_protocol::DeliveryStatus::Claimed { .. }
                )
            })
            .map(|entry| entry.header.id)
            .collect();
        for row in self.store.all_outgoing().await? {
            if matches!(row.state, OutboxState::Sent { .. }) && !ended.contains(&row.delivery) {
                crate::outbox::offer(self, line, &row).await;
            }
        }
        Ok(())
    }
}
