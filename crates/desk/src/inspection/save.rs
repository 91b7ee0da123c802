//! Saving a record: as the exchange signed it, as CSV, as a workbook. Only the first proves anything; the others are for
//! people.

use care_model::ProblemCode;
use desk_ipc::{CommandError, InspectionForm, InspectionRow, SavedView};
use messages::inspection as says;

use super::Inspection;
use crate::{
    core::{Core, lock, own_name},
    refusal,
    support::write_whole,
    table::{Cell, Frame, time},
};

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
            let frame = frame(&inspection);
            let rows = inspection.rows.iter().map(|row| fields(&row.shown).map(Cell::from));
            let bytes = match form {
                InspectionForm::Signed => inspection.signed.clone(),
                InspectionForm::CsvUtf8 => frame.csv_utf8(rows),
                InspectionForm::CsvMs932 => frame.csv_ms932(rows),
                InspectionForm::Excel => frame.excel(rows)?,
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

fn frame(inspection: &Inspection) -> Frame<COLUMNS> {
    Frame {
        name: says::sheet_name(),
        heading: heading(inspection).into(),
        columns: columns(),
        widths: WIDTHS,
    }
}
