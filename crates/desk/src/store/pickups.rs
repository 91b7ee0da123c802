//! What this terminal fetches or fetched.

use std::path::PathBuf;

use care_model::{DeliveryId, Digest};
use chrono::{DateTime, Utc};
use desk_ipc::CommandError;
use exchange_flow::pickup::PickupState;
use serde::{Deserialize, Serialize};

use super::{ListName, Store, StoreError, id_bytes, state_json, state_of, to_millis};

const TABLE: &str = "pickup";

/// The fetching of one delivery by this terminal.
#[derive(Debug, Clone)]
pub(crate) struct Pickup {
    pub(crate) delivery: DeliveryId,
    pub(crate) state: PickupState,
    pub(crate) content: PickupContent,
}

/// What of it is sealed: folders and names.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct PickupContent {
    /// The folder that the person chose.
    pub(crate) folder: PathBuf,
    /// The hidden folder that is being filled, once there is one.
    pub(crate) staging: Option<PathBuf>,
    /// What the filled folder is about to become, stored before the rename makes it so.
    #[serde(default)]
    pub(crate) aim: Option<Aim>,
    /// The folder in which the delivery landed.
    pub(crate) landed: Option<PathBuf>,
    /// The folder of an earlier copy, marked as the doubtful one, while another is being fetched.
    #[serde(default)]
    pub(crate) doubtful: Option<PathBuf>,
    /// Attachments whose sent name could not be kept: as sent, as saved.
    #[serde(default)]
    pub(crate) renamed: Vec<(String, String)>,
    /// Why the last try failed, with what its sentence needs.
    pub(crate) refusal: Option<CommandError>,
}

/// A folder that is about to become visible, and what it will hold.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Aim {
    /// Its visible path, or that of the folder whose files they become.
    pub(crate) folder: PathBuf,
    /// Whether the folder holds others: then its name says nothing of the delivery.
    #[serde(default)]
    pub(crate) flat: bool,
    /// Name, size and digest of every file.
    pub(crate) files: Vec<(String, u64, Digest)>,
}

/// Whether something is still to be done with it.
fn is_open(state: &PickupState) -> bool {
    matches!(
        state,
        PickupState::Planned | PickupState::Landing { .. } | PickupState::Landed { .. }
    )
}

type Row = (Vec<u8>, String, Vec<u8>);

impl Store {
    /// Stores a pickup.
    pub(crate) async fn put_pickup(&self, pickup: &Pickup, now: DateTime<Utc>) -> Result<(), StoreError> {
        let id = pickup.delivery.as_bytes().as_slice();
        sqlx::query(
            "INSERT INTO pickup (delivery, state, open, changed_at, sealed) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (delivery) DO UPDATE SET state = excluded.state, open = excluded.open,
                 changed_at = excluded.changed_at, sealed = excluded.sealed",
        )
        .bind(id)
        .bind(state_json(TABLE, &pickup.state)?)
        .bind(is_open(&pickup.state))
        .bind(to_millis(now))
        .bind(self.seal(TABLE, id, &pickup.content)?)
        .execute(&self.write)
        .await?;
        self.note_changed(ListName::Inbox, [pickup.delivery]);
        Ok(())
    }

    /// One pickup.
    pub(crate) async fn pickup(&self, delivery: DeliveryId) -> Result<Option<Pickup>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT delivery, state, sealed FROM pickup WHERE delivery = ?")
            .bind(delivery.as_bytes().as_slice())
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| self.pickup_of(row)).transpose()
    }

    /// Every pickup of this terminal.
    pub(crate) async fn pickups(&self) -> Result<Vec<Pickup>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as("SELECT delivery, state, sealed FROM pickup")
            .fetch_all(&self.read)
            .await?;
        rows.into_iter().map(|row| self.pickup_of(row)).collect()
    }

    /// The pickups with which something is still to be done.
    pub(crate) async fn open_pickups(&self) -> Result<Vec<Pickup>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as("SELECT delivery, state, sealed FROM pickup WHERE open = 1 ORDER BY changed_at")
                .fetch_all(&self.read)
                .await?;
        rows.into_iter().map(|row| self.pickup_of(row)).collect()
    }

    pub(super) fn pickup_of(&self, (id, state, sealed): Row) -> Result<Pickup, StoreError> {
        Ok(Pickup {
            content: self.unseal(TABLE, &id, &sealed)?,
            delivery: DeliveryId::from_bytes(id_bytes(TABLE, &id)?),
            state: state_of(TABLE, &state)?,
        })
    }
}
