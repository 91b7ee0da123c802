//! 送信一覧: what is still on this desk together with what the exchange holds.

use care_model::ProblemCode;
use chrono::{DateTime, Utc};
use desk_ipc::{CommandError, ListRequest, OutboxRow, OutboxStatus, OutboxView};
use exchange_flow::outbox::OutboxState;
use exchange_protocol::{DeliveryHeader, DeliveryStatus};

use super::{check_window, contents_name, file_kinds, keeping};
use crate::{
    core::Core,
    cover::Cover,
    fax::{can_fax, is_whole},
    index::{Filter, Indexed, Standing},
    outbox::state_view,
    refusal,
    store::{ListName, OutboxListed, Outgoing},
    words,
};

impl Core {
    /// A window of 送信一覧 as known now.
    pub(crate) async fn outbox_view(&self, request: ListRequest) -> Result<OutboxView, CommandError> {
        check_window(request.count)?;
        let filter = Filter::parse(&request.query)?;
        let (sort, ascending) = (request.query.sort, request.query.ascending);
        let mut fresh = self.list_rows(ListName::Outbox).await?;
        let index = fresh.rows();
        let (matching, ids) = index.window(filter, sort, ascending, request.from, request.count);
        let (total, open) = (index.total(), index.open());
        drop(fresh);
        let listed = self.store.outbox_rows(&ids).await?;
        let (_, synced_at) = self.store.list_cursor(ListName::Outbox).await?;
        Ok(OutboxView {
            rows: self.outbox_row_views(listed).await?,
            from: request.from,
            matching,
            total,
            open,
            synced_at,
            online: self.is_online(),
        })
    }

    /// Rows as the page shows them.
    async fn outbox_row_views(&self, listed: Vec<OutboxListed>) -> Result<Vec<OutboxRow>, CommandError> {
        let spool = self.spool.clone();
        let keeps_copies = self.settings().keeps_copies();
        let looked = tokio::task::spawn_blocking(move || {
            let kept = |row: &OutboxListed| {
                let outgoing = row.outgoing.as_ref();
                // What is on paper is here for the printer, whatever is set.
                let kept = outgoing.filter(|row| keeps_copies || matches!(row.state, OutboxState::OnPaper { .. }));
                let fax = outgoing.zip(header_of(row));
                Kept {
                    whole: kept.is_some_and(|row| is_whole(row, &spool)),
                    can_fax: fax.is_some_and(|(row, header)| can_fax(row, &header, &spool)),
                }
            };
            let with_kept = listed.into_iter().map(|row| (kept(&row), row));
            with_kept.collect::<Vec<_>>()
        });
        let looked = looked
            .await
            .map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))?;
        Ok(looked
            .into_iter()
            .filter_map(|(kept, row)| self.outbox_row_view(&row, &kept))
            .collect())
    }

    /// One row; none where it is in no list.
    pub(super) fn outbox_row_view(&self, row: &OutboxListed, kept: &Kept) -> Option<OutboxRow> {
        let header = header_of(row)?;
        let seen = Seen::of(row)?;
        let (to, contents) = match (&row.entry, &row.outgoing) {
            (Some(entry), outgoing) => {
                let mut to = words::office(header.to.office, &entry.to_name, &[header.to.kind]);
                to.telephone = outgoing.as_ref().and_then(|row| row.content.to.telephone.clone());
                (to, words::contents_of(&header, header.from))
            }
            (None, outgoing) => {
                let content = &outgoing.as_ref()?.content;
                (content.to.clone(), content.contents.clone())
            }
        };
        let status = match (seen, &row.outgoing) {
            (Seen::Unsent { .. }, Some(outgoing)) => OutboxStatus::Unsent {
                sending: state_view(self, outgoing),
            },
            (Seen::Downloaded { at, .. }, _) => OutboxStatus::Downloaded { at },
            (Seen::Recalled { at, .. }, _) => OutboxStatus::Recalled { at },
            (Seen::Expired { at, .. }, _) => OutboxStatus::Expired { at },
            (Seen::OnPaper { faxed_at, .. }, outgoing) => OutboxStatus::OnPaper {
                by: outgoing.as_ref().and_then(|row| row.content.on_paper_by.clone()),
                faxed_at,
            },
            (Seen::Unsent { .. } | Seen::Waiting { .. }, _) => OutboxStatus::Waiting,
        };
        Some(OutboxRow {
            delivery: header.id,
            at: seen.since(),
            to,
            contents,
            files: words::file_count(&header),
            serial: header.serial,
            note: row.outgoing.as_ref().and_then(cover_of).unwrap_or_default().note,
            keeping: row
                .entry
                .as_ref()
                .and_then(|entry| keeping(&entry.status, entry.kept_until, self.now())),
            can_resend: kept.whole && !matches!(seen, Seen::Unsent { .. }),
            can_fax: kept.can_fax,
            status,
        })
    }
}

/// What of a row's copies is here.
#[derive(Default)]
pub(super) struct Kept {
    /// Whether all are, to be sent or read again.
    whole: bool,
    /// Whether they can be printed for fax.
    can_fax: bool,
}

