//! A short run of the whole against the real server: it ends well, and one loss makes it end badly. Where the process
//! table is read of, on Linux.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bare;
mod crowd;
mod exchange;
mod nodes;
mod overload;
mod soak;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use fault_row::Form;
use serde_json::Value;

/// As few offices, for as short a time, as say anything.
const SMALL: &[&str] = &["--offices", "40", "--seconds", "1"];

/// The server's program, which lies beside this crate's own.
fn server() -> PathBuf {
    let own = Path::new(env!("CARGO_BIN_EXE_exchange-load"));
    let server = own
        .with_file_name("exchange-server")
        .with_extension(std::env::consts::EXE_EXTENSION);
    assert!(server.is_file(), "{} is built with the workspace", server.display());
    server
}

/// Times are judged in the long form, of programs that are built for release; elsewhere they are only said.
fn timings_are_judged(form: Form) -> bool {
    form == Form::Long && !cfg!(debug_assertions)
}

fn run(folder: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_exchange-load"))
        .arg("--server")
        .arg(server())
        .arg("--scratch")
        .arg(folder)
        .args(more)
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn everything_that_is_sent_arrives_once_and_the_figures_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("figures.json");
    let more = ["--rate", "20,max", "--json", json.to_str().unwrap()];
    let output = run(folder.path(), &[SMALL, &more].concat());
    let said = told(&output);
    assert!(output.status.success(), "{said}");
    let figures: Vec<Value> = std::fs::read_to_string(&json)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let value = |name: &str| {
        let figure = figures.iter().find(|figure| figure["bench"] == name);
        figure.unwrap_or_else(|| panic!("no {name}\n{said}"))["value"]
            .as_f64()
            .unwrap()
    };
    for name in ["lost", "doubled", "changed", "astray", "open", "unanswered"] {
        assert!(value(&format!("load_{name}")) < 0.5, "{name}\n{said}");
    }
    assert!(value("load_20_sent") > 10.0, "{said}");
    for act in ["send", "bulk", "list", "claim", "fetch", "confirm", "through"] {
        assert!(value(&format!("load_20_{act}_p99")) > 0.0, "{said}");
    }
    assert!(value("load_max_send_p50") > 0.0, "{said}");
    assert!(
        value("load_20_node1_cpu_unit") > 0.0 && value("load_20_node1_commits_unit") > 0.5,
        "{said}"
    );
    let own = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(own, 1, "the data are deleted: {said}");
}

#[test]
fn one_delivery_that_is_lost_makes_it_a_failed_run() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &[SMALL, &["--rate", "20", "--forget", "7"]].concat());
    let said = told(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("lost 1, doubled 0, changed 0, astray 0"), "{said}");
}
