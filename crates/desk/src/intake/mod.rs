//! Intake: from paths on this PC to sealed copies with size, digest and facts.
//!
//! A drop is taken in two steps: names and sizes at once, because the person is looking; the bytes when a
//! composition asks for them. Folders, links and what cannot be read are never opened; they stay in the list with
//! the reason.

mod pasted;
pub(crate) mod recognise;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use care_csv::{Examiner, FileFacts};
use care_model::{Digest, NameReading, ProblemCode, limits};
use desk_ipc::DroppedFile;
use serde::{Deserialize, Serialize};

use crate::spool::{CopyError, Spool, SpoolRef};

pub(crate) use pasted::{decode_pasted, take_pasted};

/// Threads that read at once: the disk and two old cores gain nothing from more.
const READERS: usize = 2;
const MEBIBYTE: u64 = 1_024 * 1_024;

/// One file that was taken in, or the reason why it was not.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TakenFile {
    pub(crate) name: String,
    pub(crate) size_bytes: u64,
    /// The folder of the original; the page never sees it. None where the system's name for it is no text.
    #[serde(default)]
    pub(crate) origin: Option<String>,
    pub(crate) content: Result<TakenContent, ProblemCode>,
}

/// The content of a file that was taken in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TakenContent {
    pub(crate) place: SpoolRef,
    pub(crate) digest: Digest,
    /// What a file with a name of the standard says about itself; not stored, see [`crate::facts`].
    #[serde(skip)]
    pub(crate) facts: Option<Arc<FileFacts>>,
    /// Whether it may travel as an attachment, by its bytes.
    pub(crate) attachable: bool,
}

/// What was put on the window and waits to be added.
#[derive(Debug, Clone)]
pub(crate) enum Dropped {
    /// Files that lie somewhere on this PC.
    Paths(Vec<PathBuf>),
    /// Files that came with their bytes, in the spool already.
    Pasted(Vec<TakenFile>),
}

/// The names and sizes of files that were taken in.
pub(crate) fn glance_at(taken: &[TakenFile]) -> Vec<DroppedFile> {
    let files = taken.iter().map(|file| DroppedFile {
        name: file.name.clone(),
        size_bytes: file.size_bytes,
    });
    files.collect()
}

/// The names and sizes of dropped files, without opening any.
pub(crate) fn glance(paths: &[PathBuf]) -> Vec<DroppedFile> {
    paths
        .iter()
        .map(|path| DroppedFile {
            name: name_of(path),
            size_bytes: fs::symlink_metadata(path)
                .ok()
                .filter(fs::Metadata::is_file)
                .map_or(0, |facts| facts.len()),
        })
        .collect()
}

/// Copies files into the spool, each read once. Blocks.
///
/// An error is one of the profile, such as a full disk, and then nothing stays behind; whatever is wrong with a
/// file is in its own row.
pub(crate) fn take(spool: &Spool, paths: &[PathBuf]) -> Result<Vec<TakenFile>, io::Error> {
    let next = AtomicUsize::new(0);
    let taken: Mutex<Vec<(usize, io::Result<TakenFile>)>> = Mutex::new(Vec::with_capacity(paths.len()));
    std::thread::scope(|scope| {
        for _ in 0..READERS.min(paths.len()) {
            scope.spawn(|| {
                while let Some((index, path)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    paths.get(index).map(|path| (index, path))
                } {
                    let file = take_one(spool, path);
                    if file.is_err() {
                        // The other thread stops as well: the disk is full for it too.
                        next.store(paths.len(), Ordering::Relaxed);
                    }
                    taken
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .push((index, file));
                }
            });
        }
    });
    let mut taken = taken.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    taken.sort_by_key(|(index, _)| *index);
    let mut files = Vec::with_capacity(taken.len());
    let mut failed = None;
    for (_, file) in taken {
        match file {
            Ok(file) => files.push(file),
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        None => Ok(files),
        Some(error) => {
            for content in files.iter().filter_map(|file| file.content.as_ref().ok()) {
                spool.remove(&content.place);
            }
            Err(error)
        }
    }
}

fn take_one(spool: &Spool, path: &Path) -> io::Result<TakenFile> {
    let name = name_of(path);
    let refused = |code| TakenFile::refused(name.clone(), 0, code);
    let file = match open_plain(path) {
        Ok(file) => file,
        Err(code) => return Ok(refused(code)),
    };
    let size_bytes = file.metadata().map_or(0, |facts| facts.len());
    if size_bytes == 0 {
        return Ok(refused(ProblemCode::DropIsEmpty));
    }
    let mut taken = keep(spool, name, size_bytes, file)?;
    taken.origin = folder_of(path);
    Ok(taken)
}

/// Copies what was opened, under a name, into the spool. Blocks.
///
/// # Errors
///
/// One of the profile, such as a full disk; whatever is wrong with the source is in the answer.
pub(crate) fn keep(spool: &Spool, name: String, size_bytes: u64, source: impl io::Read) -> io::Result<TakenFile> {
    let reading = NameReading::of(&name);
    let standard = reading.standard();
    let (bytes_max, too_large) = match standard {
        Some(_) => (limits::STANDARD_FILE_BYTES_MAX, ProblemCode::FileTooLarge),
        None => (limits::ATTACHMENT_BYTES_MAX, ProblemCode::AttachmentTooLarge),
    };
    if size_bytes > bytes_max {
        return Ok(TakenFile::refused(name, size_bytes, too_large));
    }
    let mut examiner = standard.map(Examiner::new);
    let copied = spool.copy(source, bytes_max, |piece| {
        if let Some(examiner) = &mut examiner {
            examiner.push(piece);
        }
    });
    let copied = match copied {
        Ok(copied) => copied,
        Err(CopyError::TooLarge) => return Ok(TakenFile::refused(name, size_bytes, too_large)),
        Err(CopyError::Read(error)) => {
            tracing::info!(kind = ?error.kind(), "a dropped file cannot be read");
            return Ok(TakenFile::refused(name, size_bytes, ProblemCode::DropUnreadable));
        }
        Err(CopyError::Write(error)) => return Err(error),
    };
    let attachable = standard.is_none() && recognise::is_permitted(&name, spool.open(&copied.place)?)?;
    Ok(TakenFile {
        size_bytes: copied.size_bytes,
        origin: None,
        content: Ok(TakenContent {
            place: copied.place,
            digest: copied.digest,
            facts: examiner.map(|examiner| Arc::new(examiner.finish())),
            attachable,
        }),
        name,
    })
}

impl TakenFile {
    fn refused(name: String, size_bytes: u64, code: ProblemCode) -> Self {
        Self {
            name,
            size_bytes,
            origin: None,
            content: Err(code),
        }
    }
}

/// The folder in which a file lies, by its full path.
fn folder_of(path: &Path) -> Option<String> {
    let path = std::path::absolute(path).ok()?;
    path.parent()?.to_str().map(str::to_owned)
}

/// Opens a file that is a file: no folder, no link, nothing that would wait for somebody to write.
fn open_plain(path: &Path) -> Result<File, ProblemCode> {
    let facts = fs::symlink_metadata(path).map_err(|_| ProblemCode::DropUnreadable)?;
    if facts.is_symlink() || is_shortcut(path) {
        return Err(ProblemCode::DropIsLink);
    }
    if facts.is_dir() {
        return Err(ProblemCode::DropIsFolder);
    }
    if !facts.is_file() {
        return Err(ProblemCode::DropUnreadable);
    }
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        // Between the look and the opening somebody may have put a link there.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
    }
    let file = options.open(path).map_err(|_| ProblemCode::DropUnreadable)?;
    match file.metadata() {
        Ok(facts) if facts.is_file() => Ok(file),
        _ => Err(ProblemCode::DropUnreadable),
    }
}

