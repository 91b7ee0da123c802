//! The plan of a composition with everything that is known around it: offices, attachments, what blocks.

use std::collections::{HashMap, HashSet};

use care_model::{
    Address, DeliveryId, Digest, FileKind, Finding, FindingCode, FindingRule, NameReading, OfficeNumber, Party,
    Presence, ProblemCode, SendUnit, Serial, ServiceKind, ServiceMonth, Severity, limits,
};
use care_route::{PlannedDelivery, SourceFile};
use chrono::{DateTime, Utc};
use desk_ipc::{CompositionMode, OnExchange, SeverityView};
use exchange_protocol::OfficeEntry;

use super::{Chosen, Composition, HeldFile, guard};

/// What a composition does not know by itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    /// What the directory says of each destination; absent while the exchange could not be asked.
    pub(crate) offices: HashMap<OfficeNumber, Option<OfficeEntry>>,
    /// The secret that keys fingerprints.
    pub(crate) fingerprint_secret: [u8; 32],
    /// The office that is signed in.
    pub(crate) office: Option<OfficeNumber>,
    /// Its service kinds.
    pub(crate) kinds: Vec<ServiceKind>,
    /// Whether its licence has ended.
    pub(crate) licence_ended: bool,
    /// The display name of the person who is signed in, once it is known.
    pub(crate) person: Option<String>,
    /// When this office last sent to an office or received from it; absent where it never did.
    pub(crate) last_exchange: HashMap<OfficeNumber, DateTime<Utc>>,
}

/// A composition laid out.
pub(crate) struct Layout {
    pub(crate) deliveries: Vec<Laid>,
    /// Files in no delivery, with their findings.
    pub(crate) unplaced: Vec<(u32, Vec<Found>)>,
    pub(crate) findings: Vec<Found>,
    pub(crate) over_limit: u32,
    pub(crate) can_send: bool,
    pub(crate) needs_confirmation: bool,
}

/// One delivery laid out.
pub(crate) struct Laid {
    pub(crate) delivery: DeliveryId,
    pub(crate) from: Address,
    pub(crate) to: Address,
    /// Both ends with their kinds, once these are known.
    pub(crate) parties: Option<(Party, Party)>,
    pub(crate) on_exchange: OnExchange,
    /// Whether it is printed for fax instead of sent: its office is not on the exchange, and nothing else is in the way.
    pub(crate) on_paper: bool,
    /// What the records call an office that is not on the exchange.
    pub(crate) named: Option<String>,
    pub(crate) unit: Option<&'static SendUnit>,
    /// Required members of the unit that are not there.
    pub(crate) missing: Vec<FileKind>,
    /// None for attachments alone.
    pub(crate) serial: Option<Serial>,
    pub(crate) month: Option<ServiceMonth>,
    pub(crate) recipients: Option<u32>,
    /// The mark of its destination.
    pub(super) mark: i64,
    /// Its care recipients.
    pub(super) people: Vec<guard::Marked>,
    pub(crate) standard: Vec<u32>,
    pub(crate) attachments: Vec<u32>,
    pub(crate) findings: Vec<Found>,
    pub(crate) file_findings: Vec<(u32, Found)>,
    pub(crate) note: String,
    pub(crate) fingerprint: Digest,
    pub(crate) sent_before: Option<DateTime<Utc>>,
    pub(crate) blocked: bool,
}

/// Something found: by the checks of the standard, or a limit of the exchange.
#[derive(Debug, Clone)]
pub(crate) enum Found {
    /// By the checks.
    Finding(Finding),
    /// A refusal by its code.
    Refused(SeverityView, ProblemCode),
}

impl Found {
    pub(crate) fn severity(&self) -> SeverityView {
        match self {
            Self::Finding(finding) => match finding.severity {
                Severity::Blocks => SeverityView::Blocks,
                Severity::Warns => SeverityView::Warns,
                Severity::Notes => SeverityView::Notes,
            },
            Self::Refused(severity, _) => *severity,
        }
    }

