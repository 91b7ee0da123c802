//! The file of a move: a short beginning in clear, then one sealed stream of records (ADR 0061).
//!
//! ```text
//! 16 bytes  what it is
//! 2 bytes   version, 1
//! 2 bytes   length of what follows in clear, 77
//! 16 bytes  salt
//! 61 bytes  the key of the stream, wrapped under what the passphrase stands for
//! 32 bytes  SHA-256 over all before
//! …         the stream in sealed segments: records, each of 4 bytes length and JSON; behind a copy's record its bytes
//! ```
//! The digest tells a changed beginning from a wrong passphrase. The stream opens segment by segment at its own place and
//! as the last one only where it was the last, so a byte that was changed and a file that was cut are noticed before
//! anything of that segment is believed. What the passphrase costs does not stand in the file: a version fixes it, and no
//! file can ask for more.

use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use care_model::{OfficeNumber, ProblemCode, limits};
use chrono::{DateTime, Utc};
use desk_ipc::{CommandError, LookView};
use sealing::{Key, SMALL_OVERHEAD_BYTES, SealedReader, SealedWriter};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use uuid::Uuid;

use crate::{
    profile::{SALT_BYTES, fresh_salt, passphrase_key},
    refusal,
    store::MovedRows,
};

const MAGIC: &[u8; 16] = b"careplan-move\r\n\x1a";
const VERSION: u16 = 1;
/// Bytes of the wrapped key of the stream.
const WRAPPED_BYTES: usize = sealing::KEY_BYTES + SMALL_OVERHEAD_BYTES;
/// Bytes in clear behind version and length, of this version.
const CLEAR_BYTES: usize = SALT_BYTES + WRAPPED_BYTES;
/// A beginning of any version is shorter than that.
const CLEAR_BYTES_MAX: usize = 4_096;
/// What the key is called where it is wrapped.
const WRAPPED_NAME: &[u8] = b"move file";
/// Bytes moved at a time.
const BUFFER_BYTES: usize = 64 * 1_024;

/// What stands in the stream.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    /// The first one.
    Head(Head),
    /// A sealed copy; its bytes follow.
    Copy {
        /// Its name in the spool.
        id: Uuid,
        /// How many bytes follow.
        bytes: u64,
    },
    /// A single value.
    Value {
        /// Under which name.
        name: String,
        /// What it is.
        value: serde_json::Value,
    },
    /// Rows of a table.
    Rows(MovedRows),
    /// The last one.
    End,
}

/// Whose move it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// Migrations that the database had.
    pub(super) schema: usize,
    /// The office.
    pub(super) office: OfficeNumber,
    /// Its registered name.
    pub(super) office_name: String,
    /// When it was made.
    pub(super) made_at: DateTime<Utc>,
    /// How the window looked.
    pub(super) look: LookView,
}

/// Why a file of a move cannot be read.
#[derive(Debug, Error)]
pub(super) enum MoveFileError {
    /// It begins otherwise, or is shorter.
    #[error("this is no move file")]
    Other,
    /// It was changed or cut.
    #[error("the move file was changed or cut")]
    Damaged,
    /// A newer version wrote it.
    #[error("the move file is of a newer version")]
    Newer,
    /// Its key does not open with the passphrase.
    #[error("the passphrase does not open the move file")]
    Passphrase,
    /// The system does not give its bytes.
    #[error("the move file cannot be read: {0:?}")]
    Read(io::ErrorKind),
}

impl From<MoveFileError> for CommandError {
    fn from(error: MoveFileError) -> Self {
        match &error {
            MoveFileError::Other => ProblemCode::MoveFileUnreadable.into(),
            MoveFileError::Damaged => refusal::logged(ProblemCode::MoveFileDamaged, &error),
            MoveFileError::Newer => ProblemCode::MoveFileNewer.into(),
            MoveFileError::Passphrase => ProblemCode::MovePassphraseRefused.into(),
            MoveFileError::Read(_) => refusal::logged(ProblemCode::MoveFileUnreadable, &error),
        }
    }
}

/// Within the file: what ends too early was cut, and what does not open was changed.
impl From<io::Error> for MoveFileError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::Damaged,
            kind => Self::Read(kind),
        }
    }
}

/// Writes a file of a move.
pub(super) struct MoveWriter<W: Write>(SealedWriter<W>);

impl<W: Write> MoveWriter<W> {
    /// Writes the beginning, with a fresh key for the stream. Takes its time for the passphrase.
    pub(super) fn begin(mut into: W, passphrase: &str) -> Result<Self, CommandError> {
        let (salt, key) = (fresh_salt(), Key::generate());
        let wrapped = sealing::wrap(&passphrase_key(passphrase, &salt)?, WRAPPED_NAME, &key);
        let mut clear = MAGIC.to_vec();
        clear.extend_from_slice(&VERSION.to_be_bytes());
        clear.extend_from_slice(&(CLEAR_BYTES as u16).to_be_bytes());
        clear.extend_from_slice(&salt);
        clear.extend_from_slice(&wrapped);
        let digest = Sha256::digest(&clear);
        clear.extend_from_slice(&digest);
        into.write_all(&clear).map_err(|error| not_written(&error))?;
        Ok(Self(SealedWriter::new(into, &key, 0)))
    }

