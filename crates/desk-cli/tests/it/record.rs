//! `careplan record` and `careplan verify` of what it wrote: the record for inspections (運営指導用の記録), whole, and
//! with every one of its lines changed, left out or moved.

use std::{fs, path::Path};

use chrono::{TimeDelta, Utc};
use serde_json::Value;
use test_support::ExampleExchange;

use crate::{Terminal, errors, fixture, nowhere};

/// The exchange runs by the machine's clock: yesterday to tomorrow holds what a test does, wherever midnight is.
fn days() -> (String, String) {
    let day = |days| (Utc::now() + TimeDelta::days(days)).format("%Y-%m-%d").to_string();
    (day(-1), day(1))
}

fn record(terminal: &Terminal, out: &Path, format: &str) -> Value {
    let (from, to) = days();
    let words = ["record", "--from", &from, "--to", &to, "--format", format];
    terminal.json(&[&words[..], &["--out", out.to_str().unwrap()]].concat(), 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_taken_out_and_every_change_of_a_line_is_told_with_that_line() {
    let exchange = ExampleExchange::start().await.unwrap();
    let (folder, into) = (exchange.folder("record").unwrap(), exchange.folder("received").unwrap());
    let connection = exchange.connection_file().to_str().unwrap().to_owned();
    let manager = Terminal::open(&exchange, &exchange.manager);
    let service = Terminal::open(&exchange, &exchange.service);
    let send = || {
        manager.json(
            &[
                "send",
                &fixture("good/home_schedule"),
                "--yes",
                "--message",
                "秘密の伝言",
            ],
            0,
        )
    };
    let sent = send();
    service.json(&["receive", "--into", into.to_str().unwrap()], 0);
    let second = send();
    let second = second["deliveries"][0]["delivery"].as_str().unwrap();
    manager.json(&["recall", second], 0);

    let out = folder.join("record.jsonl");
    let said = record(&manager, &out, "record");
    assert_eq!(said["file"], "record.jsonl", "{said}");
    let acts = said["acts"].as_u64().unwrap();
    assert!(acts >= 7, "{said}");

    // On another PC that was never set up, without a server, with the connection file alone.
    let stranger = nowhere(&folder);
    let verify = |file: &str, code: i32| {
        let file = folder.join(file);
        stranger.json(&["verify", file.to_str().unwrap(), "--connection", &connection], code)
    };
    let good = verify("record.jsonl", 0);
    assert_eq!(
        (&good["verified"], &good["records"]),
        (&Value::from(true), &Value::from(acts))
    );
    assert!(good["period"]["from"].is_string(), "{good}");
    let text = fs::read_to_string(&out).unwrap();
    let delivery = sent["deliveries"][0]["delivery"].as_str().unwrap();
    assert!(text.contains(delivery) && !text.contains("秘密の伝言"));
    assert_eq!(
        text.matches("{\"receipt\":").count(),
        4,
        "two sends, one fetch, one recall"
    );

    // Said in words too.
    let words = stranger.run(&["verify", out.to_str().unwrap(), "--connection", &connection], &[]);
    let words = String::from_utf8(words.stdout).unwrap();
    assert!(
        words.contains("運営指導用の記録は正しいもの") && words.contains("期間"),
        "{words}"
    );

    let lines: Vec<String> = text.lines().map(|line| format!("{line}\n")).collect();
    let mut cases: Vec<(usize, Vec<String>)> = Vec::new();
    for place in 0..lines.len() {
        let mut changed = lines.clone();
        let at = changed[place].rfind(|c: char| c.is_ascii_digit()).unwrap();
        let other = if changed[place].as_bytes()[at] == b'1' {
            "2"
        } else {
            "1"
        };
        changed[place].replace_range(at..=at, other);
        cases.push((place, changed));
        let mut dropped = lines.clone();
        dropped.remove(place);
        cases.push((place, dropped));
        if place + 1 < lines.len() {
            let mut moved = lines.clone();
            moved.swap(place, place + 1);
            cases.push((place, moved));
        }
    }
    for (place, lines) in cases {
        fs::write(folder.join("changed.jsonl"), lines.concat()).unwrap();
        let found = verify("changed.jsonl", 1);
        assert_eq!(found["line"], place as u64 + 1, "{found}");
    }
    // A record is compared with nothing, and says so.
    let compared = [
        "verify",
        out.to_str().unwrap(),
        "--connection",
        &connection,
        "--earlier",
        out.to_str().unwrap(),
    ];
    let compared = stranger.run(&compared, &[]);
    assert_eq!(compared.status.code(), Some(2), "{}", errors(&compared));
    assert!(errors(&compared).contains("--earlier"), "{}", errors(&compared));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_saved_for_people_too_and_a_bad_period_is_refused() {
    let exchange = ExampleExchange::start().await.unwrap();
    let folder = exchange.folder("record").unwrap();
    let manager = Terminal::open(&exchange, &exchange.manager);
    manager.json(&["send", &fixture("good/home_schedule"), "--yes"], 0);

    let (utf8, ms932, excel) = (folder.join("a.csv"), folder.join("b.csv"), folder.join("c.xlsx"));
    let said = record(&manager, &utf8, "csv");
    record(&manager, &ms932, "csv-ms932");
    record(&manager, &excel, "excel");
    let text = fs::read_to_string(&utf8).unwrap();
    assert!(
        text.starts_with("\u{feff}\"記録番号\",\"日時\",\"行ったこと\""),
        "{text}"
    );
    assert!(
        text.contains("\"送信\"") && text.contains("\"端末でのログイン\""),
        "{text}"
    );
    let rows = text.matches("\r\n").count() as u64;
    assert_eq!(rows, said["acts"].as_u64().unwrap() + 1, "{text}");
    let bytes = fs::read(&ms932).unwrap();
    let (decoded, _, malformed) = encoding_rs::SHIFT_JIS.decode(&bytes);
    assert!(!malformed);
    assert_eq!(decoded, text.trim_start_matches('\u{feff}'));
    let workbook = fs::read(&excel).unwrap();
    assert!(workbook.starts_with(b"PK\x03\x04") && workbook.len() > 4_000);

    let out = folder.join("none.jsonl");
    let out = out.to_str().unwrap();
    for (from, to) in [("2026-11-30", "2026-11-01"), ("2025-01-01", "2026-11-01")] {
        let refused = manager.run(&["--json", "record", "--from", from, "--to", to, "--out", out], &[]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            errors(&refused).contains("inspection_period_unfit"),
            "{}",
            errors(&refused)
        );
    }
    let no_day = manager.run(&["record", "--from", "11/1", "--to", "2026-11-30", "--out", out], &[]);
    assert_eq!(no_day.status.code(), Some(2));
    assert!(!Path::new(out).exists());
    // Nobody is signed in any more.
    manager.json(&["logout"], 0);
    let (from, to) = days();
    let refused = manager.run(&["--json", "record", "--from", &from, "--to", &to, "--out", out], &[]);
    assert!(errors(&refused).contains("sign_in_required"), "{}", errors(&refused));
    assert!(!Path::new(out).exists());
}
