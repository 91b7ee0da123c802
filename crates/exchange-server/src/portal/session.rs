//! Who looks at a page: cookies, the guard around every page, what a form must carry.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use care_model::{AccountId, OfficeNumber, ProblemCode};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_store::{By, NewPortalSession, OfficeRow, PortalFamily, PortalSession};
use http::{HeaderMap, HeaderValue, Method, header, request::Parts};

use super::{Page, Viewer, form::Fields, page::MenuItem};
use crate::{
    app::App,
    extract::read_body,
    refusal::{Answer, Refusal},
    tokens,
};

/// Where an office signs in.
pub(crate) const SIGN_IN: &str = "/portal/sign-in";
/// Where an office changes its password.
pub(crate) const PASSWORD: &str = "/portal/password";
/// Where an office begins.
pub(crate) const HOME: &str = "/portal/home";
/// Minutes without a page after which a session ends.
pub(crate) const IDLE_MINUTES: i64 = 30;
/// Hours after which a session ends, however busy it is.
const SESSION_HOURS: i64 = 8;
/// Seconds between two notes that a session is in use: not every page needs a commit.
const SEEN_EVERY_SECONDS: i64 = 60;
/// Bytes of a form.
const FORM_BYTES_MAX: usize = 16 * 1_024;
/// The cookie of whoever has no session yet; it binds the form of the sign-in to this browser.
const FORM_COOKIE: &str = "__Host-careplan-form";

/// The name of a family's cookie. `__Host-` lets no other host and no plain connection set it.
fn cookie_name(family: PortalFamily) -> &'static str {
    match family {
        PortalFamily::Office => "__Host-careplan-portal",
        PortalFamily::Operator => "__Host-careplan-operator",
    }
}

/// A page with what its guard needs.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) app: App,
    pub(crate) page: Page,
}

/// An office that is signed in.
#[derive(Clone)]
pub(crate) struct OfficeVisitor {
    pub(crate) session: PortalSession,
    pub(crate) office: Arc<OfficeRow>,
    /// Whether the password must be changed before anything else.
    pub(crate) provisional: bool,
}

impl OfficeVisitor {
    pub(crate) fn number(&self) -> OfficeNumber {
        self.office.number
    }

    /// For the audit.
    pub(crate) fn by(&self) -> By {
        By::Portal {
            office: self.office.number,
            account: self.session.account.clone(),
        }
    }
}

/// Whoever is signed in, as the frame of a page shows it; offices and operators alike.
#[derive(Clone)]
pub(crate) struct Badge {
    /// The name.
    pub(crate) name: String,
    /// A second line.
    pub(crate) line: String,
    /// Where the session is ended.
    pub(crate) sign_out: &'static str,
    /// Where one begins.
    pub(crate) home: &'static str,
    /// Where one may go.
    pub(crate) menu: Vec<MenuItem>,
}

/// What every form of this answer carries.
#[derive(Clone)]
pub(crate) struct FormSecret(pub(crate) String);

