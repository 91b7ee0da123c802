//! A delivery's row as an act reads it.

use std::collections::{HashMap, HashSet};

use care_model::{DeliveryId, Digest, OfficeNumber, TerminalId};
use chrono::{DateTime, Utc};
use exchange_flow::delivery::{ClaimHeld, DeliveryState};
use exchange_protocol::{Accepted, DeliveryHeader};

use crate::{
    Act, StoreError,
    audit::{AuditLine, By},
    contents::SealedContent,
    convert,
    mailbox::Touches,
    sql,
    writer::Batch,
};

macro_rules! columns {
    () => {
        "row, id, digest, from_office, to_office, header, accepted_at, kept_until, warned_days, content_bytes, \
         outbox_sequence, state, fence, terminal, since, lease_until, all_served, served_parts, ended_at, \
         (SELECT sealed IS NULL FROM content WHERE delivery_row = delivery.row) AS in_folder"
    };
}

/// A delivery's row as an act needs it.
pub(crate) struct Loaded {
    pub(crate) row: i64,
    pub(crate) id: DeliveryId,
    pub(crate) digest: Digest,
    pub(crate) from: OfficeNumber,
    pub(crate) to: OfficeNumber,
    pub(crate) accepted_at: DateTime<Utc>,
    /// Until when its content is kept; none of what older servers ended.
    pub(crate) kept_until: Option<DateTime<Utc>>,
    pub(crate) warned_days: Option<u32>,
    pub(crate) content_bytes: u64,
    pub(crate) outbox_sequence: u64,
    pub(crate) state: DeliveryState,
    pub(crate) served_parts: Vec<u8>,
    header_json: Vec<u8>,
    /// Whether its bytes are in the folder; none once it is erased.
    pub(crate) in_folder: Option<bool>,
}

impl Loaded {
    /// Its header as it was accepted: whoever claims the delivery takes names and digests from it.
    pub(crate) fn header(&self) -> Result<DeliveryHeader, StoreError> {
        let header = convert::header_of(&self.header_json, self.digest)?;
        let is_of_this_row = header.id == self.id && header.from.office == self.from && header.to.office == self.to;
        is_of_this_row
            .then_some(header)
            .ok_or(StoreError::Damaged { what: "header" })
    }

    /// A line of the audit about it.
    pub(crate) fn line(&self, at: DateTime<Utc>, act: Act, by: impl Into<By>) -> AuditLine {
        AuditLine::new(at, act, by).of_delivery(self.id, self.from, self.to)
    }

    pub(crate) fn accepted(&self) -> Accepted {
        Accepted {
            id: self.id,
            accepted_at: self.accepted_at,
            sequence: self.outbox_sequence,
        }
    }
}

/// Reads the state out of its columns.
pub(crate) fn state_of(row: &sql::Row) -> Result<DeliveryState, StoreError> {
    let fence = convert::number(row.try_get("fence")?)?;
    let ended_at = || -> Result<DateTime<Utc>, StoreError> { convert::time(row.try_get("ended_at")?) };
    let terminal = || -> Result<TerminalId, StoreError> { convert::terminal_id(row.try_get("terminal")?) };
    Ok(match row.try_get::<i64>("state")? {
        0 => DeliveryState::Waiting { fence },
        1 => DeliveryState::Claimed(ClaimHeld {
            terminal: terminal()?,
            fence,
            since: convert::time(row.try_get("since")?)?,
            lease_until: convert::time(row.try_get("lease_until")?)?,
            all_served: row.try_get("all_served")?,
        }),
        2 => DeliveryState::Received {
            terminal: terminal()?,
            fence,
            at: ended_at()?,
        },
        3 => DeliveryState::Recalled { at: ended_at()? },
        4 => DeliveryState::Expired { at: ended_at()? },
        _ => return Err(StoreError::Damaged { what: "delivery state" }),
    })
}

/// Rows of deliveries that were read before the acts of a commit that need them, and which of those that it is to accept
/// are not there.
///
/// A row is taken out by the first act that loads it: whoever comes after that act sees what it wrote.
#[derive(Debug, Default)]
pub(crate) struct ReadAhead {
    rows: HashMap<Vec<u8>, sql::Row>,
    new: HashSet<DeliveryId>,
}

impl ReadAhead {
    /// Reads what the acts of a commit name, in one way to the database, or to SQLite's thread, and back.
    pub(crate) async fn read(connection: &mut sql::Connection, touched: &[Touches]) -> Result<Self, StoreError> {
        // By whether an act needs its content; one that does not may take the row first.
        let mut named = HashMap::new();
        for touches in touched {
            match touches {
                Touches::Unknown | Touches::Send { .. } => {}
                Touches::Delivery(id) => *named.entry(*id).or_default() |= false,
                Touches::Content(id) => *named.entry(*id).or_default() |= true,
            }
        }
        if named.is_empty() {
            return Ok(Self::default());
        }
        let select = match connection {
            sql::Connection::Sqlite(_) => select_of_sqlite(named),
            sql::Connection::Postgres(_) => select_of_postgres(named),
        };
        let rows = select.fetch_all(connection).await?.into_iter();
        let rows = rows.map(|row| Ok((row.try_get("id")?, row)));
        Ok(Self {
            rows: rows.collect::<Result<_, StoreError>>()?,
            new: HashSet::new(),
        })
    }

