//! Kept copies of what was sent: for 再送, for an exchange that was restored, and no longer than is set (D8, D14).
//! Those of what was received ([`crate::received`]) go with them.

use std::{collections::HashSet, sync::Arc, time::Duration};

use care_model::{DeliveryId, ProblemCode, limits};
use chrono::TimeDelta;
use desk_ipc::{CommandError, CompositionMode, CompositionView, DeskEvent};
use exchange_flow::outbox::OutboxState;
use exchange_protocol::{DeliveryHeader, DeliveryStatus, PartRole};
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    compose::{Chosen, Composition, Layout},
    core::Core,
    cover::Cover,
    fax::is_whole,
    intake::{TakenContent, TakenFile},
    received::Received,
    spool::SpoolRef,
    store::CopiedPart,
};

/// How often copies that are kept no longer are looked for while the desk is open.
const SWEPT_EVERY: Duration = Duration::from_hours(1);

impl Core {
    /// Begins a 新規作成 to the office that sent a delivery (返信), as the kind that it was for.
    pub(crate) async fn open_reply(&self, delivery: DeliveryId) -> Result<CompositionView, CommandError> {
        let received = self.store.inbox_entry(delivery).await?;
        let header = received.ok_or(ProblemCode::DeliveryUnknown)?.entry.header;
        let mut composition = Composition::new(CompositionMode::Compose);
        composition.chosen = Some(Chosen {
            to: header.from,
            as_kind: Some(header.to.kind),
        });
        self.begin(composition).await
    }

    /// Begins a 新規作成 from the kept copy of what was sent (再送). It is a new send under new identities; that the
    /// same was sent before is asked about as always.
    pub(crate) async fn open_resend(&self, delivery: DeliveryId) -> Result<CompositionView, CommandError> {
        // The sweep waits until the new composition names the copies.
        let mut compositions = self.compositions.lock().await;
        let composition = self.kept_composition(delivery).await?;
        let view = self.begin_in(&mut compositions, composition).await?;
        drop(compositions);
        self.looked_up(view).await
    }

    /// What was sent, from its kept copy, as a composition that is not stored yet; refused where the copy is gone.
    pub(crate) async fn kept_composition(&self, delivery: DeliveryId) -> Result<Composition, CommandError> {
        let gone = || CommandError::new(ProblemCode::KeptCopyGone).with("days", self.settings().kept_days);
        let row = self.store.outgoing(delivery).await?.ok_or_else(gone)?;
        let on_paper = matches!(row.state, OutboxState::OnPaper { .. });
        if !on_paper && !matches!(row.state, OutboxState::Sent { .. } | OutboxState::Cancelled) {
            return Err(ProblemCode::SendUnsettled.into());
        }
        // What is still here then waits for the other side, and is for an exchange that was restored (D8).
        if !on_paper && !self.settings().keeps_copies() {
            return Err(gone());
        }
        let header = row.content.header()?;
        let looked = row.clone();
        let whole = self.blocking(move |spool| Ok(is_whole(&looked, spool))).await?;
        if !whole {
            return Err(gone());
        }
        let cover = Cover::read(row.content.cover.as_bytes()).unwrap_or_default();
        let mut names = cover.attachments.into_iter();
        let (mut standard, mut attachments) = (Vec::new(), Vec::new());
        let content = header.parts.into_iter().filter(|part| part.role != PartRole::Cover);
        for (part, place) in content.zip(row.content.parts) {
            let attachable = part.role == PartRole::Attachment;
            let taken = |name: String| TakenFile {
                name,
                size_bytes: part.size_bytes,
                origin: None,
                content: Ok(TakenContent {
                    place,
                    digest: part.digest,
                    facts: None,
                    attachable,
                }),
            };
            match part.name {
                Some(name) => standard.push(taken(name)),
                None => attachments.push(taken(names.next().ok_or_else(gone)?)),
            }
        }
        let mut composition = Composition::new(CompositionMode::Compose);
        composition.note = cover.note;
        if standard.is_empty() {
            composition.chosen = Some(Chosen {
                to: header.to,
                as_kind: Some(header.from.kind),
            });
        }
        composition.add(standard, None);
        self.recall_facts(&mut composition).await?;
        // What travelled as an attachment does so again, whatever it is called.
        let around = self.surroundings(&composition).await?;
        Layout::of(&mut composition, &around);
        let first = composition.first_delivery();
        composition.add(attachments, first);
        Ok(composition)
    }

