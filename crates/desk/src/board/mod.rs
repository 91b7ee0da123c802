//! 事業所ごとの進み具合: for a service month, what went to each office and came from it, and what is still to come.
//!
//! It is counted from both lists as they are indexed in memory, anew at every look: nothing of it is stored, and no
//! content is opened. So it speaks of deliveries, not of the care recipients in them.

mod month;
mod save;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use care_model::{ProblemCode, ServiceMonth, limits, search_text::fold};
use desk_ipc::{BoardQuery, BoardRequest, BoardRow, BoardSums, BoardView, ClosingView, CommandError};

use crate::{core::Core, store::ListName};
use tally::{Tally, Way, is_found, is_open, sort};

/// Months before the next to close that are offered where something of them was exchanged.
const MONTHS_BEFORE: i32 = 24;
/// Months after it: 予定 go out ahead.
const MONTHS_AFTER: i32 = 3;

/// The board of a month: the offices that a query means, in its order.
struct Board {
    closing: ClosingView,
    months: BTreeSet<ServiceMonth>,
    sums: BoardSums,
    rows: Vec<BoardRow>,
    total: usize,
}

impl Core {
    /// A window of the board.
    pub(crate) async fn board(&self, request: &BoardRequest) -> Result<BoardView, CommandError> {
        if request.count > limits::WINDOW_ROWS_MAX {
            return Err(ProblemCode::RequestMalformed.into());
        }
        let board = self.whole_board(&request.query).await?;
        let (_, inbox_at) = self.store.list_cursor(ListName::Inbox).await?;
        let (_, outbox_at) = self.store.list_cursor(ListName::Outbox).await?;
        let window = (request.from as usize, request.count as usize);
        let matching = count(board.rows.len());
        Ok(BoardView {
            closing: board.closing,
            months: board.months.into_iter().rev().collect(),
            sums: board.sums,
            rows: board.rows.into_iter().skip(window.0).take(window.1).collect(),
            matching,
            total: count(board.total),
            // As old as the older of the two.
            synced_at: inbox_at.and_then(|inbox| outbox_at.map(|outbox| inbox.min(outbox))),
        })
    }

    async fn whole_board(&self, query: &BoardQuery) -> Result<Board, CommandError> {
        if query.text.chars().count() > limits::SEARCH_CHARS_MAX {
            return Err(CommandError::new(ProblemCode::SearchTooLong).with("max", limits::SEARCH_CHARS_MAX));
        }
        let now = self.now();
        let next = month::closing_next(now)?;
        let mut tally = Tally::of(query.month.unwrap_or(next))?;
        // One list after the other: whoever held both could wait for somebody who holds them the other way round.
        tally.count(Way::Out, self.list_rows(ListName::Outbox).await?.rows());
        tally.count(Way::In, self.list_rows(ListName::Inbox).await?.rows());
        let around = |months: i32| month::moved(next, months).unwrap_or(next);
        let offered = around(-MONTHS_BEFORE)..=around(MONTHS_AFTER);
        let mut months: BTreeSet<ServiceMonth> = tally.months().range(offered).copied().collect();
        months.extend([around(-1), next, around(1)]);
        months.extend(query.month);
        let closing = month::closing(query.month.unwrap_or(next), now)?;
        let (sums, mut rows) = tally.rows();
        let total = rows.len();
        let folded = fold(&query.text);
        let words: Vec<&str> = folded.split_whitespace().collect();
        rows.retain(|row| (!query.only_open || is_open(row)) && is_found(row, &words));
        sort(&mut rows, query.order);
        Ok(Board {
            closing,
            months,
            sums,
            rows,
            total,
        })
    }
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
