//! Whatever is dropped: every file is in exactly one place.

use care_model::Digest;
use care_route::{Plan, SourceFile};
use proptest::prelude::*;

use crate::plan_as_manager;

fn name() -> impl Strategy<Value = String> {
    let prefix = proptest::sample::select(vec![
        "UPPLAN_202604",
        "UPPLAN_202605",
        "UPSIKYU_202604",
        "UPHOSOKU_202604",
        "UPHOSOKU_000000",
        "UP1KYO",
        "UP2KYO",
        "UP3KYO",
        "UPJSK_202604",
        "UPKIHON",
        "UPYOBO_SUB",
        "upplan_202604",
        "UPPLAN",
        "memo",
    ]);
    let ends = proptest::sample::select(vec![
        "9970100013_43_9970101003_11",
        "9970100013_43_9970101011_15",
        "9970100013_9970101003",
        "9970101003_11_9970100013_43",
        "9970100013_43_9970100013_43",
        "997010001_43_9970101003_11",
    ]);
    let serial = proptest::sample::select(vec!["20260326095635", "20260326095636", "2026032609563"]);
    let ending = proptest::sample::select(vec![".CSV", ".csv", " (1).CSV", " - コピー.CSV", ".pdf", ""]);
    (prefix, ends, serial, ending)
        .prop_map(|(prefix, ends, serial, ending)| format!("{prefix}_{ends}_{serial}{ending}"))
}

fn places(plan: &Plan) -> Vec<u32> {
    let deliveries = plan.deliveries.iter().chain(&plan.over_limit);
    let mut all: Vec<u32> = deliveries
        .flat_map(|delivery| delivery.files.iter().copied())
        .chain(plan.attachments.iter().copied())
        .chain(plan.unplaced.iter().map(|(number, _)| *number))
        .collect();
    all.sort_unstable();
    all
}

proptest! {
    #[test]
    fn every_file_is_in_exactly_one_place(files in proptest::collection::vec((name(), 0_u8..3), 0..300)) {
        let files: Vec<SourceFile> = (1..)
            .zip(&files)
            .map(|(number, (name, content))| SourceFile {
                number,
                name: name.clone(),
                size_bytes: 1,
                digest: Digest::of(&[*content]),
                facts: None,
            })
            .collect();
        let plan = plan_as_manager(&files);
        let expected: Vec<u32> = files.iter().map(|file| file.number).collect();
        prop_assert_eq!(places(&plan), expected);
        prop_assert!(plan.deliveries.len() <= 100);
        prop_assert!(plan.unplaced.iter().all(|(_, findings)| !findings.is_empty()));
        for delivery in plan.deliveries.iter().chain(&plan.over_limit) {
            let of_files = delivery.file_findings.iter().map(|(_, finding)| finding);
            let blocks = delivery.findings.iter().chain(of_files).any(|finding| finding.is_blocking());
            prop_assert_eq!(delivery.blocked, blocks);
            prop_assert!(delivery.unit.is_some());
        }
    }

    #[test]
    fn the_order_of_the_files_changes_no_delivery(files in proptest::collection::vec(name(), 1..60)) {
        // With one content no two files of a name differ, so the order cannot matter to what is sent.
        let source = |number: usize| SourceFile {
            number: 1,
            name: files[number].clone(),
            size_bytes: 1,
            digest: Digest::of(b"same"),
            facts: None,
        };
        let forward: Vec<SourceFile> = (0..files.len()).map(source).collect();
        let backward: Vec<SourceFile> = (0..files.len()).rev().map(source).collect();
        let summary = |plan: &Plan| -> Vec<_> {
            let all = plan.deliveries.iter();
            all.map(|d| (d.serial, d.to, d.from, d.unit.map(|unit| unit.id), d.files.len())).collect()
        };
        prop_assert_eq!(summary(&plan_as_manager(&forward)), summary(&plan_as_manager(&backward)));
    }
}
