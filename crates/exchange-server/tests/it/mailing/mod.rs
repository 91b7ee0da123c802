//! Offices are told by a real mail server that something waits, and of nothing else.

mod mail_server;

use std::{fs::File, net::SocketAddr, process::Stdio, time::Duration};

use care_model::limits;
use chrono::{TimeDelta, Timelike as _, Utc};
use exchange_server::{MailSettings, Server};
use sqlx::{Connection as _, SqliteConnection};

use self::mail_server::{FROM, Mail, MailServer};
use crate::{
    bare::ask,
    exchange::{Exchange, HELPER, Office, PLANNER, Terminal, bytes, header, json, sign_in},
    ground::{PARTS, Process, fetch, program},
    portal::Browser,
};

const ADDRESS: &str = "uketsuke@jimusho.example.jp";

/// An exchange that sends mail, asked for operations, at midnight in Japan.
async fn started(mail: MailSettings) -> Exchange {
    let mut exchange = Exchange::start_embedded().await;
    exchange.settings.mail = Some(mail);
    exchange.settings.operations_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    exchange.settings.disk_free_floor_bytes = 0;
    // So that it is well with the audit, wherever the clock is set.
    exchange.settings.seal_every = Duration::from_millis(100);
    // Midnight in Japan is 15:00 of the day before elsewhere.
    let now = exchange.clock.now();
    let to_midnight = (15 + 24 - i64::from(now.hour())) % 24;
    exchange.clock.advance(TimeDelta::hours(to_midnight));
    exchange.restart().await
}

/// Names an address at the portal, and types in the code that comes there as the mail server's `count`th mail.
async fn confirm(exchange: &Exchange, office: &Office, mail_server: &MailServer, count: usize) -> Mail {
    let mut browser = Browser::signed_in(exchange, office).await;
    browser.get("/portal/mail").await;
    let shown = browser.post("/portal/mail/set", &[("address", ADDRESS)]).await;
    assert_eq!(shown.to(), "/portal/mail?done=asked", "{shown:?}");
    let mail = mail_server.takes(count).await;
    let shown = browser.post("/portal/mail/confirm", &[("code", &mail.code())]).await;
    assert_eq!(shown.to(), "/portal/mail?done=confirmed", "{shown:?}");
    mail
}

/// A delivery from the one to the other.
async fn send(planner: &Office, here: &Terminal, helper: &Office) -> care_model::DeliveryId {
    let header = header(planner, helper, PARTS);
    let sender = sign_in(here, planner).await.unwrap();
    sender
        .send_small(header.id, &json(&header), &bytes(PARTS))
        .await
        .unwrap();
    header.id
}

/// So many minutes go by, with a sweep at their end, and what is due then is sent.
async fn pass(exchange: &Exchange, minutes: i64) {
    exchange.clock.advance(TimeDelta::minutes(minutes));
    exchange.running.sweep().await.unwrap();
    exchange.running.send_mails().await.unwrap();
}

async fn queued(exchange: &Exchange) -> u64 {
    exchange.running.mails_queued().await.unwrap()
}

