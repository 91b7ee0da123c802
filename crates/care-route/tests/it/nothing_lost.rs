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
    fn the_order_of_the_files_changes_nothing(
        files in proptest::collection::vec((name(), 0_u8..3), 0..60).prop_flat_map(|files| {
            let files: Vec<(u32, String, u8)> =
                (1..).zip(files).map(|(number, (name, content))| (number, name, content)).collect();
            (Just(files.clone()), Just(files).prop_shuffle())
        }),
    ) {
        let sources = |files: &[(u32, String, u8)]| -> Vec<SourceFile> {
            let files = files.iter();
            files
                .map(|(number, name, content)| SourceFile {
                    number: *number,
                    name: name.clone(),
                    size_bytes: 1,
                    digest: Digest::of(&[*content]),
                    facts: None,
                })
                .collect()
        };
        let (sorted, shuffled) = files;
        prop_assert_eq!(plan_as_manager(&sources(&sorted)), plan_as_manager(&sources(&shuffled)));
    }

}

proptest! {
    // A hundred deliveries a case: a few cases are enough.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn deliveries_are_a_hundred_at_most_and_ascend(count in 95_usize..210, seed in any::<u64>()) {
        // Serials in no order, two destinations, one deletion each.
        let files: Vec<SourceFile> = (0..count)
            .map(|number| {
                let mixed = (number as u64).wrapping_mul(7_919).wrapping_add(seed) % 100_000;
                let end = ["9970101003_11", "9970101011_15"][number % 2];
                SourceFile {
                    number: u32::try_from(number).unwrap(),
                    name: format!("DLT1KYO_9970100013_43_{end}_202603{mixed:05}{:03}.CSV", number % 1_000),
                    size_bytes: 1,
                    digest: Digest::of(&number.to_le_bytes()),
                    facts: None,
                }
            })
            .collect();
        let plan = plan_as_manager(&files);
        prop_assert_eq!(plan.deliveries.len(), count.min(100));
        prop_assert_eq!(plan.over_limit.len(), count.saturating_sub(100));
        prop_assert_eq!(plan.findings.len(), usize::from(count > 100));
        let all: Vec<_> = plan.deliveries.iter().chain(&plan.over_limit).map(|d| (d.serial, d.to)).collect();
        prop_assert!(all.is_sorted());
        prop_assert_eq!(places(&plan), (0..u32::try_from(count).unwrap()).collect::<Vec<_>>());
    }
}

/// Names that somebody might send to do harm, or that a file system spells in its own way.
const HOSTILE: &[&str] = &[
    "..\\UPPLAN_202604_9970100013_43_9970101003_11_20260326095635.CSV",
    "../../UPPLAN_202604_9970100013_43_9970101003_11_20260326095635.CSV",
    "C:\\UPPLAN_202604_9970100013_43_9970101003_11_20260326095635.CSV",
    "UPPLAN_202604_9970100013_43_9970101003_11_20260326095635.CSV.",
    "UPPLAN_202604_9970100013_43_9970101003_11_20260326095635.CSV:stream",
    "UPPLAN_202604_9970100013_43_9970101003_11_20260326095635\u{202e}VSC.exe",
    "UPPLAN_202604_9970100013_43_9970101003_11_20260326095635.CSV\0",
    "CON",
    "NUL.CSV",
    "..",
    ".",
    "",
    // The same word in one character and in two.
    "\u{30ac}.pdf",
    "\u{30ab}\u{3099}.pdf",
];

#[test]
fn hostile_names_are_in_no_delivery_and_none_is_lost() {
    let long = format!("UPPLAN_{}.CSV", "1".repeat(300));
    let good = "DLT1KYO_9970100013_43_9970101003_11_20260326095635.CSV";
    let names: Vec<&str> = HOSTILE.iter().copied().chain([long.as_str(), good, good]).collect();
    let files: Vec<SourceFile> = (1..)
        .zip(&names)
        .map(|(number, name)| SourceFile {
            number,
            name: (*name).to_owned(),
            size_bytes: 1,
            // Both files of the one name have the same bytes, all others their own.
            digest: Digest::of(name.as_bytes()),
            facts: None,
        })
        .collect();
    let plan = plan_as_manager(&files);
    assert_eq!(
        places(&plan),
        (1..=u32::try_from(names.len()).unwrap()).collect::<Vec<_>>()
    );
    let [delivery] = plan.deliveries.as_slice() else {
        panic!("{:?}", plan.deliveries.len())
    };
    // Of the same name twice one is sent.
    assert_eq!(delivery.files, [u32::try_from(names.len() - 1).unwrap()]);
    assert!(!delivery.blocked);
}
