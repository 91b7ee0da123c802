//! Which deliveries of a month count, by the office on the other side, and what of them can be read here.

use std::{cmp::Reverse, collections::BTreeMap, collections::BTreeSet};

use care_model::{ExchangeFileName, FileKind, OfficeNumber, OfficeRole, Party, ProblemCode, ServiceMonth, limits};
use chrono::{DateTime, Utc};
use desk_ipc::{CommandError, OfficeView};
use exchange_flow::{outbox::OutboxState, pickup::PickupState};
use exchange_protocol::{DeliveryHeader, DeliveryStatus};

use crate::{
    core::Core,
    reading::Bundle,
    received::Received,
    store::{InboxListed, ListName, OutboxListed},
    words,
};

/// Units of 利用票・別表 and of what withdraws them.
const PLANS: [&str; 4] = [
    "home_schedule",
    "home_schedule_delete",
    "preventive_schedule",
    "preventive_schedule_delete",
];
/// Units of 実績 and of what withdraws them.
const ACTUALS: [&str; 4] = [
    "home_actual",
    "home_actual_delete",
    "preventive_actual",
    "preventive_actual_delete",
];
/// Rows that are read together.
const ROWS_AT_ONCE: usize = 500;

/// Who reports what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reporter {
    /// The office on the other side.
    Theirs(OfficeNumber),
    /// This office.
    Ours(OfficeNumber),
    /// Offices that both manage care pass on what others report (委託).
    Commissioned,
}

impl Reporter {
    /// The office whose services are meant; all where several report.
    pub(super) fn provider(self) -> Option<OfficeNumber> {
        match self {
            Self::Theirs(office) | Self::Ours(office) => Some(office),
            Self::Commissioned => None,
        }
    }
}

/// The deliveries of a month with one office.
pub(super) struct Gathered {
    pub(super) office: OfficeView,
    named_at: DateTime<Utc>,
    plan: Found,
    actuals: Found,
}

/// By the office on the other side, and who reports.
pub(super) type ByOffice = BTreeMap<(OfficeNumber, Reporter), Gathered>;

/// What there is of one side.
#[derive(Default)]
struct Found {
    kept: Vec<Kept>,
    waiting: u32,
    not_here: u32,
}

/// A delivery of which there is a copy.
struct Kept {
    at: DateTime<Utc>,
    viewer: OfficeRole,
    copy: Received,
}

/// What one side came to.
pub(super) struct Half {
    pub(super) bundle: Bundle,
    /// Deliveries that nobody here has fetched yet.
    pub(super) waiting: u32,
    /// Deliveries of which there is no copy here.
    pub(super) not_here: u32,
    /// Deliveries that are too large to be read together with the others.
    pub(super) too_large: u32,
}

/// Plan or actuals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Plan,
    Actuals,
}

impl Side {
    fn of(unit: &str) -> Option<Self> {
        match unit {
            unit if PLANS.contains(&unit) => Some(Self::Plan),
            unit if ACTUALS.contains(&unit) => Some(Self::Actuals),
            _ => None,
        }
    }

    /// The kinds of files that are read: who, what, and what is withdrawn.
    fn wanted(self) -> fn(FileKind) -> bool {
        match self {
            Self::Plan => |kind| {
                matches!(
                    kind,
                    FileKind::UseSlip | FileKind::UseSlipDeletion | FileKind::RecipientSupplement
                )
            },
            Self::Actuals => |kind| matches!(kind, FileKind::Actuals | FileKind::ActualsDeletion),
        }
    }
}

