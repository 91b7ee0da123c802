//! What an office's pages count and list: deliveries by month, terminals' last sign-ins, open issue passwords.

use std::collections::HashMap;

use care_model::{OfficeNumber, TerminalId};
use chrono::{DateTime, Utc};

use crate::{Act, By, Store, StoreError, Subject, audit::AuditLine, convert, sql};

/// Deliveries of an office that were accepted in one month of Japan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageMonth {
    /// The year.
    pub year: i32,
    /// The month, 1 to 12.
    pub month: u32,
    /// Sent.
    pub sent: u64,
    /// Of these, neither fetched nor ended otherwise.
    pub sent_waiting: u64,
    /// Arrived.
    pub arrived: u64,
    /// Of these, neither fetched nor ended otherwise.
    pub arrived_waiting: u64,
    /// Of these, fetched.
    pub arrived_fetched: u64,
}

/// A 証明書発行用パスワード that nobody has used yet; the password itself is nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenIssuePassword {
    /// Its place in the table.
    pub row: i64,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Until when it is good.
    pub until: DateTime<Utc>,
}

impl Store {
    /// An office's months from `(year, month)` on, oldest first; months without a delivery are left out. As many rows
    /// are read as there are months, however many deliveries there were.
    pub async fn usage(&self, office: OfficeNumber, from: (i32, u32)) -> Result<Vec<UsageMonth>, StoreError> {
        let rows: Vec<(i64, i64, i64, i64, i64, i64)> = sql::query_as(
            "SELECT month, sent, sent_waiting, arrived, arrived_waiting, arrived_fetched FROM usage_month \
             WHERE office = ? AND month >= ? ORDER BY month",
        )
        .bind(office.as_str())
        .bind(i64::from(from.0) * 100 + i64::from(from.1))
        .fetch_all(&self.shared.readers)
        .await?;
        let month = |(month, sent, sent_waiting, arrived, arrived_waiting, arrived_fetched)| {
            let damaged = || StoreError::Damaged { what: "usage" };
            let month = u32::try_from(month).map_err(|_| damaged())?;
            Ok(UsageMonth {
                year: i32::try_from(month / 100).map_err(|_| damaged())?,
                month: month % 100,
                sent: convert::number(sent)?,
                sent_waiting: convert::number(sent_waiting)?,
                arrived: convert::number(arrived)?,
                arrived_waiting: convert::number(arrived_waiting)?,
                arrived_fetched: convert::number(arrived_fetched)?,
            })
        };
        rows.into_iter().map(month).collect()
    }

    /// When somebody last signed in at each terminal of an office.
    pub async fn terminal_sign_ins(
        &self,
        office: OfficeNumber,
    ) -> Result<HashMap<TerminalId, DateTime<Utc>>, StoreError> {
        let rows: Vec<(Vec<u8>, i64)> =
            sql::query_as("SELECT id, signed_in_at FROM terminal WHERE office = ? AND signed_in_at IS NOT NULL")
                .bind(office.as_str())
                .fetch_all(&self.shared.readers)
                .await?;
        let pair = |(id, at): (Vec<u8>, i64)| Ok((convert::terminal_id(&id)?, convert::time(at)?));
        rows.into_iter().map(pair).collect()
    }

    /// The issue passwords of an office that may still be used, newest first.
    pub async fn open_issue_passwords(
        &self,
        office: OfficeNumber,
        now: DateTime<Utc>,
    ) -> Result<Vec<OpenIssuePassword>, StoreError> {
        let rows: Vec<(i64, i64, i64)> = sql::query_as(
            "SELECT row, made_at, until FROM issue_password \
             WHERE office = ? AND used_at IS NULL AND until > ? ORDER BY row DESC",
        )
        .bind(office.as_str())
        .bind(convert::millis(now))
        .fetch_all(&self.shared.readers)
        .await?;
        let open = |(row, made_at, until)| {
            Ok(OpenIssuePassword {
                row,
                made_at: convert::time(made_at)?,
                until: convert::time(until)?,
            })
        };
        rows.into_iter().map(open).collect()
    }

    /// Withdraws an issue password of an office: it is good until now. False if it is not open any more.
    pub async fn withdraw_issue_password(
        &self,
        office: OfficeNumber,
        row: i64,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let updated = sql::query(
                        "UPDATE issue_password SET until = ? \
                         WHERE row = ? AND office = ? AND used_at IS NULL AND until > ?",
                    )
                    .bind(convert::millis(now))
                    .bind(row)
                    .bind(office.as_str().to_owned())
                    .bind(convert::millis(now))
                    .execute(&mut batch.connection)
                    .await?;
                    if updated.rows_affected() == 0 {
                        return Ok(false);
                    }
                    let line = AuditLine::new(now, Act::WithdrawIssuePassword, by).of_office(office);
                    batch.audit(line.on(Subject::Office(office)));
                    Ok(true)
                })
            })
            .await
    }
}
