//! お知らせの掲載: what is shown to offices, and what will be.

use axum::{
    extract::{Query, State},
    response::{IntoResponse as _, Response},
};
use care_model::{ProblemCode, limits};
use exchange_protocol::Problem;
use maud::{Markup, html};

use super::refused;
use crate::{
    admin::Admin,
    app::App,
    duties::Duty,
    office_facts::{beginning_of_day, text, unfit},
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
pub(crate) const PATH: &str = "/portal/operator/news";

/// What was typed for an entry.
#[derive(Default)]
struct Typed<'a> {
    title: &'a str,
    body: &'a str,
    from: &'a str,
}

pub(crate) async fn show(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OperatorVisitor,
    Query(said): Query<Said>,
) -> Answer<Markup> {
    let sentences: &[(&str, fn() -> String)] = &[
        ("added", messages::operator::news_added),
        ("waits", messages::operator::news_added_for_later),
        ("removed", messages::operator::news_removed),
    ];
    let done = page::done(said.among(sentences));
    list(&app, &frame, &forms, &visitor, done, &Typed::default()).await
}

async fn list(
    app: &App,
    frame: &Frame,
    forms: &Forms,
    visitor: &OperatorVisitor,
    above: Markup,
    typed: &Typed<'_>,
) -> Answer<Markup> {
    let rows = app.store.published_news(app.clock.now()).await?;
    let keeps = visitor.may(Duty::Offices);
    let [title, body, from, from_help] = [
        messages::operator::news_title(),
        messages::operator::news_body(),
        messages::operator::news_from(),
        messages::operator::news_from_help(),
    ];
    let (add, remove) = (messages::operator::news_add_button(), messages::operator::news_remove());
    let fields = html! {
        (Field { value: typed.title, ..Field::text("title", &title) }.markup())
        (form::area("body", &body, typed.body, false))
        (Field {
            help: Some(&from_help),
            value: typed.from,
            kind: "date",
            is_optional: true,
            ..Field::text("from", &from)
        }.markup())
        div.actions { (Button { text: &add, look: Look::Primary, about: None }.markup()) }
    };
    Ok(frame.page(
        &messages::operator::title_news(),
        html! {
            (above)
            @if keeps {
                section.card {
                    h2 { (messages::operator::news_add()) }
                    (forms.form("/portal/operator/news/add", fields))
                }
            }
            @if rows.is_empty() { (page::empty(&messages::portal::news_none())) }
            @for row in &rows {
                @let id = row.entry.id.to_string();
                article.card.news {
                    h2 { (row.entry.title) }
                    p {
                        (page::day(row.entry.published_at)) " "
                        @if row.is_shown {
                            span.badge.good { (messages::operator::news_is_shown()) }
                        } @else {
                            span.badge.warn { (messages::operator::news_waits()) }
                        }
                    }
                    p.news-text { (row.entry.body) }
                    @if keeps {
                        (forms.button(
                            "/portal/operator/news/remove",
                            &[("news", &id)],
                            Button { text: &remove, look: Look::Danger, about: Some(&row.entry.title) },
                        ))
                    }
                }
            }
        },
    ))
}

pub(crate) async fn add(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OperatorVisitor,
    fields: Fields,
) -> Answer<Response> {
    let typed = Typed {
        title: fields.text("title"),
        body: fields.text("body"),
        from: fields.text("from"),
    };
    match try_add(&app, &visitor, &typed).await? {
        Ok(is_for_later) => {
            let done = if is_for_later { "waits" } else { "added" };
            Ok(led(&format!("{PATH}?done={done}"), None))
        }
        Err(problem) => {
            let above = form::refusal(&problem);
            let page = list(&app, &frame, &forms, &visitor, above, &typed).await?;
            Ok(refused(&problem, page))
        }
    }
}

/// Adds the entry; whether it waits for a later day.
async fn try_add(app: &App, visitor: &OperatorVisitor, typed: &Typed<'_>) -> Answer<Result<bool, Problem>> {
    let read = || {
        let title_label = messages::operator::news_title();
        let title = text(typed.title, &title_label, limits::NEWS_TITLE_CHARS_MAX)?;
        let missing = || {
            unfit(
                &title_label,
                &messages::operator::rule_text(limits::NEWS_TITLE_CHARS_MAX),
            )
        };
        let body = typed.body.replace("\r\n", "\n");
        let is_text = |letter: char| letter == '\n' || !letter.is_control();
        let chars = body.chars().count();
        if chars == 0 || chars > limits::NEWS_BODY_CHARS_MAX || !body.chars().all(is_text) {
            let rule = messages::operator::rule_text(limits::NEWS_BODY_CHARS_MAX);
            return Err(unfit(&messages::operator::news_body(), &rule));
        }
        let from = match typed.from {
            "" => None,
            day => Some(beginning_of_day(day, &messages::operator::news_from())?),
        };
        Ok((title.ok_or_else(missing)?, body, from))
    };
    match read() {
        Ok((title, body, from)) => {
            Admin::of(app, visitor.by()).add_news(title, body, from).await?;
            Ok(Ok(from.is_some_and(|from| from > app.clock.now())))
        }
        Err(problem) => Ok(Err(problem)),
    }
}

pub(crate) async fn remove(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OperatorVisitor,
    fields: Fields,
) -> Answer<Response> {
    let id: u64 = fields.raw("news").parse().map_err(|_| ProblemCode::NewsUnknown)?;
    let rows = app.store.published_news(app.clock.now()).await?;
    let row = rows.iter().find(|row| row.entry.id == id);
    let row = row.ok_or(ProblemCode::NewsUnknown)?;
    if !fields.is_confirmed() {
        let content = html! {
            div.card.narrow {
                p.strong { (row.entry.title) }
                p { (messages::operator::news_remove_lead()) }
                (forms.confirmation(
                    "/portal/operator/news/remove",
                    &[("news", &id.to_string())],
                    &messages::operator::news_remove_yes(),
                    PATH,
                ))
            }
        };
        return Ok(frame
            .page(&messages::operator::news_remove_title(), content)
            .into_response());
    }
    Admin::of(&app, visitor.by()).remove_news(id).await?;
    Ok(led(&format!("{PATH}?done=removed"), None))
}
