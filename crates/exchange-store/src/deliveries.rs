//! Acts on deliveries: accept, claim, take over, serve, confirm, recall, expire.
//!
//! Every act but the first loads the state, asks [`exchange_flow::delivery::step`], and executes what came out.

use bytes::Bytes;
use care_model::{DeliveryId, Digest, OfficeNumber, TerminalId};
use chrono::{DateTime, Utc};
use exchange_flow::acceptance::{Identity, identity};
use exchange_flow::delivery::{DeliveryEvent, DeliveryRefusal, DeliveryState, step};
use exchange_protocol::{Accepted, Claim, DeliveryHeader, Received};
use kill_point::{Point, reach};
use sealing::Key;

use crate::{
    Act, Store, StoreError,
    accepted::{Acceptance, AcceptedRow},
    audit::AuditLine,
    convert,
    loaded::{Loaded, load},
    mailbox::Touches,
    stepped::store_state,
    writer::Batch,
};

/// Who acts, for the audit and for the rules.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The office that is signed in.
    pub office: OfficeNumber,
    /// The key of the person's account.
    pub account: String,
    /// The terminal.
    pub terminal: TerminalId,
}

/// A delivery that came as one request, checked against its digests.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// The header, read.
    pub header: DeliveryHeader,
    /// Its bytes as sent.
    pub header_json: Bytes,
    /// The bytes of all parts, one after the other.
    pub content: Bytes,
}

/// Why a delivery was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The same id came with another digest.
    Conflict,
    /// As much waits for the destination as may.
    MailboxFull,
    /// The office sent as many on this day as it may.
    SendsADay {
        /// How many that is.
        max: u64,
    },
    /// As many large deliveries of the office are on their way as may be at the same time.
    Uploads,
}

/// Why an act on a delivery was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimRefusal {
    /// There is no such delivery for this office.
    Unknown,
    /// The rules refuse it.
    Refused(DeliveryRefusal),
    /// There is no such part, or the range is outside of it.
    NoSuchRange,
}

