//! A folder held open: what is made in it is made in this very folder, whatever is put in its place meanwhile.

use std::{fs::File, io, path::Path};

use rustix::{
    fs::{AtFlags, CWD, Mode, OFlags, linkat, mkdirat, openat, unlinkat},
    io::Errno,
};

/// For folders: open them, never through a link.
const AS_FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

pub(super) struct Folder(File);

impl Folder {
    /// Opens the folder that somebody chose, by whatever way leads there.
    pub(super) fn chosen(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(openat(CWD, path, flags, Mode::empty())?.into()))
    }

    /// Opens a folder below `origin`, making it if there is none; nothing if the name is no folder's.
    pub(super) fn open_or_make(origin: &Path, name: &str) -> io::Result<Option<Self>> {
        let above = openat(
            CWD,
            origin,
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        match mkdirat(&above, name, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        match openat(&above, name, AS_FOLDER, Mode::empty()) {
            Ok(folder) => Ok(Some(Self(folder.into()))),
            Err(Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a plain file in it to read.
    pub(super) fn open(&self, name: &str) -> io::Result<File> {
        // A pipe in the place of the file must not keep us waiting.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file: File = openat(&self.0, name, flags, Mode::empty())?.into();
        match file.metadata()?.is_file() {
            true => Ok(file),
            false => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Makes a new file in it.
    pub(super) fn create_new(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(openat(&self.0, name, flags, Mode::from_raw_mode(0o666))?.into())
    }

    /// Renames where the new name is free; false if it is not.
    pub(super) fn give_name(&self, hidden: &str, name: &str) -> io::Result<bool> {
        let named = self.rename(hidden, name);
        if named.is_ok() {
            // The bytes are safe; should the name be lost to a power cut, the copy is made again.
            let _ = rustix::fs::fsync(&self.0);
        }
        match named {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn rename(&self, hidden: &str, name: &str) -> Result<(), Errno> {
        #[cfg(any(target_os = "linux", target_os = "macos"))]
        {
            use rustix::fs::{RenameFlags, renameat_with};
            match renameat_with(&self.0, hidden, &self.0, name, RenameFlags::NOREPLACE) {
                // The file system does not know the flag.
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
                done => return done,
            }
        }
        // A second name is only given where there is none.
        linkat(&self.0, hidden, &self.0, name, AtFlags::empty())?;
        self.remove(hidden);
        Ok(())
    }

    /// Takes a file of ours away.
    pub(super) fn remove(&self, name: &str) {
        let _ = unlinkat(&self.0, name, AtFlags::empty());
    }
}
