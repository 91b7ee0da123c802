//! Large deliveries: begin, chunks, commit.

use axum::{
    Json,
    extract::{Request, State},
};
use care_model::{Digest, ProblemCode, limits};
use exchange_protocol::{Accepted, DeliveryHeader, PartRole, Problem, UploadProgress};
use exchange_store::{ChunkRefusal, CommitRefusal, PartReader, Upload, UploadStart};
use futures::TryStreamExt as _;
use http_body_util::{BodyDataStream, LengthLimitError, Limited};
use serde::Deserialize;

use crate::{
    app::App,
    attachment_kind,
    deliveries::{delivery_id, may_send, of_acceptance},
    extract::{BYTES_MEDIA_TYPE, InPath, InQuery, JSON_MEDIA_TYPE, SignedIn, announces_more_than, is_of, read_body},
    refusal::{Answer, Refusal},
};

pub(crate) async fn begin(
    State(app): State<App>,
    caller: SignedIn,
    InPath(id): InPath<String>,
    request: Request,
) -> Answer<Json<UploadProgress>> {
    let id = delivery_id(&id)?;
    is_of(&request, JSON_MEDIA_TYPE)?;
    let header_json = read_body(request, limits::HEADER_BYTES_MAX, ProblemCode::DeliveryMalformed.into()).await?;
    let header: DeliveryHeader = serde_json::from_slice(&header_json).map_err(|_| ProblemCode::DeliveryMalformed)?;
    if header.id != id {
        return Err(ProblemCode::DeliveryMalformed.into());
    }
    if let Err(refusal) = may_send(&app, &caller, &header).await {
        let digest = Digest::of(&header_json);
        let known = app.store.accepted_before(id, digest, caller.session.office).await?;
        return match known {
            Some(Ok(_)) => Ok(Json(UploadProgress {
                stored_bytes: header.parts.iter().map(|part| part.size_bytes).collect(),
            })),
            Some(Err(_)) | None => Err(refusal),
        };
    }
    let started = app
        .store
        .begin_upload(Upload { header, header_json }, caller.actor(), app.clock.now())
        .await?;
    match started {
        UploadStart::Progress(progress) => Ok(Json(progress)),
        UploadStart::Conflict => Err(ProblemCode::DeliveryConflict.into()),
        UploadStart::Refused(refusal) => Err(of_acceptance(refusal)),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChunkQuery {
    offset: u64,
}

pub(crate) async fn chunk(
    State(app): State<App>,
    caller: SignedIn,
    InPath((id, part)): InPath<(String, usize)>,
    InQuery(query): InQuery<ChunkQuery>,
    request: Request,
) -> Answer<Json<UploadProgress>> {
    let id = delivery_id(&id)?;
    is_of(&request, BYTES_MEDIA_TYPE)?;
    let bytes_max = usize::try_from(limits::CHUNK_BYTES_MAX).unwrap_or(usize::MAX);
    if announces_more_than(&request, bytes_max) {
        return Err(ProblemCode::DeliveryMalformed.into());
    }
    let body = Limited::new(request.into_body(), bytes_max);
    let bytes = BodyDataStream::new(body).map_err(|error| match error.is::<LengthLimitError>() {
        true => ChunkRefusal::Size,
        false => ChunkRefusal::BrokenOff,
    });
    let office = caller.session.office;
    let stored = app
        .store
        .store_chunk(id, office, part, query.offset, bytes, app.clock.now())
        .await?;
    stored.map(Json).map_err(|refusal| match refusal {
        ChunkRefusal::Unknown => ProblemCode::DeliveryUnknown.into(),
        ChunkRefusal::Size => ProblemCode::DeliveryMalformed.into(),
        ChunkRefusal::BrokenOff => ProblemCode::RequestMalformed.into(),
        ChunkRefusal::Offset { stored_bytes } => Problem::new(ProblemCode::UploadOffset)
            .with("offset", stored_bytes)
            .into(),
    })
}

/// What the look at an attachment found.
enum AttachmentFlaw {
    Kind,
    Unreadable(std::io::Error),
}

pub(crate) async fn commit(
    State(app): State<App>,
    caller: SignedIn,
    InPath(id): InPath<String>,
) -> Answer<Json<Accepted>> {
    let id = delivery_id(&id)?;
    // Licence and destination may have changed while the chunks came.
    if let Some(header) = app.store.upload_header(id, caller.session.office).await? {
        may_send(&app, &caller, &header).await?;
    }
    let inspect = Box::new(|header: &DeliveryHeader, part: usize, reader: &mut PartReader| {
        match header.parts.get(part).filter(|part| part.role == PartRole::Attachment) {
            None => Ok(()),
            Some(part) => match attachment_kind::is_permitted(reader, part.size_bytes) {
                Ok(true) => Ok(()),
                Ok(false) => Err(AttachmentFlaw::Kind),
                Err(error) => Err(AttachmentFlaw::Unreadable(error)),
            },
        }
    });
    let accepted = app
        .store
        .commit_upload(id, caller.actor(), inspect, app.clock.now())
        .await?;
    accepted.map(Json).map_err(|refusal| match refusal {
        CommitRefusal::Unknown => ProblemCode::DeliveryUnknown.into(),
        CommitRefusal::Conflict => ProblemCode::DeliveryConflict.into(),
        CommitRefusal::Refused(refusal) => of_acceptance(refusal),
        CommitRefusal::Digest { .. } => ProblemCode::DeliveryMalformed.into(),
        CommitRefusal::Incomplete { stored_bytes, .. } => Problem::new(ProblemCode::UploadOffset)
            .with("offset", stored_bytes)
            .into(),
        CommitRefusal::Inspected(AttachmentFlaw::Kind) => ProblemCode::AttachmentKindRefused.into(),
        CommitRefusal::Inspected(AttachmentFlaw::Unreadable(error)) => Refusal::internal(&error),
    })
}
