//! The index against the plainest thing that answers the same: every row looked at, then sorted.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeSet;

use care_model::{DeliveryId, OfficeNumber, Party, Serial, ServiceKind, ServiceMonth, search_text::fold};
use chrono::DateTime;
use desk_ipc::{ATTACHMENTS_ALONE, ListQuery, SortColumn};
use proptest::prelude::*;

use super::{Filter, Indexed, ListRows, Standing};

const OFFICES: [(&str, &str); 3] = [
    ("9970100013", "さくら居宅介護支援"),
    ("9970101003", "ヘルパーステーション"),
    ("1372000018", "デイサービスABC"),
];
const UNITS: [(Option<&str>, &str); 3] = [
    (Some("home_plan"), "居宅サービス計画書"),
    (Some("home_schedule"), "サービス提供票・別表"),
    (None, "補足資料のみ"),
];
const MONTHS: [&str; 3] = ["202612", "202701", "201812"];

fn id(number: u8) -> DeliveryId {
    DeliveryId::from_bytes([number; 16])
}

fn indexed() -> impl Strategy<Value = Indexed> {
    let identity = (0..30_u8, 0..6_i64, 0..4_u64);
    let shared = (0..OFFICES.len(), 0..UNITS.len(), prop::option::of(0..MONTHS.len()));
    let own = (prop::option::of(0..5_u8), "[さくらｻﾍA 　]{0,5}", 0..4_u8);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (identity, shared, own, flags).prop_map(
        |((number, at, place), (office, unit, month), (serial, note, rank), (open, unsent, awaits_import))| Indexed {
            delivery: id(number),
            at: DateTime::from_timestamp_millis(1_800_000_000_000 + at * 86_400_000).unwrap(),
            place,
            other: Party::new(
                OfficeNumber::parse(OFFICES[office].0).unwrap(),
                ServiceKind::parse("43").unwrap(),
            ),
            other_name: OFFICES[office].1.to_owned(),
            own_kind: ServiceKind::parse("11").unwrap(),
            unit: UNITS[unit].0.map(str::to_owned),
            contents_name: UNITS[unit].1.to_owned(),
            file_kinds: vec!["第1表".to_owned()],
            month: month.map(|month| ServiceMonth::parse(MONTHS[month]).unwrap()),
            serial: serial.map(|serial| Serial::parse(&format!("{serial:014}")).unwrap()),
            written: vec![note],
            standing: Standing {
                rank,
                open,
                unsent,
                on_paper: false,
                awaits_import,
                came_to_nothing: false,
            },
        },
    )
}

#[derive(Debug, Clone)]
enum Act {
    Put(Box<Indexed>),
    Remove(u8),
    Ask(ListQuery),
}

fn query() -> impl Strategy<Value = ListQuery> {
    let words = prop_oneof![
        Just(String::new()),
        "[さくらサへA1 ]{1,3}",
        Just("2026年12月".to_owned()),
        Just("202612".to_owned()),
        Just("令和8年".to_owned()),
        Just("第１表 さくら".to_owned()),
        Just("9970100013".to_owned()),
    ];
    let sort = prop_oneof![
        Just(SortColumn::At),
        Just(SortColumn::Office),
        Just(SortColumn::Contents),
        Just(SortColumn::Status),
    ];
    let day = || prop::option::of((14..21_u32).prop_map(|day| chrono::NaiveDate::from_ymd_opt(2027, 1, day).unwrap()));
    let choices = (
        prop::option::of(0..OFFICES.len()),
        prop::option::of(prop_oneof![
            Just("home_plan"),
            Just("home_schedule"),
            Just(ATTACHMENTS_ALONE),
            Just("unknown")
        ]),
    );
    (words, any::<bool>(), (day(), day()), choices, sort, any::<bool>()).prop_map(
        |(text, only_open, (since, until), (office, unit), sort, ascending)| ListQuery {
            text,
            only_open,
            since,
            until,
            office: office.map(|office| OfficeNumber::parse(OFFICES[office].0).unwrap()),
            unit: unit.map(str::to_owned),
            sort,
            ascending,
        },
    )
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => indexed().prop_map(|row| Act::Put(Box::new(row))),
        1 => (0..30_u8).prop_map(Act::Remove),
        3 => query().prop_map(Act::Ask),
    ]
}

