//! 職員: the office's people, who may sign in, and the first passwords, each shown once.

use axum::{
    extract::{Query, State},
    response::{IntoResponse as _, Response},
};
use care_model::{AccountId, ProblemCode, limits};
use exchange_protocol::Problem;
use exchange_store::PersonRow;
use http::StatusCode;
use maud::{Markup, html};

use super::Said;
use crate::{
    admin::{Admin, NewPerson},
    app::App,
    portal::{
        form::{self, Button, Field, Fields, Forms, Look},
        page::{self, Frame},
        session::OfficeVisitor,
        sign_in::led,
    },
    refusal::{Answer, Refusal},
};

/// Where it is.
pub(crate) const PATH: &str = "/portal/people";

pub(crate) async fn show(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OfficeVisitor,
    Query(said): Query<Said>,
) -> Answer<Markup> {
    let sentences: &[(&str, fn() -> String)] = &[
        ("added", messages::portal::person_added),
        ("stopped", messages::portal::person_stopped),
        ("resumed", messages::portal::person_resumed),
        ("reset", messages::portal::person_reset),
    ];
    let done = page::done(said.among(sentences));
    list(&app, &frame, &forms, &visitor, done, "", false).await
}

async fn list(
    app: &App,
    frame: &Frame,
    forms: &Forms,
    visitor: &OfficeVisitor,
    above: Markup,
    name: &str,
    is_wrong: bool,
) -> Answer<Markup> {
    let people = app.store.people(visitor.number()).await?;
    let label = messages::portal::person_name();
    let help = messages::portal::person_name_help();
    let text = messages::portal::person_add_button();
    let add = html! {
        (Field { help: Some(&help), value: name, is_wrong, ..Field::text("name", &label) }.markup())
        div.actions { (Button { text: &text, look: Look::Primary, about: None }.markup()) }
    };
    Ok(frame.page(
        &messages::portal::title_people(),
        html! {
            (above)
            p { (messages::portal::people_lead()) }
            @if people.is_empty() {
                (page::empty(&messages::portal::people_none()))
            } @else {
                table {
                    caption { (messages::portal::people_count(people.len())) }
                    thead {
                        tr {
                            th scope="col" { (messages::portal::person_name()) }
                            th scope="col" { (messages::portal::person_id()) }
                            th scope="col" { (messages::portal::state()) }
                            th scope="col" { (messages::portal::acts()) }
                        }
                    }
                    tbody {
                        @for person in &people { (row(forms, person)) }
                    }
                }
            }
            section.card.narrow {
                h2 { (messages::portal::person_add()) }
                p { (messages::portal::person_add_lead()) }
                (forms.form("/portal/people/add", add))
            }
        },
    ))
}

fn row(forms: &Forms, person: &PersonRow) -> Markup {
    let id = person.id.as_str();
    let act = |path: &str, text: String, look: Look| {
        let button = Button {
            text: &text,
            look,
            about: Some(&person.name),
        };
        forms.button(path, &[("person", id)], button)
    };
    html! {
        tr {
            th scope="row" { (person.name) }
            td.id data-label=(messages::portal::person_id()) { (id) }
            td data-label=(messages::portal::state()) {
                @if person.stopped_at.is_some() {
                    span.badge.off { (messages::portal::person_is_stopped()) }
                } @else if person.has_first_password {
                    span.badge.warn { (messages::portal::person_waits()) }
                } @else if person.provisional {
                    span.badge.warn { (messages::portal::person_is_provisional()) }
                } @else {
                    span.badge.good { (messages::portal::person_is_active()) }
                }
            }
            td data-label=(messages::portal::acts()) {
                div.actions {
                    @if person.stopped_at.is_some() {
                        (act("/portal/people/resume", messages::portal::person_resume(), Look::Quiet))
                    } @else {
                        @if person.has_first_password {
                            (act("/portal/people/first-password", messages::portal::first_password_show(), Look::Primary))
                        }
                        (act("/portal/people/reset", messages::portal::person_reset_button(), Look::Quiet))
                        (act("/portal/people/stop", messages::portal::person_stop(), Look::Danger))
                    }
                }
            }
        }
    }
}

pub(crate) async fn add(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OfficeVisitor,
    fields: Fields,
) -> Answer<Response> {
    let name = fields.text("name");
    if let Err(refusal) = try_add(&app, &visitor, name).await {
        let problem = refusal.problem();
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
        let above = form::refusal(problem);
        let page = list(&app, &frame, &forms, &visitor, above, name, true).await?;
        return Ok((status, page).into_response());
    }
    Ok(led("/portal/people?done=added", None))
}

