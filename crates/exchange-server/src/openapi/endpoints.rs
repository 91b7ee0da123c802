//! What each endpoint takes and gives, and for which reasons it refuses, beside the table that says who may call it.

use care_model::ProblemCode as P;
use exchange_protocol::envelope;

use crate::extract::{BYTES_MEDIA_TYPE, JSON_MEDIA_TYPE};

/// What one endpoint is for.
pub(crate) struct Description {
    /// As in the table of endpoints.
    pub(crate) method: &'static str,
    /// As in the table of endpoints.
    pub(crate) path: &'static str,
    /// In one line.
    pub(super) summary: &'static str,
    /// What stands behind the question mark: name, what for, whether it must be there.
    pub(crate) query: &'static [(&'static str, &'static str, bool)],
    pub(crate) body: Body,
    pub(super) gives: Gives,
    /// Reasons beyond those that every caller of its kind can meet.
    pub(super) refuses: &'static [P],
}

/// What a request carries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    Nothing,
    /// JSON of this shape, up to 16 KiB.
    Json(&'static str),
    /// The clear header as JSON, up to 256 KiB.
    Header,
    /// A framed delivery.
    Delivery,
    /// Bytes of one chunk.
    Chunk,
}

impl Body {
    pub(crate) fn media_type(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Json(_) | Self::Header => Some(JSON_MEDIA_TYPE),
            Self::Delivery => Some(envelope::MEDIA_TYPE),
            Self::Chunk => Some(BYTES_MEDIA_TYPE),
        }
    }
}