    /// The kept copies of what was sent as what is read of it; none where one is gone or copies are not kept.
    pub(crate) async fn kept_sent(
        &self,
        header: DeliveryHeader,
        places: Vec<SpoolRef>,
    ) -> Result<Option<Received>, CommandError> {
        // What is still here with 0 days waits for the other side and is not to be read.
        if !self.settings().keeps_copies() {
            return Ok(None);
        }
        let all = places.clone();
        let whole = self
            .blocking(move |spool| Ok(all.iter().all(|place| spool.holds(place))))
            .await?;
        if !whole {
            return Ok(None);
        }
        let parts = header.parts.iter().enumerate();
        let numbered = parts.filter(|(_, part)| part.role != PartRole::Cover);
        let copies = numbered
            .zip(places)
            .map(|((part, _), place)| CopiedPart { part, place });
        Ok(Some(Received {
            cover: Cover::default(),
            copies: copies.collect(),
            header,
        }))
    }

    /// At the start: forgets what was only left over, and deletes every copy that nothing needs any more.
    pub(crate) async fn sweep(&self) -> Result<(), CommandError> {
        self.store.purge_deleted_drafts().await?;
        for stored in self.store.working::<Composition>().await? {
            if stored.working.is_empty() {
                self.store.drop_working(stored.id).await?;
            }
        }
        self.forget_kept().await?;
        self.forget_received().await?;
        let used = self.used_copies().await?;
        let swept = self.blocking(move |spool| spool.sweep(&used)).await?;
        if swept > 0 {
            tracing::info!(swept, "copies that nothing needs were deleted");
        }
        Ok(())
    }

    /// Deletes kept copies that are older than is set, while other copies may be in the making.
    pub(crate) async fn sweep_kept(&self) -> Result<(), CommandError> {
        // Nobody begins a 再送 from what is just being forgotten.
        let compositions = self.compositions.lock().await;
        let before: Vec<SpoolRef> = self.kept_copies().await?;
        let (sent, received) = (self.forget_kept().await?, self.forget_received().await?);
        if sent == 0 && received == 0 {
            return Ok(());
        }
        let used = self.used_copies().await?;
        self.blocking(move |spool| {
            let unused = before.iter().filter(|place| !used.contains(&place.id()));
            unused.for_each(|place| spool.remove(place));
            Ok(())
        })
        .await?;
        drop(compositions);
        if sent > 0 {
            self.tell(DeskEvent::OutboxChanged);
        }
        if received > 0 {
            self.tell(DeskEvent::InboxChanged);
        }
        Ok(())
    }

    /// Sweeps now and then, and whenever it is asked for, until the desk closes; and makes the copies that are missing.
    pub(crate) async fn keep_sweeping(self: Arc<Self>) {
        let mut ticks = interval(SWEPT_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.closing.cancelled() => return,
                () = self.sweep_wanted.notified() => {}
                _ = ticks.tick() => {}
            }
            let swept = async {
                self.sweep_kept().await?;
                self.keep_all_received().await
            };
            if let Err(error) = swept.await {
                tracing::warn!(
                    code = error.code.as_str(),
                    "kept copies cannot be swept; it is tried again later"
                );
            }
        }
    }

    /// Forgets sends whose copy is kept no longer: after the days that are set once they came to an end, and after
    /// the time for which the exchange keeps them however they stand.
    async fn forget_kept(&self) -> Result<usize, CommandError> {
        let now = self.now();
        let kept = now - TimeDelta::days(i64::from(self.settings().kept_days));
        let waited_for = now - TimeDelta::days(limits::RETENTION_DAYS);
        Ok(self.store.forget_outgoing(kept, waited_for).await?)
    }

    async fn kept_copies(&self) -> Result<Vec<SpoolRef>, CommandError> {
        let mut copies = self.store.received_copies().await?;
        let sent = self.store.all_outgoing().await?;
        copies.extend(sent.into_iter().flat_map(|row| row.content.parts));
        Ok(copies)
    }

    /// The copies that a composition, a draft, a send or a reading of what was received needs.
    pub(crate) async fn used_copies(&self) -> Result<HashSet<uuid::Uuid>, CommandError> {
        let mut used: HashSet<uuid::Uuid> = self.kept_copies().await?.iter().map(SpoolRef::id).collect();
        for composition in self.store.all_compositions::<Composition>().await? {
            used.extend(composition.places().map(SpoolRef::id));
        }
        Ok(used)
    }

    /// Offers everything again that a restored exchange may have forgotten; the same identity makes that safe (D8).
    pub(crate) async fn offer_again(self: &Arc<Self>, line: &crate::session::Line) -> Result<(), CommandError> {
        for row in self.store.all_outgoing().await? {
            let listed = self.store.outbox_entry(row.delivery).await?;
            let ended = listed
                .is_some_and(|entry| !matches!(entry.status, DeliveryStatus::Waiting | DeliveryStatus::Claimed { .. }));
            if matches!(row.state, OutboxState::Sent { .. }) && !ended {
                crate::outbox::offer(self, line, &row).await?;
            }
        }
        Ok(())
    }
}
