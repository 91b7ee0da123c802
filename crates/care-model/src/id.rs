//! Identities. Each is a type of its own, so that one cannot be taken for another.

use serde::{Deserialize, Serialize};

/// Declares one identity over a UUID of version 7. Crates whose identities mean nothing elsewhere declare their own.
#[macro_export]
macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A new identity of version 7; sorts by the time of the machine that made it.
            pub fn generate() -> Self {
                Self(uuid::Uuid::now_v7())
            }

            /// Takes the sixteen bytes of a UUID as stored.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(uuid::Uuid::from_bytes(bytes))
            }

            /// The sixteen bytes to store.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::ShapeError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                uuid::Uuid::try_parse(text).map(Self).map_err(|_| $crate::ShapeError { kind: stringify!($name) })
            }
        }
    };
}

uuid_id! {
    /// One delivery. Made by the sending client and stored there before the first byte leaves (D3).
    DeliveryId
}
uuid_id! {
    /// One installed client with its own key and certificate. Made by the server at enrolment.
    TerminalId
}

/// A user ID that a person types: `c…` of a person, `KJ…` of an office.
///
/// Three to thirty-two ASCII letters and digits; kept as typed, compared without regard to case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

impl AccountId {
    /// Reads an ID; surrounding spaces are not part of it.
    pub fn parse(text: &str) -> Result<Self, crate::ShapeError> {
        let text = text.trim();
        if (3..=32).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(crate::ShapeError { kind: "account id" })
        }
    }

    /// The ID as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form by which IDs are looked up.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl std::fmt::Display for AccountId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for AccountId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // An ID names a person at a desk: it never reaches a log by way of `Debug`.
        f.write_str("AccountId(…)")
    }
}

impl TryFrom<String> for AccountId {
    type Error = crate::ShapeError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.0
    }
}
