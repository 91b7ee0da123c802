//! Every request: an id of its own, one line in the log, and its place in the counts.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use exchange_protocol::{Problem, REQUEST_HEADER};
use http::HeaderValue;
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

/// Gives a request its id, and tells of it once it is answered: by the route as the table writes it, for an address
/// says what somebody asked for.
pub(crate) async fn watched(State(app): State<App>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = Uuid::now_v7();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = REQUEST.scope(id, next.run(request)).await;
    let took = began.elapsed();
    let status = response.status().as_u16();
    let route = route.as_ref().map(MatchedPath::as_str);
    app.meters.answered(&method, route, status, took);
    let code = response.extensions().get::<Problem>().map(|problem| problem.code);
    if let Some(code) = code {
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
