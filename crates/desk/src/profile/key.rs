//! Where the key of a profile is kept: the system's key store, a passphrase, or a file for demo and tests.

use std::{fs, path::PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use care_model::{ProblemCode, limits};
use desk_ipc::CommandError;
use sealing::{KEY_BYTES, Key};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::replace_file;
use crate::{ports::KeySource, refusal};

/// Under which name the system's key store lists our keys.
const KEY_STORE_SERVICE: &str = "careplan-exchange";
/// What the wrapped key is called where it is wrapped.
const WRAPPED_NAME: &[u8] = b"profile key";
/// Argon2id: 64 MiB, three passes; kept in the profile, so that it can be raised for new ones.
const MEMORY_KIB: u32 = 64 * 1_024;
const PASSES: u32 = 3;
/// Bytes of the salt of a passphrase.
pub(crate) const SALT_BYTES: usize = 16;

/// Whether the key is at hand.
pub(crate) enum KeyState {
    /// It is.
    Ready(Key),
    /// A person must type the passphrase.
    Passphrase {
        /// Whether it is set now for the first time.
        first: bool,
    },
}

/// Finds, makes and wraps the key of one profile.
pub(crate) struct Keyring {
    dir: PathBuf,
}

/// `profile.json`.
#[derive(Serialize, Deserialize)]
struct ProfileFile {
    profile: Uuid,
    #[serde(flatten)]
    place: KeyPlace,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "key", rename_all = "snake_case")]
enum KeyPlace {
    /// There is no key yet: a person has been asked for a passphrase and has not given one.
    Unset,
    System,
    File,
    Passphrase {
        salt: String,
        memory_kib: u32,
        passes: u32,
        wrapped: String,
    },
}

impl Keyring {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Gets the key, or says that a passphrase is needed. Makes the key of a new profile.
    ///
    /// May talk to the system's key store: call it where blocking is allowed.
    pub(crate) fn find(&self, source: KeySource) -> Result<KeyState, CommandError> {
        match self.read()? {
            Some(file) => match file.place {
                KeyPlace::Passphrase { .. } => return Ok(KeyState::Passphrase { first: false }),
                KeyPlace::File => return self.read_key_file(),
                KeyPlace::System => return key_store_get(&file.profile),
                // Closed before the first passphrase: nothing was sealed, so it begins again.
                KeyPlace::Unset => {}
            },
            // Data whose key is gone: a new key would only hide that.
            None if self.dir.join("desk.db").exists() => return Err(ProblemCode::ProfileUnusable.into()),
            None => {}
        }
        let profile = Uuid::now_v7();
        let key = Key::generate();
        match source {
            KeySource::Passphrase => return self.ask_first(profile),
            KeySource::System => {
                if let Err(error) = key_store_set(&profile, &key) {
                    tracing::info!(reason = %kind_of(&error), "no key store: a passphrase protects the profile");
                    return self.ask_first(profile);
                }
                self.write(&ProfileFile {
                    profile,
                    place: KeyPlace::System,
                })?;
            }
            KeySource::File => {
                replace_file(&self.key_file(), &key.expose()[..]).map_err(|error| refusal::of_profile_io(&error))?;
                self.write(&ProfileFile {
                    profile,
                    place: KeyPlace::File,
                })?;
            }
        }
        Ok(KeyState::Ready(key))
    }

    fn ask_first(&self, profile: Uuid) -> Result<KeyState, CommandError> {
        self.write(&ProfileFile {
            profile,
            place: KeyPlace::Unset,
        })?;
        Ok(KeyState::Passphrase { first: true })
    }

    /// Opens the key with the passphrase, or wraps a new key under it if there is none yet.
    ///
    /// Takes its time by design: call it where blocking is allowed.
    pub(crate) fn unlock(&self, passphrase: &str) -> Result<Key, CommandError> {
        match self.read()? {
            Some(ProfileFile {
                place:
                    KeyPlace::Passphrase {
                        salt,
                        memory_kib,
                        passes,
                        wrapped,
                    },
                ..
            }) => {
                let unusable = || CommandError::new(ProblemCode::ProfileUnusable);
                let salt = BASE64.decode(salt).map_err(|_| unusable())?;
                let wrapped = BASE64.decode(wrapped).map_err(|_| unusable())?;
                let master = derive(passphrase, &salt, memory_kib, passes)?;
                sealing::unwrap_key(&master, WRAPPED_NAME, &wrapped).map_err(|_| ProblemCode::PassphraseRefused.into())
            }
            Some(ProfileFile {
                place: KeyPlace::System | KeyPlace::File,
                ..
            }) => Err(ProblemCode::ProfileUnusable.into()),
            None
            | Some(ProfileFile {
                place: KeyPlace::Unset, ..
            }) => {
                judge_new_passphrase(passphrase)?;
                let salt = fresh_salt();
                let master = passphrase_key(passphrase, &salt)?;
                let key = Key::generate();
                self.write(&ProfileFile {
                    profile: Uuid::now_v7(),
                    place: KeyPlace::Passphrase {
                        salt: BASE64.encode(salt),
                        memory_kib: MEMORY_KIB,
                        passes: PASSES,
                        wrapped: BASE64.encode(sealing::wrap(&master, WRAPPED_NAME, &key)),
                    },
                })?;
                Ok(key)
            }
        }
    }

    /// Whether the key lies in a plain file.
    pub(crate) fn is_plain_file(&self) -> bool {
        self.key_file().exists()
    }

    /// Whether the key is wrapped under a passphrase.
    pub(crate) fn asks_passphrase(&self) -> bool {
        let file = self.read().ok().flatten();
        file.is_some_and(|file| matches!(file.place, KeyPlace::Passphrase { .. }))
    }

