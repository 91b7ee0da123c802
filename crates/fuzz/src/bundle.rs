//! Piles of files.

use care_model::{Digest, NameReading, OfficeNumber, Severity, limits};
use care_route::{Plan, PlannedDelivery, SourceFile};

/// Stands between two files of a pile.
pub(crate) const SEPARATOR: u8 = 0x1e;

/// Names, and the signs that part a pile.
pub(crate) const WORDS: &[&[u8]] = &[
    b"\x1e",
    b"\n",
    b"UPPLAN_202604_9970100013_43_9970101003_11_20260326095635.CSV\n",
    b"UPSIKYU_202604_9970100013_43_9970101003_11_20260326095635.CSV\n",
    b"UPHOSOKU_202604_9970100013_43_9970101003_11_20260326095635.CSV\n",
    b"UPHOSOKU_000000_9970100013_43_9970101003_11_20260326095635.CSV\n",
    b"UP1KYO_9970100013_43_9970101003_11_20260326095635.CSV\n",
    b"UPJSK_202604_9970101003_11_9970100013_43_20260326095635.CSV\n",
    b"UPPLAN_202604_9970100013_9970101003_20260326095635.CSV\n",
    b"UPKIHON_9900100018_46_99A0105007_A2_20260326095635.CSV\n",
    b"UPKIHON_IMAGE_9900100018_46_99A0105007_A2_20260326095635_0001.jpg\n",
    b"202407,990010,9900000002,",
    b"9970101011_15",
    b"20260326095636",
    b"202605",
    b" (1)",
    b"memo.pdf\n",
];

/// A pile is files with [`SEPARATOR`] between them; the first line of each is its name, the rest its content.
pub(crate) fn run(bytes: &[u8]) {
    let files: Vec<SourceFile> = (1..)
        .zip(bytes.split(|byte| *byte == SEPARATOR))
        .map(|(number, file)| source(number, file))
        .collect();
    let sender = files
        .iter()
        .find_map(sender_of)
        .or(OfficeNumber::parse("9970100013").ok());
    let Some(sender) = sender else { return };
    let plan = care_route::plan(sender, &[], &files);
    assert_eq!(
        plan,
        care_route::plan(sender, &[], &files),
        "two plans of the same pile differ"
    );
    every_file_has_one_place(&plan, &files);
    assert!(plan.deliveries.len() <= limits::BULK_DELIVERIES_MAX);
    for delivery in plan.deliveries.iter().chain(&plan.over_limit) {
        judged(delivery);
    }
    for (_, findings) in &plan.unplaced {
        assert!(!findings.is_empty(), "a file is left out without a reason");
    }
}

fn source(number: u32, file: &[u8]) -> SourceFile {
    let end = file.iter().position(|byte| *byte == b'\n').unwrap_or(file.len());
    let (name, content) = file.split_at(end);
    let content = content.strip_prefix(b"\n").unwrap_or(content);
    let name = String::from_utf8_lossy(name).into_owned();
    let facts = NameReading::of(&name)
        .standard()
        .map(|standard| care_csv::examine(standard, content));
    SourceFile {
        number,
        name,
        size_bytes: content.len() as u64,
        digest: Digest::of(content),
        facts,
    }
}

fn sender_of(file: &SourceFile) -> Option<OfficeNumber> {
    NameReading::of(&file.name).standard().map(|name| name.from.office)
}

/// Nothing is lost and nothing is sent twice.
fn every_file_has_one_place(plan: &Plan, files: &[SourceFile]) {
    let deliveries = plan.deliveries.iter().chain(&plan.over_limit);
    let mut placed: Vec<u32> = deliveries
        .flat_map(|delivery| delivery.files.iter().copied())
        .chain(plan.attachments.iter().copied())
        .chain(plan.unplaced.iter().map(|(number, _)| *number))
        .collect();
    placed.sort_unstable();
    let given: Vec<u32> = files.iter().map(|file| file.number).collect();
    assert_eq!(placed, given, "a file is lost or doubled");
}

/// A delivery blocks exactly if one of its findings does; one that may be sent is a whole unit.
fn judged(delivery: &PlannedDelivery) {
    let of_files = delivery.file_findings.iter().map(|(_, finding)| finding);
    let blocks = delivery
        .findings
        .iter()
        .chain(of_files)
        .any(|finding| finding.severity == Severity::Blocks);
    assert_eq!(delivery.blocked, blocks);
    assert!(
        delivery.blocked || delivery.unit.is_some(),
        "a delivery without a unit is not blocked"
    );
    for (file, _) in &delivery.file_findings {
        assert!(
            delivery.files.contains(file),
            "a finding of a file that is not in the delivery"
        );
    }
}
