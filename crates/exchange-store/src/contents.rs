//! Handing out content: ranges of parts under a claim, and the cover before one.

use std::sync::Arc;

use bytes::Bytes;
use care_model::{DeliveryId, limits};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_flow::delivery::{DeliveryEvent, DeliveryRefusal, DeliveryState, step};
use exchange_flow::serving::{is_all_served, mark};
use exchange_protocol::{ByteRange, DeliveryHeader};
use kill_point::{Point, reach};
use sealing::Key;

use crate::{
    Actor, ClaimRefusal, PartReader, Store, StoreError, convert,
    large::part_number,
    loaded::{load_with_content, state_of},
    mailbox::Touches,
    spans::blocking,
    sql,
    stepped::store_state,
};

/// A lease is written again only when it moved this far; in between it is renewed soon enough by the next range.
const LEASE_WRITE_SECONDS: i64 = 20;

/// A range that may be served.
#[derive(Debug)]
pub struct Serving {
    /// Its first byte.
    pub start: u64,
    /// Behind its last byte.
    pub end: u64,
    /// The size of the part.
    pub part_bytes: u64,
    /// Where the bytes come from.
    pub source: ServingSource,
}

/// Where the bytes of a range come from.
pub enum ServingSource {
    /// Here they are.
    Memory(Bytes),
    /// To be read from a file, segment by segment.
    File(Box<PartReader>),
}

impl std::fmt::Debug for ServingSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Memory(_) => "Memory(…)",
            Self::File(_) => "File(…)",
        })
    }
}

/// Sealed content as it lies in its row.
pub(crate) struct SealedContent {
    pub(crate) wrapped_key: Vec<u8>,
    pub(crate) sealed: Option<Vec<u8>>,
}

