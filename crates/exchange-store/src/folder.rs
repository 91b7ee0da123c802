//! Large contents: one folder for each delivery, one sealed file for each part.
//!
//! A file is synced, and so is its folder, before a row says that its bytes are stored (D7). Names are made of
//! ids and part numbers alone.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use care_model::DeliveryId;
use disk::{Disk, DiskFile as _, SystemDisk, sync_folder};
use sealing::{Key, SEGMENT_BYTES, TAG_BYTES};

use crate::{
    StoreError,
    large::{Segments, part_number, sealed_offset},
    reached::NOTE,
};

/// The name of the folder in the data folder under which all contents lie.
pub(crate) const CONTENT: &str = "content";

/// The folder under which all contents lie. Public for the tests that cut the power.
#[derive(Debug, Clone)]
pub struct ContentFolder<D = SystemDisk> {
    disk: D,
    root: PathBuf,
}

impl ContentFolder {
    /// The one in a data folder of this computer, which need not be there yet.
    pub(crate) fn of(data: &Path) -> Self {
        Self {
            disk: SystemDisk,
            root: data.join(CONTENT),
        }
    }

    /// The note of how far the rows got.
    pub(crate) fn note(&self) -> Result<Option<Vec<u8>>, StoreError> {
        match fs::read(self.root.join(NOTE)) {
            Ok(note) => Ok(Some(note)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::folder("reading the note of how far the rows got")(error)),
        }
    }

    /// Puts the note in place of the one before, durably and whole.
    pub(crate) fn put_note(&self, note: &[u8]) -> Result<(), StoreError> {
        let put = || {
            // Two processes, the server and a command beside it, may do so at once.
            let beside = self.root.join(format!("{NOTE}.{}", std::process::id()));
            let mut file = File::create(&beside)?;
            file.write_all(note)?;
            file.sync_all()?;
            fs::rename(&beside, self.root.join(NOTE))?;
            sync_folder(&self.root)
        };
        put().map_err(StoreError::folder("writing the note of how far the rows got"))
    }

    /// The sealed bytes that lie there of a delivery.
    pub(crate) fn stored_bytes(&self, id: DeliveryId) -> Result<u64, StoreError> {
        let failed = StoreError::folder("looking at a content");
        let entries = match fs::read_dir(self.folder(id)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(failed(error)),
        };
        let mut bytes = 0;
        for entry in entries {
            bytes += entry.and_then(|entry| entry.metadata()).map_err(&failed)?.len();
        }
        Ok(bytes)
    }
}

impl<D: Disk> ContentFolder<D> {
    /// Opens it on a disk; makes it, durably, if it is missing.
    pub fn open(disk: D, root: &Path) -> Result<Self, StoreError> {
        let folder = Self {
            disk,
            root: root.to_owned(),
        };
        folder.make()?;
        Ok(folder)
    }

    /// Makes it, durably, if it is missing.
    pub(crate) fn make(&self) -> Result<(), StoreError> {
        let failed = StoreError::folder("making the content folder");
        self.disk.make_private_folders(&self.root).map_err(&failed)?;
        let data = self.root.parent();
        data.map_or(Ok(()), |data| self.disk.sync_folder(data)).map_err(&failed)
    }

    fn folder(&self, id: DeliveryId) -> PathBuf {
        let [fan, name] = folder_names(id);
        self.root.join(fan).join(name)
    }

    fn part(&self, id: DeliveryId, part: u32) -> PathBuf {
        self.folder(id).join(part_name(part))
    }

    /// Makes a delivery's folder, durably, with an empty sealed file for every empty part.
    pub fn prepare(&self, id: DeliveryId, key: &Key, sizes: &[u64]) -> Result<(), StoreError> {
        let failed = StoreError::folder("making a content's folder");
        let folder = self.folder(id);
        self.disk.make_private_folders(&folder).map_err(&failed)?;
        for (part, size) in sizes.iter().enumerate() {
            if *size == 0 {
                let mut writer = self.writer(id, key, part_number(part), 0, 0)?;
                writer.write(&[])?;
                writer.sync()?;
            }
        }
        for synced in [Some(folder.as_path()), folder.parent(), Some(self.root.as_path())]
            .into_iter()
            .flatten()
        {
            self.disk.sync_folder(synced).map_err(&failed)?;
        }
        Ok(())
    }

    /// Opens a part to write on at `offset`, a multiple of the segment size.
    pub fn writer(
        &self,
        id: DeliveryId,
        key: &Key,
        part: u32,
        offset: u64,
        part_bytes: u64,
    ) -> Result<PartWriter<D>, StoreError> {
        let failed = StoreError::folder("opening a part to write");
        let mut file = self.disk.open_or_make(&self.part(id, part)).map_err(&failed)?;
        file.seek(SeekFrom::Start(sealed_offset(offset))).map_err(&failed)?;
        Ok(PartWriter {
            disk: self.disk.clone(),
            file,
            named_in: (offset == 0).then(|| self.folder(id)),
            segments: Segments::new(key, part, offset, part_bytes),
            sealed: Vec::new(),
            on_disk: Vec::new(),
        })
    }