async fn try_add(app: &App, visitor: &OfficeVisitor, name: &str) -> Answer<()> {
    let chars = name.chars().count();
    if chars == 0 || chars > limits::PERSON_NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(Problem::new(ProblemCode::PersonNameUnfit)
            .with("max", limits::PERSON_NAME_CHARS_MAX)
            .into());
    }
    if app.store.people(visitor.number()).await?.len() >= limits::PEOPLE_MAX {
        return Err(Problem::new(ProblemCode::PeopleTooMany)
            .with("max", limits::PEOPLE_MAX)
            .into());
    }
    let new = NewPerson {
        office: visitor.number(),
        name: name.to_owned(),
        person_id: None,
        password: None,
        provisional: true,
    };
    Admin::of(app, visitor.by()).add_person(new).await?;
    Ok(())
}

/// The person that a form is about, who must be of this office.
async fn person(app: &App, visitor: &OfficeVisitor, fields: &Fields) -> Answer<PersonRow> {
    let id = AccountId::parse(fields.raw("person")).map_err(|_| ProblemCode::PersonUnknown)?;
    let people = app.store.people(visitor.number()).await?;
    let found = people.into_iter().find(|person| person.id.key() == id.key());
    found.ok_or_else(|| Refusal::from(ProblemCode::PersonUnknown))
}

/// Asks whether it is meant, with the name of whom it is about.
fn ask(frame: &Frame, forms: &Forms, person: &PersonRow, action: &str, words: [String; 3]) -> Response {
    let [title, lead, yes] = words;
    let content = html! {
        div.card.narrow {
            dl.facts {
                dt { (messages::portal::person_name()) }
                dd { (person.name) }
                dt { (messages::portal::person_id()) }
                dd { (person.id) }
            }
            p { (lead) }
            (forms.confirmation(action, &[("person", person.id.as_str())], &yes, PATH))
        }
    };
    frame.page(&title, content).into_response()
}

pub(crate) async fn stop(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OfficeVisitor,
    fields: Fields,
) -> Answer<Response> {
    let person = person(&app, &visitor, &fields).await?;
    if !fields.is_confirmed() {
        let words = [
            messages::portal::person_stop_title(),
            messages::portal::person_stop_lead(),
            messages::portal::person_stop_yes(),
        ];
        return Ok(ask(&frame, &forms, &person, "/portal/people/stop", words));
    }
    set_stopped(&app, &visitor, person.id, true).await?;
    Ok(led("/portal/people?done=stopped", None))
}

pub(crate) async fn resume(State(app): State<App>, visitor: OfficeVisitor, fields: Fields) -> Answer<Response> {
    let person = person(&app, &visitor, &fields).await?;
    set_stopped(&app, &visitor, person.id, false).await?;
    Ok(led("/portal/people?done=resumed", None))
}

async fn set_stopped(app: &App, visitor: &OfficeVisitor, person: AccountId, stopped: bool) -> Answer<()> {
    let (office, now) = (visitor.number(), app.clock.now());
    // False: it was so already, by another page of the same office.
    app.store
        .set_stopped(office, person, stopped, visitor.by(), now)
        .await?;
    Ok(())
}

pub(crate) async fn reset(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OfficeVisitor,
    fields: Fields,
) -> Answer<Response> {
    let person = person(&app, &visitor, &fields).await?;
    if !fields.is_confirmed() {
        let words = [
            messages::portal::person_reset_title(),
            messages::portal::person_reset_lead(),
            messages::portal::person_reset_yes(),
        ];
        return Ok(ask(&frame, &forms, &person, "/portal/people/reset", words));
    }
    Admin::of(&app, visitor.by()).reset_password(&person.id).await?;
    Ok(led("/portal/people?done=reset", None))
}

/// The answer to the press itself: no address leads here, and a second press finds nothing any more.
pub(crate) async fn first_password(
    State(app): State<App>,
    frame: Frame,
    visitor: OfficeVisitor,
    fields: Fields,
) -> Answer<Markup> {
    let person = person(&app, &visitor, &fields).await?;
    let (office, now) = (visitor.number(), app.clock.now());
    let taken = app
        .store
        .take_first_password(office, person.id.clone(), visitor.by(), now)
        .await?;
    let password = taken.ok_or(ProblemCode::FirstPasswordGone)?;
    Ok(frame.page(
        &messages::portal::first_password_title(),
        html! {
            div.notice.warn { p.strong { (messages::portal::first_password_once()) } }
            div.card.narrow {
                dl.facts {
                    dt { (messages::portal::person_name()) }
                    dd { (person.name) }
                    dt { (messages::portal::person_id()) }
                    dd { (person.id) }
                }
                p { (messages::portal::first_password()) }
                p.secret { (password) }
                p { (messages::portal::first_password_next()) }
            }
            div.actions.no-print { a.button.primary href=(PATH) { (messages::portal::to_people()) } }
        },
    ))
}
