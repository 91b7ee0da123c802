//! Starting with the computer: an entry of this user alone, which brings the window up hidden.

use auto_launch::{AutoLaunch, AutoLaunchBuilder, LinuxLaunchMode, MacOSLaunchMode, WindowsEnableMode};
use tauri::{AppHandle, Manager as _};

use crate::arguments::HIDDEN;

/// What the entry is called where the system shows it.
const NAME: &str = "careplan-exchange";

/// Whether the entry is there; none where it cannot be asked for.
pub(crate) fn is_on(app: &AppHandle) -> Option<bool> {
    entry(app)?.is_enabled().ok()
}

/// Makes the entry, or takes it away.
pub(crate) fn set(app: &AppHandle, on: bool) -> Result<(), &'static str> {
    let entry = entry(app).ok_or("no_program")?;
    let changed = match on {
        true => entry.enable(),
        // Taking away what is not there fails on some systems.
        false if !entry.is_enabled().unwrap_or(true) => Ok(()),
        false => entry.disable(),
    };
    changed.map_err(|error| {
        // The cause may name a path of the user.
        tracing::warn!(
            kind = kind_of(&error),
            "the entry to start with the computer was not changed"
        );
        kind_of(&error)
    })
}

fn entry(app: &AppHandle) -> Option<AutoLaunch> {
    // An AppImage runs from a place that is gone at the next start; its own file stays.
    #[cfg(target_os = "linux")]
    let moved = app.env().appimage.map(std::path::PathBuf::from);
    #[cfg(not(target_os = "linux"))]
    let moved = {
        let _ = app.env();
        None
    };
    let program = match moved {
        Some(program) => program,
        None => std::env::current_exe().ok()?,
    };
    AutoLaunchBuilder::new()
        .set_app_name(NAME)
        .set_app_path(&as_written(program.to_str()?))
        .set_args(&[HIDDEN])
        .set_linux_launch_mode(LinuxLaunchMode::XdgAutostart)
        .set_macos_launch_mode(MacOSLaunchMode::LaunchAgent)
        .set_windows_enable_mode(WindowsEnableMode::CurrentUser)
        .build()
        .ok()
}

/// The program as the entry names it: quoted where the entry is a command line, because folders have blanks.
fn as_written(program: &str) -> String {
    if cfg!(target_os = "macos") {
        program.to_owned()
    } else {
        format!("\"{program}\"")
    }
}

fn kind_of(error: &auto_launch::Error) -> &'static str {
    match error {
        auto_launch::Error::Io(_) => "io",
        _ => "refused",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(not(target_os = "macos"))]
    fn a_program_in_a_folder_with_blanks_is_found() {
        assert_eq!(super::as_written("/opt/a b/program"), "\"/opt/a b/program\"");
    }
}
