//! Partners that are not on the exchange: what is for them is printed and faxed, and recorded as such (ADR 62).
//!
//! A delivery on paper is a row among those that were sent, in a state that never leaves: nothing of it is ever given
//! to the exchange, and nothing says that it arrived. Whether it was faxed only a person knows, and only a person says it.

use care_model::{DeliveryId, Party, ProblemCode, SendUnit};
use desk_ipc::{CommandError, FaxRequest, FaxView, FaxedMark, OfficeView};
use exchange_flow::outbox::{OutboxEvent, OutboxState};
use exchange_protocol::{DeliveryHeader, PartRole};

use crate::{
    core::Core,
    cover::Cover,
    outbox::QueueOrder,
    reading::fax::Ends,
    received::Received,
    spool::Spool,
    store::{CopiedPart, Outgoing},
    words,
};

/// Whether a delivery can be printed for fax: it was put on paper, or may be; and its copies are here. Blocks.
pub(crate) fn can_fax(row: &Outgoing, header: &DeliveryHeader, spool: &Spool) -> bool {
    let on_paper = match &row.state {
        OutboxState::OnPaper { .. } => true,
        OutboxState::Held {
            problem: ProblemCode::DestinationUnknown,
            maybe_sent: false,
        } => has_forms(header),
        _ => false,
    };
    on_paper && is_whole(row, spool)
}

/// Whether every copy that a delivery was made of is here. What is on paper for long may have lost them all. Blocks.
pub(crate) fn is_whole(row: &Outgoing, spool: &Spool) -> bool {
    let parts = &row.content.parts;
    !parts.is_empty() && parts.iter().all(|place| spool.holds(place))
}

/// Whether there are forms of what a delivery holds: a deletion is for a program, attachments print by themselves.
fn has_forms(header: &DeliveryHeader) -> bool {
    let unit = header.unit.as_deref().and_then(SendUnit::of_id);
    unit.is_some_and(|unit| !unit.is_deletion())
}

impl Core {
    /// Puts what was refused on paper, because its destination is not on the exchange.
    pub(crate) async fn put_on_paper(&self, delivery: DeliveryId) -> Result<(), CommandError> {
        let row = self
            .store
            .outgoing(delivery)
            .await?
            .ok_or(ProblemCode::DeliveryUnknown)?;
        if !has_forms(&row.content.header()?) {
            return Err(ProblemCode::DeliveryUnknown.into());
        }
        self.ask_queue(|answer| QueueOrder::Paper(delivery, OutboxEvent::PutOnPaper, answer))
            .await
    }

    /// FAX済み, or not.
    pub(crate) async fn mark_faxed(&self, mark: FaxedMark) -> Result<(), CommandError> {
        let event = match mark.faxed {
            true => OutboxEvent::Faxed,
            false => OutboxEvent::NotFaxed,
        };
        self.ask_queue(|answer| QueueOrder::Paper(mark.delivery, event, answer))
            .await?;
        if mark.faxed && !self.settings().keeps_copies() {
            self.sweep_wanted.notify_one();
        }
        Ok(())
    }

    /// Sheets of a delivery on paper, from its copies.
    pub(crate) async fn fax_sheets(&self, request: FaxRequest) -> Result<FaxView, CommandError> {
        let gone = || CommandError::new(ProblemCode::KeptCopyGone).with("days", self.settings().kept_days);
        // The sweep waits until the copies were found.
        let compositions = self.compositions.lock().await;
        let row = self.store.outgoing(request.delivery).await?;
        let row = row.filter(|row| matches!(row.state, OutboxState::OnPaper { .. }));
        let row = row.ok_or(ProblemCode::DeliveryUnknown)?;
        let looked = row.clone();
        let whole = self.blocking(move |spool| Ok(is_whole(&looked, spool))).await?;
        drop(compositions);
        if !whole {
            return Err(gone());
        }
        let header = row.content.header()?;
        let cover = Cover::read(row.content.cover.as_bytes()).unwrap_or_default();
        let ends = Ends {
            from: self.own_office(header.from),
            to: row.content.to,
            contents: words::contents_of(&header, header.to),
            note: cover.note.clone(),
            at: self.now(),
        };
        let numbers = header.parts.iter().enumerate();
        let numbers = numbers
            .filter(|(_, part)| part.role != PartRole::Cover)
            .map(|(part, _)| part);
        let copies = numbers
            .zip(row.content.parts)
            .map(|(part, place)| CopiedPart { part, place })
            .collect();
        self.lay_out_fax(Received { header, cover, copies }, ends, request.from)
            .await
    }

    /// This office as it is registered, in the kind that it acts in.
    fn own_office(&self, party: Party) -> OfficeView {
        let standing = self.standing();
        let me = standing.me.as_ref().map(|me| &me.office);
        let me = me.filter(|office| office.number == party.office);
        let mut office = words::office(party.office, me.map_or("", |me| me.name.as_str()), &[party.kind]);
        office.telephone = me.and_then(|me| me.telephone.clone());
        office
    }
}
