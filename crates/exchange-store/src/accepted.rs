//! The rows of what a commit accepts: gathered while its acts run, and written together.

use bytes::Bytes;
use care_model::{DeliveryId, Digest, OfficeNumber};
use chrono::{DateTime, Utc};
use exchange_flow::retention::due_next;

use crate::{convert, mailbox::Touches, sql};

/// What a new row of `delivery` is made of, whether it came as one request or in chunks.
pub(crate) struct Acceptance {
    pub(crate) id: DeliveryId,
    pub(crate) digest: Digest,
    pub(crate) from: OfficeNumber,
    pub(crate) to: OfficeNumber,
    pub(crate) header_json: Bytes,
    pub(crate) content_bytes: u64,
    pub(crate) wrapped_key: Vec<u8>,
    /// None if the bytes are in the folder.
    pub(crate) sealed: Option<Vec<u8>>,
}

impl Acceptance {
    /// What its act touches.
    pub(crate) fn touches(&self) -> Touches {
        Touches::Send {
            id: self.id,
            from: self.from,
            to: self.to,
        }
    }
}

/// A delivery that was accepted, with the places that its offices' counters gave it.
pub(crate) struct AcceptedRow {
    pub(crate) new: Acceptance,
    pub(crate) accepted_at: DateTime<Utc>,
    pub(crate) kept_until: DateTime<Utc>,
    pub(crate) outbox_sequence: u64,
    pub(crate) inbox_sequence: u64,
    pub(crate) outbox_change: u64,
    pub(crate) inbox_change: u64,
}

/// Adds what writes the rows with their contents; to PostgreSQL one way there and back for all of a statement.
pub(crate) fn write(script: &mut sql::Script, rows: Vec<AcceptedRow>, is_sqlite: bool) {
    let (begin, between, end) = match is_sqlite {
        true => ("", "; ", ") JOIN delivery ON id = column1"),
        false => (
            "WITH accepted AS (",
            " RETURNING row, id) ",
            ") AS kept JOIN accepted ON id = column1",
        ),
    };
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut contents = Vec::new();
        let mut insert = sql::Builder::new(begin);
        insert
            .push(
                "INSERT INTO delivery (id, digest, from_office, to_office, header, accepted_at, outbox_sequence, \
                 inbox_sequence, outbox_change, inbox_change, kept_until, due_at, content_bytes, state, fence) ",
            )
            .push_values(rows.by_ref().take(sql::WRITTEN_ROWS_MAX), |values, row| {
                let new = row.new;
                values
                    .push_bind(new.id.as_bytes().as_slice())
                    .push_bind(new.digest.as_bytes().as_slice())
                    .push_bind(new.from.as_str())
                    .push_bind(new.to.as_str())
                    .push_bind(new.header_json.to_vec())
                    .push_bind(convert::millis(row.accepted_at))
                    .push_bind(convert::signed(row.outbox_sequence))
                    .push_bind(convert::signed(row.inbox_sequence))
                    .push_bind(convert::signed(row.outbox_change))
                    .push_bind(convert::signed(row.inbox_change))
                    .push_bind(convert::millis(row.kept_until))
                    .push_bind(convert::millis(due_next(row.kept_until, row.accepted_at)))
                    .push_bind(convert::signed(new.content_bytes))
                    .push("0, 0");
                contents.push((new.id, new.wrapped_key, new.sealed));
            })
            .push(between)
            .push("INSERT INTO content (delivery_row, wrapped_key, sealed) SELECT row, column2, column3 FROM (")
            .push_values(contents, |values, (id, wrapped_key, sealed)| {
                values
                    .push_bind(id.as_bytes().as_slice())
                    .push_bind(wrapped_key)
                    .push_bind(sealed);
            })
            .push(end);
        script.push(insert.build());
    }
}
