//! Files made visible in a folder that holds others, each under its own name (D5).
//!
//! There is no one rename for several files. They are whole and synced in the hidden folder first; then each is moved
//! without replacing anything. If one cannot be, all go back. If the process dies between, [`finish`] finds each
//! file whole in one of the two places and moves the rest, or takes back what was moved.

use std::{io, path::Path};

use care_model::Digest;
use disk::Disk;
use sha2::Digest as _;

use super::{Showing, digest_on, discard, is_taken, made_safe};

/// Whether none of the names is taken in a folder.
pub fn is_free(disk: &impl Disk, folder: &Path, files: &[(String, u64, Digest)]) -> bool {
    files.iter().all(|(name, _, _)| !is_taken(disk, &folder.join(name)))
}

/// Moves every file into view. Nothing is moved if something has one of the names already.
pub(super) fn show(
    disk: &impl Disk,
    staging: &Path,
    folder: &Path,
    files: &[(String, u64, Digest)],
) -> io::Result<Showing> {
    // The hidden folder's own name first: after a power cut each file has to be in one of the two places.
    disk.sync_folder(staging.parent().unwrap_or(staging))?;
    for (place, (name, _, _)) in files.iter().enumerate() {
        if let Err(error) = disk.rename_file(&staging.join(name), &folder.join(name)) {
            take_back(disk, staging, folder, &files[..place]);
            return match error.kind() {
                io::ErrorKind::AlreadyExists => Ok(Showing::NotShown),
                _ => Err(error),
            };
        }
    }
    let showing = made_safe(disk, folder);
    if showing == Showing::Shown {
        discard(disk, staging);
    }
    Ok(showing)
}

/// Goes on with [`show`] where a process ended in it. True once every file is in view; false if that cannot be, and
/// then what was moved is back, unless the hidden folder is gone.
pub(super) fn finish(
    disk: &impl Disk,
    staging: &Path,
    folder: &Path,
    files: &[(String, u64, Digest)],
) -> io::Result<bool> {
    for file in files {
        let (here, there) = (folder.join(&file.0), staging.join(&file.0));
        if holds(disk, &here, file)? {
            continue;
        }
        let moved = holds(disk, &there, file)? && disk.rename_file(&there, &here).is_ok();
        if !moved {
            if disk.leads_to_folder(staging).unwrap_or(false) {
                let in_view = files
                    .iter()
                    .filter(|file| holds(disk, &folder.join(&file.0), file).unwrap_or(false));
                in_view.for_each(|file| take_back(disk, staging, folder, std::slice::from_ref(file)));
            }
            return Ok(false);
        }
    }
    disk.sync_folder(folder)?;
    discard(disk, staging);
    Ok(true)
}

/// Takes files away that are not what was sent; nothing else in the folder is touched.
pub(super) fn withdraw(disk: &impl Disk, folder: &Path, files: &[(String, u64, Digest)]) {
    for (name, _, _) in files {
        // Of a link the link alone goes.
        let _ = disk.remove_file(&folder.join(name));
    }
}

fn take_back(disk: &impl Disk, staging: &Path, folder: &Path, files: &[(String, u64, Digest)]) {
    for (name, _, _) in files {
        let _ = disk.rename_file(&folder.join(name), &staging.join(name));
    }
}

