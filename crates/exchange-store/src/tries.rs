//! Wrong passwords make the next try wait, longer each time: for one account at one place, and for all accounts that
//! one place tries (ADR 37). They are counted in rows, for every node alike (ADR 44).
//!
//! A place is a terminal, or the network that a stranger comes from. An account that does not exist is counted like one
//! that does, so that waits tell nothing; nobody can make another place wait.

use std::fmt::Display;

use care_model::AccountId;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};

use crate::{Store, StoreError, convert, sql};

/// After this time the count starts anew.
const FORGOTTEN_HOURS: i64 = 12;
/// Keys remembered at once, at each door by each of the two rules.
const REMEMBERED_MAX: i64 = 10_000;

/// Where passwords are tried. What strangers invent at one door pushes nobody's wait at another out of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryDoor {
    /// ログイン at a terminal.
    Terminal,
    /// 初期設定, open to strangers.
    Enrolment,
    /// The sign-in of 利用状況Webサイト, open to strangers.
    Portal,
}

impl TryDoor {
    fn code(self) -> i64 {
        match self {
            Self::Terminal => 1,
            Self::Enrolment => 2,
            Self::Portal => 3,
        }
    }
}

/// How wrong tries under one key turn into waits.
#[derive(Debug, Clone, Copy)]
struct Rule {
    /// Its digit behind the door's.
    code: i64,
    /// Wrong passwords that cost nothing.
    free_tries: i64,
    /// The longest wait.
    wait_minutes_max: i64,
    /// Whether each try puts off the time when the count starts anew.
    prolongs: bool,
}

/// A right password ends the count.
const ONE_ACCOUNT: Rule = Rule {
    code: 1,
    free_tries: 5,
    wait_minutes_max: 30,
    prolongs: true,
};
/// Many people may sit behind one terminal or address, and no right password of theirs makes up for wrong ones of
/// others: so more is free, the waits stay short, and the count ends by itself.
const ALL_ACCOUNTS: Rule = Rule {
    code: 2,
    free_tries: 50,
    wait_minutes_max: 5,
    prolongs: false,
};

/// A try that was let through. It counts as wrong unless somebody says otherwise.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmittedTry {
    account: Counted,
    place: Counted,
}

/// What one try did to one count.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Counted {
    key: Vec<u8>,
    at: i64,
    /// When the try before was.
    before: i64,
}

/// The wrong tries under one key; times in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
struct Wrong {
    count: i64,
    last: i64,
    since: i64,
}

impl Wrong {
    /// How many whole minutes are still to wait, if any; none while tries are free, for then a try whose time was read a
    /// moment before another's, and which comes here after it, has nothing to wait for.
    fn waits(self, rule: Rule, now: i64) -> Option<i64> {
        const MINUTE: i64 = 60_000;
        let over = self.count - rule.free_tries;
        if over <= 0 {
            return None;
        }
        let minutes = (1_i64 << (over - 1).min(9)).min(rule.wait_minutes_max);
        let until = self.last + minutes * MINUTE;
        (now < until).then(|| (until - now) / 1_000 / 60 + 1)
    }
}

