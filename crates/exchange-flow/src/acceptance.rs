//! When what arrives at the exchange becomes a delivery: its identity (D3), and whether every part is there.

use care_model::{Digest, OfficeNumber};

/// What is known of an identity that comes (again).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Nothing: it may be accepted.
    New,
    /// The same delivery was accepted before; the first answer stands.
    Same,
    /// Another delivery has it.
    Conflict,
}

/// Judges an identity by the digest and the sender that were accepted under it, if any were.
pub fn identity(known: Option<(Digest, OfficeNumber)>, digest: Digest, from: OfficeNumber) -> Identity {
    match known {
        None => Identity::New,
        Some(accepted) if accepted == (digest, from) => Identity::Same,
        Some(_) => Identity::Conflict,
    }
}

/// Why a chunk is not appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkRefusal {
    /// There is no such part.
    NoSuchPart,
    /// It begins elsewhere than the stored bytes end.
    Offset {
        /// Where it must begin.
        stored_bytes: u64,
    },
}

/// The size of the part that a chunk is appended to, in bytes; `sizes` and `stored` are those of all parts.
pub fn appendable(sizes: &[u64], stored: &[u64], part: usize, offset: u64) -> Result<u64, ChunkRefusal> {
    match (sizes.get(part), stored.get(part)) {
        (Some(size), Some(stored)) if *stored == offset => Ok(*size),
        (Some(_), Some(stored)) => Err(ChunkRefusal::Offset { stored_bytes: *stored }),
        _ => Err(ChunkRefusal::NoSuchPart),
    }
}

/// The first part that lacks bytes, and how many it has; only without one may an upload become a delivery.
pub fn incomplete(sizes: &[u64], stored: &[u64]) -> Option<(usize, u64)> {
    let have = |part: usize| stored.get(part).copied().unwrap_or(0);
    let mut parts = sizes.iter().enumerate();
    parts.find_map(|(part, size)| (have(part) != *size).then(|| (part, have(part))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_of_one_digest_and_one_sender() {
        let office = |number: &str| OfficeNumber::parse(number).unwrap();
        let (one, other) = (office("9970100013"), office("9970101003"));
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        assert_eq!(identity(None, a, one), Identity::New);
        assert_eq!(identity(Some((a, one)), a, one), Identity::Same);
        assert_eq!(identity(Some((a, one)), b, one), Identity::Conflict);
        assert_eq!(identity(Some((a, one)), a, other), Identity::Conflict);
    }

    #[test]
    fn chunks_follow_each_other_and_every_part_must_be_whole() {
        assert_eq!(appendable(&[5, 7], &[5, 3], 1, 3), Ok(7));
        assert_eq!(
            appendable(&[5, 7], &[5, 3], 1, 0),
            Err(ChunkRefusal::Offset { stored_bytes: 3 })
        );
        assert_eq!(appendable(&[5, 7], &[5, 3], 2, 0), Err(ChunkRefusal::NoSuchPart));
        assert_eq!(incomplete(&[5, 7], &[5, 3]), Some((1, 3)));
        assert_eq!(incomplete(&[5, 7], &[5]), Some((1, 0)));
        assert_eq!(incomplete(&[5, 0], &[5, 0]), None);
    }
}
