//! For whoever runs the exchange (ADR 0033): whether it lives, whether it is ready, and what it counts, at an address of
//! its own, in plain HTTP, for this machine or a network that nobody else is in.

mod health;
mod meters;
mod requests;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderValue, StatusCode, header};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinSet,
};

pub(crate) use health::Health;
pub(crate) use meters::{Meters, Open};
pub(crate) use requests::{request_id, watched};

use crate::{
    app::App,
    listener::{is_ending, speak},
};

/// Connections at once.
const CONNECTIONS_MAX: usize = 64;
/// How often measured times are sorted into their steps when nobody asks.
const TIDY_EVERY: Duration = Duration::from_secs(5);
/// The text format of Prometheus.
const METRICS_MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves until the server has ended.
pub(crate) async fn serve(listener: TcpListener, app: App, mut ending: watch::Receiver<bool>) {
    let router = router(app.clone());
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    let mut tidying = tokio::time::interval(TIDY_EVERY);
    loop {
        let accepted = tokio::select! {
            () = is_ending(&mut ending) => break,
            _ = tidying.tick() => {
                app.meters.tidy();
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            let (router, ending) = (router.clone(), ending.clone());
            connections.spawn(async move {
                speak(stream, |_| {}, router, ending).await;
                drop(place);
            });
        }
    }
    drop(listener);
    connections.shutdown().await;
}

fn router(app: App) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(app)
}

/// Answers while the process lives.
async fn health() -> Response {
    kept_by_nobody(Json(serde_json::json!({ "state": "alive" })).into_response())
}

async fn ready(State(app): State<App>) -> Response {
    let readiness = app.health.look(&app).await;
    let status = match readiness.state.serves() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    kept_by_nobody((status, Json(readiness)).into_response())
}

async fn metrics(State(app): State<App>) -> Response {
    look_around(&app).await;
    let mut response = app.meters.render().unwrap_or_default().into_response();
    let media_type = HeaderValue::from_static(METRICS_MEDIA_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    kept_by_nobody(response)
}

fn kept_by_nobody(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Looks up what is not counted as it happens.
#[allow(
    clippy::cast_precision_loss,
    reason = "Prometheus knows floats only; a thousandth of a thousandth is no loss here"
)]
async fn look_around(app: &App) {
    let gauges = &app.meters.gauges;
    let readiness = app.health.look(app).await;
    let yes = |is: bool| if is { 1.0 } else { 0.0 };
    gauges.epoch.set(app.epoch as f64);
    gauges.ready.set(yes(readiness.state.serves()));
    gauges.storage_writes.set(yes(readiness.storage_writes));
    gauges
        .audit_sealed_seconds
        .set(readiness.audit_sealed_seconds_ago as f64);
    gauges.swept_seconds.set(readiness.swept_seconds_ago as f64);
    if let Some(free) = readiness.disk_free_bytes {
        gauges.disk_free_bytes.set(free as f64);
    }
    gauges.start_time.set(app.health.started_at().timestamp() as f64);
    gauges.waiting_acts.set(app.store.waiting_acts() as f64);
    match app.health.figures(app).await {
        Ok(figures) => {
            gauges.waiting_deliveries.set(figures.waiting_deliveries as f64);
            gauges.waiting_bytes.set(figures.waiting_bytes as f64);
            gauges.uploads.set(figures.uploads as f64);
            gauges.erasures.set(figures.erasures as f64);
            gauges.mails.set(figures.mails as f64);
            gauges.contents_missing.set(figures.contents_missing as f64);
            gauges.unsealed_lines.set(figures.unsealed_lines as f64);
            gauges.database_bytes.set(figures.database_bytes as f64);
        }
        Err(error) => tracing::warn!(%error, "the store's figures cannot be read"),
    }
    if let Some(bytes) = resident_bytes() {
        gauges.resident_bytes.set(bytes as f64);
    }
    if let Some(files) = open_files() {
        gauges.open_files.set(files as f64);
    }
}

/// The memory of this process, where the system shows it as a file.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024)
}

fn open_files() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count())
}
