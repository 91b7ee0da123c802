//! Traces for an operator's collector, in the form of OpenTelemetry (ADR 0045): OTLP as protobuf over plain HTTP.
//!
//! What leaves is what this program says under [`SPANS`], and nothing that a library or a log line says. A span that is
//! over waits in a bounded queue from which a thread of its own sends; when the queue is full it is dropped. So a
//! collector that is away, slow or refuses costs spans, and never anybody's time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use bytes::Bytes;
use exchange_server::TracesSettings;
use exchange_store::SPANS;
use http::{Request, Response};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HttpClient, HttpError, hyper::HyperClient};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData, SpanExporter},
};
use tokio::runtime::Handle;
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

/// How long a collector may take for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How long the end of the server waits for what was not sent yet.
const END_MAX: Duration = Duration::from_secs(2);
/// The name of the program among others that send to the same collector.
const SERVICE: &str = "careplan-exchange";

/// What sends traces; it ends in order by [`Traces::end`].
pub(super) struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Begins to send. The collector need not be there.
    pub(super) fn start(settings: &TracesSettings) -> Result<Self> {
        let address = settings.address().context("traces have no address")?;
        let client = Collector {
            client: Arc::new(HyperClient::with_default_connector(ANSWER_MAX, None)),
            runtime: Handle::current(),
        };
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(address.to_string())
            .with_timeout(ANSWER_MAX)
            .build()
            .context("setting up traces")?;
        let watched = Watched {
            exporter,
            fails: AtomicBool::new(false),
        };
        let resource = Resource::builder()
            .with_service_name(SERVICE)
            .with_attribute(opentelemetry::KeyValue::new(
                "service.version",
                env!("CARGO_PKG_VERSION"),
            ))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(watched).build())
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
                f64::from(settings.percent) / 100.0,
            ))))
            .with_resource(resource)
            .build();
        Ok(Self { provider })
    }

    /// What hands spans on: ours alone, without events, places in the source, threads and times of waiting.
    pub(super) fn layer<S>(&self) -> impl Layer<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let ours = filter_fn(|metadata| metadata.is_span() && metadata.target() == SPANS);
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(SERVICE))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(ours.with_max_level_hint(LevelFilter::INFO))
    }

    /// Sends what waits, if the collector takes it within a short time.
    pub(super) async fn end(self) {
        let ended = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(END_MAX));
        if !matches!(ended.await, Ok(Ok(()))) {
            tracing::info!("the last traces were not delivered");
        }
    }
}

/// The line to the collector. Spans are sent from a thread that has no runtime, so it brings the server's along.
#[derive(Debug)]
struct Collector {
    client: Arc<HyperClient>,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = Arc::clone(&self.client);
        self.runtime
            .spawn(async move { client.send_bytes(request).await })
            .await?
    }
}

/// Says once when spans cannot be delivered, and once when they can again.
#[derive(Debug)]
struct Watched<E> {
    exporter: E,
    fails: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch).await;
        match (&sent, self.fails.swap(sent.is_err(), Ordering::Relaxed)) {
            (Err(error), false) => {
                tracing::warn!(%error, "traces cannot be delivered, and are dropped until they can");
            }
            (Ok(()), true) => tracing::info!("traces are delivered again"),
            _ => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
