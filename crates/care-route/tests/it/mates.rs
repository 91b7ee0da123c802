//! What files of one delivery say about each other.

use care_model::{Finding, FindingCode, Severity};
use care_route::{Plan, SourceFile};
use care_samples::{ExampleOffices, SampleUnit, Samples, Size, UnitRequest};

use crate::{month, source};

fn unit(id: &str, recipients: u32) -> SampleUnit {
    let (from, to) = ExampleOffices::new().unwrap().ends_of(id);
    let request = UnitRequest {
        unit: id,
        edition: care_model::Edition::V4,
        from,
        to,
        month: month(),
        size: Size::Recipients(recipients),
    };
    Samples::new(7).unit(&request).unwrap()
}

/// Takes the records of the first people out of the file with a prefix. Only for files with one record each.
fn without_people(unit: &SampleUnit, prefix: &str, people: usize) -> Vec<SourceFile> {
    changed(unit, |name, bytes| {
        if name.starts_with(prefix) {
            // No free text of the builder's slips and supplements has a line end.
            let records: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
            let insured = |record: &[u8]| record.split(|byte| *byte == b',').nth(2).map(<[u8]>::to_vec);
            let mut gone: Vec<_> = records.iter().map(|record| insured(record)).collect();
            gone.dedup();
            gone.truncate(people);
            *bytes = records
                .into_iter()
                .filter(|record| !gone.contains(&insured(record)))
                .collect::<Vec<_>>()
                .concat();
        }
    })
}

fn changed(unit: &SampleUnit, change: impl Fn(&mut String, &mut Vec<u8>)) -> Vec<SourceFile> {
    (1..)
        .zip(&unit.files)
        .map(|(number, file)| {
            let (mut name, mut bytes) = (file.name.to_string(), file.bytes.clone());
            change(&mut name, &mut bytes);
            source(number, &name, &bytes)
        })
        .collect()
}

fn planned(unit: &SampleUnit, files: &[SourceFile]) -> Plan {
    care_route::plan(unit.from.office, &[unit.from.kind], files)
}

/// The findings of a code, with the prefix of their file's name.
fn found(unit: &SampleUnit, files: &[SourceFile], code: FindingCode) -> Vec<(String, Finding)> {
    let plan = planned(unit, files);
    assert_eq!(plan.deliveries.len(), 1);
    assert!(!plan.deliveries[0].blocked);
    let prefix = |number: &u32| {
        let name = &files.iter().find(|file| file.number == *number).unwrap().name;
        name.split("_9").next().unwrap().split("_2").next().unwrap().to_owned()
    };
    let of_files = plan.deliveries[0].file_findings.iter();
    of_files
        .filter(|(_, finding)| finding.code == code)
        .map(|(number, finding)| (prefix(number), finding.clone()))
        .collect()
}

#[test]
fn the_file_that_lacks_people_is_told_once_with_the_count_and_the_mates_record() {
    let unit = unit("home_schedule", 9);
    for (lacking, severity, mate, mate_row) in [
        // The record in the mate, from 1: eight visits, two lines of the annex, one of the supplement for each person.
        ("UPHOSOKU", Severity::Warns, "UPPLAN", "1"),
        ("UPPLAN", Severity::Warns, "UPHOSOKU", "1"),
        // Nothing says that somebody with visits must have a line in the annex.
        ("UPSIKYU", Severity::Notes, "UPPLAN", "1"),
    ] {
        let files = without_people(&unit, lacking, 4);
        let found = found(&unit, &files, FindingCode::RecipientsDiffer);
        let [(prefix, finding)] = found.as_slice() else {
            panic!("{lacking}: {found:?}")
        };
        assert_eq!(
            (prefix.as_str(), finding.severity, finding.more),
            (lacking, severity, 3)
        );
        assert_eq!(
            (finding.params["mate"].as_str(), finding.params["mate_row"].as_str()),
            (mate, mate_row)
        );
        assert_eq!(finding.row, None);
    }
    assert!(found(&unit, &without_people(&unit, "none", 0), FindingCode::RecipientsDiffer).is_empty());
}

#[test]
fn what_the_standard_leaves_open_is_noted_or_left_alone() {
    let plan = unit("home_plan", 3);
    let files = without_people(&plan, "UP3KYO", 1);
    let weekly = found(&plan, &files, FindingCode::RecipientsDiffer);
    assert!(
        weekly.iter().all(|(_, finding)| finding.severity == Severity::Notes),
        "{weekly:?}"
    );
    // A sub-table may have nothing to say about somebody.
    let profile = unit("preventive_basic", 3);
    let files = without_people(&profile, "UPKIHON_SUB1", 1);
    assert!(found(&profile, &files, FindingCode::RecipientsDiffer).is_empty());
}

#[test]
fn people_are_not_compared_where_fields_have_moved() {
    let unit = unit("home_schedule", 3);
    // One field too many in front: what stands in the place of the insured number is none.
    let files = changed(&unit, |name, bytes| {
        if name.starts_with("UPHOSOKU") {
            let records = bytes.split_inclusive(|byte| *byte == b'\n');
            *bytes = records.flat_map(|record| [b"202407,", record].concat()).collect();
        }
    });
    assert!(found(&unit, &files, FindingCode::RecipientsDiffer).is_empty());
    assert!(!found(&unit, &files, FindingCode::Columns).is_empty());
}

