//! Deliveries: the clear header, the opaque parts, and what the two lists show of them.

use std::collections::HashSet;

use care_model::{DeliveryId, Digest, Party, Serial, ServiceMonth, TerminalId, limits};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The clear header of a delivery (D2): all that the server may know of it.
///
/// The digest of a delivery is the SHA-256 of the exact JSON bytes of this header as the client first made them;
/// since the header holds the digest of every part, it stands for the whole delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryHeader {
    /// Made by the client, stored before the first byte leaves (D3).
    pub id: DeliveryId,
    /// The sending office and service kind.
    pub from: Party,
    /// The receiving office and service kind.
    pub to: Party,
    /// The file serial of the send unit; none for attachments alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<Serial>,
    /// The send unit's id in the standard's table (`home_plan` …); none for attachments alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The service month as the sender declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_month: Option<ServiceMonth>,
    /// The number of care recipients as the sender declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_recipients: Option<u32>,
    /// The parts in the order of their bytes. The cover, if there is one, is the first.
    pub parts: Vec<Part>,
    /// How the parts are sealed for the receiver.
    #[serde(default)]
    pub sealing: Sealing,
}

/// How parts are sealed from end to end. `None` today; the field is here so that parts can be sealed to the
/// receiving terminals' keys without a new protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sealing {
    /// The parts travel under TLS and are encrypted at rest by the server.
    #[default]
    None,
}

/// One opaque part of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What it is.
    pub role: PartRole,
    /// The exact name of a standard file, which holds no person's name; absent for cover and attachments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// The SHA-256 of the bytes as sent.
    pub digest: Digest,
}

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartRole {
    /// The note and the attachments' names, as JSON that only desks read; may be read before a claim.
    Cover,
    /// A file of the national standard.
    StandardFile,
    /// Anything else that was sent along.
    Attachment,
}

/// What is wrong with a header by its own words alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// No parts, or a cover that is not the only and first one.
    #[error("the parts are not in a permitted arrangement")]
    Parts,
    /// A standard file without a name, another part with one, a name twice, or a name too long.
    #[error("the part names are not permitted")]
    Names,
    /// Too many or too large parts.
    #[error("the delivery is over a limit")]
    Limit,
    /// Every part is empty, or all but the cover: there is nothing to fetch.
    #[error("there is nothing in the parts")]
    Empty,
    /// From and to are the same office in the same service kind (D16).
    #[error("sender and destination are the same")]
    SameParty,
}

impl DeliveryHeader {
    /// Bytes of all parts together.
    pub fn total_bytes(&self) -> u64 {
        self.parts
            .iter()
            .fold(0, |sum, part| sum.saturating_add(part.size_bytes))
    }

    /// Whether the delivery travels as one request (D2).
    pub fn is_single_request(&self) -> bool {
        self.total_bytes() <= limits::SINGLE_REQUEST_BYTES_MAX
    }

    /// The cover, if there is one.
    pub fn cover(&self) -> Option<&Part> {
        self.parts.first().filter(|part| part.role == PartRole::Cover)
    }

    /// Judges the header by its own words. Both sides call this: the desk before it sends, the server before it reads a part.
    pub fn check(&self) -> Result<(), HeaderError> {
        if self.from == self.to {
            return Err(HeaderError::SameParty);
        }
        let covers = self.parts.iter().filter(|part| part.role == PartRole::Cover).count();
        if self.parts.len() == covers || covers > 1 || (covers == 1 && self.cover().is_none()) {
            return Err(HeaderError::Parts);
        }
        let mut names = HashSet::new();
        for part in &self.parts {
            let name_ok = match (&part.name, part.role) {
                (Some(name), PartRole::StandardFile) => {
                    !name.is_empty()
                        && name.len() <= limits::FILE_NAME_BYTES_MAX
                        && name
                            .bytes()
                            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.'))
                        && !name.starts_with('.')
                        && names.insert(name.to_ascii_lowercase())
                }
                (None, PartRole::Cover | PartRole::Attachment) => true,
                _ => false,
            };
            if !name_ok {
                return Err(HeaderError::Names);
            }
        }
        let count = |role| self.parts.iter().filter(|part| part.role == role).count();
        let size_ok = self.parts.iter().all(|part| match part.role {
            PartRole::Cover => part.size_bytes <= limits::COVER_BYTES_MAX,
            PartRole::StandardFile => part.size_bytes <= limits::STANDARD_FILE_BYTES_MAX,
            PartRole::Attachment => part.size_bytes <= limits::ATTACHMENT_BYTES_MAX,
        });
        if !size_ok
            || self.total_bytes() > limits::DELIVERY_BYTES_MAX
            || count(PartRole::Attachment) > limits::ATTACHMENTS_MAX
            || count(PartRole::StandardFile) > limits::STANDARD_FILES_MAX
        {
            return Err(HeaderError::Limit);
        }
        // A claim holds once the last byte was served; of nothing there is no last byte.
        let mut content = self.parts.iter().filter(|part| part.role != PartRole::Cover);
        if content.all(|part| part.size_bytes == 0) {
            return Err(HeaderError::Empty);
        }
        Ok(())
    }
}