/// Accepts a delivery, or answers what was answered the first time its id came (D3). For acts that were queued with
/// [`Touches::Send`].
pub(crate) async fn accept(
    batch: &mut Batch,
    new: Acceptance,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Result<Accepted, Refusal>, StoreError> {
    batch.refuse_retired(&new.wrapped_key)?;
    let known = match batch.ahead.is_new(new.id) {
        true => None,
        false => load(batch, new.id).await?,
    };
    if let Some(known) = known {
        // A retry of what was accepted is answered as it was then, however much there is by now.
        return Ok(same_or_conflict(&known, new.digest, new.from));
    }
    let outbox = *batch.mailbox(new.from).await?;
    let inbox = *batch.mailbox(new.to).await?;
    let day = convert::day_of_japan(now);
    if let Err(refusal) = outbox.may_send(day).and_then(|()| inbox.has_room(new.content_bytes)) {
        return Ok(Err(refusal));
    }
    let kept_until = convert::stored(now) + batch.retention().await?;
    let (id, from, to) = (new.id, new.from, new.to);
    let mailbox = batch.mailbox(from).await?;
    mailbox.outbox_sequence += 1;
    mailbox.sent(day);
    let (outbox_sequence, outbox_change) = (mailbox.outbox_sequence, mailbox.change_outbox());
    let mailbox = batch.mailbox(to).await?;
    mailbox.inbox_sequence += 1;
    mailbox.waits(new.content_bytes);
    let (inbox_sequence, inbox_change) = (mailbox.inbox_sequence, mailbox.change_inbox());
    batch.accepted(AcceptedRow {
        new,
        accepted_at: now,
        kept_until,
        outbox_sequence,
        inbox_sequence,
        outbox_change,
        inbox_change,
    });
    batch.audit(AuditLine::new(now, Act::Accept, actor).of_delivery(id, from, to));
    Ok(Ok(Accepted {
        id,
        accepted_at: convert::stored(now),
        sequence: outbox_sequence,
    }))
}

fn same_or_conflict(known: &Loaded, digest: Digest, from: OfficeNumber) -> Result<Accepted, Refusal> {
    match identity(Some((known.digest, known.from)), digest, from) {
        Identity::Same => Ok(known.accepted()),
        Identity::New | Identity::Conflict => Err(Refusal::Conflict),
    }
}

impl Store {
    /// Accepts a delivery that came as one request. The bytes are sealed before the writer sees them.
    pub async fn accept(
        &self,
        new: NewDelivery,
        actor: Actor,
        now: DateTime<Utc>,
    ) -> Result<Result<Accepted, Refusal>, StoreError> {
        let id = new.header.id;
        let key = Key::generate();
        let acceptance = Acceptance {
            id,
            digest: Digest::of(&new.header_json),
            from: new.header.from.office,
            to: new.header.to.office,
            header_json: new.header_json,
            content_bytes: new.header.total_bytes(),
            wrapped_key: self.wrap(id, &key)?,
            sealed: Some(sealing::seal(&key, id.as_bytes(), &new.content)),
        };
        let touches = acceptance.touches();
        let accepted = self
            .writer
            .act_on(touches, move |batch| {
                Box::pin(async move {
                    let accepted = accept(batch, acceptance, &actor, now).await?;
                    reach(Point::AcceptUncommitted);
                    Ok(accepted)
                })
            })
            .await?;
        reach(Point::AcceptCommitted);
        Ok(accepted)
    }

    /// What was answered when this id was accepted, if it was: a retry is answered the same, whatever has
    /// changed for its sender since.
    pub async fn accepted_before(
        &self,
        id: DeliveryId,
        digest: Digest,
        from: OfficeNumber,
    ) -> Result<Option<Result<Accepted, Refusal>>, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let known = load(batch, id).await?;
                    Ok(known.map(|known| same_or_conflict(&known, digest, from)))
                })
            })
            .await
    }

    /// Claims a delivery for a terminal, or takes it over from the claim that a person saw.
    pub async fn claim(
        &self,
        id: DeliveryId,
        actor: Actor,
        take_over_fence: Option<u64>,
        now: DateTime<Utc>,
    ) -> Result<Result<Claim, ClaimRefusal>, StoreError> {
        let terminal = actor.terminal;
        let (act, event) = match take_over_fence {
            Some(seen_fence) => (Act::TakeOver, DeliveryEvent::TakeOver { terminal, seen_fence }),
            None => (Act::Claim, DeliveryEvent::Claim { terminal }),
        };
        let claimed = self
            .writer
            .act_on(Touches::Delivery(id), move |batch| {
                Box::pin(async move {
                    let Some(loaded) = load(batch, id).await?.filter(|known| known.to == actor.office) else {
                        return Ok(Err(ClaimRefusal::Unknown));
                    };
                    let (next, effects) = match step(&loaded.state, event, convert::stored(now)) {
                        Ok(stepped) => stepped,
                        Err(refusal) => return Ok(Err(ClaimRefusal::Refused(refusal))),
                    };
                    let DeliveryState::Claimed(claim) = next else {
                        return Err(StoreError::Damaged { what: "claim" });
                    };
                    store_state(batch, &loaded, &next, None, &effects).await?;
                    batch.audit(loaded.line(now, act, &actor).under(claim.fence));
                    reach(Point::ClaimUncommitted);
                    Ok(Ok(Claim {
                        id,
                        fence: claim.fence,
                        lease_until: claim.lease_until,
                        header: loaded.header()?,
                    }))
                })
            })
            .await?;
        reach(Point::ClaimCommitted);
        Ok(claimed)
    }

    /// Makes a delivery 済: irrevocable, and its content is erased in the same commit.
    pub async fn confirm(
        &self,
        id: DeliveryId,
        actor: Actor,
        fence: u64,
        now: DateTime<Utc>,
    ) -> Result<Result<Received, ClaimRefusal>, StoreError> {
        let event = DeliveryEvent::Confirm {
            terminal: actor.terminal,
            fence,
        };
        let confirmed = self
            .writer
            .act_on(Touches::Delivery(id), move |batch| {
                Box::pin(async move {
                    let Some(loaded) = load(batch, id).await?.filter(|known| known.to == actor.office) else {
                        return Ok(Err(ClaimRefusal::Unknown));
                    };
                    let (next, effects) = match step(&loaded.state, event, convert::stored(now)) {
                        Ok(stepped) => stepped,
                        Err(refusal) => return Ok(Err(ClaimRefusal::Refused(refusal))),
                    };
                    let DeliveryState::Received { at, .. } = next else {
                        return Err(StoreError::Damaged { what: "confirmation" });
                    };
                    if next != loaded.state {
                        store_state(batch, &loaded, &next, None, &effects).await?;
                        batch.audit(loaded.line(now, Act::Confirm, &actor).under(fence));
                    }
                    reach(Point::ConfirmUncommitted);
                    Ok(Ok(Received { id, received_at: at }))
                })
            })
            .await?;
        reach(Point::ConfirmCommitted);
        Ok(confirmed)
    }

    /// Takes a delivery back (送信取消) if nobody fetches it; gives the time of the first recall.
    pub async fn recall(
        &self,
        id: DeliveryId,
        actor: Actor,
        now: DateTime<Utc>,
    ) -> Result<Result<DateTime<Utc>, ClaimRefusal>, StoreError> {
        let recalled = self
            .writer
            .act_on(Touches::Delivery(id), move |batch| {
                Box::pin(async move {
                    let Some(loaded) = load(batch, id).await?.filter(|known| known.from == actor.office) else {
                        return Ok(Err(ClaimRefusal::Unknown));
                    };
                    let (next, effects) = match step(&loaded.state, DeliveryEvent::Recall, convert::stored(now)) {
                        Ok(stepped) => stepped,
                        Err(refusal) => return Ok(Err(ClaimRefusal::Refused(refusal))),
                    };
                    let DeliveryState::Recalled { at } = next else {
                        return Err(StoreError::Damaged { what: "recall" });
                    };
                    if next != loaded.state {
                        store_state(batch, &loaded, &next, None, &effects).await?;
                        batch.audit(loaded.line(now, Act::Recall, &actor));
                    }
                    reach(Point::RecallUncommitted);
                    Ok(Ok(at))
                })
            })
            .await?;
        reach(Point::RecallCommitted);
        Ok(recalled)
    }
}
