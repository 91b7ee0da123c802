//! 設定 of this profile, and how its window looks.
//!
//! 設定 is sealed like everything of people: it names a folder and a host of the office's network. How the window
//! looks holds nothing of the kind and lies in clear beside the database, so that it stands before the passphrase.

use std::{
    path::{Path, PathBuf},
    sync::PoisonError,
};

use care_model::{ProblemCode, limits};
use desk_ipc::{CommandError, DeskEvent, LookView, Naming, Proxy, ReceiveInto, SettingsEdit, SettingsView};
use exchange_client::ProxyAddress;
use serde::{Deserialize, Serialize};

use crate::{
    core::{Core, lock, own_name},
    ports::Notice,
    profile::replace_file,
    refusal,
    store::ValueName,
};

/// A file of a few words; anything larger was not written here.
const LOOK_BYTES_MAX: u64 = 4 * 1_024;

/// What the desk goes by. A field that an older version did not write has its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// Where received data go.
    pub(crate) receive_into: ReceiveInto,
    /// The folder for all of them, once one was chosen.
    pub(crate) fixed_folder: Option<PathBuf>,
    /// How the folder of a delivery is called.
    pub(crate) naming: Naming,
    /// Whether files lie in the folder itself.
    pub(crate) flat: bool,
    /// Days that a copy of what was sent or received is kept.
    pub(crate) kept_days: u32,
    /// Whether the system shows notices.
    pub(crate) notices: bool,
    /// Whether closing the window leaves the client in the tray.
    pub(crate) stays_in_tray: bool,
    /// How the exchange is reached.
    pub(crate) proxy: Proxy,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            receive_into: ReceiveInto::default(),
            fixed_folder: None,
            naming: Naming::default(),
            flat: false,
            kept_days: limits::KEPT_DAYS_MAX,
            notices: true,
            stays_in_tray: true,
            proxy: Proxy::default(),
        }
    }
}

impl Settings {
    /// Whether a copy stays after its delivery came to an end, and may be sent again or read.
    pub(crate) fn keeps_copies(&self) -> bool {
        self.kept_days > 0
    }

    /// As they are on another PC, whose folders are others.
    pub(crate) fn without_folders(self) -> Self {
        let receive_into = match self.receive_into {
            ReceiveInto::Fixed => ReceiveInto::Ask,
            other => other,
        };
        Self {
            receive_into,
            fixed_folder: None,
            ..self
        }
    }

    /// What an edit makes of it; an edit that cannot stand changes nothing.
    fn edited(&self, edit: SettingsEdit) -> Result<Self, CommandError> {
        if edit.kept_days > limits::KEPT_DAYS_MAX {
            return Err(ProblemCode::RequestMalformed.into());
        }
        if edit.receive_into == ReceiveInto::Fixed && self.fixed_folder.is_none() {
            return Err(ProblemCode::FolderMissing.into());
        }
        // Written as it was understood, so that the screen shows what holds.
        let proxy = match way(&edit.proxy)? {
            exchange_client::Proxy::Manual(address) => Proxy::Manual {
                host: address.host().to_owned(),
                port: address.port(),
            },
            exchange_client::Proxy::System => Proxy::System,
            exchange_client::Proxy::None => Proxy::None,
        };
        Ok(Self {
            receive_into: edit.receive_into,
            fixed_folder: self.fixed_folder.clone(),
            naming: edit.naming,
            flat: edit.flat,
            kept_days: edit.kept_days,
            notices: edit.notices,
            stays_in_tray: edit.stays_in_tray,
            proxy,
        })
    }
}

/// The way to the exchange that a setting means.
fn way(proxy: &Proxy) -> Result<exchange_client::Proxy, CommandError> {
    match proxy {
        Proxy::System => Ok(exchange_client::Proxy::System),
        Proxy::None => Ok(exchange_client::Proxy::None),
        Proxy::Manual { host, port } => ProxyAddress::parse(host, *port)
            .map(exchange_client::Proxy::Manual)
            .map_err(|_| ProblemCode::ProxyInvalid.into()),
    }
}

