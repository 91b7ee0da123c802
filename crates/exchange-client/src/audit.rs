//! The office's own part of the audit.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::Method;
use reqwest::Response;

use crate::{ClientError, ExchangeClient, SignedIn};

impl SignedIn {
    /// The office's own part of the audit, piece by piece: lines of JSON up to where it is sealed. Whether it is whole
    /// and unchanged is for whoever verifies it.
    pub async fn audit_export(&self) -> Result<AuditStream, ClientError> {
        self.audit_lines("/v1/audit/export").await
    }

    /// What was done in a period by and to the office, with a signed receipt of each delivery, piece by piece. Whether
    /// it is whole and unchanged is for whoever verifies it.
    pub async fn audit_record(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<AuditStream, ClientError> {
        let (from, until) = (from.timestamp(), until.timestamp());
        self.audit_lines(&format!("/v1/audit/record?from={from}&until={until}"))
            .await
    }

    async fn audit_lines(&self, path: &str) -> Result<AuditStream, ClientError> {
        let request = self.request(Method::GET, path);
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
