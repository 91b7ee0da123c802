//! 送信取消: a sender takes back what nobody has fetched.

use axum::{Json, extract::State};
use exchange_protocol::Recalled;

use crate::{
    app::App,
    deliveries::delivery_id,
    extract::{InPath, SignedIn},
    refusal::{Answer, of_claim},
};

/// A licence is not asked for: whoever sent something may take it back, whatever has changed since.
pub(crate) async fn recall(
    State(app): State<App>,
    caller: SignedIn,
    InPath(id): InPath<String>,
) -> Answer<Json<Recalled>> {
    let id = delivery_id(&id)?;
    match app.store.recall(id, caller.actor(), app.clock.now()).await? {
        Ok(recalled_at) => Ok(Json(Recalled { id, recalled_at })),
        Err(refusal) => Err(of_claim(&refusal, None)),
    }
}