    /// Row and column, from 1; nothing for what has no place.
    pub(crate) fn place(&self) -> (Option<u32>, Option<u32>) {
        match self {
            Self::Finding(finding) => (finding.row, finding.column),
            Self::Refused(..) => (None, None),
        }
    }

    fn blocks(&self) -> bool {
        self.severity() == SeverityView::Blocks
    }

    fn warns(&self) -> bool {
        self.severity() == SeverityView::Warns
    }
}

impl Laid {
    pub(super) fn all_findings(&self) -> impl Iterator<Item = &Found> {
        self.findings
            .iter()
            .chain(self.file_findings.iter().map(|(_, found)| found))
    }

    /// Whether it leaves the composition now; what is to be printed only where a person wants that.
    pub(crate) fn goes(&self, on_paper: &[DeliveryId]) -> bool {
        !self.blocked && (!self.on_paper || on_paper.contains(&self.delivery))
    }
}

impl Layout {
    /// Lays a composition out. Makes identities for deliveries that are new.
    pub(crate) fn of(composition: &mut Composition, around: &Surroundings) -> Self {
        if composition.mode == CompositionMode::Compose {
            composition.loosen_attachments();
        }
        let sources: Vec<SourceFile> = composition.files.iter().filter_map(source_of).collect();
        let sender = around.office;
        let plan = match sender {
            Some(sender) => care_route::plan(sender, &around.kinds, &sources),
            None => care_route::Plan::default(),
        };
        let compose = composition.mode == CompositionMode::Compose;
        let destinations = plan.destinations();
        let chosen = composition.chosen.filter(|_| compose);
        let alone = chosen.filter(|_| destinations.is_empty());
        let mut keys: Vec<String> = plan.deliveries.iter().chain(&plan.over_limit).map(key_of).collect();
        keys.extend(alone.map(|chosen| chosen.key()));
        composition.arrange(&keys);
        let mut layout = Self {
            deliveries: Vec::with_capacity(plan.deliveries.len()),
            unplaced: Vec::new(),
            findings: plan.findings.into_iter().map(Found::Finding).collect(),
            over_limit: u32::try_from(plan.over_limit.len()).unwrap_or(u32::MAX),
            can_send: false,
            needs_confirmation: false,
        };
        if compose && destinations.len() > 1 {
            let finding = Finding::blocks(FindingCode::SeveralDestinations).param("count", destinations.len());
            layout.findings.push(Found::Finding(finding));
        }
        if let Some(chosen) = chosen
            && let Some(other) = destinations.iter().find(|to| !chosen.is(**to))
        {
            let finding = Finding::blocks(FindingCode::SeveralDestinations).rule(FindingRule::Chosen);
            let finding = finding.param("chosen", chosen.to).param("office", other);
            layout.findings.push(Found::Finding(finding));
        }
        if around.licence_ended {
            layout
                .findings
                .push(Found::Refused(SeverityView::Blocks, ProblemCode::LicenceExpired));
        }
        for (place, planned) in plan.deliveries.into_iter().enumerate() {
            // In 新規作成 whatever is not of the standard goes with the first delivery.
            let loose = if compose && place == 0 {
                plan.attachments.as_slice()
            } else {
                &[]
            };
            layout
                .deliveries
                .push(lay(composition, around, place, planned.into(), loose));
        }
        if let (Some(chosen), Some(office)) = (alone, sender) {
            let laid = lay(
                composition,
                around,
                0,
                alone_to(chosen, office, around),
                &plan.attachments,
            );
            // A destination without anything for it is no delivery yet.
            layout
                .deliveries
                .extend(Some(laid).filter(|laid| !laid.attachments.is_empty()));
        }
        layout.place_the_rest(composition, &plan.attachments, plan.unplaced);
        layout.judge(composition);
        layout
    }

