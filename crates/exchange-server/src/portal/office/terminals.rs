//! 端末・電子証明書: terminals with their certificates, and one-time passwords for further ones.

use axum::{
    extract::{Query, State},
    response::{IntoResponse as _, Response},
};
use care_model::{ProblemCode, TerminalId, limits};
use chrono::{DateTime, Utc};
use exchange_protocol::{Problem, TerminalEntry};
use maud::{Markup, html};

use super::{Said, Term};
use crate::{
    admin::{Admin, CERTIFICATE_DAYS},
    app::App,
    portal::{
        form::{Button, Fields, Forms, Look},
        page::{self, Frame},
        session::OfficeVisitor,
        sign_in::led,
    },
    refusal::{Answer, Refusal},
};

/// Where it is.
pub(crate) const PATH: &str = "/portal/terminals";

pub(crate) async fn show(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OfficeVisitor,
    Query(said): Query<Said>,
) -> Answer<Markup> {
    let now = app.clock.now();
    let office = visitor.number();
    let terminals = app.store.terminals(office).await?;
    let sign_ins = app.store.terminal_sign_ins(office).await?;
    let open = app.store.open_issue_passwords(office, now).await?;
    let sentences: &[(&str, fn() -> String)] = &[
        ("revoked", messages::portal::terminal_revoked),
        ("withdrawn", messages::portal::issue_password_withdrawn),
    ];
    let make = messages::portal::issue_password_make();
    Ok(frame.page(
        &messages::portal::title_terminals(),
        html! {
            (page::done(said.among(sentences)))
            p { (messages::portal::terminals_lead()) }
            @if terminals.is_empty() {
                (page::empty(&messages::portal::terminals_none()))
            } @else {
                table {
                    caption { (messages::portal::terminals_caption()) }
                    thead {
                        tr {
                            th scope="col" { (messages::portal::terminal_name()) }
                            th scope="col" { (messages::portal::certificate_until()) }
                            th scope="col" { (messages::portal::last_sign_in()) }
                            th scope="col" { (messages::portal::state()) }
                            th scope="col" { (messages::portal::acts()) }
                        }
                    }
                    tbody {
                        @for terminal in &terminals {
                            (row(&forms, terminal, sign_ins.get(&terminal.id).copied(), now))
                        }
                    }
                }
            }
            section.card {
                h2 { (messages::portal::issue_password_title()) }
                p { (messages::portal::issue_password_lead()) }
                @if open.is_empty() {
                    p.soft { (messages::portal::issue_passwords_none()) }
                } @else {
                    table {
                        caption { (messages::portal::issue_passwords_open()) }
                        thead {
                            tr {
                                th scope="col" { (messages::portal::made_at()) }
                                th scope="col" { (messages::portal::good_until()) }
                                th scope="col" { (messages::portal::acts()) }
                            }
                        }
                        tbody {
                            @for password in &open {
                                @let made_at = page::moment(password.made_at);
                                @let row = password.row.to_string();
                                @let text = messages::portal::issue_password_withdraw();
                                tr {
                                    th scope="row" { (made_at) }
                                    td data-label=(messages::portal::good_until()) { (page::moment(password.until)) }
                                    td data-label=(messages::portal::acts()) {
                                        (forms.button(
                                            "/portal/issue-passwords/withdraw",
                                            &[("row", &row)],
                                            Button { text: &text, look: Look::Danger, about: Some(&made_at) },
                                        ))
                                    }
                                }
                            }
                        }
                    }
                }
                (forms.button(
                    "/portal/issue-passwords/make",
                    &[],
                    Button { text: &make, look: Look::Primary, about: None },
                ))
            }
        },
    ))
}

