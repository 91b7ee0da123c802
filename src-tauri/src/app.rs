//! Builds the desk and runs the window around it.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use desk::{
    Desk, DeskSettings,
    ports::{SessionKeeping, SystemClock},
};
use desk_ipc::CommandError;
use tauri::{App, AppHandle, Manager as _, RunEvent, WindowEvent};
use tauri_plugin_dialog::{DialogExt as _, MessageDialogKind};

use crate::{
    arguments::{Arguments, HIDDEN},
    commands, drop, events, leaving, log, notices,
    surface::Desktop,
    tray, window,
};

/// Keeps the log writing until the process ends.
struct LogGuard(
    #[expect(dead_code, reason = "it works by being dropped last")] tracing_appender::non_blocking::WorkerGuard,
);

/// Runs until somebody ends it.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut builder = tauri::Builder::default();
    if arguments.single_instance() {
        // Registered first: nothing of a second start may run before it hands over to the first.
        builder = builder
            .plugin(tauri_plugin_single_instance::init(|app, again, _folder| {
                // The computer may start it while it is there already, and nobody asked to see it.
                if !again.iter().any(|argument| argument == HIDDEN) {
                    notices::come_back(app);
                }
            }))
            .plugin(
                tauri_plugin_window_state::Builder::new()
                    .with_state_flags(remembered())
                    .build(),
            );
    }
    builder
        .plugin(tauri_plugin_fs::init())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(
            tauri_plugin_opener::Builder::new()
                .open_js_links_on_click(false)
                .build(),
        )
        .invoke_handler(commands::handler())
        .on_window_event(|window, event| on_window_event(window.app_handle(), event))
        .setup(move |app| Ok(set_up(app, &arguments)?))
        .build(tauri::generate_context!())
        .context("the window could not be built")?
        .run(|app, event| {
            if let RunEvent::Exit = event
                && let Some(desk) = app.try_state::<Arc<Desk>>()
            {
                tauri::async_runtime::block_on(desk.shutdown());
            }
        });
    Ok(())
}

/// What of the window is the same at the next start. Never its visibility: it must not start hidden.
fn remembered() -> tauri_plugin_window_state::StateFlags {
    use tauri_plugin_window_state::StateFlags;
    StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED
}

/// Opens the desk, then the window: a page that asks always finds its desk.
fn set_up(app: &App, arguments: &Arguments) -> anyhow::Result<()> {
    let profile = profile_dir(app, arguments)?;
    let guard = log::start(&profile).context("the profile cannot be written")?;
    desk::panics_say_only_where();
    app.manage(LogGuard(guard));
    let opened = tauri::async_runtime::block_on(Desk::open(DeskSettings {
        profile_dir: profile.clone(),
        // A folder that somebody named is one profile; the user's own may be several.
        profiles_dir: arguments.profile.is_none().then(|| profile.with_file_name("profiles")),
        key: arguments.key_source(),
        session: SessionKeeping::WhileOpen,
        surface: Arc::new(Desktop::new(app.handle().clone(), arguments.single_instance())),
        clock: Arc::new(SystemClock),
    }));
    let desk = match opened {
        Ok(desk) => desk,
        Err(error) => {
            explain(app.handle(), &error);
            return Ok(());
        }
    };
    let tray_shown = tray::create(app.handle())
        .inspect_err(|error| tracing::warn!(%error, "this desktop has no tray"))
        .is_ok();
    leaving::remember_way_back(app.handle(), tray_shown && arguments.single_instance());
    app.manage(Arc::clone(&desk));
    notices::start(app.handle());
    events::forward(app.handle(), &desk);
    // Without a way back a window that starts hidden would never be seen.
    let shown = !(arguments.hidden && leaving::has_way_back(app.handle()));
    window::create(app, &profile, shown)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "the window opens");
    Ok(())
}

/// The folder of the profile: the one named, or the user's own.
fn profile_dir(app: &App, arguments: &Arguments) -> anyhow::Result<PathBuf> {
    match &arguments.profile {
        // A window can be started from anywhere, and the desk outlives changes of the working folder.
        Some(folder) => std::path::absolute(folder).context("the profile's folder cannot be named"),
        None => Ok(app
            .path()
            .app_local_data_dir()
            .context("this system names no folder for application data")?
            .join("profile")),
    }
}

/// Says why the desk cannot be opened, in the same words as everywhere, and ends.
fn explain(app: &AppHandle, error: &CommandError) {
    tracing::error!(code = error.code.as_str(), "the profile cannot be opened");
    let words = messages::problem(error.code.as_str(), &error.params);
    let handle = app.clone();
    app.dialog()
        .message(format!("{}\n{}\n{}", words.what, words.outcome, words.next))
        .title(messages::window::cannot_start())
        .kind(MessageDialogKind::Error)
        .show(move |_| handle.exit(1));
}

/// Closing hides or asks; drops go to the desk.
fn on_window_event(app: &AppHandle, event: &WindowEvent) {
    match event {
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            leaving::close(app);
        }
        WindowEvent::DragDrop(drag) => {
            if let Some(desk) = app.try_state::<Arc<Desk>>() {
                drop::handle(&desk, drag);
            }
        }
        _ => {}
    }
}
