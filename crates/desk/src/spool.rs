//! The spool: sealed copies of files, so that originals may move and nothing of people lies in clear (D14).
//!
//! Every copy has a random name and a key of its own; both are kept in the sealed row that refers to it, so a copy
//! without its row is noise, and forgetting the row erases it. Copies are synced before a draft is said to be
//! saved or a delivery is given to the queue, not while files are still being looked at.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Read, Seek as _, SeekFrom, Write},
    path::{Path, PathBuf},
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use care_model::Digest;
use disk::sync_folder;
use sealing::{Key, SealedReader, SealedWriter};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::profile::private_file;

/// Bytes moved at a time.
const BUFFER_BYTES: usize = 64 * 1_024;
/// Copies that are synced at the same time.
const SYNCS_AT_ONCE: usize = 16;

/// Leads to a copy and opens it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SpoolRef {
    id: Uuid,
    #[serde(with = "key_text")]
    key: Key,
}

/// The folder of sealed copies.
#[derive(Debug, Clone)]
pub(crate) struct Spool {
    dir: PathBuf,
}

/// A copy that was made.
pub(crate) struct Copied {
    pub(crate) place: SpoolRef,
    pub(crate) size_bytes: u64,
    pub(crate) digest: Digest,
}

/// Why a copy was not made.
#[derive(Debug)]
pub(crate) enum CopyError {
    /// The original cannot be read.
    Read(io::Error),
    /// The profile cannot be written.
    Write(io::Error),
    /// The original is larger than allowed.
    TooLarge,
}

impl Spool {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Copies `original` up to its end, digesting on the way; `look` sees every piece as it passes.
    pub(crate) fn copy(
        &self,
        mut original: impl Read,
        bytes_max: u64,
        mut look: impl FnMut(&[u8]),
    ) -> Result<Copied, CopyError> {
        let place = SpoolRef {
            id: Uuid::now_v7(),
            key: Key::generate(),
        };
        let path = self.path(&place);
        let copied = self.fill(&path, &place.key, &mut original, bytes_max, &mut look);
        match copied {
            Ok((size_bytes, digest)) => Ok(Copied {
                place,
                size_bytes,
                digest,
            }),
            Err(error) => {
                // Half a copy is of no use, and nothing refers to it.
                let _ = fs::remove_file(&path);
                Err(error)
            }
        }
    }

    fn fill(
        &self,
        path: &Path,
        key: &Key,
        original: &mut impl Read,
        bytes_max: u64,
        look: &mut impl FnMut(&[u8]),
    ) -> Result<(u64, Digest), CopyError> {
        let file = private_file(fs::OpenOptions::new().write(true).create_new(true))
            .open(path)
            .map_err(CopyError::Write)?;
        let mut writer = SealedWriter::new(file, key, 0);
        let mut digest = Sha256::new();
        let mut size_bytes = 0_u64;
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = match original.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(CopyError::Read(error)),
            };
            let piece = &buffer[..read];
            size_bytes += read as u64;
            if size_bytes > bytes_max {
                return Err(CopyError::TooLarge);
            }
            digest.update(piece);
            look(piece);
            writer.write_all(piece).map_err(CopyError::Write)?;
        }
        writer.finish().map_err(CopyError::Write)?;
        Ok((size_bytes, Digest::from_bytes(digest.finalize().into())))
    }

    /// Whether a copy is still there.
    pub(crate) fn holds(&self, place: &SpoolRef) -> bool {
        self.path(place).is_file()
    }

    /// Opens a copy.
    pub(crate) fn open(&self, place: &SpoolRef) -> io::Result<SealedReader<File>> {
        SealedReader::new(File::open(self.path(place))?, &place.key, 0)
    }

    /// Makes copies durable, with their names. Many at once: a file system writes what waits together in one go.
    pub(crate) fn sync<'a>(&self, places: impl IntoIterator<Item = &'a SpoolRef>) -> io::Result<()> {
        self.sync_paths(places.into_iter().map(|place| self.path(place)).collect())
    }

    /// The same by their names alone.
    pub(crate) fn sync_ids(&self, ids: &[Uuid]) -> io::Result<()> {
        self.sync_paths(ids.iter().map(|id| self.path_of(*id)).collect())
    }

    fn sync_paths(&self, paths: Vec<PathBuf>) -> io::Result<()> {
        let share = paths.len().div_ceil(SYNCS_AT_ONCE).max(1);
        thread::scope(|scope| {
            let syncs: Vec<_> = paths
                .chunks(share)
                .map(|paths| scope.spawn(move || paths.iter().try_for_each(|path| sync_copy(path))))
                .collect();
            syncs.into_iter().try_for_each(|sync| {
                sync.join()
                    .unwrap_or_else(|_| Err(io::Error::other("a thread that synced copies ended early")))
            })
        })?;
        sync_folder(&self.dir)
    }

    /// Deletes every copy that none of these refers to, as far as it can; files that are not copies are left alone.
    pub(crate) fn sweep(&self, used: &HashSet<Uuid>) -> io::Result<u32> {
        let mut swept = 0;
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let name = entry.file_name();
            let id = name
                .to_str()
                .and_then(|name| name.strip_suffix(".sealed"))
                .and_then(|id| Uuid::try_parse(id).ok());
            if id.is_some_and(|id| !used.contains(&id)) {
                match fs::remove_file(entry.path()) {
                    Ok(()) => swept += 1,
                    // The next start tries again; until then it is only in the way.
                    Err(error) => tracing::warn!(kind = ?error.kind(), "a copy that nothing needs cannot be deleted"),
                }
            }
        }
        Ok(swept)
    }

    /// Deletes one copy; one that is gone already is as good.
    pub(crate) fn remove(&self, place: &SpoolRef) {
        let _ = fs::remove_file(self.path(place));
    }

    /// Deletes one copy by its name alone, as far as it can.
    pub(crate) fn remove_id(&self, id: Uuid) {
        let _ = fs::remove_file(self.path_of(id));
    }

    /// Where the copy of this name is or would be.
    pub(crate) fn path_of(&self, id: Uuid) -> PathBuf {
        self.dir.join(format!("{id}.sealed"))
    }

    fn path(&self, place: &SpoolRef) -> PathBuf {
        self.path_of(place.id)
    }
}

