//! Whether the database's disk has room. A full one still takes small changes, which fit between other rows: so what an act
//! heard is remembered, until a trial that takes room says otherwise.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::{StoreError, sql};

/// What is known of the room on the database's disk.
#[derive(Debug, Default)]
pub(crate) struct Room {
    lacks: AtomicBool,
}

impl Room {
    /// Remembers it if there was no room for an act.
    pub(crate) fn heard<T>(&self, done: &Result<T, StoreError>) {
        if done.as_ref().is_err_and(says_full) {
            self.lacks.store(true, Ordering::Relaxed);
        }
    }

    /// Whether an act found none, and no trial has found any since.
    pub(crate) fn lacks(&self) -> bool {
        self.lacks.load(Ordering::Relaxed)
    }

    /// A trial found some.
    pub(crate) fn found(&self) {
        self.lacks.store(false, Ordering::Relaxed);
    }
}

/// Takes room for some 700 kB where the rows lie, and gives it back. SQLite needs no such trial: all that it writes takes room.
pub(crate) async fn take(connection: &mut sql::Connection) -> Result<(), StoreError> {
    let sql::Connection::Postgres(connection) = connection else {
        return Ok(());
    };
    for words in [
        // Where temporary tables lie otherwise may be another disk.
        "SET LOCAL temp_tablespaces = ''",
        "CREATE TEMPORARY TABLE room ON COMMIT DROP AS SELECT generate_series(1, 20000)",
    ] {
        sqlx::query(words).execute(&mut *connection).await?;
    }
    Ok(())
}

fn says_full(error: &StoreError) -> bool {
    /// SQLite's code, and PostgreSQL's.
    const FULL: [&str; 2] = ["13", "53100"];
    let StoreError::Database { source, .. } = error else {
        return false;
    };
    source
        .downcast_ref::<sqlx::Error>()
        .and_then(sqlx::Error::as_database_error)
        .and_then(|error| error.code())
        .is_some_and(|code| FULL.contains(&code.as_ref()))
}
