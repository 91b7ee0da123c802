//! 受信一覧: what the exchange said of each delivery, joined with what this terminal did about it.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    time::Duration,
};

use care_model::{DeliveryId, OfficeNumber, ProblemCode, TerminalId, limits};
use desk_ipc::{
    CommandError, ExpiryView, FolderView, HolderView, InboxRow, InboxStatus, InboxView, ListIds, ListRequest,
};
use exchange_flow::pickup::PickupState;
use exchange_protocol::DeliveryStatus;

use super::{check_window, contents_name, file_kinds, keeping, selection_too_large};
use crate::{
    core::{Core, lock},
    index::{Filter, Indexed, Standing},
    refusal,
    store::{InboxListed, ListName, Pickup, ValueName},
    words,
};

/// How long a window waits to hear whether a folder is still there; a network drive that is away takes much longer.
const FOLDERS_ASKED_FOR: Duration = Duration::from_millis(200);

/// What a row is shown with besides what is stored of it.
#[derive(Default)]
pub(super) struct Beside {
    pub(super) import_before: u32,
    pub(super) office_folder: Option<FolderView>,
    pub(super) keeping: Option<ExpiryView>,
}

impl Core {
    /// A window of 受信一覧 as known now.
    pub(crate) async fn inbox_view(&self, request: ListRequest) -> Result<InboxView, CommandError> {
        check_window(request.count)?;
        let filter = Filter::parse(&request.query)?;
        let (sort, ascending) = (request.query.sort, request.query.ascending);
        let mut fresh = self.list_rows(ListName::Inbox).await?;
        let index = fresh.rows();
        let (matching, ids) = index.window(filter, sort, ascending, request.from, request.count);
        let (total, open) = (index.total(), index.open());
        let import_before: Vec<u32> = ids.iter().map(|delivery| index.import_before(*delivery)).collect();
        drop(fresh);
        let (rows, folders) = self.shown_inbox_rows(&ids, &import_before).await?;
        let (_, synced_at) = self.store.list_cursor(ListName::Inbox).await?;
        Ok(InboxView {
            rows,
            from: request.from,
            matching,
            total,
            open,
            receive_into: self.settings().receive_into,
            synced_at,
            online: self.is_online(),
            last_folder: self.folder_view(folders.last.as_deref()),
        })
    }

    /// Rows by their identity, wherever they stand in the list; what is not in it is left out.
    pub(crate) async fn inbox_rows(&self, named: ListIds) -> Result<Vec<InboxRow>, CommandError> {
        let ids = named.deliveries;
        if ids.len() > limits::SELECTED_ROWS_MAX as usize {
            return Err(selection_too_large());
        }
        let mut fresh = self.list_rows(ListName::Inbox).await?;
        let index = fresh.rows();
        let import_before: Vec<u32> = ids.iter().map(|delivery| index.import_before(*delivery)).collect();
        drop(fresh);
        Ok(self.shown_inbox_rows(&ids, &import_before).await?.0)
    }

    /// Rows as the page shows them, with the folders that are there.
    async fn shown_inbox_rows(
        &self,
        ids: &[DeliveryId],
        import_before: &[u32],
    ) -> Result<(Vec<InboxRow>, Folders), CommandError> {
        let terminal = self.identity().map(|identity| identity.terminal);
        let now = self.now();
        let listed = self.store.inbox_rows(ids).await?;
        let folders = self.folders_at_hand(&listed).await?;
        let places: HashMap<DeliveryId, usize> = ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
        let rows = listed.into_iter().map(|row| {
            let place = places.get(&row.entry.header.id);
            let beside = Beside {
                import_before: place.and_then(|place| import_before.get(*place).copied()).unwrap_or(0),
                keeping: keeping(&row.entry.status, row.entry.kept_until, now),
                office_folder: match can_be_fetched(&row.entry.status) {
                    true => self.folder_view(folders.of(row.entry.header.from.office)),
                    false => None,
                },
            };
            row_view(row, terminal, beside)
        });
        Ok((rows.collect(), folders))
    }