    fn key_file(&self) -> PathBuf {
        self.dir.join("profile.key")
    }

    fn read_key_file(&self) -> Result<KeyState, CommandError> {
        let bytes = fs::read(self.key_file()).map_err(|error| refusal::of_profile_io(&error))?;
        let bytes = Zeroizing::new(bytes);
        Key::from_slice(&bytes)
            .map(KeyState::Ready)
            .ok_or_else(|| ProblemCode::ProfileUnusable.into())
    }

    fn read(&self) -> Result<Option<ProfileFile>, CommandError> {
        match fs::read(self.dir.join("profile.json")) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| refusal::logged(ProblemCode::ProfileUnusable, &error.classify())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(refusal::of_profile_io(&error)),
        }
    }

    fn write(&self, file: &ProfileFile) -> Result<(), CommandError> {
        let bytes =
            serde_json::to_vec(file).map_err(|error| refusal::logged(ProblemCode::Internal, &error.classify()))?;
        replace_file(&self.dir.join("profile.json"), &bytes).map_err(|error| refusal::of_profile_io(&error))
    }
}

/// Refuses a new passphrase that is shorter or longer than a password may be (D17).
pub(crate) fn judge_new_passphrase(passphrase: &str) -> Result<(), CommandError> {
    let length = passphrase.chars().count();
    match (limits::PASSWORD_CHARS_MIN..=limits::PASSWORD_CHARS_MAX).contains(&length) {
        true => Ok(()),
        false => Err(CommandError::new(ProblemCode::PasswordLength)
            .with("min", limits::PASSWORD_CHARS_MIN)
            .with("max", limits::PASSWORD_CHARS_MAX)),
    }
}

/// A salt for one passphrase.
pub(crate) fn fresh_salt() -> [u8; SALT_BYTES] {
    let mut salt = [0; SALT_BYTES];
    salt.copy_from_slice(&Key::generate().expose()[..SALT_BYTES]);
    salt
}

/// The key that a passphrase stands for today. Takes its time by design: call it where blocking is allowed.
pub(crate) fn passphrase_key(passphrase: &str, salt: &[u8]) -> Result<Key, CommandError> {
    derive(passphrase, salt, MEMORY_KIB, PASSES)
}

/// The key that a passphrase stands for at this cost.
fn derive(passphrase: &str, salt: &[u8], memory_kib: u32, passes: u32) -> Result<Key, CommandError> {
    let refused = |error: argon2::Error| refusal::logged(ProblemCode::ProfileUnusable, &error);
    let params = Params::new(memory_kib, passes, 1, Some(KEY_BYTES)).map_err(refused)?;
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, bytes.as_mut_slice())
        .map_err(refused)?;
    Ok(Key::from_bytes(*bytes))
}

fn key_store_get(profile: &Uuid) -> Result<KeyState, CommandError> {
    let unusable = |error: keyring::Error| refusal::logged(ProblemCode::ProfileUnusable, &kind_of(&error));
    let entry = keyring::Entry::new(KEY_STORE_SERVICE, &profile.to_string()).map_err(unusable)?;
    let secret = Zeroizing::new(entry.get_secret().map_err(unusable)?);
    Key::from_slice(&secret)
        .map(KeyState::Ready)
        .ok_or_else(|| ProblemCode::ProfileUnusable.into())
}

fn key_store_set(profile: &Uuid, key: &Key) -> Result<(), keyring::Error> {
    keyring::Entry::new(KEY_STORE_SERVICE, &profile.to_string())?.set_secret(&key.expose()[..])
}

/// The kind of a key store's error; its details may hold the secret itself.
fn kind_of(error: &keyring::Error) -> &'static str {
    match error {
        keyring::Error::NoEntry => "no entry",
        keyring::Error::NoStorageAccess(_) => "the key store is locked",
        keyring::Error::NoDefaultStore => "there is no key store",
        _ => "the key store failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring() -> (tempfile::TempDir, Keyring) {
        let dir = tempfile::tempdir().unwrap();
        let keyring = Keyring::new(dir.path().to_owned());
        (dir, keyring)
    }

    #[test]
    fn a_key_file_is_made_once_and_found_again() {
        let (_dir, keyring) = keyring();
        let KeyState::Ready(first) = keyring.find(KeySource::File).unwrap() else {
            panic!("a key")
        };
        let KeyState::Ready(again) = keyring.find(KeySource::File).unwrap() else {
            panic!("a key")
        };
        assert_eq!(first.expose(), again.expose());
        assert!(keyring.is_plain_file());
    }

    #[test]
    fn a_passphrase_opens_only_what_it_wrapped() {
        let (_dir, keyring) = keyring();
        assert!(matches!(
            keyring.find(KeySource::Passphrase),
            Ok(KeyState::Passphrase { first: true })
        ));
        assert_eq!(keyring.unlock("short").unwrap_err().code, ProblemCode::PasswordLength);
        let key = keyring.unlock("a long enough phrase").unwrap();
        assert!(matches!(
            keyring.find(KeySource::System),
            Ok(KeyState::Passphrase { first: false })
        ));
        let wrong = keyring.unlock("another long phrase").unwrap_err();
        assert_eq!(wrong.code, ProblemCode::PassphraseRefused);
        assert_eq!(keyring.unlock("a long enough phrase").unwrap().expose(), key.expose());
    }

    #[test]
    fn data_without_their_key_are_not_given_a_new_one() {
        let (dir, keyring) = keyring();
        fs::write(dir.path().join("desk.db"), b"rows").unwrap();
        for source in [KeySource::File, KeySource::Passphrase, KeySource::System] {
            assert!(matches!(keyring.find(source), Err(e) if e.code == ProblemCode::ProfileUnusable));
        }
    }
}
