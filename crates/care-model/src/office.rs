//! Offices (事業所) and how a delivery addresses them.

use serde::{Deserialize, Serialize};

use crate::{ServiceKind, ShapeError, text_type::text_type};

/// An office number (事業所番号): ten characters, digits but for a letter that may stand in third place.
///
/// The check digit is not part of the shape: the standard's own examples fail it (標準仕様 4.1 本文), so it can only be a hint.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OfficeNumber([u8; 10]);

text_type!(OfficeNumber);

impl OfficeNumber {
    /// Reads an office number; capital letters only, no I, O or Q (標準仕様 4.1 ファイル名称).
    pub fn parse(text: &str) -> Result<Self, ShapeError> {
        let bytes: [u8; 10] = text
            .as_bytes()
            .try_into()
            .map_err(|_| ShapeError { kind: "office number" })?;
        let well_formed = bytes.iter().enumerate().all(|(place, byte)| {
            byte.is_ascii_digit() || (place == 2 && byte.is_ascii_uppercase() && !matches!(byte, b'I' | b'O' | b'Q'))
        });
        if well_formed {
            Ok(Self(bytes))
        } else {
            Err(ShapeError { kind: "office number" })
        }
    }

    /// Whether the check digit fits; a number that does not may still be right.
    pub fn check_digit_fits(&self) -> bool {
        crate::check_digit_fits(&self.0) == Some(true)
    }

    /// The ten characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Who a file or a delivery is from or for: an office number and the service kind it acts in.
///
/// Two parties are the same only if both parts are: one office may send to itself under another kind (D16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// The office number.
    pub office: OfficeNumber,
    /// The service kind in which the office acts; it decides the role.
    pub kind: ServiceKind,
}

impl Party {
    /// Joins the two parts.
    pub fn new(office: OfficeNumber, kind: ServiceKind) -> Self {
        Self { office, kind }
    }

    /// The role that the service kind gives the office.
    pub fn role(&self) -> OfficeRole {
        self.kind.role()
    }
}

impl std::fmt::Display for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}", self.office, self.kind)
    }
}

/// What an office does in the exchange; follows from the service kind, not from the office (D16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfficeRole {
    /// 居宅介護支援事業所: makes plans and schedules, receives actuals.
    CareManagement,
    /// 地域包括支援センター・介護予防支援: the same for preventive care, and may exchange both ways with a contracted office.
    CommunitySupport,
    /// サービス事業所: receives plans and schedules, sends actuals.
    Service,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn office_number_shapes() {
        for good in ["9970100013", "99A0105007", "0300000100"] {
            assert_eq!(OfficeNumber::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "",
            "997010001",
            "99701000133",
            "99I0105007",
            "A970100013",
            "99a0105007",
            "９９７０１０００１３",
            "997010001 ",
        ] {
            assert!(OfficeNumber::parse(bad).is_err(), "{bad}");
        }
    }
}
