//! Exports: good ones are verified, and any change is found at its place.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; helpers outside of test functions too"
)]

mod inspection;

use care_model::{AccountId, DeliveryId, OfficeNumber, TerminalId};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_audit::{
    Act, Chain, Checkpoint, Export, Flaw, Record, Signer, Subject, Verified, VerifyError, Who, first_hash, next_hash,
    verify,
};
use fault_row::{Breaches, Row};
use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ED25519,
};

const OFFICE: &str = "9970100013";
const OTHER: &str = "9970101003";

/// An authority, and what it issues.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::from_ca_cert_pem(&pem, key).unwrap();
        Self { pem, issuer }
    }

    fn signer(&self, purpose: ExtendedKeyUsagePurpose) -> Signer {
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Audit");
        params.extended_key_usages = vec![purpose];
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Signer::new(&key.serialize_pem(), certificate.pem()).unwrap()
    }
}

fn office(number: &str) -> OfficeNumber {
    OfficeNumber::parse(number).unwrap()
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::milliseconds(seconds * 1_000 + 5)
}

fn record(sequence: u64) -> Record {
    let acts = [Act::Accept, Act::Claim, Act::Confirm];
    Record {
        sequence,
        at: at(i64::try_from(sequence).unwrap()),
        act: acts[usize::try_from(sequence).unwrap() % acts.len()],
        by: match sequence % 3 {
            0 => Who::Office(office(OTHER)),
            1 => Who::Server,
            _ => Who::Person {
                account: AccountId::parse("c123").unwrap(),
                terminal: TerminalId::from_bytes([7; 16]),
            },
        },
        subject: Some(Subject::Delivery(DeliveryId::from_bytes(
            [u8::try_from(sequence).unwrap(); 16],
        ))),
        office: Some(office(OFFICE)),
        to: Some(office(OTHER)),
        fence: sequence.is_multiple_of(2).then_some(sequence),
        epoch: 1,
    }
}

/// An export of so many records with a checkpoint behind every third and the last.
fn export_of(
    number: &str,
    signer: &Signer,
    records: impl Iterator<Item = Record>,
    made_at: DateTime<Utc>,
) -> Vec<Vec<u8>> {
    let chain = Chain::Office(office(number));
    let (mut export, head) = Export::begin(chain, "見本の連携".to_owned(), signer, made_at).unwrap();
    let mut lines = vec![head];
    let mut hash = first_hash(&chain);
    let mut records = records.peekable();
    while let Some(record) = records.next() {
        hash = next_hash(&hash, &record).unwrap();
        let (sequence, time) = (record.sequence, record.at);
        lines.push(export.record(record, hash).unwrap());
        if sequence % 3 == 0 || records.peek().is_none() {
            let checkpoint = Checkpoint {
                chain,
                sequence,
                hash,
                at: time,
            };
            let signature = signer.sign_checkpoint(&checkpoint).unwrap();
            lines.push(export.checkpoint(checkpoint, signature).unwrap());
        }
    }
    lines.push(export.end(signer).unwrap());
    lines
}

fn good(authority: &Authority) -> Vec<Vec<u8>> {
    let signer = authority.signer(ExtendedKeyUsagePurpose::TimeStamping);
    export_of(OFFICE, &signer, (1..=7).map(record), at(100))
}

fn found(lines: &[Vec<u8>], authority: &Authority) -> Result<Verified, (u64, Flaw)> {
    verify(lines.concat().as_slice(), &authority.pem, None).map_err(|error| match error {
        VerifyError::Breach(breach) => (breach.line, breach.flaw),
        other => panic!("{other}"),
    })
}

#[test]
fn a_good_export_says_whose_it_is_and_up_to_where_it_is_sealed() {
    let authority = Authority::new();
    let verified = found(&good(&authority), &authority).unwrap();
    assert_eq!((verified.records, verified.made_at), (7, at(100)));
    assert_eq!(verified.chain, Chain::Office(office(OFFICE)));
    assert_eq!(verified.sealed.unwrap().sequence, 7);
    let signer = authority.signer(ExtendedKeyUsagePurpose::TimeStamping);
    let empty = found(&export_of(OFFICE, &signer, std::iter::empty(), at(1)), &authority).unwrap();
    assert_eq!((empty.records, empty.sealed), (0, None));
}

#[test]
fn a_line_reads_as_it_is_documented() {
    let authority = Authority::new();
    let lines = good(&authority);
    begins(
        &lines[2],
        r#"{"record":{"of":{"sequence":2,"at":"2027-01-15T08:00:02.005Z","act":"confirm","by":{"person":{"account":"c123","terminal":"07070707-0707-0707-0707-070707070707"}},"subject":{"delivery":"02020202-0202-0202-0202-020202020202"},"office":"9970100013","to":"9970101003","fence":2,"epoch":1},"hash":""#,
    );
    begins(
        &lines[4],
        r#"{"checkpoint":{"of":{"chain":"9970100013","sequence":3,"hash":""#,
    );
}

