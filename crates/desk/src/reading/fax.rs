//! A delivery as it is faxed: a cover (送付状), then the forms of each care recipient, each saying which of how many it is.
//!
//! How many pages a form takes is the printer's to say; so the forms are numbered, not the pages.

use chrono::{DateTime, Utc};
use desk_ipc::{CellView, CommandError, FAX_SHEETS_MAX, FaxSheet, FaxView, FormView, OfficeView};
use messages::{fax_sheet as words, reading as reading_words};

use super::{
    Bundle, files_of,
    paper::{BOXES, Lies as _, boxes, head, text},
    values,
};
use crate::{core::Core, index::in_japan, received::Received};

/// What the cover says besides the forms.
pub(crate) struct Ends {
    /// This office.
    pub(crate) from: OfficeView,
    pub(crate) to: OfficeView,
    /// What is handed over, as the other side calls it.
    pub(crate) contents: String,
    /// What a person wrote to go with it; may be empty.
    pub(crate) note: String,
    /// When it is printed.
    pub(crate) at: DateTime<Utc>,
}

impl Core {
    /// Lays a delivery out for fax, by the side of whoever gets it (D22): a service office reads a 提供票.
    pub(crate) async fn lay_out_fax(&self, kept: Received, ends: Ends, from: u32) -> Result<FaxView, CommandError> {
        let viewer = kept.header.to.role();
        let chosen = self.kept_to_read(files_of(kept), viewer).await?;
        self.blocking(move |spool| Ok(chosen.read(spool).fax(ends, from))).await
    }
}

impl Bundle {
    fn fax(&self, ends: Ends, from: u32) -> FaxView {
        let reading = self.reading();
        let left_out = self.left_out(&reading);
        // Records that name nobody come last, and are left out no more than others.
        let people = 0..=u32::try_from(reading.recipients.len()).unwrap_or(u32::MAX);
        let forms: Vec<FormView> = people
            .filter_map(|recipient| self.forms(&reading, recipient))
            .flatten()
            .collect();
        let count = forms.len() + 1;
        let cover = cover(&ends, count, &left_out);
        let numbered = std::iter::once(cover).chain(forms).zip(1_usize..);
        let sheets = numbered
            .skip(usize::try_from(from).unwrap_or(usize::MAX))
            .take(FAX_SHEETS_MAX)
            .map(|(form, place)| FaxSheet {
                form,
                line: words::line(addressed(&ends.to), name_of(&ends.from), place, count),
            });
        FaxView {
            sheets: sheets.collect(),
            count: u32::try_from(count).unwrap_or(u32::MAX),
            left_out,
            to: ends.to,
        }
    }

    /// Files, and records of files, that are on no sheet: each is said, so that nobody takes the sheets for all.
    fn left_out(&self, reading: &care_reading::Reading) -> Vec<String> {
        let files = self.read.iter().zip(&self.rows);
        let said = files.filter_map(|(file, row)| {
            let name = values::plain(&file.name);
            match (&file.refused, row.attachment) {
                (Some(_), true) => Some(words::attachment(name)),
                (Some(reason), false) => Some(words::not_read(name, reason)),
                (None, _) => {
                    let mut read = reading.files.iter();
                    let read = read.find(|read| Some(&read.name) == file.standard.as_ref())?;
                    (read.left_out > 0).then(|| reading_words::left_out(name, read.left_out))
                }
            }
        });
        said.collect()
    }
}

/// The cover.
fn cover(ends: &Ends, count: usize, left_out: &[String]) -> FormView {
    let row = |label: String, value: String| vec![head(label).cols(2), text(value).cols(BOXES - 2)];
    let mut rows: Vec<Vec<CellView>> = vec![
        row(words::to(), lines(&[addressed(&ends.to), number_of(&ends.to)])),
        row(
            words::from(),
            lines(&[name_of(&ends.from), number_of(&ends.from), telephone_of(&ends.from)]),
        ),
        row(words::contents(), ends.contents.clone()),
        row(words::sheets(), words::count(count)),
    ];
    if !ends.note.is_empty() {
        rows.push(row(words::note(), values::plain(&ends.note)));
    }
    if !left_out.is_empty() {
        rows.push(row(words::left_out(), left_out.join("\n")));
    }
    rows.push(row(words::wrong_title(), words::wrong()));
    let day = in_japan(ends.at).map(|at| values::date_with_era(at.date_naive()));
    FormView {
        title: words::title(),
        about: day.unwrap_or_default(),
        file: String::new(),
        landscape: false,
        findings: Vec::new(),
        parts: vec![boxes("", rows)],
    }
}

fn lines(lines: &[String]) -> String {
    let filled: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .filter(|line| !line.is_empty())
        .collect();
    filled.join("\n")
}

/// An office by its name, or by its number where no name is known.
fn name_of(office: &OfficeView) -> String {
    match office.name.as_str() {
        "" => words::office_number(office.number),
        name => name.to_owned(),
    }
}

fn addressed(office: &OfficeView) -> String {
    words::addressed(name_of(office))
}

/// Number and kinds; the number alone stands where the name would, if there is none.
fn number_of(office: &OfficeView) -> String {
    let kinds: Vec<&str> = office.kinds.iter().map(|kind| kind.name.as_str()).collect();
    let number = match office.name.is_empty() {
        true => String::new(),
        false => words::office_number(office.number),
    };
    [number, kinds.join("、")]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("　")
}

fn telephone_of(office: &OfficeView) -> String {
    office.telephone.as_ref().map(words::telephone).unwrap_or_default()
}
