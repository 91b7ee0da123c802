//! What the store counts and measures for whoever runs it: acts by their word and figures, nothing of anybody.

use std::time::Duration;

use chrono::{DateTime, Utc};
use exchange_audit::Act;
use metrics::{Counter, Histogram};

use crate::{
    Store, StoreError, convert, room,
    sql::{self, Text},
};

/// Where the writer counts. Each is registered once by whoever opens the store.
#[derive(Debug)]
pub struct Meters {
    /// Acts that were stored, in the order of [`Act::ALL`].
    pub acts: Vec<Counter>,
    /// Acts in a commit.
    pub batch_acts: Histogram,
    /// Seconds from the beginning of a commit to its sync.
    pub commit_seconds: Histogram,
    /// Commits of which nothing was stored.
    pub failed_commits: Counter,
}

impl Meters {
    /// Counts a commit that is durable.
    pub(crate) fn committed(&self, acts: usize, took: Duration, audited: impl Iterator<Item = Act>) {
        // A batch is far smaller than what a float counts exactly.
        #[allow(clippy::cast_precision_loss)]
        self.batch_acts.record(acts as f64);
        self.commit_seconds.record(took);
        for act in audited {
            if let Some(counter) = self.acts.get(act as usize) {
                counter.increment(1);
            }
        }
    }
}

/// What is in the store, as far as an operator watches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Deliveries that wait unfetched.
    pub waiting_deliveries: u64,
    /// Bytes of their contents.
    pub waiting_bytes: u64,
    /// Uploads that were begun and not committed.
    pub uploads: u64,
    /// Contents whose key is destroyed and whose bytes are still to be deleted.
    pub erasures: u64,
    /// Lines of the audit that no chain has yet.
    pub unsealed_lines: u64,
    /// Contents that rows name and that were not found when that was last looked for.
    pub contents_missing: u64,
    /// Mails that are to be sent.
    pub mails: u64,
    /// Bytes of the database file.
    pub database_bytes: u64,
}

/// What both engines are asked in the same way.
macro_rules! figures {
    () => {
        "SELECT (SELECT CAST(coalesce(sum(waiting_deliveries), 0) AS BIGINT) FROM mailbox) AS waiting_deliveries, \
         (SELECT CAST(coalesce(sum(waiting_bytes), 0) AS BIGINT) FROM mailbox) AS waiting_bytes, \
         (SELECT count(*) FROM upload) AS uploads, \
         (SELECT count(*) FROM erasure) AS erasures, \
         (SELECT count(*) FROM mail) AS mails, \
         (SELECT coalesce(max(row), 0) FROM audit) - (SELECT row FROM audit_sealer) AS unsealed_lines, \
         (SELECT coalesce(max(CAST(value AS BIGINT)), 0) FROM setting WHERE name = 'contents_missing') AS contents_missing, "
    };
}

impl Store {
    /// Counts and measures from now on. What is set first stays.
    pub fn measure(&self, meters: Meters) {
        self.writer.measure(meters);
    }

    /// Acts that wait for the writer.
    pub fn waiting_acts(&self) -> usize {
        self.writer.waiting_acts()
    }

    /// Writes something small through the writer, as every act is written, and so knows whether acts can be. Where an act
    /// found no room, room for many is tried first: a full disk still takes what fits between other rows.
    pub async fn probe(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        if self.writer.room.lacks() {
            self.writer
                .act(|batch| Box::pin(room::take(&mut batch.connection)))
                .await?;
            self.writer.room.found();
        }
        self.remember("probed_at", convert::millis(now).to_string()).await
    }

    /// Looks what is in the store. Reads a row of every mailbox: for every now and then.
    pub async fn figures(&self) -> Result<Figures, StoreError> {
        let row = sql::query(Text {
            sqlite: concat!(
                figures!(),
                "(SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()) AS database_bytes"
            ),
            postgres: concat!(figures!(), "pg_database_size(current_database()) AS database_bytes"),
        })
        .fetch_one(&self.shared.readers)
        .await?;
        let number = |name| convert::number(row.try_get(name)?);
        Ok(Figures {
            waiting_deliveries: number("waiting_deliveries")?,
            waiting_bytes: number("waiting_bytes")?,
            uploads: number("uploads")?,
            erasures: number("erasures")?,
            unsealed_lines: number("unsealed_lines")?,
            contents_missing: number("contents_missing")?,
            mails: number("mails")?,
            database_bytes: number("database_bytes")?,
        })
    }
}
