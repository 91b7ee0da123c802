//! 監査記録: looking through what was done, and taking a part of it out. It tells no content.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    response::Response,
};
use care_model::OfficeNumber;
use exchange_store::{Act, AuditSearch, Subject, Who};
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    admin::Admin,
    app::App,
    audit::chain_export,
    office_facts::{self, beginning_of_day, end_of_day},
    portal::{
        form::{self, Button, Field, Look},
        page::{self, Frame},
        session::OperatorVisitor,
    },
    refusal::Answer,
};

/// Where it is.
pub(crate) const PATH: &str = "/portal/operator/audit";
/// Lines of one page.
const ROWS: u32 = 50;

/// What is looked for, as it was typed.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Wanted {
    office: String,
    act: String,
    from: String,
    until: String,
    before: String,
}

impl Wanted {
    /// The search; what cannot be read is told instead of left out.
    fn read(&self) -> Result<AuditSearch, exchange_protocol::Problem> {
        let unfit = |field: String, rule: String| office_facts::unfit(&field, &rule);
        let office = match self.office.trim() {
            "" => None,
            number => Some(
                OfficeNumber::parse(number)
                    .map_err(|_| unfit(messages::operator::number(), messages::operator::rule_number()))?,
            ),
        };
        let day = |typed: &str, label: String, read: fn(&str, &str) -> Result<_, _>| match typed {
            "" => Ok(None),
            day => read(day, &label).map(Some),
        };
        Ok(AuditSearch {
            office,
            act: Act::parse(&self.act).ok(),
            from: day(&self.from, messages::operator::audit_from(), beginning_of_day)?,
            until: day(&self.until, messages::operator::audit_until(), end_of_day)?,
            before: self.before.parse().ok(),
            limit: ROWS,
        })
    }

    /// The address of the lines older than one.
    fn older_than(&self, line: u64) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("office", self.office.trim())
            .append_pair("act", &self.act)
            .append_pair("from", &self.from)
            .append_pair("until", &self.until)
            .append_pair("before", &line.to_string());
        format!("{PATH}?{}", query.finish())
    }
}

pub(crate) async fn show(
    State(app): State<App>,
    frame: Frame,
    visitor: OperatorVisitor,
    Query(wanted): Query<Wanted>,
) -> Answer<Markup> {
    let (search, problem) = match wanted.read() {
        Ok(search) => (Some(search), None),
        Err(problem) => (None, Some(problem)),
    };
    let found = match &search {
        Some(search) => Admin::of(&app, visitor.by()).search_audit(search).await?,
        None => Vec::new(),
    };
    let older = found.last().filter(|_| found.len() == ROWS as usize);
    let [office, from, until] = [
        messages::operator::number(),
        messages::operator::audit_from(),
        messages::operator::audit_until(),
    ];
    let text = messages::operator::search_button();
    let mut acts = vec![("", messages::operator::audit_every_act())];
    acts.extend(Act::ALL.iter().map(|act| (act.word(), act_name(*act))));
    let exported = search.as_ref().and_then(|search| search.office);
    let export = match exported {
        Some(office) => format!("{PATH}/export?office={office}"),
        None => format!("{PATH}/export"),
    };
    Ok(frame.page(
        &messages::portal::title_audit(),
        html! {
            @if let Some(problem) = &problem { (form::refusal(problem)) }
            section.card {
                form.search method="get" action=(PATH) role="search" {
                    (Field { value: &wanted.office, is_optional: true, ..Field::text("office", &office) }.markup())
                    (form::choice("act", &messages::operator::audit_act(), &acts, &wanted.act))
                    (Field { value: &wanted.from, kind: "date", is_optional: true, ..Field::text("from", &from) }.markup())
                    (Field { value: &wanted.until, kind: "date", is_optional: true, ..Field::text("until", &until) }
                        .markup())
                    div.actions {
                        (Button { text: &text, look: Look::Primary, about: None }.markup())
                        a.button.quiet href=(export) {
                            @match exported {
                                Some(_) => (messages::operator::audit_export_office()),
                                None => (messages::operator::audit_export_exchange()),
                            }
                        }
                    }
                }
            }
            @if found.is_empty() {
                (page::empty(&messages::operator::audit_none()))
            } @else {
                table {
                    caption.hidden-text { (messages::portal::title_audit()) }
                    thead {
                        tr {
                            th scope="col" { (messages::operator::audit_at()) }
                            th scope="col" { (messages::operator::audit_act()) }
                            th scope="col" { (messages::operator::audit_who()) }
                            th scope="col" { (messages::operator::audit_subject()) }
                        }
                    }
                    tbody {
                        @for line in &found {
                            @let record = &line.record;
                            tr {
                                th scope="row" { (page::moment(record.at)) }
                                td data-label=(messages::operator::audit_act()) { (act_name(record.act)) }
                                td data-label=(messages::operator::audit_who()) { (who(&record.by)) }
                                td.id data-label=(messages::operator::audit_subject()) {
                                    @match &record.subject {
                                        Some(subject) => (subject_of(subject)),
                                        None => (messages::portal::nothing_to_do()),
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if let Some(last) = older {
                div.actions { a.button.quiet href=(wanted.older_than(last.line)) { (messages::operator::next_page()) } }
            }
        },
    ))
}

/// Which chain to take out: an office's, or without one the exchange's own.
#[derive(Deserialize)]
pub(crate) struct Taken {
    office: Option<OfficeNumber>,
}

pub(crate) async fn export(
    State(app): State<App>,
    visitor: OperatorVisitor,
    Query(taken): Query<Taken>,
) -> Answer<Response> {
    let now = app.clock.now();
    if let Some(office) = taken.office
        && app.store.office(office).await?.is_none()
    {
        return Err(care_model::ProblemCode::OfficeUnknown.into());
    }
    app.store.note_audit_export(taken.office, visitor.by(), now).await?;
    app.store.seal_audit(&Arc::clone(&app.audit), now).await?;
    chain_export(&app, taken.office).await
}

/// Who it was, in words.
fn who(by: &Who) -> String {
    match by {
        Who::Person { account, .. } | Who::Portal { account } => account.to_string(),
        Who::Office(office) => messages::portal::office_number(office),
        Who::Operator { account: Some(account) } => {
            messages::operator::who_operator(account.as_str().to_ascii_uppercase())
        }
        Who::Operator { account: None } => messages::operator::who_an_operator(),
        Who::CommandLine => messages::operator::who_command_line(),
        Who::Server => messages::operator::who_server(),
    }
}

fn subject_of(subject: &Subject) -> String {
    match subject {
        Subject::Delivery(id) => messages::operator::subject_delivery(id),
        Subject::Office(office) => messages::portal::office_number(office),
        Subject::Account(id) => messages::operator::subject_account(id),
        Subject::Terminal(id) => messages::operator::subject_terminal(id),
        Subject::News(id) => messages::operator::subject_news(id),
    }
}

/// What an act is called.
fn act_name(act: Act) -> String {
    messages::names::act(act.word()).unwrap_or(act.word()).to_owned()
}
