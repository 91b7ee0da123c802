//! The destination that a person chose, for attachments that no file of the standard goes with.

use care_model::{Address, OfficeNumber, OfficeRole, Party, ServiceKind};
use serde::{Deserialize, Serialize};

/// What the keys of deliveries of attachments alone begin with.
const ATTACHMENTS: &str = "attachments/";

/// Whether a key is that of a delivery of attachments alone.
pub(super) fn is_of_attachments(key: &str) -> bool {
    key.starts_with(ATTACHMENTS)
}

/// An office chosen in 宛先検索 or by 返信.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Chosen {
    pub(crate) to: Party,
    /// The kind of this office that speaks; a 返信 speaks as whom the delivery was for.
    #[serde(default)]
    pub(crate) as_kind: Option<ServiceKind>,
}

impl Chosen {
    /// What stands for the serial and the ends of its delivery.
    pub(crate) fn key(&self) -> String {
        format!("{ATTACHMENTS}{}", self.to)
    }

    /// Whether files of the standard name the same destination.
    pub(crate) fn is(&self, to: Address) -> bool {
        to.office == self.to.office && to.kind.is_none_or(|kind| kind == self.to.kind)
    }

    /// The party of this office that sends: the wished kind, else the first whose role writes to the destination's
    /// role (those who manage care to those who give it and the other way round), else the first. None where only the
    /// destination itself is left (D16).
    pub(crate) fn sender(&self, office: OfficeNumber, kinds: &[ServiceKind]) -> Option<Party> {
        let gives = |kind: ServiceKind| kind.role() == OfficeRole::Service;
        let mut may = kinds
            .iter()
            .map(|kind| Party::new(office, *kind))
            .filter(|party| *party != self.to);
        let wished = may.clone().find(|party| Some(party.kind) == self.as_kind);
        let fitting = may.clone().find(|party| gives(party.kind) != gives(self.to.kind));
        wished.or(fitting).or_else(|| may.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sending_kind_fits_the_destination_and_is_never_the_destination() {
        let party = |office: &str, kind: &str| {
            Party::new(OfficeNumber::parse(office).unwrap(), ServiceKind::parse(kind).unwrap())
        };
        let (own, other) = ("9970100013", "9970101003");
        let sender = |to: Party, wished: Option<&str>, kinds: &[&str]| {
            let kinds: Vec<ServiceKind> = kinds.iter().map(|kind| ServiceKind::parse(kind).unwrap()).collect();
            let as_kind = wished.map(|kind| ServiceKind::parse(kind).unwrap());
            let sender = Chosen { to, as_kind }.sender(OfficeNumber::parse(own).unwrap(), &kinds);
            sender.map(|party| party.kind.to_string())
        };
        let to = |kind: &str| party(other, kind);
        for (to, wished, kinds, expected) in [
            (to("11"), None, &["15"][..], Some("15")),
            (to("11"), None, &["15", "43"], Some("43")),
            (to("43"), None, &["43", "15"], Some("15")),
            (to("46"), None, &["43", "15"], Some("15")),
            (to("11"), Some("15"), &["43", "15"], Some("15")),
            // A kind that was given up since does not speak any more.
            (to("11"), Some("12"), &["43", "15"], Some("43")),
            (party(own, "43"), None, &["43"], None),
            (party(own, "43"), Some("43"), &["43", "46"], Some("46")),
            (to("11"), None, &[], None),
        ] {
            assert_eq!(
                sender(to, wished, kinds).as_deref(),
                expected,
                "{to} {wished:?} {kinds:?}"
            );
        }
    }
}
