//! Where offices are told by mail, when a notice is due, and that no mail is in two hands.

use care_model::{MailAddress, OfficeNumber, TerminalId, limits};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_store::{
    By, MailKind, MailOutcome, NewCode, NewDelivery, NewOffice, NewTerminal, Store, TakenMail, TerminalRow, TokenHash,
};

use crate::{HELPER, Opened, PLANNER, actor, at, delivery};

const ADDRESS: &str = "uketsuke@example.jp";
const CODE: TokenHash = [7; 32];

fn office() -> OfficeNumber {
    OfficeNumber::parse(HELPER).unwrap()
}

fn address(text: &str) -> MailAddress {
    MailAddress::parse(text).unwrap()
}

fn after() -> TimeDelta {
    TimeDelta::hours(1)
}

/// Nine in the morning of a day in Japan, and so many minutes.
fn morning(minutes: i64) -> DateTime<Utc> {
    let midnight = DateTime::from_timestamp(1_799_938_800, 0).unwrap();
    midnight + TimeDelta::hours(9) + TimeDelta::minutes(minutes)
}

async fn registered() -> Opened {
    let opened = Opened::new().await;
    let template = crate::offices::office();
    let mut new = NewOffice {
        office: template.office,
        account: template.account,
    };
    (new.office.number, new.account.office) = (office(), office());
    assert!(crate::register(&opened.store, new, By::CommandLine).await);
    opened
}

async fn set(store: &Store, text: &str, now: DateTime<Utc>) -> bool {
    store
        .set_mail_address(office(), address(text), By::CommandLine, now)
        .await
        .unwrap()
}

async fn take(store: &Store, now: DateTime<Utc>) -> Option<TakenMail> {
    let code = NewCode {
        hash: CODE,
        until: now + TimeDelta::hours(limits::MAIL_CODE_HOURS),
    };
    store.take_mail(code, after(), now).await.unwrap()
}

async fn confirm(store: &Store, code: TokenHash, now: DateTime<Utc>) -> bool {
    store
        .confirm_mail_address(office(), code, By::CommandLine, now)
        .await
        .unwrap()
}

/// An office with a confirmed address.
async fn confirmed() -> Opened {
    let opened = registered().await;
    let now = morning(-24 * 60);
    assert!(set(&opened.store, ADDRESS, now).await);
    let taken = take(&opened.store, now).await.unwrap();
    assert_eq!((taken.kind, taken.tries), (MailKind::Code, 1));
    opened.store.settle_mail(taken, MailOutcome::Sent, now).await.unwrap();
    assert!(confirm(&opened.store, CODE, now).await);
    opened
}

/// Sends a delivery to the office, and has a sweep see it.
async fn waits(store: &Store, now: DateTime<Utc>) -> NewDelivery {
    let new = delivery(&[b"x"]);
    store
        .accept(new.clone(), actor(PLANNER, 1), now)
        .await
        .unwrap()
        .unwrap();
    store.make_notices(after(), now).await.unwrap();
    new
}

async fn fetched(store: &Store, new: &NewDelivery, now: DateTime<Utc>) {
    let by = actor(HELPER, 2);
    let claim = store
        .claim(new.header.id, by.clone(), None, now)
        .await
        .unwrap()
        .unwrap();
    store
        .confirm(new.header.id, by, claim.fence, now)
        .await
        .unwrap()
        .unwrap();
}

/// A sweep, and what is then to be sent.
async fn swept(store: &Store, now: DateTime<Utc>) -> Option<TakenMail> {
    store.make_notices(after(), now).await.unwrap();
    take(store, now).await
}

#[tokio::test]
async fn a_notice_is_due_when_something_has_waited_long_enough_and_once_a_day() {
    let opened = confirmed().await;
    let store = &opened.store;
    let new = waits(store, morning(0)).await;
    assert_eq!(swept(store, morning(59)).await, None);
    let taken = swept(store, morning(60)).await.unwrap();
    assert_eq!((taken.kind, taken.office), (MailKind::Notice, office()));
    assert_eq!(taken.address, address(ADDRESS));
    store.settle_mail(taken, MailOutcome::Sent, morning(61)).await.unwrap();
    let shown = store.office_mail(office(), morning(61)).await.unwrap().unwrap();
    assert_eq!(shown.sent_at, Some(morning(61)));
    // Midnight in Japan is fifteen hours after nine in the morning.
    for minutes in [62, 300, 15 * 60 - 1] {
        assert_eq!(swept(store, morning(minutes)).await, None, "{minutes}");
    }
    let taken = swept(store, morning(15 * 60)).await.unwrap();
    store
        .settle_mail(taken, MailOutcome::Sent, morning(15 * 60))
        .await
        .unwrap();
    fetched(store, &new, morning(16 * 60)).await;
    assert_eq!(swept(store, morning(48 * 60)).await, None);
    // What comes anew has its own hour, whenever the last notice was.
    waits(store, morning(49 * 60)).await;
    assert_eq!(swept(store, morning(49 * 60 + 59)).await, None);
    assert!(swept(store, morning(50 * 60)).await.is_some());
}