/// The server holds the delivery durably; the receiver can see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// Whose acceptance this is.
    pub id: DeliveryId,
    /// When it was first accepted, by the server's clock; the same on every retry.
    pub accepted_at: DateTime<Utc>,
    /// Its place in the sender's outbox.
    pub sequence: u64,
}

/// The sender took the delivery back (送信取消): nobody received it, and its content is erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recalled {
    /// Which delivery.
    pub id: DeliveryId,
    /// When it was first taken back; the same on every retry.
    pub recalled_at: DateTime<Utc>,
}

/// How far a chunked upload is, part by part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadProgress {
    /// Bytes stored durably of each part, in the order of the header's parts.
    pub stored_bytes: Vec<u64>,
}

/// Where a delivery stands, as the lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// 未取得.
    Waiting,
    /// 取得中. The terminal is named to its own office only; a sender sees `Waiting`.
    Claimed {
        /// The terminal that has it.
        terminal: TerminalId,
        /// Its name as the office gave it.
        terminal_name: String,
        /// Since when.
        since: DateTime<Utc>,
        /// The claim's fence, which a takeover must name.
        fence: u64,
        /// Whether the lease still runs or the last byte was served, so that only a takeover by a person frees it.
        held: bool,
    },
    /// 済.
    Received {
        /// When it was confirmed.
        at: DateTime<Utc>,
    },
    /// 送信取消.
    Recalled {
        /// When its sender took it back.
        at: DateTime<Utc>,
    },
    /// Nobody fetched it in time.
    Expired {
        /// When its content was erased.
        at: DateTime<Utc>,
    },
}

/// A row of 受信一覧. The server hands the header on as it lies, unread; whoever gets it reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxEntry<Header = DeliveryHeader> {
    /// Its place in this mailbox; grows with every acceptance (D3).
    pub sequence: u64,
    /// When the server accepted it.
    pub accepted_at: DateTime<Utc>,
    /// The header as sent.
    pub header: Header,
    /// The sending office's registered name.
    pub from_name: String,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Until when its content is kept; none once it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<DateTime<Utc>>,
    /// The last warning that nobody fetched it: so many days before that (30, 7, 1). The row comes again with each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warned_days: Option<u32>,
}

/// A row of 送信一覧; of its header the same holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxEntry<Header = DeliveryHeader> {
    /// Its place in the sender's list.
    pub sequence: u64,
    /// When the server accepted it.
    pub accepted_at: DateTime<Utc>,
    /// The header as sent.
    pub header: Header,
    /// The receiving office's registered name.
    pub to_name: String,
    /// Where it stands; never says which terminal of the receiver has it.
    pub status: DeliveryStatus,
    /// Until when its content is kept; none once it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<DateTime<Utc>>,
    /// The last warning that nobody fetched it: so many days before that (30, 7, 1). The row comes again with each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warned_days: Option<u32>,
}

/// A page of a list, by rising `change`: a row comes again when its status changed, so that a client that
/// keeps the last cursor sees every change by asking for what is after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<Row> {
    /// The rows.
    pub rows: Vec<Row>,
    /// The cursor to ask with next time.
    pub next: u64,
    /// Whether there is more right now.
    pub more: bool,
}
