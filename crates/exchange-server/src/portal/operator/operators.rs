//! 運営担当者: who runs the exchange, and what each may do.

use axum::{
    extract::{Query, State},
    response::{IntoResponse as _, Response},
};
use care_model::{AccountId, ProblemCode, limits};
use exchange_store::{OperatorChange, OperatorRole};
use maud::{Markup, html};

use super::{refused, role_name, shown_once};
use crate::{
    admin::Admin,
    app::App,
    office_facts::unfit,
    operators::{NewOperator, OperatorMade, OperatorShown},
    portal::{
        form::{self, Button, Field, Fields, Forms, Look},
        office::Said,
        page::{self, Frame},
        session::OperatorVisitor,
        sign_in::led,
    },
    refusal::Answer,
};

/// Where it is.
pub(crate) const PATH: &str = "/portal/operator/operators";

pub(crate) async fn show(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OperatorVisitor,
    Query(said): Query<Said>,
) -> Answer<Markup> {
    let sentences: &[(&str, fn() -> String)] = &[
        ("role", messages::operator::role_set),
        ("stopped", messages::operator::operator_stopped),
        ("resumed", messages::operator::operator_resumed),
    ];
    let done = page::done(said.among(sentences));
    list(&app, &frame, &forms, &visitor, done, "", OperatorRole::Clerk.word()).await
}

fn roles() -> Vec<(&'static str, String)> {
    let role = |role: &OperatorRole| (role.word(), role_name(*role));
    OperatorRole::ALL.iter().map(role).collect()
}

async fn list(
    app: &App,
    frame: &Frame,
    forms: &Forms,
    visitor: &OperatorVisitor,
    above: Markup,
    name: &str,
    role: &str,
) -> Answer<Markup> {
    let operators = Admin::of(app, visitor.by()).operators().await?;
    let (label, text) = (
        messages::portal::person_name(),
        messages::operator::operator_add_button(),
    );
    let add = html! {
        (Field { value: name, ..Field::text("name", &label) }.markup())
        (form::choice("role", &messages::operator::role(), &roles(), role))
        div.actions { (Button { text: &text, look: Look::Primary, about: None }.markup()) }
    };
    Ok(frame.page(
        &messages::operator::title_operators(),
        html! {
            (above)
            p { (messages::operator::operators_lead()) }
            table {
                caption.hidden-text { (messages::operator::title_operators()) }
                thead {
                    tr {
                        th scope="col" { (messages::portal::person_name()) }
                        th scope="col" { (messages::operator::operator_id()) }
                        th scope="col" { (messages::operator::role()) }
                        th scope="col" { (messages::portal::state()) }
                        th scope="col" { (messages::portal::acts()) }
                    }
                }
                tbody {
                    @for operator in &operators { (row(forms, visitor, operator)) }
                }
            }
            section.card.narrow {
                h2 { (messages::operator::operator_add()) }
                (forms.form("/portal/operator/operators/add", add))
            }
        },
    ))
}

fn row(forms: &Forms, visitor: &OperatorVisitor, operator: &OperatorShown) -> Markup {
    let id = operator.operator_id.as_str();
    let is_oneself = operator.operator_id.key() == visitor.id.key();
    let act = |path: &str, text: String, look: Look| {
        let button = Button {
            text: &text,
            look,
            about: Some(&operator.name),
        };
        forms.button(path, &[("operator", id)], button)
    };
    html! {
        tr {
            th scope="row" { (operator.name) }
            td.id data-label=(messages::operator::operator_id()) { (id) }
            td data-label=(messages::operator::role()) { (role_name(operator.role)) }
            td data-label=(messages::portal::state()) {
                @if operator.stopped {
                    span.badge.off { (messages::portal::person_is_stopped()) }
                } @else if operator.provisional {
                    span.badge.warn { (messages::portal::person_is_provisional()) }
                } @else {
                    span.badge.good { (messages::portal::person_is_active()) }
                }
            }
            td data-label=(messages::portal::acts()) {
                @if is_oneself {
                    (messages::operator::oneself())
                } @else {
                    div.actions {
                        @if operator.stopped {
                            (act("/portal/operator/operators/resume", messages::portal::person_resume(), Look::Quiet))
                        } @else {
                            (act("/portal/operator/operators/role", messages::operator::role_change(), Look::Quiet))
                            (act(
                                "/portal/operator/operators/reset",
                                messages::portal::person_reset_button(),
                                Look::Quiet,
                            ))
                            (act("/portal/operator/operators/stop", messages::portal::person_stop(), Look::Danger))
                        }
                    }
                }
            }
        }
    }
}

fn made(frame: &Frame, title: &str, name: String, made: OperatorMade) -> Response {
    let told = [
        (messages::portal::person_name(), name),
        (messages::operator::operator_id(), made.operator_id.to_string()),
    ];
    let secrets = [(messages::operator::first_password(), made.password)];
    shown_once(frame, title, &told, &secrets, PATH).into_response()
}

