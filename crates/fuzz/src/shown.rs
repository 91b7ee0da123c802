//! The certificate that a terminal shows in the handshake.

use care_model::{OfficeNumber, ProblemCode, TerminalId};
use exchange_server::shown_certificate;

/// Pieces of DER: headers, object identifiers of what is looked at, names.
pub(crate) const WORDS: &[&[u8]] = &[
    b"\x30\x00",
    b"\x30\x80",
    b"\x30\x82\xff\xff",
    b"\x30\x84\xff\xff\xff\xff",
    b"\x02\x01\x00",
    b"\x04\x00",
    b"\x05\x00",
    b"\x06\x00",
    b"\x0c\x0a",
    b"\x13\x0a",
    b"\x1e\x14",
    b"\x17\x0d",
    b"\x18\x0f",
    b"99991231235959Z",
    b"000101000000Z",
    // Organisation, common name, extended key usage, client, server, any.
    b"\x06\x03\x55\x04\x0a",
    b"\x06\x03\x55\x04\x03",
    b"\x06\x03\x55\x1d\x25",
    b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02",
    b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01",
    b"\x06\x04\x55\x1d\x25\x00",
    b"\x01\x01\xff",
    b"9970100013",
    b"99I0100013",
    b"019abd00-0000-7000-8000-000000000001",
];

/// Whatever is shown is somebody's or nobody's: one that is taken names an office and a terminal in so many letters, and
/// one that is not has one of two codes.
pub(crate) fn run(bytes: &[u8]) {
    let shown = shown_certificate(bytes);
    assert_eq!(shown_certificate(bytes), shown, "the same certificate is two");
    match shown {
        Ok((office, terminal)) => {
            let number = office.as_str();
            assert_eq!(OfficeNumber::parse(number).ok(), Some(office));
            assert_eq!(terminal.to_string().parse::<TerminalId>().ok(), Some(terminal));
            assert!(
                bytes.windows(number.len()).any(|place| place == number.as_bytes()),
                "{number} is not in the certificate"
            );
        }
        Err(code) => assert!(
            matches!(code, ProblemCode::CertificateForeign | ProblemCode::CertificateWrongUse),
            "{code}"
        ),
    }
}
