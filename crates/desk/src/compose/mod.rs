//! Compositions: 新規作成 and 一括送信 in the making.
//!
//! A composition is its files and what a person wrote; the plan is worked out anew at every look, so that it can
//! never disagree with the files. Identities of deliveries are made once, when a delivery is first planned, and
//! kept with the composition: the same delivery is sent under the same identity however often it is looked at (D3).
//! What was given to the queue leaves the files and stays in the list as it was shown.

mod chosen;
mod confirmation;
mod guard;
mod layout;
mod send;
#[cfg(test)]
pub(crate) mod trial;
mod view;

use std::{collections::HashMap, sync::Arc};

use care_csv::FileFacts;
use care_model::{DeliveryId, NameReading, ProblemCode, limits};
use chrono::{DateTime, Utc};
use desk_ipc::{CommandError, CompositionId, CompositionMode, PlannedView};
use serde::{Deserialize, Serialize};

pub(crate) use chosen::Chosen;
use chosen::is_of_attachments;
pub(crate) use confirmation::Confirmation;
pub(crate) use guard::History;
pub(crate) use layout::{Found, Layout, Surroundings};
pub(crate) use send::Ready;
pub(crate) use view::file_row;

use crate::{
    intake::{TakenFile, limit_params},
    spool::SpoolRef,
};

/// A composition laid out, with what is around it.
pub(crate) struct Settled {
    pub(crate) around: Surroundings,
    pub(crate) layout: Layout,
}

/// A composition as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Composition {
    pub(crate) id: CompositionId,
    pub(crate) mode: CompositionMode,
    pub(crate) files: Vec<HeldFile>,
    next_file: u32,
    slots: Vec<Slot>,
    /// The note in 新規作成; it goes with the first delivery.
    pub(crate) note: String,
    /// What was given to the queue, as it was shown.
    pub(crate) sent: Vec<PlannedView>,
    /// The office that a person chose in 宛先検索 or by 返信.
    #[serde(default)]
    pub(crate) chosen: Option<Chosen>,
    /// The drafts whose files this 一括送信 was made of.
    #[serde(default)]
    pub(crate) drafts: Vec<FromDraft>,
}

/// A draft that went into a 一括送信: used up once all of its files were sent from there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FromDraft {
    pub(crate) id: CompositionId,
    /// Which saving of it; what is saved later is another draft.
    pub(crate) saved_at: DateTime<Utc>,
    /// The numbers of its files here.
    pub(crate) files: Vec<u32>,
}

/// A file of a composition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct HeldFile {
    pub(crate) number: u32,
    pub(crate) taken: TakenFile,
    /// The delivery that it was attached to by name; other files find their place by themselves.
    pub(crate) attached_to: Option<DeliveryId>,
    /// Whether it is a repaired copy of what was dropped.
    #[serde(default)]
    pub(crate) repaired: bool,
    /// Whether its copy could not be read; asked anew at every start, for it may be readable again.
    #[serde(skip)]
    pub(crate) unreadable: bool,
}

/// The identity and the note of one planned delivery.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Slot {
    /// Serial, destination and sender, as the names say.
    key: String,
    delivery: DeliveryId,
    note: String,
}

impl Composition {
    /// An empty one.
    pub(crate) fn new(mode: CompositionMode) -> Self {
        Self {
            id: CompositionId::generate(),
            mode,
            files: Vec::new(),
            next_file: 1,
            slots: Vec::new(),
            note: String::new(),
            sent: Vec::new(),
            chosen: None,
            drafts: Vec::new(),
        }
    }

    /// Adds files that were taken in.
    pub(crate) fn add(&mut self, taken: Vec<TakenFile>, attached_to: Option<DeliveryId>) {
        for taken in taken {
            self.files.push(HeldFile {
                number: self.next_file,
                taken,
                attached_to,
                repaired: false,
                unreadable: false,
            });
            self.next_file = self.next_file.saturating_add(1);
        }
    }

    /// Takes a file out. One that is gone already is as good.
    pub(crate) fn remove(&mut self, number: u32) {
        self.files.retain(|file| file.number != number);
        // A draft of which something was taken out is not sent whole, so it is not used up by what is.
        self.drafts.retain(|draft| !draft.files.contains(&number));
    }

    /// Puts a repaired copy in the place of the file whose copy was at `place`; false if that is not there any more.
    pub(crate) fn put_repaired(&mut self, number: u32, place: &SpoolRef, repaired: TakenFile) -> bool {
        let held = self.files.iter_mut().find(|file| file.number == number);
        let same = |file: &&mut HeldFile| {
            let content = file.taken.content.as_ref();
            content.is_ok_and(|content| content.place.id() == place.id())
        };
        let Some(file) = held.filter(same) else { return false };
        file.taken = repaired;
        file.repaired = true;
        file.unreadable = false;
        true
    }