    /// Writes a record that nothing follows.
    pub(super) fn put(&mut self, record: &Record) -> Result<(), CommandError> {
        let json =
            serde_json::to_vec(record).map_err(|error| refusal::logged(ProblemCode::Internal, &error.classify()))?;
        if json.len() > limits::MOVE_RECORD_BYTES_MAX {
            // Nobody could take it in.
            return Err(refusal::logged(ProblemCode::Internal, &"a record above its limit"));
        }
        let written = self.0.write_all(&(json.len() as u32).to_be_bytes());
        written
            .and_then(|()| self.0.write_all(&json))
            .map_err(|error| not_written(&error))
    }

    /// Writes a copy of the spool as it lies there, sealed under its own key, which stands in its row. One that is gone
    /// is left out: whoever needs it is told on the new PC as on this one. Gives its bytes.
    pub(super) fn put_copy(&mut self, id: Uuid, path: &Path) -> Result<u64, CommandError> {
        let mut file = match std::fs::File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            opened => opened.map_err(|error| refusal::of_profile_io(&error))?,
        };
        let bytes = file.metadata().map_err(|error| refusal::of_profile_io(&error))?.len();
        self.put(&Record::Copy { id, bytes })?;
        let mut left = bytes;
        let mut buffer = vec![0; BUFFER_BYTES];
        while left > 0 {
            let piece = BUFFER_BYTES.min(usize::try_from(left).unwrap_or(BUFFER_BYTES));
            file.read_exact(&mut buffer[..piece])
                .map_err(|error| refusal::of_profile_io(&error))?;
            self.0
                .write_all(&buffer[..piece])
                .map_err(|error| not_written(&error))?;
            left -= piece as u64;
        }
        Ok(bytes)
    }

    /// Writes the end; gives back what was written to, not synced.
    pub(super) fn finish(mut self) -> Result<W, CommandError> {
        self.put(&Record::End)?;
        self.0.finish().map_err(|error| not_written(&error))
    }
}

/// What a failed write to where a person chose means for them.
pub(super) fn not_written(error: &io::Error) -> CommandError {
    refusal::logged(ProblemCode::SaveFailed, &error.kind())
}

/// The beginning of a file, before anybody typed a passphrase.
pub(super) struct Sealed<R> {
    inner: R,
    salt: [u8; SALT_BYTES],
    wrapped: [u8; WRAPPED_BYTES],
    /// Where the stream begins.
    stream: u64,
}

impl<R: Read + Seek> Sealed<R> {
    /// Reads the beginning.
    pub(super) fn read(mut inner: R) -> Result<Self, MoveFileError> {
        let cut = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => MoveFileError::Other,
            _ => error.into(),
        };
        let mut clear = vec![0; MAGIC.len() + 4];
        inner.read_exact(&mut clear).map_err(cut)?;
        if !clear.starts_with(MAGIC) {
            return Err(MoveFileError::Other);
        }
        let number = |at: usize| u16::from_be_bytes([clear[at], clear[at + 1]]);
        let (version, length) = (number(MAGIC.len()), usize::from(number(MAGIC.len() + 2)));
        if length > CLEAR_BYTES_MAX {
            return Err(MoveFileError::Damaged);
        }
        let mut rest = vec![0; length];
        inner.read_exact(&mut rest)?;
        let mut digest = [0; 32];
        inner.read_exact(&mut digest)?;
        clear.extend_from_slice(&rest);
        if Sha256::digest(&clear).as_slice() != digest {
            return Err(MoveFileError::Damaged);
        }
        if version > VERSION {
            return Err(MoveFileError::Newer);
        }
        let parts = rest.split_first_chunk::<SALT_BYTES>();
        let (salt, wrapped) = parts.ok_or(MoveFileError::Damaged)?;
        Ok(Self {
            salt: *salt,
            wrapped: wrapped.try_into().map_err(|_| MoveFileError::Damaged)?,
            stream: (clear.len() + digest.len()) as u64,
            inner,
        })
    }

    /// The key of the stream. Takes its time for the passphrase.
    pub(super) fn key(&self, passphrase: &str) -> Result<Key, CommandError> {
        let master = passphrase_key(passphrase, &self.salt)?;
        sealing::unwrap_key(&master, WRAPPED_NAME, &self.wrapped).map_err(|_| MoveFileError::Passphrase.into())
    }

    /// Opens the stream, whose end is looked at first: a file that was cut does not get further.
    pub(super) fn open(self, key: &Key) -> Result<MoveReader<R>, MoveFileError> {
        let behind = Behind {
            inner: self.inner,
            start: self.stream,
        };
        Ok(MoveReader(SealedReader::new(behind, key, 0)?))
    }
}

