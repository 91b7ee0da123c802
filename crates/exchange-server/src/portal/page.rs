//! The frame of every page, and what holds for every answer of the portal.

use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use care_model::ProblemCode;
use chrono::{DateTime, Datelike as _, FixedOffset, Timelike as _, Utc};
use exchange_protocol::{HelpDesk, Problem};
use http::{HeaderValue, header, request::Parts};
use maud::{DOCTYPE, Markup, html};

use super::{
    form::{self, Button, Forms, Look},
    is_page,
    session::{Badge, Door, FormSecret},
};
use crate::{
    app::{App, exchange_name, help_desk},
    refusal::{Answer, Refusal, say_when_to_retry},
    router::STRICT_TRANSPORT,
};

/// Nothing runs, nothing is loaded from elsewhere, nobody frames a page, and forms come back here only.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// Names in lower case.
const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("strict-transport-security", STRICT_TRANSPORT),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
];

/// What surrounds the content of a page.
pub(crate) struct Frame {
    exchange: String,
    help_desk: HelpDesk,
    path: String,
    badge: Option<Badge>,
    forms: Option<Forms>,
}

/// One place of the menu.
#[derive(Clone)]
pub(crate) struct MenuItem {
    pub(crate) path: &'static str,
    pub(crate) text: String,
}

impl FromRequestParts<App> for Frame {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        Ok(Self {
            exchange: exchange_name(&app.store).await?,
            help_desk: help_desk(&app.store).await?,
            path: parts.uri.path().to_owned(),
            badge: parts.extensions.get().cloned(),
            forms: Forms::from_request_parts(parts, app).await.ok(),
        })
    }
}

impl Frame {
    /// A whole page.
    pub(crate) fn page(&self, title: &str, content: Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="ja" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex";
                    meta name="color-scheme" content="light dark";
                    title { (title) " - " (messages::portal::name()) }
                    link rel="icon" href="/portal/assets/mascot.svg" type="image/svg+xml";
                    link rel="stylesheet" href="/portal/assets/style.css";
                }
                body {
                    a.skip href="#main" { (messages::portal::skip()) }
                    (self.header())
                    @if let Some(badge) = &self.badge { (self.menu(&badge.menu)) }
                    main #main tabindex="-1" {
                        h1 { (title) }
                        (content)
                    }
                    (self.footer())
                }
            }
        }
    }

    fn header(&self) -> Markup {
        html! {
            header.top {
                div.brand {
                    img src="/portal/assets/mascot.svg" alt="" width="52" height="52";
                    p { span.brand-name { (messages::portal::name()) } span.exchange { (self.exchange) } }
                }
                @if let (Some(badge), Some(forms)) = (&self.badge, &self.forms) {
                    div.who {
                        p { span.strong { (badge.name) } span.number { (badge.line) } }
                        @let text = messages::portal::sign_out();
                        (forms.button(badge.door.sign_out, &[], Button { text: &text, look: Look::Quiet, about: None }))
                    }
                }
            }
        }
    }

    fn menu(&self, items: &[MenuItem]) -> Markup {
        html! {
            @if !items.is_empty() {
                nav.menu aria-label=(messages::portal::menu()) {
                    ul {
                        @for item in items {
                            @let here = self.path == item.path;
                            li { a href=(item.path) aria-current=[here.then_some("page")] { (item.text) } }
                        }
                    }
                }
            }
        }
    }

    fn footer(&self) -> Markup {
        let desk = &self.help_desk;
        html! {
            footer.foot {
                p.strong { (messages::portal::help_desk()) }
                p { (messages::portal::help_desk_reached(&desk.telephone, &desk.hours)) }
                p { a href=(desk.form_url) rel="noreferrer" { (messages::portal::help_desk_form()) } }
            }
        }
    }

    /// A page that says why something was refused, with the way on.
    fn refused(&self, problem: &Problem) -> Markup {
        let (to, text) = match &self.badge {
            Some(badge) => (badge.door.home, messages::portal::to_home()),
            None => (Door::of(&self.path).sign_in, messages::portal::to_sign_in()),
        };
        let title = match problem.code {
            ProblemCode::PortalSessionEnded => messages::portal::title_session_ended(),
            ProblemCode::PageUnknown => messages::portal::title_page_unknown(),
            ProblemCode::Internal => messages::portal::title_internal(),
            _ => messages::portal::title_refused(),
        };
        self.page(
            &title,
            html! {
                (form::refusal(problem))
                p { a.button.primary href=(to) { (text) } }
            },
        )
    }
}

/// The outermost layer of the portal: refusals become pages, and each answer carries the strict headers.
pub(crate) async fn rim(State(app): State<App>, request: Request, next: Next) -> Response {
    if !is_page(request.uri().path()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let mut response = next.run(Request::from_parts(parts.clone(), body)).await;
    if let Some(problem) = response.extensions().get::<Problem>().cloned() {
        let problem = match problem.status {
            404 if problem.code == ProblemCode::RequestMalformed => Problem::new(ProblemCode::PageUnknown),
            _ => problem,
        };
        if let Some(badge) = response.extensions().get::<Badge>().cloned() {
            parts.extensions.insert(badge);
        }
        if let Some(secret) = response.extensions().get::<FormSecret>().cloned() {
            parts.extensions.insert(secret);
        }
        if let Ok(frame) = Frame::from_request_parts(&mut parts, &app).await {
            let status = response.status();
            response = (status, frame.refused(&problem)).into_response();
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
    say_when_to_retry(response.status(), response.headers_mut());
    for (name, value) in HEADERS {
        response.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    response
}

/// A time as people in Japan read it.
fn in_japan(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    const NINE_HOURS: i32 = 9 * 3_600;
    match FixedOffset::east_opt(NINE_HOURS) {
        Some(japan) => at.with_timezone(&japan),
        None => at.fixed_offset(),
    }
}

/// The day of an instant.
pub(crate) fn day(at: DateTime<Utc>) -> String {
    let at = in_japan(at);
    messages::portal::day(at.year(), at.month(), at.day())
}

/// The day and minute of an instant.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    let minute = format!("{:02}", in_japan(at).minute());
    messages::portal::moment(day(at), in_japan(at).hour(), minute)
}

/// The month of an instant, as a number such as 202604.
pub(crate) fn month_of(at: DateTime<Utc>) -> (i32, u32) {
    let at = in_japan(at);
    (at.year(), at.month())
}

/// A number with commas, as people read it.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What was just done, said once on the page that one is led to. The address says only which sentence.
pub(crate) fn done(text: Option<String>) -> Markup {
    html! {
        @if let Some(text) = text {
            div.notice.good role="status" { p.strong { (text) } }
        }
    }
}

/// What there is to say where a list is empty.
pub(crate) fn empty(text: &str) -> Markup {
    html! { p.empty { (text) } }
}
