//! Writing an object piece by piece.

use std::io::{self, Write};

use zeroize::Zeroizing;

use crate::{
    key::Key,
    segment::{SEALED_SEGMENT_BYTES, SEGMENT_BYTES, seal_segment_onto},
};

/// Seals what is written to it into segments. Without [`SealedWriter::finish`] the object has no last segment and
/// does not open: a writer that was dropped half-way leaves nothing that could be taken for whole.
pub struct SealedWriter<W: Write> {
    inner: W,
    key: Key,
    part: u32,
    index: u64,
    /// Bytes not yet sealed. A full segment waits here until it is known whether it is the last.
    plain: Zeroizing<Vec<u8>>,
    sealed: Vec<u8>,
}

impl<W: Write> SealedWriter<W> {
    /// Begins part `part` under its object's key.
    pub fn new(inner: W, key: &Key, part: u32) -> Self {
        Self::resume(inner, key, part, 0)
    }

    /// Goes on behind `segments_done` whole segments; `inner` stands right behind them. What follows must be the
    /// bytes that would have followed then.
    pub fn resume(inner: W, key: &Key, part: u32, segments_done: u64) -> Self {
        Self {
            inner,
            key: key.clone(),
            part,
            index: segments_done,
            plain: Zeroizing::new(Vec::with_capacity(SEGMENT_BYTES)),
            sealed: Vec::with_capacity(SEALED_SEGMENT_BYTES),
        }
    }

    /// Seals the last segment and gives back what was written to, flushed but not synced.
    pub fn finish(mut self) -> io::Result<W> {
        let rest = std::mem::take(&mut *self.plain);
        let rest = Zeroizing::new(rest);
        self.put(true, &rest)?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    fn put(&mut self, is_last: bool, plain: &[u8]) -> io::Result<()> {
        self.sealed.clear();
        seal_segment_onto(&self.key, self.part, self.index, is_last, plain, &mut self.sealed);
        self.inner.write_all(&self.sealed)?;
        self.index += 1;
        Ok(())
    }
}

impl<W: Write> Write for SealedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.plain.len() == SEGMENT_BYTES {
                let full = std::mem::take(&mut *self.plain);
                self.put(false, &full)?;
                *self.plain = full;
                self.plain.clear();
            }
            // Straight from the caller's bytes while at least one more byte is known to follow the segment.
            if self.plain.is_empty() && rest.len() > SEGMENT_BYTES {
                let (segment, after) = rest.split_at(SEGMENT_BYTES);
                self.put(false, segment)?;
                rest = after;
            } else {
                let (fits, after) = rest.split_at(rest.len().min(SEGMENT_BYTES - self.plain.len()));
                self.plain.extend_from_slice(fits);
                rest = after;
            }
        }
        Ok(bytes.len())
    }

    /// Flushes whole segments only: the rest is not sealed before it is known to be the last.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
