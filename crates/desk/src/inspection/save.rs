//! Saving a record: as the exchange signed it, as CSV, as a workbook. Only the first proves anything; the others are for
//! people.

use care_model::ProblemCode;
use chrono::{DateTime, Utc};
use desk_ipc::{CommandError, InspectionForm, InspectionRow, SavedView};
use messages::inspection as says;
use rust_xlsxwriter::{Format, FormatAlign, Workbook, XlsxError};

use super::Inspection;
use crate::{
    core::{Core, lock, own_name},
    index::in_japan,
    lists::export::csv_line,
    refusal,
    support::write_whole,
};

/// What tells a spreadsheet that the file is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// What stands for a character that MS932 does not have: the sign that Japanese printing puts there.
const MISSING: char = '〓';
/// Widths of the workbook's columns, in characters.
const WIDTHS: [f64; COLUMNS] = [8.0, 19.0, 26.0, 34.0, 14.0, 30.0, 16.0, 44.0, 40.0, 70.0, 66.0];
/// Columns of CSV and workbook.
const COLUMNS: usize = 11;

impl Core {
    /// Saves the record that was taken out last to where a person chooses; none if they cancelled.
    pub(crate) async fn save_inspection(&self, form: InspectionForm) -> Result<Option<SavedView>, CommandError> {
        let inspection = lock(&self.inspection).clone().ok_or(ProblemCode::RequestMalformed)?;
        let days = (inspection.view.from, inspection.view.until);
        let days = format!("{}-{}", days.0.format("%Y%m%d"), days.1.format("%Y%m%d"));
        let suggested = match form {
            InspectionForm::Signed => says::name_signed(days),
            InspectionForm::CsvUtf8 | InspectionForm::CsvMs932 => says::name_csv(days),
            InspectionForm::Excel => says::name_excel(days),
        };
        let Some(path) = self.surface.save_file(&suggested).await else {
            return Ok(None);
        };
        let (name, rows) = (own_name(&path), inspection.view.acts);
        let written = tokio::task::spawn_blocking(move || {
            let bytes = match form {
                InspectionForm::Signed => inspection.signed.clone(),
                InspectionForm::CsvUtf8 => format!("{BYTE_ORDER_MARK}{}", csv(&inspection)).into_bytes(),
                InspectionForm::CsvMs932 => ms932(&csv(&inspection)),
                InspectionForm::Excel => {
                    excel(&inspection).map_err(|_| refusal::logged(ProblemCode::Internal, &"workbook"))?
                }
            };
            write_whole(&path, &bytes).map_err(|error| refusal::logged(ProblemCode::SaveFailed, &error.kind()))
        });
        written
            .await
            .map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))??;
        Ok(Some(SavedView { name, rows: Some(rows) }))
    }
}

fn columns() -> [String; COLUMNS] {
    [
        says::column_number(),
        says::column_at(),
        says::column_act(),
        says::column_by(),
        says::column_other_number(),
        says::column_other_name(),
        says::column_other_kind(),
        says::column_contents(),
        says::column_files(),
        says::column_digests(),
        says::column_digest(),
    ]
}

fn fields(row: &InspectionRow) -> [String; COLUMNS] {
    let (number, name, kinds) = match &row.other {
        Some(other) => (
            other.number.to_string(),
            other.name.clone(),
            other
                .kinds
                .iter()
                .map(|kind| kind.name.as_str())
                .collect::<Vec<_>>()
                .join("、"),
        ),
        None => Default::default(),
    };
    let each =
        |text: fn(&desk_ipc::InspectionPart) -> String| row.parts.iter().map(text).collect::<Vec<_>>().join("\n");
    [
        row.number.to_string(),
        time(row.at),
        row.act.clone(),
        row.by.clone(),
        number,
        name,
        kinds,
        row.contents.clone(),
        each(|part| part.name.clone()),
        each(|part| part.digest.clone()),
        row.digest.clone().unwrap_or_default(),
    ]
}

fn time(at: DateTime<Utc>) -> String {
    in_japan(at).map_or_else(String::new, |at| at.format("%Y/%m/%d %H:%M:%S").to_string())
}

/// What stands above the rows: whose record of which period, who signed it, and what proves it.
fn heading(inspection: &Inspection) -> [String; 4] {
    let view = &inspection.view;
    [
        says::sheet_title(),
        says::sheet_office(&view.office.name, view.office.number),
        says::sheet_period(
            view.from.format("%Y/%m/%d"),
            view.until.format("%Y/%m/%d"),
            time(view.made_at),
            &view.exchange,
        ),
        says::sheet_proof(),
    ]
}

fn csv(inspection: &Inspection) -> String {
    let mut text = String::new();
    csv_line(&mut text, &columns());
    for row in &inspection.rows {
        csv_line(&mut text, &fields(&row.shown));
    }
    text
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

fn excel(inspection: &Inspection) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let bold = Format::new().set_bold();
    let head = Format::new().set_bold().set_background_color("#E8EDF3");
    let cell = Format::new().set_align(FormatAlign::Top).set_text_wrap();
    let sheet = workbook.add_worksheet();
    sheet.set_name(says::sheet_name())?;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    let mut place = 0;
    for line in heading(inspection) {
        sheet.write_string_with_format(place, 0, line, &bold)?;
        place += 1;
    }
    place += 1;
    for (column, title) in (0..).zip(columns()) {
        sheet.write_string_with_format(place, column, title, &head)?;
    }
    for (column, width) in (0..).zip(WIDTHS) {
        sheet.set_column_width(column, width)?;
    }
    sheet.set_freeze_panes(place + 1, 0)?;
    sheet.set_repeat_rows(place, place)?;
    for row in &inspection.rows {
        place += 1;
        // As text throughout: nothing that somebody wrote is a formula, and no number loses its zeros.
        for (column, text) in (0..).zip(fields(&row.shown)) {
            sheet.write_string_with_format(place, column, text, &cell)?;
        }
    }
    workbook.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ms932_lacks_leaves_a_sign_and_nothing_else_changes() {
        let text = "髙橋①の野家𠮷é";
        assert_eq!(care_csv::decode(&ms932(text)), "髙橋①の野家〓〓");
    }
}
