//! The engine that nodes share: connecting to PostgreSQL, its schema, and hearing what other nodes committed.
//!
//! One commit at a time is under way, on whichever node: it holds the row of `writer_turn`. So whatever holds of one
//! writer (D3, D7) holds of many nodes, and a node that was overtaken knows it by the number in that row.

use std::{str::FromStr as _, sync::Arc, time::Duration};

use care_model::OfficeNumber;
use sqlx::{
    ConnectOptions as _, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgListener, PgPoolOptions, PgSslMode},
};

use crate::{
    SharedEngine, StoreError,
    hints::Hint,
    sql,
    store::{Shared, migration},
};

/// Connections of one node for reading.
const READERS_MAX: u32 = 8;
/// How long a connection may take to be there.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// A statement, a wait for the turn, and a commit that stands still, at most: a node that froze with the turn loses it.
/// And a commit is answered once it is on the disk, whatever the database is set to for others.
const SETTINGS: [(&str, &str); 4] = [
    ("synchronous_commit", "on"),
    ("statement_timeout", "15s"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "5s"),
];
/// Where commits are told of.
const CHANNEL: &str = "exchange";
/// PostgreSQL takes fewer than 8,000 bytes in one message.
const MESSAGE_BYTES_MAX: usize = 7_000;
/// How long a node that cannot listen waits before it tries again.
const LISTEN_AGAIN: Duration = Duration::from_millis(500);
/// How long a node hears nothing before it asks whether the line still stands: lines on which nothing passes are dropped
/// on the way without a word.
const LISTEN_ASK: Duration = Duration::from_secs(10);

/// Every change of the schema, in order, under the numbers that SQLite has. Each only adds (style 21).
pub(crate) fn migrator() -> Migrator {
    Migrator::with_migrations(vec![
        migration(10, "first", include_str!("../migrations/postgres/0010_first.sql")),
        migration(11, "steps", include_str!("../migrations/postgres/0011_steps.sql")),
        migration(12, "tries", include_str!("../migrations/postgres/0012_tries.sql")),
        migration(13, "mail", include_str!("../migrations/postgres/0013_mail.sql")),
    ])
}

/// Changes the schema, which may take longer than a statement may otherwise: indexes of large tables, and the wait for
/// the node that does it already.
pub(crate) async fn bring_up_to_date(connection: &mut PgConnection) -> Result<(), MigrateError> {
    sqlx::raw_sql("SET statement_timeout = 0; SET lock_timeout = '60s'")
        .execute(&mut *connection)
        .await?;
    let done = migrator().set_ignore_missing(true).run(&mut *connection).await;
    sqlx::raw_sql("RESET statement_timeout; RESET lock_timeout")
        .execute(connection)
        .await?;
    done
}

/// How this node connects.
pub(crate) fn options(engine: &SharedEngine) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(&engine.database).map_err(StoreError::database("reading its address"))?;
    // A password does not go over a network in the clear unless the address says so.
    let options = match options.get_ssl_mode() {
        PgSslMode::Prefer if !is_local(options.get_host()) => options.ssl_mode(PgSslMode::VerifyFull),
        _ => options,
    };
    Ok(options
        .application_name("exchange-server")
        .options(SETTINGS)
        .statement_cache_capacity(200))
}

fn is_local(host: &str) -> bool {
    host.starts_with('/') || ["localhost", "127.0.0.1", "::1", "[::1]"].contains(&host)
}

/// A connection of its own.
pub(crate) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    match tokio::time::timeout(CONNECT_MAX, options.connect()).await {
        Ok(connected) => connected.map_err(StoreError::database("connecting")),
        Err(_) => Err(StoreError::database("connecting")(sqlx::Error::PoolTimedOut)),
    }
}

/// Tells of what only the database's operator can set, and by which a power cut may take what was confirmed.
pub(crate) async fn warn_of_unsafe_settings(connection: &mut PgConnection) -> Result<(), StoreError> {
    for setting in ["fsync", "full_page_writes"] {
        let value: String = sqlx::query_scalar("SELECT current_setting($1)")
            .bind(setting)
            .fetch_one(&mut *connection)
            .await?;
        if value != "on" {
            tracing::warn!(
                setting,
                value,
                "the database may lose what was confirmed when its power is cut"
            );
        }
    }
    Ok(())
}

