//! A copy of everything that the exchange keeps, taken while it is served (D8); never of a key (D11).
//!
//! The database is copied as it stands at one instant. The content files that its rows name are immutable by then; they
//! are linked, or copied where the target is on another disk, while erased ones stay where they are ([`crate::erasure`]).
//! The manifest with every file's digest comes last and by a rename: a folder without one is no backup.
//! Uploads under way and sessions are left out: senders begin their uploads anew, people sign in again.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use care_model::{DeliveryId, Digest};
use chrono::{DateTime, TimeDelta, Utc};
use disk::sync_folder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::{
    ConnectOptions as _, Connection as _, Row as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use thiserror::Error;

use crate::{
    Store, StoreError, convert,
    folder::{CONTENT, folder_names, part_name},
    large::part_number,
    sqlite::{self, DATABASE},
    store::{make_private_folder, newest_schema},
};

/// What makes a folder a backup.
pub(crate) const MANIFEST: &str = "backup.json";
/// The newest shape of a manifest that this version knows.
pub(crate) const FORMAT: u32 = 1;
/// How long erased bytes stay, from the last time that the backup said so.
const HELD_MINUTES: i64 = 3;
/// How often it says so.
const HOLD_AGAIN: Duration = Duration::from_secs(30);
/// Bytes read at a time for a digest.
const PIECE_BYTES: usize = 256 * 1_024;

/// What a backup holds; every name is relative to its folder, with forward slashes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    pub(crate) made_at: DateTime<Utc>,
    /// The version of the server that made it, for people.
    pub(crate) server_version: String,
    pub(crate) schema: i64,
    pub(crate) epoch: u64,
    pub(crate) files: Vec<BackupFile>,
}

/// A file of a backup.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BackupFile {
    pub(crate) name: String,
    pub(crate) size_bytes: u64,
    pub(crate) digest: Digest,
}

/// A backup that was made.
#[derive(Debug, Clone, Serialize)]
pub struct BackedUp {
    /// Its files, the manifest not counted.
    pub files: usize,
    /// Their bytes.
    pub size_bytes: u64,
    /// The epoch of the exchange in it.
    pub epoch: u64,
}

/// Why there is no backup, or why nothing was restored.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The target of a backup or a restore is not a new or empty folder.
    #[error("the target is not a new or empty folder; nothing was written")]
    NotEmpty,
    /// The storage failed.
    #[error("nothing was kept of what was begun")]
    Store(#[from] StoreError),
    /// A file could not be read or written.
    #[error("nothing was kept of what was begun; {doing} failed")]
    File {
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A content that a row names is not there.
    #[error("a content is missing in the data folder; nothing was kept of what was begun")]
    ContentMissing,
    /// There is no manifest: no backup, or one that did not end.
    #[error("this is no backup, or one that did not end: it has no {MANIFEST}")]
    NoManifest,
    /// The manifest cannot be read.
    #[error("the backup's {MANIFEST} cannot be read")]
    Manifest,
    /// It was made by a newer version of the server.
    #[error("the backup was made by a newer version of exchange-server ({version}); use that version or a newer one")]
    Newer {
        /// Which.
        version: String,
    },
    /// A file is missing or not what it was.
    #[error("the backup is damaged: {name} is missing or not what it was; nothing was restored")]
    Differs {
        /// Which, relative to the backup.
        name: String,
    },
}

impl BackupError {
    pub(crate) fn file(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::File { doing, source }
    }
}

impl Store {
    /// Makes a backup in `out`, a new or empty folder, of the database, the contents and the named folders of the data
    /// folder. The exchange may be served meanwhile. Whatever fails leaves nothing of it.
    pub async fn back_up(
        &self,
        out: &Path,
        folders: &'static [&'static str],
        clock: impl Fn() -> DateTime<Utc> + Send + Sync,
    ) -> Result<BackedUp, BackupError> {
        let data = self.shared.engine.folder().ok_or(StoreError::NotEmbedded)?;
        let begun = begin(out)?;
        let held = || self.hold_erasures(clock() + TimeDelta::minutes(HELD_MINUTES));
        let made = async {
            held().await?;
            let hold_on = async {
                loop {
                    tokio::time::sleep(HOLD_AGAIN).await;
                    if let Err(error) = held().await {
                        tracing::warn!(%error, "erased contents may be deleted before they are in the backup");
                    }
                }
            };
            tokio::select! {
                made = self.copy_into(data, out, folders, clock()) => made,
                () = hold_on => Err(StoreError::Closed.into()),
            }
        }
        .await;
        if made.is_err() {
            begun.undo();
        }
        made
    }

    async fn copy_into(
        &self,
        data: &Path,
        out: &Path,
        folders: &'static [&'static str],
        made_at: DateTime<Utc>,
    ) -> Result<BackedUp, BackupError> {
        let (contents, epoch) = snapshot(data, &out.join(DATABASE)).await?;
        let (data, out) = (data.to_owned(), out.to_owned());
        let copied = tokio::task::spawn_blocking(move || {
            let mut copy = Copy::new(&data, &out);
            copy.note(DATABASE)?;
            for (id, parts) in contents {
                let [fan, name] = folder_names(id);
                for part in 0..parts {
                    copy.take(&[CONTENT, &fan, &name, &part_name(part_number(part))])?;
                }
            }
            for folder in folders {
                copy.take_tree(folder)?;
            }
            copy.finish(epoch, made_at)
        });
        copied.await.map_err(|_| StoreError::Closed)?
    }
}

