//! One office: what is registered of it, its licence, its people, its terminals, its limits.

use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse as _, Response},
};
use care_model::{AccountId, ProblemCode, TerminalId, limits};
use exchange_protocol::{AccountFamily, Problem};
use exchange_store::{LimitOverrides, OfficeRow};
use maud::{Markup, html};

use super::{
    offices::{self, address, office},
    refused, shown_once,
};
use crate::{
    admin::{Admin, CERTIFICATE_DAYS},
    app::App,
    duties::Duty,
    office_facts::{FactsTyped, end_of_day, unfit},
    portal::{
        form::{self, Button, Field, Fields, Forms, Look},
        office::{Said, Term},
        page::{self, Frame, grouped},
        session::OperatorVisitor,
        sign_in::led,
    },
    refusal::{Answer, Refusal},
};

const BYTES_OF_A_MEGABYTE: u64 = 1_024 * 1_024;

/// Bytes as the page shows and takes them. Rounded up: a limit below one megabyte is not none.
fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_OF_A_MEGABYTE)
}

/// The same, as people say it.
fn gigabytes(bytes: u64) -> u64 {
    megabytes(bytes) / 1_024
}

/// What an operator's look at an office needs.
struct Desk<'a> {
    app: &'a App,
    frame: &'a Frame,
    forms: &'a Forms,
    visitor: &'a OperatorVisitor,
    office: &'a OfficeRow,
}

pub(crate) async fn show(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OperatorVisitor,
    Path(number): Path<String>,
    Query(said): Query<Said>,
) -> Answer<Markup> {
    let office = office(&app, &number).await?;
    let sentences: &[(&str, fn() -> String)] = &[
        ("changed", messages::operator::office_changed),
        ("licence", messages::operator::licence_set),
        ("refused", messages::operator::wish_refused),
        ("reset", messages::operator::person_reset),
        ("revoked", messages::portal::terminal_revoked),
        ("limits", messages::operator::limits_set),
    ];
    let desk = Desk {
        app: &app,
        frame: &frame,
        forms: &forms,
        visitor: &visitor,
        office: &office,
    };
    let typed = FactsTyped::registered(&office);
    desk.page(page::done(said.among(sentences)), &typed).await
}

