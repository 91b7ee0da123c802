//! Months of service (サービス提供年月).

use serde::{Deserialize, Serialize};

use crate::{ShapeError, text_type::text_type};

/// A service month, `YYYYMM` of the western calendar, from 200001 to 209912.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceMonth([u8; 6]);

text_type!(ServiceMonth);

impl ServiceMonth {
    /// Reads six digits.
    pub fn parse(text: &str) -> Result<Self, ShapeError> {
        let error = ShapeError { kind: "service month" };
        let bytes: [u8; 6] = text.as_bytes().try_into().map_err(|_| error)?;
        let month = Self(bytes);
        if bytes.iter().all(u8::is_ascii_digit)
            && (2000..=2099).contains(&month.year())
            && (1..=12).contains(&month.month())
        {
            Ok(month)
        } else {
            Err(error)
        }
    }

    /// The six digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The year of the western calendar.
    pub fn year(&self) -> u16 {
        self.0[..4]
            .iter()
            .fold(0, |sum, digit| sum * 10 + u16::from(digit.wrapping_sub(b'0')))
    }

    /// The month, 1 to 12.
    pub fn month(&self) -> u8 {
        self.0[4..].iter().fold(0, |sum: u8, digit| {
            sum.wrapping_mul(10).wrapping_add(digit.wrapping_sub(b'0'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months() {
        let month = ServiceMonth::parse("202604").unwrap();
        assert_eq!((month.year(), month.month()), (2026, 4));
        for bad in ["000000", "202600", "202613", "199912", "20264", "2026045", "２０２６"] {
            assert!(ServiceMonth::parse(bad).is_err(), "{bad}");
        }
    }
}
