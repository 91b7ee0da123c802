//! Between the two steps of a sign-in: who typed the right person's password, and not yet the office's.

use care_model::{AccountId, Digest, OfficeNumber, TerminalId};
use chrono::{DateTime, Utc};

use crate::{Store, StoreError, TokenHash, convert, sql};

/// Steps at once.
const STEPS_MAX: i64 = 10_000;

/// A person who typed the right password at a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInStep {
    /// The person's account.
    pub person: AccountId,
    /// Digest of the hash of the password that was typed: once it was changed or reset, the step is good for nothing.
    pub password: Digest,
    /// The person's name.
    pub person_name: String,
    /// The person's office.
    pub office: OfficeNumber,
    /// The terminal.
    pub terminal: TerminalId,
    /// Until when the next step may come.
    pub until: DateTime<Utc>,
}

impl Store {
    /// Remembers a step under its token; false if too many people are between the two steps.
    pub async fn put_step(&self, token: TokenHash, step: SignInStep, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    sql::query("DELETE FROM sign_in_step WHERE until <= ?")
                        .bind(convert::millis(now))
                        .execute(&mut batch.connection)
                        .await?;
                    let put = sql::query(
                        "INSERT INTO sign_in_step (token_hash, person, password, person_name, office, terminal, until) \
                         SELECT ?, ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM sign_in_step) < ?",
                    )
                    .bind(token.to_vec())
                    .bind(step.person.as_str())
                    .bind(step.password.as_bytes().to_vec())
                    .bind(step.person_name)
                    .bind(step.office.as_str())
                    .bind(step.terminal.as_bytes().to_vec())
                    .bind(convert::millis(step.until))
                    .bind(STEPS_MAX)
                    .execute(&mut batch.connection)
                    .await?;
                    Ok(put.rows_affected() == 1)
                })
            })
            .await
    }

    /// The step of a token that may still go on.
    pub async fn step(&self, token: &TokenHash, now: DateTime<Utc>) -> Result<Option<SignInStep>, StoreError> {
        let row = sql::query(
            "SELECT person, password, person_name, office, terminal, until FROM sign_in_step \
             WHERE token_hash = ? AND until > ?",
        )
        .bind(token.to_vec())
        .bind(convert::millis(now))
        .fetch_optional(&self.shared.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(SignInStep {
            person: AccountId::parse(row.try_get("person")?).map_err(|_| StoreError::Damaged { what: "account" })?,
            password: convert::digest(row.try_get("password")?)?,
            person_name: row.try_get("person_name")?,
            office: convert::office(row.try_get("office")?)?,
            terminal: convert::terminal_id(row.try_get("terminal")?)?,
            until: convert::time(row.try_get("until")?)?,
        }))
    }

    /// Takes a step; false if somebody else took it before.
    pub async fn spend_step(&self, token: TokenHash) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let spent = sql::query("DELETE FROM sign_in_step WHERE token_hash = ?")
                        .bind(token.to_vec())
                        .execute(&mut batch.connection)
                        .await?;
                    Ok(spent.rows_affected() == 1)
                })
            })
            .await
    }
}
