//! What pages load besides themselves; both are part of the program.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, header};

/// The style sheet.
const STYLE: &str = concat!(include_str!("style.css"), "\n", include_str!("forms.css"));
/// The project's own character, drawn here.
const MASCOT: &str = include_str!("mascot.svg");

pub(super) async fn style() -> Response {
    of_type(STYLE, "text/css; charset=utf-8")
}

pub(super) async fn mascot() -> Response {
    of_type(MASCOT, "image/svg+xml")
}

fn of_type(text: &'static str, media_type: &'static str) -> Response {
    let mut response = text.into_response();
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}