impl Desk<'_> {
    async fn page(&self, above: Markup, typed: &FactsTyped) -> Answer<Markup> {
        let keeps = self.visitor.may(Duty::Offices);
        let to_facts = messages::operator::facts_button();
        let facts = html! {
            (typed.markup())
            div.actions { (Button { text: &to_facts, look: Look::Primary, about: None }.markup()) }
        };
        let (licence, people, terminals) = (self.licence().await?, self.people().await?, self.terminals().await?);
        let limits = match self.visitor.may(Duty::Govern) {
            true => Some(self.limits().await?),
            false => None,
        };
        Ok(self.frame.page(
            &self.office.name,
            html! {
                (above)
                p { (messages::portal::office_number(self.office.number)) }
                (licence)
                (people)
                (terminals)
                @if keeps {
                    section.card {
                        h2 { (messages::operator::facts_title()) }
                        (self.forms.form(&self.act("facts"), facts))
                    }
                }
                @if let Some(limits) = limits { (limits) }
                p { a.inline-link href=(offices::PATH) { (messages::operator::to_offices()) } }
            },
        ))
    }

    /// Where an act on this office is posted to.
    fn act(&self, name: &str) -> String {
        format!("{}/{name}", address(self.office.number))
    }

    async fn licence(&self) -> Answer<Markup> {
        let until = self.office.licence_until;
        let term = Term::of(until, self.app.clock.now());
        let request = self.app.store.licence_request(self.office.number).await?;
        let (label, help) = (
            messages::operator::licence_new(),
            messages::operator::licence_move_help(),
        );
        let (move_text, refuse_text) = (messages::operator::licence_button(), messages::operator::wish_refuse());
        let fields = html! {
            (Field { help: Some(&help), kind: "date", ..Field::text("until", &label) }.markup())
            div.actions { (Button { text: &move_text, look: Look::Primary, about: None }.markup()) }
        };
        Ok(html! {
            section.card {
                h2 { (messages::portal::title_licence()) }
                dl.facts {
                    dt { (messages::operator::licence_until()) }
                    dd { (page::day(until)) " " (term.badge()) }
                    dt { (messages::operator::wish()) }
                    dd {
                        @match &request {
                            Some(request) => { (offices::wish(request.wish)) " " (page::moment(request.asked_at)) },
                            None => (messages::operator::wish_none()),
                        }
                    }
                }
                @if self.visitor.may(Duty::Offices) {
                    (self.forms.form(&self.act("licence"), fields))
                    @if request.is_some() {
                        (self.forms.button(
                            &self.act("refuse-wish"),
                            &[],
                            Button { text: &refuse_text, look: Look::Danger, about: None },
                        ))
                    }
                }
            }
        })
    }

    async fn people(&self) -> Answer<Markup> {
        let people = self.app.store.people(self.office.number).await?;
        let account = self.app.store.office_account(self.office.number).await?;
        let text = messages::portal::person_reset_button();
        let reset = |id: &str, about: &str| {
            let button = Button {
                text: &text,
                look: Look::Quiet,
                about: Some(about),
            };
            self.forms.button(&self.act("reset"), &[("account", id)], button)
        };
        let keeps = self.visitor.may(Duty::Offices);
        Ok(html! {
            section.card {
                h2 { (messages::operator::accounts_title()) }
                p { (messages::operator::accounts_lead()) }
                table {
                    caption.hidden-text { (messages::operator::accounts_title()) }
                    thead {
                        tr {
                            th scope="col" { (messages::operator::account_name()) }
                            th scope="col" { (messages::operator::account_id()) }
                            @if keeps { th scope="col" { (messages::portal::acts()) } }
                        }
                    }
                    tbody {
                        @if let Some(id) = &account {
                            tr {
                                th scope="row" { (messages::operator::office_account()) }
                                td.id data-label=(messages::operator::account_id()) { (id) }
                                @if keeps {
                                    td data-label=(messages::portal::acts()) {
                                        (reset(id.as_str(), &messages::operator::office_account()))
                                    }
                                }
                            }
                        }
                        @for person in &people {
                            tr {
                                th scope="row" { (person.name) }
                                td.id data-label=(messages::operator::account_id()) { (person.id) }
                                @if keeps {
                                    td data-label=(messages::portal::acts()) {
                                        @if person.stopped_at.is_some() {
                                            span.badge.off { (messages::portal::person_is_stopped()) }
                                        } @else {
                                            (reset(person.id.as_str(), &person.name))
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        })
    }

    async fn terminals(&self) -> Answer<Markup> {
        let terminals = self.app.store.terminals(self.office.number).await?;
        let now = self.app.clock.now();
        let keeps = self.visitor.may(Duty::Offices);
        let (revoke, make) = (
            messages::portal::terminal_revoke(),
            messages::portal::issue_password_make(),
        );
        Ok(html! {
            section.card {
                h2 { (messages::portal::title_terminals()) }
                @if terminals.is_empty() {
                    (page::empty(&messages::portal::terminals_none()))
                } @else {
                    table {
                        caption { (messages::portal::terminals_caption()) }
                        thead {
                            tr {
                                th scope="col" { (messages::portal::terminal_name()) }
                                th scope="col" { (messages::portal::certificate_until()) }
                                th scope="col" { (messages::portal::state()) }
                                @if keeps { th scope="col" { (messages::portal::acts()) } }
                            }
                        }
                        tbody {
                            @for terminal in &terminals {
                                @let id = terminal.id.to_string();
                                tr {
                                    th scope="row" { (terminal.name) }
                                    td data-label=(messages::portal::certificate_until()) {
                                        (page::day(terminal.expires_at))
                                    }
                                    td data-label=(messages::portal::state()) {
                                        @match terminal.revoked_at {
                                            Some(at) => {
                                                span.badge.off { (messages::portal::terminal_is_revoked(page::day(at))) }
                                            },
                                            None => (Term::of(terminal.expires_at, now).badge()),
                                        }
                                    }
                                    @if keeps {
                                        td data-label=(messages::portal::acts()) {
                                            @if terminal.revoked_at.is_none() {
                                                (self.forms.button(
                                                    &self.act("revoke"),
                                                    &[("terminal", &id)],
                                                    Button { text: &revoke, look: Look::Danger, about: Some(&terminal.name) },
                                                ))
                                            } @else {
                                                (messages::portal::nothing_to_do())
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                @if keeps {
                    (self.forms.button(
                        &self.act("issue-password"),
                        &[],
                        Button { text: &make, look: Look::Primary, about: None },
                    ))
                }
            }
        })
    }

    async fn limits(&self) -> Answer<Markup> {
        let set = self.app.store.limits(self.office.number).await?;
        let all = LimitOverrides::default().effective();
        let text = messages::operator::limits_button();
        let field = |name: &'static str, label: String, set: Option<u64>, help: String| {
            let value = set.map(|max| max.to_string()).unwrap_or_default();
            Field {
                help: Some(&help),
                value: &value,
                kind: "number",
                is_optional: true,
                ..Field::text(name, &label)
            }
            .markup()
        };
        let fields = html! {
            (field(
                "waiting",
                messages::operator::limit_waiting(),
                set.waiting_deliveries_max,
                messages::operator::limit_help(grouped(all.waiting_deliveries_max)),
            ))
            (field(
                "waiting_mb",
                messages::operator::limit_waiting_mb(),
                set.waiting_bytes_max.map(megabytes),
                messages::operator::limit_help_mb(
                    grouped(megabytes(all.waiting_bytes_max)),
                    grouped(gigabytes(all.waiting_bytes_max)),
                ),
            ))
            (field(
                "sends",
                messages::operator::limit_sends(),
                set.sends_a_day_max,
                messages::operator::limit_help(grouped(all.sends_a_day_max)),
            ))
            div.actions { (Button { text: &text, look: Look::Primary, about: None }.markup()) }
        };
        Ok(html! {
            section.card {
                h2 { (messages::operator::limits_title()) }
                p { (messages::operator::limits_lead()) }
                (self.forms.form(&self.act("limits"), fields))
            }
        })
    }

    /// The page again, with what was refused above it.
    async fn again(&self, refusal: &Refusal, typed: Option<&FactsTyped>) -> Answer<Response> {
        let problem = refusal.problem();
        let registered = FactsTyped::registered(self.office);
        let page = self.page(form::refusal(problem), typed.unwrap_or(&registered)).await?;
        Ok(refused(problem, page))
    }

    /// Asks whether it is meant, with the name of whom or what it is about.
    fn ask(&self, name: &str, hidden: &[(&str, &str)], about: [String; 2], words: [String; 3]) -> Response {
        let ([label, value], [title, lead, yes]) = (about, words);
        let content = html! {
            div.card.narrow {
                dl.facts {
                    dt { (messages::operator::name()) }
                    dd { (self.office.name) }
                    dt { (label) }
                    dd { (value) }
                }
                p { (lead) }
                (self.forms.confirmation(&self.act(name), hidden, &yes, &address(self.office.number)))
            }
        };
        self.frame.page(&title, content).into_response()
    }

    fn admin(&self) -> Admin {
        Admin::of(self.app, self.visitor.by())
    }

    /// Back to the office, with a sentence.
    fn done(&self, said: &str) -> Response {
        led(&format!("{}?done={said}", address(self.office.number)), None)
    }
}

pub(crate) async fn change(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OperatorVisitor,
    Path(number): Path<String>,
    fields: Fields,
) -> Answer<Response> {
    let office = office(&app, &number).await?;
    let desk = Desk {
        app: &app,
        frame: &frame,
        forms: &forms,
        visitor: &visitor,
        office: &office,
    };
    let typed = FactsTyped::of(&fields);
    match typed.read(office.number) {
        Ok(facts) => {
            desk.admin().change_office(facts).await?;
            Ok(desk.done("changed"))
        }
        Err(problem) => desk.again(&problem.into(), Some(&typed)).await,
    }
}

pub(crate) async fn set_licence(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OperatorVisitor,
    Path(number): Path<String>,
    fields: Fields,
) -> Answer<Response> {
    let office = office(&app, &number).await?;
    let desk = Desk {
        app: &app,
        frame: &frame,
        forms: &forms,
        visitor: &visitor,
        office: &office,
    };
    match end_of_day(fields.text("until"), &messages::operator::licence_new()) {
        Ok(until) => {
            desk.admin().set_licence(office.number, until).await?;
            Ok(desk.done("licence"))
        }
        Err(problem) => desk.again(&problem.into(), None).await,
    }
}

pub(crate) async fn refuse_wish(
    State(app): State<App>,
    visitor: OperatorVisitor,
    Path(number): Path<String>,
) -> Answer<Response> {
    let office = office(&app, &number).await?;
    Admin::of(&app, visitor.by()).refuse_licence_wish(office.number).await?;
    Ok(led(&format!("{}?done=refused", address(office.number)), None))
}

/// A new provisional password. The office's own is shown here, once; a person's is shown to the office, not to the
/// operator.
pub(crate) async fn reset(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OperatorVisitor,
    Path(number): Path<String>,
    fields: Fields,
) -> Answer<Response> {
    let office = office(&app, &number).await?;
    let desk = Desk {
        app: &app,
        frame: &frame,
        forms: &forms,
        visitor: &visitor,
        office: &office,
    };
    let id = AccountId::parse(fields.raw("account")).map_err(|_| ProblemCode::PersonUnknown)?;
    let account = app.store.account(&id).await?;
    let account = account.filter(|account| account.office == office.number && !account.stopped);
    let account = account.ok_or(ProblemCode::PersonUnknown)?;
    if !fields.is_confirmed() {
        let about = [messages::operator::account_id(), id.to_string()];
        let words = [
            messages::portal::person_reset_title(),
            messages::operator::reset_lead(),
            messages::portal::person_reset_yes(),
        ];
        return Ok(desk.ask("reset", &[("account", id.as_str())], about, words));
    }
    let made = desk.admin().reset_password(&id).await?;
    if account.family == AccountFamily::Person {
        return Ok(desk.done("reset"));
    }
    let told = [
        (messages::operator::name(), office.name.clone()),
        (messages::portal::office_id(), id.to_string()),
    ];
    let secrets = [(messages::operator::first_password(), made.password)];
    let title = messages::operator::password_made();
    Ok(shown_once(&frame, &title, &told, &secrets, &address(office.number)).into_response())
}

/// The answer to the press itself shows the password; nothing keeps it.
pub(crate) async fn issue_password(
    State(app): State<App>,
    frame: Frame,
    visitor: OperatorVisitor,
    Path(number): Path<String>,
) -> Answer<Markup> {
    let office = office(&app, &number).await?;
    let open = app.store.open_issue_passwords(office.number, app.clock.now()).await?;
    if open.len() >= limits::OPEN_ISSUE_PASSWORDS_MAX {
        return Err(Problem::new(ProblemCode::IssuePasswordsTooMany)
            .with("max", limits::OPEN_ISSUE_PASSWORDS_MAX)
            .into());
    }
    let made = Admin::of(&app, visitor.by())
        .issue_password(office.number, None, CERTIFICATE_DAYS)
        .await?;
    let told = [(messages::operator::name(), office.name.clone())];
    let secrets = [(messages::portal::issue_password(), made.issue_password)];
    let title = messages::portal::issue_password_made_title();
    Ok(shown_once(&frame, &title, &told, &secrets, &address(office.number)))
}

/// Revokes at once: sessions and event streams of the terminal end with it.
pub(crate) async fn revoke(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OperatorVisitor,
    Path(number): Path<String>,
    fields: Fields,
) -> Answer<Response> {
    let office = office(&app, &number).await?;
    let desk = Desk {
        app: &app,
        frame: &frame,
        forms: &forms,
        visitor: &visitor,
        office: &office,
    };
    let unknown = || Refusal::from(ProblemCode::TerminalUnknown);
    let id: TerminalId = fields.raw("terminal").parse().map_err(|_| unknown())?;
    let terminals = app.store.terminals(office.number).await?;
    let found = terminals.iter().find(|terminal| terminal.id == id);
    let terminal = found
        .filter(|terminal| terminal.revoked_at.is_none())
        .ok_or_else(unknown)?;
    if !fields.is_confirmed() {
        let about = [messages::portal::terminal_name(), terminal.name.clone()];
        let words = [
            messages::portal::terminal_revoke_title(),
            messages::portal::terminal_revoke_lead(),
            messages::portal::terminal_revoke_yes(),
        ];
        return Ok(desk.ask("revoke", &[("terminal", &id.to_string())], about, words));
    }
    desk.admin().revoke_terminal(id).await?;
    Ok(desk.done("revoked"))
}

pub(crate) async fn set_limits(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OperatorVisitor,
    Path(number): Path<String>,
    fields: Fields,
) -> Answer<Response> {
    let office = office(&app, &number).await?;
    let desk = Desk {
        app: &app,
        frame: &frame,
        forms: &forms,
        visitor: &visitor,
        office: &office,
    };
    match read_limits(&fields, app.store.limits(office.number).await?) {
        Ok(new) => {
            desk.admin().set_limits(office.number, new).await?;
            Ok(desk.done("limits"))
        }
        Err(problem) => desk.again(&problem.into(), None).await,
    }
}

/// What was typed. A limit in bytes that was left as it was shown stays what it was set to, by the byte.
fn read_limits(fields: &Fields, set: LimitOverrides) -> Result<LimitOverrides, Problem> {
    let read = |name: &str, label: String, most: u64, rule: String| {
        let typed = fields.text(name);
        if typed.is_empty() {
            return Ok(None);
        }
        let is_number = typed.bytes().all(|byte| byte.is_ascii_digit());
        let number = typed.parse::<u64>().ok().filter(|number| is_number && *number <= most);
        Ok::<_, Problem>(Some(number.ok_or_else(|| unfit(&label, &rule))?))
    };
    let deliveries = |name: &str, label: String| {
        let most = limits::OFFICE_LIMIT_DELIVERIES_MAX;
        read(name, label, most, messages::operator::rule_limit(grouped(most)))
    };
    let most = limits::OFFICE_LIMIT_BYTES_MAX;
    let waiting_mb = read(
        "waiting_mb",
        messages::operator::limit_waiting_mb(),
        megabytes(most),
        messages::operator::rule_limit_mb(grouped(megabytes(most)), grouped(gigabytes(most))),
    )?;
    let is_as_shown = waiting_mb == set.waiting_bytes_max.map(megabytes);
    Ok(LimitOverrides {
        waiting_deliveries_max: deliveries("waiting", messages::operator::limit_waiting())?,
        waiting_bytes_max: if is_as_shown {
            set.waiting_bytes_max
        } else {
            waiting_mb.map(|megabytes| megabytes * BYTES_OF_A_MEGABYTE)
        },
        sends_a_day_max: deliveries("sends", messages::operator::limit_sends())?,
    })
}
