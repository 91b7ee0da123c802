//! The way of large deliveries: begin, ask how far the server is, send chunks from there, commit.
//!
//! All of it is safe to repeat under the same id: the server's progress is the truth, and a delivery that was
//! committed already answers the commit with its first acceptance.

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use care_model::{ProblemCode, limits};
use exchange_protocol::{Accepted, DeliveryHeader, UploadProgress};
use futures::stream;
use http::{HeaderValue, Method, header};
use reqwest::Body;

use crate::{ClientError, SignedIn, deliveries::check_id, error::Cause};

/// Bytes handed to the line at a time, so that a slow line is seen to move.
const PIECE_BYTES: usize = 128 * 1_024;
/// How often the server may say within one call that it stands elsewhere.
const CORRECTIONS_MAX: u32 = 8;

/// Where the bytes of a delivery's parts are read from. Called on a thread that may block; at most one chunk
/// of [`limits::CHUNK_BYTES_MAX`] is asked for at a time.
pub trait PartSource: Send + Sync + 'static {
    /// Exactly `length` bytes of part `part` from `offset` on.
    fn read(&self, part: usize, offset: u64, length: usize) -> io::Result<Bytes>;

    /// Called before the commit of a large delivery is asked for, whether or not a byte was left to read; an error
    /// keeps it from being asked for. From then on only the server knows whether it holds the delivery. It must not block.
    fn before_commit(&self) -> io::Result<()> {
        Ok(())
    }
}

impl<F: Fn(usize, u64, usize) -> io::Result<Bytes> + Send + Sync + 'static> PartSource for F {
    fn read(&self, part: usize, offset: u64, length: usize) -> io::Result<Bytes> {
        self(part, offset, length)
    }
}

/// Parts that are in memory already.
impl PartSource for Arc<Vec<Bytes>> {
    fn read(&self, part: usize, offset: u64, length: usize) -> io::Result<Bytes> {
        let bytes = self.get(part).ok_or(io::ErrorKind::UnexpectedEof)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(length);
        if end > bytes.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes.slice(start..end))
    }
}

/// Reads from a source without holding up the other tasks.
pub(crate) async fn read_blocking(
    source: &(impl PartSource + Clone),
    part: usize,
    offset: u64,
    length: u64,
) -> Result<Bytes, ClientError> {
    let source = source.clone();
    let length = usize::try_from(length).map_err(|_| ClientError::Local(io::ErrorKind::OutOfMemory.into()))?;
    let read = tokio::task::spawn_blocking(move || source.read(part, offset, length)).await;
    match read {
        Ok(Ok(bytes)) if bytes.len() == length => Ok(bytes),
        Ok(Ok(_)) => Err(ClientError::Local(io::ErrorKind::UnexpectedEof.into())),
        Ok(Err(error)) => Err(ClientError::Local(error)),
        Err(panicked) => Err(ClientError::Local(io::Error::other(panicked))),
    }
}

pub(crate) async fn upload(
    line: &SignedIn,
    header: &DeliveryHeader,
    header_json: Bytes,
    source: &(impl PartSource + Clone),
    progress: &(impl Fn(u64) + Send + Sync),
) -> Result<Accepted, ClientError> {
    let mut stored = begin(line, header, header_json.clone()).await?;
    send_chunks(line, header, header_json, source, progress, &mut stored)
        .await
        .map_err(ClientError::after_bytes_left)
}

async fn send_chunks(
    line: &SignedIn,
    header: &DeliveryHeader,
    header_json: Bytes,
    source: &(impl PartSource + Clone),
    progress: &(impl Fn(u64) + Send + Sync),
    stored: &mut Vec<u64>,
) -> Result<Accepted, ClientError> {
    let mut corrections = 0;
    progress(stored.iter().sum());
    while let Some((part, offset)) = first_missing(header, stored) {
        let missing = header.parts[part].size_bytes - offset;
        let chunk = read_blocking(source, part, offset, missing.min(limits::CHUNK_BYTES_MAX)).await?;
        let answer = match put_chunk(line, header, part, offset, chunk).await {
            Ok(answer) => answer.stored_bytes,
            // Another attempt of this desk, before a crash, got further than was known here.
            Err(ClientError::Refused(problem)) if problem.code == ProblemCode::UploadOffset => {
                begin(line, header, header_json.clone()).await?
            }
            Err(error) => return Err(error),
        };
        check_progress(header, &answer)?;
        if answer[part] <= offset {
            corrections += 1;
            if corrections > CORRECTIONS_MAX {
                return Err(ClientError::Malformed(Cause::of("an upload that does not move on")));
            }
        }
        *stored = answer;
        progress(stored.iter().sum());
    }
    source.before_commit().map_err(ClientError::Local)?;
    let commit = line.request(Method::POST, &format!("/v1/uploads/{}/commit", header.id));
    check_id(line.client.call(commit).await?, header.id)
}

/// Begins or takes up the upload: how far the server is.
async fn begin(line: &SignedIn, header: &DeliveryHeader, header_json: Bytes) -> Result<Vec<u64>, ClientError> {
    let request = line
        .request(Method::POST, &format!("/v1/uploads/{}", header.id))
        .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .body(Body::from(header_json));
    let progress: UploadProgress = line.client.call(request).await?;
    check_progress(header, &progress.stored_bytes)?;
    Ok(progress.stored_bytes)
}

async fn put_chunk(
    line: &SignedIn,
    header: &DeliveryHeader,
    part: usize,
    offset: u64,
    chunk: Bytes,
) -> Result<UploadProgress, ClientError> {
    let moved = Arc::new(AtomicU64::new(0));
    let length = chunk.len();
    let request = line
        .request(
            Method::PUT,
            &format!("/v1/uploads/{}/{part}?offset={offset}", header.id),
        )
        .header(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        )
        .header(header::CONTENT_LENGTH, HeaderValue::from(length))
        .body(in_pieces(chunk, Arc::clone(&moved)));
    let response = line.client.send_watched(request, Some(moved)).await?;
    line.client.read_json(response).await
}

/// The chunk as a body that says when a piece of it was taken by the line.
fn in_pieces(chunk: Bytes, moved: Arc<AtomicU64>) -> Body {
    Body::wrap_stream(stream::unfold(chunk, move |mut rest| {
        let moved = Arc::clone(&moved);
        async move {
            if rest.is_empty() {
                return None;
            }
            let piece = rest.split_to(rest.len().min(PIECE_BYTES));
            moved.fetch_add(piece.len() as u64, Ordering::Relaxed);
            Some((Ok::<_, Infallible>(piece), rest))
        }
    }))
}

/// The first part that is not whole, and from where.
fn first_missing(header: &DeliveryHeader, stored: &[u64]) -> Option<(usize, u64)> {
    let mut parts = header.parts.iter().zip(stored).enumerate();
    parts.find_map(|(place, (part, stored))| (*stored < part.size_bytes).then_some((place, *stored)))
}

fn check_progress(header: &DeliveryHeader, stored: &[u64]) -> Result<(), ClientError> {
    let fits = stored.len() == header.parts.len()
        && header
            .parts
            .iter()
            .zip(stored)
            .all(|(part, stored)| *stored <= part.size_bytes);
    if fits {
        Ok(())
    } else {
        Err(ClientError::Malformed(Cause::of(
            "progress that is not of this delivery",
        )))
    }
}
