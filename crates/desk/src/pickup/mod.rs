//! データ取得: claim, land, confirm (D4, D5). The heart of the desk.
//!
//! A row is stored before the exchange is asked for anything, and every step is stored before the next begins:
//!
//! | State | What is true | If the process dies here |
//! |---|---|---|
//! | `Planned` | the wish is stored; the folder was looked at | the claim is asked for at the next start |
//! | `Landing` | this terminal has the claim; a hidden folder is being filled, or, its visible name stored, was just renamed | hidden folder gone and the named one whole: `Landed` under the same fence; otherwise claimed again under a higher one, and what is there already is digested and kept |
//! | `Landed` | every byte was checked, synced, renamed into view and read back | the confirmation is asked for until it is answered |
//! | `Confirmed` | 済: the exchange has said so | nothing is left to do |
//! | `Failed` | it ended without 済; nothing of it is in the folder | a person may try again |
//! | `Superseded` | the files are here, but another terminal took the delivery over | the copy is shown as doubtful; a person may take the delivery over again, into a new folder. If that comes to nothing, it is shown as doubtful again |
//!
//! Refusals before the claim leave everything as it was. A line that breaks while bytes come leaves the row
//! `Landing`, and it goes on by itself when the exchange is back. Once landed, only the exchange's word ends it:
//! nothing here ever shows 済 that the exchange has not confirmed.

mod fetch;

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use care_model::{DeliveryId, ExchangeFileName, OfficeNumber, ProblemCode, limits};
use desk_ipc::{CommandError, DeskEvent, PickupStart, ReceiveInto, TakeOverStart};
use disk::SystemDisk;
use exchange_client::ClientError;
use exchange_flow::pickup::{
    PickupEvent, PickupState, claim_refused, confirmation, given_up, line_broke, passes, step,
};
use exchange_protocol::{Claim, DeliveryHeader, DeliveryStatus, PartRole};
use kill_point::{Point, reach};

use crate::{
    core::{Core, lock},
    landing::{self, Showing},
    refusal,
    session::Line,
    store::{InboxStored, Pickup, PickupContent, ValueName},
};

/// Between two tries to confirm or to go on.
const AGAIN: Duration = Duration::from_secs(5);

/// What one pickup came to, when it was not refused.
pub(crate) enum Outcome {
    /// 済, or landed and waiting for the exchange's answer.
    Here,
    /// This desk fetches it already.
    UnderWay,
}

/// Marks a delivery as being fetched by this process.
struct Busy(Arc<Core>, DeliveryId);

impl Drop for Busy {
    fn drop(&mut self) {
        lock(&self.0.picking_up).remove(&self.1);
    }
}

/// Confirms what landed and goes on with what was interrupted, until the desk closes.
pub(crate) async fn run(core: Arc<Core>) {
    tokio::select! {
        () = core.closing.cancelled() => {}
        () = keep_going(&core) => {}
    }
}

async fn keep_going(core: &Arc<Core>) {
    loop {
        let wanted = core.confirm_wanted.notified();
        if core.is_signed_in() && core.finish_open().await {
            tokio::select! {
                () = wanted => {}
                () = tokio::time::sleep(AGAIN) => {}
            }
        } else {
            wanted.await;
        }
    }
}

