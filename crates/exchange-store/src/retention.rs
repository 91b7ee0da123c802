//! What nobody fetches: both sides are warned, and at the end of the retention period it ends (D17).

use care_model::limits;
use chrono::{DateTime, TimeDelta, Utc};
use exchange_flow::{
    delivery::{DeliveryEvent, step},
    retention::{Warning, due_next, warning_due},
};

use crate::{
    Act, By, Store, StoreError,
    audit::AuditLine,
    convert,
    loaded::{Loaded, load},
    settings, sql,
    stepped::store_state,
    writer::Batch,
};

/// The name of the setting; no row means [`limits::RETENTION_DAYS`].
const SETTING: &str = "retention_days";
/// Deliveries that one act looks at, so that no commit grows long.
const LOOKED_AT_MAX: i64 = 100;
/// When one that is due is looked at again if a terminal still holds it.
const HELD_AGAIN_MINUTES: i64 = 60;

/// The retention period that is set.
pub(crate) async fn read(on: impl Into<sql::On<'_>>) -> Result<TimeDelta, StoreError> {
    let text: Option<String> = sql::query_scalar("SELECT value FROM setting WHERE name = ?")
        .bind(SETTING)
        .fetch_optional(on)
        .await?;
    let days = match text {
        None => Some(limits::RETENTION_DAYS),
        // Only what may be set: reckoning with what damage made of it could break off.
        Some(text) => {
            let set: Option<i64> = text.parse().ok();
            set.filter(|days| (limits::RETENTION_DAYS_MIN..=limits::RETENTION_DAYS).contains(days))
        }
    };
    days.map(TimeDelta::days).ok_or(StoreError::Damaged { what: "setting" })
}

impl Store {
    /// Days that content is kept which nobody fetches.
    pub async fn retention_days(&self) -> Result<i64, StoreError> {
        Ok(read(&self.shared.readers).await?.num_days())
    }

    /// Sets the retention period of what is accepted from now on; false if it is not from
    /// [`limits::RETENTION_DAYS_MIN`] to [`limits::RETENTION_DAYS`] days. What was accepted before keeps its promise.
    pub async fn set_retention_days(&self, days: i64, by: By, now: DateTime<Utc>) -> Result<bool, StoreError> {
        if !(limits::RETENTION_DAYS_MIN..=limits::RETENTION_DAYS).contains(&days) {
            return Ok(false);
        }
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    settings::put(&mut batch.connection, SETTING, &days.to_string()).await?;
                    batch.audit(AuditLine::new(now, Act::ChangeSettings, by));
                    batch.forget_retention();
                    Ok(true)
                })
            })
            .await
    }

    /// Warns both sides of what nobody fetches, and ends what was kept long enough. Gives how many deliveries it looked
    /// at; it is called again until that is none.
    pub async fn attend_unfetched(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let due: Vec<Vec<u8>> = sql::query_scalar(
                        "SELECT id FROM delivery WHERE state < 2 AND due_at <= ? ORDER BY due_at LIMIT ?",
                    )
                    .bind(convert::millis(now))
                    .bind(LOOKED_AT_MAX)
                    .fetch_all(&mut batch.connection)
                    .await?;
                    for id in &due {
                        let Some(loaded) = load(batch, convert::delivery_id(id)?).await? else {
                            continue;
                        };
                        attend(batch, &loaded, now).await?;
                    }
                    Ok(due.len())
                })
            })
            .await
    }
}

async fn attend(batch: &mut Batch, loaded: &Loaded, now: DateTime<Utc>) -> Result<(), StoreError> {
    let kept_until = loaded.kept_until.ok_or(StoreError::Damaged { what: "retention" })?;
    if now >= kept_until {
        return match step(
            &loaded.state,
            DeliveryEvent::Expire { kept_until },
            convert::stored(now),
        ) {
            Ok((next, effects)) => {
                store_state(batch, loaded, &next, None, &effects).await?;
                batch.audit(loaded.line(now, Act::Expire, By::Server));
                Ok(())
            }
            // A terminal holds it: it does not end under its hands, whatever its age.
            Err(_) => look_again(batch, loaded, now + TimeDelta::minutes(HELD_AGAIN_MINUTES)).await,
        };
    }
    let next = due_next(kept_until, now);
    let Some(warning) = warning_due(kept_until, loaded.warned_days, now) else {
        return look_again(batch, loaded, next).await;
    };
    let inbox_change = batch.mailbox(loaded.to).await?.change_inbox();
    let outbox_change = batch.mailbox(loaded.from).await?.change_outbox();
    sql::query("UPDATE delivery SET warned_days = ?, due_at = ?, inbox_change = ?, outbox_change = ? WHERE row = ?")
        .bind(warning.days())
        .bind(convert::millis(next))
        .bind(convert::signed(inbox_change))
        .bind(convert::signed(outbox_change))
        .bind(loaded.row)
        .execute(&mut batch.connection)
        .await?;
    let act = match warning {
        Warning::Days30 => Act::Warn30Days,
        Warning::Days7 => Act::Warn7Days,
        Warning::Day1 => Act::Warn1Day,
    };
    batch.audit(loaded.line(now, act, By::Server));
    Ok(())
}

async fn look_again(batch: &mut Batch, loaded: &Loaded, at: DateTime<Utc>) -> Result<(), StoreError> {
    sql::query("UPDATE delivery SET due_at = ? WHERE row = ?")
        .bind(convert::millis(at))
        .bind(loaded.row)
        .execute(&mut batch.connection)
        .await?;
    Ok(())
}
