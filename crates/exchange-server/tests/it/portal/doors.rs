//! Who sees what, and what a form must carry.

use exchange_server::{PAGES, Viewer};
use exchange_store::OperatorRole;

use super::{Browser, Shown};
use crate::exchange::{Exchange, HELPER, PLANNER};

fn path(path: &str) -> String {
    path.replace("{target}", "linux-x86_64-deb")
        .replace("{version}", "9.9.9")
        .replace("{number}", PLANNER)
}

async fn ask(browser: &mut Browser, method: &str, path: &str) -> Shown {
    match method {
        "get" => browser.get(path).await,
        _ => browser.post(path, &[]).await,
    }
}

/// What stands on every answer, whatever it says.
fn is_strict(shown: &Shown, what: &str) {
    let policy = shown.header("content-security-policy").unwrap_or_default();
    for part in [
        "default-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(shown.header(name), Some(value), "{what}: {}", shown.head);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_keeps_out_whom_the_table_keeps_out() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let other = exchange.office(HELPER, "11").await;
    let reset = exchange.admin.reset_password(&other.made.office_id).await.unwrap();
    for page in PAGES.iter().filter(|page| !page.path.ends_with("/sign-in")) {
        let (path, what) = (path(page.path), format!("{} {}", page.method, page.path));
        let mut nobody = Browser::at(&exchange);
        let shown = ask(&mut nobody, page.method, &path).await;
        is_strict(&shown, &what);
        match (page.viewer, page.method) {
            (Viewer::Anybody, _) => assert!(matches!(shown.status, 200 | 303), "{what}: {shown:?}"),
            (_, "get") => assert!(
                shown.status == 303 && shown.to().ends_with("/sign-in"),
                "{what}: {shown:?}"
            ),
            _ => assert_eq!(
                (shown.status, shown.problem()),
                (401, Some("portal_session_ended")),
                "{what}"
            ),
        }
        if matches!(page.viewer, Viewer::OperatorEntering | Viewer::Operator(_)) {
            continue;
        }
        // Who has only a provisional password gets as far as changing it.
        let mut entering = Browser::at(&exchange);
        let led = entering.sign_in(other.made.office_id.as_str(), &reset.password).await;
        assert_eq!((led.status, led.to()), (303, "/portal/password"));
        entering.get("/portal/password").await;
        let shown = ask(&mut entering, page.method, &path).await;
        is_strict(&shown, &what);
        if page.viewer == Viewer::Office {
            assert_eq!((shown.status, shown.to()), (303, "/portal/password"), "{what}");
        }
        if page.viewer == Viewer::Office {
            let mut inside = Browser::signed_in(&exchange, &office).await;
            inside.get("/portal/people").await;
            let shown = ask(&mut inside, page.method, &path).await;
            is_strict(&shown, &what);
            assert_ne!(shown.status, 401, "{what}");
            assert!(shown.status < 500, "{what}: {shown:?}");
            assert!(!shown.to().ends_with("/sign-in"), "{what}: {shown:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_form_counts_without_the_secret_of_its_session() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let other = exchange.office(HELPER, "11").await;
    let mut stranger = Browser::signed_in(&exchange, &other).await;
    stranger.get("/portal/people").await;
    for page in PAGES.iter().filter(|page| page.method == "post") {
        let mut browser = match page.viewer {
            Viewer::Anybody => Browser::at(&exchange),
            Viewer::OperatorEntering | Viewer::Operator(_) => {
                Browser::operator(&exchange, OperatorRole::Administrator).await
            }
            _ => Browser::signed_in(&exchange, &office).await,
        };
        let path = path(page.path);
        browser.get("/portal/people").await;
        browser.get("/portal/sign-in").await;
        for form in [None, Some(""), Some("wrong"), Some(stranger.form.as_str())] {
            let shown = browser.post_as(&path, form, &[("name", "見本 花子")]).await;
            assert_eq!(
                (shown.status, shown.problem()),
                (403, Some("form_expired")),
                "{} with {form:?}",
                page.path
            );
        }
        // Even the right one not from another site, and in no other shape.
        browser.get("/portal/people").await;
        browser.get("/portal/operator/home").await;
        browser.extra = "Sec-Fetch-Site: cross-site\r\n".to_owned();
        assert_eq!(browser.post(&path, &[]).await.status, 403, "{}", page.path);
        browser.extra.clear();
        let shown = browser.call("POST", &path, "application/json", "{}").await;
        assert_eq!(shown.status, 400, "{}", page.path);
    }
    let mut browser = Browser::signed_in(&exchange, &office).await;
    let people = browser.get("/portal/people").await;
    assert!(!people.body.contains("見本 花子"), "nothing was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_has_a_size_and_an_unknown_address_a_page() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let mut browser = Browser::signed_in(&exchange, &office).await;
    browser.get("/portal/people").await;
    let form = browser.form.clone();
    let fits = 16 * 1_024 - "form=&name=".len() - form.len();
    for (length, status) in [(fits, 400), (fits + 1, 413)] {
        let shown = browser
            .post("/portal/people/add", &[("name", &"a".repeat(length))])
            .await;
        assert_eq!(shown.status, status, "{length}");
        browser.form.clone_from(&form);
    }
    for path in ["/portal/nothing", "/portal/people/", "/portal/%2e%2e/x"] {
        let shown = browser.get(path).await;
        assert_eq!((shown.status, shown.problem()), (404, Some("page_unknown")), "{path}");
        is_strict(&shown, path);
    }
    // Of an address that takes only forms, or no forms at all.
    for (method, path) in [("GET", "/portal/people/add"), ("POST", "/portal/home")] {
        let shown = browser
            .call(method, path, "application/x-www-form-urlencoded", "")
            .await;
        assert_eq!(shown.status, 405, "{method} {path}");
        is_strict(&shown, path);
        assert!(shown.body.starts_with("<!DOCTYPE html>"), "{}", shown.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_are_bound_to_this_host_and_no_script_reads_them() {
    let exchange = Exchange::start_embedded().await;
    let office = exchange.office(PLANNER, "43").await;
    let mut browser = Browser::at(&exchange);
    let shown = browser.get("/portal/sign-in").await;
    let (id, password) = (office.made.office_id.as_str(), office.made.password.as_str());
    let entered = browser
        .post("/portal/sign-in", &[("id", id), ("password", password)])
        .await;
    for shown in [&shown, &entered] {
        let cookie = shown.header("set-cookie").unwrap();
        assert!(cookie.starts_with("__Host-"), "{cookie}");
        for flag in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
            assert!(cookie.contains(flag), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    // Nothing of the cookie stands in the database.
    let token = &browser.cookies["__Host-careplan-portal"];
    for entry in std::fs::read_dir(&exchange.settings.data).unwrap().flatten() {
        if entry.path().is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            let found = bytes.windows(token.len()).any(|window| window == token.as_bytes());
            assert!(!found, "{:?}", entry.path());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_office_touches_nothing_of_another() {
    let exchange = Exchange::start().await;
    let (office, terminal, line) = exchange.desk(PLANNER, "43").await;
    let other = exchange.office(HELPER, "11").await;
    exchange
        .admin
        .issue_password(office.made.number, None, 730)
        .await
        .unwrap();
    let mut browser = Browser::signed_in(&exchange, &other).await;
    browser.get("/portal/people").await;
    let person = office.person.person_id.as_str();
    for path in ["stop", "resume", "reset", "first-password"] {
        let path = format!("/portal/people/{path}");
        let shown = browser.post(&path, &[("person", person), ("confirmed", "yes")]).await;
        assert_eq!((shown.status, shown.problem()), (404, Some("person_unknown")), "{path}");
    }
    let id = terminal.answer.terminal.to_string();
    let fields = [("terminal", id.as_str()), ("confirmed", "yes")];
    let shown = browser.post("/portal/terminals/revoke", &fields).await;
    assert_eq!((shown.status, shown.problem()), (404, Some("terminal_unknown")));
    let mut own = Browser::signed_in(&exchange, &office).await;
    let terminals = own.get("/portal/terminals").await;
    let row = terminals.between("name=\"row\" value=\"", "\"").unwrap().to_owned();
    browser.post("/portal/issue-passwords/withdraw", &[("row", &row)]).await;
    assert_eq!(
        own.get("/portal/terminals").await.body.matches("name=\"row\"").count(),
        terminals.body.matches("name=\"row\"").count()
    );
    line.me().await.unwrap();
}

/// What is no page is strict too, whoever leads a browser to it and by whatever method.
#[tokio::test(flavor = "multi_thread")]
async fn answers_of_the_api_are_strict_too() {
    let exchange = Exchange::start().await;
    let mut browser = Browser::at(&exchange);
    for (method, path, status) in [
        ("GET", "/v1/exchange", 200),
        ("GET", "/v1/openapi.json", 200),
        ("GET", "/v1/nothing", 404),
        ("POST", "/v1/exchange", 405),
        ("TRACE", "/v1/exchange", 405),
        ("OPTIONS", "/v1/exchange", 405),
        ("TRACE", "/portal/sign-in", 405),
        ("GET", "/portal/sign-in", 200),
    ] {
        browser.extra = "Origin: https://elsewhere.example\r\n".to_owned();
        let shown = browser.call(method, path, "", "").await;
        let what = format!("{method} {path}: {}", shown.head);
        assert_eq!(shown.status, status, "{what}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("strict-transport-security", "max-age=31536000; includeSubDomains"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(shown.header(name), Some(value), "{name} of {what}");
        }
        let policy = shown.header("content-security-policy").unwrap_or_default();
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{part} of {what}");
        }
        // No other origin may read it, and nothing of the request comes back.
        assert!(!shown.head.to_ascii_lowercase().contains("access-control"), "{what}");
        assert!(
            !shown.head.contains("elsewhere.example") && !shown.body.contains("elsewhere.example"),
            "{what}"
        );
    }
}
