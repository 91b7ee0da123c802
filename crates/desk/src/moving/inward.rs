//! All of it or nothing: copies come first, and nothing knows them until every row is committed in one transaction. A
//! process that dies before leaves copies that nothing names, which the next start sweeps; one that dies after has it all.

use std::{
    fs::{self, File},
    io::BufReader,
    path::Path,
};

use care_model::{OfficeNumber, ProblemCode, limits};
use desk_ipc::{CommandError, DeskEvent, MoveInStart, StartView};
use exchange_client::Connection;
use kill_point::{Point, reach};
use uuid::Uuid;

use super::{
    Moved, Progress, blocking,
    file::{CopyFailure, Head, MoveFileError, MoveReader, Record, Sealed},
};
use crate::{
    core::{Core, lock},
    intake::Dropped,
    profile::private_file,
    refusal,
    settings::Settings,
    store::{MOVED_VALUES, MoveIn, Store, ValueName},
};

type Reader = MoveReader<BufReader<File>>;

/// Bytes of one copy: the largest file that is ever copied, sealed.
const COPY_BYTES_MAX: u64 = sealed_max();

const fn sealed_max() -> u64 {
    let plain = match limits::ATTACHMENT_BYTES_MAX > limits::STANDARD_FILE_BYTES_MAX {
        true => limits::ATTACHMENT_BYTES_MAX,
        false => limits::STANDARD_FILE_BYTES_MAX,
    };
    plain + plain.div_ceil(sealing::SEGMENT_BYTES as u64) * sealing::TAG_BYTES as u64
}

fn damaged() -> CommandError {
    MoveFileError::Damaged.into()
}

impl Core {
    /// Takes a file of a move into this profile, which must be empty. 初期設定 goes on with the certificate.
    pub(crate) async fn move_in(
        &self,
        start: MoveInStart,
        elsewhere: &[OfficeNumber],
    ) -> Result<StartView, CommandError> {
        self.must_be_begun()?;
        // Nobody gets a certificate meanwhile.
        let _certifying = self.certifying.lock().await;
        let _one = self.moving.begin().await;
        if !self.store.takes_a_move().await? {
            return Err(ProblemCode::MoveNotEmpty.into());
        }
        let path = match lock(&self.drops).get(&start.file).ok_or(ProblemCode::DropUnknown)? {
            Dropped::Paths(paths) if paths.len() == 1 => paths[0].clone(),
            _ => return Err(ProblemCode::MoveFileUnreadable.into()),
        };
        let (reader, head) = blocking(move || open(&path, &start.passphrase)).await?;
        if head.schema > Store::schema() {
            return Err(MoveFileError::Newer.into());
        }
        if elsewhere.contains(&head.office) {
            return Err(ProblemCode::MoveOfficeHere.into());
        }
        let mut copies = Vec::new();
        let taken = self.take_in(reader, &head, &mut copies).await;
        let inward = match taken {
            Ok(inward) => inward,
            Err(refusal) => {
                let removed = self.blocking(move |spool| {
                    copies.iter().for_each(|id| spool.remove_id(*id));
                    Ok(())
                });
                removed.await?;
                return Err(refusal);
            }
        };
        reach(Point::MoveUncommitted);
        inward.commit().await?;
        reach(Point::MoveCommitted);
        self.go_by_what_was_moved(head).await?;
        Ok(self.start_view())
    }

