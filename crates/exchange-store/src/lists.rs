//! Pages of the two lists, by rising change.

use care_model::OfficeNumber;
use chrono::{DateTime, Utc};
use exchange_flow::delivery::DeliveryState;
use exchange_protocol::{DeliveryHeader, DeliveryStatus, InboxEntry, OutboxEntry, Page};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{Store, StoreError, convert, loaded::state_of, sql};

/// What a terminal without a signed-in person may know of its office's 受信一覧 (D13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Arrivals {
    /// Deliveries that wait.
    pub waiting: u64,
    /// The sequence of the newest one that ever came.
    pub newest: u64,
}

/// A header as it was sent, which nobody needs to read to hand it on.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct StoredHeader(Box<RawValue>);

impl StoredHeader {
    /// The header of a row.
    pub fn of(json: &[u8]) -> Result<Self, StoreError> {
        let damaged = || StoreError::Damaged { what: "header" };
        let text = std::str::from_utf8(json).map_err(|_| damaged())?;
        let value = RawValue::from_string(text.to_owned()).map_err(|_| damaged())?;
        Ok(Self(value))
    }

    /// What it says.
    pub fn read(&self) -> Result<DeliveryHeader, StoreError> {
        convert::header(self.0.get().as_bytes())
    }
}

impl Store {
    /// How many deliveries wait for an office, and the newest that came: from the row of its mailbox.
    pub async fn arrivals(&self, office: OfficeNumber) -> Result<Arrivals, StoreError> {
        let row: Option<(i64, i64)> =
            sql::query_as("SELECT waiting_deliveries, inbox_sequence FROM mailbox WHERE office = ?")
                .bind(office.as_str())
                .fetch_optional(&self.shared.readers)
                .await?;
        let Some((waiting, newest)) = row else {
            return Ok(Arrivals::default());
        };
        Ok(Arrivals {
            waiting: convert::number(waiting)?,
            newest: convert::number(newest)?,
        })
    }

    /// A page of an office's 受信一覧: what changed after a cursor.
    pub async fn inbox(
        &self,
        office: OfficeNumber,
        after: u64,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<Page<InboxEntry<StoredHeader>>, StoreError> {
        let rows = sql::query(
            "SELECT inbox_sequence AS sequence, inbox_change AS change, accepted_at, header, state, fence, \
             d.terminal, since, lease_until, all_served, ended_at, kept_until, warned_days, o.name AS other_name, t.name AS terminal_name \
             FROM delivery d LEFT JOIN office o ON o.number = d.from_office LEFT JOIN terminal t ON t.id = d.terminal \
             WHERE to_office = ? AND inbox_change > ? ORDER BY inbox_change LIMIT ?",
        )
        .bind(office.as_str())
        .bind(convert::signed(after))
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.shared.readers)
        .await?;
        page(rows, after, limit, |row| {
            let status = match state_of(row)? {
                DeliveryState::Claimed(claim) => DeliveryStatus::Claimed {
                    terminal: claim.terminal,
                    terminal_name: row.try_get::<Option<String>>("terminal_name")?.unwrap_or_default(),
                    since: claim.since,
                    fence: claim.fence,
                    held: claim.is_held(now),
                },
                other => plain_status(&other),
            };
            Ok(InboxEntry {
                sequence: convert::number(row.try_get("sequence")?)?,
                accepted_at: convert::time(row.try_get("accepted_at")?)?,
                header: StoredHeader::of(row.try_get("header")?)?,
                from_name: row.try_get::<Option<String>>("other_name")?.unwrap_or_default(),
                kept_until: kept_until(row, &status)?,
                warned_days: warned_days(row, &status)?,
                status,
            })
        })
    }

    /// A page of an office's 送信一覧: what changed after a cursor. Never says who of the receiver has a delivery.
    pub async fn outbox(
        &self,
        office: OfficeNumber,
        after: u64,
        limit: u32,
    ) -> Result<Page<OutboxEntry<StoredHeader>>, StoreError> {
        let rows = sql::query(
            "SELECT outbox_sequence AS sequence, outbox_change AS change, accepted_at, header, state, fence, \
             d.terminal, since, lease_until, all_served, ended_at, kept_until, warned_days, o.name AS other_name \
             FROM delivery d LEFT JOIN office o ON o.number = d.to_office \
             WHERE from_office = ? AND outbox_change > ? ORDER BY outbox_change LIMIT ?",
        )
        .bind(office.as_str())
        .bind(convert::signed(after))
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.shared.readers)
        .await?;
        page(rows, after, limit, |row| {
            let status = plain_status(&state_of(row)?);
            Ok(OutboxEntry {
                sequence: convert::number(row.try_get("sequence")?)?,
                accepted_at: convert::time(row.try_get("accepted_at")?)?,
                header: StoredHeader::of(row.try_get("header")?)?,
                to_name: row.try_get::<Option<String>>("other_name")?.unwrap_or_default(),
                kept_until: kept_until(row, &status)?,
                warned_days: warned_days(row, &status)?,
                status,
            })
        })
    }
}

fn is_open(status: &DeliveryStatus) -> bool {
    matches!(status, DeliveryStatus::Waiting | DeliveryStatus::Claimed { .. })
}

fn kept_until(row: &sql::Row, status: &DeliveryStatus) -> Result<Option<DateTime<Utc>>, StoreError> {
    let until: Option<i64> = row.try_get("kept_until")?;
    until.filter(|_| is_open(status)).map(convert::time).transpose()
}

fn warned_days(row: &sql::Row, status: &DeliveryStatus) -> Result<Option<u32>, StoreError> {
    Ok(row.try_get::<Option<u32>>("warned_days")?.filter(|_| is_open(status)))
}

/// What anybody may know: a claim looks like waiting.
fn plain_status(state: &DeliveryState) -> DeliveryStatus {
    match state {
        DeliveryState::Waiting { .. } | DeliveryState::Claimed(_) => DeliveryStatus::Waiting,
        DeliveryState::Received { at, .. } => DeliveryStatus::Received { at: *at },
        DeliveryState::Recalled { at } => DeliveryStatus::Recalled { at: *at },
        DeliveryState::Expired { at } => DeliveryStatus::Expired { at: *at },
    }
}

/// One row more than the page was asked for: it only says that there is more.
fn page<Row>(
    mut rows: Vec<sql::Row>,
    after: u64,
    limit: u32,
    entry: impl Fn(&sql::Row) -> Result<Row, StoreError>,
) -> Result<Page<Row>, StoreError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = match rows.last() {
        Some(row) => convert::number(row.try_get("change")?)?,
        None => after,
    };
    Ok(Page {
        rows: rows.iter().map(entry).collect::<Result<_, _>>()?,
        next,
        more,
    })
}
