//! Terminals: a queue of sends and the pickups of [`crate::receiver`], with what of it is stored and what dies with
//! the process.

use std::{collections::BTreeMap, io};

use care_model::{DeliveryId, ProblemCode};
use chrono::{DateTime, Utc};
use exchange_flow::{
    outbox::{self, OutboxEvent, OutboxState},
    pickup::PickupState,
};
use exchange_protocol::{DeliveryHeader, PartRole};

use crate::{
    Sabotage,
    exchange::{Asker, Request, Thing, Yes},
    receiver::{Landed, LandingFile, Next, Receiver},
};

/// How often the exchange may say within one try that an upload stands elsewhere.
const CORRECTIONS_MAX: u32 = 8;
/// What a busy exchange asks a desk to wait, in seconds.
const RETRY_AFTER_SECONDS: u32 = 2;

/// What a try came to that was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Nothing left this terminal.
    Unreachable,
    /// Whether it acted is not known.
    Interrupted,
}

/// An answer, as the terminal hears it.
pub(crate) type Heard = Result<Result<Yes, ProblemCode>, Line>;

/// A send that is under way.
#[derive(Debug, Clone, Default)]
struct Try {
    stored: Vec<u64>,
    begun: bool,
    commit_asked: bool,
    corrections: u32,
}

/// What is being done with one delivery.
#[derive(Debug, Clone)]
enum Work {
    Send(Try),
    Recall,
    /// A claim was asked for, or bytes, or a confirmation.
    Claim,
    Fetch(Fetch),
    Confirm,
}

/// The bytes that come under a claim.
#[derive(Debug, Clone)]
struct Fetch {
    fence: u64,
    header: Box<DeliveryHeader>,
    /// The part that is being fetched, and how much of it is here; none before it was looked at.
    part: usize,
    have: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct Terminal {
    pub(crate) asker: Asker,
    pub(crate) receiver: Receiver,
    /// The queue, stored.
    pub(crate) outbox: BTreeMap<DeliveryId, (OutboxState, Thing)>,
    pub(crate) up: bool,
    /// Which life of the process this is; answers of an earlier one are heard by nobody.
    pub(crate) life: u32,
    pub(crate) skew_ms: i64,
    work: BTreeMap<DeliveryId, Work>,
    sabotage: Option<Sabotage>,
}

/// What a terminal wants to have asked.
pub(crate) type Ask = Option<(DeliveryId, Request)>;

impl Terminal {
    pub(crate) fn new(asker: Asker, receiver: Receiver, skew_ms: i64, sabotage: Option<Sabotage>) -> Self {
        if sabotage == Some(Sabotage::DeskSkipsSync) {
            receiver.disk.let_syncs_lie();
        }
        Self {
            asker,
            receiver,
            outbox: BTreeMap::new(),
            up: true,
            life: 0,
            skew_ms,
            work: BTreeMap::new(),
            sabotage,
        }
    }

    /// Whether something is still to be done that nobody has to be asked for.
    pub(crate) fn has_open(&self) -> bool {
        let queued = |(state, _): &(OutboxState, Thing)| matches!(state, OutboxState::Queued { .. });
        self.outbox.values().any(queued) || self.receiver.rows().values().any(|row| is_open(&row.state))
    }

    pub(crate) fn is_busy(&self, id: DeliveryId) -> bool {
        self.work.contains_key(&id)
    }

    fn put(&mut self, id: DeliveryId, state: OutboxState, thing: &Thing) -> io::Result<()> {
        let (stored, told) = self.receiver.disk.commit();
        if stored {
            self.outbox.insert(id, (state, thing.clone()));
        }
        told
    }

    /// 送信: the row is stored before anything else; an error means that the person was not told that it is queued.
    pub(crate) fn order(&mut self, thing: &Thing, now: DateTime<Utc>) -> io::Result<()> {
        let queued = OutboxState::Queued {
            tries: 0,
            not_before: now,
            maybe_sent: false,
        };
        self.put(thing.header.id, queued, thing)
    }

    /// The process ended, however.
    pub(crate) fn die(&mut self) {
        self.up = false;
        self.life += 1;
        self.work.clear();
        if self.sabotage == Some(Sabotage::OutboxInMemory) {
            self.outbox.clear();
        }
    }

    /// The process begins again.
    pub(crate) fn begin(&mut self, now: DateTime<Utc>) -> io::Result<()> {
        self.up = true;
        for (id, (state, thing)) in self.outbox.clone() {
            if let Ok(next) = outbox::step(&state, OutboxEvent::Restarted, now) {
                self.put(id, next, &thing)?;
            }
        }
        Ok(())
    }

