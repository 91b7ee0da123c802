//! 受信一覧 and 送信一覧: windows, what to filter by, selections, marks, details, CSV.
//!
//! Which rows a query means and in which order is the index's word; what a row shows is read from the store, and
//! only for the rows of the window.

mod detail;
pub(crate) mod export;
mod inbox;
mod outbox;

use std::collections::BTreeMap;

use care_model::{OfficeNumber, ProblemCode, limits};
use chrono::{DateTime, Utc};
use desk_ipc::{
    ATTACHMENTS_ALONE, CommandError, DeskEvent, ExpiryView, ImportedMark, ListChoices, ListIds, ListRange, OfficeView,
    UnitChoice,
};
use exchange_protocol::{DeliveryHeader, DeliveryStatus, PartRole};

use crate::{core::Core, home::expiry, index::Filter, store::ListName, words};

pub(crate) use {inbox::indexed as indexed_inbox, outbox::indexed as indexed_outbox};

/// Until when the exchange keeps content that nobody fetched, once that is near; it warns of its last week.
pub(super) fn keeping(
    status: &DeliveryStatus,
    kept_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<ExpiryView> {
    let open = matches!(status, DeliveryStatus::Waiting | DeliveryStatus::Claimed { .. });
    let left = expiry(kept_until.filter(|_| open)?, now);
    (left.days_left < limits::KEEPING_SHOWN_DAYS).then_some(ExpiryView {
        warns: left.days_left < limits::KEEPING_WARNING_DAYS,
        ..left
    })
}

impl From<desk_ipc::ListName> for ListName {
    fn from(name: desk_ipc::ListName) -> Self {
        match name {
            desk_ipc::ListName::Inbox => Self::Inbox,
            desk_ipc::ListName::Outbox => Self::Outbox,
        }
    }
}

impl Core {
    /// What a list can be filtered by.
    pub(crate) async fn list_choices(&self, list: ListName) -> Result<ListChoices, CommandError> {
        let mut fresh = self.list_rows(list).await?;
        let rows = fresh.rows();
        let mut offices: BTreeMap<OfficeNumber, OfficeView> = BTreeMap::new();
        for seen in rows.offices() {
            let office = offices
                .entry(seen.number)
                .or_insert_with(|| words::office(seen.number, &seen.name, &[]));
            // An office that was renamed is shown as it was called last.
            office.name.clone_from(&seen.name);
            if !office.kinds.iter().any(|kind| kind.code == seen.kind) {
                office.kinds.push(words::kind(seen.kind));
            }
        }
        let mut units: BTreeMap<Option<String>, String> = BTreeMap::new();
        for seen in rows.contents() {
            units.insert(seen.unit.clone(), seen.name.clone());
        }
        let mut offices: Vec<OfficeView> = offices.into_values().collect();
        offices.sort_by(|one, other| (&one.name, one.number).cmp(&(&other.name, other.number)));
        let mut units: Vec<UnitChoice> = units
            .into_iter()
            .map(|(id, name)| UnitChoice {
                id: id.unwrap_or_else(|| ATTACHMENTS_ALONE.to_owned()),
                name,
            })
            .collect();
        units.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(ListChoices { offices, units })
    }

    /// The identities of a range.
    pub(crate) async fn list_ids(&self, range: ListRange) -> Result<ListIds, CommandError> {
        if range.count > limits::SELECTED_ROWS_MAX {
            return Err(selection_too_large());
        }
        let filter = Filter::parse(&range.query)?;
        let mut fresh = self.list_rows(range.list.into()).await?;
        let (sort, ascending) = (range.query.sort, range.query.ascending);
        let (_, deliveries) = fresh.rows().window(filter, sort, ascending, range.from, range.count);
        Ok(ListIds { deliveries })
    }

    /// 取込済, or not. Only what was received can have been taken over; if one was not, none is marked.
    pub(crate) async fn mark_imported(&self, mark: ImportedMark) -> Result<(), CommandError> {
        if mark.deliveries.len() > limits::SELECTED_ROWS_MAX as usize {
            return Err(selection_too_large());
        }
        let known = self.store.inbox_rows(&mark.deliveries).await?;
        let received = known.iter().all(inbox::is_received);
        if known.len() != mark.deliveries.len() || (mark.imported && !received) {
            return Err(ProblemCode::DeliveryUnknown.into());
        }
        let at = mark.imported.then(|| self.now());
        self.store.put_imported(&mark.deliveries, at).await?;
        self.tell(DeskEvent::InboxChanged);
        Ok(())
    }
}

fn selection_too_large() -> CommandError {
    CommandError::new(ProblemCode::SelectionTooLarge).with("max", limits::SELECTED_ROWS_MAX.to_string())
}

/// A window larger than a page may ask for is no window.
fn check_window(count: u32) -> Result<(), CommandError> {
    match count {
        0..=limits::WINDOW_ROWS_MAX => Ok(()),
        _ => Err(ProblemCode::RequestMalformed.into()),
    }
}

/// What the files of a delivery are, by the side that looks at it, each once.
fn file_kinds(header: &DeliveryHeader, viewer: care_model::Party) -> Vec<String> {
    let mut kinds: Vec<String> = Vec::new();
    for part in &header.parts {
        let kind = match (part.role, &part.name) {
            (PartRole::StandardFile, Some(name)) => words::file_kind(name, viewer.role()),
            (PartRole::Attachment, _) => messages::contents::attachment(),
            _ => continue,
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// What a unit is called where contents are sorted and filtered by.
fn contents_name(header: &DeliveryHeader, viewer: care_model::Party) -> String {
    match words::unit(header.unit.as_deref(), viewer.role()) {
        name if name.is_empty() => messages::contents::attachments_only(),
        name => name,
    }
}

/// Whether a person's words about it may still be shown: what was taken back or expired is not to be read any more.
fn is_over(status: &DeliveryStatus) -> bool {
    matches!(status, DeliveryStatus::Recalled { .. } | DeliveryStatus::Expired { .. })
}
