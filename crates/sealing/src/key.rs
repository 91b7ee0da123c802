//! Keys.

use std::{fmt, sync::Arc};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::OpenError;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// A key of 32 bytes. Cheap to clone: clones share the one copy in memory, which is wiped with the last of them.
#[derive(Clone)]
pub struct Key(Arc<KeyInMemory>);

struct KeyInMemory {
    bytes: Zeroizing<[u8; KEY_BYTES]>,
    /// The expanded key, so that no segment pays for the expansion. The provider wipes it.
    cipher: LessSafeKey,
}

impl Key {
    /// A fresh key from the operating system's generator.
    pub fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        fill_random(bytes.as_mut_slice());
        Self::from_bytes(*bytes)
    }

    /// The key with these bytes, as stored.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        let bytes = Zeroizing::new(bytes);
        #[expect(
            clippy::expect_used,
            reason = "32 bytes are always a key of AES-256; nothing else is checked"
        )]
        let unbound = UnboundKey::new(&AES_256_GCM, bytes.as_slice()).expect("32 bytes");
        Self(Arc::new(KeyInMemory {
            bytes,
            cipher: LessSafeKey::new(unbound),
        }))
    }

    /// The key with these bytes; none if they are not 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_bytes)
    }

    /// The 32 bytes, for whoever stores the key. Never for a log.
    pub fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0.bytes
    }

    /// Encrypts in place and gives the tag.
    pub(crate) fn seal_in_place(&self, nonce: [u8; 12], context: &[u8], in_out: &mut [u8]) -> [u8; crate::TAG_BYTES] {
        let sealed =
            self.0
                .cipher
                .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), in_out);
        #[expect(
            clippy::expect_used,
            reason = "refused only above 64 GiB, which no caller holds in memory"
        )]
        let tag = sealed.expect("a length that AES-GCM takes");
        let mut bytes = [0; crate::TAG_BYTES];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }

    /// Checks the tag, which follows the cipher text, and decrypts in place. After an error the bytes mean nothing.
    pub(crate) fn open_in_place<'a>(
        &self,
        nonce: [u8; 12],
        context: &[u8],
        in_out: &'a mut [u8],
    ) -> Result<&'a mut [u8], OpenError> {
        self.0
            .cipher
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(context), in_out)
            .map_err(|_| OpenError)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Random bytes from the operating system's generator.
pub(crate) fn fill_random(bytes: &mut [u8]) {
    #[expect(
        clippy::expect_used,
        reason = "without randomness nothing may be sealed, and there is no second way to it"
    )]
    aws_lc_rs::rand::fill(bytes).expect("the generator works");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_fresh_keep_their_bytes_and_do_not_print() {
        let key = Key::generate();
        assert_ne!(key.expose(), Key::generate().expose());
        assert_eq!(Key::from_bytes(*key.expose()).expose(), key.expose());
        assert_eq!(Key::from_slice(key.expose()).unwrap().expose(), key.expose());
        assert!(Key::from_slice(&[0; 31]).is_none());
        assert_eq!(format!("{key:?}"), "Key(…)");
    }
}