/// Waits until the server says that it is in a state, in which it serves.
async fn until_it_says(exchange: &Exchange, expected: &str) {
    let url = exchange.running.operations_url.clone().unwrap();
    loop {
        let (status, ready) = ask(&url, "/ready").await;
        let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
        if ready["state"] == expected {
            assert_eq!(status, 200, "{ready}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_whose_client_is_away_gets_one_mail_a_day_that_says_nothing_of_anybody() {
    let mail_server = MailServer::start();
    let exchange = started(mail_server.settings()).await;
    let (planner, here, _) = exchange.desk(PLANNER, "43").await;
    let (helper, there, _) = exchange.desk(HELPER, "11").await;
    let code = confirm(&exchange, &helper, &mail_server, 1).await;
    assert_eq!(code.subject(), messages::mail::code_subject());
    let id = send(&planner, &here, &helper).await;
    pass(&exchange, 0).await;
    pass(&exchange, 59).await;
    assert_eq!((queued(&exchange).await, mail_server.taken().len()), (0, 1));
    pass(&exchange, 2).await;
    let notice = mail_server.takes(2).await;
    assert_eq!(
        (notice.from.as_str(), &notice.to[..]),
        (FROM, &[ADDRESS.to_owned()][..])
    );
    assert!(notice.secure && notice.user == "exchange", "TLS and a password");
    assert_eq!(notice.subject(), messages::mail::waiting_subject());
    let (telephone, hours) = (messages::help_desk::telephone(), messages::help_desk::hours());
    let foot = messages::mail::foot(telephone, hours);
    assert_eq!(notice.body(), format!("{}\n\n{foot}\n", messages::mail::waiting()));
    for (name, value) in [
        ("To", ADDRESS),
        ("Auto-Submitted", "auto-generated"),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
    ] {
        assert_eq!(notice.field(name), value);
    }
    assert!(notice.field("From").ends_with(&format!("<{FROM}>")));
    assert!(notice.field("Message-ID").ends_with("@koukan.example.jp>"));
    assert!(notice.field("Date").ends_with("+0000"));
    for mail in [&code, &notice] {
        assert!(mail.text.is_ascii(), "any mail server can pass it on");
        for unsaid in [
            PLANNER,
            HELPER,
            "事業所9970",
            "見本",
            "受付",
            "A.CSV",
            "http",
            "localhost",
            &id.to_string(),
            helper.made.office_id.as_str(),
        ] {
            assert!(!mail.body().contains(unsaid), "{unsaid} stands in {}", mail.body());
            assert!(!mail.text.contains(unsaid), "{unsaid} stands in {}", mail.text);
        }
    }
    // No second one that day, and one the next day as long as it waits.
    for minutes in [1, 60, 300] {
        pass(&exchange, minutes).await;
    }
    assert_eq!((queued(&exchange).await, mail_server.taken().len()), (0, 2));
    pass(&exchange, 24 * 60).await;
    mail_server.takes(3).await;
    let receiver = sign_in(&there, &helper).await.unwrap();
    fetch(&receiver, id).await;
    pass(&exchange, 24 * 60).await;
    pass(&exchange, 24 * 60).await;
    assert_eq!((queued(&exchange).await, mail_server.taken().len()), (0, 3));
    let url = exchange.running.operations_url.clone().unwrap();
    let (_, metrics) = ask(&url, "/metrics").await;
    assert!(metrics.contains("careplan_mails_total{result=\"sent\"} 3"), "{metrics}");
    assert!(
        metrics.contains("careplan_mails_total{result=\"unknown\"} 0"),
        "{metrics}"
    );
    assert!(metrics.contains("careplan_mails_queued 0"), "{metrics}");
    assert!(!metrics.contains("jimusho"), "{metrics}");
    // The office's own page says when.
    let mut browser = Browser::signed_in(&exchange, &helper).await;
    let shown = browser.get("/portal/mail").await;
    assert!(
        shown.body.contains(ADDRESS) && shown.body.contains("確認済み"),
        "{}",
        shown.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_client_listens_and_an_hour_after_a_sign_in_nobody_is_told() {
    let mail_server = MailServer::start();
    let exchange = started(mail_server.settings()).await;
    let (planner, here, _) = exchange.desk(PLANNER, "43").await;
    let (helper, there, receiver) = exchange.desk(HELPER, "11").await;
    confirm(&exchange, &helper, &mail_server, 1).await;
    send(&planner, &here, &helper).await;
    let events = receiver.events().await.unwrap();
    pass(&exchange, 0).await;
    for _ in 0..4 {
        pass(&exchange, 60).await;
    }
    assert_eq!((queued(&exchange).await, mail_server.taken().len()), (0, 1));
    drop(events);
    // The server notices the end of a stream a little later.
    let url = exchange.running.operations_url.clone().unwrap();
    while !ask(&url, "/metrics").await.1.contains("careplan_event_streams 0") {
        tokio::task::yield_now().await;
    }
    sign_in(&there, &helper).await.unwrap();
    pass(&exchange, 59).await;
    assert_eq!((queued(&exchange).await, mail_server.taken().len()), (0, 1));
    pass(&exchange, 1).await;
    mail_server.takes(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_away_is_tried_again_and_one_mail_comes() {
    let mut mail_server = MailServer::start();
    let exchange = started(mail_server.settings()).await;
    let (planner, here, _) = exchange.desk(PLANNER, "43").await;
    let (helper, ..) = exchange.desk(HELPER, "11").await;
    confirm(&exchange, &helper, &mail_server, 1).await;
    mail_server.goes();
    send(&planner, &here, &helper).await;
    pass(&exchange, 0).await;
    pass(&exchange, 61).await;
    until_it_says(&exchange, "mail_failing").await;
    for minutes in [2, 4, 8] {
        pass(&exchange, minutes).await;
        assert_eq!(queued(&exchange).await, 1, "it is not given up");
    }
    mail_server.comes(&[]);
    for _ in 0..4 {
        pass(&exchange, 60).await;
    }
    mail_server.takes(2).await;
    until_it_says(&exchange, "ready").await;
    assert_eq!((queued(&exchange).await, mail_server.taken().len()), (0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_takes_no_mail_is_told_to_the_office() {
    let mail_server = MailServer::start();
    let exchange = started(mail_server.settings()).await;
    let helper = exchange.office(HELPER, "11").await;
    let mut browser = Browser::signed_in(&exchange, &helper).await;
    browser.get("/portal/mail").await;
    let failed = async |browser: &mut Browser| {
        browser
            .get("/portal/mail")
            .await
            .body
            .contains("お送りできませんでした")
    };
    for address in ["refused@jimusho.example.jp", "later@jimusho.example.jp"] {
        browser.post("/portal/mail/set", &[("address", address)]).await;
        // What is refused for now is tried for some hours.
        for _ in 0..14 {
            pass(&exchange, 60).await;
        }
        browser = Browser::signed_in(&exchange, &helper).await;
        assert!(failed(&mut browser).await, "{address}");
    }
    assert_eq!((queued(&exchange).await, mail_server.taken().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_cannot_be_trusted_or_does_not_trust_us_gets_nothing() {
    type Change = fn(String) -> String;
    let changes: [(&str, Change, &[&str]); 4] = [
        (
            "another authority",
            |text| text.replace("authority.pem", "other.pem"),
            &[],
        ),
        (
            "a public authority",
            |text| {
                text.lines()
                    .filter(|line| !line.starts_with("authorities"))
                    .map(|line| format!("{line}\n"))
                    .collect()
            },
            &[],
        ),
        ("another password", |text| text.replace("himitsu-no", "chigau"), &[]),
        ("no TLS", |text| text, &["--without-tls"]),
    ];
    for (what, change, more) in changes {
        let mut mail_server = MailServer::away();
        mail_server.comes(more);
        let settings = MailSettings::read(&mail_server.file(change)).unwrap();
        let exchange = started(settings).await;
        let helper = exchange.office(HELPER, "11").await;
        let address = ADDRESS.parse().unwrap();
        assert!(
            exchange
                .admin
                .set_mail_address(helper.made.number, address)
                .await
                .unwrap()
        );
        for minutes in [0, 2, 4] {
            pass(&exchange, minutes).await;
        }
        assert_eq!((queued(&exchange).await, mail_server.taken().len()), (1, 0), "{what}");
    }
}

/// The mail server has it, the exchange never hears so, and dies.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_while_it_sends_sends_no_second_mail_that_day() {
    let mut mail_server = MailServer::start();
    let exchange = started(mail_server.settings()).await;
    let (planner, here, _) = exchange.desk(PLANNER, "43").await;
    let (helper, ..) = exchange.desk(HELPER, "11").await;
    confirm(&exchange, &helper, &mail_server, 1).await;
    send(&planner, &here, &helper).await;
    pass(&exchange, 0).await;
    let clock = exchange.clock.clone();
    let (_, settings, _folder) = exchange.leave().await;
    let database = format!("sqlite://{}", settings.data.join("exchange.db").display());
    let mut beside = SqliteConnection::connect(&database).await.unwrap();
    // It has waited for long, and nobody was there, by the machine's clock as well.
    let aged = "UPDATE office_mail SET waits_since = 1; UPDATE terminal SET signed_in_at = 1";
    sqlx::raw_sql(aged).execute(&mut beside).await.unwrap();
    let address = |to: &'static str| sqlx::query("UPDATE office_mail SET address = ?").bind(to);
    address("held@jimusho.example.jp").execute(&mut beside).await.unwrap();
    let mail = mail_server.file(|text| text);
    let words = ["--mail", mail.to_str().unwrap(), "--disk-free-floor-mb", "0"];
    let process = Process::start_as(program(), &settings, &words, Stdio::null());
    mail_server.takes(2).await;
    process.kill();
    address(ADDRESS).execute(&mut beside).await.unwrap();
    mail_server.goes();
    mail_server.comes(&[]);
    // The process had the machine's time: the day goes on from there, and then the next one comes.
    clock.advance(Utc::now() - clock.now());
    let running = Server::start(settings.clone()).await.unwrap();
    for what in ["at once", "when its hand is given up"] {
        running.sweep().await.unwrap();
        running.send_mails().await.unwrap();
        assert_eq!(mail_server.taken().len(), 2, "{what}");
        let given_up = sqlx::query("UPDATE mail SET taken_at = 1 WHERE taken_at IS NOT NULL");
        given_up.execute(&mut beside).await.unwrap();
    }
    assert_eq!(running.mails_queued().await.unwrap(), 0);
    clock.advance(TimeDelta::hours(24));
    running.sweep().await.unwrap();
    running.send_mails().await.unwrap();
    mail_server.takes(3).await;
    beside.close().await.unwrap();
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_addresses_nor_codes_nor_passwords_stand_in_the_log() {
    let mail_server = MailServer::start();
    let exchange = Exchange::start_embedded().await;
    let helper = exchange.office(HELPER, "11").await;
    let planner = exchange.office(PLANNER, "43").await;
    for (office, address) in [(&helper, ADDRESS), (&planner, "refused@jimusho.example.jp")] {
        let set = exchange
            .admin
            .set_mail_address(office.made.number, address.parse().unwrap());
        assert!(set.await.unwrap());
    }
    let (_, settings, folder) = exchange.leave().await;
    let (path, mail) = (folder.path().join("server.log"), mail_server.file(|text| text));
    let mut server = program();
    server.env("CAREPLAN_LOG", "trace");
    let words = ["--mail", mail.to_str().unwrap(), "--disk-free-floor-mb", "0"];
    let process = Process::start_as(server, &settings, &words, Stdio::from(File::create(&path).unwrap()));
    let code = mail_server.takes(1).await.code();
    loop {
        let log = std::fs::read_to_string(&path).unwrap();
        if log.contains("the mail server refused a mail to an office") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    process.kill();
    let log = std::fs::read_to_string(&path).unwrap();
    for unsaid in ["jimusho", "uketsuke", "refused@", &code, "himitsu", "takes no mail"] {
        let found = log.lines().find(|line| line.contains(unsaid));
        assert_eq!(found, None, "{unsaid} stands in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_names_its_own_address_alone_and_shows_that_it_is_its_own() {
    let mail_server = MailServer::start();
    let exchange = started(mail_server.settings()).await;
    let (helper, planner) = (
        exchange.office(HELPER, "11").await,
        exchange.office(PLANNER, "43").await,
    );
    let mut browser = Browser::signed_in(&exchange, &helper).await;
    let empty = browser.get("/portal/mail").await;
    assert!(empty.body.contains("お知らせを受け取る"), "{}", empty.body);
    for address in [
        "",
        "uketsuke",
        "a@b@example.jp",
        "a@example.jp\r\nBcc: b@example.jp",
        "受付@example.jp",
    ] {
        let shown = browser.post("/portal/mail/set", &[("address", address)]).await;
        assert_eq!(
            (shown.status, shown.problem()),
            (400, Some("field_unfit")),
            "{address:?}"
        );
    }
    let shown = browser.post("/portal/mail/confirm", &[("code", "00000000")]).await;
    assert_eq!((shown.status, shown.problem()), (400, Some("mail_code_refused")));
    browser.post("/portal/mail/set", &[("address", ADDRESS)]).await;
    let first = mail_server.takes(1).await.code();
    // The other office's page knows nothing of it, and its tries count for itself.
    let mut other = Browser::signed_in(&exchange, &planner).await;
    assert!(!other.get("/portal/mail").await.body.contains(ADDRESS));
    let shown = other.post("/portal/mail/confirm", &[("code", &first)]).await;
    assert_eq!(shown.problem(), Some("mail_code_refused"));
    // A newer code takes the older one's place.
    browser.post("/portal/mail/set", &[("address", ADDRESS)]).await;
    let second = mail_server.takes(2).await.code();
    assert_ne!(first, second);
    let shown = browser.post("/portal/mail/confirm", &[("code", &first)]).await;
    assert_eq!(shown.problem(), Some("mail_code_refused"));
    let wide: String = second
        .chars()
        .map(|digit| char::from_u32(digit as u32 + 0xfee0).unwrap())
        .collect();
    let shown = browser.post("/portal/mail/confirm", &[("code", &wide)]).await;
    assert_eq!(shown.to(), "/portal/mail?done=confirmed");
    let listed = exchange.admin.show_office(helper.made.number).await.unwrap();
    assert!(listed.mail.unwrap().confirmed_at.is_some());
    browser.get("/portal/mail").await;
    assert_eq!(
        browser.post("/portal/mail/remove", &[]).await.to(),
        "/portal/mail?done=removed"
    );
    assert!(
        exchange
            .admin
            .show_office(helper.made.number)
            .await
            .unwrap()
            .mail
            .is_none()
    );
    for _ in 2..limits::MAIL_CODES_A_DAY_MAX {
        browser.post("/portal/mail/set", &[("address", ADDRESS)]).await;
    }
    let shown = browser.post("/portal/mail/set", &[("address", ADDRESS)]).await;
    assert_eq!((shown.status, shown.problem()), (429, Some("mail_codes_too_many")));
    // What was done is in the office's audit.
    exchange.running.seal_audit().await.unwrap();
    let audit = browser.get("/portal/audit/export").await;
    for word in ["set_mail_address", "confirm_mail_address", "remove_mail_address"] {
        assert!(audit.body.contains(word), "{word}");
    }
    assert!(!audit.body.contains("jimusho"));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_operator_set_no_mail_server_no_mail_is_offered() {
    let exchange = Exchange::start_embedded().await;
    let helper = exchange.office(HELPER, "11").await;
    let mut browser = Browser::signed_in(&exchange, &helper).await;
    let home = browser.get("/portal/home").await;
    assert!(!home.body.contains("/portal/mail"), "{}", home.body);
    let shown = browser.get("/portal/mail").await;
    assert_eq!((shown.status, shown.problem()), (404, Some("mail_not_offered")));
    let shown = browser.post("/portal/mail/set", &[("address", ADDRESS)]).await;
    assert_eq!((shown.status, shown.problem()), (404, Some("mail_not_offered")));
    assert!(
        exchange
            .admin
            .show_office(helper.made.number)
            .await
            .unwrap()
            .mail
            .is_none()
    );
}