pub(crate) async fn add(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OperatorVisitor,
    fields: Fields,
) -> Answer<Response> {
    let (name, role) = (fields.text("name"), fields.text("role"));
    let chars = name.chars().count();
    let fits = chars > 0 && chars <= limits::PERSON_NAME_CHARS_MAX && !name.chars().any(char::is_control);
    let problem = match (OperatorRole::parse(role), fits) {
        (Ok(role), true) => {
            let new = NewOperator {
                name: name.to_owned(),
                role,
                operator_id: None,
                password: None,
                provisional: true,
            };
            let added = Admin::of(&app, visitor.by()).add_operator(new).await?;
            return Ok(made(
                &frame,
                &messages::operator::operator_added(),
                name.to_owned(),
                added,
            ));
        }
        (_, false) => unfit(
            &messages::portal::person_name(),
            &messages::operator::rule_text(limits::PERSON_NAME_CHARS_MAX),
        ),
        (Err(_), true) => unfit(&messages::operator::role(), &messages::operator::rule_choice()),
    };
    let page = list(&app, &frame, &forms, &visitor, form::refusal(&problem), name, role).await?;
    Ok(refused(&problem, page))
}

/// The operator that a form is about: nobody locks oneself out.
async fn other(app: &App, visitor: &OperatorVisitor, fields: &Fields) -> Answer<OperatorShown> {
    let id = AccountId::parse(fields.raw("operator")).map_err(|_| ProblemCode::OperatorUnknown)?;
    let found = app.store.operator(&id).await?.ok_or(ProblemCode::OperatorUnknown)?;
    match found.id.key() == visitor.id.key() {
        true => Err(ProblemCode::RoleLacking.into()),
        false => Ok(found.into()),
    }
}

pub(crate) async fn set_role(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OperatorVisitor,
    fields: Fields,
) -> Answer<Response> {
    let operator = other(&app, &visitor, &fields).await?;
    if let Ok(role) = OperatorRole::parse(fields.text("role")) {
        let change = OperatorChange::Role(role);
        Admin::of(&app, visitor.by())
            .change_operator(&operator.operator_id, change)
            .await?;
        return Ok(led(&format!("{PATH}?done=role"), None));
    }
    let text = messages::operator::role_button();
    let content = html! {
        input type="hidden" name="operator" value=(operator.operator_id);
        (form::choice("role", &messages::operator::role(), &roles(), operator.role.word()))
        p { (messages::operator::role_lead()) }
        div.actions {
            (Button { text: &text, look: Look::Primary, about: None }.markup())
            a.button.quiet href=(PATH) { (messages::portal::back()) }
        }
    };
    let page = frame.page(
        &messages::operator::role_change(),
        html! {
            div.card.narrow {
                p.strong { (operator.name) }
                (forms.form("/portal/operator/operators/role", content))
            }
        },
    );
    Ok(page.into_response())
}

/// Asks whether it is meant, with the name of whom it is about.
fn ask(frame: &Frame, forms: &Forms, operator: &OperatorShown, action: &str, words: [String; 3]) -> Response {
    let [title, lead, yes] = words;
    let content = html! {
        div.card.narrow {
            p.strong { (operator.name) }
            p { (lead) }
            (forms.confirmation(action, &[("operator", operator.operator_id.as_str())], &yes, PATH))
        }
    };
    frame.page(&title, content).into_response()
}

pub(crate) async fn stop(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OperatorVisitor,
    fields: Fields,
) -> Answer<Response> {
    let operator = other(&app, &visitor, &fields).await?;
    if !fields.is_confirmed() {
        let words = [
            messages::operator::operator_stop_title(),
            messages::operator::operator_stop_lead(),
            messages::portal::person_stop_yes(),
        ];
        return Ok(ask(&frame, &forms, &operator, "/portal/operator/operators/stop", words));
    }
    Admin::of(&app, visitor.by())
        .change_operator(&operator.operator_id, OperatorChange::Stop)
        .await?;
    Ok(led(&format!("{PATH}?done=stopped"), None))
}

pub(crate) async fn resume(State(app): State<App>, visitor: OperatorVisitor, fields: Fields) -> Answer<Response> {
    let operator = other(&app, &visitor, &fields).await?;
    Admin::of(&app, visitor.by())
        .change_operator(&operator.operator_id, OperatorChange::Resume)
        .await?;
    Ok(led(&format!("{PATH}?done=resumed"), None))
}

/// The answer to the press itself shows the new password; nothing keeps it.
pub(crate) async fn reset(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OperatorVisitor,
    fields: Fields,
) -> Answer<Response> {
    let operator = other(&app, &visitor, &fields).await?;
    if !fields.is_confirmed() {
        let words = [
            messages::portal::person_reset_title(),
            messages::operator::operator_reset_lead(),
            messages::portal::person_reset_yes(),
        ];
        return Ok(ask(
            &frame,
            &forms,
            &operator,
            "/portal/operator/operators/reset",
            words,
        ));
    }
    let reset = Admin::of(&app, visitor.by())
        .reset_operator(&operator.operator_id)
        .await?;
    let handed = OperatorMade {
        operator_id: operator.operator_id,
        password: reset.password,
    };
    Ok(made(
        &frame,
        &messages::operator::password_made(),
        operator.name,
        handed,
    ))
}
