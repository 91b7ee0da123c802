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
use exchange_store::{By, NewPortalSession, OfficeRow, OperatorRole, PortalFamily, PortalSession};
use http::{HeaderMap, HeaderValue, Method, header, request::Parts};

use super::{Page, Viewer, form::Fields, page::MenuItem};
use crate::{
    app::App,
    duties::{self, Duty},
    extract::read_body,
    refusal::{Answer, Refusal},
    tokens,
};

/// Minutes without a page after which a session ends.
pub(crate) const IDLE_MINUTES: i64 = 30;
/// Hours after which a session ends, however busy it is.
const SESSION_HOURS: i64 = 8;
/// Seconds between two notes that a session is in use: not every page needs a commit.
const SEEN_EVERY_SECONDS: i64 = 60;
/// Bytes of a form.
const FORM_BYTES_MAX: usize = 16 * 1_024;
/// Bytes of the one form that takes a list.
const LIST_FORM_BYTES_MAX: usize = 256 * 1_024;
/// The cookie of whoever has no session yet; it binds the form of the sign-in to this browser.
const FORM_COOKIE: &str = "__Host-careplan-form";

/// A way into the portal, with the places that belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Door {
    /// Who comes in by it.
    pub(crate) family: PortalFamily,
    /// Where they sign in.
    pub(crate) sign_in: &'static str,
    /// Where they change their password.
    pub(crate) password: &'static str,
    /// Where they begin.
    pub(crate) home: &'static str,
    /// Where they sign out.
    pub(crate) sign_out: &'static str,
    /// The name of their cookie. `__Host-` lets no other host and no plain connection set it.
    cookie: &'static str,
}

/// The door of the offices.
pub(crate) const OFFICES: Door = Door {
    family: PortalFamily::Office,
    sign_in: "/portal/sign-in",
    password: "/portal/password",
    home: "/portal/home",
    sign_out: "/portal/sign-out",
    cookie: "__Host-careplan-portal",
};

/// The door of the operators.
pub(crate) const OPERATORS: Door = Door {
    family: PortalFamily::Operator,
    sign_in: "/portal/operator/sign-in",
    password: "/portal/operator/password",
    home: "/portal/operator/home",
    sign_out: "/portal/operator/sign-out",
    cookie: "__Host-careplan-operator",
};

impl Door {
    /// The door to which an address belongs.
    pub(crate) fn of(path: &str) -> Self {
        match path.starts_with("/portal/operator") {
            true => OPERATORS,
            false => OFFICES,
        }
    }

    /// What takes its cookie away again.
    pub(crate) fn no_cookie(self) -> Option<HeaderValue> {
        let text = format!("{}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict", self.cookie);
        HeaderValue::from_str(&text).ok()
    }
}

/// A page with what its guard needs.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) app: App,
    pub(crate) page: Page,
}

/// Whoever is signed in, even with a provisional password.
#[derive(Clone)]
pub(crate) struct Entrant {
    pub(crate) door: Door,
    pub(crate) session: PortalSession,
    /// Whether the password must be changed before anything else.
    pub(crate) provisional: bool,
    /// For the audit.
    pub(crate) by: By,
}

/// An office that is signed in.
#[derive(Clone)]
pub(crate) struct OfficeVisitor {
    pub(crate) session: PortalSession,
    pub(crate) office: Arc<OfficeRow>,
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

/// An operator who is signed in.
#[derive(Clone)]
pub(crate) struct OperatorVisitor {
    pub(crate) id: AccountId,
    pub(crate) role: OperatorRole,
}

impl OperatorVisitor {
    /// For the audit.
    pub(crate) fn by(&self) -> By {
        By::Operator {
            account: self.id.clone(),
        }
    }

    /// Whether the operator's role includes something.
    pub(crate) fn may(&self, duty: Duty) -> bool {
        duties::may(self.role, duty)
    }
}

/// Whoever is signed in, as the frame of a page shows it; offices and operators alike.
#[derive(Clone)]
pub(crate) struct Badge {
    /// The name.
    pub(crate) name: String,
    /// A second line.
    pub(crate) line: String,
    /// The way by which one came in.
    pub(crate) door: Door,
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
    let door = Door::of(gate.page.path);
    parts.extensions.insert(door);
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
        Viewer::Entering | Viewer::Office | Viewer::OperatorEntering | Viewer::Operator(_) => {
            let Some((entrant, badge)) = entrant(app, door, parts).await? else {
                // Whoever comes anew is led to the door; whose session ended is told so.
                let returns = cookie(&parts.headers, door.cookie).is_some();
                return match returns || parts.method == Method::POST {
                    true => Err(ProblemCode::PortalSessionEnded.into()),
                    false => Ok(Admitted::Elsewhere(door.sign_in)),
                };
            };
            let is_inside = matches!(gate.page.viewer, Viewer::Office | Viewer::Operator(_));
            if entrant.provisional && is_inside {
                return Ok(Admitted::Elsewhere(door.password));
            }
            let secret = entrant.session.form_secret.clone();
            parts.extensions.insert(badge);
            parts.extensions.insert(FormSecret(secret.clone()));
            parts.extensions.insert(entrant);
            if let (Viewer::Operator(duty), Some(visitor)) =
                (gate.page.viewer, parts.extensions.get::<OperatorVisitor>())
                && !visitor.may(duty)
            {
                return Err(ProblemCode::RoleLacking.into());
            }
            secret
        }
    };
    if parts.method == Method::POST {
        let bytes_max = match gate.page.path == super::operator::office_list::PATH {
            true => LIST_FORM_BYTES_MAX,
            false => FORM_BYTES_MAX,
        };
        let fields = fields(&parts.headers, body, bytes_max).await?;
        if new_cookie.is_some() || !fields.carry(&secret) {
            return Err(ProblemCode::FormExpired.into());
        }
        parts.extensions.insert(fields);
    }
    parts.extensions.insert(FormSecret(secret));
    Ok(Admitted::In { new_cookie })
}

