//! From codes to the catalogue's words, and from the exchange's rows to what a list says of them.

use care_csv::{Change, ChangeKind};
use care_model::{
    Edition, FileKind, Finding, NameReading, OfficeNumber, OfficeRole, Party, Presence, ProblemCode, Program, SendUnit,
    ServiceKind, ServiceMonth, Severity, UnitMonth,
};
use desk_ipc::{ChangeView, FindingView, KindView, OfficeView, SeverityView, UnitMemberView, UnitView};
use exchange_protocol::{DeliveryHeader, PartRole};

/// A finding in words, for every host alike.
pub fn finding(finding: &Finding) -> FindingView {
    let mut params = finding.params.clone();
    // The catalogue's names for what the finding calls by the standard's prefixes.
    for name in ["missing", "surplus", "found", "mate"] {
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
    // What a name should be is said even where the sentence of its fault does not.
    let remedy = match params.get("suggestion") {
        Some(name) if !text.remedy.contains(name) => messages::file_name::likely(name) + &text.remedy,
        _ => text.remedy,
    };
    FindingView {
        severity: match finding.severity {
            Severity::Blocks => SeverityView::Blocks,
            Severity::Warns => SeverityView::Warns,
            Severity::Notes => SeverityView::Notes,
        },
        code,
        finding_code: finding.code.to_string(),
        rule: finding.rule.map(|rule| rule.to_string()),
        row: finding.row,
        column: finding.column,
        field_name: finding.field_name.clone(),
        value: finding.value.clone(),
        more: finding.more,
        message: text.message,
        remedy,
    }
}

/// A change that a repair makes, in words, for every host alike.
pub fn change(change: &Change) -> ChangeView {
    let (row, count) = (change.row.unwrap_or_default(), change.count);
    let before = change.before.as_deref().unwrap_or_default();
    let after = change.after.as_deref().unwrap_or_default();
    let message = match change.kind {
        ChangeKind::Utf8ToMs932 => messages::change::utf8_to_ms932(),
        ChangeKind::Utf16ToMs932 => messages::change::utf16_to_ms932(),
        ChangeKind::BomRemoved => messages::change::bom_removed(),
        ChangeKind::Substitute => messages::change::substitute(before, after, row, count),
        ChangeKind::LineEnds => messages::change::line_ends(count),
        ChangeKind::FinalLineEnd => messages::change::final_line_end(),
        ChangeKind::Quotes => messages::change::quotes(row, count),
        ChangeKind::TrailingColumns => messages::change::trailing_columns(row, count),
        ChangeKind::Extension => messages::change::extension(after),
        ChangeKind::Name => messages::change::name(after),
    };
    ChangeView {
        message,
        count,
        row: change.row,
        before: change.before.clone(),
        after: change.after.clone(),
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
        finding_code: code.as_str().to_owned(),
        rule: None,
        row: None,
        column: None,
        field_name: None,
        value: None,
        more: 0,
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

/// What a file is, by its name: a kind of the standard, one that it nearly is, or 補足資料.
pub(crate) fn file_kind(name: &str, viewer: OfficeRole) -> String {
    match NameReading::of(name) {
        NameReading::Standard(name)
        | NameReading::Copy { of: name }
        | NameReading::Near {
            suggestion: Some(name), ..
        } => kind_name(name.kind, viewer),
        NameReading::Near { suggestion: None, .. } => messages::contents::near(),
        NameReading::Foreign => messages::contents::attachment(),
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

/// The combinations of edition 4.1 that an office of these roles may send, in the order of the standard.
///
/// A unit is called by the role that may send it; an office of several roles has each unit once.
pub(crate) fn units_of(roles: &[OfficeRole]) -> Vec<UnitView> {
    SendUnit::of_edition(Edition::V4)
        .iter()
        .filter_map(|unit| {
            let sender = roles.iter().find(|role| may_send(**role, unit))?;
            Some(unit_view(unit, *sender))
        })
        .collect()
}

/// Whether offices of this role make the unit: a 地域包括支援センター has no 居宅介護支援, and whoever manages
/// preventive care on its behalf (委託) sends plans as well as actuals.
fn may_send(role: OfficeRole, unit: &SendUnit) -> bool {
    use OfficeRole::{CareManagement, CommunitySupport, Service};
    let reaches = [CareManagement, CommunitySupport, Service]
        .into_iter()
        .any(|to| unit.fits_direction(role, to));
    reaches && !(role == CommunitySupport && unit.program == Program::HomeCare)
}

fn unit_view(unit: &SendUnit, viewer: OfficeRole) -> UnitView {
    let program = match unit.program {
        Program::HomeCare => "home_care",
        Program::Preventive => "preventive",
    };
    let members = unit.members.iter().map(|member| UnitMemberView {
        prefix: member.kind.prefix().to_owned(),
        name: kind_name(member.kind, viewer),
        required: member.presence == Presence::Required,
    });
    UnitView {
        id: unit.id.to_owned(),
        name: self::unit(Some(unit.id), viewer),
        program_name: messages::names::program(program).unwrap_or(program).to_owned(),
        has_month: unit.month == UnitMonth::Target,
        members: members.collect(),
    }
}

fn kind_name(kind: FileKind, viewer: OfficeRole) -> String {
    messages::names::file_kind(kind.name_key(viewer))
        .unwrap_or(kind.prefix())
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

#[cfg(test)]
mod tests {
    use care_model::FindingCode;

    use super::*;

    fn ids(roles: &[OfficeRole]) -> Vec<String> {
        units_of(roles).into_iter().map(|unit| unit.id).collect()
    }

    #[test]
    fn each_role_has_its_units() {
        let service = ids(&[OfficeRole::Service]);
        assert_eq!(
            service,
            [
                "home_actual",
                "home_actual_delete",
                "preventive_actual",
                "preventive_actual_delete"
            ]
        );
        let manager = ids(&[OfficeRole::CareManagement]);
        assert!(manager.contains(&"home_plan".to_owned()) && manager.contains(&"preventive_plan".to_owned()));
        assert!(!manager.contains(&"home_actual".to_owned()));
        let centre = ids(&[OfficeRole::CommunitySupport]);
        assert!(centre.iter().all(|id| id.starts_with("preventive_")), "{centre:?}");
        // Both at once: everything, each once.
        assert_eq!(ids(&[OfficeRole::CareManagement, OfficeRole::Service]).len(), 15);
        assert!(ids(&[]).is_empty());
    }

    #[test]
    fn the_name_that_a_file_should_have_is_said_once() {
        use care_model::FindingRule;

        let right = "UP1KYO_9970100013_43_9970101003_11_20260326095635.CSV";
        for rule in [FindingRule::Serial, FindingRule::Order, FindingRule::Case] {
            let near = Finding::blocks(FindingCode::Name).rule(rule);
            let said = finding(&near.param("suggestion", right));
            assert_eq!(said.remedy.matches(right).count(), 1, "{}", said.remedy);
        }
        let mate = Finding::warns(FindingCode::RecipientsDiffer).param("mate", "UPSIKYU");
        assert!(finding(&mate.param("mate_row", 3)).message.contains("第7表"));
    }

    #[test]
    fn units_are_named_by_the_side_that_sends() {
        let units = units_of(&[OfficeRole::Service, OfficeRole::CareManagement]);
        let schedule = units.iter().find(|unit| unit.id == "home_schedule").unwrap();
        assert_eq!(schedule.name, "サービス利用票・別表");
        assert!(schedule.has_month && schedule.members.iter().all(|member| member.required));
        assert_eq!(schedule.members[0].prefix, "UPPLAN");
        let basic = units.iter().find(|unit| unit.id == "preventive_basic").unwrap();
        assert!(!basic.has_month && !basic.members[1].required);
        assert_ne!(basic.program_name, schedule.program_name);
    }

    #[test]
    fn a_value_is_for_the_screen_and_not_for_a_log() {
        let found = Finding::warns(FindingCode::Kind)
            .at_row(3)
            .in_field("name", "氏名")
            .value("見本 太郎");
        let view = finding(&found);
        assert_eq!(view.value.as_deref(), Some("見本 太郎"));
        assert_eq!(view.finding_code, "kind");
        assert!(!format!("{view:?}").contains("見本"));
    }
}
