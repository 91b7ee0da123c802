//! Random tokens, ids and passwords.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use exchange_store::{Selector, TokenHash};
use sealing::Key;
use sha2::{Digest as _, Sha256};

/// Random bytes from the operating system's generator.
fn random() -> [u8; 32] {
    *Key::generate().expose()
}

/// A token of 256 random bits.
pub(crate) fn make() -> String {
    URL_SAFE_NO_PAD.encode(random())
}

/// What is stored of a token.
pub(crate) fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// Characters that nobody mistakes for each other.
const PASSWORD_ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// A password of twenty characters, 100 bits.
pub(crate) fn make_password() -> String {
    let letters = random().map(|byte| char::from(PASSWORD_ALPHABET[usize::from(byte & 31)]));
    letters.iter().take(20).collect()
}

/// By which a made issue password is found before it is tried. It tells sixteen of the password's hundred bits.
pub(crate) fn selector(password: &str) -> Selector {
    let [first, second, ..] = hash(password);
    [first, second]
}

/// So many random digits.
pub(crate) fn make_digits(count: usize) -> String {
    // Bytes above 249 would make some digits likelier than others.
    let mut digits = String::with_capacity(count);
    while digits.len() < count {
        let fair = random().into_iter().filter(|byte| *byte < 250);
        digits.extend(fair.map(|byte| char::from(b'0' + byte % 10)).take(count - digits.len()));
    }
    digits
}
