//! The office's own part of the audit.

use bytes::Bytes;
use http::Method;
use reqwest::Response;

use crate::{ClientError, ExchangeClient, SignedIn};

impl SignedIn {
    /// The office's own part of the audit, piece by piece: lines of JSON up to where it is sealed. Whether it is whole
    /// and unchanged is for whoever verifies it.
    pub async fn audit_export(&self) -> Result<AuditStream, ClientError> {
        let request = self.request(Method::GET, "/v1/audit/export");
        Ok(AuditStream {
            response: self.client.send(request).await?,
            client: self.client.clone(),
        })
    }
}

/// The bytes of an export.
pub struct AuditStream {
    client: ExchangeClient,
    response: Response,
}

impl AuditStream {
    /// The next bytes; none at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        self.client.next_bytes(&mut self.response).await
    }
}