impl Core {
    /// The plans and actuals of a month by office, and every month of which there are any.
    pub(super) async fn gather(&self, month: ServiceMonth) -> Result<(BTreeSet<ServiceMonth>, ByOffice), CommandError> {
        let units: Vec<&str> = PLANS.into_iter().chain(ACTUALS).collect();
        let mut months = BTreeSet::new();
        let mut ids = [Vec::new(), Vec::new()];
        for (list, ids) in [ListName::Inbox, ListName::Outbox].into_iter().zip(&mut ids) {
            let mut fresh = self.list_rows(list).await?;
            let rows = fresh.rows();
            months.extend(rows.months_of(&units));
            *ids = rows.of_month(month, &units);
        }
        let [received, sent] = ids;
        must_be_few(received.len() + sent.len())?;
        let mut offices = ByOffice::new();
        for ids in received.chunks(ROWS_AT_ONCE) {
            for row in self.store.inbox_rows(ids).await? {
                self.add_received(&mut offices, row).await?;
            }
        }
        for ids in sent.chunks(ROWS_AT_ONCE) {
            for row in self.store.outbox_rows(ids).await? {
                self.add_sent(&mut offices, row).await?;
            }
        }
        Ok((months, offices))
    }

    /// What came. What was taken back or expired before it was fetched is as if it had never come.
    async fn add_received(&self, offices: &mut ByOffice, row: InboxListed) -> Result<(), CommandError> {
        let entry = row.entry;
        let Some((side, reporter)) = meaning(&entry.header, false) else {
            return Ok(());
        };
        let landed = row
            .pickup
            .is_some_and(|pickup| matches!(pickup.state, PickupState::Landed { .. } | PickupState::Confirmed { .. }));
        let copy = match entry.status {
            // What came from another PC has a copy here that never landed here.
            _ if landed || row.has_copy => match self.received(entry.header.id).await {
                Ok(copy) => Some(copy),
                Err(refused) if refused.code == ProblemCode::ReceivedCopyGone => None,
                Err(refused) => return Err(refused),
            },
            DeliveryStatus::Waiting | DeliveryStatus::Claimed { .. } | DeliveryStatus::Received { .. } => None,
            DeliveryStatus::Recalled { .. } | DeliveryStatus::Expired { .. } => return Ok(()),
        };
        let waits = !landed && matches!(entry.status, DeliveryStatus::Waiting | DeliveryStatus::Claimed { .. });
        let own = entry.header.to;
        let found = place(
            offices,
            entry.header.from,
            &entry.from_name,
            None,
            entry.accepted_at,
            reporter,
        )
        .of(side);
        found.add(copy, waits, entry.accepted_at, own.role());
        Ok(())
    }

    /// What was sent and not taken back, and did not expire before the other side fetched it.
    async fn add_sent(&self, offices: &mut ByOffice, row: OutboxListed) -> Result<(), CommandError> {
        let sent_at = row.outgoing.as_ref().and_then(|outgoing| match outgoing.state {
            OutboxState::Sent { accepted_at } => Some(accepted_at),
            _ => None,
        });
        let (header, at, name) = match (&row.entry, &row.outgoing) {
            (Some(entry), _) => {
                if matches!(
                    entry.status,
                    DeliveryStatus::Recalled { .. } | DeliveryStatus::Expired { .. }
                ) {
                    return Ok(());
                }
                (entry.header.clone(), entry.accepted_at, entry.to_name.clone())
            }
            (None, Some(outgoing)) => match sent_at {
                Some(at) => (outgoing.content.header()?, at, outgoing.content.to.name.clone()),
                None => return Ok(()),
            },
            (None, None) => return Ok(()),
        };
        let Some((side, reporter)) = meaning(&header, true) else {
            return Ok(());
        };
        let telephone = row.outgoing.as_ref().and_then(|row| row.content.to.telephone.clone());
        let copy = match row.outgoing {
            Some(outgoing) => self.kept_sent(header.clone(), outgoing.content.parts).await?,
            None => None,
        };
        let found = place(offices, header.to, &name, telephone, at, reporter).of(side);
        found.add(copy, false, at, header.from.role());
        Ok(())
    }

    /// Reads both sides of an office. `left` is how many bytes may still be read.
    pub(super) async fn read_both(
        &self,
        gathered: Gathered,
        left: &mut u64,
    ) -> Result<(OfficeView, Half, Half), CommandError> {
        let plan = self.read_half(gathered.plan, Side::Plan, left).await?;
        let actuals = self.read_half(gathered.actuals, Side::Actuals, left).await?;
        Ok((gathered.office, plan, actuals))
    }

