//! Inspection records: what they say, and that whatever is done to one line is found in that line.

use care_model::{DeliveryId, Digest, Party, Serial, ServiceKind, ServiceMonth};
use exchange_audit::{
    Act, Chain, Checkpoint, Entry, Export, Flaw, PartKind, Period, Place, Receipt, ReceiptPart, Record, Signer,
    Subject, VerifyError, Who, first_hash, next_hash, verify, verify_each,
};
use fault_row::{Breaches, Row};
use proptest::prelude::*;
use rcgen::ExtendedKeyUsagePurpose;

use crate::{Authority, OFFICE, OTHER, at, export_of, found, office};

/// Sign-ins and sign-outs between the acts on deliveries.
fn record(sequence: u64) -> Record {
    let acts = [Act::SignIn, Act::Accept, Act::Claim, Act::Confirm, Act::SignOut];
    let act = acts[usize::try_from(sequence).unwrap() % acts.len()];
    let of_delivery = !matches!(act, Act::SignIn | Act::SignOut);
    Record {
        sequence,
        act,
        subject: of_delivery.then(|| Subject::Delivery(delivery(sequence))),
        office: Some(office(OFFICE)),
        to: of_delivery.then(|| office(OTHER)),
        fence: None,
        by: Who::Server,
        ..crate::record(sequence)
    }
}

fn delivery(sequence: u64) -> DeliveryId {
    DeliveryId::from_bytes([u8::try_from(sequence).unwrap(); 16])
}

fn party(number: &str, kind: &str) -> Party {
    Party::new(office(number), ServiceKind::parse(kind).unwrap())
}

fn receipt(record: Digest, delivery: DeliveryId) -> Receipt {
    Receipt {
        record,
        delivery,
        accepted_at: at(1),
        from: party(OFFICE, "43"),
        from_name: "見本居宅介護支援事業所".to_owned(),
        to: party(OTHER, "11"),
        to_name: "例示ヘルパーステーション".to_owned(),
        serial: Some(Serial::parse("20261101120000").unwrap()),
        unit: Some("home_plan".to_owned()),
        month: Some(ServiceMonth::parse("202611").unwrap()),
        recipients: Some(12),
        parts: vec![
            ReceiptPart {
                kind: PartKind::Cover,
                name: None,
                size_bytes: 30,
                digest: Digest::from_bytes([1; 32]),
            },
            ReceiptPart {
                kind: PartKind::StandardFile,
                name: Some("UPPLAN.CSV".to_owned()),
                size_bytes: 1_000,
                digest: Digest::from_bytes([2; 32]),
            },
        ],
        digest: Digest::from_bytes([3; 32]),
    }
}

const PERIOD: (i64, i64) = (0, 1_000);

fn period() -> Period {
    Period {
        from: at(PERIOD.0),
        until: at(PERIOD.1),
    }
}

/// The record of a chain's acts from one to another.
fn record_of(signer: &Signer, from: u64, to: u64) -> Vec<Vec<u8>> {
    let chain = Chain::Office(office(OFFICE));
    let before = (1..from).fold(first_hash(&chain), |hash, n| next_hash(&hash, &record(n)).unwrap());
    let after = Place {
        sequence: from - 1,
        hash: before,
    };
    let (mut export, head) =
        Export::begin_period(chain, "見本の連携".to_owned(), signer, at(900), period(), after).unwrap();
    let mut lines: Vec<Vec<u8>> = head
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let mut hash = before;
    for sequence in from..=to {
        let record = record(sequence);
        hash = next_hash(&hash, &record).unwrap();
        let due = record.receipted();
        lines.push(export.record(record, hash).unwrap());
        if let Some(delivery) = due {
            lines.push(export.receipt(receipt(hash, delivery), signer).unwrap());
        }
    }
    lines.push(export.end(signer).unwrap());
    lines
}

fn good(authority: &Authority) -> Vec<Vec<u8>> {
    record_of(&authority.signer(ExtendedKeyUsagePurpose::TimeStamping), 4, 13)
}

