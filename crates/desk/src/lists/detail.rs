//! 詳細 of one row: files with their digests, and what happened when.

use care_model::{DeliveryId, Party, ProblemCode};
use chrono::{DateTime, Utc};
use desk_ipc::{CommandError, DeliveryDetail, DetailEvent, DetailFile, DetailRequest, DetailTime, ListName};
use exchange_flow::pickup::PickupState;
use exchange_protocol::{DeliveryHeader, DeliveryStatus, PartRole};

use super::{
    inbox::folder_name,
    is_over,
    outbox::{Seen, cover_of, header_of},
};
use crate::{core::Core, cover::Cover, words};

impl Core {
    /// 詳細.
    pub(crate) async fn delivery_detail(&self, request: DetailRequest) -> Result<DeliveryDetail, CommandError> {
        let detail = match request.list {
            ListName::Inbox => self.inbox_detail(request.delivery).await?,
            ListName::Outbox => self.outbox_detail(request.delivery).await?,
        };
        detail.ok_or_else(|| ProblemCode::DeliveryUnknown.into())
    }

    async fn inbox_detail(&self, delivery: DeliveryId) -> Result<Option<DeliveryDetail>, CommandError> {
        let Some(row) = self.store.inbox_rows(&[delivery]).await?.pop() else {
            return Ok(None);
        };
        let this_terminal = self.identity().map(|identity| identity.terminal_name);
        let header = &row.entry.header;
        let content = row.pickup.as_ref().map(|pickup| &pickup.content);
        let renamed = content.map_or(&[][..], |content| content.renamed.as_slice());
        let mut times = vec![time(DetailEvent::Accepted, row.entry.accepted_at, None)];
        let confirmed = row.pickup.as_ref().and_then(|pickup| match pickup.state {
            PickupState::Confirmed { received_at } => Some(received_at),
            _ => None,
        });
        match (&row.entry.status, confirmed) {
            // What this terminal confirmed itself is known before the list says it.
            (_, Some(at)) => times.push(time(DetailEvent::Received, at, this_terminal)),
            (DeliveryStatus::Received { at }, None) => times.push(time(DetailEvent::Received, *at, None)),
            (
                DeliveryStatus::Claimed {
                    terminal_name, since, ..
                },
                None,
            ) => times.push(time(DetailEvent::Claimed, *since, Some(terminal_name.clone()))),
            (DeliveryStatus::Recalled { at }, None) => times.push(time(DetailEvent::Recalled, *at, None)),
            (DeliveryStatus::Expired { at }, None) => times.push(time(DetailEvent::Expired, *at, None)),
            (DeliveryStatus::Waiting, None) => {}
        }
        if let Some(at) = row.imported_at {
            times.push(time(DetailEvent::Imported, at, None));
        }
        // Without a cover part there was nothing to read.
        let cover = match header.cover() {
            None => Some(Cover::default()),
            Some(_) => row.cover.filter(|_| !is_over(&row.entry.status)),
        };
        Ok(Some(DeliveryDetail {
            office: words::office(header.from.office, &row.entry.from_name, &[header.from.kind]),
            own_kind: words::kind(header.to.kind),
            files: files(header, cover.as_ref(), renamed, header.to),
            times,
            folder_name: content.and_then(|content| content.landed.as_deref()).map(folder_name),
            ..of_header(header, header.to, cover.map(|cover| cover.note))
        }))
    }

    async fn outbox_detail(&self, delivery: DeliveryId) -> Result<Option<DeliveryDetail>, CommandError> {
        let Some(row) = self.store.outbox_rows(&[delivery]).await?.pop() else {
            return Ok(None);
        };
        let (Some(header), Some(seen)) = (header_of(&row), Seen::of(&row)) else {
            return Ok(None);
        };
        let mut times = Vec::new();
        if let Some(outgoing) = &row.outgoing {
            times.push(time(DetailEvent::Queued, outgoing.queued_at, None));
        }
        match seen {
            Seen::Unsent { .. } => {}
            Seen::OnPaper { queued_at, .. } => times.push(time(DetailEvent::OnPaper, queued_at, None)),
            accepted => times.push(time(DetailEvent::Accepted, accepted.since(), None)),
        }
        match seen {
            Seen::Unsent { .. } | Seen::Waiting { .. } => {}
            Seen::Downloaded { at, .. } => times.push(time(DetailEvent::Received, at, None)),
            Seen::Recalled { at, .. } => times.push(time(DetailEvent::Recalled, at, None)),
            Seen::Expired { at, .. } => times.push(time(DetailEvent::Expired, at, None)),
            Seen::OnPaper { faxed_at, .. } => {
                times.extend(faxed_at.map(|at| time(DetailEvent::Faxed, at, None)));
            }
        }
        let here = row.outgoing.as_ref();
        let cover = match header.cover() {
            None => Some(Cover::default()),
            Some(_) => here.and_then(cover_of),
        };
        let known_as = here.map(|row| row.content.to.clone());
        let office = match (&row.entry, known_as) {
            (Some(entry), _) => words::office(header.to.office, &entry.to_name, &[header.to.kind]),
            (None, Some(known)) => known,
            (None, None) => words::office(header.to.office, "", &[header.to.kind]),
        };
        Ok(Some(DeliveryDetail {
            office,
            own_kind: words::kind(header.from.kind),
            files: files(&header, cover.as_ref(), &[], header.from),
            times,
            ..of_header(&header, header.from, cover.map(|cover| cover.note))
        }))
    }
}

/// What the header alone says.
fn of_header(header: &DeliveryHeader, own: Party, note: Option<String>) -> DeliveryDetail {
    DeliveryDetail {
        delivery: header.id,
        office: words::office(header.from.office, "", &[]),
        own_kind: words::kind(own.kind),
        contents: words::contents_of(header, own),
        serial: header.serial,
        month: header.declared_month,
        recipients: header.declared_recipients,
        note,
        files: Vec::new(),
        times: Vec::new(),
        size_bytes: header.total_bytes(),
        folder_name: None,
    }
}

fn time(what: DetailEvent, at: DateTime<Utc>, terminal_name: Option<String>) -> DetailTime {
    DetailTime {
        what,
        at,
        terminal_name,
    }
}

/// The files as a person counts them. An attachment's name stands in the cover, in the order of the parts; where it
/// could not be saved under it, `renamed` says as what, in the same order.
fn files(
    header: &DeliveryHeader,
    cover: Option<&Cover>,
    renamed: &[(String, String)],
    viewer: Party,
) -> Vec<DetailFile> {
    let mut names = cover.map_or(&[][..], |cover| cover.attachments.as_slice()).iter();
    let mut renamed = renamed.iter().peekable();
    let parts = header.parts.iter().filter(|part| part.role != PartRole::Cover);
    parts
        .map(|part| {
            let attachment = part.role == PartRole::Attachment;
            let name = match attachment {
                true => names.next().cloned(),
                false => part.name.clone(),
            };
            let saved = renamed.next_if(|(sent, _)| attachment && sent.as_str() == name.as_deref().unwrap_or_default());
            DetailFile {
                kind_name: match (&name, attachment) {
                    (Some(name), false) => words::file_kind(name, viewer.role()),
                    _ => messages::contents::attachment(),
                },
                saved_as: saved.map(|(_, saved)| saved.clone()),
                name,
                attachment,
                size_bytes: part.size_bytes,
                digest: part.digest.to_string(),
            }
        })
        .collect()
}