    /// Files that are in no delivery, each with its reason.
    fn place_the_rest(&mut self, composition: &Composition, attachments: &[u32], unplaced: Vec<(u32, Vec<Finding>)>) {
        let compose = composition.mode == CompositionMode::Compose;
        for file in &composition.files {
            let unreadable = file.unreadable.then_some(ProblemCode::DropUnreadable);
            if let Some(code) = file.taken.content.as_ref().err().copied().or(unreadable) {
                self.unplaced
                    .push((file.number, vec![Found::Refused(SeverityView::Blocks, code)]));
            } else if file.attached_to.is_some_and(|id| !composition.has(id)) || attachments.contains(&file.number) {
                let placed = self
                    .deliveries
                    .iter()
                    .any(|laid| laid.attachments.contains(&file.number));
                if !placed {
                    self.unplaced.push((file.number, vec![why_loose(file, compose)]));
                }
            }
        }
        for (number, findings) in unplaced {
            self.unplaced
                .push((number, findings.into_iter().map(Found::Finding).collect()));
        }
        self.unplaced.sort_by_key(|(number, _)| *number);
    }

    /// Whether it can be sent, and whether a person must confirm first (D19).
    pub(super) fn judge(&mut self, composition: &Composition) {
        let blocked_here = self.findings.iter().any(Found::blocks);
        let loose_block = self.unplaced.iter().flat_map(|(_, found)| found).any(Found::blocks);
        let sendable = self.deliveries.iter().filter(|laid| !laid.blocked).count();
        self.can_send = match composition.mode {
            CompositionMode::Compose => {
                sendable > 0 && sendable == self.deliveries.len() && !blocked_here && !loose_block
            }
            // A bad row never holds up the good ones; it stays in the list with its reason.
            CompositionMode::Dispatch => sendable > 0 && !blocked_here,
        };
        let going = || self.deliveries.iter().filter(|laid| !laid.blocked);
        self.needs_confirmation = going()
            .any(|laid| laid.on_paper || laid.sent_before.is_some() || laid.all_findings().any(Found::warns))
            || self.findings.iter().any(Found::warns)
            || !self.unplaced.is_empty()
            || sendable < self.deliveries.len();
    }
}

/// Why a file that is not of the standard has no place. Without a destination 新規作成 has nowhere to send it;
/// 一括送信 leaves it out. One of a refused kind is told so: attaching it elsewhere would be no way out.
fn why_loose(file: &HeldFile, compose: bool) -> Found {
    let attachable = file.taken.content.as_ref().is_ok_and(|content| content.attachable);
    match (attachable, compose) {
        (false, true) => Found::Refused(SeverityView::Blocks, ProblemCode::AttachmentKindRefused),
        (false, false) => Found::Refused(SeverityView::Warns, ProblemCode::AttachmentKindRefused),
        (true, _) => {
            let severity = if compose { Severity::Blocks } else { Severity::Warns };
            Found::Finding(Finding::new(severity, FindingCode::NotStandard).in_file(file.number))
        }
    }
}

/// A file of the standard or a loose one, as the plan wants it; attached and refused ones are none of its business.
fn source_of(file: &HeldFile) -> Option<SourceFile> {
    let content = file.taken.content.as_ref().ok()?;
    (file.attached_to.is_none() && !file.unreadable).then(|| SourceFile {
        number: file.number,
        name: file.taken.name.clone(),
        size_bytes: file.taken.size_bytes,
        digest: content.digest,
        facts: content.facts.as_deref().cloned(),
    })
}

fn key_of(planned: &PlannedDelivery) -> String {
    format!("{}/{}/{}", planned.serial, planned.to, planned.from)
}

/// What a delivery is before anything around it is known.
struct Outline {
    from: Address,
    to: Address,
    serial: Option<Serial>,
    unit: Option<&'static SendUnit>,
    files: Vec<u32>,
    month: Option<ServiceMonth>,
    recipients: Option<u32>,
    findings: Vec<Finding>,
    file_findings: Vec<(u32, Finding)>,
    blocked: bool,
}

