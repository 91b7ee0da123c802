//! Sessions: tokens are stored as SHA-256 only.

use std::sync::Arc;

use care_model::{AccountId, OfficeNumber, TerminalId};
use chrono::{DateTime, Utc};

use crate::{
    Act, Actor, Store, StoreError,
    audit::AuditLine,
    convert, sql,
    writer::{After, Batch},
};

/// The SHA-256 of a random token.
pub type TokenHash = [u8; 32];

/// A session to begin or to renew.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The access token's hash.
    pub access: TokenHash,
    /// The refresh token's hash.
    pub refresh: TokenHash,
    /// Until when the access token is good.
    pub access_until: DateTime<Utc>,
    /// Until when the refresh token is good.
    pub refresh_until: DateTime<Utc>,
}

/// What both steps of ログイン found right: as long as it still is, a session begins.
#[derive(Clone)]
pub struct Proof {
    /// The hash against which the person's password was tried.
    pub person_password_hash: String,
    /// The office's account.
    pub office_account: AccountId,
    /// The hash against which the office's password was tried.
    pub office_password_hash: String,
}

/// Hashes of passwords are never printed.
impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proof").finish_non_exhaustive()
    }
}

/// A session as every request needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its place in the table.
    pub row: i64,
    /// The office that is signed in.
    pub office: OfficeNumber,
    /// The key of the person's account.
    pub person: String,
    /// The person's display name.
    pub person_name: String,
    /// The terminal that it is bound to.
    pub terminal: TerminalId,
    /// When both steps were done.
    pub signed_in_at: DateTime<Utc>,
    /// Until when the access token is good.
    pub access_until: DateTime<Utc>,
    /// Until when the refresh token is good.
    pub refresh_until: DateTime<Utc>,
}

const COLUMNS_BY_ACCESS: &str = "SELECT row, office, person, person_name, terminal, signed_in_at, access_until, \
                                 refresh_until FROM session WHERE access_hash = ?";
const COLUMNS_BY_REFRESH: &str = "SELECT row, office, person, person_name, terminal, signed_in_at, access_until, \
                                  refresh_until FROM session WHERE refresh_hash = ?";

fn session_of(row: &sql::Row) -> Result<SessionRow, StoreError> {
    Ok(SessionRow {
        row: row.try_get("row")?,
        office: convert::office(row.try_get("office")?)?,
        person: row.try_get("person")?,
        person_name: row.try_get("person_name")?,
        terminal: convert::terminal_id(row.try_get("terminal")?)?,
        signed_in_at: convert::time(row.try_get("signed_in_at")?)?,
        access_until: convert::time(row.try_get("access_until")?)?,
        refresh_until: convert::time(row.try_get("refresh_until")?)?,
    })
}

/// Whether an account still has the password that was tried, and is not stopped.
pub(crate) async fn account_still(batch: &mut Batch, key: String, password_hash: String) -> Result<bool, StoreError> {
    let same =
        sql::query_scalar::<i64>("SELECT 1 FROM account WHERE key = ? AND password_hash = ? AND stopped_at IS NULL");
    let same = same.bind(key).bind(password_hash);
    Ok(same.fetch_optional(&mut batch.connection).await?.is_some())
}