    /// Opens a whole sealed part for reading.
    pub fn open_part(&self, id: DeliveryId, part: u32) -> Result<BufReader<D::File>, StoreError> {
        let opened = self.disk.open(&self.part(id, part));
        let file = opened.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::ContentMissing,
            _ => StoreError::folder("opening a part")(error),
        })?;
        Ok(BufReader::with_capacity(SEGMENT_BYTES + TAG_BYTES, file))
    }

    /// Deletes a delivery's folder; it is no error if it is gone already.
    pub fn delete(&self, id: DeliveryId) -> Result<(), StoreError> {
        match self.disk.remove_folder(&self.folder(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::folder("deleting a content")(error))
            }
            _ => Ok(()),
        }
    }

    /// Every delivery that has a folder.
    pub fn list(&self) -> Result<Vec<DeliveryId>, StoreError> {
        let failed = StoreError::folder("listing the contents");
        let mut found = Vec::new();
        for fan in self.disk.names(&self.root).map_err(&failed)? {
            let fan = self.root.join(fan);
            if !self.disk.facts(&fan).map_err(&failed)?.is_folder {
                continue;
            }
            for name in self.disk.names(&fan).map_err(&failed)? {
                found.extend(name.to_str().and_then(|name| name.parse::<DeliveryId>().ok()));
            }
        }
        Ok(found)
    }
}

/// The names of the folder of a delivery's content and of the one that it lies in, the outer one first.
pub(crate) fn folder_names(id: DeliveryId) -> [String; 2] {
    // The last byte of a UUID of version 7 is random, its first ones are nearly alike.
    let name = id.to_string();
    let fan = name.get(name.len().saturating_sub(2)..).unwrap_or("00").to_owned();
    [fan, name]
}

/// The name of a part's file.
pub(crate) fn part_name(part: u32) -> String {
    format!("{part}.sealed")
}

/// A part that is being written, a few segments at a time.
///
/// What lies behind its place is from an attempt that broke off before its row was written. The same bytes go over it,
/// and are written anew: where a sync failed, the system may count as written what no disk has, and would never write
/// it again. Other bytes do not go over it, for they would be sealed under a nonce that has been used.
pub struct PartWriter<D: Disk = SystemDisk> {
    disk: D,
    file: D::File,
    /// The folder in which the file's name may not be durable yet.
    named_in: Option<PathBuf>,
    segments: Segments,
    sealed: Vec<u8>,
    on_disk: Vec<u8>,
}

impl<D: Disk> PartWriter<D> {
    /// Writes whole segments, or what ends the part; an empty part is one empty segment. False, and nothing written, if
    /// other bytes are there.
    pub fn write(&mut self, plain: &[u8]) -> Result<bool, StoreError> {
        let failed = StoreError::folder("writing a chunk");
        self.sealed.clear();
        self.segments.seal_onto(plain, &mut self.sealed);
        self.on_disk.clear();
        (&mut self.file)
            .take(self.sealed.len() as u64)
            .read_to_end(&mut self.on_disk)
            .map_err(&failed)?;
        if !self.sealed.starts_with(&self.on_disk) {
            return Ok(false);
        }
        let back = -i64::try_from(self.on_disk.len()).unwrap_or(0);
        self.file.seek(SeekFrom::Current(back)).map_err(&failed)?;
        self.file.write_all(&self.sealed).map_err(&failed)?;
        Ok(true)
    }

    /// Makes what was written durable.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        let failed = StoreError::folder("syncing a chunk");
        self.file.sync().map_err(&failed)?;
        match self.named_in.take() {
            Some(folder) => self.disk.sync_folder(&folder).map_err(&failed),
            None => Ok(()),
        }
    }
}

/// Lets one request at a time work on an upload.
#[derive(Debug, Default)]
pub(crate) struct UploadLocks {
    held: Mutex<HashMap<DeliveryId, Weak<tokio::sync::Mutex<()>>>>,
}

impl UploadLocks {
    pub(crate) async fn lock(&self, id: DeliveryId) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.retain(|_, lock| lock.strong_count() > 0);
            match held.get(&id).and_then(Weak::upgrade) {
                Some(lock) => lock,
                None => {
                    let lock = Arc::new(tokio::sync::Mutex::new(()));
                    held.insert(id, Arc::downgrade(&lock));
                    lock
                }
            }
        };
        lock.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::OpenOptions, time::SystemTime};

    use super::*;

    /// A sync that failed may have left them in memory alone, where they look as if they were on the disk.
    #[test]
    fn what_an_attempt_left_is_written_anew_by_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let folder = ContentFolder::open(SystemDisk, dir.path()).unwrap();
        let (id, key, part_bytes) = (DeliveryId::generate(), Key::generate(), 2 * SEGMENT_BYTES as u64);
        folder.prepare(id, &key, &[part_bytes]).unwrap();
        let write = |letter: u8| {
            let mut writer = folder.writer(id, &key, 0, 0, part_bytes).unwrap();
            writer.write(&vec![letter; SEGMENT_BYTES]).unwrap()
        };
        assert!(write(b'x'));
        let path = folder.part(id, 0);
        let written = fs::read(&path).unwrap();
        let long_ago = SystemTime::UNIX_EPOCH;
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_modified(long_ago).unwrap();
        assert!(!write(b'y'), "other bytes");
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), long_ago);
        assert!(write(b'x'));
        assert_ne!(fs::metadata(&path).unwrap().modified().unwrap(), long_ago);
        assert_eq!(fs::read(&path).unwrap(), written);
    }
}