impl Core {
    /// データ取得 for one or many, by rising serial. A refusal is answered if one delivery was asked for; of many,
    /// each row of 受信一覧 says its own, until one comes that every further row would meet: it ends the work.
    pub(crate) async fn pick_up(self: &Arc<Self>, start: PickupStart) -> Result<(), CommandError> {
        if start.deliveries.len() > limits::SELECTED_ROWS_MAX as usize {
            return Err(CommandError::new(ProblemCode::SelectionTooLarge).with("max", limits::SELECTED_ROWS_MAX));
        }
        let chosen = self.chosen(start.folder.as_ref())?;
        self.line().await?;
        let mut wanted: Vec<InboxStored> = Vec::with_capacity(start.deliveries.len());
        for delivery in &start.deliveries {
            wanted.push(self.listed(*delivery).await?);
        }
        wanted.sort_by_key(|row| (row.entry.header.serial, row.entry.sequence));
        let folders = self.folders_for(chosen.as_deref(), &wanted).await?;
        self.remember_chosen(chosen.as_deref(), &wanted).await?;
        let single = wanted.len() == 1;
        for (row, folder) in wanted.into_iter().zip(folders) {
            let fetched = self.fetch(row.entry.header.id, folder, None).await;
            match fetched {
                Err(error) if single || meets_every_row(error.code) => return Err(error),
                // The row holds the reason; the next one is tried all the same.
                Err(_) | Ok(_) => {}
            }
        }
        Ok(())
    }

    /// Takes over what another terminal holds; the person was told that it may have the files.
    pub(crate) async fn take_over(self: &Arc<Self>, start: TakeOverStart) -> Result<(), CommandError> {
        let chosen = self.chosen(start.folder.as_ref())?;
        let wanted = [self.listed(start.delivery).await?];
        let folder = self.folders_for(chosen.as_deref(), &wanted).await?.pop();
        let folder = folder.ok_or(ProblemCode::FolderMissing)?;
        self.remember_chosen(chosen.as_deref(), &wanted).await?;
        self.fetch(start.delivery, folder, Some(start.fence)).await.map(|_| ())
    }

    /// Where a delivery landed on this terminal.
    pub(crate) async fn landed_folder(&self, delivery: DeliveryId) -> Result<PathBuf, CommandError> {
        let pickup = self.store.pickup(delivery).await?;
        let landed = pickup.and_then(|pickup| pickup.content.landed);
        match landed {
            Some(folder) if tokio::fs::metadata(&folder).await.is_ok_and(|facts| facts.is_dir()) => Ok(folder),
            _ => Err(ProblemCode::FolderMissing.into()),
        }
    }

    /// The folder that a person chose for this time, if they did.
    fn chosen(&self, id: Option<&desk_ipc::FolderId>) -> Result<Option<PathBuf>, CommandError> {
        let Some(id) = id else { return Ok(None) };
        match lock(&self.folders).get(id) {
            Some(folder) => Ok(Some(folder)),
            None => Err(ProblemCode::FolderMissing.into()),
        }
    }

    /// Into which folder each delivery goes: the chosen one, or the one that 設定 names. All are looked at before
    /// anything is claimed, with the room that is needed in each.
    async fn folders_for(&self, chosen: Option<&Path>, wanted: &[InboxStored]) -> Result<Vec<PathBuf>, CommandError> {
        let settings = self.settings();
        let mut folders = Vec::with_capacity(wanted.len());
        let mut needed: HashMap<PathBuf, u64> = HashMap::new();
        for row in wanted {
            let header = &row.entry.header;
            let folder = match (chosen, settings.receive_into) {
                (Some(chosen), _) => Some(chosen.to_owned()),
                (None, ReceiveInto::Ask) => None,
                (None, ReceiveInto::Fixed) => settings.fixed_folder.clone(),
                (None, ReceiveInto::PerOffice) => self.store.office_folder(header.from.office).await?,
            };
            let folder = folder.ok_or(ProblemCode::FolderMissing)?;
            let bytes = needed.entry(folder.clone()).or_default();
            *bytes = bytes.saturating_add(header.total_bytes());
            folders.push(folder);
        }
        for (folder, bytes) in needed {
            check_folder(&folder, bytes).await?;
        }
        Ok(folders)
    }

    /// Remembers a folder that a person chose: for the next dialog, and for each of the offices.
    async fn remember_chosen(&self, chosen: Option<&Path>, wanted: &[InboxStored]) -> Result<(), CommandError> {
        let Some(folder) = chosen else { return Ok(()) };
        self.store.set_value(ValueName::LastFolder, &folder).await?;
        let offices: HashSet<OfficeNumber> = wanted.iter().map(|row| row.entry.header.from.office).collect();
        for office in offices {
            self.store.put_office_folder(office, folder).await?;
        }
        Ok(())
    }

