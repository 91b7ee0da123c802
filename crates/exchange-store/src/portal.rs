//! Sessions of 利用状況Webサイト (ADR 0026): tokens are stored as SHA-256 only; offices and operators share the table.

use care_model::AccountId;
use chrono::{DateTime, Utc};

use crate::{
    Act, By, Store, StoreError, TokenHash, audit::AuditLine, convert, operators::operator_still,
    sessions::account_still, sql, writer::Batch,
};

/// Who can be signed in at the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PortalFamily {
    /// An office, by its 事業所ユーザID.
    Office,
    /// An operator of the exchange.
    Operator,
}

impl PortalFamily {
    fn code(self) -> i64 {
        match self {
            Self::Office => 2,
            Self::Operator => 3,
        }
    }

    fn of_code(code: i64) -> Result<Self, StoreError> {
        match code {
            2 => Ok(Self::Office),
            3 => Ok(Self::Operator),
            _ => Err(StoreError::Damaged { what: "portal session" }),
        }
    }
}

/// A session of the portal to begin.
#[derive(Clone)]
pub struct NewPortalSession {
    /// The cookie's hash.
    pub token: TokenHash,
    /// What every form of the session carries.
    pub form_secret: String,
    /// Office or operator.
    pub family: PortalFamily,
    /// Whose.
    pub account: AccountId,
    /// The hash against which the password was tried: as long as it is the account's, the session begins.
    pub password_hash: String,
    /// When it ends, however busy it is.
    pub until: DateTime<Utc>,
}

/// A session of the portal. Whether it is still good is the caller's to judge.
#[derive(Clone)]
pub struct PortalSession {
    /// Its place in the table.
    pub row: i64,
    /// What every form of the session carries.
    pub form_secret: String,
    /// Office or operator.
    pub family: PortalFamily,
    /// Whose.
    pub account: AccountId,
    /// When it was last used, to the minute.
    pub seen_at: DateTime<Utc>,
    /// When it ends, however busy it is.
    pub until: DateTime<Utc>,
}

/// Neither tokens nor secrets are ever printed.
impl std::fmt::Debug for NewPortalSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewPortalSession")
            .field("family", &self.family)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for PortalSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PortalSession")
            .field("row", &self.row)
            .field("family", &self.family)
            .finish_non_exhaustive()
    }
}

/// Ends every session of one account, within another act; whoever changes or takes away a password does this.
pub(crate) async fn end_portal_sessions(
    batch: &mut Batch,
    family: PortalFamily,
    account_key: String,
) -> Result<(), StoreError> {
    sql::query("DELETE FROM portal_session WHERE family = ? AND account_key = ?")
        .bind(family.code())
        .bind(account_key)
        .execute(&mut batch.connection)
        .await?;
    Ok(())
}

/// Who acts at the portal, for the audit.
async fn acting(batch: &mut Batch, family: PortalFamily, account: AccountId) -> Result<By, StoreError> {
    if family == PortalFamily::Operator {
        return Ok(By::Operator { account });
    }
    let office: String = sql::query_scalar("SELECT office FROM account WHERE key = ?")
        .bind(account.key())
        .fetch_one(&mut batch.connection)
        .await?;
    Ok(By::Portal {
        office: convert::office(&office)?,
        account,
    })
}

impl Store {
    /// Begins a session of the portal, if the account may still come in with the password that was tried; false if it
    /// was changed or stopped meanwhile, which ended the sessions that there were.
    pub async fn begin_portal_session(&self, new: NewPortalSession, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let key = new.account.key();
                    let may_enter = match new.family {
                        PortalFamily::Office => account_still(batch, key.clone(), new.password_hash).await?,
                        PortalFamily::Operator => operator_still(batch, key.clone(), new.password_hash).await?,
                    };
                    if !may_enter {
                        return Ok(false);
                    }
                    sql::query(
                        "INSERT INTO portal_session (token_hash, form_secret, family, account, account_key, \
                         signed_in_at, seen_at, until) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    )
                    .bind(new.token.to_vec())
                    .bind(new.form_secret)
                    .bind(new.family.code())
                    .bind(new.account.as_str().to_owned())
                    .bind(key)
                    .bind(convert::millis(now))
                    .bind(convert::millis(now))
                    .bind(convert::millis(new.until))
                    .execute(&mut batch.connection)
                    .await?;
                    let by = acting(batch, new.family, new.account).await?;
                    batch.audit(AuditLine::new(now, Act::PortalSignIn, by));
                    Ok(true)
                })
            })
            .await
    }

    /// The session of a cookie.
    pub async fn portal_session(&self, token: TokenHash) -> Result<Option<PortalSession>, StoreError> {
        let row = sql::query(
            "SELECT row, form_secret, family, account, seen_at, until FROM portal_session WHERE token_hash = ?",
        )
        .bind(token.as_slice())
        .fetch_optional(&self.shared.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(PortalSession {
            row: row.try_get("row")?,
            form_secret: row.try_get("form_secret")?,
            family: PortalFamily::of_code(row.try_get("family")?)?,
            account: AccountId::parse(row.try_get("account")?).map_err(|_| StoreError::Damaged { what: "account" })?,
            seen_at: convert::time(row.try_get("seen_at")?)?,
            until: convert::time(row.try_get("until")?)?,
        }))
    }

    /// Notes that a session of the portal is in use.
    pub async fn see_portal_session(&self, session: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    sql::query("UPDATE portal_session SET seen_at = ? WHERE row = ?")
                        .bind(convert::millis(now))
                        .bind(session)
                        .execute(&mut batch.connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Ends a session of the portal, or with `everywhere` all of its account.
    pub async fn end_portal_session(
        &self,
        session: PortalSession,
        everywhere: bool,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let key = session.account.key();
                    sql::query("DELETE FROM portal_session WHERE row = ?")
                        .bind(session.row)
                        .execute(&mut batch.connection)
                        .await?;
                    if everywhere {
                        end_portal_sessions(batch, session.family, key.clone()).await?;
                    }
                    let by = acting(batch, session.family, session.account).await?;
                    batch.audit(AuditLine::new(now, Act::PortalSignOut, by));
                    Ok(())
                })
            })
            .await
    }

    /// Forgets sessions of the portal that ended by time, or were not used since `idle_since`.
    pub async fn drop_ended_portal_sessions(
        &self,
        idle_since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    sql::query("DELETE FROM portal_session WHERE until <= ? OR seen_at <= ?")
                        .bind(convert::millis(now))
                        .bind(convert::millis(idle_since))
                        .execute(&mut batch.connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}
