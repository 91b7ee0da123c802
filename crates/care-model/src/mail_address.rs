//! The mail address at which an office is told that something waits for it.

use serde::{Deserialize, Serialize};

use crate::{ShapeError, limits};

/// Characters of the part before the `@` (RFC 5321, 4.5.3.1.1).
const LOCAL_CHARS_MAX: usize = 64;
/// Characters of one label of a domain (RFC 1035, 2.3.4).
const LABEL_CHARS_MAX: usize = 63;

/// A mail address in the narrow form that offices have: `name@domain`, in ASCII.
///
/// The name is a dot-atom (RFC 5322, 3.2.3), the domain has two labels or more. Quoted names, addresses of machines
/// and names in other scripts are refused: nothing that could be taken for a second address, a header or a command of a
/// mail server gets through. Domains in other scripts have an ASCII form (`xn--…`), which is taken.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailAddress(String);

impl MailAddress {
    /// Reads an address; surrounding spaces are not part of it.
    pub fn parse(text: &str) -> Result<Self, ShapeError> {
        let text = text.trim();
        let fits = text.len() <= limits::MAIL_ADDRESS_CHARS_MAX
            && text
                .split_once('@')
                .is_some_and(|(local, domain)| is_local(local) && is_domain(domain));
        match fits {
            true => Ok(Self(text.to_owned())),
            false => Err(ShapeError { kind: "mail address" }),
        }
    }

    /// The address as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }
}

fn is_local(text: &str) -> bool {
    let is_atom = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?' | b'^'..=b'`' | b'{'..=b'~')
    };
    text.len() <= LOCAL_CHARS_MAX
        && text
            .split('.')
            .all(|atom| !atom.is_empty() && atom.bytes().all(is_atom))
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL_CHARS_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let mut labels = text.rsplit('.');
    // An address of a machine in digits is no domain.
    let is_named = labels
        .next()
        .is_some_and(|last| is_label(last) && !last.bytes().all(|byte| byte.is_ascii_digit()));
    let mut above = labels.peekable();
    is_named && above.peek().is_some() && above.all(is_label)
}

impl std::fmt::Display for MailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for MailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It may name a person: it never reaches a log by way of `Debug`.
        f.write_str("MailAddress(…)")
    }
}

impl std::str::FromStr for MailAddress {
    type Err = ShapeError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for MailAddress {
    type Error = ShapeError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<MailAddress> for String {
    fn from(address: MailAddress) -> Self {
        address.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_offices_have_is_taken() {
        for text in [
            "uketsuke@example.jp",
            "care.plan+renkei@mail.example.co.jp",
            "a@b.jp",
            "o'hara_2026@xn--eckwd4c7c.jp",
            "  uketsuke@example.jp\n",
        ] {
            assert_eq!(MailAddress::parse(text).unwrap().as_str(), text.trim(), "{text:?}");
        }
        assert_eq!(MailAddress::parse("a@b.example.jp").unwrap().domain(), "b.example.jp");
    }

    #[test]
    fn what_could_be_taken_for_something_else_is_refused() {
        for text in [
            "",
            "@",
            "uketsuke",
            "@example.jp",
            "uketsuke@",
            "uketsuke@localhost",
            "uketsuke@example",
            "uketsuke@127.0.0.1",
            "uketsuke@[127.0.0.1]",
            "uketsuke@example.jp.",
            "uketsuke@.example.jp",
            "uketsuke@-example.jp",
            "uketsuke@example-.jp",
            "uketsuke@exa_mple.jp",
            ".uketsuke@example.jp",
            "uketsuke.@example.jp",
            "uke..tsuke@example.jp",
            "\"uke tsuke\"@example.jp",
            "uke tsuke@example.jp",
            "a@example.jp,b@example.jp",
            "a@example.jp;b@example.jp",
            "受付 <a@example.jp>",
            "<a@example.jp>",
            "a@b@example.jp",
            "a@example.jp\r\nBcc: b@example.jp",
            "a\r\nRCPT TO:<b@example.jp>@example.jp",
            "a@example.jp\0",
            "a\t@example.jp",
            "受付@example.jp",
            "uketsuke@例え.jp",
            "uketsuke＠example.jp",
            "a(b)@example.jp",
            "a:b@example.jp",
            "a\\b@example.jp",
        ] {
            assert!(MailAddress::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn each_length_has_its_bound() {
        let label = "d".repeat(LABEL_CHARS_MAX);
        let of_local = |chars: usize| format!("{}@example.jp", "a".repeat(chars));
        let of_label = |chars: usize| format!("a@{}.jp", "d".repeat(chars));
        let whole = |chars: usize| {
            let domain = format!("{label}.{label}.{label}.jp");
            format!("{}@{domain}", "a".repeat(chars - domain.len() - 1))
        };
        for (longest, longer) in [
            (of_local(LOCAL_CHARS_MAX), of_local(LOCAL_CHARS_MAX + 1)),
            (of_label(LABEL_CHARS_MAX), of_label(LABEL_CHARS_MAX + 1)),
            (
                whole(limits::MAIL_ADDRESS_CHARS_MAX),
                whole(limits::MAIL_ADDRESS_CHARS_MAX + 1),
            ),
        ] {
            assert!(MailAddress::parse(&longest).is_ok(), "{longest}");
            assert!(MailAddress::parse(&longer).is_err(), "{longer}");
        }
    }

    #[test]
    fn it_is_not_printed_by_accident() {
        let address = MailAddress::parse("uketsuke@example.jp").unwrap();
        assert!(!format!("{address:?}").contains("uketsuke"));
    }
}
