//! 一覧から登録する: offices as rows that are copied from a spreadsheet, all of them or none.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use maud::{Markup, html};

use super::offices;
use crate::{
    admin::{Admin, OfficeMade},
    app::App,
    office_list::{ListFinding, OfficeList},
    portal::{
        form::{self, Button, Fields, Forms, Look},
        page::Frame,
        session::OperatorVisitor,
    },
    refusal::Answer,
};

/// Where it is.
pub(crate) const PATH: &str = "/portal/operator/office-list";

pub(crate) async fn show(frame: Frame, forms: Forms) -> Markup {
    list_page(&frame, &forms, &[], "")
}

fn list_page(frame: &Frame, forms: &Forms, findings: &[ListFinding], typed: &str) -> Markup {
    let text = messages::operator::list_button();
    let fields = html! {
        (form::area("list", &messages::operator::list_area(), typed, !findings.is_empty()))
        div.actions {
            (Button { text: &text, look: Look::Primary, about: None }.markup())
            a.button.quiet href=(offices::PATH) { (messages::portal::back()) }
        }
    };
    frame.page(
        &messages::operator::list_register(),
        html! {
            @if !findings.is_empty() {
                div.notice.bad role="alert" data-code="list_faulty" {
                    p.strong { (messages::operator::list_found()) }
                    ul { @for finding in findings { li { (finding.sentence()) } } }
                }
            }
            section.card {
                p { (messages::operator::list_lead()) }
                p { (messages::operator::list_columns()) }
                (forms.form(PATH, fields))
            }
        },
    )
}

/// The answer to the press itself shows what the offices are to be handed; nothing keeps the passwords.
pub(crate) async fn register(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OperatorVisitor,
    fields: Fields,
) -> Answer<Response> {
    let typed = fields.raw("list");
    let list = OfficeList::read(typed.as_bytes());
    let (made, findings) = Admin::of(&app, visitor.by()).register_page(list).await?;
    if made.is_empty() {
        let page = list_page(&frame, &forms, &findings, typed);
        return Ok((StatusCode::BAD_REQUEST, page).into_response());
    }
    Ok(handed_page(&frame, &made).into_response())
}

fn handed_page(frame: &Frame, made: &[OfficeMade]) -> Markup {
    let heads = [
        messages::operator::number(),
        messages::portal::office_id(),
        messages::operator::first_password(),
        messages::portal::issue_password(),
    ];
    frame.page(
        &messages::operator::list_done(),
        html! {
            div.notice.warn { p.strong { (messages::operator::shown_once()) } }
            p { (messages::operator::shown_once_next()) }
            table {
                caption { (messages::portal::items(made.len())) }
                thead { tr { @for head in &heads { th scope="col" { (head) } } } }
                tbody {
                    @for office in made {
                        tr {
                            th scope="row" { (office.number) }
                            td.id data-label=(heads[1]) { (office.office_id) }
                            td.id data-label=(heads[2]) { (office.password) }
                            td.id data-label=(heads[3]) { (office.issue_password) }
                        }
                    }
                }
            }
            div.actions.no-print { a.button.primary href=(offices::PATH) { (messages::operator::to_offices()) } }
        },
    )
}
