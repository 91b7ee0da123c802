//! 事業所: the list with its search, and registering one.

use axum::{
    extract::{Query, State},
    response::{IntoResponse as _, Response},
};
use care_model::{OfficeNumber, ProblemCode, limits};
use exchange_protocol::{OfficeSearch, Problem};
use exchange_store::{LicenceWish, OfficeRow};
use maud::{Markup, html};
use serde::Deserialize;

use super::{refused, shown_once};
use crate::{
    admin::{Admin, NewOffice, OfficeMade},
    app::App,
    duties::Duty,
    office_facts::{FactsTyped, end_of_day, unfit},
    portal::{
        form::{self, Button, Field, Fields, Forms, Look},
        office::Term,
        page::{self, Frame},
        session::OperatorVisitor,
    },
    refusal::Answer,
};

/// Where it is.
pub(crate) const PATH: &str = "/portal/operator/offices";
const REGISTER: &str = "/portal/operator/offices/register";
/// Rows of one page.
const ROWS: u32 = 50;

/// Where one office is.
pub(super) fn address(office: OfficeNumber) -> String {
    format!("{PATH}/{office}")
}

/// What an office wishes, in words.
pub(super) fn wish(wish: LicenceWish) -> String {
    match wish {
        LicenceWish::Renew => messages::operator::wish_renew(),
        LicenceWish::Stop => messages::operator::wish_stop(),
    }
}

/// What is looked for. A number behind which the page goes on, if it is one.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    q: String,
    after: Option<String>,
}

pub(crate) async fn show(
    State(app): State<App>,
    frame: Frame,
    visitor: OperatorVisitor,
    Query(wanted): Query<Wanted>,
) -> Answer<Markup> {
    let text: String = wanted.q.chars().take(limits::SEARCH_CHARS_MAX).collect();
    let search = OfficeSearch {
        text: text.clone(),
        kind: None,
        after: wanted.after.and_then(|after| OfficeNumber::parse(&after).ok()),
        limit: ROWS,
    };
    let (offices, more) = app.store.search_offices(&search).await?;
    let now = app.clock.now();
    let last = offices.last().filter(|_| more).map(|office| office.number);
    let query = |after: OfficeNumber| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("q", &text).append_pair("after", after.as_str());
        format!("{PATH}?{}", query.finish())
    };
    let label = messages::operator::search();
    let help = messages::operator::search_help();
    Ok(frame.page(
        &messages::operator::title_offices(),
        html! {
            form.search method="get" action=(PATH) role="search" {
                (Field { help: Some(&help), value: &text, kind: "search", is_optional: true, ..Field::text("q", &label) }
                    .markup())
                div.actions {
                    (Button { text: &messages::operator::search_button(), look: Look::Primary, about: None }.markup())
                    @if visitor.may(Duty::Offices) {
                        a.button.quiet href=(REGISTER) { (messages::operator::register()) }
                        a.button.quiet href=(super::office_list::PATH) { (messages::operator::list_register()) }
                    }
                }
            }
            @if offices.is_empty() {
                (page::empty(&messages::operator::offices_none()))
            } @else {
                table {
                    caption.hidden-text { (messages::operator::title_offices()) }
                    thead {
                        tr {
                            th scope="col" { (messages::operator::name()) }
                            th scope="col" { (messages::operator::number()) }
                            th scope="col" { (messages::operator::address()) }
                            th scope="col" { (messages::operator::licence_until()) }
                        }
                    }
                    tbody {
                        @for office in &offices {
                            tr {
                                th scope="row" { a.inline-link href=(address(office.number)) { (office.name) } }
                                td.id data-label=(messages::operator::number()) { (office.number) }
                                td data-label=(messages::operator::address()) {
                                    (office.address.clone().unwrap_or_else(messages::portal::nothing_to_do))
                                }
                                td data-label=(messages::operator::licence_until()) {
                                    (page::day(office.licence_until)) " " (Term::of(office.licence_until, now).badge())
                                }
                            }
                        }
                    }
                }
            }
            @if let Some(last) = last {
                div.actions { a.button.quiet href=(query(last)) { (messages::operator::next_page()) } }
            }
        },
    ))
}

pub(crate) async fn show_register(frame: Frame, forms: Forms) -> Markup {
    register_page(&frame, &forms, None, "", &FactsTyped::default(), "")
}

fn register_page(
    frame: &Frame,
    forms: &Forms,
    problem: Option<&Problem>,
    number: &str,
    facts: &FactsTyped,
    until: &str,
) -> Markup {
    let [number_label, number_help] = [messages::operator::number(), messages::operator::number_help()];
    let [until_label, until_help] = [messages::operator::licence_until(), messages::operator::licence_help()];
    let text = messages::operator::register_button();
    let fields = html! {
        (Field { help: Some(&number_help), value: number, ..Field::text("number", &number_label) }.markup())
        (facts.markup())
        (Field {
            help: Some(&until_help),
            value: until,
            kind: "date",
            is_optional: true,
            ..Field::text("until", &until_label)
        }.markup())
        div.actions {
            (Button { text: &text, look: Look::Primary, about: None }.markup())
            a.button.quiet href=(PATH) { (messages::portal::back()) }
        }
    };
    frame.page(
        &messages::operator::register(),
        html! {
            @if let Some(problem) = problem { (form::refusal(problem)) }
            section.card {
                p { (messages::operator::register_lead()) }
                (forms.form(REGISTER, fields))
            }
        },
    )
}

/// The answer to the press itself shows what the office is to be handed; nothing keeps the passwords.
pub(crate) async fn register(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OperatorVisitor,
    fields: Fields,
) -> Answer<Response> {
    let facts = FactsTyped::of(&fields);
    match try_register(&app, &visitor, &facts, &fields).await {
        Ok(made) => {
            let told = [
                (messages::operator::number(), made.number.to_string()),
                (messages::portal::office_id(), made.office_id.to_string()),
            ];
            let secrets = [
                (messages::operator::first_password(), made.password),
                (messages::portal::issue_password(), made.issue_password),
            ];
            let back = address(made.number);
            let page = shown_once(&frame, &messages::operator::registered(), &told, &secrets, &back);
            Ok(page.into_response())
        }
        Err(refusal) => {
            let problem = refusal.problem();
            let (number, until) = (fields.text("number"), fields.text("until"));
            let page = register_page(&frame, &forms, Some(problem), number, &facts, until);
            Ok(refused(problem, page))
        }
    }
}

async fn try_register(app: &App, visitor: &OperatorVisitor, facts: &FactsTyped, fields: &Fields) -> Answer<OfficeMade> {
    let field = messages::operator::number();
    let number =
        OfficeNumber::parse(fields.text("number")).map_err(|_| unfit(&field, &messages::operator::rule_number()))?;
    let read = facts.read(number)?;
    let licence_until = match fields.text("until") {
        "" => None,
        day => Some(end_of_day(day, &messages::operator::licence_until())?),
    };
    let new = NewOffice {
        kana: read.kana,
        address: read.address,
        telephone: read.telephone,
        licence_until,
        ..NewOffice::new(number, read.name, read.kinds)
    };
    Ok(Admin::of(app, visitor.by()).register_office(new).await?)
}

/// The office of an address.
pub(super) async fn office(app: &App, number: &str) -> Answer<std::sync::Arc<OfficeRow>> {
    let number = OfficeNumber::parse(number).map_err(|_| ProblemCode::OfficeUnknown)?;
    let office = app.store.office(number).await?;
    Ok(office.ok_or(ProblemCode::OfficeUnknown)?)
}
