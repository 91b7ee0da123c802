//! 宛先検索, 端末一覧 and お知らせ over the line.

use care_model::{OfficeNumber, ProblemCode, ServiceKind, limits};
use chrono::TimeDelta;
use exchange_protocol::OfficeSearch;
use exchange_server::admin::NewOffice;

use crate::exchange::{Exchange, PLANNER, refused};

fn search(text: &str) -> OfficeSearch {
    OfficeSearch {
        text: text.to_owned(),
        kind: None,
        after: None,
        limit: 50,
    }
}

async fn register(exchange: &Exchange, number: &str, name: &str, kana: &str, address: &str, kinds: &[&str]) {
    let kinds = kinds.iter().map(|kind| ServiceKind::parse(kind).unwrap()).collect();
    let new = NewOffice {
        kana: Some(kana.to_owned()),
        address: Some(address.to_owned()),
        ..NewOffice::new(OfficeNumber::parse(number).unwrap(), name, kinds)
    };
    exchange.admin.register_office(new).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn offices_are_found_by_number_name_kana_place_and_kind() {
    let exchange = Exchange::start().await;
    let (_, _, line) = exchange.desk(PLANNER, "43").await;
    register(
        &exchange,
        "9970101003",
        "例示ヘルパーステーション",
        "レイジヘルパーステーション",
        "見本県例示市１丁目",
        &["11"],
    )
    .await;
    register(
        &exchange,
        "9970101011",
        "例示デイサービス",
        "れいじでいさーびす",
        "見本県別市２丁目",
        &["15", "78"],
    )
    .await;
    let found = async |wanted: &OfficeSearch| {
        let page = line.search_offices(wanted).await.unwrap();
        let numbers: Vec<String> = page.offices.iter().map(|office| office.number.to_string()).collect();
        (numbers, page.more)
    };
    let (helper, day) = ("9970101003".to_owned(), "9970101011".to_owned());
    for (text, numbers) in [
        ("997010100", vec![helper.clone()]),
        ("ﾍﾙﾊﾟｰ", vec![helper.clone()]),
        ("レイジ デイ", vec![day.clone()]),
        ("見本県", vec![helper.clone(), day.clone()]),
        ("れいじ　2丁目", vec![day.clone()]),
        ("どこにもない", vec![]),
        ("%", vec![]),
    ] {
        assert_eq!(found(&search(text)).await, (numbers, false), "{text}");
    }
    let of_kind = |kind: &str| OfficeSearch {
        kind: Some(ServiceKind::parse(kind).unwrap()),
        ..search("例示")
    };
    assert_eq!(found(&of_kind("78")).await.0, std::slice::from_ref(&day));
    assert_eq!(found(&of_kind("43")).await.0, Vec::<String>::new());
    // A page goes on behind its last office.
    let first = OfficeSearch {
        limit: 1,
        ..search("例示")
    };
    assert_eq!(found(&first).await, (vec![helper.clone()], true));
    let second = OfficeSearch {
        after: Some(OfficeNumber::parse(&helper).unwrap()),
        ..first
    };
    assert_eq!(found(&second).await, (vec![day], false));
    let entry = &line.search_offices(&search(&helper)).await.unwrap().offices[0];
    assert_eq!(entry.address.as_deref(), Some("見本県例示市１丁目"));
    assert!(entry.active);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_no_longer_than_allowed_and_answers_no_more_than_a_page() {
    let exchange = Exchange::start().await;
    let (_, _, line) = exchange.desk(PLANNER, "43").await;
    let longest = search(&"あ".repeat(limits::SEARCH_CHARS_MAX));
    assert_eq!(line.search_offices(&longest).await.unwrap().offices, []);
    let over = search(&"あ".repeat(limits::SEARCH_CHARS_MAX + 1));
    assert_eq!(refused(line.search_offices(&over).await), ProblemCode::SearchTooLong);
    for place in 0..51 {
        register(&exchange, &format!("99701020{place:02}"), "多数", "タスウ", "", &["11"]).await;
    }
    let all = OfficeSearch {
        limit: u32::MAX,
        ..search("多数")
    };
    let page = line.search_offices(&all).await.unwrap();
    assert_eq!((page.offices.len(), page.more), (50, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_lists_its_own_terminals_and_no_others() {
    let exchange = Exchange::start().await;
    let (office, terminal, line) = exchange.desk(PLANNER, "43").await;
    exchange.desk("9970101003", "11").await;
    exchange.clock.advance(TimeDelta::minutes(1));
    let issued = exchange
        .admin
        .issue_password(office.made.number, None, 730)
        .await
        .unwrap();
    let beside = exchange.enrol(&office, &issued.issue_password, "相談室").await.unwrap();
    exchange.admin.revoke_terminal(beside.answer.terminal).await.unwrap();
    let listed = line.terminals().await.unwrap().terminals;
    let rows: Vec<_> = listed
        .iter()
        .map(|row| (row.id, row.name.as_str(), row.revoked_at.is_some()))
        .collect();
    assert_eq!(
        rows,
        [
            (beside.answer.terminal, "相談室", true),
            (terminal.answer.terminal, "受付", false)
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn news_comes_when_it_is_due_and_goes_when_it_is_taken_back() {
    let exchange = Exchange::start().await;
    let (_, _, line) = exchange.desk(PLANNER, "43").await;
    let due = exchange.clock.now() + TimeDelta::minutes(5);
    let news = |title: &str, from| exchange.admin.add_news(title.to_owned(), "本文".to_owned(), from);
    let later = news("予定", Some(due)).await.unwrap();
    let now = news("今日", None).await.unwrap();
    let titles = async || -> Vec<String> {
        let page = line.news().await.unwrap();
        page.news.into_iter().map(|entry| entry.title).collect()
    };
    assert_eq!(titles().await, ["今日"]);
    exchange.clock.advance(TimeDelta::minutes(5));
    assert_eq!(titles().await, ["予定", "今日"]);
    exchange.admin.remove_news(later.news).await.unwrap();
    assert_eq!(titles().await, ["今日"]);
    // A number is never given twice, so that what was read stays read.
    assert!(news("次", None).await.unwrap().news > now.news.max(later.news));
    assert!(exchange.admin.remove_news(999).await.is_err());
}