/// Reads the records of a file of a move.
pub(super) struct MoveReader<R: Read + Seek>(SealedReader<Behind<R>>);

/// Why a copy was not taken in.
pub(super) enum CopyFailure {
    /// The file of the move does not give it.
    Read(MoveFileError),
    /// The profile cannot be written.
    Write(io::Error),
}

impl<R: Read + Seek> MoveReader<R> {
    /// The bytes of the whole stream.
    pub(super) fn size_bytes(&self) -> u64 {
        self.0.size_bytes()
    }

    /// How far it was read.
    pub(super) fn position(&mut self) -> u64 {
        self.0.stream_position().unwrap_or_default()
    }

    /// The next record.
    pub(super) fn read_record(&mut self) -> Result<Record, MoveFileError> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length) as usize;
        if length > limits::MOVE_RECORD_BYTES_MAX {
            return Err(MoveFileError::Damaged);
        }
        let mut json = vec![0; length];
        self.0.read_exact(&mut json)?;
        let record = serde_json::from_slice(&json).map_err(|_| MoveFileError::Damaged)?;
        // Nothing stands behind the end.
        match record == Record::End && self.0.read(&mut [0])? > 0 {
            true => Err(MoveFileError::Damaged),
            false => Ok(record),
        }
    }

    /// Writes the bytes of a copy, whose record was just read.
    pub(super) fn copy(&mut self, bytes: u64, into: &mut impl Write) -> Result<(), CopyFailure> {
        let mut left = bytes;
        let mut buffer = vec![0; BUFFER_BYTES];
        while left > 0 {
            let piece = BUFFER_BYTES.min(usize::try_from(left).unwrap_or(BUFFER_BYTES));
            let read = self.0.read_exact(&mut buffer[..piece]);
            read.map_err(|error| CopyFailure::Read(error.into()))?;
            into.write_all(&buffer[..piece]).map_err(CopyFailure::Write)?;
            left -= piece as u64;
        }
        Ok(())
    }
}

/// What stands behind a place, as if it began there.
struct Behind<R> {
    inner: R,
    start: u64,
}

impl<R: Read> Read for Behind<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.inner.read(bytes)
    }
}