    async fn read_half(&self, mut found: Found, side: Side, left: &mut u64) -> Result<Half, CommandError> {
        let mut half = Half {
            bundle: Bundle::new(OfficeRole::CareManagement),
            waiting: found.waiting,
            not_here: found.not_here,
            too_large: 0,
        };
        // The newest first: of what is there twice it counts, and where not all fits the oldest is left.
        found.kept.sort_by_key(|kept| Reverse(kept.at));
        let mut held = 0;
        for kept in found.kept {
            let size = size_of(&kept.copy.header, side.wanted());
            if !fits(held, size, *left) {
                half.too_large += 1;
                continue;
            }
            held += size;
            *left -= size;
            let read = self.kept_bundle(kept.copy, kept.viewer, side.wanted()).await?;
            half.bundle.take_in(read);
        }
        Ok(half)
    }
}

impl Gathered {
    fn of(&mut self, side: Side) -> &mut Found {
        match side {
            Side::Plan => &mut self.plan,
            Side::Actuals => &mut self.actuals,
        }
    }
}

impl Found {
    fn add(&mut self, copy: Option<Received>, waits: bool, at: DateTime<Utc>, viewer: OfficeRole) {
        match copy {
            Some(copy) => self.kept.push(Kept { at, viewer, copy }),
            None if waits => self.waiting += 1,
            None => self.not_here += 1,
        }
    }
}

/// The place of an office, under the name that it had last.
fn place<'a>(
    offices: &'a mut ByOffice,
    other: Party,
    name: &str,
    telephone: Option<String>,
    at: DateTime<Utc>,
    reporter: Reporter,
) -> &'a mut Gathered {
    let gathered = offices.entry((other.office, reporter)).or_insert_with(|| Gathered {
        office: words::office(other.office, name, &[]),
        named_at: at,
        plan: Found::default(),
        actuals: Found::default(),
    });
    if at > gathered.named_at && !name.is_empty() {
        gathered.named_at = at;
        name.clone_into(&mut gathered.office.name);
    }
    if telephone.is_some() {
        gathered.office.telephone = telephone;
    }
    gathered
}

/// What a delivery is for a month, and who reports; nothing where it is neither plan nor actuals.
fn meaning(header: &DeliveryHeader, is_sent: bool) -> Option<(Side, Reporter)> {
    let side = Side::of(header.unit.as_deref()?)?;
    if [header.from, header.to]
        .iter()
        .all(|party| party.role() != OfficeRole::Service)
    {
        return Some((side, Reporter::Commissioned));
    }
    // Plans go to whoever reports, actuals come from them, whatever kinds the two say (標準仕様 4.1 has them swapped in
    // an example).
    let (provider, is_theirs) = match side {
        Side::Plan => (header.to.office, is_sent),
        Side::Actuals => (header.from.office, !is_sent),
    };
    let reporter = match is_theirs {
        true => Reporter::Theirs(provider),
        false => Reporter::Ours(provider),
    };
    Some((side, reporter))
}

fn must_be_few(deliveries: usize) -> Result<(), CommandError> {
    match deliveries {
        0..=limits::COMPARED_DELIVERIES_MAX => Ok(()),
        _ => Err(CommandError::new(ProblemCode::ComparisonTooLarge).with("max", limits::COMPARED_DELIVERIES_MAX)),
    }
}

/// Bytes of the files that are read of a delivery.
fn size_of(header: &DeliveryHeader, wanted: fn(FileKind) -> bool) -> u64 {
    let parts = header.parts.iter().filter(|part| {
        let name = part.name.as_deref().and_then(|name| ExchangeFileName::parse(name).ok());
        name.is_some_and(|name| wanted(name.kind))
    });
    parts.map(|part| part.size_bytes).sum()
}

