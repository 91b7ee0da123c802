//! What a page does with compositions and drafts: each change is stored before it is answered.

use std::collections::HashMap;

use care_model::{DeliveryId, OfficeRole, Party, ProblemCode, ServiceKind, limits};
use desk_ipc::{
    AddDrop, AttachFiles, ChooseDestination, CommandError, ComposeStart, CompositionId, CompositionMode,
    CompositionView, DeskEvent, DropId, EditNote, PastedFiles, RemoveFile, SendRow, SendStart, SendStateView, SendView,
    UnfinishedRow, UnitView,
};
use exchange_flow::outbox::OutboxState;
use kill_point::{Point, reach};
use sealing::Key;

use crate::{
    compose::{Chosen, Composition, Layout, Ready, Settled, Surroundings, refusal_with_limits},
    core::{Core, lock},
    directory::Wanted,
    intake::{self, Dropped, TakenFile},
    outbox::{QueueOrder, state_view},
    refusal,
    store::ValueName,
    words,
};

impl Core {
    pub(crate) async fn open_composition(&self, start: ComposeStart) -> Result<CompositionView, CommandError> {
        let mut composition = Composition::new(start.mode);
        if let Some(drop) = start.drop {
            composition.add(self.take_drop(&drop).await?, None);
        }
        self.begin(composition).await
    }