/// Whether a row is wanted, said in the plainest way.
fn is_wanted(row: &Indexed, query: &ListQuery) -> bool {
    let day = super::in_japan(row.at).unwrap().date_naive();
    let mut fields = vec![
        row.other_name.clone(),
        row.other.office.to_string(),
        row.contents_name.clone(),
    ];
    fields.extend(row.file_kinds.clone());
    fields.extend(row.written.clone());
    if let Some(month) = row.month {
        let (year, number) = (month.year(), month.month());
        fields.push(format!("{year}年{number}月分"));
        for between in ["", "/", "-"] {
            fields.push(format!("{year}{between}{number:02}"));
        }
        if year > 2018 {
            fields.push(format!("令和{}年{number}月分", year - 2018));
        }
    }
    let fields: Vec<String> = fields.iter().map(|field| fold(field)).collect();
    let text = fold(&query.text);
    let mut words = text.split_whitespace();
    words.all(|word| fields.iter().any(|field| field.contains(word)))
        && (!query.only_open || row.standing.open)
        && query.since.is_none_or(|since| day >= since)
        && query.until.is_none_or(|until| day <= until)
        && query.office.is_none_or(|office| row.other.office == office)
        && query.unit.as_deref().is_none_or(|unit| match unit {
            ATTACHMENTS_ALONE => row.unit.is_none(),
            unit => row.unit.as_deref() == Some(unit),
        })
}

fn compare(one: &Indexed, other: &Indexed, query: &ListQuery) -> Ordering {
    let newest = |row: &Indexed| (row.at, row.place, row.delivery);
    let column = match query.sort {
        SortColumn::At if query.ascending => return newest(one).cmp(&newest(other)),
        SortColumn::At => one.standing.unsent.cmp(&other.standing.unsent),
        SortColumn::Office => (&one.other_name, one.other.office).cmp(&(&other.other_name, other.other.office)),
        SortColumn::Contents => (&one.contents_name, one.month).cmp(&(&other.contents_name, other.month)),
        SortColumn::Status => one.standing.rank.cmp(&other.standing.rank),
    };
    let column = if query.ascending { column } else { column.reverse() };
    column.then(Reverse(newest(one)).cmp(&Reverse(newest(other))))
}

fn window(rows: &mut ListRows, query: &ListQuery, from: u32, count: u32) -> (u32, Vec<DeliveryId>) {
    let filter = Filter::parse(query).unwrap();
    rows.window(filter, query.sort, query.ascending, from, count)
}

proptest! {
    // Each case looks at every row many times over.
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn it_answers_what_looking_at_every_row_answers(acts in prop::collection::vec(act(), 1..60)) {
        let mut rows = ListRows::default();
        let mut model: Vec<Indexed> = Vec::new();
        for act in acts {
            match act {
                Act::Put(row) => {
                    model.retain(|known| known.delivery != row.delivery);
                    model.push((*row).clone());
                    rows.put(*row);
                }
                Act::Remove(number) => {
                    model.retain(|known| known.delivery != id(number));
                    rows.remove(id(number));
                }
                Act::Ask(query) => {
                    let mut wanted: Vec<&Indexed> = model.iter().filter(|row| is_wanted(row, &query)).collect();
                    wanted.sort_by(|one, other| compare(one, other, &query));
                    let wanted: Vec<DeliveryId> = wanted.iter().map(|row| row.delivery).collect();
                    let (matching, found) = window(&mut rows, &query, 0, 200);
                    prop_assert_eq!(matching as usize, wanted.len());
                    prop_assert_eq!(&found, &wanted);
                    let (_, middle) = window(&mut rows, &query, 2, 3);
                    let expected: Vec<DeliveryId> = wanted.into_iter().skip(2).take(3).collect();
                    prop_assert_eq!(middle, expected);
                }
            }
            prop_assert_eq!(rows.total() as usize, model.len());
            prop_assert_eq!(rows.open() as usize, model.iter().filter(|row| row.standing.open).count());
            prop_assert_eq!(rows.unsent() as usize, model.iter().filter(|row| row.standing.unsent).count());
        }
        let units = ["home_schedule", "unknown"];
        let is_meant = |row: &&Indexed| !row.standing.unsent && row.unit.as_deref() == Some("home_schedule");
        let months: BTreeSet<ServiceMonth> = model.iter().filter(is_meant).filter_map(|row| row.month).collect();
        for month in MONTHS.map(|month| ServiceMonth::parse(month).unwrap()) {
            let of_month: BTreeSet<DeliveryId> = rows.of_month(month, &units).into_iter().collect();
            let wanted = model.iter().filter(is_meant).filter(|row| row.month == Some(month));
            prop_assert_eq!(of_month, wanted.map(|row| row.delivery).collect::<BTreeSet<_>>());
        }
        prop_assert_eq!(rows.months_of(&units), months);
        for row in &model {
            let before = |other: &&Indexed| {
                other.standing.awaits_import
                    && (other.other, other.own_kind) == (row.other, row.own_kind)
                    && other.serial.is_some_and(|serial| row.serial.is_some_and(|own| serial < own))
            };
            prop_assert_eq!(rows.import_before(row.delivery) as usize, model.iter().filter(before).count());
        }
    }
}

