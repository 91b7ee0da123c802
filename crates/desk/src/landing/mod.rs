//! Where a delivery lands: a hidden folder beside the target is filled, synced, and made visible by one rename (D5).
//!
//! Nothing that exists is overwritten, no link is followed, and no name from outside chooses a place. Everything
//! here blocks; callers run it where that is allowed.
//!
//! All of it goes through [`Disk`]; public is what the simulation of power cuts runs on a disk of its own.

mod flat;
mod names;

use std::{
    collections::HashSet,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use care_model::{Digest, ProblemCode};
use disk::{Disk, DiskFile as _, Facts, SystemDisk};
use sha2::{Digest as _, Sha256};

pub use flat::is_free;
pub(crate) use names::{Named, attachment_name, folder_name, name_key, safe_name};

/// How many names are tried for a folder before it is said to be unusable.
const FOLDER_NAMES_MAX: u32 = 1_000;
const BUFFER_BYTES: usize = 64 * 1_024;

/// What a failed write into the target folder means.
pub(crate) fn problem_of(error: &io::Error) -> ProblemCode {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            ProblemCode::FolderFull
        }
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ProblemCode::FolderMissing,
        _ => ProblemCode::FolderReadOnly,
    }
}

/// Looks at the chosen folder before anything is claimed: it is there, can be written to, and has room.
pub(crate) fn check_folder(folder: &Path, bytes: u64) -> Result<(), ProblemCode> {
    let facts = fs::metadata(folder).map_err(|_| ProblemCode::FolderMissing)?;
    if !facts.is_dir() {
        return Err(ProblemCode::FolderMissing);
    }
    let probe = folder.join(PROBE);
    // Whoever looks into the same folder at the same moment may have been quicker with either.
    done_or(fs::create_dir(&probe), io::ErrorKind::AlreadyExists)?;
    done_or(fs::remove_dir(&probe), io::ErrorKind::NotFound)?;
    match free_bytes(folder) {
        Some(free) if free < bytes.saturating_add(SPARE_BYTES) => Err(ProblemCode::FolderFull),
        _ => Ok(()),
    }
}

/// Is made in a folder to see whether anything can be. It has one name for all, so that what a death in between leaves is
/// taken away by the next look.
const PROBE: &str = ".careplan.part-probe";

/// Whether it was done, or found to be done.
fn done_or(result: io::Result<()>, found_done: io::ErrorKind) -> Result<(), ProblemCode> {
    match result {
        Err(error) if error.kind() != found_done => Err(problem_of(&error)),
        _ => Ok(()),
    }
}

/// What names and folders themselves take.
const SPARE_BYTES: u64 = 64 * 1_024;

