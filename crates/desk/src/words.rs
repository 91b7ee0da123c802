//! From codes to the catalogue's words, and from the exchange's rows to what a list says of them.

use care_model::{
    ExchangeFileName, FileKind, Finding, NameReading, OfficeNumber, OfficeRole, Party, ProblemCode, SendUnit,
    ServiceKind, ServiceMonth, Severity,
};
use desk_ipc::{FindingView, KindView, OfficeView, SeverityView};
use exchange_protocol::{DeliveryHeader, PartRole};

/// A finding in words, for every host alike.
pub fn finding(finding: &Finding) -> FindingView {
    let mut params = finding.params.clone();
    // The catalogue's names for what the finding calls by the standard's prefixes.
    for name in ["missing", "surplus", "found"] {
        if let Some(value) = params.get_mut(name) {
            let names: Vec<String> = value
                .split([',', ' ', '、'])
                .filter(|p| !p.is_empty())
                .map(prefix_name)
                .collect();
            *value = names.join("、");
        }
    }
    for (name, place) in [("row", finding.row), ("column", finding.column)] {
        if let Some(place) = place {
            params.entry(name.to_owned()).or_insert_with(|| place.to_string());
        }
    }
    if let Some(field) = &finding.field_name {
        params.entry("field".to_owned()).or_insert_with(|| field.clone());
    }
    let code = finding.message_key();
    let text = messages::finding(&code, &params);
    FindingView {
        severity: match finding.severity {
            Severity::Blocks => SeverityView::Blocks,
            Severity::Warns => SeverityView::Warns,
            Severity::Notes => SeverityView::Notes,
        },
        code,
        row: finding.row,
        column: finding.column,
        message: text.message,
        remedy: text.remedy,
    }
}

/// A refusal as a finding of a row, such as a folder among dropped files.
pub(crate) fn refusal(severity: SeverityView, code: ProblemCode, params: &[(&str, u64)]) -> FindingView {
    let params = params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.to_string()))
        .collect();
    let text = messages::problem(code.as_str(), &params);
    FindingView {
        severity,
        code: code.as_str().to_owned(),
        row: None,
        column: None,
        message: text.what,
        remedy: text.next,
    }
}

fn prefix_name(prefix: &str) -> String {
    FileKind::of_prefix(prefix)
        .and_then(|kind| messages::names::file_kind(kind.name_key(OfficeRole::CareManagement)))
        .unwrap_or(prefix)
        .to_owned()
}

/// What a file is, by its name: a kind of the standard or 補足資料.
pub(crate) fn file_kind(name: &str, viewer: OfficeRole) -> String {
    let reading = NameReading::of(name);
    match reading.standard().map(|name: &ExchangeFileName| name.kind) {
        Some(kind) => messages::names::file_kind(kind.name_key(viewer))
            .unwrap_or(kind.prefix())
            .to_owned(),
        None => messages::contents::attachment(),
    }
}

/// What a unit is called by the side that looks at it (D22); empty for attachments alone.
pub(crate) fn unit(id: Option<&str>, viewer: OfficeRole) -> String {
    let Some(id) = id else { return String::new() };
    SendUnit::name_key_of_id(id, viewer)
        .and_then(messages::names::unit)
        .unwrap_or(id)
        .to_owned()
}

/// What a delivery holds, in one line: unit, month, number of people.
pub(crate) fn contents(unit: &str, month: Option<ServiceMonth>, recipients: Option<u32>) -> String {
    let mut parts = vec![match unit {
        "" => messages::contents::attachments_only(),
        unit => unit.to_owned(),
    }];
    if let Some(month) = month {
        parts.push(messages::contents::month(month.year(), month.month()));
    }
    if let Some(recipients) = recipients {
        parts.push(messages::contents::recipients(recipients));
    }
    parts.join(" ")
}

/// The same from a header that came from the exchange.
pub(crate) fn contents_of(header: &DeliveryHeader, viewer: Party) -> String {
    let unit = unit(header.unit.as_deref(), viewer.role());
    contents(&unit, header.declared_month, header.declared_recipients)
}

/// The number of files that a person would count: not the cover.
pub(crate) fn file_count(header: &DeliveryHeader) -> u32 {
    let files = header.parts.iter().filter(|part| part.role != PartRole::Cover).count();
    u32::try_from(files).unwrap_or(u32::MAX)
}

/// A service kind with its name.
pub(crate) fn kind(code: ServiceKind) -> KindView {
    KindView {
        code,
        name: code.name_ja().unwrap_or(code.as_str()).to_owned(),
    }
}

/// An office of which only the number and maybe one kind is known.
pub(crate) fn office(number: OfficeNumber, name: &str, kinds: &[ServiceKind]) -> OfficeView {
    OfficeView {
        number,
        name: name.to_owned(),
        kinds: kinds.iter().copied().map(kind).collect(),
        telephone: None,
    }
}
