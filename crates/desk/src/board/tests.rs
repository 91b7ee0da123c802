//! What is counted, against rows whose answer can be read off.

use std::time::Instant;

use care_model::{DeliveryId, OfficeNumber, Party, ServiceKind, ServiceMonth};
use chrono::{DateTime, Utc};
use desk_ipc::{BoardActuals, BoardOrder, BoardProgress, BoardRow, BoardSums, BoardWay};

use super::tally::{Tally, Way, is_found, is_open, sort};
use crate::index::{Indexed, ListRows, Standing};

const MONTH: &str = "202611";
/// In the service month by the calendar of Japan, and not in it by that of London.
const FIRST: &str = "2026-11-01T00:00:00+09:00";
const BEFORE: &str = "2026-10-31T23:59:59.999+09:00";

/// One delivery with another office.
#[derive(Clone)]
struct Given {
    office: &'static str,
    name: &'static str,
    kind: &'static str,
    own: &'static str,
    unit: Option<&'static str>,
    month: Option<&'static str>,
    at: &'static str,
    standing: Standing,
}

const FETCHED: Standing = Standing {
    rank: 0,
    open: false,
    unsent: false,
    on_paper: false,
    awaits_import: false,
    came_to_nothing: false,
};
const WAITING: Standing = Standing { open: true, ..FETCHED };
const UNSENT: Standing = Standing {
    unsent: true,
    ..WAITING
};
const RECALLED: Standing = Standing {
    came_to_nothing: true,
    ..FETCHED
};

/// 予定 of the month to a helper, fetched.
const SCHEDULE: Given = Given {
    office: "9970101003",
    name: "例示ヘルパーステーション",
    kind: "11",
    own: "43",
    unit: Some("home_schedule"),
    month: Some(MONTH),
    at: "2026-11-20T10:00:00+09:00",
    standing: FETCHED,
};
const ACTUALS: Given = Given {
    unit: Some("home_actual"),
    at: "2026-12-02T10:00:00+09:00",
    ..SCHEDULE
};
const PLAN: Given = Given {
    unit: Some("home_plan"),
    month: None,
    ..SCHEDULE
};

fn month(text: &str) -> ServiceMonth {
    ServiceMonth::parse(text).unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn list(given: &[Given]) -> ListRows {
    let mut rows = ListRows::default();
    for (place, given) in (0_u64..).zip(given) {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&place.to_be_bytes());
        rows.put(Indexed {
            delivery: DeliveryId::from_bytes(id),
            at: at(given.at),
            place,
            other: Party::new(
                OfficeNumber::parse(given.office).unwrap(),
                ServiceKind::parse(given.kind).unwrap(),
            ),
            other_name: given.name.to_owned(),
            own_kind: ServiceKind::parse(given.own).unwrap(),
            unit: given.unit.map(str::to_owned),
            contents_name: String::new(),
            file_kinds: Vec::new(),
            month: given.month.map(month),
            serial: None,
            written: Vec::new(),
            standing: given.standing,
        });
    }
    rows
}

fn board(sent: &[Given], received: &[Given]) -> (BoardSums, Vec<BoardRow>) {
    let mut tally = Tally::of(month(MONTH)).unwrap();
    tally.count(Way::Out, &list(sent));
    tally.count(Way::In, &list(received));
    let (sums, mut rows) = tally.rows();
    sort(&mut rows, BoardOrder::Remaining);
    (sums, rows)
}

fn only(rows: &[BoardRow]) -> &BoardRow {
    let [row] = rows else {
        panic!("{} offices instead of one", rows.len())
    };
    row
}

fn missing(actuals: &BoardActuals) -> Vec<&str> {
    actuals.missing.iter().map(|kind| kind.code.as_str()).collect()
}

#[test]
fn nothing_was_exchanged_with_nobody() {
    assert_eq!(board(&[], &[]), (BoardSums::default(), Vec::new()));
}