/// Copies the database as it stands; gives the contents in the folder with their number of parts, and the epoch.
async fn snapshot(data: &Path, to: &Path) -> Result<(Vec<(DeliveryId, usize)>, u64), StoreError> {
    let failed = || StoreError::database("copying the database");
    let path = to.to_str().ok_or(StoreError::Damaged { what: "path" })?.to_owned();
    // Made first, for its owner alone; an empty file is taken for none.
    new_private_file(to).map_err(StoreError::folder("making the copy of the database"))?;
    let mut source = sqlite::connect_to_existing(data).await?;
    // Reads one state of the database to the end, whatever is written meanwhile.
    let copied = sqlx::query("VACUUM INTO ?").bind(path).execute(&mut source).await;
    source.close().await?;
    copied.map_err(failed())?;
    let mut copy = copy_options(to).connect().await.map_err(failed())?;
    for leave_out in [
        "upload",
        "erasure",
        "session",
        "portal_session",
        "sign_in_step",
        "password_try",
    ] {
        let delete = sqlx::AssertSqlSafe(format!("DELETE FROM {leave_out}"));
        sqlx::query(delete).execute(&mut copy).await?;
    }
    let rows = sqlx::query("SELECT id, header FROM content JOIN delivery ON row = delivery_row WHERE sealed IS NULL")
        .fetch_all(&mut copy)
        .await?;
    let mut contents = Vec::with_capacity(rows.len());
    for row in rows {
        let header = convert::header(row.try_get("header")?)?;
        contents.push((convert::delivery_id(row.try_get("id")?)?, header.parts.len()));
    }
    let epoch: String = sqlx::query_scalar("SELECT value FROM setting WHERE name = 'epoch'")
        .fetch_one(&mut copy)
        .await?;
    copy.close().await?;
    let epoch = epoch.parse().map_err(|_| StoreError::Damaged { what: "epoch" })?;
    Ok((contents, epoch))
}

/// How a database outside of the data folder is opened: it is one file, whole after every commit.
pub(crate) fn copy_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Delete)
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "ON")
}

/// A target that was begun, to be left as it was found if nothing comes of it.
pub(crate) struct Begun {
    folder: PathBuf,
    is_new: bool,
}

/// Begins in a new or empty folder.
pub(crate) fn begin(folder: &Path) -> Result<Begun, BackupError> {
    let is_new = match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => false,
            Some(_) => return Err(BackupError::NotEmpty),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err(BackupError::NotEmpty),
        Err(error) => return Err(BackupError::file("looking into the target")(error)),
    };
    make_private_folder(folder).map_err(BackupError::file("making the target"))?;
    Ok(Begun {
        folder: folder.to_owned(),
        is_new,
    })
}

impl Begun {
    /// Removes whatever was written. What cannot be removed has no manifest and is no backup.
    pub(crate) fn undo(self) {
        let undone = if self.is_new {
            fs::remove_dir_all(&self.folder)
        } else {
            fs::read_dir(&self.folder).and_then(|entries| {
                for entry in entries {
                    let path = entry?.path();
                    if path.is_dir() {
                        fs::remove_dir_all(path)?;
                    } else {
                        fs::remove_file(path)?;
                    }
                }
                Ok(())
            })
        };
        if let Err(error) = undone {
            tracing::warn!(%error, "what was begun could not be removed");
        }
    }
}