    pub(crate) async fn composition_view(&self, id: CompositionId) -> Result<CompositionView, CommandError> {
        // Identities made at this look are stored like any other change.
        self.change(id, |_| Ok(())).await
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

    /// Sets or clears the office that attachments alone go to. An office that is this one in the same kind is refused
    /// at once (D16); whether the other is on the exchange is shown with it.
    pub(crate) async fn choose_destination(&self, choose: ChooseDestination) -> Result<CompositionView, CommandError> {
        let chosen = choose.to.map(|to| Chosen {
            to: Party::new(to.number, to.kind),
            as_kind: None,
        });
        if let Some(chosen) = chosen {
            self.may_be_chosen(&chosen)?;
        }
        self.change(choose.composition, |composition| {
            if composition.mode == CompositionMode::Dispatch {
                return Err(ProblemCode::RequestMalformed.into());
            }
            composition.chosen = chosen;
            Ok(())
        })
        .await
    }

    fn may_be_chosen(&self, chosen: &Chosen) -> Result<(), CommandError> {
        let standing = self.standing();
        let identity = standing.identity.as_ref().ok_or(ProblemCode::ProfileEmpty)?;
        let of_me = standing.me.as_ref().map(|me| me.office.kinds.as_slice());
        match chosen.sender(identity.office, of_me.unwrap_or(&identity.kinds)) {
            Some(_) => Ok(()),
            None => Err(ProblemCode::DestinationIsSender.into()),
        }
    }

    /// Begins a 新規作成 to an office, with what is taken in already.
    pub(crate) async fn begin(&self, composition: Composition) -> Result<CompositionView, CommandError> {
        let view = {
            let mut compositions = self.compositions.lock().await;
            self.begin_in(&mut compositions, composition).await?
        };
        self.looked_up(view).await
    }

    /// Begins one where nobody else may change compositions already. Whoever has let them go asks `looked_up` then.
    pub(crate) async fn begin_in(
        &self,
        compositions: &mut HashMap<CompositionId, Composition>,
        mut composition: Composition,
    ) -> Result<CompositionView, CommandError> {
        let settled = self.settle(&mut composition).await?;
        self.keep(compositions, composition, &settled).await
    }

    /// Takes files that were pasted. They are in the spool before this answers; the page adds them like any drop.
    pub(crate) async fn paste_files(&self, pasted: PastedFiles) -> Result<desk_ipc::DropView, CommandError> {
        let files = intake::decode_pasted(pasted)?;
        let taken = self.blocking(move |spool| intake::take_pasted(spool, files)).await?;
        let files = intake::glance_at(&taken);
        let id = DropId::generate();
        lock(&self.drops).put(id, Dropped::Pasted(taken));
        Ok(desk_ipc::DropView { id, files })
    }

    /// What an earlier process left without discarding or saving it. What was only looked at, and what is saved as it
    /// stands, is not listed.
    pub(crate) async fn unfinished(&self) -> Result<Vec<UnfinishedRow>, CommandError> {
        let open = self.compositions.lock().await;
        let mut rows = Vec::new();
        for stored in self.store.working::<Composition>().await? {
            let working = &stored.working;
            let saved = stored.draft.is_some_and(|draft| draft.says_the_same_as(working));
            if open.contains_key(&stored.id) || working.is_empty() || saved {
                continue;
            }
            let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
            rows.push(UnfinishedRow {
                id: stored.id,
                mode: working.mode,
                changed_at: stored.changed_at,
                files: count(working.files.len()),
                deliveries: count(working.planned()),
            });
        }
        Ok(rows)
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

    /// Gives what can be sent to the queue, and what was refused to it once more. Asked again while the first is still
    /// under way, or when nothing is left, it answers how that stands: nothing goes twice, and the next batch of a
    /// 一括送信 never by a second click.
    pub(crate) async fn send_composition(&self, start: SendStart) -> Result<SendView, CommandError> {
        if start.on_paper.len() > limits::BULK_DELIVERIES_MAX {
            return Err(ProblemCode::RequestMalformed.into());
        }
        let wanted = self.wanted_by(start.composition).await?;
        // An office may have joined since it was looked for.
        self.forget_absent(&wanted);
        self.learn_offices(&wanted).await?;
        let mut compositions = self.compositions.lock().await;
        let mut composition = self.find(&mut compositions, start.composition).await?;
        let mut held: Vec<DeliveryId> = Vec::new();
        if !composition.sent.is_empty() {
            let earlier = self.store.outgoing_of_composition(start.composition).await?;
            let open = |state: &OutboxState| matches!(state, OutboxState::Queued { .. } | OutboxState::Sending { .. });
            if composition.files.is_empty() || earlier.iter().any(|row| open(&row.state)) {
                drop(compositions);
                return self.send_view(start.composition).await;
            }
            let refused = earlier
                .iter()
                .filter(|row| matches!(row.state, OutboxState::Held { .. }));
            held.extend(refused.map(|row| row.delivery));
        }
        let settled = self.settle(&mut composition).await?;
        let goes = settled.layout.deliveries.iter().any(|laid| laid.goes(&start.on_paper));
        if (settled.layout.can_send && goes) || held.is_empty() {
            let mut ready = Ready::prepare(composition, &settled, start.confirmed, &start.on_paper, self.now())?;
            let places: Vec<_> = ready.rows.iter().flat_map(|row| row.content.parts.clone()).collect();
            self.blocking(move |spool| spool.sync(&places)).await?;
            self.store.add_outgoing(&ready, self.now()).await?;
            compositions.insert(start.composition, ready.left);
            // What is printed is none of the queue's business.
            ready.rows.retain(|row| matches!(row.state, OutboxState::Queued { .. }));
            let _ = self.queue.send(QueueOrder::Add(ready.rows));
            self.tell(DeskEvent::DraftsChanged);
            self.tell(DeskEvent::OutboxChanged);
        }
        drop(compositions);
        for delivery in held {
            self.ask_queue(|answer| QueueOrder::Retry(delivery, answer)).await?;
        }
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
            on_paper: count(|state| matches!(state, SendStateView::OnPaper { .. })),
            deliveries,
        })
    }

    pub(crate) async fn change(
        &self,
        id: CompositionId,
        change: impl FnOnce(&mut Composition) -> Result<(), CommandError>,
    ) -> Result<CompositionView, CommandError> {
        let view = self.change_known(id, change).await?;
        self.looked_up(view).await
    }