/// The connections for reading; they refuse to write.
pub(crate) fn readers(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(READERS_MAX)
        .acquire_timeout(CONNECT_MAX)
        .idle_timeout(Duration::from_secs(300))
        .connect_lazy_with(options.options([("default_transaction_read_only", "on")]))
}

/// What a commit tells the other nodes.
#[derive(Debug, Default)]
pub(crate) struct Told {
    words: Vec<String>,
}

impl Told {
    pub(crate) fn of_hints(hints: &[(OfficeNumber, Hint)]) -> Self {
        let word = |(office, hint): &(OfficeNumber, Hint)| match hint {
            Hint::Inbox(change) => format!("i{}:{change}", office.as_str()),
            Hint::Outbox(change) => format!("o{}:{change}", office.as_str()),
        };
        Self {
            words: hints.iter().map(word).collect(),
        }
    }

    /// Sessions, terminals or offices changed.
    pub(crate) fn access(&mut self) {
        self.words.push("a".to_owned());
    }

    /// Tells it, in the transaction: it is heard when the commit is durable.
    pub(crate) async fn tell(self, node: &str, connection: &mut sql::Connection) -> Result<(), StoreError> {
        let mut messages = Vec::new();
        let mut message = node.to_owned();
        for word in self.words {
            if message.len() + word.len() > MESSAGE_BYTES_MAX {
                messages.push(std::mem::replace(&mut message, node.to_owned()));
            }
            message.push(' ');
            message.push_str(&word);
        }
        if message.len() > node.len() {
            messages.push(message);
        }
        for message in messages {
            sql::query("SELECT pg_notify(?, ?)")
                .bind(CHANNEL)
                .bind(message)
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }
}

/// Hears what other nodes committed until the store is closed. While nothing can be heard nothing is remembered.
pub(crate) async fn listen(options: PgConnectOptions, node: Arc<str>, shared: std::sync::Weak<Shared>) {
    loop {
        if let Err(error) = hear(&options, &node, &shared).await {
            tracing::warn!(%error, "this node does not hear the others; it looks into the database instead");
        }
        let Some(shared) = shared.upgrade() else { return };
        shared.forget();
        drop(shared);
        tokio::time::sleep(LISTEN_AGAIN).await;
    }
}

/// Until the connection ends.
async fn hear(options: &PgConnectOptions, node: &str, shared: &std::sync::Weak<Shared>) -> Result<(), sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(CONNECT_MAX)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_with(options.clone())
        .await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    match shared.upgrade() {
        // What was remembered before may have changed unheard.
        Some(shared) => shared.forget(),
        None => return Ok(()),
    }
    loop {
        let message = match tokio::time::timeout(LISTEN_ASK, listener.try_recv()).await {
            Ok(heard) => heard?,
            Err(_) => {
                let asked = tokio::time::timeout(CONNECT_MAX, sqlx::query("SELECT 1").execute(&mut listener));
                asked.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
                continue;
            }
        };
        let (Some(message), Some(shared)) = (message, shared.upgrade()) else {
            return Ok(());
        };
        let mut words = message.payload().split(' ');
        if words.next() == Some(node) {
            continue;
        }
        for word in words {
            match word.split_at_checked(1) {
                Some(("a", "")) => shared.forget(),
                Some((list @ ("i" | "o"), rest)) => {
                    let told = rest
                        .split_once(':')
                        .and_then(|(office, change)| Some((OfficeNumber::parse(office).ok()?, change.parse().ok()?)));
                    if let Some((office, change)) = told {
                        let hint = if list == "i" {
                            Hint::Inbox(change)
                        } else {
                            Hint::Outbox(change)
                        };
                        shared.hints.publish(office, hint);
                    }
                }
                // A newer node may tell more than this one knows.
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_in_the_clear_on_this_machine_only() {
        let mode = |address: &str| {
            let engine = SharedEngine {
                database: address.to_owned().into(),
                bucket: crate::BucketPlace {
                    endpoint: String::new(),
                    name: String::new(),
                    prefix: String::new(),
                    region: String::new(),
                    access_key_id: String::new(),
                    secret_access_key: String::new().into(),
                },
            };
            let mode = options(&engine).unwrap().get_ssl_mode();
            format!("{mode:?}")
        };
        assert_eq!(mode("postgres://a:b@127.0.0.1/exchange"), "Prefer");
        assert_eq!(mode("postgres://a:b@db.example/exchange"), "VerifyFull");
        assert_eq!(mode("postgres://a:b@db.example/exchange?sslmode=require"), "Require");
    }
}
