//! ホーム: what waits for an operator.

use axum::extract::{Query, State};
use maud::{Markup, html};

use super::offices;
use crate::{
    app::App,
    portal::{
        form::{Button, Forms, Look},
        office::Said,
        page::{self, Frame},
        session::OperatorVisitor,
    },
    refusal::Answer,
};

pub(crate) async fn show(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    _: OperatorVisitor,
    Query(said): Query<Said>,
) -> Answer<Markup> {
    let standing = app.store.standing(app.clock.now()).await?;
    let requests = app.store.licence_requests().await?;
    let kept_days = app.store.retention_days().await?;
    let sentences: &[(&str, fn() -> String)] = &[("password", messages::portal::password_changed)];
    let everywhere = messages::portal::sign_out_everywhere();
    let figure = |title: String, count: u64, lead: String| {
        html! {
            section.card {
                h2 { (title) }
                p.figure { (messages::portal::items(count)) }
                p.soft { (lead) }
            }
        }
    };
    Ok(frame.page(
        &messages::portal::title_home(),
        html! {
            (page::done(said.among(sentences)))
            div.cards {
                (figure(
                    messages::operator::home_offices(),
                    standing.offices,
                    messages::operator::home_offices_lead(kept_days),
                ))
                (figure(
                    messages::operator::home_licences(),
                    standing.licences_ending,
                    messages::operator::home_licences_lead(),
                ))
                (figure(
                    messages::operator::home_certificates(),
                    standing.certificates_ending,
                    messages::operator::home_certificates_lead(),
                ))
                (figure(messages::operator::home_wishes(), standing.wishes, messages::operator::home_wishes_lead()))
            }
            section.card {
                h2 { (messages::operator::wishes_title()) }
                @if requests.is_empty() {
                    (page::empty(&messages::operator::wishes_none()))
                } @else {
                    table {
                        caption.hidden-text { (messages::operator::wishes_title()) }
                        thead {
                            tr {
                                th scope="col" { (messages::operator::number()) }
                                th scope="col" { (messages::operator::wish()) }
                                th scope="col" { (messages::operator::asked_at()) }
                            }
                        }
                        tbody {
                            @for request in &requests {
                                tr {
                                    th scope="row" {
                                        a.inline-link href=(offices::address(request.office)) { (request.office) }
                                    }
                                    td data-label=(messages::operator::wish()) { (offices::wish(request.wish)) }
                                    td data-label=(messages::operator::asked_at()) { (page::moment(request.asked_at)) }
                                }
                            }
                        }
                    }
                }
            }
            div.actions {
                a.button.quiet href="/portal/operator/password" { (messages::portal::title_password()) }
                (forms.button(
                    "/portal/operator/sign-out-everywhere",
                    &[],
                    Button { text: &everywhere, look: Look::Quiet, about: None },
                ))
            }
        },
    ))
}