/// The room that is left; unknown where the system is not asked, and then a full disk shows while writing.
fn free_bytes(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let facts = rustix::fs::statvfs(folder).ok()?;
        Some(facts.f_bavail.saturating_mul(facts.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

/// The hidden folder of one delivery beside its target.
#[derive(Debug)]
pub struct Staging<D = SystemDisk> {
    disk: D,
    path: PathBuf,
}

impl Staging {
    /// The name of a hidden folder for `name`.
    pub(crate) fn path_for(folder: &Path, name: &str) -> PathBuf {
        folder.join(format!(
            ".{name}.part-{}",
            &uuid::Uuid::now_v7().simple().to_string()[20..]
        ))
    }
}

impl<D: Disk> Staging<D> {
    /// Makes the hidden folder, or goes on with the one that an interrupted pickup left.
    pub fn open(disk: D, path: PathBuf) -> io::Result<Self> {
        match disk.make_folder(&path) {
            Ok(()) => Ok(Self { disk, path }),
            // Ours by its random name; a link put in its place is not.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && disk.facts(&path)?.is_folder => {
                Ok(Self { disk, path })
            }
            Err(error) => Err(error),
        }
    }

    /// Opens a part's file to write behind what it already holds, whose digest is begun. A file that is not shorter
    /// than the part is begun anew: the exchange must see the last byte served under the present claim.
    pub fn part(&self, name: &str, bytes_max: u64) -> io::Result<(D::File, Sha256, u64)> {
        let path = self.path.join(name);
        let facts = self.disk.facts(&path);
        if facts.is_ok_and(|facts| facts.is_file && facts.bytes < bytes_max) {
            let mut file = self.disk.open_to_write(&path)?;
            let (digest, length) = digest_on(&mut file)?;
            return Ok((file, digest, length));
        }
        match self.disk.remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = self.disk.make_file(&path)?;
        Ok((file, Sha256::new(), 0))
    }

    /// Marks and syncs what was filled, so that one rename can make it visible.
    pub fn seal(&self) -> io::Result<()> {
        for name in self.disk.names(&self.path)? {
            let path = self.path.join(name);
            self.disk.mark_foreign(&path);
            // Windows syncs only what is open to write.
            self.disk.open_to_write(&path)?.sync()?;
        }
        self.disk.sync_folder(&self.path)
    }

    /// Moves every file into a folder that holds others. Nothing is moved if a name is taken there.
    pub fn show_flat(&self, folder: &Path, files: &[(String, u64, Digest)]) -> io::Result<Showing> {
        flat::show(&self.disk, &self.path, folder, files)
    }

    /// Renames: from here on the delivery is visible. Not shown if something has the name already.
    pub fn show(&self, landed: &Path) -> io::Result<Showing> {
        match self.disk.rename_folder(&self.path, landed) {
            Ok(()) => Ok(made_safe(&self.disk, landed.parent().unwrap_or(landed))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Showing::NotShown),
            Err(error) => Err(error),
        }
    }
}

/// What a change of names in a folder has come to. Where it could not be made durable it is left as it is and looked for
/// again: taking it back would be no safer, and after a power cut both could be there.
fn made_safe(disk: &impl Disk, folder: &Path) -> Showing {
    match disk.sync_folder(folder) {
        Ok(()) => Showing::Shown,
        Err(error) => {
            tracing::warn!(kind = ?error.kind(), "whether what landed outlives a power cut is not known");
            Showing::Away
        }
    }
}

/// The folder in which a delivery's own becomes visible: the chosen one, or one for the office in it. Made if need be;
/// where something else has its name, the chosen one serves.
pub fn parent_for(disk: &impl Disk, folder: &Path, level: Option<&str>) -> io::Result<PathBuf> {
    let Some(level) = level else {
        return Ok(folder.to_owned());
    };
    let parent = folder.join(level);
    match disk.make_folder(&parent) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // A link is not followed: it may lead anywhere.
            if !disk.facts(&parent)?.is_folder {
                return Ok(folder.to_owned());
            }
        }
        Err(error) => return Err(error),
    }
    // Also if it was there: a process that made it may have died before its name was safe.
    disk.sync_folder(folder)?;
    Ok(parent)
}

/// The names that a folder may get, in the order in which they are tried.
pub fn folder_names(folder: &Path, name: &str) -> impl Iterator<Item = PathBuf> {
    (1..=FOLDER_NAMES_MAX).map(move |count| match count {
        1 => folder.join(name),
        _ => folder.join(format!("{name}_{count}")),
    })
}

/// Whether a name is taken, by whatever it may be.
pub fn is_taken(disk: &impl Disk, path: &Path) -> bool {
    disk.facts(path).is_ok()
}

/// What became of a folder that was about to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Showing {
    /// The hidden one is gone, and what has its name holds every file.
    Shown,
    /// It was not shown, or what was shown is not there any more.
    NotShown,
    /// Nobody can tell: the place cannot be looked at, as when a network drive is away, or a name there is not safe yet.
    Away,
}