#[test]
fn what_went_is_counted_by_its_service_month_and_what_has_none_by_the_calendar() {
    let other_month = Given {
        month: Some("202612"),
        ..SCHEDULE
    };
    let first = Given { at: FIRST, ..PLAN };
    let before = Given { at: BEFORE, ..PLAN };
    let waits = Given {
        standing: WAITING,
        ..SCHEDULE
    };
    let queued = Given {
        standing: UNSENT,
        ..SCHEDULE
    };
    let recalled = Given {
        standing: RECALLED,
        at: "2026-12-31T10:00:00+09:00",
        ..SCHEDULE
    };
    let (sums, rows) = board(&[SCHEDULE, other_month, first, before, waits, queued, recalled], &[]);
    let row = only(&rows);
    assert_eq!((row.sent, row.unsent), (BoardWay { all: 3, open: 1 }, 1));
    assert_eq!(
        (sums.sent, sums.unsent, sums.received),
        (row.sent, 1, BoardWay::default())
    );
    // Neither what only waits here nor what was taken back is a contact.
    assert_eq!(row.last_at, Some(at(SCHEDULE.at)));
    assert!(is_open(row));
}

#[test]
fn an_office_of_which_everything_was_taken_back_is_none_that_was_exchanged_with() {
    let recalled = Given {
        standing: RECALLED,
        ..SCHEDULE
    };
    let recalled = std::slice::from_ref(&recalled);
    assert_eq!(board(recalled, recalled).1, Vec::new());
}

#[test]
fn actuals_are_missing_by_service_kind_until_they_came() {
    let day = Given { kind: "15", ..SCHEDULE };
    let (sums, rows) = board(&[SCHEDULE, day], &[ACTUALS]);
    let row = only(&rows);
    assert_eq!((row.actuals_in.done, missing(&row.actuals_in)), (1, vec!["15"]));
    assert_eq!(sums.actuals_in, BoardProgress { offices: 1, done: 0 });
    assert_eq!((row.actuals_out.clone(), sums.actuals_out), Default::default());
    let kinds: Vec<&str> = row.office.kinds.iter().map(|kind| kind.code.as_str()).collect();
    assert_eq!(kinds, ["11", "15"]);

    // One kind of this office (the 地域包括支援センター under the same number) has them, the other has not.
    let centre = Given { own: "46", ..SCHEDULE };
    let (_, rows) = board(&[SCHEDULE, centre], &[ACTUALS]);
    assert_eq!(missing(&only(&rows).actuals_in), ["11"]);

    // 実績 of another month are no answer; those without a 予定 here are there all the same.
    let other_month = Given {
        month: Some("202610"),
        ..ACTUALS
    };
    assert_eq!(missing(&only(&board(&[SCHEDULE], &[other_month]).1).actuals_in), ["11"]);
    let (sums, rows) = board(&[], &[ACTUALS]);
    assert_eq!((only(&rows).actuals_in.done, sums.actuals_in.done), (1, 1));

    // 予定 that were taken back or still wait here ask for nothing; a deletion neither asks nor answers.
    for (sent, received) in [
        (
            Given {
                standing: RECALLED,
                ..SCHEDULE
            },
            None,
        ),
        (
            Given {
                standing: UNSENT,
                ..SCHEDULE
            },
            None,
        ),
        (
            Given {
                unit: Some("home_schedule_delete"),
                ..SCHEDULE
            },
            None,
        ),
        (
            PLAN,
            Some(Given {
                unit: Some("home_actual_delete"),
                ..ACTUALS
            }),
        ),
    ] {
        let (sums, _) = board(&[sent], received.as_slice());
        assert_eq!(sums.actuals_in, BoardProgress::default());
    }
}

#[test]
fn a_service_office_owes_actuals_for_what_came() {
    let own = Given {
        office: "9970100013",
        name: "見本居宅介護支援事業所",
        kind: "43",
        own: "11",
        ..SCHEDULE
    };
    let day = Given {
        own: "15",
        ..own.clone()
    };
    let answer = Given {
        unit: Some("home_actual"),
        ..own.clone()
    };
    let held = Given {
        standing: UNSENT,
        unit: Some("home_actual"),
        ..day.clone()
    };
    let (sums, rows) = board(&[answer, held], &[own, day]);
    let row = only(&rows);
    assert_eq!((row.actuals_out.done, missing(&row.actuals_out)), (1, vec!["15"]));
    assert_eq!(row.actuals_in, BoardActuals::default());
    assert_eq!(sums.actuals_out, BoardProgress { offices: 1, done: 0 });
}

