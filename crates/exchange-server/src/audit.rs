//! The audit at the server: the sealer that runs beside everything else (D10), and taking an office's part out.

mod admin;
mod period;

use std::{io, sync::Arc, time::Duration};

use axum::{body::Body, extract::State, response::Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use exchange_audit::{Chain, Export, Signer};
use exchange_store::{SealedRecord, Store, StoreError};
use futures::{Stream, TryStreamExt as _, stream};
use http::{HeaderValue, header};
use thiserror::Error;
use tokio::{sync::watch, time::MissedTickBehavior};

use crate::{
    app::{App, exchange_name},
    extract::SignedIn,
    listener,
    refusal::{Answer, Refusal},
};

pub use admin::AuditExported;
pub(crate) use period::record;

/// What an export is, as its own line ends say.
const EXPORT_MEDIA_TYPE: &str = "application/x-ndjson";

/// Chains and signs from time to time until the server ends, and once more then.
pub(crate) async fn seal_again(app: App, every: Duration, mut ending: watch::Receiver<bool>) {
    let mut turns = tokio::time::interval(every);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let ends = tokio::select! {
            () = listener::is_ending(&mut ending) => true,
            _ = turns.tick() => false,
        };
        let now = app.clock.now();
        let sealed = async {
            // The last lines of a node that ends are sealed by the others.
            if app.store.takes_turn("sealed_at", every, now).await? {
                // Spread over most of the time until the next turn; who ends has no time to spread.
                tokio::select! {
                    biased;
                    () = listener::is_ending(&mut ending) => app.store.seal_audit(&app.audit, now).await?,
                    sealed = app.store.seal_audit_over(&app.audit, now, every * 4 / 5) => sealed?,
                };
            }
            Ok::<_, StoreError>(())
        };
        match sealed.await {
            Ok(()) => app.health.sealed(now),
            Err(error) => tracing::error!(%error, "the audit could not be sealed and is tried again"),
        }
        if ends {
            return;
        }
    }
}

/// An office's own part of the audit, up to where it is sealed.
pub(crate) async fn export(State(app): State<App>, caller: SignedIn) -> Answer<Response> {
    office_export(&app, caller.session.office).await
}

/// The answer with an office's part of the audit; the caller has made sure that it may have it.
pub(crate) async fn office_export(app: &App, office: care_model::OfficeNumber) -> Answer<Response> {
    chain_export(app, Some(office)).await
}

/// The same of an office's chain, or without one of the exchange's own.
pub(crate) async fn chain_export(app: &App, office: Option<care_model::OfficeNumber>) -> Answer<Response> {
    let source = ExportSource {
        store: app.store.clone(),
        signer: Arc::clone(&app.audit),
        exchange: exchange_name(&app.store).await?,
        chain: office.map_or(Chain::Exchange, Chain::Office),
        made_at: app.clock.now(),
    };
    let lines = source.lines().await.map_err(|error| match error {
        ExportError::Store(error) => Refusal::from(error),
        error @ ExportError::Write(_) => Refusal::internal(&error),
    })?;
    Ok(lines_answer(
        Body::from_stream(lines.map_err(io::Error::other)),
        "attachment; filename=\"audit.jsonl\"",
    ))
}

/// An answer of lines, to be kept as a file.
fn lines_answer(body: Body, disposition: &'static str) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(EXPORT_MEDIA_TYPE));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
    response
}

/// Why an export broke off. What was written lacks its end, by which whoever verifies it knows.
#[derive(Debug, Error)]
pub(crate) enum ExportError {
    /// The storage.
    #[error("the exchange's storage cannot be used")]
    Store(#[from] StoreError),
    /// A line.
    #[error("a line of the export could not be written")]
    Write(#[from] exchange_audit::WriteError),
}

/// What an export is made from.
pub(crate) struct ExportSource {
    pub(crate) store: Store,
    pub(crate) signer: Arc<Signer>,
    pub(crate) exchange: String,
    pub(crate) chain: Chain,
    pub(crate) made_at: DateTime<Utc>,
}

/// Where a stream of lines is.
enum Place {
    Head,
    After(u64),
    Done,
}

impl ExportSource {
    /// The lines, some at a time, up to where the chain is sealed now.
    pub(crate) async fn lines(self) -> Result<impl Stream<Item = Result<Bytes, ExportError>> + use<>, ExportError> {
        let sealed = self.store.audit_sealed(self.chain).await?;
        let up_to = sealed.map_or(0, |checkpoint| checkpoint.sequence);
        let (export, head) = Export::begin(self.chain, self.exchange.clone(), &self.signer, self.made_at)?;
        let start = (self, Some(export), Place::Head, head);
        Ok(stream::try_unfold(
            start,
            move |(source, mut export, place, head)| async move {
                let after = match place {
                    Place::Head => return Ok(Some((Bytes::from(head), (source, export, Place::After(0), Vec::new())))),
                    Place::After(after) => after,
                    Place::Done => return Ok(None),
                };
                let page = source.store.audit_records(source.chain, after, up_to).await?;
                let mut bytes = Vec::new();
                if let Some(export) = export.as_mut() {
                    for SealedRecord {
                        record,
                        hash,
                        checkpoint,
                    } in page.records
                    {
                        bytes.extend(export.record(record, hash)?);
                        if let Some((checkpoint, signature)) = checkpoint {
                            bytes.extend(export.checkpoint(checkpoint, signature)?);
                        }
                    }
                }
                let place = match (page.next, export.take()) {
                    (Some(next), whole) => {
                        export = whole;
                        Place::After(next)
                    }
                    (None, Some(whole)) => {
                        bytes.extend(whole.end(&source.signer)?);
                        Place::Done
                    }
                    (None, None) => Place::Done,
                };
                Ok(Some((Bytes::from(bytes), (source, export, place, Vec::new()))))
            },
        ))
    }
}