/// Lets those in whom the table lets in; what comes with a form is read and judged here, once for all pages.
pub(crate) async fn guard(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match admit(&gate, &mut parts, body).await {
        Ok(Admitted::In { new_cookie }) => {
            let (badge, secret) = (
                parts.extensions.get::<Badge>().cloned(),
                parts.extensions.get::<FormSecret>().cloned(),
            );
            let mut response = next.run(Request::from_parts(parts, Body::empty())).await;
            // For the page that the rim makes of a refusal.
            if let (Some(badge), Some(secret)) = (badge, secret) {
                response.extensions_mut().insert(badge);
                response.extensions_mut().insert(secret);
            }
            if let Some(cookie) = new_cookie {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Ok(Admitted::Elsewhere(to)) => Redirect::to(to).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

enum Admitted {
    In { new_cookie: Option<HeaderValue> },
    Elsewhere(&'static str),
}

async fn admit(gate: &Gate, parts: &mut Parts, body: Body) -> Answer<Admitted> {
    let app = &gate.app;
    let mut new_cookie = None;
    let secret = match gate.page.viewer {
        Viewer::Anybody => {
            let known = cookie(&parts.headers, FORM_COOKIE).map(str::to_owned);
            known.unwrap_or_else(|| {
                let made = tokens::make();
                new_cookie = cookie_header(FORM_COOKIE, &made);
                made
            })
        }
        Viewer::Entering | Viewer::Office => {
            let Some(visitor) = office_visitor(app, &parts.headers).await? else {
                // Whoever comes anew is led to the door; whose session ended is told so.
                let returns = cookie(&parts.headers, cookie_name(PortalFamily::Office)).is_some();
                return match returns || parts.method == Method::POST {
                    true => Err(ProblemCode::PortalSessionEnded.into()),
                    false => Ok(Admitted::Elsewhere(SIGN_IN)),
                };
            };
            if visitor.provisional && gate.page.viewer == Viewer::Office {
                return Ok(Admitted::Elsewhere(PASSWORD));
            }
            let secret = visitor.session.form_secret.clone();
            parts.extensions.insert(Badge {
                name: visitor.office.name.clone(),
                line: messages::portal::office_number(visitor.number()),
                sign_out: "/portal/sign-out",
                home: HOME,
                menu: match visitor.provisional {
                    true => Vec::new(),
                    false => super::office::menu(),
                },
            });
            parts.extensions.insert(visitor);
            secret
        }
    };
    if parts.method == Method::POST {
        let fields = fields(&parts.headers, body).await?;
        if new_cookie.is_some() || !fields.carry(&secret) {
            return Err(ProblemCode::FormExpired.into());
        }
        parts.extensions.insert(fields);
    }
    parts.extensions.insert(FormSecret(secret));
    Ok(Admitted::In { new_cookie })
}

/// Reads a form. One that another site sent is not read at all, where the browser says so.
async fn fields(headers: &HeaderMap, body: Body) -> Answer<Fields> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return Err(ProblemCode::FormExpired.into());
    }
    let media_type = header("content-type").and_then(|value| value.split(';').next());
    if media_type.map(str::trim) != Some("application/x-www-form-urlencoded") {
        return Err(ProblemCode::RequestMalformed.into());
    }
    let mut whole = Request::new(body);
    *whole.headers_mut() = headers.clone();
    let bytes = read_body(whole, FORM_BYTES_MAX, ProblemCode::FormTooLarge.into()).await?;
    Ok(Fields::read(&bytes))
}

/// The office of a cookie, if its session still holds.
async fn office_visitor(app: &App, headers: &HeaderMap) -> Answer<Option<OfficeVisitor>> {
    let Some(session) = session_of(app, headers, PortalFamily::Office).await? else {
        return Ok(None);
    };
    let Some(account) = app.store.account(&session.account).await? else {
        return Ok(None);
    };
    let Some(office) = app.store.office(account.office).await? else {
        return Ok(None);
    };
    Ok(Some(OfficeVisitor {
        session,
        office,
        provisional: account.provisional,
    }))
}

/// The session of a family's cookie, if it still holds.
pub(crate) async fn session_of(app: &App, headers: &HeaderMap, family: PortalFamily) -> Answer<Option<PortalSession>> {
    let Some(token) = cookie(headers, cookie_name(family)) else {
        return Ok(None);
    };
    let now = app.clock.now();
    let idle_since = now - TimeDelta::minutes(IDLE_MINUTES);
    let session = app.store.portal_session(tokens::hash(token)).await?;
    let good =
        |session: &PortalSession| session.family == family && session.until > now && session.seen_at > idle_since;
    let Some(session) = session.filter(good) else {
        return Ok(None);
    };
    if now - session.seen_at >= TimeDelta::seconds(SEEN_EVERY_SECONDS) {
        app.store.see_portal_session(session.row, now).await?;
    }
    Ok(Some(session))
}

/// Begins a session and gives the cookie that carries it.
pub(crate) async fn begin(app: &App, family: PortalFamily, account: AccountId) -> Answer<HeaderValue> {
    let now: DateTime<Utc> = app.clock.now();
    let token = tokens::make();
    let new = NewPortalSession {
        token: tokens::hash(&token),
        form_secret: tokens::make(),
        family,
        account,
        until: now + TimeDelta::hours(SESSION_HOURS),
    };
    app.store.begin_portal_session(new, now).await?;
    cookie_header(cookie_name(family), &token).ok_or_else(|| Refusal::from(ProblemCode::ServerBusy))
}

/// What takes a family's cookie away again.
pub(crate) fn no_cookie(family: PortalFamily) -> Option<HeaderValue> {
    let text = format!(
        "{}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict",
        cookie_name(family)
    );
    HeaderValue::from_str(&text).ok()
}

fn cookie_header(name: &str, value: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict")).ok()
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

impl FromRequestParts<App> for OfficeVisitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Answer<Self> {
        let visitor = parts.extensions.get::<Self>().cloned();
        visitor.ok_or_else(|| ProblemCode::PortalSessionEnded.into())
    }
}