/// Whether so much more can be read with what is held of one side already.
fn fits(held: u64, size: u64, left: u64) -> bool {
    held.saturating_add(size) <= limits::READING_BYTES_MAX && size <= left
}

#[cfg(test)]
mod tests {
    use care_model::{DeliveryId, Digest, ServiceKind};
    use exchange_protocol::{Part, PartRole, Sealing};

    use super::*;

    fn party(office: &str, kind: &str) -> Party {
        Party::new(OfficeNumber::parse(office).unwrap(), ServiceKind::parse(kind).unwrap())
    }

    fn header(unit: Option<&str>, from: Party, to: Party) -> DeliveryHeader {
        let part = |name: &str, size_bytes| Part {
            role: PartRole::StandardFile,
            name: Some(name.to_owned()),
            size_bytes,
            digest: Digest::of(b""),
        };
        DeliveryHeader {
            id: DeliveryId::from_bytes([1; 16]),
            from,
            to,
            serial: None,
            unit: unit.map(str::to_owned),
            declared_month: None,
            declared_recipients: None,
            parts: vec![
                part("UPPLAN_202604_9970100013_43_9970101003_11_20260326000001.CSV", 1_000),
                part("UPSIKYU_202604_9970100013_43_9970101003_11_20260326000001.CSV", 200),
                part("UPHOSOKU_202604_9970100013_43_9970101003_11_20260326000001.CSV", 30),
            ],
            sealing: Sealing::None,
        }
    }

    #[test]
    fn plans_go_to_whoever_reports_and_actuals_come_from_them() {
        let (manager, help) = (party("9970100013", "43"), party("9970101003", "11"));
        let centre = party("9900100018", "46");
        let theirs = |side| Some((side, Reporter::Theirs(help.office)));
        let ours = |side| Some((side, Reporter::Ours(help.office)));
        let asked = |unit, from, to, is_sent| meaning(&header(Some(unit), from, to), is_sent);
        assert_eq!(asked("home_schedule", manager, help, true), theirs(Side::Plan));
        assert_eq!(asked("home_schedule_delete", manager, help, false), ours(Side::Plan));
        assert_eq!(asked("home_actual", help, manager, false), theirs(Side::Actuals));
        assert_eq!(
            asked("preventive_actual_delete", help, manager, true),
            ours(Side::Actuals)
        );
        // The kinds of an example of the standard are swapped.
        let (manager, help) = (party("9970100013", "11"), party("9970101003", "43"));
        assert_eq!(asked("home_actual", help, manager, false), theirs(Side::Actuals));
        for unit in ["preventive_schedule", "preventive_actual"] {
            let passed_on = asked(unit, party("9970100013", "43"), centre, true).unwrap();
            assert_eq!(passed_on.1, Reporter::Commissioned);
        }
        assert_eq!(asked("home_plan", manager, help, true), None);
        assert_eq!(meaning(&header(None, manager, help), true), None);
    }

    #[test]
    fn one_delivery_too_many_is_refused() {
        assert!(must_be_few(limits::COMPARED_DELIVERIES_MAX).is_ok());
        let refused = must_be_few(limits::COMPARED_DELIVERIES_MAX + 1).unwrap_err();
        assert_eq!(refused.code, ProblemCode::ComparisonTooLarge);
        assert!(
            messages::problem(refused.code.as_str(), &refused.params)
                .what
                .contains("2000件")
        );
    }

    #[test]
    fn one_byte_too_many_is_not_read() {
        let manager = party("9970100013", "43");
        assert_eq!(size_of(&header(None, manager, manager), Side::Plan.wanted()), 1_030);
        assert_eq!(size_of(&header(None, manager, manager), Side::Actuals.wanted()), 0);
        let most = limits::READING_BYTES_MAX;
        assert!(fits(most - 10, 10, 10) && fits(0, most, limits::COMPARED_BYTES_MAX));
        assert!(!fits(most - 10, 11, 100) && !fits(0, 11, 10));
    }
}
