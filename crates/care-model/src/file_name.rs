//! Names of the exchanged files (ファイル名称), editions 4 and 3.
//!
//! `PREFIX[_YYYYMM]_office[_kind]_office[_kind]_serial[_branch].CSV`; case does not matter, the exact name is kept.
//! A name that is nearly one of the standard is told apart from one that is not meant to be: the first needs an
//! explanation, the second is an attachment.

use serde::{Deserialize, Serialize};

use crate::{Edition, FileKind, FindingRule, OfficeNumber, Party, Serial, ServiceKind, ServiceMonth};

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

/// What a file's name turns out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameReading {
    /// A name of the standard.
    Standard(ExchangeFileName),
    /// A name of the standard that the system marked as a copy (` - コピー`, `(1)`).
    Copy {
        /// What it is a copy of.
        of: ExchangeFileName,
    },
    /// Nearly a name of the standard.
    Near {
        /// What is wrong with it.
        rule: FindingRule,
        /// The name it should have, where that is certain.
        suggestion: Option<ExchangeFileName>,
    },
    /// Not meant to be one: an attachment.
    Foreign,
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
        self.kind.is_image() || self.text.ends_with(".CSV")
    }

    /// Whether there is a `000000` where the standard has no month.
    pub fn has_stray_month(&self) -> bool {
        self.month == NameMonth::Zeros && !self.kind.has_month()
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

impl NameReading {
    /// Reads a file's name.
    pub fn of(text: &str) -> Self {
        let near = |rule| Self::Near { rule, suggestion: None };
        let first_error = match ExchangeFileName::parse(text) {
            Ok(name) => return Self::Standard(name),
            Err(rule) => rule,
        };
        if let Some(of) = strip_copy_mark(text).and_then(|name| ExchangeFileName::parse(&name).ok()) {
            return Self::Copy { of };
        }
        let plain = Plain::of(text);
        if let Some(rule) = plain.rule() {
            match ExchangeFileName::parse(&plain.text) {
                Ok(name) => {
                    return Self::Near {
                        rule,
                        suggestion: Some(name),
                    };
                }
                Err(_) if strip_copy_mark(&plain.text).is_some_and(|name| ExchangeFileName::parse(&name).is_ok()) => {
                    return near(FindingRule::CopyMark);
                }
                Err(_) => {}
            }
        }
        let error = ExchangeFileName::parse(&plain.text).err().unwrap_or(first_error);
        if looks_meant(&plain.text) {
            near(error)
        } else {
            Self::Foreign
        }
    }

    /// The name, if it is one of the standard.
    pub fn standard(&self) -> Option<&ExchangeFileName> {
        match self {
            Self::Standard(name) => Some(name),
            _ => None,
        }
    }
}

/// A name with the characters that people and programs put in by mistake made plain.
struct Plain {
    text: String,
    separator: bool,
    width: bool,
    invisible: bool,
}

impl Plain {
    fn of(text: &str) -> Self {
        let mut plain = Self {
            text: String::with_capacity(text.len()),
            separator: false,
            width: false,
            invisible: false,
        };
        for c in text.trim().chars() {
            match c {
                // The standard's own PDF prints the low line as U+0332; hyphens come from retyping.
                '\u{0332}' | '\u{2017}' | '＿' | '-' | '‐' | '‑' | '–' | '−' | '－' | ' ' | '　' => {
                    plain.separator = true;
                    plain.text.push('_');
                }
                '\u{ff01}'..='\u{ff5e}' => {
                    plain.width = true;
                    plain.text.extend(char::from_u32(u32::from(c) - 0xfee0));
                }
                '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
                    plain.invisible = true;
                }
                _ => plain.text.push(c),
            }
        }
        plain
    }

    /// The mistake that was made plain, if there was one.
    fn rule(&self) -> Option<FindingRule> {
        if self.invisible {
            Some(FindingRule::Invisible)
        } else if self.width {
            Some(FindingRule::Width)
        } else if self.separator {
            Some(FindingRule::Separator)
        } else {
            None
        }
    }
}

/// Whether somebody meant this to be a name of the standard: a prefix of the standard, or all the other parts.
fn looks_meant(text: &str) -> bool {
    let Some((stem, extension)) = text.rsplit_once('.') else {
        // No extension at all: meant only if the rest is right.
        return ExchangeFileName::parse(&format!("{text}.CSV")).is_ok();
    };
    let stem = stem.to_ascii_uppercase();
    let exchanged = ["csv", "jpg", "jpeg"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known));
    match split_prefix(&stem) {
        // A note such as `UPPLAN_memo.csv` has the prefix, but no number anywhere.
        Some((_, rest)) if exchanged => rest.split('_').any(is_long_number),
        Some((kind, _)) => {
            // `.CSV.txt`, `.TXT`: meant if everything before it is right.
            let stem = stem.strip_suffix(".CSV").unwrap_or(&stem);
            ExchangeFileName::parse(&format!("{stem}{}", kind.extension())).is_ok()
        }
        None if exchanged => {
            let mut parts = stem.rsplit('_');
            let serial = parts.next().is_some_and(|part| Serial::parse(part).is_ok());
            serial && parts.filter(|part| OfficeNumber::parse(part).is_ok()).count() == 2
        }
        None => false,
    }
}

/// Nine or more characters that begin and end with digits: an office number or a serial, rightly written or not.
fn is_long_number(part: &str) -> bool {
    part.len() >= 9 && part.bytes().filter(u8::is_ascii_digit).count() >= 8
}

/// What Windows and macOS append to a copy; macOS takes ピ apart.
const COPY_MARKS: &[&str] = &[
    " - コピー",
    "- コピー",
    "-コピー",
    "のコピー",
    "のコヒ\u{309a}ー",
    "コピー",
    " - Copy",
    " copy",
];

/// The name without what Windows, macOS and browsers add to a copy; none if nothing was added.
fn strip_copy_mark(text: &str) -> Option<String> {
    let (stem, extension) = text.rsplit_once('.')?;
    let mut stem = stem;
    let before = stem.len();
    loop {
        let start = stem.len();
        stem = stem.trim_end();
        // (1), （1）
        for (open, close) in [('(', ')'), ('（', '）')] {
            if let Some((head, number)) = stem.strip_suffix(close).and_then(|stem| stem.rsplit_once(open))
                && !number.is_empty()
                && number.chars().all(|c| c.is_ascii_digit() || ('０'..='９').contains(&c))
            {
                stem = head;
            }
        }
        for mark in COPY_MARKS {
            if let Some(head) = stem.strip_suffix(mark) {
                stem = head;
            }
        }
        if stem.len() == start {
            break;
        }
    }
    for mark in ["コピー ～ ", "コピー ~ ", "Copy of "] {
        stem = stem.strip_prefix(mark).unwrap_or(stem);
    }
    (stem.len() < before).then(|| format!("{stem}.{extension}"))
}

#[cfg(test)]
mod tests;