    /// Changes a composition by what is known here, without asking the directory.
    async fn change_known(
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

    /// A composition once the directory was asked about its offices, while nobody waits for it.
    pub(crate) async fn looked_up(&self, view: CompositionView) -> Result<CompositionView, CommandError> {
        let wanted = self.wanted_by(view.id).await?;
        match self.learn_offices(&wanted).await {
            Ok(true) => self.change_known(view.id, |_| Ok(())).await,
            Ok(false) => Ok(view),
            // A look must go well on a full disk too: its offices are shown as they were known.
            Err(error) if error.code == ProblemCode::LocalDiskFull => Ok(view),
            Err(error) => Err(error),
        }
    }

    /// The offices to which a composition would go.
    async fn wanted_by(&self, id: CompositionId) -> Result<Wanted, CommandError> {
        let mut compositions = self.compositions.lock().await;
        Ok(wanted(&self.find(&mut compositions, id).await?))
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
    pub(crate) async fn settle(&self, composition: &mut Composition) -> Result<Settled, CommandError> {
        let around = self.surroundings(composition).await?;
        let mut layout = Layout::of(composition, &around);
        let fingerprints: Vec<_> = layout.deliveries.iter().map(|laid| laid.fingerprint).collect();
        let history = self.store.history(&fingerprints, &layout.marks()).await?;
        layout.note_history(composition, &around, &history);
        Ok(Settled { around, layout })
    }

    /// Stores a composition, if anything of it changed, and shows it. A look must go well on a full disk too.
    pub(crate) async fn keep(
        &self,
        compositions: &mut HashMap<CompositionId, Composition>,
        composition: Composition,
        settled: &Settled,
    ) -> Result<CompositionView, CommandError> {
        let stored = compositions.get(&composition.id);
        if !stored.is_some_and(|stored| stored.is_stored_as(&composition)) {
            self.store
                .put_composition(composition.id, &composition, self.now())
                .await?;
        }
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

    /// What is around a composition, as far as it is known here.
    pub(crate) async fn surroundings(&self, composition: &Composition) -> Result<Surroundings, CommandError> {
        let (identity, me) = {
            let standing = self.standing();
            (standing.identity.clone(), standing.me.clone())
        };
        let identity = identity.ok_or(ProblemCode::ProfileEmpty)?;
        let wanted = wanted(composition);
        Ok(Surroundings {
            last_exchange: self.last_exchanges(&wanted.keys().copied().collect()).await?,
            offices: self.remembered_offices(&wanted).await?,
            fingerprint_secret: self.fingerprint_secret().await?,
            office: Some(identity.office),
            kinds: me.as_ref().map_or(identity.kinds, |me| me.office.kinds.clone()),
            licence_ended: me.as_ref().is_some_and(|me| me.licence.until < self.now()),
            person: me.map(|me| me.person_name),
        })
    }

    pub(crate) async fn fingerprint_secret(&self) -> Result<[u8; 32], CommandError> {
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
        let dropped = lock(&self.drops).get(id).ok_or(ProblemCode::DropUnknown)?;
        match dropped {
            Dropped::Paths(paths) if paths.len() > limits::DROP_FILES_MAX => {
                Err(refusal_with_limits(ProblemCode::DropTooMany))
            }
            Dropped::Paths(paths) => {
                let taken = self.blocking(move |spool| intake::take(spool, &paths)).await;
                reach(Point::DropCopied);
                taken
            }
            Dropped::Pasted(taken) => Ok(taken),
        }
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
}

/// The offices that a composition names, each with the kinds it is addressed in.
fn wanted(composition: &Composition) -> Wanted {
    let mut wanted = Wanted::new();
    for file in &composition.files {
        let reading = care_model::NameReading::of(&file.taken.name);
        if let Some(name) = reading.standard() {
            wanted.entry(name.to.office).or_default().extend(name.to.kind);
        }
    }
    if let Some(chosen) = &composition.chosen {
        wanted.entry(chosen.to.office).or_default().insert(chosen.to.kind);
    }
    wanted
}
