//! The exchange: rows that every node commits into, and the content folder. What may happen to a delivery is decided by
//! `exchange-flow`; large contents lie in the exchange's own [`ContentFolder`] on a simulated disk.
//!
//! The rows are as durable as their commit: databases are left to the tests that kill real ones (D7).

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
    path::Path,
};

use care_model::{DeliveryId, Digest, OfficeNumber, ProblemCode, TerminalId};
use chrono::{DateTime, TimeDelta, Utc};
use disk::Disk as _;
use exchange_flow::{
    acceptance::{self, Identity},
    delivery::{ClaimHeld, DeliveryEffect, DeliveryEvent, DeliveryState, step},
    serving,
};
use exchange_protocol::DeliveryHeader;
use exchange_store::{ContentFolder, StoreError};
use sealing::{Key, SealedReader};

use crate::{Platter, Sabotage};

const DATA: &str = "/data";

/// A delivery as its sender made it.
#[derive(Debug, Clone)]
pub(crate) struct Thing {
    pub(crate) header: DeliveryHeader,
    pub(crate) digest: Digest,
    pub(crate) parts: Vec<Vec<u8>>,
    /// Whether it goes in chunks; here a small one may, so that a run stays quick.
    pub(crate) large: bool,
}

impl Thing {
    pub(crate) fn sizes(&self) -> Vec<u64> {
        self.parts.iter().map(|part| part.len() as u64).collect()
    }
}

/// What is asked of the exchange.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    Send(Thing),
    Begin(Thing),
    Chunk { part: usize, offset: u64, bytes: Vec<u8> },
    Commit,
    Recall,
    Claim { take_over: Option<u64> },
    Range { fence: u64, part: usize, from: u64 },
    Confirm { fence: u64 },
}

/// What it answers, if it does not refuse.
#[derive(Debug, Clone)]
pub(crate) enum Yes {
    Accepted(DateTime<Utc>),
    Progress(Vec<u64>),
    Recalled,
    Claim { fence: u64, thing: Box<DeliveryHeader> },
    Bytes { part: usize, from: u64, bytes: Vec<u8> },
    Received(DateTime<Utc>),
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker {
    pub(crate) terminal: TerminalId,
    pub(crate) office: OfficeNumber,
}

#[derive(Debug, Clone)]
enum Content {
    Rows(Vec<Vec<u8>>),
    Folder([u8; 32]),
    Erased,
}

/// A delivery's row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: DeliveryId,
    digest: Digest,
    pub(crate) header: DeliveryHeader,
    pub(crate) state: DeliveryState,
    served: Vec<u8>,
    content: Content,
    accepted_at: DateTime<Utc>,
    pub(crate) kept_until: DateTime<Utc>,
}

#[derive(Debug, Clone)]
struct Upload {
    digest: Digest,
    header: DeliveryHeader,
    stored: Vec<u64>,
    key: [u8; 32],
}

#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) rows: Vec<Row>,
    uploads: BTreeMap<DeliveryId, Upload>,
    erasures: BTreeSet<DeliveryId>,
    pub(crate) disk: Platter,
    next_key: u64,
    sabotage: Option<Sabotage>,
    /// How long content is kept.
    pub(crate) kept: TimeDelta,
}

/// The content folder failed: nothing of the act is stored.
struct Failed;

impl From<StoreError> for Failed {
    fn from(_: StoreError) -> Self {
        Self
    }
}

type Acted = Result<Result<Yes, ProblemCode>, Failed>;

impl Exchange {
    pub(crate) fn new(disk: Platter, kept: TimeDelta, sabotage: Option<Sabotage>) -> Self {
        disk.make_folder(Path::new(DATA)).unwrap();
        disk.sync_folder(Path::new("/")).unwrap();
        if sabotage == Some(Sabotage::ExchangeSkipsSync) {
            disk.let_syncs_lie();
        }
        Self {
            rows: Vec::new(),
            uploads: BTreeMap::new(),
            erasures: BTreeSet::new(),
            disk,
            next_key: 0,
            sabotage,
            kept,
        }
    }

    fn folder(&self) -> Result<ContentFolder<Platter>, StoreError> {
        ContentFolder::open(self.disk.clone(), &Path::new(DATA).join("content"))
    }