/// Makes a copy durable. Where that fails its bytes are written once more: the system may count as written what no disk
/// has, and the next sync would find nothing to do and say that all is well.
fn sync_copy(path: &Path) -> io::Result<()> {
    let synced = File::open(path)?.sync_all();
    if synced.is_err()
        && let Err(error) = write_anew(path)
    {
        tracing::warn!(kind = ?error.kind(), "a copy that could not be synced cannot be written anew");
    }
    synced
}

/// Writes a file's bytes over themselves.
fn write_anew(path: &Path) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().read(true).write(true).open(path)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut offset = 0;
    loop {
        file.seek(SeekFrom::Start(offset))?;
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(&buffer[..read])?;
        offset += read as u64;
    }
}

impl SpoolRef {
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }
}

/// Keys stand in rows that are sealed themselves.
mod key_text {
    use super::*;

    pub(super) fn serialize<S: Serializer>(key: &Key, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(key.expose()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64.decode(text).map_err(|_| de::Error::custom("a key in base64"))?;
        Key::from_slice(&bytes).ok_or_else(|| de::Error::custom("a key of 32 bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Spool {
        fn read(&self, place: &SpoolRef) -> io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            self.open(place)?.read_to_end(&mut bytes)?;
            Ok(bytes)
        }
    }

    fn spool() -> (tempfile::TempDir, Spool) {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::new(dir.path().to_owned());
        (dir, spool)
    }

    #[test]
    fn a_copy_is_sealed_digested_and_read_back() {
        let (dir, spool) = spool();
        let bytes = b"Mihon Tarou ".repeat(20_000);
        let mut seen = 0;
        let copied = spool
            .copy(bytes.as_slice(), u64::MAX, |piece| seen += piece.len())
            .unwrap();
        assert_eq!((copied.size_bytes, seen), (bytes.len() as u64, bytes.len()));
        assert_eq!(copied.digest, Digest::of(&bytes));
        assert_eq!(spool.read(&copied.place).unwrap(), bytes);
        spool.sync([&copied.place]).unwrap();
        let raw = fs::read(fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path()).unwrap();
        assert!(!raw.windows(11).any(|window| window == b"Mihon Tarou"));
        let json = serde_json::to_string(&copied.place).unwrap();
        let again: SpoolRef = serde_json::from_str(&json).unwrap();
        assert_eq!(spool.read(&again).unwrap(), bytes);
        assert!(!format!("{again:?}").contains(&json[json.len() - 20..json.len() - 4]));
    }

    #[test]
    fn a_copy_that_could_not_be_synced_is_written_anew_and_says_the_same() {
        let (dir, spool) = spool();
        let bytes = b"Mihon Tarou ".repeat(20_000);
        let copied = spool.copy(bytes.as_slice(), u64::MAX, |_| ()).unwrap();
        let path = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        sync_copy(&path).unwrap();
        let modified = || fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(modified(), long_ago, "what can be synced is left alone");
        write_anew(&path).unwrap();
        assert_ne!(modified(), long_ago);
        assert_eq!(spool.read(&copied.place).unwrap(), bytes);
    }

    #[test]
    fn too_large_leaves_nothing_behind() {
        let (dir, spool) = spool();
        let refused = spool.copy([0; 11].as_slice(), 10, |_| ());
        assert!(matches!(refused, Err(CopyError::TooLarge)));
        assert!(spool.copy([0; 10].as_slice(), 10, |_| ()).is_ok());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_sweep_takes_only_what_nobody_refers_to() {
        let (dir, spool) = spool();
        let kept = spool.copy(b"kept".as_slice(), 10, |_| ()).unwrap();
        spool.copy(b"left".as_slice(), 10, |_| ()).unwrap();
        fs::write(dir.path().join("a note of somebody.txt"), b"stays").unwrap();
        // What can't be deleted keeps nothing else.
        for name in [Uuid::nil(), Uuid::max()] {
            fs::create_dir(dir.path().join(format!("{name}.sealed"))).unwrap();
        }
        assert_eq!(spool.sweep(&HashSet::from([kept.place.id()])).unwrap(), 1);
        assert_eq!(spool.read(&kept.place).unwrap(), b"kept");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4);
    }
}
