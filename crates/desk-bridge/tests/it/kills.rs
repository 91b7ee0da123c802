//! The real `desk-bridge` dies before and after each durable step of a draft, of a move and of an update, at every point that there
//! is (ADR 0048), and is started again: a draft that was said to be saved is there without its originals.
#![cfg(unix)]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use fault_row::{Breaches, Row};
use kill_point::{KILL_AT, Point};
use minisign::KeyPair;
use serde_json::{Value, json};
use test_support::{ExampleAccounts, ExampleExchange};

const TARGET: &str = "linux-x86_64-deb";

/// A bridge in a process of its own.
struct Running {
    child: Child,
    address: String,
    token: String,
}

impl Running {
    fn start(profile: &Path, ui: &Path, kill_at: Option<Point>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_desk-bridge"));
        command.arg("--profile").arg(profile).arg("--ui").arg(ui);
        if let Some(point) = kill_at {
            command.env(KILL_AT, point.name());
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        // Behind the address stands the token, for browsers.
        let address = said["url"].as_str().unwrap().split('/').nth(2).unwrap();
        Self {
            child,
            address: address.to_owned(),
            token: said["token"].as_str().unwrap().to_owned(),
        }
    }

    /// Asks as the page asks; nothing if the process died meanwhile.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Option<Value> {
        let (address, token, body) = (&self.address, &self.token, body.to_string());
        let mut line = TcpStream::connect(address).ok()?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        line.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        line.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        assert!(head.starts_with("HTTP/1.1 20"), "{path}: {answer}");
        Some(serde_json::from_str(body).unwrap_or(Value::Null))
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", path, body).unwrap()
    }

    /// Asks for something that must make the process die at this point.
    fn dies(mut self, point: Point, path: &str, body: &Value) {
        let answer = self.ask("POST", path, body);
        assert!(answer.is_none(), "{point:?} was not reached: {answer:?}");
        let ended = self.child.wait().unwrap();
        assert!(ended.signal().is_some(), "{point:?}: {ended:?}");
    }

    fn set_up(&self, exchange: &ExampleExchange, at: &ExampleAccounts) {
        self.post(
            "/script/choose-connection-file",
            &json!({ "path": exchange.connection_file() }),
        );
        self.post("/ipc/choose_connection_file", &Value::Null);
        let enrol = json!({
            "office_id": at.accounts.office,
            "issue_password": at.office.issue_password,
            "terminal_name": "page",
        });
        self.post("/ipc/enrol", &enrol);
        self.sign_in(at);
    }

    fn sign_in(&self, at: &ExampleAccounts) {
        let person = json!({
            "person_id": at.accounts.person,
            "password": at.office.person_password,
            "remember": false,
        });
        self.post("/ipc/sign_in_person", &person);
        let office = json!({
            "office_id": at.accounts.office,
            "password": at.office.office_password,
            "remember": false,
        });
        self.post("/ipc/sign_in_office", &office);
    }

