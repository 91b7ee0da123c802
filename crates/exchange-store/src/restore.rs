//! What a backup gives back: the same data under a new epoch, by which desks know that the exchange forgot (D8).
//!
//! Everything is copied, compared with the manifest and raised to the new epoch in a folder inside the data folder. The
//! database is moved to its place last, and that folder removed after it; no store opens a data folder that has one.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Component, Path},
};

use chrono::{DateTime, Utc};
use disk::sync_folder;
use serde::Serialize;
use sqlx::ConnectOptions as _;

use crate::{
    Act, By, Store, StoreError,
    audit::{self, AuditLine},
    backup::{BackupError, FORMAT, MANIFEST, Manifest, begin, copy_options, digest_of, new_private_file},
    convert, sql,
    sqlite::DATABASE,
    store::{make_private_folder, newest_schema},
};

/// The folder in the data folder in which a restore is under way.
const UNDER_WAY: &str = "restoring";

/// A restore that was made.
#[derive(Debug, Clone, Serialize)]
pub struct Restored {
    /// When the backup was made: what happened later is what the exchange has forgotten.
    pub made_at: DateTime<Utc>,
    /// The new epoch.
    pub epoch: u64,
    /// Files that were restored.
    pub files: usize,
    /// Their bytes.
    pub size_bytes: u64,
}

/// Refuses a data folder in which a restore began and did not end.
pub(crate) fn refuse_half(data: &Path) -> Result<(), StoreError> {
    match data.join(UNDER_WAY).symlink_metadata() {
        Ok(_) => Err(StoreError::HalfRestored),
        Err(_) => Ok(()),
    }
}

impl Store {
    /// Restores a backup into `data`, a new or empty folder. Whatever fails leaves nothing of it.
    pub async fn restore(from: &Path, data: &Path, now: DateTime<Utc>) -> Result<Restored, BackupError> {
        let manifest = read_manifest(from)?;
        let begun = begin(data)?;
        let restored = restore_into(from, data, manifest, now).await;
        if restored.is_err() {
            begun.undo();
        }
        restored
    }
}

fn read_manifest(from: &Path) -> Result<Manifest, BackupError> {
    let text = match fs::read(from.join(MANIFEST)) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Err(BackupError::NoManifest);
        }
        Err(error) => return Err(BackupError::file("reading the backup")(error)),
    };
    // The shape of a newer one may differ in all but these.
    #[derive(serde::Deserialize)]
    struct Lasting {
        format: u32,
        schema: i64,
        server_version: String,
    }
    let lasting: Lasting = serde_json::from_slice(&text).map_err(|_| BackupError::Manifest)?;
    if lasting.format > FORMAT || lasting.schema > newest_schema() {
        return Err(BackupError::Newer {
            version: lasting.server_version,
        });
    }
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| BackupError::Manifest)?;
    let all_inside = manifest.files.iter().all(|file| {
        let mut components = Path::new(&file.name).components();
        components.all(|component| matches!(component, Component::Normal(_)))
    });
    let has_database = manifest.files.iter().any(|file| file.name == DATABASE);
    if all_inside && has_database {
        Ok(manifest)
    } else {
        Err(BackupError::Manifest)
    }
}

async fn restore_into(
    from: &Path,
    data: &Path,
    manifest: Manifest,
    now: DateTime<Utc>,
) -> Result<Restored, BackupError> {
    let under_way = data.join(UNDER_WAY);
    let mut restored = Restored {
        made_at: manifest.made_at,
        epoch: manifest.epoch,
        files: manifest.files.len(),
        size_bytes: manifest.files.iter().map(|file| file.size_bytes).sum(),
    };
    let (source, target) = (from.to_owned(), under_way.clone());
    let copied = tokio::task::spawn_blocking(move || copy(&source, &target, &manifest));
    copied.await.map_err(|_| StoreError::Closed)??;
    restored.epoch = raise_epoch(&under_way.join(DATABASE), now).await?;
    put_in_place(&under_way, data).map_err(BackupError::file("putting the data in place"))?;
    Ok(restored)
}

