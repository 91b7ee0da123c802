//! The states that a commit gives to deliveries: gathered while its acts run, and written together.

use care_model::{DeliveryId, TerminalId};
use chrono::{DateTime, Utc};
use exchange_flow::delivery::{DeliveryEffect, DeliveryState};

use crate::{
    StoreError, convert,
    loaded::Loaded,
    sql,
    writer::{After, Batch},
};

/// What an act makes of a delivery's row.
pub(crate) struct SteppedRow {
    row: i64,
    columns: Columns,
    served_parts: Option<Vec<u8>>,
    inbox_change: Option<u64>,
    outbox_change: Option<u64>,
    content: Content,
}

/// A state in its columns.
#[derive(Default)]
struct Columns {
    state: i64,
    fence: Option<u64>,
    terminal: Option<TerminalId>,
    since: Option<DateTime<Utc>>,
    lease_until: Option<DateTime<Utc>>,
    all_served: bool,
    ended_at: Option<DateTime<Utc>>,
}

/// What becomes of a delivery's content. Its wrapped key is destroyed with its row, in the same commit.
#[derive(Clone, Copy, PartialEq)]
enum Content {
    Stays,
    Erased,
    /// And its bytes are deleted from the folder after that.
    ErasedInFolder(DeliveryId),
}

/// Takes a state and its effects down for this commit. It is written with the others of the commit, or before a statement
/// that needs to see it ([`Batch::write_gathered`]); a delivery is loaded anew before it is stepped again.
pub(crate) async fn store_state(
    batch: &mut Batch,
    loaded: &Loaded,
    next: &DeliveryState,
    served_parts: Option<&[u8]>,
    effects: &[DeliveryEffect],
) -> Result<(), StoreError> {
    let mut content = Content::Stays;
    if effects.contains(&DeliveryEffect::EraseContent) {
        batch.mailbox(loaded.to).await?.is_over(loaded.content_bytes);
        content = Content::Erased;
        if loaded.in_folder == Some(true) {
            content = Content::ErasedInFolder(loaded.id);
            batch.after(After::ErasureDue);
        }
    }
    let inbox_change = match effects.contains(&DeliveryEffect::InboxChanged) {
        true => Some(batch.mailbox(loaded.to).await?.change_inbox()),
        false => None,
    };
    let outbox_change = match effects.contains(&DeliveryEffect::OutboxChanged) {
        true => Some(batch.mailbox(loaded.from).await?.change_outbox()),
        false => None,
    };
    batch.stepped(SteppedRow {
        row: loaded.row,
        columns: columns(next),
        served_parts: served_parts.map(<[u8]>::to_vec),
        inbox_change,
        outbox_change,
        content,
    });
    Ok(())
}

/// A fence that is none stays as it is in the row; everything else is replaced.
fn columns(state: &DeliveryState) -> Columns {
    match state {
        DeliveryState::Waiting { fence } => Columns {
            state: 0,
            fence: Some(*fence),
            ..Columns::default()
        },
        DeliveryState::Claimed(claim) => Columns {
            state: 1,
            fence: Some(claim.fence),
            terminal: Some(claim.terminal),
            since: Some(claim.since),
            lease_until: Some(claim.lease_until),
            all_served: claim.all_served,
            ended_at: None,
        },
        DeliveryState::Received { terminal, fence, at } => Columns {
            state: 2,
            fence: Some(*fence),
            terminal: Some(*terminal),
            ended_at: Some(*at),
            ..Columns::default()
        },
        DeliveryState::Recalled { at } => Columns {
            state: 3,
            ended_at: Some(*at),
            ..Columns::default()
        },
        DeliveryState::Expired { at } => Columns {
            state: 4,
            ended_at: Some(*at),
            ..Columns::default()
        },
    }
}

/// Adds what writes the states, and ends the contents of those that are over; to PostgreSQL one way there and back for all
/// of both.
pub(crate) fn write(script: &mut sql::Script, rows: &[SteppedRow], is_sqlite: bool) {
    for rows in rows.chunks(sql::WRITTEN_ROWS_MAX) {
        let over: Vec<i64> = rows
            .iter()
            .filter(|row| row.content != Content::Stays)
            .map(|row| row.row)
            .collect();
        let (begin, between) = match (over.is_empty(), is_sqlite) {
            (true, _) => ("", ""),
            (false, true) => ("", "; "),
            (false, false) => ("WITH stepped AS (", ") "),
        };
        let mut update = sql::Builder::new(begin);
        update
            .push(
                "UPDATE delivery SET state = column2, fence = coalesce(column3, fence), terminal = column4, \
                 since = column5, lease_until = column6, all_served = column7, served_parts = column8, \
                 ended_at = column9, inbox_change = coalesce(column10, inbox_change), \
                 outbox_change = coalesce(column11, outbox_change) FROM (",
            )
            .push_values(rows, |values, row| {
                let columns = &row.columns;
                values
                    .push_bind(row.row)
                    .push_bind(columns.state)
                    .push_bind(columns.fence.map(convert::signed))
                    .push_bind(columns.terminal.map(|terminal| terminal.as_bytes().to_vec()))
                    .push_bind(columns.since.map(convert::millis))
                    .push_bind(columns.lease_until.map(convert::millis))
                    .push_bind(columns.all_served)
                    .push_bind(row.served_parts.clone())
                    .push_bind(columns.ended_at.map(convert::millis))
                    .push_bind(row.inbox_change.map(convert::signed))
                    .push_bind(row.outbox_change.map(convert::signed));
            })
            .push(") AS stepped_on WHERE row = column1")
            .push(between);
        if !over.is_empty() {
            update
                .push("DELETE FROM content WHERE delivery_row IN (")
                .push_values(over, |values, row| {
                    values.push_bind(row);
                })
                .push(")");
        }
        script.push(update.build());
    }
    let in_folder = rows.iter().filter_map(|row| match row.content {
        Content::ErasedInFolder(id) => Some(id),
        Content::Stays | Content::Erased => None,
    });
    for id in in_folder {
        script.push(
            sql::query("INSERT INTO erasure (id) VALUES (?) ON CONFLICT DO NOTHING").bind(id.as_bytes().as_slice()),
        );
    }
}
