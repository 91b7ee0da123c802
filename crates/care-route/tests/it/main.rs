//! Planning deliveries from invented files: tables of good and faulty drops, and the promise that no file is lost.

// The helpers here are tests as well.
#![allow(clippy::unwrap_used)]

mod every_fault;
mod faults;
mod mates;
mod nothing_lost;
mod units;

use care_model::{Digest, NameReading, OfficeNumber, Party, ServiceKind, ServiceMonth};
use care_route::{Plan, PlannedDelivery, SourceFile, plan};
use care_samples::{ExampleOffices, SampleUnit, Samples, Size, UnitRequest};

/// A file as the desk would hand it over.
pub(crate) fn source(number: u32, name: &str, bytes: &[u8]) -> SourceFile {
    let facts = NameReading::of(name)
        .standard()
        .map(|name| care_csv::examine(name, bytes));
    SourceFile {
        number,
        name: name.to_owned(),
        size_bytes: bytes.len() as u64,
        digest: Digest::of(bytes),
        facts,
    }
}

pub(crate) fn sources<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<SourceFile> {
    (1..)
        .zip(files)
        .map(|(number, (name, bytes))| source(number, name, bytes))
        .collect()
}

pub(crate) fn files_of(units: &[SampleUnit]) -> Vec<SourceFile> {
    let files = units.iter().flat_map(|unit| &unit.files);
    sources(files.map(|file| (file.name.as_str(), file.bytes.as_slice())))
}

pub(crate) fn month() -> ServiceMonth {
    ServiceMonth::parse("202604").unwrap()
}

pub(crate) fn party(office: &str, kind: &str) -> Party {
    Party::new(OfficeNumber::parse(office).unwrap(), ServiceKind::parse(kind).unwrap())
}

pub(crate) fn made(samples: &mut Samples, unit: &str, from: Party, to: Party) -> SampleUnit {
    let request = UnitRequest {
        unit,
        edition: care_model::Edition::V4,
        from,
        to,
        month: month(),
        size: Size::Recipients(2),
    };
    samples.unit(&request).unwrap()
}

/// The schedule that most faults are made from: care manager to home helpers.
pub(crate) fn schedule() -> SampleUnit {
    let offices = ExampleOffices::new().unwrap();
    made(
        &mut Samples::new(1),
        "home_schedule",
        offices.care_management,
        offices.home_help,
    )
}

/// Plans as the care management office of the examples.
pub(crate) fn plan_as_manager(files: &[SourceFile]) -> Plan {
    let manager = ExampleOffices::new().unwrap().care_management;
    plan(manager.office, &[manager.kind], files)
}

/// Every message key in a delivery, unit and files; of one file's records the same many times over counts as one.
pub(crate) fn keys(delivery: &PlannedDelivery) -> Vec<String> {
    let mut of_files: Vec<_> = delivery
        .file_findings
        .iter()
        .map(|(number, finding)| (*number, finding.message_key()))
        .collect();
    of_files.dedup();
    let of_unit = delivery.findings.iter().map(|finding| finding.message_key());
    of_unit.chain(of_files.into_iter().map(|(_, key)| key)).collect()
}
