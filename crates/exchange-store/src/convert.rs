//! Between the types of the domain and the columns of the database. Everything read goes through the types' own constructors.

use care_model::{DeliveryId, Digest, OfficeNumber, ServiceKind, TerminalId};
use chrono::{DateTime, Utc};
use exchange_protocol::DeliveryHeader;

use crate::StoreError;

/// Times are stored in milliseconds; whoever passes a finer time gets back what is stored.
pub(crate) fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

pub(crate) fn time(millis: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_millis(millis).ok_or(StoreError::Damaged { what: "time" })
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

pub(crate) fn delivery_id(bytes: &[u8]) -> Result<DeliveryId, StoreError> {
    let bytes = bytes
        .try_into()
        .map_err(|_| StoreError::Damaged { what: "delivery id" })?;
    Ok(DeliveryId::from_bytes(bytes))
}

pub(crate) fn terminal_id(bytes: &[u8]) -> Result<TerminalId, StoreError> {
    let bytes = bytes
        .try_into()
        .map_err(|_| StoreError::Damaged { what: "terminal id" })?;
    Ok(TerminalId::from_bytes(bytes))
}

pub(crate) fn digest(bytes: &[u8]) -> Result<Digest, StoreError> {
    let bytes = bytes.try_into().map_err(|_| StoreError::Damaged { what: "digest" })?;
    Ok(Digest::from_bytes(bytes))
}

pub(crate) fn office(text: &str) -> Result<OfficeNumber, StoreError> {
    OfficeNumber::parse(text).map_err(|_| StoreError::Damaged { what: "office number" })
}

pub(crate) fn kinds(text: &str) -> Result<Vec<ServiceKind>, StoreError> {
    text.split(',')
        .filter(|code| !code.is_empty())
        .map(|code| ServiceKind::parse(code).map_err(|_| StoreError::Damaged { what: "service kind" }))
        .collect()
}

pub(crate) fn kinds_text(kinds: &[ServiceKind]) -> String {
    kinds.iter().map(ServiceKind::as_str).collect::<Vec<_>>().join(",")
}

pub(crate) fn header(json: &[u8]) -> Result<DeliveryHeader, StoreError> {
    serde_json::from_slice(json).map_err(|_| StoreError::Damaged { what: "header" })
}

pub(crate) fn number(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Damaged { what: "number" })
}

/// SQLite counts with a sign; nothing here comes near the limit.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
