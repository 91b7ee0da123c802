//! Small values under a random nonce, and keys under keys.
//!
//! ```text
//! 1 byte    version, 1
//! 12 bytes  nonce, random
//! n bytes   cipher text
//! 16 bytes  tag over version, context and cipher text
//! ```
//! Nonces are random, so one key should not seal more than 2³² values; a desk or a server stays far below.

use zeroize::Zeroizing;

use crate::{
    OpenError, TAG_BYTES,
    key::{KEY_BYTES, Key, fill_random},
};

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;

/// How many bytes longer a sealed value is.
pub const SMALL_OVERHEAD_BYTES: usize = 1 + NONCE_BYTES + TAG_BYTES;

/// Tells a wrapped key from any other small value under the same master key.
const WRAP_CONTEXT: &[u8] = b"wrapped key: ";

/// Seals a small value. `context` says what it is and where it belongs; it is not stored, and without the same
/// context the value does not open.
pub fn seal(key: &Key, context: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE_BYTES];
    fill_random(&mut nonce);
    let mut sealed = Vec::with_capacity(plain.len() + SMALL_OVERHEAD_BYTES);
    sealed.push(VERSION);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let tag = key.seal_in_place(nonce, &versioned(context), &mut sealed[1 + NONCE_BYTES..]);
    sealed.extend_from_slice(&tag);
    sealed
}

/// Opens what [`seal`] made under the same key and context.
pub fn open(key: &Key, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    if sealed.len() < SMALL_OVERHEAD_BYTES || sealed[0] != VERSION {
        return Err(OpenError);
    }
    let mut nonce = [0; NONCE_BYTES];
    nonce.copy_from_slice(&sealed[1..=NONCE_BYTES]);
    let mut plain = sealed[1 + NONCE_BYTES..].to_vec();
    key.open_in_place(nonce, &versioned(context), &mut plain)?;
    plain.truncate(plain.len() - TAG_BYTES);
    Ok(plain)
}

/// Wraps a key under a master key. `name` is the identity of what the key is for.
pub fn wrap(master: &Key, name: &[u8], key: &Key) -> Vec<u8> {
    seal(master, &[WRAP_CONTEXT, name].concat(), key.expose())
}

/// Unwraps what [`wrap`] made under the same master key and name.
pub fn unwrap_key(master: &Key, name: &[u8], wrapped: &[u8]) -> Result<Key, OpenError> {
    let bytes = Zeroizing::new(open(master, &[WRAP_CONTEXT, name].concat(), wrapped)?);
    if bytes.len() == KEY_BYTES {
        Key::from_slice(&bytes).ok_or(OpenError)
    } else {
        Err(OpenError)
    }
}

fn versioned(context: &[u8]) -> Vec<u8> {
    [&[VERSION], context].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_under_its_key_and_context() {
        let key = Key::generate();
        let sealed = seal(&key, b"note", b"text");
        assert_eq!(sealed.len(), 4 + SMALL_OVERHEAD_BYTES);
        assert_eq!(open(&key, b"note", &sealed).unwrap(), b"text");
        assert_eq!(open(&key, b"draft", &sealed), Err(OpenError));
        assert_eq!(open(&Key::generate(), b"note", &sealed), Err(OpenError));
        assert_ne!(sealed, seal(&key, b"note", b"text"));
    }

    #[test]
    fn a_wrapped_key_is_bound_to_its_name_and_is_no_small_value() {
        let (master, key) = (Key::generate(), Key::generate());
        let wrapped = wrap(&master, b"delivery 1", &key);
        let unwrapped = unwrap_key(&master, b"delivery 1", &wrapped).unwrap();
        assert_eq!(unwrapped.expose(), key.expose());
        assert!(unwrap_key(&master, b"delivery 2", &wrapped).is_err());
        assert!(open(&master, b"delivery 1", &wrapped).is_err());
        let short = seal(&master, b"wrapped key: x", b"short");
        assert!(unwrap_key(&master, b"x", &short).is_err());
    }
}
