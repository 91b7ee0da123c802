//! The operators' side: who may do what, and what comes of it.

use care_model::{AccountId, limits};
use chrono::TimeDelta;
use exchange_server::{
    PAGES, Viewer, may,
    operators::{NewOperator, OperatorMade},
};
use exchange_store::{Act, AuditFound, AuditSearch, LimitOverrides, OperatorChange, OperatorRole, Who};

use super::{Browser, OPERATOR_PASSWORD, Shown};
use crate::exchange::{Exchange, HELPER, PLANNER, refused};

async fn add(exchange: &Exchange, role: OperatorRole, provisional: bool) -> OperatorMade {
    let new = NewOperator {
        name: "運営 花子".to_owned(),
        role,
        operator_id: None,
        password: Some(OPERATOR_PASSWORD.to_owned()),
        provisional,
    };
    exchange.admin.add_operator(new).await.unwrap()
}

async fn ask(browser: &mut Browser, method: &str, path: &str) -> Shown {
    match method {
        "get" => browser.get(path).await,
        _ => browser.post(path, &[]).await,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_operators_is_open_to_the_roles_that_the_table_says() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let provisional = add(&exchange, OperatorRole::Administrator, true).await;
    let stopped = add(&exchange, OperatorRole::Administrator, false).await;
    let mut cells = 0;
    for page in PAGES {
        let (path, what) = (
            page.path.replace("{number}", PLANNER),
            format!("{} {}", page.method, page.path),
        );
        let needed = match page.viewer {
            Viewer::Operator(duty) => Some(duty),
            Viewer::OperatorEntering => None,
            _ => continue,
        };
        if page.path.contains("sign-out") {
            continue;
        }
        // An office's session opens no door of the operators.
        let mut theirs = Browser::signed_in(&exchange, &office).await;
        let shown = ask(&mut theirs, page.method, &path).await;
        match page.method {
            "get" => assert_eq!((shown.status, shown.to()), (303, "/portal/operator/sign-in"), "{what}"),
            _ => assert_eq!(
                (shown.status, shown.problem()),
                (401, Some("portal_session_ended")),
                "{what}"
            ),
        }
        // A provisional password opens nothing but the page where it is changed.
        let mut entering = Browser::at(&exchange);
        let id = provisional.operator_id.as_str();
        let led = entering.sign_in_operator(id, OPERATOR_PASSWORD).await;
        assert_eq!(led.to(), "/portal/operator/password");
        entering.get("/portal/operator/password").await;
        let shown = ask(&mut entering, page.method, &path).await;
        if needed.is_some() {
            assert_eq!((shown.status, shown.to()), (303, "/portal/operator/password"), "{what}");
        }
        for role in OperatorRole::ALL {
            cells += 1;
            let mut inside = Browser::operator(&exchange, *role).await;
            inside.get("/portal/operator/home").await;
            let shown = ask(&mut inside, page.method, &path).await;
            match needed.is_none_or(|duty| may(*role, duty)) {
                true => assert!(
                    shown.status < 500
                        && !matches!(
                            shown.problem(),
                            Some("role_lacking" | "portal_session_ended" | "form_expired")
                        ),
                    "{what} by {role:?}: {shown:?}"
                ),
                false => assert_eq!(
                    (shown.status, shown.problem()),
                    (403, Some("role_lacking")),
                    "{what} by {role:?}"
                ),
            }
        }
    }
    assert!(cells > 60, "{cells}");
    // Whoever is stopped is out at once.
    let mut browser = Browser::at(&exchange);
    browser
        .sign_in_operator(stopped.operator_id.as_str(), OPERATOR_PASSWORD)
        .await;
    assert_eq!(browser.get("/portal/operator/home").await.status, 200);
    let change = OperatorChange::Stop;
    exchange
        .admin
        .change_operator(&stopped.operator_id, change)
        .await
        .unwrap();
    assert_eq!(browser.get("/portal/operator/home").await.status, 401);
    let shown = browser
        .sign_in_operator(stopped.operator_id.as_str(), OPERATOR_PASSWORD)
        .await;
    assert_eq!(shown.problem(), Some("operator_sign_in_refused"));
    // An operator's session opens no door of the offices.
    let mut inside = Browser::operator(&exchange, OperatorRole::Administrator).await;
    assert_eq!(inside.get("/portal/people").await.to(), "/portal/sign-in");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_door_tells_nothing_and_makes_wait() {
    let exchange = Exchange::start().await;
    let made = add(&exchange, OperatorRole::Clerk, false).await;
    let office = exchange.office(PLANNER, "43").await;
    let id = made.operator_id.as_str();
    let mut browser = Browser::at(&exchange);
    let mut known = browser.sign_in_operator(id, "machigai-password").await;
    let mut unknown = browser.sign_in_operator("OP00000000", "machigai-password").await;
    for shown in [&mut known, &mut unknown] {
        assert_eq!((shown.status, shown.problem()), (401, Some("operator_sign_in_refused")));
        shown.body = shown.body.replace(id, "").replace("OP00000000", "");
    }
    assert_eq!(known.body, unknown.body);
    let theirs = browser
        .sign_in_operator(office.made.office_id.as_str(), &office.made.password)
        .await;
    assert_eq!(theirs.problem(), Some("operator_id_expected"));
    let ours = browser.sign_in(id, OPERATOR_PASSWORD).await;
    assert_eq!(ours.problem(), Some("office_id_expected"));
    for _ in 0..5 {
        browser.sign_in_operator(id, "machigai-password").await;
    }
    let shown = browser.sign_in_operator(id, OPERATOR_PASSWORD).await;
    assert_eq!((shown.status, shown.problem()), (429, Some("sign_in_delayed")));
    exchange.clock.advance(TimeDelta::minutes(2));
    let shown = browser.sign_in_operator(id, OPERATOR_PASSWORD).await;
    assert_eq!(shown.to(), "/portal/operator/home");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_administrator_is_always_left() {
    let exchange = Exchange::start().await;
    let first = add(&exchange, OperatorRole::Administrator, false).await.operator_id;
    let clerk = add(&exchange, OperatorRole::Clerk, false).await.operator_id;
    let change = async |id: &AccountId, change: OperatorChange| exchange.admin.change_operator(id, change).await;
    for last in [OperatorChange::Stop, OperatorChange::Role(OperatorRole::Clerk)] {
        assert!(change(&first, last).await.is_err(), "{last:?}");
    }
    change(&clerk, OperatorChange::Role(OperatorRole::Administrator))
        .await
        .unwrap();
    change(&first, OperatorChange::Stop).await.unwrap();
    assert!(change(&clerk, OperatorChange::Stop).await.is_err());
    change(&first, OperatorChange::Resume).await.unwrap();
    change(&clerk, OperatorChange::Stop).await.unwrap();
    let nobody = AccountId::parse("OP99999999").unwrap();
    assert!(change(&nobody, OperatorChange::Stop).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_is_registered_found_changed_and_handed_its_secrets_once() {
    let exchange = Exchange::start().await;
    let mut browser = Browser::operator(&exchange, OperatorRole::Clerk).await;
    let path = "/portal/operator/offices/register";
    browser.get(path).await;
    let long = "あ".repeat(limits::OFFICE_TEXT_CHARS_MAX + 1);
    for (number, name, kind, until) in [
        ("123", "見本居宅", "43", ""),
        (PLANNER, "", "43", ""),
        (PLANNER, long.as_str(), "43", ""),
        (PLANNER, "見本居宅", "", ""),
        (PLANNER, "見本居宅", "43", "2026-02-30"),
    ] {
        let fields = [("number", number), ("name", name), ("kind", kind), ("until", until)];
        let shown = browser.post(path, &fields).await;
        assert_eq!(
            (shown.status, shown.problem()),
            (400, Some("field_unfit")),
            "{fields:?}"
        );
        assert!(
            shown.body.contains(&format!("value=\"{number}\"")),
            "what was typed stays"
        );
    }
    let fits = "い".repeat(limits::OFFICE_TEXT_CHARS_MAX);
    let fields = [
        ("number", PLANNER),
        ("name", fits.as_str()),
        ("kana", "ミホン"),
        ("address", "見本県例示市1-2"),
        ("kind", "43"),
        ("kind", "46"),
        ("until", "2027-03-31"),
    ];
    let shown = browser.post(path, &fields).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    let password = shown.secret().unwrap();
    let id = shown
        .between("<dd>KJ", "</dd>")
        .map(|rest| format!("KJ{rest}"))
        .unwrap();
    assert_eq!(shown.body.matches("class=\"secret\"").count(), 2);
    // The password is the office's, and provisional.
    let mut theirs = Browser::at(&exchange);
    assert_eq!(theirs.sign_in(&id, &password).await.to(), "/portal/password");
    let shown = browser.post(path, &fields).await;
    assert_eq!((shown.status, shown.problem()), (409, Some("office_taken")));

    let one = format!("/portal/operator/offices/{PLANNER}");
    let shown = browser
        .get("/portal/operator/offices?q=%E4%BE%8B%E7%A4%BA%E5%B8%82")
        .await;
    assert!(shown.body.contains(&one), "{}", shown.body);
    browser.get(&one).await;
    let fields = [("name", "改名 <b>居宅</b>"), ("address", "別の町"), ("kind", "11")];
    let shown = browser.post(&format!("{one}/facts"), &fields).await;
    assert_eq!(shown.to(), format!("{one}?done=changed"));
    let shown = browser.get(&one).await;
    assert!(shown.body.contains("改名 &lt;b&gt;居宅&lt;/b&gt;") && !shown.body.contains("<b>居宅"));
    for (word, found) in [("例示市", false), ("別の町", true), ("改名", true)] {
        let query: String = form_urlencoded::byte_serialize(word.as_bytes()).collect();
        let shown = browser.get(&format!("/portal/operator/offices?q={query}")).await;
        assert_eq!(shown.body.contains(&one), found, "{word}");
    }

    browser.get(&one).await;
    let fields = [("account", id.as_str()), ("confirmed", "yes")];
    let shown = browser.post(&format!("{one}/reset"), &fields).await;
    let reset = shown.secret().unwrap();
    assert_ne!(reset, password);
    assert_eq!(
        theirs.sign_in(&id, &password).await.problem(),
        Some("office_sign_in_refused")
    );
    assert_eq!(theirs.sign_in(&id, &reset).await.to(), "/portal/password");
    let shown = browser.post(&format!("{one}/issue-password"), &[]).await;
    assert!(shown.secret().is_some());
    let shown = browser.get("/portal/operator/offices/0000000000").await;
    assert_eq!((shown.status, shown.problem()), (404, Some("office_unknown")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_pasted_is_registered_whole_or_told_line_by_line() {
    let exchange = Exchange::start().await;
    exchange.office(PLANNER, "43").await;
    let mut browser = Browser::operator(&exchange, OperatorRole::Clerk).await;
    let path = "/portal/operator/office-list";
    browser.get(path).await;
    let heads = "事業所番号\t事業所名\tサービス種類\r\n";
    let row = |place: usize| format!("99{place:08}\t見本<b>{place}</b>\t11;15\r\n");
    let rows = |count: usize| format!("{heads}{}", (0..count).map(row).collect::<String>());
    let known = format!("{heads}{}{PLANNER}\t見本\t43\r\n", row(0));
    let too_many = rows(limits::OFFICE_LIST_PAGE_ROWS_MAX + 1);
    for (list, told) in [
        (known.as_str(), "3行目「事業所番号」: すでに登録されている"),
        (too_many.as_str(), "100行まで"),
        ("", "CSVとして読み取れません"),
    ] {
        let shown = browser.post(path, &[("list", list)]).await;
        assert_eq!((shown.status, shown.problem()), (400, Some("list_faulty")));
        assert!(
            shown.body.contains(told) && !shown.body.contains("<b>"),
            "{}",
            shown.body
        );
    }
    let fits = rows(limits::OFFICE_LIST_PAGE_ROWS_MAX);
    let shown = browser.post(path, &[("list", &fits)]).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    assert_eq!(
        shown.body.matches("<th scope=\"row\">").count(),
        limits::OFFICE_LIST_PAGE_ROWS_MAX
    );
    let shown = browser.announce(path, 256 * 1_024 + 1).await;
    assert_eq!((shown.status, shown.problem()), (413, Some("form_too_large")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_new_password_is_shown_to_the_office_and_not_to_the_operator() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let other = exchange.office(HELPER, "11").await;
    let mut browser = Browser::operator(&exchange, OperatorRole::Clerk).await;
    let one = format!("/portal/operator/offices/{PLANNER}");
    browser.get(&one).await;
    let person = office.person.person_id.as_str();
    let fields = [("account", person), ("confirmed", "yes")];
    let shown = browser.post(&format!("{one}/reset"), &fields).await;
    assert_eq!(shown.to(), format!("{one}?done=reset"));
    assert!(shown.secret().is_none());
    let mut theirs = Browser::signed_in(&exchange, &office).await;
    theirs.get("/portal/people").await;
    let shown = theirs
        .post("/portal/people/first-password", &[("person", person)])
        .await;
    assert!(shown.secret().is_some());
    // Under the address of one office nothing of another is touched.
    browser.get(&one).await;
    for account in [
        other.person.person_id.as_str(),
        other.made.office_id.as_str(),
        "OP00000000",
        "",
    ] {
        let fields = [("account", account), ("confirmed", "yes")];
        let shown = browser.post(&format!("{one}/reset"), &fields).await;
        assert_eq!(
            (shown.status, shown.problem()),
            (404, Some("person_unknown")),
            "{account}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn licence_terminals_limits_and_news_are_kept_on_pages() {
    let exchange = Exchange::start().await;
    let (office, terminal, line) = exchange.desk(PLANNER, "43").await;
    let mut browser = Browser::operator(&exchange, OperatorRole::Administrator).await;
    let one = format!("/portal/operator/offices/{PLANNER}");
    let mut theirs = Browser::signed_in(&exchange, &office).await;
    theirs.get("/portal/licence").await;
    theirs.post("/portal/licence/ask", &[("confirmed", "yes")]).await;
    assert!(browser.get("/portal/operator/home").await.body.contains(&one));
    browser.get(&one).await;
    let shown = browser
        .post(&format!("{one}/licence"), &[("until", "2028-03-31")])
        .await;
    assert_eq!(shown.to(), format!("{one}?done=licence"));
    assert!(
        !browser.get("/portal/operator/home").await.body.contains(&one),
        "the wish is answered"
    );
    assert!(theirs.get("/portal/licence").await.body.contains("2028年3月31日"));
    theirs.post("/portal/licence/ask", &[("confirmed", "yes")]).await;
    browser.get(&one).await;
    browser.post(&format!("{one}/refuse-wish"), &[]).await;
    assert!(!browser.get("/portal/operator/home").await.body.contains(&one));

    browser.get(&one).await;
    for (field, typed, refused) in [
        ("waiting", "12", None),
        ("waiting", "", None),
        ("waiting", "1000000", None),
        ("waiting", "1000001", Some("0から1,000,000までの")),
        ("waiting", "-1", Some("0から1,000,000までの")),
        ("waiting", "1.5", Some("0から1,000,000までの")),
        ("waiting_mb", "10240000", None),
        ("waiting_mb", "10240001", Some("0から10,240,000（10,000GB）までの")),
        ("sends", "1000000", None),
        ("sends", "1000001", Some("0から1,000,000までの")),
    ] {
        let shown = browser.post(&format!("{one}/limits"), &[(field, typed)]).await;
        assert_eq!(
            shown.status,
            if refused.is_some() { 400 } else { 303 },
            "{field}: {typed}"
        );
        assert!(shown.body.contains(refused.unwrap_or_default()), "{field}: {typed}");
    }
    browser.post(&format!("{one}/limits"), &[("waiting_mb", "3")]).await;
    let limits = exchange.admin.limits(office.made.number).await.unwrap();
    assert_eq!(limits.waiting_bytes_max, Some(3 * 1_024 * 1_024));
    // One from the command line that is no whole megabyte: shown rounded up, and kept by the byte while it is left alone.
    let set = LimitOverrides {
        waiting_bytes_max: Some(300_000),
        ..limits
    };
    exchange.admin.set_limits(office.made.number, set).await.unwrap();
    let shown = browser.get(&one).await;
    assert_eq!(
        shown.between("name=\"waiting_mb\" type=\"number\" value=\"", "\""),
        Some("1")
    );
    for (megabytes, bytes) in [("1", Some(300_000)), ("2", Some(2 * 1_024 * 1_024)), ("", None)] {
        browser.get(&one).await;
        let typed = [("waiting_mb", megabytes), ("sends", "7")];
        browser.post(&format!("{one}/limits"), &typed).await;
        let limits = exchange.admin.limits(office.made.number).await.unwrap();
        assert_eq!((limits.waiting_bytes_max, limits.sends_a_day_max), (bytes, Some(7)));
    }

    let id = terminal.answer.terminal.to_string();
    let shown = browser.post(&format!("{one}/revoke"), &[("terminal", &id)]).await;
    assert_eq!(shown.status, 200, "it asks first");
    line.me().await.unwrap();
    browser
        .post(&format!("{one}/revoke"), &[("terminal", &id), ("confirmed", "yes")])
        .await;
    let code = refused(line.me().await);
    assert!(
        matches!(code.as_str(), "certificate_revoked" | "sign_in_required"),
        "{code}"
    );

    let path = "/portal/operator/news";
    browser.get(path).await;
    let (fits, long) = ("あ".repeat(100), "あ".repeat(101));
    for (title, body, status) in [("", "本文", 400), ("題名", "", 400), (long.as_str(), "本文", 400)] {
        let shown = browser
            .post(&format!("{path}/add"), &[("title", title), ("body", body)])
            .await;
        assert_eq!(shown.status, status, "{title}");
    }
    let fields = [("title", fits.as_str()), ("body", "一行目\r\n二行目"), ("from", "")];
    assert_eq!(browser.post(&format!("{path}/add"), &fields).await.status, 303);
    let later = [("title", "先のお知らせ"), ("body", "本文"), ("from", "2099-01-01")];
    browser.get(path).await;
    browser.post(&format!("{path}/add"), &later).await;
    let shown = theirs.get("/portal/news").await;
    assert!(shown.body.contains(&fits) && !shown.body.contains("先のお知らせ"));
    let shown = browser.get(path).await;
    assert!(shown.body.contains("先のお知らせ"));
    let news = shown.between("name=\"news\" value=\"", "\"").unwrap().to_owned();
    let fields = [("news", news.as_str()), ("confirmed", "yes")];
    browser.post(&format!("{path}/remove"), &fields).await;
    assert!(!browser.get(path).await.body.contains("先のお知らせ"));
    let shown = browser.post(&format!("{path}/remove"), &fields).await;
    assert_eq!(shown.problem(), Some("news_unknown"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_operators_do_is_in_the_audit_and_the_office_is_not_told_who() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let mut browser = Browser::operator(&exchange, OperatorRole::Administrator).await;
    let one = format!("/portal/operator/offices/{PLANNER}");
    browser.get(&one).await;
    browser
        .post(&format!("{one}/licence"), &[("until", "2028-03-31")])
        .await;
    browser.get("/portal/operator/operators").await;
    let fields = [("name", "運営 次郎"), ("role", "auditor")];
    let shown = browser.post("/portal/operator/operators/add", &fields).await;
    let (id, password) = (
        shown
            .between("<dd>OP", "</dd>")
            .map(|rest| format!("OP{rest}"))
            .unwrap(),
        shown.secret().unwrap(),
    );
    for act in [Act::SetLicence, Act::AddOperator, Act::PortalSignIn] {
        let search = AuditSearch {
            act: Some(act),
            limit: 10,
            ..AuditSearch::default()
        };
        let found = exchange.admin.search_audit(&search).await.unwrap();
        let by_operator = |found: &AuditFound| matches!(&found.record.by, Who::Operator { account: Some(account) } if account.key().starts_with("op"));
        assert!(found.iter().any(by_operator), "{act}");
    }
    let mut theirs = Browser::signed_in(&exchange, &office).await;
    let export = theirs.get("/portal/audit/export").await;
    assert!(
        export.body.contains("set_licence") && !export.body.contains("operator\":{\"account"),
        "{}",
        export.body
    );

    // The auditor sees it, page by page, and takes it out.
    let mut auditor = Browser::at(&exchange);
    assert_eq!(
        auditor.sign_in_operator(&id, &password).await.to(),
        "/portal/operator/password"
    );
    auditor.get("/portal/operator/password").await;
    let new = "betsu-no-aikotoba-2026";
    let fields = [("old", password.as_str()), ("new", new), ("again", new)];
    let shown = auditor.post("/portal/operator/password", &fields).await;
    assert_eq!(shown.to(), "/portal/operator/home?done=password");
    let path = "/portal/operator/audit";
    let shown = auditor.get(&format!("{path}?office={PLANNER}&act=set_licence")).await;
    assert!(shown.body.contains("ライセンス期限の変更"), "{}", shown.body);
    for wrong in ["office=12", "from=2026-02-30", "until=x"] {
        let shown = auditor.get(&format!("{path}?{wrong}")).await;
        assert_eq!(shown.problem(), Some("field_unfit"), "{wrong}");
    }
    for export in [format!("{path}/export?office={PLANNER}"), format!("{path}/export")] {
        let shown = auditor.get(&export).await;
        assert_eq!(shown.header("content-type"), Some("application/x-ndjson"), "{export}");
    }
    let shown = auditor.get(&format!("{path}?act=export_audit")).await;
    assert_eq!(
        shown.body.matches("監査記録の書き出し</td>").count(),
        2,
        "{}",
        shown.body
    );
    // Nobody changes how oneself stands.
    let shown = browser.get("/portal/operator/operators").await;
    assert!(shown.body.contains("ご自分です"), "{}", shown.body);
}
