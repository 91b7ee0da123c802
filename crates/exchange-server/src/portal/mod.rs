//! 利用状況Webサイト (ADR 0026): pages made by the server, which work without any script.
//!
//! [`PAGES`] says who may see what; the guard of `session` is laid around each page by that table alone, so that no
//! page can forget to ask. Offices sign in with their 事業所ユーザID, operators with their own; each has a cookie of
//! its own. Forms are POSTs that carry the secret of their session, and every refusal is a page with words. Nothing
//! that says who somebody is stands in an address.

use axum::{
    Router,
    extract::State,
    middleware,
    response::{IntoResponse as _, Redirect, Response},
    routing::{MethodRouter, get, post},
};

use crate::{app::App, duties::Duty};

mod assets;
pub(crate) mod form;
mod office;
mod operator;
pub(crate) mod page;
pub(crate) mod session;
mod sign_in;

/// Who may see a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// Whoever reaches the listener.
    Anybody,
    /// An office that is signed in, even with a provisional password.
    Entering,
    /// An office that is signed in.
    Office,
    /// An operator who is signed in, even with a provisional password.
    OperatorEntering,
    /// An operator who is signed in, and whose role includes the duty.
    Operator(Duty),
}

/// One line of the table of pages.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// The method.
    pub method: &'static str,
    /// The path, with `{names}`.
    pub path: &'static str,
    /// Who may see it.
    pub viewer: Viewer,
    handler: fn() -> MethodRouter<App>,
}

macro_rules! pages {
    ($($method:ident $path:literal $viewer:expr, $handler:path;)+) => {
        /// Every page of the portal with who may see it.
        pub const PAGES: &[Page] = &[$(Page {
            method: stringify!($method),
            path: $path,
            viewer: $viewer,
            handler: || $method($handler),
        }),+];
    };
}

use Duty::{Audit, Govern, Offices, See};
use Viewer::{Anybody, Entering, Office, Operator, OperatorEntering};

