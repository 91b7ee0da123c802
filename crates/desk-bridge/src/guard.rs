//! Who may talk to the bridge: a page or a test of this run, from this address, with the token of this run.

use std::{fmt, fmt::Write as _, net::SocketAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::Bridge;

/// The secret of one run: 256 random bits, printed once and never stored.
pub struct Token(String);

/// The system gave no random bytes.
#[derive(Debug)]
pub struct TokenError;

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the system gave no random bytes for the token")
    }
}

impl std::error::Error for TokenError {}

impl Token {
    /// A new token.
    pub fn generate() -> Result<Self, TokenError> {
        let mut bytes = [0_u8; 32];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| TokenError)?;
        let mut text = String::with_capacity(64);
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        Ok(Self(text))
    }

    /// The token itself, for the one line that hands it over.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether a request brought it. Takes the same time wherever the first difference is.
    fn is(&self, offered: &str) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(self.0.as_bytes(), offered.as_bytes()).is_ok()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Lets a request through, or answers 421 (wrong host), 403 (wrong origin) or 401 (no token).
pub(crate) async fn check(State(bridge): State<Arc<Bridge>>, request: Request, next: Next) -> Response {
    match verdict(&bridge, request.uri().path(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err((status, reason)) => (status, reason).into_response(),
    }
}

/// Judges one request by its path and headers.
fn verdict(bridge: &Bridge, path: &str, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
    // A page of another name that resolves to 127.0.0.1 (DNS rebinding) says so in `Host`.
    if text(headers, header::HOST) != Some(bridge.address.to_string().as_str()) {
        return Err((StatusCode::MISDIRECTED_REQUEST, "host"));
    }
    if !origin_is_ours(headers, bridge.address) {
        return Err((StatusCode::FORBIDDEN, "origin"));
    }
    // The page itself holds no secret: it is the same built page for everybody, and brings the token afterwards.
    if !needs_token(path) {
        return Ok(());
    }
    let offered = text(headers, header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    match offered {
        Some(offered) if bridge.token.is(offered) => Ok(()),
        _ => Err((StatusCode::UNAUTHORIZED, "token")),
    }
}

/// Whether anything behind this path can act or tell.
fn needs_token(path: &str) -> bool {
    path == "/events" || path.starts_with("/ipc") || path.starts_with("/script")
}

/// Browsers name the origin of every request that another site could have made; tests without a browser name none.
fn origin_is_ours(headers: &HeaderMap, address: SocketAddr) -> bool {
    let named = headers.get(header::ORIGIN);
    let same_site = text(headers, header::HeaderName::from_static("sec-fetch-site"));
    named.is_none_or(|origin| origin.as_bytes() == format!("http://{address}").as_bytes())
        && same_site.is_none_or(|site| matches!(site, "same-origin" | "none"))
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_are_never_printed() {
        let (one, other) = (Token::generate().unwrap(), Token::generate().unwrap());
        assert_eq!(one.reveal().len(), 64);
        assert_ne!(one.reveal(), other.reveal());
        assert!(one.is(one.reveal()) && !one.is(other.reveal()) && !one.is(""));
        assert_eq!(format!("{one:?}"), "Token(…)");
    }

    #[test]
    fn only_the_page_goes_without_a_token() {
        for (path, needed) in [
            ("/", false),
            ("/assets/main.js", false),
            ("/events", true),
            ("/ipc/start", true),
            ("/ipc", true),
            ("/script/surface", true),
        ] {
            assert_eq!(needs_token(path), needed, "{path}");
        }
    }
}