/// What an endpoint answers when it does what it was asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    /// 204.
    Nothing,
    /// JSON of this shape.
    Json(&'static str),
    /// JSON of this shape, or 204.
    JsonOrNothing(&'static str),
    /// Bytes.
    Bytes,
    /// Bytes, or with `Range` some of them.
    Range,
    /// Lines of JSON.
    Lines,
    /// Server-sent events.
    Events,
    /// This document.
    Document,
}

const NO_QUERY: &[(&str, &str, bool)] = &[];
const PAGE: &[(&str, &str, bool)] = &[
    ("after", "The cursor of the page before; 0 begins.", false),
    ("limit", "How many rows at most; 200 and fewer are given.", false),
];
const HEADER: &[P] = &[
    P::DeliveryMalformed,
    P::DestinationIsSender,
    P::CompositionEmpty,
    P::AttachmentsTooMany,
    P::AttachmentTooLarge,
    P::FileTooLarge,
    P::DeliveryTooLarge,
    P::SenderMismatch,
    P::LicenceExpired,
    P::DestinationUnknown,
    P::DeliveryConflict,
    P::MailboxFull,
    P::SendsADayReached,
    P::UploadsTooMany,
    P::AttachmentKindRefused,
    P::DeliveryUnknown,
    P::UploadOffset,
];
const PICKUP: &[P] = &[
    P::DeliveryUnknown,
    P::ClaimedElsewhere,
    P::ClaimLost,
    P::AlreadyReceived,
    P::DeliveryRecalled,
    P::DeliveryExpired,
];
/// The same where bytes are fetched.
const FETCH: &[P] = &[
    P::DeliveryUnknown,
    P::ClaimedElsewhere,
    P::ClaimLost,
    P::AlreadyReceived,
    P::DeliveryRecalled,
    P::DeliveryExpired,
    P::ContentMissing,
];

macro_rules! describe {
    ($($method:ident $path:literal $summary:literal $query:ident $body:expr, $gives:expr, $refuses:expr;)+) => {
        /// Every endpoint of the API; a test holds it against the tables of the router.
        pub(crate) const DESCRIPTIONS: &[Description] = &[$(Description {
            method: stringify!($method),
            path: $path,
            summary: $summary,
            query: $query,
            body: $body,
            gives: $gives,
            refuses: $refuses,
        }),+];
    };
}

use Body::{Chunk, Delivery, Header, Json, Nothing};

const FENCE: &[(&str, &str, bool)] = &[("fence", "The fence of the claim.", true)];
const PERIOD: &[(&str, &str, bool)] = &[
    ("from", "Not before, in seconds since 1970.", true),
    ("until", "Before, in seconds since 1970; 400 days later at most.", true),
];
const OFFSET: &[(&str, &str, bool)] = &[("offset", "Where the chunk begins; what is stored so far.", true)];

describe! {
    get "/v1/openapi.json" "This document" NO_QUERY Nothing, Gives::Document, &[];
    get "/v1/exchange" "The exchange, its version and its clock" NO_QUERY Nothing, Gives::Json("ExchangeAnswer"), &[];
    post "/v1/enrolments" "Buys a terminal's certificate with a one-time password" NO_QUERY
        Json("EnrolmentRequest"), Gives::Json("EnrolmentAnswer"), &[P::EnrolmentPasswordRefused, P::EnrolmentDelayed, P::OfficeIdExpected];
    post "/v1/sign-in/person" "Step 1 of signing in: the person" NO_QUERY
        Json("PersonSignIn"), Gives::Json("PersonSignInAnswer"),
        &[P::PersonIdExpected, P::PersonSignInRefused, P::PersonStopped, P::SignInDelayed, P::CertificateOtherOffice, P::PasswordChangeRequired];
    post "/v1/sign-in/office" "Step 2 of signing in: the office" NO_QUERY
        Json("OfficeSignIn"), Gives::Json("Session"),
        &[P::OfficeIdExpected, P::OfficeSignInRefused, P::SignInRequired, P::SignInDelayed, P::CertificateOtherOffice, P::PasswordChangeRequired];
    post "/v1/sign-in/refresh" "New tokens for a refresh token" NO_QUERY
        Json("RefreshSession"), Gives::Json("Session"), &[P::SignInRequired];
    post "/v1/accounts/password" "Changes a password" NO_QUERY Json("PasswordChange"), Gives::Nothing,
        &[P::PersonIdExpected, P::PersonSignInRefused, P::OfficeSignInRefused, P::PersonStopped, P::PasswordUnfit, P::PasswordLength, P::SignInDelayed];
    post "/v1/sign-out" "Ends the session" NO_QUERY Nothing, Gives::Nothing, &[];
    post "/v1/sign-out/everywhere" "Ends every session of the person, at whatever terminal" NO_QUERY Nothing, Gives::Nothing, &[];
    get "/v1/me" "Who is signed in" NO_QUERY Nothing, Gives::Json("Me"), &[];
    get "/v1/offices/{number}" "An office by its number" NO_QUERY Nothing, Gives::Json("OfficeEntry"), &[P::DestinationUnknown];
    post "/v1/offices/search" "Searches the directory" NO_QUERY Json("OfficeSearch"), Gives::Json("OfficePage"), &[P::SearchTooLong];
    get "/v1/terminal" "Who this terminal is, and how many deliveries wait for its office" NO_QUERY Nothing, Gives::Json("ThisTerminal"), &[];
    post "/v1/terminals/renewal" "This terminal's next certificate" NO_QUERY
        Json("RenewalRequest"), Gives::Json("RenewalAnswer"), &[P::RenewalTooEarly];
    get "/v1/terminals" "The terminals of the signed-in office" NO_QUERY Nothing, Gives::Json("TerminalPage"), &[];
    get "/v1/news" "The operator's news" NO_QUERY Nothing, Gives::Json("NewsPage"), &[];
    put "/v1/deliveries/{id}" "Sends a delivery of up to 256 KiB in one request" NO_QUERY
        Delivery, Gives::Json("Accepted"), HEADER;
    post "/v1/uploads/{id}" "Begins a larger delivery, or asks how far it is" NO_QUERY
        Header, Gives::Json("UploadProgress"), HEADER;
    put "/v1/uploads/{id}/{part}" "Stores one chunk of up to 4 MiB" OFFSET
        Chunk, Gives::Json("UploadProgress"), &[P::DeliveryUnknown, P::DeliveryMalformed, P::UploadOffset];
    post "/v1/uploads/{id}/commit" "Sends what was uploaded" NO_QUERY Nothing, Gives::Json("Accepted"), HEADER;
    get "/v1/outbox" "What this office sent, by change" PAGE Nothing, Gives::Json("OutboxPage"), &[];
    post "/v1/outbox/{id}/recall" "Takes back what nobody has fetched" NO_QUERY
        Nothing, Gives::Json("Recalled"), &[P::DeliveryUnknown, P::RecallTooLate, P::DeliveryExpired];
    get "/v1/inbox" "What came for this office, by change" PAGE Nothing, Gives::Json("InboxPage"), &[];
    get "/v1/inbox/{id}/cover" "The cover; reading it receives nothing" NO_QUERY Nothing, Gives::Bytes, FETCH;
    post "/v1/inbox/{id}/claim" "Claims a delivery for this terminal" NO_QUERY Json("ClaimRequest"), Gives::Json("Claim"), PICKUP;
    get "/v1/inbox/{id}/parts/{part}" "Fetches a part, or a range of it" FENCE Nothing, Gives::Range, FETCH;
    post "/v1/inbox/{id}/confirm" "Confirms that all was stored and checked" NO_QUERY
        Json("ConfirmRequest"), Gives::Json("Received"), PICKUP;
    get "/v1/updates/{target}/{version}" "A newer version of the client than this" NO_QUERY
        Nothing, Gives::JsonOrNothing("UpdateOffer"), &[];
    get "/v1/updates/{target}/{version}/file" "The installer of a version" NO_QUERY Nothing, Gives::Bytes, &[P::UpdateUnreachable];
    get "/v1/audit/export" "The office's own part of the audit, as far as it is sealed" NO_QUERY Nothing, Gives::Lines, &[];
    get "/v1/audit/record" "What this office did in a period, with a signed receipt of each delivery" PERIOD Nothing, Gives::Lines,
        &[P::InspectionPeriodUnfit, P::InspectionTooLarge];
    get "/v1/events" "Hints that a list changed, until the certificate ends; with a session of both lists, until that ends" NO_QUERY
        Nothing, Gives::Events, &[P::SignInRequired];
    post "/v1/sandbox/reset" "Puts a sandbox back to its beginning; exists in a sandbox only" NO_QUERY Nothing, Gives::Nothing, &[];
}
