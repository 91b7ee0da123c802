//! Every fault that the builder knows is found in the right file and record, and nothing is found in what is good.

use std::collections::BTreeSet;

use care_model::{
    Edition, Finding, NameReading, OfficeRole, Party, SendUnit, ServiceKind, ServiceMonth, Severity, UNITS_OF_EDITION_4,
};
use care_route::{Plan, SourceFile, plan};
use care_samples::{ExampleOffices, Fault, Samples, Size, UnitRequest, faults};

use crate::{party, source};

/// Reads files in pieces, as the desk does.
fn read(files: &[(String, Vec<u8>)]) -> Vec<SourceFile> {
    let files = (1..).zip(files);
    files
        .map(|(number, (name, bytes))| match NameReading::of(name).standard() {
            Some(standard) => {
                let read = care_csv::read(standard, bytes.as_slice()).unwrap();
                SourceFile {
                    number,
                    name: name.clone(),
                    size_bytes: read.size_bytes,
                    digest: read.digest,
                    facts: Some(read.facts),
                }
            }
            None => source(number, name, bytes),
        })
        .collect()
}

/// Every finding with the names of the files that it may be read as being about.
fn placed(plan: &Plan, files: &[SourceFile]) -> Vec<(Finding, Vec<String>)> {
    let name = |number: &u32| files[usize::try_from(number - 1).unwrap()].name.clone();
    let mut all = Vec::new();
    for (number, findings) in &plan.unplaced {
        all.extend(findings.iter().map(|finding| (finding.clone(), vec![name(number)])));
    }
    for delivery in &plan.deliveries {
        let of_unit: Vec<String> = delivery.files.iter().map(name).collect();
        all.extend(
            delivery
                .findings
                .iter()
                .map(|finding| (finding.clone(), of_unit.clone())),
        );
        let of_files = delivery.file_findings.iter();
        all.extend(of_files.map(|(number, finding)| (finding.clone(), vec![name(number)])));
    }
    all
}

/// What is wrong with the answer to a fault, if anything is.
fn missed(fault: &Fault) -> Option<String> {
    let files = read(&fault.files);
    let plan = plan(fault.from.office, &[fault.from.kind], &files);
    let findings = placed(&plan, &files);
    let shown: BTreeSet<String> = findings
        .iter()
        .map(|(finding, names)| format!("{} {:?} {:?}", finding.message_key(), finding.row, names.first()))
        .collect();
    let of_code: Vec<_> = findings
        .iter()
        .filter(|(finding, _)| fault.expect_any_of.contains(&finding.code))
        .collect();
    if of_code.is_empty() {
        return Some(format!(
            "{}: no code of {:?} in {shown:#?}",
            fault.id, fault.expect_any_of
        ));
    }
    // A file that was left out cannot carry a finding; the unit does.
    let is_there = |name: &String| files.iter().any(|file| file.name == *name);
    let faulty: Vec<&String> = fault.faulty_files.iter().filter(|name| is_there(name)).collect();
    let of_file: Vec<_> = of_code
        .into_iter()
        .filter(|(_, names)| faulty.is_empty() || names.iter().any(|name| faulty.contains(&name)))
        .collect();
    if of_file.is_empty() {
        return Some(format!("{}: not in {faulty:?} but {shown:#?}", fault.id));
    }
    let of_row = of_file
        .iter()
        .any(|(finding, _)| fault.row.is_none() || finding.row == fault.row);
    (!of_row).then(|| format!("{}: not in record {:?} but {shown:#?}", fault.id, fault.row))
}

#[test]
fn every_fault_is_found_in_its_file_and_record() {
    for (edition, common) in [(Edition::V4, 54), (Edition::V3, 47)] {
        for (seed, month) in [(1, "202604"), (2, "202702"), (3, "202512"), (4, "202802")] {
            let faults = faults(edition, seed, ServiceMonth::parse(month).unwrap()).unwrap();
            assert!(faults.len() > common);
            let missed: Vec<String> = faults.iter().filter_map(missed).collect();
            assert!(
                missed.is_empty(),
                "{edition:?} {seed} {month}: {} of {}\n{}",
                missed.len(),
                faults.len(),
                missed.join("\n")
            );
        }
    }
}

