//! The file is written beside its place and gets its name whole; what ends before leaves nothing behind.

use std::{
    fs::{self, File},
    io::BufWriter,
    path::{Path, PathBuf},
};

use care_model::ProblemCode;
use desk_ipc::{CommandError, MoveOutStart, SavedView};
use kill_point::{Point, reach};
use uuid::Uuid;

use super::{
    Progress, blocking,
    file::{Head, MoveWriter, Record, not_written},
};
use crate::{
    core::{Core, own_name},
    index::in_japan,
    profile::judge_new_passphrase,
    settings::Settings,
    store::{MOVED_TABLES, MOVED_VALUES, MoveSnapshot, Store, StoreError, ValueName},
};

type Writer = MoveWriter<BufWriter<File>>;

impl Core {
    /// Writes everything that moves to where a person chooses; none if they cancelled.
    pub(crate) async fn move_out(&self, start: MoveOutStart) -> Result<Option<SavedView>, CommandError> {
        judge_new_passphrase(&start.passphrase)?;
        let _one = self.moving.begin().await;
        // Nobody is asked for a place to which nothing may go.
        nothing_under_way(&mut self.store.move_snapshot().await?).await?;
        let identity = self.identity().ok_or(ProblemCode::ProfileEmpty)?;
        let head = Head {
            schema: Store::schema(),
            office: identity.office,
            office_name: identity.office_name,
            made_at: self.now(),
            look: self.look(),
        };
        let day = in_japan(head.made_at).map(|at| at.format("%Y%m%d").to_string());
        let suggested = messages::move_file::name(head.office, day.unwrap_or_default());
        let Some(path) = self.surface.save_file(&suggested).await else {
            return Ok(None);
        };
        let name = own_name(&path);
        let folder = path.parent().ok_or(ProblemCode::SaveFailed)?;
        let beside = folder.join(format!(".{}.part", Uuid::now_v7().simple()));
        let mut written = self.write_move(&beside, start.passphrase, head).await;
        if written.is_ok() {
            reach(Point::MoveWritten);
            let (from, to) = (beside.clone(), path);
            written = blocking(move || fs::rename(from, to).map_err(|error| not_written(&error))).await;
        }
        if written.is_err() {
            blocking(move || {
                // What is left of it is of no use, and opens for nobody.
                let _ = fs::remove_file(beside);
                Ok(())
            })
            .await?;
        }
        written?;
        Ok(Some(SavedView { name, rows: None }))
    }

    async fn write_move(&self, beside: &Path, passphrase: String, head: Head) -> Result<(), CommandError> {
        // While this is held nothing new is given to the queue, and no copy is swept.
        let _compositions = self.compositions.lock().await;
        let mut snapshot = self.store.move_snapshot().await?;
        nothing_under_way(&mut snapshot).await?;
        let (used, database, spool) = (self.used_copies().await?, self.profile.database(), self.spool.clone());
        let place = beside.to_owned();
        let (mut writer, copies, total_bytes) = blocking(move || {
            let copies: Vec<(Uuid, PathBuf)> = used.into_iter().map(|id| (id, spool.path_of(id))).collect();
            let bytes = |path: &Path| fs::metadata(path).map_or(0, |facts| facts.len());
            let total_bytes = copies.iter().map(|(_, path)| bytes(path)).sum::<u64>() + bytes(&database);
            let file = File::create_new(&place).map_err(|error| not_written(&error))?;
            let mut writer = MoveWriter::begin(BufWriter::new(file), &passphrase)?;
            writer.put(&Record::Head(head))?;
            Ok((writer, copies, total_bytes))
        })
        .await?;
        let (mut progress, mut done_bytes) = (Progress::of(total_bytes), 0);
        for (id, path) in copies {
            self.move_goes_on()?;
            let bytes;
            (writer, bytes) = blocking(move || {
                let bytes = writer.put_copy(id, &path)?;
                Ok((writer, bytes))
            })
            .await?;
            done_bytes += bytes;
            self.tell_move(&mut progress, done_bytes);
        }
        let values = values(&mut snapshot).await?;
        writer = put(writer, values).await?;
        for table in MOVED_TABLES {
            let mut from = Some(i64::MIN);
            while let Some(begin) = from {
                self.move_goes_on()?;
                let Some((rows, next)) = snapshot.rows(table, begin).await? else {
                    break;
                };
                writer = put(writer, vec![Record::Rows(rows)]).await?;
                from = next;
            }
        }
        blocking(move || {
            let file = writer.finish()?.into_inner();
            let file = file.map_err(|error| not_written(error.error()))?;
            file.sync_all().map_err(|error| not_written(&error))
        })
        .await?;
        self.tell_move(&mut progress, u64::MAX);
        // Up to here a person could think better of it.
        self.move_goes_on()
    }
}

async fn put(mut writer: Writer, records: Vec<Record>) -> Result<Writer, CommandError> {
    blocking(move || {
        records.iter().try_for_each(|record| writer.put(record))?;
        Ok(writer)
    })
    .await
}

/// The values that move, 設定 without the folders of this PC.
async fn values(snapshot: &mut MoveSnapshot<'_>) -> Result<Vec<Record>, CommandError> {
    let mut records = Vec::new();
    for name in MOVED_VALUES {
        let Some(mut value) = snapshot.value(*name).await? else {
            continue;
        };
        if *name == ValueName::Settings {
            let shape = |_| StoreError::Shape { table: "value" };
            let settings: Settings = serde_json::from_value(value).map_err(shape)?;
            value = serde_json::to_value(settings.without_folders()).map_err(shape)?;
        }
        records.push(Record::Value {
            name: name.as_str().to_owned(),
            value,
        });
    }
    Ok(records)
}

/// A send that waits would be sent by the old PC, by the new one, or by neither; a pickup belongs to the terminal that
/// claimed it. So both come to their end first.
async fn nothing_under_way(snapshot: &mut MoveSnapshot<'_>) -> Result<(), CommandError> {
    match snapshot.under_way().await? {
        (0, 0) => Ok(()),
        (sends, pickups) => Err(CommandError::new(ProblemCode::MoveWaits)
            .with("sends", sends)
            .with("pickups", pickups)),
    }
}
