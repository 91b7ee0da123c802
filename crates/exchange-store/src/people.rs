//! The people of an office as its own pages show them, and the passwords that the exchange made for them.

use care_model::{AccountId, OfficeNumber, limits};
use chrono::{DateTime, Utc};
use sealing::Key;

use crate::{
    Act, By, Store, StoreError, Subject,
    audit::AuditLine,
    convert, sql,
    writer::{After, Batch},
};

/// A person of an office.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// The 個人ユーザID.
    pub id: AccountId,
    /// The name shown on screen.
    pub name: String,
    /// Whether the password must be changed before it opens anything.
    pub provisional: bool,
    /// Whether a password that the exchange made waits to be shown.
    pub has_first_password: bool,
    /// Since when the account may not be used any more.
    pub stopped_at: Option<DateTime<Utc>>,
}

/// A person's name and ID are never printed.
impl std::fmt::Debug for PersonRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonRow(…)")
    }
}

/// A password under a key of its own, which is wrapped by the master key (D11).
pub(crate) struct SealedPassword {
    wrapped_key: Vec<u8>,
    sealed: Vec<u8>,
}

/// What a sealed password opens as: it fits no other account.
pub(crate) fn context(account_key: &str) -> Vec<u8> {
    format!("first password of {account_key}").into_bytes()
}

/// Keeps what the exchange made in place of what it kept before; with none, only forgets that. Whoever sets a password
/// does this in the same act.
pub(crate) async fn keep_first_password(
    batch: &mut Batch,
    account_key: String,
    kept: Option<SealedPassword>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sql::query("DELETE FROM first_password WHERE account = ?")
        .bind(account_key.clone())
        .execute(&mut batch.connection)
        .await?;
    if let Some(kept) = kept {
        batch.refuse_retired(&kept.wrapped_key)?;
        sql::query("INSERT INTO first_password (account, wrapped_key, sealed, made_at) VALUES (?, ?, ?, ?)")
            .bind(account_key)
            .bind(kept.wrapped_key)
            .bind(kept.sealed)
            .bind(convert::millis(now))
            .execute(&mut batch.connection)
            .await?;
    }
    Ok(())
}

impl Store {
    pub(crate) fn seal_first_password(
        &self,
        account: &AccountId,
        password: &str,
    ) -> Result<SealedPassword, StoreError> {
        let (key, context) = (Key::generate(), context(&account.key()));
        Ok(SealedPassword {
            wrapped_key: self.wrap_under(&context, &key)?,
            sealed: sealing::seal(&key, &context, password.as_bytes()),
        })
    }

    /// The people of an office, stopped ones too, in the order of their names.
    pub async fn people(&self, office: OfficeNumber) -> Result<Vec<PersonRow>, StoreError> {
        let rows = sql::query(
            "SELECT id, display_name, provisional, stopped_at, \
             EXISTS (SELECT 1 FROM first_password f WHERE f.account = a.key) AS kept \
             FROM account a WHERE office = ? AND family = 1 ORDER BY display_name, key LIMIT ?",
        )
        .bind(office.as_str())
        .bind(i64::try_from(limits::PEOPLE_MAX).unwrap_or(i64::MAX))
        .fetch_all(&self.shared.readers)
        .await?;
        let person = |row: &sql::Row| {
            Ok(PersonRow {
                id: AccountId::parse(row.try_get("id")?).map_err(|_| StoreError::Damaged { what: "account" })?,
                name: row.try_get("display_name")?,
                provisional: row.try_get("provisional")?,
                has_first_password: row.try_get("kept")?,
                stopped_at: row
                    .try_get::<Option<i64>>("stopped_at")?
                    .map(convert::time)
                    .transpose()?,
            })
        };
        rows.iter().map(person).collect()
    }

    /// Stops a person of an office, whose sessions end at once, or lets the person back in; false if there is no such
    /// person in that office, or nothing to change.
    pub async fn set_stopped(
        &self,
        office: OfficeNumber,
        person: AccountId,
        stopped: bool,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let updated = sql::query(
                        "UPDATE account SET stopped_at = ? \
                         WHERE key = ? AND office = ? AND family = 1 AND CASE WHEN stopped_at IS NULL THEN 1 ELSE 0 END = ?",
                    )
                    .bind(stopped.then(|| convert::millis(now)))
                    .bind(person.key())
                    .bind(office.as_str().to_owned())
                    .bind(stopped)
                    .execute(&mut batch.connection)
                    .await?;
                    if updated.rows_affected() == 0 {
                        return Ok(false);
                    }
                    sql::query("DELETE FROM session WHERE person = ?")
                        .bind(person.key())
                        .execute(&mut batch.connection)
                        .await?;
                    let act = if stopped { Act::StopAccount } else { Act::ResumeAccount };
                    let line = AuditLine::new(now, act, by).of_office(office);
                    batch.audit(line.on(Subject::Account(person)));
                    batch.after(After::AccessChanged);
                    Ok(true)
                })
            })
            .await
    }

    /// Hands out a password that the exchange made for a person of an office, and forgets it in the same act; none if
    /// it was shown already or changed meanwhile.
    pub async fn take_first_password(
        &self,
        office: OfficeNumber,
        person: AccountId,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError> {
        let key = person.key();
        let taken: Option<(Vec<u8>, Vec<u8>)> = self
            .writer
            .act(move |batch| {
                Box::pin(async move {
                    let taken = sql::query_as(
                        "DELETE FROM first_password WHERE account = ? \
                         AND account IN (SELECT key FROM account WHERE office = ? AND family = 1) \
                         RETURNING wrapped_key, sealed",
                    )
                    .bind(person.key())
                    .bind(office.as_str().to_owned())
                    .fetch_optional(&mut batch.connection)
                    .await?;
                    if taken.is_some() {
                        let line = AuditLine::new(now, Act::ShowPassword, by).of_office(office);
                        batch.audit(line.on(Subject::Account(person)));
                    }
                    Ok(taken)
                })
            })
            .await?;
        let Some((wrapped_key, sealed)) = taken else {
            return Ok(None);
        };
        let damaged = || StoreError::Damaged { what: "first password" };
        let context = context(&key);
        let opened = sealing::open(&self.unwrap_under(&context, &wrapped_key)?, &context, &sealed);
        let bytes = opened.map_err(|_| damaged())?;
        String::from_utf8(bytes).map(Some).map_err(|_| damaged())
    }
}