#[test]
fn a_record_tells_each_act_with_its_receipt() {
    let authority = Authority::new();
    let lines = good(&authority);
    let mut entries: Vec<Entry> = Vec::new();
    let verified = verify_each(lines.concat().as_slice(), &authority.pem, None, |entry| {
        entries.push(entry);
    })
    .unwrap();
    assert_eq!((verified.records, verified.sealed), (10, None));
    assert_eq!(verified.period, Some(period()));
    let sequences: Vec<u64> = entries.iter().map(|entry| entry.record.sequence).collect();
    assert_eq!(sequences, (4..=13).collect::<Vec<_>>());
    for entry in &entries {
        let expected = entry.record.receipted().map(|delivery| receipt(entry.hash, delivery));
        assert_eq!(entry.receipt, expected);
        let text = String::from_utf8(lines[usize::try_from(entry.line).unwrap() - 1].clone()).unwrap();
        assert!(
            text.contains(&format!("\"sequence\":{},", entry.record.sequence)),
            "{text}"
        );
    }
    assert_eq!(entries.iter().filter(|entry| entry.receipt.is_some()).count(), 4);
    // Nothing happened in the period: that is said and signed as well.
    let signer = authority.signer(ExtendedKeyUsagePurpose::TimeStamping);
    assert_eq!(found(&record_of(&signer, 4, 3), &authority).unwrap().records, 0);
}

#[test]
fn row_23_whatever_is_done_to_a_line_of_an_inspection_record_is_named_with_that_line() {
    let row = Row::open(
        23,
        "each line of an inspection record changed, dropped, doubled and moved",
    );
    let mut random = fastrand::Rng::with_seed(row.seed());
    let changes = row.times(8, 60);
    let authority = Authority::new();
    let lines = good(&authority);
    assert!(found(&lines, &authority).is_ok());
    let (mut tried, mut breaches) = (0, Breaches::default());
    let mut judge = |changed: &[Vec<u8>], index: usize, what: &str| {
        tried += 1;
        let line = index as u64 + 1;
        if !matches!(found(changed, &authority), Err((place, _)) if place == line) {
            breaches.lost += 1;
            eprintln!("{what} at line {line}: {:?}", found(changed, &authority));
        }
    };
    for index in 0..lines.len() {
        for _ in 0..changes {
            let mut changed = lines.clone();
            let place = random.usize(..changed[index].len());
            let byte = changed[index][place];
            changed[index][place] = match byte {
                b'0'..=b'8' | b'a'..=b'e' | b'A'..=b'Y' => byte + 1,
                _ => b'0',
            };
            judge(&changed, index, "changed");
        }
        let mut dropped = lines.clone();
        let taken = dropped.remove(index);
        judge(&dropped, index, "dropped");
        let mut doubled = lines.clone();
        doubled.insert(index + 1, taken.clone());
        judge(&doubled, index + 1, "doubled");
        for to in (0..lines.len()).filter(|to| *to != index) {
            let mut moved = dropped.clone();
            moved.insert(to, taken.clone());
            judge(&moved, index.min(to), "moved");
        }
    }
    row.close(tried, breaches);
}

