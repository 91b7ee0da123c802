//! The API as one document (OpenAPI 3.1), made from the tables that the server itself stands on (ADR 0027).
//!
//! Who may call an endpoint comes from the router's table, what it takes and gives from [`endpoints`], the shapes from
//! [`schemas`]. In builds with debug assertions an answer that is not in the document ends the process's test.

mod endpoints;
mod schemas;

use std::collections::BTreeMap;

use axum::response::{IntoResponse as _, Response};
use care_model::{ProblemCode, limits};
use exchange_protocol::{EPOCH_HEADER, PROBLEM_MEDIA_TYPE, PROTOCOL_VERSION, Problem, REQUEST_HEADER, VERSION_HEADER};
use http::{HeaderValue, header};
use serde_json::{Map, Value, json};

use endpoints::Gives;
pub(crate) use endpoints::{Body, DESCRIPTIONS, Description};

use crate::{
    extract::{BYTES_MEDIA_TYPE, JSON_MEDIA_TYPE},
    router::{Caller, ENDPOINTS, Endpoint, Listener, SANDBOX_ENDPOINTS},
};

/// The document as it is printed, served and kept in the repository.
pub fn openapi() -> String {
    let mut text = format!("{:#}", document());
    text.push('\n');
    text
}

/// Gives the document to whoever asks.
pub(crate) async fn serve() -> Response {
    let mut response = openapi().into_response();
    let media_type = HeaderValue::from_static(JSON_MEDIA_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

/// What is said of an endpoint; none for one that nobody described, which a test does not let pass.
pub(crate) fn description(endpoint: &Endpoint) -> Option<&'static Description> {
    DESCRIPTIONS
        .iter()
        .find(|described| (described.method, described.path) == (endpoint.method, endpoint.path))
}

/// Every reason for which an endpoint can refuse.
pub(crate) fn refusals(endpoint: &Endpoint, described: &Description) -> Vec<ProblemCode> {
    use ProblemCode as P;
    let mut codes = vec![
        P::RequestMalformed,
        P::ServerIncompatible,
        P::ServerBusy,
        P::TooManyRequests,
        P::Internal,
    ];
    if described.body != Body::Nothing {
        codes.push(P::RequestTooSlow);
    }
    if endpoint.caller != Caller::Anybody {
        codes.extend([
            P::CertificateMissing,
            P::CertificateForeign,
            P::CertificateWrongUse,
            P::CertificateRevoked,
            P::CertificateExpired,
            P::CertificateEarly,
            P::CertificateReplaced,
        ]);
    }
    if endpoint.caller == Caller::SignedIn {
        codes.push(P::SignInRequired);
    }
    codes.extend(described.refuses);
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn document() -> Value {
    let mut paths = Map::new();
    for endpoint in ENDPOINTS.iter().chain(SANDBOX_ENDPOINTS) {
        if let Some(described) = description(endpoint) {
            let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
            path[endpoint.method] = operation(endpoint, described);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Careplan Exchange",
            "version": PROTOCOL_VERSION.to_string(),
            "description": "How care software and the exchange talk: TLS 1.3, JSON in UTF-8, and refusals as problems \
                with stable codes. docs/API.md leads through it. An unknown path is a problem with 404, another method \
                one with 405 and `Allow`; a request whose head is no HTTP or too long is cut off by a bare 400 or 431.",
        },
        "servers": [{
            "url": "https://{host}:{port}",
            "variables": { "host": { "default": "localhost" }, "port": { "default": "8443" } },
        }],
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "securitySchemes": {
                "terminal": { "type": "mutualTLS", "description": "The certificate of an enrolled terminal." },
                "session": { "type": "http", "scheme": "bearer", "description": "The access token of a session of the same terminal." },
            },
        },
    })
}

fn operation(endpoint: &Endpoint, described: &Description) -> Value {
    let security = match endpoint.caller {
        Caller::Anybody => json!([]),
        Caller::Terminal => json!([{ "terminal": [] }]),
        Caller::SignedIn => json!([{ "terminal": [], "session": [] }]),
    };
    let listeners: &[&str] = match endpoint.listener {
        Listener::Exchange => &["exchange"],
        Listener::Enrolment => &["enrolment"],
        Listener::Both => &["exchange", "enrolment"],
    };
    let mut operation = json!({
        "operationId": operation_id(endpoint),
        "summary": described.summary,
        "security": security,
        "x-listeners": listeners,
        "parameters": parameters(endpoint, described),
        "responses": responses(endpoint, described),
    });
    if let Some(media_type) = described.body.media_type() {
        operation["requestBody"] = json!({
            "required": true,
            "content": { media_type: { "schema": body_shape(described.body) } },
        });
    }
    operation
}

/// `put_v1_uploads_id_part`: what generators make function names of.
fn operation_id(endpoint: &Endpoint) -> String {
    let words = endpoint.path.split(|c: char| !c.is_ascii_alphanumeric());
    let mut id = endpoint.method.to_owned();
    for word in words.filter(|word| !word.is_empty()) {
        id.push('_');
        id.push_str(word);
    }
    id
}