    /// What is due of the queue and of the pickups, one delivery at a time.
    pub(crate) fn due(&mut self, now: DateTime<Utc>) -> io::Result<Vec<(DeliveryId, Request)>> {
        let mut asks = Vec::new();
        let is_due =
            |state: &OutboxState| matches!(state, OutboxState::Queued { not_before, .. } if *not_before <= now);
        let waiting = self
            .outbox
            .iter()
            .filter(|(id, (state, _))| is_due(state) && !self.is_busy(**id));
        let waiting: Vec<_> = waiting
            .map(|(id, (state, thing))| (*id, state.clone(), thing.clone()))
            .collect();
        for (id, state, thing) in waiting {
            if let Ok(next) = outbox::step(&state, OutboxEvent::Start, now) {
                self.put(id, next, &thing)?;
                self.work.insert(id, Work::Send(Try::default()));
                asks.push((id, self.first(&thing)));
            }
        }
        let open: Vec<DeliveryId> = self
            .receiver
            .rows()
            .iter()
            .filter(|(_, row)| is_open(&row.state))
            .map(|(id, _)| *id)
            .collect();
        for id in open {
            if !self.is_busy(id) {
                asks.extend(self.take_up(id, false, None)?);
            }
        }
        Ok(asks)
    }

    fn first(&self, thing: &Thing) -> Request {
        let mut thing = thing.clone();
        if self.sabotage == Some(Sabotage::IdentityForEachTry) {
            let mut bytes = *thing.header.id.as_bytes();
            bytes[0] = bytes[0].wrapping_add(u8::try_from(self.tries(thing.header.id) % 200).unwrap());
            thing.header.id = DeliveryId::from_bytes(bytes);
        }
        match thing.large {
            true => Request::Begin(thing),
            false => Request::Send(thing),
        }
    }

    fn tries(&self, id: DeliveryId) -> u32 {
        match self.outbox.get(&id) {
            Some((OutboxState::Sending { tries, .. }, _)) => *tries - 1,
            _ => 0,
        }
    }

    /// データ取得, or going on with it.
    pub(crate) fn take_up(&mut self, id: DeliveryId, anew: bool, take_over: Option<u64>) -> io::Result<Ask> {
        if self.is_busy(id) {
            return Ok(None);
        }
        Ok(match self.receiver.look(id, anew)? {
            Next::Nothing => None,
            Next::Claim => {
                self.work.insert(id, Work::Claim);
                Some((id, Request::Claim { take_over }))
            }
            Next::Confirm { fence } => {
                self.work.insert(id, Work::Confirm);
                Some((id, Request::Confirm { fence }))
            }
        })
    }

    /// 送信取消 of what was sent.
    pub(crate) fn recall(&mut self, id: DeliveryId) -> Ask {
        let is_sent = matches!(self.outbox.get(&id), Some((OutboxState::Sent { .. }, _)));
        (is_sent && !self.is_busy(id)).then(|| {
            self.work.insert(id, Work::Recall);
            (id, Request::Recall)
        })
    }

    /// A person calls a send off, or wants a held one tried again.
    pub(crate) fn wish(&mut self, id: DeliveryId, event: OutboxEvent, now: DateTime<Utc>) -> io::Result<()> {
        let Some((state, thing)) = self.outbox.get(&id).cloned() else {
            return Ok(());
        };
        let callable = matches!(state, OutboxState::Sending { maybe_sent: false, .. });
        let is_open = matches!(self.work.get(&id), Some(Work::Send(attempt)) if !attempt.commit_asked) && thing.large;
        let event = match event {
            OutboxEvent::Cancel if callable && is_open => OutboxEvent::Stopped,
            event => event,
        };
        if let Ok(next) = outbox::step(&state, event, now) {
            self.put(id, next, &thing)?;
            if event == OutboxEvent::Stopped {
                self.work.remove(&id);
            }
        }
        Ok(())
    }

    /// Takes an answer; what is asked next.
    pub(crate) fn hear(&mut self, id: DeliveryId, heard: Heard, now: DateTime<Utc>) -> io::Result<Ask> {
        match self.work.remove(&id) {
            None | Some(Work::Recall) => Ok(None),
            Some(Work::Send(attempt)) => self.sent(id, attempt, heard, now),
            Some(Work::Claim) => match heard {
                Ok(Ok(Yes::Claim { fence, thing })) => {
                    self.receiver.claimed(id, fence)?;
                    let fetch = Fetch {
                        fence,
                        header: thing,
                        part: 0,
                        have: None,
                    };
                    self.fetch(id, fetch)
                }
                other => self.receiver.claim_refused(id, problem(&other)).map(|()| None),
            },
            Some(Work::Fetch(mut fetch)) => match heard {
                Ok(Ok(Yes::Bytes { part, from, bytes })) => {
                    if (part, Some(from)) == (fetch.part, fetch.have) {
                        self.receiver.write(id, &file(&fetch.header, part), &bytes)?;
                        fetch.have = Some(from + bytes.len() as u64);
                    }
                    self.fetch(id, fetch)
                }
                other => self.receiver.line_broke(id, problem(&other)).map(|()| None),
            },
            Some(Work::Confirm) => {
                let answer = match heard {
                    Ok(Ok(Yes::Received(at))) => Ok(at),
                    other => Err(problem(&other)),
                };
                if self.sabotage == Some(Sabotage::ConfirmBeforeLanding) && answer.is_ok() {
                    let files = self.receiver.rows().get(&id).and_then(|row| row.expected.clone());
                    self.receiver.land(id, &files.unwrap_or_default())?;
                }
                self.receiver.confirmation(id, answer).map(|()| None)
            }
        }
    }

