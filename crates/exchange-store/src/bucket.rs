//! Large contents in a bucket of an S3-compatible store: one object for each chunk as it came.
//!
//! An object is never written twice: its name holds the delivery, a mark of the key that it is sealed under, its part
//! and its place in the part, and it is put only where nothing is. So two nodes, or an attempt that was given up, never
//! write over each other, and what is listed before a row is read can be deleted by what that row says.

use std::{
    collections::HashMap,
    future::Future,
    io::{self, Read, Seek, SeekFrom},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use care_model::DeliveryId;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
};
use sealing::{Key, TAG_BYTES, seal_segment_onto};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tracing::{Instrument as _, Span};

use crate::{BucketPlace, StoreError, large::Segments, reached::NOTE, spans::SPANS};

/// The name of the folder of contents, under the exchange's prefix.
const CONTENT: &str = "content";
/// Bytes that a reader fetches at a time.
const READ_AHEAD_BYTES: u64 = 1 << 20;
/// How long one try of a request may take, and all tries of it together.
const TRY_MAX: Duration = Duration::from_secs(10);
const TRIES_MAX: Duration = Duration::from_secs(15);
/// Objects that are deleted at the same time.
const DELETED_AT_ONCE: usize = 16;

/// The bucket, and the runtime on which its requests run.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    store: Arc<AmazonS3>,
    /// What the name of every content's object begins with.
    root: Path,
    /// What the name of every object of the exchange begins with.
    prefix: Path,
    runtime: Handle,
}

/// What lies in the bucket of a delivery, for deleting it once it is known that no row needs it.
#[derive(Debug)]
pub(crate) struct Listed(Vec<Path>);

impl Bucket {
    /// Opens a bucket, and asks it whether it answers.
    pub(crate) async fn open(place: &BucketPlace) -> Result<Self, StoreError> {
        let store = AmazonS3Builder::new()
            .with_endpoint(&place.endpoint)
            .with_bucket_name(&place.name)
            .with_region(&place.region)
            .with_access_key_id(&place.access_key_id)
            .with_secret_access_key(place.secret_access_key.as_str())
            .with_virtual_hosted_style_request(false)
            .with_client_options(
                ClientOptions::new()
                    .with_timeout(TRY_MAX)
                    // Only as the operator wrote it: an address with TLS is never left for one without.
                    .with_allow_http(place.endpoint.starts_with("http://")),
            )
            .with_retry(RetryConfig {
                backoff: BackoffConfig::default(),
                max_retries: 3,
                retry_timeout: TRIES_MAX,
            })
            .build()
            .map_err(failed("opening the bucket"))?;
        let bucket = Self {
            store: Arc::new(store),
            root: Path::from(place.prefix.as_str()).join(CONTENT),
            prefix: Path::from(place.prefix.as_str()),
            runtime: Handle::current(),
        };
        let first = bucket.store.list(Some(&bucket.root)).next().await;
        first.transpose().map_err(failed("opening the bucket"))?;
        Ok(bucket)
    }

    /// A name beside the contents, which may hold slashes.
    pub(crate) fn beside(&self, name: &str) -> Path {
        name.split('/').fold(self.prefix.clone(), |path, part| path.join(part))
    }

    pub(crate) fn store(&self) -> &AmazonS3 {
        &self.store
    }

    /// The note of how far the rows got.
    pub(crate) async fn note(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let got = async { self.store.get(&self.root.clone().join(NOTE)).await?.bytes().await };
        match got.await {
            Ok(note) => Ok(Some(note.into())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed("reading the note of how far the rows got")(error)),
        }
    }

    /// Puts the note in place of the one before.
    pub(crate) async fn put_note(&self, note: Vec<u8>) -> Result<(), StoreError> {
        let put = self.store.put(&self.root.clone().join(NOTE), note.into()).await;
        put.map(drop)
            .map_err(failed("writing the note of how far the rows got"))
    }

    /// The sealed bytes that lie there of each delivery.
    pub(crate) async fn stored_bytes(&self) -> Result<HashMap<DeliveryId, u64>, StoreError> {
        let mut objects = self.store.list(Some(&self.root));
        let mut found = HashMap::new();
        while let Some(object) = objects.next().await {
            let object = object.map_err(failed("listing the contents"))?;
            if let Some(id) = self.delivery_of(&object.location) {
                *found.entry(id).or_default() += object.size;
            }
        }
        Ok(found)
    }

    /// Of which delivery an object is.
    fn delivery_of(&self, path: &Path) -> Option<DeliveryId> {
        let name = path.parts().nth(self.root.parts().count());
        name.and_then(|name| name.as_ref().parse().ok())
    }