    /// Drops files on 新規作成; gives what the composition is opened with.
    fn dropped(&self, files: &[PathBuf]) -> Value {
        let dropped = self.post("/script/drop", &json!({ "paths": files }));
        json!({ "mode": "compose", "drop": dropped["id"] })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn page(exchange: &ExampleExchange) -> PathBuf {
    let ui = exchange.folder("ui").unwrap();
    fs::write(ui.join("index.html"), "<!doctype html><title>page</title>").unwrap();
    ui
}

/// Copies of a fixture's files, which may be deleted.
fn files(exchange: &ExampleExchange, name: &str) -> Vec<PathBuf> {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/units/good/home_schedule");
    let folder = exchange.folder(name).unwrap();
    let copy = |entry: std::io::Result<fs::DirEntry>| {
        let from = entry.unwrap().path();
        let to = folder.join(from.file_name().unwrap());
        fs::copy(&from, &to).unwrap();
        to
    };
    fs::read_dir(fixture).unwrap().map(copy).collect()
}

/// Opens a draft whose originals are gone, and finds all of it.
fn is_whole(bridge: &Running, draft: &Value, note: &str, count: usize) {
    let view = bridge.post("/ipc/open_draft", draft);
    let delivery = &view["deliveries"][0];
    assert_eq!(delivery["note"], note, "{view}");
    assert_eq!(delivery["files"].as_array().unwrap().len(), count, "{view}");
    assert_eq!(view["can_send"], true, "{view}");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_01_a_client_that_dies_while_saving_a_draft_keeps_what_it_said_is_saved() {
    let row = Row::open(1, "the client dies at every named point of a draft");
    let exchange = ExampleExchange::start().await.unwrap();
    let (profile, ui) = (exchange.folder("page").unwrap(), page(&exchange));
    let at = &exchange.manager;
    let bridge = Running::start(&profile, &ui, None);
    bridge.set_up(&exchange, at);
    // A draft of before, whose originals are gone.
    let originals = files(&exchange, "before");
    let count = originals.len();
    let view = bridge.post("/ipc/open_composition", &bridge.dropped(&originals));
    let before = view["id"].clone();
    let note = json!({ "composition": before, "delivery": null, "note": "前の下書き" });
    bridge.post("/ipc/edit_note", &note);
    bridge.post("/ipc/save_draft", &before);
    originals.iter().for_each(|file| fs::remove_file(file).unwrap());
    drop(bridge);

    let points: Vec<Point> = Point::PAGE
        .iter()
        .copied()
        .filter(|point| !is_of_an_update(*point) && !is_of_a_move(*point))
        .collect();
    for point in &points {
        let originals = files(&exchange, point.name());
        let bridge = Running::start(&profile, &ui, Some(*point));
        bridge.sign_in(at);
        let start = bridge.dropped(&originals);
        let saving = if *point == Point::DropCopied {
            bridge.dies(*point, "/ipc/open_composition", &start);
            None
        } else {
            let view = bridge.post("/ipc/open_composition", &start);
            let note = json!({ "composition": view["id"], "delivery": null, "note": point.name() });
            bridge.post("/ipc/edit_note", &note);
            bridge.dies(*point, "/ipc/save_draft", &view["id"]);
            Some(view["id"].clone())
        };
        originals.iter().for_each(|file| fs::remove_file(file).unwrap());
        let bridge = Running::start(&profile, &ui, None);
        bridge.sign_in(at);
        let drafts = bridge.post("/ipc/drafts", &Value::Null);
        let saved: Vec<&Value> = drafts.as_array().unwrap().iter().map(|draft| &draft["id"]).collect();
        let said = matches!(point, Point::DraftStored);
        assert_eq!(saved.len(), 1 + usize::from(said), "{point:?}: {drafts}");
        assert!(saved.contains(&&before), "{point:?}: {drafts}");
        is_whole(&bridge, &before, "前の下書き", count);
        let left = bridge.post("/ipc/unfinished", &Value::Null);
        let left: Vec<&Value> = left.as_array().unwrap().iter().map(|row| &row["id"]).collect();
        if let Some(id) = saving {
            if !said {
                // Not said to be saved, and all the same it is there: as work that was interrupted.
                assert!(left.contains(&&id), "{point:?}: {left:?}");
                bridge.post("/ipc/composition", &id);
                bridge.post("/ipc/save_draft", &id);
            }
            is_whole(&bridge, &id, point.name(), count);
            bridge.post("/ipc/discard_composition", &id);
            bridge.post("/ipc/delete_drafts", &json!([id]));
        } else {
            assert!(left.is_empty(), "{point:?}: {left:?}");
        }
    }
    row.close(points.len() as u64, Breaches::default());
}

fn is_of_a_move(point: Point) -> bool {
    matches!(
        point,
        Point::MoveWritten | Point::MoveCopied | Point::MoveUncommitted | Point::MoveCommitted
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn row_01_a_client_that_dies_while_it_moves_has_all_of_it_or_nothing() {
    let row = Row::open(1, "the client dies at every named point of a move to another PC");
    let exchange = ExampleExchange::start().await.unwrap();
    let ui = page(&exchange);
    let at = &exchange.manager;
    let old = exchange.folder("old").unwrap();
    let bridge = Running::start(&old, &ui, None);
    bridge.set_up(&exchange, at);
    let originals = files(&exchange, "before");
    let count = originals.len();
    let view = bridge.post("/ipc/open_composition", &bridge.dropped(&originals));
    let draft = view["id"].clone();
    let note = json!({ "composition": draft, "delivery": null, "note": "引っ越す下書き" });
    bridge.post("/ipc/edit_note", &note);
    bridge.post("/ipc/save_draft", &draft);
    drop(bridge);
    let file = exchange.folder("stick").unwrap().join("moved.careplan-move");
    let passphrase = "hikkoshi no kotoba";
    let points: Vec<Point> = Point::PAGE
        .iter()
        .copied()
        .filter(|point| is_of_a_move(*point))
        .collect();
    for point in &points {
        let save = json!({ "path": file });
        if *point == Point::MoveWritten {
            let bridge = Running::start(&old, &ui, Some(*point));
            bridge.sign_in(at);
            bridge.post("/script/save-file", &save);
            bridge.dies(*point, "/ipc/move_out", &json!({ "passphrase": passphrase }));
            assert!(!file.exists(), "a file that was not finished has its name");
            let bridge = Running::start(&old, &ui, None);
            bridge.sign_in(at);
            is_whole(&bridge, &draft, "引っ越す下書き", count);
            bridge.post("/script/save-file", &save);
            bridge.post("/ipc/move_out", &json!({ "passphrase": passphrase }));
            assert!(file.exists());
            continue;
        }
        let new = exchange.folder(point.name()).unwrap();
        let chosen = |bridge: &Running| {
            bridge.post("/script/choose-move-file", &json!({ "path": file }));
            let chosen = bridge.post("/ipc/choose_move_file", &Value::Null);
            json!({ "file": chosen["id"], "passphrase": passphrase })
        };
        let bridge = Running::start(&new, &ui, Some(*point));
        let start = chosen(&bridge);
        bridge.dies(*point, "/ipc/move_in", &start);
        let bridge = Running::start(&new, &ui, None);
        let stage = bridge.post("/ipc/start", &Value::Null)["stage"].clone();
        let copies = fs::read_dir(new.join("spool")).unwrap().count();
        if *point == Point::MoveCommitted {
            assert_eq!(stage["moved"]["drafts"], 1, "{stage}");
            assert_eq!(copies, count, "{point:?}");
        } else {
            assert!(
                stage["moved"].is_null() && stage["connection"].is_null(),
                "{point:?}: {stage}"
            );
            assert_eq!(copies, 0, "{point:?}: what nothing names was swept");
            let start = chosen(&bridge);
            bridge.post("/ipc/move_in", &start);
        }
        let enrol = json!({
            "office_id": at.accounts.office,
            "issue_password": exchange.issue_password(at.office).await.unwrap(),
            "terminal_name": point.name(),
        });
        bridge.post("/ipc/enrol", &enrol);
        bridge.sign_in(at);
        is_whole(&bridge, &draft, "引っ越す下書き", count);
    }
    row.close(points.len() as u64, Breaches::default());
}

fn is_of_an_update(point: Point) -> bool {
    matches!(point, Point::UpdateFetched | Point::UpdateNamed)
}

#[tokio::test(flavor = "multi_thread")]
async fn row_01_a_client_that_dies_while_it_updates_hands_over_nothing_unchecked() {
    let row = Row::open(1, "the client dies at every named point of an update");
    let exchange = ExampleExchange::start().await.unwrap();
    let (profile, ui) = (exchange.folder("page").unwrap(), page(&exchange));
    let folder = exchange.folder("updates-here").unwrap();
    let publisher = KeyPair::generate_unencrypted_keypair().unwrap();
    let installer = b"an installer".repeat(10_000);
    let comment = format!("careplan-exchange 1.1.0 {TARGET}");
    let read = std::io::Cursor::new(&installer);
    let signature = minisign::sign(Some(&publisher.pk), &publisher.sk, read, Some(&comment), None).unwrap();
    exchange
        .publish_update(TARGET, "1.1.0", &installer, &signature.into_string())
        .unwrap();
    let channel = json!({
        "target": TARGET,
        "version": "1.0.0",
        "publisher_key": publisher.pk.to_base64(),
        "folder": folder,
    });
    let first = Running::start(&profile, &ui, None);
    first.set_up(&exchange, &exchange.manager);
    drop(first);
    let points: Vec<Point> = Point::PAGE
        .iter()
        .copied()
        .filter(|point| is_of_an_update(*point))
        .collect();
    for point in &points {
        let bridge = Running::start(&profile, &ui, Some(*point));
        bridge.sign_in(&exchange.manager);
        bridge.post("/script/updates", &channel);
        bridge.dies(*point, "/ipc/install_update", &Value::Null);
        let bridge = Running::start(&profile, &ui, None);
        bridge.sign_in(&exchange.manager);
        bridge.post("/script/updates", &channel);
        let handed = |bridge: &Running| {
            let record = bridge.ask("GET", "/script/surface", &Value::Null).unwrap();
            record["installed"].as_array().unwrap().clone()
        };
        assert!(handed(&bridge).is_empty(), "{point:?}");
        bridge.post("/ipc/install_update", &Value::Null);
        let handed = handed(&bridge);
        assert_eq!(handed.len(), 1, "{point:?}");
        assert_eq!(fs::read(handed[0].as_str().unwrap()).unwrap(), installer, "{point:?}");
        assert_eq!(
            fs::read_dir(&folder).unwrap().count(),
            1,
            "{point:?}: nothing unfinished is left"
        );
    }
    row.close(points.len() as u64, Breaches::default());
}
