//! What the fields of one record have to do with each other and with the name of the file.

use std::sync::LazyLock;

use care_layout::{Layout, codes::SERVICE_TYPES};
use care_model::{ExchangeFileName, FileKind, FindingCode, FindingRule, OfficeRole, ServiceKind, Severity};

use crate::findings_list::{FindingsList, Found};
use crate::record::bare;
use crate::scan::{FieldSet, Split, one};

/// The rules of one file.
pub(crate) struct Rules {
    layout: &'static Layout,
    /// The fields that any rule looks at.
    looks_at: FieldSet,
    date: Option<(usize, usize)>,
    service: Option<usize>,
    equipment: Option<(usize, usize)>,
    office: Option<(usize, String)>,
}

impl Rules {
    /// The rules for a file of this name and layout.
    pub(crate) fn of(name: &ExchangeFileName, layout: &'static Layout) -> Self {
        let pair = |a, b| Some((layout.index(a)?, layout.index(b)?));
        let mut rules = Self {
            layout,
            looks_at: 0,
            date: pair("service_date", "target_month"),
            service: layout.index("service_code").or_else(|| layout.index("service_type")),
            equipment: pair("tais_code", "equipment_notification_code"),
            office: sending_office(name)
                .zip(layout.index("service_office_number"))
                .map(|(office, index)| (index, office)),
        };
        let pairs = [rules.date, rules.equipment].into_iter().flatten();
        let places = pairs.flat_map(|(a, b)| [a, b]).chain(rules.service);
        let places = places.chain(rules.office.as_ref().map(|(index, _)| *index));
        rules.looks_at = places.fold(0, |set, index| set | one(index));
        rules
    }

    /// Whether the layout gives the value a meaning of its own.
    fn is_special(&self, index: usize, value: &[u8]) -> bool {
        self.layout
            .fields
            .get(index)
            .is_some_and(|field| field.is_special(value))
    }

    /// Checks a record; fields in `faulty` have a finding of their own already. Says whether all is well.
    pub(crate) fn check(
        &self,
        record: &[u8],
        split: &Split,
        faulty: FieldSet,
        row: u32,
        list: &mut FindingsList,
    ) -> bool {
        if split.changed & self.looks_at == 0 {
            return true;
        }
        let mut good = true;
        let raw = |index: usize| split.field(record, index);
        let sound = |index: usize| faulty & one(index) == 0;
        let found = |code, rule, index: usize| Found {
            severity: Severity::Warns,
            code,
            rule,
            row,
            column: u32::try_from(index + 1).ok(),
            field: self.layout.fields.get(index),
        };
        if let Some((date, month)) = self.date
            && sound(date)
            && sound(month)
            && !bare(raw(date)).starts_with(bare(raw(month)))
        {
            good = false;
            list.add(found(FindingCode::DateOutsideMonth, None, date), Some(raw(date)));
        }
        if let Some(service) = self.service
            && sound(service)
        {
            let value = bare(raw(service));
            let kind = value.get(..2).unwrap_or_default();
            let code = match Scope::of(kind) {
                _ if value == b"999999" && self.is_special(service, value) => None,
                Scope::Exchanged => None,
                Scope::Other => Some(FindingCode::ScopeRow),
                Scope::Unknown => Some(FindingCode::Code),
            };
            if let Some(code) = code {
                good = false;
                list.add(found(code, None, service), Some(raw(service)));
            }
            // The standard makes no exception (第6表、第7表), but what is added for remote areas is no piece of equipment.
            if let Some((tais, notification)) = self.equipment
                && matches!(kind, b"17" | b"67")
                && !is_subtotal(value)
                && !is_regional_addition(value)
                && bare(raw(tais)).is_empty()
                && bare(raw(notification)).is_empty()
            {
                good = false;
                list.add(found(FindingCode::EquipmentCode, None, tais), None);
            }
        }
        if let Some((index, office)) = &self.office
            && sound(*index)
            && bare(raw(*index)) != office.as_bytes()
        {
            good = false;
            let value = raw(*index);
            let named = || {
                let shown = String::from_utf8_lossy(bare(value)).into_owned();
                vec![("found", shown), ("office", office.clone())]
            };
            list.add_with(
                found(FindingCode::OfficeMismatch, Some(FindingRule::Rows), *index),
                Some(value),
                named,
            );
        }
        good
    }
}

/// The office that every record of results must name: the sender (実績情報). A care manager who passes on results of
/// contracted preventive care names the offices that gave the care.
fn sending_office(name: &ExchangeFileName) -> Option<String> {
    let manages = |kind: Option<ServiceKind>| kind.is_some_and(|kind| kind.role() != OfficeRole::Service);
    let results = matches!(name.kind, FileKind::Actuals | FileKind::ActualsDeletion);
    let passed_on = manages(name.from.kind) && manages(name.to.kind);
    (results && !passed_on).then(|| name.from.office.to_string())
}

/// Whether a service code is that of a subtotal in the annex.
fn is_subtotal(code: &[u8]) -> bool {
    matches!(code.get(2..), Some(b"AAAA" | b"EEEE" | b"ZZZZ"))
}

/// Whether a service code is one of those that the fee table gives to additions for remote areas.
fn is_regional_addition(code: &[u8]) -> bool {
    code.get(2) == Some(&b'8')
}

/// Where a service kind stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Its records are exchanged (連携対象サービス).
    Exchanged,
    /// It exists, and its records are not exchanged.
    Other,
    /// No such kind.
    Unknown,
}

/// Every code of two digits or capital letters.
static SCOPES: LazyLock<[Scope; 36 * 36]> = LazyLock::new(|| {
    let mut scopes = [Scope::Unknown; 36 * 36];
    for (code, _) in SERVICE_TYPES.codes {
        let exchanged =
            ServiceKind::parse(code).is_ok_and(|kind| kind.name_ja().is_some() && kind.role() == OfficeRole::Service);
        let place = scope_place(code.as_bytes()).and_then(|place| scopes.get_mut(place));
        if let Some(scope) = place {
            *scope = if exchanged { Scope::Exchanged } else { Scope::Other };
        }
    }
    scopes
});

fn scope_place(code: &[u8]) -> Option<usize> {
    let digit = |c: u8| char::from(c).to_digit(36).filter(|_| !c.is_ascii_lowercase());
    match code {
        [a, b] => Some((digit(*a)? * 36 + digit(*b)?) as usize),
        _ => None,
    }
}

impl Scope {
    fn of(code: &[u8]) -> Self {
        let place = scope_place(code).and_then(|place| SCOPES.get(place));
        place.copied().unwrap_or(Self::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes() {
        for (code, scope) in [
            ("11", Scope::Exchanged),
            ("2A", Scope::Exchanged),
            ("A2", Scope::Exchanged),
            ("67", Scope::Exchanged),
            ("33", Scope::Other),
            ("51", Scope::Other),
            ("43", Scope::Other),
            ("AF", Scope::Other),
            ("A9", Scope::Other),
            ("99", Scope::Unknown),
            ("2a", Scope::Unknown),
            ("1", Scope::Unknown),
            ("", Scope::Unknown),
        ] {
            assert_eq!(Scope::of(code.as_bytes()), scope, "{code}");
        }
    }
}
