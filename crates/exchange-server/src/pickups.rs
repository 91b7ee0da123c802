//! Receiving: the cover, then claim, ranges, confirmation (D4).

use axum::{
    Json,
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use care_model::ProblemCode;
use exchange_flow::delivery::DeliveryRefusal;
use exchange_protocol::{ByteRange, Claim, ClaimRequest, ConfirmRequest, ContentRange, Received};
use exchange_store::{ClaimRefusal, PartReader, Serving, ServingSource, blocking};
use futures::stream;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use tracing::Span;

use crate::{
    app::App,
    deliveries::delivery_id,
    extract::{BYTES_MEDIA_TYPE, InPath, InQuery, JsonBody, SignedIn},
    refusal::{Answer, Refusal, of_claim},
};

/// Bytes of a large part that are in memory at a time.
const STREAM_BYTES: usize = 256 * 1_024;

pub(crate) async fn cover(State(app): State<App>, caller: SignedIn, InPath(id): InPath<String>) -> Answer<Response> {
    let id = delivery_id(&id)?;
    match app.store.cover(id, &caller.actor()).await? {
        Ok(bytes) => Ok(octets(Body::from(bytes))),
        Err(refusal) => Err(named(&app, &refusal).await?),
    }
}

pub(crate) async fn claim(
    State(app): State<App>,
    caller: SignedIn,
    InPath(id): InPath<String>,
    JsonBody(request): JsonBody<ClaimRequest>,
) -> Answer<Json<Claim>> {
    let id = delivery_id(&id)?;
    let claimed = app
        .store
        .claim(id, caller.actor(), request.take_over_fence, app.clock.now())
        .await?;
    match claimed {
        Ok(claim) => Ok(Json(claim)),
        Err(refusal) => Err(named(&app, &refusal).await?),
    }
}

pub(crate) async fn confirm(
    State(app): State<App>,
    caller: SignedIn,
    InPath(id): InPath<String>,
    JsonBody(request): JsonBody<ConfirmRequest>,
) -> Answer<Json<Received>> {
    let id = delivery_id(&id)?;
    let confirmed = app
        .store
        .confirm(id, caller.actor(), request.fence, app.clock.now())
        .await?;
    match confirmed {
        Ok(received) => Ok(Json(received)),
        Err(refusal) => Err(named(&app, &refusal).await?),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartQuery {
    fence: u64,
}

pub(crate) async fn part(
    State(app): State<App>,
    caller: SignedIn,
    InPath((id, part)): InPath<(String, usize)>,
    InQuery(query): InQuery<PartQuery>,
    headers: HeaderMap,
) -> Answer<Response> {
    let id = delivery_id(&id)?;
    let range = match headers.get(header::RANGE) {
        None => ByteRange::Whole,
        Some(value) => {
            let range = value.to_str().ok().and_then(ByteRange::read);
            range.ok_or(ProblemCode::RequestMalformed)?
        }
    };
    let served = app
        .store
        .serve(id, part, caller.actor(), query.fence, range, app.clock.now())
        .await?;
    match served {
        Ok(serving) => answer(serving, range != ByteRange::Whole),
        Err(refusal) => Err(named(&app, &refusal).await?),
    }
}

/// The refusal, with the name of the terminal that has the delivery.
async fn named(app: &App, refusal: &ClaimRefusal) -> Answer<Refusal> {
    let holder = match refusal {
        ClaimRefusal::Refused(DeliveryRefusal::ClaimedElsewhere(claim)) => app.store.terminal(claim.terminal).await?,
        _ => None,
    };
    Ok(of_claim(
        refusal,
        holder.as_ref().map(|terminal| terminal.name.as_str()),
    ))
}

fn answer(serving: Serving, is_partial: bool) -> Answer<Response> {
    let (start, end) = (serving.start, serving.end);
    let body = match serving.source {
        ServingSource::Memory(bytes) => Body::from(bytes),
        ServingSource::File(reader) => Body::from_stream(stream_file(reader, start, end)),
    };
    let mut response = octets(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(end - start));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if is_partial {
        let range = ContentRange {
            first: start,
            last: end.saturating_sub(1),
            size_bytes: serving.part_bytes,
        };
        let range = HeaderValue::try_from(range.to_string()).map_err(|error| Refusal::internal(&error))?;
        headers.insert(header::CONTENT_RANGE, range);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// A part as it is decrypted, a little at a time, where it may block.
fn stream_file(
    reader: Box<PartReader>,
    start: u64,
    end: u64,
) -> impl futures::Stream<Item = Result<Bytes, std::io::Error>> {
    // The head is answered by now; what is read for the body still belongs to the request.
    let request = Span::current();
    stream::try_unfold(
        (reader, start, request),
        move |(mut reader, offset, request)| async move {
            if offset >= end {
                return Ok(None);
            }
            let length = usize::try_from(end - offset).unwrap_or(usize::MAX).min(STREAM_BYTES);
            let read = request.in_scope(|| {
                blocking(move || {
                    let bytes = reader.read_range(offset, length)?;
                    Ok::<_, std::io::Error>((bytes, reader))
                })
            });
            let (bytes, reader) = read.await.map_err(std::io::Error::other)??;
            let next = offset + bytes.len() as u64;
            Ok(Some((Bytes::from(bytes), (reader, next, request))))
        },
    )
}

fn octets(body: Body) -> Response {
    let mut response = body.into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(BYTES_MEDIA_TYPE));
    response
}