/// Copies every file of the manifest, and compares what was read with what it says.
fn copy(from: &Path, to: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let failed = BackupError::file("writing a restored file");
    make_private_folder(to).map_err(&failed)?;
    for file in &manifest.files {
        let differs = || BackupError::Differs {
            name: file.name.clone(),
        };
        let mut source = match File::open(from.join(&file.name)) {
            Ok(source) => source,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(differs()),
            Err(error) => return Err(BackupError::file("reading the backup")(error)),
        };
        let path = to.join(&file.name);
        if let Some(folder) = path.parent() {
            make_private_folder(folder).map_err(&failed)?;
        }
        let mut target = new_private_file(&path).map_err(&failed)?;
        let (digest, size_bytes) = digest_of(&mut source, |piece| target.write_all(piece)).map_err(&failed)?;
        if digest != file.digest || size_bytes != file.size_bytes {
            return Err(differs());
        }
        target.sync_all().map_err(&failed)?;
    }
    sync_tree(to).map_err(&failed)
}

/// Makes every name under a folder durable.
fn sync_tree(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        }
    }
    sync_folder(folder)
}

/// Raises the epoch of the restored database, durably.
async fn raise_epoch(database: &Path, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let connection = copy_options(database)
        .connect()
        .await
        .map_err(StoreError::database("opening the restored database"))?;
    let mut connection = sql::Connection::Sqlite(connection);
    let epoch = begin_epoch(&mut connection, now.timestamp()).await?;
    // In the new epoch's name: the first line that an auditor finds behind the gap.
    let mut script = sql::Script::default();
    audit::write(&mut script, &[AuditLine::new(now, Act::Restore, By::CommandLine)]);
    script.execute(&mut connection).await?;
    connection.close().await?;
    Ok(epoch)
}

/// Raises the epoch. It follows the clock, so that a backup that is restored twice has another epoch each time, whatever
/// is left of the data that it stands in for.
async fn begin_epoch(connection: &mut sql::Connection, at_least: i64) -> Result<u64, StoreError> {
    let raised: Option<String> = sql::query_scalar(
        "UPDATE setting SET value = CAST(CASE WHEN CAST(value AS BIGINT) < ?1 THEN ?1 \
         ELSE CAST(value AS BIGINT) + 1 END AS TEXT) WHERE name = 'epoch' RETURNING value",
    )
    .bind(at_least)
    .fetch_optional(connection)
    .await?;
    raised
        .and_then(|epoch| epoch.parse().ok())
        .ok_or(StoreError::Damaged { what: "epoch" })
}

impl Store {
    /// Raises the epoch of an exchange whose database was put back to an earlier time with tools of its own; gives the new
    /// one. Servers take it up at their next start, and every desk offers again what the exchange has forgotten.
    pub async fn begin_new_epoch(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        // Above that of the newest rows, too, which may have come to an epoch that these have not heard of.
        let above = self.shared.large.reached().await?.map_or(0, |reached| reached.epoch);
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let at_least = now.timestamp().max(convert::signed(above) + 1);
                    let epoch = begin_epoch(&mut batch.connection, at_least).await?;
                    batch.audit(AuditLine::new(now, Act::Restore, By::CommandLine));
                    Ok(epoch)
                })
            })
            .await
    }
}

/// Moves what was restored to its place, the database last.
fn put_in_place(under_way: &Path, data: &Path) -> io::Result<()> {
    for entry in fs::read_dir(under_way)? {
        let name = entry?.file_name();
        if name != DATABASE {
            fs::rename(under_way.join(&name), data.join(&name))?;
        }
    }
    sync_folder(data)?;
    fs::rename(under_way.join(DATABASE), data.join(DATABASE))?;
    sync_folder(data)?;
    fs::remove_dir(under_way)?;
    sync_folder(data)
}