/// Windows shortcuts are files whose content leads elsewhere.
fn is_shortcut(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("lnk") || extension.eq_ignore_ascii_case("url"))
}

/// The name without folders; characters that are no Unicode are replaced.
fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// What the sentence of a refused file needs.
pub(crate) fn limit_params(code: ProblemCode) -> Vec<(&'static str, u64)> {
    match code {
        ProblemCode::FileTooLarge => vec![("max_mb", limits::STANDARD_FILE_BYTES_MAX / MEBIBYTE)],
        ProblemCode::AttachmentTooLarge => vec![("max_mb", limits::ATTACHMENT_BYTES_MAX / MEBIBYTE)],
        ProblemCode::DeliveryTooLarge => vec![("max_mb", limits::DELIVERY_BYTES_MAX / MEBIBYTE)],
        ProblemCode::AttachmentsTooMany => vec![("max", limits::ATTACHMENTS_MAX as u64)],
        ProblemCode::DropTooMany => vec![("max", limits::DROP_FILES_MAX as u64)],
        ProblemCode::PasteTooLarge => vec![
            ("max", limits::PASTED_FILES_MAX as u64),
            ("max_mb", limits::PASTED_BYTES_MAX / MEBIBYTE),
        ],
        ProblemCode::NoteTooLong => vec![("max", limits::NOTE_CHARS_MAX as u64)],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_told_and_never_opened() {
        let dir = tempfile::tempdir().unwrap();
        let spool_dir = tempfile::tempdir().unwrap();
        let spool = Spool::new(spool_dir.path().to_owned());
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file.txt"), b"text").unwrap();
        fs::write(at("empty.txt"), b"").unwrap();
        fs::write(at("to.lnk"), b"L\0\0\0").unwrap();
        fs::create_dir(at("folder")).unwrap();
        let mut cases = vec![
            ("file.txt", None),
            ("empty.txt", Some(ProblemCode::DropIsEmpty)),
            ("folder", Some(ProblemCode::DropIsFolder)),
            ("to.lnk", Some(ProblemCode::DropIsLink)),
            ("gone.txt", Some(ProblemCode::DropUnreadable)),
        ];
        if cfg!(unix) {
            #[cfg(unix)]
            std::os::unix::fs::symlink(at("file.txt"), at("link.txt")).unwrap();
            cases.push(("link.txt", Some(ProblemCode::DropIsLink)));
        }
        let paths: Vec<PathBuf> = cases.iter().map(|(name, _)| at(name)).collect();
        let taken = take(&spool, &paths).unwrap();
        for ((name, code), file) in cases.iter().zip(&taken) {
            assert_eq!(file.name, *name);
            assert_eq!(file.content.as_ref().err(), code.as_ref(), "{name}");
        }
        assert_eq!(fs::read_dir(spool_dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_spool_that_cannot_be_written_keeps_nothing() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file.txt"), b"text").unwrap();
        let spool = Spool::new(dir.path().join("gone"));
        assert!(take(&spool, &[dir.path().join("file.txt")]).is_err());
    }
}
