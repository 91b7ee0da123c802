//! What a name turns out to be: one of the standard, nearly one, a copy, or an attachment.

use super::{Address, ExchangeFileName, NameMonth, split_prefix};
use crate::{FindingRule, OfficeNumber, Serial, ServiceKind, ServiceMonth};

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
        let likely = [
            (FindingRule::Ending, with_its_ending(&plain.text)),
            (FindingRule::Order, reordered(&plain.text)),
        ];
        for (rule, name) in likely {
            if name.is_some() {
                return Self::Near { rule, suggestion: name };
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

/// A name that is right but for its extension (`.TXT`, `.CSV.txt`, none), with the one it should have.
fn with_its_ending(text: &str) -> Option<ExchangeFileName> {
    let stem = text
        .rsplit_once('.')
        .map_or(text, |(stem, _)| stem)
        .to_ascii_uppercase();
    let stem = stem.strip_suffix(".CSV").unwrap_or(&stem);
    let (kind, _) = split_prefix(stem)?;
    ExchangeFileName::parse(&format!("{stem}{}", kind.extension())).ok()
}

/// A name whose parts are all there but in another order, put right: each part is known by its shape, and two of a
/// kind keep their order. None if a part is of no shape, missing or one too many.
fn reordered(text: &str) -> Option<ExchangeFileName> {
    let (stem, extension) = text.rsplit_once('.')?;
    let stem = stem.to_ascii_uppercase();
    let (kind, rest) = split_prefix(&stem)?;
    if !kind.extension().eq_ignore_ascii_case(&format!(".{extension}")) {
        return None;
    }
    let (mut offices, mut kinds) = (Vec::new(), Vec::new());
    let (mut serial, mut month, mut branch) = (None, None, None);
    for part in rest.split('_').take(PARTS_MAX + 1) {
        let taken = if let Ok(office) = OfficeNumber::parse(part) {
            offices.push(office);
            offices.len() <= 2
        } else if let Ok(kind) = ServiceKind::parse(part) {
            kinds.push(kind);
            kinds.len() <= 2
        } else if let Ok(found) = Serial::parse(part) {
            serial.replace(found).is_none()
        } else if part == "000000" {
            month.replace(NameMonth::Zeros).is_none()
        } else if let Ok(found) = ServiceMonth::parse(part) {
            month.replace(NameMonth::Of(found)).is_none()
        } else {
            let digits = part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_digit());
            digits && branch.replace(part.parse().ok()?).is_none()
        };
        if !taken {
            return None;
        }
    }
    let [from, to] = offices.as_slice() else { return None };
    let (from_kind, to_kind) = match kinds.as_slice() {
        [] => (None, None),
        [from, to] => (Some(*from), Some(*to)),
        _ => return None,
    };
    let address = |office, kind| Address { office, kind };
    let name = ExchangeFileName::from_parts(
        kind,
        month.unwrap_or(NameMonth::Absent),
        address(*from, from_kind),
        address(*to, to_kind),
        serial?,
        branch,
    );
    name.filter(|name| !name.has_stray_month())
}

/// Parts of the longest name: month or branch, two offices, two kinds, serial.
const PARTS_MAX: usize = 6;

/// Whether somebody meant this to be a name of the standard: a prefix of the standard, or all the other parts.
fn looks_meant(text: &str) -> bool {
    let Some((stem, extension)) = text.rsplit_once('.') else {
        return false;
    };
    let stem = stem.to_ascii_uppercase();
    let exchanged = ["csv", "jpg", "jpeg"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known));
    match split_prefix(&stem) {
        // A note such as `UPPLAN_memo.csv` has the prefix, but no number anywhere.
        Some((_, rest)) if exchanged => rest.split('_').any(is_long_number),
        None if exchanged => {
            let mut parts = stem.rsplit('_');
            let serial = parts.next().is_some_and(|part| Serial::parse(part).is_ok());
            serial && parts.filter(|part| OfficeNumber::parse(part).is_ok()).count() == 2
        }
        _ => false,
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