impl Store {
    /// Begins a session, if both accounts may still come in with the passwords that were tried; false if one was changed
    /// or stopped meanwhile, which ended the sessions that there were. A terminal that was revoked meanwhile needs no
    /// look: every request asks for it.
    pub async fn begin_session(
        &self,
        new: NewSession,
        proof: Proof,
        actor: Actor,
        person_name: String,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let accounts = [
                        (actor.account.clone(), proof.person_password_hash),
                        (proof.office_account.key(), proof.office_password_hash),
                    ];
                    for (key, password_hash) in accounts {
                        if !account_still(batch, key, password_hash).await? {
                            return Ok(false);
                        }
                    }
                    sql::query(
                        "INSERT INTO session (access_hash, refresh_hash, office, person, person_name, terminal, \
                         signed_in_at, access_until, refresh_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    )
                    .bind(new.access.to_vec())
                    .bind(new.refresh.to_vec())
                    .bind(actor.office.as_str().to_owned())
                    .bind(actor.account.clone())
                    .bind(person_name)
                    .bind(actor.terminal.as_bytes().to_vec())
                    .bind(convert::millis(now))
                    .bind(convert::millis(new.access_until))
                    .bind(convert::millis(new.refresh_until))
                    .execute(&mut batch.connection)
                    .await?;
                    sql::query("UPDATE terminal SET signed_in_at = ? WHERE id = ?")
                        .bind(convert::millis(now))
                        .bind(actor.terminal.as_bytes().to_vec())
                        .execute(&mut batch.connection)
                        .await?;
                    batch.audit(AuditLine::new(now, Act::SignIn, &actor));
                    Ok(true)
                })
            })
            .await
    }

    /// The session of an access token, from memory if it was asked for before. Whether it is still good is the caller's to judge.
    pub async fn session(&self, access: TokenHash) -> Result<Option<Arc<SessionRow>>, StoreError> {
        let generation = match self.shared.sessions.get(&access) {
            Ok(session) => return Ok(Some(session)),
            Err(generation) => generation,
        };
        let row = sql::query(COLUMNS_BY_ACCESS)
            .bind(access.as_slice())
            .fetch_optional(&self.shared.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let session = Arc::new(session_of(&row)?);
        self.shared.sessions.put(generation, access, Arc::clone(&session));
        Ok(Some(session))
    }

    /// The session of a refresh token.
    pub async fn session_by_refresh(&self, refresh: TokenHash) -> Result<Option<SessionRow>, StoreError> {
        let row = sql::query(COLUMNS_BY_REFRESH)
            .bind(refresh.as_slice())
            .fetch_optional(&self.shared.readers)
            .await?;
        row.as_ref().map(session_of).transpose()
    }

    /// Gives a session new tokens; false if the refresh token was used meanwhile. The old access token ends.
    pub async fn renew_session(&self, used_refresh: TokenHash, new: NewSession) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let updated = sql::query(
                        "UPDATE session SET access_hash = ?, refresh_hash = ?, access_until = ?, refresh_until = ? \
                         WHERE refresh_hash = ?",
                    )
                    .bind(new.access.to_vec())
                    .bind(new.refresh.to_vec())
                    .bind(convert::millis(new.access_until))
                    .bind(convert::millis(new.refresh_until))
                    .bind(used_refresh.to_vec())
                    .execute(&mut batch.connection)
                    .await?;
                    batch.after(After::AccessChanged);
                    Ok(updated.rows_affected() == 1)
                })
            })
            .await
    }

    /// Ends a session.
    pub async fn end_session(&self, session: i64, actor: Actor, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    sql::query("DELETE FROM session WHERE row = ?")
                        .bind(session)
                        .execute(&mut batch.connection)
                        .await?;
                    batch.after(After::AccessChanged);
                    batch.audit(AuditLine::new(now, Act::SignOut, &actor));
                    Ok(())
                })
            })
            .await
    }

    /// Ends every session of a person, at whatever terminal.
    pub async fn end_sessions_of_person(&self, actor: Actor, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    sql::query("DELETE FROM session WHERE person = ?")
                        .bind(actor.account.clone())
                        .execute(&mut batch.connection)
                        .await?;
                    batch.after(After::AccessChanged);
                    batch.audit(AuditLine::new(now, Act::SignOut, &actor));
                    Ok(())
                })
            })
            .await
    }

    /// Whether the session still exists, whatever its tokens are now; for streams that outlive a token.
    pub async fn session_lives(&self, session: i64, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let row: Option<i64> = sql::query_scalar("SELECT 1 FROM session WHERE row = ? AND refresh_until > ?")
            .bind(session)
            .bind(convert::millis(now))
            .fetch_optional(&self.shared.readers)
            .await?;
        Ok(row.is_some())
    }

    /// Forgets sessions that ended by time.
    pub async fn drop_ended_sessions(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    sql::query("DELETE FROM session WHERE refresh_until <= ?")
                        .bind(convert::millis(now))
                        .execute(&mut batch.connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}
