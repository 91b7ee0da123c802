//! A compared month as a workbook: the care recipients, and every service that was not as planned.

use care_model::{ProblemCode, ServiceMonth, limits};
use desk_ipc::{CommandError, ComparisonQuery, SavedView};
use messages::{comparison as says, diff};
use rust_xlsxwriter::{Format, FormatAlign, Workbook, Worksheet, XlsxError};

use super::{ComparedMonth, Wanted, forms::day_of, office::Person};
use crate::{
    core::{Core, lock, own_name},
    index::in_japan,
    reading::{
        services::{change, service_name, side},
        values::{self, plain},
    },
    refusal,
    support::write_whole,
};

/// Widths of the columns of the care recipients, in characters.
const PEOPLE_WIDTHS: [f64; 13] = [
    14.0, 30.0, 14.0, 14.0, 18.0, 22.0, 9.0, 10.0, 9.0, 10.0, 10.0, 10.0, 10.0,
];
/// Widths of the columns of the differences.
const DIFFERENCES_WIDTHS: [f64; 8] = [30.0, 18.0, 14.0, 26.0, 14.0, 26.0, 26.0, 22.0];

impl Core {
    /// Saves those of the compared month that are asked for to where a person chooses; none if they cancelled.
    pub(crate) async fn save_comparison(&self, query: ComparisonQuery) -> Result<Option<SavedView>, CommandError> {
        let compared = lock(&self.comparison).clone().ok_or(ProblemCode::RequestMalformed)?;
        let meant = asked_for(&compared, &query)?;
        must_be_few(meant.len())?;
        must_be_few(meant.iter().map(|person| person.row.differences as usize).sum())?;
        drop(meant);
        let Some(path) = self.surface.save_file(&says::name_excel(compared.view.month)).await else {
            return Ok(None);
        };
        let name = own_name(&path);
        let written = tokio::task::spawn_blocking(move || {
            let meant = asked_for(&compared, &query)?;
            let bytes =
                excel(&compared, &query, &meant).map_err(|_| refusal::logged(ProblemCode::Internal, &"workbook"))?;
            write_whole(&path, &bytes).map_err(|error| refusal::logged(ProblemCode::SaveFailed, &error.kind()))?;
            Ok::<_, CommandError>(u32::try_from(meant.len()).unwrap_or(u32::MAX))
        });
        let rows = written
            .await
            .map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))??;
        Ok(Some(SavedView { name, rows: Some(rows) }))
    }
}

fn asked_for<'a>(compared: &'a ComparedMonth, query: &ComparisonQuery) -> Result<Vec<&'a Person>, CommandError> {
    let wanted = Wanted::parse(query)?;
    Ok(compared.people.iter().filter(|person| wanted.holds(person)).collect())
}

fn must_be_few(rows: usize) -> Result<(), CommandError> {
    match rows {
        0..=limits::EXPORT_ROWS_MAX => Ok(()),
        _ => Err(CommandError::new(ProblemCode::ListTooLarge).with("max", limits::EXPORT_ROWS_MAX)),
    }
}

/// What stands above the care recipients: the month, when it was compared, and what could not be read.
fn heading(compared: &ComparedMonth, query: &ComparisonQuery) -> Vec<String> {
    let view = &compared.view;
    let made_at = in_japan(view.made_at).map_or_else(String::new, |at| at.format("%Y/%m/%d %H:%M").to_string());
    let mut lines = vec![says::sheet_title(values::month(view.month), made_at)];
    let offices = view.offices.iter();
    for office in offices.filter(|office| query.office.is_none_or(|number| number == office.office.number)) {
        let name = values::office(&office.office.name, office.office.number.as_str());
        lines.extend(office.remarks.iter().map(|remark| says::remark_of(&name, remark)));
    }
    lines
}