pages! {
    get "/" Anybody, start;
    get "/portal" Anybody, start;
    get "/portal/" Anybody, start;
    get "/portal/assets/style.css" Anybody, assets::style;
    get "/portal/assets/mascot.svg" Anybody, assets::mascot;
    get "/portal/sign-in" Anybody, sign_in::show;
    post "/portal/sign-in" Anybody, sign_in::enter;
    get "/portal/password" Entering, sign_in::show_password;
    post "/portal/password" Entering, sign_in::change_password;
    post "/portal/sign-out" Entering, sign_in::sign_out;
    post "/portal/sign-out-everywhere" Entering, sign_in::sign_out_everywhere;
    get "/portal/home" Office, office::home::show;
    get "/portal/people" Office, office::people::show;
    post "/portal/people/add" Office, office::people::add;
    post "/portal/people/stop" Office, office::people::stop;
    post "/portal/people/resume" Office, office::people::resume;
    post "/portal/people/reset" Office, office::people::reset;
    post "/portal/people/first-password" Office, office::people::first_password;
    get "/portal/terminals" Office, office::terminals::show;
    post "/portal/terminals/revoke" Office, office::terminals::revoke;
    post "/portal/issue-passwords/make" Office, office::terminals::make_issue_password;
    post "/portal/issue-passwords/withdraw" Office, office::terminals::withdraw_issue_password;
    get "/portal/licence" Office, office::licence::show;
    post "/portal/licence/ask" Office, office::licence::ask;
    post "/portal/licence/stop" Office, office::licence::stop;
    post "/portal/licence/withdraw" Office, office::licence::withdraw;
    get "/portal/mail" Office, office::mail::show;
    post "/portal/mail/set" Office, office::mail::set;
    post "/portal/mail/confirm" Office, office::mail::confirm;
    post "/portal/mail/remove" Office, office::mail::remove;
    get "/portal/usage" Office, office::usage::show;
    get "/portal/downloads" Office, office::downloads::show;
    get "/portal/downloads/{target}/{version}" Office, office::downloads::installer;
    get "/portal/downloads/{target}/{version}/signature" Office, office::downloads::signature;
    get "/portal/connection-file" Office, office::downloads::connection;
    get "/portal/news" Office, office::news::show;
    get "/portal/audit" Office, office::audit::show;
    get "/portal/audit/export" Office, office::audit::export;
    get "/portal/operator" Anybody, start_operator;
    get "/portal/operator/sign-in" Anybody, sign_in::show;
    post "/portal/operator/sign-in" Anybody, sign_in::enter;
    get "/portal/operator/password" OperatorEntering, sign_in::show_password;
    post "/portal/operator/password" OperatorEntering, sign_in::change_password;
    post "/portal/operator/sign-out" OperatorEntering, sign_in::sign_out;
    post "/portal/operator/sign-out-everywhere" OperatorEntering, sign_in::sign_out_everywhere;
    get "/portal/operator/home" Operator(See), operator::home::show;
    get "/portal/operator/offices" Operator(See), operator::offices::show;
    get "/portal/operator/offices/register" Operator(Offices), operator::offices::show_register;
    post "/portal/operator/offices/register" Operator(Offices), operator::offices::register;
    get "/portal/operator/office-list" Operator(Offices), operator::office_list::show;
    post "/portal/operator/office-list" Operator(Offices), operator::office_list::register;
    get "/portal/operator/offices/{number}" Operator(See), operator::office::show;
    post "/portal/operator/offices/{number}/facts" Operator(Offices), operator::office::change;
    post "/portal/operator/offices/{number}/licence" Operator(Offices), operator::office::set_licence;
    post "/portal/operator/offices/{number}/refuse-wish" Operator(Offices), operator::office::refuse_wish;
    post "/portal/operator/offices/{number}/reset" Operator(Offices), operator::office::reset;
    post "/portal/operator/offices/{number}/issue-password" Operator(Offices), operator::office::issue_password;
    post "/portal/operator/offices/{number}/revoke" Operator(Offices), operator::office::revoke;
    post "/portal/operator/offices/{number}/limits" Operator(Govern), operator::office::set_limits;
    get "/portal/operator/news" Operator(See), operator::news::show;
    post "/portal/operator/news/add" Operator(Offices), operator::news::add;
    post "/portal/operator/news/remove" Operator(Offices), operator::news::remove;
    get "/portal/operator/audit" Operator(Audit), operator::audit::show;
    get "/portal/operator/audit/export" Operator(Audit), operator::audit::export;
    get "/portal/operator/operators" Operator(Govern), operator::operators::show;
    post "/portal/operator/operators/add" Operator(Govern), operator::operators::add;
    post "/portal/operator/operators/role" Operator(Govern), operator::operators::set_role;
    post "/portal/operator/operators/stop" Operator(Govern), operator::operators::stop;
    post "/portal/operator/operators/resume" Operator(Govern), operator::operators::resume;
    post "/portal/operator/operators/reset" Operator(Govern), operator::operators::reset;
}

/// The pages, each behind its guard.
pub(crate) fn router(app: &App) -> Router<App> {
    let mut router = Router::new();
    for page in PAGES {
        let gate = session::Gate {
            app: app.clone(),
            page: *page,
        };
        let guarded = (page.handler)().route_layer(middleware::from_fn_with_state(gate, session::guard));
        router = router.route(page.path, guarded);
    }
    router
}

/// Whether an address is the portal's.
pub(crate) fn is_page(path: &str) -> bool {
    path == "/" || path == "/portal" || path.starts_with("/portal/")
}

async fn start(State(_): State<App>) -> Response {
    Redirect::to(session::OFFICES.sign_in).into_response()
}

async fn start_operator(State(_): State<App>) -> Response {
    Redirect::to(session::OPERATORS.sign_in).into_response()
}
