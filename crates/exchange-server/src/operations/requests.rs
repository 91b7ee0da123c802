//! Every request: an id of its own, one line in the log, and its place in the counts.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use exchange_protocol::{Problem, REQUEST_HEADER};
use exchange_store::SPANS;
use http::HeaderValue;
use tracing::{Instrument as _, field};
use uuid::Uuid;

use crate::app::App;

tokio::task_local! {
    static REQUEST: Uuid;
}

/// The id of the request that is being answered; of what nobody asked for a new one.
pub(crate) fn request_id() -> String {
    let id = REQUEST.try_with(|id| *id);
    id.unwrap_or_else(|_| Uuid::now_v7()).simple().to_string()
}

/// Gives a request its id and its span, and tells of it once it is answered: by the route as the table writes it, for an address
/// says what somebody asked for.
pub(crate) async fn watched(State(app): State<App>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = Uuid::now_v7();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str);
    // A trace begins here: what a client may say of its own is not believed (ADR 0045).
    let span = tracing::info_span!(
        target: SPANS,
        parent: None,
        "request",
        otel.kind = "server",
        otel.name = format!("{} {}", known(&method), route.unwrap_or("other")),
        http.request.method = known(&method),
        http.route = route.unwrap_or("other"),
        request.id = %id.simple(),
        http.response.status_code = field::Empty,
        problem.code = field::Empty,
        otel.status_code = field::Empty,
    );
    let mut response = REQUEST.scope(id, next.run(request)).instrument(span.clone()).await;
    let took = began.elapsed();
    let status = response.status().as_u16();
    span.record("http.response.status_code", status);
    if response.status().is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    app.meters.answered(&method, route, status, took);
    let code = response.extensions().get::<Problem>().map(|problem| problem.code);
    if let Some(code) = code {
        span.record("problem.code", code.as_str());
        app.meters.refused(code);
    }
    let id = id.simple();
    tracing::debug!(
        request.id = %id,
        request.method = known(&method),
        request.route = route.unwrap_or("other"),
        status,
        duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        problem.code = code.map(|code| code.as_str()),
        "a request was answered"
    );
    if let Ok(id) = HeaderValue::from_str(id.encode_lower(&mut Uuid::encode_buffer())) {
        response.headers_mut().insert(REQUEST_HEADER, id);
    }
    response
}

/// A method that there is; whatever else somebody wrote there stays out of the log.
fn known(method: &http::Method) -> &'static str {
    ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH"]
        .into_iter()
        .find(|known| method.as_str() == *known)
        .unwrap_or("other")
}