/// Whether a file is there as it was sent.
fn holds(disk: &impl Disk, path: &Path, (_, size_bytes, digest): &(String, u64, Digest)) -> io::Result<bool> {
    match disk.facts(path) {
        Ok(facts) if facts.is_file && facts.bytes == *size_bytes => {}
        Ok(_) => return Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    }
    let (read, length) = digest_on(&mut disk.open(path)?)?;
    Ok(length == *size_bytes && Digest::from_bytes(read.finalize().into()) == *digest)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use disk::SystemDisk;

    use super::*;

    struct Trial {
        dir: tempfile::TempDir,
        files: Vec<(String, u64, Digest)>,
    }

    impl Trial {
        /// Three files, staged.
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join("staging")).unwrap();
            fs::create_dir(dir.path().join("folder")).unwrap();
            let files = ["A.CSV", "B.CSV", "C.CSV"].map(|name| {
                fs::write(dir.path().join("staging").join(name), name).unwrap();
                (name.to_owned(), name.len() as u64, Digest::of(name.as_bytes()))
            });
            Self {
                dir,
                files: files.to_vec(),
            }
        }

        fn staging(&self) -> std::path::PathBuf {
            self.dir.path().join("staging")
        }

        fn folder(&self) -> std::path::PathBuf {
            self.dir.path().join("folder")
        }

        fn names(&self, of: &Path) -> Vec<String> {
            let Ok(entries) = fs::read_dir(of) else {
                return Vec::new();
            };
            let mut names: Vec<_> = entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }
    }

    #[test]
    fn shows_all_beside_what_is_there() {
        let trial = Trial::new();
        fs::write(trial.folder().join("mine.txt"), b"mine").unwrap();
        assert!(is_free(&SystemDisk, &trial.folder(), &trial.files));
        let showing = show(&SystemDisk, &trial.staging(), &trial.folder(), &trial.files).unwrap();
        assert_eq!(showing, Showing::Shown);
        assert_eq!(trial.names(&trial.folder()), ["A.CSV", "B.CSV", "C.CSV", "mine.txt"]);
        assert!(!trial.staging().exists());
    }

    #[test]
    fn a_name_that_is_taken_moves_nothing_and_replaces_nothing() {
        let trial = Trial::new();
        fs::write(trial.folder().join("B.CSV"), b"somebody's").unwrap();
        assert!(!is_free(&SystemDisk, &trial.folder(), &trial.files));
        let showing = show(&SystemDisk, &trial.staging(), &trial.folder(), &trial.files).unwrap();
        assert_eq!(showing, Showing::NotShown);
        assert_eq!(trial.names(&trial.folder()), ["B.CSV"]);
        assert_eq!(fs::read(trial.folder().join("B.CSV")).unwrap(), b"somebody's");
        assert_eq!(trial.names(&trial.staging()), ["A.CSV", "B.CSV", "C.CSV"]);
    }

    #[test]
    fn goes_on_wherever_a_process_ended() {
        for moved in 0..=3 {
            let trial = Trial::new();
            for (name, _, _) in &trial.files[..moved] {
                fs::rename(trial.staging().join(name), trial.folder().join(name)).unwrap();
            }
            assert!(finish(&SystemDisk, &trial.staging(), &trial.folder(), &trial.files).unwrap());
            assert_eq!(trial.names(&trial.folder()), ["A.CSV", "B.CSV", "C.CSV"], "{moved}");
            assert!(!trial.staging().exists());
            assert!(finish(&SystemDisk, &trial.staging(), &trial.folder(), &trial.files).unwrap());
        }
    }

    #[test]
    fn what_cannot_be_finished_goes_back() {
        let trial = Trial::new();
        fs::rename(trial.staging().join("A.CSV"), trial.folder().join("A.CSV")).unwrap();
        fs::write(trial.folder().join("C.CSV"), b"somebody's").unwrap();
        assert!(!finish(&SystemDisk, &trial.staging(), &trial.folder(), &trial.files).unwrap());
        assert_eq!(trial.names(&trial.folder()), ["C.CSV"]);
        assert_eq!(fs::read(trial.folder().join("C.CSV")).unwrap(), b"somebody's");
        assert_eq!(trial.names(&trial.staging()), ["A.CSV", "B.CSV", "C.CSV"]);
    }

    #[test]
    fn without_the_hidden_folder_nothing_in_view_is_touched() {
        let trial = Trial::new();
        fs::rename(trial.staging().join("A.CSV"), trial.folder().join("A.CSV")).unwrap();
        fs::remove_dir_all(trial.staging()).unwrap();
        assert!(!finish(&SystemDisk, &trial.staging(), &trial.folder(), &trial.files).unwrap());
        assert_eq!(trial.names(&trial.folder()), ["A.CSV"]);
    }

    #[test]
    fn withdraws_its_own_names_alone() {
        let trial = Trial::new();
        fs::write(trial.folder().join("mine.txt"), b"mine").unwrap();
        show(&SystemDisk, &trial.staging(), &trial.folder(), &trial.files).unwrap();
        withdraw(&SystemDisk, &trial.folder(), &trial.files);
        assert_eq!(trial.names(&trial.folder()), ["mine.txt"]);
    }
}
