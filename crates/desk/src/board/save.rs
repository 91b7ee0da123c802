//! Saving the board of a month: as a workbook or as CSV.

use care_model::{ProblemCode, limits};
use chrono::{DateTime, Utc};
use desk_ipc::{BoardActuals, BoardForm, BoardRow, BoardSave, ClosingView, CommandError, OfficeView, SavedView};
use messages::board_file as says;

use super::{Board, count};
use crate::{
    core::{Core, own_name},
    refusal,
    support::write_whole,
    table::{Cell, Frame, time},
};

/// Columns of CSV and workbook.
const COLUMNS: usize = 12;
/// Widths of the workbook's columns, in characters.
const WIDTHS: [f64; COLUMNS] = [14.0, 34.0, 26.0, 8.0, 12.0, 12.0, 8.0, 8.0, 12.0, 28.0, 28.0, 20.0];

impl Core {
    /// Saves the offices that a query means to where a person chooses; none if they cancelled.
    pub(crate) async fn save_board(&self, save: BoardSave) -> Result<Option<SavedView>, CommandError> {
        let board = self.whole_board(&save.query).await?;
        check(board.rows.len())?;
        let office = self.standing().me.as_ref().map(|me| me.office.clone());
        let office = office.ok_or(ProblemCode::SignInRequired)?;
        let office = crate::words::office(office.number, &office.name, &[]);
        let month = board.closing.month;
        let suggested = match save.form {
            BoardForm::Excel => says::name_excel(month),
            BoardForm::CsvUtf8 | BoardForm::CsvMs932 => says::name_csv(month),
        };
        let Some(path) = self.surface.save_file(&suggested).await else {
            return Ok(None);
        };
        // As it stands now: a dialog may stay open for long.
        let board = self.whole_board(&save.query).await?;
        check(board.rows.len())?;
        let (name, now) = (own_name(&path), self.now());
        let rows = count(board.rows.len());
        let written = tokio::task::spawn_blocking(move || {
            let frame = frame(&board, &office, now);
            let rows = board.rows.iter().map(fields);
            let bytes = match save.form {
                BoardForm::Excel => frame.excel(rows)?,
                BoardForm::CsvUtf8 => frame.csv_utf8(rows),
                BoardForm::CsvMs932 => frame.csv_ms932(rows),
            };
            write_whole(&path, &bytes).map_err(|error| refusal::logged(ProblemCode::SaveFailed, &error.kind()))
        });
        written
            .await
            .map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))??;
        Ok(Some(SavedView { name, rows: Some(rows) }))
    }
}

/// So many offices fit into one file.
fn check(offices: usize) -> Result<(), CommandError> {
    match offices <= limits::BOARD_OFFICES_MAX {
        true => Ok(()),
        false => Err(CommandError::new(ProblemCode::ListTooLarge).with("max", limits::BOARD_OFFICES_MAX)),
    }
}

fn frame(board: &Board, office: &OfficeView, now: DateTime<Utc>) -> Frame<COLUMNS> {
    let ClosingView { month, closes_at, .. } = board.closing;
    Frame {
        name: says::sheet_name(month),
        heading: vec![
            says::sheet_title(month.year(), month.month()),
            says::sheet_office(&office.name, office.number),
            says::sheet_closing(time(closes_at), time(now)),
        ],
        columns: [
            says::column_number(),
            says::column_name(),
            says::column_kinds(),
            says::column_sent(),
            says::column_sent_open(),
            says::column_unsent(),
            says::column_on_paper(),
            says::column_received(),
            says::column_received_open(),
            says::column_actuals_in(),
            says::column_actuals_out(),
            says::column_last(),
        ],
        widths: WIDTHS,
    }
}

fn fields(row: &BoardRow) -> [Cell; COLUMNS] {
    let names = |kinds: &[desk_ipc::KindView]| {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
        names.join("、")
    };
    let actuals = |actuals: &BoardActuals| match (actuals.missing.is_empty(), actuals.done) {
        (false, _) => says::missing(names(&actuals.missing)),
        (true, 0) => String::new(),
        (true, _) => says::done(),
    };
    [
        row.office.number.to_string().into(),
        row.office.name.clone().into(),
        names(&row.office.kinds).into(),
        row.sent.all.into(),
        row.sent.open.into(),
        row.unsent.into(),
        row.on_paper.into(),
        row.received.all.into(),
        row.received.open.into(),
        actuals(&row.actuals_in).into(),
        actuals(&row.actuals_out).into(),
        row.last_at.map(time).unwrap_or_default().into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_office_more_than_a_file_holds_is_refused() {
        assert!(check(limits::BOARD_OFFICES_MAX).is_ok());
        let refused = check(limits::BOARD_OFFICES_MAX + 1).unwrap_err();
        assert_eq!(refused.code, ProblemCode::ListTooLarge);
        assert_eq!(refused.params["max"], limits::BOARD_OFFICES_MAX.to_string());
    }
}