#[test]
fn typing_on_and_back_finds_the_same_as_asking_at_once() {
    let mut rows = ListRows::default();
    let note = |number: u8, text: &str| Indexed {
        delivery: id(number),
        at: DateTime::from_timestamp(1_800_000_000 + i64::from(number), 0).unwrap(),
        place: 0,
        other: Party::new(
            OfficeNumber::parse(OFFICES[0].0).unwrap(),
            ServiceKind::parse("43").unwrap(),
        ),
        other_name: String::new(),
        own_kind: ServiceKind::parse("11").unwrap(),
        unit: None,
        contents_name: String::new(),
        file_kinds: Vec::new(),
        month: None,
        serial: None,
        written: vec![text.to_owned()],
        standing: Standing {
            rank: 0,
            open: false,
            unsent: false,
            on_paper: false,
            awaits_import: false,
            came_to_nothing: false,
        },
    };
    for (number, text) in [(1, "てすと"), (2, "テレビ"), (3, "てす"), (4, "ほか")] {
        rows.put(note(number, text));
    }
    let mut found = |text: &str| {
        let query = ListQuery {
            text: text.to_owned(),
            ..ListQuery::default()
        };
        window(&mut rows, &query, 0, 10).1
    };
    assert_eq!(found("て"), [id(3), id(2), id(1)]);
    assert_eq!(found("てす"), [id(3), id(1)]);
    assert_eq!(found("てすと"), [id(1)]);
    assert_eq!(found("てす"), [id(3), id(1)]);
    assert_eq!(found("てす ほ"), []);
    assert_eq!(found(""), [id(4), id(3), id(2), id(1)]);
}

#[test]
fn the_newest_rows_before_one_are_those_that_reached_somebody() {
    let row = |number: u8, unit: &str| Indexed {
        delivery: id(number),
        at: DateTime::from_timestamp_millis(1_800_000_000_000 + i64::from(number / 2)).unwrap(),
        place: u64::from(number),
        other: Party::new(
            OfficeNumber::parse(OFFICES[0].0).unwrap(),
            ServiceKind::parse("43").unwrap(),
        ),
        other_name: OFFICES[0].1.to_owned(),
        own_kind: ServiceKind::parse("11").unwrap(),
        unit: Some(unit.to_owned()),
        contents_name: String::new(),
        file_kinds: Vec::new(),
        month: None,
        serial: None,
        written: Vec::new(),
        standing: Standing {
            rank: 0,
            open: false,
            unsent: number == 7,
            on_paper: number == 9,
            awaits_import: false,
            came_to_nothing: number == 6,
        },
    };
    let mut rows = ListRows::default();
    for number in [3, 1, 8, 2, 6, 9, 4, 7, 5] {
        rows.put(row(number, if number == 2 { "home_plan" } else { "home_schedule" }));
    }
    let newest = |before: Option<u8>, count: usize| -> Vec<DeliveryId> {
        let found = rows.newest(before.map(id), count, |row| row.unit == Some("home_schedule"));
        found.into_iter().map(|(delivery, _)| delivery).collect()
    };
    let ids = |numbers: &[u8]| numbers.iter().copied().map(id).collect::<Vec<_>>();
    assert_eq!(newest(None, 10), ids(&[8, 5, 4, 3, 1]));
    assert_eq!(newest(None, 2), ids(&[8, 5]));
    // Of two of the same time the greater place is the newer.
    assert_eq!(newest(Some(5), 10), ids(&[4, 3, 1]));
    assert_eq!(newest(Some(4), 10), ids(&[3, 1]));
    assert_eq!(newest(Some(1), 10), ids(&[]));
    assert_eq!(newest(Some(99), 1), ids(&[8]), "a row that is not there bounds nothing");
}
