//! The folder 修正版 beside an original: where repaired copies are written as new files.
//!
//! Nothing that exists is replaced, no link is followed out of the folder of the original, and a copy gets its name
//! only when it is whole and safe on the disk. Everything here blocks.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use crate::landing::safe_name;

#[cfg(unix)]
mod by_handle;
#[cfg(not(unix))]
mod by_path;

#[cfg(unix)]
use by_handle::Folder;
#[cfg(not(unix))]
use by_path::Folder;

/// Folders that are tried before a copy is not written: `修正版`, `修正版_2` and so on.
const FOLDERS_MAX: u32 = 20;

/// Where a copy was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Saved {
    /// The folder's own name.
    pub(super) folder: String,
    /// The file's name.
    pub(super) name: String,
}

/// Writes a copy into a folder of this name below `origin`, the folder of the original.
///
/// A folder that has the name already with other bytes is left alone and the next name is tried; one that has these
/// very bytes is enough.
///
/// # Errors
///
/// Whatever kept the copy from being written; nothing half stays behind.
pub(super) fn save(origin: &Path, folder: &str, name: &str, bytes: &[u8]) -> io::Result<Saved> {
    let name = safe_name(name, &mut HashSet::new());
    for count in 1..=FOLDERS_MAX {
        let folder = match count {
            1 => folder.to_owned(),
            _ => format!("{folder}_{count}"),
        };
        // A file or a link of somebody has the name.
        let Some(beside) = Folder::open_or_make(origin, &folder)? else {
            continue;
        };
        if is_there(&beside, &name, bytes)? {
            return Ok(Saved { folder, name });
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Writes a new file into a folder that somebody chose; the folder is there already. Blocks.
///
/// Gives the name that it got, or nothing if something with other bytes has that name: nothing is replaced. A file with
/// these very bytes is enough.
///
/// # Errors
///
/// Whatever kept the file from being written; nothing half stays behind.
pub fn write_new(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<Option<String>> {
    let name = safe_name(name, &mut HashSet::new());
    let there = is_there(&Folder::chosen(folder)?, &name, bytes)?;
    Ok(there.then_some(name))
}

/// Whether these bytes have this name now, be it that they had it before; false if something else has it.
fn is_there(folder: &Folder, name: &str, bytes: &[u8]) -> io::Result<bool> {
    match folder.open(name) {
        Ok(file) => holds(file, bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => put(folder, name, bytes),
        // Something that is no file, or a link.
        Err(_) => Ok(false),
    }
}

/// Writes under a hidden name and gives the visible one at the end; false if somebody was quicker with that name.
fn put(folder: &Folder, name: &str, bytes: &[u8]) -> io::Result<bool> {
    let hidden = format!(".{}.part", uuid::Uuid::now_v7().simple());
    let mut file = folder.create_new(&hidden)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    drop(file);
    let named = written.and_then(|()| folder.give_name(&hidden, name));
    if !matches!(named, Ok(true)) {
        folder.remove(&hidden);
    }
    named
}

/// Whether a file has exactly these bytes.
fn holds(mut file: File, bytes: &[u8]) -> io::Result<bool> {
    if file.metadata()?.len() != bytes.len() as u64 {
        return Ok(false);
    }
    let mut buffer = vec![0; BUFFER_BYTES];
    for expected in bytes.chunks(BUFFER_BYTES) {
        let found = &mut buffer[..expected.len()];
        match file.read_exact(found) {
            Ok(()) if found == expected => {}
            Ok(()) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

const BUFFER_BYTES: usize = 64 * 1_024;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_copy_is_a_new_file_and_nothing_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let origin = dir.path();
        let saved = |bytes: &[u8]| save(origin, "修正版", "A.CSV", bytes).unwrap().folder;
        assert_eq!(saved(b"one"), "修正版");
        // The same bytes again are there already.
        assert_eq!(saved(b"one"), "修正版");
        assert_eq!(saved(b"two"), "修正版_2");
        assert_eq!(saved(b"2nd"), "修正版_3");
        assert_eq!(names(origin), ["修正版", "修正版_2", "修正版_3"]);
        assert_eq!(fs::read(origin.join("修正版/A.CSV")).unwrap(), b"one");
        assert_eq!(names(&origin.join("修正版")), ["A.CSV"]);
        let other = save(origin, "修正版", "B.CSV", b"b").unwrap();
        assert_eq!((other.folder.as_str(), other.name.as_str()), ("修正版", "B.CSV"));
    }

    #[test]
    fn a_chosen_folder_gets_new_files_only() {
        let dir = tempfile::tempdir().unwrap();
        let written = |bytes: &[u8]| write_new(dir.path(), "A.CSV", bytes).unwrap();
        assert_eq!(written(b"one").as_deref(), Some("A.CSV"));
        assert_eq!(written(b"one").as_deref(), Some("A.CSV"));
        assert_eq!(written(b"two"), None);
        assert_eq!(fs::read(dir.path().join("A.CSV")).unwrap(), b"one");
        assert_eq!(write_new(dir.path(), "CON", b"x").unwrap().as_deref(), Some("_CON"));
        assert_eq!(names(dir.path()), ["A.CSV", "_CON"]);
        assert!(write_new(&dir.path().join("gone"), "A.CSV", b"one").is_err());
    }

    #[test]
    fn folders_have_their_limit() {
        let dir = tempfile::tempdir().unwrap();
        for count in 0..FOLDERS_MAX {
            save(dir.path(), "修正版", "A.CSV", &count.to_be_bytes()).unwrap();
        }
        let error = save(dir.path(), "修正版", "A.CSV", b"one over").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(names(dir.path()).len(), FOLDERS_MAX as usize);
    }

    #[test]
    fn names_stay_inside_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let origin = dir.path().join("origin");
        fs::create_dir(&origin).unwrap();
        let saved = save(&origin, "修正版", "../../A.CSV", b"one").unwrap();
        assert_eq!(names(dir.path()), ["origin"]);
        assert_eq!(names(&origin.join("修正版")), [saved.name]);
        let saved = save(&origin, "修正版", "CON", b"one").unwrap();
        assert_eq!(saved.name, "_CON");
    }

    #[test]
    fn somebodys_file_and_folder_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("修正版"), b"a file").unwrap();
        fs::create_dir_all(dir.path().join("修正版_2/A.CSV")).unwrap();
        assert_eq!(save(dir.path(), "修正版", "A.CSV", b"one").unwrap().folder, "修正版_3");
        assert_eq!(fs::read(dir.path().join("修正版")).unwrap(), b"a file");
    }

    #[test]
    fn a_folder_that_is_gone_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert!(save(&dir.path().join("gone"), "修正版", "A.CSV", b"one").is_err());
        assert!(names(dir.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        use std::os::unix::fs::symlink;

        let dir = tempfile::tempdir().unwrap();
        let (origin, outside) = (dir.path().join("origin"), dir.path().join("outside"));
        fs::create_dir(&origin).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("precious"), b"precious").unwrap();
        symlink(&outside, origin.join("修正版")).unwrap();
        fs::create_dir(origin.join("修正版_2")).unwrap();
        symlink(outside.join("precious"), origin.join("修正版_2/A.CSV")).unwrap();
        // Same bytes behind a link are no copy either.
        assert_eq!(
            save(&origin, "修正版", "A.CSV", b"precious").unwrap().folder,
            "修正版_3"
        );
        assert_eq!(names(&outside), ["precious"]);
        assert_eq!(fs::read(outside.join("precious")).unwrap(), b"precious");
    }

    #[test]
    fn a_name_that_is_taken_meanwhile_is_not_replaced_and_nothing_half_stays() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open_or_make(dir.path(), "修正版").unwrap().unwrap();
        fs::write(dir.path().join("修正版/A.CSV"), b"somebody was quicker").unwrap();
        assert!(!put(&folder, "A.CSV", b"one").unwrap());
        assert_eq!(names(&dir.path().join("修正版")), ["A.CSV"]);
        assert_eq!(
            fs::read(dir.path().join("修正版/A.CSV")).unwrap(),
            b"somebody was quicker"
        );
    }
}
