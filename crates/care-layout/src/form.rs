//! What one field may hold.

/// One field of a record.
#[derive(Debug)]
pub struct Field {
    /// Its position, from 1 (項番).
    pub number: u16,
    /// Our identifier, such as `service_date`; the same in every edition.
    pub name: &'static str,
    /// Its name as printed (項目名).
    pub name_ja: &'static str,
    /// What kind of value it holds.
    pub kind: Kind,
    /// How long a value may be, in characters; none for free text.
    pub length: Option<Length>,
    /// Whether it is marked 必須.
    pub required: bool,
    /// Whether it is free text (フリーテキスト), which stands in double quotes.
    pub quoted: bool,
    /// Whether it is part of the record's key.
    pub key: bool,
    /// The form of a filled value.
    pub pattern: Option<Pattern>,
    /// The values it may take.
    pub codes: Option<&'static CodeTable>,
    /// Values with a meaning of their own; `?` stands for any character.
    pub special: &'static [&'static str],
    /// The least and the largest number.
    pub range: Option<(u32, u32)>,
    /// What could not be read safely in the standard: a check of it warns at most.
    pub doubt: Option<Doubt>,
}

impl Field {
    /// Whether the value is one with a meaning of its own.
    pub fn is_special(&self, value: &[u8]) -> bool {
        self.special.iter().any(|special| {
            special.len() == value.len()
                && special
                    .bytes()
                    .zip(value)
                    .all(|(wanted, found)| wanted == b'?' || wanted == *found)
        })
    }
}

/// The kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Digits only, leading zeros kept.
    Digits,
    /// ASCII letters, digits and signs.
    Alnum,
    /// Free text in MS932.
    Text,
    /// A day, `YYYYMMDD`.
    Date,
    /// A month, `YYYYMM`.
    Month,
    /// A time, `HHMM`.
    Time,
    /// `0` or `1`.
    Flag,
    /// One of a table of codes.
    Code,
    /// A whole number; a sign is allowed.
    Integer,
    /// A number with a point.
    Decimal,
}

/// The length of a value, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    /// The largest.
    pub max: u16,
    /// Whether it is also the least.
    pub exact: bool,
}

/// The form of a filled value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// An office number: two digits, a digit or capital letter but I, O and Q, seven digits.
    OfficeNumber,
    /// An insured number: ten digits, or H and nine digits (生保単独).
    InsuredNumber,
    /// A postal code, `999-0001`.
    PostalCode,
    /// A service code: six digits or capital letters.
    ServiceCode,
    /// The code of a rented piece of equipment, five digits, a hyphen, six digits.
    EquipmentCode,
    /// A price of one unit, `10.00`.
    UnitPrice,
    /// One digit, 0 or 1, for each of 31 days.
    DayFlags,
}

impl Pattern {
    /// Whether a value has the form.
    pub fn fits(self, value: &[u8]) -> bool {
        let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
        match (self, value) {
            (Self::OfficeNumber, [a, b, third, rest @ ..]) => {
                let letter = third.is_ascii_uppercase() && !matches!(third, b'I' | b'O' | b'Q');
                rest.len() == 7 && digits(&[*a, *b]) && (third.is_ascii_digit() || letter) && digits(rest)
            }
            (Self::InsuredNumber, [first, rest @ ..]) => {
                rest.len() == 9 && (first.is_ascii_digit() || *first == b'H') && digits(rest)
            }
            (Self::PostalCode, _) => parted(value, 3, 4, b'-'),
            (Self::EquipmentCode, _) => parted(value, 5, 6, b'-'),
            (Self::ServiceCode, _) => {
                value.len() == 6 && value.iter().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
            }
            (Self::UnitPrice, _) => (1..=3).any(|whole| parted(value, whole, 2, b'.')),
            (Self::DayFlags, _) => value.len() == 31 && value.iter().all(|c| matches!(c, b'0' | b'1')),
            (Self::OfficeNumber | Self::InsuredNumber, _) => false,
        }
    }

    /// The name that the tables use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OfficeNumber => "office_number",
            Self::InsuredNumber => "insured_number",
            Self::PostalCode => "postal_code",
            Self::ServiceCode => "service_code",
            Self::EquipmentCode => "equipment_code",
            Self::UnitPrice => "unit_price",
            Self::DayFlags => "day_flags",
        }
    }
}

/// Digits, a sign, digits.
fn parted(value: &[u8], before: usize, after: usize, sign: u8) -> bool {
    value.len() == before + 1 + after
        && value.iter().enumerate().all(|(place, c)| {
            if place == before {
                *c == sign
            } else {
                c.is_ascii_digit()
            }
        })
}

/// A table of codes.
#[derive(Debug)]
pub struct CodeTable {
    /// Our name for it.
    pub name: &'static str,
    /// Its printed name.
    pub name_ja: &'static str,
    /// Code and meaning, in printed order.
    pub codes: &'static [(&'static str, &'static str)],
}

impl CodeTable {
    /// What a code means, if it is one of the table.
    pub fn meaning(&self, code: &[u8]) -> Option<&'static str> {
        self.codes
            .iter()
            .find(|(known, _)| known.as_bytes() == code)
            .map(|(_, meaning)| *meaning)
    }
}

/// What of a field could not be read safely in the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// Whether it must be filled.
    Required,
    /// How long it may be.
    Length,
    /// Its kind, and whether it is quoted.
    Kind,
    /// Something else about it.
    Other,
}
