//! The desk's events as server-sent events, one JSON value each.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
    routing::get,
};
use desk_ipc::DeskEvent;
use futures::{Stream, StreamExt as _, stream};
use tokio_stream::wrappers::BroadcastStream;

use crate::Bridge;

pub(crate) fn routes() -> Router<Arc<Bridge>> {
    Router::new().route("/events", get(listen))
}

/// Streams until the listener goes away.
async fn listen(State(bridge): State<Arc<Bridge>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = BroadcastStream::new(bridge.desk.events())
        .flat_map(|received| {
            stream::iter(match received {
                Ok(event) => vec![event],
                // A listener that fell behind missed hints; these make it ask for everything again.
                Err(_) => vec![
                    DeskEvent::InboxChanged,
                    DeskEvent::OutboxChanged,
                    DeskEvent::DraftsChanged,
                ],
            })
        })
        .filter_map(async |event| Event::default().json_data(event).ok().map(Ok));
    Sse::new(events).keep_alive(KeepAlive::default())
}
