//! What operators see and do (ADR 0029): offices, news, audit, the other operators. No page shows any content of a
//! delivery: operators have no way to it.

pub(super) mod audit;
pub(super) mod facts;
pub(super) mod home;
pub(super) mod news;
pub(super) mod office;
pub(super) mod office_list;
pub(super) mod offices;
pub(super) mod operators;

use axum::response::{IntoResponse as _, Response};
use exchange_protocol::Problem;
use exchange_store::OperatorRole;
use http::StatusCode;
use maud::{Markup, html};

use super::{
    page::{Frame, MenuItem},
    session::{OPERATORS, OperatorVisitor},
};
use crate::duties::Duty;

/// The menu of an operator: what the role includes.
pub(super) fn menu(visitor: &OperatorVisitor) -> Vec<MenuItem> {
    let places = [
        (Duty::See, OPERATORS.home, messages::portal::title_home()),
        (Duty::See, offices::PATH, messages::operator::title_offices()),
        (Duty::See, news::PATH, messages::operator::title_news()),
        (Duty::Audit, audit::PATH, messages::portal::title_audit()),
        (Duty::Govern, operators::PATH, messages::operator::title_operators()),
    ];
    let mine = places.into_iter().filter(|(duty, ..)| visitor.may(*duty));
    mine.map(|(_, path, text)| MenuItem { path, text }).collect()
}

/// What a role is called.
pub(super) fn role_name(role: OperatorRole) -> String {
    match role {
        OperatorRole::Administrator => messages::operator::role_administrator(),
        OperatorRole::Clerk => messages::operator::role_clerk(),
        OperatorRole::Auditor => messages::operator::role_auditor(),
    }
}

/// A page that says why a form was not taken, under the status of the problem.
fn refused(problem: &Problem, page: Markup) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, page).into_response()
}

/// A secret that is shown once, with whom it is for and what to do with it.
fn shown_once(
    frame: &Frame,
    title: &str,
    facts: &[(String, String)],
    secrets: &[(String, String)],
    back: &str,
) -> Markup {
    frame.page(
        title,
        html! {
            div.notice.warn { p.strong { (messages::operator::shown_once()) } }
            div.card.narrow {
                dl.facts {
                    @for (name, value) in facts {
                        dt { (name) }
                        dd { (value) }
                    }
                }
                @for (name, secret) in secrets {
                    p { (name) }
                    p.secret { (secret) }
                }
                p { (messages::operator::shown_once_next()) }
            }
            div.actions.no-print { a.button.primary href=(back) { (messages::portal::back()) } }
        },
    )
}
