//! 事業所ごとの進み具合: for a service month, what went to each office and came from it, and what is still to come.

use care_model::ServiceMonth;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{KindView, OfficeView};

/// Which offices, in which order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct BoardQuery {
    /// The service month (サービス提供年月); none is the one whose claims close next.
    #[ts(type = "string | null")]
    pub month: Option<ServiceMonth>,
    /// Words that must all occur in the name, the number or a service kind of an office; as typed, at most
    /// [`care_model::limits::SEARCH_CHARS_MAX`] characters.
    pub text: String,
    /// Only offices with which something is still to come.
    pub only_open: bool,
    /// Their order.
    pub order: BoardOrder,
}

/// The order of the offices; ties are broken by name, then by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BoardOrder {
    /// Whose 実績 are missing, then where something else is still to come, then the others of the month.
    #[default]
    Remaining,
    /// By name.
    Name,
    /// Last contact, newest first.
    Contact,
}

/// A window of the board.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct BoardRequest {
    /// Of which offices, in which order.
    pub query: BoardQuery,
    /// The place of its first row among those, from 0.
    pub from: u32,
    /// How many rows; at most [`care_model::limits::WINDOW_ROWS_MAX`]. None gives the sums alone.
    pub count: u32,
}

/// The board of a month, and a window of its offices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BoardView {
    /// The month and the end of its claims.
    pub closing: ClosingView,
    /// The months that can be asked for, newest first.
    #[ts(type = "string[]")]
    pub months: Vec<ServiceMonth>,
    /// The month over all offices, whatever is searched for.
    pub sums: BoardSums,
    /// The rows of the window.
    pub rows: Vec<BoardRow>,
    /// Offices that the query matches.
    pub matching: u32,
    /// Offices that anything was ever exchanged with.
    pub total: u32,
    /// When the exchange was last asked for both lists with success.
    #[ts(type = "string | null")]
    pub synced_at: Option<DateTime<Utc>>,
}

/// When the claims (請求) of a service month close: the 10th of the month after it at 17:15, Japanese time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClosingView {
    /// The service month.
    #[ts(type = "string")]
    pub month: ServiceMonth,
    /// The last instant.
    #[ts(type = "string")]
    pub closes_at: DateTime<Utc>,
    /// Whole minutes left; 0 once it is over.
    #[ts(type = "number")]
    pub minutes_left: i64,
    /// Whether the service month has ended, so that 実績 can be whole.
    pub ended: bool,
}

/// Deliveries of a month in one direction. What was taken back, or what nobody fetched in time, is not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct BoardWay {
    /// Those that the exchange accepted.
    pub all: u32,
    /// Those of them that the receiving office has not fetched.
    pub open: u32,
}

/// 実績 that are expected of one office, by its service kinds: those for which 予定 went.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct BoardActuals {
    /// Service kinds for which 実績 are there.
    pub done: u32,
    /// Service kinds for which they are missing.
    pub missing: Vec<KindView>,
}

/// Offices of which 実績 are expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct BoardProgress {
    /// All of them.
    pub offices: u32,
    /// Those of them with none missing.
    pub done: u32,
}

/// A month over all offices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct BoardSums {
    /// What went.
    pub sent: BoardWay,
    /// What is queued or held on this desk.
    pub unsent: u32,
    /// What came.
    pub received: BoardWay,
    /// 実績 that come from service offices.
    pub actuals_in: BoardProgress,
    /// 実績 that this office sends.
    pub actuals_out: BoardProgress,
}

/// One office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BoardRow {
    /// Which, as it was called last, with the service kinds that occurred.
    pub office: OfficeView,
    /// What went to it.
    pub sent: BoardWay,
    /// What for it is queued or held on this desk.
    pub unsent: u32,
    /// What was put on paper for it, for fax: it is not on the exchange, or was not then.
    pub on_paper: u32,
    /// What came from it.
    pub received: BoardWay,
    /// 実績 that come from it, by its service kinds.
    pub actuals_in: BoardActuals,
    /// 実績 that go to it, by service kinds of this office.
    pub actuals_out: BoardActuals,
    /// When anything was last sent to it or came from it, of any month.
    #[ts(type = "string | null")]
    pub last_at: Option<DateTime<Utc>>,
}

/// The board as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BoardSave {
    /// Which offices; at most [`care_model::limits::BOARD_OFFICES_MAX`].
    pub query: BoardQuery,
    /// As what.
    pub form: BoardForm,
}

/// What to save the board as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BoardForm {
    /// A workbook of Excel.
    Excel,
    /// CSV in UTF-8.
    CsvUtf8,
    /// CSV in MS932, as older programs on Windows read it.
    CsvMs932,
}
