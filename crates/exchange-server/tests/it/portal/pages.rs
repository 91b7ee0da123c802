//! What an office does on its pages, and what comes of it at its terminals.

use care_model::{DeliveryId, ProblemCode};
use chrono::TimeDelta;
use exchange_client::SignedIn;
use exchange_server::updates::{self, NewUpdate};

use super::Browser;
use crate::exchange::{Exchange, HELPER, Office, PLANNER, Terminal, account, bytes, header, json, refused, sign_in};

const NEW: &str = "jibun-de-kimeta-2026";

async fn step_1(terminal: &Terminal, id: &str, password: &str) -> Result<(), ProblemCode> {
    let password = password.to_owned().into();
    let answer = terminal.client.sign_in_person(&account(id), &password).await;
    answer.map(drop).map_err(|error| error.code())
}

/// Adds a person and gives the ID.
async fn add(browser: &mut Browser, name: &str) -> String {
    browser.get("/portal/people").await;
    let shown = browser.post("/portal/people/add", &[("name", name)]).await;
    assert_eq!(shown.to(), "/portal/people?done=added", "{shown:?}");
    let list = browser.get(shown.to()).await;
    let escaped = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let (_, row) = list
        .body
        .split_once(&format!("<th scope=\"row\">{escaped}</th>"))
        .unwrap();
    let (_, rest) = row.split_once("name=\"person\" value=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

async fn first_password(browser: &mut Browser, id: &str) -> Option<String> {
    browser.get("/portal/people").await;
    let shown = browser.post("/portal/people/first-password", &[("person", id)]).await;
    shown.secret()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_password_is_sealed_shown_once_and_changed_by_its_owner() {
    let exchange = Exchange::start_embedded().await;
    let (office, terminal, _) = exchange.desk(PLANNER, "43").await;
    let mut browser = Browser::signed_in(&exchange, &office).await;
    let id = add(&mut browser, "見本 春子").await;
    let password = first_password(&mut browser, &id).await.unwrap();
    assert_eq!(
        step_1(&terminal, &id, &password).await,
        Err(ProblemCode::PasswordChangeRequired)
    );
    browser.get("/portal/people").await;
    let again = browser.post("/portal/people/first-password", &[("person", &id)]).await;
    assert_eq!((again.status, again.problem()), (410, Some("first_password_gone")));
    let changed = terminal
        .client
        .change_password(&account(&id), &password.into(), &NEW.to_owned().into())
        .await;
    changed.unwrap();
    assert_eq!(step_1(&terminal, &id, NEW).await, Ok(()));

    // One that the owner changed before the office looked is not kept either.
    let made = exchange
        .admin
        .add_person(exchange_server::admin::NewPerson {
            office: office.made.number,
            name: "見本 夏子".to_owned(),
            person_id: None,
            password: None,
            provisional: true,
        })
        .await
        .unwrap();
    let on_disk = |text: &str| {
        let files = std::fs::read_dir(&exchange.settings.data).unwrap().flatten();
        files.filter(|entry| entry.path().is_file()).any(|entry| {
            let bytes = std::fs::read(entry.path()).unwrap();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    };
    assert!(!on_disk(&made.password), "sealed at rest");
    assert!(on_disk(made.person_id.as_str()), "the files were looked at");
    let (old, new) = (made.password.clone().into(), NEW.to_owned().into());
    terminal
        .client
        .change_password(&made.person_id, &old, &new)
        .await
        .unwrap();
    assert_eq!(first_password(&mut browser, made.person_id.as_str()).await, None);

    // A reset asks first, then makes one that is shown once as well.
    browser.get("/portal/people").await;
    let asked = browser.post("/portal/people/reset", &[("person", &id)]).await;
    assert_eq!(asked.status, 200);
    assert_eq!(step_1(&terminal, &id, NEW).await, Ok(()), "nothing happened yet");
    let fields = [("person", id.as_str()), ("confirmed", "yes")];
    assert_eq!(
        browser.post("/portal/people/reset", &fields).await.to(),
        "/portal/people?done=reset"
    );
    assert_eq!(step_1(&terminal, &id, NEW).await, Err(ProblemCode::PersonSignInRefused));
    let password = first_password(&mut browser, &id).await.unwrap();
    assert_eq!(
        step_1(&terminal, &id, &password).await,
        Err(ProblemCode::PasswordChangeRequired)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_text_whatever_stands_in_it() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let mut browser = Browser::signed_in(&exchange, &office).await;
    let wicked = "<script>alert(1)</script>&<img src=x onerror=alert(2)>";
    let id = add(&mut browser, wicked).await;
    let long = "名".repeat(60);
    add(&mut browser, &long).await;
    browser.get("/portal/people").await;
    let asked = browser.post("/portal/people/stop", &[("person", &id)]).await;
    let fields = [("person", id.as_str())];
    let pages = [
        browser.get("/portal/people").await,
        asked,
        browser.post("/portal/people/first-password", &fields).await,
    ];
    for page in &pages {
        assert!(page.body.contains("&lt;script&gt;"), "{}", page.body);
        assert!(
            !page.body.contains("<script") && !page.body.contains("<img src=x"),
            "{}",
            page.body
        );
    }
    let too_long = "名".repeat(61);
    browser.get("/portal/people").await;
    for name in ["", "   ", "a\u{7}b", too_long.as_str()] {
        let shown = browser.post("/portal/people/add", &[("name", name)]).await;
        assert_eq!(
            (shown.status, shown.problem()),
            (400, Some("person_name_unfit")),
            "{name:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_person_is_out_at_once_and_comes_back() {
    let exchange = Exchange::start().await;
    let (office, terminal, line) = exchange.desk(PLANNER, "43").await;
    let mut events = line.events().await.unwrap();
    let mut browser = Browser::signed_in(&exchange, &office).await;
    browser.get("/portal/people").await;
    let id = office.person.person_id.to_string();
    let fields = [("person", id.as_str()), ("confirmed", "yes")];
    let step = terminal
        .client
        .sign_in_person(&office.person.person_id, &office.person.password.clone().into())
        .await
        .unwrap();
    assert_eq!(
        browser.post("/portal/people/stop", &fields).await.to(),
        "/portal/people?done=stopped"
    );
    while events.next().await.unwrap().is_some() {}
    assert_eq!(refused(line.me().await), ProblemCode::SignInRequired);
    assert_eq!(refused(sign_in(&terminal, &office).await), ProblemCode::PersonStopped);
    // Whoever was between the two steps does not slip through, and a stranger learns nothing.
    let kj = office.made.password.clone().into();
    let second = terminal.client.sign_in_office(&step, &office.made.office_id, &kj).await;
    assert_eq!(refused(second), ProblemCode::SignInRequired);
    assert_eq!(
        step_1(&terminal, &id, "machigai-password").await,
        Err(ProblemCode::PersonSignInRefused)
    );
    assert_eq!(
        browser.post("/portal/people/resume", &fields).await.to(),
        "/portal/people?done=resumed"
    );
    sign_in(&terminal, &office).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn terminals_come_by_a_password_shown_once_and_go_at_once() {
    let exchange = Exchange::start().await;
    let (office, _, line) = exchange.desk(PLANNER, "43").await;
    let mut browser = Browser::signed_in(&exchange, &office).await;
    browser.get("/portal/terminals").await;
    let made = browser.post("/portal/issue-passwords/make", &[]).await;
    let password = made.secret().unwrap();
    let list = browser.get("/portal/terminals").await;
    assert!(!list.body.contains(&password));
    let beside = exchange.enrol(&office, &password, "相談室<b>").await.unwrap();
    let list = browser.get("/portal/terminals").await;
    assert!(list.body.contains("相談室&lt;b&gt;"), "{}", list.body);

    // A withdrawn one opens nothing; the first of the office is open still and goes first.
    while let Some(row) = browser
        .get("/portal/terminals")
        .await
        .between("name=\"row\" value=\"", "\"")
    {
        let shown = browser.post("/portal/issue-passwords/withdraw", &[("row", row)]).await;
        assert_eq!(shown.to(), "/portal/terminals?done=withdrawn");
    }
    browser.get("/portal/terminals").await;
    let made = browser
        .post("/portal/issue-passwords/make", &[])
        .await
        .secret()
        .unwrap();
    let list = browser.get("/portal/terminals").await;
    let row = list.between("name=\"row\" value=\"", "\"").unwrap().to_owned();
    browser.post("/portal/issue-passwords/withdraw", &[("row", &row)]).await;
    assert_eq!(
        refused(exchange.enrol(&office, &made, "倉庫").await),
        ProblemCode::EnrolmentPasswordRefused
    );
    for count in 0..11 {
        let shown = browser.post("/portal/issue-passwords/make", &[]).await;
        let problem = (count == 10).then_some("issue_passwords_too_many");
        assert_eq!(shown.problem(), problem, "{count}");
    }

    let other = sign_in(&beside, &office).await.unwrap();
    let mut events = other.events().await.unwrap();
    browser.get("/portal/terminals").await;
    let id = beside.answer.terminal.to_string();
    let asked = browser.post("/portal/terminals/revoke", &[("terminal", &id)]).await;
    assert_eq!(asked.status, 200);
    other.me().await.unwrap();
    let fields = [("terminal", id.as_str()), ("confirmed", "yes")];
    let shown = browser.post("/portal/terminals/revoke", &fields).await;
    assert_eq!(shown.to(), "/portal/terminals?done=revoked");
    while events.next().await.unwrap().is_some() {}
    assert_eq!(refused(other.me().await), ProblemCode::CertificateRevoked);
    line.me().await.unwrap();
    assert_eq!(browser.post("/portal/terminals/revoke", &fields).await.status, 404);
    assert_eq!(
        browser
            .post("/portal/terminals/revoke", &[("terminal", "nothing")])
            .await
            .status,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_for_the_licence_stands_until_it_is_answered() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let mut browser = Browser::signed_in(&exchange, &office).await;
    let offers = async |browser: &mut Browser| {
        let body = browser.get("/portal/licence").await.body;
        ["ask", "stop", "withdraw"].map(|act| body.contains(&format!("action=\"/portal/licence/{act}\"")))
    };
    assert_eq!(offers(&mut browser).await, [true, true, false]);
    for act in ["ask", "stop"] {
        browser.post(&format!("/portal/licence/{act}"), &[]).await;
        assert_eq!(offers(&mut browser).await, [false, false, true], "{act}");
        browser.post("/portal/licence/withdraw", &[]).await;
        assert_eq!(offers(&mut browser).await, [true, true, false], "{act}");
    }
    browser.post("/portal/licence/ask", &[]).await;
    let asked = exchange.admin.licence_requests().await.unwrap();
    assert_eq!(
        asked.iter().map(|asked| asked.office).collect::<Vec<_>>(),
        [office.made.number]
    );
    let until = exchange.clock.now() + TimeDelta::days(59);
    exchange.admin.set_licence(office.made.number, until).await.unwrap();
    assert_eq!(offers(&mut browser).await, [true, true, false]);
    assert!(exchange.admin.licence_requests().await.unwrap().is_empty());
    // Asked of the database by the process that did not change it: within half a second, or on the next page.
    while !browser.get("/portal/home").await.body.contains("notice warn") {}
}

const PARTS: &[(Option<&str>, &[u8])] = &[(Some("cover"), b"{}"), (Some("A.CSV"), b"one two three")];

async fn send(from: &Office, line: &SignedIn, to: &Office) -> DeliveryId {
    let header = header(from, to, PARTS);
    line.send_small(header.id, &json(&header), &bytes(PARTS)).await.unwrap();
    header.id
}

/// Fetches a delivery to its end: 済.
async fn receive(line: &SignedIn, id: DeliveryId) {
    let claim = line.claim(id, None).await.unwrap();
    let mut part = line.fetch_part(&claim, 1, 0).unwrap();
    while part.next().await.unwrap().is_some() {}
    line.confirm(id, claim.fence).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_are_those_of_the_deliveries() {
    let exchange = Exchange::start().await;
    let (planner, _, line) = exchange.desk(PLANNER, "43").await;
    let (helper, _, other) = exchange.desk(HELPER, "11").await;
    let mut sent = Vec::new();
    for _ in 0..3 {
        sent.push(send(&planner, &line, &helper).await);
    }
    line.recall(sent[0]).await.unwrap();
    receive(&other, sent[1]).await;
    let counts = async |office: &Office| {
        let shown = Browser::signed_in(&exchange, office).await.get("/portal/usage").await;
        let (_, table) = shown.body.split_once("<tbody>").unwrap();
        let row = table.split_once("</tr>").unwrap().0.to_owned();
        let cells = row.split("<td").skip(1).map(|cell| {
            let (_, text) = cell.split_once('>').unwrap();
            text.split_once('<').unwrap().0.parse::<u64>().unwrap()
        });
        cells.collect::<Vec<_>>()
    };
    assert_eq!(counts(&planner).await, [3, 1, 0, 0, 0]);
    assert_eq!(counts(&helper).await, [0, 0, 3, 1, 1]);
    let home = Browser::signed_in(&exchange, &helper).await.get("/portal/home").await;
    assert!(
        home.between("<p class=\"figure\">", "</p>").unwrap().starts_with('1'),
        "{}",
        home.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_are_what_was_put_up() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let mut browser = Browser::signed_in(&exchange, &office).await;
    assert!(browser.get("/portal/downloads").await.body.contains("class=\"empty\""));
    let (file, signature) = (
        exchange.folder.path().join("installer"),
        exchange.folder.path().join("minisig"),
    );
    std::fs::write(&file, "the bytes of an installer").unwrap();
    let comment = "trusted comment: careplan-exchange 1.2.3 windows-x86_64-msi";
    std::fs::write(&signature, format!("untrusted comment: none\nRUQ\n{comment}\nbase64\n")).unwrap();
    let update = NewUpdate {
        target: "windows-x86_64-msi".parse().unwrap(),
        version: "1.2.3".parse().unwrap(),
        file,
        signature,
        notes: "<b>見やすく</b>なりました。".to_owned(),
    };
    updates::publish(&exchange.settings.data, &update, exchange.clock.now()).unwrap();
    let shown = browser.get("/portal/downloads").await;
    let place = "/portal/downloads/windows-x86_64-msi/1.2.3";
    assert!(
        shown.body.contains(place) && shown.body.contains("&lt;b&gt;"),
        "{}",
        shown.body
    );
    let got = browser.get(place).await;
    assert_eq!((got.status, got.body.as_str()), (200, "the bytes of an installer"));
    assert_eq!(
        got.header("content-disposition"),
        Some("attachment; filename=\"careplan-exchange-1.2.3-windows-x86_64.msi\"")
    );
    assert!(browser.get(&format!("{place}/signature")).await.body.contains(comment));
    for nothing in [
        "windows-x86_64-msi/1.2.4",
        "..%2f..%2fx/1.2.3",
        "linux-x86_64-deb/1.2.3",
    ] {
        let shown = browser.get(&format!("/portal/downloads/{nothing}")).await;
        assert!(matches!(shown.status, 400 | 404), "{nothing}: {}", shown.status);
        assert!(shown.problem().is_some(), "{nothing}");
    }
    let file = browser.get("/portal/connection-file").await;
    exchange_client::Connection::parse(file.body.as_bytes()).unwrap();
}
