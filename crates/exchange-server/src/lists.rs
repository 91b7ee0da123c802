//! 受信一覧 and 送信一覧, page by page.

use axum::{Json, extract::State};
use care_model::limits;
use exchange_protocol::{InboxEntry, OutboxEntry, Page};
use exchange_store::StoredHeader;
use serde::Deserialize;

use crate::{
    app::App,
    extract::{InQuery, SignedIn},
    refusal::Answer,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    #[serde(default)]
    after: u64,
    #[serde(default = "rows_max")]
    limit: u32,
}

fn rows_max() -> u32 {
    limits::PAGE_ROWS_MAX
}

impl PageQuery {
    fn rows(&self) -> u32 {
        self.limit.clamp(1, limits::PAGE_ROWS_MAX)
    }
}

pub(crate) async fn inbox(
    State(app): State<App>,
    caller: SignedIn,
    InQuery(query): InQuery<PageQuery>,
) -> Answer<Json<Page<InboxEntry<StoredHeader>>>> {
    let office = caller.session.office;
    let page = app
        .store
        .inbox(office, query.after, query.rows(), app.clock.now())
        .await?;
    Ok(Json(page))
}

pub(crate) async fn outbox(
    State(app): State<App>,
    caller: SignedIn,
    InQuery(query): InQuery<PageQuery>,
) -> Answer<Json<Page<OutboxEntry<StoredHeader>>>> {
    let page = app
        .store
        .outbox(caller.session.office, query.after, query.rows())
        .await?;
    Ok(Json(page))
}
