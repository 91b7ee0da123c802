//! What a test does in place of a person at the desktop, and what it sees there.

use std::{path::PathBuf, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use desk::ports::UpdateChannel;
use desk_ipc::DropView;
use serde::Deserialize;

use crate::{Bridge, SurfaceRecord};

pub(crate) fn routes() -> Router<Arc<Bridge>> {
    Router::new()
        .route("/script/drop", post(drop_files))
        .route("/script/drag-over", post(drag_over))
        .route("/script/choose-files", post(choose_files))
        .route("/script/copied-files", post(copied_files))
        .route("/script/choose-folder", post(choose_folder))
        .route("/script/choose-connection-file", post(choose_connection_file))
        .route("/script/choose-certificate-file", post(choose_certificate_file))
        .route("/script/choose-move-file", post(choose_move_file))
        .route("/script/save-file", post(save_file))
        .route("/script/updates", post(look_for_updates))
        .route("/script/surface", get(surface))
}

/// Files on this machine.
#[derive(Deserialize)]
struct Dropped {
    paths: Vec<PathBuf>,
}

/// The answer of a dialog for several files; none is a cancelled dialog.
#[derive(Deserialize)]
struct ChosenFiles {
    paths: Option<Vec<PathBuf>>,
}

/// The answer of a dialog for one file or folder; none is a cancelled dialog.
#[derive(Deserialize)]
struct Chosen {
    path: Option<PathBuf>,
}

/// What a build that looks for new versions knows of itself.
#[derive(Deserialize)]
struct Updates {
    target: String,
    version: String,
    publisher_key: String,
    folder: PathBuf,
}

/// Whether files are over the window.
#[derive(Deserialize)]
struct Over {
    over: bool,
}

async fn drop_files(State(bridge): State<Arc<Bridge>>, Json(dropped): Json<Dropped>) -> Json<DropView> {
    Json(bridge.desk.drop_files(dropped.paths))
}

async fn drag_over(State(bridge): State<Arc<Bridge>>, Json(drag): Json<Over>) -> StatusCode {
    bridge.desk.drag_over(drag.over);
    StatusCode::NO_CONTENT
}

async fn copied_files(State(bridge): State<Arc<Bridge>>, Json(copied): Json<Dropped>) -> StatusCode {
    bridge.surface.copy_files(copied.paths);
    StatusCode::NO_CONTENT
}

async fn choose_files(State(bridge): State<Arc<Bridge>>, Json(chosen): Json<ChosenFiles>) -> StatusCode {
    bridge.surface.answer_files(chosen.paths);
    StatusCode::NO_CONTENT
}

async fn choose_folder(State(bridge): State<Arc<Bridge>>, Json(chosen): Json<Chosen>) -> StatusCode {
    bridge.surface.answer_folder(chosen.path);
    StatusCode::NO_CONTENT
}

async fn choose_connection_file(State(bridge): State<Arc<Bridge>>, Json(chosen): Json<Chosen>) -> StatusCode {
    bridge.surface.answer_connection_file(chosen.path);
    StatusCode::NO_CONTENT
}

async fn choose_certificate_file(State(bridge): State<Arc<Bridge>>, Json(chosen): Json<Chosen>) -> StatusCode {
    bridge.surface.answer_certificate_file(chosen.path);
    StatusCode::NO_CONTENT
}

async fn choose_move_file(State(bridge): State<Arc<Bridge>>, Json(chosen): Json<Chosen>) -> StatusCode {
    bridge.surface.answer_move_file(chosen.path);
    StatusCode::NO_CONTENT
}

async fn save_file(State(bridge): State<Arc<Bridge>>, Json(chosen): Json<Chosen>) -> StatusCode {
    bridge.surface.answer_save(chosen.path);
    StatusCode::NO_CONTENT
}

async fn look_for_updates(State(bridge): State<Arc<Bridge>>, Json(updates): Json<Updates>) -> StatusCode {
    bridge.surface.answer_updates(UpdateChannel {
        target: updates.target,
        version: updates.version,
        publisher_key: updates.publisher_key,
        folder: updates.folder,
        ending: "msi",
    });
    StatusCode::NO_CONTENT
}

async fn surface(State(bridge): State<Arc<Bridge>>) -> Json<SurfaceRecord> {
    Json(bridge.surface.record())
}
