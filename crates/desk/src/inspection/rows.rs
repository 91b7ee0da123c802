//! An act of a record in the words of the office that it belongs to.

use std::collections::HashMap;

use care_model::{OfficeNumber, TerminalId};
use desk_ipc::{InspectionKind, InspectionPart, InspectionRow, OfficeView};
use exchange_audit::{Act, Entry, PartKind, Receipt, Record, Who};
use messages::inspection as says;

use crate::words;

/// What is shown of an act. `own` is the office whose record it is.
pub(super) fn row(own: OfficeNumber, entry: Entry, terminals: &HashMap<TerminalId, String>) -> InspectionRow {
    let Entry { record, receipt, .. } = entry;
    let is_sender = record.office == Some(own);
    let parts = receipt.as_ref().map(parts).unwrap_or_default();
    InspectionRow {
        number: record.sequence,
        at: record.at,
        kind: kind(&record, is_sender),
        act: act(&record, is_sender),
        by: by(&record.by, terminals),
        other: other(&record, receipt.as_ref(), is_sender),
        contents: receipt
            .as_ref()
            .map(|receipt| contents(receipt, is_sender))
            .unwrap_or_default(),
        parts,
        digest: receipt.map(|receipt| receipt.digest.to_string()),
    }
}

/// What a search looks through.
pub(super) fn searched(row: &InspectionRow) -> String {
    let mut text = format!("{} {} {}", row.act, row.by, row.contents);
    if let Some(other) = &row.other {
        text.push_str(&format!(" {} {}", other.name, other.number));
    }
    for part in &row.parts {
        text.push_str(&format!(" {} {}", part.name, part.digest));
    }
    if let Some(digest) = &row.digest {
        text.push(' ');
        text.push_str(digest);
    }
    text
}

fn kind(record: &Record, is_sender: bool) -> InspectionKind {
    match record.act {
        Act::SignIn | Act::SignOut | Act::PortalSignIn | Act::PortalSignOut => InspectionKind::SignIn,
        _ if record.to.is_none() => InspectionKind::Other,
        _ if is_sender => InspectionKind::Sent,
        _ => InspectionKind::Received,
    }
}

/// What was done, as this side of it would say.
fn act(record: &Record, is_sender: bool) -> String {
    match (record.act, is_sender) {
        (Act::Accept, true) => says::sent(),
        (Act::Accept, false) => says::came(),
        (Act::Claim, true) => says::claimed_there(),
        (Act::TakeOver, true) => says::taken_over_there(),
        (Act::Confirm, true) => says::fetched_there(),
        (Act::Confirm, false) => says::fetched(),
        (Act::Recall, true) => says::recalled(),
        (Act::Recall, false) => says::recalled_there(),
        (act, _) => messages::names::act(act.word()).unwrap_or(act.word()).to_owned(),
    }
}

fn by(who: &Who, terminals: &HashMap<TerminalId, String>) -> String {
    match who {
        Who::Person { account, terminal } => match terminals.get(terminal) {
            Some(name) => says::by_person(account, name),
            None => account.to_string(),
        },
        Who::Portal { account } => says::by_portal(account),
        Who::Office(_) => says::by_other(),
        Who::Operator { .. } | Who::CommandLine => says::by_operator(),
        Who::Server => says::by_server(),
    }
}

fn other(record: &Record, receipt: Option<&Receipt>, is_sender: bool) -> Option<OfficeView> {
    match (receipt, is_sender) {
        (Some(receipt), true) => Some(words::office(receipt.to.office, &receipt.to_name, &[receipt.to.kind])),
        (Some(receipt), false) => Some(words::office(
            receipt.from.office,
            &receipt.from_name,
            &[receipt.from.kind],
        )),
        // Only a delivery has an office on its other side.
        (None, true) => record.to.map(|to| words::office(to, "", &[])),
        (None, false) => record.to.and(record.office).map(|from| words::office(from, "", &[])),
    }
}

fn contents(receipt: &Receipt, is_sender: bool) -> String {
    let viewer = if is_sender { receipt.from } else { receipt.to };
    let unit = words::unit(receipt.unit.as_deref(), viewer.role());
    words::contents(&unit, receipt.month, receipt.recipients)
}

fn parts(receipt: &Receipt) -> Vec<InspectionPart> {
    let part = |part: &exchange_audit::ReceiptPart| InspectionPart {
        name: match (&part.name, part.kind) {
            (Some(name), _) => name.clone(),
            (None, PartKind::Cover) => says::part_cover(),
            (None, PartKind::StandardFile | PartKind::Attachment) => says::part_attachment(),
        },
        size_bytes: part.size_bytes,
        digest: part.digest.to_string(),
    };
    receipt.parts.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use care_model::{AccountId, DeliveryId, Digest};
    use chrono::{DateTime, Utc};
    use exchange_audit::Subject;

    use super::*;

    fn office(number: &str) -> OfficeNumber {
        OfficeNumber::parse(number).unwrap()
    }

    fn entry(act: Act, by: Who, to: Option<&str>) -> Entry {
        Entry {
            line: 3,
            record: Record {
                sequence: 1,
                at: DateTime::<Utc>::UNIX_EPOCH,
                act,
                by,
                subject: Some(Subject::Delivery(DeliveryId::from_bytes([1; 16]))),
                office: Some(office("9970100013")),
                to: to.map(office),
                fence: None,
                epoch: 1,
            },
            hash: Digest::from_bytes([0; 32]),
            receipt: None,
        }
    }

    #[test]
    fn each_side_reads_an_act_as_its_own() {
        let (sender, receiver) = (office("9970100013"), office("9970101003"));
        let nobody = HashMap::new();
        for (act, at_sender, at_receiver) in [
            (Act::Accept, says::sent(), says::came()),
            (Act::Confirm, says::fetched_there(), says::fetched()),
            (Act::Recall, says::recalled(), says::recalled_there()),
        ] {
            let of = |own| row(own, entry(act, Who::Office(sender), Some("9970101003")), &nobody);
            assert_eq!((of(sender).kind, of(sender).act), (InspectionKind::Sent, at_sender));
            assert_eq!(
                (of(receiver).kind, of(receiver).act),
                (InspectionKind::Received, at_receiver)
            );
            assert_eq!(of(sender).other.map(|other| other.number), Some(receiver));
            assert_eq!(of(receiver).other.map(|other| other.number), Some(sender));
        }
    }

    #[test]
    fn who_did_it_is_named_by_id_and_terminal_and_every_act_has_words() {
        let terminal = TerminalId::from_bytes([7; 16]);
        let person = || Who::Person {
            account: AccountId::parse("c123").unwrap(),
            terminal,
        };
        let terminals = HashMap::from([(terminal, "受付".to_owned())]);
        let own = office("9970100013");
        let shown = row(own, entry(Act::SignIn, person(), None), &terminals);
        assert_eq!(shown.by, says::by_person("c123", "受付"));
        assert_eq!((shown.kind, shown.other), (InspectionKind::SignIn, None));
        assert_eq!(row(own, entry(Act::SignIn, person(), None), &HashMap::new()).by, "c123");
        for act in Act::ALL {
            let shown = row(own, entry(*act, Who::Server, None), &terminals);
            assert!(!shown.act.is_ascii(), "{act} has no words");
        }
    }
}
