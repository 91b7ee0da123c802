//! What operators read and do on the command line, with the program itself, and that the audit knows every act.

use std::{collections::BTreeSet, fs, path::Path, process::Output};

use care_model::ProblemCode;
use exchange_store::Act;
use serde_json::Value;

use crate::exchange::{Exchange, HELPER, PLANNER, refused, sign_in};

fn run(exchange: &Exchange, words: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_exchange-server"))
        .arg("admin")
        .arg("--data")
        .arg(&exchange.settings.data)
        .arg("--keys")
        .arg(&exchange.settings.keys)
        .arg("--json")
        .args(words)
        .output()
        .unwrap()
}

/// What an act printed, one JSON object a line.
#[track_caller]
fn said(exchange: &Exchange, words: &[&str]) -> Vec<Value> {
    let output = run(exchange, words);
    assert!(output.status.success(), "{words:?}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[track_caller]
fn refusal(exchange: &Exchange, words: &[&str]) -> String {
    let output = run(exchange, words);
    assert!(!output.status.success(), "{words:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn offices_are_listed_shown_and_changed() {
    let exchange = Exchange::start().await;
    exchange.office(PLANNER, "43").await;
    let (_, terminal, _) = exchange.desk(HELPER, "11").await;
    assert_eq!(said(&exchange, &["list-offices"]).len(), 2);
    let found = said(&exchange, &["list-offices", "--search", HELPER]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["number"], HELPER);

    let change = [
        "change-office",
        "--office",
        HELPER,
        "--kana",
        "レイジ",
        "--address",
        "見本市1-2",
        "--kind",
        "11",
    ];
    said(&exchange, &change);
    let shown = &said(&exchange, &["show-office", "--office", HELPER])[0];
    assert_eq!(
        (&shown["kana"], &shown["address"]),
        (&"レイジ".into(), &"見本市1-2".into())
    );
    assert_eq!(shown["people"].as_array().unwrap().len(), 1);
    assert_eq!(shown["terminals"][0]["id"], terminal.answer.terminal.to_string());
    assert!(shown["terminals"][0]["signed_in_at"].is_string(), "{shown}");
    assert!(shown["limits"]["waiting_deliveries_max"].is_u64(), "{shown}");
    said(&exchange, &["change-office", "--office", HELPER, "--kana", ""]);
    let shown = &said(&exchange, &["show-office", "--office", HELPER])[0];
    assert_eq!((&shown["kana"], &shown["address"]), (&Value::Null, &"見本市1-2".into()));

    let long = "あ".repeat(care_model::limits::OFFICE_TEXT_CHARS_MAX + 1);
    let why = refusal(&exchange, &["change-office", "--office", HELPER, "--name", &long]);
    assert!(why.contains(&messages::operator::name()), "{why}");
    let why = refusal(&exchange, &["show-office", "--office", "9970101029"]);
    assert!(why.contains("no such office"), "{why}");
    // Nothing of all this is a secret.
    let text = shown.to_string();
    assert!(!text.contains("no-kimatta") && !text.contains("no-hitori"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_passwords_news_and_versions_are_taken_back() {
    let exchange = Exchange::start().await;
    let (office, terminal, _) = exchange.desk(PLANNER, "43").await;
    let person = office.person.person_id.to_string();
    said(&exchange, &["stop-person", "--office", PLANNER, "--person", &person]);
    while sign_in(&terminal, &office).await.is_ok() {}
    assert_eq!(
        refused(sign_in(&terminal, &office).await.map(drop)),
        ProblemCode::PersonStopped
    );
    refusal(&exchange, &["stop-person", "--office", PLANNER, "--person", &person]);
    said(&exchange, &["resume-person", "--office", PLANNER, "--person", &person]);

    said(&exchange, &["issue-password", "--office", PLANNER]);
    let open = || said(&exchange, &["show-office", "--office", PLANNER])[0]["issue_passwords"].clone();
    assert_eq!(
        open().as_array().unwrap().len(),
        2,
        "the office's first one, and the new one before it"
    );
    let number = open()[0]["number"].to_string();
    let withdraw = ["withdraw-issue-password", "--office", PLANNER, "--number", &number];
    said(&exchange, &withdraw);
    let left: Vec<String> = open()
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["number"].to_string())
        .collect();
    assert!(left.len() == 1 && !left.contains(&number), "{left:?}");
    refusal(&exchange, &withdraw);
    said(&exchange, &["refuse-licence-wish", "--office", PLANNER]);

    said(&exchange, &["add-news", "--title", "点検", "--body", "今夜"]);
    let news = said(&exchange, &["list-news"]);
    assert_eq!((news.len(), &news[0]["title"]), (1, &"点検".into()));
    said(&exchange, &["remove-news", "--news", &news[0]["news"].to_string()]);
    assert_eq!(said(&exchange, &["list-news"]).len(), 0);

    let at = |name: &str| exchange.folder.path().join(name);
    let target = "windows-x86_64-msi";
    fs::write(at("installer"), "the bytes").unwrap();
    let comment = format!("trusted comment: careplan-exchange 1.2.3 {target}");
    fs::write(
        at("minisig"),
        format!("untrusted comment: none\nRUQ\n{comment}\nbase64\n"),
    )
    .unwrap();
    let (file, signature) = (at("installer"), at("minisig"));
    let publish = [
        "publish-update",
        "--target",
        target,
        "--version",
        "1.2.3",
        "--notes",
        "見やすく",
        "--file",
        file.to_str().unwrap(),
        "--signature",
        signature.to_str().unwrap(),
    ];
    said(&exchange, &publish);
    let folder = exchange.settings.data.join("updates").join(target);
    assert!(folder.join("1.2.3").is_file() && folder.join("offer.json").is_file());
    said(&exchange, &["withdraw-update", "--target", target]);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    let why = refusal(&exchange, &["withdraw-update", "--target", target]);
    assert!(why.contains("nothing is offered"), "{why}");

    let lines = said(&exchange, &["audit-search"]);
    let known: BTreeSet<&str> = lines.iter().filter_map(|line| line["record"]["act"].as_str()).collect();
    for act in [
        "stop_account",
        "resume_account",
        "withdraw_issue_password",
        "publish_update",
        "withdraw_update",
    ] {
        assert!(known.contains(act), "{act}: {known:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beginning_an_exchange_is_an_act() {
    let exchange = Exchange::start().await;
    let init = [
        "init",
        "--name",
        "見本交換",
        "--help-telephone",
        "0120",
        "--help-hours",
        "平日",
        "--help-form",
        "x",
    ];
    said(&exchange, &init);
    let lines = said(&exchange, &["audit-search", "--act", "change_settings"]);
    assert_eq!(lines.len(), 1, "{lines:?}");
}

/// A word that nothing writes would be a promise that nobody keeps.
#[test]
fn every_act_of_the_audit_is_written_by_something() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    read_into(&here.join("src"), &mut sources);
    read_into(&here.join("../exchange-store/src"), &mut sources);
    for act in Act::ALL {
        let written = sources.matches(&format!("Act::{act:?}")).count();
        assert!(written > 0, "nothing writes {act:?}");
    }
}

fn read_into(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            read_into(&path, text);
        // Where acts only get their names for people.
        } else if !path.ends_with("portal/operator/audit.rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}
