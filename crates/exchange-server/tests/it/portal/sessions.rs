//! Signing in to the portal and how a session ends.

use chrono::TimeDelta;

use super::Browser;
use crate::exchange::{Exchange, PLANNER, refused, sign_in};

const NEW: &str = "jibun-de-kimeta-2026";

async fn is_in(browser: &mut Browser) -> bool {
    browser.get("/portal/home").await.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_tells_nothing_and_makes_wait_only_where_it_was_tried() {
    let exchange = Exchange::start().await;
    let (office, terminal, _) = exchange.desk(PLANNER, "43").await;
    let id = office.made.office_id.as_str();
    let mut browser = Browser::at(&exchange);
    let mut known = browser.sign_in(id, "machigai-password").await;
    let mut unknown = browser.sign_in("KJ0000000000", "machigai-password").await;
    for shown in [&mut known, &mut unknown] {
        assert_eq!((shown.status, shown.problem()), (401, Some("office_sign_in_refused")));
        shown.body = shown.body.replace(id, "").replace("KJ0000000000", "");
    }
    assert_eq!(known.body, unknown.body);
    for wrong in ["c0000000001", "", "KJ", "KJ 0; DROP", "<script>"] {
        let shown = browser.sign_in(wrong, "machigai-password").await;
        assert!(
            matches!(shown.problem(), Some("office_id_expected" | "office_sign_in_refused")),
            "{wrong}: {:?}",
            shown.problem()
        );
        assert!(!shown.body.contains("<script"), "{wrong}");
    }
    for _ in 0..5 {
        browser.sign_in(id, "machigai-password").await;
    }
    let shown = browser.sign_in(id, &office.made.password).await;
    assert_eq!((shown.status, shown.problem()), (429, Some("sign_in_delayed")));
    // At the office's own terminal nobody waits.
    sign_in(&terminal, &office).await.unwrap();
    exchange.clock.advance(TimeDelta::minutes(2));
    assert_eq!(browser.sign_in(id, &office.made.password).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_it_is_idle_and_after_eight_hours() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let mut browser = Browser::signed_in(&exchange, &office).await;
    exchange.clock.advance(TimeDelta::minutes(29));
    assert!(is_in(&mut browser).await);
    exchange.clock.advance(TimeDelta::minutes(31));
    let shown = browser.get("/portal/home").await;
    assert_eq!((shown.status, shown.problem()), (401, Some("portal_session_ended")));
    let mut busy = Browser::signed_in(&exchange, &office).await;
    for _ in 0..23 {
        exchange.clock.advance(TimeDelta::minutes(20));
        assert!(is_in(&mut busy).await);
    }
    exchange.clock.advance(TimeDelta::minutes(20));
    assert!(!is_in(&mut busy).await);
    exchange.running.sweep().await.unwrap();
    assert!(!is_in(&mut busy).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_this_session_or_all_of_them() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let mut here = Browser::signed_in(&exchange, &office).await;
    let mut there = Browser::signed_in(&exchange, &office).await;
    let mut third = Browser::signed_in(&exchange, &office).await;
    here.get("/portal/home").await;
    let kept = here.clone();
    let shown = here.post("/portal/sign-out", &[]).await;
    assert_eq!(shown.to(), "/portal/sign-in?done=out");
    // A copy of the cookie is worth nothing any more.
    assert!(!is_in(&mut kept.clone()).await);
    assert!(is_in(&mut there).await);
    let shown = there.post("/portal/sign-out-everywhere", &[]).await;
    assert_eq!(shown.to(), "/portal/sign-in?done=everywhere");
    assert!(!is_in(&mut third).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_every_other_session_and_gives_this_browser_a_new_one() {
    let exchange = Exchange::start().await;
    let (office, _, line) = exchange.desk(PLANNER, "43").await;
    let mut browser = Browser::signed_in(&exchange, &office).await;
    let mut other = Browser::signed_in(&exchange, &office).await;
    browser.get("/portal/password").await;
    let before = browser.clone();
    let old = office.made.password.as_str();
    let with_id = format!("{}-desu", office.made.office_id);
    let (short, long) = ("x".repeat(11), "x".repeat(65));
    for (old, new, again, problem) in [
        ("machigai-password", NEW, NEW, "office_sign_in_refused"),
        (old, NEW, "betsu-no-mono-2026", "passwords_differ"),
        (old, old, old, "password_unfit"),
        (old, with_id.as_str(), with_id.as_str(), "password_unfit"),
        (old, short.as_str(), short.as_str(), "password_length"),
        (old, long.as_str(), long.as_str(), "password_length"),
    ] {
        let fields = [("old", old), ("new", new), ("again", again)];
        let shown = browser.post("/portal/password", &fields).await;
        assert_eq!(shown.problem(), Some(problem));
        assert!(!shown.body.contains(new), "no password comes back");
    }
    let fields = [("old", old), ("new", NEW), ("again", NEW)];
    let shown = browser.post("/portal/password", &fields).await;
    assert_eq!(shown.to(), "/portal/home?done=password", "{shown:?}");
    assert!(is_in(&mut browser).await);
    assert!(!is_in(&mut other).await);
    assert!(!is_in(&mut before.clone()).await);
    assert_eq!(refused(line.me().await), care_model::ProblemCode::SignInRequired);
    exchange.admin.reset_password(&office.made.office_id).await.unwrap();
    assert!(!is_in(&mut browser).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provisional_password_opens_the_portal_once_it_is_changed() {
    let exchange = Exchange::start().await;
    let office = exchange.office(PLANNER, "43").await;
    let reset = exchange.admin.reset_password(&office.made.office_id).await.unwrap();
    let mut browser = Browser::at(&exchange);
    let shown = browser.sign_in(office.made.office_id.as_str(), &reset.password).await;
    assert_eq!(shown.to(), "/portal/password");
    assert_eq!(browser.get("/portal/people").await.to(), "/portal/password");
    browser.get("/portal/password").await;
    let fields = [("old", reset.password.as_str()), ("new", NEW), ("again", NEW)];
    browser.post("/portal/password", &fields).await;
    assert_eq!(browser.get("/portal/people").await.status, 200);
}
