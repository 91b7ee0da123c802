//! Work that comes again from time to time, of which one node does each turn.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{Engine, Store, StoreError, convert, sql};

impl Store {
    /// Whether it is this node that does a turn of the named work, `every` so long. An embedded exchange has one node.
    ///
    /// A node that dies within its turn leaves the work to whoever asks for the next one.
    pub async fn takes_turn(
        &self,
        work: &'static str,
        every: std::time::Duration,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        if matches!(self.shared.engine, Engine::Embedded(_)) {
            return Ok(true);
        }
        // A little earlier than said, so that a node whose clock is late does not lose every second turn.
        let every = TimeDelta::from_std(every).unwrap_or(TimeDelta::MAX) * 9 / 10;
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    // A clock that was ahead is not waited for.
                    let taken = sql::query(
                        "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE \
                         SET value = excluded.value WHERE CAST(setting.value AS BIGINT) <= ?3 \
                         OR CAST(setting.value AS BIGINT) > CAST(?2 AS BIGINT)",
                    )
                    .bind(work)
                    .bind(convert::millis(now).to_string())
                    .bind(convert::millis(now - every))
                    .execute(&mut batch.connection)
                    .await?;
                    Ok(taken.rows_affected() == 1)
                })
            })
            .await
    }

    /// Whether several nodes share the exchange.
    pub fn is_shared(&self) -> bool {
        matches!(self.shared.engine, Engine::Shared(_))
    }
}
