//! Terminals: issue passwords, enrolment, revocation.

use std::sync::Arc;

use care_model::{OfficeNumber, TerminalId};
use chrono::{DateTime, Utc};
use exchange_protocol::TerminalEntry;

use crate::{
    Act, By, Store, StoreError, Subject,
    audit::AuditLine,
    convert, sql,
    writer::{After, Batch},
};

/// Issue passwords of one office that are looked at; older ones are as good as used.
const ISSUE_PASSWORDS_MAX: i64 = 10;
/// Terminals of one office that are listed.
const TERMINALS_SHOWN_MAX: i64 = 1_000;

/// A terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalRow {
    /// Which.
    pub id: TerminalId,
    /// The office it belongs to.
    pub office: OfficeNumber,
    /// What the office calls it.
    pub name: String,
    /// The SHA-256 of its certificate.
    pub fingerprint: [u8; 32],
    /// The last instant of its certificate.
    pub expires_at: DateTime<Utc>,
    /// When its certificate was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// The SHA-256 of the certificate that was given to it and not used yet.
    pub next: Option<[u8; 32]>,
    /// The SHA-256 of the certificate before, and until when that is good.
    pub former: Option<([u8; 32], DateTime<Utc>)>,
}

/// A terminal to enrol.
#[derive(Debug, Clone)]
pub struct NewTerminal {
    /// The terminal.
    pub terminal: TerminalRow,
    /// The issue password that it uses up; none where the operator made its certificate.
    pub issue_password: Option<i64>,
}

/// An issue password that has not been used.
#[derive(Clone)]
pub struct IssuePassword {
    /// Its place in the table.
    pub row: i64,
    /// Its Argon2id hash, in PHC form.
    pub password_hash: String,
    /// The lifetime of the certificate that it buys, in days; may be negative in tests.
    pub certificate_days: i64,
}

impl std::fmt::Debug for IssuePassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuePassword")
            .field("row", &self.row)
            .finish_non_exhaustive()
    }
}

/// Two bytes by which an issue password is found among those of its office before it is tried.
pub type Selector = [u8; 2];

/// An issue password to keep.
#[derive(Clone)]
pub struct NewIssuePassword {
    /// Its Argon2id hash, in PHC form.
    pub password_hash: String,
    /// Which it can be, if the exchange made it.
    pub selector: Option<Selector>,
    /// Days that the certificate holds which it buys.
    pub certificate_days: i64,
    /// Until when it is good.
    pub until: DateTime<Utc>,
}

/// No hash is ever printed.
impl std::fmt::Debug for NewIssuePassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewIssuePassword(…)")
    }
}

/// Keeps an issue password, within another act; false if there is no such office.
pub(crate) async fn insert_issue_password(
    batch: &mut Batch,
    office: OfficeNumber,
    new: NewIssuePassword,
    by: By,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let inserted = sql::query(
        "INSERT INTO issue_password (office, password_hash, selector, made_at, until, certificate_days) \
         SELECT number, ?, ?, ?, ?, ? FROM office WHERE number = ?",
    )
    .bind(new.password_hash)
    .bind(new.selector.map(|selector| selector.to_vec()))
    .bind(convert::millis(now))
    .bind(convert::millis(new.until))
    .bind(new.certificate_days)
    .bind(office.as_str().to_owned())
    .execute(&mut batch.connection)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(false);
    }
    let line = AuditLine::new(now, Act::IssuePassword, by).of_office(office);
    batch.audit(line.on(Subject::Office(office)));
    Ok(true)
}

