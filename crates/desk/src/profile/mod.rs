//! The profile: one folder for one office number on this PC, written by one process at a time (D14).
//!
//! | File | What it holds |
//! |---|---|
//! | `profile.lock` | nothing; whoever writes the profile holds its lock |
//! | `profile.json` | where the key is kept, and the key wrapped under the passphrase if that is the way |
//! | `profile.key` | the key itself, for demo and tests only |
//! | `look.json` | how the window looks; nothing of people |
//! | `office.json` | number and registered name of the office, where the host lists several profiles |
//! | `desk.db` | rows: opaque ids, states and times in clear, everything of people sealed |
//! | `spool/` | sealed copies of files |

mod key;
mod shelf;

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use care_model::ProblemCode;
use desk_ipc::CommandError;
use disk::sync_folder;

pub(crate) use key::{KeyState, Keyring, SALT_BYTES, fresh_salt, judge_new_passphrase, passphrase_key};
pub(crate) use shelf::{OfficeMark, Shelf, mark_office, office_of};

use crate::refusal;

/// The folder, locked for this process.
pub(crate) struct Profile {
    dir: PathBuf,
    /// Held for as long as the desk is open; the system frees it when the process ends, however it ends.
    lock: File,
}

impl Profile {
    /// Makes the folder if need be and takes its lock.
    pub(crate) fn open(dir: &Path) -> Result<Self, CommandError> {
        let unusable = |error: io::Error| refusal::of_profile_io(&error);
        create_private_dir(dir).map_err(unusable)?;
        create_private_dir(&dir.join("spool")).map_err(unusable)?;
        let lock = private_file(fs::OpenOptions::new().write(true).create(true).truncate(false))
            .open(dir.join("profile.lock"))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                dir: dir.to_owned(),
                lock,
            }),
            Err(TryLockError::WouldBlock) => Err(ProblemCode::ProfileBusy.into()),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }

    /// Lets another process write the profile, after the last row was stored.
    pub(crate) fn release(&self) {
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(kind = ?error.kind(), "the profile stays locked until this process ends");
        }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.dir.join("desk.db")
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// How the window looks.
    pub(crate) fn look(&self) -> PathBuf {
        self.dir.join("look.json")
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.dir.join("spool")
    }

    pub(crate) fn keyring(&self) -> Keyring {
        Keyring::new(self.dir.clone())
    }
}

/// A folder that only its owner may enter.
fn create_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Makes a file that only its owner may read.
pub(crate) fn private_file(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Replaces a small file so that after a crash either the old or the new one is there, whole.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = private_file(fs::OpenOptions::new().write(true).create(true).truncate(true)).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    match path.parent() {
        Some(dir) => sync_folder(dir),
        None => Ok(()),
    }
}
