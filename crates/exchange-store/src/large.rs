//! Large contents, wherever they lie: parts that are written chunk by chunk and read as one.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
};

use care_model::DeliveryId;
use sealing::{Key, SEALED_SEGMENT_BYTES, SEGMENT_BYTES, SealedReader, seal_segment_onto};

use crate::{
    Engine, StoreError,
    bucket::{Bucket, BucketChunk, BucketPart},
    folder::{ContentFolder, PartWriter},
    reached::Reached,
};

/// Where large contents lie.
#[derive(Debug, Clone)]
pub(crate) enum LargeContents {
    Folder(ContentFolder),
    Bucket(Bucket),
}

impl LargeContents {
    /// Where an engine keeps them. A bucket is asked whether it answers; a folder need not be there yet.
    pub(crate) async fn open(engine: &Engine) -> Result<Self, StoreError> {
        Ok(match engine {
            Engine::Embedded(data) => Self::Folder(ContentFolder::of(data)),
            Engine::Shared(shared) => Self::Bucket(Bucket::open(&shared.bucket).await?),
        })
    }

    /// Makes the folder, if it is not there.
    pub(crate) fn make(&self) -> Result<(), StoreError> {
        match self {
            Self::Folder(folder) => folder.make(),
            Self::Bucket(_) => Ok(()),
        }
    }

    /// How far the rows had got when that was last noted.
    pub(crate) async fn reached(&self) -> Result<Option<Reached>, StoreError> {
        let note = match self {
            Self::Folder(folder) => folder.note()?,
            Self::Bucket(bucket) => bucket.note().await?,
        };
        Ok(note.as_deref().and_then(Reached::read))
    }

    /// Notes how far the rows got.
    pub(crate) async fn note_reached(&self, reached: Reached) -> Result<(), StoreError> {
        match self {
            Self::Folder(folder) => {
                let folder = folder.clone();
                let put = tokio::task::spawn_blocking(move || folder.put_note(&reached.to_json()));
                put.await.map_err(|_| StoreError::Closed)?
            }
            Self::Bucket(bucket) => bucket.put_note(reached.to_json()).await,
        }
    }

    /// Makes ready for a delivery's parts, where it may block. In the folder nothing of a delivery of this id stays that
    /// was given up; in the bucket each has names of its own.
    pub(crate) fn prepare(&self, id: DeliveryId, key: &Key, sizes: &[u64]) -> Result<(), StoreError> {
        match self {
            Self::Folder(folder) => {
                folder.delete(id)?;
                folder.prepare(id, key, sizes)
            }
            Self::Bucket(_) => Ok(()),
        }
    }

    /// Takes back [`LargeContents::prepare`], where it may block.
    pub(crate) fn give_up(&self, id: DeliveryId) -> Result<(), StoreError> {
        match self {
            Self::Folder(folder) => folder.delete(id),
            Self::Bucket(_) => Ok(()),
        }
    }

    /// Opens a part to write on at `offset`, a multiple of the segment size. Where it may block.
    pub(crate) fn writer(
        &self,
        id: DeliveryId,
        key: &Key,
        part: u32,
        offset: u64,
        part_bytes: u64,
    ) -> Result<ChunkWriter, StoreError> {
        Ok(match self {
            Self::Folder(folder) => ChunkWriter::Folder(folder.writer(id, key, part, offset, part_bytes)?),
            Self::Bucket(bucket) => ChunkWriter::Bucket(BucketChunk {
                bucket: bucket.clone(),
                id,
                key: key.clone(),
                part,
                sealed_offset: sealed_offset(offset),
                segments: Segments::new(key, part, offset, part_bytes),
                sealed: Vec::new(),
            }),
        })
    }

    /// Opens a whole part for reading, where it may block.
    pub(crate) fn reader(&self, id: DeliveryId, key: &Key, part: u32) -> Result<PartReader, StoreError> {
        let source = match self {
            Self::Folder(folder) => PartSource::File(folder.open_part(id, part)?),
            Self::Bucket(bucket) => PartSource::Bucket(bucket.open_part(id, key, part)?),
        };
        SealedReader::new(source, key, part).map_err(StoreError::folder("opening a part"))
    }
}

/// A chunk that is being written, a few segments at a time.
pub(crate) enum ChunkWriter {
    Folder(PartWriter),
    Bucket(BucketChunk),
}

impl ChunkWriter {
    /// Writes whole segments, or what ends the part; false, and nothing written, if other bytes are there.
    pub(crate) fn write(&mut self, plain: &[u8]) -> Result<bool, StoreError> {
        match self {
            Self::Folder(writer) => writer.write(plain),
            Self::Bucket(chunk) => {
                chunk.write(plain);
                Ok(true)
            }
        }
    }

    /// Makes what was written durable; false if other bytes are there.
    pub(crate) fn sync(&mut self) -> Result<bool, StoreError> {
        match self {
            Self::Folder(writer) => writer.sync().map(|()| true),
            Self::Bucket(chunk) => chunk.sync(),
        }
    }
}

/// Seals what is written of a part, segment after segment.
pub(crate) struct Segments {
    key: Key,
    part: u32,
    /// The next segment.
    index: u64,
    /// Bytes of the part that come from here on.
    left_bytes: u64,
}

impl Segments {
    /// From `offset` on, a multiple of the segment size.
    pub(crate) fn new(key: &Key, part: u32, offset: u64, part_bytes: u64) -> Self {
        Self {
            key: key.clone(),
            part,
            index: offset / SEGMENT_BYTES as u64,
            left_bytes: part_bytes.saturating_sub(offset),
        }
    }

    /// Seals whole segments, or what ends the part; an empty part is one empty segment.
    pub(crate) fn seal_onto(&mut self, plain: &[u8], sealed: &mut Vec<u8>) {
        let ends_part = plain.len() as u64 == self.left_bytes;
        let count = plain.len().div_ceil(SEGMENT_BYTES).max(1);
        for (place, index) in (0..count).zip(self.index..) {
            let start = place * SEGMENT_BYTES;
            let segment = &plain[start..plain.len().min(start + SEGMENT_BYTES)];
            let is_last = ends_part && place + 1 == count;
            seal_segment_onto(&self.key, self.part, index, is_last, segment, sealed);
        }
        self.index += count as u64;
        self.left_bytes = self.left_bytes.saturating_sub(plain.len() as u64);
    }
}

/// Where the segment that begins at `offset` of a part lies in the sealed part.
pub(crate) fn sealed_offset(offset: u64) -> u64 {
    offset / SEGMENT_BYTES as u64 * SEALED_SEGMENT_BYTES as u64
}

/// A part of a large content, opened for reading. Where it may block.
pub type PartReader = SealedReader<PartSource>;

/// Where a sealed part is read from.
#[derive(Debug)]
pub enum PartSource {
    /// The folder.
    File(BufReader<File>),
    /// The bucket.
    Bucket(BucketPart),
}

impl Read for PartSource {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(into),
            Self::Bucket(part) => part.read(into),
        }
    }
}

impl Seek for PartSource {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Bucket(part) => part.seek(to),
        }
    }
}

/// Reads a part through, handing on every segment; for digests.
pub(crate) fn read_through(reader: &mut PartReader, mut hand_on: impl FnMut(&[u8])) -> Result<(), StoreError> {
    let mut buffer = vec![0; SEGMENT_BYTES];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => hand_on(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(StoreError::folder("reading a part")(error)),
        }
    }
}

pub(crate) fn part_number(part: usize) -> u32 {
    u32::try_from(part).unwrap_or(u32::MAX)
}