#[test]
fn people_are_not_compared_where_not_all_keys_are_known() {
    let unit = unit("home_schedule", 3);
    let without = |facts: fn(&mut care_csv::FileFacts)| {
        let mut files = without_people(&unit, "UPHOSOKU", 1);
        files[2].facts.as_mut().map(facts).unwrap();
        found(&unit, &files, FindingCode::RecipientsDiffer).len()
    };
    assert_eq!(without(|_| {}), 1);
    assert_eq!(without(|facts| facts.keys_cut = true), 0);
    // Facts that were kept before keys were.
    assert_eq!(without(|facts| facts.keys.clear()), 0);
    let mut files = without_people(&unit, "UPHOSOKU", 1);
    files[2].facts = None;
    assert!(found(&unit, &files, FindingCode::RecipientsDiffer).is_empty());
}

#[test]
fn somebody_whom_two_mates_have_is_lacked_once_and_the_heavier_weight_counts() {
    let unit = unit("home_plan", 4);
    // The supplement lacks the first two people of table 1.
    let files = changed(&unit, |name, bytes| {
        if name.starts_with("UPHOSOKU") {
            let records: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
            *bytes = records[2..].concat();
        }
    });
    let lacking = found(&unit, &files, FindingCode::RecipientsDiffer);
    let [(prefix, finding)] = lacking.as_slice() else {
        panic!("{lacking:?}")
    };
    assert_eq!(
        (prefix.as_str(), finding.severity, finding.more),
        ("UPHOSOKU_000000", Severity::Warns, 1)
    );
    assert_eq!(finding.params["mate"], "UP1KYO");
    // In a schedule the supplement is compared with both tables; each person counts once.
    let schedule = self::unit("home_schedule", 4);
    let files = without_people(&schedule, "UPHOSOKU", 2);
    let lacking = found(&schedule, &files, FindingCode::RecipientsDiffer);
    assert_eq!(lacking.len(), 1);
    assert_eq!(lacking[0].1.more, 1);
}

#[test]
fn another_plan_date_is_told_in_the_mate_and_a_supplement_of_a_month_has_none() {
    let plan = unit("home_plan", 3);
    let other_date = |name: &mut String, bytes: &mut Vec<u8>| {
        if name.starts_with("UPHOSOKU") {
            let text = bytes.windows(8).position(|window| window == b"20251201").unwrap();
            bytes[text..text + 8].copy_from_slice(b"20251101");
        }
    };
    let found_keys = found(&plan, &changed(&plan, other_date), FindingCode::KeysDiffer);
    let [(prefix, finding)] = found_keys.as_slice() else {
        panic!("{found_keys:?}")
    };
    assert_eq!(
        (prefix.as_str(), finding.row, finding.more),
        ("UPHOSOKU_000000", Some(1), 0)
    );
    assert_eq!(finding.params["mate"], "UP1KYO");
    // Its name with a month makes it another kind of link: only the name is told.
    let files = changed(&plan, |name, _| *name = name.replace("_000000_", "_202604_"));
    assert!(found(&plan, &files, FindingCode::KeysDiffer).is_empty());
    assert!(!found(&plan, &files, FindingCode::HosokuMonth).is_empty());
}

#[test]
fn the_file_of_another_version_than_most_is_told() {
    let unit = unit("home_schedule", 2);
    let files = changed(&unit, |name, bytes| {
        if name.starts_with("UPPLAN") {
            let records = bytes.split_inclusive(|byte| *byte == b'\n');
            *bytes = records.flat_map(|record| [b"202410", &record[6..]].concat()).collect();
        }
    });
    let found = found(&unit, &files, FindingCode::VersionMixed);
    let [(prefix, finding)] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(
        (prefix.as_str(), finding.message_key().as_str()),
        ("UPPLAN", "version_mixed_unit")
    );
    assert_eq!(
        (finding.params["version"].as_str(), finding.params["other"].as_str()),
        ("202410", "202407")
    );
}

#[test]
fn the_file_of_another_month_than_most_is_told() {
    let unit = unit("home_schedule", 2);
    for prefix in ["UPPLAN", "UPSIKYU", "UPHOSOKU"] {
        let files = changed(&unit, |name, bytes| {
            if name.starts_with(prefix) {
                *name = name.replace("_202604_", "_202605_");
                bytes.clear();
            }
        });
        let plan = planned(&unit, &files);
        let told: Vec<_> = plan.deliveries[0]
            .file_findings
            .iter()
            .filter(|(_, finding)| finding.message_key() == "month_mismatch_unit")
            .collect();
        let [(number, finding)] = told.as_slice() else {
            panic!("{prefix}: {told:?}")
        };
        assert!(files[usize::try_from(number - 1).unwrap()].name.starts_with(prefix));
        assert_eq!(
            (finding.params["named"].as_str(), finding.params["found"].as_str()),
            ("202604", "202605")
        );
        assert_eq!(plan.deliveries[0].month, Some(month()));
    }
}

