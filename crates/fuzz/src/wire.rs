//! What comes over the line, and the connection file.

use bytes::Bytes;
use exchange_protocol::{Problem, envelope};

/// Words of the JSON that is read.
pub(crate) const WORDS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b":",
    b",",
    b"null",
    b"true",
    b"0",
    b"-1",
    b"1e999",
    b"18446744073709551615",
    b"\\u0000",
    b"\\ud800",
    b"\"parts\"",
    b"\"size_bytes\"",
    b"\"digest\"",
    b"\"role\"",
    b"\"standard_file\"",
    b"\"serial\"",
    b"\"code\"",
    b"\"params\"",
    b"\"status\"",
    b"\"authority_pem\"",
    b"-----BEGIN CERTIFICATE-----\\n",
    b"https://",
];

/// A delivery in one request: what is read is written back byte for byte, and its header can be judged.
pub(crate) fn envelope(bytes: &[u8]) {
    let body = Bytes::copy_from_slice(bytes);
    let Ok(read) = envelope::read(body.clone()) else {
        return;
    };
    assert_eq!(envelope::write(&read.header_json, &read.parts), body);
    assert_eq!(read.parts.len(), read.header.parts.len());
    // Either judgement is right; that there is one is what counts.
    let _ = read.header.check();
    let json = serde_json::to_vec(&read.header).unwrap_or_default();
    assert_eq!(serde_json::from_slice(&json).ok(), Some(read.header));
}

/// A refusal: what is read can be written and read again.
pub(crate) fn problem(bytes: &[u8]) {
    let Ok(problem) = serde_json::from_slice::<Problem>(bytes) else {
        return;
    };
    let json = serde_json::to_vec(&problem).unwrap_or_default();
    assert_eq!(serde_json::from_slice(&json).ok(), Some(problem));
}

/// A connection file: one that is taken stays so when it is stored and read again.
#[cfg(feature = "connection")]
pub(crate) fn connection(bytes: &[u8]) {
    use exchange_client::Connection;

    let Ok(connection) = Connection::parse(bytes) else {
        return;
    };
    let json = serde_json::to_vec(&connection).unwrap_or_default();
    assert_eq!(Connection::parse(&json).ok(), Some(connection));
}

/// A certificate file: whatever it is, it is judged, and one that is taken is said to be taken again.
#[cfg(feature = "connection")]
pub(crate) fn certificate_file(bytes: &[u8]) {
    use exchange_client::{CertificateFileError, Connection, read_certificate_file};

    let file = serde_json::json!({
        "careplan_connection": 1,
        "exchange_name": "",
        "exchange_url": "https://127.0.0.1:1",
        "enrolment_url": "https://127.0.0.1:2",
        "authority_pem": include_str!("../../exchange-client/tests/certificate-files/authority.pem"),
        "help_desk": { "telephone": "", "hours": "", "form_url": "" },
    });
    let Ok(connection) = Connection::parse(file.to_string().as_bytes()) else {
        panic!("the connection file of the target")
    };
    let read = || -> Result<String, CertificateFileError> {
        let password = "mihon-no-kotoba".to_owned().into();
        let now = chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(1_800_000_000);
        read_certificate_file(bytes, &password, &connection, now).map(|identity| identity.certificate_pem)
    };
    let first = read();
    if first.is_ok() {
        assert_eq!(read(), first);
    }
}