/// Looks for a folder that was about to be shown when the process ended. Files that were about to be shown in a
/// folder that holds others are shown now, if they can be.
pub fn was_shown(
    disk: &impl Disk,
    staging: &Path,
    landed: &Path,
    flat: bool,
    files: &[(String, u64, Digest)],
) -> Showing {
    let root = staging.parent().unwrap_or(staging);
    let look = || -> io::Result<bool> {
        if flat {
            return match disk.leads_to_folder(landed) {
                Ok(true) => flat::finish(disk, staging, landed, files),
                // The office's folder is gone from the chosen one. Of the chosen one itself nobody can tell.
                _ if landed != root => disk.names(root).map(|_| false),
                Ok(_) => Err(io::ErrorKind::NotADirectory.into()),
                Err(error) => Err(error),
            };
        }
        Ok(found(disk, staging, root)?.is_none()
            && found(disk, landed, root)?.is_some_and(|facts| facts.is_folder)
            && holds_all(disk, landed, root, files)?
            // The process may have died before the new name was safe on the disk.
            && landed.parent().map_or(Ok(false), |folder| disk.sync_folder(folder).map(|()| true))?)
    };
    match look() {
        Ok(true) => Showing::Shown,
        Ok(false) => Showing::NotShown,
        Err(error) => {
            tracing::info!(kind = ?error.kind(), "the folder of an interrupted landing cannot be looked at");
            Showing::Away
        }
    }
}

