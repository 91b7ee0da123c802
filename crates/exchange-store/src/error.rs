//! What can go wrong with the storage itself; refusals are values of each act, never errors.

use thiserror::Error;

/// The storage could not do an act. Nothing of it was stored.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database refused or failed.
    #[error("the database failed while {doing}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database was changed by a newer version of the server in a way that this one cannot serve.
    #[error(
        "the database was changed by a newer version of exchange-server and needs one that knows schema {needed}; use \
         that version or a newer one; nothing was changed"
    )]
    Newer {
        /// The schema that has to be known.
        needed: i64,
    },
    /// A master key that the database names is not there.
    #[error(
        "the master key {name} is missing in the key folder; put it back, for without it no content can be read; nothing was written"
    )]
    MasterMissing {
        /// Its name.
        name: String,
    },
    /// A master key is not the one that the database was written with.
    #[error(
        "the master key {name} is not the one of this database; put the right one into the key folder; nothing was written"
    )]
    MasterWrong {
        /// Its name.
        name: String,
    },
    /// The rows are older than what the exchange had reached.
    #[error(
        "the database is older than what this exchange had reached: an earlier copy was put back, or another database is \
         in its place; nothing was changed; put the newest one back, or run `exchange-server admin new-epoch`, by which \
         every desk offers again what is missing"
    )]
    PutBack,
    /// A content that a row names is not where contents lie.
    #[error("a content that a row names is missing; put it back, or let its sender send it again")]
    ContentMissing,
    /// A restore from backup began in this folder and did not end.
    #[error("a restore into the data folder did not end; empty the folder and restore again")]
    HalfRestored,
    /// A file or folder of contents failed.
    #[error("the content folder failed while {doing}")]
    Folder {
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The bucket of contents refused or failed.
    #[error("the bucket failed while {doing}")]
    Bucket {
        /// What was being done.
        doing: &'static str,
        /// Whether it may pass.
        is_temporary: bool,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// This is done by the tools of the database and of the bucket, not by the server.
    #[error("an exchange on PostgreSQL is backed up and restored with the tools of its database and its bucket")]
    NotEmbedded,
    /// Only nodes that share an exchange have this.
    #[error("an exchange in a data folder has no bucket")]
    NotShared,
    /// Something stored does not have the shape that it was stored with.
    #[error("a stored {what} cannot be read")]
    Damaged {
        /// What.
        what: &'static str,
    },
    /// Another act of the same commit failed, or the writer has too much to do; it may be tried again.
    #[error("the storage is busy")]
    Busy,
    /// The store is being closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Whether trying again later may help: no room, too much to do, or on the way down.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Busy | Self::Closed | Self::PutBack => true,
            Self::Bucket { is_temporary, .. } => *is_temporary,
            Self::Database { source, .. } => source.downcast_ref::<sqlx::Error>().is_some_and(is_passing),
            Self::Folder { source, .. } => {
                matches!(
                    source.kind(),
                    std::io::ErrorKind::StorageFull
                        | std::io::ErrorKind::QuotaExceeded
                        | std::io::ErrorKind::ReadOnlyFilesystem
                ) || (cfg!(unix) && source.raw_os_error() == Some(EIO))
            }
            Self::Newer { .. }
            | Self::MasterMissing { .. }
            | Self::MasterWrong { .. }
            | Self::HalfRestored
            | Self::ContentMissing
            | Self::NotEmbedded
            | Self::NotShared
            | Self::Damaged { .. } => false,
        }
    }

    pub(crate) fn database(doing: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |source| Self::Database {
            doing,
            source: Box::new(source),
        }
    }

    pub(crate) fn folder(doing: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |source| Self::Folder { doing, source }
    }
}

/// A disk failed to read or to write (`EIO`), for which the standard library has no kind; the same on every Unix.
const EIO: i32 = 5;

/// Whether a database has no room, is locked or is away. Both engines give a code, which cannot be mistaken for one of the
/// other's.
fn is_passing(error: &sqlx::Error) -> bool {
    /// SQLite's busy, locked, input or output failed, full, not to be opened.
    const SQLITE: [u32; 5] = [5, 6, 10, 13, 14];
    /// PostgreSQL's read-only, conflict, deadlock, lock not given in time.
    const POSTGRES: [&str; 4] = ["25006", "40001", "40P01", "55P03"];
    /// Its classes: connections, resources, an operator's intervention.
    const CLASSES: [&str; 3] = ["08", "53", "57"];
    match error {
        // A line that ends while it is being made is told as one that speaks another protocol.
        sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        error => error
            .as_database_error()
            .and_then(|error| error.code())
            .is_some_and(|code| {
                let code = code.as_ref();
                is_of_sqlite(code, &SQLITE)
                    || POSTGRES.contains(&code)
                    || (code.len() == 5 && CLASSES.iter().any(|class| code.starts_with(class)))
            }),
    }
}

/// Whether a code is SQLite's and one of these. Its lowest byte says what failed, the rest of it where: a sync, a write.
fn is_of_sqlite(code: &str, wanted: &[u32]) -> bool {
    // PostgreSQL's have five characters.
    code.len() < 5 && code.parse::<u32>().is_ok_and(|code| wanted.contains(&(code & 0xff)))
}

/// An act's way out of a database call that names nothing more than the act itself.
impl From<sqlx::Error> for StoreError {
    fn from(source: sqlx::Error) -> Self {
        Self::database("working on a row")(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_sqlite_is_told_by_its_lowest_byte() {
        for (code, expected) in [
            ("13", true),
            // Input or output failed: by itself, in a sync, in a write.
            ("10", true),
            ("1034", true),
            ("778", true),
            ("1", false),
            ("2067", false),
            // Of PostgreSQL, with such a byte.
            ("25098", false),
            ("", false),
        ] {
            assert_eq!(is_of_sqlite(code, &[10, 13]), expected, "{code}");
        }
    }
}