impl Store {
    /// Serves a range of a part under a claim: renews the lease, and remembers durably, before the bytes leave,
    /// when the last byte of everything is served (D4).
    pub async fn serve(
        &self,
        id: DeliveryId,
        part: usize,
        actor: Actor,
        fence: u64,
        range: ByteRange,
        now: DateTime<Utc>,
    ) -> Result<Result<Serving, ClaimRefusal>, StoreError> {
        let now = convert::stored(now);
        let permitted = self
            .writer
            .act_on(Touches::Content(id), move |batch| {
                Box::pin(async move {
                    let found = load_with_content(batch, id).await?;
                    let Some((loaded, content)) = found.filter(|(known, _)| known.to == actor.office) else {
                        return Ok(Err(ClaimRefusal::Unknown));
                    };
                    let header = loaded.header()?;
                    let range = header.parts.get(part).and_then(|part| range.within(part.size_bytes));
                    let mut served = loaded.served_parts.clone();
                    if let (Some(asked), Some((_, end))) = (header.parts.get(part), range)
                        && end == asked.size_bytes
                    {
                        mark(&mut served, part);
                    }
                    let event = DeliveryEvent::ServeRange {
                        terminal: actor.terminal,
                        fence,
                        completes: is_all_served(&header, &served),
                    };
                    let (next, effects) = match step(&loaded.state, event, now) {
                        Ok(stepped) => stepped,
                        Err(refusal) => return Ok(Err(ClaimRefusal::Refused(refusal))),
                    };
                    let Some((start, end)) = range else {
                        return Ok(Err(ClaimRefusal::NoSuchRange));
                    };
                    if served != loaded.served_parts || is_worth_writing(&loaded.state, &next) {
                        store_state(batch, &loaded, &next, Some(&served), &effects).await?;
                    }
                    reach(Point::ServeUncommitted);
                    let content = content.ok_or(StoreError::Damaged { what: "content" })?;
                    Ok(Ok((header, start, end, content)))
                })
            })
            .await?;
        reach(Point::ServeCommitted);
        match permitted {
            Ok((header, start, end, content)) => self.open_range(&header, part, start, end, content).await.map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// The cover's bytes, while the delivery waits to be fetched. Changes nothing.
    pub async fn cover(&self, id: DeliveryId, actor: &Actor) -> Result<Result<Bytes, ClaimRefusal>, StoreError> {
        let row = sql::query(
            "SELECT to_office, digest, header, state, fence, terminal, since, lease_until, all_served, ended_at, \
             wrapped_key, sealed FROM delivery LEFT JOIN content ON delivery_row = row WHERE id = ?",
        )
        .bind(id.as_bytes().as_slice())
        .fetch_optional(&self.shared.readers)
        .await?;
        let Some(row) = row.filter(|row| {
            row.try_get("to_office")
                .is_ok_and(|to: &str| to == actor.office.as_str())
        }) else {
            return Ok(Err(ClaimRefusal::Unknown));
        };
        let refusal = match state_of(&row)? {
            DeliveryState::Waiting { .. } | DeliveryState::Claimed(_) => None,
            DeliveryState::Received { .. } => Some(DeliveryRefusal::AlreadyReceived),
            DeliveryState::Recalled { .. } => Some(DeliveryRefusal::Recalled),
            DeliveryState::Expired { .. } => Some(DeliveryRefusal::Expired),
        };
        if let Some(refusal) = refusal {
            return Ok(Err(ClaimRefusal::Refused(refusal)));
        }
        let header = convert::header_of(row.try_get("header")?, convert::digest(row.try_get("digest")?)?)?;
        let Some(size_bytes) = header.cover().map(|cover| cover.size_bytes) else {
            return Ok(Err(ClaimRefusal::NoSuchRange));
        };
        let content = SealedContent {
            wrapped_key: row.try_get("wrapped_key")?,
            sealed: row.try_get("sealed")?,
        };
        let serving = self.open_range(&header, 0, 0, size_bytes, content).await?;
        match serving.source {
            ServingSource::Memory(bytes) => Ok(Ok(bytes)),
            ServingSource::File(mut reader) => {
                let length = usize::try_from(size_bytes.min(limits::COVER_BYTES_MAX)).unwrap_or(usize::MAX);
                let read = blocking(move || reader.read_range(0, length)).await;
                let bytes = read
                    .map_err(|_| StoreError::Closed)?
                    .map_err(StoreError::folder("reading a cover"))?;
                Ok(Ok(bytes.into()))
            }
        }
    }

    async fn open_range(
        &self,
        header: &DeliveryHeader,
        part: usize,
        start: u64,
        end: u64,
        content: SealedContent,
    ) -> Result<Serving, StoreError> {
        let id = header.id;
        let key = self.unwrap_key(id, &content.wrapped_key)?;
        let part_bytes = header.parts.get(part).map_or(0, |part| part.size_bytes);
        let source = match content.sealed {
            Some(sealed) => ServingSource::Memory(open_small(&key, header, part, start, end, &sealed)?),
            None => {
                let shared = Arc::clone(&self.shared);
                let opened = blocking(move || shared.large.reader(id, &key, part_number(part))).await;
                let reader = opened.map_err(|_| StoreError::Closed)??;
                // Fewer bytes: not all chunks that were stored are there any more.
                if reader.size_bytes() < part_bytes {
                    return Err(StoreError::ContentMissing);
                }
                if reader.size_bytes() > part_bytes {
                    return Err(StoreError::Damaged { what: "part" });
                }
                ServingSource::File(Box::new(reader))
            }
        };
        Ok(Serving {
            start,
            end,
            part_bytes,
            source,
        })
    }
}

/// Small contents are one sealed value of all parts, one after the other.
fn open_small(
    key: &Key,
    header: &DeliveryHeader,
    part: usize,
    start: u64,
    end: u64,
    sealed: &[u8],
) -> Result<Bytes, StoreError> {
    let damaged = || StoreError::Damaged { what: "content" };
    let plain = Bytes::from(sealing::open(key, header.id.as_bytes(), sealed).map_err(|_| damaged())?);
    let before: u64 = header.parts.iter().take(part).map(|part| part.size_bytes).sum();
    let place = |offset: u64| usize::try_from(before + offset).map_err(|_| damaged());
    let (start, end) = (place(start)?, place(end)?);
    if start > end || end > plain.len() {
        return Err(damaged());
    }
    Ok(plain.slice(start..end))
}

fn is_worth_writing(before: &DeliveryState, after: &DeliveryState) -> bool {
    match (before, after) {
        (DeliveryState::Claimed(before), DeliveryState::Claimed(after)) => {
            before.all_served != after.all_served
                || after.lease_until - before.lease_until > TimeDelta::seconds(LEASE_WRITE_SECONDS)
        }
        _ => before != after,
    }
}
