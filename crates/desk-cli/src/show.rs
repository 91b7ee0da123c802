//! `show`: files of the standard as people read them, by care recipient; needs no sign-in and no server.

mod documents;
mod month;
mod rest;
mod text;

use std::{
    fs,
    path::{Path, PathBuf},
};

use care_model::{Address, ExchangeFileName, NameReading, OfficeRole, limits};
use care_reading::{ReadFile, Reading, Recipient, Sheet};
use desk::reading::values::plain;
use messages::reading as words;
use serde::Serialize;

use self::documents::{Naming, Printing};
pub(crate) use self::text::{Column, Page};
use crate::{
    arguments::{Show, ViewingSide},
    files,
    output::{Failure, Output},
};

/// What is printed for programs, one object a line.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ShowLine<'a> {
    /// One care recipient and every document about them.
    Recipient(&'a Recipient),
    /// Records that name no care recipient.
    Unassigned(&'a Sheet),
    /// A file that was not read to its end.
    LeftOut { file: &'a str, records: u32 },
}

/// Prints everything that the files say.
pub(crate) fn show(given: &Show, output: &Output) -> Result<(), Failure> {
    let reading = read(&given.paths, output)?;
    let naming = Naming(given.side.map(ViewingSide::role));
    for file in reading.files.iter().filter(|file| file.left_out > 0) {
        let name = file.name.as_str();
        let line = ShowLine::LeftOut {
            file: name,
            records: file.left_out,
        };
        output.say(&line, || vec![words::left_out(plain(name), file.left_out)]);
    }
    output.words(|| contents(&reading, naming));
    for recipient in &reading.recipients {
        output.say(&ShowLine::Recipient(recipient), || {
            let mut page = Page::default();
            of_recipient(&mut page, recipient, naming);
            page.into_lines()
        });
    }
    for sheet in &reading.unassigned {
        output.say(&ShowLine::Unassigned(sheet), || {
            let mut page = Page::default();
            page.blank();
            page.rule('=');
            page.text(0, &words::unassigned());
            documents::unassigned(&mut page, &mut Printing::new(naming), sheet);
            page.into_lines()
        });
    }
    Ok(())
}

/// Reads the files of the standard among the paths.
pub(crate) fn read(paths: &[PathBuf], output: &Output) -> Result<Reading, Failure> {
    let mut found = Vec::new();
    let mut total = 0_u64;
    for path in files::expand(paths)? {
        let name = files::name_of(&path);
        match meant(&name) {
            Some(standard) => {
                // Of an image only the name is read.
                if !standard.kind.is_image() {
                    total = total.saturating_add(size(&path, &name)?);
                }
                found.push((standard, path));
            }
            None => output.hint(&words::foreign(plain(&name))),
        }
    }
    if found.is_empty() {
        return Err(Failure::Unread(words::nothing()));
    }
    if total > limits::READING_BYTES_MAX {
        let max_mb = megabytes(limits::READING_BYTES_MAX);
        return Err(Failure::Unread(words::all_too_large(max_mb)));
    }
    let mut read = Vec::with_capacity(found.len());
    for (name, path) in found {
        let bytes = if name.kind.is_image() {
            Vec::new()
        } else {
            fs::read(&path).map_err(|_| files::unreadable(&path))?
        };
        read.push((name, bytes));
    }
    let borrowed: Vec<(ExchangeFileName, &[u8])> = read
        .iter()
        .map(|(name, bytes)| (name.clone(), bytes.as_slice()))
        .collect();
    let reading = care_reading::read(&borrowed);
    for file in reading.files.iter().filter(|file| file.is_utf8) {
        output.hint(&words::utf8(plain(file.name.as_str())));
    }
    Ok(reading)
}

/// The name that a file has or is meant to have.
fn meant(name: &str) -> Option<ExchangeFileName> {
    match NameReading::of(name) {
        NameReading::Standard(name) | NameReading::Copy { of: name } => Some(name),
        NameReading::Near { suggestion, .. } => suggestion,
        NameReading::Foreign => None,
    }
}

/// The bytes of a file, unless it is larger than what is read at once.
fn size(path: &Path, name: &str) -> Result<u64, Failure> {
    let size = fs::metadata(path).map_err(|_| files::unreadable(path))?.len();
    if size > limits::READING_BYTES_MAX {
        let max_mb = megabytes(limits::READING_BYTES_MAX);
        return Err(Failure::Unread(words::file_too_large(plain(name), max_mb)));
    }
    Ok(size)
}

fn megabytes(bytes: u64) -> u64 {
    bytes / (1_024 * 1_024)
}

/// Whose files these are, by unit, and how many care recipients they are about.
fn contents(reading: &Reading, naming: Naming) -> Vec<String> {
    let mut page = Page::default();
    let same_unit =
        |a: &ReadFile, b: &ReadFile| (a.name.serial, a.name.from, a.name.to) == (b.name.serial, b.name.from, b.name.to);
    for unit in reading.files.chunk_by(|a, b| same_unit(a, b)) {
        let Some(file) = unit.first() else { continue };
        page.text(0, &words::way(address(file.name.from), address(file.name.to)));
        page.text(2, &words::serial(file.name.serial, unit.len()));
        for file in unit {
            page.text(4, &plain(file.name.as_str()));
        }
    }
    page.text(0, &words::people(reading.recipients.len()));
    page.text(
        0,
        &match naming.0 {
            Some(OfficeRole::Service) => words::side_service(),
            Some(_) => words::side_manager(),
            None => words::side_of_addressee(),
        },
    );
    for image in &reading.unnamed_images {
        page.text(0, &words::labelled(words::images_unnamed(), plain(image.name.as_str())));
    }
    page.into_lines()
}

fn address(address: Address) -> String {
    let kind = address
        .kind
        .map(|kind| kind.name_ja().unwrap_or(kind.as_str()).to_owned());
    words::address(address.office, kind.unwrap_or_default())
        .trim_end()
        .to_owned()
}

/// The lines that name a care recipient.
pub(crate) fn who(page: &mut Page, name: Option<&str>, kana: Option<&str>, insurer: &str, insured: &str) {
    let name = match (name, kana) {
        (Some(name), Some(kana)) => words::person(plain(name), plain(kana)),
        (Some(name), None) => words::person_without_kana(plain(name)),
        (None, _) => words::person_unnamed(),
    };
    let number = |number: &str| match number {
        "" => words::number_missing(),
        number => plain(number),
    };
    page.text(0, &name);
    page.text(0, &words::numbers(number(insurer), number(insured)));
}

/// Everything about one care recipient.
fn of_recipient(page: &mut Page, recipient: &Recipient, naming: Naming) {
    let mut printing = Printing::new(naming);
    page.rule('=');
    who(
        page,
        recipient.name.as_deref(),
        recipient.name_kana.as_deref(),
        &recipient.insurer_number,
        &recipient.insured_number,
    );
    page.rule('=');
    for document in &recipient.supplements {
        documents::supplement(page, &mut printing, document);
    }
    for document in &recipient.care_plans {
        documents::care_plan(page, &mut printing, document);
    }
    for document in &recipient.plan_sheets_2 {
        documents::plan_sheet_2(page, &mut printing, document);
    }
    for document in &recipient.weekly_plans {
        documents::weekly_plan(page, &mut printing, document);
    }
    for document in &recipient.prevention_plans {
        documents::prevention_plan(page, &mut printing, document);
    }
    for document in &recipient.profiles {
        documents::profile(page, &mut printing, document);
    }
    for document in recipient.use_slips.iter().chain(&recipient.actuals) {
        month::month_sheet(page, &mut printing, document);
    }
    for document in &recipient.annexes {
        month::annex(page, &mut printing, document);
    }
    for document in &recipient.deletions {
        documents::deletion(page, &mut printing, document);
    }
    page.blank();
}

#[cfg(test)]
mod tests {
    use care_model::{Edition, SendUnit};
    use care_samples::{ExampleOffices, Samples, Size, UnitRequest};

    use super::*;

    /// Without what wrapping and columns change.
    fn squeezed(text: &str) -> String {
        text.chars().filter(|c| !c.is_whitespace()).collect()
    }

    #[test]
    fn records_of_nobody_are_shown_with_all_they_hold() {
        let name = ExchangeFileName::parse("DLTPLAN_202604_9970100013_43_9970101003_11_20260326090137.CSV").unwrap();
        let bytes: &[u8] = b"v1,abc,def,ghi,more\r\nv2,jkl,,,\r\n";
        let reading = care_reading::read(&[(name, bytes)]);
        assert!(reading.recipients.is_empty());
        let [sheet] = reading.unassigned.as_slice() else {
            panic!("one file")
        };
        let mut page = Page::default();
        documents::unassigned(&mut page, &mut Printing::new(Naming(None)), sheet);
        let page = page.into_lines().concat();
        for text in ["v1", "abc", "def", "ghi", "more", "v2", "jkl"] {
            assert!(page.contains(text), "{text}: {page}");
        }
    }

    #[test]
    fn every_filled_field_of_the_samples_is_on_the_page() {
        let offices = ExampleOffices::new().unwrap();
        let mut seen = 0;
        for edition in [Edition::V3, Edition::V4] {
            for unit in SendUnit::of_edition(edition) {
                let (from, to) = offices.ends_of(unit.id);
                let made = Samples::new(7)
                    .unit(&UnitRequest {
                        unit: unit.id,
                        edition,
                        from,
                        to,
                        month: "202604".parse().unwrap(),
                        size: Size::Recipients(2),
                    })
                    .unwrap();
                let files: Vec<(ExchangeFileName, &[u8])> = made
                    .files
                    .iter()
                    .map(|file| (file.name.clone(), file.bytes.as_slice()))
                    .collect();
                let reading = care_reading::read(&files);
                let mut page = Page::of_columns(20_000);
                for recipient in &reading.recipients {
                    of_recipient(&mut page, recipient, Naming(None));
                }
                let page = squeezed(&page.into_lines().concat());
                for sheet in reading.recipients.iter().flat_map(Recipient::sheets) {
                    for (field, value) in sheet.rows.iter().flat_map(care_reading::Form::entries) {
                        let text = match (field.name, value) {
                            ("service_date", care_reading::Value::Date(date)) => {
                                desk::reading::values::day(*date, sheet.month())
                            }
                            // The grand total has numbers of its own that say only that it is one.
                            _ if ["999999", "9999999999"].contains(&value.text().unwrap_or_default()) => continue,
                            _ => desk::reading::values::value(field, value),
                        };
                        let place = format!("{} {}", sheet.file.name, field.name);
                        // In a table the lines of a cell stand between those of its neighbours.
                        let there = text.lines().all(|line| page.contains(&squeezed(line)));
                        assert!(there, "{place}: {text}");
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen > 1_000, "{seen}");
    }
}