#[test]
fn between_two_offices_that_manage_care_nobody_owes_actuals() {
    let centre = Given {
        kind: "46",
        unit: Some("preventive_schedule"),
        ..SCHEDULE
    };
    let back = Given {
        unit: Some("preventive_actual"),
        ..centre.clone()
    };
    for (sent, received) in [(&centre, &back), (&back, &centre)] {
        let (sums, rows) = board(std::slice::from_ref(sent), std::slice::from_ref(received));
        assert_eq!((sums.actuals_in, sums.actuals_out), Default::default());
        assert_eq!((only(&rows).sent.all, only(&rows).received.all), (1, 1));
    }
}

#[test]
fn an_office_has_the_name_that_it_had_last_and_is_found_by_what_is_shown() {
    let renamed = Given {
        name: "新しいデイサービス",
        kind: "15",
        at: "2026-11-21T10:00:00+09:00",
        ..SCHEDULE
    };
    let (_, rows) = board(&[renamed, SCHEDULE], &[]);
    let row = only(&rows);
    assert_eq!(row.office.name, "新しいデイサービス");
    for words in [&["でい"][..], &["9970101003", "訪問"], &["通所介護"], &[]] {
        assert!(is_found(row, words), "{words:?}");
    }
    assert!(!is_found(row, &["でい", "へるぱー"]));
}

#[test]
fn what_is_missing_stands_first_then_what_is_open_then_the_month_then_the_rest() {
    let of = |office: &'static str, name: &'static str, given: &Given| Given {
        office,
        name,
        ..given.clone()
    };
    let waits = Given {
        standing: WAITING,
        ..PLAN
    };
    let long_ago = Given {
        at: "2025-11-20T10:00:00+09:00",
        ..PLAN
    };
    let (_, mut rows) = board(
        &[
            of("9970101001", "え", &long_ago),
            of("9970101002", "い", &waits),
            of("9970101003", "う", &PLAN),
            of("9970101004", "お", &SCHEDULE),
            of("9970101005", "あ", &SCHEDULE),
        ],
        &[],
    );
    let names = |rows: &[BoardRow]| rows.iter().map(|row| row.office.name.clone()).collect::<String>();
    assert_eq!(names(&rows), "あおいうえ");
    sort(&mut rows, BoardOrder::Name);
    assert_eq!(names(&rows), "あいうえお");
    sort(&mut rows, BoardOrder::Contact);
    assert_eq!(names(&rows), "あいうおえ");
}

#[test]
fn twenty_thousand_deliveries_are_counted_at_every_look() {
    let mut sent = Vec::new();
    for office in 0..100 {
        let number: &'static str = format!("99701{office:05}").leak();
        for delivery in 0..100 {
            sent.push(Given {
                office: number,
                name: number,
                standing: if delivery == 0 { WAITING } else { FETCHED },
                ..SCHEDULE
            });
        }
    }
    let out = list(&sent);
    let begun = Instant::now();
    let mut tally = Tally::of(month(MONTH)).unwrap();
    tally.count(Way::Out, &out);
    tally.count(Way::In, &out);
    let (sums, mut rows) = tally.rows();
    sort(&mut rows, BoardOrder::Remaining);
    let took = begun.elapsed();
    assert_eq!(
        (sums.sent, sums.received.all),
        (BoardWay { all: 10_000, open: 100 }, 10_000)
    );
    assert_eq!(rows.len(), 100);
    // Reported, never judged: it is a debug build on whatever machine.
    let _ = std::io::Write::write_all(
        &mut std::io::stderr(),
        format!("20,000 deliveries counted in {took:?}\n").as_bytes(),
    );
}
