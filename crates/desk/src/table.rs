//! A table as a file for people: CSV in UTF-8 or MS932, or a workbook.

use care_model::ProblemCode;
use chrono::{DateTime, Utc};
use desk_ipc::CommandError;
use rust_xlsxwriter::{Format, FormatAlign, Workbook, XlsxError};

use crate::{index::in_japan, lists::export::csv_line, refusal};

/// What tells a spreadsheet that the file is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// What stands for a character that MS932 does not have: the sign that Japanese printing puts there.
const MISSING: char = '〓';
/// A4, in the numbers of workbooks.
const PAPER_A4: u8 = 9;

/// A field.
pub(crate) enum Cell {
    /// Text, whatever it looks like: nothing that somebody wrote is a formula, and no number of an office loses its zeros.
    Text(String),
    /// A number that can be summed.
    Count(u32),
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Cell {
    fn from(count: u32) -> Self {
        Self::Count(count)
    }
}

impl Cell {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Count(count) => count.to_string(),
        }
    }
}

/// What stands around the rows of a table of `N` columns.
pub(crate) struct Frame<const N: usize> {
    /// What the sheet of a workbook is called.
    pub(crate) name: String,
    /// Lines above the table of a workbook; CSV has none.
    pub(crate) heading: Vec<String>,
    /// What stands above each column.
    pub(crate) columns: [String; N],
    /// Widths of the workbook's columns, in characters.
    pub(crate) widths: [f64; N],
}

impl<const N: usize> Frame<N> {
    /// CSV in UTF-8, as spreadsheets of today open it.
    pub(crate) fn csv_utf8(&self, rows: impl Iterator<Item = [Cell; N]>) -> Vec<u8> {
        format!("{BYTE_ORDER_MARK}{}", self.csv(rows)).into_bytes()
    }

    /// CSV in MS932, as older programs open it.
    pub(crate) fn csv_ms932(&self, rows: impl Iterator<Item = [Cell; N]>) -> Vec<u8> {
        ms932(&self.csv(rows))
    }

    /// A workbook of one sheet.
    pub(crate) fn excel(&self, rows: impl Iterator<Item = [Cell; N]>) -> Result<Vec<u8>, CommandError> {
        let written = self.workbook(rows);
        written.map_err(|_| refusal::logged(ProblemCode::Internal, &"workbook"))
    }

    fn csv(&self, rows: impl Iterator<Item = [Cell; N]>) -> String {
        let mut text = String::new();
        csv_line(&mut text, &self.columns);
        for row in rows {
            csv_line(&mut text, &row.map(Cell::into_text));
        }
        text
    }

    fn workbook(&self, rows: impl Iterator<Item = [Cell; N]>) -> Result<Vec<u8>, XlsxError> {
        let mut workbook = Workbook::new();
        let bold = Format::new().set_bold();
        let head = Format::new().set_bold().set_background_color("#E8EDF3");
        let field = Format::new().set_align(FormatAlign::Top).set_text_wrap();
        let sheet = workbook.add_worksheet();
        sheet.set_name(&self.name)?;
        sheet
            .set_landscape()
            .set_paper_size(PAPER_A4)
            .set_print_fit_to_pages(1, 0);
        let mut place = 0;
        for line in &self.heading {
            sheet.write_string_with_format(place, 0, line, &bold)?;
            place += 1;
        }
        place += 1;
        for (column, title) in (0..).zip(&self.columns) {
            sheet.write_string_with_format(place, column, title, &head)?;
        }
        for (column, width) in (0..).zip(self.widths) {
            sheet.set_column_width(column, width)?;
        }
        sheet.set_freeze_panes(place + 1, 0)?;
        sheet.set_repeat_rows(place, place)?;
        for row in rows {
            place += 1;
            for (column, cell) in (0..).zip(row) {
                match cell {
                    Cell::Text(text) => sheet.write_string_with_format(place, column, text, &field)?,
                    Cell::Count(count) => sheet.write_number_with_format(place, column, count, &field)?,
                };
            }
        }
        workbook.save_to_buffer()
    }
}

/// An instant as a table writes it: Japanese time, to the second.
pub(crate) fn time(at: DateTime<Utc>) -> String {
    in_japan(at).map_or_else(String::new, |at| at.format("%Y/%m/%d %H:%M:%S").to_string())
}

/// In MS932. What it does not have, as a name may hold, is a sign of its own: nothing is left out without a trace.
fn ms932(text: &str) -> Vec<u8> {
    let held: String = text
        .chars()
        .map(|character| match care_csv::is_encodable(character) {
            true => character,
            false => MISSING,
        })
        .collect();
    // Every character is one that can be written by now.
    care_csv::encode(&held).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ms932_lacks_leaves_a_sign_and_nothing_else_changes() {
        let text = "髙橋①の野家𠮷é";
        assert_eq!(care_csv::decode(&ms932(text)), "髙橋①の野家〓〓");
    }

    #[test]
    fn counts_are_numbers_and_text_is_no_formula() {
        let frame = Frame {
            name: "見本".to_owned(),
            heading: vec!["見本の表".to_owned()],
            columns: ["番号".to_owned(), "件数".to_owned()],
            widths: [10.0, 8.0],
        };
        let rows = || [[Cell::from("=1+1".to_owned()), Cell::from(3)]].into_iter();
        let text = String::from_utf8(frame.csv_utf8(rows())).unwrap();
        assert_eq!(text, "\u{feff}\"番号\",\"件数\"\r\n\"'=1+1\",\"3\"\r\n");
        assert_eq!(
            care_csv::decode(&frame.csv_ms932(rows())),
            text.trim_start_matches('\u{feff}')
        );
        assert!(frame.excel(rows()).unwrap().starts_with(b"PK"));
    }
}
