//! File serials (ファイル連番).

use serde::{Deserialize, Serialize};

use crate::{ShapeError, text_type::text_type};

/// A file serial (ファイル連番): fourteen digits, by convention `YYYYMMDDHHMMSS`.
///
/// All files of one send unit share it, and units are imported in its ascending order (標準仕様 4.1 2.4).
/// It is ordered as text; a date that does not exist is still a serial, because care software writes them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Serial([u8; 14]);

text_type!(Serial);

impl Serial {
    /// Reads fourteen digits.
    pub fn parse(text: &str) -> Result<Self, ShapeError> {
        let bytes: [u8; 14] = text.as_bytes().try_into().map_err(|_| ShapeError { kind: "serial" })?;
        if bytes.iter().all(u8::is_ascii_digit) {
            Ok(Self(bytes))
        } else {
            Err(ShapeError { kind: "serial" })
        }
    }

    /// The fourteen digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials() {
        assert!(Serial::parse("20260326090137").is_ok());
        for bad in ["", "2026032609013", "202603260901377", "2026032609013x"] {
            assert!(Serial::parse(bad).is_err(), "{bad}");
        }
        assert!(Serial::parse("20260326090137").unwrap() < Serial::parse("20260326090138").unwrap());
    }
}
