//! Which rule a delivery fits, and by what its folders are called. Pure.

use std::{collections::HashSet, path::PathBuf};

use care_model::{OfficeNumber, ServiceKind, ServiceMonth};
use desk_ipc::Subfolder;
use exchange_protocol::DeliveryHeader;
use serde::{Deserialize, Serialize};

use crate::landing::safe_name;

/// What stands for the month of what has none, as in names of the standard.
const NO_MONTH: &str = "000000";

/// A rule as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rule {
    pub(super) from: Option<OfficeNumber>,
    pub(super) kind: Option<ServiceKind>,
    pub(super) month: Option<ServiceMonth>,
    pub(super) folder: PathBuf,
    pub(super) subfolders: Vec<Subfolder>,
}

impl Rule {
    /// Whether a delivery fits every condition.
    pub(super) fn fits(&self, header: &DeliveryHeader) -> bool {
        self.from.is_none_or(|from| from == header.from.office)
            && self.kind.is_none_or(|kind| kind == header.from.kind)
            && self.month.is_none_or(|month| Some(month) == header.declared_month)
    }

    /// The names of the folders in this rule's folder, the outer one first.
    pub(super) fn levels(&self, header: &DeliveryHeader) -> Vec<String> {
        let name = |field: &Subfolder| match field {
            Subfolder::Office => header.from.office.to_string(),
            Subfolder::Kind => match header.from.kind.name_ja() {
                Some(name) => format!("{}_{name}", header.from.kind),
                None => header.from.kind.to_string(),
            },
            Subfolder::Month => match &header.declared_month {
                Some(month) => month.as_str().to_owned(),
                None => NO_MONTH.to_owned(),
            },
        };
        let safe = |field| safe_name(&name(field), &mut HashSet::new());
        self.subfolders.iter().map(safe).collect()
    }
}

#[cfg(test)]
mod tests {
    use care_model::{DeliveryId, Party};
    use exchange_protocol::Sealing;

    use super::*;

    fn header(office: &str, kind: &str, month: Option<&str>) -> DeliveryHeader {
        let party = |office, kind| Party::new(OfficeNumber::parse(office).unwrap(), ServiceKind::parse(kind).unwrap());
        DeliveryHeader {
            id: DeliveryId::generate(),
            from: party(office, kind),
            to: party("9970101003", "11"),
            serial: None,
            unit: None,
            declared_month: month.map(|text| ServiceMonth::parse(text).unwrap()),
            declared_recipients: None,
            parts: Vec::new(),
            sealing: Sealing::None,
        }
    }

    fn rule() -> Rule {
        Rule {
            from: None,
            kind: None,
            month: None,
            folder: PathBuf::from("/folder"),
            subfolders: Vec::new(),
        }
    }

    #[test]
    fn a_rule_fits_by_all_of_its_conditions() {
        let of = |office, kind, month| header(office, kind, month);
        let all = [
            of("9970100013", "43", Some("202604")),
            of("9970100013", "46", Some("202605")),
            of("9900100018", "43", None),
        ];
        let fitting = |rule: Rule| all.each_ref().map(|header| rule.fits(header));
        assert_eq!(fitting(rule()), [true, true, true]);
        let from = OfficeNumber::parse("9970100013").ok();
        assert_eq!(fitting(Rule { from, ..rule() }), [true, true, false]);
        let kind = ServiceKind::parse("43").ok();
        assert_eq!(fitting(Rule { kind, ..rule() }), [true, false, true]);
        let month = ServiceMonth::parse("202604").ok();
        assert_eq!(fitting(Rule { month, ..rule() }), [true, false, false]);
        let both = Rule { from, kind, ..rule() };
        assert_eq!(fitting(both), [true, false, false]);
    }

    #[test]
    fn folders_are_called_by_what_is_no_person() {
        let of = |subfolders: &[Subfolder], header| {
            let rule = Rule {
                subfolders: subfolders.to_vec(),
                ..rule()
            };
            rule.levels(&header)
        };
        let header = || header("9970100013", "43", Some("202604"));
        assert_eq!(of(&[], header()), Vec::<String>::new());
        assert_eq!(
            of(&[Subfolder::Month, Subfolder::Office], header()),
            ["202604", "9970100013"]
        );
        assert_eq!(of(&[Subfolder::Kind], header()), ["43_居宅介護支援"]);
        let plan = self::header("9970100013", "43", None);
        assert_eq!(of(&[Subfolder::Month], plan), ["000000"]);
    }
}