fn parameters(endpoint: &Endpoint, described: &Description) -> Vec<Value> {
    let mut parameters: Vec<Value> = names_in(endpoint.path)
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": schemas::of_path(name) }))
        .collect();
    for (name, about, required) in described.query {
        let max = if *name == "limit" {
            u64::from(u32::MAX)
        } else {
            u64::MAX
        };
        parameters.push(json!({
            "name": name, "in": "query", "required": required, "description": about,
            "schema": { "type": "integer", "minimum": 0, "maximum": max },
        }));
    }
    parameters.push(json!({
        "name": VERSION_HEADER, "in": "header", "required": false,
        "description": "The version of this API that the caller speaks; without it any.",
        "schema": { "type": "string", "enum": [PROTOCOL_VERSION.to_string()] },
    }));
    if described.gives == Gives::Range {
        parameters.push(json!({
            "name": "Range", "in": "header", "required": false, "description": "One range of bytes.",
            "schema": { "type": "string", "pattern": "^bytes=([0-9]{1,15}-[0-9]{1,15}|[0-9]{1,15}-|-[0-9]{1,15})$" },
        }));
    }
    parameters
}

/// The names in a path, in their order.
pub(crate) fn names_in(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/')
        .filter_map(|piece| piece.strip_prefix('{')?.strip_suffix('}'))
}

fn body_shape(body: Body) -> Value {
    let bytes = |about: String| json!({ "type": "string", "contentEncoding": "binary", "description": about });
    match body {
        Body::Nothing => Value::Null,
        Body::Json(name) => schemas::of(name),
        Body::Header => schemas::of("DeliveryHeader"),
        Body::Delivery => bytes(format!(
            "Four bytes with the length of the header, the highest first; the header (DeliveryHeader) as JSON, up to {} \
             bytes; the bytes of every part in its order, together up to {} bytes.",
            limits::HEADER_BYTES_MAX,
            limits::SINGLE_REQUEST_BYTES_MAX
        )),
        Body::Chunk => bytes(format!("Up to {} bytes of the part.", limits::CHUNK_BYTES_MAX)),
    }
}

fn responses(endpoint: &Endpoint, described: &Description) -> Value {
    let mut responses = Map::new();
    let mut put = |status: u16, response: Value| {
        responses.insert(status.to_string(), response);
    };
    let nothing = json!({ "description": "Done; there is nothing to say.", "headers": headers(&[]) });
    match described.gives {
        Gives::Nothing => put(204, nothing),
        Gives::Json(name) => put(200, given(JSON_MEDIA_TYPE, schemas::of(name), &[])),
        Gives::JsonOrNothing(name) => {
            put(200, given(JSON_MEDIA_TYPE, schemas::of(name), &[]));
            put(204, nothing);
        }
        Gives::Bytes => put(200, given(BYTES_MEDIA_TYPE, json!({}), &[])),
        Gives::Range => {
            put(200, given(BYTES_MEDIA_TYPE, json!({}), &["Accept-Ranges"]));
            put(
                206,
                given(BYTES_MEDIA_TYPE, json!({}), &["Accept-Ranges", "Content-Range"]),
            );
        }
        Gives::Lines => put(200, given("application/x-ndjson", json!({}), &["Content-Disposition"])),
        Gives::Events => put(
            200,
            given(
                "text/event-stream",
                json!({ "type": "string", "description": "Each `data` is an Event." }),
                &[],
            ),
        ),
        Gives::Document => put(200, given(JSON_MEDIA_TYPE, json!({ "type": "object" }), &[])),
    }
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for code in refusals(endpoint, described) {
        by_status
            .entry(Problem::new(code).status)
            .or_default()
            .push(code.as_str());
    }
    if described.body != Body::Nothing {
        let codes = by_status.entry(415).or_default();
        codes.push(ProblemCode::RequestMalformed.as_str());
    }
    for (status, codes) in by_status {
        let shape = json!({ "allOf": [
            schemas::of("Problem"),
            { "properties": { "code": { "enum": codes }, "status": { "const": status } } },
        ] });
        let more: &[&str] = if status == 503 { &["Retry-After"] } else { &[] };
        let mut response = given(PROBLEM_MEDIA_TYPE, shape, more);
        if status == 429 {
            response["headers"]["Retry-After"] = json!({
                "required": false,
                "description": "Seconds, with too_many_requests.",
                "schema": { "type": "string" },
            });
        }
        response["description"] = json!(format!("Refused: {}.", codes.join(", ")));
        put(status, response);
    }
    Value::Object(responses)
}

fn given(media_type: &str, shape: Value, more: &[&str]) -> Value {
    json!({
        "description": "Done.",
        "headers": headers(more),
        "content": { media_type: { "schema": shape } },
    })
}

/// What every answer carries, and what this one carries beside it.
fn headers(more: &[&str]) -> Value {
    let mut headers = json!({
        EPOCH_HEADER: {
            "required": true,
            "description": "Rises when the exchange was restored from a backup: offer again what was sent since, and confirm again what was fetched.",
            "schema": { "type": "integer", "minimum": 1 },
        },
        REQUEST_HEADER: {
            "required": true,
            "description": "The id of this request, to be named to the help desk.",
            "schema": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
        },
        "Cache-Control": { "required": true, "schema": { "type": "string", "const": "no-store" } },
    });
    for name in more {
        headers[*name] = json!({ "required": true, "schema": { "type": "string" } });
    }
    headers
}

#[cfg(test)]
mod tests;
