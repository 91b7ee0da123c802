//! What a failed call means: above all, whether the server may have acted.

use std::{error::Error as StdError, fmt, io};

use care_model::ProblemCode;
use exchange_protocol::Problem;
use rustls::{AlertDescription, Error as TlsError};
use thiserror::Error;

/// Why a call failed.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The server refused and left everything as it was.
    #[error("refused: {0}")]
    Refused(Problem),
    /// The server was not reached: not one byte of the request left this machine.
    #[error("the exchange was not reached")]
    Unreachable(#[source] Cause),
    /// The line broke, or nothing came in time, after bytes may have left: the server may have acted or not.
    #[error("the line to the exchange broke; whether it acted is unknown")]
    Interrupted(#[source] Cause),
    /// Whoever answers is not the exchange of the connection file.
    #[error("the server is not the one in the connection file")]
    Untrusted(#[source] Cause),
    /// The exchange answered with something that this client does not understand.
    #[error("the answer of the exchange was not understood")]
    Malformed(#[source] Cause),
    /// Bytes to be sent could not be read on this machine. Nothing was committed.
    #[error("reading what is to be sent failed")]
    Local(#[source] io::Error),
}

impl ClientError {
    /// The code under which the failure reaches a person.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::Refused(problem) => problem.code,
            Self::Unreachable(_) => ProblemCode::ServerUnreachable,
            Self::Interrupted(_) => ProblemCode::ServerInterrupted,
            Self::Untrusted(_) => ProblemCode::ServerUntrusted,
            Self::Malformed(_) => ProblemCode::ServerIncompatible,
            Self::Local(_) => ProblemCode::Internal,
        }
    }

    /// Whether the line failed, so that the same call may succeed later.
    pub fn is_line(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Interrupted(_))
    }

    /// After something has already left, being unreachable no longer proves that the server did nothing.
    pub(crate) fn after_bytes_left(self) -> Self {
        match self {
            Self::Unreachable(cause) => Self::Interrupted(cause),
            other => other,
        }
    }

    pub(crate) fn malformed(what: &'static str) -> Self {
        Self::Malformed(Cause::of(what))
    }
}

/// The inside cause, for the log. It holds no address, no header and no body.
pub struct Cause(Box<dyn StdError + Send + Sync>);

impl Cause {
    pub(crate) fn of(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The chain in words: the types' own `Debug` may print addresses.
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            write!(f, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// Sorts an error of the HTTP client.
pub(crate) fn classify(error: reqwest::Error) -> ClientError {
    let error = error.without_url();
    let connecting = error.is_connect();
    match find::<TlsError>(&error) {
        // With TLS 1.3 a server judges the client's certificate after the client thinks that all is well, and before
        // it reads a request: the alert comes instead of an answer, and nothing was done.
        Some(TlsError::AlertReceived(alert)) if judges_our_certificate(*alert) => {
            let code = match alert {
                AlertDescription::CertificateRequired => ProblemCode::CertificateMissing,
                AlertDescription::CertificateExpired => ProblemCode::CertificateExpired,
                AlertDescription::CertificateRevoked => ProblemCode::CertificateRevoked,
                _ => ProblemCode::CertificateForeign,
            };
            ClientError::Refused(Problem::new(code))
        }
        Some(_) if connecting => ClientError::Untrusted(Cause::of(error)),
        _ if connecting => ClientError::Unreachable(Cause::of(error)),
        _ => ClientError::Interrupted(Cause::of(error)),
    }
}

fn judges_our_certificate(alert: AlertDescription) -> bool {
    use AlertDescription as A;
    matches!(
        alert,
        A::CertificateRequired
            | A::CertificateExpired
            | A::CertificateRevoked
            | A::CertificateUnknown
            | A::UnsupportedCertificate
            | A::BadCertificate
            | A::UnknownCA
            | A::AccessDenied
            | A::DecryptError
    )
}

/// Whether a request met a connection that had ended before it took any of the request, and did not say why.
pub(crate) fn was_never_taken(error: &reqwest::Error) -> bool {
    find::<TlsError>(error).is_none() && find::<hyper::Error>(error).is_some_and(hyper::Error::is_canceled)
}

/// The error of a type in a chain, which `io::Error` hides from `source`.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_tls_error_inside_an_io_error() {
        let hidden = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, TlsError::DecryptError));
        assert!(matches!(find(&hidden), Some(TlsError::DecryptError)));
        assert!(find::<TlsError>(&io::Error::other("no")).is_none());
    }

    #[test]
    fn unreachable_after_the_first_byte_is_interrupted() {
        let error = ClientError::Unreachable(Cause::of("away")).after_bytes_left();
        assert!(matches!(error, ClientError::Interrupted(_)));
        assert_eq!(error.code(), ProblemCode::ServerInterrupted);
    }
}