impl<R: Seek> Seek for Behind<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(offset) => SeekFrom::Start(self.start.saturating_add(offset)),
            other => other,
        };
        let at = self.inner.seek(to)?;
        at.checked_sub(self.start)
            .ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    const PASSPHRASE: &str = "ひっこしの合言葉2026";

    fn head() -> Record {
        Record::Head(Head {
            schema: 1,
            office: OfficeNumber::parse("9970100013").unwrap(),
            office_name: "見本居宅介護支援事業所".to_owned(),
            made_at: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            look: LookView::default(),
        })
    }

    /// A file of some records and a copy of some segments, with the key of its stream.
    fn file() -> (Vec<u8>, Key) {
        let dir = tempfile::tempdir().unwrap();
        let copy = dir.path().join("copy");
        std::fs::write(&copy, vec![7; 3 * BUFFER_BYTES + 5]).unwrap();
        let mut writer = MoveWriter::begin(Vec::new(), PASSPHRASE).unwrap();
        writer.put(&head()).unwrap();
        assert_eq!(
            writer.put_copy(Uuid::nil(), &copy).unwrap(),
            3 * BUFFER_BYTES as u64 + 5
        );
        assert_eq!(writer.put_copy(Uuid::max(), &dir.path().join("gone")).unwrap(), 0);
        let value = Record::Value {
            name: "settings".to_owned(),
            value: serde_json::json!({ "kept_days": 30 }),
        };
        writer.put(&value).unwrap();
        let bytes = writer.finish().unwrap();
        let key = Sealed::read(Cursor::new(&bytes)).unwrap().key(PASSPHRASE).unwrap();
        (bytes, key)
    }

    /// Reads all of a file; gives what its copies hold.
    fn read(bytes: &[u8], key: &Key) -> Result<(Vec<Record>, Vec<u8>), MoveFileError> {
        let mut reader = Sealed::read(Cursor::new(bytes))?.open(key)?;
        let (mut records, mut copies) = (Vec::new(), Vec::new());
        loop {
            let record = reader.read_record()?;
            if let Record::Copy { bytes, .. } = &record {
                reader.copy(*bytes, &mut copies).map_err(|failure| match failure {
                    CopyFailure::Read(error) => error,
                    CopyFailure::Write(error) => error.into(),
                })?;
            }
            let ended = record == Record::End;
            records.push(record);
            if ended {
                return Ok((records, copies));
            }
        }
    }

    #[test]
    fn what_was_written_is_read_with_the_passphrase_alone_and_nothing_stands_in_clear() {
        let (bytes, key) = file();
        let (records, copies) = read(&bytes, &key).unwrap();
        assert_eq!(records.len(), 4);
        assert_eq!((&records[0], &records[3]), (&head(), &Record::End));
        assert_eq!(copies, vec![7; 3 * BUFFER_BYTES + 5]);
        let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        for clear in [
            b"9970100013".as_slice(),
            "見本".as_bytes(),
            b"kept_days",
            PASSPHRASE.as_bytes(),
        ] {
            assert!(!holds(clear));
        }
        let wrong = Sealed::read(Cursor::new(&bytes)).unwrap().key("another passphrase");
        assert_eq!(wrong.map(|_| ()).unwrap_err().code, ProblemCode::MovePassphraseRefused);
        // The same content is another file each time.
        assert_ne!(file().0[..200], bytes[..200]);
    }

    #[test]
    fn what_is_something_else_or_newer_is_told_apart() {
        let (bytes, key) = file();
        for other in [
            b"".as_slice(),
            b"careplan",
            b"PK\x03\x04 something quite different",
            &bytes[1..],
        ] {
            assert!(matches!(read(other, &key), Err(MoveFileError::Other)));
        }
        // A newer version keeps to how a file begins, and has more in it.
        let mut newer = MAGIC.to_vec();
        newer.extend_from_slice(&[0, 2, 0, 3, 1, 2, 3]);
        let digest = Sha256::digest(&newer);
        newer.extend_from_slice(&digest);
        assert!(matches!(read(&newer, &key), Err(MoveFileError::Newer)));
    }

    #[test]
    fn a_record_has_its_limit() {
        let text = |bytes: usize| Record::Value {
            name: String::new(),
            value: serde_json::Value::String("x".repeat(bytes)),
        };
        let around = serde_json::to_vec(&text(0)).unwrap().len();
        let key = Key::generate();
        let mut writer = MoveWriter(SealedWriter::new(Vec::new(), &key, 0));
        writer.put(&text(limits::MOVE_RECORD_BYTES_MAX - around)).unwrap();
        let refused = writer.put(&text(limits::MOVE_RECORD_BYTES_MAX - around + 1));
        assert_eq!(refused.unwrap_err().code, ProblemCode::Internal);
        let bytes = writer.finish().unwrap();
        let reader = |bytes| {
            let behind = Behind {
                inner: Cursor::new(bytes),
                start: 0,
            };
            MoveReader(SealedReader::new(behind, &key, 0).unwrap())
        };
        let mut whole = reader(bytes);
        assert!(matches!(whole.read_record(), Ok(Record::Value { .. })));
        assert!(matches!(whole.read_record(), Ok(Record::End)));
        // One that says that it is longer is not even waited for.
        let key = &key;
        let mut sealed = SealedWriter::new(Vec::new(), key, 0);
        let longer = limits::MOVE_RECORD_BYTES_MAX as u32 + 1;
        sealed.write_all(&longer.to_be_bytes()).unwrap();
        assert!(matches!(
            reader(sealed.finish().unwrap()).read_record(),
            Err(MoveFileError::Damaged)
        ));
    }

    #[test]
    fn nothing_stands_behind_the_end() {
        let key = Key::generate();
        let mut writer = MoveWriter(SealedWriter::new(Vec::new(), &key, 0));
        writer.put(&Record::End).unwrap();
        let bytes = writer.finish().unwrap();
        let behind = Behind {
            inner: Cursor::new(bytes),
            start: 0,
        };
        let mut reader = MoveReader(SealedReader::new(behind, &key, 0).unwrap());
        assert!(matches!(reader.read_record(), Err(MoveFileError::Damaged)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// Wherever a byte is changed or the file is cut, it is noticed before the end is reached.
        #[test]
        fn every_change_and_every_cut_is_noticed(at in any::<prop::sample::Index>(), bit in 0_u8..8, beginning in any::<bool>()) {
            use std::sync::LazyLock;
            static FILE: LazyLock<(Vec<u8>, Key)> = LazyLock::new(file);
            let (bytes, key) = &*FILE;
            let at = at.index(if beginning { 200 } else { bytes.len() });
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let refused = read(&changed, key);
            let other = at < MAGIC.len() && matches!(refused, Err(MoveFileError::Other));
            prop_assert!(other || matches!(refused, Err(MoveFileError::Damaged)), "a bit of byte {at}: {refused:?}");
            let cut = read(&bytes[..at], key);
            prop_assert!(matches!(cut, Err(MoveFileError::Damaged | MoveFileError::Other)), "cut at {at}: {cut:?}");
        }
    }
}
