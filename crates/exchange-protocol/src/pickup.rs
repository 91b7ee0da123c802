//! Claim, land, confirm (D4), and the hints of the event stream (D9).

use care_model::DeliveryId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::DeliveryHeader;

/// Asks for the right to fetch a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimRequest {
    /// The fence at which a person, told that the other terminal may hold the files, takes it over.
    /// Without it a claim never takes anything from another terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take_over_fence: Option<u64>,
}

/// The right to fetch a delivery, for one terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Which delivery.
    pub id: DeliveryId,
    /// Rises with every claim; every range and the confirmation name it.
    pub fence: u64,
    /// When the claim lapses unless a range is served before.
    pub lease_until: DateTime<Utc>,
    /// What to expect, as the sender sent it.
    pub header: DeliveryHeader,
}

/// Says that every byte is stored durably and was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmRequest {
    /// The fence of the claim under which the bytes were fetched.
    pub fence: u64,
}

/// The delivery is 済; the server's copy of the content is erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// Which delivery.
    pub id: DeliveryId,
    /// When it was first confirmed; the same on every retry.
    pub received_at: DateTime<Utc>,
}

/// A hint on the event stream. The lists are the truth (D9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// 受信一覧 changed, up to this cursor.
    Inbox {
        /// The newest change.
        upto: u64,
    },
    /// 送信一覧 changed, up to this cursor.
    Outbox {
        /// The newest change.
        upto: u64,
    },
    /// The access behind the stream ended: the session, or the terminal's certificate. It closes after this.
    SignedOut,
}