/// The files on their way into a backup.
struct Copy<'a> {
    data: &'a Path,
    out: &'a Path,
    files: Vec<BackupFile>,
    /// Folders with new names in them.
    folders: BTreeSet<PathBuf>,
}

impl<'a> Copy<'a> {
    fn new(data: &'a Path, out: &'a Path) -> Self {
        Self {
            data,
            out,
            files: Vec::new(),
            folders: BTreeSet::new(),
        }
    }

    /// Takes a file that is in the backup already into the manifest, and makes it durable.
    fn note(&mut self, name: &str) -> Result<(), BackupError> {
        let failed = BackupError::file("reading a copied file");
        let path = self.out.join(name);
        let mut file = File::open(&path).map_err(&failed)?;
        let (digest, size_bytes) = digest_of(&mut file, |_| Ok(())).map_err(&failed)?;
        file.sync_all().map_err(&failed)?;
        let mut folder = path.parent();
        while let Some(found) = folder.filter(|folder| folder.starts_with(self.out)) {
            if !self.folders.insert(found.to_owned()) {
                break;
            }
            folder = found.parent();
        }
        self.files.push(BackupFile {
            name: name.to_owned(),
            size_bytes,
            digest,
        });
        Ok(())
    }

    /// Takes an immutable file of the data folder over.
    fn take(&mut self, names: &[&str]) -> Result<(), BackupError> {
        let name = names.join("/");
        let (source, target) = (self.data.join(&name), self.out.join(&name));
        if let Some(folder) = target.parent() {
            make_private_folder(folder).map_err(BackupError::file("making a folder of the backup"))?;
        }
        let linked = fs::hard_link(&source, &target).or_else(|_| fs::copy(&source, &target).map(drop));
        match linked {
            Ok(()) => self.note(&name),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(BackupError::ContentMissing),
            Err(error) => Err(BackupError::file("copying a file into the backup")(error)),
        }
    }

    /// Takes every file under a folder of the data folder over, if there is such a folder.
    fn take_tree(&mut self, name: &str) -> Result<(), BackupError> {
        let failed = BackupError::file("listing a folder of the data");
        let entries = match fs::read_dir(self.data.join(name)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            let entry = entry.map_err(&failed)?;
            let file_name = entry.file_name();
            let below = [name, &file_name.to_string_lossy()].join("/");
            let kind = entry.file_type().map_err(&failed)?;
            if kind.is_dir() {
                self.take_tree(&below)?;
            } else if kind.is_file() {
                self.take(&[&below])?;
            }
        }
        Ok(())
    }

    /// Makes every name durable, then says that the backup is whole.
    fn finish(self, epoch: u64, made_at: DateTime<Utc>) -> Result<BackedUp, BackupError> {
        let failed = BackupError::file("ending the backup");
        for folder in &self.folders {
            sync_folder(folder).map_err(&failed)?;
        }
        let done = BackedUp {
            files: self.files.len(),
            size_bytes: self.files.iter().map(|file| file.size_bytes).sum(),
            epoch,
        };
        let manifest = Manifest {
            format: FORMAT,
            made_at,
            server_version: env!("CARGO_PKG_VERSION").to_owned(),
            schema: newest_schema(),
            epoch,
            files: self.files,
        };
        let json = serde_json::to_vec_pretty(&manifest).map_err(|_| BackupError::Manifest)?;
        let beside = self.out.join("backup.json.new");
        let mut file = new_private_file(&beside).map_err(&failed)?;
        file.write_all(&json).map_err(&failed)?;
        file.sync_all().map_err(&failed)?;
        drop(file);
        fs::rename(&beside, self.out.join(MANIFEST)).map_err(&failed)?;
        sync_folder(self.out).map_err(&failed)?;
        // The folder's own name may be as new as what lies in it.
        match self.out.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent).map_err(&failed)?,
            _ => {}
        }
        Ok(done)
    }
}

/// Makes a file that only its owner may read.
pub(crate) fn new_private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Reads to the end, handing on every piece; gives digest and size.
pub(crate) fn digest_of(
    file: &mut File,
    mut hand_on: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<(Digest, u64)> {
    let mut digest = Sha256::new();
    let mut size_bytes = 0;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok((Digest::from_bytes(digest.finalize().into()), size_bytes)),
            Ok(read) => {
                digest.update(&piece[..read]);
                hand_on(&piece[..read])?;
                size_bytes += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
