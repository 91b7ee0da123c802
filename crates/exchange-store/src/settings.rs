//! Operator settings: names and values that hold for the whole exchange.

use chrono::{DateTime, Utc};

use crate::{Act, By, Store, StoreError, audit::AuditLine, sql};

impl Store {
    /// One operator setting.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let value = sql::query_scalar("SELECT value FROM setting WHERE name = ?")
            .bind(name)
            .fetch_optional(&self.shared.readers)
            .await?;
        Ok(value)
    }

    /// Changes operator settings together, by whom the audit then says.
    pub async fn change_settings(
        &self,
        settings: Vec<(&'static str, String)>,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.put_settings(settings, Some(AuditLine::new(now, Act::ChangeSettings, by)))
            .await
    }

    /// Keeps what the server remembers of itself, which is no act of anybody.
    pub async fn remember(&self, name: &'static str, value: String) -> Result<(), StoreError> {
        self.put_settings(vec![(name, value)], None).await
    }

    /// Writes down an act that changes no row, such as putting up a version of the client.
    pub async fn note(&self, act: Act, by: By, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.put_settings(Vec::new(), Some(AuditLine::new(now, act, by))).await
    }

    async fn put_settings(
        &self,
        settings: Vec<(&'static str, String)>,
        line: Option<AuditLine>,
    ) -> Result<(), StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    for (name, value) in settings {
                        put(&mut batch.connection, name, &value).await?;
                    }
                    if let Some(line) = line {
                        batch.audit(line);
                    }
                    Ok(())
                })
            })
            .await
    }
}

/// Writes one setting over what it was.
pub(crate) async fn put(connection: &mut sql::Connection, name: &str, value: &str) -> Result<(), StoreError> {
    sql::query(
        "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(name)
    .bind(value)
    .execute(connection)
    .await?;
    Ok(())
}