/// Lines: 1 head, 2 opening, 3 sign-out 4, 4 sign-in 5, 5 accept 6 and 6 its receipt, 7 claim 7, 8 confirm 8, 9 its receipt …
#[test]
fn what_is_wrong_with_a_record_is_said() {
    let authority = Authority::new();
    let lines = good(&authority);
    let changed = |line: usize, from: &str, to: &str| {
        let mut lines = lines.clone();
        let text = String::from_utf8(lines[line - 1].clone()).unwrap();
        assert!(text.contains(from), "{text}");
        lines[line - 1] = text.replacen(from, to, 1).into_bytes();
        lines
    };
    let without = |line: usize| {
        let mut lines = lines.clone();
        lines.remove(line - 1);
        lines
    };
    let head = String::from_utf8(lines[0].clone()).unwrap();
    let (_, of_period) = head.split_once("\"period\"").unwrap();
    let of_period = format!("\"period\"{}", of_period.split_once("\"certificate\"").unwrap().0);
    for (what, lines, line, flaw) in [
        ("the exchange renamed", changed(1, "見本", "別物"), 1, Flaw::Head),
        ("another office's name on it", changed(1, OFFICE, OTHER), 1, Flaw::Head),
        ("the period taken away", changed(1, &of_period, ""), 1, Flaw::Head),
        (
            "a longer period",
            changed(1, "\"from\":\"2027", "\"from\":\"2026"),
            1,
            Flaw::Head,
        ),
        ("the opening left out", without(2), 2, Flaw::Opening),
        (
            "another beginning",
            changed(2, "\"sequence\":3", "\"sequence\":2"),
            2,
            Flaw::Signature,
        ),
        ("an act changed", changed(5, "\"accept\"", "\"recall\""), 5, Flaw::Hash),
        ("an act left out", without(7), 7, Flaw::Sequence),
        ("an act with a receipt left out", without(5), 5, Flaw::Receipt),
        ("a receipt left out", without(6), 6, Flaw::Receipt),
        (
            "a number changed",
            changed(6, "\"recipients\":12", "\"recipients\":21"),
            6,
            Flaw::Signature,
        ),
        (
            "a receipt of another act",
            changed(9, "\"record\":\"", "\"record\":\"0"),
            9,
            Flaw::Unreadable,
        ),
        ("the end left out", without(lines.len()), lines.len() as u64, Flaw::Cut),
    ] {
        assert_eq!(found(&lines, &authority), Err((line, flaw)), "{what}");
    }
    // A true receipt of the same exchange behind another act of the same delivery's.
    let mut exchanged = lines.clone();
    exchanged.swap(5, 8);
    assert_eq!(found(&exchanged, &authority), Err((6, Flaw::Receipt)));
}

#[test]
fn records_of_strangers_and_comparisons_with_records_are_refused() {
    let authority = Authority::new();
    let stranger = Authority::new().signer(ExtendedKeyUsagePurpose::TimeStamping);
    assert_eq!(
        found(&record_of(&stranger, 4, 9), &authority),
        Err((1, Flaw::ForeignKey))
    );
    // Under this exchange's certificate and signed by another key.
    let mine = authority.signer(ExtendedKeyUsagePurpose::TimeStamping);
    let mut mixed = record_of(&stranger, 4, 9);
    mixed[0] = record_of(&mine, 4, 9).swap_remove(0);
    assert_eq!(found(&mixed, &authority), Err((2, Flaw::Signature)));
    let earlier: Option<Checkpoint> = found(
        &export_of(OFFICE, &mine, (1..=4).map(crate::record), at(50)),
        &authority,
    )
    .unwrap()
    .sealed;
    let compared = verify(good(&authority).concat().as_slice(), &authority.pem, earlier.as_ref());
    assert!(matches!(compared, Err(VerifyError::Incomparable)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    /// Any byte that is changed, taken out or put in is found in its line.
    #[test]
    fn any_change_of_a_byte_is_named_with_its_line(place in any::<prop::sample::Index>(), byte in any::<u8>(), kind in 0..3_u8) {
        let authority = Authority::new();
        let whole = good(&authority).concat();
        let mut bytes = whole.clone();
        let place = place.index(bytes.len());
        match kind {
            0 => bytes[place] = byte,
            1 => { bytes.remove(place); }
            _ => bytes.insert(place, byte),
        }
        prop_assume!(bytes != whole);
        // The same bytes also come from a change further on, where like stands beside like: the first that differs counts.
        let differs = whole.iter().zip(&bytes).position(|(was, is)| was != is).unwrap_or(whole.len().min(bytes.len()));
        let line = 1 + whole[..differs.min(whole.len() - 1)].iter().filter(|byte| **byte == b'\n').count() as u64;
        let line = if differs == whole.len() { line + 1 } else { line };
        match verify(bytes.as_slice(), &authority.pem, None) {
            Err(VerifyError::Breach(breach)) => prop_assert_eq!(breach.line, line),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