impl From<PlannedDelivery> for Outline {
    fn from(planned: PlannedDelivery) -> Self {
        Self {
            from: planned.from,
            to: planned.to,
            serial: Some(planned.serial),
            unit: planned.unit,
            files: planned.files,
            month: planned.month,
            recipients: planned.recipients,
            findings: planned.findings,
            file_findings: planned.file_findings,
            blocked: planned.blocked,
        }
    }
}

/// Attachments alone for an office that a person chose.
fn alone_to(chosen: Chosen, office: OfficeNumber, around: &Surroundings) -> Outline {
    let sender = chosen.sender(office, &around.kinds);
    let to_itself = sender
        .is_none()
        .then(|| Finding::blocks(FindingCode::DestinationIsSender));
    Outline {
        from: sender.map_or(Address { office, kind: None }, Address::from),
        to: chosen.to.into(),
        serial: None,
        unit: None,
        files: Vec::new(),
        month: None,
        recipients: None,
        findings: to_itself.into_iter().collect(),
        file_findings: Vec::new(),
        blocked: sender.is_none(),
    }
}

fn lay(composition: &Composition, around: &Surroundings, place: usize, planned: Outline, loose: &[u32]) -> Laid {
    let slot = &composition.slots[place];
    let compose_first = place == 0 && composition.mode == CompositionMode::Compose;
    let attached = composition
        .files
        .iter()
        .filter(|file| file.attached_to == Some(slot.delivery) && file.taken.content.is_ok())
        .map(|file| file.number);
    let attachments: Vec<u32> = loose.iter().copied().chain(attached).collect();
    let mut findings: Vec<Found> = planned.findings.into_iter().map(Found::Finding).collect();
    let mut file_findings: Vec<(u32, Found)> = planned
        .file_findings
        .into_iter()
        .map(|(file, finding)| (file, Found::Finding(finding)))
        .collect();
    let entry = around.offices.get(&planned.to.office);
    let on_exchange = match entry {
        None => OnExchange::Unchecked,
        Some(Some(entry)) if planned.to.kind.is_none_or(|kind| entry.kinds.contains(&kind)) => OnExchange::Yes,
        Some(_) => OnExchange::No,
    };
    let entry = entry.and_then(Option::as_ref);
    if let Some(entry) = entry {
        file_findings.extend(guard::misnamed(composition, entry, &planned.files));
    }
    let parties = with_kinds(around, planned.from, planned.to, entry);
    if parties.is_none() && !planned.blocked {
        let finding = Finding::blocks(FindingCode::Name).rule(FindingRule::ServiceKind);
        findings.push(Found::Finding(finding));
    }
    check_attachments(
        composition,
        &planned.files,
        &attachments,
        &mut findings,
        &mut file_findings,
    );
    // A deletion is for a program, and there is no form of it to be handed over.
    let has_forms = planned.unit.is_some_and(|unit| !unit.is_deletion());
    let all = || findings.iter().chain(file_findings.iter().map(|(_, found)| found));
    let on_paper = on_exchange == OnExchange::No && has_forms && !planned.blocked && !all().any(Found::blocks);
    if on_exchange == OnExchange::No && !on_paper {
        findings.push(Found::Refused(SeverityView::Blocks, ProblemCode::DestinationUnknown));
    }
    let named = match on_exchange {
        OnExchange::No => guard::name_in_records(composition, planned.to.office, &planned.files),
        OnExchange::Yes | OnExchange::Unchecked => None,
    };
    let fingerprint = fingerprint(composition, around, planned.to, &planned.files, &attachments);
    let mut laid = Laid {
        delivery: slot.delivery,
        from: planned.from,
        to: planned.to,
        parties,
        on_exchange,
        on_paper,
        named,
        unit: planned.unit,
        missing: planned
            .unit
            .map_or_else(Vec::new, |unit| missing_of(composition, unit, &planned.files)),
        serial: planned.serial,
        month: planned.month,
        recipients: planned.recipients,
        mark: guard::mark(&around.fingerprint_secret, planned.to.office, None),
        people: guard::marked(composition, around, planned.to.office, &planned.files),
        standard: planned.files,
        attachments,
        findings,
        file_findings,
        note: if compose_first {
            composition.note.clone()
        } else {
            slot.note.clone()
        },
        fingerprint,
        sent_before: None,
        blocked: planned.blocked,
    };
    let found_to_block = laid.all_findings().any(Found::blocks);
    laid.blocked |= found_to_block;
    laid
}

