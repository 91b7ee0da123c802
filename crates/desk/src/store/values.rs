//! Single values under a name.

use serde::{Serialize, de::DeserializeOwned};

use super::{Store, StoreError};

const TABLE: &str = "value";

/// The names of single values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueName {
    /// The connection file as it was read.
    Connection,
    /// Key, certificate and office of this terminal.
    Identity,
    /// A new key of this terminal that waits for its certificate.
    NextKey,
    /// The tokens of the signed-in person.
    Session,
    /// The IDs that a person asked to remember.
    RememberedIds,
    /// What `me` answered last.
    Me,
    /// The news as last read from the exchange.
    News,
    /// The numbers of the news that were opened.
    ReadNews,
    /// 設定.
    Settings,
    /// 自動化.
    Automation,
    /// Offices that the directory told of.
    Directory,
    /// The folder last used for landing.
    LastFolder,
    /// The secret that keys the fingerprints of what was sent.
    FingerprintSecret,
    /// The epoch of the exchange that this desk has reconciled with.
    Epoch,
    /// The sequence of the newest delivery to this office that was told of or listed here.
    Announced,
    /// Of which office what was moved here is, and when it was made (ADR 0061).
    Moved,
}

impl ValueName {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Identity => "identity",
            Self::NextKey => "next_key",
            Self::Session => "session",
            Self::RememberedIds => "remembered_ids",
            Self::Me => "me",
            Self::News => "news",
            Self::ReadNews => "read_news",
            Self::Settings => "settings",
            Self::Automation => "automation",
            Self::Directory => "directory",
            Self::LastFolder => "last_folder",
            Self::FingerprintSecret => "fingerprint_secret",
            Self::Epoch => "epoch",
            Self::Announced => "announced",
            Self::Moved => "moved",
        }
    }
}

impl Store {
    /// Reads a value.
    pub(crate) async fn value<T: DeserializeOwned>(&self, name: ValueName) -> Result<Option<T>, StoreError> {
        let row: Option<(Vec<u8>,)> = sqlx::query_as("SELECT sealed FROM value WHERE name = ?")
            .bind(name.as_str())
            .fetch_optional(&self.read)
            .await?;
        row.map(|(sealed,)| self.unseal(TABLE, name.as_str().as_bytes(), &sealed))
            .transpose()
    }

    /// Writes a value.
    pub(crate) async fn set_value<T: Serialize>(&self, name: ValueName, value: &T) -> Result<(), StoreError> {
        let sealed = self.seal(TABLE, name.as_str().as_bytes(), value)?;
        sqlx::query(
            "INSERT INTO value (name, sealed) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed",
        )
        .bind(name.as_str())
        .bind(sealed)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Forgets a value.
    pub(crate) async fn forget_value(&self, name: ValueName) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM value WHERE name = ?")
            .bind(name.as_str())
            .execute(&self.write)
            .await?;
        Ok(())
    }
}
