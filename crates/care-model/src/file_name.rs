//! Names of the exchanged files (ファイル名称), editions 4 and 3.
//!
//! `PREFIX[_YYYYMM]_office[_kind]_office[_kind]_serial[_branch].CSV`; case does not matter, the exact name is kept.
//! A name that is nearly one of the standard is told apart from one that is not meant to be: the first needs an
//! explanation, the second is an attachment.

mod reading;

use serde::{Deserialize, Serialize};

use crate::{Edition, FileKind, FindingRule, OfficeNumber, Party, Serial, ServiceKind, ServiceMonth};

pub use reading::NameReading;

/// Who a file is from or for. Names of edition 3 lack the service kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Address {
    /// The office number.
    pub office: OfficeNumber,
    /// The service kind, in names of edition 4.
    pub kind: Option<ServiceKind>,
}

impl Address {
    /// The party, if the name says the kind.
    pub fn party(&self) -> Option<Party> {
        self.kind.map(|kind| Party::new(self.office, kind))
    }
}

impl From<Party> for Address {
    fn from(party: Party) -> Self {
        Self {
            office: party.office,
            kind: Some(party.kind),
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            Some(kind) => write!(f, "{}_{kind}", self.office),
            None => self.office.fmt(f),
        }
    }
}

/// The month part of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum NameMonth {
    /// There is none.
    Absent,
    /// `000000`: a supplement that goes with tables 1 to 3 (and a stray part that one example of the standard has).
    Zeros,
    /// A month of service.
    Of(ServiceMonth),
}

/// A name of the standard, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExchangeFileName {
    text: String,
    /// What kind of file.
    pub kind: FileKind,
    /// Its month.
    pub month: NameMonth,
    /// The sending office.
    pub from: Address,
    /// The receiving office.
    pub to: Address,
    /// The serial.
    pub serial: Serial,
    /// The running number of an image, 0 to 9999.
    pub branch: Option<u16>,
}

impl ExchangeFileName {
    /// Joins the parts of a name in the standard's own spelling. Refuses parts that do not go together.
    pub fn from_parts(
        kind: FileKind,
        month: NameMonth,
        from: Address,
        to: Address,
        serial: Serial,
        branch: Option<u16>,
    ) -> Option<Self> {
        let month_fits = match month {
            NameMonth::Of(_) => kind.has_month(),
            NameMonth::Zeros => !kind.has_month() || kind == FileKind::RecipientSupplement,
            NameMonth::Absent => !kind.has_month(),
        };
        let edition = if from.kind.is_some() { Edition::V4 } else { Edition::V3 };
        let fits = month_fits
            && from.kind.is_some() == to.kind.is_some()
            && kind.exists_in(edition)
            && branch.is_some() == kind.is_image()
            && branch.is_none_or(|branch| branch <= 9_999);
        if !fits {
            return None;
        }
        let mut name = Self {
            text: String::new(),
            kind,
            month,
            from,
            to,
            serial,
            branch,
        };
        name.text = name.canonical();
        Some(name)
    }

    /// Reads a name of the standard, or says which part is not one.
    ///
    /// The error is only meaningful for a name that was meant to be one: see [`NameReading::of`].
    pub fn parse(text: &str) -> Result<Self, FindingRule> {
        let (stem, extension) = text.rsplit_once('.').ok_or(FindingRule::Ending)?;
        let upper;
        let stem = if stem.bytes().any(|byte| byte.is_ascii_lowercase()) {
            upper = stem.to_ascii_uppercase();
            upper.as_str()
        } else {
            stem
        };
        let (kind, rest) = split_prefix(stem).ok_or(FindingRule::Prefix)?;
        let extension_fits = if kind.is_image() {
            extension.eq_ignore_ascii_case("jpg") || extension.eq_ignore_ascii_case("jpeg")
        } else {
            extension.eq_ignore_ascii_case("csv")
        };
        if !extension_fits {
            return Err(FindingRule::Ending);
        }
        let mut parts = [""; 7];
        let mut count = 0;
        for part in rest.split('_') {
            *parts.get_mut(count).ok_or(FindingRule::Parts)? = part;
            count += 1;
        }
        let parts = &parts[..count];
        let (month, parts) = take_month(kind, parts)?;
        let (parts, branch) = if kind.is_image() {
            let (branch, parts) = parts.split_last().ok_or(FindingRule::Parts)?;
            if parts.len() != 5 {
                return Err(FindingRule::Parts);
            }
            let four_digits = branch.len() == 4 && branch.bytes().all(|byte| byte.is_ascii_digit());
            let branch = branch.parse().ok().filter(|_| four_digits).ok_or(FindingRule::Branch)?;
            (parts, Some(branch))
        } else {
            (parts, None)
        };
        let office = |text| OfficeNumber::parse(text).map_err(|_| FindingRule::Office);
        let service_kind = |text| ServiceKind::parse(text).map_err(|_| FindingRule::ServiceKind);
        let (from, to, serial) = match *parts {
            [from, from_kind, to, to_kind, serial] => {
                let address = |number, kind| -> Result<Address, FindingRule> {
                    Ok(Address {
                        office: office(number)?,
                        kind: Some(service_kind(kind)?),
                    })
                };
                (address(from, from_kind)?, address(to, to_kind)?, serial)
            }
            [from, to, serial] if kind.in_edition_3() => {
                let address = |number| -> Result<Address, FindingRule> {
                    Ok(Address {
                        office: office(number)?,
                        kind: None,
                    })
                };
                (address(from)?, address(to)?, serial)
            }
            _ => return Err(FindingRule::Parts),
        };
        Ok(Self {
            text: text.to_owned(),
            kind,
            month,
            from,
            to,
            serial: Serial::parse(serial).map_err(|_| FindingRule::Serial)?,
            branch,
        })
    }

