//! 宛先検索: names and telephone numbers of offices, asked of the exchange and remembered for a while.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use care_model::{OfficeNumber, ProblemCode, ServiceKind, limits};
use chrono::{DateTime, TimeDelta, Utc};
use desk_ipc::{CommandError, OfficeHit, OfficeSearch, OfficeSearchView};
use exchange_client::ClientError;
use exchange_protocol::OfficeEntry;
use futures::StreamExt;
use serde::{Deserialize, Serialize};

use crate::{
    core::{Core, lock},
    session::Line,
    store::{ListName, ValueName},
    words,
};

/// How long an office that is on the exchange is taken as known.
const KNOWN_MINUTES: i64 = 60;
/// How long one that is not is taken as absent: long enough for a person who types, short enough for one who waits.
const ABSENT_SECONDS: i64 = 60;
/// Offices asked for at once.
const ASKED_AT_ONCE: usize = 8;
/// How long a person waits for the directory.
const ASKED_FOR: Duration = Duration::from_secs(4);
/// Offices that 宛先検索 shows at once.
const FOUND_AT_ONCE: u32 = 50;
/// Offices that are remembered.
const KNOWN_MAX: usize = 2_000;

#[derive(Clone, Serialize, Deserialize)]
struct Known {
    entry: OfficeEntry,
    asked_at: DateTime<Utc>,
}

type Directory = HashMap<OfficeNumber, Known>;

/// What the directory answered about one office.
type Answered = (OfficeNumber, Result<OfficeEntry, ClientError>);

/// The offices that are wanted, each with the kinds it is addressed in.
pub(crate) type Wanted = HashMap<OfficeNumber, HashSet<ServiceKind>>;

impl Core {
    /// Asks the directory about those of these offices of which too little is remembered; whether anything was learnt.
    /// It takes its time: nobody holds a lock meanwhile.
    pub(crate) async fn learn_offices(&self, wanted: &Wanted) -> Result<bool, CommandError> {
        if wanted.is_empty() {
            return Ok(false);
        }
        let directory: Directory = self.store.value(ValueName::Directory).await?.unwrap_or_default();
        let now = self.now();
        let fresh = |known: &Known| now - known.asked_at < TimeDelta::minutes(KNOWN_MINUTES);
        // A kind that an office did not have may have been registered since.
        let suits = |known: &Known, kinds: &HashSet<ServiceKind>| {
            fresh(known) && kinds.iter().all(|kind| known.entry.kinds.contains(kind))
        };
        let absent = self.absent_offices();
        let missing: Vec<OfficeNumber> = wanted
            .iter()
            .filter(|(number, kinds)| {
                !absent.contains(number) && !directory.get(number).is_some_and(|known| suits(known, kinds))
            })
            .map(|(number, _)| *number)
            .collect();
        // Offline nobody waits for a directory that does not answer: the destination is shown as unchecked.
        if missing.is_empty() || !self.is_online() {
            return Ok(false);
        }
        let Ok(line) = self.line().await else {
            return Ok(false);
        };
        let asked = tokio::time::timeout(ASKED_FOR, self.ask_directory(&line, &missing)).await;
        self.remember_offices(asked.unwrap_or_default()).await
    }

    /// Keeps what the directory answered; whether it said anything.
    async fn remember_offices(&self, answers: Vec<Answered>) -> Result<bool, CommandError> {
        // Two askers may come back at once: each adds to what the other kept.
        let _one = self.learning_offices.lock().await;
        let mut directory: Directory = self.store.value(ValueName::Directory).await?.unwrap_or_default();
        let now = self.now();
        let (mut learnt, mut changed) = (false, false);
        for (number, answer) in answers {
            match answer {
                Ok(entry) => {
                    lock(&self.not_there).remove(&number);
                    directory.insert(number, Known { entry, asked_at: now });
                    (learnt, changed) = (true, true);
                }
                Err(ClientError::Refused(problem)) if problem.code == ProblemCode::DestinationUnknown => {
                    let mut not_there = lock(&self.not_there);
                    not_there.retain(|_, asked_at| is_absent(*asked_at, now));
                    if not_there.len() < KNOWN_MAX {
                        not_there.insert(number, now);
                    }
                    changed |= directory.remove(&number).is_some();
                    learnt = true;
                }
                Err(_) => {}
            }
        }
        if changed {
            while directory.len() > KNOWN_MAX {
                let Some(oldest) = directory
                    .iter()
                    .min_by_key(|(_, known)| known.asked_at)
                    .map(|(n, _)| *n)
                else {
                    break;
                };
                directory.remove(&oldest);
            }
            self.store.set_value(ValueName::Directory, &directory).await?;
        }
        Ok(learnt)
    }

