//! The real `careplan` against the real server: what scripts rely on.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod bad_lines;
mod fix;
mod format;
mod kills;
mod reading;
mod record;
mod verify;
mod watch;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use test_support::{ExampleAccounts, ExampleExchange};

const LEFT_OUT: &[&str] = &[
    "CAREPLAN_PROFILE",
    "CAREPLAN_PASSWORD",
    "CAREPLAN_PERSON_PASSWORD",
    "CAREPLAN_OFFICE_PASSWORD",
    "CAREPLAN_ISSUE_PASSWORD",
];

/// One terminal that is used by the command line only.
struct Terminal {
    profile: PathBuf,
}

impl Terminal {
    fn run(&self, words: &[&str], secrets: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_careplan"));
        for name in LEFT_OUT {
            command.env_remove(name);
        }
        command
            .args(["--key-file", "--profile"])
            .arg(&self.profile)
            .args(words)
            .envs(secrets.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs with `--json`, expects the exit code, and gives the one object of standard output.
    fn json(&self, words: &[&str], code: i32) -> Value {
        let words: Vec<&str> = ["--json"].iter().chain(words).copied().collect();
        let output = self.run(&words, &[]);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", errors(&output));
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    /// 初期設定 and ログイン of an example office.
    fn open(exchange: &ExampleExchange, at: &ExampleAccounts) -> Self {
        let terminal = Self {
            profile: exchange.profile(at, "cli"),
        };
        let connection = exchange.connection_file();
        let (office_id, person_id) = (at.accounts.office.to_string(), at.accounts.person.to_string());
        let set_up = terminal.run(
            &[
                "setup",
                "--connection",
                connection.to_str().unwrap(),
                "--office-id",
                &office_id,
                "--terminal",
                "cli",
            ],
            &[("CAREPLAN_ISSUE_PASSWORD", at.office.issue_password)],
        );
        assert_eq!(set_up.status.code(), Some(0), "{}", errors(&set_up));
        let login = terminal.run(
            &["login", "--person-id", &person_id, "--office-id", &office_id],
            &[
                ("CAREPLAN_PASSWORD", at.office.person_password),
                ("CAREPLAN_OFFICE_PASSWORD", at.office.office_password),
            ],
        );
        assert_eq!(login.status.code(), Some(0), "{}", errors(&login));
        terminal
    }
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A fixture's folder.
fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/units")
        .join(name);
    assert!(folder.is_dir(), "{}", folder.display());
    folder.to_str().unwrap().to_owned()
}

/// The names and bytes of a folder's files.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                fs::read(path).unwrap(),
            )
        })
        .collect();
    all.sort();
    all
}

/// A terminal that was never set up: all that `check` and `plan` need.
fn nowhere(folder: &Path) -> Terminal {
    Terminal {
        profile: folder.join("never-made"),
    }
}

#[test]
fn check_needs_nothing_but_files() {
    let folder = tempfile::tempdir().unwrap();
    let terminal = nowhere(folder.path());
    assert_eq!(
        terminal.json(&["check", &fixture("good/home_schedule")], 0),
        Value::Null
    );

    let found = terminal.json(&["check", &fixture("faulty/mate_missing")], 1);
    assert_eq!(found["severity"], "blocks", "{found}");
    assert_eq!(found["code"], "mate_missing");
    let fields: Vec<&str> = found.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = [
        "severity", "code", "file", "row", "column", "field", "rule", "message", "remedy", "fix",
    ];
    expected.sort_unstable();
    assert_eq!(fields, expected);
    assert!(!found["message"].as_str().unwrap().is_empty());

    assert_eq!(terminal.json(&["check", "/no/such/path"], 2), Value::Null);
    assert!(!terminal.profile.exists(), "a check makes no profile");
}

#[test]
fn check_gives_the_name_that_a_file_should_have() {
    let folder = tempfile::tempdir().unwrap();
    let output = nowhere(folder.path()).run(&["--json", "check", &fixture("faulty/name_hyphens")], &[]);
    assert_eq!(output.status.code(), Some(1));
    let named = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["code"] == "name")
        .expect("the name is found fault with");
    let (file, fix) = (named["file"].as_str().unwrap(), named["fix"].as_str().unwrap());
    assert_eq!(file.replace('-', "_"), fix);
}