    /// Writes the note of a delivery, or of the composition.
    pub(crate) fn set_note(&mut self, delivery: Option<DeliveryId>, note: String) -> Result<(), CommandError> {
        if note.chars().count() > limits::NOTE_CHARS_MAX {
            return Err(refusal_with_limits(ProblemCode::NoteTooLong));
        }
        match delivery.map(|id| self.slots.iter().position(|slot| slot.delivery == id)) {
            None => self.note = note,
            // In 新規作成 the first delivery's note is the composition's, which survives a change of files.
            Some(Some(0)) if self.mode == CompositionMode::Compose => self.note = note,
            Some(Some(place)) => self.slots[place].note = note,
            Some(None) => return Err(ProblemCode::DeliveryUnknown.into()),
        }
        Ok(())
    }

    /// Makes a 一括送信 of a 新規作成; what was written goes with the first delivery.
    pub(crate) fn turn_into_dispatch(&mut self) {
        if self.mode == CompositionMode::Compose {
            self.mode = CompositionMode::Dispatch;
            self.chosen = None;
            if let Some(first) = self.slots.first_mut() {
                first.note = std::mem::take(&mut self.note);
            }
        }
    }

    /// What a 新規作成 that became a 一括送信 is as the draft that it came from; what was sent is not in it.
    pub(crate) fn into_draft(mut self) -> Self {
        self.sent.clear();
        if self.mode == CompositionMode::Dispatch {
            self.mode = CompositionMode::Compose;
            if let Some(first) = self.slots.first_mut().filter(|_| self.note.is_empty()) {
                self.note = std::mem::take(&mut first.note);
            }
        }
        self
    }

    /// Whether a delivery is planned here.
    pub(crate) fn has(&self, delivery: DeliveryId) -> bool {
        self.slots.iter().any(|slot| slot.delivery == delivery)
    }

    /// The identity of the first delivery, if one is planned.
    pub(crate) fn first_delivery(&self) -> Option<DeliveryId> {
        self.slots.first().map(|slot| slot.delivery)
    }

    /// How many deliveries were planned when it was last looked at.
    pub(crate) fn planned(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing in it would be missed.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.note.is_empty()
    }

    /// Whether another state would be stored by the same bytes.
    pub(crate) fn is_stored_as(&self, other: &Self) -> bool {
        match (serde_json::to_vec(self), serde_json::to_vec(other)) {
            (Ok(this), Ok(that)) => this == that,
            _ => false,
        }
    }

