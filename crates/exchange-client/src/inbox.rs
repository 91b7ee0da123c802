//! 受信一覧: the list, and the cover of a row.

use bytes::Bytes;
use care_model::{DeliveryId, limits};
use exchange_protocol::{InboxEntry, Page};
use http::Method;

use crate::{ClientError, SignedIn};

impl SignedIn {
    /// A page of 受信一覧 by rising change, from behind `after`.
    pub async fn inbox(&self, after: u64, limit: u32) -> Result<Page<InboxEntry>, ClientError> {
        self.list("/v1/inbox", after, limit).await
    }

    /// The cover of a delivery, as sent. Reading it does not make the delivery 済. The caller checks its digest.
    pub async fn cover(&self, id: DeliveryId) -> Result<Bytes, ClientError> {
        let path = format!("/v1/inbox/{id}/cover");
        self.client
            .read_again(|| async {
                let response = self.client.send(self.request(Method::GET, &path)).await?;
                self.client.read_body(response, limits::COVER_BYTES_MAX as usize).await
            })
            .await
    }
}
