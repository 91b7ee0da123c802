//! Small files, made field by field, and every record of a reading.

use care_layout::Layout;
use care_model::{Edition, ExchangeFileName, FileKind};
use care_reading::{Form, Reading, Sheet, read};
use care_samples::{ExampleOffices, SampleUnit, Samples, Size, UnitRequest};

/// A file with its name.
pub(crate) type File = (ExchangeFileName, Vec<u8>);

/// A file of records, each given by the values of its fields; care recipient and version are filled in.
pub(crate) fn file(name: &str, records: &[&[(&str, &str)]]) -> File {
    let name = ExchangeFileName::parse(name).unwrap();
    let layout = Layout::of(name.edition(), name.kind).unwrap();
    let mut bytes = Vec::new();
    for record in records {
        let values: Vec<&str> = layout
            .fields
            .iter()
            .map(|field| {
                let given = record
                    .iter()
                    .find(|(name, _)| *name == field.name)
                    .map(|(_, value)| *value);
                given.unwrap_or(match field.name {
                    "csv_version" => "202407",
                    "insurer_number" => "990010",
                    "insured_number" => "9900000002",
                    _ => "",
                })
            })
            .collect();
        for (name, _) in *record {
            assert!(layout.find(name).is_some(), "no field {name}");
        }
        bytes.extend(care_csv::write_record(layout, &values).unwrap());
    }
    (name, bytes)
}

/// Reads files.
pub(crate) fn reading(files: &[File]) -> Reading {
    let borrowed: Vec<(ExchangeFileName, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (name.clone(), bytes.as_slice()))
        .collect();
    read(&borrowed)
}

/// A made unit.
pub(crate) fn sample(unit: &str, edition: Edition) -> SampleUnit {
    let (from, to) = ExampleOffices::new().unwrap().ends_of(unit);
    let request = UnitRequest {
        unit,
        edition,
        from,
        to,
        month: "202604".parse().unwrap(),
        size: Size::Recipients(3),
    };
    Samples::new(25).unit(&request).unwrap()
}

/// Its files.
pub(crate) fn files(unit: &SampleUnit) -> Vec<File> {
    unit.files
        .iter()
        .map(|file| (file.name.clone(), file.bytes.clone()))
        .collect()
}

/// Every record of a reading, reached through its documents.
pub(crate) fn forms(reading: &Reading) -> Vec<(&Sheet, &Form)> {
    let sheets = reading.unassigned.iter();
    let sheets = sheets.chain(reading.recipients.iter().flat_map(care_reading::Recipient::sheets));
    sheets
        .flat_map(|sheet| sheet.rows.iter().map(move |form| (sheet, form)))
        .collect()
}

/// A name between the example offices.
pub(crate) fn name_of(kind: FileKind) -> String {
    let month = if kind.has_month() { "202604_" } else { "" };
    format!(
        "{}_{month}9970100013_43_9970101003_11_20260326090137.CSV",
        kind.prefix()
    )
}