    /// Waits for a request where it may block.
    fn wait<T>(&self, span: Span, request: impl Future<Output = object_store::Result<T>>) -> object_store::Result<T> {
        self.runtime.block_on(request.instrument(span))
    }

    /// Where a part's chunks are.
    fn part(&self, id: DeliveryId, key: &Key, part: u32) -> Path {
        let mark = Sha256::digest(key.expose());
        let mark: String = mark.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        self.root.clone().join(id.to_string()).join(mark).join(part.to_string())
    }

    /// Puts a chunk that begins at `sealed_offset` of its sealed part; false if other bytes are there. Where it may block.
    fn put(
        &self,
        id: DeliveryId,
        key: &Key,
        part: u32,
        sealed_offset: u64,
        sealed: Vec<u8>,
    ) -> Result<bool, StoreError> {
        let path = self.part(id, key, part).join(format!("{sealed_offset:012x}"));
        let sealed = Bytes::from(sealed);
        let create = PutOptions::from(PutMode::Create);
        let put = self.store.put_opts(&path, PutPayload::from(sealed.clone()), create);
        let span = tracing::info_span!(target: SPANS, "bucket.put", bytes = sealed.len());
        match self.wait(span, put) {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                let span = tracing::info_span!(target: SPANS, "bucket.get", bytes = sealed.len());
                let there = self
                    .wait(span, async { self.store.get(&path).await?.bytes().await })
                    .map_err(failed("reading a chunk"))?;
                Ok(there == sealed)
            }
            Err(error) => Err(failed("writing a chunk")(error)),
        }
    }

    /// Opens a sealed part. Where it may block.
    pub(crate) fn open_part(&self, id: DeliveryId, key: &Key, part: u32) -> Result<BucketPart, StoreError> {
        let prefix = self.part(id, key, part);
        let span = tracing::info_span!(target: SPANS, "bucket.list");
        let found: Vec<_> = self
            .wait(span, self.store.list(Some(&prefix)).try_collect())
            .map_err(failed("listing a part"))?;
        let mut chunks = Vec::with_capacity(found.len());
        for object in found {
            let start = object
                .location
                .filename()
                .and_then(|name| u64::from_str_radix(name, 16).ok());
            let start = start.ok_or(StoreError::Damaged { what: "chunk" })?;
            chunks.push(Chunk {
                start,
                end: start + object.size,
                at: Place::Object(object.location),
            });
        }
        if chunks.is_empty() {
            // An empty part is one sealed segment without bytes, and no object.
            let mut sealed = Vec::with_capacity(TAG_BYTES);
            seal_segment_onto(key, part, 0, true, &[], &mut sealed);
            chunks.push(Chunk {
                start: 0,
                end: sealed.len() as u64,
                at: Place::Memory(sealed.into()),
            });
        }
        chunks.sort_by_key(|chunk| chunk.start);
        let mut end = 0;
        for chunk in &chunks {
            if chunk.start != end {
                return Err(StoreError::ContentMissing);
            }
            end = chunk.end;
        }
        Ok(BucketPart {
            bucket: self.clone(),
            chunks,
            end,
            position: 0,
            ahead: Bytes::new(),
            ahead_start: 0,
        })
    }

    /// What there is of a delivery.
    pub(crate) async fn list(&self, id: DeliveryId) -> Result<Listed, StoreError> {
        let prefix = self.root.clone().join(id.to_string());
        let found: Vec<_> = self
            .store
            .list(Some(&prefix))
            .map_ok(|object| object.location)
            .try_collect()
            .await
            .map_err(failed("listing a content"))?;
        Ok(Listed(found))
    }

    /// Every delivery that has an object, with its objects. For a sweep: at most so many of them.
    pub(crate) async fn list_all(
        &self,
        after: Option<DeliveryId>,
        max: usize,
    ) -> Result<Vec<(DeliveryId, Listed)>, StoreError> {
        // Behind every object of that delivery, for a digit comes behind the slash.
        let behind = after.map(|id| self.root.clone().join(format!("{id}0")));
        let mut objects = match &behind {
            Some(behind) => self.store.list_with_offset(Some(&self.root), behind),
            None => self.store.list(Some(&self.root)),
        };
        let mut found: Vec<(DeliveryId, Listed)> = Vec::new();
        while let Some(object) = objects.next().await {
            let path = object.map_err(failed("listing the contents"))?.location;
            let Some(id) = self.delivery_of(&path) else {
                continue;
            };
            let is_full = found.len() == max;
            match found.last_mut() {
                Some((last, listed)) if *last == id => listed.0.push(path),
                _ if is_full => break,
                _ => found.push((id, Listed(vec![path]))),
            }
        }
        Ok(found)
    }

    /// Deletes what was listed; it is no error if some of it is gone already.
    pub(crate) async fn delete(&self, listed: Listed) -> Result<(), StoreError> {
        let deleted =
            futures::stream::iter(listed.0)
                .map(Ok)
                .try_for_each_concurrent(DELETED_AT_ONCE, |path| async move {
                    match self.store.delete(&path).await {
                        Err(error) if !matches!(error, object_store::Error::NotFound { .. }) => Err(error),
                        _ => Ok(()),
                    }
                });
        let span = tracing::info_span!(target: SPANS, "bucket.delete");
        deleted.instrument(span).await.map_err(failed("deleting a content"))
    }
}

