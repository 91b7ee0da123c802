//! Whole files of the sample builder: good ones have nothing to say, whatever the unit, edition, month and seed.

// The helpers here are tests as well.
#![allow(clippy::unwrap_used)]

mod bad_input;
mod repairs;

use care_csv::{Examiner, examine};
use care_model::{Edition, OfficeNumber, Party, SendUnit, ServiceKind, ServiceMonth};
use care_samples::{SampleFile, Samples, Size, UnitRequest};

fn party(office: &str, kind: &str) -> Party {
    Party::new(OfficeNumber::parse(office).unwrap(), ServiceKind::parse(kind).unwrap())
}

/// Every file of every unit that an edition permits, to service offices of several kinds.
fn good_files(seed: u64, edition: Edition, month: &str) -> Vec<SampleFile> {
    let mut samples = Samples::new(seed);
    let mut files = Vec::new();
    let ways = [
        (party("9970100013", "43"), party("9970101003", "11")),
        (party("9970100013", "43"), party("9970101029", "17")),
        (party("9970100013", "43"), party("9970101011", "15")),
        (party("9900100018", "46"), party("99A0105007", "A2")),
    ];
    for unit in SendUnit::of_edition(edition) {
        for (manager, service) in ways {
            let to_service = unit.fits_direction(manager.role(), service.role());
            let (from, to) = if to_service {
                (manager, service)
            } else {
                (service, manager)
            };
            let made = samples.unit(&UnitRequest {
                unit: unit.id,
                edition,
                from,
                to,
                month: ServiceMonth::parse(month).unwrap(),
                size: Size::Recipients(5),
            });
            files.extend(made.unwrap().files);
        }
    }
    files
}

#[test]
fn good_files_have_no_finding() {
    let mut count = 0;
    for edition in [Edition::V4, Edition::V3] {
        for month in ["202504", "202602", "202604", "202612"] {
            for seed in 1..=5 {
                for file in good_files(seed, edition, month) {
                    let facts = examine(&file.name, &file.bytes);
                    assert_eq!(facts.findings, [], "{} of {month}, seed {seed}", file.name);
                    assert!(file.name.kind.is_image() || facts.recipients == 5 || file.name.kind.is_deletion());
                    count += 1;
                }
            }
        }
    }
    assert!(count > 2_000, "{count} files");
}

#[test]
fn pieces_of_any_size_say_the_same() {
    for file in good_files(6, Edition::V4, "202604") {
        // A fault in the middle.
        let mut bytes = file.bytes;
        let middle = bytes.len() / 2;
        bytes.splice(middle..middle, *b"\"x,\r\n\x81");
        let whole = examine(&file.name, &bytes);
        for size in [1, 2, 3, 7, 4_096] {
            let mut examiner = Examiner::new(&file.name);
            bytes.chunks(size).for_each(|piece| examiner.push(piece));
            assert_eq!(examiner.finish(), whole, "{} in pieces of {size}", file.name);
        }
    }
}