#[test]
fn plan_shows_what_would_be_sent() {
    let folder = tempfile::tempdir().unwrap();
    let plan = nowhere(folder.path()).json(&["plan", &fixture("good/home_schedule")], 0);
    assert_eq!(plan["type"], "delivery", "{plan}");
    assert_eq!(plan["to"], "9970101003_11");
    assert_eq!(plan["blocked"], false);
    assert_eq!(plan["files"].as_array().unwrap().len(), 3);
}

#[test]
fn wrong_usage_ends_with_two() {
    let folder = tempfile::tempdir().unwrap();
    let terminal = nowhere(folder.path());
    for words in [&["no-such-command"][..], &["send"], &["login", "--password", "x"]] {
        assert_eq!(terminal.run(words, &[]).status.code(), Some(2), "{words:?}");
    }
    // No password can be had from here: no terminal, no variable, no line of input.
    let login = terminal.run(&["setup", "--connection", "x", "--office-id", "KJ1"], &[]);
    assert_eq!(login.status.code(), Some(2), "{}", errors(&login));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_by_command_line() {
    let exchange = ExampleExchange::start().await.unwrap();
    let folder = exchange.folder("received").unwrap();
    let attachment = exchange.folder("attachments").unwrap().join("memo.txt");
    fs::write(&attachment, "見本の補足資料です。\r\n").unwrap();

    let manager = Terminal::open(&exchange, &exchange.manager);
    let unit = fixture("good/home_schedule");
    let sent = manager.json(
        &[
            "send",
            &unit,
            "--yes",
            "--message",
            "4月分です。",
            "--attach",
            attachment.to_str().unwrap(),
        ],
        0,
    );
    assert_eq!(
        (&sent["sent"], &sent["finished"]),
        (&Value::from(1), &Value::from(true))
    );
    let delivery = sent["deliveries"][0]["delivery"].as_str().unwrap();

    let service = Terminal::open(&exchange, &exchange.service);
    let inbox = service.json(&["inbox"], 0);
    assert_eq!(inbox["rows"][0]["delivery"], delivery, "{inbox}");
    assert_eq!(inbox["rows"][0]["status"]["status"], "waiting");
    assert_eq!(inbox["rows"][0]["note"], "4月分です。");

    let received = service.json(&["receive", "--into", folder.to_str().unwrap(), "--all"], 0);
    assert_eq!(received["received"], 1, "{received}");
    let landed = folder.join(received["deliveries"][0]["folder"].as_str().unwrap());
    let mut expected = contents(Path::new(&unit));
    expected.push(("memo.txt".to_owned(), fs::read(&attachment).unwrap()));
    expected.sort();
    assert_eq!(contents(&landed), expected);

    // Once: a second fetch is refused, and nothing more is written.
    let again = service.json(&["receive", "--into", folder.to_str().unwrap(), delivery], 1);
    let told = match again["deliveries"][0]["problem"]["code"].as_str() {
        Some(code) => code.to_owned(),
        None => {
            let words = ["--json", "receive", "--into", folder.to_str().unwrap(), delivery];
            errors(&service.run(&words, &[]))
        }
    };
    assert!(told.contains("already_received"), "{told}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    assert_eq!(
        service.json(&["receive", "--into", folder.to_str().unwrap()], 0)["received"],
        0
    );

    let outbox = manager.json(&["outbox"], 0);
    assert_eq!(outbox["rows"][0]["status"]["status"], "downloaded", "{outbox}");

    // Searched as in the window, and as a file for a spreadsheet.
    let found = |words: &[&str]| service.json(words, 0)["rows"].as_array().unwrap().len();
    assert_eq!(found(&["inbox", "--search", "見本 4月分"]), 1);
    assert_eq!(found(&["inbox", "--search", "見本 5月分"]), 0);
    assert_eq!(found(&["inbox", "--open"]), 0);
    let csv = exchange.folder("files").unwrap().join("受信.csv");
    let saved = service.json(&["inbox", "--csv", csv.to_str().unwrap()], 0);
    assert_eq!(
        (&saved["rows"], &saved["name"]),
        (&Value::from(1), &Value::from("受信.csv"))
    );
    let text = fs::read_to_string(&csv).unwrap();
    assert!(
        text.starts_with("\u{feff}\"受信日時\",") && text.contains("\"4月分です。\""),
        "{text}"
    );
    let away = csv.join("nowhere.csv");
    let refused = service.run(&["--json", "inbox", "--csv", away.to_str().unwrap()], &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors(&refused).contains("save_failed"), "{}", errors(&refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_fetched_is_taken_back_by_command_line() {
    let exchange = ExampleExchange::start().await.unwrap();
    let folder = exchange.folder("received").unwrap();
    let manager = Terminal::open(&exchange, &exchange.manager);
    let service = Terminal::open(&exchange, &exchange.service);
    let send = |seed: &str| {
        let sent = manager.json(&["send", &fixture("good/home_schedule"), "--yes", "--message", seed], 0);
        sent["deliveries"][0]["delivery"].as_str().unwrap().to_owned()
    };
    let early = send("誤り");
    let row = manager.json(&["recall", &early], 0);
    assert_eq!(
        (&row["delivery"], &row["status"]["status"]),
        (&Value::from(early.as_str()), &Value::from("recalled"))
    );
    // A second call gets the first answer.
    assert_eq!(manager.json(&["recall", &early], 0), row);
    assert_eq!(service.json(&["inbox"], 0)["rows"][0]["status"]["status"], "recalled");
    let words = ["--json", "receive", "--into", folder.to_str().unwrap(), &early];
    let refused = service.run(&words, &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors(&refused).contains("delivery_recalled"), "{}", errors(&refused));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);

    let late = send("取得済み");
    let received = service.json(&["receive", "--into", folder.to_str().unwrap()], 0);
    assert_eq!(received["received"], 1, "{received}");
    let too_late = manager.run(&["--json", "recall", &late], &[]);
    assert_eq!(too_late.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&too_late.stderr).unwrap();
    assert_eq!(told["code"], "recall_too_late", "{told}");
    assert!(told["params"]["received_at"].is_string(), "{told}");

    let unknown = manager.run(&["--json", "recall", "0199a1b2-0000-7000-8000-000000000000"], &[]);
    assert!(errors(&unknown).contains("delivery_unknown"), "{}", errors(&unknown));
    assert_eq!(manager.run(&["recall", "not-an-id"], &[]).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_says_why_and_sends_nothing() {
    let exchange = ExampleExchange::start().await.unwrap();
    let folder = exchange.folder("received").unwrap();
    let fresh = Terminal {
        profile: exchange.profile(&exchange.manager, "fresh"),
    };
    for words in [&["inbox"][..], &["send", &fixture("good/home_schedule")]] {
        let output = fresh.run(&[&["--json"], words].concat(), &[]);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            errors(&output).contains("\"code\":\"profile_empty\""),
            "{}",
            errors(&output)
        );
    }

    let manager = Terminal::open(&exchange, &exchange.manager);
    let blocked = manager.run(&["--json", "send", "--yes", &fixture("faulty/mate_missing")], &[]);
    assert_eq!(blocked.status.code(), Some(1));
    assert!(errors(&blocked).contains("composition_blocked"), "{}", errors(&blocked));

    let missing = folder.join("missing");
    let nowhere = manager.run(&["--json", "receive", "--into", missing.to_str().unwrap()], &[]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(errors(&nowhere).contains("folder_missing"), "{}", errors(&nowhere));

    let unreadable = manager.run(&["receive", "--into", folder.to_str().unwrap(), "not-an-id"], &[]);
    assert_eq!(unreadable.status.code(), Some(2), "{}", errors(&unreadable));

    assert_eq!(manager.run(&["logout"], &[]).status.code(), Some(0));
    let signed_out = manager.run(&["--json", "outbox"], &[]);
    assert!(
        errors(&signed_out).contains("sign_in_required"),
        "{}",
        errors(&signed_out)
    );

    // A wrong password, by standard input's absence from the environment, is refused with its code.
    let login = manager.run(
        &["--json", "login"],
        &[
            ("CAREPLAN_PERSON_PASSWORD", "a-wrong-password-2026"),
            ("CAREPLAN_OFFICE_PASSWORD", exchange.manager.office.office_password),
        ],
    );
    assert_eq!(login.status.code(), Some(1));
    assert!(errors(&login).contains("person_sign_in_refused"), "{}", errors(&login));
}
