//! New versions of the client.

use bytes::Bytes;
use exchange_protocol::{ClientVersion, UpdateOffer, UpdateTarget};
use http::{Method, StatusCode};
use reqwest::Response;

use crate::{ClientError, ExchangeClient};

impl ExchangeClient {
    /// What the exchange offers that is newer than this version. Nothing of it is to be believed before the
    /// publisher's signature was checked.
    pub async fn update_offer(
        &self,
        target: &UpdateTarget,
        version: ClientVersion,
    ) -> Result<Option<UpdateOffer>, ClientError> {
        let path = format!("/v1/updates/{target}/{version}");
        self.read_again(|| async {
            let response = self.send(self.request(Method::GET, &path, None)).await?;
            if response.status() == StatusCode::NO_CONTENT {
                return Ok(None);
            }
            let offer: UpdateOffer = self.read_json(response).await?;
            if offer.is_within_limits() {
                Ok(Some(offer))
            } else {
                Err(ClientError::malformed("an update over its limits"))
            }
        })
        .await
    }

    /// The installer of an offer, piece by piece.
    pub async fn update_file(&self, target: &UpdateTarget, offer: &UpdateOffer) -> Result<UpdateStream, ClientError> {
        let path = format!("/v1/updates/{target}/{}/file", offer.version);
        Ok(UpdateStream {
            response: self.send(self.request(Method::GET, &path, None)).await?,
            client: self.clone(),
            left_bytes: offer.size_bytes,
        })
    }
}

/// The bytes of an installer: exactly as many as were offered, or an error.
pub struct UpdateStream {
    client: ExchangeClient,
    response: Response,
    left_bytes: u64,
}

impl UpdateStream {
    /// The next bytes; none at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        match self.client.next_bytes(&mut self.response).await? {
            Some(bytes) if bytes.len() as u64 > self.left_bytes => {
                Err(ClientError::malformed("more bytes than were offered"))
            }
            Some(bytes) => {
                self.left_bytes -= bytes.len() as u64;
                Ok(Some(bytes))
            }
            None if self.left_bytes > 0 => Err(ClientError::malformed("fewer bytes than were offered")),
            None => Ok(None),
        }
    }
}
