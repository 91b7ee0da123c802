//! The one seam to the file system for what must outlive a power cut: what lands at an office, and large contents at
//! the exchange ([ADR 49](../../../docs/adr/0049-one-seam-to-the-disk.md)).
//!
//! [`SystemDisk`] is the real one. Tests put a simulated one in its place, whose power can be cut after any operation.
//! There is no operation here that nobody uses, and none that decides anything.

mod origin;
mod rename;

use std::{
    ffi::OsString,
    fmt::Debug,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, Write},
    path::Path,
};

/// A file system. What it did is durable only once the file, or the folder with the name, was synced.
pub trait Disk: Debug + Clone + Send + Sync + 'static {
    /// An open file.
    type File: DiskFile;

    /// Makes one folder; an error if something has the name.
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Makes a folder and those that it lies in, as far as they are missing, for nobody but this account.
    fn make_private_folders(&self, path: &Path) -> io::Result<()>;
    /// Makes a file and opens it to write; an error if something has the name, were it a link.
    fn make_file(&self, path: &Path) -> io::Result<Self::File>;
    /// Opens a file to read and write; makes it if it is missing. What it holds stays.
    fn open_or_make(&self, path: &Path) -> io::Result<Self::File>;
    /// Opens a file that is there, to read and write.
    fn open_to_write(&self, path: &Path) -> io::Result<Self::File>;
    /// Opens a file to read.
    fn open(&self, path: &Path) -> io::Result<Self::File>;
    /// What has a name; of a link the link itself.
    fn facts(&self, path: &Path) -> io::Result<Facts>;
    /// Whether a name leads to a folder, over links too.
    fn leads_to_folder(&self, path: &Path) -> io::Result<bool>;
    /// The names in a folder, in no order.
    fn names(&self, folder: &Path) -> io::Result<Vec<OsString>>;
    /// Removes a file; of a link the link itself.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes a folder with all that is in it, and follows no link.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
    /// Gives a folder another name, which must be free. Whole or not at all, even if the power fails.
    fn rename_folder(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file another name, which must be free. Whole or not at all, even if the power fails.
    fn rename_file(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Sets the system's mark that a file came from elsewhere, where there is one.
    fn mark_foreign(&self, file: &Path);
}

/// An open file.
pub trait DiskFile: Debug + Read + Write + Seek + Send + 'static {
    /// Makes what was written durable: the bytes and how many they are.
    fn sync(&mut self) -> io::Result<()>;
}

/// What has a name on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Whether it is a file.
    pub is_file: bool,
    /// The length of a file.
    pub bytes: u64,
}

/// The file system of this computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    type File = File;

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn make_private_folders(&self, path: &Path) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.create(path)
    }

    fn make_file(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(path)
    }

    fn open_or_make(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
    }

    fn open_to_write(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        File::open(path)
    }

    fn facts(&self, path: &Path) -> io::Result<Facts> {
        fs::symlink_metadata(path).map(|found| Facts {
            is_folder: found.is_dir(),
            is_file: found.is_file(),
            bytes: found.len(),
        })
    }

    fn leads_to_folder(&self, path: &Path) -> io::Result<bool> {
        fs::metadata(path).map(|found| found.is_dir())
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect()
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }

    fn rename_folder(&self, from: &Path, to: &Path) -> io::Result<()> {
        rename::folder_without_replacing(from, to)
    }

    fn rename_file(&self, from: &Path, to: &Path) -> io::Result<()> {
        rename::file_without_replacing(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        sync_folder(folder)
    }

    fn mark_foreign(&self, file: &Path) {
        origin::mark(file);
    }
}

impl DiskFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Makes the names in a folder of this computer durable. Windows keeps them durable by itself and has no call for it.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}
