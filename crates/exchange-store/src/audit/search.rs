//! Looking through the audit, for operators. It tells what was done, never any content.

use care_model::OfficeNumber;
use chrono::{DateTime, Utc};
use exchange_audit::{Act, Chain, Record, Subject};

use super::chains::{LINE_COLUMNS, StoredLine};
use crate::{By, Store, StoreError, audit::AuditLine, convert, sql};

/// What is looked for. Newest first.
#[derive(Debug, Clone, Default)]
pub struct AuditSearch {
    /// Only what concerns this office: its own chain. None looks through every line.
    pub office: Option<OfficeNumber>,
    /// Only this act.
    pub act: Option<Act>,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub until: Option<DateTime<Utc>>,
    /// Only what is older than this line; from [`AuditFound::line`] of the last one on a page.
    pub before: Option<u64>,
    /// Lines at most; never more than [`AuditSearch::LINES_MAX`].
    pub limit: u32,
}

impl AuditSearch {
    /// Lines of one search at most.
    pub const LINES_MAX: u32 = 1_000;
}

/// A line that was found, as the exchange's operators see it.
#[derive(Debug, Clone)]
pub struct AuditFound {
    /// The line's number in the audit, by which the next page goes on.
    pub line: u64,
    /// What it says, in the chain of the office that was asked for, or else in the exchange's own view. Its sequence is
    /// that of the office's chain; without an office, the line's number.
    pub record: Record,
}

impl Store {
    /// Lines that fit, newest first. Of an office what is chained already, which is all but the last seconds.
    pub async fn search_audit(&self, search: &AuditSearch) -> Result<Vec<AuditFound>, StoreError> {
        let mut query = sql::Builder::new("SELECT ");
        match search.office {
            Some(office) => {
                query
                    .push("c.sequence AS sequence, ")
                    .push(LINE_COLUMNS)
                    .push(" FROM audit_chain c JOIN audit a ON a.row = c.audit_row WHERE c.chain = ")
                    .push_bind(office.as_str().to_owned());
            }
            None => {
                query
                    .push("a.row AS sequence, ")
                    .push(LINE_COLUMNS)
                    .push(" FROM audit a WHERE TRUE");
            }
        }
        if let Some(act) = search.act {
            query.push(" AND a.act = ").push_bind(act.word());
        }
        if let Some(from) = search.from {
            query.push(" AND a.at >= ").push_bind(convert::millis(from));
        }
        if let Some(until) = search.until {
            query.push(" AND a.at < ").push_bind(convert::millis(until));
        }
        if let Some(before) = search.before {
            query.push(" AND a.row < ").push_bind(convert::signed(before));
        }
        query
            .push(match search.office {
                Some(_) => " ORDER BY c.sequence DESC LIMIT ",
                None => " ORDER BY a.row DESC LIMIT ",
            })
            .push_bind(i64::from(search.limit.clamp(1, AuditSearch::LINES_MAX)));
        let rows = query.build().fetch_all(&self.shared.readers).await?;
        let chain = search.office.map_or(Chain::Exchange, Chain::Office);
        let found = rows.iter().map(|row| {
            let line = StoredLine::read(row)?;
            let sequence = convert::number(row.try_get("sequence")?)?;
            Ok(AuditFound {
                line: convert::number(line.row)?,
                record: line.record(chain, sequence)?,
            })
        });
        found.collect()
    }
}

impl Store {
    /// Writes down that an operator took a chain out of the audit: an office's, or the exchange's own.
    pub async fn note_audit_export(
        &self,
        office: Option<OfficeNumber>,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let line = AuditLine::new(now, Act::ExportAudit, by);
                    batch.audit(match office {
                        Some(office) => line.of_office(office).on(Subject::Office(office)),
                        None => line,
                    });
                    Ok(())
                })
            })
            .await
    }
}