    /// The folders that rows of a window can be fetched into and that are there.
    async fn folders_at_hand(&self, rows: &[InboxListed]) -> Result<Folders, CommandError> {
        let mut folders = Folders {
            last: self.store.value::<PathBuf>(ValueName::LastFolder).await?,
            of_offices: Vec::new(),
        };
        let waiting = rows.iter().filter(|row| can_be_fetched(&row.entry.status));
        let offices: HashSet<OfficeNumber> = waiting.map(|row| row.entry.header.from.office).collect();
        for office in offices {
            if let Some(folder) = self.store.office_folder(office).await? {
                folders.of_offices.push((office, folder));
            }
        }
        if folders.last.is_none() && folders.of_offices.is_empty() {
            return Ok(folders);
        }
        let asked = tokio::task::spawn_blocking(move || {
            folders.last.take_if(|folder| !folder.is_dir());
            folders.of_offices.retain(|(_, folder)| folder.is_dir());
            folders
        });
        match tokio::time::timeout(FOLDERS_ASKED_FOR, asked).await {
            Ok(answer) => answer.map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic())),
            // Whoever fetches is asked for a folder; the list does not wait for a drive that is away.
            Err(_) => Ok(Folders::default()),
        }
    }

    /// A folder under the name that the page knows it by.
    fn folder_view(&self, path: Option<&Path>) -> Option<FolderView> {
        let path = path?;
        let known = lock(&self.folders).find(|known| known.as_path() == path);
        Some(match known {
            Some(id) => FolderView {
                id,
                name: folder_name(path),
            },
            None => self.remember_folder(path.to_owned()),
        })
    }
}

/// Folders that are there.
#[derive(Default)]
struct Folders {
    last: Option<PathBuf>,
    of_offices: Vec<(OfficeNumber, PathBuf)>,
}

impl Folders {
    fn of(&self, office: OfficeNumber) -> Option<&Path> {
        let found = self.of_offices.iter().find(|(of, _)| *of == office);
        found.map(|(_, folder)| folder.as_path())
    }
}

/// Whether the exchange still has it to give.
fn can_be_fetched(status: &DeliveryStatus) -> bool {
    matches!(status, DeliveryStatus::Waiting | DeliveryStatus::Claimed { .. })
}

/// Whether it is 済, here or at another terminal.
pub(super) fn is_received(row: &InboxListed) -> bool {
    matches!(status_of(row, None), InboxStatus::Received { .. })
}

/// What the index knows of a row.
pub(crate) fn indexed(row: &InboxListed, terminal: Option<TerminalId>) -> Indexed {
    let header = &row.entry.header;
    let status = status_of(row, terminal);
    let (rank, open) = match &status {
        InboxStatus::Waiting { .. } => (0, true),
        InboxStatus::Fetching { .. } => (1, true),
        InboxStatus::Elsewhere { .. } => (2, true),
        InboxStatus::Superseded { .. } => (3, false),
        InboxStatus::Received { .. } => (4, false),
        InboxStatus::Recalled { .. } => (5, false),
        InboxStatus::Expired { .. } => (6, false),
    };
    let cover = row.cover.iter();
    Indexed {
        delivery: header.id,
        at: row.entry.accepted_at,
        place: row.entry.sequence,
        other: header.from,
        other_name: row.entry.from_name.clone(),
        own_kind: header.to.kind,
        unit: header.unit.clone(),
        contents_name: contents_name(header, header.to),
        file_kinds: file_kinds(header, header.to),
        month: header.declared_month,
        serial: header.serial,
        written: cover
            .flat_map(|cover| std::iter::once(&cover.note).chain(&cover.attachments).cloned())
            .collect(),
        standing: Standing {
            rank,
            open,
            unsent: false,
            on_paper: false,
            awaits_import: is_received(row) && row.imported_at.is_none(),
            came_to_nothing: matches!(status, InboxStatus::Recalled { .. } | InboxStatus::Expired { .. }),
        },
    }
}

/// A row as the page shows it.
pub(super) fn row_view(row: InboxListed, terminal: Option<TerminalId>, beside: Beside) -> InboxRow {
    let status = status_of(&row, terminal);
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
        import_before: match row.imported_at {
            Some(_) => 0,
            None => beside.import_before,
        },
        imported_at: row.imported_at,
        office_folder: beside.office_folder,
        // What landed here needs nobody's haste.
        keeping: beside.keeping.filter(|_| {
            matches!(
                status,
                InboxStatus::Waiting { .. }
                    | InboxStatus::Fetching { landed: false, .. }
                    | InboxStatus::Elsewhere { .. }
            )
        }),
        status,
    }
}

/// How a row stands.
pub(super) fn status_of(row: &InboxListed, terminal: Option<TerminalId>) -> InboxStatus {
    status(&row.entry.status, row.pickup.as_ref(), row.has_copy, terminal)
}

/// What this terminal knows for certain comes first; of the rest the exchange's word stands.
fn status(
    listed: &DeliveryStatus,
    pickup: Option<&Pickup>,
    has_copy: bool,
    terminal: Option<TerminalId>,
) -> InboxStatus {
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
                readable: has_copy,
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
            // What another PC received has its copy here after a move.
            readable: has_copy,
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

pub(super) fn folder_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}
