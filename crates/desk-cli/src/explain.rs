//! Findings, offices and states in the catalogue's words.

use care_model::Severity;
use desk_ipc::{FindingView, OfficeView, SeverityView};

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
