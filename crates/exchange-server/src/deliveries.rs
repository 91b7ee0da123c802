//! Sending: what holds for every delivery, and the small ones, which are one request and one commit.

use std::io::Cursor;

use axum::{
    Json,
    extract::{Request, State},
};
use bytes::Bytes;
use care_model::{DeliveryId, Digest, ProblemCode, limits};
use exchange_protocol::{
    Accepted, DeliveryHeader, PartRole, Problem,
    envelope::{self, EnvelopeError},
};
use exchange_store::{NewDelivery, Refusal as StoreRefusal};

use crate::{
    app::App,
    attachment_kind,
    extract::{InPath, SignedIn, is_of, read_body},
    people::is_licensed,
    refusal::{Answer, Refusal, of_header},
};

/// Bytes of a framed delivery.
const BODY_BYTES_MAX: usize = 4 + limits::HEADER_BYTES_MAX + limits::SINGLE_REQUEST_BYTES_MAX as usize;

pub(crate) async fn send(
    State(app): State<App>,
    caller: SignedIn,
    InPath(id): InPath<String>,
    request: Request,
) -> Answer<Json<Accepted>> {
    let id = delivery_id(&id)?;
    is_of(&request, envelope::MEDIA_TYPE)?;
    let body = read_body(request, BODY_BYTES_MAX, ProblemCode::DeliveryMalformed.into()).await?;
    // Taken once the body is here, so that whoever sends slowly keeps nobody else waiting.
    let _place = app.sends.place().await?;
    let envelope = envelope::read(body.clone()).map_err(|error| match error {
        EnvelopeError::Length
        | EnvelopeError::HeaderTooLong
        | EnvelopeError::Header(_)
        | EnvelopeError::Digest { .. } => Refusal::from(ProblemCode::DeliveryMalformed),
    })?;
    if envelope.header.id != id {
        return Err(ProblemCode::DeliveryMalformed.into());
    }
    let may_send = may_send(&app, &caller, &envelope.header).await;
    let judged = may_send.and_then(|()| check_attachments(&envelope.header, &envelope.parts));
    if let Err(refusal) = judged {
        return accepted_before(&app, &caller, id, envelope.digest(), refusal).await;
    }
    let content = body.slice(4 + envelope.header_json.len()..);
    let accepted = app
        .store
        .accept(
            NewDelivery {
                header: envelope.header,
                header_json: envelope.header_json,
                content,
            },
            caller.actor(),
            app.clock.now(),
        )
        .await?;
    match accepted {
        Ok(accepted) => Ok(Json(accepted)),
        Err(refusal) => Err(of_acceptance(refusal)),
    }
}

/// Whether this office may send this to that one now. Known from memory: no row is read for a usual send.
pub(crate) async fn may_send(app: &App, caller: &SignedIn, header: &DeliveryHeader) -> Answer<()> {
    header.check().map_err(|error| of_header(error, header))?;
    let Some(sender) = app.store.office(caller.session.office).await? else {
        return Err(ProblemCode::SenderMismatch.into());
    };
    if header.from.office != sender.number || !sender.kinds.contains(&header.from.kind) {
        return Err(ProblemCode::SenderMismatch.into());
    }
    if !is_licensed(app, &sender) {
        return Err(ProblemCode::LicenceExpired.into());
    }
    let receiver = app.store.office(header.to.office).await?;
    if receiver.is_none_or(|receiver| !receiver.kinds.contains(&header.to.kind)) {
        return Err(ProblemCode::DestinationUnknown.into());
    }
    Ok(())
}

/// A retry of what was accepted is answered as it was then, whatever has changed since (D3).
pub(crate) async fn accepted_before(
    app: &App,
    caller: &SignedIn,
    id: DeliveryId,
    digest: Digest,
    refusal: Refusal,
) -> Answer<Json<Accepted>> {
    match app.store.accepted_before(id, digest, caller.session.office).await? {
        Some(Ok(accepted)) => Ok(Json(accepted)),
        Some(Err(_)) | None => Err(refusal),
    }
}

/// Why a delivery was not taken.
pub(crate) fn of_acceptance(refusal: StoreRefusal) -> Refusal {
    match refusal {
        StoreRefusal::Conflict => ProblemCode::DeliveryConflict.into(),
        StoreRefusal::MailboxFull => ProblemCode::MailboxFull.into(),
        StoreRefusal::SendsADay { max } => Problem::new(ProblemCode::SendsADayReached).with("max", max).into(),
        StoreRefusal::Uploads => Problem::new(ProblemCode::UploadsTooMany)
            .with("max", limits::UPLOADS_MAX)
            .into(),
    }
}

fn check_attachments(header: &DeliveryHeader, parts: &[Bytes]) -> Answer<()> {
    for (part, bytes) in header.parts.iter().zip(parts) {
        if part.role == PartRole::Attachment {
            let permitted = attachment_kind::is_permitted(&mut Cursor::new(bytes), part.size_bytes);
            if !permitted.map_err(|error| Refusal::internal(&error))? {
                return Err(Problem::new(ProblemCode::AttachmentKindRefused).into());
            }
        }
    }
    Ok(())
}

/// Characters of an id: one way to write each, so that a log or a proxy never has two addresses of one delivery.
const ID_CHARS: usize = 36;

pub(crate) fn delivery_id(text: &str) -> Answer<DeliveryId> {
    match text.parse() {
        Ok(id) if text.len() == ID_CHARS => Ok(id),
        _ => Err(ProblemCode::RequestMalformed.into()),
    }
}