    /// Takes none of these for absent until the exchange said so again. Offline it can't: they are shown as unchecked then.
    pub(crate) fn forget_absent(&self, wanted: &Wanted) {
        lock(&self.not_there).retain(|number, _| !wanted.contains_key(number));
    }

    /// The offices that were not on the exchange a moment ago.
    fn absent_offices(&self) -> HashSet<OfficeNumber> {
        let now = self.now();
        let not_there = lock(&self.not_there);
        let absent = not_there.iter().filter(|(_, asked_at)| is_absent(**asked_at, now));
        absent.map(|(number, _)| *number).collect()
    }

    /// What is remembered of these offices, however long ago it was asked. One that was not on the exchange a moment
    /// ago is none; one of which nothing is known is not named.
    pub(crate) async fn remembered_offices(
        &self,
        wanted: &Wanted,
    ) -> Result<HashMap<OfficeNumber, Option<OfficeEntry>>, CommandError> {
        let directory: Directory = self.store.value(ValueName::Directory).await?.unwrap_or_default();
        let absent = self.absent_offices();
        let known = |number: &OfficeNumber| match absent.contains(number) {
            true => Some((*number, None)),
            false => Some((*number, Some(directory.get(number)?.entry.clone()))),
        };
        Ok(wanted.keys().filter_map(known).collect())
    }

    /// 宛先検索: a page of the directory, each office with the last exchange with it.
    pub(crate) async fn search_offices(&self, search: OfficeSearch) -> Result<OfficeSearchView, CommandError> {
        if search.text.chars().count() > limits::SEARCH_CHARS_MAX {
            return Err(CommandError::new(ProblemCode::SearchTooLong).with("max", limits::SEARCH_CHARS_MAX));
        }
        let line = self.line().await?;
        let asked = exchange_protocol::OfficeSearch {
            text: search.text,
            kind: search.kind,
            after: search.after,
            limit: FOUND_AT_ONCE,
        };
        let answer = line.exchange.search_offices(&asked).await;
        let page = self.heard_by(&line, answer).await?;
        let numbers = page.offices.iter().map(|entry| entry.number).collect();
        let last = self.last_exchanges(&numbers).await?;
        Ok(OfficeSearchView {
            offices: page.offices.into_iter().map(|entry| hit(entry, &last)).collect(),
            more: page.more,
        })
    }

    /// When this office last sent to each of these or received from it, as its lists say.
    pub(crate) async fn last_exchanges(
        &self,
        offices: &HashSet<OfficeNumber>,
    ) -> Result<HashMap<OfficeNumber, DateTime<Utc>>, CommandError> {
        let mut last: HashMap<OfficeNumber, DateTime<Utc>> = HashMap::new();
        if offices.is_empty() {
            return Ok(last);
        }
        for list in [ListName::Inbox, ListName::Outbox] {
            for (office, at) in self.list_rows(list).await?.rows().last_with(offices) {
                let known = last.entry(office).or_insert(at);
                *known = at.max(*known);
            }
        }
        Ok(last)
    }

    async fn ask_directory(&self, line: &Line, numbers: &[OfficeNumber]) -> Vec<Answered> {
        futures::stream::iter(numbers.iter().copied())
            .map(|number| async move {
                let answer = line.exchange.office(number).await;
                self.note_online(&answer);
                (number, answer)
            })
            .buffer_unordered(ASKED_AT_ONCE)
            .collect()
            .await
    }
}

fn is_absent(asked_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (now - asked_at).abs() < TimeDelta::seconds(ABSENT_SECONDS)
}

fn hit(entry: OfficeEntry, last: &HashMap<OfficeNumber, DateTime<Utc>>) -> OfficeHit {
    let mut office = words::office(entry.number, &entry.name, &entry.kinds);
    office.telephone = entry.telephone;
    OfficeHit {
        office,
        kana: entry.kana.unwrap_or_default(),
        address: entry.address.unwrap_or_default(),
        active: entry.active,
        last_exchange: last.get(&entry.number).copied(),
    }
}
