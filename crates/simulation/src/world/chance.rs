//! What persons do, and what breaks; and how everything is healed in the end.

use care_model::{DeliveryId, Digest, OfficeNumber, Party, ServiceKind};
use exchange_flow::{delivery::DeliveryState, outbox::OutboxEvent};
use exchange_protocol::{DeliveryHeader, Part, PartRole, Sealing};

use super::{Event, World};
use crate::{exchange::Thing, receiver::folder_name};

impl World {
    pub(super) fn person(&mut self) {
        let terminal = self.rng.usize(0..self.terminals.len());
        let act = self.rng.u8(0..10);
        self.note([act]);
        if !self.terminals[terminal].up {
            return;
        }
        let now = self.clock(self.terminals[terminal].skew_ms);
        let mine = self.terminals[terminal].asker.office;
        let own: Vec<DeliveryId> = self.terminals[terminal].outbox.keys().copied().collect();
        let rows = self.exchange.rows.iter();
        let inbox: Vec<DeliveryId> = rows
            .filter(|row| row.header.to.office == mine)
            .map(|row| row.id)
            .collect();
        let all: Vec<DeliveryId> = self.exchange.rows.iter().map(|row| row.id).collect();
        match act {
            0..4 => {
                let thing = self.thing(mine);
                let id = thing.header.id;
                self.things.insert(id, thing.clone());
                let ordered = self.terminals[terminal].order(&thing, now);
                if self.survives(terminal, ordered).is_some() {
                    self.promised.insert(id, terminal);
                    self.wakes_in(terminal, 1);
                }
            }
            4..7 => {
                for id in inbox {
                    if self.rng.u8(0..4) > 0 {
                        self.fetch(terminal, id);
                    }
                }
            }
            7 => {
                if let Some(id) = self.chosen(&own) {
                    let ask = self.terminals[terminal].recall(id);
                    self.ask(terminal, ask);
                }
            }
            8 => {
                if let Some(id) = self.chosen(&own) {
                    let event = if self.rng.bool() {
                        OutboxEvent::Cancel
                    } else {
                        OutboxEvent::Retry
                    };
                    let wished = self.terminals[terminal].wish(id, event, now);
                    if self.survives(terminal, wished).is_some() {
                        self.claims(terminal, id);
                        self.wakes_in(terminal, 1);
                    }
                }
            }
            // Somebody who has no business with it.
            _ => {
                if let Some(id) = self.chosen(&all) {
                    self.fetch(terminal, id);
                }
            }
        }
    }

    fn chosen(&mut self, ids: &[DeliveryId]) -> Option<DeliveryId> {
        (!ids.is_empty()).then(|| ids[self.rng.usize(0..ids.len())])
    }

    /// データ取得; where another terminal has it, sometimes a takeover.
    fn fetch(&mut self, terminal: usize, id: DeliveryId) {
        if !self.terminals[terminal].up {
            return;
        }
        let mine = self.terminals[terminal].asker.terminal;
        let held = match self.exchange.row(id).map(|row| &row.state) {
            Some(DeliveryState::Claimed(claim)) if claim.terminal != mine => Some(claim.fence),
            _ => None,
        };
        let take_over = held.filter(|_| self.healed || self.rng.bool());
        let ask = self.terminals[terminal].take_up(id, true, take_over);
        if let Some(ask) = self.survives(terminal, ask) {
            self.ask(terminal, ask);
        }
    }

    fn thing(&mut self, from: OfficeNumber) -> Thing {
        let others: Vec<OfficeNumber> = self
            .terminals
            .iter()
            .map(|known| known.asker.office)
            .filter(|office| *office != from)
            .collect();
        let to = others[self.rng.usize(0..others.len())];
        let kind = |text: &str| ServiceKind::parse(text).unwrap();
        let mut bytes = [0; 16];
        self.rng.fill(&mut bytes);
        let id = DeliveryId::from_bytes(bytes);
        let name = folder_name(id);
        let parts: Vec<Vec<u8>> = (0..self.rng.usize(2..4))
            .map(|_| (0..self.rng.usize(1..40)).map(|_| self.rng.u8(1..)).collect())
            .collect();
        let described = parts.iter().enumerate().map(|(place, bytes)| Part {
            role: if place == 0 {
                PartRole::Cover
            } else {
                PartRole::StandardFile
            },
            name: (place > 0).then(|| format!("{name}_{place}.CSV")),
            size_bytes: bytes.len() as u64,
            digest: Digest::of(bytes),
        });
        let header = DeliveryHeader {
            id,
            from: Party::new(from, kind("43")),
            to: Party::new(to, kind("11")),
            serial: None,
            unit: None,
            declared_month: None,
            declared_recipients: None,
            parts: described.collect(),
            sealing: Sealing::default(),
        };
        Thing {
            digest: Digest::of(id.as_bytes()),
            header,
            parts,
            large: self.rng.bool(),
        }
    }

    pub(super) fn trouble(&mut self) {
        let terminal = self.rng.usize(0..self.terminals.len());
        let node = self.rng.usize(0..self.nodes.len());
        let kind = self.rng.u8(0..8);
        self.note([kind]);
        match kind {
            0 if self.terminals[terminal].up => {
                let cut = self.rng.bool();
                self.kill(terminal, cut);
            }
            // It ends in the middle of what it does next.
            1 | 2 => self.terminals[terminal].receiver.disk.end_at(self.rng.u64(0..60)),
            3 => {
                self.happens(Event::Node(node, false));
                let wait = self.rng.i64(500..20_000);
                self.after(wait, Event::Node(node, true));
            }
            4 | 5 => self.exchange.disk.end_at(self.rng.u64(0..40)),
            6 => {
                let pair = (terminal, node);
                if !self.away.remove(&pair) {
                    self.away.insert(pair);
                }
            }
            _ => {
                let jump = self.rng.i64(-300_000..300_000);
                match self.rng.bool() {
                    true => self.nodes[node].skew_ms += jump,
                    false => self.terminals[terminal].skew_ms += jump,
                }
            }
        }
    }

    pub(super) fn heal(&mut self) {
        self.healed = true;
        self.drops = 0;
        self.away.clear();
        self.exchange.disk.let_syncs_fail(0);
        for node in 0..self.nodes.len() {
            if !self.nodes[node].up {
                self.happens(Event::Node(node, true));
            }
        }
        for terminal in 0..self.terminals.len() {
            self.terminals[terminal].receiver.disk.let_syncs_fail(0);
            self.wakes_in(terminal, 1);
        }
    }

    /// Persons do what is left: held sends again, open deliveries fetched.
    pub(super) fn finish(&mut self) {
        for terminal in 0..self.terminals.len() {
            let now = self.clock(self.terminals[terminal].skew_ms);
            for id in self.terminals[terminal].outbox.keys().copied().collect::<Vec<_>>() {
                let wished = self.terminals[terminal].wish(id, OutboxEvent::Retry, now);
                self.survives(terminal, wished);
            }
            self.wakes_in(terminal, 1);
        }
        let open: Vec<DeliveryId> = self
            .exchange
            .rows
            .iter()
            .map(|row| row.id)
            .filter(|id| !self.over.contains_key(id))
            .collect();
        for id in open {
            let to = self.things.get(&id).map(|thing| thing.header.to.office);
            let at = self
                .terminals
                .iter()
                .position(|known| Some(known.asker.office) == to && known.up);
            if let Some(at) = at {
                self.fetch(at, id);
            }
        }
    }
}
