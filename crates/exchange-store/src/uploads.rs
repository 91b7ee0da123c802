//! Large deliveries: chunks under one id, then one commit that makes them a delivery (D2, D7).

use std::sync::Arc;

use bytes::Bytes;
use care_model::{DeliveryId, Digest, OfficeNumber, limits};
use chrono::{DateTime, Utc};
use exchange_flow::acceptance;
use exchange_protocol::{Accepted, DeliveryHeader, UploadProgress};
use futures::{Stream, StreamExt as _};
use kill_point::{Point, reach};
use sealing::{Key, SEGMENT_BYTES};
use sha2::{Digest as _, Sha256};
use tracing::Instrument as _;

use crate::{
    Actor, PartReader, Refusal, Store, StoreError,
    accepted::Acceptance,
    convert,
    deliveries::accept,
    large::{part_number, read_through},
    loaded::load,
    spans::blocking,
    sql,
    writer::Batch,
};

/// Bytes of a chunk that are in memory at a time.
const PIECE_BYTES: usize = 4 * SEGMENT_BYTES;

/// An upload to begin, or to go on with.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The header, read and checked.
    pub header: DeliveryHeader,
    /// Its bytes as sent.
    pub header_json: Bytes,
}

/// How an upload starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadStart {
    /// It goes on from here.
    Progress(UploadProgress),
    /// The same id came with another digest.
    Conflict,
    /// There is no room for it; nothing of it is stored.
    Refused(Refusal),
}

/// Why a chunk was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkRefusal {
    /// There is no such upload of this office, or no such part.
    Unknown,
    /// The chunk begins elsewhere than the stored bytes end.
    Offset {
        /// Where it must begin.
        stored_bytes: u64,
    },
    /// It goes beyond its part or is too long, or ends within a segment that is not the part's last.
    Size,
    /// Its bytes broke off.
    BrokenOff,
}

/// Why an upload was not made a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitRefusal<R> {
    /// There is no such upload of this office, nor such a delivery.
    Unknown,
    /// Bytes are missing.
    Incomplete {
        /// The first part that lacks some.
        part: usize,
        /// Where it ends now.
        stored_bytes: u64,
    },
    /// A part is not what its digest says.
    Digest {
        /// Which.
        part: usize,
    },
    /// The same id was accepted with another digest.
    Conflict,
    /// There is no room for it. What was uploaded stays for a while.
    Refused(Refusal),
    /// The inspector refused a part.
    Inspected(R),
}

/// Looks at each part before the upload becomes a delivery; runs where it may block.
pub type PartInspector<R> = Box<dyn FnMut(&DeliveryHeader, usize, &mut PartReader) -> Result<(), R> + Send>;

struct UploadRow {
    digest: Digest,
    from: OfficeNumber,
    header_json: Vec<u8>,
    wrapped_key: Vec<u8>,
    stored_bytes: Vec<u64>,
}

/// Whether an office may begin another upload to another one.
async fn room_for_upload(
    batch: &mut Batch,
    from: OfficeNumber,
    to: OfficeNumber,
    bytes: u64,
    now: DateTime<Utc>,
) -> Result<Result<(), Refusal>, StoreError> {
    let under_way: i64 = sql::query_scalar("SELECT count(*) FROM upload WHERE from_office = ?")
        .bind(from.as_str())
        .fetch_one(&mut batch.connection)
        .await?;
    if convert::number(under_way)? >= limits::UPLOADS_MAX {
        return Ok(Err(Refusal::Uploads));
    }
    let may_send = batch.mailbox(from).await?.may_send(convert::day_of_japan(now));
    let has_room = batch.mailbox(to).await?.has_room(bytes);
    Ok(may_send.and(has_room))
}

/// A chunk's bytes, in pieces of whole segments.
struct Pieces<S> {
    chunk: S,
    /// What came beyond the last piece.
    rest: Bytes,
}

