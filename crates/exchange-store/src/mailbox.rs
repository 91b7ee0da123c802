//! An office's two lists as the writer counts them, and how much of both there may be.

use crate::{Refusal, limits::OfficeLimits};

/// The counters of an office's two lists (D3).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mailbox {
    pub(crate) outbox_sequence: u64,
    pub(crate) inbox_sequence: u64,
    pub(crate) outbox_change: u64,
    pub(crate) inbox_change: u64,
    /// What waits for the office, unfetched.
    pub(crate) waiting_deliveries: u64,
    pub(crate) waiting_bytes: u64,
    /// What it sent on a day, and on which.
    pub(crate) sent_day: i64,
    pub(crate) sent_on_day: u64,
    /// How much of both there may be.
    pub(crate) limits: OfficeLimits,
    /// Whether this batch moved them; they are written once a commit.
    pub(crate) outbox_moved: bool,
    pub(crate) inbox_moved: bool,
}

impl Mailbox {
    pub(crate) fn change_outbox(&mut self) -> u64 {
        self.outbox_change += 1;
        self.outbox_moved = true;
        self.outbox_change
    }

    pub(crate) fn change_inbox(&mut self) -> u64 {
        self.inbox_change += 1;
        self.inbox_moved = true;
        self.inbox_change
    }

    /// Whether the office may send one delivery more on a day.
    pub(crate) fn may_send(&self, day: i64) -> Result<(), Refusal> {
        let max = self.limits.sends_a_day_max;
        let sent = if self.sent_day == day { self.sent_on_day } else { 0 };
        if sent < max {
            Ok(())
        } else {
            Err(Refusal::SendsADay { max })
        }
    }

    /// Whether so many bytes more may wait for the office.
    pub(crate) fn has_room(&self, bytes: u64) -> Result<(), Refusal> {
        let is_full = self.waiting_deliveries >= self.limits.waiting_deliveries_max
            || self.waiting_bytes.saturating_add(bytes) > self.limits.waiting_bytes_max;
        if is_full { Err(Refusal::MailboxFull) } else { Ok(()) }
    }

    /// Counts a delivery that the office sent. The caller moves the outbox.
    pub(crate) fn sent(&mut self, day: i64) {
        if self.sent_day != day {
            (self.sent_day, self.sent_on_day) = (day, 0);
        }
        self.sent_on_day += 1;
    }

    /// Counts a delivery that waits from now on. The caller moves the inbox.
    pub(crate) fn waits(&mut self, bytes: u64) {
        self.waiting_deliveries += 1;
        self.waiting_bytes = self.waiting_bytes.saturating_add(bytes);
    }

    /// Counts a delivery that is over, however. The caller moves the inbox.
    pub(crate) fn is_over(&mut self, bytes: u64) {
        self.waiting_deliveries = self.waiting_deliveries.saturating_sub(1);
        self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes);
    }
}
