//! One fault at a time: what is found, and whether it blocks.

use care_route::SourceFile;
use care_samples::{ExampleOffices, Samples};

use crate::{files_of, keys, made, party, plan_as_manager, schedule, source, sources};

/// The schedule's files as names and bytes, changed by `fault`.
fn dropped(fault: impl Fn(&mut Vec<(String, Vec<u8>)>)) -> Vec<SourceFile> {
    let mut files: Vec<(String, Vec<u8>)> = schedule()
        .files
        .into_iter()
        .map(|file| (file.name.to_string(), file.bytes))
        .collect();
    fault(&mut files);
    sources(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())))
}

fn rename(prefix: &str, from: &str, to: &str) -> Vec<SourceFile> {
    dropped(|files| {
        for (name, _) in files {
            if name.starts_with(prefix) {
                *name = name.replace(from, to);
            }
        }
    })
}

fn check(files: &[SourceFile], expected: &[(&[&str], bool)]) {
    let plan = plan_as_manager(files);
    let found: Vec<(Vec<String>, bool)> = plan.deliveries.iter().map(|d| (keys(d), d.blocked)).collect();
    let expected: Vec<(Vec<String>, bool)> = expected
        .iter()
        .map(|(keys, blocked)| (keys.iter().map(|key| (*key).to_owned()).collect(), *blocked))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_missing_mate_is_named_and_blocks() {
    for (prefix, missing) in [("UPPLAN", "UPPLAN"), ("UPSIKYU", "UPSIKYU"), ("UPHOSOKU", "UPHOSOKU")] {
        let files = dropped(|files| files.retain(|(name, _)| !name.starts_with(prefix)));
        check(&files, &[(&["mate_missing"], true)]);
        let plan = plan_as_manager(&files);
        assert_eq!(plan.deliveries[0].findings[0].params["missing"], missing);
    }
}

#[test]
fn a_file_too_many_is_named_and_blocks() {
    let offices = ExampleOffices::new().unwrap();
    let actual = made(
        &mut Samples::new(1),
        "home_actual",
        offices.care_management,
        offices.home_help,
    );
    let files = files_of(&[schedule(), actual]);
    check(&files, &[(&["mate_surplus", "office_mismatch_rows"], true)]);
    // The same kind twice, for two months, under one serial.
    let twice = dropped(|files| {
        let plan = files
            .iter()
            .find(|(name, _)| name.starts_with("UPPLAN"))
            .unwrap()
            .clone();
        files.push((plan.0.replace("202604", "202605"), plan.1));
    });
    let plan = plan_as_manager(&twice);
    assert!(keys(&plan.deliveries[0]).contains(&"mate_surplus".to_owned()));
    assert!(plan.deliveries[0].blocked);
}

#[test]
fn near_groups_explain_each_other() {
    let serial = schedule().serial;
    check(
        &rename("UPSIKYU", serial.as_str(), "20260328235959"),
        &[
            (&["serial_mismatch", "mate_missing"], true),
            (&["serial_mismatch", "mate_missing", "mate_missing"], true),
        ],
    );
    check(
        &rename("UPSIKYU", "9970101003", "9970199999"),
        &[
            (&["office_mismatch_destinations", "mate_missing"], true),
            (
                &[
                    "office_mismatch_destinations",
                    "mate_missing",
                    "mate_missing",
                    "other_office",
                ],
                true,
            ),
        ],
    );
    let old = dropped(|files| {
        for (name, _) in files {
            if name.starts_with("UPPLAN") {
                *name = name.replace("_43_", "_").replace("_11_", "_");
            }
        }
    });
    let plan = plan_as_manager(&old);
    for delivery in &plan.deliveries {
        assert!(
            keys(delivery).contains(&"name_old_style".to_owned()),
            "{:?}",
            keys(delivery)
        );
    }
}

#[test]
fn the_sender_is_this_office_in_one_of_its_kinds() {
    check(
        &rename("", "9970100013", "9970100020"),
        &[(&["office_mismatch_sender"], true)],
    );
    check(&rename("", "_43_", "_46_"), &[(&["office_mismatch_sender_kind"], true)]);
    // Kinds that are not known are not judged.
    let files = rename("", "_43_", "_46_");
    let sender = ExampleOffices::new().unwrap().care_management.office;
    assert!(!care_route::plan(sender, &[], &files).deliveries[0].blocked);
}

#[test]
fn what_is_not_on_the_list_of_blocks_only_warns() {
    check(&rename("", "_11_", "_51_"), &[(&["scope_name"], false)]);
    check(
        &rename("UPHOSOKU", "_202604_", "_000000_"),
        &[(&["month_mismatch", "hosoku_month"], false)],
    );
    check(&rename("UPPLAN", ".CSV", ".csv"), &[(&["extension"], false)]);
    let offices = ExampleOffices::new().unwrap();
    let wrong_way = made(
        &mut Samples::new(1),
        "home_actual",
        offices.care_management,
        offices.home_help,
    );
    check(
        &files_of(&[wrong_way]),
        &[(&["direction", "office_mismatch_rows"], false)],
    );
}

#[test]
fn an_unreadable_file_blocks_its_delivery() {
    let files = dropped(|files| files[0].1.clear());
    check(&files, &[(&["empty"], true)]);
    let plan = plan_as_manager(&files);
    assert_eq!(plan.deliveries[0].findings_of(1).count(), 1);
    assert_eq!(plan.deliveries[0].findings_of(2).count(), 0);
}

#[test]
fn a_near_name_is_unplaced_and_its_unit_incomplete() {
    let files = rename("UPPLAN", "_", "-");
    check(&files, &[(&["mate_missing"], true)]);
    let plan = plan_as_manager(&files);
    let (number, findings) = &plan.unplaced[0];
    assert_eq!((*number, findings[0].message_key().as_str()), (1, "name_separator"));
    assert!(findings[0].params["suggestion"].starts_with("UPPLAN_202604_"));
}

#[test]
fn doubles_are_left_out_and_differing_ones_block() {
    let copy = |mark: &'static str| {
        dropped(move |files| {
            let (name, bytes) = files[0].clone();
            files.push((name.replace(".CSV", mark), bytes));
        })
    };
    for mark in [" - コピー.CSV", "(1).CSV", ".csv", ".CSV"] {
        let plan = plan_as_manager(&copy(mark));
        assert_eq!(plan.unplaced.len(), 1, "{mark}");
        assert_eq!(plan.unplaced[0].1[0].message_key(), "duplicate", "{mark}");
        assert!(!plan.deliveries[0].blocked, "{mark}");
    }
    // The same bytes under a name of no meaning are no attachment.
    let plan = plan_as_manager(&dropped(|files| {
        let bytes = files[0].1.clone();
        files.push(("memo.csv".to_owned(), bytes));
    }));
    assert_eq!((plan.attachments.len(), plan.unplaced.len()), (0, 1));
    // The same name, other bytes: nobody can tell which one is meant.
    let plan = plan_as_manager(&dropped(|files| {
        let (name, mut bytes) = files[0].clone();
        bytes.extend_from_slice(b"202407\r\n");
        files.push((name, bytes));
    }));
    assert!(plan.deliveries[0].blocked);
    assert_eq!(plan.unplaced[0].1[0].message_key(), "duplicate_differs");
    // A copy without its original keeps its reason.
    let plan = plan_as_manager(&dropped(|files| files[0].0 = files[0].0.replace(".CSV", " (1).CSV")));
    assert_eq!(plan.unplaced[0].1[0].message_key(), "name_copy_mark");
}

#[test]
fn other_files_are_attachments() {
    let mut files = files_of(&[schedule()]);
    files.push(source(9, "ご案内.pdf", b"%PDF"));
    let plan = plan_as_manager(&files);
    assert_eq!((plan.attachments, plan.deliveries.len()), (vec![9], 1));
}

#[test]
fn two_destinations_are_two_deliveries() {
    let offices = ExampleOffices::new().unwrap();
    let other = made(
        &mut Samples::new(1),
        "home_schedule",
        offices.care_management,
        party("9970101011", "15"),
    );
    let plan = plan_as_manager(&files_of(&[schedule(), other]));
    assert_eq!(plan.destinations().len(), 2);
    assert!(plan.deliveries.iter().all(|delivery| !delivery.blocked));
}