    /// What every start does: contents that no row knows are deleted.
    pub(crate) fn start(&mut self) {
        let Ok(folder) = self.folder() else { return };
        for id in folder.list().unwrap_or_default() {
            let used = self.uploads.contains_key(&id)
                || self
                    .row(id)
                    .is_some_and(|row| matches!(row.content, Content::Folder(_)));
            if !used {
                let _ = folder.delete(id);
            }
        }
    }

    /// Deletes bytes whose key is gone.
    pub(crate) fn sweep(&mut self) {
        let Ok(folder) = self.folder() else { return };
        for id in std::mem::take(&mut self.erasures) {
            if !self.uploads.contains_key(&id) && folder.delete(id).is_err() {
                self.erasures.insert(id);
            }
        }
    }

    pub(crate) fn row(&self, id: DeliveryId) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == id)
    }

    /// One act, in its commit.
    pub(crate) fn act(
        &mut self,
        id: DeliveryId,
        asker: Asker,
        request: Request,
        now: DateTime<Utc>,
    ) -> Result<Yes, ProblemCode> {
        let acted = match request {
            Request::Send(thing) => Ok(self.accept(&thing, Content::Rows(thing.parts.clone()), now)),
            Request::Begin(thing) => self.begin(&thing),
            Request::Chunk { part, offset, bytes } => self.append(id, part, offset, &bytes, now),
            Request::Commit => self.complete(id, asker, now),
            Request::Recall => Ok(self
                .step(id, asker, true, DeliveryEvent::Recall, now)
                .map(|_| Yes::Recalled)),
            Request::Claim { take_over } => Ok(self.claim(id, asker, take_over, now)),
            Request::Range { fence, part, from } => self.serve(id, asker, fence, (part, from), now),
            Request::Confirm { fence } => Ok(self.confirm(id, asker, fence, now)),
        };
        acted.unwrap_or(Err(ProblemCode::Internal))
    }

    fn accept(&mut self, thing: &Thing, content: Content, now: DateTime<Utc>) -> Result<Yes, ProblemCode> {
        let id = thing.header.id;
        let known = match self.sabotage {
            Some(Sabotage::NoIdempotency) => None,
            _ => self.row(id),
        };
        let accepted = known.map(|row| (row.digest, row.header.from.office));
        match acceptance::identity(accepted, thing.digest, thing.header.from.office) {
            Identity::Same => Ok(Yes::Accepted(known.map_or(now, |row| row.accepted_at))),
            Identity::Conflict => Err(ProblemCode::DeliveryConflict),
            Identity::New => {
                self.rows.push(Row {
                    id,
                    digest: thing.digest,
                    header: thing.header.clone(),
                    state: DeliveryState::Waiting { fence: 0 },
                    served: Vec::new(),
                    content,
                    accepted_at: now,
                    kept_until: now + self.kept,
                });
                Ok(Yes::Accepted(now))
            }
        }
    }

    fn begin(&mut self, thing: &Thing) -> Acted {
        let id = thing.header.id;
        let accepted = self.row(id).map(|row| (row.digest, row.header.from.office));
        match acceptance::identity(accepted, thing.digest, thing.header.from.office) {
            Identity::Same => return Ok(Ok(Yes::Progress(thing.sizes()))),
            Identity::Conflict => return Ok(Err(ProblemCode::DeliveryConflict)),
            Identity::New => {}
        }
        if let Some(upload) = self.uploads.get(&id) {
            return Ok(Ok(Yes::Progress(upload.stored.clone())));
        }
        let folder = self.folder()?;
        self.next_key += 1;
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.next_key.to_le_bytes());
        folder.delete(id)?;
        folder.prepare(id, &Key::from_bytes(key), &thing.sizes())?;
        let upload = Upload {
            digest: thing.digest,
            header: thing.header.clone(),
            stored: vec![0; thing.parts.len()],
            key,
        };
        let stored = upload.stored.clone();
        self.uploads.insert(id, upload);
        self.erasures.remove(&id);
        Ok(Ok(Yes::Progress(stored)))
    }

    fn append(&mut self, id: DeliveryId, part: usize, offset: u64, bytes: &[u8], now: DateTime<Utc>) -> Acted {
        let Some(upload) = self.uploads.get(&id).cloned() else {
            return Ok(Err(ProblemCode::DeliveryUnknown));
        };
        let sizes: Vec<u64> = upload.header.parts.iter().map(|part| part.size_bytes).collect();
        let part_bytes = match acceptance::appendable(&sizes, &upload.stored, part, offset) {
            Ok(part_bytes) => part_bytes,
            Err(_) => return Ok(Err(ProblemCode::UploadOffset)),
        };
        let number = u32::try_from(part).unwrap();
        let mut writer = self
            .folder()?
            .writer(id, &Key::from_bytes(upload.key), number, offset, part_bytes)?;
        if !writer.write(bytes)? {
            self.drop_upload(id);
            return Ok(Err(ProblemCode::UploadOffset));
        }
        writer.sync()?;
        let mut stored = upload.stored.clone();
        stored[part] = offset + bytes.len() as u64;
        if let Some(upload) = self.uploads.get_mut(&id) {
            upload.stored.clone_from(&stored);
        }
        if self.sabotage == Some(Sabotage::VisibleBeforeLastPart) {
            let thing = Thing {
                digest: upload.digest,
                parts: Vec::new(),
                large: true,
                header: upload.header,
            };
            let _ = self.accept(&thing, Content::Folder(upload.key), now);
        }
        Ok(Ok(Yes::Progress(stored)))
    }

    fn complete(&mut self, id: DeliveryId, asker: Asker, now: DateTime<Utc>) -> Acted {
        let Some(upload) = self.uploads.get(&id).cloned() else {
            let known = self.row(id).filter(|row| row.header.from.office == asker.office);
            return Ok(known.map_or(Err(ProblemCode::DeliveryUnknown), |row| {
                Ok(Yes::Accepted(row.accepted_at))
            }));
        };
        let sizes: Vec<u64> = upload.header.parts.iter().map(|part| part.size_bytes).collect();
        if acceptance::incomplete(&sizes, &upload.stored).is_some() {
            return Ok(Err(ProblemCode::UploadOffset));
        }
        let folder = self.folder()?;
        for (part, asked) in upload.header.parts.iter().enumerate() {
            match read_part(&folder, id, upload.key, part) {
                Some(bytes) if Digest::of(&bytes) == asked.digest => {}
                _ => {
                    self.drop_upload(id);
                    return Ok(Err(ProblemCode::UploadOffset));
                }
            }
        }
        let thing = Thing {
            digest: upload.digest,
            parts: Vec::new(),
            large: true,
            header: upload.header,
        };
        let accepted = self.accept(&thing, Content::Folder(upload.key), now);
        self.uploads.remove(&id);
        Ok(accepted)
    }

    fn drop_upload(&mut self, id: DeliveryId) {
        self.uploads.remove(&id);
        self.erasures.insert(id);
    }

    /// Steps a delivery that the asker's office sent or is to get, and carries out the effects.
    fn step(
        &mut self,
        id: DeliveryId,
        asker: Asker,
        sent: bool,
        event: DeliveryEvent,
        now: DateTime<Utc>,
    ) -> Result<DeliveryState, ProblemCode> {
        let found = self.rows.iter_mut().find(|row| {
            let office = if sent {
                row.header.from.office
            } else {
                row.header.to.office
            };
            row.id == id && office == asker.office
        });
        let row = found.ok_or(ProblemCode::DeliveryUnknown)?;
        let (next, effects) = step(&row.state, event, now).map_err(|refusal| refusal.code())?;
        if matches!(event, DeliveryEvent::Claim { .. } | DeliveryEvent::TakeOver { .. }) {
            row.served.clear();
        }
        row.state = next.clone();
        if effects.contains(&DeliveryEffect::EraseContent) {
            if matches!(row.content, Content::Folder(_)) {
                self.erasures.insert(id);
            }
            row.content = Content::Erased;
        }
        Ok(next)
    }

    fn claim(
        &mut self,
        id: DeliveryId,
        asker: Asker,
        take_over: Option<u64>,
        now: DateTime<Utc>,
    ) -> Result<Yes, ProblemCode> {
        let terminal = asker.terminal;
        let event = match take_over {
            Some(seen_fence) => DeliveryEvent::TakeOver { terminal, seen_fence },
            None => DeliveryEvent::Claim { terminal },
        };
        let DeliveryState::Claimed(claim) = self.step(id, asker, false, event, now)? else {
            return Err(ProblemCode::Internal);
        };
        let header = self.row(id).map(|row| row.header.clone());
        Ok(Yes::Claim {
            fence: claim.fence,
            thing: Box::new(header.ok_or(ProblemCode::Internal)?),
        })
    }

    fn serve(
        &mut self,
        id: DeliveryId,
        asker: Asker,
        fence: u64,
        (part, from): (usize, u64),
        now: DateTime<Utc>,
    ) -> Acted {
        let Some(row) = self.row(id).filter(|row| row.header.to.office == asker.office) else {
            return Ok(Err(ProblemCode::DeliveryUnknown));
        };
        let mut served = row.served.clone();
        serving::mark(&mut served, part);
        let held = self.held(id);
        let event = DeliveryEvent::ServeRange {
            terminal: held.map_or(asker.terminal, |claim| claim.terminal),
            fence: held.map_or(fence, |claim| claim.fence),
            completes: serving::is_all_served(&row.header, &served),
        };
        if let Err(problem) = self.step(id, asker, false, event, now) {
            return Ok(Err(problem));
        }
        let folder = self.folder()?;
        let sabotage = self.sabotage;
        let Some(row) = self.rows.iter_mut().find(|row| row.id == id) else {
            return Err(Failed);
        };
        row.served = served;
        let bytes = match &row.content {
            Content::Rows(parts) => parts.get(part).cloned(),
            Content::Folder(key) => read_part(&folder, id, *key, part),
            Content::Erased => None,
        };
        if sabotage == Some(Sabotage::EraseBeforeReceived) && serving::is_all_served(&row.header, &row.served) {
            row.content = Content::Erased;
        }
        let bytes = bytes.ok_or(Failed)?;
        let start = usize::try_from(from).unwrap().min(bytes.len());
        Ok(Ok(Yes::Bytes {
            part,
            from,
            bytes: bytes[start..].to_vec(),
        }))
    }

    fn confirm(&mut self, id: DeliveryId, asker: Asker, fence: u64, now: DateTime<Utc>) -> Result<Yes, ProblemCode> {
        let held = self.held(id);
        let event = DeliveryEvent::Confirm {
            terminal: held.map_or(asker.terminal, |claim| claim.terminal),
            fence: held.map_or(fence, |claim| claim.fence),
        };
        match self.step(id, asker, false, event, now)? {
            DeliveryState::Received { at, .. } => Ok(Yes::Received(at)),
            _ => Err(ProblemCode::Internal),
        }
    }

    /// The claim in force, for whoever ignores the fence.
    fn held(&self, id: DeliveryId) -> Option<ClaimHeld> {
        match (self.sabotage, self.row(id).map(|row| &row.state)) {
            (Some(Sabotage::IgnoreFence), Some(DeliveryState::Claimed(claim))) => Some(*claim),
            _ => None,
        }
    }

    /// Ends what nobody fetched; gives what ended.
    pub(crate) fn expire(&mut self, now: DateTime<Utc>) -> Vec<DeliveryId> {
        let due: Vec<Row> = self.rows.iter().filter(|row| now >= row.kept_until).cloned().collect();
        due.into_iter()
            .filter(|row| {
                let asker = Asker {
                    terminal: TerminalId::from_bytes([0; 16]),
                    office: row.header.to.office,
                };
                let event = DeliveryEvent::Expire {
                    kept_until: row.kept_until,
                };
                self.step(row.id, asker, false, event, now).is_ok()
            })
            .map(|row| row.id)
            .collect()
    }

    /// Whether every part of an open delivery could be read, were the power to fail now; true of what is over.
    pub(crate) fn is_safe(&self, row: &Row, parts: &[Vec<u8>]) -> bool {
        match &row.content {
            Content::Rows(stored) => stored == parts,
            Content::Erased => false,
            Content::Folder(key) => {
                let folder = ContentFolder::open(self.disk.at_worst(), &Path::new(DATA).join("content"));
                folder.is_ok_and(|folder| {
                    parts
                        .iter()
                        .enumerate()
                        .all(|(part, bytes)| read_part(&folder, row.id, *key, part).as_ref() == Some(bytes))
                })
            }
        }
    }

    pub(crate) fn is_erased(row: &Row) -> bool {
        matches!(row.content, Content::Erased)
    }
}

fn read_part(folder: &ContentFolder<Platter>, id: DeliveryId, key: [u8; 32], part: usize) -> Option<Vec<u8>> {
    let number = u32::try_from(part).ok()?;
    let source = folder.open_part(id, number).ok()?;
    let mut bytes = Vec::new();
    let mut reader = SealedReader::new(source, &Key::from_bytes(key), number).ok()?;
    reader.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
