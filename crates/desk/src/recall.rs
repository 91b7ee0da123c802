//! 送信取消: asks the exchange to take back what nobody has fetched, and shows only what it has confirmed.
//!
//! What never left this desk is cancelled in the queue; this is for what the exchange has accepted. Between the two
//! lies what may have arrived: it can be taken back once its acceptance is known here.

use std::sync::Arc;

use care_model::{DeliveryId, ProblemCode};
use chrono::{DateTime, Utc};
use desk_ipc::{CommandError, DeskEvent};
use exchange_client::ClientError;
use exchange_flow::outbox::OutboxState;
use exchange_protocol::{DeliveryStatus, OutboxEntry};
use kill_point::{Point, reach};

use crate::{core::Core, refusal, session::Line, store::StoreError};

/// Times that a recall is asked for while the line breaks: a second call gets the answer to the first.
const TRIES: usize = 2;

impl Core {
    /// Takes one delivery back. A refusal leaves it as it was, or says that this is not known.
    pub(crate) async fn recall_send(self: &Arc<Self>, delivery: DeliveryId) -> Result<(), CommandError> {
        self.check_accepted(delivery).await?;
        let line = self.line().await.map_err(before_asking)?;
        reach(Point::RecallAsking);
        match self.ask_to_recall(&line, delivery).await {
            Ok(at) => {
                reach(Point::RecallAnswered);
                // It is taken back, whether or not this desk can write it down: the list is read again either way.
                if let Err(error) = self.note_recalled(delivery, at).await {
                    tracing::warn!(delivery.id = %delivery, %error, "a recall cannot be stored");
                }
                reach(Point::RecallStored);
                self.sync_wanted.notify_one();
                Ok(())
            }
            Err(refusal) => {
                // Whatever came in between stands in the list; if it cannot be read now, it is when the line is back.
                if self.sync().await.is_err() {
                    self.sync_wanted.notify_one();
                }
                Err(refusal)
            }
        }
    }

    /// Whether the exchange is known to have accepted it. A row that is in 送信一覧 is one that it has told of.
    async fn check_accepted(self: &Arc<Self>, delivery: DeliveryId) -> Result<(), CommandError> {
        if self.store.outbox_entry(delivery).await?.is_some() {
            return Ok(());
        }
        let here = self.store.outgoing(delivery).await?.map(|row| row.state);
        if here.is_some_and(|state| !matches!(state, OutboxState::Sent { .. })) {
            return Err(ProblemCode::SendUnsettled.into());
        }
        self.sync().await.map_err(before_asking)?;
        match self.store.outbox_entry(delivery).await? {
            Some(_) => Ok(()),
            None => Err(ProblemCode::DeliveryUnknown.into()),
        }
    }

    /// Asks, and asks again if the line broke: only an answer says whether it was taken back.
    async fn ask_to_recall(&self, line: &Line, delivery: DeliveryId) -> Result<DateTime<Utc>, CommandError> {
        let mut may_have_left = false;
        for _ in 0..TRIES {
            let answer = line.exchange.recall(delivery).await;
            self.note_online(&answer);
            match answer {
                Ok(recalled) => return Ok(recalled.recalled_at),
                Err(ClientError::Interrupted(_) | ClientError::Malformed(_)) => may_have_left = true,
                Err(ClientError::Unreachable(_)) if may_have_left => {}
                Err(ClientError::Unreachable(_)) => return Err(ProblemCode::RecallUnreachable.into()),
                Err(error) => {
                    if error.code() == ProblemCode::SignInRequired {
                        self.session_lost(line).await;
                    }
                    return Err(match may_have_left && !is_judgement(error.code()) {
                        true => ProblemCode::RecallUnconfirmed.into(),
                        false => refusal::of_client(error),
                    });
                }
            }
        }
        Err(ProblemCode::RecallUnconfirmed.into())
    }