impl Store {
    /// Stores an issue password for an office; false if there is no such office.
    pub async fn add_issue_password(
        &self,
        office: OfficeNumber,
        new: NewIssuePassword,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| Box::pin(async move { insert_issue_password(batch, office, new, by, now).await }))
            .await
    }

    /// The issue passwords of an office that are still good and that the one with this selector can be.
    pub async fn issue_passwords(
        &self,
        office: OfficeNumber,
        selector: Selector,
        now: DateTime<Utc>,
    ) -> Result<Vec<IssuePassword>, StoreError> {
        let rows: Vec<(i64, String, i64)> = sql::query_as(
            "SELECT row, password_hash, certificate_days FROM issue_password \
             WHERE office = ?1 AND used_at IS NULL AND until > ?2 AND coalesce(selector, ?3) = ?3 ORDER BY row DESC LIMIT ?4",
        )
        .bind(office.as_str())
        .bind(convert::millis(now))
        .bind(selector.to_vec())
        .bind(ISSUE_PASSWORDS_MAX)
        .fetch_all(&self.shared.readers)
        .await?;
        let passwords = rows
            .into_iter()
            .map(|(row, password_hash, certificate_days)| IssuePassword {
                row,
                password_hash,
                certificate_days,
            });
        Ok(passwords.collect())
    }

    /// Enrols a terminal and uses up its issue password in one act; false if the password was used meanwhile.
    pub async fn enrol(&self, new: NewTerminal, by: By, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    if let Some(row) = new.issue_password {
                        let used =
                            sql::query("UPDATE issue_password SET used_at = ? WHERE row = ? AND used_at IS NULL")
                                .bind(convert::millis(now))
                                .bind(row)
                                .execute(&mut batch.connection)
                                .await?;
                        if used.rows_affected() == 0 {
                            return Ok(false);
                        }
                    }
                    let terminal = new.terminal;
                    sql::query(
                        "INSERT INTO terminal (id, office, name, fingerprint, enrolled_at, expires_at) \
                         VALUES (?, ?, ?, ?, ?, ?)",
                    )
                    .bind(terminal.id.as_bytes().to_vec())
                    .bind(terminal.office.as_str().to_owned())
                    .bind(terminal.name)
                    .bind(terminal.fingerprint.to_vec())
                    .bind(convert::millis(now))
                    .bind(convert::millis(terminal.expires_at))
                    .execute(&mut batch.connection)
                    .await?;
                    let line = AuditLine::new(now, Act::Enrol, by).of_office(terminal.office);
                    batch.audit(line.on(Subject::Terminal(terminal.id)));
                    batch.after(After::AccessChanged);
                    Ok(true)
                })
            })
            .await
    }

    /// A terminal, from memory if it was asked for before.
    pub async fn terminal(&self, id: TerminalId) -> Result<Option<Arc<TerminalRow>>, StoreError> {
        let generation = match self.shared.terminals.get(&id) {
            Ok(terminal) => return Ok(Some(terminal)),
            Err(generation) => generation,
        };
        let row = sql::query(
            "SELECT office, name, fingerprint, expires_at, revoked_at, next_fingerprint, former_fingerprint, \
             former_until FROM terminal WHERE id = ?",
        )
        .bind(id.as_bytes().as_slice())
        .fetch_optional(&self.shared.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let terminal = Arc::new(TerminalRow {
            id,
            office: convert::office(row.try_get("office")?)?,
            name: row.try_get("name")?,
            fingerprint: *convert::digest(row.try_get("fingerprint")?)?.as_bytes(),
            expires_at: convert::time(row.try_get("expires_at")?)?,
            revoked_at: row
                .try_get::<Option<i64>>("revoked_at")?
                .map(convert::time)
                .transpose()?,
            next: row
                .try_get::<Option<&[u8]>>("next_fingerprint")?
                .map(|bytes| convert::digest(bytes).map(|digest| *digest.as_bytes()))
                .transpose()?,
            former: match (
                row.try_get::<Option<&[u8]>>("former_fingerprint")?,
                row.try_get::<Option<i64>>("former_until")?,
            ) {
                (Some(bytes), Some(until)) => Some((*convert::digest(bytes)?.as_bytes(), convert::time(until)?)),
                _ => None,
            },
        });
        self.shared.terminals.put(generation, id, Arc::clone(&terminal));
        Ok(Some(terminal))
    }

    /// The terminals of an office, stopped ones too, newest first.
    pub async fn terminals(&self, office: OfficeNumber) -> Result<Vec<TerminalEntry>, StoreError> {
        let rows: Vec<(Vec<u8>, String, i64, i64, Option<i64>)> = sql::query_as(
            "SELECT id, name, enrolled_at, expires_at, revoked_at FROM terminal WHERE office = ? \
             ORDER BY enrolled_at DESC, id LIMIT ?",
        )
        .bind(office.as_str())
        .bind(TERMINALS_SHOWN_MAX)
        .fetch_all(&self.shared.readers)
        .await?;
        let entry = |(id, name, enrolled_at, expires_at, revoked_at): (Vec<u8>, String, i64, i64, Option<i64>)| {
            Ok(TerminalEntry {
                id: convert::terminal_id(&id)?,
                name,
                enrolled_at: convert::time(enrolled_at)?,
                expires_at: convert::time(expires_at)?,
                revoked_at: revoked_at.map(convert::time).transpose()?,
            })
        };
        rows.into_iter().map(entry).collect()
    }

    /// Revokes a terminal's certificate and ends its sessions; false if there is no such terminal.
    pub async fn revoke_terminal(&self, id: TerminalId, by: By, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let revoked: Option<String> = sql::query_scalar(
                        "UPDATE terminal SET revoked_at = coalesce(revoked_at, ?) WHERE id = ? RETURNING office",
                    )
                    .bind(convert::millis(now))
                    .bind(id.as_bytes().to_vec())
                    .fetch_optional(&mut batch.connection)
                    .await?;
                    let Some(office) = revoked else { return Ok(false) };
                    let office = convert::office(&office)?;
                    sql::query("DELETE FROM session WHERE terminal = ?")
                        .bind(id.as_bytes().to_vec())
                        .execute(&mut batch.connection)
                        .await?;
                    let line = AuditLine::new(now, Act::Revoke, by).of_office(office);
                    batch.audit(line.on(Subject::Terminal(id)));
                    batch.after(After::AccessChanged);
                    Ok(true)
                })
            })
            .await
    }
}
