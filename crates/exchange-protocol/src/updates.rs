//! New versions of the client: what an exchange offers, and what a client takes.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bytes of an installer.
pub const UPDATE_BYTES_MAX: u64 = 200 * 1_024 * 1_024;
/// Characters of what is told about a new version.
pub const UPDATE_NOTES_CHARS_MAX: usize = 2_000;
/// Bytes of a signature with its comments.
pub const UPDATE_SIGNATURE_BYTES_MAX: usize = 1_024;

/// No version, or no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpdateNameError;

impl fmt::Display for UpdateNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a version or target of the client")
    }
}

impl std::error::Error for UpdateNameError {}

/// A version of the client, as three numbers. A later one is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientVersion([u16; 3]);

impl FromStr for ClientVersion {
    type Err = UpdateNameError;

    fn from_str(text: &str) -> Result<Self, UpdateNameError> {
        let number = |part: &str| {
            // One way to write each: "01" and "+1" would make two names of one version.
            let plain = part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
            plain.then(|| part.parse().ok()).flatten().ok_or(UpdateNameError)
        };
        let mut parts = text.split('.').map(number);
        let mut next = || parts.next().unwrap_or(Err(UpdateNameError));
        let version = Self([next()?, next()?, next()?]);
        parts.next().is_none().then_some(version).ok_or(UpdateNameError)
    }
}

impl fmt::Display for ClientVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// For what kind of computer and installer a client was built: `windows-x86_64-msi`, `linux-x86_64-deb`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UpdateTarget(String);

impl UpdateTarget {
    /// The longest name.
    const BYTES_MAX: usize = 40;

    /// The name. It is safe as a folder and in an address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UpdateTarget {
    type Err = UpdateNameError;

    fn from_str(text: &str) -> Result<Self, UpdateNameError> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        if (1..=Self::BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(UpdateNameError)
        }
    }
}

impl fmt::Display for UpdateTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! written_as_text {
    ($($name:ident)+) => {
        $(
            impl Serialize for $name {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
                }
            }
        )+
    };
}
written_as_text!(ClientVersion UpdateTarget);

/// A newer version that the exchange hands on. Only the publisher's signature makes it worth anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateOffer {
    /// The version.
    pub version: ClientVersion,
    /// What is new, in words.
    pub notes: String,
    /// When the operator put it up.
    pub published_at: DateTime<Utc>,
    /// The size of the installer.
    pub size_bytes: u64,
    /// The publisher's signature (minisign) over the installer and over [`signed_comment`].
    pub signature: String,
}

impl UpdateOffer {
    /// Whether every part is within its limit.
    pub fn is_within_limits(&self) -> bool {
        (1..=UPDATE_BYTES_MAX).contains(&self.size_bytes)
            && self.notes.chars().count() <= UPDATE_NOTES_CHARS_MAX
            && self.signature.len() <= UPDATE_SIGNATURE_BYTES_MAX
    }
}

/// What the publisher signs beside the bytes: so no old installer can be passed off as a newer version, and none for
/// another kind of computer.
pub fn signed_comment(target: &UpdateTarget, version: ClientVersion) -> String {
    format!("careplan-exchange {version} {target}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_one_way_to_be_written_and_an_order() {
        let version = |text: &str| text.parse::<ClientVersion>();
        assert!(version("0.10.0").unwrap() > version("0.9.65535").unwrap());
        assert_eq!(version("1.2.3").unwrap().to_string(), "1.2.3");
        for refused in [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "1.2.x",
            "1.2.03",
            "1.2.+3",
            "1.2.65536",
            "v1.2.3",
            "1..3",
        ] {
            assert_eq!(version(refused), Err(UpdateNameError), "{refused}");
        }
    }

    #[test]
    fn targets_are_safe_as_folders() {
        assert!("windows-x86_64-msi".parse::<UpdateTarget>().is_ok());
        assert!("a".repeat(40).parse::<UpdateTarget>().is_ok());
        for refused in ["", "..", "a/b", "A", "a b", "{target}", &"a".repeat(41)] {
            assert_eq!(refused.parse::<UpdateTarget>(), Err(UpdateNameError), "{refused}");
        }
    }

    #[test]
    fn an_offer_ends_at_its_limits() {
        let offer = UpdateOffer {
            version: "1.0.0".parse().unwrap(),
            notes: "あ".repeat(UPDATE_NOTES_CHARS_MAX),
            published_at: DateTime::UNIX_EPOCH,
            size_bytes: UPDATE_BYTES_MAX,
            signature: "s".repeat(UPDATE_SIGNATURE_BYTES_MAX),
        };
        assert!(offer.is_within_limits());
        let changes: [fn(&mut UpdateOffer); 4] = [
            |offer| offer.notes.push('あ'),
            |offer| offer.size_bytes += 1,
            |offer| offer.size_bytes = 0,
            |offer| offer.signature.push('s'),
        ];
        for change in changes {
            let mut over = offer.clone();
            change(&mut over);
            assert!(!over.is_within_limits(), "{over:?}");
        }
    }
}
