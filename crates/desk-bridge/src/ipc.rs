//! One route for each command, made from the one list.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use desk_ipc::{CommandError, DeskCommands as _};
use serde::{Serialize, de::DeserializeOwned};

use crate::Bridge;

/// Expands the list into routes.
macro_rules! command_routes {
    ($($(#[$doc:meta])* $name:ident($request:ty) -> $answer:ty;)*) => {
        /// `POST /ipc/<command>` for every command.
        pub(crate) fn routes() -> Router<Arc<Bridge>> {
            Router::new()
                $(.route(
                    concat!("/ipc/", stringify!($name)),
                    post(async |State(bridge): State<Arc<Bridge>>, body: Bytes| {
                        match read::<$request>(&body) {
                            Some(request) => answer(bridge.desk.$name(request).await),
                            // The cause is not repeated: it could quote what a person typed.
                            None => (StatusCode::BAD_REQUEST, "not the request of this command").into_response(),
                        }
                    }),
                ))*
                .route("/ipc/{unknown}", post(async || (StatusCode::NOT_FOUND, "no such command")))
        }
    };
}
desk_ipc::with_commands!(command_routes);

/// Reads the request of a command. No body is the same as `null`.
fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(if body.is_empty() { b"null" } else { body }).ok()
}

/// 200 with the answer, or 422 with the refusal.
fn answer<T: Serialize>(result: Result<T, CommandError>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, Json(error)).into_response(),
    }
}