impl<S: Stream<Item = Result<Bytes, ChunkRefusal>> + Unpin> Pieces<S> {
    /// Fills a piece; true when nothing comes after it.
    async fn fill(&mut self, piece: &mut Vec<u8>) -> Result<bool, ChunkRefusal> {
        loop {
            let room = PIECE_BYTES - piece.len();
            piece.extend_from_slice(&self.rest.split_to(room.min(self.rest.len())));
            if piece.len() == PIECE_BYTES {
                return Ok(false);
            }
            match self.chunk.next().await {
                Some(bytes) => self.rest = bytes?,
                None => return Ok(true),
            }
        }
    }
}

/// Runs to its end even if whoever asked goes away: a retry must not overtake the step that it repeats.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::spawn(work.in_current_span())
        .await
        .map_err(|_| StoreError::Closed)?
}

impl Store {
    async fn upload_row(&self, id: DeliveryId) -> Result<Option<UploadRow>, StoreError> {
        let row = sql::query("SELECT digest, from_office, header, wrapped_key, stored FROM upload WHERE id = ?")
            .bind(id.as_bytes().to_vec())
            .fetch_optional(&self.shared.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(UploadRow {
            digest: convert::digest(row.try_get("digest")?)?,
            from: convert::office(row.try_get("from_office")?)?,
            header_json: row.try_get("header")?,
            wrapped_key: row.try_get("wrapped_key")?,
            stored_bytes: serde_json::from_str(row.try_get("stored")?)
                .map_err(|_| StoreError::Damaged { what: "upload" })?,
        }))
    }

    async fn read_upload(&self, id: DeliveryId, office: OfficeNumber) -> Result<Option<UploadRow>, StoreError> {
        let row = self.upload_row(id).await?;
        Ok(row.filter(|row| row.from == office))
    }

    /// Begins an upload, or says how far it is. Of an accepted delivery everything is stored.
    pub async fn begin_upload(
        &self,
        upload: Upload,
        actor: Actor,
        now: DateTime<Utc>,
    ) -> Result<UploadStart, StoreError> {
        let store = self.clone();
        to_the_end(async move { store.begin(upload, actor, now).await }).await
    }

