//! Findings, offices and states in the catalogue's words.

use care_model::{FileKind, Finding, OfficeRole, Severity};
use desk_ipc::{FindingView, OfficeView, SeverityView};
use messages::FindingText;

/// The sentence and the remedy of a finding.
pub(crate) fn finding(finding: &Finding) -> FindingText {
    let mut params = finding.params.clone();
    // The catalogue's names for what the finding calls by the standard's prefixes.
    for name in ["missing", "surplus", "found"] {
        if let Some(value) = params.get_mut(name) {
            let prefixes = value.split([',', ' ', '、']).filter(|prefix| !prefix.is_empty());
            *value = prefixes.map(kind_name).collect::<Vec<_>>().join("、");
        }
    }
    for (name, place) in [("row", finding.row), ("column", finding.column)] {
        if let Some(place) = place {
            params.entry(name.to_owned()).or_insert_with(|| place.to_string());
        }
    }
    messages::finding(&finding.message_key(), &params)
}

fn kind_name(prefix: &str) -> String {
    FileKind::of_prefix(prefix)
        .and_then(|kind| messages::names::file_kind(kind.name_key(OfficeRole::CareManagement)))
        .unwrap_or(prefix)
        .to_owned()
}

/// The weight in words.
pub(crate) fn severity(severity: Severity) -> String {
    match severity {
        Severity::Blocks => messages::cli::severity_blocks(),
        Severity::Warns => messages::cli::severity_warns(),
        Severity::Notes => messages::cli::severity_notes(),
    }
}

/// A finding of the desk as one line, indented below what it belongs to.
pub(crate) fn finding_line(found: &FindingView) -> String {
    let weight = severity(match found.severity {
        SeverityView::Blocks => Severity::Blocks,
        SeverityView::Warns => Severity::Warns,
        SeverityView::Notes => Severity::Notes,
    });
    format!(
        "   [{weight}] {}{} {}",
        place(found.row, found.column),
        found.message,
        found.remedy
    )
}

/// Row and column in words, followed by a space, if there are any.
pub(crate) fn place(row: Option<u32>, column: Option<u32>) -> String {
    let mut text = String::new();
    if let Some(row) = row {
        text.push_str(&messages::cli::at_row(row));
    }
    if let Some(column) = column {
        text.push_str(&messages::cli::at_column(column));
    }
    if !text.is_empty() {
        text.push(' ');
    }
    text
}

/// An office by its name, or by its number while the name is not known.
pub(crate) fn office(office: &OfficeView) -> String {
    if office.name.is_empty() {
        office.number.to_string()
    } else {
        office.name.clone()
    }
}