    /// Asks for what is missing, or lands.
    fn fetch(&mut self, id: DeliveryId, mut fetch: Fetch) -> io::Result<Ask> {
        while let Some(part) = fetch.header.parts.get(fetch.part) {
            if part.role != PartRole::Cover {
                let have = match fetch.have {
                    Some(have) => have,
                    None => self.receiver.have(id, &file(&fetch.header, fetch.part))?,
                };
                fetch.have = Some(have);
                if have < part.size_bytes {
                    let range = Request::Range {
                        fence: fetch.fence,
                        part: fetch.part,
                        from: have,
                    };
                    self.work.insert(id, Work::Fetch(fetch));
                    return Ok(Some((id, range)));
                }
            }
            fetch.part += 1;
            fetch.have = None;
        }
        let Fetch { fence, header, .. } = fetch;
        let parts = header
            .parts
            .iter()
            .enumerate()
            .filter(|(_, part)| part.role != PartRole::Cover);
        let files: Vec<LandingFile> = parts.map(|(place, _)| file(&header, place)).collect();
        let confirm = Some((id, Request::Confirm { fence }));
        if self.sabotage == Some(Sabotage::ConfirmBeforeLanding) {
            self.receiver.expect(id, &files);
            self.work.insert(id, Work::Confirm);
            return Ok(confirm);
        }
        match self.receiver.land(id, &files)? {
            Landed::Here => {
                self.work.insert(id, Work::Confirm);
                Ok(confirm)
            }
            Landed::Unsafe => Ok(None),
            Landed::Other => self.receiver.give_up(id, ProblemCode::DigestMismatch).map(|()| None),
        }
    }

    fn sent(&mut self, id: DeliveryId, mut attempt: Try, heard: Heard, now: DateTime<Utc>) -> io::Result<Ask> {
        let Some((state, thing)) = self.outbox.get(&id).cloned() else {
            return Ok(None);
        };
        let event = match heard {
            Ok(Ok(Yes::Accepted(accepted_at))) => OutboxEvent::Accepted { accepted_at },
            Ok(Ok(Yes::Progress(stored))) => {
                attempt.begun = true;
                attempt.stored = stored;
                let ask = self.next_of(&mut attempt, &thing);
                self.work.insert(id, Work::Send(attempt));
                return Ok(Some((id, ask)));
            }
            Ok(Err(ProblemCode::UploadOffset))
                if attempt.begun && !attempt.commit_asked && attempt.corrections < CORRECTIONS_MAX =>
            {
                attempt.corrections += 1;
                self.work.insert(id, Work::Send(attempt));
                return Ok(Some((id, Request::Begin(thing))));
            }
            Ok(Ok(_)) => OutboxEvent::Interrupted,
            Ok(Err(problem)) => outbox::refused(problem, Some(RETRY_AFTER_SECONDS)),
            // Bytes have left once it has begun.
            Err(Line::Unreachable) if !attempt.begun => OutboxEvent::Unreachable,
            Err(_) => OutboxEvent::Interrupted,
        };
        let event = match thing.large {
            true => outbox::of_upload(event, attempt.commit_asked),
            false => event,
        };
        if let Ok(next) = outbox::step(&state, event, now) {
            self.put(id, next, &thing)?;
        }
        Ok(None)
    }

    fn next_of(&self, attempt: &mut Try, thing: &Thing) -> Request {
        let mut parts = thing.parts.iter().zip(&attempt.stored).enumerate();
        let missing = parts.find(|(_, (part, stored))| **stored < part.len() as u64);
        match missing {
            Some((part, (bytes, offset))) => Request::Chunk {
                part,
                offset: *offset,
                bytes: bytes[usize::try_from(*offset).unwrap()..].to_vec(),
            },
            None => {
                attempt.commit_asked = true;
                Request::Commit
            }
        }
    }
}

fn is_open(state: &PickupState) -> bool {
    matches!(
        state,
        PickupState::Planned | PickupState::Landing { .. } | PickupState::Landed { .. }
    )
}

/// Why it was not answered as was hoped.
fn problem(heard: &Heard) -> ProblemCode {
    match heard {
        Ok(Ok(_)) => ProblemCode::ServerIncompatible,
        Ok(Err(problem)) => *problem,
        Err(Line::Unreachable) => ProblemCode::ServerUnreachable,
        Err(Line::Interrupted) => ProblemCode::ServerInterrupted,
    }
}

fn file(header: &DeliveryHeader, part: usize) -> LandingFile {
    let part = &header.parts[part];
    (part.name.clone().unwrap_or_default(), part.size_bytes, part.digest)
}