    async fn begin(&self, upload: Upload, actor: Actor, now: DateTime<Utc>) -> Result<UploadStart, StoreError> {
        let id = upload.header.id;
        let digest = Digest::of(&upload.header_json);
        let _alone = self.shared.uploads.lock(id).await;
        match self.accepted_before(id, digest, actor.office).await? {
            Some(Ok(_)) => {
                let stored_bytes = sizes(&upload.header);
                return Ok(UploadStart::Progress(UploadProgress { stored_bytes }));
            }
            Some(Err(_)) => return Ok(UploadStart::Conflict),
            None => {}
        }
        if let Some(known) = self.upload_row(id).await? {
            return Ok(if known.digest == digest && known.from == actor.office {
                UploadStart::Progress(UploadProgress {
                    stored_bytes: known.stored_bytes,
                })
            } else {
                UploadStart::Conflict
            });
        }
        let key = Key::generate();
        let wrapped_key = self.wrap(id, &key)?;
        let sizes = sizes(&upload.header);
        let shared = Arc::clone(&self.shared);
        let prepared = blocking(move || shared.large.prepare(id, &key, &sizes));
        prepared.await.map_err(|_| StoreError::Closed)??;
        reach(Point::UploadFolderMade);
        let stored_bytes = vec![0; upload.header.parts.len()];
        let stored = stored_text(&stored_bytes)?;
        let (to, total_bytes) = (upload.header.to.office, upload.header.total_bytes());
        let begun = self
            .writer
            .act(move |batch| {
                Box::pin(async move {
                    // Told before hundreds of megabytes travel; what counts is asked again when it becomes a delivery.
                    batch.refuse_retired(&wrapped_key)?;
                    if let Err(refusal) = room_for_upload(batch, actor.office, to, total_bytes, now).await? {
                        return Ok(Err(refusal));
                    }
                    let begun = sql::query(
                        "INSERT INTO upload (id, digest, from_office, header, wrapped_key, stored, touched_at) \
                         VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    )
                    .bind(id.as_bytes().to_vec())
                    .bind(digest.as_bytes().to_vec())
                    .bind(actor.office.as_str().to_owned())
                    .bind(upload.header_json.to_vec())
                    .bind(wrapped_key)
                    .bind(stored)
                    .bind(convert::millis(now))
                    .execute(&mut batch.connection)
                    .await?;
                    if begun.rows_affected() == 0 {
                        // Another node began the same at the same moment; the next attempt goes on with that.
                        return Err(StoreError::Busy);
                    }
                    // An upload of this id that was dropped left word to delete the folder, which is this one's now.
                    sql::query("DELETE FROM erasure WHERE id = ?")
                        .bind(id.as_bytes().to_vec())
                        .execute(&mut batch.connection)
                        .await?;
                    Ok(Ok(()))
                })
            })
            .await?;
        if let Err(refusal) = begun {
            let shared = Arc::clone(&self.shared);
            let deleted = blocking(move || shared.large.give_up(id));
            deleted.await.map_err(|_| StoreError::Closed)??;
            return Ok(UploadStart::Refused(refusal));
        }
        reach(Point::UploadBegun);
        Ok(UploadStart::Progress(UploadProgress { stored_bytes }))
    }

    /// Stores one chunk durably, as its bytes come: the file first, then the row that says so. A chunk that is refused or
    /// breaks off leaves the upload where it was.
    ///
    /// Where an earlier attempt at the same place broke off and this one has other bytes, the upload is dropped and the
    /// refusal asks for its beginning.
    pub async fn store_chunk(
        &self,
        id: DeliveryId,
        office: OfficeNumber,
        part: usize,
        offset: u64,
        chunk: impl Stream<Item = Result<Bytes, ChunkRefusal>> + Send + Unpin + 'static,
        now: DateTime<Utc>,
    ) -> Result<Result<UploadProgress, ChunkRefusal>, StoreError> {
        let store = self.clone();
        to_the_end(async move { store.append(id, office, part, offset, chunk, now).await }).await
    }

    /// No lock is held while bytes are waited for: whoever comes again after a line that broke need not wait until that
    /// is noticed. Two attempts at one place write the same bytes, or the second one finds other ones there.
    async fn append(
        &self,
        id: DeliveryId,
        office: OfficeNumber,
        part: usize,
        offset: u64,
        chunk: impl Stream<Item = Result<Bytes, ChunkRefusal>> + Send + Unpin,
        now: DateTime<Utc>,
    ) -> Result<Result<UploadProgress, ChunkRefusal>, StoreError> {
        // Opened behind the lock: a folder that is begun anew after this upload was dropped is never written under its key.
        let alone = self.shared.uploads.lock(id).await;
        let (begun, part_bytes) = match self.appendable(id, office, part, offset).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let key = self.unwrap_key(id, &begun.wrapped_key)?;
        let shared = Arc::clone(&self.shared);
        let opened = blocking(move || {
            let number = part_number(part);
            shared.large.writer(id, &key, number, offset, part_bytes)
        });
        let mut writer = opened.await.map_err(|_| StoreError::Closed)??;
        drop(alone);
        let mut pieces = Pieces {
            chunk,
            rest: Bytes::new(),
        };
        let mut end = offset;
        let mut piece = Vec::new();
        let mut is_over = false;
        while !is_over {
            is_over = match pieces.fill(&mut piece).await {
                Ok(is_over) => is_over,
                Err(refusal) => return Ok(Err(refusal)),
            };
            end += piece.len() as u64;
            if end > part_bytes || (end < part_bytes && !end.is_multiple_of(SEGMENT_BYTES as u64)) {
                return Ok(Err(ChunkRefusal::Size));
            }
            if piece.is_empty() {
                continue;
            }
            let _alone = self.shared.uploads.lock(id).await;
            let written = blocking(move || {
                let is_written = writer.write(&piece)?;
                piece.clear();
                Ok::<_, StoreError>((writer, piece, is_written))
            });
            let is_written;
            (writer, piece, is_written) = written.await.map_err(|_| StoreError::Closed)??;
            if !is_written {
                return self.begin_again(id, office, &begun).await;
            }
        }
        let _alone = self.shared.uploads.lock(id).await;
        reach(Point::ChunkWritten);
        let synced = blocking(move || writer.sync());
        if !synced.await.map_err(|_| StoreError::Closed)?? {
            return self.begin_again(id, office, &begun).await;
        }
        reach(Point::ChunkSynced);
        // While the bytes came, another attempt may have been faster, or the upload dropped and begun anew.
        let (row, _) = match self.appendable(id, office, part, offset).await? {
            Ok(found) if self.is_same_key(id, &found.0, &begun)? => found,
            Ok(_) => return Ok(Err(ChunkRefusal::Offset { stored_bytes: 0 })),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut stored_bytes = row.stored_bytes;
        if end > offset {
            stored_bytes[part] = end;
            let text = stored_text(&stored_bytes)?;
            self.writer
                .act(move |batch| {
                    Box::pin(async move {
                        sql::query("UPDATE upload SET stored = ?, touched_at = ? WHERE id = ?")
                            .bind(text)
                            .bind(convert::millis(now))
                            .bind(id.as_bytes().to_vec())
                            .execute(&mut batch.connection)
                            .await?;
                        Ok(())
                    })
                })
                .await?;
            reach(Point::ChunkStored);
        }
        Ok(Ok(UploadProgress { stored_bytes }))
    }

    /// The sender changed its mind behind an attempt that broke off: it begins again, under another key.
    async fn begin_again(
        &self,
        id: DeliveryId,
        office: OfficeNumber,
        begun: &UploadRow,
    ) -> Result<Result<UploadProgress, ChunkRefusal>, StoreError> {
        tracing::info!(delivery.id = %id, "an upload came with other bytes than before and is dropped");
        if self.is_same_upload(id, office, begun).await? {
            self.drop_upload(id).await?;
        }
        Ok(Err(ChunkRefusal::Offset { stored_bytes: 0 }))
    }

    /// The upload and the size of the part, if the part's stored bytes end at `offset`.
    async fn appendable(
        &self,
        id: DeliveryId,
        office: OfficeNumber,
        part: usize,
        offset: u64,
    ) -> Result<Result<(UploadRow, u64), ChunkRefusal>, StoreError> {
        let Some(row) = self.read_upload(id, office).await? else {
            return Ok(Err(ChunkRefusal::Unknown));
        };
        let sizes = sizes(&convert::header(&row.header_json)?);
        Ok(match acceptance::appendable(&sizes, &row.stored_bytes, part, offset) {
            Ok(part_bytes) => Ok((row, part_bytes)),
            Err(acceptance::ChunkRefusal::NoSuchPart) => Err(ChunkRefusal::Unknown),
            Err(acceptance::ChunkRefusal::Offset { stored_bytes }) => Err(ChunkRefusal::Offset { stored_bytes }),
        })
    }

    async fn is_same_upload(
        &self,
        id: DeliveryId,
        office: OfficeNumber,
        begun: &UploadRow,
    ) -> Result<bool, StoreError> {
        let row = self.read_upload(id, office).await?;
        row.map_or(Ok(false), |row| self.is_same_key(id, &row, begun))
    }

    /// Whether two rows are of one upload: under the same key, whatever master key wraps it by now.
    fn is_same_key(&self, id: DeliveryId, one: &UploadRow, other: &UploadRow) -> Result<bool, StoreError> {
        Ok(one.wrapped_key == other.wrapped_key
            || self.unwrap_key(id, &one.wrapped_key)?.expose() == self.unwrap_key(id, &other.wrapped_key)?.expose())
    }

    /// The header of an upload that has begun, if it is this office's.
    pub async fn upload_header(
        &self,
        id: DeliveryId,
        office: OfficeNumber,
    ) -> Result<Option<DeliveryHeader>, StoreError> {
        match self.read_upload(id, office).await? {
            Some(row) => convert::header(&row.header_json).map(Some),
            None => Ok(None),
        }
    }

    /// Makes a whole upload a delivery: reads every part back, compares its digest, lets the inspector look, and
    /// accepts it in one commit.
    pub async fn commit_upload<R: Send + 'static>(
        &self,
        id: DeliveryId,
        actor: Actor,
        inspect: PartInspector<R>,
        now: DateTime<Utc>,
    ) -> Result<Result<Accepted, CommitRefusal<R>>, StoreError> {
        let store = self.clone();
        to_the_end(async move { store.complete(id, actor, inspect, now).await }).await
    }

    async fn complete<R: Send + 'static>(
        &self,
        id: DeliveryId,
        actor: Actor,
        mut inspect: PartInspector<R>,
        now: DateTime<Utc>,
    ) -> Result<Result<Accepted, CommitRefusal<R>>, StoreError> {
        let _alone = self.shared.uploads.lock(id).await;
        let Some(row) = self.read_upload(id, actor.office).await? else {
            return Ok(self.accepted_for(id, actor.office).await?.ok_or(CommitRefusal::Unknown));
        };
        let header = convert::header(&row.header_json)?;
        if let Some((part, stored_bytes)) = acceptance::incomplete(&sizes(&header), &row.stored_bytes) {
            return Ok(Err(CommitRefusal::Incomplete { part, stored_bytes }));
        }
        let key = self.unwrap_key(id, &row.wrapped_key)?;
        let shared = Arc::clone(&self.shared);
        let read_header = header.clone();
        let inspected = blocking(move || -> Result<Result<(), CommitRefusal<R>>, StoreError> {
            for (part, asked) in read_header.parts.iter().enumerate() {
                let mut reader = shared.large.reader(id, &key, part_number(part))?;
                let mut digest = Sha256::new();
                read_through(&mut reader, |bytes| digest.update(bytes))?;
                if Digest::from_bytes(digest.finalize().into()) != asked.digest {
                    return Ok(Err(CommitRefusal::Digest { part }));
                }
                if let Err(refusal) = inspect(&read_header, part, &mut reader) {
                    return Ok(Err(CommitRefusal::Inspected(refusal)));
                }
            }
            Ok(Ok(()))
        });
        if let Err(refusal) = inspected.await.map_err(|_| StoreError::Closed)?? {
            if matches!(refusal, CommitRefusal::Digest { .. } | CommitRefusal::Inspected(_)) {
                // What is stored will never be what was announced: the sender may begin again.
                self.drop_upload(id).await?;
            }
            return Ok(Err(refusal));
        }
        let acceptance = Acceptance {
            id,
            digest: row.digest,
            from: header.from.office,
            to: header.to.office,
            header_json: row.header_json.into(),
            content_bytes: header.total_bytes(),
            wrapped_key: row.wrapped_key,
            sealed: None,
        };
        let touches = acceptance.touches();
        let accepted = self
            .writer
            .act_on(touches, move |batch| {
                Box::pin(async move {
                    let accepted = accept(batch, acceptance, &actor, now).await?;
                    if matches!(accepted, Err(refusal) if refusal != Refusal::Conflict) {
                        return Ok(accepted);
                    }
                    sql::query("DELETE FROM upload WHERE id = ?")
                        .bind(id.as_bytes().to_vec())
                        .execute(&mut batch.connection)
                        .await?;
                    reach(Point::UploadUncommitted);
                    Ok(accepted)
                })
            })
            .await?;
        reach(Point::UploadCommitted);
        Ok(accepted.map_err(|refusal| match refusal {
            Refusal::Conflict => CommitRefusal::Conflict,
            other => CommitRefusal::Refused(other),
        }))
    }

    async fn accepted_for(&self, id: DeliveryId, office: OfficeNumber) -> Result<Option<Accepted>, StoreError> {
        let known = self
            .writer
            .act(move |batch| Box::pin(async move { load(batch, id).await }))
            .await?;
        Ok(known.filter(|known| known.from == office).map(|known| known.accepted()))
    }

    async fn drop_upload(&self, id: DeliveryId) -> Result<(), StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    crate::erasure::schedule(batch, id).await?;
                    sql::query("DELETE FROM upload WHERE id = ?")
                        .bind(id.as_bytes().to_vec())
                        .execute(&mut batch.connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}

fn sizes(header: &DeliveryHeader) -> Vec<u64> {
    header.parts.iter().map(|part| part.size_bytes).collect()
}

fn stored_text(stored_bytes: &[u64]) -> Result<String, StoreError> {
    serde_json::to_string(stored_bytes).map_err(|_| StoreError::Damaged { what: "upload" })
}