    /// The name exactly as it was read.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name in the standard's own spelling: capital letters, `.CSV` or `.jpg`.
    pub fn canonical(&self) -> String {
        use std::fmt::Write as _;

        let mut text = String::with_capacity(80);
        text.push_str(self.kind.prefix());
        match self.month {
            NameMonth::Absent => {}
            NameMonth::Zeros => text.push_str("_000000"),
            NameMonth::Of(month) => {
                text.push('_');
                text.push_str(month.as_str());
            }
        }
        // Writing into a `String` cannot fail.
        let _ = write!(text, "_{}_{}_{}", self.from, self.to, self.serial);
        if let Some(branch) = self.branch {
            let _ = write!(text, "_{branch:04}");
        }
        text.push_str(self.kind.extension());
        text
    }

    /// The edition whose grammar the name follows.
    pub fn edition(&self) -> Edition {
        if self.from.kind.is_some() {
            Edition::V4
        } else {
            Edition::V3
        }
    }

    /// The month of service, if the name says one.
    pub fn service_month(&self) -> Option<ServiceMonth> {
        match self.month {
            NameMonth::Of(month) => Some(month),
            NameMonth::Absent | NameMonth::Zeros => None,
        }
    }

    /// Whether the extension is spelt as in the standard (its text and its example spell the image's differently).
    pub fn extension_as_printed(&self) -> bool {
        let printed: &[&str] = if self.kind.is_image() {
            &[".jpg", ".JPG"]
        } else {
            &[".CSV"]
        };
        printed.iter().any(|extension| self.text.ends_with(extension))
    }

    /// Whether there is a `000000` where the standard has no month.
    pub fn has_stray_month(&self) -> bool {
        self.month == NameMonth::Zeros && !self.kind.has_month()
    }

    /// Whether all letters but those of the extension are capitals, as in the standard.
    pub fn letters_as_printed(&self) -> bool {
        let stem = self.text.rsplit_once('.').map_or(self.text.as_str(), |(stem, _)| stem);
        !stem.bytes().any(|byte| byte.is_ascii_lowercase())
    }

    /// The name it should have: in the standard's own spelling and without a stray month.
    pub fn corrected(&self) -> String {
        if self.has_stray_month() {
            let month = NameMonth::Absent;
            return Self { month, ..self.clone() }.canonical();
        }
        self.canonical()
    }
}

impl std::fmt::Display for ExchangeFileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// The longest prefix that the stem begins with, and what follows its low line.
fn split_prefix(stem: &str) -> Option<(FileKind, &str)> {
    let mut found: Option<(FileKind, &str)> = None;
    for kind in FileKind::ALL {
        let Some(rest) = stem.strip_prefix(kind.prefix()).and_then(|rest| rest.strip_prefix('_')) else {
            continue;
        };
        if found.is_none_or(|(longest, _)| longest.prefix().len() < kind.prefix().len()) {
            found = Some((*kind, rest));
        }
    }
    found
}

/// Takes the month off the front of the parts.
fn take_month<'a, 'b>(kind: FileKind, parts: &'a [&'b str]) -> Result<(NameMonth, &'a [&'b str]), FindingRule> {
    let (first, rest) = parts.split_first().ok_or(FindingRule::Parts)?;
    let zeros = *first == "000000";
    match kind.has_month() {
        true if zeros && kind == FileKind::RecipientSupplement => Ok((NameMonth::Zeros, rest)),
        true => ServiceMonth::parse(first)
            .map(|month| (NameMonth::Of(month), rest))
            .map_err(|_| FindingRule::Month),
        false if zeros => Ok((NameMonth::Zeros, rest)),
        // A month in a name that has none: six digits where an office number of ten belongs.
        false if first.len() == 6 && first.bytes().all(|byte| byte.is_ascii_digit()) => Err(FindingRule::StrayMonth),
        false => Ok((NameMonth::Absent, parts)),
    }
}

#[cfg(test)]
mod tests;