/// What has a name; nothing only if the chosen folder is there, and nothing in it has the name.
fn found(disk: &impl Disk, path: &Path, root: &Path) -> io::Result<Option<Facts>> {
    match disk.facts(path) {
        Ok(facts) => Ok(Some(facts)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Reading it, not only its name: a drive that went away may leave its name behind.
            disk.names(root)?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether every file is there as it was sent; an error only if that cannot be found out.
fn holds_all(disk: &impl Disk, landed: &Path, root: &Path, files: &[(String, u64, Digest)]) -> io::Result<bool> {
    match is_whole(disk, landed, files) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => found(disk, landed, root).map(|_| false),
        other => other,
    }
}

/// Takes away what was made visible and is not what was sent. In a folder that holds others, the files alone.
pub fn withdraw(disk: &impl Disk, landed: &Path, flat: bool, files: &[(String, u64, Digest)]) {
    match flat {
        true => flat::withdraw(disk, landed, files),
        false => discard(disk, landed),
    }
}

/// Takes away a folder that we made; what cannot be taken away stays hidden.
pub fn discard(disk: &impl Disk, path: &Path) {
    let _ = disk.remove_folder(path);
}

/// Reads landed files back and compares: network drives have been seen to lose what they had taken.
pub fn is_whole(disk: &impl Disk, landed: &Path, files: &[(String, u64, Digest)]) -> io::Result<bool> {
    for (name, size_bytes, digest) in files {
        let (read, length) = digest_on(&mut disk.open(&landed.join(name))?)?;
        if length != *size_bytes || Digest::from_bytes(read.finalize().into()) != *digest {
            return Ok(false);
        }
    }
    let expected: HashSet<&str> = files.iter().map(|(name, _, _)| name.as_str()).collect();
    Ok(expected.len() == files.len())
}

fn digest_on(file: &mut impl Read) -> io::Result<(Sha256, u64)> {
    let mut digest = Sha256::new();
    let mut length = 0;
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((digest, length)),
            Ok(read) => {
                digest.update(&buffer[..read]);
                length += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn staged(folder: &Path, content: &[u8]) -> Staging {
        let staging = Staging::open(SystemDisk, Staging::path_for(folder, "name")).unwrap();
        let (mut file, _, at) = staging.part("A.CSV", 100).unwrap();
        assert_eq!(at, 0);
        file.write_all(content).unwrap();
        staging
    }

    /// Shows a staged folder under the first name that is free.
    fn shown(staging: &Staging, folder: &Path) -> PathBuf {
        staging.seal().unwrap();
        folder_names(folder, "name")
            .find(|landed| staging.show(landed).unwrap() == Showing::Shown)
            .unwrap()
    }

    #[test]
    fn lands_by_one_rename_and_never_over_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("name")).unwrap();
        fs::write(dir.path().join("name_2"), b"a file of somebody").unwrap();
        let landed = shown(&staged(dir.path(), b"one"), dir.path());
        assert_eq!(landed, dir.path().join("name_3"));
        assert_eq!(fs::read(landed.join("A.CSV")).unwrap(), b"one");
        assert_eq!(fs::read_dir(dir.path().join("name")).unwrap().count(), 0);
        assert_eq!(fs::read(dir.path().join("name_2")).unwrap(), b"a file of somebody");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
    }

    #[test]
    fn goes_on_behind_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = Staging::path_for(dir.path(), "name");
        let staging = Staging::open(SystemDisk, path.clone()).unwrap();
        staging.part("A.CSV", 6).unwrap().0.write_all(b"abc").unwrap();
        let again = Staging::open(SystemDisk, path).unwrap();
        let (mut file, mut digest, at) = again.part("A.CSV", 6).unwrap();
        assert_eq!(at, 3);
        file.write_all(b"def").unwrap();
        digest.update(b"def");
        assert_eq!(Digest::from_bytes(digest.finalize().into()), Digest::of(b"abcdef"));
        let (_, _, longer) = again.part("A.CSV", 5).unwrap();
        assert_eq!(longer, 0);
    }

    #[test]
    fn reads_back_what_landed() {
        let dir = tempfile::tempdir().unwrap();
        let landed = shown(&staged(dir.path(), b"one"), dir.path());
        let expected = [("A.CSV".to_owned(), 3, Digest::of(b"one"))];
        assert!(is_whole(&SystemDisk, &landed, &expected).unwrap());
        fs::write(landed.join("A.CSV"), b"0ne").unwrap();
        assert!(!is_whole(&SystemDisk, &landed, &expected).unwrap());
        fs::remove_file(landed.join("A.CSV")).unwrap();
        assert!(is_whole(&SystemDisk, &landed, &expected).is_err());
    }

    #[test]
    fn a_folder_was_shown_if_it_is_whole_and_the_hidden_one_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let expected = [("A.CSV".to_owned(), 3, Digest::of(b"one"))];
        let staging = staged(dir.path(), b"one");
        let (hidden, landed) = (staging.path.clone(), dir.path().join("name"));
        let showing = || was_shown(&SystemDisk, &hidden, &landed, false, &expected);
        assert_eq!(showing(), Showing::NotShown);
        assert_eq!(shown(&staging, dir.path()), landed);
        assert_eq!(showing(), Showing::Shown);
        fs::create_dir(&hidden).unwrap();
        assert_eq!(showing(), Showing::NotShown);
        fs::remove_dir(&hidden).unwrap();
        fs::write(landed.join("A.CSV"), b"0ne").unwrap();
        assert_eq!(showing(), Showing::NotShown);
        fs::remove_file(landed.join("A.CSV")).unwrap();
        assert_eq!(showing(), Showing::NotShown);
        fs::remove_dir_all(&landed).unwrap();
        assert_eq!(showing(), Showing::NotShown);
    }

    #[test]
    fn a_drive_that_is_away_is_told_from_a_folder_that_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let (drive, away) = (dir.path().join("drive"), dir.path().join("away"));
        fs::create_dir(&drive).unwrap();
        let expected = [("A.CSV".to_owned(), 3, Digest::of(b"one"))];
        let staging = staged(&drive, b"one");
        let (hidden, landed) = (staging.path.clone(), shown(&staging, &drive));
        fs::rename(&drive, &away).unwrap();
        assert_eq!(
            was_shown(&SystemDisk, &hidden, &landed, false, &expected),
            Showing::Away
        );
        // Something else has the drive's name.
        fs::write(&drive, b"").unwrap();
        assert_eq!(
            was_shown(&SystemDisk, &hidden, &landed, false, &expected),
            Showing::Away
        );
        fs::remove_file(&drive).unwrap();
        fs::rename(&away, &drive).unwrap();
        assert_eq!(
            was_shown(&SystemDisk, &hidden, &landed, false, &expected),
            Showing::Shown
        );
    }

    #[test]
    fn a_folder_of_the_office_is_made_once_and_no_link_is_taken_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let office = dir.path().join("9970100013");
        for _ in 0..2 {
            assert_eq!(parent_for(&SystemDisk, dir.path(), Some("9970100013")).unwrap(), office);
        }
        assert_eq!(parent_for(&SystemDisk, dir.path(), None).unwrap(), dir.path());
        fs::write(dir.path().join("9970101003"), b"somebody's").unwrap();
        assert_eq!(
            parent_for(&SystemDisk, dir.path(), Some("9970101003")).unwrap(),
            dir.path()
        );
        let expected = [("A.CSV".to_owned(), 3, Digest::of(b"one"))];
        let staging = staged(dir.path(), b"one");
        let (hidden, landed) = (staging.path.clone(), shown(&staging, &office));
        let showing = || was_shown(&SystemDisk, &hidden, &landed, false, &expected);
        assert_eq!(showing(), Showing::Shown);
        // A person took the office's folder away: that is not a drive that is away.
        fs::remove_dir_all(&office).unwrap();
        assert_eq!(showing(), Showing::NotShown);
    }

    #[test]
    fn files_beside_others_are_found_again_and_a_drive_that_is_away_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let (drive, away) = (dir.path().join("drive"), dir.path().join("away"));
        fs::create_dir(&drive).unwrap();
        let expected = [("A.CSV".to_owned(), 3, Digest::of(b"one"))];
        let staging = staged(&drive, b"one");
        let hidden = staging.path.clone();
        assert_eq!(staging.show_flat(&drive, &expected).unwrap(), Showing::Shown);
        fs::rename(&drive, &away).unwrap();
        assert_eq!(was_shown(&SystemDisk, &hidden, &drive, true, &expected), Showing::Away);
        fs::rename(&away, &drive).unwrap();
        assert_eq!(was_shown(&SystemDisk, &hidden, &drive, true, &expected), Showing::Shown);
        fs::write(drive.join("mine.txt"), b"mine").unwrap();
        withdraw(&SystemDisk, &drive, true, &expected);
        assert_eq!(
            was_shown(&SystemDisk, &hidden, &drive, true, &expected),
            Showing::NotShown
        );
        assert!(drive.join("mine.txt").exists());
    }

    #[test]
    fn folders_that_cannot_take_it_are_told_before() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(check_folder(dir.path(), 1), Ok(()));
        assert_eq!(
            check_folder(&dir.path().join("gone"), 1),
            Err(ProblemCode::FolderMissing)
        );
        let file = dir.path().join("file");
        fs::write(&file, b"").unwrap();
        assert_eq!(check_folder(&file, 1), Err(ProblemCode::FolderMissing));
        if cfg!(unix) {
            assert_eq!(check_folder(dir.path(), u64::MAX), Err(ProblemCode::FolderFull));
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_place_of_a_part_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let outside = dir.path().join("outside");
        fs::write(&outside, b"precious").unwrap();
        let staging = Staging::open(SystemDisk, Staging::path_for(dir.path(), "name")).unwrap();
        std::os::unix::fs::symlink(&outside, staging.path.join("A.CSV")).unwrap();
        staging.part("A.CSV", 100).unwrap().0.write_all(b"new").unwrap();
        assert_eq!(fs::read(&outside).unwrap(), b"precious");
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path(), &link).unwrap();
        assert!(Staging::open(SystemDisk, link).is_err());
    }

    #[test]
    fn what_a_full_disk_is_called() {
        assert_eq!(problem_of(&io::ErrorKind::StorageFull.into()), ProblemCode::FolderFull);
        assert_eq!(
            problem_of(&io::ErrorKind::ReadOnlyFilesystem.into()),
            ProblemCode::FolderReadOnly
        );
        assert_eq!(
            problem_of(&io::ErrorKind::PermissionDenied.into()),
            ProblemCode::FolderReadOnly
        );
        assert_eq!(problem_of(&io::ErrorKind::NotFound.into()), ProblemCode::FolderMissing);
    }
}