impl Core {
    /// 設定 as it stands.
    pub(crate) fn settings(&self) -> Settings {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put_settings(&self, settings: Settings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// Reads 設定, once the profile's key is there.
    pub(crate) async fn recall_settings(&self) -> Result<(), CommandError> {
        let settings: Option<Settings> = self.store.value(ValueName::Settings).await?;
        self.put_settings(settings.unwrap_or_default());
        Ok(())
    }

    /// By which way the exchange is reached.
    pub(crate) fn proxy(&self) -> Result<exchange_client::Proxy, CommandError> {
        way(&self.settings().proxy)
    }

    /// 設定 as it is shown. Before ログイン only what is needed for ログイン is: the folder's name may say something.
    pub(crate) async fn settings_view(&self) -> Result<SettingsView, CommandError> {
        if !self.store.is_unlocked() {
            return Err(ProblemCode::PassphraseRequired.into());
        }
        let settings = self.settings();
        let fixed = settings.fixed_folder.filter(|_| self.is_open());
        let fixed_folder_found = match &fixed {
            Some(folder) => tokio::fs::metadata(folder).await.is_ok_and(|facts| facts.is_dir()),
            None => false,
        };
        Ok(SettingsView {
            receive_into: settings.receive_into,
            fixed_folder_name: fixed.as_deref().map(own_name),
            fixed_folder_found,
            naming: settings.naming,
            flat: settings.flat,
            kept_days: settings.kept_days,
            notices: settings.notices,
            starts_with_computer: self.surface.starts_with_computer(),
            asks_passphrase: self.profile.keyring().asks_passphrase(),
            stays_in_tray: settings.stays_in_tray,
            proxy: settings.proxy,
        })
    }

    /// Changes 設定. Before ログイン the way to the exchange alone: without it nobody might be able to sign in.
    pub(crate) async fn change_settings(&self, edit: SettingsEdit) -> Result<SettingsView, CommandError> {
        if !self.store.is_unlocked() {
            return Err(ProblemCode::PassphraseRequired.into());
        }
        let _one = self.changing_settings.lock().await;
        let now = self.settings();
        let starts = edit
            .starts_with_computer
            .filter(|starts| self.surface.starts_with_computer().is_some_and(|is| is != *starts));
        let wanted = now.edited(edit)?;
        let other_way = wanted.proxy != now.proxy;
        if !self.is_open() {
            let proxy_alone = Settings {
                proxy: wanted.proxy.clone(),
                ..now.clone()
            };
            if wanted != proxy_alone || starts.is_some() {
                return Err(ProblemCode::SignInRequired.into());
            }
        }
        if wanted != now {
            self.store.set_value(ValueName::Settings, &wanted).await?;
            let other_days = wanted.kept_days != now.kept_days;
            self.put_settings(wanted);
            if other_days {
                self.sweep_wanted.notify_one();
                self.tell(DeskEvent::OutboxChanged);
            }
            if other_way {
                self.go_another_way()?;
            }
            self.tell(DeskEvent::SettingsChanged);
        }
        // Last: a system that refuses it leaves the rest changed, which its sentence says.
        if let Some(starts) = starts {
            self.surface
                .set_starts_with_computer(starts)
                .map_err(|kind| refusal::logged(ProblemCode::StartWithComputerRefused, &kind))?;
            self.tell(DeskEvent::SettingsChanged);
        }
        self.settings_view().await
    }

    /// Asks for the one folder that everything is received into.
    pub(crate) async fn choose_receive_folder(&self) -> Result<Option<SettingsView>, CommandError> {
        let Some(folder) = self.surface.choose_folder().await else {
            return Ok(None);
        };
        let _one = self.changing_settings.lock().await;
        let wanted = Settings {
            receive_into: ReceiveInto::Fixed,
            fixed_folder: Some(folder),
            ..self.settings()
        };
        self.store.set_value(ValueName::Settings, &wanted).await?;
        self.put_settings(wanted);
        self.tell(DeskEvent::SettingsChanged);
        self.settings_view().await.map(Some)
    }

    /// How the window looks.
    pub(crate) fn look(&self) -> LookView {
        *lock(&self.look)
    }

    /// Changes how the window looks.
    pub(crate) async fn change_look(&self, look: LookView) -> Result<(), CommandError> {
        let path = self.profile.look();
        let written = tokio::task::spawn_blocking(move || write_look(&path, look)).await;
        written.map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))??;
        *lock(&self.look) = look;
        self.tell(DeskEvent::SettingsChanged);
        Ok(())
    }