fn begins(line: &[u8], beginning: &str) {
    let line = std::str::from_utf8(line).unwrap();
    assert!(line.starts_with(beginning), "{line}");
}

/// Lines: 1 head, 2–4 records 1–3, 5 checkpoint 3, 6–8 records 4–6, 9 checkpoint 6, 10 record 7, 11 checkpoint 7, 12 end.
#[test]
fn what_was_done_to_an_export_is_found_at_its_place() {
    let authority = Authority::new();
    let lines = good(&authority);
    assert_eq!(lines.len(), 12);
    let changed = |line: usize, from: &str, to: &str| {
        let mut lines = lines.clone();
        let text = String::from_utf8(lines[line - 1].clone()).unwrap();
        assert!(text.contains(from));
        lines[line - 1] = text.replacen(from, to, 1).into_bytes();
        lines
    };
    let with = |edit: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut lines = lines.clone();
        edit(&mut lines);
        lines
    };
    let cases: Vec<(&str, Vec<Vec<u8>>, u64, Flaw)> = vec![
        (
            "a record left out",
            with(&|lines| drop(lines.remove(2))),
            3,
            Flaw::Sequence,
        ),
        ("a record changed", changed(3, "confirm", "recall"), 3, Flaw::Hash),
        ("a time changed", changed(7, ":05.005Z", ":06.005Z"), 7, Flaw::Hash),
        (
            "two records swapped",
            with(&|lines| lines.swap(5, 6)),
            6,
            Flaw::Sequence,
        ),
        (
            "a record doubled",
            with(&|lines| lines.insert(3, lines[2].clone())),
            4,
            Flaw::Sequence,
        ),
        ("the end cut off", with(&|lines| lines.truncate(9)), 10, Flaw::Cut),
        (
            "the last act and its checkpoint left out",
            with(&|lines| drop(lines.drain(9..11))),
            10,
            Flaw::End,
        ),
        (
            "a checkpoint left out",
            with(&|lines| drop(lines.remove(4))),
            11,
            Flaw::End,
        ),
        (
            "a checkpoint moved",
            with(&|lines| lines.swap(4, 5)),
            6,
            Flaw::CheckpointElsewhere,
        ),
        (
            "a checkpoint doubled",
            with(&|lines| lines.insert(5, lines[4].clone())),
            6,
            Flaw::CheckpointElsewhere,
        ),
        (
            "a checkpoint's time changed",
            changed(5, ":03.005Z", ":04.005Z"),
            5,
            Flaw::Signature,
        ),
        (
            "a count changed",
            changed(12, "\"records\":7", "\"records\":8"),
            12,
            Flaw::Signature,
        ),
        (
            "something behind the end",
            with(&|lines| lines.push(lines[11].clone())),
            13,
            Flaw::BehindEnd,
        ),
        ("the head changed", changed(1, "見本", "別物"), 12, Flaw::End),
        ("another office's name on it", changed(1, OFFICE, OTHER), 2, Flaw::Hash),
        ("spaces put in", changed(3, "{\"of\"", "{ \"of\""), 3, Flaw::Unreadable),
        (
            "a field put in",
            changed(3, "\"epoch\":1", "\"epoch\":1,\"note\":1"),
            3,
            Flaw::Unreadable,
        ),
        (
            "a character in front",
            with(&|lines| lines[3].splice(0..0, *b"\r").for_each(drop)),
            4,
            Flaw::Unreadable,
        ),
        (
            "an endless line",
            with(&|lines| lines[3] = vec![b' '; 600_000]),
            4,
            Flaw::Unreadable,
        ),
        ("nothing", Vec::new(), 1, Flaw::NoExport),
        ("a picture", vec![b"\x89PNG\r\n".to_vec()], 1, Flaw::NoExport),
    ];
    for (what, lines, line, flaw) in cases {
        assert_eq!(found(&lines, &authority), Err((line, flaw)), "{what}");
    }
}

/// The line of a record in an export with a checkpoint behind every third: the head is the first.
fn line_of(sequence: u64) -> u64 {
    1 + sequence + (sequence - 1) / 3
}

#[test]
fn row_23_a_record_dropped_changed_or_moved_is_found_at_its_place() {
    let row = Row::open(23, "each record of a chain dropped, changed and moved");
    let mut random = fastrand::Rng::with_seed(row.seed());
    let records = row.times(40, 200);
    let authority = Authority::new();
    let signer = authority.signer(ExtendedKeyUsagePurpose::TimeStamping);
    let lines = export_of(OFFICE, &signer, (1..=records).map(record), at(1_000));
    assert_eq!(found(&lines, &authority).map(|verified| verified.records), Ok(records));
    let (mut tried, mut breaches) = (0, Breaches::default());
    let mut judge = |changed: &[Vec<u8>], line: u64, what: &str| {
        tried += 1;
        if !matches!(found(changed, &authority), Err((place, _)) if place == line) {
            breaches.lost += 1;
            eprintln!("{what} at line {line}: {:?}", found(changed, &authority));
        }
    };
    for sequence in 1..=records {
        let line = line_of(sequence);
        let index = usize::try_from(line).unwrap() - 1;
        let mut dropped = lines.clone();
        let taken = dropped.remove(index);
        judge(&dropped, line, "dropped");

        let mut changed = lines.clone();
        let digits: Vec<usize> = (0..taken.len())
            .filter(|place| taken[*place].is_ascii_digit())
            .collect();
        let place = digits[random.usize(..digits.len())];
        changed[index][place] = if taken[place] == b'1' { b'2' } else { b'1' };
        judge(&changed, line, "changed");

        // To the place of another record, which moves on.
        let mut to = random.u64(1..records);
        if to >= sequence {
            to += 1;
        }
        let mut moved = dropped;
        let target = usize::try_from(line_of(to)).unwrap() - 1;
        moved.insert(target.min(moved.len()), taken);
        judge(&moved, line.min(line_of(to)), "moved");
    }
    row.close(tried, breaches);
}

