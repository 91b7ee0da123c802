//! An office's two lists as the writer counts them, and how much of both there may be.

use care_model::{DeliveryId, OfficeNumber};

use crate::{
    Refusal, StoreError, convert,
    limits::{LimitOverrides, OfficeLimits},
    sql,
};

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

/// Which rows an act needs, as far as that is known before it runs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Touches {
    /// Others, or not known yet.
    Unknown,
    /// A delivery that may be new, and the counters of its sender and receiver.
    Send {
        id: DeliveryId,
        from: OfficeNumber,
        to: OfficeNumber,
    },
    /// A delivery, and the counters of both its offices.
    Delivery(DeliveryId),
    /// A delivery and its content.
    Content(DeliveryId),
}

impl Touches {
    /// When an act runs within its commit (ADR 0067). None of the acts was answered yet, so any order is right; in this one
    /// nothing that was read ahead has to be read again, for what may change any row comes last.
    pub(crate) fn turn(self) -> u8 {
        match self {
            Self::Send { .. } => 0,
            Self::Delivery(_) | Self::Content(_) => 1,
            Self::Unknown => 2,
        }
    }
}

macro_rules! select {
    ($asked:literal) => {
        concat!(
            "SELECT asked.office, outbox_sequence, inbox_sequence, outbox_change, inbox_change, waiting_deliveries, \
             waiting_bytes, sent_day, sent_on_day, waiting_deliveries_max, waiting_bytes_max, sends_a_day_max FROM ",
            $asked,
            " AS asked LEFT JOIN mailbox ON mailbox.office = asked.office \
             LEFT JOIN office_limits ON office_limits.office = asked.office"
        )
    };
}

/// Reads an office's counters and limits; nothing is counted yet of one that never sent or received.
pub(crate) async fn read(connection: &mut sql::Connection, office: OfficeNumber) -> Result<Mailbox, StoreError> {
    let row = sql::query(select!("(SELECT CAST(? AS TEXT) AS office)"))
        .bind(office.as_str())
        .fetch_one(connection)
        .await?;
    of_row(&row)
}

/// Reads those of all offices that the acts of a commit touch, in one way to a database of another machine and back.
pub(crate) async fn read_all(
    connection: &mut sql::Connection,
    touched: impl Iterator<Item = Touches>,
) -> Result<Vec<(OfficeNumber, Mailbox)>, StoreError> {
    let (mut offices, mut deliveries) = (Vec::new(), Vec::new());
    for touches in touched {
        match touches {
            Touches::Unknown | Touches::Content(_) => {}
            Touches::Send { from, to, .. } => offices.extend([from.as_str().to_owned(), to.as_str().to_owned()]),
            Touches::Delivery(id) => deliveries.push(id.to_string()),
        }
    }
    if offices.is_empty() && deliveries.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sql::query(select!(
        "(SELECT unnest(string_to_array(?, ',')) AS office UNION \
         SELECT unnest(ARRAY[from_office, to_office]) FROM delivery \
         WHERE id IN (SELECT uuid_send(CAST(unnest(string_to_array(?, ',')) AS uuid))))"
    ))
    .bind(offices.join(","))
    .bind(deliveries.join(","))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok((convert::office(row.try_get("office")?)?, of_row(row)?)))
        .collect()
}

fn of_row(row: &sql::Row) -> Result<Mailbox, StoreError> {
    let counted = |name| convert::number(row.try_get::<Option<i64>>(name)?.unwrap_or_default());
    let limit = |name| row.try_get::<Option<i64>>(name)?.map(convert::number).transpose();
    let limits = LimitOverrides {
        waiting_deliveries_max: limit("waiting_deliveries_max")?,
        waiting_bytes_max: limit("waiting_bytes_max")?,
        sends_a_day_max: limit("sends_a_day_max")?,
    };
    Ok(Mailbox {
        outbox_sequence: counted("outbox_sequence")?,
        inbox_sequence: counted("inbox_sequence")?,
        outbox_change: counted("outbox_change")?,
        inbox_change: counted("inbox_change")?,
        waiting_deliveries: counted("waiting_deliveries")?,
        waiting_bytes: counted("waiting_bytes")?,
        sent_day: row.try_get::<Option<i64>>("sent_day")?.unwrap_or_default(),
        sent_on_day: counted("sent_on_day")?,
        limits: limits.effective(),
        outbox_moved: false,
        inbox_moved: false,
    })
}

/// Adds what writes counters that moved.
pub(crate) fn write(script: &mut sql::Script, moved: &[(OfficeNumber, Mailbox)]) {
    for moved in moved.chunks(sql::WRITTEN_ROWS_MAX) {
        let mut insert = sql::Builder::new(
            "INSERT INTO mailbox (office, outbox_sequence, inbox_sequence, outbox_change, inbox_change, \
             waiting_deliveries, waiting_bytes, sent_day, sent_on_day) ",
        );
        insert.push_values(moved, |row, (office, mailbox)| {
            row.push_bind(office.as_str())
                .push_bind(convert::signed(mailbox.outbox_sequence))
                .push_bind(convert::signed(mailbox.inbox_sequence))
                .push_bind(convert::signed(mailbox.outbox_change))
                .push_bind(convert::signed(mailbox.inbox_change))
                .push_bind(convert::signed(mailbox.waiting_deliveries))
                .push_bind(convert::signed(mailbox.waiting_bytes))
                .push_bind(mailbox.sent_day)
                .push_bind(convert::signed(mailbox.sent_on_day));
        });
        insert.push(
            " ON CONFLICT (office) DO UPDATE SET \
             outbox_sequence = excluded.outbox_sequence, inbox_sequence = excluded.inbox_sequence, \
             outbox_change = excluded.outbox_change, inbox_change = excluded.inbox_change, \
             waiting_deliveries = excluded.waiting_deliveries, waiting_bytes = excluded.waiting_bytes, \
             sent_day = excluded.sent_day, sent_on_day = excluded.sent_on_day",
        );
        script.push(insert.build());
    }
}