#[tokio::test]
async fn nobody_is_told_who_was_there_or_whose_address_is_not_known_to_be_theirs() {
    let opened = registered().await;
    let store = &opened.store;
    assert!(set(store, ADDRESS, morning(-30)).await);
    let code = take(store, morning(-30)).await.unwrap();
    store.settle_mail(code, MailOutcome::Sent, morning(-30)).await.unwrap();
    waits(store, morning(0)).await;
    assert_eq!(swept(store, morning(300)).await, None, "not confirmed");
    assert!(confirm(store, CODE, morning(300)).await);
    assert_eq!(swept(store, morning(301)).await, None, "seen to wait from now on");
    store.note_listening(vec![office()], morning(350)).await.unwrap();
    assert_eq!(
        swept(store, morning(361)).await,
        None,
        "a client listened eleven minutes ago"
    );
    // Of one that wants no mail nothing is noted, and no other office counts.
    let other = OfficeNumber::parse(PLANNER).unwrap();
    store.note_listening(vec![other], morning(400)).await.unwrap();
    let made = swept(store, morning(410)).await.unwrap();
    // Between the row and the next try somebody came.
    store
        .settle_mail(made, MailOutcome::Again(morning(415)), morning(411))
        .await
        .unwrap();
    assert_eq!(take(store, morning(414)).await, None, "not due yet");
    store.note_listening(vec![office()], morning(414)).await.unwrap();
    assert_eq!(take(store, morning(415)).await, None);
    assert_eq!(store.figures().await.unwrap().mails, 0, "it is dropped");
}

