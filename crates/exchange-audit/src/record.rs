//! One line of a chain.

use care_model::{AccountId, DeliveryId, OfficeNumber, TerminalId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::Act;

/// Whose chain it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Chain {
    /// What operators and the server itself did.
    Exchange,
    /// What concerns an office.
    Office(OfficeNumber),
}

/// The name of the exchange's own chain; no office's number looks like it.
const EXCHANGE: &str = "exchange";

impl Chain {
    /// Its name, as columns and exports have it.
    pub fn name(&self) -> &str {
        match self {
            Self::Exchange => EXCHANGE,
            Self::Office(office) => office.as_str(),
        }
    }

    /// The chain of a name.
    pub fn parse(name: &str) -> Result<Self, care_model::ShapeError> {
        match name {
            EXCHANGE => Ok(Self::Exchange),
            number => OfficeNumber::parse(number)
                .map(Self::Office)
                .map_err(|_| care_model::ShapeError { kind: "chain" }),
        }
    }
}

impl TryFrom<String> for Chain {
    type Error = care_model::ShapeError;
    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::parse(&name)
    }
}

impl From<Chain> for String {
    fn from(chain: Chain) -> Self {
        chain.name().to_owned()
    }
}

/// Who did it, as the chain that the line is in may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A person of this chain's office at one of its terminals.
    Person {
        /// The person's account.
        account: AccountId,
        /// The terminal.
        terminal: TerminalId,
    },
    /// This chain's office, signed in to the portal.
    Portal {
        /// The account.
        account: AccountId,
    },
    /// Another office; neither by whom there nor at which terminal.
    Office(OfficeNumber),
    /// An operator. Offices are not told which.
    Operator {
        /// The account; in the exchange's own chain only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountId>,
    },
    /// Whoever has the server's command line.
    CommandLine,
    /// The server itself, by time or for a terminal that is only being enrolled.
    Server,
}

/// To what it was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A delivery.
    Delivery(DeliveryId),
    /// An office.
    Office(OfficeNumber),
    /// A person's, an office's or an operator's account.
    Account(AccountId),
    /// A terminal.
    Terminal(TerminalId),
    /// An entry of お知らせ.
    News(u64),
}

/// One line of a chain: who did what to what, and when. Never any content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its place in its chain, from 1 without a gap.
    pub sequence: u64,
    /// When, by the server's clock, in milliseconds.
    #[serde(with = "crate::record::instant")]
    pub at: DateTime<Utc>,
    /// What was done.
    pub act: Act,
    /// By whom.
    pub by: Who,
    /// To what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The sending office of a delivery, or the office that an act concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub office: Option<OfficeNumber>,
    /// The receiving office of a delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<OfficeNumber>,
    /// The fence of a claim; in the receiver's chain only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<u64>,
    /// The server's epoch when it was written; a restore from a backup raises it (D8).
    pub epoch: u64,
}

/// Instants as text with milliseconds, the same text for the same instant: digests are made over it.
pub(crate) mod instant {
    use chrono::{DateTime, SecondsFormat, Utc};
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        DateTime::deserialize(deserializer)
    }
}
