//! Claim, fetch, confirm (D4).

use std::time::Duration;

use backon::BackoffBuilder;
use bytes::Bytes;
use care_model::{DeliveryId, limits};
use exchange_protocol::{ByteRange, Claim, ClaimRequest, ConfirmRequest, ContentRange, Received};
use http::{HeaderValue, Method, StatusCode, header};
use reqwest::Response;

use crate::{
    ClientError, SignedIn,
    transport::{json_body, reading_delays},
};

/// Bytes asked for at a time. Every range renews the claim's lease, so even a slow line keeps it.
const RANGE_BYTES: u64 = limits::CHUNK_BYTES_MAX;

impl SignedIn {
    /// Asks for the right to fetch a delivery. With `take_over_fence` a person, told what that means, takes it from
    /// the terminal that holds it under that fence.
    pub async fn claim(&self, id: DeliveryId, take_over_fence: Option<u64>) -> Result<Claim, ClientError> {
        let request = self.request(Method::POST, &format!("/v1/inbox/{id}/claim"));
        let claim: Claim = self
            .client
            .call(json_body(request, &ClaimRequest { take_over_fence })?)
            .await?;
        if claim.id == id && claim.header.id == id {
            Ok(claim)
        } else {
            Err(ClientError::malformed("the claim of another delivery"))
        }
    }

    /// The bytes of one part from `from_offset` on. The caller checks the digest of the whole.
    pub fn fetch_part(&self, claim: &Claim, part: usize, from_offset: u64) -> Result<PartStream, ClientError> {
        let size_bytes = claim
            .header
            .parts
            .get(part)
            .map(|part| part.size_bytes)
            .filter(|size| from_offset <= *size)
            .ok_or_else(|| ClientError::malformed("a part that the claim does not have"))?;
        Ok(PartStream {
            line: self.clone(),
            path: format!("/v1/inbox/{}/parts/{part}?fence={}", claim.id, claim.fence),
            offset: from_offset,
            size_bytes,
            range: None,
            // Begun behind its last byte it is complete, and no range could be asked for.
            asked: from_offset > 0 && from_offset == size_bytes,
            delays: Box::new(reading_delays().build()),
        })
    }

    /// Says that every byte is stored durably and was checked. Safe to repeat until it is answered.
    pub async fn confirm(&self, id: DeliveryId, fence: u64) -> Result<Received, ClientError> {
        let request = self.request(Method::POST, &format!("/v1/inbox/{id}/confirm"));
        let received: Received = self.client.call(json_body(request, &ConfirmRequest { fence })?).await?;
        if received.id == id {
            Ok(received)
        } else {
            Err(ClientError::malformed("the confirmation of another delivery"))
        }
    }
}

/// A part on its way here. It asks for range after range, and again from where it stands when the line breaks,
/// a few times without progress.
pub struct PartStream {
    line: SignedIn,
    path: String,
    offset: u64,
    size_bytes: u64,
    /// The range being received, and where it ends.
    range: Option<(Response, u64)>,
    /// Whether nothing need be asked for any more once the end is reached: an empty part is asked for once, so that
    /// the server knows it was served.
    asked: bool,
    delays: Box<dyn Iterator<Item = Duration> + Send + Sync>,
}

impl PartStream {
    /// Where the next byte belongs.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next bytes in order, or none when the part is complete.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        loop {
            match self.try_next().await {
                Ok(Some(bytes)) => {
                    self.delays = Box::new(reading_delays().build());
                    return Ok(Some(bytes));
                }
                Ok(None) => return Ok(None),
                Err(error) if error.is_line() => {
                    self.range = None;
                    match self.delays.next() {
                        Some(delay) => tokio::time::sleep(delay).await,
                        None => return Err(error),
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn try_next(&mut self) -> Result<Option<Bytes>, ClientError> {
        loop {
            if let Some((response, end)) = &mut self.range {
                match self.line.client.next_bytes(response).await? {
                    Some(bytes) if bytes.is_empty() => continue,
                    Some(bytes) if self.offset + bytes.len() as u64 > *end => {
                        return Err(ClientError::malformed("more bytes than were asked for"));
                    }
                    Some(bytes) => {
                        self.offset += bytes.len() as u64;
                        return Ok(Some(bytes));
                    }
                    None if self.offset < *end => {
                        return Err(ClientError::malformed("fewer bytes than were announced"));
                    }
                    None => self.range = None,
                }
            } else if self.asked && self.offset == self.size_bytes {
                return Ok(None);
            } else {
                self.range = Some(self.ask().await?);
                self.asked = true;
            }
        }
    }

    async fn ask(&self) -> Result<(Response, u64), ClientError> {
        let end = self.size_bytes.min(self.offset + RANGE_BYTES);
        let mut request = self.line.request(Method::GET, &self.path);
        // An empty range cannot be said in HTTP: what is empty is asked for whole.
        let asked = (end > self.offset).then(|| ContentRange {
            first: self.offset,
            last: end - 1,
            size_bytes: self.size_bytes,
        });
        let range = asked.and_then(|asked| ByteRange::Between(asked.first, asked.last).said());
        if let Some(range) = range {
            let range = HeaderValue::try_from(range);
            request = request.header(
                header::RANGE,
                range.map_err(|_| ClientError::malformed("a range that no header can hold"))?,
            );
        }
        let response = self.line.client.send(request).await?;
        let is_asked = match response.status() {
            StatusCode::PARTIAL_CONTENT => {
                let held = response.headers().get(header::CONTENT_RANGE);
                let held = held.and_then(|held| ContentRange::read(held.to_str().ok()?));
                held.is_some() && held == asked
            }
            // The whole part fits one range and was sent whole.
            StatusCode::OK => self.offset == 0 && end == self.size_bytes,
            _ => false,
        };
        if is_asked {
            Ok((response, end))
        } else {
            Err(ClientError::malformed("another range than was asked for"))
        }
    }
}