#[tokio::test]
async fn a_sign_in_counts_as_having_been_there() {
    let opened = confirmed().await;
    let store = &opened.store;
    waits(store, morning(0)).await;
    let terminal = TerminalRow {
        id: TerminalId::from_bytes([2; 16]),
        office: office(),
        name: "受付".to_owned(),
        fingerprint: [1; 32],
        expires_at: morning(100_000),
        revoked_at: None,
        next: None,
        former: None,
    };
    let new = NewTerminal {
        terminal,
        issue_password: None,
    };
    assert!(store.enrol(new, By::CommandLine, morning(0)).await.unwrap());
    opened
        .execute(format!(
            "UPDATE terminal SET signed_in_at = {}",
            morning(30).timestamp_millis()
        ))
        .await;
    assert_eq!(swept(store, morning(89)).await, None);
    assert!(swept(store, morning(90)).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_one_sends() {
    let opened = confirmed().await;
    let other = opened.beside().await;
    waits(&opened.store, morning(0)).await;
    for store in [&opened.store, &other] {
        store.make_notices(after(), morning(60)).await.unwrap();
    }
    let tries: Vec<_> = (0..16)
        .map(|number| {
            let store = if number % 2 == 0 { &opened.store } else { &other }.clone();
            tokio::spawn(async move { take(&store, morning(60)).await.is_some() })
        })
        .collect();
    let mut taken = 0;
    for each in tries {
        taken += usize::from(each.await.unwrap());
    }
    assert_eq!(taken, 1);
}

#[tokio::test]
async fn what_was_in_a_hand_that_died_is_not_sent_again_that_day() {
    let opened = confirmed().await;
    waits(&opened.store, morning(0)).await;
    let lost = swept(&opened.store, morning(60)).await.unwrap();
    let opened = opened.reopen().await;
    let store = &opened.store;
    for minutes in [61, 64, 65, 66, 15 * 60 - 1] {
        assert_eq!(swept(store, morning(minutes)).await, None, "{minutes}");
    }
    // A word about it that comes late changes nothing of the next one.
    let next = swept(store, morning(15 * 60)).await.unwrap();
    store
        .settle_mail(lost, MailOutcome::Again(morning(15 * 60)), morning(15 * 60))
        .await
        .unwrap();
    assert_eq!(take(store, morning(15 * 60)).await, None);
    store
        .settle_mail(next, MailOutcome::Unknown, morning(15 * 60))
        .await
        .unwrap();
    let shown = store.office_mail(office(), morning(15 * 60)).await.unwrap().unwrap();
    assert_eq!((shown.sent_at, shown.failed_at), (None, None), "nobody knows");
}

#[tokio::test]
async fn a_try_that_failed_comes_again_and_one_that_was_given_up_is_told() {
    let opened = confirmed().await;
    let store = &opened.store;
    waits(store, morning(0)).await;
    let mut taken = swept(store, morning(60)).await.unwrap();
    for tries in 1..4 {
        assert_eq!(taken.tries, tries);
        let again = morning(60 + i64::from(tries));
        store
            .settle_mail(taken, MailOutcome::Again(again), again)
            .await
            .unwrap();
        taken = swept(store, again).await.unwrap();
    }
    store
        .settle_mail(taken, MailOutcome::Failed, morning(70))
        .await
        .unwrap();
    let shown = store.office_mail(office(), morning(70)).await.unwrap().unwrap();
    assert_eq!(shown.failed_at, Some(morning(70)));
    assert_eq!(swept(store, morning(200)).await, None, "no second one that day");
    let next = swept(store, morning(15 * 60)).await.unwrap();
    store
        .settle_mail(next, MailOutcome::Sent, morning(15 * 60))
        .await
        .unwrap();
    let shown = store.office_mail(office(), morning(15 * 60)).await.unwrap().unwrap();
    assert_eq!(shown.failed_at, None);
}

#[tokio::test]
async fn a_code_counts_for_a_day_for_few_tries_and_for_the_address_that_it_was_mailed_to() {
    let opened = registered().await;
    let store = &opened.store;
    assert!(!confirm(store, CODE, at(0)).await, "there is no address");
    assert!(set(store, ADDRESS, at(0)).await);
    assert!(!confirm(store, CODE, at(0)).await, "nothing was mailed yet");
    take(store, at(0)).await.unwrap();
    // One wrong try fewer than it takes, and the right one still counts; not after the end.
    let day = limits::MAIL_CODE_HOURS * 3_600;
    for _ in 1..limits::MAIL_CODE_TRIES_MAX {
        assert!(!confirm(store, [8; 32], at(1)).await);
    }
    let until = store.office_mail(office(), at(2)).await.unwrap().unwrap().code_until;
    assert_eq!(until, Some(at(day)));
    assert!(
        !confirm(store, CODE, at(day)).await,
        "it ended, and that was the last try"
    );
    assert!(!confirm(store, CODE, at(2)).await);
    let shown = store.office_mail(office(), at(2)).await.unwrap().unwrap();
    assert_eq!((shown.code_until, shown.confirmed_at), (None, None));
    // A new code has new tries.
    assert!(set(store, ADDRESS, at(3)).await);
    take(store, at(3)).await.unwrap();
    assert!(set(store, "hoka@example.jp", at(4)).await);
    assert!(!confirm(store, CODE, at(4)).await, "it was mailed to another address");
    take(store, at(5)).await.unwrap();
    assert!(confirm(store, CODE, at(6)).await);
    assert!(!confirm(store, CODE, at(7)).await, "it counts once");
    let shown = store.office_mail(office(), at(8)).await.unwrap().unwrap();
    assert_eq!(
        (shown.address, shown.confirmed_at),
        (address("hoka@example.jp"), Some(at(6)))
    );
}

#[tokio::test]
async fn so_many_codes_a_day_and_no_more_whatever_is_removed_between() {
    let opened = registered().await;
    let store = &opened.store;
    for number in 0..limits::MAIL_CODES_A_DAY_MAX {
        assert!(set(store, &format!("a{number}@example.jp"), morning(number)).await);
        store
            .remove_mail_address(office(), By::CommandLine, morning(number))
            .await
            .unwrap();
    }
    assert!(!set(store, ADDRESS, morning(10)).await);
    assert_eq!(store.office_mail(office(), morning(10)).await.unwrap(), None);
    assert_eq!(take(store, morning(10)).await, None, "what was removed is not mailed");
    assert!(set(store, ADDRESS, morning(15 * 60)).await, "the next day");
}

#[tokio::test]
async fn a_removed_address_gets_nothing_and_named_anew_no_second_notice_that_day() {
    let opened = confirmed().await;
    let store = &opened.store;
    waits(store, morning(0)).await;
    let taken = swept(store, morning(60)).await.unwrap();
    let remove = |minutes| store.remove_mail_address(office(), By::CommandLine, morning(minutes));
    assert!(remove(61).await.unwrap());
    assert!(!remove(62).await.unwrap());
    store
        .settle_mail(taken, MailOutcome::Again(morning(62)), morning(62))
        .await
        .unwrap();
    assert_eq!(swept(store, morning(300)).await, None);
    assert!(set(store, ADDRESS, morning(301)).await);
    let code = take(store, morning(301)).await.unwrap();
    assert_eq!(code.kind, MailKind::Code);
    store.settle_mail(code, MailOutcome::Sent, morning(301)).await.unwrap();
    assert!(confirm(store, CODE, morning(302)).await);
    assert_eq!(swept(store, morning(303)).await, None);
    assert_eq!(swept(store, morning(500)).await, None);
    assert!(swept(store, morning(15 * 60)).await.is_some());
}
