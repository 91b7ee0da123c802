//! Reading an object, whole or in ranges.

use std::io::{self, Read, Seek, SeekFrom};

use zeroize::Zeroizing;

use crate::{
    OpenError,
    key::Key,
    object::{plain_bytes, segment_count},
    segment::{SEALED_SEGMENT_BYTES, SEGMENT_BYTES, open_segment_in_place},
};

/// Reads the plain text of a sealed object. Opening one proves its size: the last segment is opened first.
pub struct SealedReader<R: Read + Seek> {
    inner: R,
    key: Key,
    part: u32,
    size_bytes: u64,
    position: u64,
    /// The segment in `buffer`, if one is.
    loaded: Option<u64>,
    buffer: Zeroizing<Vec<u8>>,
    /// Where `inner` stands, so that reading on does not seek.
    inner_position: Option<u64>,
}

impl<R: Read + Seek> SealedReader<R> {
    /// Opens part `part`, which begins at the start of `inner` and ends with it.
    pub fn new(mut inner: R, key: &Key, part: u32) -> io::Result<Self> {
        let sealed_bytes = inner.seek(SeekFrom::End(0))?;
        let size_bytes = plain_bytes(sealed_bytes).ok_or(OpenError)?;
        let mut reader = Self {
            inner,
            key: key.clone(),
            part,
            size_bytes,
            position: 0,
            loaded: None,
            buffer: Zeroizing::new(Vec::new()),
            inner_position: None,
        };
        reader.load(segment_count(size_bytes) - 1)?;
        Ok(reader)
    }

    /// The size of the plain text, authenticated.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The bytes from `offset` on, `length` of them or as many as there are.
    pub fn read_range(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let available = usize::try_from(self.size_bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length.min(available)];
        self.position = offset.min(self.size_bytes);
        self.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn load(&mut self, index: u64) -> io::Result<()> {
        if self.loaded == Some(index) {
            return Ok(());
        }
        self.loaded = None;
        let start = index * SEALED_SEGMENT_BYTES as u64;
        if self.inner_position != Some(start) {
            self.inner.seek(SeekFrom::Start(start))?;
        }
        self.inner_position = None;
        let last = segment_count(self.size_bytes) - 1;
        let plain = if index == last {
            (self.size_bytes - last * SEGMENT_BYTES as u64) as usize
        } else {
            SEGMENT_BYTES
        };
        let sealed = plain + crate::TAG_BYTES;
        self.buffer.resize(sealed, 0);
        self.inner.read_exact(&mut self.buffer)?;
        self.inner_position = Some(start + sealed as u64);
        open_segment_in_place(&self.key, self.part, index, index == last, &mut self.buffer)?;
        self.buffer.truncate(plain);
        self.loaded = Some(index);
        Ok(())
    }
}

impl<R: Read + Seek> Read for SealedReader<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size_bytes || bytes.is_empty() {
            return Ok(0);
        }
        self.load(self.position / SEGMENT_BYTES as u64)?;
        let within = (self.position % SEGMENT_BYTES as u64) as usize;
        let length = bytes.len().min(self.buffer.len() - within);
        bytes[..length].copy_from_slice(&self.buffer[within..within + length]);
        self.position += length as u64;
        Ok(length)
    }
}

impl<R: Read + Seek> Seek for SealedReader<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.size_bytes.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
