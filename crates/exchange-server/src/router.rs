//! Every endpoint with who may call it, in one table; the routers are built from it and tests walk over it.

use std::collections::HashSet;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{MethodRouter, get, post, put},
};
use care_model::ProblemCode;
use exchange_protocol::{EPOCH_HEADER, PROTOCOL_VERSION, Problem, VERSION_HEADER};
use http::HeaderValue;

use crate::{
    accounts, app::App, audit, deliveries, enrolment, events, lists, openapi, operations::watched, pace, people,
    pickups, portal, recalls, refusal::Refusal, sandbox, sign_in, terminals, updates, uploads,
};

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Whoever reaches the listener.
    Anybody,
    /// A terminal whose certificate is good.
    Terminal,
    /// A person signed in at such a terminal.
    SignedIn,
}

/// Where an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// Where a client certificate is required.
    Exchange,
    /// Where none is.
    Enrolment,
    /// On both.
    Both,
}

/// One line of the authorization table.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// The method.
    pub method: &'static str,
    /// The path, with `{names}`.
    pub path: &'static str,
    /// On which listener.
    pub listener: Listener,
    /// Who may call it.
    pub caller: Caller,
    handler: fn() -> MethodRouter<App>,
}

macro_rules! endpoints {
    ($(#[$about:meta])+ $table:ident $($method:ident $path:literal $listener:ident $caller:ident $handler:path;)+) => {
        $(#[$about])+
        pub const $table: &[Endpoint] = &[$(Endpoint {
            method: stringify!($method),
            path: $path,
            listener: Listener::$listener,
            caller: Caller::$caller,
            handler: || $method($handler),
        }),+];
    };
}

endpoints! {
    /// The authorization table.
    ENDPOINTS
    get "/v1/openapi.json" Both Anybody openapi::serve;
    get "/v1/exchange" Both Anybody people::exchange;
    post "/v1/enrolments" Both Anybody enrolment::enrol;
    post "/v1/sign-in/person" Exchange Terminal sign_in::person;
    post "/v1/sign-in/office" Exchange Terminal sign_in::office;
    post "/v1/sign-in/refresh" Exchange Terminal sign_in::refresh;
    post "/v1/accounts/password" Exchange Terminal accounts::change_password;
    post "/v1/sign-out" Exchange SignedIn sign_in::sign_out;
    post "/v1/sign-out/everywhere" Exchange SignedIn sign_in::sign_out_everywhere;
    get "/v1/me" Exchange SignedIn people::me;
    get "/v1/offices/{number}" Exchange SignedIn people::office;
    post "/v1/offices/search" Exchange SignedIn people::search_offices;
    get "/v1/terminal" Exchange Terminal terminals::this_terminal;
    post "/v1/terminals/renewal" Exchange SignedIn terminals::renewal;
    get "/v1/terminals" Exchange SignedIn people::terminals;
    get "/v1/news" Exchange SignedIn people::news;
    put "/v1/deliveries/{id}" Exchange SignedIn deliveries::send;
    post "/v1/uploads/{id}" Exchange SignedIn uploads::begin;
    put "/v1/uploads/{id}/{part}" Exchange SignedIn uploads::chunk;
    post "/v1/uploads/{id}/commit" Exchange SignedIn uploads::commit;
    get "/v1/outbox" Exchange SignedIn lists::outbox;
    post "/v1/outbox/{id}/recall" Exchange SignedIn recalls::recall;
    get "/v1/inbox" Exchange SignedIn lists::inbox;
    get "/v1/inbox/{id}/cover" Exchange SignedIn pickups::cover;
    post "/v1/inbox/{id}/claim" Exchange SignedIn pickups::claim;
    get "/v1/inbox/{id}/parts/{part}" Exchange SignedIn pickups::part;
    post "/v1/inbox/{id}/confirm" Exchange SignedIn pickups::confirm;
    get "/v1/updates/{target}/{version}" Exchange Terminal updates::offer;
    get "/v1/updates/{target}/{version}/file" Exchange Terminal updates::file;
    get "/v1/audit/export" Exchange SignedIn audit::export;
    get "/v1/audit/record" Exchange SignedIn audit::record;
    get "/v1/events" Exchange Terminal events::stream;
}

endpoints! {
    /// What a sandbox has beside it, and no other exchange.
    SANDBOX_ENDPOINTS
    post "/v1/sandbox/reset" Both Anybody sandbox::reset;
}

/// What every answer carries, names in lower case: nobody keeps it, and a browser that got hold of one takes it for
/// what it says it is, runs and frames nothing of it, and comes back over TLS alone. Pages of the portal say more.
const HEADERS: &[(&str, &str)] = &[
    ("cache-control", "no-store"),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("strict-transport-security", STRICT_TRANSPORT),
    ("x-content-type-options", "nosniff"),
];

/// Over TLS for a year, also below this host.
pub(crate) const STRICT_TRANSPORT: &str = "max-age=31536000; includeSubDomains";

/// The router of a listener.
pub(crate) fn router(app: App, listener: Listener) -> Router {
    let mut router = Router::new();
    let sandbox: &[Endpoint] = match app.sandbox {
        Some(_) => SANDBOX_ENDPOINTS,
        None => &[],
    };
    for endpoint in ENDPOINTS.iter().chain(sandbox) {
        if endpoint.listener == listener || endpoint.listener == Listener::Both {
            let guarded = (endpoint.handler)().layer(middleware::from_fn(move |request, next| {
                as_described(endpoint, request, next)
            }));
            router = router.route(endpoint.path, guarded);
        }
    }
    if listener != Listener::Exchange {
        router = router.merge(portal::router(&app));
    }
    router = router
        .fallback(unknown)
        .layer(middleware::from_fn_with_state(app.clone(), pace::kept))
        .layer(middleware::from_fn_with_state(app.clone(), at_the_rim))
        .layer(middleware::from_fn_with_state(app.clone(), watched));
    if listener != Listener::Exchange {
        router = router.layer(middleware::from_fn_with_state(app.clone(), portal::page::rim));
    }
    router.with_state(app)
}

async fn unknown() -> Refusal {
    let mut problem = Problem::new(ProblemCode::RequestMalformed);
    problem.status = 404;
    problem.into()
}

/// What the document says of an endpoint, kept: nothing behind the question mark that is not known or stands there
/// twice, and no refusal that callers were not told of.
async fn as_described(endpoint: &'static Endpoint, request: Request, next: Next) -> Response {
    let described = openapi::description(endpoint);
    let query = request.uri().query().unwrap_or_default();
    let mut seen = HashSet::new();
    let known = form_urlencoded::parse(query.as_bytes()).all(|(name, _)| {
        let listed = described.is_some_and(|described| described.query.iter().any(|(known, ..)| *known == name));
        listed && seen.insert(name)
    });
    if !known {
        return Refusal::from(ProblemCode::RequestMalformed).into_response();
    }
    let response = next.run(request).await;
    if cfg!(debug_assertions)
        && let (Some(described), Some(problem)) = (described, response.extensions().get::<Problem>())
    {
        let told = openapi::refusals(endpoint, described);
        assert!(
            told.contains(&problem.code),
            "the document does not say that {} {} may refuse with {}",
            endpoint.method,
            endpoint.path,
            problem.code
        );
    }
    response
}

/// What holds for every request: the version is ours, and the answer carries the epoch and is kept by nobody.
async fn at_the_rim(State(app): State<App>, request: Request, next: Next) -> Response {
    let speaks_ours = request
        .headers()
        .get(VERSION_HEADER)
        .is_none_or(|version| version.as_bytes() == PROTOCOL_VERSION.to_string().as_bytes());
    let mut response = match speaks_ours {
        true => next.run(request).await,
        false => Refusal::from(ProblemCode::ServerIncompatible).into_response(),
    };
    // Answers of the framework itself are no problem of ours yet: give them the shape of one.
    let status = response.status();
    if (status.is_client_error() || status.is_server_error())
        && !response.headers().contains_key(http::header::CONTENT_TYPE)
    {
        let mut problem = Problem::new(ProblemCode::RequestMalformed);
        problem.status = status.as_u16();
        let allowed = response.headers().get(http::header::ALLOW).cloned();
        response = Refusal::from(problem).into_response();
        if let Some(allowed) = allowed {
            response.headers_mut().insert(http::header::ALLOW, allowed);
        }
    }
    let headers = response.headers_mut();
    headers.insert(EPOCH_HEADER, HeaderValue::from(app.epoch));
    for (name, value) in HEADERS {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    response
}