    /// Writes what the exchange has answered into the list. A reading of the list under way may still hold what was
    /// true before; it is let to its end first, and every later one is told the same by the exchange.
    async fn note_recalled(&self, delivery: DeliveryId, at: DateTime<Utc>) -> Result<(), StoreError> {
        let _one = self.syncing.lock().await;
        self.store
            .put_outbox_status(delivery, DeliveryStatus::Recalled { at })
            .await?;
        self.tell(DeskEvent::OutboxChanged);
        self.forget_sent(delivery).await
    }

    /// What was taken back was not sent: whoever drops the same files again is not asked about it. Another send of
    /// them that stands is asked about as before, also one of which nothing but its time is left here.
    async fn forget_sent(&self, delivery: DeliveryId) -> Result<(), StoreError> {
        let Some(taken_back) = self.store.outgoing(delivery).await? else {
            return Ok(());
        };
        let OutboxState::Sent { accepted_at } = taken_back.state else {
            return Ok(());
        };
        let fingerprint = taken_back.content.fingerprint;
        let mut same = self.store.all_outgoing().await?;
        same.retain(|row| row.content.fingerprint == fingerprint && row.delivery != delivery);
        let ids: Vec<DeliveryId> = same.iter().map(|row| row.delivery).collect();
        let recalled = self.store.recalled_among(&ids).await?;
        let standing = same.iter().filter(|row| !recalled.contains(&row.delivery));
        let before = standing
            .filter_map(|row| match row.state {
                OutboxState::Sent { accepted_at } => Some(accepted_at),
                _ => None,
            })
            .max();
        self.store.forget_sent_at(&fingerprint, accepted_at, before).await
    }

    /// What a page of 送信一覧 says of recalls, before it is stored.
    ///
    /// Another terminal's recall is learned here: what it took back was not sent. And a restored exchange may list as
    /// waiting what it had taken back, because another terminal offered it only after this desk had reconciled (D8):
    /// that is taken back again.
    pub(crate) async fn settle_recalls(&self, line: &Line, rows: &mut [OutboxEntry]) -> Result<(), CommandError> {
        let ids: Vec<DeliveryId> = rows.iter().map(|entry| entry.header.id).collect();
        let known = self.store.recalled_among(&ids).await?;
        for entry in rows {
            let delivery = entry.header.id;
            match entry.status {
                DeliveryStatus::Recalled { .. } if !known.contains(&delivery) => self.forget_sent(delivery).await?,
                DeliveryStatus::Waiting | DeliveryStatus::Claimed { .. } if known.contains(&delivery) => {
                    if let Some(at) = self.recall_anew(line, delivery).await? {
                        entry.status = DeliveryStatus::Recalled { at };
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes back again, at an exchange that was restored, what it had taken back before (D8). One that was fetched
    /// meanwhile stands in its list as such.
    pub(crate) async fn recall_again(&self, line: &Line) -> Result<(), CommandError> {
        for delivery in self.store.recalled_outbox().await? {
            self.recall_anew(line, delivery).await?;
        }
        Ok(())
    }

    /// Takes one delivery back again; none if the exchange's last word is that it can't be. Anything else leaves it
    /// untold, and is told again.
    async fn recall_anew(&self, line: &Line, delivery: DeliveryId) -> Result<Option<DateTime<Utc>>, CommandError> {
        let answer = line.exchange.recall(delivery).await;
        match self.heard_by(line, answer).await {
            Ok(recalled) => Ok(Some(recalled.recalled_at)),
            Err(refusal) if is_judgement(refusal.code) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }
}

/// Whether a refusal is the exchange's word about this very delivery. Any other says nothing of a try that was under way.
fn is_judgement(code: ProblemCode) -> bool {
    matches!(
        code,
        ProblemCode::RecallTooLate | ProblemCode::DeliveryExpired | ProblemCode::DeliveryUnknown
    )
}

/// A failure before the exchange was asked to take anything back: nothing has changed, and the sentence says so.
fn before_asking(refusal: CommandError) -> CommandError {
    match refusal.code {
        ProblemCode::ServerUnreachable | ProblemCode::ServerInterrupted => CommandError {
            code: ProblemCode::RecallUnreachable,
            ..refusal
        },
        _ => refusal,
    }
}