fn excel(compared: &ComparedMonth, query: &ComparisonQuery, people: &[&Person]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let cell = Format::new().set_align(FormatAlign::Top).set_text_wrap();
    let figure = Format::new().set_align(FormatAlign::Top).set_num_format("#,##0");
    let columns = [
        says::column_office_number(),
        says::column_office(),
        says::column_insured(),
        says::column_insurer(),
        says::column_person(),
        says::column_state(),
        says::column_planned_count(),
        says::column_planned_units(),
        says::column_actual_count(),
        says::column_actual_units(),
        says::column_balance(),
        says::column_differences(),
        says::column_findings(),
    ];
    let sheet = workbook.add_worksheet();
    let first = begin(
        sheet,
        says::sheet_people(),
        &heading(compared, query),
        &columns,
        &PEOPLE_WIDTHS,
    )?;
    for (place, person) in (first..).zip(people) {
        let row = &person.row;
        // As text where it is no figure: nothing that somebody wrote is a formula, and no number loses its zeros.
        let texts = [
            row.office.number.as_str(),
            &row.office.name,
            &row.insured_number,
            &plain(&person.compared.insurer_number),
            row.name.as_deref().unwrap_or_default(),
            &row.state_name,
        ];
        for (column, text) in (0..).zip(texts) {
            sheet.write_string_with_format(place, column, text, &cell)?;
        }
        let over = person.planned.zip(person.actual);
        let figures = [
            person.planned.map(|sum| sum.count),
            person.planned.map(|sum| sum.units),
            person.actual.map(|sum| sum.count),
            person.actual.map(|sum| sum.units),
            over.map(|(planned, actual)| actual.units.saturating_sub(planned.units)),
            Some(i64::from(row.differences)),
            Some(i64::from(row.findings)),
        ];
        for (column, number) in (6..).zip(figures) {
            if let Some(number) = number {
                sheet.write_number_with_format(place, column, number as f64, &figure)?;
            }
        }
    }
    let columns = [
        says::column_office(),
        says::column_person(),
        says::column_insured(),
        diff::column_service(),
        diff::column_day(),
        diff::column_planned(),
        diff::column_actual(),
        diff::column_change(),
    ];
    let sheet = workbook.add_worksheet();
    let above = [says::sheet_differences_title(values::month(compared.view.month))];
    let first = begin(sheet, says::sheet_differences(), &above, &columns, &DIFFERENCES_WIDTHS)?;
    let every = people
        .iter()
        .flat_map(|person| differences(compared.view.month, person));
    for (place, texts) in (first..).zip(every) {
        for (column, text) in (0..).zip(texts) {
            sheet.write_string_with_format(place, column, text, &cell)?;
        }
    }
    workbook.save_to_buffer()
}

/// Every service of a care recipient that was not as planned.
fn differences(month: ServiceMonth, person: &Person) -> impl Iterator<Item = [String; 8]> {
    person.compared.services.iter().flat_map(move |service| {
        service.differences.iter().map(move |difference| {
            [
                values::office(&service.office_name, &service.office_number),
                person.row.name.clone().unwrap_or_default(),
                person.row.insured_number.clone(),
                service_name(&service.service_code),
                day_of(difference, month),
                side(Some(month), difference, &difference.planned),
                side(Some(month), difference, &difference.actual),
                change(difference.change),
            ]
        })
    })
}

/// Names a sheet and writes its heading; answers the row below.
fn begin(
    sheet: &mut Worksheet,
    name: String,
    lines: &[String],
    columns: &[String],
    widths: &[f64],
) -> Result<u32, XlsxError> {
    let bold = Format::new().set_bold();
    let head = Format::new().set_bold().set_background_color("#E8EDF3").set_text_wrap();
    sheet.set_name(name)?;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    let mut place = 0;
    for line in lines {
        sheet.write_string_with_format(place, 0, line, &bold)?;
        place += 1;
    }
    place += 1;
    for ((column, title), width) in (0..).zip(columns).zip(widths) {
        sheet.write_string_with_format(place, column, title, &head)?;
        sheet.set_column_width(column, *width)?;
    }
    sheet.set_freeze_panes(place + 1, 0)?;
    sheet.set_repeat_rows(place, place)?;
    Ok(place + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_too_many_is_refused() {
        assert!(must_be_few(limits::EXPORT_ROWS_MAX).is_ok());
        assert_eq!(
            must_be_few(limits::EXPORT_ROWS_MAX + 1).unwrap_err().code,
            ProblemCode::ListTooLarge
        );
    }
}