    /// Looks which of the deliveries that a commit is to accept are not there.
    pub(crate) async fn look_for_new(
        &mut self,
        connection: &mut sql::Connection,
        touched: &[Touches],
    ) -> Result<(), StoreError> {
        self.new.extend(touched.iter().filter_map(|touches| match touches {
            Touches::Send { id, .. } => Some(*id),
            _ => None,
        }));
        if self.new.is_empty() {
            return Ok(());
        }
        let mut select = sql::Builder::new("SELECT delivery.id FROM (");
        select
            .push_values(&self.new, |row, id| {
                row.push_bind(id.as_bytes().as_slice());
            })
            .push(") AS asked JOIN delivery ON delivery.id = column1");
        for row in select.build().fetch_all(connection).await? {
            self.new.remove(&convert::delivery_id(row.try_get("id")?)?);
        }
        Ok(())
    }

    /// Whether a delivery came never before. It is asked once: whoever asks next finds what the first one wrote.
    pub(crate) fn is_new(&mut self, id: DeliveryId) -> bool {
        self.new.remove(&id)
    }

    /// Forgets them: an act that named none may change any.
    pub(crate) fn forget(&mut self) {
        self.rows.clear();
        self.new.clear();
    }

    fn take(&mut self, id: DeliveryId) -> Option<sql::Row> {
        self.rows.remove(id.as_bytes().as_slice())
    }
}

/// What reads rows, each with its content if that is wanted.
fn select_of_sqlite(named: HashMap<DeliveryId, bool>) -> sql::Query {
    let mut select = sql::Builder::new(concat!("SELECT ", columns!(), ", wrapped_key, sealed FROM ("));
    select
        .push_values(named, |row, (id, with_content)| {
            row.push_bind(id.as_bytes().as_slice()).push_bind(with_content);
        })
        .push(") AS asked JOIN delivery ON id = column1 LEFT JOIN content ON delivery_row = row AND column2");
    select.build()
}

/// The same as one text however many they are, which is prepared once.
fn select_of_postgres(named: HashMap<DeliveryId, bool>) -> sql::Query {
    let (mut ids, mut served) = (Vec::new(), Vec::new());
    for (id, with_content) in named {
        ids.push(id.to_string());
        if with_content {
            served.push(id.to_string());
        }
    }
    sql::query(concat!(
        "SELECT ",
        columns!(),
        ", wrapped_key, sealed FROM delivery LEFT JOIN content ON delivery_row = row \
         AND id IN (SELECT uuid_send(CAST(unnest(string_to_array(?2, ',')) AS uuid))) \
         WHERE id IN (SELECT uuid_send(CAST(unnest(string_to_array(?1, ',')) AS uuid)))"
    ))
    .bind(ids.join(","))
    .bind(served.join(","))
}

pub(crate) async fn load(batch: &mut Batch, id: DeliveryId) -> Result<Option<Loaded>, StoreError> {
    let row = match batch.ahead.take(id) {
        Some(row) => Some(row),
        None => {
            batch.write_gathered().await?;
            sql::query(concat!("SELECT ", columns!(), " FROM delivery WHERE id = ?"))
                .bind(id.as_bytes().as_slice())
                .fetch_optional(&mut batch.connection)
                .await?
        }
    };
    row.map(|row| loaded(&row, id)).transpose()
}

/// The same with its key and its sealed bytes, none of which there are once it is erased; for acts that were queued with
/// [`Touches::Content`].
pub(crate) async fn load_with_content(
    batch: &mut Batch,
    id: DeliveryId,
) -> Result<Option<(Loaded, Option<SealedContent>)>, StoreError> {
    let row = match batch.ahead.take(id) {
        Some(row) => Some(row),
        None => {
            batch.write_gathered().await?;
            sql::query(concat!(
                "SELECT ",
                columns!(),
                ", wrapped_key, sealed FROM delivery LEFT JOIN content ON delivery_row = row WHERE id = ?"
            ))
            .bind(id.as_bytes().as_slice())
            .fetch_optional(&mut batch.connection)
            .await?
        }
    };
    let Some(row) = row else { return Ok(None) };
    let wrapped_key: Option<Vec<u8>> = row.try_get("wrapped_key")?;
    let content = match wrapped_key {
        Some(wrapped_key) => Some(SealedContent {
            wrapped_key,
            sealed: row.try_get("sealed")?,
        }),
        None => None,
    };
    Ok(Some((loaded(&row, id)?, content)))
}

fn loaded(row: &sql::Row, id: DeliveryId) -> Result<Loaded, StoreError> {
    Ok(Loaded {
        row: row.try_get("row")?,
        id,
        digest: convert::digest(row.try_get("digest")?)?,
        from: convert::office(row.try_get("from_office")?)?,
        to: convert::office(row.try_get("to_office")?)?,
        accepted_at: convert::time(row.try_get("accepted_at")?)?,
        kept_until: row
            .try_get::<Option<i64>>("kept_until")?
            .map(convert::time)
            .transpose()?,
        warned_days: row.try_get("warned_days")?,
        content_bytes: convert::number(row.try_get("content_bytes")?)?,
        outbox_sequence: convert::number(row.try_get("outbox_sequence")?)?,
        state: state_of(row)?,
        served_parts: row.try_get::<Option<Vec<u8>>>("served_parts")?.unwrap_or_default(),
        header_json: row.try_get("header")?,
        in_folder: row.try_get("in_folder")?,
    })
}
