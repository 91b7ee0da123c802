//! お知らせ.

use axum::extract::State;
use maud::{Markup, html};

use crate::{
    app::App,
    portal::page::{self, Frame},
    refusal::Answer,
};

/// Where it is.
pub(crate) const PATH: &str = "/portal/news";

pub(crate) async fn show(State(app): State<App>, frame: Frame) -> Answer<Markup> {
    let entries = app.store.news(app.clock.now()).await?.news;
    Ok(frame.page(
        &messages::portal::title_news(),
        html! {
            @if entries.is_empty() { (page::empty(&messages::portal::news_none())) }
            @for entry in &entries {
                article.card.news {
                    h2 { (entry.title) }
                    p { (page::day(entry.published_at)) }
                    p.news-text { (entry.body) }
                }
            }
        },
    ))
}
