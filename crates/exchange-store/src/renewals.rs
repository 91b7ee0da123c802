//! A terminal's next certificate: known from the answer on, taken up with its first use.

use care_model::TerminalId;
use chrono::{DateTime, Utc};

use crate::{Act, By, Store, StoreError, Subject, audit::AuditLine, convert, sql, writer::After};

/// A certificate for a terminal that is enrolled already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextCertificate {
    /// The SHA-256 of the certificate.
    pub fingerprint: [u8; 32],
    /// The SHA-256 of its public key.
    pub key: [u8; 32],
    /// The certificate in PEM.
    pub pem: String,
    /// Its last instant.
    pub expires_at: DateTime<Utc>,
}

/// What a new certificate is given for.
#[derive(Debug, Clone)]
pub enum RenewalRight {
    /// The certificate is about to end and the terminal asks in its own name.
    Terminal,
    /// An issue password, which it uses up; the terminal may get another name with it.
    IssuePassword {
        /// Its place in the table.
        row: i64,
        /// What the office calls the terminal from then on.
        name: String,
    },
}

impl Store {
    /// Makes a certificate the terminal's next one and answers it. Asked again with the same key it answers the first
    /// one again. None if the terminal is unknown or revoked, or the password was used meanwhile.
    pub async fn renew_terminal(
        &self,
        id: TerminalId,
        next: NextCertificate,
        right: RenewalRight,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<Option<NextCertificate>, StoreError> {
        type Known = (String, Option<Vec<u8>>, Option<Vec<u8>>, Option<String>, Option<i64>);
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let known: Option<Known> = sql::query_as(
                        "SELECT office, next_fingerprint, next_key, next_pem, next_expires_at FROM terminal \
                         WHERE id = ? AND revoked_at IS NULL",
                    )
                    .bind(id.as_bytes().to_vec())
                    .fetch_optional(&mut batch.connection)
                    .await?;
                    let Some((office, fingerprint, key, pem, expires_at)) = known else {
                        return Ok(None);
                    };
                    let office = convert::office(&office)?;
                    match &right {
                        RenewalRight::Terminal => {
                            if let (Some(fingerprint), Some(key), Some(pem), Some(expires_at)) =
                                (fingerprint, key, pem, expires_at)
                                && key == next.key
                            {
                                return Ok(Some(NextCertificate {
                                    fingerprint: *convert::digest(&fingerprint)?.as_bytes(),
                                    key: next.key,
                                    pem,
                                    expires_at: convert::time(expires_at)?,
                                }));
                            }
                        }
                        RenewalRight::IssuePassword { row, name } => {
                            let used =
                                sql::query("UPDATE issue_password SET used_at = ? WHERE row = ? AND used_at IS NULL")
                                    .bind(convert::millis(now))
                                    .bind(*row)
                                    .execute(&mut batch.connection)
                                    .await?;
                            if used.rows_affected() == 0 {
                                return Ok(None);
                            }
                            sql::query("UPDATE terminal SET name = ? WHERE id = ?")
                                .bind(name.clone())
                                .bind(id.as_bytes().to_vec())
                                .execute(&mut batch.connection)
                                .await?;
                        }
                    }
                    sql::query(
                        "UPDATE terminal SET next_fingerprint = ?, next_key = ?, next_pem = ?, next_expires_at = ? \
                         WHERE id = ?",
                    )
                    .bind(next.fingerprint.to_vec())
                    .bind(next.key.to_vec())
                    .bind(next.pem.clone())
                    .bind(convert::millis(next.expires_at))
                    .bind(id.as_bytes().to_vec())
                    .execute(&mut batch.connection)
                    .await?;
                    let line = AuditLine::new(now, Act::Renew, by).of_office(office);
                    batch.audit(line.on(Subject::Terminal(id)));
                    batch.after(After::AccessChanged);
                    Ok(Some(next))
                })
            })
            .await
    }

    /// The next certificate was used for the first time: it is the terminal's own from now on. The one before it stays
    /// good until `former_until`, for what is under way.
    pub async fn take_up_certificate(
        &self,
        id: TerminalId,
        fingerprint: [u8; 32],
        former_until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    sql::query(
                        "UPDATE terminal SET former_fingerprint = fingerprint, former_until = ?, \
                         fingerprint = next_fingerprint, expires_at = next_expires_at, next_fingerprint = NULL, \
                         next_key = NULL, next_pem = NULL, next_expires_at = NULL \
                         WHERE id = ? AND next_fingerprint = ?",
                    )
                    .bind(convert::millis(former_until))
                    .bind(id.as_bytes().to_vec())
                    .bind(fingerprint.to_vec())
                    .execute(&mut batch.connection)
                    .await?;
                    batch.after(After::AccessChanged);
                    Ok(())
                })
            })
            .await
    }
}
