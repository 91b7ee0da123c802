//! What an inspection record (運営指導用の記録) has beyond a chain: the period that it is of, the place in the chain at
//! which it begins, and a signed receipt behind each act that began or ended a delivery.

use care_model::{DeliveryId, Digest, Party, Serial, ServiceMonth};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Act, Record, Subject, record::instant};

/// From when to when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// Not before.
    #[serde(with = "instant")]
    pub from: DateTime<Utc>,
    /// Before.
    #[serde(with = "instant")]
    pub until: DateTime<Utc>,
}

/// A place in a chain: behind which record, and its hash. Sequence 0 is in front of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The record's sequence.
    pub sequence: u64,
    /// Its hash.
    pub hash: Digest,
}

/// The second line of an inspection record. It is signed, and with it the first one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// SHA-256 over the bytes of the first line.
    pub head: Digest,
    /// The record of the chain that comes right before this part of it; 0 before the first.
    pub sequence: u64,
    /// That record's hash.
    pub hash: Digest,
}

/// What kind of part of a delivery it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// The note and the attachments' names.
    Cover,
    /// A file of the national standard.
    StandardFile,
    /// Anything else that was sent along.
    Attachment,
}

/// One part of a delivery by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptPart {
    /// What it is.
    pub kind: PartKind,
    /// The exact name of a standard file; of anything else the exchange knows none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// The SHA-256 of the bytes as sent.
    pub digest: Digest,
}

/// What the delivery was, of which a record says that it was accepted, confirmed, taken back or given up: everything of
/// its clear header, and nothing of its content. Signed by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The hash of the record that it stands behind, and so of the act, its time and its place.
    pub record: Digest,
    /// The delivery.
    pub delivery: DeliveryId,
    /// When the exchange accepted it.
    #[serde(with = "instant")]
    pub accepted_at: DateTime<Utc>,
    /// The sending office and service kind.
    pub from: Party,
    /// What the sending office is registered as.
    pub from_name: String,
    /// The receiving office and service kind.
    pub to: Party,
    /// What the receiving office is registered as.
    pub to_name: String,
    /// The file serial of the send unit; none for attachments alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<Serial>,
    /// The send unit's id in the standard's table; none for attachments alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The service month as its sender declared it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<ServiceMonth>,
    /// The number of care recipients as its sender declared it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipients: Option<u32>,
    /// Its parts, in the order in which they were sent.
    pub parts: Vec<ReceiptPart>,
    /// SHA-256 over the clear header as its sender made it; stands for all parts.
    pub digest: Digest,
}

/// One act of an inspection record or an export, as a reader gets it once it was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// In which line it stands, from 1.
    pub line: u64,
    /// What was done.
    pub record: Record,
    /// Its hash in the chain.
    pub hash: Digest,
    /// What the delivery was, in an inspection record.
    pub receipt: Option<Receipt>,
}

impl Record {
    /// The delivery of which an inspection record has a receipt behind this record; none if it has none there.
    pub fn receipted(&self) -> Option<DeliveryId> {
        match (self.act, &self.subject) {
            (Act::Accept | Act::Confirm | Act::Recall | Act::Expire, Some(Subject::Delivery(delivery))) => {
                Some(*delivery)
            }
            _ => None,
        }
    }
}