/// Kinds whose records differ: visits, add-ons, rentals, days, and those of preventive care.
const SERVICE_KINDS: &[&str] = &["11", "13", "15", "17", "76", "78", "2A", "63", "67", "A2", "A6"];

/// Whatever is said about good files that is more than a note.
fn more_than_notes(made: &care_samples::SampleUnit) -> Vec<String> {
    let files: Vec<(String, Vec<u8>)> = made
        .files
        .iter()
        .map(|file| (file.name.to_string(), file.bytes.clone()))
        .collect();
    let files = read(&files);
    let plan = plan(made.from.office, &[made.from.kind], &files);
    assert_eq!(plan.deliveries.len(), 1);
    assert!(plan.attachments.is_empty() && plan.unplaced.is_empty() && plan.findings.is_empty());
    assert_eq!(plan.deliveries[0].unit.map(|unit| unit.id), Some(made.unit));
    assert!(!plan.deliveries[0].blocked);
    let all = placed(&plan, &files).into_iter();
    all.filter(|(finding, _)| finding.severity != Severity::Notes)
        .map(|(finding, names)| format!("{} {:?} {finding:?} {names:?}", made.unit, made.to.kind))
        .collect()
}

/// The service offices of these kinds, with numbers whose check digits fit.
fn service_offices(count: usize) -> Vec<Party> {
    let numbers = (1_000_u32..).map(|number| format!("997{number:06}"));
    let numbers = numbers.flat_map(|body| (0..10).map(move |last| format!("{body}{last}")));
    let fitting = numbers.filter(|number| care_model::check_digit_fits(number.as_bytes()) == Some(true));
    let kinds = SERVICE_KINDS.iter().cycle();
    fitting
        .zip(kinds)
        .map(|(number, kind)| party(&number, kind))
        .take(count)
        .collect()
}

#[test]
fn good_units_of_every_office_seed_and_month_have_no_finding() {
    let offices = ExampleOffices::new().unwrap();
    for (seed, office_count, month) in [
        (1, 1, "202604"),
        (2, 3, "202702"),
        (3, 10, "202512"),
        (4, 20, "202802"),
        (5, 11, "203001"),
    ] {
        let month = ServiceMonth::parse(month).unwrap();
        let mut samples = Samples::new(seed);
        for service in service_offices(office_count) {
            for edition in [Edition::V4, Edition::V3] {
                for unit in SendUnit::of_edition(edition) {
                    let (from, to) = offices.ends_of(unit.id);
                    // A service office in the place of the example's.
                    let own = |end: Party| {
                        if end.role() == OfficeRole::Service {
                            service
                        } else {
                            end
                        }
                    };
                    // Preventive care is told apart by the kinds alone.
                    let preventive = matches!(service.kind.as_str(), "63" | "67" | "A2" | "A6");
                    if preventive != unit.id.starts_with("preventive") {
                        continue;
                    }
                    let made = samples.unit(&UnitRequest {
                        unit: unit.id,
                        edition,
                        from: own(from),
                        to: own(to),
                        month,
                        size: Size::Recipients(4),
                    });
                    assert_eq!(more_than_notes(&made.unwrap()), Vec::<String>::new());
                }
            }
        }
    }
}

#[test]
fn contracted_preventive_care_has_no_finding_either_way() {
    let offices = ExampleOffices::new().unwrap();
    let (manager, centre) = (offices.care_management, offices.support_centre);
    let kind = |code: &str| ServiceKind::parse(code).unwrap();
    for centre in [
        centre,
        Party::new(centre.office, kind("AF")),
        Party::new(centre.office, kind("43")),
    ] {
        for (from, to) in [(manager, centre), (centre, manager)] {
            for unit in UNITS_OF_EDITION_4
                .iter()
                .filter(|unit| unit.id.starts_with("preventive"))
            {
                let made = Samples::new(5).unit(&UnitRequest {
                    unit: unit.id,
                    edition: Edition::V4,
                    from,
                    to,
                    month: ServiceMonth::parse("202604").unwrap(),
                    size: Size::Recipients(3),
                });
                assert_eq!(more_than_notes(&made.unwrap()), Vec::<String>::new(), "{from} {to}");
            }
        }
    }
}
