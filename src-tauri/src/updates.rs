//! New versions of this program (ADR 0019): whether to look for any, and handing a checked installer to the system.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use desk::ports::UpdateChannel;
use tauri::{AppHandle, Manager as _};
use tauri_plugin_dialog::{DialogExt as _, MessageDialogButtons};
use tauri_plugin_opener::OpenerExt as _;

use crate::leaving;

/// The publisher's public key, given when an installer is built. A build without one looks for no new version.
const PUBLISHER_KEY: Option<&str> = option_env!("CAREPLAN_UPDATE_KEY");
/// The file by which an administrator who distributes the program switches this off: beside the program, which is
/// where the installer puts it, and on Linux for the whole machine.
const POLICY: &str = "policy.ini";
const POLICY_OF_MACHINE: &str = "/etc/careplan-exchange/policy.ini";
/// Bytes of a policy that are read.
const POLICY_BYTES_MAX: u64 = 4 * 1_024;

/// How this system takes an installer, which is also how its file ends.
fn kind(app: &AppHandle) -> &'static str {
    #[cfg(target_os = "linux")]
    if app.env().appimage.is_some() {
        return "AppImage";
    }
    let _ = app;
    if cfg!(windows) {
        "msi"
    } else if cfg!(target_os = "macos") {
        "dmg"
    } else {
        "deb"
    }
}

/// Where new versions come from; none where nobody is to look for any.
pub(crate) fn channel(app: &AppHandle) -> Option<UpdateChannel> {
    let publisher_key = PUBLISHER_KEY.filter(|key| !key.is_empty())?.to_owned();
    if is_off() {
        return None;
    }
    let ending = kind(app);
    let kind = ending.to_ascii_lowercase();
    Some(UpdateChannel {
        target: format!("{}-{}-{kind}", std::env::consts::OS, std::env::consts::ARCH),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        publisher_key,
        folder: app.path().app_cache_dir().ok()?.join("update"),
        ending,
    })
}

/// Whether an administrator switched it off. A policy that cannot be read does so too: it is there for a reason.
fn is_off() -> bool {
    let beside = std::env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.join(POLICY)));
    let of_machine = cfg!(target_os = "linux").then(|| PathBuf::from(POLICY_OF_MACHINE));
    beside.into_iter().chain(of_machine).any(|file| switches_off(&file))
}

fn switches_off(policy: &Path) -> bool {
    match fs::metadata(policy) {
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        Ok(found) if found.len() > POLICY_BYTES_MAX => true,
        Ok(_) => fs::read(policy).map_or(true, |bytes| says_off(&String::from_utf8_lossy(&bytes))),
    }
}

/// `[updates]`, below it `check=off`; what an installer of Windows writes by itself.
fn says_off(policy: &str) -> bool {
    let mut section = "";
    for line in policy.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        } else if section.eq_ignore_ascii_case("[updates]")
            && let Some((name, value)) = line.split_once('=')
            && name.trim().eq_ignore_ascii_case("check")
        {
            return value.trim().eq_ignore_ascii_case("off");
        }
    }
    false
}

/// Starts the installer and ends the program, unless something is on its way and a person wants it to end first; where
/// a person has to start it, shows where it is and says how.
pub(crate) fn install(app: &AppHandle, installer: &Path) -> Result<(), &'static str> {
    if cfg!(target_os = "linux") {
        // Packages belong to the system's own tool, which asks for an administrator's password.
        let folder = installer.parent().ok_or("no_folder")?;
        app.opener()
            .open_path(folder.to_string_lossy(), None::<&str>)
            .map_err(|_| "not_opened")?;
        let handle = app.clone();
        app.dialog()
            .message(messages::window::update_saved())
            .title(messages::window::update_title())
            .buttons(MessageDialogButtons::OkCustom(messages::window::update_understood()))
            // It may have stood there for hours: what runs by now is asked about.
            .show(move |_| leaving::quit(&handle));
        return Ok(());
    }
    let mut start = if cfg!(windows) {
        let mut start = Command::new("msiexec");
        start.arg("/i").arg(installer);
        start
    } else {
        let mut start = Command::new("open");
        start.arg(installer);
        start
    };
    start.spawn().map_err(|_| "not_started")?;
    leaving::quit(app);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_administrator_switches_it_off() {
        for (policy, off) in [
            ("[updates]\r\ncheck=off\r\n", true),
            ("[Updates]\n Check = OFF", true),
            ("[updates]\ncheck=on\n", false),
            ("[other]\ncheck=off\n", false),
            ("check=off", false),
            ("", false),
        ] {
            assert_eq!(says_off(policy), off, "{policy:?}");
        }
    }

    #[test]
    fn a_policy_that_cannot_be_read_as_one_switches_off() {
        let folder = std::env::temp_dir().join(format!("careplan-policy-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(POLICY);
        assert!(!switches_off(&file), "none at all");
        // A folder of that name, and one byte over the limit.
        assert!(switches_off(&folder));
        fs::write(&file, " ".repeat(4 * 1_024)).unwrap();
        assert!(!switches_off(&file));
        fs::write(&file, " ".repeat(4 * 1_024 + 1)).unwrap();
        assert!(switches_off(&file));
        fs::remove_dir_all(&folder).unwrap();
    }
}