fn row(forms: &Forms, terminal: &TerminalEntry, seen: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Markup {
    let id = terminal.id.to_string();
    let text = messages::portal::terminal_revoke();
    html! {
        tr {
            th scope="row" { (terminal.name) }
            td data-label=(messages::portal::certificate_until()) { (page::day(terminal.expires_at)) }
            td data-label=(messages::portal::last_sign_in()) {
                @match seen {
                    Some(at) => (page::moment(at)),
                    None => (messages::portal::never()),
                }
            }
            td data-label=(messages::portal::state()) {
                @match terminal.revoked_at {
                    Some(at) => span.badge.off { (messages::portal::terminal_is_revoked(page::day(at))) },
                    None => (Term::of(terminal.expires_at, now).badge()),
                }
            }
            td data-label=(messages::portal::acts()) {
                @if terminal.revoked_at.is_none() {
                    (forms.button(
                        "/portal/terminals/revoke",
                        &[("terminal", &id)],
                        Button { text: &text, look: Look::Danger, about: Some(&terminal.name) },
                    ))
                } @else {
                    (messages::portal::nothing_to_do())
                }
            }
        }
    }
}

/// Revokes at once: sessions and event streams of the terminal end with it.
pub(crate) async fn revoke(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OfficeVisitor,
    fields: Fields,
) -> Answer<Response> {
    let unknown = || Refusal::from(ProblemCode::TerminalUnknown);
    let id: TerminalId = fields.raw("terminal").parse().map_err(|_| unknown())?;
    let terminals = app.store.terminals(visitor.number()).await?;
    let found = terminals.iter().find(|terminal| terminal.id == id);
    let terminal = found
        .filter(|terminal| terminal.revoked_at.is_none())
        .ok_or_else(unknown)?;
    if !fields.is_confirmed() {
        let content = html! {
            div.card.narrow {
                dl.facts {
                    dt { (messages::portal::terminal_name()) }
                    dd { (terminal.name) }
                }
                p { (messages::portal::terminal_revoke_lead()) }
                (forms.confirmation(
                    "/portal/terminals/revoke",
                    &[("terminal", &id.to_string())],
                    &messages::portal::terminal_revoke_yes(),
                    PATH,
                ))
            }
        };
        let page = frame.page(&messages::portal::terminal_revoke_title(), content);
        return Ok(page.into_response());
    }
    Admin::of(&app, visitor.by()).revoke_terminal(id).await?;
    Ok(led("/portal/terminals?done=revoked", None))
}

/// The answer to the press itself shows the password; nothing keeps it.
pub(crate) async fn make_issue_password(
    State(app): State<App>,
    frame: Frame,
    visitor: OfficeVisitor,
) -> Answer<Markup> {
    let office = visitor.number();
    let open = app.store.open_issue_passwords(office, app.clock.now()).await?;
    if open.len() >= limits::OPEN_ISSUE_PASSWORDS_MAX {
        return Err(Problem::new(ProblemCode::IssuePasswordsTooMany)
            .with("max", limits::OPEN_ISSUE_PASSWORDS_MAX)
            .into());
    }
    let made = Admin::of(&app, visitor.by())
        .issue_password(office, None, CERTIFICATE_DAYS)
        .await?;
    Ok(frame.page(
        &messages::portal::issue_password_made_title(),
        html! {
            div.notice.warn { p.strong { (messages::portal::issue_password_once()) } }
            div.card.narrow {
                dl.facts {
                    dt { (messages::portal::office_id()) }
                    dd { (visitor.session.account) }
                }
                p { (messages::portal::issue_password()) }
                p.secret { (made.issue_password) }
                p { (messages::portal::issue_password_next()) }
            }
            div.actions.no-print { a.button.primary href=(PATH) { (messages::portal::to_terminals()) } }
        },
    ))
}

pub(crate) async fn withdraw_issue_password(
    State(app): State<App>,
    visitor: OfficeVisitor,
    fields: Fields,
) -> Answer<Response> {
    let row: i64 = fields.raw("row").parse().map_err(|_| ProblemCode::RequestMalformed)?;
    let (office, now) = (visitor.number(), app.clock.now());
    // False: it was used or withdrawn meanwhile, and the list says what is left.
    app.store
        .withdraw_issue_password(office, row, visitor.by(), now)
        .await?;
    Ok(led("/portal/terminals?done=withdrawn", None))
}
