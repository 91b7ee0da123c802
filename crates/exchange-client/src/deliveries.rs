//! Sending: the one call that picks the way, and the way of small deliveries.

use bytes::Bytes;
use care_model::{DeliveryId, limits};
use exchange_protocol::{Accepted, DeliveryHeader, OutboxEntry, Page, Recalled, envelope};
use http::{HeaderValue, Method, header};
use reqwest::Body;

use crate::{
    ClientError, PartSource, SignedIn,
    error::Cause,
    upload::{read_blocking, upload},
};

impl SignedIn {
    /// Sends a delivery and returns once the server holds it durably.
    ///
    /// `header_json` are the header's exact bytes as they were stored before the first attempt: their digest is the
    /// delivery's identity, so every attempt must give the same. Calling again after any failure is safe, goes on
    /// where the server stands, and never makes a second delivery. `progress` hears how many bytes of the parts the
    /// server has said that it holds.
    pub async fn send(
        &self,
        header_json: Bytes,
        source: &(impl PartSource + Clone),
        progress: impl Fn(u64) + Send + Sync,
    ) -> Result<Accepted, ClientError> {
        let header: DeliveryHeader =
            serde_json::from_slice(&header_json).map_err(|error| ClientError::Local(error.into()))?;
        if !header.is_single_request() {
            return upload(self, &header, header_json, source, &progress).await;
        }
        let mut parts = Vec::with_capacity(header.parts.len());
        for (place, part) in header.parts.iter().enumerate() {
            parts.push(read_blocking(source, place, 0, part.size_bytes).await?);
        }
        let accepted = self.send_small(header.id, &header_json, &parts).await?;
        progress(header.total_bytes());
        Ok(accepted)
    }

    /// Sends a delivery of at most [`limits::SINGLE_REQUEST_BYTES_MAX`] in one request.
    pub async fn send_small(
        &self,
        id: DeliveryId,
        header_json: &[u8],
        parts: &[Bytes],
    ) -> Result<Accepted, ClientError> {
        let request = self
            .request(Method::PUT, &format!("/v1/deliveries/{id}"))
            .header(header::CONTENT_TYPE, HeaderValue::from_static(envelope::MEDIA_TYPE))
            .body(Body::from(envelope::write(header_json, parts)));
        let accepted: Accepted = self.client.call(request).await?;
        check_id(accepted, id)
    }

    /// Takes a delivery back (送信取消) that nobody has fetched. Safe to repeat until it is answered: the answer to a
    /// second call is that to the first.
    pub async fn recall(&self, id: DeliveryId) -> Result<Recalled, ClientError> {
        let request = self.request(Method::POST, &format!("/v1/outbox/{id}/recall"));
        let recalled: Recalled = self.client.call(request).await?;
        if recalled.id == id {
            Ok(recalled)
        } else {
            Err(ClientError::malformed("the recall of another delivery"))
        }
    }

    /// A page of 送信一覧 by rising change, from behind `after`.
    pub async fn outbox(&self, after: u64, limit: u32) -> Result<Page<OutboxEntry>, ClientError> {
        self.list("/v1/outbox", after, limit).await
    }

    pub(crate) async fn list<Row: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        after: u64,
        limit: u32,
    ) -> Result<Page<Row>, ClientError> {
        let path = format!("{path}?after={after}&limit={}", limit.min(limits::PAGE_ROWS_MAX));
        let page: Page<Row> = self
            .client
            .read_again(|| self.client.call(self.request(Method::GET, &path)))
            .await?;
        if page.more && page.next <= after {
            // A cursor that stands still would be asked for without end.
            return Err(ClientError::malformed("a page that does not move on"));
        }
        Ok(page)
    }
}

/// An acceptance must be of what was sent.
pub(crate) fn check_id(accepted: Accepted, id: DeliveryId) -> Result<Accepted, ClientError> {
    if accepted.id == id {
        Ok(accepted)
    } else {
        Err(ClientError::Malformed(Cause::of("the acceptance of another delivery")))
    }
}
