//! The inspection record (運営指導用の記録): an office's own acts of a period with a signed receipt of each delivery,
//! verified with the connection file alone.

use care_model::{Digest, ProblemCode, limits};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_audit::{Act, Chain, Entry, PartKind, Verified, VerifyError, Who, verify, verify_each};
use exchange_client::{Connection, SignedIn};
use exchange_protocol::DeliveryHeader;

use crate::exchange::{Exchange, HELPER, PLANNER, bytes, header, json, refused, sign_in};

const PARTS: &[(Option<&str>, &[u8])] = &[
    (Some("cover"), b"{\"note\":\"SECRET\"}"),
    (Some("A.CSV"), b"one two three"),
    (None, b"a text"),
];

async fn record(line: &SignedIn, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<u8> {
    let mut stream = line.audit_record(from, until).await.unwrap();
    let mut record = Vec::new();
    while let Some(piece) = stream.next().await.unwrap() {
        record.extend_from_slice(&piece);
    }
    record
}

fn read(record: &[u8], connection: &Connection) -> (Verified, Vec<Entry>) {
    let mut entries = Vec::new();
    let verified = verify_each(record, &connection.authority_pem, None, |entry| entries.push(entry)).unwrap();
    (verified, entries)
}

fn acts(entries: &[Entry]) -> Vec<Act> {
    entries.iter().map(|entry| entry.record.act).collect()
}

async fn send(line: &SignedIn, header: &DeliveryHeader) {
    line.send_small(header.id, &json(header), &bytes(PARTS)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_takes_out_what_it_did_in_a_period_and_each_line_proves_itself() {
    let exchange = Exchange::start().await;
    let day = TimeDelta::days(1);
    let before = exchange.clock.now();
    let (planner, here, sender) = exchange.desk(PLANNER, "43").await;
    let (helper, there, _) = exchange.desk(HELPER, "11").await;
    let (stranger, away, _) = exchange.desk("9970101011", "15").await;
    let connection = exchange.connection();
    send(&sender, &header(&planner, &helper, PARTS)).await;

    // A month later: what is in the period begins here.
    exchange.clock.advance(TimeDelta::days(31));
    let from = exchange.clock.now();
    exchange.clock.advance(TimeDelta::seconds(1));
    let sender = sign_in(&here, &planner).await.unwrap();
    let receiver = sign_in(&there, &helper).await.unwrap();
    let (fetched, taken_back) = (header(&planner, &helper, PARTS), header(&planner, &helper, PARTS));
    send(&sender, &fetched).await;
    send(&sender, &taken_back).await;
    let claim = receiver.claim(fetched.id, None).await.unwrap();
    receiver.confirm(fetched.id, claim.fence).await.unwrap();
    sender.recall(taken_back.id).await.unwrap();
    exchange.clock.advance(TimeDelta::seconds(1));
    let until = exchange.clock.now();
    exchange.clock.advance(day);
    let sender = sign_in(&here, &planner).await.unwrap();
    let receiver = sign_in(&there, &helper).await.unwrap();
    let third = sign_in(&away, &stranger).await.unwrap();

    let mine = record(&sender, from, until).await;
    let (verified, entries) = read(&mine, &connection);
    assert_eq!(verified.chain, Chain::Office(planner.made.number));
    assert_eq!(
        verified.period.map(|period| period.from.timestamp()),
        Some(from.timestamp())
    );
    assert_eq!(
        acts(&entries),
        [
            Act::SignIn,
            Act::Accept,
            Act::Accept,
            Act::Claim,
            Act::Confirm,
            Act::Recall
        ]
    );
    for entry in &entries {
        assert_eq!(entry.receipt.is_some(), entry.record.receipted().is_some());
    }
    let receipt = entries[4].receipt.clone().unwrap();
    assert_eq!(
        (receipt.delivery, receipt.digest),
        (fetched.id, Digest::of(&json(&fetched)))
    );
    assert_eq!((receipt.from, receipt.to), (planner.party, helper.party));
    assert_eq!(receipt.to_name, format!("事業所{HELPER}"));
    let parts: Vec<_> = receipt
        .parts
        .iter()
        .map(|part| (part.kind, part.name.as_deref(), part.digest))
        .collect();
    assert_eq!(
        parts,
        [
            (PartKind::Cover, None, Digest::of(PARTS[0].1)),
            (PartKind::StandardFile, Some("A.CSV"), Digest::of(PARTS[1].1)),
            (PartKind::Attachment, None, Digest::of(PARTS[2].1)),
        ]
    );
    assert_eq!(
        entries[5].receipt.as_ref().map(|receipt| receipt.delivery),
        Some(taken_back.id)
    );
    assert!(matches!(entries[0].record.by, Who::Person { .. }));
    // Nothing that a person wrote, no name of a person, and nothing of who it was at the other end.
    let text = String::from_utf8(mine.clone()).unwrap();
    for unsaid in [
        "SECRET",
        "見本 太郎",
        &there.answer.terminal.to_string(),
        &helper.person.person_id.key(),
    ] {
        assert!(!text.contains(unsaid), "{unsaid}");
    }

    // The other side has the same deliveries in its own, and a third office has none of them.
    let (_, theirs) = read(&record(&receiver, from, until).await, &connection);
    let confirmed = theirs.iter().find(|entry| entry.record.act == Act::Confirm).unwrap();
    assert_eq!(
        confirmed.receipt.as_ref().map(|receipt| receipt.digest),
        Some(receipt.digest)
    );
    let others = record(&third, before, until).await;
    let (_, of_third) = read(&others, &connection);
    assert!(of_third.iter().all(|entry| entry.receipt.is_none()));
    assert!(!String::from_utf8(others).unwrap().contains(PLANNER));

    // What came before and what is new: a period is a part of the same chain. The newest act is in it at once.
    let (_, all) = read(&record(&sender, before, exchange.clock.now() + day).await, &connection);
    assert_eq!(all.iter().filter(|entry| entry.record.act == Act::Accept).count(), 3);
    assert_eq!(all.last().map(|entry| entry.record.act), Some(Act::SignIn));
    let in_the_middle: Vec<_> = entries.iter().map(|entry| (entry.record.clone(), entry.hash)).collect();
    let whole: Vec<_> = all.iter().map(|entry| (entry.record.clone(), entry.hash)).collect();
    assert!(whole.windows(in_the_middle.len()).any(|window| window == in_the_middle));
    let (nothing, _) = read(&record(&sender, before - day * 30, before - day).await, &connection);
    assert_eq!(nothing.records, 0);

    // One figure changed in any line is found in that line.
    let lines: Vec<&str> = text.lines().collect();
    for place in 0..lines.len() {
        let mut changed: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
        let at = changed[place].rfind(|c: char| c.is_ascii_digit()).unwrap();
        let other = if changed[place].as_bytes()[at] == b'1' {
            "2"
        } else {
            "1"
        };
        changed[place].replace_range(at..=at, other);
        let Err(VerifyError::Breach(breach)) = verify(changed.concat().as_bytes(), &connection.authority_pem, None)
        else {
            panic!("line {} was changed and believed", place + 1);
        };
        assert_eq!(breach.line, place as u64 + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_that_is_none_or_too_long_is_refused_and_so_is_who_is_not_signed_in() {
    let exchange = Exchange::start().await;
    let (_, _, line) = exchange.desk(PLANNER, "43").await;
    let until = exchange.clock.now();
    let longest = TimeDelta::days(limits::INSPECTION_DAYS_MAX);
    assert!(line.audit_record(until - longest, until).await.is_ok());
    for from in [
        until - longest - TimeDelta::seconds(1),
        until,
        until + TimeDelta::days(1),
    ] {
        assert_eq!(
            refused(line.audit_record(from, until).await.map(drop)),
            ProblemCode::InspectionPeriodUnfit
        );
    }
    line.sign_out().await.unwrap();
    assert_eq!(
        refused(line.audit_record(until - longest, until).await.map(drop)),
        ProblemCode::SignInRequired
    );
}