    /// Whether another state of the same composition holds the same files and the same text.
    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        let files = |of: &Self| -> Vec<_> {
            let each = of.files.iter().map(|file| {
                let place = file.taken.content.as_ref().ok().map(|content| content.place.id());
                (file.number, place, file.attached_to)
            });
            each.collect()
        };
        let notes = |of: &Self| -> Vec<_> {
            let noted = of.slots.iter().filter(|slot| !slot.note.is_empty());
            noted.map(|slot| (slot.key.clone(), slot.note.clone())).collect()
        };
        self.mode == other.mode
            && self.note == other.note
            && self.chosen == other.chosen
            && files(self) == files(other)
            && notes(self) == notes(other)
    }

    /// Takes the files and what was written in a draft into this 一括送信. What was attached to a delivery of the draft
    /// is attached to the same delivery here, and what was loose in it to its first one, as in 新規作成.
    pub(crate) fn take_draft(&mut self, draft: Self, saved_at: DateTime<Utc>) -> Result<(), CommandError> {
        let mut moved: HashMap<DeliveryId, DeliveryId> = HashMap::new();
        for (place, slot) in draft.slots.iter().enumerate() {
            let note = if place == 0 { &draft.note } else { &slot.note };
            let here = match self.slots.iter().position(|here| here.key == slot.key) {
                Some(here) => here,
                None => {
                    self.slots.push(Slot {
                        key: slot.key.clone(),
                        delivery: DeliveryId::generate(),
                        note: String::new(),
                    });
                    self.slots.len() - 1
                }
            };
            let here = &mut self.slots[here];
            // The same unit in two drafts is one delivery, and nothing that was written is lost.
            let joined = match (here.note.is_empty(), note.is_empty()) {
                (true, _) => note.clone(),
                (false, true) => here.note.clone(),
                (false, false) => format!("{}\n{note}", here.note),
            };
            if joined.chars().count() > limits::NOTE_CHARS_MAX {
                return Err(refusal_with_limits(ProblemCode::NoteTooLong));
            }
            here.note = joined;
            moved.insert(slot.delivery, here.delivery);
        }
        let first = draft.slots.first().and_then(|slot| moved.get(&slot.delivery)).copied();
        let mut numbers = Vec::with_capacity(draft.files.len());
        for file in draft.files {
            let loose = matches!(NameReading::of(&file.taken.name), NameReading::Foreign) && file.taken.content.is_ok();
            let attached_to = match file.attached_to {
                Some(delivery) => moved.get(&delivery).copied(),
                None if loose => first,
                None => None,
            };
            numbers.push(self.next_file);
            self.files.push(HeldFile {
                number: self.next_file,
                attached_to,
                ..file
            });
            self.next_file = self.next_file.saturating_add(1);
        }
        self.drafts.push(FromDraft {
            id: draft.id,
            saved_at,
            files: numbers,
        });
        Ok(())
    }

    /// The copies that this composition needs.
    pub(crate) fn places(&self) -> impl Iterator<Item = &SpoolRef> {
        self.files
            .iter()
            .filter_map(|file| file.taken.content.as_ref().ok())
            .map(|content| &content.place)
    }

    /// Files of the standard whose facts are not in memory: where their copies are, their names, and where facts go.
    pub(crate) fn without_facts(&mut self) -> impl Iterator<Item = (&SpoolRef, &str, &mut Option<Arc<FileFacts>>)> {
        // What was attached by name is no file of the standard here, whatever it is called.
        let placed = self.files.iter_mut().filter(|file| file.attached_to.is_none());
        placed.filter_map(|file| {
            let name = file.taken.name.as_str();
            let content = file.taken.content.as_mut().ok()?;
            let wanted = content.facts.is_none() && NameReading::of(name).standard().is_some();
            wanted.then_some((&content.place, name, &mut content.facts))
        })
    }

    /// Lets what is attached to a delivery of attachments alone find its place by itself, as loose files do in 新規作成:
    /// that delivery goes when another office is chosen or a file of the standard names one, and what it held must not.
    fn loosen_attachments(&mut self) {
        let alone: Vec<DeliveryId> = self
            .slots
            .iter()
            .filter(|slot| is_of_attachments(&slot.key))
            .map(|slot| slot.delivery)
            .collect();
        for file in &mut self.files {
            let foreign = matches!(NameReading::of(&file.taken.name), NameReading::Foreign);
            if foreign && file.attached_to.is_some_and(|delivery| alone.contains(&delivery)) {
                file.attached_to = None;
            }
        }
    }

    /// Gives every key its slot, in this order; those without a delivery any more are forgotten.
    fn arrange(&mut self, keys: &[String]) {
        let mut old = std::mem::take(&mut self.slots);
        for key in keys {
            let slot = match old.iter().position(|slot| slot.key == *key) {
                Some(place) => old.swap_remove(place),
                None => Slot {
                    key: key.clone(),
                    delivery: DeliveryId::generate(),
                    note: String::new(),
                },
            };
            self.slots.push(slot);
        }
    }
}

/// A refusal with the bound that was crossed.
pub(crate) fn refusal_with_limits(code: ProblemCode) -> CommandError {
    limit_params(code)
        .into_iter()
        .fold(CommandError::new(code), |error, (name, value)| error.with(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_stay_with_their_deliveries() {
        let mut composition = Composition::new(CompositionMode::Dispatch);
        composition.arrange(&["a".to_owned(), "b".to_owned()]);
        let (a, b) = (composition.slots[0].delivery, composition.slots[1].delivery);
        composition.set_note(Some(b), "for b".to_owned()).unwrap();
        composition.arrange(&["c".to_owned(), "b".to_owned()]);
        assert_eq!(composition.slots[1].delivery, b);
        assert_eq!(composition.slots[1].note, "for b");
        assert!(!composition.has(a) && composition.has(b));
    }

    #[test]
    fn a_note_has_its_limit() {
        let mut composition = Composition::new(CompositionMode::Compose);
        composition.set_note(None, "あ".repeat(limits::NOTE_CHARS_MAX)).unwrap();
        let refused = composition
            .set_note(None, "あ".repeat(limits::NOTE_CHARS_MAX + 1))
            .unwrap_err();
        assert_eq!(refused.code, ProblemCode::NoteTooLong);
        assert_eq!(refused.params["max"], "2000");
        assert_eq!(composition.note.chars().count(), limits::NOTE_CHARS_MAX);
    }

    #[test]
    fn the_note_goes_along_into_a_dispatch() {
        let mut composition = Composition::new(CompositionMode::Compose);
        composition.arrange(&["a".to_owned()]);
        let first = composition.slots[0].delivery;
        composition.set_note(Some(first), "hello".to_owned()).unwrap();
        assert_eq!(composition.note, "hello");
        composition.turn_into_dispatch();
        assert_eq!(
            (composition.note.as_str(), composition.slots[0].note.as_str()),
            ("", "hello")
        );
    }
}
