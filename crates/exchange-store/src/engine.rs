//! Where an exchange is kept: on one machine, or where any number of nodes share it.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

/// Where the rows and the contents of an exchange are.
#[derive(Debug, Clone)]
pub enum Engine {
    /// On this machine: SQLite and a folder for large contents, both in the data folder.
    Embedded(PathBuf),
    /// Where several nodes share them: PostgreSQL and a bucket.
    Shared(Box<SharedEngine>),
}

impl Engine {
    /// The data folder of an exchange that is kept on this machine.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Embedded(data) => Some(data),
            Self::Shared(_) => None,
        }
    }
}

impl From<&Path> for Engine {
    fn from(data: &Path) -> Self {
        Self::Embedded(data.to_owned())
    }
}

impl From<&PathBuf> for Engine {
    fn from(data: &PathBuf) -> Self {
        Self::Embedded(data.clone())
    }
}

/// A database and a bucket that nodes share.
#[derive(Clone)]
pub struct SharedEngine {
    /// The database as `postgres://…`, with its password.
    pub database: Zeroizing<String>,
    /// Where large contents lie.
    pub bucket: BucketPlace,
}

impl fmt::Debug for SharedEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedEngine")
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

/// A bucket of an S3-compatible store.
#[derive(Clone)]
pub struct BucketPlace {
    /// The store as `https://…`; `http://` only within one machine or a closed network.
    pub endpoint: String,
    /// The bucket's name.
    pub name: String,
    /// What the names of this exchange's objects begin with; nothing if it has the bucket to itself.
    pub prefix: String,
    /// The region that requests are signed for.
    pub region: String,
    /// Who asks.
    pub access_key_id: String,
    /// What the requests are signed with.
    pub secret_access_key: Zeroizing<String>,
}

impl fmt::Debug for BucketPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketPlace")
            .field("endpoint", &self.endpoint)
            .field("name", &self.name)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
