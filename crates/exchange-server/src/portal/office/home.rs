//! ホーム: how the licence and the certificates stand, what waits, the newest news.

use axum::extract::{Query, State};
use maud::{Markup, html};

use super::{Said, Term, licence, news, people, terminals, usage};
use crate::{
    app::App,
    portal::{
        form::{Button, Forms, Look},
        page::{self, Frame},
        session::{OFFICES, OfficeVisitor},
    },
    refusal::Answer,
};

/// Entries of the news shown here.
const NEWS_SHOWN: usize = 3;

pub(crate) async fn show(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OfficeVisitor,
    Query(said): Query<Said>,
) -> Answer<Markup> {
    let now = app.clock.now();
    let office = visitor.number();
    let of_ever = app.store.usage(office, (0, 0)).await?;
    let waiting: u64 = of_ever.iter().map(|month| month.arrived_waiting).sum();
    let unfetched: u64 = of_ever.iter().map(|month| month.sent_waiting).sum();
    let terminals: Vec<_> = app.store.terminals(office).await?;
    let good: Vec<_> = terminals
        .iter()
        .filter(|terminal| terminal.revoked_at.is_none() && terminal.expires_at > now)
        .collect();
    let ending = good
        .iter()
        .filter(|terminal| Term::of(terminal.expires_at, now) != Term::Far)
        .count();
    let unseen = app
        .store
        .people(office)
        .await?
        .iter()
        .filter(|person| person.has_first_password)
        .count();
    let entries = app.store.news(now).await?.news;
    let kept_days = app.store.retention_days().await?;
    let term = Term::of(visitor.office.licence_until, now);
    let sentences: &[(&str, fn() -> String)] = &[("password", messages::portal::password_changed)];
    let everywhere = messages::portal::sign_out_everywhere();
    Ok(frame.page(
        &messages::portal::title_home(),
        html! {
            (page::done(said.among(sentences)))
            (todo(term, good.len(), ending, unseen))
            div.cards {
                section.card {
                    h2 { (messages::portal::home_waiting()) }
                    p.figure { (messages::portal::items(waiting)) }
                    p.soft { (messages::portal::home_waiting_lead()) }
                }
                section.card {
                    h2 { (messages::portal::home_unfetched()) }
                    p.figure { (messages::portal::items(unfetched)) }
                    p.soft { (messages::portal::home_unfetched_lead(kept_days)) }
                }
                section.card {
                    h2 { (messages::portal::home_licence()) }
                    p { (messages::portal::until(page::day(visitor.office.licence_until))) " " (term.badge()) }
                    p { a.inline-link href=(licence::PATH) { (messages::portal::home_to_licence()) } }
                }
                section.card {
                    h2 { (messages::portal::home_terminals()) }
                    p.figure { (messages::portal::machines(good.len())) }
                    p { a.inline-link href=(terminals::PATH) { (messages::portal::home_to_terminals()) } }
                }
            }
            section.card.news {
                h2 { (messages::portal::title_news()) }
                @if entries.is_empty() { p { (messages::portal::news_none()) } }
                @for entry in entries.iter().take(NEWS_SHOWN) {
                    div {
                        p.soft { (page::day(entry.published_at)) }
                        p.strong { (entry.title) }
                    }
                }
                p { a.inline-link href=(news::PATH) { (messages::portal::home_to_news()) } }
            }
            section.card {
                h2 { (messages::portal::home_account()) }
                dl.facts {
                    dt { (messages::portal::office_id()) }
                    dd { (visitor.session.account) }
                }
                div.actions {
                    a.button.quiet href=(OFFICES.password) { (messages::portal::title_password()) }
                    (forms.button(
                        "/portal/sign-out-everywhere",
                        &[],
                        Button { text: &everywhere, look: Look::Quiet, about: None },
                    ))
                    a.inline-link href=(usage::PATH) { (messages::portal::home_to_usage()) }
                }
            }
        },
    ))
}

/// What is to be done now, each with the way to it.
fn todo(term: Term, terminals: usize, ending: usize, unseen: usize) -> Markup {
    html! {
        @match term {
            Term::Over => div.notice.bad {
                p.strong { (messages::portal::todo_licence_over()) }
                p { a.inline-link href=(licence::PATH) { (messages::portal::home_to_licence()) } }
            },
            Term::Near(days) => div.notice.warn {
                p.strong { (messages::portal::todo_licence_near(days)) }
                p { a.inline-link href=(licence::PATH) { (messages::portal::home_to_licence()) } }
            },
            Term::Far => {},
        }
        @if ending > 0 {
            div.notice.warn {
                p.strong { (messages::portal::todo_certificates(ending)) }
                p { a.inline-link href=(terminals::PATH) { (messages::portal::home_to_terminals()) } }
            }
        }
        @if terminals == 0 {
            div.notice.warn {
                p.strong { (messages::portal::todo_no_terminal()) }
                p { a.inline-link href=(terminals::PATH) { (messages::portal::home_to_terminals()) } }
            }
        }
        @if unseen > 0 {
            div.notice.warn {
                p.strong { (messages::portal::todo_first_passwords(unseen)) }
                p { a.inline-link href=(people::PATH) { (messages::portal::home_to_people()) } }
            }
        }
    }
}