/// The required members of a unit that are not among these files.
fn missing_of(composition: &Composition, unit: &SendUnit, files: &[u32]) -> Vec<FileKind> {
    let kinds: HashSet<FileKind> = composition
        .files
        .iter()
        .filter(|file| files.contains(&file.number))
        .filter_map(|file| NameReading::of(&file.taken.name).standard().map(|name| name.kind))
        .collect();
    let required = unit
        .members
        .iter()
        .filter(|member| member.presence == Presence::Required);
    required
        .map(|member| member.kind)
        .filter(|kind| !kinds.contains(kind))
        .collect()
}

/// Names of edition 3 do not say the kinds: an office that acts in one kind only leaves no doubt.
fn with_kinds(
    around: &Surroundings,
    from: Address,
    to: Address,
    destination: Option<&OfficeEntry>,
) -> Option<(Party, Party)> {
    let only = |kinds: &[ServiceKind]| match kinds {
        [kind] => Some(*kind),
        _ => None,
    };
    let from_kind = from.kind.or_else(|| only(&around.kinds))?;
    let to_kind = to.kind.or_else(|| only(&destination?.kinds))?;
    Some((Party::new(from.office, from_kind), Party::new(to.office, to_kind)))
}

/// The limits of D18.
fn check_attachments(
    composition: &Composition,
    standard: &[u32],
    attachments: &[u32],
    findings: &mut Vec<Found>,
    file_findings: &mut Vec<(u32, Found)>,
) {
    let mut total_bytes = 0_u64;
    for number in standard.iter().chain(attachments) {
        let Some(file) = composition.files.iter().find(|file| file.number == *number) else {
            continue;
        };
        total_bytes = total_bytes.saturating_add(file.taken.size_bytes);
        if !attachments.contains(number) {
            continue;
        }
        if file.taken.size_bytes > limits::ATTACHMENT_BYTES_MAX {
            let found = Found::Refused(SeverityView::Blocks, ProblemCode::AttachmentTooLarge);
            file_findings.push((*number, found));
        } else if file.taken.content.as_ref().is_ok_and(|content| !content.attachable) {
            let found = Found::Refused(SeverityView::Blocks, ProblemCode::AttachmentKindRefused);
            file_findings.push((*number, found));
        }
    }
    if attachments.len() > limits::ATTACHMENTS_MAX {
        findings.push(Found::Refused(SeverityView::Blocks, ProblemCode::AttachmentsTooMany));
    }
    if total_bytes > limits::DELIVERY_BYTES_MAX {
        findings.push(Found::Refused(SeverityView::Blocks, ProblemCode::DeliveryTooLarge));
    }
}

/// Tells the same bytes to the same office again; keyed, so that the row says nothing about them to anybody else.
fn fingerprint(
    composition: &Composition,
    around: &Surroundings,
    to: Address,
    standard: &[u32],
    attachments: &[u32],
) -> Digest {
    let digest_of = |number: &u32| {
        let file = composition.files.iter().find(|file| file.number == *number)?;
        file.taken.content.as_ref().ok().map(|content| content.digest)
    };
    let counted = if standard.is_empty() { attachments } else { standard };
    let mut digests: Vec<Digest> = counted.iter().filter_map(digest_of).collect();
    digests.sort_unstable();
    let mut text = around.fingerprint_secret.to_vec();
    text.extend_from_slice(to.to_string().as_bytes());
    for digest in digests {
        text.extend_from_slice(digest.as_bytes());
    }
    Digest::of(&text)
}