    /// Writes the copies and the rows; all that is left is to commit. `copies` names what was written also on a refusal.
    async fn take_in(
        &self,
        mut reader: Reader,
        head: &Head,
        copies: &mut Vec<Uuid>,
    ) -> Result<MoveIn<'_>, CommandError> {
        let mut progress = Progress::of(reader.size_bytes());
        let mut inward: Option<MoveIn<'_>> = None;
        loop {
            self.move_goes_on()?;
            let (record, done_bytes);
            (reader, record, done_bytes) = blocking(move || {
                let record = reader.read_record()?;
                let done_bytes = reader.position();
                Ok((reader, record, done_bytes))
            })
            .await?;
            self.tell_move(&mut progress, done_bytes);
            match record {
                Record::Copy { id, bytes } if inward.is_none() && bytes <= COPY_BYTES_MAX => {
                    copies.push(id);
                    let place = self.spool.path_of(id);
                    reader = blocking(move || {
                        copy(&mut reader, &place, bytes)?;
                        Ok(reader)
                    })
                    .await?;
                }
                Record::Head(_) | Record::Copy { .. } => return Err(damaged()),
                Record::Value { name, value } => {
                    self.inward(&mut inward, copies).await?.take_value(&name, value).await?
                }
                Record::Rows(rows) => {
                    if !self.inward(&mut inward, copies).await?.take(rows).await? {
                        return Err(damaged());
                    }
                }
                Record::End => break,
            }
        }
        self.inward(&mut inward, copies).await?;
        let mut inward = inward.ok_or(ProblemCode::Internal)?;
        let (drafts, inbox, outbox) = inward.counts().await?.ok_or_else(damaged)?;
        let moved = Moved {
            office: head.office,
            office_name: head.office_name.clone(),
            made_at: head.made_at,
            drafts,
            inbox,
            outbox,
        };
        inward.put_value(ValueName::Moved, &moved).await?;
        Ok(inward)
    }

    /// The rows that are being taken in; begun once every copy is durable.
    async fn inward<'a, 'b>(
        &'a self,
        inward: &'b mut Option<MoveIn<'a>>,
        copies: &[Uuid],
    ) -> Result<&'b mut MoveIn<'a>, CommandError> {
        if inward.is_none() {
            let copies = copies.to_vec();
            self.blocking(move |spool| spool.sync_ids(&copies)).await?;
            reach(Point::MoveCopied);
            let begun = self.store.move_in().await?;
            *inward = Some(begun.ok_or(ProblemCode::MoveNotEmpty)?);
        }
        inward.as_mut().ok_or_else(|| ProblemCode::Internal.into())
    }

    /// Reads anew what this desk goes by.
    async fn go_by_what_was_moved(&self, head: Head) -> Result<(), CommandError> {
        self.recall_settings().await?;
        self.recall().await?;
        self.indexes.forget().await;
        self.mark_office(head.office, &head.office_name).await;
        if let Err(error) = self.change_look(head.look).await {
            // Everything else is here.
            tracing::warn!(code = error.code.as_str(), "the look of the old PC is not taken on");
        }
        for changed in [
            DeskEvent::SettingsChanged,
            DeskEvent::InboxChanged,
            DeskEvent::OutboxChanged,
            DeskEvent::DraftsChanged,
        ] {
            self.tell(changed);
        }
        Ok(())
    }
}

impl MoveIn<'_> {
    /// Takes one value in, if it is one that moves.
    async fn take_value(&mut self, name: &str, value: serde_json::Value) -> Result<(), CommandError> {
        let known = MOVED_VALUES.iter().find(|known| known.as_str() == name);
        match known.copied().ok_or_else(damaged)? {
            ValueName::Settings => {
                let moved: Settings = serde_json::from_value(value).map_err(|_| damaged())?;
                let here: Option<Settings> = self.value(ValueName::Settings).await?;
                let mut settings = moved.without_folders();
                // Whoever set the way to the exchange on this PC knew why.
                if let Some(here) = here {
                    settings.proxy = here.proxy;
                }
                self.put_value(ValueName::Settings, &settings).await?;
            }
            ValueName::Connection => {
                let connection = value.as_str().map(|text| Connection::parse(text.as_bytes()));
                if !matches!(connection, Some(Ok(_))) {
                    return Err(damaged());
                }
                self.put_value(ValueName::Connection, &value).await?;
            }
            name => self.put_value(name, &value).await?,
        }
        Ok(())
    }
}

/// Opens the file and reads whose it is.
fn open(path: &Path, passphrase: &str) -> Result<(Reader, Head), CommandError> {
    let unreadable = |error: std::io::Error| CommandError::from(MoveFileError::Read(error.kind()));
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(MoveFileError::Other.into());
    }
    let file = File::open(path).map_err(unreadable)?;
    let sealed = Sealed::read(BufReader::new(file))?;
    let key = sealed.key(passphrase)?;
    let mut reader = sealed.open(&key)?;
    match reader.read_record()? {
        Record::Head(head) => Ok((reader, head)),
        _ => Err(damaged()),
    }
}

/// Writes one copy into the spool, not synced.
fn copy(reader: &mut Reader, place: &Path, bytes: u64) -> Result<(), CommandError> {
    // This profile is empty: a file of this name is what an earlier try left.
    let file = private_file(File::options().write(true).create(true).truncate(true)).open(place);
    let mut file = file.map_err(|error| refusal::of_profile_io(&error))?;
    reader.copy(bytes, &mut file).map_err(|failure| match failure {
        CopyFailure::Read(error) => error.into(),
        CopyFailure::Write(error) => refusal::of_profile_io(&error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_copy_is_what_the_largest_file_becomes() {
        assert_eq!(COPY_BYTES_MAX, sealing::sealed_bytes(limits::ATTACHMENT_BYTES_MAX));
        assert_eq!(COPY_BYTES_MAX, sealing::sealed_bytes(limits::STANDARD_FILE_BYTES_MAX));
    }
}
