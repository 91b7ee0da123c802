//! ライセンス: its term, and what the office wishes for its end.

use axum::{
    extract::{Query, State},
    response::Response,
};
use exchange_store::{LicenceRequest, LicenceWish};
use maud::{Markup, html};

use super::{Said, Term};
use crate::{
    app::App,
    portal::{
        form::{Button, Forms, Look},
        page::{self, Frame},
        session::OfficeVisitor,
        sign_in::led,
    },
    refusal::Answer,
};

/// Where it is.
pub(crate) const PATH: &str = "/portal/licence";

pub(crate) async fn show(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OfficeVisitor,
    Query(said): Query<Said>,
) -> Answer<Markup> {
    let now = app.clock.now();
    let term = Term::of(visitor.office.licence_until, now);
    let request = app.store.licence_request(visitor.number()).await?;
    let sentences: &[(&str, fn() -> String)] = &[
        ("asked", messages::portal::licence_asked),
        ("stopping", messages::portal::licence_stopping),
        ("withdrawn", messages::portal::licence_withdrawn),
    ];
    Ok(frame.page(
        &messages::portal::title_licence(),
        html! {
            (page::done(said.among(sentences)))
            section.card {
                dl.facts {
                    dt { (messages::portal::licence_until()) }
                    dd { (page::day(visitor.office.licence_until)) " " (term.badge()) }
                    dt { (messages::portal::licence_request()) }
                    dd { (wished(request.as_ref())) }
                }
                @match term {
                    Term::Over => p.strong { (messages::portal::todo_licence_over()) },
                    Term::Near(days) => p.strong { (messages::portal::todo_licence_near(days)) },
                    Term::Far => {},
                }
                p { (messages::portal::licence_lead()) }
                (acts(&forms, request.as_ref()))
            }
        },
    ))
}

fn wished(request: Option<&LicenceRequest>) -> String {
    match request {
        None => messages::portal::licence_no_request(),
        Some(request) => match request.wish {
            LicenceWish::Renew => messages::portal::licence_renewal_asked(page::day(request.asked_at)),
            LicenceWish::Stop => messages::portal::licence_stop_asked(page::day(request.asked_at)),
        },
    }
}

fn acts(forms: &Forms, request: Option<&LicenceRequest>) -> Markup {
    let act = |path: &str, text: String, look: Look| {
        let button = Button {
            text: &text,
            look,
            about: None,
        };
        forms.button(path, &[], button)
    };
    html! {
        div.actions {
            @match request.map(|request| request.wish) {
                None => {
                    (act("/portal/licence/ask", messages::portal::licence_ask(), Look::Primary))
                    (act("/portal/licence/stop", messages::portal::licence_stop(), Look::Danger))
                },
                Some(LicenceWish::Renew) => {
                    (act("/portal/licence/withdraw", messages::portal::licence_take_back_renewal(), Look::Quiet))
                },
                Some(LicenceWish::Stop) => {
                    (act("/portal/licence/withdraw", messages::portal::licence_take_back_stop(), Look::Primary))
                },
            }
        }
    }
}

pub(crate) async fn ask(State(app): State<App>, visitor: OfficeVisitor) -> Answer<Response> {
    wish(&app, &visitor, Some(LicenceWish::Renew)).await?;
    Ok(led("/portal/licence?done=asked", None))
}

pub(crate) async fn stop(State(app): State<App>, visitor: OfficeVisitor) -> Answer<Response> {
    wish(&app, &visitor, Some(LicenceWish::Stop)).await?;
    Ok(led("/portal/licence?done=stopping", None))
}

pub(crate) async fn withdraw(State(app): State<App>, visitor: OfficeVisitor) -> Answer<Response> {
    wish(&app, &visitor, None).await?;
    Ok(led("/portal/licence?done=withdrawn", None))
}

async fn wish(app: &App, visitor: &OfficeVisitor, wish: Option<LicenceWish>) -> Answer<()> {
    let now = app.clock.now();
    app.store.ask_licence(visitor.number(), wish, visitor.by(), now).await?;
    Ok(())
}
