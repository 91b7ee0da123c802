//! Repairs.

use care_csv::{examine, is_repairable, repair, unrepairable};
use care_model::{NameReading, Severity};

use crate::csv;

/// The first byte chooses kind and edition, the second how the name is spelt, the rest is the file.
pub(crate) fn run(bytes: &[u8]) {
    let [kind, spelling, content @ ..] = bytes else { return };
    let Some(right) = csv::name(*kind) else { return };
    let name = match spelling % 4 {
        0 => right.to_string(),
        1 => right.to_string().to_lowercase(),
        2 => right.to_string().replace('_', "-"),
        _ => right.to_string().replace(".CSV", " - コピー.CSV"),
    };
    for finding in unrepairable(&name, content) {
        assert_eq!(finding.severity, Severity::Blocks);
    }
    let Some(made) = repair(&name, content) else {
        return;
    };
    assert!(!made.changes.is_empty(), "a repair that changes nothing");
    assert!(made.changes.iter().all(|change| change.count > 0));
    assert!(
        made.name != name || made.bytes != content,
        "a repair that changes nothing"
    );
    let reading = NameReading::of(&made.name);
    let Some(standard) = reading.standard() else {
        panic!("a repaired name is not one of the standard: {}", made.name);
    };
    assert_eq!(standard.kind, right.kind, "another kind of file");
    assert_eq!(repair(&made.name, &made.bytes), None, "a repair of a repair");
    let (before, after) = (examine(standard, content), examine(standard, &made.bytes));
    let blocking = |facts: &care_csv::FileFacts| facts.findings.iter().filter(|finding| finding.is_blocking()).count();
    assert!(blocking(&after) <= blocking(&before), "a repair made it worse");
    let offered = is_repairable(&before.findings, &name);
    assert!(offered || made.bytes == content, "a repair that no list would offer");
}