#[test]
fn images_are_looked_for_by_name_whatever_the_case_of_their_ending() {
    let unit = unit("preventive_basic", 3);
    let upper = changed(&unit, |name, _| *name = name.replace(".jpg", ".JPG"));
    assert!(found(&unit, &upper, FindingCode::ImageMissing).is_empty());
    let mut files = changed(&unit, |_, _| {});
    files.retain(|file| !file.name.ends_with("_0001.jpg") && !file.name.ends_with("_0003.jpg"));
    let missing = found(&unit, &files, FindingCode::ImageMissing);
    let [(prefix, finding)] = missing.as_slice() else {
        panic!("{missing:?}")
    };
    assert_eq!(
        (prefix.as_str(), finding.severity, finding.more),
        ("UPKIHON", Severity::Warns, 1)
    );
    assert!(finding.value.as_deref().unwrap().starts_with("UPKIHON_IMAGE_"));
    assert!(!finding.params.values().any(|value| value.contains("IMAGE")));
}

#[test]
fn offices_that_changed_places_are_told_as_such() {
    let actual = unit("home_actual", 2);
    let (from, to) = (actual.from.office.to_string(), actual.to.office.to_string());
    let files = changed(&actual, |name, _| {
        *name = name.replace(&from, "FROM").replace(&to, &from).replace("FROM", &to);
    });
    let plan = planned(&actual, &files);
    assert_eq!(plan.deliveries[0].findings[0].message_key(), "office_mismatch_swapped");
    assert!(plan.deliveries[0].blocked);
}

#[test]
fn a_destination_whose_check_digit_does_not_fit_is_only_noted() {
    let unit = unit("home_schedule", 2);
    let to = unit.to.office.to_string();
    let files = changed(&unit, |name, _| *name = name.replace(&to, "9970101004"));
    let plan = planned(&unit, &files);
    let delivery = &plan.deliveries[0];
    let keys: Vec<String> = delivery.findings.iter().map(Finding::message_key).collect();
    assert_eq!(keys, ["check_digit_office_number"]);
    assert!(!delivery.blocked);
}

#[test]
fn records_that_name_only_other_offices_than_the_destination_ask_once() {
    let unit = unit("home_schedule", 2);
    let to = unit.to.office.to_string();
    let other_offices = |files: &[SourceFile]| found(&unit, files, FindingCode::OtherOffice);
    assert!(other_offices(&changed(&unit, |_, _| {})).is_empty());
    let renamed = changed(&unit, |name, _| *name = name.replace(&to, "9970102001"));
    let told = other_offices(&renamed);
    let prefixes: Vec<&str> = told.iter().map(|(prefix, _)| prefix.as_str()).collect();
    assert_eq!(prefixes, ["UPPLAN", "UPSIKYU"]);
    let (_, first) = &told[0];
    assert_eq!((first.row, first.params["found"].as_str()), (Some(1), to.as_str()));
    // One record that names the destination is enough: the others may be the person's other services.
    let mixed = changed(&unit, |_, bytes| {
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        for at in end..bytes.len() {
            if bytes[at..].starts_with(to.as_bytes()) {
                bytes[at..at + to.len()].copy_from_slice(b"9970102001");
            }
        }
    });
    assert!(other_offices(&mixed).is_empty());
}

#[test]
fn a_near_name_gets_the_name_that_its_mates_lack() {
    let unit = unit("home_schedule", 2);
    let right = unit.files[0].name.to_string();
    let (serial, month) = (unit.serial.to_string(), month().to_string());
    for near in [
        right.replace(&serial, &format!("{serial}3")),
        right.replace(&serial, &serial[..13]),
        right.replace("9970100013", "997010013"),
        right.replace("_43_", "_431_"),
        right.replace(&format!("_{month}"), ""),
        right.replace(&month, "202613"),
    ] {
        let files = changed(&unit, |name, _| {
            if *name == right {
                *name = near.clone();
            }
        });
        let plan = planned(&unit, &files);
        let (_, findings) = &plan.unplaced[0];
        assert_eq!(findings[0].code, FindingCode::Name, "{near}");
        let suggestion = findings[0].params.get("suggestion");
        // Two places wrong at once: nobody can tell.
        let expected = (!near.contains("202613")).then_some(&right);
        assert_eq!(suggestion, expected, "{near}");
    }
    // Two units that lack the same kind: which one is meant is not certain if both are one step away.
    let files: Vec<SourceFile> = ["20260326000001", "20260326000011"]
        .iter()
        .flat_map(|serial| {
            let mates = unit.files.iter().skip(1);
            mates.map(|file| file.name.as_str().replace(unit.serial.as_str(), serial))
        })
        .chain([right.replace(unit.serial.as_str(), "202603260000011")])
        .zip(1..)
        .map(|(name, number)| source(number, &name, b""))
        .collect();
    let plan = planned(&unit, &files);
    assert!(!plan.unplaced[0].1[0].params.contains_key("suggestion"));
}