    /// The row of 受信一覧; asks the exchange once if it is not known here.
    async fn listed(self: &Arc<Self>, delivery: DeliveryId) -> Result<InboxStored, CommandError> {
        if let Some(row) = self.store.inbox_entry(delivery).await? {
            return Ok(row);
        }
        self.sync().await?;
        let row = self.store.inbox_entry(delivery).await?;
        row.ok_or_else(|| ProblemCode::DeliveryUnknown.into())
    }

    /// Runs one pickup to where it can get. Nothing that the page does ends it half-way.
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        delivery: DeliveryId,
        folder: PathBuf,
        take_over_fence: Option<u64>,
    ) -> Result<Outcome, CommandError> {
        let core = Arc::clone(self);
        let task = tokio::spawn(async move {
            if !lock(&core.picking_up).insert(delivery) {
                return Ok(Outcome::UnderWay);
            }
            let _busy = Busy(Arc::clone(&core), delivery);
            let _transfer = core.begin_transfer();
            let result = tokio::select! {
                result = core.claim_land_confirm(delivery, folder, take_over_fence) => result,
                // The row says how far it is; the next start goes on from there.
                () = core.closing.cancelled() => Err(ProblemCode::ServerInterrupted.into()),
            };
            core.tell(DeskEvent::InboxChanged);
            core.sync_wanted.notify_one();
            core.begin_keeping(delivery);
            result.map(|()| Outcome::Here)
        });
        task.await
            .unwrap_or_else(|error| Err(refusal::logged(ProblemCode::Internal, &error.is_panic())))
    }

    async fn claim_land_confirm(
        self: &Arc<Self>,
        delivery: DeliveryId,
        folder: PathBuf,
        take_over_fence: Option<u64>,
    ) -> Result<(), CommandError> {
        let line = self.line().await?;
        let row = self.listed(delivery).await?;
        let mut known = self.store.pickup(delivery).await?;
        if let Some(pickup) = &mut known
            && let Err(refusal) = self.find_landed(pickup).await
            // Whoever takes over was told that there may be two copies; everything else waits for the folder.
            && !(refusal.code == ProblemCode::FolderAway && take_over_fence.is_some())
        {
            return Err(refusal);
        }
        let superseded = known
            .as_ref()
            .is_some_and(|pickup| pickup.state == PickupState::Superseded);
        let mut pickup = match known {
            Some(pickup) if matches!(pickup.state, PickupState::Landed { .. }) => {
                return self.confirm_landed(&line, pickup).await;
            }
            Some(pickup) if matches!(pickup.state, PickupState::Confirmed { .. }) => {
                return self.ask_again(&line, &pickup).await;
            }
            Some(pickup) if superseded && take_over_fence.is_none() && !self.may_claim(&row.entry.status) => {
                return Err(pickup.content.refusal.unwrap_or_else(|| ProblemCode::ClaimLost.into()));
            }
            Some(pickup) => planned_again(pickup, &folder),
            None => Pickup {
                delivery,
                state: PickupState::Planned,
                content: PickupContent {
                    folder: folder.clone(),
                    ..PickupContent::default()
                },
            },
        };
        if !superseded {
            self.store.put_pickup(&pickup, self.now()).await?;
            self.tell(DeskEvent::InboxChanged);
        }
        reach(Point::ClaimPlanned);
        let claim = line.exchange.claim(delivery, take_over_fence).await;
        let claim = match self.heard_by(&line, claim).await {
            Ok(claim) => claim,
            Err(refusal) => {
                let doubtful = pickup.content.doubtful.is_some();
                return Err(match claim_refused(&pickup.state, superseded, doubtful, refusal.code) {
                    Some(event) => self.end(pickup, event, refusal).await,
                    None => refusal,
                });
            }
        };
        reach(Point::ClaimAnswered);
        self.advance(&mut pickup, PickupEvent::Claimed { fence: claim.fence })?;
        let office = self.identity().map(|identity| identity.office);
        if !is_authentic(&claim, &row.entry.header, office) {
            return Err(self.fail(pickup, ProblemCode::HeaderMismatch.into()).await);
        }
        let named = landing::folder_name(self.settings().naming, row.entry.accepted_at, &claim.header);
        let staging = pickup
            .content
            .staging
            .clone()
            .unwrap_or_else(|| landing::Staging::path_for(&folder, &named.name));
        pickup.content.staging = Some(staging);
        self.store.put_pickup(&pickup, self.now()).await?;
        reach(Point::ClaimStored);
        let landed = match self.land(&line, &claim, &mut pickup, &named).await {
            Ok(landed) => landed,
            Err(fetch::LandError::Line(refusal)) => {
                let event = line_broke(pickup.content.doubtful.is_some(), refusal.code);
                return Err(match event {
                    Some(event) => self.end(pickup, event, refusal).await,
                    None => {
                        // The row stays as it is: it goes on by itself.
                        self.confirm_wanted.notify_waiters();
                        refusal
                    }
                });
            }
            Err(fetch::LandError::Unsafe) => {
                self.confirm_wanted.notify_waiters();
                return Err(self.folder_is_away(&mut pickup).await?);
            }
            Err(fetch::LandError::Refused(refusal)) => return Err(self.fail(pickup, refusal).await),
        };
        pickup.content.landed = Some(landed);
        pickup.content.staging = None;
        pickup.content.aim = None;
        self.advance(&mut pickup, PickupEvent::Landed)?;
        // Should this not be stored, the name stored before the rename lets the next try find the folder. It is never
        // taken back: an error does not say that nothing was stored.
        self.store.put_pickup(&pickup, self.now()).await?;
        reach(Point::LandStored);
        self.confirm_landed(&line, pickup).await
    }

    /// Whether a claim needs no takeover: nobody has the delivery, or this terminal has had it since a try that failed.
    pub(crate) fn may_claim(&self, listed: &DeliveryStatus) -> bool {
        match listed {
            DeliveryStatus::Waiting => true,
            DeliveryStatus::Claimed { terminal, .. } => {
                self.identity().is_some_and(|identity| identity.terminal == *terminal)
            }
            _ => false,
        }
    }

    /// Recognises what an earlier process made visible without living to store it. The fence stays that under which
    /// it was fetched: should the exchange have given the delivery away meanwhile, the confirmation says so.
    async fn find_landed(&self, pickup: &mut Pickup) -> Result<(), CommandError> {
        let (PickupState::Landing { .. }, Some(staging), Some(aim)) =
            (&pickup.state, &pickup.content.staging, &pickup.content.aim)
        else {
            return Ok(());
        };
        let (staging, aim) = (staging.clone(), aim.clone());
        let landed = aim.folder.clone();
        let was_shown = tokio::task::spawn_blocking(move || {
            landing::was_shown(&SystemDisk, &staging, &aim.folder, aim.flat, &aim.files)
        })
        .await;
        match was_shown.map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))? {
            Showing::Shown => {}
            Showing::NotShown => return Ok(()),
            // The delivery may be in that folder: its name is kept until the folder is back.
            Showing::Away => {
                return Err(self.folder_is_away(pickup).await?);
            }
        }
        pickup.content.landed = Some(landed);
        pickup.content.staging = None;
        pickup.content.aim = None;
        pickup.content.refusal = None;
        self.advance(pickup, PickupEvent::Landed)?;
        self.store.put_pickup(pickup, self.now()).await?;
        self.tell(DeskEvent::InboxChanged);
        Ok(())
    }

    /// Notes that the folder has to be looked at again, which goes on by itself.
    async fn folder_is_away(&self, pickup: &mut Pickup) -> Result<CommandError, CommandError> {
        let refusal = CommandError::from(ProblemCode::FolderAway);
        if pickup.content.refusal.as_ref() != Some(&refusal) {
            pickup.content.refusal = Some(refusal.clone());
            self.store.put_pickup(pickup, self.now()).await?;
            self.tell(DeskEvent::InboxChanged);
        }
        Ok(refusal)
    }

    /// Says that every byte is here. Without an answer the row stays landed and is confirmed later.
    async fn confirm_landed(&self, line: &Line, mut pickup: Pickup) -> Result<(), CommandError> {
        let PickupState::Landed { fence } = pickup.state else {
            return Err(impossible());
        };
        let answer = line.exchange.confirm(pickup.delivery, fence).await;
        let answer = self.heard_by(line, answer).await;
        if answer.is_ok() {
            reach(Point::ConfirmAnswered);
        }
        let told = answer.as_ref().map(|received| received.received_at);
        let Some(event) = confirmation(told.map_err(|refusal| refusal.code)) else {
            self.confirm_wanted.notify_waiters();
            return Ok(());
        };
        self.advance(&mut pickup, event)?;
        match &answer {
            Ok(_) => pickup.content.doubtful = None,
            Err(refusal) => pickup.content.refusal = Some(refusal.clone()),
        }
        self.store.put_pickup(&pickup, self.now()).await?;
        answer.map(|_| reach(Point::ConfirmStored))
    }

    /// A second fetch is refused by the exchange itself. Should it grant one, it was restored from a backup and has
    /// forgotten: then what is here already is confirmed again (D8).
    async fn ask_again(&self, line: &Line, pickup: &Pickup) -> Result<(), CommandError> {
        let claim = line.exchange.claim(pickup.delivery, None).await;
        let claim = self.heard_by(line, claim).await?;
        let answer = line.exchange.confirm(pickup.delivery, claim.fence).await;
        self.heard_by(line, answer).await.map(|_| ())
    }

    /// Offers every confirmation again to an exchange that was restored.
    pub(crate) async fn confirm_again(&self, line: &Line) -> Result<(), CommandError> {
        for pickup in self.store.pickups().await? {
            self.confirm_anew(line, &pickup).await?;
        }
        Ok(())
    }

    /// Offers one confirmation again, if there was one. A refusal by the exchange is its last word; only a line that
    /// breaks is an error.
    pub(crate) async fn confirm_anew(&self, line: &Line, pickup: &Pickup) -> Result<(), CommandError> {
        match pickup.state {
            PickupState::Confirmed { .. } => match self.ask_again(line, pickup).await {
                Err(error) if passes(error.code) => Err(error),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Goes on with everything that is open. True if something still is.
    async fn finish_open(self: &Arc<Self>) -> bool {
        let open = match self.store.open_pickups().await {
            Ok(open) => open,
            Err(error) => {
                tracing::warn!(%error, "open pickups cannot be read");
                return true;
            }
        };
        let mut left = false;
        for pickup in open {
            if lock(&self.picking_up).contains(&pickup.delivery) {
                left = true;
                continue;
            }
            let done = self.fetch(pickup.delivery, pickup.content.folder, None).await;
            left |= done.is_err();
        }
        left || self.store.open_pickups().await.is_ok_and(|open| !open.is_empty())
    }

    fn advance(&self, pickup: &mut Pickup, event: PickupEvent) -> Result<(), CommandError> {
        pickup.state = step(&pickup.state, event).map_err(|_| impossible())?;
        Ok(())
    }

    /// Ends a pickup without 済 and takes away what was staged.
    async fn fail(&self, pickup: Pickup, refusal: CommandError) -> CommandError {
        let event = given_up(pickup.content.doubtful.is_some(), refusal.code);
        self.end(pickup, event, refusal).await
    }

    async fn end(&self, mut pickup: Pickup, event: PickupEvent, refusal: CommandError) -> CommandError {
        let Ok(state) = step(&pickup.state, event) else {
            return impossible();
        };
        if let Some(staging) = pickup.content.staging.take() {
            tokio::task::spawn_blocking(move || landing::discard(&SystemDisk, &staging))
                .await
                .ok();
        }
        pickup.content.aim = None;
        pickup.state = state;
        // A copy that is here from an earlier time stays what it was.
        if let Some(doubtful) = pickup.content.doubtful.take() {
            pickup.content.landed = Some(doubtful);
        }
        pickup.content.refusal = Some(refusal.clone());
        if let Err(error) = self.store.put_pickup(&pickup, self.now()).await {
            tracing::warn!(%error, "the end of a pickup cannot be stored");
        }
        refusal
    }
}

/// A row that an earlier try left, for another one.
fn planned_again(pickup: Pickup, folder: &Path) -> Pickup {
    let state = match step(&pickup.state, PickupEvent::Retry) {
        Ok(planned) => planned,
        // Interrupted: what is staged is gone on with.
        Err(_) => pickup.state.clone(),
    };
    let mut content = pickup.content;
    content.refusal = None;
    content.aim = None;
    let landed = content.landed.take();
    if pickup.state == PickupState::Superseded {
        content.doubtful = landed;
    }
    if content.folder != folder {
        if let Some(staging) = content.staging.take() {
            landing::discard(&SystemDisk, &staging);
        }
        content.folder = folder.to_owned();
    }
    Pickup {
        delivery: pickup.delivery,
        state,
        content,
    }
}

async fn check_folder(folder: &Path, bytes: u64) -> Result<(), CommandError> {
    let folder = folder.to_owned();
    let checked = tokio::task::spawn_blocking(move || landing::check_folder(&folder, bytes)).await;
    match checked {
        Ok(Ok(())) => Ok(()),
        Ok(Err(code)) => Err(code.into()),
        Err(error) => Err(refusal::logged(ProblemCode::Internal, &error.is_panic())),
    }
}

/// Whether names, sender and destination are what the authenticated header says (D2).
fn is_authentic(claim: &Claim, listed: &DeliveryHeader, office: Option<OfficeNumber>) -> bool {
    let header = &claim.header;
    header == listed
        && header.check().is_ok()
        && Some(header.to.office) == office
        && header
            .parts
            .iter()
            .filter(|part| part.role == PartRole::StandardFile)
            .all(|part| part.name.as_deref().is_some_and(|name| names_the_header(name, header)))
}

fn names_the_header(name: &str, header: &DeliveryHeader) -> bool {
    let Ok(name) = ExchangeFileName::parse(name) else {
        return false;
    };
    let same = |address: care_model::Address, party: care_model::Party| {
        address.office == party.office && address.kind.is_none_or(|kind| kind == party.kind)
    };
    same(name.from, header.from) && same(name.to, header.to) && Some(name.serial) == header.serial
}

/// A refusal that is no word about one delivery, and comes before a row could hold it.
pub(crate) fn meets_every_row(code: ProblemCode) -> bool {
    matches!(
        code,
        ProblemCode::SignInRequired
            | ProblemCode::ServerUnreachable
            | ProblemCode::ServerUntrusted
            | ProblemCode::CertificateMissing
            | ProblemCode::CertificateExpired
            | ProblemCode::CertificateEarly
            | ProblemCode::CertificateRevoked
            | ProblemCode::CertificateForeign
            | ProblemCode::CertificateReplaced
            | ProblemCode::CertificateWrongUse
            | ProblemCode::ProfileEmpty
            | ProblemCode::ProfileUnusable
            | ProblemCode::LocalDiskFull
    )
}

fn impossible() -> CommandError {
    refusal::logged(
        ProblemCode::Internal,
        &"a pickup took an event that its state does not know",
    )
}

/// Whether a failed call can be cured by going on later.
fn is_passing(error: &ClientError) -> bool {
    error.is_line() || passes(error.code())
}
