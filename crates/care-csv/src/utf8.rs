//! Whether bytes that come in pieces are UTF-8 text.

/// Watches for the first byte that is no UTF-8; after it nothing more is looked at.
#[derive(Default)]
pub(crate) struct Utf8Watch {
    broken: bool,
    /// The beginning of a character whose rest comes with the next piece.
    rest: Vec<u8>,
    /// Whether there was a character of three bytes or more, as every kana and kanji has in UTF-8.
    pub(crate) has_wide: bool,
    has_double: bool,
}

impl Utf8Watch {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.broken {
            return;
        }
        if self.rest.is_empty() {
            self.look(bytes);
        } else {
            // At most three bytes are kept, so joining costs one copy of a piece and only for UTF-8 text.
            let mut joined = std::mem::take(&mut self.rest);
            joined.extend_from_slice(bytes);
            self.look(&joined);
        }
    }

    fn look(&mut self, bytes: &[u8]) {
        let valid = match std::str::from_utf8(bytes) {
            Ok(_) => bytes,
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                if error.error_len().is_some() {
                    self.broken = true;
                } else {
                    self.rest = rest.to_vec();
                }
                valid
            }
        };
        if !self.broken && !valid.is_ascii() {
            self.has_wide = self.has_wide || valid.iter().any(|byte| *byte >= 0xE0);
            self.has_double = true;
        }
    }

    /// Whether everything was UTF-8, with at least one character beyond ASCII.
    pub(crate) fn is_utf8(&self) -> bool {
        !self.broken && self.rest.is_empty() && (self.has_wide || self.has_double)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(pieces: &[&[u8]]) -> Utf8Watch {
        let mut watch = Utf8Watch::default();
        for piece in pieces {
            watch.push(piece);
        }
        watch
    }

    #[test]
    fn pieces_may_cut_a_character() {
        assert!(watch(&["表".as_bytes()]).is_utf8());
        assert!(watch(&[b"a\xe8", b"\xa1", b"\xa8b"]).is_utf8());
        assert!(!watch(&[b"a\xe8", b"\xa1"]).is_utf8());
        assert!(!watch(&[b"ascii"]).is_utf8());
        assert!(!watch(&[b"\x95\x5c"]).is_utf8());
        assert!(watch(&["表".as_bytes()]).has_wide);
    }
}
