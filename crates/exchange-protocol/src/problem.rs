//! Refusals.

use std::collections::BTreeMap;

use care_model::ProblemCode;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A refusal by the server, as `application/problem+json`.
///
/// It holds a code and parameters, never prose and never the cause: the sentence is in the client's catalogue,
/// the cause in the server's log under `reference`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[error("the exchange refused: {code}")]
pub struct Problem {
    /// Why.
    pub code: ProblemCode,
    /// The HTTP status it travels under.
    pub status: u16,
    /// What the sentence needs: counts, times, terminal names of the own office. Never a care recipient.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
    /// Leads to the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Seconds after which the same may be asked again; travels as the header `Retry-After`.
    #[serde(skip)]
    pub retry_after_seconds: Option<u32>,
}

impl Problem {
    /// A refusal under the status that belongs to its code.
    pub fn new(code: ProblemCode) -> Self {
        Self {
            code,
            status: status_of(code),
            params: BTreeMap::new(),
            reference: None,
            retry_after_seconds: None,
        }
    }

    /// Adds what the sentence needs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }
}

/// The HTTP status under which a code travels.
fn status_of(code: ProblemCode) -> u16 {
    use ProblemCode as P;
    match code {
        P::SignInRequired
        | P::PortalSessionEnded
        | P::PersonSignInRefused
        | P::OfficeSignInRefused
        | P::OperatorSignInRefused
        | P::EnrolmentPasswordRefused => 401,
        P::CertificateMissing
        | P::CertificateExpired
        | P::CertificateEarly
        | P::CertificateRevoked
        | P::CertificateForeign
        | P::CertificateWrongUse
        | P::CertificateOtherOffice
        | P::CertificateReplaced
        | P::SenderMismatch
        | P::FormExpired
        | P::PersonStopped
        | P::RoleLacking
        | P::LicenceExpired => 403,
        P::DeliveryUnknown
        | P::DestinationUnknown
        | P::PageUnknown
        | P::PersonUnknown
        | P::TerminalUnknown
        | P::OperatorUnknown
        | P::OfficeUnknown
        | P::MailNotOffered
        | P::NewsUnknown => 404,
        P::DeliveryConflict
        | P::ClaimedElsewhere
        | P::ClaimLost
        | P::RecallTooLate
        | P::UploadOffset
        | P::OfficeTaken
        | P::LastAdministrator
        | P::MailboxFull => 409,
        P::FirstPasswordGone | P::AlreadyReceived | P::DeliveryRecalled | P::DeliveryExpired => 410,
        P::DeliveryTooLarge | P::AttachmentTooLarge | P::AttachmentsTooMany | P::FileTooLarge | P::FormTooLarge => 413,
        P::AttachmentKindRefused => 415,
        P::ServerIncompatible => 426,
        P::SignInDelayed
        | P::EnrolmentDelayed
        | P::SendsADayReached
        | P::UploadsTooMany
        | P::MailCodesTooMany
        | P::TooManyRequests => 429,
        P::RequestTooSlow => 408,
        P::ServerBusy => 503,
        P::Internal | P::ContentMissing => 500,
        _ => 400,
    }
}
