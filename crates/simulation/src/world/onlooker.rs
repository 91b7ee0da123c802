//! Whoever looks on and knows what must hold, after every step and in the end.

use std::collections::{BTreeMap, BTreeSet};

use care_model::DeliveryId;
use exchange_flow::{delivery::DeliveryState, outbox::OutboxState, pickup::PickupState};

use super::World;
use crate::{
    exchange::{Exchange, Thing},
    history::{self, Rules},
    receiver::folder_name,
};

impl World {
    /// What must hold of a delivery at the exchange after every step.
    pub(super) fn looks_on(&mut self, id: DeliveryId) {
        let rows: Vec<_> = self.exchange.rows.iter().filter(|row| row.id == id).cloned().collect();
        if rows.len() > 1 {
            self.breaks("doubled", id);
        }
        let (Some(row), Some(thing)) = (rows.first(), self.things.get(&id).cloned()) else {
            return;
        };
        let is_over = !matches!(row.state, DeliveryState::Waiting { .. } | DeliveryState::Claimed(_));
        match (is_over, self.over.get(&id)) {
            (false, None) if Exchange::is_erased(row) => self.breaks("lost or half", id),
            // Content does not change: it is read again only where the exchange's disk has been through something.
            (false, None) if !self.read.contains(&id) => {
                self.read.insert(id);
                if !self.exchange.is_safe(row, &thing.parts) {
                    self.breaks("lost or half", id);
                }
            }
            (false, Some(_)) => self.breaks("no longer over", id),
            (true, Some(before)) if *before != row.state => self.breaks("over in two ways", id),
            (true, None) => {
                self.over.insert(id, row.state.clone());
                if !Exchange::is_erased(row) {
                    self.breaks("not erased", id);
                }
                if let DeliveryState::Received { terminal, .. } = row.state {
                    let by = self.terminals.iter().position(|known| known.asker.terminal == terminal);
                    let safe = by.is_some_and(|by| self.copies(by, &thing, true) > 0);
                    if !safe {
                        self.breaks("received without a safe copy", id);
                    }
                }
            }
            _ => {}
        }
    }

    /// What must hold of what a terminal says.
    pub(super) fn claims(&mut self, terminal: usize, id: DeliveryId) {
        let stands = self.exchange.row(id).map(|row| row.state.clone());
        match self.terminals[terminal].outbox.get(&id).map(|(state, _)| state) {
            Some(OutboxState::Sent { .. }) if stands.is_none() => self.breaks("said to be sent, and not there", id),
            Some(OutboxState::Cancelled) if stands.is_some() => self.breaks("cancelled, and there", id),
            _ => {}
        }
        let confirmed = self.terminals[terminal]
            .receiver
            .rows()
            .get(&id)
            .map(|row| row.state.clone());
        if confirmed == Some(PickupState::Superseded) {
            self.doubtful.insert(id);
        }
        if matches!(confirmed, Some(PickupState::Confirmed { .. })) {
            let mine = self.terminals[terminal].asker.terminal;
            if !matches!(stands, Some(DeliveryState::Received { terminal, .. }) if terminal == mine) {
                self.breaks("said to be received, and not so at the exchange", id);
            }
        }
    }

    /// Whole copies in view at a terminal; `at_worst`: were the power to fail now.
    fn copies(&self, terminal: usize, thing: &Thing, at_worst: bool) -> usize {
        let disk = &self.terminals[terminal].receiver.disk;
        let files = if at_worst {
            disk.at_worst().files()
        } else {
            disk.files()
        };
        let name = folder_name(thing.header.id);
        let wanted: Vec<(&str, &Vec<u8>)> = thing
            .header
            .parts
            .iter()
            .zip(&thing.parts)
            .filter_map(|(part, bytes)| Some((part.name.as_deref()?, bytes)))
            .collect();
        let mut places: BTreeMap<_, usize> = BTreeMap::new();
        for (path, bytes) in &files {
            let text = path.to_string_lossy();
            let in_view =
                !text.contains("/.") && (text.contains(&name) || wanted.iter().any(|(name, _)| path.ends_with(name)));
            if in_view
                && wanted
                    .iter()
                    .any(|(name, whole)| path.ends_with(name) && *whole == bytes)
            {
                *places.entry(path.parent().map(std::path::Path::to_owned)).or_default() += 1;
            }
        }
        places.values().filter(|found| **found == wanted.len()).count()
    }

    /// What must hold in the end.
    pub(super) fn judge(&mut self) {
        self.read.clear();
        for (id, thing) in self.things.clone() {
            self.looks_on(id);
            for terminal in 0..self.terminals.len() {
                self.claims(terminal, id);
            }
            if let Some(terminal) = self.promised.get(&id) {
                let state = self.terminals[*terminal].outbox.get(&id).map(|(state, _)| state);
                if !matches!(state, Some(OutboxState::Sent { .. } | OutboxState::Cancelled)) {
                    let what = format!("a promised send came to nothing ({state:?})");
                    self.breaks(&what, id);
                }
            }
            match (self.exchange.row(id).is_some(), self.over.get(&id).cloned()) {
                (true, None) => self.breaks("accepted, and came to nothing", id),
                (true, Some(DeliveryState::Received { terminal, .. })) => {
                    let by = self.terminals.iter().position(|known| known.asker.terminal == terminal);
                    let copies = by.map_or(0, |by| self.copies(by, &thing, false));
                    if copies == 0 {
                        self.breaks("lost in the end", id);
                    } else if copies > 1 && !self.doubtful.contains(&id) {
                        self.breaks("doubled in the end", id);
                    }
                }
                _ => {}
            }
            let rules = Rules {
                parts: u8::try_from(thing.parts.len() - 1).unwrap(),
                lapses: true,
            };
            if self.broken.is_empty()
                && !history::is_linearizable(self.history.get(&id).map_or(&[][..], |entries| entries), rules)
            {
                self.breaks("no order of the history", id);
            }
        }
        let known: BTreeSet<DeliveryId> = self.things.keys().copied().collect();
        let strangers: Vec<_> = self
            .exchange
            .rows
            .iter()
            .map(|row| row.id)
            .filter(|id| !known.contains(id))
            .collect();
        for id in strangers {
            self.breaks("doubled under another identity", id);
        }
    }
}
