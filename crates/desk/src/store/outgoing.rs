//! What was given to the queue.

use care_model::{DeliveryId, Digest};
use chrono::{DateTime, Utc};
use desk_ipc::{CompositionId, OfficeView};
use exchange_flow::outbox::OutboxState;
use exchange_protocol::{DeliveryHeader, DeliveryStatus, OutboxEntry};
use kill_point::{Point, reach};
use serde::{Deserialize, Serialize};

use super::{ListName, Store, StoreError, from_millis, id_bytes, lists::OUTBOX, state_json, state_of, to_millis};
use crate::{
    compose::{Confirmation, History, Ready},
    spool::SpoolRef,
};

const TABLE: &str = "outgoing";

/// A delivery in the queue or behind it.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) delivery: DeliveryId,
    pub(crate) composition: CompositionId,
    /// Its place among those given to the queue together.
    pub(crate) position: u32,
    pub(crate) state: OutboxState,
    pub(crate) queued_at: DateTime<Utc>,
    pub(crate) content: OutgoingContent,
}

/// What of it is sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OutgoingContent {
    /// The header's exact bytes: every try sends the same, and its digest is the delivery's.
    pub(crate) header_json: String,
    /// The cover's exact bytes; empty if there is none.
    pub(crate) cover: String,
    /// Where the bytes of the other parts are, in the order of the header.
    pub(crate) parts: Vec<SpoolRef>,
    pub(crate) to: OfficeView,
    pub(crate) contents: String,
    pub(crate) unit_name: String,
    /// Of the same bytes to the same destination.
    pub(crate) fingerprint: Digest,
    /// The destination and the care recipients, as marks that say nothing to anybody else.
    #[serde(default)]
    pub(crate) marks: Vec<i64>,
    /// What a person confirmed before it was sent (D19); none where nothing asked for it.
    #[serde(default)]
    pub(crate) confirmation: Option<Confirmation>,
    /// What the refusal said besides its code, if it is held.
    #[serde(default)]
    pub(crate) refusal: Option<desk_ipc::CommandError>,
    /// Who put it on paper, by the display name at the office, if it is.
    #[serde(default)]
    pub(crate) on_paper_by: Option<String>,
}

impl OutgoingContent {
    pub(crate) fn header(&self) -> Result<DeliveryHeader, StoreError> {
        serde_json::from_str(&self.header_json).map_err(|_| StoreError::Shape { table: TABLE })
    }
}

/// When a delivery came to an end at the exchange.
fn ended_at(status: &DeliveryStatus) -> Option<DateTime<Utc>> {
    match status {
        DeliveryStatus::Received { at } | DeliveryStatus::Recalled { at } | DeliveryStatus::Expired { at } => Some(*at),
        DeliveryStatus::Waiting | DeliveryStatus::Claimed { .. } => None,
    }
}

/// Whether the queue still has something to do with it.
fn is_open(state: &OutboxState) -> bool {
    matches!(state, OutboxState::Queued { .. } | OutboxState::Sending { .. })
}

pub(super) type Row = (Vec<u8>, Vec<u8>, i64, String, i64, Vec<u8>);