/// Reads a form. One that another site sent is not read at all, where the browser says so.
async fn fields(headers: &HeaderMap, body: Body, bytes_max: usize) -> Answer<Fields> {
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
    let bytes = read_body(whole, bytes_max, ProblemCode::FormTooLarge.into()).await?;
    Ok(Fields::read(&bytes))
}

/// Whoever is behind the cookie of a door, if the session still holds; the office or operator goes into `parts`.
async fn entrant(app: &App, door: Door, parts: &mut Parts) -> Answer<Option<(Entrant, Badge)>> {
    let Some(session) = session_of(app, &parts.headers, door).await? else {
        return Ok(None);
    };
    match door.family {
        PortalFamily::Office => {
            let Some(account) = app.store.account(&session.account).await? else {
                return Ok(None);
            };
            let Some(office) = app.store.office(account.office).await? else {
                return Ok(None);
            };
            let badge = Badge {
                name: office.name.clone(),
                line: messages::portal::office_number(office.number),
                door,
                menu: match account.provisional {
                    true => Vec::new(),
                    false => super::office::menu(app.mails.is_some()),
                },
            };
            let visitor = OfficeVisitor {
                session: session.clone(),
                office,
            };
            let entrant = Entrant {
                door,
                session,
                provisional: account.provisional,
                by: visitor.by(),
            };
            parts.extensions.insert(visitor);
            Ok(Some((entrant, badge)))
        }
        PortalFamily::Operator => {
            let known = app.store.operator(&session.account).await?;
            let Some(operator) = known.filter(|operator| operator.stopped_at.is_none()) else {
                return Ok(None);
            };
            let visitor = OperatorVisitor {
                id: operator.id,
                role: operator.role,
            };
            let badge = Badge {
                name: operator.name,
                line: super::operator::role_name(operator.role),
                door,
                menu: match operator.provisional {
                    true => Vec::new(),
                    false => super::operator::menu(&visitor),
                },
            };
            let entrant = Entrant {
                door,
                session,
                provisional: operator.provisional,
                by: visitor.by(),
            };
            parts.extensions.insert(visitor);
            Ok(Some((entrant, badge)))
        }
    }
}

/// The session of a door's cookie, if it still holds.
async fn session_of(app: &App, headers: &HeaderMap, door: Door) -> Answer<Option<PortalSession>> {
    let Some(token) = cookie(headers, door.cookie) else {
        return Ok(None);
    };
    let now = app.clock.now();
    let idle_since = now - TimeDelta::minutes(IDLE_MINUTES);
    let session = app.store.portal_session(tokens::hash(token)).await?;
    let good =
        |session: &PortalSession| session.family == door.family && session.until > now && session.seen_at > idle_since;
    let Some(session) = session.filter(good) else {
        return Ok(None);
    };
    if now - session.seen_at >= TimeDelta::seconds(SEEN_EVERY_SECONDS) {
        app.store.see_portal_session(session.row, now).await?;
    }
    Ok(Some(session))
}

/// Begins a session and gives the cookie that carries it. What is refused is a password that was right when it was tried
/// and was changed since.
pub(crate) async fn begin(app: &App, door: Door, account: AccountId, password_hash: String) -> Answer<HeaderValue> {
    let now: DateTime<Utc> = app.clock.now();
    let token = tokens::make();
    let new = NewPortalSession {
        token: tokens::hash(&token),
        form_secret: tokens::make(),
        family: door.family,
        account,
        password_hash,
        until: now + TimeDelta::hours(SESSION_HOURS),
    };
    if !app.store.begin_portal_session(new, now).await? {
        return Err(ProblemCode::PortalSessionEnded.into());
    }
    cookie_header(door.cookie, &token).ok_or_else(|| Refusal::from(ProblemCode::ServerBusy))
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

/// What the guard found is what a handler gets.
macro_rules! from_the_guard {
    ($($found:ty),+) => {$(
        impl FromRequestParts<App> for $found {
            type Rejection = Refusal;

            async fn from_request_parts(parts: &mut Parts, _: &App) -> Answer<Self> {
                let found = parts.extensions.get::<Self>().cloned();
                found.ok_or_else(|| ProblemCode::PortalSessionEnded.into())
            }
        }
    )+};
}
from_the_guard!(Door, Entrant, OfficeVisitor, OperatorVisitor);
