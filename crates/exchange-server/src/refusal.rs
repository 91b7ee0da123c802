//! The rim: every refusal becomes a [`Problem`]; a cause goes to the log under a reference, and nowhere else.

use axum::response::{IntoResponse, Response};
use care_model::{ProblemCode, limits};
use chrono::{DateTime, SecondsFormat, Utc};
use exchange_flow::delivery::DeliveryRefusal;
use exchange_protocol::{DeliveryHeader, HeaderError, PROBLEM_MEDIA_TYPE, PartRole, Problem};
use exchange_store::{ClaimRefusal, StoreError};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::{admin::AdminError, operations::request_id, pace, passwords::PasswordError};

/// What a handler answers instead of what was asked for.
#[derive(Debug)]
pub(crate) struct Refusal(Box<Problem>);

/// What a handler gives.
pub(crate) type Answer<T> = Result<T, Refusal>;

/// Seconds after which a busy server may be asked again, where nothing is known of how many ask: what it waits for is then
/// its storage, and every desk with something to send asks so often.
const RETRY_AFTER_SECONDS: u32 = 5;

impl Refusal {
    /// Something that should not happen: the cause is logged once, here.
    pub(crate) fn internal(cause: &dyn std::error::Error) -> Self {
        let reference = request_id();
        tracing::error!(%reference, cause = %Chain(cause), "a request failed");
        let mut problem = Problem::new(ProblemCode::Internal);
        problem.reference = Some(reference);
        Self(Box::new(problem))
    }

    /// What is refused and why.
    pub(crate) fn problem(&self) -> &Problem {
        &self.0
    }
}

/// An error with its causes on one line.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl From<ProblemCode> for Refusal {
    fn from(code: ProblemCode) -> Self {
        Problem::new(code).into()
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::ContentMissing) {
            let reference = request_id();
            tracing::error!(%reference, "the content of a delivery is missing");
            let mut problem = Problem::new(ProblemCode::ContentMissing);
            problem.reference = Some(reference);
            problem.into()
        } else if error.is_temporary() {
            tracing::warn!(cause = %Chain(&error), "the storage is busy");
            ProblemCode::ServerBusy.into()
        } else {
            Self::internal(&error)
        }
    }
}

impl From<PasswordError> for Refusal {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Length => Problem::new(ProblemCode::PasswordLength)
                .with("min", limits::PASSWORD_CHARS_MIN)
                .with("max", limits::PASSWORD_CHARS_MAX)
                .into(),
            PasswordError::Hash => Self::internal(&error),
            PasswordError::Busy => ProblemCode::ServerBusy.into(),
        }
    }
}

impl From<AdminError> for Refusal {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Store(error) => error.into(),
            AdminError::Password(error) => error.into(),
            AdminError::NoSuchTerminal => ProblemCode::TerminalUnknown.into(),
            AdminError::NoSuchAccount => ProblemCode::PersonUnknown.into(),
            AdminError::NoSuchOffice => ProblemCode::OfficeUnknown.into(),
            AdminError::NoSuchNews => ProblemCode::NewsUnknown.into(),
            AdminError::NoSuchOperator => ProblemCode::OperatorUnknown.into(),
            AdminError::LastAdministrator => ProblemCode::LastAdministrator.into(),
            AdminError::Taken => ProblemCode::OfficeTaken.into(),
            AdminError::OperatorsTooMany => Problem::new(ProblemCode::OperatorsTooMany)
                .with("max", limits::OPERATORS_MAX)
                .into(),
            other => Self::internal(&other),
        }
    }
}

/// Whoever is told that the server is busy is told when to ask again.
pub(crate) fn say_when_to_retry(status: StatusCode, headers: &mut HeaderMap) {
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_MEDIA_TYPE));
        say_when_to_retry(status, headers);
        let seconds = match self.0.code {
            ProblemCode::TooManyRequests => Some(pace::RETRY_AFTER_SECONDS),
            _ => self.0.retry_after_seconds,
        };
        if let Some(seconds) = seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // For the portal, whose refusals are pages.
        response.extensions_mut().insert(*self.0);
        response
    }
}

/// The refusal of an act on a delivery that was accepted. A terminal that has it is named to its own office only:
/// `holder_name` is given where the caller is of that office.
pub(crate) fn of_claim(refusal: &ClaimRefusal, holder_name: Option<&str>) -> Refusal {
    match refusal {
        ClaimRefusal::Unknown => ProblemCode::DeliveryUnknown.into(),
        ClaimRefusal::NoSuchRange => ProblemCode::RequestMalformed.into(),
        ClaimRefusal::Refused(refusal) => {
            let problem = Problem::new(refusal.code());
            match refusal {
                DeliveryRefusal::ClaimedElsewhere(claim) => problem
                    .with("terminal", holder_name.unwrap_or_default())
                    .with("since", written(claim.since))
                    .with("fence", claim.fence)
                    .into(),
                DeliveryRefusal::RecallTooLate {
                    received_at: Some(received_at),
                } => problem.with("received_at", written(*received_at)).into(),
                _ => problem.into(),
            }
        }
    }
}

/// A time as parameters carry it.
fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The refusal of a header by its own words.
pub(crate) fn of_header(error: HeaderError, header: &DeliveryHeader) -> Refusal {
    let megabytes = |bytes: u64| bytes / (1_024 * 1_024);
    match error {
        HeaderError::SameParty => ProblemCode::DestinationIsSender.into(),
        HeaderError::Empty => ProblemCode::CompositionEmpty.into(),
        HeaderError::Parts | HeaderError::Names => ProblemCode::DeliveryMalformed.into(),
        HeaderError::Limit => {
            let of = |role| header.parts.iter().filter(move |part| part.role == role);
            if of(PartRole::Attachment).count() > limits::ATTACHMENTS_MAX {
                Problem::new(ProblemCode::AttachmentsTooMany)
                    .with("max", limits::ATTACHMENTS_MAX)
                    .into()
            } else if of(PartRole::Attachment).any(|part| part.size_bytes > limits::ATTACHMENT_BYTES_MAX) {
                Problem::new(ProblemCode::AttachmentTooLarge)
                    .with("max_mb", megabytes(limits::ATTACHMENT_BYTES_MAX))
                    .into()
            } else if of(PartRole::StandardFile).any(|part| part.size_bytes > limits::STANDARD_FILE_BYTES_MAX) {
                Problem::new(ProblemCode::FileTooLarge)
                    .with("max_mb", megabytes(limits::STANDARD_FILE_BYTES_MAX))
                    .into()
            } else {
                Problem::new(ProblemCode::DeliveryTooLarge)
                    .with("max_mb", megabytes(limits::DELIVERY_BYTES_MAX))
                    .into()
            }
        }
    }
}
