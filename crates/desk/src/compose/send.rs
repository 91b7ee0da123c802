//! From a laid-out composition to rows of the queue.

use std::collections::HashSet;

use care_model::{DeliveryId, Digest, ProblemCode};
use chrono::{DateTime, Utc};
use desk_ipc::{CommandError, CompositionMode, PlannedView};
use exchange_flow::outbox::OutboxState;
use exchange_protocol::{DeliveryHeader, HeaderError, Part, PartRole, Sealing};

use super::{Composition, Confirmation, FromDraft, HeldFile, Settled, layout::Laid, view};
use crate::{
    cover::Cover,
    refusal,
    spool::SpoolRef,
    store::{Outgoing, OutgoingContent},
    words,
};

/// What goes out now: the rows, and the composition that stays behind.
pub(crate) struct Ready {
    pub(crate) rows: Vec<Outgoing>,
    pub(crate) left: Composition,
    /// What stays of its own draft, if there is one: what did not go.
    pub(crate) draft: Option<Composition>,
    /// Drafts of which all went.
    pub(crate) used_up: Vec<FromDraft>,
}

impl Ready {
    /// Checks what blocks and what must be confirmed, and makes the rows. Nothing is stored yet. `on_paper` names the
    /// deliveries that a person wants printed for fax; one that would be sent after all is never taken for agreed to.
    pub(crate) fn prepare(
        composition: Composition,
        settled: &Settled,
        confirmed: bool,
        on_paper: &[DeliveryId],
        now: DateTime<Utc>,
    ) -> Result<Self, CommandError> {
        let Settled { around, layout } = settled;
        if layout.deliveries.is_empty() && layout.unplaced.is_empty() && composition.files.is_empty() {
            return Err(ProblemCode::CompositionEmpty.into());
        }
        let otherwise = |laid: &Laid| !laid.on_paper && on_paper.contains(&laid.delivery);
        if layout.deliveries.iter().any(otherwise) {
            return Err(ProblemCode::DestinationChanged.into());
        }
        let going: Vec<&Laid> = layout.deliveries.iter().filter(|laid| laid.goes(on_paper)).collect();
        if !layout.can_send || going.is_empty() {
            return Err(ProblemCode::CompositionBlocked.into());
        }
        if layout.needs_confirmation && !confirmed {
            return Err(ProblemCode::ConfirmationNeeded.into());
        }
        let mut confirmations = match layout.needs_confirmation {
            true => Confirmation::of_each(layout, &going, around.person.as_deref(), now),
            false => Vec::new(),
        }
        .into_iter();
        let mut rows = Vec::with_capacity(going.len());
        let mut shown: Vec<PlannedView> = Vec::with_capacity(going.len());
        for (place, laid) in going.iter().enumerate() {
            let planned = view::planned(&composition, around, laid);
            rows.push(Outgoing {
                delivery: laid.delivery,
                composition: composition.id,
                position: u32::try_from(place).unwrap_or(u32::MAX),
                state: match laid.on_paper {
                    true => OutboxState::OnPaper { faxed_at: None },
                    false => OutboxState::Queued {
                        tries: 0,
                        not_before: now,
                        maybe_sent: false,
                    },
                },
                queued_at: now,
                content: OutgoingContent {
                    on_paper_by: around.person.clone().filter(|_| laid.on_paper),
                    ..content_of(&composition, laid, &planned, confirmations.next())?
                },
            });
            shown.push(planned);
        }
        let gone: Vec<u32> = going
            .iter()
            .flat_map(|laid| laid.standard.iter().chain(&laid.attachments).copied())
            .collect();
        let mut left = composition.clone();
        left.files.retain(|file| !gone.contains(&file.number));
        left.slots
            .retain(|slot| !going.iter().any(|laid| laid.delivery == slot.delivery));
        left.sent.extend(shown);
        if left.mode == CompositionMode::Compose {
            left.note.clear();
            left.chosen = None;
        }
        // A draft without files had nothing that could go from here.
        let remains = |draft: &FromDraft| {
            draft.files.is_empty() || left.files.iter().any(|file| draft.files.contains(&file.number))
        };
        let (drafts, used_up) = std::mem::take(&mut left.drafts).into_iter().partition(remains);
        left.drafts = drafts;
        let mut draft = left.clone().into_draft();
        // A second copy of what went is nothing that anybody would send.
        let digest = |file: &HeldFile| file.taken.content.as_ref().ok().map(|content| content.digest);
        let went = composition.files.iter().filter(|file| gone.contains(&file.number));
        let went: HashSet<Digest> = went.filter_map(digest).collect();
        let doubled = |file: &HeldFile| digest(file).is_some_and(|digest| went.contains(&digest));
        let unplaced = |file: &HeldFile| layout.unplaced.iter().any(|(number, _)| *number == file.number);
        draft.files.retain(|file| !(unplaced(file) && doubled(file)));
        let draft = Some(draft).filter(|draft| !draft.files.is_empty());
        Ok(Self {
            rows,
            left,
            draft,
            used_up,
        })
    }
}