impl Store {
    /// Stores deliveries in one transaction, before a byte of them leaves, together with what stays of their
    /// composition and of its draft; drafts that went into it whole are used up.
    pub(crate) async fn add_outgoing(&self, ready: &Ready, now: DateTime<Utc>) -> Result<(), StoreError> {
        let composition = ready.left.id;
        let left = self.seal(super::compositions::TABLE, composition.as_bytes(), &ready.left)?;
        let draft = ready.draft.as_ref();
        let draft = draft.map(|draft| self.seal(super::compositions::DRAFT, composition.as_bytes(), draft));
        let draft = draft.transpose()?;
        let mut transaction = self.write.begin().await?;
        for row in &ready.rows {
            let id = row.delivery.as_bytes().as_slice();
            sqlx::query(
                "INSERT INTO outgoing (delivery, composition, position, state, open, queued_at, sealed)
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(id)
            .bind(row.composition.as_bytes().as_slice())
            .bind(i64::from(row.position))
            .bind(state_json(TABLE, &row.state)?)
            .bind(is_open(&row.state))
            .bind(to_millis(row.queued_at))
            .bind(self.seal(TABLE, id, &row.content)?)
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query(
            "UPDATE composition SET working = ?1, draft = CASE WHEN draft IS NOT NULL THEN ?2 END,
                saved_at = CASE WHEN draft IS NOT NULL AND ?2 IS NOT NULL THEN ?3 END WHERE id = ?4",
        )
        .bind(left)
        .bind(draft)
        .bind(to_millis(now))
        .bind(composition.as_bytes().as_slice())
        .execute(&mut *transaction)
        .await?;
        for draft in &ready.used_up {
            // One that was saved again meanwhile is another draft.
            sqlx::query("UPDATE composition SET draft = NULL, saved_at = NULL WHERE id = ? AND saved_at = ?")
                .bind(draft.id.as_bytes().as_slice())
                .bind(to_millis(draft.saved_at))
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query("DELETE FROM composition WHERE working IS NULL AND draft IS NULL")
            .execute(&mut *transaction)
            .await?;
        reach(Point::QueueUncommitted);
        transaction.commit().await?;
        reach(Point::QueueCommitted);
        self.note_changed(ListName::Outbox, ready.rows.iter().map(|row| row.delivery));
        Ok(())
    }

    /// Stores the new states of many deliveries in one transaction, with the fingerprints of those now sent.
    pub(crate) async fn update_outgoing(&self, rows: &[&Outgoing]) -> Result<(), StoreError> {
        let mut transaction = self.write.begin().await?;
        for row in rows {
            let id = row.delivery.as_bytes().as_slice();
            if matches!(row.state, OutboxState::Held { .. } | OutboxState::OnPaper { .. }) {
                sqlx::query("UPDATE outgoing SET sealed = ? WHERE delivery = ?")
                    .bind(self.seal(TABLE, id, &row.content)?)
                    .bind(id)
                    .execute(&mut *transaction)
                    .await?;
            }
            sqlx::query("UPDATE outgoing SET state = ?, open = ? WHERE delivery = ?")
                .bind(state_json(TABLE, &row.state)?)
                .bind(is_open(&row.state))
                .bind(id)
                .execute(&mut *transaction)
                .await?;
            if let OutboxState::Sent { accepted_at } = row.state {
                sqlx::query(
                    "INSERT INTO sent_content (fingerprint, sent_at) VALUES (?, ?)
                     ON CONFLICT (fingerprint) DO UPDATE SET sent_at = excluded.sent_at",
                )
                .bind(row.content.fingerprint.as_bytes().as_slice())
                .bind(to_millis(accepted_at))
                .execute(&mut *transaction)
                .await?;
                sqlx::query("INSERT OR IGNORE INTO sent_mark (mark) SELECT value FROM json_each(?)")
                    .bind(state_json(TABLE, &row.content.marks)?)
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        transaction.commit().await?;
        let any = |wanted: fn(&OutboxState) -> bool| rows.iter().any(|row| wanted(&row.state));
        if any(|state| matches!(state, OutboxState::Sending { .. })) {
            reach(Point::SendBegun);
        }
        if any(|state| matches!(state, OutboxState::Sent { .. })) {
            reach(Point::SendStored);
        }
        self.note_changed(ListName::Outbox, rows.iter().map(|row| row.delivery));
        Ok(())
    }

    /// The deliveries that the queue has to do with.
    pub(crate) async fn open_outgoing(&self) -> Result<Vec<Outgoing>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT delivery, composition, position, state, queued_at, sealed FROM outgoing
             WHERE open = 1 ORDER BY queued_at, position",
        )
        .fetch_all(&self.read)
        .await?;
        rows.into_iter().map(|row| self.outgoing_of(row)).collect()
    }

    /// One delivery.
    pub(crate) async fn outgoing(&self, delivery: DeliveryId) -> Result<Option<Outgoing>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT delivery, composition, position, state, queued_at, sealed FROM outgoing WHERE delivery = ?",
        )
        .bind(delivery.as_bytes().as_slice())
        .fetch_optional(&self.read)
        .await?;
        row.map(|row| self.outgoing_of(row)).transpose()
    }

    /// The deliveries of one composition, in their order.
    pub(crate) async fn outgoing_of_composition(&self, id: CompositionId) -> Result<Vec<Outgoing>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT delivery, composition, position, state, queued_at, sealed FROM outgoing
             WHERE composition = ? ORDER BY queued_at, position",
        )
        .bind(id.as_bytes().as_slice())
        .fetch_all(&self.read)
        .await?;
        rows.into_iter().map(|row| self.outgoing_of(row)).collect()
    }

    /// Every delivery that is still on this desk, newest first.
    pub(crate) async fn all_outgoing(&self) -> Result<Vec<Outgoing>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT delivery, composition, position, state, queued_at, sealed FROM outgoing
             ORDER BY queued_at DESC, position DESC",
        )
        .fetch_all(&self.read)
        .await?;
        rows.into_iter().map(|row| self.outgoing_of(row)).collect()
    }

    /// Forgets deliveries that came to an end before `kept`, and those of which no end is known though the exchange
    /// accepted them before `waited_for`: it does not hold these any more. What is in the queue or held stays. What went on
    /// paper loses its copies alone, once it was faxed or has waited as long: its row is the only record of it. Answers
    /// how many.
    pub(crate) async fn forget_outgoing(
        &self,
        kept: DateTime<Utc>,
        waited_for: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        type Closed = (Vec<u8>, String, i64, Option<Vec<u8>>);
        // Nothing ends before it was queued: what is younger need not be opened.
        let closed: Vec<Closed> = sqlx::query_as(
            "SELECT outgoing.delivery, outgoing.state, outgoing.queued_at, outbox.sealed FROM outgoing
             LEFT JOIN outbox ON outbox.delivery = outgoing.delivery
             WHERE outgoing.open = 0 AND outgoing.emptied = 0 AND outgoing.state NOT LIKE '%\"held\"%'
                 AND outgoing.queued_at <= ?",
        )
        .bind(to_millis(kept))
        .fetch_all(&self.read)
        .await?;
        let (mut forgotten, mut emptied) = (Vec::new(), Vec::new());
        for (id, state, queued_at, listed) in closed {
            let goes = match state_of(TABLE, &state)? {
                OutboxState::Sent { accepted_at } => {
                    let listed: Option<OutboxEntry> =
                        listed.map(|sealed| self.unseal(OUTBOX, &id, &sealed)).transpose()?;
                    match listed.and_then(|entry| ended_at(&entry.status)) {
                        Some(ended_at) => ended_at <= kept,
                        None => accepted_at < waited_for.min(kept),
                    }
                }
                // It never left: all that is known is since when it was wanted.
                OutboxState::Cancelled => from_millis(queued_at) <= kept,
                OutboxState::OnPaper { faxed_at } => {
                    let over = match faxed_at {
                        Some(faxed_at) => faxed_at <= kept,
                        None => from_millis(queued_at) < waited_for.min(kept),
                    };
                    if over {
                        emptied.push(DeliveryId::from_bytes(id_bytes(TABLE, &id)?));
                    }
                    false
                }
                OutboxState::Queued { .. } | OutboxState::Sending { .. } | OutboxState::Held { .. } => false,
            };
            if goes {
                forgotten.push(id);
            }
        }
        let mut without_copies = Vec::with_capacity(emptied.len());
        for delivery in &emptied {
            if let Some(mut row) = self.outgoing(*delivery).await? {
                row.content.parts.clear();
                row.content.cover.clear();
                without_copies.push(row);
            }
        }
        let mut transaction = self.write.begin().await?;
        for row in &without_copies {
            let id = row.delivery.as_bytes().as_slice();
            // Whoever said meanwhile that it was not faxed keeps the copies.
            sqlx::query("UPDATE outgoing SET sealed = ?, emptied = 1 WHERE delivery = ? AND state = ?")
                .bind(self.seal(TABLE, id, &row.content)?)
                .bind(id)
                .bind(state_json(TABLE, &row.state)?)
                .execute(&mut *transaction)
                .await?;
        }
        for id in &forgotten {
            sqlx::query("DELETE FROM outgoing WHERE delivery = ? AND open = 0")
                .bind(id)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        for id in &forgotten {
            self.note_changed(ListName::Outbox, [DeliveryId::from_bytes(id_bytes(TABLE, id)?)]);
        }
        self.note_changed(ListName::Outbox, emptied.iter().copied());
        Ok(forgotten.len() + emptied.len())
    }

    /// The number of deliveries that are queued or held here.
    pub(crate) async fn unsent_count(&self) -> Result<u32, StoreError> {
        let (count,): (i64,) =
            sqlx::query_as("SELECT count(*) FROM outgoing WHERE open = 1 OR state LIKE '%\"held\"%'")
                .fetch_one(&self.read)
                .await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Forgets that content with this fingerprint was sent at this time; an earlier send of it may stand. What was
    /// sent at another time stays as it is.
    pub(crate) async fn forget_sent_at(
        &self,
        fingerprint: &Digest,
        sent_at: DateTime<Utc>,
        before: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let fingerprint = fingerprint.as_bytes().as_slice();
        let change = match before {
            Some(at) => sqlx::query("UPDATE sent_content SET sent_at = ?3 WHERE fingerprint = ?1 AND sent_at = ?2")
                .bind(fingerprint)
                .bind(to_millis(sent_at))
                .bind(to_millis(at)),
            None => sqlx::query("DELETE FROM sent_content WHERE fingerprint = ?1 AND sent_at = ?2")
                .bind(fingerprint)
                .bind(to_millis(sent_at)),
        };
        change.execute(&self.write).await?;
        Ok(())
    }

    /// What earlier sends say of content with these fingerprints and of these marks.
    pub(crate) async fn history(&self, fingerprints: &[Digest], marks: &[i64]) -> Result<History, StoreError> {
        let digits: Vec<String> = fingerprints.iter().map(Digest::to_string).collect();
        let content: Vec<(Vec<u8>, i64)> = sqlx::query_as(
            "SELECT fingerprint, sent_at FROM sent_content
             WHERE fingerprint IN (SELECT unhex(value) FROM json_each(?))",
        )
        .bind(state_json(TABLE, &digits)?)
        .fetch_all(&self.read)
        .await?;
        let known: Vec<(i64,)> =
            sqlx::query_as("SELECT mark FROM sent_mark WHERE mark IN (SELECT value FROM json_each(?))")
                .bind(state_json(TABLE, &marks)?)
                .fetch_all(&self.read)
                .await?;
        let mut history = History {
            marks: known.into_iter().map(|(mark,)| mark).collect(),
            ..History::default()
        };
        for (fingerprint, at) in content {
            let bytes = fingerprint
                .try_into()
                .map_err(|_| StoreError::Shape { table: "sent_content" })?;
            history.content.insert(Digest::from_bytes(bytes), from_millis(at));
        }
        Ok(history)
    }

    pub(super) fn outgoing_of(&self, row: Row) -> Result<Outgoing, StoreError> {
        let (delivery, composition, position, state, queued_at, sealed) = row;
        Ok(Outgoing {
            content: self.unseal(TABLE, &delivery, &sealed)?,
            delivery: DeliveryId::from_bytes(id_bytes(TABLE, &delivery)?),
            composition: CompositionId::from_bytes(id_bytes(TABLE, &composition)?),
            position: u32::try_from(position).map_err(|_| StoreError::Shape { table: TABLE })?,
            state: state_of(TABLE, &state)?,
            queued_at: from_millis(queued_at),
        })
    }
}

#[cfg(test)]
mod tests {
    use care_samples::Samples;
    use desk_ipc::CompositionMode;

    use super::super::tests::store;
    use crate::compose::{Confirmation, Layout, Ready, Settled, trial::Trial};

    #[tokio::test]
    async fn a_confirmation_is_stored_with_its_delivery() {
        let (_dir, store) = store().await;
        let trial = Trial::new();
        let paths = trial.unit(&mut Samples::new(3), "home_schedule");
        let mut composition = trial.composition(CompositionMode::Compose, &paths);
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let mut layout = Layout::of(&mut composition, &trial.around);
        layout.note_history(&composition, &trial.around, &trial.sent_before(&layout, now));
        let settled = Settled {
            around: trial.around.clone(),
            layout,
        };
        let id = composition.id;
        let ready = Ready::prepare(composition, &settled, true, &[], now).unwrap();
        store.put_composition(id, &ready.left, now).await.unwrap();
        store.add_outgoing(&ready, now).await.unwrap();
        let kept: Vec<Confirmation> = store
            .all_outgoing()
            .await
            .unwrap()
            .into_iter()
            .filter_map(|row| row.content.confirmation)
            .collect();
        assert_eq!(kept.len(), 1);
        assert_eq!((kept[0].at, kept[0].in_delivery["sent_before"]), (now, 1));
    }
}
