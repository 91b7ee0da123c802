//! Names and send units.

use std::fmt::Write as _;

use care_model::{Edition, FileKind, OfficeRole, Presence, SendUnit, UnitMonth};

use super::{edits, row, words::Words};

/// An example of the name of every kind of file, in both editions.
pub(crate) fn names(words: &Words) -> String {
    let mut text = words.head("names");
    for kind in FileKind::ALL {
        let shown: Vec<String> = ["4.1", "3.2"]
            .iter()
            .map(|edition| match edits::name_of(*kind, edition) {
                Some(name) => format!("`{name}`"),
                None => words.word("none").to_owned(),
            })
            .collect();
        text += &row(&[&format!("`{}`", kind.prefix()), kind_name(*kind), &shown[0], &shown[1]]);
    }
    text
}

/// The permitted combinations of an edition.
pub(crate) fn units(edition: Edition, words: &Words) -> String {
    let mut text = words.head("units");
    for unit in SendUnit::of_edition(edition) {
        let mut members = String::new();
        for (place, member) in unit.members.iter().enumerate() {
            let prefix = member.kind.prefix();
            let separator = if place == 0 { "" } else { ", " };
            let _ = match member.presence {
                Presence::Required => write!(members, "{separator}`{prefix}`"),
                Presence::Expected => write!(members, "{separator}(`{prefix}`)"),
            };
        }
        let month = match unit.month {
            UnitMonth::Target => words.word("with_month"),
            UnitMonth::None => words.word("none"),
        };
        let name = messages::names::unit(unit.name_key(OfficeRole::CareManagement)).unwrap();
        let direction = words.direction(&format!("{:?}", unit.direction));
        text += &row(&[&format!("`{}`", unit.id), name, &members, month, direction]);
    }
    text
}

/// What a kind of file is called by those who manage care.
pub(crate) fn kind_name(kind: FileKind) -> &'static str {
    messages::names::file_kind(kind.name_key(OfficeRole::CareManagement)).unwrap()
}