/// A chunk on its way into the bucket: sealed in memory, four mebibytes at most, and put in one request.
pub(crate) struct BucketChunk {
    pub(crate) bucket: Bucket,
    pub(crate) id: DeliveryId,
    pub(crate) key: Key,
    pub(crate) part: u32,
    pub(crate) sealed_offset: u64,
    pub(crate) segments: Segments,
    pub(crate) sealed: Vec<u8>,
}

impl BucketChunk {
    /// Adds whole segments, or what ends the part.
    pub(crate) fn write(&mut self, plain: &[u8]) {
        self.segments.seal_onto(plain, &mut self.sealed);
    }

    /// Makes the chunk durable; false if other bytes are there. Where it may block.
    pub(crate) fn sync(&mut self) -> Result<bool, StoreError> {
        if self.sealed.is_empty() {
            return Ok(true);
        }
        let sealed = std::mem::take(&mut self.sealed);
        self.bucket
            .put(self.id, &self.key, self.part, self.sealed_offset, sealed)
    }
}

/// The bucket's errors. What is none of the known refusals is the store or the line, and may pass; and so may what the
/// store does not permit now: as with a database that takes no writes, nobody but its operator can tell.
pub(crate) fn failed(doing: &'static str) -> impl Fn(object_store::Error) -> StoreError {
    use object_store::Error::{Generic, PermissionDenied, Unauthenticated};
    move |source| StoreError::Bucket {
        doing,
        is_temporary: matches!(
            source,
            Generic { .. } | PermissionDenied { .. } | Unauthenticated { .. }
        ),
        source: Box::new(source),
    }
}

/// Where bytes of a part are.
#[derive(Debug)]
enum Place {
    Object(Path),
    Memory(Bytes),
}

#[derive(Debug)]
struct Chunk {
    start: u64,
    end: u64,
    at: Place,
}

/// A sealed part in the bucket, read from as from a file. Where it may block.
#[derive(Debug)]
pub struct BucketPart {
    bucket: Bucket,
    chunks: Vec<Chunk>,
    end: u64,
    position: u64,
    /// Bytes that were fetched, from `ahead_start` on.
    ahead: Bytes,
    ahead_start: u64,
}

impl BucketPart {
    fn fetch(&mut self) -> io::Result<()> {
        let position = self.position;
        let chunk = self
            .chunks
            .iter()
            .rev()
            .find(|chunk| chunk.start <= position && position < chunk.end);
        let chunk = chunk.ok_or(io::ErrorKind::UnexpectedEof)?;
        let start = position - chunk.start;
        let end = (start + READ_AHEAD_BYTES).min(chunk.end - chunk.start);
        self.ahead = match &chunk.at {
            Place::Object(path) => {
                let span = tracing::info_span!(target: SPANS, "bucket.get", bytes = end - start);
                let range = self.bucket.store.get_range(path, start..end);
                self.bucket.wait(span, range).map_err(io::Error::other)?
            }
            Place::Memory(bytes) => bytes.slice(start as usize..end as usize),
        };
        self.ahead_start = position;
        Ok(())
    }
}

impl Read for BucketPart {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.end || into.is_empty() {
            return Ok(0);
        }
        let is_ahead = |part: &Self| {
            part.position >= part.ahead_start && part.position < part.ahead_start + part.ahead.len() as u64
        };
        if !is_ahead(self) {
            self.fetch()?;
        }
        let from = (self.position - self.ahead_start) as usize;
        let length = into.len().min(self.ahead.len() - from);
        into[..length].copy_from_slice(&self.ahead[from..from + length]);
        self.position += length as u64;
        Ok(length)
    }
}

impl Seek for BucketPart {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.end.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
