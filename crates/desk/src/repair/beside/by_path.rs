//! A folder by its path, for systems whose files are opened by path only.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

pub(super) struct Folder(PathBuf);

impl Folder {
    /// Finds the folder that somebody chose, by whatever way leads there.
    pub(super) fn chosen(path: &Path) -> io::Result<Self> {
        match fs::metadata(path)?.is_dir() {
            true => Ok(Self(path.to_owned())),
            false => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// Finds a folder below `origin`, making it if there is none; nothing if the name is no folder's.
    pub(super) fn open_or_make(origin: &Path, name: &str) -> io::Result<Option<Self>> {
        let path = origin.join(name);
        match fs::create_dir(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        // Links and junctions are told from folders without being followed.
        Ok(fs::symlink_metadata(&path)?.is_dir().then_some(Self(path)))
    }

    /// Opens a plain file in it to read.
    pub(super) fn open(&self, name: &str) -> io::Result<File> {
        let path = self.0.join(name);
        match fs::symlink_metadata(&path)?.is_file() {
            true => File::open(path),
            false => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Makes a new file in it.
    pub(super) fn create_new(&self, name: &str) -> io::Result<File> {
        File::create_new(self.0.join(name))
    }

    /// Renames where the new name is free; false if it is not.
    pub(super) fn give_name(&self, hidden: &str, name: &str) -> io::Result<bool> {
        // A rename would replace what has the name; a second name is only given where there is none.
        match fs::hard_link(self.0.join(hidden), self.0.join(name)) {
            Ok(()) => {
                self.remove(hidden);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes a file of ours away.
    pub(super) fn remove(&self, name: &str) {
        let _ = fs::remove_file(self.0.join(name));
    }
}
