//! Between the types of the domain and the columns of the database. Everything read goes through the types' own constructors.
//!
//! The readers are public for whoever looks at what damage can do to a row; nobody else has columns.

use care_model::{DeliveryId, Digest, OfficeNumber, ServiceKind, TerminalId};
use chrono::{DateTime, Utc};
use exchange_protocol::DeliveryHeader;

use crate::StoreError;

/// The last millisecond of the year 99999. What no clock of ours ever showed is damage, and reckoning on from the very
/// last time that there is would break off.
const TIME_MAX: i64 = 3_093_527_980_799_999;

/// Times are stored in milliseconds; whoever passes a finer time gets back what is stored.
pub fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// A time as [`millis`] stored it.
pub fn time(millis: i64) -> Result<DateTime<Utc>, StoreError> {
    let known = Some(millis).filter(|millis| (0..=TIME_MAX).contains(millis));
    known
        .and_then(DateTime::from_timestamp_millis)
        .ok_or(StoreError::Damaged { what: "time" })
}

/// Cuts a time to what is stored, so that the first answer equals every later one.
pub(crate) fn stored(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at)
}

/// The day of Japan that an instant is in, counted from 1970.
pub(crate) fn day_of_japan(at: DateTime<Utc>) -> i64 {
    const SECONDS_AHEAD: i64 = 9 * 3_600;
    (at.timestamp() + SECONDS_AHEAD).div_euclid(86_400)
}

/// The sixteen bytes of a delivery's id.
pub fn delivery_id(bytes: &[u8]) -> Result<DeliveryId, StoreError> {
    let bytes = bytes
        .try_into()
        .map_err(|_| StoreError::Damaged { what: "delivery id" })?;
    Ok(DeliveryId::from_bytes(bytes))
}

/// The sixteen bytes of a terminal's id.
pub fn terminal_id(bytes: &[u8]) -> Result<TerminalId, StoreError> {
    let bytes = bytes
        .try_into()
        .map_err(|_| StoreError::Damaged { what: "terminal id" })?;
    Ok(TerminalId::from_bytes(bytes))
}

/// The bytes of a digest.
pub fn digest(bytes: &[u8]) -> Result<Digest, StoreError> {
    let bytes = bytes.try_into().map_err(|_| StoreError::Damaged { what: "digest" })?;
    Ok(Digest::from_bytes(bytes))
}

/// The number of an office.
pub fn office(text: &str) -> Result<OfficeNumber, StoreError> {
    OfficeNumber::parse(text).map_err(|_| StoreError::Damaged { what: "office number" })
}

/// Kinds of service as [`kinds_text`] stored them.
pub fn kinds(text: &str) -> Result<Vec<ServiceKind>, StoreError> {
    text.split(',')
        .filter(|code| !code.is_empty())
        .map(|code| ServiceKind::parse(code).map_err(|_| StoreError::Damaged { what: "service kind" }))
        .collect()
}

/// Kinds of service in one column.
pub fn kinds_text(kinds: &[ServiceKind]) -> String {
    kinds.iter().map(ServiceKind::as_str).collect::<Vec<_>>().join(",")
}

/// A header, as the client made it.
pub fn header(json: &[u8]) -> Result<DeliveryHeader, StoreError> {
    serde_json::from_slice(json).map_err(|_| StoreError::Damaged { what: "header" })
}

/// The header of this digest: what damage made of one is nobody's.
pub(crate) fn header_of(json: &[u8], digest: Digest) -> Result<DeliveryHeader, StoreError> {
    if Digest::of(json) != digest {
        return Err(StoreError::Damaged { what: "header" });
    }
    header(json)
}

/// A number as [`signed`] stored it.
pub fn number(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Damaged { what: "number" })
}

/// SQLite counts with a sign; nothing here comes near the limit.
pub fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