/// How a row stands, without what only the moment says.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seen {
    /// Only on this desk.
    Unsent { queued_at: DateTime<Utc> },
    /// 未.
    Waiting { accepted_at: DateTime<Utc> },
    /// 済.
    Downloaded {
        accepted_at: DateTime<Utc>,
        at: DateTime<Utc>,
    },
    /// 送信取消.
    Recalled {
        accepted_at: DateTime<Utc>,
        at: DateTime<Utc>,
    },
    /// Nobody fetched it in time.
    Expired {
        accepted_at: DateTime<Utc>,
        at: DateTime<Utc>,
    },
    /// Printed for fax, and never sent.
    OnPaper {
        queued_at: DateTime<Utc>,
        faxed_at: Option<DateTime<Utc>>,
    },
}

impl Seen {
    /// What the exchange told stands; of what it has not told yet, what the queue knows. What was cancelled here was
    /// never sent.
    pub(super) fn of(row: &OutboxListed) -> Option<Self> {
        if let Some(entry) = &row.entry {
            let accepted_at = entry.accepted_at;
            return Some(match entry.status {
                DeliveryStatus::Waiting | DeliveryStatus::Claimed { .. } => Self::Waiting { accepted_at },
                DeliveryStatus::Received { at } => Self::Downloaded { accepted_at, at },
                DeliveryStatus::Recalled { at } => Self::Recalled { accepted_at, at },
                DeliveryStatus::Expired { at } => Self::Expired { accepted_at, at },
            });
        }
        let outgoing = row.outgoing.as_ref()?;
        match outgoing.state {
            OutboxState::Cancelled => None,
            OutboxState::Sent { accepted_at } => Some(Self::Waiting { accepted_at }),
            OutboxState::OnPaper { faxed_at } => Some(Self::OnPaper {
                queued_at: outgoing.queued_at,
                faxed_at,
            }),
            OutboxState::Queued { .. } | OutboxState::Sending { .. } | OutboxState::Held { .. } => Some(Self::Unsent {
                queued_at: outgoing.queued_at,
            }),
        }
    }

    /// 送信日時, or when it was put on paper.
    pub(super) fn since(self) -> DateTime<Utc> {
        match self {
            Self::Unsent { queued_at } | Self::OnPaper { queued_at, .. } => queued_at,
            Self::Waiting { accepted_at }
            | Self::Downloaded { accepted_at, .. }
            | Self::Recalled { accepted_at, .. }
            | Self::Expired { accepted_at, .. } => accepted_at,
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Unsent { .. } => 0,
            Self::Waiting { .. } => 1,
            Self::Downloaded { .. } => 2,
            Self::Recalled { .. } => 3,
            Self::Expired { .. } => 4,
            Self::OnPaper { faxed_at: None, .. } => 5,
            Self::OnPaper { .. } => 6,
        }
    }

    /// Words that it is found by besides what was written.
    fn found_by(self) -> Option<String> {
        match self {
            Self::OnPaper { faxed_at: None, .. } => Some(messages::list_csv::on_paper()),
            Self::OnPaper { .. } => Some(messages::list_csv::faxed()),
            _ => None,
        }
    }
}

/// The header as the exchange told it, else as this desk made it.
pub(super) fn header_of(row: &OutboxListed) -> Option<DeliveryHeader> {
    if let Some(entry) = &row.entry {
        return Some(entry.header.clone());
    }
    let outgoing = row.outgoing.as_ref()?;
    let header = outgoing.content.header();
    if let Err(error) = &header {
        tracing::error!(delivery.id = %outgoing.delivery, %error, "the header of a delivery cannot be read");
    }
    header.ok()
}

/// What was written into a delivery, where this desk kept it.
pub(super) fn cover_of(outgoing: &Outgoing) -> Option<Cover> {
    Cover::read(outgoing.content.cover.as_bytes())
}

/// What the index knows of a row; none where it is in no list.
pub(crate) fn indexed(row: &OutboxListed) -> Option<Indexed> {
    let header = header_of(row)?;
    let seen = Seen::of(row)?;
    let outgoing = row.outgoing.as_ref();
    let cover = outgoing.and_then(cover_of).unwrap_or_default();
    let position = outgoing.map_or(0, |row| u64::from(row.position));
    let known_name = || outgoing.map(|row| row.content.to.name.clone());
    Some(Indexed {
        delivery: header.id,
        at: seen.since(),
        place: row.entry.as_ref().map_or(position, |entry| entry.sequence),
        other: header.to,
        other_name: match &row.entry {
            Some(entry) => entry.to_name.clone(),
            None => known_name().unwrap_or_default(),
        },
        own_kind: header.from.kind,
        contents_name: contents_name(&header, header.from),
        file_kinds: file_kinds(&header, header.from),
        month: header.declared_month,
        serial: header.serial,
        unit: header.unit,
        written: std::iter::once(cover.note)
            .chain(cover.attachments)
            .chain(seen.found_by())
            .collect(),
        standing: Standing {
            rank: seen.rank(),
            open: matches!(seen, Seen::Unsent { .. } | Seen::Waiting { .. }),
            unsent: matches!(seen, Seen::Unsent { .. }),
            on_paper: matches!(seen, Seen::OnPaper { .. }),
            awaits_import: false,
            came_to_nothing: matches!(seen, Seen::Recalled { .. } | Seen::Expired { .. }),
        },
    })
}
