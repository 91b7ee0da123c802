//! 受信一覧: what the exchange said of each delivery, joined with what this terminal did about it.

use std::collections::HashMap;

use care_model::{DeliveryId, TerminalId};
use desk_ipc::{
    CommandError, FolderView, HolderView, InboxRow, InboxStatus, InboxView, ListRequest, ReceiveInto,
};
use exchange_flow::pickup::PickupState;
use exchange_protocol::DeliveryStatus;

use std::path::PathBuf;

use crate::{
    core::{Core, lock},
    store::{InboxStored, ListName, Pickup, ValueName},
    words,
};

impl Core {
    /// 受信一覧 as known now.
    pub(crate) async fn inbox_view(&self, request: ListRequest) -> Result<InboxView, CommandError> {
        let rows = self.store.inbox().await?;
        let pickups: HashMap<DeliveryId, Pickup> = self
            .store
            .pickups()
            .await?
            .into_iter()
            .map(|pickup| (pickup.delivery, pickup))
            .collect();
        let terminal = self.identity().map(|identity| identity.terminal);
        let (_, synced_at) = self.store.list_cursor(ListName::Inbox).await?;
        let total = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        Ok(InboxView {
            from: request.from,
            matching: total,
            total,
            open: 0,
            receive_into: ReceiveInto::Ask,
            rows: rows
                .into_iter()
                .skip(request.from as usize)
                .take(request.count as usize)
                .map(|row| {
                    let pickup = pickups.get(&row.entry.header.id);
                    row_view(row, pickup, terminal)
                })
                .collect(),
            synced_at,
            online: self.is_online(),
            last_folder: self.last_folder().await?,
        })
    }

    /// The folder last used, if it is still there.
    async fn last_folder(&self) -> Result<Option<FolderView>, CommandError> {
        let Some(path) = self.store.value::<PathBuf>(ValueName::LastFolder).await? else {
            return Ok(None);
        };
        if !tokio::fs::metadata(&path).await.is_ok_and(|facts| facts.is_dir()) {
            return Ok(None);
        }
        let known = lock(&self.folders).find(|known| *known == path);
        Ok(Some(match known {
            Some(id) => FolderView {
                id,
                name: folder_name(&path),
            },
            None => self.remember_folder(path),
        }))
    }
}

fn row_view(row: InboxStored, pickup: Option<&Pickup>, terminal: Option<TerminalId>) -> InboxRow {
    let header = &row.entry.header;
    let (note, attachments) = match row.cover {
        Some(cover) => (Some(cover.note), cover.attachments),
        None => (None, Vec::new()),
    };
    InboxRow {
        delivery: header.id,
        at: row.entry.accepted_at,
        from: words::office(header.from.office, &row.entry.from_name, &[header.from.kind]),
        to_kind: words::kind(header.to.kind),
        contents: words::contents_of(header, header.to),
        files: words::file_count(header),
        size_bytes: header.total_bytes(),
        note,
        attachments,
        serial: header.serial,
        imported_at: None,
        import_before: 0,
        office_folder: None,
        status: status(&row.entry.status, pickup, terminal),
    }
}

/// What this terminal knows for certain comes first; of the rest the exchange's word stands.
fn status(listed: &DeliveryStatus, pickup: Option<&Pickup>, terminal: Option<TerminalId>) -> InboxStatus {
    match pickup.map(|pickup| &pickup.state) {
        Some(PickupState::Landed { .. }) => {
            return InboxStatus::Fetching {
                landed: true,
                problem: None,
            };
        }
        Some(PickupState::Superseded) => {
            return InboxStatus::Superseded {
                holder: holder(listed, terminal),
            };
        }
        Some(PickupState::Confirmed { received_at }) => {
            return InboxStatus::Received {
                at: *received_at,
                here: true,
                folder_name: pickup
                    .and_then(|pickup| pickup.content.landed.as_deref())
                    .map(folder_name),
            };
        }
        Some(PickupState::Planned | PickupState::Landing { .. })
            if matches!(listed, DeliveryStatus::Waiting | DeliveryStatus::Claimed { .. }) =>
        {
            return InboxStatus::Fetching {
                landed: false,
                problem: pickup.and_then(|pickup| pickup.content.refusal.clone()),
            };
        }
        _ => {}
    }
    let problem = pickup.and_then(|pickup| pickup.content.refusal.clone());
    match listed {
        DeliveryStatus::Waiting => InboxStatus::Waiting { problem },
        DeliveryStatus::Claimed { .. } => match holder(listed, terminal) {
            None => InboxStatus::Waiting { problem },
            Some(holder) => InboxStatus::Elsewhere {
                terminal_name: holder.terminal_name,
                since: holder.since,
                fence: holder.fence,
            },
        },
        DeliveryStatus::Received { at } => InboxStatus::Received {
            at: *at,
            here: false,
            folder_name: None,
        },
        DeliveryStatus::Recalled { at } => InboxStatus::Recalled { at: *at },
        DeliveryStatus::Expired { at } => InboxStatus::Expired { at: *at },
    }
}

/// Another terminal whose claim only a takeover frees.
fn holder(listed: &DeliveryStatus, terminal: Option<TerminalId>) -> Option<HolderView> {
    match listed {
        DeliveryStatus::Claimed {
            terminal: holder,
            terminal_name,
            since,
            fence,
            held: true,
        } if Some(*holder) != terminal => Some(HolderView {
            terminal_name: terminal_name.clone(),
            since: *since,
            fence: *fence,
        }),
        _ => None,
    }
}

fn folder_name(path: &std::path::Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}
