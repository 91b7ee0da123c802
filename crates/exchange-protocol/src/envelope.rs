//! A small delivery as one request body: the header, then the parts, with nothing in between.
//!
//! ```text
//! 4 bytes  length of the header, big endian
//! n bytes  the header as JSON; its SHA-256 is the delivery's digest
//! …        the bytes of every part, in the order of the header
//! ```

use bytes::{BufMut, Bytes, BytesMut};
use care_model::{Digest, limits};
use thiserror::Error;

use crate::DeliveryHeader;

/// The media type of a framed delivery.
pub const MEDIA_TYPE: &str = "application/vnd.careplan.delivery";

/// What is wrong with a framed delivery.
#[derive(Debug, Error)]
pub enum EnvelopeError {
    /// Shorter than it says, or longer.
    #[error("the body is not as long as its header says")]
    Length,
    /// The header is over [`limits::HEADER_BYTES_MAX`].
    #[error("the header is over its limit")]
    HeaderTooLong,
    /// The header is not the JSON that it should be.
    #[error("the header cannot be read")]
    Header(#[source] serde_json::Error),
    /// A part's bytes are not what its digest says.
    #[error("part {part} does not have its digest")]
    Digest {
        /// Its place in the header.
        part: usize,
    },
}

/// A framed delivery, taken apart without copying.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The header, read.
    pub header: DeliveryHeader,
    /// The header's bytes as sent.
    pub header_json: Bytes,
    /// The parts, in the order of the header, each checked against its digest.
    pub parts: Vec<Bytes>,
}

impl Envelope {
    /// The digest of the delivery: of the header's bytes, which hold the digests of the parts.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.header_json)
    }
}

/// Frames a header, already serialised, and its parts.
pub fn write(header_json: &[u8], parts: &[Bytes]) -> Bytes {
    let total: usize = parts.iter().map(Bytes::len).sum();
    let mut body = BytesMut::with_capacity(4 + header_json.len() + total);
    body.put_u32(u32::try_from(header_json.len()).unwrap_or(u32::MAX));
    body.put_slice(header_json);
    for part in parts {
        body.put_slice(part);
    }
    body.freeze()
}

/// Takes a body apart and checks lengths and digests; the header's own rules are [`DeliveryHeader::check`].
pub fn read(mut body: Bytes) -> Result<Envelope, EnvelopeError> {
    if body.len() < 4 {
        return Err(EnvelopeError::Length);
    }
    let prefix = body.split_to(4);
    let header_length = prefix
        .iter()
        .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    if header_length > limits::HEADER_BYTES_MAX {
        return Err(EnvelopeError::HeaderTooLong);
    }
    if body.len() < header_length {
        return Err(EnvelopeError::Length);
    }
    let header_json = body.split_to(header_length);
    let header: DeliveryHeader = serde_json::from_slice(&header_json).map_err(EnvelopeError::Header)?;
    if header.total_bytes() != body.len() as u64 {
        return Err(EnvelopeError::Length);
    }
    let mut parts = Vec::with_capacity(header.parts.len());
    for (place, part) in header.parts.iter().enumerate() {
        // The sum was compared above, so every size fits what is left.
        let bytes = body.split_to(usize::try_from(part.size_bytes).map_err(|_| EnvelopeError::Length)?);
        if Digest::of(&bytes) != part.digest {
            return Err(EnvelopeError::Digest { part: place });
        }
        parts.push(bytes);
    }
    Ok(Envelope {
        header,
        header_json,
        parts,
    })
}

#[cfg(test)]
mod tests {
    use care_model::{DeliveryId, OfficeNumber, Party, ServiceKind};

    use super::*;
    use crate::{HeaderError, Part, PartRole, Sealing};

    fn header(parts: &[(&str, &[u8])]) -> DeliveryHeader {
        let party = |office, kind| Party::new(OfficeNumber::parse(office).unwrap(), ServiceKind::parse(kind).unwrap());
        DeliveryHeader {
            id: DeliveryId::generate(),
            from: party("9970100013", "43"),
            to: party("9970101003", "11"),
            serial: None,
            unit: None,
            declared_month: None,
            declared_recipients: None,
            parts: parts
                .iter()
                .map(|(name, bytes)| Part {
                    role: PartRole::StandardFile,
                    name: Some((*name).to_owned()),
                    size_bytes: bytes.len() as u64,
                    digest: Digest::of(bytes),
                })
                .collect(),
            sealing: Sealing::None,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let header = header(&[("A.CSV", b"one"), ("B.CSV", b"")]);
        let json = serde_json::to_vec(&header).unwrap();
        let body = write(&json, &[Bytes::from_static(b"one"), Bytes::new()]);
        let envelope = read(body.clone()).unwrap();
        assert_eq!(envelope.header, header);
        assert_eq!(envelope.digest(), Digest::of(&json));
        assert_eq!(envelope.parts, vec![Bytes::from_static(b"one"), Bytes::new()]);
        for cut in 0..body.len() {
            assert!(read(body.slice(..cut)).is_err(), "cut at {cut}");
        }
        let mut damaged = body.to_vec();
        *damaged.last_mut().unwrap() ^= 1;
        assert!(matches!(read(damaged.into()), Err(EnvelopeError::Digest { part: 0 })));
    }

    #[test]
    fn headers_are_judged_by_their_own_words() {
        assert_eq!(header(&[("A.CSV", b"one")]).check(), Ok(()));
        assert_eq!(header(&[]).check(), Err(HeaderError::Parts));
        assert_eq!(
            header(&[("A.CSV", b""), ("a.csv", b"")]).check(),
            Err(HeaderError::Names)
        );
        assert_eq!(header(&[("../A.CSV", b"")]).check(), Err(HeaderError::Names));
        assert_eq!(
            header(&[("A.CSV", b""), ("B.CSV", b"")]).check(),
            Err(HeaderError::Empty)
        );
        assert_eq!(header(&[("A.CSV", b"one"), ("B.CSV", b"")]).check(), Ok(()));
        let mut same = header(&[("A.CSV", b"")]);
        same.to = same.from;
        assert_eq!(same.check(), Err(HeaderError::SameParty));
        let mut late_cover = header(&[("A.CSV", b"one")]);
        late_cover.parts.push(Part {
            role: PartRole::Cover,
            name: None,
            size_bytes: 0,
            digest: Digest::of(b""),
        });
        assert_eq!(late_cover.check(), Err(HeaderError::Parts));
        late_cover.parts.rotate_right(1);
        assert_eq!(late_cover.check(), Ok(()));
        let mut large = header(&[("A.CSV", b"")]);
        large.parts[0].size_bytes = limits::STANDARD_FILE_BYTES_MAX + 1;
        assert_eq!(large.check(), Err(HeaderError::Limit));
    }
}