impl Store {
    /// Lets a try through, or says how many whole minutes are still to wait.
    ///
    /// The try counts as wrong from here on, until [`Store::try_was_right`] or [`Store::try_was_not_made`]: so many tries
    /// at the same moment get no further than the same tries one after the other, at however many nodes.
    pub async fn admit_try(
        &self,
        door: TryDoor,
        account: &AccountId,
        place: impl Display,
        now: DateTime<Utc>,
    ) -> Result<Result<AdmittedTry, i64>, StoreError> {
        let now = convert::millis(now);
        let of_place = key(door, ALL_ACCOUNTS, &place.to_string());
        let of_account = key(door, ONE_ACCOUNT, &format!("{} {place}", account.key()));
        // Whoever has to wait takes no turn of the writer.
        for (key, rule) in [(&of_place, ALL_ACCOUNTS), (&of_account, ONE_ACCOUNT)] {
            let found = wrong(&self.shared.readers, key).await?;
            if let Some(minutes) = found.and_then(|wrong| wrong.waits(rule, now)) {
                return Ok(Err(minutes));
            }
        }
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let connection = &mut batch.connection;
                    let on_place = wrong(&mut *connection, &of_place).await?;
                    let on_account = wrong(&mut *connection, &of_account).await?;
                    for (found, rule) in [(on_place, ALL_ACCOUNTS), (on_account, ONE_ACCOUNT)] {
                        if let Some(minutes) = found.and_then(|wrong| wrong.waits(rule, now)) {
                            return Ok(Err(minutes));
                        }
                    }
                    Ok(Ok(AdmittedTry {
                        place: count(connection, door, ALL_ACCOUNTS, of_place, on_place, now).await?,
                        account: count(connection, door, ONE_ACCOUNT, of_account, on_account, now).await?,
                    }))
                })
            })
            .await
    }

    /// The password was right: the account's count ends, the place's is as if nobody had tried.
    pub async fn try_was_right(&self, admitted: AdmittedTry) -> Result<(), StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    sql::query("DELETE FROM password_try WHERE key = ?")
                        .bind(admitted.account.key)
                        .execute(&mut batch.connection)
                        .await?;
                    take_back(&mut batch.connection, admitted.place).await
                })
            })
            .await
    }

    /// No password was tried after all.
    pub async fn try_was_not_made(&self, admitted: AdmittedTry) -> Result<(), StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    take_back(&mut batch.connection, admitted.account).await?;
                    take_back(&mut batch.connection, admitted.place).await
                })
            })
            .await
    }

    /// Drops the counts that would start anew.
    pub async fn drop_forgotten_tries(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let forgotten = forgotten(convert::millis(now));
        let any: Option<i64> = sql::query_scalar("SELECT 1 FROM password_try WHERE since <= ? LIMIT 1")
            .bind(forgotten)
            .fetch_optional(&self.shared.readers)
            .await?;
        if any.is_none() {
            return Ok(());
        }
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    sql::query("DELETE FROM password_try WHERE since <= ?")
                        .bind(forgotten)
                        .execute(&mut batch.connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}

/// What a count is kept under. Neither an account nor an address stands in the row.
fn key(door: TryDoor, rule: Rule, what: &str) -> Vec<u8> {
    let text = format!("{} {} {what}", door.code(), rule.code);
    Sha256::digest(text.as_bytes()).to_vec()
}

fn forgotten(now: i64) -> i64 {
    now - TimeDelta::hours(FORGOTTEN_HOURS).num_milliseconds()
}

async fn wrong<'c>(on: impl Into<sql::On<'c>>, key: &[u8]) -> Result<Option<Wrong>, StoreError> {
    let row = sql::query("SELECT wrong, last_at, since FROM password_try WHERE key = ?")
        .bind(key)
        .fetch_optional(on)
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Wrong {
        count: row.try_get("wrong")?,
        last: row.try_get("last_at")?,
        since: row.try_get("since")?,
    }))
}

/// Counts a try as wrong.
async fn count(
    connection: &mut sql::Connection,
    door: TryDoor,
    rule: Rule,
    key: Vec<u8>,
    found: Option<Wrong>,
    now: i64,
) -> Result<Counted, StoreError> {
    let counted = door.code() * 10 + rule.code;
    if found.is_none() {
        make_room(connection, counted, now).await?;
    }
    let fresh = Wrong {
        count: 0,
        last: now,
        since: now,
    };
    let so_far = found.filter(|wrong| wrong.since > forgotten(now)).unwrap_or(fresh);
    let since = if rule.prolongs { now } else { so_far.since };
    sql::query(
        "INSERT INTO password_try (key, counted, wrong, last_at, since) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (key) DO UPDATE SET wrong = excluded.wrong, last_at = excluded.last_at, since = excluded.since",
    )
    .bind(key.clone())
    .bind(counted)
    .bind(so_far.count.saturating_add(1))
    .bind(now)
    .bind(since)
    .execute(connection)
    .await?;
    Ok(Counted {
        key,
        at: now,
        before: so_far.last,
    })
}

/// Strangers choose what they are counted under: what is kept is bounded, and the oldest goes first.
async fn make_room(connection: &mut sql::Connection, counted: i64, now: i64) -> Result<(), StoreError> {
    let kept: i64 = sql::query_scalar("SELECT count(*) FROM password_try WHERE counted = ?")
        .bind(counted)
        .fetch_one(&mut *connection)
        .await?;
    if kept < REMEMBERED_MAX {
        return Ok(());
    }
    let dropped = sql::query("DELETE FROM password_try WHERE counted = ? AND since <= ?")
        .bind(counted)
        .bind(forgotten(now))
        .execute(&mut *connection)
        .await?;
    if dropped.rows_affected() == 0 {
        sql::query(
            "DELETE FROM password_try WHERE key = \
             (SELECT key FROM password_try WHERE counted = ? ORDER BY last_at LIMIT 1)",
        )
        .bind(counted)
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// As if the try had not been: it makes nobody wait anew either.
async fn take_back(connection: &mut sql::Connection, counted: Counted) -> Result<(), StoreError> {
    sql::query(
        "UPDATE password_try SET wrong = wrong - 1, last_at = CASE WHEN last_at = ?1 THEN ?2 ELSE last_at END \
         WHERE key = ?3",
    )
    .bind(counted.at)
    .bind(counted.before)
    .bind(counted.key.clone())
    .execute(&mut *connection)
    .await?;
    sql::query("DELETE FROM password_try WHERE key = ? AND wrong <= 0")
        .bind(counted.key)
        .execute(connection)
        .await?;
    Ok(())
}