/// The header, the cover and the places of the bytes of one delivery; fixed from here on.
fn content_of(
    composition: &Composition,
    laid: &Laid,
    planned: &PlannedView,
    confirmation: Option<Confirmation>,
) -> Result<OutgoingContent, CommandError> {
    let (from, to) = laid.parties.ok_or(ProblemCode::CompositionBlocked)?;
    let cover = Cover {
        note: laid.note.clone(),
        attachments: laid
            .attachments
            .iter()
            .filter_map(|number| composition.files.iter().find(|file| file.number == *number))
            .map(|file| file.taken.name.clone())
            .collect(),
    };
    let cover = if cover.is_empty() {
        String::new()
    } else {
        serde_json::to_string(&cover).map_err(|error| refusal::logged(ProblemCode::Internal, &error.classify()))?
    };
    let mut parts = Vec::new();
    let mut places: Vec<SpoolRef> = Vec::new();
    if !cover.is_empty() {
        parts.push(Part {
            role: PartRole::Cover,
            name: None,
            size_bytes: cover.len() as u64,
            digest: Digest::of(cover.as_bytes()),
        });
    }
    let standard = laid.standard.iter().map(|number| (number, PartRole::StandardFile));
    let attachments = laid.attachments.iter().map(|number| (number, PartRole::Attachment));
    for (number, role) in standard.chain(attachments) {
        let file = composition.files.iter().find(|file| file.number == *number);
        let (file, content) = file
            .and_then(|file| Some((file, file.taken.content.as_ref().ok()?)))
            .ok_or(ProblemCode::CompositionBlocked)?;
        parts.push(Part {
            role,
            name: (role == PartRole::StandardFile).then(|| file.taken.name.clone()),
            size_bytes: file.taken.size_bytes,
            digest: content.digest,
        });
        places.push(content.place.clone());
    }
    let header = DeliveryHeader {
        id: laid.delivery,
        from,
        to,
        serial: laid.serial,
        unit: laid.unit.map(|unit| unit.id.to_owned()),
        declared_month: laid.month,
        declared_recipients: laid.recipients,
        parts,
        sealing: Sealing::None,
    };
    header.check().map_err(|error| match error {
        HeaderError::SameParty => CommandError::new(ProblemCode::DestinationIsSender),
        HeaderError::Limit => super::refusal_with_limits(ProblemCode::DeliveryTooLarge),
        HeaderError::Empty => CommandError::new(ProblemCode::CompositionEmpty),
        HeaderError::Parts | HeaderError::Names => CommandError::new(ProblemCode::DeliveryMalformed),
    })?;
    let header_json =
        serde_json::to_string(&header).map_err(|error| refusal::logged(ProblemCode::Internal, &error.classify()))?;
    Ok(OutgoingContent {
        header_json,
        cover,
        parts: places,
        to: planned.to.clone(),
        contents: words::contents(&planned.unit_name, planned.month, planned.recipients),
        unit_name: planned.unit_name.clone(),
        fingerprint: laid.fingerprint,
        marks: laid.marks().collect(),
        confirmation,
        refusal: None,
        on_paper_by: None,
    })
}