#[test]
fn only_the_audit_key_of_this_authority_signs() {
    let authority = Authority::new();
    let forged = |signer: &Signer| found(&export_of(OFFICE, signer, (1..=3).map(record), at(9)), &authority);
    let stranger = Authority::new().signer(ExtendedKeyUsagePurpose::TimeStamping);
    assert_eq!(forged(&stranger), Err((1, Flaw::ForeignKey)));
    // A terminal has a certificate of this authority too, and its key is in an office.
    let terminal = authority.signer(ExtendedKeyUsagePurpose::ClientAuth);
    assert_eq!(forged(&terminal), Err((1, Flaw::ForeignKey)));
    // Signed by the audit key of another exchange, under this one's certificate.
    let mine = authority.signer(ExtendedKeyUsagePurpose::TimeStamping);
    let mut mixed = export_of(OFFICE, &stranger, (1..=3).map(record), at(9));
    mixed[0] = export_of(OFFICE, &mine, std::iter::empty(), at(9)).swap_remove(0);
    assert_eq!(found(&mixed, &authority), Err((5, Flaw::Signature)));
    // A checkpoint of another chain of the same exchange.
    let mut crossed = export_of(OFFICE, &mine, (1..=3).map(record), at(9));
    crossed[4] = export_of(OTHER, &mine, (1..=3).map(record), at(9)).swap_remove(4);
    assert_eq!(found(&crossed, &authority), Err((5, Flaw::CheckpointElsewhere)));
}

#[test]
fn a_later_export_continues_an_earlier_one_or_is_found_out() {
    let authority = Authority::new();
    let signer = authority.signer(ExtendedKeyUsagePurpose::TimeStamping);
    let earlier = found(&export_of(OFFICE, &signer, (1..=4).map(record), at(50)), &authority).unwrap();
    let against = |lines: Vec<Vec<u8>>| verify(lines.concat().as_slice(), &authority.pem, earlier.sealed.as_ref());
    assert!(against(export_of(OFFICE, &signer, (1..=7).map(record), at(60))).is_ok());
    // The exchange itself wrote another past and signed it: the export alone holds, beside the earlier one it does not.
    let other_past = |n| Record {
        act: if n == 2 { Act::Recall } else { record(n).act },
        ..record(n)
    };
    let rewritten = export_of(OFFICE, &signer, (1..=7).map(other_past), at(60));
    assert!(found(&rewritten, &authority).is_ok());
    let breach = |lines| match against(lines) {
        Err(VerifyError::Breach(breach)) => (breach.line, breach.flaw),
        other => panic!("{other:?}"),
    };
    assert_eq!(breach(rewritten), (6, Flaw::Diverges));
    let shorter = export_of(OFFICE, &signer, (1..=2).map(record), at(60));
    assert_eq!(breach(shorter), (5, Flaw::Diverges));
    assert_eq!(
        breach(export_of(OTHER, &signer, (1..=7).map(record), at(60))),
        (1, Flaw::Diverges)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever is done once to the bytes of an export is found.
    #[test]
    fn any_single_change_is_found(place in any::<prop::sample::Index>(), byte in any::<u8>(), kind in 0..4_u8, line in any::<prop::sample::Index>()) {
        let authority = Authority::new();
        let lines = good(&authority);
        let whole = lines.concat();
        let mut bytes = whole.clone();
        let place = place.index(bytes.len());
        match kind {
            0 => bytes[place] = byte,
            1 => { bytes.remove(place); }
            2 => bytes.insert(place, byte),
            _ => {
                let mut lines = lines.clone();
                let line = line.index(lines.len());
                let taken = lines.remove(line);
                lines.insert(place % (lines.len() + 1), taken);
                bytes = lines.concat();
            }
        }
        prop_assume!(bytes != whole);
        prop_assert!(verify(bytes.as_slice(), &authority.pem, None).is_err());
    }

    /// Nor does any rubbish pass, or do harm.
    #[test]
    fn rubbish_is_no_export(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let authority = Authority::new();
        prop_assert!(verify(bytes.as_slice(), &authority.pem, None).is_err());
    }
}