    /// Shows a notice, where the person wants any.
    pub(crate) fn notify(&self, notice: Notice) {
        if self.settings().notices {
            self.surface.notify(notice);
        }
    }
}

/// How the window of a profile looks; as a new one does where nobody said or the file is broken.
pub(crate) fn read_look(path: &Path) -> LookView {
    let small = std::fs::metadata(path).is_ok_and(|facts| facts.is_file() && facts.len() <= LOOK_BYTES_MAX);
    let read = small.then(|| std::fs::read(path).ok()).flatten();
    read.and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

fn write_look(path: &Path, look: LookView) -> Result<(), CommandError> {
    let bytes = serde_json::to_vec(&look).map_err(|error| refusal::logged(ProblemCode::Internal, &error.classify()))?;
    replace_file(path, &bytes).map_err(|error| refusal::of_profile_io(&error))
}

#[cfg(test)]
mod tests {
    use desk_ipc::{TextSize, Theme};

    use super::*;

    fn edit() -> SettingsEdit {
        let settings = Settings::default();
        SettingsEdit {
            receive_into: settings.receive_into,
            naming: settings.naming,
            flat: settings.flat,
            kept_days: settings.kept_days,
            notices: settings.notices,
            starts_with_computer: None,
            stays_in_tray: settings.stays_in_tray,
            proxy: settings.proxy,
        }
    }

    fn refused(edit: SettingsEdit) -> ProblemCode {
        Settings::default().edited(edit).unwrap_err().code
    }

    #[test]
    fn an_edit_of_nothing_changes_nothing() {
        assert_eq!(Settings::default().edited(edit()).unwrap(), Settings::default());
    }

    #[test]
    fn what_cannot_stand_is_refused() {
        let days = |kept_days| SettingsEdit { kept_days, ..edit() };
        assert_eq!(refused(days(limits::KEPT_DAYS_MAX + 1)), ProblemCode::RequestMalformed);
        for kept_days in [0, limits::KEPT_DAYS_MAX] {
            assert_eq!(
                Settings::default().edited(days(kept_days)).unwrap().kept_days,
                kept_days
            );
        }
        let fixed = SettingsEdit {
            receive_into: ReceiveInto::Fixed,
            ..edit()
        };
        assert_eq!(refused(fixed), ProblemCode::FolderMissing);
        let proxy = SettingsEdit {
            proxy: Proxy::Manual {
                host: "http://proxy".to_owned(),
                port: 8080,
            },
            ..edit()
        };
        assert_eq!(refused(proxy), ProblemCode::ProxyInvalid);
    }

    #[test]
    fn settings_of_an_older_version_get_defaults_for_what_is_new() {
        let read: Settings = serde_json::from_str(r#"{"kept_days": 30}"#).unwrap();
        assert_eq!(
            read,
            Settings {
                kept_days: 30,
                ..Settings::default()
            }
        );
    }

    #[test]
    fn the_look_is_found_again_and_a_broken_file_is_the_default() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("look.json");
        assert_eq!(read_look(&path), LookView::default());
        let look = LookView {
            text_size: TextSize::Largest,
            theme: Theme::Dark,
            mascot_hidden: true,
        };
        write_look(&path, look).unwrap();
        assert_eq!(read_look(&path), look);
        for broken in ["", "{", r#"{"text_size":"huge"}"#] {
            std::fs::write(&path, broken).unwrap();
            assert_eq!(read_look(&path), LookView::default(), "{broken}");
        }
    }
}
