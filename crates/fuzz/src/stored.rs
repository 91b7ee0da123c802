//! Columns after damage: they are what they were, or they are refused, and what goes on from them goes on.

use chrono::{DateTime, TimeDelta, Utc};
use exchange_flow::{
    outbox::{self, OutboxEvent, OutboxState},
    pickup::{self, PickupEvent, PickupState},
    retention,
};
use exchange_store::{StoreError, StoredHeader, convert};

/// Values of columns, whole ones and near misses.
pub(crate) const WORDS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b":",
    b",",
    b"null",
    b"-1",
    b"1e999",
    b"18446744073709551615",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"253402300800000",
    b"\\u0000",
    b"\\ud800",
    b"\"id\"",
    b"\"from\"",
    b"\"to\"",
    b"\"parts\"",
    b"\"role\"",
    b"\"standard_file\"",
    b"\"size_bytes\"",
    b"\"digest\"",
    b"\"sealing\"",
    b"\"declared_month\"",
    b"\"state\"",
    b"\"queued\"",
    b"\"sending\"",
    b"\"held\"",
    b"\"landing\"",
    b"\"tries\"",
    b"\"fence\"",
    b"4294967295",
    b"\"+262142-12-31T23:59:60.999999999Z\"",
    b"\"-262143-01-01T00:00:00+14:00\"",
    b"9970100013",
    b"99A0105007",
    b"43,11,A2",
    b"019abd00-0000-7000-8000-000000000001",
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\x80\x00\x00\x00\x00\x00\x00\x00",
];

/// The bytes are what a column holds, one reader after the other.
pub(crate) fn run(bytes: &[u8]) {
    fixed(bytes);
    header(bytes);
    outgoing(bytes);
    incoming(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        texts(text);
        if let Ok(value) = text.trim().parse() {
            numbers(value);
        }
    }
    if let Some(first) = bytes.first_chunk() {
        numbers(i64::from_be_bytes(*first));
    }
}

/// Anything else than such an error would be an answer that is wrong.
fn is_damage<T>(read: Result<T, StoreError>) -> Option<T> {
    match read {
        Ok(value) => Some(value),
        Err(StoreError::Damaged { .. }) => None,
        Err(other) => panic!("{other:?}"),
    }
}

/// Identities and digests have one length, and are their bytes.
fn fixed(bytes: &[u8]) {
    let delivery = is_damage(convert::delivery_id(bytes));
    assert_eq!(delivery.is_some(), bytes.len() == 16);
    assert!(delivery.is_none_or(|id| id.as_bytes() == bytes));
    let terminal = is_damage(convert::terminal_id(bytes));
    assert_eq!(terminal.is_some(), bytes.len() == 16);
    assert!(terminal.is_none_or(|id| id.as_bytes() == bytes));
    let digest = is_damage(convert::digest(bytes));
    assert_eq!(digest.is_some(), bytes.len() == 32);
    assert!(digest.is_none_or(|digest| digest.as_bytes() == bytes));
}

/// A header that is read can be judged, is the same when it is written and read again, and is handed on as it is.
fn header(bytes: &[u8]) {
    let read = is_damage(convert::header(bytes));
    let handed_on = is_damage(StoredHeader::of(bytes));
    if let Some(stored) = &handed_on {
        assert_eq!(is_damage(stored.read()), read, "two readers, two headers");
        let json = serde_json::to_vec(stored).unwrap_or_default();
        assert_eq!(json, bytes.trim_ascii(), "a header that is not handed on as it is");
    }
    let Some(header) = read else { return };
    assert!(handed_on.is_some(), "a header that is read and not handed on");
    // Either judgement is right; that there is one is what counts.
    let _ = header.check();
    let json = serde_json::to_vec(&header).unwrap_or_default();
    assert_eq!(is_damage(convert::header(&json)), Some(header));
}

fn texts(text: &str) {
    if let Some(office) = is_damage(convert::office(text)) {
        assert_eq!(office.as_str(), text);
    }
    if let Some(kinds) = is_damage(convert::kinds(text)) {
        let again = convert::kinds_text(&kinds);
        assert_eq!(is_damage(convert::kinds(&again)), Some(kinds), "{text:?}");
        assert!(again.len() <= text.len(), "kinds out of nothing: {text:?}");
    }
}

/// What is read is what would be stored.
fn numbers(value: i64) {
    let number = is_damage(convert::number(value));
    assert_eq!(number.is_some(), value >= 0);
    assert!(number.is_none_or(|number| convert::signed(number) == value));
    if let Some(time) = is_damage(convert::time(value)) {
        assert_eq!(convert::millis(time), value);
        // As the sweep does with the end of what is kept: any answer is right.
        let _ = retention::warning_due(time, None, now());
        assert!(retention::due_next(time, now()) <= time);
    }
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_800_000_000)
}

/// The state of a delivery that a desk sends: the same when it is stored again, and nothing that happens breaks off.
fn outgoing(json: &[u8]) {
    let Ok(state) = serde_json::from_slice::<OutboxState>(json) else {
        return;
    };
    for event in [
        OutboxEvent::Start,
        OutboxEvent::Interrupted,
        OutboxEvent::PutOff { seconds: u32::MAX },
        OutboxEvent::Unreachable,
        OutboxEvent::Stopped,
        OutboxEvent::Restarted,
        OutboxEvent::Retry,
        OutboxEvent::Cancel,
        OutboxEvent::PutOnPaper,
        OutboxEvent::Faxed,
        OutboxEvent::NotFaxed,
    ] {
        let _ = outbox::step(&state, event, now());
    }
    let json = serde_json::to_vec(&state).unwrap_or_default();
    assert_eq!(serde_json::from_slice(&json).ok(), Some(state));
}

/// The same of one that a desk fetches.
fn incoming(json: &[u8]) {
    let Ok(state) = serde_json::from_slice::<PickupState>(json) else {
        return;
    };
    for event in [
        PickupEvent::Claimed { fence: 7 },
        PickupEvent::Landed,
        PickupEvent::Confirmed { received_at: now() },
        PickupEvent::ClaimLost,
        PickupEvent::Retry,
        PickupEvent::CopyStays,
    ] {
        let _ = pickup::step(&state, event);
    }
    let json = serde_json::to_vec(&state).unwrap_or_default();
    assert_eq!(serde_json::from_slice(&json).ok(), Some(state));
}
